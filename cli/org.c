/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Organisations: the directory, joining, the sheet, leaving (SPEC 6.2, 6.3). */
#include <stdlib.h>
#include <string.h>

#include "cli/draft.h"
#include "cli/i18n.h"
#include "cli/keyfile_json.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "cli/signing.h"
#include "cli/table.h"
#include "cli/waiting.h"
#include "crypto/text.h"

/* --- The sheet -------------------------------------------------------------------------------- */

static const char *const sheet_parts[] = {"name", "summary", "city", "contact"};
#define N_SHEET_PARTS (sizeof sheet_parts / sizeof sheet_parts[0])

static json_t *sheet_of(const struct args *a)
{
    json_t *sheet = json_object();

    for (size_t i = 0; i < N_SHEET_PARTS; i++) {
        const char *value = args_get(a, sheet_parts[i]);
        if (value != NULL) {
            json_object_set_new(sheet, sheet_parts[i], json_string(value));
        }
    }
    return sheet;
}

/* --- Capacity and size ------------------------------------------------------------------------ */

struct own_size {
    struct number capacity, fte;
};

/* "2.5" or "2,5" full-time persons, as hundredths. */
static void args_hundredths(struct args *a, const char *what, const char *text,
                            struct number *out)
{
    int64_t whole = 0, part = 0;
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    size_t places = *rest == '.' || *rest == ',' ? strspn(rest + 1, "0123456789") : 0;

    if (digits == 0 || digits > 5 || places > 2 || rest[places > 0 ? places + 1 : 0] != '\0') {
        args_fail(a, _("%s: \"%s\" is no number of full-time persons, such as 2.5"), what, text);
        return;
    }
    for (size_t i = 0; i < digits; i++) {
        whole = whole * 10 + (text[i] - '0');
    }
    for (size_t i = 0; i < 2; i++) {
        part = part * 10 + (i < places ? rest[1 + i] - '0' : 0);
    }
    *out = (struct number){.set = true, .n = whole * 100 + part};
}

static void args_own_size(struct args *a, struct own_size *out)
{
    const char *capacity = args_get(a, "capacity"), *fte = args_get(a, "fte");

    memset(out, 0, sizeof *out);
    if (capacity != NULL) {
        out->capacity.set = true;
        if (strcmp(capacity, "0") != 0) {
            args_minutes(a, "--capacity", capacity, &out->capacity.n);
        }
    }
    if (fte != NULL) {
        args_hundredths(a, "--fte", fte, &out->fte);
    }
}

static void draft_own_size(struct draft *d, const struct own_size *size)
{
    if (size->capacity.set) {
        draft_int(d, "capacity", size->capacity.n);
    }
    if (size->fte.set) {
        draft_int(d, "fte", size->fte.n);
    }
}

/* --- Applying and admitting ------------------------------------------------------------------- */

/* The charter's hash stands in the network's answer. */
static int draft_charter(struct draft *d)
{
    const char *charter = json_string_value(json_path(d->ctl->network, "charter"));

    if (charter == NULL) {
        return fail(CTL_NO_LEDGER, _("the network is not founded yet"));
    }
    draft_text(d, "charter", charter);
    return CTL_OK;
}

static int draft_public_key(struct draft *d)
{
    char pub[HEX_SIZE(KEY_BYTES)];
    struct keyfile_json file;

    if (d->ctl->key_path == NULL) {
        return fail(CTL_KEY,
                    _("make a key with `semctl key new FILE` and name it with --key FILE"));
    }
    int rc = keyfile_json_read(&file, d->ctl->key_path);
    if (rc == CTL_OK) {
        hex_encode(pub, file.file.pub.b, KEY_BYTES);
        draft_text(d, "key", pub);
        keyfile_json_free(&file);
    }
    return rc;
}

