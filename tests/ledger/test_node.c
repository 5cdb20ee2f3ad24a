/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "ledger/files.h"
#include "ledger/last_signed.h"
#include "ledger/state.h"
#include "ledger/tick.h"
#include "tests/ledger/fixture.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct fixture f;
static struct sent sent;

/* --- Making and opening ----------------------------------------------------------------------- */

/* Runs node_init() and gives what it said. */
static bool init(const char *dir, const char *origin, const char *seed, char said[static 256])
{
    FILE *err = fmemopen(said, 256, "w");
    cr_assert_eq(crypto_start(), 0);
    bool ok = node_init(dir, origin, seed, err);
    fclose(err);
    return ok;
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    cr_assert_eq(stat(path, &info), 0, "%s", path);
    return info.st_mode & 0777;
}

Test(node, init_makes_a_folder_that_opens)
{
    char parent[32], dir[64], said[256] = "";
    struct node node;
    folder_make(parent);
    snprintf(dir, sizeof dir, "%s/data", parent);
    cr_assert(init(dir, FIXTURE_ORIGIN, NULL, said), "%s", said);
    cr_assert_eq(mode_of(dir, "keys/log.key"), 0600);
    cr_assert_eq(mode_of(dir, "keys/clock.key"), 0600);
    cr_assert_eq(mode_of(dir, "keys/refusal.key"), 0600);
    cr_assert_eq(mode_of(dir, "keys"), 0700);
    cr_assert_eq(node_open(&node, dir, stderr), NODE_OK);
    cr_assert_str_eq(node.origin, FIXTURE_ORIGIN);
    struct public_key log, clock;
    secret_key_public(node.log_key, &log);
    secret_key_public(node.clock_key, &clock);
    cr_assert_not(public_key_equal(&log, &clock));
    node_close(&node);
    folder_drop(parent);
}

Test(node, init_refuses_what_is_there_and_what_is_no_origin)
{
    char parent[32], dir[64], said[256] = "";
    folder_make(parent);
    snprintf(dir, sizeof dir, "%s/data", parent);
    cr_assert_not(init(parent, FIXTURE_ORIGIN, NULL, said), "even an empty folder");
    cr_assert_not_null(strstr(said, "is there already"));
    cr_assert_not(init(dir, "Not An Origin", NULL, said));
    cr_assert_not(init("/tmp/sem-test-not-there/data", FIXTURE_ORIGIN, NULL, said));
    cr_assert_eq(rmdir(parent), 0, "nothing is left over");
}

static void key_text(const char *dir, const char *file, char out[static 256])
{
    char keys[128];
    size_t n;
    snprintf(keys, sizeof keys, "%s/keys", dir);
    cr_assert(file_read(keys, file, out, 256, &n));
}

Test(node, a_seed_gives_the_same_keys_and_another_seed_others)
{
    static const char *const seeds[] = {"one", "one", "two", NULL};
    static const char *const files[] = {"log.key", "clock.key", "refusal.key"};
    char parent[32], dir[64], said[256] = "", texts[4][3][256];
    folder_make(parent);
    for (int i = 0; i < 4; i++) {
        snprintf(dir, sizeof dir, "%s/%d", parent, i);
        cr_assert(init(dir, FIXTURE_ORIGIN, seeds[i], said), "%s", said);
        for (int k = 0; k < 3; k++)
            key_text(dir, files[k], texts[i][k]);
    }
    for (int k = 0; k < 3; k++) {
        cr_assert_str_eq(texts[0][k], texts[1][k]);
        cr_assert_str_neq(texts[0][k], texts[2][k]);
        cr_assert_str_neq(texts[0][k], texts[3][k]);
    }
    folder_drop(parent);
}

