/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The inbox of the side store (SPEC 10). */
#include "ledger/side_store.h"

#include <assert.h>
#include <string.h>

#include "crypto/note.h"
#include "ledger/record.h"

#define HOUR_MS (60 * 60 * 1000)

/* --- Records ---------------------------------------------------------------------------------- */

static struct side_key key_of_org(const struct handle *org)
{
    struct side_key key = {.n = 0};
    side_key_add(&key, org->s, strlen(org->s) + 1); /* the NUL ends it */
    return key;
}

static struct side_key key_of_ref(const struct ref *ref)
{
    struct side_key key = {.n = 0};
    side_key_add_ref(&key, ref);
    return key;
}

#define ITEM_RECORD_SIZE (sizeof(struct inbox_item) + 256)

static void lay_item(struct record *r, struct inbox_item *item)
{
    uint32_t note_len = (uint32_t)item->note_len;
    record_text(r, item->ref.by.s, sizeof item->ref.by.s);
    record_bytes(r, item->ref.id.b, sizeof item->ref.id.b);
    record_i64(r, &item->received_at);
    record_i64(r, &item->valid_until);
    record_bool(r, &item->stranger);
    record_text(r, item->first_signer.s, sizeof item->first_signer.s);
    record_count(r, &item->n_involved, sizeof item->involved / sizeof item->involved[0]);
    for (size_t i = 0; i < item->n_involved; i++)
        record_text(r, item->involved[i].s, sizeof item->involved[i].s);
    record_count(r, &item->n_texts, INBOX_TEXTS_MAX);
    for (size_t i = 0; i < item->n_texts; i++)
        record_bytes(r, item->texts[i].b, sizeof item->texts[i].b);
    record_u32(r, &note_len);
    assert(note_len <= sizeof item->note);
    item->note_len = note_len;
    record_bytes(r, item->note, note_len);
}

static bool item_get(struct kv *kv, struct slice key, struct inbox_item *out)
{
    struct slice value;
    if (!kv_get(kv, KV_INBOX, key, &value))
        return false;
    struct record r = record_reader(value);
    lay_item(&r, out);
    return true;
}

/* Of strangers there is one number for all. */
static struct side_key key_of_number(const struct inbox_item *item)
{
    struct side_key key = side_key_word(item->stranger ? "strangers" : "waiting/");
    if (!item->stranger)
        side_key_add(&key, item->first_signer.s, strlen(item->first_signer.s));
    return key;
}

static struct side_key key_of_involved(const struct inbox_item *item, size_t i)
{
    struct side_key key = key_of_org(&item->involved[i]);
    side_key_add_ref(&key, &item->ref);
    return key;
}

static void item_put(struct kv *kv, struct inbox_item *item)
{
    uint8_t buffer[ITEM_RECORD_SIZE];
    struct record r = record_writer(buffer, sizeof buffer);
    struct side_key key = key_of_ref(&item->ref);
    lay_item(&r, item);
    kv_put(kv, KV_INBOX, side_key_slice(&key), record_slice(&r, buffer));
    for (size_t i = 0; i < item->n_involved; i++) {
        key = key_of_involved(item, i);
        kv_put(kv, KV_INBOX_ORG, side_key_slice(&key), (struct slice){0});
    }
}

/* The texts that came with an item: they go with it, or pass to the log. */
static void item_del(struct kv *kv, const struct inbox_item *item, bool logged)
{
    for (size_t i = 0; i < item->n_involved; i++) {
        struct side_key key = key_of_involved(item, i);
        kv_del(kv, KV_INBOX_ORG, side_key_slice(&key));
    }
    struct side_key key = key_of_ref(&item->ref);
    kv_del(kv, KV_INBOX, side_key_slice(&key));
    uint64_t waiting = side_number(kv, key_of_number(item));
    side_put_number(kv, key_of_number(item), waiting > 0 ? waiting - 1 : 0);
    for (size_t i = 0; i < item->n_texts; i++)
        side_settle_text(kv, &item->texts[i], &item->ref, logged);
}

void side_drop_item(struct kv *kv, const struct ref *ref)
{
    struct inbox_item item;
    struct side_key key = key_of_ref(ref);
    if (item_get(kv, side_key_slice(&key), &item))
        item_del(kv, &item, false);
}

/* --- Limits ----------------------------------------------------------------------------------- */

/*
 * The times of the last applications, in one record: true when there is room for one more in the
 * hour, which is then noted.
 */
