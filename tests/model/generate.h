/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Histories of made-up networks: from a seed, one operation after another, most of them in order
 * and about a quarter with something wrong in one way. Swarm style: each seed draws its own policy,
 * its own number of organisations, its own mixture of kinds and its own pace, so that rare mixtures
 * come up too. The generator looks at the model to find what exists; what an operation must lead to
 * is for the model to say.
 */
#ifndef SEM_TESTS_MODEL_GENERATE_H
#define SEM_TESTS_MODEL_GENERATE_H

#include "tests/model/model.h"
#include "tests/model/random.h"

/* The organisation for which the test knows two keys with one key id, and their numbers. */
#define TWINS_HANDLE "tilleul"
#define KEY_TWIN_A (-1)
#define KEY_TWIN_B (-2)

struct plan { /* drawn once for a seed */
    int weights[M_KIND_COUNT];
    int steps[7];        /* weights of the ways in which time goes on */
    int wrong;           /* permille of operations with something wrong */
    int hot, urgent, gift, group, under_agreement, for_need, edge; /* permille */
    int soon;            /* permille of agreements that expire within weeks */
    int64_t minutes_max; /* of one share, in ordinary operations */
    int orgs_max, active_min;
    bool hoard; /* piles up things to let them expire all at once */
};

struct generator {
    struct rng rng;
    struct plan plan;
    const struct model *m;
    struct m_founding founding;
    int64_t now, at; /* the clock; the time that the operation will have in the log */
    int operations;
    int keys_used, keys_max;
    /* The number-th acceptable key, 64 hex digits; given by the test. */
    void (*key)(int number, char out[static M_HEX64]);
};

/* `m` is borrowed and may change between calls; key(0) .. key(keys_max - 1) are all different. */
void generator_init(struct generator *g, uint64_t seed, const struct model *m, int keys_max,
                    void (*key)(int, char[static M_HEX64]));

/* The next operation; g->now is the time of the clock at which it comes. */
void generator_next(struct generator *g, struct op *op);

/* --- Between the files of the generator ------------------------------------------------------- */

void set_text(char *to, size_t size, const char *from);
#define SET(to, from) set_text(to, sizeof(to), from)
void set_ref(const struct generator *g, char out[static M_REF], int author, const char *id);
/* A new id of the given time. */
void set_id(struct generator *g, struct op *op, int64_t time);
void commitment(struct generator *g, char out[static M_HEX64]);
/* A key nobody has; false when there are no more. */
bool new_key(struct generator *g, char out[static M_HEX64]);
/* A handle nobody had: a letter, digits, sometimes a second part. */
void new_handle(struct generator *g, char out[static M_HANDLE]);
int count_active(const struct generator *g);
/* A random active organisation, not `but`; -1 when there is none. */
int pick_org(struct generator *g, int but);
int pick_left_org(struct generator *g);
/* Places of open things, the younger ones more often; -1 when none is found. */
int pick_offer(struct generator *g);
int pick_need(struct generator *g);
int pick_agreement(struct generator *g);
/* A moment after g->at, often at the end of what is allowed or together with something else. */
int64_t pick_expires(struct generator *g, int64_t days_max);
void pick_type_and_skill(struct generator *g, struct op *op);
const char *handle_of(const struct generator *g, int org);
void author(struct generator *g, struct op *op, int org);
/* Of one share. */
int64_t pick_minutes(struct generator *g);
/* Unless the pair is there already, or is none. */
void add_share(struct generator *g, struct op *op, int from, int to, int64_t minutes);
void sort_shares(struct op *op);
/*
 * One giver and one receiver, -1 for any, or a group: several givers, several receivers, or a mesh.
 */
void pick_shares(struct generator *g, struct op *op, int giver, int receiver);
/*
 * Brings a single share to a line of its receiver, or one minute to either side; or, most often,
 * down to it, so that histories do not consist of refusals.
 */
void to_the_edge(struct generator *g, struct op *op);
/* What an organisation may still receive, up to its hard stop or its floor. */
int64_t line_room(const struct generator *g, int org, bool hard);
void author_among_shares(struct generator *g, struct op *op);
/* Nothing in it but its kind. */
void start_op(struct op *op, enum m_kind kind);
/* One about something that can be referred to until g->at, give or take a millisecond. */
bool make_late(struct generator *g, struct op *op);
/*
 * An exchange for a need whose urgency is in force, past the line of its asker, that the urgency
 * lets through; or, often, for a single reason does not.
 */
bool make_urgent(struct generator *g, struct op *op);
/* An exchange for a need of which the pool pays a part. */
bool make_supported(struct generator *g, struct op *op);
/* A step about one whose broken promise counts for the last day, or no more. */
bool make_aged(struct generator *g, struct op *op);
/* Parts of it, in make.c. */
bool make_urgent_need(struct generator *g, struct op *op, int org);
bool make_vouch_for(struct generator *g, struct op *op, int need);
/* Something urgent of an organisation at step 4. */
bool make_paused(struct generator *g, struct op *op);
bool urgency_in_force(const struct generator *g);
/* One operation of a kind, meant to be in order; false when there is nothing to do it with. */
bool make_kind(struct generator *g, struct op *op, enum m_kind kind);
/*
 * Organisations with a panel mandate in force, at least so many, but not these two; false when
 * there are too few.
 */
bool pick_panel(struct generator *g, struct op *op, int but, int but_too, int least);
/* The author is a coordinator in force, but not that organisation; false when there is none. */
bool deciding_coordinator(struct generator *g, struct op *op, int org);
/* Where a giver needs one, most often; or for no reason. */
void pick_cosigner(struct generator *g, struct op *op);
/* True for an operation that step 4 would refuse, unless it is to be tried all the same. */
bool rests(struct generator *g, const struct op *op);

/* --- make_steps.c, for make.c ----------------------------------------------------------------- */

bool make_pool_give(struct generator *g, struct op *op);
bool make_status_grant(struct generator *g, struct op *op);
bool make_status_end(struct generator *g, struct op *op);
bool make_excuse(struct generator *g, struct op *op);
bool make_step_set(struct generator *g, struct op *op);
bool make_step_end(struct generator *g, struct op *op);
bool make_appeal(struct generator *g, struct op *op);

/* --- spoil_steps.c, for spoil.c: false where there is nothing to spoil ------------------------ */

bool wrong_panel(struct generator *g, struct op *op);
bool no_panel(struct generator *g, struct op *op);
bool step_without_reason(struct generator *g, struct op *op);
bool decided_alone(struct generator *g, struct op *op);
bool end_of_nothing(struct generator *g, struct op *op);
bool appeal_again(struct generator *g, struct op *op);
bool more_than_position(struct generator *g, struct op *op);
bool excuse_anything(struct generator *g, struct op *op);
bool wrong_cosigner(struct generator *g, struct op *op);
bool bad_until(struct generator *g, struct op *op);
bool too_generous(struct generator *g, struct op *op);

/* Makes one thing wrong with an operation, or with an admission in particular. */
bool spoil_admission(struct generator *g, struct op *op);
void spoil(struct generator *g, struct op *op);

#endif
