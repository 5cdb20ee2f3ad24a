/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The HTTP of a witness (C2SP tlog-witness):
 *
 *     POST /add-checkpoint          at most WITNESS_BODY_MAX bytes
 *     GET  /<64 hex digits>/checkpoint
 *
 * The one part of semctl with threads: they touch the witness and nothing else of the program.
 */
#ifndef SEM_CLI_WITNESS_HTTP_H
#define SEM_CLI_WITNESS_HTTP_H

#include <stdbool.h>

struct witness;

/*
 * Listens as ledger/listen.h says, prints `listening on URL` on stdout, and serves until SIGTERM or
 * SIGINT. False with a message on stderr when it cannot begin.
 */
bool witness_serve(struct witness *witness, const char *where, bool insecure_ok);

#endif
