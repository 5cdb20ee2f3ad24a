/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/log_source.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/log_list.h"
#include "cli/log_store.h"
#include "crypto/note.h"

#define LEVEL_BITS    8
#define BUNDLE_LEVEL  (-1)
#define BUNDLE_MAX    ((size_t)SOURCE_TILE_WIDTH * (2 + UINT16_MAX))
#define TILE_BYTES(w) ((size_t)(w)*HASH_BYTES)
#define WINDOW        (LOG_STORE_AHEAD / 2) /* bundles, each with its tile of hashes */
#define TILES_KEPT    32
#define BUNDLES_KEPT  4

/* A bundle that was read, with its leaves. */
struct bundle {
    bool used;
    uint64_t number;
    unsigned width;
    uint8_t *bytes;
    struct slice leaves[SOURCE_TILE_WIDTH];
};

struct kept_tile {
    bool used;
    unsigned level, width;
    uint64_t number;
    struct hash hashes[SOURCE_TILE_WIDTH];
};

struct log_source {
    struct log_store *store;
    struct log_list *list; /* NULL: bundles */
    bool has_tiles;
    int exit;
    uint64_t size, position;
    uint64_t window; /* the first bundle that was fetched ahead, + 1; 0: none */
    struct bundle now, again[BUNDLES_KEPT];
    size_t turn; /* of `again`, the next to be replaced */
    struct kept_tile tiles[TILES_KEPT];
};

/* --- Opening ---------------------------------------------------------------------------------- */

static bool has_folder(const char *dir, const char *name)
{
    char *path = NULL;
    struct stat info;
    bool there = asprintf(&path, "%s/%s", dir, name) >= 0 && stat(path, &info) == 0 &&
                 S_ISDIR(info.st_mode);

    free(path);
    return there;
}

static bool has_file(const char *dir, const char *name)
{
    char *path = NULL;
    int fd = asprintf(&path, "%s/%s", dir, name) >= 0 ? open_plain_file(path) : -1;
    bool there = fd >= 0 || errno == EACCES; /* why it cannot be read is said later */

    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return there;
}

static int open_folder(struct log_source *s, const char *dir)
{
    s->has_tiles = has_folder(dir, "tile/0");
    if (!has_file(dir, "checkpoint")) {
        return fail(CTL_NOT_FOUND, _("%s holds no log: there is no checkpoint"), dir);
    }
    if (has_folder(dir, "tile/entries")) {
        return CTL_OK;
    }
    s->list = log_list_open(dir);
    if (s->list == NULL && errno == ENOENT) {
        return fail(CTL_NOT_FOUND,
                    _("%s holds no log: there is neither tile/entries nor leaves.jsonl"), dir);
    }
    return s->list != NULL
               ? CTL_OK
               : fail(CTL_FAILED, _("%s/leaves.jsonl cannot be read: %s"), dir, strerror(errno));
}

static int open_store(struct log_store *store, struct log_source **out)
{
    *out = calloc(1, sizeof **out);
    if (store == NULL || *out == NULL) {
        if (store != NULL) {
            store->ops->free(store);
        }
        free(*out);
        *out = NULL;
        return fail(CTL_FAILED, _("no memory"));
    }
    (*out)->store = store;
    return CTL_OK;
}

int log_source_open_part(const char *dir, struct log_source **out)
{
    return open_store(log_store_folder(dir), out);
}

int log_source_open(struct ctl *ctl, const char *dir, struct log_source **out)
{
    int rc = open_store(dir == NULL ? log_store_server(ctl) : log_store_folder(dir), out);

    if (rc == CTL_OK && dir == NULL) {
        (*out)->has_tiles = true;
    } else if (rc == CTL_OK) {
        rc = open_folder(*out, dir);
    }
    if (rc != CTL_OK) {
        log_source_free(*out);
        *out = NULL;
    }
    return rc;
}

