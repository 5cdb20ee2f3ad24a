/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The policy document of a network: every number that the assembly may change.
 *
 * policies/ holds the rules' arithmetic and nothing else. What lives here takes plain structs and
 * integers and gives plain structs and integers back: no library beyond libc, no clock (time is an
 * argument), no input or output, no global state, no include from another folder. Nothing is
 * allocated except by what looks at a whole network, whose headers say so.
 * The same arguments therefore give the same answer on the server, in an audit and in a replay
 * years later. Whatever knows of entries, stores, HTTP or JSON lives above and calls down.
 * Minutes are int64; ratios are per mille, truncated towards zero, and say "unknown" instead of 0
 * when there is too little to say anything.
 *
 * One key is one line of POLICY_KEYS, the only place that knows it: the struct, the table, the
 * published schema and the checks all come from there. A key is fit for an entry's JSON
 * ([a-z][a-z0-9_]*), its value is one integer, and a line whose minimum equals its maximum is
 * entrenched: it is written in the document so that everybody sees it, and nobody can change it.
 *
 * Thread rule: all functions are pure and may be called from any thread; a struct policy that is
 * being set must not be read by another thread meanwhile. */
#ifndef POLICIES_PARAMS_H
#define POLICIES_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy_unit {
    POLICY_MINUTES,
    POLICY_DAYS,
    POLICY_PERMILLE,
    POLICY_COUNT,
    POLICY_FLAG,
};

