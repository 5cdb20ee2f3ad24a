/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The third part of suite `writer`: what is refused for good (SPEC 10.2). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/last_signed.h"
#include "ledger/side_store.h"
#include "tests/ledger/fixture.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define NEED \
    "\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,\"details\":\"" ZEROS "\""
#define NEED_ID "018bcfe56bb870008000000000000099"
#define WITHDRAW "{\"need\":\"org-02/" NEED_ID "\"}"

static struct fixture f;
static struct sent sent, other, third;
static struct refusal_note stated;
static struct refused kept;

/* The signed refusal of a job, whose parts must be those of the answer. */
static const struct refusal_note *open_refusal(const struct sent *s)
{
    struct public_key key;
    const char *why = "";
    const struct job *job = &s->job;
    cr_assert_eq(job->result, JOB_REFUSED);
    cr_assert_gt(job->refusal_len, 0, "%s is not signed", code_word(job->why.code));
    secret_key_public(f.node.refusal_key, &key);
    cr_assert(refusal_open(&stated, job->refusal, job->refusal_len, FIXTURE_ORIGIN, &key, &why),
              "%s", why);
    cr_assert(refusal_is_of(&stated, &s->entry));
    cr_assert_eq(stated.why.code, job->why.code);
    cr_assert_str_eq(stated.why.field, job->why.field);
    cr_assert_str_eq(stated.why.expected, job->why.expected);
    cr_assert_str_eq(stated.why.found, job->why.found);
    cr_assert_str_eq(stated.why.rule, job->why.rule);
    return &stated;
}

static bool same_refusal(const struct sent *a, const struct sent *b)
{
    return a->job.refusal_len > 0 && a->job.refusal_len == b->job.refusal_len &&
           memcmp(a->job.refusal, b->job.refusal, a->job.refusal_len) == 0;
}

/* The same note once more, as another request. */
static enum job_result again(const struct sent *s, struct sent *copy)
{
    memcpy(copy, s, sizeof *copy);
    sem_init(&copy->told, 0, 0);
    copy->job.owner = copy;
    copy->job.note_bytes = copy->note;
    copy->job.entry = &copy->entry;
    copy->job.refusal_len = 0;
    copy->job.why.code = CODE_OK;
    return fixture_submit(&f, copy);
}

static enum refused_look look_up(const struct sent *s)
{
    return refused_get(f.node.side, &(struct ref){s->entry.by, s->entry.id}, &kept);
}

static void publish_need(void)
{
    char ref[REF_TEXT_SIZE];
    fixture_do(&f, ref, "need.publish", "org-02", "{\"id\":\"" NEED_ID "\"," NEED
               ",\"expires\":%" PRId64 "}", f.at + 20 * FIXTURE_DAY);
}

/* --- Finality --------------------------------------------------------------------------------- */

Test(writer, a_refusal_stays_when_the_text_would_pass)
{
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(open_refusal(&sent)->why.code, CODE_ref_unknown);
    cr_assert_eq(stated.at, sent.job.at);
    publish_need();
    cr_assert_eq(again(&sent, &other), JOB_REFUSED);
    cr_assert(same_refusal(&sent, &other));
    (void)open_refusal(&other);
    fixture_sign(&f, &third, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &third), JOB_ACCEPTED, "a new id passes");
    fixture_drop(&f);
}

Test(writer, a_refusal_stays_over_a_restart)
{
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    publish_need();
    fixture_close(&f);
    fixture_reopen(&f);
    fixture_start(&f);
    cr_assert_eq(again(&sent, &other), JOB_REFUSED);
    cr_assert(same_refusal(&sent, &other));
    fixture_drop(&f);
}

