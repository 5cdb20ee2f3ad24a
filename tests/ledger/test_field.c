/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Fields by type (SPEC 2.4, 6): what is refused, where, and why; and what the values become. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kind.h"
#include "policies/window.h"
#include "tests/ledger/entries.h"

#define SHARE(from, minutes, to) \
    "{\"from\":\"" from "\",\"minutes\":" minutes ",\"to\":\"" to "\"}"
#define FOUNDER(handle, key) "{\"handle\":\"" handle "\",\"key\":\"" key "\"}"
#define MANDATE(org, role, until) \
    "{\"org\":\"" org "\",\"role\":\"" role "\",\"until\":" until "}"
#define HANDLE_32 "abcdefghijklmnopqrstuvwxyz012345"
#define SLUG_40 HANDLE_32 "-6789012"

/* `value` replaces the field; `where`, `expected` and `found` (each a part) are in the refusal. */
static const struct wrong {
    const char *kind, *field, *value;
    enum code code;
    const char *where, *expected, *found;
} wrong[] = {
    /* handle */
    {"org.leave", "to", "\"a\"", CODE_field_invalid, "to", "2..32", "\"a\""},
    {"org.leave", "to", "\"" HANDLE_32 "6\"", CODE_field_invalid, "to", "handle", HANDLE_32},
    {"org.leave", "to", "\"Amal\"", CODE_field_invalid, "to", "handle", "Amal"},
    {"org.leave", "to", "\"pool\"", CODE_field_invalid, "to", "not reserved", "pool"},
    {"org.leave", "to", "7", CODE_field_invalid, "to", "handle", "7"},
    {"org.leave", "by", "\"clock\"", CODE_field_invalid, "by", "handle", "clock"},
    /* handles */
    {"org.admit", "sponsors", "[]", CODE_field_invalid, "sponsors",
     "handles, sorted by byte, each once, 1..16", "[]"},
    {"org.admit", "sponsors", "\"bora\"", CODE_field_invalid, "sponsors", "1..16", "bora"},
    {"org.admit", "sponsors", "[\"bora\",\"bora\"]", CODE_field_invalid, "sponsors[1]",
     "each once", "bora"},
    {"org.admit", "sponsors", "[\"cela\",\"bora\"]", CODE_field_invalid, "sponsors[1]", "sorted",
     "bora"},
    {"org.admit", "sponsors", "[\"bora\",7]", CODE_field_invalid, "sponsors[1]", "handle", "7"},
    {"org.admit", "sponsors",
     "[\"aa\",\"ab\",\"ac\",\"ad\",\"ae\",\"af\",\"ag\",\"ah\",\"ai\",\"aj\",\"ak\",\"al\",\"am\","
     "\"an\",\"ao\",\"ap\",\"aq\"]",
     CODE_field_invalid, "sponsors", "1..16", "[\"aa\""},
    /* slug, slugs, languages */
    {"need.publish", "skill", "\"it--help\"", CODE_field_invalid, "skill", "slug", "it--help"},
    {"need.publish", "skill", "\"" SLUG_40 "a\"", CODE_field_invalid, "skill", "2..40", SLUG_40},
    {"need.publish", "areas", "[]", CODE_field_invalid, "areas",
     "slugs, sorted by byte, each once, 1..16", "[]"},
    {"need.publish", "areas", "[\"b0\",\"a0\"]", CODE_field_invalid, "areas[1]", "sorted", "a0"},
    {"need.publish", "areas", "[\"a0\",\"a0\"]", CODE_field_invalid, "areas[1]", "each once", "a0"},
    {"need.publish", "areas", "[\"a0\",\"A0\"]", CODE_field_invalid, "areas[1]", "slug", "A0"},
    {"need.publish", "languages", "[\"french\"]", CODE_field_invalid, "languages[0]",
     "two or three", "french"},
    {"need.publish", "languages", "[\"fr\",\"nlds\"]", CODE_field_invalid, "languages[1]",
     "two or three", "nlds"},
    {"need.publish", "languages", "[\"f1\"]", CODE_field_invalid, "languages[0]", "language", "f1"},
    {"need.publish", "languages", "[\"a-z\"]", CODE_field_invalid, "languages[0]", "language",
     "a-z"},
    {"need.publish", "languages", "[\"f\"]", CODE_field_invalid, "languages[0]", "language", "f"},
    {"need.publish", "languages", "[\"nl\",\"fr\"]", CODE_field_invalid, "languages[1]",
     "languages, sorted by byte, each once, 1..16", "fr"},
    /* ref */
    {"need.vouch", "need", "\"bora\"", CODE_field_invalid, "need", "<handle>/<id>", "bora"},
    {"need.vouch", "need", "\"/" ID_1 "\"", CODE_field_invalid, "need", "reference", ID_1},
    {"need.vouch", "need", "\"bora/" ID_1 "0\"", CODE_field_invalid, "need", "reference", "bora"},
    {"need.vouch", "need", "\"bora/" ID_1 "/\"", CODE_field_invalid, "need", "reference", "bora"},
    {"need.vouch", "need", "\"clock/" ID_1 "\"", CODE_field_invalid, "need", "reference", "clock"},
    {"need.vouch", "need", "\"bora/0190a5e0000040008000000000000001\"", CODE_field_invalid, "need",
     "reference", "bora"},
    /* key, hash, commitment */
    {"key.revoke", "key", "\"11\"", CODE_field_invalid, "key", "64 lower-case hex digits", "11"},
    {"key.revoke", "key", "[]", CODE_field_invalid, "key", "64 lower-case hex digits", "[]"},
    {"org.update", "details",
     "\"AAAA111111111111111111111111111111111111111111111111111111111111\"", CODE_field_invalid,
     "details", "64 lower-case hex digits", "AAAA"},
    {"org.admit", "charter", "\"" HEX_1 "1\"", CODE_field_invalid, "charter", "64 lower", "1111"},
    /* day */
    {"hours.record", "day", "\"2023-02-29\"", CODE_field_invalid, "day", "YYYY-MM-DD",
     "2023-02-29"},
    {"hours.record", "day", "\"1969-12-31\"", CODE_field_invalid, "day", "1970-01-01", "1969"},
    {"hours.record", "day", "\"2200-01-01\"", CODE_field_invalid, "day", "2199-12-31", "2200"},
    {"hours.record", "day", "\"2024-2-1\"", CODE_field_invalid, "day", "day", "2024-2-1"},
    {"hours.record", "day", "19782", CODE_field_invalid, "day", "day", "19782"},
    /* integer */
    {"key.add", "ceiling", "0", CODE_field_invalid, "ceiling", "integer 1..1000000", "0"},
    {"key.add", "ceiling", "1000001", CODE_field_invalid, "ceiling", "integer 1..", "1000001"},
    {"key.add", "ceiling", "\"600\"", CODE_field_invalid, "ceiling", "integer", "\"600\""},
    {"need.publish", "minutes", "-60", CODE_field_invalid, "minutes", "integer 1..100000", "-60"},
    {"offer.renew", "expires", "-1", CODE_field_invalid, "expires",
     "integer 0..9007199254740991", "-1"},
    {"offer.renew", "valid_until", "-1", CODE_field_invalid, "valid_until", "integer 0..", "-1"},
    {"offer.renew", "at", "-1", CODE_field_invalid, "at", "integer 0..", "-1"},
    {"network.found", "rules_version", "2", CODE_field_invalid, "rules_version", "integer 1..1",
     "2"},
    {"clock.tick", "n", "1001", CODE_field_invalid, "n", "integer 1..1000", "1001"},
    /* flag, word */
    {"org.update", "public", "1", CODE_field_invalid, "public", "true or false", "1"},
    {"org.update", "public", "\"true\"", CODE_field_invalid, "public", "true or false", "true"},
    {"need.publish", "type", "\"\"", CODE_field_invalid, "type",
     "one of skill, space, equipment", "\"\""},
    {"need.publish", "type", "1", CODE_field_invalid, "type", "one of skill", "1"},
    {"key.add", "scope", "\"Admin\"", CODE_field_invalid, "scope", "one of admin, sign, propose",
     "Admin"},
    {"details.erase", "slot", "\"detail\"", CODE_field_invalid, "slot",
     "one of details, people, reason, skills", "detail"},
    {"hours.record", "done_by", "\"robots\"", CODE_field_invalid, "done_by",
     "one of staff, volunteers, mixed", "robots"},
    /* id, seen */
    {"org.confirm", "id", "\"0190a5e0000040008000000000000001\"", CODE_field_invalid, "id",
     "version 7", "0190"},
    {"org.confirm", "id", "\"0190a5e000007000c000000000000001\"", CODE_field_invalid, "id",
     "version 7", "0190"},
    {"org.confirm", "id", "7", CODE_field_invalid, "id", "32 lower-case hex", "7"},
    {"org.confirm", "seen", "[]", CODE_field_invalid, "seen", "root", "[]"},
    {"org.confirm", "seen", "{\"root\":\"" HEX_1 "\"}", CODE_field_missing, "seen.size", "size",
     "nothing"},
    {"org.confirm", "seen", "{\"root\":\"" HEX_1 "\",\"size\":1,\"time\":2}", CODE_field_unknown,
     "seen.time", "root", "2"},
    {"org.confirm", "seen", "{\"root\":\"11\",\"size\":1}", CODE_field_invalid, "seen.root",
     "64 lower", "11"},
    {"org.confirm", "seen", "{\"root\":\"" HEX_1 "\",\"size\":-1}", CODE_field_invalid,
     "seen.size", "integer 0..", "-1"},
    /* shares */
    {"hours.reverse", "shares", "[]", CODE_field_invalid, "shares", "1..64", "[]"},
    {"hours.reverse", "shares", "{}", CODE_field_invalid, "shares", "1..64", "{}"},
    {"hours.reverse", "shares", "[1]", CODE_field_invalid, "shares[0]", "share:", "1"},
    {"hours.reverse", "shares", "[{\"from\":\"amal\",\"to\":\"bora\"}]", CODE_field_missing,
     "shares[0].minutes", "minutes", "nothing"},
    {"hours.reverse", "shares",
     "[{\"from\":\"amal\",\"minutes\":1,\"rate\":2,\"to\":\"bora\"}]", CODE_field_unknown,
     "shares[0].rate", "minutes", "2"},
    {"hours.reverse", "shares", "[" SHARE("amal", "60", "bora") "," SHARE("amal", "0", "cela") "]",
     CODE_field_invalid, "shares[1].minutes", "integer 1..100000", "0"},
    {"hours.reverse", "shares", "[" SHARE("amal", "100001", "bora") "]", CODE_field_invalid,
     "shares[0].minutes", "integer 1..100000", "100001"},
    {"hours.reverse", "shares", "[" SHARE("amal", "60", "b") "]", CODE_field_invalid,
     "shares[0].to", "handle", "b"},
    {"hours.reverse", "shares", "[" SHARE("pool", "60", "bora") "]", CODE_field_invalid,
     "shares[0].from", "handle", "pool"},
    {"hours.reverse", "shares", "[" SHARE("amal", "60", "amal") "]", CODE_field_invalid,
     "shares[0]", "differ", "amal"},
    {"hours.reverse", "shares", "[" SHARE("amal", "1", "bora") "," SHARE("amal", "2", "bora") "]",
     CODE_field_invalid, "shares[1]", "no pair twice", "bora"},
    {"hours.reverse", "shares", "[" SHARE("amal", "1", "cela") "," SHARE("amal", "2", "bora") "]",
     CODE_field_invalid, "shares[1]", "sorted", "bora"},
    {"hours.reverse", "shares", "[" SHARE("bora", "1", "amal") "," SHARE("amal", "2", "bora") "]",
     CODE_field_invalid, "shares[1]", "sorted", "bora"},
    /* founders */
    {"network.found", "founders", "[" FOUNDER("amal", HEX_1) "," FOUNDER("bora", HEX_2) "]",
     CODE_field_invalid, "founders", "3..32", "amal"},
    {"network.found", "founders",
     "[" FOUNDER("amal", HEX_1) "," FOUNDER("bora", HEX_2) "," FOUNDER("amal", HEX_3) "]",
     CODE_field_invalid, "founders[2].handle", "no other founder", "amal"},
    {"network.found", "founders",
     "[" FOUNDER("amal", HEX_1) "," FOUNDER("bora", HEX_2) "," FOUNDER("cela", HEX_2) "]",
     CODE_field_invalid, "founders[2].key", "no other founder", "2222"},
    {"network.found", "founders",
     "[" FOUNDER("amal", HEX_1) "," FOUNDER("bora", "22") "," FOUNDER("cela", HEX_3) "]",
     CODE_field_invalid, "founders[1].key", "64 lower", "22"},
    {"network.found", "founders", "[1,2,3]", CODE_field_invalid, "founders[0]", "founder:", "1"},
    /* mandates */
    {"network.found", "mandates", "[]", CODE_field_invalid, "mandates", "1..32", "[]"},
    {"network.found", "mandates", "[" MANDATE("amal", "chair", "1") "]", CODE_field_invalid,
     "mandates[0].role", "one of coordinator, panel", "chair"},
    {"network.found", "mandates", "[" MANDATE("amal", "panel", "-1") "]", CODE_field_invalid,
     "mandates[0].until", "integer 0..", "-1"},
    {"network.found", "mandates",
     "[" MANDATE("amal", "panel", "1") "," MANDATE("amal", "coordinator", "1") "]",
     CODE_field_invalid, "mandates[1]", "sorted by org and role", "coordinator"},
    {"network.found", "mandates",
     "[" MANDATE("amal", "panel", "1") "," MANDATE("amal", "panel", "2") "]", CODE_field_invalid,
     "mandates[1]", "each once", "panel"},
    {"network.found", "mandates",
     "[" MANDATE("bora", "panel", "1") "," MANDATE("amal", "coordinator", "1") "]",
     CODE_field_invalid, "mandates[1]", "sorted", "amal"},
    {"network.found", "mandates", "[" MANDATE("amal", "panel", "1") "]", CODE_field_invalid,
     "mandates", "coordinator", "none"},
    {"network.found", "mandates", "[" MANDATE("dora", "coordinator", "1") "]", CODE_field_invalid,
     "mandates[0].org", "a founder", "dora"},
    /* skills, public, totals */
    {"network.found", "skills", "[]", CODE_field_invalid, "skills",
     "slugs, sorted by byte, each once, 1..128", "[]"},
    {"network.found", "skills", "[\"b1\",\"a1\"]", CODE_field_invalid, "skills[1]", "1..128", "a1"},
    {"network.found", "public", "{\"bundles\":true}", CODE_field_missing, "public.directory",
     "directory", "nothing"},
    {"network.found", "public", "{\"bundles\":true,\"directory\":0}", CODE_field_invalid,
     "public.directory", "true or false", "0"},
    {"network.found", "public", "true", CODE_field_invalid, "public", "bundles", "true"},
    {"clock.tick", "totals", "{\"given\":1,\"orgs\":3,\"pool\":0}", CODE_field_missing,
     "totals.received", "received", "nothing"},
    {"clock.tick", "totals", "{\"given\":-1,\"orgs\":3,\"pool\":0,\"received\":0}",
     CODE_field_invalid, "totals.given", "integer 0..", "-1"},
    {"clock.tick", "by", "\"amal\"", CODE_field_invalid, "by", "clock", "amal"},
    {"clock.tick", "by", "1", CODE_field_invalid, "by", "clock", "1"},
};

