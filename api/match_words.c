/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Proposals as sentences (SPEC 19.8): who could help whom, and why it is they. */
#include "api/match_items.h"
#include "api/words.h"

/* With what: the skill, or the kind of thing. */
static const char *thing_of(const struct match_item *item)
{
    return item->skill.s[0] ? item->skill.s : thing_word((enum thing)item->type);
}

#define ALONE_URGENT \
    "Urgent: $1 could give $2 $3 ($4); it is the only one that can now.", \
        "Urgent : $1 pourrait donner $3 à $2 ($4) ; c'est la seule qui le peut en ce moment.", \
        "Dringend: $1 kan $2 $3 geven ($4); zij is nu de enige die het kan."

/* $1 provider, $2 asker, $3 minutes, $4 what, $5 how many could. */
enum { SAY_USUAL, SAY_URGENT, SAY_CHOICE, SAY_WAYS };
static const struct words proposed[2][SAY_WAYS] = {
    /* several could */
    {{.form = {"$1 could give $2 $3 ($4): of the $5 organisations that could, this keeps hours "
               "the most even.",
               "$1 pourrait donner $3 à $2 ($4) : des $5 organisations qui le pourraient, c'est "
               "ainsi que les heures restent le plus équilibrées.",
               "$1 kan $2 $3 geven ($4): van de $5 organisaties die het kunnen, blijven de uren "
               "zo het best in evenwicht."}},
     {.form = {"Urgent: $1 could give $2 $3 ($4); of the $5 organisations that could, this keeps "
               "hours the most even.",
               "Urgent : $1 pourrait donner $3 à $2 ($4) ; des $5 organisations qui le "
               "pourraient, c'est ainsi que les heures restent le plus équilibrées.",
               "Dringend: $1 kan $2 $3 geven ($4); van de $5 organisaties die het kunnen, blijven "
               "de uren zo het best in evenwicht."}},
     {.form = {"Urgent: $1 could give $2 $3 ($4); of the $5 organisations that could, it is the "
               "one asked least.",
               "Urgent : $1 pourrait donner $3 à $2 ($4) ; des $5 organisations qui le "
               "pourraient, c'est la moins sollicitée.",
               "Dringend: $1 kan $2 $3 geven ($4); van de $5 organisaties die het kunnen, is zij "
               "het minst gevraagd."}}},
    /* it alone could */
    {{.form = {"$1 could give $2 $3 ($4): it is the only one that can now.",
               "$1 pourrait donner $3 à $2 ($4) : c'est la seule qui le peut en ce moment.",
               "$1 kan $2 $3 geven ($4): zij is nu de enige die het kan."}},
     {.form = {ALONE_URGENT}},
     {.form = {ALONE_URGENT}}},
};

/* Parts of it from several. */
static const struct words shared = {
    .form = {"$1 could give $2 $3 ($4) and others further parts of what it asks: of the $5 "
             "organisations that could, this keeps hours the most even.",
             "$1 pourrait donner $3 à $2 ($4) et d'autres encore une part de ce qui est demandé : "
             "des $5 organisations qui le pourraient, c'est ainsi que les heures restent le plus "
             "équilibrées.",
             "$1 kan $2 $3 geven ($4) en anderen nog een deel van wat gevraagd wordt: van de $5 "
             "organisaties die het kunnen, blijven de uren zo het best in evenwicht."}};

static const struct words *words_of(const struct match_item *item)
{
    bool batch = item->kind == ITEM_BATCH, urgent = item->class == 0;

    if (batch && item->shared && !urgent) {
        return &shared;
    }
    return &proposed[item->others == 0][!batch ? SAY_CHOICE : urgent ? SAY_URGENT : SAY_USUAL];
}

