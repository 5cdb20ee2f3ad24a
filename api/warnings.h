/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a person should know before signing that help is agreed or was given, though no rule
 * forbids it: that much of what one organisation receives would come from a single giver, and that
 * a giver would stand above its ceiling; with who else offers the same (SPEC 18.12).
 */
#ifndef SEM_API_WARNINGS_H
#define SEM_API_WARNINGS_H

#include <jansson.h>

#include "api/request.h"
#include "ledger/rules.h"

/* Organisations named beside a warning. */
#define WARNING_OTHERS_MAX 5

/*
 * Puts the "warnings" of an accepted entry, agreement.sign or hours.record without an agreement,
 * into its effects; nothing of other entries. Each is for who may read the position it is about.
 * `outcome` is that of the preview. False: the rolling year cannot be read.
 */
bool put_warnings(json_t *effects, struct request *rq, const struct entry *entry,
                  const struct outcome *outcome) __attribute__((warn_unused_result));

#endif
