/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/apply_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/draft.h"
#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/session.h"
#include "crypto/note.h"
#include "crypto/text.h"

static bool bad(char wrong[static LINE_WRONG_SIZE], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool bad(char wrong[static LINE_WRONG_SIZE], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(wrong, LINE_WRONG_SIZE, fmt, ap);
    va_end(ap);
    return false;
}

/* --- Signers ---------------------------------------------------------------------------------- */

static int compare_handles(const void *a, const void *b)
{
    return strcmp(((const struct handle *)a)->s, ((const struct handle *)b)->s);
}

/* A member with a slip of the pen in its name would be left out in silence. */
static bool check_members(const json_t *line, char wrong[static LINE_WRONG_SIZE])
{
    static const char *const members[] = {"sign", "entry", "details", "save"};
    const json_t *save = json_object_get(line, "save");
    const json_t *details = json_object_get(line, "details");
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)line, key, value)
    {
        size_t i = 0;
        while (i < sizeof members / sizeof members[0] && strcmp(key, members[i]) != 0) {
            i++;
        }
        if (i == sizeof members / sizeof members[0]) {
            return bad(wrong, _("\"%s\" is no member of a line: sign, entry, details or save"),
                       key);
        }
    }
    if (save != NULL && !json_is_string(save)) {
        return bad(wrong, _("\"save\" must be a name"));
    }
    if (details != NULL && !json_is_object(details)) {
        return bad(wrong, _("\"details\" must be an object"));
    }
    return true;
}

bool apply_line_signers(const json_t *line, struct line_signers *out,
                        char wrong[static LINE_WRONG_SIZE])
{
    const json_t *list = json_object_get(line, "sign");

    out->n = 0;
    if (!check_members(line, wrong)) {
        return false;
    }
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > LINE_SIGNERS_MAX) {
        return bad(wrong, _("\"sign\" must be a list of 1 to %d handles"), LINE_SIGNERS_MAX);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *h = json_array_get(list, i);
        if (!json_is_string(h) ||
            !handle_parse(&out->v[out->n++], json_string_value(h), json_string_length(h))) {
            return bad(wrong, _("\"sign\": number %zu is no handle"), i + 1);
        }
    }
    return true;
}

/* --- What a line leaves out ------------------------------------------------------------------- */

/* Replaces strings "$name" anywhere inside; the depth of a line is bounded by the parser. */
static bool resolve(json_t *value, const json_t *saved, char wrong[static LINE_WRONG_SIZE])
{
    const char *key, *s;
    size_t i;
    json_t *v;

    if (json_is_string(value) && (s = json_string_value(value))[0] == '$') {
        const json_t *ref = json_object_get(saved, s + 1);
        if (ref == NULL) {
            return bad(wrong, _("%s was not saved by an earlier line"), s);
        }
        return json_string_set(value, json_string_value(ref)) == 0;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, v)
        {
            if (!resolve(v, saved, wrong)) {
                return false;
            }
        }
    }
    if (json_is_object(value)) {
        json_object_foreach(value, key, v)
        {
            if (!resolve(v, saved, wrong)) {
                return false;
            }
        }
    }
    return true;
}

static void fill_in(json_t *entry, const char *by, const struct ctl *ctl, int64_t now)
{
    const json_t *at = json_object_get(entry, "at"), *given = json_object_get(entry, "id");
    int64_t time = json_is_integer(at) ? json_integer_value(at) : now;
    char text[ID_TEXT_SIZE];
    struct id id;

    if (json_object_get(entry, "by") == NULL) {
        json_object_set_new(entry, "by", json_string(by));
    }
    if (given == NULL && time >= 0 && time < (int64_t)1 << 48) {
        new_id(text, time);
        json_object_set_new(entry, "id", json_string(text));
    } else if (json_is_string(given) &&
               id_parse(&id, json_string_value(given), json_string_length(given))) {
        time = id_time_ms(&id);
    }
    if (json_object_get(entry, "valid_until") == NULL) {
        json_object_set_new(entry, "valid_until",
                            json_integer(time + ctl->valid_days * MS_PER_DAY));
    }
}

