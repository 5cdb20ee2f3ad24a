/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts beside the log (SPEC 9): the entry carries a commitment, the text with its salt goes to the
 * details store of the server, from which it can be erased.
 */
#ifndef SEM_CLI_DETAIL_H
#define SEM_CLI_DETAIL_H

#include "cli/ctl.h"
#include "crypto/commitment.h"

#define DETAIL_KIND_MAX  15
#define DETAIL_BYTES_MAX 16384
#define DETAIL_SLOT_MAX  15

struct detail {
    char slot[DETAIL_SLOT_MAX + 1]; /* details, people, reason or skills */
    char kind[DETAIL_KIND_MAX + 1];
    struct salt salt;
    struct hash commit;
    char *bytes; /* compact JSON, sorted */
    size_t n;
};

/* The entry's field that carries the commitment of a slot; NULL for an unknown slot. */
const char *detail_field(const char *slot);

/*
 * Makes text and commitment. `salt` NULL: a new one. False when slot or kind is unknown, the text
 * is no object or is longer than DETAIL_BYTES_MAX. detail_free() releases it. Keeps `text`.
 */
bool detail_make(struct detail *out, const char *origin, const char *slot, const char *kind,
                 const json_t *text, const struct salt *salt) __attribute__((warn_unused_result));
void detail_free(struct detail *detail);

/* True when the answer of GET /v1/details opens the commitment it names. */
bool detail_opens(const char *origin, const json_t *answer);

/*
 * Hands a text in. A text that was erased meanwhile is none that is missing. CTL_OK, or CTL_PARTIAL
 * after a message: the entry itself stands.
 */
int detail_put(struct ctl *ctl, const struct detail *detail, const char *ref)
    __attribute__((warn_unused_result));

#endif
