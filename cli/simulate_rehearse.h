/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a year would have looked like under other parameters (SPEC 20.8). */
#ifndef SEM_CLI_SIMULATE_REHEARSE_H
#define SEM_CLI_SIMULATE_REHEARSE_H

#include "cli/ctl.h"
#include "cli/options.h"

/* The verb `simulate rehearse`. */
int simulate_rehearse(struct ctl *ctl, struct args *a);
extern const struct opt rehearse_opts[];

#endif
