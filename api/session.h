/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sessions (SPEC 12.2): who may read what members read. In memory only, bounded, tokens kept as
 * hashes.
 *
 * A challenge costs no memory: its nonce carries its own expiry under a MAC of a secret that lives
 * as long as the process, and only nonces that were used are remembered, until they expire. So a
 * stranger who asks for challenges all day takes no place from anybody. Safe from any thread.
 */
#ifndef SEM_API_SESSION_H
#define SEM_API_SESSION_H

#include "crypto/text.h"
#include "ledger/entry.h"

#define SESSIONS_MAX 4096
#define SESSIONS_PER_ORG_MAX 32
#define SESSION_IDLE_MS 1800000
#define SESSION_LIFE_MS 43200000
#define CHALLENGE_LIFE_MS 60000
#define NONCES_USED_MAX 16384
#define NONCES_PER_ORG_MAX 256 /* logins of one organisation in a minute */

#define NONCE_BYTES 32
#define TOKEN_BYTES 32
#define TOKEN_SIZE HEX_SIZE(TOKEN_BYTES)

struct nonce {
    uint8_t b[NONCE_BYTES];
};

struct session {
    uint32_t org;
    struct key_id key; /* the session is dead when this key of the organisation is revoked */
};

struct sessions;
struct sessions *sessions_new(void); /* NULL without memory */
void sessions_free(struct sessions *sessions); /* NULL is accepted */

/* A nonce for an organisation. Times are monotonic milliseconds. */
void sessions_challenge(struct sessions *sessions, const struct handle *org, int64_t now_ms,
                        struct nonce *out);
/*
 * True once for each nonce, before it expires, unless the organisation has used its share of nonces
 * that have not expired.
 */
bool sessions_redeem(struct sessions *sessions, const struct handle *org, int64_t now_ms,
                     const struct nonce *nonce) __attribute__((warn_unused_result));

/* Opens a session; its token in hex. The organisation's oldest goes when it has too many. */
void sessions_open(struct sessions *sessions, const struct session *session, int64_t now_ms,
                   char token[static TOKEN_SIZE]);
/* Finds the session of a token (hex, any length) and notes the use. */
bool sessions_find(struct sessions *sessions, const char *token, int64_t now_ms,
                   struct session *out) __attribute__((warn_unused_result));
/* Ends it; true when there was one. */
bool sessions_end(struct sessions *sessions, const char *token);
size_t sessions_count(struct sessions *sessions, int64_t now_ms);

#endif
