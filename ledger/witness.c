/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/witness.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/checkpoint.h"
#include "ledger/witness_folder.h"

struct witness {
    struct witness_folder folder;
    struct witness_policy *policy;
    pthread_mutex_t lock; /* guards the views and the state file */
    struct witness_views views;
};

/* --- Answers ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5)))
static void answer(struct witness_answer *out, int status, const char *type, const char *fmt, ...)
{
    va_list ap;
    out->status = status;
    out->type = type;
    va_start(ap, fmt);
    int n = vasprintf(&out->body, fmt, ap);
    va_end(ap);
    if (n < 0)
        out->body = NULL;
    out->n = n < 0 ? 0 : (size_t)n;
}

/* Refuses with one line of text; returns false, so that a function can end with it. */
static bool refuse_request(struct witness_answer *out, int status, const char *why)
{
    answer(out, status, WITNESS_TYPE_TEXT, "%s\n", why);
    return false;
}

/* --- Reading a request ------------------------------------------------------------------------ */

struct submission {
    uint64_t old_size;
    struct hash proof[WITNESS_PROOF_MAX];
    size_t n_proof;
    const char *bytes; /* the checkpoint, all of it */
    size_t n;
    struct note note; /* points into it */
    const char *origin; /* as the policy has it */
    struct log_head head;
};

