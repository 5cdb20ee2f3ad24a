/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/figures.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/flows_since.h"
#include "policies/window.h"

/* Further behind than this many entries the housekeeper mends the kept window, when it is read. */
#define BEHIND_MAX 1000
/* A window that ended longer ago helps nobody. */
#define DAYS_MAX 7

/* One window. Read-only while others use it. */
struct window_figures {
    uint64_t size; /* of the log */
    struct flows flows;
    size_t orgs;         /* organisation numbers below it */
    size_t *first;       /* where the flows to one begin in to_org; orgs + 1 of them */
    struct help *to_org; /* sorted by (to, from) */
    int users;           /* under the lock of struct figures */
};

struct figures {
    pthread_mutex_t lock; /* guards all of this and all counts of users; held for a moment only */
    struct window_figures *latest; /* has one user, this pointer */
    bool computing; /* a thread makes the next one */
    bool asked;     /* since the housekeeper looked last */
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
        free(w->first);
        free(w->to_org);
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

/* --- Computing a window ----------------------------------------------------------------------- */

/* The flows once more, by who received. They are sorted by (from, to), so a counting sort does. */
static bool index_receivers(struct window_figures *w)
{
    w->first = calloc(w->orgs + 2, sizeof *w->first);
    w->to_org = malloc((w->flows.n + 1) * sizeof *w->to_org);
    if (!w->first || !w->to_org) {
        return false;
    }
    for (size_t i = 0; i < w->flows.n; i++) {
        assert(w->flows.v[i].to < w->orgs);
        w->first[w->flows.v[i].to + 2]++;
    }
    for (size_t i = 2; i < w->orgs + 2; i++) {
        w->first[i] += w->first[i - 1];
    }
    for (size_t i = 0; i < w->flows.n; i++) {
        w->to_org[w->first[w->flows.v[i].to + 1]++] = w->flows.v[i];
    }
    return true;
}

static struct flows_base base_of(const struct window_figures *w)
{
    return (struct flows_base){w->size, w->flows.from_day, w->flows.to_day, w->flows.v, w->flows.n};
}

static bool helps(const struct window_figures *w, uint64_t size, int32_t day)
{
    return w && w->size <= size && w->flows.to_day <= day && day - w->flows.to_day <= DAYS_MAX;
}

static struct window_figures *compute(struct state *s, const char *origin, int32_t day,
                                      const struct window_figures *old)
{
    struct window_figures *w = calloc(1, sizeof *w);
    struct sums sums;
    bool ok;

    if (!w) {
        return NULL;
    }
    w->users = 1;
    w->size = state_size(s);
    state_sums(s, &sums);
    w->orgs = (size_t)sums.orgs + 1;
    if (helps(old, w->size, day)) {
        struct flows_base base = base_of(old);

        ok = flows_since(s, origin, &base, day, &w->flows);
    } else {
        ok = query_flows(s, day, &w->flows);
    }
    if (!ok || !index_receivers(w)) {
        drop(w);
        return NULL;
    }
    return w;
}

/* --- Sharing it ------------------------------------------------------------------------------- */

/* Makes the next window from `latest`; the lock is held, and given away meanwhile. */
static void next(struct figures *f, struct state *s, const char *origin, int32_t day)
{
    struct window_figures *old = f->latest, *w;

    f->computing = true;
    if (old) {
        old->users++;
    }
    pthread_mutex_unlock(&f->lock);
    w = compute(s, origin, day, old);
    pthread_mutex_lock(&f->lock);
    f->computing = false;
    drop(old);
    if (w) {
        drop(f->latest);
        f->latest = w;
    }
}

bool figures_behind(struct figures *f, uint64_t size, int32_t day)
{
    bool behind;

    pthread_mutex_lock(&f->lock);
    if (f->computing) {
        behind = false;
    } else if (!f->latest || f->latest->flows.to_day < day) {
        behind = true;
    } else {
        behind = f->asked && f->latest->size < size && size - f->latest->size > BEHIND_MAX;
    }
    f->asked = f->asked && behind;
    pthread_mutex_unlock(&f->lock);
    return behind;
}

void figures_refresh(struct figures *f, struct state *s, const char *origin, int32_t day)
{
    pthread_mutex_lock(&f->lock);
    f->asked = false;
    if (!f->computing) {
        next(f, s, origin, day);
    }
    pthread_mutex_unlock(&f->lock);
}

/* --- One organisation ------------------------------------------------------------------------- */

static struct window_figures *borrow(struct figures *f)
{
    struct window_figures *w;

    pthread_mutex_lock(&f->lock);
    f->asked = true;
    w = f->latest;
    if (w) {
        w->users++;
    }
    pthread_mutex_unlock(&f->lock);
    return w;
}

static void give_back(struct figures *f, struct window_figures *w)
{
    pthread_mutex_lock(&f->lock);
    drop(w);
    pthread_mutex_unlock(&f->lock);
}

static void add_up(const struct help *v, size_t n, struct dependency_sum *out)
{
    for (size_t i = 0; i < n; i++) {
        struct flow flow = {v[i].from, v[i].to, v[i].minutes, v[i].count};

        reciprocity_dependency_add(out, &flow);
    }
}

/* The organisation's part of a window; nothing of one that it is not in. */
static struct flows_base part_of(const struct window_figures *w, uint32_t org)
{
    struct flows_base base = base_of(w);

    base.n = org < w->orgs ? w->first[org + 1] - w->first[org] : 0;
    base.v = base.n > 0 ? &w->to_org[w->first[org]] : NULL;
    return base;
}

/* The part of a window that needs nothing added, as flows of its own. */
static bool copy_part(const struct flows_base *base, struct flows *out)
{
    *out = (struct flows){.from_day = base->from_day, .to_day = base->to_day, .n = base->n};
    out->v = malloc((base->n + 1) * sizeof *out->v);
    if (out->v && base->n > 0) {
        memcpy(out->v, base->v, base->n * sizeof *out->v);
    }
    return out->v != NULL;
}

bool figures_flows(struct figures *f, struct state *s, const char *origin, const struct org *org,
                   int32_t day, struct flows *out, size_t *looked)
{
    struct window_figures *w = borrow(f);
    struct flows_base base = {0};
    bool ok;

    base.from_day = window_first_day(day, s->network.found.policy.window_days);
    if (helps(w, state_size(s), day)) {
        base = part_of(w, org->number);
    }
    if (base.size > 0 && base.to_day == day && org->last_entry <= base.size) {
        ok = copy_part(&base, out);
    } else {
        ok = flows_to_since(s, origin, &base, org, day, out, looked);
    }
    if (w) {
        give_back(f, w);
    }
    return ok;
}

bool figures_org(struct figures *f, struct state *s, const char *origin, const struct org *org,
                 int32_t day, struct org_figures *out, size_t *looked)
{
    struct flows flows;

    memset(out, 0, sizeof *out);
    out->to_day = day;
    out->from_day = window_first_day(day, s->network.found.policy.window_days);
    if (!figures_flows(f, s, origin, org, day, &flows, looked)) {
        return false;
    }
    add_up(flows.v, flows.n, &out->sum);
    query_flows_free(&flows);
    return true;
}