static bool make_detail(struct detail *out, const char *origin, const char *slot, const json_t *o,
                        char wrong[static LINE_WRONG_SIZE])
{
    const json_t *salt = json_object_get(o, "salt");
    const char *kind = json_string_value(json_object_get(o, "kind"));
    struct salt given;

    if (salt != NULL &&
        (!json_is_string(salt) ||
         !hex_decode(given.b, SALT_BYTES, json_string_value(salt), json_string_length(salt)))) {
        return bad(wrong, _("details \"%s\": the salt must be 64 digits 0-9 a-f"), slot);
    }
    if (kind == NULL || !detail_make(out, origin, slot, kind, json_object_get(o, "text"),
                                     salt != NULL ? &given : NULL)) {
        return bad(wrong, _("details \"%s\": slot, kind and text must be those of SPEC 9"), slot);
    }
    return true;
}

static bool add_details(struct apply_line *out, json_t *line, json_t *entry, const char *origin,
                        char wrong[static LINE_WRONG_SIZE])
{
    char commit[HEX_SIZE(HASH_BYTES)];
    const char *slot;
    json_t *o;

    json_object_foreach(json_object_get(line, "details"), slot, o)
    {
        struct detail *d = &out->details[out->n_details];
        if (out->n_details == LINE_DETAILS_MAX) {
            return bad(wrong, _("too many details"));
        }
        if (!make_detail(d, origin, slot, o, wrong)) {
            return false;
        }
        out->n_details++;
        hex_encode(commit, d->commit.b, HASH_BYTES);
        json_object_set_new(entry, detail_field(slot), json_string(commit));
    }
    return true;
}

/* --- The note --------------------------------------------------------------------------------- */

/* Lines stand sorted by name, which the handles decide: everything before them is equal. */
static bool sign_all(struct apply_line *out, const char *text, size_t len, const char *origin,
                     struct line_signers *signers, const struct keyring *ring)
{
    static char line[LINE_SIGNERS_MAX][NOTE_LINE_SIZE(ORG_KEY_NAME_SIZE)];
    const char *lines[LINE_SIGNERS_MAX];
    char name[ORG_KEY_NAME_SIZE];
    size_t size = len + 2 + sizeof line;

    qsort(signers->v, signers->n, sizeof signers->v[0], compare_handles);
    for (size_t i = 0; i < signers->n; i++) {
        const struct secret_key *key = keyring_key(ring, signers->v[i].s);
        org_key_name(name, origin, signers->v[i].s);
        if (key == NULL ||
            note_sign(line[i], sizeof line[i], text, len, name, strlen(name), key) == 0) {
            return false;
        }
        lines[i] = line[i];
    }
    out->note = malloc(size);
    if (out->note != NULL) {
        out->note_len = note_build(out->note, size, text, len, lines, signers->n);
    }
    return out->note != NULL && out->note_len > 0;
}

static bool make_note(struct apply_line *out, const json_t *entry, const char *origin,
                      struct line_signers *signers, const struct keyring *ring,
                      char wrong[static LINE_WRONG_SIZE])
{
    static struct entry decoded;
    char *json = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS), *text = NULL;
    struct refusal why = {.code = CODE_OK};

    if (json == NULL || asprintf(&text, "%s/entry/v1\n%s\n", origin, json) < 0) {
        free(json);
        return bad(wrong, _("no memory"));
    }
    free(json);
    bool ok = entry_decode(&decoded, origin, text, strlen(text), &why);
    if (!ok) {
        bad(wrong, _("%s: %s (expected %s, found %s)"), why.field, code_title(why.code),
            why.expected, why.found);
    } else if (!sign_all(out, text, strlen(text), origin, signers, ring)) {
        ok = bad(wrong, _("it cannot be signed"));
    } else {
        ref_format(out->ref, &(struct ref){decoded.by, decoded.id});
    }
    free(text);
    return ok;
}

bool apply_line_make(struct apply_line *out, json_t *line, const json_t *saved,
                     const struct ctl *ctl, const struct keyring *ring, int64_t now,
                     char wrong[static LINE_WRONG_SIZE])
{
    json_t *entry = json_object_get(line, "entry");
    struct line_signers signers;

    memset(out, 0, sizeof *out);
    if (!apply_line_signers(line, &signers, wrong)) {
        return false;
    }
    if (!json_is_object(entry)) {
        return bad(wrong, _("\"entry\" must be an object"));
    }
    fill_in(entry, signers.v[0].s, ctl, now);
    return resolve(entry, saved, wrong) && add_details(out, line, entry, ctl->origin, wrong) &&
           make_note(out, entry, ctl->origin, &signers, ring, wrong);
}

void apply_line_free(struct apply_line *line)
{
    free(line->note);
    for (size_t i = 0; i < line->n_details; i++) {
        detail_free(&line->details[i]);
    }
    memset(line, 0, sizeof *line);
}
