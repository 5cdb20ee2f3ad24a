/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "policies/params.h"

/* The first proposal to an assembly, written out twice so that a slip in the table shows. */
static const struct {
    const char *key;
    int64_t value;
    const char *unit;
} expected[] = {
    {"agreement_days_max", 366, "days"},
    {"appeal_suspends", 1, "flag"},
    {"capacity_default", 240, "minutes"},
    {"choice_ask_minutes", 4320, "minutes"},
    {"choice_ask_urgent_minutes", 1440, "minutes"},
    {"choice_burden_guard", 1, "flag"},
    {"choice_min_candidates", 2, "count"},
    {"class_age_days", 30, "days"},
    {"class_new_needs", 3, "count"},
    {"crisis_days", 183, "days"},
    {"crisis_fill_days", 60, "days"},
    {"crisis_fill_permille", 500, "permille"},
    {"crisis_floor_permille", 1500, "permille"},
    {"crisis_orgs_min", 5, "count"},
    {"crisis_pool_permille", 2000, "permille"},
    {"crisis_urgent_permille", 200, "permille"},
    {"dormant_days", 180, "days"},
    {"entry_days_max", 90, "days"},
    {"forgive_band", 600, "minutes"},
    {"forgive_divisor", 0, "count"},
    {"forgive_levy_divisor", 0, "count"},
    {"gift_free", 1, "flag"},
    {"id_skew_minutes", 10, "minutes"},
    {"ladder_lean_days", 30, "days"},
    {"ladder_lean_permille", 500, "permille"},
    {"ladder_strain_days", 60, "days"},
    {"ladder_strain_permille", 800, "permille"},
    {"leave_free", 1, "flag"},
    {"limit_ceiling", 2400, "minutes"},
    {"limit_floor_base", 1200, "minutes"},
    {"limit_floor_divisor", 4, "count"},
    {"limit_floor_max", 3600, "minutes"},
    {"limit_floor_new", 600, "minutes"},
    {"limit_floor_new_gifts", 2, "count"},
    {"limit_hard_permille", 1500, "permille"},
    {"limit_soft", 1, "flag"},
    {"match_quantum", 30, "minutes"},
    {"match_split_min", 120, "minutes"},
    {"need_days_max", 180, "days"},
    {"offer_days_max", 184, "days"},
    {"pair_cap_minutes", 720, "minutes"},
    {"pair_cap_permille", 400, "permille"},
    {"pair_reverse", 1, "flag"},
    {"panel_min", 2, "count"},
    {"pool_cap", 600, "minutes"},
    {"pool_rate_permille", 500, "permille"},
    {"pool_urgent_permille", 1000, "permille"},
    {"promise_days", 180, "days"},
    {"promise_meeting", 3, "count"},
    {"reference_days_max", 400, "days"},
    {"rest_permille", 1500, "permille"},
    {"seal_every", 1024, "count"},
    {"sheet_stale_days", 180, "days"},
    {"skill_fresh_days", 180, "days"},
    {"sponsors_min", 2, "count"},
    {"status_days_max", 366, "days"},
    {"step_days", 90, "days"},
    {"two_layers", 1, "flag"},
    {"unit_parity", 1, "flag"},
    {"urgent_days", 30, "days"},
    {"urgent_never_blocked", 1, "flag"},
    {"urgent_quota", 2, "count"},
    {"window_days", 365, "days"},
};

Test(params, the_table_holds_the_expected_keys_defaults_and_units)
{
    struct policy policy;
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    policy_default(&policy);
    cr_assert_eq(n, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < n; i++) {
        int64_t value = -1;

        cr_expect_str_eq(keys[i].key, expected[i].key);
        cr_expect_str_eq(policy_unit_name(keys[i].unit), expected[i].unit, "%s", keys[i].key);
        cr_expect(policy_get(&policy, expected[i].key, &value));
        cr_expect_eq(value, expected[i].value, "%s", expected[i].key);
    }
}

Test(params, the_members_carry_the_defaults_of_their_keys)
{
    struct policy policy;

    policy_default(&policy);
    cr_expect_eq(policy.agreement_days_max, 366);
    cr_expect_eq(policy.limit_floor_base, 1200);
    cr_expect_eq(policy.limit_floor_new, 600);
    cr_expect_eq(policy.limit_floor_new_gifts, 2);
    cr_expect_eq(policy.window_days, 365);
}

Test(params, keys_are_sorted_and_unique)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    for (size_t i = 1; i < n; i++)
        cr_expect_lt(strcmp(keys[i - 1].key, keys[i].key), 0, "%s", keys[i].key);
}

Test(params, keys_are_fit_for_an_entry)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    for (size_t i = 0; i < n; i++) {
        const char *key = keys[i].key;

        cr_expect(key[0] >= 'a' && key[0] <= 'z', "%s", key);
        cr_expect_eq(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(key), "%s", key);
    }
}

Test(params, every_default_lies_within_its_range)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    for (size_t i = 0; i < n; i++) {
        cr_expect_leq(keys[i].min, keys[i].value_default, "%s", keys[i].key);
        cr_expect_geq(keys[i].max, keys[i].value_default, "%s", keys[i].key);
    }
}

