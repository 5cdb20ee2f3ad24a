/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/ledger/fixture.h"

#define NOW INT64_C(1700000000000)
#define HOUR INT64_C(3600000)
#define TEXT "ledger.example.org/test/entry/v1\n{\"n\":1}\n"
#define LINE(name, rest) "\xe2\x80\x94 ledger.example.org/test/org/" name " " rest "\n"

static char folder[32];
static struct side *side;
static struct inbox_item item, read_back;
static struct detail_text text, text_back;

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

TestSuite(side, .init = start, .fini = end);

static struct hash commit_of(unsigned n)
{
    struct hash commit;
    hash_sha256(&commit, &n, sizeof n);
    return commit;
}

static void make_text(const char *bytes)
{
    memset(&text, 0, sizeof text);
    snprintf(text.kind, sizeof text.kind, "agreement");
    memset(text.salt.b, 0x5a, sizeof text.salt.b);
    text.n = strlen(bytes);
    memcpy(text.bytes, bytes, text.n);
}

/* The n-th item of an author, with one signature line. */
static void make_item(const char *author, unsigned n, const char *line)
{
    memset(&item, 0, sizeof item);
    snprintf(item.ref.by.s, sizeof item.ref.by.s, "%s", author);
    id_make(&item.ref.id, NOW + n, (uint8_t[10]){0});
    item.received_at = NOW;
    item.valid_until = NOW + HOUR;
    item.first_signer = item.ref.by;
    item.n_involved = 2;
    item.involved[0] = item.ref.by;
    snprintf(item.involved[1].s, sizeof item.involved[1].s, "zoo");
    item.note_len = (size_t)snprintf(item.note, sizeof item.note, "%s\n%s", TEXT, line);
}

static enum inbox_result put(const char *author, unsigned n)
{
    make_item(author, n, LINE("alder", "AAAA"));
    return inbox_put(side, &item, NOW);
}

static bool note_is(const struct inbox_item *i, const char *note)
{
    return i->note_len == strlen(note) && memcmp(i->note, note, i->note_len) == 0;
}

/* --- Texts ------------------------------------------------------------------------------------ */

Test(side, keeps_a_text_with_its_salt_over_a_restart)
{
    struct hash commit = commit_of(1);
    make_text("{\"text\":\"deux heures\"}");
    cr_assert_not(side_text(side, &commit, &text_back));
    cr_assert(side_put_text(side, &commit, &text, NULL));
    cr_assert(side_put_text(side, &commit, &text, NULL), "once more is the same");
    reopen();
    cr_assert(side_text(side, &commit, &text_back));
    cr_assert_str_eq(text_back.kind, "agreement");
    cr_assert_eq(text_back.n, text.n);
    cr_assert_arr_eq(text_back.bytes, text.bytes, text.n);
    cr_assert_arr_eq(text_back.salt.b, text.salt.b, SALT_BYTES);
}

Test(side, holds_the_longest_text_and_no_longer_one)
{
    struct hash commit = commit_of(1);
    make_text("");
    memset(text.bytes, 'x', sizeof text.bytes);
    text.n = sizeof text.bytes;
    cr_assert(side_put_text(side, &commit, &text, NULL));
    cr_assert(side_text(side, &commit, &text_back));
    cr_assert_eq(text_back.n, DETAIL_BYTES_MAX);
    cr_assert_eq(text_back.bytes[DETAIL_BYTES_MAX - 1], 'x');
    text.n++;
    commit = commit_of(2);
    cr_assert_not(side_put_text(side, &commit, &text, NULL));
}

Test(side, an_erased_text_is_gone)
{
    struct hash commit = commit_of(1), kept = commit_of(2);
    make_text("{}");
    cr_assert(side_put_text(side, &commit, &text, NULL));
    cr_assert(side_put_text(side, &kept, &text, NULL));
    cr_assert(side_erase_text(side, &commit));
    cr_assert(side_erase_text(side, &commit), "gone already is gone");
    cr_assert_not(side_text(side, &commit, &text_back));
    cr_assert(side_text(side, &kept, &text_back));
}

