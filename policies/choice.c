/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/choice.h"

#include <assert.h>
#include <stdlib.h>

#define POSITION_MAX ((int64_t)1 << 53)
#define SURCHARGE_MAX 1000000

static int order(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int64_t side(const struct choice_candidate *c)
{
    int64_t line = c->position < 0 ? c->line.floor : c->line.ceiling;

    assert(c->position >= -POSITION_MAX && c->position <= POSITION_MAX && line <= POSITION_MAX);
    assert(c->surcharge >= 0 && c->surcharge <= SURCHARGE_MAX);
    return line > 0 ? line : 1;
}

/* a / line + surcharge / 1000 of both, multiplied by both lines and 1000: within 2^117. */
static int order_line_use(const struct choice_candidate *a, const struct choice_candidate *b)
{
    __int128 line_a = side(a), line_b = side(b);
    __int128 left = (1000 * (__int128)a->position + a->surcharge * line_a) * line_b;
    __int128 right = (1000 * (__int128)b->position + b->surcharge * line_b) * line_a;

    return left < right ? -1 : left > right;
}

int choice_compare(const struct choice_candidate *a, const struct choice_candidate *b,
                   enum choice_by *by)
{
    int result = order_line_use(a, b);

    *by = CHOICE_BY_LINE_USE;
    if (result != 0)
        return result;
    *by = CHOICE_BY_PAIR;
    if (a->pair_minutes != b->pair_minutes)
        return order(a->pair_minutes, b->pair_minutes);
    *by = CHOICE_BY_WAITING;
    if (a->helped_at != b->helped_at)
        return order(a->helped_at, b->helped_at);
    *by = CHOICE_BY_TIE;
    if (a->tie != b->tie)
        return a->tie < b->tie ? -1 : 1;
    return order(a->id, b->id);
}

static enum choice_state state_of(const struct choice_candidate *c, int64_t minutes)
{
    if (!c->available)
        return CHOICE_NOT_AVAILABLE;
    if (c->guarded)
        return CHOICE_GUARDED;
    return limits_above_ceiling(&c->line, c->position + minutes) ? CHOICE_RESTS
                                                                 : CHOICE_CANDIDATE;
}

static int ranked_order(const void *a, const void *b)
{
    const struct choice_ranked *x = a, *y = b;
    enum choice_by by;

    if (x->state != y->state)
        return order(x->state, y->state);
    if (x->state != CHOICE_CANDIDATE)
        return order(x->candidate->id, y->candidate->id);
    return choice_compare(x->candidate, y->candidate, &by);
}

size_t choice_rank(const struct choice_candidate *candidates, size_t n, int64_t minutes,
                   struct choice_ranked *ranked)
{
    size_t count = 0;

    assert(minutes >= 0 && minutes <= POSITION_MAX);
    for (size_t i = 0; i < n; i++) {
        ranked[i] = (struct choice_ranked){
            .candidate = &candidates[i],
            .state = state_of(&candidates[i], minutes),
            .position_after = candidates[i].position + minutes,
        };
        count += ranked[i].state == CHOICE_CANDIDATE;
    }
    qsort(ranked, n, sizeof *ranked, ranked_order);
    for (size_t i = 1; i < count; i++)
        choice_compare(ranked[0].candidate, ranked[i].candidate, &ranked[i].by);
    return count;
}

bool choice_ready(size_t candidates, int64_t min_candidates, int64_t waited_hours,
                  int64_t patience_hours)
{
    assert(min_candidates >= 0);
    if (candidates == 0)
        return false;
    return candidates >= (uint64_t)min_candidates || waited_hours >= patience_hours;
}
