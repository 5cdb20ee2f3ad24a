/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/effects.h"

#include <inttypes.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/table.h"
#include "cli/words.h"

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

/* Who else could be asked, if there is anybody. */
static void show_others(const struct ctl *ctl, const json_t *others)
{
    char text[512] = "";
    struct words names = {.s = text, .size = sizeof text};
    size_t n = json_array_size(others);

    for (size_t i = 0; i < n; i++) {
        const char *handle = json_string_value(json_array_get(others, i));

        words_add(&names, "%s%s", words_between(i, n), handle != NULL ? handle : "");
    }
    words_finish(&names);
    if (n > 0) {
        say(ctl, _("  The same is also offered by %s."), text);
    }
}

/* What nothing forbids and we may want to know before we sign (SPEC 18.12). */
static void show_warning(const struct ctl *ctl, const json_t *warning)
{
    char minutes[DURATION_SIZE];

    if (strcmp(word(warning, "warning"), "pair_cap") == 0) {
        int64_t share = number(warning, "permille");

        say(ctl,
            _("%" PRId64 ".%" PRId64 " %% of what %s received in a year would come from %s: no "
              "fault, but both are safer if others help too."),
            share / 10, share % 10, word(warning, "org"), word(warning, "provider"));
    } else if (strcmp(word(warning, "warning"), "ceiling") == 0) {
        duration_format(minutes, number(warning, "projected"));
        say(ctl,
            _("%s would have given %s more than it received, which is much: no fault, but others "
              "could give this time."),
            word(warning, "org"), minutes);
    } else {
        return;
    }
    show_others(ctl, json_object_get(warning, "others"));
}

void effects_show(const struct ctl *ctl, const json_t *effects)
{
    const json_t *changes = json_object_get(effects, "organisations");
    const json_t *limits = json_object_get(effects, "limits");
    const json_t *warnings = json_object_get(effects, "warnings");

    for (size_t i = 0; i < json_array_size(changes); i++) {
        show_change(ctl, json_array_get(changes, i));
    }
    for (size_t i = 0; i < json_array_size(limits); i++) {
        show_limit(ctl, json_array_get(limits, i));
    }
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        show_warning(ctl, json_array_get(warnings, i));
    }
}
