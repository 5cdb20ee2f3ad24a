/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The log on the wire: tiles, entry bundles and consistency proofs (SPEC 4.6). */
#include <stdlib.h>
#include <string.h>

#include "api/gzip.h"
#include "api/path.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/tile.h"
#include "api/view.h"
#include "api/worker.h"
#include "crypto/text.h"
#include "ledger/log.h"

#define OCTETS "application/octet-stream"
#define LEAF_PREFIX_BYTES 2

_Static_assert(sizeof(struct hash) == HASH_BYTES, "an array of hashes is their bytes");
_Static_assert(LEAF_MAX <= UINT16_MAX, "the length of a leaf fits its prefix");

/* --- Tiles ----------------------------------------------------------------------------------- */

/*
 * A tile is kept by caches for ever, so it is shown only under a signed head: what a server that
 * does not sign holds may be another log. Replies not_found otherwise.
 */
static bool is_published(struct request *rq, unsigned level)
{
    if (rq->worker->checkpoint_len > 0 && tile_within(level, &rq->args.tile, rq->head.size)) {
        return true;
    }
    reply_code(rq, CODE_not_found, "no such tile under the checkpoint");
    return false;
}

static void never_changes(struct request *rq)
{
    reply_header(rq, MHD_HTTP_HEADER_CACHE_CONTROL, "public, max-age=31536000, immutable");
}

void get_tile(struct request *rq)
{
    struct hash hashes[TILE_WIDTH];

    if (!query_read(rq, NULL, 0) || !is_published(rq, rq->args.level)) {
        return;
    }
    if (!tile_read(log_node, rq->state->kv, rq->args.level, &rq->args.tile, hashes)) {
        reply_code(rq, CODE_internal, "a hash cannot be read");
        return;
    }
    never_changes(rq);
    reply_copy(rq, MHD_HTTP_OK, OCTETS, hashes, rq->args.tile.width * sizeof hashes[0]);
}

/* --- Entry bundles --------------------------------------------------------------------------- */

/* The leaves, each behind its length; the caller frees. NULL: a leaf or memory was not there. */
static uint8_t *bundle(struct kv *kv, const struct tile *tile, size_t *size)
{
    size_t room = 0, n = 0;
    uint8_t *bytes = NULL;

    for (unsigned i = 0; i < tile->width; i++) {
        struct slice leaf;
        uint8_t *more;

        if (!log_read(kv, tile->number * TILE_WIDTH + i, &leaf)) {
            free(bytes);
            return NULL;
        }
        assert(leaf.size <= LEAF_MAX);
        if (room - n < LEAF_PREFIX_BYTES + leaf.size) {
            room = 2 * (room + LEAF_PREFIX_BYTES + leaf.size);
            more = realloc(bytes, room);
            if (!more) {
                free(bytes);
                return NULL;
            }
            bytes = more;
        }
        bytes[n++] = (uint8_t)(leaf.size >> 8);
        bytes[n++] = (uint8_t)leaf.size;
        memcpy(bytes + n, leaf.data, leaf.size);
        n += leaf.size;
    }
    *size = n;
    return bytes;
}

/* Takes the bytes; coded when the client accepts that and memory lasts. */
static void reply_coded(struct request *rq, uint8_t *bytes, size_t size)
{
    const char *accepts = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND,
                                                      MHD_HTTP_HEADER_ACCEPT_ENCODING);
    size_t n;
    uint8_t *coded = gzip_accepted(accepts) ? gzip_encode(bytes, size, &n) : NULL;

    reply_header(rq, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    if (!coded) {
        reply_owned(rq, MHD_HTTP_OK, OCTETS, bytes, size);
        return;
    }
    free(bytes);
    reply_header(rq, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    reply_owned(rq, MHD_HTTP_OK, OCTETS, coded, n);
}

void get_bundle(struct request *rq)
{
    uint8_t *bytes;
    size_t size;

    if (!query_read(rq, NULL, 0) || !request_reads_entries(rq) || !is_published(rq, 0)) {
        return;
    }
    bytes = bundle(rq->state->kv, &rq->args.tile, &size);
    if (!bytes) {
        reply_code(rq, CODE_internal, "a leaf cannot be read");
        return;
    }
    if (rq->state->network.found.public_bundles) {
        never_changes(rq); /* what needs a session is left to no cache at all */
    }
    reply_coded(rq, bytes, size);
}

/* --- Consistency ----------------------------------------------------------------------------- */

static bool read_size(struct request *rq, const struct query *q, uint64_t max, uint64_t *out)
{
    if (q->value && index_parse(q->value, strlen(q->value), out) && *out <= max) {
        return true;
    }
    reply_query(rq, q->name, "a size of the log, from <= to <= the published one",
                q->value ? q->value : "nothing");
    return false;
}

static json_t *view_proof(const struct hash proof[], size_t n)
{
    json_t *list = view_array();

    for (size_t i = 0; i < n; i++) {
        char text[BASE64_SIZE(HASH_BYTES)];

        base64_encode(text, sizeof text, proof[i].b, HASH_BYTES);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static void reply_consistency(struct request *rq, uint64_t from, uint64_t to)
{
    struct kv *kv = rq->state->kv;
    struct hash proof[MERKLE_PROOF_MAX], old_root, new_root;
    size_t n;
    json_t *o;

    if (!log_root_at(kv, from, &old_root) || !log_root_at(kv, to, &new_root) ||
        !merkle_prove_consistency(log_node, kv, from, to, proof, &n)) {
        reply_code(rq, CODE_internal, "the proof cannot be made");
        return;
    }
    o = view_object();
    put_int(o, "from", (int64_t)from);
    put_int(o, "to", (int64_t)to);
    put(o, "proof", view_proof(proof, n));
    put_hex(o, "root_from", old_root.b, HASH_BYTES);
    put_hex(o, "root_to", new_root.b, HASH_BYTES);
    reply_json(rq, MHD_HTTP_OK, o);
}

void get_consistency(struct request *rq)
{
    struct query q[] = {{"from", NULL}, {"to", NULL}};
    uint64_t from, to = rq->head.size;

    if (!query_read(rq, q, 2) || (q[1].value && !read_size(rq, &q[1], rq->head.size, &to)) ||
        !read_size(rq, &q[0], to, &from) || reply_not_modified(rq)) {
        return;
    }
    reply_consistency(rq, from, to);
}
