/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether the head that a server shows extends one that we hold. The server's proof is verified
 * (RFC 6962 section 2.1.2); what it says of roots is a hint at most. When it shows that the log key
 * signed two histories, that is kept as evidence (SPEC 17.6).
 */
#ifndef SEM_CLI_EXTENDS_H
#define SEM_CLI_EXTENDS_H

#include "cli/ctl.h"
#include "ledger/checkpoint.h"

/* A head with its signed note, which is borrowed; the signature was verified. */
struct signed_head {
    struct log_head head;
    const char *note;
    size_t n;
};

enum extends {
    EXTENDS_YES,
    EXTENDS_SHORTER,  /* theirs is smaller: nothing can be said of what is above it */
    EXTENDS_FORK,     /* theirs has another history, and there is evidence of it */
    EXTENDS_UNPROVEN, /* no proof that holds */
    EXTENDS_FAILED,   /* it could not be asked; was said */
};

/*
 * Asks the server of the run for the proof where one is needed. With EXTENDS_FORK *evidence is a
 * text that the caller frees, otherwise NULL. *rc is the exit code of EXTENDS_FAILED.
 */
enum extends head_extends(struct ctl *ctl, const struct signed_head *ours,
                          const struct signed_head *theirs, char **evidence, int *rc);

/*
 * Writes evidence to `path`, or as `<about>-<a>-<b>.json` beside the key or in the present folder;
 * says where. CTL_OK or an exit code after a message.
 */
int evidence_keep(const struct ctl *ctl, const char *path, const char *evidence, const char *about,
                  uint64_t a, uint64_t b) __attribute__((warn_unused_result));

/* The checkpoint note in a receipt (C2SP tlog-proof): all behind its first empty line. */
bool receipt_note(const char *receipt, size_t n, const char **note, size_t *note_len);

#endif
