/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An entry being built from arguments. Setters are sticky like the getters of cli/options.h: what
 * cannot be set fails the whole draft, which draft_sign() reports.
 */
#ifndef SEM_CLI_DRAFT_H
#define SEM_CLI_DRAFT_H

#include "cli/ctl.h"
#include "cli/detail.h"

#define DRAFT_DETAILS_MAX 2

struct draft {
    struct ctl *ctl;
    struct handle us;
    json_t *entry;
    struct detail details[DRAFT_DETAILS_MAX];
    size_t n_details;
    bool failed;
};

/*
 * Starts an entry of a kind, signed by us: opens the network, sets by, id, kind, valid_until and,
 * when the key remembers a head, seen. CTL_OK or an exit code. draft_free() in both cases.
 */
int draft_start(struct draft *d, struct ctl *ctl, const char *kind)
    __attribute__((warn_unused_result));
void draft_free(struct draft *d);

void draft_text(struct draft *d, const char *field, const char *value); /* NULL: left out */
void draft_int(struct draft *d, const char *field, int64_t value);
void draft_flag(struct draft *d, const char *field, bool value);
void draft_handle(struct draft *d, const char *field, const struct handle *value); /* if any */
void draft_ref(struct draft *d, const char *field, const struct ref *value);       /* if any */
void draft_handles(struct draft *d, const char *field, const struct handles *value);
void draft_slugs(struct draft *d, const char *field, const struct slugs *value); /* if any */
void draft_shares(struct draft *d, const struct shares *value);
void draft_day(struct draft *d, const char *field, int32_t day);
/* A text and its commitment; takes `text`. */
void draft_details(struct draft *d, const char *slot, const char *kind, json_t *text);

/* Shows, asks, signs, posts (cli/signing.h). Returns the exit code. */
int draft_sign(struct draft *d) __attribute__((warn_unused_result));

/* A new id of a time, as text. */
void new_id(char out[static ID_TEXT_SIZE], int64_t time_ms);

#endif
