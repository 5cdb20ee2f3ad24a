/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/paper.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/text.h"
#include "policies/window.h"

#define VALUE_SIZE 64

static const char style[] =
    "@page{size:A4;margin:18mm 16mm}"
    "body{font:11pt/1.4 sans-serif;color:#111;background:#fff;max-width:46rem;margin:2rem auto;"
    "padding:0 1rem}"
    "h1{font-size:1.4rem;margin:0 0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:0 0 1.4rem;break-inside:auto}"
    "caption{text-align:left;font-weight:bold;padding:.3rem 0}"
    "th,td{text-align:left;padding:.15rem .5rem;border-bottom:1px solid #767676;"
    "vertical-align:top;overflow-wrap:anywhere}"
    "th{font-weight:normal}thead th{font-weight:bold}"
    "td.n,thead th.n{text-align:right;white-space:nowrap}"
    "tr{break-inside:avoid}thead{display:table-header-group}"
    "@media print{body{margin:0;max-width:none;padding:0}}";

static const char *const unknown[LANGUAGES] = {"n/a", "s.o.", "n.v.t."};
static const char *const nothing[LANGUAGES] = {"none", "aucun", "geen"};
static const char *const minutes_word[LANGUAGES] = {"minutes", "minutes", "minuten"};
static const char *const hours_word[LANGUAGES] = {"hours", "heures", "uren"};

/* --- Values ----------------------------------------------------------------------------------- */

static const json_t *at_path(const json_t *o, const char *path)
{
    char name[64];

    while (o) {
        size_t n = strcspn(path, ".");

        assert(n < sizeof name);
        memcpy(name, path, n);
        name[n] = '\0';
        o = json_object_get(o, name);
        if (path[n] == '\0') {
            return o;
        }
        path += n + 1;
    }
    return NULL;
}

static const json_t *value_of(const json_t *row, const struct paper_part *part)
{
    const json_t *v = at_path(row, part->path);

    return v || !part->otherwise ? v : at_path(row, part->otherwise);
}

static bool is_number(const struct paper_part *part)
{
    return part->kind != PAPER_TEXT && part->kind != PAPER_DAY;
}

/* With so many decimals behind a comma, or a point in English. */
static void write_decimal(char out[static VALUE_SIZE], int64_t value, int64_t one, int digits,
                          char point)
{
    int64_t all = value < 0 ? -value : value;

    snprintf(out, VALUE_SIZE, "%s%" PRId64 "%c%0*" PRId64, value < 0 ? "-" : "", all / one, point,
             digits, all % one);
}

static void write_day(char out[static VALUE_SIZE], int64_t at)
{
    char day[DAY_TEXT_BYTES];

    day_format(day, window_day(at));
    snprintf(out, VALUE_SIZE, "%s", day);
}

/* Hundredths of an hour, rounded half away from zero. */
static int64_t hundredths(int64_t minutes)
{
    return (minutes * 100 + (minutes < 0 ? -30 : 30)) / 60;
}

/* --- CSV -------------------------------------------------------------------------------------- */

static void csv_text(FILE *f, const char *text)
{
    bool quoted = strpbrk(text, ";\"\r\n\t,") || text[0] == ' ';
    bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;

    fputs(quoted ? "\"" : "", f);
    fputs(formula ? "'" : "", f);
    for (; *text; text++) {
        fputs(*text == '"' ? "\"\"" : (char[2]){*text, '\0'}, f);
    }
    fputs(quoted ? "\"" : "", f);
}

/* A value in its cell, or in its two. */
static void csv_value(FILE *f, const json_t *v, const struct paper_part *part)
{
    char text[VALUE_SIZE] = "";

    if (part->kind == PAPER_TEXT) {
        csv_text(f, json_is_string(v) ? json_string_value(v) : "");
        return;
    }
    if (json_is_integer(v) && part->kind == PAPER_PERMILLE) {
        write_decimal(text, json_integer_value(v), 10, 1, ',');
    } else if (json_is_integer(v) && part->kind == PAPER_DAY) {
        write_day(text, json_integer_value(v));
    } else if (json_is_integer(v)) {
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    }
    fputs(text, f);
    if (part->kind == PAPER_MINUTES) {
        text[0] = '\0';
        if (json_is_integer(v)) {
            write_decimal(text, hundredths(json_integer_value(v)), 100, 2, ',');
        }
        fprintf(f, ";%s", text);
    }
}

static void csv_title(FILE *f, const struct paper_part *part, enum language l)
{
    char title[160];

    if (part->kind == PAPER_MINUTES) {
        snprintf(title, sizeof title, "%s (%s)", part->title[l], minutes_word[l]);
        csv_text(f, title);
        fputc(';', f);
        snprintf(title, sizeof title, "%s (%s)", part->title[l], hours_word[l]);
    } else {
        snprintf(title, sizeof title, "%s%s", part->title[l],
                 part->kind == PAPER_PERMILLE ? " (%)" : "");
    }
    csv_text(f, title);
}

static void csv_rows(FILE *f, const struct paper_section *s, const json_t *rows, enum language l)
{
    for (const struct paper_part *p = s->parts; p->path; p++) {
        fputs(p == s->parts ? "" : ";", f);
        csv_title(f, p, l);
    }
    fputs("\r\n", f);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        for (const struct paper_part *p = s->parts; p->path; p++) {
            fputs(p == s->parts ? "" : ";", f);
            csv_value(f, value_of(json_array_get(rows, i), p), p);
        }
        fputs("\r\n", f);
    }
}

