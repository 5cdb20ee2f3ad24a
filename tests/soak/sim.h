/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A simulator: from a seed, a life of one network through the writer, its log and its stores as
 * they run in a server, with a clock that the simulator sets. What each job must lead to is said
 * beforehand by the model of tests/model/, which knows nothing of the writer. Swarm style: each
 * seed draws its own habits (struct swarm) and, in the generator, its own network.
 *
 * A tour of one group of jobs: the operations are drawn at one moment of the clock; for each the
 * model predicts the answer and moves on as if it had come; all are handed over while the writer
 * is held in the callback of the group before, so that it never idles unseen and takes them as one
 * batch; then answers, leaves, head, receipts and every record of the
 * state are compared.
 *
 * The same seed gives the same life, byte for byte.
 */
#ifndef SEM_TESTS_SOAK_SIM_H
#define SEM_TESTS_SOAK_SIM_H

#include <semaphore.h>
#include <stdatomic.h>

#include "ledger/side.h"
#include "ledger/writer.h"
#include "tests/ledger/history_driver.h"

#define SIM_GROUP_MAX 24
#define SIM_HELD_BACK_MAX 8

struct swarm { /* drawn once for a seed; chances in permille */
    size_t batch_max, queue_max;
    int group_max;
    int burst;      /* the clock stands still for a while */
    int again;      /* something that was sent before */
    int late;       /* held back, and posted after others */
    int reuse;      /* another text under the id of a refused one */
    int idle;       /* nobody writes until something is due */
    int restart;
    int settle;     /* the store commits before a group is told */
    bool tiny;      /* limits of an hour */
    bool sign;      /* real signatures, verified by the replay at the end */
};

/* What many seeds met; sums of plain counters. */
struct sim_coverage {
    uint64_t seeds, steps, accepted, refused, final, known, remembered, reused, twins, late, ticks;
    uint64_t seals, idle, restarts, several, full, receipts, behind, proofs;
    uint64_t decisions, calendar, paid; /* SPEC 6.13 to 6.16; moments of months; by the pool */
};

enum expectation {
    EXPECT_CODES,    /* refused with one of a set */
    EXPECT_ACCEPTED,
    EXPECT_KNOWN,
    EXPECT_SAME,     /* the same refusal, byte for byte, as another job */
    EXPECT_REUSED,   /* id_reused, which is not signed */
};

struct sent { /* one note and its job; kept to the end, to be sent again */
    struct sim *sim;
    struct op op;
    struct m_founding founding; /* of op.founding */
    char *text;
    size_t text_len;
    char note[ENTRY_NOTE_MAX + 1];
    size_t note_len;
    bool complete; /* carries every signature that the model knows to be needed */
    struct entry entry;
    struct job job;
    enum expectation expect;
    m_codes codes;
    uint64_t index; /* where it stands, or will */
    int64_t at;
    const struct sent *twin;
    bool answered, kept; /* kept: its refusal is signed and remembered */
};

struct sim {
    struct history h; /* the model, the generator, and a state to compare with the model */
    struct swarm swarm;
    struct rng rng; /* of the simulator's own choices */
    struct sim_coverage *coverage;
    /* The node. */
    char dir[64];
    struct store *store;
    struct side *side;
    struct writer *writer;
    struct public_key log_public, refusal_public;
    /* The clock that the writer sees. */
    _Atomic int64_t now, now_next; /* each look turns one into the other */
    /* Handing over. */
    sem_t told, go;
    atomic_int to_tell; /* the one that makes it 0 holds the writer */
    bool held;
    struct sent *group[SIM_GROUP_MAX];
    int n_group;
    struct op next_op; /* drawn for the group after this one */
    char *next_text;   /* NULL: none */
    int64_t next_now;
    struct sent *held_back[SIM_HELD_BACK_MAX];
    int burst_left;
    struct sent **sent;
    int n_sent, room_sent;
    /* The log as it was read so far. */
    struct hash *roots; /* [size] */
    uint64_t size;
    struct merkle_range range;
};

/* Makes the keys, once, before anything else; seeds may then run in children of the process. */
void sim_keys(void);
/*
 * Lives one seed until so many leaves are in the log, then opens the stores again and replays.
 * False after the first difference, which is told on stderr.
 */
bool sim_run(uint64_t seed, uint64_t leaves, struct sim_coverage *coverage);

/* --- sim_node.c: keys, notes, the node ------------------------------------------------------- */

/* For the generator and the model. */
void sim_key(int number, char out[static M_HEX64]);
uint32_t sim_key_id(const char *handle, const char *key);
/* Writes the note of s->op and decodes it; false when the text is none, and why. */
bool sim_make_note(struct sim *s, struct sent *sent, struct refusal *why);
bool sim_make_folder(struct sim *s);
void sim_drop_folder(struct sim *s);
bool sim_open(struct sim *s);
void sim_close(struct sim *s);
/* Hands the group over and waits until all are told; the writer is held then. */
bool sim_hand_over(struct sim *s);
/* Lets a held writer go on. */
void sim_release(struct sim *s);

/* --- sim_check.c: what must hold ------------------------------------------------------------- */

/*
 * Reads the leaves that came and compares them, the head and the state with the model; where they
 * are only in the journal yet, the next time.
 */
bool sim_check_log(struct sim *s);
bool sim_check_answers(struct sim *s);
/* Into memory, byte for byte what the store holds. */
bool sim_replay(struct sim *s);

#endif
