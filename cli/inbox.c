/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Texts that wait for signatures (SPEC 10). */
#include "cli/waiting.h"

#include <stdio.h>
#include <string.h>

#include "cli/detail.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/sentence.h"
#include "cli/session.h"
#include "cli/signing.h"
#include "cli/table.h"
#include "crypto/note.h"

/* --- The texts beside an entry ---------------------------------------------------------------- */

static void text_lines(FILE *out, const json_t *text)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)text, key, value)
    {
        if (json_is_string(value)) {
            fprintf(out, "  %s: %s\n", key, json_string_value(value));
        }
    }
}

static void text_show(struct ctl *ctl, const json_t *answer, FILE *out)
{
    const json_t *text = json_object_get(answer, "text");

    if (!detail_opens(ctl->origin, answer)) {
        fail(0, _("a text beside this entry does not fit its commitment; it is not shown"));
        return;
    }
    json_t *o = json_loadb(json_string_value(text), json_string_length(text), 0, NULL);
    fprintf(out, _("The text beside it:\n"));
    text_lines(out, o);
    json_decref(o);
}

void texts_show(struct ctl *ctl, const char *ref, bool before_signing)
{
    static const char *const slots[] = {"details", "people", "reason"};
    char path[REF_TEXT_SIZE + 40];
    struct reply reply;

    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        snprintf(path, sizeof path, "/v1/details/%s/%s", ref, slots[i]);
        if (request_quiet(ctl, "GET", path, NULL, NULL, 0, &reply) == CTL_OK &&
            reply.status == 200) {
            text_show(ctl, reply.json, before_signing ? stderr : stdout);
        }
        reply_free(&reply);
    }
}

/* --- Signing ---------------------------------------------------------------------------------- */

static int sign_item(struct ctl *ctl, const json_t *item)
{
    const json_t *text = json_object_get(item, "text");
    const char *ref = json_string_value(json_object_get(item, "ref"));

    if (!json_is_string(text) || ref == NULL) {
        return fail(CTL_NO_LEDGER, _("the server gave no text to sign"));
    }
    if (!ctl->quiet) {
        texts_show(ctl, ref, true);
    }
    return signing_run(ctl, json_string_value(text), json_string_length(text), NULL, 0);
}

int waiting_sign(struct ctl *ctl, const struct ref *ref)
{
    char text[REF_TEXT_SIZE];
    struct reply reply;

    ref_format(text, ref);
    int rc = session_open(ctl);
    if (rc != CTL_OK) {
        return rc;
    }
    rc = get(ctl, &reply, "/v1/inbox/%s", text);
    rc = rc == CTL_OK ? sign_item(ctl, reply.json) : rc;
    reply_free(&reply);
    return rc;
}

static bool is_application(const json_t *item, const struct handle *who)
{
    const char *kind = json_string_value(json_object_get(item, "kind"));
    const char *by = json_string_value(json_object_get(item, "by"));

    return kind != NULL && strcmp(kind, "org.admit") == 0 && by != NULL && strcmp(by, who->s) == 0;
}

int waiting_sign_application(struct ctl *ctl, const struct handle *who)
{
    struct reply reply;
    const json_t *found = NULL;

    int rc = session_open(ctl);
    if (rc != CTL_OK) {
        return rc;
    }
    json_t *items = json_array();
    rc = list_read(ctl, "/v1/inbox", items);
    for (size_t i = 0; i < json_array_size(items) && found == NULL; i++) {
        if (is_application(json_array_get(items, i), who)) {
            found = json_array_get(items, i);
        }
    }
    if (rc == CTL_OK && found == NULL) {
        rc = fail(CTL_NOT_FOUND, _("no application of %s waits for our signature"), who->s);
    } else if (rc == CTL_OK) {
        rc = get(ctl, &reply, "/v1/inbox/%s", json_string_value(json_object_get(found, "ref")));
        rc = rc == CTL_OK ? sign_item(ctl, reply.json) : rc;
        reply_free(&reply);
    }
    json_decref(items);
    return rc;
}

/* --- Verbs ------------------------------------------------------------------------------------ */

static int inbox_list(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"ref", SHOW_WHOLE, N_("reference")},
                                            {"kind", SHOW_TEXT, N_("kind")},
                                            {"missing", SHOW_TEXT, N_("still to sign")},
                                            {NULL, SHOW_TEXT, NULL}};
    (void)a;
    return list_print(ctl, "/v1/inbox", columns, _("No text waits for a signature."));
}

static void show_sentence(struct ctl *ctl, const json_t *item)
{
    static char words[SENTENCE_SIZE];
    static struct entry entry;
    const json_t *text = json_object_get(item, "text");
    struct refusal why = {.code = CODE_OK};

    if (json_is_string(text) && entry_decode(&entry, ctl->origin, json_string_value(text),
                                             json_string_length(text), &why)) {
        sentence_write(words, sizeof words, &entry, NULL);
        printf("%s\n", words);
    }
}

static int inbox_show(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"ref", SHOW_WHOLE, N_("reference")},
                                          {"kind", SHOW_TEXT, N_("kind")},
                                          {"signed", SHOW_TEXT, N_("signed by")},
                                          {"missing", SHOW_TEXT, N_("still to sign")},
                                          {"received_at", SHOW_MOMENT, N_("since")},
                                          {"valid_until", SHOW_MOMENT, N_("until")},
                                          {NULL, SHOW_TEXT, NULL}};
    char text[REF_TEXT_SIZE];
    struct reply reply;
    struct ref ref;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    if (a->bad) {
        return CTL_USAGE;
    }
    ref_format(text, &ref);
    int rc = get(ctl, &reply, "/v1/inbox/%s", text);
    if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        show_sentence(ctl, reply.json);
        texts_show(ctl, text, false);
        lines_print(reply.json, lines);
    }
    reply_free(&reply);
    return rc;
}

static int inbox_sign(struct ctl *ctl, struct args *a)
{
    struct ref ref;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    return a->bad ? CTL_USAGE : waiting_sign(ctl, &ref);
}

static int inbox_withdraw(struct ctl *ctl, struct args *a)
{
    char path[REF_TEXT_SIZE + 16] = "/v1/inbox/";
    struct reply reply;
    struct ref ref;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    if (a->bad) {
        return CTL_USAGE;
    }
    ref_format(path + strlen(path), &ref);
    int rc = request(ctl, "DELETE", path, NULL, NULL, 0, &reply);
    reply_free(&reply);
    if (rc == CTL_OK) {
        say(ctl, _("Withdrawn: it waits no more. Nothing of it is in the log."));
    }
    return rc;
}

const struct verb inbox_verbs[] = {
    {"list", "", 0, 0, NULL, inbox_list, N_("what waits for us or others")},
    {"show", "REF", 1, 1, NULL, inbox_show, N_("what a waiting text says, and who signed")},
    {"sign", "REF", 1, 1, NULL, inbox_sign, N_("add our signature")},
    {"withdraw", "REF", 1, 1, NULL, inbox_withdraw, N_("take a waiting text away")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
