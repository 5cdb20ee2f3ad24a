/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the lists of offers, needs and agreements share: their filters, and cursors by id.
 */
#ifndef SEM_API_THINGS_H
#define SEM_API_THINGS_H

#include "api/page.h"
#include "ledger/state.h"

struct thing_filter {
    struct slug skill;
    struct handle handle;
    uint32_t org;      /* 0: any; UINT32_MAX: one that does not exist */
    int type;          /* enum thing; 0: any */
    bool all;          /* else only what is open */
};

/*
 * Reads the filters skill, org, type and state, which stand in this order from q[2] on. Replies
 * and answers false on a bad value.
 */
bool things_filter(struct request *rq, const struct query *q, struct thing_filter *out)
    __attribute__((warn_unused_result));

/* A page's key is the id and number of the last thing looked at. */
#define THING_CURSOR_LEN (sizeof(struct id) + sizeof(uint32_t))
void things_cursor(uint8_t out[static THING_CURSOR_LEN], const struct thing_key *key);
void things_resume(const struct page *page, struct thing_key *out);

const char *life_of(uint8_t life);

#endif
