/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/simulate_rehearse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/log_replay.h"
#include "cli/words.h"
#include "ledger/rehearse.h"
#include "ledger/sheet.h"

const struct opt rehearse_opts[] = {
    {"set", "KEY=VALUE", N_("a parameter as it is proposed"), true},
    {"at", "N", N_("only the first N entries"), false},
    {"csv", "FILE", N_("the figures before and after (- for standard output)"), false},
    {NULL, NULL, NULL, false},
};

/* One side: the log's own policy, or the changed one. */
struct side {
    struct rehearsal *rehearsal;
    struct sheet sheet;
    int64_t closings, levied, forgiven;
};

struct run {
    char origin[ORIGIN_MAX + 1];
    uint64_t size;
    struct rehearse_change changes[REHEARSE_CHANGES_MAX];
    size_t n_changes;
    struct side before, after;
    struct handle us; /* empty: nobody's own part is shown */
};

/* --- The changes ------------------------------------------------------------------------------ */

static void read_change(struct args *a, const char *text, struct rehearse_change *out)
{
    const char *equals = strchr(text, '=');
    char key[64];

    snprintf(key, sizeof key, "%.*s", equals ? (int)(equals - text) : 0, text);
    out->key = policy_find(key);
    if (equals == NULL || out->key == NULL) {
        args_fail(a, _("--set: \"%s\" is no KEY=VALUE with a key that `semctl policy` lists"),
                  text);
        return;
    }
    if (out->key->min == out->key->max) {
        args_fail(a, _("--set: %s is entrenched: nobody can change it"), key);
        return;
    }
    args_int(a, key, equals + 1, out->key->min, out->key->max, &out->value);
}

static void read_changes(struct args *a, struct run *run)
{
    const char *text;

    while ((text = args_nth(a, "set", (int)run->n_changes)) != NULL && !a->bad) {
        if (run->n_changes == REHEARSE_CHANGES_MAX) {
            args_fail(a, _("--set: at most %d times"), REHEARSE_CHANGES_MAX);
            return;
        }
        read_change(a, text, &run->changes[run->n_changes]);
        run->n_changes++;
    }
    if (run->n_changes == 0 && !a->bad) {
        args_fail(a, _("--set KEY=VALUE: which parameter is proposed, and how?"));
    }
}

/* --- Playing ---------------------------------------------------------------------------------- */

/* What log_replay_leaves() hands back and forth. */
struct playing {
    struct run *run;
    struct log_replay *log;
};

static int begin(struct run *run, const struct log_replay *log)
{
    memcpy(run->origin, log->origin, sizeof run->origin);
    run->before.rehearsal = rehearse_new(run->origin, NULL, 0);
    run->after.rehearsal = rehearse_new(run->origin, run->changes, run->n_changes);
    return run->before.rehearsal && run->after.rehearsal ? CTL_OK
                                                         : fail(CTL_FAILED, _("no memory"));
}

static int take_leaf(void *ctx, uint64_t index, struct slice leaf)
{
    struct playing *p = ctx;
    char why[REHEARSE_WHY_SIZE];
    int rc = index == 0 ? begin(p->run, p->log) : CTL_OK;

    if (rc != CTL_OK) {
        return rc;
    }
    if (!rehearse_leaf(p->run->before.rehearsal, leaf, why) ||
        !rehearse_leaf(p->run->after.rehearsal, leaf, why)) {
        return fail(CTL_VERIFY, _("entry %" PRIu64 ": %s"), index, why);
    }
    return CTL_OK;
}

static bool measure(struct side *side)
{
    struct state *s = rehearse_state(side->rehearsal);
    struct closing closing = {.moment = -1};

    while (state_next_closing(s, &closing, &closing)) {
        side->closings += closing.org == POOL;
        side->levied += closing.org == POOL ? 0 : closing.levied;
        side->forgiven += closing.org == POOL ? 0 : closing.forgiven;
    }
    return sheet_make(s, state_last_at(s), 1, &side->sheet);
}

