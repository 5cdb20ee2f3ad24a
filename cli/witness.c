/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A witness of other people's logs (SPEC 4.7); it needs no server and no key of an organisation. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ctl.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/witness_http.h"
#include "ledger/witness.h"

#define LISTEN_DEFAULT "127.0.0.1:7380"

static int print_key(const char *dir)
{
    char text[WITNESS_KEY_SIZE];

    if (!witness_key_text(dir, text, stderr)) {
        return CTL_FAILED;
    }
    puts(text);
    return CTL_OK;
}

/* The machine's name and a word, when nobody says better. */
static bool default_name(char *out, size_t size)
{
    char host[HOST_NAME_MAX + 1] = "";

    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') {
        return false;
    }
    snprintf(out, size, "%s/witness", host);
    return true;
}

static int init(struct ctl *ctl, struct args *a)
{
    const char *dir = args_pos(a, 0), *name = args_get(a, "name");
    char made[HOST_NAME_MAX + sizeof "/witness"];

    if (name == NULL) {
        if (!default_name(made, sizeof made)) {
            return fail(CTL_USAGE, _("this machine has no name: give --name NAME"));
        }
        name = made;
    }
    if (!witness_init(dir, name, stderr)) {
        return CTL_FAILED;
    }
    say(ctl, _("Made %s. Add a line `log <verifier key>` to %s/policy for each log, give its\n"
               "operator the key below, and start: semctl witness serve %s"), dir, dir, dir);
    return print_key(dir);
}

static int key(struct ctl *ctl, struct args *a)
{
    (void)ctl;
    return print_key(args_pos(a, 0));
}

static int serve(struct ctl *ctl, struct args *a)
{
    const char *where = args_get(a, "listen");
    struct witness *witness = witness_open(args_pos(a, 0), stderr);
    bool ok;

    if (witness == NULL) {
        return CTL_FAILED;
    }
    if (witness_logs(witness) == 0) {
        say(ctl, _("No log is in %s/policy: everything will be refused."), args_pos(a, 0));
    }
    ok = witness_serve(witness, where != NULL ? where : LISTEN_DEFAULT,
                       args_flag(a, "insecure-http"));
    witness_close(witness);
    return ok ? CTL_OK : CTL_FAILED;
}

static const struct opt init_opts[] = {
    {"name", "NAME", N_("the name of its key (else the machine's name and /witness)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt serve_opts[] = {
    {"listen", "ADDR", N_("HOST:PORT or unix:PATH (127.0.0.1:7380)"), false},
    {"insecure-http", NULL, N_("plain HTTP on an address that is not this machine's own"), false},
    {NULL, NULL, NULL, false},
};

const struct verb witness_verbs[] = {
    {"init", "DIR", 1, 1, init_opts, init, N_("make a folder with a key of its own")},
    {"key", "DIR", 1, 1, NULL, key, N_("print its verifier key")},
    {"serve", "DIR", 1, 1, serve_opts, serve,
     N_("cosign the heads of the logs in DIR/policy until SIGTERM")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