void log_source_free(struct log_source *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < BUNDLES_KEPT; i++) {
        free(s->again[i].bytes);
    }
    free(s->now.bytes);
    s->store->ops->free(s->store);
    log_list_free(s->list);
    free(s);
}

int log_source_exit(const struct log_source *s)
{
    return s->exit;
}

bool log_source_has_tiles(const struct log_source *s)
{
    return s->has_tiles;
}

/* --- Names ------------------------------------------------------------------------------------ */

void log_source_name(char out[static SOURCE_NAME_SIZE], int level, uint64_t number, unsigned width)
{
    char digits[24];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%018" PRIu64, number), first = 0, at;

    at = (size_t)(level == BUNDLE_LEVEL ? snprintf(out, SOURCE_NAME_SIZE, "tile/entries/")
                                        : snprintf(out, SOURCE_NAME_SIZE, "tile/%d/", level));
    assert(n == 18); /* a tree has no more tiles */
    while (first + 3 < n && memcmp(digits + first, "000", 3) == 0) {
        first += 3;
    }
    for (; first < n; first += 3) {
        at += (size_t)snprintf(out + at, SOURCE_NAME_SIZE - at, "%s%.3s%s",
                               first + 3 < n ? "x" : "", digits + first, first + 3 < n ? "/" : "");
    }
    if (width < SOURCE_TILE_WIDTH) {
        snprintf(out + at, SOURCE_NAME_SIZE - at, ".p/%u", width);
    }
}

/* How much of a tile there is in a log of the present size; 0: nothing. */
static unsigned width_of(const struct log_source *s, unsigned level, uint64_t number)
{
    uint64_t hashes = level * LEVEL_BITS < 64 ? s->size >> (level * LEVEL_BITS) : 0;
    uint64_t before = number * SOURCE_TILE_WIDTH;

    if (number > UINT64_MAX / SOURCE_TILE_WIDTH || hashes <= before) {
        return 0;
    }
    return hashes - before < SOURCE_TILE_WIDTH ? (unsigned)(hashes - before) : SOURCE_TILE_WIDTH;
}

/* --- Reading ---------------------------------------------------------------------------------- */

static enum source_got no_memory(struct log_source *s)
{
    s->exit = fail(CTL_FAILED, _("no memory"));
    return SOURCE_FAILED;
}

static enum source_got read_name(struct log_source *s, const char *name, size_t max, char **bytes,
                                 size_t *n)
{
    enum source_got got = s->store->ops->read(s->store, name, max, bytes, n);

    if (got == SOURCE_FAILED) {
        s->exit = s->store->exit;
    }
    return got;
}

enum source_got log_source_checkpoint(struct log_source *s, char **note, size_t *n)
{
    return read_name(s, "checkpoint", NOTE_BYTES_MAX, note, n);
}

void log_source_start(struct log_source *s, uint64_t size, uint64_t from)
{
    s->size = size;
    s->position = from;
    s->window = 0;
}

/* Has the bundles from this one on fetched together, once per window. */
static void read_ahead(struct log_source *s, uint64_t number)
{
    char names[LOG_STORE_AHEAD][SOURCE_NAME_SIZE];
    size_t n = 0;

    if (s->store->ops->ahead == NULL ||
        (s->window != 0 && number >= s->window - 1 && number < s->window - 1 + WINDOW)) {
        return;
    }
    for (uint64_t i = number; i < number + WINDOW; i++) {
        unsigned width = width_of(s, 0, i);
        if (width > 0) {
            log_source_name(names[n++], BUNDLE_LEVEL, i, width);
            log_source_name(names[n++], 0, i, width);
        }
    }
    s->window = number + 1;
    s->store->ops->ahead(s->store, names, n, BUNDLE_MAX);
}

/* Takes a bundle apart; *n whole leaves stand before the flaw. */
static enum source_got unpack(const uint8_t *bytes, size_t size, unsigned width,
                              struct slice leaves[static SOURCE_TILE_WIDTH], size_t *n)
{
    size_t at = 0;

