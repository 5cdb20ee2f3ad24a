/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/explain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/words.h"

#define PARTS_MAX 6

/* What a text says, each figure in words already. */
struct parts {
    size_t n;
    char v[PARTS_MAX][DAY_SIZE];
};

_Static_assert(DURATION_SIZE <= DAY_SIZE && HANDLE_MAX < DAY_SIZE, "a part holds any figure");

/* --- Taking apart ----------------------------------------------------------------------------- */

static bool take_number(const char **s, int64_t *out)
{
    char *end;

    if (**s != '-' && (**s < '0' || **s > '9')) {
        return false;
    }
    errno = 0;
    *out = strtoll(*s, &end, 10);
    if (errno != 0 || end == *s) {
        return false;
    }
    *s = end;
    return true;
}

static bool take_handle(const char **s, char out[static DAY_SIZE])
{
    size_t n = strspn(*s, "abcdefghijklmnopqrstuvwxyz0123456789-");
    struct handle handle;

    if (!handle_parse(&handle, *s, n)) {
        return false;
    }
    snprintf(out, DAY_SIZE, "%s", NAME(handle));
    *s += n;
    return true;
}

/* {m} a moment in milliseconds, {t} minutes, {n} a number, {h} a handle. */
static bool take_part(char what, const char **s, char out[static DAY_SIZE])
{
    int64_t n;

    if (what == 'h') {
        return take_handle(s, out);
    }
    if (!take_number(s, &n)) {
        return false;
    }
    if (what == 't') {
        duration_format(out, n);
    } else if (what == 'm' && n >= 0 && n <= INTEGER_MAX) {
        moment_words(out, n);
    } else if (what == 'n') {
        snprintf(out, DAY_SIZE, "%lld", (long long)n);
    } else {
        return false;
    }
    return true;
}

/* Adds the figures of a text that has a shape, as a whole, to the parts. */
static bool match(const char *text, const char *shape, struct parts *parts)
{
    while (*shape != '\0') {
        if (shape[0] == '{') {
            if (parts->n == PARTS_MAX || !take_part(shape[1], &text, parts->v[parts->n])) {
                return false;
            }
            parts->n++;
            shape += 3;
        } else if (*text++ != *shape++) {
            return false;
        }
    }
    return *text == '\0';
}

/* --- Putting together ------------------------------------------------------------------------- */

/* Replaces {1}, {2}, … by the parts; a translation may have them in another order. */
static void fill(char out[static EXPLAIN_SIZE], const char *pattern, const struct parts *parts)
{
    struct words t = {.s = out, .size = EXPLAIN_SIZE};

    out[0] = '\0';
    while (*pattern != '\0') {
        size_t i = pattern[0] == '{' ? (size_t)(pattern[1] - '1') : PARTS_MAX;
        if (i < parts->n && pattern[2] == '}') {
            words_add(&t, "%s", parts->v[i]);
            pattern += 3;
        } else {
            words_add(&t, "%c", *pattern++);
        }
    }
    words_finish(&t);
}

/* Moments, by the codes that speak of them. */
static const struct {
    const char *shape, *words;
} shapes[] = {
    {"{m}", "{1}"},
    {"{m} at {m}", N_("{1}; it was {2} then")},
    {"a time up to {m}", N_("a time up to {1}")},
    {"after {m}, at most {m} ({n} days)", N_("after {1}, at most {2} ({3} days)")},
    {"at least {m}, the time of the last entry", N_("at least {1}, the time of the last entry")},
    {"at most {m}, the present", N_("at most {1}, the present")},
    {"at most {m}, {n} days after the id", N_("at most {1}, {2} days after the id")},
};

static bool speaks_of_moments(const char *code)
{
    static const char *const codes[] = {"at_not_allowed", "expired",    "expires_out_of_range",
                                        "id_time",        "time_order", "valid_until_too_far"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(code, codes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void explain_moments(char out[static EXPLAIN_SIZE], const char *text)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct parts parts = {.n = 0};
        if (match(text, shapes[i].shape, &parts)) {
            fill(out, _(shapes[i].words), &parts);
            return;
        }
    }
}

/* --- The limit -------------------------------------------------------------------------------- */

#define OR_ELSE(gift)                                                                              \
    "; or a smaller share, " gift ", or a need whose urgency another organisation vouches for"

/*
 * Parts: the minutes still possible, who, the minutes asked, the position, and two limits: the one
 * that a promise keeps to, and the wider one that hours already given keep to.
 */
static bool take_limit(const char *expected, const char *found, struct parts *parts, bool *later)
{
    struct parts again = {.n = 0};

    *later = false;
    *parts = again;
    if (!match(expected, "at most {t} minutes more for {h}" OR_ELSE("a gift"), parts)) {
        *parts = again;
        *later = true;
        if (!match(expected,
                   "at most {t} minutes more for {h}" OR_ELSE("a gift recorded afterwards"),
                   parts)) {
            return false;
        }
    }
    return match(found, "{t} minutes; position would be {t}, floor -{t}, hard stop -{t}", parts);
}

static void explain_limit(struct explained *out, const char *rule, const char *expected,
                          const char *found)
{
    struct parts parts;
    bool later;

    if (!take_limit(expected, found, &parts, &later)) {
        return;
    }
    fill(out->expected,
         later ? _("at most {1} more for {2}; or a smaller share, a gift recorded afterwards, or a "
                   "need whose urgency another organisation vouches for")
               : _("at most {1} more for {2}; or a smaller share, a gift, or a need whose urgency "
                   "another organisation vouches for"),
         &parts);
    fill(out->found, _("{3}, after which the position of {2} would be {4}"), &parts);
    if (strcmp(rule, "limit_floor") == 0) {
        fill(out->limit, _("the most that {2} may receive beyond what it gave is {5}"), &parts);
    } else if (strcmp(rule, "limit_hard_permille") == 0) {
        fill(out->limit,
             _("the most that {2} may receive beyond what it gave is {6}; beyond {5} it is a "
               "reason to talk"),
             &parts);
    }
}

/* --- Counters --------------------------------------------------------------------------------- */

/* A plain number of minutes, which may be below zero. */
static void explain_minutes(char out[static EXPLAIN_SIZE], const char *text)
{
    char time[DURATION_SIZE], *end;

    errno = 0;
    long long minutes = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0') {
        duration_format(time, minutes);
        snprintf(out, EXPLAIN_SIZE, "%s", time);
    }
}

/* --- All of a refusal ------------------------------------------------------------------------- */

void explain_plain(char out[static EXPLAIN_SIZE], const char *text)
{
    const char *open = strstr(text, " (SPEC "), *close = open != NULL ? strchr(open, ')') : NULL;

    if (close == NULL) {
        snprintf(out, EXPLAIN_SIZE, "%s", text);
    } else {
        snprintf(out, EXPLAIN_SIZE, "%.*s%s", (int)(open - text), text, close + 1);
    }
}

void explain(struct explained *out, const char *code, const char *rule, const char *expected,
             const char *found)
{
    explain_plain(out->expected, expected);
    explain_plain(out->found, found);
    out->limit[0] = '\0';
    if (strcmp(code, "limit_crossed") == 0) {
        explain_limit(out, rule, expected, found);
    } else if (strcmp(code, "assertion_false") == 0 || strcmp(code, "pool_over_position") == 0) {
        explain_minutes(out->expected, expected);
        explain_minutes(out->found, found);
    } else if (speaks_of_moments(code)) {
        explain_moments(out->expected, expected);
        explain_moments(out->found, found);
    }
}
