/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Texts that wait for signatures, seen by those who are to sign (SPEC 10). */
#include <string.h>

#include "api/page.h"
#include "api/posted.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "ledger/kind.h"
#include "ledger/query.h"
#include "ledger/signers.h"

static bool involves(const struct inbox_item *item, const struct handle *org)
{
    for (size_t i = 0; i < item->n_involved; i++) {
        if (strcmp(item->involved[i].s, org->s) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *view_item(struct request *rq, const struct inbox_item *item)
{
    const char *origin = rq->server->node->origin;
    struct entry *entry = &rq->worker->entry;
    struct note *note = &rq->worker->note;
    bool holds[NOTE_SIGS_MAX];
    struct refusal why = {.code = CODE_OK};
    json_t *o = view_object();

    if (note_parse(note, item->note, item->note_len) != NOTE_OK) {
        note->text = item->note;
        note->text_len = item->note_len - 1; /* the empty line */
        note->n_sigs = 0;
    }
    put_ref(o, "ref", &item->ref);
    put_text(o, "by", item->ref.by.s);
    put_bytes(o, "text", note->text, note->text_len);
    put_bytes(o, "note", item->note, item->note_len);
    if (entry_decode(entry, origin, note->text, note->text_len, &why)) {
        put_text(o, "kind", entry->kind->name);
        put_hex(o, "hash", entry->text_hash.b, HASH_BYTES);
        if (posted_progress(rq, entry, note, &rq->worker->signatures, holds)) {
            put_signatures(o, &rq->worker->signatures);
        }
    }
    put_int(o, "received_at", item->received_at);
    put_int(o, "valid_until", item->valid_until);
    return o;
}

/* A cursor's key: id, then the author's handle padded with zeros. */
#define INBOX_KEY_LEN (sizeof(struct id) + sizeof(struct handle))

static void list_items(struct request *rq, struct page *page)
{
    struct inbox_item *item = &rq->worker->item;
    struct ref last;
    uint8_t key[INBOX_KEY_LEN];

    memcpy(&last.id, page->key, sizeof last.id);
    memcpy(&last.by, page->key + sizeof last.id, sizeof last.by);
    last.by.s[HANDLE_MAX] = '\0';
    for (bool more = page->resumed; inbox_next(rq->server->node->side, &rq->caller.handle,
                                               more ? &last : NULL, item); more = true) {
        if (!page_goes_on(page)) {
            memcpy(key, &last.id, sizeof last.id);
            memcpy(key + sizeof last.id, &last.by, sizeof last.by);
            page_reply(rq, page, key);
            return;
        }
        memset(&last, 0, sizeof last);
        last.id = item->ref.id;
        memcpy(last.by.s, item->ref.by.s, strlen(item->ref.by.s));
        page_add(page, view_item(rq, item));
    }
    page_reply(rq, page, NULL);
}

void get_inbox(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}};
    struct page page;

    if (!query_read(rq, q, 2) ||
        !page_read(rq, "inbox", rq->caller.handle.s, q, 2, INBOX_KEY_LEN, &page)) {
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    list_items(rq, &page);
}

/* The item of the path, if it names the caller. Strangers to it learn nothing of it. */
static bool find_item(struct request *rq)
{
    struct ref ref = {rq->args.handle, rq->args.id};

    if (!query_read(rq, NULL, 0)) {
        return false;
    }
    if (!inbox_get(rq->server->node->side, &ref, &rq->worker->item) ||
        !involves(&rq->worker->item, &rq->caller.handle)) {
        reply_code(rq, CODE_not_found, "no such text waits for your organisation");
        return false;
    }
    return true;
}

void get_inbox_item(struct request *rq)
{
    if (find_item(rq) && !reply_not_modified(rq)) {
        reply_json(rq, MHD_HTTP_OK, view_item(rq, &rq->worker->item));
    }
}

/* Whether an entry under that reference is in the log by now; gives the hash of its text. */
static bool is_logged(struct request *rq, const struct ref *ref, struct hash *text)
{
    struct entry_record record;
    uint64_t index;

    worker_end(rq->worker);
    writer_catch_up(rq->server->writer);
    if (!worker_begin(rq->worker, rq->server->writer) ||
        !query_index(rq->state, ref, false, &index) || !state_entry(rq->state, index, &record)) {
        return false;
    }
    *text = record.text_hash;
    return true;
}

void delete_inbox_item(struct request *rq)
{
    struct side *side = rq->server->node->side;
    struct ref ref = {rq->args.handle, rq->args.id};
    struct hash text;

    if (!find_item(rq)) {
        return;
    }
    /* Somebody has completed it, and is about to take it out: its texts are the entry's now. */
    if (is_logged(rq, &ref, &text)) {
        inbox_remove(side, &ref, &text);
        reply_code(rq, CODE_not_found, "the entry is in the log by now");
        return;
    }
    /* Nothing removed: another took it at this moment, or the store fails and it is still there. */
    if (!inbox_remove(side, &ref, NULL) && inbox_get(side, &ref, &rq->worker->item)) {
        reply_code(rq, CODE_internal, "the text cannot be withdrawn now");
    } else {
        reply_empty(rq, MHD_HTTP_NO_CONTENT);
    }
}
