/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Skills: which of them hang on a single organisation.
 *
 * Choice cannot balance what only one can give, so a second provider of a skill is worth more than
 * any parameter. Skills are numbered 0..skills-1, as in the network's catalogue. Pure functions,
 * any thread. */
#ifndef POLICIES_SKILLS_H
#define POLICIES_SKILLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days back in which a skill was asked for; days back in which an offer was made or renewed. */
#define SKILLS_REQUESTED_DAYS 365
#define SKILLS_CONFIRMED_DAYS 180

/* Somebody offers a skill. */
struct skill_offer {
    uint32_t skill, provider;
};

/* Who stands behind one skill. */
struct skill_hold {
    uint32_t providers; /* different ones: 0, 1, or 2 for two and more */
    uint32_t provider;  /* the one, if providers is 1; else without meaning */
    bool requested;
    bool hangs; /* requested, and providers is 0 or 1 */
};

/* M9: fills out[0..skills-1] and returns how many of them hang. offers[] are the open offers that
 * were confirmed or renewed within SKILLS_CONFIRMED_DAYS, in any order, the same one twice counting
 * once; requested[] says of each skill whether a need named it within SKILLS_REQUESTED_DAYS.
 * O(skills + n). */
size_t skills_hanging(const struct skill_offer *offers, size_t n, const bool *requested,
                      struct skill_hold *out, size_t skills);

#endif
