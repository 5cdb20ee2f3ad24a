/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/backup.h"
#include "ledger/backup_file.h"
#include "ledger/files.h"
#include "ledger/last_signed.h"
#include "ledger/state.h"
#include "tests/ledger/fixture.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct fixture f;
static char data[64], copy[64], target[64];
static char said[4096];

/* --- Helpers ---------------------------------------------------------------------------------- */

static void make(void)
{
    fixture_make(&f, 3);
    snprintf(data, sizeof data, "%s/data", f.parent);
    snprintf(copy, sizeof copy, "%s/copy", f.parent);
    snprintf(target, sizeof target, "%s/target", f.parent);
}

static enum backup_result backup_as(const char *to, bool with_keys, struct backup_info *info)
{
    FILE *err = fmemopen(said, sizeof said, "w");
    enum backup_result result = node_backup(data, to, with_keys, info, err, NULL);
    fclose(err);
    return result;
}

/* The fixture's node is open: one process must not open an environment twice, so another does. */
static void backup_beside(void)
{
    struct backup_info info;
    int status;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(node_backup(data, copy, true, &info, stderr, NULL) == BACKUP_OK ? 0 : 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static enum backup_result restore_as(const char *dir, bool replace, const char *keys,
                                     struct restored *out)
{
    struct restore_order order = {.from = copy, .dir = dir, .keys = keys, .replace = replace};
    FILE *err = fmemopen(said, sizeof said, "w");
    enum backup_result result = node_restore(&order, out, err, NULL);
    fclose(err);
    return result;
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    cr_assert_eq(stat(path, &info), 0, "%s", path);
    return info.st_mode & 0777;
}

static bool there(const char *dir, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

/* How many things lie in a folder. */
static size_t count(const char *path)
{
    size_t n = 0;
    DIR *dir = opendir(path);
    cr_assert_not_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n - 2; /* . and .. */
}

static void flip(const char *dir, const char *name, long from_end)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "r+b");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, -from_end, SEEK_END), 0);
    int c = fgetc(file);
    cr_assert_eq(fseek(file, -from_end, SEEK_END), 0);
    fputc(c ^ 1, file);
    fclose(file);
}

static void confirm(const char *org)
{
    char ref[REF_TEXT_SIZE];
    fixture_do(&f, ref, "org.confirm", org, "{}");
}

/* --- Texts of needs --------------------------------------------------------------------------- */

static void publish(char need[static REF_TEXT_SIZE])
{
    fixture_do(&f, need, "need.publish", "org-02",
               "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
               "\"details\":\"" HEX_A "\",\"expires\":%" PRId64 "}",
               f.at + FIXTURE_DAY);
}

static struct hash place_of(const char *need)
{
    struct ref ref;
    struct hash commit, key;
    cr_assert(ref_parse(&ref, need, strlen(need)));
    memset(commit.b, 0xaa, sizeof commit.b);
    side_text_key(&key, &ref, SLOT_DETAILS, &commit);
    return key;
}

static void put_text(const char *need)
{
    static struct detail_text text = {.kind = "need", .n = 2, .bytes = "{}"};
    struct hash key = place_of(need);
    cr_assert(side_put_text(f.node.side, &key, &text, NULL));
}

static bool text_there(struct node *node, const char *need)
{
    static struct detail_text text;
    struct hash key = place_of(need);
    return side_text(node->side, &key, &text);
}

static void erase(const char *need)
{
    char ref[REF_TEXT_SIZE];
    fixture_do(&f, ref, "details.erase", "org-02", "{\"subject\":\"%s\",\"slot\":\"details\"}",
               need);
}

/* --- Backing up ------------------------------------------------------------------------------- */

