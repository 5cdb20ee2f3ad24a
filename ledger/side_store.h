/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files of the side store share: side.c (texts), inbox.c and refused.c. Nobody else
 * includes this.
 */
#ifndef SEM_LEDGER_SIDE_STORE_H
#define SEM_LEDGER_SIDE_STORE_H

#include <stdatomic.h>

#include "ledger/side.h"

/* Readers that are not in use now; as many as threads usually look at one time. */
#define SIDE_SPARE 4

struct side {
    struct store *store;
    _Atomic(struct store_reader *) spare[SIDE_SPARE];
    _Atomic uint64_t generation; /* as it was committed last */
};

/* A snapshot for one call. */
struct side_look {
    struct side *side;
    struct store_reader *reader;
    struct kv *kv; /* NULL: the store fails */
};
struct side_look side_look_begin(struct side *side);
void side_look_end(struct side_look *look);

/* A key that is put together. */
struct side_key {
    uint8_t b[KV_KEY_MAX];
    size_t n;
};
void side_key_add(struct side_key *key, const void *bytes, size_t n);
/* The id first: by age, and new items at the end of the table. */
void side_key_add_ref(struct side_key *key, const struct ref *ref);
struct side_key side_key_word(const char *word);
struct slice side_key_slice(const struct side_key *key);

/* Numbers in KV_SIDE_META; 0 when there is none. */
uint64_t side_number(struct kv *kv, struct side_key key);
void side_put_number(struct kv *kv, struct side_key key, uint64_t number);

/* Commits without counting: for what no answer shows that goes by side_generation(). */
bool side_commit(struct kv *kv) __attribute__((warn_unused_result));

/* Counts the change and commits it; the number is shown once it is durable. */
bool side_finish(struct side *side, struct kv *kv) __attribute__((warn_unused_result));

/*
 * Lets the text of a place go with the inbox item it hangs on, or (`logged`) pass to the log.
 */
void side_settle_text(struct kv *kv, const struct hash *key, const struct ref *item,
                      bool logged);

/* Takes the inbox item under a reference away, if there is one, with its texts. */
void side_drop_item(struct kv *kv, const struct ref *ref);

#endif
