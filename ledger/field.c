/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/take.h"

/* --- What is expected, made from the table ---------------------------------------------------- */

static void list_format(char out[static EXPECTED_SIZE], const char *noun, int64_t min, int64_t max)
{
    snprintf(out, EXPECTED_SIZE, "%s, sorted by byte, each once, %" PRId64 "..%" PRId64, noun, min,
             max);
}

/* The fixed texts, or NULL for the types whose text has figures or words of the table. */
static const char *type_text(enum field_type type)
{
    switch (type) {
    case F_HANDLE:
        return EXPECTED_HANDLE;
    case F_SLUG:
        return EXPECTED_SLUG;
    case F_REF:
        return EXPECTED_REF;
    case F_KEY:
    case F_HASH:
    case F_COMMIT:
        return EXPECTED_HEX;
    case F_DAY:
        return EXPECTED_DAY;
    case F_FLAG:
        return EXPECTED_FLAG;
    case F_SHARES:
        return "shares {\"from\",\"minutes\",\"to\"}, sorted by from and to, no pair twice, 1..64";
    case F_FOUNDERS:
        return "founders {\"handle\",\"key\"}, 3..32";
    case F_MANDATES:
        return "mandates {\"org\",\"role\",\"until\"}, sorted by org and role, each once, 1..32";
    case F_POLICY:
        return "object with every key of the policy table";
    case F_PUBLIC:
        return "{\"bundles\":flag,\"directory\":flag}";
    case F_TOTALS:
        return "{\"given\",\"orgs\",\"pool\",\"received\"}, integers";
    case F_HANDLES:
    case F_SLUGS:
    case F_LANGUAGES:
    case F_INT:
    case F_NUMBER:
    case F_WORD:
    case F_SKILLS:
        return NULL;
    }
    return NULL;
}

static void describe(char out[static EXPECTED_SIZE], const struct field *f)
{
    const char *text = type_text(f->type);

    if (text != NULL) {
        snprintf(out, EXPECTED_SIZE, "%s", text);
    } else if (f->type == F_INT || f->type == F_NUMBER) {
        range_format(out, f->min, f->max);
    } else if (f->type == F_WORD) {
        words_format(out, f->words);
    } else if (f->type == F_HANDLES) {
        list_format(out, "handles", f->min, f->max);
    } else if (f->type == F_SKILLS) {
        list_format(out, "slugs", 1, SKILLS_MAX);
    } else {
        list_format(out, f->type == F_LANGUAGES ? "languages" : "slugs", f->min, f->max);
    }
}

/* Refuses a value of the field, or an element that breaks what is expected of the whole. */
static bool invalid_in(struct refusal *why, const struct field *f, struct place at,
                       struct value found)
{
    char expected[EXPECTED_SIZE];
    describe(expected, f);
    return refuse_value(why, at, expected, found);
}

/* --- Arrays ----------------------------------------------------------------------------------- */

/* The elements of an array of min..max of them. */
static bool take_array(struct walk *elements, size_t *n, int64_t min, int64_t max,
                       const struct field *f, struct value array, struct refusal *why)
{
    *n = value_is_array(array) ? value_count(array) : 0;
    if (!value_is_array(array) || (int64_t)*n < min || (int64_t)*n > max) {
        return invalid_in(why, f, (struct place){.field = f->name}, array);
    }
    *elements = walk_start(array);
    return true;
}

/* The next element, which take_array() has counted. */
static struct value element_next(struct walk *elements)
{
    struct member m = {.key = NULL};
    bool more = walk_next(elements, &m);

    assert(more);
    return m.value;
}

static bool take_handles(struct handles *out, const struct field *f, struct value value,
                         struct refusal *why)
{
    struct walk elements;
    assert(f->min >= 0 && f->max >= f->min && f->max <= PARTIES_MAX);
    if (!take_array(&elements, &out->n, f->min, f->max, f, value, why)) {
        return false;
    }
    for (size_t i = 0; i < out->n; i++) {
        struct place at = {.field = f->name, .element = i + 1};
        struct value element = element_next(&elements);
        if (!take_handle(&out->v[i], at, element, why)) {
            return false;
        }
        if (i > 0 && strcmp(out->v[i - 1].s, out->v[i].s) >= 0) {
            return invalid_in(why, f, at, element);
        }
    }
    return true;
}

