/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Plots as SVG. Colours differ in lightness as well as in hue, every bar has its value beside it,
 * and title and description say what there is for those who do not see it. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/i18n.h"
#include "cli/simulate_show.h"

#define ROW_HEIGHT   48
#define PANEL_WIDTH  260
#define LABEL_WIDTH  300
#define BAR_FULL     190
#define MARGIN       20
#define HEAD_HEIGHT  86
#define PAGE_WIDTH   (LABEL_WIDTH + 3 * PANEL_WIDTH + 2 * MARGIN)

static const struct panel {
    const char *title;
    enum cell first, last;
    const char *legend[3];
} panels[] = {
    {N_("Share of requests served"), CELL_SERVED, CELL_SERVED_FRAGILE,
     {N_("all"), N_("of the fragile"), NULL}},
    {N_("Hours between positions and 0"), CELL_DISTANCE, CELL_DISTANCE_P90,
     {N_("mean"), N_("nine in ten are nearer"), NULL}},
    {N_("Hours given per hour of capacity"), CELL_LOAD_E, CELL_LOAD_F,
     {N_("established"), N_("regular"), N_("fragile")}},
};
#define N_PANELS (sizeof panels / sizeof panels[0])

static const char *const inks[3] = {"#12355b", "#3f88c5", "#f2a541"};

/* Text of ours, which holds nothing that XML reserves but "&", "<" and ">". */
static void escaped(FILE *out, const char *s)
{
    for (; *s != '\0'; s++) {
        switch (*s) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        default: fputc(*s, out);
        }
    }
}

static void text_at(FILE *out, int x, int y, const char *class, const char *s)
{
    fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    escaped(out, s);
    fputs("</text>\n", out);
}

static int rows_of(const struct batch *batch)
{
    int n = 0;

    for (int row = 0; row < BATCH_ROWS; row++) {
        n += batch->wanted[row];
    }
    return n;
}

static double full_of(const struct batch *batch, const struct sums *sums, const struct panel *p)
{
    double most = 0;

    for (int row = 0; row < BATCH_ROWS && p->first != CELL_SERVED; row++) {
        for (enum cell c = p->first; batch->wanted[row] && c <= p->last; c++) {
            double x = sum_mean(&sums->cells[row][c]);
            most = x > most ? x : most;
        }
    }
    return most > 0 ? most : 1;
}

static void bars(FILE *out, const struct sums *sums, const struct panel *p, int row, int x, int y,
                 double full)
{
    int n = (int)(p->last - p->first) + 1, height = (ROW_HEIGHT - 8) / n;

    for (int k = 0; k < n; k++) {
        enum cell c = p->first + (unsigned)k;
        double value = sum_mean(&sums->cells[row][c]);
        int width = (int)(value / full * BAR_FULL + .5), top = y + k * height;
        fprintf(out,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>"
                "<text x=\"%d\" y=\"%d\" class=\"v\">",
                x, top, width, height - 1, inks[k], x + width + 4, top + height - 3);
        fprintf(out, p->first == CELL_SERVED ? "%.3f" : p->first == CELL_LOAD_E ? "%.2f"
                                                      : value < 9.95            ? "%.1f"
                                                                                : "%.0f", value);
        fputs("</text>\n", out);
    }
}

static void panel(FILE *out, const struct batch *batch, const struct sums *sums,
                  const struct panel *p, int x, int y)
{
    double full = full_of(batch, sums, p);
    int at = x;

    text_at(out, x, y + 34, "h", _(p->title));
    for (int k = 0; k < 3 && p->legend[k] != NULL; k++) {
        fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"9\" height=\"9\" fill=\"%s\"/>\n", at, y + 43,
                inks[k]);
        text_at(out, at + 13, y + 52, "v", _(p->legend[k]));
        at += p->legend[2] != NULL ? 82 : 70;
    }
    y += HEAD_HEIGHT - 20;
    for (int row = 0; row < BATCH_ROWS; row++) {
        if (batch->wanted[row]) {
            bars(out, sums, p, row, x, y, full);
            y += ROW_HEIGHT;
        }
    }
}

static void group(FILE *out, const struct batch *batch, const struct sums *sums, int y)
{
    char title[160];
    int at = y + HEAD_HEIGHT - 20;

    if (sums->needs_milli == NEEDS_GIVEN) {
        snprintf(title, sizeof title, "%s", _("The given requests"));
    } else {
        snprintf(title, sizeof title,
                 _("%" PRId64 ".%03" PRId64 " needs a week of each fragile organisation"),
                 sums->needs_milli / 1000, sums->needs_milli % 1000);
    }
    fputs("<g>\n", out);
    text_at(out, MARGIN, y + 12, "t", title);
    for (int row = 0; row < BATCH_ROWS; row++) {
        if (batch->wanted[row]) {
            text_at(out, MARGIN, at + 20, "l", row_words(row));
            at += ROW_HEIGHT;
        }
    }
    for (size_t i = 0; i < N_PANELS; i++) {
        panel(out, batch, sums, &panels[i], MARGIN + LABEL_WIDTH + (int)i * PANEL_WIDTH, y);
    }
    fputs("</g>\n", out);
}

void svg_write(FILE *out, const struct batch *batch, const struct sums *sums, size_t n)
{
    int height = HEAD_HEIGHT + rows_of(batch) * ROW_HEIGHT, page = (int)n * height + 2 * MARGIN;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
            "aria-labelledby=\"t d\">\n<title id=\"t\">",
            PAGE_WIDTH, page);
    escaped(out, _("Rules of mutual aid compared by simulation"));
    fputs("</title>\n<desc id=\"d\">", out);
    fprintf(out, _("Means over %" PRId64 " simulated worlds from seed %" PRIu64 ". For each set of "
                   "rules: the share of requests served, how far positions lie from 0, and how "
                   "much of its capacity each class of organisations gives."),
            batch->seeds, batch->seed);
    fputs("</desc>\n<style>text{font-family:system-ui,sans-serif;fill:#1a1a1a}"
          ".t{font-size:16px;font-weight:bold}.h{font-size:13px;font-weight:bold}"
          ".l{font-size:13px}.v{font-size:11px}</style>\n", out);
    fprintf(out, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", PAGE_WIDTH, page);
    for (size_t i = 0; i < n; i++) {
        group(out, batch, &sums[i], MARGIN + (int)i * height);
    }
    fputs("</svg>\n", out);
}
