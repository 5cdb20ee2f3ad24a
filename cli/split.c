/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/split.h"

bool split_equal(int64_t out[], size_t n, int64_t minutes)
{
    if (n == 0 || minutes < (int64_t)n) {
        return false;
    }
    int64_t each = minutes / (int64_t)n;
    size_t spare = (size_t)(minutes % (int64_t)n);
    for (size_t i = 0; i < n; i++) {
        out[i] = each + (i < spare ? 1 : 0);
    }
    return true;
}