/* X(key, unit, minimum, maximum, default, English, French, Dutch), sorted by key in byte order. */
#define POLICY_KEYS(X) \
    X(agreement_days_max, DAYS, 1, 1098, 366, \
      "An agreement ends at most this many days after it is signed or last changed.", \
      "Un accord prend fin au plus tard ce nombre de jours après sa signature ou son " \
      "dernier changement.", \
      "Een afspraak eindigt ten laatste zoveel dagen na de ondertekening of de laatste " \
      "wijziging.") \
    X(appeal_suspends, FLAG, 1, 1, 1, \
      "An appeal suspends every step that was taken about a broken promise.", \
      "Un recours suspend toute mesure prise à la suite d'une promesse non tenue.", \
      "Wie in beroep gaat, schort elke maatregel na een niet-gehouden belofte op.") \
    X(capacity_default, MINUTES, 1, 600000, 240, \
      "The minutes of help a month that are counted for an organisation that has declared " \
      "none.", \
      "Les minutes d'aide par mois que l'on compte pour une organisation qui n'en a pas " \
      "déclaré.", \
      "De minuten hulp per maand die tellen voor een organisatie die er geen heeft " \
      "opgegeven.") \
    X(choice_ask_minutes, MINUTES, 60, 43200, 4320, \
      "How long providers are asked about a need before the first answers are taken.", \
      "Combien de temps on demande aux organisations avant de retenir les premières " \
      "réponses.", \
      "Hoelang organisaties worden bevraagd voor de eerste antwoorden gelden.") \
    X(choice_ask_urgent_minutes, MINUTES, 60, 43200, 1440, \
      "The same for an urgent need.", \
      "De même pour un besoin urgent.", \
      "Hetzelfde voor een dringende vraag.") \
    X(choice_burden_guard, FLAG, 0, 1, 1, \
      "1: a fragile organisation that carries more than the average for its size is not " \
      "proposed as a provider; it may volunteer.", \
      "1 : une organisation fragile qui porte plus que la moyenne pour sa taille n'est pas " \
      "proposée pour aider ; elle peut se proposer elle-même.", \
      "1: een kwetsbare organisatie die meer draagt dan gemiddeld voor haar grootte wordt " \
      "niet voorgesteld als helper; zelf aanbieden kan altijd.") \
    X(choice_min_candidates, COUNT, 1, 10, 2, \
      "Providers are asked until this many have accepted.", \
      "On demande jusqu'à ce que ce nombre d'organisations aient accepté.", \
      "Er wordt gevraagd tot zoveel organisaties hebben aanvaard.") \
    X(class_age_days, DAYS, 1, 366, 30, \
      "A need that waits moves up one class for every so many days; only a vouched urgency " \
      "reaches class 0.", \
      "Un besoin qui attend monte d'une classe tous les tant de jours ; seule une urgence " \
      "confirmée atteint la classe 0.", \
      "Een vraag die wacht stijgt om de zoveel dagen een klasse; enkel bevestigde " \
      "dringendheid bereikt klasse 0.") \
    X(class_new_needs, COUNT, 0, 20, 3, \
      "The first so many needs of an organisation are of class 2.", \
      "Les tant de premiers besoins d'une organisation sont de classe 2.", \
      "De eerste zoveel vragen van een organisatie zijn van klasse 2.") \
    X(crisis_days, DAYS, 1, 366, 183, \
      "How long a crisis lasts once it has begun; then the members look at it again.", \
      "La durée d'une crise une fois ouverte ; ensuite les membres en rediscutent.", \
      "Hoelang een crisis duurt eens ze begonnen is; daarna bekijken de leden het opnieuw.") \
    X(crisis_fill_days, DAYS, 1, 180, 60, \
      "The days over which the monthly check asks how much of what was needed was found.", \
      "Le nombre de jours sur lesquels l'examen mensuel regarde la part des besoins " \
      "satisfaits.", \
      "Het aantal dagen waarover de maandelijkse toets kijkt hoeveel vragen beantwoord " \
      "werden.") \
    X(crisis_fill_permille, PERMILLE, 0, 1000, 500, \
      "A crisis begins when the median organisation found less than this share of what it " \
      "asked for; 0: never for that reason.", \
      "Une crise s'ouvre quand l'organisation médiane a obtenu moins que cette part de ce " \
      "qu'elle demandait ; 0 : jamais pour cette raison.", \
      "Een crisis begint wanneer de mediane organisatie minder dan dit deel vond van wat " \
      "ze vroeg; 0: nooit om die reden.") \
    X(crisis_floor_permille, PERMILLE, 1000, 3000, 1500, \
      "In a crisis lines below zero are wider by this factor.", \
      "Pendant une crise, les marges en dessous de zéro sont élargies de ce facteur.", \
      "In een crisis zijn de marges onder nul zoveel ruimer.") \
    X(crisis_orgs_min, COUNT, 1, 1000, 5, \
      "Fewer organisations than this say nothing about a crisis.", \
      "Un nombre d'organisations inférieur à celui-ci ne dit rien d'une crise.", \
      "Minder organisaties dan dit zeggen niets over een crisis.") \
    X(crisis_pool_permille, PERMILLE, 1000, 10000, 2000, \
      "In a crisis the common pool's quarter is wider by this factor.", \
      "Pendant une crise, le trimestre du fonds commun est élargi de ce facteur.", \
      "In een crisis is het kwartaal van de gemeenschappelijke pot zoveel ruimer.") \
    X(crisis_urgent_permille, PERMILLE, 1, 1000, 200, \
      "A crisis begins when more than this share of the members have an urgent need in " \
      "force; 1000: never for that reason.", \
      "Une crise s'ouvre quand plus de cette part des membres ont un besoin urgent " \
      "confirmé ; 1000 : jamais pour cette raison.", \
      "Een crisis begint wanneer meer dan dit deel van de leden een bevestigde dringende " \
      "vraag heeft; 1000: nooit om die reden.") \
    X(dormant_days, DAYS, 30, 366, 180, \
      "An organisation above zero that received nothing for so long gets suggestions; its " \
      "hours never expire.", \
      "Une organisation au-dessus de zéro qui n'a rien reçu depuis ce temps reçoit des " \
      "suggestions ; ses heures n'expirent jamais.", \
      "Een organisatie boven nul die zo lang niets ontving krijgt suggesties; haar uren " \
      "vervallen nooit.") \
    X(entry_days_max, DAYS, 1, 90, 90, \
      "The valid_until of an entry lies at most this many days after the time in its id.", \
      "Un texte à signer reste valable au plus ce nombre de jours.", \
      "Een te ondertekenen tekst blijft hoogstens zoveel dagen geldig.") \
    X(forgive_band, MINUTES, 0, 600000, 600, \
      "Forgiving and its levy look only at what lies beyond this position on either side.", \
      "La remise et son prélèvement ne regardent que ce qui dépasse cette position, des " \
      "deux côtés.", \
      "Kwijtschelding en haar bijdrage kijken enkel naar wat voorbij deze stand ligt, aan " \
      "beide kanten.") \
    X(forgive_divisor, COUNT, 0, 1000, 0, \
      "Each quarter the pool takes over this fraction, one part in so many, of what lies " \
      "below the band; 0: off.", \
      "Chaque trimestre, le fonds reprend une part sur ce nombre de ce qui est sous la " \
      "bande ; 0 : jamais.", \
      "Elk kwartaal neemt de pot één deel op zoveel over van wat onder de band ligt; 0: " \
      "nooit.") \
    X(forgive_levy_divisor, COUNT, 0, 1000, 0, \
      "Each quarter this fraction, one part in so many, of what lies above the band goes " \
      "to the pool; 0: off.", \
      "Chaque trimestre, une part sur ce nombre de ce qui est au-dessus de la bande va au " \
      "fonds ; 0 : jamais.", \
      "Elk kwartaal gaat één deel op zoveel van wat boven de band ligt naar de pot; 0: " \
      "nooit.") \
    X(gift_free, FLAG, 1, 1, 1, \
      "Who gives may always choose that no hours are counted back.", \
      "Qui donne peut toujours choisir de ne pas compter les heures.", \
      "Wie geeft mag altijd kiezen om de uren niet te tellen.") \
    X(id_skew_minutes, MINUTES, 1, 1440, 10, \
      "The time in an entry's id lies at most this far in the future of the entry's own " \
      "time.", \
      "L'heure de l'appareil qui signe peut avancer d'au plus ce nombre de minutes.", \
      "De klok van het toestel dat ondertekent mag hoogstens zoveel minuten voorlopen.") \
    X(ladder_lean_days, DAYS, 1, 366, 30, \
      "After so many days beyond ladder_lean_permille both sides get suggestions.", \
      "Après ce nombre de jours au-delà de ladder_lean_permille, chacun reçoit des " \
      "suggestions.", \
      "Na zoveel dagen voorbij ladder_lean_permille krijgt iedereen suggesties.") \
    X(ladder_lean_permille, PERMILLE, 100, 1000, 500, \
      "The share of its line, on either side, from which an organisation leans.", \
      "La part de sa marge, de chaque côté, à partir de laquelle une organisation " \
      "penche.", \
      "Het deel van haar marge, aan beide kanten, vanaf waar een organisatie overhelt.") \
    X(ladder_strain_days, DAYS, 1, 366, 60, \
      "After so many days beyond ladder_strain_permille a meeting is proposed.", \
      "Après ce nombre de jours au-delà de ladder_strain_permille, une rencontre est " \
      "proposée.", \
      "Na zoveel dagen voorbij ladder_strain_permille wordt een gesprek voorgesteld.") \
    X(ladder_strain_permille, PERMILLE, 100, 1000, 800, \
      "The share of its line, on either side, from which an organisation is strained.", \
      "La part de sa marge, de chaque côté, à partir de laquelle une organisation est " \
      "sous tension.", \
      "Het deel van haar marge, aan beide kanten, vanaf waar een organisatie onder " \
      "spanning staat.") \
    X(leave_free, FLAG, 1, 1, 1, \
      "Nobody can be kept from leaving.", \
      "Personne ne peut être empêché de partir.", \
      "Niemand kan verhinderd worden om te vertrekken.") \
    X(limit_ceiling, MINUTES, 60, 600000, 2400, \
      "Above this position an organisation rests from being asked to give; it is never " \
      "refused.", \
      "Au-dessus de cette position, on ne demande plus à l'organisation de donner ; rien " \
      "ne lui est refusé.", \
      "Boven deze stand wordt de organisatie niet meer gevraagd om te geven; haar wordt " \
      "niets geweigerd.") \
    X(limit_floor_base, MINUTES, 60, 600000, 1200, \
      "What an organisation may have received more than it gave, before counting what it " \
      "gave.", \
      "Ce qu'une organisation peut avoir reçu de plus qu'elle n'a donné, avant de " \
      "compter ce qu'elle a donné.", \
      "Wat een organisatie meer mag ontvangen hebben dan ze gaf, zonder te tellen wat ze " \
      "gaf.") \
    X(limit_floor_divisor, COUNT, 1, 1000, 4, \
      "The minutes given in the window, divided by this, are added to limit_floor_base.", \
      "Les minutes données sur l'année, divisées par ce nombre, s'ajoutent à " \
      "limit_floor_base.", \
      "De minuten gegeven in het jaar, gedeeld door dit getal, komen bij limit_floor_base.") \
    X(limit_floor_max, MINUTES, 60, 600000, 3600, \
      "The floor grows with what was given up to this and no further.", \
      "La marge grandit avec ce qui est donné, jusqu'ici et pas plus loin.", \
      "De marge groeit met wat gegeven is, tot hier en niet verder.") \
    X(limit_floor_new, MINUTES, 60, 600000, 600, \
      "The floor of a newcomer, never zero, because a newcomer may receive first.", \
      "La marge d'une organisation nouvelle, jamais zéro : elle peut d'abord recevoir.", \
      "De marge van een nieuwkomer, nooit nul: die mag eerst ontvangen.") \
    X(limit_floor_new_gifts, COUNT, 0, 100, 2, \
      "An organisation is a newcomer until it gave in this many confirmed exchanges.", \
      "Une organisation est nouvelle tant qu'elle n'a pas donné dans ce nombre " \
      "d'échanges confirmés.", \
      "Een organisatie is nieuwkomer tot ze gaf in zoveel bevestigde uitwisselingen.") \
    X(limit_hard_permille, PERMILLE, 1000, 10000, 1500, \
      "The hard stop, as a share of the floor; only needs that are not urgent stop there.", \
      "L'arrêt, en part de la marge ; seuls les besoins non urgents s'y arrêtent.", \
      "De stop, als deel van de marge; enkel niet-dringende vragen stoppen daar.") \
    X(limit_soft, FLAG, 0, 1, 1, \
      "1: crossing the floor opens a conversation and only the hard stop refuses; 0: the " \
      "floor itself refuses an agreement.", \
      "1 : passer la marge ouvre une conversation et seul l'arrêt refuse ; 0 : la marge " \
      "elle-même refuse un accord.", \
      "1: voorbij de marge begint een gesprek en enkel de stop weigert; 0: de marge zelf " \
      "weigert een afspraak.") \
    X(match_quantum, MINUTES, 5, 120, 30, \
      "Matches are proposed in multiples of this.", \
      "Les propositions se font par multiples de cette durée.", \
      "Voorstellen gebeuren in veelvouden hiervan.") \
    X(match_split_min, MINUTES, 30, 6000, 120, \
      "A need is split between providers only into pieces of at least this.", \
      "Un besoin n'est partagé entre organisations qu'en parts d'au moins cette durée.", \
      "Een vraag wordt enkel verdeeld in stukken van minstens deze duur.") \
    X(need_days_max, DAYS, 1, 366, 180, \
      "A need stays open at most this many days unless it is published again.", \
      "Un besoin reste ouvert au plus ce nombre de jours, sauf nouvelle publication.", \
      "Een vraag blijft hoogstens zoveel dagen open, tenzij ze opnieuw verschijnt.") \
    X(offer_days_max, DAYS, 1, 366, 184, \
      "An offer stays open at most this many days unless it is renewed.", \
      "Une offre reste ouverte au plus ce nombre de jours, sauf renouvellement.", \
      "Een aanbod blijft hoogstens zoveel dagen open, tenzij het vernieuwd wordt.") \
    X(pair_cap_minutes, MINUTES, 0, 600000, 720, \
      "pair_cap_permille is looked at once an organisation received this much in the " \
      "window.", \
      "pair_cap_permille ne compte qu'une fois cette durée reçue dans l'année.", \
      "pair_cap_permille telt pas eens zoveel ontvangen is in het jaar.") \
    X(pair_cap_permille, PERMILLE, 1, 1000, 400, \
      "A warning is shown when more than this share of what is received comes from one " \
      "provider.", \
      "Un avertissement apparaît quand plus de cette part de ce qui est reçu vient d'une " \
      "seule organisation.", \
      "Er komt een waarschuwing wanneer meer dan dit deel van wat ontvangen is van één " \
      "organisatie komt.") \
    X(pair_reverse, FLAG, 0, 1, 1, \
      "1: who is invited to give is shown the needs of others before those of who helped " \
      "it.", \
      "1 : à qui est invité à donner, on montre d'abord les besoins d'autres que ceux " \
      "qui l'ont aidé.", \
      "1: wie gevraagd wordt te geven, ziet eerst vragen van anderen dan wie haar hielp.") \
    X(panel_min, COUNT, 1, 16, 2, \
      "A decision of the panel is signed by at least so many of its organisations.", \
      "Une décision du panel est signée par au moins ce nombre de ses organisations.", \
      "Een beslissing van het panel is ondertekend door minstens zoveel van zijn " \
      "organisaties.") \
    X(pool_cap, MINUTES, 0, 60000, 600, \
      "In a quarter the common pool pays at most this for every contributing member; 0: it " \
      "pays nothing.", \
      "Par trimestre, le fonds commun paie au plus ceci par membre qui contribue ; 0 : il " \
      "ne paie rien.", \
      "Per kwartaal betaalt de gemeenschappelijke pot hoogstens dit per bijdragend lid; 0: " \
      "hij betaalt niets.") \
    X(pool_rate_permille, PERMILLE, 0, 1000, 500, \
      "The share of a fragile organisation's needs that the common pool pays.", \
      "La part des besoins d'une organisation fragile que paie le fonds commun.", \
      "Het deel van de vragen van een kwetsbare organisatie dat de gemeenschappelijke pot " \
      "betaalt.") \
    X(pool_urgent_permille, PERMILLE, 0, 1000, 1000, \
      "The share of an urgent need that the common pool pays.", \
      "La part d'un besoin urgent que paie le fonds commun.", \
      "Het deel van een dringende vraag dat de gemeenschappelijke pot betaalt.") \
    X(promise_days, DAYS, 30, 365, 180, \
      "A broken promise, and each step about it, counts for so many days.", \
      "Une promesse non tenue, et chaque mesure à son sujet, compte pendant ce nombre de " \
      "jours.", \
      "Een niet-gehouden belofte, en elke maatregel erover, telt zoveel dagen.") \
    X(promise_meeting, COUNT, 1, 100, 3, \
      "After so many broken promises a coordinator may propose a meeting as a step.", \
      "Après ce nombre de promesses non tenues, la coordination peut proposer une " \
      "rencontre.", \
      "Na zoveel niet-gehouden beloften kan de coördinatie een gesprek voorstellen.") \
    X(reference_days_max, DAYS, 366, 1098, 400, \
      "Hours can be taken back, and what ended can be referred to, for this many days.", \
      "Des heures peuvent être reprises, et ce qui est fini peut être cité, pendant ce " \
      "nombre de jours.", \
      "Uren kunnen teruggenomen worden, en wat gedaan is vermeld, gedurende zoveel dagen.") \
    X(rest_permille, PERMILLE, 1000, 10000, 1500, \
      "An organisation whose effort for its size is above this share of the median is " \
      "offered rest.", \
      "À une organisation dont l'effort pour sa taille dépasse cette part de la " \
      "médiane, on propose de souffler.", \
      "Een organisatie waarvan de inspanning voor haar grootte boven dit deel van de " \
      "mediaan ligt, krijgt rust aangeboden.") \
    X(seal_every, COUNT, 16, 100000, 1024, \
      "After at most this many entries the balances of all are sealed.", \
      "Après au plus ce nombre d'écritures, les positions de tous sont scellées.", \
      "Na hoogstens zoveel inschrijvingen worden de standen van allen verzegeld.") \
    X(sheet_stale_days, DAYS, 1, 1098, 180, \
      "A directory sheet that was not confirmed for this many days is shown as possibly " \
      "stale.", \
      "Une fiche qui n'a pas été confirmée depuis ce nombre de jours est montrée comme " \
      "peut-être dépassée.", \
      "Een fiche die zoveel dagen niet bevestigd werd, wordt getoond als mogelijk " \
      "verouderd.") \
    X(skill_fresh_days, DAYS, 1, 366, 180, \
      "A provider counts for a skill when it published or renewed its offer within so many " \
      "days.", \
      "Une organisation compte pour une compétence si son offre date d'au plus ce nombre " \
      "de jours.", \
      "Een organisatie telt voor een vaardigheid als haar aanbod hoogstens zoveel dagen " \
      "oud is.") \
    X(sponsors_min, COUNT, 1, 10, 2, \
      "An applicant is admitted by this many sponsoring members, or by a coordinator.", \
      "Une candidature est admise par ce nombre de membres, ou par la coordination.", \
      "Een kandidaat wordt toegelaten door zoveel leden, of door de coördinatie.") \
    X(status_days_max, DAYS, 1, 366, 366, \
      "A status lasts at most this many days.", \
      "Un statut dure au plus ce nombre de jours.", \
      "Een statuut duurt hoogstens zoveel dagen.") \
    X(step_days, DAYS, 1, 366, 90, \
      "A step about broken promises lasts at most this many days.", \
      "Une mesure à la suite de promesses non tenues dure au plus ce nombre de jours.", \
      "Een maatregel na niet-gehouden beloften duurt hoogstens zoveel dagen.") \
    X(two_layers, FLAG, 1, 1, 1, \
      "Help given and the position that follows from it are counted apart.", \
      "L'aide donnée et la position qui en résulte sont comptées séparément.", \
      "Gegeven hulp en de stand die eruit volgt worden apart geteld.") \
    X(unit_parity, FLAG, 1, 1, 1, \
      "One hour is one hour, whatever the skill.", \
      "Une heure est une heure, quelle que soit la compétence.", \
      "Een uur is een uur, wat ook de vaardigheid is.") \
    X(urgent_days, DAYS, 1, 365, 30, \
      "A need's urgency lapses this many days after it was confirmed.", \
      "L'urgence d'un besoin prend fin ce nombre de jours après sa confirmation.", \
      "De dringendheid van een vraag vervalt zoveel dagen na de bevestiging.") \
    X(urgent_never_blocked, FLAG, 1, 1, 1, \
      "An urgent need is never refused by a limit.", \
      "Un besoin urgent n'est jamais refusé par une limite.", \
      "Een dringende vraag wordt nooit door een grens geweigerd.") \
    X(urgent_quota, COUNT, 0, 100, 2, \
      "In a quarter so many urgencies of one organisation can be confirmed without the " \
      "panel.", \
      "Par trimestre, ce nombre d'urgences d'une organisation peut être confirmé sans le " \
      "panel.", \
      "Per kwartaal kunnen zoveel dringende vragen van een organisatie bevestigd worden " \
      "zonder het panel.") \
    X(window_days, DAYS, 365, 365, 365, \
      "The length of the rolling window of given and received minutes.", \
      "La longueur de l'année glissante des minutes données et reçues.", \
      "De lengte van het lopende jaar van gegeven en ontvangen minuten.")

