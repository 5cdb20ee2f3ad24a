/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How long what ended, and what was recorded, can be referred to (SPEC 6); and that the rules can
 * do without what nobody can refer to any more, because an audit forgets it.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/kind.h"
#include "policies/window.h"
#include "tests/ledger/fixture.h"

#define REACH (400 * FIXTURE_DAY) /* the default of reference_days_max */
static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

static struct fixture f;
static struct sent sent;

/* Signs for a moment and hands it in; CODE_OK when it is accepted. */
static enum code at_moment(int64_t at, const char *kind, const char *signers, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));
static enum code at_moment(int64_t at, const char *kind, const char *signers, const char *format,
                           ...)
{
    va_list args;
    char fields[1024];

    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    f.at = at - 1000; /* signing moves it on by a second */
    fixture_sign(&f, &sent, kind, signers, fields);
    return fixture_submit(&f, &sent) == JOB_ACCEPTED ? CODE_OK : sent.job.why.code;
}

static void day_text(char out[static DAY_TEXT_BYTES], int64_t at)
{
    day_format(out, window_day(at));
}

static void publish(char need[static REF_TEXT_SIZE], char offer[static REF_TEXT_SIZE])
{
    int64_t expires = f.at + 20 * FIXTURE_DAY;

    fixture_do(&f, need, "need.publish", "org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"minutes\":60,\"public\":true,"
               "\"type\":\"space\",\"urgent\":false}",
               zeros, expires);
    fixture_do(&f, offer, "offer.publish", "org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"providers\":[\"org-02\"],"
               "\"public\":true,\"type\":\"space\"}",
               zeros, expires);
}

#define BACK "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":1,\"to\":\"org-02\"}]}"

Test(reach, hours_can_be_taken_back_until_the_last_moment)
{
    char hours[REF_TEXT_SIZE];

    fixture_make(&f, 3);
    fixture_do(&f, hours, "hours.record", "org-01 org-02",
               "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\",\"minutes\":9,"
               "\"to\":\"org-02\"}]}");
    int64_t last = f.at + REACH;
    cr_assert_eq(at_moment(last, "hours.reverse", "org-01 org-02", BACK, hours), CODE_OK);
    cr_assert_eq(at_moment(last + 1, "hours.reverse", "org-01 org-02", BACK, hours),
                 CODE_ref_unknown);
    fixture_drop(&f);
}

/* A need still counts what was given for it after it ended, as long as it can be named. */
Test(reach, what_ended_can_be_named_until_the_last_moment)
{
    char need[REF_TEXT_SIZE], offer[REF_TEXT_SIZE], agreement[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];
    char day[DAY_TEXT_BYTES];
    static const char gift[] = "{\"day\":\"%s\",\"gift\":true,\"need\":\"%s\",\"shares\":["
                               "{\"from\":\"org-01\",\"minutes\":5,\"to\":\"org-02\"}]}";

    fixture_make(&f, 3);
    publish(need, offer);
    fixture_do(&f, agreement, "agreement.sign", "org-01 org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"shares\":[{\"from\":\"org-01\","
               "\"minutes\":60,\"to\":\"org-02\"}]}",
               zeros, f.at + 20 * FIXTURE_DAY);
    fixture_do(&f, ref, "offer.withdraw", "org-02", "{\"offer\":\"%s\"}", offer);
    int64_t offer_last = f.at + REACH;
    fixture_do(&f, ref, "need.withdraw", "org-02", "{\"need\":\"%s\"}", need);
    int64_t need_last = f.at + REACH;
    fixture_do(&f, ref, "agreement.cancel", "org-01", "{\"agreement\":\"%s\"}", agreement);
    int64_t agreement_last = f.at + REACH;

    cr_assert_eq(at_moment(offer_last, "offer.withdraw", "org-02", "{\"offer\":\"%s\"}", offer),
                 CODE_already_closed);
    cr_assert_eq(at_moment(offer_last + 1, "offer.withdraw", "org-02", "{\"offer\":\"%s\"}", offer),
                 CODE_ref_unknown);
    day_text(day, need_last);
    cr_assert_eq(at_moment(need_last, "hours.record", "org-01 org-02", gift, day, need), CODE_OK);
    cr_assert_eq(at_moment(need_last + 1, "hours.record", "org-01 org-02", gift, day, need),
                 CODE_ref_unknown);
    cr_assert_eq(at_moment(agreement_last, "agreement.close", "org-01 org-02",
                           "{\"agreement\":\"%s\"}", agreement),
                 CODE_already_closed);
    cr_assert_eq(at_moment(agreement_last + 1, "agreement.close", "org-01 org-02",
                           "{\"agreement\":\"%s\"}", agreement),
                 CODE_ref_unknown);
    cr_assert_eq(at_moment(agreement_last + 1000, "details.erase", "org-02",
                           "{\"slot\":\"details\",\"subject\":\"%s\"}", need),
                 CODE_OK, "an erasure knows no such bound");
    fixture_drop(&f);
}

