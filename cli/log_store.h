/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Where cli/log_source.c has its files from; nobody else includes this. */
#ifndef SEM_CLI_LOG_STORE_H
#define SEM_CLI_LOG_STORE_H

#include "cli/log_source.h"

struct log_store;

struct log_store_ops {
    /* The bytes of a name, from malloc; at most `max`, else SOURCE_MALFORMED. */
    enum source_got (*read)(struct log_store *, const char *name, size_t max, char **bytes,
                            size_t *n);
    /* Names that will be read soon, none of them longer than `max`. May be NULL. */
    void (*ahead)(struct log_store *, char names[][SOURCE_NAME_SIZE], size_t n, size_t max);
    void (*free)(struct log_store *);
};

/* First member of both. */
struct log_store {
    const struct log_store_ops *ops;
    int exit; /* after SOURCE_FAILED */
};

/* Most names in one call of `ahead`. */
#define LOG_STORE_AHEAD 16

/* NULL without memory. The context and the path are borrowed. */
struct log_store *log_store_server(struct ctl *ctl);
struct log_store *log_store_folder(const char *dir);

#endif
