/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/session.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"

#define SECRET_BYTES 32
#define MAC_BYTES 16

struct slot_session {
    struct hash token; /* SHA-256 of the token's text */
    struct session session;
    int64_t opened_ms, used_ms; /* opened 0: free */
};

struct used_nonce {
    struct nonce nonce;
    struct handle org;
    int64_t expires_ms; /* 0: free */
};

struct sessions {
    pthread_mutex_t lock; /* guards everything below */
    uint8_t secret[SECRET_BYTES];
    struct slot_session v[SESSIONS_MAX];
    uint64_t first[SESSIONS_MAX]; /* eight bytes of v[i].token: most are told apart by them */
    struct used_nonce used[NONCES_USED_MAX];
};

struct sessions *sessions_new(void)
{
    struct sessions *s = calloc(1, sizeof *s);

    if (s) {
        pthread_mutex_init(&s->lock, NULL);
        random_fill(s->secret, sizeof s->secret);
    }
    return s;
}

void sessions_free(struct sessions *s)
{
    if (s) {
        pthread_mutex_destroy(&s->lock);
        secret_wipe(s, sizeof *s);
        free(s);
    }
}

/* --- Challenges: expiry[8] || random[8] || MAC[16] ------------------------------------------- */

/*
 * SHA-256 with the secret in front, cut to half. All inputs have one length, and a cut hash cannot
 * be extended.
 */
static void nonce_mac(const struct sessions *s, const struct handle *org, const struct nonce *nonce,
                      uint8_t mac[static MAC_BYTES])
{
    struct hash_stream stream;
    struct hash hash;
    struct handle padded = {{0}};

    memcpy(padded.s, org->s, strlen(org->s));
    hash_stream_start(&stream);
    hash_stream_add(&stream, s->secret, sizeof s->secret);
    hash_stream_add(&stream, padded.s, sizeof padded.s);
    hash_stream_add(&stream, nonce->b, NONCE_BYTES - MAC_BYTES);
    hash_stream_end(&stream, &hash);
    memcpy(mac, hash.b, MAC_BYTES);
}

void sessions_challenge(struct sessions *s, const struct handle *org, int64_t now_ms,
                        struct nonce *out)
{
    uint64_t expires = (uint64_t)(now_ms + CHALLENGE_LIFE_MS);

    memcpy(out->b, &expires, sizeof expires);
    random_fill(out->b + 8, 8);
    nonce_mac(s, org, out, out->b + NONCE_BYTES - MAC_BYTES);
}

/*
 * Remembers a nonce until it expires. False when it is there already, when the organisation has its
 * share, or when there is no place.
 */
static bool remember(struct sessions *s, const struct handle *org, const struct nonce *nonce,
                     int64_t expires_ms, int64_t now_ms)
{
    struct used_nonce *place = NULL;
    size_t n_own = 0;

    for (size_t i = 0; i < NONCES_USED_MAX; i++) {
        struct used_nonce *used = &s->used[i];

        if (used->expires_ms <= now_ms) {
            place = place ? place : used;
        } else if (memcmp(&used->nonce, nonce, sizeof *nonce) == 0) {
            return false;
        } else {
            n_own += strcmp(used->org.s, org->s) == 0;
        }
    }
    if (!place || n_own >= NONCES_PER_ORG_MAX) {
        return false;
    }
    place->nonce = *nonce;
    place->org = *org;
    place->expires_ms = expires_ms;
    return true;
}

bool sessions_redeem(struct sessions *s, const struct handle *org, int64_t now_ms,
                     const struct nonce *nonce)
{
    uint8_t mac[MAC_BYTES];
    int64_t expires;
    bool fresh;

    nonce_mac(s, org, nonce, mac);
    memcpy(&expires, nonce->b, sizeof expires);
    if (!bytes_equal(mac, nonce->b + NONCE_BYTES - MAC_BYTES, MAC_BYTES) || expires <= now_ms) {
        return false;
    }
    pthread_mutex_lock(&s->lock);
    fresh = remember(s, org, nonce, expires, now_ms);
    pthread_mutex_unlock(&s->lock);
    return fresh;
}

