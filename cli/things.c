/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/things.h"

#include <stdio.h>
#include <string.h>

#include "cli/i18n.h"

void title_required(struct args *a)
{
    const char *title = args_required(a, "title");

    if (title != NULL && title[strspn(title, " \t\r\n")] == '\0') {
        args_fail(a, _("--title is empty: a line that says what is expected"));
    }
}

json_t *title_and_text(const struct args *a)
{
    const char *title = args_get(a, "title"), *text = args_get(a, "text");

    if (title == NULL && text == NULL) {
        return NULL;
    }
    json_t *o = json_object();
    if (title != NULL) {
        json_object_set_new(o, "title", json_string(title));
    }
    if (text != NULL) {
        json_object_set_new(o, "text", json_string(text));
    }
    return o;
}

int org_path(struct ctl *ctl, struct args *a, const char *what, char out[static ORG_PATH_SIZE])
{
    struct handle org;

    if (args_pos(a, 0) != NULL) {
        args_handle(a, "HANDLE", args_pos(a, 0), &org);
        if (a->bad) {
            return CTL_USAGE;
        }
    } else {
        int rc = ctl_handle(ctl, &org);
        if (rc != CTL_OK) {
            return rc;
        }
    }
    snprintf(out, ORG_PATH_SIZE, "/v1/orgs/%s/%s", org.s, what);
    return CTL_OK;
}

int panel_of(struct ctl *ctl, struct args *a, struct handles *out)
{
    const char *given = args_get(a, "panel");
    char all[PARTIES_MAX * (HANDLE_MAX + 1)];
    struct handle us;

    memset(out, 0, sizeof *out);
    if (given == NULL) {
        return CTL_OK;
    }
    int rc = ctl_handle(ctl, &us);
    if (rc == CTL_OK) {
        snprintf(all, sizeof all, "%s,%s", us.s, given);
        args_handles(a, "--panel", all, out);
    }
    return rc == CTL_OK && a->bad ? CTL_USAGE : rc;
}

int sign_ref(struct ctl *ctl, struct args *a, const char *kind, const char *field)
{
    struct draft d;
    struct ref ref;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    if (a->bad) {
        return CTL_USAGE;
    }
    int rc = draft_start(&d, ctl, kind);
    if (rc == CTL_OK) {
        draft_ref(&d, field, &ref);
        rc = draft_sign(&d);
    }
    draft_free(&d);
    return rc;
}

int show_thing(struct ctl *ctl, struct args *a, const char *base, const struct column *lines)
{
    char path[REF_TEXT_SIZE + 32], text[REF_TEXT_SIZE];
    struct ref ref;

    args_ref(a, "REF", args_pos(a, 0), &ref);
    if (a->bad) {
        return CTL_USAGE;
    }
    ref_format(text, &ref);
    snprintf(path, sizeof path, "%s/%s", base, text);
    return object_print(ctl, path, lines);
}