Test(node, opens_once_at_a_time)
{
    struct node second;
    char dir[64];
    fixture_open(&f, 1);
    snprintf(dir, sizeof dir, "%s/data", f.parent);
    FILE *none = fopen("/dev/null", "w");
    cr_assert_eq(node_open(&second, dir, none), NODE_LOCKED);
    node_close(&f.node);
    cr_assert_eq(node_open(&second, dir, none), NODE_OK);
    node_close(&second);
    cr_assert_eq(node_open(&second, f.parent, none), NODE_MISSING);
    cr_assert_eq(node_open(&second, "/tmp/sem-test-not-there", none), NODE_MISSING);
    fclose(none);
    fixture_reopen(&f);
    fixture_drop(&f);
}

Test(node, refuses_a_key_of_another_name)
{
    char dir[64], keys[64], text[256], said[256] = "";
    struct node node;
    fixture_open(&f, 1);
    snprintf(dir, sizeof dir, "%s/data", f.parent);
    snprintf(keys, sizeof keys, "%s/data/keys", f.parent);
    node_close(&f.node);
    key_text(dir, "refusal.key", text);
    cr_assert(file_replace(keys, "clock.key", 0600, text, strlen(text)));
    FILE *err = fmemopen(said, sizeof said, "w");
    cr_assert_eq(node_open(&node, dir, err), NODE_FAILED);
    fclose(err);
    cr_assert_not_null(strstr(said, "keys/clock.key"), "%s", said);
    fixture_drop(&f);
}

Test(node, refuses_a_key_that_others_can_read)
{
    char dir[64], key[96], said[256] = "";
    struct node node;
    fixture_open(&f, 1);
    snprintf(dir, sizeof dir, "%s/data", f.parent);
    snprintf(key, sizeof key, "%s/data/keys/log.key", f.parent);
    node_close(&f.node);
    cr_assert_eq(chmod(key, 0640), 0);
    FILE *err = fmemopen(said, sizeof said, "w");
    cr_assert_eq(node_open(&node, dir, err), NODE_FAILED);
    fclose(err);
    cr_assert_not_null(strstr(said, "chmod 600"), "%s", said);
    fixture_drop(&f);
}

/* --- A short life ----------------------------------------------------------------------------- */

/* Entries of several kinds, with ticks between them. */
static void live(void)
{
    char need[REF_TEXT_SIZE], agreement[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];
    fixture_make(&f, 4);
    fixture_do(&f, ref, "offer.publish", "org-01 org-02",
               "{\"providers\":[\"org-01\",\"org-02\"],\"type\":\"skill\",\"skill\":\"garden\","
               "\"expires\":%" PRId64 ",\"public\":true,\"details\":\"" HEX_A "\"}",
               f.at + 20 * FIXTURE_DAY);
    fixture_do(&f, need, "need.publish", "org-03",
               "{\"type\":\"skill\",\"skill\":\"garden\",\"minutes\":240,\"urgent\":true,"
               "\"expires\":%" PRId64 ",\"public\":true,\"details\":\"" HEX_A "\"}",
               f.at + 40 * FIXTURE_DAY);
    fixture_do(&f, ref, "need.vouch", "org-04", "{\"need\":\"%s\"}", need);
    fixture_do(&f, agreement, "agreement.sign", "org-01 org-03",
               "{\"shares\":[{\"from\":\"org-01\",\"minutes\":120,\"to\":\"org-03\"}],"
               "\"need\":\"%s\",\"expires\":%" PRId64 ",\"details\":\"" HEX_B "\"}",
               need, f.at + 10 * FIXTURE_DAY);
    fixture_do(&f, ref, "hours.record", "org-01 org-03",
               "{\"agreement\":\"%s\",\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\","
               "\"minutes\":90,\"to\":\"org-03\"}]}",
               agreement);
    fixture_do(&f, ref, "details.erase", "org-03",
               "{\"subject\":\"%s\",\"slot\":\"details\"}", need);
    f.at += 60 * FIXTURE_DAY;
    fixture_do(&f, ref, "org.confirm", "org-02", "{}");
    fixture_do(&f, ref, "org.leave", "org-01", "{}");
}

