/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Leaves as the store keeps them: the same bytes, written shorter (SPEC 14.1). Half of a leaf is
 * digits of keys, hashes and signatures, and most of the rest are words that every leaf has. What
 * comes out depends on the leaf alone, and expands to it again to the byte; what would not is kept
 * as it is.
 *
 * A stored leaf begins with PACK_PACKED and has tokens behind it, or with PACK_AS_IS and has the
 * leaf behind it; any other first byte is the leaf's own. A token is one byte t and what it needs:
 *
 *     0 .. 63      t + 1 bytes as they are
 *     64 .. 127    t - 63 bytes; each stands for two hexadecimal digits, small letters
 *     128          68 bytes, which stand for 92 characters of base64 with padding
 *     129          an integer, seven bits a byte from the lowest on, the high bit on all but the
 *                  last; it stands for its decimal digits
 *     192 .. 255   a place of two bytes, the high one first: the t - 188 bytes from there on, one
 *                  after the other, so that they may go on with what they began with
 *
 * Places count through the dictionary and go on into what was expanded so far. The dictionary is
 * part of the format: who changes it takes another PACK_PACKED.
 *
 * Pure functions, safe on any thread.
 */
#ifndef SEM_LEDGER_PACK_H
#define SEM_LEDGER_PACK_H

#include <stdbool.h>

#include "ledger/kv.h"

#define PACK_LEAF_MAX 16384 /* longer ones are kept as they are */
#define PACK_DICTIONARY_MAX 2048
#define PACK_PACKED 0x01
#define PACK_AS_IS 0x00

/* Where a leaf is expanded: the dictionary, which pack_room_init() writes, and the leaf. */
struct pack_room {
    uint8_t b[PACK_DICTIONARY_MAX + PACK_LEAF_MAX];
};

void pack_room_init(struct pack_room *room);

/*
 * What is to be stored for a leaf: its own bytes, or those in `out`. The room is for the proof that
 * it expands again, and has been initialised.
 */
struct slice pack_leaf(struct slice leaf, uint8_t out[static PACK_LEAF_MAX],
                       struct pack_room *room);

/*
 * The leaf of what was stored: in the room, or a part of `stored`. False when it is no such thing;
 * takes any bytes.
 */
bool pack_expand(struct slice stored, struct pack_room *room, struct slice *leaf)
    __attribute__((warn_unused_result));

#endif
