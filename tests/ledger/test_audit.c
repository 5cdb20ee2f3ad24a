/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/seal.h"
#include "tests/ledger/audit_runner.h"

/* --- Sound logs ------------------------------------------------------------------------------- */

Test(audit, a_sound_log_has_no_finding_and_its_own_root)
{
    struct source s;
    struct audit_figures figures;
    struct merkle_range range;
    struct hash leaf, root;
    audit_log_start(3, "{\"seal_every\":16}");
    audit_log_live(50);
    struct audit *a = audit_made(&s);
    if (audit_n_findings(a) > 0)
        audit_print(a);
    cr_assert_eq(audit_n_findings(a), 0);
    audit_figures(a, &figures);
    merkle_range_start(&range);
    for (size_t i = 0; i < made.n; i++) {
        merkle_range_root(&range, &root);
        struct hash at;
        if (i % 37 == 0) {
            cr_assert(audit_root_at(a, i, &at));
            cr_assert(hash_equal(&root, &at), "another root at %zu", i);
        }
        merkle_leaf(&leaf, made.leaves[i].data, made.leaves[i].size);
        merkle_range_append(&range, &leaf);
    }
    merkle_range_root(&range, &root);
    cr_assert(hash_equal(&root, &figures.root));
    cr_assert_eq(figures.size, made.n);
    cr_assert_eq(figures.entries, made.n);
    cr_assert_eq(figures.unjudged, 0);
    cr_assert(figures.founded && !figures.demo);
    cr_assert(s.tiles_hold);
    cr_assert_geq(s.full_tiles, 1);
    audit_free(a);
    audit_log_finish();
}

Test(audit, a_head_of_any_size_may_have_been_seen)
{
    struct source s;
    struct hash root;
    char hex[HEX_SIZE(HASH_BYTES)];
    audit_log_start(3, NULL);
    audit_log_live(80);
    struct audit *a = audit_made(&s);
    static const uint64_t sizes[] = {0, 1, 255, 256, 257, 300, 511, 512, 600};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cr_assert(audit_root_at(a, sizes[i], &root));
        hex_encode(hex, root.b, HASH_BYTES);
        log_maker_do(&made, last_ref, "org.confirm", "org-01",
                     "{\"seen\":{\"root\":\"%s\",\"size\":%" PRIu64 "}}", hex, sizes[i]);
    }
    audit_free(a);
    a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 0);
    cr_assert_gt(s.rereads, 0);
    audit_free(a);
    log_maker_sign(&made, &next_note, "org.confirm", "org-01",
                   "{\"seen\":{\"root\":\"" ZEROS "\",\"size\":300}}");
    log_maker_smuggle(&made, next_note.b, next_note.n);
    audit_expect_one("seen_mismatch", made.n - 1);
    audit_log_finish();
}

/* --- One finding for one defect --------------------------------------------------------------- */

Test(audit, form)
{
    audit_log_start(3, NULL);
    audit_log_live(2);
    log_maker_smuggle(&made, "no note\n", 8);
    audit_log_live(2);
    size_t at = 0;
    while (made.leaves[at].size > 100)
        at++;
    audit_expect_one("note_malformed", at);
    audit_log_finish();
}

Test(audit, signature)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_sign(&made, &next_note, "org.confirm", "org-01", "{}");
    char *base64 = strstr(next_note.b, "org-01 ") + 30;
    *base64 = *base64 == 'A' ? 'B' : 'A';
    log_maker_smuggle(&made, next_note.b, next_note.n);
    audit_expect_one("signature_invalid", made.n - 1);
    audit_log_finish();
}

Test(audit, sequence)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_sign(&made, &next_note, "org.confirm", "org-01", "{}");
    log_maker_append(&made, &next_note);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    audit_expect_one("id_reused", made.n - 1);
    audit_log_finish();
}