/* $1 asker, $2 minutes, $3 what. */
static const struct words left[] = {
    [MATCH_LEFT_NO_OFFER] = {.form = {"Nobody offers what $1 asks for ($2, $3).",
                                      "Personne ne propose ce que $1 demande ($2, $3).",
                                      "Niemand biedt aan wat $1 vraagt ($2, $3)."}},
    [MATCH_LEFT_NO_DAY] = {.form = {"For $1 ($2, $3) nobody is there on those days.",
                                    "Pour $1 ($2, $3), personne n'est là ces jours-là.",
                                    "Voor $1 ($2, $3) is er niemand op die dagen."}},
    [MATCH_LEFT_NO_AREA] = {.form = {"For $1 ($2, $3) nobody offers it in that area.",
                                     "Pour $1 ($2, $3), personne ne le propose dans ce quartier.",
                                     "Voor $1 ($2, $3) biedt niemand het aan in die buurt."}},
    [MATCH_LEFT_NO_LANGUAGE] = {.form = {"For $1 ($2, $3) nobody offers it in that language.",
                                         "Pour $1 ($2, $3), personne ne le propose dans cette "
                                         "langue.",
                                         "Voor $1 ($2, $3) biedt niemand het aan in die taal."}},
    [MATCH_LEFT_BARRED] = {.form = {"For $1 ($2, $3) those who could have declined, or have an "
                                    "interest in it.",
                                    "Pour $1 ($2, $3), celles qui pourraient ont décliné ou y ont "
                                    "un intérêt.",
                                    "Voor $1 ($2, $3) hebben zij die kunnen bedankt, of er een "
                                    "belang bij."}},
    [MATCH_LEFT_GUARDED] = {.form = {"For $1 ($2, $3) those who could carry more than their share "
                                     "already.",
                                     "Pour $1 ($2, $3), celles qui pourraient portent déjà plus "
                                     "que leur part.",
                                     "Voor $1 ($2, $3) dragen zij die kunnen al meer dan hun "
                                     "deel."}},
    [MATCH_LEFT_NO_CAPACITY] = {.form = {"For $1 ($2, $3) all hours that are offered are taken.",
                                         "Pour $1 ($2, $3), toutes les heures proposées sont "
                                         "prises.",
                                         "Voor $1 ($2, $3) zijn alle aangeboden uren bezet."}},
    [MATCH_LEFT_CEILING] = {.form = {"For $1 ($2, $3) those who could gave so much that they rest.",
                                     "Pour $1 ($2, $3), celles qui pourraient ont tant donné "
                                     "qu'elles soufflent.",
                                     "Voor $1 ($2, $3) gaven wie kan zoveel dat ze rusten."}},
    [MATCH_LEFT_FLOOR] = {.form = {"$1 ($2, $3) stands at its limit below zero: giving, a gift or "
                                   "a smaller need would help.",
                                   "$1 ($2, $3) est à la limite de sa marge : donner, un don ou "
                                   "un besoin plus petit débloquent.",
                                   "$1 ($2, $3) staat aan haar grens: geven, een gift of een "
                                   "kleinere vraag helpt verder."}},
    [MATCH_LEFT_POOL] = {.form = {"$1 ($2, $3) stands at its limit, and the common pool has "
                                  "nothing left this quarter.",
                                  "$1 ($2, $3) est à sa limite, et le fonds commun n'a plus rien "
                                  "ce trimestre.",
                                  "$1 ($2, $3) staat aan haar grens, en de gemeenschappelijke pot "
                                  "is leeg dit kwartaal."}},
    [MATCH_LEFT_SMALL] = {.form = {"For $1 ($2, $3) only pieces too small to be worth a meeting "
                                   "are left.",
                                   "Pour $1 ($2, $3), il ne reste que des parts trop petites pour "
                                   "une rencontre.",
                                   "Voor $1 ($2, $3) blijven enkel stukken te klein voor een "
                                   "afspraak."}},
};

static json_t *left_sentence(const struct match_list *list, const struct match_item *item)
{
    struct words w = left[list->batch->result.left[item->place].why];

    w.n = 3;
    w.v[0].kind = 's';
    w.v[0].text = item->asker.s;
    w.v[1].kind = 'h';
    w.v[1].value = item->minutes;
    w.v[2].kind = 's';
    w.v[2].text = thing_of(item);
    return words_json(&w);
}

json_t *match_item_sentence(const struct match_list *list, const struct match_item *item)
{
    struct words w;

    if (item->kind == ITEM_LEFT) {
        return left_sentence(list, item);
    }
    w = *words_of(item);
    w.n = 5;
    w.v[0].kind = 's';
    w.v[0].text = item->provider.s;
    w.v[1].kind = 's';
    w.v[1].text = item->asker.s;
    w.v[2].kind = 'h';
    w.v[2].value = item->minutes;
    w.v[3].kind = 's';
    w.v[3].text = thing_of(item);
    w.v[4].kind = 'd';
    w.v[4].value = (int64_t)item->others + 1;
    return words_json(&w);
}
