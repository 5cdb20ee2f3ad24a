/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Entries: from the signed text to a struct with typed fields (SPEC 2, 6).
 *
 * Decoding is strict and allocates nothing that outlives the call: a struct entry holds everything
 * by value, except the text it was read from. It checks what can be known from the text alone; what
 * depends on state is for ledger/rules.h. Pure functions, any thread.
 */
#ifndef SEM_LEDGER_ENTRY_H
#define SEM_LEDGER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/key.h"
#include "ledger/codes.h"
#include "policies/params.h"

/* SPEC 1.1, 1.2 */
#define ENTRY_NOTE_MAX 16128
#define LEAF_MAX 16384
#define ORIGIN_MAX 100
#define HANDLE_MAX 32
#define SLUG_MAX 40
#define PARTIES_MAX 16
#define SHARES_MAX 64
#define SHARE_MINUTES_MAX 100000
#define FOUNDERS_MAX 32
#define SKILLS_MAX 128
#define INTEGER_MAX (((int64_t)1 << 53) - 1)

struct handle {
    char s[HANDLE_MAX + 1]; /* empty: absent */
};
struct slug {
    char s[SLUG_MAX + 1]; /* empty: absent */
};
struct id {
    uint8_t b[16];
};
#define ID_TEXT_SIZE 33
struct ref {
    struct handle by; /* empty: absent */
    struct id id;
};
#define REF_TEXT_SIZE (HANDLE_MAX + 1 + 32 + 1)
struct share {
    struct handle from, to;
    int64_t minutes;
};
struct shares {
    size_t n;
    struct share v[SHARES_MAX];
};
struct handles {
    size_t n;
    struct handle v[PARTIES_MAX];
};
struct slugs {
    size_t n;
    struct slug v[PARTIES_MAX];
};
struct commit { /* a commitment that may be absent */
    bool set;
    struct hash h;
};
struct number { /* an integer that may be absent where 0 says something */
    bool set;
    int64_t n;
};
struct founder {
    struct handle handle;
    struct public_key key;
};
enum role { ROLE_COORDINATOR = 1, ROLE_PANEL };
struct mandate {
    struct handle org;
    enum role role;
    int64_t until;
};
/* Words of F_WORD fields are numbered from 1 in the order SPEC 6 lists them; 0 is absent. */
enum scope { SCOPE_ADMIN = 1, SCOPE_SIGN, SCOPE_PROPOSE };
enum thing { THING_SKILL = 1, THING_SPACE, THING_EQUIPMENT };
enum slot { SLOT_DETAILS = 1, SLOT_PEOPLE, SLOT_REASON, SLOT_SKILLS };
enum done_by { DONE_BY_STAFF = 1, DONE_BY_VOLUNTEERS, DONE_BY_MIXED };

enum entry_kind {
    KIND_NETWORK_FOUND = 1,
    KIND_ORG_ADMIT,
    KIND_ORG_UPDATE,
    KIND_ORG_CONFIRM,
    KIND_ORG_LEAVE,
    KIND_KEY_ADD,
    KIND_KEY_REVOKE,
    KIND_DETAILS_ERASE,
    KIND_OFFER_PUBLISH,
    KIND_OFFER_RENEW,
    KIND_OFFER_WITHDRAW,
    KIND_NEED_PUBLISH,
    KIND_NEED_VOUCH,
    KIND_NEED_WITHDRAW,
    KIND_AGREEMENT_SIGN,
    KIND_AGREEMENT_CHANGE,
    KIND_AGREEMENT_CLOSE,
    KIND_AGREEMENT_CANCEL,
    KIND_HOURS_RECORD,
    KIND_HOURS_REVERSE,
    KIND_CLOCK_TICK,
    KIND_SEAL_BALANCES,
    KIND_ASSERTION_BALANCE,
    KIND_POOL_GIVE,
    KIND_STATUS_GRANT,
    KIND_STATUS_END,
    KIND_PROMISE_EXCUSE,
    KIND_STEP_SET,
    KIND_STEP_END,
    KIND_STEP_APPEAL,
};

struct body_network_found {
    struct hash charter;
    struct public_key clock_key, log_key, refusal_key;
    bool demo;
    size_t n_founders, n_mandates, n_skills;
    struct founder founders[FOUNDERS_MAX];
    struct mandate mandates[FOUNDERS_MAX];
    struct slug skills[SKILLS_MAX];
    struct policy policy;
    bool public_bundles, public_directory;
    int64_t rules_version;
    struct commit skills_details;
};
struct body_org_admit {
    struct hash charter;
    struct public_key key;
    struct commit details;
    bool is_public;
    struct handle coordinator; /* or */
    struct handles sponsors;
    struct number capacity, fte;
};
struct body_org_update {
    struct commit details;
    bool is_public;
    struct number capacity, fte;
};
struct body_org_leave {
    struct handle to;
};
struct body_key_add {
    struct public_key key;
    int scope;       /* enum scope */
    int64_t ceiling; /* minutes, 0 none */
};
struct body_key_revoke {
    struct public_key key;
};
struct body_details_erase {
    struct ref subject;
    int slot; /* enum slot */
};
struct body_offer_publish {
    struct handles providers;
    int type; /* enum thing */
    struct slug skill;
    int64_t expires, minutes_month;
    bool is_public;
    struct commit details;
    struct slugs areas, languages;
};
struct body_offer_renew {
    struct ref offer;
    int64_t expires;
};
struct body_offer_withdraw {
    struct ref offer;
};
struct body_need_publish {
    int type; /* enum thing */
    struct slug skill;
    int64_t minutes, expires;
    bool urgent, is_public;
    struct commit details;
    struct slugs areas, languages;
};
struct body_need_ref { /* need.vouch, need.withdraw */
    struct ref need;
    struct handles panel; /* need.vouch alone */
};
struct body_agreement_sign {
    struct shares shares;
    int64_t expires;
    struct commit details, people;
    struct ref offer, need;
    int done_by;
    struct handle cosigner;
};
struct body_agreement_change {
    struct ref agreement;
    struct shares shares;
    int64_t expires;
};
struct body_agreement_ref { /* agreement.close, agreement.cancel, promise.excuse */
    struct ref agreement;
};
struct body_hours_record {
    struct shares shares;
    int32_t day; /* days since 1970-01-01 */
    struct ref agreement, need;
    bool gift;
    struct slug skill;
    struct commit details;
    int done_by;
};
struct body_hours_reverse {
    struct ref hours;
    struct shares shares;
};
struct totals { /* of a network, minutes */
    int64_t given, received, pool, orgs;
};
struct body_clock_tick {
    int64_t through, n;
    struct hash effects_hash;
    struct totals totals;
};
struct body_seal_balances {
    int64_t accounts, size;
    struct hash root;
};
struct body_assertion_balance { /* the author's counters */
    int64_t given_pending, given_posted, moves, received_pending, received_posted;
};

