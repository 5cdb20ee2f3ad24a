/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an entry says, in words, rebuilt from the decoded bytes that are about to be signed: never
 * from the arguments they were made of. One function for each kind.
 */
#ifndef SEM_CLI_SENTENCE_H
#define SEM_CLI_SENTENCE_H

#include <stddef.h>

#include "ledger/entry.h"

/* Room for any sentence: the widest entries name 64 shares. */
#define SENTENCE_SIZE 8192

/*
 * Writes the sentence as `us` would say it when signing (one of its signers), or for an outsider
 * when us is NULL. Always NUL-terminated; cut with "…" if it does not fit.
 */
void sentence_write(char *out, size_t size, const struct entry *entry, const char *us);

#endif
