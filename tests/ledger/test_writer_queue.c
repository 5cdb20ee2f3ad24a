/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The second half of suite `writer`: its queue, its promises after a restart and after a crash. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/files.h"
#include "ledger/last_signed.h"
#include "ledger/state.h"
#include "tests/ledger/fixture.h"

static struct fixture f;
static struct sent sent, other;

/* --- The queue -------------------------------------------------------------------------------- */

#define SENDERS 64

static struct sent senders[SENDERS];

static void *send_one(void *arg)
{
    struct sent *mine = arg;
    cr_assert(fixture_send(&f, mine));
    fixture_await(mine);
    return NULL;
}

static void send_all(void)
{
    pthread_t threads[SENDERS];
    for (size_t i = 0; i < SENDERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, send_one, &senders[i]), 0);
    for (size_t i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
}

Test(writer, sixty_four_senders_of_one_text_get_one_place)
{
    struct log_head head;
    struct writer_stats stats;
    fixture_make(&f, 3);
    int64_t at = f.at;
    uint64_t ids = f.n_ids;
    for (size_t i = 0; i < SENDERS; i++) {
        f.at = at;
        f.n_ids = ids;
        fixture_sign(&f, &senders[i], "org.confirm", "org-01", "{}");
    }
    send_all();
    size_t accepted = 0;
    for (size_t i = 0; i < SENDERS; i++) {
        accepted += senders[i].job.result == JOB_ACCEPTED;
        cr_assert(senders[i].job.result == JOB_ACCEPTED || senders[i].job.result == JOB_KNOWN);
        cr_assert_eq(senders[i].job.index, 1);
        cr_assert_eq(senders[i].job.at, senders[0].job.at);
    }
    cr_assert_eq(accepted, 1);
    fixture_head(&f, &head);
    cr_assert_eq(head.size, 2);
    writer_stats(f.writer, &stats);
    cr_assert_eq(stats.known, SENDERS - 1);
    cr_assert_eq(stats.accepted, 2);
    cr_assert_eq(stats.queue_length, 0);
    fixture_drop(&f);
}

/* Demo entries carry their time; of the same time they may come in any order. */
Test(writer, good_and_bad_entries_of_many_threads_do_not_mix)
{
    struct log_head head;
    bool taken[SENDERS + 1] = {false};
    fixture_open(&f, 3);
    f.batch_max = 7;
    fixture_start(&f);
    fixture_found(&f);
    int64_t at = f.at;
    for (size_t i = 0; i < SENDERS; i++) {
        f.at = at;
        if (i % 4 == 3)
            fixture_sign(&f, &senders[i], "offer.withdraw", "org-01",
                         "{\"offer\":\"org-01/018bcfe5680070008000000000000001\"}");
        else
            fixture_sign(&f, &senders[i], "org.confirm", "org-02", "{}");
    }
    send_all();
    for (size_t i = 0; i < SENDERS; i++) {
        const struct job *job = &senders[i].job;
        cr_assert_eq(job->result, i % 4 == 3 ? JOB_REFUSED : JOB_ACCEPTED);
        if (job->result == JOB_REFUSED) {
            cr_assert_eq(job->why.code, CODE_ref_unknown);
            continue;
        }
        cr_assert(job->index >= 1 && job->index <= SENDERS && !taken[job->index]);
        taken[job->index] = true;
    }
    fixture_check_tree(&f, &head);
    cr_assert_eq(head.size, 1 + SENDERS * 3 / 4);
    fixture_stop(&f);
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    fixture_drop(&f);
}

/* Holds the writer at its next transaction until it is let go. */
static struct kv *hold(void)
{
    struct kv *kv;
    fixture_settle(&f); /* its transaction is open until then */
    cr_assert_eq(store_begin(f.node.store, &kv), STORE_OK);
    return kv;
}

static void await_taken(void)
{
    struct writer_stats stats;
    do {
        usleep(1000);
        writer_stats(f.writer, &stats);
    } while (stats.queue_length > 0);
}

