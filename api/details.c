/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Texts behind commitments (SPEC 9): stored by whoever knows them, read by whom they concern. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/posted.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "crypto/note.h"
#include "ledger/kind.h"
#include "policies/window.h"

/* --- Which commitment, and whose ------------------------------------------------------------- */

/* A slot of a logged entry, or of an entry that waits in the inbox. */
struct place {
    bool logged;
    struct detail detail; /* when logged */
    struct hash commit;
    char kind[12];
};

/* In the inbox; the item stays in the worker. */
static bool find_waiting(struct request *rq, const struct ref *ref, enum slot slot,
                         struct place *out)
{
    struct inbox_item *item = &rq->worker->item;
    const struct commit *commit;
    const char *kind = "", *end;
    struct refusal why = {.code = CODE_OK};

    if (!inbox_get(rq->server->node->side, ref, item)) {
        return false;
    }
    end = memmem(item->note, item->note_len, "\n\n", 2);
    if (!end || !entry_decode(&rq->worker->entry, rq->server->node->origin, item->note,
                              (size_t)(end - item->note) + 1, &why)) {
        return false;
    }
    commit = posted_commit(&rq->worker->entry, slot, &kind);
    if (!commit || !commit->set) {
        return false;
    }
    out->logged = false;
    out->commit = commit->h;
    snprintf(out->kind, sizeof out->kind, "%s", kind);
    return true;
}

static bool find_place(struct request *rq, const struct ref *ref, enum slot slot,
                       struct place *out)
{
    struct thing_key key = {.id = ref->id, .author = state_org_number(rq->state, &ref->by)};

    memset(out, 0, sizeof *out);
    if (key.author && state_detail(rq->state, &key, slot, &out->detail)) {
        out->logged = true;
        out->commit = out->detail.commit;
        memcpy(out->kind, out->detail.kind, sizeof out->kind);
        return true;
    }
    return find_waiting(rq, ref, slot, out);
}

static void reply_erased(struct request *rq, const struct detail *detail)
{
    char day[DAY_TEXT_BYTES], sentence[96];

    day_format(day, window_day(detail->erased_at));
    snprintf(sentence, sizeof sentence, "content erased on %s by entry %" PRIu64 ", log intact",
             day, detail->erased_index);
    reply_code(rq, CODE_erased, sentence);
}

/* --- Storing --------------------------------------------------------------------------------- */

struct upload {
    struct ref ref;
    enum slot slot;
    const char *kind; /* borrowed from the body */
    struct salt salt;
    const char *text;
    size_t text_len;
};

static bool slot_find(const char *word, enum slot *out)
{
    for (int slot = SLOT_DETAILS; slot <= SLOT_SKILLS; slot++) {
        if (strcmp(slot_word((enum slot)slot), word) == 0) {
            *out = (enum slot)slot;
            return true;
        }
    }
    return false;
}

static bool is_json_object(const char *text, size_t n)
{
    json_t *value = n ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool is = json_is_object(value);

    json_decref(value);
    return is;
}

static bool read_upload(struct request *rq, const json_t *body, struct upload *out)
{
    const char *ref, *slot, *salt;
    size_t ref_len, slot_len, kind_len, salt_len;

    if (!(ref = request_json_string(rq, body, "ref", &ref_len)) ||
        !(slot = request_json_string(rq, body, "slot", &slot_len)) ||
        !(out->kind = request_json_string(rq, body, "kind", &kind_len)) ||
        !(salt = request_json_string(rq, body, "salt", &salt_len)) ||
        !(out->text = request_json_string(rq, body, "text", &out->text_len)) ||
        !request_json_only(rq, body, 5)) {
        return false;
    }
    if (!ref_parse(&out->ref, ref, ref_len)) {
        reply_body(rq, "ref", "handle/id", "another string");
    } else if (!slot_find(slot, &out->slot)) {
        reply_body(rq, "slot", "details, people, reason or skills", "another string");
    } else if (!hex_decode(out->salt.b, SALT_BYTES, salt, salt_len)) {
        reply_body(rq, "salt", "64 lower-case hex digits", "another string");
    } else if (out->text_len > DETAIL_BYTES_MAX) {
        reply_body(rq, "text", "at most 16384 bytes", "more");
    } else if (!is_json_object(out->text, out->text_len)) {
        reply_body(rq, "text", "the text of a JSON object", "another text");
    }
    return rq->outcome == OUTCOME_NONE;
}

