/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the parts of ledger/audit.h share and nobody else needs. A tour: the pool takes leaves apart
 * on its threads (audit_pool.c); the caller's thread judges them in order (audit_leaf.c,
 * audit_clock.c) over tables whose last changes can be taken back (audit_kv.c) and a tree without
 * leaves (audit_tree.c); what is refused becomes a finding or the consequence of one
 * (audit_doubt.c); what can no longer be referred to is forgotten (audit_forget.c).
 */
#ifndef SEM_LEDGER_AUDIT_PARTS_H
#define SEM_LEDGER_AUDIT_PARTS_H

#include <jansson.h>

#include "crypto/note.h"
#include "ledger/audit.h"
#include "ledger/rules.h"
#include "ledger/signers.h"

/* --- Tables whose last changes can be taken back: audit_kv.c ---------------------------------- */

/*
 * Tables in memory that keep neither the leaves, nor the nodes, nor the records of entries. NULL:
 * no memory.
 */
struct kv *audit_kv_new(void);
void audit_kv_free(struct kv *kv); /* NULL is accepted */
/* What was changed until now stands; what changes from here on can be taken back. */
void audit_kv_keep(struct kv *kv);
void audit_kv_undo(struct kv *kv);
uint64_t audit_kv_items(const struct kv *kv);

/* --- The tree: audit_tree.c ------------------------------------------------------------------- */

#define BUNDLE_LEAVES 256
/* A tree of 256 leaves has 511 hashes. */
#define BUNDLE_HASHES (2 * BUNDLE_LEAVES - 1)

/* Hashes of the leaves of one bundle and of all above them, numbered as in crypto/merkle.h. */
struct bundle {
    uint64_t number;
    size_t n;
    struct hash stored[BUNDLE_HASHES];
};
struct audit_tree {
    uint64_t size;
    struct bundle tail;   /* the last one, not full */
    struct bundle reread; /* one of those before; n 0: none */
    struct hash *upper;   /* the tree whose leaves are the roots of full bundles */
    size_t n_upper, room;
    bool known;           /* one root that was asked for before */
    uint64_t known_size;
    struct hash known_root;
};

/* --- Leaves taken apart: audit_pool.c --------------------------------------------------------- */

enum verdict { VERDICT_UNKNOWN, VERDICT_GOOD, VERDICT_BAD };

struct audit_leaf {
    uint8_t *buffer;
    size_t size, room;
    struct hash hash;
    int64_t at;       /* -1: there is no `at` line */
    const char *fault; /* a word of AUDIT_CODES; NULL: see form */
    struct refusal form; /* CODE_OK: note and entry are there */
    struct note note;
    struct entry entry;
    uint8_t verdict[NOTE_SIGS_MAX]; /* enum verdict, by the key known for the name and id */
};

struct audit_pool;
struct audit_batch {
    size_t n;
    struct audit_leaf leaves[8]; /* few enough to stay in a core's own cache */
};

/* `threads` counts the caller's own, which helps when it has to wait. */
struct audit_pool *audit_pool_new(const char *origin, unsigned threads);
void audit_pool_free(struct audit_pool *pool); /* NULL is accepted */
/* Copies a leaf; the pool must not be full. False: no memory. *shut: a batch is under way. */
bool audit_pool_add(struct audit_pool *pool, struct slice leaf, bool *shut);
bool audit_pool_full(const struct audit_pool *pool);
/* Shuts a batch that is not full. */
void audit_pool_flush(struct audit_pool *pool);
/* The oldest batch once it is taken apart; `wait`: NULL only when there is none. */
struct audit_batch *audit_pool_oldest(struct audit_pool *pool, bool wait);
/* The oldest batch was judged. */
void audit_pool_release(struct audit_pool *pool);
/* From now on lines of this organisation (or of `clock`) and id are verified with the key. */
bool audit_pool_know(struct audit_pool *pool, const char *handle, const struct key_id *id,
                     const struct public_key *key);
/* Fills all but buffer and size. `pool` NULL: no line is verified. */
void audit_leaf_open(struct audit_leaf *leaf, const char *origin, struct audit_pool *pool);

/* --- Findings and doubts: audit_doubt.c ------------------------------------------------------- */

/* Why a leaf is refused, with plain values (SPEC 17.4). */
struct fault {
    const char *code; /* static */
    char field[144], expected[224], found[224];
};

/* What can be read of a leaf whatever is wrong with it; NULL: nothing. Freed by json_decref(). */
json_t *audit_glance(struct slice leaf);
/* A string member, or NULL. */
const char *glance_text(const json_t *glance, const char *name);

enum finding_group { FINDING_LEAF, FINDING_TREE, FINDING_HELD, FINDING_GROUPS };
struct findings {
    size_t n, room;
    struct audit_finding *v;
};

/* --- The audit -------------------------------------------------------------------------------- */

struct refused {
    bool unfounded, logged;
    uint64_t index; /* of the last leaf with its text */
    char entry[REF_TEXT_SIZE];
};

