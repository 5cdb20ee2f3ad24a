/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/state.h"

#include "ledger/record.h"
#include "policies/window.h"

/* Large enough for every record; network.found is the largest. */
#define RECORD_MAX 16384

/* --- Keys ------------------------------------------------------------------------------------- */

struct key {
    uint8_t b[KV_KEY_MAX];
    size_t n;
};

static struct slice key_slice(const struct key *k)
{
    return (struct slice){k->b, k->n};
}

static void key_u8(struct key *k, uint8_t v)
{
    k->b[k->n++] = v;
}

static void key_u32(struct key *k, uint32_t v)
{
    for (int i = 24; i >= 0; i -= 8)
        key_u8(k, (uint8_t)(v >> i));
}

static void key_u64(struct key *k, uint64_t v)
{
    key_u32(k, (uint32_t)(v >> 32));
    key_u32(k, (uint32_t)v);
}

static void key_bytes(struct key *k, const void *p, size_t n)
{
    memcpy(k->b + k->n, p, n);
    k->n += n;
}

static void key_thing(struct key *k, const struct thing_key *t)
{
    key_bytes(k, t->id.b, sizeof t->id.b);
    key_u32(k, t->author);
}

static struct key key_of_number(uint32_t n)
{
    struct key k = {.n = 0};
    key_u32(&k, n);
    return k;
}

static struct key key_of_thing(const struct thing_key *t)
{
    struct key k = {.n = 0};
    if (t != NULL)
        key_thing(&k, t);
    return k;
}

static struct key key_of_word(const char *word)
{
    struct key k = {.n = 0};
    key_bytes(&k, word, strlen(word));
    return k;
}

/* --- Layouts: one function for both directions ------------------------------------------------ */

static void lay_thing(struct record *r, struct thing_key *t)
{
    record_bytes(r, t->id.b, sizeof t->id.b);
    record_u32(r, &t->author);
}

static void lay_optional_thing(struct record *r, bool *has, struct thing_key *t)
{
    record_bool(r, has);
    if (*has)
        lay_thing(r, t);
}

static void lay_hash(struct record *r, struct hash *h)
{
    record_bytes(r, h->b, sizeof h->b);
}

static void lay_commit(struct record *r, struct commit *c)
{
    record_bool(r, &c->set);
    if (c->set)
        lay_hash(r, &c->h);
}

static void lay_org(struct record *r, struct org *o)
{
    record_u32(r, &o->number);
    record_text(r, o->handle.s, sizeof o->handle.s);
    record_u8(r, &o->state);
    record_bool(r, &o->is_public);
    lay_commit(r, &o->sheet);
    record_text(r, o->sheet_ref.by.s, sizeof o->sheet_ref.by.s);
    record_bytes(r, o->sheet_ref.id.b, sizeof o->sheet_ref.id.b);
    record_u64(r, &o->admitted_index);
    record_u64(r, &o->last_entry);
    record_i64(r, &o->admitted_at);
    record_i64(r, &o->confirmed_at);
    record_i64(r, &o->left_at);
    record_u32(r, &o->admin_keys);
    record_i64(r, &o->given_posted);
    record_i64(r, &o->received_posted);
    record_i64(r, &o->given_pending);
    record_i64(r, &o->received_pending);
    record_i64(r, &o->moves);
    record_i64(r, &o->given_gifts);
    record_i64(r, &o->received_gifts);
    record_i64(r, &o->given_count);
    record_i64(r, &o->received_count);
    record_i32(r, &o->window_from);
    record_i64(r, &o->given_year);
    record_i64(r, &o->received_year);
}

static void lay_org_key(struct record *r, struct org_key *k)
{
    record_u32(r, &k->org);
    record_bytes(r, k->id.b, sizeof k->id.b);
    record_bytes(r, k->key.b, sizeof k->key.b);
    record_u8(r, &k->scope);
    record_i64(r, &k->ceiling);
    record_u64(r, &k->since_index);
    record_u64(r, &k->revoked_index);
}

static void lay_offer(struct record *r, struct offer *o)
{
    lay_thing(r, &o->key);
    record_u64(r, &o->index);
    record_u8(r, &o->life);
    record_u8(r, &o->type);
    record_bool(r, &o->is_public);
    record_text(r, o->skill.s, sizeof o->skill.s);
    record_i64(r, &o->published_at);
    record_i64(r, &o->renewed_at);
    record_i64(r, &o->expires);
    record_i64(r, &o->minutes_month);
    record_count(r, &o->n_providers, PARTIES_MAX);
    for (size_t i = 0; i < o->n_providers; i++)
        record_u32(r, &o->providers[i]);
}

