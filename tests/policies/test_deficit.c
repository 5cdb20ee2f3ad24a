/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "policies/deficit.h"

#define HOUR 60
#define ROOM 8

enum { A = 1, B, C };
enum { COMPTA = 10, GRAPHISME };

struct plan {
    struct deficit_org orgs[ROOM];
    struct deficit_need needs[ROOM * ROOM];
    struct deficit_offer offers[ROOM * ROOM];
    struct deficit_input in;
    struct deficit_result result;
};

/* A needs 10 h of graphic design, which only B offers; B 10 h of accounting, which only A offers;
 * C 6 h of each, and offers nothing. */
static void start(struct plan *p)
{
    memset(p, 0, sizeof *p);
    p->in = (struct deficit_input){p->orgs, 3, p->needs, 4, p->offers, 2};
    p->orgs[0] = (struct deficit_org){A, 1000 * HOUR};
    p->orgs[1] = (struct deficit_org){B, 1000 * HOUR};
    p->orgs[2] = (struct deficit_org){C, 1000 * HOUR};
    p->needs[0] = (struct deficit_need){A, GRAPHISME, 10 * HOUR};
    p->needs[1] = (struct deficit_need){B, COMPTA, 10 * HOUR};
    p->needs[2] = (struct deficit_need){C, GRAPHISME, 6 * HOUR};
    p->needs[3] = (struct deficit_need){C, COMPTA, 6 * HOUR};
    p->offers[0] = (struct deficit_offer){B, GRAPHISME};
    p->offers[1] = (struct deficit_offer){A, COMPTA};
}

static const struct deficit_result *run(struct plan *p, size_t gains)
{
    deficit_free(&p->result);
    deficit_find(&p->in, gains, &p->result);
    return &p->result;
}

Test(deficit, who_nobody_can_ask_leaves_twelve_hours)
{
    struct plan p;

    start(&p);
    run(&p, 10);
    cr_expect_eq(p.result.asked, 32 * HOUR);
    cr_expect_eq(p.result.deficit, 12 * HOUR);
    cr_assert_eq(p.result.n_givers, 2);
    cr_expect(p.result.givers[0] == A && p.result.givers[1] == B);
    cr_assert_eq(p.result.n_unreached, 1);
    cr_expect_eq(p.result.unreached[0], C);
    /* Either offer of C would help by half; nothing that A or B could offer would. */
    cr_assert_eq(p.result.n_gains, 2);
    cr_expect(p.result.gains[0].org == C && p.result.gains[0].skill == COMPTA);
    cr_expect(p.result.gains[1].org == C && p.result.gains[1].skill == GRAPHISME);
    cr_expect_eq(p.result.gains[0].minutes, 6 * HOUR);
    cr_expect_eq(p.result.gains[1].minutes, 6 * HOUR);

    run(&p, 1);
    cr_assert_eq(p.result.n_gains, 1);
    cr_expect_eq(p.result.gains[0].skill, COMPTA);
    deficit_free(&p.result);
}

Test(deficit, one_new_offer_halves_it_and_two_end_it)
{
    struct plan p;

    start(&p);
    p.offers[p.in.n_offers++] = (struct deficit_offer){C, GRAPHISME};
    run(&p, 3);
    cr_expect_eq(p.result.deficit, 6 * HOUR);
    cr_expect_eq(p.result.n_givers, 1);
    cr_expect_eq(p.result.givers[0], A);
    cr_assert_eq(p.result.n_gains, 2);
    cr_expect(p.result.gains[0].org == C && p.result.gains[0].skill == COMPTA);
    cr_expect_eq(p.result.gains[0].minutes, 6 * HOUR);
    /* C draws for A what B drew, so B has 4 h left, which it could count for C. */
    cr_expect(p.result.gains[1].org == B && p.result.gains[1].skill == COMPTA);
    cr_expect_eq(p.result.gains[1].minutes, 4 * HOUR);

    p.offers[p.in.n_offers++] = (struct deficit_offer){C, COMPTA};
    run(&p, 3);
    cr_expect_eq(p.result.deficit, 0);
    cr_expect_eq(p.result.n_givers + p.result.n_unreached + p.result.n_gains, 0);
    deficit_free(&p.result);
}

