/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Seals in a log, their proofs, and assertions (SPEC 6.11, 6.12, 7.4). */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/balance_proof.h"
#include "ledger/kind.h"
#include "ledger/replay.h"
#include "ledger/seal.h"
#include "tests/ledger/fixture.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SEAL_EVERY 16

static struct fixture f;
static struct sent sent;

/* --- In the log ------------------------------------------------------------------------------- */

static void start(size_t n_orgs)
{
    fixture_open(&f, n_orgs);
    f.seal_every = SEAL_EVERY;
    fixture_start(&f);
    fixture_found(&f);
}

static void confirm(const char *org, int n)
{
    char ref[REF_TEXT_SIZE];
    for (int i = 0; i < n; i++)
        fixture_do(&f, ref, "org.confirm", org, "{}");
}

static void look_record(struct kv *kv, void *ctx)
{
    static struct state s;
    struct entry_record *record = ctx;
    state_attach(&s, kv);
    cr_assert(state_entry(&s, record->index, record));
}

static struct entry_record record_at(uint64_t index)
{
    struct entry_record record = {.index = index};
    fixture_look(&f, look_record, &record);
    return record;
}

static uint64_t size_now(void)
{
    struct log_head head;
    fixture_head(&f, &head);
    return head.size;
}

Test(seal, comes_behind_the_last_leaf_that_may_stand_without_it)
{
    start(3);
    confirm("org-01", SEAL_EVERY - 1);
    cr_assert_eq(size_now(), SEAL_EVERY);
    confirm("org-01", 1);
    cr_assert_eq(size_now(), SEAL_EVERY + 2, "the entry and the seal");
    struct entry_record seal = record_at(SEAL_EVERY + 1);
    cr_assert_eq(seal.kind, KIND_SEAL_BALANCES);
    cr_assert_eq(seal.at, f.at);
    cr_assert_eq(seal.author, 0);
    cr_assert_eq(seal.n_parties, 0);
    confirm("org-01", SEAL_EVERY);
    cr_assert_eq(size_now(), 2 * SEAL_EVERY + 3);
    cr_assert_eq(record_at(2 * SEAL_EVERY + 2).kind, KIND_SEAL_BALANCES);
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    fixture_drop(&f);
}

Test(seal, ticks_count_and_may_be_the_last_leaf_before_it)
{
    char ref[REF_TEXT_SIZE];
    start(3);
    fixture_do(&f, ref, "need.publish", "org-02",
               "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
               "\"details\":\"" HEX_A "\",\"expires\":%" PRId64 "}", f.at + FIXTURE_DAY);
    confirm("org-01", SEAL_EVERY - 2);
    f.at += 2 * FIXTURE_DAY;
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    cr_assert_eq(record_at(SEAL_EVERY).kind, KIND_CLOCK_TICK);
    cr_assert_eq(record_at(SEAL_EVERY + 1).kind, KIND_SEAL_BALANCES);
    cr_assert_eq(sent.job.index, SEAL_EVERY + 2, "the entry stands behind both");
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    fixture_drop(&f);
}

Test(seal, a_refused_entry_leaves_neither_tick_nor_seal_behind)
{
    char ref[REF_TEXT_SIZE];
    start(3);
    fixture_do(&f, ref, "need.publish", "org-02",
               "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
               "\"details\":\"" HEX_A "\",\"expires\":%" PRId64 "}", f.at + FIXTURE_DAY);
    confirm("org-01", SEAL_EVERY - 2);
    f.at += 2 * FIXTURE_DAY;
    fixture_signf(&f, &sent, "need.withdraw", "org-02", "{\"need\":\"%s\"}", ref);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(size_now(), SEAL_EVERY);
    fixture_drop(&f);
}

/* What the last seal holds. */
struct sealed_accounts {
    struct seal seal;
    struct sealed v[4];
};

