/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Messages for people go through _(), so that catalogues of the domain "sem" can translate them.
 * English is the source. JSON and the bytes that are signed are never translated.
 */
#ifndef SEM_CLI_I18N_H
#define SEM_CLI_I18N_H

#include <libintl.h>

#define _(s) gettext(s)
/* Marks a text in a static table; whoever shows it calls _(). */
#define N_(s) s

/* Takes the language of the environment. Call once, before any message. */
void i18n_start(void);

/*
 * "fr", "nl" or "en": the language of the environment as the C library looks for it (LC_ALL, then
 * LC_MESSAGES, then LANG), whether or not this machine has the locale installed.
 */
const char *i18n_code(void);

#endif
