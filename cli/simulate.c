/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What rules would do, before anybody votes on them (SPEC 20). Needs neither server nor key. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/simulate_batch.h"
#include "cli/simulate_input.h"
#include "cli/simulate_rehearse.h"
#include "cli/simulate_show.h"
#include "cli/simulate_sums.h"
#include "cli/simulate_world.h"
#include "policies/theory.h"

#define SEEDS_DEFAULT 200
#define NEEDS_MAX     8 /* as many --f */

/* --- What the verbs share --------------------------------------------------------------------- */

struct plan {
    struct sim_input input;
    struct batch batch;
    struct sim_document document;
    struct given_world given;
    int64_t needs_milli[NEEDS_MAX];
    size_t n_needs;
};

static void read_needs(struct args *a, struct plan *plan)
{
    const char *text;

    if (args_get(a, "world") != NULL) {
        plan->needs_milli[plan->n_needs++] = NEEDS_GIVEN;
        return;
    }
    while ((text = args_nth(a, "f", (int)plan->n_needs)) != NULL && !a->bad) {
        if (plan->n_needs == NEEDS_MAX) {
            args_fail(a, _("--f: at most %d times"), NEEDS_MAX);
            return;
        }
        sim_read_milli(a, "f", text, SIM_NEEDS_MILLI_MAX, &plan->needs_milli[plan->n_needs++]);
    }
    if (plan->n_needs == 0 && args_get(a, "demand") != NULL) {
        plan->needs_milli[plan->n_needs++] = plan->input.setting.kinds[SIM_FRAGILE].needs_milli;
    } else if (plan->n_needs == 0) {
        plan->needs_milli[plan->n_needs++] = 500;
        plan->needs_milli[plan->n_needs++] = 1100;
    }
}

static void read_plan(struct args *a, struct plan *plan)
{
    int64_t seed = 1, seeds = SEEDS_DEFAULT;

    memset(plan, 0, sizeof *plan);
    sim_read_input(a, &plan->input);
    args_int(a, "--seed", args_get(a, "seed"), 0, INT64_MAX / 2, &seed);
    args_int(a, "--seeds", args_get(a, "seeds"), 1, BATCH_SEEDS_MAX, &seeds);
    read_needs(a, plan);
    plan->batch.setting = plan->input.setting;
    plan->batch.seed = (uint64_t)seed;
    plan->batch.seeds = seeds;
    for (int row = 0; row < SIM_ROWS; row++) {
        sim_row_rules(&plan->batch.rules[row], (enum sim_row)row, plan->input.line,
                      plan->input.imitation_permille);
        plan->batch.wanted[row] = true;
    }
    sim_batch_rules(&plan->batch.rules[BATCH_WEEKLY], plan->input.line);
}

/* "key,key": only these rows. */
static void read_rows(struct args *a, struct plan *plan, const char *text)
{
    if (text == NULL || a->bad) {
        return;
    }
    memset(plan->batch.wanted, 0, sizeof plan->batch.wanted);
    while (text != NULL && !a->bad) {
        size_t n = strcspn(text, ",");
        int row = 0;
        while (row <= BATCH_WEEKLY &&
               (strlen(row_key(row)) != n || strncmp(row_key(row), text, n) != 0)) {
            row++;
        }
        if (row > BATCH_WEEKLY) {
            args_fail(a, _("--rows: \"%.*s\" is none; `simulate experiment --json` names them"),
                      (int)(n < 64 ? n : 64), text);
            return;
        }
        plan->batch.wanted[row] = true;
        text = text[n] == ',' ? text + n + 1 : NULL;
    }
}

static void read_policy(struct ctl *ctl, struct args *a, struct plan *plan)
{
    const char *path = args_get(a, "policy");

    if (path == NULL) {
        return;
    }
    sim_read_document(ctl, a, path, &plan->document);
    sim_document_rules(&plan->batch.rules[BATCH_OWN], &plan->document);
    plan->batch.wanted[BATCH_OWN] = true;
}