Test(side, the_generation_grows_with_every_change_and_never_falls_back)
{
    struct hash commit = commit_of(1);
    uint64_t last = side_generation(side);
    make_text("{}");
    cr_assert(side_put_text(side, &commit, &text, NULL));
    cr_assert_gt(side_generation(side), last);
    last = side_generation(side);
    cr_assert_eq(put("alder", 1), INBOX_STORED);
    cr_assert_gt(side_generation(side), last);
    last = side_generation(side);
    cr_assert(inbox_remove(side, &item.ref, NULL));
    cr_assert_gt(side_generation(side), last);
    last = side_generation(side);
    cr_assert(side_erase_text(side, &commit));
    cr_assert_gt(side_generation(side), last);
    last = side_generation(side);
    reopen();
    cr_assert_eq(side_generation(side), last);
}

Test(side, remembers_how_far_erasures_went)
{
    cr_assert_eq(side_erased_through(side), 0);
    cr_assert(side_set_erased_through(side, 77));
    reopen();
    cr_assert_eq(side_erased_through(side), 77);
}

/* --- Inbox ------------------------------------------------------------------------------------ */

Test(side, gives_an_item_back_as_it_was_put)
{
    make_item("alder", 1, LINE("alder", "AAAA"));
    item.n_texts = 2;
    item.texts[0] = commit_of(1);
    item.texts[1] = commit_of(2);
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    reopen();
    cr_assert(inbox_get(side, &item.ref, &read_back));
    cr_assert_str_eq(read_back.ref.by.s, "alder");
    cr_assert_arr_eq(read_back.ref.id.b, item.ref.id.b, sizeof item.ref.id.b);
    cr_assert(read_back.received_at == NOW && read_back.valid_until == NOW + HOUR);
    cr_assert(!read_back.stranger && read_back.n_involved == 2 && read_back.n_texts == 2);
    cr_assert_str_eq(read_back.involved[1].s, "zoo");
    cr_assert_str_eq(read_back.first_signer.s, "alder");
    cr_assert(hash_equal(&read_back.texts[1], &item.texts[1]));
    cr_assert(note_is(&read_back, TEXT "\n" LINE("alder", "AAAA")));
    cr_assert(inbox_remove(side, &item.ref, NULL));
    cr_assert_not(inbox_remove(side, &item.ref, NULL));
    cr_assert_not(inbox_get(side, &item.ref, &read_back));
}

Test(side, adds_signature_lines_in_order_and_takes_the_new_one_of_a_name)
{
    make_item("alder", 1, LINE("birch", "BBBB"));
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    make_item("alder", 1, LINE("alder", "AAAA") LINE("cedar", "CCCC"));
    item.received_at = NOW + 5;
    snprintf(item.first_signer.s, sizeof item.first_signer.s, "cedar");
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
#define ALL TEXT "\n" LINE("alder", "AAAA") LINE("birch", "BBBB") LINE("cedar", "CCCC")
    cr_assert(note_is(&item, ALL), "the caller sees the whole");
    cr_assert_eq(item.received_at, NOW);
    cr_assert_str_eq(item.first_signer.s, "alder");
    make_item("alder", 1, LINE("birch", "bbbb"));
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    make_item("alder", 1, "");
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED, "the text alone takes nothing away");
    cr_assert(inbox_get(side, &item.ref, &read_back));
    cr_assert(note_is(&read_back, TEXT "\n" LINE("alder", "AAAA") LINE("birch", "bbbb")
                                       LINE("cedar", "CCCC")));
}

Test(side, names_that_begin_alike_stay_apart)
{
    make_item("alder", 1, LINE("oak", "AAAA"));
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    make_item("alder", 1, LINE("oak-2", "BBBB"));
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    cr_assert(note_is(&item, TEXT "\n" LINE("oak", "AAAA") LINE("oak-2", "BBBB")));
}

Test(side, does_not_replace_another_text)
{
    cr_assert_eq(put("alder", 1), INBOX_STORED);
    make_item("alder", 1, LINE("alder", "AAAA"));
    item.note[strlen(TEXT) - 3] = '2';
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_OTHER_TEXT);
    cr_assert(inbox_get(side, &item.ref, &read_back));
    cr_assert(note_is(&read_back, TEXT "\n" LINE("alder", "AAAA")));
}

static void *add_line(void *arg)
{
    struct inbox_item *mine = arg;
    cr_assert_eq(inbox_put(side, mine, NOW), INBOX_STORED);
    return NULL;
}

