/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Random histories through the rules and through an independent model (tests/model/).
 *
 *   SEM_SEED=n       one seed alone, as a failure asks for
 *   SEM_SEEDS=n      how many seeds (200; 10 with sanitizers)
 *   SEM_SEED_FROM=n  the first of them (1)
 *
 * Seeds are shared out to as many processes as there are cores.
 *
 * What such a history cannot meet, so that M_CODES leaves it out: wrong signatures and keys
 * (201..208, but for the key_unknown of key.revoke), because nothing is signed here; network_keys
 * (403), because only the server knows its own keys; clock_only (404), which is for whoever posts
 * a tick. Their own tests have them.
 */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ledger/history_driver.h"

#define ENTRIES 2000
#define WORKERS_MAX 16
#ifdef SANITIZED
#define SEEDS 10
#else
#define SEEDS 200
#endif
/* From this many seeds on the coverage itself is required. */
#define SEEDS_FOR_COVERAGE 100

struct shared {
    atomic_ullong next, last;
    atomic_int failed;
    struct history_coverage coverage[WORKERS_MAX];
};

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void work(struct shared *shared, int worker)
{
    for (;;) {
        uint64_t seed = atomic_fetch_add(&shared->next, 1);

        if (seed > shared->last || shared->failed)
            return;
        if (!history_run(seed, ENTRIES, &shared->coverage[worker]))
            shared->failed = 1;
    }
}

static void run_all(struct shared *shared)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int workers = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (int)cores;
    pid_t pids[WORKERS_MAX];

    history_keys();
    for (int i = 0; i < workers; i++) {
        pids[i] = fork();
        cr_assert_geq(pids[i], 0);
        if (pids[i] == 0) {
            work(shared, i);
            _exit(0);
        }
    }
    for (int i = 0; i < workers; i++) {
        int status;

        waitpid(pids[i], &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            shared->failed = 1;
    }
}

static void add_up(const struct shared *shared, struct history_coverage *sum)
{
    memset(sum, 0, sizeof *sum);
    for (int w = 0; w < WORKERS_MAX; w++) {
        const uint64_t *from = (const uint64_t *)&shared->coverage[w];
        uint64_t *to = (uint64_t *)sum;

        for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
            to[i] += from[i];
    }
}

static void print_coverage(const struct history_coverage *c)
{
    for (int i = 0; i < M_KIND_COUNT; i++)
        cr_log_info("accepted %8" PRIu64 "  %s", c->accepted[i], m_kind_word((enum m_kind)i));
    for (int i = 0; i < M_CODE_COUNT; i++)
        cr_log_info("refused  %8" PRIu64 "  %s", c->refused[i], m_code_word((enum m_code)i));
    cr_log_info("known %" PRIu64 ", full ticks %" PRIu64 ", beyond the floor %" PRIu64
                ", urgent beyond the hard stop %" PRIu64 ", refusals with one fitting code %" PRIu64
                ", with several %" PRIu64, c->known, c->ticks_full, c->soft, c->urgent_past_line,
                c->single, c->several);
}

/* What SPEC 18 brings: how often it happened, and how often it must in ten seeds. */
#define RECIPROCITY(X) \
    X(paid, 50) X(ran_out, 5) X(paid_back, 10) X(covered, 10) X(quarters, 100) X(given, 50) \
    X(forgiven, 50) X(crises, 10) X(by_panel, 20) X(confirmed, 5) X(in_force[2], 50) \
    X(in_force[3], 20) X(in_force[4], 10)

static void print_reciprocity(const struct history_coverage *c)
{
#define PRINT(name, least) cr_log_info("%8" PRIu64 "  " #name, c->name);
    RECIPROCITY(PRINT)
#undef PRINT
}

static void require_coverage(const struct history_coverage *c, uint64_t seeds)
{
#define REQUIRE(name, least) cr_expect_geq(c->name, (least) * seeds / 10, #name);
    RECIPROCITY(REQUIRE)
#undef REQUIRE

    for (int i = 0; i < M_KIND_COUNT; i++)
        cr_expect_geq(c->accepted[i], seeds, "%s was accepted %" PRIu64 " times",
                      m_kind_word((enum m_kind)i), c->accepted[i]);
    for (int i = 0; i < M_CODE_COUNT; i++)
        cr_expect_geq(c->refused[i], 1, "%s was never seen", m_code_word((enum m_code)i));
    cr_expect_geq(c->known, seeds);
    cr_expect_geq(c->ticks_full, 1);
    cr_expect_geq(c->soft, seeds);
    cr_expect_geq(c->urgent_past_line, seeds);
    cr_expect_geq(c->single, 3 * c->several, "too many refusals have several reasons");
}

Test(histories, rules_and_model_agree_on_every_entry)
{
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct history_coverage sum;
    uint64_t one = setting("SEM_SEED", 0);
    uint64_t from = one ? one : setting("SEM_SEED_FROM", 1);
    uint64_t seeds = one ? 1 : setting("SEM_SEEDS", SEEDS);

    cr_assert_neq(shared, MAP_FAILED);
    shared->next = from;
    shared->last = from + seeds - 1;
    run_all(shared);
    add_up(shared, &sum);
    print_coverage(&sum);
    print_reciprocity(&sum);
    cr_assert_not(shared->failed, "a history differs: see above");
    if (seeds >= SEEDS_FOR_COVERAGE)
        require_coverage(&sum, seeds);
    munmap(shared, sizeof *shared);
}
