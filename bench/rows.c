/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/rows.h"

#include <stdio.h>
#include <string.h>

#include "bench/history.h"

static const char *const sides[] = {"short", "long"};

static void show_limits(const struct report *r)
{
    printf("\nlimits of this machine, measured in each round\n");
    report_show(r, "V1: Ed25519 verifications, a second of one core", "/s", "limit.v1");
    report_show(r, "Vc: the same, a second of a core while all verify", "/s", "limit.vc");
    report_show(r, "V:  Ed25519 verifications, all cores", "/s", "limit.v");
    report_show(r, "F50: append 4 KiB and fdatasync, median", "us", "limit.f50");
    report_show(r, "F99: the same, 99th percentile", "us", "limit.f99");
    report_show(r, "H:  bare libmicrohttpd answers, 64 connections", "/s", "limit.h");
    report_show(r, "    its CPU of an answer", "us", "limit.h_cpu");
    report_show(r, "    an answer, with its head", "bytes", "limit.h_bytes");
}

/* The bare server was loaded between the two histories; each is shown beside it. */
static void show_bare(const struct report *r, const char *side, const char *phase)
{
    report_show(r, "  bare checked POSTs", "/s", "bare.%s.rate", phase);
    report_show(r, "    as a share of V/k", "", "bare.%s.share", phase);
    report_show(r, "    its CPU of one", "us", "bare.%s.cpu", phase);
    report_show(r, "    the same in units of k/V1", "", "bare.%s.units", phase);
    report_show(r, "    the same in units of k/Vc", "", "bare.%s.busy_units", phase);
    report_show(r, "  entries/s over bare checked POSTs", "", "%s.%s.over_bare", side, phase);
    report_show(r, "  CPU of an entry over that of a bare checked POST", "", "%s.%s.cpu_over_bare",
                side, phase);
}

static void show_phase(const struct report *r, const char *side, const char *phase)
{
    char words[96];
    snprintf(words, sizeof words, "%s accepted", phase);
    report_show(r, words, "entries/s", "%s.%s.rate", side, phase);
    report_show(r, "  as a share of V/k", "", "%s.%s.share", side, phase);
    report_show(r, "  latency, 99th percentile, in F99", "", "%s.%s.f99", side, phase);
    report_show(r, "  latency, median", "us", "%s.%s.p50", side, phase);
    report_show(r, "  latency, 99th percentile", "us", "%s.%s.p99", side, phase);
    report_show(r, "  bare checks at the same pace, median", "us", "%s.%s.bare_p50", side, phase);
    report_show(r, "  bare checks at the same pace, 99th percentile", "us", "%s.%s.bare_p99", side,
                phase);
    report_show(r, "  bare checks as close to their own limit, median", "us", "%s.%s.load_p50",
                side, phase);
    report_show(r, "  bare checks as close to their own limit, 99th percentile", "us",
                "%s.%s.load_p99", side, phase);
    report_show(r, "  the same, each on the disk, median", "us", "%s.%s.kept_p50", side, phase);
    report_show(r, "  the same, each on the disk, 99th percentile", "us", "%s.%s.kept_p99", side,
                phase);
    report_show(r, "  server's CPU of an entry", "us", "%s.%s.cpu", side, phase);
    report_show(r, "  the same in units of k/V1", "", "%s.%s.units", side, phase);
    report_show(r, "  the same in units of k/Vc", "", "%s.%s.busy_units", side, phase);
    show_bare(r, side, phase);
    report_show(r, "  load generator's CPU of an entry", "us", "%s.%s.load_cpu", side, phase);
    report_show(r, "  entries a batch", "", "%s.%s.batch", side, phase);
    report_show(r, "  from taking a batch to its answers", "us", "%s.%s.commit", side, phase);
    report_show(r, "  share of the time that the writer is busy", "", "%s.%s.busy", side, phase);
    report_show(r, "  written to the disk an entry (whole device)", "bytes", "%s.%s.disk", side,
                phase);
    report_show(r, "  written by the process an entry (/proc/PID/io)", "bytes", "%s.%s.io", side,
                phase);
    report_show(r, "  anonymous memory", "MiB", "%s.%s.anon", side, phase);
}

