/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Small files of the data folder, written so that after a power cut there is the old content or the
 * new one, and folders whose names are on disk. Functions answer false with errno set.
 */
#ifndef SEM_LEDGER_FILES_H
#define SEM_LEDGER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Writes dir/name.new, fsyncs it, renames it over dir/name and fsyncs the folder. */
bool file_replace(const char *dir, const char *name, mode_t mode, const void *bytes, size_t n)
    __attribute__((warn_unused_result));

/*
 * Writes over the n bytes of a file that has exactly this length, and waits until they are on disk:
 * one barrier in place of three. For less than a sector, which disks write whole or not at all; a
 * torn one must be recognised by who reads it. Any other file is replaced.
 */
bool file_overwrite(const char *dir, const char *name, mode_t mode, const void *bytes, size_t n)
    __attribute__((warn_unused_result));

/*
 * Reads dir/name, at most size - 1 bytes, ends it with a NUL and gives its length. A longer file is
 * EFBIG.
 */
bool file_read(const char *dir, const char *name, char *out, size_t size, size_t *n)
    __attribute__((warn_unused_result));

/* Writes all n bytes to an open file, through interruptions and short writes. */
bool file_write(int fd, const void *bytes, size_t n) __attribute__((warn_unused_result));

/* Reads an open file until its end or until `size` bytes are there; n says how many are. */
bool file_fill(int fd, void *out, size_t size, size_t *n) __attribute__((warn_unused_result));

/* fsync of a file or folder. */
bool path_sync(const char *path) __attribute__((warn_unused_result));

/* dir/name into a buffer; false (ENAMETOOLONG) when it does not fit. */
bool path_join(char *out, size_t size, const char *dir, const char *name)
    __attribute__((warn_unused_result));

/* The folder in which a path lies: "a/b" gives "a", "b" gives ".". */
bool path_parent(char *out, size_t size, const char *path) __attribute__((warn_unused_result));

/* Removes a folder with its files and folders; nothing happens when it is not there. */
bool path_remove_tree(const char *path);

#endif
