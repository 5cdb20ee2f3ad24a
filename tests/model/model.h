/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A second reading of SPEC.md: what an entry must do, told with plain arrays and brute force.
 *
 * Nothing here comes from ledger/ or policies/, and nothing there knows of this: two texts written
 * apart from the same specification, so that a test can hold one against the other. The model keeps
 * the list of everything that was recorded and computes every figure from that list when asked. It
 * has no clock, no store and no signatures.
 *
 * The specification does not say in which order checks are made. A text that breaks several rules
 * may be refused for any of them, so model_check() answers the set of all codes that fit; most
 * often it has one member. An empty set means that the entry must be accepted.
 *
 * One model belongs to one thread. Running out of memory or room is an assertion failure.
 */
#ifndef SEM_TESTS_MODEL_MODEL_H
#define SEM_TESTS_MODEL_MODEL_H

#include "tests/model/op.h"

/* --- What the model remembers ---------------------------------------------------------------- */

enum m_life { M_OPEN, M_WITHDRAWN, M_EXPIRED, M_MET, M_CLOSED, M_CANCELLED };

struct m_status { /* the last one; class 0: there was none */
    int class;
    int64_t levy, pool; /* permille */
    int64_t granted_at, until;
    bool ended;
};

struct m_step { /* the last one; step 0: there was none */
    int step;
    int64_t set_at, until;
    int64_t ended_at; /* 0: it was not ended */
    bool appealed, confirmed;
};

struct m_org { /* organisation `number` stands at orgs[number]; orgs[0] is the pool */
    char handle[M_HANDLE];
    bool left;
    bool is_public, has_sheet;
    int64_t admitted_at, left_at;
    int64_t confirmed_at; /* -1: never updated nor confirmed */
    int64_t mandate[3];   /* until, by role; 0: none */
    int64_t capacity, fte; /* -1: not declared */
    struct m_status status;
    struct m_step step;
    int64_t leaning_since, strained_since; /* 0: it is not */
};

struct m_key {
    int org;
    char key[M_HEX64];
    uint32_t key_id;
    int scope; /* 1 admin, 2 sign, 3 propose */
    int64_t ceiling;
    bool revoked;
};

struct m_entry { /* every leaf; entries.v[index] */
    int author; /* 0: the clock */
    char id[M_ID];
    enum m_kind kind;
    uint64_t index;
    int64_t at;
    char *text;
};

struct m_offer {
    int author;
    char id[M_ID];
    int n_providers, providers[M_PARTIES];
    int64_t expires;
    bool withdrawn;
    int64_t ended_at; /* of the entry or tick that ended it; 0: none did */
};

struct m_vouch {
    int org;
    int64_t at, until;
    bool by_panel;
};

struct m_need {
    int author;
    char id[M_ID];
    int64_t minutes, expires, served;
    int64_t ended_at; /* as of an offer */
    bool urgent, withdrawn, met;
    int64_t published_at;
    int64_t in_time; /* received for it while it was open */
    int ordinal;     /* which of its asker's needs, from 1 */
    bool fragile;    /* its asker was when it was published */
    int n_vouches;
    struct m_vouch vouches[M_VOUCHES];
};

struct m_reserved {
    int from, to;
    int64_t minutes, recorded;
};

struct m_agreement {
    int author;
    char id[M_ID];
    int64_t expires, ended_at;
    bool closed, cancelled;
    int offer, need; /* places in the arrays, -1: none */
    int n;
    struct m_reserved pairs[M_SHARES];
    int n_excused, excused[M_PARTIES];
};

struct m_hours { /* its exchanges stand at exchanges[first] .. [first + n - 1] */
    int author;
    char id[M_ID];
    int64_t at;
    int first, n;
    int need; /* for which the minutes count, directly or through the agreement; -1: none */
};

struct m_exchange {
    int hours, from, to;
    int64_t minutes, back; /* recorded, and taken back since */
    int32_t bucket;        /* UTC day of the entry's time */
    bool gift;
    int64_t paid, first_paid; /* by the pool: what is left of it, and what it was at first */
};

struct m_transfer { /* of position: who left, gifts to the pool, closings */
    int from, to;
    int64_t minutes;
};

struct m_detail {
    int author;
    char id[M_ID];
    int slot; /* 1 details, 2 people, 3 reason, 4 skills */
    int n_owners, owners[M_PARTIES];
    bool erased;
    uint64_t erased_index;
};

struct m_closed { /* what a closing did to an organisation, or (org 0) in all */
    int64_t moment;
    int org;
    int64_t given, forgiven;
    int64_t deficit, budget; /* of 0 alone */
};

/* A growing array: `n` items at `v`. */
#define M_LIST(type) \
    struct { \
        type *v; \
        int n, room; \
    }

