/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* network.found: the first entry (SPEC 6.1). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/kinds/kinds.h"
#include "ledger/kinds/members.h"

static const struct field found_fields[] = {
    {"charter", F_HASH, .offset = AT(network_found.charter)},
    {"clock_key", F_KEY, .offset = AT(network_found.clock_key)},
    {"demo", F_FLAG, .offset = AT(network_found.demo)},
    {"founders", F_FOUNDERS, .offset = AT(network_found)},
    {"log_key", F_KEY, .offset = AT(network_found.log_key)},
    {"mandates", F_MANDATES, .offset = AT(network_found)},
    {"policy", F_POLICY, .offset = AT(network_found)},
    {"public", F_PUBLIC, .offset = AT(network_found)},
    {"refusal_key", F_KEY, .offset = AT(network_found.refusal_key)},
    {"rules_version", F_INT, .offset = AT(network_found.rules_version), .min = 1, .max = 1},
    {"skills", F_SKILLS, .offset = AT(network_found)},
    {"skills_details", F_COMMIT, .offset = AT(network_found.skills_details)},
};

static const struct founder *founder_of(const struct body_network_found *f, const struct handle *h)
{
    for (size_t i = 0; i < f->n_founders; i++)
        if (strcmp(f->founders[i].handle.s, h->s) == 0)
            return &f->founders[i];
    return NULL;
}

static bool validate_keys(const struct body_network_found *f, struct refusal *why)
{
    const struct public_key *own[] = {&f->clock_key, &f->log_key, &f->refusal_key};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < i; j++)
            if (public_key_equal(own[i], own[j]))
                return refuse(why, CODE_field_invalid, "refusal_key", "three different keys",
                              "a key twice");
        for (size_t j = 0; j < f->n_founders; j++)
            if (public_key_equal(own[i], &f->founders[j].key))
                return refuse(why, CODE_field_invalid, "founders", "keys used for nothing else",
                              "the key of %s also serves the log", f->founders[j].handle.s);
    }
    return true;
}

static bool refuse_mandate(struct refusal *why, size_t i, const char *part, const char *expected,
                           const char *found)
{
    char field[sizeof why->field];
    snprintf(field, sizeof field, "mandates[%zu].%s", i, part);
    return refuse(why, CODE_field_invalid, field, expected, "%s", found);
}

static bool found_validate(const struct entry *e, struct refusal *why)
{
    const struct body_network_found *f = &e->network_found;
    if (founder_of(f, &e->by) == NULL)
        return refuse(why, CODE_field_invalid, "by", "one of the founders", "%s", e->by.s);
    bool coordinator = false;
    for (size_t i = 0; i < f->n_mandates; i++) {
        if (founder_of(f, &f->mandates[i].org) == NULL)
            return refuse_mandate(why, i, "org", "a founder", f->mandates[i].org.s);
        coordinator = coordinator || f->mandates[i].role == ROLE_COORDINATOR;
    }
    if (!coordinator)
        return refuse(why, CODE_field_invalid, "mandates", "at least one coordinator", "none");
    return validate_keys(f, why);
}

static bool found_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why)
{
    (void)r;
    (void)why;
    for (size_t i = 0; i < e->network_found.n_founders; i++)
        member_signer(set, &e->network_found.founders[i].handle, &e->network_found.founders[i].key);
    return true;
}

static bool found_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_network_found *f = &e->network_found;
    if (r->state->network.founded)
        return refuse(why, CODE_network_already_founded, "", "a network that is not founded yet",
                      "founded by entry 0");
    for (size_t i = 0; i < f->n_mandates; i++)
        if (f->mandates[i].until <= r->at)
            return refuse_mandate(why, i, "until", "a moment after the entry's time",
                                  "one not after it");
    state_put_network(r->state, f);

    struct sums sums = {.orgs = 0};
    state_put_sums(r->state, &sums);
    struct org pool = {.number = POOL, .state = ORG_ACTIVE};
    snprintf(pool.handle.s, sizeof pool.handle.s, "pool");
    state_put_org(r->state, &pool);
    for (size_t i = 0; i < f->n_founders; i++) {
        uint32_t number;
        if (!member_new(r, e->origin, &f->founders[i].handle, &f->founders[i].key, &number, why))
            return false;
        if (strcmp(f->founders[i].handle.s, e->by.s) == 0)
            r->author = number;
    }
    for (size_t i = 0; i < f->n_mandates; i++)
        state_put_mandate(r->state, state_org_number(r->state, &f->mandates[i].org),
                          f->mandates[i].role, f->mandates[i].until);
    calendar_begin(r, (int64_t)f->n_founders);
    put_commit(r, e, SLOT_SKILLS, "skills", &f->skills_details, NULL, 0);
    return true;
}

const struct kind kind_network_found = {.name = "network.found",
                                        .id = KIND_NETWORK_FOUND,
                                        FIELDS(found_fields),
                                        .validate = found_validate,
                                        .signers = found_signers,
                                        .apply = found_apply};
