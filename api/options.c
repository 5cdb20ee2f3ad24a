/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"

#define VERBS "init, serve, check, rebuild, keys, backup or restore"

static const char usage[] =
    "Usage: semd VERB --dir DIR [OPTION...]\n"
    "Keeps the mutual-aid ledger of a network of organisations.\n"
    "\n"
    "  init      make a data folder: --origin NAME, for a demo network --demo-seed TEXT\n"
    "  serve     answer over HTTP until SIGTERM\n"
    "  check     replay the log and compare every byte of the state\n"
    "  rebuild   make the state again from the log\n"
    "  keys      print the public keys, which network.found must name\n"
    "  backup    copy the data folder, also while it is served: --to NEWDIR\n"
    "  restore   check a backup from leaf to leaf and make a data folder of it: --from BACKUP\n"
    "\n"
    "  --dir DIR               the data folder\n"
    "  --origin NAME           the network's name, such as ledger.example.org/brussels\n"
    "  --demo-seed TEXT        derive the keys from a text: never for a real network\n"
    "  --to NEWDIR             where the backup goes; nothing may be there\n"
    "  --without-keys          leave the server's keys out of the backup\n"
    "  --from BACKUP           the backup; it is read alone and stays\n"
    "  --keys KEYSDIR          take the server's keys from there\n"
    "  --replace               DIR may be there: it is kept as DIR.before-TIME; what it signed,\n"
    "                          erased and refused last stays known\n"
    "  --listen HOST:PORT      or unix:PATH; port 0 takes a free one (127.0.0.1:8080)\n"
    "  --metrics HOST:PORT     serve Prometheus figures there\n"
    "  --witness-policy FILE   send each head to the witnesses in a C2SP tlog-policy file\n"
    "  --insecure-http         allow plain HTTP on an address that is not this machine's own\n"
    "  --config FILE           lines `key = value` with the keys\n"
    "                            dir, listen, metrics, witness_policy   as above\n"
    "                            map_bytes    room for the log and its state (64 GiB, sparse)\n"
    "                            queue_max    entries that may wait for the writer (4096)\n"
    "                            batch_max    entries of one commit (256)\n"
    "                            threads      threads that answer (one a core)\n"
    "  --help, --version\n";

/* --- Values ---------------------------------------------------------------------------------- */

static bool take_text(char out[static OPTION_TEXT_MAX], const char *name, const char *value)
{
    if (strlen(value) >= OPTION_TEXT_MAX || value[0] == '\0') {
        fprintf(stderr, "semd: %s needs a text of 1 to %d characters\n", name,
                OPTION_TEXT_MAX - 1);
        return false;
    }
    snprintf(out, OPTION_TEXT_MAX, "%s", value);
    return true;
}

static bool take_number(size_t *out, const char *name, const char *value, size_t min, size_t max)
{
    char *end = NULL;
    unsigned long long n = 0;

    errno = 0;
    if (value[0] >= '0' && value[0] <= '9') {
        n = strtoull(value, &end, 10);
    }
    if (!end || *end || errno || n < min || n > max) {
        fprintf(stderr, "semd: %s needs a number from %zu to %zu, not \"%s\"\n", name, min, max,
                value);
        return false;
    }
    *out = (size_t)n;
    return true;
}

/* --- The file -------------------------------------------------------------------------------- */

