/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "crypto/note.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"

/* U+2014 and a space open every signature line. */
static const char dash[] = "\xe2\x80\x94 ";
enum { DASH_LEN = sizeof dash - 1, PAYLOAD_MAX = NOTE_PAYLOAD_COSIGNATURE, TIME_BYTES = 8 };

const char *note_strerror(enum note_err err)
{
    switch (err) {
    case NOTE_OK:
        return "no error";
    case NOTE_TOO_LONG:
        return "the note is too long";
    case NOTE_NOT_UTF8:
        return "the note is not UTF-8";
    case NOTE_CONTROL:
        return "the note has a control character other than the line feed";
    case NOTE_NO_END:
        return "the last line does not end in a line feed";
    case NOTE_NO_SEPARATOR:
        return "no empty line between a text and its signatures";
    case NOTE_NO_SIGNATURE:
        return "no signature line after the last empty line";
    case NOTE_TOO_MANY:
        return "too many signature lines";
    case NOTE_LINE_FORM:
        return "a signature line is not dash, name and base64";
    case NOTE_NAME:
        return "the key name of a signature line is not valid";
    case NOTE_BASE64:
        return "the base64 of a signature line is not valid";
    case NOTE_OTHER_KEY:
        return "the signature line belongs to another key";
    case NOTE_NOT_SIGNED:
        return "the note is not signed by this key";
    case NOTE_LENGTH:
        return "the signature has not the length of its type";
    case NOTE_TYPE:
        return "the key type is not known";
    case NOTE_TIME:
        return "the time of the cosignature is out of range";
    case NOTE_BAD_SIGNATURE:
        return "the signature does not verify";
    }
    return "unknown error";
}

/* --- Reading --------------------------------------------------------------------------- */

/* Not zero when one of eight bytes is below 0x20, and for no others. */
static uint64_t low_bytes(uint64_t eight)
{
    return (eight - 0x2020202020202020u) & ~eight & 0x8080808080808080u;
}

/* A character below 0x20 that is no line feed. Sixteen at a time: most stretches have neither. */
static bool has_control(const char *bytes, size_t n)
{
    const char *end = bytes + n;

    while (bytes < end) {
        uint64_t two[2];
        while ((size_t)(end - bytes) >= sizeof two) {
            memcpy(two, bytes, sizeof two);
            if ((low_bytes(two[0]) | low_bytes(two[1])) != 0) {
                break;
            }
            bytes += sizeof two;
        }
        /* Past the next line feed, or what is in its place. */
        while (bytes < end && (uint8_t)*bytes >= 0x20) {
            bytes++;
        }
        if (bytes < end && *bytes != '\n') {
            return true;
        }
        bytes += bytes < end ? 1 : 0;
    }
    return false;
}

/* The rules that hold for every byte of a note, and so for its text. */
static enum note_err bytes_check(const char *bytes, size_t n)
{
    if (n > NOTE_BYTES_MAX) {
        return NOTE_TOO_LONG;
    }
    if (!utf8_valid(bytes, n)) {
        return NOTE_NOT_UTF8;
    }
    if (has_control(bytes, n)) {
        return NOTE_CONTROL;
    }
    return n > 0 && bytes[n - 1] == '\n' ? NOTE_OK : NOTE_NO_END;
}

enum note_err note_text_check(const char *text, size_t text_len)
{
    return bytes_check(text, text_len);
}

/* Reads one signature line of n bytes, without its line feed. */
static enum note_err line_parse(struct note_sig *out, const char *line, size_t n)
{
    if (n < DASH_LEN || memcmp(line, dash, DASH_LEN) != 0) {
        return NOTE_LINE_FORM;
    }
    out->name = line + DASH_LEN;
    const char *space = memchr(out->name, ' ', n - DASH_LEN);
    if (space == NULL) {
        return NOTE_LINE_FORM;
    }
    out->name_len = (size_t)(space - out->name);
    if (!key_name_valid(out->name, out->name_len)) {
        return NOTE_NAME;
    }
    out->base64 = space + 1;
    out->base64_len = n - DASH_LEN - out->name_len - 1;

    size_t total;
    if (!base64_check(&total, out->base64, out->base64_len) || total <= KEY_ID_BYTES) {
        return NOTE_BASE64;
    }
    out->payload_len = total - KEY_ID_BYTES;
    /* More than four bytes are at least eight characters, which hold the id. */
    uint8_t start[KEY_ID_BYTES + 2];
    size_t first = total < sizeof start ? total : sizeof start;
    if (!base64_decode_public(start, first, out->base64, 8)) {
        return NOTE_BASE64;
    }
    memcpy(out->id.b, start, KEY_ID_BYTES);
    return NOTE_OK;
}

