/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The state of a network as typed records over ledger/kv.h (SPEC 7.3): what the rules read and
 * write, and what queries read. Every record is decoded into a struct; no pointer into the store
 * leaves this module. One layout a record, so that a replay gives the same bytes.
 *
 * A struct state belongs to one thread. Reads answer "not there" after a failure of the kv, which
 * the owner of the transaction finds with kv_failed().
 */
#ifndef SEM_LEDGER_STATE_H
#define SEM_LEDGER_STATE_H

#include "ledger/entry.h"
#include "ledger/kv.h"
#include "ledger/sealed.h"
#include "policies/limits.h"
#include "policies/promise.h"

#define POOL 0 /* the number of the pool's account */

/* What network.found fixed; kept decoded because every entry needs it. */
struct network {
    bool founded;
    struct body_network_found found; /* as signed; the policy in force is found.policy */
};

/* Running totals, updated with every entry. */
struct sums {
    uint32_t orgs;          /* highest organisation number */
    int64_t given, received, given_pending, received_pending; /* Σ over organisations */
    int64_t positions; /* Σ positions without the pool */
    int64_t pool;      /* the pool's position */
    int64_t exchanges; /* hours.record entries not wholly reversed */
};

enum org_state { ORG_ACTIVE = 1, ORG_LEFT };

struct org {
    uint32_t number;
    /* Facts, which few entries change: the table `org`. */
    struct handle handle;
    uint8_t state; /* enum org_state */
    bool is_public;
    struct commit sheet;    /* commitment of the sheet; its entry is sheet_ref */
    struct ref sheet_ref;
    uint64_t admitted_index;
    int64_t admitted_at, confirmed_at, left_at;
    uint32_t admin_keys;         /* not revoked */
    struct number capacity, fte; /* as it declared them (SPEC 6.2) */
    uint32_t needs;              /* published ever */
    int64_t urgent_quarter;      /* first moment of the quarter that urgent_count is about */
    uint32_t urgent_count;       /* urgencies confirmed without the panel */
    /* The account, which every exchange moves: the table `account`. */
    uint64_t last_entry; /* index + 1 of the newest entry of its backward chain; 0: none */
    /* counters, minutes (SPEC 7.1) */
    int64_t given_posted, received_posted, given_pending, received_pending, moves;
    int64_t given_gifts, received_gifts; /* part of posted that was a gift */
    int64_t given_count, received_count; /* exchanges */
    /* rolling year: sums over days window_from .. */
    int32_t window_from;
    int64_t given_year, received_year;
    int64_t pool_received; /* what the pool paid for it, less what was taken back */
    int64_t leaning_since, strained_since; /* SPEC 18.8; 0: it is not */
    int64_t last_given_at, last_received_at; /* of its newest hours.record; 0: none */
    uint8_t salt_chain[HASH_BYTES]; /* `c` of SPEC 7.4; ledger/seal.h */
};

int64_t org_position(const struct org *org);

struct org_key {
    uint32_t org;
    struct key_id id;
    struct public_key key;
    uint8_t scope; /* enum scope */
    int64_t ceiling;
    uint64_t since_index, revoked_index; /* revoked_index 0: valid (index 0 adds, never revokes) */
};

enum life { LIFE_OPEN = 1, LIFE_WITHDRAWN, LIFE_EXPIRED, LIFE_MET, LIFE_CLOSED, LIFE_CANCELLED };
const char *life_word(enum life life);

/* Things are known by the id and number of their author. */
struct thing_key {
    struct id id;
    uint32_t author;
};

struct offer {
    struct thing_key key;
    uint64_t index;
    uint8_t life, type;
    bool is_public;
    struct slug skill;
    int64_t published_at, renewed_at, expires, ended_at, minutes_month;
    size_t n_providers;
    uint32_t providers[PARTIES_MAX];
};

struct need {
    struct thing_key key;
    uint64_t index;
    uint8_t life, type;
    bool is_public, urgent_declared;
    struct slug skill;
    int64_t published_at, expires, ended_at;
    int64_t minutes, served;
    int64_t reserved;     /* for the asker, left in live agreements that name the need */
    uint32_t voucher;     /* the last one; 0: not vouched */
    int64_t urgent_until; /* 0: not in force */
    bool fragile;         /* the asker had a status of class 1 when it was published */
    uint32_t ordinal;     /* among the asker's needs, from 1 */
    int64_t in_time;      /* minutes the asker received for it while it was open */
};

/* One pair of an agreement or of recorded hours. */
struct pair_minutes {
    uint32_t from, to;
    int64_t minutes;  /* reserved, or recorded */
    int64_t other;    /* agreement: recorded so far; hours: taken back so far */
    int64_t paid;     /* hours: by the pool, of what is left */
};

