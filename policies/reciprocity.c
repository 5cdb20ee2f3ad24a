/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/reciprocity.h"

#include <assert.h>

#include "policies/limits.h"
#include "policies/params.h"

static bool minutes_valid(int64_t minutes)
{
    return minutes >= 0 && minutes <= RECIPROCITY_MINUTES_MAX;
}

static void flow_assert(const struct flow *flow)
{
    assert(flow->from != flow->to);
    assert(minutes_valid(flow->minutes) && flow->count >= 0);
}

struct ratio reciprocity_line_use(const struct line *line, int64_t position)
{
    int64_t room = position < 0 ? line->floor : line->ceiling;

    assert(room >= 0);
    return ratio_of(position, room);
}

struct ratio reciprocity_exchange_index_raw(int64_t given, int64_t received)
{
    assert(minutes_valid(given) && minutes_valid(received));
    return ratio_of(given - received, given + received);
}

struct ratio reciprocity_exchange_index(int64_t given, int64_t received)
{
    struct ratio index = reciprocity_exchange_index_raw(given, received);

    return given + received < RECIPROCITY_INDEX_MINUTES_MIN ? ratio_unknown() : index;
}

void reciprocity_totals(const struct flow *flows, size_t n, int64_t *given, int64_t *received,
                        size_t orgs)
{
    int64_t all = 0;

    for (size_t i = 0; i < orgs; i++)
        given[i] = received[i] = 0;
    for (size_t i = 0; i < n; i++) {
        flow_assert(&flows[i]);
        assert(flows[i].from < orgs && flows[i].to < orgs);
        all += flows[i].minutes;
        assert(minutes_valid(all));
        given[flows[i].from] += flows[i].minutes;
        received[flows[i].to] += flows[i].minutes;
    }
}

struct ratio reciprocity_displaced_share(const int64_t *given, const int64_t *received,
                                         size_t orgs)
{
    int64_t given_all = 0, received_all = 0, surplus = 0;

    /* The surpluses alone are half the absolute differences, because these cancel out. */
    for (size_t i = 0; i < orgs; i++) {
        assert(minutes_valid(given[i]) && minutes_valid(received[i]));
        given_all += given[i];
        received_all += received[i];
        assert(minutes_valid(given_all) && minutes_valid(received_all));
        if (given[i] > received[i])
            surplus += given[i] - received[i];
    }
    assert(given_all == received_all);
    return ratio_of(surplus, given_all);
}

static bool flow_before(const struct flow *flow, uint32_t from, uint32_t to)
{
    return flow->from != from ? flow->from < from : flow->to < to;
}

/* The minutes of the flow (from, to) among n sorted ones, 0 if there is none. */
static int64_t flow_minutes(const struct flow *flows, size_t n, uint32_t from, uint32_t to)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (flow_before(&flows[middle], from, to))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < n && flows[low].from == from && flows[low].to == to)
        return flows[low].minutes;
    return 0;
}

struct ratio reciprocity_direct(const struct flow *flows, size_t n)
{
    int64_t all = 0, matched = 0;

    for (size_t i = 0; i < n; i++) {
        const struct flow *flow = &flows[i];

        flow_assert(flow);
        assert(i == 0 || flow_before(&flows[i - 1], flow->from, flow->to));
        all += flow->minutes;
        assert(minutes_valid(all));
        /* Each pair once, from its lower number; the way back lies further on in the array. */
        if (flow->from < flow->to) {
            int64_t back = flow_minutes(flows + i + 1, n - i - 1, flow->to, flow->from);

            matched += back < flow->minutes ? back : flow->minutes;
        }
    }
    return ratio_of(2 * (__int128)matched, all);
}

struct concentration reciprocity_concentration(const int64_t *minutes, size_t orgs)
{
    unsigned __int128 all = 0, squares = 0;

    for (size_t i = 0; i < orgs; i++) {
        assert(minutes_valid(minutes[i]));
        all += (unsigned __int128)minutes[i];
        squares += (unsigned __int128)minutes[i] * (unsigned __int128)minutes[i];
    }
    assert(all <= RECIPROCITY_MINUTES_MAX);
    if (all == 0)
        return (struct concentration){0};
    return (struct concentration){.known = true, .hhi = (int64_t)(10000 * squares / (all * all))};
}

void reciprocity_dependency_add(struct dependency_sum *sum, const struct flow *flow)
{
    flow_assert(flow);
    if (flow->minutes > sum->top_minutes ||
        (flow->minutes == sum->top_minutes && flow->from < sum->top_from)) {
        sum->top_minutes = flow->minutes;
        sum->top_from = flow->from;
    }
    sum->minutes += flow->minutes;
    assert(minutes_valid(sum->minutes));
    sum->count += flow->count;
    sum->squares += (unsigned __int128)flow->minutes * (unsigned __int128)flow->minutes;
}

void reciprocity_dependency_sums(const struct flow *flows, size_t n, struct dependency_sum *sums,
                                 size_t orgs)
{
    for (size_t i = 0; i < orgs; i++)
        sums[i] = (struct dependency_sum){0};
    for (size_t i = 0; i < n; i++) {
        assert(flows[i].to < orgs);
        reciprocity_dependency_add(&sums[flows[i].to], &flows[i]);
    }
}

struct dependency reciprocity_dependency_raw(const struct dependency_sum *sum)
{
    if (sum->minutes == 0)
        return (struct dependency){0};

    unsigned __int128 square = (unsigned __int128)sum->minutes * (unsigned __int128)sum->minutes;

    assert(sum->squares > 0 && sum->squares <= square);
    return (struct dependency){
        .known = true,
        .top_from = sum->top_from,
        .top_permille = ratio_of(sum->top_minutes, sum->minutes).permille,
        .hhi = (int64_t)(10000 * sum->squares / square),
        .effective_permille = (int64_t)(1000 * square / sum->squares),
    };
}

struct dependency reciprocity_dependency(const struct dependency_sum *sum)
{
    if (sum->minutes < RECIPROCITY_DEPENDENCY_MINUTES_MIN ||
        sum->count < RECIPROCITY_DEPENDENCY_EXCHANGES_MIN)
        return (struct dependency){0};
    return reciprocity_dependency_raw(sum);
}

bool reciprocity_above_pair_cap(const struct policy *policy, const struct dependency_sum *sum)
{
    return sum->minutes >= policy->pair_cap_minutes &&
           ratio_above(sum->top_minutes, sum->minutes, policy->pair_cap_permille);
}
