/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The public log as files (SPEC 4.6, 13.4). The tree is walked from the root down, so that every
 * hash is known to be right before what lies under it is asked for: the tiles at the right edge
 * give the root that the log signed, a full tile gives the hash that the tile above it has, and a
 * leaf the hash in its tile. What is in the folder already is checked in the same way and left
 * alone, so a run that was broken off goes on, and a damaged file is fetched anew. The checkpoint
 * comes last.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/extends.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/log_source.h"
#include "cli/nouns.h"
#include "cli/pin.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "crypto/note.h"
#include "crypto/text.h"

#define LEVELS     8 /* of 256 hashes, to the root of any tree */
#define LEVEL_BITS 8
#define WIDTH      SOURCE_TILE_WIDTH

struct edge { /* the tile at the right end of a level */
    uint64_t number;
    unsigned width; /* 0: none */
    struct hash hashes[WIDTH];
};

struct export
{
    struct ctl *ctl;
    const char *dir;
    struct log_source *server, *folder;
    struct signed_head head;
    struct edge edges[LEVELS];
    uint64_t n_fetched;
    struct progress progress;
};

/* --- Files ------------------------------------------------------------------------------------ */

static bool make_folders(char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool ok = mkdir(path, 0755) == 0 || errno == EEXIST;
        *slash = '/';
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* It is synced with all others, before the checkpoint names it. */
static int put_file(struct export *e, const char *name, const void *bytes, size_t n)
{
    char *path = NULL;
    int rc = CTL_OK;

    if (asprintf(&path, "%s/%s", e->dir, name) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    if (!make_folders(path, strlen(e->dir) + 1) ||
        !write_whole_file_unsynced(path, bytes, n, 0644)) {
        progress_end(&e->progress);
        rc = fail(CTL_FAILED, _("%s cannot be written: %s"), path, strerror(errno));
    }
    e->n_fetched++;
    free(path);
    return rc;
}

static int sync_all(const struct export *e)
{
    int fd = open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && syncfs(fd) == 0;
    int saved = errno;

    if (fd >= 0) {
        close(fd);
    }
    return ok ? CTL_OK : fail(CTL_FAILED, _("%s cannot be synced: %s"), e->dir, strerror(saved));
}

/* --- Tiles ------------------------------------------------------------------------------------ */

static int unusable(struct export *e, enum source_got got, const char *name)
{
    progress_end(&e->progress);
    switch (got) {
    case SOURCE_FAILED:
        return log_source_exit(e->server);
    case SOURCE_NONE:
        return fail(CTL_VERIFY, _("the server does not show %s, which its checkpoint covers"),
                    name);
    case SOURCE_OK:
    case SOURCE_MALFORMED:
        break;
    }
    return fail(CTL_VERIFY, _("what the server shows as %s does not lead to its signed root"),
                name);
}

/* A full tile with the hash that the one above it has for it, from the folder or the server. */
static int full_tile(struct export *e, unsigned level, uint64_t number, const struct hash *wanted,
                     struct hash hashes[static WIDTH])
{
    char name[SOURCE_NAME_SIZE];
    struct hash root;

    if (log_source_tile(e->folder, level, number, WIDTH, hashes) == SOURCE_OK) {
        hashes_fold(&root, hashes, WIDTH);
        if (hash_equal(&root, wanted)) {
            return CTL_OK;
        }
    }
    log_source_name(name, (int)level, number, WIDTH);
    enum source_got got = log_source_tile(e->server, level, number, WIDTH, hashes);
    if (got != SOURCE_OK) {
        return unusable(e, got, name);
    }
    hashes_fold(&root, hashes, WIDTH);
    return hash_equal(&root, wanted) ? put_file(e, name, hashes, WIDTH * sizeof hashes[0])
                                     : unusable(e, SOURCE_MALFORMED, name);
}

static bool leaves_match(const struct slice leaves[], const struct hash hashes[], unsigned width)
{
    struct hash hash;

    for (unsigned i = 0; i < width; i++) {
        merkle_leaf(&hash, leaves[i].data, leaves[i].size);
        if (!hash_equal(&hash, &hashes[i])) {
            return false;
        }
    }
    return true;
}

static int bundle(struct export *e, uint64_t number, unsigned width, const struct hash hashes[])
{
    struct slice leaves[WIDTH];
    char name[SOURCE_NAME_SIZE];
    uint8_t *bytes;
    size_t size;
    int rc = CTL_OK;
    bool there = log_source_bundle(e->folder, number, width, &bytes, &size, leaves) == SOURCE_OK &&
                 leaves_match(leaves, hashes, width);

    free(bytes);
    if (!there) {
        log_source_name(name, -1, number, width);
        enum source_got got = log_source_bundle(e->server, number, width, &bytes, &size, leaves);
        rc = got == SOURCE_OK && leaves_match(leaves, hashes, width)
                 ? put_file(e, name, bytes, size)
                 : unusable(e, got, name);
        free(bytes);
    }
    progress_step(&e->progress, number * WIDTH + width);
    return rc;
}

/* What lies under the hashes of a tile, from left to right. */
static int below(struct export *e, unsigned level, uint64_t number, unsigned width,
                 const struct hash hashes[])
{
    struct hash lower[WIDTH];
    int rc = CTL_OK;

    if (level == 0) {
        return bundle(e, number, width, hashes);
    }
    for (unsigned i = 0; i < width && rc == CTL_OK; i++) {
        uint64_t child = number * WIDTH + i;
        rc = full_tile(e, level - 1, child, &hashes[i], lower);
        rc = rc == CTL_OK ? below(e, level - 1, child, WIDTH, lower) : rc;
    }
    return rc;
}

/* --- The right edge --------------------------------------------------------------------------- */

static int fetch_edges(struct export *e)
{
    uint64_t size = e->head.head.size;

    for (unsigned level = 0; level < LEVELS; level++) {
        struct edge *edge = &e->edges[level];
        uint64_t hashes = size >> level * LEVEL_BITS;
        edge->number = hashes / WIDTH;
        edge->width = hashes % WIDTH;
        if (edge->width == 0) {
            continue;
        }
        enum source_got got =
            log_source_tile(e->server, level, edge->number, edge->width, edge->hashes);
        if (got != SOURCE_OK) {
            char name[SOURCE_NAME_SIZE];
            log_source_name(name, (int)level, edge->number, edge->width);
            return unusable(e, got, name);
        }
    }
    return CTL_OK;
}

/* The root: the complete subtrees at the edge, taken together from right to left. */
static void edge_root(const struct export *e, struct hash *root)
{
    bool any = false;

    merkle_empty(root);
    for (unsigned level = 0; level < LEVELS; level++) {
        unsigned width = e->edges[level].width;
        for (unsigned bit = 1; bit <= width; bit <<= 1) {
            struct hash part;
            if ((width & bit) == 0) {
                continue;
            }
            hashes_fold(&part, e->edges[level].hashes + (width & ~(2 * bit - 1)), bit);
            if (any) {
                merkle_node(root, &part, root);
            } else {
                *root = part;
            }
            any = true;
        }
    }
}

/* The tile itself, where the folder has not the same one. */
static int put_edge(struct export *e, unsigned level, const struct edge *edge)
{
    char name[SOURCE_NAME_SIZE];
    struct hash there[WIDTH];
    size_t n = edge->width * sizeof there[0];

    if (log_source_tile(e->folder, level, edge->number, edge->width, there) == SOURCE_OK &&
        memcmp(there, edge->hashes, n) == 0) {
        return CTL_OK;
    }
    log_source_name(name, (int)level, edge->number, edge->width);
    return put_file(e, name, edge->hashes, n);
}

static int export_tree(struct export *e)
{
    struct hash root;
    int rc = fetch_edges(e);

    if (rc != CTL_OK) {
        return rc;
    }
    edge_root(e, &root);
    if (!hash_equal(&root, &e->head.head.root)) {
        return fail(CTL_VERIFY, _("the hashes that the server shows do not make the root that its "
                                  "key signed"));
    }
    for (unsigned level = LEVELS; level-- > 0 && rc == CTL_OK;) {
        const struct edge *edge = &e->edges[level];
        if (edge->width > 0) {
            rc = put_edge(e, level, edge);
            rc = rc == CTL_OK ? below(e, level, edge->number, edge->width, edge->hashes) : rc;
        }
    }
    return rc;
}

/* --- The head --------------------------------------------------------------------------------- */

static int fetch_head(struct ctl *ctl, struct args *a, struct log_source *server, char **note,
                      struct signed_head *out)
{
    const char *key = args_get(a, "log-key"), *why;
    char origin[ORIGIN_MAX + 1];
    struct public_key log_key;
    int rc = network_open(ctl);

    if (rc == CTL_OK && key != NULL && !log_key_parse(key, origin, &log_key)) {
        rc = fail(CTL_USAGE, _("--log-key: \"%s\" is no verifier key"), key);
    } else if (rc == CTL_OK && key != NULL &&
               (strcmp(origin, ctl->origin) != 0 || !public_key_equal(&log_key, &ctl->log_key))) {
        rc = fail(CTL_VERIFY, _("%s is not the log of that key"), ctl->url);
    }
    if (rc != CTL_OK) {
        return rc;
    }
    enum source_got got = log_source_checkpoint(server, note, &out->n);
    if (got != SOURCE_OK) {
        return got == SOURCE_FAILED ? log_source_exit(server)
                                    : fail(CTL_NOT_FOUND, _("%s shows no checkpoint"), ctl->url);
    }
    out->note = *note;
    if (!checkpoint_open(&out->head, *note, out->n, ctl->origin, &ctl->log_key, &why) ||
        out->head.size > MERKLE_LEAVES_MAX) {
        return fail(CTL_VERIFY, _("the checkpoint of %s does not verify: %s"), ctl->url,
                    why != NULL ? why : _("no log is that long"));
    }
    /* The published checkpoint may wait for witnesses, so that an older one is no step back. */
    return ctl->pin == NULL || out->head.size >= ctl->pin->head.size ? pin_head(ctl, out) : CTL_OK;
}

/* The head of an earlier export must be extended; its size goes to *before, 0 for none. */
static int compare_before(struct export *e, uint64_t *before)
{
    struct signed_head ours = {0};
    char *path = NULL, *note, *evidence = NULL;
    const char *why = NULL;
    int rc = CTL_OK;

    *before = 0;
    if (asprintf(&path, "%s/checkpoint", e->dir) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    note = read_whole_file(path, NOTE_BYTES_MAX, &ours.n);
    if (note == NULL && errno != ENOENT) {
        rc = fail(CTL_FAILED, _("%s cannot be read: %s"), path, strerror(errno));
    } else if (note != NULL &&
               !checkpoint_open(&ours.head, note, ours.n, e->ctl->origin, &e->ctl->log_key, &why)) {
        rc = fail(CTL_VERIFY, _("%s is not of this log: %s"), path, why);
    } else if (note != NULL) {
        ours.note = note;
        *before = ours.head.size;
        enum extends how = head_extends(e->ctl, &ours, &e->head, &evidence, &rc);
        if (how != EXTENDS_YES && how != EXTENDS_FAILED) {
            rc = fail(CTL_VERIFY,
                      _("the log of %" PRIu64 " entries that the server shows does not extend the "
                        "one of %" PRIu64 " in %s; nothing was changed there"),
                      e->head.head.size, ours.head.size, e->dir);
        }
        if (evidence != NULL && evidence_keep(e->ctl, NULL, evidence, "fork", ours.head.size,
                                              e->head.head.size) != CTL_OK) {
            rc = CTL_FAILED;
        }
    }
    free(evidence);
    free(note);
    free(path);
    return rc;
}

/* --- The end ---------------------------------------------------------------------------------- */

static void remove_name(const struct export *e, int level, uint64_t number, unsigned width)
{
    char name[SOURCE_NAME_SIZE], *path = NULL;

    log_source_name(name, level, number, width);
    if (asprintf(&path, "%s/%s", e->dir, name) >= 0) {
        unlink(path);
        *strrchr(path, '/') = '\0';
        rmdir(path); /* the folder of partial ones, when nothing else is in it */
    }
    free(path);
}

/* The partial tiles of an earlier head that the present one does not name any more. */
static void remove_partials(const struct export *e, uint64_t before)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        uint64_t old = before >> level * LEVEL_BITS;
        if (old % WIDTH == 0 || old == e->head.head.size >> level * LEVEL_BITS) {
            continue;
        }
        remove_name(e, (int)level, old / WIDTH, old % WIDTH);
        if (level == 0) {
            remove_name(e, -1, old / WIDTH, old % WIDTH);
        }
    }
}

static int finish(struct export *e, uint64_t before)
{
    char *path = NULL;
    int rc = sync_all(e);

    if (rc != CTL_OK) {
        return rc;
    }
    if (asprintf(&path, "%s/checkpoint", e->dir) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    if (!write_whole_file(path, e->head.note, e->head.n, 0644, true)) {
        rc = fail(CTL_FAILED, _("%s cannot be written: %s"), path, strerror(errno));
    } else {
        remove_partials(e, before);
        say(e->ctl,
            _("%s holds the log of %s: %" PRIu64 " entries, checked against the signed head; "
              "%" PRIu64 " files are new."),
            e->dir, e->ctl->origin, e->head.head.size, e->n_fetched);
    }
    free(path);
    return rc;
}

static int export_run(struct export *e, struct args *a)
{
    char *note = NULL;
    uint64_t before;
    int rc = log_source_open(e->ctl, NULL, &e->server);

    rc = rc == CTL_OK ? log_source_open_part(e->dir, &e->folder) : rc;
    rc = rc == CTL_OK ? fetch_head(e->ctl, a, e->server, &note, &e->head) : rc;
    if (rc == CTL_OK && mkdir(e->dir, 0755) != 0 && errno != EEXIST) {
        rc = fail(CTL_FAILED, _("%s cannot be made: %s"), e->dir, strerror(errno));
    }
    rc = rc == CTL_OK ? compare_before(e, &before) : rc;
    if (rc == CTL_OK) {
        log_source_start(e->server, e->head.head.size, 0);
        progress_start(&e->progress, e->ctl, _("Export"), 0, e->head.head.size);
        rc = export_tree(e);
        progress_end(&e->progress);
    }
    rc = rc == CTL_OK ? finish(e, before) : rc;
    log_source_free(e->server);
    log_source_free(e->folder);
    free(note);
    return rc;
}

static int log_export(struct ctl *ctl, struct args *a)
{
    struct export *e = calloc(1, sizeof *e);

    if (e == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    e->ctl = ctl;
    e->dir = args_pos(a, 0);
    int rc = export_run(e, a);
    free(e);
    return rc;
}

/* --- The checkpoint alone --------------------------------------------------------------------- */

static int log_checkpoint(struct ctl *ctl, struct args *a)
{
    struct log_source *server = NULL;
    struct signed_head head = {0};
    char root[HEX_SIZE(HASH_BYTES)], *note = NULL;
    int rc = log_source_open(ctl, NULL, &server);

    rc = rc == CTL_OK ? fetch_head(ctl, a, server, &note, &head) : rc;
    if (rc == CTL_OK && ctl->json) {
        hex_encode(root, head.head.root.b, HASH_BYTES);
        json_t *o = json_pack("{s:s,s:s,s:s,s:I}", "note", note, "origin", ctl->origin, "root",
                              root, "size", (json_int_t)head.head.size);
        print_json(o);
        json_decref(o);
    } else if (rc == CTL_OK) {
        fputs(note, stdout);
    }
    log_source_free(server);
    free(note);
    return rc;
}

static const struct opt log_opts[] = {
    {"log-key", "KEY", N_("the log's verifier key (else the key's network file)"), false},
    {NULL, NULL, NULL, false},
};

const struct verb log_verbs[] = {
    {"export", "DIR", 1, 1, log_opts, log_export,
     N_("the log as files, each checked against the signed head; again: goes on")},
    {"checkpoint", "", 0, 0, log_opts, log_checkpoint, N_("the signed head, verified")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
