/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/backup.h"
#include "ledger/files.h"
#include "ledger/journal.h"
#include "ledger/last_signed.h"
#include "ledger/state.h"
#include "tests/ledger/fixture.h"

/* --- The file --------------------------------------------------------------------------------- */

static char dir[32];
static struct journal journal;

static void begin(void)
{
    folder_make(dir);
    cr_assert(journal_make(dir));
    cr_assert(journal_open(&journal, dir));
}

static void end(void)
{
    journal_close(&journal);
    folder_drop(dir);
}

/* A leaf that says which it is, of n octets. */
static struct slice leaf_of(uint64_t index, size_t n)
{
    static char text[LEAF_MAX];
    memset(text, '.', n);
    snprintf(text, sizeof text, "leaf %" PRIu64, index);
    text[strlen(text)] = '.';
    return (struct slice){(const uint8_t *)text, n};
}

static struct log_head head_of(uint64_t size)
{
    struct log_head head = {.size = size};
    hash_sha256(&head.root, &size, sizeof size);
    return head;
}

static void write_record(uint64_t first, uint64_t leaves, size_t n)
{
    struct log_head head = head_of(first + leaves);
    for (uint64_t i = first; i < first + leaves; i++)
        cr_assert(journal_add(&journal, leaf_of(i, n)));
    cr_assert(journal_fits(&journal));
    cr_assert(journal_write(&journal, first, &head));
}

/* Asserts that the file gives the leaves from `from` up to `to`, and no more. */
static void expect_leaves(uint64_t from, uint64_t to, size_t n)
{
    struct journal_image image;
    struct slice leaf;
    cr_assert(journal_read(&image, dir));
    struct journal_walk walk = {.image = &image, .index = from};
    for (uint64_t i = from; i < to; i++) {
        cr_assert(journal_next(&walk, &leaf), "leaf %" PRIu64, i);
        struct slice expected = leaf_of(i, n);
        cr_assert_eq(leaf.size, n);
        cr_assert_eq(memcmp(leaf.data, expected.data, n), 0);
        cr_assert_eq(walk.index, i + 1);
    }
    cr_assert_not(journal_next(&walk, &leaf));
    cr_assert_eq(journal_reach(&image, from), to);
    journal_image_free(&image);
}

static uint64_t largest(void)
{
    struct journal_image image;
    struct log_head head = {0}, expected;
    cr_assert(journal_read(&image, dir));
    bool any = journal_head(&image, &head);
    journal_image_free(&image);
    expected = head_of(head.size);
    cr_assert(!any || hash_equal(&head.root, &expected.root));
    return any ? head.size : 0;
}

static size_t file_size(void)
{
    struct stat info;
    char path[64];
    cr_assert(path_join(path, sizeof path, dir, "journal"));
    cr_assert_eq(stat(path, &info), 0);
    return (size_t)info.st_size;
}

Test(journal, gives_back_what_was_written)
{
    begin();
    expect_leaves(0, 0, 10);
    cr_assert_eq(largest(), 0);
    write_record(7, 3, 500);
    write_record(10, 1, 500);
    write_record(11, 40, 500);
    expect_leaves(7, 51, 500);
    expect_leaves(10, 51, 500);
    expect_leaves(51, 51, 500);
    expect_leaves(8, 8, 500); /* a store commits whole batches: none begins there */
    expect_leaves(3, 3, 500); /* the journal does not continue such a log */
    cr_assert_eq(largest(), 51);
    end();
}

Test(journal, a_draft_goes_back_to_its_mark)
{
    begin();
    cr_assert(journal_add(&journal, leaf_of(0, 100)));
    struct journal_mark mark = journal_mark(&journal);
    cr_assert(journal_add(&journal, leaf_of(77, 16000)));
    cr_assert(journal_add(&journal, leaf_of(78, 16000)));
    journal_cut(&journal, mark);
    cr_assert(journal_add(&journal, leaf_of(1, 100)));
    struct log_head head = head_of(2);
    cr_assert(journal_write(&journal, 0, &head));
    expect_leaves(0, 2, 100);
    end();
}

