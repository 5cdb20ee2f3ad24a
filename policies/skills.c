/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/skills.h"

#include <assert.h>

size_t skills_hanging(const struct skill_offer *offers, size_t n, const bool *requested,
                      struct skill_hold *out, size_t skills)
{
    size_t hanging = 0;

    for (size_t i = 0; i < skills; i++)
        out[i] = (struct skill_hold){.requested = requested[i]};
    for (size_t i = 0; i < n; i++) {
        struct skill_hold *hold;

        assert(offers[i].skill < skills);
        hold = &out[offers[i].skill];
        if (hold->providers == 0)
            *hold = (struct skill_hold){1, offers[i].provider, hold->requested, false};
        else if (hold->provider != offers[i].provider)
            hold->providers = 2;
    }
    for (size_t i = 0; i < skills; i++) {
        out[i].hangs = out[i].requested && out[i].providers < 2;
        hanging += out[i].hangs;
    }
    return hanging;
}
