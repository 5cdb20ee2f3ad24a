/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Facts and proposals of a batch as JSON (SPEC 19.8), the same from the server and offline. With
 * JSON_COMPACT | JSON_SORT_KEYS the bytes are canonical. New references; NULL without memory.
 */
#ifndef SEM_LEDGER_MATCH_JSON_H
#define SEM_LEDGER_MATCH_JSON_H

#include <jansson.h>

#include "ledger/match_facts.h"

json_t *match_facts_json(const struct match_facts *facts);

#define MATCH_WHY_SIZE 160
/*
 * Reads facts back. Every range that match_facts_solve() relies on is checked; on false `why` says
 * in one line what does not fit. Free with match_facts_free(), also after false.
 */
bool match_facts_from_json(const json_t *json, struct match_facts *out,
                           char why[static MATCH_WHY_SIZE]) __attribute__((warn_unused_result));
/*
 * The list of what was declined: `[{"need","org"}…]`, or an object that has one under `declined`.
 * The caller frees *out. False with `why`.
 */
bool match_declines_from_json(const json_t *json, struct match_decline **out, size_t *n,
                              char why[static MATCH_WHY_SIZE]) __attribute__((warn_unused_result));

/* One proposal, or what of a need is left, with all that a coordinator sees of it. */
json_t *match_proposal_json(const struct match_facts *facts, const struct match_result *result,
                            size_t i);
json_t *match_left_json(const struct match_facts *facts, const struct match_left *left);
/* All of a batch. */
json_t *match_result_json(const struct match_facts *facts, const struct match_result *result);

const char *match_other_word(enum match_other_why why);
const char *match_left_word(enum match_left_why why);

#endif
