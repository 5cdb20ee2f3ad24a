/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The report as JSON. It is written by hand, because every auditor must write the same bytes: keys
 * sorted, one space of indentation, `\u` with small letters, everything above U+007F as it is.
 */
#include "cli/audit_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "policies/window.h"

/* --- Checks not made -------------------------------------------------------------------------- */

static const struct {
    const char *check, *why; /* {} stands for what the check names */
} unmade[N_UNMADE] = {
    [UNMADE_TIME_TRUTH] = {"time_truth", "whether the time of a leaf was the true time: no witness "
                                         "says when it was logged"},
    [UNMADE_OMISSION] = {"omission", "whether an accepted entry was left out: only a receipt shows "
                                     "it, and none was given"},
    [UNMADE_FORKS] = {"forks", "whether others were shown another head: the checkpoint has no "
                               "cosignature of a known witness"},
    [UNMADE_DETAILS] = {"details",
                        "whether texts open their commitments: the texts are not in the log"},
    [UNMADE_IDLE_TICKS] = {"idle_ticks", "moments due after the last leaf: the log cannot say what "
                                         "time it is now"},
    [UNMADE_LOG_KEY] = {"log_key",
                        "the log's key was taken from the log itself: give the one you know"},
    [UNMADE_TILES] = {"tiles", "no tiles of hashes were there"},
    [UNMADE_ROOT] = {"root", "not all leaves of the checkpoint were there"},
    [UNMADE_CHECKPOINT_SIGNATURE] = {"checkpoint_signature", "no key of the log is known"},
    [UNMADE_ENTRIES] = {"entries",
                        "{} leaves after a founding that is not sound, or without a checkpoint"},
    [UNMADE_DEMO_FUTURE] = {"demo_future", "whether a time set in a demo network lay in the future "
                                           "when it was accepted"},
    [UNMADE_HELD_NEWER] = {"held_newer", "{} things held are newer than the checkpoint"},
    [UNMADE_HELD_OLDER] = {"held_older", "whether {} refusals held from before the resume point "
                                         "were founded: a fresh audit says"},
    [UNMADE_WAIVED] = {"waived", "{}: left out on request"},
};

const char *unmade_word(enum unmade check)
{
    return unmade[check].check;
}

void unmade_why(char out[static UNMADE_WHY_SIZE], const struct audit_report *r, enum unmade check)
{
    const char *why = unmade[check].why, *hole = strstr(why, "{}");
    uint64_t n = check == UNMADE_ENTRIES      ? r->figures.unjudged
                 : check == UNMADE_HELD_NEWER ? r->held_newer
                                              : r->held_older;
    char number[24];

    if (hole == NULL) {
        snprintf(out, UNMADE_WHY_SIZE, "%s", why);
        return;
    }
    snprintf(number, sizeof number, "%" PRIu64, n);
    snprintf(out, UNMADE_WHY_SIZE, "%.*s%s%s", (int)(hole - why), why,
             check == UNMADE_WAIVED ? r->waived : number, hole + 2);
}

/* --- Collecting ------------------------------------------------------------------------------- */

bool report_collect(struct audit_report *r)
{
    size_t n = audit_n_findings(r->audit);

    r->findings = calloc(n + 1, sizeof *r->findings);
    r->consequences = calloc(n + 1, sizeof *r->consequences);
    if (r->findings == NULL || r->consequences == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct audit_finding *f = audit_finding(r->audit, i);
        if (f->is_consequence) {
            r->consequences[r->n_consequences++] = f;
        } else {
            r->findings[r->n_findings++] = f;
        }
    }
    audit_figures(r->audit, &r->figures);
    return audit_sound(r->audit);
}

void report_free(struct audit_report *r)
{
    free(r->findings);
    free(r->consequences);
    r->findings = r->consequences = NULL;
}

/* --- Writing ---------------------------------------------------------------------------------- */

struct writer {
    FILE *out;
    int depth;
    bool empty; /* nothing stands in the innermost list or object yet */
};

