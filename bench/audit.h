/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* `semctl audit` of a whole log beside the bare verification of the same signatures. */
#ifndef SEM_BENCH_AUDIT_H
#define SEM_BENCH_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/report.h"

struct audit_plan {
    const char *dir;    /* where the folders go */
    const char *semctl;
    size_t n_orgs, entries, rounds;
    bool twice;         /* memory of an audit of twice as many entries, too */
    double pace;        /* bare verification takes so much longer */
};

/* Puts figures under "audit." into the report. False with a message on stderr. */
bool audit_measure(const struct audit_plan *plan, struct report *report);
void audit_show(const struct report *report);
void audit_goals(struct report *report);

#endif
