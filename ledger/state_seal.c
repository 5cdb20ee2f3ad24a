/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The last seal, and the accounts as it has them (SPEC 6.11, 7.3). */
#include "ledger/state_record.h"

static void lay_seal(struct record *r, struct seal *s)
{
    record_var_u64(r, &s->index);
    record_var_u32(r, &s->accounts);
    lay_hash(r, &s->root);
}

static void lay_sealed(struct record *r, struct sealed *a)
{
    record_var_u32(r, &a->account);
    record_var_i64(r, &a->given_pending);
    record_var_i64(r, &a->given_posted);
    record_var_i64(r, &a->moves);
    record_var_i64(r, &a->received_pending);
    record_var_i64(r, &a->received_posted);
    record_bytes(r, a->salt, sizeof a->salt);
}

bool state_seal(struct state *s, struct seal *out)
{
    struct key k = key_of_word("seal");
    GET(KV_META, k, lay_seal, out);
    return true;
}

void state_put_seal(struct state *s, const struct seal *seal)
{
    struct key k = key_of_word("seal");
    PUT(KV_META, k, lay_seal, struct seal, seal);
}

bool state_sealed(struct state *s, uint32_t account, struct sealed *out)
{
    struct key k = key_of_number(account);
    GET(KV_SEALED, k, lay_sealed, out);
    return true;
}

void state_put_sealed(struct state *s, const struct sealed *account)
{
    uint8_t buffer[128];
    struct record r = record_writer(buffer, sizeof buffer);
    struct sealed copy = *account;
    struct key k = key_of_number(account->account);
    struct slice old;
    lay_sealed(&r, &copy);
    struct slice value = record_slice(&r, buffer);
    /* Most accounts stand still between two seals; what is not written costs no page. */
    if (kv_get(s->kv, KV_SEALED, key_slice(&k), &old) && old.size == value.size &&
        memcmp(old.data, value.data, value.size) == 0)
        return;
    kv_put(s->kv, KV_SEALED, key_slice(&k), value);
}
