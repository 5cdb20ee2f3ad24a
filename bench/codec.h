/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an entry of two signatures costs beside them: note, JSON, rules and tree, in memory. */
#ifndef SEM_BENCH_CODEC_H
#define SEM_BENCH_CODEC_H

#include <stdbool.h>
#include <stddef.h>

struct codec_result {
    double note_us;   /* note_parse() */
    double decode_us; /* entry_decode() */
    double replay_us; /* replay_leaf() without signatures: both of the above, rules, tree */
    double verify_us; /* one key_verify() of such a text, in the same run */
    double bytes;     /* resident memory that an entry's log and state took */
};

/* CPU time over that many entries, on one thread. False with a message on stderr. */
bool codec(size_t entries, struct codec_result *out);

#endif
