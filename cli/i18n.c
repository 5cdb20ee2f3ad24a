/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/i18n.h"

#include <locale.h>

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
