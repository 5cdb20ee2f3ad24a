/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* hours.record, hours.reverse (SPEC 6.9). */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"
#include "policies/pool.h"
#include "policies/window.h"

#define DAYS_BACK_MAX 366 /* SPEC 6.9, `day` */

static int64_t minutes_to(const struct pair_minutes *pairs, size_t n, uint32_t receiver)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        if (pairs[i].to == receiver)
            sum += pairs[i].minutes;
    return sum;
}

/* --- hours.record ----------------------------------------------------------------------------- */

static const struct field record_fields[] = {
    {"agreement", F_REF, .optional = true, .offset = AT(hours_record.agreement)},
    {"day", F_DAY, .offset = AT(hours_record.day)},
    {"details", F_COMMIT, .optional = true, .offset = AT(hours_record.details)},
    {"done_by", F_WORD, .optional = true, .offset = AT(hours_record.done_by),
     .words = words_done_by},
    {"gift", F_FLAG, .optional = true, .offset = AT(hours_record.gift)},
    {"need", F_REF, .optional = true, .offset = AT(hours_record.need)},
    {"shares", F_SHARES, .offset = AT(hours_record.shares)},
    {"skill", F_SLUG, .optional = true, .offset = AT(hours_record.skill)},
};

static bool record_validate(const struct entry *e, struct refusal *why)
{
    const struct body_hours_record *b = &e->hours_record;
    if (b->agreement.by.s[0] != '\0' && b->need.by.s[0] != '\0')
        return refuse(why, CODE_field_invalid, "need",
                      "a need only without an agreement, which names its own", "both");
    return shares_validate(&b->shares, &e->by, why);
}

static bool record_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                           struct refusal *why)
{
    (void)r;
    (void)why;
    signers_of_shares(&e->hours_record.shares, set);
    return true;
}

static bool check_day(struct rules *r, int32_t day, struct refusal *why)
{
    int32_t today = window_day(r->at);
    if (day <= today && day >= today - DAYS_BACK_MAX)
        return true;
    char last[DAY_TEXT_BYTES], found[DAY_TEXT_BYTES], expected[80];
    day_format(last, today <= DAY_MAX ? today : DAY_MAX);
    day_format(found, day);
    snprintf(expected, sizeof expected, "at most %s, not more than %d days before it", last,
             DAYS_BACK_MAX);
    return refuse(why, CODE_day_out_of_range, "day", expected, "%s", found) ||
           refuse_values(why, "day", NULL, "%s", found);
}

/*
 * One pair under an agreement. *kept: the minutes that were reserved for it; none where the
 * agreement does not have the pair or has ended, which only a waived check lets through.
 */
static bool use_pair(struct agreement *a, const struct pair_minutes *p, size_t i, int64_t *kept,
                     struct refusal *why)
{
    struct pair_minutes *agreed = find_pair(a->pairs, a->n, p->from, p->to);
    *kept = 0;
    if (agreed == NULL)
        return refuse(why, CODE_parties_mismatch, "shares",
                      "givers and receivers as the agreement pairs them", "share %zu is new", i);
    int64_t left = agreed->minutes - agreed->other;
    char path[SHARE_PATH_SIZE];
    snprintf(path, sizeof path, "shares[%zu]", i);
    if (p->minutes > left)
        return refuse_minutes(why, CODE_hours_over_agreement, path, p->minutes, "at most", left);
    agreed->other += p->minutes;
    *kept = a->life == LIFE_OPEN ? p->minutes : 0;
    return true;
}

/* What an entry takes of what agreements keep for its need. */
struct reserved {
    int64_t before; /* under its own agreement */
    int64_t used;   /* by it */
};

/* Under an agreement: each pair has the minutes left; they move from reserved to recorded. */
static bool use_agreement(struct rules *r, const struct ref *ref, struct hours *h,
                          struct reserved *reserved, struct refusal *why)
{
    struct agreement a;
    if (!find_agreement(r, ref, &a, why) ||
        !check_open(why, "agreement", ref, (enum life)a.life))
        return false;
    if (a.has_need && a.life == LIFE_OPEN)
        reserved->before = pairs_left_to(a.pairs, a.n, a.need.author);
    for (size_t i = 0; i < h->n; i++) {
        const struct pair_minutes *p = &h->pairs[i];
        int64_t kept;
        if (!use_pair(&a, p, i, &kept, why))
            return false;
        books_reserve(r, p->from, p->to, -kept);
        reserved->used += a.has_need && p->to == a.need.author ? kept : 0;
    }
    state_put_agreement(r->state, &a);
    h->has_agreement = true;
    h->agreement = a.key;
    h->has_need = a.has_need;
    h->need = a.need;
    return true;
}

