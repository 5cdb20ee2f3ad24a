/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Leaves taken apart ahead of their turn: hash, form, entry and, with the keys known by then, the
 * signatures. A ring of batches: the caller fills and judges them in order, the threads take them
 * apart in any order, and whoever would have to wait helps. What a thread could not know stays
 * unknown for the judge, so nothing depends on who did what when.
 */
#include "ledger/audit_parts.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_LEAVES (sizeof((struct audit_batch *)0)->leaves / sizeof(struct audit_leaf))
#define BATCHES_PER_THREAD 8 /* a seal takes as long as some entries to judge */
#define THREADS_MAX 256

struct known_key {
    struct handle handle; /* empty: a free place */
    struct key_id id;
    struct public_key key;
};

struct turn {
    bool ready;
    struct audit_batch batch;
};

struct audit_pool {
    const char *origin;
    size_t n_turns, n_threads;
    struct turn **turns;
    pthread_t threads[THREADS_MAX];
    pthread_mutex_t lock; /* of the rest down to stop */
    pthread_cond_t work, done;
    uint64_t oldest, next, shut; /* numbers of batches: to judge, to take apart, to fill */
    bool stop;
    /* Keys by name and id, in open addressing; added by the caller's thread alone. */
    pthread_rwlock_t keys_lock;
    size_t n_keys, keys_room; /* room: a power of two */
    struct known_key *keys;
};

/* --- Keys ------------------------------------------------------------------------------------- */

static size_t key_place(const char *handle, size_t n, const struct key_id *id)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)handle[i]) * 0x100000001b3u;
    for (size_t i = 0; i < KEY_ID_BYTES; i++)
        h = (h ^ id->b[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 29);
}

/* The place of a key, or the free one where it belongs. */
static struct known_key *find_place(struct known_key *keys, size_t room, const char *handle,
                                    size_t n, const struct key_id *id)
{
    for (size_t i = key_place(handle, n, id);; i++) {
        struct known_key *k = &keys[i & (room - 1)];
        if (k->handle.s[0] == '\0' || (key_id_equal(&k->id, id) && strlen(k->handle.s) == n &&
                                       memcmp(k->handle.s, handle, n) == 0))
            return k;
    }
}

static bool grow_keys(struct audit_pool *p)
{
    size_t room = p->keys_room == 0 ? 64 : 2 * p->keys_room;
    struct known_key *keys = calloc(room, sizeof *keys);
    if (keys == NULL)
        return false;
    for (size_t i = 0; i < p->keys_room; i++) {
        const struct known_key *k = &p->keys[i];
        if (k->handle.s[0] != '\0')
            *find_place(keys, room, k->handle.s, strlen(k->handle.s), &k->id) = *k;
    }
    free(p->keys);
    p->keys = keys;
    p->keys_room = room;
    return true;
}

bool audit_pool_know(struct audit_pool *p, const char *handle, const struct key_id *id,
                     const struct public_key *key)
{
    pthread_rwlock_wrlock(&p->keys_lock);
    bool ok = 2 * (p->n_keys + 1) <= p->keys_room || grow_keys(p);
    if (ok) {
        struct known_key *k = find_place(p->keys, p->keys_room, handle, strlen(handle), id);
        p->n_keys += k->handle.s[0] == '\0';
        memcpy(k->handle.s, handle, strlen(handle) + 1);
        k->id = *id;
        k->key = *key;
    }
    pthread_rwlock_unlock(&p->keys_lock);
    return ok;
}

/* The key of a line, by the end of its name: <origin>/org/<handle>, or <origin>/clock. */
static bool find_key(struct audit_pool *p, const struct note_sig *line, struct public_key *out)
{
    size_t origin = strlen(p->origin);
    if (line->name_len <= origin + 1 || memcmp(line->name, p->origin, origin) != 0 ||
        line->name[origin] != '/')
        return false;
    const char *handle = line->name + origin + 1;
    size_t n = line->name_len - origin - 1;
    if (n > 4 && memcmp(handle, "org/", 4) == 0) {
        handle += 4;
        n -= 4;
        if (n == 5 && memcmp(handle, "clock", 5) == 0)
            return false;
    } else if (n != 5 || memcmp(handle, "clock", 5) != 0) {
        return false;
    }
    bool found = false;
    pthread_rwlock_rdlock(&p->keys_lock);
    if (n <= HANDLE_MAX && p->n_keys > 0) {
        const struct known_key *k = find_place(p->keys, p->keys_room, handle, n, &line->id);
        found = k->handle.s[0] != '\0';
        *out = k->key;
    }
    pthread_rwlock_unlock(&p->keys_lock);
    return found;
}

