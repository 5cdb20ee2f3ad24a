/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/turnover.h"

#include <assert.h>
#include <stdbool.h>

static int64_t magnitude(int64_t position)
{
    assert(position >= -TURNOVER_POSITIONS_MAX && position <= TURNOVER_POSITIONS_MAX);
    return position < 0 ? -position : position;
}

struct ratio turnover_of(int64_t minutes, const int64_t *positions, size_t accounts)
{
    int64_t outstanding = 0, sum = 0;

    assert(minutes >= 0);
    for (size_t i = 0; i < accounts; i++) {
        outstanding += magnitude(positions[i]);
        sum += positions[i];
        assert(outstanding <= TURNOVER_POSITIONS_MAX);
    }
    assert(sum == 0);
    return ratio_of(minutes, outstanding / 2);
}

struct ratio turnover_dormant(const int64_t *positions, const int64_t *received, size_t orgs)
{
    int64_t held = 0, dormant = 0;

    for (size_t i = 0; i < orgs; i++) {
        int64_t above = positions[i] > 0 ? magnitude(positions[i]) : 0;

        assert(received[i] >= 0);
        held += above;
        dormant += received[i] == 0 ? above : 0;
        assert(held <= TURNOVER_POSITIONS_MAX);
    }
    return ratio_of(dormant, held);
}

static bool is_back(int64_t position)
{
    return magnitude(position) <= TURNOVER_BACK_MINUTES;
}

void return_time_moved(struct return_time *time, int64_t position, int32_t day)
{
    if (is_back(time->position) || (time->position < 0) != (position < 0))
        time->since = day;
    time->position = position;
}

int32_t return_time_days(const struct return_time *time, int32_t day)
{
    if (is_back(time->position))
        return 0;
    assert(day >= time->since);
    return day - time->since;
}
