/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/text.h"
#include "ledger/kind.h"
#include "ledger/last_signed.h"
#include "ledger/state.h"
#include "ledger/tick.h"
#include "tests/ledger/fixture.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define NEED \
    "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,\"details\":\"" ZEROS \
    "\",\"expires\":%" PRId64 "}"

static struct fixture f;
static struct sent sent, other;

/* Kind and time of a stored leaf. */
struct seen_leaf {
    uint64_t index;
    struct entry_record record;
};

static void look_at_record(struct kv *kv, void *ctx)
{
    static struct state state;
    struct seen_leaf *leaf = ctx;
    state_attach(&state, kv);
    cr_assert(state_entry(&state, leaf->index, &leaf->record));
}

static struct entry_record record_at(uint64_t index)
{
    struct seen_leaf leaf = {.index = index};
    fixture_look(&f, look_at_record, &leaf);
    return leaf.record;
}

/* --- Answers ---------------------------------------------------------------------------------- */

Test(writer, founds_a_network_and_shows_the_head_that_is_durable)
{
    struct log_head head, tree;
    fixture_make(&f, 3);
    fixture_head(&f, &head);
    cr_assert_eq(head.size, 1);
    fixture_sign(&f, &sent, "org.confirm", "org-02", "{}");
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    cr_assert_eq(sent.job.index, 1);
    cr_assert_eq(sent.job.at, f.at);
    fixture_head(&f, &head);
    cr_assert_eq(head.size, 2);
    fixture_check_tree(&f, &tree);
    cr_assert(tree.size == 2 && hash_equal(&tree.root, &head.root));
    cr_assert_eq(last_signed_newest(f.node.dir, &tree), LAST_SIGNED_OK);
    cr_assert(tree.size == 2 && hash_equal(&tree.root, &head.root));
    fixture_drop(&f);
}

Test(writer, the_same_entries_give_the_same_root)
{
    struct log_head heads[2];
    for (int i = 0; i < 2; i++) {
        char ref[REF_TEXT_SIZE];
        fixture_make(&f, 4);
        fixture_do(&f, ref, "need.publish", "org-02", NEED, f.at + FIXTURE_DAY);
        f.at += 2 * FIXTURE_DAY;
        fixture_do(&f, ref, "org.confirm", "org-03", "{}");
        fixture_head(&f, &heads[i]);
        fixture_drop(&f);
    }
    cr_assert(heads[0].size == 4 && hash_equal(&heads[0].root, &heads[1].root));
}

static void make_receipt(struct kv *kv, void *ctx)
{
    struct log_head head, proved;
    char note[CHECKPOINT_SIZE], receipt[RECEIPT_SIZE];
    size_t note_len;
    struct slice leaf;
    struct public_key key;
    const char *why;
    uint64_t index, *wanted = ctx;
    writer_checkpoint(f.writer, &head, note, &note_len);
    size_t n = receipt_make(receipt, kv, *wanted, &head, note);
    cr_assert_gt(n, 0);
    cr_assert(log_read(kv, *wanted, &leaf));
    secret_key_public(f.node.log_key, &key);
    cr_assert(receipt_verify(receipt, n, (const char *)leaf.data, leaf.size, FIXTURE_ORIGIN, &key,
                             &index, &proved, &why),
              "%s", why);
    cr_assert_eq(index, *wanted);
}

Test(writer, an_accepted_entry_has_a_receipt_at_once)
{
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    fixture_look(&f, make_receipt, &sent.job.index);
    fixture_drop(&f);
}

