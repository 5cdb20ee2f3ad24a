/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Bytes as text: hexadecimal, base64 and UTF-8, each with exactly one accepted spelling, so
 * that two readers of one signed text can never disagree about the bytes it stands for.
 * Pure functions; the run time of the encoders, of hex_decode and of base64_decode does not depend
 * on the bytes, so they may carry secrets; those named _public are for what is none.
 */
#ifndef SEM_CRYPTO_TEXT_H
#define SEM_CRYPTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of n bytes, without and with the closing NUL. */
#define HEX_LEN(n) ((size_t)2 * (n))
#define HEX_SIZE(n) (HEX_LEN(n) + 1)
#define BASE64_LEN(n) (((size_t)(n) + 2) / 3 * 4)
#define BASE64_SIZE(n) (BASE64_LEN(n) + 1)

/* Writes HEX_SIZE(n) characters, lower case, NUL included. */
void hex_encode(char *out, const void *in, size_t n);
/* The same for what is public, and several times as fast. */
void hex_encode_public(char *out, const void *in, size_t n);

/*
 * Reads exactly n bytes from exactly 2n lower-case digits; `in` needs no NUL. False when the
 * length differs or any other character occurs; `out` is then undefined.
 */
bool hex_decode(uint8_t *out, size_t n, const char *in, size_t in_len)
    __attribute__((warn_unused_result));

/* The same for what is public, such as ids and hashes: its run time depends on the digits. */
bool hex_decode_public(uint8_t *out, size_t n, const char *in, size_t in_len)
    __attribute__((warn_unused_result));

/*
 * Standard base64 (RFC 4648 section 4) with padding. out_size must be at least BASE64_SIZE(n),
 * which is asserted. Returns BASE64_LEN(n).
 */
size_t base64_encode(char *out, size_t out_size, const void *in, size_t n);

/*
 * Reads standard base64 with padding, canonical form only: no white space, no missing or
 * extra padding, no bits left over. `in` needs no NUL; empty input is zero bytes. False when
 * the text is not that or holds more than out_max bytes; `out` and `out_len` are then
 * undefined.
 */
bool base64_decode(uint8_t *out, size_t out_max, size_t *out_len, const char *in, size_t in_len)
    __attribute__((warn_unused_result));

/* The same, for a value of exactly n bytes (a hash, a key, a salt). */
bool base64_decode_exact(uint8_t *out, size_t n, const char *in, size_t in_len)
    __attribute__((warn_unused_result));

/*
 * The same two for what is public, such as hashes and signatures: several times as fast, with a run
 * time that depends on the bytes. The encoder writes BASE64_LEN(n) characters and no NUL.
 */
size_t base64_encode_public(char *out, const void *in, size_t n);
bool base64_decode_public(uint8_t *out, size_t n, const char *in, size_t in_len)
    __attribute__((warn_unused_result));

/*
 * Checks base64 of any length without storing it and gives the number of bytes it holds: true for
 * what base64_decode() takes. Its run time depends on the bytes, so it is for what is public.
 */
bool base64_check(size_t *out_len, const char *in, size_t in_len)
    __attribute__((warn_unused_result));

/* Decimal digits alone, without sign or leading zero, of what fits into 64 bits. */
bool decimal_parse(uint64_t *out, const char *in, size_t n) __attribute__((warn_unused_result));

/* The shortest decimal text of a number, as "%" PRId64 writes it, and a NUL. Gives its length. */
#define DECIMAL_SIZE 21
size_t decimal_format(char out[static DECIMAL_SIZE], int64_t value);

/*
 * Decodes the first character of n bytes of UTF-8 (RFC 3629: no overlong form, no surrogate,
 * nothing above U+10FFFF). Returns the 1 to 4 bytes used, or 0 when they are not UTF-8 or n
 * is 0.
 */
size_t utf8_decode(uint32_t *code_point, const char *in, size_t n);

/* True when all n bytes are UTF-8. A NUL byte is a character like another. */
bool utf8_valid(const char *in, size_t n);

#endif
