/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/refuser.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool refuser_init(struct refuser *f, const struct writer_config *config, const char *origin,
                  size_t batch_max)
{
    f->side = config->side;
    f->origin = origin;
    f->key = config->refusal_key;
    secret_key_public(f->key, &f->public);
    f->fresh = calloc(batch_max, sizeof *f->fresh);
    return f->fresh != NULL;
}

void refuser_free(struct refuser *f)
{
    free(f->fresh);
}

void refuser_begin(struct refuser *f)
{
    f->n_fresh = 0;
}

/* --- Looking ---------------------------------------------------------------------------------- */

static bool same_ref(const struct entry *a, const struct entry *b)
{
    return memcmp(a->id.b, b->id.b, sizeof a->id.b) == 0 && strcmp(a->by.s, b->by.s) == 0;
}

static struct job *find_fresh(const struct refuser *f, const struct job *job)
{
    for (size_t i = 0; i < f->n_fresh; i++)
        if (same_ref(f->fresh[i]->entry, job->entry))
            return f->fresh[i];
    return NULL;
}

static void refuse_unkept(struct job *job)
{
    job->refusal_len = 0;
    refuse(&job->why, CODE_internal, "", NULL,
           "the store of refusals fails; try again with the same id");
}

/* The stored refusal again, byte for byte, and its parts. */
static void answer_again(struct refuser *f, struct job *job)
{
    struct refusal_note stated;
    const char *wrong;
    const struct refused *kept = &f->room;
    if (!refusal_open(&stated, kept->refusal, kept->refusal_len, f->origin, &f->public, &wrong)) {
        refuse_unkept(job);
        return;
    }
    job->at = stated.at;
    if (!hash_equal(&kept->text_hash, &job->entry->text_hash)) {
        refusal_reuse(&job->why, stated.at);
        return;
    }
    job->why = stated.why;
    job->refusal_len = kept->refusal_len;
    memcpy(job->refusal, kept->refusal, kept->refusal_len);
}

bool refuser_look(struct refuser *f, struct job *job)
{
    if (f->side == NULL)
        return false;
    job->twin = find_fresh(f, job);
    if (job->twin != NULL)
        return true;
    const struct ref ref = {job->entry->by, job->entry->id};
    switch (refused_get(f->side, &ref, &f->room)) {
    case REFUSED_ABSENT:
        return false;
    case REFUSED_THERE:
        answer_again(f, job);
        return true;
    case REFUSED_UNKNOWN:
        refuse_unkept(job);
        return true;
    }
    return true;
}

/* --- Signing ---------------------------------------------------------------------------------- */

void refuser_sign(struct refuser *f, struct job *job, const struct log_head *head)
{
    const struct entry *e = job->entry;
    if (f->side == NULL || !refusal_final(job->why.code))
        return;
    const struct refusal_note stated = {.ref = {e->by, e->id},
                                        .entry_hash = e->text_hash,
                                        .why = job->why,
                                        .at = job->at,
                                        .valid_until = e->valid_until,
                                        .head = *head};
    job->refusal_len = refusal_sign(job->refusal, f->origin, &stated, f->key);
    /* A text past its time is dead without anybody remembering it. */
    if (e->valid_until >= job->at)
        f->fresh[f->n_fresh++] = job;
}

/* --- Keeping ---------------------------------------------------------------------------------- */

static void put(struct refuser *f, struct kv *kv, struct job *job)
{
    struct refused *kept = &f->room;
    kept->ref = (struct ref){job->entry->by, job->entry->id};
    kept->text_hash = job->entry->text_hash;
    kept->valid_until = job->entry->valid_until;
    kept->stranger = job->stranger;
    kept->note_len = job->note_len;
    memcpy(kept->note, job->note_bytes, job->note_len);
    kept->refusal_len = job->refusal_len;
    memcpy(kept->refusal, job->refusal, job->refusal_len);
    /* What is not remembered must not be promised: the refusal is told, and binds nobody. */
    if (!refused_put(kv, kept))
        job->refusal_len = 0;
}

/* Of two jobs with one id in a batch the first is decided, and the other follows. */
static void settle_twins(struct job *jobs)
{
    for (struct job *job = jobs; job != NULL; job = job->next) {
        const struct job *twin = job->twin;
        if (twin == NULL)
            continue;
        job->at = twin->at;
        if (hash_equal(&twin->entry->text_hash, &job->entry->text_hash)) {
            job->why = twin->why;
            job->refusal_len = twin->refusal_len;
            memcpy(job->refusal, twin->refusal, twin->refusal_len);
        } else if (twin->refusal_len > 0) {
            refusal_reuse(&job->why, twin->at);
        } else {
            refuse(&job->why, CODE_too_busy, "", NULL, "%s", "");
        }
    }
}

void refuser_keep(struct refuser *f, struct job *jobs)
{
    if (f->n_fresh == 0)
        return;
    struct kv *kv = refused_begin(f->side);
    bool kept = false;
    if (kv != NULL) {
        for (size_t i = 0; i < f->n_fresh; i++)
            put(f, kv, f->fresh[i]);
        kept = refused_end(f->side, kv);
    }
    for (size_t i = 0; i < f->n_fresh && !kept; i++)
        refuse_unkept(f->fresh[i]);
    settle_twins(jobs);
}
