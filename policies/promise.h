/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Promises: how many were kept, and the steps that may follow broken ones (SPEC 18.7).
 *
 * They say nothing of positions, and positions nothing of them. The software takes no step beyond
 * a message; these functions say whether there is ground for one that people take, and what one in
 * force asks for. Pure functions, any thread. */
#ifndef POLICIES_PROMISE_H
#define POLICIES_PROMISE_H

#include <stdbool.h>
#include <stdint.h>

struct policy;

/* The days over which a standing counts, and the steps that people take. */
#define PROMISE_STANDING_DAYS 365
enum promise_step {
    PROMISE_NO_STEP = 0,
    PROMISE_MEETING = 2,
    PROMISE_COSIGNED = 3, /* what it gives it promises with a cosigner */
    PROMISE_PAUSED = 4,   /* and its requests that are not urgent rest */
};

/* 1000 * (kept + 2) / (kept + broken + 2): 1000 while nothing was broken. */
int64_t promise_standing(int64_t kept, int64_t broken);

/* The last step about an organisation; step PROMISE_NO_STEP: there was none. */
struct promise_last {
    int64_t step;
    int64_t at, until; /* ms */
    int64_t ended_at;  /* ms; 0: nobody ended it */
    bool appealed, confirmed;
};

/* Not ended, and not over by itself; in force: not appealed either. */
bool promise_step_live(const struct promise_last *last, int64_t at);
bool promise_step_in_force(const struct promise_last *last, int64_t at);

/* What is known when a step is to be taken. */
struct promise_facts {
    struct promise_last last;
    int64_t broken;    /* in the last promise_days days, not excused */
    bool broken_since; /* one was broken, and not excused, after the last step was set */
    bool panel;        /* the panel decides */
};

enum promise_ground {
    PROMISE_UNFOUNDED,
    PROMISE_FOUNDED,
    PROMISE_CONFIRMS, /* the panel upholds a step that was appealed */
};

/* Whether there is ground for that step at that moment. */
enum promise_ground promise_ground(const struct policy *policy, const struct promise_facts *facts,
                                   int64_t step, int64_t at);

#endif
