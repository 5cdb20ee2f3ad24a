/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/text.h"
#include "ledger/files.h"
#include "ledger/journal.h"
#include "ledger/last_signed.h"
#include "tests/ledger/fixture.h"

/* A head of one leaf whose root is known. */
static struct log_head known_head(void)
{
    static const char hex[] = "a6f559632b67f730a3d9cd8d98e33ace7aaf401a7f414060bb50ead8637d0af4";
    struct log_head head = {.size = 1};
    cr_assert(hex_decode(head.root.b, HASH_BYTES, hex, sizeof hex - 1));
    return head;
}

Test(last_signed, gives_back_what_was_written)
{
    char dir[32];
    struct log_head head = known_head(), read;
    folder_make(dir);
    cr_assert_eq(last_signed_read(dir, &read), LAST_SIGNED_NONE);
    for (uint64_t size = 1; size != 0; size *= 10) {
        head.size = size;
        cr_assert(last_signed_write(dir, &head));
        cr_assert_eq(last_signed_read(dir, &read), LAST_SIGNED_OK);
        cr_assert(read.size == size && hash_equal(&read.root, &head.root));
        if (size == UINT64_C(10000000000000000000))
            break;
    }
    folder_drop(dir);
}

Test(last_signed, is_text_of_one_exact_form)
{
#define HEX64 "a6f559632b67f730a3d9cd8d98e33ace7aaf401a7f414060bb50ead8637d0af4"
    static const char *const wrong[] = {
        "",         "1 " HEX64,           "1  " HEX64 "\n", " 1 " HEX64 "\n", "01 " HEX64 "\n",
        HEX64 "\n", "1 " HEX64 "\nmore\n", "1 " HEX64 "0\n", "1 \n",
        "1 A6f559632b67f730a3d9cd8d98e33ace7aaf401a7f414060bb50ead8637d0af4\n",
    };
    char dir[32], text[256];
    struct log_head head = known_head();
    size_t n;
    folder_make(dir);
    cr_assert(last_signed_write(dir, &head));
    cr_assert(file_read(dir, "last-signed", text, sizeof text, &n));
    cr_assert_str_eq(text, "1 " HEX64 "                   \n");
    /* As an operator may write it by hand. */
    cr_assert(file_replace(dir, "last-signed", 0644, "7 " HEX64 "\n", 2 + 64 + 1));
    cr_assert_eq(last_signed_read(dir, &head), LAST_SIGNED_OK);
    cr_assert_eq(head.size, 7);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(file_replace(dir, "last-signed", 0644, wrong[i], strlen(wrong[i])));
        cr_assert_eq(last_signed_read(dir, &head), LAST_SIGNED_MALFORMED, "%s", wrong[i]);
    }
    cr_assert(path_join(text, sizeof text, dir, "last-signed"));
    cr_assert_eq(unlink(text), 0);
    cr_assert_eq(mkdir(text, 0700), 0);
    cr_assert_eq(last_signed_read(dir, &head), LAST_SIGNED_IO);
    cr_assert_not(last_signed_write(dir, &head), "a folder is in the way");
    folder_drop(dir);
}

Test(last_signed, the_newest_is_in_the_file_or_in_the_journal)
{
    char dir[32];
    struct log_head head = known_head(), newest;
    struct journal journal;
    folder_make(dir);
    cr_assert_eq(last_signed_newest(dir, &newest), LAST_SIGNED_NONE, "neither is there");
    cr_assert(journal_make(dir));
    cr_assert(journal_open(&journal, dir));
    cr_assert_eq(last_signed_newest(dir, &newest), LAST_SIGNED_NONE, "an empty journal");

    head.size = 5;
    cr_assert(journal_add(&journal, (struct slice){(const uint8_t *)"a leaf", 6}));
    cr_assert(journal_write(&journal, 4, &head));
    cr_assert_eq(last_signed_newest(dir, &newest), LAST_SIGNED_NONE, "the file had more, perhaps");
    head.size = 4;
    cr_assert(last_signed_write(dir, &head));
    cr_assert_eq(last_signed_newest(dir, &newest), LAST_SIGNED_OK);
    cr_assert_eq(newest.size, 5, "the journal is ahead");
    head.size = 6;
    cr_assert(last_signed_write(dir, &head));
    cr_assert_eq(last_signed_newest(dir, &newest), LAST_SIGNED_OK);
    cr_assert_eq(newest.size, 6, "the file is ahead");

    cr_assert(file_replace(dir, "last-signed", 0644, "six\n", 4));
    cr_assert_eq(last_signed_newest(dir, &newest), LAST_SIGNED_MALFORMED,
                 "what the file says may be more");
    journal_close(&journal);
    folder_drop(dir);
}

Test(last_signed, a_folder_without_its_journal_is_not_signed)
{
    static struct fixture f;
    struct store_reader *reader;
    struct log_head head;
    char path[64];
    fixture_make(&f, 3);
    fixture_stop(&f);
    cr_assert_eq(store_reader_new(f.node.store, &reader), STORE_OK);
    struct kv *kv = store_read(reader);
    cr_assert(log_head(kv, &head) && head.size > 0);
    cr_assert_null(last_signed_check(f.node.dir, kv, &head));
    cr_assert(path_join(path, sizeof path, f.node.dir, "journal"));
    cr_assert_eq(unlink(path), 0);
    const char *why = last_signed_check(f.node.dir, kv, &head);
    cr_assert(why != NULL && strstr(why, "journal is missing") != NULL);
    store_read_end(reader);
    store_reader_free(reader);
    fixture_drop(&f);
}

/* What an operator is told to do must not throw away what was answered. */
Test(last_signed, entries_that_are_only_in_the_journal_are_a_reason_of_their_own)
{
    static struct fixture f;
    struct journal journal;
    struct store_reader *reader;
    struct log_head head, more;
    fixture_make(&f, 3);
    fixture_stop(&f);
    cr_assert_eq(store_reader_new(f.node.store, &reader), STORE_OK);
    struct kv *kv = store_read(reader);
    cr_assert(log_head(kv, &head));
    cr_assert(journal_open(&journal, f.node.dir));
    more = (struct log_head){head.size + 1, head.root};
    cr_assert(journal_add(&journal, (struct slice){(const uint8_t *)"a leaf", 6}));
    cr_assert(journal_write(&journal, head.size, &more));
    journal_close(&journal);
    const char *why = last_signed_check(f.node.dir, kv, &head);
    cr_assert(why != NULL && strstr(why, "journal") != NULL && strstr(why, "make room") != NULL);
    store_read_end(reader);
    store_reader_free(reader);
    fixture_drop(&f);
}

Test(last_signed, an_empty_log_beside_a_journal_with_entries_is_not_signed)
{
    char dir[32];
    struct journal journal;
    struct kv *empty = kv_memory_new(NULL);
    struct log_head head = known_head(), nothing;
    folder_make(dir);
    cr_assert(journal_make(dir));
    cr_assert(log_head(empty, &nothing));
    cr_assert_null(last_signed_check(dir, empty, &nothing), "a new folder");
    cr_assert(journal_open(&journal, dir));
    head.size = 41;
    cr_assert(journal_add(&journal, (struct slice){(const uint8_t *)"a leaf", 6}));
    cr_assert(journal_write(&journal, 40, &head));
    journal_close(&journal);
    cr_assert_not_null(last_signed_check(dir, empty, &nothing));
    kv_memory_free(empty);
    folder_drop(dir);
}
