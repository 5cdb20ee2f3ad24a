/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A small life of a network on the real node and writer, the same each time:
 *
 *     crash-driver DIR ANSWERS short|long|rebuild|again|MAP_BYTES
 *
 * DIR must not exist, but `rebuild` rebuilds the state of a folder that `long` has made, and
 * `again` goes on after a crash, if need be from the beginning. With a number it is another life:
 * a map of that size is filled in crowded batches. Each answer goes to the file ANSWERS at the
 * moment at which it is given, and as a mark into the trace of tests/crash/shim.c. A line that
 * begins with `try-` comes before the step that it names: from then on that may have happened.
 * Lines:
 *     init                          the folder is made
 *     accepted INDEX SIZE RECEIPT   logged; the receipt in hexadecimal, under the head of SIZE
 *     known INDEX SIZE RECEIPT      sent again, with the same place
 *     refused AUTHOR/ID NOTE        refused for good; the signed refusal in hexadecimal
 *     text KEY HASH                 a text is stored; SHA-256 of its bytes
 *     item AUTHOR/ID HASH           a note waits in the inbox; SHA-256 of it
 *     try-gone, gone AUTHOR/ID      it is taken out, because its entry is in the log
 *     try-erase KEY, erased KEY     a text is erased by an entry
 *     stopped                       everything was closed
 *     full N WHY                    N entries were accepted, then the writer turned read-only
 *
 * Exit status: 0; EXIT_TROUBLE with a message when a step could not be done.
 */
#include <assert.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "tests/crash/play.h"

#define BATCH_MAX 8

static FILE *answers;
static void (*mark)(const char *line);
static struct play play;
static struct sent batch[BATCH_MAX];
static size_t n_batch;
static sem_t reached, gate; /* the first answer of a batch is given; it may go on */

static void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void answer(const char *format, ...)
{
    char *line;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&line, format, args);
    va_end(args);
    assert(n > 0);
    fprintf(answers, "%s\n", line);
    fflush(answers);
    if (mark != NULL)
        mark(line);
    free(line);
}

static char *hex_of(const void *bytes, size_t n)
{
    char *hex = malloc(HEX_SIZE(n));
    assert(hex != NULL);
    hex_encode(hex, bytes, n);
    return hex;
}

/* --- Jobs ------------------------------------------------------------------------------------- */

/* The receipt that a client gets, which must hold before he gets it. */
static void give_receipt(const struct job *job)
{
    struct log_head proved;
    struct public_key key;
    char receipt[RECEIPT_SIZE], leaf[LEAF_MAX];
    const char *why;
    uint64_t index;
    size_t prefix = leaf_prefix(leaf, job->at);
    size_t n = receipt_write(receipt, job->index, job->proof, job->n_proof, job->checkpoint);
    assert(prefix + job->note_len <= sizeof leaf);
    memcpy(leaf + prefix, job->note_bytes, job->note_len);
    secret_key_public(play.node.log_key, &key);
    bool right = receipt_verify(receipt, n, leaf, prefix + job->note_len, PLAY_ORIGIN, &key,
                                &index, &proved, &why);
    assert(right && index == job->index && proved.size == job->head.size);
    char *hex = hex_of(receipt, n);
    answer("%s %" PRIu64 " %" PRIu64 " %s", job->result == JOB_KNOWN ? "known" : "accepted", index,
           proved.size, hex);
    free(hex);
}

static void wait_for(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        continue;
}

/* On the writer's thread. */
static void done(struct job *job)
{
    struct sent *sent = job->owner;
    if (job->result == JOB_ACCEPTED || job->result == JOB_KNOWN)
        give_receipt(job);
    if (job->result == JOB_REFUSED)
        fprintf(stderr, "refused: %s %s\n", code_word(job->why.code), job->why.found);
    if (job->result == JOB_REFUSED && job->refusal_len > 0) {
        char ref[REF_TEXT_SIZE], *hex = hex_of(job->refusal, job->refusal_len);
        ref_format(ref, &sent->ref);
        answer("refused %s %s", ref, hex);
        free(hex);
    }
    if (sent->opens_batch) {
        sem_post(&reached);
        wait_for(&gate);
    }
    sem_post(&sent->told);
}

/*
 * Hands over what was signed into batch[]: the first one alone, and while its answer waits all the
 * others, so that they are the next batch.
 */
