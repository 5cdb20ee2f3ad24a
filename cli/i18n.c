/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/i18n.h"

#include <locale.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifndef LOCALE_DIR
#define LOCALE_DIR "/usr/local/share/locale"
#endif

void i18n_start(void)
{
    setlocale(LC_ALL, "");
    /* Numbers keep one spelling everywhere: the decimal comma is read in any language. */
    setlocale(LC_NUMERIC, "C");
    bindtextdomain("sem", LOCALE_DIR);
    bind_textdomain_codeset("sem", "UTF-8");
    textdomain("sem");
}

const char *i18n_code(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    static const char *const known[] = {"fr", "nl"};
    const char *locale = NULL;

    for (size_t i = 0; i < 3 && (locale == NULL || locale[0] == '\0'); i++) {
        locale = getenv(names[i]);
    }
    for (size_t i = 0; locale != NULL && i < 2; i++) {
        if (strncmp(locale, known[i], 2) == 0 && strchr("_.@", locale[2]) != NULL) {
            return known[i];
        }
    }
    return "en";
}
