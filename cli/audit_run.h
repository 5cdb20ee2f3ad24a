/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One `semctl audit`; what its files share and nobody else needs. */
#ifndef SEM_CLI_AUDIT_RUN_H
#define SEM_CLI_AUDIT_RUN_H

#include "cli/audit_report.h"
#include "cli/extends.h"
#include "cli/held.h"
#include "cli/log_source.h"
#include "cli/progress.h"
#include "ledger/witness_policy.h"

/* A tile that does not hold what the leaves make. */
struct bad_tile {
    unsigned level, width;
    uint64_t number;
    bool missing;
};

struct audit_run {
    struct ctl *ctl;
    struct log_source *source;
    struct held_list held;
    struct audit_report report;
    struct progress progress;

    char origin[ORIGIN_MAX + 1];
    bool has_key; /* the log's key was given, or the network file of ours has it */
    struct public_key log_key;

    char *note; /* the checkpoint; head is what it says, whoever signed it */
    size_t note_len;
    struct log_head head;
    struct verifier_key witnesses[POLICY_WITNESSES_MAX]; /* those whose cosignature counts */
    size_t n_witnesses;
    bool has_head, is_signed;
    bool is_cosigned; /* by a witness that was named */
    char head_origin[ORIGIN_MAX + 1];

    struct audit_refusal *refusals; /* those of `held` that are well-formed, by size */
    size_t n_refusals;

    struct bad_tile *bad;
    size_t n_bad, bad_room;
    int rc; /* the first failure that is no finding */
};

/* --- audit_held.c ----------------------------------------------------------------------------- */

/* Fills `refusals` for the audit; the founding entry says whose signature they must have. */
int audit_held_prepare(struct audit_run *run) __attribute__((warn_unused_result));
/*
 * Holds all to the log that was read: adds findings and says what was not checked. The first head
 * that the log's key signed for another history comes back, whose note is borrowed; false: none.
 */
bool audit_held_compare(struct audit_run *run, struct signed_head *fork);

/* Whether one of these witnesses has a valid cosignature under a note. */
bool head_cosigned(const char *note, size_t n, const struct verifier_key witnesses[],
                   size_t n_witnesses);
/* Three lines, as SPEC 4.3 wants them; verifies nothing. */
bool head_read(const char *note, size_t n, char origin[static ORIGIN_MAX + 1],
               struct log_head *out);

/* --- audit_resume.c: SPEC 17.6 ---------------------------------------------------------------- */

/* Writes a resume point with our key, which is unlocked. CTL_OK or an exit code after a message. */
int audit_resume_save(const struct audit_run *run, const char *path)
    __attribute__((warn_unused_result));
/* Takes one up that our key signed, before the first leaf; fills `since` of the report. */
int audit_resume_load(struct audit_run *run, const char *path) __attribute__((warn_unused_result));

#endif
