/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "api/search.h"

Test(search, folding_drops_accents_and_case)
{
    static const struct {
        const char *text, *folded;
    } rows[] = {
        {"Société", "societe"},
        {"SOCIE\xcc\x81TE", "societe"}, /* e and a combining acute accent */
        {"Cœur d’Or", "coeur d'or"},
        {"Ærø", "aero"},
        {"Straße", "strasse"},
        {"Überlegen", "uberlegen"},
        {"ﬁche", "fiche"},
        {"łódź", "lodz"},
        {"İzmir", "izmir"},
        {"Ça, là", "ca, la"},
        {"", ""},
        {"123", "123"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *folded = search_fold(rows[i].text, strlen(rows[i].text));

        cr_assert(folded);
        cr_expect_str_eq(folded, rows[i].folded, "%s gives %s", rows[i].text, folded);
        free(folded);
    }
}

Test(search, every_word_must_be_somewhere)
{
    struct search_terms terms;

    cr_assert(search_terms_parse(&terms, "  Cœur, société "));
    cr_assert_eq(terms.n, 2);
    cr_expect_str_eq(terms.v[0], "coeur");
    cr_expect_str_eq(terms.v[1], "societe");
    cr_expect_eq(search_terms_in(&terms, "la societe du coeur"), 3u);
    cr_expect_eq(search_terms_in(&terms, "societes"), 2u);
    cr_expect_eq(search_terms_in(&terms, ""), 0u);
    search_terms_free(&terms);
}

Test(search, a_query_has_bounds)
{
    struct search_terms terms;
    char many[2 * (SEARCH_TERMS_MAX + 1) + 1] = "", longest[SEARCH_QUERY_BYTES_MAX + 2];

    for (int i = 0; i <= SEARCH_TERMS_MAX; i++) {
        memcpy(many + 2 * i, "a ", 3);
    }
    cr_expect_not(search_terms_parse(&terms, many));
    many[2 * SEARCH_TERMS_MAX] = '\0';
    cr_expect(search_terms_parse(&terms, many));
    search_terms_free(&terms);
    memset(longest, 'x', sizeof longest);
    longest[SEARCH_QUERY_BYTES_MAX + 1] = '\0';
    cr_expect_not(search_terms_parse(&terms, longest));
    longest[SEARCH_QUERY_BYTES_MAX] = '\0';
    cr_expect(search_terms_parse(&terms, longest));
    search_terms_free(&terms);
    cr_expect_not(search_terms_parse(&terms, ""));
    cr_expect_not(search_terms_parse(&terms, " , "));
}

Test(search, a_kept_sheet_is_forgotten_when_any_text_changes)
{
    struct search *search = search_new();
    struct hash one = {{1, 2}}, same_place = {{1, 2, 3}};
    struct search_terms terms;
    unsigned found = 0;

    cr_assert(search_terms_parse(&terms, "pain"));
    cr_expect_not(search_sheet(search, 7, &one, &terms, &found));
    search_keep(search, 7, &one, strdup("du pain"));
    cr_expect(search_sheet(search, 7, &one, &terms, &found));
    cr_expect_eq(found, 1u);
    cr_expect_not(search_sheet(search, 7, &same_place, &terms, &found));
    cr_expect_not(search_sheet(search, 8, &one, &terms, &found), "a text was erased");
    cr_expect_not(search_sheet(search, 7, &one, &terms, &found));
    search_terms_free(&terms);
    search_free(search);
}
