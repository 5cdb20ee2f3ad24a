/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Audits in parts, on threads, of hostile leaves and over years. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/window.h"
#include "tests/ledger/audit_runner.h"

/* --- Going on, and threads -------------------------------------------------------------------- */

static void same(struct audit *a, struct audit *b)
{
    struct audit_figures x, y;
    audit_figures(a, &x);
    audit_figures(b, &y);
    cr_assert(x.size == y.size && x.entries == y.entries && x.signatures == y.signatures &&
              x.unjudged == y.unjudged && x.items == y.items && hash_equal(&x.root, &y.root));
    cr_assert_eq(audit_n_findings(a), audit_n_findings(b));
    for (size_t i = 0; i < audit_n_findings(a); i++) {
        const struct audit_finding *f = audit_finding(a, i), *g = audit_finding(b, i);
        cr_assert_str_eq(f->code, g->code);
        cr_assert_str_eq(f->entry, g->entry);
        cr_assert_str_eq(f->field, g->field);
        cr_assert_str_eq(f->expected, g->expected);
        cr_assert_str_eq(f->found, g->found);
        cr_assert(f->index == g->index && f->of == g->of && f->minutes == g->minutes &&
                  f->is_consequence == g->is_consequence && f->has_index == g->has_index);
    }
    for (uint32_t i = 0; i <= made.n_orgs; i++) {
        struct org o, p;
        bool there = state_org(audit_state(a), i, &o);
        cr_assert_eq(there, state_org(audit_state(b), i, &p));
        cr_assert(!there || memcmp(&o, &p, sizeof o) == 0);
    }
}

/* A log with a finding or a consequence every now and then. */
static void live_badly(void)
{
    audit_log_start(3, "{\"seal_every\":16}");
    for (int i = 0; i < 8; i++) {
        audit_log_live(3);
        log_maker_sign(&made, &next_note, "hours.record", "org-01 org-02",
                       "{" SHARE("org-01", 5000, "org-02") ",\"day\":\"2023-11-14\"}");
        log_maker_smuggle(&made, next_note.b, next_note.n);
        log_maker_do(&made, last_ref, "org.confirm", "org-01", "{}");
        log_maker_smuggle(&made, "{\"by\":\"org-02\"}\n", 16);
        if (i % 3 == 0)
            log_maker_drop(&made, log_maker_find(&made, "clock.tick", made.n / 2));
    }
}

Test(audit, threads_change_nothing)
{
    live_badly();
    struct source s = source_of(made.leaves, made.n);
    struct audit_config one = config_of(&s, 1), four = config_of(&s, 4);
    struct audit *a = audit_run(&one, &s), *b = audit_run(&four, &s);
    cr_assert_geq(audit_count(a, false), 10);
    cr_assert_geq(audit_count(a, true), 1);
    same(a, b);
    audit_free(a);
    audit_free(b);
    audit_log_finish();
}

Test(audit, a_continued_audit_is_a_fresh_one)
{
    live_badly();
    struct source s = source_of(made.leaves, made.n);
    struct audit_config config = config_of(&s, 2);
    struct audit *fresh = audit_run(&config, &s);
    for (size_t cut = 1; cut < made.n; cut += 1 + made.n / 23) {
        struct source first = source_of(made.leaves, cut);
        struct audit_config until = config_of(&first, 2);
        struct audit *before = audit_run(&until, &first);
        FILE *f = tmpfile();
        cr_assert(audit_save(before, f));
        audit_free(before);
        rewind(f);
        struct audit *after = audit_new(&config);
        cr_assert(audit_load(after, f));
        fclose(f);
        audit_take(after, made.leaves + cut, made.n - cut);
        audit_settle(after);
        cr_assert(audit_sound(after));
        same(fresh, after);
        audit_free(after);
    }
    audit_free(fresh);
    audit_log_finish();
}