/* One int64 member per key. Fill it with policy_default(), then policy_set() what differs: a
 * struct made that way is within the ranges, which the rules rely on. */
struct policy {
#define POLICY_MEMBER(key, unit, min, max, def, en, fr, nl) int64_t key;
    POLICY_KEYS(POLICY_MEMBER)
#undef POLICY_MEMBER
};

struct policy_key {
    const char *key;
    enum policy_unit unit;
    int64_t min, max; /* inclusive */
    int64_t value_default;
    const char *en, *fr, *nl; /* one sentence */
    size_t offset;   /* of the member in struct policy */
};

enum policy_set_result {
    POLICY_OK,
    POLICY_UNKNOWN_KEY,
    POLICY_OUT_OF_RANGE,
};

/* The table, sorted by key; *n receives its length. Static, never freed. */
const struct policy_key *policy_keys(size_t *n);

/* The table's line for a key, or NULL. Static, never freed. */
const struct policy_key *policy_find(const char *key);

/* "minutes", "days", "permille", "count" or "flag". */
const char *policy_unit_name(enum policy_unit unit);

/* Gives every key its default. */
void policy_default(struct policy *policy);

/* Reads a key into *value; false, and *value untouched, if there is no such key. */
__attribute__((warn_unused_result))
bool policy_get(const struct policy *policy, const char *key, int64_t *value);

/* Sets a key. Anything but POLICY_OK leaves the policy untouched. */
__attribute__((warn_unused_result))
enum policy_set_result policy_set(struct policy *policy, const char *key, int64_t value);

#endif
