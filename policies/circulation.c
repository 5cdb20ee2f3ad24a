/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/circulation.h"

#include <assert.h>
#include <stdlib.h>

#include "policies/flow.h"

int64_t circulation_minutes(const struct flow *flows, size_t n, size_t orgs)
{
    struct flow_edge *edges;
    size_t used = 0;
    int64_t minutes;

    if (n == 0)
        return 0;
    assert(orgs > 0 && orgs < UINT32_MAX);
    edges = calloc(n, sizeof *edges);
    assert(edges != NULL);
    for (size_t i = 0; i < n; i++) {
        assert(flows[i].from < orgs && flows[i].to < orgs && flows[i].minutes >= 0);
        if (flows[i].minutes > 0)
            edges[used++] = (struct flow_edge){flows[i].from, flows[i].to, flows[i].minutes};
    }
    minutes = flow_balanced(edges, used, (uint32_t)orgs, NULL);
    free(edges);
    return minutes;
}

struct ratio circulation_share(const struct flow *flows, size_t n, size_t orgs)
{
    int64_t all = 0;

    for (size_t i = 0; i < n; i++) {
        all += flows[i].minutes;
        assert(flows[i].minutes >= 0 && all <= RECIPROCITY_MINUTES_MAX);
    }
    return ratio_of(circulation_minutes(flows, n, orgs), all);
}