Test(writer, the_id_of_a_refused_text_takes_no_other)
{
    char id[ID_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    id_format(id, &sent.entry.id);
    fixture_signf(&f, &other, "org.confirm", "org-02", "{\"id\":\"%s\"}", id);
    cr_assert_eq(fixture_submit(&f, &other), JOB_REFUSED);
    cr_assert_eq(other.job.why.code, CODE_id_reused);
    cr_assert_eq(other.job.refusal_len, 0, "an answer, not a decision");
    fixture_signf(&f, &other, "org.confirm", "org-01", "{\"id\":\"%s\"}", id);
    cr_assert_eq(fixture_submit(&f, &other), JOB_ACCEPTED, "ids are unique per author only");
    fixture_drop(&f);
}

Test(writer, the_refused_note_is_kept_as_it_came)
{
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(look_up(&sent), REFUSED_THERE);
    cr_assert(kept.note_len == sent.note_len && !memcmp(kept.note, sent.note, sent.note_len));
    cr_assert_eq(kept.refusal_len, sent.job.refusal_len);
    cr_assert_eq(memcmp(kept.refusal, sent.job.refusal, kept.refusal_len), 0);
    cr_assert_eq(kept.valid_until, sent.entry.valid_until);
    cr_assert_not(kept.stranger);
    fixture_drop(&f);
}

/* --- What it states --------------------------------------------------------------------------- */

static void check_head(struct kv *kv, void *ctx)
{
    const struct refusal_note *r = ctx;
    struct hash root;
    cr_assert(log_root_at(kv, r->head.size, &root));
    cr_assert(hash_equal(&root, &r->head.root));
}

Test(writer, a_refusal_names_the_log_before_it_without_the_ticks_that_were_due)
{
    fixture_make(&f, 3);
    publish_need();
    f.at += 21 * FIXTURE_DAY;
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(open_refusal(&sent)->why.code, CODE_already_closed);
    cr_assert_eq(stated.head.size, 2);
    cr_assert_eq(stated.at, f.at);
    fixture_look(&f, check_head, &stated);
    fixture_drop(&f);
}

/* --- What is an answer only ------------------------------------------------------------------- */

Test(writer, an_incomplete_note_is_an_answer_and_burns_nothing)
{
    static const char share[] = "\"day\":\"2023-11-14\",\"shares\":[{\"from\":\"org-01\","
                                "\"minutes\":5,\"to\":\"org-02\"}]";
    char id[ID_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_signf(&f, &sent, "hours.record", "org-01", "{%s}", share);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_signer_missing);
    cr_assert_eq(sent.job.refusal_len, 0);
    cr_assert_eq(look_up(&sent), REFUSED_ABSENT);
    id_format(id, &sent.entry.id);
    fixture_signf(&f, &other, "hours.record", "org-01 org-02", "{\"id\":\"%s\",%s}", id, share);
    cr_assert_eq(fixture_submit(&f, &other), JOB_ACCEPTED);
    fixture_drop(&f);
}

Test(writer, times_are_decided_only_for_who_has_signed)
{
    char id[ID_TEXT_SIZE];
    fixture_make(&f, 3);
    struct secret_key *right = f.keys[1], *stranger = secret_key_new();
    f.keys[1] = stranger;
    fixture_sign(&f, &sent, "org.confirm", "org-02", "{\"at\":1699999999999}");
    f.keys[1] = right;
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_key_unknown);
    cr_assert_eq(sent.job.refusal_len, 0);
    id_format(id, &sent.entry.id);
    fixture_signf(&f, &sent, "org.confirm", "org-02", "{\"at\":1699999999999,\"id\":\"%s\"}", id);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(open_refusal(&sent)->why.code, CODE_time_order);
    fixture_sign(&f, &other, "org.confirm", "org-02", "{\"at\":9000000000000}");
    cr_assert_eq(fixture_submit(&f, &other), JOB_REFUSED);
    cr_assert_eq(open_refusal(&other)->why.code, CODE_at_not_allowed);
    secret_key_free(stranger);
    fixture_drop(&f);
}

