/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Proposals computed here, without a server, from a log or from published inputs (SPEC 19.8). */
#ifndef SEM_CLI_MATCH_COMPUTE_H
#define SEM_CLI_MATCH_COMPUTE_H

#include "cli/ctl.h"
#include "cli/options.h"

/* The verb `match compute`. */
int match_compute(struct ctl *ctl, struct args *a);
extern const struct opt match_compute_opts[];

#endif
