/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/limits.h"

#include <assert.h>

#include "policies/params.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The floor that giving has earned. The comparison comes before the sum, which could overflow. */
static int64_t floor_grown(const struct policy *policy, int64_t given_365)
{
    int64_t growth = given_365 / policy->limit_floor_divisor;

    if (growth >= policy->limit_floor_max - policy->limit_floor_base)
        return policy->limit_floor_max;
    return policy->limit_floor_base + growth;
}

void limits_line(const struct policy *policy, int64_t given_365, int64_t gifts_confirmed,
                 struct line *line)
{
    assert(given_365 >= 0 && gifts_confirmed >= 0);
    assert(policy->limit_floor_divisor > 0 && policy->limit_hard_permille >= 1000);

    line->floor = policy->limit_floor_new;
    if (gifts_confirmed >= policy->limit_floor_new_gifts)
        line->floor = larger(line->floor, floor_grown(policy, given_365));
    line->ceiling = policy->limit_ceiling;
    line->hard_floor = line->floor * policy->limit_hard_permille / 1000;

    assert(line->floor > 0 && line->hard_floor >= line->floor);
}

void limits_in_crisis(const struct policy *policy, struct line *line)
{
    assert(policy->crisis_floor_permille >= 1000);

    line->floor = line->floor * policy->crisis_floor_permille / 1000;
    line->hard_floor = line->floor * policy->limit_hard_permille / 1000;
}

static bool in_bounds(int64_t minutes)
{
    return minutes >= -LIMITS_MINUTES_MAX && minutes <= LIMITS_MINUTES_MAX;
}

static void assert_input(const struct line *line, const struct limit_input *input)
{
    assert(line->floor >= 0 && line->hard_floor >= line->floor);
    assert(in_bounds(line->hard_floor));
    assert(in_bounds(input->position) && in_bounds(input->extra_received));
    assert(input->pending_received >= 0 && in_bounds(input->pending_received));
    assert(input->pending_given >= 0 && in_bounds(input->pending_given));
}

static int64_t refused_past(const struct policy *policy, const struct line *line,
                            enum limit_context context)
{
    assert(context == LIMIT_AGREEMENT || context == LIMIT_DIRECT);

    /* Directly recorded hours were given already: a strict floor would only hide them. */
    if (context == LIMIT_DIRECT || policy->limit_soft)
        return line->hard_floor;
    return line->floor;
}

void limits_decide(const struct policy *policy, const struct line *line,
                   const struct limit_input *input, struct limit_decision *decision)
{
    assert_input(line, input);

    int64_t before = input->position - input->pending_received;

    decision->projected = before - input->extra_received;
    decision->floor = line->floor;
    decision->hard_floor = line->hard_floor;
    decision->refused_past = refused_past(policy, line, input->context);
    decision->allowed_more = larger(0, before + decision->refused_past);

    if (input->extra_received <= 0 || decision->projected >= -line->floor)
        decision->verdict = LIMIT_PASS;
    else if (input->urgent || decision->projected >= -decision->refused_past)
        decision->verdict = LIMIT_PASS_SOFT;
    else
        decision->verdict = LIMIT_REFUSED;
}

bool limits_above_ceiling(const struct line *line, int64_t position)
{
    return position > line->ceiling;
}