/* --- Figures ---------------------------------------------------------------------------------- */

struct figure {
    const char *key, *words;
    struct ratio before, after; /* not known: n/a */
};
#define FIGURES_MAX 24

static struct ratio number(int64_t n)
{
    return (struct ratio){true, n};
}

static void add(struct figure *v, size_t *n, const char *key, const char *words,
                struct ratio before, struct ratio after)
{
    v[(*n)++] = (struct figure){key, words, before, after};
}

#define OF(member) run->before.sheet.member, run->after.sheet.member
#define COUNT(member) number(run->before.member), number(run->after.member)

static size_t figures(const struct run *run, struct figure v[static FIGURES_MAX])
{
    const struct sheet_year *b = &run->before.sheet.years[0], *a = &run->after.sheet.years[0];
    size_t n = 0;

    add(v, &n, "displaced_share", N_("displaced share (M3), per mille"),
        OF(layer[LAYER_ACCOUNT].displaced));
    add(v, &n, "displaced_share_help", N_("the same with gifts and the pool's part"),
        OF(layer[LAYER_HELP].displaced));
    add(v, &n, "concentration", N_("concentration of positions (M4), per mille"),
        OF(layer[LAYER_ACCOUNT].positions));
    add(v, &n, "comes_round", N_("share that comes round (M6), per mille"),
        OF(layer[LAYER_HELP].round));
    add(v, &n, "fill_gap", N_("fill gap (M10), per mille"), OF(gap));
    add(v, &n, "fill_fragile", N_("the fragile obtain, per mille"), fill_rate(&b->fragile),
        fill_rate(&a->fragile));
    add(v, &n, "fill_others", N_("the others obtain, per mille"), fill_rate(&b->others),
        fill_rate(&a->others));
    add(v, &n, "burden_gini", N_("burden Gini (M11), per mille"), b->burden.gini, a->burden.gini);
    add(v, &n, "given", N_("minutes given in the year"),
        number(run->before.sheet.layer[LAYER_HELP].minutes),
        number(run->after.sheet.layer[LAYER_HELP].minutes));
    add(v, &n, "exchanges", N_("exchanges, ever"), COUNT(sheet.totals.exchanges));
    add(v, &n, "pool", N_("the common pool, minutes"), COUNT(sheet.totals.pool));
    add(v, &n, "pool_budget", N_("its budget this quarter, minutes"), COUNT(sheet.quarter.budget));
    add(v, &n, "pool_spent", N_("spent of it"), COUNT(sheet.quarter.spent));
    add(v, &n, "closings", N_("closings"), COUNT(closings));
    add(v, &n, "levied", N_("given to the pool in them, minutes"), COUNT(levied));
    add(v, &n, "forgiven", N_("forgiven in them, minutes"), COUNT(forgiven));
    return n;
}

/* Refused entries of one kind: by the changed rules themselves, or for what they refer to. */
struct refused_sum {
    size_t entries;
    int64_t minutes;
};

static struct refused_sum refused(const struct side *side, bool consequence)
{
    struct refused_sum sum = {0};
    size_t n;
    const struct rehearse_refusal *v = rehearse_refusals(side->rehearsal, &n);

    for (size_t i = 0; i < n; i++) {
        if (v[i].is_consequence == consequence) {
            sum.entries++;
            sum.minutes += v[i].minutes;
        }
    }
    return sum;
}

/* How many organisations it would have mattered to. */
static size_t concerned(const struct side *side)
{
    size_t n;

    (void)rehearse_concerns(side->rehearsal, &n);
    return n;
}

static const struct rehearse_concern *own_part(const struct run *run)
{
    size_t n;
    const struct rehearse_concern *v = rehearse_concerns(run->after.rehearsal, &n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(v[i].org.s, run->us.s) == 0) {
            return &v[i];
        }
    }
    return NULL;
}

