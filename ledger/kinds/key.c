/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* key.add, key.revoke (SPEC 6.4). */
#include <string.h>

#include "crypto/text.h"
#include "ledger/books.h"
#include "ledger/kinds/members.h"
#include "ledger/signers.h"

static const struct field add_fields[] = {
    {"ceiling", F_INT, .optional = true, .offset = AT(key_add.ceiling), .min = 1, .max = 1000000},
    {"key", F_KEY, .offset = AT(key_add.key)},
    {"scope", F_WORD, .offset = AT(key_add.scope), .words = words_scope},
};

static bool add_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_key_add *b = &e->key_add;
    if (!member_key(r, e->origin, r->author, &e->by, &b->key, (enum scope)b->scope, b->ceiling,
                    why))
        return false;
    if (b->scope == SCOPE_ADMIN)
        books_org(r, r->author)->admin_keys++;
    return true;
}

const struct kind kind_key_add = {.name = "key.add",
                                  .id = KIND_KEY_ADD,
                                  FIELDS(add_fields),
                                  .signers = signers_author_admin,
                                  .apply = add_apply};

static const struct field revoke_fields[] = {
    {"key", F_KEY, .offset = AT(key_revoke.key)},
};

static bool revoke_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    char name[KEY_NAME_SIZE], hex[HEX_SIZE(KEY_BYTES)], id_hex[HEX_SIZE(KEY_ID_BYTES)];
    struct key_id id;
    struct org_key key;
    signers_key_name(name, e->origin, e->by.s);
    key_id_of(&id, name, strlen(name), KEY_ED25519, &e->key_revoke.key);
    hex_encode(hex, e->key_revoke.key.b, KEY_BYTES);
    hex_encode(id_hex, id.b, KEY_ID_BYTES);
    if (!state_key(r->state, r->author, &id, &key) ||
        !public_key_equal(&key.key, &e->key_revoke.key) || key.revoked_index != 0)
        /* Where this is waived there is still no key to revoke. */
        return refuse(why, CODE_key_unknown, "key", "a key of this organisation, not yet revoked",
                      "%s", hex) ||
               refuse_values(why, e->by.s, NULL, "%s", id_hex);
    struct org *org = books_org(r, r->author);
    if (key.scope == SCOPE_ADMIN && org->admin_keys == 1 &&
        !refuse(why, CODE_last_admin_key, "key", "another admin key to be there first", "%s", hex))
        return false;
    org->admin_keys -= key.scope == SCOPE_ADMIN;
    key.revoked_index = r->index;
    state_put_key(r->state, &key);
    return true;
}

const struct kind kind_key_revoke = {.name = "key.revoke",
                                     .id = KIND_KEY_REVOKE,
                                     FIELDS(revoke_fields),
                                     .signers = signers_author_admin,
                                     .apply = revoke_apply};
