/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Picking what exists, and the parts of which operations are made. */
#include "tests/model/generate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void set_text(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);

    assert(n < size);
    memcpy(to, from, n + 1);
}

void set_ref(const struct generator *g, char out[static M_REF], int author, const char *id)
{
    snprintf(out, M_REF, "%s/%s", g->m->orgs[author].handle, id);
}

/* --- Picking --------------------------------------------------------------------------------- */

int pick_org(struct generator *g, int but)
{
    int n = g->m->n_orgs;
    int reach = n > 2 && rng_chance(&g->rng, g->plan.hot) ? 2 : n;
    int first = (int)rng_below(&g->rng, (size_t)reach);

    for (int i = 0; i < n; i++) {
        int org = 1 + (first + i) % n;

        if (org != but && !g->m->orgs[org].left)
            return org;
    }
    return -1;
}

int pick_left_org(struct generator *g)
{
    for (int tries = 0; tries < 50; tries++) {
        int org = 1 + (int)rng_below(&g->rng, (size_t)g->m->n_orgs);

        if (g->m->orgs[org].left)
            return org;
    }
    return -1;
}

int count_active(const struct generator *g)
{
    int n = 0;

    for (int i = 1; i <= g->m->n_orgs; i++)
        n += !g->m->orgs[i].left;
    return n;
}

/* A random open thing of a list, late ones first; -1 when none is found. */
#define PICK_OPEN(g, list, life) \
    do { \
        for (int tries = 0; tries < 60 && (g)->m->list.n > 0; tries++) { \
            int span = tries < 30 && (g)->m->list.n > 40 ? 40 : (g)->m->list.n; \
            int at = (g)->m->list.n - 1 - (int)rng_below(&(g)->rng, (size_t)span); \
            if (life(&(g)->m->list.v[at], (g)->at) == M_OPEN) \
                return at; \
        } \
        return -1; \
    } while (0)

int pick_offer(struct generator *g)
{
    PICK_OPEN(g, offers, offer_life);
}

int pick_need(struct generator *g)
{
    PICK_OPEN(g, needs, need_life);
}

int pick_agreement(struct generator *g)
{
    PICK_OPEN(g, agreements, agreement_life);
}

/* --- Small parts ----------------------------------------------------------------------------- */

const char *handle_of(const struct generator *g, int org)
{
    return g->m->orgs[org].handle;
}

void author(struct generator *g, struct op *op, int org)
{
    SET(op->by, handle_of(g, org));
}

void commitment(struct generator *g, char out[static M_HEX64])
{
    rng_hex(&g->rng, out, 64);
}

int64_t pick_expires(struct generator *g, int64_t days_max)
{
    int64_t longest = days_max * M_DAY_MS;

    switch (rng_below(&g->rng, 9)) {
    case 0:
        return g->at + longest;
    case 4: { /* with the month, or a millisecond before */
        int64_t month = m_month_start(m_month(g->at) + 1) - rng_range(&g->rng, 0, 1);

        return month > g->at && month <= g->at + longest ? month : g->at + longest;
    }
    case 1:
        return g->at + 1;
    case 2:
        return g->at + rng_magnitude(&g->rng, longest);
    case 3: { /* together with something else */
        int need = pick_need(g);

        if (need >= 0 && g->m->needs.v[need].expires <= g->at + longest)
            return g->m->needs.v[need].expires;
        return g->at + longest;
    }
    default:
        return g->at + rng_range(&g->rng, 1, longest);
    }
}

void pick_type_and_skill(struct generator *g, struct op *op)
{
    op->type = (int)rng_range(&g->rng, 1, 3);
    if (op->type == 1 || rng_chance(&g->rng, 300))
        SET(op->skill, g->m->network.skills[rng_below(&g->rng, (size_t)g->m->network.n_skills)]);
    if (rng_chance(&g->rng, 300))
        op->n_areas = (int)rng_range(&g->rng, 1, 3);
    if (rng_chance(&g->rng, 300))
        op->n_languages = (int)rng_range(&g->rng, 1, 3);
    op->is_public = rng_chance(&g->rng, 500);
}

bool new_key(struct generator *g, char out[static M_HEX64])
{
    while (g->keys_used < g->keys_max) {
        g->key(g->keys_used, out);
        if (model_key(g->m, out) < 0)
            return true;
        g->keys_used++;
    }
    return false;
}

void new_handle(struct generator *g, char out[static M_HANDLE])
{
    static const char *const tails[] = {"", "", "-asbl", "-vzw-2", "0"};

    do
        snprintf(out, M_HANDLE, "%c%u%s", (char)('a' + (int)rng_below(&g->rng, 26)),
                 (unsigned)rng_below(&g->rng, 100000), tails[rng_below(&g->rng, 5)]);
    while (model_org(g->m, out) >= 0);
}
