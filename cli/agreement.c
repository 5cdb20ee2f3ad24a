/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Agreements: hours promised between organisations (SPEC 6.8). */
#include <stdlib.h>
#include <string.h>

#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "cli/shares.h"
#include "cli/things.h"

#define AGREEMENT_DAYS 180

struct agreement_args {
    struct shares shares;
    struct ref need, offer;
    struct handle cosigner;
    int64_t expires;
};

static void read_args(struct ctl *ctl, struct args *a, struct agreement_args *g)
{
    struct handle us = {""};

    if (ctl_handle(ctl, &us) != CTL_OK) {
        a->bad = true;
    }
    title_required(a);
    args_shares(a, &us, &g->shares);
    if (!a->bad && g->shares.n == 0) {
        args_fail(a, _("say who gives how much to whom: --from, --to and --minutes, or --share"));
    }
    args_ref(a, "--need", args_get(a, "need"), &g->need);
    args_ref(a, "--offer", args_get(a, "offer"), &g->offer);
    args_handle(a, "--cosigner", args_get(a, "cosigner"), &g->cosigner);
    g->expires = args_until(a, AGREEMENT_DAYS);
}

static int agreement_sign(struct ctl *ctl, struct args *a)
{
    const char *people = args_get(a, "people");
    struct agreement_args g;
    struct draft d;

    read_args(ctl, a, &g);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "agreement.sign");
    if (rc == CTL_OK) {
        shares_say(ctl, a, &g.shares);
        draft_shares(&d, &g.shares);
        draft_int(&d, "expires", g.expires);
        draft_ref(&d, "need", &g.need);
        draft_ref(&d, "offer", &g.offer);
        draft_handle(&d, "cosigner", &g.cosigner);
        draft_text(&d, "done_by", args_get(a, "done-by"));
        draft_details(&d, "details", "agreement", title_and_text(a));
        if (people != NULL) {
            draft_details(&d, "people", "people", json_pack("{s:s}", "text", people));
        }
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

/* What is not said anew stays: the shares, the end, and with --minutes alone the one pair. */
static int present_terms(struct ctl *ctl, struct args *a, const char *ref, struct shares *shares,
                         int64_t *expires)
{
    const char *minutes = args_get(a, "minutes");
    struct shares old;
    struct reply reply;

    int rc = get(ctl, &reply, "/v1/agreements/%s", ref);
    if (rc == CTL_OK && !shares_decode(reply.json, &old)) {
        rc = fail(CTL_NO_LEDGER, _("the server gave no shares"));
    }
    if (rc == CTL_OK && args_get(a, "share") == NULL) {
        *shares = old;
        if (minutes != NULL && old.n != 1) {
            args_fail(a, _("several shares: name each with --share"));
        }
        if (minutes != NULL) {
            args_minutes(a, "--minutes", minutes, &shares->v[0].minutes);
        }
    }
    if (rc == CTL_OK && args_get(a, "until") == NULL && args_get(a, "days") == NULL) {
        *expires = json_integer_value(json_object_get(reply.json, "expires_at"));
    }
    reply_free(&reply);
    return rc == CTL_OK && a->bad ? CTL_USAGE : rc;
}

static int agreement_change(struct ctl *ctl, struct args *a)
{
    char text[REF_TEXT_SIZE];
    struct shares shares = {0};
    struct draft d;
    struct ref ref;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    int64_t expires = args_until(a, AGREEMENT_DAYS);
    if (args_get(a, "share") != NULL && args_get(a, "minutes") == NULL) {
        args_shares(a, &(struct handle){""}, &shares);
    } else if (args_get(a, "share") != NULL) {
        args_fail(a, _("give --share or --minutes, not both"));
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    ref_format(text, &ref);
    int rc = present_terms(ctl, a, text, &shares, &expires);
    if (rc != CTL_OK) {
        return rc;
    }
    rc = draft_start(&d, ctl, "agreement.change");
    if (rc == CTL_OK) {
        draft_ref(&d, "agreement", &ref);
        draft_shares(&d, &shares);
        draft_int(&d, "expires", expires);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int agreement_close(struct ctl *ctl, struct args *a)
{
    return sign_ref(ctl, a, "agreement.close", "agreement");
}

static int agreement_cancel(struct ctl *ctl, struct args *a)
{
    return sign_ref(ctl, a, "agreement.cancel", "agreement");
}

static int agreement_list(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {
        {"ref", SHOW_WHOLE, N_("reference")},    {"state", SHOW_TEXT, N_("state")},
        {"minutes", SHOW_MINUTES, N_("agreed")}, {"recorded", SHOW_MINUTES, N_("done")},
        {"expires_at", SHOW_DAY, N_("until")},   {NULL, SHOW_TEXT, NULL}};
    struct query q;

    query_start(&q, "/v1/agreements");
    query_add(&q, "state", args_get(a, "state"));
    int rc = list_print(ctl, q.path, columns,
                        _("No agreements here. Sign one with `semctl agreement sign`."));
    free(q.path);
    return rc;
}

static int agreement_show(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"ref", SHOW_WHOLE, N_("reference")},
                                          {"text.title", SHOW_TEXT, N_("title")},
                                          {"text.text", SHOW_TEXT, N_("text")},
                                          {"state", SHOW_TEXT, N_("state")},
                                          {"shares", SHOW_SHARES, N_("who to whom")},
                                          {"minutes", SHOW_MINUTES, N_("agreed")},
                                          {"recorded", SHOW_MINUTES, N_("done")},
                                          {"need", SHOW_TEXT, N_("for the need")},
                                          {"offer", SHOW_TEXT, N_("from the offer")},
                                          {"signed_at", SHOW_MOMENT, N_("signed")},
                                          {"expires_at", SHOW_MOMENT, N_("until")},
                                          {"ended_at", SHOW_MOMENT, N_("ended")},
                                          {NULL, SHOW_TEXT, NULL}};

    return show_thing(ctl, a, "/v1/agreements", lines);
}

static const struct opt sign_opts[] = {
    SHARE_OPTS,
    {"title", "T", N_("a line that says what"), false},
    {"text", "X", N_("the terms"), false},
    {"people", "X", N_("names and contacts, which can be erased by themselves"), false},
    {"need", "REF", N_("the need it serves"), false},
    {"offer", "REF", N_("the offer it comes from"), false},
    {"cosigner", "H", N_("an organisation that stands beside the promise, and signs"), false},
    {"done-by", "WHO", N_("staff, volunteers or mixed"), false},
    {"until", "DATE", N_("until the end of this day"), false},
    {"days", "N", N_("or for so many days (180)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt change_opts[] = {
    {"minutes", "TIME", N_("the new time, when there is one share"), false},
    {"share", "FROM:TO:TIME", N_("every share as it shall be"), true},
    {"until", "DATE", N_("until the end of this day (else as before)"), false},
    {"days", "N", N_("or for so many days from now"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt list_opts[] = {
    {"state", "STATE", N_("live, closed, cancelled, expired or all"), false},
    {NULL, NULL, NULL, false},
};

const struct verb agreement_verbs[] = {
    {"list", "", 0, 0, list_opts, agreement_list, N_("our agreements")},
    {"show", "REF", 1, 1, NULL, agreement_show, N_("one agreement")},
    {"sign", "", 0, 0, sign_opts, agreement_sign, N_("promise hours; all parties sign")},
    {"change", "REF", 1, 1, change_opts, agreement_change, N_("change it; all parties sign")},
    {"close", "REF", 1, 1, NULL, agreement_close, N_("the work is done; all parties sign")},
    {"cancel", "REF", 1, 1, NULL, agreement_cancel, N_("end it; recorded hours stay")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
