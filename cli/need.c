/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Needs: what organisations ask for (SPEC 6.7). */
#include <stdlib.h>

#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/things.h"

#define NEED_DAYS 90

struct need_args {
    struct slugs areas, languages;
    int64_t minutes, expires;
};

static void read_args(struct args *a, struct need_args *n)
{
    title_required(a);
    if (args_get(a, "type") == NULL) {
        args_required(a, "skill");
    }
    args_minutes(a, "--minutes", args_required(a, "minutes"), &n->minutes);
    args_slugs(a, "--areas", args_get(a, "areas"), &n->areas);
    args_slugs(a, "--languages", args_get(a, "languages"), &n->languages);
    n->expires = args_until(a, NEED_DAYS);
}

static int need_publish(struct ctl *ctl, struct args *a)
{
    const char *type = args_get(a, "type");
    struct need_args n;
    struct draft d;

    read_args(a, &n);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "need.publish");
    if (rc == CTL_OK) {
        draft_text(&d, "type", type != NULL ? type : "skill");
        draft_text(&d, "skill", args_get(a, "skill"));
        draft_int(&d, "minutes", n.minutes);
        draft_flag(&d, "urgent", args_flag(a, "urgent"));
        draft_int(&d, "expires", n.expires);
        draft_flag(&d, "public", args_flag(a, "public"));
        draft_slugs(&d, "areas", &n.areas);
        draft_slugs(&d, "languages", &n.languages);
        draft_details(&d, "details", "need", title_and_text(a));
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int need_vouch(struct ctl *ctl, struct args *a)
{
    struct handles panel;
    struct draft d;
    struct ref need;

    args_ref(a, "REF", args_pos(a, 0), &need);
    args_handles(a, "--panel", args_get(a, "panel"), &panel);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "need.vouch");
    if (rc == CTL_OK) {
        draft_ref(&d, "need", &need);
        if (panel.n > 0) {
            draft_handles(&d, "panel", &panel);
        }
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int need_withdraw(struct ctl *ctl, struct args *a)
{
    return sign_ref(ctl, a, "need.withdraw", "need");
}

static int need_list(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"ref", SHOW_WHOLE, N_("reference")},
                                            {"text.title", SHOW_TEXT, N_("title")},
                                            {"left", SHOW_MINUTES, N_("open")},
                                            {NULL, SHOW_TEXT, NULL}};
    static const char *const filters[] = {"skill", "org", "type", "state"};
    struct query q;

    query_start(&q, "/v1/needs");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        query_add(&q, filters[i], args_get(a, filters[i]));
    }
    query_add(&q, "urgent", args_flag(a, "urgent") ? "true" : NULL);
    int rc =
        list_print(ctl, q.path, columns, _("No open needs here. Ask with `semctl need publish`."));
    free(q.path);
    return rc;
}

static int need_show(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"ref", SHOW_WHOLE, N_("reference")},
                                          {"text.title", SHOW_TEXT, N_("title")},
                                          {"text.text", SHOW_TEXT, N_("text")},
                                          {"state", SHOW_TEXT, N_("state")},
                                          {"type", SHOW_TEXT, N_("type")},
                                          {"skill", SHOW_TEXT, N_("skill")},
                                          {"asker", SHOW_TEXT, N_("asked by")},
                                          {"minutes", SHOW_MINUTES, N_("asked for")},
                                          {"served", SHOW_MINUTES, N_("received")},
                                          {"urgency", SHOW_TEXT, N_("urgency")},
                                          {"voucher", SHOW_TEXT, N_("vouched by")},
                                          {"urgent_until_at", SHOW_MOMENT, N_("urgent until")},
                                          {"areas", SHOW_TEXT, N_("where")},
                                          {"languages", SHOW_TEXT, N_("languages")},
                                          {"public", SHOW_YES, N_("public")},
                                          {"published_at", SHOW_MOMENT, N_("published")},
                                          {"expires_at", SHOW_MOMENT, N_("until")},
                                          {NULL, SHOW_TEXT, NULL}};

    return show_thing(ctl, a, "/v1/needs", lines);
}

static const struct opt publish_opts[] = {
    {"title", "T", N_("a line that says what"), false},
    {"text", "X", N_("more, if needed"), false},
    {"minutes", "TIME", N_("how much help, such as 6h"), false},
    {"skill", "S", N_("a word of the catalogue (`semctl skills`)"), false},
    {"type", "T", N_("skill, space or equipment (skill)"), false},
    {"urgent", NULL, N_("declare it urgent; another organisation can vouch for it"), false},
    {"until", "DATE", N_("open until the end of this day"), false},
    {"days", "N", N_("or for so many days (90)"), false},
    {"areas", "A,B", N_("where"), false},
    {"languages", "fr,nl", N_("in which languages"), false},
    {"public", NULL, N_("anybody may read it"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt vouch_opts[] = {
    {"panel", "A,B", N_("organisations of the panel that sign as well, beyond the quarter's quota"),
     false},
    {NULL, NULL, NULL, false},
};
static const struct opt list_opts[] = {
    {"skill", "S", N_("of this skill"), false},
    {"org", "H", N_("of this organisation"), false},
    {"type", "T", N_("skill, space or equipment"), false},
    {"state", "STATE", N_("open or all"), false},
    {"urgent", NULL, N_("urgent ones only"), false},
    {NULL, NULL, NULL, false},
};

const struct verb need_verbs[] = {
    {"list", "", 0, 0, list_opts, need_list, N_("what is asked for")},
    {"show", "REF", 1, 1, NULL, need_show, N_("one need")},
    {"publish", "", 0, 0, publish_opts, need_publish, N_("ask for something")},
    {"vouch", "REF", 1, 1, vouch_opts, need_vouch, N_("confirm that another's need is urgent")},
    {"withdraw", "REF", 1, 1, NULL, need_withdraw, N_("end a need of ours")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
