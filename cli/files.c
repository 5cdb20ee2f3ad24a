/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "ledger/files.h"

static char *read_all(int fd, size_t max, size_t *n)
{
    size_t room = 0, len = 0;
    char *bytes = NULL;

    for (;;) {
        if (len + 1 >= room) {
            room = room == 0 ? 4096 : 2 * room;
            char *grown = realloc(bytes, room);
            if (grown == NULL) {
                break;
            }
            bytes = grown;
        }
        ssize_t got = read(fd, bytes + len, room - len - 1);
        if (got == 0) {
            bytes[len] = '\0';
            *n = len;
            return bytes;
        }
        if (got < 0 && errno != EINTR) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
        if (len > max) {
            errno = EFBIG;
            break;
        }
    }
    free(bytes);
    return NULL;
}

static char *read_and_close(int fd, size_t max, size_t *n)
{
    if (fd < 0) {
        return NULL;
    }
    char *bytes = read_all(fd, max, n);
    int saved = errno;
    close(fd);
    errno = saved;
    return bytes;
}

char *read_whole_file(const char *path, size_t max, size_t *n)
{
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, max, n);
    }
    return read_and_close(open(path, O_RDONLY | O_CLOEXEC), max, n);
}

int open_plain_file(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

char *read_plain_file(const char *path, size_t max, size_t *n)
{
    return read_and_close(open_plain_file(path), max, n);
}

/* link() fails when the name is taken, rename() replaces: both are one step for whoever looks. */
static bool put_in_place(const char *fresh, const char *path, bool replace)
{
    if (replace) {
        return rename(fresh, path) == 0;
    }
    bool ok = link(fresh, path) == 0;
    int saved = errno;
    unlink(fresh);
    errno = saved;
    return ok;
}

static bool write_fresh(const char *path, const void *bytes, size_t n, mode_t mode, bool replace,
                        bool sync)
{
    char *fresh = NULL;
    uint32_t tag;

    random_fill(&tag, sizeof tag);
    if (asprintf(&fresh, "%s.%08x.new", path, tag) < 0) {
        return false;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool ok = fd >= 0 && file_write(fd, bytes, n) && (!sync || fsync(fd) == 0);
    if (fd >= 0 && close(fd) != 0) {
        ok = false;
    }
    ok = ok && put_in_place(fresh, path, replace);
    int saved = errno;
    if (!ok && fd >= 0) {
        unlink(fresh);
    }
    free(fresh);
    errno = saved;
    return ok;
}

bool write_whole_file(const char *path, const void *bytes, size_t n, mode_t mode, bool replace)
{
    return write_fresh(path, bytes, n, mode, replace, true);
}

bool write_whole_file_unsynced(const char *path, const void *bytes, size_t n, mode_t mode)
{
    return write_fresh(path, bytes, n, mode, true, false);
}
