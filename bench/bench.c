/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the machine can do, and what share of it SEM reaches, in one run (bench/README.md). Absolute
 * figures of a virtual machine drift by tens of per cent; the ratios are what to compare.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/audit.h"
#include "bench/bare.h"
#include "bench/codec.h"
#include "bench/limits.h"
#include "bench/matching.h"
#include "bench/meter.h"
#include "bench/metrics.h"
#include "bench/network.h"
#include "bench/rows.h"
#include "bench/simulate.h"
#include "bench/stage.h"
#include "bench/write_path.h"
#include "crypto/random.h"
#include "ledger/files.h"

#define ENTRIES_MIN 100
#define ENTRIES_MAX 10000000
#define CODEC_ENTRIES 20000
#define INSIDE_ENTRIES 20000
#define METRICS_ORGS 500
#define METRICS_EXCHANGES 50000

static const char usage[] =
    "Usage: sem-bench [OPTION...]\n"
    "       sem-bench codec [ENTRIES]    only what an entry costs beside its signatures\n"
    "       sem-bench metrics [EXCHANGES]  only what the figures of reciprocity cost\n"
    "       sem-bench matching           only batches of proposals, as networks grow\n"
    "       sem-bench simulate           only simulations, as networks grow\n"
    "       sem-bench bare BYTES ORGS    a bare HTTP server, until SIGTERM\n"
    "       sem-bench meter PROGRAM [ARG...]  its seconds, CPU seconds and peak memory\n"
    "Measures the semd and semctl in this folder, and the limits of the machine beside them.\n"
    "\n"
    "  --short N     entries of the short history (10000)\n"
    "  --long N      of the long one (100000)\n"
    "  --busy N      of the busy day of --only tables (40000)\n"
    "  --orgs N      organisations, 64 to 1024 (1000)\n"
    "  --rounds N    how often everything is measured (3); 35 s each\n"
    "  --quick       one round with short phases: shows that it runs, no figure means much\n"
    "  --dir DIR     an empty folder on the disk that is meant; files stay there (needed)\n"
    "  --pace N      phases N times as long (1)\n"
    "  --only PHASE  one phase alone, for a profiler: k2.c1, k2.c64, k2.c256, k1..., read, audit,\n"
    "                paced (behind k2.c256, of which it is a share);\n"
    "                or tables: pages and bytes of the tables of the long history, exact counts\n"
    "  --audit N     entries of the log that is audited (100000)\n"
    "  --audit-twice memory of the audit of twice as many, too\n"
    "  --semd FILE   the server (./semd)\n"
    "  --semctl FILE the auditor (./semctl)\n"
    "  --json FILE   where the figures go (bench/result.json)\n";

static void show(const char *what, double value, const char *unit)
{
    printf("  %-52s %10.1f %s\n", what, value, unit);
}

static void show_ratio(const char *what, double value)
{
    printf("  %-52s %10.2f\n", what, value);
}

static bool show_codec(size_t entries)
{
    struct codec_result r;
    printf("\nan entry beside its signatures, one core, in memory, %zu entries\n", entries);
    if (!codec(entries, &r))
        return false;
    show("key_verify of its text", r.verify_us, "us");
    show("note_parse", r.note_us, "us");
    show("entry_decode", r.decode_us, "us");
    show("replay_leaf: note, entry, rules, tree", r.replay_us, "us");
    show("memory of an entry's log and state", r.bytes, "bytes");
    show_ratio("note_parse over key_verify", r.note_us / r.verify_us);
    show_ratio("entry_decode over key_verify", r.decode_us / r.verify_us);
    show_ratio("replay_leaf over key_verify", r.replay_us / r.verify_us);
    show_ratio("share of the limit that an audit can reach",
               2 * r.verify_us / (2 * r.verify_us + r.replay_us));
    return true;
}

/* --- The whole -------------------------------------------------------------------------------- */

/* The write path without HTTP: what the server cannot be faster than, but for its batches. */
static bool measure_inside(const char *parent, struct report *report, size_t entries)
{
    struct write_result w;
    char dir[256];
    double v1 = report_value(report, "limit.v1"), v = report_value(report, "limit.v");
    if (!path_join(dir, sizeof dir, parent, "inside") ||
        !write_path(dir, entries, bench_cores(), 256, &w))
        return false;
    report_add(report, w.per_second, "inside.rate");
    report_add(report, w.per_second * 2 / v, "inside.share");
    report_add(report, w.cpu_us * v1 / 2e6, "inside.units");
    report_add(report, w.cpu_us * report_value(report, "limit.vc") / 2e6, "inside.busy_units");
    report_add(report, w.entries_per_commit, "inside.batch");
    if (!write_path(dir, entries / 100 + 10, 1, 1, &w))
        return false;
    report_add(report, w.p50_us, "inside.p50");
    return true;
}

static bool is_only(const struct stage_plan *plan, const char *part)
{
    return plan->only != NULL && strcmp(plan->only, part) == 0;
}

/* The audit or the tables alone, or everything, or one phase of the stage. */
static bool measure_all(const struct stage_plan *plan, struct audit_plan *audit,
                        struct report *report)
{
    bool only_audit = is_only(plan, "audit");
    audit->dir = plan->dir;
    audit->n_orgs = plan->n_orgs;
    audit->rounds = plan->rounds;
    audit->pace = plan->pace;
    if (only_audit)
        return audit_measure(audit, report);
    if (is_only(plan, "tables"))
        return stage_tables(plan, report);
    return stage_run(plan, report) &&
           (plan->only != NULL ||
            (measure_inside(plan->dir, report, (size_t)(INSIDE_ENTRIES * plan->pace)) &&
             audit_measure(audit, report)));
}

