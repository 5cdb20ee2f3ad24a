/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/audit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/audit_log.h"
#include "bench/meter.h"
#include "ledger/audit.h"
#include "ledger/log.h"
#include "policies/window.h"

#define VERIFY_SECONDS 1.5
#define ROUNDS_SECONDS 35 /* no round begins later */
/* Twice the entries of the plan fill this time, so that windows end within the log. */
#define SPAN_DAYS (3 * 365)
#define MIB 1048576.0

static const char *const lengths[] = {"half", "whole", "twice"};
#define LENGTHS (sizeof lengths / sizeof lengths[0])

struct bench {
    const struct audit_plan *plan;
    struct report *report;
    struct audit_log log;
    size_t n_lengths;
    uint64_t sizes[LENGTHS]; /* leaves */
    char dirs[LENGTHS][256];
    struct verify_item *items; /* of the whole: two of each entry */
    size_t n_items;
};

/* --- Making ----------------------------------------------------------------------------------- */

static bool make(struct bench *b)
{
    double past_ms = (double)(SPAN_DAYS * WINDOW_DAY_MS), start = bench_now_s();
    double step_ms = (past_ms - 2.0 * (double)WINDOW_DAY_MS) / (2 * (double)b->plan->entries);
    size_t half = b->plan->entries / 2, made = 0;
    bool ok = audit_log_start(&b->log, b->plan->n_orgs, (int64_t)past_ms);
    for (size_t i = 0; i < b->n_lengths && ok; i++) {
        size_t until = half << i;
        ok = audit_log_grow(&b->log, made, until - made, step_ms);
        made = until;
        b->sizes[i] = b->log.size;
        snprintf(b->dirs[i], sizeof b->dirs[i], "%s/audit-%s", b->plan->dir, lengths[i]);
        ok = ok && audit_log_write(&b->log, b->sizes[i], b->dirs[i]);
    }
    b->items = ok ? audit_log_items(&b->log, b->sizes[1], &b->n_items) : NULL;
    report_add(b->report, bench_now_s() - start, "audit.made");
    return b->items != NULL;
}

/* --- The engine alone ------------------------------------------------------------------------- */

static bool reread(void *log, uint64_t index, struct slice *leaf)
{
    return log_read(((struct audit_log *)log)->kv, index, leaf);
}

static void feed(struct audit *audit, struct audit_log *log, uint64_t from, uint64_t until)
{
    struct slice leaves[256];
    while (from < until) {
        size_t n = 0;
        while (n < sizeof leaves / sizeof leaves[0] && from < until) {
            bool there = reread(log, from++, &leaves[n++]);
            assert(there);
        }
        audit_take(audit, leaves, n);
    }
}

/* What it keeps at each length, and that it finds nothing. */
static bool count_items(struct bench *b)
{
    struct audit_config config = {.origin = BENCH_ORIGIN, .log_key = &b->log.network.log,
                                  .reread = reread, .ctx = &b->log};
    struct audit_figures figures;
    struct audit *audit = audit_new(&config);
    if (audit == NULL)
        return false;
    for (size_t i = 0; i < b->n_lengths; i++) {
        feed(audit, &b->log, i > 0 ? b->sizes[i - 1] : 0, b->sizes[i]);
        audit_figures(audit, &figures);
        report_add(b->report, (double)b->sizes[i], "audit.size.%s", lengths[i]);
        report_add(b->report, (double)figures.items, "audit.items.%s", lengths[i]);
    }
    audit_settle(audit);
    bool ok = audit_sound(audit) && audit_n_findings(audit) == 0;
    if (!ok)
        fprintf(stderr, "bench: the audit of a sound log finds something\n");
    audit_free(audit);
    return ok;
}

/* --- The program ------------------------------------------------------------------------------ */

static bool run_semctl(const struct bench *b, size_t length, struct meter *out)
{
    const char *argv[] = {b->plan->semctl, "audit", b->dirs[length], NULL};
    return meter_run(argv, out);
}

static void verify(const struct bench *b, struct verify_limit *out)
{
    limit_verify(b->items, b->n_items, bench_cores(), VERIFY_SECONDS * b->plan->pace, out);
}

/* The limit is measured before and after each audit, so that both see the same machine. */
static bool run_rounds(struct bench *b)
{
    struct verify_limit before, after;
    double entries = (double)b->n_items / 2;
    double until = bench_now_s() + ROUNDS_SECONDS;
    bool ok = true;
    verify(b, &before);
    for (size_t i = 0; i < b->plan->rounds && ok && (i == 0 || bench_now_s() < until); i++) {
        struct meter m;
        ok = run_semctl(b, 1, &m);
        if (!ok)
            break;
        verify(b, &after);
        double v = (before.per_second + after.per_second) / 2;
        double v1 = (before.per_cpu_second + after.per_cpu_second) / 2;
        double rate = entries / m.seconds, cpu_s = m.cpu_s / entries;
        report_add(b->report, v, "audit.v");
        report_add(b->report, v1, "audit.v1");
        report_add(b->report, rate, "audit.rate");
        report_add(b->report, rate * 2 / v, "audit.share");
        report_add(b->report, cpu_s * 1e6, "audit.cpu");
        report_add(b->report, cpu_s * v1 / 2, "audit.units");
        report_add(b->report, m.peak_bytes / MIB, "audit.rss.whole");
        before = after;
    }
    return ok;
}

static bool measure_memory(struct bench *b)
{
    bool ok = true;
    for (size_t i = 0; i < b->n_lengths && ok; i++) {
        struct meter m;
        if (i == 1)
            continue; /* measured in the rounds */
        ok = run_semctl(b, i, &m);
        if (ok)
            report_add(b->report, m.peak_bytes / MIB, "audit.rss.%s", lengths[i]);
    }
    return ok;
}

bool audit_measure(const struct audit_plan *plan, struct report *report)
{
    struct bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return false;
    b->plan = plan;
    b->report = report;
    b->n_lengths = plan->twice ? 3 : 2;
    bool ok = make(b) && count_items(b) && run_rounds(b) && measure_memory(b);
    audit_log_end(&b->log);
    free(b->items);
    free(b);
    return ok;
}

/* --- Telling ---------------------------------------------------------------------------------- */

void audit_show(const struct report *r)
{
    if (report_value(r, "audit.rate") == 0)
        return;
    printf("\n`semctl audit` of a folder, beside bare verification of the same signatures\n");
    report_show(r, "V: Ed25519 verifications, all cores", "/s", "audit.v");
    report_show(r, "audited, entries of two signatures", "entries/s", "audit.rate");
    report_show(r, "  as a share of V/2", "", "audit.share");
    report_show(r, "  CPU of an entry", "us", "audit.cpu");
    report_show(r, "  the same in units of 2/V1", "", "audit.units");
    for (size_t i = 0; i < LENGTHS; i++) {
        char words[96];
        double size = report_value(r, "audit.size.%s", lengths[i]);
        snprintf(words, sizeof words, "log of %.0f leaves: peak memory", size);
        report_show(r, words, "MiB", "audit.rss.%s", lengths[i]);
        if (size > 0)
            report_show(r, "  records of the state that it keeps", "", "audit.items.%s",
                        lengths[i]);
    }
}

void audit_goals(struct report *r)
{
    report_goal(r, "audit", "audited entries/s, k = 2, in V/2", report_value(r, "audit.share"),
                ">=", 0.85, "");
}
