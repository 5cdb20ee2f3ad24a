/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The content coding gzip (RFC 9110 section 8.4.1.3), for who accepts it. Pure functions. */
#ifndef SEM_API_GZIP_H
#define SEM_API_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the value of an Accept-Encoding field, NULL for none, lets an answer be gzip-coded. */
bool gzip_accepted(const char *field);

/* The coded bytes, from malloc; NULL without memory. n is below 2^32. */
uint8_t *gzip_encode(const void *bytes, size_t n, size_t *coded);

#endif
