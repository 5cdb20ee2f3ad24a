/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* step.set, step.end, step.appeal: what people decide about broken promises (SPEC 6.16, 18.7). */
#include <inttypes.h>
#include <string.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"
#include "policies/promise.h"
#include "policies/window.h"

/* --- step.set --------------------------------------------------------------------------------- */

static const struct field set_fields[] = {
    {"org", F_HANDLE, .offset = AT(step_set.org)},
    {"panel", F_HANDLES, .optional = true, .offset = AT(step_set.panel), .min = 1,
     .max = PARTIES_MAX},
    {"reason", F_COMMIT, .offset = AT(step_set.reason)},
    {"step", F_INT, .offset = AT(step_set.step), .min = PROMISE_MEETING, .max = PROMISE_PAUSED},
    {"until", F_INT, .offset = AT(step_set.until), .min = 0, .max = INTEGER_MAX},
};

static bool validate_other(const struct entry *e, const struct handle *org,
                           const struct handles *panel, struct refusal *why)
{
    if (strcmp(org->s, e->by.s) == 0)
        return refuse(why, CODE_field_invalid, "org", "another organisation", "%s", e->by.s);
    return panel->n == 0 || panel_validate(panel, &e->by, org, why);
}

static bool set_validate(const struct entry *e, struct refusal *why)
{
    const struct body_step_set *b = &e->step_set;
    if (b->step > PROMISE_MEETING && b->panel.n == 0)
        return refuse(why, CODE_field_invalid, "panel", "a panel, for the steps 3 and 4", "none");
    return validate_other(e, &b->org, &b->panel, why);
}

static bool set_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                        struct refusal *why)
{
    signers_of_handles(&e->step_set.panel, set);
    return signers_author(r, e, set, why);
}

static bool check_coordinator(struct rules *r, const struct entry *e, struct refusal *why)
{
    return is_coordinator(r, r->author) ||
           refuse_handle(why, CODE_not_coordinator, "by",
                         "a panel, or an organisation with a coordinator mandate in force",
                         &e->by);
}

static bool check_ground(struct rules *r, const struct body_step_set *b, const struct step *last,
                         bool *confirms, struct refusal *why)
{
    const struct policy *policy = &r->state->network.found.policy;
    int32_t today = window_day(r->at);
    struct promise_count count;
    state_promises(r->state, last->org, window_first_day(today, policy->promise_days), today,
                   &count);
    struct promise_facts facts = {.last = last->last,
                                  .broken = count.broken,
                                  .broken_since = count.last_broken_at > last->last.at,
                                  .panel = b->panel.n > 0};
    enum promise_ground ground = promise_ground(policy, &facts, b->step, r->at);
    *confirms = ground == PROMISE_CONFIRMS;
    return ground != PROMISE_UNFOUNDED ||
           refuse(why, CODE_step_unfounded, "step",
                  "a step that broken promises, or the step before, give reason for",
                  "%" PRId64 ", with %" PRId64 " broken promises", b->step, count.broken) ||
           refuse_rule(why, "promise_meeting") ||
           refuse_values(why, "step", NULL, "%" PRId64, b->step);
}

static bool set_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_step_set *b = &e->step_set;
    struct step step;
    uint32_t org;
    bool confirms = false;
    if (!find_active(r, &b->org, "org", &org, why) ||
        !(b->panel.n > 0 ? check_panel(r, &b->panel, panel_min(r), why)
                         : check_coordinator(r, e, why)) ||
        !check_until(r, b->until, r->state->network.found.policy.step_days, why))
        return false;
    (void)state_step(r->state, org, &step);
    if (!check_ground(r, b, &step, &confirms, why))
        return false;
    (void)books_org(r, org);
    step = (struct step){
        .org = org,
        .index = r->index,
        .last = {.step = b->step, .at = r->at, .until = b->until, .confirmed = confirms}};
    state_put_step(r->state, &step);
    put_commit(r, e, SLOT_REASON, "step", &b->reason, &org, 1);
    return true;
}

const struct kind kind_step_set = {.name = "step.set",
                                   .id = KIND_STEP_SET,
                                   FIELDS(set_fields),
                                   .validate = set_validate,
                                   .signers = set_signers,
                                   .apply = set_apply};

/* --- step.end --------------------------------------------------------------------------------- */

static const struct field end_fields[] = {
    {"org", F_HANDLE, .offset = AT(step_end.org)},
    {"panel", F_HANDLES, .optional = true, .offset = AT(step_end.panel), .min = 1,
     .max = PARTIES_MAX},
};

static bool end_validate(const struct entry *e, struct refusal *why)
{
    return validate_other(e, &e->step_end.org, &e->step_end.panel, why);
}

static bool end_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                        struct refusal *why)
{
    signers_of_handles(&e->step_end.panel, set);
    return signers_author(r, e, set, why);
}

/* A coordinator ends what a coordinator may set; above that the panel does. */
static bool check_who_ends(struct rules *r, const struct entry *e, const struct step *step,
                           struct refusal *why)
{
    if (e->step_end.panel.n > 0)
        return check_panel(r, &e->step_end.panel, panel_min(r), why);
    if (step->last.step > PROMISE_MEETING &&
        !refuse_handle(why, CODE_not_panel, "panel", "a panel, for the steps 3 and 4", &e->by))
        return false;
    return step->last.step > PROMISE_MEETING || check_coordinator(r, e, why);
}

static bool end_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_step_end *b = &e->step_end;
    struct step step;
    uint32_t org;
    if (!find_active(r, &b->org, "org", &org, why))
        return false;
    (void)books_org(r, org);
    (void)state_step(r->state, org, &step);
    bool live = promise_step_live(&step.last, r->at);
    if (!live && !(refuse(why, CODE_already_closed, "org", "a step that is not over", "%s",
                          b->org.s) ||
                   refuse_values(why, "org", NULL, "%s", b->org.s)))
        return false;
    if (!check_who_ends(r, e, &step, why))
        return false;
    if (!live)
        return true;
    step.last.ended_at = r->at;
    state_put_step(r->state, &step);
    return true;
}

const struct kind kind_step_end = {.name = "step.end",
                                   .id = KIND_STEP_END,
                                   FIELDS(end_fields),
                                   .validate = end_validate,
                                   .signers = end_signers,
                                   .apply = end_apply};

/* --- step.appeal ------------------------------------------------------------------------------ */

static bool appeal_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    struct step step;
    (void)state_step(r->state, r->author, &step);
    if (!promise_step_in_force(&step.last, r->at))
        return refuse(why, CODE_already_closed, "", "a step that is in force", "none") ||
               refuse_values(why, "", NULL, "%s", e->by.s);
    if (step.last.confirmed &&
        !refuse_handle(why, CODE_already_appealed, "", "a step that no appeal confirmed", &e->by))
        return false;
    step.last.appealed = true;
    state_put_step(r->state, &step);
    return true;
}

const struct kind kind_step_appeal = {.name = "step.appeal",
                                      .id = KIND_STEP_APPEAL,
                                      .signers = signers_author,
                                      .apply = appeal_apply};
