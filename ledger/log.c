/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/log.h"

#include <assert.h>
#include <string.h>

/* Numbers as keys: big-endian, so that the tables grow at their end. */
struct number_key {
    uint8_t b[8];
};

static struct slice number_key(struct number_key *key, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        key->b[i] = (uint8_t)(number >> (56 - 8 * i));
    return (struct slice){key->b, sizeof key->b};
}

/*
 * Hashes lie in rows of eight, so that a key and a header are paid for once in eight: row n holds
 * those of stored index 8n and up, as far as they are known.
 */
#define ROW_HASHES 8

static bool read_row(struct kv *kv, uint64_t row, struct slice *value)
{
    struct number_key key;
    return kv_get(kv, KV_NODE, number_key(&key, row), value) && value->size % HASH_BYTES == 0;
}

bool log_node(void *kv, uint64_t stored_index, struct hash *out)
{
    size_t at = stored_index % ROW_HASHES * HASH_BYTES;
    struct slice value;
    if (!read_row(kv, stored_index / ROW_HASHES, &value) || at >= value.size)
        return false;
    memcpy(out->b, value.data + at, HASH_BYTES);
    return true;
}

/* Takes all of the row: neighbours are asked for next. False when it does not have that one. */
static bool remember_row(struct log_nodes *n, uint64_t stored_index)
{
    uint64_t first = stored_index / ROW_HASHES * ROW_HASHES;
    struct slice value;
    if (!read_row(n->kv, stored_index / ROW_HASHES, &value))
        return false;
    for (size_t i = 0; i < value.size / HASH_BYTES; i++) {
        size_t at = (first + i) % LOG_NODES;
        memcpy(n->hash[at].b, value.data + i * HASH_BYTES, HASH_BYTES);
        n->known[at] = first + i + 1;
    }
    return stored_index - first < value.size / HASH_BYTES;
}

static bool node_again(void *nodes, uint64_t stored_index, struct hash *out)
{
    struct log_nodes *n = nodes;
    size_t at = stored_index % LOG_NODES;
    if (n->known[at] != stored_index + 1 && !remember_row(n, stored_index))
        return false;
    *out = n->hash[at];
    return true;
}

static bool load_edge(struct log_nodes *nodes, uint64_t size)
{
    return (nodes->edge.size == size && size > 0) ||
           merkle_edge_load(&nodes->edge, node_again, nodes, size);
}

bool log_head_of(struct log_nodes *nodes, uint64_t size, struct log_head *out)
{
    if (!load_edge(nodes, size))
        return false;
    *out = (struct log_head){size, nodes->edge.rest[0]};
    return true;
}

bool log_prove(struct log_nodes *nodes, uint64_t index, uint64_t size,
               struct hash proof[static MERKLE_PROOF_MAX], size_t *n_proof)
{
    if (!load_edge(nodes, size))
        return false;
    return merkle_edge_prove(&nodes->edge, node_again, nodes, index, proof, n_proof);
}

/* Puts hashes behind those that are stored, which must be as many as `stored` says. */
static bool put_nodes(struct kv *kv, uint64_t stored, const struct hash nodes[], size_t n)
{
    while (n > 0) {
        uint8_t row[ROW_HASHES * HASH_BYTES];
        struct number_key key;
        struct slice before = {row, 0};
        size_t used = stored % ROW_HASHES, more = n < ROW_HASHES - used ? n : ROW_HASHES - used;
        if (used > 0 && !read_row(kv, stored / ROW_HASHES, &before))
            return false;
        if (before.size != used * HASH_BYTES)
            return false;
        memcpy(row, before.data, before.size);
        for (size_t i = 0; i < more; i++)
            memcpy(row + (used + i) * HASH_BYTES, nodes[i].b, HASH_BYTES);
        kv_put(kv, KV_NODE, number_key(&key, stored / ROW_HASHES),
               (struct slice){row, (used + more) * HASH_BYTES});
        stored += more;
        nodes += more;
        n -= more;
    }
    return true;
}

bool log_read(struct kv *kv, uint64_t index, struct slice *leaf)
{
    struct number_key key;
    return kv_get(kv, KV_LEAF, number_key(&key, index), leaf);
}

uint64_t log_size(struct kv *kv)
{
    struct slice key, value;
    if (!kv_seek_back(kv, KV_LEAF, (struct slice){0}, &key, &value))
        return 0;
    assert(key.size == 8);
    uint64_t last = 0;
    for (int i = 0; i < 8; i++)
        last = last << 8 | key.data[i];
    return last + 1;
}

bool log_root_at(struct kv *kv, uint64_t size, struct hash *out)
{
    return size <= log_size(kv) && merkle_root(log_node, kv, size, out);
}

bool log_root_of(void *kv, uint64_t size, struct hash *out)
{
    return log_root_at(kv, size, out);
}

bool log_head(struct kv *kv, struct log_head *out)
{
    out->size = log_size(kv);
    return merkle_root(log_node, kv, out->size, &out->root) && !kv_failed(kv);
}

bool log_append_next(struct kv *kv, uint64_t index, struct slice leaf)
{
    struct hash hash, nodes[MERKLE_APPEND_MAX];
    size_t n_nodes;
    merkle_leaf(&hash, leaf.data, leaf.size);
    if (!merkle_append(log_node, kv, index, &hash, nodes, &n_nodes))
        return false;
    struct number_key key;
    kv_put(kv, KV_LEAF, number_key(&key, index), leaf);
    return put_nodes(kv, merkle_stored_index(0, index), nodes, n_nodes);
}

enum log_err log_append(struct kv *kv, uint64_t expected_size, const struct slice leaves[],
                        size_t n)
{
    uint64_t size = log_size(kv);
    if (kv_failed(kv))
        return LOG_ERROR;
    if (size != expected_size)
        return LOG_CONFLICT;
    for (size_t i = 0; i < n; i++) {
        if (!log_append_next(kv, size + i, leaves[i]))
            return LOG_ERROR;
    }
    return kv_failed(kv) ? LOG_ERROR : LOG_OK;
}
