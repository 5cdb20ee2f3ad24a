/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * crypto/ is the ground floor: keys, signatures, hashes, signed notes, the Merkle tree and
 * the key file, over libsodium. It is the only folder that may include sodium.h, and it knows
 * nothing of JSON, HTTP, LMDB or of what an entry means; it includes nothing of this project
 * from outside the folder.
 *
 * Rules for the whole folder: call crypto_start() once before anything else. Every function
 * may then be called from any thread; an object that is being written to belongs to one
 * thread. Nothing here allocates except struct secret_key (and, for the time of one call, the
 * Argon2id memory of a key file). Buffers that end up as text are always NUL-terminated, and
 * returned lengths never count that NUL.
 *
 * This header: start-up, random bytes and the handling of secret memory.
 */
#ifndef SEM_CRYPTO_RANDOM_H
#define SEM_CRYPTO_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Prepares libsodium. May be called again, from any thread. Returns 0, or -1 when the system
 * gives no random bytes; the program must then stop.
 */
int crypto_start(void) __attribute__((warn_unused_result));

/* Fills n bytes with unpredictable bytes of the operating system's generator. Cannot fail. */
void random_fill(void *out, size_t n);

/* Sets n bytes to zero in a way that the compiler may not leave out. */
void secret_wipe(void *secret, size_t n);

/* Compares n bytes in a time that depends on n only. For anything secret or guessable. */
bool bytes_equal(const void *a, const void *b, size_t n);

#endif
