/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a refusal gives an audit's report (SPEC 17.4): the bare values of each code that its table
 * names, from the rules that refuse; and that leaving out the check (SPEC 17.7) leaves books that
 * balance, now and when everything has ended.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kind.h"
#include "ledger/log.h"
#include "ledger/preview.h"
#include "ledger/signers.h"
#include "tests/ledger/fixture.h"

#define NAME_OF(handle) FIXTURE_ORIGIN "/org/" handle
#define SOME_ID "018bd00000007000800000000000000a"
#define DAY_OF_START "2023-11-14"
static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

static struct fixture f;
static struct sent sent;

struct trial {
    bool signatures; /* the signers are looked at as well */
    bool passed;
    struct refusal why;
};

static void try(struct kv *kv, void *ctx)
{
    static struct state state;
    static struct outcome outcome;
    static struct signatures signatures;
    struct trial *t = ctx;
    struct rules r = {.state = &state, .at = sent.entry.at};

    memset(&state, 0, sizeof state);
    state_attach(&state, kv);
    r.index = state_size(&state);
    t->passed = !t->signatures ||
                (signers_check(&r, FIXTURE_ORIGIN, &sent.entry, &sent.parsed, true, &signatures,
                               &t->why) &&
                 (signatures_complete(&signatures) || signers_missing(&signatures, &t->why)));
    t->passed = t->passed && preview_entry(kv, &state, &sent.entry, sent.entry.at, &outcome,
                                           &signatures.needed, &t->why);
}

static void expect_values(const struct refusal *why, enum code code, const char *field,
                          const char *expected, const char *found)
{
    const char *word = code_word(code);

    cr_assert_eq(why->code, code, "%s, not %s: %s, expected %s, found %s", word,
                 code_word(why->code), why->field, why->expected, why->found);
    cr_expect_str_eq(why->value_field, field, "%s: field %s", word, why->value_field);
    cr_expect_str_eq(why->value_expected, expected, "%s: expected %s", word, why->value_expected);
    cr_expect_str_eq(why->value_found, found, "%s: found %s", word, why->value_found);
}

static void balanced(struct state *s)
{
    char why[200] = "";

    cr_assert(rules_recount(s, why, sizeof why), "%s", why);
}

/* Every due moment of the next years passes. */
static void pass_years(struct state *s, int64_t at)
{
    struct refusal why = {.code = CODE_OK};

    while (rules_tick_due(s, at)) {
        struct entry tick = {.kind = kind_of(KIND_CLOCK_TICK), .at = -1, .valid_until = at};
        struct rules r = {.state = s, .index = state_size(s), .at = at};

        memcpy(tick.by.s, "clock", sizeof "clock");
        cr_assert(rules_make_tick(s, at, &tick.clock_tick, &tick.id));
        cr_assert(rules_apply(&r, &tick, &why), "%s", code_word(why.code));
    }
}

/* Everybody leaves at the end, which ends what is still listed as theirs. */
static void all_leave(struct state *s, int64_t at)
{
    struct org org;

    pass_years(s, at);
    for (uint32_t i = 1; state_org(s, i, &org); i++) {
        struct refusal why = {.waived = CODE_org_left};
        struct entry leave = {.kind = kind_of(KIND_ORG_LEAVE), .at = -1, .valid_until = at};
        struct rules r = {.state = s, .index = state_size(s), .at = at};
        uint8_t random[10] = {(uint8_t)i};

        leave.by = org.handle;
        id_make(&leave.id, at, random);
        cr_assert(rules_apply(&r, &leave, &why), "%s", code_word(why.code));
    }
}

static bool apply(struct kv *kv, struct trial *t, struct state *state)
{
    static struct signatures signatures;
    struct rules r = {.state = state, .index = state_size(state), .at = sent.entry.at,
                      .root_at = log_root_of, .root_ctx = kv};

    if (t->signatures &&
        !(signers_check(&r, FIXTURE_ORIGIN, &sent.entry, &sent.parsed, true, &signatures,
                        &t->why) &&
          (signatures_complete(&signatures) || signers_missing(&signatures, &t->why))))
        return false;
    return rules_apply(&r, &sent.entry, &t->why);
}

