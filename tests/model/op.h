/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An operation: an entry before it is a text, with the fields of SPEC 6 as plain C values, and the
 * words for kinds and codes that the model uses. Only libc.
 */
#ifndef SEM_TESTS_MODEL_OP_H
#define SEM_TESTS_MODEL_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define M_HANDLE 33
#define M_SLUG 41
#define M_ID 33
#define M_REF (M_HANDLE + M_ID)
#define M_HEX64 65
#define M_ORGS 96
#define M_PARTIES 16
#define M_SHARES 64
#define M_FOUNDERS 12
#define M_SKILLS 8
#define M_VOUCHES 64
#define M_DAY_MS ((int64_t)86400000)

/* X(C name, word) in the order of SPEC 6. */
#define M_KINDS(X) \
    X(NETWORK_FOUND, "network.found") \
    X(ORG_ADMIT, "org.admit") \
    X(ORG_UPDATE, "org.update") \
    X(ORG_CONFIRM, "org.confirm") \
    X(ORG_LEAVE, "org.leave") \
    X(KEY_ADD, "key.add") \
    X(KEY_REVOKE, "key.revoke") \
    X(DETAILS_ERASE, "details.erase") \
    X(OFFER_PUBLISH, "offer.publish") \
    X(OFFER_RENEW, "offer.renew") \
    X(OFFER_WITHDRAW, "offer.withdraw") \
    X(NEED_PUBLISH, "need.publish") \
    X(NEED_VOUCH, "need.vouch") \
    X(NEED_WITHDRAW, "need.withdraw") \
    X(AGREEMENT_SIGN, "agreement.sign") \
    X(AGREEMENT_CHANGE, "agreement.change") \
    X(AGREEMENT_CLOSE, "agreement.close") \
    X(AGREEMENT_CANCEL, "agreement.cancel") \
    X(HOURS_RECORD, "hours.record") \
    X(HOURS_REVERSE, "hours.reverse") \
    X(CLOCK_TICK, "clock.tick") \
    X(SEAL_BALANCES, "seal.balances") \
    X(ASSERTION_BALANCE, "assertion.balance") \
    X(POOL_GIVE, "pool.give") \
    X(STATUS_GRANT, "status.grant") \
    X(STATUS_END, "status.end") \
    X(PROMISE_EXCUSE, "promise.excuse") \
    X(STEP_SET, "step.set") \
    X(STEP_END, "step.end") \
    X(STEP_APPEAL, "step.appeal")

enum m_kind {
#define M_KIND_MEMBER(name, word) M_##name,
    M_KINDS(M_KIND_MEMBER)
#undef M_KIND_MEMBER
    M_KIND_COUNT
};
const char *m_kind_word(enum m_kind kind);

/* The codes of SPEC 11 that an operation of these tests can meet. */
#define M_CODES(X) \
    X(wrong_network) X(not_canonical) X(field_missing) X(field_unknown) X(field_invalid) \
    X(id_reused) X(id_time) X(expired) X(valid_until_too_far) X(time_order) X(at_not_allowed) \
    X(seen_mismatch) X(network_not_founded) X(network_already_founded) X(key_unknown) \
    X(org_unknown) X(org_left) X(handle_taken) X(charter_mismatch) X(not_coordinator) \
    X(key_in_use) X(key_id_taken) X(key_unacceptable) X(last_admin_key) X(ref_unknown) \
    X(not_yours) X(already_closed) X(expires_out_of_range) X(skill_unknown) X(vouch_own) \
    X(already_vouched) X(not_urgent) X(already_erased) X(parties_mismatch) \
    X(hours_over_agreement) X(limit_crossed) X(change_below_recorded) X(reverse_too_much) \
    X(day_out_of_range) X(agreement_mismatch) X(assertion_false) X(not_panel) X(urgent_quota) \
    X(pool_over_position) X(nothing_broken) X(step_unfounded) X(already_appealed) \
    X(cosigner_missing) X(paused)

enum m_code {
#define M_CODE_MEMBER(word) M_##word,
    M_CODES(M_CODE_MEMBER)
#undef M_CODE_MEMBER
    M_CODE_COUNT
};
const char *m_code_word(enum m_code code);
/* By word; -1 when there is none. */
int m_code_find(const char *word);

