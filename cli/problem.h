/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Failures told to a person: what, what was expected and found, and the way out; and the exit code
 * that a script can act on (SPEC 11, 13.1).
 */
#ifndef SEM_CLI_PROBLEM_H
#define SEM_CLI_PROBLEM_H

#include "cli/client.h"
#include "cli/ctl.h"
#include "ledger/codes.h"

/* Shows a problem object on stderr (on stdout as it is with --json); returns the exit code. */
int problem_show(const struct ctl *ctl, const json_t *problem);
/* The same for a refusal found here, before anything was sent. */
int refusal_show(const struct ctl *ctl, const struct refusal *why);
/* The same for any reply that is not a success, an absent server included. */
int reply_fail(const struct ctl *ctl, const struct reply *reply);
/* The exit code of a failure word. */
int problem_exit(const char *code, long status);

#endif
