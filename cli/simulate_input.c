/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/simulate_input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/i18n.h"

#define LINE_DEFAULT  1200
#define LINE_MAX      600000
#define WHOLE         1000 /* a share of everything, per mille */
#define IMITATION_MAX 1000000
#define POOL_CAP_MAX  600000

/* --- Numbers ---------------------------------------------------------------------------------- */

/* Thousandths, or -1. */
static int64_t parse_milli(const char *text)
{
    int64_t value = 0;
    int digits = 0, behind = -1;

    for (const char *c = text; *c != '\0'; c++) {
        if ((*c == '.' || *c == ',') && behind < 0) {
            behind = 0;
        } else if (*c >= '0' && *c <= '9' && digits < 12 && behind < 3) {
            value = 10 * value + (*c - '0');
            digits++;
            behind += behind >= 0;
        } else {
            return -1;
        }
    }
    for (int k = behind < 0 ? 0 : behind; k < 3; k++) {
        value *= 10;
    }
    return digits > 0 ? value : -1;
}

void sim_read_milli(struct args *a, const char *what, const char *text, int64_t max_milli,
                    int64_t *out)
{
    int64_t value;

    if (text == NULL || a->bad) {
        return;
    }
    value = parse_milli(text);
    if (value < 0 || value > max_milli) {
        args_fail(a, _("%s: \"%s\" is no number from 0 to %" PRId64 ", with three digits behind "
                       "the point at most"), what, text, max_milli / 1000);
        return;
    }
    *out = value;
}

/* --- JSON ------------------------------------------------------------------------------------- */

json_t *sim_read_json(struct args *a, const char *path, size_t max)
{
    json_error_t error;
    size_t n;
    char *bytes = read_whole_file(path, max, &n);

    if (bytes == NULL) {
        args_fail(a, _("%s: %s"), path, strerror(errno));
        return NULL;
    }
    json_t *o = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &error);
    free(bytes);
    if (!json_is_object(o)) {
        args_fail(a, _("%s: no JSON object: %s"), path, o == NULL ? error.text : "");
        json_decref(o);
        return NULL;
    }
    return o;
}

struct member {
    const char *name;
    int64_t *value;
    int64_t min, max;
};

/* Takes an integer member into its place; false after a message. */
static bool take_integer(struct args *a, const char *path, const struct member *m, const json_t *v)
{
    int64_t n = json_integer_value(v);

    if (!json_is_integer(v) || n < m->min || n > m->max) {
        args_fail(a, _("%s: \"%s\" must be a whole number from %" PRId64 " to %" PRId64), path,
                  m->name, m->min, m->max);
        return false;
    }
    *m->value = n;
    return true;
}

/* Takes a declared integer member; false for a name that is not declared. */
static bool take_declared(struct args *a, const char *path, const struct member *members, size_t n,
                          const char *name, const json_t *value)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(members[i].name, name) == 0) {
            (void)take_integer(a, path, &members[i], value);
            return true;
        }
    }
    return false;
}

