/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/orgs/{handle}/balance: the balance proof under the last seal (SPEC 7.4, 12.4). */
#include "ledger/balance_proof.h"

#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/worker.h"

void get_balance(struct request *rq)
{
    uint32_t number = state_org_number(rq->state, &rq->args.handle);
    char *proof;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    if (number == POOL) {
        reply_code(rq, CODE_not_found, "no such organisation");
        return;
    }
    if (!request_needs_own(rq, number) || reply_not_modified(rq)) {
        return;
    }
    if (rq->worker->checkpoint_len == 0) {
        reply_code(rq, CODE_read_only, "a log that does not sign gives no proofs");
        return;
    }
    switch (balance_proof_make(&proof, rq->state, rq->server->node->origin, number, &rq->head,
                               rq->checkpoint)) {
    case BALANCE_MADE:
        reply_owned(rq, MHD_HTTP_OK, "application/json", proof, strlen(proof));
        break;
    case BALANCE_NO_SEAL:
        reply_code(rq, CODE_not_found, "the balances were not sealed yet");
        break;
    case BALANCE_NOT_IN_IT:
        reply_code(rq, CODE_not_found, "the organisation came after the last seal");
        break;
    case BALANCE_UNSIGNED:
        reply_code(rq, CODE_too_busy, "the balances are being sealed; try again");
        break;
    case BALANCE_FAILED:
        reply_code(rq, CODE_internal, "the proof cannot be made");
        break;
    }
}