/* Reads the lines after the separator; the last byte is known to be a line feed. */
static enum note_err lines_parse(struct note *out, const char *at, const char *end)
{
    out->n_sigs = 0;
    if (at == end) {
        return NOTE_NO_SIGNATURE;
    }
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        assert(line_end != NULL);
        if (out->n_sigs == NOTE_SIGS_MAX) {
            return NOTE_TOO_MANY;
        }
        enum note_err err = line_parse(&out->sigs[out->n_sigs], at, (size_t)(line_end - at));
        if (err != NOTE_OK) {
            return err;
        }
        out->n_sigs++;
        at = line_end + 1;
    }
    return NOTE_OK;
}

enum note_err note_parse(struct note *out, const char *bytes, size_t n)
{
    enum note_err err = bytes_check(bytes, n);
    if (err != NOTE_OK) {
        return err;
    }
    /* The separator is the last empty line: `split` counts the text and the empty line. */
    size_t split = n;
    while (split >= 2 && bytes[split - 2] != '\n') {
        const char *line_end = memrchr(bytes, '\n', split - 1);
        split = line_end == NULL ? 0 : (size_t)(line_end - bytes) + 1;
    }
    if (split < 2) {
        return NOTE_NO_SEPARATOR;
    }
    out->text = bytes;
    out->text_len = split - 1;
    return lines_parse(out, bytes + split, bytes + n);
}

bool note_sig_payload(const struct note_sig *sig, uint8_t *out, size_t n)
{
    uint8_t whole[KEY_ID_BYTES + PAYLOAD_MAX];

    assert(n <= PAYLOAD_MAX);
    if (sig->payload_len != n ||
        !base64_decode_public(whole, KEY_ID_BYTES + n, sig->base64, sig->base64_len)) {
        return false;
    }
    memcpy(out, whole + KEY_ID_BYTES, n);
    return true;
}

bool note_sig_is_by(const struct note_sig *sig, const struct verifier_key *key)
{
    return sig->name_len == key->name_len && memcmp(sig->name, key->name, key->name_len) == 0 &&
           key_id_equal(&sig->id, &key->id);
}

/* --- Verifying ---------------------------------------------------------------------------- */

/*
 * The message of a cosignature. Returns its length, or 0 when the text is too long or the
 * time above 2^63 - 1.
 */
enum { COSIGNED_SIZE = NOTE_COSIGNED_MAX + 64 };

