/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A log as anybody reads it (SPEC 4.6): the files of a server under /log, or those of a folder with
 * the same names; a folder may hold `leaves.jsonl`, one JSON string per leaf, in place of bundles.
 * Nothing that is read here is believed: whoever asks compares it with a signed head.
 *
 * Names are made here from numbers and answers are bounded, so that no server can lead the reader
 * elsewhere or fill the memory. A server's bundles are fetched several at a time.
 */
#ifndef SEM_CLI_LOG_SOURCE_H
#define SEM_CLI_LOG_SOURCE_H

#include "cli/ctl.h"
#include "crypto/merkle.h"
#include "ledger/kv.h"

#define SOURCE_TILE_WIDTH 256
#define SOURCE_NAME_SIZE  64

struct log_source;

enum source_got {
    SOURCE_OK = 0,
    SOURCE_NONE,      /* it is not there */
    SOURCE_MALFORMED, /* it is, but not of its form */
    SOURCE_FAILED,    /* it cannot be read: said already; log_source_exit() is the exit code */
};

/*
 * Opens a folder, or the server of the run when `dir` is NULL. CTL_OK or an exit code after a
 * message; a folder without leaves is CTL_NOT_FOUND. log_source_free() releases it.
 */
int log_source_open(struct ctl *ctl, const char *dir, struct log_source **out)
    __attribute__((warn_unused_result));
/* The same for a folder that may hold no more than a part of a log. */
int log_source_open_part(const char *dir, struct log_source **out)
    __attribute__((warn_unused_result));
void log_source_free(struct log_source *source); /* NULL is accepted */
int log_source_exit(const struct log_source *source);

/* True when hash tiles can be expected: a server, or a folder with tile/0. */
bool log_source_has_tiles(const struct log_source *source);

/* The checkpoint note, which the caller frees. */
enum source_got log_source_checkpoint(struct log_source *source, char **note, size_t *n);

/* "tile/0/x001/x234/067.p/8"; level -1 is that of bundles. Width 256 is a full one. */
void log_source_name(char out[static SOURCE_NAME_SIZE], int level, uint64_t number, unsigned width);

/* The leaves from `from` on of a log of that size are to be read by log_source_next(). */
void log_source_start(struct log_source *source, uint64_t size, uint64_t from);
/*
 * The next leaves, in order, borrowed until the next call of this function; *n is 0 behind the last
 * one. A folder's list goes on to its own end, whatever the size is. For SOURCE_NONE and
 * SOURCE_MALFORMED `name` says where; *n leaves before the flaw are given all the same.
 */
enum source_got log_source_next(struct log_source *source, struct slice leaves[static 256],
                                size_t *n, char name[static SOURCE_NAME_SIZE]);

/* A leaf below the size, read again; borrowed until the next call of this function. */
enum source_got log_source_leaf(struct log_source *source, uint64_t index, struct slice *leaf);

/* The hashes of a tile; SOURCE_MALFORMED when there are not `width` of them. */
enum source_got log_source_tile(struct log_source *source, unsigned level, uint64_t number,
                                unsigned width, struct hash out[static SOURCE_TILE_WIDTH]);

/* The bytes of a bundle, which the caller frees; the leaves point into them. */
enum source_got log_source_bundle(struct log_source *source, uint64_t number, unsigned width,
                                  uint8_t **bytes, size_t *size, struct slice leaves[static 256]);

/*
 * A merkle_read over the tiles of the size given to log_source_start(): for roots and proofs, which
 * their reader verifies.
 */
bool log_source_node(void *source, uint64_t stored_index, struct hash *out);
/* The root over 1, 2, 4, … or 256 hashes of one level. */
void hashes_fold(struct hash *out, const struct hash hashes[], size_t n);

#endif