typedef uint64_t m_codes; /* a set */
#define M_BIT(word) ((m_codes)1 << M_##word)

/* SPEC 8.3: X(key, minimum, maximum, default), sorted. */
#define M_POLICY(X) \
    X(agreement_days_max, 1, 1098, 366) \
    X(appeal_suspends, 1, 1, 1) \
    X(capacity_default, 1, 600000, 240) \
    X(choice_ask_minutes, 60, 43200, 4320) \
    X(choice_ask_urgent_minutes, 60, 43200, 1440) \
    X(choice_burden_guard, 0, 1, 1) \
    X(choice_min_candidates, 1, 10, 2) \
    X(class_age_days, 1, 366, 30) \
    X(class_new_needs, 0, 20, 3) \
    X(crisis_days, 1, 366, 183) \
    X(crisis_fill_days, 1, 180, 60) \
    X(crisis_fill_permille, 0, 1000, 500) \
    X(crisis_floor_permille, 1000, 3000, 1500) \
    X(crisis_orgs_min, 1, 1000, 5) \
    X(crisis_pool_permille, 1000, 10000, 2000) \
    X(crisis_urgent_permille, 1, 1000, 200) \
    X(dormant_days, 30, 366, 180) \
    X(entry_days_max, 1, 90, 90) \
    X(forgive_band, 0, 600000, 600) \
    X(forgive_divisor, 0, 1000, 0) \
    X(forgive_levy_divisor, 0, 1000, 0) \
    X(gift_free, 1, 1, 1) \
    X(id_skew_minutes, 1, 1440, 10) \
    X(ladder_lean_days, 1, 366, 30) \
    X(ladder_lean_permille, 100, 1000, 500) \
    X(ladder_strain_days, 1, 366, 60) \
    X(ladder_strain_permille, 100, 1000, 800) \
    X(leave_free, 1, 1, 1) \
    X(limit_ceiling, 60, 600000, 2400) \
    X(limit_floor_base, 60, 600000, 1200) \
    X(limit_floor_divisor, 1, 1000, 4) \
    X(limit_floor_max, 60, 600000, 3600) \
    X(limit_floor_new, 60, 600000, 600) \
    X(limit_floor_new_gifts, 0, 100, 2) \
    X(limit_hard_permille, 1000, 10000, 1500) \
    X(limit_soft, 0, 1, 1) \
    X(match_quantum, 5, 120, 30) \
    X(match_split_min, 30, 6000, 120) \
    X(need_days_max, 1, 366, 180) \
    X(offer_days_max, 1, 366, 184) \
    X(pair_cap_minutes, 0, 600000, 720) \
    X(pair_cap_permille, 1, 1000, 400) \
    X(pair_reverse, 0, 1, 1) \
    X(panel_min, 1, 16, 2) \
    X(pool_cap, 0, 60000, 600) \
    X(pool_rate_permille, 0, 1000, 500) \
    X(pool_urgent_permille, 0, 1000, 1000) \
    X(promise_days, 30, 365, 180) \
    X(promise_meeting, 1, 100, 3) \
    X(reference_days_max, 366, 1098, 400) \
    X(rest_permille, 1000, 10000, 1500) \
    X(seal_every, 16, 100000, 1024) \
    X(sheet_stale_days, 1, 1098, 180) \
    X(skill_fresh_days, 1, 366, 180) \
    X(sponsors_min, 1, 10, 2) \
    X(status_days_max, 1, 366, 366) \
    X(step_days, 1, 366, 90) \
    X(two_layers, 1, 1, 1) \
    X(unit_parity, 1, 1, 1) \
    X(urgent_days, 1, 365, 30) \
    X(urgent_never_blocked, 1, 1, 1) \
    X(urgent_quota, 0, 100, 2) \
    X(window_days, 365, 365, 365)

struct m_policy {
#define M_POLICY_MEMBER(key, min, max, usual) int64_t key;
    M_POLICY(M_POLICY_MEMBER)
#undef M_POLICY_MEMBER
};