static bool measure(const struct stage_plan *plan, struct audit_plan *audit, const char *json)
{
    struct report *report = report_new();
    double start = bench_now_s();
    bool ok = measure_all(plan, audit, report);
    if (ok) {
        printf("%zu organisations; histories of %zu and %zu entries; %zu rounds; %zu cores; "
               "%.0f s\n", plan->n_orgs, plan->entries_short, plan->entries_long, plan->rounds,
               bench_cores(), bench_now_s() - start);
        if (is_only(plan, "tables"))
            rows_show_tables(report);
        else if (!is_only(plan, "audit"))
            rows_show(report);
        audit_show(report);
        if (plan->only == NULL) {
            rows_goals(report);
            audit_goals(report);
        }
        ok = report_write(report, json);
    }
    report_free(report);
    return ok;
}

static size_t number(const char *text, size_t min, size_t max)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && n >= min && n <= max)
        return n;
    fprintf(stderr, "sem-bench: %s is not a number from %zu to %zu\n", text, min, max);
    exit(2);
}

static const char *read_options(struct stage_plan *plan, struct audit_plan *audit, int argc,
                                char **argv)
{
    static const struct option options[] = {
        {"short", required_argument, NULL, 's'},  {"long", required_argument, NULL, 'l'},
        {"busy", required_argument, NULL, 'b'},
        {"orgs", required_argument, NULL, 'o'},   {"rounds", required_argument, NULL, 'r'},
        {"quick", no_argument, NULL, 'q'},        {"semd", required_argument, NULL, 'd'},
        {"json", required_argument, NULL, 'j'},   {"dir", required_argument, NULL, 'f'},
        {"only", required_argument, NULL, 'y'},   {"pace", required_argument, NULL, 'p'},
        {"audit", required_argument, NULL, 'a'},  {"semctl", required_argument, NULL, 'c'},
        {"audit-twice", no_argument, NULL, 't'},  {NULL, 0, NULL, 0}};
    const char *json = "bench/result.json";
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's': plan->entries_short = number(optarg, ENTRIES_MIN, ENTRIES_MAX); break;
        case 'l': plan->entries_long = number(optarg, ENTRIES_MIN, ENTRIES_MAX); break;
        case 'b': plan->entries_busy = number(optarg, ENTRIES_MIN, ENTRIES_MAX); break;
        case 'o': plan->n_orgs = number(optarg, 64, BENCH_ORGS_MAX); break;
        case 'r': plan->rounds = number(optarg, 1, REPORT_SAMPLES_MAX / 4); break;
        case 'q': plan->rounds = 1; plan->pace = 0.05; break;
        case 'y': plan->only = optarg; break;
        case 'p': plan->pace = (double)number(optarg, 1, 100); break;
        case 'd': plan->semd = optarg; break;
        case 'a': audit->entries = number(optarg, ENTRIES_MIN, ENTRIES_MAX); break;
        case 'c': audit->semctl = optarg; break;
        case 't': audit->twice = true; break;
        case 'j': json = optarg; break;
        case 'f': plan->dir = optarg; break;
        default: fputs(usage, stderr); exit(2);
        }
    }
    if (optind < argc || plan->dir == NULL) {
        fputs(usage, stderr);
        exit(2);
    }
    return json;
}

int main(int argc, char **argv)
{
    struct stage_plan plan = {.semd = "./semd", .n_orgs = 1000, .entries_short = 10000,
                              .entries_long = 100000, .entries_busy = 40000, .rounds = 3,
                              .pace = 1};
    struct audit_plan audit = {.semctl = "./semctl", .entries = 100000};
    if (argc > 2 && strcmp(argv[1], "meter") == 0)
        return meter_main(argv + 2);
    if (crypto_start() != 0)
        return 1;
    if (argc == 4 && strcmp(argv[1], "bare") == 0)
        return bare_serve(number(argv[2], 1, 1 << 20), number(argv[3], 64, BENCH_ORGS_MAX));
    if (argc > 1 && strcmp(argv[1], "codec") == 0) {
        size_t entries = argc > 2 ? number(argv[2], ENTRIES_MIN, ENTRIES_MAX) : CODEC_ENTRIES;
        return show_codec(entries) ? 0 : 1;
    }
    if (argc > 1 && strcmp(argv[1], "metrics") == 0) {
        size_t exchanges = argc > 2 ? number(argv[2], ENTRIES_MIN, ENTRIES_MAX) : METRICS_EXCHANGES;
        return metrics_show(METRICS_ORGS, exchanges) ? 0 : 1;
    }
    if (argc == 2 && strcmp(argv[1], "matching") == 0)
        return matching_show(true) ? 0 : 1;
    if (argc == 2 && strcmp(argv[1], "simulate") == 0)
        return simulate_show(true) ? 0 : 1;
    const char *json = read_options(&plan, &audit, argc, argv);
    bool ok = measure(&plan, &audit, json);
    if (ok && plan.only == NULL)
        ok = show_codec(plan.pace < 1 ? ENTRIES_MIN : CODEC_ENTRIES) &&
             metrics_show(METRICS_ORGS, METRICS_EXCHANGES) && matching_show(plan.pace >= 1) &&
             simulate_show(plan.pace >= 1);
    return ok ? 0 : 1;
}
