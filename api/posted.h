/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Entry texts as clients post them: a signed note, or a text that still lacks every signature.
 */
#ifndef SEM_API_POSTED_H
#define SEM_API_POSTED_H

#include "api/request.h"
#include "crypto/note.h"

/*
 * Reads the body as an entry. `note` points into the body and has no line for an unsigned text,
 * which is refused as note_malformed unless `unsigned_ok`. Replies and answers false on a failure.
 */
bool posted_read(struct request *rq, bool unsigned_ok, struct entry *entry, struct note *note)
    __attribute__((warn_unused_result));

/*
 * Whose signatures an entry needs and which of them the note has, on the request's snapshot. False
 * with the refusal. `verify`: check the signatures too.
 */
struct signatures;
bool posted_signatures(struct request *rq, const struct entry *entry, const struct note *note,
                       bool verify, struct signatures *out, struct refusal *why)
    __attribute__((warn_unused_result));

/*
 * The same for a note that waited, whose signatures were verified when they came, but whose keys
 * may have been revoked since: counts, and marks in `holds`, the lines that still hold.
 */
bool posted_progress(struct request *rq, const struct entry *entry, const struct note *note,
                     struct signatures *out, bool holds[static NOTE_SIGS_MAX])
    __attribute__((warn_unused_result));

/* The commitment that an entry has in a slot, and the kind of its text (SPEC 9); NULL: none. */
const struct commit *posted_commit(const struct entry *entry, enum slot slot, const char **kind);

/* {"missing":[handles],"signed":[handles]} as two members of an object. */
void put_signatures(struct json_t *object, const struct signatures *signatures);

#endif