struct model {
    bool founded;
    struct m_founding network;
    uint64_t size;  /* leaves */
    uint64_t sealed; /* index of the last seal; of the founding while there is none */
    int64_t last_at;
    /* The first four bytes by which a key of an organisation is found; given by the test. */
    uint32_t (*key_id)(const char *handle, const char *key);
    /* The root of the log at a size, 64 hex digits; false: not known yet. Given by the test. */
    bool (*root_at)(uint64_t size, char out[static M_HEX64]);
    int n_orgs; /* highest number */
    struct m_org orgs[M_ORGS];
    M_LIST(struct m_key) keys;
    M_LIST(struct m_entry) entries;
    M_LIST(struct m_offer) offers;
    M_LIST(struct m_need) needs;
    M_LIST(struct m_agreement) agreements;
    M_LIST(struct m_hours) hours;
    M_LIST(struct m_exchange) exchanges;
    M_LIST(struct m_transfer) transfers;
    M_LIST(struct m_detail) details;
    M_LIST(struct m_closed) closings;
    int64_t budget;       /* of the pool in this quarter */
    int64_t crisis_until; /* 0: there was none */
};

void model_init(struct model *m);
void model_free(struct model *m);

/* Room for one more item at the end of a list, zeroed; used through M_ADD. */
void *model_grow(void *list_v, int *n, int *room, size_t item);
#define M_ADD(list) \
    ((__typeof__((list).v))model_grow(&(list).v, &(list).n, &(list).room, sizeof *(list).v))

/* --- Predictions ----------------------------------------------------------------------------- */

/* The time of the leaf (SPEC 5.1, 15), or a set of codes. */
m_codes model_entry_time(const struct model *m, const struct op *op, int64_t now, int64_t *at);

/* True when the log holds this very text, at *index (SPEC 1.2: ids make retries harmless). */
bool model_known(const struct model *m, const struct op *op, const char *text, uint64_t *index);

/* Every code with which `op` may be refused at time `at`, due ticks being done; 0: accepted. */
m_codes model_check(const struct model *m, const struct op *op, int64_t at);

/* What an accepted operation does. */
void model_apply(struct model *m, const struct op *op, int64_t at, const char *text);

/* Whose signatures an operation that passes needs (SPEC 6), sorted by handle. */
struct m_signer {
    const char *handle;
    bool admin;      /* only an admin key will do */
    bool own_key;    /* the key stands in the entry */
    int64_t minutes; /* of the shares in which it takes part */
};
int model_signers(const struct model *m, const struct op *op, struct m_signer out[static M_ORGS]);

/* One due moment. */
enum m_due_type {
    M_AGREEMENT_EXPIRY,
    M_NEED_EXPIRY,
    M_OFFER_EXPIRY,
    M_URGENCY_LAPSE,
    M_CRISIS_CHECK,
    M_POOL_CLOSING
};
struct m_due {
    int64_t moment;
    enum m_due_type type;
    int author; /* 0: the calendar */
    char id[M_ID];
};
const char *m_due_word(enum m_due_type type);
/*
 * Every moment after the last leaf and not after `until`, in the order of ticks (SPEC 5.2). The
 * caller frees *out. Returns how many.
 */
int model_due(const struct model *m, int64_t until, struct m_due **out);
/* The first of all that will ever be; false before the founding. */
bool model_next_due(const struct model *m, struct m_due *out);
/*
 * Moments come one by one, in that order, before the tick that holds them; `at` is the time of the
 * tick. Writes the lines of one that are hashed (SPEC 6.10); returns their length.
 */
#define M_LINES_SIZE 16384
size_t model_moment(struct model *m, const struct m_due *due, int64_t at,
                    char out[static M_LINES_SIZE]);
/* One tick of that text is in the log; the last of those at one time is followed by... */
void model_tick(struct model *m, int64_t at, const char *text);
/* ... this: everything due until `at` is done. */
void model_ticked(struct model *m, int64_t at);

/* True when the next leaf must be a seal (SPEC 6.11), and one of that text is in the log. */
bool model_seal_due(const struct model *m);
void model_seal(struct model *m, int64_t at, const char *text);

/* --- Figures, computed from the lists -------------------------------------------------------- */

struct m_figures {
    int64_t given, received, given_pending, received_pending, moves;
    int64_t given_gifts, received_gifts, given_count, received_count;
    int64_t given_year, received_year;
    int64_t pool_received;
    int64_t last_given, last_received; /* `at` of the newest record; 0: none */
};
/* Of every organisation there is, pool included, for the window that ends with `day`. */
void model_figures(const struct model *m, int32_t day, struct m_figures out[static M_ORGS]);
int64_t m_position(const struct m_figures *f);
void m_counters(const struct m_figures *f, int64_t out[static M_COUNTERS]);

/* The line below zero of an organisation (SPEC 8.1). */
struct m_line {
    int64_t floor, hard;
};
struct m_line model_line(const struct model *m, const struct m_figures *f, int64_t at);