static int org_apply(struct ctl *ctl, struct args *a)
{
    struct handle us, coordinator;
    struct handles sponsors;
    struct own_size size;
    struct draft d;

    args_own_size(a, &size);
    args_required(a, "name");
    args_required(a, "summary");
    args_handle(a, "HANDLE", args_pos(a, 0), &us);
    args_handle(a, "--coordinator", args_get(a, "coordinator"), &coordinator);
    args_handles(a, "--sponsors", args_get(a, "sponsors"), &sponsors);
    if ((coordinator.s[0] != '\0') == (sponsors.n > 0)) {
        args_fail(a, _("name either --coordinator or --sponsors: who vouches for us"));
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    ctl->as = args_pos(a, 0);
    int rc = draft_start(&d, ctl, "org.admit");
    rc = rc == CTL_OK ? draft_charter(&d) : rc;
    rc = rc == CTL_OK ? draft_public_key(&d) : rc;
    if (rc == CTL_OK) {
        draft_handle(&d, "coordinator", &coordinator);
        if (sponsors.n > 0) {
            draft_handles(&d, "sponsors", &sponsors);
        }
        draft_own_size(&d, &size);
        draft_flag(&d, "public", args_flag(a, "public"));
        draft_details(&d, "details", "org", sheet_of(a));
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int org_admit(struct ctl *ctl, struct args *a)
{
    struct handle who;

    args_handle(a, "HANDLE", args_pos(a, 0), &who);
    return a->bad ? CTL_USAGE : waiting_sign_application(ctl, &who);
}

/* --- Our own ---------------------------------------------------------------------------------- */

/* The parts that are not given stay as they are in the present sheet. */
static int merged_sheet(struct ctl *ctl, const struct args *a, json_t **out, bool *is_public)
{
    struct handle us;
    struct reply reply;

    *out = NULL;
    int rc = ctl_handle(ctl, &us);
    if (rc != CTL_OK) {
        return rc;
    }
    rc = get(ctl, &reply, "/v1/orgs/%s", us.s);
    if (rc == CTL_OK) {
        json_t *fresh = sheet_of(a);
        const json_t *old = json_object_get(reply.json, "sheet");
        *out = json_is_object(old) ? json_deep_copy(old) : json_object();
        *is_public = json_is_true(json_object_get(reply.json, "public"));
        json_object_update(*out, fresh);
        json_decref(fresh);
    }
    reply_free(&reply);
    return rc;
}

static int org_update(struct ctl *ctl, struct args *a)
{
    struct own_size size;
    struct draft d;
    json_t *sheet;
    bool is_public = false;

    if (args_flag(a, "public") && args_flag(a, "private")) {
        args_fail(a, _("give --public or --private, not both"));
    }
    args_own_size(a, &size);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = merged_sheet(ctl, a, &sheet, &is_public);
    if (rc != CTL_OK) {
        return rc;
    }
    is_public = args_flag(a, "public") || (is_public && !args_flag(a, "private"));
    rc = draft_start(&d, ctl, "org.update");
    if (rc == CTL_OK) {
        draft_own_size(&d, &size);
        draft_flag(&d, "public", is_public);
        draft_details(&d, "details", "org", sheet);
        rc = draft_sign(&d);
    } else {
        json_decref(sheet);
    }
    draft_free(&d);
    return rc;
}

static int org_confirm(struct ctl *ctl, struct args *a)
{
    struct draft d;

    (void)a;
    int rc = draft_start(&d, ctl, "org.confirm");
    rc = rc == CTL_OK ? draft_sign(&d) : rc;
    draft_free(&d);
    return rc;
}

static int org_leave(struct ctl *ctl, struct args *a)
{
    struct handle to;
    struct draft d;

    args_handle(a, "--to", args_get(a, "to"), &to);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "org.leave");
    if (rc == CTL_OK) {
        draft_handle(&d, "to", &to);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

/* --- The directory ---------------------------------------------------------------------------- */

#define SEARCH_MAX 100 /* bytes, as the server takes them */

static int org_list(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"handle", SHOW_WHOLE, N_("handle")},
                                            {"sheet.name", SHOW_TEXT, N_("name")},
                                            {"sheet.city", SHOW_TEXT, N_("city")},
                                            {"sheet.summary", SHOW_TEXT, N_("what they do")},
                                            {"confirmed_at", SHOW_DAY, N_("confirmed")},
                                            {NULL, SHOW_TEXT, NULL}};
    const char *words = args_get(a, "q");
    struct query q;

    if (words != NULL && strlen(words) > SEARCH_MAX) {
        args_fail(a, _("-q: at most %d bytes are looked for"), SEARCH_MAX);
        return CTL_USAGE;
    }
    query_start(&q, "/v1/orgs");
    query_add(&q, "q", words);
    query_add(&q, "skill", args_get(a, "skill"));
    query_add(&q, "state", args_get(a, "state"));
    int rc =
        list_print(ctl, q.path, columns, _("Nobody found. Try fewer words, or `semctl org list`."));
    free(q.path);
    return rc;
}

static int org_show(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"sheet.name", SHOW_TEXT, N_("name")},
                                          {"handle", SHOW_TEXT, N_("handle")},
                                          {"sheet.summary", SHOW_TEXT, N_("what they do")},
                                          {"sheet.city", SHOW_TEXT, N_("city")},
                                          {"sheet.contact", SHOW_TEXT, N_("contact")},
                                          {"sheet.website", SHOW_TEXT, N_("website")},
                                          {"sheet.themes", SHOW_TEXT, N_("themes")},
                                          {"sheet.audiences", SHOW_TEXT, N_("with whom")},
                                          {"sheet.skills", SHOW_TEXT, N_("skills")},
                                          {"capacity", SHOW_MINUTES, N_("can give a month")},
                                          {"fte", SHOW_HUNDREDTHS, N_("full-time persons")},
                                          {"state", SHOW_TEXT, N_("state")},
                                          {"public", SHOW_YES, N_("public")},
                                          {"admitted_at", SHOW_MOMENT, N_("member since")},
                                          {"confirmed_at", SHOW_MOMENT, N_("sheet confirmed")},
                                          {"left_at", SHOW_MOMENT, N_("left")},
                                          {NULL, SHOW_TEXT, NULL}};
    char path[64] = "/v1/orgs/";
    struct handle org;

    args_handle(a, "HANDLE", args_pos(a, 0), &org);
    if (a->bad) {
        return CTL_USAGE;
    }
    memcpy(path + strlen(path), org.s, sizeof org.s);
    return object_print(ctl, path, lines);
}

