/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A shared object that stands between a program and the files below one folder (LD_PRELOAD). The
 * environment says what it does; each part may be used with the others:
 *
 *     CRASH_ROOT=DIR        the folder; nothing else is touched
 *     CRASH_TRACE=FILE      writes down every operation that changes files, with its data
 *     CRASH_FAIL=N          the N-th of these operations fails; CRASH_FAIL_ON=1: all later ones too
 *     CRASH_ERROR=WORD      as EIO, ENOSPC or SHORT (half of a write is written, and told)
 *     CRASH_ARM=FILE        counts for CRASH_FAIL only while this file exists
 *     CRASH_SYNC_MS=N       each sync takes so long
 *     CRASH_LIE=1           no sync does anything: the program as it were without them
 *     CRASH_FREE=FILE       statvfs() tells the number of free bytes in this file, while it exists
 *
 * A record of the trace is a struct record and behind it two strings of bytes; tests/crash/trace.py
 * reads it. One lock holds the operations in the order in which they are written down. What a
 * program does past these functions is seen by nobody here: whoever reads a trace must compare
 * what comes of it with the folder.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 4096
#define REAL(name) ((__typeof__(&name))real(#name))

struct record {
    uint8_t op;
    uint8_t sync; /* the descriptor is O_DSYNC or O_SYNC: a write is durable when it is done */
    uint16_t flags;
    int32_t fd;
    uint64_t at; /* offset of a write, new length */
    uint32_t first, second; /* lengths of the two strings */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *root, *arm, *free_file;
static size_t root_len;
static int trace_fd = -1, error, sync_ms;
static long fail_at, counted;
static bool fail_on, lie;
/* Our copy of the flags of each descriptor below the folder; 0: not ours. */
static uint8_t ours[FDS_MAX];
enum { OURS = 1, SYNC = 2 };

static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL)
        abort();
    return function;
}

static long number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtol(text, NULL, 10) : 0;
}

