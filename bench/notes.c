/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/notes.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/note.h"

struct share {
    struct notes *notes;
    const struct bench_network *network;
    const struct notes_plan *plan;
    size_t start, step;
};

static void *sign_share(void *arg)
{
    const struct share *s = arg;
    for (size_t i = s->start; i < s->plan->n; i += s->step) {
        int64_t at = s->plan->at_ms + (int64_t)((double)i * s->plan->step_ms);
        size_t number = s->plan->first + i;
        if (s->plan->kind == NOTES_HOURS)
            bench_hours(s->network, number, at, &s->notes->v[i]);
        else
            bench_confirm(s->network, number, at, &s->notes->v[i]);
    }
    return NULL;
}

bool notes_make(struct notes *out, const struct bench_network *network,
                const struct notes_plan *plan)
{
    pthread_t threads[BENCH_THREADS_MAX];
    struct share shares[BENCH_THREADS_MAX];
    size_t n = bench_cores();
    *out = (struct notes){.v = calloc(plan->n, sizeof *out->v), .n = plan->n};
    if (out->v == NULL) {
        fprintf(stderr, "bench: no memory for %zu notes\n", plan->n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        shares[i] = (struct share){out, network, plan, i, n};
        if (pthread_create(&threads[i], NULL, sign_share, &shares[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    return true;
}

void notes_free(struct notes *notes)
{
    free(notes->v);
    *notes = (struct notes){0};
}

struct verify_item *notes_items(const struct notes *notes, const struct bench_network *network,
                                size_t *n)
{
    struct verify_item *items = calloc(notes->n * 2, sizeof *items);
    struct note *note = malloc(sizeof *note);
    *n = 0;
    for (size_t i = 0; i < notes->n && items != NULL && note != NULL; i++) {
        enum note_err err = note_parse(note, notes->v[i].b, notes->v[i].n);
        assert(err == NOTE_OK);
        for (size_t j = 0; j < note->n_sigs && j < 2; j++) {
            struct verify_item *item = &items[(*n)++];
            size_t org = bench_org_of(note->sigs[j].name, note->sigs[j].name_len);
            item->text = note->text;
            item->n = note->text_len;
            secret_key_public(network->keys[org], &item->key);
            bool ok = note_sig_payload(&note->sigs[j], item->sig.b, sizeof item->sig.b);
            assert(ok);
        }
    }
    free(note);
    return items;
}
