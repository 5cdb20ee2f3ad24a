/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One line of `semctl apply` (SPEC 13.3): from its JSON to a complete signed note. */
#ifndef SEM_CLI_APPLY_LINE_H
#define SEM_CLI_APPLY_LINE_H

#include "cli/detail.h"
#include "cli/keyring.h"

#define LINE_DETAILS_MAX 3
/* network.found is signed by every founder. */
#define LINE_SIGNERS_MAX FOUNDERS_MAX

struct line_signers {
    size_t n;
    struct handle v[LINE_SIGNERS_MAX];
};

struct apply_line {
    char *note;
    size_t note_len;
    char ref[REF_TEXT_SIZE];
    struct detail details[LINE_DETAILS_MAX];
    size_t n_details;
};

/* Room for what is wrong with a line. */
#define LINE_WRONG_SIZE 640

/*
 * The handles that sign a line, in order. False with `wrong`; also when the line has a member that
 * no line has, which needs no key to be found.
 */
bool apply_line_signers(const json_t *line, struct line_signers *out,
                        char wrong[static LINE_WRONG_SIZE]) __attribute__((warn_unused_result));

/*
 * Fills in what a line leaves out, replaces "$name" by the reference that `saved` holds for it,
 * makes the commitments, decodes the text and signs it with every signer's key. Changes `line`.
 * apply_line_free() in both cases. False with `wrong`.
 */
bool apply_line_make(struct apply_line *out, json_t *line, const json_t *saved,
                     const struct ctl *ctl, const struct keyring *ring, int64_t now,
                     char wrong[static LINE_WRONG_SIZE]) __attribute__((warn_unused_result));
void apply_line_free(struct apply_line *line);

#endif
