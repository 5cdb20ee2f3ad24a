/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The class of an open need (SPEC 18.2): 0 is looked at first, 3 last. Who waits moves up, but only
 * an urgency that others vouch for reaches class 0. Pure function, any thread. */
#ifndef POLICIES_NEED_CLASS_H
#define POLICIES_NEED_CLASS_H

#include <stdbool.h>
#include <stdint.h>

struct policy;

#define NEED_CLASS_LAST 3

struct need_facts {
    bool urgent;          /* its urgency is in force */
    int64_t status_class; /* of the asker's status in force, 1..3; 0: none */
    int64_t ordinal;      /* which one of the asker's needs it is, from 1 */
    int64_t published_at; /* ms */
};

/* The class at a moment, which is not before published_at (asserted). */
int64_t need_class(const struct policy *policy, const struct need_facts *need, int64_t at);

#endif
