/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Status: what the panel decides about who has it hard (SPEC 6.14). */
#include "cli/draft.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/things.h"

#define STATUS_DAYS 365

struct grant_args {
    struct handle org;
    struct handles panel;
    int64_t class, levy, pool, until;
    const char *reason;
};

static int read_grant(struct ctl *ctl, struct args *a, struct grant_args *g)
{
    g->class = 1;
    g->levy = 0;
    g->pool = 500;
    args_handle(a, "HANDLE", args_pos(a, 0), &g->org);
    args_required(a, "panel");
    g->reason = args_required(a, "reason");
    args_int(a, "--class", args_get(a, "class"), 1, 3, &g->class);
    args_int(a, "--levy", args_get(a, "levy"), 0, 1000, &g->levy);
    args_int(a, "--pool", args_get(a, "pool"), 0, 1000, &g->pool);
    g->until = args_until(a, STATUS_DAYS);
    return a->bad ? CTL_USAGE : panel_of(ctl, a, &g->panel);
}

static int status_grant(struct ctl *ctl, struct args *a)
{
    struct grant_args g;
    struct draft d;

    int rc = read_grant(ctl, a, &g);
    if (rc != CTL_OK) {
        return rc;
    }
    rc = draft_start(&d, ctl, "status.grant");
    if (rc == CTL_OK) {
        draft_handle(&d, "org", &g.org);
        draft_int(&d, "class", g.class);
        draft_int(&d, "levy_permille", g.levy);
        draft_int(&d, "pool_permille", g.pool);
        draft_handles(&d, "panel", &g.panel);
        draft_int(&d, "until", g.until);
        draft_details(&d, "reason", "status", json_pack("{s:s}", "text", g.reason));
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

/* Without a handle our own. */
static int status_end(struct ctl *ctl, struct args *a)
{
    struct handles panel;
    struct handle org;
    struct draft d;

    int rc = panel_of(ctl, a, &panel);
    if (rc == CTL_OK && args_pos(a, 0) == NULL) {
        rc = ctl_handle(ctl, &org);
    } else {
        args_handle(a, "HANDLE", args_pos(a, 0), &org);
        rc = rc == CTL_OK && a->bad ? CTL_USAGE : rc;
    }
    if (rc != CTL_OK) {
        return rc;
    }
    rc = draft_start(&d, ctl, "status.end");
    if (rc == CTL_OK) {
        draft_handle(&d, "org", &org);
        if (panel.n > 0) {
            draft_handles(&d, "panel", &panel);
        }
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static const struct opt grant_opts[] = {
    {"panel", "A,B", N_("the organisations of the panel that decide with us, and sign"), false},
    {"reason", "X", N_("why; only the panel and the organisation read it"), false},
    {"class", "N", N_("the class of its needs: 1, 2 or 3 (1)"), false},
    {"pool", "N", N_("per mille of its needs that the common pool pays (500)"), false},
    {"levy", "N", N_("per mille of its capacity that counts when the pool is filled (0)"), false},
    {"until", "DATE", N_("until the end of this day"), false},
    {"days", "N", N_("or for so many days (365)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt end_opts[] = {
    {"panel", "A,B", N_("the organisations of the panel that decide with us, and sign"), false},
    {NULL, NULL, NULL, false},
};

const struct verb status_verbs[] = {
    {"grant", "HANDLE", 1, 1, grant_opts, status_grant, N_("decide it; the panel signs")},
    {"end", "[HANDLE]", 0, 1, end_opts, status_end, N_("end ours, or with the panel another's")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
