/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where passphrases come from (SPEC 13.1): the terminal, --passphrase-file or --passphrase-fd;
 * never an argument or the environment. Read as one line, without its end, brought to Unicode form
 * NFC.
 */
#ifndef SEM_CLI_PASSPHRASE_H
#define SEM_CLI_PASSPHRASE_H

#include <stddef.h>

#include "cli/ctl.h"
#include "cli/keyfile_json.h"

#define PASSPHRASE_MAX 1024

/* Lives in the caller's frame, who calls passphrase_wipe(). */
struct passphrase {
    size_t n;
    char s[PASSPHRASE_MAX + 1];
};

void passphrase_wipe(struct passphrase *p);

/*
 * Gets the passphrase: `question` is asked on the terminal when neither file nor descriptor was
 * given; `twice` asks again and compares. CTL_OK or an exit code after a message.
 */
int passphrase_get(const struct ctl *ctl, const char *question, bool twice, struct passphrase *out)
    __attribute__((warn_unused_result));

/*
 * Opens a key file; asks up to three times on a terminal. CTL_OK or an exit code after a message.
 */
int passphrase_unlock(const struct ctl *ctl, const struct keyfile_json *file, const char *name,
                      struct secret_key **out) __attribute__((warn_unused_result));

/* CTL_PASSPHRASE or CTL_KEY with a message for a key file that does not open. */
int passphrase_fail(const char *name, enum keyfile_err err);

#endif