static void unknown_member(struct args *a, const char *path, const char *name)
{
    args_fail(a, _("%s: \"%s\" is no member of a demand file; `semctl simulate demand` prints one"),
              path, name);
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- Demand ----------------------------------------------------------------------------------- */

static void take_sizes(struct args *a, const char *path, struct sim_kind *kind, const json_t *list)
{
    size_t n = json_array_size(list);

    if (!json_is_array(list) || n == 0 || n > SIM_SIZES_MAX) {
        args_fail(a, _("%s: \"sizes\" must list 1 to %d sizes of requests"), path, SIM_SIZES_MAX);
        return;
    }
    kind->n_sizes = n;
    for (size_t i = 0; i < n && !a->bad; i++) {
        const struct member members[] = {{"minutes", &kind->sizes[i].minutes, 1, SIM_MINUTES_MAX},
                                         {"weight", &kind->sizes[i].weight, 0, 1000000}};
        const json_t *size = json_array_get(list, i);
        for (size_t k = 0; k < COUNT(members) && !a->bad; k++) {
            (void)take_integer(a, path, &members[k], json_object_get(size, members[k].name));
        }
    }
}

static void take_kind(struct args *a, const char *path, struct sim_kind *kind, json_t *o)
{
    const struct member members[] = {{"orgs", &kind->orgs, 0, SIM_ORGS_MAX / 2},
                                     {"skills", &kind->skills, 0, SIM_SKILLS_MAX},
                                     {"needs_milli", &kind->needs_milli, 0, SIM_NEEDS_MILLI_MAX},
                                     {"capacity_minutes", &kind->capacity, 0, SIM_MINUTES_MAX}};
    const char *name;
    json_t *value;

    if (!json_is_object(o)) {
        args_fail(a, _("%s: a class must be an object"), path);
        return;
    }
    json_object_foreach(o, name, value) {
        if (a->bad) {
            return;
        }
        if (strcmp(name, "sizes") == 0) {
            take_sizes(a, path, kind, value);
        } else if (!take_declared(a, path, members, COUNT(members), name, value)) {
            unknown_member(a, path, name);
        }
    }
}

static void take_classes(struct args *a, const char *path, struct sim_setting *s, json_t *o)
{
    const char *name;
    json_t *value;

    json_object_foreach(o, name, value) {
        enum sim_class c = 0;
        while (c < SIM_CLASSES && strcmp(sim_class_name(c), name) != 0) {
            c++;
        }
        if (c == SIM_CLASSES) {
            unknown_member(a, path, name);
            return;
        }
        take_kind(a, path, &s->kinds[c], value);
    }
}

static void take_weights(struct args *a, const char *path, struct sim_setting *s,
                         const json_t *list)
{
    size_t n = json_array_size(list);

    if (!json_is_array(list) || n == 0 || n > SIM_SKILLS_MAX) {
        args_fail(a, _("%s: \"skill_weights\" must list 1 to %d weights"), path, SIM_SKILLS_MAX);
        return;
    }
    s->n_skills = (int64_t)n;
    for (size_t i = 0; i < n && !a->bad; i++) {
        const struct member m = {"skill_weights", &s->skill_weight[i], 0, 1000000};
        (void)take_integer(a, path, &m, json_array_get(list, i));
    }
}

/* The members of a demand file that are one integer each. */
#define SETTING_MEMBERS(s) \
    {"weeks", &(s)->weeks, 1, SIM_WEEKS_MAX}, \
    {"free_permille", &(s)->free_permille, 0, WHOLE}, \
    {"refuse_permille", &(s)->refuse_permille, 0, WHOLE}, \
    {"patience_weeks", &(s)->patience, 0, SIM_WEEKS_MAX}, \
    {"never_ask_permille", &(s)->never_ask_permille, 0, WHOLE}, \
    {"never_give_permille", &(s)->never_give_permille, 0, WHOLE}, \
    {"urgent_permille", &(s)->urgent_permille, 0, WHOLE}, \
    {"season_permille", &(s)->season_permille, 0, WHOLE}, \
    {"leave_permille", &(s)->leave_permille, 0, WHOLE}

static void take_demand(struct args *a, const char *path, struct sim_setting *s, json_t *o)
{
    const struct member members[] = {SETTING_MEMBERS(s)};
    const char *name;
    json_t *value;

    json_object_foreach(o, name, value) {
        if (a->bad) {
            return;
        }
        if (strcmp(name, "classes") == 0) {
            take_classes(a, path, s, value);
        } else if (strcmp(name, "skill_weights") == 0) {
            take_weights(a, path, s, value);
        } else if (!take_declared(a, path, members, COUNT(members), name, value)) {
            unknown_member(a, path, name);
        }
    }
}

static json_t *kind_json(const struct sim_kind *k)
{
    json_t *sizes = json_array();

    for (size_t i = 0; i < k->n_sizes; i++) {
        json_array_append_new(sizes, json_pack("{s:I,s:I}", "minutes",
                                               (json_int_t)k->sizes[i].minutes, "weight",
                                               (json_int_t)k->sizes[i].weight));
    }
    return json_pack("{s:I,s:I,s:I,s:I,s:o}", "orgs", (json_int_t)k->orgs, "skills",
                     (json_int_t)k->skills, "needs_milli", (json_int_t)k->needs_milli,
                     "capacity_minutes", (json_int_t)k->capacity, "sizes", sizes);
}

json_t *sim_setting_json(const struct sim_setting *setting)
{
    struct sim_setting s = *setting;
    const struct member members[] = {SETTING_MEMBERS(&s)};
    json_t *o = json_object(), *classes = json_object(), *weights = json_array();

    for (size_t i = 0; i < COUNT(members); i++) {
        json_object_set_new(o, members[i].name, json_integer(*members[i].value));
    }
    for (enum sim_class c = 0; c < SIM_CLASSES; c++) {
        json_object_set_new(classes, sim_class_name(c), kind_json(&s.kinds[c]));
    }
    for (int64_t i = 0; i < s.n_skills; i++) {
        json_array_append_new(weights, json_integer(s.skill_weight[i]));
    }
    json_object_set_new(o, "classes", classes);
    json_object_set_new(o, "skill_weights", weights);
    return o;
}

/* --- Options ---------------------------------------------------------------------------------- */

static void read_skills(struct args *a, struct sim_setting *s, const char *text)
{
    int64_t n[SIM_CLASSES];
    size_t c = 0;
    char word[24];

    if (text == NULL || a->bad) {
        return;
    }
    for (const char *at = text; at != NULL && c < SIM_CLASSES && !a->bad; c++) {
        size_t len = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), at);
        args_int(a, "--skills", word, 0, s->n_skills, &n[c]);
        at = at[len] == ',' ? at + len + 1 : NULL;
        if ((at != NULL) != (c + 1 < SIM_CLASSES) && !a->bad) {
            args_fail(a, _("--skills: give three numbers, as in 4,2,1"));
        }
    }
    for (c = 0; c < SIM_CLASSES && !a->bad; c++) {
        s->kinds[c].skills = n[c];
    }
}