/* --- Taking a leaf apart ---------------------------------------------------------------------- */

static struct slice note_of(struct audit_leaf *leaf)
{
    static const char word[] = "at ";
    const char *text = (const char *)leaf->buffer;
    size_t i = strlen(word);
    int64_t at = 0;
    leaf->at = -1;
    if (leaf->size > LEAF_MAX || leaf->size < i || memcmp(text, word, i) != 0)
        return (struct slice){NULL, 0};
    for (; i < leaf->size && text[i] >= '0' && text[i] <= '9'; i++) {
        at = at * 10 + (text[i] - '0');
        if (at > INTEGER_MAX || (i > strlen(word) && text[strlen(word)] == '0'))
            return (struct slice){NULL, 0};
    }
    if (i == strlen(word) || i == leaf->size || text[i] != '\n')
        return (struct slice){NULL, 0};
    leaf->at = at;
    return (struct slice){leaf->buffer + i + 1, leaf->size - i - 1};
}

/* A line of another type is none of an entry (SPEC 3.1). */
static bool lines_fit(const struct note *note)
{
    for (size_t i = 0; i < note->n_sigs; i++)
        if (note->sigs[i].payload_len != NOTE_PAYLOAD_ED25519)
            return false;
    return true;
}

/* A key was found by the line's own name and id, so these need no second look. */
static bool verify_line(const struct note *note, size_t i, const struct public_key *key)
{
    struct signature signature;
    return note_sig_payload(&note->sigs[i], signature.b, sizeof signature.b) &&
           key_verify(key, note->text, note->text_len, &signature);
}

static void verify_lines(struct audit_leaf *leaf, struct audit_pool *pool)
{
    struct public_key key;
    memset(leaf->verdict, VERDICT_UNKNOWN, leaf->note.n_sigs);
    for (size_t i = 0; pool != NULL && i < leaf->note.n_sigs; i++)
        if (find_key(pool, &leaf->note.sigs[i], &key))
            leaf->verdict[i] = verify_line(&leaf->note, i, &key) ? VERDICT_GOOD : VERDICT_BAD;
}

void audit_leaf_open(struct audit_leaf *leaf, const char *origin, struct audit_pool *pool)
{
    leaf->fault = NULL;
    leaf->form.code = CODE_OK;
    merkle_leaf(&leaf->hash, leaf->buffer, leaf->size);
    struct slice note = note_of(leaf);
    if (leaf->at < 0) {
        leaf->fault = "leaf_malformed";
        return;
    }
    memset(&leaf->form, 0, sizeof leaf->form);
    if (note.size > ENTRY_NOTE_MAX) {
        leaf->form.code = CODE_entry_too_large;
        return;
    }
    if (note_parse(&leaf->note, (const char *)note.data, note.size) != NOTE_OK ||
        !lines_fit(&leaf->note)) {
        leaf->form.code = CODE_note_malformed;
        return;
    }
    if (entry_decode(&leaf->entry, origin, leaf->note.text, leaf->note.text_len, &leaf->form))
        verify_lines(leaf, pool);
}

static void open_batch(struct audit_pool *p, struct audit_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++)
        audit_leaf_open(&batch->leaves[i], p->origin, p);
}

/* --- The ring --------------------------------------------------------------------------------- */

static struct turn *turn_of(struct audit_pool *p, uint64_t number)
{
    return p->turns[number % p->n_turns];
}

/* Takes the next batch apart; called and left with the lock held. */
static void help(struct audit_pool *p)
{
    struct turn *turn = turn_of(p, p->next++);
    pthread_mutex_unlock(&p->lock);
    open_batch(p, &turn->batch);
    pthread_mutex_lock(&p->lock);
    turn->ready = true;
    pthread_cond_signal(&p->done);
}