/* Goes on with the newest snapshot. */
static bool look_again(struct request *rq)
{
    worker_end(rq->worker);
    writer_catch_up(rq->server->writer);
    return worker_begin(rq->worker, rq->server->writer);
}

static void reply_stored(struct request *rq, const struct upload *up, const struct hash *commit,
                         bool known)
{
    json_t *answer = view_object();

    put_hex(answer, "commit", commit->b, HASH_BYTES);
    put_ref(answer, "ref", &up->ref);
    put_text(answer, "slot", slot_word(up->slot));
    reply_json(rq, known ? MHD_HTTP_OK : MHD_HTTP_CREATED, answer);
}

static bool store(struct request *rq, const struct upload *up, const struct place *place)
{
    const struct hash *commit = &place->commit;
    struct side *side = rq->server->node->side;
    struct detail_text *text = &rq->worker->text;
    struct place now;
    struct text_place where = {up->ref, up->slot, *commit};
    bool known = view_load(rq, &where, text);
    struct hash key;

    side_text_key(&key, &up->ref, up->slot, commit);
    memset(text, 0, offsetof(struct detail_text, bytes));
    snprintf(text->kind, sizeof text->kind, "%s", up->kind);
    text->salt = up->salt;
    text->n = up->text_len;
    memcpy(text->bytes, up->text, up->text_len);
    if (!side_put_text(side, &key, text, place->logged ? NULL : &up->ref)) {
        return false;
    }
    /* An erasure that was logged since our look has not seen the text: then it goes again. */
    if (!look_again(rq)) {
        reply_code(rq, CODE_internal, "the store cannot be read now");
    } else if (find_place(rq, &up->ref, up->slot, &now) && now.logged && now.detail.erased) {
        /* When this fails the store is failing; no answer shows the text. */
        (void)!side_erase_text(side, &key);
        reply_erased(rq, &now.detail);
    } else {
        reply_stored(rq, up, commit, known);
    }
    return true;
}

/* Replies, or answers false when the text cannot be stored at the place that was found. */
static bool take_upload(struct request *rq, const struct upload *up)
{
    const char *origin = rq->server->node->origin;
    struct place place;

    if (!find_place(rq, &up->ref, up->slot, &place)) {
        reply_code(rq, CODE_ref_unknown, "no entry, logged or waiting, has a text in this slot");
    } else if (place.logged && place.detail.erased) {
        reply_erased(rq, &place.detail);
    } else if (!hash_equal(&place.commit, &rq->args.commit) || strcmp(place.kind, up->kind) != 0 ||
               !commitment_opens(&place.commit, origin, up->kind, &up->salt, up->text,
                                 up->text_len)) {
        reply_code(rq, CODE_details_mismatch, NULL);
    } else {
        return store(rq, up, &place);
    }
    return true;
}

/*
 * A waiting entry may have been logged or withdrawn between our look and the storing: then a second
 * look, on a newer snapshot, tells.
 */
static void take_upload_twice(struct request *rq, const struct upload *up)
{
    if (take_upload(rq, up)) {
        return;
    }
    if (!look_again(rq) || !take_upload(rq, up)) {
        reply_code(rq, CODE_internal, "the text cannot be stored");
    }
}

void put_details(struct request *rq)
{
    struct upload up;
    json_t *body;

    if (!query_read(rq, NULL, 0) || !(body = request_json(rq))) {
        return;
    }
    if (read_upload(rq, body, &up)) {
        take_upload_twice(rq, &up);
    }
    json_decref(body);
}