Test(backup, holds_log_side_store_keys_and_the_head_and_nothing_for_others)
{
    struct backup_info info;
    struct backup_file file;
    struct log_head head;
    make();
    confirm("org-01");
    fixture_head(&f, &head);
    fixture_close(&f);
    cr_assert_eq(backup_as(copy, true, &info), BACKUP_OK, "%s", said);
    cr_assert_eq(info.head.size, head.size);
    cr_assert(hash_equal(&info.head.root, &head.root));
    cr_assert_str_eq(info.origin, FIXTURE_ORIGIN);
    cr_assert_eq(backup_file_read(copy, &file, stderr), BACKUP_OK);
    cr_assert(file.with_keys);
    cr_assert_eq(file.info.head.size, head.size);
    cr_assert_eq(file.info.at, info.at);
    cr_assert_eq(mode_of(f.parent, "copy"), 0700);
    static const char *const files[] = {"backup",       "aux/data.mdb",   "log/data.mdb",
                                        "keys/log.key", "keys/clock.key", "keys/refusal.key"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        cr_assert_eq(mode_of(copy, files[i]), 0600, "%s", files[i]);
    cr_assert_eq(count(copy), 4, "no last-signed, no lock");
    cr_assert_not(there(copy, "log/lock.mdb"));
    fixture_reopen(&f);
    fixture_drop(&f);
}

Test(backup, refuses_what_is_there_what_is_no_folder_and_an_empty_log)
{
    struct backup_info info;
    fixture_open(&f, 1);
    snprintf(data, sizeof data, "%s/data", f.parent);
    snprintf(copy, sizeof copy, "%s/copy", f.parent);
    node_close(&f.node);
    cr_assert_eq(backup_as(copy, true, &info), BACKUP_FAILED);
    cr_assert_not_null(strstr(said, "the log is empty"), "%s", said);
    cr_assert_eq(backup_as(data, true, &info), BACKUP_FAILED);
    cr_assert_not_null(strstr(said, "is there already"), "%s", said);
    cr_assert_eq(count(f.parent), 1, "nothing is left over");
    snprintf(data, sizeof data, "%s/nothing", f.parent);
    cr_assert_eq(backup_as(copy, true, &info), BACKUP_MISSING);
    fixture_reopen(&f);
    fixture_drop(&f);
}

Test(backup, needs_no_lock_and_a_slash_at_the_end_of_a_name_is_none)
{
    struct restored restored;
    make();
    snprintf(copy, sizeof copy, "%s/copy//", f.parent);
    backup_beside();
    confirm("org-01");
    cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_OK, "%s", said);
    cr_assert_eq(restored.info.head.size, 1, "what came later is not in it");
    cr_assert_eq(count(f.parent), 3);
    fixture_drop(&f);
}

/* --- The file --------------------------------------------------------------------------------- */

Test(backup, every_octet_of_its_file_counts)
{
    char text[2048], changed[2048];
    size_t n;
    struct backup_info info;
    struct backup_file file;
    make();
    fixture_close(&f);
    cr_assert_eq(backup_as(copy, true, &info), BACKUP_OK, "%s", said);
    cr_assert(file_read(copy, "backup", text, sizeof text, &n));
    FILE *none = fopen("/dev/null", "w");
    for (size_t i = 0; i < n; i++) {
        memcpy(changed, text, n);
        changed[i] ^= 1;
        cr_assert(file_replace(copy, "backup", 0600, changed, n));
        cr_assert_eq(backup_file_read(copy, &file, none), BACKUP_UNSOUND, "octet %zu", i);
        cr_assert(i % 50 > 0 || file_replace(copy, "backup", 0600, text, i));
        cr_assert_eq(backup_file_read(copy, &file, none), BACKUP_UNSOUND, "cut at %zu", i);
    }
    cr_assert(file_replace(copy, "backup", 0600, text, n));
    cr_assert_eq(backup_file_read(copy, &file, stderr), BACKUP_OK);
    cr_assert_eq(backup_file_read(f.parent, &file, none), BACKUP_MISSING);
    fclose(none);
    fixture_reopen(&f);
    fixture_drop(&f);
}

/* --- Restoring -------------------------------------------------------------------------------- */

