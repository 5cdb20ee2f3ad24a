/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/gather.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"
#include "ledger/kind.h"
#include "policies/window.h"

/*
 * Two signers may post at the same moment; reading an item, adding to it and storing it must be one
 * step, or the later one would lose the signature of the other.
 */
static pthread_mutex_t inbox_lock = PTHREAD_MUTEX_INITIALIZER;

/* Lines as text, sorted by key name and key id as a note needs them (SPEC 3.1). */
struct lines {
    size_t n;
    const struct note_sig *v[NOTE_SIGS_MAX];
};

static int compare_lines(const void *a, const void *b)
{
    const struct note_sig *x = *(const struct note_sig *const *)a;
    const struct note_sig *y = *(const struct note_sig *const *)b;
    size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
    int order = memcmp(x->name, y->name, n);

    if (order == 0) {
        order = (x->name_len > y->name_len) - (x->name_len < y->name_len);
    }
    return order ? order : memcmp(x->id.b, y->id.b, KEY_ID_BYTES);
}

static bool same_name(const struct note_sig *a, const struct note_sig *b)
{
    return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

static bool has_name(const struct lines *lines, const struct note_sig *line)
{
    for (size_t i = 0; i < lines->n; i++) {
        if (same_name(lines->v[i], line)) {
            return true;
        }
    }
    return false;
}

/* Writes text, empty line and the sorted lines into a new buffer; NULL without memory. */
static char *write_note(const struct note *note, struct lines *lines, size_t *len)
{
    size_t n = note->text_len + 1;
    char *out, *end;

    qsort(lines->v, lines->n, sizeof lines->v[0], compare_lines);
    for (size_t i = 0; i < lines->n; i++) {
        n += strlen("— ") + lines->v[i]->name_len + 1 + lines->v[i]->base64_len + 1;
    }
    out = malloc(n + 1);
    if (!out) {
        return NULL;
    }
    end = mempcpy(out, note->text, note->text_len);
    *end++ = '\n';
    for (size_t i = 0; i < lines->n; i++) {
        end = stpcpy(end, "— ");
        end = mempcpy(end, lines->v[i]->name, lines->v[i]->name_len);
        *end++ = ' ';
        end = mempcpy(end, lines->v[i]->base64, lines->v[i]->base64_len);
        *end++ = '\n';
    }
    *end = '\0';
    *len = n;
    return out;
}

/*
 * Takes over the lines of the waiting note that still hold. Their signatures were verified when
 * they came and are verified again before the note is logged.
 */
static void add_waiting(struct request *rq, const struct note *waiting, struct lines *lines)
{
    bool holds[NOTE_SIGS_MAX];
    struct signatures found;

    if (!posted_progress(rq, rq->entry, waiting, &found, holds)) {
        return;
    }
    for (size_t i = 0; i < waiting->n_sigs && lines->n < NOTE_SIGS_MAX; i++) {
        if (holds[i] && !has_name(lines, &waiting->sigs[i])) {
            lines->v[lines->n++] = &waiting->sigs[i];
        }
    }
}

/*
 * Replaces body and note by the union of the posted and the waiting lines. rq->entry and `note`
 * point into the new body afterwards.
 */
static bool merge(struct request *rq, struct note *note, const struct note *waiting,
                  struct refusal *why)
{
    struct lines lines = {0};
    char *merged;
    size_t n;

    for (size_t i = 0; i < note->n_sigs; i++) {
        lines.v[lines.n++] = &note->sigs[i];
    }
    add_waiting(rq, waiting, &lines);
    merged = write_note(note, &lines, &n);
    if (!merged) {
        return refuse(why, CODE_internal, "", NULL, "no memory");
    }
    free(rq->body);
    rq->body = merged;
    rq->body_len = rq->body_size = n;
    rq->entry->text = merged;
    if (n > ENTRY_NOTE_MAX) {
        return refuse(why, CODE_entry_too_large, "", "at most 16128 bytes", "%zu", n);
    }
    if (lines.n == 0) {
        note->text = merged;
        return true;
    }
    if (note_parse(note, merged, n) != NOTE_OK) {
        return refuse(why, CODE_internal, "", NULL, "merging the signatures failed");
    }
    return true;
}

/* --- Waiting --------------------------------------------------------------------------------- */

/*
 * The bounds of SPEC 5.3 that do not depend on what others write meanwhile: a text that could
 * never be logged does not wait.
 */
static bool check_times(struct request *rq, struct refusal *why)
{
    const struct entry *e = rq->entry;
    const struct policy *policy = e->kind->id == KIND_NETWORK_FOUND
                                      ? &e->network_found.policy
                                      : &rq->state->network.found.policy;
    int64_t made = id_time_ms(&e->id);
    int64_t until = made + policy->entry_days_max * WINDOW_DAY_MS;

    if (rq->now_ms > e->valid_until) {
        return refuse(why, CODE_expired, "valid_until", "a moment to come", "%lld",
                      (long long)e->valid_until);
    }
    if (made > rq->now_ms + policy->id_skew_minutes * 60000) {
        return refuse(why, CODE_id_time, "id", "a time not after now", "%lld", (long long)made);
    }
    if (e->valid_until > until) {
        return refuse(why, CODE_valid_until_too_far, "valid_until", "at most entry_days_max days "
                      "after the id's time", "%lld", (long long)e->valid_until);
    }
    return true;
}

/* Nobody applies under a name that is taken: its inbox is not for strangers to fill. */
static bool check_newcomer(struct request *rq, struct refusal *why)
{
    const struct entry *e = rq->entry;

    if (e->kind->id == KIND_ORG_ADMIT && state_org_number(rq->state, &e->by) != 0) {
        return refuse(why, CODE_handle_taken, "by", "a handle that was never in use", "%s",
                      e->by.s);
    }
    return true;
}

/* A newcomer's text waits only with the newcomer's own signature: nobody applies for another. */
static bool check_applicant(const struct entry *e, const struct signatures *s, struct refusal *why)
{
    for (size_t i = 0; i < s->needed.n; i++) {
        if (e->kind->id == KIND_ORG_ADMIT && !s->present[i] &&
            strcmp(s->needed.v[i].handle.s, e->by.s) == 0) {
            return signers_missing(s, why);
        }
    }
    return true;
}

/* Who brought it: the session of an unsigned text, else the author if he signed, else a signer. */
static struct handle first_signer(struct request *rq, const struct signatures *s)
{
    struct handle first = rq->caller.handle;

    for (size_t i = s->needed.n; i-- > 0;) {
        if (s->present[i]) {
            first = s->needed.v[i].handle;
            if (strcmp(first.s, rq->entry->by.s) == 0) {
                break;
            }
        }
    }
    return first;
}

static void add_texts(const struct entry *entry, struct inbox_item *item)
{
    const char *kind;

    for (int slot = SLOT_DETAILS; slot <= SLOT_SKILLS; slot++) {
        const struct commit *commit = posted_commit(entry, (enum slot)slot, &kind);

        if (commit && commit->set) {
            side_text_key(&item->texts[item->n_texts++], &item->ref, (enum slot)slot,
                          &commit->h);
        }
    }
}

static bool fill_item(struct request *rq, const struct note *note,
                      const struct signatures *signatures, struct inbox_item *item,
                      struct refusal *why)
{
    const struct entry *e = rq->entry;
    size_t n = note->n_sigs ? rq->body_len : note->text_len + 1;

    if (n > sizeof item->note) {
        return refuse(why, CODE_entry_too_large, "", "at most 16128 bytes", "%zu", n);
    }
    memset(item, 0, offsetof(struct inbox_item, note));
    item->ref = (struct ref){e->by, e->id};
    item->received_at = rq->now_ms;
    item->valid_until = e->valid_until;
    item->stranger = state_org_number(rq->state, &e->by) == 0;
    item->first_signer = first_signer(rq, signatures);
    add_texts(e, item);
    item->n_involved = signatures->needed.n;
    for (size_t i = 0; i < signatures->needed.n; i++) {
        item->involved[i] = signatures->needed.v[i].handle;
    }
    item->note_len = n;
    memcpy(item->note, note->n_sigs ? rq->body : note->text, n - !note->n_sigs);
    if (!note->n_sigs) {
        item->note[n - 1] = '\n';
    }
    return true;
}

static bool store(struct request *rq, const struct note *note, const struct signatures *signatures,
                  struct refusal *why)
{
    struct inbox_item *item = &rq->worker->item;

    if (!check_times(rq, why) || !check_newcomer(rq, why) ||
        !check_applicant(rq->entry, signatures, why) ||
        !fill_item(rq, note, signatures, item, why)) {
        return false;
    }
    switch (inbox_put(rq->server->node->side, item, rq->now_ms)) {
    case INBOX_STORED:
        return true;
    case INBOX_FULL:
        return refuse(why, CODE_inbox_full, "", NULL, "%s", "");
    case INBOX_RATE:
        return refuse(why, CODE_rate_limited, "", NULL, "%s", "");
    case INBOX_OTHER_TEXT:
        return refuse(why, CODE_id_reused, "id", "an id never used for another text",
                      "another text under it waits in the inbox");
    case INBOX_IO:
        return refuse(why, CODE_internal, "", NULL, "the inbox cannot be written");
    }
    return false;
}

/* --- Putting together ------------------------------------------------------------------------ */

/* The waiting note of the same text; it points into the worker's item. */
static bool find_waiting(struct request *rq, const struct note *note, struct note *waiting)
{
    struct inbox_item *item = &rq->worker->item;
    struct ref ref = {rq->entry->by, rq->entry->id};

    return inbox_get(rq->server->node->side, &ref, item) &&
           note_parse(waiting, item->note, item->note_len) == NOTE_OK &&
           waiting->text_len == note->text_len &&
           memcmp(waiting->text, note->text, note->text_len) == 0;
}

/*
 * Somebody else may have completed the set while this one was being stored, or an earlier text
 * under this id was refused for good: then the item goes again, and the writer, which looks for the
 * id first, answers with the place in the log or with the refusal.
 */
static bool decided_meanwhile(struct request *rq)
{
    struct ref ref = {rq->entry->by, rq->entry->id};
    struct thing_key key = {.id = ref.id};
    struct entry_record record;
    uint64_t index;

    worker_end(rq->worker);
    writer_catch_up(rq->server->writer);
    if (!worker_begin(rq->worker, rq->server->writer)) {
        return false;
    }
    key.author = state_org_number(rq->state, &ref.by);
    if (key.author != 0 && state_id(rq->state, &key, &index) &&
        state_entry(rq->state, index, &record)) {
        inbox_remove(rq->server->node->side, &ref, &record.text_hash);
        return true;
    }
    if (refused_get(rq->server->node->side, &ref, &rq->worker->refused) == REFUSED_THERE) {
        inbox_remove(rq->server->node->side, &ref, NULL);
        return true;
    }
    return false;
}

static enum gathered gather_locked(struct request *rq, struct note *note, bool inbox,
                                   struct signatures *signatures, struct refusal *why)
{
    struct note waiting;

    if (!signatures_complete(signatures) && find_waiting(rq, note, &waiting) &&
        (!merge(rq, note, &waiting, why) ||
         !posted_signatures(rq, rq->entry, note, true, signatures, why))) {
        return GATHER_REFUSED;
    }
    if (signatures_complete(signatures)) {
        return GATHER_COMPLETE;
    }
    if (!inbox) {
        signers_missing(signatures, why);
        return GATHER_REFUSED;
    }
    if (!store(rq, note, signatures, why)) {
        return GATHER_REFUSED;
    }
    return decided_meanwhile(rq) ? GATHER_COMPLETE : GATHER_WAITS;
}

enum gathered gather_signatures(struct request *rq, struct note *note, bool inbox,
                                struct signatures *signatures, struct refusal *why)
{
    enum gathered result;

    if (signatures_complete(signatures)) {
        return GATHER_COMPLETE;
    }
    pthread_mutex_lock(&inbox_lock);
    result = gather_locked(rq, note, inbox, signatures, why);
    pthread_mutex_unlock(&inbox_lock);
    return result;
}
