/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signed refusals (SPEC 10.2): a note by which the log says that a text was refused for good, and
 * where in the log it stood when it said so. Who holds one can show a log that later took the text.
 *
 *     <origin>/refusal/v1
 *     {"at":…,"author":…,"code":…,"entry_hash":…,…,"valid_until":…}
 *
 *     — <origin>/refusal <signature>
 *
 * Pure functions, any thread; ledger/side.h keeps what the writer has signed.
 */
#ifndef SEM_LEDGER_REFUSALS_H
#define SEM_LEDGER_REFUSALS_H

#include "crypto/note.h"
#include "ledger/codes.h"
#include "ledger/entry.h"
#include "ledger/log.h"

/*
 * True for codes that are decisions: 302..307, 5xx, 6xx and 7xx. They are final only for a complete
 * note whose signatures were verified; anything else anybody could bring about in another's name.
 */
bool refusal_final(enum code code);

/* What a signed refusal states. */
struct refusal_note {
    struct ref ref;         /* author and id of the refused text */
    struct hash entry_hash; /* of the text */
    struct refusal why;     /* code, rule, field, expected, found; the rest is zero when read */
    int64_t at;             /* when it was decided */
    int64_t valid_until;    /* of the text */
    struct log_head head;   /* the leaves before it */
};

/* Longest text, and the note around it with its one line, NUL included. */
#define REFUSAL_TEXT_SIZE 2048
#define REFUSAL_NAME_SIZE (ORIGIN_MAX + sizeof "/refusal")
#define REFUSAL_NOTE_SIZE (REFUSAL_TEXT_SIZE + 1 + NOTE_LINE_SIZE(REFUSAL_NAME_SIZE))

/*
 * Writes the signed note and returns its length. Deterministic. The code is final and the parts of
 * `why` were filled by refuse(), which leaves nothing in them that the profile forbids (asserted).
 */
size_t refusal_sign(char out[static REFUSAL_NOTE_SIZE], const char *origin,
                    const struct refusal_note *refusal, const struct secret_key *refusal_key);

/*
 * Reads a note and verifies the line of the refusal key. False with a word on what is wrong in *why
 * (static text): its form, its signature, or a code that is not final.
 */
bool refusal_open(struct refusal_note *out, const char *note, size_t n, const char *origin,
                  const struct public_key *refusal_key, const char **why)
    __attribute__((warn_unused_result));

/* What another text is told under the author and id of one that was refused for good then. */
void refusal_reuse(struct refusal *why, int64_t at);

/* True when it speaks of this text: author, id, end of validity and hash are the entry's. */
bool refusal_is_of(const struct refusal_note *refusal, const struct entry *entry);

#endif
