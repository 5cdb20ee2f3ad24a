/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/simulate_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/i18n.h"
#include "cli/simulate_input.h"

#define WORLD_BYTES_MAX (64 * 1024 * 1024)
#define NAME_MAX_BYTES  64

/* What is read, and the numbers that names have got. */
struct reading {
    struct args *a;
    const char *path;
    struct given_world *out;
    json_t *org_numbers, *skill_numbers; /* name -> number */
};

static void wrong(struct reading *r, const char *what, size_t i, const char *why)
{
    args_fail(r->a, _("%s: %s %zu: %s"), r->path, what, i + 1, why);
}

/* An optional integer member. */
static bool integer_of(const json_t *o, const char *name, int64_t min, int64_t max, int64_t absent,
                       int64_t *out)
{
    const json_t *v = json_object_get(o, name);

    *out = v == NULL || json_is_null(v) ? absent : json_integer_value(v);
    return (v == NULL || json_is_null(v) || json_is_integer(v)) && *out >= min && *out <= max;
}

/* Only members of the list; else the first that is not. */
static const char *unknown_of(json_t *o, const char *const *names)
{
    const char *name;
    json_t *value;

    json_object_foreach(o, name, value) {
        size_t k = 0;
        while (names[k] != NULL && strcmp(names[k], name) != 0) {
            k++;
        }
        if (names[k] == NULL) {
            return name;
        }
    }
    return NULL;
}

/* The number of a skill, which is given to it at its first mention; -1 for none or too many. */
static int64_t skill_of(struct reading *r, const json_t *name)
{
    const char *s = json_string_value(name);
    size_t n = json_object_size(r->skill_numbers);

    if (s == NULL || s[0] == '\0' || strlen(s) > NAME_MAX_BYTES) {
        return -1;
    }
    const json_t *known = json_object_get(r->skill_numbers, s);
    if (known != NULL) {
        return json_integer_value(known);
    }
    if (n == SIM_SKILLS_MAX) {
        return -1;
    }
    json_object_set_new(r->skill_numbers, s, json_integer((json_int_t)n));
    return (int64_t)n;
}

static bool read_class(const json_t *v, enum sim_class *out)
{
    const char *s = json_string_value(v);

    for (enum sim_class c = 0; c < SIM_CLASSES && s != NULL; c++) {
        if (strcmp(s, sim_class_name(c)) == 0) {
            *out = c;
            return true;
        }
    }
    return false;
}

static bool read_skills_of(struct reading *r, const json_t *list, uint64_t *out)
{
    *out = 0;
    for (size_t k = 0; k < json_array_size(list); k++) {
        int64_t skill = skill_of(r, json_array_get(list, k));
        if (skill < 0) {
            return false;
        }
        *out |= UINT64_C(1) << skill;
    }
    return list == NULL || json_is_array(list);
}

static void read_org(struct reading *r, json_t *o, size_t i)
{
    static const char *const names[] = {"name",  "class", "skills", "capacity_minutes",
                                        "joins", "leaves", NULL};
    const char *name = json_string_value(json_object_get(o, "name")), *unknown;
    struct sim_org *org = &r->out->orgs[i];
    int64_t joins, leaves;

    if (!json_is_object(o) || name == NULL || name[0] == '\0' || strlen(name) > NAME_MAX_BYTES ||
        json_object_get(r->org_numbers, name) != NULL) {
        wrong(r, "orgs", i, _("needs a \"name\" of its own"));
    } else if (!read_class(json_object_get(o, "class"), &org->class)) {
        wrong(r, "orgs", i, _("\"class\" is established, regular or fragile"));
    } else if (!read_skills_of(r, json_object_get(o, "skills"), &org->skills)) {
        wrong(r, "orgs", i, _("\"skills\" lists words, 64 different ones in all"));
    } else if (!integer_of(o, "capacity_minutes", 0, SIM_MINUTES_MAX, 0, &org->capacity)) {
        wrong(r, "orgs", i, _("\"capacity_minutes\" are minutes to give in a week"));
    } else if (!integer_of(o, "joins", 0, INT32_MAX, 0, &joins) ||
               !integer_of(o, "leaves", joins, INT32_MAX, INT32_MAX, &leaves)) {
        wrong(r, "orgs", i, _("\"joins\" and \"leaves\" are days from 0, in this order"));
    } else if ((unknown = unknown_of(o, names)) != NULL) {
        wrong(r, "orgs", i, unknown);
    } else {
        org->joins = (int32_t)joins;
        org->leaves = (int32_t)leaves;
        json_object_set_new(r->org_numbers, name, json_integer((json_int_t)i));
    }
}

