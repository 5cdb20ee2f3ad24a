/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/refusals.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "crypto/random.h"

#define ORIGIN "ledger.example.org/test"
#define NAME ORIGIN "/refusal"
#define ID "018bcfe5680070008000000000000001"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static struct secret_key *key;
static struct public_key public;
static struct refusal_note stated, back;
static char note[REFUSAL_NOTE_SIZE];
static const char *why;

static void start(void)
{
    uint8_t seed[KEY_SEED_BYTES] = {7};
    cr_assert_eq(crypto_start(), 0);
    key = secret_key_from_seed(seed);
    cr_assert_not_null(key);
    secret_key_public(key, &public);
    memset(&stated, 0, sizeof stated);
    snprintf(stated.ref.by.s, sizeof stated.ref.by.s, "orme");
    cr_assert(id_parse(&stated.ref.id, ID, strlen(ID)));
    refuse(&stated.why, CODE_limit_crossed, "shares", "at most \"600\" \\ minutes",
           "%d \xe2\x80\xa6", 601);
    snprintf(stated.why.rule, sizeof stated.why.rule, "limit_floor");
    stated.at = 1700000000123;
    stated.valid_until = 1700000009999;
    stated.head.size = 42;
}

static void end(void)
{
    secret_key_free(key);
}

TestSuite(refusals, .init = start, .fini = end);

#define LINE \
    "{\"at\":1700000000123,\"author\":\"orme\",\"code\":\"limit_crossed\",\"entry_hash\":\"" ZEROS \
    "\",\"expected\":\"at most \\\"600\\\" \\\\ minutes\",\"field\":\"shares\",\"found\":" \
    "\"601 \xe2\x80\xa6\",\"id\":\"" ID "\",\"number\":703,\"root\":\"" ZEROS \
    "\",\"rule\":\"limit_floor\",\"size\":42,\"valid_until\":1700000009999}"

static bool opens(const char *bytes, size_t n)
{
    return refusal_open(&back, bytes, n, ORIGIN, &public, &why);
}

/* Signs a text as the refusal key would. */
static bool opens_text(const char *first, const char *line)
{
    char text[2 * REFUSAL_TEXT_SIZE], sig[NOTE_LINE_SIZE(sizeof NAME)];
    char whole[sizeof text + 1 + sizeof sig];
    const char *lines[] = {sig};
    int n = snprintf(text, sizeof text, "%s\n%s\n", first, line);
    cr_assert(n > 0 && (size_t)n < sizeof text);
    cr_assert_gt(note_sign(sig, sizeof sig, text, (size_t)n, NAME, strlen(NAME), key), 0);
    size_t len = note_build(whole, sizeof whole, text, (size_t)n, lines, 1);
    cr_assert_gt(len, 0);
    return opens(whole, len);
}

/* --- Which ------------------------------------------------------------------------------------ */

Test(refusals, only_decisions_are_final)
{
    static const enum code all[] = {
#define CODE_MEMBER(word, number, status, title) CODE_##word,
        CODES(CODE_MEMBER)
#undef CODE_MEMBER
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int n = (int)all[i], hundred = n / 100;
        bool final = (n >= 302 && n <= 307) || hundred == 5 || hundred == 6 || hundred == 7;
        cr_assert_eq(refusal_final(all[i]), final, "%d", n);
    }
    cr_assert_not(refusal_final(CODE_OK));
}

/* --- Text ------------------------------------------------------------------------------------- */

Test(refusals, the_text_is_that_of_the_specification)
{
    size_t n = refusal_sign(note, ORIGIN, &stated, key);
    static const char text[] = ORIGIN "/refusal/v1\n" LINE "\n\n\xe2\x80\x94 " NAME " ";
    cr_assert_gt(n, sizeof text);
    cr_assert_eq(memcmp(note, text, sizeof text - 1), 0, "%s", note);
    cr_assert_eq(n, strlen(note));
}

Test(refusals, reads_back_what_it_signed)
{
    size_t n = refusal_sign(note, ORIGIN, &stated, key);
    cr_assert(opens(note, n), "%s", why);
    cr_assert_str_eq(back.ref.by.s, "orme");
    cr_assert_eq(memcmp(back.ref.id.b, stated.ref.id.b, sizeof back.ref.id.b), 0);
    cr_assert_eq(back.why.code, CODE_limit_crossed);
    cr_assert_str_eq(back.why.rule, stated.why.rule);
    cr_assert_str_eq(back.why.field, stated.why.field);
    cr_assert_str_eq(back.why.expected, stated.why.expected);
    cr_assert_str_eq(back.why.found, stated.why.found);
    cr_assert(back.at == stated.at && back.valid_until == stated.valid_until);
    cr_assert(back.head.size == 42 && hash_equal(&back.head.root, &stated.head.root));
    cr_assert(hash_equal(&back.entry_hash, &stated.entry_hash));
}

