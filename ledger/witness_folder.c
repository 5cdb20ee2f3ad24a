/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/witness_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/note.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/files.h"

#define KEY_FILE_SIZE (WITNESS_KEY_SIZE + HEX_SIZE(KEY_SEED_BYTES) + 8)
#define STATE_FIRST "sem witness state v1\n"
#define STATE_LAST "sha256 "
#define STATE_LAST_LEN (sizeof STATE_LAST - 1 + HEX_LEN(HASH_BYTES) + 1)
/* More than any set of logs needs; a file above it is not ours. */
#define STATE_BYTES_MAX ((size_t)64 << 20)

static bool say(FILE *err, const char *dir, const char *name, const char *what)
{
    fprintf(err, "%s/%s: %s\n", dir, name, what);
    return false;
}

/* --- The key ---------------------------------------------------------------------------------- */

/* "<verifier key>\n<seed in hex>\n": whoever looks for the public key finds it in line one. */
static size_t write_key(char out[static KEY_FILE_SIZE], const struct verifier_key *key,
                        const struct secret_key *secret)
{
    uint8_t seed[KEY_SEED_BYTES];
    size_t n = verifier_key_encode(out, KEY_FILE_SIZE, key);
    if (n == 0)
        return 0;
    out[n++] = '\n';
    secret_key_seed(secret, seed);
    hex_encode(out + n, seed, sizeof seed);
    secret_wipe(seed, sizeof seed);
    n += HEX_LEN(KEY_SEED_BYTES);
    out[n++] = '\n';
    return n;
}

/* The first line of the key file as a verifier key, and where the second one begins. */
static bool parse_key(const char *text, size_t n, struct verifier_key *key, const char **rest)
{
    const char *feed = memchr(text, '\n', n);
    if (feed == NULL || !verifier_key_parse(key, text, (size_t)(feed - text)) ||
        key->type != KEY_COSIGNATURE || key->name_len > POLICY_KEY_NAME_MAX)
        return false;
    *rest = feed + 1;
    return true;
}

static struct secret_key *parse_secret(const char *text, size_t n, struct verifier_key *key)
{
    uint8_t seed[KEY_SEED_BYTES];
    const char *rest;
    struct secret_key *secret = NULL;
    if (parse_key(text, n, key, &rest) &&
        n - (size_t)(rest - text) == HEX_LEN(KEY_SEED_BYTES) + 1 && text[n - 1] == '\n' &&
        hex_decode(seed, sizeof seed, rest, HEX_LEN(KEY_SEED_BYTES)))
        secret = secret_key_from_seed(seed);
    secret_wipe(seed, sizeof seed);
    if (secret != NULL) {
        struct public_key public;
        secret_key_public(secret, &public);
        if (!public_key_equal(&public, &key->key)) {
            secret_key_free(secret);
            secret = NULL;
        }
    }
    return secret;
}

static bool read_key_file(const char *dir, char text[static KEY_FILE_SIZE], size_t *n, FILE *err)
{
    char path[PATH_MAX];
    struct stat st;
    if (!path_join(path, sizeof path, dir, "key") || stat(path, &st) != 0 ||
        !file_read(dir, "key", text, KEY_FILE_SIZE, n))
        return say(err, dir, "key", errno == EFBIG ? "damaged" : strerror(errno));
    return (st.st_mode & 077) == 0 || say(err, dir, "key", "can be read by others: chmod 600 it");
}

bool witness_key_text(const char *dir, char out[static WITNESS_KEY_SIZE], FILE *err)
{
    char text[KEY_FILE_SIZE];
    struct verifier_key key;
    const char *rest;
    size_t n;
    if (!read_key_file(dir, text, &n, err))
        return false;
    bool ok = parse_key(text, n, &key, &rest) &&
              verifier_key_encode(out, WITNESS_KEY_SIZE, &key) > 0;
    secret_wipe(text, sizeof text);
    return ok || say(err, dir, "key", "damaged");
}

/* --- Making the folder ------------------------------------------------------------------------ */

static const char policy_text[] =
    "# The logs that this witness knows, one line each (C2SP tlog-policy):\n"
    "#   log <verifier key of the log>\n"
    "quorum none\n";

/* The whole file of these views, one of them (NULL: none) in another form; the caller frees. */
static char *state_text(const struct witness_views *views, const struct witness_view *with,
                        size_t *size);

static bool write_files(const char *dir, const char *key, size_t n)
{
    const struct witness_views none = {.n = 0};
    size_t size;
    char *state = state_text(&none, NULL, &size);
    bool ok = state != NULL && file_replace(dir, "key", 0600, key, n) &&
              file_replace(dir, "state", 0600, state, size) &&
              file_replace(dir, "policy", 0644, policy_text, strlen(policy_text));
    free(state);
    return ok;
}

