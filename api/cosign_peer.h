/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One witness, asked over HTTP (C2SP tlog-witness): its requests and what its answers mean. For
 * api/cosign.c alone, whose thread owns everything here.
 */
#ifndef SEM_API_COSIGN_PEER_H
#define SEM_API_COSIGN_PEER_H

#include <curl/curl.h>

#include "ledger/checkpoint.h"
#include "ledger/witness_policy.h"

/* Longest answer that is read: a view with many lines. */
#define PEER_ANSWER_MAX 65536
#define PEER_LINE_SIZE NOTE_LINE_SIZE(POLICY_KEY_NAME_MAX)

/* A signed head and its note. */
struct signed_head {
    struct log_head head;
    char note[CHECKPOINT_SIZE];
    size_t n;
};

enum peer_state {
    PEER_IDLE,
    PEER_ASKS_VIEW, /* GET <hex>/checkpoint is under way */
    PEER_ADDS,      /* POST add-checkpoint is under way, of `sent` */
};

struct peer {
    const struct policy_witness *witness;
    uint64_t bit;    /* in sets of witnesses */
    char *base;      /* URL without a slash at its end */
    CURL *curl;
    enum peer_state state;
    bool known;      /* `held` comes from the witness, and our tree extends it */
    uint64_t held;   /* size of its last head of our log */
    struct signed_head sent;
    struct curl_slist *headers;
    char *request;
    char *answer;    /* PEER_ANSWER_MAX bytes and a NUL */
    size_t n_answer;
    char error[CURL_ERROR_SIZE];
    unsigned failures; /* since its last cosignature, and so the next one */
    unsigned hints;    /* to other sizes */
    int64_t next_ms;   /* monotonic; asked no sooner */
    bool answers;      /* guarded by the lock of struct cosign, and the next one */
    uint64_t cosigned;
};

/* False when the URL has a form that we do not speak, or there is no memory. */
bool peer_init(struct peer *out, const struct policy_witness *witness, unsigned place);
void peer_free(struct peer *peer); /* not under way */

/* Prepare a transfer; the caller gives peer->curl to a multi handle. False: no memory or store. */
bool peer_ask_view(struct peer *peer, const char *origin) __attribute__((warn_unused_result));
bool peer_add(struct peer *peer, const struct signed_head *head, struct kv *log)
    __attribute__((warn_unused_result));

enum peer_said {
    PEER_SAID_NOTHING,  /* unreachable, or not understood: `why` */
    PEER_SAID_UNSEEN,   /* it has no view of our log, or shows none */
    PEER_SAID_VIEW,     /* `head`: signed by our key */
    PEER_SAID_COSIGNED, /* `line`: its verified cosignature of peer->sent */
    PEER_SAID_SIZE,     /* `head.size`: it holds another size than we thought */
    PEER_SAID_NO,       /* it does not take the head: `why` */
};
struct peer_reply {
    enum peer_said said;
    struct log_head head;
    char line[PEER_LINE_SIZE];
    char why[CURL_ERROR_SIZE + 40];
};
/* Reads the answer of a finished transfer; the peer is idle afterwards. */
void peer_finish(struct peer *peer, CURLcode result, const char *origin,
                 const struct public_key *log_key, struct peer_reply *out);

#endif
