/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a batch is computed from, read from logs made by hand (SPEC 19.8). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kept_batch.h"
#include "ledger/match_json.h"
#include "policies/window.h"
#include "tests/ledger/fixture.h"

#define ORGS 6
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static struct fixture fixture;
static struct state state;
static struct match_facts facts;
static struct match_result result;
static struct match_decline declines[8];
static size_t n_declines;
static int64_t week; /* for which facts are read; 0: that of the last leaf */

static void start(void)
{
    fixture_make(&fixture, ORGS);
}

static void end(void)
{
    match_free(&result);
    match_facts_free(&facts);
    fixture_drop(&fixture);
}

TestSuite(match_facts, .init = start, .fini = end);

/* --- A log ------------------------------------------------------------------------------------ */

static void offer(char ref[static REF_TEXT_SIZE], const char *by, const char *skill,
                  const char *more)
{
    fixture_do(&fixture, ref, "offer.publish", by,
               "{%s\"details\":\"" ZEROS "\",\"expires\":%" PRId64 ",\"providers\":[\"%s\"],"
               "\"public\":true,\"skill\":\"%s\",\"type\":\"skill\"}",
               more, fixture.at + 100 * FIXTURE_DAY, by, skill);
}

static void need(char ref[static REF_TEXT_SIZE], const char *by, const char *skill, int minutes,
                 bool urgent, const char *more)
{
    fixture_do(&fixture, ref, "need.publish", by,
               "{%s\"details\":\"" ZEROS "\",\"expires\":%" PRId64 ",\"minutes\":%d,"
               "\"public\":true,\"skill\":\"%s\",\"type\":\"skill\",\"urgent\":%s}",
               more, fixture.at + 60 * FIXTURE_DAY, minutes, skill, urgent ? "true" : "false");
}

static void hours(const char *signers, const char *from, const char *to, int minutes)
{
    char ref[REF_TEXT_SIZE], day[DAY_TEXT_BYTES];

    day_format(day, window_day(fixture.at));
    fixture_do(&fixture, ref, "hours.record", signers,
               "{\"day\":\"%s\",\"shares\":[{\"from\":\"%s\",\"minutes\":%d,\"to\":\"%s\"}]}", day,
               from, minutes, to);
}

static void agree(const char *signers, const char *from, const char *to, int minutes,
                  const char *for_need)
{
    char ref[REF_TEXT_SIZE];

    fixture_do(&fixture, ref, "agreement.sign", signers,
               "{\"details\":\"" ZEROS "\",\"expires\":%" PRId64 ",\"need\":\"%s\","
               "\"shares\":[{\"from\":\"%s\",\"minutes\":%d,\"to\":\"%s\"}]}",
               fixture.at + 30 * FIXTURE_DAY, for_need, from, minutes, to);
}

static void look(struct kv *kv, void *ctx)
{
    (void)ctx;
    state_attach(&state, kv);
    match_facts_free(&facts);
    cr_assert(match_facts_read(&state, FIXTURE_ORIGIN,
                               week ? week : calendar_week(state_last_at(&state)), declines,
                               n_declines, &facts));
}

static void read_facts(void)
{
    fixture_look(&fixture, look, NULL);
}

static void solve(void)
{
    read_facts();
    match_free(&result);
    cr_assert(match_facts_solve(&facts, &result));
}

/* --- Looking ---------------------------------------------------------------------------------- */

static const struct match_fact_org *org(const char *handle)
{
    struct handle h = {""};
    size_t i;

    memcpy(h.s, handle, strlen(handle));
    i = match_facts_org(&facts, &h);
    cr_assert_lt(i, facts.n_orgs);
    return &facts.orgs[i];
}

static struct ref ref_of(const char *text)
{
    struct ref ref;

    cr_assert(ref_parse(&ref, text, strlen(text)));
    return ref;
}

static size_t need_at(const char *text)
{
    struct ref ref = ref_of(text);

    return match_facts_need(&facts, &ref);
}

