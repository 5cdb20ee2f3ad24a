/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/pack.h"

#include <assert.h>
#include <endian.h>
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

#define PLACES_BITS 11
#define PLACES (1 << PLACES_BITS)

/* By four bytes: 1 + the place where they stood last; 0: nowhere. */
struct places {
    uint16_t v[PLACES];
};

/*
 * In the dictionary all of them: what `of_dictionary` leads to begins a list of places. Different
 * four bytes may share an entry of it, so `other` leads on to the next list, whose places have
 * others, and `same` to the place before of the list. All are 1 + a place; 0 ends them.
 */
static struct places of_dictionary;
static struct known {
    uint32_t four;
    uint16_t same, other;
} known[sizeof dictionary];
/* The dictionary with room behind it, so that where a copy would end can be read. */
static uint8_t words[sizeof dictionary + COPY_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t four_at(const uint8_t *at)
{
    uint32_t x;
    memcpy(&x, at, sizeof x);
    return x;
}

static uint64_t eight_at(const uint8_t *at)
{
    uint64_t x;
    memcpy(&x, at, sizeof x);
    return x;
}

static uint32_t entry_of(uint32_t four)
{
    return four * 2654435761u >> (32 - PLACES_BITS);
}

/* Of the places that share an entry, from the last one on, the first few count. */
static void learn_entry(uint16_t *entry, const uint16_t *before)
{
    uint16_t place = *entry, *end = entry;
    *entry = 0;
    for (size_t tries = TRIES_MAX; place > 0 && tries > 0; tries--, place = before[place - 1]) {
        uint16_t *list = entry;
        while (*list > 0 && known[*list - 1].four != known[place - 1].four)
            list = &known[*list - 1].other;
        for (end = list; *end > 0;)
            end = &known[*end - 1].same;
        *end = place;
    }
}

static void learn_dictionary(void)
{
    static uint16_t before[sizeof dictionary];
    memcpy(words, dictionary, DICTIONARY);
    for (uint32_t i = 0; i + COPY_MIN <= DICTIONARY; i++) {
        known[i].four = four_at(words + i);
        uint16_t *entry = &of_dictionary.v[entry_of(known[i].four)];
        before[i] = *entry;
        *entry = (uint16_t)(i + 1);
    }
    for (size_t i = 0; i < PLACES; i++)
        learn_entry(&of_dictionary.v[i], before);
}

void pack_room_init(struct pack_room *room)
{
    memcpy(room->b, dictionary, DICTIONARY);
}

/* --- Packing ---------------------------------------------------------------------------------- */

struct packer {
    const uint8_t *start, *end; /* the leaf */
    const uint8_t *at;          /* what is packed so far */
    const uint8_t *bare;        /* where the bytes begin that have no token yet */
    uint8_t *out, *full;        /* where the next token goes, and what it may not reach beyond */
    struct places places;
};

static size_t left(const struct packer *p)
{
    return (size_t)(p->end - p->at);
}

/* 1 + where it is in the leaf: what `places` keeps. */
static uint16_t place_of(const struct packer *p, const uint8_t *at)
{
    return (uint16_t)(at - p->start + 1);
}

/* Writes the bytes that nothing better was found for. */
static bool emit_bare(struct packer *p)
{
    while (p->bare < p->at) {
        size_t run = (size_t)(p->at - p->bare);
        run = run < RUN_MAX ? run : RUN_MAX;
        if (1 + run > (size_t)(p->full - p->out))
            return false;
        *p->out++ = (uint8_t)(RAW + run - 1);
        memcpy(p->out, p->bare, run);
        p->out += run;
        p->bare += run;
    }
    return true;
}

/* Whether there is room for `n` bytes more, behind those that had no token yet. */
static bool room_for(struct packer *p, size_t n)
{
    return (p->bare == p->at || emit_bare(p)) && n <= (size_t)(p->full - p->out);
}

/* Takes what was written into the room that room_for() found, and goes on behind its bytes. */
static bool done_with(struct packer *p, uint8_t *out, size_t n)
{
    p->out = out;
    p->at += n;
    p->bare = p->at;
    return true;
}

/* Remembers where the next bytes stand, up to `end`. */
static void remember(struct packer *p, const uint8_t *end)
{
    const uint8_t *at = p->at, *last = p->end - (COPY_MIN - 1);
    uint32_t place = place_of(p, at);
    uint16_t *v = p->places.v;
    end = end < last ? end : last;
    for (; end - at >= 4; at += 4, place += 4) {
        v[entry_of(four_at(at))] = (uint16_t)place;
        v[entry_of(four_at(at + 1))] = (uint16_t)(place + 1);
        v[entry_of(four_at(at + 2))] = (uint16_t)(place + 2);
        v[entry_of(four_at(at + 3))] = (uint16_t)(place + 3);
    }
    for (; at < end; at++, place++)
        v[entry_of(four_at(at))] = (uint16_t)place;
}

/* How many of `most` bytes are the same at both places, of which `n` are known to be. */
static size_t same(const uint8_t *a, const uint8_t *b, size_t n, size_t most)
{
    for (; n + 8 <= most; n += 8) {
        uint64_t differ = le64toh(eight_at(a + n) ^ eight_at(b + n));
        if (differ != 0)
            return n + (size_t)__builtin_ctzll(differ) / 8;
    }
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

/* 1 + the last place in the dictionary with these four bytes; 0: none. */
static size_t place_known(uint32_t four)
{
    size_t place = of_dictionary.v[entry_of(four)];
    while (place > 0 && known[place - 1].four != four)
        place = known[place - 1].other;
    return place;
}

/* The same with a place of the dictionary, where the first four are known to be. */
static size_t same_known(const uint8_t *here, size_t most, size_t place)
{
    size_t left = DICTIONARY - (place - 1);
    return same(words + place - 1, here, COPY_MIN, most < left ? most : left);
}

/*
 * The longest of those in the dictionary from `place` on, when it is longer than `best`. Most are
 * ruled out by the four bytes that would end a longer one.
 */
static size_t find_known(const uint8_t *here, size_t most, size_t place, size_t best,
                         uint16_t *found)
{
    if (best == 0) {
        best = same_known(here, most, place);
        *found = (uint16_t)(place - 1);
        place = known[place - 1].same;
    }
    for (; place > 0 && best < most; place = known[place - 1].same) {
        const uint8_t *end = words + place - 1 + best - 3;
        size_t n = four_at(end) == four_at(here + best - 3) ? same_known(here, most, place) : 0;
        if (n > best) {
            best = n;
            *found = (uint16_t)(place - 1);
        }
    }
    return best;
}

/*
 * How many bytes from here on stand at an earlier place, which is given; 0: too few. At least
 * COPY_MIN are left, `four` are the next ones and `own` is where their like stood in the leaf.
 */
static size_t find_copy(const struct packer *p, uint32_t four, size_t own, uint16_t *found)
{
    size_t best = 0, most = left(p) < COPY_MAX ? left(p) : COPY_MAX;
    size_t place = place_known(four);
    if (own > 0 && four_at(p->start + own - 1) == four) {
        best = same(p->start + own - 1, p->at, COPY_MIN, most);
        *found = (uint16_t)(DICTIONARY + own - 1);
    }
    return place > 0 ? find_known(p->at, most, place, best, found) : best;
}

static bool emit_copy(struct packer *p, size_t n, uint16_t place)
{
    if (!room_for(p, 3))
        return false;
    p->out[0] = (uint8_t)(COPY + n - COPY_MIN);
    p->out[1] = (uint8_t)(place >> 8);
    p->out[2] = (uint8_t)place;
    remember(p, p->at + n);
    return done_with(p, p->out + 3, n);
}

/* By byte: IS_HEX and the value of a hexadecimal digit, IS_DIGIT as well for a decimal one. */
enum { IS_DIGIT = 32, IS_HEX = 16 };
static const uint8_t digits_by_byte[256] = {
    ['0'] = 48, ['1'] = 49, ['2'] = 50, ['3'] = 51, ['4'] = 52, ['5'] = 53, ['6'] = 54, ['7'] = 55,
    ['8'] = 56, ['9'] = 57, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
};

/* How many hexadecimal digits from here on, of `most`; the first `*decimal` are decimal ones. */
static size_t run_of(const uint8_t *at, size_t most, size_t *decimal)
{
    size_t n = 0;
    while (n < most && (digits_by_byte[at[n]] & IS_DIGIT) != 0)
        n++;
    *decimal = n;
    while (n < most && digits_by_byte[at[n]] != 0)
        n++;
    return n;
}

/* A signature stands at the end of its line, behind a space. */
static bool signature_here(const struct packer *p)
{
    return p->at > p->start && p->at[-1] == ' ' && left(p) > SIGNATURE_DIGITS &&
           p->at[SIGNATURE_DIGITS] == '\n' && p->at[SIGNATURE_DIGITS - 1] == '=';
}

static bool emit_signature(struct packer *p, bool *done)
{
    uint8_t bytes[SIGNATURE_BYTES];
    *done = base64_decode_public(bytes, SIGNATURE_BYTES, (const char *)p->at, SIGNATURE_DIGITS);
    if (!*done)
        return true;
    if (!room_for(p, 1 + SIGNATURE_BYTES))
        return false;
    p->out[0] = SIGNATURE;
    memcpy(p->out + 1, bytes, SIGNATURE_BYTES);
    return done_with(p, p->out + 1 + SIGNATURE_BYTES, SIGNATURE_DIGITS);
}

static bool emit_hex(struct packer *p, size_t digits)
{
    const uint8_t *from = p->at;
    size_t n = digits / 2;
    if (!room_for(p, 1 + n))
        return false;
    uint8_t *to = p->out;
    *to++ = (uint8_t)(HEX + n - 1);
    for (const uint8_t *end = from + 2 * n; from < end; from += 2)
        *to++ = (uint8_t)(digits_by_byte[from[0]] << 4 | (digits_by_byte[from[1]] & 15));
    return done_with(p, to, 2 * n);
}

static bool emit_number(struct packer *p, size_t digits)
{
    uint64_t value = 0;
    size_t n = 1;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (uint64_t)(p->at[i] - '0');
    for (uint64_t rest = value >> 7; rest > 0; rest >>= 7)
        n++;
    if (!room_for(p, 1 + n))
        return false;
    uint8_t *to = p->out;
    *to++ = NUMBER;
    for (; value > 0x7f; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return done_with(p, to, digits);
}

/* Whether as many digits may follow as the shortest token of them needs. */
static bool digits_begin(const uint8_t *at, const uint8_t *end)
{
    return digits_by_byte[*at] != 0 && end - at >= NUMBER_MIN &&
           digits_by_byte[at[NUMBER_MIN - 1]] != 0;
}

/* A run is looked at where it begins, or where a token ended within it. */
static bool digits_here(const struct packer *p)
{
    return digits_begin(p->at, p->end) &&
           (p->bare == p->at || p->at == p->start || digits_by_byte[p->at[-1]] == 0);
}

/* Digits of a number, or of bytes; *done: something was written. */
static bool emit_digits(struct packer *p, bool *done)
{
    size_t digits, most = left(p) < 2 * RUN_MAX ? left(p) : 2 * RUN_MAX;
    size_t hex = run_of(p->at, most, &digits);
    *done = true;
    if (hex >= HEX_MIN && hex > digits)
        return emit_hex(p, hex);
    if (digits >= NUMBER_MIN && digits <= NUMBER_MAX && *p->at != '0')
        return emit_number(p, digits);
    if (hex >= HEX_MIN)
        return emit_hex(p, hex);
    *done = false;
    return true;
}

/* Goes on over bytes where no token can begin; one stands before them that has none either. */
static void pass_bare(struct packer *p)
{
    const uint8_t *at = p->at;
    uint32_t place = place_of(p, at);
    for (; p->end - at >= COPY_MIN; at++, place++) {
        uint32_t four = four_at(at), entry = entry_of(four);
        uint16_t own = p->places.v[entry];
        if (own > 0 && four_at(p->start + own - 1) == four)
            break;
        if (of_dictionary.v[entry] > 0 && place_known(four) > 0)
            break;
        if (at[-1] == ' ' || (digits_begin(at, p->end) && digits_by_byte[at[-1]] == 0))
            break;
        p->places.v[entry] = (uint16_t)place;
    }
    p->at = at;
}

static bool pack_step(struct packer *p)
{
    uint16_t place = 0, *own = NULL;
    size_t copy = 0;
    bool ok = true, done = false;
    if (left(p) >= COPY_MIN) {
        uint32_t four = four_at(p->at);
        own = &p->places.v[entry_of(four)];
        copy = find_copy(p, four, *own, &place);
    }
    if (copy >= COPY_LONG)
        return emit_copy(p, copy, place);
    if (signature_here(p))
        ok = emit_signature(p, &done);
    if (ok && !done && digits_here(p))
        ok = emit_digits(p, &done);
    if (!ok || done)
        return ok;
    if (copy > 0)
        return emit_copy(p, copy, place);
    if (own != NULL)
        *own = place_of(p, p->at);
    p->at++;
    pass_bare(p);
    return true;
}

/* The packed form; 0 when it would not be shorter. */
static size_t pack(struct slice leaf, uint8_t out[static PACK_LEAF_MAX])
{
    struct packer p;
    pthread_once(&once, learn_dictionary);
    p.start = p.at = p.bare = leaf.data;
    p.end = leaf.data + leaf.size;
    p.out = out;
    p.full = out + leaf.size - 1;
    memset(&p.places, 0, sizeof p.places);
    if (leaf.size < 2)
        return 0;
    *p.out++ = PACK_PACKED;
    bool ok = true;
    while (ok && p.at < p.end)
        ok = pack_step(&p);
    return ok && emit_bare(&p) ? (size_t)(p.out - out) : 0;
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
    const uint8_t *in = e->in;
    uint8_t *at = e->at;
    for (e->in += n; in < e->in; in++) {
        *at++ = (uint8_t)digits[*in >> 4];
        *at++ = (uint8_t)digits[*in & 15];
    }
    e->at = at;
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
    uint8_t digits[24], byte, *first = digits + sizeof digits;
    unsigned shift = 0;
    do {
        if (!has(e, 1, 0) || shift > 56)
            return false;
        byte = *e->in++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte > 0x7f);
    do {
        *--first = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    size_t n = (size_t)(digits + sizeof digits - first);
    if (!has(e, 0, n))
        return false;
    memcpy(e->at, first, n);
    e->at += n;
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
    if ((size_t)(e->at - from) >= n) {
        memcpy(e->at, from, n);
        e->at += n;
        return true;
    }
    /* One by one: what a copy begins with is what it goes on with. */
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
