/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/filled.h"

#include <string.h>

#include "policies/window.h"

void filled_start(const struct policy *policy, int32_t first_day, struct thing_key *out)
{
    int64_t days = policy->entry_days_max + policy->need_days_max;
    int64_t from = (first_day - days) * WINDOW_DAY_MS;

    memset(out, 0, sizeof *out);
    id_make(&out->id, from > 0 ? from : 0, (const uint8_t[10]){0});
}

bool filled_within(const struct need *need, int32_t first_day, int32_t last_day)
{
    int32_t day = window_day(need->life == LIFE_EXPIRED ? need->expires : need->ended_at);

    return (need->life == LIFE_MET || need->life == LIFE_EXPIRED) && day >= first_day &&
           day <= last_day;
}

void filled_add(const struct need *need, struct fill *fill)
{
    fill->asked += need->minutes;
    fill->served += need->in_time < need->minutes ? need->in_time : need->minutes;
}