static void read_request(struct reading *r, json_t *o, size_t i)
{
    static const char *const names[] = {"day", "org", "skill", "minutes", "urgent", "id", NULL};
    const char *by = json_string_value(json_object_get(o, "org")), *unknown;
    const json_t *org = by != NULL ? json_object_get(r->org_numbers, by) : NULL;
    const json_t *urgent = json_object_get(o, "urgent");
    int64_t skill = skill_of(r, json_object_get(o, "skill")), day, minutes, id;
    int64_t first = i > 0 ? r->out->requests[i - 1].day : 0;

    if (org == NULL) {
        wrong(r, "requests", i, _("\"org\" names no organisation of the file"));
    } else if (!integer_of(o, "day", first, SIM_WEEKS_MAX * SIM_DAYS_A_WEEK, -1, &day)) {
        wrong(r, "requests", i, _("\"day\" is a day from 0, not before that of the one above"));
    } else if (skill < 0) {
        wrong(r, "requests", i, _("\"skill\" is a word, one of 64 in all"));
    } else if (!integer_of(o, "minutes", 1, SIM_MINUTES_MAX, 0, &minutes)) {
        wrong(r, "requests", i, _("\"minutes\" must be there"));
    } else if (!integer_of(o, "id", 0, UINT32_MAX, (int64_t)i, &id) ||
               (urgent != NULL && !json_is_boolean(urgent))) {
        wrong(r, "requests", i, _("\"id\" is a number, \"urgent\" true or false"));
    } else if ((unknown = unknown_of(o, names)) != NULL) {
        wrong(r, "requests", i, unknown);
    } else {
        r->out->requests[i] = (struct sim_request){
            .id = (uint32_t)id,
            .org = (uint32_t)json_integer_value(org),
            .day = (int32_t)day,
            .minutes = (int32_t)minutes,
            .skill = (uint8_t)skill,
            .urgent = json_is_true(urgent),
        };
    }
}

static bool lists_fit(struct reading *r, const json_t *orgs, const json_t *requests)
{
    size_t n = json_array_size(orgs), m = json_array_size(requests);

    if (!json_is_array(orgs) || n == 0 || n > SIM_ORGS_MAX || !json_is_array(requests) ||
        m > SIM_REQUESTS_MAX) {
        args_fail(r->a, _("%s: a world has \"orgs\", 1 to %d, and \"requests\", at most %d"),
                  r->path, SIM_ORGS_MAX, SIM_REQUESTS_MAX);
        return false;
    }
    r->out->orgs = calloc(n, sizeof *r->out->orgs);
    r->out->requests = calloc(m + 1, sizeof *r->out->requests);
    if (r->out->orgs == NULL || r->out->requests == NULL) {
        args_fail(r->a, _("not enough memory"));
        return false;
    }
    return true;
}

