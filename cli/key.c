/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Key files, and the keys that an organisation registers (SPEC 3.3, 6.4, 13.2). */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/draft.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/keyfile_json.h"
#include "cli/nouns.h"
#include "cli/passphrase.h"
#include "cli/session.h"
#include "cli/table.h"
#include "crypto/random.h"
#include "crypto/text.h"

/* --- Files ------------------------------------------------------------------------------------ */

static int print_file(const struct ctl *ctl, const struct keyfile_json *file)
{
    char pub[HEX_SIZE(KEY_BYTES)];

    hex_encode(pub, file->file.pub.b, KEY_BYTES);
    json_t *o = json_pack("{s:s,s:s}", "label", file->label, "pub", pub);
    static const struct column lines[] = {{"pub", SHOW_TEXT, N_("public key")},
                                          {"label", SHOW_TEXT, N_("label")},
                                          {NULL, SHOW_TEXT, NULL}};
    if (ctl->json) {
        print_json(o);
    } else {
        lines_print(o, lines);
    }
    json_decref(o);
    return CTL_OK;
}

/* Asks for a new passphrase and seals; file->label is set. */
static int seal(const struct ctl *ctl, struct keyfile_json *file, const struct secret_key *key)
{
    struct passphrase p;

    keyfile_begin(&file->file, key);
    if (!keyfile_json_header(file)) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc =
        passphrase_get(ctl, _("New passphrase (a few words that you will remember)"), true, &p);
    if (rc == CTL_OK) {
        enum keyfile_err err =
            keyfile_seal(&file->file, key, p.s, p.n, file->aad, strlen(file->aad));
        rc = err == KEYFILE_OK ? CTL_OK : passphrase_fail(_("the key file"), err);
    }
    passphrase_wipe(&p);
    return rc;
}

/* Seals a key into a new file; takes `key`, which may be NULL for want of memory. */
static int write_key(const struct ctl *ctl, struct args *a, struct secret_key *key)
{
    const char *path = args_pos(a, 0), *label = args_get(a, "label");
    struct keyfile_json file = {0};

    if (key == NULL) {
        return fail(CTL_FAILED, _("no locked memory for a key"));
    }
    snprintf(file.label, sizeof file.label, "%s", label != NULL ? label : "");
    int rc = seal(ctl, &file, key);
    secret_key_free(key);
    rc = rc == CTL_OK ? keyfile_json_write(&file, path, args_flag(a, "f")) : rc;
    if (rc == CTL_OK) {
        say(ctl,
            _("Made %s. Keep a copy elsewhere: without file and passphrase nobody can sign "
              "with this key again."),
            path);
        rc = print_file(ctl, &file);
    }
    keyfile_json_free(&file);
    return rc;
}

/* What can be wrong before a key is made. */
static int check_new(struct args *a)
{
    const char *path = args_pos(a, 0), *label = args_get(a, "label");

    if (label != NULL && (strlen(label) > KEY_LABEL_MAX || !utf8_valid(label, strlen(label)))) {
        return fail(CTL_USAGE, _("a label is UTF-8 text of at most %d bytes"), KEY_LABEL_MAX);
    }
    if (!args_flag(a, "f") && access(path, F_OK) == 0) {
        return fail(CTL_CONFLICT, _("%s exists: a key that is overwritten is lost; -f replaces it"),
                    path);
    }
    return CTL_OK;
}

static int key_new(struct ctl *ctl, struct args *a)
{
    int rc = check_new(a);

    return rc == CTL_OK ? write_key(ctl, a, secret_key_new()) : rc;
}

/* --- The recovery sheet: the seed as hex digits, in groups that can be typed from paper ------- */

#define SEED_DIGITS    (2 * KEY_SEED_BYTES)
#define SHEET_FILE_MAX 4096

