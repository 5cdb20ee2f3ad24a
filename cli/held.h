/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What somebody holds of a log (SPEC 17.1): receipts with their leaves (`*.tlog-proof`, `*.leaf`),
 * checkpoint notes (`*.checkpoint`), signed refusals with their entries (`*.refusal`, `*.entry`).
 * Files are read here and judged by their user.
 */
#ifndef SEM_CLI_HELD_H
#define SEM_CLI_HELD_H

#include "cli/ctl.h"

enum held_type { HELD_RECEIPT, HELD_HEAD, HELD_REFUSAL };

struct held {
    enum held_type type;
    char *name; /* of the file, without its folder */
    char *path;
    char *bytes; /* NUL-terminated */
    size_t n;
    char *beside; /* leaf or entry; NULL: not there, or none belongs to it */
    size_t beside_n;
};

struct held_list {
    struct held *v;
    size_t n, room;
};

void held_free(struct held_list *list);

/*
 * Adds the things of a folder in the order of their names. A folder that is not there is CTL_OK
 * when `optional`. CTL_OK or an exit code after a message.
 */
int held_add_folder(struct held_list *list, const char *dir, bool optional)
    __attribute__((warn_unused_result));
/* Adds a file; `leaf` is the path of its leaf, NULL for the one with the same name beside it. */
int held_add_file(struct held_list *list, const char *path, const char *leaf)
    __attribute__((warn_unused_result));
/* Adds a checkpoint note that is kept elsewhere than in a file of its own. */
int held_add_note(struct held_list *list, const char *name, const char *note)
    __attribute__((warn_unused_result));
/* Adds what is kept beside the key: receipts, refusals and the head of its network file. */
int held_add_key(struct held_list *list, const char *key_path) __attribute__((warn_unused_result));

#endif