/* --- Telling ---------------------------------------------------------------------------------- */

static void print_ratio(struct ratio r)
{
    if (r.known) {
        printf(" %10" PRId64, r.permille);
    } else {
        printf(" %10s", _("n/a"));
    }
}

static void print_refused(const struct run *run)
{
    struct refused_sum direct = refused(&run->after, false), more = refused(&run->after, true);
    const struct rehearse_concern *own = own_part(run);

    printf(_("Refused that were taken: %zu entries, %s.\n"), direct.entries,
           time_text(direct.minutes).s);
    printf(_("Left out because they refer to those: %zu entries, %s.\n"), more.entries,
           time_text(more.minutes).s);
    printf(_("It would have mattered to %zu organisations.\n"), concerned(&run->after));
    if (run->us.s[0] && own != NULL) {
        printf(_("Of these %s in %zu entries, %s.\n"), NAME(run->us), own->entries,
               time_text(own->minutes).s);
    } else if (run->us.s[0]) {
        printf(_("Not to %s.\n"), NAME(run->us));
    }
}

static void print_words(const struct run *run)
{
    struct figure v[FIGURES_MAX];
    size_t n = figures(run, v);

    printf(_("%s, %" PRIu64 " entries, with"), run->origin, run->size);
    for (size_t i = 0; i < run->n_changes; i++) {
        printf("%s %s = %" PRId64, i ? "," : "", run->changes[i].key->key, run->changes[i].value);
    }
    printf(":\n%-46s %10s %10s\n", "", _("as it was"), _("changed"));
    for (size_t i = 0; i < n; i++) {
        printf("%-46s", _(v[i].words));
        print_ratio(v[i].before);
        print_ratio(v[i].after);
        putchar('\n');
    }
    print_refused(run);
}

static json_t *ratio_json(struct ratio r)
{
    return r.known ? json_integer(r.permille) : json_null();
}

static json_t *refused_json(const struct run *run)
{
    struct refused_sum direct = refused(&run->after, false), more = refused(&run->after, true);
    const struct rehearse_concern *own = own_part(run);
    const struct rehearse_refusal *v;
    json_t *codes = json_object(), *o;
    size_t n;

    v = rehearse_refusals(run->after.rehearsal, &n);
    for (size_t i = 0; i < n; i++) {
        const char *code = code_word(v[i].code);
        int64_t so_far = json_integer_value(json_object_get(codes, code));

        json_object_set_new(codes, code, json_integer(so_far + 1));
    }
    o = json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "entries", (json_int_t)direct.entries, "minutes",
                  (json_int_t)direct.minutes, "consequences", (json_int_t)more.entries,
                  "consequence_minutes", (json_int_t)more.minutes, "organisations",
                  (json_int_t)concerned(&run->after), "codes", codes);
    if (run->us.s[0]) {
        json_object_set_new(o, "own",
                            json_pack("{s:s,s:I,s:I}", "org", run->us.s, "entries",
                                      (json_int_t)(own ? own->entries : 0), "minutes",
                                      (json_int_t)(own ? own->minutes : 0)));
    }
    return o;
}

static void print_as_json(const struct run *run)
{
    struct figure v[FIGURES_MAX];
    size_t n = figures(run, v);
    json_t *o = json_object(), *set = json_object(), *before = json_object(),
           *after = json_object();

    for (size_t i = 0; i < run->n_changes; i++) {
        json_object_set_new(set, run->changes[i].key->key, json_integer(run->changes[i].value));
    }
    for (size_t i = 0; i < n; i++) {
        json_object_set_new(before, v[i].key, ratio_json(v[i].before));
        json_object_set_new(after, v[i].key, ratio_json(v[i].after));
    }
    json_object_set_new(o, "origin", json_string(run->origin));
    json_object_set_new(o, "size", json_integer((json_int_t)run->size));
    json_object_set_new(o, "set", set);
    json_object_set_new(o, "before", before);
    json_object_set_new(o, "after", after);
    json_object_set_new(o, "refused", refused_json(run));
    print_json(o);
    json_decref(o);
}

