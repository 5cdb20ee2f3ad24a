/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An exported log replayed in memory up to a size, so that questions about that moment are answered
 * without the server (SPEC 19.8, 20.8). Rules and tree are checked as the leaves come; signatures
 * are not, which is what `semctl audit` is for.
 */
#ifndef SEM_CLI_LOG_REPLAY_H
#define SEM_CLI_LOG_REPLAY_H

#include "cli/ctl.h"
#include "ledger/replay.h"
#include "ledger/state.h"

struct log_replay {
    char origin[ORIGIN_MAX + 1]; /* as the checkpoint names it */
    uint64_t size;
    struct kv *kv;
    struct replay *replay;
    struct state *state; /* at the size; borrowed */
};

/*
 * Reads a folder that `semctl log export` made; at 0: all of it. CTL_OK, or an exit code after a
 * message. log_replay_end() in both cases.
 */
int log_replay_folder(struct ctl *ctl, const char *dir, uint64_t at, struct log_replay *out)
    __attribute__((warn_unused_result));
void log_replay_end(struct log_replay *replay);

/*
 * Gives each leaf of a folder, in order, to `take`, up to `at` (0: all): for who does something
 * else with them. Stops when it returns another code than CTL_OK, which comes back. Fills origin
 * and size of *out, and nothing else, before the first leaf.
 */
int log_replay_leaves(struct ctl *ctl, const char *dir, uint64_t at, struct log_replay *out,
                      int (*take)(void *ctx, uint64_t index, struct slice leaf), void *ctx)
    __attribute__((warn_unused_result));

#endif