static bool count_application(struct kv *kv, int64_t now_ms)
{
    int64_t times[INBOX_STRANGERS_HOUR_MAX];
    size_t n = 0;
    uint8_t buffer[1 + sizeof times];
    struct side_key key = side_key_word("applications");
    struct slice value;
    if (kv_get(kv, KV_SIDE_META, side_key_slice(&key), &value)) {
        struct record r = record_reader(value);
        size_t stored;
        record_count(&r, &stored, INBOX_STRANGERS_HOUR_MAX);
        for (size_t i = 0; i < stored; i++) {
            record_i64(&r, &times[n]);
            n += times[n] > now_ms - HOUR_MS;
        }
    }
    if (n == INBOX_STRANGERS_HOUR_MAX)
        return false;
    times[n++] = now_ms;
    struct record r = record_writer(buffer, sizeof buffer);
    record_count(&r, &n, INBOX_STRANGERS_HOUR_MAX);
    for (size_t i = 0; i < n; i++)
        record_i64(&r, &times[i]);
    kv_put(kv, KV_SIDE_META, side_key_slice(&key), record_slice(&r, buffer));
    return true;
}

static enum inbox_result count_item(struct kv *kv, const struct inbox_item *item, int64_t now_ms)
{
    uint64_t waiting = side_number(kv, key_of_number(item));
    if (waiting >= (item->stranger ? INBOX_STRANGERS_MAX : INBOX_PER_ORG_MAX))
        return INBOX_FULL;
    if (item->stranger && !count_application(kv, now_ms))
        return INBOX_RATE;
    side_put_number(kv, key_of_number(item), waiting + 1);
    return INBOX_STORED;
}

/* --- Merging notes ---------------------------------------------------------------------------- */

/* An entry text is two lines; the empty line and the signatures follow. */
static size_t text_length(const struct inbox_item *item)
{
    const char *end = item->note + item->note_len;
    const char *first = memchr(item->note, '\n', item->note_len);
    const char *second =
        first != NULL ? memchr(first + 1, '\n', (size_t)(end - first - 1)) : NULL;
    return second != NULL ? (size_t)(second + 1 - item->note) : 0;
}

struct line {
    const char *at;
    size_t n, name_len; /* n with the line feed; the name follows the dash and a space */
};
#define DASH_LEN (sizeof "\xe2\x80\x94 " - 1)

static size_t split_lines(const struct inbox_item *item, struct line lines[static NOTE_SIGS_MAX])
{
    const char *at = item->note + text_length(item) + 1, *end = item->note + item->note_len;
    size_t n = 0;
    while (at < end && n < NOTE_SIGS_MAX) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        const char *space = (size_t)(end - at) > DASH_LEN
                                ? memchr(at + DASH_LEN, ' ', (size_t)(end - at) - DASH_LEN)
                                : NULL;
        if (feed == NULL || space == NULL || space > feed)
            break;
        lines[n++] = (struct line){at, (size_t)(feed + 1 - at), (size_t)(space - at) - DASH_LEN};
        at = feed + 1;
    }
    return n;
}

