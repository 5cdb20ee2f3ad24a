/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A log made in memory as a server makes it: entries through the rules, ticks and seals where they
 * are due. Fast enough for years of a network in a second or two, and able to put leaves into the
 * log that no server would. A tour:
 *
 *     static struct log_maker m;
 *     log_maker_start(&m, 3, NULL);         a founded network of org-01, org-02, org-03: the first
 *                                           is the coordinator, the others are the panel
 *     log_maker_do(&m, ref, "hours.record", "org-01 org-02", "{...}");
 *     m.leaves[0 .. m.n - 1]
 *     log_maker_end(&m);
 *
 * What goes wrong inside is an assertion failure of the test. Large: take it static.
 */
#ifndef SEM_TESTS_LEDGER_LOG_MAKER_H
#define SEM_TESTS_LEDGER_LOG_MAKER_H

#include "ledger/signers.h"

#define MAKER_ORIGIN "ledger.example.org/made"
#define MAKER_START INT64_C(1700000000000)
#define MAKER_DAY INT64_C(86400000)
#define MAKER_ORGS_MAX 32

struct log_maker {
    size_t n_orgs;
    struct secret_key *keys[MAKER_ORGS_MAX], *clock_key, *log_key, *refusal_key;
    int64_t at; /* of the next leaf; moved on by a second with each entry that is signed */
    uint64_t n_ids;
    struct kv *kv;
    struct state state;
    struct rules rules;
    struct signatures signatures;
    struct note parsed;
    struct entry entry;
    struct slice *leaves;
    size_t n, room;
};

struct made_note {
    char b[ENTRY_NOTE_MAX + 1];
    size_t n;
};

/* `policy`: members that differ from the defaults, as JSON; NULL: none. */
void log_maker_start(struct log_maker *m, size_t n_orgs, const char *policy);
void log_maker_end(struct log_maker *m);

/*
 * Signs an entry of that kind. `signers`: handles parted by spaces and sorted; the first one is the
 * author unless the fields have a `by`.
 */
void log_maker_sign(struct log_maker *m, struct made_note *out, const char *kind,
                    const char *signers, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Puts a note into the log with what is due before and behind it; it must be accepted. */
void log_maker_append(struct log_maker *m, const struct made_note *note);
/* Both. `ref` (may be NULL) gets the reference. */
void log_maker_do(struct log_maker *m, char ref[static REF_TEXT_SIZE], const char *kind,
                  const char *signers, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Puts a leaf into the log that has no effect, at m->at, with what is due before and behind it. */
void log_maker_smuggle(struct log_maker *m, const char *note, size_t n);
/* The first leaf from there on that has the word in it. */
size_t log_maker_find(const struct log_maker *m, const char *word, size_t from);
/* Takes a leaf out of the log; what it did stays done. */
void log_maker_drop(struct log_maker *m, size_t at);

#endif
