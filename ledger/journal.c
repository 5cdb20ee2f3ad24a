/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "ledger/files.h"
#include "ledger/replay.h"

#define FILE_NAME "journal"
#define LENGTH_FIRST ((size_t)64 << 10)

/* What stands before the leaves; numbers little-endian. */
struct header {
    char magic[8];
    uint64_t first;
    uint32_t leaves, bytes;
    struct hash root;
    struct hash sum; /* of what is above and of what follows */
};
_Static_assert(sizeof(struct header) == 88, "the header has no holes");

static const char magic[8] = {'S', 'E', 'M', 'j', 'r', 'n', 'l', '1'};

static size_t blocks(size_t n)
{
    return (n + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

static void sum(struct hash *out, const struct header *header, const uint8_t *leaves, size_t n)
{
    struct hash_stream h;
    hash_stream_start(&h);
    hash_stream_add(&h, header, offsetof(struct header, sum));
    hash_stream_add(&h, leaves, n);
    hash_stream_end(&h, out);
}

/* --- Writing ---------------------------------------------------------------------------------- */

bool journal_make(const char *dir)
{
    return file_replace(dir, FILE_NAME, 0600, "", 0);
}

bool journal_open(struct journal *journal, const char *dir)
{
    char path[PATH_MAX];
    struct stat info;
    *journal = (struct journal){.fd = -1, .draft_len = sizeof(struct header)};
    if (!path_join(path, sizeof path, dir, FILE_NAME))
        return false;
    journal->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (journal->fd < 0 || fstat(journal->fd, &info) != 0)
        return false;
    journal->length = (size_t)info.st_size;
    return true;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    free(journal->draft);
    *journal = (struct journal){.fd = -1};
}

/* Room for n octets of the draft, and zeros from its end on. */
static bool make_room(struct journal *journal, size_t n)
{
    if (n <= journal->draft_room)
        return true;
    size_t room = journal->draft_room * 2 > n ? journal->draft_room * 2 : blocks(n);
    uint8_t *bytes = realloc(journal->draft, room);
    if (bytes == NULL)
        return false;
    journal->draft = bytes;
    journal->draft_room = room;
    return true;
}

bool journal_add(struct journal *journal, struct slice leaf)
{
    uint32_t length = htole32((uint32_t)leaf.size);
    size_t end = journal->draft_len + sizeof length + leaf.size;
    if (!make_room(journal, end))
        return false;
    memcpy(journal->draft + journal->draft_len, &length, sizeof length);
    memcpy(journal->draft + journal->draft_len + sizeof length, leaf.data, leaf.size);
    journal->draft_len = end;
    journal->leaves++;
    return true;
}

struct journal_mark journal_mark(const struct journal *journal)
{
    return (struct journal_mark){journal->draft_len, journal->leaves};
}

void journal_cut(struct journal *journal, struct journal_mark mark)
{
    journal->draft_len = mark.len;
    journal->leaves = mark.leaves;
}

/* Where a record of n octets goes: not over the last one. */
static size_t place(const struct journal *journal, size_t n)
{
    size_t end = journal->last + journal->last_len;
    return journal->at < end && journal->at + n > journal->last ? end : journal->at;
}

bool journal_fits(const struct journal *journal)
{
    size_t n = blocks(journal->draft_len);
    return place(journal, n) + n <= JOURNAL_BYTES_MAX;
}

/*
 * How much is written for a record of n octets at a place. Where the file ends it grows by half of
 * itself or more, in zeros, in the same write: within a file that has its size already a wait for
 * the disk is one for the data alone.
 */
static size_t written(const struct journal *journal, size_t at, size_t n)
{
    size_t end = at + n;
    if (end <= journal->length)
        return n;
    size_t length = journal->length * 3 / 2 / JOURNAL_BLOCK * JOURNAL_BLOCK;
    if (length < LENGTH_FIRST)
        length = LENGTH_FIRST;
    if (length > JOURNAL_BYTES_MAX)
        length = JOURNAL_BYTES_MAX;
    return length > end ? length - at : n;
}

static bool write_at(int fd, const uint8_t *bytes, size_t n, size_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, bytes, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes += done;
        n -= (size_t)done;
        at += (size_t)done;
    }
    return true;
}

bool journal_write(struct journal *journal, uint64_t first, const struct log_head *head)
{
    struct header header = {.first = htole64(first),
                            .leaves = htole32(journal->leaves),
                            .bytes = htole32((uint32_t)(journal->draft_len - sizeof header)),
                            .root = head->root};
    size_t record = blocks(journal->draft_len), at = place(journal, record);
    size_t n = written(journal, at, record);
    if (!make_room(journal, n))
        return false;
    memcpy(header.magic, magic, sizeof magic);
    sum(&header.sum, &header, journal->draft + sizeof header, journal->draft_len - sizeof header);
    memcpy(journal->draft, &header, sizeof header);
    memset(journal->draft + journal->draft_len, 0, n - journal->draft_len);
    if (!write_at(journal->fd, journal->draft, n, at) || fdatasync(journal->fd) != 0)
        return false;
    if (at + n > journal->length)
        journal->length = at + n;
    journal->last = at;
    journal->last_len = record;
    journal->at = at + record;
    journal_cut(journal, (struct journal_mark){sizeof header, 0});
    return true;
}

void journal_rewind(struct journal *journal)
{
    journal->at = 0;
    journal_cut(journal, (struct journal_mark){sizeof(struct header), 0});
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* The whole of an open file, as far as a journal goes. */
static uint8_t *read_file(int fd, size_t *n)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return NULL;
    size_t room = (size_t)info.st_size < JOURNAL_BYTES_MAX ? (size_t)info.st_size
                                                           : JOURNAL_BYTES_MAX;
    uint8_t *bytes = malloc(room + 1);
    if (bytes != NULL && file_fill(fd, bytes, room, n))
        return bytes;
    free(bytes);
    return NULL;
}

/* The record at a place, if there is one whose sum holds. */
static bool record_at(const uint8_t *bytes, size_t n, size_t at, struct journal_record *out)
{
    struct header header;
    struct hash found;
    if (n - at < sizeof header)
        return false;
    memcpy(&header, bytes + at, sizeof header);
    size_t len = le32toh(header.bytes);
    if (memcmp(header.magic, magic, sizeof magic) != 0 || len > n - at - sizeof header)
        return false;
    sum(&found, &header, bytes + at + sizeof header, len);
    uint64_t first = le64toh(header.first);
    *out = (struct journal_record){.first = first,
                                   .head = {first + le32toh(header.leaves), header.root},
                                   .at = at + sizeof header,
                                   .len = len};
    return hash_equal(&found, &header.sum);
}

static int by_first(const void *a, const void *b)
{
    const struct journal_record *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/*
 * Any block may begin a record, also within one that was written over in part. That a note holds
 * what looks like one there is past its author's power: the length of a record has octets that no
 * text may have.
 */
static bool find_records(struct journal_image *image, size_t n)
{
    image->records = calloc(n / JOURNAL_BLOCK + 1, sizeof *image->records);
    if (image->records == NULL)
        return false;
    for (size_t at = 0; at < n;) {
        struct journal_record *record = &image->records[image->n_records];
        bool there = record_at(image->bytes, n, at, record);
        image->n_records += there;
        at += there ? blocks(sizeof(struct header) + record->len) : JOURNAL_BLOCK;
    }
    qsort(image->records, image->n_records, sizeof *image->records, by_first);
    return true;
}

bool journal_read(struct journal_image *out, const char *dir)
{
    char path[PATH_MAX];
    size_t n;
    *out = (struct journal_image){0};
    if (!path_join(path, sizeof path, dir, FILE_NAME))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    out->bytes = read_file(fd, &n);
    bool ok = out->bytes != NULL && find_records(out, n);
    int keep = errno;
    close(fd);
    if (!ok)
        journal_image_free(out);
    errno = keep;
    return ok;
}

void journal_image_free(struct journal_image *image)
{
    free(image->bytes);
    free(image->records);
    *image = (struct journal_image){0};
}

bool journal_head(const struct journal_image *image, struct log_head *out)
{
    if (image->n_records == 0)
        return false;
    *out = image->records[image->n_records - 1].head;
    return true;
}

uint64_t journal_reach(const struct journal_image *image, uint64_t size)
{
    for (size_t i = 0; i < image->n_records; i++)
        if (image->records[i].first == size)
            size = image->records[i].head.size;
    return size;
}

static bool next_record(struct journal_walk *walk)
{
    const struct journal_record *end = walk->image->records + walk->image->n_records;
    if (walk->record == NULL)
        walk->record = walk->image->records;
    while (walk->record < end && walk->record->first < walk->index)
        walk->record++;
    walk->done = 0;
    return walk->record < end && walk->record->first == walk->index;
}

/* Some leaves of the record under way were given, and some were not. */
static bool is_within(const struct journal_walk *walk)
{
    return walk->record != NULL && walk->record->first < walk->index &&
           walk->record->head.size > walk->index;
}

bool journal_next(struct journal_walk *walk, struct slice *leaf)
{
    uint32_t length;
    if (!is_within(walk) && !next_record(walk))
        return false;
    const uint8_t *at = walk->image->bytes + walk->record->at + walk->done;
    size_t left = walk->record->len - walk->done;
    if (left < sizeof length)
        return false;
    memcpy(&length, at, sizeof length);
    length = le32toh(length);
    if (left - sizeof length < length)
        return false;
    *leaf = (struct slice){at + sizeof length, length};
    walk->done += sizeof length + length;
    walk->index++;
    return true;
}

/* --- Applying --------------------------------------------------------------------------------- */

static bool fails(FILE *err, const char *why)
{
    fprintf(err, "the journal cannot be carried over into the log: %s\n", why);
    return false;
}

static bool take(struct replay *replay, struct kv *kv, const struct journal_walk *walk,
                 struct slice leaf, FILE *err)
{
    char why[REPLAY_WHY_SIZE];
    struct log_head head;
    bool taken = replay_leaf(replay, kv, leaf, why);
    if (kv_failed(kv))
        return fails(err, store_message());
    if (!taken) {
        fprintf(err, "the journal does not continue the log: leaf %" PRIu64 ": %s\n",
                walk->index - 1, why);
        return false;
    }
    return walk->index < walk->record->head.size ||
           (log_head(kv, &head) && hash_equal(&head.root, &walk->record->head.root)) ||
           fails(err, "its leaves do not give the root that was published");
}

/* Those behind the last that the store has. */
static bool take_all(const struct journal_image *image, struct replay *replay, struct kv *kv,
                     uint64_t *n, FILE *err)
{
    uint64_t size = log_size(kv);
    struct journal_walk walk = {.image = image, .index = size};
    struct slice leaf;
    while (journal_next(&walk, &leaf))
        if (!take(replay, kv, &walk, leaf, err))
            return false;
    if (is_within(&walk))
        return fails(err, "a record has fewer leaves than it says");
    *n = walk.index - size;
    return true;
}

bool journal_apply(const struct journal_image *image, struct store *store, const char *origin,
                   uint64_t *n, FILE *err)
{
    struct kv *kv;
    *n = 0;
    if (image->n_records == 0)
        return true;
    struct replay *replay = replay_new(origin, false);
    if (replay == NULL)
        return fails(err, "no memory");
    bool ok = store_begin(store, &kv) == STORE_OK || fails(err, store_message());
    if (ok) {
        ok = take_all(image, replay, kv, n, err);
        if (!ok || *n == 0)
            store_abort(kv);
        else
            ok = store_commit(kv) == STORE_OK || fails(err, store_message());
    }
    replay_free(replay);
    if (!ok)
        *n = 0;
    return ok;
}