/* Without one: the receivers' lines decide, unless the givers want nothing counted back. */
static bool check_direct(struct rules *r, const struct body_hours_record *b, struct hours *h,
                         struct refusal *why)
{
    struct need need = {.urgent_until = 0};
    if (b->need.by.s[0] != '\0') {
        if (!find_need(r, &b->need, &need, why))
            return false;
        if (minutes_to(h->pairs, h->n, need.key.author) == 0 &&
            !refuse(why, CODE_agreement_mismatch, "need", "its asker to receive", "%s does not",
                    b->need.by.s))
            return false;
        h->has_need = true;
        h->need = need.key;
    }
    if (b->gift)
        return true;
    struct limit_ask ask = {.context = LIMIT_DIRECT};
    if (h->has_need) {
        ask.urgent = urgent_for(&need, h->pairs, h->n, 0);
        ask.asker = need.key.author;
        ask.still_asks = need_still_asks(&need, 0);
    }
    uint32_t receivers[PARTIES_MAX];
    size_t n = pairs_orgs(h->pairs, h->n, 1, receivers);
    for (size_t i = 0; i < n; i++)
        if (!check_limit(r, receivers[i], minutes_to(h->pairs, h->n, receivers[i]), &ask, why))
            return false;
    return true;
}

/* SPEC 18.4: what the common pool takes over from the asker of the need. */
static void pay_from_pool(struct rules *r, struct hours *h, int64_t reserved)
{
    struct need need;
    struct status status = {.class = 0};
    struct quarter quarter;
    struct line line;
    if (!h->has_need || h->gift || !state_need(r->state, &h->need, &need) ||
        !need_in_reach(r, &need))
        return;
    struct org *asker = books_org(r, need.key.author);
    state_roll_window(r->state, asker, window_day(r->at));
    state_line(r->state, asker, r->at, &line);
    state_quarter(r->state, &quarter);
    (void)state_status_class(r->state, asker->number, r->at, &status);
    struct pool_case c = {.urgent = urgent_for(&need, h->pairs, h->n, reserved),
                          .class = status.class,
                          .pool_permille = status.pool_permille,
                          .minutes = minutes_to(h->pairs, h->n, asker->number),
                          .asked = need.minutes - need.served,
                          .position = org_position(asker),
                          .floor = line.floor};
    struct pool_purse purse = {.eligible = pool_eligible(&c),
                               .left = quarter.budget - quarter.spent};
    int64_t rate = pool_rate(&r->state->network.found.policy, &c);
    for (size_t i = 0; i < h->n; i++)
        if (h->pairs[i].to == asker->number)
            h->pairs[i].paid = pool_pay(&purse, rate, h->pairs[i].minutes);
    if (r->outcome != NULL) {
        int64_t left = quarter.budget - quarter.spent;
        r->outcome->has_pool = true;
        r->outcome->pool = (struct pool_note){asker->number, c.minutes,         pool_eligible(&c),
                                              rate,          left - purse.left, left};
    }
    if (purse.left == quarter.budget - quarter.spent)
        return;
    quarter.spent = quarter.budget - purse.left;
    state_put_quarter(r->state, &quarter);
}

/*
 * Minutes served for a need grow or shrink; enough of them close it. `kept` of them were reserved
 * before, under an agreement. A need that ended long ago may be forgotten (ledger/audit.h).
 */
static void serve_need(struct rules *r, const struct hours *h, int64_t minutes, int64_t kept)
{
    struct need need;
    if (!h->has_need || !state_need(r->state, &h->need, &need))
        return;
    need.served += minutes;
    need.reserved -= kept;
    if (need.life == LIFE_OPEN && minutes > 0)
        need.in_time += minutes;
    if (minutes < 0)
        need.in_time = need.in_time > -minutes ? need.in_time + minutes : 0;
    if (need.life == LIFE_OPEN && need.served >= need.minutes)
        need_end(r, &need, LIFE_MET);
    else
        state_put_need(r->state, &need);
}

