/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/flows_since.h"
#include "policies/window.h"
#include "tests/ledger/fixture.h"

#define ORGS 5
#define KEPT_MAX 160

/* The window as it stood at earlier sizes, some of them on earlier days. */
static struct kept {
    uint64_t size;
    struct flows flows;
} kept[KEPT_MAX];
static size_t n_kept;
static struct fixture fixture;
static struct state state;

static void expect_same(const struct help *a, size_t n_a, const struct help *b, size_t n_b,
                        const char *what, uint64_t from_size)
{
    cr_assert_eq(n_a, n_b, "%s from size %llu: %zu pairs, not %zu", what,
                 (unsigned long long)from_size, n_a, n_b);
    for (size_t i = 0; i < n_a; i++) {
        cr_assert(a[i].from == b[i].from && a[i].to == b[i].to &&
                  a[i].minutes == b[i].minutes && a[i].count == b[i].count &&
                      a[i].gift == b[i].gift && a[i].pooled == b[i].pooled,
                  "%s from size %llu: %u to %u: %lld in %lld, not %lld in %lld", what,
                  (unsigned long long)from_size, a[i].from, a[i].to, (long long)a[i].minutes,
                  (long long)a[i].count, (long long)b[i].minutes, (long long)b[i].count);
    }
}

/* Those to one organisation. The caller frees. */
static struct help *flows_to(const struct flows *flows, uint32_t org, size_t *n)
{
    struct help *v = calloc(flows->n + 1, sizeof *v);

    cr_assert(v);
    *n = 0;
    for (size_t i = 0; i < flows->n; i++) {
        if (flows->v[i].to == org) {
            v[(*n)++] = flows->v[i];
        }
    }
    return v;
}

static void compare_org(uint32_t number, const struct kept *from, const struct flows *expected)
{
    struct flows_base base = {from->size, from->flows.from_day, from->flows.to_day, NULL, 0};
    struct help *part = flows_to(&from->flows, number, &base.n), *due;
    struct flows flows;
    size_t n, looked = 0;
    struct org org;

    base.v = part;
    due = flows_to(expected, number, &n);
    cr_assert(state_org(&state, number, &org));
    cr_assert(flows_to_since(&state, FIXTURE_ORIGIN, &base, &org, expected->to_day, &flows,
                             &looked));
    cr_expect_leq(looked, state_size(&state) - from->size);
    expect_same(flows.v, flows.n, due, n, "an organisation", from->size);
    query_flows_free(&flows);
    free(part);
    free(due);
}

/* Everything kept, brought forward to this snapshot, is what the day buckets sum to. */
static void compare_all(struct kv *kv, void *ctx)
{
    int32_t day = window_day(fixture.at);
    struct flows expected;

    (void)ctx;
    state_attach(&state, kv);
    cr_assert(query_flows(&state, day, &expected));
    kept[0].flows.from_day = expected.from_day; /* from nothing */
    for (size_t i = 0; i < n_kept; i++) {
        struct flows_base base = {kept[i].size, kept[i].flows.from_day, kept[i].flows.to_day,
                                  kept[i].flows.v, kept[i].flows.n};
        struct flows flows;

        cr_assert(flows_since(&state, FIXTURE_ORIGIN, &base, day, &flows));
        cr_assert(flows.from_day == expected.from_day && flows.to_day == day);
        expect_same(flows.v, flows.n, expected.v, expected.n, "all", kept[i].size);
        query_flows_free(&flows);
        for (uint32_t org = 1; org <= ORGS; org++) {
            compare_org(org, &kept[i], &expected);
        }
    }
    cr_assert_lt(n_kept, KEPT_MAX);
    kept[n_kept].size = state_size(&state);
    kept[n_kept++].flows = expected;
}

static void step(void)
{
    fixture_look(&fixture, compare_all, NULL);
}

/* Hours of two pairs from org-01, which every history has to change apart. */
static void hours(char ref[static REF_TEXT_SIZE], int one, int other, bool gift)
{
    char day[DAY_TEXT_BYTES];

    day_format(day, window_day(fixture.at));
    fixture_do(&fixture, ref, "hours.record",
               "org-01 org-02 org-03",
               "{\"day\":\"%s\",%s\"shares\":["
               "{\"from\":\"org-01\",\"minutes\":%d,\"to\":\"org-02\"},"
               "{\"from\":\"org-01\",\"minutes\":%d,\"to\":\"org-03\"}]}", day,
               gift ? "\"gift\":true," : "", one, other);
    step();
}

