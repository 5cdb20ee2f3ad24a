/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Texts that wait for our signature: looked at, then signed (SPEC 10). */
#ifndef SEM_CLI_WAITING_H
#define SEM_CLI_WAITING_H

#include "cli/ctl.h"

/* Shows the texts beside an item, then signs it as cli/signing.h does. Returns the exit code. */
int waiting_sign(struct ctl *ctl, const struct ref *ref) __attribute__((warn_unused_result));

/* Finds the application of an organisation in our inbox and signs it. */
int waiting_sign_application(struct ctl *ctl, const struct handle *who)
    __attribute__((warn_unused_result));

/*
 * Prints the texts of an entry, where they are there and open their commitments: on stdout, or on
 * stderr before a signature.
 */
void texts_show(struct ctl *ctl, const char *ref, bool before_signing);

#endif
