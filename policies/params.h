/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The policy document of a network: every number that the assembly may change.
 *
 * policies/ holds the rules' arithmetic and nothing else. What lives here takes plain structs and
 * integers and gives plain structs and integers back: no library beyond libc, no clock (time is an
 * argument), no input or output, no global state, no include from another folder. Nothing is
 * allocated except by what looks at a whole network, whose headers say so.
 * The same arguments therefore give the same answer on the server, in an audit and in a replay
 * years later. Whatever knows of entries, stores, HTTP or JSON lives above and calls down.
 * Minutes are int64; ratios are per mille, truncated towards zero, and say "unknown" instead of 0
 * when there is too little to say anything.
 *
 * One key is one line of POLICY_KEYS, the only place that knows it: the struct, the table, the
 * published schema and the checks all come from there. A key is fit for an entry's JSON
 * ([a-z][a-z0-9_]*), its value is one integer, and a line whose minimum equals its maximum is
 * entrenched: it is written in the document so that everybody sees it, and nobody can change it.
 *
 * Thread rule: all functions are pure and may be called from any thread; a struct policy that is
 * being set must not be read by another thread meanwhile. */
#ifndef POLICIES_PARAMS_H
#define POLICIES_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy_unit {
    POLICY_MINUTES,
    POLICY_DAYS,
    POLICY_PERMILLE,
    POLICY_COUNT,
    POLICY_FLAG,
};

/* X(key, unit, minimum, maximum, default, doc), sorted by key in byte order. */
#define POLICY_KEYS(X) \
    X(agreement_days_max, DAYS, 1, 1098, 366, \
      "An agreement ends at most this many days after it is signed or last changed.") \
    X(entry_days_max, DAYS, 1, 90, 90, \
      "The valid_until of an entry lies at most this many days after the time in its id.") \
    X(id_skew_minutes, MINUTES, 1, 1440, 10, \
      "The time in an entry's id lies at most this far in the future of the entry's own time.") \
    X(limit_ceiling, MINUTES, 60, 600000, 2400, \
      "Above this position an organisation rests from being asked to give; it is never refused.") \
    X(limit_floor_base, MINUTES, 60, 600000, 1200, \
      "What an organisation may have received more than it gave, before counting what it gave.") \
    X(limit_floor_divisor, COUNT, 1, 1000, 4, \
      "The minutes given in the window, divided by this, are added to limit_floor_base.") \
    X(limit_floor_max, MINUTES, 60, 600000, 3600, \
      "The floor grows with what was given up to this and no further.") \
    X(limit_floor_new, MINUTES, 60, 600000, 600, \
      "The floor of a newcomer, never zero, because a newcomer may receive first.") \
    X(limit_floor_new_gifts, COUNT, 0, 100, 2, \
      "An organisation is a newcomer until it gave in this many confirmed exchanges.") \
    X(limit_hard_permille, PERMILLE, 1000, 10000, 1500, \
      "The hard stop, as a share of the floor; only needs that are not urgent stop there.") \
    X(limit_soft, FLAG, 0, 1, 1, \
      "1: crossing the floor opens a conversation and only the hard stop refuses; " \
      "0: the floor itself refuses an agreement.") \
    X(need_days_max, DAYS, 1, 366, 180, \
      "A need stays open at most this many days unless it is published again.") \
    X(offer_days_max, DAYS, 1, 366, 184, \
      "An offer stays open at most this many days unless it is renewed.") \
    X(pair_cap_minutes, MINUTES, 0, 600000, 720, \
      "pair_cap_permille is looked at once an organisation received this much in the window.") \
    X(pair_cap_permille, PERMILLE, 1, 1000, 400, \
      "A warning is shown when more than this share of what is received comes from one provider.") \
    X(reference_days_max, DAYS, 366, 1098, 400, \
      "Hours can be taken back, and what ended can be referred to, for this many days.") \
    X(seal_every, COUNT, 16, 100000, 1024, \
      "After at most this many entries the balances of all are sealed.") \
    X(sheet_stale_days, DAYS, 1, 1098, 180, \
      "A directory sheet that was not confirmed for this many days is shown as possibly stale.") \
    X(sponsors_min, COUNT, 1, 10, 2, \
      "An applicant is admitted by this many sponsoring members, or by a coordinator.") \
    X(urgent_days, DAYS, 1, 365, 30, \
      "A need's urgency lapses this many days after it was confirmed.") \
    X(urgent_never_blocked, FLAG, 1, 1, 1, \
      "An urgent need is never refused by a limit.") \
    X(window_days, DAYS, 365, 365, 365, \
      "The length of the rolling window of given and received minutes.")

/* One int64 member per key. Fill it with policy_default(), then policy_set() what differs: a
 * struct made that way is within the ranges, which the rules rely on. */
struct policy {
#define POLICY_MEMBER(key, unit, min, max, def, doc) int64_t key;
    POLICY_KEYS(POLICY_MEMBER)
#undef POLICY_MEMBER
};

struct policy_key {
    const char *key;
    enum policy_unit unit;
    int64_t min, max; /* inclusive */
    int64_t value_default;
    const char *doc; /* one sentence, English */
    size_t offset;   /* of the member in struct policy */
};

enum policy_set_result {
    POLICY_OK,
    POLICY_UNKNOWN_KEY,
    POLICY_OUT_OF_RANGE,
};

/* The table, sorted by key; *n receives its length. Static, never freed. */
const struct policy_key *policy_keys(size_t *n);

/* The table's line for a key, or NULL. Static, never freed. */
const struct policy_key *policy_find(const char *key);

/* "minutes", "days", "permille", "count" or "flag". */
const char *policy_unit_name(enum policy_unit unit);

/* Gives every key its default. */
void policy_default(struct policy *policy);

/* Reads a key into *value; false, and *value untouched, if there is no such key. */
__attribute__((warn_unused_result))
bool policy_get(const struct policy *policy, const char *key, int64_t *value);

/* Sets a key. Anything but POLICY_OK leaves the policy untouched. */
__attribute__((warn_unused_result))
enum policy_set_result policy_set(struct policy *policy, const char *key, int64_t value);

#endif