Test(writer, a_retry_gets_its_first_place_and_another_text_is_refused)
{
    char id[ID_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    id_format(id, &sent.entry.id);
    int64_t at = sent.job.at;
    fixture_sign(&f, &other, "org.confirm", "org-02", "{}");
    cr_assert_eq(fixture_submit(&f, &other), JOB_ACCEPTED);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_KNOWN, "although its time is past now");
    cr_assert(sent.job.index == 1 && sent.job.at == at);
    fixture_signf(&f, &other, "org.confirm", "org-01", "{\"id\":\"%s\"}", id);
    cr_assert_eq(fixture_submit(&f, &other), JOB_REFUSED);
    cr_assert_eq(other.job.why.code, CODE_id_reused);
    fixture_signf(&f, &other, "org.confirm", "org-02", "{\"id\":\"%s\"}", id);
    cr_assert_eq(fixture_submit(&f, &other), JOB_ACCEPTED, "ids are unique per author only");
    fixture_drop(&f);
}

static enum code refused(const char *kind, const char *signers, const char *fields)
{
    struct log_head before, after;
    fixture_head(&f, &before);
    fixture_sign(&f, &other, kind, signers, fields);
    cr_assert_eq(fixture_submit(&f, &other), JOB_REFUSED);
    fixture_head(&f, &after);
    cr_assert_eq(before.size, after.size);
    cr_assert(hash_equal(&before.root, &after.root));
    return other.job.why.code;
}

Test(writer, a_refusal_says_why_and_leaves_nothing)
{
    struct log_head head;
    fixture_make(&f, 3);
    cr_assert_eq(refused("need.withdraw", "org-01",
                         "{\"need\":\"org-01/018bcfe5680070008000000000000001\"}"),
                 CODE_ref_unknown);
    cr_assert_eq(refused("hours.record", "org-01",
                         "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\",\"minutes\":5,"
                         "\"to\":\"org-02\"}]}"),
                 CODE_signer_missing);
    cr_assert_eq(refused("org.confirm", "org-01", "{\"at\":1699999999999}"), CODE_time_order);
    cr_assert_eq(refused("org.confirm", "org-01", "{\"at\":9000000000000}"), CODE_at_not_allowed);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    sent.job.note_len = ENTRY_NOTE_MAX + 1;
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_entry_too_large);
    fixture_check_tree(&f, &head);
    cr_assert_eq(head.size, 1);
    fixture_drop(&f);
}

Test(writer, a_network_is_founded_with_the_keys_of_its_server)
{
    static const char *const fields[] = {"log_key", "clock_key", "refusal_key"};
    struct log_head head;
    fixture_open(&f, 3);
    fixture_start(&f);
    struct secret_key **const keys[] = {&f.node.log_key, &f.node.clock_key, &f.node.refusal_key};
    struct secret_key *stranger = secret_key_new();
    for (size_t i = 0; i < 3; i++) {
        struct secret_key *right = *keys[i];
        *keys[i] = stranger; /* what the entry will state */
        fixture_sign_found(&f, &sent);
        *keys[i] = right;
        cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
        cr_assert_eq(sent.job.why.code, CODE_network_keys);
        cr_assert_str_eq(sent.job.why.field, fields[i]);
        fixture_head(&f, &head);
        cr_assert_eq(head.size, 0);
    }
    secret_key_free(stranger);
    fixture_found(&f);
    fixture_drop(&f);
}

Test(writer, nobody_but_the_clock_makes_ticks)
{
    struct body_clock_tick body = {.through = FIXTURE_START, .n = 1};
    struct id id;
    struct refusal why = {.code = CODE_OK};
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}"); /* for its job */
    id_make(&id, FIXTURE_START, (uint8_t[10]){1});
    sent.note_len = tick_note(sent.note, FIXTURE_ORIGIN, &body, &id, f.keys[0]);
    cr_assert_eq(note_parse(&sent.parsed, sent.note, sent.note_len), NOTE_OK);
    cr_assert(entry_decode(&sent.entry, FIXTURE_ORIGIN, sent.parsed.text, sent.parsed.text_len,
                           &why));
    sent.job.note_len = sent.note_len;
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_clock_only);
    fixture_drop(&f);
}

