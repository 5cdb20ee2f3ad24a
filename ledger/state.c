/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/state_record.h"

#include <stddef.h>
#include <stdlib.h>

/* Handles, references, commitments and numbers, each as long as it gets. */
#define ORG_RECORD_MAX 512

/* --- Layouts: one function for both directions ------------------------------------------------ */

static void lay_commit(struct record *r, struct commit *c)
{
    record_bool(r, &c->set);
    if (c->set)
        lay_hash(r, &c->h);
}

static void lay_number(struct record *r, struct number *n)
{
    record_bool(r, &n->set);
    if (n->set)
        record_var_i64(r, &n->n);
}

static void lay_org(struct record *r, struct org *o)
{
    record_text(r, o->handle.s, sizeof o->handle.s);
    record_u8(r, &o->state);
    record_bool(r, &o->is_public);
    lay_commit(r, &o->sheet);
    record_text(r, o->sheet_ref.by.s, sizeof o->sheet_ref.by.s);
    record_bytes(r, o->sheet_ref.id.b, sizeof o->sheet_ref.id.b);
    record_var_u64(r, &o->admitted_index);
    record_var_i64(r, &o->admitted_at);
    record_var_i64(r, &o->confirmed_at);
    record_var_i64(r, &o->left_at);
    record_var_u32(r, &o->admin_keys);
    lay_number(r, &o->capacity);
    lay_number(r, &o->fte);
    record_var_u32(r, &o->needs);
    record_var_i64(r, &o->urgent_quarter);
    record_var_u32(r, &o->urgent_count);
}

static void lay_account(struct record *r, struct org *o)
{
    record_var_u64(r, &o->last_entry);
    record_var_i64(r, &o->given_posted);
    record_var_i64(r, &o->received_posted);
    record_var_i64(r, &o->given_pending);
    record_var_i64(r, &o->received_pending);
    record_var_i64(r, &o->moves);
    record_var_i64(r, &o->given_gifts);
    record_var_i64(r, &o->received_gifts);
    record_var_i64(r, &o->given_count);
    record_var_i64(r, &o->received_count);
    record_var_i32(r, &o->window_from);
    record_var_i64(r, &o->given_year);
    record_var_i64(r, &o->received_year);
    record_var_i64(r, &o->pool_received);
    record_var_i64(r, &o->leaning_since);
    record_var_i64(r, &o->strained_since);
    record_var_i64(r, &o->last_given_at);
    record_var_i64(r, &o->last_received_at);
    record_bytes(r, o->salt_chain, sizeof o->salt_chain);
}

static void lay_org_key(struct record *r, struct org_key *k)
{
    record_var_u32(r, &k->org);
    record_bytes(r, k->id.b, sizeof k->id.b);
    record_bytes(r, k->key.b, sizeof k->key.b);
    record_u8(r, &k->scope);
    record_var_i64(r, &k->ceiling);
    record_var_u64(r, &k->since_index);
    record_var_u64(r, &k->revoked_index);
}

static void lay_entry(struct record *r, struct entry_record *e)
{
    record_u8(r, &e->kind);
    record_var_i64(r, &e->at);
    record_var_u32(r, &e->author);
    record_bytes(r, e->id.b, sizeof e->id.b);
    lay_hash(r, &e->text_hash);
    record_count(r, &e->n_parties, ENTRY_PARTIES_MAX);
    for (size_t i = 0; i < e->n_parties; i++) {
        record_var_u32(r, &e->parties[i].org);
        record_var_u64(r, &e->parties[i].previous);
        record_var_i64(r, &e->parties[i].moves);
        record_var_i64(r, &e->parties[i].position);
    }
}

static void lay_sums(struct record *r, struct sums *s)
{
    record_var_u32(r, &s->orgs);
    record_var_i64(r, &s->given);
    record_var_i64(r, &s->received);
    record_var_i64(r, &s->given_pending);
    record_var_i64(r, &s->received_pending);
    record_var_i64(r, &s->positions);
    record_var_i64(r, &s->pool);
    record_var_i64(r, &s->exchanges);
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
    record_var_i64(r, &f->rules_version);
    lay_commit(r, &f->skills_details);
    record_count(r, &f->n_skills, SKILLS_MAX);
    for (size_t i = 0; i < f->n_skills; i++)
        record_text(r, f->skills[i].s, sizeof f->skills[i].s);
    size_t n;
    const struct policy_key *keys = policy_keys(&n);
    for (size_t i = 0; i < n; i++)
        record_var_i64(r, (int64_t *)(void *)((char *)&f->policy + keys[i].offset));
}

