/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/posted.h"

#include <string.h>

#include "api/reply.h"
#include "api/server.h"
#include "api/view.h"
#include "ledger/kind.h"
#include "ledger/signers.h"

/* A text alone, or a text and the empty line after which its signatures will stand. */
static bool unsigned_text(const char *body, size_t n, struct note *out)
{
    if (n > 2 && body[n - 1] == '\n' && body[n - 2] == '\n') {
        n--;
    }
    out->text = body;
    out->text_len = n;
    out->n_sigs = 0;
    return note_text_check(body, n) == NOTE_OK;
}

static bool refuse_note(struct refusal *why, enum note_err err)
{
    return refuse(why, CODE_note_malformed, "", "a text, an empty line, signature lines", "%s",
                  note_strerror(err));
}

static bool read_note(struct request *rq, bool unsigned_ok, struct note *note, struct refusal *why)
{
    enum note_err err = note_parse(note, rq->body, rq->body_len);

    if (err == NOTE_OK) {
        return true;
    }
    if ((err == NOTE_NO_SEPARATOR || err == NOTE_NO_SIGNATURE) && unsigned_ok &&
        unsigned_text(rq->body, rq->body_len, note)) {
        return true;
    }
    return refuse_note(why, err);
}

bool posted_read(struct request *rq, bool unsigned_ok, struct entry *entry, struct note *note)
{
    const char *origin = rq->server->node->origin;
    struct refusal why = {.code = CODE_OK};

    if (rq->body_len == 0) {
        refuse_note(&why, NOTE_NO_SEPARATOR);
    } else if (rq->body_len > ENTRY_NOTE_MAX) {
        refuse(&why, CODE_entry_too_large, "", "at most 16128 bytes", "%zu", rq->body_len);
    } else if (read_note(rq, unsigned_ok, note, &why) &&
               entry_decode(entry, origin, note->text, note->text_len, &why)) {
        return true;
    }
    reply_refusal(rq, &why);
    return false;
}

bool posted_signatures(struct request *rq, const struct entry *entry, const struct note *note,
                       bool verify, struct signatures *out, struct refusal *why)
{
    struct rules *r = &rq->worker->rules;
    struct refusal later; /* of its time: the writer says it */

    /* Zero but for these: who is to sign is asked of the state, and nothing is worked on. */
    r->state = rq->state;
    r->index = rq->worker->size;
    if (!rules_entry_time(rq->state, entry, rq->now_ms, &r->at, &later)) {
        r->at = rq->now_ms;
    }
    return signers_check(r, rq->server->node->origin, entry, note, verify, out, why);
}

const struct commit *posted_commit(const struct entry *e, enum slot slot, const char **kind)
{
    bool details = slot == SLOT_DETAILS;

    switch (e->kind->id) {
    case KIND_ORG_ADMIT:
        *kind = "org";
        return details ? &e->org_admit.details : NULL;
    case KIND_ORG_UPDATE:
        *kind = "org";
        return details ? &e->org_update.details : NULL;
    case KIND_OFFER_PUBLISH:
        *kind = "offer";
        return details ? &e->offer_publish.details : NULL;
    case KIND_NEED_PUBLISH:
        *kind = "need";
        return details ? &e->need_publish.details : NULL;
    case KIND_HOURS_RECORD:
        *kind = "hours";
        return details ? &e->hours_record.details : NULL;
    case KIND_AGREEMENT_SIGN:
        *kind = details ? "agreement" : "people";
        return details             ? &e->agreement_sign.details
               : slot == SLOT_PEOPLE ? &e->agreement_sign.people
                                     : NULL;
    case KIND_NETWORK_FOUND:
        *kind = "skills";
        return slot == SLOT_SKILLS ? &e->network_found.skills_details : NULL;
    case KIND_STATUS_GRANT:
        *kind = "status";
        return slot == SLOT_REASON ? &e->status_grant.reason : NULL;
    case KIND_STEP_SET:
        *kind = "step";
        return slot == SLOT_REASON ? &e->step_set.reason : NULL;
    case KIND_ORG_CONFIRM:
    case KIND_ORG_LEAVE:
    case KIND_KEY_ADD:
    case KIND_KEY_REVOKE:
    case KIND_DETAILS_ERASE:
    case KIND_OFFER_RENEW:
    case KIND_OFFER_WITHDRAW:
    case KIND_NEED_VOUCH:
    case KIND_NEED_WITHDRAW:
    case KIND_AGREEMENT_CHANGE:
    case KIND_AGREEMENT_CLOSE:
    case KIND_AGREEMENT_CANCEL:
    case KIND_HOURS_REVERSE:
    case KIND_CLOCK_TICK:
    case KIND_SEAL_BALANCES:
    case KIND_ASSERTION_BALANCE:
    case KIND_POOL_GIVE:
    case KIND_STATUS_END:
    case KIND_PROMISE_EXCUSE:
    case KIND_STEP_END:
    case KIND_STEP_APPEAL:
        break;
    }
    return NULL;
}

/* Looks at each line alone, so that one that does not hold any more takes no other with it. */
bool posted_progress(struct request *rq, const struct entry *entry, const struct note *note,
                     struct signatures *out, bool holds[static NOTE_SIGS_MAX])
{
    struct note one = {.text = note->text, .text_len = note->text_len};
    struct signatures found;
    struct refusal ignored = {.code = CODE_OK};

    if (!posted_signatures(rq, entry, &one, false, out, &ignored)) {
        return false;
    }
    one.n_sigs = 1;
    for (size_t i = 0; i < note->n_sigs; i++) {
        one.sigs[0] = note->sigs[i];
        holds[i] = posted_signatures(rq, entry, &one, false, &found, &ignored);
        for (size_t j = 0; holds[i] && j < out->needed.n; j++) {
            if (found.present[j] && !out->present[j]) {
                out->present[j] = true;
                out->n_present++;
            }
        }
    }
    return true;
}

void put_signatures(json_t *object, const struct signatures *signatures)
{
    json_t *lists[2] = {view_array(), view_array()};

    for (size_t i = 0; i < signatures->needed.n; i++) {
        json_array_append_new(lists[signatures->present[i]],
                              json_string(signatures->needed.v[i].handle.s));
    }
    put(object, "missing", lists[false]);
    put(object, "signed", lists[true]);
}