static void hash_leaves_and_state(struct kv *kv, void *ctx)
{
    struct hash_stream h;
    hash_stream_start(&h);
    for (enum kv_table table = 0; table < KV_LOG_TABLES; table++) {
        struct slice key = {0}, value;
        while (kv_seek(kv, table, key, key.size > 0, &key, &value)) {
            hash_stream_add(&h, key.data, key.size);
            hash_stream_add(&h, value.data, value.size);
        }
    }
    hash_stream_end(&h, ctx);
}

/* Puts the fixture on another data folder, which takes the place of its own. */
static void move_to(const char *dir)
{
    char gone[80];
    snprintf(gone, sizeof gone, "%s/gone", f.parent);
    cr_assert_eq(rename(data, gone), 0);
    cr_assert_eq(rename(dir, data), 0);
    fixture_reopen(&f);
}

Test(backup, restores_every_byte_and_signs_only_when_the_last_head_is_known)
{
    struct backup_info info;
    struct restored restored;
    struct hash before, after;
    char need[REF_TEXT_SIZE];
    make();
    publish(need);
    put_text(need);
    fixture_look(&f, hash_leaves_and_state, &before);
    fixture_close(&f);
    cr_assert_eq(backup_as(copy, true, &info), BACKUP_OK, "%s", said);
    cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_OK, "%s", said);
    cr_assert_not(restored.last_signed_known);
    cr_assert_str_empty(restored.before);
    cr_assert_eq(mode_of(target, "keys/log.key"), 0600);
    move_to(target);
    fixture_look(&f, hash_leaves_and_state, &after);
    cr_assert(hash_equal(&before, &after));
    cr_assert(text_there(&f.node, need));
    fixture_start(&f);
    cr_assert_not_null(strstr(writer_read_only(f.writer), "last-signed is missing"));
    fixture_stop(&f);
    cr_assert(last_signed_write(data, &info.head));
    fixture_start(&f);
    cr_assert_null(writer_read_only(f.writer));
    confirm("org-01");
    fixture_drop(&f);
}

Test(backup, restores_over_nothing_but_a_data_folder_that_it_may_replace)
{
    struct restored restored;
    make();
    backup_beside();
    cr_assert_eq(restore_as(data, true, NULL, &restored), BACKUP_LOCKED);
    fixture_close(&f);
    cr_assert_eq(restore_as(data, false, NULL, &restored), BACKUP_FAILED);
    cr_assert_not_null(strstr(said, "is there already"), "%s", said);
    cr_assert_eq(mkdir(target, 0700), 0);
    cr_assert_eq(restore_as(target, true, NULL, &restored), BACKUP_FAILED);
    cr_assert_not_null(strstr(said, "is no data folder"), "%s", said);
    cr_assert_eq(file_replace(data, "last-signed", 0644, "x\n", 2), true);
    cr_assert_eq(restore_as(data, true, NULL, &restored), BACKUP_FAILED);
    cr_assert_not_null(strstr(said, "malformed"), "%s", said);
    cr_assert_eq(count(f.parent), 3, "nothing is left over");
    fixture_reopen(&f);
    fixture_drop(&f);
}

Test(backup, one_without_keys_needs_them_and_the_right_ones)
{
    struct backup_info info;
    struct restored restored;
    char keys[80], other[80];
    make();
    fixture_close(&f);
    snprintf(keys, sizeof keys, "%s/keys", data);
    snprintf(other, sizeof other, "%s/other", f.parent);
    cr_assert(node_init(other, FIXTURE_ORIGIN, NULL, stderr));
    cr_assert_eq(backup_as(copy, false, &info), BACKUP_OK, "%s", said);
    cr_assert_not(there(copy, "keys"));
    cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_FAILED);
    cr_assert_not_null(strstr(said, "--keys"), "%s", said);
    snprintf(other, sizeof other, "%s/other/keys", f.parent);
    cr_assert_eq(restore_as(target, false, other, &restored), BACKUP_UNSOUND);
    cr_assert_not_null(strstr(said, "network_keys"), "%s", said);
    cr_assert_not(there(f.parent, "target"));
    cr_assert_eq(restore_as(target, false, keys, &restored), BACKUP_OK, "%s", said);
    cr_assert_eq(mode_of(target, "keys/log.key"), 0600);
    fixture_reopen(&f);
    fixture_drop(&f);
}

