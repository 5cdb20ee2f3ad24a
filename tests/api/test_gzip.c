/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "api/gzip.h"

Test(gzip, is_accepted_where_the_field_says_so)
{
    static const char *const yes[] = {"gzip",
                                      "GZip",
                                      "*",
                                      "deflate, gzip",
                                      "br;q=1.0 , gzip;q=0.5",
                                      "gzip;q=0.001",
                                      "deflate,gzip;q=1,*;q=0",
                                      "*;q=0.1"};

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        cr_assert(gzip_accepted(yes[i]), "%s", yes[i]);
    }
}

Test(gzip, is_not_accepted_elsewhere)
{
    static const char *const no[] = {
        NULL,          "",        ",", "identity",    "gzip;q=0", "gzip; q=0.000", "*;q=0",
        "*, gzip;q=0", "gzipped", "x", "deflate;q=1", "g zip"};

    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        cr_assert_not(gzip_accepted(no[i]), "%s", no[i]);
    }
}

Test(gzip, gives_back_what_was_coded)
{
    static uint8_t bytes[300000], again[sizeof bytes];
    uint32_t chance = 1;

    for (size_t n = 0; n <= sizeof bytes; n = n * 3 + 1) {
        size_t coded = 0;
        z_stream z = {0};

        for (size_t i = 0; i < n; i++) {
            chance = chance * 1103515245 + 12345;
            bytes[i] = (uint8_t)(i % 2 ? chance >> 16 : 'x');
        }
        uint8_t *out = gzip_encode(bytes, n, &coded);
        cr_assert(out != NULL);
        cr_assert_eq(inflateInit2(&z, 15 + 16), Z_OK);
        z.next_in = out;
        z.avail_in = (uInt)coded;
        z.next_out = again;
        z.avail_out = sizeof again;
        cr_assert_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
        cr_assert_eq(z.total_out, n);
        cr_assert_eq(memcmp(bytes, again, n), 0);
        inflateEnd(&z);
        free(out);
    }
}
