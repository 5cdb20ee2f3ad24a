/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policies/loops.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOM 4000

struct taken {
    struct loop v[ROOM];
    size_t n, stop;
};

static bool take(void *context, const struct loop *loop)
{
    struct taken *taken = context;

    cr_assert_lt(taken->n, ROOM);
    taken->v[taken->n++] = *loop;
    return taken->n != taken->stop;
}

static void expect_loop(const struct loop *loop, uint32_t n, const uint32_t *org, int64_t minutes)
{
    cr_expect_eq(loop->n, n);
    cr_expect_eq(loop->minutes, minutes);
    for (uint32_t i = 0; i < n; i++)
        cr_expect_eq(loop->org[i], org[i]);
}

static const struct loop_wish square[] = {
    {2, 3, 90}, {0, 1, 120}, {1, 0, 60}, {1, 2, 100}, {2, 0, 200}, {3, 0, 150},
};

Test(loops, each_is_found_once_in_order)
{
    static struct taken taken;

    taken = (struct taken){.stop = 0};
    cr_assert_eq(loops_each(square, COUNT(square), 4, take, &taken), 3);
    expect_loop(&taken.v[0], 2, (uint32_t[]){0, 1}, 60);
    expect_loop(&taken.v[1], 3, (uint32_t[]){0, 1, 2}, 100);
    expect_loop(&taken.v[2], 4, (uint32_t[]){0, 1, 2, 3}, 90);

    taken = (struct taken){.stop = 2};
    cr_assert_eq(loops_each(square, COUNT(square), 4, take, &taken), 2);
}

Test(loops, five_are_too_many)
{
    static const struct loop_wish ring[] = {{0, 1, 9}, {1, 2, 9}, {2, 3, 9}, {3, 4, 9}, {4, 0, 9}};
    static struct taken taken;

    taken = (struct taken){.stop = 0};
    cr_expect_eq(loops_each(ring, COUNT(ring), 5, take, &taken), 0);
}

/* All wishes at 60: as many loops as there are ordered choices of 2, 3 and 4 of n, each counted
 * once for its rotations. */
Test(loops, the_complete_network_has_all_of_them)
{
    enum { N = 7 };
    static struct taken taken;
    struct loop_wish wish[N * (N - 1)];
    size_t n = 0, pairs = N * (N - 1) / 2;

    taken = (struct taken){.stop = 0};
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < N; k++)
            if (i != k)
                wish[n++] = (struct loop_wish){i, k, 60};
    cr_expect_eq(loops_each(wish, n, N, take, &taken),
                 pairs + N * (N - 1) * (N - 2) / 3 + N * (N - 1) * (N - 2) * (N - 3) / 4);
    for (size_t i = 1; i < taken.n; i++) {
        uint32_t p[LOOP_ORGS_MAX] = {0}, q[LOOP_ORGS_MAX] = {0};

        /* A number past the end of a list counts as none: lower than any. */
        for (uint32_t k = 0; k < LOOP_ORGS_MAX; k++) {
            p[k] = k < taken.v[i - 1].n ? taken.v[i - 1].org[k] + 1 : 0;
            q[k] = k < taken.v[i].n ? taken.v[i].org[k] + 1 : 0;
        }
        for (uint32_t k = 0;; k++) {
            cr_assert_lt(k, LOOP_ORGS_MAX, "loop %zu twice", i);
            if (p[k] != q[k]) {
                cr_assert_lt(p[k], q[k]);
                break;
            }
        }
    }
}

Test(loops, chosen_loops_can_all_be_done)
{
    static const int64_t limit[] = {130, 500, 500, 500};
    struct loop loops[8];

    /* 100 round three; then 0 gives 1 no more than 20, and nothing of 30 is left. */
    cr_assert_eq(loops_choose(square, COUNT(square), 4, NULL, 30, loops, COUNT(loops)), 1);
    expect_loop(&loops[0], 3, (uint32_t[]){0, 1, 2}, 100);
    cr_assert_eq(loops_choose(square, COUNT(square), 4, NULL, 1, loops, COUNT(loops)), 2);
    expect_loop(&loops[1], 2, (uint32_t[]){0, 1}, 20);
    cr_assert_eq(loops_choose(square, COUNT(square), 4, limit, 20, loops, COUNT(loops)), 2);
    cr_assert_eq(loops_choose(square, COUNT(square), 4, NULL, 1, loops, 1), 1);

    int64_t narrow[] = {110, 500, 500, 500};

    cr_assert_eq(loops_choose(square, COUNT(square), 4, narrow, 1, loops, COUNT(loops)), 2);
    expect_loop(&loops[1], 2, (uint32_t[]){0, 1}, 10);
}

/* --- The largest balanced exchange ------------------------------------------------------------ */

/* "i gets q from j", as the examples are told. */
static struct loop_wish wants(uint32_t i, uint32_t j, int64_t q)
{
    return (struct loop_wish){.giver = j - 1, .receiver = i - 1, .minutes = q};
}