/* Applies it on an overlay; then everything ends by itself, or everybody leaves. */
static void waive_and_end(struct kv *kv, struct trial *t, void (*end)(struct state *, int64_t),
                          int64_t at)
{
    static struct state state;
    struct kv *overlay = kv_memory_new(kv);

    cr_assert_not_null(overlay);
    memset(&state, 0, sizeof state);
    state_attach(&state, overlay);
    t->passed = apply(kv, t, &state);
    if (t->passed) {
        cr_assert_eq(t->why.code, CODE_OK);
        balanced(&state);
        end(&state, at);
        balanced(&state);
    }
    kv_memory_free(overlay);
}

static void waive(struct kv *kv, void *ctx)
{
    waive_and_end(kv, ctx, pass_years, f.at + 3000 * FIXTURE_DAY);
    waive_and_end(kv, ctx, all_leave, f.at + FIXTURE_DAY);
}

/* Refuses what `sent` holds, and compares; where its check can be waived it then passes. */
static void refused(bool signatures, enum code code, const char *field, const char *expected,
                    const char *found)
{
    struct trial t = {.signatures = signatures, .why = {.code = CODE_OK}};

    fixture_look(&f, try, &t);
    cr_assert_not(t.passed, "%s: it passed", code_word(code));
    expect_values(&t.why, code, field, expected, found);
    if (code_waivable(code)) {
        t.why = (struct refusal){.waived = code};
        fixture_look(&f, waive, &t);
        cr_expect(t.passed, "%s waived: %s", code_word(code), code_word(t.why.code));
    }
}

