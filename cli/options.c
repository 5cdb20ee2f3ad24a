/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"
#include "cli/duration.h"
#include "cli/i18n.h"

const struct opt global_opts[] = {
    {"url", "URL", N_("the server: http://HOST:PORT or unix:PATH (else SEM_URL)"), false},
    {"key", "FILE", N_("our key file"), false},
    {"as", "HANDLE", N_("our handle, when it is not the key file's name"), false},
    {"json", NULL, N_("answer in JSON"), false},
    {"yes", NULL, N_("sign without asking"), false},
    {"quiet", NULL, N_("no talk on stderr"), false},
    {"no-input", NULL, N_("never ask anything"), false},
    {"passphrase-file", "FILE", N_("read the passphrase from a file"), false},
    {"passphrase-fd", "N", N_("read the passphrase from a file descriptor"), false},
    {"valid-days", "N", N_("how long what we sign may wait for others (30)"), false},
    {"help", NULL, N_("explain"), false},
    {NULL, NULL, NULL, false},
};

/* --- Parsing ---------------------------------------------------------------------------------- */

#define SUGGEST_MAX 3
#define WORD_MAX    40

/* Edit distance; words longer than WORD_MAX are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), row[WORD_MAX + 1];

    if (n > WORD_MAX || m > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t j = 0; j <= m; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
            best = up + 1 < best ? up + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = up;
        }
    }
    return row[m];
}

void suggest(const char *word, const char *const words[], size_t n)
{
    int shown = 0;

    for (size_t d = 0; d <= 3 && shown < SUGGEST_MAX; d++) {
        for (size_t i = 0; i < n && shown < SUGGEST_MAX; i++) {
            bool starts = d == 0 && word[0] != '\0' && strncmp(words[i], word, strlen(word)) == 0;
            size_t far = distance(word, words[i]);
            bool near =
                far == d && far < strlen(words[i]) && strncmp(words[i], word, strlen(word)) != 0;
            if (starts || near) {
                fprintf(stderr, shown == 0 ? _("Did you mean: %s") : ", %s", words[i]);
                shown++;
            }
        }
    }
    if (shown > 0) {
        fputc('\n', stderr);
    }
}

static const struct opt *find_opt(const struct opt *const tables[], const char *name, size_t n)
{
    for (size_t t = 0; tables[t] != NULL; t++) {
        for (const struct opt *o = tables[t]; o->name != NULL; o++) {
            if (strlen(o->name) == n && memcmp(o->name, name, n) == 0) {
                return o;
            }
        }
    }
    return NULL;
}

static void suggest_option(const struct opt *const tables[], const char *name)
{
    const char *words[64];
    size_t n = 0;

    for (size_t t = 0; tables[t] != NULL; t++) {
        for (const struct opt *o = tables[t]; o->name != NULL && n < 64; o++) {
            words[n++] = o->name;
        }
    }
    suggest(name, words, n);
}

const struct opt *option_take(const struct opt *const tables[], char **argv, int *i,
                              const char **value)
{
    const char *name = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);
    size_t n = strcspn(name, "=");
    const struct opt *o = find_opt(tables, name, n);

    if (o == NULL) {
        fail(0, _("unknown option %s"), argv[*i]);
        suggest_option(tables, name);
        return NULL;
    }
    (*i)++;
    *value = "";
    if (o->arg == NULL && name[n] == '=') {
        fail(0, _("--%s takes no value"), o->name);
        return NULL;
    }
    if (o->arg != NULL && name[n] == '=') {
        *value = name + n + 1;
    } else if (o->arg != NULL && argv[*i] == NULL) {
        fail(0, _("--%s needs a value: --%s %s"), o->name, o->name, o->arg);
        return NULL;
    } else if (o->arg != NULL) {
        *value = argv[(*i)++];
    }
    return o;
}

/* --- Reading ---------------------------------------------------------------------------------- */

