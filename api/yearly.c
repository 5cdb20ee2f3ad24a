/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The statements of a calendar year (SPEC 18.11): GET /v1/orgs/{handle}/statement/{year} and
 * GET /v1/network/statement/{year}, as JSON, as CSV and as a page to print. Everything in one
 * stands at one size of the log.
 */
#include "ledger/yearly.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "api/yearly.h"
#include "api/years.h"
#include "policies/window.h"

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_HTML };

/* --- Shared parts ----------------------------------------------------------------------------- */

static void put_day_of(json_t *o, const char *name, int64_t at)
{
    char text[DAY_TEXT_BYTES];

    day_format(text, window_day(at));
    put_text(o, name, text);
}

static bool put_head(json_t *o, struct request *rq, const struct year_span *span)
{
    uint64_t size = state_size(rq->state);
    struct hash root;

    if (!log_root_at(rq->state->kv, size, &root)) {
        return false;
    }
    put_int(o, "year", span->year);
    put_day_of(o, "from", span->from);
    put_day_of(o, "to", span->to);
    put_flag(o, "over", span->over);
    put_int(o, "size", (int64_t)size);
    put_hex(o, "root", root.b, HASH_BYTES);
    return true;
}

static void put_month(json_t *o, int year, int month)
{
    char text[16];

    snprintf(text, sizeof text, "%04d-%02d", year, month + 1);
    put_text(o, "month", text);
}

static void put_fill_of(json_t *o, const char *name, const struct fill *fill)
{
    json_t *f = view_object();

    put_int(f, "asked", fill->asked);
    put_int(f, "served", fill->served);
    put_ratio(f, "permille", fill_rate(fill));
    put(o, name, f);
}

/* --- An organisation -------------------------------------------------------------------------- */

static void put_sums_of(json_t *o, const struct yearly_org *y)
{
    json_t *sums = view_object(), *position = view_object(), *gifts = view_object();

    put_int(position, "opening", y->opening);
    put_int(position, "closing", y->closing);
    put(o, "position", position);
    put_int(sums, "given", y->sums.given);
    put_int(sums, "received", y->sums.received);
    put_int(sums, "gifts", y->sums.gifts);
    put_int(sums, "pool_paid", y->sums.pool_paid);
    put_int(sums, "pool_given", y->sums.pool_given);
    put_int(sums, "handed_over", y->sums.handed_over);
    put_int(sums, "levied", y->sums.levied);
    put_int(sums, "forgiven", y->sums.forgiven);
    put(o, "sums", sums);
    put_int(gifts, "given", y->gifts.given);
    put_int(gifts, "received", y->gifts.received);
    put(o, "gifts", gifts);
}

static void put_org_months(json_t *o, const struct year_span *span, const struct yearly_org *y)
{
    json_t *list = view_array();
    int64_t position = y->opening;

    for (int i = 0; i < span->months; i++) {
        const struct year_sums *m = &y->months[i];
        json_t *month = view_object();

        position += year_moved(m);
        put_month(month, span->year, i);
        put_int(month, "given", m->given);
        put_int(month, "received", m->received);
        put_int(month, "moves", year_moved(m) - m->given + m->received);
        put_int(month, "position", position);
        json_array_append_new(list, month);
    }
    put(o, "months", list);
}

/* The name of a skill in a language, when the catalogue's text is there. */
static void put_skill_name(json_t *o, const json_t *catalogue, const char *slug, enum language l)
{
    const json_t *name = json_object_get(json_object_get(catalogue, slug), language_codes[l]);

    if (json_is_string(name)) {
        put_text(o, "name", json_string_value(name));
    }
}

static void put_org_skills(json_t *o, struct request *rq, const struct yearly_org *y,
                           enum language l)
{
    static const char *const other[LANGUAGES] = {"without a skill", "sans compétence",
                                                 "zonder vaardigheid"};
    json_t *list = view_array(), *catalogue = view_catalogue(rq);

