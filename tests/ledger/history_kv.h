/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables in memory whose last changes can be taken back: what a child transaction is to the writer,
 * for tests that apply thousands of entries of which some are refused. Also the comparison of two
 * sets of tables byte for byte. For one thread.
 */
#ifndef SEM_TESTS_LEDGER_HISTORY_KV_H
#define SEM_TESTS_LEDGER_HISTORY_KV_H

#include "ledger/kv.h"

/* NULL when there is no memory. */
struct kv *history_kv_new(void);
void history_kv_free(struct kv *kv); /* NULL is accepted */

/* From here on changes are remembered; what was remembered before stands. */
void history_kv_mark(struct kv *kv);
/* Takes back every change since the mark. */
void history_kv_undo(struct kv *kv);

/* True when both hold the same keys and values in every table; else `why` names the first. */
bool history_kv_equal(struct kv *a, struct kv *b, char *why, size_t why_size);

#endif