Test(audit, an_id_stays_taken_by_an_entry_that_was_not_applied)
{
    audit_log_start(3, NULL);
    log_maker_sign(&made, &next_note, "offer.withdraw", "org-01",
                   "{\"offer\":\"org-01/018bcfe568007000800000000000ffff\"}");
    log_maker_smuggle(&made, next_note.b, next_note.n);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 2);
    cr_assert_str_eq(audit_finding(a, 0)->code, "ref_unknown");
    cr_assert_str_eq(audit_finding(a, 1)->code, "id_reused");
    cr_assert_str_eq(audit_finding(a, 1)->found, "1");
    audit_free(a);
    audit_log_finish();
}

Test(audit, time)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_sign(&made, &next_note, "org.confirm", "org-01", "{}");
    made.at -= 5 * MAKER_DAY;
    log_maker_smuggle(&made, next_note.b, next_note.n);
    made.at += 5 * MAKER_DAY;
    audit_log_live(1);
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 1);
    cr_assert_str_eq(audit_finding(a, 0)->code, "time_order");
    audit_free(a);
    audit_log_finish();
}

Test(audit, network)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    const char *founding = memchr(made.leaves[0].data, '\n', made.leaves[0].size);
    size_t head = (size_t)(founding + 1 - (const char *)made.leaves[0].data);
    log_maker_smuggle(&made, founding + 1, made.leaves[0].size - head);
    audit_expect_one("network_already_founded", made.n - 1);
    audit_log_finish();
}

Test(audit, nothing_is_judged_behind_a_founding_that_is_not_sound)
{
    struct source s;
    struct audit_figures figures;
    struct public_key key = {{1}};
    audit_log_start(3, NULL);
    audit_log_live(2);
    s = source_of(made.leaves, made.n);
    struct audit_config config = config_of(&s, 2);
    config.log_key = &key;
    struct audit *a = audit_run(&config, &s);
    cr_assert_eq(audit_n_findings(a), 1);
    cr_assert_str_eq(audit_finding(a, 0)->code, "network_keys");
    audit_figures(a, &figures);
    cr_assert_eq(figures.unjudged, made.n - 1);
    cr_assert_not(figures.founded);
    audit_free(a);
    audit_log_finish();
}

Test(audit, organisation)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_sign(&made, &next_note, "org.leave", "org-01", "{\"to\":\"nobody\"}");
    log_maker_smuggle(&made, next_note.b, next_note.n);
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 1);
    cr_assert_str_eq(audit_finding(a, 0)->code, "org_unknown");
    cr_assert_str_eq(audit_category("org_unknown"), "organisation");
    cr_assert_str_eq(audit_finding(a, 0)->found, "nobody");
    audit_free(a);
    audit_log_finish();
}

Test(audit, exchange_and_the_minutes_at_risk)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_sign(&made, &next_note, "hours.record", "org-01 org-02",
                   "{" SHARE("org-01", 5000, "org-02") ",\"day\":\"2023-11-14\"}");
    log_maker_smuggle(&made, next_note.b, next_note.n);
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 1);
    const struct audit_finding *f = audit_finding(a, 0);
    cr_assert_str_eq(f->code, "limit_crossed");
    cr_assert_str_eq(f->field, "org-02");
    cr_assert_eq(f->minutes, 5000);
    audit_free(a);
    audit_log_finish();
}

Test(audit, a_missing_tick)
{
    audit_log_start(3, NULL);
    audit_log_live(3);
    size_t at = log_maker_find(&made, "clock.tick", 0);
    log_maker_drop(&made, at);
    audit_expect_one("tick_missing", at);
    audit_log_finish();
}

Test(audit, a_tick_that_is_wrong_is_replaced)
{
    audit_log_start(3, NULL);
    audit_log_live(3);
    size_t at = log_maker_find(&made, "clock.tick", 0);
    uint8_t *hash = memmem(made.leaves[at].data, made.leaves[at].size, "effects_hash\":\"", 15);
    hash[15] = hash[15] == '0' ? '1' : '0';
    audit_expect_one("signature_invalid", at);
    audit_log_finish();
}

Test(audit, a_tick_where_nothing_is_due)
{
    audit_log_start(3, NULL);
    audit_log_live(3);
    size_t at = log_maker_find(&made, "clock.tick", 0);
    struct slice tick = made.leaves[at], before = made.leaves[at - 1];
    made.leaves[at - 1] = tick;
    made.leaves[at] = before;
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 1);
    cr_assert_str_eq(audit_finding(a, 0)->code, "time_order");
    audit_free(a);
    audit_log_finish();
}

