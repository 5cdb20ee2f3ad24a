/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Notes that are signed before the clock starts, on all cores. */
#ifndef SEM_BENCH_NOTES_H
#define SEM_BENCH_NOTES_H

#include <stdbool.h>

#include "bench/limits.h"
#include "bench/network.h"

enum note_kind { NOTES_HOURS, NOTES_CONFIRM };

struct notes {
    struct bench_note *v;
    size_t n;
};

struct notes_plan {
    enum note_kind kind;
    size_t first, n;      /* their numbers, as in bench_hours() */
    int64_t at_ms;        /* when the first is made */
    double step_ms;       /* from one to the next */
};

/* False with a message when there is no memory; notes_free() in any case. */
bool notes_make(struct notes *out, const struct bench_network *network,
                const struct notes_plan *plan);
void notes_free(struct notes *notes);

/* The signatures of notes one by one, as limit_verify() wants them; borrows the texts. */
struct verify_item *notes_items(const struct notes *notes, const struct bench_network *network,
                                size_t *n);

#endif