Test(audit, a_resume_point_of_another_form_is_not_taken)
{
    live_badly();
    struct source s = source_of(made.leaves, made.n);
    struct audit_config config = config_of(&s, 1);
    struct audit *a = audit_run(&config, &s);
    char *bytes = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&bytes, &n);
    cr_assert(audit_save(a, f));
    fclose(f);
    audit_free(a);
    for (size_t cut = 0; cut < n; cut += 1 + n / 40) {
        f = fmemopen(bytes, cut + 1, "r");
        a = audit_new(&config);
        cr_assert_eq(audit_load(a, f), cut + 1 == n);
        audit_free(a);
        fclose(f);
    }
    config.waive = "limit_crossed";
    f = fmemopen(bytes, n, "r");
    a = audit_new(&config);
    cr_assert_not(audit_load(a, f));
    audit_free(a);
    fclose(f);
    free(bytes);
    audit_log_finish();
}

/* --- Hostile leaves --------------------------------------------------------------------------- */

static uint32_t dice;

static uint32_t throw(uint32_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 17;
    dice ^= dice << 5;
    return dice % n;
}

/* Another leaf, in bytes that the caller frees. */
static struct slice mutate(struct slice leaf)
{
    size_t room = 70000, n = leaf.size;
    uint8_t *bytes = malloc(room);
    memcpy(bytes, leaf.data, n);
    switch (throw(9)) {
    case 0:
        n = throw((uint32_t)n + 1);
        break;
    case 1:
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)throw(256);
        break;
    case 2: /* as large as a leaf can be, and larger */
        n = throw(2) == 0 ? 16384 : 16385 + throw(50000);
        for (size_t i = leaf.size; i < n; i++)
            bytes[i] = (uint8_t) "{[\"a\n} ,:1"[throw(10)];
        break;
    case 3: /* a digit of a number, a letter of a word */
    case 4:
        for (uint32_t i = throw(4) + 1; i > 0; i--)
            bytes[throw((uint32_t)n)] = (uint8_t) "0123456789abcdef\n\"{}"[throw(20)];
        break;
    case 5: { /* a stretch out of the middle */
        size_t at = throw((uint32_t)n), gone = throw((uint32_t)(n - at) + 1);
        memmove(bytes + at, bytes + at + gone, n - at - gone);
        n -= gone;
        break;
    }
    case 6: { /* another time */
        uint8_t *line_end = memchr(bytes, '\n', n);
        if (line_end > bytes + 4)
            bytes[3 + throw((uint32_t)(line_end - bytes - 3))] = (uint8_t)('0' + throw(10));
        break;
    }
    case 7:
        bytes[throw((uint32_t)n)] ^= (uint8_t)(1u << throw(8));
        break;
    default: /* as it is, in another place */
        break;
    }
    return (struct slice){bytes, n};
}

Test(audit, hostile_leaves_are_findings_and_no_more)
{
    static const char *const waived[] = {"signature_invalid", NULL, "time_order", "expired",
                                         "tick_missing", "signer_missing", "key_unknown"};
    audit_log_start(3, "{\"seal_every\":16}");
    audit_log_live(12);
    size_t n = made.n;
    for (dice = 1; dice < 64; dice++) {
        uint32_t seed = dice;
        struct slice *leaves = calloc(n, sizeof *leaves);
        for (size_t i = 0; i < n; i++) {
            size_t from = i > 0 && throw(8) == 0 ? throw((uint32_t)n) : i;
            leaves[i] = i > 0 && throw(3) == 0
                            ? mutate(made.leaves[from])
                            : (struct slice){memcpy(malloc(made.leaves[from].size),
                                                    made.leaves[from].data, made.leaves[from].size),
                                             made.leaves[from].size};
        }
        struct source s = source_of(leaves, n);
        struct audit_config config = config_of(&s, 2);
        config.waive = seed % 2 == 0 ? waived[0] : waived[seed % (sizeof waived / sizeof *waived)];
        struct audit *a = audit_run(&config, &s);
        struct audit_figures figures;
        audit_figures(a, &figures);
        cr_assert_eq(figures.size, n);
        cr_assert_geq(audit_n_findings(a), 1);
        cr_assert(s.tiles_hold);
        audit_free(a);
        for (size_t i = 0; i < n; i++)
            free((void *)(uintptr_t)leaves[i].data);
        free(leaves);
        dice = seed;
    }
    audit_log_finish();
}

