/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a run has measured: samples under a name such as "short.k2.c256.rate", one a round. A figure
 * is the median of its samples.
 */
#ifndef SEM_BENCH_REPORT_H
#define SEM_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#define REPORT_NAME_SIZE 64
#define REPORT_SAMPLES_MAX 64

struct report;

struct report *report_new(void);
void report_free(struct report *report);

void report_add(struct report *report, double value, const char *name, ...)
    __attribute__((format(printf, 3, 4)));
/* The median, or 0 when nothing was measured under this name. */
double report_value(const struct report *report, const char *name, ...)
    __attribute__((format(printf, 2, 3)));

/* One line: words, median, unit, and in brackets the least and the largest sample. */
void report_show(const struct report *report, const char *words, const char *unit,
                 const char *name, ...) __attribute__((format(printf, 4, 5)));

/* A goal: at least or at most so much. Prints its line, and keeps it for the file. */
void report_goal(struct report *report, const char *name, const char *words, double measured,
                 const char *sign, double goal, const char *unit);

/* Everything as JSON. False with a message on stderr. */
bool report_write(const struct report *report, const char *path);

#endif
