/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/view.h"

#include <assert.h>
#include <string.h>

#include "api/server.h"
#include "api/worker.h"
#include "crypto/text.h"
#include "ledger/kind.h"

json_t *view_object(void)
{
    json_t *object = json_object();

    assert(object);
    return object;
}

json_t *view_array(void)
{
    json_t *array = json_array();

    assert(array);
    return array;
}

void put(json_t *object, const char *name, json_t *value)
{
    int set = json_object_set_new(object, name, value);

    assert(set == 0);
}

void put_int(json_t *object, const char *name, int64_t value)
{
    put(object, name, json_integer(value));
}

void put_flag(json_t *object, const char *name, bool value)
{
    put(object, name, json_boolean(value));
}

void put_text(json_t *object, const char *name, const char *text)
{
    put(object, name, json_string(text));
}

void put_bytes(json_t *object, const char *name, const char *text, size_t n)
{
    put(object, name, json_stringn(text, n));
}

void put_hex(json_t *object, const char *name, const void *bytes, size_t n)
{
    char text[HEX_SIZE(64)];

    assert(n <= 64);
    hex_encode(text, bytes, n);
    put_text(object, name, text);
}

void put_ratio(json_t *object, const char *name, struct ratio ratio)
{
    put(object, name, ratio.known ? json_integer(ratio.permille) : json_null());
}

void put_ref(json_t *object, const char *name, const struct ref *ref)
{
    char text[REF_TEXT_SIZE];

    ref_format(text, ref);
    put_text(object, name, text);
}

json_t *view_handle(struct state *s, uint32_t org)
{
    struct org o;

    return json_string(state_org(s, org, &o) ? o.handle.s : "");
}

void put_handle(json_t *object, const char *name, struct state *s, uint32_t org)
{
    put(object, name, view_handle(s, org));
}

struct ref view_ref(struct state *s, const struct thing_key *key)
{
    struct ref ref = {.id = key->id};
    struct org org;

    if (key->author == 0) {
        memcpy(ref.by.s, "clock", sizeof "clock");
    } else if (state_org(s, key->author, &org)) {
        ref.by = org.handle;
    }
    return ref;
}

void put_thing(json_t *object, const char *name, struct state *s, const struct thing_key *key)
{
    struct ref ref = view_ref(s, key);

    put_ref(object, name, &ref);
}

static void put_public(json_t *object, const char *name, const struct secret_key *secret)
{
    struct public_key key;

    secret_key_public(secret, &key);
    put_hex(object, name, key.b, KEY_BYTES);
}

json_t *view_node_keys(const struct node *node)
{
    char text[VERIFIER_KEY_SIZE(ORIGIN_MAX)];
    struct verifier_key verifier;
    struct public_key key;
    json_t *o = view_object();

    put_public(o, "clock_key", node->clock_key);
    put_public(o, "log_key", node->log_key);
    put_public(o, "refusal_key", node->refusal_key);
    secret_key_public(node->log_key, &key);
    verifier_key_set(&verifier, node->origin, strlen(node->origin), KEY_ED25519, &key);
    verifier_key_encode(text, sizeof text, &verifier);
    put_text(o, "log_verifier", text);
    return o;
}

void put_sums(json_t *object, const struct sums *sums)
{
    json_t *totals = view_object();

    put_int(totals, "orgs", sums->orgs);
    put_int(totals, "given", sums->given);
    put_int(totals, "received", sums->received);
    put_int(totals, "given_pending", sums->given_pending);
    put_int(totals, "received_pending", sums->received_pending);
    put_int(totals, "pool", sums->pool);
    put_int(totals, "exchanges", sums->exchanges);
    put(object, "totals", totals);
}

void put_totals(json_t *object, struct state *s)
{
    struct sums sums;

    state_sums(s, &sums);
    put_sums(object, &sums);
}

void put_policy(json_t *object, struct state *s)
{
    struct entry_record record;
    json_t *o = view_object();

    if (state_entry(s, 0, &record)) { /* network.found, until an assembly can amend it */
        struct thing_key adopted = {.id = record.id, .author = record.author};

        put_int(o, "index", 0);
        put_thing(o, "ref", s, &adopted);
    }
    put(object, "policy", o);
}

