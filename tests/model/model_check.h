/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Between the files of the model that say which refusals fit an operation. */
#ifndef SEM_TESTS_MODEL_MODEL_CHECK_H
#define SEM_TESTS_MODEL_MODEL_CHECK_H

#include "tests/model/model.h"

struct check {
    const struct model *m;
    const struct op *op;
    int64_t at;
    int by; /* number of the author, -1: none */
    m_codes codes;
};

void must(struct check *c, bool holds, m_codes otherwise);
/* The number of an organisation that must exist and be active, or -1. */
int active(struct check *c, const char *handle);
void must_expire(struct check *c, int64_t days_max);
void must_have_skill(struct check *c);
/* Places of things that must exist and be within reach (SPEC 6), or -1. */
int must_offer(struct check *c, const char *ref);
int must_need(struct check *c, const char *ref);
int must_agreement(struct check *c, const char *ref);
int must_hours(struct check *c, const char *ref);

/* model_check_exchange.c */
void check_sign(struct check *c);
void check_change(struct check *c);
void check_end(struct check *c);
void check_record(struct check *c);
void check_reverse(struct check *c);

#endif
