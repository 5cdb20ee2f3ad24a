/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The coordinator's sheet on histories told by hand (SPEC 18.9). */
#include "ledger/sheet.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policies/window.h"
#include "tests/ledger/story.h"

#define JANUARY INT64_C(1704067200000) /* 2024-01-01, 0:00 UTC */
#define APRIL   INT64_C(1711929600000) /* 2024-04-01, 0:00 UTC */
#define WIDE    "\"limit_floor_new\":6000,\"limit_floor_base\":6000,\"limit_floor_max\":6000"

static char ref[REF_TEXT_SIZE], need[REF_TEXT_SIZE];
static struct sheet sheet;

static void make(void)
{
    sheet_free(&sheet);
    cr_assert(sheet_make(&made.state, made.at, SHEET_YEARS, &sheet));
    cr_assert_eq(sheet.size, made.n);
}

static void end(void)
{
    sheet_free(&sheet);
    story_end();
}

static void expect_ratio(struct ratio found, int64_t permille, const char *what)
{
    cr_expect(found.known, "%s", what);
    cr_expect_eq(found.permille, permille, "%s: %" PRId64, what, found.permille);
}

static const struct sheet_org *org(int number)
{
    cr_assert_eq(sheet.orgs[number - 1].number, (uint32_t)number);
    return &sheet.orgs[number - 1];
}

static void declare(int number, int64_t capacity, int64_t fte)
{
    story_do(ref, "org.update", story_name(number),
             "{\"capacity\":%" PRId64 ",\"details\":\"" STORY_ZEROS "\",\"fte\":%" PRId64
             ",\"public\":true}",
             capacity, fte);
}

/* --- The worked network of SPEC 18.1 ---------------------------------------------------------- */

static void worked_network(void)
{
    static const int64_t fte[] = {4000, 500, 400, 100, 300};
    story_start(5, "{" WIDE "}");
    for (int i = 0; i < 5; i++)
        declare(i + 1, 240, fte[i]);
    story_help(1, 4, 600);
    story_help(1, 5, 480);
    story_help(1, 2, 120);
    story_help(2, 3, 180);
    story_help(2, 1, 120);
    story_help(3, 2, 120);
    story_help(3, 1, 60);
    story_help(4, 3, 60);
}

Test(sheet, the_worked_network_of_the_specification)
{
    static const int64_t index[] = {739, 111, -142, -818, -1000};
    static const int64_t burden[] = {30, 60, 45, 60, 0};
    worked_network();
    make();
    for (enum layer l = 0; l < LAYERS; l++) {
        cr_expect_eq(sheet.layer[l].minutes, 1740);
        expect_ratio(sheet.layer[l].displaced, 620, "M3");
        expect_ratio(sheet.layer[l].positions, 847, "M4");
        expect_ratio(sheet.layer[l].direct, 275, "M5");
        expect_ratio(sheet.layer[l].round, 379, "M6");
        expect_ratio(sheet.layer[l].one_way, 546, "M7");
        expect_ratio(sheet.layer[l].core, 800, "M15");
    }
    expect_ratio(sheet.years[0].displaced, 620, "M3 of the newest year");
    expect_ratio(sheet.years[0].round, 379, "M6 of the newest year");
    expect_ratio(sheet.solidarity, 0, "M13");
    expect_ratio(sheet.turnover, 1611, "M12");
    expect_ratio(sheet.dormant, 0, "M12, dormant");
    expect_ratio(sheet.years[0].burden.gini, 307, "M11");
    for (int i = 0; i < 5; i++) {
        expect_ratio(org(i + 1)->index, index[i], "M2");
        cr_expect_eq(org(i + 1)->burden.minutes, burden[i]);
        cr_expect_eq(org(i + 1)->position, story_position(i + 1));
        cr_expect_not(org(i + 1)->rests);
    }
    cr_expect_eq(sheet.n_orgs, 5u);
    cr_expect_eq(sheet.hanging, 0u);
    cr_expect_eq(sheet.deficit.asked, 0);
    cr_expect_not(sheet.gap.known);
    cr_expect_not(sheet.gap_alert);
    end();
}

