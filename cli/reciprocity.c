/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The coordinator's sheet and an organisation's standing, read aloud (SPEC 18.9, 18.10). The server
 * sends each sentence in three languages; the one of the environment is shown, English else.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/things.h"
#include "cli/words.h"

static void print_words(const char *label, const json_t *list)
{
    size_t i;
    const json_t *word;

    if (json_array_size(list) == 0) {
        return;
    }
    printf("     %s", label);
    json_array_foreach((json_t *)(uintptr_t)list, i, word) {
        printf("%s%s", i ? ", " : " ", json_string_value(word));
    }
    putchar('\n');
}

/* 12.3 %, or a count or a time where the item's figure is one. */
static void print_value(const json_t *value, const char *id)
{
    int64_t n = json_integer_value(value), all = n < 0 ? -n : n;

    if (!json_is_integer(value)) {
        fputs(_("n/a"), stdout);
    } else if (strcmp(id, "dependency") == 0 || strcmp(id, "position") == 0) {
        printf("%" PRId64, n);
    } else if (strcmp(id, "deficit") == 0) {
        fputs(time_text(n).s, stdout);
    } else {
        printf("%s%" PRId64 ".%" PRId64 " %%", n < 0 ? "-" : "", all / 10, all % 10);
    }
}

/* "2025-Q4 12.3 % · 2026-Q1 n/a": the figure of the years that ended with those quarters. */
static void print_trend(const json_t *item)
{
    const json_t *list = json_object_get(item, "trend");
    const char *id = json_string_value(json_object_get(item, "id"));
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n; i++) {
        const json_t *point = json_array_get(list, i);

        printf("%s%s ", i ? " \xc2\xb7 " : "     ",
               json_string_value(json_object_get(point, "quarter")));
        print_value(json_object_get(point, "value"), id != NULL ? id : "");
    }
    if (n > 0) {
        putchar('\n');
    }
}

/* The new offers that would lower the deficit most. */
static void print_offers(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);

        printf(_("     a new offer would help: %s of %s, %s a quarter\n"),
               json_string_value(json_object_get(o, "skill")),
               json_string_value(json_object_get(o, "org")),
               time_text(json_integer_value(json_object_get(o, "minutes"))).s);
    }
}

static void print_item(const json_t *item, int number)
{
    const json_t *invite = json_object_get(item, "invite");

    printf("%d. %s%s\n", number, json_is_true(json_object_get(item, "alert")) ? "! " : "",
           json_sentence(item));
    print_trend(item);
    print_words(_("organisations:"), json_object_get(item, "organisations"));
    print_words(_("could be asked to give:"), json_object_get(invite, "give"));
    print_words(_("could be asked what they need:"), json_object_get(invite, "ask"));
    print_offers(json_object_get(invite, "offers"));
}

static void print_pool(const json_t *pool)
{
    int64_t spent = json_integer_value(json_object_get(pool, "spent"));
    int64_t budget = json_integer_value(json_object_get(pool, "budget"));
    int64_t position = json_integer_value(json_object_get(pool, "position"));

    printf(_("The common pool stands at %s; of this quarter's %s it has paid %s.\n"),
           time_text(position).s, time_text(budget).s, time_text(spent).s);
}

/* Anybody reads the sheet; with a key we are somebody, and coordinators are shown names. */
static int as_ourselves(struct ctl *ctl)
{
    return ctl->key_path != NULL ? session_open(ctl) : CTL_OK;
}

static int sheet(struct ctl *ctl, struct args *a)
{
    struct reply reply = {0};
    int rc = as_ourselves(ctl);

    (void)a;
    rc = rc == CTL_OK ? get(ctl, &reply, "/v1/reciprocity") : rc;
    if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        const json_t *items = json_object_get(reply.json, "items");

        printf(_("Reciprocity in the year to %s, after %" JSON_INTEGER_FORMAT " entries\n"),
               json_string_value(json_path(reply.json, "window.to")),
               json_integer_value(json_object_get(reply.json, "size")));
        print_pool(json_object_get(reply.json, "pool"));
        for (size_t i = 0; i < json_array_size(items); i++) {
            print_item(json_array_get(items, i), (int)i + 1);
        }
    }
    reply_free(&reply);
    return rc;
}

/* --- What makes an item up -------------------------------------------------------------------- */

