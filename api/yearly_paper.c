/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/yearly.h"

#define END {NULL, PAPER_TEXT, {NULL, NULL, NULL}, NULL}

static const struct paper_part head[] = {
    {"from", PAPER_TEXT, {"from", "du", "van"}, NULL},
    {"to", PAPER_TEXT, {"to", "au", "tot en met"}, NULL},
    {"size", PAPER_COUNT, {"entries in the log", "écritures du registre", "inschrijvingen in het register"}, NULL},
    {"root", PAPER_TEXT, {"root of the log", "racine du registre", "wortel van het register"}, NULL},
    END,
};

/* --- An organisation -------------------------------------------------------------------------- */

static const struct paper_part position[] = {
    {"position.opening", PAPER_MINUTES, {"position at the beginning", "position au début", "stand bij het begin"}, NULL},
    {"sums.given", PAPER_MINUTES, {"plus we gave", "plus nous avons donné", "plus wij gaven"}, NULL},
    {"sums.received", PAPER_MINUTES, {"less we received", "moins nous avons reçu", "min wij kregen"}, NULL},
    {"sums.gifts", PAPER_MINUTES, {"plus gifts, which are not counted", "plus dons, qui ne comptent pas", "plus giften, die niet meetellen"}, NULL},
    {"sums.pool_paid", PAPER_MINUTES, {"plus paid by the common pool", "plus payé par le fonds commun", "plus betaald door de gemeenschappelijke pot"}, NULL},
    {"sums.pool_given", PAPER_MINUTES, {"less given to the common pool", "moins donné au fonds commun", "min gegeven aan de gemeenschappelijke pot"}, NULL},
    {"sums.handed_over", PAPER_MINUTES, {"plus handed over by who left", "plus transmis par qui est parti", "plus overgedragen door wie vertrok"}, NULL},
    {"sums.levied", PAPER_MINUTES, {"less given at closings", "moins donné aux clôtures", "min gegeven bij afsluitingen"}, NULL},
    {"sums.forgiven", PAPER_MINUTES, {"plus lifted at closings", "plus remis aux clôtures", "plus kwijtgescholden bij afsluitingen"}, NULL},
    {"position.closing", PAPER_MINUTES, {"position at the end", "position à la fin", "stand op het einde"}, NULL},
    END,
};

static const struct paper_part months[] = {
    {"month", PAPER_TEXT, {"month", "mois", "maand"}, NULL},
    {"given", PAPER_MINUTES, {"we gave", "nous avons donné", "wij gaven"}, NULL},
    {"received", PAPER_MINUTES, {"we received", "nous avons reçu", "wij kregen"}, NULL},
    {"moves", PAPER_MINUTES, {"gifts and pool", "dons et fonds commun", "giften en pot"}, NULL},
    {"position", PAPER_MINUTES, {"position after it", "position après", "stand daarna"}, NULL},
    END,
};

static const struct paper_part skills[] = {
    {"name", PAPER_TEXT, {"skill", "compétence", "vaardigheid"}, "skill"},
    {"given", PAPER_MINUTES, {"we gave", "nous avons donné", "wij gaven"}, NULL},
    {"received", PAPER_MINUTES, {"we received", "nous avons reçu", "wij kregen"}, NULL},
    END,
};

static const struct paper_part partners[] = {
    {"name", PAPER_TEXT, {"organisation", "organisation", "organisatie"}, "org"},
    {"given", PAPER_MINUTES, {"we gave", "nous avons donné", "wij gaven"}, NULL},
    {"received", PAPER_MINUTES, {"we received", "nous avons reçu", "wij kregen"}, NULL},
    END,
};

static const struct paper_part org_closings[] = {
    {"at", PAPER_DAY, {"day", "jour", "dag"}, NULL},
    {"levied", PAPER_MINUTES, {"given to the pool", "donné au fonds", "gegeven aan de pot"}, NULL},
    {"forgiven", PAPER_MINUTES, {"lifted", "remis", "kwijtgescholden"}, NULL},
    END,
};

