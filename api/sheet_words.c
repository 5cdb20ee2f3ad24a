/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/sheet_words.h"

#include "api/words.h"

static json_t *say(const char *en, const char *fr, const char *nl)
{
    struct words w = {.form = {en, fr, nl}};

    return words_json(&w);
}

json_t *say_fill_gap(const struct fill *fragile, const struct fill *others)
{
    struct words w = {
        .form = {"Fragile organisations obtain $1 % of what they ask for, the others $2 %.",
                 "Les organisations fragiles obtiennent $1 % de ce qu'elles demandent, les autres "
                 "$2 %.",
                 "Kwetsbare organisaties krijgen $1 % van wat ze vragen, de andere $2 %."},
        .n = 2,
        .v = {{'%', fill_rate(fragile).permille, NULL}, {'%', fill_rate(others).permille, NULL}}};

    if (!fill_gap(others, fragile).known) {
        return say("Fragile organisations, or all others, asked for too little to compare the two.",
                   "Les organisations fragiles, ou toutes les autres, ont trop peu demandé pour "
                   "comparer.",
                   "Kwetsbare organisaties, of alle andere, vroegen te weinig om te vergelijken.");
    }
    return words_json(&w);
}

json_t *say_positions(size_t leaning, size_t gave)
{
    size_t received = leaning - gave;
    struct words w = {
        .form = {"$1 organisations have leaned to one side for long: $2 mostly gave, $3 mostly "
                 "received.",
                 "$1 organisations penchent d'un côté depuis longtemps : $2 {2|a|ont} surtout "
                 "donné, $3 {3|a|ont} surtout reçu.",
                 "$1 organisaties hellen al lang naar een kant over: $2 {2|gaf|gaven} vooral, $3 "
                 "{3|kreeg|kregen} vooral."},
        .n = 3,
        .v = {{'d', (int64_t)leaning, NULL},
              {'d', (int64_t)gave, NULL},
              {'d', (int64_t)received, NULL}}};

    if (leaning == 0) {
        return say("No organisation has leaned to one side for long.",
                   "Aucune organisation ne penche d'un côté depuis longtemps.",
                   "Geen enkele organisatie helt al lang naar een kant over.");
    }
    if (gave == 0) {
        w.form[0] = "$1 {1|organisation has|organisations have} leaned to one side for long: "
                    "{1|it|they} mostly received.";
        w.form[1] = "$1 {1|organisation penche|organisations penchent} d'un côté depuis longtemps "
                    ": {1|elle a|elles ont} surtout reçu.";
        w.form[2] = "$1 {1|organisatie helt|organisaties hellen} al lang naar een kant over: ze "
                    "{1|kreeg|kregen} vooral.";
    } else if (received == 0) {
        w.form[0] = "$1 {1|organisation has|organisations have} leaned to one side for long: "
                    "{1|it|they} mostly gave.";
        w.form[1] = "$1 {1|organisation penche|organisations penchent} d'un côté depuis longtemps "
                    ": {1|elle a|elles ont} surtout donné.";
        w.form[2] = "$1 {1|organisatie helt|organisaties hellen} al lang naar een kant over: ze "
                    "{1|gaf|gaven} vooral.";
    }
    return words_json(&w);
}

json_t *say_displaced(struct ratio displaced)
{
    struct words w = {
        .form = {"Of 100 h of help, $1 {1|is|are} not balanced yet.",
                 "Sur 100 h d'entraide, $1 {1|n'est|ne sont} pas encore "
                 "{1|équilibrée|équilibrées}.",
                 "Van 100 u hulp {1|is|zijn} er $1 nog niet in evenwicht."},
        .n = 1,
        .v = {{'%', displaced.permille, NULL}}};

    if (!displaced.known) {
        return say("Nobody recorded help in the year that is expected to come back.",
                   "Personne n'a noté dans l'année d'aide qui attende un retour.",
                   "Niemand noteerde dit jaar hulp die terugverwacht wordt.");
    }
    if (displaced.permille < 10) {
        return say("Of 100 h of help, less than one is not balanced yet.",
                   "Sur 100 h d'entraide, moins d'une n'est pas encore équilibrée.",
                   "Van 100 u hulp is minder dan één nog niet in evenwicht.");
    }
    return words_json(&w);
}

json_t *say_comes_round(struct ratio round)
{
    struct words w = {
        .form = {"Of 100 h given, $1 came back, directly or through others.",
                 "Sur 100 h données, $1 {1|est revenue|sont revenues}, directement ou par "
                 "d'autres.",
                 "Van 100 gegeven uren {1|kwam|kwamen} er $1 terug, rechtstreeks of via anderen."},
        .n = 1,
        .v = {{'%', round.permille, NULL}}};

    if (!round.known) {
        return say("Nobody recorded help in the year.", "Personne n'a noté d'aide dans l'année.",
                   "Niemand noteerde dit jaar hulp.");
    }
    if (round.permille < 10) {
        return say("Of 100 h given, hardly any came back yet, directly or through others.",
                   "Sur 100 h données, presque aucune n'est encore revenue, directement ou par "
                   "d'autres.",
                   "Van 100 gegeven uren kwam er nog bijna geen terug, rechtstreeks of via "
                   "anderen.");
    }
    return words_json(&w);
}