static void put_string(FILE *out, const char *s)
{
    static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";

    fputc('"', out);
    for (; *s != '\0'; s++) {
        const char *form = short_forms;
        while (*form != '\0' && *form != *s) {
            form += 2;
        }
        if (*form != '\0') {
            fprintf(out, "\\%c", form[1]);
        } else if ((unsigned char)*s < 0x20) {
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        } else {
            fputc(*s, out);
        }
    }
    fputc('"', out);
}

/* The comma and the line before an element; its key where it has one. */
static void element(struct writer *w, const char *key)
{
    fputs(w->empty ? "\n" : ",\n", w->out);
    for (int i = 0; i < w->depth; i++) {
        fputc(' ', w->out);
    }
    if (key != NULL) {
        put_string(w->out, key);
        fputs(": ", w->out);
    }
    w->empty = false;
}

static void enter(struct writer *w, char bracket)
{
    fputc(bracket, w->out);
    w->depth++;
    w->empty = true;
}

static void leave(struct writer *w, char bracket)
{
    w->depth--;
    if (!w->empty) {
        fputc('\n', w->out);
        for (int i = 0; i < w->depth; i++) {
            fputc(' ', w->out);
        }
    }
    fputc(bracket, w->out);
    w->empty = false;
}

static void member_text(struct writer *w, const char *key, const char *text)
{
    element(w, key);
    if (text != NULL) {
        put_string(w->out, text);
    } else {
        fputs("null", w->out);
    }
}

static void member_int(struct writer *w, const char *key, int64_t n)
{
    element(w, key);
    fprintf(w->out, "%" PRId64, n);
}

static void put_unmade(struct writer *w, const struct audit_report *r)
{
    char why[UNMADE_WHY_SIZE];

    element(w, "checks_not_made");
    enter(w, '[');
    for (int i = 0; i < N_UNMADE; i++) {
        if (r->unmade[i]) {
            unmade_why(why, r, (enum unmade)i);
            element(w, NULL);
            enter(w, '{');
            member_text(w, "check", unmade[i].check);
            member_text(w, "why", why);
            leave(w, '}');
        }
    }
    leave(w, ']');
}

static void put_finding(struct writer *w, const struct audit_finding *f)
{
    element(w, NULL);
    enter(w, '{');
    member_text(w, "category", audit_category(f->code));
    member_text(w, "code", f->code);
    member_text(w, "entry", f->entry[0] != '\0' ? f->entry : NULL);
    member_text(w, "expected", f->expected);
    member_text(w, "field", f->field);
    member_text(w, "found", f->found);
    if (f->has_index) {
        member_int(w, "index", (int64_t)f->index);
    } else {
        member_text(w, "index", NULL);
    }
    member_int(w, "minutes", f->minutes);
    if (f->is_consequence) {
        member_int(w, "of", (int64_t)f->of);
    }
    leave(w, '}');
}

static void put_findings(struct writer *w, const char *key, const struct audit_finding **list,
                         size_t n)
{
    element(w, key);
    enter(w, '[');
    for (size_t i = 0; i < n; i++) {
        put_finding(w, list[i]);
    }
    leave(w, ']');
}

/* On the day of the last leaf, and at its time. */
struct standing {
    struct promise_count promises;
    int64_t step;
};

static struct standing standing_of(struct state *s, uint32_t org)
{
    int64_t at = state_last_at(s);
    int32_t day = window_day(at);
    struct standing out;
    struct step step;

    state_promises(s, org, window_first_day(day, PROMISE_STANDING_DAYS), day, &out.promises);
    out.step = state_step(s, org, &step) && promise_step_in_force(&step.last, at) ? step.last.step
                                                                                 : PROMISE_NO_STEP;
    return out;
}

static void put_position(struct writer *w, struct state *s, const struct org *org)
{
    struct standing standing = standing_of(s, org->number);

    element(w, org->handle.s);
    enter(w, '{');
    member_int(w, "broken", standing.promises.broken);
    member_int(w, "given_exchanges", org->given_count);
    member_int(w, "given_pending", org->given_pending);
    member_int(w, "given_posted", org->given_posted);
    member_int(w, "kept", standing.promises.kept);
    member_int(w, "leaning_since", org->leaning_since);
    member_int(w, "moves", org->moves);
    member_int(w, "pool_received", org->pool_received);
    member_int(w, "position", org_position(org));
    member_int(w, "received_exchanges", org->received_count);
    member_int(w, "received_pending", org->received_pending);
    member_int(w, "received_posted", org->received_posted);
    member_text(w, "state", org->state == ORG_ACTIVE ? "active" : "left");
    member_int(w, "step", standing.step);
    member_int(w, "strained_since", org->strained_since);
    leave(w, '}');
}