struct agreement {
    struct thing_key key;
    uint64_t index;
    uint8_t life;
    int64_t signed_at, expires, ended_at;
    bool has_offer, has_need;
    struct thing_key offer, need;
    size_t n;
    struct pair_minutes pairs[SHARES_MAX];
};

struct hours {
    struct thing_key key;
    uint64_t index;
    int64_t at;
    int32_t day, bucket; /* day of the help; UTC day of `at` */
    bool gift, counted;  /* counted: not wholly reversed */
    bool has_agreement, has_need;
    struct thing_key agreement, need;
    size_t n;
    struct pair_minutes pairs[SHARES_MAX];
};

struct detail {
    struct thing_key subject;
    uint8_t slot; /* enum slot */
    struct hash commit;
    uint64_t index;        /* of the subject */
    bool erased;
    uint64_t erased_index;
    int64_t erased_at;
    size_t n_owners;       /* parties who may erase, the author first */
    uint32_t owners[PARTIES_MAX];
    char kind[12];         /* commitment kind, SPEC 9 */
};

#define ENTRY_PARTIES_MAX (2 * PARTIES_MAX + FOUNDERS_MAX)

/* One step of an organisation's backward chain. */
struct entry_party {
    uint32_t org;
    uint64_t previous; /* index + 1 of its entry before; 0: none */
    int64_t moves;     /* what its `moves` grew by */
    int64_t position;  /* after this entry */
};
struct entry_record {
    uint64_t index;
    uint8_t kind; /* enum entry_kind */
    int64_t at;
    uint32_t author; /* 0: the clock */
    struct id id;
    struct hash text_hash;
    size_t n_parties;
    struct entry_party parties[ENTRY_PARTIES_MAX];
};

struct pair {
    uint32_t from, to;
    int64_t minutes, gift_minutes, count, last_at;
};
/*
 * A row of pair_day. Hours stand in the part of their day that their leaf belongs to, so that what
 * a commit changes lies together, also on a day of many thousands of pairs.
 */
struct pair_key {
    int32_t day;
    uint32_t part; /* index of the leaf / PAIR_PART_LEAVES */
    uint32_t from, to;
};
#define PAIR_PART_LEAVES 1024
struct pair_day { /* and org_day, where minutes = given, other = received, and no more */
    int64_t minutes, other; /* other: exchanges */
    int64_t gift, pooled;   /* of the minutes: gifts, and paid by the pool */
    int64_t last_ms;        /* when in the day the last of the row was recorded */
};

/* The last status of an organisation (SPEC 18.3). */
struct status {
    uint32_t org;
    uint64_t index;
    uint8_t class;
    int64_t levy_permille, pool_permille, at, until;
};

/* The last step about an organisation (SPEC 18.7). */
struct step {
    uint32_t org;
    uint64_t index;
    struct promise_last last;
};

/* What became of the promise of a giver in an agreement that ended. */
struct promise {
    uint32_t org;
    struct thing_key agreement;
    bool broken, excused; /* not broken: kept */
    int64_t at;
};

/* What a closing did: to one organisation, or (org POOL) in all. */
struct closing {
    int64_t moment;
    uint32_t org;
    int64_t levied, forgiven;
    int64_t deficit, budget; /* of POOL alone */
};

/* The pool's quarter, and the crisis (SPEC 18.4 to 18.6). */
struct quarter {
    int64_t budget, spent;
    int64_t crisis_until; /* of the last one; 0: there was none */
};

/* Types of due moments; the order is part of the format (SPEC 5.2). */
enum due_type {
    DUE_AGREEMENT_EXPIRY = 1,
    DUE_NEED_EXPIRY,
    DUE_OFFER_EXPIRY,
    DUE_URGENCY_LAPSE,
    DUE_CRISIS_CHECK, /* these two are the calendar's; their author is POOL */
    DUE_POOL_CLOSING,
};
struct due {
    int64_t moment;
    uint8_t type;
    struct thing_key key;
};

enum live_type { LIVE_AGREEMENT = 1, LIVE_NEED, LIVE_OFFER };

/* The last seal.balances (SPEC 6.11); its accounts are ledger/sealed.h. */
struct seal {
    uint64_t index;
    uint32_t accounts;
    struct hash root;
};

/* --- The object ------------------------------------------------------------------------------- */

/*
 * What was read or written since the last state_attach(), at hand: one entry reads the same things
 * over and over, and the writer the same organisations. Each has one place, where a later one
 * replaces it.
 */