/* A given world takes the place of drawn ones; what would draw them has no meaning then. */
static void read_world_file(struct args *a, struct plan *plan)
{
    static const char *const drawing[] = {"f",          "demand", "weeks",  "orgs",  "skills",
                                          "never-ask",  "never-give", "urgent", "season", "leave"};
    const char *path = args_get(a, "world");

    if (path == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof drawing / sizeof drawing[0]; i++) {
        if (args_get(a, drawing[i]) != NULL) {
            args_fail(a, _("--%s draws worlds; --world gives one"), drawing[i]);
        }
    }
    given_world_read(a, path, &plan->input.setting, &plan->given);
    plan->batch.given = &plan->given.world;
    plan->input.reference = false;
}

/* --- Experiment ------------------------------------------------------------------------------- */

struct experiment {
    struct plan plan;
    struct sums sums[NEEDS_MAX], *now;
    FILE *csv; /* NULL: none */
};

static void csv_head(FILE *out)
{
    fputs("row,needs_fragile_milli,seed", out);
    for (int k = 0; k < SIM_N_FIGURES; k++) {
        fprintf(out, ",%s", sim_figure_name((enum sim_figure)k));
    }
    fputs(",pool_path\n", out);
}

static void csv_row(FILE *out, int64_t needs_milli, const struct batch_world *world, int row)
{
    const struct sim_figures *f = &world->figures[row];
    const struct sim_outcome *o = &world->outcome[row];

    fprintf(out, "%s,", row_key(row));
    if (needs_milli != NEEDS_GIVEN) {
        fprintf(out, "%" PRId64, needs_milli);
    }
    fprintf(out, ",%" PRIu64, world->seed);
    for (int k = 0; k < SIM_N_FIGURES; k++) {
        fputc(',', out);
        if (f->known[k]) {
            fprintf(out, "%" PRId64, f->v[k]);
        }
    }
    for (int32_t k = 0; k < o->closings; k++) {
        fprintf(out, "%c%" PRId64, k == 0 ? ',' : ';', o->pool_path[k]);
    }
    fputs(o->closings == 0 ? ",\n" : "\n", out);
}

static void take_world(void *context, const struct batch_world *world)
{
    struct experiment *e = context;

    sums_add(e->now, &e->plan.batch, world);
    for (int row = 0; row < BATCH_ROWS && e->csv != NULL; row++) {
        if (e->plan.batch.wanted[row]) {
            csv_row(e->csv, e->now->needs_milli, world, row);
        }
    }
}

/* Writes what a stream has gathered to a file, or standard output for "-". */
static int deliver(const char *path, const char *bytes, size_t n)
{
    if (strcmp(path, "-") == 0) {
        bool ok = fwrite(bytes, 1, n, stdout) == n;
        return ok ? CTL_OK : fail(CTL_FAILED, _("the output cannot be written"));
    }
    if (!write_whole_file(path, bytes, n, 0644, true)) {
        return fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    return CTL_OK;
}

static int deliver_svg(const struct experiment *e, const char *path)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&bytes, &n);

    if (out == NULL) {
        return fail(CTL_FAILED, _("not enough memory"));
    }
    svg_write(out, &e->plan.batch, e->sums, e->plan.n_needs);
    int rc = fclose(out) == 0 ? deliver(path, bytes, n) : fail(CTL_FAILED, _("not enough memory"));
    free(bytes);
    return rc;
}

static int run_all(struct experiment *e)
{
    int rc = CTL_OK;

    for (size_t i = 0; i < e->plan.n_needs && rc == CTL_OK; i++) {
        e->now = &e->sums[i];
        e->now->needs_milli = e->plan.needs_milli[i];
        if (e->plan.batch.given == NULL) {
            e->plan.batch.setting.kinds[SIM_FRAGILE].needs_milli = e->plan.needs_milli[i];
        }
        rc = batch_run(&e->plan.batch, take_world, e);
    }
    return rc;
}

