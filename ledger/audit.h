/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An audit: the leaves of a log judged one by one, by the rules the server has, but going on after
 * a finding (SPEC 17). Reads nothing but what it is given; knows neither LMDB nor where leaves come
 * from. Signatures are checked on several threads; findings come in the order of leaves whatever
 * the number of threads.
 *
 * Memory follows the live state and the windows of the policy, not the length of the log: what can
 * no longer be referred to is forgotten, and the rare entry that speaks of it (an erasure, an old
 * `seen`) makes the audit read a leaf again. Of the tree a quarter of a byte per leaf is kept.
 *
 *     struct audit *a = audit_new(&config);
 *     while (leaves come) audit_take(a, leaves, n);
 *     audit_settle(a);                                  then figures and findings
 *     audit_free(a);
 *
 * One thread calls; the audit's own threads are joined by audit_free().
 */
#ifndef SEM_LEDGER_AUDIT_H
#define SEM_LEDGER_AUDIT_H

#include <stdio.h>

#include "ledger/log.h"
#include "ledger/state.h"

/* X(word, category): what only an audit can find (SPEC 17.5). The registry's codes come beside. */
#define AUDIT_CODES(X) \
    X(leaf_malformed, form) \
    X(at_mismatch, sequence) \
    X(tick_missing, clock) \
    X(tick_not_due, clock) \
    X(tick_time, clock) \
    X(tick_count, clock) \
    X(tick_effects, clock) \
    X(tick_totals, clock) \
    X(tick_id, clock) \
    X(seal_missing, seal) \
    X(seal_early, seal) \
    X(seal_time, seal) \
    X(seal_size, seal) \
    X(seal_accounts, seal) \
    X(seal_root, seal) \
    X(seal_id, seal) \
    X(invariant_broken, invariant) \
    X(checkpoint_malformed, tree) \
    X(checkpoint_signature, tree) \
    X(size_mismatch, tree) \
    X(root_mismatch, tree) \
    X(tile_missing, tree) \
    X(tile_mismatch, tree) \
    X(bundle_missing, tree) \
    X(bundle_malformed, tree) \
    X(receipt_malformed, held) \
    X(receipt_leaf, held) \
    X(head_fork, held) \
    X(refusal_malformed, held) \
    X(refused_logged, held) \
    X(refusal_unfounded, held)

/* The category of a code of the registry or of an audit; NULL for any other word. */
const char *audit_category(const char *code);

struct audit_finding {
    const char *code; /* static */
    bool has_index, is_consequence;
    uint64_t index, of; /* `of`: the entry with the finding that a consequence follows from */
    char entry[REF_TEXT_SIZE]; /* empty: none */
    char field[144], expected[224], found[224];
    int64_t minutes;
};

/* A refusal that somebody holds, judged again where it was made (SPEC 10.2). */
struct audit_refusal {
    uint64_t size;     /* leaves before it */
    int64_t at;
    const char *note;  /* the refused note */
    size_t note_len;
    const char *code;
    struct hash entry_hash;
    const char *name;  /* of the file, for findings */
};

struct audit_config {
    const char *origin;
    const struct public_key *log_key; /* known beforehand; NULL: network.found says it */
    unsigned threads;                 /* 0: one a core */
    const char *waive;                /* a code (SPEC 17.7); NULL: none */
    /*
     * Reads a leaf below the present size again; borrowed until the next call. NULL: what is known
     * of texts is kept in memory, and a `seen` of an older size is a finding. Like `tile` it is
     * called by the thread that calls the audit.
     */
    bool (*reread)(void *ctx, uint64_t index, struct slice *leaf);
    /*
     * The hashes of a tile as the leaves give them, when it is full, and in audit_settle() the
     * partial ones; to be compared with those of the source. May be NULL.
     */
    void (*tile)(void *ctx, unsigned level, uint64_t number, const struct hash hashes[],
                 unsigned width);
    void *ctx;
    /* Sorted by size; both borrowed until the audit has passed them. */
    const struct audit_refusal *refusals;
    size_t n_refusals;
};

struct audit;

/* NULL: no memory or no threads. A word that cannot be waived: see audit_waivable(). */
struct audit *audit_new(const struct audit_config *config);
void audit_free(struct audit *audit); /* NULL is accepted */
bool audit_waivable(const char *code);

/* The next n leaves, copied. Blocks while too many wait to be judged. */
void audit_take(struct audit *audit, const struct slice leaves[], size_t n);
/* Waits until all are judged, gives the partial tiles, makes the last recount. Once. */
void audit_settle(struct audit *audit);
/* False after a failure that is nobody's fault: no memory. The figures then say nothing. */
bool audit_sound(const struct audit *audit);

struct audit_figures {
    uint64_t size, entries, signatures, unjudged;
    uint64_t items; /* records of the state that are kept in memory */
    struct hash root;
    bool founded, demo;
    struct public_key log_key, refusal_key; /* of network.found */
};
/* Any time; what was judged so far. */
void audit_figures(struct audit *audit, struct audit_figures *out);
/* After audit_settle(): whether there is a finding about refusals[i]. */
bool audit_refusal_found(const struct audit *audit, size_t i);
/* After audit_settle(): the root of the tree at a size up to the present one. */
bool audit_root_at(struct audit *audit, uint64_t size, struct hash *out);
/* After audit_settle(): the state, for totals and positions. */
struct state *audit_state(struct audit *audit);

/*
 * Findings in order, consequences among them: those of leaves, those of the tree in the order of
 * AUDIT_CODES, those of what was held by file name. Borrowed until the next call that takes,
 * settles or adds.
 */
size_t audit_n_findings(const struct audit *audit);
const struct audit_finding *audit_finding(const struct audit *audit, size_t i);
/* Adds one of the tree or of what was held. `code` is a word of AUDIT_CODES. */
void audit_add(struct audit *audit, const char *code, const char *field, const char *expected,
               const char *found);

/*
 * Everything an audit needs to go on later, written after audit_settle(); and taken up by a new
 * audit of the same origin and waived code before its first leaf. The findings about leaves come
 * along, others do not; refusals that were made before are only looked for in the leaves to come.
 * Whoever reads it back has checked that the bytes are his own (SPEC 17.6): loading trusts them.
 * False on an i/o failure or a form not ours; the audit is then not sound.
 */
bool audit_save(struct audit *audit, FILE *out) __attribute__((warn_unused_result));
bool audit_load(struct audit *audit, FILE *in) __attribute__((warn_unused_result));

#endif