Test(refusals, the_longest_one_fits)
{
    struct refusal *r = &stated.why;
    memset(stated.ref.by.s, 'a', HANDLE_MAX);
    memset(r->rule, '"', sizeof r->rule - 1);
    memset(r->field, '"', sizeof r->field - 1);
    memset(r->expected, '\\', sizeof r->expected - 1);
    memset(r->found, '"', sizeof r->found - 1);
    stated.at = stated.valid_until = INTEGER_MAX;
    stated.head.size = (uint64_t)INTEGER_MAX;
    char origin[ORIGIN_MAX + 1];
    memset(origin, 'o', ORIGIN_MAX);
    origin[ORIGIN_MAX] = '\0';
    size_t n = refusal_sign(note, origin, &stated, key);
    cr_assert(refusal_open(&back, note, n, origin, &public, &why), "%s", why);
    cr_assert_str_eq(back.why.expected, r->expected);
    cr_assert_str_eq(back.why.found, r->found);
}

/* --- What is none ----------------------------------------------------------------------------- */

Test(refusals, another_key_or_network_has_not_signed_it)
{
    struct secret_key *other = secret_key_new();
    struct public_key stranger;
    secret_key_public(other, &stranger);
    size_t n = refusal_sign(note, ORIGIN, &stated, key);
    cr_assert_not(refusal_open(&back, note, n, ORIGIN, &stranger, &why));
    cr_assert_not(refusal_open(&back, note, n, "ledger.example.org/other", &public, &why));
    n = refusal_sign(note, ORIGIN, &stated, other);
    cr_assert_not(opens(note, n));
    secret_key_free(other);
}

Test(refusals, a_changed_byte_is_seen)
{
    size_t n = refusal_sign(note, ORIGIN, &stated, key);
    for (size_t i = 0; i < n; i++) {
        note[i] ^= 1;
        cr_assert_not(opens(note, n), "byte %zu", i);
        note[i] ^= 1;
        cr_assert_not(opens(note, i), "cut at %zu", i);
    }
    cr_assert(opens(note, n));
}

/* A line that differs from LINE in one place. */
static const char *bent(const char *from, const char *to)
{
    static char line[REFUSAL_TEXT_SIZE];
    const char *place = strstr(LINE, from);
    cr_assert_not_null(place, "%s", from);
    snprintf(line, sizeof line, "%.*s%s%s", (int)(place - LINE), LINE, to, place + strlen(from));
    return line;
}

Test(refusals, what_the_key_signed_otherwise_is_no_refusal)
{
    static const char *const bends[][2] = {
        {"\"code\":\"limit_crossed\"", "\"code\":\"signer_missing\""},
        {"\"code\":\"limit_crossed\"", "\"code\":\"no_such_code\""},
        {"703", "702"},
        {"limit_crossed\",\"entry_hash\"", "signature_invalid\",\"entry_hash\""},
        {"\"at\":1700000000123,", ""},
        {"\"size\":42", "\"size\":-1"},
        {"\"size\":42", "\"size\":\"42\""},
        {"\"size\":42", "\"size\":42,\"skew\":1"},
        {"\"found\":\"601", "\"found\":1,\"fount\":\"601"},
        {"\"author\":\"orme\"", "\"author\":\"Orme\""},
        {ID, "018bcfe5680040008000000000000001"},
        {"\"field\":\"shares\"", "\"field\": \"shares\""},
        {"\"root\":\"00", "\"root\":\"0"},
    };
    cr_assert(opens_text(ORIGIN "/refusal/v1", LINE), "%s", why);
    for (size_t i = 0; i < sizeof bends / sizeof bends[0]; i++)
        cr_assert_not(opens_text(ORIGIN "/refusal/v1", bent(bends[i][0], bends[i][1])), "%zu", i);
    cr_assert_not(opens_text(ORIGIN "/entry/v1", LINE));
    cr_assert_not(opens_text(ORIGIN "/refusal/v2", LINE));
    cr_assert_not(opens_text(ORIGIN "/refusal/v1", LINE "\n{}"));
}

Test(refusals, belongs_to_one_text)
{
    static struct entry entry;
    entry.by = stated.ref.by;
    entry.id = stated.ref.id;
    entry.valid_until = stated.valid_until;
    cr_assert(refusal_is_of(&stated, &entry));
    entry.valid_until++;
    cr_assert_not(refusal_is_of(&stated, &entry));
    entry.valid_until--;
    entry.id.b[15] ^= 1;
    cr_assert_not(refusal_is_of(&stated, &entry));
    entry.id.b[15] ^= 1;
    entry.text_hash.b[0] ^= 1;
    cr_assert_not(refusal_is_of(&stated, &entry));
    entry.text_hash.b[0] ^= 1;
    entry.by.s[0] = 'a';
    cr_assert_not(refusal_is_of(&stated, &entry));
}
