/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What SPEC 18 keeps, against the model. */
#include "tests/ledger/history_driver.h"

#include <string.h>

#include "policies/promise.h"

#define equal history_equal

/* --- One organisation ------------------------------------------------------------------------ */

static bool compare_status(struct history *h, int number)
{
    const struct m_org *o = &h->model.orgs[number];
    struct status status = {0};
    int64_t at = h->model.last_at;
    bool in_force = model_status_in_force(&o->status, at);
    int64_t class = state_status_class(&h->state, (uint32_t)number, at, &status);

    return equal(h, o->handle, "class in force", class, in_force ? o->status.class : 0) &&
           (!in_force ||
            (equal(h, o->handle, "levy_permille", status.levy_permille, o->status.levy) &&
             equal(h, o->handle, "pool_permille", status.pool_permille, o->status.pool) &&
             equal(h, o->handle, "status at", status.at, o->status.granted_at) &&
             equal(h, o->handle, "status until", status.until, o->status.until)));
}

static bool compare_step(struct history *h, int number)
{
    const struct m_org *o = &h->model.orgs[number];
    struct step step = {0};
    const struct promise_last *last = &step.last;
    int64_t at = h->model.last_at;

    (void)state_step(&h->state, (uint32_t)number, &step);
    return equal(h, o->handle, "step", last->step, o->step.step) &&
           equal(h, o->handle, "step at", last->at, o->step.set_at) &&
           equal(h, o->handle, "step until", last->until, o->step.until) &&
           equal(h, o->handle, "step ended", last->ended_at, o->step.ended_at) &&
           equal(h, o->handle, "appealed", last->appealed, o->step.appealed) &&
           equal(h, o->handle, "confirmed", last->confirmed, o->step.confirmed) &&
           equal(h, o->handle, "step in force", promise_step_in_force(last, at),
                 model_step_in_force(&o->step, at));
}

static int64_t needs_of(const struct model *m, int number)
{
    int64_t n = 0;

    for (int i = 0; i < m->needs.n; i++)
        n += m->needs.v[i].author == number;
    return n;
}

bool history_compare_standing(struct history *h, int number, const struct org *org)
{
    const struct m_org *o = &h->model.orgs[number];
    const struct m_figures *f = &h->figures[number];
    int64_t quarter = m_quarter(h->model.last_at);
    int64_t vouched = org->urgent_quarter == quarter ? org->urgent_count : 0;

    return compare_status(h, number) && compare_step(h, number) &&
           equal(h, o->handle, "capacity", org->capacity.set ? org->capacity.n : -1, o->capacity) &&
           equal(h, o->handle, "fte", org->fte.set ? org->fte.n : -1, o->fte) &&
           equal(h, o->handle, "needs", org->needs, needs_of(&h->model, number)) &&
           equal(h, o->handle, "urgencies", vouched,
                 model_vouched(&h->model, number, h->model.last_at)) &&
           equal(h, o->handle, "leaning since", org->leaning_since, o->leaning_since) &&
           equal(h, o->handle, "strained since", org->strained_since, o->strained_since) &&
           equal(h, o->handle, "last given", org->last_given_at, f->last_given) &&
           equal(h, o->handle, "last received", org->last_received_at, f->last_received);
}

/* --- The pool -------------------------------------------------------------------------------- */

bool history_compare_pool(struct history *h)
{
    struct quarter q;

    state_quarter(&h->state, &q);
    return equal(h, "pool", "budget", q.budget, h->model.budget) &&
           equal(h, "pool", "spent", q.spent, model_spent(&h->model, h->model.last_at)) &&
           equal(h, "pool", "crisis_until", q.crisis_until, h->model.crisis_until);
}

static bool compare_closings(struct history *h)
{
    struct closing at = {.moment = -1}, found;
    int n = 0;

    for (; state_next_closing(&h->state, &at, &found); at = found) {
        bool known = false;

        n++;
        for (int i = h->model.closings.n - 1; i >= 0 && !known; i--) {
            const struct m_closed *c = &h->model.closings.v[i];

            if (c->moment != found.moment || (uint32_t)c->org != found.org)
                continue;
            known = true;
            if (!equal(h, "closing", "levied", found.levied, c->given) ||
                !equal(h, "closing", "forgiven", found.forgiven, c->forgiven) ||
                (c->org == 0 && (!equal(h, "closing", "deficit", found.deficit, c->deficit) ||
                                 !equal(h, "closing", "budget", found.budget, c->budget))))
                return false;
        }
        if (!known)
            return history_differs(h, "a closing that was not expected");
    }
    return equal(h, "closings", "number", n, h->model.closings.n);
}

/* --- Promises -------------------------------------------------------------------------------- */

static bool compare_promise(struct history *h, const struct m_agreement *a, int org)
{
    struct thing_key key = history_key(a->author, a->id);
    enum m_outcome outcome = promise_outcome(a, org);
    struct promise p;

    if (!state_promise(&h->state, (uint32_t)org, &key, &p))
        return equal(h, h->model.orgs[org].handle, "promise", M_NOTHING, outcome);
    return equal(h, a->id, "promise broken", p.broken ? M_BROKEN : M_KEPT, outcome) &&
           equal(h, a->id, "promise excused", p.excused, promise_excused(a, org)) &&
           equal(h, a->id, "promise at", p.at, a->ended_at);
}

/* Those of the standing (SPEC 18.7) on the day of the last leaf. */
static bool compare_counts(struct history *h, int org)
{
    int32_t today = m_day(h->model.last_at);
    struct promise_count found;

    state_promises(&h->state, (uint32_t)org, today - 364, today, &found);
    return equal(h, h->model.orgs[org].handle, "kept", found.kept,
                 model_promises(&h->model, org, M_KEPT, today - 364, today)) &&
           equal(h, h->model.orgs[org].handle, "broken", found.broken,
                 model_promises(&h->model, org, M_BROKEN, today - 364, today));
}

static int64_t count_promises(struct history *h, int org)
{
    struct promise p;
    const struct thing_key *after = NULL;
    struct thing_key at;
    int64_t n = 0;

    for (; state_next_promise(&h->state, (uint32_t)org, after, &p); n++) {
        at = p.agreement;
        after = &at;
    }
    return n;
}

bool history_compare_promises(struct history *h)
{
    int64_t counts[M_ORGS] = {0};

    for (int i = 0; i < h->model.agreements.n; i++) {
        const struct m_agreement *a = &h->model.agreements.v[i];

        for (int org = 1; org <= h->model.n_orgs; org++) {
            if (!agreement_gives(a, org))
                continue;
            counts[org] += promise_outcome(a, org) != M_NOTHING;
            if (!compare_promise(h, a, org))
                return false;
        }
    }
    for (int org = 1; org <= h->model.n_orgs; org++)
        if (!compare_counts(h, org) ||
            !equal(h, h->model.orgs[org].handle, "promises", count_promises(h, org), counts[org]))
            return false;
    return compare_closings(h);
}
