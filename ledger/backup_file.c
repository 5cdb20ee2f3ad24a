/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/backup_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/files.h"

#define FIRST_LINE "sem-backup/v1"
#define TEXT_SIZE 2048
#define PIECE_BYTES ((size_t)1 << 20)
#define SHOW_MS 100
#define ALPHANUMERIC "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const char *backup_part_name(enum backup_part part)
{
    static const char *const names[BACKUP_PARTS] = {"aux/data.mdb", "log/data.mdb",
                                                    "keys/clock.key", "keys/log.key",
                                                    "keys/refusal.key"};
    return names[part];
}

/* --- The text --------------------------------------------------------------------------------- */

static size_t add_file(char *out, size_t size, const struct backup_file *file,
                       enum backup_part part)
{
    char hex[HEX_SIZE(HASH_BYTES)];
    hex_encode(hex, file->sums[part].sha256.b, HASH_BYTES);
    int n = snprintf(out, size, "file %s %" PRIu64 " %s\n", hex, file->sums[part].bytes,
                     backup_part_name(part));
    return n > 0 ? (size_t)n : 0;
}

/* The last line is the sum of those before it: this file is vouched for as well. */
static size_t write_text(char out[static TEXT_SIZE], const struct backup_file *file)
{
    char hex[HEX_SIZE(HASH_BYTES)];
    struct hash sum;
    hex_encode(hex, file->info.head.root.b, HASH_BYTES);
    int first = snprintf(out, TEXT_SIZE,
                         FIRST_LINE "\norigin %s\nat %" PRId64 "\nsize %" PRIu64 "\nroot %s\n",
                         file->info.origin, file->info.at, file->info.head.size, hex);
    size_t n = first > 0 ? (size_t)first : 0;
    size_t end = file->with_keys ? BACKUP_PARTS : BACKUP_CLOCK_KEY;
    for (size_t part = 0; part < end; part++)
        n += add_file(out + n, TEXT_SIZE - n, file, (enum backup_part)part);
    hash_sha256(&sum, out, n);
    hex_encode(hex, sum.b, HASH_BYTES);
    int last = snprintf(out + n, TEXT_SIZE - n, "sum %s\n", hex);
    return n + (last > 0 ? (size_t)last : 0);
}

/* The value of the next line, which must start with the word; moves behind it. */
static bool take(char **at, const char *word, char **value)
{
    size_t n = strlen(word);
    char *feed = strchr(*at, '\n');
    if (feed == NULL || strncmp(*at, word, n) != 0 || (*at)[n] != ' ')
        return false;
    *feed = '\0';
    *value = *at + n + 1;
    *at = feed + 1;
    return true;
}

static bool take_hash(char **at, const char *word, struct hash *out)
{
    char *value;
    return take(at, word, &value) && hex_decode(out->b, HASH_BYTES, value, strlen(value));
}

static bool take_number(char **at, const char *word, uint64_t *out)
{
    char *value;
    if (!take(at, word, &value))
        return false;
    *out = strtoull(value, NULL, 10); /* another spelling is found when it is written again */
    return true;
}

static bool take_file(char **at, struct backup_sum *out)
{
    char *value;
    if (!take(at, "file", &value) || strlen(value) <= HEX_LEN(HASH_BYTES))
        return false;
    out->bytes = strtoull(value + HEX_LEN(HASH_BYTES), NULL, 10);
    return hex_decode(out->sha256.b, HASH_BYTES, value, HEX_LEN(HASH_BYTES));
}

static bool read_lines(struct backup_file *out, char *at)
{
    char *origin;
    uint64_t moment;
    if (strncmp(at, FIRST_LINE "\n", sizeof FIRST_LINE) != 0)
        return false;
    at += sizeof FIRST_LINE;
    if (!take(&at, "origin", &origin) || !origin_valid(origin, strlen(origin)) ||
        !take_number(&at, "at", &moment) || !take_number(&at, "size", &out->info.head.size) ||
        !take_hash(&at, "root", &out->info.head.root))
        return false;
    snprintf(out->info.origin, sizeof out->info.origin, "%s", origin);
    out->info.at = (int64_t)moment;
    size_t n = 0;
    while (n < BACKUP_PARTS && take_file(&at, &out->sums[n]))
        n++;
    out->with_keys = n == BACKUP_PARTS;
    return n == BACKUP_PARTS || n == BACKUP_CLOCK_KEY;
}