Test(field, refusals_name_the_place_what_was_expected_and_what_was_found)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct wrong *w = &wrong[i];
        struct entry entry;
        struct refusal why = {.code = CODE_OK};
        json_t *object = entries_object(w->kind);
        json_object_set_new(object, w->field, entries_value(w->value));
        cr_assert_not(entries_decode(&entry, object, &why), "%s %s %s", w->kind, w->field,
                      w->value);
        cr_assert_eq(why.code, w->code, "%s %s: %s", w->field, w->value, code_word(why.code));
        cr_assert_str_eq(why.field, w->where, "%s %s: %s", w->field, w->value, why.field);
        cr_assert(strstr(why.expected, w->expected) != NULL, "%s %s: %s", w->field, w->value,
                  why.expected);
        cr_assert(strstr(why.found, w->found) != NULL, "%s %s: %s", w->field, w->value, why.found);
        json_decref(object);
    }
}

static const struct {
    const char *kind, *field, *value;
} right[] = {
    {"org.leave", "to", "\"ab\""},
    {"org.leave", "to", "\"" HANDLE_32 "\""},
    {"org.leave", "to", "\"pools\""},
    {"need.publish", "skill", "\"" SLUG_40 "\""},
    {"need.publish", "skill", "\"pool\""},
    {"need.publish", "minutes", "1"},
    {"need.publish", "minutes", "100000"},
    {"need.publish", "languages", "[\"zz\",\"zza\"]"},
    {"key.add", "ceiling", "1000000"},
    {"offer.renew", "valid_until", "0"},
    {"offer.renew", "at", "0"},
    {"offer.renew", "expires", "9007199254740991"},
    {"hours.record", "day", "\"1970-01-01\""},
    {"hours.record", "day", "\"2199-12-31\""},
    {"network.found", "skills", "[\"a1\"]"},
    {"clock.tick", "totals",
     "{\"given\":0,\"orgs\":0,\"pool\":-9007199254740991,\"received\":9007199254740991}"},
    {"org.admit", "sponsors",
     "[\"aa\",\"ab\",\"ac\",\"ad\",\"ae\",\"af\",\"ag\",\"ah\",\"ai\",\"aj\",\"ak\",\"al\",\"am\","
     "\"an\",\"ao\",\"ap\"]"},
};

