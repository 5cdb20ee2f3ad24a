/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the kinds share: the list of them, look-ups that refuse with a code, and the required
 * signers. ledger/kinds/ holds one noun a file: its fields, its signers, its check and its effect.
 * Counters are moved through ledger/books.h only.
 */
#ifndef SEM_LEDGER_KINDS_KINDS_H
#define SEM_LEDGER_KINDS_KINDS_H

#include "ledger/kind.h"
#include "ledger/rules.h"

/* X(enum suffix, variable) in the order of enum entry_kind. */
#define KINDS(X) \
    X(NETWORK_FOUND, network_found) \
    X(ORG_ADMIT, org_admit) \
    X(ORG_UPDATE, org_update) \
    X(ORG_CONFIRM, org_confirm) \
    X(ORG_LEAVE, org_leave) \
    X(KEY_ADD, key_add) \
    X(KEY_REVOKE, key_revoke) \
    X(DETAILS_ERASE, details_erase) \
    X(OFFER_PUBLISH, offer_publish) \
    X(OFFER_RENEW, offer_renew) \
    X(OFFER_WITHDRAW, offer_withdraw) \
    X(NEED_PUBLISH, need_publish) \
    X(NEED_VOUCH, need_vouch) \
    X(NEED_WITHDRAW, need_withdraw) \
    X(AGREEMENT_SIGN, agreement_sign) \
    X(AGREEMENT_CHANGE, agreement_change) \
    X(AGREEMENT_CLOSE, agreement_close) \
    X(AGREEMENT_CANCEL, agreement_cancel) \
    X(HOURS_RECORD, hours_record) \
    X(HOURS_REVERSE, hours_reverse) \
    X(CLOCK_TICK, clock_tick) \
    X(SEAL_BALANCES, seal_balances) \
    X(ASSERTION_BALANCE, assertion_balance)

#define KIND_EXTERN(suffix, name) extern const struct kind kind_##name;
KINDS(KIND_EXTERN)
#undef KIND_EXTERN

#define FIELDS(table) .fields = (table), .n_fields = sizeof(table) / sizeof *(table)
#define AT(member) offsetof(struct entry, member)

extern const char *const words_thing[], *const words_slot[], *const words_scope[],
    *const words_done_by[];

/* --- Signers ---------------------------------------------------------------------------------- */

/* Adds a signer with the least scope it needs; adding one twice keeps the higher need. */
void signer_add(struct signer_set *set, const struct handle *handle, enum scope scope);
/* The author alone, with a key of scope `sign` or `admin`. */
bool signers_author(struct rules *r, const struct entry *e, struct signer_set *set,
                    struct refusal *why);
bool signers_author_admin(struct rules *r, const struct entry *e, struct signer_set *set,
                          struct refusal *why);
/* The clock of the network, for its own kinds. */
bool signers_clock(struct rules *r, const struct entry *e, struct signer_set *set,
                   struct refusal *why);
/* Every party of the shares; their minutes go to the key ceilings. */
void signers_of_shares(const struct shares *shares, struct signer_set *set);
/*
 * Rules of shares that need no state: the author is a party, and there are at most PARTIES_MAX.
 */
bool shares_validate(const struct shares *shares, const struct handle *by, struct refusal *why);
/* An organisation known by its number. */
void signer_add_number(struct rules *r, struct signer_set *set, uint32_t number);

/* --- Look-ups that refuse --------------------------------------------------------------------- */

/* The number of an active organisation. */
bool find_active(struct rules *r, const struct handle *handle, const char *field, uint32_t *number,
                 struct refusal *why);
/*
 * The thing that a reference names; ref_unknown when there is none, and when it ended (hours: were
 * recorded) more than reference_days_max days ago. find_thing() gives the key alone and refuses
 * when the author does not exist.
 */
bool find_thing(struct rules *r, const struct ref *ref, const char *field, struct thing_key *key,
                struct refusal *why);
bool find_offer(struct rules *r, const struct ref *ref, struct offer *out, struct refusal *why);
bool find_need(struct rules *r, const struct ref *ref, struct need *out, struct refusal *why);
bool find_agreement(struct rules *r, const struct ref *ref, struct agreement *out,
                    struct refusal *why);
bool find_hours(struct rules *r, const struct ref *ref, struct hours *out, struct refusal *why);
/* The parties of shares as numbers, all active. `pairs` gets one element per share. */
bool find_pairs(struct rules *r, const struct shares *shares, size_t *n,
                struct pair_minutes pairs[static SHARES_MAX], struct refusal *why);

/* already_closed unless it is open. What has ended stays as it is, even where this is waived. */
bool check_open(struct refusal *why, const char *field, const struct ref *ref, enum life life);
/* not_yours unless `own`. */
bool check_own(struct refusal *why, const char *field, const struct ref *ref, bool own,
               const char *expected, const struct handle *by);
/* Of a share whose minutes are beyond a bound; `word` is "at most" or "at least". */
bool refuse_minutes(struct refusal *why, enum code code, const char *path, int64_t minutes,
                    const char *word, int64_t bound);
#define SHARE_PATH_SIZE 32
/* expires_out_of_range unless at < expires <= at + days. */
bool check_expires(struct rules *r, int64_t expires, int64_t days_max, struct refusal *why);
bool check_skill(struct rules *r, const struct slug *skill, struct refusal *why);
bool is_coordinator(struct rules *r, uint32_t org);

/* --- Common effects --------------------------------------------------------------------------- */

struct thing_key own_key(const struct rules *r, const struct entry *e);
struct pair_minutes *find_pair(struct pair_minutes *pairs, size_t n, uint32_t from, uint32_t to);
/* The distinct organisations in pairs: givers (side 0) or receivers (side 1) or all (side 2). */
size_t pairs_orgs(const struct pair_minutes *pairs, size_t n, int side,
                  uint32_t out[static PARTIES_MAX]);
/*
 * Records a commitment of the entry (nothing when it is absent). `owners` may erase it; the author
 * always may.
 */
void put_commit(struct rules *r, const struct entry *e, enum slot slot, const char *kind,
                const struct commit *commit, const uint32_t *owners, size_t n_owners);
/* Looks at a receiver's line for `extra` minutes more; refuses with limit_crossed. */
bool check_limit(struct rules *r, uint32_t org, int64_t extra, bool urgent,
                 enum limit_context context, struct refusal *why);
/* What is left of the pairs for one receiver. */
int64_t pairs_left_to(const struct pair_minutes *pairs, size_t n, uint32_t receiver);
/*
 * True when the need's urgency is in force for what is left of these pairs (SPEC 8.2): all goes to
 * the asker, the voucher gives nothing, and it is no more than the need still asks for.
 * `included` minutes of need->reserved are these pairs' own already.
 */
bool urgent_for(const struct need *need, const struct pair_minutes *pairs, size_t n,
                int64_t included);

/* Ends of things, shared by verbs, leaving and ticks. */
void offer_end(struct rules *r, struct offer *offer, enum life life);
void need_end(struct rules *r, struct need *need, enum life life);
void agreement_end(struct rules *r, struct agreement *a, enum life life);
void need_urgency_lapse(struct rules *r, struct need *need);

#endif