void args_fail(struct args *a, const char *fmt, ...)
{
    va_list ap;

    if (a->bad) {
        return;
    }
    a->bad = true;
    fputs("semctl: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

const char *args_nth(const struct args *a, const char *name, int n)
{
    for (int i = 0; i < a->n_given; i++) {
        if (strcmp(a->given[i].name, name) == 0 && n-- == 0) {
            return a->given[i].value;
        }
    }
    return NULL;
}

const char *args_get(const struct args *a, const char *name)
{
    return args_nth(a, name, 0);
}

bool args_flag(const struct args *a, const char *name)
{
    return args_get(a, name) != NULL;
}

const char *args_pos(const struct args *a, int i)
{
    return i < a->n_pos ? a->pos[i] : NULL;
}

const char *args_required(struct args *a, const char *name)
{
    const char *value = args_get(a, name);

    if (value == NULL) {
        args_fail(a, _("--%s is missing"), name);
    }
    return value;
}

void args_handle(struct args *a, const char *what, const char *text, struct handle *out)
{
    memset(out, 0, sizeof *out);
    if (text != NULL && !a->bad && !handle_parse(out, text, strlen(text))) {
        args_fail(a,
                  _("%s: \"%s\" is no handle (small letters, digits and single dashes, 2 to 32)"),
                  what, text);
    }
}

void args_ref(struct args *a, const char *what, const char *text, struct ref *out)
{
    memset(out, 0, sizeof *out);
    if (text != NULL && !a->bad && !ref_parse(out, text, strlen(text))) {
        args_fail(a,
                  _("%s: \"%s\" is no reference; one looks like "
                    "tilleul/01919f2e4b5a7c3d8e9f0a1b2c3d4e5f"),
                  what, text);
    }
}

void args_minutes(struct args *a, const char *what, const char *text, int64_t *out)
{
    *out = 0;
    if (text != NULL && !a->bad && !duration_parse(text, out)) {
        args_fail(a, _("%s: \"%s\" is not %s"), what, text, duration_forms());
    }
}

void args_day(struct args *a, const char *what, const char *text, int32_t *out)
{
    *out = 0;
    if (text != NULL && !a->bad && !day_read(text, out)) {
        args_fail(a, _("%s: \"%s\" is no day; one looks like 2026-08-31"), what, text);
    }
}

void args_int(struct args *a, const char *what, const char *text, int64_t min, int64_t max,
              int64_t *out)
{
    char *end;

    if (text == NULL || a->bad) {
        return;
    }
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < min || n > max) {
        args_fail(a, _("%s: \"%s\" is no number from %lld to %lld"), what, text, (long long)min,
                  (long long)max);
        return;
    }
    *out = n;
}

void args_handles_in_order(struct args *a, const char *what, const char *text, struct handles *out)
{
    char word[64];

    memset(out, 0, sizeof *out);
    while (text != NULL && !a->bad) {
        size_t n = strcspn(text, ",");
        if (out->n == PARTIES_MAX) {
            args_fail(a, _("%s: at most %d organisations"), what, PARTIES_MAX);
            return;
        }
        snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), text);
        args_handle(a, what, word, &out->v[out->n++]);
        text = text[n] == ',' ? text + n + 1 : NULL;
    }
}

static int compare_handles(const void *a, const void *b)
{
    return strcmp(((const struct handle *)a)->s, ((const struct handle *)b)->s);
}

void args_handles(struct args *a, const char *what, const char *text, struct handles *out)
{
    size_t kept = 0;

    args_handles_in_order(a, what, text, out);
    qsort(out->v, out->n, sizeof out->v[0], compare_handles);
    for (size_t i = 0; i < out->n; i++) {
        if (kept == 0 || strcmp(out->v[kept - 1].s, out->v[i].s) != 0) {
            out->v[kept++] = out->v[i];
        }
    }
    out->n = kept;
}

static int compare_slugs(const void *a, const void *b)
{
    return strcmp(((const struct slug *)a)->s, ((const struct slug *)b)->s);
}

void args_slugs(struct args *a, const char *what, const char *text, struct slugs *out)
{
    size_t kept = 0;

    memset(out, 0, sizeof *out);
    while (text != NULL && !a->bad) {
        size_t n = strcspn(text, ",");
        if (out->n == PARTIES_MAX || !slug_parse(&out->v[out->n], text, n)) {
            args_fail(a,
                      _("%s: \"%s\" is no list of at most %d words of small letters, digits and "
                        "single dashes"),
                      what, text, PARTIES_MAX);
            return;
        }
        out->n++;
        text = text[n] == ',' ? text + n + 1 : NULL;
    }
    qsort(out->v, out->n, sizeof out->v[0], compare_slugs);
    for (size_t i = 0; i < out->n; i++) {
        if (kept == 0 || strcmp(out->v[kept - 1].s, out->v[i].s) != 0) {
            out->v[kept++] = out->v[i];
        }
    }
    out->n = kept;
}

int64_t args_until(struct args *a, int64_t days)
{
    const char *until = args_get(a, "until"), *n = args_get(a, "days");
    int32_t day;

    if (until != NULL && n != NULL) {
        args_fail(a, _("give --until or --days, not both"));
        return 0;
    }
    if (until != NULL) {
        args_day(a, "--until", until, &day);
        return a->bad ? 0 : day_end_ms(day);
    }
    args_int(a, "--days", n, 1, 3660, &days);
    return a->bad ? 0 : now_ms() + days * MS_PER_DAY;
}