/* --- At hand ---------------------------------------------------------------------------------- */

struct state_many {
    struct kept_org orgs[KEPT_MANY];
    struct kept_name names[KEPT_MANY];
    struct kept_key keys[KEPT_MANY];
};

bool state_keep_many(struct state *s)
{
    s->kept.many = calloc(1, sizeof *s->kept.many);
    return s->kept.many != NULL;
}

void state_keep_few(struct state *s)
{
    free(s->kept.many);
    s->kept.many = NULL;
}

static struct kept_org *org_place(struct state_kept *k, uint32_t number)
{
    return k->many != NULL ? &k->many->orgs[number % KEPT_MANY] : &k->orgs[number % KEPT_FEW];
}

static struct kept_name *name_place(struct state_kept *k, const struct handle *handle)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *at = handle->s; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    hash ^= hash >> 16;
    return k->many != NULL ? &k->many->names[hash % KEPT_MANY] : &k->names[hash % KEPT_FEW];
}

/* A key id is a part of a hash. */
static struct kept_key *key_place(struct state_kept *k, const struct key_id *id)
{
    size_t hash = (size_t)id->b[0] << 8 | id->b[1];
    return k->many != NULL ? &k->many->keys[hash % KEPT_MANY] : &k->keys[hash % KEPT_FEW];
}

static struct kept_word *find_word(struct state_kept *kept, struct slice key)
{
    size_t n = kept->n_words < KEPT_WORDS ? kept->n_words : KEPT_WORDS;
    for (size_t i = 0; i < n; i++)
        if (kept->words[i].n_name == key.size && kept->words[i].name[0] == key.data[0] &&
            memcmp(kept->words[i].name, key.data, key.size) == 0)
            return &kept->words[i];
    return NULL;
}

static void keep_word(struct state_kept *kept, struct slice key, bool there, struct slice value)
{
    struct kept_word *w = find_word(kept, key);
    assert(key.size <= sizeof w->name);
    if (w == NULL) {
        w = &kept->words[kept->n_words++ % KEPT_WORDS];
        w->n_name = (uint8_t)key.size;
        memcpy(w->name, key.data, key.size);
    }
    w->there = there;
    w->n = there ? (uint8_t)value.size : 0;
    if (w->n > 0)
        memcpy(w->value, value.data, w->n);
}

bool state_get_row(struct state *s, enum kv_table table, struct slice key, struct slice *value)
{
    if (table != KV_META)
        return kv_get(s->kv, table, key, value);
    const struct kept_word *w = find_word(&s->kept, key);
    if (w != NULL) {
        *value = (struct slice){w->value, w->n};
        return w->there;
    }
    bool there = kv_get(s->kv, table, key, value);
    if (!kv_failed(s->kv) && (!there || value->size <= sizeof w->value))
        keep_word(&s->kept, key, there, *value);
    return there;
}

void state_put_row(struct state *s, enum kv_table table, struct slice key, struct slice value)
{
    if (table == KV_META && value.size <= sizeof s->kept.words[0].value)
        keep_word(&s->kept, key, true, value);
    kv_put(s->kv, table, key, value);
}

/* --- Head and network ------------------------------------------------------------------------- */

static uint64_t get_word(struct state *s, const char *word)
{
    struct key k = key_of_word(word);
    struct slice v;
    uint64_t value = 0;
    if (!state_get_row(s, KV_META, key_slice(&k), &v))
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
    state_put_row(s, KV_META, key_slice(&k), record_slice(&r, b));
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
    s->kept.round++;
    s->kept.n_words = 0;
    s->kept.due_known = false;
    uint64_t version = get_word(s, "network_version");
    if (version != s->network_version || version == 0) {
        s->network.founded = version != 0 && load_network(s);
        s->network_version = s->network.founded ? version : 0;
    }
}

