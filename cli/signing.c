/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/signing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/effects.h"
#include "cli/i18n.h"
#include "cli/pin.h"
#include "cli/problem.h"
#include "cli/refusal.h"
#include "cli/sentence.h"
#include "cli/session.h"
#include "cli/table.h"
#include "crypto/note.h"

/* An entry and the note in which we sign it. */
struct posted {
    const struct entry *entry;
    char *note;
    size_t note_len;
};

/* --- Before ----------------------------------------------------------------------------------- */

int preview_show(struct ctl *ctl, const struct entry *entry)
{
    struct reply reply;
    int rc = request(ctl, "POST", "/v1/preview", "text/plain", entry->text, entry->text_len,
                     &reply);

    if (rc == CTL_OK) {
        const json_t *problem = json_object_get(reply.json, "problem");
        if (problem != NULL) {
            rc = seen_check(ctl, problem, entry, problem_show(ctl, problem));
        } else {
            effects_show(ctl, json_object_get(reply.json, "effects"));
        }
    }
    reply_free(&reply);
    return rc;
}

char *sign_text(const struct ctl *ctl, const struct handle *us, const char *text, size_t len,
                size_t *note_len)
{
    char name[ORG_KEY_NAME_SIZE], line[NOTE_LINE_SIZE(ORG_KEY_NAME_SIZE)];
    const char *lines[] = {line};
    size_t size = len + 2 + sizeof line;
    char *note = malloc(size);

    org_key_name(name, ctl->origin, us->s);
    if (note == NULL ||
        note_sign(line, sizeof line, text, len, name, strlen(name), ctl->secret) == 0 ||
        (*note_len = note_build(note, size, text, len, lines, 1)) == 0) {
        free(note);
        return NULL;
    }
    return note;
}

/* The words, the question and the key. */
static int consent(struct ctl *ctl, const struct entry *entry, const struct handle *us)
{
    static char words[SENTENCE_SIZE];

    sentence_write(words, sizeof words, entry, us->s);
    say(ctl, "%s", words);
    if (!ask_yes(ctl, _("Sign?"))) {
        return fail(CTL_FAILED, _("nothing was signed"));
    }
    return ctl_unlock(ctl);
}

/* --- After ------------------------------------------------------------------------------------ */

/* True when the leaf's note has this text. */
static bool leaf_has_text(const char *leaf, size_t n, const char *text, size_t len)
{
    const char *note;
    size_t note_len;
    int64_t at;

    return leaf_split(leaf, n, &at, &note, &note_len) && note_len > len + 1 &&
           memcmp(note, text, len) == 0 && note[len] == '\n';
}

int receipt_take(struct ctl *ctl, const json_t *answer, const char *text, size_t len)
{
    const json_t *receipt = json_object_get(answer, "receipt");
    const json_t *leaf = json_object_get(answer, "leaf");
    struct signed_head head = {0};
    const char *why;
    uint64_t index;

    if (!json_is_string(receipt) || !json_is_string(leaf)) {
        return fail(CTL_VERIFY, _("the server gave no receipt"));
    }
    const char *bytes = json_string_value(leaf);
    size_t n = json_string_length(leaf);
    if (!receipt_verify(json_string_value(receipt), json_string_length(receipt), bytes, n,
                        ctl->origin, &ctl->log_key, &index, &head.head, &why) ||
        !receipt_note(json_string_value(receipt), json_string_length(receipt), &head.note,
                      &head.n)) {
        return fail(CTL_VERIFY, _("the receipt does not verify: %s"), why);
    }
    if (text != NULL && !leaf_has_text(bytes, n, text, len)) {
        return fail(CTL_VERIFY, _("the receipt is for another text"));
    }
    int rc = pin_head(ctl, &head);
    if (text == NULL) {
        if (rc == CTL_OK) {
            say(ctl, _("The receipt verifies: entry %" PRIu64 " is in the log of %" PRIu64 "."),
                index, head.head.size);
        }
        return rc;
    }
    if (rc == CTL_OK) {
        rc = pin_keep_receipt(ctl, index, json_string_value(receipt), bytes, n);
    }
    if (rc == CTL_OK) {
        say(ctl, _("Logged as entry %" PRIu64 "; the receipt verifies and is kept."), index);
    }
    return rc;
}

/*
 * Who signs alone knows the leaf: the time that the server answered and the note that was posted.
 * NULL when the receipt is not for that leaf, or without memory.
 */