/* network.found with a foreign key is refused last of all, when the state has changed already. */
Test(writer, a_refused_entry_changes_nothing_for_the_next_one_in_its_batch)
{
    fixture_open(&f, 3);
    fixture_start(&f);
    struct secret_key *right = f.node.clock_key, *stranger = secret_key_new();
    fixture_sign(&f, &senders[0], "org.confirm", "org-01", "{}");
    f.node.clock_key = stranger;
    fixture_sign_found(&f, &senders[1]);
    f.node.clock_key = right;
    fixture_sign_found(&f, &senders[2]);
    struct kv *held = hold();
    cr_assert(fixture_send(&f, &senders[0]));
    await_taken();
    cr_assert(fixture_send(&f, &senders[1]));
    cr_assert(fixture_send(&f, &senders[2]));
    store_abort(held);
    cr_assert_eq(fixture_await(&senders[0]), JOB_REFUSED);
    cr_assert_eq(fixture_await(&senders[1]), JOB_REFUSED);
    cr_assert_eq(senders[1].job.why.code, CODE_network_keys);
    cr_assert_eq(fixture_await(&senders[2]), JOB_ACCEPTED);
    cr_assert_eq(senders[2].job.index, 0);
    fixture_stop(&f);
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    secret_key_free(stranger);
    fixture_drop(&f);
}

Test(writer, a_full_queue_says_so_and_forgets_nobody)
{
    fixture_open(&f, 3);
    f.queue_max = 4;
    fixture_start(&f);
    fixture_found(&f);
    for (size_t i = 0; i < 6; i++)
        fixture_sign(&f, &senders[i], "org.confirm", "org-01", "{}");
    struct kv *held = hold();
    cr_assert(fixture_send(&f, &senders[0]));
    await_taken();
    for (size_t i = 1; i < 5; i++)
        cr_assert(fixture_send(&f, &senders[i]));
    cr_assert_not(fixture_send(&f, &senders[5]));
    store_abort(held);
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(fixture_await(&senders[i]), JOB_ACCEPTED);
    cr_assert(fixture_send(&f, &senders[5]));
    cr_assert_eq(fixture_await(&senders[5]), JOB_ACCEPTED);
    fixture_drop(&f);
}

Test(writer, a_job_that_waited_too_long_is_not_done_and_may_come_again)
{
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    fixture_sign(&f, &other, "org.confirm", "org-01", "{}");
    struct kv *held = hold();
    cr_assert(fixture_send(&f, &sent));
    await_taken();
    other.job.deadline_ms = writer_now_monotonic_ms() + 5;
    cr_assert(fixture_send(&f, &other));
    usleep(20000);
    store_abort(held);
    cr_assert_eq(fixture_await(&sent), JOB_ACCEPTED);
    cr_assert_eq(fixture_await(&other), JOB_DEADLINE);
    other.job.deadline_ms = writer_now_monotonic_ms() + 60000;
    cr_assert_eq(fixture_submit(&f, &other), JOB_ACCEPTED);
    fixture_drop(&f);
}

Test(writer, stopping_finishes_what_is_in_the_queue)
{
    fixture_open(&f, 3);
    f.batch_max = 5;
    fixture_start(&f);
    fixture_found(&f);
    for (size_t i = 0; i < SENDERS; i++)
        fixture_sign(&f, &senders[i], "org.confirm", "org-01", "{}");
    for (size_t i = 0; i < SENDERS; i++)
        cr_assert(fixture_send(&f, &senders[i]));
    fixture_stop(&f);
    for (size_t i = 0; i < SENDERS; i++) {
        int told;
        cr_assert_eq(sem_getvalue(&senders[i].told, &told), 0);
        cr_assert_eq(told, 1);
        cr_assert_eq(senders[i].job.result, JOB_ACCEPTED);
    }
    fixture_drop(&f);
}

/* --- No rollback ------------------------------------------------------------------------------ */

/* Starts over a last-signed of this content; NULL: none. Gives the reason to be read-only. */
static const char *start_over(const char *content)
{
    char path[64];
    fixture_close(&f);
    snprintf(path, sizeof path, "%s/data", f.parent);
    if (content != NULL) {
        cr_assert(file_replace(path, "last-signed", 0644, content, strlen(content)));
    } else {
        snprintf(path, sizeof path, "%s/data/last-signed", f.parent);
        cr_assert_eq(unlink(path), 0);
    }
    fixture_reopen(&f);
    fixture_start(&f);
    return writer_read_only(f.writer);
}

