/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/worker.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>

#include "api/request.h"

static __thread struct worker *mine;

void workers_start(struct workers *workers, struct store *store)
{
    pthread_mutex_init(&workers->lock, NULL);
    workers->first = NULL;
    workers->store = store;
}

void workers_stop(struct workers *workers)
{
    struct worker *next;

    for (struct worker *w = workers->first; w; w = next) {
        next = w->next;
        assert(!w->reading);
        store_reader_free(w->reader);
        state_keep_few(&w->state);
        for (size_t i = 0; i < KEPT_MAX; i++) {
            if (w->kept[i].response) {
                MHD_destroy_response(w->kept[i].response);
            }
        }
        while (w->n_spare > 0) {
            struct request *rq = w->spare[--w->n_spare];

            free(rq->entry);
            free(rq);
        }
        free(w->answer.bytes);
        free(w);
    }
    workers->first = NULL;
    mine = NULL;
    pthread_mutex_destroy(&workers->lock);
}

struct worker *worker_mine(struct workers *workers)
{
    struct worker *w = mine;

    if (w) {
        return w;
    }
    w = calloc(1, sizeof *w);
    if (!w || store_reader_new(workers->store, &w->reader) != STORE_OK ||
        !state_keep_many(&w->state)) {
        if (w) {
            store_reader_free(w->reader);
        }
        free(w);
        return NULL;
    }
    pthread_mutex_lock(&workers->lock);
    w->next = workers->first;
    workers->first = w;
    pthread_mutex_unlock(&workers->lock);
    mine = w;
    return w;
}

/*
 * What most handlers ask of a snapshot, and what the state keeps at hand, once for each commit; or
 * what it keeps from an earlier one, and what is read meanwhile.
 */
static void attach(struct worker *w, struct kv *kv, bool hasty)
{
    uint64_t version = store_read_version(w->reader);

    if (w->version != 0 && (hasty || version == w->version)) {
        return;
    }
    w->version = 0;
    state_attach(&w->state, kv);
    w->size = state_size(&w->state);
    w->last_at = state_last_at(&w->state);
    if (!kv_failed(kv)) {
        w->version = version;
    }
}

static bool begin(struct worker *w, struct writer *writer, bool hasty)
{
    struct kv *kv;

    assert(!w->reading);
    writer_checkpoint(writer, &w->head, w->checkpoint, &w->checkpoint_len);
    kv = store_read(w->reader);
    if (!kv) {
        return false;
    }
    w->reading = true;
    w->nodes.kv = kv;
    attach(w, kv, hasty);
    return true;
}

bool worker_begin(struct worker *w, struct writer *writer)
{
    return begin(w, writer, false);
}

bool worker_begin_hasty(struct worker *w, struct writer *writer)
{
    return begin(w, writer, true);
}

void worker_end(struct worker *w)
{
    if (w->reading) {
        if (kv_failed(w->state.kv)) {
            w->version = 0; /* what was not found may be there */
        }
        store_read_end(w->reader);
        w->reading = false;
    }
}
