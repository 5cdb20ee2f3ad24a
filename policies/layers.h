/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The two layers on which reciprocity is read.
 *
 * Help: who helped whom, all of it. A flow from the established to the fragile is wanted there.
 * Account: what is left when gifts and what the pool paid are taken away; who is expected to give
 * or to receive. That one should stay near zero. Gifts and the pool move the first and not the
 * second, so the difference between a figure on one layer and on the other is the solidarity.
 *
 * M2 to M8 and M15 are computed on either: make the layer's flows, and give them to the functions
 * of policies/reciprocity.h, one_way.h, components.h and circulation.h, or to policies/figures.h,
 * which does it all. Pure functions, any thread. */
#ifndef POLICIES_LAYERS_H
#define POLICIES_LAYERS_H

#include <stddef.h>
#include <stdint.h>

#include "policies/ratio.h"
#include "policies/reciprocity.h"

enum layer {
    LAYER_HELP,
    LAYER_ACCOUNT,
    LAYERS,
};

/* What one organisation gave another in the window, and what of it nobody is expected to return. */
struct help {
    uint32_t from, to; /* different */
    int64_t minutes;   /* all of them; gift and pooled are a part, gift + pooled <= minutes */
    int64_t gift;      /* given without being counted */
    int64_t pooled;    /* counted for who gave, and carried by the pool for who received */
    int64_t count;     /* exchanges */
};

/* The flows of one layer, in the order of the n pairs of help, without those that have no minutes
 * there. Returns how many; out[] has room for n. A flow keeps the count of its pair: on the account
 * layer that is the number of exchanges between the two, whoever carries them. O(n). */
size_t layer_flows(const struct help *help, size_t n, enum layer layer, struct flow *out);

/* M13, solidarity share: of all minutes, those that were gifts or paid by the pool. Not known if
 * there are none. O(n). */
struct ratio layer_solidarity(const struct help *help, size_t n);

#endif
