/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What must hold after each group of jobs, and at the end. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/last_signed.h"
#include "ledger/replay.h"
#include "tests/soak/sim.h"

#define RECOUNT_EVERY 8

/* --- Answers --------------------------------------------------------------------------------- */

static bool wrong_answer(struct sim *s, const struct sent *sent, const char *expected)
{
    static const char *const words[] = {"accepted", "known", "refused", "past its deadline"};
    const struct job *job = &sent->job;
    const struct refusal *why = &job->why;
    bool refused = job->result == JOB_REFUSED;

    s->h.text = sent->text;
    s->h.generator.at = sent->at;
    history_differs(&s->h, "expected %s; found %s%s%s %s, expected %s, found %s; index %" PRIu64
                    " at %" PRId64, expected, words[job->result], refused ? ", " : "",
                    refused ? code_word(why->code) : "", refused ? why->field : "", why->expected,
                    why->found, job->index, job->at);
    s->h.text = NULL;
    return false;
}

static bool placed(struct sim *s, const struct sent *sent, enum job_result result)
{
    char expected[96];

    if (sent->job.result == result && sent->job.index == sent->index && sent->job.at == sent->at)
        return true;
    snprintf(expected, sizeof expected, "%s as %" PRIu64 " at %" PRId64,
             result == JOB_KNOWN ? "known" : "accepted", sent->index, sent->at);
    return wrong_answer(s, sent, expected);
}

/* A signed refusal says what the answer says, and names a head of this log. */
static bool check_signed(struct sim *s, struct sent *sent)
{
    const struct job *job = &sent->job;
    struct refusal_note stated;
    const char *why;

    if (!refusal_final(job->why.code))
        return wrong_answer(s, sent, "no signature under a refusal that is not final");
    if (!refusal_open(&stated, job->refusal, job->refusal_len, HISTORY_ORIGIN, &s->refusal_public,
                      &why))
        return wrong_answer(s, sent, why);
    if (!refusal_is_of(&stated, &sent->entry) || stated.why.code != job->why.code)
        return wrong_answer(s, sent, "a refusal of this text");
    if (stated.head.size > s->h.model.size)
        return wrong_answer(s, sent, "a refusal under a head of this log");
    if (stated.head.size <= s->size &&
        !hash_equal(&stated.head.root, &s->roots[stated.head.size]))
        return wrong_answer(s, sent, "a refusal under a root of this log");
    s->coverage->final++;
    sent->kept = sent->op.valid_until >= job->at;
    return true;
}

/* What an incomplete note may meet before the rules: who does not sign, is not here, has left. */
static bool about_signers(enum code code)
{
    return ((int)code >= 200 && (int)code < 300) || code == CODE_org_unknown ||
           code == CODE_org_left;
}

static bool check_refused(struct sim *s, struct sent *sent)
{
    const struct job *job = &sent->job;
    int code = job->result == JOB_REFUSED ? m_code_find(code_word(job->why.code)) : -1;
    bool unsigned_one = !sent->complete && job->result == JOB_REFUSED &&
                        about_signers(job->why.code);
    char expected[160];

    if (!unsigned_one && (code < 0 || !(sent->codes >> code & 1))) {
        size_t n = 0;

        for (int i = 0; i < M_CODE_COUNT && n < sizeof expected - 32; i++)
            if (sent->codes >> i & 1)
                n += (size_t)snprintf(expected + n, sizeof expected - n, "%s%s", n ? " or " : "",
                                      m_code_word((enum m_code)i));
        return wrong_answer(s, sent, expected);
    }
    s->coverage->refused++;
    if (job->refusal_len > 0)
        return check_signed(s, sent);
    /* Of a thing that is too long over nobody knows whose signatures are needed. */
    bool decided = sent->complete && !(job->why.code == CODE_ref_unknown &&
                                       (sent->op.kind == M_OFFER_RENEW ||
                                        sent->op.kind == M_AGREEMENT_CLOSE));
    return !decided || !refusal_final(job->why.code) ||
           wrong_answer(s, sent, "a signed refusal");
}

/* The same text as one that was refused for good. */
static bool check_same(struct sim *s, struct sent *sent)
{
    const struct job *job = &sent->job, *first = &sent->twin->job;

    if (!sent->twin->kept)
        return check_refused(s, sent);
    if (job->result != JOB_REFUSED || job->why.code != first->why.code ||
        strcmp(job->why.found, first->why.found) != 0 || job->refusal_len != first->refusal_len ||
        memcmp(job->refusal, first->refusal, job->refusal_len) != 0)
        return wrong_answer(s, sent, "the same refusal again");
    sent->kept = true;
    s->coverage->remembered++;
    return true;
}

static bool check_answer(struct sim *s, struct sent *sent)
{
    switch (sent->expect) {
    case EXPECT_ACCEPTED:
        s->coverage->accepted++;
        return placed(s, sent, JOB_ACCEPTED);
    case EXPECT_KNOWN:
        s->coverage->known++;
        return placed(s, sent, JOB_KNOWN);
    case EXPECT_SAME:
        s->coverage->twins += !sent->twin->answered;
        return check_same(s, sent);
    case EXPECT_REUSED:
        s->coverage->reused++;
        return (sent->job.result == JOB_REFUSED && sent->job.why.code == CODE_id_reused &&
                sent->job.refusal_len == 0) ||
               wrong_answer(s, sent, "id_reused");
    case EXPECT_CODES:
        return check_refused(s, sent);
    }
    return false;
}

