/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The tour is in ledger/writer.h. */
#include "ledger/writer.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ledger/kind.h"
#include "ledger/log.h"
#include "ledger/queue.h"
#include "ledger/refuser.h"
#include "ledger/seal.h"
#include "ledger/signers.h"
#include "ledger/tick.h"

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
    const struct secret_key *log_key, *clock_key;
    struct public_key log_public, clock_public, refusal_public;
    int64_t (*now_ms)(void);
    pthread_t thread;
    _Atomic(const char *) read_only;
    struct queue queue;

    pthread_mutex_t lock; /* guards the four below */
    struct writer_stats stats;
    struct log_head head;
    char note[CHECKPOINT_SIZE];
    size_t note_len;

    /* The rest belongs to the writer's thread. */
    int64_t next_due;    /* the earliest due moment after the last batch; INT64_MAX: none */
    int64_t active_at;   /* monotonic time of the start or the last accepted job */
    uint64_t appended;   /* leaves in the transaction under way */
    struct kv *txn;      /* under way; the overlay on it is handed on as `kv` */
    struct state state;
    struct rules rules;
    struct refuser refuser;
    struct note note_read;
    struct signatures signatures;
    struct entry own; /* of the clock, under way */
    char leaf[LEAF_MAX];
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

/*
 * Pages that may not be on disk, or a head that cannot be kept, must not be built upon, and nobody
 * may be told of them: the only safe way on is a new start.
 */
static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "sem: the writer stops the process: %s: %s\n", what, why);
    abort();
}

/* --- Appending -------------------------------------------------------------------------------- */

/* Puts the next leaf together, for the rules to see. */
static void write_leaf(struct writer *w, const char *note, size_t note_len)
{
    size_t prefix = leaf_prefix(w->leaf, w->rules.at);
    assert(note_len <= sizeof w->leaf - prefix);
    memcpy(w->leaf + prefix, note, note_len);
    w->rules.leaf = (struct slice){(const uint8_t *)w->leaf, prefix + note_len};
}

static void append_leaf(struct writer *w, struct kv *kv)
{
    if (!log_append_next(kv, w->rules.index, w->rules.leaf))
        die("the log cannot be appended to", store_message());
}

/* Appends what the clock makes: a leaf of our own making must be taken. */
static void append_own(struct writer *w, struct kv *kv, int64_t at, const char *note, size_t n)
{
    struct refusal why = {.code = CODE_OK};
    struct rules *r = &w->rules;
    r->index = state_size(&w->state);
    r->at = at;
    r->root_ctx = kv;
    r->signers = NULL;
    write_leaf(w, note, n);
    if (note_parse(&w->note_read, note, n) != NOTE_OK ||
        !entry_decode(&w->own, w->origin, w->note_read.text, w->note_read.text_len, &why) ||
        !rules_apply(r, &w->own, &why))
        die("a leaf of our own is refused", why.code != CODE_OK ? code_word(why.code) : "its form");
    append_leaf(w, kv);
    w->appended++;
}

/* SPEC 6.11: behind the last leaf that may stand without a seal, in its transaction. */
static void append_seal(struct writer *w, struct kv *kv)
{
    struct body_seal_balances body;
    struct id id;
    char note[SEAL_NOTE_SIZE];
    if (!rules_seal_due(&w->state))
        return;
    int64_t at = state_last_at(&w->state);
    rules_make_seal(&w->state, w->origin, &body, &id);
    w->rules.made = &body;
    append_own(w, kv, at, note, seal_note(note, w->origin, &body, &id, at, w->clock_key));
    w->rules.made = NULL;
}

static void append_tick(struct writer *w, struct kv *kv, int64_t at)
{
    struct body_clock_tick body;
    struct id id;
    char note[TICK_NOTE_SIZE];
    if (!rules_make_tick(&w->state, at, &body, &id))
        die("a tick cannot be made", kv_failed(kv) ? store_message() : "no memory");
    append_own(w, kv, at, note, tick_note(note, w->origin, &body, &id, w->clock_key));
    append_seal(w, kv);
}

