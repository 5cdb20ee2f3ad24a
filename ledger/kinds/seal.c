/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* seal.balances: the balances of all under one root (SPEC 6.11, 7.4). */
#include "ledger/seal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kinds/kinds.h"

static const struct field seal_fields[] = {
    {"accounts", F_INT, .offset = AT(seal_balances.accounts), .min = 0, .max = INTEGER_MAX},
    {"root", F_HASH, .offset = AT(seal_balances.root)},
    {"size", F_INT, .offset = AT(seal_balances.size), .min = 0, .max = INTEGER_MAX},
};

bool rules_seal_due(struct state *s)
{
    struct seal last = {.index = 0}; /* that of network.found, while there is no seal */
    (void)state_seal(s, &last);
    return s->network.founded &&
           state_size(s) - last.index > (uint64_t)s->network.found.policy.seal_every;
}

bool rules_seal_early(struct state *s)
{
    struct seal last;
    return state_seal(s, &last) && last.index + 1 == state_size(s);
}

void rules_make_seal(struct state *s, const char *origin, struct body_seal_balances *body,
                     struct id *id)
{
    memset(body, 0, sizeof *body);
    body->size = (int64_t)state_size(s);
    seal_accounts(s, origin, (uint64_t)body->size, false, &body->root, &body->accounts);
    seal_id(id, state_last_at(s), &body->root);
}

static bool refuse_number(struct refusal *why, const char *field, int64_t expected, int64_t found)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, expected);
    return refuse(why, CODE_field_invalid, field, text, "%" PRId64, found);
}

static bool refuse_root(struct refusal *why, const struct hash *expected, const struct hash *found)
{
    char texts[2][HEX_SIZE(HASH_BYTES)];
    hex_encode(texts[0], expected->b, HASH_BYTES);
    hex_encode(texts[1], found->b, HASH_BYTES);
    return refuse(why, CODE_field_invalid, "root", texts[0], "%s", texts[1]);
}

static bool refuse_id(struct refusal *why, const struct id *expected, const struct id *found)
{
    char texts[2][ID_TEXT_SIZE];
    id_format(texts[0], expected);
    id_format(texts[1], found);
    return refuse(why, CODE_field_invalid, "id", texts[0], "%s", texts[1]);
}

/* The balance tree as it is, every account kept. */
static void balances_now(struct rules *r, const char *origin, struct hash *root, int64_t *accounts)
{
    if (r->made == NULL) {
        seal_accounts(r->state, origin, r->index, true, root, accounts);
        return;
    }
    assert(r->made->size == (int64_t)r->index);
    seal_keep(r->state);
    *root = r->made->root;
    *accounts = r->made->accounts;
}

static bool seal_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_seal_balances *b = &e->seal_balances;
    int64_t at = state_last_at(r->state), accounts;
    struct seal seal = {.index = r->index};
    struct id id;
    if (rules_seal_early(r->state))
        return refuse(why, CODE_field_invalid, "kind", "another kind behind a seal.balances",
                      "%s", e->kind->name);
    if (r->at != at)
        return refuse_number(why, "at", at, r->at);
    if (e->valid_until != at)
        return refuse_number(why, "valid_until", at, e->valid_until);
    if (b->size != (int64_t)r->index)
        return refuse_number(why, "size", (int64_t)r->index, b->size);
    balances_now(r, e->origin, &seal.root, &accounts);
    if (b->accounts != accounts)
        return refuse_number(why, "accounts", accounts, b->accounts);
    if (!hash_equal(&b->root, &seal.root))
        return refuse_root(why, &seal.root, &b->root);
    seal_id(&id, at, &seal.root);
    if (memcmp(&id, &e->id, sizeof id) != 0)
        return refuse_id(why, &id, &e->id);
    seal.accounts = (uint32_t)accounts;
    state_put_seal(r->state, &seal);
    return true;
}

const struct kind kind_seal_balances = {.name = "seal.balances",
                                        .id = KIND_SEAL_BALANCES,
                                        .by_clock = true,
                                        FIELDS(seal_fields),
                                        .signers = signers_clock,
                                        .apply = seal_apply};
