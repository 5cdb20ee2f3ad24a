/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Proposals: who could help whom, why, and what we say to it (SPEC 13.5, 19.8). To accept is to
 * sign the agreement that a proposal drafts; with other minutes it is a counter-proposal.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/draft.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/match_compute.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "cli/shares.h"
#include "cli/table.h"
#include "cli/things.h"
#include "cli/words.h"

static const char *text_of(const json_t *o, const char *path)
{
    const char *text = json_string_value(json_path(o, path));

    return text != NULL ? text : "";
}

static int64_t integer_of(const json_t *o, const char *path)
{
    return json_integer_value(json_path(o, path));
}

/* --- The list --------------------------------------------------------------------------------- */

static void print_change(const json_t *reasons, const char *whose, const char *name)
{
    char before[32], after[32];

    snprintf(before, sizeof before, "%s.before", whose);
    snprintf(after, sizeof after, "%s.after", whose);
    if (json_path(reasons, before) != NULL) {
        printf(_("   position of %s: %s before, %s after all proposals\n"), name,
               time_text(integer_of(reasons, before)).s, time_text(integer_of(reasons, after)).s);
    }
}

/* Whether an organisation is proposed for the same need as well, with another part of it. */
static bool is_proposed(const json_t *items, const json_t *item, const char *org)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *other = json_array_get(items, i);

        if (strcmp(text_of(other, "provider"), org) == 0 &&
            strcmp(text_of(other, "need"), text_of(item, "need")) == 0) {
            return true;
        }
    }
    return false;
}

static void print_others(const json_t *items, const json_t *item)
{
    const json_t *others = json_path(item, "reasons.others");
    static const struct {
        const char *code, *words;
    } reasons[] = {{"worse", N_("would leave hours less even")},
                   {"taken", N_("its hours go to other needs")},
                   {"ceiling", N_("gave so much that it rests")},
                   {"relied", N_("the one proposed needs to give to stay within its limit")}};

    for (size_t i = 0; i < json_array_size(others); i++) {
        const json_t *other = json_array_get(others, i);

        if (is_proposed(items, item, text_of(other, "org"))) {
            continue;
        }
        for (size_t k = 0; k < sizeof reasons / sizeof reasons[0]; k++) {
            if (strcmp(reasons[k].code, text_of(other, "why")) == 0) {
                printf(_("   not %s: %s\n"), text_of(other, "org"), _(reasons[k].words));
            }
        }
    }
}

static void print_item(const json_t *items, const json_t *item, size_t number)
{
    const json_t *reasons = json_object_get(item, "reasons");
    bool open = strcmp(text_of(item, "state"), "open") == 0;

    printf("%zu. %s\n", number, json_sentence(item));
    if (!open) {
        printf("   (%s)\n", text_of(item, "state"));
    }
    print_change(reasons, "provider", text_of(item, "provider"));
    print_change(reasons, "asker", text_of(item, "asker"));
    if (integer_of(item, "pool_minutes") > 0) {
        printf(_("   the common pool would pay %s\n"),
               time_text(integer_of(item, "pool_minutes")).s);
    }
    print_others(items, item);
    printf(_("   need %s\n"), text_of(item, "need"));
}

/* The urgent first, and last for whom there is nobody yet. */
static int part_of(const json_t *item)
{
    if (strcmp(text_of(item, "outcome"), "left") == 0) {
        return 2;
    }
    return json_is_true(json_object_get(item, "urgent")) ? 0 : 1;
}

static void print_items(const json_t *items)
{
    size_t number = 0;

    for (int part = 0; part <= 2; part++) {
        for (size_t i = 0; i < json_array_size(items); i++) {
            const json_t *item = json_array_get(items, i);

            if (part_of(item) == part) {
                print_item(items, item, ++number);
            }
        }
    }
}

static int list(struct ctl *ctl, struct args *a)
{
    json_t *items = json_array();
    int rc = list_read(ctl, "/v1/matches", items);

    (void)a;
    for (size_t i = 0; i < json_array_size(items) && rc == CTL_OK && ctl->json; i++) {
        print_json(json_array_get(items, i));
    }
    if (rc == CTL_OK && !ctl->json) {
        print_items(items);
    }
    if (rc == CTL_OK && !ctl->json && json_array_size(items) == 0) {
        puts(_("Nothing is proposed at the moment."));
    } else if (rc == CTL_OK && !ctl->json) {
        say(ctl, _("Nobody is bound by this. `semctl match accept NEED` drafts and signs the "
                   "agreement, with --minutes another one; `semctl match decline NEED` has no "
                   "consequence."));
    }
    json_decref(items);
    return rc;
}

/* --- Accepting -------------------------------------------------------------------------------- */

/* What we accept: the shares of one offer for one need. */
struct accepted {
    struct ref need, offer;
    struct shares shares;
    int64_t expires;
};

