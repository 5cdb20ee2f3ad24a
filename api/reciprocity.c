/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * GET /v1/reciprocity: the sheet in seven items, each with its sentence (SPEC 18.9). Whom an item
 * speaks of is told to coordinators alone, in order of admission: no list here can be sorted.
 */
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/sheet.h"
#include "api/sheet_words.h"
#include "api/view.h"
#include "policies/calendar.h"
#include "policies/window.h"

/* The item under construction. */
struct item {
    struct request *rq;
    const struct sheet *sheet;
    json_t *o;
    bool named; /* organisations may be named */
};

static const char *const layer_words[LAYERS] = {[LAYER_HELP] = "help", [LAYER_ACCOUNT] = "account"};

/* --- Small parts ------------------------------------------------------------------------------ */

static void put_layers(json_t *o, const char *name, const struct ratio ratios[LAYERS])
{
    json_t *both = view_object();

    for (enum layer l = 0; l < LAYERS; l++) {
        put_ratio(both, layer_words[l], ratios[l]);
    }
    put(o, name, both);
}

static void put_fill(json_t *o, const char *name, const struct fill *fill)
{
    json_t *group = view_object();

    put_int(group, "asked", fill->asked);
    put_int(group, "served", fill->served);
    put_ratio(group, "permille", fill_rate(fill));
    put(o, name, group);
}

/* "2026-Q3" of the quarter that a day ends. */
static void put_quarter(json_t *o, int32_t day)
{
    char text[DAY_TEXT_BYTES];

    day_format(text, day < DAY_MIN ? DAY_MIN : day);
    int month = (text[5] - '0') * 10 + text[6] - '0'; /* of YYYY-MM-DD, which becomes YYYY-Qn */
    text[5] = 'Q';
    text[6] = (char)('1' + (month - 1) / 3);
    put_bytes(o, "quarter", text, 7);
}

/* What a year has for an item; not known where the past does not keep it. */
typedef struct ratio (*year_value)(const struct sheet_year *y);

static void put_trend(struct item *it, year_value value)
{
    json_t *list = view_array();

    for (size_t i = SHEET_YEARS - 1; value && i > 0; i--) {
        json_t *o = view_object();

        put_quarter(o, it->sheet->years[i].to_day);
        put_ratio(o, "value", value(&it->sheet->years[i]));
        json_array_append_new(list, o);
    }
    put(it->o, "trend", list);
}

/* The handles of those that an item speaks of. */
typedef bool (*picks)(const struct sheet *sheet, const struct sheet_org *o);

static json_t *handles_of(const struct sheet *sheet, picks pick)
{
    json_t *list = view_array();

    for (size_t i = 0; i < sheet->n_orgs; i++) {
        if (pick(sheet, &sheet->orgs[i])) {
            json_array_append_new(list, json_string(sheet->orgs[i].handle.s));
        }
    }
    return list;
}

static size_t count_of(const struct sheet *sheet, picks pick)
{
    size_t n = 0;

    for (size_t i = 0; i < sheet->n_orgs; i++) {
        n += pick(sheet, &sheet->orgs[i]);
    }
    return n;
}

static void put_orgs(struct item *it, picks pick)
{
    if (it->named) {
        put(it->o, "organisations", handles_of(it->sheet, pick));
    }
}

/* Takes the reference. */
static void put_sentence(struct item *it, json_t *sentence)
{
    put(it->o, "sentence", sentence);
}

static json_t *begin_metrics(struct item *it)
{
    json_t *m = view_object();

    put(it->o, "metrics", m);
    return m;
}

/* --- The seven -------------------------------------------------------------------------------- */

static struct ratio gap_of(const struct sheet_year *y)
{
    return fill_gap(&y->others, &y->fragile);
}

static void put_fill_gap(struct item *it)
{
    const struct sheet_year *y = &it->sheet->years[0];
    json_t *m = begin_metrics(it);

    put_ratio(m, "fill_gap", it->sheet->gap);
    put_fill(m, "fragile", &y->fragile);
    put_fill(m, "others", &y->others);
    put_sentence(it, say_fill_gap(&y->fragile, &y->others));
    put_trend(it, gap_of);
}

static struct ratio leaning_of(const struct sheet_year *y)
{
    return (struct ratio){true, (int64_t)y->leaning};
}

static bool is_leaning(const struct sheet *sheet, const struct sheet_org *o)
{
    (void)sheet;
    return o->position_step > 0;
}

static bool leans_giving(const struct sheet *sheet, const struct sheet_org *o)
{
    return is_leaning(sheet, o) && o->position > 0;
}

static bool is_strained(const struct sheet *sheet, const struct sheet_org *o)
{
    (void)sheet;
    return o->position_step > 1;
}

/* Who could be asked to give, and who to ask for something: both sides of the same conversation. */
static bool could_give(const struct sheet *sheet, const struct sheet_org *o)
{
    (void)sheet;
    return o->active && o->position < 0 && o->offers && !o->rests &&
           !(o->fragile && burden_above_mean(&o->burden, &sheet->years[0].burden));
}

