/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who gave how much to whom, from arguments: --from, --to, --minutes, or --share FROM:TO:TIME
 * repeated.
 */
#ifndef SEM_CLI_SHARES_H
#define SEM_CLI_SHARES_H

#include "cli/ctl.h"
#include "cli/options.h"

#define SHARE_OPTS                                                                                 \
    {"from", "H", N_("who gives (else we); several: a,b,c"), false},                               \
        {"to", "H", N_("who receives (else we); several: a,b,c"), false},                          \
        {"minutes", "TIME", N_("how long, shared equally when there are several"), false},         \
    {                                                                                              \
        "share", "FROM:TO:TIME", N_("one share by itself, instead of the three above"), true       \
    }

/* Reads "from:to:time". Marks the arguments as bad when it is not that. */
void share_parse(struct args *a, const char *text, struct share *out);

/*
 * Reads the shares; `us` stands where --from or --to is not given. Several organisations on one
 * side get equal parts in whole minutes, the first ones the spare minutes (cli/split.h). Shares
 * stay empty when no option was given.
 */
void args_shares(struct args *a, const struct handle *us, struct shares *out);

/* Says how a time was shared, when several organisations share one. */
void shares_say(const struct ctl *ctl, const struct args *a, const struct shares *shares);

/* The "shares" of an object of the server. False when they are not there. */
bool shares_decode(const json_t *object, struct shares *out) __attribute__((warn_unused_result));

#endif
