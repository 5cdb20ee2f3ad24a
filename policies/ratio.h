/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Ratios: the form of every figure that people read.
 *
 * An integer per mille, truncated towards zero as C divides. A ratio that has no meaning, because
 * nothing stands below the line, or too little behind it to be shown, is not known; it is never 0
 * instead. Pure functions, any thread. */
#ifndef POLICIES_RATIO_H
#define POLICIES_RATIO_H

#include <stdbool.h>
#include <stdint.h>

struct ratio {
    bool known;
    int64_t permille; /* 0 if not known, and then without meaning */
};

/* What is not known. */
struct ratio ratio_unknown(void);

/* 1000 * numerator / denominator; not known if the denominator is 0. |numerator| < 2^117, which is
 * asserted, and the answer fits an int64, which it does for whatever is counted in minutes. */
struct ratio ratio_of(__int128 numerator, __int128 denominator);

/* Whether numerator / denominator > permille / 1000, compared by products and so exactly, where
 * the truncated figure could not tell. denominator >= 0; false if it is 0. The denominator and the
 * numerator stay below 2^100, permille within an int32; asserted. */
bool ratio_above(__int128 numerator, __int128 denominator, int64_t permille);

#endif
