/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the sheet says aloud, in each of its cases (SPEC 18.9). */
#include "api/sheet_words.h"

#include <criterion/criterion.h>
#include <string.h>

#include "api/words.h"

/* Takes the reference; every sentence is finished, and there are three of them. */
static void expect(json_t *sentence, const char *en, const char *fr, const char *nl)
{
    const char *const expected[LANGUAGES] = {en, fr, nl};
    for (enum language l = 0; l < LANGUAGES; l++) {
        const char *text = json_string_value(json_object_get(sentence, language_codes[l]));
        cr_assert_not_null(text);
        cr_expect_str_eq(text, expected[l]);
        cr_expect_null(strpbrk(text, "${}|"), "%s", text);
        cr_expect_eq(text[strlen(text) - 1], '.', "%s", text);
    }
    json_decref(sentence);
}

static void expect_en(json_t *sentence, const char *en)
{
    cr_expect_str_eq(json_string_value(json_object_get(sentence, "en")), en);
    json_decref(sentence);
}

static struct ratio known(int64_t permille)
{
    return (struct ratio){true, permille};
}

Test(sheet_words, the_fill_gap)
{
    struct fill fragile = {1000, 605}, others = {1000, 939}, few = {479, 479};
    expect(say_fill_gap(&fragile, &others),
           "Fragile organisations obtain 60 % of what they ask for, the others 93 %.",
           "Les organisations fragiles obtiennent 60 % de ce qu'elles demandent, les autres 93 %.",
           "Kwetsbare organisaties krijgen 60 % van wat ze vragen, de andere 93 %.");
    expect_en(say_fill_gap(&few, &others), "Fragile organisations, or all others, asked for too "
                                           "little to compare the two.");
    expect_en(say_fill_gap(&fragile, &few), "Fragile organisations, or all others, asked for too "
                                            "little to compare the two.");
}

Test(sheet_words, positions)
{
    expect(say_positions(3, 2),
           "3 organisations have leaned to one side for long: 2 mostly gave, 1 mostly received.",
           "3 organisations penchent d'un côté depuis longtemps : 2 ont surtout donné, 1 a surtout "
           "reçu.",
           "3 organisaties hellen al lang naar een kant over: 2 gaven vooral, 1 kreeg vooral.");
    expect(say_positions(1, 0), "1 organisation has leaned to one side for long: it mostly "
                                "received.",
           "1 organisation penche d'un côté depuis longtemps : elle a surtout reçu.",
           "1 organisatie helt al lang naar een kant over: ze kreeg vooral.");
    expect(say_positions(2, 2), "2 organisations have leaned to one side for long: they mostly "
                                "gave.",
           "2 organisations penchent d'un côté depuis longtemps : elles ont surtout donné.",
           "2 organisaties hellen al lang naar een kant over: ze gaven vooral.");
    expect_en(say_positions(0, 0), "No organisation has leaned to one side for long.");
}

Test(sheet_words, what_is_not_balanced)
{
    expect(say_displaced(known(629)), "Of 100 h of help, 62 are not balanced yet.",
           "Sur 100 h d'entraide, 62 ne sont pas encore équilibrées.",
           "Van 100 u hulp zijn er 62 nog niet in evenwicht.");
    expect(say_displaced(known(19)), "Of 100 h of help, 1 is not balanced yet.",
           "Sur 100 h d'entraide, 1 n'est pas encore équilibrée.",
           "Van 100 u hulp is er 1 nog niet in evenwicht.");
    expect_en(say_displaced(known(9)), "Of 100 h of help, less than one is not balanced yet.");
    expect_en(say_displaced(known(0)), "Of 100 h of help, less than one is not balanced yet.");
    expect_en(say_displaced((struct ratio){false, 0}),
              "Nobody recorded help in the year that is expected to come back.");
}

Test(sheet_words, what_comes_round)
{
    expect(say_comes_round(known(385)),
           "Of 100 h given, 38 came back, directly or through others.",
           "Sur 100 h données, 38 sont revenues, directement ou par d'autres.",
           "Van 100 gegeven uren kwamen er 38 terug, rechtstreeks of via anderen.");
    expect(say_comes_round(known(10)), "Of 100 h given, 1 came back, directly or through others.",
           "Sur 100 h données, 1 est revenue, directement ou par d'autres.",
           "Van 100 gegeven uren kwam er 1 terug, rechtstreeks of via anderen.");
    expect_en(say_comes_round(known(0)),
              "Of 100 h given, hardly any came back yet, directly or through others.");
    expect_en(say_comes_round((struct ratio){false, 0}), "Nobody recorded help in the year.");
}

Test(sheet_words, dependency)
{
    expect(say_dependency(1, 4),
           "1 organisation receives a large part of its help from a single other; 4 skills hang on "
           "one organisation or none.",
           "1 organisation reçoit une grande part de son aide d'une seule autre ; 4 compétences ne "
           "tiennent qu'à une organisation ou à aucune.",
           "1 organisatie krijgt een groot deel van haar hulp van één andere; 4 vaardigheden "
           "hangen af van één organisatie of geen.");
    expect_en(say_dependency(0, 1), "No organisation depends on a single other; 1 skill hangs on "
                                    "one organisation or none.");
    expect_en(say_dependency(2, 0), "2 organisations receive a large part of their help from a "
                                    "single other; every skill that was asked for has two "
                                    "providers or more.");
    expect_en(say_dependency(0, 0), "No organisation depends on a single other, and no skill that "
                                    "was asked for on one organisation.");
}

Test(sheet_words, burden)
{
    struct burden_spread spread = {.known = 3, .gini = known(300)}, none = {.known = 0};
    expect(say_burden(&spread, 2),
           "Effort measured by size: 2 organisations carry far more than their share, and are "
           "offered rest.",
           "Effort rapporté à la taille : 2 organisations portent bien plus que leur part ; on "
           "leur propose de souffler.",
           "Inspanning naar grootte: 2 organisaties dragen veel meer dan hun deel en krijgen rust "
           "aangeboden.");
    expect_en(say_burden(&spread, 0), "Effort measured by size: nobody has carried far more than "
                                      "the others for long.");
    expect_en(say_burden(&none, 0), "No organisation that gave has said how large it is.");
}

Test(sheet_words, deficit)
{
    expect(say_deficit(900, 750),
           "With the offers there are, 12 h 30 min of help a quarter could never be given back; "
           "the common pool or new offers would help.",
           "Avec les offres actuelles, il restera chaque trimestre 12 h 30 d'aide impossible à "
           "rendre ; le fonds commun ou de nouvelles offres y aideraient.",
           "Met het huidige aanbod blijft er elk kwartaal 12 u 30 hulp die nooit teruggegeven kan "
           "worden; de gemeenschappelijke pot of nieuw aanbod zou helpen.");
    expect_en(say_deficit(900, 0),
              "With the offers there are, all that is asked for can be given back.");
    expect_en(say_deficit(0, 0), "Nobody asked for help in the year.");
}
