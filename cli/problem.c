/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/problem.h"

#include <stdio.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/i18n.h"

/* The way out, and the exit code where the status does not tell it. */
static const struct {
    const char *code;
    int exit; /* 0: by status */
    const char *way_out;
} outs[] = {
    {"agreement_mismatch", 0,
     N_("look at the offer or need with `semctl offer show REF` or "
        "`semctl need show REF`")},
    {"already_appealed", CTL_CONFLICT, N_("talk with the panel, which has looked at it again")},
    {"already_closed", CTL_CONFLICT, N_("look at its state; publish or sign a new one if needed")},
    {"already_vouched", CTL_CONFLICT, NULL},
    {"challenge_invalid", CTL_KEY, N_("check --key and --as: the organisation must know this key")},
    {"cosigner_missing", 0, N_("name an organisation that stands beside it with --cosigner")},
    {"deadline", CTL_CONFLICT, N_("try again: the same text is never counted twice")},
    {"expired", 0, N_("sign it anew; it had to enter the log before its valid_until")},
    {"forbidden", CTL_KEY, N_("only its own organisation, its parties or a coordinator read this")},
    {"handle_taken", CTL_CONFLICT, N_("choose another handle")},
    {"hours_over_agreement", 0,
     N_("sign `semctl agreement change` first, or record the rest without "
        "--agreement")},
    {"id_reused", CTL_CONFLICT, NULL},
    {"key_ceiling", CTL_KEY, N_("ask somebody with a key without this ceiling")},
    {"key_in_use", CTL_CONFLICT, N_("make a key of its own with `semctl key new`")},
    {"key_revoked", CTL_KEY, N_("use another key of the organisation")},
    {"key_scope", CTL_KEY, N_("ask somebody with a key of a wider scope")},
    {"key_unknown", CTL_KEY, N_("check --key and --as: the organisation must know this key")},
    {"limit_crossed", 0,
     N_("record a smaller share, make it a gift (--gift), or let another "
        "organisation vouch for an urgent need")},
    {"network_not_founded", CTL_CONFLICT, N_("the founders sign network.found first")},
    {"nothing_broken", CTL_CONFLICT, NULL},
    {"org_unknown", CTL_NOT_FOUND, N_("look for it with `semctl org list -q …`")},
    {"paused", 0, N_("ask for what is urgent, or talk with the panel; it ends by itself")},
    {"pool_over_position", 0, N_("give what lies above zero: `semctl position` says how much")},
    {"read_only", CTL_LOCKED, N_("the operator finds the reason at /readyz")},
    {"ref_unknown", CTL_NOT_FOUND, NULL},
    {"signature_invalid", CTL_KEY, NULL},
    {"skill_unknown", 0, N_("`semctl skills` lists the words of the catalogue")},
    {"too_busy", CTL_CONFLICT, N_("try again in a moment: the same text is never counted twice")},
    {"unauthorized", CTL_KEY, N_("name our key with --key FILE")},
    {"urgent_quota", 0, N_("name organisations of the panel that confirm it too with --panel")},
};

static int by_status(long status)
{
    switch (status) {
    case 401:
    case 403:
        return CTL_KEY;
    case 404:
    case 410:
        return CTL_NOT_FOUND;
    case 409:
        return CTL_CONFLICT;
    default:
        return CTL_FAILED;
    }
}

int problem_exit(const char *code, long status)
{
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++) {
        if (strcmp(outs[i].code, code) == 0 && outs[i].exit != 0) {
            return outs[i].exit;
        }
    }
    return by_status(status);
}

static void show_way_out(const char *code)
{
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++) {
        if (strcmp(outs[i].code, code) == 0 && outs[i].way_out != NULL) {
            fprintf(stderr, "  %s\n", _(outs[i].way_out));
        }
    }
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static void show_part(const char *label, const char *text)
{
    if (text[0] != '\0') {
        fprintf(stderr, "  %s: %s\n", label, text);
    }
}

static void show_parts(const json_t *p, const char *code)
{
    static struct explained words;
    const char *rule = text_of(p, "rule");

    explain(&words, code, rule, text_of(p, "expected"), text_of(p, "found"));
    show_part(_("field"), text_of(p, "field"));
    show_part(_("rule"), rule);
    show_part(_("expected"), words.expected);
    show_part(_("found"), words.found);
    show_part(_("limit"), words.limit);
}

/* The title in the language of whoever reads; a code of a later server keeps the server's words. */
static const char *title_of(const json_t *p, const char *code)
{
    enum code known;

    return code_find(code, &known) ? _(code_title(known)) : text_of(p, "title");
}

/* The detail says in one line what expected and found say in two. True when it was shown. */
static bool show_detail(const json_t *p)
{
    const char *detail = text_of(p, "detail");
    char plain[EXPLAIN_SIZE];

    if (detail[0] == '\0' || json_object_get(p, "expected") != NULL ||
        strcmp(detail, text_of(p, "title")) == 0) {
        return false;
    }
    explain_plain(plain, detail);
    fprintf(stderr, "  %s\n", plain);
    return true;
}

int problem_show(const struct ctl *ctl, const json_t *p)
{
    const char *code = text_of(p, "code"), *title = title_of(p, code);

    if (ctl->json) {
        print_json(p);
    }
    /* What is not there, or not for us, was not refused for what it says. */
    long status = (long)json_integer_value(json_object_get(p, "status"));
    bool absent = status == 401 || status == 404 || status == 410;
    if (absent || status >= 500) {
        fail(0, "%s (%s)", title, code);
    } else {
        fail(0, _("refused: %s (%s)"), title, code);
    }
    show_parts(p, code);
    /* Who may read is in the detail of this one; the way out would say nearly the same. */
    if (!show_detail(p) || strcmp(code, "forbidden") != 0) {
        show_way_out(code);
    }
    return problem_exit(code, status);
}

int refusal_show(const struct ctl *ctl, const struct refusal *why)
{
    json_t *p = json_pack("{s:s,s:s,s:i}", "code", code_word(why->code), "title",
                          code_title(why->code), "status", code_status(why->code));

    const char *parts[][2] = {{"rule", why->rule},
                              {"field", why->field},
                              {"expected", why->expected},
                              {"found", why->found}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i][1][0] != '\0') {
            json_object_set_new(p, parts[i][0], json_string(parts[i][1]));
        }
    }
    int rc = problem_show(ctl, p);
    json_decref(p);
    return rc;
}

int reply_fail(const struct ctl *ctl, const struct reply *reply)
{
    if (reply->status == 0) {
        return fail(CTL_NO_LEDGER, _("no ledger at %s: %s"), ctl->url, client_error(ctl->client));
    }
    if (json_is_object(reply->json) && json_is_string(json_object_get(reply->json, "code"))) {
        return problem_show(ctl, reply->json);
    }
    return fail(CTL_NO_LEDGER, _("%s does not answer like a ledger (status %ld)"), ctl->url,
                reply->status);
}