Test(journal, a_new_round_begins_at_the_start_but_never_over_the_newest_record)
{
    begin();
    write_record(0, 1, 100);
    journal_rewind(&journal); /* the store has leaf 0 */
    write_record(1, 1, 100);
    cr_assert_eq(largest(), 2);
    expect_leaves(0, 2, 100); /* the first record is still there, beside the second */
    journal_rewind(&journal);
    write_record(2, 1, 100);
    expect_leaves(2, 3, 100);
    expect_leaves(0, 0, 100);
    for (uint64_t i = 3; i < 40; i++) {
        if (i % 3 == 0)
            journal_rewind(&journal);
        uint64_t before = largest();
        cr_assert_eq(before, i);
        write_record(i, 1, 100);
        expect_leaves(i, i + 1, 100);
    }
    cr_assert_leq(file_size(), 64 << 10, "rounds use the same blocks");
    end();
}

Test(journal, what_earlier_rounds_left_is_not_read_again)
{
    begin();
    for (uint64_t i = 0; i < 30; i++)
        write_record(i, 1, 3000);
    journal_rewind(&journal);
    write_record(30, 20, 3000); /* over a part of the others, not to their ends */
    expect_leaves(30, 50, 3000);
    cr_assert_eq(largest(), 50);
    write_record(50, 1, 3000);
    expect_leaves(30, 51, 3000);
    end();
}

Test(journal, grows_as_it_is_needed_and_then_is_full)
{
    uint64_t n = 0;
    begin();
    cr_assert_eq(file_size(), 0);
    write_record(n++, 1, 10);
    cr_assert_eq(file_size(), 64 << 10);
    for (;; n++) {
        struct log_head head = head_of(n + 1);
        cr_assert(journal_add(&journal, leaf_of(n, 16000)));
        if (!journal_fits(&journal))
            break;
        cr_assert(journal_write(&journal, n, &head));
    }
    cr_assert_eq(file_size(), JOURNAL_BYTES_MAX);
    cr_assert_eq(n, 1 + (JOURNAL_BYTES_MAX - JOURNAL_BLOCK) / (4 * JOURNAL_BLOCK));
    cr_assert_eq(largest(), n);
    journal_rewind(&journal);
    write_record(n, 1, 16000);
    cr_assert_eq(file_size(), JOURNAL_BYTES_MAX);
    expect_leaves(n, n + 1, 16000);
    end();
}

/* What a power cut may leave of the last write: any of its sectors, and any length of the file. */
Test(journal, a_torn_record_does_not_count_and_those_before_it_do)
{
    enum { SECTOR = 512 };
    static char whole[256 << 10], torn[256 << 10];
    size_t n, cut_from = 4 * JOURNAL_BLOCK;
    begin();
    write_record(0, 20, 700); /* four blocks */
    write_record(20, 20, 700);
    cr_assert(file_read(dir, "journal", whole, sizeof whole, &n));
    for (size_t at = cut_from; at < cut_from + 88 + 20 * 704; at += SECTOR) {
        memcpy(torn, whole, n);
        memset(torn + at, 0, SECTOR);
        cr_assert(file_replace(dir, "journal", 0600, torn, n));
        expect_leaves(0, 20, 700);
        cr_assert_eq(largest(), 20);
        memcpy(torn, whole, n);
        torn[at + 17] ^= 1;
        cr_assert(file_replace(dir, "journal", 0600, torn, n));
        expect_leaves(0, 20, 700);
        cr_assert(file_replace(dir, "journal", 0600, whole, at));
        expect_leaves(0, 20, 700);
    }
    cr_assert(file_replace(dir, "journal", 0600, whole, n));
    expect_leaves(0, 40, 700);
    end();
}