static bool take_key(struct options *o, const char *key, const char *value)
{
    size_t threads = 0;

    if (strcmp(key, "dir") == 0) {
        return o->dir[0] || take_text(o->dir, key, value);
    }
    if (strcmp(key, "listen") == 0) {
        return o->listen[0] || take_text(o->listen, key, value);
    }
    if (strcmp(key, "metrics") == 0) {
        return o->metrics[0] || take_text(o->metrics, key, value);
    }
    if (strcmp(key, "witness_policy") == 0) {
        return o->witness_policy[0] || take_text(o->witness_policy, key, value);
    }
    if (strcmp(key, "map_bytes") == 0) {
        return take_number(&o->map_bytes, key, value, (size_t)1 << 20, (size_t)1 << 46);
    }
    if (strcmp(key, "queue_max") == 0) {
        return take_number(&o->queue_max, key, value, 1, 1000000);
    }
    if (strcmp(key, "batch_max") == 0) {
        return take_number(&o->batch_max, key, value, 1, 100000);
    }
    if (strcmp(key, "threads") == 0) {
        if (!take_number(&threads, key, value, 1, THREADS_MAX)) {
            return false;
        }
        o->threads = (unsigned)threads;
        return true;
    }
    fprintf(stderr, "semd: unknown key \"%s\"; the keys are dir, listen, metrics, "
            "witness_policy, map_bytes, queue_max, batch_max, threads\n", key);
    return false;
}

static char *trim(char *s)
{
    char *end;

    s += strspn(s, " \t\r\n");
    end = s + strlen(s);
    while (end > s && strchr(" \t\r\n", end[-1])) {
        *--end = '\0';
    }
    return s;
}

static bool take_line(struct options *o, char *line)
{
    char *equals;

    line = trim(line);
    if (line[0] == '\0' || line[0] == '#') {
        return true;
    }
    equals = strchr(line, '=');
    if (!equals) {
        fprintf(stderr, "semd: \"%s\" is not `key = value`\n", line);
        return false;
    }
    *equals = '\0';
    return take_key(o, trim(line), trim(equals + 1));
}

static bool read_file(struct options *o, const char *path)
{
    char line[OPTION_TEXT_MAX + 64];
    FILE *f = fopen(path, "re");
    bool ok = f != NULL;
    int n = 0;

    if (!f) {
        fprintf(stderr, "semd: %s: %s\n", path, strerror(errno));
        return false;
    }
    while (ok && fgets(line, sizeof line, f)) {
        n++;
        ok = take_line(o, line);
    }
    if (!ok) {
        fprintf(stderr, "semd: in line %d of %s\n", n, path);
    }
    fclose(f);
    return ok;
}

/* --- The command line ------------------------------------------------------------------------ */

enum { OPT_DIR = 256, OPT_ORIGIN, OPT_SEED, OPT_TO, OPT_WITHOUT_KEYS, OPT_FROM, OPT_KEYS,
       OPT_REPLACE, OPT_LISTEN, OPT_METRICS, OPT_WITNESS, OPT_INSECURE, OPT_CONFIG, OPT_HELP,
       OPT_VERSION };

static const struct option long_options[] = {
    {"dir", required_argument, NULL, OPT_DIR},
    {"origin", required_argument, NULL, OPT_ORIGIN},
    {"demo-seed", required_argument, NULL, OPT_SEED},
    {"to", required_argument, NULL, OPT_TO},
    {"without-keys", no_argument, NULL, OPT_WITHOUT_KEYS},
    {"from", required_argument, NULL, OPT_FROM},
    {"keys", required_argument, NULL, OPT_KEYS},
    {"replace", no_argument, NULL, OPT_REPLACE},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"metrics", required_argument, NULL, OPT_METRICS},
    {"witness-policy", required_argument, NULL, OPT_WITNESS},
    {"insecure-http", no_argument, NULL, OPT_INSECURE},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int wrong_usage(const char *what)
{
    fprintf(stderr, "semd: %s\nTry `semd --help`.\n", what);
    return EXIT_USAGE;
}

static bool find_verb(const char *word, enum verb *out)
{
    static const char *const words[] = {"init", "serve", "check", "rebuild", "keys", "backup",
                                        "restore"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            *out = (enum verb)i;
            return true;
        }
    }
    return false;
}