Test(writer, signs_nothing_when_the_tree_does_not_extend_last_signed)
{
    char ref[REF_TEXT_SIZE], first[128], second[128], text[CHECKPOINT_SIZE];
    struct log_head head;
    size_t n;
    fixture_make(&f, 3);
    cr_assert(file_read(f.node.dir, "last-signed", first, sizeof first, &n));
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    fixture_stop(&f); /* until then the journal has the newer head */
    cr_assert(file_read(f.node.dir, "last-signed", second, sizeof second, &n));
    cr_assert_null(start_over(first), "an older head of this log is extended");
    char later[128];
    snprintf(later, sizeof later, "3%s", second + 1);
    second[2] = second[2] == '0' ? '1' : '0';
    const char *const bad[] = {second, later, "2\n", NULL};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_not_null(start_over(bad[i]), "%s", bad[i] != NULL ? bad[i] : "no file");
        fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
        cr_assert_not(fixture_send(&f, &sent));
        writer_checkpoint(f.writer, &head, text, &n);
        cr_assert_eq(head.size, 2);
        cr_assert_eq(n, 0);
        enum last_signed read = last_signed_read(f.node.dir, &head);
        cr_assert(bad[i] == NULL ? read == LAST_SIGNED_NONE : true, "it makes no new file");
        if (bad[i] == NULL)
            cr_assert(file_replace(f.node.dir, "last-signed", 0644, first, strlen(first)));
    }
    fixture_drop(&f);
}

Test(writer, starts_where_nothing_can_be_written_and_signs_only_what_was_signed)
{
    char ref[REF_TEXT_SIZE], first[128], path[80], text[CHECKPOINT_SIZE];
    struct log_head head;
    size_t n;
    fixture_make(&f, 3);
    cr_assert(file_read(f.node.dir, "last-signed", first, sizeof first, &n));
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    fixture_close(&f);
    snprintf(path, sizeof path, "%s/data/last-signed.new", f.parent);
    cr_assert_eq(mkdir(path, 0700), 0, "no new last-signed can be made now");
    fixture_reopen(&f);
    fixture_start(&f);
    cr_assert_null(writer_read_only(f.writer));
    writer_checkpoint(f.writer, &head, text, &n);
    cr_assert(head.size == 2 && n > 0);
    fixture_close(&f);
    snprintf(path, sizeof path, "%s/data/last-signed", f.parent);
    FILE *older = fopen(path, "w");
    memcpy(first + 2 + 64, "\n", 2); /* as written by hand: not of the length to write over */
    cr_assert(fputs(first, older) >= 0 && fclose(older) == 0);
    fixture_reopen(&f);
    fixture_start(&f);
    cr_assert_not_null(strstr(writer_read_only(f.writer), "last-signed"));
    writer_checkpoint(f.writer, &head, text, &n);
    cr_assert_eq(n, 0);
    fixture_drop(&f);
}

Test(writer, refuses_what_is_in_the_queue_when_it_turns_read_only)
{
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    fixture_sign(&f, &other, "org.confirm", "org-01", "{}");
    struct kv *held = hold();
    cr_assert(fixture_send(&f, &sent));
    await_taken();
    cr_assert(fixture_send(&f, &other));
    writer_set_read_only(f.writer, "the test says so");
    store_abort(held);
    cr_assert_eq(fixture_await(&sent), JOB_ACCEPTED, "it was under way");
    cr_assert_eq(fixture_await(&other), JOB_REFUSED);
    cr_assert_eq(other.job.why.code, CODE_read_only);
    cr_assert_str_eq(other.job.why.found, "the test says so");
    fixture_drop(&f);
}

Test(writer, turns_read_only_while_there_is_still_room)
{
    struct store_room room;
    struct log_head head;
    fixture_open(&f, 3);
    node_close(&f.node);
    f.map_bytes = (size_t)8 << 20;
    f.batch_max = 16; /* a batch of the default size would not fit into so small a map */
    fixture_reopen(&f);
    fixture_start(&f);
    fixture_found(&f);
    while (writer_read_only(f.writer) == NULL) {
        size_t n = 0;
        for (; n < SENDERS; n++)
            fixture_sign(&f, &senders[n], "org.confirm", "org-01", "{}");
        for (n = 0; n < SENDERS && fixture_send(&f, &senders[n]); n++)
            continue;
        while (n-- > 0) {
            enum job_result result = fixture_await(&senders[n]);
            cr_assert(result == JOB_ACCEPTED || senders[n].job.why.code == CODE_read_only);
        }
    }
    store_room(f.node.store, &room);
    cr_assert_gt(room.used_bytes, room.map_bytes / 2);
    cr_assert_not_null(strstr(writer_read_only(f.writer), "map_bytes"));
    fixture_check_tree(&f, &head);
    fixture_close(&f);
    f.map_bytes = (size_t)64 << 20;
    fixture_reopen(&f);
    fixture_start(&f);
    cr_assert_null(writer_read_only(f.writer), "a larger map is the way out");
    fixture_drop(&f);
}