Test(journal, a_file_that_is_no_journal_has_no_records)
{
    static char junk[3 * JOURNAL_BLOCK];
    begin();
    for (int round = 0; round < 4; round++) {
        memset(junk, round == 1 ? 0xff : 0, sizeof junk);
        if (round >= 2)
            memcpy(junk + JOURNAL_BLOCK, "SEMjrnl1", 8);
        if (round == 3)
            memset(junk + JOURNAL_BLOCK + 16, 0xff, 8);
        cr_assert(file_replace(dir, "journal", 0600, junk, sizeof junk - (size_t)round));
        expect_leaves(0, 0, 0);
        cr_assert_eq(largest(), 0);
    }
    end();
}

/* --- A node ----------------------------------------------------------------------------------- */

static struct fixture f;
static struct node crashed;
static char copy[64];

static void copy_file(const char *name)
{
    size_t n, size = 64 << 20;
    char *bytes = malloc(size); /* static, the search for leaks would read it after each test */
    cr_assert(bytes && file_read(f.node.dir, name, bytes, size, &n), "%s", name);
    cr_assert(file_replace(copy, name, 0600, bytes, n), "%s", name);
    free(bytes);
}

/* The folder as a crash would leave it now. The copies of LMDB are whole: nobody commits. */
static void crash(void)
{
    static const char *const folders[] = {"", "/log", "/aux", "/keys"};
    static const char *const files[] = {"journal", "last-signed", "log/data.mdb", "aux/data.mdb",
                                        "keys/log.key", "keys/clock.key", "keys/refusal.key"};
    snprintf(copy, sizeof copy, "%s/copy", f.parent);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", copy, folders[i]);
        cr_assert_eq(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        copy_file(files[i]);
}

static uint64_t stored_size(struct node *node, struct log_head *head)
{
    struct store_reader *reader;
    cr_assert_eq(store_reader_new(node->store, &reader), STORE_OK);
    struct kv *kv = store_read(reader);
    cr_assert(kv != NULL && log_head(kv, head));
    store_read_end(reader);
    store_reader_free(reader);
    return head->size;
}

/* Leaves behind the first are in the journal alone. */
static void live(int entries)
{
    char ref[REF_TEXT_SIZE];
    fixture_open(&f, 3);
    f.behind_ms = 600000; /* nothing here depends on how fast the machine is */
    fixture_start(&f);
    fixture_found(&f);
    fixture_settle(&f);
    for (int i = 0; i < entries; i++)
        fixture_do(&f, ref, "org.confirm", "org-01", "{}");
}

Test(journal, what_was_answered_and_not_committed_is_there_after_a_crash)
{
    struct log_head head, found;
    live(20);
    cr_assert(writer_ahead(f.writer));
    cr_assert_eq(stored_size(&f.node, &head), 1, "readers see what the store has");
    crash();
    fixture_head(&f, &head);
    cr_assert_eq(head.size, 21);
    cr_assert_eq(node_open(&crashed, copy, stderr), NODE_OK);
    cr_assert_eq(stored_size(&crashed, &found), 21);
    cr_assert(hash_equal(&head.root, &found.root));
    cr_assert_eq(node_check(&crashed, stderr, NULL, NULL), 0);
    node_close(&crashed);
    cr_assert_eq(node_open(&crashed, copy, stderr), NODE_OK, "and once more, with nothing to do");
    cr_assert_eq(stored_size(&crashed, &found), 21);
    node_close(&crashed);
    fixture_drop(&f);
}

/* A tick was due, and the entry that would have brought it was refused. */
Test(journal, what_a_refused_entry_had_brought_along_is_not_in_it)
{
    static struct sent refused;
    char ref[REF_TEXT_SIZE];
    struct log_head head, found;
    live(0);
    fixture_do(&f, ref, "need.publish", "org-02",
               "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
               "\"details\":\"%064d\",\"expires\":%" PRId64 "}", 0, f.at + FIXTURE_DAY);
    f.at += 2 * FIXTURE_DAY;
    fixture_sign(&f, &refused, "need.withdraw", "org-02",
                 "{\"need\":\"org-02/018bcfe56800700080000000000000ff\"}");
    cr_assert_eq(fixture_submit(&f, &refused), JOB_REFUSED);
    fixture_do(&f, ref, "org.confirm", "org-02", "{}");
    crash();
    fixture_head(&f, &head);
    cr_assert_geq(head.size, 4, "a tick too");
    cr_assert_eq(node_open(&crashed, copy, stderr), NODE_OK);
    cr_assert_eq(stored_size(&crashed, &found), head.size);
    cr_assert(hash_equal(&head.root, &found.root));
    node_close(&crashed);
    fixture_drop(&f);
}

Test(journal, a_log_that_it_does_not_continue_is_left_alone_and_not_signed)
{
    static char bytes[256 << 10], said[1000];
    struct journal_image image;
    struct log_head head;
    struct hash root = {{1}};
    struct slice leaf;
    size_t n;
    FILE *err = fmemopen(said, sizeof said, "w");
    setbuf(err, NULL);
    live(3);
    crash();
    /* The same leaves in one record that claims another root. */
    cr_assert(journal_read(&image, copy));
    cr_assert(journal_make(copy) && journal_open(&journal, copy));
    struct journal_walk walk = {.image = &image, .index = 1};
    while (journal_next(&walk, &leaf))
        cr_assert(journal_add(&journal, leaf));
    cr_assert(journal_write(&journal, 1, &(struct log_head){4, root}));
    journal_close(&journal);
    journal_image_free(&image);
    cr_assert_eq(node_open(&crashed, copy, err), NODE_OK);
    cr_assert(strstr(said, "root") != NULL && strstr(said, "semd rebuild") != NULL, "%s", said);
    cr_assert_eq(stored_size(&crashed, &head), 1);
    node_close(&crashed);
    /* A leaf that no rule takes, with a sum that holds. */
    cr_assert(file_read(copy, "journal", bytes, sizeof bytes, &n));
    cr_assert(journal_make(copy) && journal_open(&journal, copy));
    cr_assert(journal_add(&journal, leaf_of(1, 300)));
    cr_assert(journal_write(&journal, 1, &(struct log_head){2, root}));
    journal_close(&journal);
    rewind(err);
    cr_assert_eq(node_open(&crashed, copy, err), NODE_OK);
    cr_assert_not_null(strstr(said, "leaf 1: "), "%s", said);
    cr_assert_eq(stored_size(&crashed, &head), 1);
    fclose(err);

    const char *why;
    struct writer_config config = {.dir = crashed.dir,
                                   .origin = crashed.origin,
                                   .store = crashed.store,
                                   .log_key = crashed.log_key,
                                   .clock_key = crashed.clock_key,
                                   .refusal_key = crashed.refusal_key};
    struct writer *writer = writer_start(&config, &why);
    cr_assert_not_null(writer);
    cr_assert_not_null(writer_read_only(writer), "the log is shorter than what was published");
    writer_stop(writer);
    node_close(&crashed);
    fixture_drop(&f);
}

/* Damages the state, so that no leaf can be taken on top of it. */
static void forget_an_organisation(struct node *node)
{
    struct kv *kv;
    cr_assert_eq(store_begin(node->store, &kv), STORE_OK);
    kv_del(kv, KV_HANDLE, (struct slice){(const uint8_t *)"org-01", 6});
    cr_assert_eq(store_commit(kv), STORE_OK);
}

Test(journal, a_rebuild_takes_the_leaves_that_a_damaged_state_could_not)
{
    struct log_head head, found;
    static char said[1000];
    live(5);
    crash();
    fixture_head(&f, &head);
    char path[128];
    struct store *store;
    snprintf(path, sizeof path, "%s/log", copy);
    cr_assert_eq(store_open(&store, path, 0, 0), STORE_OK);
    struct node half = {.store = store};
    forget_an_organisation(&half);
    store_close(store);

    FILE *err = fmemopen(said, sizeof said, "w");
    setbuf(err, NULL);
    cr_assert_eq(node_open(&crashed, copy, err), NODE_OK);
    fclose(err);
    cr_assert_not_null(strstr(said, "semd rebuild"), "%s", said);
    cr_assert_eq(stored_size(&crashed, &found), 1);
    cr_assert(node_rebuild(&crashed, stderr, NULL, NULL));
    cr_assert_eq(stored_size(&crashed, &found), 6);
    cr_assert(hash_equal(&head.root, &found.root));
    cr_assert_eq(node_check(&crashed, stderr, NULL, NULL), 0);
    node_close(&crashed);
    fixture_drop(&f);
}

Test(journal, a_backup_has_what_only_the_journal_had)
{
    char to[64];
    struct backup_info info;
    struct log_head head;
    live(7);
    cr_assert(writer_ahead(f.writer));
    snprintf(to, sizeof to, "%s/backup", f.parent);
    cr_assert_eq(node_backup(f.node.dir, to, true, &info, stderr, NULL), BACKUP_OK);
    fixture_head(&f, &head);
    cr_assert_eq(info.head.size, 8);
    cr_assert(hash_equal(&info.head.root, &head.root));
    static struct restored restored;
    char into[64];
    snprintf(into, sizeof into, "%s/restored", f.parent);
    struct restore_order order = {.from = to, .dir = into};
    cr_assert_eq(node_restore(&order, &restored, stderr, NULL), BACKUP_OK);
    cr_assert_eq(node_open(&crashed, into, stderr), NODE_OK);
    cr_assert_eq(stored_size(&crashed, &head), 8);
    node_close(&crashed);
    fixture_drop(&f);
}

/* --- When the store follows ------------------------------------------------------------------- */

static uint64_t settles(void)
{
    struct writer_stats stats;
    writer_stats(f.writer, &stats);
    return stats.settles;
}

Test(journal, the_store_follows_by_itself_within_seconds)
{
    struct log_head head;
    char ref[REF_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    for (int i = 0; i < 1000 && writer_ahead(f.writer); i++)
        usleep(10000);
    cr_assert_not(writer_ahead(f.writer));
    cr_assert_eq(stored_size(&f.node, &head), 2);
    fixture_drop(&f);
}

enum { CLIENTS = 4, EACH = 25, CROWD = CLIENTS * EACH };

static struct sent many[CROWD];

Test(journal, the_store_is_never_further_behind_than_its_bound)
{
    struct log_head head;
    uint64_t before;
    live(0);
    before = settles();
    for (uint64_t n = 0; n < 2 * WRITER_BEHIND_MAX + 2 * CROWD; n += CROWD) {
        for (int i = 0; i < CROWD; i++)
            fixture_sign(&f, &many[i], "org.confirm", "org-01", "{}");
        for (int i = 0; i < CROWD; i++)
            cr_assert(fixture_send(&f, &many[i])); /* together, so that the journal is not full */
        for (int i = 0; i < CROWD; i++)
            cr_assert_eq(fixture_await(&many[i]), JOB_ACCEPTED);
        cr_assert_geq(stored_size(&f.node, &head) + WRITER_BEHIND_MAX, n);
    }
    cr_assert_geq(settles() - before, 2);
    cr_assert_leq(settles() - before, 4, "and not for each batch");
    fixture_drop(&f);
}

/* --- Many at once ----------------------------------------------------------------------------- */

struct wanted {
    const struct job *job;
    bool found;
};

static void find(struct kv *kv, void *ctx)
{
    struct wanted *wanted = ctx;
    struct slice leaf;
    const struct job *job = wanted->job;
    wanted->found = log_size(kv) >= job->head.size && log_read(kv, job->index, &leaf) &&
                    leaf.size > job->note_len &&
                    memcmp(leaf.data + leaf.size - job->note_len, job->note_bytes,
                           job->note_len) == 0;
}

static int64_t now_ms(void)
{
    return FIXTURE_START + 150000;
}

/* Posts, and asks at once for what was answered. */
static void *client(void *arg)
{
    struct sent *mine = arg;
    for (int i = 0; i < EACH; i++) {
        struct wanted wanted = {.job = &mine[i].job};
        cr_assert(fixture_send(&f, &mine[i]));
        cr_assert_eq(fixture_await(&mine[i]), JOB_ACCEPTED);
        if (i % 3 != 0)
            continue;
        fixture_look(&f, find, &wanted);
        cr_assert(wanted.found);
    }
    return NULL;
}

Test(journal, who_was_answered_finds_it_in_the_store_although_others_write)
{
    pthread_t threads[CLIENTS];
    struct log_head head;
    fixture_open(&f, 3);
    f.demo = false; /* the order of the entries is not that of their signing */
    f.now_ms = now_ms;
    fixture_start(&f);
    fixture_found(&f);
    for (int i = 0; i < EACH; i++)
        for (int c = 0; c < CLIENTS; c++)
            fixture_sign(&f, &many[EACH * c + i], "org.confirm", "org-01", "{}");
    for (int c = 0; c < CLIENTS; c++)
        cr_assert_eq(pthread_create(&threads[c], NULL, client, &many[EACH * c]), 0);
    for (int c = 0; c < CLIENTS; c++)
        pthread_join(threads[c], NULL);
    fixture_head(&f, &head);
    cr_assert_eq(head.size, 1 + CLIENTS * EACH);
    fixture_check_tree(&f, &head);
    fixture_drop(&f);
}

/* --- In order --------------------------------------------------------------------------------- */

static sem_t held, go, shown;
static bool shown_before_told;

static void hold_writer(struct job *job)
{
    (void)job;
    sem_post(&held);
    while (sem_wait(&go) != 0)
        continue;
}

static void is_shown(struct settle *settle)
{
    (void)settle;
    sem_post(&shown);
}

static void is_told(struct job *job)
{
    int n;
    sem_getvalue(&shown, &n);
    shown_before_told = n > 0;
    sem_post(&((struct sent *)job->owner)->told);
}

Test(journal, who_waits_is_served_with_the_next_batch_and_not_behind_it)
{
    static struct sent first, second;
    struct settle settle = {.done = is_shown};
    sem_init(&held, 0, 0);
    sem_init(&go, 0, 0);
    sem_init(&shown, 0, 0);
    live(1);
    fixture_sign(&f, &first, "org.confirm", "org-01", "{}");
    fixture_sign(&f, &second, "org.confirm", "org-01", "{}");
    first.job.done = hold_writer;
    cr_assert(writer_submit(f.writer, &first.job));
    while (sem_wait(&held) != 0)
        continue;
    second.job.done = is_told;
    second.job.owner = &second;
    cr_assert_eq(sem_init(&second.told, 0, 0), 0);
    cr_assert(writer_submit(f.writer, &second.job));
    cr_assert(writer_settle(f.writer, &settle));
    sem_post(&go);
    cr_assert_eq(fixture_await(&second), JOB_ACCEPTED);
    cr_assert(shown_before_told);
    fixture_drop(&f);
}

/* --- Who asks --------------------------------------------------------------------------------- */

Test(journal, a_job_that_asks_for_it_is_in_the_store_when_it_is_told)
{
    static struct sent sent;
    struct log_head head;
    live(2);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    sent.job.settle = true;
    cr_assert_eq(fixture_submit(&f, &sent), JOB_ACCEPTED);
    cr_assert_eq(stored_size(&f.node, &head), 4);
    cr_assert_not(writer_ahead(f.writer));
    fixture_drop(&f);
}

Test(journal, a_writer_that_turned_read_only_still_shows_what_it_answered)
{
    struct log_head head;
    live(4);
    cr_assert(writer_ahead(f.writer));
    writer_set_read_only(f.writer, "as a test says");
    fixture_settle(&f);
    cr_assert_eq(stored_size(&f.node, &head), 5);
    fixture_drop(&f);
}

Test(journal, a_stop_leaves_all_in_the_store_and_in_last_signed)
{
    struct log_head head, kept;
    live(4);
    fixture_stop(&f);
    cr_assert_eq(stored_size(&f.node, &head), 5);
    cr_assert_eq(last_signed_read(f.node.dir, &kept), LAST_SIGNED_OK);
    cr_assert(kept.size == 5 && hash_equal(&kept.root, &head.root));
    fixture_drop(&f);
}
