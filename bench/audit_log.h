/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A log to be audited, made in memory through the real rules with the ticks and seals that they
 * demand, every signature real; and written as `semctl log export` would (SPEC 4.6).
 */
#ifndef SEM_BENCH_AUDIT_LOG_H
#define SEM_BENCH_AUDIT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/limits.h"
#include "bench/network.h"
#include "ledger/kv.h"

struct replay;

struct audit_log {
    struct kv *kv; /* all of it */
    struct replay *replay;
    struct bench_network network;
    struct secret_key *clock_key, *log_key;
    uint64_t size; /* leaves: entries, admissions, the founding, ticks and seals */
};

/*
 * Founds the network `past_ms` ago and admits the organisations. False with a message on stderr;
 * audit_log_end() in any case.
 */
bool audit_log_start(struct audit_log *log, size_t n_orgs, int64_t past_ms);
/* hours.record number `first` and the n - 1 behind it, `step_ms` apart, since a day after. */
bool audit_log_grow(struct audit_log *log, size_t first, size_t n, double step_ms);
void audit_log_end(struct audit_log *log);

/* Writes the folder of the log as it was with `size` leaves. False with a message. */
bool audit_log_write(struct audit_log *log, uint64_t size, const char *dir);

/*
 * The signatures of all entries with two of them among the first `size` leaves, which the caller
 * frees; the texts are the log's. NULL: no memory.
 */
struct verify_item *audit_log_items(struct audit_log *log, uint64_t size, size_t *n);

#endif
