/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Promises that were not kept (SPEC 6.15). */
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/things.h"

static int promise_excuse(struct ctl *ctl, struct args *a)
{
    return sign_ref(ctl, a, "promise.excuse", "agreement");
}

const struct verb promise_verbs[] = {
    {"excuse", "REF", 1, 1, NULL, promise_excuse,
     N_("say that what we did not receive under an agreement is all right")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
