/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The simulator against results that are known: each test plays a small model whose outcome is
 * proved, derived or published, and says what it found beside what is expected.
 *
 * In every model unit favours pass between organisations that differ in nothing: one of them asks,
 * chosen by chance, and another gives. What is varied is who is chosen to give and what is refused.
 * T1 to T3 show that choice balances, T4 to T7 what limits do, T6 hoarders, T8 too much of a good
 * thing, T9 what no rule can cure (SPEC 20.7 has the models and where their numbers come from).
 *
 * Pure; a test takes at most a second and about 32 KiB of stack. The same seed gives the same
 * figures. */
#ifndef POLICIES_THEORY_H
#define POLICIES_THEORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THEORY_TESTS       9
#define THEORY_FIGURES_MAX 16

struct theory_figure {
    const char *test;  /* "T1"; static */
    const char *what;  /* static */
    double expected;   /* the reference value */
    double tolerance;  /* found may be this far from it; 0 where only the bounds count */
    double low, high;  /* inclusive */
    double found;
};

/* Plays test number 0..THEORY_TESTS-1 (T1 to T9) and fills out[]; returns how many figures. */
size_t theory_run(size_t test, uint64_t seed, struct theory_figure out[static THEORY_FIGURES_MAX]);

bool theory_ok(const struct theory_figure *figure);

#endif
