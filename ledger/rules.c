/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/rules.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/books.h"
#include "ledger/kind.h"
#include "ledger/seal.h"
#include "policies/window.h"

bool rules_signers(struct rules *r, const struct entry *entry, struct signer_set *out,
                   struct refusal *why)
{
    out->n = 0;
    r->author = state_org_number(r->state, &entry->by);
    return entry->kind->signers(r, entry, out, why);
}

static const char *int_text(char out[static 24], int64_t n)
{
    snprintf(out, 24, "%" PRId64, n);
    return out;
}

static bool refuse_order(struct refusal *why, int64_t at, int64_t last)
{
    char expected[96], value[24];
    snprintf(expected, sizeof expected, "at least %" PRId64 ", the time of the last entry", last);
    return refuse(why, CODE_time_order, "at", expected, "%" PRId64, at) ||
           refuse_values(why, "at", int_text(value, last), "%" PRId64, at);
}

bool rules_entry_time(struct state *s, const struct entry *entry, int64_t now_ms, int64_t *at,
                      struct refusal *why)
{
    int64_t last = state_last_at(s);
    bool demo = s->network.founded ? s->network.found.demo
                                   : entry->kind->id == KIND_NETWORK_FOUND &&
                                         entry->network_found.demo;
    *at = now_ms > last ? now_ms : last;
    if (entry->at < 0)
        return true;
    char expected[96];
    if (!demo && !refuse(why, CODE_at_not_allowed, "at", "no such field outside a demo network",
                         "%" PRId64, entry->at))
        return false;
    if (entry->at < last && !refuse_order(why, entry->at, last))
        return false;
    snprintf(expected, sizeof expected, "at most %" PRId64 ", the present", now_ms);
    if (entry->at > now_ms &&
        !refuse(why, CODE_at_not_allowed, "at", expected, "%" PRId64, entry->at))
        return false;
    *at = entry->at;
    return true;
}

/* SPEC 5.3 */
static bool check_not_expired(struct rules *r, const struct entry *e, struct refusal *why)
{
    char value[24];
    return r->at <= e->valid_until ||
           refuse(why, CODE_expired, "valid_until", "a moment still to come",
                  "%" PRId64 " at %" PRId64, e->valid_until, r->at) ||
           refuse_values(why, "valid_until", int_text(value, r->at), "%" PRId64, e->valid_until);
}

static bool check_id_time(struct rules *r, const struct entry *e, const struct policy *policy,
                          struct refusal *why)
{
    int64_t made = id_time_ms(&e->id), latest = r->at + policy->id_skew_minutes * 60000;
    char expected[96], value[24];
    if (made <= latest)
        return true;
    snprintf(expected, sizeof expected, "a time up to %" PRId64, latest);
    return refuse(why, CODE_id_time, "id", expected, "%" PRId64, made) ||
           refuse_rule(why, "id_skew_minutes") ||
           refuse_values(why, "id", int_text(value, latest), "%" PRId64, made);
}

static bool check_not_too_far(const struct entry *e, const struct policy *policy,
                              struct refusal *why)
{
    int64_t latest = id_time_ms(&e->id) + policy->entry_days_max * WINDOW_DAY_MS;
    char expected[96], value[24];
    if (e->valid_until <= latest)
        return true;
    snprintf(expected, sizeof expected, "at most %" PRId64 ", %" PRId64 " days after the id",
             latest, policy->entry_days_max);
    return refuse(why, CODE_valid_until_too_far, "valid_until", expected, "%" PRId64,
                  e->valid_until) ||
           refuse_rule(why, "entry_days_max") ||
           refuse_values(why, "valid_until", int_text(value, latest), "%" PRId64, e->valid_until);
}

/*
 * What the clock makes has its id and times from the leaf, which its own kind holds it to; a leaf
 * may claim a time that no id can state.
 */
static bool check_validity(struct rules *r, const struct entry *e, struct refusal *why)
{
    if (e->kind->by_clock)
        return true;
    const struct policy *policy = e->kind->id == KIND_NETWORK_FOUND
                                      ? &e->network_found.policy
                                      : &r->state->network.found.policy;
    return check_not_expired(r, e, why) && check_id_time(r, e, policy, why) &&
           check_not_too_far(e, policy, why);
}

