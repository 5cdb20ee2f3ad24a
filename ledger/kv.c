/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/kv.h"

#include <assert.h>

static const char *const names[KV_TABLES] = {
    [KV_LEAF] = "leaf",
    [KV_NODE] = "node",
    [KV_META] = "meta",
    [KV_ENTRY] = "entry",
    [KV_ID] = "id",
    [KV_ORG] = "org",
    [KV_ACCOUNT] = "account",
    [KV_HANDLE] = "handle",
    [KV_KEY] = "key",
    [KV_PUBKEY] = "pubkey",
    [KV_MANDATE] = "mandate",
    [KV_OFFER] = "offer",
    [KV_NEED] = "need",
    [KV_AGREEMENT] = "agreement",
    [KV_HOURS] = "hours",
    [KV_DETAIL] = "detail",
    [KV_LIVE] = "live",
    [KV_DUE] = "due",
    [KV_PAIR] = "pair",
    [KV_PAIR_DAY] = "pair_day",
    [KV_ORG_DAY] = "org_day",
    [KV_SEALED] = "sealed",
    [KV_STATUS] = "status",
    [KV_STEP] = "step",
    [KV_PROMISE] = "promise",
    [KV_CLOSING] = "closing",
    [KV_TEXT] = "text",
    [KV_INBOX] = "inbox",
    [KV_INBOX_ORG] = "inbox_org",
    [KV_SIDE_META] = "meta",
    [KV_REFUSAL] = "refusal",
    [KV_REFUSAL_DUE] = "refusal_due",
    [KV_BATCH] = "batch",
    [KV_DECLINE] = "decline",
};

const char *kv_table_name(enum kv_table table)
{
    assert(table < KV_TABLES);
    return names[table];
}

bool kv_get(struct kv *kv, enum kv_table table, struct slice key, struct slice *value)
{
    assert(key.size > 0 && key.size <= KV_KEY_MAX);
    return kv->ops->get(kv, table, key, value);
}

void kv_put(struct kv *kv, enum kv_table table, struct slice key, struct slice value)
{
    assert(key.size > 0 && key.size <= KV_KEY_MAX);
    kv->ops->put(kv, table, key, value);
}

void kv_del(struct kv *kv, enum kv_table table, struct slice key)
{
    assert(key.size > 0 && key.size <= KV_KEY_MAX);
    kv->ops->del(kv, table, key);
}

bool kv_seek(struct kv *kv, enum kv_table table, struct slice key, bool after, struct slice *found,
             struct slice *value)
{
    assert(key.size <= KV_KEY_MAX);
    return kv->ops->seek(kv, table, key, after, found, value);
}

bool kv_seek_back(struct kv *kv, enum kv_table table, struct slice key, struct slice *found,
                  struct slice *value)
{
    assert(key.size <= KV_KEY_MAX);
    return kv->ops->seek_back(kv, table, key, found, value);
}

bool kv_failed(struct kv *kv)
{
    return kv->ops->failed(kv);
}
