/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * POST /v1/entries, the way into the log (SPEC 2, 3, 10). A note is read, its signatures are
 * verified on a snapshot, what the inbox holds of the same text is added. A complete note becomes a
 * job for the writer, which looks at everything that may have changed again; an incomplete one
 * waits in the inbox.
 */
#include <stdlib.h>
#include <string.h>

#include "api/gather.h"
#include "api/json_out.h"
#include "api/posted.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "ledger/kind.h"

/* The receipt, of n characters and of a head of `size`, is in the worker. */
static void reply_logged(struct request *rq, int status, uint64_t index, int64_t at, size_t n,
                         uint64_t size)
{
    char text[REF_TEXT_SIZE];
    const struct entry *entry = rq->entry;
    struct ref ref = {entry->by, entry->id};
    struct worker *w = rq->worker;
    struct json_out *o = &w->answer;

    ref_format(text, &ref);
    o->n = 0;
    json_open(o, NULL, '{');
    json_int(o, "index", (int64_t)index);
    json_int(o, "at", at);
    json_text(o, "ref", text);
    json_hex(o, "hash", entry->text_hash.b, HASH_BYTES);
    json_text_n(o, "receipt", w->receipt, n);
    json_int(o, "size", (int64_t)size);
    json_shut(o, '}');
    reply_json_copy(rq, status, o);
}

static void reply_job(struct request *rq, int status)
{
    const struct job *job = &rq->job;
    size_t n = receipt_write(rq->worker->receipt, job->index, job->proof, job->n_proof,
                             job->checkpoint);

    reply_logged(rq, status, job->index, job->at, n, job->head.size);
}

/* What the store shows already. */
static void reply_stored(struct request *rq, uint64_t index, int64_t at)
{
    struct worker *w = rq->worker;
    size_t n;

    if (w->checkpoint_len == 0) {
        reply_code(rq, CODE_read_only, writer_read_only(rq->server->writer));
        return;
    }
    n = receipt_make_again(w->receipt, &w->nodes, index, &rq->head, rq->checkpoint);
    if (n == 0) {
        reply_code(rq, CODE_internal, "logged, but the receipt cannot be made: ask again");
        return;
    }
    reply_logged(rq, MHD_HTTP_OK, index, at, n, rq->head.size);
}

/* What a logged entry changes outside the log. */
static void settle(struct request *rq)
{
    struct ref ref = {rq->entry->by, rq->entry->id};

    if (rq->job.result != JOB_ACCEPTED && rq->job.result != JOB_KNOWN) {
        return;
    }
    if (inbox_waits(rq->server->node->side, &ref)) {
        writer_catch_up(rq->server->writer); /* so that the entry is in one place or the other */
        inbox_remove(rq->server->node->side, &ref, &rq->entry->text_hash);
    }
    if (rq->entry->kind->id == KIND_DETAILS_ERASE) {
        node_apply_erasures(rq->server->node, rq->state->kv);
    }
}

static void decided(struct request *rq)
{
    switch (rq->job.result) {
    case JOB_ACCEPTED:
        reply_job(rq, MHD_HTTP_CREATED);
        return;
    case JOB_KNOWN:
        reply_job(rq, MHD_HTTP_OK);
        return;
    case JOB_REFUSED:
        reply_signed_refusal(rq, &rq->job.why, rq->job.refusal, rq->job.refusal_len);
        return;
    case JOB_DEADLINE:
        reply_code(rq, CODE_deadline, NULL);
        return;
    }
}

/*
 * A text that is in the log already: its first place is the answer. True when the request is dealt
 * with. An entry that is not yet under a signed head goes to the writer, which answers after
 * signing.
 */
