/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/match_compute.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/log_replay.h"
#include "cli/words.h"
#include "ledger/match_json.h"

#define INPUTS_BYTES_MAX ((size_t)256 * 1024 * 1024)

const struct opt match_compute_opts[] = {
    {"at", "N", N_("after so many entries (else all of them)"), false},
    {"week", "WEEK", N_("for this week, like 2026-W09 (else that of the last of these entries)"),
     false},
    {"declined", "FILE", N_("what was declined: a list, or the inputs of that week"), false},
    {"inputs", "FILE", N_("from published inputs instead of a log"), false},
    {NULL, NULL, NULL, false},
};

static int read_json(const char *path, json_t **out)
{
    json_error_t error;
    size_t n;
    char *bytes = read_whole_file(path, INPUTS_BYTES_MAX, &n);

    if (bytes == NULL) {
        return fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    *out = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &error);
    free(bytes);
    return *out != NULL ? CTL_OK : fail(CTL_USAGE, "%s:%d: %s", path, error.line, error.text);
}

/* --- Facts ------------------------------------------------------------------------------------ */

static int read_inputs(const char *path, struct match_facts *facts)
{
    char why[MATCH_WHY_SIZE];
    json_t *json = NULL;
    int rc = read_json(path, &json);

    if (rc == CTL_OK && !match_facts_from_json(json, facts, why)) {
        rc = fail(CTL_USAGE, "%s: %s", path, why);
    }
    json_decref(json);
    return rc;
}

static int read_declined(const char *path, struct match_decline **declines, size_t *n)
{
    char why[MATCH_WHY_SIZE];
    json_t *json = NULL;
    int rc = path != NULL ? read_json(path, &json) : CTL_OK;

    if (rc == CTL_OK && json != NULL && !match_declines_from_json(json, declines, n, why)) {
        rc = fail(CTL_USAGE, "%s: %s", path, why);
    }
    json_decref(json);
    return rc;
}

static int read_log(struct ctl *ctl, struct args *a, struct match_facts *facts)
{
    const char *week = args_get(a, "week"), *declined = args_get(a, "declined");
    struct match_decline *declines = NULL;
    struct log_replay replay;
    int64_t at = 0, monday = 0;
    size_t n = 0;

    args_int(a, "--at", args_get(a, "at"), 1, INTEGER_MAX, &at);
    if (week != NULL && !calendar_week_parse(week, strlen(week), &monday)) {
        args_fail(a, _("--week: \"%s\" is no week; one looks like 2026-W09"), week);
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = log_replay_folder(ctl, args_pos(a, 0), (uint64_t)at, &replay);
    rc = rc == CTL_OK ? read_declined(declined, &declines, &n) : rc;
    if (rc == CTL_OK) {
        monday = week != NULL ? monday : calendar_week(state_last_at(replay.state));
        if (!match_facts_read(replay.state, replay.origin, monday, declines, n, facts)) {
            rc = fail(CTL_FAILED, _("no memory"));
        }
    }
    free(declines);
    log_replay_end(&replay);
    return rc;
}

/* --- Telling ---------------------------------------------------------------------------------- */

static void print_proposal(const struct match_facts *f, const struct match_proposal *p, size_t i)
{
    struct short_text need = ref_text(&f->needs[p->need].ref);

    printf("%zu. ", i + 1);
    printf(_("%s could give %s %s (need %s, class %d)."), NAME(f->orgs[p->giver].handle),
           NAME(f->orgs[p->receiver].handle), time_text(p->minutes).s, need.s, p->class);
    printf("\n   ");
    printf(_("Positions: %s %s to %s, %s %s to %s."), NAME(f->orgs[p->giver].handle),
           time_text(p->giver_before).s, time_text(p->giver_after).s,
           NAME(f->orgs[p->receiver].handle), time_text(p->receiver_before).s,
           time_text(p->receiver_after).s);
    if (p->pool_minutes > 0) {
        printf(_(" The common pool would pay %s."), time_text(p->pool_minutes).s);
    }
    printf(_(" Others that could: %zu.\n"), p->n_others);
}

static void print_result(const struct match_facts *f, const struct match_result *r)
{
    printf(_("Week %s, after %" PRIu64 " entries: %zu needs, %zu proposals.\n"), f->week, f->size,
           f->n_needs, r->n_proposals);
    for (size_t i = 0; i < r->n_proposals; i++) {
        print_proposal(f, &r->proposals[i], i);
    }
    for (size_t i = 0; i < r->n_left; i++) {
        const struct match_fact_need *need = &f->needs[r->left[i].need];

        printf(_("Nobody yet for %s of %s (%s): %s.\n"), time_text(r->left[i].minutes).s,
               NAME(f->orgs[need->asker].handle), ref_text(&need->ref).s,
               match_left_word(r->left[i].why));
    }
}

int match_compute(struct ctl *ctl, struct args *a)
{
    const char *inputs = args_get(a, "inputs");
    struct match_facts facts = {.n_orgs = 0};
    struct match_result result = {.n_proposals = 0};

    if ((inputs != NULL) == (args_pos(a, 0) != NULL)) {
        args_fail(a, _("a folder with a log, or --inputs FILE"));
        return CTL_USAGE;
    }
    int rc = inputs != NULL ? read_inputs(inputs, &facts) : read_log(ctl, a, &facts);
    if (rc == CTL_OK && !match_facts_solve(&facts, &result)) {
        rc = fail(CTL_FAILED, _("no memory"));
    }
    if (rc == CTL_OK && ctl->json) {
        json_t *o = match_result_json(&facts, &result);
        print_json(o);
        json_decref(o);
    } else if (rc == CTL_OK) {
        print_result(&facts, &result);
    }
    match_free(&result);
    match_facts_free(&facts);
    return rc;
}
