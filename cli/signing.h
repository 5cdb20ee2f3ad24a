/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a text to a logged entry: decode the very bytes, ask the server what they would do, say in
 * words what they say, ask, sign, post, hand in the texts beside them, verify and keep the receipt,
 * and tell what comes next.
 */
#ifndef SEM_CLI_SIGNING_H
#define SEM_CLI_SIGNING_H

#include "cli/client.h"
#include "cli/ctl.h"
#include "cli/detail.h"

/* The network is open. Returns the exit code of the run. */
int signing_run(struct ctl *ctl, const char *text, size_t len, const struct detail details[],
                size_t n_details) __attribute__((warn_unused_result));

/* Asks the server what an entry would do and shows it; CTL_OK when it would be accepted. */
int preview_show(struct ctl *ctl, const struct entry *entry) __attribute__((warn_unused_result));

/*
 * Puts a signature under a text: the note with this one line. The caller frees it; NULL without
 * memory or for a text that is no note text.
 */
char *sign_text(const struct ctl *ctl, const struct handle *us, const char *text, size_t len,
                size_t *note_len);

/*
 * Verifies the receipt in an answer of the server against the log's key and remembers the head.
 * With a `text` the leaf must be that text, and receipt and leaf are kept beside the key. CTL_OK or
 * an exit code after a message.
 */
int receipt_take(struct ctl *ctl, const json_t *answer, const char *text, size_t len)
    __attribute__((warn_unused_result));

#endif