static void start(void)
{
    const char *trace = getenv("CRASH_TRACE"), *word = getenv("CRASH_ERROR");
    root = getenv("CRASH_ROOT");
    root_len = root != NULL ? strlen(root) : 0;
    arm = getenv("CRASH_ARM");
    free_file = getenv("CRASH_FREE");
    fail_at = number("CRASH_FAIL");
    fail_on = number("CRASH_FAIL_ON") != 0;
    sync_ms = (int)number("CRASH_SYNC_MS");
    lie = number("CRASH_LIE") != 0;
    error = EIO;
    if (word != NULL && strcmp(word, "ENOSPC") == 0)
        error = ENOSPC;
    if (word != NULL && strcmp(word, "SHORT") == 0)
        error = 0;
    if (trace != NULL)
        trace_fd = (int)syscall(SYS_openat, AT_FDCWD, trace,
                                O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void enter(void)
{
    pthread_once(&once, start);
    pthread_mutex_lock(&lock);
}

static void leave(void)
{
    int keep = errno;
    pthread_mutex_unlock(&lock);
    errno = keep;
}

static bool path_is_ours(const char *path)
{
    return root != NULL && strncmp(path, root, root_len) == 0;
}

static bool fd_is_ours(int fd)
{
    return fd >= 0 && fd < FDS_MAX && ours[fd] != 0;
}

/* --- The trace -------------------------------------------------------------------------------- */

static void put(const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0;) {
        long done = syscall(SYS_write, trace_fd, at, n);
        if (done <= 0)
            abort();
        at += done;
        n -= (size_t)done;
    }
}

static void trace(char op, int fd, uint64_t at, int flags, const void *first, size_t n_first,
                  const void *second, size_t n_second)
{
    int keep = errno;
    if (trace_fd >= 0) {
        struct record r = {.op = (uint8_t)op,
                           .sync = fd_is_ours(fd) && (ours[fd] & SYNC) != 0,
                           .flags = (uint16_t)flags,
                           .fd = fd,
                           .at = at,
                           .first = (uint32_t)n_first,
                           .second = (uint32_t)n_second};
        put(&r, sizeof r);
        put(first, n_first);
        put(second, n_second);
    }
    errno = keep;
}

static void trace_path(char op, int fd, int flags, const char *path)
{
    trace(op, fd, 0, flags, path, strlen(path), NULL, 0);
}

/* For the program itself: a line that has its place among the operations. */
void crash_mark(const char *line);
void crash_mark(const char *line)
{
    enter();
    trace_path('K', -1, 0, line);
    leave();
}

/* --- Failing ---------------------------------------------------------------------------------- */

/* Counts an operation; true when this one fails, with errno set. A short write has errno 0. */
static bool fails(void)
{
    if (fail_at == 0 || (arm != NULL && syscall(SYS_access, arm, F_OK) != 0))
        return false;
    counted++;
    if (counted != fail_at && !(fail_on && counted > fail_at))
        return false;
    trace_path('F', -1, 0, "");
    errno = error;
    return true;
}

static void wait_ms(void)
{
    struct timespec t = {sync_ms / 1000, sync_ms % 1000 * 1000000L};
    if (sync_ms > 0)
        nanosleep(&t, NULL);
}

/* --- Opening and closing ---------------------------------------------------------------------- */

static int open_ours(int dir, const char *path, int flags, mode_t mode)
{
    struct stat info;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    bool makes = (flags & O_CREAT) != 0 && fstatat(dir, path, &info, 0) != 0;
    if ((makes || (writes && (flags & O_TRUNC) != 0)) && fails()) {
        errno = errno != 0 ? errno : EIO;
        return -1;
    }
    bool syncs = (flags & (O_DSYNC | O_SYNC)) != 0;
    if (lie)
        flags &= ~O_SYNC; /* has the bit of O_DSYNC */
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd < 0 || fd >= FDS_MAX)
        return fd;
    ours[fd] = OURS | (syncs && !lie ? SYNC : 0);
    trace_path('O', fd, (makes ? 1 : 0) | (writes && flags & O_TRUNC ? 2 : 0), path);
    return fd;
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
    int fd;
    enter();
    if (path_is_ours(path))
        fd = open_ours(dir, path, flags, mode);
    else
        fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    leave();
    return fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

#define OPEN_BODY(dir) \
    va_list args; \
    va_start(args, flags); \
    mode_t mode = mode_of(flags, args); \
    va_end(args); \
    return open_any(dir, path, flags, mode)

int open(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}

int openat(int dir, const char *path, int flags, ...)
{
    OPEN_BODY(dir);
}

int openat64(int dir, const char *path, int flags, ...)
{
    OPEN_BODY(dir);
}

int creat(const char *path, mode_t mode)
{
    return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd)
{
    enter();
    if (fd_is_ours(fd)) {
        trace_path('C', fd, 0, "");
        ours[fd] = 0;
    }
    int code = (int)syscall(SYS_close, fd);
    leave();
    return code;
}

/* --- Writing ---------------------------------------------------------------------------------- */

/*
 * The sync behind a write to an O_DSYNC descriptor fails when the bytes are in the page cache
 * already; any other write that fails has written nothing.
 */
static ssize_t write_at(int fd, const void *bytes, size_t n, off_t at)
{
    bool bad = fails(), late = bad && errno != 0 && (ours[fd] & SYNC) != 0;
    int code = errno;
    if (bad && code == 0)
        n = n / 2;
    else if (bad && !late)
        return -1;
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, n, at);
    uint8_t keep = ours[fd];
    if (late)
        ours[fd] = OURS; /* written down as a write that nothing made durable */
    if (done > 0)
        trace('W', fd, (uint64_t)at, 0, bytes, (size_t)done, NULL, 0);
    ours[fd] = keep;
    if ((keep & SYNC) != 0)
        wait_ms();
    errno = late ? code : errno;
    return late ? -1 : done;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    enter();
    ssize_t done =
        fd_is_ours(fd) ? write_at(fd, bytes, n, at) : syscall(SYS_pwrite64, fd, bytes, n, at);
    leave();
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return pwrite(fd, bytes, n, at);
}

/* A write at the place where the descriptor stands, which it moves. */
static ssize_t write_on(int fd, const void *bytes, size_t n)
{
    off_t at = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t done = write_at(fd, bytes, n, at);
    if (done > 0)
        syscall(SYS_lseek, fd, at + done, SEEK_SET);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    pthread_once(&once, start);
    if (!fd_is_ours(fd))
        return syscall(SYS_write, fd, bytes, n); /* pipes may wait: not under the lock */
    enter();
    ssize_t done = write_on(fd, bytes, n);
    leave();
    return done;
}

/* All parts as one write, as the kernel does it. */
static char *join(const struct iovec *parts, int n, size_t *total)
{
    *total = 0;
    for (int i = 0; i < n; i++)
        *total += parts[i].iov_len;
    char *all = malloc(*total + 1), *end = all;
    if (all == NULL)
        abort();
    for (int i = 0; i < n; i++)
        end = mempcpy(end, parts[i].iov_base, parts[i].iov_len);
    return all;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    size_t total;
    pthread_once(&once, start);
    if (!fd_is_ours(fd))
        return syscall(SYS_writev, fd, parts, n);
    enter();
    char *all = join(parts, n, &total);
    ssize_t done = write_on(fd, all, total);
    free(all);
    leave();
    return done;
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    size_t total;
    enter();
    char *all = join(parts, n, &total);
    ssize_t done =
        fd_is_ours(fd) ? write_at(fd, all, total, at) : syscall(SYS_pwrite64, fd, all, total, at);
    free(all);
    leave();
    return done;
}