Test(field, values_at_the_edge_of_their_range_pass)
{
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct entry entry;
        struct refusal why = {.code = CODE_OK};
        json_t *object = entries_object(right[i].kind);
        json_object_set_new(object, right[i].field, entries_value(right[i].value));
        cr_assert(entries_decode(&entry, object, &why), "%s: %s, %s", right[i].value, why.expected,
                  why.found);
        json_decref(object);
    }
}

/* --- Every field of every kind ---------------------------------------------------------------- */

static bool starts_with(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

/* Puts a value into a field of a kind's entry and says that it must be refused there. */
static void expect_refused(const char *kind, const char *field, const char *value)
{
    struct entry entry;
    struct refusal why = {.code = CODE_OK};
    json_t *object = entries_object(kind);
    json_object_set_new(object, field, entries_value(value));
    cr_assert_not(entries_decode(&entry, object, &why), "%s %s %s", kind, field, value);
    cr_assert(starts_with(why.field, field), "%s: %s", field, why.field);
    /* A member may be what is absent or unknown; of the field itself it is the value. */
    bool member = strchr(why.field, '.') != NULL &&
                  (why.code == CODE_field_missing || why.code == CODE_field_unknown);
    cr_assert(member || why.code == CODE_field_invalid, "%s %s %s: %s", kind, field, value,
              code_word(why.code));
    json_decref(object);
}

Test(field, every_field_of_every_kind_refuses_values_of_other_types)
{
    static const char *const values[] = {"-9007199254740991", "\"\"", "\"\xe2\x82\xac\"", "[[]]",
                                         "[{}]", "{}", "{\"a\":1}", "[\"a\",\"a\"]"};
    static const char *const common[] = {"by", "id", "valid_until", "at", "seen"};

    for (size_t i = 0; i < entries_count; i++) {
        const char *name = entries_kind(i);
        const struct kind *kind = kind_find(name, strlen(name));
        cr_assert(kind != NULL, "%s", name);
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            for (size_t f = 0; f < kind->n_fields; f++) {
                if (v == 0 && kind->fields[f].min == -INTEGER_MAX) {
                    continue; /* a counter that may be below zero */
                }
                expect_refused(name, kind->fields[f].name, values[v]);
            }
            for (size_t f = 0; f < sizeof common / sizeof common[0]; f++) {
                expect_refused(name, common[f], values[v]);
            }
        }
    }
}

