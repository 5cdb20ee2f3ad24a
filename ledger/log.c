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

bool log_node(void *kv, uint64_t stored_index, struct hash *out)
{
    struct number_key key;
    struct slice value;
    if (!kv_get(kv, KV_NODE, number_key(&key, stored_index), &value) ||
        value.size != sizeof out->b)
        return false;
    memcpy(out->b, value.data, sizeof out->b);
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

static bool append_one(struct kv *kv, uint64_t index, struct slice leaf)
{
    struct hash hash, nodes[MERKLE_APPEND_MAX];
    size_t n_nodes;
    merkle_leaf(&hash, leaf.data, leaf.size);
    if (!merkle_append(log_node, kv, index, &hash, nodes, &n_nodes))
        return false;
    struct number_key key;
    kv_put(kv, KV_LEAF, number_key(&key, index), leaf);
    uint64_t stored = merkle_stored_index(0, index);
    for (size_t i = 0; i < n_nodes; i++)
        kv_put(kv, KV_NODE, number_key(&key, stored + i),
               (struct slice){nodes[i].b, sizeof nodes[i].b});
    return true;
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
        if (!append_one(kv, size + i, leaves[i]))
            return LOG_ERROR;
    }
    return kv_failed(kv) ? LOG_ERROR : LOG_OK;
}
