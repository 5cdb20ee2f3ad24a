/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the parts of ledger/state.h share and nobody else needs: how keys are put together, and how
 * a record is read and written by its layout (ledger/record.h).
 */
#ifndef SEM_LEDGER_STATE_RECORD_H
#define SEM_LEDGER_STATE_RECORD_H

#include "ledger/record.h"
#include "ledger/state.h"

/* Large enough for every record; network.found is the largest. */
#define RECORD_MAX 16384

struct key {
    uint8_t b[KV_KEY_MAX];
    size_t n;
};

static inline struct slice key_slice(const struct key *k)
{
    return (struct slice){k->b, k->n};
}

static inline void key_u8(struct key *k, uint8_t v)
{
    k->b[k->n++] = v;
}

static inline void key_u32(struct key *k, uint32_t v)
{
    for (int i = 24; i >= 0; i -= 8)
        key_u8(k, (uint8_t)(v >> i));
}

static inline void key_u64(struct key *k, uint64_t v)
{
    key_u32(k, (uint32_t)(v >> 32));
    key_u32(k, (uint32_t)v);
}

static inline void key_bytes(struct key *k, const void *p, size_t n)
{
    memcpy(k->b + k->n, p, n);
    k->n += n;
}

static inline void key_thing(struct key *k, const struct thing_key *t)
{
    key_bytes(k, t->id.b, sizeof t->id.b);
    key_u32(k, t->author);
}

static inline struct key key_of_number(uint32_t n)
{
    struct key k = {.n = 0};
    key_u32(&k, n);
    return k;
}

static inline struct key key_of_thing(const struct thing_key *t)
{
    struct key k = {.n = 0};
    if (t != NULL)
        key_thing(&k, t);
    return k;
}

static inline struct key key_of_word(const char *word)
{
    struct key k = {.n = 0};
    key_bytes(&k, word, strlen(word));
    return k;
}

static inline void lay_thing(struct record *r, struct thing_key *t)
{
    record_bytes(r, t->id.b, sizeof t->id.b);
    record_u32(r, &t->author);
}

static inline void lay_hash(struct record *r, struct hash *h)
{
    record_bytes(r, h->b, sizeof h->b);
}

/* kv_get() and kv_put(), with small rows of `meta` at hand. */
bool state_get_row(struct state *s, enum kv_table table, struct slice key, struct slice *value);
void state_put_row(struct state *s, enum kv_table table, struct slice key, struct slice value);

/* Reads a record into *out, or returns false from the function around it when there is none. */
#define GET(table, key, lay, out) \
    do { \
        struct slice value_; \
        if (!state_get_row(s, (table), key_slice(&(key)), &value_)) \
            return false; \
        struct record r_ = record_reader(value_); \
        memset((out), 0, sizeof *(out)); \
        lay(&r_, (out)); \
        assert(r_.at == r_.end); \
    } while (0)

/* Writes a record. */
#define PUT(table, key, lay, type, in) \
    do { \
        uint8_t buffer_[RECORD_MAX]; \
        struct record r_ = record_writer(buffer_, sizeof buffer_); \
        type copy_ = *(in); \
        lay(&r_, &copy_); \
        state_put_row(s, (table), key_slice(&(key)), record_slice(&r_, buffer_)); \
    } while (0)

#endif
