/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_run.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/keyfile_json.h"
#include "crypto/note.h"
#include "crypto/text.h"

/* The state of a log of many millions of entries is far below. */
#define RESUME_BYTES_MAX ((size_t)4 << 30)
#define NAME_SIZE        (ORIGIN_MAX + sizeof "/auditor")
#define TEXT_SIZE        (ORIGIN_MAX + 256)

/* The purpose stands in the name: this key line binds no organisation to anything. */
static void key_name(char out[static NAME_SIZE], const struct audit_run *run)
{
    snprintf(out, NAME_SIZE, "%s/auditor", run->origin);
}

static size_t make_text(char out[static TEXT_SIZE], const char *origin, const struct log_head *head,
                        const struct hash *state)
{
    char root[HEX_SIZE(HASH_BYTES)], rest[HEX_SIZE(HASH_BYTES)];

    hex_encode(root, head->root.b, HASH_BYTES);
    hex_encode(rest, state->b, HASH_BYTES);
    return (size_t)snprintf(
        out, TEXT_SIZE, "%s/resume/v1\n{\"root\":\"%s\",\"size\":%" PRIu64 ",\"state\":\"%s\"}\n",
        origin, root, head->size, rest);
}

/* --- Saving ----------------------------------------------------------------------------------- */

/* The signed note and the state behind it, in one buffer; NULL without memory. */
static char *make_file(const struct audit_run *run, const char *state, size_t n, size_t *size)
{
    char text[TEXT_SIZE], name[NAME_SIZE], line[NOTE_LINE_SIZE(NAME_SIZE)];
    const char *lines[] = {line};
    struct audit_figures f;
    struct hash hash;

    audit_figures(run->report.audit, &f);
    hash_sha256(&hash, state, n);
    size_t len = make_text(text, run->origin, &(struct log_head){f.size, f.root}, &hash);
    key_name(name, run);
    char *out = malloc(len + 2 + sizeof line + n);
    if (out == NULL ||
        note_sign(line, sizeof line, text, len, name, strlen(name), run->ctl->secret) == 0 ||
        (*size = note_build(out, len + 2 + sizeof line, text, len, lines, 1)) == 0) {
        free(out);
        return NULL;
    }
    memcpy(out + *size, state, n);
    *size += n;
    return out;
}

int audit_resume_save(const struct audit_run *run, const char *path)
{
    char *state = NULL, *file = NULL;
    size_t n = 0, size = 0;
    FILE *out = open_memstream(&state, &n);
    int rc = CTL_OK;

    bool ok = out != NULL && audit_save(run->report.audit, out);
    ok = out != NULL && fclose(out) == 0 && ok;
    file = ok ? make_file(run, state, n, &size) : NULL;
    if (file == NULL) {
        rc = fail(CTL_FAILED, _("no memory"));
    } else if (!write_whole_file(path, file, size, 0600, true)) {
        rc = fail(CTL_FAILED, _("%s cannot be written: %s"), path, strerror(errno));
    }
    free(state);
    free(file);
    return rc;
}

/* --- Loading ---------------------------------------------------------------------------------- */

/* Our public key, for which nobody has to be asked for a passphrase. */
static int our_key(const struct audit_run *run, struct public_key *out)
{
    struct keyfile_json file;

    if (run->ctl->key_path == NULL) {
        return fail(CTL_KEY, _("--since needs the key that signed the file: name it with --key"));
    }
    int rc = keyfile_json_read(&file, run->ctl->key_path);
    if (rc == CTL_OK) {
        *out = file.file.pub;
        keyfile_json_free(&file);
    }
    return rc;
}

/* The length of the note at the head of a file, 0 when there is none: it ends with its one line. */
static size_t note_length(const char *bytes, size_t n)
{
    size_t most = n < 4096 ? n : 4096;
    const char *empty = memmem(bytes, most, "\n\n", 2);
    const char *end =
        empty != NULL ? memchr(empty + 2, '\n', most - (size_t)(empty + 2 - bytes)) : NULL;

    return end != NULL ? (size_t)(end + 1 - bytes) : 0;
}

static bool is_ours(const struct audit_run *run, const struct public_key *key, const char *bytes,
                    size_t len)
{
    char name[NAME_SIZE];
    struct verifier_key v;
    struct note note;

    key_name(name, run);
    verifier_key_set(&v, name, strlen(name), KEY_ED25519, key);
    return len > 0 && note_parse(&note, bytes, len) == NOTE_OK &&
           note_verify(&note, &v, NULL) == NOTE_OK;
}

/* The signed text must be the one that follows from what was loaded. */
static bool says_the_same(const struct audit_run *run, const char *bytes, size_t len, size_t n)
{
    char text[TEXT_SIZE];
    struct audit_figures f;
    struct hash hash;

    audit_figures(run->report.audit, &f);
    hash_sha256(&hash, bytes + len, n - len);
    size_t text_len = make_text(text, run->origin, &(struct log_head){f.size, f.root}, &hash);
    return text_len < len && memcmp(bytes, text, text_len) == 0 && bytes[text_len] == '\n';
}

/* Only bytes whose hash was signed may be loaded. */
static bool state_is_signed(const char *bytes, size_t len, size_t n)
{
    char wanted[HEX_SIZE(HASH_BYTES) + sizeof "\"state\":\"\""], hex[HEX_SIZE(HASH_BYTES)];
    struct hash hash;

    hash_sha256(&hash, bytes + len, n - len);
    hex_encode(hex, hash.b, HASH_BYTES);
    snprintf(wanted, sizeof wanted, "\"state\":\"%s\"", hex);
    return memmem(bytes, len, wanted, strlen(wanted)) != NULL;
}

static int load(struct audit_run *run, const char *path, const struct public_key *key, char *bytes,
                size_t n)
{
    size_t len = note_length(bytes, n);

    if (!is_ours(run, key, bytes, len)) {
        return fail(CTL_VERIFY, _("%s is not signed by this key as a resume point of %s"), path,
                    run->origin);
    }
    if (!state_is_signed(bytes, len, n)) {
        return fail(CTL_VERIFY, _("%s was changed after it was signed"), path);
    }
    FILE *in = fmemopen(bytes + len, n - len, "r");
    bool ok = in != NULL && audit_load(run->report.audit, in);
    if (in != NULL) {
        fclose(in);
    }
    if (!ok || !says_the_same(run, bytes, len, n)) {
        return fail(CTL_VERIFY,
                    _("%s cannot be taken up: it is of another log, of another version of "
                      "semctl, or was made with another --waive"),
                    path);
    }
    audit_figures(run->report.audit, &run->report.figures);
    run->report.has_since = true;
    run->report.since = run->report.figures.size;
    return CTL_OK;
}

int audit_resume_load(struct audit_run *run, const char *path)
{
    struct public_key key;
    size_t n;
    int rc = our_key(run, &key);

    if (rc != CTL_OK) {
        return rc;
    }
    char *bytes = read_whole_file(path, RESUME_BYTES_MAX, &n);
    if (bytes == NULL) {
        return fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILED, _("%s cannot be read: %s"), path,
                    strerror(errno));
    }
    rc = load(run, path, &key, bytes, n);
    free(bytes);
    return rc;
}
