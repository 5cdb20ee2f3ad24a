/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A bare libmicrohttpd on the loops of semd, and nothing behind it: no store, no rules, no disk.
 * What a read and a checked POST cannot cost less than.
 */
#ifndef SEM_BENCH_BARE_H
#define SEM_BENCH_BARE_H

#include <stddef.h>

/*
 * Serves on a free port of 127.0.0.1 until SIGTERM. Says where on standard error. Gives an exit
 * status.
 *
 * GET of anything: 200 and so many bytes. POST of a note: its signatures are checked with the keys
 * of the first organisations of bench/network.h on the loop's thread, the connection sleeps until
 * another thread wakes it, as it does for semd's writer, and the answer is 201 and about as long as
 * semd's; 400 when it is no note or a signature does not hold.
 */
int bare_serve(size_t answer_bytes, size_t n_orgs);

#endif