static void read_shares(struct args *a, struct sim_setting *s)
{
    const struct {
        const char *name;
        int64_t *value;
    } shares[] = {{"a", &s->free_permille},
                  {"refuse", &s->refuse_permille},
                  {"never-ask", &s->never_ask_permille},
                  {"never-give", &s->never_give_permille},
                  {"urgent", &s->urgent_permille},
                  {"season", &s->season_permille},
                  {"leave", &s->leave_permille}};

    for (size_t i = 0; i < COUNT(shares); i++) {
        sim_read_milli(a, shares[i].name, args_get(a, shares[i].name), WHOLE, shares[i].value);
    }
}

void sim_read_input(struct args *a, struct sim_input *in)
{
    struct sim_setting *s = &in->setting;
    const char *demand = args_get(a, "demand"), *line = args_get(a, "l");
    const char *orgs = args_get(a, "orgs");
    struct sim_input reference;
    int64_t n = 0;

    memset(in, 0, sizeof *in);
    sim_setting_default(s);
    in->line = LINE_DEFAULT;
    in->imitation_permille = WHOLE;
    reference = *in;
    json_t *o = demand != NULL ? sim_read_json(a, demand, SIM_INPUT_BYTES_MAX) : NULL;
    if (o != NULL) {
        take_demand(a, demand, s, o);
        json_decref(o);
    }
    args_int(a, "--weeks", args_get(a, "weeks"), 1, SIM_WEEKS_MAX, &s->weeks);
    args_int(a, "--patience", args_get(a, "patience"), 0, SIM_WEEKS_MAX, &s->patience);
    args_int(a, "--orgs", orgs, 2, SIM_ORGS_MAX / 2, &n);
    if (orgs != NULL && !a->bad) {
        sim_setting_resize(s, n);
    }
    read_skills(a, s, args_get(a, "skills"));
    read_shares(a, s);
    sim_read_milli(a, "imitation", args_get(a, "imitation"), IMITATION_MAX,
                   &in->imitation_permille);
    if (line != NULL) {
        args_minutes(a, "--l", line, &in->line);
    }
    if (!a->bad && (in->line < 1 || in->line > LINE_MAX)) {
        args_fail(a, _("--l: a line has 1 to %d minutes"), LINE_MAX);
    }
    const char *wrong = a->bad ? NULL : sim_setting_wrong(s);
    if (wrong != NULL) {
        args_fail(a, _("the setting cannot be drawn: look at its \"%s\""), wrong);
    }
    in->reference = in->line == reference.line &&
                    in->imitation_permille == reference.imitation_permille &&
                    memcmp(s, &reference.setting, sizeof *s) == 0;
}