static void look_sealed(struct kv *kv, void *ctx)
{
    static struct state s;
    struct sealed_accounts *out = ctx;
    state_attach(&s, kv);
    cr_assert(state_seal(&s, &out->seal));
    for (uint32_t i = 0; i < 4; i++)
        cr_assert(state_sealed(&s, i, &out->v[i]));
}

Test(seal, salts_change_with_each_signature_and_with_nothing_else)
{
    struct sealed_accounts first, second;
    static const uint8_t zero[BALANCE_SALT_BYTES];
    start(3);
    confirm("org-01", SEAL_EVERY);
    fixture_look(&f, look_sealed, &first);
    cr_assert_eq(first.seal.accounts, 4);
    cr_assert(memcmp(first.v[0].salt, zero, sizeof zero) == 0, "the clock has signed nothing yet");
    for (int i = 1; i < 4; i++)
        cr_assert(memcmp(first.v[i].salt, zero, sizeof zero) != 0, "founders signed");
    cr_assert(memcmp(first.v[2].salt, first.v[1].salt, sizeof zero) != 0);
    cr_assert(memcmp(first.v[2].salt, first.v[3].salt, sizeof zero) == 0,
              "both have signed the founding and nothing else");
    confirm("org-02", SEAL_EVERY);
    fixture_look(&f, look_sealed, &second);
    cr_assert(memcmp(first.v[0].salt, second.v[0].salt, sizeof zero) != 0, "the clock signed");
    cr_assert(memcmp(first.v[1].salt, second.v[1].salt, sizeof zero) == 0);
    cr_assert(memcmp(first.v[2].salt, second.v[2].salt, sizeof zero) != 0);
    cr_assert(memcmp(first.v[3].salt, second.v[3].salt, sizeof zero) == 0);
    fixture_drop(&f);
}

Test(seal, a_co_signer_salts_its_balance_without_a_step_in_its_chain)
{
    char need[REF_TEXT_SIZE];
    struct sealed_accounts first, second;
    start(3);
    confirm("org-01", SEAL_EVERY);
    fixture_look(&f, look_sealed, &first);
    fixture_do(&f, need, "hours.record", "org-01 org-02",
               "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\",\"minutes\":30,"
               "\"to\":\"org-02\"}]}");
    confirm("org-01", SEAL_EVERY - 1);
    fixture_look(&f, look_sealed, &second);
    cr_assert(memcmp(first.v[2].salt, second.v[2].salt, BALANCE_SALT_BYTES) != 0);
    cr_assert_eq(second.v[1].given_posted, 30);
    cr_assert_eq(second.v[2].received_posted, 30);
    cr_assert_eq(sealed_position(&second.v[1]), 30);
    cr_assert_eq(sealed_position(&second.v[2]), -30);
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    fixture_drop(&f);
}

/* --- Wrong seals ------------------------------------------------------------------------------ */

#define LEAVES_MAX 64
static struct leaves {
    size_t n;
    struct {
        size_t n;
        char bytes[LEAF_MAX];
    } v[LEAVES_MAX];
} leaves;

static void look_leaves(struct kv *kv, void *ctx)
{
    struct slice leaf;
    (void)ctx;
    for (leaves.n = 0; log_read(kv, leaves.n, &leaf); leaves.n++) {
        cr_assert_lt(leaves.n, LEAVES_MAX);
        memcpy(leaves.v[leaves.n].bytes, leaf.data, leaf.size);
        leaves.v[leaves.n].n = leaf.size;
    }
}

/* Replays `leaves` from nothing; gives how many hold. */
static size_t replayed(char why[static REPLAY_WHY_SIZE])
{
    struct kv *kv = kv_memory_new(NULL);
    struct replay *replay = replay_new(FIXTURE_ORIGIN, true);
    size_t i = 0;
    while (i < leaves.n &&
           replay_leaf(replay, kv,
                       (struct slice){(const uint8_t *)leaves.v[i].bytes, leaves.v[i].n}, why))
        i++;
    replay_free(replay);
    kv_memory_free(kv);
    return i;
}

