/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/next_steps.h"

#include <string.h>

#include "api/view.h"
#include "api/words.h"
#include "policies/window.h"

#define REFS_MAX 3
#define RECORD_DAYS 14 /* before an agreement expires */
#define RENEW_DAYS 30  /* before an offer expires */
#define OWN_OFFERS_MAX 32  /* of its own offers that are looked at */
#define NEEDS_MAX 2000 /* of others that are looked at */

/* What one suggestion points to. */
struct refs {
    size_t n;
    struct thing_key v[REFS_MAX];
};

static void add_ref(struct refs *refs, const struct thing_key *key)
{
    if (refs->n < REFS_MAX) {
        refs->v[refs->n++] = *key;
    }
}

typedef bool (*applies)(struct request *rq, const struct next_case *c, struct refs *refs);

/* --- Promises and agreements ------------------------------------------------------------------ */

static bool explain(struct request *rq, const struct next_case *c, struct refs *refs)
{
    int32_t first = window_first_day(window_day(rq->now_ms),
                                     rq->state->network.found.policy.promise_days);
    const struct thing_key *after = NULL;
    struct promise p;

    for (; state_next_promise(rq->state, c->org->number, after, &p); after = &p.agreement) {
        if (p.broken && !p.excused && window_day(p.at) >= first) {
            add_ref(refs, &p.agreement);
        }
    }
    return refs->n > 0;
}

static bool has_minutes_left(const struct agreement *a)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->pairs[i].other < a->pairs[i].minutes) {
            return true;
        }
    }
    return false;
}

static bool record(struct request *rq, const struct next_case *c, struct refs *refs)
{
    struct thing_key key, *after = NULL;
    struct agreement a;

    for (; state_next_live(rq->state, LIVE_AGREEMENT, c->org->number, after, &key); after = &key) {
        if (state_agreement(rq->state, &key, &a) && has_minutes_left(&a) &&
            a.expires - rq->now_ms <= RECORD_DAYS * WINDOW_DAY_MS) {
            add_ref(refs, &key);
        }
    }
    return refs->n > 0;
}

static bool meet(struct request *rq, const struct next_case *c, struct refs *refs)
{
    (void)rq;
    (void)refs;
    return c->position_step >= 2;
}

/* --- Giving ----------------------------------------------------------------------------------- */

/* The skills, spaces and equipment of its own open offers. */
struct own_offers {
    size_t n;
    struct {
        uint8_t type;
        struct slug skill;
    } v[OWN_OFFERS_MAX];
};

static void read_own_offers(struct request *rq, uint32_t org, struct own_offers *out)
{
    struct thing_key key, *after = NULL;
    struct offer offer;

    out->n = 0;
    for (; out->n < OWN_OFFERS_MAX && state_next_live(rq->state, LIVE_OFFER, org, after, &key);
         after = &key) {
        if (state_offer(rq->state, &key, &offer)) {
            out->v[out->n].type = offer.type;
            out->v[out->n++].skill = offer.skill;
        }
    }
}

