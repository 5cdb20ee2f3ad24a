/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "ledger/yearly.h"
#include "policies/calendar.h"
#include "policies/window.h"

static void add_help(struct help *sum, const struct help *more)
{
    sum->minutes += more->minutes;
    sum->gift += more->gift;
    sum->pooled += more->pooled;
    sum->count += more->count;
}

/*
 * By the day on which the hours were recorded; what was taken back is gone from there. A month's
 * exchanges are counted once for each pair of organisations.
 */
static bool sum_months(struct state *s, const struct year_span *span, struct yearly_network *y)
{
    int64_t from = span->from;

    for (int i = 0; i < span->months; i++) {
        int64_t next = calendar_next_month(from);
        int64_t to = next - 1 < span->to ? next - 1 : span->to;
        struct flows list;

        if (!query_days(s, window_day(from), window_day(to), &list)) {
            return false;
        }
        for (size_t k = 0; k < list.n; k++) {
            add_help(&y->months[i], &list.v[k]);
        }
        query_flows_free(&list);
        add_help(&y->sums, &y->months[i]);
        from = next;
    }
    return true;
}

static void count_members(struct state *s, const struct year_span *span, struct yearly_network *y)
{
    struct org org;

    for (uint32_t i = 1; state_org(s, i, &org); i++) {
        bool gone = org.state == ORG_LEFT;

        y->members.before += org.admitted_at < span->from && !(gone && org.left_at < span->from);
        y->members.admitted += org.admitted_at >= span->from && org.admitted_at <= span->to;
        y->members.left += gone && org.left_at >= span->from && org.left_at <= span->to;
    }
    y->members.after = y->members.before + y->members.admitted - y->members.left;
}

/* What all organisations together have is what the pool has not. */
static int64_t pool_at(struct state *s, int64_t at)
{
    int64_t sum = 0;
    struct org org;

    for (uint32_t i = 1; state_org(s, i, &org); i++) {
        sum += query_position_at(s, &org, at);
    }
    return -sum;
}

/* The first entry that is not before a moment. */
static uint64_t first_since(struct state *s, int64_t at)
{
    uint64_t low = 0, high = state_size(s);
    struct entry_record record;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (state_entry(s, middle, &record) && record.at >= at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* What entries moved between the pool and organisations. */
static bool sum_pool(struct state *s, const struct year_span *span, struct yearly_network *y)
{
    struct entry_record record;

    for (uint64_t i = first_since(s, span->from); i < state_size(s); i++) {
        int64_t moves = 0;

        if (!state_entry(s, i, &record)) {
            return false;
        }
        if (record.at > span->to) {
            break;
        }
        for (size_t k = 0; k < record.n_parties; k++) {
            moves += record.parties[k].moves;
        }
        if (record.kind == KIND_POOL_GIVE) {
            y->pool.given -= moves;
        } else if (record.kind == KIND_ORG_LEAVE) {
            y->pool.handed_over -= moves;
        } else {
            y->pool.paid += moves;
        }
    }
    return true;
}

static void add_closings(struct state *s, const struct year_span *span, struct yearly_network *y)
{
    struct closing c = {.moment = span->from - 1, .org = UINT32_MAX};

    while (state_next_closing(s, &c, &c) && c.moment <= span->to) {
        assert(c.org == POOL && y->n_closings < YEARLY_CLOSINGS);
        y->closings[y->n_closings++] = c;
        y->pool.levied += c.levied;
        y->pool.forgiven += c.forgiven;
        c.org = UINT32_MAX;
    }
}

bool yearly_network_make(struct state *s, const struct year_span *span,
                         struct yearly_network *out)
{
    memset(out, 0, sizeof *out);
    if (!sum_months(s, span, out) || !sum_pool(s, span, out)) {
        return false;
    }
    count_members(s, span, out);
    add_closings(s, span, out);
    out->pool.opening = pool_at(s, span->from - 1);
    out->pool.closing = pool_at(s, span->to);
    assert(out->pool.closing - out->pool.opening ==
           out->pool.given + out->pool.handed_over + out->pool.levied - out->pool.forgiven -
               out->pool.paid);
    return sheet_make(s, span->to, 1, &out->sheet);
}

void yearly_network_free(struct yearly_network *y)
{
    sheet_free(&y->sheet);
    memset(y, 0, sizeof *y);
}
