/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Names, texts and leaves (SPEC 1.2, 2, 4.1), and random damage to valid texts. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kind.h"
#include "policies/window.h"
#include "tests/ledger/entries.h"

/* --- Names ------------------------------------------------------------------------------------ */

#define A_25 "aaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_100 A_25 A_25 A_25 A_25

Test(entry, origins_are_urls_without_a_scheme)
{
    static const char *const good[] = {ORIGIN, "a", "a.b/c-d/0", "...", LONG_100};
    static const char *const bad[] = {"",    "/a",  "a/",   "a//b",      "A",  "a b",
                                      "a_b", "a:1", "a\n", "\xc3\xa9", "a+", LONG_100 "a"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert(origin_valid(good[i], strlen(good[i])), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(origin_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    cr_assert_not(origin_valid("a\0b", 3));
}

Test(entry, handles_and_slugs_share_a_grammar_but_not_the_reserved_words)
{
    static const char *const good[] = {"ab", "a1", "a-b", "a-1-b2", "pools", "or"};
    static const char *const bad[] = {"",    "a",   "1a",  "-a",  "a-",   "a--b", "A1",
                                      "a_b", "a b", "a.b", "a/b", "ab\n", "\xc3\xa9\xc3\xa9"};
    static const char *const reserved[] = {"pool", "clock", "log", "refusal", "network", "org"};
    struct handle handle;
    struct slug slug;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        memset(&handle, 'x', sizeof handle);
        cr_assert(handle_parse(&handle, good[i], strlen(good[i])), "%s", good[i]);
        cr_assert_str_eq(handle.s, good[i]);
        cr_assert(slug_parse(&slug, good[i], strlen(good[i])));
        cr_assert_str_eq(slug.s, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(handle_parse(&handle, bad[i], strlen(bad[i])), "%s", bad[i]);
        cr_assert_not(slug_parse(&slug, bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        cr_assert_not(handle_parse(&handle, reserved[i], strlen(reserved[i])), "%s", reserved[i]);
        cr_assert(slug_parse(&slug, reserved[i], strlen(reserved[i])), "%s", reserved[i]);
    }
    cr_assert(handle_parse(&handle, LONG_100, 32) && !handle_parse(&handle, LONG_100, 33));
    cr_assert(slug_parse(&slug, LONG_100, 40) && !slug_parse(&slug, LONG_100, 41));
    cr_assert_not(handle_parse(&handle, "ab\0c", 4));
}

Test(entry, ids_carry_their_time_and_the_bits_of_uuid_version_7)
{
    uint8_t random[10];
    struct id id, back;
    char text[ID_TEXT_SIZE];

    memset(random, 0xff, sizeof random);
    id_make(&id, 0x0190a5e00001, random);
    id_format(text, &id);
    cr_assert_str_eq(text, "0190a5e000017fffbfffffffffffffff");
    cr_assert_eq(id_time_ms(&id), 0x0190a5e00001);
    memset(random, 0, sizeof random);
    id_make(&id, ((int64_t)1 << 48) - 1, random);
    id_format(text, &id);
    cr_assert_str_eq(text, "ffffffffffff70008000000000000000");
    cr_assert(id_parse(&back, text, 32));
    cr_assert_eq(memcmp(&back, &id, sizeof id), 0);
    cr_assert_eq(id_time_ms(&back), ((int64_t)1 << 48) - 1);

    /* The version and the variant, each with every other value. */
    for (unsigned nibble = 0; nibble < 16; nibble++) {
        char changed[ID_TEXT_SIZE] = ID_1;
        changed[12] = "0123456789abcdef"[nibble];
        cr_assert_eq(id_parse(&back, changed, 32), nibble == 7, "%s", changed);
        snprintf(changed, sizeof changed, "%s", ID_1);
        changed[16] = "0123456789abcdef"[nibble];
        cr_assert_eq(id_parse(&back, changed, 32), nibble >= 8 && nibble < 12, "%s", changed);
    }
    cr_assert_not(id_parse(&back, ID_1, 31));
    cr_assert_not(id_parse(&back, ID_1 "0", 33));
    cr_assert_not(id_parse(&back, "0190A5E0000070008000000000000001", 32));
    cr_assert_not(id_parse(&back, "0190a5e0-0000-7000-8000-000000000001", 36));
}

Test(entry, references_are_read_and_written_the_same)
{
    static const char *const bad[] = {"", "/", "amal", "amal/", "/" ID_1, "amal//" ID_1,
                                      "Amal/" ID_1, "pool/" ID_1, "amal/" ID_1 "/", "amal " ID_1};
    struct ref ref;
    char text[REF_TEXT_SIZE];

    cr_assert(ref_parse(&ref, "amal-2/" ID_2, strlen("amal-2/" ID_2)));
    cr_assert_str_eq(ref.by.s, "amal-2");
    ref_format(text, &ref);
    cr_assert_str_eq(text, "amal-2/" ID_2);
    snprintf(ref.by.s, sizeof ref.by.s, "%.32s", LONG_100);
    ref_format(text, &ref);
    cr_assert_eq(strlen(text), REF_TEXT_SIZE - 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(ref_parse(&ref, bad[i], strlen(bad[i])), "%s", bad[i]);
    }
}

Test(entry, words_are_numbered_as_the_specification_lists_them)
{
    cr_assert_str_eq(slot_word(SLOT_DETAILS), "details");
    cr_assert_str_eq(slot_word(SLOT_PEOPLE), "people");
    cr_assert_str_eq(slot_word(SLOT_REASON), "reason");
    cr_assert_str_eq(slot_word(SLOT_SKILLS), "skills");
    cr_assert_str_eq(role_word(ROLE_COORDINATOR), "coordinator");
    cr_assert_str_eq(role_word(ROLE_PANEL), "panel");
    cr_assert_str_eq(scope_word(SCOPE_ADMIN), "admin");
    cr_assert_str_eq(scope_word(SCOPE_SIGN), "sign");
    cr_assert_str_eq(scope_word(SCOPE_PROPOSE), "propose");
    cr_assert_str_eq(thing_word(THING_SKILL), "skill");
    cr_assert_str_eq(thing_word(THING_SPACE), "space");
    cr_assert_str_eq(thing_word(THING_EQUIPMENT), "equipment");
    cr_assert_str_eq(done_by_word(DONE_BY_STAFF), "staff");
    cr_assert_str_eq(done_by_word(DONE_BY_VOLUNTEERS), "volunteers");
    cr_assert_str_eq(done_by_word(DONE_BY_MIXED), "mixed");
}

/* --- Texts ------------------------------------------------------------------------------------ */

Test(entry, every_kind_decodes)
{
    cr_assert_eq(entries_count, (size_t)KIND_STEP_APPEAL);
    for (size_t i = 0; i < entries_count; i++) {
        struct entry entry;
        struct refusal why = {.code = CODE_OK};
        struct hash hash;
        json_t *object = entries_object(entries_kind(i));
        char *text = entries_text(object);
        size_t n = strlen(text);

        cr_assert(entry_decode(&entry, ORIGIN, text, n, &why), "%s: %s %s, found %s",
                  entries_kind(i), why.field, why.expected, why.found);
        cr_assert_eq(entry.kind, kind_of((enum entry_kind)(i + 1)), "%s", entries_kind(i));
        cr_assert_str_eq(entry.kind->name, entries_kind(i));
        cr_assert_str_eq(entry.by.s, entry.kind->by_clock ? "clock" : "amal");
        cr_assert_eq(entry.valid_until, VALID_UNTIL);
        cr_assert_eq(entry.at, entry.kind->id == KIND_ORG_UPDATE ? 1719999999999 : -1);
        cr_assert_eq(entry.has_seen, entry.kind->id == KIND_ORG_ADMIT);
        hash_sha256(&hash, text, n);
        cr_assert(hash_equal(&entry.text_hash, &hash));
        cr_assert(entry.text == text && entry.text_len == n);
        free(text);
        json_decref(object);
    }
}

static void decode(struct entry *entry, const char *kind)
{
    struct refusal why = {.code = CODE_OK};
    json_t *object = entries_object(kind);
    cr_assert(entries_decode(entry, object, &why), "%s: %s", kind, why.field);
    json_decref(object);
}

static bool bytes_are(const void *bytes, const char *hex)
{
    char text[HEX_SIZE(32)];
    hex_encode(text, bytes, 32);
    return strcmp(text, hex) == 0;
}

Test(entry, values_arrive_in_their_fields)
{
    struct entry e;
    char text[REF_TEXT_SIZE];
    int32_t leap_day;

    decode(&e, "hours.record");
    const struct body_hours_record *hours = &e.hours_record;
    cr_assert_eq(hours->shares.n, 3);
    cr_assert_str_eq(hours->shares.v[1].from.s, "amal");
    cr_assert_str_eq(hours->shares.v[1].to.s, "cela");
    cr_assert_eq(hours->shares.v[1].minutes, 100000);
    cr_assert(day_parse("2024-02-29", 10, &leap_day));
    cr_assert_eq(hours->day, leap_day);
    ref_format(text, &hours->agreement);
    cr_assert_str_eq(text, "bora/" ID_2);
    cr_assert_eq(hours->need.by.s[0], '\0');
    cr_assert(hours->details.set && bytes_are(hours->details.h.b, HEX_1));
    cr_assert_eq(hours->done_by, DONE_BY_STAFF);
    cr_assert_str_eq(hours->skill.s, "it-help");
    id_format(text, &e.id);
    cr_assert_str_eq(text, ID_1);

    decode(&e, "offer.publish");
    cr_assert_eq(e.offer_publish.providers.n, 2);
    cr_assert_str_eq(e.offer_publish.providers.v[1].s, "bora");
    cr_assert_eq(e.offer_publish.languages.n, 3);
    cr_assert_str_eq(e.offer_publish.languages.v[0].s, "ara");
    cr_assert_str_eq(e.offer_publish.areas.v[1].s, "laken");
    cr_assert_eq(e.offer_publish.type, THING_SKILL);
    cr_assert_eq(e.offer_publish.minutes_month, 480);
    cr_assert(e.offer_publish.is_public);

    decode(&e, "org.admit");
    cr_assert_eq(e.seen_size, 12);
    cr_assert(bytes_are(e.seen_root.b, HEX_3));
    cr_assert(bytes_are(e.org_admit.key.b, HEX_2));
    cr_assert_eq(e.org_admit.coordinator.s[0], '\0');

    decode(&e, "clock.tick");
    cr_assert_eq(e.clock_tick.totals.given, 600);
    cr_assert_eq(e.clock_tick.totals.orgs, 3);
    cr_assert_eq(e.clock_tick.totals.pool, -60);
    cr_assert_eq(e.clock_tick.totals.received, 600);
    decode(&e, "seal.balances");
    cr_assert_eq(e.seal_balances.accounts, 4);
    cr_assert_eq(e.seal_balances.size, 1025);
    cr_assert(bytes_are(e.seal_balances.root.b, HEX_1));
    decode(&e, "assertion.balance");
    cr_assert_eq(e.assertion_balance.given_pending, 30);
    cr_assert_eq(e.assertion_balance.given_posted, 600);
    cr_assert_eq(e.assertion_balance.moves, -60);
    cr_assert_eq(e.assertion_balance.received_pending, 0);
    cr_assert_eq(e.assertion_balance.received_posted, 90);
    decode(&e, "key.add");
    cr_assert_eq(e.key_add.scope, SCOPE_PROPOSE);
    cr_assert_eq(e.key_add.ceiling, 600);
}

Test(entry, the_body_of_network_found_arrives_whole)
{
    struct entry e;
    decode(&e, "network.found");
    const struct body_network_found *found = &e.network_found;

    cr_assert(bytes_are(found->charter.b, HEX_1) && bytes_are(found->clock_key.b, HEX_1));
    cr_assert(bytes_are(found->log_key.b, HEX_2) && bytes_are(found->refusal_key.b, HEX_3));
    cr_assert(found->demo && !found->public_bundles && found->public_directory);
    cr_assert_eq(found->n_founders, 3);
    cr_assert_str_eq(found->founders[0].handle.s, "bora");
    cr_assert_eq(found->founders[2].key.b[31], 0x66);
    cr_assert_eq(found->n_mandates, 3);
    cr_assert_str_eq(found->mandates[2].org.s, "cela");
    cr_assert_eq(found->mandates[1].role, ROLE_PANEL);
    cr_assert_eq(found->mandates[1].until, 1730000000001);
    cr_assert_eq(found->n_skills, 3);
    cr_assert_str_eq(found->skills[2].s, "translation");
    cr_assert_eq(found->policy.limit_floor_new, 600);
    cr_assert_eq(found->policy.window_days, 365);
    cr_assert_eq(found->rules_version, 1);
    cr_assert(found->skills_details.set);
}

/* How many bytes say that a value is absent. */
static size_t absent_size(enum field_type type)
{
    switch (type) {
    case F_HANDLE:
        return sizeof(struct handle);
    case F_SLUG:
        return sizeof(struct slug);
    case F_REF:
        return sizeof(struct ref);
    case F_HANDLES:
    case F_SLUGS:
    case F_LANGUAGES:
    case F_SHARES:
    case F_INT:
        return sizeof(int64_t); /* of lists, their number */
    case F_DAY:
    case F_WORD:
        return sizeof(int32_t);
    case F_COMMIT:
    case F_NUMBER:
    case F_FLAG:
        return sizeof(bool);
    default:
        return 0; /* never optional */
    }
}

/* Whatever the struct held before. */
Test(entry, absent_fields_are_zero)
{
    static const uint8_t zero[sizeof(struct ref)];
    static struct entry e;
    size_t absent = 0;

    for (size_t i = 0; i < entries_count; i++) {
        const struct kind *kind = kind_of((enum entry_kind)(i + 1));
        for (size_t k = 0; k < kind->n_fields; k++) {
            const struct field *f = &kind->fields[k];
            struct refusal why = {.code = CODE_OK};
            json_t *object = entries_object(kind->name);
            json_object_del(object, f->name);
            memset(&e, 0xee, sizeof e);
            bool decoded = entries_decode(&e, object, &why);
            cr_assert(!decoded || f->optional, "%s without %s", kind->name, f->name);
            cr_assert(memcmp((uint8_t *)&e + f->offset, zero, absent_size(f->type)) == 0,
                      "%s without %s", kind->name, f->name);
            absent += decoded ? 1 : 0;
            json_decref(object);
        }
    }
    cr_assert_gt(absent, 20);
}

#define CONFIRM \
    "{\"by\":\"amal\",\"id\":\"" ID_1 "\",\"kind\":\"org.confirm\",\"valid_until\":1720000000000}"

static const struct {
    const char *text;
    enum code code;
    const char *expected, *found;
} texts[] = {
    {"", CODE_not_an_entry, ORIGIN "/entry/v1", ""},
    {"\n", CODE_not_an_entry, ORIGIN "/entry/v1", ""},
    {ORIGIN "/entry/v1", CODE_not_an_entry, ORIGIN "/entry/v1", "no line end"},
    {ORIGIN "/login/v1\n" CONFIRM "\n", CODE_not_an_entry, ORIGIN "/entry/v1", "/login/v1"},
    {ORIGIN "/entry/v2\n" CONFIRM "\n", CODE_not_an_entry, ORIGIN "/entry/v1", "/entry/v2"},
    {ORIGIN "/entry/v1 \n" CONFIRM "\n", CODE_not_an_entry, ORIGIN "/entry/v1", "/entry/v1 "},
    {ORIGIN "/entry/v1\r\n" CONFIRM "\n", CODE_not_an_entry, ORIGIN "/entry/v1", "/entry/v1?"},
    {"\xff\n" CONFIRM "\n", CODE_not_an_entry, ORIGIN "/entry/v1", "?"},
    {"other.example/entry/v1\n" CONFIRM "\n", CODE_wrong_network, ORIGIN "/entry/v1",
     "other.example/entry/v1"},
    {"x" ORIGIN "/entry/v1\n" CONFIRM "\n", CODE_wrong_network, ORIGIN "/entry/v1", "x" ORIGIN},
    {"/entry/v1\n" CONFIRM "\n", CODE_wrong_network, ORIGIN "/entry/v1", "/entry/v1"},
    {ORIGIN "/entry/v1\n", CODE_not_canonical, "two lines", "no line feed"},
    {ORIGIN "/entry/v1\n" CONFIRM, CODE_not_canonical, "two lines", "no line feed"},
    {ORIGIN "/entry/v1\n" CONFIRM "\n\n", CODE_not_canonical, "two lines", "more lines"},
    {ORIGIN "/entry/v1\n" CONFIRM "\nx\n", CODE_not_canonical, "two lines", "more lines"},
    {ORIGIN "/entry/v1\n\n" CONFIRM "\n", CODE_not_canonical, "two lines", "more lines"},
    {ORIGIN "/entry/v1\n\n", CODE_not_canonical, "canonical", "byte 0"},
    {ORIGIN "/entry/v1\n" CONFIRM " \n", CODE_not_canonical, "canonical", "after the object"},
    {ORIGIN "/entry/v1\n{\"kind\":\"org.confirm\",\"by\":\"amal\"}\n", CODE_not_canonical,
     "canonical", "byte 23: a key out of order"},
    {ORIGIN "/entry/v1\n{}\n", CODE_field_missing, "kind", "nothing"},
    {ORIGIN "/entry/v1\n{\"kind\":1}\n", CODE_field_invalid, "kind", "1"},
    {ORIGIN "/entry/v1\n{\"kind\":\"org.pay\"}\n", CODE_unknown_kind, "kind", "org.pay"},
    {ORIGIN "/entry/v1\n{\"kind\":\"\"}\n", CODE_unknown_kind, "kind", "\"\""},
    {ORIGIN "/entry/v1\n{\"kind\":\"org.confirmed\"}\n", CODE_unknown_kind, "kind", "confirmed"},
};

Test(entry, texts_that_are_no_entry_are_refused)
{
    struct entry entry;
    struct refusal why = {.code = CODE_OK};
    static const char good[] = ORIGIN "/entry/v1\n" CONFIRM "\n";

    cr_assert(entry_decode(&entry, ORIGIN, good, strlen(good), &why));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert_not(entry_decode(&entry, ORIGIN, texts[i].text, strlen(texts[i].text), &why),
                      "%s", texts[i].text);
        cr_assert_eq(why.code, texts[i].code, "%s: %s", texts[i].text, code_word(why.code));
        cr_assert(strstr(why.expected, texts[i].expected) != NULL, "%s", why.expected);
        cr_assert(strstr(why.found, texts[i].found) != NULL, "%s", why.found);
    }
}

Test(entry, a_text_over_the_size_of_a_note_is_refused_at_once)
{
    static char text[ENTRY_NOTE_MAX + 1];
    struct entry entry;
    struct refusal why = {.code = CODE_OK};

    memset(text, 'a', sizeof text);
    cr_assert_not(entry_decode(&entry, ORIGIN, text, sizeof text, &why));
    cr_assert_eq(why.code, CODE_entry_too_large);
    cr_assert_not(entry_decode(&entry, ORIGIN, text, sizeof text - 1, &why));
    cr_assert_eq(why.code, CODE_not_an_entry);
}

/* --- Leaves ----------------------------------------------------------------------------------- */

Test(entry, leaves_are_split_where_they_were_joined)
{
    static const int64_t times[] = {0, 7, 10, 1720000000000, INTEGER_MAX};

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char leaf[64];
        const char *note;
        size_t n = leaf_prefix(leaf, times[i]), note_len;
        int64_t at;
        cr_assert(n < 24 && strlen(leaf) == n);
        memcpy(leaf + n, "note\n", 6);
        cr_assert(leaf_split(leaf, n + 5, &at, &note, &note_len), "%s", leaf);
        cr_assert_eq(at, times[i]);
        cr_assert(note == leaf + n && note_len == 5);
    }
}

Test(entry, leaves_have_one_spelling)
{
    static const char *const bad[] = {"", "at", "at ", "at 1", "at 1\n", "at \nx", "at 01\nx",
                                      "at 00\nx", "at -1\nx", "at +1\nx", "at 1 \nx", "at  1\nx",
                                      "at 1\r\nx", "AT 1\nx", "1\nx", "at 1x\n", " at 1\nx",
                                      "at 9007199254740992\nx", "at 99999999999999999999\nx",
                                      "at 1.5\nx", "at 0x1\nx"};
    static char large[LEAF_MAX + 1];
    const char *note;
    size_t n;
    int64_t at;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(leaf_split(bad[i], strlen(bad[i]), &at, &note, &n), "%s", bad[i]);
    }
    memset(large, 'x', sizeof large);
    memcpy(large, "at 1\n", 5);
    cr_assert(leaf_split(large, LEAF_MAX, &at, &note, &n));
    cr_assert_not(leaf_split(large, LEAF_MAX + 1, &at, &note, &n));
}

/* --- Damage ----------------------------------------------------------------------------------- */

static uint64_t seed = 0x2545f4914f6cdd1du;

/* xorshift64; the same numbers at each run. */
static size_t any(size_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % below);
}

/* One to three bytes replaced, put in or removed, mostly by bytes that mean something here. */
static size_t damage(char *text, size_t n)
{
    static const char telling[] = "{}[]\",:\\-0123456789abcdefz_/ \n";

    for (size_t k = any(3) + 1; k > 0; k--) {
        size_t at = any(n);
        char byte = any(4) == 0 ? (char)any(256) : telling[any(sizeof telling - 1)];
        size_t what = any(3);
        if (what == 0) {
            text[at] = byte;
        } else if (what == 1) {
            memmove(text + at + 1, text + at, n - at);
            text[at] = byte;
            n++;
        } else {
            memmove(text + at, text + at + 1, n - at - 1);
            n--;
        }
    }
    return n;
}

static void check_refusal(const struct refusal *why)
{
    cr_assert(code_status(why->code) >= 400);
    cr_assert(why->code != CODE_internal, "%s", why->found);
    cr_assert(utf8_valid(why->field, strlen(why->field)));
    cr_assert(utf8_valid(why->expected, strlen(why->expected)));
    cr_assert(utf8_valid(why->found, strlen(why->found)));
}

Test(entry, damaged_texts_are_decoded_or_refused_and_never_more)
{
    size_t decoded = 0, refused = 0;

    for (size_t i = 0; i < entries_count; i++) {
        json_t *object = entries_object(entries_kind(i));
        char *text = entries_text(object);
        size_t n = strlen(text);
        for (size_t k = 0; k < 1500; k++) {
            static struct entry entry;
            struct refusal why = {.code = CODE_OK};
            char *changed = malloc(n + 4);
            memcpy(changed, text, n);
            size_t len = damage(changed, n);
            /* Of exactly that size, so that reading past it is seen. */
            changed = realloc(changed, len);
            if (entry_decode(&entry, ORIGIN, changed, len, &why)) {
                cr_assert(entry.text == changed && entry.text_len == len);
                decoded++;
            } else {
                check_refusal(&why);
                refused++;
            }
            free(changed);
        }
        free(text);
        json_decref(object);
    }
    cr_assert(decoded > 500 && refused > 20000, "%zu, %zu", decoded, refused);
}
