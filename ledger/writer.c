/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The tour is in ledger/writer.h; one job is decided in ledger/decide.c. */
#include "ledger/writer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ledger/decide.h"
#include "ledger/journal.h"
#include "ledger/last_signed.h"
#include "ledger/log.h"
#include "ledger/queue.h"
#include "ledger/refuser.h"

#define QUEUE_MAX_DEFAULT 4096
#define BATCH_MAX_DEFAULT 256
/* How long a due moment may wait when nothing else happens. */
#define IDLE_MS_MAX 1000
/* The shortest slice that the kernel takes. */
#define WRITER_SLICE_NS 100000
/* SPEC 15: a demo network rests this long before its ticks come by themselves. */
#define DEMO_QUIET_MS (10 * 60 * 1000)
/* A batch writes at most some 12 MiB; less room than this and the writer stops in time. */
#define DISK_FREE_MIN ((uint64_t)64 << 20)
#define MAP_USED_PERCENT_MAX 90
/* The same for the map, in parts: the trees' own pages, and what each job of a batch may bring. */
#define MAP_FREE_MIN ((uint64_t)256 << 10)
#define MAP_FREE_JOB ((uint64_t)48 << 10)

struct writer {
    char *dir, *origin;
    struct store *store;
    const struct secret_key *log_key;
    int64_t (*now_ms)(void);
    pthread_t thread;
    _Atomic(const char *) read_only;
    struct queue queue;

    _Atomic bool ahead; /* of the store, with what was answered */

    pthread_mutex_t lock; /* guards the five below */
    struct writer_stats stats;
    struct log_head head; /* of what the store shows */
    char note[CHECKPOINT_SIZE];
    size_t note_len;
    struct settle *waiting;