static void read_world(struct reading *r, json_t *o)
{
    static const char *const names[] = {"orgs", "requests", "weeks", NULL};
    json_t *orgs = json_object_get(o, "orgs"), *requests = json_object_get(o, "requests");
    const char *unknown = unknown_of(o, names);
    struct sim_world *world = &r->out->world;
    int64_t weeks, last = 0;

    if (unknown != NULL) {
        args_fail(r->a, _("%s: \"%s\" is no member of a world file"), r->path, unknown);
        return;
    }
    if (!lists_fit(r, orgs, requests)) {
        return;
    }
    for (size_t i = 0; i < json_array_size(orgs) && !r->a->bad; i++) {
        read_org(r, json_array_get(orgs, i), i);
    }
    for (size_t i = 0; i < json_array_size(requests) && !r->a->bad; i++) {
        read_request(r, json_array_get(requests, i), i);
        last = r->out->requests[i].day / SIM_DAYS_A_WEEK + 1;
    }
    last = last > SIM_WEEKS_MAX ? SIM_WEEKS_MAX : last > 0 ? last : 1;
    if (!integer_of(o, "weeks", 1, SIM_WEEKS_MAX, last, &weeks) && !r->a->bad) {
        args_fail(r->a, _("%s: \"weeks\" is a number from 1 to %d"), r->path, SIM_WEEKS_MAX);
    }
    world->orgs = r->out->orgs;
    world->n_orgs = json_array_size(orgs);
    world->requests = r->out->requests;
    world->n_requests = json_array_size(requests);
    world->weeks = (int32_t)weeks;
}

void given_world_read(struct args *a, const char *path, const struct sim_setting *setting,
                      struct given_world *out)
{
    struct reading r = {.a = a, .path = path, .out = out};

    memset(out, 0, sizeof *out);
    json_t *o = a->bad ? NULL : sim_read_json(a, path, WORLD_BYTES_MAX);
    if (o == NULL) {
        return;
    }
    r.org_numbers = json_object();
    r.skill_numbers = json_object();
    read_world(&r, o);
    out->world.free_permille = setting->free_permille;
    out->world.refuse_permille = setting->refuse_permille;
    out->world.patience = (int32_t)setting->patience;
    json_decref(r.org_numbers);
    json_decref(r.skill_numbers);
    json_decref(o);
}

void given_world_free(struct given_world *given)
{
    free(given->orgs);
    free(given->requests);
    memset(given, 0, sizeof *given);
}

/* --- Writing ---------------------------------------------------------------------------------- */

/* "fragile-7", counted over all organisations; "skill-3". */
static json_t *name_of(const struct sim_world *world, uint32_t org)
{
    return json_sprintf("%s-%" PRIu32, sim_class_name(world->orgs[org].class), org + 1);
}

static json_t *org_json(const struct sim_world *world, uint32_t i, int64_t n_skills)
{
    const struct sim_org *org = &world->orgs[i];
    json_t *o = json_object(), *skills = json_array();

    for (int64_t s = 0; s < n_skills; s++) {
        if ((org->skills >> s & 1) != 0) {
            json_array_append_new(skills, json_sprintf("skill-%" PRId64, s + 1));
        }
    }
    json_object_set_new(o, "name", name_of(world, i));
    json_object_set_new(o, "class", json_string(sim_class_name(org->class)));
    json_object_set_new(o, "skills", skills);
    json_object_set_new(o, "capacity_minutes", json_integer(org->capacity));
    json_object_set_new(o, "joins", json_integer(org->joins));
    json_object_set_new(o, "leaves",
                        org->leaves != INT32_MAX ? json_integer(org->leaves) : json_null());
    return o;
}

json_t *world_json(const struct sim_world *world, int64_t n_skills)
{
    json_t *o = json_object(), *orgs = json_array(), *requests = json_array();

    for (uint32_t i = 0; i < world->n_orgs; i++) {
        json_array_append_new(orgs, org_json(world, i, n_skills));
    }
    for (size_t i = 0; i < world->n_requests; i++) {
        const struct sim_request *r = &world->requests[i];
        json_t *one = json_object();
        json_object_set_new(one, "id", json_integer(r->id));
        json_object_set_new(one, "day", json_integer(r->day));
        json_object_set_new(one, "org", name_of(world, r->org));
        json_object_set_new(one, "skill", json_sprintf("skill-%d", r->skill + 1));
        json_object_set_new(one, "minutes", json_integer(r->minutes));
        json_object_set_new(one, "urgent", json_boolean(r->urgent));
        json_array_append_new(requests, one);
    }
    json_object_set_new(o, "weeks", json_integer(world->weeks));
    json_object_set_new(o, "orgs", orgs);
    json_object_set_new(o, "requests", requests);
    return o;
}