/* --- Sessions -------------------------------------------------------------------------------- */

static bool alive(const struct slot_session *slot, int64_t now_ms)
{
    return slot->opened_ms != 0 && now_ms - slot->used_ms < SESSION_IDLE_MS &&
           now_ms - slot->opened_ms < SESSION_LIFE_MS;
}

static uint64_t first_bytes(const struct hash *token)
{
    uint64_t first;

    memcpy(&first, token->b, sizeof first);
    return first;
}

/*
 * The place of a new session: the organisation's own least used one when it has its share, else a
 * free one, else the least used of all.
 */
static struct slot_session *place_for(struct sessions *s, uint32_t org, int64_t now_ms)
{
    struct slot_session *free_slot = NULL, *oldest = &s->v[0], *own = NULL;
    size_t n_own = 0;

    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct slot_session *slot = &s->v[i];

        if (!alive(slot, now_ms)) {
            free_slot = free_slot ? free_slot : slot;
            continue;
        }
        if (slot->session.org == org) {
            n_own++;
            own = !own || slot->used_ms < own->used_ms ? slot : own;
        }
        oldest = slot->used_ms < oldest->used_ms ? slot : oldest;
    }
    if (n_own >= SESSIONS_PER_ORG_MAX) {
        return own;
    }
    return free_slot ? free_slot : oldest;
}

void sessions_open(struct sessions *s, const struct session *session, int64_t now_ms,
                   char token[static TOKEN_SIZE])
{
    uint8_t bytes[TOKEN_BYTES];
    struct slot_session *slot;

    random_fill(bytes, sizeof bytes);
    hex_encode(token, bytes, sizeof bytes);
    pthread_mutex_lock(&s->lock);
    slot = place_for(s, session->org, now_ms);
    hash_sha256(&slot->token, token, TOKEN_SIZE - 1);
    s->first[slot - s->v] = first_bytes(&slot->token);
    slot->session = *session;
    slot->opened_ms = slot->used_ms = now_ms;
    pthread_mutex_unlock(&s->lock);
    secret_wipe(bytes, sizeof bytes);
}

static bool token_hash(const char *token, struct hash *out)
{
    size_t n = strlen(token);

    hash_sha256(out, token, n == TOKEN_SIZE - 1 ? n : 0);
    return n == TOKEN_SIZE - 1;
}

/* What is compared are hashes of random tokens: the time of the comparison tells nothing. */
static struct slot_session *find(struct sessions *s, const struct hash *hash)
{
    uint64_t first = first_bytes(hash);

    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (s->first[i] == first && s->v[i].opened_ms != 0 && hash_equal(&s->v[i].token, hash)) {
            return &s->v[i];
        }
    }
    return NULL;
}

bool sessions_find(struct sessions *s, const char *token, int64_t now_ms, struct session *out)
{
    struct slot_session *slot;
    struct hash hash;
    bool found;

    if (!token_hash(token, &hash)) {
        return false;
    }
    pthread_mutex_lock(&s->lock);
    slot = find(s, &hash);
    found = slot && alive(slot, now_ms);
    if (found) {
        slot->used_ms = now_ms;
        *out = slot->session;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool sessions_end(struct sessions *s, const char *token)
{
    struct slot_session *slot;
    struct hash hash;

    if (!token_hash(token, &hash)) {
        return false;
    }
    pthread_mutex_lock(&s->lock);
    slot = find(s, &hash);
    if (slot) {
        secret_wipe(slot, sizeof *slot);
    }
    pthread_mutex_unlock(&s->lock);
    return slot != NULL;
}

size_t sessions_count(struct sessions *s, int64_t now_ms)
{
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        n += alive(&s->v[i], now_ms);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}
