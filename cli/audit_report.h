/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an audit says (SPEC 17.4): as one JSON object, and in words. */
#ifndef SEM_CLI_AUDIT_REPORT_H
#define SEM_CLI_AUDIT_REPORT_H

#include <stdio.h>

#include "ledger/audit.h"

/* The checks not made, in the order of SPEC 17.5. */
enum unmade {
    UNMADE_TIME_TRUTH,
    UNMADE_OMISSION,
    UNMADE_FORKS,
    UNMADE_DETAILS,
    UNMADE_IDLE_TICKS,
    UNMADE_LOG_KEY,
    UNMADE_TILES,
    UNMADE_ROOT,
    UNMADE_CHECKPOINT_SIGNATURE,
    UNMADE_ENTRIES,
    UNMADE_DEMO_FUTURE,
    UNMADE_HELD_NEWER,
    UNMADE_HELD_OLDER,
    UNMADE_WAIVED,
    N_UNMADE
};

struct audit_report {
    struct audit *audit;
    const char *origin;
    struct audit_figures figures;
    const struct audit_finding **findings, **consequences; /* in their order */
    size_t n_findings, n_consequences;
    bool unmade[N_UNMADE];
    uint64_t held_newer, held_older; /* things; refusals */
    const char *waived;  /* a code */
    bool has_since;
    uint64_t since;
};

/*
 * Takes figures, findings and consequences from a settled audit; report_free() releases the lists.
 * False without memory.
 */
bool report_collect(struct audit_report *report) __attribute__((warn_unused_result));
void report_free(struct audit_report *report);

/* The bytes of SPEC 17.4. False without memory. */
bool report_write_json(const struct audit_report *report, FILE *out)
    __attribute__((warn_unused_result));

void report_write_words(const struct audit_report *report, FILE *out);

#define UNMADE_WHY_SIZE 160
/* "log_key", and its sentence. */
const char *unmade_word(enum unmade check);
void unmade_why(char out[static UNMADE_WHY_SIZE], const struct audit_report *report,
                enum unmade check);

#endif
