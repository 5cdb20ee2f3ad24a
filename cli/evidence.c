/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Evidence against a log, checked without a server (SPEC 17.6). */
#include "ledger/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/pin.h"
#include "crypto/text.h"

/* Whose key we know: --log-key, or the key's network file; `known` stays false without either. */
static int known_key(const struct ctl *ctl, const struct args *a, struct evidence *out, bool *known)
{
    const char *key = args_get(a, "log-key");
    struct log_pin *pin = NULL;
    char *path = NULL;

    *known = key != NULL;
    if (key != NULL) {
        return log_key_parse(key, out->origin, &out->log_key)
                   ? CTL_OK
                   : fail(CTL_USAGE, _("--log-key: \"%s\" is no verifier key"), key);
    }
    if (ctl->key_path == NULL) {
        return CTL_OK;
    }
    if (asprintf(&path, "%s.network.json", ctl->key_path) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = pin_read(path, &pin);
    free(path);
    if (pin != NULL) {
        memcpy(out->origin, pin->origin, sizeof out->origin);
        out->log_key = pin->log_key;
        *known = true;
    }
    pin_free(pin);
    return rc;
}

static void key_text(char out[static VERIFIER_KEY_SIZE(ORIGIN_MAX)], const struct evidence *e)
{
    struct verifier_key v;

    verifier_key_set(&v, e->origin, strlen(e->origin), KEY_ED25519, &e->log_key);
    verifier_key_encode(out, VERIFIER_KEY_SIZE(ORIGIN_MAX), &v);
}

static void print_fork(const struct ctl *ctl, const struct evidence *e, const char *key)
{
    const struct log_head *heads = e->fork.heads;
    char roots[3][HEX_SIZE(HASH_BYTES)];

    hex_encode(roots[0], heads[0].root.b, HASH_BYTES);
    hex_encode(roots[1], heads[1].root.b, HASH_BYTES);
    hex_encode(roots[2], e->fork.root.b, HASH_BYTES);
    if (ctl->json) {
        json_t *o =
            json_pack("{s:s,s:[{s:s,s:I},{s:s,s:I}],s:s,s:s}", "about", "fork", "heads", "root",
                      roots[0], "size", (json_int_t)heads[0].size, "root", roots[1], "size",
                      (json_int_t)heads[1].size, "log_key", key, "origin", e->origin);
        print_json(o);
        json_decref(o);
        return;
    }
    printf(_("The evidence holds: the key of %s signed two histories.\n"
             "It signed a log of %" PRIu64 " entries with root %s,\n"
             "and one of %" PRIu64 " entries with root %s,\n"
             "of which the first %" PRIu64 " have root %s.\n"),
           e->origin, heads[0].size, roots[0], heads[1].size, roots[1], heads[0].size, roots[2]);
}

static void print_refusal(const struct ctl *ctl, const struct evidence *e, const char *key)
{
    char ref[REF_TEXT_SIZE];

    ref_format(ref, &e->refused.note.ref);
    if (ctl->json) {
        json_t *o = json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:I}", "about", "refusal", "code",
                              code_word(e->refused.note.why.code), "entry", ref, "index",
                              (json_int_t)e->refused.index, "log_key", key, "origin", e->origin,
                              "size", (json_int_t)e->refused.note.head.size);
        print_json(o);
        json_decref(o);
        return;
    }
    printf(_("The evidence holds: %s refused %s for good (%s) with %" PRIu64
             " entries in the log,\nand logged it as entry %" PRIu64 " all the same.\n"),
           e->origin, ref, code_word(e->refused.note.why.code), e->refused.note.head.size,
           e->refused.index);
}

static void print_evidence(const struct ctl *ctl, const struct evidence *e, bool known)
{
    char key[VERIFIER_KEY_SIZE(ORIGIN_MAX)];

    key_text(key, e);
    switch (e->about) {
    case EVIDENCE_FORK:
        print_fork(ctl, e, key);
        break;
    case EVIDENCE_REFUSAL:
        print_refusal(ctl, e, key);
        break;
    }
    if (!ctl->json) {
        printf(known ? _("That is the key we know: %s\n")
                     : _("Compare the key with the one you know: %s\n"),
               key);
    }
}

static int check_file(struct ctl *ctl, struct args *a)
{
    const char *file = args_pos(a, 0), *why;
    struct evidence e, ours;
    bool known;
    size_t n;
    int rc = known_key(ctl, a, &ours, &known);

    if (rc != CTL_OK) {
        return rc;
    }
    char *bytes = read_whole_file(file, EVIDENCE_BYTES_MAX, &n);
    if (bytes == NULL) {
        rc = fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILED, _("%s cannot be read: %s"), file,
                  strerror(errno));
    } else if (!evidence_check(&e, bytes, n, &why)) {
        rc = fail(CTL_VERIFY, _("%s proves nothing: %s"), file, why);
    } else if (known && (strcmp(e.origin, ours.origin) != 0 ||
                         !public_key_equal(&e.log_key, &ours.log_key))) {
        rc = fail(CTL_VERIFY, _("%s speaks of another log key than the one we know"), file);
    } else {
        print_evidence(ctl, &e, known);
    }
    free(bytes);
    return rc;
}

static const struct opt check_opts[] = {
    {"log-key", "KEY", N_("the log's verifier key that we know (else the key's network file)"),
     false},
    {NULL, NULL, NULL, false},
};

const struct verb evidence_verbs[] = {
    {"check", "FILE", 1, 1, check_opts, check_file,
     N_("whether it proves what it says against a log, without a server")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
