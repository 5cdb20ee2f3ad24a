/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How an organisation comes into a network; shared by founding and admission. */
#ifndef SEM_LEDGER_KINDS_MEMBERS_H
#define SEM_LEDGER_KINDS_MEMBERS_H

#include "ledger/kinds/kinds.h"

/* Requires the signature of a newcomer, by the key that stands in the entry. */
void member_signer(struct signer_set *set, const struct handle *handle,
                   const struct public_key *key);
/*
 * Makes the next organisation with one admin key and puts it among the entry's working copies.
 * Refuses handle_taken, key_unacceptable, key_in_use.
 */
bool member_new(struct rules *r, const char *origin, const struct handle *handle,
                const struct public_key *key, uint32_t *number, struct refusal *why);
/* Registers a key of an organisation. Refuses key_unacceptable, key_in_use, key_id_taken. */
bool member_key(struct rules *r, const char *origin, uint32_t org, const struct handle *handle,
                const struct public_key *key, enum scope scope, int64_t ceiling,
                struct refusal *why);

#endif