static void show_side(const struct report *r, const char *side)
{
    static const char *const shown[] = {"k2.c1", "k2.c64", "k2.c256", "k1.c1", "k1.c64",
                                        "k1.c256", "paced", "beside"};
    printf("\nsemd over HTTP, %s history: now %.0f entries of %.0f bytes\n", side,
           report_value(r, "%s.size", side), report_value(r, "%s.record", side));
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        show_phase(r, side, shown[i]);
    report_show(r, "file bytes over record bytes, freed pages included", "", "%s.file", side);
    report_show(r, "file bytes over record bytes, tables alone", "", "%s.used", side);
}

static void show_reads(const struct report *r)
{
    static const char *const names[] = {"position", "page"};
    if (report_value(r, "read.page.rate") == 0)
        return;
    printf("\nreads of the long history, 64 connections, with a session\n");
    for (size_t i = 0; i < 2; i++) {
        char words[64];
        snprintf(words, sizeof words, "%s", i == 0 ? "an organisation's position"
                                                   : "a page of 20 entries");
        report_show(r, words, "/s", "read.%s.rate", names[i]);
        report_show(r, "  as a share of H", "", "read.%s.share", names[i]);
        report_show(r, "  server's CPU", "us", "read.%s.cpu", names[i]);
        report_show(r, "  the same over that of the bare answer", "", "read.%s.units", names[i]);
        report_show(r, "  latency, 99th percentile", "us", "read.%s.p99", names[i]);
        report_show(r, "  answer", "bytes", "read.%s.bytes", names[i]);
    }
    report_show(r, "positions on 4 connections while others write (\"beside\")", "/s",
                "read.beside.rate");
    report_show(r, "  latency, median", "us", "read.beside.p50");
    report_show(r, "  latency, 99th percentile", "us", "read.beside.p99");
}

/* As in bench/history.c; the last is what the store commits at once under load. */
static const char *const commits[] = {"1", "32", "256", "2048"};
enum { COMMITS = sizeof commits / sizeof commits[0] };

static void show_pages(const struct report *r, const char *when, const char *name)
{
    for (size_t i = 0; i < COMMITS; i++)
        printf(" %9.2f", report_value(r, "long.%spages.%s.%s", when, commits[i], name));
}

static void show_heads(void)
{
    for (size_t i = 0; i < COMMITS; i++)
        printf(" %9s", commits[i]);
}

static void show_table(const struct report *r, const char *name)
{
    printf("  %-14s %8.3f %8.1f", name, report_value(r, "long.rows.%s", name),
           report_value(r, "long.bytes.%s", name));
    show_pages(r, "", name);
    printf("\n");
}

static void show_busy_table(const struct report *r, const char *name)
{
    printf("  %-14s %8.3f", name, report_value(r, "long.busy.rows.%s", name));
    show_pages(r, "busy.", name);
    show_pages(r, "after.", name);
    printf("\n");
}

static void show_busy_day(const struct report *r)
{
    printf("\nthe same at the end of a busy day, and on the day after\n"
           "  %-14s %8s %39s %39s\n  %-14s %8s", "", "rows", "pages of a commit of",
           "on the day after", "table", "an entry");
    show_heads();
    show_heads();
    printf("\n");
    for (size_t i = 0; i < history_tables(); i++)
        if (report_value(r, "long.busy.pages.2048.%s", history_table(i)) > 0 ||
            report_value(r, "long.after.pages.2048.%s", history_table(i)) > 0)
            show_busy_table(r, history_table(i));
    show_busy_table(r, "sum");
}

