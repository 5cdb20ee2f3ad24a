/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signatures that come in one after another (SPEC 10): what is posted now and what waits in the
 * inbox for the same text, put together.
 */
#ifndef SEM_API_GATHER_H
#define SEM_API_GATHER_H

#include "api/posted.h"
#include "ledger/signers.h"

enum gathered {
    /* rq->body is the complete note, every signature verified; or its id is decided already */
    GATHER_COMPLETE,
    GATHER_WAITS,    /* it is in the inbox; `signatures` says what is missing */
    GATHER_REFUSED,  /* *why */
};

/*
 * `note` was read from rq->body by posted_read() for rq->entry and checked, `signatures` is what
 * it has. Both may be replaced. `inbox` false: an incomplete set is refused as signer_missing.
 */
enum gathered gather_signatures(struct request *rq, struct note *note, bool inbox,
                                struct signatures *signatures, struct refusal *why);

#endif