static void lay_need(struct record *r, struct need *n)
{
    lay_thing(r, &n->key);
    record_u64(r, &n->index);
    record_u8(r, &n->life);
    record_u8(r, &n->type);
    record_bool(r, &n->is_public);
    record_bool(r, &n->urgent_declared);
    record_text(r, n->skill.s, sizeof n->skill.s);
    record_i64(r, &n->published_at);
    record_i64(r, &n->expires);
    record_i64(r, &n->minutes);
    record_i64(r, &n->served);
    record_i64(r, &n->reserved);
    record_u32(r, &n->voucher);
    record_i64(r, &n->urgent_until);
}

static void lay_pairs(struct record *r, size_t *n, struct pair_minutes *pairs)
{
    record_count(r, n, SHARES_MAX);
    for (size_t i = 0; i < *n; i++) {
        record_u32(r, &pairs[i].from);
        record_u32(r, &pairs[i].to);
        record_i64(r, &pairs[i].minutes);
        record_i64(r, &pairs[i].other);
    }
}

static void lay_agreement(struct record *r, struct agreement *a)
{
    lay_thing(r, &a->key);
    record_u64(r, &a->index);
    record_u8(r, &a->life);
    record_i64(r, &a->signed_at);
    record_i64(r, &a->expires);
    record_i64(r, &a->ended_at);
    lay_optional_thing(r, &a->has_offer, &a->offer);
    lay_optional_thing(r, &a->has_need, &a->need);
    lay_pairs(r, &a->n, a->pairs);
}

static void lay_hours(struct record *r, struct hours *h)
{
    lay_thing(r, &h->key);
    record_u64(r, &h->index);
    record_i64(r, &h->at);
    record_i32(r, &h->day);
    record_i32(r, &h->bucket);
    record_bool(r, &h->gift);
    record_bool(r, &h->counted);
    lay_optional_thing(r, &h->has_agreement, &h->agreement);
    lay_optional_thing(r, &h->has_need, &h->need);
    lay_pairs(r, &h->n, h->pairs);
}

static void lay_detail(struct record *r, struct detail *d)
{
    lay_thing(r, &d->subject);
    record_u8(r, &d->slot);
    lay_hash(r, &d->commit);
    record_u64(r, &d->index);
    record_bool(r, &d->erased);
    record_u64(r, &d->erased_index);
    record_i64(r, &d->erased_at);
    record_text(r, d->kind, sizeof d->kind);
    record_count(r, &d->n_owners, PARTIES_MAX);
    for (size_t i = 0; i < d->n_owners; i++)
        record_u32(r, &d->owners[i]);
}

static void lay_entry(struct record *r, struct entry_record *e)
{
    record_u64(r, &e->index);
    record_u8(r, &e->kind);
    record_i64(r, &e->at);
    record_u32(r, &e->author);
    record_bytes(r, e->id.b, sizeof e->id.b);
    lay_hash(r, &e->text_hash);
    record_count(r, &e->n_parties, ENTRY_PARTIES_MAX);
    for (size_t i = 0; i < e->n_parties; i++) {
        record_u32(r, &e->parties[i].org);
        record_u64(r, &e->parties[i].previous);
    }
}

static void lay_pair(struct record *r, struct pair *p)
{
    record_u32(r, &p->from);
    record_u32(r, &p->to);
    record_i64(r, &p->minutes);
    record_i64(r, &p->gift_minutes);
    record_i64(r, &p->count);
    record_i64(r, &p->last_at);
}

static void lay_pair_day(struct record *r, struct pair_day *d)
{
    record_i64(r, &d->minutes);
    record_i64(r, &d->other);
}

static void lay_sums(struct record *r, struct sums *s)
{
    record_u32(r, &s->orgs);
    record_i64(r, &s->given);
    record_i64(r, &s->received);
    record_i64(r, &s->given_pending);
    record_i64(r, &s->received_pending);
    record_i64(r, &s->positions);
    record_i64(r, &s->pool);
    record_i64(r, &s->exchanges);
}

static void lay_founding(struct record *r, struct body_network_found *f)
{
    lay_hash(r, &f->charter);
    record_bytes(r, f->clock_key.b, sizeof f->clock_key.b);
    record_bytes(r, f->log_key.b, sizeof f->log_key.b);
    record_bytes(r, f->refusal_key.b, sizeof f->refusal_key.b);
    record_bool(r, &f->demo);
    record_bool(r, &f->public_bundles);
    record_bool(r, &f->public_directory);
    record_i64(r, &f->rules_version);
    lay_commit(r, &f->skills_details);
    record_count(r, &f->n_skills, SKILLS_MAX);
    for (size_t i = 0; i < f->n_skills; i++)
        record_text(r, f->skills[i].s, sizeof f->skills[i].s);
    size_t n;
    const struct policy_key *keys = policy_keys(&n);
    for (size_t i = 0; i < n; i++)
        record_i64(r, (int64_t *)(void *)((char *)&f->policy + keys[i].offset));
}