static bool fits(const struct own_offers *own, const struct need *need)
{
    for (size_t i = 0; i < own->n; i++) {
        if (own->v[i].type == need->type && strcmp(own->v[i].skill.s, need->skill.s) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether that organisation helped this one within the year. */
static bool helped(struct request *rq, uint32_t from, uint32_t to)
{
    int64_t days = rq->state->network.found.policy.window_days;
    struct pair pair;

    return state_pair(rq->state, from, to, &pair) && pair.minutes > 0 &&
           window_day(pair.last_at) >= window_first_day(window_day(rq->now_ms), days);
}

static void find_needs(struct request *rq, const struct next_case *c, const struct own_offers *own,
                       bool of_helpers, struct refs *refs)
{
    struct sums sums;
    size_t looked = 0;

    state_sums(rq->state, &sums);
    for (uint32_t org = 1; org <= sums.orgs && refs->n < REFS_MAX && looked < NEEDS_MAX; org++) {
        struct thing_key key, *after = NULL;
        struct need need;

        /* Who asks for nothing is not looked up: a pair costs a seek for each part of a day. */
        if (org == c->org->number || !state_next_live(rq->state, LIVE_NEED, org, NULL, &key) ||
            helped(rq, org, c->org->number) != of_helpers) {
            continue;
        }
        for (; looked < NEEDS_MAX && state_next_live(rq->state, LIVE_NEED, org, after, &key);
             after = &key, looked++) {
            if (state_need(rq->state, &key, &need) && need.served + need.reserved < need.minutes &&
                fits(own, &need)) {
                add_ref(refs, &key);
            }
        }
    }
}

static bool answer_need(struct request *rq, const struct next_case *c, struct refs *refs)
{
    bool others_first = rq->state->network.found.policy.pair_reverse != 0;
    struct own_offers own;

    read_own_offers(rq, c->org->number, &own);
    if (own.n == 0) {
        return false;
    }
    find_needs(rq, c, &own, !others_first, refs);
    find_needs(rq, c, &own, others_first, refs);
    return refs->n > 0;
}

static bool offer(struct request *rq, const struct next_case *c, struct refs *refs)
{
    struct thing_key key;

    (void)refs;
    return !state_next_live(rq->state, LIVE_OFFER, c->org->number, NULL, &key);
}

static bool renew(struct request *rq, const struct next_case *c, struct refs *refs)
{
    struct thing_key key, *after = NULL;
    struct offer o;

    for (; state_next_live(rq->state, LIVE_OFFER, c->org->number, after, &key); after = &key) {
        if (state_offer(rq->state, &key, &o) &&
            o.expires - rq->now_ms <= RENEW_DAYS * WINDOW_DAY_MS) {
            add_ref(refs, &key);
        }
    }
    return refs->n > 0;
}

/* --- Asking ----------------------------------------------------------------------------------- */

static bool above_ceiling(const struct next_case *c)
{
    return limits_above_ceiling(&c->line, org_position(c->org));
}

static bool ask(struct request *rq, const struct next_case *c, struct refs *refs)
{
    int64_t since = rq->now_ms - rq->state->network.found.policy.dormant_days * WINDOW_DAY_MS;

    (void)refs;
    return above_ceiling(c) || (org_position(c->org) > 0 && c->org->last_received_at < since);
}

static bool second_provider(struct request *rq, const struct next_case *c, struct refs *refs)
{
    (void)rq;
    (void)refs;
    return c->above_pair_cap;
}

static bool confirm(struct request *rq, const struct next_case *c, struct refs *refs)
{
    (void)refs;
    return rq->now_ms - c->org->confirmed_at >
           rq->state->network.found.policy.sheet_stale_days * WINDOW_DAY_MS;
}

static bool pool_give(struct request *rq, const struct next_case *c, struct refs *refs)
{
    (void)rq;
    (void)refs;
    return above_ceiling(c);
}

static bool need(struct request *rq, const struct next_case *c, struct refs *refs)
{
    struct thing_key key;

    (void)refs;
    return !state_next_live(rq->state, LIVE_NEED, c->org->number, NULL, &key);
}

static bool always(struct request *rq, const struct next_case *c, struct refs *refs)
{
    (void)rq;
    (void)c;
    (void)refs;
    return true;
}

/* --- The list --------------------------------------------------------------------------------- */

static const struct {
    const char *id;
    applies applies;
    const char *form[LANGUAGES];
} steps[] = {
    {"explain", explain,
     {"An agreement ended with hours still open: tell the others what happened.",
      "Un accord s'est terminé avec des heures encore ouvertes : dites aux autres ce qui s'est "
      "passé.",
      "Een afspraak liep af met nog open uren: vertel de anderen wat er gebeurde."}},
    {"record", record,
     {"An agreement ends soon and has hours open: note what was done, or change it together.",
      "Un accord se termine bientôt et a des heures ouvertes : notez ce qui a été fait, ou "
      "changez-le ensemble.",
      "Een afspraak loopt weldra af en heeft open uren: noteer wat gedaan is, of pas ze samen "
      "aan."}},
    {"meet", meet,
     {"Your position has been far to one side for long: talk it over with a coordinator. It is no "
      "fault.",
      "Votre position est loin d'un côté depuis longtemps : parlez-en avec la coordination. Ce "
      "n'est pas une faute.",
      "Jullie stand ligt al lang ver naar één kant: bespreek het met de coördinatie. Het is geen "
      "fout."}},
    {"answer_need", answer_need,
     {"Somebody asks for what you offer.", "Quelqu'un demande ce que vous proposez.",
      "Iemand vraagt wat jullie aanbieden."}},
    {"ask", ask,
     {"You gave more than you received: what could others do for you?",
      "Vous avez donné plus que reçu : que pourraient faire les autres pour vous ?",
      "Jullie gaven meer dan jullie kregen: wat kunnen anderen voor jullie doen?"}},
    {"offer", offer,
     {"You have no open offer: what could you do for others?",
      "Vous n'avez pas d'offre ouverte : que pourriez-vous faire pour d'autres ?",
      "Jullie hebben geen open aanbod: wat kunnen jullie voor anderen doen?"}},
    {"second_provider", second_provider,
     {"You receive a large part from a single organisation: look for a second one.",
      "Vous recevez une grande part d'une seule organisation : cherchez-en une deuxième.",
      "Jullie krijgen een groot deel van één organisatie: zoek er een tweede."}},
    {"renew", renew,
     {"An offer ends soon: is it still right?", "Une offre se termine bientôt : est-elle toujours "
                                                "valable ?",
      "Een aanbod loopt weldra af: klopt het nog?"}},
    {"confirm", confirm,
     {"Your sheet was not confirmed for long: is it still right?",
      "Votre fiche n'a pas été confirmée depuis longtemps : est-elle toujours valable ?",
      "Jullie fiche is al lang niet bevestigd: klopt ze nog?"}},
    {"pool_give", pool_give,
     {"You could give some of your hours to the common pool.",
      "Vous pourriez donner une partie de vos heures au fonds commun.",
      "Jullie kunnen een deel van jullie uren aan de gemeenschappelijke pot geven."}},
    {"need", need,
     {"You have no open need: asking is a way to take part.",
      "Vous n'avez pas de besoin ouvert : demander, c'est aussi participer.",
      "Jullie hebben geen open vraag: vragen is ook meedoen."}},
    {"look", always,
     {"Look through the directory: who does what?", "Parcourez l'annuaire : qui fait quoi ?",
      "Kijk in de gids: wie doet wat?"}},
};

static json_t *view_step(struct request *rq, size_t i, const struct refs *refs)
{
    struct words words = {
        .form = {steps[i].form[0], steps[i].form[1], steps[i].form[2]}};
    json_t *o = view_object(), *list = view_array();

    put_text(o, "id", steps[i].id);
    put(o, "sentence", words_json(&words));
    for (size_t k = 0; k < refs->n; k++) {
        struct ref ref = view_ref(rq->state, &refs->v[k]);
        char text[REF_TEXT_SIZE];

        ref_format(text, &ref);
        json_array_append_new(list, json_string(text));
    }
    put(o, "refs", list);
    return o;
}

json_t *next_steps(struct request *rq, const struct next_case *c)
{
    json_t *list = view_array();

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct refs refs = {.n = 0};

        if (json_array_size(list) < NEXT_STEPS_MAX && steps[i].applies(rq, c, &refs)) {
            json_array_append_new(list, view_step(rq, i, &refs));
        }
    }
    return list;
}
