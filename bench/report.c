/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/report.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"

#define FIGURES_MAX 512
#define GOALS_MAX 32

struct figure {
    char name[REPORT_NAME_SIZE];
    size_t n;
    double v[REPORT_SAMPLES_MAX];
};

struct goal {
    const char *name, *words, *sign, *unit;
    double measured, goal;
    bool reached;
};

struct report {
    size_t n, n_goals;
    struct figure figures[FIGURES_MAX];
    struct goal goals[GOALS_MAX];
};

struct report *report_new(void)
{
    struct report *report = calloc(1, sizeof *report);
    if (report == NULL)
        abort();
    return report;
}

void report_free(struct report *report)
{
    free(report);
}

static const struct figure *find(const struct report *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->figures[i].name, name) == 0)
            return &r->figures[i];
    return NULL;
}

__attribute__((format(printf, 2, 0)))
static void name_of(char out[static REPORT_NAME_SIZE], const char *format, va_list args)
{
    int n = vsnprintf(out, REPORT_NAME_SIZE, format, args);
    assert(n > 0 && n < REPORT_NAME_SIZE);
}

void report_add(struct report *r, double value, const char *name, ...)
{
    char full[REPORT_NAME_SIZE];
    va_list args;
    va_start(args, name);
    name_of(full, name, args);
    va_end(args);
    struct figure *f = (struct figure *)(uintptr_t)find(r, full);
    if (f == NULL) {
        assert(r->n < FIGURES_MAX);
        f = &r->figures[r->n++];
        memcpy(f->name, full, sizeof full);
    }
    assert(f->n < REPORT_SAMPLES_MAX);
    f->v[f->n++] = value;
}

/* Of the median's place when there are two: the mean of both. */
static double percentile(const struct figure *f, double p)
{
    double v[REPORT_SAMPLES_MAX];
    if (f == NULL || f->n == 0)
        return 0;
    memcpy(v, f->v, f->n * sizeof *v);
    double value = bench_percentile(v, f->n, p);
    return p == 0.5 && f->n % 2 == 0 ? (value + v[f->n / 2]) / 2 : value;
}

double report_value(const struct report *r, const char *name, ...)
{
    char full[REPORT_NAME_SIZE];
    va_list args;
    va_start(args, name);
    name_of(full, name, args);
    va_end(args);
    return percentile(find(r, full), 0.5);
}

/* Three or four figures that count. */
static void number(char out[static 24], double v)
{
    double size = v < 0 ? -v : v;
    snprintf(out, 24, "%.*f", size >= 1000 ? 0 : size >= 20 ? 1 : 2, v);
}

void report_show(const struct report *r, const char *words, const char *unit, const char *name,
                 ...)
{
    char full[REPORT_NAME_SIZE], median[24], least[24], most[24];
    va_list args;
    va_start(args, name);
    name_of(full, name, args);
    va_end(args);
    const struct figure *f = find(r, full);
    if (f == NULL)
        return;
    number(median, percentile(f, 0.5));
    number(least, percentile(f, 0));
    number(most, percentile(f, 1));
    printf("  %-58s %10s %-9s", words, median, unit);
    if (f->n > 1)
        printf(" (%s to %s)", least, most);
    printf("\n");
    fflush(stdout);
}

void report_goal(struct report *r, const char *name, const char *words, double measured,
                 const char *sign, double goal, const char *unit)
{
    char value[24], line[24];
    bool least = strcmp(sign, ">=") == 0, reached = least ? measured >= goal : measured <= goal;
    assert(r->n_goals < GOALS_MAX);
    r->goals[r->n_goals++] = (struct goal){name, words, sign, unit, measured, goal, reached};
    number(value, measured);
    number(line, goal);
    printf("  %-58s %10s  %s %7s %-7s %s\n", words, value, sign, line, unit,
           reached ? "yes" : "no");
}

bool report_write(const struct report *r, const char *path)
{
    FILE *f = fopen(path, "we");
    if (f == NULL) {
        perror(path);
        return false;
    }
    fprintf(f, "{\n  \"figures\": {\n");
    for (size_t i = 0; i < r->n; i++) {
        const struct figure *g = &r->figures[i];
        fprintf(f, "    \"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g, \"n\": %zu}%s\n",
                g->name, percentile(g, 0.5), percentile(g, 0), percentile(g, 1), g->n,
                i + 1 < r->n ? "," : "");
    }
    fprintf(f, "  },\n  \"goals\": {\n");
    for (size_t i = 0; i < r->n_goals; i++) {
        const struct goal *g = &r->goals[i];
        fprintf(f, "    \"%s\": {\"what\": \"%s\", \"measured\": %.6g, \"must_be\": \"%s\", "
                "\"goal\": %.6g, \"unit\": \"%s\", \"reached\": %s}%s\n",
                g->name, g->words, g->measured, g->sign, g->goal, g->unit,
                g->reached ? "true" : "false", i + 1 < r->n_goals ? "," : "");
    }
    fprintf(f, "  }\n}\n");
    if (fclose(f) != 0) {
        perror(path);
        return false;
    }
    return true;
}