/* Declares put and get of a record type whose key is made by `make`. */
#define GET(table, key, lay, out) \
    do { \
        struct slice value_; \
        if (!kv_get(s->kv, (table), key_slice(&(key)), &value_)) \
            return false; \
        struct record r_ = record_reader(value_); \
        memset((out), 0, sizeof *(out)); \
        lay(&r_, (out)); \
        assert(r_.at == r_.end); \
    } while (0)

#define PUT(table, key, lay, type, in) \
    do { \
        uint8_t buffer_[RECORD_MAX]; \
        struct record r_ = record_writer(buffer_, sizeof buffer_); \
        type copy_ = *(in); \
        lay(&r_, &copy_); \
        kv_put(s->kv, (table), key_slice(&(key)), record_slice(&r_, buffer_)); \
    } while (0)

/* --- Head and network ------------------------------------------------------------------------- */

static uint64_t get_word(struct state *s, const char *word)
{
    struct key k = key_of_word(word);
    struct slice v;
    uint64_t value = 0;
    if (!kv_get(s->kv, KV_META, key_slice(&k), &v))
        return 0;
    struct record r = record_reader(v);
    record_u64(&r, &value);
    return value;
}

static void put_word(struct state *s, const char *word, uint64_t value)
{
    uint8_t b[8];
    struct record r = record_writer(b, sizeof b);
    record_u64(&r, &value);
    struct key k = key_of_word(word);
    kv_put(s->kv, KV_META, key_slice(&k), record_slice(&r, b));
}

static bool load_network(struct state *s)
{
    struct key k = key_of_word("network");
    GET(KV_META, k, lay_founding, &s->network.found);
    return true;
}

void state_attach(struct state *s, struct kv *kv)
{
    s->kv = kv;
    uint64_t version = get_word(s, "network_version");
    if (version != s->network_version || version == 0) {
        s->network.founded = version != 0 && load_network(s);
        s->network_version = s->network.founded ? version : 0;
    }
}

uint64_t state_size(struct state *s)
{
    return get_word(s, "size");
}

void state_set_size(struct state *s, uint64_t size)
{
    put_word(s, "size", size);
}

int64_t state_last_at(struct state *s)
{
    return (int64_t)get_word(s, "last_at");
}

void state_set_last_at(struct state *s, int64_t at)
{
    put_word(s, "last_at", (uint64_t)at);
}

static bool get_sums(struct state *s, struct sums *out)
{
    struct key k = key_of_word("sums");
    GET(KV_META, k, lay_sums, out);
    return true;
}

void state_sums(struct state *s, struct sums *out)
{
    if (!get_sums(s, out))
        memset(out, 0, sizeof *out);
}

void state_put_sums(struct state *s, const struct sums *sums)
{
    struct key k = key_of_word("sums");
    PUT(KV_META, k, lay_sums, struct sums, sums);
}

void state_put_network(struct state *s, const struct body_network_found *found)
{
    struct key k = key_of_word("network");
    PUT(KV_META, k, lay_founding, struct body_network_found, found);
    put_word(s, "network_version", state_size(s) + 1);
    s->network_version = 0;
    state_attach(s, s->kv);
}

