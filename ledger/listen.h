/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Listening sockets of the programs that serve HTTP: HOST:PORT or unix:PATH. */
#ifndef SEM_LEDGER_LISTEN_H
#define SEM_LEDGER_LISTEN_H

#include <stdbool.h>
#include <stdio.h>

#define LISTEN_URL_SIZE 4200
#define LISTEN_BACKLOG 1024

/*
 * Opens a listening socket. An address that is not this machine's own is refused unless `open_ok`,
 * because tokens and texts would travel in the clear. A unix socket gets mode 0660; one that nobody
 * listens on any more is replaced. `url` gets what a client can use, with the real port. -1 with a
 * message on `err` that begins with the name of the program.
 */
int listen_open(const char *program, const char *where, bool open_ok,
                char url[static LISTEN_URL_SIZE], FILE *err);
/* Removes the file of a unix socket; nothing for the rest. */
void listen_forget(const char *where);

#endif
