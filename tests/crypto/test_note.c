/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "crypto/note.h"
#include "tests/crypto/helpers.h"

#define DASH "\xe2\x80\x94 "
/* A well-formed line; the name and the bytes mean nothing. */
#define LINE DASH "a AAAAAAA=\n"

TestSuite(note, .init = start);

static struct note parsed(const char *bytes)
{
    struct note n;
    enum note_err err = note_parse(&n, bytes, strlen(bytes));
    cr_assert_eq(err, NOTE_OK, "%s", note_strerror(err));
    return n;
}

static enum note_err parse_error(const char *bytes)
{
    struct note n;
    return note_parse(&n, bytes, strlen(bytes));
}

Test(note, separator_is_the_last_empty_line)
{
    static const struct {
        const char *note, *text;
    } cases[] = {{"t\n\n" LINE, "t\n"},
                 {"\n\n" LINE, "\n"},
                 {"t\n\n\n" LINE, "t\n\n"},
                 {"t\n\n" LINE "\n" LINE, "t\n\n" LINE},
                 {"a\n\nb\n\n" LINE, "a\n\nb\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct note n = parsed(cases[i].note);
        cr_assert_eq(n.text_len, strlen(cases[i].text), "case %zu", i);
        cr_assert(memcmp(n.text, cases[i].text, n.text_len) == 0, "case %zu", i);
        cr_assert_eq(n.n_sigs, 1);
    }
}

Test(note, lines_are_kept_in_order_with_name_id_and_length)
{
    struct note n = parsed("t\n\n" DASH "\xc3\xa9.org/a AAECAwQ=\n" DASH "b /////wABAgMEBQYH\n");

    cr_assert_eq(n.n_sigs, 2);
    cr_assert(n.sigs[0].name_len == 8 && memcmp(n.sigs[0].name, "\xc3\xa9.org/a", 8) == 0);
    cr_assert(memcmp(n.sigs[0].id.b, "\x00\x01\x02\x03", 4) == 0);
    cr_assert_eq(n.sigs[0].payload_len, 1);
    cr_assert(memcmp(n.sigs[1].id.b, "\xff\xff\xff\xff", 4) == 0);
    cr_assert_eq(n.sigs[1].payload_len, 8);

    uint8_t payload[8];
    cr_assert(note_sig_payload(&n.sigs[1], payload, 8));
    cr_assert(memcmp(payload, "\x00\x01\x02\x03\x04\x05\x06\x07", 8) == 0);
    cr_assert_not(note_sig_payload(&n.sigs[1], payload, 7));
    cr_assert_not(note_sig_payload(&n.sigs[0], payload, 8));
}

Test(note, malformed_notes_are_refused_each_for_its_reason)
{
    static const struct {
        enum note_err want;
        const char *note;
    } cases[] = {
        {NOTE_NO_END, ""},
        {NOTE_NO_END, "t\n\n" DASH "a AAAAAAA="},
        {NOTE_NO_END, "t"},
        {NOTE_NOT_UTF8, "t\xff\n\n" LINE},
        {NOTE_NOT_UTF8, "t\n\n\xe2\x80 a AAAAAAA=\n"},
        {NOTE_NOT_UTF8, "\xed\xa0\x80\n\n" LINE},
        {NOTE_NOT_UTF8, "t\xc0\x8a\n\n" LINE},
        {NOTE_CONTROL, "t\r\n\r\n" LINE},
        {NOTE_CONTROL, "t\tu\n\n" LINE},
        {NOTE_CONTROL, "t\x1f\n\n" LINE},
        {NOTE_CONTROL, "t\n\n" DASH "a AAAAAAA=\r\n"},
        {NOTE_NO_SEPARATOR, "t\n"},
        {NOTE_NO_SEPARATOR, "t\n" LINE},
        {NOTE_NO_SEPARATOR, "\n" LINE},
        {NOTE_NO_SEPARATOR, LINE},
        {NOTE_NO_SEPARATOR, "\n"},
        {NOTE_NO_SIGNATURE, "t\n\n"},
        {NOTE_NO_SIGNATURE, "\n\n"},
        {NOTE_NO_SIGNATURE, "t\n\n" LINE "\n"},
        {NOTE_LINE_FORM, "t\n\nu\n"},
        {NOTE_LINE_FORM, "t\n\n- a AAAAAAA=\n"},
        {NOTE_LINE_FORM, "t\n\n\xe2\x80\x93 a AAAAAAA=\n"},
        {NOTE_LINE_FORM, "t\n\n\xe2\x80\x94" "a AAAAAAA=\n"},
        {NOTE_LINE_FORM, "t\n\n " DASH "a AAAAAAA=\n"},
        {NOTE_LINE_FORM, "t\n\n" DASH "a\n"},
        {NOTE_LINE_FORM, "t\n\n" DASH "\n"},
        {NOTE_LINE_FORM, "t\n\n" LINE "u\n"},
        {NOTE_NAME, "t\n\n" DASH " AAAAAAA=\n"},
        {NOTE_NAME, "t\n\n" DASH "a+b AAAAAAA=\n"},
        {NOTE_NAME, "t\n\n" DASH "a\xc2\xa0" "b AAAAAAA=\n"},
        {NOTE_NAME, "t\n\n" DASH "a\xe3\x80\x80" "b AAAAAAA=\n"},
        {NOTE_BASE64, "t\n\n" DASH "a \n"},
        {NOTE_BASE64, "t\n\n" DASH "a AAAAAA==\n"},
        {NOTE_BASE64, "t\n\n" DASH "a AAAA\n"},
        {NOTE_BASE64, "t\n\n" DASH "a AAAAAAA\n"},
        {NOTE_BASE64, "t\n\n" DASH "a AAAAAAB=\n"},
        {NOTE_BASE64, "t\n\n" DASH "a AAAA AAA=\n"},
        {NOTE_BASE64, "t\n\n" DASH "a  AAAAAAA=\n"},
        {NOTE_BASE64, "t\n\n" DASH "a AAAAAAA= \n"},
        {NOTE_BASE64, "t\n\n" DASH "a AAAAAA-=\n"},
        {NOTE_BASE64, "t\n\n" DASH "a b AAAAAAA=\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum note_err got = parse_error(cases[i].note);
        CHECK(got == cases[i].want, "case %zu: %s", i, note_strerror(got));
    }
    struct note n;
    cr_assert_eq(note_parse(&n, "t\0\n\n" LINE, sizeof "t\0\n\n" LINE - 1), NOTE_CONTROL);
}

Test(note, no_prefix_of_a_note_and_no_longer_note_is_one)
{
    static const char whole[] = "text\n\n" LINE;
    struct note n;

    for (size_t len = 0; len < sizeof whole - 1; len++) {
        CHECK(note_parse(&n, whole, len) != NOTE_OK, "prefix of %zu", len);
    }
    cr_assert_eq(note_parse(&n, whole, sizeof whole - 1), NOTE_OK);
    cr_assert_neq(note_parse(&n, whole, sizeof whole), NOTE_OK);
}

Test(note, line_and_length_bounds_are_exact)
{
    static char bytes[NOTE_BYTES_MAX + 2];
    static struct note n;
    size_t len = 3;

    memcpy(bytes, "t\n\n", len);
    for (size_t i = 0; i < NOTE_SIGS_MAX; i++) {
        memcpy(bytes + len, LINE, sizeof LINE - 1);
        len += sizeof LINE - 1;
    }
    cr_assert_eq(note_parse(&n, bytes, len), NOTE_OK);
    cr_assert_eq(n.n_sigs, NOTE_SIGS_MAX);
    memcpy(bytes + len, LINE, sizeof LINE - 1);
    cr_assert_eq(note_parse(&n, bytes, len + sizeof LINE - 1), NOTE_TOO_MANY);

    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes + NOTE_BYTES_MAX - sizeof LINE - 1, "\n\n" LINE, sizeof LINE + 1);
    cr_assert_eq(note_parse(&n, bytes, NOTE_BYTES_MAX), NOTE_OK);
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes + NOTE_BYTES_MAX - sizeof LINE, "\n\n" LINE, sizeof LINE + 1);
    cr_assert_eq(note_parse(&n, bytes, NOTE_BYTES_MAX + 1), NOTE_TOO_LONG);
}