static int compare_names(const struct line *a, const struct line *b)
{
    size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
    int order = memcmp(a->at + DASH_LEN, b->at + DASH_LEN, n);
    return order != 0 ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

/* Both are sorted by name: a merge in which the new line wins. False when it does not fit. */
static bool merge_notes(struct inbox_item *item, const struct inbox_item *old)
{
    struct line ours[NOTE_SIGS_MAX], theirs[NOTE_SIGS_MAX];
    size_t n_ours = split_lines(item, ours), n_theirs = split_lines(old, theirs);
    size_t i = 0, j = 0, len = text_length(item) + 1;
    char merged[ENTRY_NOTE_MAX];
    memcpy(merged, item->note, len);
    while (i < n_ours || j < n_theirs) {
        int order = i == n_ours ? 1 : j == n_theirs ? -1 : compare_names(&ours[i], &theirs[j]);
        const struct line *line = order <= 0 ? &ours[i] : &theirs[j];
        i += order <= 0;
        j += order >= 0;
        if (line->n > sizeof merged - len)
            return false;
        memcpy(merged + len, line->at, line->n);
        len += line->n;
    }
    memcpy(item->note, merged, len);
    item->note_len = len;
    return true;
}

/* --- The calls -------------------------------------------------------------------------------- */

static bool same_text(const struct inbox_item *a, const struct inbox_item *b)
{
    size_t n = text_length(a);
    return n == text_length(b) && memcmp(a->note, b->note, n) == 0;
}

static enum inbox_result put_in(struct kv *kv, struct inbox_item *item, int64_t now_ms)
{
    struct inbox_item old;
    struct side_key key = key_of_ref(&item->ref);
    if (item_get(kv, side_key_slice(&key), &old)) {
        if (!same_text(item, &old))
            return INBOX_OTHER_TEXT;
        if (!merge_notes(item, &old))
            return INBOX_FULL;
        item->received_at = old.received_at;
        item->stranger = old.stranger;
        item->first_signer = old.first_signer;
    } else {
        if (item->first_signer.s[0] == '\0')
            item->first_signer = item->ref.by;
        enum inbox_result result = count_item(kv, item, now_ms);
        if (result != INBOX_STORED)
            return result;
    }
    item_put(kv, item);
    return INBOX_STORED;
}

enum inbox_result inbox_put(struct side *side, struct inbox_item *item, int64_t now_ms)
{
    struct kv *kv;
    assert(text_length(item) > 0 && item->note_len > text_length(item));
    if (store_begin(side->store, &kv) != STORE_OK)
        return INBOX_IO;
    enum inbox_result result = put_in(kv, item, now_ms);
    if (kv_failed(kv))
        result = INBOX_IO;
    if (result != INBOX_STORED) {
        store_abort(kv);
        return result;
    }
    return side_finish(side, kv) ? INBOX_STORED : INBOX_IO;
}

bool inbox_get(struct side *side, const struct ref *ref, struct inbox_item *out)
{
    struct side_look look = side_look_begin(side);
    struct side_key key = key_of_ref(ref);
    bool there = look.kv != NULL && item_get(look.kv, side_key_slice(&key), out);
    side_look_end(&look);
    return there;
}

static void text_hash_of(const struct inbox_item *item, struct hash *out)
{
    /* An entry text has two lines and no empty one, so the first empty line ends it. */
    const char *end = memmem(item->note, item->note_len, "\n\n", 2);
    assert(end != NULL);
    hash_sha256(out, item->note, (size_t)(end + 1 - item->note));
}

bool inbox_waits(struct side *side, const struct ref *ref)
{
    struct side_key key = key_of_ref(ref);
    struct side_look look = side_look_begin(side);
    struct slice there;
    bool waits = look.kv == NULL || kv_get(look.kv, KV_INBOX, side_key_slice(&key), &there) ||
                 kv_failed(look.kv);
    side_look_end(&look);
    return waits;
}

bool inbox_remove(struct side *side, const struct ref *ref, const struct hash *logged)
{
    struct kv *kv;
    struct inbox_item item;
    struct hash own;
    struct side_key key = key_of_ref(ref);
    /* Most entries never waited: a look keeps them from queueing for the one writer's place. */
    if (!inbox_waits(side, ref) || store_begin(side->store, &kv) != STORE_OK)
        return false;
    if (!item_get(kv, side_key_slice(&key), &item)) {
        store_abort(kv);
        return false;
    }
    text_hash_of(&item, &own);
    item_del(kv, &item, logged != NULL && hash_equal(&own, logged));
    return side_finish(side, kv);
}

bool inbox_next(struct side *side, const struct handle *org, const struct ref *after,
                struct inbox_item *out)
{
    struct side_look look = side_look_begin(side);
    struct side_key key = key_of_org(org);
    size_t prefix = key.n;
    if (after != NULL)
        side_key_add_ref(&key, after);
    struct slice found, value;
    bool there = look.kv != NULL &&
                 kv_seek(look.kv, KV_INBOX_ORG, side_key_slice(&key), true, &found, &value) &&
                 found.size > prefix && memcmp(found.data, key.b, prefix) == 0 &&
                 item_get(look.kv, (struct slice){found.data + prefix, found.size - prefix}, out);
    side_look_end(&look);
    return there;
}

bool inbox_walk(struct side *side, const struct ref *after, struct inbox_item *out)
{
    struct side_look look = side_look_begin(side);
    struct side_key key = {.n = 0};
    if (after != NULL)
        side_key_add_ref(&key, after);
    struct slice found, value;
    bool there = look.kv != NULL &&
                 kv_seek(look.kv, KV_INBOX, side_key_slice(&key), true, &found, &value);
    if (there) {
        struct record r = record_reader(value);
        lay_item(&r, out);
    }
    side_look_end(&look);
    return there;
}

/* The first item that is past its time, at or after `key`, which moves on. */
static bool find_expired(struct kv *kv, int64_t now_ms, struct side_key *key,
                         struct inbox_item *out)
{
    struct slice found, value;
    while (kv_seek(kv, KV_INBOX, side_key_slice(key), true, &found, &value)) {
        key->n = 0;
        side_key_add(key, found.data, found.size);
        struct record r = record_reader(value);
        lay_item(&r, out);
        if (out->valid_until < now_ms)
            return true;
    }
    return false;
}

size_t inbox_purge(struct side *side, int64_t now_ms)
{
    struct inbox_item item;
    struct side_key key = {.n = 0};
    struct side_look look = side_look_begin(side);
    bool any = look.kv != NULL && find_expired(look.kv, now_ms, &key, &item);
    side_look_end(&look);
    struct kv *kv;
    if (!any || store_begin(side->store, &kv) != STORE_OK)
        return 0;
    size_t n = 0;
    for (key.n = 0; find_expired(kv, now_ms, &key, &item); n++)
        item_del(kv, &item, false);
    return side_finish(side, kv) ? n : 0;
}
