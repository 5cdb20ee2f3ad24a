/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/pin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/keyfile_json.h"
#include "ledger/refusals.h"

#define NETWORK_FILE_MAX 65536

/* --- The file --------------------------------------------------------------------------------- */

bool log_key_parse(const char *text, char origin[static ORIGIN_MAX + 1], struct public_key *key)
{
    struct verifier_key v;

    if (!verifier_key_parse(&v, text, strlen(text)) || v.type != KEY_ED25519 ||
        !origin_valid(v.name, v.name_len)) {
        return false;
    }
    memcpy(origin, v.name, v.name_len);
    origin[v.name_len] = '\0';
    *key = v.key;
    return true;
}

static void refusal_name(char out[static REFUSAL_NAME_SIZE], const char *origin)
{
    snprintf(out, REFUSAL_NAME_SIZE, "%s/refusal", origin);
}

static bool decode_refusal_key(struct log_pin *pin, const json_t *o)
{
    char name[REFUSAL_NAME_SIZE];
    struct verifier_key v;

    if (o == NULL) {
        return true;
    }
    refusal_name(name, pin->origin);
    if (!json_is_string(o) ||
        !verifier_key_parse(&v, json_string_value(o), json_string_length(o)) ||
        v.type != KEY_ED25519 || v.name_len != strlen(name) ||
        memcmp(v.name, name, v.name_len) != 0) {
        return false;
    }
    pin->refusal_key = v.key;
    pin->has_refusal_key = true;
    return true;
}

static bool decode(struct log_pin *pin, const json_t *o)
{
    const json_t *note = json_object_get(o, "checkpoint");
    const char *key = json_string_value(json_object_get(o, "log_key")), *why;

    if (key == NULL || !log_key_parse(key, pin->origin, &pin->log_key) ||
        !decode_refusal_key(pin, json_object_get(o, "refusal_key"))) {
        return false;
    }
    if (note == NULL) {
        return true;
    }
    return json_is_string(note) &&
           checkpoint_open(&pin->head, json_string_value(note), json_string_length(note),
                           pin->origin, &pin->log_key, &why) &&
           (pin->note = strdup(json_string_value(note))) != NULL;
}

int pin_read(const char *path, struct log_pin **out)
{
    size_t n;
    char *bytes = read_whole_file(path, NETWORK_FILE_MAX, &n);

    *out = NULL;
    if (bytes == NULL && errno == ENOENT) {
        return CTL_OK;
    }
    if (bytes == NULL) {
        return fail(CTL_FAILED, _("%s cannot be read: %s"), path, strerror(errno));
    }
    struct log_pin *pin = calloc(1, sizeof *pin);
    json_t *o = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    if (pin == NULL || (pin->path = strdup(path)) == NULL || !decode(pin, o)) {
        json_decref(o);
        pin_free(pin);
        return fail(CTL_VERIFY,
                    _("%s is damaged; without it there is nothing to compare the "
                      "server with"),
                    path);
    }
    json_decref(o);
    *out = pin;
    return CTL_OK;
}

void pin_free(struct log_pin *pin)
{
    if (pin != NULL) {
        free(pin->path);
        free(pin->note);
        free(pin);
    }
}

