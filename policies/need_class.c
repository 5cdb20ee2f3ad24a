/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/need_class.h"

#include <assert.h>

#include "policies/params.h"
#include "policies/window.h"

static int64_t class_at_first(const struct policy *policy, const struct need_facts *need)
{
    int64_t class = need->status_class != 0 ? need->status_class : NEED_CLASS_LAST;

    if (need->ordinal <= policy->class_new_needs && class > 2)
        class = 2;
    return class;
}

int64_t need_class(const struct policy *policy, const struct need_facts *need, int64_t at)
{
    assert(at >= need->published_at && need->ordinal >= 1);
    assert(need->status_class >= 0 && need->status_class <= NEED_CLASS_LAST);

    if (need->urgent)
        return 0;
    int64_t days = (at - need->published_at) / WINDOW_DAY_MS;
    int64_t class = class_at_first(policy, need) - days / policy->class_age_days;
    return class > 1 ? class : 1;
}
