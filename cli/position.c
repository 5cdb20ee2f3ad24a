/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where an organisation stands: shown, asserted under our signature (SPEC 6.12), and proven to
 * others under a seal of the log (SPEC 7.4).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/draft.h"
#include "cli/duration.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/pin.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/things.h"
#include "cli/words.h"
#include "ledger/balance_proof.h"

static int position(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {
        {"org", SHOW_TEXT, N_("organisation")},
        {"given_posted", SHOW_MINUTES, N_("we gave")},
        {"received_posted", SHOW_MINUTES, N_("we received")},
        {"moves", SHOW_MINUTES, N_("gifts and pool")},
        {"position", SHOW_MINUTES, N_("position")},
        {"given_pending", SHOW_MINUTES, N_("we promised")},
        {"received_pending", SHOW_MINUTES, N_("promised to us")},
        {"line.floor", SHOW_MINUTES, N_("limit below zero")},
        {"window.given", SHOW_MINUTES, N_("given in a year")},
        {"window.received", SHOW_MINUTES, N_("received in a year")},
        {"metrics.line_use", SHOW_PERMILLE, N_("share of the limit used")},
        {"metrics.exchange_index", SHOW_PERMILLE, N_("exchange index")},
        {"metrics.dependency.org", SHOW_TEXT, N_("largest provider")},
        {"metrics.dependency.permille", SHOW_PERMILLE, N_("its share")},
        {NULL, SHOW_TEXT, NULL}};
    char path[ORG_PATH_SIZE];
    int rc = org_path(ctl, a, "position", path);

    return rc == CTL_OK ? object_print(ctl, path, lines) : rc;
}

/* --- Asserting -------------------------------------------------------------------------------- */

/* The five counters, by the names of the entry and of the options. */
static const struct counter {
    const char *field, *option;
} counters[] = {
    {"given_pending", "promised"}, {"given_posted", "gave"},         {"moves", "moves"},
    {"received_pending", "promised-to-us"}, {"received_posted", "received"},
};
#define N_COUNTERS (sizeof counters / sizeof *counters)

/* Whole minutes, zero and what is below it included, or a time as people write it. */
static void read_counter(struct args *a, const struct counter *c, int64_t *out)
{
    const char *text = args_get(a, c->option);

    if (text[strspn(text, "-0123456789")] == '\0') {
        args_int(a, c->option, text, strcmp(c->field, "moves") == 0 ? -INTEGER_MAX : 0, INTEGER_MAX,
                 out);
    } else {
        args_minutes(a, c->option, text, out);
    }
}

/* The figures that the server shows us, for those that were not given. */
static int fill_counters(struct ctl *ctl, const struct args *a, int64_t v[static N_COUNTERS])
{
    struct handle us;
    struct reply reply;
    bool all = true;

    for (size_t i = 0; i < N_COUNTERS; i++) {
        all = all && args_get(a, counters[i].option) != NULL;
    }
    int rc = all ? CTL_OK : ctl_handle(ctl, &us);
    if (all || rc != CTL_OK) {
        return rc;
    }
    rc = get(ctl, &reply, "/v1/orgs/%s/position", us.s);
    for (size_t i = 0; i < N_COUNTERS && rc == CTL_OK; i++) {
        const json_t *shown = json_object_get(reply.json, counters[i].field);

        if (args_get(a, counters[i].option) == NULL) {
            rc = json_is_integer(shown) ? CTL_OK : fail(CTL_NO_LEDGER, _("no figures came"));
            v[i] = json_integer_value(shown);
        }
    }
    reply_free(&reply);
    return rc;
}