static void send_all(void)
{
    batch[0].opens_batch = true;
    for (size_t i = 0; i < n_batch; i++) {
        batch[i].job.done = done;
        if (!writer_submit(play.writer, &batch[i].job)) {
            const char *why = writer_read_only(play.writer);
            trouble("the writer takes no job", why != NULL ? why : "its queue is full");
        }
        if (i == 0)
            wait_for(&reached);
    }
    sem_post(&gate);
    for (size_t i = 0; i < n_batch; i++)
        wait_for(&batch[i].told);
    n_batch = 0;
}

static struct sent *next(void)
{
    assert(n_batch < BATCH_MAX);
    return &batch[n_batch++];
}

/* --- Texts and the inbox ---------------------------------------------------------------------- */

static void store_text(const struct ref *ref, const char *kind, const char *words)
{
    static struct detail_text text;
    struct hash commit, key, bytes;
    char key_hex[HEX_SIZE(HASH_BYTES)], hash_hex[HEX_SIZE(HASH_BYTES)];
    play_text(&text, &commit, kind, words);
    side_text_key(&key, ref, SLOT_DETAILS, &commit);
    if (!side_put_text(play.node.side, &key, &text, NULL)) {
        fprintf(stderr, "crash: a text is not stored: %s\n", store_message());
        return;
    }
    hash_sha256(&bytes, text.bytes, text.n);
    hex_encode(key_hex, key.b, HASH_BYTES);
    hex_encode(hash_hex, bytes.b, HASH_BYTES);
    answer("text %s %s", key_hex, hash_hex);
}

static const char *commit_of(const char *kind, const char *words)
{
    static char hex[HEX_SIZE(HASH_BYTES)];
    static struct detail_text text;
    struct hash commit;
    play_text(&text, &commit, kind, words);
    hex_encode(hex, commit.b, HASH_BYTES);
    return hex;
}

static bool put_item(const struct sent *sent)
{
    static struct inbox_item item;
    char ref[REF_TEXT_SIZE], hex[HEX_SIZE(HASH_BYTES)];
    struct hash hash;
    memset(&item, 0, sizeof item);
    item.ref = sent->ref;
    item.received_at = play.at;
    item.valid_until = play.at + 30 * PLAY_DAY;
    item.n_involved = 1;
    item.involved[0] = item.ref.by;
    item.note_len = sent->note_len;
    memcpy(item.note, sent->note, sent->note_len);
    if (inbox_put(play.node.side, &item, play.at) != INBOX_STORED) {
        fprintf(stderr, "crash: an item is not stored: %s\n", store_message());
        return false;
    }
    ref_format(ref, &item.ref);
    hash_sha256(&hash, sent->note, sent->note_len);
    hex_encode(hex, hash.b, HASH_BYTES);
    answer("item %s %s", ref, hex);
    return true;
}

static void take_out(const struct sent *sent)
{
    char ref[REF_TEXT_SIZE];
    ref_format(ref, &sent->ref);
    if (inbox_remove(play.node.side, &sent->ref, &sent->entry.text_hash))
        answer("gone %s", ref);
}

static bool apply_erasures(struct play *p, struct kv *kv, void *ctx)
{
    (void)ctx;
    node_apply_erasures(&p->node, kv);
    return side_erased_through(p->node.side) == log_size(kv);
}

static void erase(const struct ref *ref, const char *kind, const char *words)
{
    static struct detail_text text;
    struct hash commit, key;
    char ref_text[REF_TEXT_SIZE], hex[HEX_SIZE(HASH_BYTES)];
    play_text(&text, &commit, kind, words);
    side_text_key(&key, ref, SLOT_DETAILS, &commit);
    hex_encode(hex, key.b, HASH_BYTES);
    ref_format(ref_text, ref);
    answer("try-erase %s", hex);
    struct sent *sent = next();
    play_sign(&play, sent, "details.erase", ref->by.s, 0,
              "{\"subject\":\"%s\",\"slot\":\"details\"}", ref_text);
    sent->job.settle = true;
    send_all();
    if (play_look(&play, apply_erasures, NULL))
        answer("erased %s", hex);
}

/* --- The life --------------------------------------------------------------------------------- */

#define SHARE(minutes) \
    "\"shares\":[{\"from\":\"org-01\",\"minutes\":" #minutes ",\"to\":\"org-02\"}]"

