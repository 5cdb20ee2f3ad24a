/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How an audit judges the rules of SPEC 18: what is a consequence (17.3), and what may be waived
 * (17.7). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/ledger/story.h"

#define JANUARY INT64_C(1704067200000) /* 2024-01-01, 0:00 UTC */

static char need[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];

/* Puts an entry into the log that the rules refuse. Returns its index. */
static size_t smuggle(const char *kind, const char *signers, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static size_t smuggle(const char *kind, const char *signers, const char *format, ...)
{
    static struct made_note note;
    char fields[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    log_maker_sign(&made, &note, kind, signers, "%s", fields);
    log_maker_smuggle(&made, note.b, note.n);
    return made.n - 1;
}

/* The same with a signature that is not by the key: the server would have applied nothing. */
static size_t smuggle_forged(const char *kind, const char *signers, const char *fields)
{
    size_t at = smuggle(kind, signers, "%s", fields);
    uint8_t *last = (uint8_t *)(uintptr_t)made.leaves[at].data + made.leaves[at].size - 10;
    *last = *last == 'A' ? 'B' : 'A';
    return at;
}

/* One finding with that code, and nothing else; with the check waived, nothing. */
static void expect_waivable(const char *code)
{
    struct source s;
    struct audit *a = audit_made(&s);
    if (audit_n_findings(a) != 1)
        audit_print(a);
    cr_assert_eq(audit_n_findings(a), 1, "%s", code);
    cr_expect_str_eq(audit_finding(a, 0)->code, code);
    audit_free(a);

    s = source_of(made.leaves, made.n);
    struct audit_config config = config_of(&s, 1);
    config.waive = code;
    a = audit_run(&config, &s);
    if (audit_n_findings(a) != 0)
        audit_print(a);
    cr_expect_eq(audit_n_findings(a), 0, "%s", code);
    audit_free(a);
    audit_log_finish();
}

Test(audit_rules, waiving_what_the_panel_decides)
{
    story_start(5, NULL);
    smuggle("status.grant", "org-02 org-05",
            "{\"class\":1,\"levy_permille\":0,\"org\":\"org-04\",\"panel\":[\"org-02\",\"org-05\"],"
            "\"pool_permille\":0,\"reason\":\"" STORY_ZEROS "\",\"until\":%" PRId64 "}",
            made.at + MAKER_DAY);
    expect_waivable("not_panel");

    story_start(5, NULL);
    smuggle("status.end", "org-04", "{\"org\":\"org-04\"}");
    expect_waivable("already_closed");

    story_start(5, NULL);
    smuggle("step.set", "org-01",
            "{\"org\":\"org-04\",\"reason\":\"" STORY_ZEROS "\",\"step\":2,\"until\":%" PRId64 "}",
            made.at + MAKER_DAY);
    expect_waivable("step_unfounded");

    story_start(5, NULL);
    smuggle("step.end", "org-01", "{\"org\":\"org-04\"}");
    expect_waivable("already_closed");

    story_start(5, NULL);
    smuggle("step.appeal", "org-04", "{}");
    expect_waivable("already_closed");
}

Test(audit_rules, waiving_what_moves_the_pool)
{
    story_start(5, NULL);
    smuggle("pool.give", "org-04", "{\"minutes\":10}");
    expect_waivable("pool_over_position");

    story_start(5, "{\"urgent_quota\":0}");
    story_needs(need, 4, 60, true);
    smuggle("need.vouch", "org-01", "{\"need\":\"%s\"}", need);
    expect_waivable("urgent_quota");

    story_start(5, NULL);
    story_agree(ref, 4, 1, 10, made.at + MAKER_DAY);
    smuggle("promise.excuse", "org-01", "{\"agreement\":\"%s\"}", ref);
    expect_waivable("nothing_broken");
}

#define PANEL "\"panel\":[\"org-02\",\"org-03\"]"

/* org-04 at the last step. */
static void at_step_4(bool confirmed)
{
    story_start(5, NULL);
    for (int i = 0; i < 3; i++)
        story_break(ref, 4);
    for (int step = 2; step <= 4 + confirmed; step++) {
        if (step == 3 || step == 4)
            story_break(ref, 4);
        if (step == 5)
            story_do(ref, "step.appeal", "org-04", "{}");
        story_do(ref, "step.set", "org-02 org-03",
                 "{\"org\":\"org-04\"," PANEL ",\"reason\":\"" STORY_ZEROS "\",\"step\":%d,"
                 "\"until\":%" PRId64 "}",
                 step < 4 ? step : 4, made.at + 60 * MAKER_DAY);
    }
}

static size_t smuggle_agreement(const char *from, const char *to)
{
    return smuggle("agreement.sign", "org-04 org-05",
                   "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64 ",\"shares\":["
                   "{\"from\":\"%s\",\"minutes\":10,\"to\":\"%s\"}]}",
                   made.at + MAKER_DAY, from, to);
}

Test(audit_rules, waiving_what_a_step_asks_for)
{
    at_step_4(false);
    smuggle_agreement("org-04", "org-05");
    expect_waivable("cosigner_missing");
    at_step_4(false);
    smuggle_agreement("org-05", "org-04");
    expect_waivable("paused");
    at_step_4(true);
    smuggle("step.appeal", "org-04", "{}");
    expect_waivable("already_appealed");
}

/* --- Consequences ----------------------------------------------------------------------------- */

/* The two findings of the log: one at `cause`, and what follows from it. */
static void expect_consequence(size_t cause, const char *code)
{
    struct source s;
    struct audit *a = audit_made(&s);
    bool found = false;
    for (size_t i = 0; i < audit_n_findings(a); i++) {
        const struct audit_finding *f = audit_finding(a, i);
        cr_expect(f->is_consequence ? f->of == cause : f->index == cause, "%s %" PRIu64, f->code,
                  f->index);
        found = found || (f->is_consequence && strcmp(f->code, code) == 0);
    }
    if (!found)
        audit_print(a);
    cr_expect(found, "%s", code);
    audit_free(a);
    audit_log_finish();
}

/* What an organisation gives to the pool hangs on what it was given before. */
Test(audit_rules, a_gift_to_the_pool_may_hang_on_hours)
{
    story_start(4, NULL);
    char fields[256];
    snprintf(fields, sizeof fields,
             "{\"day\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":60,\"to\":\"org-02\"}]}",
             story_today());
    size_t cause = smuggle_forged("hours.record", "org-01 org-02", fields);
    smuggle("pool.give", "org-01", "{\"minutes\":60}");
    expect_consequence(cause, "pool_over_position");
}

/* Whether a status was there to end hangs on its grant. */
Test(audit_rules, an_end_may_hang_on_a_grant)
{
    story_start(4, NULL);
    char fields[512];
    snprintf(fields, sizeof fields,
             "{\"class\":1,\"levy_permille\":0,\"org\":\"org-04\"," PANEL
             ",\"pool_permille\":500,\"reason\":\"" STORY_ZEROS "\",\"until\":%" PRId64 "}",
             made.at + MAKER_DAY);
    size_t cause = smuggle_forged("status.grant", "org-02 org-03", fields);
    smuggle("status.end", "org-04", "{\"org\":\"org-04\"}");
    expect_consequence(cause, "already_closed");
}

/* A closing that the log leaves out puts everybody's position in doubt. */
Test(audit_rules, a_missing_closing_is_a_doubt_about_all)
{
    story_start(4, "{\"capacity_default\":1}");
    story_needs(need, 4, 90, true);
    story_vouch(2, need);
    story_serve(ref, 1, 4, 90, need);
    story_at(JANUARY - 1);
    made.at = JANUARY;
    size_t at = made.n;
    story_help(4, 3, 1); /* behind the tick, which then goes */
    cr_assert_eq(at, log_maker_find(&made, "clock.tick", at));
    log_maker_drop(&made, at);
    smuggle("assertion.balance", "org-02",
            "{\"given_pending\":0,\"given_posted\":0,\"moves\":0,\"received_pending\":0,"
            "\"received_posted\":0}");
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 2);
    cr_expect_str_eq(audit_finding(a, 0)->code, "tick_missing");
    cr_expect_str_eq(audit_finding(a, 0)->expected,
                     "1704067200000 crisis_check pool/018cc251f40070008000000000000000");
    cr_expect_eq(audit_finding(a, 0)->index, at);
    cr_expect_str_eq(audit_finding(a, 1)->code, "assertion_false");
    cr_expect(audit_finding(a, 1)->is_consequence);
    cr_expect_eq(audit_finding(a, 1)->of, at);
    audit_free(a);
    audit_log_finish();
}

/* While the clock is in doubt, so is what the pool paid: the budget may have been another. */
Test(audit_rules, a_budget_in_doubt_is_a_doubt_about_who_was_paid_for)
{
    story_start(5, "{\"pool_cap\":12}"); /* 60 for the quarter */
    char fields[512];
    story_needs(need, 4, 60, true);
    story_vouch(2, need);
    snprintf(fields, sizeof fields,
             "{\"day\":\"%s\",\"need\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":60,"
             "\"to\":\"org-04\"}]}",
             story_today(), need);
    size_t cause = smuggle_forged("hours.record", "org-01 org-04", fields);
    story_needs(need, 5, 60, true);
    story_vouch(2, need);
    story_serve(ref, 1, 5, 60, need); /* paid in full, for nothing was spent before */
    /* As it would be had the first hours counted: nothing was left for it. */
    smuggle("assertion.balance", "org-05",
            "{\"given_pending\":0,\"given_posted\":0,\"moves\":0,\"received_pending\":0,"
            "\"received_posted\":60}");
    expect_consequence(cause, "assertion_false");
}