static int position_assert(struct ctl *ctl, struct args *a)
{
    int64_t v[N_COUNTERS] = {0};
    struct draft d;

    for (size_t i = 0; i < N_COUNTERS; i++) {
        if (args_get(a, counters[i].option) != NULL) {
            read_counter(a, &counters[i], &v[i]);
        }
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "assertion.balance");
    rc = rc == CTL_OK ? fill_counters(ctl, a, v) : rc;
    if (rc == CTL_OK) {
        for (size_t i = 0; i < N_COUNTERS; i++) {
            draft_int(&d, counters[i].field, v[i]);
        }
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

/* --- Proving ---------------------------------------------------------------------------------- */

/* A proof that verifies also shows a head of the log, which must extend the one we remember. */
static int remember_head(struct ctl *ctl, const json_t *proof, const struct balance_shown *shown)
{
    struct signed_head head = {.head = shown->head};
    const json_t *receipt = json_object_get(proof, "receipt");

    return receipt_note(json_string_value(receipt), json_string_length(receipt), &head.note,
                        &head.n)
               ? pin_head(ctl, &head)
               : fail(CTL_VERIFY, _("the proof has no head of the log"));
}

static int verify_ours(struct ctl *ctl, const struct reply *reply, const char *us)
{
    struct balance_shown shown;
    const char *why;

    if (!balance_proof_check(&shown, reply->body, reply->n, ctl->origin, &ctl->log_key, &why)) {
        return fail(CTL_VERIFY, _("the proof does not hold: %s"), why);
    }
    if (strcmp(shown.org, us) != 0) {
        return fail(CTL_VERIFY, _("the proof is of %s"), shown.org);
    }
    return remember_head(ctl, reply->json, &shown);
}

static int write_proof(const struct ctl *ctl, const char *path, const struct reply *reply)
{
    if (path == NULL) {
        printf("%s\n", reply->body);
        return CTL_OK;
    }
    if (!write_whole_file(path, reply->body, reply->n, 0644, true)) {
        return fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    say(ctl, _("Wrote %s. Whoever has it can check it with `semctl position check %s "
               "--log-key KEY`, without a server."),
        path, path);
    return CTL_OK;
}

static int position_prove(struct ctl *ctl, struct args *a)
{
    struct handle us;
    struct reply reply;
    int rc = ctl_handle(ctl, &us);

    rc = rc == CTL_OK ? network_open(ctl) : rc;
    if (rc != CTL_OK) {
        return rc;
    }
    rc = get(ctl, &reply, "/v1/orgs/%s/balance", us.s);
    rc = rc == CTL_OK ? verify_ours(ctl, &reply, us.s) : rc;
    rc = rc == CTL_OK ? write_proof(ctl, args_get(a, "o"), &reply) : rc;
    reply_free(&reply);
    return rc;
}

/* --- Checking --------------------------------------------------------------------------------- */

/* From --log-key, or from what --key remembers. */
static int find_log(const struct ctl *ctl, const struct args *a, char origin[static ORIGIN_MAX + 1],
                    struct public_key *log_key)
{
    const char *text = args_get(a, "log-key");
    struct log_pin *pin = NULL;
    char *path;

    if (text != NULL) {
        return log_key_parse(text, origin, log_key)
                   ? CTL_OK
                   : fail(CTL_USAGE,
                          _("--log-key: \"%s\" is no verifier key; one looks like "
                            "ledger.example.org/brussels+1234abcd+A…"),
                          text);
    }
    if (ctl->key_path == NULL || asprintf(&path, "%s.network.json", ctl->key_path) < 0) {
        return fail(CTL_USAGE, _("whose log? give --log-key KEY, or --key FILE"));
    }
    int rc = pin_read(path, &pin);
    if (rc == CTL_OK && pin == NULL) {
        rc = fail(CTL_USAGE, _("whose log? %s is not there: give --log-key KEY"), path);
    } else if (rc == CTL_OK) {
        memcpy(origin, pin->origin, ORIGIN_MAX + 1);
        *log_key = pin->log_key;
    }
    pin_free(pin);
    free(path);
    return rc;
}

static void print_shown(const struct ctl *ctl, const char *origin, const struct balance_shown *s)
{
    const struct sealed *a = &s->account;
    char when[DAY_SIZE];

    if (ctl->json) {
        json_t *o = json_pack("{s:b,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "verified", 1,
                              "origin", origin, "org", s->org, "given_pending",
                              (json_int_t)a->given_pending, "given_posted",
                              (json_int_t)a->given_posted, "moves", (json_int_t)a->moves,
                              "position", (json_int_t)sealed_position(a), "received_pending",
                              (json_int_t)a->received_pending, "received_posted",
                              (json_int_t)a->received_posted, "at", (json_int_t)s->at, "size",
                              (json_int_t)s->size);
        print_json(o);
        json_decref(o);
        return;
    }
    moment_words(when, s->at);
    if (a->account == 0) {
        printf(_("Verified: the pool stood at %s"), time_text(a->moves).s);
    } else {
        printf(_("Verified: %s had given %s and received %s; with %s moved by gifts and the pool "
                 "it stood at %s. It had promised %s and was promised %s"),
               name_of(s->org).s, time_text(a->given_posted).s, time_text(a->received_posted).s,
               time_text(a->moves).s, time_text(sealed_position(a)).s,
               time_text(a->given_pending).s, time_text(a->received_pending).s);
    }
    printf(_(". Sealed %s, after %" PRIu64 " entries of %s.\n"), when, s->size, origin);
}

static int position_check(struct ctl *ctl, struct args *a)
{
    char origin[ORIGIN_MAX + 1];
    struct balance_shown shown;
    struct public_key log_key;
    const char *path = args_pos(a, 0), *why;
    size_t n;
    int rc = find_log(ctl, a, origin, &log_key);

    if (rc != CTL_OK) {
        return rc;
    }
    char *bytes = read_whole_file(path, BALANCE_PROOF_BYTES_MAX, &n);
    if (bytes == NULL) {
        return fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    if (balance_proof_check(&shown, bytes, n, origin, &log_key, &why)) {
        print_shown(ctl, origin, &shown);
    } else {
        rc = fail(CTL_VERIFY, _("%s proves nothing: %s"), path, why);
    }
    free(bytes);
    return rc;
}

/* --- Tables ----------------------------------------------------------------------------------- */

static const struct opt assert_opts[] = {
    {"gave", "TIME", N_("what we gave (else what the server shows)"), false},
    {"received", "TIME", N_("what we received"), false},
    {"promised", "TIME", N_("what we promised and did not give yet"), false},
    {"promised-to-us", "TIME", N_("what we were promised and did not receive yet"), false},
    {"moves", "MINUTES", N_("what gifts and the pool moved; may be below zero"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt prove_opts[] = {
    {"o", "FILE", N_("where to write the proof (else standard output)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt check_opts[] = {
    {"log-key", "KEY", N_("the log's verifier key (else the key's network file)"), false},
    {NULL, NULL, NULL, false},
};

const struct verb position_verbs[] = {
    {NULL, "[HANDLE]", 0, 1, NULL, position, N_("what was given and received, and the line")},
    {"assert", "", 0, 0, assert_opts, position_assert,
     N_("sign that these are our figures; the log takes them only when they are")},
    {"prove", "", 0, 0, prove_opts, position_prove,
     N_("a proof of our figures as last sealed, for whoever has the log's key")},
    {"check", "FILE", 1, 1, check_opts, position_check,
     N_("check somebody's proof, without a server")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