static bool is_ours(const json_t *item, const struct ref *need, const struct handle *us,
                    const char *from)
{
    char text[REF_TEXT_SIZE];

    ref_format(text, need);
    return strcmp(text_of(item, "outcome"), "proposed") == 0 &&
           strcmp(text_of(item, "state"), "open") == 0 &&
           strcmp(text_of(item, "need"), text) == 0 &&
           (strcmp(text_of(item, "provider"), us->s) == 0 ||
            strcmp(text_of(item, "asker"), us->s) == 0) &&
           (from == NULL || strcmp(text_of(item, "provider"), from) == 0);
}

/* Adds an item to what we accept; false when it is from another offer. */
static bool add_item(struct accepted *acc, const json_t *item)
{
    const json_t *draft = json_object_get(item, "draft");
    const char *offer = text_of(draft, "offer");
    struct shares shares;
    struct ref ref;

    if (!ref_parse(&ref, offer, strlen(offer)) || !shares_decode(draft, &shares) ||
        shares.n != 1 || acc->shares.n == SHARES_MAX) {
        return false;
    }
    if (acc->shares.n > 0 && (strcmp(ref.by.s, acc->offer.by.s) != 0 ||
                              memcmp(&ref.id, &acc->offer.id, sizeof ref.id) != 0)) {
        return false;
    }
    acc->offer = ref;
    acc->shares.v[acc->shares.n++] = shares.v[0];
    acc->expires = integer_of(draft, "expires");
    return true;
}

static int compare_shares(const void *a, const void *b)
{
    return strcmp(((const struct share *)a)->from.s, ((const struct share *)b)->from.s);
}

static int find_accepted(struct ctl *ctl, struct args *a, struct accepted *acc)
{
    json_t *items = json_array();
    struct handle us;
    bool one = true;
    int rc = ctl_handle(ctl, &us);

    rc = rc == CTL_OK ? list_read(ctl, "/v1/matches", items) : rc;
    for (size_t i = 0; i < json_array_size(items) && rc == CTL_OK; i++) {
        const json_t *item = json_array_get(items, i);

        if (is_ours(item, &acc->need, &us, args_get(a, "from"))) {
            one = add_item(acc, item) && one;
        }
    }
    json_decref(items);
    if (rc == CTL_OK && acc->shares.n == 0) {
        rc = fail(CTL_NOT_FOUND, _("nothing is proposed for this need in which we take part"));
    } else if (rc == CTL_OK && !one) {
        rc = fail(CTL_USAGE,
                  _("several offers are proposed for it: choose one with --from HANDLE"));
    }
    qsort(acc->shares.v, acc->shares.n, sizeof acc->shares.v[0], compare_shares);
    return rc;
}

/* Other minutes than proposed: a counter-proposal, which the other party signs or not. */
static void take_minutes(struct args *a, struct accepted *acc)
{
    const char *minutes = args_get(a, "minutes");

    if (minutes != NULL && acc->shares.n != 1) {
        args_fail(a, _("several give: choose one with --from HANDLE, or leave --minutes out"));
    } else if (minutes != NULL) {
        args_minutes(a, "--minutes", minutes, &acc->shares.v[0].minutes);
    }
}

/* The title given, else that of the need. */
static json_t *title_of(struct ctl *ctl, const struct args *a, const struct ref *need)
{
    const char *title = args_get(a, "title"), *text = args_get(a, "text");
    char ref[REF_TEXT_SIZE];
    struct reply reply = {.status = 0};
    json_t *o = json_object();

    ref_format(ref, need);
    if (title == NULL && get(ctl, &reply, "/v1/needs/%s", ref) == CTL_OK) {
        title = json_string_value(json_path(reply.json, "text.title"));
    }
    json_object_set_new(o, "title", json_string(title != NULL ? title : _("As proposed")));
    if (text != NULL) {
        json_object_set_new(o, "text", json_string(text));
    }
    reply_free(&reply);
    return o;
}

