/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/refusal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/pin.h"
#include "cli/session.h"
#include "cli/table.h"
#include "crypto/note.h"
#include "crypto/text.h"
#include "ledger/refusals.h"

/* --- Checking --------------------------------------------------------------------------------- */

int seen_check(const struct ctl *ctl, const json_t *problem, const struct entry *entry, int rc)
{
    const char *code = json_string_value(json_object_get(problem, "code"));
    const struct log_pin *pin = ctl->pin;

    if (code == NULL || strcmp(code, code_word(CODE_seen_mismatch)) != 0 || pin == NULL ||
        !entry->has_seen || entry->seen_size != pin->head.size ||
        !hash_equal(&entry->seen_root, &pin->head.root)) {
        return rc;
    }
    return fail(CTL_VERIFY,
                _("this is not the log we saw: it does not know its own signed head of %" PRIu64
                  " entries, which we have verified. Sign nothing here, keep your receipts and "
                  "refusals, and ask the operator."),
                pin->head.size);
}

static int check(struct ctl *ctl, const json_t *note, const char *code, const struct entry *entry,
                 struct refusal_note *out)
{
    const struct log_pin *pin = ctl->pin;
    const char *why = "";

    if (!refusal_open(out, json_string_value(note), json_string_length(note), ctl->origin,
                      &ctl->refusal_key, &why)) {
        return fail(CTL_VERIFY, _("the signed refusal does not verify: %s"), why);
    }
    if (!refusal_is_of(out, entry) || code == NULL || strcmp(code_word(out->why.code), code) != 0) {
        return fail(CTL_VERIFY, _("the signed refusal is for another text or reason"));
    }
    if (pin != NULL && pin->head.size > 0 && pin->head.size == out->head.size &&
        !hash_equal(&pin->head.root, &out->head.root)) {
        return fail(CTL_VERIFY,
                    _("the refusal speaks of another log than the one we saw: its %" PRIu64
                      " entries have another root. Keep your receipts and ask the operator."),
                    pin->head.size);
    }
    return CTL_OK;
}

/* --- Keeping ---------------------------------------------------------------------------------- */

/*
 * The refused note as the server has it, with the signatures of the others; NULL when it does not
 * show it, or another text.
 */
static char *whole_note(struct ctl *ctl, const struct entry *entry, const char *ref, size_t *n)
{
    char path[REF_TEXT_SIZE + sizeof "/v1/refusals/"], *copy = NULL;
    struct reply reply;

    snprintf(path, sizeof path, "/v1/refusals/%s", ref);
    int rc = request_quiet(ctl, "GET", path, NULL, NULL, 0, &reply);
    const json_t *note = json_object_get(reply.json, "entry");
    *n = json_string_length(note);
    if (rc == CTL_OK && reply.status == 200 && *n > entry->text_len &&
        memcmp(json_string_value(note), entry->text, entry->text_len) == 0) {
        copy = strdup(json_string_value(note));
    }
    reply_free(&reply);
    return copy;
}

static bool write_in(const char *dir, const struct entry *entry, const char *ending,
                     const char *bytes, size_t n)
{
    char id[ID_TEXT_SIZE], *path = NULL;

    id_format(id, &entry->id);
    bool ok = asprintf(&path, "%s/%s-%s.%s", dir, entry->by.s, id, ending) >= 0 &&
              write_whole_file(path, bytes, n, 0600, true);
    free(path);
    return ok;
}

static int keep(struct ctl *ctl, const json_t *refusal, const struct entry *entry,
                const char *note, size_t note_len)
{
    char ref[REF_TEXT_SIZE], *dir = NULL;
    size_t n;

    if (ctl->key_path == NULL) {
        return CTL_OK;
    }
    if (asprintf(&dir, "%s.refusals", ctl->key_path) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    ref_format(ref, &(struct ref){entry->by, entry->id});
    char *whole = whole_note(ctl, entry, ref, &n);
    bool ok = (mkdir(dir, 0700) == 0 || errno == EEXIST) &&
              write_in(dir, entry, "entry", whole != NULL ? whole : note,
                       whole != NULL ? n : note_len) &&
              write_in(dir, entry, "refusal", json_string_value(refusal),
                       json_string_length(refusal));
    int rc = ok ? CTL_OK
                : fail(CTL_PARTIAL, _("the signed refusal cannot be kept in %s: %s"), dir,
                       strerror(errno));
    free(whole);
    free(dir);
    return rc;
}

static bool read_entry(const struct ctl *ctl, struct entry *out, const char *note, size_t n)
{
    struct refusal why = {.code = CODE_OK};
    struct note parsed;

    return note_parse(&parsed, note, n) == NOTE_OK &&
           entry_decode(out, ctl->origin, parsed.text, parsed.text_len, &why);
}

int refusal_take(struct ctl *ctl, const json_t *problem, const char *note, size_t note_len, int rc)
{
    const json_t *refusal = json_object_get(problem, "refusal");
    const char *code = json_string_value(json_object_get(problem, "code"));
    static struct entry entry;
    struct refusal_note stated;

    if (!read_entry(ctl, &entry, note, note_len)) {
        return rc;
    }
    if (!json_is_string(refusal)) {
        return seen_check(ctl, problem, &entry, rc);
    }
    /* What does not hold is kept as well: it is what an operator must explain. */
    int wrong = check(ctl, refusal, code, &entry, &stated);
    int kept = keep(ctl, refusal, &entry, note, note_len);
    if (wrong != CTL_OK || kept != CTL_OK) {
        return wrong != CTL_OK ? wrong : kept;
    }
    say(ctl, _("This text is refused for good, and the log has signed that: whatever changes, it "
               "needs a new text with a new id."));
    return seen_check(ctl, problem, &entry, rc);
}