enum { M_COORDINATOR = 1, M_PANEL };
struct m_mandate {
    int founder; /* place in founders */
    int role;
    int64_t until;
};

struct m_founding {
    char charter[M_HEX64], clock_key[M_HEX64], log_key[M_HEX64], refusal_key[M_HEX64];
    bool demo, public_bundles, public_directory;
    int n_founders;
    struct {
        char handle[M_HANDLE], key[M_HEX64];
    } founders[M_FOUNDERS];
    int n_mandates; /* sorted by (handle, role) */
    struct m_mandate mandates[2 * M_FOUNDERS];
    struct m_policy policy;
    int n_skills; /* sorted */
    char skills[M_SKILLS][M_SLUG];
    char skills_details[M_HEX64];
};

struct m_share {
    char from[M_HANDLE], to[M_HANDLE];
    int64_t minutes;
};

/* A defect of the text itself, put in when it is written; each has one code. */
enum m_text_fault {
    M_TEXT_GOOD,
    M_TEXT_OTHER_NETWORK, /* wrong_network */
    M_TEXT_SPACE,         /* not_canonical */
    M_TEXT_EXTRA_FIELD,   /* field_unknown */
    M_TEXT_NO_ID,         /* field_missing */
    M_TEXT_ID_VERSION,    /* field_invalid */
};

/* The counters of SPEC 7.1, in the order of their names. */
enum {
    M_GIVEN_PENDING,
    M_GIVEN_POSTED,
    M_MOVES,
    M_RECEIVED_PENDING,
    M_RECEIVED_POSTED,
    M_COUNTERS
};

/* Absent optional fields are empty strings or zeros; `-1` for the flags that may be absent. */
struct op {
    enum m_kind kind;
    int repeat; /* send the text of this entry again; -1: a text of its own */
    enum m_text_fault text_fault;
    char by[M_HANDLE];
    char id[M_ID];
    int64_t id_time, valid_until;
    bool has_at;
    int64_t at;
    bool has_seen;
    uint64_t seen_size;
    char seen_root[M_HEX64];
    const struct m_founding *founding;
    char charter[M_HEX64], key[M_HEX64];
    bool key_is_bad; /* a point of small order */
    char details[M_HEX64], people[M_HEX64];
    bool is_public, urgent;
    int gift; /* 0, 1, or -1 absent */
    char coordinator[M_HANDLE], to[M_HANDLE];
    int n_handles; /* sponsors or providers, sorted */
    char handles[M_PARTIES + 1][M_HANDLE];
    int scope; /* 1 admin, 2 sign, 3 propose */
    int64_t ceiling;
    int slot;       /* 1 details, 2 people, 3 reason, 4 skills */
    char ref[M_REF]; /* the one thing the operation is about */
    char offer[M_REF], need[M_REF], agreement[M_REF]; /* beside it */
    int type;       /* 1 skill, 2 space, 3 equipment */
    char skill[M_SLUG];
    int64_t expires, minutes, minutes_month;
    int n_areas, n_languages; /* how many to write */
    int n_shares;
    struct m_share shares[M_SHARES];
    int32_t day;
    int done_by; /* 1 staff, 2 volunteers, 3 mixed */
    int64_t counters[M_COUNTERS]; /* stated by an assertion */
    int64_t capacity, fte;        /* -1: absent */
    char org[M_HANDLE], cosigner[M_HANDLE];
    int n_panel; /* sorted */
    char panel[M_PARTIES + 1][M_HANDLE];
    int class, step;
    int64_t levy, pool; /* permille */
    int64_t until;
    char reason[M_HEX64];
};

/*
 * Writes the text of an operation (SPEC 2.1) for a network. The caller frees it; *len is its
 * length.
 */
char *op_text(const struct op *op, const char *origin, size_t *len);

/* YYYY-MM-DD of a day counted from 1970-01-01. */
void m_day_text(char out[static 11], int32_t day);

/* Months counted from January 1970: the one of a moment, and the first moment of one. */
int m_month(int64_t at);
int64_t m_month_start(int month);

#endif
