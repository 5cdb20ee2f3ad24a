/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The refusals of the side store (SPEC 10.2). */
#include "ledger/side_store.h"

#include <assert.h>
#include <string.h>

#include "ledger/record.h"

/* --- Records ---------------------------------------------------------------------------------- */

#define REFUSED_RECORD_SIZE (sizeof(struct refused) + 64)

static void lay_refused(struct record *r, struct refused *refused)
{
    uint32_t note_len = (uint32_t)refused->note_len, refusal_len = (uint32_t)refused->refusal_len;
    record_text(r, refused->ref.by.s, sizeof refused->ref.by.s);
    record_bytes(r, refused->ref.id.b, sizeof refused->ref.id.b);
    record_bytes(r, refused->text_hash.b, sizeof refused->text_hash.b);
    record_i64(r, &refused->valid_until);
    record_bool(r, &refused->stranger);
    record_u32(r, &note_len);
    record_u32(r, &refusal_len);
    assert(note_len <= sizeof refused->note && refusal_len <= sizeof refused->refusal);
    refused->note_len = note_len;
    refused->refusal_len = refusal_len;
    record_bytes(r, refused->note, note_len);
    record_bytes(r, refused->refusal, refusal_len);
}

static struct side_key key_of(const struct ref *ref)
{
    struct side_key key = {.n = 0};
    side_key_add_ref(&key, ref);
    return key;
}

/* By the moment it dies, so that a purge looks at nothing else. */
static struct side_key key_of_due(int64_t valid_until, const struct ref *ref)
{
    uint8_t moment[8];
    uint64_t value = (uint64_t)valid_until;
    struct record r = record_writer(moment, sizeof moment);
    struct side_key key = {.n = 0};
    record_u64(&r, &value);
    side_key_add(&key, moment, sizeof moment);
    if (ref != NULL)
        side_key_add_ref(&key, ref);
    return key;
}

/* Of strangers there is one number for all. */
static struct side_key key_of_number(const struct refused *refused)
{
    struct side_key key = side_key_word(refused->stranger ? "refused" : "refused/");
    if (!refused->stranger)
        side_key_add(&key, refused->ref.by.s, strlen(refused->ref.by.s));
    return key;
}

static bool read_one(struct kv *kv, struct slice key, struct refused *out)
{
    struct slice value;
    if (!kv_get(kv, KV_REFUSAL, key, &value))
        return false;
    struct record r = record_reader(value);
    lay_refused(&r, out);
    return true;
}

/* --- The calls -------------------------------------------------------------------------------- */

enum refused_look refused_get(struct side *side, const struct ref *ref, struct refused *out)
{
    enum refused_look result = REFUSED_UNKNOWN;
    struct side_key key = key_of(ref);
    struct side_look look = side_look_begin(side);
    if (look.kv != NULL && read_one(look.kv, side_key_slice(&key), out))
        result = REFUSED_THERE;
    else if (look.kv != NULL && !kv_failed(look.kv))
        result = REFUSED_ABSENT;
    side_look_end(&look);
    return result;
}

enum refused_look refused_walk(struct side *side, const struct ref *after, struct refused *out)
{
    enum refused_look result = REFUSED_UNKNOWN;
    struct side_look look = side_look_begin(side);
    struct side_key key = {.n = 0};
    if (after != NULL)
        side_key_add_ref(&key, after);
    struct slice found, value;
    if (look.kv != NULL &&
        kv_seek(look.kv, KV_REFUSAL, side_key_slice(&key), true, &found, &value) &&
        read_one(look.kv, found, out))
        result = REFUSED_THERE;
    else if (look.kv != NULL && !kv_failed(look.kv))
        result = REFUSED_ABSENT;
    side_look_end(&look);
    return result;
}

struct kv *refused_begin(struct side *side)
{
    struct kv *kv;
    return store_begin(side->store, &kv) == STORE_OK ? kv : NULL;
}

bool refused_put(struct kv *kv, struct refused *refused)
{
    uint8_t buffer[REFUSED_RECORD_SIZE];
    struct slice value;
    struct side_key key = key_of(&refused->ref), due = key_of_due(refused->valid_until,
                                                                  &refused->ref);
    uint64_t number = side_number(kv, key_of_number(refused));
    if (kv_get(kv, KV_REFUSAL, side_key_slice(&key), &value))
        return true;
    if (number >= REFUSED_PER_ORG_MAX)
        return false;
    struct record r = record_writer(buffer, sizeof buffer);
    lay_refused(&r, refused);
    kv_put(kv, KV_REFUSAL, side_key_slice(&key), record_slice(&r, buffer));
    kv_put(kv, KV_REFUSAL_DUE, side_key_slice(&due), (struct slice){0});
    side_put_number(kv, key_of_number(refused), number + 1);
    side_drop_item(kv, &refused->ref);
    return true;
}

bool refused_end(struct side *side, struct kv *kv)
{
    return side_finish(side, kv);
}

/* --- Purging ---------------------------------------------------------------------------------- */

/* The reference of the first one that was valid until before `at`, in its due key. */
static bool find_dead(struct kv *kv, int64_t at, struct side_key *due)
{
    struct side_key end = key_of_due(at, NULL);
    struct slice found, value;
    if (!kv_seek(kv, KV_REFUSAL_DUE, (struct slice){0}, false, &found, &value) ||
        memcmp(found.data, end.b, end.n) >= 0)
        return false;
    due->n = 0;
    side_key_add(due, found.data, found.size);
    return true;
}

static void remove_one(struct kv *kv, const struct side_key *due)
{
    struct refused refused;
    struct slice key = {due->b + 8, due->n - 8};
    if (read_one(kv, key, &refused)) {
        uint64_t number = side_number(kv, key_of_number(&refused));
        side_put_number(kv, key_of_number(&refused), number > 0 ? number - 1 : 0);
        kv_del(kv, KV_REFUSAL, key);
    }
    kv_del(kv, KV_REFUSAL_DUE, side_key_slice(due));
}

size_t refused_purge(struct side *side, int64_t at)
{
    struct side_key due;
    struct side_look look = side_look_begin(side);
    bool any = look.kv != NULL && find_dead(look.kv, at, &due);
    side_look_end(&look);
    struct kv *kv;
    if (!any || store_begin(side->store, &kv) != STORE_OK)
        return 0;
    size_t n = 0;
    for (; n < REFUSED_PURGE_MAX && find_dead(kv, at, &due); n++)
        remove_one(kv, &due);
    return side_finish(side, kv) ? n : 0;
}
