/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/node.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "ledger/files.h"
#include "ledger/journal.h"
#include "ledger/kind.h"
#include "ledger/state.h"

/* The server's keys: the name of the file and what follows the origin in the key's name. */
static const struct {
    const char *file, *suffix;
} key_files[] = {{"log.key", ""}, {"clock.key", "/clock"}, {"refusal.key", "/refusal"}};
#define N_KEYS 3
#define KEY_NAME_MAX (ORIGIN_MAX + sizeof "/refusal")

static bool fail(FILE *err, const char *what, const char *path)
{
    fprintf(err, "%s: %s: %s\n", path, what, strerror(errno));
    return false;
}

/* --- Making ----------------------------------------------------------------------------------- */

/* Demo networks only: who knows the seed has the keys. */
static struct secret_key *derive_key(const char *demo_seed, const char *name)
{
    struct hash_stream h;
    struct hash seed;
    hash_stream_start(&h);
    hash_stream_add(&h, "sem demo key\n", sizeof "sem demo key\n" - 1);
    hash_stream_add(&h, demo_seed, strlen(demo_seed));
    hash_stream_add(&h, "\n", 1);
    hash_stream_add(&h, name, strlen(name));
    hash_stream_end(&h, &seed);
    struct secret_key *key = secret_key_from_seed(seed.b);
    secret_wipe(&seed, sizeof seed);
    secret_wipe(&h, sizeof h);
    return key;
}

static bool make_key(const char *dir, const char *file, const char *name, const char *demo_seed)
{
    struct secret_key *key = demo_seed != NULL ? derive_key(demo_seed, name) : secret_key_new();
    if (key == NULL)
        return false;
    char text[SIGNER_KEY_SIZE(KEY_NAME_MAX) + 1];
    size_t n = signer_key_encode(text, sizeof text - 1, name, strlen(name), key);
    secret_key_free(key);
    assert(n > 0);
    text[n++] = '\n';
    bool ok = file_replace(dir, file, 0600, text, n);
    secret_wipe(text, sizeof text);
    return ok;
}

static bool make_keys(const char *dir, const char *origin, const char *demo_seed, FILE *err)
{
    char keys[PATH_MAX], name[KEY_NAME_MAX];
    if (!path_join(keys, sizeof keys, dir, "keys") || mkdir(keys, 0700) != 0)
        return fail(err, "cannot make the folder of the keys", dir);
    for (size_t i = 0; i < N_KEYS; i++) {
        snprintf(name, sizeof name, "%s%s", origin, key_files[i].suffix);
        if (!make_key(keys, key_files[i].file, name, demo_seed))
            return fail(err, "cannot write a key", keys);
    }
    return true;
}

static bool sync_environment(const char *path)
{
    char file[PATH_MAX];
    return path_join(file, sizeof file, path, "data.mdb") && path_sync(file) && path_sync(path);
}

static bool make_stores(const char *dir, FILE *err)
{
    char path[PATH_MAX];
    struct store *store;
    enum store_err code;
    if (!path_join(path, sizeof path, dir, "log") || mkdir(path, 0700) != 0)
        return fail(err, "cannot make the folder of the log", dir);
    code = store_open(&store, path, STORE_CREATE, 0);
    if (code == STORE_OK) {
        store_close(store);
        if (!sync_environment(path))
            return fail(err, "cannot sync", path);
        if (!path_join(path, sizeof path, dir, "aux"))
            return false;
        struct side *side = side_open(path, &code);
        if (side != NULL) {
            side_close(side);
            return sync_environment(path) || fail(err, "cannot sync", path);
        }
    }
    fprintf(err, "%s: %s: %s\n", path, store_strerror(code), store_message());
    return false;
}

static bool make_all(const char *dir, const char *origin, const char *demo_seed, FILE *err)
{
    if (!make_keys(dir, origin, demo_seed, err) || !make_stores(dir, err))
        return false;
    if (!journal_make(dir) || !file_replace(dir, "lock", 0600, "", 0) || !path_sync(dir))
        return fail(err, "cannot sync", dir);
    return true;
}

