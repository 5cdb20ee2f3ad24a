/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/figures.h"

#include <pthread.h>
#include <stdlib.h>

struct figures {
    pthread_mutex_t lock; /* guards `latest` and all counts of users; held while computing, so that
                             many readers of a new size compute it once */
    struct window_figures *latest; /* has one user, this pointer */
};

struct figures *figures_new(void)
{
    struct figures *figures = calloc(1, sizeof *figures);

    if (figures) {
        pthread_mutex_init(&figures->lock, NULL);
    }
    return figures;
}

static void drop(struct window_figures *w)
{
    if (w && --w->users == 0) {
        query_flows_free(&w->flows);
        free(w->given);
        free(w->received);
        free(w->sums);
        free(w);
    }
}

void figures_free(struct figures *figures)
{
    if (figures) {
        drop(figures->latest);
        pthread_mutex_destroy(&figures->lock);
        free(figures);
    }
}

static struct window_figures *compute(struct state *s, int32_t day)
{
    struct window_figures *w = calloc(1, sizeof *w);
    struct sums sums;

    if (!w) {
        return NULL;
    }
    state_sums(s, &sums);
    w->users = 1;
    w->size = state_size(s);
    w->orgs = (size_t)sums.orgs + 1;
    w->given = calloc(w->orgs, sizeof *w->given);
    w->received = calloc(w->orgs, sizeof *w->received);
    w->sums = calloc(w->orgs, sizeof *w->sums);
    if (!w->given || !w->received || !w->sums || !query_flows(s, day, &w->flows)) {
        drop(w);
        return NULL;
    }
    for (size_t i = 0; i < w->flows.n; i++) {
        w->minutes += w->flows.v[i].minutes;
        w->exchanges += w->flows.v[i].count;
    }
    reciprocity_totals(w->flows.v, w->flows.n, w->given, w->received, w->orgs);
    reciprocity_dependency_sums(w->flows.v, w->flows.n, w->sums, w->orgs);
    w->displaced = reciprocity_displaced_share(w->given, w->received, w->orgs);
    w->direct = reciprocity_direct(w->flows.v, w->flows.n);
    return w;
}

const struct window_figures *figures_get(struct figures *figures, struct state *s, int32_t day)
{
    uint64_t size = state_size(s);
    struct window_figures *w;

    pthread_mutex_lock(&figures->lock);
    w = figures->latest;
    if (!w || w->size != size || w->flows.to_day != day) {
        w = compute(s, day);
        /* A reader of an older snapshot must not push out what newer readers share. */
        if (w && (!figures->latest || size >= figures->latest->size)) {
            drop(figures->latest);
            figures->latest = w;
            w->users++;
        }
    } else {
        w->users++;
    }
    pthread_mutex_unlock(&figures->lock);
    return w;
}

void figures_release(struct figures *figures, const struct window_figures *window)
{
    union {
        const struct window_figures *in;
        struct window_figures *out;
    } w = {window};

    pthread_mutex_lock(&figures->lock);
    drop(w.out);
    pthread_mutex_unlock(&figures->lock);
}