Test(note, long_signature_of_an_unknown_type_is_carried)
{
    static char bytes[8000], base64[BASE64_SIZE(4 + 2428)];
    static uint8_t raw[4 + 2428];

    memset(raw, 0x42, sizeof raw);
    base64_encode(base64, sizeof base64, raw, sizeof raw);
    snprintf(bytes, sizeof bytes, "t\n\n" DASH "witness %s\n", base64);
    struct note n = parsed(bytes);
    cr_assert_eq(n.sigs[0].payload_len, 2428);
}

Test(note, text_rules_hold_for_unsigned_texts)
{
    cr_assert_eq(note_text_check("t\n", 2), NOTE_OK);
    cr_assert_eq(note_text_check("\n\n", 2), NOTE_OK);
    cr_assert_eq(note_text_check("t", 1), NOTE_NO_END);
    cr_assert_eq(note_text_check("", 0), NOTE_NO_END);
    cr_assert_eq(note_text_check("t\r\n", 3), NOTE_CONTROL);
    cr_assert_eq(note_text_check("\xc3\n", 2), NOTE_NOT_UTF8);
}

/* --- Verifying ----------------------------------------------------------------------------- */

static const char text[] = "ledger.example.org/demo/entry/v1\n{}\n";
enum { TEXT_LEN = sizeof text - 1 };

