/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The canonical profile (SPEC 2.2). Tables say what each rule means; then an oracle that knows the
 * rules in another way, through a parser and a serialiser, must agree with the scanner on random
 * objects and on random damage to them.
 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/entry.h"
#include "ledger/json.h"

static const char *const good[] = {
    "{}",
    "{\"a\":1}",
    "{\"a\":0,\"b\":-1,\"c\":9007199254740991,\"d\":-9007199254740991}",
    "{\"a\":true,\"b\":false,\"c\":[],\"d\":{},\"e\":\"\"}",
    "{\"a\":[1,\"x\",true,{\"b\":[]}]}",
    "{\"a\":{\"a\":{\"a\":{}}}}",
    "{\"a\":[[[]]]}",
    "{\"a\":\"\\\"\\\\\"}",
    "{\"a\":\"/ \xc2\x80 \xc3\xa9 \xe2\x80\xa8 \xef\xbf\xbf \xf4\x8f\xbf\xbf \xef\xbb\xbf\"}",
    "{\"a\":1,\"a0\":1,\"a1\":1,\"a_\":1,\"aa\":1,\"b\":1}",
};

/* `at` is the byte that the refusal names. */
static const struct {
    const char *json;
    size_t at;
    const char *what;
} wrong[] = {
    {"", 0, "the end"},
    {"1", 0, "an object"},
    {"[]", 0, "an object"},
    {" {}", 0, "white space"},
    {"{} ", 2, "after the object"},
    {"{}\n", 2, "after the object"},
    {"{}{}", 2, "after the object"},
    {"{", 1, "the end"},
    {"{ }", 1, "white space"},
    {"{\"a\" :1}", 4, "white space"},
    {"{\"a\": 1}", 5, "white space"},
    {"{\"a\":1 }", 6, "white space"},
    {"{\"a\":1,\t\"b\":2}", 7, "white space"},
    {"{\"a\":1,}", 7, "a key"},
    {"{\"a\":[1,]}", 8, "a value"},
    {"{\"a\":[,1]}", 6, "a value"},
    {"{\"a\":[1", 7, "the end"},
    {"{\"a\":[1}", 7, "a comma"},
    {"{\"a\"}", 4, "a colon"},
    {"{\"a\":}", 5, "a value"},
    {"{\"a\":", 5, "the end"},
    {"{\"a", 3, "a key"},
    {"{a:1}", 1, "a key"},
    {"{\"\":1}", 2, "empty key"},
    {"{\"A\":1}", 2, "[a-z]"},
    {"{\"aB\":1}", 3, "[a-z]"},
    {"{\"1a\":1}", 2, "[a-z]"},
    {"{\"_a\":1}", 2, "[a-z]"},
    {"{\"a-b\":1}", 3, "[a-z]"},
    {"{\"a\\\"\":1}", 3, "[a-z]"},
    {"{\"\xc3\xa9\":1}", 2, "[a-z]"},
    {"{\"b\":1,\"a\":2}", 8, "out of order"},
    {"{\"aa\":1,\"a\":2}", 9, "out of order"},
    {"{\"a_\":1,\"a0\":2}", 9, "out of order"},
    {"{\"a\":1,\"a\":2}", 8, "second time"},
    {"{\"z\":{\"b\":1,\"a\":2}}", 13, "out of order"},
    {"{\"z\":[{\"a\":1,\"a\":2}]}", 14, "second time"},
    {"{\"a\":-0}", 5, "minus zero"},
    {"{\"a\":-01}", 5, "minus zero"},
    {"{\"a\":00}", 5, "leading zero"},
    {"{\"a\":01}", 5, "leading zero"},
    {"{\"a\":+1}", 5, "a value"},
    {"{\"a\":-}", 6, "a digit"},
    {"{\"a\":1.0}", 6, "a fraction"},
    {"{\"a\":1e3}", 6, "exponent"},
    {"{\"a\":1E3}", 6, "exponent"},
    {"{\"a\":.5}", 5, "a value"},
    {"{\"a\":9007199254740992}", 5, "2^53-1"},
    {"{\"a\":-9007199254740992}", 5, "2^53-1"},
    {"{\"a\":99999999999999999999999999}", 5, "2^53-1"},
    {"{\"a\":null}", 5, "null"},
    {"{\"a\":nil}", 5, "null"},
    {"{\"a\":True}", 5, "a value"},
    {"{\"a\":tru}", 5, "a value"},
    {"{\"a\":falsy}", 5, "a value"},
    {"{\"a\":NaN}", 5, "a value"},
    {"{\"a\":'x'}", 5, "a value"},
    {"{\"a\":\"x}", 5, "without an end"},
    {"{\"a\":\"\\", 6, "an escape"},
    {"{\"a\":\"\\n\"}", 6, "an escape"},
    {"{\"a\":\"\\/\"}", 6, "an escape"},
    {"{\"a\":\"\\u0041\"}", 6, "an escape"},
    {"{\"a\":\"\\ud800\"}", 6, "an escape"},
    {"{\"a\":\"x\ty\"}", 7, "control"},
    {"{\"a\":\"x\x1fy\"}", 7, "control"},
    {"{\"a\":\"x\x7fy\"}", 7, "control"},
    {"{\"a\":\"\xed\xa0\x80\"}", 6, "UTF-8"},
    {"{\"a\":\"\xc0\xaf\"}", 6, "UTF-8"},
    {"{\"a\":\"\xf4\x90\x80\x80\"}", 6, "UTF-8"},
    {"{\"a\":\"\x80\"}", 6, "UTF-8"},
    {"{\"a\":\"\xc3\"}", 6, "UTF-8"},
    {"{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", 20, "four levels"},
    {"{\"a\":[[[[]]]]}", 8, "four levels"},
    {"\xef\xbb\xbf{}", 0, "an object"},
    {"{}//", 2, "after the object"},
};

