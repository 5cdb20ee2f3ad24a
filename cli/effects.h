/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the server says a text would do, told before it is signed. */
#ifndef SEM_CLI_EFFECTS_H
#define SEM_CLI_EFFECTS_H

#include <jansson.h>

#include "cli/ctl.h"

/* Shows the "effects" of a preview on stderr; NULL shows nothing. */
void effects_show(const struct ctl *ctl, const json_t *effects);

#endif