    for (size_t i = 0; i <= y->n_skills; i++) {
        const char *slug = i < y->n_skills ? rq->state->network.found.skills[i].s : NULL;
        json_t *row;

        if (y->skills[i].given == 0 && y->skills[i].received == 0) {
            continue;
        }
        row = view_object();
        if (slug) {
            put_text(row, "skill", slug);
            put_skill_name(row, catalogue, slug, l);
        } else {
            put(row, "skill", json_null());
            put_text(row, "name", other[l]);
        }
        put_int(row, "given", y->skills[i].given);
        put_int(row, "received", y->skills[i].received);
        json_array_append_new(list, row);
    }
    json_decref(catalogue);
    put(o, "skills", list);
}

/* In order of admission, as everywhere. */
static void put_partners(json_t *o, struct request *rq, const struct yearly_org *y)
{
    json_t *list = view_array();

    for (uint32_t i = 1; i < y->n_partners; i++) {
        const struct given_received *p = &y->partners[i];
        json_t *row;

        if (p->given == 0 && p->received == 0) {
            continue;
        }
        row = view_object();
        put_handle(row, "org", rq->state, i);
        put_org_name(row, "name", rq, i);
        put_int(row, "given", p->given);
        put_int(row, "received", p->received);
        json_array_append_new(list, row);
    }
    put(o, "partners", list);
}

static void put_org_closings(json_t *o, const struct yearly_org *y)
{
    json_t *list = view_array();

    for (size_t i = 0; i < y->n_closings; i++) {
        json_t *row = view_object();

        put_int(row, "at", y->closings[i].moment);
        put_int(row, "levied", y->closings[i].levied);
        put_int(row, "forgiven", y->closings[i].forgiven);
        json_array_append_new(list, row);
    }
    put(o, "closings", list);
}

static void put_counts(json_t *o, const struct yearly_org *y)
{
    json_t *needs = view_object(), *agreements = view_object(), *promises = view_object();

    put_int(needs, "published", y->needs.published);
    put_int(needs, "minutes", y->needs.minutes);
    put_int(needs, "met", y->needs.met);
    put_int(needs, "expired", y->needs.expired);
    put_int(needs, "withdrawn", y->needs.withdrawn);
    put_fill_of(needs, "fill", &y->needs.fill);
    put(o, "needs", needs);
    put_int(agreements, "signed", y->agreements.signed_);
    put_int(agreements, "closed", y->agreements.closed);
    put_int(agreements, "expired", y->agreements.expired);
    put_int(agreements, "cancelled", y->agreements.cancelled);
    put(o, "agreements", agreements);
    put_int(promises, "kept", y->promises.kept);
    put_int(promises, "broken", y->promises.broken);
    put_int(promises, "excused", y->promises.excused);
    put(o, "promises", promises);
}

/* NULL when it cannot be read. */
static json_t *view_org_year(struct request *rq, const struct org *org,
                             const struct year_span *span, enum language l)
{
    struct yearly_org y;
    json_t *o = NULL;

    if (yearly_org_make(rq->state, rq->server->node->origin, org, span, &y)) {
        o = view_object();
        put_text(o, "org", org->handle.s);
        put_org_name(o, "name", rq, org->number);
        if (!put_head(o, rq, span)) {
            json_decref(o);
            o = NULL;
        }
    }
    if (o) {
        put_sums_of(o, &y);
        put_org_months(o, span, &y);
        put_org_skills(o, rq, &y, l);
        put_partners(o, rq, &y);
        put_org_closings(o, &y);
        put_counts(o, &y);
    }
    yearly_org_free(&y);
    return o;
}

/* --- The network ------------------------------------------------------------------------------ */

static void put_help(json_t *o, const struct help *help)
{
    put_int(o, "minutes", help->minutes);
    put_int(o, "gifts", help->gift);
    put_int(o, "pool", help->pooled);
    put_int(o, "exchanges", help->count);
}

static void put_network_months(json_t *o, const struct year_span *span,
                               const struct yearly_network *y)
{
    json_t *list = view_array(), *totals = view_object(), *members = view_object();

    put_help(totals, &y->sums);
    put(o, "totals", totals);
    put_int(members, "before", y->members.before);
    put_int(members, "admitted", y->members.admitted);
    put_int(members, "left", y->members.left);
    put_int(members, "after", y->members.after);
    put(o, "members", members);
    for (int i = 0; i < span->months; i++) {
        json_t *month = view_object();

        put_month(month, span->year, i);
        put_help(month, &y->months[i]);
        json_array_append_new(list, month);
    }
    put(o, "months", list);
}

