/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/simulate_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/i18n.h"

#define WORDS_WIDTH 39
#define VALUE_SIZE  24

/* ".988", "149", "7.7": as many digits as say something. */
static void value_text(char out[static VALUE_SIZE], enum cell cell, double x)
{
    char text[VALUE_SIZE];

    if (cell == CELL_DISTANCE || cell == CELL_DISTANCE_P90) {
        snprintf(out, VALUE_SIZE, x < 9.95 ? "%.1f" : "%.0f", x);
        return;
    }
    snprintf(text, sizeof text, cell < CELL_DISTANCE ? "%.3f" : "%.2f", x);
    snprintf(out, VALUE_SIZE, "%s", text[0] == '0' ? text + 1 : text);
}

/* Cells first..last with slashes between; `marked` gets a star behind. */
static void group_text(char *out, size_t size, const double *x, enum cell first, enum cell last,
                       const bool *marked)
{
    char value[VALUE_SIZE];
    size_t used = 0;

    for (enum cell c = first; c <= last; c++) {
        value_text(value, c, x[c]);
        used += (size_t)snprintf(out + used, size - used, "%s%s%s", c > first ? "/" : "", value,
                                 marked != NULL && marked[c] ? "*" : "");
    }
}

static void print_line(const char *words, const double *x, const bool *marked)
{
    char served[64], distance[64], load[64];

    group_text(served, sizeof served, x, CELL_SERVED, CELL_SERVED_FRAGILE, marked);
    group_text(distance, sizeof distance, x, CELL_DISTANCE, CELL_DISTANCE_P90, marked);
    group_text(load, sizeof load, x, CELL_LOAD_E, CELL_LOAD_F, marked);
    printf("%-*s %-13s %-8s %s\n", WORDS_WIDTH, words, served, distance, load);
}

static void print_errors(const struct sum *cells)
{
    double e[CELLS];

    for (int c = 0; c < CELLS; c++) {
        e[c] = sum_error(&cells[c]);
    }
    printf("%-*s %.4f/%.4f %-3.1f/%-4.1f %.3f/%.3f/%.3f\n", WORDS_WIDTH, _("    standard error"),
           e[0], e[1], e[2], e[3], e[4], e[5], e[6]);
}

static int show_row(const struct sums *sums, int row, bool reference, int *compared)
{
    const double *known = reference ? reference_cells(sums->needs_milli, row) : NULL;
    double x[CELLS];
    bool far[CELLS] = {false};
    int n = 0;

    for (int c = 0; c < CELLS; c++) {
        const struct sum *sum = &sums->cells[row][c];
        x[c] = sum_mean(sum);
        far[c] = known != NULL && !reference_near(known, (enum cell)c, sum);
        n += far[c];
    }
    print_line(row_words(row), x, far);
    if (known != NULL) {
        print_line(_("    published"), known, NULL);
        *compared += CELLS;
    }
    print_errors(sums->cells[row]);
    return n;
}

int show_experiment(const struct batch *batch, const struct sums *sums, bool reference,
                    int *compared)
{
    int far = 0;

    if (sums->needs_milli == NEEDS_GIVEN) {
        printf(_("The given requests; %" PRId64 " times from seed %" PRIu64 "\n"), batch->seeds,
               batch->seed);
    } else {
        printf(_("Needs of a fragile organisation: %" PRId64 ".%03" PRId64 " a week; %" PRId64
                 " worlds from seed %" PRIu64 "\n"), sums->needs_milli / 1000,
               sums->needs_milli % 1000, batch->seeds, batch->seed);
    }
    printf("%-*s %-13s %-8s %s\n", WORDS_WIDTH, "", _("served"), _("hours"), _("load"));
    printf("%-*s %-13s %-8s %s\n", WORDS_WIDTH, _("rules"), _("all/fragile"), _("mean/p90"),
           _("estab./reg./frag."));
    for (int row = 0; row < BATCH_ROWS; row++) {
        if (batch->wanted[row]) {
            far += show_row(sums, row, reference, compared);
        }
    }
    return far;
}

/* --- Plots ------------------------------------------------------------------------------------ */

#define BAR_WIDTH 28

static void bar(double x, double full, const char *ink)
{
    int n = full > 0 ? (int)(x / full * BAR_WIDTH + .5) : 0;

    for (int i = 0; i < BAR_WIDTH; i++) {
        fputs(i < n ? ink : " ", stdout);
    }
}

static double largest(const struct batch *batch, const struct sums *sums, enum cell first,
                      enum cell last)
{
    double most = 0;

    for (int row = 0; row < BATCH_ROWS; row++) {
        for (enum cell c = first; batch->wanted[row] && c <= last; c++) {
            double x = sum_mean(&sums->cells[row][c]);
            most = x > most ? x : most;
        }
    }
    return most;
}

static void plot(const struct batch *batch, const struct sums *sums, const char *title,
                 enum cell first, enum cell last)
{
    static const char *const ink[] = {"█", "▒", "░"};
    double full = first == CELL_SERVED ? 1 : largest(batch, sums, first, last);
    char value[VALUE_SIZE];

    printf("\n%s\n", title);
    for (int row = 0; row < BATCH_ROWS; row++) {
        for (enum cell c = first; batch->wanted[row] && c <= last; c++) {
            double x = sum_mean(&sums->cells[row][c]);
            value_text(value, c, x);
            printf("%-*s ", WORDS_WIDTH, c == first ? row_words(row) : "");
            bar(x, full, ink[c - first]);
            printf(" %s\n", value);
        }
    }
}

void show_plots(const struct batch *batch, const struct sums *sums)
{
    plot(batch, sums, _("Share of requests served (█ all, ▒ of the fragile)"), CELL_SERVED,
         CELL_SERVED_FRAGILE);
    plot(batch, sums, _("Hours between positions and 0 (█ mean, ▒ nine in ten are nearer)"),
         CELL_DISTANCE, CELL_DISTANCE_P90);
    plot(batch, sums, _("Hours given per hour of capacity (█ established, ▒ regular, ░ fragile)"),
         CELL_LOAD_E, CELL_LOAD_F);
}

/* --- Theory ----------------------------------------------------------------------------------- */

void show_theory(const struct theory_figure *figures, size_t n, bool heading)
{
    if (heading) {
        printf("%-4s %-46s %9s %9s %9s %s\n", _("test"), _("figure"), _("expected"), _("ours"),
               _("within"), _("ok"));
    }
    for (size_t i = 0; i < n; i++) {
        const struct theory_figure *f = &figures[i];
        char within[VALUE_SIZE];
        bool exact = f->tolerance > 0 || f->low == f->high;
        snprintf(within, sizeof within, exact ? "±%.4g" : "%.4g..%.4g",
                 exact ? f->tolerance : f->low, f->high);
        /* "±" takes two bytes and one column. */
        printf("%-4s %-46s %9.4f %9.4f %*s %s\n", f->test, f->what, f->expected, f->found,
               exact ? 10 : 9, within, theory_ok(f) ? _("yes") : _("NO"));
    }
}