static bool check_seen(struct rules *r, const struct entry *e, struct refusal *why)
{
    struct hash root;
    char value[24];
    if (!e->has_seen || r->root_at == NULL)
        return true;
    if (e->seen_size > r->index)
        return refuse(why, CODE_seen_mismatch, "seen", "a size this log has reached",
                      "%" PRIu64 " of %" PRIu64, e->seen_size, r->index) ||
               refuse_values(why, "seen", int_text(value, (int64_t)r->index), "%" PRIu64,
                             e->seen_size);
    char expected[HEX_SIZE(HASH_BYTES)], found[HEX_SIZE(HASH_BYTES)];
    hex_encode(found, e->seen_root.b, HASH_BYTES);
    if (!r->root_at(r->root_ctx, e->seen_size, &root))
        return refuse(why, CODE_seen_mismatch, "seen", "a size whose root is known",
                      "%" PRIu64, e->seen_size) ||
               refuse_values(why, "seen", NULL, "%s", found);
    if (hash_equal(&root, &e->seen_root))
        return true;
    hex_encode(expected, root.b, HASH_BYTES);
    return refuse(why, CODE_seen_mismatch, "seen", expected, "%s", found) ||
           refuse_values(why, "seen", expected, "%s", found);
}

/* The author must be an active organisation, unless this entry makes it one, or it is the clock. */
static bool check_author(struct rules *r, const struct entry *e, struct refusal *why)
{
    r->author = 0;
    if (e->kind->id == KIND_NETWORK_FOUND || e->kind->id == KIND_ORG_ADMIT ||
        e->kind->by_clock)
        return true;
    struct org org;
    r->author = state_org_number(r->state, &e->by);
    if (r->author == 0 || !state_org(r->state, r->author, &org))
        return refuse(why, CODE_org_unknown, "by", "an organisation of this network", "%s",
                      e->by.s) ||
               refuse_values(why, "", NULL, "%s", e->by.s);
    if (org.state != ORG_ACTIVE &&
        !(refuse(why, CODE_org_left, "by", "an active organisation", "%s has left", e->by.s) ||
          refuse_values(why, "", NULL, "%s", e->by.s)))
        return false;
    (void)books_org(r, r->author);
    return true;
}

/* Puts the entry at the head of its parties' chains and into the indices. */
static void record_entry(struct rules *r, const struct entry *e)
{
    struct entry_record record = {.index = r->index,
                                  .kind = (uint8_t)e->kind->id,
                                  .at = r->at,
                                  .author = r->author,
                                  .id = e->id,
                                  .text_hash = e->text_hash};
    for (size_t i = 0; i < r->n_work; i++) {
        struct org *org = &r->work[i].after;
        if (org->number == POOL || e->kind->by_clock)
            continue;
        record.parties[record.n_parties++] =
            (struct entry_party){.org = org->number,
                                 .previous = org->last_entry,
                                 .moves = org->moves - r->work[i].before.moves,
                                 .position = org_position(org)};
        org->last_entry = r->index + 1;
    }
    state_put_entry(r->state, &record);
    struct thing_key key = {.id = e->id, .author = r->author};
    state_put_id(r->state, &key, r->index);
}

/* One account; an organisation the entry works on is written with the others. */
static void turn_salt(struct rules *r, uint32_t number, const struct hash *inner)
{
    struct org org;
    for (size_t i = 0; i < r->n_work; i++)
        if (r->work[i].after.number == number) {
            salt_turn(r->work[i].after.salt_chain, inner);
            return;
        }
    if (!state_org(r->state, number, &org)) {
        assert(kv_failed(r->state->kv)); /* who signed what was accepted exists */
        return;
    }
    salt_turn(org.salt_chain, inner);
    state_put_org(r->state, &org);
}

/*
 * SPEC 7.4. After the entry was recorded, so that a signature alone puts nobody into the entry's
 * chains.
 */
static void turn_salts(struct rules *r, const struct entry *e)
{
    struct hash inner;
    if (r->leaf.size == 0)
        return;
    salt_of_leaf(&inner, e->origin, r->leaf);
    if (e->kind->by_clock) {
        turn_salt(r, POOL, &inner);
        return;
    }
    for (size_t i = 0; i < r->signers->n; i++)
        turn_salt(r, state_org_number(r->state, &r->signers->v[i].handle), &inner);
}

bool rules_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    r->n_work = 0;
    r->exchanges = 0;
    r->look_last = POOL;
    r->look_owed = false;
    if (r->outcome != NULL) {
        r->outcome->n_changes = r->outcome->n_limits = 0;
        r->outcome->has_pool = false;
    }
    assert(state_size(r->state) == r->index || kv_failed(r->state->kv));
    if (!r->state->network.founded && e->kind->id != KIND_NETWORK_FOUND)
        return refuse(why, CODE_network_not_founded, "kind", "network.found first", "%s",
                      e->kind->name);
    assert(e->kind->by_clock || !rules_tick_due(r->state, r->at));
    if (!check_author(r, e, why) || !check_validity(r, e, why) || !check_seen(r, e, why) ||
        !e->kind->apply(r, e, why))
        return false;
    record_entry(r, e);
    turn_salts(r, e);
    books_settle(r);
    state_set_size(r->state, r->index + 1);
    state_set_last_at(r->state, r->at);
    return true;
}

/* --- Recounting ------------------------------------------------------------------------------- */