static struct verifier_key public_of(const struct secret_key *secret, const char *name,
                                     uint8_t type)
{
    struct public_key pub;
    struct verifier_key key;
    secret_key_public(secret, &pub);
    verifier_key_set(&key, name, strlen(name), type, &pub);
    return key;
}

Test(note, line_verifies_with_its_own_key_and_text_only)
{
    struct secret_key *alder = key_of_phrase("alder"), *birch = key_of_phrase("birch");
    struct verifier_key a = public_of(alder, "org/alder", KEY_ED25519);
    struct verifier_key b = public_of(birch, "org/birch", KEY_ED25519);
    char line[NOTE_LINE_SIZE(9)], bytes[400];

    cr_assert_neq(note_sign(line, sizeof line, text, TEXT_LEN, "org/alder", 9, alder), 0);
    const char *lines[] = {line};
    cr_assert_neq(note_build(bytes, sizeof bytes, text, TEXT_LEN, lines, 1), 0);
    struct note n = parsed(bytes);
    cr_assert_eq(note_verify_line(&n, 0, &a.key), NOTE_OK);
    cr_assert_eq(note_verify_line(&n, 0, &b.key), NOTE_OTHER_KEY);
    cr_assert_eq(note_verify_found(&n, 0, &a.key), NOTE_OK);
    cr_assert_eq(note_verify_found(&n, 0, &b.key), NOTE_BAD_SIGNATURE);
    cr_assert_eq(note_verify(&n, &a, NULL), NOTE_OK);
    cr_assert_eq(note_verify(&n, &b, NULL), NOTE_NOT_SIGNED);

    for (size_t i = 0; i < TEXT_LEN; i++) {
        if (bytes[i] == '\n') {
            continue;
        }
        bytes[i] ^= 2;
        n = parsed(bytes);
        CHECK(note_verify_line(&n, 0, &a.key) == NOTE_BAD_SIGNATURE, "byte %zu", i);
        CHECK(note_verify_found(&n, 0, &a.key) == NOTE_BAD_SIGNATURE, "byte %zu", i);
        CHECK(note_verify(&n, &a, NULL) == NOTE_BAD_SIGNATURE, "byte %zu", i);
        bytes[i] ^= 2;
    }
    secret_key_free(alder);
    secret_key_free(birch);
}

Test(note, one_bad_line_of_a_known_key_spoils_the_note_and_unknown_lines_do_not)
{
    struct secret_key *alder = key_of_phrase("alder");
    struct verifier_key a = public_of(alder, "org/alder", KEY_ED25519);
    struct public_key pub = a.key;
    struct signature wrong = {{0}};
    char good[NOTE_LINE_SIZE(9)], bad[NOTE_LINE_SIZE(9)], bytes[700];

    cr_assert_neq(note_sign(good, sizeof good, text, TEXT_LEN, "org/alder", 9, alder), 0);
    cr_assert_neq(note_format_signature(bad, sizeof bad, "org/alder", 9, &a.id, &wrong), 0);

    const char *unknown[] = {LINE, good, LINE};
    cr_assert_neq(note_build(bytes, sizeof bytes, text, TEXT_LEN, unknown, 3), 0);
    struct note n = parsed(bytes);
    cr_assert_eq(note_verify(&n, &a, NULL), NOTE_OK);
    cr_assert_eq(note_verify_line(&n, 0, &pub), NOTE_OTHER_KEY);

    const char *spoilt[] = {good, bad};
    cr_assert_neq(note_build(bytes, sizeof bytes, text, TEXT_LEN, spoilt, 2), 0);
    n = parsed(bytes);
    cr_assert_eq(note_verify(&n, &a, NULL), NOTE_BAD_SIGNATURE);

    a.type = 0x06;
    cr_assert_eq(note_verify(&n, &a, NULL), NOTE_TYPE);
    secret_key_free(alder);
}