/* "old <size>" without its line feed. */
static bool read_old(const char *line, size_t n, uint64_t *out)
{
    if (n < 5 || n > 4 + 20 || memcmp(line, "old ", 4) != 0 || (line[4] == '0' && n > 5))
        return false;
    uint64_t value = 0;
    for (size_t i = 4; i < n; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(line[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

/* The lines above the checkpoint. NULL, or what is wrong. */
static const char *read_lines(struct submission *s, const char *body, size_t n)
{
    const char *end = body + n;
    bool first = true;
    for (const char *feed, *at = body; at < end; at = feed + 1) {
        feed = memchr(at, '\n', (size_t)(end - at));
        if (feed == NULL)
            break;
        size_t len = (size_t)(feed - at);
        if (first) {
            if (!read_old(at, len, &s->old_size))
                return "the first line is not `old <size>`";
            first = false;
        } else if (len == 0) {
            s->bytes = feed + 1;
            s->n = (size_t)(end - s->bytes);
            return NULL;
        } else if (s->n_proof == WITNESS_PROOF_MAX) {
            return "the proof has more than 63 lines";
        } else if (!base64_decode_exact(s->proof[s->n_proof++].b, HASH_BYTES, at, len)) {
            return "a line of the proof is not the base64 of a hash";
        }
    }
    return "no empty line before the checkpoint";
}

/* The lines of a submission and its note; knows no log yet. */
static bool read_submission(struct submission *s, const char *body, size_t n,
                            struct witness_answer *out)
{
    const char *why = n > WITNESS_BODY_MAX ? "too long" : read_lines(s, body, n);
    if (why != NULL)
        return refuse_request(out, 400, why);
    enum note_err err = note_parse(&s->note, s->bytes, s->n);
    if (err == NOTE_OK && s->note.text_len > NOTE_COSIGNED_MAX)
        err = NOTE_TOO_LONG;
    /* A line whose base64 has other spellings is a bad signature, as other witnesses see it. */
    return err == NOTE_OK || refuse_request(out, err == NOTE_BASE64 ? 403 : 400,
                                            note_strerror(err));
}

/* Finds the log by the first line, and checks its signature. */
static bool check_signature(const struct witness *w, struct submission *s,
                            struct witness_answer *out)
{
    const char *text = s->note.text, *why = NULL, *bad = NULL;
    size_t n = (size_t)((const char *)memchr(text, '\n', s->note.text_len) - text);
    const struct policy_log *by = NULL;
    for (unsigned i = 0; i < w->policy->n_logs; i++) {
        const struct policy_log *log = &w->policy->logs[i];
        if (strlen(log->origin) != n || memcmp(log->origin, text, n) != 0)
            continue;
        s->origin = log->origin;
        enum note_err err = note_verify(&s->note, &log->key, NULL);
        if (err == NOTE_OK)
            by = log;
        else if (err != NOTE_NOT_SIGNED)
            bad = note_strerror(err);
    }
    if (s->origin == NULL)
        return refuse_request(out, 404, "unknown log");
    if (bad != NULL || by == NULL)
        return refuse_request(out, 403, bad != NULL ? bad : "no signature by a known key");
    if (!checkpoint_open(&s->head, s->bytes, s->n, s->origin, &by->key.key, &why))
        return refuse_request(out, 400, why);
    return s->old_size <= s->head.size ||
           refuse_request(out, 400, "the old size is above the new one");
}

/* --- Deciding --------------------------------------------------------------------------------- */

static bool check_extends(const struct submission *s, const struct witness_view *held,
                          struct witness_answer *out)
{
    struct log_head last = {.size = 0};
    merkle_empty(&last.root);
    if (held != NULL)
        last = held->head;
    if (s->old_size != last.size) {
        answer(out, 409, WITNESS_TYPE_SIZE, "%" PRIu64 "\n", last.size);
        return false;
    }
    return merkle_verify_consistency(last.size, s->head.size, &last.root, &s->head.root, s->proof,
                                     s->n_proof) ||
           refuse_request(out, 422, "the consistency proof does not hold");
}

/* The first line by a key; only called for keys whose lines have been verified. */
static const struct note_sig *line_by(const struct note *note, const struct verifier_key *key)
{
    for (size_t i = 0; i < note->n_sigs; i++) {
        if (note_sig_is_by(&note->sigs[i], key))
            return &note->sigs[i];
    }
    return NULL;
}

/*
 * The checkpoint with one line of each key that we know of this log, and ours: what is kept and
 * shown. Nothing else of the lines, or somebody could fill the state with them. NULL when there is
 * no memory.
 */
static char *make_view(const struct witness *w, const struct submission *s, const char *cosignature,
                       size_t *size)
{
    char *note = malloc(s->n + strlen(cosignature) + 1), *at = note;
    if (note == NULL)
        return NULL;
    at = mempcpy(at, s->note.text, s->note.text_len);
    *at++ = '\n';
    for (unsigned i = 0; i < w->policy->n_logs; i++) {
        const struct policy_log *log = &w->policy->logs[i];
        const struct note_sig *sig =
            strcmp(log->origin, s->origin) == 0 ? line_by(&s->note, &log->key) : NULL;
        if (sig == NULL)
            continue;
        /* The dash, U+2014, and a space stand before the name. */
        const char *line = sig->name - strlen("\xe2\x80\x94 ");
        at = mempcpy(at, line, (size_t)(sig->base64 + sig->base64_len - line));
        *at++ = '\n';
    }
    at = mempcpy(at, cosignature, strlen(cosignature) + 1);
    *size = (size_t)(at - note) - 1;
    return note;
}

/* With the lock held: cosigns when the head extends the view, and keeps it first. */
static void decide(struct witness *w, const struct submission *s, uint64_t now_s,
                   struct witness_answer *out)
{
    char line[NOTE_LINE_SIZE(POLICY_KEY_NAME_MAX)];
    struct witness_view *held = witness_view_find(&w->views, s->origin);
    const struct verifier_key *key = &w->folder.key;
    if (!check_extends(s, held, out))
        return;
    size_t n = note_cosign(line, sizeof line, s->note.text, s->note.text_len, key->name,
                           key->name_len, now_s, w->folder.secret);
    assert(n > 0);
    /* The same head again: it is on the disk already. */
    if (held == NULL || held->head.size != s->head.size) {
        struct witness_view next = {.head = s->head};
        snprintf(next.origin, sizeof next.origin, "%s", s->origin);
        next.note = make_view(w, s, line, &next.n);
        if (next.note == NULL || !witness_views_keep(&w->views, &w->folder, &next)) {
            free(next.note);
            refuse_request(out, 500, "the new view cannot be written");
            return;
        }
    }
    answer(out, 200, WITNESS_TYPE_TEXT, "%s", line);
}

void witness_add_checkpoint(struct witness *w, const char *body, size_t n, uint64_t now_s,
                            struct witness_answer *out)
{
    struct submission s = {.old_size = 0};
    if (!read_submission(&s, body, n, out) || !check_signature(w, &s, out))
        return;
    pthread_mutex_lock(&w->lock);
    decide(w, &s, now_s, out);
    pthread_mutex_unlock(&w->lock);
}

/* --- Looking ---------------------------------------------------------------------------------- */

static const char *find_origin(const struct witness *w, const char *hex, size_t n)
{
    uint8_t wanted[HASH_BYTES];
    if (n != HEX_LEN(HASH_BYTES) || !hex_decode(wanted, HASH_BYTES, hex, n))
        return NULL;
    for (unsigned i = 0; i < w->policy->n_logs; i++) {
        const char *origin = w->policy->logs[i].origin;
        struct hash hash;
        hash_sha256(&hash, origin, strlen(origin));
        if (memcmp(hash.b, wanted, HASH_BYTES) == 0)
            return origin;
    }
    return NULL;
}

void witness_view(struct witness *w, const char *hex, size_t n, struct witness_answer *out)
{
    const char *origin = find_origin(w, hex, n);
    pthread_mutex_lock(&w->lock);
    const struct witness_view *held =
        origin != NULL ? witness_view_find(&w->views, origin) : NULL;
    if (held != NULL)
        answer(out, 200, WITNESS_TYPE_TEXT, "%s", held->note);
    pthread_mutex_unlock(&w->lock);
    if (held == NULL)
        refuse_request(out, 404, origin != NULL ? "nothing of this log was seen yet"
                                                : "unknown log");
}

/* --- Opening ---------------------------------------------------------------------------------- */

struct witness *witness_open(const char *dir, FILE *err)
{
    struct witness *w = calloc(1, sizeof *w);
    if (w == NULL) {
        fputs("no memory\n", err);
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    if (witness_folder_open(&w->folder, dir, err)) {
        char path[sizeof w->folder.dir + sizeof "/policy"];
        snprintf(path, sizeof path, "%s/policy", dir);
        w->policy = witness_policy_read(path, false, err);
        if (w->policy != NULL && witness_views_read(&w->views, &w->folder, err))
            return w;
    }
    witness_close(w);
    return NULL;
}

void witness_close(struct witness *w)
{
    if (w == NULL)
        return;
    witness_views_free(&w->views);
    witness_policy_free(w->policy);
    witness_folder_close(&w->folder);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

unsigned witness_logs(const struct witness *w)
{
    return w->policy->n_logs;
}
