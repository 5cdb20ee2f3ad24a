/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One account as a seal of balances has it (SPEC 7.4): its counters in minutes, and its salt. */
#ifndef SEM_LEDGER_SEALED_H
#define SEM_LEDGER_SEALED_H

#include <stdint.h>

#define BALANCE_SALT_BYTES 16

struct sealed {
    uint32_t account; /* organisation number; 0: the pool */
    int64_t given_pending, given_posted, moves, received_pending, received_posted;
    uint8_t salt[BALANCE_SALT_BYTES];
};

static inline int64_t sealed_position(const struct sealed *a)
{
    return a->given_posted - a->received_posted + a->moves;
}

#endif