    for (*n = 0; *n < width; (*n)++) {
        if (size - at < 2) {
            return SOURCE_MALFORMED;
        }
        size_t len = (size_t)bytes[at] << 8 | bytes[at + 1];
        if (size - at - 2 < len) {
            return SOURCE_MALFORMED;
        }
        leaves[*n] = (struct slice){bytes + at + 2, len};
        at += 2 + len;
    }
    return at == size ? SOURCE_OK : SOURCE_MALFORMED;
}

static enum source_got read_bundle(struct log_source *s, uint64_t number, unsigned width,
                                   struct bundle *out, size_t *size, size_t *n)
{
    char name[SOURCE_NAME_SIZE], *bytes;

    *n = 0;
    free(out->bytes);
    out->bytes = NULL;
    out->used = false;
    log_source_name(name, BUNDLE_LEVEL, number, width);
    enum source_got got = read_name(s, name, BUNDLE_MAX, &bytes, size);
    if (got != SOURCE_OK) {
        return got;
    }
    out->bytes = (uint8_t *)bytes;
    out->number = number;
    out->width = width;
    got = unpack(out->bytes, *size, width, out->leaves, n);
    out->used = got == SOURCE_OK;
    return got;
}

enum source_got log_source_bundle(struct log_source *s, uint64_t number, unsigned width,
                                  uint8_t **bytes, size_t *size, struct slice leaves[static 256])
{
    size_t n;

    read_ahead(s, number);
    enum source_got got = read_bundle(s, number, width, &s->now, size, &n);
    *bytes = s->now.bytes;
    memcpy(leaves, s->now.leaves, n * sizeof leaves[0]);
    s->now.bytes = NULL;
    return got;
}

/* --- In order --------------------------------------------------------------------------------- */

static enum source_got next_bundle(struct log_source *s, struct slice leaves[static 256], size_t *n,
                                   char name[static SOURCE_NAME_SIZE])
{
    uint64_t number = s->position / SOURCE_TILE_WIDTH;
    size_t skip = s->position % SOURCE_TILE_WIDTH, have, size;
    unsigned width = width_of(s, 0, number);

    *n = 0;
    if (s->position >= s->size) {
        return SOURCE_OK;
    }
    log_source_name(name, BUNDLE_LEVEL, number, width);
    read_ahead(s, number);
    enum source_got got = read_bundle(s, number, width, &s->now, &size, &have);
    for (size_t i = skip; i < have; i++) {
        leaves[(*n)++] = s->now.leaves[i];
    }
    s->position += *n;
    return got;
}

static enum source_got next_listed(struct log_source *s, struct slice leaves[static 256], size_t *n,
                                   char name[static SOURCE_NAME_SIZE])
{
    enum source_got got = SOURCE_OK;

    *n = 0;
    while (got == SOURCE_OK && log_list_position(s->list) < s->position) {
        got = log_list_skip(s->list);
    }
    if (got == SOURCE_OK) {
        got = log_list_next(s->list, leaves, n);
    }
    s->position += *n;
    snprintf(name, SOURCE_NAME_SIZE, LOG_LIST_NAME);
    if (got == SOURCE_FAILED) {
        return no_memory(s);
    }
    return got == SOURCE_NONE ? SOURCE_OK : got; /* shorter than where we should start */
}

enum source_got log_source_next(struct log_source *s, struct slice leaves[static 256], size_t *n,
                                char name[static SOURCE_NAME_SIZE])
{
    return s->list != NULL ? next_listed(s, leaves, n, name) : next_bundle(s, leaves, n, name);
}

/* --- Again ------------------------------------------------------------------------------------ */

static enum source_got again_bundled(struct log_source *s, uint64_t index, struct slice *leaf)
{
    uint64_t number = index / SOURCE_TILE_WIDTH;
    unsigned width = width_of(s, 0, number);
    struct bundle *b = NULL;
    size_t n, size;