Test(writer, looks_at_keys_again_as_they_are_now)
{
    char ref[REF_TEXT_SIZE], hex[HEX_SIZE(KEY_BYTES)];
    struct public_key public;
    fixture_make(&f, 3);
    struct secret_key *first = f.keys[0], *second = secret_key_new();
    secret_key_public(second, &public);
    hex_encode(hex, public.b, KEY_BYTES);
    fixture_do(&f, ref, "key.add", "org-01", "{\"key\":\"%s\",\"scope\":\"sign\"}", hex);
    f.keys[0] = second;
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    f.keys[0] = first;
    fixture_do(&f, ref, "key.revoke", "org-01", "{\"key\":\"%s\"}", hex);
    fixture_sign(&f, &other, "org.confirm", "org-02", "{}");
    sent.entry.at = other.entry.at; /* so that only the key is wrong */
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_key_revoked);
    secret_key_free(second);
    fixture_drop(&f);
}

/* --- Time ------------------------------------------------------------------------------------- */

Test(writer, puts_the_tick_that_is_due_before_the_entry)
{
    char ref[REF_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_do(&f, ref, "need.publish", "org-02", NEED, f.at + FIXTURE_DAY);
    f.at += 2 * FIXTURE_DAY;
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    cr_assert_eq(sent.job.index, 3);
    struct entry_record tick = record_at(2);
    cr_assert_eq(tick.kind, KIND_CLOCK_TICK);
    cr_assert_eq(tick.at, f.at);
    cr_assert_eq(tick.author, 0);
    fixture_drop(&f);
}

Test(writer, leaves_no_tick_behind_when_the_entry_after_it_is_refused)
{
    char ref[REF_TEXT_SIZE];
    struct log_head head;
    fixture_make(&f, 3);
    fixture_do(&f, ref, "need.publish", "org-02", NEED, f.at + FIXTURE_DAY);
    f.at += 2 * FIXTURE_DAY;
    fixture_signf(&f, &sent, "need.withdraw", "org-02", "{\"need\":\"%s\"}", ref);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_already_closed);
    fixture_head(&f, &head);
    cr_assert_eq(head.size, 2, "the refusal knew that the need had expired, the log does not yet");
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    cr_assert_eq(record_at(2).kind, KIND_CLOCK_TICK);
    fixture_drop(&f);
}

static _Atomic int64_t fake_now = FIXTURE_START;

static int64_t fake_now_ms(void)
{
    return atomic_load(&fake_now);
}

static uint64_t await_size(uint64_t size, int seconds)
{
    struct log_head head = {0};
    for (int i = 0; i < seconds * 100; i++) {
        char note[CHECKPOINT_SIZE];
        size_t n;
        writer_checkpoint(f.writer, &head, note, &n);
        if (head.size >= size)
            break;
        usleep(10000);
    }
    return head.size;
}

Test(writer, wakes_for_a_due_moment_when_nobody_writes)
{
    char ref[REF_TEXT_SIZE];
    fixture_open(&f, 3);
    f.demo = false;
    f.now_ms = fake_now_ms;
    fixture_start(&f);
    fixture_found(&f);
    fixture_do(&f, ref, "need.publish", "org-02", NEED, FIXTURE_START + FIXTURE_DAY);
    atomic_store(&fake_now, FIXTURE_START + FIXTURE_DAY - 1);
    usleep(1200000);
    cr_assert_eq(await_size(2, 1), 2, "a millisecond is left");
    atomic_store(&fake_now, FIXTURE_START + FIXTURE_DAY);
    cr_assert_eq(await_size(3, 20), 3);
    cr_assert_eq(record_at(2).kind, KIND_CLOCK_TICK);
    cr_assert_eq(record_at(2).at, FIXTURE_START + FIXTURE_DAY);
    fixture_drop(&f);
}

Test(writer, an_idle_demo_network_rests_before_its_ticks)
{
    char ref[REF_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_do(&f, ref, "need.publish", "org-02", NEED, f.at + FIXTURE_DAY);
    usleep(2500000); /* the moment is years past by the system's clock */
    cr_assert_eq(await_size(2, 1), 2);
    fixture_drop(&f);
}
