/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* status.grant, status.end: what the panel decides about who has it hard (SPEC 6.14). */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"

/* --- status.grant ----------------------------------------------------------------------------- */

static const struct field grant_fields[] = {
    {"class", F_INT, .offset = AT(status_grant.class), .min = 1, .max = 3},
    {"levy_permille", F_INT, .offset = AT(status_grant.levy_permille), .min = 0, .max = 1000},
    {"org", F_HANDLE, .offset = AT(status_grant.org)},
    {"panel", F_HANDLES, .offset = AT(status_grant.panel), .min = 1, .max = PARTIES_MAX},
    {"pool_permille", F_INT, .offset = AT(status_grant.pool_permille), .min = 0, .max = 1000},
    {"reason", F_COMMIT, .offset = AT(status_grant.reason)},
    {"until", F_INT, .offset = AT(status_grant.until), .min = 0, .max = INTEGER_MAX},
};

static bool grant_validate(const struct entry *e, struct refusal *why)
{
    return panel_validate(&e->status_grant.panel, &e->by, &e->status_grant.org, why);
}

static bool grant_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why)
{
    (void)r;
    (void)why;
    signers_of_handles(&e->status_grant.panel, set);
    return true;
}

static bool check_pool_permille(struct rules *r, int64_t permille, struct refusal *why)
{
    int64_t most = r->state->network.found.policy.pool_rate_permille;
    char expected[48];
    if (permille <= most)
        return true;
    snprintf(expected, sizeof expected, "at most %" PRId64, most);
    return refuse(why, CODE_field_invalid, "pool_permille", expected, "%" PRId64, permille) ||
           refuse_rule(why, "pool_rate_permille");
}

static bool grant_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_status_grant *b = &e->status_grant;
    struct status status = {.index = r->index,
                            .class = (uint8_t)b->class,
                            .levy_permille = b->levy_permille,
                            .pool_permille = b->pool_permille,
                            .at = r->at,
                            .until = b->until};
    if (!check_pool_permille(r, b->pool_permille, why) ||
        !check_panel(r, &b->panel, panel_min(r), why) ||
        !find_active(r, &b->org, "org", &status.org, why) ||
        !check_until(r, b->until, r->state->network.found.policy.status_days_max, why))
        return false;
    (void)books_org(r, status.org);
    state_put_status(r->state, &status);
    put_commit(r, e, SLOT_REASON, "status", &b->reason, &status.org, 1);
    return true;
}

const struct kind kind_status_grant = {.name = "status.grant",
                                       .id = KIND_STATUS_GRANT,
                                       FIELDS(grant_fields),
                                       .validate = grant_validate,
                                       .signers = grant_signers,
                                       .apply = grant_apply};

/* --- status.end ------------------------------------------------------------------------------- */

static const struct field end_fields[] = {
    {"org", F_HANDLE, .offset = AT(status_end.org)},
    {"panel", F_HANDLES, .optional = true, .offset = AT(status_end.panel), .min = 1,
     .max = PARTIES_MAX},
};

static bool end_validate(const struct entry *e, struct refusal *why)
{
    const struct body_status_end *b = &e->status_end;
    return b->panel.n == 0 || panel_validate(&b->panel, &e->by, &b->org, why);
}

static bool end_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                        struct refusal *why)
{
    signers_of_handles(&e->status_end.panel, set);
    return signers_author(r, e, set, why);
}

/* The panel, or the organisation itself. */
static bool check_who(struct rules *r, const struct body_status_end *b, uint32_t org,
                      struct refusal *why)
{
    if (b->panel.n > 0)
        return check_panel(r, &b->panel, panel_min(r), why);
    return org == r->author ||
           refuse(why, CODE_not_yours, "org", "one's own status, or a panel that decides", "%s",
                  b->org.s) ||
           refuse_values(why, "org", NULL, "%s", b->org.s);
}

static bool end_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_status_end *b = &e->status_end;
    uint32_t org;
    if (!find_active(r, &b->org, "org", &org, why) || !check_who(r, b, org, why))
        return false;
    (void)books_org(r, org);
    if (state_status_class(r->state, org, r->at, NULL) == 0)
        return refuse(why, CODE_already_closed, "org", "an organisation with a status in force",
                      "%s", b->org.s) ||
               refuse_values(why, "org", NULL, "%s", b->org.s);
    state_del_status(r->state, org);
    return true;
}

const struct kind kind_status_end = {.name = "status.end",
                                     .id = KIND_STATUS_END,
                                     FIELDS(end_fields),
                                     .validate = end_validate,
                                     .signers = end_signers,
                                     .apply = end_apply};