/* The years that are over end with quarters, and know nothing from before the founding. */
Test(sheet, years_that_ended_with_quarters)
{
    worked_network();
    story_at(APRIL + 40 * MAKER_DAY);
    story_help(5, 1, 480);
    make();
    cr_expect_eq(sheet.years[0].to_day, window_day(made.at));
    cr_expect_eq(sheet.years[1].to_day, window_day(APRIL) - 1);
    cr_expect_eq(sheet.years[2].to_day, window_day(JANUARY) - 1);
    for (size_t i = 0; i < SHEET_YEARS; i++)
        cr_expect_eq(sheet.years[i].to_day - sheet.years[i].from_day, 364);
    for (size_t i = 1; i <= 2; i++) {
        expect_ratio(sheet.years[i].displaced, 620, "M3");
        expect_ratio(sheet.years[i].round, 379, "M6");
        expect_ratio(sheet.years[i].burden.gini, 307, "M11");
    }
    /* y is now 540, 60, -60, -540, 0 of 2220; and 480 more come round. */
    expect_ratio(sheet.years[0].displaced, 600 * 1000 / 2220, "M3");
    expect_ratio(sheet.years[0].round, (660 + 2 * 480) * 1000 / 2220, "M6");
    for (size_t i = 3; i < SHEET_YEARS; i++) {
        cr_expect_not(sheet.years[i].displaced.known);
        cr_expect_not(sheet.years[i].round.known);
        cr_expect_eq(sheet.years[i].dependent, 0u);
    }
    end();
}

/* A year later the same help is in no window; positions stay. */
Test(sheet, what_is_older_than_a_year)
{
    worked_network();
    story_pass(364 * MAKER_DAY);
    make();
    cr_expect_eq(sheet.layer[LAYER_HELP].minutes, 1740);
    expect_ratio(sheet.dormant, 1000, "all above zero received nothing for long");
    cr_expect(org(1)->dormant);
    cr_expect(org(2)->dormant);
    cr_expect_not(org(4)->dormant, "it stands below zero");
    story_pass(2 * MAKER_DAY);
    make();
    cr_expect_eq(sheet.layer[LAYER_HELP].minutes, 0);
    cr_expect_not(sheet.layer[LAYER_HELP].displaced.known);
    cr_expect_not(sheet.years[0].round.known);
    expect_ratio(sheet.turnover, 0, "M12");
    expect_ratio(sheet.years[1].displaced, 620, "the year that ended with September");
    end();
}

/* --- Organisations ---------------------------------------------------------------------------- */

/* 480 of 600 from one, by three exchanges: above the cap of 400 per mille once 720 came in. */
Test(sheet, dependent_on_one)
{
    story_start(4, "{" WIDE "}");
    story_help(1, 4, 400);
    story_help(1, 4, 80);
    story_help(2, 4, 120);
    make();
    cr_expect_eq(sheet.years[0].dependent, 0u, "too little was received");
    cr_expect_not(org(4)->above_pair_cap);
    expect_ratio((struct ratio){org(4)->depends.known, org(4)->depends.top_permille}, 800, "M8");
    story_help(3, 4, 120);
    make();
    cr_expect_eq(sheet.years[0].dependent, 1u);
    cr_expect(org(4)->above_pair_cap);
    cr_expect_not(org(1)->above_pair_cap);
    story_do(ref, "org.leave", "org-04", "{}");
    make();
    cr_expect_eq(sheet.years[0].dependent, 0u, "nobody can talk to it any more");
    cr_expect_not(org(4)->active);
    end();
}

/* Rest is offered to whom three years in a row show far above the median. */
Test(sheet, rest_after_two_quarters)
{
    story_start(4, "{" WIDE "}");
    for (int i = 1; i <= 4; i++)
        declare(i, 240, 100);
    story_help(1, 4, 300);
    story_help(2, 4, 100);
    story_help(3, 4, 100);
    story_at(JANUARY);
    make();
    cr_expect_not(org(1)->rests, "one quarter is over");
    story_at(APRIL - 1);
    make();
    cr_expect_not(org(1)->rests);
    story_at(APRIL);
    make();
    cr_expect(org(1)->rests, "300 against a median of 100");
    cr_expect_not(org(2)->rests);
    end();
}

