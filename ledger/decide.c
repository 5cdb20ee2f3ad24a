/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/decide.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "ledger/log.h"
#include "ledger/seal.h"
#include "ledger/tick.h"

_Noreturn void writer_die(const char *what, const char *why)
{
    fprintf(stderr, "sem: the writer stops the process: %s: %s\n", what, why);
    abort();
}

bool decider_init(struct decider *d, const struct writer_config *config, const char *origin,
                  int64_t (*now_ms)(void), struct journal *journal, struct refuser *refuser)
{
    d->origin = origin;
    d->clock_key = config->clock_key;
    secret_key_public(config->log_key, &d->log_public);
    secret_key_public(config->clock_key, &d->clock_public);
    secret_key_public(config->refusal_key, &d->refusal_public);
    d->now_ms = now_ms;
    d->journal = journal;
    d->refuser = refuser;
    d->rules.state = &d->state;
    d->rules.root_at = log_root_of;
    return state_keep_many(&d->state);
}

void decider_free(struct decider *d)
{
    state_keep_few(&d->state);
}

void decider_begin(struct decider *d, struct kv *overlay)
{
    d->appended = 0;
    state_follow(&d->state, overlay); /* nobody else writes */
}

/* --- Appending -------------------------------------------------------------------------------- */

/* Puts the next leaf together, for the rules to see. */
static void write_leaf(struct decider *d, const char *note, size_t note_len)
{
    size_t prefix = leaf_prefix(d->leaf, d->rules.at);
    assert(note_len <= sizeof d->leaf - prefix);
    memcpy(d->leaf + prefix, note, note_len);
    d->rules.leaf = (struct slice){(const uint8_t *)d->leaf, prefix + note_len};
}

static void append_leaf(struct decider *d, struct kv *kv)
{
    if (!log_append_next(kv, d->rules.index, d->rules.leaf))
        writer_die("the log cannot be appended to", store_message());
    if (!journal_add(d->journal, d->rules.leaf))
        writer_die("the journal cannot be appended to", "no memory");
}

/* Appends what the clock makes: a leaf of our own making must be taken. */
static void append_own(struct decider *d, struct kv *kv, int64_t at, const char *note, size_t n)
{
    struct refusal why = {.code = CODE_OK};
    struct rules *r = &d->rules;
    r->index = state_size(&d->state);
    r->at = at;
    r->root_ctx = kv;
    r->signers = NULL;
    write_leaf(d, note, n);
    if (note_parse(&d->note_read, note, n) != NOTE_OK ||
        !entry_decode(&d->own, d->origin, d->note_read.text, d->note_read.text_len, &why) ||
        !rules_apply(r, &d->own, &why))
        writer_die("a leaf of our own is refused",
                   why.code != CODE_OK ? code_word(why.code) : "its form");
    append_leaf(d, kv);
    d->appended++;
}

/* SPEC 6.11: behind the last leaf that may stand without a seal, in its transaction. */
static void append_seal(struct decider *d, struct kv *kv)
{
    struct body_seal_balances body;
    struct id id;
    char note[SEAL_NOTE_SIZE];
    if (!rules_seal_due(&d->state))
        return;
    int64_t at = state_last_at(&d->state);
    rules_make_seal(&d->state, d->origin, &body, &id);
    d->rules.made = &body;
    append_own(d, kv, at, note, seal_note(note, d->origin, &body, &id, at, d->clock_key));
    d->rules.made = NULL;
}

static void append_tick(struct decider *d, struct kv *kv, int64_t at)
{
    struct body_clock_tick body;
    struct id id;
    char note[TICK_NOTE_SIZE];
    if (!rules_make_tick(&d->state, at, &body, &id))
        writer_die("a tick cannot be made", kv_failed(kv) ? store_message() : "no memory");
    append_own(d, kv, at, note, tick_note(note, d->origin, &body, &id, d->clock_key));
    append_seal(d, kv);
}

void decide_ticks(struct decider *d, struct kv *kv, int64_t at)
{
    while (d->state.network.founded && rules_tick_due(&d->state, at))
        append_tick(d, kv, at);
}

/* --- One job ---------------------------------------------------------------------------------- */

/* True when the id is in the log: the job is then decided. */
static bool decide_known(struct decider *d, struct job *job)
{
    struct entry_record record;
    struct thing_key key = {.id = job->entry->id,
                            .author = state_org_number(&d->state, &job->entry->by)};
    if (key.author == 0 || !state_id(&d->state, &key, &job->index) ||
        !state_entry(&d->state, job->index, &record))
        return false;
    job->at = record.at;
    job->result = JOB_KNOWN;
    if (!hash_equal(&record.text_hash, &job->entry->text_hash)) {
        job->result = JOB_REFUSED;
        refuse(&job->why, CODE_id_reused, "id", "an id never used for another text",
               "used by entry %" PRIu64, job->index);
        refuse_values(&job->why, "id", NULL, "%" PRIu64, job->index);
    }
    return true;
}

