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

/* Where they begin: behind the last line feed that follows another. */
static size_t signature_lines(struct slice leaf)
{
    size_t at = leaf.size;
    do {
        const uint8_t *feed = memrchr(leaf.data, '\n', at);
        assert(feed != NULL && feed > leaf.data); /* the leaf is a note */
        at = (size_t)(feed - leaf.data);
    } while (leaf.data[at - 1] != '\n');
    return at + 1;
}

void salt_of_leaf(struct hash *out, const char *origin, struct slice leaf)
{
    static const char purpose[] = "/salt/v1\n";
    struct hash_stream h;
    size_t lines = signature_lines(leaf);
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

static char *add(char *at, const char *text)
{
    size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

static char *add_number(char *at, const char *before, int64_t n)
{
    at = add(at, before);
    return at + decimal_format(at, n);
}

/*
 * Names and numbers need no escapes, so the canonical JSON is written as it stands; piece by piece,
 * because a seal writes as many as there are accounts.
 */
size_t balance_text(char out[static BALANCE_TEXT_SIZE], const char *origin, const char *handle,
                    const struct sealed *account, uint64_t size)
{
    char salt[HEX_SIZE(BALANCE_SALT_BYTES)], *at = out;
    assert(strlen(origin) <= ORIGIN_MAX && strlen(handle) <= HANDLE_MAX && size <= INT64_MAX);
    hex_encode(salt, account->salt, sizeof account->salt);
    at = add(at, origin);
    at = add_number(at, "/balance/v1\n{\"given_pending\":", account->given_pending);
    at = add_number(at, ",\"given_posted\":", account->given_posted);
    at = add_number(at, ",\"moves\":", account->moves);
    at = add(add(at, ",\"org\":\""), handle);
    at = add_number(at, "\",\"position\":", sealed_position(account));
    at = add_number(at, ",\"received_pending\":", account->received_pending);
    at = add_number(at, ",\"received_posted\":", account->received_posted);
    at = add(add(at, ",\"salt\":\""), salt);
    at = add_number(at, "\",\"size\":", (int64_t)size);
    at = add(at, "}\n");
    *at = '\0';
    return (size_t)(at - out);
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
