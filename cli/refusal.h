/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signed refusals as they come back from the server (SPEC 10.2): verified, kept in
 * `<key>.refusals/` and told. `semctl receipt check` and an audit read what is kept.
 */
#ifndef SEM_CLI_REFUSAL_H
#define SEM_CLI_REFUSAL_H

#include "cli/ctl.h"

/*
 * Looks at a problem that was shown, the answer to this note, and ended with exit code `rc`.
 * Without a signed refusal in it, or when all is well, that is also what comes back. A refusal that
 * does not verify, or that shows another log than the one we know, is CTL_VERIFY; one that cannot
 * be kept CTL_PARTIAL.
 */
int refusal_take(struct ctl *ctl, const json_t *problem, const char *note, size_t note_len, int rc)
    __attribute__((warn_unused_result));

/*
 * The part of it that needs no signature: a server that does not know the head which we verified,
 * and which the entry names, does not show the log we saw. CTL_VERIFY after a warning, else `rc`.
 */
int seen_check(const struct ctl *ctl, const json_t *problem, const struct entry *entry, int rc)
    __attribute__((warn_unused_result));

#endif