struct place {
    struct handle handle;
    uint32_t number;
};

static int by_handle(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->handle.s, ((const struct place *)b)->handle.s);
}

static void put_closings(struct writer *w, struct state *s)
{
    struct closing c = {.moment = -1};

    element(w, "closings");
    enter(w, '[');
    while (state_next_closing(s, &c, &c)) {
        if (c.org != POOL) {
            continue;
        }
        element(w, NULL);
        enter(w, '{');
        member_int(w, "budget", c.budget);
        member_int(w, "deficit", c.deficit);
        member_int(w, "forgiven", c.forgiven);
        member_int(w, "levied", c.levied);
        member_int(w, "moment", c.moment);
        leave(w, '}');
    }
    leave(w, ']');
}

static void put_pool(struct writer *w, struct state *s, const struct sums *sums)
{
    struct quarter quarter;
    struct org org;
    int64_t paid = 0;

    state_quarter(s, &quarter);
    for (uint32_t i = 1; i <= sums->orgs; i++) {
        paid += state_org(s, i, &org) ? org.pool_received : 0;
    }
    element(w, "pool");
    enter(w, '{');
    member_int(w, "budget", quarter.budget);
    member_int(w, "crisis_until", quarter.crisis_until);
    member_int(w, "paid", paid);
    member_int(w, "spent", quarter.spent);
    leave(w, '}');
}

static bool put_positions(struct writer *w, struct state *s, const struct sums *sums)
{
    struct place *places = calloc((size_t)sums->orgs + 1, sizeof *places);
    struct org org;
    size_t n = 0;

    if (places == NULL) {
        return false;
    }
    for (uint32_t i = 1; i <= sums->orgs; i++) {
        if (state_org(s, i, &org)) {
            places[n].handle = org.handle;
            places[n++].number = i;
        }
    }
    qsort(places, n, sizeof places[0], by_handle);
    element(w, "positions");
    enter(w, '{');
    for (size_t i = 0; i < n; i++) {
        if (state_org(s, places[i].number, &org)) {
            put_position(w, s, &org);
        }
    }
    leave(w, '}');
    free(places);
    return true;
}

static void put_totals(struct writer *w, const struct sums *sums)
{
    element(w, "totals");
    enter(w, '{');
    member_int(w, "given", sums->given);
    member_int(w, "given_pending", sums->given_pending);
    member_int(w, "orgs", sums->orgs);
    member_int(w, "pool", sums->pool);
    member_int(w, "received", sums->received);
    member_int(w, "received_pending", sums->received_pending);
    leave(w, '}');
}

bool report_write_json(const struct audit_report *r, FILE *out)
{
    struct writer w = {.out = out};
    struct sums sums;
    char root[HEX_SIZE(HASH_BYTES)];

    state_sums(audit_state(r->audit), &sums);
    hex_encode(root, r->figures.root.b, HASH_BYTES);
    enter(&w, '{');
    put_unmade(&w, r);
    put_closings(&w, audit_state(r->audit));
    put_findings(&w, "consequences", r->consequences, r->n_consequences);
    element(&w, "demo");
    fputs(r->figures.demo ? "true" : "false", out);
    member_int(&w, "entries", (int64_t)r->figures.entries);
    put_findings(&w, "findings", r->findings, r->n_findings);
    member_text(&w, "origin", r->origin);
    put_pool(&w, audit_state(r->audit), &sums);
    if (!put_positions(&w, audit_state(r->audit), &sums)) {
        return false;
    }
    member_text(&w, "root", root);
    member_int(&w, "signatures", (int64_t)r->figures.signatures);
    if (r->has_since) {
        member_int(&w, "since", (int64_t)r->since);
    }
    member_int(&w, "size", (int64_t)r->figures.size);
    put_totals(&w, &sums);
    leave(&w, '}');
    fputc('\n', out);
    return true;
}
