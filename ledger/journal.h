/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What was answered and the store has not committed yet: the file DIR/journal (SPEC 14.7).
 *
 * A commit of the store writes 26 pages at random places and waits for the disk twice, whatever was
 * appended. So the leaves of a batch are written one behind the other into this file first, with
 * one wait, and answered; the store commits many batches at once, and the journal begins anew at
 * its start. After a crash journal_apply() replays what the store does not have. The log's truth
 * is the store and, behind it, this file; neither holds a text of anybody, only leaves.
 *
 * A file is a row of records, each beginning at a multiple of JOURNAL_BLOCK, filled up with zeros:
 *
 *     8 octets  "SEMjrnl1"
 *     8         how many leaves the log had before, little-endian as all numbers here
 *     4, 4      how many leaves these are; how many octets follow the header
 *     32        the root of the tree with them
 *     32        SHA-256 of the 56 octets above and of those that follow the header
 *     then for each leaf its length (4 octets) and its octets
 *
 * A record counts if its sum holds; one that was torn was never answered. The next leaf of a log of
 * n leaves begins the record that has n before it, wherever it stands: those of earlier rounds have
 * fewer. The last record is not written over before there is a newer one, so the largest head in
 * the file is the newest that was published, unless last-signed has a larger: a log that is shorter
 * must not be signed.
 *
 * One thread writes, in one process; reading needs no lock, also while another process writes.
 */
#ifndef SEM_LEDGER_JOURNAL_H
#define SEM_LEDGER_JOURNAL_H

#include <stdio.h>

#include "ledger/log.h"
#include "ledger/store.h"

#define JOURNAL_BLOCK 4096
/* The file grows as it is needed, and no further than this. */
#define JOURNAL_BYTES_MAX ((size_t)8 << 20)

/* --- Writing ---------------------------------------------------------------------------------- */

struct journal {
    int fd;
    size_t length;  /* of the file */
    size_t at;      /* where the next record goes, unless the last one stands there */
    size_t last, last_len; /* where the last one stands; nothing at first */
    uint8_t *draft; /* the next record */
    size_t draft_len, draft_room;
    uint32_t leaves; /* in it */
};

/* Makes an empty file, durable but for its name in the folder. False with errno. */
bool journal_make(const char *dir) __attribute__((warn_unused_result));
/* Opens the file to begin anew: the store must have all that is in it. False with errno. */
bool journal_open(struct journal *journal, const char *dir) __attribute__((warn_unused_result));
void journal_close(struct journal *journal);

/* The draft of the next record: a leaf more; false without memory. */
bool journal_add(struct journal *journal, struct slice leaf) __attribute__((warn_unused_result));
/* How far the draft is, to go back there: what was added since is forgotten. */
struct journal_mark {
    size_t len;
    uint32_t leaves;
};
struct journal_mark journal_mark(const struct journal *journal);
void journal_cut(struct journal *journal, struct journal_mark mark);
/* Whether there is room for the draft. */
bool journal_fits(const struct journal *journal);
/*
 * Writes the draft, of leaves that stand behind `first` others and give `head`, and waits until it
 * is on the disk. False with errno: nothing of it may be told, and nothing more be written.
 */
bool journal_write(struct journal *journal, uint64_t first, const struct log_head *head)
    __attribute__((warn_unused_result));
/* The store has committed all: the next round begins at the start. Forgets the draft. */
void journal_rewind(struct journal *journal);

/* --- Reading ---------------------------------------------------------------------------------- */

struct journal_record {
    uint64_t first;      /* how many leaves are before it */
    struct log_head head; /* with it */
    size_t at, len;      /* of its leaves, in the image */
};

/* What a file held at a moment: the records that count, by `first`. All zero: nothing. */
struct journal_image {
    uint8_t *bytes;
    struct journal_record *records;
    size_t n_records;
};
/* False with errno; ENOENT: there is no such file. */
bool journal_read(struct journal_image *out, const char *dir) __attribute__((warn_unused_result));
void journal_image_free(struct journal_image *image);
/* The largest head in it. False when there is none. */
bool journal_head(const struct journal_image *image, struct log_head *out)
    __attribute__((warn_unused_result));

/* How large a log of `size` leaves is with those that the journal has behind them. */
uint64_t journal_reach(const struct journal_image *image, uint64_t size);

/* One leaf after another from `index` on: zero it, and set `image` and `index`. */
struct journal_walk {
    const struct journal_image *image;
    uint64_t index; /* of the next leaf */
    const struct journal_record *record; /* under way */
    size_t done;                         /* octets of it */
};
/* Borrowed from the image. False when it has no such leaf. */
bool journal_next(struct journal_walk *walk, struct slice *leaf);

/*
 * Replays what a store does not have yet, durably, and counts the leaves in *n: 0 when the journal
 * does not continue it. False with a message on `err`, and the store as it was.
 */
bool journal_apply(const struct journal_image *image, struct store *store, const char *origin,
                   uint64_t *n, FILE *err) __attribute__((warn_unused_result));

#endif
