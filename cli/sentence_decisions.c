/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is given to all and what people decide about one organisation. These sentences name effects
 * and nothing else: a status is no judgement, and a step is about promises, never about a position.
 */
#include "cli/sentence_parts.h"

#include <inttypes.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "policies/promise.h"

void sentence_panel(struct words *t, const struct handles *panel, const struct handle *by)
{
    size_t n = 0, done = 0;

    for (size_t i = 0; i < panel->n; i++) {
        n += strcmp(panel->v[i].s, by->s) != 0;
    }
    if (n == 0) {
        return;
    }
    words_add(t, "%s", _(" Decided together with "));
    for (size_t i = 0; i < panel->n; i++) {
        if (strcmp(panel->v[i].s, by->s) != 0) {
            words_add(t, "%s%s", words_between(done++, n), NAME(panel->v[i]));
        }
    }
    words_add(t, ".");
}

void sentence_size(struct words *t, const struct number *capacity, const struct number *fte)
{
    if (capacity->set) {
        words_add(t, _(" It can give up to %s of help in a month."), time_text(capacity->n).s);
    }
    if (fte->set) {
        words_add(t, _(" Its size is %" PRId64 ".%02" PRId64 " full-time persons."), fte->n / 100,
                  fte->n % 100);
    }
}

/* The tenth of a percent is shown only where there is one. */
static void add_percent(struct words *t, int64_t permille)
{
    if (permille % 10 != 0) {
        words_add(t, "%" PRId64 ".%" PRId64 " %%", permille / 10, permille % 10);
    } else {
        words_add(t, "%" PRId64 " %%", permille / 10);
    }
}

static const char *class_phrase(int64_t class)
{
    switch (class) {
    case 1:
        return _("right after urgent ones");
    case 2:
        return _("before those of most members");
    default:
        return _("like those of any member");
    }
}

void say_pool_give(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s gives %s of the hours it gave beyond those it received to the common "
                   "pool."),
              NAME(e->by), time_text(e->pool_give.minutes).s);
}

void say_status_grant(struct words *t, const struct entry *e, const char *us)
{
    const struct body_status_grant *b = &e->status_grant;
    struct part pays, counts;

    (void)us;
    add_percent(part_start(&pays), b->pool_permille);
    add_percent(part_start(&counts), b->levy_permille);
    words_add(t,
              _("Until %s, the needs of %s are looked at %s (class %" PRId64 "), the common pool "
                "carries up to %s of them, and %s of its capacity counts when the pool is "
                "filled."),
              moment_text(b->until).s, NAME(b->org), class_phrase(b->class), b->class,
              part_text(&pays),
              part_text(&counts));
    sentence_panel(t, &b->panel, &e->by);
}

void say_status_end(struct words *t, const struct entry *e, const char *us)
{
    const struct body_status_end *b = &e->status_end;

    (void)us;
    words_add(t, _("The needs and the capacity of %s count as those of any member again."),
              NAME(b->org));
    sentence_panel(t, &b->panel, &e->by);
}

void say_promise_excuse(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s says that what it did not receive under the agreement %s is all right."),
              NAME(e->by), ref_text(&e->agreement_ref.agreement).s);
}

void say_step_set(struct words *t, const struct entry *e, const char *us)
{
    const struct body_step_set *b = &e->step_set;
    const struct short_text until = moment_text(b->until);

    (void)us;
    switch ((enum promise_step)b->step) {
    case PROMISE_NO_STEP:
        break;
    case PROMISE_MEETING:
        words_add(t, _("%s is invited to a meeting about its promises; this is open until %s."),
                  NAME(b->org), until.s);
        break;
    case PROMISE_COSIGNED:
        words_add(t, _("When %s promises help, another organisation signs beside it, until %s."),
                  NAME(b->org), until.s);
        break;
    case PROMISE_PAUSED:
        words_add(t,
                  _("When %s promises help, another organisation signs beside it, and its requests "
                    "that are not urgent rest, until %s."),
                  NAME(b->org), until.s);
        break;
    }
    words_add(t, "%s", _(" It can appeal, which suspends this."));
    sentence_panel(t, &b->panel, &e->by);
}

void say_step_end(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("What was decided about the promises of %s ends now."), NAME(e->step_end.org));
    sentence_panel(t, &e->step_end.panel, &e->by);
}

void say_step_appeal(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s appeals against what was decided about its promises; until the panel "
                   "looks at it again it has no effect."),
              NAME(e->by));
}