/* SPEC 5.2: every due moment up to `at` is processed before another entry comes. */
static void append_ticks(struct writer *w, struct kv *kv, int64_t at)
{
    while (w->state.network.founded && rules_tick_due(&w->state, at))
        append_tick(w, kv, at);
}

/* --- One job ---------------------------------------------------------------------------------- */

/* True when the id is in the log: the job is then decided. */
static bool decide_known(struct writer *w, struct job *job)
{
    struct entry_record record;
    struct thing_key key = {.id = job->entry->id,
                            .author = state_org_number(&w->state, &job->entry->by)};
    if (key.author == 0 || !state_id(&w->state, &key, &job->index) ||
        !state_entry(&w->state, job->index, &record))
        return false;
    job->at = record.at;
    job->result = JOB_KNOWN;
    if (!hash_equal(&record.text_hash, &job->entry->text_hash)) {
        job->result = JOB_REFUSED;
        refuse(&job->why, CODE_id_reused, "id", "an id never used for another text",
               "used by entry %" PRIu64, job->index);
        refuse_values(&job->why, "id", NULL, "%" PRIu64, job->index);
    }
    return true;
}

static bool check_network_keys(const struct writer *w, const struct entry *e, struct refusal *why)
{
    if (e->kind->id != KIND_NETWORK_FOUND)
        return true;
    const struct body_network_found *f = &e->network_found;
    const char *field = NULL;
    if (!public_key_equal(&f->clock_key, &w->clock_public))
        field = "clock_key";
    if (!public_key_equal(&f->log_key, &w->log_public))
        field = "log_key";
    if (!public_key_equal(&f->refusal_key, &w->refusal_public))
        field = "refusal_key";
    return field == NULL ||
           refuse(why, CODE_network_keys, field, "the key of this server", "another key");
}

/*
 * Decides on the overlay `kv`, which is the caller's to keep or to throw away. *decided: the
 * signatures are complete and hold, so that a refusal is a decision. `untimely`: why the entry's
 * time is refused, or NULL.
 */
static bool apply(struct writer *w, struct kv *kv, struct job *job, const struct refusal *untimely,
                  bool *decided)
{
    struct rules *r = &w->rules;
    struct refusal *why = &job->why;
    r->index = state_size(&w->state);
    r->at = job->at;
    r->root_ctx = kv;
    enum note_err err = note_parse(&w->note_read, job->note_bytes, job->note_len);
    if (err != NOTE_OK)
        return refuse(why, CODE_note_malformed, "", "a C2SP signed note", "%s",
                      note_strerror(err));
    if (!signers_check(r, w->origin, job->entry, &w->note_read, false, &w->signatures, why))
        return false;
    if (!signatures_complete(&w->signatures))
        return signers_missing(&w->signatures, why);
    *decided = true;
    if (untimely != NULL) {
        *why = *untimely;
        return false;
    }
    r->signers = &w->signatures.needed;
    write_leaf(w, job->note_bytes, job->note_len);
    if (!rules_apply(r, job->entry, why) || !check_network_keys(w, job->entry, why))
        return false;
    job->index = r->index;
    append_leaf(w, kv);
    append_seal(w, kv);
    return true;
}

/* Decides on the overlay `kv`, and leaves it empty: what was accepted is in the transaction. */
static bool apply_alone(struct writer *w, struct kv *kv, struct job *job,
                        const struct refusal *untimely, bool *decided)
{
    uint64_t appended = w->appended;
    append_ticks(w, kv, job->at);
    bool accepted = apply(w, kv, job, untimely, decided);
    /* A read that fails looks like a thing that is not there: a refusal must not come of it. */
    if (kv_failed(kv))
        die("the store fails", store_message());
    if (accepted) {
        kv_memory_flush(kv);
        return true;
    }
    kv_memory_clear(kv);
    w->appended = appended; /* its ticks too: a refused entry leaves nothing behind */
    w->state.network_version = 0; /* what was read of the network may be gone */
    state_attach(&w->state, kv);
    return false;
}