static void expect_missing(const char *kind, const char *field)
{
    struct entry entry;
    struct refusal why = {.code = CODE_OK};
    json_t *object = entries_object(kind);
    json_object_del(object, field);
    cr_assert_not(entries_decode(&entry, object, &why), "%s without %s", kind, field);
    cr_assert_eq(why.code, CODE_field_missing, "%s without %s: %s", kind, field,
                 code_word(why.code));
    cr_assert_str_eq(why.field, field);
    cr_assert(why.expected[0] != '\0');
    json_decref(object);
}

Test(field, every_required_field_is_missed_and_tables_are_sorted)
{
    static const char *const common[] = {"by", "id", "kind", "valid_until"};

    for (size_t i = 0; i < entries_count; i++) {
        const char *name = entries_kind(i);
        const struct kind *kind = kind_find(name, strlen(name));
        for (size_t f = 0; f < sizeof common / sizeof common[0]; f++) {
            expect_missing(name, common[f]);
        }
        for (size_t f = 0; f < kind->n_fields; f++) {
            cr_assert(f == 0 || strcmp(kind->fields[f - 1].name, kind->fields[f].name) < 0, "%s",
                      name);
            if (!kind->fields[f].optional) {
                expect_missing(name, kind->fields[f].name);
            }
        }
    }
}