static void *run(void *pool)
{
    struct audit_pool *p = pool;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->next < p->shut)
            help(p);
        else
            pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

bool audit_pool_full(const struct audit_pool *p)
{
    /* Only the caller's thread changes these two. */
    return p->shut - p->oldest == p->n_turns;
}

void audit_pool_flush(struct audit_pool *p)
{
    if (audit_pool_full(p) || turn_of(p, p->shut)->batch.n == 0)
        return;
    pthread_mutex_lock(&p->lock);
    turn_of(p, p->shut)->ready = false;
    p->shut++;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

bool audit_pool_add(struct audit_pool *p, struct slice leaf, bool *shut)
{
    assert(!audit_pool_full(p));
    struct audit_batch *batch = &turn_of(p, p->shut)->batch;
    struct audit_leaf *into = &batch->leaves[batch->n];
    if (leaf.size > into->room || into->buffer == NULL) {
        size_t room = leaf.size < 1024 ? 1024 : leaf.size;
        uint8_t *buffer = realloc(into->buffer, room);
        if (buffer == NULL)
            return false;
        into->buffer = buffer;
        into->room = room;
    }
    if (leaf.size > 0)
        memcpy(into->buffer, leaf.data, leaf.size);
    into->size = leaf.size;
    *shut = ++batch->n == BATCH_LEAVES;
    if (*shut)
        audit_pool_flush(p);
    return true;
}

struct audit_batch *audit_pool_oldest(struct audit_pool *p, bool wait)
{
    if (p->oldest == p->shut)
        return NULL;
    struct turn *turn = turn_of(p, p->oldest);
    pthread_mutex_lock(&p->lock);
    while (wait && !turn->ready) {
        if (p->next < p->shut)
            help(p);
        else
            pthread_cond_wait(&p->done, &p->lock);
    }
    bool ready = turn->ready;
    pthread_mutex_unlock(&p->lock);
    return ready ? &turn->batch : NULL;
}

void audit_pool_release(struct audit_pool *p)
{
    struct audit_batch *batch = &turn_of(p, p->oldest)->batch;
    for (size_t i = 0; i < batch->n; i++)
        if (batch->leaves[i].room > LEAF_MAX) {
            free(batch->leaves[i].buffer);
            batch->leaves[i].buffer = NULL;
            batch->leaves[i].room = 0;
        }
    batch->n = 0;
    p->oldest++;
}

/* --- Beginning and end ------------------------------------------------------------------------ */

static bool make_turns(struct audit_pool *p)
{
    p->turns = calloc(p->n_turns, sizeof(struct turn *));
    for (size_t i = 0; p->turns != NULL && i < p->n_turns; i++) {
        p->turns[i] = calloc(1, sizeof *p->turns[i]);
        if (p->turns[i] == NULL)
            return false;
    }
    return p->turns != NULL;
}

struct audit_pool *audit_pool_new(const char *origin, unsigned threads)
{
    struct audit_pool *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = threads > 0 ? threads : cores > 0 ? (size_t)cores : 1;
    n = n > THREADS_MAX ? THREADS_MAX : n;
    p->origin = origin;
    p->n_turns = BATCHES_PER_THREAD * n;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    pthread_rwlock_init(&p->keys_lock, NULL);
    bool ok = make_turns(p);
    while (ok && p->n_threads + 1 < n) {
        ok = pthread_create(&p->threads[p->n_threads], NULL, run, p) == 0;
        p->n_threads += ok;
    }
    if (!ok) {
        audit_pool_free(p);
        return NULL;
    }
    return p;
}

void audit_pool_free(struct audit_pool *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    for (size_t i = 0; p->turns != NULL && i < p->n_turns; i++) {
        for (size_t j = 0; p->turns[i] != NULL && j < BATCH_LEAVES; j++)
            free(p->turns[i]->batch.leaves[j].buffer);
        free(p->turns[i]);
    }
    free(p->turns);
    free(p->keys);
    pthread_rwlock_destroy(&p->keys_lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
