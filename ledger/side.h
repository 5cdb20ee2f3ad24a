/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The side store: what the log cannot give back and what may be erased (SPEC 9, 10, 14.1): texts
 * with their salts, notes that still lack signatures, and refusals. One LMDB environment of its
 * own; each call is one short transaction, unless it says otherwise. Safe from any thread.
 */
#ifndef SEM_LEDGER_SIDE_H
#define SEM_LEDGER_SIDE_H

#include "crypto/commitment.h"
#include "ledger/entry.h"
#include "ledger/refusals.h"
#include "ledger/store.h"

#define DETAIL_BYTES_MAX 16384
#define INBOX_PER_ORG_MAX 200
#define INBOX_STRANGERS_MAX 200
#define INBOX_STRANGERS_HOUR_MAX 20

struct side;
struct side *side_open(const char *path, enum store_err *err); /* makes it if it is not there */
/* The same of one that is there, to read alone. */
struct side *side_open_read_only(const char *path, enum store_err *err);
void side_close(struct side *side);

/* --- Texts ------------------------------------------------------------------------------------ */

struct detail_text {
    char kind[12];
    struct salt salt;
    size_t n;
    char bytes[DETAIL_BYTES_MAX];
};
/*
 * The key of a text: the place where its commitment stands, and the commitment. A commitment that
 * somebody copies into an entry of his own is another place, where there is no text to read or to
 * erase until it is opened there.
 */
void side_text_key(struct hash *key, const struct ref *ref, enum slot slot,
                   const struct hash *commit);
/*
 * The caller has checked that the text opens the commitment. `item` is the inbox item that carries
 * it, or NULL when a logged entry does: a text of an item lives and dies with it, one of the log
 * stays until it is erased. True: stored, now or before. False also when there is no such item
 * (any more).
 */
bool side_put_text(struct side *side, const struct hash *key, const struct detail_text *text,
                   const struct ref *item);
bool side_text(struct side *side, const struct hash *key, struct detail_text *out);
/* Removes text and salt. True: they are gone, now or before; false: the store failed. */
bool side_erase_text(struct side *side, const struct hash *key) __attribute__((warn_unused_result));
/* Grows with every change of a text or of the inbox: part of ETags. */
uint64_t side_generation(struct side *side);

/* How far the erasures of the log were carried out: a tree size. */
uint64_t side_erased_through(struct side *side);
bool side_set_erased_through(struct side *side, uint64_t size);

/* --- Inbox ------------------------------------------------------------------------------------ */

#define INBOX_TEXTS_MAX 4

struct inbox_item {
    struct ref ref;             /* author and id */
    int64_t received_at, valid_until;
    bool stranger;              /* the author is not an organisation yet */
    struct handle first_signer; /* who brought it, whose number it counts in; empty: the author */
    size_t n_involved;          /* everybody whose signature is needed */
    struct handle involved[2 * PARTIES_MAX + FOUNDERS_MAX];
    size_t n_texts;             /* side_text_key() of each of its texts */
    struct hash texts[INBOX_TEXTS_MAX];
    size_t note_len;
    char note[ENTRY_NOTE_MAX];  /* text, empty line, the valid signatures so far */
};
enum inbox_result { INBOX_STORED, INBOX_FULL, INBOX_RATE, INBOX_OTHER_TEXT, INBOX_IO };
/*
 * Stores an item under its reference. When one is there with the same text, it gets the signature
 * lines that it lacks (of two lines by one name the new one stays), keeps received_at and
 * first_signer, and `item` is what is stored now: two who sign at once lose nothing, and the
 * second one sees the complete set. INBOX_OTHER_TEXT when the one that is there has another text.
 * Limits as in SPEC 10.
 */
enum inbox_result inbox_put(struct side *side, struct inbox_item *item, int64_t now_ms);
bool inbox_get(struct side *side, const struct ref *ref, struct inbox_item *out);
/* Whether there is one; true when that cannot be told. */
bool inbox_waits(struct side *side, const struct ref *ref);
/*
 * Removes an item. `logged` NULL: it was withdrawn, and its texts go. Otherwise the hash of the
 * text that the log holds under this reference: the item's texts stay if that is its own, and go
 * if it is another. True when there was one.
 */
bool inbox_remove(struct side *side, const struct ref *ref, const struct hash *logged);
/* Items that involve an organisation, oldest id first, after the given reference (NULL: from the
 * start), which need not be there any more. */
bool inbox_next(struct side *side, const struct handle *org, const struct ref *after,
                struct inbox_item *out);
/* Every item, oldest id first, after the given reference (NULL: from the start). */
bool inbox_walk(struct side *side, const struct ref *after, struct inbox_item *out);
/* Removes what is past its valid_until, with its texts. Returns how many. */
size_t inbox_purge(struct side *side, int64_t now_ms);

/* --- Refusals (SPEC 10.2) --------------------------------------------------------------------- */

/* Of one author, and of all authors together who are no organisation (yet). */
#define REFUSED_PER_ORG_MAX 1000
/* Removed by one call of refused_purge(). */
#define REFUSED_PURGE_MAX 1000

/* A text that was refused for good: its note and the signed refusal. */
struct refused {
    struct ref ref;
    struct hash text_hash;
    int64_t valid_until;
    bool stranger; /* the author was no organisation */
    size_t note_len, refusal_len;
    char note[ENTRY_NOTE_MAX];
    char refusal[REFUSAL_NOTE_SIZE];
};

enum refused_look { REFUSED_ABSENT, REFUSED_THERE, REFUSED_UNKNOWN /* the store fails */ };
enum refused_look refused_get(struct side *side, const struct ref *ref, struct refused *out);

/* Every refusal, oldest id first, after the given reference (NULL: from the start). */
enum refused_look refused_walk(struct side *side, const struct ref *after, struct refused *out);

/*
 * Keeps many in one durable step: begin, put each, end; all in one thread, which does nothing else
 * with the side store meanwhile. With a refusal goes the inbox item under its reference, and the
 * item's texts: nothing can be logged under it any more. One that is kept is never replaced.
 */
struct kv *refused_begin(struct side *side); /* NULL: the store fails */
/*
 * False when the author has as many as are kept. To drop an older one instead would break what it
 * promises.
 */
bool refused_put(struct kv *kv, struct refused *refused) __attribute__((warn_unused_result));
/* False: nothing was written. A commit that fails ends the process (SPEC 14.2). */
bool refused_end(struct side *side, struct kv *kv) __attribute__((warn_unused_result));

/*
 * Removes what was valid until before `at`, the time of the log's last leaf: not before then is an
 * id dead, because no later leaf has an earlier time, whatever the system's clock says. Returns how
 * many, at most REFUSED_PURGE_MAX.
 */
size_t refused_purge(struct side *side, int64_t at);

#endif
