/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is only read: figures, statement, the log, the catalogue, the rules' parameters. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/problem.h"
#include "cli/sentence.h"
#include "cli/session.h"
#include "cli/signing.h"
#include "cli/table.h"
#include "cli/things.h"
#include "cli/waiting.h"
#include "cli/yearly.h"

/* --- Figures ---------------------------------------------------------------------------------- */

static int pairs(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"org", SHOW_WHOLE, N_("with")},
                                            {"given", SHOW_MINUTES, N_("we gave")},
                                            {"received", SHOW_MINUTES, N_("we received")},
                                            {"last_at", SHOW_DAY, N_("last")},
                                            {NULL, SHOW_TEXT, NULL}};
    char path[ORG_PATH_SIZE];
    int rc = org_path(ctl, a, "pairs", path);

    return rc == CTL_OK ? list_print(ctl, path, columns, _("No hours exchanged yet.")) : rc;
}

static int statement(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"at", SHOW_DAY, N_("day")},
                                            {"index", SHOW_INTEGER, N_("entry")},
                                            {"kind", SHOW_TEXT, N_("kind")},
                                            {"parties", SHOW_TEXT, N_("parties")},
                                            {"given", SHOW_MINUTES, N_("gave")},
                                            {"received", SHOW_MINUTES, N_("received")},
                                            {"position", SHOW_MINUTES, N_("position")},
                                            {NULL, SHOW_TEXT, NULL}};
    char path[ORG_PATH_SIZE];
    struct query q;
    int32_t day;

    if (args_get(a, "year") != NULL) {
        return yearly_org(ctl, a);
    }
    if (args_flag(a, "csv") || args_flag(a, "html") || args_get(a, "o") != NULL) {
        args_fail(a, _("--csv, --html and -o go with --year YEAR"));
    }
    args_day(a, "--from", args_get(a, "from"), &day);
    args_day(a, "--to", args_get(a, "to"), &day);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = org_path(ctl, a, "statement", path);
    if (rc != CTL_OK) {
        return rc;
    }
    query_start(&q, path);
    query_add(&q, "from", args_get(a, "from"));
    query_add(&q, "to", args_get(a, "to"));
    rc = list_print(ctl, q.path, columns, _("No entries in these days."));
    free(q.path);
    return rc;
}

/* --- The network ------------------------------------------------------------------------------ */

static int network(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"origin", SHOW_TEXT, N_("network")},
                                          {"founded_at", SHOW_MOMENT, N_("founded")},
                                          {"demo", SHOW_YES, N_("demo")},
                                          {"size", SHOW_INTEGER, N_("entries")},
                                          {"root", SHOW_WHOLE, N_("root")},
                                          {"totals.orgs", SHOW_INTEGER, N_("organisations")},
                                          {"totals.exchanges", SHOW_INTEGER, N_("exchanges")},
                                          {"totals.given", SHOW_MINUTES, N_("given")},
                                          {"totals.pool", SHOW_MINUTES, N_("pool")},
                                          {"charter", SHOW_WHOLE, N_("charter")},
                                          {"keys.log_verifier", SHOW_WHOLE, N_("log key")},
                                          {"rules_version", SHOW_INTEGER, N_("rules version")},
                                          {"version", SHOW_TEXT, N_("server version")},
                                          {NULL, SHOW_TEXT, NULL}};
    (void)a;
    return object_print(ctl, "/v1/network", lines);
}

/* A catalogue or table that comes as one object with "items". */
static int whole_list(struct ctl *ctl, const char *path, const struct column *columns)
{
    struct reply reply;
    int rc = get(ctl, &reply, "%s", path);
    const json_t *items = json_object_get(reply.json, "items");

    for (size_t i = 0; rc == CTL_OK && ctl->json && i < json_array_size(items); i++) {
        print_json(json_array_get(items, i));
    }
    if (rc == CTL_OK && !ctl->json) {
        table_print(items, columns, _("Nothing here yet."));
    }
    reply_free(&reply);
    return rc;
}

static int policy(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"key", SHOW_WHOLE, N_("parameter")},
                                            {"value", SHOW_INTEGER, N_("value")},
                                            {"unit", SHOW_TEXT, N_("unit")},
                                            {"meaning", SHOW_TEXT, N_("meaning")},
                                            {NULL, SHOW_TEXT, NULL}};
    (void)a;
    return whole_list(ctl, "/v1/policies", columns);
}

static int skills(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"slug", SHOW_WHOLE, N_("word")},
                                            {"names.en", SHOW_TEXT, "English"},
                                            {"names.fr", SHOW_TEXT, "français"},
                                            {"names.nl", SHOW_TEXT, "Nederlands"},
                                            {NULL, SHOW_TEXT, NULL}};
    (void)a;
    return whole_list(ctl, "/v1/skills", columns);
}

