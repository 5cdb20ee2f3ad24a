/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/shares.h"

#include <stdio.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/split.h"

void share_parse(struct args *a, const char *text, struct share *out)
{
    char from[HANDLE_MAX + 2], to[HANDLE_MAX + 2];
    size_t n = strcspn(text, ":"), m = text[n] == ':' ? strcspn(text + n + 1, ":") : 0;

    memset(out, 0, sizeof *out);
    if (text[n] != ':' || text[n + 1 + m] != ':' || n >= sizeof from || m >= sizeof to) {
        args_fail(a, _("--share: \"%s\" is not FROM:TO:TIME, such as tilleul:hirondelle:2h30"),
                  text);
        return;
    }
    snprintf(from, sizeof from, "%.*s", (int)n, text);
    snprintf(to, sizeof to, "%.*s", (int)m, text + n + 1);
    args_handle(a, "--share", from, &out->from);
    args_handle(a, "--share", to, &out->to);
    args_minutes(a, "--share", text + n + m + 2, &out->minutes);
}

static void read_single(struct args *a, struct shares *out)
{
    const char *text;

    for (int i = 0; (text = args_nth(a, "share", i)) != NULL && !a->bad; i++) {
        if (out->n == SHARES_MAX) {
            args_fail(a, _("at most %d shares stand in one text"), SHARES_MAX);
            return;
        }
        share_parse(a, text, &out->v[out->n++]);
    }
}

/* `option` with its dashes. */
static void one_side(struct args *a, const char *option, const struct handle *us,
                     struct handles *out)
{
    const char *text = args_get(a, option + 2);

    args_handles_in_order(a, option, text, out);
    if (text == NULL) {
        out->v[0] = *us;
        out->n = 1;
    }
}

static void read_split(struct args *a, const struct handle *us, struct shares *out)
{
    struct handles from, to;
    int64_t minutes, parts[PARTIES_MAX];

    args_minutes(a, "--minutes", args_required(a, "minutes"), &minutes);
    one_side(a, "--from", us, &from);
    one_side(a, "--to", us, &to);
    if (!a->bad && from.n > 1 && to.n > 1) {
        args_fail(a, _("several give and several receive: name each part with --share"));
    }
    size_t n = from.n > to.n ? from.n : to.n;
    if (!a->bad && !split_equal(parts, n, minutes)) {
        args_fail(a, _("--minutes: too little to share among %zu"), n);
    }
    for (size_t i = 0; i < n && !a->bad; i++) {
        out->v[i].from = from.v[from.n > 1 ? i : 0];
        out->v[i].to = to.v[to.n > 1 ? i : 0];
        out->v[i].minutes = parts[i];
        out->n = i + 1;
    }
}

void args_shares(struct args *a, const struct handle *us, struct shares *out)
{
    bool split =
        args_get(a, "from") != NULL || args_get(a, "to") != NULL || args_get(a, "minutes") != NULL;

    memset(out, 0, sizeof *out);
    if (args_get(a, "share") != NULL && split) {
        args_fail(a, _("give --share, or --from, --to and --minutes; not both"));
    } else if (split) {
        read_split(a, us, out);
    } else {
        read_single(a, out);
    }
    for (size_t i = 0; i < out->n && !a->bad; i++) {
        if (strcmp(out->v[i].from.s, out->v[i].to.s) == 0) {
            args_fail(a, _("%s cannot give to itself: name the other with --from or --to"),
                      out->v[i].from.s);
        }
    }
}

void shares_say(const struct ctl *ctl, const struct args *a, const struct shares *shares)
{
    char d[DURATION_SIZE];

    if (args_get(a, "minutes") == NULL || shares->n < 2) {
        return;
    }
    say(ctl, _("Shared in whole minutes:"));
    for (size_t i = 0; i < shares->n; i++) {
        duration_format(d, shares->v[i].minutes);
        say(ctl, "  %s > %s: %s", shares->v[i].from.s, shares->v[i].to.s, d);
    }
}

bool shares_decode(const json_t *object, struct shares *out)
{
    const json_t *list = json_object_get(object, "shares");

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < json_array_size(list) && i < SHARES_MAX; i++) {
        const json_t *s = json_array_get(list, i);
        const json_t *from = json_object_get(s, "from"), *to = json_object_get(s, "to");
        struct share *share = &out->v[out->n++];
        share->minutes = json_integer_value(json_object_get(s, "minutes"));
        if (!json_is_string(from) || !json_is_string(to) ||
            !handle_parse(&share->from, json_string_value(from), json_string_length(from)) ||
            !handle_parse(&share->to, json_string_value(to), json_string_length(to))) {
            return false;
        }
    }
    return out->n > 0;
}