/* Signed by those whom it names, and otherwise whatever the dice say. */
static void sign_nonsense(char refs[8][REF_TEXT_SIZE])
{
    static const int64_t steps[] = {0,    1,    1000, 3600000, MAKER_DAY, 40 * MAKER_DAY,
                                    -1000, 500 * MAKER_DAY};
    static const char *const pairs[] = {"org-01 org-02", "org-01 org-03", "org-02 org-03"};
    static const char *const alone[] = {"org-01", "org-02", "org-03"};
    const char *two = pairs[throw(3)], *one = alone[throw(3)], *named = refs[throw(8)];
    unsigned minutes = throw(3) == 0 ? 1 + throw(100000) : 1 + throw(60), way = throw(2);
    char shares[160], day[DAY_TEXT_BYTES];
    made.at += steps[throw(throw(9) == 0 ? 8 : 5)];
    int64_t expires = made.at + (int64_t)throw(60) * MAKER_DAY;
    int32_t today = window_day(made.at);
    day_format(day, today < DAY_MAX ? today : DAY_MAX);
    snprintf(shares, sizeof shares,
             "\"shares\":[{\"from\":\"%.6s\",\"minutes\":%u,\"to\":\"%.6s\"}]",
             two + (way ? 7 : 0), minutes, two + (way ? 0 : 7));
    switch (throw(10)) {
    case 0:
        log_maker_sign(&made, &next_note, "hours.record", two, "{%s,\"day\":\"%s\",\"agreement\":"
                       "\"%s\"}", shares, day, named);
        break;
    case 1:
    case 2:
        log_maker_sign(&made, &next_note, "hours.record", two,
                       "{%s,\"day\":\"%s\",\"gift\":%s,\"details\":\"" ZEROS "\"}", shares, day,
                       throw(2) ? "true" : "false");
        break;
    case 3:
        log_maker_sign(&made, &next_note, "hours.reverse", two, "{%s,\"hours\":\"%s\"}", shares,
                       named);
        break;
    case 4:
        log_maker_sign(&made, &next_note, "agreement.sign", two,
                       "{%s,\"expires\":%" PRId64 ",\"details\":\"" ZEROS "\"}", shares, expires);
        break;
    case 5:
        log_maker_sign(&made, &next_note, "agreement.change", two,
                       "{%s,\"expires\":%" PRId64 ",\"agreement\":\"%s\"}", shares, expires, named);
        break;
    case 6:
        log_maker_sign(&made, &next_note, "need.publish", one,
                       "{\"type\":\"space\",\"minutes\":%u,\"urgent\":true,\"expires\":%" PRId64
                       ",\"public\":false,\"details\":\"" ZEROS "\"}", minutes, expires);
        break;
    case 7:
        log_maker_sign(&made, &next_note, "need.vouch", one, "{\"need\":\"%s\"}", named);
        break;
    case 8:
        log_maker_sign(&made, &next_note, "details.erase", one,
                       "{\"subject\":\"%s\",\"slot\":\"details\"}", named);
        break;
    default:
        log_maker_sign(&made, &next_note, "agreement.cancel", one, "{\"agreement\":\"%s\"}", named);
        break;
    }
}