static void print_experiment(struct ctl *ctl, const struct experiment *e, bool plots)
{
    const struct batch *batch = &e->plan.batch;
    int compared = 0, far = 0;

    for (size_t i = 0; i < e->plan.n_needs; i++) {
        for (int row = 0; row < BATCH_ROWS && ctl->json; row++) {
            if (batch->wanted[row]) {
                json_t *o = sums_json(&e->sums[i], batch, row);
                print_json(o);
                json_decref(o);
            }
        }
        if (ctl->json) {
            continue;
        }
        fputs(i > 0 ? "\n" : "", stdout);
        far += show_experiment(batch, &e->sums[i], e->plan.input.reference, &compared);
        if (plots) {
            show_plots(batch, &e->sums[i]);
        }
    }
    if (compared > 0) {
        printf(_("\n%d of %d figures lie further from the published ones than 3 standard errors of "
                 "both%s\n"), far, compared, far > 0 ? _(" (marked *)") : "");
    }
}

static int experiment_out(struct ctl *ctl, struct args *a, struct experiment *e)
{
    const char *csv = args_get(a, "csv"), *svg = args_get(a, "svg");
    char *bytes = NULL;
    size_t n = 0;
    int rc;

    e->csv = csv != NULL ? open_memstream(&bytes, &n) : NULL;
    if (csv != NULL && e->csv == NULL) {
        return fail(CTL_FAILED, _("not enough memory"));
    }
    if (e->csv != NULL) {
        csv_head(e->csv);
    }
    e->plan.batch.layers = csv != NULL || ctl->json;
    rc = run_all(e);
    if (e->csv != NULL && fclose(e->csv) != 0 && rc == CTL_OK) {
        rc = fail(CTL_FAILED, _("not enough memory"));
    }
    if (rc == CTL_OK && csv != NULL) {
        rc = deliver(csv, bytes, n);
    }
    free(bytes);
    if (rc == CTL_OK && svg != NULL) {
        rc = deliver_svg(e, svg);
    }
    if (rc == CTL_OK && (csv == NULL || strcmp(csv, "-") != 0) &&
        (svg == NULL || strcmp(svg, "-") != 0)) {
        print_experiment(ctl, e, args_flag(a, "plot"));
    }
    return rc;
}

static int experiment(struct ctl *ctl, struct args *a)
{
    struct experiment *e = calloc(1, sizeof *e);
    int rc = CTL_USAGE;

    if (e == NULL) {
        return fail(CTL_FAILED, _("not enough memory"));
    }
    read_plan(a, &e->plan);
    read_rows(a, &e->plan, args_get(a, "rows"));
    read_policy(ctl, a, &e->plan);
    read_world_file(a, &e->plan);
    if (!a->bad) {
        rc = experiment_out(ctl, a, e);
    }
    given_world_free(&e->plan.given);
    free(e);
    return rc;
}

/* --- Criterion -------------------------------------------------------------------------------- */

#define PASS_PERMILLE 950

struct criterion {
    struct plan plan;
    int64_t factor_permille;
    int64_t met[SIM_GOALS], all, all_by_minutes;
};

static void judge_world(void *context, const struct batch_world *world)
{
    struct criterion *c = context;
    struct sim_bar bar = {.factor_permille = c->factor_permille};
    bool met[SIM_GOALS];

    c->all += sim_criterion(world->figures, &bar, met);
    for (int g = 0; g < SIM_GOALS; g++) {
        c->met[g] += met[g];
    }
    bar.by_minutes = true;
    c->all_by_minutes += sim_criterion(world->figures, &bar, met);
}

static bool passed(const struct criterion *c)
{
    return 1000 * c->all >= PASS_PERMILLE * c->plan.batch.seeds;
}

static void print_criterion(const struct criterion *c, int64_t needs_milli)
{
    int64_t n = c->plan.batch.seeds;

    printf(_("Needs of a fragile organisation: %" PRId64 ".%03" PRId64 " a week; %" PRId64
             " worlds from seed %" PRIu64 "\n"), needs_milli / 1000, needs_milli % 1000, n,
           c->plan.batch.seed);
    for (int g = 0; g < SIM_GOALS; g++) {
        printf("  %-52s %6" PRId64 " %5.1f %%\n", _(sim_goal_words((enum sim_goal)g)), c->met[g],
               100.0 * (double)c->met[g] / (double)n);
    }
    printf("  %-52s %6" PRId64 " %5.1f %%  %s\n", _("all five"), c->all,
           100.0 * (double)c->all / (double)n, passed(c) ? _("passed") : _("NOT passed"));
    printf("  %-52s %6" PRId64 " %5.1f %%\n", _("all five, counting minutes and not requests"),
           c->all_by_minutes, 100.0 * (double)c->all_by_minutes / (double)n);
}

