/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/effects.h"

#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/table.h"

static int64_t number(const json_t *o, const char *path)
{
    return json_integer_value(json_path(o, path));
}

static const char *word(const json_t *o, const char *path)
{
    const char *s = json_string_value(json_path(o, path));

    return s != NULL ? s : "";
}

static void show_change(const struct ctl *ctl, const json_t *change)
{
    char before[DURATION_SIZE], after[DURATION_SIZE];

    if (number(change, "before.position") != number(change, "after.position")) {
        duration_format(before, number(change, "before.position"));
        duration_format(after, number(change, "after.position"));
        say(ctl, _("Position of %s: %s now, %s after."), word(change, "org"), before, after);
    }
    if (number(change, "before.received_pending") != number(change, "after.received_pending")) {
        duration_format(before, number(change, "before.received_pending"));
        duration_format(after, number(change, "after.received_pending"));
        say(ctl, _("Promised to %s: %s now, %s after."), word(change, "org"), before, after);
    }
    if (number(change, "before.given_pending") != number(change, "after.given_pending")) {
        duration_format(before, number(change, "before.given_pending"));
        duration_format(after, number(change, "after.given_pending"));
        say(ctl, _("Promised by %s: %s now, %s after."), word(change, "org"), before, after);
    }
}

/* A line that is crossed softly opens a conversation, no more. */
static void show_limit(const struct ctl *ctl, const json_t *limit)
{
    if (strcmp(word(limit, "verdict"), "pass_soft") == 0) {
        say(ctl, _("%s would be beyond its line, which is allowed: a reason to talk, no fault."),
            word(limit, "org"));
    }
}

void effects_show(const struct ctl *ctl, const json_t *effects)
{
    const json_t *changes = json_object_get(effects, "organisations");
    const json_t *limits = json_object_get(effects, "limits");

    for (size_t i = 0; i < json_array_size(changes); i++) {
        show_change(ctl, json_array_get(changes, i));
    }
    for (size_t i = 0; i < json_array_size(limits); i++) {
        show_limit(ctl, json_array_get(limits, i));
    }
}