Test(audit, signed_nonsense_is_judged_to_the_end)
{
    char refs[8][REF_TEXT_SIZE];
    audit_log_start(3, "{\"seal_every\":16,\"reference_days_max\":366}");
    for (int i = 0; i < 8; i++)
        snprintf(refs[i], sizeof refs[i], "org-01/%s", "018bcfe568007000800000000000ffff");
    dice = 77;
    for (int i = 0; i < 3000; i++) {
        sign_nonsense(refs);
        log_maker_smuggle(&made, next_note.b, next_note.n);
        const char *id = strstr(next_note.b, "\"id\":\""), *by = strstr(next_note.b, "\"by\":\"");
        snprintf(refs[throw(8)], sizeof refs[0], "%.6s/%.32s", by + 6, id + 6);
    }
    struct source s;
    struct audit *a = audit_made(&s);
    struct audit_figures figures;
    audit_figures(a, &figures);
    cr_assert_eq(figures.size, made.n);
    cr_assert_geq(figures.entries, 500);
    for (size_t i = 0; i < audit_n_findings(a); i++)
        cr_assert_str_neq(audit_finding(a, i)->code, "invariant_broken", "%s",
                          audit_finding(a, i)->found);
    audit_free(a);
    audit_log_finish();
}

/* --- Memory ----------------------------------------------------------------------------------- */

/* A month of an even life: the same every month, so that windows that are full stay as they are. */
static void live_a_month(void)
{
    char day[DAY_TEXT_BYTES];
    for (int i = 0; i < 10; i++) {
        day_format(day, window_day(made.at));
        log_maker_do(&made, last_ref, "offer.publish", "org-01",
                     "{\"providers\":[\"org-01\"],\"type\":\"space\",\"expires\":%" PRId64
                     ",\"public\":true,\"details\":\"" ZEROS "\"}",
                     made.at + 20 * MAKER_DAY);
        for (int way = 0; way < 2; way++)
            log_maker_do(&made, other_ref, "hours.record", "org-01 org-02",
                         "{\"shares\":[{\"from\":\"%s\",\"minutes\":10,\"to\":\"%s\"}],"
                         "\"day\":\"%s\",\"details\":\"" ZEROS "\"}",
                         way == 0 ? "org-01" : "org-02", way == 0 ? "org-02" : "org-01", day);
        log_maker_do(&made, other_ref, "need.publish", "org-03",
                     "{\"type\":\"space\",\"minutes\":90,\"urgent\":false,\"expires\":%" PRId64
                     ",\"public\":false,\"details\":\"" ZEROS "\"}",
                     made.at + 9 * MAKER_DAY);
        log_maker_do(&made, other_ref, "need.withdraw", "org-03", "{\"need\":\"%s\"}", other_ref);
        made.at += 3 * MAKER_DAY;
    }
}

Test(audit, memory_follows_the_windows_and_not_the_log)
{
    uint64_t peak_full = 0, peak_later = 0;
    audit_log_start(3, "{\"reference_days_max\":366}");
    /* Who did something once only still has a window that holds nothing any more. */
    log_maker_do(&made, last_ref, "hours.record", "org-01 org-03",
                 "{" SHARE("org-03", 10, "org-01") ",\"day\":\"2023-11-14\"}");
    struct source s = source_of(NULL, 0);
    struct audit_config config = config_of(&s, 2);
    config.tile = NULL;
    struct audit *a = audit_new(&config);
    size_t taken = 0;
    for (int month = 0; month < 72; month++) {
        live_a_month();
        s.leaves = made.leaves;
        s.n = made.n;
        for (; taken < made.n; taken++) {
            struct audit_figures figures;
            audit_take(a, &made.leaves[taken], 1);
            if (taken % 16 != 0)
                continue;
            audit_figures(a, &figures);
            uint64_t *peak = month < 20 ? &peak_full : &peak_later;
            *peak = figures.items > *peak ? figures.items : *peak;
        }
    }
    audit_settle(a);
    cr_assert(audit_sound(a));
    if (audit_n_findings(a) > 0)
        audit_print(a);
    cr_assert_eq(audit_n_findings(a), 0);
    cr_assert_gt(peak_later, 0);
    /* Two more where a walk of forgetting falls on another day of the month, and a line of the
     * report for the closing of each quarter. */
    cr_assert_leq(peak_later, peak_full + peak_full / 50 + 72 / 3, "%" PRIu64 " then %" PRIu64,
                  peak_full, peak_later);
    audit_free(a);
    audit_log_finish();
}