static bool could_ask(const struct sheet *sheet, const struct sheet_org *o)
{
    return o->dormant || leans_giving(sheet, o);
}

static void put_invite(struct item *it)
{
    json_t *o;

    if (it->named) {
        o = view_object();
        put(o, "give", handles_of(it->sheet, could_give));
        put(o, "ask", handles_of(it->sheet, could_ask));
        put(it->o, "invite", o);
    }
}

static void put_positions(struct item *it)
{
    size_t all = count_of(it->sheet, is_leaning), gave = count_of(it->sheet, leans_giving);
    json_t *m = begin_metrics(it);

    put_int(m, "leaning", (int64_t)all);
    put_int(m, "leaning_gave", (int64_t)gave);
    put_int(m, "strained", (int64_t)count_of(it->sheet, is_strained));
    put_ratio(m, "turnover", it->sheet->turnover);
    put_ratio(m, "dormant", it->sheet->dormant);
    put_sentence(it, say_positions(all, gave));
    put_trend(it, leaning_of);
    put_orgs(it, is_leaning);
    put_invite(it);
}

static struct ratio displaced_of(const struct sheet_year *y)
{
    return y->displaced;
}

static void put_displaced(struct item *it)
{
    const struct layer_figures *l = it->sheet->layer;
    struct ratio displaced[LAYERS] = {l[LAYER_HELP].displaced, l[LAYER_ACCOUNT].displaced};
    struct ratio positions[LAYERS] = {l[LAYER_HELP].positions, l[LAYER_ACCOUNT].positions};
    struct ratio one_way[LAYERS] = {l[LAYER_HELP].one_way, l[LAYER_ACCOUNT].one_way};
    json_t *m = begin_metrics(it);

    put_layers(m, "displaced_share", displaced);
    put_layers(m, "concentration_of_positions", positions);
    put_layers(m, "one_wayness", one_way);
    put_ratio(m, "solidarity_share", it->sheet->solidarity);
    put_sentence(it, say_displaced(displaced[LAYER_ACCOUNT]));
    put_trend(it, displaced_of);
}

static struct ratio round_of(const struct sheet_year *y)
{
    return y->round;
}

static void put_comes_round(struct item *it)
{
    const struct layer_figures *l = it->sheet->layer;
    struct ratio round[LAYERS] = {l[LAYER_HELP].round, l[LAYER_ACCOUNT].round};
    struct ratio direct[LAYERS] = {l[LAYER_HELP].direct, l[LAYER_ACCOUNT].direct};
    struct ratio core[LAYERS] = {l[LAYER_HELP].core, l[LAYER_ACCOUNT].core};
    json_t *m = begin_metrics(it);

    put_layers(m, "comes_round", round);
    put_layers(m, "direct_reciprocity", direct);
    put_layers(m, "core_share", core);
    put_sentence(it, say_comes_round(round[LAYER_HELP]));
    put_trend(it, round_of);
}

static bool depends(const struct sheet *sheet, const struct sheet_org *o)
{
    (void)sheet;
    return o->above_pair_cap;
}

static struct ratio dependent_of(const struct sheet_year *y)
{
    return (struct ratio){true, (int64_t)y->dependent};
}

/* The skills that hang, with the one organisation if there is one. */
static json_t *view_hanging(struct item *it)
{
    const struct sheet *sheet = it->sheet;
    json_t *list = view_array();

    for (size_t i = 0; i < sheet->n_skills; i++) {
        const struct skill_hold *hold = &sheet->skills[i];
        json_t *o;

        if (!hold->hangs) {
            continue;
        }
        o = view_object();
        put_text(o, "skill", it->rq->state->network.found.skills[i].s);
        put_int(o, "providers", hold->providers);
        if (it->named && hold->providers == 1 && hold->provider <= sheet->n_orgs) {
            put_text(o, "org", sheet->orgs[hold->provider - 1].handle.s);
        }
        json_array_append_new(list, o);
    }
    return list;
}

static void put_dependency(struct item *it)
{
    size_t n = count_of(it->sheet, depends);
    json_t *m = begin_metrics(it);

    put_int(m, "above_pair_cap", (int64_t)n);
    put_int(m, "skills_hanging", (int64_t)it->sheet->hanging);
    put(m, "skills", view_hanging(it));
    put_sentence(it, say_dependency(n, it->sheet->hanging));
    put_trend(it, dependent_of);
    put_orgs(it, depends);
}

static bool rests(const struct sheet *sheet, const struct sheet_org *o)
{
    (void)sheet;
    return o->rests;
}

static struct ratio burden_of_year(const struct sheet_year *y)
{
    return y->burden.gini;
}

static void put_burden(struct item *it)
{
    const struct burden_spread *spread = &it->sheet->years[0].burden;
    size_t n = count_of(it->sheet, rests);
    json_t *m = begin_metrics(it);

    put_ratio(m, "burden_gini", spread->gini);
    put_int(m, "sizes_known", (int64_t)spread->known);
    put_int(m, "offered_rest", (int64_t)n);
    put_sentence(it, say_burden(spread, n));
    put_trend(it, burden_of_year);
    put_orgs(it, rests);
}

