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
    X(ASSERTION_BALANCE, assertion_balance) \
    X(POOL_GIVE, pool_give) \
    X(STATUS_GRANT, status_grant) \
    X(STATUS_END, status_end) \
    X(PROMISE_EXCUSE, promise_excuse) \
    X(STEP_SET, step_set) \
    X(STEP_END, step_end) \
    X(STEP_APPEAL, step_appeal)

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
/* Every organisation of a list: a panel. */
void signers_of_handles(const struct handles *handles, struct signer_set *set);
/* Every party of the shares; their minutes go to the key ceilings. */
void signers_of_shares(const struct shares *shares, struct signer_set *set);
/*
 * Rules of shares that need no state: the author is a party, and there are at most PARTIES_MAX.
 */
bool shares_validate(const struct shares *shares, const struct handle *by, struct refusal *why);
/*
 * Rules of a panel that decides about `org`, that need no state: the author is of it, `org` is not.
 */
bool panel_validate(const struct handles *panel, const struct handle *by, const struct handle *org,
                    struct refusal *why);
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
bool check_until(struct rules *r, int64_t until, int64_t days_max, struct refusal *why);
/*
 * At least so many organisations, active and with a panel mandate in force (not_panel). They get
 * working copies, as whoever an entry names.
 */
bool check_panel(struct rules *r, const struct handles *panel, int64_t least, struct refusal *why);
/* What panel_min asks for. */
int64_t panel_min(struct rules *r);
/* A code whose only value is an organisation's handle. */
bool refuse_handle(struct refusal *why, enum code code, const char *field, const char *expected,
                   const struct handle *handle);
/* Whether a need that was found can be referred to (SPEC 6). */
bool need_in_reach(struct rules *r, const struct need *need);
/* The step in force about an organisation; 0: none (SPEC 18.7). */
int64_t step_in_force(struct rules *r, uint32_t org);
/* paused, named after `org`: what it asks for is not urgent. */
bool refuse_paused(struct rules *r, uint32_t org, const char *field, struct refusal *why);
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
/* What an entry asks for, in view of its need. */
struct limit_ask {
    enum limit_context context;
    bool urgent;
    uint32_t asker;     /* of the need; POOL: there is none */
    int64_t still_asks; /* what the need still asks, without what this entry has reserved */
};
/* The same for a need, of whose reserved minutes `included` are the entry's own already. */
int64_t need_still_asks(const struct need *need, int64_t included);
/* Looks at a receiver's line for `extra` minutes more; refuses with limit_crossed. */
bool check_limit(struct rules *r, uint32_t org, int64_t extra, const struct limit_ask *ask,
                 struct refusal *why);
/* What is left of the pairs for one receiver. */
int64_t pairs_left_to(const struct pair_minutes *pairs, size_t n, uint32_t receiver);
/*
 * True when the need's urgency is in force for what is left of these pairs (SPEC 8.2): all goes to
 * the asker, the voucher gives nothing, and it is no more than the need still asks for.
 * `included` minutes of need->reserved are these pairs' own already.
 */
bool urgent_for(const struct need *need, const struct pair_minutes *pairs, size_t n,
                int64_t included);

/* Whether an agreement has minutes from one to another (POOL: to anybody) that are not recorded. */
bool gives_more(const struct agreement *a, uint32_t from, uint32_t to);

/* Ends of things, shared by verbs, leaving and ticks. */
void offer_end(struct rules *r, struct offer *offer, enum life life);
void need_end(struct rules *r, struct need *need, enum life life);
void agreement_end(struct rules *r, struct agreement *a, enum life life);
void need_urgency_lapse(struct rules *r, struct need *need);

/* --- The calendar: ledger/kinds/calendar.c, for clock.tick alone ------------------------------ */

/* Sets the first moments of the calendar after the time of network.found, and the first budget. */
void calendar_begin(struct rules *r, int64_t founders);
/* Processes one and sets the next; adds its lines to what the tick hashes. */
void crisis_check(struct rules *r, int64_t moment, struct hash_stream *effects);
void pool_closing(struct rules *r, int64_t moment, struct hash_stream *effects);

/* `<moment> <type> <author>/<id>` of a due moment. */
#define DUE_TEXT_SIZE (24 + 24 + REF_TEXT_SIZE)
void due_text(char out[static DUE_TEXT_SIZE], struct state *s, const struct due *due);

#endif