int ftruncate(int fd, off_t length)
{
    enter();
    int code = -1;
    if (!fd_is_ours(fd)) {
        code = (int)syscall(SYS_ftruncate, fd, length);
    } else if (fails()) {
        errno = errno != 0 ? errno : EIO;
    } else {
        code = (int)syscall(SYS_ftruncate, fd, length);
        if (code == 0)
            trace('T', fd, (uint64_t)length, 0, NULL, 0, NULL, 0);
    }
    leave();
    return code;
}

int ftruncate64(int fd, off64_t length)
{
    return ftruncate(fd, length);
}

/* Written down as unknown: no reader of traces knows what these do, and says so. */
int fallocate(int fd, int mode, off_t at, off_t n)
{
    enter();
    if (fd_is_ours(fd))
        trace('?', fd, 0, 0, "fallocate", 9, NULL, 0);
    int code = (int)syscall(SYS_fallocate, fd, mode, at, n);
    leave();
    return code;
}

void *mmap(void *where, size_t n, int protection, int flags, int fd, off_t at)
{
    pthread_once(&once, start);
    bool seen = fd_is_ours(fd) && (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0;
    if (seen) {
        enter();
        trace('M', fd, 0, 0, NULL, 0, NULL, 0);
        leave();
    }
    return (void *)syscall(SYS_mmap, where, n, protection, flags, fd, at);
}

/* --- Syncs ------------------------------------------------------------------------------------ */

static int sync_any(int fd, long call)
{
    enter();
    int code = 0;
    if (!fd_is_ours(fd)) {
        code = (int)syscall(call, fd);
    } else if (fails()) {
        errno = errno != 0 ? errno : EIO;
        code = -1;
    } else if (!lie) {
        wait_ms();
        code = (int)syscall(call, fd);
        if (code == 0)
            trace('S', fd, 0, 0, NULL, 0, NULL, 0);
    }
    leave();
    return code;
}

int fsync(int fd)
{
    return sync_any(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_any(fd, SYS_fdatasync);
}

/* --- Names ------------------------------------------------------------------------------------ */

static int name_any(char op, long call, const char *path, int arg)
{
    enter();
    int code = -1;
    if (path_is_ours(path) && fails()) {
        errno = errno != 0 ? errno : EIO;
    } else {
        code = (int)syscall(call, AT_FDCWD, path, arg);
        if (code == 0 && path_is_ours(path))
            trace_path(op, -1, 0, path);
    }
    leave();
    return code;
}

int mkdir(const char *path, mode_t mode)
{
    return name_any('D', SYS_mkdirat, path, (int)mode);
}

int unlink(const char *path)
{
    return name_any('U', SYS_unlinkat, path, 0);
}

int rmdir(const char *path)
{
    return name_any('U', SYS_unlinkat, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return -1;
    return S_ISDIR(info.st_mode) ? rmdir(path) : unlink(path);
}

/* libc's own would go past our mkdir(). */
char *mkdtemp(char *template)
{
    static unsigned made;
    size_t n = strlen(template);
    for (int i = 0; i < 1000; i++) {
        snprintf(template + n - 6, 7, "%06u", made++ % 1000000);
        if (mkdir(template, 0700) == 0)
            return template;
        if (errno != EEXIST)
            return NULL;
    }
    return NULL;
}

static int rename_any(const char *from, const char *to, unsigned flags)
{
    enter();
    int code = -1;
    if (path_is_ours(from) && fails()) {
        errno = errno != 0 ? errno : EIO;
    } else {
        code = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
        if (code == 0 && path_is_ours(from))
            trace('R', -1, 0, (int)flags, from, strlen(from), to, strlen(to));
    }
    leave();
    return code;
}

int rename(const char *from, const char *to)
{
    return rename_any(from, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (from_dir != AT_FDCWD || to_dir != AT_FDCWD)
        abort();
    return rename_any(from, to, flags);
}

/* --- Room ------------------------------------------------------------------------------------- */

static bool told_free(unsigned long long *bytes)
{
    char text[32] = "";
    pthread_once(&once, start);
    if (free_file == NULL)
        return false;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, free_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    long n = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    *bytes = strtoull(text, NULL, 10);
    return n > 0;
}

int statvfs(const char *path, struct statvfs *out)
{
    unsigned long long bytes;
    int code = REAL(statvfs)(path, out);
    if (code == 0 && told_free(&bytes)) {
        out->f_frsize = 1;
        out->f_bavail = bytes;
        out->f_bfree = bytes;
    }
    return code;
}
