/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/files.h"
#include "tests/ledger/fixture.h"
#include "tests/ledger/witness_log.h"

#define ORIGIN_TEXT "log.example.org"

/* One log, and a witness that knows it. */
struct watched {
    char parent[32], dir[64];
    struct witness_log log;
    struct witness *witness;
};

static void watched_make(struct watched *p)
{
    const struct witness_log *logs[] = {&p->log};
    folder_make(p->parent);
    witness_log_make(&p->log, ORIGIN_TEXT);
    witness_make(p->dir, p->parent, logs, 1);
    p->witness = witness_open(p->dir, stderr);
    cr_assert_not_null(p->witness);
}

static void watched_drop(struct watched *p)
{
    witness_close(p->witness);
    witness_log_free(&p->log);
    folder_drop(p->parent);
}

static void reopen(struct watched *p)
{
    witness_close(p->witness);
    p->witness = witness_open(p->dir, stderr);
    cr_assert_not_null(p->witness);
}

/* Asks with the right proof and gives the status. */
static int add(struct watched *p, uint64_t old_size, uint64_t size)
{
    char *body = witness_log_body(&p->log, old_size, size);
    int status = witness_status(p->witness, body);
    free(body);
    return status;
}

/* The size that a 409 names for any proof. */
static uint64_t held(struct watched *p)
{
    struct witness_answer answer;
    char *body = witness_log_body(&p->log, 1, p->log.size), *end;
    witness_add_checkpoint(p->witness, body, strlen(body), 1, &answer);
    cr_assert_eq(answer.status, 409);
    cr_assert_str_eq(answer.type, "text/x.tlog.size");
    uint64_t size = strtoull(answer.body, &end, 10);
    cr_assert_str_eq(end, "\n");
    free(answer.body);
    free(body);
    return size;
}

static char *view(struct witness *w, const char *origin)
{
    char hex[HEX_SIZE(HASH_BYTES)];
    struct hash hash;
    struct witness_answer answer;
    hash_sha256(&hash, origin, strlen(origin));
    hex_encode(hex, hash.b, HASH_BYTES);
    witness_view(w, hex, strlen(hex), &answer);
    if (answer.status == 200)
        return answer.body;
    cr_assert_eq(answer.status, 404);
    free(answer.body);
    return NULL;
}

/* --- What others answer ----------------------------------------------------------------------- */

/* One request of the file, cut out of it. */
struct request {
    int status;
    char size[16]; /* the body of a 409 */
    char *body;    /* owned */
};

/* Reads at `at`, which is moved behind it; false at the end of the text. */
static bool next_request(const char **at, struct request *out)
{
    static const char mark[] = "==== ";
    if (strncmp(*at, mark, strlen(mark)) != 0)
        return false;
    char line[32], size[12] = "";
    const char *body = strchr(*at, '\n') + 1, *end = strstr(body, mark);
    snprintf(line, sizeof line, "%.*s", (int)(body - *at), *at);
    cr_assert_geq(sscanf(line, "==== %d %11s", &out->status, size), 1);
    snprintf(out->size, sizeof out->size, "%s\n", size);
    *at = end != NULL ? end : body + strlen(body);
    out->body = strndup(body, (size_t)(*at - body));
    return true;
}

Test(witness, answers_as_the_transcript_of_another_witness)
{
    static char text[16384];
    char parent[32], dir[64];
    size_t n;
    int count = 0;
    struct request r;
    struct witness_log theirs = {.origin = NULL};
    const struct witness_log *logs[] = {&theirs};
    cr_assert(file_read("tests/vectors", "witness-requests.txt", text, sizeof text, &n));
    cr_assert_eq(crypto_start(), 0);
    cr_assert_eq(sscanf(strstr(text, "\nlog "), "\nlog %300s", theirs.vkey), 1);
    folder_make(parent);
    witness_make(dir, parent, logs, 1);
    struct witness *w = witness_open(dir, stderr);
    cr_assert_not_null(w);
    for (const char *at = strstr(text, "\n==== 200") + 1; next_request(&at, &r); count++) {
        struct witness_answer answer;
        witness_add_checkpoint(w, r.body, strlen(r.body), 1767139200, &answer);
        cr_assert_eq(answer.status, r.status, "request %d: %s", count, answer.body);
        if (r.status == 409)
            cr_assert_str_eq(answer.body, r.size);
        free(answer.body);
        free(r.body);
    }
    cr_assert_eq(count, 9);
    witness_close(w);
    folder_drop(parent);
}