static void sign(const char *kind, const char *signers, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void sign(const char *kind, const char *signers, const char *format, ...)
{
    va_list args;
    char fields[4096];

    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    fixture_sign(&f, &sent, kind, signers, fields);
}

static const char *text_of(char out[static 24], int64_t n)
{
    snprintf(out, 24, "%" PRId64, n);
    return out;
}

/* The time that the next entry will have. */
static int64_t next_at(void)
{
    return f.at + 1000;
}

/* Of a key of the fixture, under the name of an organisation. */
static void key_id_hex(char out[static HEX_SIZE(KEY_ID_BYTES)], const char *name,
                       const struct secret_key *key)
{
    struct public_key public;
    struct key_id id;

    secret_key_public(key, &public);
    key_id_of(&id, name, strlen(name), KEY_ED25519, &public);
    hex_encode(out, id.b, KEY_ID_BYTES);
}

static struct secret_key *other_key(uint8_t number, char hex[static HEX_SIZE(KEY_BYTES)])
{
    uint8_t seed[KEY_SEED_BYTES] = {'v', 'a', 'l', number};
    struct public_key public;
    struct secret_key *key = secret_key_from_seed(seed);

    secret_key_public(key, &public);
    hex_encode(hex, public.b, KEY_BYTES);
    return key;
}

static void refused_text(const char *json, enum code code, const char *field)
{
    char text[1024];
    struct refusal why = {.code = CODE_OK};
    static struct entry entry;

    snprintf(text, sizeof text, "%s/entry/v1\n%s\n", FIXTURE_ORIGIN, json);
    cr_assert_not(entry_decode(&entry, FIXTURE_ORIGIN, text, strlen(text), &why));
    expect_values(&why, code, field, "", "");
}

Test(values, of_the_form_of_a_text)
{
    refused_text("{\"by\":\"org-01\",\"kind\":\"org.confirm\",\"valid_until\":5}",
                 CODE_field_missing, "id");
    refused_text("{\"by\":\"org-01\",\"extra\":1,\"id\":\"" SOME_ID "\",\"kind\":\"org.confirm\","
                 "\"valid_until\":5}",
                 CODE_field_unknown, "extra");
    refused_text("{\"by\":\"org-01\",\"hours\":\"org-01/" SOME_ID "\",\"id\":\"" SOME_ID
                 "\",\"kind\":\"hours.reverse\",\"shares\":[{\"from\":\"org-01\",\"minutes\":1,"
                 "\"to\":\"org-02\"},{\"from\":\"org-01\",\"minutes\":0,\"to\":\"org-03\"}],"
                 "\"valid_until\":5}",
                 CODE_field_invalid, "shares[1].minutes");
    refused_text("{\"by\":\"org-01\",\"id\":\"" SOME_ID "\",\"kind\":\"org.none\","
                 "\"valid_until\":5}",
                 CODE_unknown_kind, "");
}

#define RECORD(from, to, minutes) \
    "{\"day\":\"" DAY_OF_START "\",\"shares\":[{\"from\":\"" from "\",\"minutes\":" minutes \
    ",\"to\":\"" to "\"}]}"

Test(values, of_signers_and_signatures)
{
    fixture_make(&f, 4);
    sign("hours.record", "org-01", RECORD("org-01", "org-02", "9"));
    refused(true, CODE_signer_missing, "", "org-02", "org-01");
    sign("hours.record", "org-01",
         "{\"day\":\"" DAY_OF_START "\",\"shares\":[{\"from\":\"org-01\",\"minutes\":9,"
         "\"to\":\"org-02\"},{\"from\":\"org-03\",\"minutes\":9,\"to\":\"org-01\"}]}");
    refused(true, CODE_signer_missing, "", "org-02, org-03", "org-01");
    sign("org.confirm", "org-01 org-02", "{}");
    refused(true, CODE_signer_unexpected, "", "org-01", NAME_OF("org-02"));
    sign("org.confirm", "org-01", "{}");
    sent.note[sent.note_len - 12] = sent.note[sent.note_len - 12] == 'A' ? 'B' : 'A';
    cr_assert_eq(note_parse(&sent.parsed, sent.note, sent.note_len), NOTE_OK);
    refused(true, CODE_signature_invalid, NAME_OF("org-01"), "", "");
    fixture_drop(&f);
}

static void add_key(const char *handle, const char *hex, const char *scope, const char *more)
{
    char ref[REF_TEXT_SIZE];

    fixture_do(&f, ref, "key.add", handle, "{\"key\":\"%s\",\"scope\":\"%s\"%s}", hex, scope, more);
}

Test(values, of_keys)
{
    char hex[3][HEX_SIZE(KEY_BYTES)], own[HEX_SIZE(KEY_BYTES)], id[HEX_SIZE(KEY_ID_BYTES)];
    char ref[REF_TEXT_SIZE];
    struct public_key public;
    struct secret_key *keys[3];

    fixture_make(&f, 4);
    for (uint8_t i = 0; i < 3; i++)
        keys[i] = other_key(i, hex[i]);
    struct secret_key *first = f.keys[3];

    f.keys[3] = keys[0];
    sign("org.confirm", "org-04", "{}");
    key_id_hex(id, NAME_OF("org-04"), keys[0]);
    refused(true, CODE_key_unknown, "org-04", "", id);
    sign("key.revoke", "org-04", "{\"key\":\"%s\"}", hex[0]);
    refused(false, CODE_key_unknown, "org-04", "", id);

    f.keys[3] = first;
    add_key("org-04", hex[1], "sign", ",\"ceiling\":10");
    f.keys[3] = keys[1];
    sign("key.add", "org-04", "{\"key\":\"%s\",\"scope\":\"sign\"}", hex[0]);
    refused(true, CODE_key_scope, "org-04", "admin", "sign");
    sign("hours.record", "org-03 org-04", RECORD("org-03", "org-04", "11"));
    refused(true, CODE_key_ceiling, "org-04", "10", "11");

    f.keys[3] = first;
    add_key("org-04", hex[2], "admin", "");
    secret_key_public(first, &public);
    hex_encode(own, public.b, KEY_BYTES);
    fixture_do(&f, ref, "key.revoke", "org-04", "{\"key\":\"%s\"}", own);
    sign("org.confirm", "org-04", "{}");
    key_id_hex(id, NAME_OF("org-04"), first);
    refused(true, CODE_key_revoked, "org-04", "", id);
    sign("key.revoke", "org-04", "{\"key\":\"%s\"}", hex[2]);
    refused(false, CODE_last_admin_key, "", "", "");
    sign("key.add", "org-03", "{\"key\":\"%s\",\"scope\":\"sign\"}", own);
    refused(false, CODE_key_in_use, "", "", "");
    for (size_t i = 0; i < 3; i++)
        secret_key_free(keys[i]);
    fixture_drop(&f);
}

Test(values, of_the_sequence)
{
    char ref[REF_TEXT_SIZE], id_text[ID_TEXT_SIZE], a[24], b[24];
    uint8_t none[10] = {0};
    struct id id;

    fixture_make(&f, 3);
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    int64_t last = f.at;
    sign("org.confirm", "org-01", "{\"id\":\"%s\"}", strchr(ref, '/') + 1);
    refused(false, CODE_id_reused, "id", "", "1");

    int64_t at = next_at();
    id_make(&id, at + 600001, none);
    id_format(id_text, &id);
    sign("org.confirm", "org-01", "{\"id\":\"%s\"}", id_text);
    refused(false, CODE_id_time, "id", text_of(a, at + 600000), text_of(b, at + 600001));
    at = next_at();
    sign("org.confirm", "org-01", "{\"valid_until\":%" PRId64 "}", at - 1);
    refused(false, CODE_expired, "valid_until", text_of(a, at), text_of(b, at - 1));
    at = next_at();
    sign("org.confirm", "org-01", "{\"valid_until\":%" PRId64 "}", at + 90 * FIXTURE_DAY + 1);
    refused(false, CODE_valid_until_too_far, "valid_until", text_of(a, at + 90 * FIXTURE_DAY),
            text_of(b, at + 90 * FIXTURE_DAY + 1));
    sign("org.confirm", "org-01", "{\"at\":%" PRId64 "}", last - 1);
    refused(false, CODE_time_order, "at", text_of(a, last), text_of(b, last - 1));

    struct log_head head;
    char root[HEX_SIZE(HASH_BYTES)];
    fixture_head(&f, &head);
    hex_encode(root, head.root.b, HASH_BYTES);
    cr_assert_eq(head.size, 2);
    sign("org.confirm", "org-01", "{\"seen\":{\"root\":\"%s\",\"size\":2}}", zeros);
    refused(false, CODE_seen_mismatch, "seen", root, zeros);
    sign("org.confirm", "org-01", "{\"seen\":{\"root\":\"%s\",\"size\":3}}", zeros);
    refused(false, CODE_seen_mismatch, "seen", "2", "3");
    fixture_drop(&f);
}

Test(values, of_organisations)
{
    char ref[REF_TEXT_SIZE], hex[HEX_SIZE(KEY_BYTES)];

    fixture_make(&f, 4);
    secret_key_free(other_key(9, hex));
    fixture_do(&f, ref, "org.leave", "org-04", "{}");
    sign("org.confirm", "org-04", "{}");
    refused(false, CODE_org_left, "", "", "org-04");
    refused(true, CODE_org_left, "", "", "org-04");
    sign("org.leave", "org-01", "{\"to\":\"org-04\"}");
    refused(false, CODE_org_left, "", "", "org-04");
    sign("org.leave", "org-01", "{\"to\":\"org-99\"}");
    refused(false, CODE_org_unknown, "", "", "org-99");
    sign("org.confirm", "org-01", "{\"by\":\"org-98\"}");
    refused(false, CODE_org_unknown, "", "", "org-98");

    static const char admit[] = "{\"by\":\"%s\",\"charter\":\"%s\",\"coordinator\":\"%s\","
                                "\"details\":\"%s\",\"key\":\"%s\",\"public\":false}";
    sign("org.admit", "org-01", admit, "org-02", zeros, "org-01", zeros, hex);
    refused(false, CODE_handle_taken, "", "", "org-02");
    sign("org.admit", "org-01", admit, "newcomer", zeros, "org-02", zeros, hex);
    refused(false, CODE_not_coordinator, "", "", "org-02");
    sign("org.admit", "org-01", admit, "newcomer", hex, "org-01", zeros, hex);
    refused(false, CODE_charter_mismatch, "", "", "");
    fixture_drop(&f);
}

Test(values, of_references)
{
    char need[REF_TEXT_SIZE], offer[REF_TEXT_SIZE], ref[REF_TEXT_SIZE], a[24], b[24];

    fixture_make(&f, 3);
    sign("need.withdraw", "org-01", "{\"need\":\"org-02/" SOME_ID "\"}");
    refused(false, CODE_ref_unknown, "need", "", "org-02/" SOME_ID);
    sign("hours.reverse", "org-01",
         "{\"hours\":\"org-99/" SOME_ID "\",\"shares\":[{\"from\":\"org-01\",\"minutes\":1,"
         "\"to\":\"org-02\"}]}");
    refused(false, CODE_ref_unknown, "hours", "", "org-99/" SOME_ID);
    int64_t expires = f.at + 20 * FIXTURE_DAY;
    fixture_do(&f, need, "need.publish", "org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"minutes\":60,\"public\":true,"
               "\"type\":\"space\",\"urgent\":false}",
               zeros, expires);
    fixture_do(&f, offer, "offer.publish", "org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"providers\":[\"org-02\"],"
               "\"public\":true,\"type\":\"space\"}",
               zeros, expires);
    sign("details.erase", "org-02", "{\"slot\":\"people\",\"subject\":\"%s\"}", need);
    refused(false, CODE_ref_unknown, "subject", "", need);
    sign("details.erase", "org-03", "{\"slot\":\"details\",\"subject\":\"%s\"}", need);
    refused(false, CODE_not_yours, "subject", "", need);
    sign("need.withdraw", "org-03", "{\"need\":\"%s\"}", need);
    refused(false, CODE_not_yours, "need", "", need);
    sign("offer.withdraw", "org-03", "{\"offer\":\"%s\"}", offer);
    refused(false, CODE_not_yours, "offer", "", offer);
    int64_t at = next_at();
    sign("offer.renew", "org-02", "{\"expires\":%" PRId64 ",\"offer\":\"%s\"}", at, offer);
    refused(false, CODE_expires_out_of_range, "expires", text_of(a, at + 184 * FIXTURE_DAY),
            text_of(b, at));
    sign("need.vouch", "org-01", "{\"need\":\"%s\"}", need);
    refused(false, CODE_not_urgent, "", "", "");
    fixture_do(&f, ref, "need.withdraw", "org-02", "{\"need\":\"%s\"}", need);
    sign("need.withdraw", "org-02", "{\"need\":\"%s\"}", need);
    refused(false, CODE_already_closed, "need", "", need);
    fixture_do(&f, ref, "details.erase", "org-02", "{\"slot\":\"details\",\"subject\":\"%s\"}",
               need);
    sign("details.erase", "org-02", "{\"slot\":\"details\",\"subject\":\"%s\"}", need);
    refused(false, CODE_already_erased, "", "", "");
    fixture_drop(&f);
}

#define SIGN_AGREEMENT \
    "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"shares\":[{\"from\":\"org-01\"," \
    "\"minutes\":%d,\"to\":\"org-02\"},{\"from\":\"org-01\",\"minutes\":%d,\"to\":\"org-03\"}]}"
#define CHANGE_AGREEMENT \
    "{\"agreement\":\"%s\",\"expires\":%" PRId64 ",\"shares\":[{\"from\":\"org-01\"," \
    "\"minutes\":%d,\"to\":\"org-02\"},{\"from\":\"%s\",\"minutes\":60,\"to\":\"%s\"}]}"
#define UNDER \
    "{\"agreement\":\"%s\",\"day\":\"" DAY_OF_START "\",\"shares\":[{\"from\":\"org-01\"," \
    "\"minutes\":1,\"to\":\"org-02\"},{\"from\":\"%s\",\"minutes\":%d,\"to\":\"org-03\"}]}"

Test(values, of_exchanges)
{
    char agreement[REF_TEXT_SIZE], hours[REF_TEXT_SIZE];
    static const char all[] = "org-01 org-02 org-03";

    fixture_make(&f, 3);
    int64_t expires = f.at + 20 * FIXTURE_DAY;
    fixture_do(&f, agreement, "agreement.sign", all, SIGN_AGREEMENT, zeros, expires, 100, 60);
    sign("hours.record", all, UNDER, agreement, "org-01", 61);
    refused(true, CODE_hours_over_agreement, "shares[1]", "60", "61");
    sign("hours.record", all, UNDER, agreement, "org-02", 1);
    refused(true, CODE_parties_mismatch, "", "", "");
    fixture_do(&f, hours, "hours.record", all, UNDER, agreement, "org-01", 50);
    sign("agreement.change", all,
         "{\"agreement\":\"%s\",\"expires\":%" PRId64 ",\"shares\":[{\"from\":\"org-01\","
         "\"minutes\":100,\"to\":\"org-02\"},{\"from\":\"org-01\",\"minutes\":49,"
         "\"to\":\"org-03\"}]}",
         agreement, expires);
    refused(true, CODE_change_below_recorded, "shares[1]", "50", "49");
    sign("agreement.change", all, CHANGE_AGREEMENT, agreement, expires, 100, "org-03", "org-01");
    refused(true, CODE_change_below_recorded, "shares", "50", "0");
    sign("hours.reverse", "org-01 org-03",
         "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-01\",\"minutes\":51,\"to\":\"org-03\"}]}",
         hours);
    refused(true, CODE_reverse_too_much, "shares[0]", "50", "51");

    /* A newcomer's floor is 600 and its hard stop 900; org-02 has 1 posted and 99 pending. */
    sign("hours.record", "org-01 org-02", RECORD("org-01", "org-02", "801"));
    refused(true, CODE_limit_crossed, "org-02", "-900", "-901");
    sign("hours.record", "org-01 org-02",
         "{\"day\":\"2023-11-15\",\"shares\":[{\"from\":\"org-01\",\"minutes\":1,"
         "\"to\":\"org-02\"}]}");
    refused(true, CODE_day_out_of_range, "day", "", "2023-11-15");
    sign("agreement.cancel", "org-01", "{\"agreement\":\"%s\"}", hours);
    refused(true, CODE_ref_unknown, "agreement", "", hours);
    fixture_drop(&f);
}

/* What ended stays as it is, whoever is let near it; so do the minutes that were kept for it. */
Test(values, waiving_already_closed_changes_nothing_that_ended)
{
    char agreement[REF_TEXT_SIZE], need[REF_TEXT_SIZE], offer[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];
    static const char all[] = "org-01 org-02 org-03";

    fixture_make(&f, 4);
    int64_t expires = f.at + 20 * FIXTURE_DAY;
    fixture_do(&f, agreement, "agreement.sign", all, SIGN_AGREEMENT, zeros, expires, 100, 60);
    fixture_do(&f, ref, "hours.record", all, UNDER, agreement, "org-01", 50);
    sign("agreement.cancel", "org-04", "{\"agreement\":\"%s\"}", agreement);
    refused(true, CODE_not_yours, "agreement", "", agreement);
    fixture_do(&f, ref, "agreement.cancel", "org-01", "{\"agreement\":\"%s\"}", agreement);
    sign("agreement.cancel", "org-02", "{\"agreement\":\"%s\"}", agreement);
    refused(true, CODE_already_closed, "agreement", "", agreement);
    sign("agreement.close", all, "{\"agreement\":\"%s\"}", agreement);
    refused(true, CODE_already_closed, "agreement", "", agreement);
    sign("agreement.change", all, CHANGE_AGREEMENT, agreement, expires, 101, "org-01", "org-03");
    refused(true, CODE_already_closed, "agreement", "", agreement);
    sign("hours.record", all, UNDER, agreement, "org-01", 10);
    refused(true, CODE_already_closed, "agreement", "", agreement);

    fixture_do(&f, need, "need.publish", "org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"minutes\":60,\"public\":true,"
               "\"type\":\"space\",\"urgent\":true}",
               zeros, expires);
    fixture_do(&f, offer, "offer.publish", "org-02",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"providers\":[\"org-02\"],"
               "\"public\":true,\"type\":\"space\"}",
               zeros, expires);
    sign("need.vouch", "org-02", "{\"need\":\"%s\"}", need);
    refused(true, CODE_vouch_own, "", "", "");
    fixture_do(&f, ref, "need.vouch", "org-01", "{\"need\":\"%s\"}", need);
    sign("need.vouch", "org-03", "{\"need\":\"%s\"}", need);
    refused(true, CODE_already_vouched, "", "", "");
    fixture_do(&f, ref, "need.withdraw", "org-02", "{\"need\":\"%s\"}", need);
    fixture_do(&f, ref, "offer.withdraw", "org-02", "{\"offer\":\"%s\"}", offer);
    sign("need.vouch", "org-03", "{\"need\":\"%s\"}", need);
    refused(true, CODE_already_closed, "need", "", need);
    sign("offer.withdraw", "org-02", "{\"offer\":\"%s\"}", offer);
    refused(true, CODE_already_closed, "offer", "", offer);
    sign("offer.renew", "org-02", "{\"expires\":%" PRId64 ",\"offer\":\"%s\"}", expires, offer);
    refused(true, CODE_already_closed, "offer", "", offer);
    sign("agreement.sign", "org-01 org-02",
         "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"need\":\"%s\",\"shares\":["
         "{\"from\":\"org-01\",\"minutes\":9,\"to\":\"org-02\"}]}",
         zeros, expires, need);
    refused(true, CODE_already_closed, "need", "", need);
    fixture_drop(&f);
}

/* Other parties take the places of the old ones, or share what an agreement never had. */
Test(values, waiving_parties_mismatch_keeps_the_lists_of_live_agreements)
{
    char agreement[REF_TEXT_SIZE], need[REF_TEXT_SIZE], hours[REF_TEXT_SIZE];

    fixture_make(&f, 4);
    int64_t expires = f.at + 20 * FIXTURE_DAY;
    fixture_do(&f, need, "need.publish", "org-03",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"minutes\":600,\"public\":true,"
               "\"type\":\"space\",\"urgent\":true}",
               zeros, expires);
    fixture_do(&f, agreement, "agreement.sign", "org-01 org-03",
               "{\"details\":\"%s\",\"expires\":%" PRId64 ",\"need\":\"%s\",\"shares\":["
               "{\"from\":\"org-01\",\"minutes\":60,\"to\":\"org-03\"}]}",
               zeros, expires, need);
    sign("agreement.change", "org-01 org-04",
         "{\"agreement\":\"%s\",\"expires\":%" PRId64 ",\"shares\":[{\"from\":\"org-01\","
         "\"minutes\":70,\"to\":\"org-04\"}]}",
         agreement, expires);
    refused(true, CODE_parties_mismatch, "", "", "");
    sign("hours.record", "org-02 org-03",
         "{\"agreement\":\"%s\",\"day\":\"" DAY_OF_START "\",\"shares\":[{\"from\":\"org-02\","
         "\"minutes\":7,\"to\":\"org-03\"}]}",
         agreement);
    refused(true, CODE_parties_mismatch, "", "", "");
    fixture_do(&f, hours, "hours.record", "org-01 org-03",
               "{\"agreement\":\"%s\",\"day\":\"" DAY_OF_START "\",\"shares\":[{\"from\":"
               "\"org-01\",\"minutes\":7,\"to\":\"org-03\"}]}",
               agreement);
    sign("hours.reverse", "org-02 org-03",
         "{\"hours\":\"%s\",\"shares\":[{\"from\":\"org-02\",\"minutes\":7,\"to\":"
         "\"org-03\"}]}",
         hours);
    refused(true, CODE_parties_mismatch, "", "", "");
    sign("hours.record", "org-01 org-02",
         "{\"day\":\"" DAY_OF_START "\",\"need\":\"%s\",\"shares\":[{\"from\":\"org-01\","
         "\"minutes\":7,\"to\":\"org-02\"}],\"skill\":\"garden\"}",
         need);
    refused(true, CODE_agreement_mismatch, "", "", "");
    sign("hours.record", "org-01 org-02",
         "{\"day\":\"" DAY_OF_START "\",\"shares\":[{\"from\":\"org-01\",\"minutes\":7,"
         "\"to\":\"org-02\"}],\"skill\":\"alchemy\"}");
    refused(true, CODE_skill_unknown, "", "", "");
    fixture_drop(&f);
}