#define SHEET_OPTS                                                                                 \
    {"name", "N", N_("full name"), false}, {"summary", "S", N_("what we do"), false},              \
        {"city", "C", N_("where"), false}, {"contact", "X", N_("how to reach us"), false},         \
        {"capacity", "TIME", N_("how much help we can give in a month, such as 6h"), false},       \
        {"fte", "N", N_("our size in full-time persons, such as 2.5"), false},                     \
    {                                                                                              \
        "public", NULL, N_("anybody may read the sheet"), false                                    \
    }

static const struct opt apply_opts[] = {
    SHEET_OPTS,
    {"coordinator", "H", N_("the coordinator who admits us"), false},
    {"sponsors", "A,B", N_("or the members who sponsor us"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt update_opts[] = {
    SHEET_OPTS,
    {"private", NULL, N_("only members read the sheet"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt leave_opts[] = {
    {"to", "H", N_("who gets hours that we gave beyond those we received (else the pool)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt list_opts[] = {
    {"q", "WORDS", N_("words to look for, with or without accents"), false},
    {"skill", "S", N_("who offers this skill"), false},
    {"state", "STATE", N_("active, left or all"), false},
    {NULL, NULL, NULL, false},
};

const struct verb org_verbs[] = {
    {"list", "", 0, 0, list_opts, org_list, N_("the directory")},
    {"show", "HANDLE", 1, 1, NULL, org_show, N_("one organisation's sheet")},
    {"apply", "HANDLE", 1, 1, apply_opts, org_apply, N_("ask to be admitted under this handle")},
    {"admit", "HANDLE", 1, 1, NULL, org_admit, N_("sign a waiting application")},
    {"update", "", 0, 0, update_opts, org_update, N_("change our sheet")},
    {"confirm", "", 0, 0, NULL, org_confirm, N_("say that our sheet is still right")},
    {"leave", "", 0, 0, leave_opts, org_leave, N_("leave the network")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