Test(field, every_kind_refuses_a_field_that_it_does_not_have)
{
    for (size_t i = 0; i < entries_count; i++) {
        struct entry entry;
        struct refusal why = {.code = CODE_OK};
        json_t *object = entries_object(entries_kind(i));
        json_object_set_new(object, "euros", json_integer(5));
        cr_assert_not(entries_decode(&entry, object, &why));
        cr_assert_eq(why.code, CODE_field_unknown);
        cr_assert_str_eq(why.field, "euros");
        cr_assert_str_eq(why.found, "5");
        cr_assert(strstr(why.expected, entries_kind(i)) != NULL, "%s", why.expected);
        json_decref(object);
    }
}

Test(field, a_field_name_without_end_is_cut)
{
    struct entry entry;
    struct refusal why = {.code = CODE_OK};
    char name[5000];
    memset(name, 'z', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    json_t *object = entries_object("org.confirm");
    json_object_set_new(object, name, json_true());
    cr_assert_not(entries_decode(&entry, object, &why));
    cr_assert_eq(why.code, CODE_field_unknown);
    cr_assert_eq(strlen(why.field), sizeof why.field - 1);
    json_decref(object);
}

/* --- The policy of network.found -------------------------------------------------------------- */

static void expect_policy(const char *key, json_t *value, enum code code)
{
    struct entry entry;
    struct refusal why = {.code = CODE_OK};
    char where[64];
    json_t *object = entries_object("network.found");
    json_t *policy = json_object_get(object, "policy");

    snprintf(where, sizeof where, "policy.%s", key);
    if (value == NULL) {
        json_object_del(policy, key);
    } else {
        json_object_set_new(policy, key, value);
    }
    bool decoded = entries_decode(&entry, object, &why);
    if (code == CODE_OK) {
        int64_t got = 0;
        cr_assert(decoded, "%s: %s", key, why.found);
        cr_assert(policy_get(&entry.network_found.policy, key, &got));
        cr_assert_eq(got, json_integer_value(value));
    } else {
        cr_assert_not(decoded, "%s", key);
        cr_assert_eq(why.code, code, "%s: %s", key, code_word(why.code));
        cr_assert_str_eq(why.field, where);
    }
    json_decref(object);
}

Test(field, a_policy_has_every_key_within_its_range_and_no_other)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    for (size_t i = 0; i < n; i++) {
        expect_policy(keys[i].key, NULL, CODE_field_missing);
        expect_policy(keys[i].key, json_integer(keys[i].min - 1), CODE_field_invalid);
        expect_policy(keys[i].key, json_integer(keys[i].max + 1), CODE_field_invalid);
        expect_policy(keys[i].key, json_true(), CODE_field_invalid);
        expect_policy(keys[i].key, json_integer(keys[i].min), CODE_OK);
        expect_policy(keys[i].key, json_integer(keys[i].max), CODE_OK);
    }
    expect_policy("limit_sky", json_integer(1), CODE_field_unknown);

    struct entry entry;
    struct refusal why = {.code = CODE_OK};
    json_t *object = entries_object("network.found");
    json_object_set_new(json_object_get(object, "policy"), "limit_floor_new", json_integer(59));
    cr_assert_not(entries_decode(&entry, object, &why));
    cr_assert_str_eq(why.expected, "integer 60..600000");
    cr_assert_str_eq(why.found, "59");
    json_decref(object);
}

