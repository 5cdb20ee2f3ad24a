/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/i18n.h"
#include "cli/keyfile_json.h"
#include "cli/passphrase.h"
#include "cli/pin.h"
#include "crypto/random.h"

void ctl_close(struct ctl *ctl)
{
    client_free(ctl->client);
    json_decref(ctl->network);
    pin_free(ctl->pin);
    secret_key_free(ctl->secret);
    secret_wipe(ctl->token, sizeof ctl->token);
    ctl->client = NULL;
    ctl->network = NULL;
    ctl->pin = NULL;
    ctl->secret = NULL;
}

/* --- Talk ------------------------------------------------------------------------------------- */

void say(const struct ctl *ctl, const char *fmt, ...)
{
    va_list ap;

    if (ctl->quiet) {
        return;
    }
    fflush(stdout); /* what was said before stands before it */
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

int fail(int code, const char *fmt, ...)
{
    va_list ap;

    fputs("semctl: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return code;
}

void print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    putchar('\n');
}

bool can_ask(const struct ctl *ctl)
{
    return !ctl->no_input && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ask_yes(const struct ctl *ctl, const char *question)
{
    char line[16] = "";

    if (ctl->yes) {
        return true;
    }
    if (!can_ask(ctl)) {
        fail(0, _("nobody can be asked here: look at the text above and repeat with --yes"));
        return false;
    }
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    return rpmatch(line) == 1 || line[0] == 'y' || line[0] == 'Y';
}

/* --- Who we are ------------------------------------------------------------------------------- */

int ctl_handle(const struct ctl *ctl, struct handle *out)
{
    const char *name = ctl->as;
    size_t n;

    if (name != NULL) {
        n = strlen(name);
    } else if (ctl->key_path != NULL) {
        const char *slash = strrchr(ctl->key_path, '/');
        name = slash != NULL ? slash + 1 : ctl->key_path;
        n = strcspn(name, ".");
    } else {
        return fail(CTL_KEY, _("this needs a key: name it with --key FILE"));
    }
    if (!handle_parse(out, name, n)) {
        return fail(CTL_USAGE, _("\"%.*s\" is no handle: say who we are with --as HANDLE"), (int)n,
                    name);
    }
    return CTL_OK;
}

int ctl_unlock(struct ctl *ctl)
{
    struct keyfile_json file;

    if (ctl->secret != NULL) {
        return CTL_OK;
    }
    if (ctl->key_path == NULL) {
        return fail(CTL_KEY, _("this needs a key: name it with --key FILE"));
    }
    int rc = keyfile_json_read(&file, ctl->key_path);
    if (rc == CTL_OK) {
        ctl->pub = file.file.pub;
        keyfile_json_warn(ctl, ctl->key_path);
        rc = passphrase_unlock(ctl, &file, ctl->key_path, &ctl->secret);
        keyfile_json_free(&file);
    }
    return rc;
}