Test(side, loses_no_signature_of_those_who_sign_at_once)
{
    enum { N = 16 };
    static struct inbox_item items[N];
    pthread_t threads[N];
    for (unsigned i = 0; i < N; i++) {
        char line[128];
        snprintf(line, sizeof line, LINE("org-%02u", "AAAA"), i);
        make_item("alder", 1, line);
        items[i] = item;
    }
    for (size_t i = 0; i < N; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, add_line, &items[i]), 0);
    size_t complete = 0;
    for (size_t i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        complete += items[i].note_len == sizeof TEXT + N * strlen(LINE("org-00", "AAAA"));
    }
    cr_assert_eq(complete, 1, "exactly one of them sees the whole set");
}

Test(side, lists_what_involves_an_organisation_oldest_first)
{
    cr_assert_eq(put("birch", 2), INBOX_STORED);
    cr_assert_eq(put("alder", 3), INBOX_STORED);
    cr_assert_eq(put("cedar", 1), INBOX_STORED);
    struct handle zoo = {"zoo"}, zo = {"zo"}, alder = {"alder"};
    static const char *const order[] = {"cedar", "birch", "alder"};
    struct ref after;
    for (size_t i = 0; i < 3; i++) {
        cr_assert(inbox_next(side, &zoo, i > 0 ? &after : NULL, &read_back));
        cr_assert_str_eq(read_back.ref.by.s, order[i]);
        after = read_back.ref;
        if (i == 0)
            cr_assert(inbox_remove(side, &after, NULL), "the walk goes on after what is gone");
    }
    cr_assert_not(inbox_next(side, &zoo, &after, &read_back));
    cr_assert_not(inbox_next(side, &zo, NULL, &read_back));
    cr_assert(inbox_next(side, &alder, NULL, &read_back));
    cr_assert_not(inbox_next(side, &alder, &read_back.ref, &read_back));
    cr_assert(inbox_walk(side, NULL, &read_back));
    cr_assert_str_eq(read_back.ref.by.s, "birch");
    cr_assert(inbox_walk(side, &read_back.ref, &read_back));
    cr_assert_not(inbox_walk(side, &read_back.ref, &read_back));
}

Test(side, bounds_what_one_organisation_has_under_way)
{
    for (unsigned i = 0; i < INBOX_PER_ORG_MAX; i++)
        cr_assert_eq(put("alder", i), INBOX_STORED);
    cr_assert_eq(put("alder", 1000), INBOX_FULL);
    cr_assert_eq(put("alder", 0), INBOX_STORED, "one that is there already may be signed");
    cr_assert_eq(put("birch", 0), INBOX_STORED);
    make_item("alder", 7, "");
    cr_assert(inbox_remove(side, &item.ref, NULL));
    cr_assert_eq(put("alder", 1000), INBOX_STORED);
    cr_assert_eq(put("alder", 1001), INBOX_FULL);
}

static enum inbox_result apply_as_stranger(unsigned n, int64_t now)
{
    make_item("stranger", n, LINE("stranger", "AAAA"));
    item.stranger = true;
    item.valid_until = now + 1000 * HOUR;
    return inbox_put(side, &item, now);
}

Test(side, bounds_the_applications_of_an_hour_and_of_all_time)
{
    for (unsigned i = 0; i < INBOX_STRANGERS_HOUR_MAX; i++)
        cr_assert_eq(apply_as_stranger(i, NOW + i), INBOX_STORED);
    cr_assert_eq(apply_as_stranger(100, NOW + HOUR - 1), INBOX_RATE);
    cr_assert(inbox_remove(side, &(struct ref){{"stranger"}, item.ref.id}, NULL) == false);
    make_item("stranger", 3, "");
    cr_assert(inbox_remove(side, &item.ref, NULL));
    cr_assert_eq(apply_as_stranger(100, NOW + HOUR - 1), INBOX_RATE, "taking back gives no turn");
    cr_assert_eq(put("alder", 0), INBOX_STORED, "members are not counted");
    reopen();
    cr_assert_eq(apply_as_stranger(100, NOW + HOUR), INBOX_STORED, "the first is an hour old");
    cr_assert_eq(apply_as_stranger(101, NOW + HOUR), INBOX_RATE);
    unsigned n = 200;
    int64_t now = NOW;
    for (unsigned stored = INBOX_STRANGERS_HOUR_MAX; stored < INBOX_STRANGERS_MAX; stored++) {
        now += stored % INBOX_STRANGERS_HOUR_MAX == 0 ? 2 * HOUR : 0;
        cr_assert_eq(apply_as_stranger(n++, now), INBOX_STORED);
    }
    cr_assert_eq(apply_as_stranger(n, now + 2 * HOUR), INBOX_FULL);
}