/* SPEC 10.2: states the log as it stands without the entry and the ticks before it. */
static void sign_refusal(struct writer *w, struct kv *kv, struct job *job)
{
    struct log_head head;
    if (!log_head(kv, &head))
        die("the head of the log cannot be read", store_message());
    job->stranger = state_org_number(&w->state, &job->entry->by) == 0;
    refuser_sign(&w->refuser, job, &head);
}

static void decide(struct writer *w, struct kv *kv, struct job *job)
{
    struct refusal untimely = {.code = CODE_OK};
    bool decided = false;
    if (job->result == JOB_DEADLINE || decide_known(w, job) || refuser_look(&w->refuser, job))
        return;
    job->result = JOB_REFUSED;
    if (job->note_len > ENTRY_NOTE_MAX) {
        refuse(&job->why, CODE_entry_too_large, "", "a note of at most 16128 bytes", "%zu",
               job->note_len);
        return;
    }
    if (job->entry->kind->by_clock) {
        refuse(&job->why, CODE_clock_only, "kind", "any other kind", "%s",
               job->entry->kind->name);
        return;
    }
    bool timely = rules_entry_time(&w->state, job->entry, w->now_ms(), &job->at, &untimely);
    if (apply_alone(w, kv, job, timely ? NULL : &untimely, &decided)) {
        job->result = JOB_ACCEPTED;
        w->appended++;
    } else if (decided) {
        sign_refusal(w, kv, job);
    }
}

/* --- One transaction -------------------------------------------------------------------------- */

/* Commits, keeps the head, signs it and shows it, in this order (SPEC 14.2). */
static void commit(struct writer *w, struct kv *kv)
{
    struct log_head head;
    char note[CHECKPOINT_SIZE];
    if (!log_head(kv, &head))
        die("the head of the log cannot be read", store_message());
    if (store_commit(kv) != STORE_OK)
        die("a commit fails", store_message());
    if (!last_signed_write(w->dir, &head))
        die("last-signed cannot be written", strerror(errno));
    size_t n = checkpoint_sign(note, w->origin, &head, w->log_key);
    pthread_mutex_lock(&w->lock);
    w->head = head;
    memcpy(w->note, note, n + 1);
    w->note_len = n;
    pthread_mutex_unlock(&w->lock);
}

/* Begins a transaction, and gives the overlay on which all of it is decided. */
static struct kv *begin(struct writer *w)
{
    if (store_begin(w->store, &w->txn) != STORE_OK)
        die("the store fails", store_message());
    struct kv *overlay = kv_memory_new(w->txn);
    if (overlay == NULL)
        die("no overlay", "no memory");
    w->appended = 0;
    state_follow(&w->state, overlay); /* nobody else writes */
    if (log_size(w->txn) != state_size(&w->state))
        die("the log cannot be appended to", "its size is not that of the state");
    return overlay;
}

/* Ends the transaction of a batch, durably when anything was appended. */
static void finish(struct writer *w, struct kv *overlay)
{
    struct due due;
    kv_memory_flush(overlay);
    bool more = state_first_due(&w->state, INT64_MAX, &due);
    w->next_due = more ? due.moment : INT64_MAX;
    if (kv_failed(overlay))
        die("the store fails", store_message());
    kv_memory_free(overlay);
    if (w->appended > 0)
        commit(w, w->txn);
    else
        store_abort(w->txn);
}