/* Since the moment at which it came to lean, and not a millisecond before its days are over. */
Test(sheet, position_steps)
{
    struct org far;
    const struct policy *policy;
    story_start(3, "{\"limit_floor_new\":1000}");
    story_help(1, 3, 900);
    far = story_org(3);
    policy = &made.state.network.found.policy;
    cr_assert_neq(far.leaning_since, 0);
    cr_assert_eq(far.leaning_since, far.strained_since);
    int64_t lean = far.leaning_since + policy->ladder_lean_days * MAKER_DAY;
    int64_t strain = far.strained_since + policy->ladder_strain_days * MAKER_DAY;
    cr_expect_eq(sheet_position_step(policy, &far, lean - 1), 0);
    cr_expect_eq(sheet_position_step(policy, &far, lean), 1);
    cr_expect_eq(sheet_position_step(policy, &far, strain - 1), 1);
    cr_expect_eq(sheet_position_step(policy, &far, strain), 2);
    story_at(lean);
    make();
    cr_expect_eq(org(3)->position_step, 1);
    cr_expect_eq(org(2)->position_step, 0);
    expect_ratio(org(3)->line_use, -900, "M1");
    end();
}

/* --- Needs ------------------------------------------------------------------------------------ */

/* org-04 has a status of class 1: of 600 it receives 300, org-05 all 600 that it asked. */
Test(sheet, fill_gap)
{
    char fragile[REF_TEXT_SIZE], other[REF_TEXT_SIZE];
    story_start(5, "{" WIDE "}");
    story_status(4, 1, 0, 0);
    story_needs(fragile, 4, 600, false);
    story_needs(other, 5, 600, false);
    story_serve(ref, 1, 4, 300, fragile);
    story_serve(ref, 2, 5, 600, other);
    make();
    cr_expect_eq(sheet.years[0].others.asked, 600, "this one is met");
    cr_expect_eq(sheet.years[0].fragile.asked, 0, "the other one is still open");
    cr_expect_not(sheet.gap.known);
    story_pass(21 * MAKER_DAY);
    make();
    cr_expect_eq(sheet.years[0].fragile.asked, 600);
    cr_expect_eq(sheet.years[0].fragile.served, 300);
    expect_ratio(sheet.gap, 500, "M10");
    cr_expect(sheet.gap_alert);
    cr_expect_eq(org(4)->fill.served, 300);
    cr_expect_eq(org(5)->fill.served, 600);
    story_serve(ref, 3, 4, 300, fragile); /* too late */
    make();
    expect_ratio(sheet.gap, 500, "M10");
    story_pass(366 * MAKER_DAY);
    make();
    cr_expect_not(sheet.gap.known, "a year later nothing is compared");
    end();
}

/* A hundred per mille is no alert, one more is. */
Test(sheet, the_alert_is_above_a_hundred_per_mille)
{
    for (int more = 0; more <= 1; more++) {
        char fragile[REF_TEXT_SIZE], other[REF_TEXT_SIZE];
        story_start(5, "{" WIDE "}");
        story_status(4, 1, 0, 0);
        story_needs(fragile, 4, 1000, false);
        story_needs(other, 5, 1000, false);
        story_serve(ref, 1, 4, 900 - more, fragile);
        story_serve(ref, 2, 5, 1000, other);
        story_pass(21 * MAKER_DAY);
        make();
        expect_ratio(sheet.gap, 100 + more, "M10");
        cr_expect_eq(sheet.gap_alert, more == 1);
        end();
    }
}

static void ask_skill(int asker, int64_t minutes, const char *skill)
{
    story_do(need, "need.publish", story_name(asker),
             "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64 ",\"minutes\":%" PRId64
             ",\"public\":false,\"skill\":\"%s\",\"type\":\"skill\",\"urgent\":false}",
             made.at + 20 * MAKER_DAY, minutes, skill);
}

static void offer_skill(int by, const char *skill, int64_t days)
{
    story_do(ref, "offer.publish", story_name(by),
             "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64
             ",\"providers\":[\"%s\"],\"public\":false,\"skill\":\"%s\",\"type\":\"skill\"}",
             made.at + days * MAKER_DAY, story_name(by), skill);
}