/* --- Bounds of lists -------------------------------------------------------------------------- */

/* The handles a00, a01 and so on. */
static json_t *numbered(size_t i)
{
    char name[24];
    snprintf(name, sizeof name, "a%03zu", i);
    return json_string(name);
}

static bool decodes_with(const char *kind, const char *field, json_t *value, struct refusal *why)
{
    struct entry entry;
    json_t *object = entries_object(kind);
    json_object_set_new(object, field, value);
    bool decoded = entries_decode(&entry, object, why);
    json_decref(object);
    return decoded;
}

/* n shares between 16 organisations, amal among them. */
static json_t *shares_of(size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *from = i < 15 ? json_string("amal") : numbered(i / 15);
        size_t to = i % 15 + 1;
        json_t *receiver = i >= 15 && to == i / 15 ? json_string("amal") : numbered(to);
        json_array_append_new(array, json_pack("{s:o,s:i,s:o}", "from", from, "minutes", 1, "to",
                                               receiver));
    }
    return array;
}

static json_t *founders_of(size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        char key[HEX_SIZE(KEY_BYTES)];
        snprintf(key, sizeof key, "%064zx", i + 1000);
        json_array_append_new(array,
                              json_pack("{s:o,s:s}", "handle",
                                        i == 0 ? json_string("amal") : numbered(i), "key", key));
    }
    return array;
}