/* Slugs and languages. */
static bool take_slugs(struct slug *out, size_t *n, int64_t min, int64_t max,
                       const struct field *f, struct value value, struct refusal *why)
{
    struct walk elements;
    if (!take_array(&elements, n, min, max, f, value, why)) {
        return false;
    }
    for (size_t i = 0; i < *n; i++) {
        struct place at = {.field = f->name, .element = i + 1};
        struct value element = element_next(&elements);
        if (f->type == F_LANGUAGES ? !take_language(&out[i], at, element, why)
                                   : !take_slug(&out[i], at, element, why)) {
            return false;
        }
        if (i > 0 && strcmp(out[i - 1].s, out[i].s) >= 0) {
            return invalid_in(why, f, at, element);
        }
    }
    return true;
}

static bool take_share(struct share *out, struct place at, struct value value, struct refusal *why)
{
    static const char *const names[] = {"from", "minutes", "to", NULL};
    struct value v[MEMBERS_MAX];

    return take_members(v, names, at, "share: {\"from\",\"minutes\",\"to\"}", value, why) &&
           take_handle(&out->from, place_member(at, names[0]), v[0], why) &&
           take_int(&out->minutes, 1, SHARE_MINUTES_MAX, place_member(at, names[1]), v[1], why) &&
           take_handle(&out->to, place_member(at, names[2]), v[2], why);
}

static bool take_shares(struct shares *out, const struct field *f, struct value value,
                        struct refusal *why)
{
    struct walk elements;
    if (!take_array(&elements, &out->n, 1, SHARES_MAX, f, value, why)) {
        return false;
    }
    for (size_t i = 0; i < out->n; i++) {
        struct place at = {.field = f->name, .element = i + 1};
        struct value element = element_next(&elements);
        struct share *share = &out->v[i];
        if (!take_share(share, at, element, why)) {
            return false;
        }
        if (strcmp(share->from.s, share->to.s) == 0) {
            return refuse_value(why, at, "from and to that differ", element);
        }
        int order = i == 0 ? -1 : strcmp(share[-1].from.s, share->from.s);
        if (order > 0 || (order == 0 && strcmp(share[-1].to.s, share->to.s) >= 0)) {
            return invalid_in(why, f, at, element);
        }
    }
    return true;
}

/* --- Types of network.found and clock.tick (SPEC 6.1, 6.10) ----------------------------------- */

/* Founders differ in handle and in key. */
static bool founder_once(const struct founder *all, size_t i, struct place at,
                         struct value element, struct refusal *why)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(all[k].handle.s, all[i].handle.s) == 0) {
            return refuse_value(why, place_member(at, "handle"),
                                "a handle that no other founder has",
                                value_member(element, "handle"));
        }
        if (public_key_equal(&all[k].key, &all[i].key)) {
            return refuse_value(why, place_member(at, "key"), "a key that no other founder has",
                                value_member(element, "key"));
        }
    }
    return true;
}

static bool take_founders(struct body_network_found *out, const struct field *f,
                          struct value value, struct refusal *why)
{
    struct walk elements;
    static const char *const names[] = {"handle", "key", NULL};
    struct value v[MEMBERS_MAX];

    if (!take_array(&elements, &out->n_founders, 3, FOUNDERS_MAX, f, value, why)) {
        return false;
    }
    for (size_t i = 0; i < out->n_founders; i++) {
        struct founder *founder = &out->founders[i];
        struct place at = {.field = f->name, .element = i + 1};
        struct value element = element_next(&elements);
        if (!take_members(v, names, at, "founder: {\"handle\",\"key\"}", element, why) ||
            !take_handle(&founder->handle, place_member(at, names[0]), v[0], why) ||
            !take_bytes(founder->key.b, place_member(at, names[1]), v[1], why) ||
            !founder_once(out->founders, i, at, element, why)) {
            return false;
        }
    }
    return true;
}

static bool take_mandate(struct mandate *out, struct place at, struct value value,
                         struct refusal *why)
{
    static const char *const names[] = {"org", "role", "until", NULL};
    const char *const roles[] = {role_word(ROLE_COORDINATOR), role_word(ROLE_PANEL), NULL};
    struct value v[MEMBERS_MAX];
    int role = 0;