/* So that there is a whole folder or none: made aside, synced, then renamed (SPEC 14.3). */
bool node_init(const char *dir, const char *origin, const char *demo_seed, FILE *err)
{
    char fresh[PATH_MAX], parent[PATH_MAX];
    struct stat info;
    if (!origin_valid(origin, strlen(origin))) {
        fprintf(err, "%s: not an origin: 1 to 100 characters of a-z 0-9 . - and /\n", origin);
        return false;
    }
    if (lstat(dir, &info) == 0) {
        fprintf(err, "%s: is there already\n", dir);
        return false;
    }
    int n = snprintf(fresh, sizeof fresh, "%s.new-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof fresh || !path_parent(parent, sizeof parent, dir)) {
        errno = ENAMETOOLONG;
        return fail(err, "cannot be made", dir);
    }
    if (mkdtemp(fresh) == NULL)
        return fail(err, "cannot be made", dir);
    bool ok = make_all(fresh, origin, demo_seed, err) &&
              (rename(fresh, dir) == 0 || fail(err, "cannot be renamed into place", fresh));
    if (!ok) {
        if (!path_remove_tree(fresh))
            fail(err, "is left over and can be removed", fresh);
        return false;
    }
    return path_sync(parent) || fail(err, "cannot sync", parent);
}

/* --- Opening ---------------------------------------------------------------------------------- */

