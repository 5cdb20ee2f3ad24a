/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/entries: the log, read (SPEC 12.4). */
#include <stdlib.h>
#include <string.h>

#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/view.h"
#include "api/worker.h"
#include "api/server.h"
#include "ledger/kind.h"
#include "ledger/query.h"

/* The JSON line of a leaf's note, as it was signed. */
static json_t *fields_of(const struct entry *entry)
{
    const char *line = memchr(entry->text, '\n', entry->text_len);
    json_t *fields;

    assert(line);
    line++;
    fields = json_loadb(line, entry->text_len - (size_t)(line - entry->text),
                        JSON_REJECT_DUPLICATES, NULL);
    assert(fields);
    return fields;
}

/* A head that is not signed, as in a server that only reads, proves nothing: then there is none. */
static bool out_receipt(struct json_out *o, struct request *rq, uint64_t index)
{
    struct worker *w = rq->worker;
    size_t n;

    if (w->checkpoint_len > 0) {
        n = receipt_make_again(w->receipt, &w->nodes, index, &rq->head, rq->checkpoint);
        if (n == 0) {
            return false;
        }
        json_text_n(o, "receipt", w->receipt, n);
    }
    json_int(o, "size", (int64_t)rq->head.size);
    return true;
}

static void reply_entry(struct request *rq, uint64_t index)
{
    struct entry *entry = &rq->worker->entry;
    struct entry_record record;
    struct json_out o = {0};
    struct slice leaf;

    /* What is in the store but not yet under a signed head is not there yet. */
    if (index >= rq->head.size || !state_entry(rq->state, index, &record)) {
        reply_code(rq, CODE_not_found, "no such entry");
        return;
    }
    if (reply_not_modified(rq)) {
        return;
    }
    if (!query_entry(rq->state, rq->server->node->origin, index, entry, &leaf)) {
        reply_code(rq, CODE_internal, "a leaf cannot be read");
        return;
    }
    json_open(&o, NULL, '{');
    out_entry_record(&o, rq->state, &record);
    json_text_n(&o, "leaf", (const char *)leaf.data, leaf.size);
    json_tree(&o, "fields", fields_of(entry));
    if (!out_receipt(&o, rq, index)) {
        free(o.bytes);
        reply_code(rq, CODE_internal, "the proof cannot be made");
        return;
    }
    json_shut(&o, '}');
    reply_json_out(rq, MHD_HTTP_OK, &o);
}

void get_entry_by_index(struct request *rq)
{
    if (query_read(rq, NULL, 0) && request_reads_entries(rq)) {
        reply_entry(rq, rq->args.index);
    }
}

void get_entry_by_ref(struct request *rq)
{
    struct ref ref = {rq->args.handle, rq->args.id};
    uint64_t index;

    if (!query_read(rq, NULL, 0) || !request_reads_entries(rq)) {
        return;
    }
    if (!query_index(rq->state, &ref, rq->args.by_clock, &index)) {
        reply_code(rq, CODE_not_found, "no such entry");
        return;
    }
    reply_entry(rq, index);
}

/* --- The list -------------------------------------------------------------------------------- */

struct filter {
    int kind;     /* enum entry_kind; 0: any */
    bool by_org;
    uint32_t org; /* 0: an organisation that does not exist */
};

static bool read_kind(struct request *rq, const struct query *q, int *out)
{
    const struct kind *kind = q->value ? kind_find(q->value, strlen(q->value)) : NULL;

    if (q->value && !kind) {
        reply_query(rq, q->name, "a kind of SPEC 6", q->value);
        return false;
    }
    *out = kind ? (int)kind->id : 0;
    return true;
}

static bool fits(const struct filter *filter, const struct entry_record *record)
{
    uint64_t previous;

    return (!filter->kind || record->kind == filter->kind) &&
           (!filter->by_org || (filter->org && query_previous(record, filter->org, &previous)));
}

static void list_entries(struct request *rq, const struct filter *filter, struct page *page)
{
    struct entry_record record;
    struct slice leaf;
    uint64_t index = 0, size = page->size;

    if (page->resumed) {
        memcpy(&index, page->key, sizeof index);
    }
    for (; index < size && state_entry(rq->state, index, &record); index++) {
        struct json_out *o;

        if (!page_goes_on(page)) {
            page_reply(rq, page, &index);
            return;
        }
        if (!fits(filter, &record) || !log_read(rq->state->kv, index, &leaf)) {
            continue;
        }
        o = page_item(page);
        json_open(o, NULL, '{');
        out_entry_record(o, rq->state, &record);
        json_text_n(o, "leaf", (const char *)leaf.data, leaf.size);
        json_shut(o, '}');
    }
    page_reply(rq, page, NULL);
}

void get_entries(struct request *rq)
{
    struct query q[] = {{"limit", NULL}, {"cursor", NULL}, {"kind", NULL}, {"org", NULL}};
    struct filter filter = {0};
    struct handle org;
    struct page page;

    if (!query_read(rq, q, 4) || !read_kind(rq, &q[2], &filter.kind) ||
        !query_handle(rq, &q[3], &org) || !request_reads_entries(rq) ||
        !page_read(rq, "entries", "", q, 4, sizeof(uint64_t), &page)) {
        return;
    }
    if (q[3].value) {
        filter.by_org = true;
        filter.org = state_org_number(rq->state, &org);
    }
    if (!page.resumed) {
        page.size = rq->head.size; /* what is under a signed head */
    } else if (page.size > rq->head.size) {
        page_drop(&page);
        reply_code(rq, CODE_cursor_invalid, NULL);
        return;
    }
    if (reply_not_modified(rq)) {
        page_drop(&page);
        return;
    }
    list_entries(rq, &filter, &page);
}
