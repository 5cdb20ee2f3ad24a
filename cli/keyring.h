/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Several organisations' keys, unlocked once: `<handle>.semkey` in one folder. For who enters the
 * texts of a whole fair, or a demonstration.
 */
#ifndef SEM_CLI_KEYRING_H
#define SEM_CLI_KEYRING_H

#include "cli/ctl.h"

struct keyring;

/* `dir` is borrowed. NULL without memory. */
struct keyring *keyring_new(const char *dir);
void keyring_free(struct keyring *ring); /* NULL is accepted */

/* Marks a handle as needed; nothing is opened yet. False without memory. */
bool keyring_need(struct keyring *ring, const struct handle *handle)
    __attribute__((warn_unused_result));

/*
 * Unlocks every key needed and says how far it is. One passphrase is asked for and tried on all; a
 * key that it does not open is asked for by itself on a terminal. CTL_OK or an exit code after a
 * message.
 */
int keyring_unlock(struct keyring *ring, const struct ctl *ctl) __attribute__((warn_unused_result));

/* The unlocked key of a handle; NULL when it was not needed. */
const struct secret_key *keyring_key(const struct keyring *ring, const char *handle);

#endif
