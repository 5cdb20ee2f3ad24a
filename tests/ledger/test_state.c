/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a state has at hand (ledger/state.h) against the tables. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ledger/state_record.h"
#include "tests/model/random.h"

#define ORGS 20
#define STEPS 4000

static struct state state, fresh;

static struct handle handle_of(uint32_t number)
{
    struct handle h;

    snprintf(h.s, sizeof h.s, "org-%02u", (unsigned)number);
    return h;
}

static void admit(uint32_t number)
{
    struct handle handle = handle_of(number);
    struct org org = {.number = number, .handle = handle, .state = ORG_ACTIVE};

    cr_assert_eq(state_org_number(&state, &handle), 0, "a name that is not there is not kept");
    state_put_handle(&state, &handle, number);
    state_put_org(&state, &org);
}

/* Few, so that they meet again; some share a place. */
static struct key_id some_key_id(struct rng *rng)
{
    return (struct key_id){.b = {0, (uint8_t)(8 * rng_below(rng, 2)), (uint8_t)rng_below(rng, 2)}};
}

/* What a state that has just been attached reads in the same tables. */
static void compare(struct kv *kv, struct rng *rng)
{
    uint32_t number = 1 + (uint32_t)rng_below(rng, ORGS + 1);
    struct handle handle = handle_of(number);
    struct org a, b;
    struct sums x, y;
    struct quarter p, q;
    struct due first, due;
    struct org_key x_key, y_key;
    struct key_id id = some_key_id(rng);
    bool there = state_key(&state, number, &id, &x_key);

    state_attach(&fresh, kv);
    cr_assert_eq(there, state_key(&fresh, number, &id, &y_key));
    cr_assert(!there || (x_key.org == number && x_key.revoked_index == y_key.revoked_index));
    cr_assert_eq(state_org(&state, number, &a), state_org(&fresh, number, &b));
    cr_assert_eq(state_org_number(&state, &handle), state_org_number(&fresh, &handle));
    if (number <= ORGS) {
        cr_assert(a.number == number && b.number == number);
        cr_assert_str_eq(a.handle.s, b.handle.s);
        cr_assert(a.given_posted == b.given_posted && a.needs == b.needs);
        cr_assert(memcmp(a.salt_chain, b.salt_chain, sizeof a.salt_chain) == 0);
    }
    cr_assert_eq(state_size(&state), state_size(&fresh));
    cr_assert_eq(state_last_at(&state), state_last_at(&fresh));
    state_sums(&state, &x);
    state_sums(&fresh, &y);
    cr_assert(x.given == y.given && x.orgs == y.orgs);
    state_quarter(&state, &p);
    state_quarter(&fresh, &q);
    cr_assert(p.budget == q.budget && p.spent == q.spent);
    cr_assert_eq(state_first_due(&state, 50, &first), state_first_due(&fresh, 50, &due));
    cr_assert(first.moment == due.moment && first.type == due.type);
    cr_assert_eq(first.key.author, due.key.author);
}

/* Few, so that the first is often among them. */
static struct due some_due(struct rng *rng)
{
    return (struct due){.moment = (int64_t)rng_below(rng, 100),
                        .type = (uint8_t)(1 + rng_below(rng, 2)),
                        .key.author = 1 + (uint32_t)rng_below(rng, 2)};
}

/* A key that was just read changes. */
static void put_key(struct rng *rng, uint32_t org)
{
    struct org_key key = {
        .org = org, .id = some_key_id(rng), .revoked_index = rng_below(rng, 9)}, read;

    (void)state_key(&state, org, &key.id, &read);
    state_put_key(&state, &key);
    cr_assert(state_key(&state, org, &key.id, &read));
    cr_assert_eq(read.revoked_index, key.revoked_index);
}

static void change(struct rng *rng)
{
    struct org org;
    struct sums sums;
    struct quarter quarter;
    struct due due = some_due(rng);

    cr_assert(state_org(&state, 1 + (uint32_t)rng_below(rng, ORGS), &org));
    switch (rng_below(rng, 10)) {
    case 0:
        org.needs++;
        state_put_org(&state, &org);
        return;
    case 1:
        org.given_posted++;
        org.salt_chain[rng_below(rng, HASH_BYTES)]++;
        state_put_org(&state, &org);
        return;
    case 2:
        state_set_size(&state, state_size(&state) + 1);
        return;
    case 3:
        state_set_last_at(&state, state_last_at(&state) + 7);
        return;
    case 4:
        state_sums(&state, &sums);
        sums.given += 3;
        state_put_sums(&state, &sums);
        return;
    case 5:
        state_put_due(&state, &due);
        return;
    case 6:
        state_del_due(&state, &due);
        return;
    case 7:
        put_key(rng, org.number);
        return;
    case 8:
        if (state_first_due(&state, INT64_MAX, &due)) {
            state_del_due(&state, &due);
        }
        return;
    default:
        state_quarter(&state, &quarter);
        quarter.spent++;
        state_put_quarter(&state, &quarter);
    }
}

static void play(bool many)
{
    struct kv *base = kv_memory_new(NULL), *overlay = kv_memory_new(base);
    struct rng rng;

    rng_seed(&rng, 5);
    cr_assert(!many || state_keep_many(&state));
    state_attach(&state, overlay);
    for (uint32_t i = 1; i <= ORGS; i++) {
        admit(i);
    }
    kv_memory_flush(overlay);
    for (int i = 0; i < STEPS; i++) {
        for (size_t n = rng_below(&rng, 12); n > 0; n--) {
            change(&rng);
            compare(overlay, &rng);
        }
        if (rng_chance(&rng, 300)) { /* refused: nothing of it stays */
            kv_memory_clear(overlay);
            state_attach(&state, overlay);
        } else {
            kv_memory_flush(overlay);
            kv_memory_free(overlay); /* the next transaction */
            overlay = kv_memory_new(base);
            state_follow(&state, overlay);
        }
        compare(base, &rng);
    }
    state_keep_few(&state);
    kv_memory_free(overlay);
    kv_memory_free(base);
}

Test(state, has_at_hand_what_stands_in_the_tables)
{
    play(false);
}

Test(state, has_more_at_hand_when_it_keeps_many)
{
    play(true);
}
