/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was refused for good, for those who signed it (SPEC 10.2). */
#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"

/* True when the organisation's signature is on the refused note, as the author's always is. */
static bool has_signed(struct request *rq, const struct refused *refused)
{
    struct note *note = &rq->worker->note;
    char name[KEY_NAME_SIZE];

    signers_key_name(name, rq->server->node->origin, rq->caller.handle.s);
    if (note_parse(note, refused->note, refused->note_len) != NOTE_OK) {
        return false;
    }
    for (size_t i = 0; i < note->n_sigs; i++) {
        if (note->sigs[i].name_len == strlen(name) &&
            memcmp(note->sigs[i].name, name, strlen(name)) == 0) {
            return true;
        }
    }
    return false;
}

void get_refusal(struct request *rq)
{
    struct refused *refused = &rq->worker->refused;
    struct ref ref = {rq->args.handle, rq->args.id};
    json_t *o;

    if (!query_read(rq, NULL, 0)) {
        return;
    }
    switch (refused_get(rq->server->node->side, &ref, refused)) {
    case REFUSED_THERE:
        break;
    case REFUSED_ABSENT:
        refused->note_len = 0;
        break;
    case REFUSED_UNKNOWN:
        reply_code(rq, CODE_internal, "the store of refusals cannot be read now");
        return;
    }
    /* Strangers to it learn nothing of it. */
    if (refused->note_len == 0 || !has_signed(rq, refused)) {
        reply_code(rq, CODE_not_found, "no refused text of this reference has your signature");
        return;
    }
    if (reply_not_modified(rq)) {
        return;
    }
    o = view_object();
    put_bytes(o, "entry", refused->note, refused->note_len);
    put_bytes(o, "refusal", refused->refusal, refused->refusal_len);
    reply_json(rq, MHD_HTTP_OK, o);
}