/* The tick counts, not the moment that it processes. */
Test(reach, of_what_a_tick_ended_it_counts_from_the_tick)
{
    char need[REF_TEXT_SIZE], offer[REF_TEXT_SIZE];

    fixture_make(&f, 3);
    publish(need, offer);
    int64_t ticked = f.at + 50 * FIXTURE_DAY;
    cr_assert_eq(at_moment(ticked, "org.confirm", "org-01", "{}"), CODE_OK);
    cr_assert_eq(at_moment(ticked + REACH, "offer.withdraw", "org-02", "{\"offer\":\"%s\"}", offer),
                 CODE_already_closed);
    cr_assert_eq(at_moment(ticked + REACH + 1, "need.withdraw", "org-02", "{\"need\":\"%s\"}",
                           need),
                 CODE_ref_unknown);
    fixture_drop(&f);
}

static void forget(struct kv *kv, enum kv_table table)
{
    struct slice key, value;
    uint8_t bytes[KV_KEY_MAX];

    while (kv_seek(kv, table, (struct slice){(const uint8_t *)"", 0}, false, &key, &value)) {
        memcpy(bytes, key.data, key.size);
        kv_del(kv, table, (struct slice){bytes, key.size});
    }
}

static int64_t given(struct state *s)
{
    struct sums sums;

    state_sums(s, &sums);
    return sums.given;
}

static void reverse_without(struct kv *kv, void *ctx)
{
    static struct state state;
    struct kv *overlay = kv_memory_new(kv);
    struct refusal why = {.code = CODE_OK};
    char wrong[200] = "";

    (void)ctx;
    cr_assert_not_null(overlay);
    /* As an audit forgets: what the days held is added up before. */
    memset(&state, 0, sizeof state);
    state_attach(&state, overlay);
    state_fold_pairs(&state, window_day(sent.entry.at), SIZE_MAX);
    forget(overlay, KV_NEED);
    forget(overlay, KV_AGREEMENT);
    forget(overlay, KV_ORG_DAY);
    forget(overlay, KV_PAIR_DAY);
    memset(&state, 0, sizeof state);
    state_attach(&state, overlay);
    struct rules r = {.state = &state, .index = state_size(&state), .at = sent.entry.at};
    int64_t before = given(&state);
    cr_assert(rules_apply(&r, &sent.entry, &why), "%s", code_word(why.code));
    cr_assert_eq(given(&state), before - 9);
    cr_assert(rules_recount_positions(&state, wrong, sizeof wrong), "%s", wrong);
    struct slice key, value;
    struct slice start = {(const uint8_t *)"", 0};
    cr_assert_not(kv_seek(overlay, KV_ORG_DAY, start, false, &key, &value), "no bucket comes back");
    cr_assert_not(kv_seek(overlay, KV_PAIR_DAY, start, false, &key, &value));
    cr_assert_not(kv_seek(overlay, KV_NEED, start, false, &key, &value));
    kv_memory_free(overlay);
}

Test(reach, a_reversal_works_without_what_was_forgotten)
{
    char need[REF_TEXT_SIZE], offer[REF_TEXT_SIZE], agreement[REF_TEXT_SIZE], hours[REF_TEXT_SIZE];

    fixture_make(&f, 3);
    publish(need, offer);
    fixture_do(&f, agreement, "agreement.sign", "org-01 org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"need\":\"%s\",\"shares\":["
               "{\"from\":\"org-01\",\"minutes\":60,\"to\":\"org-02\"}]}",
               zeros, f.at + 20 * FIXTURE_DAY, need);
    fixture_do(&f, hours, "hours.record", "org-01 org-02",
               "{\"agreement\":\"%s\",\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\","
               "\"minutes\":9,\"to\":\"org-02\"}]}",
               agreement);
    cr_assert_eq(at_moment(f.at + 390 * FIXTURE_DAY, "org.confirm", "org-01", "{}"), CODE_OK);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    char fields[256];
    snprintf(fields, sizeof fields,
             "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":9,"
             "\"to\":\"org-02\"}]}",
             hours);
    fixture_sign(&f, &sent, "hours.reverse", "org-01 org-02", fields);
    fixture_look(&f, reverse_without, NULL);
    fixture_drop(&f);
}

/* A leaf may claim any time of the profile; the rules must have an answer to it. */
static void tick_at_the_end_of_time(struct kv *kv, void *ctx)
{
    static struct state state;
    struct kv *overlay = kv_memory_new(kv);
    struct entry tick = {.kind = kind_of(KIND_CLOCK_TICK), .at = -1, .valid_until = INTEGER_MAX};
    struct refusal why = {.code = CODE_OK};

    (void)ctx;
    cr_assert_not_null(overlay);
    memset(&state, 0, sizeof state);
    state_attach(&state, overlay);
    struct rules r = {.state = &state, .index = state_size(&state), .at = INTEGER_MAX};
    cr_assert(rules_make_tick(&state, INTEGER_MAX, &tick.clock_tick, &tick.id));
    cr_assert_eq(id_time_ms(&tick.id), INTEGER_MAX & (((int64_t)1 << 48) - 1));
    snprintf(tick.by.s, sizeof tick.by.s, "clock");
    cr_assert(rules_apply(&r, &tick, &why), "%s", code_word(why.code));
    kv_memory_free(overlay);
}

Test(reach, a_tick_at_any_time_of_a_leaf_can_be_made)
{
    char need[REF_TEXT_SIZE], offer[REF_TEXT_SIZE];

    fixture_make(&f, 3);
    publish(need, offer);
    fixture_look(&f, tick_at_the_end_of_time, NULL);
    fixture_drop(&f);
}
