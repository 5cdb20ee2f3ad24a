/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A JSON answer as a spreadsheet and as a page (SPEC 18.11). */
#include "api/paper.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct paper_part lines[] = {
    {"time.minutes", PAPER_MINUTES, {"time", "temps", "tijd"}, NULL},
    {"share", PAPER_PERMILLE, {"share", "part", "deel"}, NULL},
    {"count", PAPER_COUNT, {"count", "nombre", "aantal"}, NULL},
    {"at", PAPER_DAY, {"day", "jour", "dag"}, NULL},
    {"gone", PAPER_TEXT, {"name", "nom", "naam"}, "name"},
    {NULL, PAPER_TEXT, {NULL, NULL, NULL}, NULL},
};
static const struct paper_part columns[] = {
    {"name", PAPER_TEXT, {"who", "qui", "wie"}, NULL},
    {"minutes", PAPER_MINUTES, {"gave", "a donné", "gaf"}, NULL},
    {NULL, PAPER_TEXT, {NULL, NULL, NULL}, NULL},
};
static const struct paper_section sections[] = {
    {{"Figures", "Chiffres", "Cijfers"}, NULL, lines},
    {{"List", "Liste", "Lijst"}, "rows", columns},
    {{NULL, NULL, NULL}, NULL, NULL},
};

static char *made(char *(*make)(const struct paper *, const json_t *, enum language, size_t *),
                  const char *title, const char *answer, enum language language)
{
    struct paper paper = {title, sections};
    json_t *o = json_loads(answer, 0, NULL);
    size_t n;
    cr_assert_not_null(o);
    char *bytes = make(&paper, o, language, &n);
    char *text = strndup(bytes, n);
    cr_assert_eq(strlen(text), n);
    free(bytes);
    json_decref(o);
    return text;
}

#define ANSWER                                                                                     \
    "{\"time\":{\"minutes\":-95},\"share\":-1,\"count\":7,\"at\":1704067200000,"                   \
    "\"name\":\"Noyer\","                                                                          \
    "\"rows\":[{\"name\":\"a;b\",\"minutes\":1},{\"name\":\"=1+1\",\"minutes\":59}]}"

Test(paper, csv)
{
    char *text = made(paper_csv, "T; \"x\"", ANSWER, LANGUAGE_NL);
    cr_expect_str_eq(text, "\xef\xbb\xbf\"T; \"\"x\"\"\"\r\n\r\n"
                           "Cijfers\r\n"
                           "\"tijd (min; h)\";-95;-1,58\r\n"
                           "deel (%);-0,1\r\n"
                           "aantal;7\r\n"
                           "dag;2024-01-01\r\n"
                           "naam;Noyer\r\n\r\n"
                           "Lijst\r\n"
                           "wie;gaf (minuten);gaf (uren)\r\n"
                           "\"a;b\";1;0,02\r\n"
                           "'=1+1;59;0,98\r\n");
    free(text);
}

Test(paper, whatever_could_be_a_formula_stands_behind_an_apostrophe)
{
    static const char *const first = "=+-@\t\r";
    for (const char *c = first; *c; c++) {
        char title[8] = {*c, 'x', '\0'};
        char *text = made(paper_csv, title, "{}", LANGUAGE_EN);
        char *cell = strchr(text, 'x') - 2;
        cr_expect_eq(cell[0], '\'', "%02x", (unsigned)*c);
        free(text);
    }
}

Test(paper, what_is_not_known)
{
    char *text = made(paper_csv, "T", "{\"share\":null}", LANGUAGE_FR);
    cr_expect_not_null(strstr(text, "\r\n\"temps (min; h)\";;\r\npart (%);\r\n"));
    free(text);
    text = made(paper_html, "T", "{\"share\":null}", LANGUAGE_FR);
    cr_expect_not_null(strstr(text, "part</th><td class=\"n\">s.o.</td>"));
    cr_expect_not_null(strstr(text, "<td colspan=\"2\">aucun</td>"), "the list is empty");
    free(text);
}

Test(paper, html)
{
    char *text = made(paper_html, "<T> & \"x\" 'y'", ANSWER, LANGUAGE_FR);
    cr_expect_eq(strncmp(text, "<!doctype html>\n<html lang=\"fr\">", 32), 0);
    cr_expect_not_null(strstr(text, "<h1>&lt;T&gt; &amp; &quot;x&quot; &#39;y&#39;</h1>"));
    cr_expect_not_null(strstr(text, "<td class=\"n\">\u22121 h 35</td>"));
    cr_expect_not_null(strstr(text, "<td class=\"n\">-0,1 %</td>"));
    cr_expect_not_null(strstr(text, "<td>2024-01-01</td>"));
    cr_expect_not_null(strstr(text, "<th scope=\"row\">a;b</th>"));
    cr_expect_null(strstr(text, "<script"));
    free(text);
    text = made(paper_html, "T", ANSWER, LANGUAGE_EN);
    cr_expect_not_null(strstr(text, "<td class=\"n\">-0.1 %</td>"), "a point in English");
    free(text);
}

/* Half a hundredth goes away from zero, so that what is shown is off by as little as can be. */
Test(paper, hours_beside_minutes)
{
    static const struct {
        int minutes;
        const char *hours;
    } v[] = {{0, ";0;0,00"}, {1, ";1;0,02"}, {2, ";2;0,03"}, {3, ";3;0,05"}, {59, ";59;0,98"},
             {60, ";60;1,00"}, {-1, ";-1;-0,02"}, {-59, ";-59;-0,98"}, {90, ";90;1,50"}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        char answer[64];
        snprintf(answer, sizeof answer, "{\"time\":{\"minutes\":%d}}", v[i].minutes);
        char *text = made(paper_csv, "T", answer, LANGUAGE_EN);
        cr_expect_not_null(strstr(text, v[i].hours), "%s in %s", v[i].hours, text);
        free(text);
    }
}
