/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The key file as JSON (SPEC 13.2), around crypto/keyfile.h.
 */
#ifndef SEM_CLI_KEYFILE_JSON_H
#define SEM_CLI_KEYFILE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/keyfile.h"

#define KEY_LABEL_MAX 128

struct ctl;

struct keyfile_json {
    struct keyfile file;
    char label[KEY_LABEL_MAX + 1];
    char *aad; /* canonical JSON of the file without its box */
};

/*
 * Decodes the bytes of a key file; a line end after the object is accepted. False with a static
 * word on what is wrong. keyfile_json_free() releases it.
 */
bool keyfile_json_decode(struct keyfile_json *out, const char *bytes, size_t n, const char **why)
    __attribute__((warn_unused_result));
/* The bytes of a file, line end included; the caller frees them. Its aad is made anew. */
char *keyfile_json_encode(struct keyfile_json *file) __attribute__((warn_unused_result));
/* Makes the aad of the header as it stands. False without memory. */
bool keyfile_json_header(struct keyfile_json *file) __attribute__((warn_unused_result));
void keyfile_json_free(struct keyfile_json *file);

/* Reads a file; CTL_OK or an exit code after a message. */
int keyfile_json_read(struct keyfile_json *out, const char *path)
    __attribute__((warn_unused_result));
/*
 * Warns in one line when others than its owner have rights on a key file, which a passphrase that
 * can be guessed would not survive. True when there was reason to.
 */
bool keyfile_json_warn(const struct ctl *ctl, const char *path);
/*
 * Writes a file of mode 0600 through a new file and a rename, synced. An existing one is only
 * replaced when `replace`. CTL_OK or an exit code after a message.
 */
int keyfile_json_write(struct keyfile_json *file, const char *path, bool replace)
    __attribute__((warn_unused_result));

#endif
