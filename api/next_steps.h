/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an organisation could do next (SPEC 18.10): the first three suggestions that apply, for
 * itself alone. Suggestions, never demands.
 */
#ifndef SEM_API_NEXT_STEPS_H
#define SEM_API_NEXT_STEPS_H

#include <jansson.h>

#include "api/request.h"
#include "policies/limits.h"

#define NEXT_STEPS_MAX 3

/* What they follow from, at one moment. */
struct next_case {
    const struct org *org;
    struct line line;
    int position_step;   /* SPEC 18.8 */
    bool above_pair_cap; /* SPEC 18.1, M8 */
};

/* An array of {"id","sentence","refs"}; new reference. */
json_t *next_steps(struct request *rq, const struct next_case *c);

#endif