/* A line: its label, the value, and for minutes what they are in hours. */
static void csv_lines(FILE *f, const struct paper_section *s, const json_t *answer,
                      enum language l)
{
    for (const struct paper_part *p = s->parts; p->path; p++) {
        char title[160];

        snprintf(title, sizeof title, "%s%s", p->title[l],
                 p->kind == PAPER_PERMILLE  ? " (%)"
                 : p->kind == PAPER_MINUTES ? " (min; h)"
                                            : "");
        csv_text(f, title);
        fputc(';', f);
        csv_value(f, value_of(answer, p), p);
        fputs("\r\n", f);
    }
}

/* --- HTML ------------------------------------------------------------------------------------- */

static void html_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", f);
            break;
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        case '\'':
            fputs("&#39;", f);
            break;
        default:
            fputc(*text, f);
        }
    }
}

static void html_value(FILE *f, const json_t *v, const struct paper_part *part, enum language l)
{
    char text[VALUE_SIZE];

    if (part->kind == PAPER_TEXT) {
        html_text(f, json_is_string(v) ? json_string_value(v) : "\xe2\x80\x94");
    } else if (!json_is_integer(v)) {
        fputs(unknown[l], f);
    } else if (part->kind == PAPER_MINUTES) {
        words_duration(text, json_integer_value(v), l);
        fputs(text, f);
    } else if (part->kind == PAPER_PERMILLE) {
        write_decimal(text, json_integer_value(v), 10, 1, l == LANGUAGE_EN ? '.' : ',');
        fprintf(f, "%s %%", text);
    } else if (part->kind == PAPER_DAY) {
        write_day(text, json_integer_value(v));
        fputs(text, f);
    } else {
        fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    }
}

static void html_cell(FILE *f, const json_t *v, const struct paper_part *p, bool head,
                      enum language l)
{
    fputs(head ? "<th scope=\"row\">" : is_number(p) ? "<td class=\"n\">" : "<td>", f);
    html_value(f, v, p, l);
    fputs(head ? "</th>" : "</td>", f);
}

static void html_rows(FILE *f, const struct paper_section *s, const json_t *rows, enum language l)
{
    size_t columns = 0;

    fputs("<thead><tr>", f);
    for (const struct paper_part *p = s->parts; p->path; p++, columns++) {
        fputs(is_number(p) ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">", f);
        html_text(f, p->title[l]);
        fputs("</th>", f);
    }
    fputs("</tr></thead>\n<tbody>", f);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        fputs("<tr>", f);
        for (const struct paper_part *p = s->parts; p->path; p++) {
            html_cell(f, value_of(json_array_get(rows, i), p), p, p == s->parts, l);
        }
        fputs("</tr>\n", f);
    }
    if (json_array_size(rows) == 0) {
        fprintf(f, "<tr><td colspan=\"%zu\">%s</td></tr>\n", columns, nothing[l]);
    }
    fputs("</tbody>", f);
}

static void html_lines(FILE *f, const struct paper_section *s, const json_t *answer,
                       enum language l)
{
    fputs("<tbody>", f);
    for (const struct paper_part *p = s->parts; p->path; p++) {
        fputs("<tr><th scope=\"row\">", f);
        html_text(f, p->title[l]);
        fputs("</th>", f);
        html_cell(f, value_of(answer, p), p, false, l);
        fputs("</tr>\n", f);
    }
    fputs("</tbody>", f);
}

static void html_section(FILE *f, const struct paper_section *s, const json_t *answer,
                         enum language l)
{
    fputs("<table><caption>", f);
    html_text(f, s->caption[l]);
    fputs("</caption>\n", f);
    if (s->list) {
        html_rows(f, s, at_path(answer, s->list), l);
    } else {
        html_lines(f, s, answer, l);
    }
    fputs("</table>\n", f);
}

/* --- The whole -------------------------------------------------------------------------------- */

static FILE *begin(char **bytes, size_t *n)
{
    FILE *f = open_memstream(bytes, n);

    if (!f) {
        abort(); /* without memory, as api/view.h has it */
    }
    return f;
}

static char *end(FILE *f, char *const *bytes)
{
    if (fclose(f) != 0) {
        abort();
    }
    return *bytes;
}

char *paper_csv(const struct paper *paper, const json_t *answer, enum language language, size_t *n)
{
    char *bytes = NULL;
    FILE *f = begin(&bytes, n);

    fputs("\xef\xbb\xbf", f);
    csv_text(f, paper->title);
    fputs("\r\n", f);
    for (const struct paper_section *s = paper->sections; s->caption[0]; s++) {
        fputs("\r\n", f);
        csv_text(f, s->caption[language]);
        fputs("\r\n", f);
        if (s->list) {
            csv_rows(f, s, at_path(answer, s->list), language);
        } else {
            csv_lines(f, s, answer, language);
        }
    }
    return end(f, &bytes);
}

char *paper_html(const struct paper *paper, const json_t *answer, enum language language,
                 size_t *n)
{
    char *bytes = NULL;
    FILE *f = begin(&bytes, n);

    fprintf(f,
            "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
            language_codes[language]);
    html_text(f, paper->title);
    fprintf(f, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
    html_text(f, paper->title);
    fputs("</h1>\n", f);
    for (const struct paper_section *s = paper->sections; s->caption[0]; s++) {
        html_section(f, s, answer, language);
    }
    fputs("</main>\n</body>\n</html>\n", f);
    return end(f, &bytes);
}

void paper_policy(char out[static PAPER_POLICY_SIZE])
{
    char text[BASE64_SIZE(HASH_BYTES)];
    struct hash hash;

    hash_sha256(&hash, style, sizeof style - 1);
    base64_encode(text, sizeof text, hash.b, HASH_BYTES);
    snprintf(out, PAPER_POLICY_SIZE,
             "default-src 'none'; style-src 'sha256-%s'; frame-ancestors 'none'; base-uri 'none'; "
             "form-action 'none'",
             text);
}