/* SPEC 14.1: nobody else reads the server's keys. */
static bool key_is_private(const char *dir, const char *file, FILE *err)
{
    char path[PATH_MAX];
    struct stat s;
    if (!path_join(path, sizeof path, dir, file) || stat(path, &s) != 0)
        return false;
    if ((s.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        fprintf(err, "%s can be read by others: chmod 600 %s\n", path, path);
    return (s.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* Reads a key; its name must be origin and suffix. An empty origin is taken from the name. */
static struct secret_key *read_key(struct node *node, size_t i, FILE *err)
{
    char dir[PATH_MAX], text[SIGNER_KEY_SIZE(KEY_NAME_MAX) + 2], expected[KEY_NAME_MAX];
    const char *name;
    size_t n, name_len;
    if (!path_join(dir, sizeof dir, node->dir, "keys") ||
        !file_read(dir, key_files[i].file, text, sizeof text, &n)) {
        fprintf(err, "%s/keys/%s: %s\n", node->dir, key_files[i].file, strerror(errno));
        return NULL;
    }
    if (!key_is_private(dir, key_files[i].file, err)) {
        secret_wipe(text, sizeof text);
        return NULL;
    }
    struct secret_key *key = NULL;
    if (n > 0 && text[n - 1] == '\n')
        key = signer_key_parse(text, n - 1, &name, &name_len);
    if (key != NULL && node->origin[0] == '\0' && origin_valid(name, name_len))
        memcpy(node->origin, name, name_len);
    snprintf(expected, sizeof expected, "%s%s", node->origin, key_files[i].suffix);
    bool right = key != NULL && name_len == strlen(expected) &&
                 memcmp(name, expected, name_len) == 0;
    secret_wipe(text, sizeof text);
    if (right)
        return key;
    fprintf(err, "%s/keys/%s: not the key of %s\n", node->dir, key_files[i].file,
            node->origin[0] != '\0' ? expected : "an origin");
    secret_key_free(key);
    return NULL;
}

enum node_open node_lock(struct node *node, FILE *err)
{
    char path[PATH_MAX];
    if (!path_join(path, sizeof path, node->dir, "lock"))
        return NODE_FAILED;
    node->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (node->lock_fd < 0) {
        fail(err, "cannot be opened", path);
        return NODE_FAILED;
    }
    if (flock(node->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return NODE_OK;
    if (errno == EWOULDBLOCK) {
        fprintf(err, "%s: another process has it open\n", node->dir);
        return NODE_LOCKED;
    }
    fail(err, "cannot be locked", path);
    return NODE_FAILED;
}

static bool open_stores(struct node *node, FILE *err)
{
    char path[PATH_MAX];
    enum store_err code = STORE_IO;
    if (!path_join(path, sizeof path, node->dir, "log"))
        return fail(err, "cannot be opened", node->dir);
    code = store_open(&node->store, path, 0, node->map_bytes);
    if (code == STORE_OK) {
        if (!path_join(path, sizeof path, node->dir, "aux"))
            return fail(err, "cannot be opened", node->dir);
        bool lost = access(path, F_OK) != 0;
        node->side = side_open(path, &code);
        if (lost && node->side != NULL)
            fprintf(err, "%s: was not there and is made anew: the texts, the items that waited and "
                    "the refusals in it are lost; if it can be found again, stop and put it back\n",
                    path);
    }
    if (code == STORE_OK)
        return true;
    fprintf(err, "%s: %s: %s\n", path, store_strerror(code), store_message());
    return false;
}

/*
 * After a crash the journal has leaves that the store does not. What cannot be carried over is
 * said: nothing is signed then, and a rebuild may help.
 */
static void take_journal(struct node *node, FILE *err)
{
    struct journal_image image;
    uint64_t n;
    errno = 0;
    bool ok = journal_read(&image, node->dir)
                  ? journal_apply(&image, node->store, node->origin, &n, err)
                  : errno == ENOENT || fail(err, "the journal cannot be read", node->dir);
    journal_image_free(&image);
    if (!ok)
        fprintf(err, "%s: entries that were answered are missing; `semd rebuild` may help\n",
                node->dir);
}

/* Takes out an item under whose id an entry is in the log. */
static void settle_item(struct node *node, struct state *s, const struct ref *ref)
{
    struct thing_key key = {.id = ref->id, .author = state_org_number(s, &ref->by)};
    struct entry_record record;
    uint64_t index;
    if (key.author != 0 && state_id(s, &key, &index) && state_entry(s, index, &record))
        inbox_remove(node->side, ref, &record.text_hash);
}

/* A crash between the commit of an entry and the removal of its item leaves the item. */
static bool settle_inbox(struct node *node)
{
    struct store_reader *reader;
    struct state *state = calloc(1, sizeof *state);
    struct inbox_item *item = calloc(1, sizeof *item);
    bool ok = state != NULL && item != NULL && store_reader_new(node->store, &reader) == STORE_OK;
    if (ok) {
        struct kv *kv = store_read(reader);
        ok = kv != NULL;
        if (ok) {
            state_attach(state, kv);
            for (bool more = inbox_walk(node->side, NULL, item); more;
                 more = inbox_walk(node->side, &item->ref, item))
                settle_item(node, state, &item->ref);
            ok = !kv_failed(kv);
            store_read_end(reader);
        }
        store_reader_free(reader);
    }
    free(item);
    free(state);
    return ok;
}

static bool read_keys(struct node *node, FILE *err)
{
    struct secret_key **const keys[N_KEYS] = {&node->log_key, &node->clock_key, &node->refusal_key};
    for (size_t i = 0; i < N_KEYS; i++) {
        *keys[i] = read_key(node, i, err);
        if (*keys[i] == NULL)
            return false;
    }
    return true;
}

static enum node_open open_all(struct node *node, FILE *err)
{
    enum node_open result = node_lock(node, err);
    if (result != NODE_OK)
        return result;
    if (!read_keys(node, err) || !open_stores(node, err))
        return NODE_FAILED;
    take_journal(node, err);
    if (!settle_inbox(node)) {
        fprintf(err, "%s: cannot be read: %s\n", node->dir, store_message());
        return NODE_FAILED;
    }
    return NODE_OK;
}

/* A node of which nothing is open yet. */
static enum node_open find_folder(struct node *out, const char *dir, size_t map_bytes, FILE *err)
{
    char keys[PATH_MAX];
    *out = (struct node){.lock_fd = -1, .map_bytes = map_bytes};
    int n = snprintf(out->dir, sizeof out->dir, "%s", dir);
    if (n >= 0 && (size_t)n < sizeof out->dir && path_join(keys, sizeof keys, dir, "keys") &&
        access(keys, F_OK) == 0)
        return NODE_OK;
    fprintf(err, "%s: no data folder\n", dir);
    return NODE_MISSING;
}

enum node_open node_open_keys(struct node *out, const char *dir, FILE *err)
{
    enum node_open result = find_folder(out, dir, 0, err);
    if (result == NODE_OK && !read_keys(out, err)) {
        node_close(out);
        result = NODE_FAILED;
    }
    return result;
}

enum node_open node_open_sized(struct node *out, const char *dir, size_t map_bytes, FILE *err)
{
    enum node_open result = find_folder(out, dir, map_bytes, err);
    if (result != NODE_OK)
        return result;
    result = open_all(out, err);
    if (result != NODE_OK)
        node_close(out);
    return result;
}

enum node_open node_open(struct node *out, const char *dir, FILE *err)
{
    return node_open_sized(out, dir, 0, err);
}

void node_close(struct node *node)
{
    side_close(node->side);
    store_close(node->store);
    secret_key_free(node->log_key);
    secret_key_free(node->clock_key);
    secret_key_free(node->refusal_key);
    if (node->lock_fd >= 0)
        close(node->lock_fd);
    *node = (struct node){.lock_fd = -1};
}

/* --- Purging ---------------------------------------------------------------------------------- */

/* The time of the last leaf; 0 without one, and when the store cannot be read. */
static int64_t last_at(struct node *node)
{
    struct store_reader *reader;
    struct state *state = calloc(1, sizeof *state);
    int64_t at = 0;
    if (state != NULL && store_reader_new(node->store, &reader) == STORE_OK) {
        struct kv *kv = store_read(reader);
        if (kv != NULL) {
            state_attach(state, kv);
            at = state_last_at(state);
            at = kv_failed(kv) ? 0 : at;
            store_read_end(reader);
        }
        store_reader_free(reader);
    }
    free(state);
    return at;
}

void node_purge(struct node *node, int64_t now_ms)
{
    inbox_purge(node->side, now_ms);
    refused_purge(node->side, last_at(node));
}

/* --- Erasures --------------------------------------------------------------------------------- */

/* The text that the details.erase entry at an index names. False when it cannot be found. */
static bool read_erasure(const char *origin, struct state *state, struct entry *entry,
                         uint64_t index, struct hash *key)
{
    struct slice leaf;
    const char *note_bytes;
    size_t note_len;
    int64_t at;
    struct note note;
    struct refusal why = {.code = CODE_OK};
    struct detail detail;
    if (!log_read(state->kv, index, &leaf) ||
        !leaf_split((const char *)leaf.data, leaf.size, &at, &note_bytes, &note_len) ||
        note_parse(&note, note_bytes, note_len) != NOTE_OK ||
        !entry_decode(entry, origin, note.text, note.text_len, &why))
        return false;
    const struct body_details_erase *body = &entry->details_erase;
    struct thing_key subject = {.id = body->subject.id,
                                .author = state_org_number(state, &body->subject.by)};
    if (!state_detail(state, &subject, (enum slot)body->slot, &detail))
        return false;
    side_text_key(key, &body->subject, (enum slot)body->slot, &detail.commit);
    return true;
}

bool node_erasures(const char *origin, struct kv *log, uint64_t *through, node_erasure visit,
                   void *ctx)
{
    struct state *state = calloc(1, sizeof *state);
    struct entry *entry = calloc(1, sizeof *entry);
    bool all = state != NULL && entry != NULL;
    if (all) {
        struct entry_record record;
        struct hash key;
        state_attach(state, log);
        uint64_t size = state_size(state), i = *through;
        while (i < size && state_entry(state, i, &record) &&
               (record.kind != KIND_DETAILS_ERASE ||
                (read_erasure(origin, state, entry, i, &key) && visit(ctx, &key))))
            i++;
        all = i >= size && !kv_failed(log);
        if (!kv_failed(log))
            *through = i;
    }
    free(entry);
    free(state);
    return all;
}

static bool erase_text(void *side, const struct hash *key)
{
    return side_erase_text(side, key);
}

void node_apply_erasures(struct node *node, struct kv *log)
{
    uint64_t from = side_erased_through(node->side), through = from;
    (void)node_erasures(node->origin, log, &through, erase_text, node->side);
    if (through > from)
        (void)side_set_erased_through(node->side, through);
}
