/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Statements of a calendar year (SPEC 18.11): shown, or written as the server makes them. */
#include "cli/yearly.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/things.h"

/* --- Showing ---------------------------------------------------------------------------------- */

static void show_rows(const json_t *answer, const char *path, const char *title,
                      const struct column *columns)
{
    const json_t *rows = json_object_get(answer, path);

    if (json_array_size(rows) > 0) {
        printf("\n%s\n", title);
        table_print(rows, columns, "");
    }
}

static void show_org(const json_t *answer)
{
    static const struct column lines[] = {
        {"org", SHOW_TEXT, N_("organisation")},
        {"from", SHOW_DAY, N_("from")},
        {"to", SHOW_DAY, N_("to")},
        {"size", SHOW_INTEGER, N_("entries in the log")},
        {"root", SHOW_WHOLE, N_("root")},
        {"position.opening", SHOW_MINUTES, N_("position at the beginning")},
        {"sums.given", SHOW_MINUTES, N_("plus we gave")},
        {"sums.received", SHOW_MINUTES, N_("less we received")},
        {"sums.gifts", SHOW_MINUTES, N_("plus gifts, not counted")},
        {"sums.pool_paid", SHOW_MINUTES, N_("plus paid by the common pool")},
        {"sums.pool_given", SHOW_MINUTES, N_("less given to the common pool")},
        {"sums.handed_over", SHOW_MINUTES, N_("plus handed over by who left")},
        {"sums.levied", SHOW_MINUTES, N_("less given at closings")},
        {"sums.forgiven", SHOW_MINUTES, N_("plus lifted at closings")},
        {"position.closing", SHOW_MINUTES, N_("position at the end")},
        {NULL, SHOW_TEXT, NULL}};
    static const struct column months[] = {{"month", SHOW_WHOLE, N_("month")},
                                           {"given", SHOW_MINUTES, N_("we gave")},
                                           {"received", SHOW_MINUTES, N_("we received")},
                                           {"moves", SHOW_MINUTES, N_("gifts and pool")},
                                           {"position", SHOW_MINUTES, N_("position")},
                                           {NULL, SHOW_TEXT, NULL}};
    static const struct column partners[] = {{"org", SHOW_WHOLE, N_("with")},
                                             {"name", SHOW_TEXT, N_("name")},
                                             {"given", SHOW_MINUTES, N_("we gave")},
                                             {"received", SHOW_MINUTES, N_("we received")},
                                             {NULL, SHOW_TEXT, NULL}};
    static const struct column skills[] = {{"name", SHOW_TEXT, N_("skill")},
                                           {"given", SHOW_MINUTES, N_("we gave")},
                                           {"received", SHOW_MINUTES, N_("we received")},
                                           {NULL, SHOW_TEXT, NULL}};

    lines_print(answer, lines);
    show_rows(answer, "months", _("By month"), months);
    show_rows(answer, "skills", _("By skill"), skills);
    show_rows(answer, "partners", _("With whom"), partners);
}

static void show_network(const json_t *answer)
{
    static const struct column lines[] = {
        {"origin", SHOW_TEXT, N_("network")},
        {"from", SHOW_DAY, N_("from")},
        {"to", SHOW_DAY, N_("to")},
        {"size", SHOW_INTEGER, N_("entries in the log")},
        {"root", SHOW_WHOLE, N_("root")},
        {"totals.minutes", SHOW_MINUTES, N_("help given")},
        {"totals.gifts", SHOW_MINUTES, N_("of it gifts")},
        {"totals.pool", SHOW_MINUTES, N_("of it paid by the common pool")},
        {"members.before", SHOW_INTEGER, N_("members at the beginning")},
        {"members.admitted", SHOW_INTEGER, N_("admitted")},
        {"members.left", SHOW_INTEGER, N_("left")},
        {"members.after", SHOW_INTEGER, N_("members at the end")},
        {"fill.fragile.permille", SHOW_PERMILLE, N_("fragile received of what they asked")},
        {"fill.others.permille", SHOW_PERMILLE, N_("the others")},
        {"metrics.displaced_share.account", SHOW_PERMILLE, N_("not balanced yet")},
        {"metrics.comes_round.help", SHOW_PERMILLE, N_("comes round")},
        {"metrics.solidarity_share", SHOW_PERMILLE, N_("gifts and pool")},
        {"pool.opening", SHOW_MINUTES, N_("common pool at the beginning")},
        {"pool.closing", SHOW_MINUTES, N_("common pool at the end")},
        {NULL, SHOW_TEXT, NULL}};
    static const struct column months[] = {{"month", SHOW_WHOLE, N_("month")},
                                           {"minutes", SHOW_MINUTES, N_("help given")},
                                           {"gifts", SHOW_MINUTES, N_("gifts")},
                                           {"pool", SHOW_MINUTES, N_("pool")},
                                           {"exchanges", SHOW_INTEGER, N_("exchanges")},
                                           {NULL, SHOW_TEXT, NULL}};
    static const struct column closings[] = {{"at", SHOW_DAY, N_("closing")},
                                             {"deficit", SHOW_MINUTES, N_("below zero before")},
                                             {"levied", SHOW_MINUTES, N_("given by members")},
                                             {"forgiven", SHOW_MINUTES, N_("lifted")},
                                             {"budget", SHOW_MINUTES, N_("new budget")},
                                             {NULL, SHOW_TEXT, NULL}};

    lines_print(answer, lines);
    show_rows(answer, "months", _("By month"), months);
    show_rows(answer, "closings", _("Closings of the common pool"), closings);
}

/* --- Asking ----------------------------------------------------------------------------------- */

/* Writes the answer as it came to -o FILE, or to standard output. */
static int write_answer(struct ctl *ctl, const struct args *a, const struct reply *reply)
{
    const char *path = args_get(a, "o");

    if (path == NULL) {
        fwrite(reply->body, 1, reply->n, stdout);
        return CTL_OK;
    }
    if (!write_whole_file(path, reply->body, reply->n, 0644, true)) {
        return fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    say(ctl, _("Wrote %s."), path);
    return CTL_OK;
}

static int show_year(struct ctl *ctl, struct args *a, const char *path,
                     void (*show)(const json_t *answer))
{
    bool csv = args_flag(a, "csv"), html = args_flag(a, "html");
    struct reply reply;
    int64_t year;

    args_int(a, "--year", args_required(a, "year"), 1970, 2199, &year);
    if (csv && html) {
        args_fail(a, _("--csv or --html, not both"));
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = get(ctl, &reply, "%s/%d%s", path, (int)year,
                 csv ? "?format=csv" : html ? "?format=html" : "");
    if (rc == CTL_OK && (csv || html || args_get(a, "o") != NULL)) {
        rc = write_answer(ctl, a, &reply);
    } else if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        show(reply.json);
    }
    reply_free(&reply);
    return rc;
}

int yearly_org(struct ctl *ctl, struct args *a)
{
    char path[ORG_PATH_SIZE];
    int rc = org_path(ctl, a, "statement", path);

    return rc == CTL_OK ? show_year(ctl, a, path, show_org) : rc;
}

int yearly_network(struct ctl *ctl, struct args *a)
{
    return show_year(ctl, a, "/v1/network/statement", show_network);
}
