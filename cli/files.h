/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whole files in and out. */
#ifndef SEM_CLI_FILES_H
#define SEM_CLI_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reads at most `max` bytes from a file, or standard input for "-". Gives a NUL-terminated buffer
 * that the caller frees, or NULL with errno (EFBIG when there is more).
 */
char *read_whole_file(const char *path, size_t max, size_t *n);

/*
 * Opens what others made to be read: a file, or a link to one. ENOENT for anything else, so that a
 * pipe in a folder that somebody handed over is not waited for.
 */
int open_plain_file(const char *path);
/* read_whole_file() of such a one; "-" has no meaning. */
char *read_plain_file(const char *path, size_t max, size_t *n);

/*
 * Writes a file as a whole or not at all: a new file beside it, synced, then renamed over it. False
 * with errno; EEXIST when it is there and `replace` is false.
 */
bool write_whole_file(const char *path, const void *bytes, size_t n, mode_t mode, bool replace)
    __attribute__((warn_unused_result));
/* The same, replacing; for one of many files, which the caller syncs together. */
bool write_whole_file_unsynced(const char *path, const void *bytes, size_t n, mode_t mode)
    __attribute__((warn_unused_result));

#endif