bool state_has_skill(const struct state *s, const struct slug *skill)
{
    const struct body_network_found *f = &s->network.found;
    size_t low = 0, high = f->n_skills;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(f->skills[middle].s, skill->s);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* --- Organisations and keys ------------------------------------------------------------------- */

int64_t org_position(const struct org *org)
{
    return org->given_posted - org->received_posted + org->moves;
}

bool state_org(struct state *s, uint32_t number, struct org *out)
{
    struct key k = key_of_number(number);
    GET(KV_ORG, k, lay_org, out);
    return true;
}

void state_put_org(struct state *s, const struct org *org)
{
    struct key k = key_of_number(org->number);
    PUT(KV_ORG, k, lay_org, struct org, org);
}

uint32_t state_org_number(struct state *s, const struct handle *handle)
{
    struct key k = key_of_word(handle->s);
    struct slice v;
    uint32_t number = 0;
    if (!kv_get(s->kv, KV_HANDLE, key_slice(&k), &v))
        return 0;
    struct record r = record_reader(v);
    record_u32(&r, &number);
    return number;
}

static void put_number(struct state *s, enum kv_table table, const struct key *k, uint32_t number)
{
    uint8_t b[4];
    struct record r = record_writer(b, sizeof b);
    record_u32(&r, &number);
    kv_put(s->kv, table, key_slice(k), record_slice(&r, b));
}

void state_put_handle(struct state *s, const struct handle *handle, uint32_t number)
{
    struct key k = key_of_word(handle->s);
    put_number(s, KV_HANDLE, &k, number);
}

static struct key key_of_org_key(uint32_t org, const struct key_id *id)
{
    struct key k = key_of_number(org);
    key_bytes(&k, id->b, sizeof id->b);
    return k;
}

bool state_key(struct state *s, uint32_t org, const struct key_id *id, struct org_key *out)
{
    struct key k = key_of_org_key(org, id);
    GET(KV_KEY, k, lay_org_key, out);
    return true;
}

void state_put_key(struct state *s, const struct org_key *key)
{
    struct key k = key_of_org_key(key->org, &key->id);
    PUT(KV_KEY, k, lay_org_key, struct org_key, key);
}

bool state_next_key(struct state *s, uint32_t org, const struct key_id *after, struct org_key *out)
{
    struct key k = key_of_number(org);
    if (after != NULL)
        key_bytes(&k, after->b, sizeof after->b);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_KEY, key_slice(&k), after != NULL, &found, &value))
        return false;
    struct record r = record_reader(value);
    memset(out, 0, sizeof *out);
    lay_org_key(&r, out);
    return out->org == org;
}

uint32_t state_key_owner(struct state *s, const struct public_key *key)
{
    struct key k = {.n = 0};
    key_bytes(&k, key->b, sizeof key->b);
    struct slice v;
    uint32_t number = 0;
    if (!kv_get(s->kv, KV_PUBKEY, key_slice(&k), &v))
        return 0;
    struct record r = record_reader(v);
    record_u32(&r, &number);
    return number;
}

void state_put_key_owner(struct state *s, const struct public_key *key, uint32_t org)
{
    struct key k = {.n = 0};
    key_bytes(&k, key->b, sizeof key->b);
    put_number(s, KV_PUBKEY, &k, org);
}

static struct key key_of_mandate(uint32_t org, enum role role)
{
    struct key k = key_of_number(org);
    key_u8(&k, (uint8_t)role);
    return k;
}

int64_t state_mandate(struct state *s, uint32_t org, enum role role)
{
    struct key k = key_of_mandate(org, role);
    struct slice v;
    int64_t until = 0;
    if (!kv_get(s->kv, KV_MANDATE, key_slice(&k), &v))
        return 0;
    struct record r = record_reader(v);
    record_i64(&r, &until);
    return until;
}

void state_put_mandate(struct state *s, uint32_t org, enum role role, int64_t until)
{
    uint8_t b[8];
    struct record r = record_writer(b, sizeof b);
    record_i64(&r, &until);
    struct key k = key_of_mandate(org, role);
    kv_put(s->kv, KV_MANDATE, key_slice(&k), record_slice(&r, b));
}

/* --- Entries ---------------------------------------------------------------------------------- */

bool state_id(struct state *s, const struct thing_key *key, uint64_t *index)
{
    struct key k = key_of_thing(key);
    struct slice v;
    if (!kv_get(s->kv, KV_ID, key_slice(&k), &v))
        return false;
    struct record r = record_reader(v);
    record_u64(&r, index);
    return true;
}

void state_put_id(struct state *s, const struct thing_key *key, uint64_t index)
{
    uint8_t b[8];
    struct record r = record_writer(b, sizeof b);
    record_u64(&r, &index);
    struct key k = key_of_thing(key);
    kv_put(s->kv, KV_ID, key_slice(&k), record_slice(&r, b));
}

bool state_entry(struct state *s, uint64_t index, struct entry_record *out)
{
    struct key k = {.n = 0};
    key_u64(&k, index);
    GET(KV_ENTRY, k, lay_entry, out);
    return true;
}

void state_put_entry(struct state *s, const struct entry_record *e)
{
    struct key k = {.n = 0};
    key_u64(&k, e->index);
    PUT(KV_ENTRY, k, lay_entry, struct entry_record, e);
}

/* --- Things ----------------------------------------------------------------------------------- */

