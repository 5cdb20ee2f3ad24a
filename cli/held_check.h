/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What we hold against the live log (SPEC 13.4, `receipt check`). */
#ifndef SEM_CLI_HELD_CHECK_H
#define SEM_CLI_HELD_CHECK_H

#include "cli/held.h"

/*
 * Every head that we hold must be extended by the one that the server shows, every receipt's leaf
 * must stand at its index, and no refused text may stand in the log. `log_key` NULL: the one that
 * the key remembers, else the server's own. Prints the result; evidence of a fork is written to
 * `evidence`, or beside the key when that is NULL. CTL_OK, CTL_VERIFY for what does not hold, or
 * another exit code after a message.
 */
int held_check(struct ctl *ctl, const struct held_list *list, const char *log_key,
               const char *evidence) __attribute__((warn_unused_result));

#endif
