/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Hours given and received (SPEC 6.9). */
#include <stdlib.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "cli/shares.h"
#include "cli/things.h"

struct hours_args {
    struct shares shares;
    struct ref agreement, need;
    int32_t day;
};

static void read_args(struct ctl *ctl, struct args *a, struct hours_args *h)
{
    struct handle us = {""};

    if (ctl_handle(ctl, &us) != CTL_OK) {
        a->bad = true;
    }
    args_shares(a, &us, &h->shares);
    if (!a->bad && h->shares.n == 0) {
        args_fail(a, _("say who gave how much to whom: --from, --to and --minutes, or --share"));
    }
    args_ref(a, "--agreement", args_get(a, "agreement"), &h->agreement);
    args_ref(a, "--need", args_get(a, "need"), &h->need);
    args_day(a, "--day", args_get(a, "day"), &h->day);
    if (args_get(a, "day") == NULL) {
        h->day = (int32_t)(now_ms() / MS_PER_DAY);
    }
}

static int hours_record(struct ctl *ctl, struct args *a)
{
    const char *text = args_get(a, "text");
    struct hours_args h;
    struct draft d;

    read_args(ctl, a, &h);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "hours.record");
    if (rc == CTL_OK) {
        shares_say(ctl, a, &h.shares);
        draft_shares(&d, &h.shares);
        draft_day(&d, "day", h.day);
        draft_ref(&d, "agreement", &h.agreement);
        draft_ref(&d, "need", &h.need);
        draft_text(&d, "skill", args_get(a, "skill"));
        draft_text(&d, "done_by", args_get(a, "done-by"));
        if (args_flag(a, "gift")) {
            draft_flag(&d, "gift", true);
        }
        if (text != NULL) {
            draft_details(&d, "details", "hours", json_pack("{s:s}", "text", text));
        }
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

/* Without --share everything that the entry recorded is taken back. */
static int all_shares(struct ctl *ctl, const struct ref *ref, struct shares *out)
{
    char text[REF_TEXT_SIZE];
    struct reply reply;

    ref_format(text, ref);
    int rc = get(ctl, &reply, "/v1/entries/%s", text);
    if (rc == CTL_OK && !shares_decode(json_object_get(reply.json, "fields"), out)) {
        rc = fail(CTL_USAGE, _("%s records no hours"), text);
    }
    reply_free(&reply);
    return rc;
}

static int hours_reverse(struct ctl *ctl, struct args *a)
{
    struct shares shares = {0};
    struct draft d;
    struct ref ref;
    int rc = CTL_OK;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    args_shares(a, &(struct handle){""}, &shares);
    if (a->bad) {
        return CTL_USAGE;
    }
    if (shares.n == 0) {
        rc = all_shares(ctl, &ref, &shares);
    }
    if (rc != CTL_OK) {
        return rc;
    }
    rc = draft_start(&d, ctl, "hours.reverse");
    if (rc == CTL_OK) {
        draft_ref(&d, "hours", &ref);
        draft_shares(&d, &shares);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static const struct opt record_opts[] = {
    SHARE_OPTS,
    {"day", "DATE", N_("when the help was given (today)"), false},
    {"agreement", "REF", N_("the agreement it fulfils"), false},
    {"need", "REF", N_("or the need it serves"), false},
    {"gift", NULL, N_("the givers want no hours counted back"), false},
    {"skill", "S", N_("a word of the catalogue"), false},
    {"text", "X", N_("a note for the parties"), false},
    {"done-by", "WHO", N_("staff, volunteers or mixed"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt reverse_opts[] = {
    {"share", "FROM:TO:TIME", N_("what to take back (else all of it)"), true},
    {NULL, NULL, NULL, false},
};

const struct verb hours_verbs[] = {
    {"record", "", 0, 0, record_opts, hours_record, N_("record help; everybody in it signs")},
    {"reverse", "REF", 1, 1, reverse_opts, hours_reverse, N_("take recorded hours back")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
