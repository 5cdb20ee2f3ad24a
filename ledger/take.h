/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Single JSON values by type (SPEC 2.4), each with the refusal that says where it stands, what was
 * expected and what was found. The parts of ledger/field.h. Values lie in bytes that
 * profile_check() accepted. On false the output is undefined. Pure functions, any thread.
 */
#ifndef SEM_LEDGER_TAKE_H
#define SEM_LEDGER_TAKE_H

#include "ledger/entry.h"
#include "ledger/json.h"

#define EXPECTED_HANDLE "handle: [a-z][a-z0-9]*(-[a-z0-9]+)*, 2..32 characters, not reserved"
#define EXPECTED_SLUG "slug: [a-z][a-z0-9]*(-[a-z0-9]+)*, 2..40 characters"
#define EXPECTED_LANGUAGE "language: two or three letters a-z"
#define EXPECTED_REF "reference: <handle>/<id>"
#define EXPECTED_ID "id: 32 lower-case hex digits laid out as UUID version 7"
#define EXPECTED_HEX "64 lower-case hex digits"
#define EXPECTED_DAY "day: YYYY-MM-DD, 1970-01-01..2199-12-31"
#define EXPECTED_FLAG "true or false"

enum { EXPECTED_SIZE = sizeof((struct refusal *)0)->expected, MEMBERS_MAX = 4 };

/* Where a value stands: field, field[element], field.member or field[element].member. */
struct place {
    const char *field;
    size_t element;     /* from 1; 0: the field itself */
    const char *member; /* NULL: the field or element itself */
};

/* The place of a member of the object at this place. */
struct place place_member(struct place at, const char *member);
/* The same for a member of the text, whose key is put into `name`, cut to what a refusal shows. */
enum { NAME_SIZE = sizeof((struct refusal *)0)->field };
struct place place_key(struct place at, const struct member *m, char name[static NAME_SIZE]);

/* Both return false. `found` absent: nothing was there. refuse_value() is for field_invalid. */
bool refuse_at(struct refusal *why, enum code code, struct place at, const char *expected,
               struct value found);
bool refuse_value(struct refusal *why, struct place at, const char *expected, struct value found);

/* "integer 1..100000" and "one of skill, space, equipment". */
void range_format(char out[static EXPECTED_SIZE], int64_t min, int64_t max);
void words_format(char out[static EXPECTED_SIZE], const char *const *words);

bool take_handle(struct handle *out, struct place at, struct value value, struct refusal *why);
bool take_slug(struct slug *out, struct place at, struct value value, struct refusal *why);
bool take_language(struct slug *out, struct place at, struct value value, struct refusal *why);
bool take_id(struct id *out, struct place at, struct value value, struct refusal *why);
bool take_ref(struct ref *out, struct place at, struct value value, struct refusal *why);
/* Keys and hashes. */
bool take_bytes(uint8_t out[static 32], struct place at, struct value value, struct refusal *why);
bool take_day(int32_t *out, struct place at, struct value value, struct refusal *why);
bool take_int(int64_t *out, int64_t min, int64_t max, struct place at, struct value value,
              struct refusal *why);
bool take_flag(bool *out, struct place at, struct value value, struct refusal *why);
/* The number of the word, from 1. */
bool take_word(int *out, const char *const *words, struct place at, struct value value,
               struct refusal *why);

/*
 * The members of an object that must have exactly these names (NULL-terminated, at most
 * MEMBERS_MAX), in their order. `expected` describes the whole object.
 */
bool take_members(struct value values[static MEMBERS_MAX], const char *const *names,
                  struct place at, const char *expected, struct value object,
                  struct refusal *why);

#endif