json_t *say_dependency(size_t above, size_t hanging)
{
    struct words w = {
        .form = {"$1 {1|organisation receives|organisations receive} a large part of "
                 "{1|its|their} help from a single other; $2 {2|skill hangs|skills hang} on one "
                 "organisation or none.",
                 "$1 {1|organisation reçoit|organisations reçoivent} une grande part de "
                 "{1|son|leur} aide d'une seule autre ; $2 {2|compétence ne tient|compétences ne "
                 "tiennent} qu'à une organisation ou à aucune.",
                 "$1 {1|organisatie krijgt|organisaties krijgen} een groot deel van {1|haar|hun} "
                 "hulp van één andere; $2 {2|vaardigheid hangt|vaardigheden hangen} af van één "
                 "organisatie of geen."},
        .n = 2,
        .v = {{'d', (int64_t)above, NULL}, {'d', (int64_t)hanging, NULL}}};

    if (above == 0 && hanging == 0) {
        return say("No organisation depends on a single other, and no skill that was asked for on "
                   "one organisation.",
                   "Aucune organisation ne dépend d'une seule autre, ni aucune compétence "
                   "demandée d'une seule organisation.",
                   "Geen enkele organisatie hangt af van één andere, en geen gevraagde "
                   "vaardigheid van één organisatie.");
    }
    if (above == 0) {
        w.form[0] = "No organisation depends on a single other; $2 {2|skill hangs|skills hang} on "
                    "one organisation or none.";
        w.form[1] = "Aucune organisation ne dépend d'une seule autre ; $2 {2|compétence ne "
                    "tient|compétences ne tiennent} qu'à une organisation ou à aucune.";
        w.form[2] = "Geen enkele organisatie hangt af van één andere; $2 {2|vaardigheid "
                    "hangt|vaardigheden hangen} af van één organisatie of geen.";
    } else if (hanging == 0) {
        w.form[0] = "$1 {1|organisation receives|organisations receive} a large part of "
                    "{1|its|their} help from a single other; every skill that was asked for has "
                    "two providers or more.";
        w.form[1] = "$1 {1|organisation reçoit|organisations reçoivent} une grande part de "
                    "{1|son|leur} aide d'une seule autre ; chaque compétence demandée est offerte "
                    "par deux organisations au moins.";
        w.form[2] = "$1 {1|organisatie krijgt|organisaties krijgen} een groot deel van "
                    "{1|haar|hun} hulp van één andere; elke gevraagde vaardigheid wordt door "
                    "minstens twee organisaties aangeboden.";
    }
    return words_json(&w);
}

json_t *say_burden(const struct burden_spread *spread, size_t rest)
{
    struct words w = {
        .form = {"Effort measured by size: $1 {1|organisation carries|organisations carry} far "
                 "more than {1|its|their} share, and {1|is|are} offered rest.",
                 "Effort rapporté à la taille : $1 {1|organisation porte|organisations portent} "
                 "bien plus que {1|sa|leur} part ; on {1|lui|leur} propose de souffler.",
                 "Inspanning naar grootte: $1 {1|organisatie draagt|organisaties dragen} veel "
                 "meer dan {1|haar|hun} deel en {1|krijgt|krijgen} rust aangeboden."},
        .n = 1,
        .v = {{'d', (int64_t)rest, NULL}}};

    if (!spread->gini.known) {
        return say("No organisation that gave has said how large it is.",
                   "Aucune organisation ayant donné n'a indiqué sa taille.",
                   "Geen enkele organisatie die gaf, heeft haar grootte opgegeven.");
    }
    if (rest == 0) {
        return say("Effort measured by size: nobody has carried far more than the others for long.",
                   "Effort rapporté à la taille : personne ne porte durablement bien plus que les "
                   "autres.",
                   "Inspanning naar grootte: niemand draagt al lang veel meer dan de anderen.");
    }
    return words_json(&w);
}

json_t *say_deficit(int64_t asked, int64_t deficit)
{
    struct words w = {
        .form = {"With the offers there are, $1 of help a quarter could never be given back; the "
                 "common pool or new offers would help.",
                 "Avec les offres actuelles, il restera chaque trimestre $1 d'aide impossible à "
                 "rendre ; le fonds commun ou de nouvelles offres y aideraient.",
                 "Met het huidige aanbod blijft er elk kwartaal $1 hulp die nooit teruggegeven "
                 "kan worden; de gemeenschappelijke pot of nieuw aanbod zou helpen."},
        .n = 1,
        .v = {{'h', deficit, NULL}}};

    if (asked == 0) {
        return say("Nobody asked for help in the year.",
                   "Personne n'a demandé d'aide dans l'année.", "Niemand vroeg dit jaar hulp.");
    }
    if (deficit == 0) {
        return say("With the offers there are, all that is asked for can be given back.",
                   "Avec les offres actuelles, tout ce qui est demandé peut être rendu.",
                   "Met het huidige aanbod kan alles wat gevraagd wordt teruggegeven worden.");
    }
    return words_json(&w);
}
