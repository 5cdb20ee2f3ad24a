/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Short histories of a made log (tests/ledger/audit_runner.h), told entry by entry. A tour:
 *
 *     story_start(4, "{\"pool_cap\":100}");   org-01 coordinator, org-02 and org-03 the panel
 *     story_help(1, 2, 60);                   60 minutes from org-01 to org-02, recorded today
 *     story_needs(ref, 2, 90, true);          org-02 asks for 90 minutes, urgently
 *     cr_assert_eq(story_try("pool.give", "org-02", "{\"minutes\":1}"), CODE_pool_over_position);
 *     story_pass(30 * MAKER_DAY);             time, with what is due
 *     story_end();                            recounts, and an audit finds nothing
 */
#ifndef SEM_TESTS_LEDGER_STORY_H
#define SEM_TESTS_LEDGER_STORY_H

#include "tests/ledger/audit_runner.h"

void story_start(size_t n_orgs, const char *policy);
/*
 * Every figure must hold: the full recount, and an audit of all leaves, which has to come to the
 * same accounts by itself.
 */
void story_end(void);

/* Lets time pass; whatever falls due does so, behind an entry of org-01. */
void story_pass(int64_t ms);
/* To a moment. */
void story_at(int64_t moment);

/* What the rules say to an entry now, without putting it into the log; CODE_OK: it would pass. */
enum code story_try(const char *kind, const char *signers, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
extern struct refusal story_why; /* of the last story_try() */
/* Puts it into the log. */
void story_do(char ref[static REF_TEXT_SIZE], const char *kind, const char *signers,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* --- Usual entries ---------------------------------------------------------------------------- */

void story_help(int from, int to, int64_t minutes);
void story_needs(char ref[static REF_TEXT_SIZE], int asker, int64_t minutes, bool urgent);
void story_vouch(int by, const char *need);
/* Hours from one to another for a need, recorded directly. */
void story_serve(char ref[static REF_TEXT_SIZE], int from, int to, int64_t minutes,
                 const char *need);
/* An agreement that ends at `expires`. */
void story_agree(char ref[static REF_TEXT_SIZE], int from, int to, int64_t minutes,
                 int64_t expires);
/* The panel of org-02 and org-03 grants a status for 300 days. */
void story_status(int org, int class, int levy_permille, int pool_permille);
/* Lets an agreement of a minute from `org` (above 3) to org-01 expire: a broken promise. */
void story_break(char ref[static REF_TEXT_SIZE], int org);
/* An agreement as story_try() gives it. */
enum code story_try_agree(int from, int to, int64_t minutes);

/* "org-07", in one of a few buffers that take turns. */
const char *story_name(int org);
/* "org-03 org-07": both, sorted. */
const char *story_both(int a, int b);
const char *story_today(void);

/* --- Figures ---------------------------------------------------------------------------------- */

struct org story_org(int org);
int64_t story_position(int org);
int64_t story_pool(void);
struct quarter story_quarter(void);
struct need story_need(const char *ref);

#define STORY_ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

#endif
