/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The file `backup` of a backup, and the files that it vouches for (ledger/backup.h). */
#ifndef SEM_LEDGER_BACKUP_FILE_H
#define SEM_LEDGER_BACKUP_FILE_H

#include "ledger/backup.h"

enum backup_part {
    BACKUP_AUX,
    BACKUP_LOG,
    BACKUP_CLOCK_KEY, /* from here on: the keys, all or none */
    BACKUP_LOG_KEY,
    BACKUP_REFUSAL_KEY,
    BACKUP_PARTS
};

struct backup_file {
    struct backup_info info;
    bool with_keys;
    struct backup_sum {
        uint64_t bytes;
        struct hash sha256;
    } sums[BACKUP_PARTS];
};

/* The part's file inside a data folder and inside a backup, such as "keys/log.key". */
const char *backup_part_name(enum backup_part part);

/* Durable; false with errno. */
bool backup_file_write(const char *dir, const struct backup_file *file)
    __attribute__((warn_unused_result));
/* BACKUP_OK, BACKUP_MISSING or BACKUP_UNSOUND; with a message on `err` unless it is there. */
enum backup_result backup_file_read(const char *dir, struct backup_file *out, FILE *err);

/* How much of a copy is done. */
struct backup_meter {
    node_progress show; /* may be NULL */
    void *ctx;
    uint64_t done, total;
    int64_t shown_ms;
};
void backup_meter_show(struct backup_meter *meter);

/*
 * Reads a file to its end for its sum and, unless `to` is NULL, writes a durable copy of it there,
 * mode 0600, where nothing may be. False with errno.
 */
bool backup_sum(const char *from, const char *to, struct backup_sum *out,
                struct backup_meter *meter) __attribute__((warn_unused_result));

/*
 * Names on `err` what runs that were killed have left beside `path`: every folder *.new-XXXXXX. The
 * operator decides, because a restore that was killed may have left the old data folder there.
 */
void backup_leftovers(const char *path, FILE *err);

/*
 * `path` without slashes at its end, and the name of a fresh folder beside it, which is made:
 * `path`.new-XXXXXX. False with errno.
 */
bool backup_folder(char path[static 4096], char fresh[static 4096], const char *wanted)
    __attribute__((warn_unused_result));

#endif