static const struct paper_part gifts[] = {
    {"gifts.given", PAPER_MINUTES, {"given as gifts", "donné en don", "gegeven als gift"}, NULL},
    {"gifts.received", PAPER_MINUTES, {"received as gifts", "reçu en don", "gekregen als gift"}, NULL},
    END,
};

static const struct paper_part needs[] = {
    {"needs.published", PAPER_COUNT, {"needs published", "besoins publiés", "gepubliceerde vragen"}, NULL},
    {"needs.minutes", PAPER_MINUTES, {"asked for in them", "demandé dans ceux-ci", "daarin gevraagd"}, NULL},
    {"needs.met", PAPER_COUNT, {"needs met", "besoins satisfaits", "vervulde vragen"}, NULL},
    {"needs.expired", PAPER_COUNT, {"needs that ran out", "besoins arrivés à terme", "verlopen vragen"}, NULL},
    {"needs.withdrawn", PAPER_COUNT, {"needs withdrawn", "besoins retirés", "ingetrokken vragen"}, NULL},
    {"needs.fill.asked", PAPER_MINUTES, {"asked for in those met or run out", "demandé dans ceux satisfaits ou à terme", "gevraagd in de vervulde en verlopen vragen"}, NULL},
    {"needs.fill.served", PAPER_MINUTES, {"of it received in time", "dont reçu à temps", "daarvan op tijd gekregen"}, NULL},
    {"needs.fill.permille", PAPER_PERMILLE, {"share received", "part reçue", "gekregen deel"}, NULL},
    END,
};

static const struct paper_part agreements[] = {
    {"agreements.signed", PAPER_COUNT, {"agreements signed", "accords signés", "ondertekende afspraken"}, NULL},
    {"agreements.closed", PAPER_COUNT, {"agreements closed", "accords clôturés", "afgesloten afspraken"}, NULL},
    {"agreements.expired", PAPER_COUNT, {"agreements that ran out", "accords arrivés à terme", "verlopen afspraken"}, NULL},
    {"agreements.cancelled", PAPER_COUNT, {"agreements cancelled", "accords annulés", "geannuleerde afspraken"}, NULL},
    {"promises.kept", PAPER_COUNT, {"promises kept", "promesses tenues", "gehouden beloften"}, NULL},
    {"promises.broken", PAPER_COUNT, {"promises not kept", "promesses non tenues", "niet-gehouden beloften"}, NULL},
    {"promises.excused", PAPER_COUNT, {"promises excused", "promesses excusées", "verontschuldigde beloften"}, NULL},
    END,
};

const struct paper_section yearly_org_sections[] = {
    {{"What this is about", "De quoi il s'agit", "Waarover dit gaat"}, NULL, head},
    {{"Position", "Position", "Stand"}, NULL, position},
    {{"By month", "Par mois", "Per maand"}, "months", months},
    {{"By skill", "Par compétence", "Per vaardigheid"}, "skills", skills},
    {{"With whom", "Avec qui", "Met wie"}, "partners", partners},
    {{"Gifts", "Dons", "Giften"}, NULL, gifts},
    {{"Closings of the common pool", "Clôtures du fonds commun", "Afsluitingen van de gemeenschappelijke pot"}, "closings", org_closings},
    {{"Needs", "Besoins", "Vragen"}, NULL, needs},
    {{"Agreements and promises", "Accords et promesses", "Afspraken en beloften"}, NULL, agreements},
    {{NULL, NULL, NULL}, NULL, NULL},
};

/* --- The network ------------------------------------------------------------------------------ */

