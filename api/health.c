/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether the process lives, and whether it can take entries. */
#include <inttypes.h>
#include <stdio.h>

#include "api/cosign.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "ledger/witness_policy.h"

/* Below these there is time to make room before a commit fails. */
#define DISK_FREE_BYTES_MIN ((uint64_t)256 << 20)
#define MAP_USED_PERMILLE_MAX 850

void get_livez(struct request *rq)
{
    json_t *o;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    o = view_object();
    put_flag(o, "live", true);
    reply_json(rq, MHD_HTTP_OK, o);
}

static void add_reason(json_t *reasons, const char *text)
{
    json_array_append_new(reasons, json_string(text));
}

/* How far each witness is. No reason not to take entries: an answer does not wait for them. */
static json_t *view_witnesses(struct cosign *cosign)
{
    struct cosign_status status[POLICY_WITNESSES_MAX];
    size_t n = cosign_witnesses(cosign, status, POLICY_WITNESSES_MAX);
    json_t *list = view_array(), *o;

    for (size_t i = 0; i < n; i++) {
        o = view_object();
        put_text(o, "name", status[i].name);
        put_int(o, "cosigned", (int64_t)status[i].size);
        put_flag(o, "answers", status[i].answers);
        json_array_append_new(list, o);
    }
    return list;
}

void get_readyz(struct request *rq)
{
    struct server *server = rq->server;
    const char *read_only = writer_read_only(server->writer);
    json_t *reasons, *o;
    struct store_room room;
    bool ready;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    reasons = view_array();
    store_room(server->node->store, &room);
    if (read_only) {
        add_reason(reasons, read_only);
    }
    if (room.disk_free_bytes < DISK_FREE_BYTES_MIN) {
        add_reason(reasons, "less than 256 MiB left on the disk");
    }
    if (room.used_bytes / 1000 * 1000 > room.map_bytes / 1000 * MAP_USED_PERMILLE_MAX) {
        add_reason(reasons, "the database map is nearly full");
    }
    if (atomic_load(&server->stopping)) {
        add_reason(reasons, "the server is stopping");
    }
    ready = json_array_size(reasons) == 0;
    o = view_object();
    put_flag(o, "ready", ready);
    put(o, "reasons", reasons);
    if (server->cosign) {
        put(o, "witnesses", view_witnesses(server->cosign));
    }
    reply_json(rq, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, o);
}
