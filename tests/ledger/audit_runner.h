/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Audits of logs made in memory, for the tests of ledger/audit.h: the log `made`, a life to fill it
 * with, and a source that audits read it from.
 */
#ifndef SEM_TESTS_LEDGER_AUDIT_RUNNER_H
#define SEM_TESTS_LEDGER_AUDIT_RUNNER_H

#include "ledger/audit.h"
#include "tests/ledger/log_maker.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define SHARE(from, minutes, to) \
    "\"shares\":[{\"from\":\"" from "\",\"minutes\":" #minutes ",\"to\":\"" to "\"}]"

/* The log under audit, and room for what a test makes next. */
extern struct log_maker made;
extern struct made_note next_note;
extern char last_ref[REF_TEXT_SIZE], other_ref[REF_TEXT_SIZE];

/* Founds the network of the log, and gives everything back. */
void audit_log_start(size_t n_orgs, const char *policy);
void audit_log_finish(void);
/* A little of everything that can happen between three organisations in some weeks. */
void audit_log_live(int rounds);

/* What an audit reads from, and what it asked for. */
struct source {
    const struct slice *leaves;
    size_t n;
    uint64_t rereads, full_tiles;
    bool tiles_hold; /* every tile it gave is that of the leaves */
};
struct source source_of(const struct slice *leaves, size_t n);
/* Of the made log's network; reads again from the source and compares tiles with it. */
struct audit_config config_of(struct source *s, unsigned threads);
/* A settled audit of all leaves. */
struct audit *audit_run(const struct audit_config *config, const struct source *s);
/* The same of the made log, whose source goes to *s. */
struct audit *audit_made(struct source *s);

/* How many findings, or how many consequences. */
size_t audit_count(const struct audit *a, bool consequences);
/* Tells all on stderr. */
void audit_print(const struct audit *a);
/* The made log has this one finding beside consequences, at this index. */
void audit_expect_one(const char *code, uint64_t index);

#endif