    if (!take_members(v, names, at, "mandate: {\"org\",\"role\",\"until\"}", value, why) ||
        !take_handle(&out->org, place_member(at, names[0]), v[0], why) ||
        !take_word(&role, roles, place_member(at, names[1]), v[1], why) ||
        !take_int(&out->until, 0, INTEGER_MAX, place_member(at, names[2]), v[2], why)) {
        return false;
    }
    out->role = (enum role)role;
    return true;
}

static bool take_mandates(struct body_network_found *out, const struct field *f,
                          struct value value, struct refusal *why)
{
    struct walk elements;
    if (!take_array(&elements, &out->n_mandates, 1, FOUNDERS_MAX, f, value, why)) {
        return false;
    }
    for (size_t i = 0; i < out->n_mandates; i++) {
        struct mandate *mandate = &out->mandates[i];
        struct place at = {.field = f->name, .element = i + 1};
        struct value element = element_next(&elements);
        if (!take_mandate(mandate, at, element, why)) {
            return false;
        }
        int order = i == 0 ? -1 : strcmp(mandate[-1].org.s, mandate->org.s);
        if (order > 0 || (order == 0 && mandate[-1].role >= mandate->role)) {
            return invalid_in(why, f, at, element);
        }
    }
    return true;
}

static bool policy_value(struct policy *out, const struct policy_key *key, struct place at,
                         struct value value, struct refusal *why)
{
    char expected[EXPECTED_SIZE];
    int64_t n;

    if (value.s == NULL) {
        range_format(expected, key->min, key->max);
        return refuse_at(why, CODE_field_missing, at, expected, value);
    }
    if (!take_int(&n, key->min, key->max, at, value, why)) {
        return false;
    }
    enum policy_set_result result = policy_set(out, key->key, n);
    assert(result == POLICY_OK);
    return true;
}

static bool take_number(struct number *out, const struct field *f, struct place at,
                        struct value value, struct refusal *why)
{
    out->set = take_int(&out->n, f->min, f->max, at, value, why);
    return out->set;
}

static bool take_policy(struct policy *out, const struct field *f, struct value value,
                        struct refusal *why)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);
    char name[NAME_SIZE];
    struct member m;

    if (!value_is_object(value)) {
        return invalid_in(why, f, (struct place){.field = f->name}, value);
    }
    struct walk w = walk_start(value);
    while (walk_next(&w, &m)) {
        struct place at = place_key((struct place){.field = f->name}, &m, name);
        if (policy_find(name) == NULL) {
            return refuse_at(why, CODE_field_unknown, at, "a key of the policy table", m.value);
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct place at = {f->name, 0, keys[i].key};
        if (!policy_value(out, &keys[i], at, value_member(value, keys[i].key), why)) {
            return false;
        }
    }
    return true;
}

static bool take_public(struct body_network_found *out, const struct field *f, struct value value,
                        struct refusal *why)
{
    static const char *const names[] = {"bundles", "directory", NULL};
    struct value v[MEMBERS_MAX];

    return take_members(v, names, (struct place){.field = f->name},
                        type_text(f->type), value, why) &&
           take_flag(&out->public_bundles, (struct place){f->name, 0, names[0]}, v[0], why) &&
           take_flag(&out->public_directory, (struct place){f->name, 0, names[1]}, v[1], why);
}

/* The pool alone may be below zero. */
static bool take_totals(struct totals *out, const struct field *f, struct value value,
                        struct refusal *why)
{
    static const char *const names[] = {"given", "orgs", "pool", "received", NULL};
    int64_t *const into[] = {&out->given, &out->orgs, &out->pool, &out->received};
    struct value v[MEMBERS_MAX];

    if (!take_members(v, names, (struct place){.field = f->name},
                      type_text(f->type), value, why)) {
        return false;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        int64_t min = into[i] == &out->pool ? -INTEGER_MAX : 0;
        if (!take_int(into[i], min, INTEGER_MAX, (struct place){f->name, 0, names[i]}, v[i],
                      why)) {
            return false;
        }
    }
    return true;
}

/* --- Fields by type --------------------------------------------------------------------------- */

static bool take_commit(struct commit *out, struct place at, struct value value,
                        struct refusal *why)
{
    out->set = take_bytes(out->h.b, at, value, why);
    return out->set;
}