static const struct column hours[] = {{"logged_at", SHOW_DAY, N_("day")},
                                      {"index", SHOW_INTEGER, N_("entry")},
                                      {"shares", SHOW_SHARES, N_("who gave whom")},
                                      {"ref", SHOW_WHOLE, N_("reference")},
                                      {NULL, SHOW_TEXT, NULL}};
static const struct column needs[] = {{"published_at", SHOW_DAY, N_("day")},
                                      {"asker", SHOW_TEXT, N_("asked by")},
                                      {"minutes", SHOW_MINUTES, N_("asked")},
                                      {"in_time", SHOW_MINUTES, N_("received in time")},
                                      {"state", SHOW_TEXT, N_("state")},
                                      {"ref", SHOW_WHOLE, N_("reference")},
                                      {NULL, SHOW_TEXT, NULL}};

static int drill(struct ctl *ctl, struct args *a)
{
    static const char *const words[] = {"fill_gap", "position",   "displaced", "comes_round",
                                        "dependency", "burden", "deficit",   NULL};
    const char *item = args_pos(a, 0);
    bool of_needs = strcmp(item, "fill_gap") == 0 || strcmp(item, "deficit") == 0;
    char path[64];
    size_t i = 0;

    while (words[i] && strcmp(words[i], item) != 0) {
        i++;
    }
    if (!words[i]) {
        return fail(CTL_USAGE, _("ITEM is one of fill_gap, position, displaced, comes_round, "
                                 "dependency, burden, deficit; found %s"), item);
    }
    snprintf(path, sizeof path, "/v1/reciprocity/%s", item);
    struct query q;
    query_start(&q, path);
    query_add(&q, "org", args_get(a, "org"));
    int rc = q.failed ? fail(CTL_FAILED, _("no memory")) : as_ourselves(ctl);
    rc = rc == CTL_OK ? list_print(ctl, q.path, of_needs ? needs : hours,
                                   _("Nothing in this year."))
                      : rc;
    free(q.path);
    return rc;
}

/* --- Standing --------------------------------------------------------------------------------- */

static void print_next(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *step = json_array_get(list, i);

        printf("%s %s\n", i == 0 ? _("next:") : "     ", json_sentence(step));
        print_words("     ", json_object_get(step, "refs"));
    }
}

static int standing(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {
        {"org", SHOW_TEXT, N_("organisation")},
        {"position", SHOW_MINUTES, N_("position")},
        {"line.floor", SHOW_MINUTES, N_("limit below zero")},
        {"metrics.line_use", SHOW_PERMILLE, N_("share of the limit used")},
        {"metrics.exchange_index", SHOW_PERMILLE, N_("exchange index")},
        {"metrics.return_days", SHOW_INTEGER, N_("days on this side of zero")},
        {"metrics.dependency.org", SHOW_TEXT, N_("largest provider")},
        {"metrics.dependency.permille", SHOW_PERMILLE, N_("its share")},
        {"fill.permille", SHOW_PERMILLE, N_("received of what we asked")},
        {"pool_received", SHOW_MINUTES, N_("paid by the common pool")},
        {"promises.kept", SHOW_INTEGER, N_("promises kept")},
        {"promises.broken", SHOW_INTEGER, N_("promises not kept")},
        {"promises.step", SHOW_INTEGER, N_("step about promises")},
        {"status.class", SHOW_INTEGER, N_("status: class of our needs")},
        {"status.until_at", SHOW_DAY, N_("status until")},
        {NULL, SHOW_TEXT, NULL}};
    char path[ORG_PATH_SIZE];
    struct reply reply;
    int rc = org_path(ctl, a, "standing", path);

    if (rc != CTL_OK) {
        return rc;
    }
    rc = get(ctl, &reply, "%s", path);
    if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        lines_print(reply.json, lines);
        print_next(json_object_get(reply.json, "next"));
    }
    reply_free(&reply);
    return rc;
}

/* --- Tables ----------------------------------------------------------------------------------- */

static const struct opt drill_opts[] = {
    {"org", "HANDLE", N_("only where this organisation takes part"), false},
    {NULL, NULL, NULL, false},
};

const struct verb reciprocity_verbs[] = {
    {NULL, "", 0, 0, NULL, sheet, N_("the coordinator's sheet: seven items, the fill gap first")},
    {"show", "ITEM", 1, 1, drill_opts, drill, N_("the entries or needs that make an item up")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const struct verb standing_verbs[] = {
    {NULL, "[HANDLE]", 0, 1, NULL, standing, N_("our own figures, and three next steps")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