void rows_show_tables(const struct report *r)
{
    printf("\nwhat each table costs at the long history, before the load\n"
           "  %-14s %8s %8s %39s\n  %-14s %8s %8s", "", "rows", "bytes",
           "pages of 4 KiB a commit of", "table", "an entry", "an entry");
    show_heads();
    printf("\n");
    for (size_t i = 0; i < history_tables(); i++)
        if (report_value(r, "long.pages.2048.%s", history_table(i)) > 0)
            show_table(r, history_table(i));
    show_table(r, "sum");
    report_show(r, "  file bytes over record bytes, tables alone", "", "long.used");
    report_show(r, "  file bytes over record bytes, freed pages included", "", "long.file");
    report_show(r, "  bytes of a record", "bytes", "long.record");
    if (report_value(r, "long.busy.pages.2048.sum") > 0)
        show_busy_day(r);
}

void rows_show(const struct report *r)
{
    show_limits(r);
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
        show_side(r, sides[i]);
    show_reads(r);
    rows_show_tables(r);
    if (report_value(r, "inside.rate") == 0)
        return;
    printf("\nwithout HTTP: parse, verify, rules, log, durable commit in this process\n");
    report_show(r, "accepted", "entries/s", "inside.rate");
    report_show(r, "  as a share of V/2", "", "inside.share");
    report_show(r, "  CPU of an entry in units of 2/V1", "", "inside.units");
    report_show(r, "  the same in units of 2/Vc", "", "inside.busy_units");
    report_show(r, "  entries a batch", "", "inside.batch");
    report_show(r, "one client, one entry at a time, latency, median", "us", "inside.p50");
}

static void goals_of_writing(struct report *r)
{
    double f99_us = report_value(r, "limit.f99");
    static const char *const k[] = {"k2", "k1"};
    for (size_t i = 0; i < 2; i++) {
        bool two = i == 0;
        report_goal(r, two ? "share.k2" : "share.k1",
                    two ? "entries/s, k = 2, 256 connections, in V/k"
                        : "entries/s, k = 1, 256 connections, in V/k",
                    report_value(r, "long.%s.c256.share", k[i]), ">=", 0.60, "");
        report_goal(r, two ? "cpu.k2" : "cpu.k1",
                    two ? "server's CPU of an entry, k = 2, in k/V1"
                        : "server's CPU of an entry, k = 1, in k/V1",
                    report_value(r, "long.%s.c256.units", k[i]), "<=", 1.45, "");
        report_goal(r, two ? "cpu.k2.busy" : "cpu.k1.busy",
                    two ? "the same, k = 2, in k/Vc" : "the same, k = 1, in k/Vc",
                    report_value(r, "long.%s.c256.busy_units", k[i]), "<=", 1.45, "");
    }
    report_goal(r, "one_client", "one client, 99th percentile (2.5 F99 + 1 ms)",
                report_value(r, "long.k2.c1.p99"), "<=", 2.5 * f99_us + 1000, "us");
    report_goal(r, "paced", "at 40 % of saturation, 99th percentile, in F99",
                report_value(r, "long.paced.f99"), "<=", 18, "");
    report_goal(r, "longer", "entries/s at the long history over the short",
                report_value(r, "longer"), ">=", 0.9, "");
}

void rows_goals(struct report *r)
{
    printf("\n%-60s %10s %18s %s\n", "goals", "measured", "goal   ", "reached");
    goals_of_writing(r);
    report_goal(r, "position.rate", "position reads, in H", report_value(r, "read.position.share"),
                ">=", 0.80, "");
    report_goal(r, "position.cpu", "CPU of a position read over that of a bare answer",
                report_value(r, "read.position.units"), "<=", 1.25, "");
    report_goal(r, "file", "file bytes over record bytes", report_value(r, "long.file"), "<=",
                1.35, "");
    double disk = report_value(r, "long.k2.c256.disk");
    report_goal(r, "written",
                disk > 0 ? "written an entry at saturation (whole device)"
                         : "written an entry at saturation (/proc/PID/io)",
                disk > 0 ? disk : report_value(r, "long.k2.c256.io"), "<=", 6000, "bytes");
    report_goal(r, "anon", "anonymous memory at 256 connections",
                report_value(r, "long.k2.c256.anon"), "<=", 32, "MiB");
}
