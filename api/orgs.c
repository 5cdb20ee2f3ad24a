/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/orgs, GET /v1/orgs/{handle}: the directory (SPEC 12.4). */
#include <stdlib.h>
#include <string.h>

#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "policies/window.h"

static const struct text_field sheet_fields[] = {
    {"name", false}, {"summary", false},  {"city", false},  {"contact", false}, {"class", false},
    {"website", false}, {"themes", true}, {"audiences", true}, {"skills", true},
};
#define N_SHEET_FIELDS (sizeof sheet_fields / sizeof sheet_fields[0])

/* Asked of the log: the text itself may outlive its erasure for a while. */
static bool has_sheet(struct request *rq, const struct org *org)
{
    struct thing_key subject = {.id = org->sheet_ref.id};
    struct detail detail;

    if (!org->sheet.set) {
        return false;
    }
    subject.author = state_org_number(rq->state, &org->sheet_ref.by);
    return !state_detail(rq->state, &subject, SLOT_DETAILS, &detail) || !detail.erased;
}

/* The sheet's text unless it was erased. */
static json_t *sheet_of(struct request *rq, const struct org *org)
{
    struct text_place place = {org->sheet_ref, SLOT_DETAILS, org->sheet.h};

    return has_sheet(rq, org) ? view_text(rq, &place, sheet_fields, N_SHEET_FIELDS) : NULL;
}

void put_org_name(json_t *object, const char *name, struct request *rq, uint32_t number)
{
    struct org org;
    json_t *sheet = state_org(rq->state, number, &org) ? sheet_of(rq, &org) : NULL;
    json_t *text = json_object_get(sheet, "name");

    if (json_is_string(text) && json_string_length(text) > 0) {
        json_object_set(object, name, text);
    }
    json_decref(sheet);
}

static json_t *view_org(struct request *rq, const struct org *org, json_t *sheet)
{
    int32_t days = window_day(rq->now_ms) - window_day(org->confirmed_at);
    json_t *o = view_object();

    put_text(o, "handle", org->handle.s);
    put_int(o, "number", org->number);
    put_text(o, "state", org->state == ORG_ACTIVE ? "active" : "left");
    put_flag(o, "public", org->is_public);
    put_int(o, "admitted_at", org->admitted_at);
    put_int(o, "confirmed_at", org->confirmed_at);
    put_flag(o, "stale", days > rq->state->network.found.policy.sheet_stale_days);
    if (org->state == ORG_LEFT) {
        put_int(o, "left_at", org->left_at);
    }
    if (org->sheet.set) {
        put_ref(o, "sheet_ref", &org->sheet_ref);
        put_hex(o, "sheet_commit", org->sheet.h.b, HASH_BYTES);
    }
    if (sheet) {
        put(o, "sheet", sheet);
    }
    return o;
}

/* --- One organisation ------------------------------------------------------------------------ */

static json_t *view_keys(struct state *s, uint32_t org)
{
    json_t *list = view_array();
    struct org_key key;
    struct key_id last;

    for (bool more = state_next_key(s, org, NULL, &key); more;
         more = state_next_key(s, org, &last, &key)) {
        json_t *k = view_object();

        put_hex(k, "key", key.key.b, KEY_BYTES);
        put_hex(k, "key_id", key.id.b, KEY_ID_BYTES);
        put_text(k, "scope", scope_word((enum scope)key.scope));
        if (key.ceiling) {
            put_int(k, "ceiling", key.ceiling);
        }
        put_int(k, "since_index", (int64_t)key.since_index);
        if (key.revoked_index) {
            put_int(k, "revoked_index", (int64_t)key.revoked_index);
        }
        json_array_append_new(list, k);
        last = key.id;
    }
    return list;
}

static json_t *view_mandates(struct request *rq, uint32_t org)
{
    json_t *list = view_array();

    for (int role = ROLE_COORDINATOR; role <= ROLE_PANEL; role++) {
        int64_t until = state_mandate(rq->state, org, (enum role)role);
        json_t *m;

        if (until == 0) {
            continue;
        }
        m = view_object();
        put_text(m, "role", role_word((enum role)role));
        put_int(m, "until_at", until);
        json_array_append_new(list, m);
    }
    return list;
}

/* What it declared of its size (SPEC 6.2); null where it did not. */
static void put_declared(json_t *object, const char *name, const struct number *declared)
{
    put(object, name, declared->set ? json_integer(declared->n) : json_null());
}

void get_org(struct request *rq)
{
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    struct org org;
    json_t *o;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    /* Strangers are told alike of what is not public and of what does not exist. */
    if (!state_org(rq->state, number, &org) || number == POOL) {
        if (request_reads_directory(rq, false) || request_needs_session(rq)) {
            reply_code(rq, CODE_not_found, "no such organisation");
        }
        return;
    }
    if (!request_reads_directory(rq, org.is_public) && !request_needs_session(rq)) {
        return;
    }
    if (reply_not_modified(rq)) {
        return;
    }
    o = view_org(rq, &org, sheet_of(rq, &org));
    put_declared(o, "capacity", &org.capacity);
    put_declared(o, "fte", &org.fte);
    put(o, "keys", view_keys(rq->state, number));
    put(o, "mandates", view_mandates(rq, number));
    reply_json(rq, MHD_HTTP_OK, o);
}

/* --- The directory --------------------------------------------------------------------------- */

enum org_filter { FILTER_ACTIVE, FILTER_LEFT, FILTER_ALL };
static const char *const state_words[] = {"active", "left", "all", NULL};

struct directory {
    struct request *rq;
    struct page page;
    uint32_t number; /* of the last organisation looked at */
    struct slug skill;
    int state; /* enum org_filter */
    bool searching;
    struct search_terms terms;
    unsigned skill_terms[SKILLS_MAX]; /* terms in a skill's slug and names, as in the catalogue */
};