static bool record_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_hours_record *b = &e->hours_record;
    struct hours h = {.key = own_key(r, e),
                      .index = r->index,
                      .at = r->at,
                      .day = b->day,
                      .bucket = window_day(r->at),
                      .gift = b->gift,
                      .counted = true};
    if (!find_pairs(r, &b->shares, &h.n, h.pairs, why) || !check_day(r, b->day, why) ||
        !check_skill(r, &b->skill, why))
        return false;
    bool under_agreement = b->agreement.by.s[0] != '\0';
    struct reserved reserved = {.before = 0};
    if (under_agreement ? !use_agreement(r, &b->agreement, &h, &reserved, why)
                        : !check_direct(r, b, &h, why))
        return false;
    pay_from_pool(r, &h, reserved.before);
    for (size_t i = 0; i < h.n; i++)
        books_post(r, &h, &h.pairs[i], h.pairs[i].minutes, h.pairs[i].paid, 1);
    books_count(r, h.pairs, h.n, 1);
    if (h.has_need)
        serve_need(r, &h, minutes_to(h.pairs, h.n, h.need.author), reserved.used);
    state_put_hours(r->state, &h);
    uint32_t parties[PARTIES_MAX];
    size_t n = pairs_orgs(h.pairs, h.n, 2, parties);
    put_commit(r, e, SLOT_DETAILS, "hours", &b->details, parties, n);
    return true;
}

const struct kind kind_hours_record = {.name = "hours.record",
                                       .id = KIND_HOURS_RECORD,
                                       FIELDS(record_fields),
                                       .validate = record_validate,
                                       .signers = record_signers,
                                       .apply = record_apply};

/* --- hours.reverse ---------------------------------------------------------------------------- */

static const struct field reverse_fields[] = {
    {"hours", F_REF, .offset = AT(hours_reverse.hours)},
    {"shares", F_SHARES, .offset = AT(hours_reverse.shares)},
};

static bool reverse_validate(const struct entry *e, struct refusal *why)
{
    return shares_validate(&e->hours_reverse.shares, &e->by, why);
}

static bool reverse_signers(struct rules *r, const struct entry *e, struct signer_set *set,
                            struct refusal *why)
{
    (void)r;
    (void)why;
    signers_of_shares(&e->hours_reverse.shares, set);
    return true;
}

/* Where there is no such pair and that is waived, there is nothing to take back. */
static bool take_back(struct rules *r, struct hours *h, struct pair_minutes *back, size_t i,
                      struct refusal *why)
{
    struct pair_minutes *p = find_pair(h->pairs, h->n, back->from, back->to);
    if (p == NULL) {
        back->minutes = 0;
        return refuse(why, CODE_parties_mismatch, "shares", "pairs of the recorded hours",
                      "share %zu is none", i);
    }
    int64_t left = p->minutes - p->other;
    char path[SHARE_PATH_SIZE];
    snprintf(path, sizeof path, "shares[%zu]", i);
    if (back->minutes > left)
        return refuse_minutes(why, CODE_reverse_too_much, path, back->minutes, "at most", left);
    int64_t stays = pool_stays(p->paid, left, back->minutes), returns = p->paid - stays;
    p->other += back->minutes;
    p->paid = stays;
    books_post(r, h, p, -back->minutes, -returns, p->other == p->minutes ? -1 : 0);
    return true;
}

static bool wholly_taken_back(const struct hours *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->pairs[i].other < h->pairs[i].minutes)
            return false;
    return true;
}

static bool reverse_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_hours_reverse *b = &e->hours_reverse;
    struct hours h;
    struct pair_minutes back[SHARES_MAX];
    size_t n;
    if (!find_hours(r, &b->hours, &h, why) || !find_pairs(r, &b->shares, &n, back, why))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!take_back(r, &h, &back[i], i, why))
            return false;
    if (h.counted && wholly_taken_back(&h)) {
        h.counted = false;
        books_count(r, h.pairs, h.n, -1);
    }
    if (h.has_need)
        serve_need(r, &h, -minutes_to(back, n, h.need.author), 0);
    state_put_hours(r->state, &h);
    return true;
}

const struct kind kind_hours_reverse = {.name = "hours.reverse",
                                        .id = KIND_HOURS_REVERSE,
                                        FIELDS(reverse_fields),
                                        .validate = reverse_validate,
                                        .signers = reverse_signers,
                                        .apply = reverse_apply};