/* A log of SEAL_EVERY + 1 leaves, its seal, and one leaf more. */
static void load_sealed_log(void)
{
    char why[REPLAY_WHY_SIZE];
    start(3);
    confirm("org-01", SEAL_EVERY + 1);
    fixture_look(&f, look_leaves, NULL);
    cr_assert_eq(leaves.n, SEAL_EVERY + 3);
    cr_assert_eq(replayed(why), leaves.n, "%s", why);
}

static void expect_stop(size_t index, const char *reason)
{
    char why[REPLAY_WHY_SIZE] = "";
    cr_assert_eq(replayed(why), index, "%s", why);
    cr_assert_not_null(strstr(why, reason), "%s", why);
}

static void set_leaf(size_t i, int64_t at, const char *note, size_t n)
{
    size_t prefix = leaf_prefix(leaves.v[i].bytes, at);
    memcpy(leaves.v[i].bytes + prefix, note, n);
    leaves.v[i].n = prefix + n;
}

/* The seal of the log as a body, with its time. */
static struct body_seal_balances seal_body(size_t i, struct id *id, int64_t *at)
{
    static struct note note;
    static struct entry entry;
    struct refusal why = {.code = CODE_OK};
    const char *bytes;
    size_t n;
    cr_assert(leaf_split(leaves.v[i].bytes, leaves.v[i].n, at, &bytes, &n));
    cr_assert_eq(note_parse(&note, bytes, n), NOTE_OK);
    cr_assert(entry_decode(&entry, FIXTURE_ORIGIN, note.text, note.text_len, &why));
    *id = entry.id;
    return entry.seal_balances;
}

static void set_seal(size_t i, const struct body_seal_balances *body, const struct id *id,
                     int64_t at, const struct secret_key *key)
{
    char note[SEAL_NOTE_SIZE];
    set_leaf(i, at, note, seal_note(note, FIXTURE_ORIGIN, body, id, at, key));
}

Test(seal, replay_finds_a_missing_one)
{
    load_sealed_log();
    leaves.v[SEAL_EVERY + 1] = leaves.v[SEAL_EVERY + 2];
    leaves.n--;
    expect_stop(SEAL_EVERY + 1, "a seal.balances is missing before this leaf");
    fixture_drop(&f);
}

Test(seal, one_may_come_earlier_but_not_right_behind_another)
{
    static struct state s;
    struct body_seal_balances body;
    struct kv *kv = kv_memory_new(NULL);
    struct replay *replay = replay_new(FIXTURE_ORIGIN, true);
    char why[REPLAY_WHY_SIZE] = "";
    struct id id;
    load_sealed_log();
    for (size_t i = 0; i < 3; i++)
        cr_assert(replay_leaf(replay, kv, (struct slice){(const uint8_t *)leaves.v[i].bytes,
                                                         leaves.v[i].n}, why));
    for (size_t i = 3; i < 5; i++) {
        state_attach(&s, kv);
        rules_make_seal(&s, FIXTURE_ORIGIN, &body, &id);
        set_seal(i, &body, &id, state_last_at(&s), f.node.clock_key);
        cr_assert_eq(replay_leaf(replay, kv, (struct slice){(const uint8_t *)leaves.v[i].bytes,
                                                            leaves.v[i].n}, why), i == 3, "%s",
                     why);
    }
    cr_assert_not_null(strstr(why, "right behind another"), "%s", why);
    replay_free(replay);
    kv_memory_free(kv);
    fixture_drop(&f);
}

