/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The one thread that writes (SPEC 14.2). A tour:
 *
 * Workers parse a note, decode its entry and verify signatures on a snapshot, fill a struct job
 * and hand it to writer_submit(), which never blocks: a full queue says so. The writer takes what
 * has gathered, at most a batch, into one transaction; ledger/queue.h says how a moment is given
 * to others when several clients are at work, and how authors take turns. For each job the id is
 * looked up (a retry gets its first index). Then, on an overlay over the transaction, due ticks
 * are appended, keys are looked at again as they are now, the rules decide and change the state,
 * and the leaf is appended; behind it, when one is due, a seal of the balances. What was accepted
 * is written into the transaction, what was refused is forgotten. Then the batch's leaves go into
 * the journal, with one wait for the disk (ledger/journal.h), what was refused for good (signed)
 * into the side store (ledger/refuser.h), and only then the jobs are told, with the new head and
 * what their receipts are made of.
 *
 * The transaction stays open for the batches that follow, and readers do not see them yet. The
 * store commits, and shows them, when somebody waits for it (writer_settle()) or a job asks; when
 * as many leaves are behind as WRITER_BEHIND_MAX, or the journal is full; a second after the first
 * of them; and at the end. Only then is a head shown to readers: to them log, state and head are
 * always of one piece. A disk that fails ends the process: what may not be on it must not be built
 * upon.
 *
 * When idle, the writer wakes for the next due moment and appends the tick alone.
 */
#ifndef SEM_LEDGER_WRITER_H
#define SEM_LEDGER_WRITER_H

#include "crypto/note.h"
#include "ledger/checkpoint.h"
#include "ledger/refusals.h"
#include "ledger/rules.h"
#include "ledger/store.h"

struct side;
struct writer;

enum job_result {
    JOB_ACCEPTED, /* new: index, at */
    JOB_KNOWN,    /* the same text was logged before: index, at */
    JOB_REFUSED,  /* why */
    JOB_DEADLINE, /* not reached in time; may be tried again with the same id */
};

/* Owned by the submitter, untouched by it from writer_submit() until `done` is called. */
struct job {
    const char *note_bytes; /* the whole note as received */
    size_t note_len;
    const struct entry *entry; /* decoded from it, signatures verified */
    int64_t deadline_ms;       /* monotonic, as writer_now_monotonic_ms(); 0: none */
    bool settle; /* when it is accepted, the store must have it before `done` is called */
    void (*done)(struct job *); /* on the writer's thread; its last touch of the job */
    void *owner;
    /* results; the rest is for the writer to fill */
    enum job_result result;
    uint64_t index;
    int64_t at;
    /* of what is logged: all of its receipt (see receipt_write()), durable */
    struct log_head head;
    char checkpoint[CHECKPOINT_SIZE];
    size_t n_proof;
    struct hash proof[MERKLE_PROOF_MAX];
    struct refusal why;
    size_t refusal_len; /* of a final refusal, signed and kept (SPEC 10.2); 0: it is not final */
    char refusal[REFUSAL_NOTE_SIZE];
    /* the writer's own */
    bool stranger;     /* its author is no organisation */
    struct job *twin;  /* of the same batch and id, and refused before it */
    struct job *next;  /* in the queue, then in the batch */
    uint64_t arrival;  /* its number in the queue */
};

/* Leaves that may stand in the journal alone. */
#define WRITER_BEHIND_MAX 2048
#define WRITER_BEHIND_MS 1000

struct writer_config {
    const char *dir;    /* for the journal and last-signed */
    const char *origin;
    struct store *store;
    const struct secret_key *log_key, *clock_key, *refusal_key;
    struct side *side;  /* where refusals are kept; NULL: none is signed */
    size_t queue_max;   /* jobs waiting; 0: 4096 */
    size_t batch_max;   /* jobs a batch; 0: 256 */
    int64_t behind_ms;  /* how long the store may be behind unasked; 0: WRITER_BEHIND_MS */
    int64_t (*now_ms)(void); /* Unix time; NULL: the system's clock */
    const char *read_only; /* a static reason not to sign that the caller found, or NULL */
};

/*
 * Checks that the tree extends the newest head that was published, signs the current one and starts
 * the thread. On a tree that does not, or with a reason given, the writer starts read-only:
 * everything but submitting works. The store must have what is in the journal (node_open()).
 * NULL on a failure, with a word in *why.
 */
struct writer *writer_start(const struct writer_config *config, const char **why);
/* Stops taking jobs, finishes the queue, settles, joins the thread, frees. NULL is accepted. */
void writer_stop(struct writer *writer);

/* False when the queue is full or the writer read-only or stopping; `done` is then not called. */
bool writer_submit(struct writer *writer, struct job *job) __attribute__((warn_unused_result));
/*
 * A thread that submits jobs has something to do; or it waits until it has, as it does before its
 * first call. While one works the writer may gather (ledger/queue.h). Any thread; until
 * writer_stop().
 */
void writer_hand_works(struct writer *writer);
void writer_hand_rests(struct writer *writer);
/* Why it is read-only, or NULL. */
const char *writer_read_only(const struct writer *writer);
/* Turns read-only from now on; `why` is static. */
void writer_set_read_only(struct writer *writer, const char *why);

/* Whether something was answered that the store does not show yet. Any thread, without a lock. */
bool writer_ahead(const struct writer *writer);
/*
 * Calls `done` on the writer's thread, soon, when the store shows all that was answered by now.
 * False when it does already, and `done` is not called. Any thread; until writer_stop().
 */
struct settle {
    void (*done)(struct settle *); /* its last touch */
    void *owner;
    struct settle *next; /* the writer's */
};
bool writer_settle(struct writer *writer, struct settle *settle)
    __attribute__((warn_unused_result));
/* Waits for that, a few milliseconds as a rule. Any thread but the writer's. */
void writer_catch_up(struct writer *writer);

/*
 * The head of what the store shows and its note, copied. Never ahead of what the store has made
 * durable; receipts may be of later heads. Any thread. After a start in read-only the head is that
 * of the log and the note is empty: it was not signed.
 */
void writer_checkpoint(struct writer *writer, struct log_head *head,
                       char note[static CHECKPOINT_SIZE], size_t *note_len);

struct writer_stats {
    uint64_t accepted, known, refused, batches, queue_length;
    uint64_t commit_us_total; /* from taking a batch to its being durable */
    uint64_t settles;         /* commits of the store */
    uint64_t size;            /* of the newest head that was answered */
};
void writer_stats(struct writer *writer, struct writer_stats *out);
int64_t writer_now_monotonic_ms(void);

#endif
