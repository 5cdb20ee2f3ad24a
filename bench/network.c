/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/network.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/note.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/entry.h"
#include "ledger/signers.h"
#include "policies/params.h"
#include "policies/window.h"

int64_t bench_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void bench_network_start(struct bench_network *network)
{
    network->n_orgs = 0;
    bench_network_grow(network, BENCH_FOUNDERS);
}

void bench_network_grow(struct bench_network *network, size_t n_orgs)
{
    assert(n_orgs <= BENCH_ORGS_MAX);
    for (; network->n_orgs < n_orgs; network->n_orgs++) {
        uint8_t seed[KEY_SEED_BYTES] = {(uint8_t)network->n_orgs, (uint8_t)(network->n_orgs >> 8)};
        network->keys[network->n_orgs] = secret_key_from_seed(seed);
        assert(network->keys[network->n_orgs] != NULL);
    }
}

void bench_network_end(struct bench_network *network)
{
    for (size_t i = 0; i < network->n_orgs; i++)
        secret_key_free(network->keys[i]);
    network->n_orgs = 0;
}

void bench_handle(char out[static BENCH_HANDLE_SIZE], size_t org)
{
    snprintf(out, BENCH_HANDLE_SIZE, "org-%04zu", org);
}

size_t bench_org_of(const char *key_name, size_t n)
{
    size_t org = 0;
    for (size_t i = n - 4; i < n; i++)
        org = org * 10 + (size_t)(key_name[i] - '0');
    return org;
}

static void fresh_id(char out[static ID_TEXT_SIZE], int64_t now_ms)
{
    uint8_t dice[10];
    struct id id;
    random_fill(dice, sizeof dice);
    id_make(&id, now_ms, dice);
    id_format(out, &id);
}

/* Signs a text with the keys of organisations, given in the order of their handles. */
static size_t sign_note(const struct bench_network *network, char *out, size_t size,
                        const char *text, const size_t *orgs, size_t n)
{
    size_t len = note_build(out, size, text, strlen(text), NULL, 0);
    for (size_t i = 0; i < n; i++) {
        char handle[BENCH_HANDLE_SIZE], name[KEY_NAME_SIZE], line[NOTE_LINE_SIZE(KEY_NAME_SIZE)];
        bench_handle(handle, orgs[i]);
        signers_key_name(name, BENCH_ORIGIN, handle);
        size_t made = note_sign(line, sizeof line, text, strlen(text), name, strlen(name),
                                network->keys[orgs[i]]);
        assert(made > 0);
        len = note_append_line(out, size, len, line);
    }
    assert(len > 0);
    return len;
}

static void founders_text(const struct bench_network *network, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < BENCH_FOUNDERS; i++) {
        char handle[BENCH_HANDLE_SIZE], hex[HEX_SIZE(KEY_BYTES)];
        struct public_key key;
        bench_handle(handle, i);
        secret_key_public(network->keys[i], &key);
        hex_encode(hex, key.b, KEY_BYTES);
        n += (size_t)snprintf(out + n, size - n, "%s{\"handle\":\"%s\",\"key\":\"%s\"}",
                              i > 0 ? "," : "", handle, hex);
    }
}

static void policy_text(char *out, size_t size)
{
    size_t keys, n = 0;
    const struct policy_key *table = policy_keys(&keys);
    for (size_t i = 0; i < keys; i++)
        n += (size_t)snprintf(out + n, size - n, "%s\"%s\":%" PRId64, i > 0 ? "," : "",
                              table[i].key, table[i].value_default);
}

size_t bench_founding(const struct bench_network *network, char out[static BENCH_FOUNDING_MAX])
{
    char clock[65], log[65], refusal[65], id[ID_TEXT_SIZE], zero[65];
    char founders[4096], policy[2048], text[BENCH_FOUNDING_MAX];
    size_t all[BENCH_FOUNDERS];
    int64_t now_ms = network->founded_ms != 0 ? network->founded_ms : bench_now_ms();
    int64_t until = now_ms + WINDOW_DAY_MS;

    for (size_t i = 0; i < BENCH_FOUNDERS; i++)
        all[i] = i;
    hex_encode(clock, network->clock.b, KEY_BYTES);
    hex_encode(log, network->log.b, KEY_BYTES);
    hex_encode(refusal, network->refusal.b, KEY_BYTES);
    memset(zero, '0', 64);
    zero[64] = '\0';
    fresh_id(id, now_ms);
    founders_text(network, founders, sizeof founders);
    policy_text(policy, sizeof policy);
    snprintf(text, sizeof text,
             BENCH_ORIGIN "/entry/v1\n{\"by\":\"org-0000\",\"charter\":\"%s\",\"clock_key\":\"%s\","
             "\"demo\":false,\"founders\":[%s],\"id\":\"%s\",\"kind\":\"network.found\","
             "\"log_key\":\"%s\",\"mandates\":[{\"org\":\"org-0000\",\"role\":\"coordinator\","
             "\"until\":%" PRId64 "}],\"policy\":{%s},\"public\":{\"bundles\":true,"
             "\"directory\":true},\"refusal_key\":\"%s\",\"rules_version\":1,"
             "\"skills\":[\"accounting\"],\"skills_details\":\"%s\",\"valid_until\":%" PRId64 "}\n",
             zero, clock, founders, id, log, until, policy, refusal, zero, until);
    return sign_note(network, out, BENCH_FOUNDING_MAX, text, all, BENCH_FOUNDERS);
}

