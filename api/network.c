/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What anybody may know of the network (SPEC 12.4). */
#include <stdlib.h>
#include <string.h>

#include "api/assets.h"
#include "api/cosign.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "ledger/node.h"

void get_index(struct request *rq)
{
    struct asset page = asset_index();

    if (query_read(rq, NULL, 0)) {
        reply_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
        reply_static(rq, MHD_HTTP_OK, "text/html; charset=utf-8", page.bytes,
                     (size_t)(page.end - page.bytes));
    }
}

void get_openapi(struct request *rq)
{
    struct asset file = asset_openapi();

    if (query_read(rq, NULL, 0)) {
        reply_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
        reply_static(rq, MHD_HTTP_OK, "application/json", file.bytes,
                     (size_t)(file.end - file.bytes));
    }
}

/* --- Checkpoint ------------------------------------------------------------------------------ */

void get_checkpoint(struct request *rq)
{
    struct cosign *cosign = rq->server->cosign;
    uint64_t cosigned = 0, version = 0;
    json_t *o;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (cosign) {
        cosigned = cosign_size(cosign, &version);
        rq->generation += version;
    }
    if (reply_not_modified(rq)) {
        return;
    }
    o = view_object();
    put_int(o, "size", (int64_t)rq->head.size);
    put_hex(o, "root", rq->head.root.b, HASH_BYTES);
    put_bytes(o, "note", rq->checkpoint, rq->worker->checkpoint_len);
    if (cosign) {
        put_int(o, "cosigned", (int64_t)cosigned);
    }
    reply_json(rq, MHD_HTTP_OK, o);
}

/* SPEC 4.7: the newest head that has its quorum, where there are witnesses. */
void get_checkpoint_note(struct request *rq)
{
    struct cosign *cosign = rq->server->cosign;
    char *note = NULL;
    uint64_t version;
    size_t n;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (rq->worker->checkpoint_len == 0) {
        reply_code(rq, CODE_not_found, "this server does not sign; /readyz says why");
        return;
    }
    if (cosign) {
        note = cosign_note(cosign, rq->head.size, &n, &version);
        rq->generation += version;
    }
    if (reply_not_modified(rq)) {
        free(note);
    } else if (note) {
        reply_owned(rq, MHD_HTTP_OK, "text/plain; charset=utf-8", note, n);
    } else {
        reply_copy(rq, MHD_HTTP_OK, "text/plain; charset=utf-8", rq->checkpoint,
                   rq->worker->checkpoint_len);
    }
}

/* --- Network --------------------------------------------------------------------------------- */

static void put_founded(json_t *o, struct request *rq)
{
    const struct body_network_found *found = &rq->state->network.found;
    struct entry_record record;
    json_t *is_public;

    if (!rq->state->network.founded || !state_entry(rq->state, 0, &record)) {
        return;
    }
    put_int(o, "founded_at", record.at);
    put_hex(o, "charter", found->charter.b, HASH_BYTES);
    is_public = view_object();
    put_flag(is_public, "bundles", found->public_bundles);
    put_flag(is_public, "directory", found->public_directory);
    put(o, "public", is_public);
}

void get_network(struct request *rq)
{
    const struct network *network = &rq->state->network;
    json_t *o;

    if (!query_read(rq, NULL, 0) || reply_not_modified(rq)) {
        return;
    }
    o = view_object();
    put_text(o, "origin", rq->server->node->origin);
    put_text(o, "version", VERSION);
    put_flag(o, "founded", network->founded);
    put_flag(o, "demo", network->founded && network->found.demo);
    put_int(o, "rules_version", network->founded ? network->found.rules_version : 1);
    put_int(o, "size", (int64_t)rq->head.size);
    put_hex(o, "root", rq->head.root.b, HASH_BYTES);
    put_founded(o, rq);
    put(o, "keys", view_node_keys(rq->server->node));
    put_totals(o, rq->state);
    reply_json(rq, MHD_HTTP_OK, o);
}