Test(backup, a_flipped_bit_of_any_file_is_found_before_it_is_opened)
{
    static const char *const files[] = {"log/data.mdb", "aux/data.mdb", "keys/clock.key"};
    struct backup_info info;
    struct restored restored;
    make();
    fixture_close(&f);
    cr_assert_eq(backup_as(copy, true, &info), BACKUP_OK, "%s", said);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        flip(copy, files[i], 20);
        cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_UNSOUND);
        cr_assert_not_null(strstr(said, files[i]), "%s", said);
        cr_assert_not_null(strstr(said, "not what was backed up"), "%s", said);
        flip(copy, files[i], 20);
    }
    cr_assert_eq(count(f.parent), 2, "nothing is left over");
    cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_OK, "%s", said);
    fixture_reopen(&f);
    fixture_drop(&f);
}

/* Makes the file `backup` vouch for the log as it is now, and for another head if asked. */
static void vouch(bool other_head)
{
    char path[128];
    struct backup_file file;
    struct backup_meter meter = {0};
    cr_assert_eq(backup_file_read(copy, &file, stderr), BACKUP_OK);
    snprintf(path, sizeof path, "%s/log/data.mdb", copy);
    cr_assert(backup_sum(path, NULL, &file.sums[BACKUP_LOG], &meter));
    file.info.head.root.b[0] ^= other_head;
    cr_assert(backup_file_write(copy, &file));
}

static void remove_lock(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/log/lock.mdb", copy);
    cr_assert_eq(unlink(path), 0);
}

Test(backup, a_log_that_does_not_hold_is_refused_though_the_sums_do)
{
    struct backup_info info;
    struct restored restored;
    struct store *store;
    struct kv *kv;
    struct slice key = {0}, value;
    static uint8_t leaf[LEAF_MAX];
    char path[128];
    make();
    confirm("org-01");
    fixture_close(&f);
    cr_assert_eq(backup_as(copy, true, &info), BACKUP_OK, "%s", said);
    vouch(true);
    cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_UNSOUND);
    cr_assert_not_null(strstr(said, "another head"), "%s", said);
    vouch(true); /* and back */
    snprintf(path, sizeof path, "%s/log", copy);
    cr_assert_eq(store_open(&store, path, 0, 0), STORE_OK);
    cr_assert_eq(store_begin(store, &kv), STORE_OK);
    cr_assert(kv_seek_back(kv, KV_LEAF, (struct slice){0}, &key, &value));
    memcpy(leaf, value.data, value.size);
    leaf[value.size - 10] ^= 1; /* in the signature */
    uint8_t index[16];
    memcpy(index, key.data, key.size);
    kv_put(kv, KV_LEAF, (struct slice){index, key.size}, (struct slice){leaf, value.size});
    cr_assert_eq(store_commit(kv), STORE_OK);
    store_close(store);
    remove_lock();
    vouch(false);
    cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_UNSOUND);
    cr_assert_not_null(strstr(said, "leaf 1: "), "%s", said);
    cr_assert_eq(count(f.parent), 2, "nothing is left over");
    fixture_reopen(&f);
    fixture_drop(&f);
}

/* --- What the replaced folder knows ----------------------------------------------------------- */

Test(backup, what_was_signed_and_erased_later_stays_known)
{
    struct restored restored;
    struct node old;
    char kept[REF_TEXT_SIZE], gone[REF_TEXT_SIZE];
    struct log_head head;
    make();
    publish(kept);
    publish(gone);
    put_text(kept);
    put_text(gone);
    backup_beside();
    erase(gone);
    fixture_head(&f, &head);
    fixture_close(&f);
    cr_assert_eq(restore_as(data, true, NULL, &restored), BACKUP_OK, "%s", said);
    cr_assert_eq(restored.erasures, 1);
    cr_assert(restored.last_signed_known);
    cr_assert_eq(restored.last_signed.size, head.size);
    cr_assert_eq(restored.info.head.size, head.size - 1);
    cr_assert_eq(node_open(&old, restored.before, stderr), NODE_OK, "the old folder is whole");
    cr_assert_eq(node_check(&old, stderr, NULL, NULL), 0);
    node_close(&old);
    fixture_reopen(&f);
    cr_assert(text_there(&f.node, kept));
    cr_assert_not(text_there(&f.node, gone), "a restored text that the network erased");
    fixture_start(&f);
    cr_assert_not_null(strstr(writer_read_only(f.writer), "shorter than the last head"));
    fixture_drop(&f);
}