static bool check_network_keys(const struct decider *d, const struct entry *e, struct refusal *why)
{
    if (e->kind->id != KIND_NETWORK_FOUND)
        return true;
    const struct body_network_found *f = &e->network_found;
    const char *field = NULL;
    if (!public_key_equal(&f->clock_key, &d->clock_public))
        field = "clock_key";
    if (!public_key_equal(&f->log_key, &d->log_public))
        field = "log_key";
    if (!public_key_equal(&f->refusal_key, &d->refusal_public))
        field = "refusal_key";
    return field == NULL ||
           refuse(why, CODE_network_keys, field, "the key of this server", "another key");
}

/*
 * Decides on the overlay `kv`, which is the caller's to keep or to throw away. *decided: the
 * signatures are complete and hold, so that a refusal is a decision. `untimely`: why the entry's
 * time is refused, or NULL.
 */
static bool apply(struct decider *d, struct kv *kv, struct job *job, const struct refusal *untimely,
                  bool *decided)
{
    struct rules *r = &d->rules;
    struct refusal *why = &job->why;
    r->index = state_size(&d->state);
    r->at = job->at;
    r->root_ctx = kv;
    enum note_err err = note_parse(&d->note_read, job->note_bytes, job->note_len);
    if (err != NOTE_OK)
        return refuse(why, CODE_note_malformed, "", "a C2SP signed note", "%s",
                      note_strerror(err));
    if (!signers_check(r, d->origin, job->entry, &d->note_read, false, &d->signatures, why))
        return false;
    if (!signatures_complete(&d->signatures))
        return signers_missing(&d->signatures, why);
    *decided = true;
    if (untimely != NULL) {
        *why = *untimely;
        return false;
    }
    r->signers = &d->signatures.needed;
    write_leaf(d, job->note_bytes, job->note_len);
    if (!rules_apply(r, job->entry, why) || !check_network_keys(d, job->entry, why))
        return false;
    job->index = r->index;
    append_leaf(d, kv);
    append_seal(d, kv);
    return true;
}

/* Decides on the overlay `kv`, and leaves it empty: what was accepted is in the transaction. */
static bool apply_alone(struct decider *d, struct kv *kv, struct job *job,
                        const struct refusal *untimely, bool *decided)
{
    uint64_t appended = d->appended;
    struct journal_mark mark = journal_mark(d->journal);
    decide_ticks(d, kv, job->at);
    bool accepted = apply(d, kv, job, untimely, decided);
    /* A read that fails looks like a thing that is not there: a refusal must not come of it. */
    if (kv_failed(kv))
        writer_die("the store fails", store_message());
    if (accepted) {
        kv_memory_flush(kv);
        return true;
    }
    kv_memory_clear(kv);
    d->appended = appended; /* its ticks too: a refused entry leaves nothing behind */
    journal_cut(d->journal, mark);
    d->state.network_version = 0; /* what was read of the network may be gone */
    state_attach(&d->state, kv);
    return false;
}

/* SPEC 10.2: states the log as it stands without the entry and the ticks before it. */
static void sign_refusal(struct decider *d, struct kv *kv, struct job *job)
{
    struct log_head head;
    if (!log_head(kv, &head))
        writer_die("the head of the log cannot be read", store_message());
    job->stranger = state_org_number(&d->state, &job->entry->by) == 0;
    refuser_sign(d->refuser, job, &head);
}

void decide(struct decider *d, struct kv *kv, struct job *job)
{
    struct refusal untimely = {.code = CODE_OK};
    bool decided = false;
    if (job->result == JOB_DEADLINE || decide_known(d, job) || refuser_look(d->refuser, job))
        return;
    job->result = JOB_REFUSED;
    if (job->note_len > ENTRY_NOTE_MAX) {
        refuse(&job->why, CODE_entry_too_large, "", "a note of at most 16128 bytes", "%zu",
               job->note_len);
        return;
    }
    if (job->entry->kind->by_clock) {
        refuse(&job->why, CODE_clock_only, "kind", "any other kind", "%s",
               job->entry->kind->name);
        return;
    }
    bool timely = rules_entry_time(&d->state, job->entry, d->now_ms(), &job->at, &untimely);
    if (apply_alone(d, kv, job, timely ? NULL : &untimely, &decided)) {
        job->result = JOB_ACCEPTED;
        d->appended++;
    } else if (decided) {
        sign_refusal(d, kv, job);
    }
}
