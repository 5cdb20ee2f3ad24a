/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Offers: what organisations propose, alone or together (SPEC 6.6). */
#include <stdlib.h>

#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/things.h"

#define OFFER_DAYS 180

struct offer_args {
    struct handles with;
    struct slugs areas, languages;
    int64_t minutes_month, expires;
};

static void read_args(struct args *a, struct offer_args *o)
{
    title_required(a);
    if (args_get(a, "type") == NULL) {
        args_required(a, "skill");
    }
    args_handles(a, "--with", args_get(a, "with"), &o->with);
    args_slugs(a, "--areas", args_get(a, "areas"), &o->areas);
    args_slugs(a, "--languages", args_get(a, "languages"), &o->languages);
    args_minutes(a, "--minutes-month", args_get(a, "minutes-month"), &o->minutes_month);
    o->expires = args_until(a, OFFER_DAYS);
}

/* Ourselves and those with whom we offer, each once. */
static void draft_providers(struct draft *d, const struct handles *with)
{
    struct args both = {.n_given = 0};
    struct handles all;
    char list[(PARTIES_MAX + 1) * (HANDLE_MAX + 1) + 1];
    int n = snprintf(list, sizeof list, "%s", d->us.s);

    for (size_t i = 0; i < with->n; i++) {
        n += snprintf(list + n, sizeof list - (size_t)n, ",%s", with->v[i].s);
    }
    args_handles(&both, "--with", list, &all);
    d->failed = d->failed || both.bad;
    draft_handles(d, "providers", &all);
}

static int offer_publish(struct ctl *ctl, struct args *a)
{
    const char *type = args_get(a, "type");
    struct offer_args o;
    struct draft d;

    read_args(a, &o);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "offer.publish");
    if (rc == CTL_OK) {
        draft_providers(&d, &o.with);
        draft_text(&d, "type", type != NULL ? type : "skill");
        draft_text(&d, "skill", args_get(a, "skill"));
        draft_int(&d, "expires", o.expires);
        draft_flag(&d, "public", args_flag(a, "public"));
        draft_slugs(&d, "areas", &o.areas);
        draft_slugs(&d, "languages", &o.languages);
        if (o.minutes_month > 0) {
            draft_int(&d, "minutes_month", o.minutes_month);
        }
        draft_details(&d, "details", "offer", title_and_text(a));
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int offer_renew(struct ctl *ctl, struct args *a)
{
    struct draft d;
    struct ref ref;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    int64_t expires = args_until(a, OFFER_DAYS);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "offer.renew");
    if (rc == CTL_OK) {
        draft_ref(&d, "offer", &ref);
        draft_int(&d, "expires", expires);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int offer_withdraw(struct ctl *ctl, struct args *a)
{
    return sign_ref(ctl, a, "offer.withdraw", "offer");
}

static int offer_list(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"ref", SHOW_WHOLE, N_("reference")},
                                            {"text.title", SHOW_TEXT, N_("title")},
                                            {"expires_at", SHOW_DAY, N_("until")},
                                            {NULL, SHOW_TEXT, NULL}};
    static const char *const filters[] = {"skill", "org", "type", "state"};
    struct query q;

    query_start(&q, "/v1/offers");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        query_add(&q, filters[i], args_get(a, filters[i]));
    }
    int rc = list_print(ctl, q.path, columns,
                        _("No open offers here. Publish one with `semctl offer publish`."));
    free(q.path);
    return rc;
}

static int offer_show(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"ref", SHOW_WHOLE, N_("reference")},
                                          {"text.title", SHOW_TEXT, N_("title")},
                                          {"text.text", SHOW_TEXT, N_("text")},
                                          {"state", SHOW_TEXT, N_("state")},
                                          {"type", SHOW_TEXT, N_("type")},
                                          {"skill", SHOW_TEXT, N_("skill")},
                                          {"providers", SHOW_TEXT, N_("from")},
                                          {"minutes_month", SHOW_MINUTES, N_("a month")},
                                          {"areas", SHOW_TEXT, N_("where")},
                                          {"languages", SHOW_TEXT, N_("languages")},
                                          {"public", SHOW_YES, N_("public")},
                                          {"published_at", SHOW_MOMENT, N_("published")},
                                          {"renewed_at", SHOW_MOMENT, N_("renewed")},
                                          {"expires_at", SHOW_MOMENT, N_("until")},
                                          {NULL, SHOW_TEXT, NULL}};

    return show_thing(ctl, a, "/v1/offers", lines);
}

static const struct opt publish_opts[] = {
    {"title", "T", N_("a line that says what"), false},
    {"text", "X", N_("more, if needed"), false},
    {"skill", "S", N_("a word of the catalogue (`semctl skills`)"), false},
    {"type", "T", N_("skill, space or equipment (skill)"), false},
    {"minutes-month", "TIME", N_("how much a month, such as 10h"), false},
    {"until", "DATE", N_("open until the end of this day"), false},
    {"days", "N", N_("or for so many days (180)"), false},
    {"with", "A,B", N_("together with these organisations"), false},
    {"areas", "A,B", N_("where"), false},
    {"languages", "fr,nl", N_("in which languages"), false},
    {"public", NULL, N_("anybody may read it"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt renew_opts[] = {
    {"until", "DATE", N_("open until the end of this day"), false},
    {"days", "N", N_("or for so many days (180)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt list_opts[] = {
    {"skill", "S", N_("of this skill"), false},
    {"org", "H", N_("of this organisation"), false},
    {"type", "T", N_("skill, space or equipment"), false},
    {"state", "STATE", N_("open or all"), false},
    {NULL, NULL, NULL, false},
};

const struct verb offer_verbs[] = {
    {"list", "", 0, 0, list_opts, offer_list, N_("what is on offer")},
    {"show", "REF", 1, 1, NULL, offer_show, N_("one offer")},
    {"publish", "", 0, 0, publish_opts, offer_publish, N_("offer something")},
    {"renew", "REF", 1, 1, renew_opts, offer_renew, N_("keep an offer open")},
    {"withdraw", "REF", 1, 1, NULL, offer_withdraw, N_("end an offer")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
