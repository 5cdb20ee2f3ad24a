/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A valid entry text of every kind, and ways to change one, for the tests of the decoder. */
#ifndef SEM_TESTS_LEDGER_ENTRIES_H
#define SEM_TESTS_LEDGER_ENTRIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ledger/entry.h"

#define ORIGIN "ledger.example.org/brussels"

/* Figures of the entries. */
#define ID_1 "0190a5e000007000800000000000000a"
#define ID_2 "0190a5e000017abc9def0123456789ab"
#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_3 "3333333333333333333333333333333333333333333333333333333333333333"
#define VALID_UNTIL 1720000000000

/* Every kind once, with every optional field that can stand beside the others. */
extern const size_t entries_count;
const char *entries_kind(size_t i);

/* The object of a kind's entry. The caller releases it. */
json_t *entries_object(const char *kind);

/* The text of an object, in canonical form. The caller frees it. */
char *entries_text(const json_t *object);

/* Decodes the text of an object. */
bool entries_decode(struct entry *out, const json_t *object, struct refusal *why);

/* Parses a piece of JSON of any type. */
json_t *entries_value(const char *json);

#endif
