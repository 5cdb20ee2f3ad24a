/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A request on its way: from the raw request line through headers, body and handler, to sleep while
 * its job is with the writer, to the answer and the end. These are libmicrohttpd's callbacks; their
 * `cls` is the struct server. All calls for one connection come from one thread.
 */
#ifndef SEM_API_INTAKE_H
#define SEM_API_INTAKE_H

#include <microhttpd.h>
#include <stddef.h>

/* The raw target, before anything decodes it. Makes the request, which becomes the context. */
void *intake_line(void *cls, const char *target, struct MHD_Connection *connection);
/* Headers are there, then pieces of the body, then all of it; or the writer has decided. */
enum MHD_Result intake_data(void *cls, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *data,
                            size_t *data_size, void **context);
/* The request is over, answered or not: the one place that frees it. */
void intake_end(void *cls, struct MHD_Connection *connection, void **context,
                enum MHD_RequestTerminationCode code);

#endif
