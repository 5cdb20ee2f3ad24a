/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/gzip.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define WINDOW_GZIP (15 + 16) /* deflateInit2: the largest window, with a gzip header */
/* Most of a bundle is signatures, which no level makes smaller; the first ones do the rest. */
#define LEVEL 2

/* --- Asking ---------------------------------------------------------------------------------- */

/* The weight of RFC 9110 section 12.4.2 in the parameters of an element: true when it is zero. */
static bool weight_is_zero(const char *s, size_t n)
{
    const char *q = memchr(s, ';', n), *end = s + n;

    if (!q) {
        return false;
    }
    q += 1 + strspn(q + 1, " \t");
    if (end - q < 3 || (*q != 'q' && *q != 'Q') || q[1] != '=' || q[2] != '0') {
        return false;
    }
    for (q += 3; q < end; q++) {
        if (*q >= '1' && *q <= '9') {
            return false;
        }
    }
    return true;
}

static bool is_named(const char *s, size_t n, const char *name)
{
    size_t len = strcspn(s, ";, \t");

    return len <= n && len == strlen(name) && strncasecmp(s, name, len) == 0;
}

bool gzip_accepted(const char *field)
{
    bool any = false;

    for (const char *s = field; s && *s;) {
        size_t n;

        s += strspn(s, ", \t");
        n = strcspn(s, ",");
        if (is_named(s, n, "gzip")) {
            return !weight_is_zero(s, n);
        }
        any = any || (is_named(s, n, "*") && !weight_is_zero(s, n));
        s += n;
    }
    return any;
}

/* --- Coding ---------------------------------------------------------------------------------- */

uint8_t *gzip_encode(const void *bytes, size_t n, size_t *coded)
{
    z_stream z = {.next_in = (z_const Bytef *)bytes, .avail_in = (uInt)n};
    uint8_t *out = NULL;
    uLong bound;

    assert(n <= UINT32_MAX);
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return NULL;
    }
    bound = deflateBound(&z, (uLong)n);
    out = malloc(bound);
    if (out) {
        int rc;

        z.next_out = out;
        z.avail_out = (uInt)bound;
        rc = deflate(&z, Z_FINISH);
        assert(rc == Z_STREAM_END); /* the bound is one */
        *coded = z.total_out;
    }
    deflateEnd(&z);
    return out;
}