/* Minutes proposed for a need by an organisation. */
static int64_t proposed(const char *need_text, const char *by)
{
    int64_t minutes = 0;

    for (size_t i = 0; i < result.n_proposals; i++) {
        const struct match_proposal *p = &result.proposals[i];

        if (p->need == need_at(need_text) && strcmp(facts.orgs[p->giver].handle.s, by) == 0) {
            minutes += p->minutes;
        }
    }
    return minutes;
}

static void decline(const char *need_text, const char *by, int64_t until)
{
    struct match_decline *d = &declines[n_declines++];

    memset(d, 0, sizeof *d);
    d->need = ref_of(need_text);
    memcpy(d->org.s, by, strlen(by));
    d->until = until;
}

/* --- Organisations ---------------------------------------------------------------------------- */

Test(match_facts, capacity_is_what_is_left_of_a_month)
{
    char ref[REF_TEXT_SIZE];

    hours("org-02 org-03", "org-02", "org-03", 60);
    fixture.at += 40 * FIXTURE_DAY;
    hours("org-03 org-04", "org-04", "org-03", 50);
    need(ref, "org-03", "garden", 90, false, "");
    agree("org-03 org-05", "org-05", "org-03", 70, ref);
    read_facts();
    cr_expect_eq(org("org-02")->capacity, 240, "what was given 40 days ago is given");
    cr_expect_eq(org("org-04")->capacity, 190);
    cr_expect_eq(org("org-05")->capacity, 170);
    hours("org-03 org-04", "org-04", "org-03", 300);
    read_facts();
    cr_expect_eq(org("org-04")->capacity, 0, "never below zero");
}

Test(match_facts, offers_that_say_how_much_bound_the_month)
{
    char ref[REF_TEXT_SIZE];

    offer(ref, "org-02", "garden", "\"minutes_month\":100,");
    offer(ref, "org-02", "repair", "\"minutes_month\":30,");
    offer(ref, "org-03", "garden", "\"minutes_month\":100,");
    offer(ref, "org-03", "repair", "");
    offer(ref, "org-04", "garden", "\"minutes_month\":1000,");
    read_facts();
    cr_expect_eq(org("org-02")->capacity, 130);
    cr_expect_eq(org("org-03")->capacity, 240, "one of them does not say");
    cr_expect_eq(org("org-04")->capacity, 240, "more than the organisation has");
}

Test(match_facts, what_is_promised_counts_against_who_receives_it)
{
    char ref[REF_TEXT_SIZE];

    need(ref, "org-03", "garden", 90, false, "");
    agree("org-02 org-03", "org-02", "org-03", 70, ref);
    hours("org-03 org-04", "org-04", "org-03", 25);
    read_facts();
    cr_expect_eq(org("org-03")->position, -95);
    cr_expect_eq(org("org-02")->position, 0, "a promise helps nobody who gives");
    cr_expect_eq(org("org-04")->position, 25);
    cr_expect_eq(org("org-03")->received, 25);
    cr_assert_eq(facts.n_pairs, 1);
    cr_expect_eq(facts.pairs[0].minutes, 25);
    cr_expect_str_eq(facts.orgs[facts.pairs[0].giver].handle.s, "org-04");
}

Test(match_facts, who_left_is_not_there)
{
    char ref[REF_TEXT_SIZE];

    offer(ref, "org-02", "garden", "");
    hours("org-02 org-03", "org-02", "org-03", 60);
    fixture_do(&fixture, ref, "org.leave", "org-02", "{}");
    read_facts();
    cr_expect_eq(facts.n_orgs, ORGS - 1);
    cr_expect_eq(facts.n_offers, 0);
    cr_expect_eq(facts.n_pairs, 0);
    cr_expect_eq(org("org-03")->received, 60, "what it gave was received all the same");
}

/* --- Needs and offers ------------------------------------------------------------------------- */