enum backup_result backup_file_read(const char *dir, struct backup_file *out, FILE *err)
{
    char text[TEXT_SIZE], lines[TEXT_SIZE], again[TEXT_SIZE];
    size_t n;
    *out = (struct backup_file){0};
    bool all = file_read(dir, "backup", text, sizeof text, &n);
    if (!all && errno != EFBIG) {
        fprintf(err, "%s/backup: %s: this is no backup, or not a whole one\n", dir,
                strerror(errno));
        return BACKUP_MISSING;
    }
    /* There is one spelling, so what reads the same was written by us, and its sum holds. */
    if (all && strlen(text) == n) {
        memcpy(lines, text, n + 1);
        if (read_lines(out, lines) && write_text(again, out) == n && memcmp(text, again, n) == 0)
            return BACKUP_OK;
    }
    fprintf(err, "%s/backup: damaged, or written by another version of semd\n", dir);
    return BACKUP_UNSOUND;
}

bool backup_file_write(const char *dir, const struct backup_file *file)
{
    char text[TEXT_SIZE];
    return file_replace(dir, "backup", 0600, text, write_text(text, file));
}

/* --- Copying ---------------------------------------------------------------------------------- */

void backup_meter_show(struct backup_meter *meter)
{
    int64_t now = writer_now_monotonic_ms();
    if (meter->show == NULL || now - meter->shown_ms < SHOW_MS)
        return;
    meter->shown_ms = now;
    meter->show(meter->ctx, meter->done < meter->total ? meter->done : meter->total, meter->total);
}

/* `out` is -1 when there is nothing to write. */
static bool pump(int in, int out, uint8_t *piece, struct backup_sum *sum,
                 struct backup_meter *meter)
{
    struct hash_stream h;
    hash_stream_start(&h);
    sum->bytes = 0;
    for (;;) {
        ssize_t n = read(in, piece, PIECE_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n > 0 && out >= 0 && !file_write(out, piece, (size_t)n)))
            return false;
        if (n == 0)
            break;
        hash_stream_add(&h, piece, (size_t)n);
        sum->bytes += (uint64_t)n;
        meter->done += (uint64_t)n;
        backup_meter_show(meter);
    }
    hash_stream_end(&h, &sum->sha256);
    return out < 0 || fsync(out) == 0;
}

bool backup_sum(const char *from, const char *to, struct backup_sum *out,
                struct backup_meter *meter)
{
    uint8_t *piece = malloc(PIECE_BYTES);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int copy = to != NULL && in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    bool ok = piece != NULL && in >= 0 && (to == NULL || copy >= 0) &&
              pump(in, copy, piece, out, meter);
    int keep = errno;
    if (copy >= 0 && close(copy) != 0 && ok) {
        ok = false;
        keep = errno;
    }
    if (in >= 0)
        close(in);
    if (piece != NULL)
        secret_wipe(piece, PIECE_BYTES); /* it may have been a key */
    free(piece);
    errno = keep;
    return ok;
}

#define FRESH ".new-XXXXXX"

static bool is_leftover(const char *parent, const char *name, char path[static 4096])
{
    size_t n = strlen(name), end = strlen(FRESH), random = strlen("XXXXXX");
    struct stat info;
    return n > end && memcmp(name + n - end, FRESH, end - random) == 0 &&
           strspn(name + n - random, ALPHANUMERIC) == random &&
           path_join(path, 4096, parent, name) && lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

void backup_leftovers(const char *path, FILE *err)
{
    char plain[4096], parent[4096], found[4096];
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n >= sizeof plain)
        return;
    memcpy(plain, path, n);
    plain[n] = '\0';
    DIR *dir = path_parent(parent, sizeof parent, plain) ? opendir(parent) : NULL;
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (is_leftover(parent, entry->d_name, found))
            fprintf(err, "%s: left by a run that was killed, unless one is under way; look before "
                    "you remove it\n", found);
    closedir(dir);
}

bool backup_folder(char path[static 4096], char fresh[static 4096], const char *wanted)
{
    size_t n = strlen(wanted);
    while (n > 1 && wanted[n - 1] == '/')
        n--;
    if (n == 0 || n + sizeof FRESH > 4096) {
        errno = n == 0 ? ENOENT : ENAMETOOLONG;
        return false;
    }
    memcpy(path, wanted, n);
    path[n] = '\0';
    memcpy(fresh, wanted, n);
    memcpy(fresh + n, FRESH, sizeof FRESH);
    return mkdtemp(fresh) != NULL;
}