Test(params, flags_are_zero_or_one_and_docs_are_one_sentence)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    for (size_t i = 0; i < n; i++) {
        const char *sentences[] = {keys[i].en, keys[i].fr, keys[i].nl};

        if (keys[i].unit == POLICY_FLAG)
            cr_expect(keys[i].min >= 0 && keys[i].max == 1, "%s", keys[i].key);
        for (size_t j = 0; j < 3; j++) {
            size_t length = strlen(sentences[j]);

            cr_assert_gt(length, 0, "%s", keys[i].key);
            cr_expect_eq(sentences[j][length - 1], '.', "%s", keys[i].key);
            cr_expect_null(strstr(sentences[j], ". "), "%s", keys[i].key);
            for (size_t k = 0; k < j; k++)
                cr_expect_str_neq(sentences[j], sentences[k], "%s", keys[i].key);
        }
    }
}

Test(params, every_unit_has_its_name)
{
    cr_expect_str_eq(policy_unit_name(POLICY_MINUTES), "minutes");
    cr_expect_str_eq(policy_unit_name(POLICY_DAYS), "days");
    cr_expect_str_eq(policy_unit_name(POLICY_PERMILLE), "permille");
    cr_expect_str_eq(policy_unit_name(POLICY_COUNT), "count");
    cr_expect_str_eq(policy_unit_name(POLICY_FLAG), "flag");
}

Test(params, find_knows_every_key_and_nothing_else)
{
    static const char *const strangers[] = {
        "", "a", "limit", "limit_floor", "limit_floor_ne", "limit_floor_new_", "Limit_soft",
        "limit_soft ", "window_days0", "zzz",
    };
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    for (size_t i = 0; i < n; i++)
        cr_expect_eq(policy_find(keys[i].key), &keys[i], "%s", keys[i].key);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        cr_expect_null(policy_find(strangers[i]), "\"%s\"", strangers[i]);
}

Test(params, set_takes_both_ends_of_a_range_and_refuses_one_beyond)
{
    struct policy policy;
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    policy_default(&policy);
    for (size_t i = 0; i < n; i++) {
        const struct policy_key *key = &keys[i];
        int64_t value = -1;

        cr_expect_eq(policy_set(&policy, key->key, key->min), POLICY_OK, "%s", key->key);
        cr_expect(policy_get(&policy, key->key, &value));
        cr_expect_eq(value, key->min, "%s", key->key);
        cr_expect_eq(policy_set(&policy, key->key, key->max), POLICY_OK, "%s", key->key);
        cr_expect_eq(policy_set(&policy, key->key, key->min - 1), POLICY_OUT_OF_RANGE);
        cr_expect_eq(policy_set(&policy, key->key, key->max + 1), POLICY_OUT_OF_RANGE);
        cr_expect(policy_get(&policy, key->key, &value));
        cr_expect_eq(value, key->max, "a refused value leaves %s as it was", key->key);
    }
}

Test(params, set_changes_one_key_only)
{
    size_t n;
    const struct policy_key *keys = policy_keys(&n);

    for (size_t i = 0; i < n; i++) {
        struct policy policy;

        policy_default(&policy);
        cr_assert_eq(policy_set(&policy, keys[i].key, keys[i].max), POLICY_OK);
        for (size_t j = 0; j < n; j++) {
            int64_t value = -1;

            cr_expect(policy_get(&policy, keys[j].key, &value));
            cr_expect_eq(value, j == i ? keys[j].max : keys[j].value_default, "%s after %s",
                         keys[j].key, keys[i].key);
        }
    }
}

Test(params, an_unknown_key_is_neither_read_nor_set)
{
    struct policy policy, before;
    int64_t value = 77;

    policy_default(&policy);
    before = policy;
    cr_expect_eq(policy_set(&policy, "limit_flor_base", 1200), POLICY_UNKNOWN_KEY);
    cr_expect_not(policy_get(&policy, "limit_flor_base", &value));
    cr_expect_eq(value, 77);
    cr_expect_eq(memcmp(&policy, &before, sizeof policy), 0);
}

Test(params, what_is_entrenched_cannot_be_set_to_anything_else)
{
    struct policy policy;

    policy_default(&policy);
    cr_expect_eq(policy_set(&policy, "urgent_never_blocked", 0), POLICY_OUT_OF_RANGE);
    cr_expect_eq(policy_set(&policy, "urgent_never_blocked", 1), POLICY_OK);
    cr_expect_eq(policy_set(&policy, "window_days", 364), POLICY_OUT_OF_RANGE);
    cr_expect_eq(policy_set(&policy, "window_days", 366), POLICY_OUT_OF_RANGE);
    cr_expect_eq(policy.urgent_never_blocked, 1);
    cr_expect_eq(policy.window_days, 365);
}

Test(params, no_policy_leaves_a_newcomer_at_a_limit_of_zero)
{
    struct policy policy;

    policy_default(&policy);
    cr_expect_eq(policy_set(&policy, "limit_floor_new", 0), POLICY_OUT_OF_RANGE);
    cr_expect_eq(policy_set(&policy, "limit_floor_new", 59), POLICY_OUT_OF_RANGE);
    cr_expect_eq(policy_set(&policy, "limit_floor_new", 60), POLICY_OK);
    cr_expect_eq(policy_set(&policy, "limit_floor_base", 0), POLICY_OUT_OF_RANGE);
    cr_expect_eq(policy_set(&policy, "limit_floor_max", 0), POLICY_OUT_OF_RANGE);
    cr_expect_eq(policy_set(&policy, "limit_hard_permille", 999), POLICY_OUT_OF_RANGE);
}
