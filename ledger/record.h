/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Records as bytes: a cursor that either writes or reads, so that one function per record states
 * its layout for both directions and the two cannot drift apart. Integers are big-endian and of
 * fixed width, or (`var`) as short as they are: seven bits a byte from the lowest on, the high bit
 * on all but the last; a signed n as 2n, or -2n - 1 below zero.
 */
#ifndef SEM_LEDGER_RECORD_H
#define SEM_LEDGER_RECORD_H

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "ledger/kv.h"

struct record {
    uint8_t *at, *end;
    bool writing;
};

static inline struct record record_writer(uint8_t *buffer, size_t n)
{
    return (struct record){.at = buffer, .end = buffer + n, .writing = true};
}

/* The cursor never writes through a reader, so the bytes may be borrowed ones. */
static inline struct record record_reader(struct slice s)
{
    uint8_t *p = (uint8_t *)(uintptr_t)s.data;
    return (struct record){.at = p, .end = p + s.size, .writing = false};
}

static inline void record_bytes(struct record *r, void *value, size_t n)
{
    /* A record too short or a buffer too small is a broken store or a defect: stop. */
    assert((size_t)(r->end - r->at) >= n);
    if (r->writing)
        memcpy(r->at, value, n);
    else
        memcpy(value, r->at, n);
    r->at += n;
}

static inline void record_u64(struct record *r, uint64_t *value)
{
    uint64_t big = htobe64(*value);
    record_bytes(r, &big, sizeof big);
    *value = be64toh(big);
}

static inline void record_i64(struct record *r, int64_t *value)
{
    uint64_t v = (uint64_t)*value;
    record_u64(r, &v);
    *value = (int64_t)v;
}

static inline void record_u32(struct record *r, uint32_t *value)
{
    uint32_t big = htobe32(*value);
    record_bytes(r, &big, sizeof big);
    *value = be32toh(big);
}

static inline void record_i32(struct record *r, int32_t *value)
{
    uint32_t v = (uint32_t)*value;
    record_u32(r, &v);
    *value = (int32_t)v;
}

static inline void record_u8(struct record *r, uint8_t *value)
{
    record_bytes(r, value, 1);
}

static inline void record_var_u64(struct record *r, uint64_t *value)
{
    uint64_t left = *value, sum = 0;
    uint8_t b;
    unsigned shift = 0;
    do {
        assert(shift < 70);
        b = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
        record_u8(r, &b);
        sum |= (uint64_t)(b & 0x7f) << shift;
        left >>= 7;
        shift += 7;
    } while ((b & 0x80) != 0);
    *value = sum;
}

static inline void record_var_i64(struct record *r, int64_t *value)
{
    uint64_t v = (uint64_t)*value << 1 ^ (*value < 0 ? UINT64_MAX : 0);
    record_var_u64(r, &v);
    *value = (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

static inline void record_var_u32(struct record *r, uint32_t *value)
{
    uint64_t v = *value;
    record_var_u64(r, &v);
    assert(v <= UINT32_MAX);
    *value = (uint32_t)v;
}

static inline void record_var_i32(struct record *r, int32_t *value)
{
    int64_t v = *value;
    record_var_i64(r, &v);
    assert(v >= INT32_MIN && v <= INT32_MAX);
    *value = (int32_t)v;
}

static inline void record_bool(struct record *r, bool *value)
{
    /* A reader's value is not set yet, and not every byte is a bool. */
    uint8_t v = r->writing && *value;
    record_u8(r, &v);
    *value = v != 0;
}

/* A count that is known to fit one byte. */
static inline void record_count(struct record *r, size_t *n, size_t max)
{
    assert(max <= 255);
    uint8_t v = (uint8_t)*n;
    assert(!r->writing || *n <= max);
    record_u8(r, &v);
    assert(v <= max);
    *n = v;
}

/* A short text: one byte of length, then the characters. */
static inline void record_text(struct record *r, char *text, size_t size)
{
    size_t n = r->writing ? strlen(text) : 0;
    record_count(r, &n, size - 1);
    record_bytes(r, text, n);
    if (!r->writing)
        text[n] = '\0';
}

static inline struct slice record_slice(const struct record *r, const uint8_t *start)
{
    return (struct slice){start, (size_t)(r->at - start)};
}

#endif
