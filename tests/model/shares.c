/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The shares of an operation: who gives to whom, and how much. */
#include "tests/model/generate.h"

#include <stdlib.h>
#include <string.h>

static int compare_shares(const void *va, const void *vb)
{
    const struct m_share *a = va, *b = vb;
    int from = strcmp(a->from, b->from);

    return from ? from : strcmp(a->to, b->to);
}

void sort_shares(struct op *op)
{
    qsort(op->shares, (size_t)op->n_shares, sizeof op->shares[0], compare_shares);
}

void add_share(struct generator *g, struct op *op, int from, int to, int64_t minutes)
{
    if (from < 1 || to < 1 || from == to || op->n_shares == M_SHARES)
        return;
    for (int i = 0; i < op->n_shares; i++)
        if (strcmp(op->shares[i].from, handle_of(g, from)) == 0 &&
            strcmp(op->shares[i].to, handle_of(g, to)) == 0)
            return;
    struct m_share *s = &op->shares[op->n_shares++];
    SET(s->from, handle_of(g, from));
    SET(s->to, handle_of(g, to));
    s->minutes = minutes;
}

int64_t pick_minutes(struct generator *g)
{
    return rng_magnitude(&g->rng, g->plan.minutes_max);
}

void pick_shares(struct generator *g, struct op *op, int giver, int receiver)
{
    int n = 1, reach = -1;

    if (giver < 0)
        giver = pick_org(g, receiver);
    if (receiver < 0)
        receiver = pick_org(g, giver);
    add_share(g, op, giver, receiver, pick_minutes(g));
    if (rng_chance(&g->rng, g->plan.group))
        n = (int)rng_range(&g->rng, 1, 7);
    int shape = (int)rng_below(&g->rng, 3);
    if (n == 7 && rng_chance(&g->rng, 100)) { /* as many shares as an entry can hold */
        shape = 2;
        n = 300;
        reach = 10;
    }
    for (int i = 0; i < n - 1; i++) {
        int from = shape == 0 ? giver : pick_org(g, -1);
        int to = shape == 1 ? receiver : pick_org(g, from);

        if (reach > 0 && (from > reach || to > reach))
            continue;
        add_share(g, op, from, to, pick_minutes(g));
    }
    sort_shares(op);
}

void author_among_shares(struct generator *g, struct op *op)
{
    if (op->n_shares == 0)
        return;
    const struct m_share *s = &op->shares[rng_below(&g->rng, (size_t)op->n_shares)];
    SET(op->by, rng_chance(&g->rng, 500) ? s->from : s->to);
}

int64_t line_room(const struct generator *g, int org, bool hard)
{
    struct m_figures figures[M_ORGS];

    model_figures(g->m, m_day(g->at), figures);
    struct m_line line = model_line(g->m, &figures[org], g->at);
    return m_position(&figures[org]) - figures[org].received_pending +
           (hard ? line.hard : line.floor);
}

void to_the_edge(struct generator *g, struct op *op)
{
    if (op->n_shares != 1)
        return;
    struct m_share *s = &op->shares[0];
    int64_t minutes = line_room(g, model_org(g->m, s->to), rng_chance(&g->rng, 500));
    if (rng_chance(&g->rng, g->plan.edge))
        minutes += rng_range(&g->rng, -1, 1);
    else if (s->minutes <= minutes || rng_chance(&g->rng, 200))
        return;
    if (minutes >= 1 && minutes <= 100000) {
        s->minutes = minutes;
    } else if (!op->need[0] && !op->offer[0]) { /* no room at all: it gives instead */
        struct m_share back = {.minutes = s->minutes};

        SET(back.from, s->to);
        SET(back.to, s->from);
        *s = back;
    }
}