Test(audit, a_missing_seal)
{
    audit_log_start(3, "{\"seal_every\":16}");
    audit_log_live(1);
    const char *kind = "seal.balances";
    const struct slice *last;
    do {
        log_maker_do(&made, last_ref, "org.confirm", "org-01", "{}");
        last = &made.leaves[made.n - 1];
    } while (memmem(last->data, last->size, kind, strlen(kind)) == NULL);
    log_maker_drop(&made, made.n - 1);
    log_maker_sign(&made, &next_note, "org.confirm", "org-01", "{}");
    log_maker_smuggle(&made, next_note.b, next_note.n);
    audit_expect_one("seal_missing", made.n - 1);
    audit_log_finish();
}

Test(audit, a_wrong_seal_is_one_finding)
{
    audit_log_start(3, "{\"seal_every\":16}");
    audit_log_live(10);
    size_t at = log_maker_find(&made, "seal.balances", 0);
    uint8_t *hash = memmem(made.leaves[at].data, made.leaves[at].size, "root\":\"", 7);
    hash[7] = hash[7] == '0' ? '1' : '0';
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_str_eq(audit_finding(a, 0)->code, "signature_invalid");
    cr_assert_eq(audit_finding(a, 0)->index, at);
    audit_free(a);
    audit_log_finish();
}

/* A seal of another root, signed by the clock, in the log of a server that goes on from it. */
static void smuggle_wrong_seal(void)
{
    struct body_seal_balances body;
    struct id id;
    struct hash inner;
    struct org pool;
    char seal[SEAL_NOTE_SIZE];
    rules_make_seal(&made.state, MAKER_ORIGIN, &body, &id);
    body.root.b[0] ^= 1;
    seal_id(&id, made.at, &body.root);
    struct seal place = {.index = made.n};
    log_maker_smuggle(&made, seal,
                      seal_note(seal, MAKER_ORIGIN, &body, &id, made.at, made.clock_key));
    state_put_seal(&made.state, &place);
    cr_assert(state_org(&made.state, 0, &pool));
    salt_of_leaf(&inner, MAKER_ORIGIN, made.leaves[place.index]);
    salt_turn(pool.salt_chain, &inner);
    state_put_org(&made.state, &pool);
}

Test(audit, the_seals_behind_a_wrong_one_are_judged_by_themselves)
{
    audit_log_start(3, "{\"seal_every\":16}");
    audit_log_live(2);
    log_maker_do(&made, last_ref, "org.confirm", "org-01", "{}");
    size_t at = made.n;
    smuggle_wrong_seal();
    audit_log_live(20);
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 1);
    cr_assert_str_eq(audit_finding(a, 0)->code, "seal_root");
    cr_assert_eq(audit_finding(a, 0)->index, at);
    audit_free(a);
    audit_log_finish();
}

Test(audit, what_was_refused_halfway_changes_nothing)
{
    static const char shares[] =
        "\"shares\":[{\"from\":\"org-01\",\"minutes\":30,\"to\":\"org-02\"},"
        "{\"from\":\"org-01\",\"minutes\":%d,\"to\":\"org-03\"}]";
    char text[2][sizeof shares + 8];
    audit_log_start(3, "{\"seal_every\":16}");
    snprintf(text[0], sizeof text[0], shares, 30);
    snprintf(text[1], sizeof text[1], shares, 31);
    log_maker_do(&made, other_ref, "hours.record", "org-01 org-02 org-03",
                 "{%s,\"day\":\"2023-11-14\"}", text[0]);
    log_maker_sign(&made, &next_note, "hours.reverse", "org-01 org-02 org-03",
                   "{%s,\"hours\":\"%s\"}", text[1], other_ref);
    log_maker_smuggle(&made, next_note.b, next_note.n);
    size_t at = made.n - 1;
    for (int i = 0; i < 20; i++)
        log_maker_do(&made, last_ref, "org.confirm", "org-02", "{}");
    log_maker_do(&made, last_ref, "hours.reverse", "org-01 org-02 org-03",
                 "{%s,\"hours\":\"%s\"}", text[0], other_ref);
    struct source s;
    struct audit *a = audit_made(&s);
    struct sums sums;
    cr_assert_str_eq(audit_finding(a, 0)->code, "reverse_too_much");
    cr_assert_eq(audit_finding(a, 0)->index, at);
    cr_assert_eq(audit_count(a, false), 1);
    state_sums(audit_state(a), &sums);
    /* The second one speaks of the same hours, but no rule refuses it. */
    cr_assert_eq(sums.given, 0);
    cr_assert_eq(audit_count(a, true), 0);
    audit_free(a);
    audit_log_finish();
}