/* A note of one line with key id `id` and n bytes of payload; the library makes no such line. */
static void odd_line(char *out, size_t size, const char *name, const struct key_id *id,
                     const uint8_t *payload, size_t n)
{
    uint8_t whole[128];
    char base64[BASE64_SIZE(sizeof whole)];

    memcpy(whole, id->b, KEY_ID_BYTES);
    memcpy(whole + KEY_ID_BYTES, payload, n);
    base64_encode(base64, sizeof base64, whole, KEY_ID_BYTES + n);
    snprintf(out, size, "%s\n" DASH "%s %s\n", text, name, base64);
}

Test(note, payload_of_another_length_than_the_type_is_refused)
{
    struct secret_key *secret = key_of_phrase("k");
    struct verifier_key entry = public_of(secret, "k", KEY_ED25519);
    struct verifier_key witness = public_of(secret, "k", KEY_COSIGNATURE);
    static const uint8_t payload[100];
    char bytes[400];
    uint64_t t = 0;

    for (size_t n = 1; n <= sizeof payload; n++) {
        odd_line(bytes, sizeof bytes, "k", &entry.id, payload, n);
        struct note parsed_note = parsed(bytes);
        enum note_err want = n == 64 ? NOTE_BAD_SIGNATURE : NOTE_LENGTH;
        CHECK(note_verify_line(&parsed_note, 0, &entry.key) == want, "%zu bytes", n);

        odd_line(bytes, sizeof bytes, "k", &witness.id, payload, n);
        parsed_note = parsed(bytes);
        want = n == 72 ? NOTE_BAD_SIGNATURE : NOTE_LENGTH;
        CHECK(note_verify_cosignature(&parsed_note, 0, &witness.key, &t) == want, "%zu", n);
        CHECK(note_verify_cosignature(&parsed_note, 0, &entry.key, &t) == want, "%zu", n);
        CHECK(note_verify_line(&parsed_note, 0, &witness.key) == NOTE_OTHER_KEY, "%zu", n);
    }
    uint8_t late[72] = {0x80};
    odd_line(bytes, sizeof bytes, "k", &witness.id, late, sizeof late);
    struct note n = parsed(bytes);
    cr_assert_eq(note_verify_cosignature(&n, 0, &witness.key, &t), NOTE_TIME);
    secret_key_free(secret);
}

Test(note, cosignature_binds_time_and_text)
{
    struct secret_key *secret = key_of_phrase("w");
    struct verifier_key w = public_of(secret, "w", KEY_COSIGNATURE);
    static const uint64_t times[] = {0, 1767139200, INT64_MAX};
    char line[NOTE_LINE_SIZE(1)], bytes[400];

    for (size_t i = 0; i < 3; i++) {
        uint64_t t = 1;
        cr_assert_neq(note_cosign(line, sizeof line, text, TEXT_LEN, "w", 1, times[i], secret), 0);
        const char *lines[] = {line};
        cr_assert_neq(note_build(bytes, sizeof bytes, text, TEXT_LEN, lines, 1), 0);
        struct note n = parsed(bytes);
        cr_assert_eq(note_verify(&n, &w, &t), NOTE_OK);
        cr_assert_eq(t, times[i]);
        cr_assert_eq(note_verify(&n, &w, NULL), NOTE_OK);

        uint8_t payload[72];
        cr_assert(note_sig_payload(&n.sigs[0], payload, sizeof payload));
        payload[7] ^= 1;
        odd_line(bytes, sizeof bytes, "w", &w.id, payload, sizeof payload);
        n = parsed(bytes);
        cr_assert_eq(note_verify(&n, &w, &t), NOTE_BAD_SIGNATURE);
    }
    cr_assert_eq(note_cosign(line, sizeof line, text, TEXT_LEN, "w", 1, (uint64_t)INT64_MAX + 1,
                             secret), 0);
    secret_key_free(secret);
}

Test(note, latest_of_two_cosignatures_is_given)
{
    struct secret_key *secret = key_of_phrase("w");
    struct verifier_key w = public_of(secret, "w", KEY_COSIGNATURE);
    char early[NOTE_LINE_SIZE(1)], late[NOTE_LINE_SIZE(1)], bytes[600];
    uint64_t t = 0;

    cr_assert_neq(note_cosign(early, sizeof early, text, TEXT_LEN, "w", 1, 5, secret), 0);
    cr_assert_neq(note_cosign(late, sizeof late, text, TEXT_LEN, "w", 1, 9, secret), 0);
    const char *lines[] = {late, early};
    cr_assert_neq(note_build(bytes, sizeof bytes, text, TEXT_LEN, lines, 2), 0);
    struct note n = parsed(bytes);
    cr_assert_eq(note_verify(&n, &w, &t), NOTE_OK);
    cr_assert_eq(t, 9);
    secret_key_free(secret);
}