Test(audit, what_ended_can_be_referred_to_up_to_the_horizon)
{
    static char offer[REF_TEXT_SIZE], hours[2][REF_TEXT_SIZE];
    audit_log_start(3, "{\"reference_days_max\":500}");
    for (int i = 0; i < 2; i++)
        log_maker_do(&made, hours[i], "hours.record", "org-01 org-02",
                     "{" SHARE("org-01", 10, "org-02") ",\"day\":\"2023-11-14\"}");
    log_maker_do(&made, offer, "offer.publish", "org-01",
                 "{\"providers\":[\"org-01\"],\"type\":\"space\",\"expires\":%" PRId64
                 ",\"public\":true,\"details\":\"" ZEROS "\"}", made.at + 2 * MAKER_DAY);
    int64_t start = made.at;
    for (int month = 0; month < 16; month++)
        live_a_month();
    made.at = start + 499 * MAKER_DAY;
    log_maker_do(&made, other_ref, "hours.reverse", "org-01 org-02",
                 "{" SHARE("org-01", 10, "org-02") ",\"hours\":\"%s\"}", hours[0]);
    log_maker_sign(&made, &next_note, "offer.withdraw", "org-01", "{\"offer\":\"%s\"}", offer);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    made.at = start + 504 * MAKER_DAY;
    log_maker_sign(&made, &next_note, "hours.reverse", "org-01 org-02",
                   "{" SHARE("org-01", 10, "org-02") ",\"hours\":\"%s\"}", hours[1]);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 2);
    cr_assert_str_eq(audit_finding(a, 0)->code, "already_closed");
    cr_assert_str_eq(audit_finding(a, 1)->code, "ref_unknown");
    audit_free(a);
    audit_log_finish();
}

/* The last walk of forgetting falls on the last half day on which the text may come again. */
Test(audit, an_id_is_known_as_long_as_its_text_is_valid)
{
    static struct made_note early;
    audit_log_start(3, "{\"entry_days_max\":90}");
    int64_t start = made.at;
    log_maker_sign(&made, &early, "org.confirm", "org-01", "{\"valid_until\":%" PRId64 "}",
                   start + 90 * MAKER_DAY);
    log_maker_append(&made, &early);
    for (int month = 0; month < 2; month++)
        live_a_month();
    made.at = start + 90 * MAKER_DAY - MAKER_DAY / 2;
    log_maker_do(&made, last_ref, "org.confirm", "org-02", "{}");
    log_maker_smuggle(&made, early.b, early.n);
    audit_expect_one("id_reused", made.n - 1);
    audit_log_finish();
}

Test(audit, a_text_of_long_ago_is_erased_once)
{
    static char old[2][REF_TEXT_SIZE];
    audit_log_start(3, "{\"reference_days_max\":366}");
    for (int i = 0; i < 2; i++)
        log_maker_do(&made, old[i], "hours.record", "org-01 org-02",
                     "{" SHARE("org-01", 10, "org-02") ",\"day\":\"2023-11-14\","
                     "\"details\":\"" ZEROS "\"}");
    for (int month = 0; month < 30; month++)
        live_a_month();
    log_maker_do(&made, last_ref, "details.erase", "org-02",
                 "{\"subject\":\"%s\",\"slot\":\"details\"}", old[0]);
    live_a_month();
    log_maker_sign(&made, &next_note, "details.erase", "org-01",
                   "{\"subject\":\"%s\",\"slot\":\"details\"}", old[0]);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    log_maker_sign(&made, &next_note, "details.erase", "org-03",
                   "{\"subject\":\"%s\",\"slot\":\"details\"}", old[1]);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    log_maker_sign(&made, &next_note, "details.erase", "org-01",
                   "{\"subject\":\"%s\",\"slot\":\"people\"}", old[1]);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 3);
    cr_assert_str_eq(audit_finding(a, 0)->code, "already_erased");
    cr_assert_str_eq(audit_finding(a, 1)->code, "not_yours");
    cr_assert_str_eq(audit_finding(a, 2)->code, "ref_unknown");
    cr_assert_gt(s.rereads, 0);
    audit_free(a);
    audit_log_finish();
}
