/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lives of made-up networks through the writer, its log and its stores, against the independent
 * model (tests/soak/sim.h).
 *
 *   SEM_SEED=n       one seed alone, as a failure asks for
 *   SEM_SEEDS=n      how many seeds (1000; 40 with sanitizers)
 *   SEM_SEED_FROM=n  the first of them (1)
 *
 * Seeds are shared out to as many processes as there are cores.
 */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/soak/sim.h"

#define LEAVES 45
#define WORKERS_MAX 16
#ifdef SANITIZED
#define SEEDS 40
#else
#define SEEDS 1000
#endif
#define SEEDS_FOR_COVERAGE 40

struct shared {
    atomic_ullong next, last;
    atomic_int failed;
    atomic_ullong seed[WORKERS_MAX]; /* under way */
    struct sim_coverage coverage[WORKERS_MAX];
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
        shared->seed[worker] = seed;
        if (!sim_run(seed, LEAVES, &shared->coverage[worker])) {
            fprintf(stderr, "the whole command: SEM_SEED=%" PRIu64
                    " build/tests/test-soak --filter 'simulation/*'\n", seed);
            shared->failed = 1;
        }
    }
}

static void run_all(struct shared *shared)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int workers = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (int)cores;
    pid_t pids[WORKERS_MAX];

    sim_keys();
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
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "seed %" PRIu64 " ended with status %d; again with: SEM_SEED=%" PRIu64
                    " build/tests/test-soak\n", (uint64_t)shared->seed[i], status,
                    (uint64_t)shared->seed[i]);
            shared->failed = 1;
        }
    }
}

static struct sim_coverage add_up(const struct shared *shared)
{
    struct sim_coverage sum = {0};
    uint64_t *to = (uint64_t *)&sum;

    for (int w = 0; w < WORKERS_MAX; w++) {
        const uint64_t *from = (const uint64_t *)&shared->coverage[w];

        for (size_t i = 0; i < sizeof sum / sizeof *to; i++)
            to[i] += from[i];
    }
    return sum;
}

static void look(const char *what, uint64_t n, uint64_t least)
{
    cr_log_info("%10" PRIu64 " %s", n, what);
    cr_expect_geq(n, least, "%s: %" PRIu64, what, n);
}

static void require_coverage(const struct sim_coverage *c, uint64_t seeds)
{
    uint64_t most = seeds < SEEDS_FOR_COVERAGE ? 0 : seeds;

    look("seeds", c->seeds, seeds);
    look("groups of jobs", c->steps, most);
    look("accepted", c->accepted, most);
    look("refused", c->refused, most);
    look("refused for good, and signed", c->final, most);
    look("known by their text", c->known, most);
    look("refused again with the same words", c->remembered, most);
    look("of them in one group", c->twins, most / 40);
    look("under an id that is taken", c->reused, most / 4);
    look("posted late", c->late, most);
    look("ticks", c->ticks, most);
    look("of them while nobody wrote", c->idle, most / 4);
    look("seals", c->seals, most / 4);
    look("about the pool, status, promises and steps", c->decisions, most);
    look("records that the pool pays a part of", c->paid, most / 40);
    look("moments of the calendar", c->calendar, most);
    look("restarts", c->restarts, most / 8);
    look("groups of several jobs", c->several, most);
    look("full queues", c->full, most / 4);
    look("receipts and consistency proofs", c->receipts, most);
    look("receipts that came with the answer", c->proofs, most);
    look("groups that only the journal had", c->behind, most);
}

Test(simulation, writer_and_model_agree_on_every_answer_and_record)
{
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t one = setting("SEM_SEED", 0);
    uint64_t from = one ? one : setting("SEM_SEED_FROM", 1);
    uint64_t seeds = one ? 1 : setting("SEM_SEEDS", SEEDS);

    cr_assert_neq(shared, MAP_FAILED);
    shared->next = from;
    shared->last = from + seeds - 1;
    run_all(shared);
    cr_assert_not(shared->failed, "a simulation differs: see above");
    struct sim_coverage sum = add_up(shared);
    require_coverage(&sum, seeds);
    munmap(shared, sizeof *shared);
}