/* The four accessors that every thing has: get, put and the walk in time order. */
#define THING(name, table) \
    bool state_##name(struct state *s, const struct thing_key *key, struct name *out) \
    { \
        struct key k = key_of_thing(key); \
        GET(table, k, lay_##name, out); \
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

void state_put_due(struct state *s, const struct due *due)
{
    struct key k = key_of_due(due);
    kv_put(s->kv, KV_DUE, key_slice(&k), (struct slice){(const uint8_t *)"", 0});
}

void state_del_due(struct state *s, const struct due *due)
{
    struct key k = key_of_due(due);
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

bool state_first_due(struct state *s, int64_t until, struct due *out)
{
    struct key start = {.n = 0};
    return seek_due(s, &start, false, until, out);
}

bool state_next_due(struct state *s, const struct due *after, int64_t until, struct due *out)
{
    struct key k = key_of_due(after);
    return seek_due(s, &k, true, until, out);
}

/* --- Pairs and days --------------------------------------------------------------------------- */

static struct key key_of_pair(uint32_t from, uint32_t to)
{
    struct key k = key_of_number(from);
    key_u32(&k, to);
    return k;
}

bool state_pair(struct state *s, uint32_t from, uint32_t to, struct pair *out)
{
    struct key k = key_of_pair(from, to);
    GET(KV_PAIR, k, lay_pair, out);
    return true;
}

void state_put_pair(struct state *s, const struct pair *p)
{
    struct key k = key_of_pair(p->from, p->to);
    PUT(KV_PAIR, k, lay_pair, struct pair, p);
}

bool state_next_pair(struct state *s, uint32_t from, uint32_t to, struct pair *out)
{
    struct key k = key_of_pair(from, to);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_PAIR, key_slice(&k), true, &found, &value))
        return false;
    struct record r = record_reader(value);
    lay_pair(&r, out);
    return true;
}

static struct key key_of_pair_day(int32_t day, uint32_t from, uint32_t to)
{
    struct key k = key_of_number((uint32_t)day);
    key_u32(&k, from);
    key_u32(&k, to);
    return k;
}

bool state_pair_day(struct state *s, int32_t day, uint32_t from, uint32_t to, struct pair_day *out)
{
    struct key k = key_of_pair_day(day, from, to);
    GET(KV_PAIR_DAY, k, lay_pair_day, out);
    return true;
}

void state_put_pair_day(struct state *s, int32_t day, uint32_t from, uint32_t to,
                        const struct pair_day *d)
{
    struct key k = key_of_pair_day(day, from, to);
    PUT(KV_PAIR_DAY, k, lay_pair_day, struct pair_day, d);
}

bool state_next_pair_day(struct state *s, bool after, int32_t *day, uint32_t *from, uint32_t *to,
                         struct pair_day *out)
{
    struct key k = key_of_pair_day(*day, *from, *to);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_PAIR_DAY, key_slice(&k), after, &found, &value))
        return false;
    struct record r = record_reader(found);
    record_i32(&r, day);
    record_u32(&r, from);
    record_u32(&r, to);
    r = record_reader(value);
    lay_pair_day(&r, out);
    return true;
}

static struct key key_of_org_day(int32_t day, uint32_t org)
{
    struct key k = key_of_number((uint32_t)day);
    key_u32(&k, org);
    return k;
}

bool state_org_day(struct state *s, int32_t day, uint32_t org, struct pair_day *out)
{
    struct key k = key_of_org_day(day, org);
    GET(KV_ORG_DAY, k, lay_pair_day, out);
    return true;
}

bool state_next_org_day(struct state *s, int32_t *day, uint32_t *org, struct pair_day *out)
{
    struct key k = key_of_org_day(*day, *org);
    struct slice found, value;
    if (!kv_seek(s->kv, KV_ORG_DAY, key_slice(&k), true, &found, &value))
        return false;
    struct record r = record_reader(found);
    record_i32(&r, day);
    record_u32(&r, org);
    r = record_reader(value);
    lay_pair_day(&r, out);
    return true;
}

void state_put_org_day(struct state *s, int32_t day, uint32_t org, const struct pair_day *d)
{
    struct key k = key_of_org_day(day, org);
    PUT(KV_ORG_DAY, k, lay_pair_day, struct pair_day, d);
}

void state_roll_window(struct state *s, struct org *org, int32_t day)
{
    int64_t days = s->network.found.policy.window_days;
    int32_t from = window_first_day(day, days);
    if (from <= org->window_from)
        return;
    if (from - org->window_from >= days) {
        /* Nothing was recorded since the window's last day, so nothing of it is left. */
        org->given_year = org->received_year = 0;
    } else {
        struct pair_day bucket;
        for (int32_t d = org->window_from; d < from; d++) {
            if (!state_org_day(s, d, org->number, &bucket))
                continue;
            org->given_year -= bucket.minutes;
            org->received_year -= bucket.other;
        }
    }
    org->window_from = from;
}
