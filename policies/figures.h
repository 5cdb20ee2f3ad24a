/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Figures: everything that is measured on a layer, and everything that one organisation sees of
 * itself, in one call each.
 *
 * Nothing is measured here: policies/reciprocity.h, evenness.h, circulation.h, one_way.h,
 * components.h and burden.h do, and SPEC.md 18.1 says what each figure means. A network is the
 * window's pairs of help (policies/layers.h), sorted by (from, to), each pair once; organisations
 * are numbered 0..orgs-1, with whatever gaps the ledger's numbers have. Pure functions, any
 * thread. */
#ifndef POLICIES_FIGURES_H
#define POLICIES_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/burden.h"
#include "policies/layers.h"
#include "policies/ratio.h"
#include "policies/reciprocity.h"

/* A network on one layer. */
struct layer_figures {
    int64_t minutes;        /* W: all minutes of the layer */
    size_t orgs;            /* n: the organisations that count */
    struct ratio displaced; /* M3 */
    struct ratio positions; /* M4 */
    struct ratio direct;    /* M5 */
    struct ratio round;     /* M6 */
    struct ratio one_way;   /* M7 */
    struct concentration giving, receiving; /* M8b */
    struct ratio core;      /* M15 */
};

/* All figures of one layer. An organisation counts if member[i], or if it gives or receives
 * anything, on any layer: so n is the same on both. member[] has orgs elements. Takes working
 * memory and gives it back; false, *out untouched, without. For 500 organisations and 50 000
 * exchanges well below a second (bench/README.md); M6 and M7 are most of it. */
__attribute__((warn_unused_result))
bool figures_of_layer(const struct help *help, size_t n, const bool *member, size_t orgs,
                      enum layer layer, struct layer_figures *out);

/* What one organisation gave and received in the window, on each layer. */
struct own_sums {
    int64_t given[LAYERS], received[LAYERS];
    struct dependency_sum providers[LAYERS];
};

/* Adds them up. Pairs in which the organisation takes no part may be among the n or left out.
 * O(n), no memory. */
void figures_own_sums(const struct help *help, size_t n, uint32_t org, struct own_sums *out);

/* What one organisation sees of itself. */
struct own_figures {
    struct ratio line_use;                 /* M1 */
    struct ratio exchange_index[LAYERS];   /* M2 */
    struct dependency dependency[LAYERS];  /* M8 */
    struct burden burden;                  /* M11, by all it gave */
};

/* The position is the ledger's and stands against the line; fte100 as in policies/burden.h. */
void figures_own(const struct line *line, int64_t position, int64_t fte100,
                 const struct own_sums *sums, struct own_figures *out);

#endif
