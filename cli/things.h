/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What verbs have in common. */
#ifndef SEM_CLI_THINGS_H
#define SEM_CLI_THINGS_H

#include "cli/draft.h"
#include "cli/options.h"
#include "cli/table.h"

/* --title must be there and say something. */
void title_required(struct args *a);
/* {"title","text"} from --title and --text; NULL when neither was given. The caller takes it. */
json_t *title_and_text(const struct args *a);

/*
 * The panel that decides: --panel and ourselves; none when the option was not given. CTL_OK or an
 * exit code.
 */
int panel_of(struct ctl *ctl, struct args *a, struct handles *out)
    __attribute__((warn_unused_result));

/* An entry of a kind whose only field is a reference: withdraw, vouch, close, cancel. */
int sign_ref(struct ctl *ctl, struct args *a, const char *kind, const char *field)
    __attribute__((warn_unused_result));

/*
 * The path of `what` below an organisation: the one of the first positional, or ourselves. CTL_OK
 * or an exit code.
 */
#define ORG_PATH_SIZE 96
int org_path(struct ctl *ctl, struct args *a, const char *what, char out[static ORG_PATH_SIZE])
    __attribute__((warn_unused_result));

/* Shows GET <base>/<ref> of the first positional. */
int show_thing(struct ctl *ctl, struct args *a, const char *base, const struct column *lines)
    __attribute__((warn_unused_result));

#endif
