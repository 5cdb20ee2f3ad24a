/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/i18n.h"

#define EVERY_MS 200

static int64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_start(struct progress *p, const struct ctl *ctl, const char *what, uint64_t first,
                    uint64_t total)
{
    *p = (struct progress){.what = what, .first = first, .total = total};
    p->on = !ctl->quiet && isatty(STDERR_FILENO);
    p->start_ms = p->last_ms = monotonic_ms();
}

void progress_step(struct progress *p, uint64_t done)
{
    int64_t now = p->on ? monotonic_ms() : 0;

    if (!p->on || now - p->last_ms < EVERY_MS || done <= p->first || p->total == 0) {
        return;
    }
    uint64_t rate = (done - p->first) * 1000 / (uint64_t)(now - p->start_ms);
    uint64_t left = done < p->total && rate > 0 ? (p->total - done) / rate : 0;
    uint64_t percent = done < p->total ? (uint64_t)((double)done / (double)p->total * 100) : 100;
    p->last_ms = now;
    p->shown = true;
    fprintf(stderr,
            _("\r\033[K%s: %" PRIu64 " %%, %" PRIu64 " entries a second, %" PRIu64 " min %02" PRIu64
              " s left"),
            p->what, percent, rate, left / 60, left % 60);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown) {
        fputs("\r\033[K", stderr);
        p->shown = false;
    }
}
