/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * C2SP signed notes (c2sp.org/signed-note): a text, an empty line, and signature lines.
 *
 *     <text: UTF-8, ends in a line feed, no other byte below 0x20; may have empty lines>
 *     <empty line: the last one of the note>
 *     — <key name> <base64(key id[4] || signature bytes)>          once or more
 *
 * What is signed is the text with its last line feed, without the empty line. A line of type
 * 0x04 (c2sp.org/tlog-cosignature) carries key id || u64 big-endian POSIX seconds || signature
 * and signs "cosignature/v1\ntime <seconds>\n" followed by the text.
 *
 * Parsing checks form only and allocates nothing: everything in struct note points into the
 * caller's bytes, which must outlive it. Whose key a line belongs to, which lines must be
 * there, and how they are ordered is for the caller.
 */
#ifndef SEM_CRYPTO_NOTE_H
#define SEM_CRYPTO_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/key.h"

/*
 * C2SP asks verifiers for at least 16 lines. 64 is room for every party of an exchange, or a
 * log key and a large set of witnesses, and keeps the work on a hostile note small.
 */
#define NOTE_SIGS_MAX 64

/* Longest note accepted, all of it; the bound of other implementations of the format. */
#define NOTE_BYTES_MAX ((size_t)1000000)

/* Longest text that is cosigned or whose cosignature is checked: checkpoints, nothing else. */
#define NOTE_COSIGNED_MAX ((size_t)8192)

/*
 * Room for one signature line of either type, line feed and NUL included: the dash and a
 * space, the name, a space, base64 of at most 4 + 8 + 64 bytes.
 */
#define NOTE_LINE_SIZE(name_len) ((size_t)(name_len) + 4 + 1 + 104 + 1 + 1)

enum note_err {
    NOTE_OK = 0,
    NOTE_TOO_LONG,      /* above NOTE_BYTES_MAX, or cosigned and above NOTE_COSIGNED_MAX */
    NOTE_NOT_UTF8,      /* not UTF-8 somewhere in the note */
    NOTE_CONTROL,       /* a byte below 0x20 other than the line feed */
    NOTE_NO_END,        /* the text or the note does not end in a line feed */
    NOTE_NO_SEPARATOR,  /* no empty line with a text before it */
    NOTE_NO_SIGNATURE,  /* no line after the last empty line */
    NOTE_TOO_MANY,      /* more than NOTE_SIGS_MAX signature lines */
    NOTE_LINE_FORM,     /* a signature line is not: dash, space, name, space, base64 */
    NOTE_NAME,          /* the key name of a line is not a valid key name */
    NOTE_BASE64,        /* the base64 of a line is not canonical or holds under 5 bytes */
    NOTE_OTHER_KEY,     /* the line's id is not that of the given key under this name */
    NOTE_NOT_SIGNED,    /* no line by this key */
    NOTE_LENGTH,        /* the signature bytes have not the length of the type */
    NOTE_TYPE,          /* a key type that this module does not verify */
    NOTE_TIME,          /* the time of a cosignature is above 2^63 - 1 */
    NOTE_BAD_SIGNATURE, /* the signature does not verify */
};

/* One short English sentence part, for logs and problem details. Never NULL. */
const char *note_strerror(enum note_err err);

/* One signature line; the pointers lead into the note. */
struct note_sig {
    const char *name;
    size_t name_len;
    struct key_id id;
    const char *base64; /* id and payload, canonical */
    size_t base64_len;
    size_t payload_len; /* bytes after the id, at least 1 */
};

struct note {
    const char *text; /* what is signed, last line feed included */
    size_t text_len;
    struct note_sig sigs[NOTE_SIGS_MAX]; /* in the order of the lines */
    size_t n_sigs;                       /* at least 1 after a parse */
};

/* --- Reading --------------------------------------------------------------------------- */

/* Checks the rules of a text that is to be signed; for texts that still lack signatures. */
enum note_err note_text_check(const char *text, size_t text_len)
    __attribute__((warn_unused_result));