struct body_pool_give {
    int64_t minutes;
};
struct body_status_grant {
    struct handle org;
    int64_t class, levy_permille, pool_permille, until;
    struct handles panel;
    struct commit reason;
};
struct body_status_end {
    struct handle org;
    struct handles panel;
};
struct body_step_set {
    struct handle org;
    int64_t step, until;
    struct handles panel;
    struct commit reason;
};
struct body_step_end {
    struct handle org;
    struct handles panel;
};

struct kind;

struct entry {
    const struct kind *kind;
    const char *origin; /* borrowed from the caller of entry_decode() */
    struct handle by;
    struct id id;
    int64_t valid_until; /* ms */
    int64_t at;          /* ms, demo networks; -1 absent */
    bool has_seen;
    struct hash seen_root;
    uint64_t seen_size;
    struct hash text_hash;
    const char *text; /* borrowed */
    size_t text_len;
    union {
        struct body_network_found network_found;
        struct body_org_admit org_admit;
        struct body_org_update org_update;
        struct body_org_leave org_leave;
        struct body_key_add key_add;
        struct body_key_revoke key_revoke;
        struct body_details_erase details_erase;
        struct body_offer_publish offer_publish;
        struct body_offer_renew offer_renew;
        struct body_offer_withdraw offer_withdraw;
        struct body_need_publish need_publish;
        struct body_need_ref need_ref;
        struct body_agreement_sign agreement_sign;
        struct body_agreement_change agreement_change;
        struct body_agreement_ref agreement_ref;
        struct body_hours_record hours_record;
        struct body_hours_reverse hours_reverse;
        struct body_clock_tick clock_tick;
        struct body_seal_balances seal_balances;
        struct body_assertion_balance assertion_balance;
        struct body_pool_give pool_give;
        struct body_status_grant status_grant;
        struct body_status_end status_end;
        struct body_step_set step_set;
        struct body_step_end step_end;
    };
};

/* Where the body of a kind begins. */
#define ENTRY_BODY offsetof(struct entry, network_found)

/* --- Names ------------------------------------------------------------------------------------ */

bool origin_valid(const char *s, size_t n);
bool handle_parse(struct handle *out, const char *s,
                  size_t n); /* grammar; reserved words refused */
bool slug_parse(struct slug *out, const char *s, size_t n);
bool id_parse(struct id *out, const char *s, size_t n); /* UUIDv7 bits required */
void id_format(char out[static ID_TEXT_SIZE], const struct id *id);
int64_t id_time_ms(const struct id *id);
/* An id of that time (its low 48 bits: up to the year 10889); the other 74 bits from `random`. */
void id_make(struct id *out, int64_t time_ms, const uint8_t random[static 10]);
bool ref_parse(struct ref *out, const char *s, size_t n);
void ref_format(char out[static REF_TEXT_SIZE], const struct ref *ref);
const char *slot_word(enum slot slot);
const char *role_word(enum role role);
const char *scope_word(enum scope scope);
const char *thing_word(enum thing thing);
const char *done_by_word(enum done_by done_by);

/* --- Texts and leaves ------------------------------------------------------------------------- */

/*
 * Reads an entry text of `origin`. On false the refusal names code, field, expected and found.
 * `text` is borrowed by the entry. Of the body only the fields of the kind are written, absent ones
 * as zero; shares beyond their number are not.
 */
bool entry_decode(struct entry *out, const char *origin, const char *text, size_t text_len,
                  struct refusal *why) __attribute__((warn_unused_result));

/*
 * Checks that n bytes are one canonical JSON object of the profile (SPEC 2.2), without a line end.
 * On false `found` says where and what.
 */
bool profile_check(const char *json, size_t n, struct refusal *why)
    __attribute__((warn_unused_result));

/* Splits a leaf into its time and note; both point into the leaf. False when malformed (SPEC 4.1).
 */
bool leaf_split(const char *leaf, size_t n, int64_t *at, const char **note, size_t *note_len)
    __attribute__((warn_unused_result));
/* Writes "at <ms>\n" and returns its length; `out` holds 24 bytes. */
size_t leaf_prefix(char out[static 24], int64_t at);

#endif
