/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Salts, balance texts and the balance tree, against figures computed by another program. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/seal.h"

#define ORIGIN "ledger.example.org/test"

static bool hex_is(const void *bytes, size_t n, const char *hex)
{
    char text[HEX_SIZE(64)];
    hex_encode(text, bytes, n);
    return strcmp(text, hex) == 0;
}

static struct slice slice_of(const char *text)
{
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

static void put_org(struct state *s, struct org org, const char *handle, const char *chain)
{
    snprintf(org.handle.s, sizeof org.handle.s, "%s", handle);
    org.state = ORG_ACTIVE;
    cr_assert(hex_decode(org.salt_chain, sizeof org.salt_chain, chain, 64));
    state_put_org(s, &org);
}

#define CHAIN_0 "0000000000000000000000000000000000000000000000000000000000000000"
#define CHAIN_1 "7f1572db8b61967dac8972b0ce341fac8da251f7df4cd97212f33d85836e2f0a"
#define CHAIN_2 "2d03d3071a34e83af6a9f7d9e0dcebad9d1585b10b99427c3120aeba686cabc7"
#define CHAIN_POOL "e0d1492b4a7ce78f852d36039f0dfd0daf91adebe6cfb150e9c345a1a2e86d09"

/* A pool and `orgs` organisations; the figures of three sum to nothing, as do those of none. */
static struct kv *small_network(struct state *s, uint32_t orgs)
{
    struct kv *kv = kv_memory_new(NULL);
    struct sums sums = {.orgs = orgs};
    cr_assert_not_null(kv);
    memset(s, 0, sizeof *s);
    state_attach(s, kv);
    state_put_sums(s, &sums);
    put_org(s, (struct org){.number = POOL, .moves = orgs > 0 ? -30 : 0}, "pool", CHAIN_POOL);
    put_org(s, (struct org){.number = 1, .given_pending = 60, .given_posted = 90,
                            .received_posted = 30}, "amal", CHAIN_2);
    put_org(s, (struct org){.number = 2, .moves = 30, .received_pending = 60,
                            .received_posted = 60}, "bora", CHAIN_1);
    put_org(s, (struct org){.number = 3}, "cela", CHAIN_0);
    return kv;
}

Test(seal_tree, a_leaf_turns_the_salt_of_whoever_signed_it)
{
    uint8_t chain[HASH_BYTES] = {0};
    struct hash inner;
    salt_of_leaf(&inner, ORIGIN, slice_of("a text\n\nat 1\nfirst"));
    cr_assert(hex_is(inner.b, 32,
                     "19d45971dea3e7626413be8ae607c03e96a65237832419e668e5449cc6f9b016"));
    salt_turn(chain, &inner);
    cr_assert(hex_is(chain, 32, CHAIN_1));
    salt_of_leaf(&inner, ORIGIN, slice_of("an empty line\n\nin the text\n\nat 2\nsecond"));
    salt_turn(chain, &inner);
    cr_assert(hex_is(chain, 32, CHAIN_2));
    memset(chain, 0, sizeof chain);
    salt_turn(chain, &inner);
    cr_assert(hex_is(chain, 32, CHAIN_POOL));
}

Test(seal_tree, text_of_a_balance)
{
    static struct state s;
    struct kv *kv = small_network(&s, 3);
    char text[BALANCE_TEXT_SIZE];
    struct sealed account;
    struct org org;
    cr_assert(state_org(&s, 1, &org));
    sealed_of(&account, &org);
    cr_assert_eq(balance_text(text, ORIGIN, org.handle.s, &account, 17), strlen(text));
    cr_assert_str_eq(text, "ledger.example.org/test/balance/v1\n"
                           "{\"given_pending\":60,\"given_posted\":90,\"moves\":0,\"org\":\"amal\","
                           "\"position\":60,\"received_pending\":0,\"received_posted\":30,"
                           "\"salt\":\"2d03d3071a34e83af6a9f7d9e0dcebad\",\"size\":17}\n");
    kv_memory_free(kv);
}

Test(seal_tree, tree_of_four_accounts)
{
    static struct state s;
    struct kv *kv = small_network(&s, 3);
    struct sealed account;
    struct hash root;
    int64_t accounts;
    seal_accounts(&s, ORIGIN, 17, false, &root, &accounts);
    cr_assert_eq(accounts, 4);
    cr_assert(hex_is(root.b, 32,
                     "c6e26296522118e5550d3ccc596c4a7157ed4367e34d10c71d496ed48ad9fea5"));
    cr_assert_not(state_sealed(&s, 1, &account), "only asked for");
    seal_accounts(&s, ORIGIN, 17, true, &root, &accounts);
    cr_assert(state_sealed(&s, 1, &account));
    cr_assert_eq(account.given_posted, 90);
    cr_assert(hex_is(account.salt, 16, "2d03d3071a34e83af6a9f7d9e0dcebad"));
    seal_accounts(&s, ORIGIN, 18, false, &root, &accounts);
    cr_assert_not(hex_is(root.b, 32,
                         "c6e26296522118e5550d3ccc596c4a7157ed4367e34d10c71d496ed48ad9fea5"),
                  "the size stands in every leaf");
    kv_memory_free(kv);
}

Test(seal_tree, entry_text_and_id)
{
    struct body_seal_balances body = {.accounts = 4, .size = 17};
    char text[SEAL_TEXT_SIZE];
    struct id id;
    cr_assert(hex_decode(body.root.b, 32,
                         "c6e26296522118e5550d3ccc596c4a7157ed4367e34d10c71d496ed48ad9fea5", 64));
    seal_id(&id, 1700000016000, &body.root);
    cr_assert_eq(seal_text(text, ORIGIN, &body, &id, 1700000016000), strlen(text));
    cr_assert_str_eq(text,
                     "ledger.example.org/test/entry/v1\n"
                     "{\"accounts\":4,\"by\":\"clock\",\"id\":\"018bcfe5a68076e2a296522118e5550d\","
                     "\"kind\":\"seal.balances\",\"root\":"
                     "\"c6e26296522118e5550d3ccc596c4a7157ed4367e34d10c71d496ed48ad9fea5\","
                     "\"size\":17,\"valid_until\":1700000016000}\n");
}
