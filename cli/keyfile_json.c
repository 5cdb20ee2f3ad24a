/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/keyfile_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/ctl.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "crypto/text.h"
#include "ledger/entry.h"

#define KEYFILE_BYTES_MAX 4096
#define KEYFILE_FIELDS    10

static bool get_bytes(const json_t *o, const char *key, uint8_t *out, size_t n)
{
    const json_t *v = json_object_get(o, key);

    return json_is_string(v) &&
           base64_decode_exact(out, n, json_string_value(v), json_string_length(v));
}

static bool get_u32(const json_t *o, const char *key, uint32_t *out)
{
    const json_t *v = json_object_get(o, key);
    json_int_t n = json_integer_value(v);

    *out = (uint32_t)n;
    return json_is_integer(v) && n >= 0 && n <= UINT32_MAX;
}

static bool get_label(const json_t *o, char out[static KEY_LABEL_MAX + 1])
{
    const json_t *v = json_object_get(o, "label");

    if (!json_is_string(v) || json_string_length(v) > KEY_LABEL_MAX) {
        return false;
    }
    memcpy(out, json_string_value(v), json_string_length(v) + 1);
    return true;
}

static bool decode_object(struct keyfile_json *out, const json_t *o, const char **why)
{
    struct keyfile *f = &out->file;
    const json_t *kdf = json_object_get(o, "kdf");
    uint32_t version;

    if (!get_u32(o, "v", &version) || version != 1) {
        *why = N_("it is no key file of version 1");
    } else if (!json_is_string(kdf) || strcmp(json_string_value(kdf), "argon2id") != 0) {
        *why = N_("its key derivation is not argon2id");
    } else if (!get_label(o, out->label)) {
        *why = N_("its label is missing or too long");
    } else if (!get_u32(o, "m", &f->m_kib) || !get_u32(o, "t", &f->t) || !get_u32(o, "p", &f->p)) {
        *why = N_("m, t or p is missing");
    } else if (!get_bytes(o, "salt", f->salt, sizeof f->salt) ||
               !get_bytes(o, "nonce", f->nonce, sizeof f->nonce) ||
               !get_bytes(o, "pub", f->pub.b, sizeof f->pub.b) ||
               !get_bytes(o, "box", f->box, sizeof f->box)) {
        *why = N_("salt, nonce, pub or box is missing or malformed");
    } else if (json_object_size(o) != KEYFILE_FIELDS) {
        *why = N_("it has fields that a key file does not have");
    } else {
        return true;
    }
    return false;
}

bool keyfile_json_decode(struct keyfile_json *out, const char *bytes, size_t n, const char **why)
{
    json_t *o = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);

    memset(out, 0, sizeof *out);
    *why = N_("it is no JSON object");
    bool ok = json_is_object(o) && decode_object(out, o, why);
    if (ok && !keyfile_json_header(out)) {
        *why = N_("there is no memory");
        ok = false;
    }
    json_decref(o);
    return ok;
}

static json_t *header_object(const struct keyfile_json *file)
{
    const struct keyfile *f = &file->file;
    char salt[BASE64_SIZE(KEYFILE_SALT_BYTES)], nonce[BASE64_SIZE(KEYFILE_NONCE_BYTES)];
    char pub[BASE64_SIZE(KEY_BYTES)];

    base64_encode(salt, sizeof salt, f->salt, sizeof f->salt);
    base64_encode(nonce, sizeof nonce, f->nonce, sizeof f->nonce);
    base64_encode(pub, sizeof pub, f->pub.b, sizeof f->pub.b);
    return json_pack("{s:s,s:s,s:I,s:s,s:I,s:s,s:s,s:I,s:i}", "kdf", "argon2id", "label",
                     file->label, "m", (json_int_t)f->m_kib, "nonce", nonce, "p", (json_int_t)f->p,
                     "pub", pub, "salt", salt, "t", (json_int_t)f->t, "v", 1);
}

bool keyfile_json_header(struct keyfile_json *file)
{
    json_t *o = header_object(file);

    free(file->aad);
    file->aad = o != NULL ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(o);
    return file->aad != NULL;
}

char *keyfile_json_encode(struct keyfile_json *file)
{
    char box[BASE64_SIZE(KEYFILE_BOX_BYTES)], *json, *line = NULL;
    json_t *o = header_object(file);

    base64_encode(box, sizeof box, file->file.box, sizeof file->file.box);
    if (o == NULL || json_object_set_new(o, "box", json_string(box)) != 0) {
        json_decref(o);
        return NULL;
    }
    json = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(o);
    if (json != NULL && asprintf(&line, "%s\n", json) < 0) {
        line = NULL;
    }
    free(json);
    return line;
}

void keyfile_json_free(struct keyfile_json *file)
{
    free(file->aad);
    file->aad = NULL;
}

int keyfile_json_read(struct keyfile_json *out, const char *path)
{
    const char *why;
    size_t n;
    char *bytes = read_whole_file(path, KEYFILE_BYTES_MAX, &n);

    if (bytes == NULL) {
        return fail(CTL_KEY, _("the key file %s cannot be read: %s"), path, strerror(errno));
    }
    bool ok = keyfile_json_decode(out, bytes, n, &why);
    free(bytes);
    return ok ? CTL_OK : fail(CTL_KEY, _("%s: %s"), path, _(why));
}

bool keyfile_json_warn(const struct ctl *ctl, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || (st.st_mode & 077) == 0) {
        return false;
    }
    say(ctl, _("%s is open to other accounts of this machine; close it with: chmod 600 %s"), path,
        path);
    return true;
}

int keyfile_json_write(struct keyfile_json *file, const char *path, bool replace)
{
    char *line = keyfile_json_encode(file);

    if (line == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    bool ok = write_whole_file(path, line, strlen(line), 0600, replace);
    free(line);
    if (!ok && errno == EEXIST) {
        return fail(CTL_CONFLICT, _("%s exists: a key that is overwritten is lost; -f replaces it"),
                    path);
    }
    return ok ? CTL_OK : fail(CTL_FAILED, _("%s cannot be written: %s"), path, strerror(errno));
}