static const struct paper_part totals[] = {
    {"totals.minutes", PAPER_MINUTES, {"help given", "entraide donnée", "gegeven hulp"}, NULL},
    {"totals.gifts", PAPER_MINUTES, {"of it gifts", "dont dons", "daarvan giften"}, NULL},
    {"totals.pool", PAPER_MINUTES, {"of it paid by the common pool", "dont payé par le fonds commun", "daarvan betaald door de gemeenschappelijke pot"}, NULL},
    {"totals.exchanges", PAPER_COUNT, {"exchanges between two", "échanges entre deux", "uitwisselingen tussen twee"}, NULL},
    {"members.before", PAPER_COUNT, {"members at the beginning", "membres au début", "leden bij het begin"}, NULL},
    {"members.admitted", PAPER_COUNT, {"admitted", "admis", "toegelaten"}, NULL},
    {"members.left", PAPER_COUNT, {"left", "partis", "vertrokken"}, NULL},
    {"members.after", PAPER_COUNT, {"members at the end", "membres à la fin", "leden op het einde"}, NULL},
    END,
};

static const struct paper_part network_months[] = {
    {"month", PAPER_TEXT, {"month", "mois", "maand"}, NULL},
    {"minutes", PAPER_MINUTES, {"help given", "entraide donnée", "gegeven hulp"}, NULL},
    {"gifts", PAPER_MINUTES, {"of it gifts", "dont dons", "daarvan giften"}, NULL},
    {"pool", PAPER_MINUTES, {"of it paid by the pool", "dont payé par le fonds", "daarvan door de pot"}, NULL},
    {"exchanges", PAPER_COUNT, {"exchanges", "échanges", "uitwisselingen"}, NULL},
    END,
};

static const struct paper_part fill[] = {
    {"fill.fragile.asked", PAPER_MINUTES, {"asked by fragile organisations", "demandé par les organisations fragiles", "gevraagd door kwetsbare organisaties"}, NULL},
    {"fill.fragile.served", PAPER_MINUTES, {"of it received in time", "dont reçu à temps", "daarvan op tijd gekregen"}, NULL},
    {"fill.fragile.permille", PAPER_PERMILLE, {"share received", "part reçue", "gekregen deel"}, NULL},
    {"fill.others.asked", PAPER_MINUTES, {"asked by the others", "demandé par les autres", "gevraagd door de andere"}, NULL},
    {"fill.others.served", PAPER_MINUTES, {"of it received in time", "dont reçu à temps", "daarvan op tijd gekregen"}, NULL},
    {"fill.others.permille", PAPER_PERMILLE, {"share received", "part reçue", "gekregen deel"}, NULL},
    {"metrics.fill_gap", PAPER_PERMILLE, {"gap between the two", "écart entre les deux", "kloof tussen beide"}, NULL},
    END,
};

static const struct paper_part metrics[] = {
    {"metrics.displaced_share.account", PAPER_PERMILLE, {"not balanced yet", "pas encore équilibré", "nog niet in evenwicht"}, NULL},
    {"metrics.displaced_share.help", PAPER_PERMILLE, {"the same of all help", "de même, de toute l'aide", "hetzelfde van alle hulp"}, NULL},
    {"metrics.concentration_of_positions.account", PAPER_PERMILLE, {"concentration of positions", "concentration des positions", "concentratie van de standen"}, NULL},
    {"metrics.direct_reciprocity.help", PAPER_PERMILLE, {"returned between the same two", "rendu entre les deux mêmes", "teruggegeven tussen dezelfde twee"}, NULL},
    {"metrics.comes_round.help", PAPER_PERMILLE, {"comes round", "revient", "keert terug"}, NULL},
    {"metrics.one_wayness.help", PAPER_PERMILLE, {"flows one way", "va dans un seul sens", "gaat in één richting"}, NULL},
    {"metrics.core_share.help", PAPER_PERMILLE, {"members within one circle of help", "membres dans un même cercle d'aide", "leden in één kring van hulp"}, NULL},
    {"metrics.solidarity_share", PAPER_PERMILLE, {"gifts and pool, of all help", "dons et fonds, de toute l'aide", "giften en pot, van alle hulp"}, NULL},
    {"metrics.concentration_of_giving.help", PAPER_COUNT, {"concentration of giving (0 to 10000)", "concentration des dons d'heures (0 à 10000)", "concentratie van het geven (0 tot 10000)"}, NULL},
    {"metrics.concentration_of_receiving.help", PAPER_COUNT, {"concentration of receiving (0 to 10000)", "concentration de ce qui est reçu (0 à 10000)", "concentratie van het krijgen (0 tot 10000)"}, NULL},
    {"metrics.above_pair_cap", PAPER_COUNT, {"members that depend on a single other", "membres qui dépendent d'un seul autre", "leden die van één ander afhangen"}, NULL},
    {"metrics.skills_hanging", PAPER_COUNT, {"skills that hang on one organisation or none", "compétences qui ne tiennent qu'à une organisation ou à aucune", "vaardigheden die van één organisatie of geen afhangen"}, NULL},
    {"metrics.burden_gini", PAPER_PERMILLE, {"unevenness of effort by size", "inégalité de l'effort selon la taille", "ongelijkheid van de inspanning naar grootte"}, NULL},
    {"metrics.turnover", PAPER_PERMILLE, {"exchanged, of what is outstanding", "échangé, par rapport à l'encours", "uitgewisseld, tegenover wat openstaat"}, NULL},
    {"metrics.dormant", PAPER_PERMILLE, {"above zero with who received nothing for long", "au-dessus de zéro chez qui n'a rien reçu depuis longtemps", "boven nul bij wie lang niets kreeg"}, NULL},
    {"metrics.deficit", PAPER_MINUTES, {"that can never be given back, a quarter", "impossible à rendre, par trimestre", "nooit terug te geven, per kwartaal"}, NULL},
    END,
};

