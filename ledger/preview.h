/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What would happen: the rules on an overlay over a snapshot, thrown away afterwards. The same
 * rules, ticks included, as in the log path, so the same refusals.
 */
#ifndef SEM_LEDGER_PREVIEW_H
#define SEM_LEDGER_PREVIEW_H

#include "ledger/rules.h"

/*
 * Tries an entry on the snapshot `base` at Unix time now_ms. True: it would be accepted, `outcome`
 * says what it does. False: `why`. `signers` is filled as far as it can be known, in both cases.
 * `scratch` is a state of the caller's thread; it is attached to the overlay and must be attached
 * again before it is used for something else. outcome and signers are large: keep them off small
 * stacks.
 */
bool preview_entry(struct kv *base, struct state *scratch, const struct entry *entry,
                   int64_t now_ms, struct outcome *outcome, struct signer_set *signers,
                   struct refusal *why) __attribute__((warn_unused_result));

#endif