/* --- Crashes ---------------------------------------------------------------------------------- */

/* What the child was told, as it goes through the pipe. */
struct told {
    uint64_t index;
    struct id id;
    char handle[8];
};

static int pipe_in, pipe_out;

static void tell_parent(struct job *job)
{
    struct sent *mine = job->owner;
    struct told told = {.index = job->index, .id = mine->entry.id};
    snprintf(told.handle, sizeof told.handle, "%.7s", mine->entry.by.s);
    if (job->result != JOB_ACCEPTED || write(pipe_out, &told, sizeof told) != sizeof told)
        abort();
    sem_post(&mine->told);
}

/* In the child: writes until it is killed. */
static _Noreturn void write_for_ever(void)
{
    fixture_reopen(&f);
    fixture_start(&f);
    for (;;) {
        for (size_t i = 0; i < SENDERS; i++) {
            fixture_sign(&f, &senders[i], "org.confirm", i % 2 ? "org-01" : "org-02", "{}");
            senders[i].job.done = tell_parent;
        }
        for (size_t i = 0; i < SENDERS; i++)
            if (!fixture_send(&f, &senders[i]))
                abort();
        for (size_t i = 0; i < SENDERS; i++)
            fixture_await(&senders[i]);
    }
}

static void look_for_told(struct kv *kv, void *ctx)
{
    static struct state state;
    const struct told *told = ctx;
    struct handle handle = {""};
    uint64_t index;
    memcpy(handle.s, told->handle, sizeof told->handle);
    state_attach(&state, kv);
    struct thing_key key = {.id = told->id, .author = state_org_number(&state, &handle)};
    cr_assert(state_id(&state, &key, &index), "told, but not there");
    cr_assert_eq(index, told->index);
}

static void check_prefix(struct kv *kv, void *ctx)
{
    struct log_head signed_head;
    struct hash root;
    (void)ctx;
    cr_assert_eq(last_signed_read(f.node.dir, &signed_head), LAST_SIGNED_OK);
    cr_assert_leq(signed_head.size, log_size(kv));
    cr_assert(log_root_at(kv, signed_head.size, &root));
    cr_assert(hash_equal(&root, &signed_head.root));
}

static void crash_after(size_t n)
{
    static struct told told[4096];
    int ends[2], status;
    fixture_make(&f, 3);
    fixture_close(&f);
    cr_assert_eq(pipe(ends), 0);
    pipe_in = ends[0];
    pipe_out = ends[1];
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        write_for_ever();
    close(pipe_out);
    size_t got = 0;
    while (got < n && read(pipe_in, &told[got], sizeof told[0]) == sizeof told[0])
        got++;
    cr_assert_eq(got, n);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (got < 4096 && read(pipe_in, &told[got], sizeof told[0]) == sizeof told[0])
        got++;
    close(pipe_in);

    struct log_head head;
    char ref[REF_TEXT_SIZE];
    fixture_reopen(&f);
    for (size_t i = 0; i < got; i++)
        fixture_look(&f, look_for_told, &told[i]);
    fixture_check_tree(&f, &head);
    cr_assert_geq(head.size, got + 1);
    fixture_look(&f, check_prefix, NULL);
    cr_assert_eq(node_check(&f.node, stderr, NULL, NULL), 0);
    fixture_start(&f);
    cr_assert_null(writer_read_only(f.writer));
    f.n_ids += 1000000;
    f.at += FIXTURE_DAY;
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    fixture_drop(&f);
}

Test(writer, whoever_was_told_is_in_the_log_after_a_kill)
{
    crash_after(1);
    crash_after(100);
    crash_after(333);
}
