/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The refusals of the side store. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/ledger/fixture.h"

#define NOW INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

static char folder[32];
static struct side *side;
static struct refused one, back;

static void start(void)
{
    enum store_err err;
    folder_make(folder);
    side = side_open(folder, &err);
    cr_assert_not_null(side, "%s", store_message());
}

static void end(void)
{
    side_close(side);
    folder_drop(folder);
}

static void reopen(void)
{
    enum store_err err;
    side_close(side);
    side = side_open(folder, &err);
    cr_assert_not_null(side);
}

TestSuite(refused, .init = start, .fini = end);

static void make(const char *author, unsigned n, int64_t valid_until)
{
    memset(&one, 0, sizeof one);
    snprintf(one.ref.by.s, sizeof one.ref.by.s, "%s", author);
    id_make(&one.ref.id, NOW + n, (uint8_t[10]){0});
    one.valid_until = valid_until;
    hash_sha256(&one.text_hash, &n, sizeof n);
    one.note_len = (size_t)snprintf(one.note, sizeof one.note, "note %u", n);
    one.refusal_len = (size_t)snprintf(one.refusal, sizeof one.refusal, "refusal %u", n);
}

static bool keep(void)
{
    struct kv *kv = refused_begin(side);
    cr_assert_not_null(kv);
    bool kept = refused_put(kv, &one);
    cr_assert(refused_end(side, kv));
    return kept;
}

/* Many of one author in one step. */
static size_t keep_many(const char *author, bool stranger, unsigned from, unsigned to)
{
    struct kv *kv = refused_begin(side);
    size_t kept = 0;
    for (unsigned i = from; i < to; i++) {
        make(author, i, NOW + i);
        one.stranger = stranger;
        kept += refused_put(kv, &one);
    }
    cr_assert(refused_end(side, kv));
    return kept;
}

static bool there(const char *author, unsigned n)
{
    make(author, n, 0);
    return refused_get(side, &one.ref, &back) == REFUSED_THERE;
}

Test(refused, is_kept_over_a_restart)
{
    make("alder", 1, NOW + HOUR);
    cr_assert_eq(refused_get(side, &one.ref, &back), REFUSED_ABSENT);
    uint64_t generation = side_generation(side);
    cr_assert(keep());
    cr_assert_gt(side_generation(side), generation);
    reopen();
    cr_assert_eq(refused_get(side, &one.ref, &back), REFUSED_THERE);
    cr_assert_str_eq(back.ref.by.s, "alder");
    cr_assert_eq(back.valid_until, NOW + HOUR);
    cr_assert(hash_equal(&back.text_hash, &one.text_hash));
    cr_assert(back.note_len == one.note_len && !memcmp(back.note, one.note, one.note_len));
    cr_assert(back.refusal_len == one.refusal_len &&
              !memcmp(back.refusal, one.refusal, one.refusal_len));
    cr_assert_not(there("birch", 1), "another author, another text");
    cr_assert_not(there("alder", 2));
}

Test(refused, the_longest_note_fits)
{
    make("alder", 1, NOW);
    memset(one.note, 'n', sizeof one.note);
    memset(one.refusal, 'r', sizeof one.refusal);
    one.note_len = sizeof one.note;
    one.refusal_len = sizeof one.refusal;
    cr_assert(keep());
    cr_assert_eq(refused_get(side, &one.ref, &back), REFUSED_THERE);
    cr_assert_eq(back.note_len, ENTRY_NOTE_MAX);
    cr_assert_eq(back.refusal[REFUSAL_NOTE_SIZE - 1], 'r');
}

Test(refused, the_first_refusal_stays)
{
    make("alder", 1, NOW);
    cr_assert(keep());
    one.refusal[0] = 'R';
    cr_assert(keep());
    cr_assert(there("alder", 1));
    cr_assert_eq(back.refusal[0], 'r');
}

Test(refused, what_is_not_ended_is_not_there)
{
    make("alder", 1, NOW);
    struct kv *kv = refused_begin(side);
    cr_assert(refused_put(kv, &one));
    cr_assert_not(there("alder", 1));
    cr_assert(refused_end(side, kv));
    cr_assert(there("alder", 1));
}

Test(refused, bounds_what_one_author_has)
{
    cr_assert_eq(keep_many("alder", false, 0, REFUSED_PER_ORG_MAX + 5), REFUSED_PER_ORG_MAX);
    cr_assert_not(there("alder", REFUSED_PER_ORG_MAX));
    cr_assert_eq(keep_many("birch", false, 0, 3), 3);
    cr_assert_eq(keep_many("cedar", true, 0, REFUSED_PER_ORG_MAX - 1), REFUSED_PER_ORG_MAX - 1);
    cr_assert_eq(keep_many("dogwood", true, 0, 5), 1, "strangers have one number together");
    reopen();
    cr_assert_eq(keep_many("alder", false, 5000, 5001), 0);
    cr_assert_eq(refused_purge(side, NOW + 10), 10 + 3 + 10 + 1);
    cr_assert_eq(keep_many("alder", false, 5000, 5020), 10, "the dead leave their place");
    cr_assert_eq(keep_many("elder", true, 5000, 5020), 11);
}

Test(refused, purges_what_is_dead_and_nothing_else)
{
    cr_assert_eq(keep_many("alder", false, 0, 20), 20);
    uint64_t generation = side_generation(side);
    cr_assert_eq(refused_purge(side, NOW), 0);
    cr_assert_eq(side_generation(side), generation);
    cr_assert_eq(refused_purge(side, NOW + 10), 10, "valid_until itself is still in time");
    for (unsigned i = 0; i < 20; i++)
        cr_assert_eq(there("alder", i), i >= 10, "%u", i);
    cr_assert_eq(refused_purge(side, NOW + 10), 0);
    cr_assert_eq(refused_purge(side, NOW + HOUR), 10);
}

Test(refused, purges_many_in_several_steps)
{
    cr_assert_eq(keep_many("alder", false, 0, 700), 700);
    cr_assert_eq(keep_many("birch", false, 0, 700), 700);
    cr_assert_eq(refused_purge(side, NOW + HOUR), REFUSED_PURGE_MAX);
    cr_assert_eq(refused_purge(side, NOW + HOUR), 400);
}

Test(refused, the_item_that_waited_goes_with_its_texts)
{
    static struct inbox_item item;
    static struct detail_text text = {.kind = "hours", .n = 2, .bytes = "{}"}, read;
    struct hash commit;
    hash_sha256(&commit, "c", 1);
    make("alder", 1, NOW + HOUR);
    item.ref = one.ref;
    item.valid_until = NOW + HOUR;
    item.n_involved = 1;
    item.involved[0] = one.ref.by;
    item.n_texts = 1;
    item.texts[0] = commit;
    item.note_len = (size_t)snprintf(item.note, sizeof item.note, "%s/entry/v1\n{}\n\n%s",
                                     FIXTURE_ORIGIN, "\xe2\x80\x94 a AAAA\n");
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    cr_assert(side_put_text(side, &commit, &text, &item.ref));
    cr_assert(keep());
    cr_assert_not(inbox_get(side, &one.ref, &item));
    cr_assert_not(inbox_next(side, &one.ref.by, NULL, &item));
    cr_assert_not(side_text(side, &commit, &read));
}
