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
 * is written into the transaction, what was refused is forgotten. Then one durable commit,
 * `last-signed`, what was refused for good (signed, into the side store: ledger/refuser.h), the
 * new checkpoint, and only then the jobs are told. A failing commit ends the process: pages that
 * may not be on disk must not be built upon.
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
    void (*done)(struct job *); /* on the writer's thread; its last touch of the job */
    void *owner;
    /* results; the rest is for the writer to fill */
    enum job_result result;
    uint64_t index;
    int64_t at;
    struct refusal why;
    size_t refusal_len; /* of a final refusal, signed and kept (SPEC 10.2); 0: it is not final */
    char refusal[REFUSAL_NOTE_SIZE];
    /* the writer's own */
    bool stranger;     /* its author is no organisation */
    struct job *twin;  /* of the same batch and id, and refused before it */
    struct job *next;  /* in the queue, then in the batch */
    uint64_t arrival;  /* its number in the queue */
};

struct writer_config {
    const char *dir;    /* for last-signed */
    const char *origin;
    struct store *store;
    const struct secret_key *log_key, *clock_key, *refusal_key;
    struct side *side;  /* where refusals are kept; NULL: none is signed */
    size_t queue_max;   /* jobs waiting; 0: 4096 */
    size_t batch_max;   /* jobs a transaction; 0: 256 */
    int64_t (*now_ms)(void); /* Unix time; NULL: the system's clock */
    const char *read_only; /* a static reason not to sign that the caller found, or NULL */
};

/*
 * Checks that the tree extends `last-signed`, signs the current head and starts the thread. On a
 * tree that does not, or with a reason given, the writer starts read-only: everything but
 * submitting works.
 * NULL on a failure, with a word in *why.
 */
struct writer *writer_start(const struct writer_config *config, const char **why);
/* Stops taking jobs, finishes the queue, joins the thread, frees. NULL is accepted. */
void writer_stop(struct writer *writer);

/* False when the queue is full or the writer read-only or stopping; `done` is then not called. */
bool writer_submit(struct writer *writer, struct job *job) __attribute__((warn_unused_result));
/* Why it is read-only, or NULL. */
const char *writer_read_only(const struct writer *writer);
/* Turns read-only from now on; `why` is static. */
void writer_set_read_only(struct writer *writer, const char *why);

/*
 * The last published head and its note, copied. Never ahead of what is durable. Any thread. After a
 * start in read-only the head is that of the log and the note is empty: it was not signed.
 */
void writer_checkpoint(struct writer *writer, struct log_head *head,
                       char note[static CHECKPOINT_SIZE], size_t *note_len);

struct writer_stats {
    uint64_t accepted, known, refused, batches, queue_length;
    uint64_t commit_us_total; /* from taking a batch to its being durable */
};
void writer_stats(struct writer *writer, struct writer_stats *out);
int64_t writer_now_monotonic_ms(void);

#endif