Test(side, purges_what_is_past_its_time_and_nothing_else)
{
    for (unsigned i = 0; i < 20; i++) {
        make_item("alder", i, LINE("alder", "AAAA"));
        item.valid_until = NOW + i;
        cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    }
    uint64_t generation = side_generation(side);
    cr_assert_eq(inbox_purge(side, NOW), 0);
    cr_assert_eq(side_generation(side), generation);
    cr_assert_eq(inbox_purge(side, NOW + 10), 10, "valid_until itself is still in time");
    struct handle zoo = {"zoo"};
    size_t n = 0;
    for (bool more = inbox_next(side, &zoo, NULL, &read_back); more;
         more = inbox_next(side, &zoo, &read_back.ref, &read_back), n++)
        cr_assert_geq(read_back.valid_until, NOW + 10);
    cr_assert_eq(n, 10);
}

/* --- Texts of items --------------------------------------------------------------------------- */

/* An item with one commitment, and its text. */
static struct hash put_with_text(unsigned n)
{
    struct hash commit = commit_of(n);
    make_item("alder", n, LINE("alder", "AAAA"));
    item.n_texts = 1;
    item.texts[0] = commit;
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    make_text("{}");
    cr_assert(side_put_text(side, &commit, &text, &item.ref));
    return commit;
}

Test(side, the_text_of_an_item_goes_with_it_unless_it_was_logged)
{
    struct hash gone = put_with_text(1);
    cr_assert(inbox_remove(side, &item.ref, NULL));
    cr_assert_not(side_text(side, &gone, &text_back));
    struct hash kept = put_with_text(2);
    struct hash own, other = {{0}};
    const char *end = memmem(item.note, item.note_len, "\n\n", 2);
    hash_sha256(&own, item.note, (size_t)(end + 1 - item.note));
    cr_assert(inbox_remove(side, &item.ref, &own));
    cr_assert(side_text(side, &kept, &text_back));
    struct hash haunting = put_with_text(4);
    cr_assert(inbox_remove(side, &item.ref, &other), "another text was logged under its id");
    cr_assert_not(side_text(side, &haunting, &text_back));
    struct hash expired = put_with_text(3);
    cr_assert_eq(inbox_purge(side, NOW + 2 * HOUR), 1);
    cr_assert_not(side_text(side, &expired, &text_back));
}

Test(side, takes_no_text_for_an_item_that_is_not_there)
{
    struct hash commit = commit_of(1);
    make_item("alder", 1, LINE("alder", "AAAA"));
    make_text("{}");
    cr_assert_not(side_put_text(side, &commit, &text, &item.ref));
    cr_assert_not(side_text(side, &commit, &text_back));
}

Test(side, counts_an_item_for_who_brought_it)
{
    for (unsigned i = 0; i < INBOX_PER_ORG_MAX; i++) {
        make_item("alder", i, LINE("birch", "AAAA"));
        snprintf(item.first_signer.s, sizeof item.first_signer.s, "birch");
        cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED);
    }
    make_item("alder", 1000, LINE("alder", "AAAA"));
    item.first_signer.s[0] = '\0';
    cr_assert_eq(inbox_put(side, &item, NOW), INBOX_STORED, "the author has brought none yet");
    cr_assert_str_eq(item.first_signer.s, "alder");
    cr_assert_eq(put("birch", 1), INBOX_FULL);
}

Test(side, nobody_removes_a_logged_text_by_an_item_that_repeats_its_commitment)
{
    struct hash commit = commit_of(1);
    make_text("{}");
    cr_assert(side_put_text(side, &commit, &text, NULL));
    (void)put_with_text(1);
    cr_assert(inbox_remove(side, &item.ref, NULL));
    cr_assert(side_text(side, &commit, &text_back));
    /* And once an item's text has come into the log, another item has no hold on it. */
    commit = put_with_text(2);
    cr_assert(side_put_text(side, &commit, &text, NULL));
    cr_assert(inbox_remove(side, &item.ref, NULL));
    cr_assert(side_text(side, &commit, &text_back));
}
