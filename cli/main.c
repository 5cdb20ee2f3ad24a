/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * semctl: finds the verb, reads its arguments, runs it. The table of nouns is the list of
 * everything the program does; its help is printed from the same tables that parse.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/options.h"
#include "cli/session.h"
#include "crypto/random.h"

#define URL_DEFAULT        "http://127.0.0.1:8080"
#define VALID_DAYS_DEFAULT 30
#define VALID_DAYS_MAX     90

static const struct noun {
    const char *name;
    const struct verb *verbs;
    const char *help;
} nouns[] = {
    {"key", key_verbs, N_("key files, and the keys of an organisation")},
    {"org", org_verbs, N_("the directory; joining, admitting, leaving")},
    {"need", need_verbs, N_("what organisations ask for")},
    {"offer", offer_verbs, N_("what organisations offer")},
    {"match", match_verbs, N_("who could help whom, and what we say to it")},
    {"agreement", agreement_verbs, N_("hours promised between organisations")},
    {"hours", hours_verbs, N_("hours given and received")},
    {"pool", pool_verbs, N_("the hours that are there for those who have it hard")},
    {"promise", promise_verbs, N_("help that was promised and did not come")},
    {"status", status_verbs, N_("what the panel decides about who has it hard")},
    {"step", step_verbs, N_("what people decide about promises")},
    {"inbox", inbox_verbs, N_("texts that wait for signatures")},
    {"position", position_verbs, N_("what we gave and received, in short")},
    {"standing", standing_verbs, N_("our own figures, and three next steps")},
    {"reciprocity", reciprocity_verbs, N_("the sheet of the whole network, the fill gap first")},
    {"statement", statement_verbs, N_("our entries with their effect")},
    {"pairs", pairs_verbs, N_("with whom hours were exchanged")},
    {"skills", skills_verbs, N_("the catalogue of skills")},
    {"policy", policy_verbs, N_("the rules' parameters")},
    {"network", network_verbs, N_("the network and its totals")},
    {"entries", entries_verbs, N_("the log, in order")},
    {"entry", entry_verbs, N_("one entry of the log")},
    {"receipt", receipt_verbs, N_("proofs that an entry is in the log")},
    {"log", log_verbs, N_("the signed log as files")},
    {"audit", audit_verbs, N_("every entry judged again, by the rules")},
    {"evidence", evidence_verbs, N_("proofs against a log that broke its word")},
    {"details", details_verbs, N_("texts beside the log")},
    {"witness", witness_verbs, N_("cosigning other people's logs")},
    {"simulate", simulate_verbs, N_("what rules would do, before anybody votes on them")},
    {"apply", apply_verbs, N_("many entries from a file")},
};
#define N_NOUNS (sizeof nouns / sizeof nouns[0])

/* --- Help ------------------------------------------------------------------------------------- */

static void help_options(const struct opt *opts)
{
    char left[64];

    for (const struct opt *o = opts; o != NULL && o->name != NULL; o++) {
        snprintf(left, sizeof left, "%s%s%s%s%s", strlen(o->name) == 1 ? "-" : "--", o->name,
                 o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "", o->many ? " ..." : "");
        printf("      %-26s %s\n", left, _(o->help));
    }
}

static void help_verb(const struct noun *noun, const struct verb *v, bool with_options)
{
    printf("  semctl %s%s%s%s%s\n      %s\n", noun->name, v->name != NULL ? " " : "",
           v->name != NULL ? v->name : "", v->args[0] != '\0' ? " " : "", v->args, _(v->help));
    if (with_options) {
        help_options(v->opts);
    }
}

static void help_noun(const struct noun *noun)
{
    printf("semctl %s: %s\n\n", noun->name, _(noun->help));
    for (const struct verb *v = noun->verbs; v->run != NULL; v++) {
        help_verb(noun, v, true);
    }
}

