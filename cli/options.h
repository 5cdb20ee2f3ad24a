/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Arguments of a verb: declared options and positionals, parsed by one parser, read by typed
 * getters.
 *
 * The getters are sticky: the first value that cannot be read prints one line and sets `bad`; later
 * ones do nothing. A verb reads all it needs in a straight list and looks at `bad` once.
 */
#ifndef SEM_CLI_OPTIONS_H
#define SEM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/entry.h"

struct ctl;
struct args;

/* One option of a verb. A table ends with a NULL name. */
struct opt {
    const char *name; /* without the dashes */
    const char *arg;  /* what it takes, for the help; NULL: a flag */
    const char *help;
    bool many; /* may be repeated */
};

struct verb {
    const char *name; /* NULL: the noun alone is the command */
    const char *args; /* positionals, for the help: "REF [DATE]" */
    int pos_min, pos_max;
    const struct opt *opts; /* NULL: none */
    int (*run)(struct ctl *, struct args *);
    const char *help; /* one line */
};

#define ARGS_POS_MAX   256
#define ARGS_GIVEN_MAX 96

struct args {
    const struct verb *verb;
    const char *pos[ARGS_POS_MAX];
    int n_pos;
    struct {
        const char *name, *value;
    } given[ARGS_GIVEN_MAX];
    int n_given;
    bool bad;
};

/* --- Parsing ---------------------------------------------------------------------------------- */

/* The options that every verb takes. */
extern const struct opt global_opts[];

/*
 * Looks an option up in argv[*i] ("--name", "--name=value", or "-f") and moves *i past it and its
 * value. Gives NULL and prints when it is unknown or its value is missing.
 */
const struct opt *option_take(const struct opt *const tables[], char **argv, int *i,
                              const char **value);

/* The declared words that come nearest to a mistyped one, printed as a hint; at most 3. */
void suggest(const char *word, const char *const words[], size_t n);

/* --- Reading ---------------------------------------------------------------------------------- */

/* Says what is wrong with the arguments and marks them as bad. */
void args_fail(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The (last) value of an option, NULL when it was not given; flags have the value "". */
const char *args_get(const struct args *a, const char *name);
bool args_flag(const struct args *a, const char *name);
/* The i-th value of an option that may be repeated, NULL after the last. */
const char *args_nth(const struct args *a, const char *name, int i);
/* The positional number i, NULL when it was not given. */
const char *args_pos(const struct args *a, int i);

/* A value that must be there. NULL only when bad. */
const char *args_required(struct args *a, const char *name);
/*
 * Each reads a text the user gave for `what` (an option or positional name); NULL reads as absent.
 */
void args_handle(struct args *a, const char *what, const char *text, struct handle *out);
void args_ref(struct args *a, const char *what, const char *text, struct ref *out);
void args_minutes(struct args *a, const char *what, const char *text, int64_t *out);
void args_day(struct args *a, const char *what, const char *text, int32_t *out);
/* A whole number of min..max. */
void args_int(struct args *a, const char *what, const char *text, int64_t min, int64_t max,
              int64_t *out);
/* "a,b,c": sorted, without doubles. */
void args_handles(struct args *a, const char *what, const char *text, struct handles *out);
/* The same in the order given. */
void args_handles_in_order(struct args *a, const char *what, const char *text, struct handles *out);
void args_slugs(struct args *a, const char *what, const char *text, struct slugs *out);

/*
 * A moment from --until DATE (the end of that day), or --days N from now, or else `days` from now;
 * 0 when bad.
 */
int64_t args_until(struct args *a, int64_t days);

#endif
