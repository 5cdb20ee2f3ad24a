/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/json_out.h"
#include "api/spare.h"

Test(spare, what_was_given_is_taken_again_once)
{
    char *first = spare_take(), *second = spare_take();
    cr_assert_not_null(first);
    cr_assert_neq(first, second);
    memset(first, 1, SPARE_BYTES);
    memset(second, 2, SPARE_BYTES);
    spare_give(first);
    spare_give(second); /* one is kept, the other is free now */
    char *again = spare_take(), *other = spare_take();
    cr_assert_eq(again, first);
    cr_assert_eq(again[SPARE_BYTES - 1], 1);
    cr_assert_neq(other, first);
    free(again);
    free(other);
}

static void *take(void *arg)
{
    void **piece = arg;
    *piece = spare_take();
    spare_give(*piece); /* goes with the thread: a leak otherwise */
    return NULL;
}

Test(spare, each_thread_has_its_own)
{
    pthread_t thread;
    void *mine = spare_take(), *other;
    spare_give(mine);
    cr_assert_eq(pthread_create(&thread, NULL, take, &other), 0);
    pthread_join(thread, NULL);
    cr_assert_neq(other, mine);
    cr_assert_eq(spare_take(), mine);
    free(mine);
}

/* An answer of that many texts of 100 bytes. */
static struct json_out answer_of(size_t texts)
{
    struct json_out out = {0};
    char text[101];
    memset(text, 'x', 100);
    text[100] = '\0';
    json_open(&out, NULL, '[');
    for (size_t i = 0; i < texts; i++)
        json_text(&out, NULL, text);
    json_shut(&out, ']');
    cr_assert_eq(out.n, texts * 103 + 1);
    return out;
}

Test(spare, a_long_answer_is_written_into_it_and_longer_ones_and_short_ones_are_not)
{
    void *kept = spare_take();
    spare_give(kept);
    struct json_out brief = answer_of(70), longer = answer_of(300), longest = answer_of(2000);
    cr_assert_lt(brief.room, SPARE_BYTES);
    cr_assert_eq(longer.bytes, kept);
    cr_assert_eq(longer.room, SPARE_BYTES);
    cr_assert_gt(longest.room, SPARE_BYTES);
    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(memcmp(longer.bytes + 1 + 103 * i, "\"xxx", 4), 0, "%zu", i);
    for (size_t i = 0; i < 2000; i++)
        cr_assert_eq(memcmp(longest.bytes + 1 + 103 * i, "\"xxx", 4), 0, "%zu", i);
    free(brief.bytes);
    free(longer.bytes);
    free(longest.bytes);
}