/* SPEC 14: with too little room the writer stops in time, instead of dying at each start. */
static void look_at_room(struct writer *w)
{
    struct store_room room;
    store_room(w->store, &room);
    if (room.used_bytes > room.map_bytes / 100 * MAP_USED_PERCENT_MAX ||
        room.used_bytes + MAP_FREE_MIN + w->queue.batch_max * MAP_FREE_JOB > room.map_bytes)
        writer_set_read_only(w, "the store is almost full: raise map_bytes and start again");
    if (room.disk_free_bytes < DISK_FREE_MIN)
        writer_set_read_only(w, "the disk is almost full: free some room and start again");
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
    for (struct job *job = jobs; job != NULL; job = job->next)
        decide(w, kv, job);
    finish(w, kv);
    refuser_keep(&w->refuser, jobs);
    if (w->appended > 0)
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
    if (reason != NULL)
        refuse_all(jobs, reason);
    else
        decide_all(w, jobs);
    tell(w, jobs, (uint64_t)(clock_us(CLOCK_MONOTONIC) - start_us));
}

/* --- Idle time -------------------------------------------------------------------------------- */

static int64_t idle_wait_ms(const struct writer *w)
{
    int64_t now = w->now_ms();
    if (w->next_due <= now || w->next_due - now >= IDLE_MS_MAX)
        return IDLE_MS_MAX;
    return w->next_due - now;
}

static void run_idle(struct writer *w)
{
    int64_t now = w->now_ms();
    if (now < w->next_due || writer_read_only(w) != NULL)
        return;
    if (w->state.network.found.demo && writer_now_monotonic_ms() - w->active_at < DEMO_QUIET_MS)
        return;
    look_at_room(w);
    if (writer_read_only(w) != NULL)
        return;
    struct kv *kv = begin(w);
    int64_t last = state_last_at(&w->state);
    append_ticks(w, kv, now > last ? now : last);
    finish(w, kv);
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
        state_attach(&w->state, kv);
        ok = log_head(kv, &w->head);
        const char *reason = last_signed_check(w->dir, kv, &w->head);
        if (state_size(&w->state) != w->head.size)
            reason = "log and state are of different sizes: run semd rebuild";
        w->next_due = state_first_due(&w->state, INT64_MAX, &due) ? due.moment : INT64_MAX;
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
    struct log_head last;
    bool stands = last_signed_read(w->dir, &last) == LAST_SIGNED_OK && last.size == w->head.size &&
                  hash_equal(&last.root, &w->head.root);
    if (!stands && !last_signed_write(w->dir, &w->head)) {
        writer_set_read_only(w, "last-signed cannot be written: make room and start again");
        return true;
    }
    w->note_len = checkpoint_sign(w->note, w->origin, &w->head, w->log_key);
    look_at_room(w);
    return true;
}

static void writer_free(struct writer *w)
{
    pthread_mutex_destroy(&w->lock);
    queue_free(&w->queue);
    refuser_free(&w->refuser);
    state_keep_few(&w->state);
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
    w->dir = strdup(config->dir);
    w->origin = strdup(config->origin);
    w->store = config->store;
    w->log_key = config->log_key;
    w->clock_key = config->clock_key;
    secret_key_public(config->log_key, &w->log_public);
    secret_key_public(config->clock_key, &w->clock_public);
    secret_key_public(config->refusal_key, &w->refusal_public);
    size_t batch_max = config->batch_max > 0 ? config->batch_max : BATCH_MAX_DEFAULT;
    bool room = queue_init(&w->queue, config->queue_max > 0 ? config->queue_max : QUEUE_MAX_DEFAULT,
                           batch_max, QUEUE_WINDOW_US);
    w->now_ms = config->now_ms != NULL ? config->now_ms : system_now_ms;
    atomic_store(&w->read_only, config->read_only);
    w->active_at = writer_now_monotonic_ms();
    w->rules.state = &w->state;
    w->rules.root_at = log_root_of;
    room = refuser_init(&w->refuser, config, w->origin, batch_max) && room;
    room = state_keep_many(&w->state) && room;
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

const char *writer_read_only(const struct writer *writer)
{
    return atomic_load(&writer->read_only);
}

void writer_set_read_only(struct writer *writer, const char *why)
{
    atomic_store(&writer->read_only, why);
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
