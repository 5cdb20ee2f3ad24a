/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/words.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *written(const struct words *w, enum language language)
{
    static char text[200];
    size_t n = words_write(text, sizeof text, w, language);
    cr_assert_eq(n, strlen(text));
    return text;
}

#define EXPECT(w, en, fr, nl)                                                                      \
    do {                                                                                           \
        cr_expect_str_eq(written(w, LANGUAGE_EN), en);                                             \
        cr_expect_str_eq(written(w, LANGUAGE_FR), fr);                                             \
        cr_expect_str_eq(written(w, LANGUAGE_NL), nl);                                             \
    } while (0)

static void expect_duration(int64_t minutes, const char *en, const char *fr, const char *nl)
{
    const char *const expected[LANGUAGES] = {en, fr, nl};
    for (enum language l = 0; l < LANGUAGES; l++) {
        char text[WORDS_DURATION_SIZE];
        words_duration(text, minutes, l);
        cr_expect_str_eq(text, expected[l]);
    }
}

Test(words, durations)
{
    expect_duration(0, "0 min", "0 min", "0 min");
    expect_duration(59, "59 min", "59 min", "59 min");
    expect_duration(60, "1 h", "1 h", "1 u");
    expect_duration(65, "1 h 05 min", "1 h 05", "1 u 05");
    expect_duration(150, "2 h 30 min", "2 h 30", "2 u 30");
    expect_duration(-150, "\u22122 h 30 min", "\u22122 h 30", "\u22122 u 30");
    expect_duration(-5, "\u22125 min", "\u22125 min", "\u22125 min");
    expect_duration((INT64_C(1) << 53) - 1, "150119987579016 h 31 min", "150119987579016 h 31",
                    "150119987579016 u 31");
}

static struct words offers(int64_t n)
{
    return (struct words){.form = {"$1 {1|offer|offers}", "$1 {1|offre|offres}",
                                   "$1 {1|aanbod|aanbiedingen}"},
                          .n = 1,
                          .v = {{'d', n, NULL}}};
}

/* Nothing is plural in English and Dutch, and singular in French. */
Test(words, plurals)
{
    struct words none = offers(0), one = offers(1), two = offers(2);
    EXPECT(&none, "0 offers", "0 offre", "0 aanbiedingen");
    EXPECT(&one, "1 offer", "1 offre", "1 aanbod");
    EXPECT(&two, "2 offers", "2 offres", "2 aanbiedingen");
}

/* The word goes with what is shown: 19 per mille are 1 %, 1 per mille is 0. */
Test(words, the_plural_of_a_percentage)
{
    struct words w = {.form = {"$1 {1|hour|hours}", "$1 {1|heure|heures}", "$1 {1|uur|uren}"},
                      .n = 1,
                      .v = {{'%', 19, NULL}}};
    EXPECT(&w, "1 hour", "1 heure", "1 uur");
    w.v[0].value = 1;
    EXPECT(&w, "0 hours", "0 heure", "0 uren");
    w.v[0].value = 29;
    EXPECT(&w, "2 hours", "2 heures", "2 uren");
    w.v[0].value = 1000;
    EXPECT(&w, "100 hours", "100 heures", "100 uren");
}

Test(words, all_kinds_in_any_order)
{
    struct words w = {.form = {"$3: $2 of $1 ($4 %)", "$1, $2 : $3 ($4 %)", "$4 % $3"},
                      .n = 4,
                      .v = {{'d', 7, NULL},
                            {'h', 90, NULL},
                            {'s', 0, "Le Noyer"},
                            {'%', 995, NULL}}};
    EXPECT(&w, "Le Noyer: 1 h 30 min of 7 (99 %)", "7, 1 h 30 : Le Noyer (99 %)", "99 % Le Noyer");
}

/* A cut never leaves half a character. */
Test(words, cut_to_the_room)
{
    struct words w = {.form = {"caf\u00e9s", "", ""}};
    char text[6];
    cr_expect_eq(words_write(text, 4, &w, LANGUAGE_EN), 3u);
    cr_expect_str_eq(text, "caf");
    cr_expect_eq(words_write(text, 5, &w, LANGUAGE_EN), 3u);
    cr_expect_str_eq(text, "caf");
    cr_expect_eq(words_write(text, 6, &w, LANGUAGE_EN), 5u);
    cr_expect_str_eq(text, "caf\u00e9");
    cr_expect_eq(words_write(text, 1, &w, LANGUAGE_EN), 0u);
}

Test(words, json_has_all_three)
{
    struct words w = offers(2);
    json_t *o = words_json(&w);
    cr_assert_eq(json_object_size(o), (size_t)LANGUAGES);
    for (enum language l = 0; l < LANGUAGES; l++)
        cr_expect_str_eq(json_string_value(json_object_get(o, language_codes[l])), written(&w, l));
    json_decref(o);
}

Test(words, the_language_of_a_reader)
{
    cr_expect_eq(words_accepted(NULL), LANGUAGE_EN);
    cr_expect_eq(words_accepted(""), LANGUAGE_EN);
    cr_expect_eq(words_accepted("de, *;q=0.5"), LANGUAGE_EN);
    cr_expect_eq(words_accepted("fr"), LANGUAGE_FR);
    cr_expect_eq(words_accepted("FR-be"), LANGUAGE_FR);
    cr_expect_eq(words_accepted("frr, nl;q=0.1"), LANGUAGE_NL, "North Frisian is not French");
    cr_expect_eq(words_accepted("en;q=0.3,nl-BE;q=0.71 , fr;q=0.7"), LANGUAGE_NL);
    cr_expect_eq(words_accepted("nl;q=0.8, fr;q=0.8"), LANGUAGE_NL, "the first of equals");
    cr_expect_eq(words_accepted("nl;q=0, en;q=0.001"), LANGUAGE_EN);
    cr_expect_eq(words_accepted("nl;q=1.000, fr;q=0.999"), LANGUAGE_NL);
    cr_expect_eq(words_accepted(",,, ;q=, nl;q"), LANGUAGE_NL);
}