/* Writes the strings of an object, and of the lists in it, a line each. */
static void add_words(FILE *out, json_t *object)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        json_t *value = json_object_iter_value(at);

        if (json_is_string(value)) {
            fprintf(out, "%s\n", json_string_value(value));
        }
        for (size_t i = 0; i < json_array_size(value); i++) {
            fprintf(out, "%s\n", json_string_value(json_array_get(value, i)));
        }
    }
}

/* All words of an object, folded. The caller frees; NULL without memory. */
static char *fold_words(json_t *object)
{
    char *words = NULL, *folded = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&words, &n);

    if (out) {
        add_words(out, object);
        if (fclose(out) == 0) {
            folded = search_fold(words, n);
        }
        free(words);
    }
    return folded;
}

/* Which terms occur in the slug or a name of each skill of the catalogue. */
static void search_catalogue(struct directory *d)
{
    const struct body_network_found *found = &d->rq->state->network.found;
    json_t *names = view_catalogue(d->rq);

    for (size_t i = 0; i < found->n_skills; i++) {
        char *folded = fold_words(json_object_get(names, found->skills[i].s));

        d->skill_terms[i] = search_terms_in(&d->terms, found->skills[i].s);
        if (folded) {
            d->skill_terms[i] |= search_terms_in(&d->terms, folded);
        }
        free(folded);
    }
    json_decref(names);
}

/* The folded words of a sheet, kept for the next search. */
static unsigned search_text(struct directory *d, const struct org *org)
{
    uint64_t generation = d->rq->generation;
    struct search *search = d->rq->server->search;
    char ref[REF_TEXT_SIZE];
    struct hash name;
    json_t *sheet;
    char *folded;
    unsigned found = 0;

    if (!has_sheet(d->rq, org)) {
        return 0;
    }
    ref_format(ref, &org->sheet_ref);
    hash_sha256(&name, ref, strlen(ref));
    if (search_sheet(search, generation, &name, &d->terms, &found)) {
        return found;
    }
    sheet = sheet_of(d->rq, org);
    if (!sheet) {
        return 0;
    }
    json_object_del(sheet, "contact");
    json_object_del(sheet, "website");
    folded = fold_words(sheet);
    if (folded) {
        found = search_terms_in(&d->terms, folded);
        search_keep(search, generation, &name, folded);
    }
    json_decref(sheet);
    return found;
}

/*
 * Walks the open offers of an organisation that the caller may read; true when one is of the skill,
 * if one is asked for.
 */
static bool look_at_offers(struct directory *d, uint32_t org, unsigned *found)
{
    const struct body_network_found *network = &d->rq->state->network.found;
    struct state *s = d->rq->state;
    struct thing_key key, last;
    struct offer offer;
    bool offered = false;

    for (bool more = state_next_live(s, LIVE_OFFER, org, NULL, &key); more;
         more = state_next_live(s, LIVE_OFFER, org, &last, &key)) {
        last = key;
        d->page.scanned++;
        if (!state_offer(s, &key, &offer) || !request_reads_directory(d->rq, offer.is_public)) {
            continue;
        }
        offered = offered || strcmp(offer.skill.s, d->skill.s) == 0;
        for (size_t i = 0; d->searching && i < network->n_skills; i++) {
            if (strcmp(offer.skill.s, network->skills[i].s) == 0) {
                *found |= d->skill_terms[i];
            }
        }
    }
    return offered;
}

static bool fits(struct directory *d, const struct org *org)
{
    unsigned found = 0, all = d->searching ? (1u << d->terms.n) - 1 : 0;

    if (!request_reads_directory(d->rq, org->is_public) ||
        (d->state == FILTER_ACTIVE && org->state != ORG_ACTIVE) ||
        (d->state == FILTER_LEFT && org->state != ORG_LEFT)) {
        return false;
    }
    if (d->searching) {
        found = search_terms_in(&d->terms, org->handle.s) | search_text(d, org);
    }
    if (d->skill.s[0] || found != all) {
        bool offered = look_at_offers(d, org->number, &found);

        if (d->skill.s[0] && !offered) {
            return false;
        }
    }
    return found == all;
}

static void list_orgs(struct directory *d)
{
    struct org org;

    while (state_org(d->rq->state, d->number + 1, &org)) {
        if (!page_goes_on(&d->page)) {
            page_reply(d->rq, &d->page, &d->number);
            return;
        }
        d->number = org.number;
        if (fits(d, &org)) {
            page_add(&d->page, view_org(d->rq, &org, sheet_of(d->rq, &org)));
        }
    }
    page_reply(d->rq, &d->page, NULL);
}

void get_orgs(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"q", NULL}, {"skill", NULL},
                        {"state", NULL}};
    struct directory d = {.rq = rq};

    if (!query_read(rq, q, 5) || !query_slug(rq, &q[3], &d.skill) ||
        !query_word(rq, &q[4], state_words, &d.state) ||
        !page_read(rq, "orgs", "", q, 5, sizeof d.number, &d.page) ||
        !page_read_org(rq, &d.page, &d.number)) {
        return;
    }
    d.searching = q[2].value && q[2].value[0];
    if (d.searching && !search_terms_parse(&d.terms, q[2].value)) {
        reply_query(rq, "q", "one to eight words, at most 100 bytes", q[2].value);
        page_drop(&d.page);
        return;
    }
    if (d.searching) {
        search_catalogue(&d);
    }
    if (!reply_not_modified(rq)) {
        list_orgs(&d);
    } else {
        page_drop(&d.page);
    }
    search_terms_free(&d.terms);
}