static void put_both(json_t *o, const char *name, struct ratio help, struct ratio account)
{
    json_t *both = view_object();

    put_ratio(both, "help", help);
    put_ratio(both, "account", account);
    put(o, name, both);
}

static struct ratio hhi_of(struct concentration c)
{
    return (struct ratio){c.known, c.hhi};
}

/* What no past is kept of is known while the year is not over. */
static void put_now(json_t *m, const struct sheet *sheet, bool over)
{
    struct ratio none = {false, 0};

    put_ratio(m, "skills_hanging", over ? none : (struct ratio){true, (int64_t)sheet->hanging});
    put_ratio(m, "dormant", over ? none : sheet->dormant);
    put_ratio(m, "deficit", over ? none : (struct ratio){true, sheet->deficit.deficit});
}

static void put_metrics(json_t *o, const struct sheet *sheet, bool over)
{
    const struct layer_figures *h = &sheet->layer[LAYER_HELP], *a = &sheet->layer[LAYER_ACCOUNT];
    const struct sheet_year *y = &sheet->years[0];
    json_t *m = view_object(), *fill = view_object();

    put_both(m, "displaced_share", h->displaced, a->displaced);
    put_both(m, "concentration_of_positions", h->positions, a->positions);
    put_both(m, "direct_reciprocity", h->direct, a->direct);
    put_both(m, "comes_round", h->round, a->round);
    put_both(m, "one_wayness", h->one_way, a->one_way);
    put_both(m, "core_share", h->core, a->core);
    put_both(m, "concentration_of_giving", hhi_of(h->giving), hhi_of(a->giving));
    put_both(m, "concentration_of_receiving", hhi_of(h->receiving), hhi_of(a->receiving));
    put_int(m, "above_pair_cap", (int64_t)y->dependent);
    put_ratio(m, "fill_gap", sheet->gap);
    put_ratio(m, "burden_gini", y->burden.gini);
    put_ratio(m, "turnover", sheet->turnover);
    put_ratio(m, "solidarity_share", sheet->solidarity);
    put_now(m, sheet, over);
    put(o, "metrics", m);
    put_fill_of(fill, "fragile", &y->fragile);
    put_fill_of(fill, "others", &y->others);
    put(o, "fill", fill);
}

static void put_pool_year(json_t *o, const struct yearly_network *y)
{
    json_t *pool = view_object(), *list = view_array();

    put_int(pool, "opening", y->pool.opening);
    put_int(pool, "given", y->pool.given);
    put_int(pool, "handed_over", y->pool.handed_over);
    put_int(pool, "levied", y->pool.levied);
    put_int(pool, "forgiven", y->pool.forgiven);
    put_int(pool, "paid", y->pool.paid);
    put_int(pool, "closing", y->pool.closing);
    put(o, "pool", pool);
    for (size_t i = 0; i < y->n_closings; i++) {
        json_t *row = view_object();

        put_int(row, "at", y->closings[i].moment);
        put_int(row, "deficit", y->closings[i].deficit);
        put_int(row, "levied", y->closings[i].levied);
        put_int(row, "forgiven", y->closings[i].forgiven);
        put_int(row, "budget", y->closings[i].budget);
        json_array_append_new(list, row);
    }
    put(o, "closings", list);
}

static json_t *view_network_year(struct request *rq, const struct year_span *span)
{
    struct yearly_network y;
    json_t *o = NULL;

    if (yearly_network_make(rq->state, span, &y)) {
        o = view_object();
        put_text(o, "origin", rq->server->node->origin);
        if (put_head(o, rq, span)) {
            put_network_months(o, span, &y);
            put_metrics(o, &y.sheet, span->over);
            put_pool_year(o, &y);
        } else {
            json_decref(o);
            o = NULL;
        }
    }
    yearly_network_free(&y);
    return o;
}

/* --- Answers ---------------------------------------------------------------------------------- */

static void write_title(char *out, size_t size, const char *of, int year, enum language l)
{
    switch (l) {
    case LANGUAGE_FR:
        snprintf(out, size, "%.300s : l'ann\u00e9e %d", of, year);
        break;
    case LANGUAGE_NL:
        snprintf(out, size, "%.300s: het jaar %d", of, year);
        break;
    default:
        snprintf(out, size, "%.300s: the year %d", of, year);
    }
}