bool sim_check_answers(struct sim *s)
{
    for (int i = 0; i < s->n_group; i++)
        if (!check_answer(s, s->group[i]))
            return false;
    for (int i = 0; i < s->n_group; i++)
        s->group[i]->answered = true;
    return true;
}

/* --- The log --------------------------------------------------------------------------------- */

static bool check_leaf(struct sim *s, uint64_t index, struct slice leaf)
{
    const struct m_entry *expected = &s->h.model.entries.v[index];
    char prefix[24];
    size_t n = leaf_prefix(prefix, expected->at), len = strlen(expected->text);
    bool good = expected->index == index && leaf.size > n + len &&
                memcmp(leaf.data, prefix, n) == 0 &&
                memcmp(leaf.data + n, expected->text, len) == 0;

    if (!good)
        return history_differs(&s->h, "leaf %" PRIu64 " is %.*s\nexpected %.*s%s", index,
                               (int)(leaf.size < 500 ? leaf.size : 500), (const char *)leaf.data,
                               (int)n, prefix, expected->text);
    return true;
}

/* The note of an accepted entry is in its leaf as it was sent. */
static bool check_notes(struct sim *s, struct kv *kv)
{
    for (int i = 0; i < s->n_group; i++) {
        const struct sent *sent = s->group[i];
        struct slice leaf;

        if (sent->expect != EXPECT_ACCEPTED)
            continue;
        if (!log_read(kv, sent->index, &leaf) || leaf.size < sent->note_len ||
            memcmp(leaf.data + leaf.size - sent->note_len, sent->note, sent->note_len) != 0)
            return wrong_answer(s, sent, "the note that was sent in its leaf");
    }
    return true;
}

/* What a client is told holds against the leaf, the log's key and, where it is read, the tree. */
static bool check_given(struct sim *s, const struct sent *sent)
{
    static char receipt[RECEIPT_SIZE], leaf[LEAF_MAX];
    const struct job *job = &sent->job;
    struct log_head head;
    const char *why = "another head";
    uint64_t index;
    size_t prefix = leaf_prefix(leaf, job->at);
    size_t n = receipt_write(receipt, job->index, job->proof, job->n_proof, job->checkpoint);

    memcpy(leaf + prefix, sent->note, sent->note_len);
    if (!receipt_verify(receipt, n, leaf, prefix + sent->note_len, HISTORY_ORIGIN, &s->log_public,
                        &index, &head, &why) ||
        index != job->index || head.size != job->head.size ||
        !hash_equal(&head.root, &job->head.root) ||
        (head.size <= s->size && !hash_equal(&head.root, &s->roots[head.size])))
        return history_differs(&s->h, "the receipt that came with entry %" PRIu64 ": %s",
                               job->index, why);
    s->coverage->proofs++;
    return true;
}

static bool check_all_given(struct sim *s)
{
    for (int i = 0; i < s->n_group; i++)
        if (s->group[i]->expect == EXPECT_ACCEPTED && !check_given(s, s->group[i]))
            return false;
    return true;
}

static bool read_leaves(struct sim *s, struct kv *kv)
{
    for (; s->size < s->h.model.size;) {
        struct slice leaf;
        struct hash hash;

        if (!log_read(kv, s->size, &leaf))
            return history_differs(&s->h, "there is no leaf %" PRIu64, s->size);
        if (!check_leaf(s, s->size, leaf))
            return false;
        merkle_leaf(&hash, leaf.data, leaf.size);
        merkle_range_append(&s->range, &hash);
        merkle_range_root(&s->range, &s->roots[++s->size]);
    }
    return true;
}

/* A receipt of any leaf, and that the head extends any earlier one. */
static bool check_proofs(struct sim *s, struct kv *kv, const struct log_head *head,
                         const char *note)
{
    static char receipt[RECEIPT_SIZE];
    struct hash proof[MERKLE_PROOF_MAX];
    struct log_head proven;
    struct slice leaf;
    const char *why = "it cannot be made";
    uint64_t index = rng_below(&s->rng, head->size), found, old = index + 1;
    size_t n = receipt_make(receipt, kv, index, head, note), n_proof;

    if (n == 0 || !log_read(kv, index, &leaf) ||
        !receipt_verify(receipt, n, (const char *)leaf.data, leaf.size, HISTORY_ORIGIN,
                        &s->log_public, &found, &proven, &why) ||
        found != index || proven.size != head->size)
        return history_differs(&s->h, "the receipt of leaf %" PRIu64 ": %s", index, why);
    if (!merkle_prove_consistency(log_node, kv, old, head->size, proof, &n_proof) ||
        !merkle_verify_consistency(old, head->size, &s->roots[old], &head->root, proof, n_proof))
        return history_differs(&s->h, "size %" PRIu64 " does not extend size %" PRIu64,
                               head->size, old);
    s->coverage->receipts++;
    return true;
}