    /* The rest belongs to the writer's thread. */
    struct log_head answered; /* the newest head, in the journal if not in the store; its note */
    char answered_note[CHECKPOINT_SIZE];
    size_t answered_note_len;
    struct journal journal;
    uint64_t journal_size; /* of the largest head that the journal or last-signed holds */
    int64_t behind_since;  /* monotonic time of the first leaf that the store does not have */
    int64_t behind_ms;
    struct log_nodes nodes;
    int64_t next_due;    /* the earliest due moment after the last batch; INT64_MAX: none */
    int64_t active_at;   /* monotonic time of the start or the last accepted job */
    struct kv *txn;      /* of the store, NULL or open; the overlay on it is handed on as `kv` */
    struct refuser refuser;
    struct decider decider;
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t system_now_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

int64_t writer_now_monotonic_ms(void)
{
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

/* --- One batch -------------------------------------------------------------------------------- */

/* How many leaves the store does not have yet. */
static uint64_t behind(const struct writer *w)
{
    return w->answered.size - w->head.size;
}

/* Gives the overlay on which a batch is decided, on what was decided since the store's commit. */
static struct kv *begin(struct writer *w)
{
    if (w->txn == NULL && store_begin(w->store, &w->txn) != STORE_OK)
        writer_die("the store fails", store_message());
    struct kv *overlay = kv_memory_new(w->txn);
    if (overlay == NULL)
        writer_die("no overlay", "no memory");
    decider_begin(&w->decider, overlay);
    if (log_size(w->txn) != state_size(&w->decider.state))
        writer_die("the log cannot be appended to", "its size is not that of the state");
    return overlay;
}

static void sign_head(struct writer *w)
{
    w->nodes.kv = w->txn;
    if (!log_head_of(&w->nodes, log_size(w->txn), &w->answered) || kv_failed(w->txn))
        writer_die("the head of the log cannot be read", store_message());
    w->answered_note_len =
        checkpoint_sign(w->answered_note, w->origin, &w->answered, w->log_key);
}

/* What the jobs' receipts are made of. Before the transaction ends, and told when it is durable. */
static void prove(struct writer *w, struct job *jobs)
{
    w->nodes.kv = w->txn;
    for (struct job *job = jobs; job != NULL; job = job->next) {
        if (job->result != JOB_ACCEPTED && job->result != JOB_KNOWN)
            continue;
        job->head = w->answered;
        memcpy(job->checkpoint, w->answered_note, w->answered_note_len + 1);
        if (!log_prove(&w->nodes, job->index, w->answered.size, job->proof, &job->n_proof))
            writer_die("a proof cannot be made", store_message());
    }
}

static bool last_signed_stands(const struct writer *w)
{
    struct log_head last;
    return last_signed_read(w->dir, &last) == LAST_SIGNED_OK && last.size == w->answered.size &&
           hash_equal(&last.root, &w->answered.root);
}

static bool keep_last_signed(struct writer *w)
{
    if (!last_signed_write(w->dir, &w->answered))
        return false;
    w->journal_size = w->answered.size;
    return true;
}

static void write_journal(struct writer *w)
{
    if (!journal_write(&w->journal, w->answered.size - w->decider.appended, &w->answered))
        writer_die("the journal cannot be written", strerror(errno));
    w->journal_size = w->answered.size;
    if (!atomic_load(&w->ahead))
        w->behind_since = writer_now_monotonic_ms();
    atomic_store(&w->ahead, true);
}

/* Shows readers what the store has, and tells those who wait for it. */
static void show(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->head = w->answered;
    memcpy(w->note, w->answered_note, w->answered_note_len + 1);
    w->note_len = w->answered_note_len;
    w->stats.settles++;
    atomic_store(&w->ahead, false);
    struct settle *next, *waiting = w->waiting;
    w->waiting = NULL;
    pthread_mutex_unlock(&w->lock);
    for (; waiting != NULL; waiting = next) {
        next = waiting->next;
        waiting->done(waiting);
    }
}

/* Commits the store, keeps the head if nothing else does, and shows it, in this order. */
static void commit(struct writer *w)
{
    if (store_commit(w->txn) != STORE_OK)
        writer_die("a commit fails", store_message());
    w->txn = NULL;
    if (w->journal_size < w->answered.size && !keep_last_signed(w))
        writer_die("last-signed cannot be written", strerror(errno));
    journal_rewind(&w->journal);
    show(w);
}

static bool is_awaited(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool awaited = w->waiting != NULL;
    pthread_mutex_unlock(&w->lock);
    return awaited;
}

static bool is_far_ahead(const struct writer *w)
{
    return atomic_load(&w->ahead) &&
           (behind(w) >= WRITER_BEHIND_MAX ||
            writer_now_monotonic_ms() - w->behind_since >= w->behind_ms);
}

/*
 * Ends a batch: what was appended is durable when this returns, in the journal or, if that is full
 * or the store's turn has come or a job asks for it, in the store.
 */
static void finish(struct writer *w, struct kv *overlay, struct job *jobs, bool settle)
{
    struct due due;
    kv_memory_flush(overlay);
    bool more = state_first_due(&w->decider.state, INT64_MAX, &due);
    w->next_due = more ? due.moment : INT64_MAX;
    if (kv_failed(overlay))
        writer_die("the store fails", store_message());
    kv_memory_free(overlay);
    if (w->decider.appended > 0)
        sign_head(w);
    prove(w, jobs);
    if (behind(w) == 0) {
        store_abort(w->txn);
        w->txn = NULL;
    } else if (settle || is_awaited(w) || is_far_ahead(w) || !journal_fits(&w->journal)) {
        commit(w);
    } else if (w->decider.appended > 0) {
        write_journal(w);
    }
    pthread_mutex_lock(&w->lock);
    w->stats.size = w->answered.size;
    pthread_mutex_unlock(&w->lock);
}

/* Brings the store up to what was answered. */
static void catch_up(struct writer *w)
{
    if (atomic_load(&w->ahead))
        commit(w);
}

/* SPEC 14: with too little room the writer stops in time, instead of dying at each start. */
static const char *short_of_room(struct writer *w)
{
    struct store_room room;
    store_room(w->store, &room);
    uint64_t open = behind(w) * MAP_FREE_JOB; /* in the transaction, and not in these figures */
    if (room.used_bytes > room.map_bytes / 100 * MAP_USED_PERCENT_MAX ||
        room.used_bytes + open + MAP_FREE_MIN + w->queue.batch_max * MAP_FREE_JOB > room.map_bytes)
        return "the store is almost full: raise map_bytes and start again";
    if (room.disk_free_bytes < DISK_FREE_MIN + open)
        return "the disk is almost full: free some room and start again";
    return NULL;
}

static void look_at_room(struct writer *w)
{
    const char *why = short_of_room(w);
    if (why != NULL && atomic_load(&w->ahead)) {
        catch_up(w); /* what it takes is known behind a commit */
        why = short_of_room(w);
    }
    if (why != NULL)
        writer_set_read_only(w, why);
}

static void refuse_all(struct job *jobs, const char *reason)
{
    for (struct job *job = jobs; job != NULL; job = job->next) {
        job->result = JOB_REFUSED;
        refuse(&job->why, CODE_read_only, "", "a log that takes entries", "%s", reason);
    }
}

static void decide_all(struct writer *w, struct job *jobs)
{
    struct kv *kv = begin(w);
    refuser_begin(&w->refuser);
    bool settle = false;
    for (struct job *job = jobs; job != NULL; job = job->next) {
        decide(&w->decider, kv, job);
        settle = settle || (job->settle && job->result != JOB_REFUSED);
    }
    finish(w, kv, jobs, settle);
    refuser_keep(&w->refuser, jobs);
    if (w->decider.appended > 0)
        w->active_at = writer_now_monotonic_ms();
}

/* Counts, then tells everybody; a job is gone once it is told. */
static void tell(struct writer *w, struct job *jobs, uint64_t took_us)
{
    size_t n = 0;
    pthread_mutex_lock(&w->lock);
    for (struct job *job = jobs; job != NULL; job = job->next, n++) {
        w->stats.accepted += job->result == JOB_ACCEPTED;
        w->stats.known += job->result == JOB_KNOWN;
        w->stats.refused += job->result == JOB_REFUSED;
    }
    w->stats.batches++;
    w->stats.commit_us_total += took_us;
    pthread_mutex_unlock(&w->lock);
    queue_ended(&w->queue, n, (int64_t)took_us);
    for (struct job *next, *job = jobs; job != NULL; job = next) {
        next = job->next;
        job->done(job);
    }
}

static void run_batch(struct writer *w, struct job *jobs)
{
    int64_t start_us = clock_us(CLOCK_MONOTONIC);
    for (struct job *job = jobs; job != NULL; job = job->next) {
        bool late = job->deadline_ms != 0 && start_us / 1000 > job->deadline_ms;
        job->result = late ? JOB_DEADLINE : JOB_REFUSED;
        memset(&job->why, 0, sizeof job->why);
        job->refusal_len = 0;
        job->twin = NULL;
    }
    look_at_room(w);
    const char *reason = writer_read_only(w);
    if (reason != NULL) {
        if (is_awaited(w))
            catch_up(w);
        refuse_all(jobs, reason);
    } else {
        decide_all(w, jobs);
    }
    tell(w, jobs, (uint64_t)(clock_us(CLOCK_MONOTONIC) - start_us));
}

/* --- Idle time -------------------------------------------------------------------------------- */

static int64_t idle_wait_ms(const struct writer *w)
{
    int64_t now = w->now_ms(), wait = IDLE_MS_MAX;
    if (w->next_due > now && w->next_due - now < wait)
        wait = w->next_due - now;
    if (atomic_load(&w->ahead)) {
        int64_t left = w->behind_since + w->behind_ms - writer_now_monotonic_ms();
        wait = left < 0 ? 0 : left < wait ? left : wait;
    }
    return wait;
}

static void run_idle(struct writer *w)
{
    int64_t now = w->now_ms();
    if (is_awaited(w) || is_far_ahead(w))
        catch_up(w);
    if (now < w->next_due || writer_read_only(w) != NULL)
        return;
    if (w->decider.state.network.found.demo &&
        writer_now_monotonic_ms() - w->active_at < DEMO_QUIET_MS)
        return;
    look_at_room(w);
    if (writer_read_only(w) != NULL)
        return;
    struct kv *kv = begin(w);
    int64_t last = state_last_at(&w->decider.state);
    decide_ticks(&w->decider, kv, now > last ? now : last);
    finish(w, kv, NULL, false);
}

/* --- The thread ------------------------------------------------------------------------------- */

/*
 * Everybody waits for this thread, which runs for a moment between two waits for the disk, beside
 * threads that verify without a pause. Asking the kernel for short slices (Linux 6.12, without any
 * privilege) makes it run sooner after a wait, and takes no time from anybody. Others ignore it.
 */
static void ask_for_short_slices(void)
{
    /* Of sched_setattr(2); the C library of Debian 12 does not declare it. */
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {.size = sizeof attr,
              .policy = SCHED_OTHER,
              .nice = getpriority(PRIO_PROCESS, 0),
              .runtime = WRITER_SLICE_NS};
    (void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

static void *run(void *arg)
{
    struct writer *w = arg;
    ask_for_short_slices();
    bool stop = false;
    while (!stop) {
        struct job *jobs = queue_take(&w->queue, idle_wait_ms(w), &stop);
        if (jobs != NULL)
            run_batch(w, jobs);
        else if (!stop)
            run_idle(w);
    }
    catch_up(w);
    if (w->note_len > 0 && !last_signed_stands(w) && !keep_last_signed(w))
        fprintf(stderr, "sem: last-signed cannot be written at the end: %s; the journal has it\n",
                strerror(errno));
    return NULL;
}

/* --- Starting and stopping -------------------------------------------------------------------- */

/* Reads where the log stands. Sets read-only; false only when the store fails. */
static bool look_at_log(struct writer *w)
{
    struct store_reader *reader;
    if (store_reader_new(w->store, &reader) != STORE_OK)
        return false;
    struct kv *kv = store_read(reader);
    bool ok = kv != NULL;
    if (ok) {
        struct due due;
        state_attach(&w->decider.state, kv);
        ok = log_head(kv, &w->head);
        w->answered = w->head;
        const char *reason = last_signed_check(w->dir, kv, &w->head);
        if (state_size(&w->decider.state) != w->head.size)
            reason = "log and state are of different sizes: run semd rebuild";
        w->next_due = state_first_due(&w->decider.state, INT64_MAX, &due) ? due.moment : INT64_MAX;
        ok = ok && !kv_failed(kv);
        if (reason != NULL)
            atomic_store(&w->read_only, reason);
        store_read_end(reader);
    }
    store_reader_free(reader);
    return ok;
}

static bool sign_start(struct writer *w, const char **why)
{
    if (!look_at_log(w)) {
        *why = "the log cannot be read";
        return false;
    }
    if (writer_read_only(w) != NULL)
        return true;
    if (!journal_open(&w->journal, w->dir)) {
        writer_set_read_only(w, "the file journal is missing or cannot be opened: put it back, or "
                                "mend its rights");
        return true;
    }
    /* The first record of the journal may be written over one that holds this head. */
    if (!last_signed_stands(w) && !keep_last_signed(w)) {
        writer_set_read_only(w, "last-signed cannot be written: make room and start again");
        return true;
    }
    w->journal_size = w->head.size;
    w->stats.size = w->head.size;
    w->note_len = checkpoint_sign(w->note, w->origin, &w->head, w->log_key);
    w->answered_note_len = w->note_len;
    memcpy(w->answered_note, w->note, w->note_len + 1);
    look_at_room(w);
    return true;
}

static void writer_free(struct writer *w)
{
    pthread_mutex_destroy(&w->lock);
    queue_free(&w->queue);
    refuser_free(&w->refuser);
    decider_free(&w->decider);
    journal_close(&w->journal);
    free(w->dir);
    free(w->origin);
    free(w);
}

struct writer *writer_start(const struct writer_config *config, const char **why)
{
    *why = "no memory";
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    pthread_mutex_init(&w->lock, NULL);
    w->journal.fd = -1;
    w->dir = strdup(config->dir);
    w->origin = strdup(config->origin);
    w->store = config->store;
    w->log_key = config->log_key;
    size_t batch_max = config->batch_max > 0 ? config->batch_max : BATCH_MAX_DEFAULT;
    bool room = queue_init(&w->queue, config->queue_max > 0 ? config->queue_max : QUEUE_MAX_DEFAULT,
                           batch_max, QUEUE_WINDOW_US);
    w->behind_ms = config->behind_ms > 0 ? config->behind_ms : WRITER_BEHIND_MS;
    w->now_ms = config->now_ms != NULL ? config->now_ms : system_now_ms;
    atomic_store(&w->read_only, config->read_only);
    w->active_at = writer_now_monotonic_ms();
    room = refuser_init(&w->refuser, config, w->origin, batch_max) && room;
    room = decider_init(&w->decider, config, w->origin, w->now_ms, &w->journal, &w->refuser) &&
           room;
    if (room && w->dir != NULL && w->origin != NULL && sign_start(w, why)) {
        *why = "no thread";
        if (pthread_create(&w->thread, NULL, run, w) == 0) {
            *why = NULL;
            return w;
        }
    }
    writer_free(w);
    return NULL;
}

void writer_stop(struct writer *writer)
{
    if (writer == NULL)
        return;
    queue_stop(&writer->queue);
    pthread_join(writer->thread, NULL);
    writer_free(writer);
}

/* --- For other threads ------------------------------------------------------------------------ */

bool writer_submit(struct writer *w, struct job *job)
{
    return writer_read_only(w) == NULL && queue_put(&w->queue, job);
}

void writer_hand_works(struct writer *writer)
{
    queue_hand_works(&writer->queue);
}

void writer_hand_rests(struct writer *writer)
{
    queue_hand_rests(&writer->queue);
}

const char *writer_read_only(const struct writer *writer)
{
    return atomic_load(&writer->read_only);
}

void writer_set_read_only(struct writer *writer, const char *why)
{
    atomic_store(&writer->read_only, why);
}

bool writer_ahead(const struct writer *writer)
{
    return atomic_load(&writer->ahead);
}

bool writer_settle(struct writer *writer, struct settle *settle)
{
    pthread_mutex_lock(&writer->lock);
    bool waits = atomic_load(&writer->ahead);
    if (waits) {
        settle->next = writer->waiting;
        writer->waiting = settle;
    }
    pthread_mutex_unlock(&writer->lock);
    if (waits)
        queue_nudge(&writer->queue);
    return waits;
}

static void post(struct settle *settle)
{
    sem_post(settle->owner);
}

void writer_catch_up(struct writer *writer)
{
    sem_t shown;
    struct settle settle = {.done = post, .owner = &shown};
    sem_init(&shown, 0, 0);
    if (writer_settle(writer, &settle))
        while (sem_wait(&shown) != 0)
            continue;
    sem_destroy(&shown);
}

void writer_checkpoint(struct writer *writer, struct log_head *head,
                       char note[static CHECKPOINT_SIZE], size_t *note_len)
{
    pthread_mutex_lock(&writer->lock);
    *head = writer->head;
    memcpy(note, writer->note, writer->note_len + 1);
    *note_len = writer->note_len;
    pthread_mutex_unlock(&writer->lock);
}

void writer_stats(struct writer *writer, struct writer_stats *out)
{
    pthread_mutex_lock(&writer->lock);
    *out = writer->stats;
    pthread_mutex_unlock(&writer->lock);
    out->queue_length = queue_length(&writer->queue);
}