#define KEPT_WORDS 8
#define KEPT_FEW 8
#define KEPT_MANY 1024
struct kept_word { /* a small row of `meta` */
    uint8_t n_name, name[16];
    bool there;
    uint8_t n, value[100];
};
struct kept_org {
    uint64_t round;
    struct org org;
};
struct kept_name {
    uint64_t round;
    struct handle handle;
    uint32_t number;
};
struct kept_key {
    uint64_t round;
    struct org_key key;
};
struct state_kept {
    uint64_t round; /* counts attachings: what was kept in an earlier one is forgotten */
    size_t n_words;
    struct kept_word words[KEPT_WORDS];
    bool due_known;
    struct due due; /* the first; type 0: none */
    struct kept_org orgs[KEPT_FEW];
    struct kept_name names[KEPT_FEW];
    struct kept_key keys[KEPT_FEW];
    struct state_many *many; /* in place of these three; NULL: these */
};

struct state {
    struct kv *kv;
    struct network network;
    uint64_t network_version; /* of the cached network; 0: none cached */
    struct state_kept kept;
};

/*
 * Points a state at a transaction and loads the network's record if it changed since the last
 * time. Zero the struct before the first call. Whoever changes the tables behind the state's back,
 * be it that an overlay forgets what was written, attaches it again. About 20 KiB: keep it off
 * small stacks.
 */
void state_attach(struct state *s, struct kv *kv);
/* The same tables in another transaction, in which nothing changed: what is at hand stays. */
void state_follow(struct state *s, struct kv *kv);
/* For who is attached for long: keeps 1024 of each at hand, in half a MiB. False: no memory. */
bool state_keep_many(struct state *s) __attribute__((warn_unused_result));
/* Ends that; needed before a state that keeps many goes. */
void state_keep_few(struct state *s);

/* Number of leaves applied: the next index. */
uint64_t state_size(struct state *s);
void state_set_size(struct state *s, uint64_t size);
/* Time of the last leaf, 0 when there is none. */
int64_t state_last_at(struct state *s);
void state_set_last_at(struct state *s, int64_t at);
void state_sums(struct state *s, struct sums *out);
void state_put_sums(struct state *s, const struct sums *sums);
/* Records network.found and refreshes the cached network. */
void state_put_network(struct state *s, const struct body_network_found *found);
bool state_has_skill(const struct state *s, const struct slug *skill);

/* --- Records: get answers false when there is none -------------------------------------------- */

bool state_org(struct state *s, uint32_t number, struct org *out);
uint32_t state_org_number(struct state *s, const struct handle *handle); /* 0: none */
void state_put_org(struct state *s, const struct org *org); /* the sums are the caller's */
void state_put_handle(struct state *s, const struct handle *handle, uint32_t number);

bool state_key(struct state *s, uint32_t org, const struct key_id *id, struct org_key *out);
void state_put_key(struct state *s, const struct org_key *key);
uint32_t state_key_owner(struct state *s, const struct public_key *key); /* 0: none */
void state_put_key_owner(struct state *s, const struct public_key *key, uint32_t org);
/* Walks the keys of an organisation: start with after = NULL, then the last id. */
bool state_next_key(struct state *s, uint32_t org, const struct key_id *after, struct org_key *out);

int64_t state_mandate(struct state *s, uint32_t org, enum role role); /* until; 0: none */
void state_put_mandate(struct state *s, uint32_t org, enum role role, int64_t until);

bool state_id(struct state *s, const struct thing_key *key, uint64_t *index);
void state_put_id(struct state *s, const struct thing_key *key, uint64_t index);
bool state_entry(struct state *s, uint64_t index, struct entry_record *out);
void state_put_entry(struct state *s, const struct entry_record *e);

bool state_offer(struct state *s, const struct thing_key *key, struct offer *out);
void state_put_offer(struct state *s, const struct offer *o);
bool state_need(struct state *s, const struct thing_key *key, struct need *out);
void state_put_need(struct state *s, const struct need *n);
bool state_agreement(struct state *s, const struct thing_key *key, struct agreement *out);
void state_put_agreement(struct state *s, const struct agreement *a);
bool state_hours(struct state *s, const struct thing_key *key, struct hours *out);
void state_put_hours(struct state *s, const struct hours *h);
bool state_detail(struct state *s, const struct thing_key *subject, enum slot slot,
                  struct detail *out);
void state_put_detail(struct state *s, const struct detail *d);

/* Walks things in time order of their ids: start with after = NULL. */
bool state_next_offer(struct state *s, const struct thing_key *after, struct offer *out);
bool state_next_need(struct state *s, const struct thing_key *after, struct need *out);
bool state_next_agreement(struct state *s, const struct thing_key *after, struct agreement *out);
bool state_next_hours(struct state *s, const struct thing_key *after, struct hours *out);

/* The live things of an organisation, by type. Start with after = NULL. */
void state_put_live(struct state *s, enum live_type type, uint32_t org,
                    const struct thing_key *key);