static struct ref publish_offer(const char *words)
{
    struct sent *sent = next();
    play_sign(&play, sent, "offer.publish", "org-01", 0,
              "{\"providers\":[\"org-01\"],\"type\":\"skill\",\"skill\":\"garden\",\"public\":true,"
              "\"expires\":%" PRId64 ",\"details\":\"%s\"}",
              play.at + 90 * PLAY_DAY, commit_of("offer", words));
    return sent->ref;
}

static void publish_need(const char *words)
{
    play_sign(&play, next(), "need.publish", "org-02", 0,
              "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
              "\"details\":\"%s\",\"expires\":%" PRId64 "}",
              commit_of("need", words), play.at + PLAY_DAY);
}

/* More than anybody may receive. */
static struct sent *too_much(void)
{
    struct sent *sent = next();
    play_sign(&play, sent, "hours.record", "org-01 org-02", 0,
              "{" SHARE(5000) ",\"day\":\"2023-11-14\"}");
    return sent;
}

static void record_hours(void)
{
    play_sign(&play, next(), "hours.record", "org-01 org-02", 0,
              "{" SHARE(30) ",\"day\":\"2023-11-14\"}");
}

static void begin(void)
{
    play_sign_found(&play, next());
    send_all();
    struct ref offer = publish_offer("a garden");
    record_hours();
    too_much();
    publish_need("a room");
    send_all();
    store_text(&offer, "offer", "a garden");
}

/* An item that waits, is completed and logged. */
static void complete_item(void)
{
    static struct sent half;
    char ref[REF_TEXT_SIZE];
    uint64_t n_ids = play.n_ids;
    int64_t at = play.at;
    play_sign(&play, &half, "hours.record", "org-01 org-02", 1,
              "{" SHARE(20) ",\"day\":\"2023-11-14\"}");
    bool waits = put_item(&half);
    play.n_ids = n_ids;
    play.at = at;
    play_sign(&play, next(), "hours.record", "org-01 org-02", 0,
              "{" SHARE(20) ",\"day\":\"2023-11-14\"}");
    ref_format(ref, &half.ref);
    answer("try-gone %s", ref);
    send_all();
    if (waits)
        take_out(&half);
}

static void first_half(void)
{
    static struct sent waiting;
    char agreement[REF_TEXT_SIZE];
    struct sent *signed_now = next();
    play_sign(&play, signed_now, "agreement.sign", "org-01 org-02", 0,
              "{" SHARE(60) ",\"expires\":%" PRId64 ",\"details\":\"%s\"}",
              play.at + 20 * PLAY_DAY, commit_of("agreement", "hedges"));
    struct ref ref = signed_now->ref;
    send_all();
    writer_catch_up(play.writer); /* as for a reader */
    store_text(&ref, "agreement", "hedges");
    ref_format(agreement, &ref);
    play_sign(&play, next(), "hours.record", "org-01 org-02", 0,
              "{" SHARE(40) ",\"day\":\"2023-11-14\",\"agreement\":\"%s\"}", agreement);
    for (int i = 0; i < 4; i++)
        record_hours();
    too_much();
    send_all();
    play_sign(&play, &waiting, "hours.record", "org-01 org-03", 1,
              "{\"shares\":[{\"from\":\"org-01\",\"minutes\":5,\"to\":\"org-03\"}],"
              "\"day\":\"2023-11-14\"}");
    put_item(&waiting);
    complete_item();
}

static void send_again(const struct sent *sent)
{
    play_again(&play, next(), sent);
    send_all();
}

static void second_half(void)
{
    static struct sent again;
    play.at += 2 * PLAY_DAY; /* the need has expired: a tick */
    struct ref offer = publish_offer("a second garden");
    send_all();
    store_text(&offer, "offer", "a second garden");
    send_again(&batch[0]); /* known */
    play_again(&play, &again, too_much());
    for (int i = 0; i < 5; i++)
        record_hours();
    send_all();
    send_again(&again); /* the same refusal, now out of the side store */
    for (int i = 0; i < 3; i++) { /* rounds of the journal, of one record each */
        record_hours();
        send_all();
        writer_catch_up(play.writer);
    }
    erase(&offer, "offer", "a second garden");
    publish_need("another room");
    record_hours();
    send_all();
}

