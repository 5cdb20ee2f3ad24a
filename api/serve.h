/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The verb `serve`: a node, its writer and its HTTP server, from start to a clean stop. */
#ifndef SEM_API_SERVE_H
#define SEM_API_SERVE_H

#include "api/options.h"

struct node;
/* Serves an open node until SIGTERM or SIGINT. An exit code. */
int serve(const struct options *options, struct node *node);

#endif
