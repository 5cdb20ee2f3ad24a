/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/side_store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/record.h"

/* --- Transactions ----------------------------------------------------------------------------- */

struct side_look side_look_begin(struct side *side)
{
    struct side_look look = {.side = side};
    for (size_t i = 0; i < SIDE_SPARE && look.reader == NULL; i++)
        look.reader = atomic_exchange(&side->spare[i], NULL);
    if (look.reader != NULL || store_reader_new(side->store, &look.reader) == STORE_OK)
        look.kv = store_read(look.reader);
    return look;
}

void side_look_end(struct side_look *look)
{
    if (look->kv != NULL)
        store_read_end(look->reader);
    for (size_t i = 0; i < SIDE_SPARE && look->reader != NULL && look->kv != NULL; i++) {
        struct store_reader *none = NULL;
        if (atomic_compare_exchange_strong(&look->side->spare[i], &none, look->reader))
            look->reader = NULL;
    }
    store_reader_free(look->reader);
}

/* --- Keys and numbers ------------------------------------------------------------------------- */

void side_key_add(struct side_key *key, const void *bytes, size_t n)
{
    assert(n <= sizeof key->b - key->n);
    memcpy(key->b + key->n, bytes, n);
    key->n += n;
}

struct slice side_key_slice(const struct side_key *key)
{
    return (struct slice){key->b, key->n};
}

void side_key_add_ref(struct side_key *key, const struct ref *ref)
{
    side_key_add(key, ref->id.b, sizeof ref->id.b);
    side_key_add(key, ref->by.s, strlen(ref->by.s));
}

struct side_key side_key_word(const char *word)
{
    struct side_key key = {.n = 0};
    side_key_add(&key, word, strlen(word));
    return key;
}

uint64_t side_number(struct kv *kv, struct side_key key)
{
    struct slice value;
    uint64_t number = 0;
    if (kv_get(kv, KV_SIDE_META, side_key_slice(&key), &value)) {
        struct record r = record_reader(value);
        record_u64(&r, &number);
    }
    return number;
}

void side_put_number(struct kv *kv, struct side_key key, uint64_t number)
{
    uint8_t buffer[8];
    struct record r = record_writer(buffer, sizeof buffer);
    record_u64(&r, &number);
    kv_put(kv, KV_SIDE_META, side_key_slice(&key), record_slice(&r, buffer));
}

/*
 * What failed before the commit has written nothing. A commit that fails may be on the disk or not,
 * and when it was the head page LMDB answers nothing from then on, so that all texts and items
 * would look absent: as for the log, the only safe way on is a new start (SPEC 14.2).
 */
bool side_commit(struct kv *kv)
{
    if (kv_failed(kv)) {
        store_abort(kv);
        return false;
    }
    if (store_commit(kv) == STORE_OK)
        return true;
    fprintf(stderr, "sem: the side store stops the process: a commit fails: %s\n",
            store_message());
    abort();
}

