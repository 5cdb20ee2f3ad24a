/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/pack.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "crypto/text.h"

enum { RAW = 0, HEX = 64, SIGNATURE = 128, NUMBER = 129, COPY = 192 };

#define RUN_MAX 64 /* bytes of one token of bytes or digits */
#define SIGNATURE_BYTES 68
#define SIGNATURE_DIGITS 92
#define COPY_MIN 4
#define COPY_MAX (COPY_MIN + 63)
/* From here on a special token is shorter than what it stands for by enough. */
#define HEX_MIN 12
#define NUMBER_MIN 6
#define NUMBER_MAX 18 /* digits that surely fit 63 bits */
/* A repetition as long as this is taken before anything else. */
#define COPY_LONG 40
/* Places of the dictionary that are looked at for one repetition. */
#define TRIES_MAX 24

/* What leaves have in common, in the order in which canonical JSON puts it. */
static const char dictionary[] =
    "at 17"
    "\",\"kind\":\"hours.record\",\"shares\":[{\"from\":\"\",\"minutes\":\",\"to\":\"\"}],"
    "\"valid_until\":\n\xe2\x80\x94 /entry/v1\n{\"by\":\"\",\"day\":\"20-0-1\",\"id\":\""
    "{\"agreement\":\"\",\"by\":\"\",\"details\":\"\",\"done_by\":\"members\",\"gift\":true,"
    "\"need\":\"\",\"skill\":\"},{\"from\":\"}\n\n\xe2\x80\x94 /org/ /clock "
    "\",\"kind\":\"org.confirm\",\"valid_until\":"
    "\",\"kind\":\"agreement.sign\",\"expires\":,\"offer\":\"\",\"people\":"
    "{\"areas\":[\"],\"by\":\"\",\"details\":\"\",\"expires\":\"kind\":\"offer.publish\","
    "\"languages\":[\"en\",\"fr\",\"nl\"],\"minutes_month\":,\"providers\":[\"],\"public\":true,"
    "\"skill\":\"\",\"type\":\"skill\",\"urgent\":false,\"valid_until\":"
    "\",\"kind\":\"need.publish\",\"minutes\":\"kind\":\"need.vouch\",\"kind\":\"need.withdraw\","
    "\"kind\":\"offer.renew\",\"kind\":\"offer.withdraw\",\"kind\":\"agreement.change\","
    "\"kind\":\"agreement.close\",\"kind\":\"agreement.cancel\",\"hours\":\""
    "\"kind\":\"hours.reverse\",\"kind\":\"assertion.balance\",\"kind\":\"details.erase\","
    "\"slot\":\"details\",\"subject\":\"\"kind\":\"key.add\",\"scope\":\"sign\","
    "\"kind\":\"key.revoke\",\"key\":\"\",\"ceiling\":"
    "{\"by\":\"\",\"charter\":\"\",\"coordinator\":\"\",\"details\":\"\",\"id\":\"\",\"key\":\"\","
    "\"kind\":\"org.admit\",\"public\":true,\"valid_until\":,\"sponsors\":[\""
    "\"kind\":\"org.update\",\"kind\":\"org.leave\",\"to\":\""
    "{\"by\":\"clock\",\"effects_hash\":\"\",\"id\":\"\",\"kind\":\"clock.tick\",\"n\":,"
    "\"through\":,\"totals\":{\"given\":,\"received\":"
    "{\"accounts\":,\"by\":\"clock\",\"id\":\"\",\"kind\":\"seal.balances\",\"root\":\"\","
    "\"size\":,\"valid_until\":,\"seen\":{\"root\":\"\",\"size\":";

#define DICTIONARY ((uint32_t)sizeof dictionary - 1)

_Static_assert(sizeof dictionary - 1 <= PACK_DICTIONARY_MAX, "the room begins with it");
_Static_assert(PACK_DICTIONARY_MAX + PACK_LEAF_MAX <= UINT16_MAX, "a place fits two bytes");

/* --- Where four bytes stood before ------------------------------------------------------------ */

#define PLACES 2048

/* By four bytes: 1 + the place where they stood last; 0: nowhere. */
struct places {
    uint16_t v[PLACES];
};