static void direct(char ref[static REF_TEXT_SIZE], int from, int to, int minutes)
{
    char day[DAY_TEXT_BYTES], signers[32];
    int low = from < to ? from : to, high = from < to ? to : from;

    day_format(day, window_day(fixture.at));
    snprintf(signers, sizeof signers, "org-%02d org-%02d", low, high);
    fixture_do(&fixture, ref, "hours.record", signers,
               "{\"day\":\"%s\",\"shares\":[{\"from\":\"org-%02d\",\"minutes\":%d,"
               "\"to\":\"org-%02d\"}]}", day, from, minutes, to);
    step();
}

/* Hours for an urgent need of org-02, which the common pool pays. */
static void for_a_need(char ref[static REF_TEXT_SIZE], int from, int minutes)
{
    char day[DAY_TEXT_BYTES], need[REF_TEXT_SIZE], own[REF_TEXT_SIZE], signers[32];

    day_format(day, window_day(fixture.at));
    fixture_do(&fixture, need, "need.publish", "org-02",
               "{\"details\":\"0000000000000000000000000000000000000000000000000000000000000000\","
               "\"expires\":%" PRId64 ",\"minutes\":%d,\"public\":false,\"type\":\"space\","
               "\"urgent\":true}",
               fixture.at + FIXTURE_DAY, minutes);
    fixture_do(&fixture, own, "need.vouch", "org-03", "{\"need\":\"%s\"}", need);
    snprintf(signers, sizeof signers, "org-02 org-%02d", from);
    fixture_do(&fixture, ref, "hours.record", signers,
               "{\"day\":\"%s\",\"need\":\"%s\",\"shares\":[{\"from\":\"org-%02d\","
               "\"minutes\":%d,\"to\":\"org-02\"}]}",
               day, need, from, minutes);
    step();
}

static void reverse(const char *ref, int from, int to, int minutes)
{
    char own[REF_TEXT_SIZE], signers[32];
    int low = from < to ? from : to, high = from < to ? to : from;

    snprintf(signers, sizeof signers, "org-%02d org-%02d", low, high);
    fixture_do(&fixture, own, "hours.reverse", signers,
               "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-%02d\",\"minutes\":%d,"
               "\"to\":\"org-%02d\"}]}", ref, from, minutes, to);
    step();
}

static void begin(void)
{
    memset(kept, 0, sizeof kept);
    n_kept = 1;
    fixture_make(&fixture, ORGS);
    step();
}

static void end(void)
{
    for (size_t i = 0; i < n_kept; i++) {
        query_flows_free(&kept[i].flows);
    }
    fixture_drop(&fixture);
}

Test(flows_since, any_earlier_window_comes_forward_to_the_same_flows)
{
    char a[REF_TEXT_SIZE], b[REF_TEXT_SIZE], c[REF_TEXT_SIZE], d[REF_TEXT_SIZE];

    begin();
    hours(a, 60, 30, false);
    direct(b, 4, 2, 45);
    reverse(a, 1, 2, 20); /* a part, and then the rest */
    direct(c, 2, 4, 15);
    reverse(a, 1, 2, 40);
    direct(d, 4, 2, 5);
    reverse(b, 4, 2, 45); /* wholly */
    hours(b, 10, 20, true);
    reverse(b, 1, 3, 1);
    reverse(d, 4, 2, 1);
    direct(c, 5, 1, 90);
    for_a_need(a, 4, 60);
    cr_assert_eq(kept[n_kept - 1].flows.v[kept[n_kept - 1].flows.n - 2].pooled, 60);
    reverse(a, 4, 2, 25);
    for_a_need(b, 5, 31);
    direct(c, 5, 2, 10);
    reverse(a, 4, 2, 35);
    end();
}

Test(flows_since, days_that_leave_the_window_are_taken_away)
{
    char old[REF_TEXT_SIZE], a[REF_TEXT_SIZE], b[REF_TEXT_SIZE];

    begin();
    direct(old, 4, 2, 45);
    direct(a, 2, 4, 15);
    fixture.at += 200 * FIXTURE_DAY;
    direct(b, 4, 2, 30);
    reverse(old, 4, 2, 5);
    fixture.at += 164 * FIXTURE_DAY;
    direct(a, 4, 5, 10); /* the last day that has the first hours in its window */
    reverse(old, 4, 2, 5);
    fixture.at += FIXTURE_DAY;
    reverse(old, 4, 2, 10); /* they have just left */
    direct(a, 4, 2, 7);
    reverse(b, 4, 2, 30);
    fixture.at += 3 * FIXTURE_DAY;
    direct(a, 3, 2, 8);
    fixture.at += 300 * FIXTURE_DAY;
    direct(a, 3, 5, 9);
    fixture.at += 400 * FIXTURE_DAY;
    direct(a, 4, 5, 2); /* a window without any of what was */
    end();
}
