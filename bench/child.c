/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/limits.h"
#include "bench/load.h"

#define START_SECONDS 120 /* a long log is read once at the start */
#define SAID_MAX 4096

static size_t read_text(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "re");
    size_t n = f != NULL ? fread(out, 1, size - 1, f) : 0;
    out[n] = '\0';
    if (f != NULL)
        fclose(f);
    return n;
}

static uint16_t port_after(const char *said, const char *words)
{
    const char *at = strstr(said, words);
    if (at == NULL || strchr(at, '\n') == NULL)
        return 0;
    return (uint16_t)strtoul(at + strlen(words), NULL, 10);
}

static _Noreturn void become(const struct child *child, const char *const argv[])
{
    int fd = open(child->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        _exit(127);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    perror(argv[0]);
    _exit(127);
}

static bool wait_until_it_listens(struct child *c)
{
    char said[SAID_MAX];
    double until = bench_now_s() + START_SECONDS;
    int status;
    while (bench_now_s() < until) {
        read_text(c->said, said, sizeof said);
        c->metrics_port = port_after(said, "metrics on http://127.0.0.1:");
        c->port = port_after(said, "listening on http://127.0.0.1:");
        if (c->port != 0)
            return true;
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            c->pid = 0;
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    fprintf(stderr, "bench: the server does not start: %s\n", said);
    return false;
}

bool child_start(struct child *out, const char *dir, const char *const argv[])
{
    static unsigned number;
    *out = (struct child){0};
    snprintf(out->said, sizeof out->said, "%s/said-%u", dir, number++);
    fflush(NULL);
    out->pid = fork();
    if (out->pid < 0) {
        perror("fork");
        out->pid = 0;
        return false;
    }
    if (out->pid == 0)
        become(out, argv);
    if (wait_until_it_listens(out))
        return true;
    child_stop(out);
    return false;
}

bool child_stop(struct child *child)
{
    int status = 0;
    char said[SAID_MAX];
    if (child->pid <= 0)
        return true;
    kill(child->pid, SIGTERM);
    bool ended = waitpid(child->pid, &status, 0) == child->pid;
    child->pid = 0;
    if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    read_text(child->said, said, sizeof said);
    fprintf(stderr, "bench: a server did not end well: %s\n", said);
    return false;
}

double child_cpu_s(const struct child *child)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(child->pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return 0;
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The number behind a word at the start of a line of /proc/PID/NAME. */
static double proc_number(const struct child *child, const char *name, const char *word)
{
    char path[64], text[SAID_MAX];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)child->pid, name);
    read_text(path, text, sizeof text);
    const char *at = strstr(text, word);
    return at != NULL ? strtod(at + strlen(word), NULL) : 0;
}

double child_rss_anon_bytes(const struct child *child)
{
    return proc_number(child, "status", "\nRssAnon:") * 1024;
}

double child_write_bytes(const struct child *child)
{
    return proc_number(child, "io", "\nwrite_bytes:");
}

void child_settle(const struct child *child)
{
    static const char ask[] =
        "GET /v1/network HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    static char answer[65536];
    if (load_ask(child->port, ask, strlen(ask), answer, sizeof answer) != 200)
        fprintf(stderr, "bench: a server does not answer\n");
}

double child_metric(const struct child *child, const char *name)
{
    static const char ask[] = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    static char answer[262144];
    char line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    if (child->metrics_port == 0 ||
        load_ask(child->metrics_port, ask, strlen(ask), answer, sizeof answer) != 200)
        return 0;
    const char *at = strstr(answer, line);
    return at != NULL ? strtod(at + strlen(line), NULL) : 0;
}

double disk_written_bytes(const char *dir)
{
    char path[96], text[512];
    unsigned long long sectors;
    struct stat info;
    if (stat(dir, &info) != 0)
        return -1;
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/stat", major(info.st_dev),
             minor(info.st_dev));
    if (read_text(path, text, sizeof text) == 0 ||
        sscanf(text, "%*u %*u %*u %*u %*u %*u %llu", &sectors) != 1)
        return -1;
    return (double)sectors * 512;
}