Test(note, cosigned_texts_are_bounded)
{
    static char big[NOTE_COSIGNED_MAX + 1], bytes[NOTE_COSIGNED_MAX + 300];
    struct secret_key *secret = key_of_phrase("w");
    struct verifier_key w = public_of(secret, "w", KEY_COSIGNATURE);
    char line[NOTE_LINE_SIZE(1)];
    uint64_t t;

    memset(big, 'x', sizeof big);
    big[NOTE_COSIGNED_MAX - 1] = '\n';
    big[NOTE_COSIGNED_MAX] = '\n';
    cr_assert_eq(note_cosign(line, sizeof line, big, sizeof big, "w", 1, 5, secret), 0);
    cr_assert_neq(note_cosign(line, sizeof line, big, sizeof big - 1, "w", 1, 5, secret), 0);
    const char *lines[] = {line};
    cr_assert_neq(note_build(bytes, sizeof bytes, big, sizeof big - 1, lines, 1), 0);
    struct note n = parsed(bytes);
    cr_assert_eq(note_verify(&n, &w, &t), NOTE_OK);
    cr_assert_neq(note_build(bytes, sizeof bytes, big, sizeof big, lines, 1), 0);
    n = parsed(bytes);
    cr_assert_eq(note_verify(&n, &w, &t), NOTE_TOO_LONG);
    secret_key_free(secret);
}

/* --- Making --------------------------------------------------------------------------------- */

Test(note, making_refuses_what_parsing_would_refuse)
{
    struct secret_key *secret = key_of_phrase("k");
    char out[400];

    cr_assert_eq(note_sign(out, sizeof out, "t", 1, "k", 1, secret), 0);
    cr_assert_eq(note_sign(out, sizeof out, "t\r\n", 3, "k", 1, secret), 0);
    cr_assert_eq(note_sign(out, sizeof out, "t\n", 2, "k k", 3, secret), 0);
    cr_assert_eq(note_sign(out, sizeof out, "t\n", 2, "", 0, secret), 0);
    cr_assert_eq(note_cosign(out, sizeof out, "t", 1, "k", 1, 5, secret), 0);
    cr_assert_eq(note_cosign(out, sizeof out, "t\n", 2, "k+", 2, 5, secret), 0);
    cr_assert_eq(note_build(out, sizeof out, "t", 1, NULL, 0), 0);
    secret_key_free(secret);
}

Test(note, room_is_kept_to_the_byte)
{
    struct secret_key *secret = key_of_phrase("k");
    char line[NOTE_LINE_SIZE(1)], out[400];

    size_t n = note_sign(line, sizeof line, text, TEXT_LEN, "k", 1, secret);
    cr_assert_eq(n, strlen(line));
    cr_assert_eq(note_sign(out, n, text, TEXT_LEN, "k", 1, secret), 0);
    cr_assert_eq(note_sign(out, n + 1, text, TEXT_LEN, "k", 1, secret), n);
    cr_assert_eq(note_cosign(out, sizeof line, text, TEXT_LEN, "k", 1, 5, secret),
                 NOTE_LINE_SIZE(1) - 1);
    cr_assert_eq(note_cosign(out, sizeof line - 1, text, TEXT_LEN, "k", 1, 5, secret), 0);

    const char *lines[] = {line, line};
    size_t whole = TEXT_LEN + 1 + 2 * n;
    memset(out, 'z', sizeof out);
    cr_assert_eq(note_build(out, whole, text, TEXT_LEN, lines, 2), 0);
    cr_assert_eq(out[whole], 'z');
    cr_assert_eq(note_build(out, whole + 1, text, TEXT_LEN, lines, 2), whole);
    cr_assert_eq(strlen(out), whole);

    memset(out, 'z', sizeof out);
    cr_assert_eq(note_build(out, TEXT_LEN + 1, text, TEXT_LEN, NULL, 0), 0);
    cr_assert_eq(out[TEXT_LEN + 1], 'z');
    size_t len = note_build(out, TEXT_LEN + 2, text, TEXT_LEN, NULL, 0);
    cr_assert_eq(len, TEXT_LEN + 1);
    cr_assert_eq(note_append_line(out, len + n, len, line), 0);
    cr_assert_eq(strlen(out), len);
    cr_assert_eq(note_append_line(out, len + n + 1, len, line), len + n);
    secret_key_free(secret);
}