Test(seal, replay_finds_every_wrong_field)
{
    struct body_seal_balances right, body;
    struct id id, wrong;
    int64_t at;
    load_sealed_log();
    size_t i = SEAL_EVERY + 1;
    right = seal_body(i, &id, &at);
    cr_assert_eq(right.accounts, 4);
    cr_assert_eq(right.size, (int64_t)i);

    body = right;
    body.accounts++;
    set_seal(i, &body, &id, at, f.node.clock_key);
    expect_stop(i, "field 'accounts', expected 4, found 5");
    body = right;
    body.size--;
    set_seal(i, &body, &id, at, f.node.clock_key);
    expect_stop(i, "field 'size', expected 17, found 16");
    body = right;
    body.root.b[31] ^= 1;
    seal_id(&wrong, at, &body.root);
    set_seal(i, &body, &wrong, at, f.node.clock_key);
    expect_stop(i, "field 'root'");
    wrong = id;
    wrong.b[15] ^= 1;
    set_seal(i, &right, &wrong, at, f.node.clock_key);
    expect_stop(i, "field 'id'");
    set_seal(i, &right, &id, at + 1, f.node.clock_key);
    expect_stop(i, "field 'at'");
    set_seal(i, &right, &id, at, f.keys[0]);
    expect_stop(i, "key_unknown");
    set_seal(i, &right, &id, at, f.node.clock_key);
    cr_assert_eq(replayed((char[REPLAY_WHY_SIZE]){0}), leaves.n);
    fixture_drop(&f);
}

Test(seal, replay_takes_no_other_text_than_the_one_that_follows)
{
    char text[SEAL_TEXT_SIZE], note[SEAL_NOTE_SIZE], longer[SEAL_TEXT_SIZE];
    struct id id;
    int64_t at;
    load_sealed_log();
    size_t i = SEAL_EVERY + 1;
    struct body_seal_balances body = seal_body(i, &id, &at);
    seal_text(text, FIXTURE_ORIGIN, &body, &id, at);
    const char *place = strstr(text, ",\"by\"");
    int n = snprintf(longer, sizeof longer, "%.*s,\"at\":%" PRId64 "%s", (int)(place - text), text,
                     at, place);
    char name[] = FIXTURE_ORIGIN "/clock", line[NOTE_LINE_SIZE(sizeof name)];
    cr_assert_gt(note_sign(line, sizeof line, longer, (size_t)n, name, strlen(name),
                           f.node.clock_key), 0);
    set_leaf(i, at, note, note_build(note, sizeof note, longer, (size_t)n,
                                     (const char *const[]){line}, 1));
    expect_stop(i, "not the one that follows");
    fixture_drop(&f);
}

Test(seal, nobody_but_the_clock_makes_one)
{
    struct body_seal_balances body = {.accounts = 4, .size = 1};
    struct refusal why = {.code = CODE_OK};
    struct id id;
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}"); /* for its job */
    seal_id(&id, FIXTURE_START, &body.root);
    sent.note_len = seal_note(sent.note, FIXTURE_ORIGIN, &body, &id, FIXTURE_START, f.keys[0]);
    cr_assert_eq(note_parse(&sent.parsed, sent.note, sent.note_len), NOTE_OK);
    cr_assert(entry_decode(&sent.entry, FIXTURE_ORIGIN, sent.parsed.text, sent.parsed.text_len,
                           &why));
    sent.job.note_len = sent.note_len;
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_clock_only);
    cr_assert_str_eq(sent.job.why.found, "seal.balances");
    fixture_drop(&f);
}

/* --- Proofs ----------------------------------------------------------------------------------- */

struct asked {
    uint32_t account;
    uint64_t below; /* head size to be used; 0: the one that is published */
    enum balance_made made;
    char *json;
};

static void look_proof(struct kv *kv, void *ctx)
{
    static struct state s;
    static char note[CHECKPOINT_SIZE];
    struct asked *asked = ctx;
    struct log_head head;
    size_t n;
    writer_checkpoint(f.writer, &head, note, &n);
    head.size = asked->below > 0 ? asked->below : head.size;
    state_attach(&s, kv);
    asked->made =
        balance_proof_make(&asked->json, &s, FIXTURE_ORIGIN, asked->account, &head, note);
}

