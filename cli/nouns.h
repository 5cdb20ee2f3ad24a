/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The verbs of each noun; one file a noun. Tables end with a verb without a function. */
#ifndef SEM_CLI_NOUNS_H
#define SEM_CLI_NOUNS_H

#include "cli/options.h"

extern const struct verb agreement_verbs[];
extern const struct verb apply_verbs[];
extern const struct verb audit_verbs[];
extern const struct verb details_verbs[];
extern const struct verb entries_verbs[];
extern const struct verb entry_verbs[];
extern const struct verb evidence_verbs[];
extern const struct verb hours_verbs[];
extern const struct verb inbox_verbs[];
extern const struct verb key_verbs[];
extern const struct verb log_verbs[];
extern const struct verb match_verbs[];
extern const struct verb need_verbs[];
extern const struct verb network_verbs[];
extern const struct verb offer_verbs[];
extern const struct verb org_verbs[];
extern const struct verb pairs_verbs[];
extern const struct verb policy_verbs[];
extern const struct verb pool_verbs[];
extern const struct verb position_verbs[];
extern const struct verb promise_verbs[];
extern const struct verb receipt_verbs[];
extern const struct verb reciprocity_verbs[];
extern const struct verb simulate_verbs[];
extern const struct verb skills_verbs[];
extern const struct verb standing_verbs[];
extern const struct verb statement_verbs[];
extern const struct verb status_verbs[];
extern const struct verb step_verbs[];
extern const struct verb witness_verbs[];

#endif