Test(match_facts, a_need_asks_for_what_is_neither_served_nor_reserved)
{
    char one[REF_TEXT_SIZE], two[REF_TEXT_SIZE], gone[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

    need(one, "org-02", "garden", 100, false, "\"areas\":[\"forest\"],\"languages\":[\"nl\"],");
    need(two, "org-02", "garden", 50, false, "");
    need(gone, "org-03", "garden", 50, false, "");
    agree("org-02 org-03", "org-03", "org-02", 40, one);
    agree("org-02 org-03", "org-03", "org-02", 50, two);
    fixture_do(&fixture, ref, "need.withdraw", "org-03", "{\"need\":\"%s\"}", gone);
    read_facts();
    cr_assert_eq(facts.n_needs, 1);
    cr_expect_eq(need_at(one), 0);
    cr_expect_eq(facts.needs[0].minutes, 60);
    cr_expect_eq(facts.needs[0].class, 2, "among the first of its asker");
    cr_expect_str_eq(facts.needs[0].what.areas.v[0].s, "forest");
    cr_expect_str_eq(facts.needs[0].what.languages.v[0].s, "nl");
    cr_expect_str_eq(facts.needs[0].what.skill.s, "garden");
}

Test(match_facts, waiting_moves_up_and_a_voucher_opens_the_first_class)
{
    char old[REF_TEXT_SIZE], urgent[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

    for (int i = 0; i < 3; i++) {
        need(ref, "org-02", "repair", 30, false, "");
    }
    need(old, "org-02", "garden", 60, false, "");
    need(urgent, "org-03", "garden", 60, true, "");
    read_facts();
    cr_expect_eq(facts.needs[need_at(old)].class, 3);
    cr_expect_eq(facts.needs[need_at(urgent)].class, 2, "declared is not yet in force");
    cr_expect_not(facts.needs[need_at(urgent)].urgent);
    fixture.at += 31 * FIXTURE_DAY;
    fixture_do(&fixture, ref, "need.vouch", "org-04", "{\"need\":\"%s\"}", urgent);
    read_facts();
    cr_expect_eq(facts.needs[need_at(old)].class, 2);
    cr_expect_eq(facts.needs[need_at(urgent)].class, 0);
    cr_expect(facts.needs[need_at(urgent)].urgent);
    cr_expect_str_eq(facts.needs[need_at(urgent)].voucher.s, "org-04");
}

Test(match_facts, a_joint_offer_is_one)
{
    char ref[REF_TEXT_SIZE];

    fixture_do(&fixture, ref, "offer.publish", "org-02 org-03",
               "{\"details\":\"" ZEROS "\",\"expires\":%" PRId64 ","
               "\"providers\":[\"org-02\",\"org-03\"],\"public\":true,\"skill\":\"garden\","
               "\"type\":\"skill\"}", fixture.at + 100 * FIXTURE_DAY);
    read_facts();
    cr_assert_eq(facts.n_offers, 1);
    cr_expect_eq(facts.offers[0].n_providers, 2);
}

Test(match_facts, a_week_begins_before_its_batch)
{
    char one[REF_TEXT_SIZE];
    int64_t monday;

    need(one, "org-02", "garden", 60, false, "");
    monday = calendar_week(fixture.at) + 7 * FIXTURE_DAY;
    week = monday;
    read_facts();
    cr_expect_eq(facts.at, monday, "a week that begins after the last leaf");
    week = monday - 14 * FIXTURE_DAY;
    read_facts();
    cr_expect_gt(facts.at, monday - 7 * FIXTURE_DAY, "or one that it lies in, or behind");
    week = calendar_week(fixture.at + 70 * FIXTURE_DAY);
    read_facts();
    cr_expect_eq(facts.n_needs, 0, "what has run out is not asked, even before the tick");
}

/* --- Proposals -------------------------------------------------------------------------------- */

Test(match_facts, the_urgent_first_and_the_least_asked)
{
    char usual[REF_TEXT_SIZE], urgent[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

    offer(ref, "org-05", "garden", "\"minutes_month\":120,");
    need(usual, "org-02", "garden", 120, false, "");
    need(urgent, "org-03", "garden", 120, true, "");
    fixture_do(&fixture, ref, "need.vouch", "org-04", "{\"need\":\"%s\"}", urgent);
    solve();
    cr_expect_eq(proposed(urgent, "org-05"), 120);
    cr_expect_eq(proposed(usual, "org-05"), 0);
    offer(ref, "org-04", "garden", "");
    offer(ref, "org-06", "garden", "");
    hours("org-03 org-05", "org-05", "org-03", 30);
    solve();
    cr_expect_eq(proposed(urgent, "org-04"), 0, "it vouched");
    cr_expect_eq(proposed(urgent, "org-06"), 120, "org-05 gave");
    cr_expect_eq(proposed(usual, "org-04"), 120);
}

static void hours_for(const char *signers, const char *from, const char *to, int minutes,
                      const char *for_need)
{
    char ref[REF_TEXT_SIZE], day[DAY_TEXT_BYTES];

    day_format(day, window_day(fixture.at));
    fixture_do(&fixture, ref, "hours.record", signers,
               "{\"day\":\"%s\",\"need\":\"%s\",\"shares\":[{\"from\":\"%s\",\"minutes\":%d,"
               "\"to\":\"%s\"}]}", day, for_need, from, minutes, to);
}

/* All stand at zero, and ask for the same one after another of one that has hours for one of them.
 */
Test(match_facts, of_one_class_those_come_first_who_obtained_less_of_what_they_asked)
{
    char full[REF_TEXT_SIZE], half[REF_TEXT_SIZE], gone[REF_TEXT_SIZE], asks[4][REF_TEXT_SIZE],
        ref[REF_TEXT_SIZE];

    need(full, "org-02", "repair", 60, false, "");
    need(half, "org-03", "repair", 120, false, "");
    need(gone, "org-06", "repair", 90, false, "");
    hours_for("org-02 org-03", "org-03", "org-02", 60, full);
    hours_for("org-02 org-03", "org-02", "org-03", 60, half);
    fixture_do(&fixture, ref, "need.withdraw", "org-06", "{\"need\":\"%s\"}", gone);
    fixture.at += 61 * FIXTURE_DAY;
    offer(ref, "org-05", "garden", "\"minutes_month\":120,");
    need(asks[0], "org-02", "garden", 120, false, "");
    need(asks[1], "org-03", "garden", 120, false, "");
    need(asks[2], "org-04", "garden", 120, false, "");
    need(asks[3], "org-06", "garden", 120, false, "");
    solve();
    cr_expect_eq(org("org-02")->fill.asked, 60);
    cr_expect_eq(org("org-02")->fill.served, 60);
    cr_expect_eq(org("org-03")->fill.asked, 120);
    cr_expect_eq(org("org-03")->fill.served, 60);
    cr_expect_eq(org("org-06")->fill.asked, 0, "it withdrew what it asked");
    cr_expect_eq(org("org-02")->position, 0);
    cr_expect_eq(org("org-03")->position, 0);
    cr_expect_eq(proposed(asks[2], "org-05"), 120, "nothing obtained yet; of two, the older");
    decline(asks[2], "org-05", 0);
    decline(asks[3], "org-05", 0);
    solve();
    cr_expect_eq(proposed(asks[1], "org-05"), 120, "half of what it asked, the other all");
    /* Beyond the year nothing of it is left, and the oldest comes first. */
    fixture.at += 20 * FIXTURE_DAY;
    week = calendar_week(fixture.at + 350 * FIXTURE_DAY);
    read_facts();
    cr_expect_eq(org("org-03")->fill.asked, 0);
    cr_expect_eq(org("org-02")->fill.asked, 0);
}

Test(match_facts, who_declined_is_left_out_while_it_says_so)
{
    char one[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

    offer(ref, "org-05", "garden", "");
    need(one, "org-02", "garden", 60, false, "");
    decline(one, "org-05", fixture.at + FIXTURE_DAY);
    decline(one, "org-05", fixture.at - FIXTURE_DAY);
    n_declines = 1;
    solve();
    cr_expect_eq(facts.n_declines, 1);
    cr_expect_eq(proposed(one, "org-05"), 0);
    cr_assert_eq(result.n_left, 1);
    cr_expect_eq(result.left[0].why, MATCH_LEFT_BARRED);
    declines[0] = declines[1];
    solve();
    cr_expect_eq(facts.n_declines, 0, "that day is over");
    cr_expect_eq(proposed(one, "org-05"), 60);
}

/* Who is asked when nothing else decides changes from week to week, and is nobody's choice. */
Test(match_facts, ties_are_drawn_anew_each_week)
{
    char one[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];
    int seen[ORGS + 1] = {0}, different = 0;

    for (int i = 3; i <= ORGS; i++) {
        char handle[8];

        snprintf(handle, sizeof handle, "org-%02d", i);
        offer(ref, handle, "garden", "");
    }
    need(one, "org-02", "garden", 60, false, "");
    for (int i = 0; i < 8; i++) {
        week = calendar_week(fixture.at) + i * 7 * FIXTURE_DAY;
        solve();
        cr_assert_eq(result.n_proposals, 1);
        seen[result.proposals[0].giver]++;
        solve();
        cr_expect_eq(result.n_proposals, 1);
    }
    for (int i = 0; i <= ORGS; i++) {
        different += seen[i] > 0;
    }
    cr_expect_gt(different, 1);
}

Test(match_facts, between_batches_the_least_asked_is_chosen)
{
    char one[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];
    struct match_choice choice;

    offer(ref, "org-04", "garden", "");
    offer(ref, "org-05", "garden", "\"minutes_month\":150,");
    offer(ref, "org-06", "repair", "");
    hours("org-03 org-04", "org-04", "org-03", 60);
    need(one, "org-02", "garden", 270, false, "");
    read_facts();
    cr_assert(match_facts_choose(&facts, need_at(one), 120, &choice));
    cr_assert_eq(choice.n, 1);
    cr_expect_eq(choice.candidates, 2);
    cr_expect_str_eq(facts.orgs[choice.v[0].giver].handle.s, "org-05");
    cr_expect_eq(choice.v[0].minutes, 120);
    cr_assert(match_facts_choose(&facts, need_at(one), 270, &choice));
    cr_assert_eq(choice.n, 2, "what one cannot do is shared");
    cr_expect_eq(choice.v[0].minutes, 150);
    cr_expect_eq(choice.v[1].minutes, 120);
    cr_expect_str_eq(facts.orgs[choice.v[1].giver].handle.s, "org-04");
    decline(one, "org-05", 0);
    read_facts();
    cr_assert(match_facts_choose(&facts, need_at(one), 120, &choice));
    cr_expect_str_eq(facts.orgs[choice.v[0].giver].handle.s, "org-04");
    decline(one, "org-04", 0);
    read_facts();
    cr_assert(match_facts_choose(&facts, need_at(one), 120, &choice));
    cr_expect_eq(choice.n + choice.candidates, 0);
}

static size_t between;

static void count_between(void *ctx, size_t need_place, size_t offer_place)
{
    (void)ctx;
    cr_expect_lt(need_place, facts.n_needs);
    cr_expect_lt(offer_place, facts.n_offers);
    between++;
}

Test(match_facts, loops_among_three)
{
    char ref[REF_TEXT_SIZE];
    struct loop loops[4];

    offer(ref, "org-02", "garden", "\"areas\":[\"forest\"],");
    offer(ref, "org-03", "repair", "");
    fixture_do(&fixture, ref, "offer.publish", "org-04",
               "{\"details\":\"" ZEROS "\",\"expires\":%" PRId64 ",\"providers\":[\"org-04\"],"
               "\"public\":true,\"type\":\"space\"}", fixture.at + 100 * FIXTURE_DAY);
    need(ref, "org-03", "garden", 150, false, "\"areas\":[\"forest\",\"ixelles\"],");
    need(ref, "org-04", "repair", 200, false, "");
    fixture_do(&fixture, ref, "need.publish", "org-02",
               "{\"details\":\"" ZEROS "\",\"expires\":%" PRId64 ",\"minutes\":130,\"public\":true,"
               "\"type\":\"space\",\"urgent\":false}", fixture.at + 50 * FIXTURE_DAY);
    read_facts();
    cr_assert_eq(match_facts_loops(&facts, loops, 4), 1);
    cr_expect_eq(loops[0].n, 3);
    cr_expect_eq(loops[0].minutes, 130);
    for (uint32_t i = 0; i < 3; i++) {
        match_facts_between(&facts, loops[0].org[i], loops[0].org[(i + 1) % 3], count_between,
                            NULL);
    }
    cr_expect_eq(between, 3);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static char *written(const struct match_facts *f)
{
    json_t *json = match_facts_json(f);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(json);
    cr_assert_not_null(text);
    return text;
}

Test(match_facts, what_is_written_is_read_back)
{
    char one[REF_TEXT_SIZE], ref[REF_TEXT_SIZE], why[MATCH_WHY_SIZE] = "";
    struct match_facts again;
    struct match_result same;
    char *text, *second;
    json_t *json;

    offer(ref, "org-04", "garden", "\"languages\":[\"fr\",\"nl\"],");
    offer(ref, "org-05", "garden", "\"areas\":[\"forest\"],");
    hours("org-03 org-04", "org-04", "org-03", 60);
    need(one, "org-02", "garden", 250, true, "\"areas\":[\"forest\"],");
    need(ref, "org-03", "garden", 200, false, "\"languages\":[\"fr\"],");
    fixture_do(&fixture, ref, "need.vouch", "org-06", "{\"need\":\"%s\"}", one);
    decline(one, "org-04", 0);
    solve();
    text = written(&facts);
    json = json_loads(text, 0, NULL);
    cr_assert(match_facts_from_json(json, &again, why), "%s", why);
    second = written(&again);
    cr_expect_str_eq(text, second);
    cr_assert(match_facts_solve(&again, &same));
    cr_assert_eq(same.n_proposals, result.n_proposals);
    cr_assert_gt(same.n_proposals, 0);
    cr_expect_eq(memcmp(same.proposals, result.proposals,
                        same.n_proposals * sizeof *same.proposals), 0);
    json_decref(json);
    free(text);
    free(second);
    match_free(&same);
    match_facts_free(&again);
}

/* --- What is kept ----------------------------------------------------------------------------- */

static bool is_of_org_05(void *ctx, const struct match_decline *d)
{
    (void)ctx;
    return strcmp(d->org.s, "org-05") == 0;
}

Test(match_facts, the_side_store_keeps_the_batch_and_what_was_declined)
{
    char one[REF_TEXT_SIZE], text[] = "{\"at\":1}";
    struct kept_batch batch = {.week = "2026-W09", .json = text, .n = sizeof text - 1}, back;
    struct match_decline *all;
    struct side *side = fixture.node.side;
    uint64_t generation = side_generation(side);
    size_t n;

    cr_expect_eq(kept_batch_get(side, &back), KEPT_ABSENT);
    cr_assert(kept_batch_put(side, &batch));
    cr_expect_eq(side_generation(side), generation, "what others read is as it was");
    cr_assert_eq(kept_batch_get(side, &back), KEPT_THERE);
    cr_expect_str_eq(back.week, "2026-W09");
    cr_expect_str_eq(back.json, text);
    free(back.json);
    need(one, "org-02", "garden", 60, false, "");
    decline(one, "org-05", 77);
    decline(one, "org-04", 0);
    for (size_t i = 0; i < n_declines; i++) {
        cr_assert(kept_decline_put(side, &declines[i]));
    }
    cr_expect_gt(side_generation(side), generation);
    declines[0].until = 99;
    cr_assert(kept_decline_put(side, &declines[0]));
    fixture_close(&fixture);
    fixture_reopen(&fixture);
    side = fixture.node.side;
    cr_assert_eq(kept_declines(side, &all, &n), KEPT_THERE);
    cr_assert_eq(n, 2);
    cr_expect_str_eq(all[0].org.s, "org-04");
    cr_expect_eq(all[1].until, 99, "the last word counts");
    free(all);
    cr_expect_eq(kept_declines_purge(side, is_of_org_05, NULL), 1);
    cr_assert_eq(kept_declines(side, &all, &n), KEPT_THERE);
    cr_expect_eq(n, 1);
    free(all);
}