Test(profile, accepts_what_is_canonical)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct refusal why = {.code = CODE_OK};
        cr_assert(profile_check(good[i], strlen(good[i]), &why), "%s: %s", good[i], why.found);
    }
}

Test(profile, refuses_everything_else_and_says_where)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct refusal why = {.code = CODE_OK};
        char at[32];
        snprintf(at, sizeof at, "byte %zu:", wrong[i].at);
        cr_assert_not(profile_check(wrong[i].json, strlen(wrong[i].json), &why), "%s",
                      wrong[i].json);
        cr_assert_eq(why.code, CODE_not_canonical);
        cr_assert(strncmp(why.found, at, strlen(at)) == 0, "%s: %s", wrong[i].json, why.found);
        cr_assert(strstr(why.found, wrong[i].what) != NULL, "%s: %s", wrong[i].json, why.found);
    }
}

Test(profile, refuses_a_nul_byte_everywhere)
{
    static const char text[] = "{\"a\":[1,\"x\",true],\"b\":{}}";
    size_t n = strlen(text);
    struct refusal why = {.code = CODE_OK};

    for (size_t i = 0; i <= n; i++) {
        char with[sizeof text + 1], over[sizeof text];
        memcpy(with, text, i);
        with[i] = '\0';
        memcpy(with + i + 1, text + i, n - i);
        cr_assert_not(profile_check(with, n + 1, &why), "inserted at %zu", i);
        memcpy(over, text, sizeof text);
        over[i] = '\0';
        cr_assert(i == n || !profile_check(over, n, &why), "written at %zu", i);
    }
}

/* The bytes lie at the end of an allocation of their size, so that reading past them is seen. */
Test(profile, refuses_every_shortened_text_without_reading_past_it)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        for (size_t n = 0; n < strlen(good[i]); n++) {
            struct refusal why = {.code = CODE_OK};
            char *exact = malloc(n > 0 ? n : 1);
            memcpy(exact, good[i], n);
            cr_assert_not(profile_check(exact, n, &why), "%.*s", (int)n, good[i]);
            free(exact);
        }
    }
}

/* --- The oracle ------------------------------------------------------------------------------- */

static bool oracle_string(const char *s, size_t n)
{
    return strlen(s) == n && strcspn(s, "\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f"
                                        "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d"
                                        "\x1e\x1f\x7f") == n;
}

static bool oracle_key(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    return strspn(s, letters) == strlen(s) && s[0] != '\0' && strchr(letters + 26, s[0]) == NULL;
}

