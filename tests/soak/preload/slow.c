/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A shared object (LD_PRELOAD) under which each sync of a file takes SLOW_SYNC_MS milliseconds.
 * Nothing else waits: tests/crash/shim.c, which sees all that is done with files, does it one at a
 * time and would hold readers back as well.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_ms(void)
{
    const char *text = getenv("SLOW_SYNC_MS");
    long ms = text ? strtol(text, NULL, 10) : 0;
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

int fdatasync(int fd)
{
    wait_ms();
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    wait_ms();
    return (int)syscall(SYS_fsync, fd);
}