static struct asked ask(uint32_t account, uint64_t below)
{
    struct asked asked = {.account = account, .below = below};
    fixture_look(&f, look_proof, &asked);
    cr_assert_eq(asked.json != NULL, asked.made == BALANCE_MADE);
    return asked;
}

static bool holds(const char *json, struct balance_shown *out, const char **why)
{
    struct public_key log_key;
    secret_key_public(f.node.log_key, &log_key);
    return balance_proof_check(out, json, strlen(json), FIXTURE_ORIGIN, &log_key, why);
}

Test(seal, a_proof_shows_one_account_to_whoever_has_the_key)
{
    static const char *const handles[] = {"pool", "org-01", "org-02", "org-03"};
    struct balance_shown shown;
    char ref[REF_TEXT_SIZE];
    const char *why;
    start(3);
    fixture_do(&f, ref, "hours.record", "org-01 org-02",
               "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\",\"minutes\":30,"
               "\"to\":\"org-02\"}]}");
    cr_assert_eq(ask(1, 0).made, BALANCE_NO_SEAL);
    confirm("org-01", SEAL_EVERY - 1);
    int64_t sealed_at = f.at;
    fixture_do(&f, ref, "hours.record", "org-01 org-02",
               "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\",\"minutes\":45,"
               "\"to\":\"org-02\"}]}");
    for (uint32_t i = 0; i < 4; i++) {
        struct asked asked = ask(i, 0);
        cr_assert_eq(asked.made, BALANCE_MADE);
        cr_assert(holds(asked.json, &shown, &why), "%s", why);
        cr_assert_str_eq(shown.org, handles[i]);
        cr_assert_eq(shown.account.account, i);
        cr_assert_eq(sealed_position(&shown.account), i == 1 ? 30 : i == 2 ? -30 : 0,
                     "what came after the seal is not in it");
        cr_assert_eq(shown.at, sealed_at);
        cr_assert_eq(shown.size, SEAL_EVERY + 1);
        cr_assert_eq(shown.head.size, size_now());
        free(asked.json);
    }
    cr_assert_eq(ask(4, 0).made, BALANCE_NOT_IN_IT);
    cr_assert_eq(ask(1, SEAL_EVERY + 1).made, BALANCE_UNSIGNED);
    fixture_drop(&f);
}

/* The proof with a text in the place of another. */
static char *replaced(const char *json, const char *old, const char *new)
{
    char *out;
    const char *place = strstr(json, old);
    cr_assert_not_null(place, "%s in %s", old, json);
    cr_assert_geq(asprintf(&out, "%.*s%s%s", (int)(place - json), json, new, place + strlen(old)),
                  0);
    return out;
}

Test(seal, a_proof_with_anything_changed_proves_nothing)
{
    static const struct {
        const char *old, *new, *why;
    } changes[] = {
        {"\"accounts\":4", "\"accounts\":5", "not under this seal"},
        {"\"index\":1", "\"index\":2", "not under this seal"},
        {"\"index\":1", "\"index\":0", "form of a balance"},
        {"\"index\":1", "\"index\":4", "not a balance proof"},
        {"\"v\":1", "\"v\":2", "not a balance proof"},
        {"\"v\":1", "\"v\":1,\"w\":1", "not a balance proof"},
        {"\\\"given_posted\\\":0", "\\\"given_posted\\\":1", "form of a balance"},
        {"\\\"received_pending\\\":0", "\\\"received_pending\\\":1", "not under this seal"},
        {"\\\"org\\\":\\\"org-01", "\\\"org\\\":\\\"org-02", "not under this seal"},
        {"/balance/v1", "/balance/v2", "form of a balance"},
        {"\"origin\":\"ledger", "\"origin\":\"other", "another network"},
        {"\"receipt\":\"c2sp.org", "\"receipt\":\"c3sp.org", "not that of a receipt"},
        {"\"seal\":\"at 1", "\"seal\":\"at 2", "does not lead from the leaf"},
    };
    struct balance_shown shown;
    const char *why;
    start(3);
    confirm("org-01", SEAL_EVERY);
    struct asked asked = ask(1, 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *json = replaced(asked.json, changes[i].old, changes[i].new);
        cr_assert_not(holds(json, &shown, &why), "%s", changes[i].new);
        cr_assert_not_null(strstr(why, changes[i].why), "%s: %s", changes[i].new, why);
        free(json);
    }
    /* Every leaf of the log has a receipt: only a seal may stand in its place. */
    struct public_key other;
    secret_key_public(f.keys[0], &other);
    cr_assert_not(balance_proof_check(&shown, asked.json, strlen(asked.json), FIXTURE_ORIGIN,
                                      &other, &why));
    cr_assert_not(balance_proof_check(&shown, asked.json, strlen(asked.json) - 1, FIXTURE_ORIGIN,
                                      &other, &why));
    free(asked.json);
    fixture_drop(&f);
}