/* --- A policy document ------------------------------------------------------------------------ */

/* One key; the names of those not known are gathered. */
static void take_key(struct args *a, const char *path, struct sim_document *d, const char *key,
                     const json_t *value, char *unknown, size_t size)
{
    int64_t guard = d->burden_guard;
    const struct member own[] = {{"pool_rate_permille", &d->pool_permille, 0, WHOLE},
                                 {"pool_urgent_permille", &d->pool_urgent_permille, 0, WHOLE},
                                 {"pool_cap", &d->pool_cap, 0, POOL_CAP_MAX},
                                 {"choice_burden_guard", &guard, 0, 1}};
    const struct policy_key *known = policy_find(key);
    bool taken = take_declared(a, path, own, COUNT(own), key, value);

    d->burden_guard = guard != 0;
    if (a->bad) {
        return;
    }
    if (known != NULL) {
        int64_t n = json_integer_value(value);
        if (!json_is_integer(value) || policy_set(&d->policy, key, n) != POLICY_OK) {
            args_fail(a, _("%s: \"%s\" must be a whole number from %" PRId64 " to %" PRId64), path,
                      key, known->min, known->max);
        }
    } else if (!taken) {
        size_t used = strlen(unknown);
        snprintf(unknown + used, size - used, "%s%s", used > 0 ? ", " : "", key);
    }
}

static void take_document(const struct ctl *ctl, struct args *a, const char *path,
                          struct sim_document *d, json_t *o)
{
    const json_t *items = json_object_get(o, "items");
    json_t *inner = json_object_get(o, "policy"), *value;
    char unknown[256] = "";
    const char *key;

    for (size_t i = 0; i < json_array_size(items) && !a->bad; i++) {
        const json_t *item = json_array_get(items, i);
        key = json_string_value(json_object_get(item, "key"));
        if (key == NULL) {
            args_fail(a, _("%s: an item without a \"key\""), path);
            return;
        }
        take_key(a, path, d, key, json_object_get(item, "value"), unknown, sizeof unknown);
    }
    if (!json_is_array(items)) {
        json_object_foreach(json_is_object(inner) ? inner : o, key, value) {
            if (!a->bad) {
                take_key(a, path, d, key, value, unknown, sizeof unknown);
            }
        }
    }
    if (unknown[0] != '\0' && !a->bad) {
        say(ctl, _("%s: passed over, because it is no key of a policy: %s"), path, unknown);
    }
}

void sim_read_document(const struct ctl *ctl, struct args *a, const char *path,
                       struct sim_document *out)
{
    json_t *o = a->bad ? NULL : sim_read_json(a, path, SIM_INPUT_BYTES_MAX);

    *out = (struct sim_document){.pool_permille = 500,
                                 .pool_urgent_permille = WHOLE,
                                 .pool_cap = 600,
                                 .burden_guard = true};
    policy_default(&out->policy);
    if (o != NULL) {
        take_document(ctl, a, path, out, o);
        json_decref(o);
    }
}
