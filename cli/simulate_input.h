/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a simulation is given: a setting from a demand file and options, and a network's own policy
 * document (SPEC 20.2, 20.5). Each prints what is wrong and marks the arguments as bad.
 */
#ifndef SEM_CLI_SIMULATE_INPUT_H
#define SEM_CLI_SIMULATE_INPUT_H

#include <jansson.h>

#include "cli/ctl.h"
#include "cli/options.h"
#include "policies/simulate_rows.h"

#define SIM_INPUT_BYTES_MAX (1024 * 1024)

/* Options of a setting, for the tables of the verbs. */
#define SIM_SETTING_OPTS                                                                          \
    {"demand", "FILE", N_("own measured demand (JSON, as `simulate demand` prints it)"), false},  \
    {"a", "SHARE", N_("how often a provider is free (0.5)"), false},                              \
    {"l", "TIME", N_("the line either way (20h)"), false},                                        \
    {"weeks", "N", N_("length (104)"), false},                                                    \
    {"orgs", "N", N_("organisations, in the same proportions (40)"), false},                      \
    {"skills", "E,R,F", N_("skills of an established, regular, fragile one (4,2,1)"), false},     \
    {"refuse", "SHARE", N_("how often one that is chosen says no (0)"), false},                   \
    {"never-ask", "SHARE", N_("share of organisations that never ask (0)"), false},               \
    {"never-give", "SHARE", N_("share that has nothing to give (0)"), false},                     \
    {"imitation", "X", N_("chances per hour given, where imitation rules (1)"), false},           \
    {"urgent", "SHARE", N_("share of requests that are declared urgent (0)"), false},             \
    {"season", "SHARE", N_("needs swing by this share within a year (0)"), false},                \
    {"leave", "SHARE", N_("share replaced by newcomers in a year (0)"), false},                   \
    {"patience", "N", N_("weeks that an unserved request stays open (0)"), false}

struct sim_input {
    struct sim_setting setting;
    int64_t line;
    int64_t imitation_permille;
    bool reference; /* nothing differs from the reference experiment */
};

/*
 * "0.5", ".5", "1", "1.125": thousandths of 0..max_milli, at most three digits behind the point.
 */
void sim_read_milli(struct args *a, const char *what, const char *text, int64_t max_milli,
                    int64_t *out);

/* A JSON object of at most `max` bytes, or NULL after a message. The caller releases it. */
json_t *sim_read_json(struct args *a, const char *path, size_t max);

/* Defaults, then --demand, then the options. */
void sim_read_input(struct args *a, struct sim_input *in);

/* A policy document: {"key":value,…}, or with "policy", or an answer of GET /v1/policies. Keys that
 * the simulator does not know are named on stderr and passed over. */
void sim_read_document(const struct ctl *ctl, struct args *a, const char *path,
                       struct sim_document *out);

/* The setting as a demand file; the caller releases it. NULL without memory. */
json_t *sim_setting_json(const struct sim_setting *setting);

#endif
