/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/kept_batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/record.h"
#include "ledger/side_store.h"

/* --- The batch -------------------------------------------------------------------------------- */

static const struct slice newest = {(const uint8_t *)"newest", 6};

static bool read_batch(struct slice value, struct kept_batch *out)
{
    const size_t week = CALENDAR_WEEK_BYTES - 1;

    assert(value.size >= week);
    memcpy(out->week, value.data, week);
    out->week[week] = '\0';
    out->n = value.size - week;
    out->json = malloc(out->n + 1);
    if (out->json) {
        memcpy(out->json, value.data + week, out->n);
        out->json[out->n] = '\0';
    }
    return out->json != NULL;
}

enum kept_look kept_batch_get(struct side *side, struct kept_batch *out)
{
    struct side_look look = side_look_begin(side);
    enum kept_look result = KEPT_FAILED;
    struct slice value;

    memset(out, 0, sizeof *out);
    if (look.kv && kv_get(look.kv, KV_BATCH, newest, &value)) {
        result = read_batch(value, out) ? KEPT_THERE : KEPT_FAILED;
    } else if (look.kv && !kv_failed(look.kv)) {
        result = KEPT_ABSENT;
    }
    side_look_end(&look);
    return result;
}

bool kept_batch_put(struct side *side, const struct kept_batch *batch)
{
    const size_t week = CALENDAR_WEEK_BYTES - 1;
    uint8_t *bytes = malloc(week + batch->n);
    struct kv *kv;

    if (!bytes || store_begin(side->store, &kv) != STORE_OK) {
        free(bytes);
        return false;
    }
    memcpy(bytes, batch->week, week);
    memcpy(bytes + week, batch->json, batch->n);
    kv_put(kv, KV_BATCH, newest, (struct slice){bytes, week + batch->n});
    free(bytes);
    return side_commit(kv);
}

/* --- What was declined ------------------------------------------------------------------------ */

#define DECLINE_RECORD_SIZE (16 + 2 * (HANDLE_MAX + 1) + 16)

static void lay_decline(struct record *r, struct match_decline *d)
{
    record_bytes(r, d->need.id.b, sizeof d->need.id.b);
    record_text(r, d->need.by.s, sizeof d->need.by.s);
    record_text(r, d->org.s, sizeof d->org.s);
    record_i64(r, &d->until);
    record_i64(r, &d->at);
}

static struct side_key key_of(const struct match_decline *d)
{
    struct side_key key = {.n = 0};

    side_key_add_ref(&key, &d->need);
    side_key_add(&key, "", 1); /* the NUL ends the handle */
    side_key_add(&key, d->org.s, strlen(d->org.s));
    return key;
}

bool kept_decline_put(struct side *side, const struct match_decline *decline)
{
    uint8_t buffer[DECLINE_RECORD_SIZE];
    struct match_decline copy = *decline;
    struct side_key key = key_of(decline);
    struct record r = record_writer(buffer, sizeof buffer);
    struct kv *kv;

    if (store_begin(side->store, &kv) != STORE_OK) {
        return false;
    }
    lay_decline(&r, &copy);
    kv_put(kv, KV_DECLINE, side_key_slice(&key), record_slice(&r, buffer));
    return side_finish(side, kv);
}

static bool append(struct match_decline **v, size_t n, size_t *room, struct slice value)
{
    struct match_decline *more;
    struct record r = record_reader(value);

    if (n == *room) {
        *room = *room ? 2 * *room : 32;
        more = reallocarray(*v, *room, sizeof **v);
        if (!more) {
            return false;
        }
        *v = more;
    }
    memset(&(*v)[n], 0, sizeof **v);
    lay_decline(&r, &(*v)[n]);
    return true;
}

static bool read_all(struct kv *kv, struct match_decline **out, size_t *n)
{
    struct slice key = {0}, value;
    size_t room = 0;

    while (kv_seek(kv, KV_DECLINE, key, key.size > 0, &key, &value)) {
        if (!append(out, *n, &room, value)) {
            return false;
        }
        (*n)++;
    }
    return !kv_failed(kv);
}

enum kept_look kept_declines(struct side *side, struct match_decline **out, size_t *n)
{
    struct side_look look = side_look_begin(side);
    bool ok;

    *out = NULL;
    *n = 0;
    ok = look.kv && read_all(look.kv, out, n);
    side_look_end(&look);
    if (!ok) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    return ok ? KEPT_THERE : KEPT_FAILED;
}

size_t kept_declines_purge(struct side *side, bool (*dead)(void *ctx, const struct match_decline *),
                           void *ctx)
{
    struct match_decline *all;
    size_t n, gone = 0;
    struct kv *kv = NULL;

    if (kept_declines(side, &all, &n) != KEPT_THERE) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct side_key key = key_of(&all[i]);

        if (!dead(ctx, &all[i])) {
            continue;
        }
        if (!kv && store_begin(side->store, &kv) != STORE_OK) {
            kv = NULL;
            break;
        }
        kv_del(kv, KV_DECLINE, side_key_slice(&key));
        gone++;
    }
    free(all);
    return kv && side_finish(side, kv) ? gone : 0;
}