Test(loops, the_largest_exchange_of_four_is_nine_hours_in_one_way)
{
    const struct loop_wish wish[] = {wants(1, 2, 2), wants(1, 3, 1), wants(2, 3, 2), wants(3, 1, 3),
                                     wants(3, 4, 1), wants(4, 1, 2), wants(2, 4, 1)};
    static const int64_t limit[] = {3, 2, 3, 1}, expected[] = {2, 1, 2, 2, 1, 1, 0};
    int64_t part[COUNT(wish)];

    cr_expect_eq(loops_balanced(wish, COUNT(wish), 4, limit, NULL, part), 9);
    for (size_t i = 0; i < COUNT(wish); i++)
        cr_expect_eq(part[i], expected[i], "wish %zu: %" PRId64, i, part[i]);
}

Test(loops, priority_decides_between_equal_sums)
{
    const struct loop_wish wish[] = {wants(1, 2, 2), wants(2, 1, 2), wants(2, 3, 2),
                                     wants(3, 2, 2)};
    static const int64_t limit[] = {2, 2, 2};
    static const uint32_t last_first[] = {2, 1, 0}, first_first[] = {0, 1, 2};
    int64_t part[COUNT(wish)];

    cr_expect_eq(loops_balanced(wish, COUNT(wish), 3, limit, last_first, part), 4);
    cr_expect(part[0] == 0 && part[1] == 0 && part[2] == 2 && part[3] == 2);
    cr_expect_eq(loops_balanced(wish, COUNT(wish), 3, limit, first_first, part), 4);
    cr_expect(part[0] == 2 && part[1] == 2 && part[2] == 0 && part[3] == 0);
}

#define SMALL_ORGS 4
#define SMALL_WISHES 8

struct trial {
    struct loop_wish wish[SMALL_WISHES];
    size_t n;
    int64_t limit[SMALL_ORGS];
    uint32_t priority[SMALL_ORGS];
    int64_t x[SMALL_WISHES];
    int64_t best[1 + SMALL_ORGS]; /* sum, then what each receives by priority */
};

static void worth(const struct trial *t, const int64_t *x, int64_t *out)
{
    memset(out, 0, (1 + SMALL_ORGS) * sizeof *out);
    for (size_t i = 0; i < t->n; i++) {
        out[0] += x[i];
        for (uint32_t k = 0; k < SMALL_ORGS; k++)
            if (t->priority[k] == t->wish[i].receiver)
                out[1 + k] += x[i];
    }
}

static bool balanced(const struct trial *t, const int64_t *x)
{
    for (uint32_t v = 0; v < SMALL_ORGS; v++) {
        int64_t in = 0, out = 0;

        for (size_t i = 0; i < t->n; i++) {
            in += t->wish[i].receiver == v ? x[i] : 0;
            out += t->wish[i].giver == v ? x[i] : 0;
        }
        if (in != out || in > t->limit[v])
            return false;
    }
    return true;
}

static void try_all(struct trial *t, size_t i)
{
    int64_t found[1 + SMALL_ORGS];

    if (i < t->n) {
        for (t->x[i] = 0; t->x[i] <= t->wish[i].minutes; t->x[i]++)
            try_all(t, i + 1);
        return;
    }
    if (!balanced(t, t->x))
        return;
    worth(t, t->x, found);
    for (int k = 0; k <= SMALL_ORGS; k++)
        if (found[k] != t->best[k]) {
            if (found[k] > t->best[k])
                memcpy(t->best, found, sizeof found);
            return;
        }
}

Test(loops, balanced_exchanges_equal_trying_everything)
{
    uint64_t state = 123456789;

    for (int round = 0; round < 500; round++) {
        struct trial t = {.priority = {0, 1, 2, 3}};
        int64_t part[SMALL_WISHES], found[1 + SMALL_ORGS];

        for (uint32_t cell = 0; cell < SMALL_ORGS * SMALL_ORGS && t.n < SMALL_WISHES; cell++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            if (cell / SMALL_ORGS != cell % SMALL_ORGS && state >> 62 != 0)
                t.wish[t.n++] = (struct loop_wish){cell / SMALL_ORGS, cell % SMALL_ORGS,
                                                   1 + (int64_t)(state >> 40) % 2};
        }
        for (uint32_t v = 0; v < SMALL_ORGS; v++) {
            state = state * 6364136223846793005u + 1442695040888963407u;

            uint32_t other = (uint32_t)(state >> 60) % SMALL_ORGS, swap = t.priority[v];

            t.limit[v] = (int64_t)(state >> 33) % 4;
            t.priority[v] = t.priority[other];
            t.priority[other] = swap;
        }
        try_all(&t, 0);
        cr_assert_eq(loops_balanced(t.wish, t.n, SMALL_ORGS, t.limit, t.priority, part),
                     t.best[0]);
        cr_assert(balanced(&t, part));
        worth(&t, part, found);
        for (int k = 0; k <= SMALL_ORGS; k++)
            cr_assert_eq(found[k], t.best[k], "round %d", round);
    }
}

Test(loops, no_wish_no_loop)
{
    struct loop loops[1];

    cr_expect_eq(loops_each(NULL, 0, 3, take, NULL), 0);
    cr_expect_eq(loops_choose(NULL, 0, 3, NULL, 1, loops, 1), 0);
    cr_expect_eq(loops_balanced(NULL, 0, 3, NULL, NULL, NULL), 0);
    cr_expect_eq(loops_balanced(NULL, 0, 0, NULL, NULL, NULL), 0);
}
