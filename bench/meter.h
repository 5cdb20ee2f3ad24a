/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a program costs from its start to its end. It is started by a small process of its own,
 * because the kernel counts the memory of whoever starts a program as the program's.
 */
#ifndef SEM_BENCH_METER_H
#define SEM_BENCH_METER_H

#include <stdbool.h>

struct meter {
    double seconds, cpu_s; /* all threads, user and system */
    double peak_bytes;     /* of resident memory */
};

/* Runs it with its standard output thrown away. False with a message unless it ends with 0. */
bool meter_run(const char *const argv[], struct meter *out);
/* `sem-bench meter PROGRAM ARG...`: the small process. */
int meter_main(char **argv);

#endif
