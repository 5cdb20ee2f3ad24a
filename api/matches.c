/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/matches.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kept_batch.h"
#include "ledger/match_json.h"
#include "policies/window.h"

struct matches {
    pthread_mutex_t lock;    /* held for a moment only */
    pthread_mutex_t working; /* held while a batch is made */
    pthread_mutex_t reading; /* held while the facts of now are read */
    struct week_batch *batch; /* has one user, this pointer */
    struct now_facts *now;    /* the same */
};

struct matches *matches_new(void)
{
    struct matches *m = calloc(1, sizeof *m);

    if (m) {
        pthread_mutex_init(&m->lock, NULL);
        pthread_mutex_init(&m->working, NULL);
        pthread_mutex_init(&m->reading, NULL);
    }
    return m;
}

/* --- Users ------------------------------------------------------------------------------------ */

static void drop_batch(struct week_batch *batch)
{
    if (batch && --batch->users == 0) {
        match_free(&batch->result);
        match_facts_free(&batch->facts);
        free(batch->json);
        free(batch);
    }
}

static void drop_now(struct now_facts *now)
{
    if (now && --now->users == 0) {
        match_facts_free(&now->facts);
        free(now);
    }
}

void matches_free(struct matches *m)
{
    if (m) {
        drop_batch(m->batch);
        drop_now(m->now);
        pthread_mutex_destroy(&m->reading);
        pthread_mutex_destroy(&m->working);
        pthread_mutex_destroy(&m->lock);
        free(m);
    }
}

const struct week_batch *matches_get(struct matches *m)
{
    pthread_mutex_lock(&m->lock);
    struct week_batch *batch = m->batch;
    if (batch) {
        batch->users++;
    }
    pthread_mutex_unlock(&m->lock);
    return batch;
}

void matches_release(struct matches *m, const struct week_batch *batch)
{
    union {
        const struct week_batch *in;
        struct week_batch *out;
    } kept = {batch};

    pthread_mutex_lock(&m->lock);
    drop_batch(kept.out);
    pthread_mutex_unlock(&m->lock);
}

void matches_release_now(struct matches *m, const struct now_facts *now)
{
    union {
        const struct now_facts *in;
        struct now_facts *out;
    } kept = {now};

    pthread_mutex_lock(&m->lock);
    drop_now(kept.out);
    pthread_mutex_unlock(&m->lock);
}

/* --- The batch -------------------------------------------------------------------------------- */

bool matches_due(struct matches *m, int64_t now_ms)
{
    char week[CALENDAR_WEEK_BYTES];
    const struct week_batch *batch = matches_get(m);
    bool due;

    calendar_week_name(week, now_ms);
    due = !batch || strcmp(batch->facts.week, week) != 0;
    matches_release(m, batch);
    return due;
}

static bool write_facts(struct week_batch *batch)
{
    json_t *json = match_facts_json(&batch->facts);

    batch->json = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    batch->n = batch->json ? strlen(batch->json) : 0;
    json_decref(json);
    if (batch->json) {
        struct hash hash;

        hash_sha256(&hash, batch->json, batch->n);
        memcpy(&batch->tag, hash.b, sizeof batch->tag);
    }
    return batch->json != NULL;
}

/* From the side store; false when it has none of this week, or one that cannot be read. */
static bool take_up(struct side *side, int64_t now_ms, struct week_batch *batch)
{
    char week[CALENDAR_WEEK_BYTES], why[MATCH_WHY_SIZE];
    struct kept_batch kept;
    json_t *json = NULL;
    bool ok;

    calendar_week_name(week, now_ms);
    if (kept_batch_get(side, &kept) != KEPT_THERE) {
        return false;
    }
    ok = strcmp(kept.week, week) == 0 &&
         (json = json_loadb(kept.json, kept.n, JSON_REJECT_DUPLICATES, NULL)) != NULL;
    ok = ok && match_facts_from_json(json, &batch->facts, why);
    if (!ok) {
        match_facts_free(&batch->facts);
    }
    json_decref(json);
    free(kept.json);
    return ok;
}

