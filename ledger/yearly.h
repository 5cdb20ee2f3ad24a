/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A calendar year in figures (SPEC 18.11), of one organisation and of the network, read from one
 * snapshot: whatever it says adds up. Years are UTC; a closing at their first moment is theirs. A
 * struct state belongs to one thread.
 */
#ifndef SEM_LEDGER_YEARLY_H
#define SEM_LEDGER_YEARLY_H

#include "ledger/query.h"
#include "ledger/sheet.h"

#define YEARLY_MONTHS 12
#define YEARLY_CLOSINGS 4

/* From the first moment of a year to the last one of it that there is. */
struct year_span {
    int year;
    int64_t from, to; /* ms, both included */
    bool over;        /* to is the last of the year, not now */
    int months;       /* that have begun, 1 to 12 */
};

/* The span of a year at a moment; false when the year has not begun, or has no name. */
bool year_span(int year, int64_t now, struct year_span *out) __attribute__((warn_unused_result));

/*
 * What moved a position, minutes: position = given - received + gifts + pool_paid - pool_given +
 * handed_over - levied + forgiven. What was taken back counts when it was, with the other sign.
 */
struct year_sums {
    int64_t given, received;
    int64_t gifts;       /* takes gifts out of given (below zero) and received (above) */
    int64_t pool_paid;   /* what the pool carried of received */
    int64_t pool_given;  /* given to it by pool.give */
    int64_t handed_over; /* by who left: away (below zero) or to this one */
    int64_t levied, forgiven; /* by closings */
};

/* What they do to a position. */
int64_t year_moved(const struct year_sums *sums);

struct given_received {
    int64_t given, received;
};

struct yearly_org {
    int64_t opening, closing; /* positions */
    struct year_sums sums, months[YEARLY_MONTHS];
    struct given_received gifts;
    size_t n_closings;
    struct closing closings[YEARLY_CLOSINGS]; /* that moved something */
    size_t n_skills; /* of the catalogue; what names none stands behind it */
    struct given_received *skills;
    size_t n_partners; /* number i at place i, up to and without this */
    struct given_received *partners;
    struct {
        int64_t published, minutes; /* asked for in the year */
        int64_t met, expired, withdrawn;
        struct fill fill; /* of those met and expired */
    } needs;
    struct {
        int64_t signed_, closed, expired, cancelled;
    } agreements;
    struct {
        int64_t kept, broken, excused;
    } promises; /* of this one, that ended in the year */
};

/*
 * Reads the year of an organisation along its chain, all of it for needs and agreements: one or two
 * records an entry, and the text of each record of hours of the year. False without memory or when
 * the log cannot be read. Free with yearly_org_free(), also after false.
 */
bool yearly_org_make(struct state *s, const char *origin, const struct org *org,
                     const struct year_span *span, struct yearly_org *out)
    __attribute__((warn_unused_result));
void yearly_org_free(struct yearly_org *y);

struct yearly_network {
    struct help sums;                  /* of the year: minutes, gift, pooled, count of exchanges */
    struct help months[YEARLY_MONTHS]; /* the same */
    struct {
        int64_t before, admitted, left, after;
    } members;
    struct {
        int64_t opening, closing;
        int64_t given, handed_over, levied, forgiven, paid; /* closing - opening, in parts */
    } pool;
    size_t n_closings;
    struct closing closings[YEARLY_CLOSINGS]; /* all of the year's, moved or not */
    struct sheet sheet; /* of the rolling year at the end of the span */
};

/* Reads the year of the network: its pairs by day, its entries' records, and a sheet of a year. */
bool yearly_network_make(struct state *s, const struct year_span *span,
                         struct yearly_network *out) __attribute__((warn_unused_result));
void yearly_network_free(struct yearly_network *y);

#endif