/* --- The log ---------------------------------------------------------------------------------- */

static int entries_list(struct ctl *ctl, struct args *a)
{
    static const struct column columns[] = {{"index", SHOW_INTEGER, N_("entry")},
                                            {"at", SHOW_DAY, N_("day")},
                                            {"kind", SHOW_TEXT, N_("kind")},
                                            {"ref", SHOW_WHOLE, N_("reference")},
                                            {NULL, SHOW_TEXT, NULL}};
    struct query q;

    query_start(&q, "/v1/entries");
    query_add(&q, "kind", args_get(a, "kind"));
    query_add(&q, "org", args_get(a, "org"));
    int rc = list_print(ctl, q.path, columns, _("No such entries in the log."));
    free(q.path);
    return rc;
}

static void entry_sentence(struct ctl *ctl, const json_t *answer)
{
    static char words[SENTENCE_SIZE];
    static struct entry entry;
    const json_t *leaf = json_object_get(answer, "leaf");
    struct refusal why = {.code = CODE_OK};
    const char *note, *end;
    size_t n;
    int64_t at;

    if (leaf == NULL ||
        !leaf_split(json_string_value(leaf), json_string_length(leaf), &at, &note, &n)) {
        return;
    }
    end = memmem(note, n, "\n\n", 2);
    if (end != NULL && entry_decode(&entry, ctl->origin, note, (size_t)(end - note) + 1, &why)) {
        sentence_write(words, sizeof words, &entry, NULL);
        printf("%s\n", words);
    }
}

static int entry_show(struct ctl *ctl, struct args *a)
{
    static const struct column lines[] = {{"index", SHOW_INTEGER, N_("entry")},
                                          {"at", SHOW_MOMENT, N_("logged")},
                                          {"kind", SHOW_TEXT, N_("kind")},
                                          {"ref", SHOW_WHOLE, N_("reference")},
                                          {"parties", SHOW_TEXT, N_("parties")},
                                          {"hash", SHOW_WHOLE, N_("entry hash")},
                                          {NULL, SHOW_TEXT, NULL}};
    const char *which = args_pos(a, 0);
    struct reply reply;
    struct ref ref;
    int64_t index;

    if (strchr(which, '/') != NULL) {
        if (strncmp(which, "clock/", 6) != 0) {
            args_ref(a, "REF", which, &ref);
        }
    } else {
        args_int(a, "INDEX", which, 0, INTEGER_MAX, &index);
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = get(ctl, &reply, "/v1/entries/%s", which);
    if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        entry_sentence(ctl, reply.json);
        texts_show(ctl, json_string_value(json_object_get(reply.json, "ref")), false);
        lines_print(reply.json, lines);
    }
    rc = rc == CTL_OK ? receipt_take(ctl, reply.json, NULL, 0) : rc;
    reply_free(&reply);
    return rc;
}

/* --- Tables ----------------------------------------------------------------------------------- */

static const struct opt statement_opts[] = {
    {"from", "DATE", N_("first day"), false},
    {"to", "DATE", N_("last day"), false},
    YEARLY_OPTS,
    {NULL, NULL, NULL, false},
};
static const struct opt yearly_opts[] = {
    YEARLY_OPTS,
    {NULL, NULL, NULL, false},
};
static const struct opt entries_opts[] = {
    {"kind", "KIND", N_("of one kind, such as hours.record"), false},
    {"org", "H", N_("in which this organisation takes part"), false},
    {NULL, NULL, NULL, false},
};
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, 0, 0, NULL, NULL, NULL                                                         \
    }

const struct verb pairs_verbs[] = {
    {NULL, "[HANDLE]", 0, 1, NULL, pairs, N_("with whom: hours given and received")},
    END,
};
const struct verb statement_verbs[] = {
    {NULL, "[HANDLE]", 0, 1, statement_opts, statement,
     N_("entries, newest first, with effect; or a year")},
    END,
};
const struct verb network_verbs[] = {
    {NULL, "", 0, 0, NULL, network, N_("name, keys, size and totals")},
    {"statement", "", 0, 0, yearly_opts, yearly_network, N_("the network's statement of a year")},
    END,
};
const struct verb policy_verbs[] = {
    {NULL, "", 0, 0, NULL, policy, N_("every parameter with its meaning")},
    END,
};
const struct verb skills_verbs[] = {
    {NULL, "", 0, 0, NULL, skills, N_("the words for skills")},
    END,
};
const struct verb entries_verbs[] = {
    {"list", "", 0, 0, entries_opts, entries_list, N_("the log, from its beginning")},
    END,
};
const struct verb entry_verbs[] = {
    {"show", "INDEX|REF", 1, 1, NULL, entry_show,
     N_("what an entry says, with its receipt checked")},
    END,
};
