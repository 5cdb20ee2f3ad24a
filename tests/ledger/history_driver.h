/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One made-up history through the rules of ledger/ and through the model of tests/model/, held
 * against each other after every entry. A tour of one operation: the generator makes it, the model
 * says what must happen, the text is decoded, ticks that are due are compared moment by moment and
 * applied, the rules decide, the verdict is compared, and then the figures.
 */
#ifndef SEM_TESTS_LEDGER_HISTORY_DRIVER_H
#define SEM_TESTS_LEDGER_HISTORY_DRIVER_H

#include "ledger/rules.h"
#include "tests/model/generate.h"

#define HISTORY_ORIGIN "hist.example.org/sem"

/* What a set of histories met; sums of plain counters. */
struct history_coverage {
    uint64_t accepted[M_KIND_COUNT];
    uint64_t refused[M_CODE_COUNT];
    uint64_t known, ticks_full, single, several; /* refusals with one and with more fitting codes */
    uint64_t soft, urgent_past_line;
    uint64_t paid, ran_out;     /* records of which the pool paid a part; to its last minute */
    uint64_t paid_back;         /* reversals that gave some of it back */
    uint64_t covered;           /* past a line by what the pool can pay */
    uint64_t quarters, given, forgiven, crises;
    uint64_t by_panel, confirmed, in_force[5]; /* urgencies; steps confirmed; set, by step */
};

struct history {
    uint64_t seed;
    struct model model;
    struct generator generator;
    struct kv *kv;
    struct state state;
    struct rules rules;
    struct outcome outcome;
    struct entry entry;
    struct signer_set signers;
    uint8_t chains[M_ORGS][HASH_BYTES]; /* salt chains, by number */
    struct history_coverage *coverage;
    /* Of the operation under way. */
    struct op op;
    uint64_t step;
    char *text;
    size_t text_len;
    struct m_figures before[M_ORGS], figures[M_ORGS];
    bool failed;
};

/* Computes the keys that histories use; once, before any history_run(). */
void history_keys(void);

/*
 * Runs one seed until `entries` entries are accepted, then replays them. False after the first
 * difference, which is told on stderr with what is needed to see it again.
 */
bool history_run(uint64_t seed, int entries, struct history_coverage *coverage);

/* Tells a difference and marks the history as failed; only the first is told. Returns false. */
bool history_differs(struct history *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- history_seal.c: salts and seals --------------------------------------------------------- */

/*
 * There are no signatures here: the bytes of a leaf are its time and text, and who signed is what
 * the rules say that they ask for. Gives the leaf to the rules.
 */
#define HISTORY_LEAF_SIZE 32768
void history_give_leaf(struct history *h, char leaf[static HISTORY_LEAF_SIZE], const char *text,
                       int64_t at);
/* A leaf is in the log: turns the chains of the `n` organisations that signed it. */
void history_turn(struct history *h, const struct m_signer *signers, int n, bool by_clock,
                  struct slice leaf);
/*
 * Compares whether a seal comes now and which, and applies it. `exact`: the model knows the figures
 * of this very place, which it does not between two ticks of one time.
 */
bool history_seal(struct history *h, int64_t at, bool exact);

/* --- history_driver.c, for the others -------------------------------------------------------- */

void history_ready(struct rules *r, struct state *s, int64_t at);
bool history_decode(struct history *h, const char *text, struct refusal *why);

/* --- history_promises.c: the pool, status, promises and steps against the model --------------- */

/* Status, step, sizes and leaning of an organisation. */
bool history_compare_standing(struct history *h, int number, const struct org *org);
bool history_compare_pool(struct history *h);
/* Every promise that ended, every closing, and no more. */
bool history_compare_promises(struct history *h);

/* --- history_compare.c: state against model -------------------------------------------------- */

/* The organisations whose minutes moved, the author, the things it names, and the totals. */
bool history_compare_touched(struct history *h);
/* The things that fell due, and the organisations whose minutes moved with them. */
bool history_compare_due(struct history *h, const struct m_due *due, int n);
/* Compares one figure of one thing; `what` names both. */
bool history_equal(struct history *h, const char *what, const char *which, int64_t found,
                   int64_t expected);
struct thing_key history_key(int author, const char *id);
/* Everything. */
bool history_compare_all(struct history *h);

#endif
