/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/codes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"

static const struct row {
    enum code code;
    const char *word;
    int status;
    const char *title;
} rows[] = {
#define CODE_ROW(word, number, status, title) {CODE_##word, #word, status, title},
    CODES(CODE_ROW)
#undef CODE_ROW
};

static const struct row *row_of(enum code code)
{
    size_t i = 0;
    while (i < sizeof rows / sizeof rows[0] && rows[i].code != code) {
        i++;
    }
    assert(i < sizeof rows / sizeof rows[0]);
    return &rows[i];
}

const char *code_word(enum code code)
{
    return row_of(code)->word;
}

const char *code_title(enum code code)
{
    return row_of(code)->title;
}

int code_status(enum code code)
{
    return row_of(code)->status;
}

bool code_find(const char *word, enum code *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].word, word) == 0) {
            *out = rows[i].code;
            return true;
        }
    }
    return false;
}

/*
 * What is not here leaves nothing to apply, or nothing that could stand:
 * - 1xx, org_unknown, ref_unknown: there is no entry, no organisation, no thing to act on;
 * - id_reused, handle_taken, key_id_taken: two would stand under one name, and the first be lost;
 * - key_unacceptable: nothing that such a key signs could be verified;
 * - 4xx: the founding decides what every other rule is measured by;
 * - hours_over_agreement, change_below_recorded, reverse_too_much: a counter would fall below zero;
 * - 8xx: no rules of the log.
 */
bool code_waivable(enum code code)
{
    static const enum code waivable[] = {
        CODE_signature_invalid,    CODE_signer_missing,    CODE_signer_unexpected,
        CODE_key_unknown,          CODE_key_revoked,       CODE_key_scope,
        CODE_key_ceiling,          CODE_signature_order,   CODE_id_time,
        CODE_expired,              CODE_valid_until_too_far, CODE_time_order,
        CODE_at_not_allowed,       CODE_seen_mismatch,     CODE_org_left,
        CODE_charter_mismatch,     CODE_not_coordinator,   CODE_key_in_use,
        CODE_last_admin_key,       CODE_not_yours,         CODE_already_closed,
        CODE_expires_out_of_range, CODE_skill_unknown,     CODE_vouch_own,
        CODE_already_vouched,      CODE_not_urgent,        CODE_already_erased,
        CODE_parties_mismatch,     CODE_limit_crossed,     CODE_day_out_of_range,
        CODE_agreement_mismatch,   CODE_assertion_false,   CODE_not_panel,
        CODE_urgent_quota,         CODE_pool_over_position, CODE_nothing_broken,
        CODE_step_unfounded,       CODE_already_appealed,  CODE_cosigner_missing,
        CODE_paused,
    };
    for (size_t i = 0; i < sizeof waivable / sizeof waivable[0]; i++) {
        if (waivable[i] == code) {
            return true;
        }
    }
    return false;
}

/*
 * Makes a NUL-terminated text one printable line of UTF-8: it travels in JSON and to terminals, and
 * parts of it come from strangers. What is no character, or a control character, becomes '?'; a
 * character that was cut in two at the end (`cut`) goes.
 */
static void make_printable(char *s, bool cut)
{
    size_t n = strlen(s), to = 0;

    for (size_t from = 0; from < n;) {
        uint32_t c;
        size_t used = utf8_decode(&c, s + from, n - from);
        if (used == 0 && cut && n - from < 4 && ((uint8_t)s[from] & 0xc0) == 0xc0) {
            break;
        }
        if (used == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            s[to++] = '?';
            from += used == 0 ? 1 : used;
            continue;
        }
        memmove(s + to, s + from, used);
        to += used;
        from += used;
    }
    s[to] = '\0';
}

static void fill(char *out, size_t size, const char *text)
{
    int n = snprintf(out, size, "%s", text != NULL ? text : "");
    make_printable(out, n >= 0 && (size_t)n >= size);
}

static void __attribute__((format(printf, 3, 0)))
fill_format(char *out, size_t size, const char *format, va_list args)
{
    out[0] = '\0';
    if (format == NULL) {
        return;
    }
    int n = vsnprintf(out, size, format, args);
    make_printable(out, n >= 0 && (size_t)n >= size);
}

static bool names_a_field(enum code code)
{
    return code == CODE_field_missing || code == CODE_field_unknown || code == CODE_field_invalid;
}

bool refuse(struct refusal *r, enum code code, const char *field, const char *expected,
            const char *found, ...)
{
    va_list args;

    if (code == r->waived && code_waivable(code)) {
        return true;
    }
    r->code = row_of(code)->code;
    r->rule[0] = '\0';
    fill(r->field, sizeof r->field, field);
    fill(r->expected, sizeof r->expected, expected);
    va_start(args, found);
    fill_format(r->found, sizeof r->found, found, args);
    va_end(args);
    fill(r->value_field, sizeof r->value_field, names_a_field(code) ? field : "");
    r->value_expected[0] = r->value_found[0] = '\0';
    return false;
}

bool refuse_rule(struct refusal *r, const char *rule)
{
    fill(r->rule, sizeof r->rule, rule);
    return false;
}

bool refuse_values(struct refusal *r, const char *field, const char *expected, const char *found,
                   ...)
{
    va_list args;

    fill(r->value_field, sizeof r->value_field, field);
    fill(r->value_expected, sizeof r->value_expected, expected);
    va_start(args, found);
    fill_format(r->value_found, sizeof r->value_found, found, args);
    va_end(args);
    return false;
}