static int pin_write(const struct log_pin *pin)
{
    char key[VERIFIER_KEY_SIZE(ORIGIN_MAX)], refusal[VERIFIER_KEY_SIZE(REFUSAL_NAME_SIZE)];
    char name[REFUSAL_NAME_SIZE], *line;
    struct verifier_key v;

    verifier_key_set(&v, pin->origin, strlen(pin->origin), KEY_ED25519, &pin->log_key);
    verifier_key_encode(key, sizeof key, &v);
    refusal_name(name, pin->origin);
    verifier_key_set(&v, name, strlen(name), KEY_ED25519, &pin->refusal_key);
    verifier_key_encode(refusal, sizeof refusal, &v);
    json_t *o = json_pack("{s:s*,s:s,s:s,s:s*}", "checkpoint", pin->note, "log_key", key, "origin",
                          pin->origin, "refusal_key", pin->has_refusal_key ? refusal : NULL);
    line = o != NULL ? json_dumps(o, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
    json_decref(o);
    bool ok = line != NULL && write_whole_file(pin->path, line, strlen(line), 0600, true);
    free(line);
    return ok ? CTL_OK
              : fail(CTL_FAILED, _("%s cannot be written: %s"), pin->path, strerror(errno));
}

/* --- Checks ----------------------------------------------------------------------------------- */

static struct log_pin *pin_new(const struct ctl *ctl, char *path)
{
    struct log_pin *pin = calloc(1, sizeof *pin);

    if (pin != NULL) {
        pin->path = path;
        memcpy(pin->origin, ctl->origin, sizeof pin->origin);
        pin->log_key = ctl->log_key;
        pin->refusal_key = ctl->refusal_key;
        pin->has_refusal_key = true;
    }
    return pin;
}

/* Only beside what is a key file: a file named by mistake must not get a network. */
static int check_key_file(const struct ctl *ctl)
{
    struct keyfile_json file;
    int rc = keyfile_json_read(&file, ctl->key_path);

    if (rc == CTL_OK) {
        keyfile_json_free(&file);
    }
    return rc;
}

/* The server's keys against those of the first use. */
static int compare(struct ctl *ctl)
{
    struct log_pin *pin = ctl->pin;

    if (strcmp(pin->origin, ctl->origin) != 0 || !public_key_equal(&pin->log_key, &ctl->log_key)) {
        return fail(CTL_VERIFY,
                    _("%s is not the ledger of this key: %s names %s with another log "
                      "key. Nothing was signed."),
                    ctl->url, pin->path, pin->origin);
    }
    if (!pin->has_refusal_key) {
        pin->refusal_key = ctl->refusal_key;
        pin->has_refusal_key = true;
        return pin_write(pin);
    }
    if (!public_key_equal(&pin->refusal_key, &ctl->refusal_key)) {
        return fail(CTL_VERIFY,
                    _("%s shows another key for its refusals than the one in %s: what it refuses "
                      "would bind nobody. Nothing was signed; ask the operator."),
                    ctl->url, pin->path);
    }
    return CTL_OK;
}

int pin_check(struct ctl *ctl)
{
    char *path;
    int rc;

    /* A name mistyped after --key must not leave a network file behind. */
    if (ctl->key_path == NULL || ctl->pin != NULL || access(ctl->key_path, F_OK) != 0) {
        return CTL_OK;
    }
    if (asprintf(&path, "%s.network.json", ctl->key_path) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    rc = pin_read(path, &ctl->pin);
    rc = rc == CTL_OK && ctl->pin == NULL ? check_key_file(ctl) : rc;
    if (rc != CTL_OK) {
        free(path);
        return rc;
    }
    if (ctl->pin == NULL) {
        ctl->pin = pin_new(ctl, path);
        if (ctl->pin == NULL) {
            free(path);
            return fail(CTL_FAILED, _("no memory"));
        }
        say(ctl, _("First use of this key here: its network is %s from now on (%s)."), ctl->origin,
            path);
        return pin_write(ctl->pin);
    }
    free(path);
    return compare(ctl);
}

static int went_back(const struct log_pin *pin, const struct log_head *head)
{
    return fail(CTL_VERIFY,
                _("the log went back: it had %" PRIu64 " entries when its key signed the head we "
                  "hold, now it shows %" PRIu64 ". Keep your receipts and ask the operator."),
                pin->head.size, head->size);
}

static int does_not_extend(struct ctl *ctl, const struct signed_head *head, const char *evidence)
{
    const struct log_pin *pin = ctl->pin;

    fail(0,
         _("the log of %" PRIu64 " entries that the server shows does not extend the one of "
           "%" PRIu64 " that its key signed before. Keep your receipts and ask the operator."),
         head->head.size, pin->head.size);
    if (evidence == NULL) {
        return CTL_VERIFY;
    }
    int rc = evidence_keep(ctl, NULL, evidence, "fork", pin->head.size, head->head.size);
    return rc == CTL_OK ? CTL_VERIFY : rc;
}

static int take_head(struct log_pin *pin, const struct signed_head *head)
{
    char *note = strndup(head->note, head->n);

    if (note == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    free(pin->note);
    pin->note = note;
    pin->head = head->head;
    return pin_write(pin);
}

int pin_head(struct ctl *ctl, const struct signed_head *head)
{
    struct log_pin *pin = ctl->pin;
    char *evidence = NULL;
    int rc = CTL_OK;

    if (pin == NULL || head->head.size == 0) {
        return CTL_OK;
    }
    if (pin->note == NULL) {
        return take_head(pin, head);
    }
    struct signed_head ours = {pin->head, pin->note, strlen(pin->note)};
    switch (head_extends(ctl, &ours, head, &evidence, &rc)) {
    case EXTENDS_YES:
        rc = head->head.size > pin->head.size ? take_head(pin, head) : CTL_OK;
        break;
    case EXTENDS_SHORTER:
        rc = went_back(pin, &head->head);
        break;
    case EXTENDS_FORK:
    case EXTENDS_UNPROVEN:
        rc = does_not_extend(ctl, head, evidence);
        break;
    case EXTENDS_FAILED:
        break;
    }
    free(evidence);
    return rc;
}

int pin_keep_receipt(const struct ctl *ctl, uint64_t index, const char *receipt, const char *leaf,
                     size_t leaf_len)
{
    char *dir = NULL, *proof = NULL, *copy = NULL;
    bool ok = false;

    if (ctl->key_path == NULL) {
        return CTL_OK;
    }
    if (asprintf(&dir, "%s.receipts", ctl->key_path) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    if (asprintf(&proof, "%s/%" PRIu64 ".tlog-proof", dir, index) >= 0 &&
        asprintf(&copy, "%s/%" PRIu64 ".leaf", dir, index) >= 0) {
        ok = (mkdir(dir, 0700) == 0 || errno == EEXIST) &&
             write_whole_file(copy, leaf, leaf_len, 0600, true) &&
             write_whole_file(proof, receipt, strlen(receipt), 0600, true);
    }
    int rc =
        ok ? CTL_OK
           : fail(CTL_PARTIAL, _("the entry is logged, but its receipt cannot be kept in %s: %s"),
                  dir, strerror(errno));
    free(dir);
    free(proof);
    free(copy);
    return rc;
}