static void print_criterion_json(const struct criterion *c, int64_t needs_milli)
{
    json_t *o = json_object(), *met = json_object();

    for (int g = 0; g < SIM_GOALS; g++) {
        json_object_set_new(met, sim_goal_key((enum sim_goal)g), json_integer(c->met[g]));
    }
    json_object_set_new(o, "met", met);
    json_object_set_new(o, "all", json_integer(c->all));
    json_object_set_new(o, "all_by_minutes", json_integer(c->all_by_minutes));
    json_object_set_new(o, "factor_permille", json_integer(c->factor_permille));
    json_object_set_new(o, "needs_fragile_milli", json_integer(needs_milli));
    json_object_set_new(o, "passed", json_boolean(passed(c)));
    json_object_set_new(o, "seed", json_integer((json_int_t)c->plan.batch.seed));
    json_object_set_new(o, "seeds", json_integer(c->plan.batch.seeds));
    print_json(o);
    json_decref(o);
}

static int judge(struct ctl *ctl, struct criterion *c)
{
    static const enum sim_row needed[] = {SIM_UNIFORM_FLOOR, SIM_IMITATION_BOTH, SIM_UNIFORM_BOTH,
                                          SIM_POOL_HALF};
    bool good = true;

    memset(c->plan.batch.wanted, 0, sizeof c->plan.batch.wanted);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        c->plan.batch.wanted[needed[i]] = true;
    }
    for (size_t i = 0; i < c->plan.n_needs; i++) {
        memset(c->met, 0, sizeof c->met);
        c->all = c->all_by_minutes = 0;
        c->plan.batch.setting.kinds[SIM_FRAGILE].needs_milli = c->plan.needs_milli[i];
        int rc = batch_run(&c->plan.batch, judge_world, c);
        if (rc != CTL_OK) {
            return rc;
        }
        (ctl->json ? print_criterion_json : print_criterion)(c, c->plan.needs_milli[i]);
        good &= passed(c);
    }
    return good ? CTL_OK : CTL_VERIFY;
}

static int criterion(struct ctl *ctl, struct args *a)
{
    struct criterion *c = calloc(1, sizeof *c);
    int rc = CTL_USAGE;

    if (c == NULL) {
        return fail(CTL_FAILED, _("not enough memory"));
    }
    read_plan(a, &c->plan);
    c->factor_permille = 1500;
    sim_read_milli(a, "factor", args_get(a, "factor"), 1000000, &c->factor_permille);
    if (!a->bad) {
        rc = judge(ctl, c);
    }
    free(c);
    return rc;
}

/* --- Theory ----------------------------------------------------------------------------------- */

static void print_theory_json(const struct theory_figure *f)
{
    json_t *o = json_object();

    json_object_set_new(o, "test", json_string(f->test));
    json_object_set_new(o, "figure", json_string(f->what));
    json_object_set_new(o, "expected", json_real(f->expected));
    json_object_set_new(o, "found", json_real(f->found));
    json_object_set_new(o, "low", json_real(f->low));
    json_object_set_new(o, "high", json_real(f->high));
    json_object_set_new(o, "ok", json_boolean(theory_ok(f)));
    print_json(o);
    json_decref(o);
}

static int theory(struct ctl *ctl, struct args *a)
{
    struct theory_figure figures[THEORY_FIGURES_MAX];
    int64_t seed = 1, only = 0;
    int far = 0, all = 0;

    args_int(a, "--seed", args_get(a, "seed"), 0, INT64_MAX, &seed);
    args_int(a, "--test", args_get(a, "test"), 1, THEORY_TESTS, &only);
    if (a->bad) {
        return CTL_USAGE;
    }
    for (size_t t = 0; t < THEORY_TESTS; t++) {
        if (only != 0 && t + 1 != (size_t)only) {
            continue;
        }
        size_t n = theory_run(t, (uint64_t)seed, figures);
        for (size_t i = 0; i < n; i++) {
            far += !theory_ok(&figures[i]);
            if (ctl->json) {
                print_theory_json(&figures[i]);
            }
        }
        if (!ctl->json) {
            show_theory(figures, n, all == 0);
            fflush(stdout);
        }
        all += (int)n;
    }
    if (!ctl->json) {
        printf(_("%d of %d figures as expected\n"), all - far, all);
    }
    return far == 0 ? CTL_OK : CTL_VERIFY;
}

