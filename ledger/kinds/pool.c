/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* pool.give: hours that are not asked back go to the common pool (SPEC 6.13). */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"

static const struct field give_fields[] = {
    {"minutes", F_INT, .offset = AT(pool_give.minutes), .min = 1, .max = SHARE_MINUTES_MAX},
};

static bool give_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    int64_t position = org_position(books_org(r, r->author)), minutes = e->pool_give.minutes;
    if (minutes > position &&
        !refuse_minutes(why, CODE_pool_over_position, "minutes", minutes, "at most",
                        position > 0 ? position : 0))
        return false;
    books_move(r, r->author, POOL, minutes);
    return true;
}

const struct kind kind_pool_give = {.name = "pool.give",
                                    .id = KIND_POOL_GIVE,
                                    FIELDS(give_fields),
                                    .signers = signers_author,
                                    .apply = give_apply};