static bool decode(void *to, const struct field *f, struct value value, struct refusal *why)
{
    struct place at = {.field = f->name};
    struct slugs *slugs = to;
    struct body_network_found *network = to;

    switch (f->type) {
    case F_HANDLE:
        return take_handle(to, at, value, why);
    case F_HANDLES:
        return take_handles(to, f, value, why);
    case F_SLUG:
        return take_slug(to, at, value, why);
    case F_SLUGS:
    case F_LANGUAGES:
        assert(f->min >= 0 && f->max >= f->min && f->max <= PARTIES_MAX);
        return take_slugs(slugs->v, &slugs->n, f->min, f->max, f, value, why);
    case F_REF:
        return take_ref(to, at, value, why);
    case F_KEY:
        return take_bytes(((struct public_key *)to)->b, at, value, why);
    case F_HASH:
        return take_bytes(((struct hash *)to)->b, at, value, why);
    case F_COMMIT:
        return take_commit(to, at, value, why);
    case F_DAY:
        return take_day(to, at, value, why);
    case F_INT:
        return take_int(to, f->min, f->max, at, value, why);
    case F_NUMBER:
        return take_number(to, f, at, value, why);
    case F_FLAG:
        return take_flag(to, at, value, why);
    case F_WORD:
        return take_word(to, f->words, at, value, why);
    case F_SHARES:
        return take_shares(to, f, value, why);
    case F_FOUNDERS:
        return take_founders(network, f, value, why);
    case F_MANDATES:
        return take_mandates(network, f, value, why);
    case F_SKILLS:
        return take_slugs(network->skills, &network->n_skills, 1, SKILLS_MAX, f, value, why);
    case F_POLICY:
        return take_policy(&network->policy, f, value, why);
    case F_PUBLIC:
        return take_public(network, f, value, why);
    case F_TOTALS:
        return take_totals(to, f, value, why);
    }
    assert(false);
    return false;
}

/* How much of a field is its value when it is absent. */
static size_t cleared_size(enum field_type type)
{
    static const size_t sizes[] = {
        [F_HANDLE] = sizeof(struct handle),
        [F_HANDLES] = sizeof(struct handles),
        [F_SLUG] = sizeof(struct slug),
        [F_SLUGS] = sizeof(struct slugs),
        [F_LANGUAGES] = sizeof(struct slugs),
        [F_REF] = sizeof(struct ref),
        [F_KEY] = sizeof(struct public_key),
        [F_HASH] = sizeof(struct hash),
        [F_COMMIT] = sizeof(struct commit),
        [F_DAY] = sizeof(int32_t),
        [F_INT] = sizeof(int64_t),
        [F_NUMBER] = sizeof(struct number),
        [F_FLAG] = sizeof(bool),
        [F_WORD] = sizeof(int),
        [F_SHARES] = offsetof(struct shares, v),
        [F_FOUNDERS] = sizeof(struct body_network_found),
        [F_MANDATES] = sizeof(struct body_network_found),
        [F_SKILLS] = sizeof(struct body_network_found),
        [F_POLICY] = sizeof(struct body_network_found),
        [F_PUBLIC] = sizeof(struct body_network_found),
        [F_TOTALS] = sizeof(struct totals),
    };
    return sizes[type];
}

void field_clear(struct entry *out, const struct field *field)
{
    memset((char *)out + field->offset, 0, cleared_size(field->type));
}

bool field_decode(struct entry *out, const struct field *field, struct value value,
                  struct refusal *why)
{
    if (value.s != NULL) {
        return decode((char *)out + field->offset, field, value, why);
    }
    if (field->optional) {
        return true;
    }
    char expected[EXPECTED_SIZE];
    describe(expected, field);
    return refuse_at(why, CODE_field_missing, (struct place){.field = field->name}, expected,
                     value);
}

bool field_decode_seen(struct hash *root, uint64_t *size, struct value value, struct refusal *why)
{
    static const char *const names[] = {"root", "size", NULL};
    struct value v[MEMBERS_MAX];
    struct place at = {.field = "seen"};
    int64_t n = 0;

    if (!take_members(v, names, at, "{\"root\":hash,\"size\":integer}", value, why) ||
        !take_bytes(root->b, place_member(at, names[0]), v[0], why) ||
        !take_int(&n, 0, INTEGER_MAX, place_member(at, names[1]), v[1], why)) {
        return false;
    }
    *size = (uint64_t)n;
    return true;
}