static bool oracle_value(json_t *value, int levels)
{
    const char *key;
    json_t *member;
    size_t i;

    switch (json_typeof(value)) {
    case JSON_TRUE:
    case JSON_FALSE:
        return true;
    case JSON_NULL:
    case JSON_REAL:
        return false;
    case JSON_INTEGER:
        return llabs(json_integer_value(value)) < 9007199254740992LL;
    case JSON_STRING:
        return oracle_string(json_string_value(value), json_string_length(value));
    case JSON_ARRAY:
        json_array_foreach(value, i, member) {
            if (!oracle_value(member, levels - 1)) {
                return false;
            }
        }
        return levels > 0;
    case JSON_OBJECT:
        json_object_foreach(value, key, member) {
            if (!oracle_key(key) || !oracle_value(member, levels - 1)) {
                return false;
            }
        }
        return levels > 0;
    }
    return false;
}

/* The object when the text is canonical, and NULL when it is not. */
static json_t *oracle(const char *text, size_t n)
{
    json_t *value = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL) {
        return NULL;
    }
    char *again = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    bool same = again != NULL && strlen(again) == n && memcmp(again, text, n) == 0;
    bool result = same && json_is_object(value) && oracle_value(value, 4);
    free(again);
    if (!result) {
        json_decref(value);
    }
    return result ? value : NULL;
}

/* A string as it stands in a text of the profile. */
static bool same_text(const char *s, size_t n, const json_t *string)
{
    const char *t = json_string_value(string);
    size_t i = 0;

    for (; i < n && *t != '\0'; i++, t++) {
        i += s[i] == '\\' ? 1 : 0;
        if (i == n || s[i] != *t) {
            return false;
        }
    }
    return i == n && *t == '\0';
}

static bool same_value(struct value ours, const json_t *theirs);

static bool same_list(struct value ours, const json_t *theirs)
{
    bool object = json_is_object(theirs);
    size_t n = object ? json_object_size(theirs) : json_array_size(theirs), i = 0;
    struct walk w = walk_start(ours);
    struct member m;

    for (; walk_next(&w, &m); i++) {
        char key[256] = "";
        if (object && m.key_len < sizeof key) {
            memcpy(key, m.key, m.key_len);
        }
        struct value found = object ? value_member(ours, key) : m.value;
        const json_t *value = object ? json_object_get(theirs, key) : json_array_get(theirs, i);
        if (found.s != m.value.s || (m.key == NULL) == object || !same_value(m.value, value)) {
            return false;
        }
    }
    return i == n && value_count(ours) == n &&
           (!object || value_member(ours, "not_there").s == NULL);
}

/* What the two readings of a canonical text hold is the same. */
static bool same_value(struct value ours, const json_t *theirs)
{
    const char *s = NULL;
    size_t n = 0;
    int64_t number = 0;
    bool flag = false;
    bool text = value_text(ours, &s, &n), integer = value_integer(ours, &number);
    bool is_flag = value_flag(ours, &flag), list = json_is_object(theirs) || json_is_array(theirs);
    json_int_t expected = json_integer_value(theirs);

    return text == json_is_string(theirs) && (!text || same_text(s, n, theirs)) &&
           integer == json_is_integer(theirs) && (!integer || number == expected) &&
           is_flag == json_is_boolean(theirs) && (!is_flag || flag == json_is_true(theirs)) &&
           value_is_object(ours) == json_is_object(theirs) &&
           value_is_array(ours) == json_is_array(theirs) &&
           (list ? same_list(ours, theirs) : value_count(ours) == 0);
}

/* --- Random objects and damage ---------------------------------------------------------------- */

static uint64_t seed = 0x9e3779b97f4a7c15u;

/* xorshift64; the same numbers at each run. */
static size_t any(size_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % below);
}

static json_t *any_string(void)
{
    static const char *const parts[] = {"a", "Z", "0", " ", "\"", "\\", "/", "\xc3\xa9",
                                        "\xe2\x82\xac", "\xf0\x9f\x8c\xb3", "\xe2\x80\xa8",
                                        "\xef\xbf\xbe", "handle", "\xc2\x80", "\x7f", "\n"};
    char text[64] = "";
    size_t n = 0, count = any(6);

    for (size_t i = 0; i < count; i++) {
        /* The two last parts are against the profile, and rare. */
        const char *part = parts[any(any(30) == 0 ? 16 : 14)];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", part);
    }
    return json_string(text);
}

