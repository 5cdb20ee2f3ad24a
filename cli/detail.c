/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/detail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/i18n.h"
#include "cli/problem.h"
#include "cli/session.h"
#include "crypto/text.h"

const char *detail_field(const char *slot)
{
    static const char *const fields[][2] = {
        {"details", "details"}, {"people", "people"}, {"reason", "reason"},
        {"skills", "skills_details"}};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i][0], slot) == 0) {
            return fields[i][1];
        }
    }
    return NULL;
}

static bool kind_known(const char *kind)
{
    static const char *const kinds[] = {"org",    "offer", "need",  "agreement",
                                        "people", "hours", "skills", "status", "step"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

bool detail_make(struct detail *out, const char *origin, const char *slot, const char *kind,
                 const json_t *text, const struct salt *salt)
{
    memset(out, 0, sizeof *out);
    if (detail_field(slot) == NULL || !kind_known(kind) || !json_is_object(text)) {
        return false;
    }
    snprintf(out->slot, sizeof out->slot, "%s", slot);
    snprintf(out->kind, sizeof out->kind, "%s", kind);
    out->bytes = json_dumps(text, JSON_COMPACT | JSON_SORT_KEYS);
    out->n = out->bytes != NULL ? strlen(out->bytes) : 0;
    if (out->n == 0 || out->n > DETAIL_BYTES_MAX) {
        detail_free(out);
        return false;
    }
    if (salt != NULL) {
        out->salt = *salt;
    } else {
        salt_new(&out->salt);
    }
    commitment_make(&out->commit, origin, kind, &out->salt, out->bytes, out->n);
    return true;
}

void detail_free(struct detail *detail)
{
    free(detail->bytes);
    detail->bytes = NULL;
}

bool detail_opens(const char *origin, const json_t *answer)
{
    const json_t *commit = json_object_get(answer, "commit"),
                 *salt = json_object_get(answer, "salt");
    const json_t *kind = json_object_get(answer, "kind"), *text = json_object_get(answer, "text");
    struct hash hash;
    struct salt s;

    return json_is_string(kind) && kind_known(json_string_value(kind)) && json_is_string(text) &&
           json_is_string(commit) && json_is_string(salt) &&
           hex_decode(hash.b, HASH_BYTES, json_string_value(commit), json_string_length(commit)) &&
           hex_decode(s.b, SALT_BYTES, json_string_value(salt), json_string_length(salt)) &&
           commitment_opens(&hash, origin, json_string_value(kind), &s, json_string_value(text),
                            json_string_length(text));
}

int detail_put(struct ctl *ctl, const struct detail *detail, const char *ref)
{
    char salt[HEX_SIZE(SALT_BYTES)], path[32 + HEX_SIZE(HASH_BYTES)] = "/v1/details/";
    struct reply reply;

    hex_encode(salt, detail->salt.b, SALT_BYTES);
    hex_encode(path + strlen(path), detail->commit.b, HASH_BYTES);
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s%}", "ref", ref, "slot", detail->slot, "kind",
                          detail->kind, "salt", salt, "text", detail->bytes, detail->n);
    char *body = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    if (body == NULL) {
        return fail(CTL_PARTIAL, _("no memory"));
    }
    int rc = request_quiet(ctl, "PUT", path, "application/json", body, strlen(body), &reply);
    if (rc == CTL_OK && (reply.status < 200 || reply.status > 299) && reply.status != 410) {
        rc = reply_fail(ctl, &reply);
    }
    reply_free(&reply);
    free(body);
    return rc == CTL_OK ? CTL_OK
                        : fail(CTL_PARTIAL,
                               _("the entry of %s stands, but its text could not be "
                                 "handed in"),
                               ref);
}
