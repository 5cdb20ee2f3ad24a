/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a run is shown as: tables in words, and a line for each goal. */
#ifndef SEM_BENCH_ROWS_H
#define SEM_BENCH_ROWS_H

#include "bench/report.h"

void rows_show(const struct report *report);
void rows_show_tables(const struct report *report);
void rows_goals(struct report *report);

#endif