static json_t *any_integer(void)
{
    static const json_int_t edges[] = {0, 1, -1, 9007199254740991, -9007199254740991,
                                       9007199254740990, 100000, 9007199254740992};
    return json_integer(edges[any(any(20) == 0 ? 8 : 7)]);
}

static const char *any_key(void)
{
    static const char *const keys[] = {"a", "b", "aa", "a_", "a0", "ab", "kind", "z9_", "b_b", "c",
                                       "by", "id", "A", "_a", "", "a b", "\xc3\xa9", "9"};
    return keys[any(any(40) == 0 ? 18 : 12)];
}

static json_t *any_value(size_t depth);

static json_t *any_object(size_t depth)
{
    json_t *object = json_object();
    for (size_t i = any(5); i > 0; i--) {
        json_object_set_new(object, any_key(), any_value(depth + 1));
    }
    return object;
}

static json_t *any_array(size_t depth)
{
    json_t *array = json_array();
    for (size_t i = any(4); i > 0; i--) {
        json_array_append_new(array, any_value(depth + 1));
    }
    return array;
}

static json_t *any_value(size_t depth)
{
    size_t kind = any(depth > 5 ? 5 : 8);
    switch (kind) {
    case 0:
        return any_integer();
    case 1:
        return any_string();
    case 2:
        return json_boolean(any(2));
    case 3:
        return any(20) == 0 ? json_null() : json_true();
    case 4:
        return any(20) == 0 ? json_real(1.5) : json_integer((json_int_t)any(1000));
    case 5:
        return any_array(depth);
    default:
        return any_object(depth);
    }
}

struct counts {
    size_t accepted, refused;
};

static void compare(const char *text, size_t n, struct counts *counts)
{
    struct refusal why = {.code = CODE_OK};
    char *exact = malloc(n > 0 ? n : 1);

    memcpy(exact, text, n);
    json_t *theirs = oracle(exact, n);
    struct value value = profile_read(exact, n, &why);
    bool ours = value.s != NULL;
    cr_assert_eq(ours, theirs != NULL, "scanner %d, oracle %d (%s): %.*s", ours, theirs != NULL,
                 ours ? "" : why.found, (int)n, text);
    cr_assert(!ours || (value.n == n && same_value(value, theirs)), "%.*s", (int)n, text);
    json_decref(theirs);
    free(exact);
    counts->accepted += ours ? 1 : 0;
    counts->refused += ours ? 0 : 1;
}

/* One change: a byte replaced or removed, or a byte or a piece of JSON put in. */
static size_t damage(char *out, const char *text, size_t n)
{
    static const char *const pieces[] = {"0", "-", ".0", "e1", " ", "\n", "\t", ",", ":", "{", "}",
                                         "[", "]", "[]", "{}", "\"", "\\", "null", "true", "\\n",
                                         "\\u0041", "\"a\":1,", ",\"a\":1", "_", "\x7f", "\xc3",
                                         "\xa9", "\xed\xa0\x80", "1", "A", "z", "\\\\", "\\\""};
    size_t at = any(n), kind = any(4);
    char byte = (char)any(256);

    memcpy(out, text, at);
    if (kind == 0) {
        memcpy(out + at, text + at, n - at);
        out[at] = byte;
        return n;
    }
    if (kind == 1) {
        memcpy(out + at, text + at + 1, n - at - 1);
        return n - 1;
    }
    const char *piece = pieces[any(sizeof pieces / sizeof pieces[0])];
    size_t add = kind == 2 ? 1 : strlen(piece);
    memcpy(out + at, kind == 2 ? &byte : piece, add);
    memcpy(out + at + add, text + at, n - at);
    return n + add;
}