/* Every pair of every table, as one hash. */
static void hash_tables(struct kv *kv, void *ctx)
{
    struct hash_stream h;
    hash_stream_start(&h);
    for (enum kv_table table = 0; table < KV_LOG_TABLES; table++) {
        struct slice key = {0}, value;
        while (kv_seek(kv, table, key, key.size > 0, &key, &value)) {
            uint64_t sizes[3] = {table, key.size, value.size};
            hash_stream_add(&h, sizes, sizeof sizes);
            hash_stream_add(&h, key.data, key.size);
            hash_stream_add(&h, value.data, value.size);
        }
    }
    hash_stream_end(&h, ctx);
}

static void count_progress(void *ctx, uint64_t done, uint64_t total)
{
    uint64_t *last = ctx;
    cr_assert(done > *last && done <= total);
    *last = done;
}

Test(node, rebuild_gives_every_byte_again)
{
    struct hash before, after;
    struct log_head head;
    uint64_t last = 0;
    live();
    fixture_stop(&f);
    fixture_look(&f, hash_tables, &before);
    cr_assert(node_rebuild(&f.node, stderr, count_progress, &last));
    fixture_look(&f, hash_tables, &after);
    cr_assert(hash_equal(&before, &after));
    fixture_check_tree(&f, &head);
    cr_assert_eq(last, head.size);
    fixture_close(&f);
    fixture_reopen(&f);
    fixture_start(&f);
    cr_assert_null(writer_read_only(f.writer));
    char ref[REF_TEXT_SIZE];
    fixture_do(&f, ref, "org.confirm", "org-02", "{}");
    fixture_drop(&f);
}

Test(node, an_empty_log_is_checked_and_rebuilt_too)
{
    fixture_open(&f, 3);
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    cr_assert(node_rebuild(&f.node, stderr, NULL, NULL));
    fixture_start(&f);
    fixture_found(&f);
    fixture_drop(&f);
}

static bool replays(bool verify, char said[static 512])
{
    FILE *err = fmemopen(said, 512, "w");
    struct store_reader *reader;
    fixture_settle(&f);
    cr_assert_eq(store_reader_new(f.node.store, &reader), STORE_OK);
    struct kv *log = store_read(reader), *into = kv_memory_new(NULL);
    bool ok = node_replay(&f.node, log, into, verify, err, NULL, NULL);
    struct hash stored, replayed;
    if (ok) {
        hash_tables(log, &stored);
        hash_tables(into, &replayed);
        cr_assert(hash_equal(&stored, &replayed));
    }
    kv_memory_free(into);
    store_read_end(reader);
    store_reader_free(reader);
    fclose(err);
    return ok;
}

Test(node, replays_in_memory_to_the_same_bytes)
{
    char said[512] = "";
    live();
    cr_assert(replays(true, said), "%s", said);
    cr_assert(replays(false, said), "%s", said);
    fixture_drop(&f);
}

/* --- Damage ----------------------------------------------------------------------------------- */

/* Changes the last byte of the first pair of a table. */
static void damage(enum kv_table table)
{
    struct kv *kv;
    struct slice key, value;
    uint8_t key_copy[KV_KEY_MAX], copy[LEAF_MAX];
    cr_assert_eq(store_begin(f.node.store, &kv), STORE_OK);
    cr_assert(kv_seek(kv, table, (struct slice){0}, false, &key, &value));
    memcpy(key_copy, key.data, key.size);
    memcpy(copy, value.data, value.size);
    copy[value.size - 1] ^= 1;
    kv_put(kv, table, (struct slice){key_copy, key.size}, (struct slice){copy, value.size});
    cr_assert_eq(store_commit(kv), STORE_OK);
}

/* Runs node_check() and gives what it said. */
static long check(char said[static 4096])
{
    FILE *out = fmemopen(said, 4096, "w");
    long n = node_check(&f.node, out, NULL, NULL);
    fclose(out);
    return n;
}