/* Nobody, one, one and two; and an offer of half a year ago is none. */
Test(sheet, skills_that_hang)
{
    story_start(4, NULL);
    make();
    cr_expect_eq(sheet.hanging, 0u, "nobody asked");
    ask_skill(4, 60, "garden");
    make();
    cr_expect_eq(sheet.hanging, 1u);
    cr_expect(sheet.skills[0].hangs);
    cr_expect_eq(sheet.skills[0].providers, 0u);
    offer_skill(2, "garden", 184);
    offer_skill(2, "garden", 184);
    make();
    cr_expect(sheet.skills[0].hangs);
    cr_expect_eq(sheet.skills[0].providers, 1u);
    cr_expect_eq(sheet.skills[0].provider, 2u);
    offer_skill(3, "garden", 184);
    make();
    cr_expect_eq(sheet.hanging, 0u);
    cr_expect_not(sheet.skills[1].requested, "nobody asked for repair");
    story_pass(182 * MAKER_DAY);
    make();
    cr_expect(org(2)->offers, "open");
    cr_expect_eq(sheet.hanging, 1u, "and older than skill_fresh_days");
    end();
}

/* What a catalogue does not name stands behind it, each type for itself. */
Test(sheet, things_have_places)
{
    struct slug none = {""}, repair = {"repair"};
    story_start(3, NULL);
    cr_expect_eq(sheet_thing(&made.state, THING_SKILL, &repair), 1u);
    cr_expect_eq(sheet_thing(&made.state, THING_SPACE, &repair), 1u);
    uint32_t space = sheet_thing(&made.state, THING_SPACE, &none);
    uint32_t equipment = sheet_thing(&made.state, THING_EQUIPMENT, &none);
    cr_expect_geq(space, 2u);
    cr_expect_geq(equipment, 2u);
    cr_expect_neq(space, equipment);
    end();
}

/*
 * org-02 asks for 480 in the year, 120 a quarter, which org-03 alone offers. In the long run org-03
 * can give only what it receives: nothing, as long as it asks for nothing that somebody offers.
 */
Test(sheet, deficit_of_a_quarter)
{
    story_start(4, NULL);
    ask_skill(2, 480, "garden");
    offer_skill(3, "garden", 184);
    make();
    cr_expect_eq(sheet.deficit.asked, 120);
    cr_expect_eq(sheet.deficit.deficit, 120);
    cr_assert_eq(sheet.deficit.n_givers, 1u);
    cr_expect_eq(sheet.deficit.givers[0], 3u);
    cr_expect_eq(sheet.deficit.n_gains, 0u, "no offer helps a giver that asks for nothing");
    ask_skill(3, 240, "repair");
    make();
    cr_expect_eq(sheet.deficit.asked, 180);
    cr_expect_eq(sheet.deficit.deficit, 120, "60 of garden can go, and come back as nothing");
    offer_skill(2, "repair", 184);
    make();
    cr_expect_eq(sheet.deficit.deficit, 60, "60 go round, 60 of garden remain");
    ask_skill(3, 240, "repair");
    make();
    cr_expect_eq(sheet.deficit.asked, 240);
    cr_expect_eq(sheet.deficit.deficit, 0);
    end();
}

/* Three months of capacity bound it, declared or not. */
Test(sheet, deficit_beyond_capacity)
{
    story_start(4, "{\"capacity_default\":50,\"limit_floor_new\":6000}");
    ask_skill(2, 1600, "garden");
    ask_skill(3, 1600, "repair");
    offer_skill(2, "repair", 184);
    offer_skill(3, "garden", 184);
    make();
    cr_expect_eq(sheet.deficit.asked, 800);
    cr_expect_eq(sheet.deficit.deficit, 800 - 2 * 150);
    declare(2, 100, 100);
    declare(3, 100, 100);
    make();
    cr_expect_eq(sheet.deficit.deficit, 800 - 2 * 300);
    end();
}