struct audit {
    struct audit_config config;
    char origin[ORIGIN_MAX + 1];
    struct public_key log_key;
    bool has_log_key, failed;
    const char *waived;     /* static; NULL: none */
    enum code waived_code;  /* CODE_OK when it is none of the registry */
    struct audit_pool *pool;
    struct kv *kv;
    /* What lasts beside the state: doubts and ids that were taken without an effect. */
    struct kv *marks;
    struct state state;
    struct rules rules;
    struct signatures signatures;
    struct audit_tree tree;
    int64_t before_at;    /* of the leaf before, whatever was found there */
    int64_t applied_at;   /* the latest of those that were applied */
    uint64_t n_entries, n_signatures, unjudged;
    int64_t forgot_details; /* texts of ids up to this time may be forgotten */
    int32_t forgot_day;
    uint64_t seal_place;  /* where the last seal stands or should have stood; 0: the founding */
    uint64_t *unapplied;  /* indices of leaves that were not applied, ascending */
    size_t n_unapplied, unapplied_room;
    struct findings findings[FINDING_GROUPS];
    size_t next_refusal;  /* those before it were passed */
    struct refused *refused; /* of each what was found: audit_held.c */
    uint8_t refused_filter[8192]; /* a bit by the first two bytes of their entry hashes */
    struct entry made;    /* a tick or seal as it must be */
    struct audit_leaf held;  /* a refused entry that is judged again */
    struct audit_leaf again; /* a leaf that is read again */
};

/* The same word as it stands in a table of codes; NULL: no such code. */
const char *audit_static_code(const char *word);
/* Fills a fault and returns false; true when this code is waived. */
bool audit_fault(struct audit *a, struct fault *f, const char *code, const char *field,
                 const char *expected, const char *found, ...)
    __attribute__((format(printf, 6, 7)));
/* The same from what the rules say. Returns false. */
bool audit_refused(struct fault *f, const struct refusal *why);
/*
 * A leaf was refused: a finding or a consequence, with the doubts it casts. In the place of a tick
 * a->rules.calendar says whether a moment of the calendar was processed.
 */
void audit_refuse_leaf(struct audit *a, const struct fault *f, uint64_t index,
                       const json_t *glance);
/* A finding about what should have stood before this leaf, which is judged by itself. */
void audit_find_before(struct audit *a, const struct fault *f, uint64_t index,
                       const json_t *glance);
/* An entry was applied: what the clock's doubt means for its asker (SPEC 17.3). */
void audit_doubt_asker(struct audit *a, const struct entry *e);
/* The calendar was not followed: the lines of all, in the name of the last finding about a leaf. */
void audit_doubt_lines(struct audit *a);
/* A refused text stands in the log at this index, under this reference. */
void audit_add_logged(struct audit *a, const char *name, uint64_t index, const char *entry);
struct audit_finding *audit_new_finding(struct audit *a, enum finding_group group,
                                        const char *code);
/*
 * Marks in a->marks: a sort and a text, of which the first index is kept. audit_marked() answers
 * false when there is none.
 */
enum mark {
    MARK_THING = 't',
    MARK_MEMBER = 'm',
    MARK_KEYS = 'k',
    MARK_LINE = 'l',
    MARK_CLOCK = 'c',
    MARK_SEALS = 's',
    MARK_ID = 'i', /* taken by an entry that was not applied */
};
void audit_mark(struct audit *a, enum mark sort, const char *text, uint64_t index);
bool audit_marked(struct audit *a, enum mark sort, const char *text, uint64_t *index);

/* --- audit_leaf.c ----------------------------------------------------------------------------- */

struct slice audit_leaf_bytes(const struct audit_leaf *leaf);
void audit_judge(struct audit *a, struct audit_leaf *leaf);
/* An entry whose form holds, and which is not the clock's, by everything that is asked of it. */
bool audit_apply(struct audit *a, struct audit_leaf *leaf, struct fault *f);
/* Tells the pool the keys of the state: one organisation's, or (0) all. */
void audit_know_keys(struct audit *a, uint32_t org);

/* --- audit_clock.c ---------------------------------------------------------------------------- */

bool audit_judge_tick(struct audit *a, const struct audit_leaf *leaf, struct fault *f);
bool audit_judge_seal(struct audit *a, const struct audit_leaf *leaf, int64_t before,
                      struct fault *f);
/* Says what is missing before a leaf and does what it should have done. */
void audit_demand_seal(struct audit *a, const struct audit_leaf *leaf);
void audit_demand_ticks(struct audit *a, const struct audit_leaf *leaf);
/*
 * Processes the moments of one tick at that time, if any is due; a->rules.calendar is set when one
 * of the calendar was among them.
 */
bool audit_pass_tick(struct audit *a, int64_t at);
/* A seal that is wrong: the right one stands in its place. Its bytes turn the salt all the same. */
void audit_replace_seal(struct audit *a, const struct audit_leaf *leaf);

/* --- audit_tree.c ----------------------------------------------------------------------------- */

void audit_tree_free(struct audit_tree *tree);
bool audit_tree_append(struct audit *a, const struct hash *leaf);
/* The root at a size up to the present one; false when a leaf cannot be read again. */
bool audit_tree_root(struct audit *a, uint64_t size, struct hash *out);
void audit_tree_partial_tiles(struct audit *a);
/* Takes up leaf hashes of the tail after size and upper were read back. */
bool audit_tree_refill(struct audit_tree *tree, const struct hash leaves[], size_t n);
size_t audit_tree_tail(const struct audit_tree *tree, struct hash leaves[static BUNDLE_LEAVES]);

/* --- audit_forget.c, audit_held.c ------------------------------------------------------------- */

/* Forgets what the time of the last entry has put out of reach; now and then. */
void audit_forget(struct audit *a);
/* Brings the detail of a forgotten subject back for an entry that erases it. */
void audit_recall(struct audit *a, const struct entry *erase);

/* The refusals that were made at the present size. */
void audit_held_here(struct audit *a);
/* Looks whether a leaf is a text that was refused for good. */
void audit_held_logged(struct audit *a, const struct audit_leaf *leaf);
/* Makes findings of what was found about them. */
void audit_held_settle(struct audit *a);

#endif
