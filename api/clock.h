/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Clocks. Deadlines use writer_now_monotonic_ms() of ledger/writer.h. */
#ifndef SEM_API_CLOCK_H
#define SEM_API_CLOCK_H

#include <stdint.h>

int64_t clock_unix_ms(void);
int64_t clock_monotonic_us(void);
/*
 * The monotonic clock as of the kernel's last tick, some milliseconds ago: a few instructions, for
 * what is counted in seconds and read several times in each request.
 */
int64_t clock_coarse_ms(void);

#endif