static size_t cosigned_message(char out[static COSIGNED_SIZE], const char *text, size_t text_len,
                               uint64_t time_s)
{
    if (text_len > NOTE_COSIGNED_MAX || time_s > INT64_MAX) {
        return 0;
    }
    int head = snprintf(out, COSIGNED_SIZE, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    assert(head > 0 && (size_t)head + text_len <= COSIGNED_SIZE);
    memcpy(out + head, text, text_len);
    return (size_t)head + text_len;
}

static bool line_has_key(const struct note_sig *sig, uint8_t type, const struct public_key *key)
{
    struct key_id id;
    key_id_of(&id, sig->name, sig->name_len, type, key);
    return key_id_equal(&id, &sig->id);
}

enum note_err note_verify_line(const struct note *note, size_t line, const struct public_key *key)
{
    assert(line < note->n_sigs);
    if (!line_has_key(&note->sigs[line], KEY_ED25519, key)) {
        return NOTE_OTHER_KEY;
    }
    return note_verify_found(note, line, key);
}

enum note_err note_verify_found(const struct note *note, size_t line, const struct public_key *key)
{
    struct signature signature;

    assert(line < note->n_sigs);
    if (!note_sig_payload(&note->sigs[line], signature.b, SIGNATURE_BYTES)) {
        return NOTE_LENGTH;
    }
    return key_verify(key, note->text, note->text_len, &signature) ? NOTE_OK : NOTE_BAD_SIGNATURE;
}

enum note_err note_verify_cosignature(const struct note *note, size_t line,
                                      const struct public_key *key, uint64_t *time_s)
{
    uint8_t payload[NOTE_PAYLOAD_COSIGNATURE];
    char message[COSIGNED_SIZE];
    struct signature signature;

    assert(line < note->n_sigs);
    const struct note_sig *sig = &note->sigs[line];
    if (!line_has_key(sig, KEY_COSIGNATURE, key)) {
        return NOTE_OTHER_KEY;
    }
    if (!note_sig_payload(sig, payload, sizeof payload)) {
        return NOTE_LENGTH;
    }
    uint64_t seconds = 0;
    for (size_t i = 0; i < TIME_BYTES; i++) {
        seconds = seconds << 8 | payload[i];
    }
    memcpy(signature.b, payload + TIME_BYTES, SIGNATURE_BYTES);
    size_t n = cosigned_message(message, note->text, note->text_len, seconds);
    if (n == 0) {
        return seconds > INT64_MAX ? NOTE_TIME : NOTE_TOO_LONG;
    }
    if (!key_verify(key, message, n, &signature)) {
        return NOTE_BAD_SIGNATURE;
    }
    *time_s = seconds;
    return NOTE_OK;
}

enum note_err note_verify(const struct note *note, const struct verifier_key *key,
                          uint64_t *time_s)
{
    uint64_t latest = 0;
    bool found = false;

    if (key->type != KEY_ED25519 && key->type != KEY_COSIGNATURE) {
        return NOTE_TYPE;
    }
    for (size_t i = 0; i < note->n_sigs; i++) {
        if (!note_sig_is_by(&note->sigs[i], key)) {
            continue;
        }
        uint64_t seconds = 0;
        enum note_err err = key->type == KEY_ED25519
                                ? note_verify_line(note, i, &key->key)
                                : note_verify_cosignature(note, i, &key->key, &seconds);
        if (err != NOTE_OK) {
            return err;
        }
        found = true;
        latest = seconds > latest ? seconds : latest;
    }
    if (found && key->type == KEY_COSIGNATURE && time_s != NULL) {
        *time_s = latest;
    }
    return found ? NOTE_OK : NOTE_NOT_SIGNED;
}

/* --- Making ----------------------------------------------------------------------------- */

static size_t line_write(char *out, size_t out_size, const char *name, size_t name_len,
                         const struct key_id *id, const uint8_t *payload, size_t n)
{
    uint8_t whole[KEY_ID_BYTES + PAYLOAD_MAX];
    size_t total = KEY_ID_BYTES + n;

    assert(n <= PAYLOAD_MAX);
    if (!key_name_valid(name, name_len) || name_len > NOTE_BYTES_MAX ||
        out_size < DASH_LEN + name_len + 1 + BASE64_LEN(total) + 1 + 1) {
        return 0;
    }
    memcpy(whole, id->b, KEY_ID_BYTES);
    memcpy(whole + KEY_ID_BYTES, payload, n);

    char *at = out;
    memcpy(at, dash, DASH_LEN);
    at += DASH_LEN;
    memcpy(at, name, name_len);
    at += name_len;
    *at++ = ' ';
    at += base64_encode_public(at, whole, total);
    *at++ = '\n';
    *at = '\0';
    return (size_t)(at - out);
}

size_t note_format_signature(char *out, size_t out_size, const char *name, size_t name_len,
                             const struct key_id *id, const struct signature *sig)
{
    return line_write(out, out_size, name, name_len, id, sig->b, SIGNATURE_BYTES);
}

size_t note_sign(char *out, size_t out_size, const char *text, size_t text_len,
                 const char *name, size_t name_len, const struct secret_key *key)
{
    struct public_key pub;
    struct signature signature;
    struct key_id id;

    if (note_text_check(text, text_len) != NOTE_OK) {
        return 0;
    }
    secret_key_public(key, &pub);
    key_id_of(&id, name, name_len, KEY_ED25519, &pub);
    key_sign(&signature, text, text_len, key);
    return note_format_signature(out, out_size, name, name_len, &id, &signature);
}

size_t note_cosign(char *out, size_t out_size, const char *text, size_t text_len,
                   const char *name, size_t name_len, uint64_t time_s,
                   const struct secret_key *key)
{
    uint8_t payload[NOTE_PAYLOAD_COSIGNATURE];
    char message[COSIGNED_SIZE];
    struct public_key pub;
    struct signature signature;
    struct key_id id;

    if (note_text_check(text, text_len) != NOTE_OK) {
        return 0;
    }
    size_t n = cosigned_message(message, text, text_len, time_s);
    if (n == 0) {
        return 0;
    }
    secret_key_public(key, &pub);
    key_id_of(&id, name, name_len, KEY_COSIGNATURE, &pub);
    key_sign(&signature, message, n, key);
    for (size_t i = 0; i < TIME_BYTES; i++) {
        payload[i] = (uint8_t)(time_s >> 8 * (TIME_BYTES - 1 - i));
    }
    memcpy(payload + TIME_BYTES, signature.b, SIGNATURE_BYTES);
    return line_write(out, out_size, name, name_len, &id, payload, sizeof payload);
}

size_t note_append_line(char *note, size_t size, size_t len, const char *line)
{
    size_t n = strlen(line);

    assert(len < size);
    if (n >= size - len) {
        return 0;
    }
    memcpy(note + len, line, n + 1);
    return len + n;
}

size_t note_build(char *out, size_t out_size, const char *text, size_t text_len,
                  const char *const lines[], size_t n_lines)
{
    if (note_text_check(text, text_len) != NOTE_OK || out_size < text_len + 2) {
        return 0;
    }
    memcpy(out, text, text_len);
    out[text_len] = '\n';
    out[text_len + 1] = '\0';

    size_t len = text_len + 1;
    for (size_t i = 0; i < n_lines; i++) {
        len = note_append_line(out, out_size, len, lines[i]);
        if (len == 0) {
            return 0;
        }
    }
    return len;
}