static void write_ratio(FILE *out, struct ratio r)
{
    if (r.known) {
        fprintf(out, ",%" PRId64, r.permille);
    } else {
        fputc(',', out);
    }
}

static int write_csv(const struct run *run, const char *path)
{
    struct refused_sum direct = refused(&run->after, false), more = refused(&run->after, true);
    struct figure v[FIGURES_MAX];
    size_t n = figures(run, v), size = 0;
    char *bytes = NULL;
    FILE *out = open_memstream(&bytes, &size);

    if (out == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    fputs("figure,before,after\n", out);
    for (size_t i = 0; i < n; i++) {
        fputs(v[i].key, out);
        write_ratio(out, v[i].before);
        write_ratio(out, v[i].after);
        fputc('\n', out);
    }
    fprintf(out, "refused,0,%zu\nrefused_minutes,0,%" PRId64 "\nconsequences,0,%zu\n"
            "consequence_minutes,0,%" PRId64 "\norganisations,0,%zu\n", direct.entries,
            direct.minutes, more.entries, more.minutes, concerned(&run->after));
    int rc = fclose(out) == 0 ? CTL_OK : fail(CTL_FAILED, _("no memory"));
    if (rc == CTL_OK && strcmp(path, "-") == 0) {
        fwrite(bytes, 1, size, stdout);
    } else if (rc == CTL_OK && !write_whole_file(path, bytes, size, 0644, true)) {
        rc = fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    free(bytes);
    return rc;
}

/* --- All -------------------------------------------------------------------------------------- */

static int tell(struct ctl *ctl, struct args *a, struct run *run)
{
    const char *csv = args_get(a, "csv");
    size_t n;

    (void)rehearse_refusals(run->before.rehearsal, &n);
    if (n > 0) {
        return fail(CTL_VERIFY, _("under its own policy %zu entries of this log would have been "
                                  "refused: `semctl audit` says which"), n);
    }
    int rc = csv != NULL ? write_csv(run, csv) : CTL_OK;
    if (rc == CTL_OK && ctl->json) {
        print_as_json(run);
    } else if (rc == CTL_OK && (csv == NULL || strcmp(csv, "-") != 0)) {
        print_words(run);
    }
    return rc;
}

int simulate_rehearse(struct ctl *ctl, struct args *a)
{
    struct run *run = calloc(1, sizeof *run);
    struct log_replay log = {.size = 0};
    struct playing playing = {run, &log};
    int64_t at = 0;

    if (run == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    read_changes(a, run);
    args_int(a, "--at", args_get(a, "at"), 1, INTEGER_MAX, &at);
    int rc = a->bad ? CTL_USAGE : CTL_OK;
    if (rc == CTL_OK && (ctl->as != NULL || ctl->key_path != NULL)) {
        rc = ctl_handle(ctl, &run->us);
    }
    rc = rc == CTL_OK ? log_replay_leaves(ctl, args_pos(a, 0), (uint64_t)at, &log, take_leaf,
                                          &playing)
                      : rc;
    run->size = log.size;
    if (rc == CTL_OK && run->after.rehearsal == NULL) {
        rc = fail(CTL_NOT_FOUND, _("the log is empty"));
    }
    if (rc == CTL_OK && !(measure(&run->before) && measure(&run->after))) {
        rc = fail(CTL_FAILED, _("no memory"));
    }
    rc = rc == CTL_OK ? tell(ctl, a, run) : rc;
    sheet_free(&run->before.sheet);
    sheet_free(&run->after.sheet);
    rehearse_free(run->before.rehearsal);
    rehearse_free(run->after.rehearsal);
    free(run);
    return rc;
}
