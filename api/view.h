/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Records as JSON: what several endpoints show alike. Minutes are integers, times are Unix
 * milliseconds under names that end in _at, references are "handle/id", keys and hashes lower-case
 * hex. Without memory these functions abort: nothing of a request is worth half an answer.
 */
#ifndef SEM_API_VIEW_H
#define SEM_API_VIEW_H

#include <jansson.h>

#include "api/json_out.h"
#include "api/request.h"
#include "ledger/entry.h"
#include "ledger/side.h"
#include "ledger/state.h"
#include "policies/reciprocity.h"

json_t *view_object(void);
json_t *view_array(void);

/* Members of an object. put() takes the reference. */
void put(json_t *object, const char *name, json_t *value);
void put_int(json_t *object, const char *name, int64_t value);
void put_flag(json_t *object, const char *name, bool value);
void put_text(json_t *object, const char *name, const char *text);
/* Text that may not be UTF-8 or may hold NUL never comes here; bytes of a note or leaf do. */
void put_bytes(json_t *object, const char *name, const char *text, size_t n);
void put_hex(json_t *object, const char *name, const void *bytes, size_t n);
/* A ratio per mille, null when it is not known (SPEC 8.4). */
void put_ratio(json_t *object, const char *name, struct ratio ratio);
void put_ref(json_t *object, const char *name, const struct ref *ref);
/* The handle of an organisation number. */
void put_handle(json_t *object, const char *name, struct state *s, uint32_t org);
/* The reference of a thing; its author is `clock` under number 0. */
struct ref view_ref(struct state *s, const struct thing_key *key);
void put_thing(json_t *object, const char *name, struct state *s, const struct thing_key *key);
/* The three public keys of a node, and the log's verifier key (SPEC 4.3, 14.1). */
struct node;
json_t *view_node_keys(const struct node *node);
/* "totals" of the network, minutes (SPEC 7.1). */
void put_totals(json_t *object, struct state *s);
void put_sums(json_t *object, const struct sums *sums);
/* "policy": index and reference of the entry that adopted the policy in force (SPEC 18.12). */
void put_policy(json_t *object, struct state *s);
/* A list of slugs; nothing when it is empty. */
void put_slugs(json_t *object, const char *name, const struct slugs *slugs);

json_t *view_handle(struct state *s, uint32_t org);
/* Key of a thing from the path's handle and id; false when there is no such organisation. */
bool view_thing_key(struct request *rq, struct thing_key *out);

/* --- Texts ----------------------------------------------------------------------------------- */

/* A member that a program understands (SPEC 9). */
struct text_field {
    const char *name;
    bool list; /* an array of strings */
};
/* Where a text stands (SPEC 9): the entry, the slot, and the commitment that stands there. */
struct text_place {
    struct ref ref;
    enum slot slot;
    struct hash commit;
};
/* Loads the text of a place; false when it is not there. */
bool view_load(struct request *rq, const struct text_place *place, struct detail_text *out);
/* The whole object, or NULL when it is not there; new reference. */
json_t *view_whole_text(struct request *rq, const struct text_place *place);
/* The understood members only, or NULL when the text is not there; new reference. */
json_t *view_text(struct request *rq, const struct text_place *place,
                  const struct text_field *fields, size_t n);
/* The name on an organisation's sheet; nothing when it is not there. For who reads the sheet. */
void put_org_name(json_t *object, const char *name, struct request *rq, uint32_t org);
/* The names of the catalogue of skills; NULL when they are not there. New reference. */
json_t *view_catalogue(struct request *rq);
/* The {"title","text"} of a thing; nothing when it is not there. */
void put_title(json_t *object, struct request *rq, const struct thing_key *key);

/* --- Entries --------------------------------------------------------------------------------- */

/* The members index, at, kind, by ("clock", or the author's handle), ref, hash, parties. */
void out_entry_record(struct json_out *o, struct state *s, const struct entry_record *record);

#endif
