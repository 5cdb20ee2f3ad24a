/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/promise.h"

#include <assert.h>

#include "policies/params.h"
#include "policies/window.h"

int64_t promise_standing(int64_t kept, int64_t broken)
{
    assert(kept >= 0 && broken >= 0);

    return 1000 * (kept + 2) / (kept + broken + 2);
}

bool promise_step_live(const struct promise_last *last, int64_t at)
{
    return last->step != PROMISE_NO_STEP && last->ended_at == 0 && at < last->until;
}

bool promise_step_in_force(const struct promise_last *last, int64_t at)
{
    return promise_step_live(last, at) && !last->appealed;
}

static bool follows(const struct policy *policy, const struct promise_facts *facts, int64_t step,
                    int64_t at)
{
    const struct promise_last *last = &facts->last;
    int64_t end = last->ended_at != 0 ? last->ended_at : last->until;

    return step > PROMISE_MEETING && last->step >= step - 1 &&
           at < end + policy->promise_days * WINDOW_DAY_MS && facts->broken_since;
}

enum promise_ground promise_ground(const struct policy *policy, const struct promise_facts *facts,
                                   int64_t step, int64_t at)
{
    const struct promise_last *last = &facts->last;
    assert(step >= PROMISE_MEETING && step <= PROMISE_PAUSED);

    if (facts->panel && last->step == step && last->appealed && promise_step_live(last, at))
        return PROMISE_CONFIRMS;
    if (step == PROMISE_MEETING && facts->broken >= policy->promise_meeting)
        return PROMISE_FOUNDED;
    return follows(policy, facts, step, at) ? PROMISE_FOUNDED : PROMISE_UNFOUNDED;
}