/* The three offers that help most, in the order of the organisations that would make them. */
Test(sheet, offers_that_would_help_are_not_ranked)
{
    story_start(6, "{\"limit_floor_new\":6000}");
    for (int i = 2; i <= 5; i++)
        ask_skill(i, 400 * i, "garden");
    make();
    cr_assert_eq(sheet.deficit.deficit, (2 + 3 + 4 + 5) * 100);
    cr_assert_eq(sheet.deficit.n_gains, 3u);
    for (size_t i = 1; i < 3; i++)
        cr_expect_lt(sheet.deficit.gains[i - 1].org, sheet.deficit.gains[i].org);
    cr_expect_lt(sheet.deficit.gains[0].minutes, sheet.deficit.gains[2].minutes);
    end();
}

/* --- Another way to the same figures ---------------------------------------------------------- */

#define CROWD 7

/* Straight from the records of hours, whose days are looked at one by one. */
struct sums_by_hand {
    int64_t help, account, gift_or_pool, given[CROWD + 1], received[CROWD + 1];
};

static void sum_by_hand(int32_t from_day, struct sums_by_hand *out)
{
    struct hours h;
    memset(out, 0, sizeof *out);
    for (bool more = state_next_hours(&made.state, NULL, &h); more;
         more = state_next_hours(&made.state, &h.key, &h)) {
        for (size_t i = 0; h.bucket >= from_day && i < h.n; i++) {
            const struct pair_minutes *p = &h.pairs[i];
            int64_t left = p->minutes - p->other, counts = h.gift ? 0 : left - p->paid;
            out->help += left;
            out->account += counts;
            out->gift_or_pool += left - counts;
            out->given[p->from] += counts;
            out->received[p->to] += counts;
        }
    }
}

static void random_life(uint32_t *seed)
{
    for (int i = 0; i < 120; i++) {
        *seed = *seed * 1664525 + 1013904223;
        int from = 1 + (int)(*seed >> 9) % CROWD, to = 1 + (int)(*seed >> 17) % CROWD;
        int64_t minutes = 5 + (*seed >> 5) % 90;
        if (from == to)
            continue;
        story_do(ref, "hours.record", story_both(from, to),
                 "{\"day\":\"%s\",%s\"shares\":[{\"from\":\"%s\",\"minutes\":%" PRId64
                 ",\"to\":\"%s\"}]}",
                 story_today(), *seed % 5 == 0 ? "\"gift\":true," : "", story_name(from), minutes,
                 story_name(to));
        if (*seed % 7 == 0)
            story_do(need, "hours.reverse", story_both(from, to),
                     "{\"hours\":\"%s\",\"shares\":[{\"from\":\"%s\",\"minutes\":%" PRId64
                     ",\"to\":\"%s\"}]}",
                     ref, story_name(from), minutes / 2 + 1, story_name(to));
        if (*seed % 11 == 0) {
            story_needs(need, to, 40, true);
            story_vouch(to == 2 ? 3 : 2, need);
            story_serve(ref, from, to, 30, need);
        }
        story_pass((int64_t)(*seed >> 3) % 6 * MAKER_DAY);
    }
}

Test(sheet, figures_of_a_random_life_summed_by_hand)
{
    uint32_t seed = 20240229;
    struct sums_by_hand hand;
    story_start(CROWD, "{\"urgent_quota\":100," WIDE "}");
    random_life(&seed);
    make();
    sum_by_hand(sheet.years[0].from_day, &hand);
    int64_t displaced = 0;
    for (int i = 1; i <= CROWD; i++)
        displaced += llabs(hand.given[i] - hand.received[i]);
    cr_assert_gt(hand.gift_or_pool, 0);
    cr_assert_gt(story_quarter().spent + story_org(1).pool_received, 0);
    cr_expect_eq(sheet.layer[LAYER_HELP].minutes, hand.help);
    cr_expect_eq(sheet.layer[LAYER_ACCOUNT].minutes, hand.account);
    expect_ratio(sheet.layer[LAYER_ACCOUNT].displaced, 1000 * displaced / 2 / hand.account, "M3");
    expect_ratio(sheet.solidarity, 1000 * hand.gift_or_pool / hand.help, "M13");
    int64_t outstanding = llabs(story_pool());
    for (int i = 1; i <= CROWD; i++)
        outstanding += llabs(story_position(i));
    expect_ratio(sheet.turnover, 2000 * hand.help / outstanding, "M12");
    end();
}