void state_del_live(struct state *s, enum live_type type, uint32_t org,
                    const struct thing_key *key);
bool state_next_live(struct state *s, enum live_type type, uint32_t org,
                     const struct thing_key *after, struct thing_key *out);

void state_put_due(struct state *s, const struct due *due);
void state_del_due(struct state *s, const struct due *due);
/* The earliest due moment <= until, and the one after another; false when there is none. */
bool state_first_due(struct state *s, int64_t until, struct due *out);
bool state_next_due(struct state *s, const struct due *after, int64_t until, struct due *out);

/*
 * A pair for ever. Its days are added up only later, giver by giver of each day, where many of them
 * lie together in few pages: `pair` holds those before the mark; the younger ones are looked up
 * here, with a seek or two for each of their parts.
 */
bool state_pair(struct state *s, uint32_t from, uint32_t to, struct pair *out);
/* Minutes over all pairs. */
int64_t state_pairs_minutes(struct state *s);
/*
 * Adds minutes (taken back: < 0) and exchanges to a pair; last_at: 0, or the moment. `pooled` of
 * the minutes were paid by the pool. The row is that of the hours they belong to, which are also
 * what is taken back from: their day (hours.bucket) and their leaf's index. Then moves the mark on
 * by a few rows, none of `today`, and so far that no more than FOLD_DAYS_MAX days are behind it.
 */
void state_post_pair(struct state *s, const struct pair *change, int64_t pooled, int32_t day,
                     uint64_t index, int32_t today);
#define FOLD_DAYS_MAX 31
/* Moves the mark on by givers until so many rows are added up, and not beyond the day. */
void state_fold_pairs(struct state *s, int32_t day, size_t rows);
/*
 * The sum of a pair's rows of the days first..last, with a seek or two for each part of them;
 * last_ms is of the last day that has one. False when there is none.
 */
bool state_pair_days(struct state *s, int32_t first, int32_t last, uint32_t from, uint32_t to,
                     struct pair_day *out);
/*
 * Rows in their order: the one at or after the given place (`after`: strictly). The same pair may
 * stand in several parts of a day.
 */
bool state_next_pair_day(struct state *s, bool after, struct pair_key *at, struct pair_day *out);
bool state_org_day(struct state *s, int32_t day, uint32_t org, struct pair_day *out);
/* Buckets in order of (day, org): the one after the given one. */
bool state_next_org_day(struct state *s, int32_t *day, uint32_t *org, struct pair_day *out);
void state_put_org_day(struct state *s, int32_t day, uint32_t org, const struct pair_day *d);

/* --- Status, steps, promises, the pool: ledger/state_promises.c ------------------------------- */

bool state_status(struct state *s, uint32_t org, struct status *out);
void state_put_status(struct state *s, const struct status *status);
void state_del_status(struct state *s, uint32_t org);
/* The class of the status in force at a moment; 0: none is. `out` may be NULL. */
int64_t state_status_class(struct state *s, uint32_t org, int64_t at, struct status *out);

/* Without one, *out is none: step PROMISE_NO_STEP. */
bool state_step(struct state *s, uint32_t org, struct step *out);
void state_put_step(struct state *s, const struct step *step);

bool state_promise(struct state *s, uint32_t org, const struct thing_key *agreement,
                   struct promise *out);
void state_put_promise(struct state *s, const struct promise *p);
/* The promises of an organisation, by the ids of their agreements; start with after = NULL. */
bool state_next_promise(struct state *s, uint32_t org, const struct thing_key *after,
                        struct promise *out);
/* How many that are not excused ended on the days first..last. */
struct promise_count {
    int64_t kept, broken;
    int64_t last_broken_at; /* on whatever day; 0: none was */
};
void state_promises(struct state *s, uint32_t org, int32_t first, int32_t last,
                    struct promise_count *out);

void state_put_closing(struct state *s, const struct closing *c);
/* In order of (moment, org), those after the given one; start with {.moment = -1}. */
bool state_next_closing(struct state *s, const struct closing *after, struct closing *out);

void state_quarter(struct state *s, struct quarter *out);
void state_put_quarter(struct state *s, const struct quarter *q);
/* The line of an organisation whose window ends with the day of `at` (state_roll_window). */
void state_line(struct state *s, const struct org *org, int64_t at, struct line *out);

bool state_seal(struct state *s, struct seal *out);
void state_put_seal(struct state *s, const struct seal *seal);
bool state_sealed(struct state *s, uint32_t account, struct sealed *out);
void state_put_sealed(struct state *s, const struct sealed *account);

/* Brings an organisation's window sums to the window that ends with `day` (SPEC 5.4). */
void state_roll_window(struct state *s, struct org *org, int32_t day);

#endif
