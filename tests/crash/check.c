/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Opens what a crash has left, with the real code, and holds it against the answers that had been
 * given by then:
 *
 *     crash-check     reads lines `FOLDER ANSWERS N` on standard input
 *
 * FOLDER/data is the data folder, if it is there at all; the first N lines of ANSWERS, as
 * tests/crash/driver.c writes them, had been given. For each line it prints `ok`, or what is wrong.
 * Each is looked at in a process of its own, because a damaged file may kill it.
 *
 * What has to hold: a folder is whole or not there, and not there only before it was made. It
 * opens, the leaves give tree and state byte for byte (node_check(), which also holds last-signed
 * against the tree), last-signed knows of every head that was shown, each receipt verifies, each
 * refusal, text and item that was answered is there, what was erased is gone; then the writer takes
 * an entry, and after one more start all that holds still.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/last_signed.h"
#include "ledger/state.h"
#include "tests/crash/play.h"

#define SECONDS_MAX 5
#define LINES_MAX 200

/* Long after whatever the driver did, so that ticks come before the entry. */
#define LATER (PLAY_START + 100 * PLAY_DAY)

static char *lines[LINES_MAX];
static size_t n_lines;
static struct play play;
static struct sent sent;

static _Noreturn void wrong(const char *what, const char *more)
{
    fprintf(stderr, "%s %s\n", what, more);
    _exit(1);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static void read_answers(const char *path, size_t n)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (file == NULL && n > 0)
        wrong("no answers in", path);
    for (n_lines = 0; n_lines < n; n_lines++) {
        ssize_t len = getline(&line, &room, file);
        if (len <= 0 || n_lines == LINES_MAX)
            wrong("too few or too many answers in", path);
        line[len - 1] = '\0';
        lines[n_lines] = strdup(line);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

/* Parts a line at its first spaces; words that are not there are empty. */
static void split(const char *line, char *copy, size_t size, const char *words[static 4])
{
    char *save;
    snprintf(copy, size, "%s", line);
    for (size_t i = 0; i < 4; i++) {
        words[i] = strtok_r(i == 0 ? copy : NULL, " ", &save);
        words[i] = words[i] != NULL ? words[i] : "";
    }
}

/* True when a later answer than `i` begins so and has the same second word. */
static bool later(size_t i, const char *word, const char *name)
{
    char start[256];
    snprintf(start, sizeof start, "%s %s", word, name);
    for (size_t j = i + 1; j < n_lines; j++)
        if (strncmp(lines[j], start, strlen(start)) == 0)
            return true;
    return false;
}

static bool was_answered(const char *word)
{
    for (size_t i = 0; i < n_lines; i++)
        if (strncmp(lines[i], word, strlen(word)) == 0)
            return true;
    return false;
}

/* --- Each kind of answer ---------------------------------------------------------------------- */

static void check_receipt(struct play *p, struct kv *kv, const char *line, const char *const *words,
                          uint64_t *shown)
{
    char receipt[RECEIPT_SIZE];
    size_t n = strlen(words[3]) / 2;
    struct public_key key;
    struct log_head head;
    struct hash root;
    struct slice leaf;
    const char *why;
    uint64_t index, wanted = strtoull(words[1], NULL, 10);
    if (n >= sizeof receipt || !hex_decode((uint8_t *)receipt, n, words[3], 2 * n))
        wrong("not a receipt:", line);
    if (!log_read(kv, wanted, &leaf))
        wrong("LOST: no leaf for", line);
    secret_key_public(p->node.log_key, &key);
    if (!receipt_verify(receipt, n, (const char *)leaf.data, leaf.size, PLAY_ORIGIN, &key, &index,
                        &head, &why) ||
        index != wanted)
        wrong("LOST: another leaf for", line);
    if (!log_root_at(kv, head.size, &root) || !hash_equal(&root, &head.root))
        wrong("FORK: the tree does not extend the head of", line);
    *shown = head.size > *shown ? head.size : *shown;
}

static void check_refusal(struct play *p, const char *const *words)
{
    static struct refused refused;
    struct refusal_note stated;
    struct public_key key;
    struct ref ref;
    const char *why;
    char *hex;
    if (!ref_parse(&ref, words[1], strlen(words[1])))
        wrong("not a reference:", words[1]);
    if (refused_get(p->node.side, &ref, &refused) != REFUSED_THERE)
        wrong("LOST: the refusal of", words[1]);
    hex = malloc(HEX_SIZE(refused.refusal_len));
    hex_encode(hex, refused.refusal, refused.refusal_len);
    secret_key_public(p->node.refusal_key, &key);
    if (strcmp(hex, words[2]) != 0 ||
        !refusal_open(&stated, refused.refusal, refused.refusal_len, PLAY_ORIGIN, &key, &why))
        wrong("LOST: another refusal of", words[1]);
    free(hex);
}

static bool same_hash(const void *bytes, size_t n, const char *hex)
{
    struct hash hash;
    char own[HEX_SIZE(HASH_BYTES)];
    hash_sha256(&hash, bytes, n);
    hex_encode(own, hash.b, HASH_BYTES);
    return strcmp(own, hex) == 0;
}

static void check_text(struct play *p, size_t i, const char *const *words)
{
    static struct detail_text text;
    struct hash key;
    if (!hex_decode(key.b, HASH_BYTES, words[1], strlen(words[1])))
        wrong("not a key:", words[1]);
    bool there = side_text(p->node.side, &key, &text);
    if (later(i, "erased", words[1])) {
        if (there)
            wrong("BACK: an erased text", words[1]);
    } else if (!later(i, "try-erase", words[1]) && !there) {
        wrong("LOST: the text", words[1]);
    }
    if (there && !same_hash(text.bytes, text.n, words[2]))
        wrong("DAMAGED: the text", words[1]);
}

static void check_item(struct play *p, size_t i, const char *const *words)
{
    static struct inbox_item item;
    struct ref ref;
    if (!ref_parse(&ref, words[1], strlen(words[1])))
        wrong("not a reference:", words[1]);
    bool there = inbox_get(p->node.side, &ref, &item);
    if (later(i, "gone", words[1])) {
        if (there)
            wrong("BACK: an item that was taken out:", words[1]);
    } else if (!later(i, "try-gone", words[1]) && !there) {
        wrong("LOST: the item", words[1]);
    }
    if (there && !same_hash(item.note, item.note_len, words[2]))
        wrong("DAMAGED: the item", words[1]);
}

/* Carries out the erasures first, as the server does at its start. */
static bool check_answers(struct play *p, struct kv *kv, void *ctx)
{
    static char copy[16384];
    uint64_t shown = 0;
    struct log_head last;
    (void)ctx;
    node_apply_erasures(&p->node, kv);
    for (size_t i = 0; i < n_lines; i++) {
        const char *words[4];
        split(lines[i], copy, sizeof copy, words);
        if (strcmp(words[0], "accepted") == 0 || strcmp(words[0], "known") == 0)
            check_receipt(p, kv, lines[i], words, &shown);
        else if (strcmp(words[0], "refused") == 0)
            check_refusal(p, words);
        else if (strcmp(words[0], "text") == 0)
            check_text(p, i, words);
        else if (strcmp(words[0], "item") == 0)
            check_item(p, i, words);
    }
    if (shown > 0 &&
        (last_signed_newest(p->node.dir, &last) != LAST_SIGNED_OK || last.size < shown))
        wrong("FORGOTTEN:", "neither last-signed nor the journal knows of a head that was shown");
    return true;
}

/* --- The folder ------------------------------------------------------------------------------- */

static void check_node(struct play *p)
{
    long differences = node_check(&p->node, stderr, NULL, NULL);
    if (differences != 0)
        wrong("DAMAGED:", "log and state do not agree");
    if (!play_look(p, check_answers, NULL))
        wrong("DAMAGED:", "the store cannot be read");
}

static void done(struct job *job)
{
    sem_post(&((struct sent *)job->owner)->told);
}

/* The writer goes on from there. */
static void take_entry(struct play *p)
{
    struct log_head head;
    char note[CHECKPOINT_SIZE];
    size_t n;
    writer_checkpoint(p->writer, &head, note, &n);
    if (head.size == 0) {
        play_sign_found(p, &sent);
    } else {
        p->at = LATER;
        p->n_ids = 1000000;
        play_sign(p, &sent, "org.confirm", "org-02", 0, "{}");
    }
    sent.job.done = done;
    if (!writer_submit(p->writer, &sent.job))
        wrong("STUCK:", "the writer takes no entry");
    while (sem_wait(&sent.told) != 0)
        continue;
    if (sent.job.result != JOB_ACCEPTED)
        wrong("STUCK: an entry is not accepted:", code_word(sent.job.why.code));
}

static bool find_entry(struct play *p, struct kv *kv, void *ctx)
{
    struct slice leaf;
    (void)p;
    (void)ctx;
    return log_read(kv, sent.job.index, &leaf) &&
           memmem(leaf.data, leaf.size, sent.note, sent.note_len) != NULL;
}

static void open_node(struct play *p, const char *dir)
{
    if (node_open(&p->node, dir, stderr) != NODE_OK)
        wrong("DAMAGED:", "the folder does not open");
}

static void check_folder(const char *folder)
{
    char dir[4096 + 8];
    snprintf(dir, sizeof dir, "%s/data", folder);
    play_keys(&play);
    if (access(dir, F_OK) != 0) {
        if (was_answered("init"))
            wrong("LOST:", "the folder is not there");
        if (!node_init(dir, PLAY_ORIGIN, "crash", stderr))
            wrong("STUCK:", "a folder cannot be made");
    }
    open_node(&play, dir);
    check_node(&play);
    node_close(&play.node);
    play_open(&play, dir, 0);
    play_must_write(&play);
    take_entry(&play);
    play_close(&play);
    open_node(&play, dir);
    check_node(&play);
    if (!play_look(&play, find_entry, NULL))
        wrong("LOST:", "the entry after the crash");
    node_close(&play.node);
}

/* --- A process for each ----------------------------------------------------------------------- */

static void run_child(const char *folder, const char *answers, size_t n, int out)
{
    if (dup2(out, STDERR_FILENO) < 0)
        _exit(2);
    alarm(SECONDS_MAX);
    read_answers(answers, n);
    check_folder(folder);
    _exit(0);
}

/* What the child has said, on one line. */
static void report(int in, int status)
{
    char said[1000];
    size_t n = 0;
    ssize_t part;
    while ((part = read(in, said + n, sizeof said - 1 - n)) > 0)
        n += (size_t)part;
    while (n > 0 && said[n - 1] == '\n')
        n--;
    said[n] = '\0';
    for (size_t i = 0; i < n; i++)
        said[i] = said[i] == '\n' ? ';' : said[i];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        puts("ok");
    else if (WIFSIGNALED(status))
        printf("KILLED: signal %d %s\n", WTERMSIG(status), said);
    else
        printf("%s\n", said[0] != '\0' ? said : "ended without a word");
    fflush(stdout);
}

int main(void)
{
    char folder[4096], answers[4096], line[10000];
    size_t n;
    if (crypto_start() != 0)
        return 2;
    while (fgets(line, sizeof line, stdin) != NULL) {
        int pipes[2], status;
        if (sscanf(line, "%4095s %4095s %zu", folder, answers, &n) != 3 || pipe(pipes) != 0)
            return 2;
        pid_t child = fork();
        if (child == 0)
            run_child(folder, answers, n, pipes[1]);
        close(pipes[1]);
        if (child < 0 || waitpid(child, &status, 0) != child)
            return 2;
        report(pipes[0], status);
        close(pipes[0]);
    }
    return 0;
}
