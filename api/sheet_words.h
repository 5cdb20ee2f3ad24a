/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What each item of the sheet says in one sentence (SPEC 18.9), or, where a figure is not known,
 * why. Pure functions; each answers {"en","fr","nl"}, a new reference.
 */
#ifndef SEM_API_SHEET_WORDS_H
#define SEM_API_SHEET_WORDS_H

#include <jansson.h>

#include "policies/burden.h"
#include "policies/fill.h"
#include "policies/ratio.h"

json_t *say_fill_gap(const struct fill *fragile, const struct fill *others);
/* Members that have leaned for long, and how many of them stand above zero. */
json_t *say_positions(size_t leaning, size_t gave);
json_t *say_displaced(struct ratio displaced);
json_t *say_comes_round(struct ratio round);
/* Members above the pair cap; skills that hang on one organisation or none. */
json_t *say_dependency(size_t above, size_t hanging);
/* Members that are offered rest. */
json_t *say_burden(const struct burden_spread *spread, size_t rest);
/* Minutes a quarter: asked for, and of them the deficit. */
json_t *say_deficit(int64_t asked, int64_t deficit);

#endif