static json_t *slugs_of(size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(array, numbered(i));
    }
    return array;
}

static int share_order(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int order = strcmp(json_string_value(json_object_get(x, "from")),
                       json_string_value(json_object_get(y, "from")));
    return order != 0 ? order
                      : strcmp(json_string_value(json_object_get(x, "to")),
                               json_string_value(json_object_get(y, "to")));
}

static json_t *sorted(json_t *shares)
{
    json_t *v[SHARES_MAX + 1], *out = json_array();
    size_t n = json_array_size(shares);
    for (size_t i = 0; i < n; i++) {
        v[i] = json_array_get(shares, i);
    }
    qsort(v, n, sizeof v[0], share_order);
    for (size_t i = 0; i < n; i++) {
        json_array_append(out, v[i]);
    }
    json_decref(shares);
    return out;
}

Test(field, lists_hold_what_the_specification_says_and_not_one_more)
{
    struct refusal why = {.code = CODE_OK};

    cr_assert(decodes_with("hours.reverse", "shares", sorted(shares_of(64)), &why), "%s: %s",
              why.field, why.expected);
    cr_assert_not(decodes_with("hours.reverse", "shares", sorted(shares_of(65)), &why));
    cr_assert_str_eq(why.field, "shares");
    cr_assert(strstr(why.expected, "1..64") != NULL);

    json_t *mandates = entries_value("[" MANDATE("amal", "coordinator", "1") "]");
    for (size_t n = 32; n <= 33; n++) {
        struct entry entry;
        json_t *object = entries_object("network.found");
        json_object_set_new(object, "founders", founders_of(n));
        json_object_set(object, "mandates", mandates);
        bool decoded = entries_decode(&entry, object, &why);
        cr_assert_eq(decoded, n == 32, "%zu founders: %s", n, why.expected);
        json_decref(object);
    }
    cr_assert_str_eq(why.field, "founders");
    json_decref(mandates);

    cr_assert(decodes_with("network.found", "skills", slugs_of(128), &why), "%s", why.found);
    cr_assert_not(decodes_with("network.found", "skills", slugs_of(129), &why));
    cr_assert_str_eq(why.field, "skills");
}
