/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Steps: what people decide about promises that were not kept (SPEC 6.16, 18.7). */
#include "cli/draft.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/things.h"

#define STEP_DAYS 90

struct set_args {
    struct handle org;
    struct handles panel;
    int64_t step, until;
    const char *reason;
};

static int read_set(struct ctl *ctl, struct args *a, struct set_args *s)
{
    s->step = 0;
    args_handle(a, "HANDLE", args_pos(a, 0), &s->org);
    args_int(a, "STEP", args_pos(a, 1), 2, 4, &s->step);
    s->reason = args_required(a, "reason");
    s->until = args_until(a, STEP_DAYS);
    return a->bad ? CTL_USAGE : panel_of(ctl, a, &s->panel);
}

static int step_set(struct ctl *ctl, struct args *a)
{
    struct set_args s;
    struct draft d;

    int rc = read_set(ctl, a, &s);
    if (rc != CTL_OK) {
        return rc;
    }
    rc = draft_start(&d, ctl, "step.set");
    if (rc == CTL_OK) {
        draft_handle(&d, "org", &s.org);
        draft_int(&d, "step", s.step);
        if (s.panel.n > 0) {
            draft_handles(&d, "panel", &s.panel);
        }
        draft_int(&d, "until", s.until);
        draft_details(&d, "reason", "step", json_pack("{s:s}", "text", s.reason));
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int step_end(struct ctl *ctl, struct args *a)
{
    struct handles panel;
    struct handle org;
    struct draft d;

    args_handle(a, "HANDLE", args_pos(a, 0), &org);
    int rc = a->bad ? CTL_USAGE : panel_of(ctl, a, &panel);
    if (rc != CTL_OK) {
        return rc;
    }
    rc = draft_start(&d, ctl, "step.end");
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

static int step_appeal(struct ctl *ctl, struct args *a)
{
    struct draft d;

    (void)a;
    int rc = draft_start(&d, ctl, "step.appeal");
    rc = rc == CTL_OK ? draft_sign(&d) : rc;
    draft_free(&d);
    return rc;
}

static const struct opt set_opts[] = {
    {"reason", "X", N_("why; only the panel and the organisation read it"), false},
    {"panel", "A,B", N_("the organisations of the panel that decide with us, and sign"), false},
    {"until", "DATE", N_("until the end of this day"), false},
    {"days", "N", N_("or for so many days (90)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt end_opts[] = {
    {"panel", "A,B", N_("the organisations of the panel that decide with us, and sign"), false},
    {NULL, NULL, NULL, false},
};

const struct verb step_verbs[] = {
    {"set", "HANDLE STEP", 2, 2, set_opts, step_set,
     N_("2 a meeting, 3 promises with a cosigner, 4 and requests that are not urgent rest")},
    {"end", "HANDLE", 1, 1, end_opts, step_end, N_("end what was decided, before its time")},
    {"appeal", "", 0, 0, NULL, step_appeal, N_("appeal against what was decided about us")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