/* --- Consequences ----------------------------------------------------------------------------- */

Test(audit, what_only_follows_is_a_consequence)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_do(&made, last_ref, "hours.record", "org-01 org-02",
                 "{" SHARE("org-01", 40, "org-02") ",\"day\":\"2023-11-14\"}");
    size_t at = made.n - 1;
    log_maker_do(&made, other_ref, "hours.reverse", "org-01 org-02",
                 "{" SHARE("org-01", 40, "org-02") ",\"hours\":\"%s\"}", last_ref);
    log_maker_do(&made, last_ref, "org.confirm", "org-03", "{}");
    uint8_t *line = memmem(made.leaves[at].data, made.leaves[at].size, "org-02 ", 7);
    line[40] = line[40] == 'A' ? 'B' : 'A';
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_count(a, false), 1);
    cr_assert_eq(audit_count(a, true), 1);
    const struct audit_finding *f = audit_finding(a, 1);
    cr_assert(f->is_consequence);
    cr_assert_str_eq(f->code, "ref_unknown");
    cr_assert_eq(f->of, at);
    cr_assert_eq(f->index, at + 1);
    audit_free(a);
    audit_log_finish();
}

Test(audit, what_follows_from_a_consequence_is_one_of_the_same_entry)
{
    static char agreement[REF_TEXT_SIZE], hours[REF_TEXT_SIZE];
    audit_log_start(3, NULL);
    size_t at = made.n;
    log_maker_do(&made, agreement, "agreement.sign", "org-01 org-02",
                 "{" SHARE("org-01", 40, "org-02") ",\"expires\":%" PRId64
                 ",\"details\":\"" ZEROS "\"}", made.at + 2 * MAKER_DAY);
    log_maker_do(&made, hours, "hours.record", "org-01 org-02",
                 "{" SHARE("org-01", 40, "org-02") ",\"agreement\":\"%s\","
                 "\"day\":\"2023-11-14\"}", agreement);
    log_maker_do(&made, last_ref, "hours.reverse", "org-01 org-02",
                 "{" SHARE("org-01", 40, "org-02") ",\"hours\":\"%s\"}", hours);
    uint8_t *line = memmem(made.leaves[at].data, made.leaves[at].size, "org-02 ", 7);
    line[40] = line[40] == 'A' ? 'B' : 'A';
    struct source s;
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 3);
    for (size_t i = 1; i < 3; i++) {
        cr_assert_str_eq(audit_finding(a, i)->code, "ref_unknown");
        cr_assert(audit_finding(a, i)->is_consequence);
        cr_assert_eq(audit_finding(a, i)->of, at);
    }
    audit_free(a);
    audit_log_finish();
}

/* An entry whose signature does not verify; gives its index. */
static size_t smuggle_forged(void)
{
    char *base64 = strstr(next_note.b, "\n\n") + 80;
    *base64 = *base64 == 'A' ? 'B' : 'A';
    log_maker_smuggle(&made, next_note.b, next_note.n);
    return made.n - 1;
}