static void help_all(void)
{
    printf(_("semctl speaks with a SEM ledger and signs for an organisation.\n\n"
             "Usage: semctl [OPTIONS] NOUN [VERB] …\n\nNouns (`semctl help NOUN` says more):\n"));
    for (size_t i = 0; i < N_NOUNS; i++) {
        printf("  %-10s %s\n", nouns[i].name, _(nouns[i].help));
    }
    printf(_("\nOptions of every command:\n"));
    help_options(global_opts);
    printf(_("\nTimes are written 2h30, 2:30, 2,5 (hours), 150 or 45min (minutes).\n"
             "Exit codes: 0 ok, 1 refused, 2 usage, 3 partial, 4 key or session, 5 not found,\n"
             "6 conflict, 7 verification failed, 10 no ledger there, 11 locked, 12 passphrase.\n"));
}

/* --- Finding noun and verb -------------------------------------------------------------------- */

static const struct noun *find_noun(const char *word)
{
    const char *words[N_NOUNS];

    for (size_t i = 0; i < N_NOUNS; i++) {
        if (strcmp(nouns[i].name, word) == 0) {
            return &nouns[i];
        }
        words[i] = nouns[i].name;
    }
    fail(0, _("\"%s\" is nothing semctl knows; `semctl help` lists what it does"), word);
    suggest(word, words, N_NOUNS);
    return NULL;
}

static const struct verb *find_verb(const struct noun *noun, const char *word)
{
    const char *words[32];
    size_t n = 0;

    for (const struct verb *v = noun->verbs; v->run != NULL; v++) {
        if (v->name == NULL) {
            continue;
        }
        if (strcmp(v->name, word) == 0) {
            return v;
        }
        if (n < sizeof words / sizeof words[0]) {
            words[n++] = v->name;
        }
    }
    fail(0, _("%s knows no \"%s\"; `semctl help %s` lists what it does"), noun->name, word,
         noun->name);
    suggest(word, words, n);
    return NULL;
}

/* --- Arguments -------------------------------------------------------------------------------- */

static int parse_small(const char *name, const char *value, int min, int max, int *out)
{
    char *end;
    long n = strtol(value, &end, 10);

    if (*value == '\0' || *end != '\0' || n < min || n > max) {
        return fail(CTL_USAGE, _("--%s: \"%s\" is no number from %d to %d"), name, value, min, max);
    }
    *out = (int)n;
    return CTL_OK;
}

/* Sets a global option; CTL_USAGE after a message for a value that cannot be. */
static int set_global(struct ctl *ctl, const char *name, const char *value)
{
    int rc = CTL_OK, days = 0;

    if (strcmp(name, "url") == 0) {
        ctl->url = value;
    } else if (strcmp(name, "key") == 0) {
        ctl->key_path = value;
    } else if (strcmp(name, "as") == 0) {
        ctl->as = value;
    } else if (strcmp(name, "json") == 0) {
        ctl->json = true;
    } else if (strcmp(name, "yes") == 0) {
        ctl->yes = true;
    } else if (strcmp(name, "quiet") == 0) {
        ctl->quiet = true;
    } else if (strcmp(name, "no-input") == 0) {
        ctl->no_input = true;
    } else if (strcmp(name, "passphrase-file") == 0) {
        ctl->passphrase_file = value;
    } else if (strcmp(name, "passphrase-fd") == 0) {
        rc = parse_small(name, value, 0, 1023, &ctl->passphrase_fd);
    } else {
        rc = parse_small(name, value, 1, VALID_DAYS_MAX, &days);
        ctl->valid_days = days;
    }
    return rc;
}

static bool is_global(const struct opt *o)
{
    for (const struct opt *g = global_opts; g->name != NULL; g++) {
        if (g == o) {
            return true;
        }
    }
    return false;
}

struct command {
    const struct noun *noun;
    const struct verb *verb;
    bool help;
    struct args args;
};

/* The verb of that name of a noun that can also stand alone, or NULL. */
static const struct verb *further_verb(const struct noun *noun, const char *word)
{
    for (const struct verb *v = noun->verbs; v->run != NULL; v++) {
        if (v->name != NULL && strcmp(v->name, word) == 0) {
            return v;
        }
    }
    return NULL;
}

/*
 * Takes a word that is no option: the noun, the verb, or a positional. `plain`: behind "--", where
 * a noun that can stand alone takes no verb any more.
 */