void put_slugs(json_t *object, const char *name, const struct slugs *slugs)
{
    json_t *list;

    if (slugs->n == 0) {
        return;
    }
    list = view_array();
    for (size_t i = 0; i < slugs->n; i++) {
        json_array_append_new(list, json_string(slugs->v[i].s));
    }
    put(object, name, list);
}

bool view_thing_key(struct request *rq, struct thing_key *out)
{
    out->id = rq->args.id;
    out->author = state_org_number(rq->state, &rq->args.handle);
    return out->author != 0;
}

/* --- Texts ----------------------------------------------------------------------------------- */

static bool is_string_list(const json_t *value)
{
    if (!json_is_array(value)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_string(json_array_get(value, i))) {
            return false;
        }
    }
    return true;
}

bool view_load(struct request *rq, const struct text_place *place, struct detail_text *out)
{
    struct thing_key subject = {.id = place->ref.id};
    struct detail detail;
    struct hash key;

    /* The log decides what is erased, also where the side store could not follow yet. */
    subject.author = state_org_number(rq->state, &place->ref.by);
    if (subject.author != 0 && state_detail(rq->state, &subject, place->slot, &detail) &&
        detail.erased) {
        return false;
    }
    side_text_key(&key, &place->ref, place->slot, &place->commit);
    return side_text(rq->server->node->side, &key, out);
}

json_t *view_whole_text(struct request *rq, const struct text_place *place)
{
    struct detail_text *text = &rq->worker->text;
    json_t *whole;

    if (!view_load(rq, place, text)) {
        return NULL;
    }
    whole = json_loadb(text->bytes, text->n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(whole)) {
        json_decref(whole);
        return NULL;
    }
    return whole;
}

json_t *view_text(struct request *rq, const struct text_place *place,
                  const struct text_field *fields, size_t n)
{
    json_t *whole = view_whole_text(rq, place), *known;

    if (!whole) {
        return NULL;
    }
    known = view_object();
    for (size_t i = 0; i < n; i++) {
        json_t *value = json_object_get(whole, fields[i].name);

        if (fields[i].list ? is_string_list(value) : json_is_string(value)) {
            put(known, fields[i].name, json_incref(value));
        }
    }
    json_decref(whole);
    return known;
}

/* The text of a logged thing in a slot, unless it was erased. */
static bool find_text(struct request *rq, const struct thing_key *key, enum slot slot,
                      struct text_place *out)
{
    struct detail detail;

    if (!state_detail(rq->state, key, slot, &detail) || detail.erased) {
        return false;
    }
    *out = (struct text_place){view_ref(rq->state, key), slot, detail.commit};
    return true;
}

void put_title(json_t *object, struct request *rq, const struct thing_key *key)
{
    static const struct text_field fields[] = {{"title", false}, {"text", false}};
    struct text_place place;
    json_t *text;

    if (find_text(rq, key, SLOT_DETAILS, &place)) {
        text = view_text(rq, &place, fields, 2);
        if (text) {
            put(object, "text", text);
        }
    }
}

json_t *view_catalogue(struct request *rq)
{
    struct entry_record record;
    struct text_place place;
    struct thing_key key;

    if (!rq->state->network.founded || !state_entry(rq->state, 0, &record)) {
        return NULL;
    }
    key = (struct thing_key){record.id, record.author};
    return find_text(rq, &key, SLOT_SKILLS, &place) ? view_whole_text(rq, &place) : NULL;
}

/* --- Entries --------------------------------------------------------------------------------- */

void out_entry_record(struct json_out *o, struct state *s, const struct entry_record *record)
{
    struct thing_key key = {.id = record->id, .author = record->author};
    struct ref ref = view_ref(s, &key);
    char text[REF_TEXT_SIZE];
    struct org org;

    ref_format(text, &ref);
    json_int(o, "index", (int64_t)record->index);
    json_int(o, "at", record->at);
    json_text(o, "kind", kind_of((enum entry_kind)record->kind)->name);
    json_text(o, "by", ref.by.s);
    json_text(o, "ref", text);
    json_hex(o, "hash", record->text_hash.b, HASH_BYTES);
    json_open(o, "parties", '[');
    for (size_t i = 0; i < record->n_parties; i++) {
        if (record->parties[i].org == record->author) {
            json_text(o, NULL, ref.by.s);
        } else {
            json_text(o, NULL, state_org(s, record->parties[i].org, &org) ? org.handle.s : "");
        }
    }
    json_shut(o, ']');
}