Test(profile, agrees_with_parser_and_serialiser_on_random_objects_and_damage)
{
    enum { OBJECTS = 12000, DAMAGES = 8 }; /* 108 000 texts */
    struct counts whole = {0, 0}, damaged = {0, 0};

    for (size_t i = 0; i < OBJECTS; i++) {
        json_t *object = any_object(1);
        char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
        size_t n = strlen(text);
        char *changed = malloc(n + 16);
        compare(text, n, &whole);
        for (size_t k = 0; k < DAMAGES; k++) {
            compare(changed, damage(changed, text, n), &damaged);
        }
        free(changed);
        free(text);
        json_decref(object);
    }
    /* Both answers must have been put to the test. */
    cr_assert(whole.accepted > 2000 && whole.refused > 300, "%zu, %zu", whole.accepted,
              whole.refused);
    cr_assert(damaged.accepted > 2000 && damaged.refused > 10000, "%zu, %zu", damaged.accepted,
              damaged.refused);
}

/* --- Values ----------------------------------------------------------------------------------- */

Test(profile, load_gives_the_values_of_what_it_accepts_alone)
{
    struct refusal why = {.code = CODE_OK};
    static const char text[] = "{\"a\":[\"\\\"x\\\\\",-7]}";
    json_t *value = profile_load(text, strlen(text), &why);

    cr_assert(value != NULL);
    const json_t *array = json_object_get(value, "a");
    cr_assert_str_eq(json_string_value(json_array_get(array, 0)), "\"x\\");
    cr_assert_eq(json_integer_value(json_array_get(array, 1)), -7);
    json_decref(value);
    cr_assert_null(profile_load("{\"a\":null}", 10, &why));
    cr_assert_eq(why.code, CODE_not_canonical);
}

Test(profile, an_absent_value_has_no_type_and_no_members)
{
    struct value none = {NULL, 0}, member;
    const char *s;
    size_t n;
    int64_t number;
    bool flag;
    char shown[JSON_SHOWN_SIZE];

    cr_assert_not(value_is_object(none) || value_is_array(none));
    cr_assert_not(value_text(none, &s, &n) || value_integer(none, &number));
    cr_assert_not(value_flag(none, &flag));
    cr_assert_eq(value_count(none), 0);
    member = value_member(none, "a");
    cr_assert_null(member.s);
    value_show(shown, none);
    cr_assert_str_eq(shown, "");
}

Test(profile, members_are_found_by_their_whole_key)
{
    static const char text[] = "{\"a\":1,\"aa\":2,\"ab\":3,\"b\":{\"a\":4}}";
    static const struct {
        const char *key;
        int64_t value; /* 0: none */
    } cases[] = {{"a", 1}, {"aa", 2}, {"ab", 3}, {"aaa", 0}, {"ac", 0}, {"", 0}, {"c", 0}};
    struct refusal why = {.code = CODE_OK};
    struct value object = profile_read(text, strlen(text), &why);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t number = 0;
        bool there = value_integer(value_member(object, cases[i].key), &number);
        cr_assert_eq(there, cases[i].value != 0, "%s", cases[i].key);
        cr_assert_eq(number, cases[i].value, "%s", cases[i].key);
    }
}

Test(profile, show_cuts_long_values_at_a_whole_character)
{
    char shown[JSON_SHOWN_SIZE];

    for (size_t n = 0; n < 200; n++) {
        char text[512] = "";
        for (size_t i = 0; i < n; i++) {
            memcpy(text + strlen(text), i % 2 == 0 ? "\xe2\x82\xac" : "a", i % 2 == 0 ? 4 : 2);
        }
        char quoted[520];
        snprintf(quoted, sizeof quoted, "\"%s\"", text);
        value_show(shown, (struct value){quoted, strlen(quoted)});
        size_t len = strlen(shown);
        cr_assert(len < sizeof shown && utf8_valid(shown, len));
        if (strlen(text) + 2 < sizeof shown) {
            cr_assert(len == strlen(text) + 2 && memcmp(shown + 1, text, len - 2) == 0);
        } else {
            cr_assert(len > sizeof shown - 8 && memcmp(shown + 1, text, len - 4) == 0);
            cr_assert_str_eq(shown + len - 3, "\xe2\x80\xa6");
        }
    }
    value_show(shown, (struct value){"{\"a\":1,\"b\":[true]}", 18});
    cr_assert_str_eq(shown, "{\"a\":1,\"b\":[true]}");
}