/* --- Assertions ------------------------------------------------------------------------------- */

#define ASSERTION \
    "{\"given_pending\":%d,\"given_posted\":%d,\"moves\":%d,\"received_pending\":%d," \
    "\"received_posted\":%d}"

static void expect_assertion(const char *org, const int v[static 5], const char *wrong_field)
{
    fixture_signf(&f, &sent, "assertion.balance", org, ASSERTION, v[0], v[1], v[2], v[3], v[4]);
    enum job_result result = fixture_submit(&f, &sent);
    cr_assert_eq(result, wrong_field == NULL ? JOB_ACCEPTED : JOB_REFUSED);
    if (wrong_field == NULL)
        return;
    cr_assert_eq(sent.job.why.code, CODE_assertion_false);
    cr_assert_str_eq(sent.job.why.field, wrong_field);
}

Test(seal, an_assertion_holds_when_all_five_counters_do)
{
    char ref[REF_TEXT_SIZE];
    fixture_make(&f, 3);
    expect_assertion("org-01", (int[]){0, 0, 0, 0, 0}, NULL);
    fixture_do(&f, ref, "agreement.sign", "org-01 org-02",
               "{\"details\":\"" HEX_A "\",\"expires\":%" PRId64
               ",\"shares\":[{\"from\":\"org-01\",\"minutes\":60,\"to\":\"org-02\"}]}",
               f.at + FIXTURE_DAY);
    fixture_do(&f, ref, "hours.record", "org-01 org-02",
               "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\",\"minutes\":30,"
               "\"to\":\"org-02\"}]}");
    fixture_do(&f, ref, "hours.record", "org-01 org-02",
               "{\"day\":\"2023-11-14\",\"gift\":true,\"shares\":[{\"from\":\"org-01\","
               "\"minutes\":5,\"to\":\"org-02\"}]}");
    expect_assertion("org-01", (int[]){60, 35, -5, 0, 0}, NULL);
    expect_assertion("org-02", (int[]){0, 0, 5, 60, 35}, NULL);
    expect_assertion("org-03", (int[]){0, 0, 0, 0, 0}, NULL);
    expect_assertion("org-01", (int[]){61, 36, -6, 1, 1}, "given_pending");
    expect_assertion("org-01", (int[]){60, 36, -6, 1, 1}, "given_posted");
    expect_assertion("org-01", (int[]){60, 35, -6, 1, 1}, "moves");
    expect_assertion("org-01", (int[]){60, 35, -5, 1, 1}, "received_pending");
    expect_assertion("org-01", (int[]){60, 35, -5, 0, 1}, "received_posted");
    cr_assert_str_eq(sent.job.why.expected, "0");
    cr_assert_str_eq(sent.job.why.found, "1");
    fixture_settle(&f);
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    fixture_drop(&f);
}
