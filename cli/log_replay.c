/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/log_replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_run.h"
#include "cli/i18n.h"
#include "cli/log_source.h"
#include "ledger/log.h"

/* The checkpoint of the folder: whose log, and how long. */
static int read_size(struct log_source *source, uint64_t at, struct log_replay *out)
{
    struct log_head head = {.size = 0};
    char *note = NULL;
    size_t n = 0;
    enum source_got got = log_source_checkpoint(source, &note, &n);
    int rc = CTL_OK;

    if (got == SOURCE_FAILED) {
        rc = log_source_exit(source);
    } else if (got == SOURCE_NONE) {
        rc = fail(CTL_NOT_FOUND, _("there is no checkpoint"));
    } else if (got != SOURCE_OK || !head_read(note, n, out->origin, &head)) {
        rc = fail(CTL_VERIFY, _("the checkpoint is not of its form"));
    } else if (at > head.size) {
        rc = fail(CTL_USAGE, _("--at %" PRIu64 ": the log has %" PRIu64 " entries"), at, head.size);
    } else {
        out->size = at > 0 ? at : head.size;
        log_source_start(source, head.size, 0); /* whose last bundle is named by the head's size */
    }
    free(note);
    return rc;
}

static int read_leaves(struct log_source *source, struct log_replay *out,
                       int (*take)(void *ctx, uint64_t index, struct slice leaf), void *ctx)
{
    struct slice leaves[SOURCE_TILE_WIDTH];
    char name[SOURCE_NAME_SIZE];
    uint64_t index = 0;
    size_t n = 1;
    int rc = CTL_OK;

    while (rc == CTL_OK && index < out->size && n > 0) {
        enum source_got got = log_source_next(source, leaves, &n, name);

        if (got == SOURCE_FAILED) {
            return log_source_exit(source);
        }
        for (size_t i = 0; i < n && rc == CTL_OK && index < out->size; i++) {
            rc = take(ctx, index++, leaves[i]);
        }
        if (rc == CTL_OK && got != SOURCE_OK && index < out->size) {
            return fail(CTL_VERIFY, _("%s is missing, or not of its form"), name);
        }
    }
    if (rc == CTL_OK && index < out->size) {
        rc = fail(CTL_VERIFY, _("the folder ends after %" PRIu64 " entries"), index);
    }
    return rc;
}

int log_replay_leaves(struct ctl *ctl, const char *dir, uint64_t at, struct log_replay *out,
                      int (*take)(void *ctx, uint64_t index, struct slice leaf), void *ctx)
{
    struct log_source *source = NULL;
    int rc = log_source_open(ctl, dir, &source);

    rc = rc == CTL_OK ? read_size(source, at, out) : rc;
    rc = rc == CTL_OK ? read_leaves(source, out, take, ctx) : rc;
    log_source_free(source);
    return rc;
}

static int take_leaf(void *ctx, uint64_t index, struct slice leaf)
{
    struct log_replay *r = ctx;
    char why[REPLAY_WHY_SIZE];

    if (r->replay == NULL) {
        r->kv = kv_memory_new(NULL);
        r->replay = replay_new(r->origin, false);
    }
    if (r->kv == NULL || r->replay == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    if (!replay_leaf(r->replay, r->kv, leaf, why)) {
        return kv_failed(r->kv) ? fail(CTL_FAILED, _("no memory"))
                                : fail(CTL_VERIFY, _("entry %" PRIu64 ": %s"), index, why);
    }
    return CTL_OK;
}

int log_replay_folder(struct ctl *ctl, const char *dir, uint64_t at, struct log_replay *out)
{
    memset(out, 0, sizeof *out);
    int rc = log_replay_leaves(ctl, dir, at, out, take_leaf, out);

    if (rc == CTL_OK && out->replay == NULL) {
        rc = fail(CTL_NOT_FOUND, _("the log is empty"));
    }
    if (rc == CTL_OK) {
        out->state = replay_state(out->replay);
        state_attach(out->state, out->kv);
    }
    return rc;
}

void log_replay_end(struct log_replay *replay)
{
    replay_free(replay->replay);
    kv_memory_free(replay->kv);
    memset(replay, 0, sizeof *replay);
}