/* In the dictionary all of them: `before` leads from each place to the one before. */
static struct places of_dictionary;
static uint16_t before[sizeof dictionary];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint16_t *place_of(struct places *places, const uint8_t *four)
{
    uint32_t x;
    memcpy(&x, four, sizeof x);
    return &places->v[x * 2654435761u >> 21];
}

static void learn_dictionary(void)
{
    for (uint32_t i = 0; i + COPY_MIN <= DICTIONARY; i++) {
        uint16_t *place = place_of(&of_dictionary, (const uint8_t *)dictionary + i);
        before[i] = *place;
        *place = (uint16_t)(i + 1);
    }
}

void pack_room_init(struct pack_room *room)
{
    memcpy(room->b, dictionary, DICTIONARY);
}

/* --- Packing ---------------------------------------------------------------------------------- */

struct packer {
    struct slice leaf;
    size_t at;   /* what is packed so far */
    size_t bare; /* where the bytes begin that have no token yet */
    uint8_t *out;
    size_t n, room;
    struct places places;
};

static bool emit(struct packer *p, const void *bytes, size_t n)
{
    if (n > p->room - p->n)
        return false;
    memcpy(p->out + p->n, bytes, n);
    p->n += n;
    return true;
}

/* Writes the bytes that nothing better was found for. */
static bool emit_bare(struct packer *p)
{
    while (p->bare < p->at) {
        size_t n = p->at - p->bare < RUN_MAX ? p->at - p->bare : RUN_MAX;
        uint8_t token = (uint8_t)(RAW + n - 1);
        if (!emit(p, &token, 1) || !emit(p, p->leaf.data + p->bare, n))
            return false;
        p->bare += n;
    }
    return true;
}

static void skip(struct packer *p, size_t n)
{
    p->at += n;
    p->bare = p->at;
}

/* Remembers where `n` bytes stand, and goes on behind them. */
static void pass(struct packer *p, size_t n)
{
    for (size_t end = p->at + n; p->at < end; p->at++)
        if (p->at + COPY_MIN <= p->leaf.size)
            *place_of(&p->places, p->leaf.data + p->at) = (uint16_t)(p->at + 1);
}

/* How many of the next bytes, `most` at most, stand at `from` as well. */
static size_t same(const struct packer *p, const uint8_t *from, size_t most)
{
    size_t n = 0, left = p->leaf.size - p->at;
    most = most < left ? most : left;
    most = most < COPY_MAX ? most : COPY_MAX;
    while (n < most && from[n] == p->leaf.data[p->at + n])
        n++;
    return n;
}

/* How many bytes from here on stand at an earlier place, which is given; 0: too few. */
static size_t find_copy(struct packer *p, uint16_t *place)
{
    size_t best = 0;
    if (p->leaf.size - p->at < COPY_MIN)
        return 0;
    const uint8_t *here = p->leaf.data + p->at;
    size_t own = *place_of(&p->places, here);
    if (own > 0) {
        best = same(p, p->leaf.data + own - 1, COPY_MAX);
        *place = (uint16_t)(DICTIONARY + own - 1);
    }
    size_t known = *place_of(&of_dictionary, here);
    for (size_t tries = TRIES_MAX; known > 0 && tries > 0; tries--, known = before[known - 1]) {
        size_t n = same(p, (const uint8_t *)dictionary + known - 1, DICTIONARY - (known - 1));
        if (n > best) {
            best = n;
            *place = (uint16_t)(known - 1);
        }
    }
    return best >= COPY_MIN ? best : 0;
}

