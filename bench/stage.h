/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The real server over HTTP, on two data folders at once, a short and a long history, so that both
 * and the limits are measured in turns within the same minute.
 */
#ifndef SEM_BENCH_STAGE_H
#define SEM_BENCH_STAGE_H

#include "bench/report.h"

struct stage_plan {
    const char *semd;     /* the program */
    const char *dir;      /* an empty folder, on the disk that is meant; what is made stays there */
    size_t n_orgs;
    size_t entries_short, entries_long;
    size_t entries_busy;  /* of one day, after the long history: stage_tables() alone */
    size_t rounds;
    const char *only;     /* NULL: everything; or one phase, to look at it with a profiler */
    double pace;          /* 1: the usual lengths of the phases, in which a round takes 35 s */
};

/* Measures everything into the report. False with a message on stderr when something breaks. */
bool stage_run(const struct stage_plan *plan, struct report *report);

/* Makes the long history alone and counts what its tables cost: no clock is in it. */
bool stage_tables(const struct stage_plan *plan, struct report *report);

#endif
