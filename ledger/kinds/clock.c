/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* clock.tick: what happens because time passes (SPEC 5.2, 6.10). */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "ledger/books.h"
#include "ledger/kinds/kinds.h"

#define TICK_MOMENTS_MAX 1000

static const struct field tick_fields[] = {
    {"effects_hash", F_HASH, .offset = AT(clock_tick.effects_hash)},
    {"n", F_INT, .offset = AT(clock_tick.n), .min = 1, .max = TICK_MOMENTS_MAX},
    {"through", F_INT, .offset = AT(clock_tick.through), .min = 0, .max = INTEGER_MAX},
    {"totals", F_TOTALS, .offset = AT(clock_tick.totals)},
};

static void pass(struct rules *r, const struct due *due, struct hash_stream *effects)
{
    struct agreement a;
    struct need need;
    struct offer offer;
    switch ((enum due_type)due->type) {
    case DUE_AGREEMENT_EXPIRY:
        if (state_agreement(r->state, &due->key, &a))
            agreement_end(r, &a, LIFE_EXPIRED);
        break;
    case DUE_NEED_EXPIRY:
        if (state_need(r->state, &due->key, &need))
            need_end(r, &need, LIFE_EXPIRED);
        break;
    case DUE_OFFER_EXPIRY:
        if (state_offer(r->state, &due->key, &offer))
            offer_end(r, &offer, LIFE_EXPIRED);
        break;
    case DUE_URGENCY_LAPSE:
        if (state_need(r->state, &due->key, &need))
            need_urgency_lapse(r, &need);
        break;
    case DUE_CRISIS_CHECK:
        crisis_check(r, due->moment, effects);
        break;
    case DUE_POOL_CLOSING:
        pool_closing(r, due->moment, effects);
        break;
    }
    books_settle(r);
}

void due_text(char out[static DUE_TEXT_SIZE], struct state *s, const struct due *due)
{
    static const char *const words[] = {"", "agreement_expiry", "need_expiry", "offer_expiry",
                                        "urgency_lapse", "crisis_check", "pool_closing"};
    struct org author;
    struct ref ref = {.id = due->key.id};
    if (state_org(s, due->key.author, &author))
        ref.by = author.handle;
    char text[REF_TEXT_SIZE];
    ref_format(text, &ref);
    snprintf(out, DUE_TEXT_SIZE, "%" PRId64 " %s %s", due->moment, words[due->type], text);
}

static void hash_due(struct state *s, struct hash_stream *h, const struct due *due)
{
    char text[DUE_TEXT_SIZE];
    due_text(text, s, due);
    hash_stream_add(h, text, strlen(text));
    hash_stream_add(h, "\n", 1);
}

/*
 * Ending one thing can end the moments of another (a need that expires takes its urgency with it),
 * so the moments of a tick are those found one after another while they pass. Making a tick
 * therefore passes them on an overlay, and applying it passes them in the state.
 */
static int64_t pass_all(struct rules *r, struct hash *effects)
{
    struct hash_stream h;
    struct due due;
    int64_t n = 0;
    hash_stream_start(&h);
    bool more = state_first_due(r->state, r->at, &due);
    for (; more && n < TICK_MOMENTS_MAX; more = state_next_due(r->state, &due, r->at, &due)) {
        hash_due(r->state, &h, &due);
        state_del_due(r->state, &due);
        pass(r, &due, &h);
        n++;
    }
    hash_stream_end(&h, effects);
    return n;
}

static void totals_now(struct state *s, struct totals *out)
{
    struct sums sums;
    state_sums(s, &sums);
    *out = (struct totals){
        .given = sums.given, .received = sums.received, .pool = sums.pool, .orgs = sums.orgs};
}

static void tick_id(struct id *id, int64_t through, const struct hash *effects)
{
    id_make(id, through, effects->b);
}

bool rules_tick_due(struct state *s, int64_t at)
{
    struct due due;
    return state_first_due(s, at, &due);
}

bool rules_make_tick(struct state *s, int64_t at, struct body_clock_tick *body, struct id *id)
{
    if (!rules_tick_due(s, at))
        return false;
    struct kv *base = s->kv, *overlay = kv_memory_new(base);
    if (overlay == NULL)
        return false;
    state_attach(s, overlay);
    struct rules r = {.state = s, .at = at};
    memset(body, 0, sizeof *body);
    body->through = at;
    body->n = pass_all(&r, &body->effects_hash);
    totals_now(s, &body->totals);
    state_attach(s, base);
    kv_memory_free(overlay);
    tick_id(id, at, &body->effects_hash);
    return true;
}

static bool tick_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_clock_tick *b = &e->clock_tick;
    struct hash effects;
    struct totals totals;
    struct id id;
    if (b->through != r->at || e->valid_until != r->at)
        return refuse(why, CODE_field_invalid, b->through != r->at ? "through" : "valid_until",
                      "the time of the leaf", "%" PRId64 ", %" PRId64, b->through, e->valid_until);
    int64_t n = pass_all(r, &effects);
    if (n != b->n || !hash_equal(&effects, &b->effects_hash))
        return refuse(why, CODE_field_invalid, "effects_hash", "the moments that are due",
                      "%" PRId64 " moments, %" PRId64 " stated", n, b->n);
    totals_now(r->state, &totals);
    if (memcmp(&totals, &b->totals, sizeof totals) != 0)
        return refuse(why, CODE_field_invalid, "totals", "the network's totals", "others");
    tick_id(&id, b->through, &effects);
    if (memcmp(&id, &e->id, sizeof id) != 0)
        return refuse(why, CODE_field_invalid, "id", "the id derived from the tick", "another");
    char wrong[160];
    bool balanced = rules_recount_positions(r->state, wrong, sizeof wrong);
    if (!balanced && !kv_failed(r->state->kv)) {
        fprintf(stderr, "sem: the books do not balance: %s\n", wrong);
        assert(balanced);
    }
    return true;
}

const struct kind kind_clock_tick = {.name = "clock.tick",
                                     .id = KIND_CLOCK_TICK,
                                     .by_clock = true,
                                     FIELDS(tick_fields),
                                     .signers = signers_clock,
                                     .apply = tick_apply};