/* Source: sunlight cmd/skylight/testdata; the seed is SHA-256 of the phrase. */
static void give_key(const char *dir, const char *phrase, const char *vkey)
{
    struct hash seed;
    char hex[HEX_SIZE(HASH_BYTES)], text[400];
    hash_sha256(&seed, phrase, strlen(phrase));
    hex_encode(hex, seed.b, HASH_BYTES);
    int n = snprintf(text, sizeof text, "%s\n%s\n", vkey, hex);
    cr_assert(file_replace(dir, "key", 0600, text, (size_t)n));
}

Test(witness, cosigns_what_another_witness_cosigned_byte_for_byte)
{
    static const struct {
        const char *phrase, *vkey, *root, *line;
    } cases[] = {
        {"skylight test witness key",
         "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
         "lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=",
         "\xe2\x80\x94 witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Z"
         "znmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==\n"},
        {"skylight test mirror key",
         "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O",
         "gw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=",
         "\xe2\x80\x94 mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIY"
         "lwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct witness_log log;
        const struct witness_log *logs[] = {&log};
        char parent[32], dir[64], body[1024], note[CHECKPOINT_SIZE];
        struct log_head head = {.size = 300};
        struct witness_answer answer;
        folder_make(parent);
        witness_log_make(&log, "rome2026h1.example.org");
        witness_make(dir, parent, logs, 1);
        give_key(dir, cases[i].phrase, cases[i].vkey);
        struct witness *w = witness_open(dir, stderr);
        cr_assert_not_null(w);
        cr_assert(base64_decode_exact(head.root.b, HASH_BYTES, cases[i].root,
                                      BASE64_LEN(HASH_BYTES)));
        checkpoint_sign(note, log.origin, &head, log.key);
        int n = snprintf(body, sizeof body, "old 0\n\n%s", note);
        witness_add_checkpoint(w, body, (size_t)n, 1767139200, &answer);
        cr_assert_eq(answer.status, 200, "%s", answer.body);
        cr_assert_str_eq(answer.body, cases[i].line);
        free(answer.body);
        witness_close(w);
        witness_log_free(&log);
        folder_drop(parent);
    }
}

/* --- What it takes and what not --------------------------------------------------------------- */

Test(witness, follows_a_log_that_grows)
{
    struct watched p;
    watched_make(&p);
    witness_log_grow(&p.log, WITNESS_LOG_LEAVES, WITNESS_LOG_LEAVES, ' ');
    cr_assert_eq(add(&p, 0, 0), 200);
    cr_assert_eq(add(&p, 0, 0), 200);
    uint64_t last = 0;
    for (uint64_t size = 1; size <= WITNESS_LOG_LEAVES; size += 1 + size / 3) {
        cr_assert_eq(add(&p, last, size), 200, "%" PRIu64 " to %" PRIu64, last, size);
        cr_assert_eq(add(&p, size, size), 200, "the same head again");
        cr_assert_eq(add(&p, last, size), 409);
        last = size;
    }
    watched_drop(&p);
}

Test(witness, shows_its_view_with_both_signatures)
{
    struct watched p;
    struct note note;
    struct verifier_key log_key, witness_key;
    char text[WITNESS_KEY_SIZE];
    uint64_t time_s;
    watched_make(&p);
    witness_log_grow(&p.log, 7, 7, ' ');
    cr_assert_null(view(p.witness, ORIGIN_TEXT));
    cr_assert_eq(add(&p, 0, 5), 200);
    char *shown = view(p.witness, ORIGIN_TEXT);
    cr_assert_eq(note_parse(&note, shown, strlen(shown)), NOTE_OK);
    cr_assert_eq(note.n_sigs, 2);
    cr_assert(verifier_key_parse(&log_key, p.log.vkey, strlen(p.log.vkey)));
    cr_assert_eq(note_verify(&note, &log_key, NULL), NOTE_OK);
    cr_assert(witness_key_text(p.dir, text, stderr));
    cr_assert(verifier_key_parse(&witness_key, text, strlen(text)));
    cr_assert_eq(note_verify(&note, &witness_key, &time_s), NOTE_OK);
    cr_assert_eq(time_s, 1767139200);
    free(shown);
    cr_assert_null(view(p.witness, "log.example.com"));
    struct witness_answer answer;
    static const char upper[] = "000DE184301123B9278C086A7D9F68C9577E83872224C197058FD90784EA9706";
    witness_view(p.witness, upper, sizeof upper - 1, &answer);
    cr_assert_eq(answer.status, 404);
    free(answer.body);
    watched_drop(&p);
}

/* `what` of the right body replaced. */
static int changed(struct watched *p, const char *what, const char *by)
{
    char *body = witness_log_body(&p->log, 2, 5), *at = strstr(body, what), *other = NULL;
    cr_assert_not_null(at, "%s", what);
    cr_assert_geq(asprintf(&other, "%.*s%s%s", (int)(at - body), body, by, at + strlen(what)), 0);
    int status = witness_status(p->witness, other);
    free(body);
    free(other);
    return status;
}

Test(witness, refuses_each_defect_with_its_status)
{
    struct watched p;
    watched_make(&p);
    witness_log_grow(&p.log, 8, 8, ' ');
    cr_assert_eq(add(&p, 0, 2), 200);
    static const char *const old[] = {"old 02\n", "old +2\n", "old -2\n", "old  2\n", "old\n", "",
                                      "old 2 \n", "old 2\r\n", "2\n", "old 18446744073709551616\n",
                                      "\n", "Old 2\n"};
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
        cr_assert_eq(changed(&p, "old 2\n", old[i]), 400, "\"%s\"", old[i]);
    cr_assert_eq(changed(&p, "old 2\n", "old 6\n"), 400, "old above new");
    cr_assert_eq(changed(&p, "old 2\n", "old 3\n"), 409);
    cr_assert_eq(changed(&p, "old 2\n", "old 2\nAAAA\n"), 400);
    cr_assert_eq(changed(&p, "old 2\n",
                         "old 2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), 422);
    cr_assert_eq(changed(&p, "\n\nlog", "\nlog"), 400, "no empty line");
    cr_assert_eq(changed(&p, "\nlog.example.org\n5", "\nlog.example.com\n5"), 404);
    cr_assert_eq(changed(&p, "\n5\n", "\n6\n"), 403, "not what was signed");
    cr_assert_eq(changed(&p, "\n\n\xe2\x80\x94", "\n\n\xe2\x80\x94 x AAAAAAAAAA==\n\xe2\x80\x94"),
                 200, "lines of unknown keys do not matter");
    cr_assert_eq(held(&p), 5);
    cr_assert_eq(witness_status(p.witness, ""), 400);
    watched_drop(&p);
}

Test(witness, reads_a_proof_of_at_most_63_lines)
{
    struct watched p;
    watched_make(&p);
    witness_log_grow(&p.log, 2, 2, ' ');
    cr_assert_eq(add(&p, 0, 1), 200);
    for (int lines = 63; lines <= 64; lines++) {
        char body[64 * 46 + 512], *note = witness_log_note(&p.log, 2);
        size_t n = (size_t)snprintf(body, sizeof body, "old 1\n");
        for (int i = 0; i < lines; i++)
            n += (size_t)snprintf(body + n, sizeof body - n,
                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
        snprintf(body + n, sizeof body - n, "\n%s", note);
        cr_assert_eq(witness_status(p.witness, body), lines == 63 ? 422 : 400, "%d", lines);
        free(note);
    }
    char *long_body = malloc(WITNESS_BODY_MAX + 2);
    memset(long_body, 'A', WITNESS_BODY_MAX + 1);
    long_body[WITNESS_BODY_MAX + 1] = '\0';
    cr_assert_eq(witness_status(p.witness, long_body), 400);
    free(long_body);
    watched_drop(&p);
}

/* A head that is signed by the log and was never that of a tree. */
static int add_invented(struct watched *p, uint64_t old_size, uint64_t size)
{
    struct log_head head = {.size = size};
    char note[CHECKPOINT_SIZE], body[CHECKPOINT_SIZE + 32];
    memset(head.root.b, 7, HASH_BYTES);
    checkpoint_sign(note, p->log.origin, &head, p->log.key);
    snprintf(body, sizeof body, "old %" PRIu64 "\n\n%s", old_size, note);
    return witness_status(p->witness, body);
}

Test(witness, cosigns_no_second_history)
{
    struct watched p;
    struct witness_log fork;
    watched_make(&p);
    cr_assert_eq(add_invented(&p, 0, 0), 422, "the empty tree has one root");
    witness_log_grow(&p.log, 8, 8, ' ');
    cr_assert_eq(add(&p, 0, 6), 200);
    cr_assert_eq(add_invented(&p, 6, 6), 422, "same size, another root");
    cr_assert_eq(add_invented(&p, 6, 7), 422);
    cr_assert_eq(add_invented(&p, 0, 7), 409);
    witness_log_make(&fork, ORIGIN_TEXT);
    witness_log_grow(&fork, 8, 5, 'b');
    for (uint64_t old_size = 1; old_size <= 6; old_size++) {
        char *body = witness_log_body(&fork, old_size, 8);
        cr_assert_eq(witness_status(p.witness, body), old_size == 6 ? 422 : 409);
        free(body);
    }
    cr_assert_eq(add(&p, 6, 8), 200, "the one that it follows goes on");
    witness_log_free(&fork);
    watched_drop(&p);
}

Test(witness, the_lines_of_a_hostile_note_do_not_fill_its_view)
{
    struct watched p;
    watched_make(&p);
    witness_log_grow(&p.log, 2, 2, ' ');
    char *note = witness_log_note(&p.log, 2), *line = strstr(note, "\n\n") + 2;
    char *body = malloc(WITNESS_BODY_MAX);
    size_t n = (size_t)snprintf(body, WITNESS_BODY_MAX, "old 0\n\n%s", note);
    for (size_t i = 1; i < NOTE_SIGS_MAX; i++)
        n += (size_t)snprintf(body + n, WITNESS_BODY_MAX - n, "%s", line);
    cr_assert_eq(witness_status(p.witness, body), 200);
    reopen(&p);
    cr_assert_eq(held(&p), 2);
    free(body);
    free(note);
    watched_drop(&p);
}

/* --- What it remembers ------------------------------------------------------------------------ */

Test(witness, remembers_each_log_over_a_restart)
{
    struct watched p;
    struct witness_log other;
    char line[400];
    watched_make(&p);
    witness_log_make(&other, "other.example.org/log");
    witness_log_grow(&p.log, 9, 9, ' ');
    witness_log_grow(&other, 4, 4, ' ');
    cr_assert_eq(add(&p, 0, 3), 200);
    int n = snprintf(line, sizeof line, "log %s\nlog %s\n", other.vkey, p.log.vkey);
    cr_assert(file_replace(p.dir, "policy", 0644, line, (size_t)n));
    reopen(&p);
    cr_assert_eq(held(&p), 3);
    char *body = witness_log_body(&other, 0, 4);
    cr_assert_eq(witness_status(p.witness, body), 200);
    free(body);
    cr_assert_eq(add(&p, 3, 9), 200);
    n = snprintf(line, sizeof line, "log %s\n", other.vkey);
    cr_assert(file_replace(p.dir, "policy", 0644, line, (size_t)n));
    reopen(&p);
    cr_assert_eq(add(&p, 9, 9), 404, "no longer known");
    n = snprintf(line, sizeof line, "log %s\n", p.log.vkey);
    cr_assert(file_replace(p.dir, "policy", 0644, line, (size_t)n));
    reopen(&p);
    cr_assert_eq(held(&p), 9, "what was cosigned counts when a log comes back");
    witness_log_free(&other);
    watched_drop(&p);
}

static void expect_no_open(const char *dir, const char *words)
{
    char *said = NULL;
    size_t n;
    FILE *err = open_memstream(&said, &n);
    cr_assert_null(witness_open(dir, err));
    fclose(err);
    cr_assert(strstr(said, words) != NULL, "\"%s\" has no \"%s\"", said, words);
    free(said);
}

Test(witness, does_not_start_on_a_damaged_state)
{
    struct watched p;
    static char text[4096], path[80];
    size_t n;
    watched_make(&p);
    witness_log_grow(&p.log, 3, 3, ' ');
    cr_assert_eq(add(&p, 0, 3), 200);
    witness_close(p.witness);
    cr_assert(file_read(p.dir, "state", text, sizeof text, &n));
    for (size_t i = 0; i < n; i += 7) {
        text[i] ^= 1;
        cr_assert(file_replace(p.dir, "state", 0600, text, n));
        expect_no_open(p.dir, "damaged");
        text[i] ^= 1;
    }
    for (size_t len = 0; len < n; len += 11) {
        cr_assert(file_replace(p.dir, "state", 0600, text, len));
        expect_no_open(p.dir, "damaged");
    }
    snprintf(path, sizeof path, "%s/state", p.dir);
    cr_assert_eq(unlink(path), 0);
    expect_no_open(p.dir, "make a new key");
    cr_assert(file_replace(p.dir, "state", 0600, text, n));
    p.witness = NULL;
    reopen(&p);
    cr_assert_eq(held(&p), 3);
    watched_drop(&p);
}

Test(witness, does_not_start_on_another_keys_state)
{
    struct watched p;
    watched_make(&p);
    witness_log_grow(&p.log, 3, 3, ' ');
    cr_assert_eq(add(&p, 0, 3), 200);
    witness_close(p.witness);
    give_key(p.dir, "skylight test mirror key",
             "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O");
    expect_no_open(p.dir, "damaged");
    give_key(p.dir, "skylight test mirror key",
             "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN");
    expect_no_open(p.dir, "/key: damaged");
    p.witness = NULL;
    watched_drop(&p);
}

Test(witness, keeps_its_key_and_its_folder_to_itself)
{
    struct watched p;
    struct stat st;
    char path[80];
    watched_make(&p);
    snprintf(path, sizeof path, "%s/key", p.dir);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    expect_no_open(p.dir, "another process");
    cr_assert_not(witness_init(p.dir, "again", stderr));
    witness_close(p.witness);
    cr_assert_eq(chmod(path, 0640), 0);
    expect_no_open(p.dir, "chmod 600");
    p.witness = NULL;
    char other[64];
    snprintf(other, sizeof other, "%s/other", p.parent);
    cr_assert_not(witness_init(other, "a name", stderr));
    cr_assert_not(witness_init(other, "", stderr));
    watched_drop(&p);
}

Test(witness, a_view_that_cannot_be_written_is_not_answered)
{
    struct watched p;
    char path[80];
    watched_make(&p);
    witness_log_grow(&p.log, 5, 5, ' ');
    cr_assert_eq(add(&p, 0, 2), 200);
    snprintf(path, sizeof path, "%s/state.new", p.dir);
    cr_assert_eq(mkdir(path, 0700), 0); /* where the new state is written before it counts */
    cr_assert_eq(add(&p, 2, 5), 500);
    cr_assert_eq(held(&p), 2);
    cr_assert_eq(rmdir(path), 0);
    cr_assert(file_replace(p.dir, "state.new", 0600, "half", 4), "as a power cut leaves it");
    cr_assert_eq(add(&p, 2, 5), 200);
    reopen(&p);
    cr_assert_eq(held(&p), 5);
    watched_drop(&p);
}

/* --- Two at once ------------------------------------------------------------------------------ */

struct racer {
    struct witness *witness;
    char *body;
    pthread_barrier_t *start;
    int status;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    pthread_barrier_wait(r->start);
    r->status = witness_status(r->witness, r->body);
    return NULL;
}

Test(witness, of_two_histories_at_once_exactly_one_wins)
{
    struct watched p;
    struct witness_log logs[2];
    const uint64_t size = 40;
    watched_make(&p);
    for (int i = 0; i < 2; i++) {
        witness_log_make(&logs[i], ORIGIN_TEXT);
        witness_log_grow(&logs[i], size, i ? 0 : size, 'b');
    }
    for (int round = 0; round < 25; round++) {
        char state[8192];
        size_t n;
        cr_assert(file_read(p.dir, "state", state, sizeof state, &n));
        pthread_barrier_t start;
        pthread_t threads[2];
        struct racer racers[2];
        pthread_barrier_init(&start, NULL, 2);
        for (int i = 0; i < 2; i++) {
            racers[i] = (struct racer){p.witness, witness_log_body(&logs[i], 0, size), &start, 0};
            pthread_create(&threads[i], NULL, race, &racers[i]);
        }
        for (int i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
            free(racers[i].body);
        }
        pthread_barrier_destroy(&start);
        int first = racers[0].status, second = racers[1].status;
        cr_assert((first == 200 && second == 409) || (first == 409 && second == 200), "%d and %d",
                  first, second);
        witness_close(p.witness);
        cr_assert(file_replace(p.dir, "state", 0600, state, n));
        p.witness = NULL;
        reopen(&p);
    }
    witness_log_free(&logs[0]);
    witness_log_free(&logs[1]);
    watched_drop(&p);
}
