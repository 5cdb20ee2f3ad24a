/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/matching.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "policies/matching_work.h"

#define CLASS_DAYS 30

int match_class(bool urgent, bool fragile, bool first_three, int64_t days_waiting)
{
    int64_t class = fragile ? 1 : first_three ? 2 : 3;

    if (urgent)
        return 0;
    if (days_waiting > 0)
        class -= days_waiting / CLASS_DAYS;
    return class > 1 ? (int)class : 1;
}

int match_compare(const struct match_worth *a, const struct match_worth *b)
{
    for (int k = 0; k < MATCH_CLASSES; k++)
        if (a->served[k] != b->served[k])
            return a->served[k] > b->served[k] ? -1 : 1;
    if (a->uneven != b->uneven)
        return a->uneven < b->uneven ? -1 : 1;
    return a->ties < b->ties ? -1 : a->ties > b->ties;
}

void match_batch(const struct match_input *input, struct match_result *result)
{
    struct m_work w;

    memset(result, 0, sizeof *result);
    m_work_start(&w, input);
    m_solve(&w, &result->bound);
    m_repair(&w);
    m_worth(&w, &result->reached);
    assert(match_compare(&result->bound, &result->reached) <= 0);
    result->repaired = w.repaired;
    result->pool_minutes = w.pool * w.rules.quantum;
    m_explain(&w, result);
    m_work_end(&w);
}

void match_free(struct match_result *result)
{
    free(result->proposals);
    free(result->others);
    free(result->left);
    memset(result, 0, sizeof *result);
}
