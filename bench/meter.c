/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/meter.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/limits.h"

#define ARGS_MAX 16

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static _Noreturn void become(char *const argv[], int out)
{
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        _exit(127);
    execv(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

int meter_main(char **argv)
{
    int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct rusage use;
    double start = bench_now_s();
    pid_t pid = fork();
    if (pid == 0)
        become(argv, null);
    if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
        return 1;
    printf("%.6f %.6f %.0f\n", bench_now_s() - start,
           seconds_of(use.ru_utime) + seconds_of(use.ru_stime), (double)use.ru_maxrss * 1024);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool meter_run(const char *const argv[], struct meter *out)
{
    const char *all[ARGS_MAX] = {"/proc/self/exe", "meter"};
    int ends[2], status = 1;
    for (size_t i = 0; argv[i] != NULL && i + 3 < ARGS_MAX; i++)
        all[i + 2] = argv[i];
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0)
        become((char *const *)(uintptr_t)all, ends[1]);
    close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    bool ok = pid > 0 && f != NULL &&
              fscanf(f, "%lf %lf %lf", &out->seconds, &out->cpu_s, &out->peak_bytes) == 3;
    if (f != NULL)
        fclose(f);
    ok = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && ok;
    if (!ok)
        fprintf(stderr, "bench: %s %s did not end well\n", argv[0],
                argv[1] != NULL ? argv[1] : "");
    return ok;
}
