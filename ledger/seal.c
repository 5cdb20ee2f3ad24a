/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/seal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/merkle.h"
#include "crypto/text.h"
#include "ledger/tick.h"

/* --- Salts ------------------------------------------------------------------------------------ */

void salt_of_leaf(struct hash *out, const char *origin, struct slice leaf)
{
    static const char purpose[] = "/salt/v1\n";
    struct hash_stream h;
    size_t lines = leaf.size; /* where the signature lines begin: behind the last empty line */
    while (lines >= 2 && (leaf.data[lines - 1] != '\n' || leaf.data[lines - 2] != '\n'))
        lines--;
    assert(lines >= 2); /* the leaf is a note */
    hash_stream_start(&h);
    hash_stream_add(&h, origin, strlen(origin));
    hash_stream_add(&h, purpose, sizeof purpose - 1);
    hash_stream_add(&h, leaf.data + lines, leaf.size - lines);
    hash_stream_end(&h, out);
}

void salt_turn(uint8_t chain[static HASH_BYTES], const struct hash *inner)
{
    uint8_t both[2 * HASH_BYTES];
    struct hash out;
    memcpy(both, chain, HASH_BYTES);
    memcpy(both + HASH_BYTES, inner->b, HASH_BYTES);
    hash_sha256(&out, both, sizeof both);
    memcpy(chain, out.b, HASH_BYTES);
}

/* --- The balance tree ------------------------------------------------------------------------- */

void sealed_of(struct sealed *out, const struct org *org)
{
    *out = (struct sealed){.account = org->number,
                           .given_pending = org->given_pending,
                           .given_posted = org->given_posted,
                           .moves = org->moves,
                           .received_pending = org->received_pending,
                           .received_posted = org->received_posted};
    memcpy(out->salt, org->salt_chain, sizeof out->salt);
}

/* Names and numbers need no escapes, so the canonical JSON is written as it stands. */
size_t balance_text(char out[static BALANCE_TEXT_SIZE], const char *origin, const char *handle,
                    const struct sealed *account, uint64_t size)
{
    char salt[HEX_SIZE(BALANCE_SALT_BYTES)];
    hex_encode(salt, account->salt, sizeof account->salt);
    int n = snprintf(out, BALANCE_TEXT_SIZE,
                     "%s/balance/v1\n"
                     "{\"given_pending\":%" PRId64 ",\"given_posted\":%" PRId64
                     ",\"moves\":%" PRId64 ",\"org\":\"%s\",\"position\":%" PRId64
                     ",\"received_pending\":%" PRId64 ",\"received_posted\":%" PRId64
                     ",\"salt\":\"%s\",\"size\":%" PRIu64 "}\n",
                     origin, account->given_pending, account->given_posted, account->moves, handle,
                     sealed_position(account), account->received_pending, account->received_posted,
                     salt, size);
    assert(n > 0 && n < BALANCE_TEXT_SIZE);
    return (size_t)n;
}

void seal_accounts(struct state *s, const char *origin, uint64_t size, bool keep,
                   struct hash *root, int64_t *accounts)
{
    char text[BALANCE_TEXT_SIZE];
    struct merkle_range tree;
    struct sums sums;
    struct org org;
    int64_t positions = 0;
    merkle_range_start(&tree);
    state_sums(s, &sums);
    for (uint32_t i = POOL; i <= sums.orgs && state_org(s, i, &org); i++) {
        struct sealed account;
        struct hash leaf;
        sealed_of(&account, &org);
        merkle_leaf(&leaf, text, balance_text(text, origin, org.handle.s, &account, size));
        merkle_range_append(&tree, &leaf);
        positions += sealed_position(&account);
        if (keep)
            state_put_sealed(s, &account);
    }
    assert(kv_failed(s->kv) || (positions == 0 && tree.size == (uint64_t)sums.orgs + 1));
    merkle_range_root(&tree, root);
    *accounts = (int64_t)tree.size;
}

void seal_keep(struct state *s)
{
    struct sums sums;
    struct sealed account;
    struct org org;
    state_sums(s, &sums);
    for (uint32_t i = POOL; i <= sums.orgs && state_org(s, i, &org); i++) {
        sealed_of(&account, &org);
        state_put_sealed(s, &account);
    }
}

/* --- The entry -------------------------------------------------------------------------------- */

void seal_id(struct id *out, int64_t at, const struct hash *root)
{
    id_make(out, at, root->b);
}

size_t seal_text(char out[static SEAL_TEXT_SIZE], const char *origin,
                 const struct body_seal_balances *body, const struct id *id, int64_t at)
{
    char root[HEX_SIZE(HASH_BYTES)], id_hex[ID_TEXT_SIZE];
    hex_encode(root, body->root.b, HASH_BYTES);
    id_format(id_hex, id);
    int n = snprintf(out, SEAL_TEXT_SIZE,
                     "%s/entry/v1\n"
                     "{\"accounts\":%" PRId64 ",\"by\":\"clock\",\"id\":\"%s\","
                     "\"kind\":\"seal.balances\",\"root\":\"%s\",\"size\":%" PRId64
                     ",\"valid_until\":%" PRId64 "}\n",
                     origin, body->accounts, id_hex, root, body->size, at);
    assert(n > 0 && n < SEAL_TEXT_SIZE);
    return (size_t)n;
}

size_t seal_note(char out[static SEAL_NOTE_SIZE], const char *origin,
                 const struct body_seal_balances *body, const struct id *id, int64_t at,
                 const struct secret_key *clock_key)
{
    char text[SEAL_TEXT_SIZE];
    size_t n = seal_text(text, origin, body, id, at);
    return clock_note(out, SEAL_NOTE_SIZE, text, n, origin, clock_key);
}
