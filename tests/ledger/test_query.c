/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "ledger/query.h"
#include "policies/window.h"
#include "tests/ledger/fixture.h"

#define ORGS 6
#define ENTRIES_MAX 64
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The position of every organisation after every entry, as the rules keep it. */
static int64_t positions[ENTRIES_MAX][ORGS + 1];
static struct fixture fixture;
static struct state state;

static void note_positions(struct kv *kv, void *ctx)
{
    struct org org;
    uint64_t size;

    (void)ctx;
    state_attach(&state, kv);
    size = state_size(&state);
    cr_assert_leq(size, ENTRIES_MAX);
    for (uint32_t i = 1; i <= ORGS && state_org(&state, i, &org); i++) {
        positions[size - 1][i] = org_position(&org);
    }
}

__attribute__((format(printf, 4, 5)))
static void add(char ref[static REF_TEXT_SIZE], const char *kind, const char *signers,
                const char *format, ...)
{
    char fields[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    fixture_do(&fixture, ref, kind, signers, "%s", fields);
    fixture_look(&fixture, note_positions, NULL);
}

/* Direct hours, the giver having the lower number. */
static void hours(char ref[static REF_TEXT_SIZE], int from, int to, int minutes, bool gift)
{
    char day[DAY_TEXT_BYTES], signers[32];

    day_format(day, window_day(fixture.at));
    snprintf(signers, sizeof signers, "org-%02d org-%02d", from < to ? from : to,
             from < to ? to : from);
    add(ref, "hours.record", signers,
        "{\"day\":\"%s\",%s"
        "\"shares\":[{\"from\":\"org-%02d\",\"minutes\":%d,\"to\":\"org-%02d\"}]}", day,
        gift ? "\"gift\":true," : "", from, minutes, to);
}

static void reverse(const char *ref, int from, int to, int minutes)
{
    char signers[32], own[REF_TEXT_SIZE];

    snprintf(signers, sizeof signers, "org-%02d org-%02d", from < to ? from : to,
             from < to ? to : from);
    add(own, "hours.reverse", signers,
        "{\"hours\":\"%s\","
        "\"shares\":[{\"from\":\"org-%02d\",\"minutes\":%d,\"to\":\"org-%02d\"}]}", ref,
        from, minutes, to);
}

static void leave(int org, int to)
{
    char handle[16], own[REF_TEXT_SIZE];

    snprintf(handle, sizeof handle, "org-%02d", org);
    if (to) {
        add(own, "org.leave", handle, "{\"to\":\"org-%02d\"}", to);
    } else {
        add(own, "org.leave", handle, "{}");
    }
}

/*
 * Help both ways, gifts, things taken back, and organisations that leave one after another: 6 hands
 * on to 5, 5 (with what it got) to 4, 3 leaves below zero and names 4, which gets nothing from it,
 * 2 leaves above zero to the pool, 4 hands on all to 1.
 */
static void live_a_little(void)
{
    char first[REF_TEXT_SIZE], gift[REF_TEXT_SIZE], other[REF_TEXT_SIZE];

    hours(first, 6, 1, 100, false);
    hours(gift, 6, 2, 50, true);
    hours(other, 5, 3, 200, false);
    reverse(gift, 6, 2, 20);
    reverse(first, 6, 1, 30);
    hours(other, 2, 5, 90, false);
    hours(other, 1, 3, 40, true);
    leave(6, 5);
    hours(other, 5, 4, 25, true);
    leave(5, 4);
    hours(other, 4, 1, 10, false);
    leave(3, 4);
    leave(2, 0);
    leave(4, 1);
}

static void begin(void)
{
    fixture_make(&fixture, ORGS);
    fixture_look(&fixture, note_positions, NULL);
}

static void walk(struct kv *kv, void *ctx)
{
    static struct entry entry;
    struct org org;
    size_t *steps = ctx;

    state_attach(&state, kv);
    for (uint32_t number = 1; number <= ORGS; number++) {
        int64_t position;
        uint64_t next;

        cr_assert(state_org(&state, number, &org));
        position = org_position(&org);
        for (next = org.last_entry; next > 0; (*steps)++) {
            struct entry_record record;
            struct effect effect;

            cr_assert(state_entry(&state, next - 1, &record));
            cr_expect_eq(position, positions[next - 1][number],
                         "org %" PRIu32 " after entry %" PRIu64 ": %" PRId64 ", the rules say %"
                         PRId64, number, next - 1, position, positions[next - 1][number]);
            cr_assert(query_effect(&state, FIXTURE_ORIGIN, &record, number, &entry, &effect));
            position -= effect.given - effect.received + effect.moves;
            cr_assert(query_previous(&record, number, &next));
        }
        cr_expect_eq(position, 0, "org %" PRIu32 " began at %" PRId64, number, position);
    }
}

Test(query, effects_walked_backwards_are_the_positions_that_were)
{
    size_t steps = 0;

    begin();
    live_a_little();
    fixture_look(&fixture, walk, &steps);
    cr_expect_geq(steps, 25);
    fixture_drop(&fixture);
}

static void look_up(struct kv *kv, void *ctx)
{
    static struct entry entry;
    const char *text = ctx;
    struct slice leaf;
    struct ref ref;
    uint64_t index;

    state_attach(&state, kv);
    cr_assert(ref_parse(&ref, text, strlen(text)));
    cr_assert(query_index(&state, &ref, false, &index));
    cr_assert(query_entry(&state, FIXTURE_ORIGIN, index, &entry, &leaf));
    cr_expect_str_eq(entry.by.s, ref.by.s);
    cr_expect_arr_eq(entry.id.b, ref.id.b, sizeof ref.id.b);
    cr_expect_eq(memcmp(leaf.data, "at ", 3), 0);
    ref.id.b[15] ^= 1;
    cr_expect_not(query_index(&state, &ref, false, &index));
    ref.id.b[15] ^= 1;
    cr_expect_not(query_index(&state, &ref, true, &index), "not the clock's");
    cr_expect_not(query_entry(&state, FIXTURE_ORIGIN, log_size(kv), &entry, &leaf));
}

Test(query, an_entry_is_found_by_its_reference)
{
    char ref[REF_TEXT_SIZE];

    begin();
    add(ref, "org.confirm", "org-02", "{}");
    fixture_look(&fixture, look_up, ref);
    fixture_drop(&fixture);
}

static void expect_flows(struct kv *kv, void *ctx)
{
    static const struct help expected[] = {
        {1, 2, 30, 0, 0, 1}, {2, 1, 15, 0, 0, 2}, {2, 3, 7, 7, 0, 1},
    };
    const int32_t *day = ctx;
    struct flows flows;

    state_attach(&state, kv);
    cr_assert(query_flows(&state, *day, &flows));
    cr_expect_eq(flows.to_day, *day);
    cr_expect_eq(flows.from_day, *day - 364);
    cr_assert_eq(flows.n, COUNT(expected));
    for (size_t i = 0; i < flows.n; i++) {
        cr_expect_eq(flows.v[i].from, expected[i].from);
        cr_expect_eq(flows.v[i].to, expected[i].to);
        cr_expect_eq(flows.v[i].minutes, expected[i].minutes, "flow %zu", i);
        cr_expect_eq(flows.v[i].count, expected[i].count, "flow %zu", i);
        cr_expect_eq(flows.v[i].gift, expected[i].gift, "flow %zu", i);
        cr_expect_eq(flows.v[i].pooled, expected[i].pooled, "flow %zu", i);
    }
    query_flows_free(&flows);
    cr_assert(query_flows(&state, *day + 400, &flows));
    cr_expect_eq(flows.n, 0, "a year later nothing is left");
    query_flows_free(&flows);
}

Test(query, flows_are_the_pairs_of_the_rolling_year)
{
    char ref[REF_TEXT_SIZE], taken_back[REF_TEXT_SIZE];
    int32_t day;

    begin();
    hours(ref, 3, 1, 500, false); /* will have left the window */
    fixture.at += 200 * FIXTURE_DAY;
    hours(ref, 2, 1, 10, false);
    fixture.at += 164 * FIXTURE_DAY;
    hours(ref, 1, 2, 40, false);
    reverse(ref, 1, 2, 10);
    hours(taken_back, 1, 3, 60, false);
    reverse(taken_back, 1, 3, 60);
    hours(ref, 2, 3, 7, true);
    fixture.at += FIXTURE_DAY;
    hours(ref, 2, 1, 5, false);
    day = window_day(fixture.at);
    fixture_look(&fixture, expect_flows, &day);
    fixture_drop(&fixture);
}