void state_follow(struct state *s, struct kv *kv)
{
    s->kv = kv;
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

static bool get_org(struct state *s, uint32_t number, struct org *out)
{
    struct key k = key_of_number(number);
    struct slice account;
    GET(KV_ORG, k, lay_org, out);
    if (!kv_get(s->kv, KV_ACCOUNT, key_slice(&k), &account))
        return false;
    struct record r = record_reader(account);
    lay_account(&r, out);
    assert(r.at == r.end);
    out->number = number;
    return true;
}

bool state_org(struct state *s, uint32_t number, struct org *out)
{
    struct kept_org *kept = org_place(&s->kept, number);
    if (kept->round == s->kept.round && kept->org.number == number) {
        *out = kept->org;
        return true;
    }
    if (!get_org(s, number, out))
        return false;
    *kept = (struct kept_org){s->kept.round, *out};
    return true;
}

/* The facts are written only when they change: most entries move the account alone. */
static void put_facts(struct state *s, const struct key *k, const struct org *org)
{
    uint8_t b[ORG_RECORD_MAX];
    struct record r = record_writer(b, sizeof b);
    struct org copy = *org;
    struct slice facts, old;
    lay_org(&r, &copy);
    facts = record_slice(&r, b);
    if (!kv_get(s->kv, KV_ORG, key_slice(k), &old) || old.size != facts.size ||
        memcmp(old.data, facts.data, facts.size) != 0)
        kv_put(s->kv, KV_ORG, key_slice(k), facts);
}

void state_put_org(struct state *s, const struct org *org)
{
    struct key k = key_of_number(org->number);
    struct kept_org *kept = org_place(&s->kept, org->number);
    bool known = kept->round == s->kept.round && kept->org.number == org->number;
    if (!known || memcmp(&kept->org, org, offsetof(struct org, last_entry)) != 0)
        put_facts(s, &k, org);
    PUT(KV_ACCOUNT, k, lay_account, struct org, org);
    *kept = (struct kept_org){s->kept.round, *org};
}

uint32_t state_org_number(struct state *s, const struct handle *handle)
{
    struct kept_name *kept = name_place(&s->kept, handle);
    if (kept->round == s->kept.round && strcmp(kept->handle.s, handle->s) == 0)
        return kept->number;
    struct key k = key_of_word(handle->s);
    struct slice v;
    uint32_t number = 0;
    if (!kv_get(s->kv, KV_HANDLE, key_slice(&k), &v))
        return 0;
    struct record r = record_reader(v);
    record_u32(&r, &number);
    *kept = (struct kept_name){s->kept.round, *handle, number};
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
    struct kept_key *kept = key_place(&s->kept, id);
    if (kept->round == s->kept.round && kept->key.org == org &&
        memcmp(kept->key.id.b, id->b, sizeof id->b) == 0) {
        *out = kept->key;
        return true;
    }
    struct key k = key_of_org_key(org, id);
    GET(KV_KEY, k, lay_org_key, out);
    *kept = (struct kept_key){s->kept.round, *out};
    return true;
}

void state_put_key(struct state *s, const struct org_key *key)
{
    struct key k = key_of_org_key(key->org, &key->id);
    PUT(KV_KEY, k, lay_org_key, struct org_key, key);
    *key_place(&s->kept, &key->id) = (struct kept_key){s->kept.round, *key};
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
    record_var_u64(&r, index);
    return true;
}

void state_put_id(struct state *s, const struct thing_key *key, uint64_t index)
{
    uint8_t b[10];
    struct record r = record_writer(b, sizeof b);
    record_var_u64(&r, &index);
    struct key k = key_of_thing(key);
    kv_put(s->kv, KV_ID, key_slice(&k), record_slice(&r, b));
}

bool state_entry(struct state *s, uint64_t index, struct entry_record *out)
{
    struct key k = {.n = 0};
    key_u64(&k, index);
    GET(KV_ENTRY, k, lay_entry, out);
    out->index = index;
    return true;
}

void state_put_entry(struct state *s, const struct entry_record *e)
{
    struct key k = {.n = 0};
    key_u64(&k, e->index);
    PUT(KV_ENTRY, k, lay_entry, struct entry_record, e);
}