bool side_finish(struct side *side, struct kv *kv)
{
    uint64_t generation = side_number(kv, side_key_word("generation")) + 1;
    side_put_number(kv, side_key_word("generation"), generation);
    if (!side_commit(kv))
        return false;
    /* Another thread may have committed and shown a later one meanwhile. */
    uint64_t shown = atomic_load(&side->generation);
    while (shown < generation &&
           !atomic_compare_exchange_weak(&side->generation, &shown, generation))
        continue;
    return true;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static struct side *open_side(const char *path, int flags, enum store_err *err)
{
    struct side *side = calloc(1, sizeof *side);
    *err = STORE_IO;
    if (side == NULL)
        return NULL;
    *err = store_open(&side->store, path, flags | STORE_SIDE, 0);
    if (*err != STORE_OK) {
        free(side);
        return NULL;
    }
    struct side_look look = side_look_begin(side);
    if (look.kv != NULL)
        atomic_store(&side->generation, side_number(look.kv, side_key_word("generation")));
    else
        *err = STORE_IO;
    side_look_end(&look);
    if (*err != STORE_OK) {
        side_close(side);
        return NULL;
    }
    return side;
}

struct side *side_open(const char *path, enum store_err *err)
{
    *err = STORE_IO;
    return mkdir(path, 0700) == 0 || errno == EEXIST ? open_side(path, STORE_CREATE, err) : NULL;
}

struct side *side_open_read_only(const char *path, enum store_err *err)
{
    return open_side(path, STORE_READ_ONLY, err);
}

void side_close(struct side *side)
{
    if (side == NULL)
        return;
    for (size_t i = 0; i < SIDE_SPARE; i++)
        store_reader_free(atomic_load(&side->spare[i]));
    store_close(side->store);
    free(side);
}

uint64_t side_generation(struct side *side)
{
    return atomic_load(&side->generation);
}

uint64_t side_erased_through(struct side *side)
{
    struct side_look look = side_look_begin(side);
    uint64_t size = look.kv != NULL ? side_number(look.kv, side_key_word("erased_through")) : 0;
    side_look_end(&look);
    return size;
}

bool side_set_erased_through(struct side *side, uint64_t size)
{
    struct kv *kv;
    if (store_begin(side->store, &kv) != STORE_OK)
        return false;
    side_put_number(kv, side_key_word("erased_through"), size);
    return side_commit(kv);
}

/* --- Texts ------------------------------------------------------------------------------------ */

/* A text as it is stored: with the inbox item that it hangs on, if any. */
struct stored_text {
    struct ref item; /* by empty: it belongs to the log */
    struct detail_text text;
};
#define TEXT_RECORD_SIZE (HANDLE_MAX + 1 + 16 + 12 + SALT_BYTES + 4 + DETAIL_BYTES_MAX)

static void lay_text(struct record *r, struct stored_text *t)
{
    uint32_t n = (uint32_t)t->text.n;
    record_text(r, t->item.by.s, sizeof t->item.by.s);
    record_bytes(r, t->item.id.b, sizeof t->item.id.b);
    record_text(r, t->text.kind, sizeof t->text.kind);
    record_bytes(r, t->text.salt.b, sizeof t->text.salt.b);
    record_u32(r, &n);
    assert(n <= sizeof t->text.bytes);
    t->text.n = n;
    record_bytes(r, t->text.bytes, n);
}

static struct slice text_key(const struct hash *key)
{
    return (struct slice){key->b, sizeof key->b};
}

static bool text_get(struct kv *kv, const struct hash *key, struct stored_text *out)
{
    struct slice value;
    if (!kv_get(kv, KV_TEXT, text_key(key), &value))
        return false;
    struct record r = record_reader(value);
    lay_text(&r, out);
    return true;
}

static void text_put(struct kv *kv, const struct hash *key, struct stored_text *text)
{
    uint8_t buffer[TEXT_RECORD_SIZE];
    struct record r = record_writer(buffer, sizeof buffer);
    lay_text(&r, text);
    kv_put(kv, KV_TEXT, text_key(key), record_slice(&r, buffer));
}

static bool item_there(struct kv *kv, const struct ref *item)
{
    struct side_key key = {.n = 0};
    struct slice value;
    side_key_add_ref(&key, item);
    return kv_get(kv, KV_INBOX, side_key_slice(&key), &value);
}

void side_text_key(struct hash *key, const struct ref *ref, enum slot slot,
                   const struct hash *commit)
{
    struct hash_stream h;
    char place[REF_TEXT_SIZE];
    uint8_t which = (uint8_t)slot;
    ref_format(place, ref);
    hash_stream_start(&h);
    hash_stream_add(&h, place, strlen(place) + 1);
    hash_stream_add(&h, &which, 1);
    hash_stream_add(&h, commit->b, sizeof commit->b);
    hash_stream_end(&h, key);
}

bool side_put_text(struct side *side, const struct hash *key, const struct detail_text *text,
                   const struct ref *item)
{
    struct kv *kv;
    struct stored_text stored;
    if (text->n > DETAIL_BYTES_MAX || store_begin(side->store, &kv) != STORE_OK)
        return false;
    bool known = text_get(kv, key, &stored);
    bool nothing_to_do = known && (item != NULL || stored.item.by.s[0] == '\0');
    if (nothing_to_do || (item != NULL && !item_there(kv, item))) {
        nothing_to_do = nothing_to_do && !kv_failed(kv);
        store_abort(kv);
        return nothing_to_do;
    }
    if (!known)
        stored.text = *text;
    stored.item = item != NULL ? *item : (struct ref){0};
    text_put(kv, key, &stored);
    return side_finish(side, kv);
}

bool side_text(struct side *side, const struct hash *key, struct detail_text *out)
{
    struct stored_text stored;
    struct side_look look = side_look_begin(side);
    bool there = look.kv != NULL && text_get(look.kv, key, &stored);
    side_look_end(&look);
    if (there)
        *out = stored.text;
    return there;
}

bool side_erase_text(struct side *side, const struct hash *key)
{
    struct kv *kv;
    struct slice value;
    if (store_begin(side->store, &kv) != STORE_OK)
        return false;
    if (!kv_get(kv, KV_TEXT, text_key(key), &value)) {
        bool read = !kv_failed(kv);
        store_abort(kv);
        return read;
    }
    kv_del(kv, KV_TEXT, text_key(key));
    return side_finish(side, kv);
}

void side_settle_text(struct kv *kv, const struct hash *key, const struct ref *item,
                      bool logged)
{
    struct stored_text text;
    if (!text_get(kv, key, &text) || strcmp(text.item.by.s, item->by.s) != 0 ||
        memcmp(text.item.id.b, item->id.b, sizeof item->id.b) != 0)
        return;
    if (logged) {
        text.item = (struct ref){0};
        text_put(kv, key, &text);
    } else {
        kv_del(kv, KV_TEXT, text_key(key));
    }
}