static bool check_head(struct sim *s, struct log_head *head, char note[static CHECKPOINT_SIZE])
{
    struct log_head opened, kept;
    const char *why = "another head";
    size_t n;

    writer_checkpoint(s->writer, head, note, &n);
    if (!checkpoint_open(&opened, note, n, HISTORY_ORIGIN, &s->log_public, &why) ||
        opened.size != head->size || !hash_equal(&opened.root, &head->root))
        return history_differs(&s->h, "the checkpoint: %s", why);
    if (head->size != s->size || !hash_equal(&head->root, &s->roots[s->size]))
        return history_differs(&s->h, "a head of size %" PRIu64 ", expected %" PRIu64, head->size,
                               s->size);
    if (last_signed_newest(s->dir, &kept) != LAST_SIGNED_OK || kept.size != head->size ||
        !hash_equal(&kept.root, &head->root))
        return history_differs(&s->h, "last-signed and journal have not the head that was shown");
    return true;
}

static bool check_state(struct sim *s, struct kv *kv)
{
    char why[256] = "";

    state_attach(&s->h.state, kv);
    if (state_size(&s->h.state) != s->h.model.size)
        return history_differs(&s->h, "a state of size %" PRIu64 ", expected %" PRIu64,
                               state_size(&s->h.state), s->h.model.size);
    if (s->h.step % RECOUNT_EVERY == 0 && s->size > 0 &&
        !rules_recount(&s->h.state, why, sizeof why))
        return history_differs(&s->h, "the recount fails: %s", why);
    return s->size == 0 || history_compare_all(&s->h);
}

bool sim_check_log(struct sim *s)
{
    struct store_reader *reader;
    struct log_head head;
    char note[CHECKPOINT_SIZE];

    if (writer_ahead(s->writer)) {
        s->coverage->behind++;
        return check_all_given(s);
    }
    if (store_reader_new(s->store, &reader) != STORE_OK)
        return history_differs(&s->h, "no reader: %s", store_message());
    struct kv *kv = store_read(reader);
    assert(kv);
    bool good = log_size(kv) == s->h.model.size ||
                history_differs(&s->h, "a log of size %" PRIu64 ", expected %" PRIu64,
                                log_size(kv), s->h.model.size);
    good = good && read_leaves(s, kv) && check_notes(s, kv) && check_all_given(s) &&
           check_head(s, &head, note);
    if (good && s->size > 0)
        good = check_proofs(s, kv, &head, note);
    good = good && check_state(s, kv);
    store_read_end(reader);
    store_reader_free(reader);
    return good;
}

/* --- Replay ---------------------------------------------------------------------------------- */

static bool slices_equal(struct slice a, struct slice b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool table_equal(struct kv *a, struct kv *b, enum kv_table table)
{
    uint8_t last[KV_KEY_MAX];
    struct slice key = {last, 0}, key_a, value_a, key_b, value_b;

    for (bool after = false;; after = true) {
        bool more = kv_seek(a, table, key, after, &key_a, &value_a);

        if (more != kv_seek(b, table, key, after, &key_b, &value_b))
            return false;
        if (!more)
            return true;
        if (!slices_equal(key_a, key_b) || !slices_equal(value_a, value_b))
            return false;
        memcpy(last, key_a.data, key_a.size);
        key.size = key_a.size;
    }
}

static bool replay_all(struct sim *s, struct kv *log, struct kv *into, struct replay *replay)
{
    char why[REPLAY_WHY_SIZE];
    struct log_head head;
    struct slice leaf;

    for (uint64_t i = 0; i < s->size; i++) {
        if (!log_read(log, i, &leaf))
            return history_differs(&s->h, "leaf %" PRIu64 " is gone", i);
        if (!replay_leaf(replay, into, leaf, why))
            return history_differs(&s->h, "a replay refuses leaf %" PRIu64 ": %s", i, why);
    }
    if (!replay_recount(replay, into, why))
        return history_differs(&s->h, "the recount of a replay: %s", why);
    if (!log_head(into, &head) || head.size != s->size ||
        !hash_equal(&head.root, &s->roots[s->size]))
        return history_differs(&s->h, "a replay comes to another root");
    for (int table = 0; table < KV_LOG_TABLES; table++)
        if (!table_equal(log, into, (enum kv_table)table))
            return history_differs(&s->h, "after a replay table %s differs",
                                   kv_table_name((enum kv_table)table));
    return true;
}

bool sim_replay(struct sim *s)
{
    struct store_reader *reader;
    struct replay *replay = replay_new(HISTORY_ORIGIN, s->swarm.sign);
    struct kv *into = kv_memory_new(NULL);

    if (store_reader_new(s->store, &reader) != STORE_OK)
        return history_differs(&s->h, "no reader: %s", store_message());
    struct kv *log = store_read(reader);
    assert(replay && into && log);
    bool good = replay_all(s, log, into, replay);
    store_read_end(reader);
    store_reader_free(reader);
    replay_free(replay);
    kv_memory_free(into);
    return good;
}