static bool make_folder(const char *dir, const char *key, size_t n)
{
    char fresh[PATH_MAX], parent[PATH_MAX];
    int len = snprintf(fresh, sizeof fresh, "%s.new", dir);
    if (len < 0 || (size_t)len >= sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    /* Left over from an interrupted run, if it is there. */
    if (!path_remove_tree(fresh) || mkdir(fresh, 0700) != 0)
        return false;
    bool ok = write_files(fresh, key, n) && rename(fresh, dir) == 0 &&
              path_parent(parent, sizeof parent, dir) && path_sync(parent);
    int keep = errno;
    if (!ok)
        path_remove_tree(fresh);
    errno = keep;
    return ok;
}

bool witness_init(const char *dir, const char *name, FILE *err)
{
    char text[KEY_FILE_SIZE];
    size_t len = strlen(name);
    if (!key_name_valid(name, len) || len > POLICY_KEY_NAME_MAX) {
        fprintf(err, "%s: no name of a key: 1 to %d bytes without white space and +\n", name,
                POLICY_KEY_NAME_MAX);
        return false;
    }
    if (access(dir, F_OK) == 0) {
        fprintf(err, "%s: is there already\n", dir);
        return false;
    }
    struct secret_key *secret = secret_key_new();
    if (secret == NULL) {
        fputs("no locked memory for a key\n", err);
        return false;
    }
    struct public_key public;
    struct verifier_key key;
    secret_key_public(secret, &public);
    verifier_key_set(&key, name, len, KEY_COSIGNATURE, &public);
    size_t n = write_key(text, &key, secret);
    bool ok = n > 0 && make_folder(dir, text, n);
    if (!ok)
        fprintf(err, "%s: %s\n", dir, strerror(errno));
    secret_wipe(text, sizeof text);
    secret_key_free(secret);
    return ok;
}

/* --- Opening the folder ----------------------------------------------------------------------- */

static int take_lock(const char *dir, FILE *err)
{
    char path[PATH_MAX];
    int fd = path_join(path, sizeof path, dir, "lock")
                 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)
                 : -1;
    if (fd < 0) {
        say(err, dir, "lock", strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        say(err, dir, "lock", errno == EWOULDBLOCK ? "another process has the folder open"
                                                   : strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

bool witness_folder_open(struct witness_folder *out, const char *dir, FILE *err)
{
    char text[KEY_FILE_SIZE];
    size_t n;
    memset(out, 0, sizeof *out);
    if (strlen(dir) >= sizeof out->dir)
        return say(err, dir, "key", strerror(ENAMETOOLONG));
    snprintf(out->dir, sizeof out->dir, "%s", dir);
    if (!read_key_file(dir, text, &n, err))
        return false;
    out->secret = parse_secret(text, n, &out->key);
    if (out->secret != NULL) {
        memcpy(out->name, out->key.name, out->key.name_len);
        out->key.name = out->name;
    }
    secret_wipe(text, sizeof text);
    if (out->secret == NULL)
        return say(err, dir, "key", "damaged");
    out->lock_fd = take_lock(dir, err);
    if (out->lock_fd < 0) {
        secret_key_free(out->secret);
        out->secret = NULL;
        return false;
    }
    return true;
}

void witness_folder_close(struct witness_folder *folder)
{
    if (folder->secret == NULL)
        return;
    close(folder->lock_fd);
    secret_key_free(folder->secret);
    folder->secret = NULL;
}

/* --- The state -------------------------------------------------------------------------------- */

static char *state_text(const struct witness_views *views, const struct witness_view *with,
                        size_t *size)
{
    char *text = NULL, hex[HEX_SIZE(HASH_BYTES)];
    struct hash hash;
    bool placed = with == NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL)
        return NULL;
    fputs(STATE_FIRST, out);
    for (size_t i = 0; i < views->n; i++) {
        const struct witness_view *v = &views->first[i];
        if (with != NULL && strcmp(with->origin, v->origin) == 0) {
            v = with;
            placed = true;
        }
        fprintf(out, "%zu %s", v->n, v->note);
    }
    if (!placed)
        fprintf(out, "%zu %s", with->n, with->note);
    if (fflush(out) != 0) {
        fclose(out);
        free(text);
        return NULL;
    }
    hash_sha256(&hash, text, *size);
    hex_encode(hex, hash.b, HASH_BYTES);
    fprintf(out, STATE_LAST "%s\n", hex);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

struct witness_view *witness_view_find(const struct witness_views *views, const char *origin)
{
    for (size_t i = 0; i < views->n; i++) {
        if (strcmp(views->first[i].origin, origin) == 0)
            return &views->first[i];
    }
    return NULL;
}

static bool append_view(struct witness_views *views, const struct witness_view *view)
{
    struct witness_view *grown = reallocarray(views->first, views->n + 1, sizeof *grown);
    if (grown == NULL)
        return false;
    views->first = grown;
    views->first[views->n++] = *view;
    return true;
}

bool witness_views_keep(struct witness_views *views, const struct witness_folder *folder,
                        const struct witness_view *view)
{
    struct witness_view *held = witness_view_find(views, view->origin);
    struct witness_view *room = held;
    /* Room first: after the disk has the view, nothing may fail any more. */
    if (room == NULL) {
        if (!append_view(views, view))
            return false;
        room = &views->first[--views->n];
    }
    size_t n;
    char *text = state_text(views, view, &n);
    bool ok = text != NULL && n <= STATE_BYTES_MAX &&
              file_replace(folder->dir, "state", 0600, text, n);
    free(text);
    if (!ok)
        return false;
    if (held == NULL)
        views->n++;
    else
        free(held->note);
    *room = *view;
    return true;
}

/* --- Reading the state ------------------------------------------------------------------------ */

/* Fills a view from a cosigned note that is ours; its note is copied. */
static bool read_view(struct witness_view *out, const struct witness_folder *folder,
                      const char *note_bytes, size_t n)
{
    struct note note;
    unsigned long long size;
    char *end;
    if (note_parse(&note, note_bytes, n) != NOTE_OK ||
        note_verify(&note, &folder->key, NULL) != NOTE_OK)
        return false;
    /* What we cosigned was well formed, and a cosignature that verifies says that it still is. */
    const char *feed = memchr(note.text, '\n', note.text_len);
    size_t origin_len = (size_t)(feed - note.text);
    if (origin_len > POLICY_KEY_NAME_MAX)
        return false;
    memcpy(out->origin, note.text, origin_len);
    out->origin[origin_len] = '\0';
    errno = 0;
    size = strtoull(feed + 1, &end, 10);
    const char *rest = note.text + note.text_len;
    if (errno != 0 || *end != '\n' || end + 1 + BASE64_LEN(HASH_BYTES) >= rest ||
        !base64_decode_exact(out->head.root.b, HASH_BYTES, end + 1, BASE64_LEN(HASH_BYTES)))
        return false;
    out->head.size = size;
    out->note = strndup(note_bytes, n);
    out->n = n;
    return out->note != NULL;
}

static bool read_views(struct witness_views *out, const struct witness_folder *folder,
                       const char *text, size_t n)
{
    const char *at = text + strlen(STATE_FIRST), *end = text + n - STATE_LAST_LEN;
    while (at < end) {
        struct witness_view view;
        char *space;
        errno = 0;
        unsigned long long len = strtoull(at, &space, 10);
        if (errno != 0 || *space != ' ' || len > (size_t)(end - space - 1) ||
            !read_view(&view, folder, space + 1, (size_t)len))
            return false;
        if (witness_view_find(out, view.origin) != NULL || !append_view(out, &view)) {
            free(view.note);
            return false;
        }
        at = space + 1 + len;
    }
    return true;
}

/* First line, last line, and the checksum in it. */
static bool is_whole(const char *text, size_t n)
{
    char line[STATE_LAST_LEN + 1], hex[HEX_SIZE(HASH_BYTES)];
    struct hash hash;
    size_t first = strlen(STATE_FIRST);
    if (n < first + STATE_LAST_LEN || memcmp(text, STATE_FIRST, first) != 0)
        return false;
    hash_sha256(&hash, text, n - STATE_LAST_LEN);
    hex_encode(hex, hash.b, HASH_BYTES);
    snprintf(line, sizeof line, STATE_LAST "%s\n", hex);
    return memcmp(text + n - STATE_LAST_LEN, line, STATE_LAST_LEN) == 0;
}

bool witness_views_read(struct witness_views *out, const struct witness_folder *folder, FILE *err)
{
    char path[PATH_MAX], *text;
    struct stat st;
    size_t n = 0;
    memset(out, 0, sizeof *out);
    if (!path_join(path, sizeof path, folder->dir, "state") || stat(path, &st) != 0) {
        fprintf(err, "%s/state: %s; a witness that has lost it must make a new key\n", folder->dir,
                strerror(errno));
        return false;
    }
    size_t size = (size_t)st.st_size + 2;
    text = size <= STATE_BYTES_MAX ? malloc(size) : NULL;
    bool ok = text != NULL && file_read(folder->dir, "state", text, size, &n) &&
              is_whole(text, n) && read_views(out, folder, text, n);
    free(text);
    if (!ok) {
        witness_views_free(out);
        say(err, folder->dir, "state",
            "damaged; without it a second history could be cosigned: restore the newest copy, or "
            "make a new witness with a new key");
    }
    return ok;
}

void witness_views_free(struct witness_views *views)
{
    for (size_t i = 0; i < views->n; i++)
        free(views->first[i].note);
    free(views->first);
    memset(views, 0, sizeof *views);
}
