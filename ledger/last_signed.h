/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What keeps a restored backup from signing a fork (SPEC 14.4): the newest head that was published
 * from a data folder, in the file `last-signed` or in the journal, whichever is larger. The file is
 * written where the journal does not have a head, and at every stop.
 */
#ifndef SEM_LEDGER_LAST_SIGNED_H
#define SEM_LEDGER_LAST_SIGNED_H

#include "ledger/log.h"

enum last_signed { LAST_SIGNED_OK, LAST_SIGNED_NONE, LAST_SIGNED_IO, LAST_SIGNED_MALFORMED };

/* Of the file alone. */
enum last_signed last_signed_read(const char *dir, struct log_head *out)
    __attribute__((warn_unused_result));
/* Durable when it returns true. One line of one length, written in place: a single barrier. */
bool last_signed_write(const char *dir, const struct log_head *head)
    __attribute__((warn_unused_result));

/*
 * Of file and journal the larger; a folder without a journal has what is in the file. Without the
 * file nothing is known: it is written at the first start, and may have had more than the journal.
 */
enum last_signed last_signed_newest(const char *dir, struct log_head *out)
    __attribute__((warn_unused_result));
/*
 * Why a log with this head must not be signed, as a static sentence; NULL: it may. A folder that
 * has no journal may have lost entries that were answered.
 */
const char *last_signed_check(const char *dir, struct kv *kv, const struct log_head *head);

#endif
