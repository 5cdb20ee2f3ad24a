/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Memory for a long answer, of which each thread keeps one piece at hand. Pieces of this size are
 * mapped by malloc, so that what a busy hour took goes back (api/serve.c); but to map one, to touch
 * its pages for the first time and to unmap it, which the other cores have to hear of, costs more
 * than a page of a list that stands in it. What was taken is malloc's and may be freed as such.
 */
#ifndef SEM_API_SPARE_H
#define SEM_API_SPARE_H

#include <stddef.h>

#define SPARE_BYTES ((size_t)64 << 10)

/* A piece of SPARE_BYTES, the caller's; NULL without memory. */
void *spare_take(void);
/* Keeps it at hand for this thread, or frees it; it was taken, by whatever thread. */
void spare_give(void *piece);

#endif
