/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/kinds/members.h"

#include <string.h>

#include "crypto/text.h"
#include "ledger/books.h"
#include "ledger/signers.h"
#include "policies/window.h"

void member_signer(struct signer_set *set, const struct handle *handle,
                   const struct public_key *key)
{
    signer_add(set, handle, SCOPE_ADMIN);
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->v[i].handle.s, handle->s) == 0) {
            set->v[i].own_key = true;
            set->v[i].key = *key;
        }
}

bool member_key(struct rules *r, const char *origin, uint32_t org, const struct handle *handle,
                const struct public_key *key, enum scope scope, int64_t ceiling,
                struct refusal *why)
{
    char hex[HEX_SIZE(KEY_BYTES)], name[KEY_NAME_SIZE];
    hex_encode(hex, key->b, sizeof key->b);
    if (!key_acceptable(key))
        return refuse(why, CODE_key_unacceptable, "key", "a canonical Ed25519 point of full order",
                      "%s", hex);
    const struct body_network_found *network = &r->state->network.found;
    if (state_key_owner(r->state, key) != 0 || public_key_equal(key, &network->clock_key) ||
        public_key_equal(key, &network->log_key) || public_key_equal(key, &network->refusal_key)) {
        if (!refuse(why, CODE_key_in_use, "key", "a key that nobody ever had here", "%s", hex))
            return false;
    }
    struct org_key k = {.org = org,
                        .key = *key,
                        .scope = (uint8_t)scope,
                        .ceiling = ceiling,
                        .since_index = r->index};
    signers_key_name(name, origin, handle->s);
    key_id_of(&k.id, name, strlen(name), KEY_ED25519, key);
    struct org_key other;
    if (state_key(r->state, org, &k.id, &other))
        return refuse(why, CODE_key_id_taken, "key", "another key, with another key id", "%s", hex);
    state_put_key(r->state, &k);
    state_put_key_owner(r->state, key, org);
    return true;
}

bool member_new(struct rules *r, const char *origin, const struct handle *handle,
                const struct public_key *key, uint32_t *number, struct refusal *why)
{
    if (state_org_number(r->state, handle) != 0)
        return refuse(why, CODE_handle_taken, "by", "a handle that was never in use", "%s",
                      handle->s) ||
               refuse_values(why, "", NULL, "%s", handle->s);
    struct sums sums;
    state_sums(r->state, &sums);
    *number = ++sums.orgs;
    if (!member_key(r, origin, *number, handle, key, SCOPE_ADMIN, 0, why))
        return false;
    state_put_sums(r->state, &sums);
    struct org org = {
        .number = *number,
        .handle = *handle,
        .state = ORG_ACTIVE,
        .admitted_index = r->index,
        .admitted_at = r->at,
        .confirmed_at = r->at,
        .admin_keys = 1,
        .window_from = window_first_day(window_day(r->at),
                                        r->state->network.found.policy.window_days)};
    state_put_org(r->state, &org);
    state_put_handle(r->state, handle, *number);
    (void)books_org(r, *number);
    return true;
}