static bool make(struct side *side, struct state *s, const char *origin, int64_t now_ms,
                 struct week_batch *batch)
{
    struct match_decline *declines;
    size_t n;
    bool ok;

    if (kept_declines(side, &declines, &n) != KEPT_THERE) {
        return false;
    }
    ok = match_facts_read(s, origin, calendar_week(now_ms), declines, n, &batch->facts);
    free(declines);
    return ok;
}

/* What is asked no more needs no refusal to be kept. */
static bool is_over(void *ctx, const struct match_decline *d)
{
    struct state *s = ctx;
    struct thing_key key = {.id = d->need.id, .author = state_org_number(s, &d->need.by)};
    struct need need;

    return !state_need(s, &key, &need) || need.life != LIFE_OPEN;
}

static bool keep(struct side *side, const struct week_batch *batch)
{
    struct kept_batch kept = {.json = batch->json, .n = batch->n};

    memcpy(kept.week, batch->facts.week, sizeof kept.week);
    return kept_batch_put(side, &kept);
}

static bool fill(struct matches *m, struct side *side, struct state *s, const char *origin,
                 int64_t now_ms, bool anew, struct week_batch *batch)
{
    bool first = m->batch == NULL;
    bool fresh = anew || (first && s->network.found.demo) || !take_up(side, now_ms, batch);

    if (fresh && !make(side, s, origin, now_ms, batch)) {
        return false;
    }
    if (!match_facts_solve(&batch->facts, &batch->result) || !write_facts(batch)) {
        return false;
    }
    if (fresh) {
        (void)kept_declines_purge(side, is_over, s);
    }
    return !fresh || keep(side, batch);
}

bool matches_refresh(struct matches *m, struct side *side, struct state *s, const char *origin,
                     int64_t now_ms, bool anew)
{
    struct week_batch *batch = calloc(1, sizeof *batch);
    bool ok;

    if (!batch) {
        return false;
    }
    batch->users = 1;
    pthread_mutex_lock(&m->working);
    ok = fill(m, side, s, origin, now_ms, anew, batch);
    pthread_mutex_lock(&m->lock);
    if (ok) {
        struct week_batch *old = m->batch;

        m->batch = batch;
        batch = old;
    }
    drop_batch(batch);
    pthread_mutex_unlock(&m->lock);
    pthread_mutex_unlock(&m->working);
    return ok;
}

/* --- Now -------------------------------------------------------------------------------------- */

static bool is_good(const struct now_facts *now, uint64_t size, uint64_t generation, int64_t at)
{
    return now && now->facts.size == size && now->generation == generation &&
           window_day(now->facts.at) == window_day(at);
}

static struct now_facts *read_now(struct side *side, struct state *s, const char *origin,
                                  int64_t now_ms, uint64_t generation)
{
    struct now_facts *now = calloc(1, sizeof *now);
    struct match_decline *declines;
    size_t n;
    bool ok;

    if (!now || kept_declines(side, &declines, &n) != KEPT_THERE) {
        free(now);
        return NULL;
    }
    now->users = 1;
    now->generation = generation;
    ok = match_facts_read_at(s, origin, now_ms, declines, n, &now->facts);
    free(declines);
    if (!ok) {
        drop_now(now);
        return NULL;
    }
    return now;
}

const struct now_facts *matches_now(struct matches *m, struct side *side, struct state *s,
                                    const char *origin, int64_t now_ms)
{
    uint64_t generation = side_generation(side);
    struct now_facts *now;

    pthread_mutex_lock(&m->reading);
    pthread_mutex_lock(&m->lock);
    now = m->now;
    if (!is_good(now, state_size(s), generation, now_ms)) {
        pthread_mutex_unlock(&m->lock);
        now = read_now(side, s, origin, now_ms, generation);
        pthread_mutex_lock(&m->lock);
        if (now) {
            drop_now(m->now);
            m->now = now;
        }
    }
    if (now) {
        now->users++;
    }
    pthread_mutex_unlock(&m->lock);
    pthread_mutex_unlock(&m->reading);
    return now;
}