Test(node, check_finds_one_changed_byte_in_any_table_of_the_state)
{
    static char said[4096];
    struct hash sound, now;
    live();
    fixture_stop(&f);
    fixture_look(&f, hash_tables, &sound);
    cr_assert_eq(check(said), 0, "%s", said);
    size_t tables = 0;
    for (enum kv_table table = KV_NODE; table < KV_LOG_TABLES; table++) {
        char name[32];
        struct kv *kv;
        struct slice key, value;
        cr_assert_eq(store_begin(f.node.store, &kv), STORE_OK);
        bool empty = !kv_seek(kv, table, (struct slice){0}, false, &key, &value) || value.size == 0;
        store_abort(kv);
        if (empty)
            continue;
        damage(table);
        cr_assert_eq(check(said), 1, "table %s: %s", kv_table_name(table), said);
        snprintf(name, sizeof name, "table %s key ", kv_table_name(table));
        cr_assert_not_null(strstr(said, name), "%s", said);
        damage(table); /* changes it back */
        tables++;
    }
    cr_assert_gt(tables, 10);
    fixture_look(&f, hash_tables, &now);
    cr_assert(hash_equal(&sound, &now));
    fixture_drop(&f);
}

Test(node, check_finds_what_is_missing_and_what_is_too_much)
{
    static char said[4096];
    struct kv *kv;
    struct slice key, value;
    live();
    fixture_stop(&f);
    cr_assert_eq(store_begin(f.node.store, &kv), STORE_OK);
    cr_assert(kv_seek(kv, KV_PAIR_DAY, (struct slice){0}, false, &key, &value));
    uint8_t copy[KV_KEY_MAX];
    memcpy(copy, key.data, key.size);
    kv_del(kv, KV_PAIR_DAY, (struct slice){copy, key.size});
    kv_put(kv, KV_HANDLE, (struct slice){(const uint8_t *)"zzz", 3},
           (struct slice){(const uint8_t *)"\0\0\0\1", 4});
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_assert_eq(check(said), 2, "%s", said);
    cr_assert_not_null(strstr(said, "table handle key 7a7a7a: expected nothing found 00000001"),
                       "%s", said);
    cr_assert_not_null(strstr(said, "found nothing"));
    cr_assert(node_rebuild(&f.node, stderr, NULL, NULL), "a rebuild repairs the state");
    cr_assert_eq(check(said), 0, "%s", said);
    fixture_drop(&f);
}

Test(node, a_changed_leaf_is_found_and_never_swapped_in)
{
    static char said[4096];
    char replayed[512] = "";
    struct hash before, after;
    live();
    fixture_stop(&f);
    damage(KV_LEAF);
    fixture_look(&f, hash_tables, &before);
    cr_assert_eq(check(said), 1);
    cr_assert_not_null(strstr(said, "leaf 0: "), "%s", said);
    cr_assert_not(replays(true, replayed));
    FILE *none = fopen("/dev/null", "w");
    cr_assert_not(node_rebuild(&f.node, none, NULL, NULL));
    fclose(none);
    fixture_look(&f, hash_tables, &after);
    cr_assert(hash_equal(&before, &after), "what was there stays");
    fixture_drop(&f);
}

/* --- A log that was made up ------------------------------------------------------------------- */

/* What the next leaf of a made-up log does to the tables, without the writer's checks. */
static void append_leaf(int64_t at, const char *note, size_t n)
{
    char leaf[LEAF_MAX];
    struct kv *kv;
    struct log_head head;
    size_t prefix = leaf_prefix(leaf, at);
    memcpy(leaf + prefix, note, n);
    struct slice slice = {(const uint8_t *)leaf, prefix + n};
    cr_assert_eq(store_begin(f.node.store, &kv), STORE_OK);
    cr_assert_eq(log_append(kv, log_size(kv), &slice, 1), LOG_OK);
    cr_assert(log_head(kv, &head));
    cr_assert_eq(store_commit(kv), STORE_OK);
    cr_assert(last_signed_write(f.node.dir, &head));
}

/* A founded network whose writer rests, so that leaves can be put by hand. */
static void start_made_up(void)
{
    fixture_make(&f, 3);
    fixture_stop(&f);
}

static void expect_rejected(const char *reason)
{
    char said[512] = "";
    cr_assert_not(replays(true, said));
    cr_assert_not_null(strstr(said, reason), "%s", said);
    fixture_drop(&f);
}