/* The line of org-02 is in doubt since that entry, so what crosses its limit only follows. */
static void expect_doubt_of_org_02(size_t at)
{
    struct source s;
    log_maker_sign(&made, &next_note, "hours.record", "org-02 org-03",
                   "{" SHARE("org-03", 5000, "org-02") ",\"day\":\"2023-11-14\"}");
    log_maker_smuggle(&made, next_note.b, next_note.n);
    struct audit *a = audit_made(&s);
    cr_assert_eq(audit_n_findings(a), 2);
    cr_assert_str_eq(audit_finding(a, 0)->code, "signature_invalid");
    cr_assert_eq(audit_finding(a, 0)->index, at);
    const struct audit_finding *f = audit_finding(a, 1);
    cr_assert_str_eq(f->code, "limit_crossed");
    cr_assert_str_eq(f->field, "org-02");
    cr_assert(f->is_consequence);
    cr_assert_eq(f->of, at);
    audit_free(a);
    audit_log_finish();
}

static void start_with_an_agreement(void)
{
    audit_log_start(3, NULL);
    log_maker_do(&made, other_ref, "agreement.sign", "org-01 org-02",
                 "{" SHARE("org-01", 60, "org-02") ",\"expires\":%" PRId64 ",\"details\":\"" ZEROS
                 "\"}", made.at + 10 * MAKER_DAY);
}

Test(audit, the_end_of_an_agreement_leaves_the_lines_of_its_parties_in_doubt)
{
    static const char *const kinds[] = {"agreement.close", "agreement.cancel"};
    for (size_t i = 0; i < 2; i++) {
        start_with_an_agreement();
        log_maker_sign(&made, &next_note, kinds[i], i == 0 ? "org-01 org-02" : "org-01",
                       "{\"agreement\":\"%s\"}", other_ref);
        expect_doubt_of_org_02(smuggle_forged());
    }
}

Test(audit, who_leaves_puts_the_lines_of_its_agreements_in_doubt)
{
    start_with_an_agreement();
    log_maker_sign(&made, &next_note, "org.leave", "org-01", "{\"to\":\"org-03\"}");
    expect_doubt_of_org_02(smuggle_forged());
}

Test(audit, a_vouch_puts_the_line_of_the_asker_in_doubt)
{
    audit_log_start(3, NULL);
    log_maker_do(&made, last_ref, "need.publish", "org-02",
                 "{\"type\":\"space\",\"minutes\":90,\"urgent\":true,\"expires\":%" PRId64
                 ",\"public\":false,\"details\":\"" ZEROS "\"}", made.at + 60 * MAKER_DAY);
    log_maker_sign(&made, &next_note, "need.vouch", "org-03", "{\"need\":\"%s\"}", last_ref);
    expect_doubt_of_org_02(smuggle_forged());
}

/* --- Waiving ---------------------------------------------------------------------------------- */

Test(audit, a_waived_check_is_left_out_and_the_leaf_applied)
{
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_sign(&made, &next_note, "hours.record", "org-01 org-02",
                   "{" SHARE("org-01", 5000, "org-02") ",\"day\":\"2023-11-14\"}");
    log_maker_smuggle(&made, next_note.b, next_note.n);
    struct source s = source_of(made.leaves, made.n);
    struct audit_config config = config_of(&s, 2);
    config.waive = "limit_crossed";
    struct audit *a = audit_run(&config, &s);
    cr_assert_eq(audit_n_findings(a), 0);
    struct sums sums;
    state_sums(audit_state(a), &sums);
    cr_assert_eq(sums.given, 5000);
    audit_free(a);
    cr_assert_not(audit_waivable("leaf_malformed"));
    cr_assert_not(audit_waivable("ref_unknown"));
    cr_assert_not(audit_waivable("not_found"));
    cr_assert_not(audit_waivable("no such word"));
    cr_assert(audit_waivable("tick_missing"));
    audit_log_finish();
}

/* --- Held refusals ---------------------------------------------------------------------------- */