void bench_admission(const struct bench_network *network, size_t org, int64_t now_ms,
                     struct bench_note *out)
{
    char handle[BENCH_HANDLE_SIZE], hex[HEX_SIZE(KEY_BYTES)], id[ID_TEXT_SIZE], zero[65];
    char text[BENCH_NOTE_MAX];
    size_t signers[2] = {0, org};
    struct public_key key;
    bench_handle(handle, org);
    secret_key_public(network->keys[org], &key);
    hex_encode(hex, key.b, KEY_BYTES);
    memset(zero, '0', 64);
    zero[64] = '\0';
    fresh_id(id, now_ms);
    snprintf(text, sizeof text,
             BENCH_ORIGIN "/entry/v1\n{\"by\":\"%s\",\"charter\":\"%s\",\"coordinator\":"
             "\"org-0000\",\"details\":\"%s\",\"id\":\"%s\",\"key\":\"%s\",\"kind\":\"org.admit\","
             "\"public\":true,\"valid_until\":%" PRId64 "}\n",
             handle, zero, zero, id, hex, now_ms + WINDOW_DAY_MS);
    out->n = sign_note(network, out->b, sizeof out->b, text, signers, 2);
}

/* splitmix64: a spread of numbers that is the same in each run. */
static uint64_t spread(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Each organisation exchanges with the NEIGHBOURS after it and the NEIGHBOURS before it. */
#define NEIGHBOURS 8

void bench_hours(const struct bench_network *network, size_t i, int64_t now_ms,
                 struct bench_note *out)
{
    uint64_t dice = spread(i / 2);
    size_t n = network->n_orgs, a = (size_t)(dice % n);
    size_t b = (a + 1 + (size_t)((dice >> 32) % NEIGHBOURS)) % n;
    size_t from = i % 2 == 0 ? a : b, to = i % 2 == 0 ? b : a;
    size_t signers[2] = {from < to ? from : to, from < to ? to : from};
    char giver[BENCH_HANDLE_SIZE], receiver[BENCH_HANDLE_SIZE];
    char id[ID_TEXT_SIZE], day[DAY_TEXT_BYTES], text[BENCH_NOTE_MAX];
    bench_handle(giver, from);
    bench_handle(receiver, to);
    fresh_id(id, now_ms);
    day_format(day, window_day(now_ms));
    snprintf(text, sizeof text,
             BENCH_ORIGIN "/entry/v1\n{\"by\":\"%s\",\"day\":\"%s\",\"id\":\"%s\",\"kind\":"
             "\"hours.record\",\"shares\":[{\"from\":\"%s\",\"minutes\":1,\"to\":\"%s\"}],"
             "\"valid_until\":%" PRId64 "}\n",
             giver, day, id, giver, receiver, now_ms + WINDOW_DAY_MS);
    out->n = sign_note(network, out->b, sizeof out->b, text, signers, 2);
}

void bench_confirm(const struct bench_network *network, size_t i, int64_t now_ms,
                   struct bench_note *out)
{
    size_t org = (size_t)(spread(i) % network->n_orgs);
    char handle[BENCH_HANDLE_SIZE], id[ID_TEXT_SIZE], text[BENCH_NOTE_MAX];
    bench_handle(handle, org);
    fresh_id(id, now_ms);
    snprintf(text, sizeof text,
             BENCH_ORIGIN "/entry/v1\n{\"by\":\"%s\",\"id\":\"%s\",\"kind\":\"org.confirm\","
             "\"valid_until\":%" PRId64 "}\n",
             handle, id, now_ms + WINDOW_DAY_MS);
    out->n = sign_note(network, out->b, sizeof out->b, text, &org, 1);
}

size_t bench_sign(const struct bench_network *network, char *out, size_t size, const char *text,
                  size_t org)
{
    return sign_note(network, out, size, text, &org, 1);
}