Test(node, replay_accepts_a_leaf_put_by_hand_when_all_is_right)
{
    char said[512] = "";
    start_made_up();
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    append_leaf(f.at, sent.note, sent.note_len);
    /* The stored state lacks it, so only the verdict counts here. */
    FILE *err = fmemopen(said, sizeof said, "w");
    struct store_reader *reader;
    cr_assert_eq(store_reader_new(f.node.store, &reader), STORE_OK);
    struct kv *into = kv_memory_new(NULL);
    cr_assert(node_replay(&f.node, store_read(reader), into, true, err, NULL, NULL), "%s", said);
    fclose(err);
    kv_memory_free(into);
    store_read_end(reader);
    store_reader_free(reader);
    fixture_drop(&f);
}

Test(node, replay_rejects_a_signature_that_does_not_verify)
{
    start_made_up();
    struct secret_key *right = f.keys[0];
    f.keys[0] = f.keys[1]; /* the wrong key under the right name and with its own id */
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    f.keys[0] = right;
    append_leaf(f.at, sent.note, sent.note_len);
    expect_rejected("leaf 1: key_unknown");
}

Test(node, replay_rejects_a_forged_signature_under_the_right_key_id)
{
    static struct sent first;
    start_made_up();
    fixture_sign(&f, &first, "org.confirm", "org-01", "{}");
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    /* The line of another text. Both notes end in one line of the same length. */
    const char *line = memmem(first.note, first.note_len, "\n\n", 2);
    char *place = memmem(sent.note, sent.note_len, "\n\n", 2);
    size_t n = first.note_len - (size_t)(line - first.note);
    cr_assert_eq(n, sent.note_len - (size_t)(place - sent.note));
    memcpy(place, line, n);
    append_leaf(f.at, sent.note, sent.note_len);
    expect_rejected("leaf 1: signature_invalid");
}

Test(node, replay_rejects_a_missing_signer)
{
    start_made_up();
    fixture_sign(&f, &sent, "hours.record", "org-01",
                 "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\",\"minutes\":5,"
                 "\"to\":\"org-02\"}]}");
    append_leaf(f.at, sent.note, sent.note_len);
    expect_rejected("leaf 1: signer_missing");
}

Test(node, replay_rejects_time_that_runs_back)
{
    start_made_up();
    fixture_signf(&f, &sent, "org.confirm", "org-01", "{\"at\":%" PRId64 "}", FIXTURE_START);
    append_leaf(FIXTURE_START, sent.note, sent.note_len);
    expect_rejected("leaf 1: time_order");
}

Test(node, replay_rejects_a_leaf_of_another_time_than_the_entry_says)
{
    start_made_up();
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    append_leaf(f.at + 1, sent.note, sent.note_len);
    expect_rejected("leaf 1: at_not_allowed");
}

Test(node, replay_rejects_an_id_used_twice)
{
    start_made_up();
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    append_leaf(f.at, sent.note, sent.note_len);
    append_leaf(f.at, sent.note, sent.note_len);
    expect_rejected("leaf 2: id_reused");
}

