/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/codes.h"

static const enum code all[] = {
#define CODE_VALUE(word, number, status, title) CODE_##word,
    CODES(CODE_VALUE)
#undef CODE_VALUE
};
enum { COUNT = sizeof all / sizeof all[0] };

Test(codes, words_find_their_codes_and_numbers_rise)
{
    for (size_t i = 0; i < COUNT; i++) {
        enum code found = CODE_OK;
        cr_assert(code_find(code_word(all[i]), &found));
        cr_assert_eq(found, all[i], "%s", code_word(all[i]));
        cr_assert(i == 0 || all[i - 1] < all[i]);
        cr_assert(code_status(all[i]) >= 400 && code_status(all[i]) < 600);
    }
    enum code untouched = CODE_internal;
    cr_assert_not(code_find("no_such_code", &untouched));
    cr_assert_not(code_find("", &untouched));
    cr_assert_eq(untouched, CODE_internal);
}

/* Cuts the next cell of a table row out of a line: "| 101 | `word` | 413 | meaning |". */
static char *cell(char **line)
{
    char *start = *line + 2, *end = strstr(start, " |");
    cr_assert(strncmp(*line, "| ", 2) == 0 && end != NULL, "%s", *line);
    *end = '\0';
    *line = end + 1;
    return start;
}

static void check_row(char *line, enum code code)
{
    char word[64];
    snprintf(word, sizeof word, "`%s`", code_word(code));
    cr_assert_eq(strtol(cell(&line), NULL, 10), (long)code, "%s", word);
    cr_assert_str_eq(cell(&line), word);
    cr_assert_eq(strtol(cell(&line), NULL, 10), code_status(code), "%s", word);
    cr_assert_str_eq(cell(&line), code_title(code));
    cr_assert_str_eq(line, "|\n");
}

Test(codes, the_table_of_the_specification_is_this_registry)
{
    char line[4096];
    bool inside = false;
    size_t rows = 0;
    FILE *spec = fopen("SPEC.md", "r");

    cr_assert(spec != NULL, "SPEC.md: run the tests from the root of the repository");
    while (fgets(line, sizeof line, spec) != NULL) {
        if (strncmp(line, "## ", 3) == 0) {
            inside = strcmp(line, "## 11 Error registry\n") == 0;
        } else if (inside && line[0] == '|' && line[2] >= '0' && line[2] <= '9') {
            cr_assert(rows < COUNT, "a code that codes.h does not have: %s", line);
            check_row(line, all[rows++]);
        }
    }
    fclose(spec);
    cr_assert_eq(rows, COUNT);
}

Test(codes, refuse_fills_every_part_and_returns_false)
{
    struct refusal r;
    memset(&r, 'x', sizeof r);
    r.waived = CODE_OK;
    cr_assert_not(refuse(&r, CODE_field_invalid, "shares[1].minutes", "integer 1..9", "%d%s", 12,
                         "!"));
    cr_assert_eq(r.code, CODE_field_invalid);
    cr_assert_str_eq(r.rule, "");
    cr_assert_str_eq(r.field, "shares[1].minutes");
    cr_assert_str_eq(r.expected, "integer 1..9");
    cr_assert_str_eq(r.found, "12!");

    cr_assert_not(refuse(&r, CODE_internal, NULL, NULL, NULL));
    cr_assert_str_eq(r.field, "");
    cr_assert_str_eq(r.expected, "");
    cr_assert_str_eq(r.found, "");
}

