/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/layers.h"

#include <assert.h>

static void help_assert(const struct help *help)
{
    assert(help->from != help->to && help->count >= 0);
    assert(help->minutes >= 0 && help->minutes <= RECIPROCITY_MINUTES_MAX);
    assert(help->gift >= 0 && help->gift <= help->minutes);
    assert(help->pooled >= 0 && help->pooled <= help->minutes - help->gift);
}

size_t layer_flows(const struct help *help, size_t n, enum layer layer, struct flow *out)
{
    size_t flows = 0;

    assert(layer == LAYER_HELP || layer == LAYER_ACCOUNT);
    for (size_t i = 0; i < n; i++) {
        int64_t minutes = help[i].minutes;

        help_assert(&help[i]);
        if (layer == LAYER_ACCOUNT)
            minutes -= help[i].gift + help[i].pooled;
        if (minutes > 0)
            out[flows++] = (struct flow){help[i].from, help[i].to, minutes, help[i].count};
    }
    return flows;
}

struct ratio layer_solidarity(const struct help *help, size_t n)
{
    int64_t all = 0, solidarity = 0;

    for (size_t i = 0; i < n; i++) {
        help_assert(&help[i]);
        all += help[i].minutes;
        solidarity += help[i].gift + help[i].pooled;
        assert(all <= RECIPROCITY_MINUTES_MAX);
    }
    return ratio_of(solidarity, all);
}
