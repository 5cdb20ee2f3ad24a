/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is proposed at a moment, item by item: the proposals of the week's batch with what became of
 * them, those of the choice for urgent needs that came later, and the needs for which there is
 * nobody (SPEC 19.8). Reads a request's snapshot and the side store.
 */
#ifndef SEM_API_MATCH_ITEMS_H
#define SEM_API_MATCH_ITEMS_H

#include "api/matches.h"
#include "api/request.h"

enum match_item_kind { ITEM_BATCH, ITEM_CHOICE, ITEM_LEFT };
enum match_item_state { ITEM_OPEN, ITEM_ACCEPTED, ITEM_DECLINED, ITEM_ENDED };

struct match_item {
    enum match_item_kind kind;
    enum match_item_state state; /* of ITEM_LEFT: open or ended */
    size_t place; /* in the batch's proposals, in what it left, or in the choice */
    struct ref need, offer;
    struct handle asker, provider;
    uint32_t asker_number, provider_number;
    struct slug skill;
    uint8_t type;
    int64_t minutes;
    int class;
    size_t others; /* who could have been proposed as well */
    bool shared;   /* of ITEM_BATCH: others give further parts of what the need asks */
    int64_t provider_before, provider_after; /* of ITEM_CHOICE */
};

/* Items stand in the order of their needs, that is of their ids. */
struct match_list {
    const struct week_batch *batch; /* NULL: it cannot be made */
    const struct now_facts *now;
    size_t n;
    struct match_item *v;
};

/* The week's batch, which is made now if the housekeeper has not done so; NULL when that fails. */
const struct week_batch *match_batch_of(struct request *rq);

/* As reply_not_modified(), for answers that the batch is part of. */
bool match_not_modified(struct request *rq);

/* False after a reply. End it with match_list_end(), also after false. */
bool match_list_begin(struct request *rq, struct match_list *out)
    __attribute__((warn_unused_result));
void match_list_end(struct request *rq, struct match_list *list);

/* True when the caller may see an item: its own open ones, a coordinator all. */
bool match_item_seen(const struct request *rq, const struct match_item *item);

const char *match_item_state_word(enum match_item_state state);

/* {"en","fr","nl"}: who could help whom, and why; new reference. */
struct json_t *match_item_sentence(const struct match_list *list, const struct match_item *item);

#endif
