/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The network whose entries are measured: organisations that exchange single minutes. The first
 * BENCH_FOUNDERS found it, the others are admitted by a coordinator.
 */
#ifndef SEM_BENCH_NETWORK_H
#define SEM_BENCH_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/key.h"

#define BENCH_ORIGIN "bench.example.org/ledger"
#define BENCH_FOUNDERS 32
#define BENCH_ORGS_MAX 1024
#define BENCH_HANDLE_SIZE 32
#define BENCH_NOTE_MAX 1024
#define BENCH_FOUNDING_MAX 16384

struct bench_network {
    size_t n_orgs;
    struct secret_key *keys[BENCH_ORGS_MAX];
    struct public_key clock, log, refusal; /* set by the caller */
    int64_t founded_ms;                    /* when the founding is signed; 0: now */
};

struct bench_note {
    char b[BENCH_NOTE_MAX];
    size_t n;
};

int64_t bench_now_ms(void);

/*
 * Makes the keys of the founders, of more organisations up to `n_orgs`; gives all of them back. The
 * same ones in each process: a seed is the organisation's number, little-endian.
 */
void bench_network_start(struct bench_network *network);
void bench_network_grow(struct bench_network *network, size_t n_orgs);
void bench_network_end(struct bench_network *network);

void bench_handle(char out[static BENCH_HANDLE_SIZE], size_t org);
/* The organisation of a key name that ends in its handle. */
size_t bench_org_of(const char *key_name, size_t n);

/* The note of network.found, signed by the founders. Returns its length. */
size_t bench_founding(const struct bench_network *network, char out[static BENCH_FOUNDING_MAX]);
/* org.admit of an organisation, signed by it and by the coordinator; within a day of founding. */
void bench_admission(const struct bench_network *network, size_t org, int64_t now_ms,
                     struct bench_note *out);

/*
 * The i-th hours.record, made at that moment: one minute between two organisations, both sign.
 * Notes 2j and 2j + 1 go to and fro between the same two, so that nobody comes near a line.
 */
void bench_hours(const struct bench_network *network, size_t i, int64_t now_ms,
                 struct bench_note *out);
/* The i-th org.confirm: the entry with one signature. */
void bench_confirm(const struct bench_network *network, size_t i, int64_t now_ms,
                   struct bench_note *out);

/* Signs a text with the key of one organisation. Returns the length. */
size_t bench_sign(const struct bench_network *network, char *out, size_t size, const char *text,
                  size_t org);

#endif
