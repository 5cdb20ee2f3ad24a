/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sharing minutes among several organisations. The ledger rounds nothing (SPEC 6.9), so the client
 * proposes whole minutes by the largest remainder; with equal weights the first ones get the spare
 * minutes, and the sum is exact. Pure functions.
 */
#ifndef SEM_CLI_SPLIT_H
#define SEM_CLI_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills out[0..n) with shares of `minutes`. False when n is 0 or somebody would get nothing. */
bool split_equal(int64_t out[], size_t n, int64_t minutes) __attribute__((warn_unused_result));

#endif