/* The name of what an offer or a need is about. */
static const char *thing_name(const struct item *it, uint32_t thing)
{
    const struct body_network_found *found = &it->rq->state->network.found;

    return thing < found->n_skills ? found->skills[thing].s
                                   : thing_word((enum thing)(thing - found->n_skills));
}

/* The new offers that would help most: to coordinators, with whose they would be. */
static json_t *view_gains(struct item *it)
{
    const struct deficit_result *d = &it->sheet->deficit;
    json_t *list = view_array();

    for (size_t i = 0; i < d->n_gains; i++) {
        json_t *o = view_object();

        put_text(o, "org", it->sheet->orgs[d->gains[i].org - 1].handle.s);
        put_text(o, "skill", thing_name(it, d->gains[i].skill));
        put_int(o, "minutes", d->gains[i].minutes);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *view_numbers(struct item *it, const uint32_t *numbers, size_t n)
{
    json_t *list = view_array();

    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_string(it->sheet->orgs[numbers[i] - 1].handle.s));
    }
    return list;
}

static struct ratio deficit_of(const struct sheet_year *y)
{
    return (struct ratio){true, y->deficit};
}

static void put_deficit(struct item *it)
{
    const struct deficit_result *d = &it->sheet->deficit;
    json_t *m = begin_metrics(it), *invite;

    put_int(m, "asked", d->asked);
    put_int(m, "deficit", d->deficit);
    put_sentence(it, say_deficit(d->asked, d->deficit));
    put_trend(it, deficit_of);
    if (it->named) {
        put(it->o, "organisations", view_numbers(it, d->givers, d->n_givers));
        invite = view_object();
        put(invite, "give", view_numbers(it, d->unreached, d->n_unreached));
        put(invite, "offers", view_gains(it));
        put(it->o, "invite", invite);
    }
}

/* --- The answer ------------------------------------------------------------------------------- */

static const struct {
    const char *id;
    void (*put)(struct item *it);
} items[] = {
    {"fill_gap", put_fill_gap},       {"position", put_positions},
    {"displaced", put_displaced},     {"comes_round", put_comes_round},
    {"dependency", put_dependency},   {"burden", put_burden},
    {"deficit", put_deficit},
};

static json_t *view_item(struct request *rq, const struct sheet *sheet, size_t i)
{
    struct item it = {rq, sheet, view_object(), rq->caller.known && rq->caller.coordinator};
    char drill[64];

    put_text(it.o, "id", items[i].id);
    put_flag(it.o, "alert", i == 0 && sheet->gap_alert);
    items[i].put(&it);
    snprintf(drill, sizeof drill, "/v1/reciprocity/%s", items[i].id);
    put_text(it.o, "drill", drill);
    return it.o;
}

static void put_pool(json_t *o, const struct sheet *sheet)
{
    json_t *pool = view_object();

    put_int(pool, "position", sheet->totals.pool);
    put_int(pool, "budget", sheet->quarter.budget);
    put_int(pool, "spent", sheet->quarter.spent);
    if (sheet->quarter.crisis_until > sheet->at) {
        put_int(pool, "crisis_until_at", sheet->quarter.crisis_until);
    } else {
        put(pool, "crisis_until_at", json_null());
    }
    put(o, "pool", pool);
}

static void put_year(json_t *o, const struct sheet *sheet)
{
    json_t *window = view_object();
    char text[DAY_TEXT_BYTES];

    day_format(text, sheet->years[0].from_day < DAY_MIN ? DAY_MIN : sheet->years[0].from_day);
    put_text(window, "from", text);
    day_format(text, sheet->years[0].to_day);
    put_text(window, "to", text);
    put_int(window, "minutes", sheet->layer[LAYER_HELP].minutes);
    put(o, "window", window);
}

static json_t *view_sheet(struct request *rq, const struct sheet *sheet)
{
    json_t *o = view_object(), *list = view_array();

    put_int(o, "size", (int64_t)sheet->size);
    put_year(o, sheet);
    put_policy(o, rq->state);
    put_sums(o, &sheet->totals);
    put_pool(o, sheet);
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        json_array_append_new(list, view_item(rq, sheet, i));
    }
    put(o, "items", list);
    return o;
}

void get_reciprocity(struct request *rq)
{
    const struct sheet *sheet;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    sheet = sheets_get(rq->server->sheets, rq->state, rq->now_ms);
    if (!sheet) {
        reply_code(rq, CODE_internal, "the rolling year cannot be read");
        return;
    }
    if (sheet->size != state_size(rq->state) ||
        window_day(sheet->at) != window_day(rq->now_ms) || !reply_not_modified(rq)) {
        reply_json(rq, MHD_HTTP_OK, view_sheet(rq, sheet));
    }
    sheets_release(rq->server->sheets, sheet);
}