Test(writer, a_text_past_its_time_is_signed_and_not_remembered)
{
    char id[ID_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_signf(&f, &sent, "org.confirm", "org-02", "{\"valid_until\":%" PRId64 "}", f.at);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(open_refusal(&sent)->why.code, CODE_expired);
    cr_assert_eq(look_up(&sent), REFUSED_ABSENT);
    id_format(id, &sent.entry.id);
    fixture_signf(&f, &other, "org.confirm", "org-02", "{\"id\":\"%s\"}", id);
    cr_assert_eq(fixture_submit(&f, &other), JOB_ACCEPTED);
    fixture_drop(&f);
}

/* --- Several at once -------------------------------------------------------------------------- */

static sem_t held, go;

/* Keeps the writer where it tells of a job, so that others gather behind it. */
static void hold_writer(struct job *job)
{
    (void)job;
    sem_post(&held);
    sem_wait(&go);
    sem_post(&sent.told);
}

static void make_holding(void)
{
    sem_init(&held, 0, 0);
    sem_init(&go, 0, 0);
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "org.confirm", "org-01", "{}");
    sent.job.done = hold_writer;
    cr_assert(fixture_send(&f, &sent));
    sem_wait(&held);
}

Test(writer, of_one_batch_the_first_decides_for_the_id)
{
    static struct sent same, reuse, passes;
    char id[ID_TEXT_SIZE];
    make_holding();
    fixture_sign(&f, &other, "need.withdraw", "org-02", WITHDRAW);
    id_format(id, &other.entry.id);
    memcpy(&same, &other, sizeof same);
    sem_init(&same.told, 0, 0);
    same.job.owner = &same;
    fixture_signf(&f, &passes, "need.publish", "org-02", "{\"id\":\"" NEED_ID "\"," NEED
                  ",\"expires\":%" PRId64 "}", f.at + 20 * FIXTURE_DAY);
    fixture_signf(&f, &reuse, "org.confirm", "org-02", "{\"id\":\"%s\"}", id);
    cr_assert(fixture_send(&f, &other) && fixture_send(&f, &passes) && fixture_send(&f, &same) &&
              fixture_send(&f, &reuse));
    sem_post(&go);
    cr_assert_eq(fixture_await(&sent), JOB_ACCEPTED);
    cr_assert_eq(fixture_await(&passes), JOB_ACCEPTED);
    cr_assert_eq(fixture_await(&other), JOB_REFUSED);
    cr_assert_eq(fixture_await(&same), JOB_REFUSED, "although the need was there before it");
    cr_assert(same_refusal(&other, &same));
    cr_assert_eq(open_refusal(&other)->head.size, 2);
    cr_assert_eq(fixture_await(&reuse), JOB_REFUSED);
    cr_assert_eq(reuse.job.why.code, CODE_id_reused);
    cr_assert_eq(reuse.job.refusal_len, 0);
    fixture_drop(&f);
}

Test(writer, the_head_in_a_refusal_is_durable_when_it_is_told)
{
    static struct sent before, refused;
    struct log_head head;
    make_holding();
    fixture_sign(&f, &before, "org.confirm", "org-02", "{}");
    fixture_sign(&f, &refused, "need.withdraw", "org-02", WITHDRAW);
    cr_assert(fixture_send(&f, &before) && fixture_send(&f, &refused));
    sem_post(&go);
    cr_assert_eq(fixture_await(&refused), JOB_REFUSED);
    cr_assert_eq(open_refusal(&refused)->head.size, 3, "the entry of the same batch counts");
    cr_assert_eq(last_signed_newest(f.node.dir, &head), LAST_SIGNED_OK);
    cr_assert_geq(head.size, 3);
    fixture_look(&f, check_head, &stated);
    fixture_await(&sent);
    fixture_await(&before);
    fixture_drop(&f);
}

/* --- Bounds and failures ---------------------------------------------------------------------- */