Test(node, replay_rejects_an_entry_before_an_overdue_tick)
{
    char ref[REF_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_do(&f, ref, "need.publish", "org-02",
               "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
               "\"details\":\"" HEX_A "\",\"expires\":%" PRId64 "}",
               f.at + FIXTURE_DAY);
    fixture_stop(&f);
    f.at += 2 * FIXTURE_DAY;
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    append_leaf(f.at, sent.note, sent.note_len);
    expect_rejected("leaf 2: an overdue clock.tick");
}

Test(node, replay_rejects_a_tick_that_nobody_else_would_make)
{
    struct body_clock_tick body = {.through = FIXTURE_START + 5000, .n = 1};
    struct id id;
    char note[TICK_NOTE_SIZE];
    start_made_up();
    id_make(&id, body.through, body.effects_hash.b);
    size_t n = tick_note(note, FIXTURE_ORIGIN, &body, &id, f.node.clock_key);
    append_leaf(body.through, note, n);
    expect_rejected("leaf 1: a clock.tick where nothing is due");
}

Test(node, replay_rejects_a_log_that_last_signed_contradicts)
{
    struct log_head head;
    start_made_up();
    cr_assert_eq(last_signed_read(f.node.dir, &head), LAST_SIGNED_OK);
    head.root.b[0] ^= 1;
    cr_assert(last_signed_write(f.node.dir, &head));
    expect_rejected("last-signed");
}

/* --- Erasures and the inbox ------------------------------------------------------------------- */

static void erase(struct kv *kv, void *ctx)
{
    (void)ctx;
    node_apply_erasures(&f.node, kv);
}

/* The key of the text of a need whose commitment is 32 times 0xaa. */
static struct hash place_of(const char *need)
{
    struct ref ref;
    struct hash commit, key;
    cr_assert(ref_parse(&ref, need, strlen(need)));
    memset(commit.b, 0xaa, sizeof commit.b);
    side_text_key(&key, &ref, SLOT_DETAILS, &commit);
    return key;
}

static bool text_there(const char *need)
{
    static struct detail_text text;
    struct hash key = place_of(need);
    return side_text(f.node.side, &key, &text);
}

static void put_text(const char *need)
{
    static struct detail_text text = {.kind = "need", .n = 2, .bytes = "{}"};
    struct hash key = place_of(need);
    cr_assert(side_put_text(f.node.side, &key, &text, NULL));
}

static void publish_need(const char *by, char need[static REF_TEXT_SIZE])
{
    fixture_do(&f, need, "need.publish", by,
               "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
               "\"details\":\"" HEX_A "\",\"expires\":%" PRId64 "}",
               f.at + FIXTURE_DAY);
}

Test(node, carries_out_the_erasures_of_the_log_once_each)
{
    char need[REF_TEXT_SIZE], copy[REF_TEXT_SIZE], ref[REF_TEXT_SIZE];
    fixture_make(&f, 3);
    publish_need("org-02", need);
    publish_need("org-03", copy);
    put_text(need);
    cr_assert_not(text_there(copy), "a copied commitment opens nothing");
    put_text(copy);
    fixture_look(&f, erase, NULL);
    cr_assert(text_there(need) && text_there(copy));
    fixture_do(&f, ref, "details.erase", "org-02", "{\"subject\":\"%s\",\"slot\":\"details\"}",
               need);
    fixture_look(&f, erase, NULL);
    cr_assert_not(text_there(need));
    cr_assert(text_there(copy), "erasing one place touches no other");
    cr_assert_eq(side_erased_through(f.node.side), 4);
    /* A side store from a backup has the text again and knows nothing of the erasure. */
    put_text(need);
    cr_assert(side_set_erased_through(f.node.side, 1));
    fixture_look(&f, erase, NULL);
    cr_assert_not(text_there(need));
    fixture_drop(&f);
}

static void put_item(const struct sent *entry)
{
    static struct inbox_item item;
    memset(&item, 0, sizeof item);
    item.ref = (struct ref){.by = entry->entry.by, .id = entry->entry.id};
    item.valid_until = INT64_MAX;
    item.first_signer = item.ref.by;
    item.n_involved = 1;
    item.involved[0] = item.ref.by;
    item.note_len = entry->note_len;
    memcpy(item.note, entry->note, entry->note_len);
    cr_assert_eq(inbox_put(f.node.side, &item, 0), INBOX_STORED);
}

Test(node, takes_items_out_of_the_inbox_whose_entry_a_crash_left_in_both)
{
    static struct sent waiting;
    static struct inbox_item item;
    fixture_make(&f, 3);
    fixture_sign(&f, &waiting, "org.confirm", "org-02", "{}");
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    put_item(&waiting);
    put_item(&sent);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    fixture_close(&f);
    fixture_reopen(&f);
    cr_assert(inbox_walk(f.node.side, NULL, &item));
    cr_assert_str_eq(item.ref.by.s, "org-02");
    cr_assert_not(inbox_walk(f.node.side, &item.ref, &item));
    fixture_drop(&f);
}
