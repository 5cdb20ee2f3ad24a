/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Statements of a calendar year (SPEC 18.11), for the verbs of cli/read.c. Exit codes come back. */
#ifndef SEM_CLI_YEARLY_H
#define SEM_CLI_YEARLY_H

#include "cli/options.h"

/* The options of both: the year, how it is written, and where. */
#define YEARLY_OPTS                                                                                \
    {"year", "YEAR", N_("the statement of a calendar year, such as 2026"), false},                 \
        {"csv", NULL, N_("of a year: as CSV for spreadsheets"), false},                            \
        {"html", NULL, N_("of a year: as a page to print"), false},                                \
    {                                                                                              \
        "o", "FILE", N_("of a year: where to write it (else standard output)"), false              \
    }

/* Of the organisation of the first positional, or ours. */
int yearly_org(struct ctl *ctl, struct args *a);
int yearly_network(struct ctl *ctl, struct args *a);

#endif