/* As between the two copies: the side store is older than the log. */
Test(backup, a_text_that_the_restored_log_says_is_erased_is_erased_again)
{
    struct restored restored;
    char need[REF_TEXT_SIZE];
    make();
    publish(need);
    put_text(need);
    erase(need);
    cr_assert(side_set_erased_through(f.node.side, 3)); /* a side store that forgot */
    backup_beside();
    cr_assert_eq(restore_as(target, false, NULL, &restored), BACKUP_OK, "%s", said);
    fixture_close(&f);
    move_to(target);
    cr_assert_not(text_there(&f.node, need));
    cr_assert_eq(side_erased_through(f.node.side), 3);
    fixture_drop(&f);
}

/* A refusal as the writer keeps it; what its notes say is not looked at here. */
static void refuse_one(uint8_t word)
{
    static struct refused refused;
    memset(&refused, 0, sizeof refused);
    snprintf(refused.ref.by.s, sizeof refused.ref.by.s, "org-01");
    memset(refused.ref.id.b, word, sizeof refused.ref.id.b);
    refused.valid_until = INT64_MAX;
    refused.note_len = refused.refusal_len = 3;
    memcpy(refused.note, "abc", 3);
    memcpy(refused.refusal, "def", 3);
    struct kv *kv = refused_begin(f.node.side);
    cr_assert_not_null(kv);
    cr_assert(refused_put(kv, &refused));
    cr_assert(refused_end(f.node.side, kv));
}

static enum refused_look refused_there(uint8_t word)
{
    static struct refused refused;
    struct ref ref = {0};
    snprintf(ref.by.s, sizeof ref.by.s, "org-01");
    memset(ref.id.b, word, sizeof ref.id.b);
    return refused_get(f.node.side, &ref, &refused);
}

Test(backup, what_was_refused_for_good_stays_refused)
{
    struct restored restored;
    make();
    refuse_one(1);
    backup_beside();
    refuse_one(2);
    refuse_one(3);
    fixture_close(&f);
    cr_assert_eq(restore_as(data, true, NULL, &restored), BACKUP_OK, "%s", said);
    cr_assert_eq(restored.refusals, 3);
    fixture_reopen(&f);
    for (uint8_t word = 1; word <= 3; word++)
        cr_assert_eq(refused_there(word), REFUSED_THERE);
    cr_assert_eq(refused_there(4), REFUSED_ABSENT);
    fixture_start(&f);
    cr_assert_null(writer_read_only(f.writer), "nothing was signed after the backup");
    fixture_drop(&f);
}

Test(backup, a_damaged_folder_is_replaced_and_what_it_knew_is_missed_aloud)
{
    struct restored restored;
    char log[4200];
    make();
    backup_beside();
    refuse_one(2);
    confirm("org-01");
    fixture_close(&f);
    snprintf(log, sizeof log, "%s/log/data.mdb", data);
    cr_assert_eq(truncate(log, 5 * 4096), 0);
    cr_assert_eq(restore_as(data, true, NULL, &restored), BACKUP_PARTIAL, "%s", said);
    cr_assert_eq(restored.refusals, 1, "what could be read is kept");
    cr_assert_eq(restored.last_signed.size, 2);
    struct stat info;
    cr_assert(path_join(log, sizeof log, restored.before, "log/data.mdb"));
    cr_assert_eq(stat(log, &info), 0);
    cr_assert_eq(info.st_size, 5 * 4096, "evidence stays as it was");
    fixture_reopen(&f);
    fixture_drop(&f);
}
