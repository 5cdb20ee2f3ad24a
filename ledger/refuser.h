/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The writer's part in refusals (SPEC 10.2): answers what was refused for good before, signs what
 * is refused now, and keeps it before anybody is told. Belongs to the writer's thread.
 *
 * A batch goes: refuser_begin(); for each job refuser_look(), and refuser_sign() when the rules
 * refuse it for good; after the log's commit and `last-signed`, so that the head in a refusal is
 * durable, refuser_keep(). A crash between the two leaves a refusal that nobody was told of and a
 * text that is free.
 *
 * A side store that fails must not make a refusal final. Where nothing was written the jobs are
 * told `internal` and may be tried again: nothing of them is anywhere. Only a failed commit is as
 * bad as one of the log: from then on a reader may see a refusal that is not on the disk.
 */
#ifndef SEM_LEDGER_REFUSER_H
#define SEM_LEDGER_REFUSER_H

#include "ledger/side.h"
#include "ledger/writer.h"

struct refuser {
    struct side *side; /* NULL: nothing is signed or kept */
    const char *origin;
    const struct secret_key *key;
    struct public_key public;
    struct job **fresh; /* signed in this batch, to be kept; room for all its jobs */
    size_t n_fresh;
    struct refused room;
};

/* False without memory. `origin` and what `config` points to are borrowed. */
bool refuser_init(struct refuser *refuser, const struct writer_config *config, const char *origin,
                  size_t batch_max) __attribute__((warn_unused_result));
void refuser_free(struct refuser *refuser);

void refuser_begin(struct refuser *refuser);
/*
 * True when a text was refused for good under the job's author and id: the job is then decided, or
 * will be by refuser_keep() when that text is one of the same batch.
 */
bool refuser_look(struct refuser *refuser, struct job *job);
/*
 * The job's note is complete, its signatures hold, and job->why and job->at say why and when it is
 * refused; `head` is the log before it. Nothing happens when the code is not final.
 */
void refuser_sign(struct refuser *refuser, struct job *job, const struct log_head *head);
/*
 * Keeps what was signed, and settles the jobs that wait for it. When nothing could be written these
 * are not refused for good after all; a commit that fails ends the process.
 */
void refuser_keep(struct refuser *refuser, struct job *jobs);

#endif