/* One option; answers -1 to go on, or an exit code. */
static int take_option(struct options *o, int option, const char **config)
{
    switch (option) {
    case OPT_DIR:
        return take_text(o->dir, "--dir", optarg) ? -1 : EXIT_USAGE;
    case OPT_ORIGIN:
        return take_text(o->origin, "--origin", optarg) ? -1 : EXIT_USAGE;
    case OPT_SEED:
        return take_text(o->demo_seed, "--demo-seed", optarg) ? -1 : EXIT_USAGE;
    case OPT_TO:
        return take_text(o->to, "--to", optarg) ? -1 : EXIT_USAGE;
    case OPT_WITHOUT_KEYS:
        o->without_keys = true;
        return -1;
    case OPT_FROM:
        return take_text(o->from, "--from", optarg) ? -1 : EXIT_USAGE;
    case OPT_KEYS:
        return take_text(o->keys, "--keys", optarg) ? -1 : EXIT_USAGE;
    case OPT_REPLACE:
        o->replace = true;
        return -1;
    case OPT_LISTEN:
        return take_text(o->listen, "--listen", optarg) ? -1 : EXIT_USAGE;
    case OPT_METRICS:
        return take_text(o->metrics, "--metrics", optarg) ? -1 : EXIT_USAGE;
    case OPT_WITNESS:
        return take_text(o->witness_policy, "--witness-policy", optarg) ? -1 : EXIT_USAGE;
    case OPT_INSECURE:
        o->insecure_http = true;
        return -1;
    case OPT_CONFIG:
        *config = optarg;
        return -1;
    case OPT_HELP:
        fputs(usage, stdout);
        return EXIT_OK;
    case OPT_VERSION:
        puts("semd " VERSION);
        return EXIT_OK;
    default: /* getopt has said what is wrong */
        return wrong_usage("there is no such option");
    }
}

/* What belongs to one verb alone. */
static int check_copies(const struct options *o)
{
    bool backup = o->verb == VERB_BACKUP, restore = o->verb == VERB_RESTORE;

    if (!backup && (o->to[0] || o->without_keys)) {
        return wrong_usage("--to and --without-keys are for backup");
    }
    if (!restore && (o->from[0] || o->keys[0] || o->replace)) {
        return wrong_usage("--from, --keys and --replace are for restore");
    }
    if (backup && !o->to[0]) {
        return wrong_usage("--to NEWDIR is missing: the folder that the backup will be");
    }
    if (restore && !o->from[0]) {
        return wrong_usage("--from BACKUP is missing: the folder that `semd backup` made");
    }
    return -1;
}

static int check_verb(struct options *o, const char *config)
{
    if (o->verb != VERB_SERVE && (config || o->listen[0] || o->metrics[0] || o->insecure_http ||
                                  o->witness_policy[0])) {
        return wrong_usage("--listen, --metrics, --witness-policy, --config and --insecure-http "
                           "are for serve");
    }
    if (o->verb != VERB_INIT && (o->origin[0] || o->demo_seed[0])) {
        return wrong_usage("--origin and --demo-seed are for init: the folder knows its own");
    }
    if (config && !read_file(o, config)) {
        return EXIT_USAGE;
    }
    if (!o->dir[0]) {
        return wrong_usage("--dir DIR is missing: the folder where the ledger lives");
    }
    if (o->verb == VERB_INIT && !o->origin[0]) {
        return wrong_usage("--origin NAME is missing, such as ledger.example.org/brussels");
    }
    if (!o->listen[0]) {
        snprintf(o->listen, sizeof o->listen, "127.0.0.1:8080");
    }
    return check_copies(o);
}

int options_read(struct options *o, int argc, char **argv)
{
    const char *config = NULL;
    int option, code;

    memset(o, 0, sizeof *o);
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        code = take_option(o, option, &config);
        if (code != -1) {
            return code;
        }
    }
    if (optind >= argc) {
        return wrong_usage("a verb is missing: " VERBS);
    }
    if (!find_verb(argv[optind], &o->verb)) {
        return wrong_usage("no such verb: " VERBS);
    }
    if (optind + 1 < argc) {
        return wrong_usage("one verb at a time, and nothing after it but options");
    }
    return check_verb(o, config);
}
