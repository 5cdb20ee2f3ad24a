/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A bare libmicrohttpd: the same daemon as the server's, and nothing behind it. */
#ifndef SEM_BENCH_BARE_H
#define SEM_BENCH_BARE_H

#include <stddef.h>

/*
 * Answers every request on a free port of 127.0.0.1 with so many bytes until SIGTERM. Says where
 * on standard error. Gives an exit status.
 */
int bare_serve(size_t answer_bytes);

#endif
