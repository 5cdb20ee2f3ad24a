/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How far a long task is, on one line of the terminal; nothing elsewhere, nor with --quiet. */
#ifndef SEM_CLI_PROGRESS_H
#define SEM_CLI_PROGRESS_H

#include "cli/ctl.h"

struct progress {
    bool shown; /* the line is on the terminal */
    bool on;
    const char *what; /* translated: "Audit" */
    uint64_t first, total;
    int64_t start_ms, last_ms;
};

/* `first` of `total` steps were done before. */
void progress_start(struct progress *p, const struct ctl *ctl, const char *what, uint64_t first,
                    uint64_t total);
void progress_step(struct progress *p, uint64_t done);
/* Takes the line away; to be called before anything else is said. */
void progress_end(struct progress *p);

#endif
