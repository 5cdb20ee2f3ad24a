/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* assertion.balance: an organisation signs what its counters are (SPEC 6.12). */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"

static const struct field assertion_fields[] = {
    {"given_pending", F_INT, .offset = AT(assertion_balance.given_pending), .min = 0,
     .max = INTEGER_MAX},
    {"given_posted", F_INT, .offset = AT(assertion_balance.given_posted), .min = 0,
     .max = INTEGER_MAX},
    {"moves", F_INT, .offset = AT(assertion_balance.moves), .min = -INTEGER_MAX,
     .max = INTEGER_MAX},
    {"received_pending", F_INT, .offset = AT(assertion_balance.received_pending), .min = 0,
     .max = INTEGER_MAX},
    {"received_posted", F_INT, .offset = AT(assertion_balance.received_posted), .min = 0,
     .max = INTEGER_MAX},
};

static bool assertion_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_assertion_balance *b = &e->assertion_balance;
    const struct org *org = books_org(r, r->author);
    const struct {
        const char *name;
        int64_t is, stated;
    } counters[] = {{"given_pending", org->given_pending, b->given_pending},
                    {"given_posted", org->given_posted, b->given_posted},
                    {"moves", org->moves, b->moves},
                    {"received_pending", org->received_pending, b->received_pending},
                    {"received_posted", org->received_posted, b->received_posted}};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        char is[24];
        snprintf(is, sizeof is, "%" PRId64, counters[i].is);
        if (counters[i].is != counters[i].stated)
            return refuse(why, CODE_assertion_false, counters[i].name, is, "%" PRId64,
                          counters[i].stated) ||
                   refuse_values(why, counters[i].name, is, "%" PRId64, counters[i].stated);
    }
    return true;
}

const struct kind kind_assertion_balance = {.name = "assertion.balance",
                                            .id = KIND_ASSERTION_BALANCE,
                                            FIELDS(assertion_fields),
                                            .signers = signers_author,
                                            .apply = assertion_apply};
