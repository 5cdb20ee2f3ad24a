/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool path_join(char *out, size_t size, const char *dir, const char *name)
{
    int n = snprintf(out, size, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= size) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}

bool path_parent(char *out, size_t size, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n == 0)
        path = ".", n = 1;
    if (n >= size) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(out, path, n);
    out[n] = '\0';
    return true;
}

/* Closes without losing the errno of what went wrong before. */
static bool close_failed(int fd)
{
    int keep = errno;
    close(fd);
    errno = keep;
    return false;
}

bool path_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (fsync(fd) != 0)
        return close_failed(fd);
    return close(fd) == 0;
}

bool file_write(int fd, const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0;) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

bool file_fill(int fd, void *out, size_t size, size_t *n)
{
    for (*n = 0; *n < size;) {
        ssize_t part = read(fd, (char *)out + *n, size - *n);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return false;
        if (part == 0)
            break;
        *n += (size_t)part;
    }
    return true;
}

bool file_replace(const char *dir, const char *name, mode_t mode, const void *bytes, size_t n)
{
    char path[PATH_MAX], fresh[PATH_MAX + 4];
    if (!path_join(path, sizeof path, dir, name))
        return false;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    if (!file_write(fd, bytes, n) || fsync(fd) != 0)
        return close_failed(fd);
    return close(fd) == 0 && rename(fresh, path) == 0 && path_sync(dir);
}

bool file_overwrite(const char *dir, const char *name, mode_t mode, const void *bytes, size_t n)
{
    char path[PATH_MAX];
    struct stat st;
    if (!path_join(path, sizeof path, dir, name))
        return false;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return false;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size != (off_t)n) {
        if (fd >= 0)
            close(fd);
        return file_replace(dir, name, mode, bytes, n);
    }
    if (!file_write(fd, bytes, n) || fdatasync(fd) != 0)
        return close_failed(fd);
    return close(fd) == 0;
}

bool file_read(const char *dir, const char *name, char *out, size_t size, size_t *n)
{
    char path[PATH_MAX];
    if (!path_join(path, sizeof path, dir, name))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t got;
    if (!file_fill(fd, out, size, &got))
        return close_failed(fd);
    close(fd);
    if (got == size) {
        errno = EFBIG;
        return false;
    }
    out[got] = '\0';
    *n = got;
    return true;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

bool path_remove_tree(const char *path)
{
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
}
