/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the machine can do, and what share of it SEM reaches, in one run (bench/README.md). Absolute
 * figures of a virtual machine drift by tens of per cent; the ratios are what to compare.
 *
 *     sem-bench [ENTRIES]        default 20000 entries of two signatures
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/limits.h"
#include "bench/write_path.h"
#include "crypto/random.h"

#define ENTRIES_DEFAULT 20000
#define ENTRIES_MAX 1000000

static void show(const char *what, double value, const char *unit)
{
    printf("  %-52s %10.1f %s\n", what, value, unit);
}

static void show_ratio(const char *what, double value)
{
    printf("  %-52s %10.2f\n", what, value);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    long entries = argc > 1 ? strtol(argv[1], &end, 10) : ENTRIES_DEFAULT;
    if (argc > 2 || (end != NULL && *end != '\0') || entries < 100 || entries > ENTRIES_MAX) {
        fprintf(stderr, "usage: sem-bench [ENTRIES], 100 to %d\n", ENTRIES_MAX);
        return 2;
    }
    if (crypto_start() != 0)
        return 1;
    size_t cores = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    struct verify_limit one, all;
    struct sync_limit sync;
    struct write_result write;

    printf("limits of this machine, %zu cores\n", cores);
    limit_verify(1, &one);
    limit_verify(cores, &all);
    show("V1: Ed25519 verifications, one core", one.per_second, "/s");
    show("V:  Ed25519 verifications, all cores", all.per_second, "/s");
    if (!limit_sync(".", &sync))
        return 1;
    show("F50: fdatasync of 4 KiB, median", sync.p50_us, "us");
    show("F99: the same, 99th percentile", sync.p99_us, "us");

    printf("\nwriting %ld entries of two signatures: parse, verify, rules, log, durable commit\n",
           entries);
    if (!write_path((size_t)entries, cores, 256, &write))
        return 1;
    show("accepted", write.per_second, "entries/s");
    show_ratio("share of the signature limit V/2", write.per_second / (all.per_second / 2));
    show_ratio("CPU of an entry, in units of 2/V1",
               write.cpu_us / 1e6 / (2 / one.per_second));
    show("entries a commit", write.entries_per_commit, "");
    show("file bytes an entry", write.file_bytes, "");
    show_ratio("file bytes over leaf bytes", write.file_bytes / write.leaf_bytes);

    if (!write_path(200, 1, 1, &write))
        return 1;
    printf("\none client, one entry at a time\n");
    show("latency, median", write.p50_us, "us");
    show_ratio("over 2.5 F50 + 2/V1 + 500 us",
               write.p50_us / (2.5 * sync.p50_us + 2e6 / one.per_second + 500));
    return 0;
}
