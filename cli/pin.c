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
#include "crypto/text.h"

#define NETWORK_FILE_MAX 4096

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

static bool decode(struct log_pin *pin, const json_t *o)
{
    const json_t *head = json_object_get(o, "head");
    const char *key = json_string_value(json_object_get(o, "log_key"));
    const json_t *root = json_object_get(head, "root");
    json_int_t size = json_integer_value(json_object_get(head, "size"));

    if (key == NULL || !log_key_parse(key, pin->origin, &pin->log_key)) {
        return false;
    }
    if (head == NULL) {
        return true;
    }
    pin->head.size = (uint64_t)size;
    return size >= 0 && json_is_string(root) &&
           hex_decode(pin->head.root.b, HASH_BYTES, json_string_value(root),
                      json_string_length(root));
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
        free(pin);
    }
}

static int pin_write(const struct log_pin *pin)
{
    char key[VERIFIER_KEY_SIZE(ORIGIN_MAX)], root[HEX_SIZE(HASH_BYTES)], *line;
    struct verifier_key v;

    verifier_key_set(&v, pin->origin, strlen(pin->origin), KEY_ED25519, &pin->log_key);
    verifier_key_encode(key, sizeof key, &v);
    hex_encode(root, pin->head.root.b, HASH_BYTES);
    json_t *o = json_pack("{s:s,s:s}", "log_key", key, "origin", pin->origin);
    if (o != NULL && pin->head.size > 0) {
        json_object_set_new(
            o, "head", json_pack("{s:s,s:I}", "root", root, "size", (json_int_t)pin->head.size));
    }
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
    if (strcmp(ctl->pin->origin, ctl->origin) != 0 ||
        !public_key_equal(&ctl->pin->log_key, &ctl->log_key)) {
        return fail(CTL_VERIFY,
                    _("%s is not the ledger of this key: %s names %s with another log "
                      "key. Nothing was signed."),
                    ctl->url, ctl->pin->path, ctl->pin->origin);
    }
    return CTL_OK;
}

int pin_head(struct ctl *ctl, const struct log_head *head)
{
    struct log_pin *pin = ctl->pin;

    if (pin == NULL) {
        return CTL_OK;
    }
    if (head->size < pin->head.size || (head->size == pin->head.size && head->size > 0 &&
                                        !hash_equal(&head->root, &pin->head.root))) {
        return fail(CTL_VERIFY,
                    _("the log went back: it had %" PRIu64 " entries with another root, "
                      "now it shows %" PRIu64 ". Keep your receipts and ask the "
                      "operator."),
                    pin->head.size, head->size);
    }
    if (head->size == pin->head.size) {
        return CTL_OK;
    }
    pin->head = *head;
    return pin_write(pin);
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