static const struct paper_part pool[] = {
    {"pool.opening", PAPER_MINUTES, {"position at the beginning", "position au début", "stand bij het begin"}, NULL},
    {"pool.given", PAPER_MINUTES, {"plus given to it", "plus reçu en don", "plus gekregen als gift"}, NULL},
    {"pool.handed_over", PAPER_MINUTES, {"plus left by who went", "plus laissé par qui est parti", "plus nagelaten door wie vertrok"}, NULL},
    {"pool.levied", PAPER_MINUTES, {"plus given at closings", "plus reçu aux clôtures", "plus gekregen bij afsluitingen"}, NULL},
    {"pool.forgiven", PAPER_MINUTES, {"less lifted at closings", "moins remis aux clôtures", "min kwijtgescholden bij afsluitingen"}, NULL},
    {"pool.paid", PAPER_MINUTES, {"less paid for needs", "moins payé pour des besoins", "min betaald voor vragen"}, NULL},
    {"pool.closing", PAPER_MINUTES, {"position at the end", "position à la fin", "stand op het einde"}, NULL},
    END,
};

static const struct paper_part closings[] = {
    {"at", PAPER_DAY, {"day", "jour", "dag"}, NULL},
    {"deficit", PAPER_MINUTES, {"below zero before", "sous zéro avant", "onder nul ervoor"}, NULL},
    {"levied", PAPER_MINUTES, {"given by members", "donné par les membres", "gegeven door leden"}, NULL},
    {"forgiven", PAPER_MINUTES, {"lifted", "remis", "kwijtgescholden"}, NULL},
    {"budget", PAPER_MINUTES, {"budget of the quarter", "budget du trimestre", "budget van het kwartaal"}, NULL},
    END,
};

const struct paper_section yearly_network_sections[] = {
    {{"What this is about", "De quoi il s'agit", "Waarover dit gaat"}, NULL, head},
    {{"Help and members", "Entraide et membres", "Hulp en leden"}, NULL, totals},
    {{"By month", "Par mois", "Per maand"}, "months", network_months},
    {{"Who obtains what they ask for", "Qui obtient ce qu'il demande", "Wie krijgt wat gevraagd wordt"}, NULL, fill},
    {{"Reciprocity in the year that ends with it", "Réciprocité dans l'année qui se termine avec elle", "Wederkerigheid in het jaar dat ermee eindigt"}, NULL, metrics},
    {{"The common pool", "Le fonds commun", "De gemeenschappelijke pot"}, NULL, pool},
    {{"Closings", "Clôtures", "Afsluitingen"}, "closings", closings},
    {{NULL, NULL, NULL}, NULL, NULL},
};