    for (size_t i = 0; i < BUNDLES_KEPT && b == NULL; i++) {
        if (s->again[i].used && s->again[i].number == number && s->again[i].width == width) {
            b = &s->again[i];
        }
    }
    if (b == NULL) {
        b = &s->again[s->turn++ % BUNDLES_KEPT];
        enum source_got got = read_bundle(s, number, width, b, &size, &n);
        if (got != SOURCE_OK) {
            return got;
        }
    }
    *leaf = b->leaves[index % SOURCE_TILE_WIDTH];
    return SOURCE_OK;
}

enum source_got log_source_leaf(struct log_source *s, uint64_t index, struct slice *leaf)
{
    enum source_got got = SOURCE_NONE;

    if (s->list != NULL) {
        got = log_list_leaf(s->list, index, leaf);
    } else if (index < s->size) {
        got = again_bundled(s, index, leaf);
    }
    return got;
}

/* --- Tiles ------------------------------------------------------------------------------------ */

static struct kept_tile *slot_of(struct log_source *s, unsigned level, uint64_t number)
{
    /* The upper levels have few tiles and are asked for most: a part of the room is theirs. */
    size_t room = TILES_KEPT / 4;

    return &s->tiles[(level < 3 ? level : 3) * room + number % room];
}

static enum source_got read_tile(struct log_source *s, unsigned level, uint64_t number,
                                 unsigned width, struct kept_tile **out)
{
    struct kept_tile *t = slot_of(s, level, number);
    char name[SOURCE_NAME_SIZE], *bytes;
    size_t n;

    *out = t;
    if (t->used && t->level == level && t->number == number && t->width == width) {
        return SOURCE_OK;
    }
    log_source_name(name, (int)level, number, width);
    enum source_got got = read_name(s, name, TILE_BYTES(SOURCE_TILE_WIDTH), &bytes, &n);
    if (got != SOURCE_OK) {
        return got;
    }
    if (n == TILE_BYTES(width)) {
        *t = (struct kept_tile){.used = true, .level = level, .width = width, .number = number};
        memcpy(t->hashes, bytes, n);
    } else {
        got = SOURCE_MALFORMED;
    }
    free(bytes);
    return got;
}

enum source_got log_source_tile(struct log_source *s, unsigned level, uint64_t number,
                                unsigned width, struct hash out[static SOURCE_TILE_WIDTH])
{
    struct kept_tile *t;

    enum source_got got = read_tile(s, level, number, width, &t);
    if (got == SOURCE_OK) {
        memcpy(out, t->hashes, TILE_BYTES(width));
    }
    return got;
}

/* The level and number behind a stored index: leaf n adds 1 + its trailing one bits of hashes. */
static void stored_place(uint64_t stored, unsigned *level, uint64_t *number)
{
    uint64_t leaf = stored / 2;

    while (merkle_stored_count(leaf + 1) <= stored) {
        leaf++;
    }
    *level = (unsigned)(stored - merkle_stored_count(leaf));
    *number = leaf >> *level;
}

void hashes_fold(struct hash *out, const struct hash hashes[], size_t n)
{
    struct hash row[SOURCE_TILE_WIDTH];

    memcpy(row, hashes, n * sizeof row[0]);
    for (; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++) {
            merkle_node(&row[i], &row[2 * i], &row[2 * i + 1]);
        }
    }
    *out = row[0];
}

bool log_source_node(void *source, uint64_t stored_index, struct hash *out)
{
    struct log_source *s = source;
    struct kept_tile *t;
    unsigned level;
    uint64_t number;

    stored_place(stored_index, &level, &number);
    size_t n = (size_t)1 << level % LEVEL_BITS;
    uint64_t first = number * n, tile = first / SOURCE_TILE_WIDTH;
    unsigned width = width_of(s, level / LEVEL_BITS, tile);
    bool ok = first % SOURCE_TILE_WIDTH + n <= width &&
              read_tile(s, level / LEVEL_BITS, tile, width, &t) == SOURCE_OK;
    if (ok) {
        hashes_fold(out, t->hashes + first % SOURCE_TILE_WIDTH, n);
    }
    return ok;
}