static int accept_match(struct ctl *ctl, struct args *a)
{
    struct accepted acc = {.expires = 0};
    struct draft d;

    args_ref(a, "NEED", args_pos(a, 0), &acc.need);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = find_accepted(ctl, a, &acc);
    if (rc != CTL_OK) {
        return rc;
    }
    take_minutes(a, &acc);
    if (args_get(a, "until") != NULL || args_get(a, "days") != NULL) {
        acc.expires = args_until(a, 0);
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    rc = draft_start(&d, ctl, "agreement.sign");
    if (rc == CTL_OK) {
        draft_shares(&d, &acc.shares);
        draft_int(&d, "expires", acc.expires);
        draft_ref(&d, "need", &acc.need);
        draft_ref(&d, "offer", &acc.offer);
        draft_details(&d, "details", "agreement", title_of(ctl, a, &acc.need));
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

/* --- Declining -------------------------------------------------------------------------------- */

static int decline(struct ctl *ctl, struct args *a)
{
    const char *until = args_get(a, "until");
    char path[REF_TEXT_SIZE + 32], ref[REF_TEXT_SIZE];
    struct ref need;
    struct reply reply;
    int32_t day;

    args_ref(a, "NEED", args_pos(a, 0), &need);
    args_day(a, "--until", until, &day);
    if (a->bad) {
        return CTL_USAGE;
    }
    ref_format(ref, &need);
    snprintf(path, sizeof path, "/v1/matches/%s/decline", ref);
    json_t *body = until != NULL ? json_pack("{s:s}", "until", until) : json_object();
    char *bytes = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (bytes == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = request(ctl, "POST", path, "application/json", bytes, strlen(bytes), &reply);
    if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        say(ctl, _("Declined. Nothing follows from it; the next batch will propose another."));
    }
    free(bytes);
    reply_free(&reply);
    return rc;
}

/* --- Inputs, loops, a batch anew -------------------------------------------------------------- */

static int inputs(struct ctl *ctl, struct args *a)
{
    const char *path = args_get(a, "o");
    struct reply reply;
    int rc = get(ctl, &reply, "/v1/matches/inputs");

    if (rc == CTL_OK && path == NULL) {
        printf("%s\n", reply.body);
    } else if (rc == CTL_OK && !write_whole_file(path, reply.body, reply.n, 0600, true)) {
        rc = fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    } else if (rc == CTL_OK) {
        say(ctl, _("Wrote %s. `semctl match compute --inputs %s` computes the proposals from it; "
                   "it tells who is fragile, so keep it as you would that."), path, path);
    }
    reply_free(&reply);
    return rc;
}

static void print_step(const json_t *step)
{
    const json_t *needs = json_object_get(step, "needs");

    for (size_t i = 0; i < json_array_size(needs); i++) {
        const json_t *need = json_array_get(needs, i);

        printf(_("   %s to %s: need %s, %s\n"), text_of(step, "from"), text_of(step, "to"),
               text_of(need, "need"), time_text(integer_of(need, "minutes")).s);
    }
}

static int loops(struct ctl *ctl, struct args *a)
{
    struct reply reply;
    int rc = get(ctl, &reply, "/v1/matches/loops");
    const json_t *items = rc == CTL_OK ? json_object_get(reply.json, "items") : NULL;

    (void)a;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *loop = json_array_get(items, i), *steps = json_object_get(loop, "steps");

        if (ctl->json) {
            print_json(loop);
            continue;
        }
        printf("%zu. %s\n", i + 1, json_sentence(loop));
        for (size_t k = 0; k < json_array_size(steps); k++) {
            print_step(json_array_get(steps, k));
        }
    }
    if (rc == CTL_OK && !ctl->json && json_array_size(items) == 0) {
        puts(_("No organisations could help each other in a loop at the moment."));
    }
    reply_free(&reply);
    return rc;
}

static int anew(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"week", SHOW_TEXT, N_("week")},
                                          {"size", SHOW_INTEGER, N_("after entries")},
                                          {"proposals", SHOW_INTEGER, N_("proposals")},
                                          {"left", SHOW_INTEGER, N_("needs without anybody")},
                                          {NULL, SHOW_TEXT, NULL}};
    struct reply reply;
    int rc = request(ctl, "POST", "/v1/matches", NULL, NULL, 0, &reply);

    (void)a;
    if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        lines_print(reply.json, lines);
    }
    reply_free(&reply);
    return rc;
}

/* --- Tables ----------------------------------------------------------------------------------- */

static const struct opt accept_opts[] = {
    {"from", "HANDLE", N_("only what this organisation would give"), false},
    {"minutes", "TIME", N_("other minutes: a counter-proposal"), false},
    {"title", "T", N_("a line that says what (else the title of the need)"), false},
    {"text", "X", N_("the terms"), false},
    {"until", "DATE", N_("until the end of this day"), false},
    {"days", "N", N_("or for so many days (180)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt decline_opts[] = {
    {"until", "DATE", N_("propose us for it again after this day (else never)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt inputs_opts[] = {
    {"o", "FILE", N_("where to write them (else standard output)"), false},
    {NULL, NULL, NULL, false},
};

const struct verb match_verbs[] = {
    {NULL, "", 0, 0, NULL, list, N_("who could help whom, and why")},
    {"accept", "NEED", 1, 1, accept_opts, accept_match,
     N_("draft and sign the agreement; all parties sign")},
    {"decline", "NEED", 1, 1, decline_opts, decline, N_("not us for this need; no consequence")},
    {"inputs", "", 0, 0, inputs_opts, inputs, N_("all that this week's proposals follow from")},
    {"compute", "[DIR]", 0, 1, match_compute_opts, match_compute,
     N_("the same proposals, computed here from an exported log or from inputs")},
    {"loops", "", 0, 0, NULL, loops,
     N_("loops of mutual help that leave all positions as they are")},
    {"anew", "", 0, 0, NULL, anew, N_("make this week's batch again (coordinators)")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
