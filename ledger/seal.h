/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sealed balances (SPEC 6.11, 7.4): from time to time the log's clock puts into the log the root of
 * a Merkle tree that has one leaf for each account, so that an organisation can show its own
 * balance, and nobody else's, with the log's key alone (ledger/balance_proof.h).
 *
 * A leaf is salted, because balances are small numbers that could be tried. The salt comes from a
 * chain that every log leaf signed by the organisation turns: whoever can read the log can compute
 * it, and nobody else.
 *
 * Minutes throughout. No function here verifies a signature. Those that take a state belong to its
 * thread; the others are pure.
 */
#ifndef SEM_LEDGER_SEAL_H
#define SEM_LEDGER_SEAL_H

#include "ledger/state.h"

/* --- Salts ------------------------------------------------------------------------------------ */

/*
 * SHA-256("<origin>/salt/v1\n" || signature lines): what a leaf brings to the salts of all who
 * signed it; computed once a leaf, which is one (asserted).
 */
void salt_of_leaf(struct hash *out, const char *origin, struct slice leaf);
/* c becomes SHA-256(c || inner). */
void salt_turn(uint8_t chain[static HASH_BYTES], const struct hash *inner);

/* --- The balance tree ------------------------------------------------------------------------- */

/* Room for the text of a leaf and a NUL. */
#define BALANCE_TEXT_SIZE (ORIGIN_MAX + 512)
/*
 * Writes the text of an account in the tree of the seal at index `size`; `handle` is `pool` for
 * account 0. Returns its length.
 */
size_t balance_text(char out[static BALANCE_TEXT_SIZE], const char *origin, const char *handle,
                    const struct sealed *account, uint64_t size);
/* The account of an organisation, or of the pool, as a seal made now would have it. */
void sealed_of(struct sealed *out, const struct org *org);

/*
 * Walks all accounts of a state and gives root and number of leaves of their tree, for a seal at
 * index `size`. With `keep` each account is written to the table of sealed accounts as well.
 * Asserts that the positions sum to zero.
 */
void seal_accounts(struct state *s, const char *origin, uint64_t size, bool keep,
                   struct hash *root, int64_t *accounts);
/* Writes the table of sealed accounts alone. */
void seal_keep(struct state *s);

/* --- The entry -------------------------------------------------------------------------------- */

#define SEAL_TEXT_SIZE 640
#define SEAL_NOTE_SIZE 1024

/* The id of a seal at a time; it follows from the root. */
void seal_id(struct id *out, int64_t at, const struct hash *root);
/*
 * Writes the entry text of a seal, with a NUL; returns its length. It follows to the byte from the
 * leaves before it; `at` is the time of the last of them.
 */
size_t seal_text(char out[static SEAL_TEXT_SIZE], const char *origin,
                 const struct body_seal_balances *body, const struct id *id, int64_t at);
/* The same as a note, signed by the clock key as `<origin>/clock`. */
size_t seal_note(char out[static SEAL_NOTE_SIZE], const char *origin,
                 const struct body_seal_balances *body, const struct id *id, int64_t at,
                 const struct secret_key *clock_key);

#endif