/* --- Reading --------------------------------------------------------------------------------- */

static bool is_owner(const struct detail *detail, uint32_t org)
{
    for (size_t i = 0; i < detail->n_owners; i++) {
        if (detail->owners[i] == org) {
            return true;
        }
    }
    return false;
}

/* The reason of a status or a step is for the panel, its author and whom it is about. */
static bool reads_reason(struct request *rq, const struct detail *d)
{
    return state_mandate(rq->state, rq->caller.org, ROLE_PANEL) > rq->now_ms ||
           is_owner(d, rq->caller.org);
}

static bool needs_party(struct request *rq, bool party)
{
    if (!request_needs_session(rq)) {
        return false;
    }
    if (!party) {
        reply_code(rq, CODE_forbidden, "only the parties read this text");
    }
    return party;
}

static bool is_public_thing(struct request *rq, const struct detail *d)
{
    struct offer offer;
    struct need need;
    struct org org;

    if (strcmp(d->kind, "offer") == 0) {
        return state_offer(rq->state, &d->subject, &offer) && offer.is_public;
    }
    if (strcmp(d->kind, "need") == 0) {
        return state_need(rq->state, &d->subject, &need) && need.is_public;
    }
    /* The flag is of the sheet in force; what stood in an older one is the members'. */
    return state_org(rq->state, d->subject.author, &org) && org.is_public &&
           memcmp(&org.sheet_ref.id, &d->subject.id, sizeof d->subject.id) == 0 &&
           state_org_number(rq->state, &org.sheet_ref.by) == d->subject.author;
}

/* SPEC 12.3: catalogue for all, directory texts like the directory, the rest for the parties. */
static bool may_read(struct request *rq, const struct place *place)
{
    const struct inbox_item *item = &rq->worker->item;
    bool party = false;

    if (!place->logged) {
        for (size_t i = 0; i < item->n_involved; i++) {
            party = party || strcmp(item->involved[i].s, rq->caller.handle.s) == 0;
        }
        return needs_party(rq, party);
    }
    if (strcmp(place->kind, "skills") == 0) {
        return true;
    }
    if (strcmp(place->kind, "org") == 0 || strcmp(place->kind, "offer") == 0 ||
        strcmp(place->kind, "need") == 0) {
        return request_reads_directory(rq, is_public_thing(rq, &place->detail)) ||
               request_needs_session(rq);
    }
    if (place->detail.slot == SLOT_REASON) {
        return needs_party(rq, rq->caller.known && reads_reason(rq, &place->detail));
    }
    return needs_party(rq, is_owner(&place->detail, rq->caller.org));
}

void get_details(struct request *rq)
{
    struct detail_text *text = &rq->worker->text;
    struct ref ref = {rq->args.handle, rq->args.id};
    struct text_place where;
    struct place place;
    json_t *answer;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (!find_place(rq, &ref, rq->args.slot, &place)) {
        if (request_reads_directory(rq, false) || request_needs_session(rq)) {
            reply_code(rq, CODE_not_found, "no such text");
        }
        return;
    }
    if (!may_read(rq, &place)) {
        return;
    }
    if (place.logged && place.detail.erased) {
        reply_erased(rq, &place.detail);
        return;
    }
    where = (struct text_place){ref, rq->args.slot, place.commit};
    if (!view_load(rq, &where, text)) {
        reply_code(rq, CODE_not_found, "the text was not brought to this server");
        return;
    }
    if (reply_not_modified(rq)) {
        return;
    }
    answer = view_object();
    put_hex(answer, "commit", place.commit.b, HASH_BYTES);
    put_text(answer, "kind", text->kind);
    put_hex(answer, "salt", text->salt.b, SALT_BYTES);
    put_bytes(answer, "text", text->bytes, text->n);
    reply_json(rq, MHD_HTTP_OK, answer);
}