Test(audit, a_refusal_is_judged_where_it_was_made)
{
    static struct made_note bad, good;
    audit_log_start(3, NULL);
    audit_log_live(2);
    log_maker_sign(&made, &bad, "hours.record", "org-01 org-02",
                   "{" SHARE("org-01", 5000, "org-02") ",\"day\":\"2023-11-14\"}");
    log_maker_sign(&made, &good, "org.confirm", "org-01", "{}");
    struct audit_refusal refusals[4];
    for (int i = 0; i < 4; i++) {
        const struct made_note *n = i % 2 == 0 ? &bad : &good;
        refusals[i] = (struct audit_refusal){.size = made.n,
                                             .at = made.at,
                                             .note = n->b,
                                             .note_len = n->n,
                                             .code = "limit_crossed",
                                             .name = i % 2 == 0 ? "bad.refusal" : "good.refusal"};
        const char *end = strstr(n->b, "\n\n");
        hash_sha256(&refusals[i].entry_hash, n->b, (size_t)(end + 1 - n->b));
    }
    audit_log_live(1);
    struct source s = source_of(made.leaves, made.n);
    struct audit_config config = config_of(&s, 2);
    config.refusals = refusals;
    config.n_refusals = 2;
    struct audit *a = audit_run(&config, &s);
    cr_assert_eq(audit_n_findings(a), 1);
    cr_assert_str_eq(audit_finding(a, 0)->code, "refusal_unfounded");
    cr_assert_str_eq(audit_finding(a, 0)->field, "good.refusal");
    audit_free(a);

    log_maker_smuggle(&made, good.b, good.n);
    s = source_of(made.leaves, made.n);
    a = audit_run(&config, &s);
    cr_assert_eq(audit_n_findings(a), 1);
    cr_assert_str_eq(audit_finding(a, 0)->code, "refused_logged");
    cr_assert(audit_finding(a, 0)->has_index);
    cr_assert_eq(audit_finding(a, 0)->index, made.n - 1);
    cr_assert_not_null(strstr(good.b, audit_finding(a, 0)->entry + strlen("org-01/")));
    audit_free(a);
    audit_log_finish();
}

Test(audit, a_refusal_from_before_a_resume_point_is_only_looked_for)
{
    static struct made_note good;
    audit_log_start(3, NULL);
    audit_log_live(1);
    log_maker_sign(&made, &good, "org.confirm", "org-01", "{}");
    struct audit_refusal refusal = {.size = made.n,
                                    .at = made.at,
                                    .note = good.b,
                                    .note_len = good.n,
                                    .code = "limit_crossed",
                                    .name = "good.refusal"};
    hash_sha256(&refusal.entry_hash, good.b, (size_t)(strstr(good.b, "\n\n") + 1 - good.b));
    audit_log_live(1);
    for (size_t logged = 0; logged < 2; logged++) {
        struct source s = source_of(made.leaves, made.n);
        struct audit_config config = config_of(&s, 2);
        struct audit *before = audit_run(&config, &s);
        size_t cut = made.n;
        FILE *f = tmpfile();
        cr_assert(audit_save(before, f));
        audit_free(before);
        rewind(f);
        if (logged == 1)
            log_maker_smuggle(&made, good.b, good.n);
        s = source_of(made.leaves, made.n);
        config.refusals = &refusal;
        config.n_refusals = 1;
        struct audit *a = audit_new(&config);
        cr_assert(audit_load(a, f));
        fclose(f);
        audit_take(a, made.leaves + cut, made.n - cut);
        audit_settle(a);
        cr_assert_eq(audit_n_findings(a), logged);
        cr_assert_eq(audit_refusal_found(a, 0), logged == 1);
        if (logged == 1)
            cr_assert_str_eq(audit_finding(a, 0)->code, "refused_logged");
        audit_free(a);
    }
    audit_log_finish();
}

Test(audit, findings_of_tree_and_held_stand_last_and_in_order)
{
    audit_log_start(3, NULL);
    log_maker_smuggle(&made, "no note\n", 8);
    struct source s;
    struct audit *a = audit_made(&s);
    audit_add(a, "head_fork", "b", NULL, NULL);
    audit_add(a, "receipt_leaf", "a", NULL, NULL);
    audit_add(a, "tile_mismatch", "tile/0/000", NULL, NULL);
    audit_add(a, "size_mismatch", "", "3", "2");
    static const char *const codes[] = {"note_malformed", "size_mismatch", "tile_mismatch",
                                        "receipt_leaf", "head_fork"};
    cr_assert_eq(audit_n_findings(a), 5);
    for (size_t i = 0; i < 5; i++)
        cr_assert_str_eq(audit_finding(a, i)->code, codes[i]);
    audit_free(a);
    audit_log_finish();
}
