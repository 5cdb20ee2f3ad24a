/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Offers, needs, agreements, hours, their texts, what of them is live and when it ends. */
#include "ledger/state_record.h"

/* --- Layouts: one function for both directions ------------------------------------------------ */

static void lay_optional_thing(struct record *r, bool *has, struct thing_key *t)
{
    record_bool(r, has);
    if (*has)
        lay_thing(r, t);
}

static void lay_offer(struct record *r, struct offer *o)
{
    record_var_u64(r, &o->index);
    record_u8(r, &o->life);
    record_u8(r, &o->type);
    record_bool(r, &o->is_public);
    record_text(r, o->skill.s, sizeof o->skill.s);
    record_var_i64(r, &o->published_at);
    record_var_i64(r, &o->renewed_at);
    record_var_i64(r, &o->expires);
    record_var_i64(r, &o->ended_at);
    record_var_i64(r, &o->minutes_month);
    record_count(r, &o->n_providers, PARTIES_MAX);
    for (size_t i = 0; i < o->n_providers; i++)
        record_var_u32(r, &o->providers[i]);
}

static void lay_need(struct record *r, struct need *n)
{
    record_var_u64(r, &n->index);
    record_u8(r, &n->life);
    record_u8(r, &n->type);
    record_bool(r, &n->is_public);
    record_bool(r, &n->urgent_declared);
    record_text(r, n->skill.s, sizeof n->skill.s);
    record_var_i64(r, &n->published_at);
    record_var_i64(r, &n->expires);
    record_var_i64(r, &n->ended_at);
    record_var_i64(r, &n->minutes);
    record_var_i64(r, &n->served);
    record_var_i64(r, &n->reserved);
    record_var_u32(r, &n->voucher);
    record_var_i64(r, &n->urgent_until);
    record_bool(r, &n->fragile);
    record_var_u32(r, &n->ordinal);
    record_var_i64(r, &n->in_time);
}

static void lay_pairs(struct record *r, size_t *n, struct pair_minutes *pairs)
{
    record_count(r, n, SHARES_MAX);
    for (size_t i = 0; i < *n; i++) {
        record_var_u32(r, &pairs[i].from);
        record_var_u32(r, &pairs[i].to);
        record_var_i64(r, &pairs[i].minutes);
        record_var_i64(r, &pairs[i].other);
    }
}

static void lay_agreement(struct record *r, struct agreement *a)
{
    record_var_u64(r, &a->index);
    record_u8(r, &a->life);
    record_var_i64(r, &a->signed_at);
    record_var_i64(r, &a->expires);
    record_var_i64(r, &a->ended_at);
    lay_optional_thing(r, &a->has_offer, &a->offer);
    lay_optional_thing(r, &a->has_need, &a->need);
    lay_pairs(r, &a->n, a->pairs);
}

static void lay_hours(struct record *r, struct hours *h)
{
    record_var_u64(r, &h->index);
    record_var_i64(r, &h->at);
    record_var_i32(r, &h->day);
    record_var_i32(r, &h->bucket);
    record_bool(r, &h->gift);
    record_bool(r, &h->counted);
    lay_optional_thing(r, &h->has_agreement, &h->agreement);
    lay_optional_thing(r, &h->has_need, &h->need);
    lay_pairs(r, &h->n, h->pairs);
    for (size_t i = 0; i < h->n && h->has_need; i++)
        record_var_i64(r, &h->pairs[i].paid);
}

static void lay_detail(struct record *r, struct detail *d)
{
    lay_thing(r, &d->subject);
    record_u8(r, &d->slot);
    lay_hash(r, &d->commit);
    record_var_u64(r, &d->index);
    record_bool(r, &d->erased);
    record_var_u64(r, &d->erased_index);
    record_var_i64(r, &d->erased_at);
    record_text(r, d->kind, sizeof d->kind);
    record_count(r, &d->n_owners, PARTIES_MAX);
    for (size_t i = 0; i < d->n_owners; i++)
        record_var_u32(r, &d->owners[i]);
}

/* --- Things ----------------------------------------------------------------------------------- */

