/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the clock must do (SPEC 5.2, 6.10, 6.11): each tick and seal is made here as well and held
 * against the leaf. One that is wrong or missing is replaced by the right one, which is no leaf: it
 * turns no salt and takes no id.
 */
#include "ledger/audit_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kinds/kinds.h"
#include "ledger/seal.h"
#include "ledger/state_record.h"

static const char *number(char out[static 24], int64_t n)
{
    snprintf(out, 24, "%" PRId64, n);
    return out;
}

static bool differs(struct audit *a, struct fault *f, const char *code, const char *field,
                    int64_t expected, int64_t found)
{
    char text[24];
    return expected == found ||
           audit_fault(a, f, code, field, number(text, expected), "%" PRId64, found);
}

static bool differs_hash(struct audit *a, struct fault *f, const char *code, const char *field,
                         const struct hash *expected, const struct hash *found)
{
    char texts[2][HEX_SIZE(HASH_BYTES)];
    hex_encode(texts[0], expected->b, HASH_BYTES);
    hex_encode(texts[1], found->b, HASH_BYTES);
    return hash_equal(expected, found) || audit_fault(a, f, code, field, texts[0], "%s", texts[1]);
}

static bool differs_id(struct audit *a, struct fault *f, const char *code,
                       const struct id *expected, const struct id *found)
{
    char texts[2][ID_TEXT_SIZE];
    id_format(texts[0], expected);
    id_format(texts[1], found);
    return memcmp(expected, found, sizeof *found) == 0 ||
           audit_fault(a, f, code, "id", texts[0], "%s", texts[1]);
}

/* An entry of the clock as the rules make it. */
static void make_entry(struct audit *a, enum entry_kind kind, const struct id *id, int64_t at)
{
    struct entry *e = &a->made;
    memset(e, 0, offsetof(struct entry, network_found));
    e->kind = kind_of(kind);
    e->origin = a->origin;
    snprintf(e->by.s, sizeof e->by.s, "clock");
    e->id = *id;
    e->valid_until = at;
    e->at = -1;
}

static bool apply_made(struct audit *a, int64_t at, struct slice leaf)
{
    struct refusal why = {.code = CODE_OK};
    a->rules.index = state_size(&a->state);
    a->rules.at = at;
    a->rules.leaf = leaf;
    bool applied = rules_apply(&a->rules, &a->made, &why);
    assert(applied || kv_failed(a->kv)); /* the rules made it themselves */
    return applied;
}

/* The id of a->made is as free or as taken as it was before. */
static void restore_id(struct audit *a, bool taken, uint64_t index)
{
    struct thing_key id = {.id = a->made.id};
    struct key k = key_of_thing(&id);
    if (taken)
        state_put_id(&a->state, &id, index);
    else
        kv_del(a->kv, KV_ID, key_slice(&k));
}

/* What was made stands for the leaf, which takes its own id: another one where that is waived. */
static bool apply_for(struct audit *a, const struct audit_leaf *leaf, int64_t at)
{
    struct thing_key made = {.id = a->made.id}, own = {.id = leaf->entry.id};
    uint64_t place = a->tree.size, index = 0;
    bool taken = state_id(&a->state, &made, &index);
    if (!apply_made(a, at, audit_leaf_bytes(leaf)))
        return false;
    if (memcmp(&made.id, &own.id, sizeof own.id) == 0)
        return true;
    restore_id(a, taken, index);
    state_put_id(&a->state, &own, place);
    return true;
}

/* --- Ticks ------------------------------------------------------------------------------------ */

static bool make_tick(struct audit *a, int64_t at)
{
    struct body_clock_tick body;
    struct id id;
    if (!rules_make_tick(&a->state, at, &body, &id))
        return false;
    make_entry(a, KIND_CLOCK_TICK, &id, at);
    a->made.clock_tick = body;
    return true;
}

bool audit_pass_tick(struct audit *a, int64_t at)
{
    if (!make_tick(a, at))
        return false;
    uint64_t size = state_size(&a->state), index = 0;
    int64_t last_at = state_last_at(&a->state);
    struct thing_key id = {.id = a->made.id};
    bool taken = state_id(&a->state, &id, &index);
    if (!apply_made(a, at, (struct slice){NULL, 0}))
        return false;
    restore_id(a, taken, index);
    state_set_size(&a->state, size);
    state_set_last_at(&a->state, last_at);
    return true;
}

/* The totals in the order of their names. */
static bool check_totals(struct audit *a, const struct totals *expected, const struct totals *found,
                         struct fault *f)
{
    return differs(a, f, "tick_totals", "given", expected->given, found->given) &&
           differs(a, f, "tick_totals", "orgs", expected->orgs, found->orgs) &&
           differs(a, f, "tick_totals", "pool", expected->pool, found->pool) &&
           differs(a, f, "tick_totals", "received", expected->received, found->received);
}