/* The digits of a sheet in capital or small letters, white space between them ignored. */
static bool read_digits(const char *text, uint8_t seed[static KEY_SEED_BYTES])
{
    char digits[SEED_DIGITS + 1];
    size_t n = 0;

    for (; *text != '\0' && n <= SEED_DIGITS; text++) {
        if (!isspace((unsigned char)*text)) {
            digits[n++] = (char)tolower((unsigned char)*text);
        }
    }
    bool ok = n == SEED_DIGITS && hex_decode(seed, KEY_SEED_BYTES, digits, n);
    secret_wipe(digits, sizeof digits);
    return ok;
}

static int read_sheet(const char *path, uint8_t seed[static KEY_SEED_BYTES])
{
    size_t n;
    char *text = read_whole_file(path, SHEET_FILE_MAX, &n);

    if (text == NULL) {
        return fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    bool ok = read_digits(text, seed);
    secret_wipe(text, n);
    free(text);
    return ok ? CTL_OK
              : fail(CTL_KEY, _("%s: the %d digits 0-9 a-f of a recovery sheet are expected"), path,
                     SEED_DIGITS);
}

static int key_restore(struct ctl *ctl, struct args *a)
{
    const char *sheet = args_required(a, "seed-file");
    uint8_t seed[KEY_SEED_BYTES];

    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = check_new(a);
    rc = rc == CTL_OK ? read_sheet(sheet, seed) : rc;
    rc = rc == CTL_OK ? write_key(ctl, a, secret_key_from_seed(seed)) : rc;
    secret_wipe(seed, sizeof seed);
    return rc;
}

static int key_sheet(struct ctl *ctl, struct args *a)
{
    const char *path = args_pos(a, 0);
    char digits[HEX_SIZE(KEY_SEED_BYTES)];
    uint8_t seed[KEY_SEED_BYTES];
    struct secret_key *key = NULL;
    struct keyfile_json file;

    int rc = keyfile_json_read(&file, path);
    if (rc != CTL_OK) {
        return rc;
    }
    keyfile_json_warn(ctl, path);
    rc = passphrase_unlock(ctl, &file, path, &key);
    if (rc == CTL_OK) {
        say(ctl, _("Whoever holds these digits can sign as you: print them and lock them away."));
        secret_key_seed(key, seed);
        hex_encode(digits, seed, sizeof seed);
        for (int i = 0; i < SEED_DIGITS; i += 8) {
            printf("%.8s%c", digits + i, i % 32 == 24 ? '\n' : ' ');
        }
        secret_wipe(seed, sizeof seed);
        secret_wipe(digits, sizeof digits);
    }
    secret_key_free(key);
    keyfile_json_free(&file);
    return rc;
}

static int key_show(struct ctl *ctl, struct args *a)
{
    struct keyfile_json file;
    int rc = keyfile_json_read(&file, args_pos(a, 0));

    if (rc == CTL_OK) {
        keyfile_json_warn(ctl, args_pos(a, 0));
        rc = print_file(ctl, &file);
        keyfile_json_free(&file);
    }
    return rc;
}

static int key_passwd(struct ctl *ctl, struct args *a)
{
    const char *path = args_pos(a, 0), *fresh = args_get(a, "new-passphrase-file");
    struct ctl after = *ctl;
    struct keyfile_json file;
    struct secret_key *key = NULL;

    int rc = keyfile_json_read(&file, path);
    if (rc != CTL_OK) {
        return rc;
    }
    if (fresh != NULL) {
        after.passphrase_file = fresh;
        after.passphrase_fd = -1;
    } else {
        after.passphrase_file = NULL;
    }
    rc = passphrase_unlock(ctl, &file, path, &key);
    rc = rc == CTL_OK ? seal(&after, &file, key) : rc;
    secret_key_free(key);
    rc = rc == CTL_OK ? keyfile_json_write(&file, path, true) : rc;
    if (rc == CTL_OK) {
        say(ctl, _("%s has a new passphrase; older copies keep the old one."), path);
    }
    keyfile_json_free(&file);
    return rc;
}

/* --- Entries ---------------------------------------------------------------------------------- */

static const char *pub_arg(struct args *a)
{
    const char *pub = args_required(a, "pub");
    struct public_key key;

    if (pub != NULL && !hex_decode(key.b, KEY_BYTES, pub, strlen(pub))) {
        args_fail(a, _("--pub: 64 digits 0-9 a-f are expected, as `semctl key show` prints"));
    }
    return pub;
}

static int key_add(struct ctl *ctl, struct args *a)
{
    const char *pub = pub_arg(a), *scope = args_required(a, "scope");
    struct draft d;
    int64_t ceiling;

    args_minutes(a, "--ceiling", args_get(a, "ceiling"), &ceiling);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "key.add");
    if (rc == CTL_OK) {
        draft_text(&d, "key", pub);
        draft_text(&d, "scope", scope);
        if (ceiling > 0) {
            draft_int(&d, "ceiling", ceiling);
        }
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int key_revoke(struct ctl *ctl, struct args *a)
{
    const char *pub = pub_arg(a);
    struct draft d;

    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, "key.revoke");
    if (rc == CTL_OK) {
        draft_text(&d, "key", pub);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

static int key_list(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"key", SHOW_WHOLE, N_("key")},
                                            {"scope", SHOW_TEXT, N_("scope")},
                                            {"ceiling", SHOW_MINUTES, N_("ceiling")},
                                            {"since_index", SHOW_INTEGER, N_("since entry")},
                                            {"revoked_index", SHOW_INTEGER, N_("revoked by entry")},
                                            {NULL, SHOW_TEXT, NULL}};
    struct handle org;
    struct reply reply;

    args_handle(a, "HANDLE", args_pos(a, 0), &org);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = get(ctl, &reply, "/v1/orgs/%s", org.s);
    const json_t *keys = json_object_get(reply.json, "keys");
    for (size_t i = 0; rc == CTL_OK && ctl->json && i < json_array_size(keys); i++) {
        print_json(json_array_get(keys, i));
    }
    if (rc == CTL_OK && !ctl->json) {
        table_print(keys, columns, _("It has no keys."));
    }
    reply_free(&reply);
    return rc;
}

static const struct opt new_opts[] = {
    {"label", "L", N_("a note for yourselves: whose key this is"), false},
    {"f", NULL, N_("replace an existing file"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt restore_opts[] = {
    {"seed-file", "FILE", N_("the 64 digits of the recovery sheet; - reads standard input"), false},
    {"label", "L", N_("a note for yourselves: whose key this is"), false},
    {"f", NULL, N_("replace an existing file"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt passwd_opts[] = {
    {"new-passphrase-file", "FILE", N_("read the new passphrase from a file"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt add_opts[] = {
    {"pub", "HEX", N_("the public key, as `semctl key show` prints it"), false},
    {"scope", "SCOPE", N_("admin, sign or propose"), false},
    {"ceiling", "TIME", N_("the most it may sign in one text, such as 10h"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt revoke_opts[] = {
    {"pub", "HEX", N_("the public key"), false},
    {NULL, NULL, NULL, false},
};

const struct verb key_verbs[] = {
    {"new", "FILE", 1, 1, new_opts, key_new, N_("make a key file, sealed with a passphrase")},
    {"restore", "FILE", 1, 1, restore_opts, key_restore,
     N_("make a key file again from its recovery sheet")},
    {"sheet", "FILE", 1, 1, NULL, key_sheet, N_("print the recovery sheet of a file, a secret")},
    {"show", "FILE", 1, 1, NULL, key_show, N_("print the public key of a file")},
    {"passwd", "FILE", 1, 1, passwd_opts, key_passwd, N_("change the passphrase of a file")},
    {"add", "", 0, 0, add_opts, key_add, N_("let one more key sign for us")},
    {"revoke", "", 0, 0, revoke_opts, key_revoke, N_("end a key of ours for ever")},
    {"list", "HANDLE", 1, 1, NULL, key_list, N_("the keys of an organisation")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
