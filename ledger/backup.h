/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Copies of a data folder, and how one becomes a data folder again (SPEC 14.6).
 *
 * A backup is a folder: log/data.mdb, aux/data.mdb and keys/ as in a data folder, and the file
 * `backup`, which names the origin, the moment it was begun, the head of the log in it, and size
 * and SHA-256 of each file. It has no `last-signed`: only the newest one tells whether a log may
 * still be signed, and a backup's own is old by the time it is needed.
 *
 * Both calls say on `err` what goes wrong, in lines for the operator.
 */
#ifndef SEM_LEDGER_BACKUP_H
#define SEM_LEDGER_BACKUP_H

#include "ledger/log.h"
#include "ledger/node.h"

struct backup_info {
    char origin[ORIGIN_MAX + 1];
    int64_t at;           /* Unix ms; whatever was answered before this moment is in it */
    struct log_head head; /* of the log in it */
};

enum backup_result {
    BACKUP_OK,
    BACKUP_PARTIAL, /* restored, but not all of what the replaced folder knew could be kept */
    BACKUP_MISSING, /* no data folder, or no backup, there */
    BACKUP_LOCKED,  /* a server has the folder that is to be replaced */
    BACKUP_UNSOUND, /* the backup does not hold; nothing was changed */
    BACKUP_FAILED,  /* anything else; nothing was changed */
};

/* Where progress goes: octets copied and leaves replayed, as node_progress. */
struct backup_watch {
    node_progress copied, replayed;
    void *ctx;
};

/*
 * Copies the data folder `dir` into `to`, which must not be there, while a server may write; needs
 * no lock. `to` appears in one step, durable; a process that is killed leaves at most a folder
 * `to`.new-XXXXXX, which the next one names.
 */
enum backup_result node_backup(const char *dir, const char *to, bool with_keys,
                               struct backup_info *out, FILE *err,
                               const struct backup_watch *watch);

struct restore_order {
    const char *from, *dir;
    const char *keys; /* a folder with the server's keys, in place of the backup's; or NULL */
    bool replace;     /* `dir` may be there: it is kept beside */
};

struct restored {
    struct backup_info info;
    char before[4096];           /* where the replaced folder is now; empty: there was none */
    uint64_t erasures, refusals; /* that the replaced folder knew and the new one has now */
    bool last_signed_known;      /* carried over from the replaced folder */
    struct log_head last_signed;
};

/*
 * Makes a data folder of a backup: checks the sums, replays every leaf with its signatures into a
 * new environment, recounts, holds the head against the backup's; erases again what the log says is
 * erased; and puts the result in place in one step. From a folder that is replaced come
 * `last-signed`, so that the restored log is not signed before it extends it (SPEC 14.4), the
 * erasures in its log and the refusals in its side store. Without `last-signed` the restored folder
 * is read-only until the operator puts it back.
 */
enum backup_result node_restore(const struct restore_order *order, struct restored *out, FILE *err,
                                const struct backup_watch *watch);

#endif
