/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/sheet.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/clock.h"
#include "policies/window.h"

/* A sheet that took t to compute serves for this many t, however fast the log grows. */
#define REST_FACTOR 20

struct kept {
    struct sheet sheet; /* first, so that a user's pointer is one to this */
    int users;          /* under the lock */
    int64_t made_us, took_us;
};

struct sheets {
    pthread_mutex_t lock; /* held for a moment only */
    pthread_cond_t computed;
    struct kept *latest; /* has one user, this pointer */
    bool computing;
};

struct sheets *sheets_new(void)
{
    struct sheets *sheets = calloc(1, sizeof *sheets);

    if (sheets) {
        pthread_mutex_init(&sheets->lock, NULL);
        pthread_cond_init(&sheets->computed, NULL);
    }
    return sheets;
}

static void drop(struct kept *kept)
{
    if (kept && --kept->users == 0) {
        sheet_free(&kept->sheet);
        free(kept);
    }
}

void sheets_free(struct sheets *sheets)
{
    if (sheets) {
        drop(sheets->latest);
        pthread_cond_destroy(&sheets->computed);
        pthread_mutex_destroy(&sheets->lock);
        free(sheets);
    }
}

static bool is_good(const struct kept *kept, uint64_t size, int64_t at)
{
    return (kept->sheet.size == size && window_day(kept->sheet.at) == window_day(at)) ||
           clock_monotonic_us() - kept->made_us < REST_FACTOR * kept->took_us;
}

/* The lock is held, and given away while it computes. */
static struct kept *next(struct sheets *sheets, struct state *s, int64_t at)
{
    struct kept *kept = calloc(1, sizeof *kept);
    bool ok;

    if (!kept) {
        return NULL;
    }
    sheets->computing = true;
    pthread_mutex_unlock(&sheets->lock);
    kept->made_us = clock_monotonic_us();
    ok = sheet_make(s, at, SHEET_YEARS, &kept->sheet);
    kept->took_us = clock_monotonic_us() - kept->made_us;
    pthread_mutex_lock(&sheets->lock);
    sheets->computing = false;
    kept->users = 1;
    if (!ok) {
        drop(kept);
        kept = NULL;
    } else {
        drop(sheets->latest);
        sheets->latest = kept;
    }
    pthread_cond_broadcast(&sheets->computed);
    return kept;
}

const struct sheet *sheets_get(struct sheets *sheets, struct state *s, int64_t at)
{
    struct kept *kept;

    pthread_mutex_lock(&sheets->lock);
    while (!sheets->latest && sheets->computing) {
        pthread_cond_wait(&sheets->computed, &sheets->lock);
    }
    kept = sheets->latest;
    if (!kept || (!sheets->computing && !is_good(kept, state_size(s), at))) {
        kept = next(sheets, s, at);
    }
    if (kept) {
        kept->users++;
    }
    pthread_mutex_unlock(&sheets->lock);
    return kept ? &kept->sheet : NULL;
}

void sheets_release(struct sheets *sheets, const struct sheet *sheet)
{
    union {
        const struct sheet *in;
        struct kept *out;
    } kept = {sheet};

    pthread_mutex_lock(&sheets->lock);
    drop(kept.out);
    pthread_mutex_unlock(&sheets->lock);
}
