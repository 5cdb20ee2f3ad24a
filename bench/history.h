/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A data folder with a past, made in this process through the real rules and store, without HTTP:
 * a founding and admissions 300 days ago, and hours.record ever since, every signature real.
 */
#ifndef SEM_BENCH_HISTORY_H
#define SEM_BENCH_HISTORY_H

#include "bench/network.h"
#include "bench/report.h"

struct history {
    const char *dir; /* to be made */
    const char *name; /* in the report */
    struct bench_network *network; /* all organisations have their keys */
    size_t entries;
};

/*
 * Makes the folder. With a report, the last entries are committed 1, 32 and 256 at a time, and the
 * pages that such commits write are counted by table. False with a message on stderr.
 */
bool history_make(const struct history *history, struct report *report);

/*
 * Adds so many entries to a folder that history_make() has counted, all within tomorrow, and counts
 * again at the end of that day (NAME.busy. in the report) and on the day after (NAME.after.). These
 * days are in the future, so the folder is of no use for a server. False with a message on stderr.
 */
bool history_busy_day(const struct history *history, size_t entries, struct report *report);

/* How many tables have figures in the report, and the n-th's name. */
size_t history_tables(void);
const char *history_table(size_t n);

#endif
