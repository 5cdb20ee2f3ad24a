/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A real node in a folder of its own under /tmp, with organisations whose keys are known, for
 * tests of whatever stands on a log. A tour:
 *
 *     struct fixture f;
 *     fixture_make(&f, 3);             a founded demo network of org-01, org-02, org-03
 *     struct sent sent;
 *     fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
 *     cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
 *     fixture_drop(&f);                stops, closes and removes everything
 *
 * The network's time is the entries' own: each one that is signed lies a second after the one
 * before, from FIXTURE_START on, so that two runs give the same root. fixture.at may be set
 * forward.
 *
 * Everything that goes wrong inside is an assertion failure of the test. A fixture belongs to the
 * test's process (LMDB must not cross a fork) and, but for the writer's queue, to one thread.
 * struct fixture and struct sent are large; take them static.
 */
#ifndef SEM_TESTS_LEDGER_FIXTURE_H
#define SEM_TESTS_LEDGER_FIXTURE_H

#include <semaphore.h>

#include "ledger/node.h"

#define FIXTURE_ORIGIN "ledger.example.org/test"
#define FIXTURE_START INT64_C(1700000000000)
#define FIXTURE_DAY INT64_C(86400000)
#define FIXTURE_ORGS_MAX 32

struct fixture {
    char parent[32]; /* the folder that is removed at the end; the data folder is parent/data */
    struct node node;
    struct writer *writer; /* NULL while stopped */
    size_t n_orgs;
    struct handle handles[FIXTURE_ORGS_MAX];
    struct secret_key *keys[FIXTURE_ORGS_MAX];
    int64_t at;      /* time of the last entry that was signed */
    uint64_t n_ids;  /* ids made so far */
    size_t map_bytes; /* for fixture_reopen(); 1 GiB from the beginning */
    /* What fixture_start() gives the writer; may be changed before. */
    size_t queue_max, batch_max;
    int64_t behind_ms;
    int64_t (*now_ms)(void); /* NULL: the system's clock */
    bool demo; /* false: entries carry no `at`; set it before fixture_found() */
    int64_t seal_every; /* of the policy; 0: the default; set it before fixture_found() */
};

/* An entry that is signed and decoded, and its job. */
struct sent {
    char note[ENTRY_NOTE_MAX];
    size_t note_len;
    struct note parsed;
    struct entry entry; /* its text lies in `note` */
    struct job job;
    sem_t told; /* posted by job.done */
};

/* fixture_open(), fixture_start(), fixture_found(). */
void fixture_make(struct fixture *f, size_t n_orgs);
/* Makes and opens an empty data folder, and the keys of n_orgs organisations, org-01 and so on. */
void fixture_open(struct fixture *f, size_t n_orgs);
/* Starts the writer. */
void fixture_start(struct fixture *f);
void fixture_stop(struct fixture *f);
/* Stops the writer and closes the node; the folder stays, and fixture_reopen() opens it again. */
void fixture_close(struct fixture *f);
void fixture_reopen(struct fixture *f);
/* Closes and removes everything. */
void fixture_drop(struct fixture *f);

/*
 * Founds the network: all organisations as founders, the first one coordinator, all policies at
 * default, skills "garden" and "repair", no limit on who reads.
 */
void fixture_found(struct fixture *f);
/* Only signs that first entry; it states the keys that f->node holds at the time. */
void fixture_sign_found(struct fixture *f, struct sent *sent);

/*
 * Builds, signs and decodes an entry. `signers`: handles parted by spaces, sorted, the first one
 * being the author unless `fields` has a `by`. `fields`: a JSON object with what the kind asks
 * for; by, id, kind, valid_until and (demo) at are filled in where they are absent. Moves f->at on
 * by a second.
 */
void fixture_sign(struct fixture *f, struct sent *sent, const char *kind, const char *signers,
                  const char *fields);
/* The same with a printf format for the fields. */
void fixture_signf(struct fixture *f, struct sent *sent, const char *kind, const char *signers,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Hands it to the writer and waits. */
enum job_result fixture_submit(struct fixture *f, struct sent *sent);
/* Hands it over without waiting; false when the writer does not take it. */
bool fixture_send(struct fixture *f, struct sent *sent);
/* Waits for what fixture_send() handed over. */
enum job_result fixture_await(struct sent *sent);

/* Signs, submits and asserts that it is accepted. Gives the reference, as text. */
void fixture_do(struct fixture *f, char ref[static REF_TEXT_SIZE], const char *kind,
                const char *signers, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Waits until the store shows all that was answered. Those below do so too. */
void fixture_settle(struct fixture *f);
/* The head that was published last; asserts that its note opens. */
void fixture_head(struct fixture *f, struct log_head *head);

/* Runs something on a snapshot of the log. */
void fixture_look(struct fixture *f, void (*look)(struct kv *kv, void *ctx), void *ctx);
/* Asserts that every stored node follows from the leaves, and gives the head. */
void fixture_check_tree(struct fixture *f, struct log_head *head);

/* An empty folder under /tmp, and its end. */
void folder_make(char out[static 32]);
void folder_drop(const char *path);

#endif
