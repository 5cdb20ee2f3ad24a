/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The noun `details`: texts beside the log, read and erased (SPEC 6.5, 9). */
#include <stdio.h>

#include "cli/detail.h"
#include "cli/draft.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/session.h"

static void read_place(struct args *a, struct ref *ref, const char **slot)
{
    args_ref(a, "REF", args_pos(a, 0), ref);
    *slot = args_pos(a, 1);
    if (*slot == NULL) {
        *slot = "details";
    } else if (detail_field(*slot) == NULL) {
        args_fail(a, _("\"%s\" is no slot: details, people, reason or skills"), *slot);
    }
}

static int details_get(struct ctl *ctl, struct args *a)
{
    char text[REF_TEXT_SIZE];
    struct reply reply;
    const char *slot;
    struct ref ref;

    read_place(a, &ref, &slot);
    if (a->bad) {
        return CTL_USAGE;
    }
    ref_format(text, &ref);
    int rc = get(ctl, &reply, "/v1/details/%s/%s", text, slot);
    if (rc == CTL_OK && !detail_opens(ctl->origin, reply.json)) {
        rc = fail(CTL_VERIFY, _("the text does not fit its commitment"));
    } else if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        printf("%s\n", json_string_value(json_object_get(reply.json, "text")));
    }
    reply_free(&reply);
    return rc;
}

static int details_erase(struct ctl *ctl, struct args *a)
{
    const char *slot;
    struct draft d;
    struct ref ref;

    read_place(a, &ref, &slot);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "details.erase");
    if (rc == CTL_OK) {
        draft_ref(&d, "subject", &ref);
        draft_text(&d, "slot", slot);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

const struct verb details_verbs[] = {
    {"get", "REF [SLOT]", 1, 2, NULL, details_get, N_("a text, checked against its commitment")},
    {"erase", "REF [SLOT]", 1, 2, NULL, details_erase, N_("erase a text for ever; the log stays")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