static json_t *answer_with_leaf(const struct ctl *ctl, const json_t *answer, const char *note,
                                size_t note_len)
{
    const json_t *receipt = json_object_get(answer, "receipt");
    struct log_head head;
    const char *why;
    uint64_t index;
    char *leaf = malloc(24 + note_len);
    json_t *whole = NULL;

    if (leaf == NULL || !json_is_string(receipt)) {
        free(leaf);
        return NULL;
    }
    size_t n = leaf_prefix(leaf, json_integer_value(json_object_get(answer, "at")));
    memcpy(leaf + n, note, note_len);
    n += note_len;
    if (receipt_verify(json_string_value(receipt), json_string_length(receipt), leaf, n,
                       ctl->origin, &ctl->log_key, &index, &head, &why)) {
        whole = json_pack("{s:O,s:s%,s:O}", "receipt", receipt, "leaf", leaf, n, "index",
                          json_object_get(answer, "index"));
    }
    free(leaf);
    return whole;
}

static void print_logged(const struct ctl *ctl, const json_t *answer, const char *ref)
{
    if (!ctl->json) {
        printf("%s\n", ref);
        return;
    }
    json_t *o = json_pack("{s:s,s:s,s:O?}", "outcome", "logged", "ref", ref, "index",
                          json_object_get(answer, "index"));
    print_json(o);
    json_decref(o);
}

static int logged(struct ctl *ctl, const json_t *answer, const struct posted *p, const char *ref)
{
    json_t *whole = answer_with_leaf(ctl, answer, p->note, p->note_len);
    struct reply entry = {0};
    int rc = CTL_OK;

    if (whole == NULL) {
        rc = get(ctl, &entry, "/v1/entries/%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(answer, "index")));
        whole = json_incref(entry.json);
    }
    rc = rc == CTL_OK ? receipt_take(ctl, whole, p->entry->text, p->entry->text_len) : rc;
    print_logged(ctl, answer, ref);
    json_decref(whole);
    reply_free(&entry);
    return rc;
}

static int waiting(struct ctl *ctl, const json_t *answer, const char *ref)
{
    const json_t *missing = json_path(answer, "inbox.missing");

    for (size_t i = 0; i < json_array_size(missing); i++) {
        const char *who = json_string_value(json_array_get(missing, i));
        say(ctl, _("Waiting for the signature of %s: they run `semctl inbox sign %s`"),
            who != NULL ? who : "?", ref);
    }
    if (ctl->json) {
        json_t *o =
            json_pack("{s:s,s:s,s:O?}", "outcome", "waiting", "ref", ref, "missing", missing);
        print_json(o);
        json_decref(o);
    } else {
        printf("%s\n", ref);
    }
    return CTL_OK;
}

static int post(struct ctl *ctl, const struct posted *p, const struct detail details[],
                size_t n_details)
{
    char ref[REF_TEXT_SIZE];
    struct reply reply;
    int partial = CTL_OK;

    ref_format(ref, &(struct ref){p->entry->by, p->entry->id});
    int rc = request(ctl, "POST", "/v1/entries", "text/plain", p->note, p->note_len, &reply);
    if (rc != CTL_OK) {
        rc = refusal_take(ctl, reply.json, p->note, p->note_len, rc);
        reply_free(&reply);
        return rc;
    }
    for (size_t i = 0; i < n_details; i++) {
        int one = detail_put(ctl, &details[i], ref);
        partial = one != CTL_OK ? one : partial;
    }
    rc = reply.status == 202 ? waiting(ctl, reply.json, ref) : logged(ctl, reply.json, p, ref);
    reply_free(&reply);
    return rc != CTL_OK ? rc : partial;
}

int signing_run(struct ctl *ctl, const char *text, size_t len, const struct detail details[],
                size_t n_details)
{
    static struct entry entry;
    struct posted posted = {.entry = &entry};
    struct refusal why = {.code = CODE_OK};
    struct handle us;

    if (!entry_decode(&entry, ctl->origin, text, len, &why)) {
        refusal_show(ctl, &why);
        return CTL_USAGE;
    }
    int rc = ctl_handle(ctl, &us);
    rc = rc == CTL_OK ? preview_show(ctl, &entry) : rc;
    rc = rc == CTL_OK ? consent(ctl, &entry, &us) : rc;
    if (rc != CTL_OK) {
        return rc;
    }
    posted.note = sign_text(ctl, &us, text, len, &posted.note_len);
    if (posted.note == NULL) {
        return fail(CTL_FAILED, _("the text cannot be signed"));
    }
    rc = post(ctl, &posted, details, n_details);
    free(posted.note);
    return rc;
}
