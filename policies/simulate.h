/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A simulated network: organisations, dated requests and rules in, positions and figures out.
 *
 * A world is a list of organisations and a list of dated requests. It may be drawn from a setting
 * (policies/simulate_draw.h) or come from a log; simulate_run() does not know which. The rules say
 * who is asked to give, when a request is refused, and what the common pool carries.
 *
 * The random part of a request - who is free, who is chosen by chance, whether the pool is drawn -
 * comes from a stream of its own, made of the world's seed and the request's id. Two sets of rules
 * therefore meet the same requests and the same availability, and a difference in the outcome is a
 * difference of the rules. After every step the positions and the pool add up to 0 (asserted).
 *
 * Pure: no clock, no input or output; the caller gives the memory, and only SIM_BATCH takes more
 * and gives it back. One run per memory at a time; runs with memories of their own may go on in
 * parallel. Minutes are int64, ratios per mille. */
#ifndef POLICIES_SIMULATE_H
#define POLICIES_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line;
struct policy;

#define SIM_ORGS_MAX      1024
#define SIM_REQUESTS_MAX  4000000
#define SIM_SKILLS_MAX    64
#define SIM_WEEKS_MAX     1040
#define SIM_MINUTES_MAX   100000 /* of one request, and of a week's capacity */
#define SIM_CLOSINGS_MAX  (SIM_WEEKS_MAX / 4)
#define SIM_DAYS_A_WEEK   7

enum sim_class { SIM_ESTABLISHED, SIM_REGULAR, SIM_FRAGILE, SIM_CLASSES };

/* "established", "regular", "fragile". */
const char *sim_class_name(enum sim_class c);

/* --- The world -------------------------------------------------------------------------------- */

struct sim_org {
    enum sim_class class;
    uint64_t skills;       /* bit s: can give skill s */
    int64_t capacity;      /* minutes it can give in a week, 0..SIM_MINUTES_MAX */
    int32_t joins, leaves; /* first day, and first day no longer; joins <= leaves */
};

struct sim_request {
    uint32_t id; /* names its random stream; different for each */
    uint32_t org;
    int32_t day; /* >= 0, not falling along the list; SIM_WEEKS_MAX * 7 at most */
    int32_t minutes; /* 1..SIM_MINUTES_MAX */
    uint8_t skill;
    bool urgent;
};

struct sim_world {
    const struct sim_org *orgs;
    size_t n_orgs; /* 1..SIM_ORGS_MAX */
    const struct sim_request *requests;
    size_t n_requests;
    int32_t weeks; /* steps; requests of later days are not looked at */
    uint64_t seed;
    int64_t free_permille;   /* how often a provider is free for a request */
    int64_t refuse_permille; /* how often one that is chosen says no; the next is asked */
    int32_t patience;        /* weeks an unserved request stays open; 0: it is lost at once */
};

/* --- The rules -------------------------------------------------------------------------------- */

#define SIM_NO_CAP (-1)

enum sim_choice {
    SIM_CHANCE, /* among those free, weighted by imitation */
    SIM_LOWEST, /* lowest line use; then fewest minutes to this receiver, longest unserved, lot */
    SIM_BATCH,  /* a week's requests matched at once (policies/matching.h) */
};
enum sim_ceiling {
    SIM_NO_CEILING,
    SIM_SOFT_CEILING, /* who would be above is asked only if nobody else is there */
    SIM_HARD_CEILING, /* who would be above is not asked */
};

struct sim_rules {
    enum sim_choice choice;
    int64_t imitation_permille; /* SIM_CHANCE: weight 60 + minutes given so far * this / 1000 */
    int64_t line;        /* minutes either way that line use is measured by; > 0 */
    bool floor;          /* a request that would cross -line is refused */
    enum sim_ceiling ceiling;
    int64_t pair_cap_permille; /* 0: no cap */
    int64_t pair_cap_minutes;  /* looked at once the receiver has received this much */
    int64_t pair_cap_cost;     /* line use, per mille, that being above the cap adds */
    bool fragile_first;  /* urgent requests first in a week, then those of the fragile */
    bool burden_guard;   /* fragile providers above the mean burden are asked only if nobody else */
    bool pool;
    int64_t pool_permille;        /* the share of fragile requests that the pool carries */
    int64_t pool_urgent_permille; /* the share of urgent ones, whoever asks */
    int64_t pool_cap;    /* minutes per contributing member between closings, or SIM_NO_CAP */
    int32_t close_weeks; /* from one closing to the next, >= 4 */
    /* The lines of a network's own policy document: floors that grow with giving, its hard stop,
     * its ceiling. NULL: line above, for all. Borrowed. */
    const struct policy *document;
};

/* --- The outcome ------------------------------------------------------------------------------ */

struct sim_tally {
    int64_t asked, served;                 /* requests */
    int64_t asked_minutes, served_minutes;
    int64_t at_floor, no_provider;         /* requests lost, by the last reason met */
    int64_t given_minutes, capacity_minutes;
    int64_t waited_weeks;                  /* of those served */
};

struct sim_outcome {
    struct sim_tally by_class[SIM_CLASSES];
    int64_t pool;          /* the pool's balance at the end; positions and pool add up to 0 */
    int64_t pool_paid;     /* minutes */
    int64_t pool_deepest;  /* the largest deficit before a closing, minutes >= 0 */
    int32_t closings;
    int64_t pool_path[SIM_CLOSINGS_MAX]; /* the balance before each closing */
};

/* Memory of a run, and where it keeps its figures. The arrays have n_orgs elements; the matrices
 * n_orgs * n_orgs, [giver * n_orgs + receiver]. */
struct sim_run {
    int64_t *position;
    int64_t *given, *received; /* help, whoever carries it */
    int64_t *gifts;            /* exchanges given in */
    int64_t *week_given;       /* in this week */
    int32_t *last_served;      /* week; -1: never */
    int64_t *helped;   /* matrix, the help layer */
    int64_t *accounted; /* matrix, the account layer: help less what the pool carried */
    int64_t *year;     /* n_orgs * SIM_YEAR_WEEKS, given by week, for the lines of a document */
    int64_t *year_sum;
    int64_t *share;    /* of a deficit */
    uint64_t *weight;  /* of the candidates at hand */
    uint32_t *candidate;
    uint32_t *waiting; /* requests to be tried, n_requests elements */
    size_t bytes;      /* of all of them */
};
#define SIM_YEAR_WEEKS 52

/* Bytes that a run needs, for sim_run_place(). */
size_t sim_run_bytes(size_t n_orgs, size_t n_requests);
/* Lays the arrays out in a block of that many bytes, aligned for any type. The caller keeps it. */
void sim_run_place(struct sim_run *run, void *memory, size_t n_orgs, size_t n_requests);

/* Plays the whole world under the rules. All arguments within their ranges (asserted). */
void simulate_run(struct sim_run *run, struct sim_outcome *out, const struct sim_world *world,
                  const struct sim_rules *rules);

/* The line of an organisation as it stands in a run, under the rules. */
void sim_line_of(struct line *line, const struct sim_run *run, const struct sim_rules *rules,
                 uint32_t org);

/* Debits a deficit (minutes > 0) to the members in proportion to their weights, by largest
 * remainder, the lower number first among equals: share[i] >= 0, and they add up to deficit. False,
 * and nothing touched, if all weights are 0. Weights lie within 0..2^53. */
bool sim_pool_shares(int64_t deficit, const int64_t *weight, int64_t *share, size_t n);

#endif
