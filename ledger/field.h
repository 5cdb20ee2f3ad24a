/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a JSON value to the typed field of an entry (SPEC 2.4): one decoder for each field type,
 * chosen by the tables of ledger/kind.h. A refusal names the exact place, such as
 * shares[1].minutes. Pure functions, any thread.
 */
#ifndef SEM_LEDGER_FIELD_H
#define SEM_LEDGER_FIELD_H

#include "ledger/json.h"
#include "ledger/kind.h"

/*
 * Sets one field of `out` to zero, which is what an absent one has. Of shares their
 * number alone: what stands behind it says nothing. Of network.found the whole body.
 */
void field_clear(struct entry *out, const struct field *field);

/* Decodes one field into `out`. An absent value is field_missing unless the field is optional. */
bool field_decode(struct entry *out, const struct field *field, struct value value,
                  struct refusal *why) __attribute__((warn_unused_result));

/* The object of the common field `seen` (SPEC 2.3). */
bool field_decode_seen(struct hash *root, uint64_t *size, struct value value,
                       struct refusal *why) __attribute__((warn_unused_result));

#endif