static bool emit_copy(struct packer *p, size_t n, uint16_t place)
{
    uint8_t token[3] = {(uint8_t)(COPY + n - COPY_MIN), (uint8_t)(place >> 8), (uint8_t)place};
    if (!emit_bare(p) || !emit(p, token, sizeof token))
        return false;
    pass(p, n);
    p->bare = p->at;
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

static size_t run_of(const struct packer *p, bool (*fits)(uint8_t), size_t max)
{
    size_t n = 0, left = p->leaf.size - p->at;
    max = max < left ? max : left;
    while (n < max && fits(p->leaf.data[p->at + n]))
        n++;
    return n;
}

/* A signature stands at the end of its line, behind a space. */
static bool signature_here(const struct packer *p)
{
    const uint8_t *at = p->leaf.data + p->at;
    return p->at > 0 && at[-1] == ' ' && p->leaf.size - p->at > SIGNATURE_DIGITS &&
           at[SIGNATURE_DIGITS] == '\n' && at[SIGNATURE_DIGITS - 1] == '=';
}

static bool emit_signature(struct packer *p, bool *done)
{
    uint8_t token[1 + SIGNATURE_BYTES] = {SIGNATURE};
    *done = signature_here(p) &&
            base64_decode_public(token + 1, SIGNATURE_BYTES,
                                 (const char *)p->leaf.data + p->at, SIGNATURE_DIGITS);
    if (!*done)
        return true;
    if (!emit_bare(p) || !emit(p, token, sizeof token))
        return false;
    skip(p, SIGNATURE_DIGITS);
    return true;
}

static uint8_t value_of(uint8_t digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static bool emit_hex(struct packer *p, size_t digits)
{
    uint8_t token[1 + RUN_MAX];
    const uint8_t *from = p->leaf.data + p->at;
    size_t n = digits / 2;
    token[0] = (uint8_t)(HEX + n - 1);
    for (size_t i = 0; i < n; i++)
        token[1 + i] = (uint8_t)(value_of(from[2 * i]) << 4 | value_of(from[2 * i + 1]));
    if (!emit_bare(p) || !emit(p, token, 1 + n))
        return false;
    skip(p, 2 * n);
    return true;
}

static bool emit_number(struct packer *p, size_t digits)
{
    uint8_t token[12] = {NUMBER};
    uint64_t value = 0;
    size_t n = 1;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + value_of(p->leaf.data[p->at + i]);
    for (; value > 0x7f; value >>= 7)
        token[n++] = (uint8_t)(value | 0x80);
    token[n++] = (uint8_t)value;
    if (!emit_bare(p) || !emit(p, token, n))
        return false;
    skip(p, digits);
    return true;
}

/* Digits of a number, or of bytes; *done: something was written. */
static bool emit_digits(struct packer *p, bool *done)
{
    const uint8_t *at = p->leaf.data + p->at;
    *done = false;
    if (!is_hex(*at) || (p->at > 0 && is_hex(at[-1]) && p->bare != p->at))
        return true;
    size_t hex = run_of(p, is_hex, 2 * RUN_MAX), digits = run_of(p, is_digit, NUMBER_MAX + 1);
    *done = true;
    if (hex >= HEX_MIN && hex > digits)
        return emit_hex(p, hex);
    if (digits >= NUMBER_MIN && digits <= NUMBER_MAX && *at != '0')
        return emit_number(p, digits);
    if (hex >= HEX_MIN)
        return emit_hex(p, hex);
    *done = false;
    return true;
}

static bool pack_step(struct packer *p)
{
    uint16_t place = 0;
    bool done;
    size_t copy = find_copy(p, &place);
    if (copy >= COPY_LONG)
        return emit_copy(p, copy, place);
    bool ok = emit_signature(p, &done);
    if (ok && !done)
        ok = emit_digits(p, &done);
    if (!ok || done)
        return ok;
    if (copy > 0)
        return emit_copy(p, copy, place);
    pass(p, 1);
    return true;
}

/* The packed form; 0 when it would not be shorter. */
static size_t pack(struct slice leaf, uint8_t out[static PACK_LEAF_MAX])
{
    struct packer p = {.leaf = leaf, .out = out, .room = leaf.size > 0 ? leaf.size - 1 : 0};
    uint8_t first = PACK_PACKED;
    pthread_once(&once, learn_dictionary);
    bool ok = emit(&p, &first, 1);
    while (ok && p.at < leaf.size)
        ok = pack_step(&p);
    return ok && emit_bare(&p) ? p.n : 0;
}

struct slice pack_leaf(struct slice leaf, uint8_t out[static PACK_LEAF_MAX],
                       struct pack_room *room)
{
    struct slice packed = {out, 0}, again;
    bool fits = leaf.size > 0 && leaf.size < PACK_LEAF_MAX;
    if (fits)
        packed.size = pack(leaf, out);
    if (packed.size > 0 && pack_expand(packed, room, &again) && again.size == leaf.size &&
        memcmp(again.data, leaf.data, leaf.size) == 0)
        return packed;
    if (leaf.size == 0 || leaf.data[0] > PACK_PACKED)
        return leaf;
    assert(fits); /* so long a one begins as leaves begin */
    out[0] = PACK_AS_IS;
    memcpy(out + 1, leaf.data, leaf.size);
    return (struct slice){out, leaf.size + 1};
}

/* --- Expanding -------------------------------------------------------------------------------- */

struct expander {
    const uint8_t *in, *in_end;
    uint8_t *start, *at, *end; /* start: of the room, where places count from */
};

static bool has(const struct expander *e, size_t in, size_t out)
{
    return (size_t)(e->in_end - e->in) >= in && (size_t)(e->end - e->at) >= out;
}

static bool expand_raw(struct expander *e, size_t n)
{
    if (!has(e, n, n))
        return false;
    memcpy(e->at, e->in, n);
    e->in += n;
    e->at += n;
    return true;
}

static bool expand_hex(struct expander *e, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    if (!has(e, n, 2 * n))
        return false;
    for (size_t i = 0; i < n; i++) {
        *e->at++ = (uint8_t)digits[*e->in >> 4];
        *e->at++ = (uint8_t)digits[*e->in++ & 15];
    }
    return true;
}

static bool expand_signature(struct expander *e)
{
    if (!has(e, SIGNATURE_BYTES, SIGNATURE_DIGITS))
        return false;
    base64_encode_public((char *)e->at, e->in, SIGNATURE_BYTES);
    e->in += SIGNATURE_BYTES;
    e->at += SIGNATURE_DIGITS;
    return true;
}

static bool expand_number(struct expander *e)
{
    uint64_t value = 0;
    uint8_t digits[24], byte;
    size_t n = 0;
    unsigned shift = 0;
    do {
        if (!has(e, 1, 0) || shift > 56)
            return false;
        byte = *e->in++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte > 0x7f);
    for (; value > 0 || n == 0; value /= 10)
        digits[n++] = (uint8_t)('0' + value % 10);
    if (!has(e, 0, n))
        return false;
    while (n > 0)
        *e->at++ = digits[--n];
    return true;
}

static bool expand_copy(struct expander *e, size_t n)
{
    if (!has(e, 2, n))
        return false;
    size_t place = (size_t)e->in[0] << 8 | e->in[1];
    const uint8_t *from = e->start + place;
    e->in += 2;
    if (place < DICTIONARY) {
        if (DICTIONARY - place < n)
            return false;
    } else {
        from = e->start + PACK_DICTIONARY_MAX + (place - DICTIONARY);
        if (from >= e->at)
            return false;
    }
    /* One by one: what a copy begins with may be what it goes on with. */
    for (; n > 0; n--)
        *e->at++ = *from++;
    return true;
}

static bool expand_token(struct expander *e)
{
    uint8_t token = *e->in++;
    if (token < HEX)
        return expand_raw(e, (size_t)token - RAW + 1);
    if (token < SIGNATURE)
        return expand_hex(e, (size_t)token - HEX + 1);
    if (token >= COPY)
        return expand_copy(e, (size_t)token - COPY + COPY_MIN);
    return token == SIGNATURE ? expand_signature(e) : token == NUMBER && expand_number(e);
}

bool pack_expand(struct slice stored, struct pack_room *room, struct slice *leaf)
{
    *leaf = stored;
    if (stored.size == 0 || stored.data[0] > PACK_PACKED)
        return true;
    if (stored.data[0] == PACK_AS_IS) {
        *leaf = (struct slice){stored.data + 1, stored.size - 1};
        return true;
    }
    uint8_t *begin = room->b + PACK_DICTIONARY_MAX;
    struct expander e = {.in = stored.data + 1,
                         .in_end = stored.data + stored.size,
                         .start = room->b,
                         .at = begin,
                         .end = begin + PACK_LEAF_MAX};
    bool ok = true;
    while (ok && e.in < e.in_end)
        ok = expand_token(&e);
    *leaf = (struct slice){begin, (size_t)(e.at - begin)};
    return ok;
}