/*
 * Reads a whole note of n bytes. On any error the content of `out` is undefined. Verifies
 * nothing. Two lines by one key are both kept.
 */
enum note_err note_parse(struct note *out, const char *bytes, size_t n)
    __attribute__((warn_unused_result));

/* Bytes after the key id in a line of type 0x01, and of type 0x04. */
#define NOTE_PAYLOAD_ED25519 64
#define NOTE_PAYLOAD_COSIGNATURE 72

/*
 * Copies the bytes after the key id of a line; n is at most NOTE_PAYLOAD_COSIGNATURE
 * (asserted). False when there are not exactly n of them.
 */
bool note_sig_payload(const struct note_sig *sig, uint8_t *out, size_t n)
    __attribute__((warn_unused_result));

/* True when name and id of a line are those of the key. Says nothing about the signature. */
bool note_sig_is_by(const struct note_sig *sig, const struct verifier_key *key);

/*
 * Verifies one line (line < n_sigs, asserted) as type 0x01 with a key that the caller found
 * for its name. NOTE_OK, NOTE_OTHER_KEY, NOTE_LENGTH or NOTE_BAD_SIGNATURE.
 */
enum note_err note_verify_line(const struct note *note, size_t line,
                               const struct public_key *key) __attribute__((warn_unused_result));
/*
 * The same with a key that was found by the line's name and id, which is not made again from name
 * and key. NOTE_OK, NOTE_LENGTH or NOTE_BAD_SIGNATURE.
 */
enum note_err note_verify_found(const struct note *note, size_t line, const struct public_key *key)
    __attribute__((warn_unused_result));

/* The same for type 0x04; also NOTE_TIME or NOTE_TOO_LONG. Gives the time when NOTE_OK. */
enum note_err note_verify_cosignature(const struct note *note, size_t line,
                                      const struct public_key *key, uint64_t *time_s)
    __attribute__((warn_unused_result));

/*
 * Looks for the lines of one key of type 0x01 or 0x04 and verifies each of them. NOTE_OK when
 * there is at least one and all verify; NOTE_NOT_SIGNED when there is none; NOTE_TYPE for
 * another type; else the first failure. For type 0x04 `time_s` (may be NULL) gets the largest
 * time. Lines of other keys are ignored, as C2SP asks.
 */
enum note_err note_verify(const struct note *note, const struct verifier_key *key,
                          uint64_t *time_s) __attribute__((warn_unused_result));

/* --- Making ----------------------------------------------------------------------------- */

/*
 * Each writes one line with its line feed and a NUL and returns its length, or 0 when the name
 * is not valid, the text is not (note_text_check), or out_size is too small:
 * NOTE_LINE_SIZE(name_len) always suffices.
 */

/* A line of type 0x01 around a signature that was made elsewhere. */
size_t note_format_signature(char *out, size_t out_size, const char *name, size_t name_len,
                             const struct key_id *id, const struct signature *sig);

/* Signs a text with type 0x01. */
size_t note_sign(char *out, size_t out_size, const char *text, size_t text_len,
                 const char *name, size_t name_len, const struct secret_key *key);

/*
 * Signs a text with type 0x04 at a time in POSIX seconds. 0 also when the time is above
 * 2^63 - 1 or the text above NOTE_COSIGNED_MAX.
 */
size_t note_cosign(char *out, size_t out_size, const char *text, size_t text_len,
                   const char *name, size_t name_len, uint64_t time_s,
                   const struct secret_key *key);

/*
 * Puts a note together: text, empty line, the given lines in their order (each with its line
 * feed, NUL-terminated). With n_lines 0 the result still lacks signatures and can be completed
 * with note_append_line(). Returns the length, or 0 when the text is not valid or out_size
 * (NUL included) is too small.
 */
size_t note_build(char *out, size_t out_size, const char *text, size_t text_len,
                  const char *const lines[], size_t n_lines);

/*
 * Appends one line to a note of `len` bytes in a buffer of `size` bytes. Returns the new
 * length, or 0, the note unchanged, when it does not fit.
 */
size_t note_append_line(char *note, size_t size, size_t len, const char *line);

#endif