/* --- Full maps -------------------------------------------------------------------------------- */

#define CROWD 256

static void count(struct job *job)
{
    sem_post(&((struct sent *)job->owner)->told);
}

/* As many needs as a batch may hold. Gives how many were accepted. */
static size_t send_crowd(struct sent crowd[static CROWD])
{
    size_t n_sent = 0, accepted = 0;
    for (size_t i = 0; i < CROWD; i++) {
        play_sign(&play, &crowd[i], "need.publish", "org-02", 0,
                  "{\"type\":\"space\",\"minutes\":60,\"urgent\":false,\"public\":true,"
                  "\"details\":\"%s\",\"expires\":%" PRId64 "}",
                  commit_of("need", "a room"), play.at + 80 * PLAY_DAY);
        crowd[i].job.done = count;
    }
    while (n_sent < CROWD && writer_submit(play.writer, &crowd[n_sent].job))
        n_sent++;
    for (size_t i = 0; i < n_sent; i++) {
        wait_for(&crowd[i].told);
        accepted += crowd[i].job.result == JOB_ACCEPTED;
    }
    return accepted;
}

/* Crowded batches until the writer takes no more. */
static void fill(const char *dir, size_t map_bytes)
{
    size_t accepted = 0;
    struct sent *crowd = calloc(CROWD, sizeof *crowd);
    assert(crowd != NULL);
    play_open(&play, dir, map_bytes);
    if (writer_read_only(play.writer) == NULL) {
        play_sign_found(&play, next());
        send_all();
    }
    while (writer_read_only(play.writer) == NULL)
        accepted += send_crowd(crowd);
    answer("full %zu %s", accepted, writer_read_only(play.writer));
    play_close(&play);
    free(crowd);
}

static void rebuild(const char *dir)
{
    if (node_open(&play.node, dir, stderr) != NODE_OK)
        trouble("the folder cannot be opened", dir);
    if (!node_rebuild(&play.node, stderr, NULL, NULL))
        trouble("the state cannot be rebuilt", dir);
    node_close(&play.node);
}

static void live(const char *dir, bool is_long)
{
    play_open(&play, dir, 0);
    play_must_write(&play);
    begin();
    if (is_long) {
        first_half();
        play_close(&play);
        answer("stopped");
        play_open(&play, dir, 0);
        play_must_write(&play);
        second_half();
    }
    play_close(&play);
    answer("stopped");
}

/* After a crash: what a start does, an entry of each kind of batch, and a refusal. */
static void live_on(const char *dir)
{
    struct log_head head;
    char note[CHECKPOINT_SIZE];
    size_t n;
    play_open(&play, dir, 0);
    play_must_write(&play);
    if (!play_look(&play, apply_erasures, NULL))
        trouble("the erasures cannot be carried out", store_message());
    writer_checkpoint(play.writer, &head, note, &n);
    if (head.size == 0) {
        play_sign_found(&play, next());
        send_all();
    }
    play.at = PLAY_START + 90 * PLAY_DAY;
    play.n_ids = 500000;
    record_hours();
    too_much();
    send_all();
    play_close(&play);
    answer("stopped");
}

static void make(const char *dir)
{
    if (!node_init(dir, PLAY_ORIGIN, "crash", stderr))
        trouble("the folder cannot be made", dir);
    answer("init");
}

static void run(const char *dir, const char *life)
{
    size_t map_bytes = strtoull(life, NULL, 10);
    bool again = strcmp(life, "again") == 0;
    if (strcmp(life, "rebuild") == 0) {
        rebuild(dir);
        return;
    }
    if (!again || access(dir, F_OK) != 0)
        make(dir);
    if (again)
        live_on(dir);
    else if (map_bytes > 0)
        fill(dir, map_bytes);
    else
        live(dir, strcmp(life, "long") == 0);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: crash-driver DIR ANSWERS short|long|rebuild|again|MAP_BYTES\n");
        return 2;
    }
    answers = fopen(argv[2], "a");
    if (answers == NULL || crypto_start() != 0)
        return 2;
    *(void **)&mark = dlsym(RTLD_DEFAULT, "crash_mark");
    sem_init(&reached, 0, 0);
    sem_init(&gate, 0, 0);
    play_keys(&play);
    run(argv[1], argv[3]);
    fclose(answers);
    return 0;
}
