/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a data folder that is about to be replaced still knows, and the restored one must not
 * forget: which texts its log says are erased, and what it has refused for good (SPEC 14.6).
 */
#ifndef SEM_LEDGER_REPLACED_H
#define SEM_LEDGER_REPLACED_H

#include "ledger/node.h"

/*
 * Reads it in a process of its own: a folder is replaced because it is damaged, and LMDB may not
 * survive reading that. Nothing in the folder is changed but the locks' files. Gives a file for
 * replaced_apply() and fclose(), with all that could be read; *all: that was all. NULL with errno.
 * The caller's process has no store open and no other thread.
 */
FILE *replaced_read(const char *dir, const char *origin, bool *all);

/*
 * Erases and keeps in `node` what the file says, and counts. False when the store fails or a
 * refusal finds no room.
 */
bool replaced_apply(FILE *file, struct node *node, uint64_t *erasures, uint64_t *refusals)
    __attribute__((warn_unused_result));

#endif