/* The state of things at a time. */
enum m_life offer_life(const struct m_offer *o, int64_t at);
enum m_life need_life(const struct m_need *n, int64_t at);
enum m_life agreement_life(const struct m_agreement *a, int64_t at);
/* The vouch that makes a need urgent in force, or NULL. */
const struct m_vouch *need_in_force(const struct m_need *n, int64_t at);
/* What live agreements, `without` one, still keep for the asker of a need. */
int64_t need_kept(const struct model *m, int need, int64_t at, const struct m_agreement *without);

/* --- The pool, promises and steps (SPEC 18): model_pool.c, model_steps.c ---------------------- */

/*
 * True when the urgency of the need lets the shares of an operation past every line (SPEC 8.2).
 * `own`: the agreement that is changed, or recorded under, or NULL.
 */
bool model_urgent(const struct model *m, const struct op *op, int64_t at, int need,
                  const struct m_agreement *own);
/* What a need still asks for beside what live agreements, `without` one, keep; not below 0. */
int64_t model_need_asks(const struct model *m, int need, int64_t at,
                        const struct m_agreement *without);
/* True when it can be referred to. */
bool model_need_in_reach(const struct model *m, int need, int64_t at);
/* What the pool has paid, or was bound to, since the quarter of `at` began. */
int64_t model_spent(const struct model *m, int64_t at);
int64_t model_budget_left(const struct model *m, int64_t at);
/* Of minutes that an organisation asks for, what the pool can pay at most (SPEC 8.2). */
int64_t model_covers(const struct model *m, int org, int64_t at, int need,
                     const struct m_agreement *own);
/* What the pool pays of each share of a record, which is not in the lists yet. */
void model_payments(const struct model *m, const struct op *op, int64_t at, int need,
                    const struct m_agreement *own, int64_t paid[static M_SHARES]);
/* `total` dealt out in proportion, the missing minutes by the largest remainders (SPEC 18.5). */
void m_deal(int64_t total, const int64_t *weights, int n, int64_t *out);
struct m_member { /* of a closing */
    int64_t position, weight;
    bool fragile;
    int64_t given, forgiven;
};
/* Steps 1 to 3 of a closing; returns what is left in the pool. */
int64_t m_close(const struct m_policy *policy, int64_t pool, struct m_member *v, int n);
/* First moment of the quarter of a moment. */
int64_t m_quarter(int64_t at);

bool model_status_in_force(const struct m_status *s, int64_t at);
bool model_status_fragile(const struct m_status *s, int64_t at);
bool model_step_in_force(const struct m_step *s, int64_t at);
/* Vouchings without the panel, in the quarter of `at`. */
int model_vouched(const struct model *m, int asker, int64_t at);

enum m_outcome { M_NOTHING, M_KEPT, M_BROKEN };
bool agreement_gives(const struct m_agreement *a, int org);
/* Of a giver of an agreement that ended. */
enum m_outcome promise_outcome(const struct m_agreement *a, int org);
bool promise_excused(const struct m_agreement *a, int org);
/* Promises, not excused, that ended so on days from `first` to `last`, or after a moment. */
int model_promises(const struct model *m, int org, enum m_outcome outcome, int32_t first,
                   int32_t last);
bool model_broken_since(const struct model *m, int org, int64_t after);
/* True when `receiver` can excuse that giver of an agreement. */
bool model_excusable(const struct m_agreement *a, int giver, int receiver);
/* True when promises and the last step give reason for a step (SPEC 6.16); *confirmed: for (a). */
bool model_step_founded(const struct model *m, int org, int step, bool panel, int64_t at,
                        bool *confirmed);
/* The class of an open need (SPEC 18.2). */
int model_class(const struct model *m, const struct m_need *n, int64_t at);
/* The counters of an organisation changed at `at`: looks whether it leans, or is strained. */
void model_look(struct model *m, int org, const struct m_figures *f, int64_t at);

/* The last moment at which something that ended or was recorded then can be referred to. */
int64_t model_reach(const struct model *m, int64_t ended_at);

/* True when nothing is left of a record. */
bool hours_wholly_reversed(const struct model *m, const struct m_hours *h);

/* --- Finding things -------------------------------------------------------------------------- */

int model_org(const struct model *m, const char *handle); /* number, -1: none */
bool model_coordinator(const struct model *m, int org, int64_t at);
bool model_panel(const struct model *m, int org, int64_t at);
bool model_has_skill(const struct model *m, const char *slug);
/* Places of things by reference, -1: none. */
int model_offer(const struct model *m, const char *ref);
int model_need(const struct model *m, const char *ref);
int model_agreement(const struct model *m, const char *ref);
int model_hours(const struct model *m, const char *ref);
int model_detail(const struct model *m, const char *ref, int slot);
int model_key(const struct model *m, const char *key);
/* The reserved pair of an agreement, or NULL. */
struct m_reserved *agreement_pair(const struct m_agreement *a, int from, int to);
bool agreement_party(const struct m_agreement *a, int org);
int32_t m_day(int64_t at);

#endif
