/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The common pool: giving hours to it (SPEC 6.13). */
#include "cli/draft.h"
#include "cli/i18n.h"
#include "cli/nouns.h"

static int pool_give(struct ctl *ctl, struct args *a)
{
    struct draft d;
    int64_t minutes;

    args_minutes(a, "TIME", args_pos(a, 0), &minutes);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "pool.give");
    if (rc == CTL_OK) {
        draft_int(&d, "minutes", minutes);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

const struct verb pool_verbs[] = {
    {"give", "TIME", 1, 1, NULL, pool_give,
     N_("give hours that we gave beyond those we received")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
