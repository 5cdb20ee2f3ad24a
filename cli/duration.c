/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/i18n.h"

#define DAY_LAST 84005 /* 2199-12-31 */

/* --- Times ------------------------------------------------------------------------------------ */

static void skip_spaces(const char **s)
{
    while (**s == ' ') {
        (*s)++;
    }
}

/* Reads up to 7 digits. False when there is none or there are more. */
static bool read_number(const char **s, int64_t *out, int *digits)
{
    int n = 0;

    *out = 0;
    while (**s >= '0' && **s <= '9') {
        if (++n > 7) {
            return false;
        }
        *out = *out * 10 + (**s - '0');
        (*s)++;
    }
    *digits = n;
    return n > 0;
}

static bool read_word(const char **s, const char *word)
{
    size_t n = strlen(word);

    skip_spaces(s);
    if (strncmp(*s, word, n) != 0) {
        return false;
    }
    *s += n;
    return true;
}

static bool at_end(const char *s)
{
    skip_spaces(&s);
    return *s == '\0';
}

static bool read_minutes_unit(const char **s)
{
    return read_word(s, "min") || read_word(s, "m");
}

/* What follows the hours and their separator: nothing, or minutes below 60. */
static bool rest_of_hour(const char *s, bool required, int64_t *minutes)
{
    int digits;

    *minutes = 0;
    if (at_end(s)) {
        return !required;
    }
    skip_spaces(&s);
    if (!read_number(&s, minutes, &digits) || digits > 2 || *minutes >= 60 ||
        (required && digits != 2)) {
        return false;
    }
    return at_end(s) || (!required && read_minutes_unit(&s) && at_end(s));
}

/* The part after a decimal comma or point, as minutes of an hour; it must make whole minutes. */
static bool fraction_of_hour(const char *s, int64_t *minutes)
{
    int64_t value;
    int digits;

    if (!read_number(&s, &value, &digits) || digits > 4) {
        return false;
    }
    int64_t unit = 1;
    for (int i = 0; i < digits; i++) {
        unit *= 10;
    }
    if (value * 60 % unit != 0) {
        return false;
    }
    *minutes = value * 60 / unit;
    if (at_end(s)) {
        return true;
    }
    return read_word(&s, "h") && at_end(s);
}

bool duration_parse(const char *text, int64_t *minutes)
{
    const char *s = text;
    int64_t first, rest = 0;
    int digits;

    skip_spaces(&s);
    if (!read_number(&s, &first, &digits)) {
        return false;
    }
    if (*s == ':') {
        if (!rest_of_hour(s + 1, true, &rest)) {
            return false;
        }
        first *= 60;
    } else if (*s == ',' || *s == '.') {
        if (!fraction_of_hour(s + 1, &rest)) {
            return false;
        }
        first *= 60;
    } else if (read_word(&s, "h")) {
        if (!rest_of_hour(s, false, &rest)) {
            return false;
        }
        first *= 60;
    } else if (!at_end(s) && !(read_minutes_unit(&s) && at_end(s))) {
        return false;
    }
    *minutes = first + rest;
    return *minutes >= 1 && *minutes <= DURATION_MINUTES_MAX;
}

const char *duration_forms(void)
{
    return _("a time such as 2h30, 2:30, 2,5 (hours), 150 or 45min (minutes)");
}

void duration_format(char out[static DURATION_SIZE], int64_t minutes)
{
    const char *sign = minutes < 0 ? "-" : "";
    uint64_t n = minutes < 0 ? 0 - (uint64_t)minutes : (uint64_t)minutes;

    /* TRANSLATORS: h and min are hours and minutes; a sign may stand before them. */
    if (n < 60) {
        snprintf(out, DURATION_SIZE, _("%s%" PRIu64 " min"), sign, n);
    } else if (n % 60 == 0) {
        snprintf(out, DURATION_SIZE, _("%s%" PRIu64 " h"), sign, n / 60);
    } else {
        snprintf(out, DURATION_SIZE, _("%s%" PRIu64 " h %" PRIu64 " min"), sign, n / 60, n % 60);
    }
}

/* --- Days and moments ------------------------------------------------------------------------- */

static void civil(int64_t day, struct tm *out)
{
    time_t t = (time_t)(day * 86400);

    gmtime_r(&t, out);
}

static bool digits_at(const char *s, size_t n, int *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return false;
        }
        *out = *out * 10 + (s[i] - '0');
    }
    return true;
}

bool day_read(const char *text, int32_t *day)
{
    struct tm tm = {0}, back;
    int y, m, d;

    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !digits_at(text, 4, &y) ||
        !digits_at(text + 5, 2, &m) || !digits_at(text + 8, 2, &d)) {
        return false;
    }
    tm.tm_year = y - 1900;
    tm.tm_mon = m - 1;
    tm.tm_mday = d;
    int64_t n = timegm(&tm) / 86400;
    if (n < 0 || n > DAY_LAST || y < 1970) {
        return false;
    }
    /* timegm() takes the 31st of February for the 3rd of March. */
    civil(n, &back);
    if (back.tm_mday != d || back.tm_mon != m - 1) {
        return false;
    }
    *day = (int32_t)n;
    return true;
}

void day_write(char out[static DAY_SIZE], int64_t day)
{
    struct tm tm;

    civil(day, &tm);
    strftime(out, DAY_SIZE, "%Y-%m-%d", &tm);
}

void day_words(char out[static DAY_SIZE], int64_t day)
{
    static const char *const months[] = {N_("January"), N_("February"), N_("March"),
                                         N_("April"),   N_("May"),      N_("June"),
                                         N_("July"),    N_("August"),   N_("September"),
                                         N_("October"), N_("November"), N_("December")};
    struct tm tm;

    civil(day, &tm);
    /* TRANSLATORS: day of the month, month, year */
    snprintf(out, DAY_SIZE, _("%d %s %d"), tm.tm_mday, _(months[tm.tm_mon]), tm.tm_year + 1900);
}

int64_t day_end_ms(int32_t day)
{
    return ((int64_t)day + 1) * MS_PER_DAY - 1;
}

void moment_words(char out[static DAY_SIZE], int64_t ms)
{
    int64_t minute = ms % MS_PER_DAY / MS_PER_MINUTE;
    char day[DAY_SIZE];

    day_words(day, ms / MS_PER_DAY);
    if (ms % MS_PER_DAY == MS_PER_DAY - 1) {
        snprintf(out, DAY_SIZE, "%s", day);
        return;
    }
    snprintf(out, DAY_SIZE, "%.30s, %02d:%02d UTC", day, (int)(minute / 60), (int)(minute % 60));
}

int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