/* Every offset of the cut within characters of 1 to 4 bytes. */
Test(codes, refuse_cuts_at_a_whole_character)
{
    static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8c\xb3"};

    for (size_t c = 0; c < 4; c++) {
        for (size_t lead = 0; lead < 4; lead++) {
            struct refusal r = {.code = CODE_OK};
            char text[400] = "";
            size_t n = lead;
            memset(text, '-', lead);
            for (; n + 5 < sizeof text; n += c + 1) {
                memcpy(text + n, characters[c], c + 2);
            }
            refuse(&r, CODE_internal, text, text, "%s", text);
            size_t room = sizeof r.found - 1, whole = room - (room - lead) % (c + 1);
            cr_assert_eq(strlen(r.found), whole, "%zu bytes, lead %zu", c + 1, lead);
            cr_assert(memcmp(r.found, text, whole) == 0);
            cr_assert_str_eq(r.expected, r.found);
            cr_assert(utf8_valid(r.field, strlen(r.field)));
            cr_assert(strlen(r.field) + 4 > sizeof r.field - 1);
        }
    }
}

Test(codes, refuse_makes_foreign_bytes_printable)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"a\xff z", "a? z"},          {"\xc3", "?"},
        {"\xed\xa0\x80", "???"},      {"tab\tline\n", "tab?line?"},
        {"\x1b[31m", "?[31m"},        {"\x7f", "?"},
        {"\xc2\x9b" "1m", "?1m"},     {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct refusal r = {.code = CODE_OK};
        refuse(&r, CODE_not_an_entry, rows[i].in, NULL, "%s", rows[i].in);
        cr_assert_str_eq(r.found, rows[i].out);
        cr_assert_str_eq(r.field, rows[i].out);
    }
}

Test(codes, a_waived_check_passes_and_leaves_no_trace)
{
    struct refusal r = {.waived = CODE_expired};

    cr_assert(refuse(&r, CODE_expired, "valid_until", "later", "now"));
    cr_assert_eq(r.code, CODE_OK);
    cr_assert_str_eq(r.field, "");
    cr_assert_not(refuse(&r, CODE_id_time, "id", "earlier", "later"));
    cr_assert_eq(r.code, CODE_id_time);
    cr_assert_eq(r.waived, CODE_expired, "refusing for another reason keeps what is waived");
}

Test(codes, what_leaves_nothing_to_apply_cannot_be_waived)
{
    static const enum code never[] = {
        CODE_field_invalid,      CODE_entry_too_large, CODE_id_reused,
        CODE_network_keys,       CODE_clock_only,      CODE_org_unknown,
        CODE_handle_taken,       CODE_key_id_taken,    CODE_key_unacceptable,
        CODE_ref_unknown,        CODE_hours_over_agreement,
        CODE_change_below_recorded, CODE_reverse_too_much, CODE_internal,
    };
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        struct refusal r = {.waived = never[i]};
        cr_expect_not(code_waivable(never[i]), "%s", code_word(never[i]));
        cr_expect_not(refuse(&r, never[i], NULL, NULL, NULL), "%s", code_word(never[i]));
    }
    for (size_t i = 0; i < COUNT; i++) {
        bool rules = all[i] >= 200 && all[i] < 800;
        cr_expect(rules || !code_waivable(all[i]), "%s", code_word(all[i]));
    }
    cr_expect_not(code_waivable(CODE_OK));
}

Test(codes, bare_values_are_those_of_the_last_refusal)
{
    struct refusal r = {.code = CODE_OK};

    cr_assert_not(refuse(&r, CODE_expired, "valid_until", "words", "words") ||
                  refuse_rule(&r, "some_rule") || refuse_values(&r, "f", "e", "%d", 7));
    cr_assert_str_eq(r.rule, "some_rule");
    cr_assert_str_eq(r.value_field, "f");
    cr_assert_str_eq(r.value_expected, "e");
    cr_assert_str_eq(r.value_found, "7");
    refuse(&r, CODE_charter_mismatch, "charter", "words", "words");
    cr_assert_str_eq(r.value_field, "");
    cr_assert_str_eq(r.value_expected, "");
    cr_assert_str_eq(r.value_found, "");
    refuse(&r, CODE_field_missing, "shares[1].to", "words", "nothing");
    cr_assert_str_eq(r.value_field, "shares[1].to");
}
