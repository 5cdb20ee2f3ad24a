/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "policies/skills.h"
#include "tests/policies/networks.h"

Test(skills, that_one_or_nobody_offers_hang_when_they_were_asked_for)
{
    enum { LAW, CARE, PRINT, DRIVE, DANCE, SKILLS };
    static const struct skill_offer offers[] = {
        {LAW, 7}, {CARE, 7}, {CARE, 3}, {LAW, 7}, {DANCE, 5},
    };
    static const bool requested[SKILLS] = {true, true, true, false, false};
    struct skill_hold holds[SKILLS];

    cr_expect_eq(skills_hanging(offers, COUNT(offers), requested, holds, SKILLS), 2);
    cr_expect(holds[LAW].hangs && holds[LAW].providers == 1 && holds[LAW].provider == 7);
    cr_expect(!holds[CARE].hangs && holds[CARE].providers == 2);
    cr_expect(holds[PRINT].hangs && holds[PRINT].providers == 0);
    cr_expect(!holds[DRIVE].hangs && holds[DRIVE].providers == 0 && !holds[DRIVE].requested);
    cr_expect(!holds[DANCE].hangs && holds[DANCE].providers == 1 && holds[DANCE].provider == 5);
}

Test(skills, agree_with_a_table_of_who_offers_what)
{
    enum { SKILLS = 6, PROVIDERS = 5 };

    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct skill_offer offers[20];
        bool offered[SKILLS][PROVIDERS] = {{false}}, requested[SKILLS];
        struct skill_hold holds[SKILLS];
        size_t n, hanging = 0, found;

        networks_seed(seed);
        n = networks_draw(20);
        for (size_t i = 0; i < n; i++) {
            offers[i] = (struct skill_offer){networks_draw(SKILLS), networks_draw(PROVIDERS)};
            offered[offers[i].skill][offers[i].provider] = true;
        }
        for (size_t s = 0; s < SKILLS; s++)
            requested[s] = networks_draw(2) == 0;
        found = skills_hanging(offers, n, requested, holds, SKILLS);
        for (size_t s = 0; s < SKILLS; s++) {
            size_t providers = 0, last = 0;

            for (size_t p = 0; p < PROVIDERS; p++) {
                providers += offered[s][p];
                last = offered[s][p] ? p : last;
            }
            hanging += requested[s] && providers <= 1;
            cr_assert_eq(holds[s].providers, providers < 2 ? providers : 2, "seed %" PRIu64, seed);
            cr_assert_eq(holds[s].hangs, requested[s] && providers <= 1);
            if (providers == 1)
                cr_assert_eq(holds[s].provider, last);
        }
        cr_assert_eq(found, hanging, "seed %" PRIu64, seed);
    }
}