/* What the request asks for, beside the organisation. */
struct asked {
    struct year_span span;
    int format; /* enum format */
    enum language language;
};

/* Replies and answers false when it cannot be answered. */
static bool read_asked(struct request *rq, int64_t began, struct asked *out)
{
    static const char *const formats[] = {"json", "csv", "html", NULL};
    struct query q[] = {{"format", NULL}};

    out->format = FORMAT_JSON;
    out->language = words_accepted(MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND,
                                                               MHD_HTTP_HEADER_ACCEPT_LANGUAGE));
    if (!query_read(rq, q, 1) || !query_word(rq, &q[0], formats, &out->format)) {
        return false;
    }
    if (!year_span(rq->args.year, rq->now_ms, &out->span) || out->span.to < began) {
        reply_code(rq, CODE_not_found, "nothing happened in that year");
        return false;
    }
    return true;
}

/* Takes the reference of the answer; NULL: it could not be read. */
static void reply_year(struct request *rq, json_t *answer, const struct asked *asked,
                       const char *of, const struct paper_section *sections)
{
    char title[400], policy[PAPER_POLICY_SIZE], *bytes;
    struct paper paper = {title, sections};
    size_t n;

    if (!answer) {
        reply_code(rq, CODE_internal, "the year cannot be read");
    } else if (asked->format == FORMAT_JSON) {
        reply_json(rq, MHD_HTTP_OK, answer);
    } else {
        write_title(title, sizeof title, of, asked->span.year, asked->language);
        if (asked->format == FORMAT_CSV) {
            bytes = paper_csv(&paper, answer, asked->language, &n);
            reply_owned(rq, MHD_HTTP_OK, "text/csv; charset=utf-8", bytes, n);
        } else {
            paper_policy(policy);
            reply_header(rq, "Content-Security-Policy", policy);
            bytes = paper_html(&paper, answer, asked->language, &n);
            reply_owned(rq, MHD_HTTP_OK, "text/html; charset=utf-8", bytes, n);
        }
        json_decref(answer);
    }
}

void get_org_year(struct request *rq)
{
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    const json_t *name;
    struct asked asked;
    struct org org;
    json_t *answer;
    char of[300];

    if (number == POOL || !state_org(rq->state, number, &org)) {
        reply_code(rq, CODE_not_found, "no such organisation");
        return;
    }
    if (!request_needs_own(rq, number) || !read_asked(rq, org.admitted_at, &asked) ||
        reply_not_modified_in(rq, language_codes[asked.language])) {
        return;
    }
    answer = view_org_year(rq, &org, &asked.span, asked.language);
    name = answer ? json_object_get(answer, "name") : NULL;
    snprintf(of, sizeof of, "%s", name ? json_string_value(name) : org.handle.s);
    reply_year(rq, answer, &asked, of, yearly_org_sections);
}

/* The statement that was made lately, or a new one. */
static json_t *find_network_year(struct request *rq, const struct year_span *span, bool *busy)
{
    uint64_t size = state_size(rq->state);
    int32_t day = window_day(rq->now_ms);
    json_t *answer = NULL;

    switch (years_find(rq->server->years, span->year, size, day, &answer)) {
    case YEARS_BUSY:
        *busy = true;
        break;
    case YEARS_MAKE:
        answer = view_network_year(rq, span);
        years_made(rq->server->years, span->year, size, day, answer);
        break;
    case YEARS_FOUND:
        break;
    }
    return answer;
}

void get_network_year(struct request *rq)
{
    struct entry_record first;
    struct asked asked;
    bool busy = false;
    json_t *answer;

    if (!state_entry(rq->state, 0, &first)) {
        reply_code(rq, CODE_not_found, "the network is not founded");
        return;
    }
    if (!read_asked(rq, first.at, &asked)) {
        return;
    }
    answer = find_network_year(rq, &asked.span, &busy);
    if (busy) {
        reply_code(rq, CODE_too_busy, NULL);
        return;
    }
    if (answer && (uint64_t)json_integer_value(json_object_get(answer, "size")) ==
                      state_size(rq->state) &&
        reply_not_modified_in(rq, language_codes[asked.language])) {
        json_decref(answer);
        return;
    }
    reply_year(rq, answer, &asked, rq->server->node->origin, yearly_network_sections);
}