/* --- Demand ----------------------------------------------------------------------------------- */

static int demand(struct ctl *ctl, struct args *a)
{
    struct sim_input input;

    (void)ctl;
    sim_read_input(a, &input);
    if (a->bad) {
        return CTL_USAGE;
    }
    json_t *o = sim_setting_json(&input.setting);
    print_json(o);
    json_decref(o);
    return CTL_OK;
}

/* --- World ------------------------------------------------------------------------------------ */

static void print_world(void *context, const struct sim_world *world)
{
    const struct sim_setting *setting = context;
    json_t *o = world_json(world, setting->n_skills);

    print_json(o);
    json_decref(o);
}

static int world(struct ctl *ctl, struct args *a)
{
    struct sim_input input;
    int64_t seed = 1;

    (void)ctl;
    sim_read_input(a, &input);
    args_int(a, "--seed", args_get(a, "seed"), 0, INT64_MAX, &seed);
    sim_read_milli(a, "f", args_get(a, "f"), SIM_NEEDS_MILLI_MAX,
                   &input.setting.kinds[SIM_FRAGILE].needs_milli);
    if (a->bad) {
        return CTL_USAGE;
    }
    return batch_draw(&input.setting, (uint64_t)seed, print_world, &input.setting);
}

/* --- Verbs ------------------------------------------------------------------------------------ */

#define SEED_OPTS \
    {"seeds", "N", N_("worlds (200)"), false}, \
    {"seed", "N", N_("the seed of the first world; each next is one more (1)"), false}, \
    {"f", "X", N_("needs a week of a fragile organisation (0.5 and 1.1)"), true}

static const struct opt theory_opts[] = {
    {"seed", "N", N_("the seed (1)"), false},
    {"test", "N", N_("only test TN, 1 to 9"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt experiment_opts[] = {
    SEED_OPTS,
    SIM_SETTING_OPTS,
    {"policy", "FILE", N_("also your own policy document (the answer of GET /v1/policies)"), false},
    {"world", "FILE", N_("given organisations and requests (JSON, as `simulate world` prints it)"),
     false},
    {"rows", "KEY,...", N_("only these rules; `weekly` matches by the week and takes long"), false},
    {"csv", "FILE", N_("a line for every world and rules, all figures"), false},
    {"svg", "FILE", N_("plots as an image"), false},
    {"plot", NULL, N_("plots as text, too"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt criterion_opts[] = {
    SEED_OPTS,
    {"factor", "X", N_("how many times nearer to 0 positions must be (1.5)"), false},
    SIM_SETTING_OPTS,
    {NULL, NULL, NULL, false},
};
static const struct opt demand_opts[] = {
    SIM_SETTING_OPTS,
    {NULL, NULL, NULL, false},
};

static const struct opt world_opts[] = {
    {"seed", "N", N_("the seed (1)"), false},
    {"f", "X", N_("needs a week of a fragile organisation (0.5)"), false},
    SIM_SETTING_OPTS,
    {NULL, NULL, NULL, false},
};

const struct verb simulate_verbs[] = {
    {"theory", "", 0, 0, theory_opts, theory, N_("models whose outcome is known, beside it")},
    {"experiment", "", 0, 0, experiment_opts, experiment,
     N_("a network of organisations under each set of rules")},
    {"criterion", "", 0, 0, criterion_opts, criterion,
     N_("how often the rules of the pool reach what was asked of them before")},
    {"demand", "", 0, 0, demand_opts, demand, N_("print the setting as a demand file")},
    {"world", "", 0, 0, world_opts, world, N_("draw one world and print it as a world file")},
    {"rehearse", "DIR", 1, 1, rehearse_opts, simulate_rehearse,
     N_("a network's own history, as its exported log has it, under changed parameters")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