static bool sums_equal(const struct sums *a, const struct sums *b)
{
    return a->orgs == b->orgs && a->given == b->given && a->received == b->received &&
           a->given_pending == b->given_pending && a->received_pending == b->received_pending &&
           a->positions == b->positions && a->pool == b->pool;
}

bool rules_recount_positions(struct state *s, char *why, size_t why_size)
{
    struct sums sums, found = {0};
    struct org org;
    state_sums(s, &sums);
    for (uint32_t i = 1; i <= sums.orgs && state_org(s, i, &org); i++) {
        found.orgs++;
        found.given += org.given_posted;
        found.received += org.received_posted;
        found.given_pending += org.given_pending;
        found.received_pending += org.received_pending;
        found.positions += org_position(&org);
    }
    if (state_org(s, POOL, &org))
        found.pool = org_position(&org);
    if (found.positions + found.pool != 0)
        snprintf(why, why_size, "positions sum to %" PRId64 ", the pool stands at %" PRId64,
                 found.positions, found.pool);
    else if (found.given != found.received || found.given_pending != found.received_pending)
        snprintf(why, why_size, "given %" PRId64 "+%" PRId64 ", received %" PRId64 "+%" PRId64,
                 found.given, found.given_pending, found.received, found.received_pending);
    else if (!sums_equal(&found, &sums))
        snprintf(why, why_size, "the stored totals differ from those of %" PRIu32
                 " organisations", found.orgs);
    else
        return true;
    return false;
}

static bool recount_pairs(struct state *s, char *why, size_t why_size)
{
    struct sums sums;
    struct pair pair = {.from = 0};
    int64_t minutes = 0;
    state_sums(s, &sums);
    while (state_next_pair(s, pair.from, pair.to, &pair))
        minutes += pair.minutes;
    if (minutes == sums.given)
        return true;
    snprintf(why, why_size, "pairs sum to %" PRId64 " minutes, given are %" PRId64, minutes,
             sums.given);
    return false;
}

/* What an organisation has pending is what is left of its live agreements. */
static bool recount_pending(struct state *s, uint32_t number, char *why, size_t why_size)
{
    struct org org;
    struct thing_key key;
    struct agreement a;
    int64_t given = 0, received = 0;
    if (!state_org(s, number, &org))
        return true;
    for (bool more = state_next_live(s, LIVE_AGREEMENT, number, NULL, &key); more;
         more = state_next_live(s, LIVE_AGREEMENT, number, &key, &key)) {
        if (!state_agreement(s, &key, &a))
            return false;
        for (size_t i = 0; i < a.n; i++) {
            int64_t left = a.pairs[i].minutes - a.pairs[i].other;
            given += a.pairs[i].from == number ? left : 0;
            received += a.pairs[i].to == number ? left : 0;
        }
    }
    if (given == org.given_pending && received == org.received_pending)
        return true;
    snprintf(why, why_size, "%s has %" PRId64 "/%" PRId64 " pending, its agreements %" PRId64
             "/%" PRId64, org.handle.s, org.given_pending, org.received_pending, given, received);
    return false;
}

/* The window sums are what the day buckets of each organisation's window hold: one walk over both.
 */
static bool recount_windows(struct state *s, uint32_t orgs, char *why, size_t why_size)
{
    struct org *org = calloc((size_t)orgs + 1, sizeof *org);
    if (org == NULL) {
        snprintf(why, why_size, "no memory to recount the windows");
        return false;
    }
    bool ok = true;
    int32_t days = (int32_t)s->network.found.policy.window_days, day = DAY_MAX;
    for (uint32_t i = 1; i <= orgs && ok; i++) {
        ok = state_org(s, i, &org[i]);
        day = org[i].window_from < day ? org[i].window_from : day;
    }
    struct pair_day bucket;
    uint32_t i = 0;
    while (ok && state_next_org_day(s, &day, &i, &bucket))
        if (i <= orgs && day >= org[i].window_from && day < org[i].window_from + days) {
            org[i].given_year -= bucket.minutes;
            org[i].received_year -= bucket.other;
        }
    for (i = 1; i <= orgs && ok; i++) {
        ok = org[i].given_year == 0 && org[i].received_year == 0;
        if (!ok)
            snprintf(why, why_size, "the window of %s holds %" PRId64 "/%" PRId64
                     " minutes more than its days", org[i].handle.s, org[i].given_year,
                     org[i].received_year);
    }
    free(org);
    return ok;
}

bool rules_recount(struct state *s, char *why, size_t why_size)
{
    struct sums sums;
    if (!rules_recount_positions(s, why, why_size) || !recount_pairs(s, why, why_size))
        return false;
    state_sums(s, &sums);
    for (uint32_t i = 1; i <= sums.orgs; i++)
        if (!recount_pending(s, i, why, why_size))
            return false;
    return recount_windows(s, sums.orgs, why, why_size);
}