Test(deficit, capacity_counts_as_well_and_nobody_serves_itself)
{
    struct plan p;

    start(&p);
    p.offers[p.in.n_offers++] = (struct deficit_offer){A, GRAPHISME}; /* for C, not for itself */
    run(&p, 0);
    cr_expect_eq(p.result.deficit, 12 * HOUR);
    p.orgs[1].capacity = 4 * HOUR;
    run(&p, 0);
    cr_expect_eq(p.result.deficit, 18 * HOUR);
    cr_expect_eq(p.result.n_gains, 0);
    deficit_free(&p.result);
}

/* --- Against every set of needs (Gale, Hoffman) --------------------------------------------------
 *
 * The deficit is the most by which any set of needs exceeds what those who could serve it can. */

static uint64_t state;

static uint32_t draw(uint32_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % n);
}

static int64_t most_exceeding(const struct plan *p)
{
    int64_t most = 0;

    for (uint32_t set = 0; set < 1u << p->in.n_needs; set++) {
        int64_t asked = 0, can = 0;

        for (size_t i = 0; i < p->in.n_needs; i++)
            asked += set >> i & 1 ? p->needs[i].minutes : 0;
        for (size_t j = 0; j < p->in.n_orgs; j++) {
            int64_t own = 0;
            int serves = 0;

            for (size_t i = 0; i < p->in.n_needs; i++) {
                own += p->needs[i].org == p->orgs[j].id ? p->needs[i].minutes : 0;
                for (size_t o = 0; o < p->in.n_offers; o++)
                    serves |= set >> i & 1 && p->offers[o].org == p->orgs[j].id &&
                              p->offers[o].skill == p->needs[i].skill &&
                              p->needs[i].org != p->orgs[j].id;
            }
            if (serves)
                can += own < p->orgs[j].capacity ? own : p->orgs[j].capacity;
        }
        if (asked - can > most)
            most = asked - can;
    }
    return most;
}

static void random_plan(struct plan *p)
{
    memset(p, 0, sizeof *p);
    p->in = (struct deficit_input){p->orgs, 2 + draw(4), p->needs, 0, p->offers, 0};
    for (uint32_t i = 0; i < p->in.n_orgs; i++) {
        p->orgs[i] = (struct deficit_org){5 * (i + 1) % 7, draw(20)};
        for (uint32_t skill = 0; skill < 3; skill++) {
            if (draw(2) == 0 && p->in.n_needs < 9)
                p->needs[p->in.n_needs++] =
                    (struct deficit_need){p->orgs[i].id, skill, draw(12)};
            if (draw(3) == 0)
                p->offers[p->in.n_offers++] = (struct deficit_offer){p->orgs[i].id, skill};
        }
    }
}

Test(deficit, equals_the_most_exceeding_set_of_needs)
{
    int with_gains = 0;

    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct plan p;

        state = seed * 0x9e3779b97f4a7c15u;
        random_plan(&p);
        run(&p, 100);

        int64_t before = p.result.deficit;

        cr_assert_eq(before, most_exceeding(&p), "seed %" PRIu64, seed);
        with_gains += p.result.n_gains > 0;
        /* Each possible new offer, made: it lowers the deficit by what was said, or by nothing. */
        for (size_t i = 0; i < p.in.n_orgs; i++)
            for (uint32_t skill = 0; skill < 3; skill++) {
                int64_t said = 0;
                int offered = 0;

                for (size_t o = 0; o < p.in.n_offers; o++)
                    offered |= p.offers[o].org == p.orgs[i].id && p.offers[o].skill == skill;
                for (size_t k = 0; k < p.result.n_gains; k++)
                    if (p.result.gains[k].org == p.orgs[i].id && p.result.gains[k].skill == skill)
                        said = p.result.gains[k].minutes;
                if (offered) {
                    cr_assert_eq(said, 0);
                    continue;
                }
                p.offers[p.in.n_offers++] = (struct deficit_offer){p.orgs[i].id, skill};
                cr_assert_eq(before - most_exceeding(&p), said, "seed %" PRIu64, seed);
                p.in.n_offers--;
            }
        for (size_t k = 1; k < p.result.n_gains; k++)
            cr_assert_geq(p.result.gains[k - 1].minutes, p.result.gains[k].minutes);
        deficit_free(&p.result);
    }
    cr_expect_gt(with_gains, 100);
}
