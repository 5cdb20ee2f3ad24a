/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The structural deficit: what no rule of choice can balance (M14, SPEC 19.7).
 *
 * In the long run an organisation can give only as much as it receives, so only as much as it asks
 * for. Sent through the offers as they are, the largest flow from needs to givers, each up to the
 * lesser of its own needs and its capacity, is what can be served for ever with positions that stay
 * bounded (Gale 1957, Hoffman 1960). What is asked beyond it can be given only by positions that
 * drift, or by the solidarity pool; or it takes new offers. The smallest of the minimum cuts names
 * the organisations that all of it falls on.
 *
 * Pure, any thread; memory linear in needs, offers and their pairs is allocated and, but for the
 * result, freed. The order of the input is nothing. */
#ifndef POLICIES_DEFICIT_H
#define POLICIES_DEFICIT_H

#include <stddef.h>
#include <stdint.h>

struct deficit_org {
    uint32_t id;      /* distinct */
    int64_t capacity; /* minutes it could give in the period, >= 0 */
};

/* What an organisation asks of a skill in the period, once per pair of the two. */
struct deficit_need {
    uint32_t org, skill;
    int64_t minutes; /* >= 0 */
};

struct deficit_offer {
    uint32_t org, skill; /* once */
};

struct deficit_input {
    const struct deficit_org *orgs;
    size_t n_orgs;
    const struct deficit_need *needs;
    size_t n_needs;
    const struct deficit_offer *offers;
    size_t n_offers;
};

/* A new offer, and by how much it alone would lower the deficit. */
struct deficit_gain {
    uint32_t org, skill;
    int64_t minutes; /* > 0 */
};

struct deficit_result {
    int64_t asked;
    int64_t deficit; /* minutes of the period; 0: a balance is possible */
    /* Whom all that is missing is asked of, and who give all they can: the structural givers. */
    uint32_t *givers;
    size_t n_givers;
    /* Who asks for more than can be asked of it: it could still give, and nothing that is missing
     * reaches it. */
    uint32_t *unreached;
    size_t n_unreached;
    /* The new offers that would help most, best first, of equals the lower organisation and then
     * skill: at most as many as were asked for. */
    struct deficit_gain *gains;
    size_t n_gains;
};

/* Lists are sorted by id. Amounts add up to less than 2^53. Skills of new offers are those asked
 * for. Free the result with deficit_free(). */
void deficit_find(const struct deficit_input *input, size_t max_gains,
                  struct deficit_result *result);
void deficit_free(struct deficit_result *result);

#endif
