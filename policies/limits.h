/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How far an organisation may receive more than it gave, and what happens there.
 *
 * The position of an organisation is given minus received, in minutes. Its line says how far the
 * position may go either way. Crossing the floor is no fault: it opens a conversation. Only a hard
 * stop refuses, never an urgent need, and never a move that takes nothing more. The ceiling
 * refuses nothing; above it an organisation is simply no longer proposed as a provider.
 *
 * Pure functions, any thread. The policy must be within the ranges of its table. Every amount of
 * minutes lies within ±LIMITS_MINUTES_MAX, which is asserted: beyond it the ledger is broken. */
#ifndef POLICIES_LIMITS_H
#define POLICIES_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct policy;

/* Three such amounts add up without leaving an int64. */
#define LIMITS_MINUTES_MAX ((int64_t)1 << 60)

/* All in positive minutes: the position may go down to -floor, or -hard_floor where soft. */
struct line {
    int64_t floor;
    int64_t ceiling;
    int64_t hard_floor; /* >= floor */
};

/* The line of an organisation. given_365: minutes given in the window, >= 0; gifts_confirmed:
 * exchanges it gave in that both sides confirmed, ever, >= 0. With fewer than
 * limit_floor_new_gifts of them the floor is limit_floor_new; after that it is limit_floor_base
 * plus what giving adds, at most limit_floor_max, and not below limit_floor_new, so that giving
 * never narrows a line. */
void limits_line(const struct policy *policy, int64_t given_365, int64_t gifts_confirmed,
                 struct line *line);

/* Widens a line as long as a crisis is in force: its floor by crisis_floor_permille, and its hard
 * stop with it. */
void limits_in_crisis(const struct policy *policy, struct line *line);

enum limit_context {
    LIMIT_AGREEMENT, /* minutes are being reserved by an agreement */
    LIMIT_DIRECT,    /* minutes are being recorded without an agreement */
};

/* The receiver's counters before the entry, and what the entry adds. */
struct limit_input {
    int64_t position;         /* posted: given - received, with pool and gift moves */
    int64_t pending_received; /* >= 0; reserved by agreements, counts against the receiver */
    int64_t pending_given;    /* >= 0; reserved by agreements, does not help: not given yet */
    int64_t extra_received;   /* what the entry adds; <= 0 takes nothing more */
    bool urgent;              /* for an urgent need whose urgency a third organisation confirmed */
    enum limit_context context;
};

enum limit_verdict {
    LIMIT_PASS,
    LIMIT_PASS_SOFT, /* passes beyond the floor: opens a conversation */
    LIMIT_REFUSED,
};

/* The verdict and its figures, which a refusal and a preview show as they are. */
struct limit_decision {
    enum limit_verdict verdict;
    int64_t projected;    /* position - pending_received - extra_received */
    int64_t floor;        /* of the line, positive minutes */
    int64_t hard_floor;   /* of the line, positive minutes */
    int64_t refused_past; /* the one of the two that refuses in this context, if not urgent */
    int64_t allowed_more; /* the largest extra_received that passes if not urgent, >= 0 */
};

/* Decides whether an organisation may receive extra_received more. A projection exactly at a limit
 * passes. Refused: past the hard stop; in LIMIT_AGREEMENT with limit_soft = 0 already past the
 * floor. Never refused: urgent, or extra_received <= 0 (which is always LIMIT_PASS). */
void limits_decide(const struct policy *policy, const struct line *line,
                   const struct limit_input *input, struct limit_decision *decision);

/* Whether a position lies beyond the ceiling; exactly at it does not. */
bool limits_above_ceiling(const struct line *line, int64_t position);

#endif