Test(writer, above_the_bound_a_refusal_is_told_and_binds_nobody)
{
    fixture_make(&f, 3);
    struct kv *kv = refused_begin(f.node.side);
    snprintf(kept.ref.by.s, sizeof kept.ref.by.s, "org-02");
    kept.valid_until = INTEGER_MAX;
    for (int64_t i = 0; i < REFUSED_PER_ORG_MAX; i++) {
        id_make(&kept.ref.id, i, (uint8_t[10]){0});
        cr_assert(refused_put(kv, &kept));
    }
    cr_assert(refused_end(f.node.side, kv));
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_ref_unknown);
    cr_assert_eq(sent.job.refusal_len, 0);
    publish_need();
    cr_assert_eq(again(&sent, &other), JOB_REFUSED, "its time is before that of the need");
    cr_assert_eq(other.job.why.code, CODE_time_order);
    fixture_drop(&f);
}

Test(writer, without_a_side_store_nothing_is_signed)
{
    fixture_open(&f, 3);
    struct side *side = f.node.side;
    f.node.side = NULL;
    fixture_start(&f);
    f.node.side = side;
    fixture_found(&f);
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.refusal_len, 0);
    cr_assert_eq(look_up(&sent), REFUSED_ABSENT);
    fixture_drop(&f);
}

Test(writer, decides_nothing_while_the_refusals_cannot_be_read)
{
    enum { LOOKS = 300 };
    static struct side_look looks[LOOKS];
    size_t n = 0;
    fixture_make(&f, 3);
    do
        looks[n] = side_look_begin(f.node.side);
    while (looks[n].kv != NULL && ++n < LOOKS);
    cr_assert_lt(n, LOOKS, "readers without end");
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    cr_assert_eq(sent.job.why.code, CODE_internal);
    cr_assert_eq(sent.job.refusal_len, 0);
    for (size_t i = 0; i <= n; i++)
        side_look_end(&looks[i]);
    cr_assert_eq(look_up(&sent), REFUSED_ABSENT);
    cr_assert_eq(again(&sent, &other), JOB_REFUSED);
    (void)open_refusal(&other);
    fixture_drop(&f);
}

static _Noreturn void submit_on_a_full_disk(void)
{
    fixture_reopen(&f);
    fixture_start(&f);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){8192, RLIM_INFINITY}), 0);
    (void)fixture_submit(&f, &sent);
    _exit(0);
}

Test(writer, dies_rather_than_tell_a_refusal_that_may_not_be_on_the_disk)
{
    int status;
    fixture_make(&f, 3);
    fixture_sign(&f, &sent, "need.withdraw", "org-02", WITHDRAW);
    fixture_close(&f);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        submit_on_a_full_disk();
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "it was told");
    fixture_reopen(&f);
    fixture_start(&f);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    (void)open_refusal(&sent);
    fixture_drop(&f);
}

/* --- Purging ---------------------------------------------------------------------------------- */

Test(writer, a_refusal_is_forgotten_when_no_leaf_could_be_early_enough)
{
    char ref[REF_TEXT_SIZE];
    fixture_make(&f, 3);
    fixture_signf(&f, &sent, "need.withdraw", "org-02",
                  "{\"need\":\"org-02/" NEED_ID "\",\"valid_until\":%" PRId64 "}",
                  f.at + FIXTURE_DAY);
    cr_assert_eq(fixture_submit(&f, &sent), JOB_REFUSED);
    node_purge(&f.node, INTEGER_MAX);
    cr_assert_eq(look_up(&sent), REFUSED_THERE, "whatever the clock says");
    f.at = sent.entry.valid_until - 1000;
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    fixture_settle(&f);
    node_purge(&f.node, INTEGER_MAX);
    cr_assert_eq(look_up(&sent), REFUSED_THERE, "valid_until itself is still in time");
    fixture_do(&f, ref, "org.confirm", "org-01", "{}");
    fixture_settle(&f);
    node_purge(&f.node, 0);
    cr_assert_eq(look_up(&sent), REFUSED_ABSENT);
    cr_assert_eq(again(&sent, &other), JOB_REFUSED);
    cr_assert_eq(other.job.why.code, CODE_time_order, "dead all the same");
    fixture_drop(&f);
}