static int take_word(struct command *c, const char *word, bool plain)
{
    const struct verb *further;

    if (c->noun == NULL && !c->help && strcmp(word, "help") == 0) {
        c->help = true;
    } else if (c->noun == NULL) {
        c->noun = find_noun(word);
        if (c->noun == NULL) {
            return CTL_USAGE;
        }
        c->verb = c->noun->verbs[0].name == NULL ? &c->noun->verbs[0] : NULL;
    } else if (c->verb == NULL) {
        c->verb = find_verb(c->noun, word);
        return c->verb != NULL ? CTL_OK : CTL_USAGE;
    } else if (!plain && c->verb->name == NULL && c->args.n_pos == 0 &&
               (further = further_verb(c->noun, word)) != NULL) {
        c->verb = further;
    } else if (c->args.n_pos == ARGS_POS_MAX || c->args.n_pos == c->verb->pos_max) {
        return fail(CTL_USAGE, _("\"%s\" is one word too many; `semctl help %s` shows how"), word,
                    c->noun->name);
    } else {
        c->args.pos[c->args.n_pos++] = word;
    }
    return CTL_OK;
}

static int take_option(struct ctl *ctl, struct command *c, char **argv, int *i)
{
    const struct opt *own = c->verb != NULL ? c->verb->opts : NULL;
    const struct opt *tables[] = {own != NULL ? own : global_opts, own != NULL ? global_opts : NULL,
                                  NULL};
    const char *value;
    const struct opt *o = option_take(tables, argv, i, &value);

    if (o == NULL) {
        return CTL_USAGE;
    }
    if (is_global(o)) {
        if (strcmp(o->name, "help") == 0) {
            c->help = true;
            return CTL_OK;
        }
        return set_global(ctl, o->name, value);
    }
    if (!o->many && args_get(&c->args, o->name) != NULL) {
        return fail(CTL_USAGE, _("--%s is given twice"), o->name);
    }
    if (c->args.n_given == ARGS_GIVEN_MAX) {
        return fail(CTL_USAGE, _("too many options"));
    }
    c->args.given[c->args.n_given].name = o->name;
    c->args.given[c->args.n_given++].value = value;
    return CTL_OK;
}

static int parse(struct ctl *ctl, struct command *c, char **argv)
{
    bool options = true;
    int rc = CTL_OK;

    for (int i = 1; argv[i] != NULL && rc == CTL_OK;) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            i++;
        } else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
            rc = take_option(ctl, c, argv, &i);
        } else {
            rc = take_word(c, argv[i++], !options);
        }
    }
    return rc;
}

static int run(struct ctl *ctl, struct command *c)
{
    if (c->noun == NULL) {
        help_all();
        return CTL_OK;
    }
    if (c->help && c->verb != NULL && (c->verb->name != NULL || c->noun->verbs[1].run == NULL)) {
        help_verb(c->noun, c->verb, true);
        return CTL_OK;
    }
    if (c->help || c->verb == NULL) {
        help_noun(c->noun);
        return CTL_OK;
    }
    if (c->args.n_pos < c->verb->pos_min) {
        fail(0, _("something is missing: semctl %s %s %s"), c->noun->name,
             c->verb->name != NULL ? c->verb->name : "", c->verb->args);
        return CTL_USAGE;
    }
    c->args.verb = c->verb;
    int rc = c->verb->run(ctl, &c->args);
    session_end(ctl);
    return rc;
}

int main(int argc, char **argv)
{
    static struct command command;
    const char *url = getenv("SEM_URL");
    struct ctl ctl = {.url = url != NULL && url[0] != '\0' ? url : URL_DEFAULT,
                      .passphrase_fd = -1,
                      .valid_days = VALID_DAYS_DEFAULT};

    (void)argc;
    i18n_start();
    if (crypto_start() != 0) {
        return fail(CTL_FAILED, _("the system gives no random bytes"));
    }
    int rc = parse(&ctl, &command, argv);
    if (rc == CTL_OK) {
        rc = run(&ctl, &command);
    }
    ctl_close(&ctl);
    if (fflush(stdout) != 0 && rc == CTL_OK) {
        rc = fail(CTL_FAILED, _("the output cannot be written"));
    }
    return rc;
}