static bool answer_known(struct request *rq)
{
    struct thing_key key = {.id = rq->entry->id};
    struct entry_record record;
    struct refusal why = {.code = CODE_OK};
    uint64_t index;

    key.author = state_org_number(rq->state, &rq->entry->by);
    if (key.author == 0 || !state_id(rq->state, &key, &index) || index >= rq->head.size ||
        !state_entry(rq->state, index, &record)) {
        return false;
    }
    if (hash_equal(&record.text_hash, &rq->entry->text_hash)) {
        reply_stored(rq, index, record.at);
        return true;
    }
    refuse(&why, CODE_id_reused, "id", "an id never used for another text",
           "used by entry %llu", (unsigned long long)index);
    reply_refusal(rq, &why);
    return true;
}

/* What can be said before any signature is looked at. */
static bool check_kind(struct request *rq)
{
    enum entry_kind kind = rq->entry->kind->id;
    bool founded = rq->state->network.founded;

    if (rq->entry->kind->by_clock) {
        reply_code(rq, CODE_clock_only, NULL);
        return false;
    }
    if (founded == (kind == KIND_NETWORK_FOUND)) {
        reply_code(rq, founded ? CODE_network_already_founded : CODE_network_not_founded, NULL);
        return false;
    }
    return true;
}

/* Who may post a text without any signature: somebody whose signature it needs (SPEC 3.3, 10). */
static bool check_unsigned(struct request *rq, const struct signer_set *needed)
{
    if (!request_needs_session(rq)) {
        return false;
    }
    for (size_t i = 0; i < needed->n; i++) {
        if (strcmp(needed->v[i].handle.s, rq->caller.handle.s) == 0) {
            return true;
        }
    }
    reply_code(rq, CODE_forbidden, "an unsigned text is for those whose signature it needs");
    return false;
}

static void wait_in_inbox(struct request *rq, const struct signatures *signatures)
{
    struct ref ref = {rq->entry->by, rq->entry->id};
    json_t *answer = view_object(), *item = view_object();

    put_ref(item, "ref", &ref);
    put_signatures(item, signatures);
    put_int(item, "valid_until", rq->entry->valid_until);
    put(answer, "inbox", item);
    reply_json(rq, MHD_HTTP_ACCEPTED, answer);
}

static void gather(struct request *rq, struct note *note, bool inbox)
{
    struct signatures *signatures = &rq->worker->signatures;
    struct refusal why = {.code = CODE_OK};

    if (!posted_signatures(rq, rq->entry, note, true, signatures, &why)) {
        reply_refusal(rq, &why);
        return;
    }
    if (rq->hasty && !signatures_complete(signatures)) {
        rq->outcome = OUTCOME_SETTLE; /* what waits in the inbox is told from the newest state */
        return;
    }
    if (note->n_sigs == 0 && !check_unsigned(rq, &signatures->needed)) {
        return;
    }
    switch (gather_signatures(rq, note, inbox, signatures, &why)) {
    case GATHER_COMPLETE:
        rq->job.entry = rq->entry;
        rq->job.note_bytes = rq->body;
        rq->job.note_len = rq->body_len;
        rq->job.settle = rq->entry->kind->id == KIND_DETAILS_ERASE;
        request_submit(rq, settle, decided);
        return;
    case GATHER_WAITS:
        wait_in_inbox(rq, signatures);
        return;
    case GATHER_REFUSED:
        reply_refusal(rq, &why);
        return;
    }
}

void post_entry(struct request *rq)
{
    static const char *const words[] = {"no", "yes", NULL};
    struct query q = {"inbox", NULL};
    int inbox = 1;

    if (!query_read(rq, &q, 1) || !query_word(rq, &q, words, &inbox)) {
        return;
    }
    if (!rq->entry && !(rq->entry = malloc(sizeof *rq->entry))) {
        reply_code(rq, CODE_internal, "no memory");
        return;
    }
    /* In haste nothing is answered here, and the writer looks for the id first. */
    if (posted_read(rq, rq->caller.known, rq->entry, &rq->worker->note) &&
        (rq->hasty || !answer_known(rq)) && check_kind(rq)) {
        gather(rq, &rq->worker->note, inbox);
    }
}