bool audit_judge_tick(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    const struct entry *e = &leaf->entry;
    const struct body_clock_tick *b = &e->clock_tick;
    struct id id;
    if (!differs(a, f, "tick_time", "through", leaf->at, b->through) ||
        !differs(a, f, "tick_time", "valid_until", leaf->at, e->valid_until))
        return false;
    if (!make_tick(a, leaf->at))
        return audit_fault(a, f, "tick_not_due", "", "", "%s", "");
    const struct body_clock_tick *right = &a->made.clock_tick;
    if (!differs(a, f, "tick_count", "n", right->n, b->n) ||
        !differs_hash(a, f, "tick_effects", "effects_hash", &right->effects_hash,
                      &b->effects_hash) ||
        !check_totals(a, &right->totals, &b->totals, f))
        return false;
    id_make(&id, b->through & (((int64_t)1 << 48) - 1), b->effects_hash.b);
    if (!differs_id(a, f, "tick_id", &id, &e->id))
        return false;
    return apply_for(a, leaf, leaf->at);
}

/* `<moment> <type> <reference>` of the first due moment. */
static bool first_due(struct audit *a, int64_t at, char out[static DUE_TEXT_SIZE])
{
    struct due due;
    if (!state_first_due(&a->state, at, &due))
        return false;
    due_text(out, &a->state, &due);
    return true;
}

static void find_before(struct audit *a, const struct audit_leaf *leaf, const struct fault *f)
{
    json_t *glance = audit_glance(audit_leaf_bytes(leaf));
    audit_find_before(a, f, a->tree.size, glance);
    json_decref(glance);
}

void audit_demand_ticks(struct audit *a, const struct audit_leaf *leaf)
{
    char expected[DUE_TEXT_SIZE];
    struct fault f;
    if (!first_due(a, leaf->at, expected))
        return;
    bool missing = !audit_fault(a, &f, "tick_missing", "", expected, "%s", "");
    if (missing)
        find_before(a, leaf, &f);
    a->rules.calendar = false;
    while (audit_pass_tick(a, leaf->at))
        continue;
    if (missing && a->rules.calendar)
        audit_doubt_lines(a);
    audit_kv_keep(a->kv);
}

/* --- Seals ------------------------------------------------------------------------------------ */

void audit_demand_seal(struct audit *a, const struct audit_leaf *leaf)
{
    char expected[24];
    struct fault f;
    struct seal last = {.index = 0};
    if (!rules_seal_due(&a->state))
        return;
    snprintf(expected, sizeof expected, "%" PRIu64, a->seal_place);
    if (!audit_fault(a, &f, "seal_missing", "", expected, "%s", ""))
        find_before(a, leaf, &f);
    /* Its place is this one, and this leaf is the first of those behind it. */
    a->seal_place = a->tree.size;
    (void)state_seal(&a->state, &last);
    last.index = a->tree.size - 1;
    state_put_seal(&a->state, &last);
    audit_kv_keep(a->kv);
}

void audit_replace_seal(struct audit *a, const struct audit_leaf *leaf)
{
    struct seal seal = {.index = a->tree.size};
    struct hash inner;
    struct org pool;
    state_put_seal(&a->state, &seal);
    a->seal_place = a->tree.size;
    if (!state_org(&a->state, POOL, &pool))
        return;
    salt_of_leaf(&inner, a->origin, audit_leaf_bytes(leaf));
    salt_turn(pool.salt_chain, &inner);
    state_put_org(&a->state, &pool);
}

bool audit_judge_seal(struct audit *a, const struct audit_leaf *leaf, int64_t before,
                      struct fault *f)
{
    const struct entry *e = &leaf->entry;
    const struct body_seal_balances *b = &e->seal_balances;
    struct body_seal_balances right;
    struct id right_id, id;
    if (rules_seal_early(&a->state) && !audit_fault(a, f, "seal_early", "", "", "%s", ""))
        return false;
    if (!differs(a, f, "seal_time", "at", before, leaf->at) ||
        !differs(a, f, "seal_time", "valid_until", before, e->valid_until) ||
        !differs(a, f, "seal_size", "size", (int64_t)a->tree.size, b->size))
        return false;
    rules_make_seal(&a->state, a->origin, &right, &right_id);
    /* An id is held against what the entry itself says, so that one flaw is one. */
    seal_id(&id, leaf->at, &b->root);
    if (!differs(a, f, "seal_accounts", "accounts", right.accounts, b->accounts) ||
        !differs_hash(a, f, "seal_root", "root", &right.root, &b->root) ||
        !differs_id(a, f, "seal_id", &id, &e->id))
        return false;
    make_entry(a, KIND_SEAL_BALANCES, &right_id, before);
    a->made.seal_balances = right;
    /* With a waived seal_early the rules themselves would refuse it: no seal stands before. */
    if (rules_seal_early(&a->state))
        state_put_seal(&a->state, &(struct seal){.index = 0});
    /* Nothing changes the accounts between the two, so that their tree is not made again. */
    a->rules.made = &right;
    bool ok = apply_for(a, leaf, before);
    a->rules.made = NULL;
    return ok;
}