/* The four accessors that every thing has: get, put and the walk in time order. */
#define THING(name, table) \
    bool state_##name(struct state *s, const struct thing_key *key, struct name *out) \
    { \
        const struct thing_key own = *key; /* which may stand in *out */ \
        struct key k = key_of_thing(key); \
        GET(table, k, lay_##name, out); \
        out->key = own; \
        return true; \
    } \
    void state_put_##name(struct state *s, const struct name *thing) \
    { \
        struct key k = key_of_thing(&thing->key); \
        PUT(table, k, lay_##name, struct name, thing); \
    } \
    bool state_next_##name(struct state *s, const struct thing_key *after, struct name *out) \
    { \
        struct key k = key_of_thing(after); \
        struct slice found, value; \
        if (!kv_seek(s->kv, table, key_slice(&k), after != NULL, &found, &value)) \
            return false; \
        struct record r = record_reader(value); \
        memset(out, 0, sizeof *out); \
        lay_##name(&r, out); \
        r = record_reader(found); \
        lay_thing(&r, &out->key); \
        return true; \
    }

THING(offer, KV_OFFER)
THING(need, KV_NEED)
THING(agreement, KV_AGREEMENT)
THING(hours, KV_HOURS)

const char *life_word(enum life life)
{
    static const char *const words[] = {"",        "open", "withdrawn", "expired",
                                        "met", "closed", "cancelled"};
    assert(life >= LIFE_OPEN && life <= LIFE_CANCELLED);
    return words[life];
}

static struct key key_of_detail(const struct thing_key *subject, enum slot slot)
{
    struct key k = key_of_thing(subject);
    key_u8(&k, (uint8_t)slot);
    return k;
}

bool state_detail(struct state *s, const struct thing_key *subject, enum slot slot,
                  struct detail *out)
{
    struct key k = key_of_detail(subject, slot);
    GET(KV_DETAIL, k, lay_detail, out);
    return true;
}

void state_put_detail(struct state *s, const struct detail *d)
{
    struct key k = key_of_detail(&d->subject, (enum slot)d->slot);
    PUT(KV_DETAIL, k, lay_detail, struct detail, d);
}

/* --- Live things and due moments -------------------------------------------------------------- */

static struct key key_of_live(enum live_type type, uint32_t org, const struct thing_key *key)
{
    struct key k = {.n = 0};
    key_u8(&k, (uint8_t)type);
    key_u32(&k, org);
    if (key != NULL)
        key_thing(&k, key);
    return k;
}

void state_put_live(struct state *s, enum live_type type, uint32_t org, const struct thing_key *key)
{
    struct key k = key_of_live(type, org, key);
    kv_put(s->kv, KV_LIVE, key_slice(&k), (struct slice){(const uint8_t *)"", 0});
}

void state_del_live(struct state *s, enum live_type type, uint32_t org, const struct thing_key *key)
{
    struct key k = key_of_live(type, org, key);
    kv_del(s->kv, KV_LIVE, key_slice(&k));
}

bool state_next_live(struct state *s, enum live_type type, uint32_t org,
                     const struct thing_key *after, struct thing_key *out)
{
    struct key k = key_of_live(type, org, after);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_LIVE, key_slice(&k), after != NULL, &found, &value))
        return false;
    struct record r = record_reader(found);
    uint8_t found_type = 0;
    uint32_t found_org = 0;
    record_u8(&r, &found_type);
    record_u32(&r, &found_org);
    lay_thing(&r, out);
    return found_type == type && found_org == org;
}

static struct key key_of_due(const struct due *due)
{
    struct key k = {.n = 0};
    key_u64(&k, (uint64_t)due->moment);
    key_u8(&k, due->type);
    key_u32(&k, due->key.author);
    key_bytes(&k, due->key.id.b, sizeof due->key.id.b);
    return k;
}

/* What is put or taken away at or before the first moment may make another one the first. */
static void forget_due(struct state *s, int64_t moment)
{
    if (moment <= s->kept.due.moment)
        s->kept.due_known = false;
}

void state_put_due(struct state *s, const struct due *due)
{
    struct key k = key_of_due(due);
    forget_due(s, due->moment);
    kv_put(s->kv, KV_DUE, key_slice(&k), (struct slice){(const uint8_t *)"", 0});
}

void state_del_due(struct state *s, const struct due *due)
{
    struct key k = key_of_due(due);
    forget_due(s, due->moment);
    kv_del(s->kv, KV_DUE, key_slice(&k));
}

static bool seek_due(struct state *s, const struct key *k, bool after, int64_t until,
                     struct due *out)
{
    struct slice found, value;
    if (!kv_seek(s->kv, KV_DUE, key_slice(k), after, &found, &value))
        return false;
    struct record r = record_reader(found);
    record_i64(&r, &out->moment);
    record_u8(&r, &out->type);
    record_u32(&r, &out->key.author);
    record_bytes(&r, out->key.id.b, sizeof out->key.id.b);
    return out->moment <= until;
}

/* Every entry asks what is due before it, and few change that: the first moment is at hand. */
bool state_first_due(struct state *s, int64_t until, struct due *out)
{
    struct state_kept *kept = &s->kept;
    struct key start = {.n = 0};
    if (!kept->due_known) {
        if (!seek_due(s, &start, false, INT64_MAX, &kept->due))
            kept->due = (struct due){.moment = INT64_MAX};
        kept->due_known = !kv_failed(s->kv);
    }
    *out = kept->due;
    return out->type != 0 && out->moment <= until;
}

bool state_next_due(struct state *s, const struct due *after, int64_t until, struct due *out)
{
    struct key k = key_of_due(after);
    return seek_due(s, &k, true, until, out);
}
