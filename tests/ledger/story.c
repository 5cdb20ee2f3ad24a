/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/story.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/preview.h"
#include "policies/window.h"

struct refusal story_why;
static struct made_note note;

void story_start(size_t n_orgs, const char *policy)
{
    audit_log_start(n_orgs, policy);
}

/* What the audit came to is what the rules came to. */
static void compare_accounts(struct state *audited)
{
    struct sums sums, found;
    struct quarter quarter = story_quarter(), other;
    state_sums(&made.state, &sums);
    state_sums(audited, &found);
    cr_assert(memcmp(&sums, &found, sizeof sums) == 0);
    state_quarter(audited, &other);
    cr_assert_eq(quarter.budget, other.budget);
    cr_assert_eq(quarter.spent, other.spent);
    cr_assert_eq(quarter.crisis_until, other.crisis_until);
    for (uint32_t i = 1; i <= sums.orgs; i++) {
        struct org a = story_org((int)i), b;
        cr_assert(state_org(audited, i, &b));
        cr_assert_eq(org_position(&a), org_position(&b), "org %u", i);
        cr_assert_eq(a.pool_received, b.pool_received, "org %u", i);
        cr_assert_eq(a.leaning_since, b.leaning_since, "org %u", i);
        cr_assert_eq(a.strained_since, b.strained_since, "org %u", i);
    }
}

/* What the pool paid stands in the hours, with the organisations, and by day. */
static void recount_pool(void)
{
    struct hours h;
    struct pair_day d;
    struct sums sums;
    int64_t in_hours = 0, in_orgs = 0, by_day = 0;
    struct pair_key at = {.day = 0};
    for (bool more = state_next_hours(&made.state, NULL, &h); more;
         more = state_next_hours(&made.state, &h.key, &h))
        for (size_t i = 0; i < h.n; i++)
            in_hours += h.pairs[i].paid;
    for (bool after = false; state_next_pair_day(&made.state, after, &at, &d); after = true)
        by_day += d.pooled;
    state_sums(&made.state, &sums);
    for (uint32_t i = 1; i <= sums.orgs; i++)
        in_orgs += story_org((int)i).pool_received;
    cr_assert_eq(in_hours, in_orgs);
    cr_assert_eq(by_day, in_orgs);
}

void story_end(void)
{
    char why[160] = "";
    struct source s;
    cr_assert(rules_recount(&made.state, why, sizeof why), "%s", why);
    recount_pool();
    struct audit *a = audit_made(&s);
    if (audit_n_findings(a) > 0)
        audit_print(a);
    cr_assert_eq(audit_n_findings(a), 0);
    compare_accounts(audit_state(a));
    audit_free(a);
    audit_log_finish();
}

void story_at(int64_t moment)
{
    char ref[REF_TEXT_SIZE];
    cr_assert_geq(moment, made.at);
    made.at = moment - 1000; /* signing moves it on by a second */
    log_maker_do(&made, ref, "org.confirm", "org-01", "{}");
}

void story_pass(int64_t ms)
{
    story_at(made.at + ms);
}

/* --- Entries ---------------------------------------------------------------------------------- */

enum code story_try(const char *kind, const char *signers, const char *format, ...)
{
    static struct state scratch;
    static struct note parsed;
    static struct entry entry;
    static struct outcome outcome;
    static struct signer_set needed;
    char fields[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    log_maker_sign(&made, &note, kind, signers, "%s", fields);
    story_why = (struct refusal){.code = CODE_OK};
    cr_assert_eq(note_parse(&parsed, note.b, note.n), NOTE_OK);
    if (!entry_decode(&entry, MAKER_ORIGIN, parsed.text, parsed.text_len, &story_why))
        return story_why.code;
    return preview_entry(made.kv, &scratch, &entry, made.at, &outcome, &needed, &story_why)
               ? CODE_OK
               : story_why.code;
}

void story_do(char ref[static REF_TEXT_SIZE], const char *kind, const char *signers,
              const char *format, ...)
{
    char fields[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    log_maker_do(&made, ref, kind, signers, "%s", fields);
}

const char *story_name(int org)
{
    static char names[8][16];
    static int turn;
    char *name = names[turn++ % 8];
    snprintf(name, sizeof names[0], "org-%02d", org);
    return name;
}

const char *story_both(int a, int b)
{
    static char both[4][32];
    static int turn;
    char *out = both[turn++ % 4];
    snprintf(out, sizeof both[0], "org-%02d org-%02d", a < b ? a : b, a < b ? b : a);
    return out;
}

const char *story_today(void)
{
    static char day[DAY_TEXT_BYTES];
    day_format(day, window_day(made.at));
    return day;
}

#define SHARES "\"shares\":[{\"from\":\"%s\",\"minutes\":%" PRId64 ",\"to\":\"%s\"}]"

void story_help(int from, int to, int64_t minutes)
{
    char ref[REF_TEXT_SIZE];
    story_do(ref, "hours.record", story_both(from, to), "{\"day\":\"%s\"," SHARES "}",
             story_today(), story_name(from), minutes, story_name(to));
}

void story_needs(char ref[static REF_TEXT_SIZE], int asker, int64_t minutes, bool urgent)
{
    story_do(ref, "need.publish", story_name(asker),
             "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64 ",\"minutes\":%" PRId64
             ",\"public\":false,\"type\":\"space\",\"urgent\":%s}",
             made.at + 20 * MAKER_DAY, minutes, urgent ? "true" : "false");
}

void story_vouch(int by, const char *need)
{
    char ref[REF_TEXT_SIZE];
    story_do(ref, "need.vouch", story_name(by), "{\"need\":\"%s\"}", need);
}

void story_serve(char ref[static REF_TEXT_SIZE], int from, int to, int64_t minutes,
                 const char *need)
{
    story_do(ref, "hours.record", story_both(from, to),
             "{\"day\":\"%s\",\"need\":\"%s\"," SHARES "}", story_today(), need, story_name(from),
             minutes, story_name(to));
}

#define AGREEMENT "{\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64 "," SHARES "}"

void story_agree(char ref[static REF_TEXT_SIZE], int from, int to, int64_t minutes,
                 int64_t expires)
{
    story_do(ref, "agreement.sign", story_both(from, to), AGREEMENT, expires, story_name(from),
             minutes, story_name(to));
}

enum code story_try_agree(int from, int to, int64_t minutes)
{
    return story_try("agreement.sign", story_both(from, to), AGREEMENT, made.at + MAKER_DAY,
                     story_name(from), minutes, story_name(to));
}

void story_status(int org, int class, int levy_permille, int pool_permille)
{
    char ref[REF_TEXT_SIZE];
    story_do(ref, "status.grant", "org-02 org-03",
             "{\"class\":%d,\"levy_permille\":%d,\"org\":\"%s\",\"panel\":[\"org-02\",\"org-03\"],"
             "\"pool_permille\":%d,\"reason\":\"" STORY_ZEROS "\",\"until\":%" PRId64 "}",
             class, levy_permille, story_name(org), pool_permille, made.at + 300 * MAKER_DAY);
}

void story_break(char ref[static REF_TEXT_SIZE], int org)
{
    char signers[32];
    snprintf(signers, sizeof signers, "org-01 org-03 %s", story_name(org));
    story_do(ref, "agreement.sign", signers,
             "{\"cosigner\":\"org-03\",\"details\":\"" STORY_ZEROS "\",\"expires\":%" PRId64
             "," SHARES "}",
             made.at + MAKER_DAY, story_name(org), INT64_C(1), "org-01");
    story_pass(2 * MAKER_DAY);
}

/* --- Figures ---------------------------------------------------------------------------------- */

struct org story_org(int org)
{
    struct org out;
    cr_assert(state_org(&made.state, (uint32_t)org, &out));
    return out;
}

int64_t story_position(int org)
{
    struct org o = story_org(org);
    return org_position(&o);
}

int64_t story_pool(void)
{
    return story_position(POOL);
}

struct quarter story_quarter(void)
{
    struct quarter q;
    state_quarter(&made.state, &q);
    return q;
}

struct need story_need(const char *text)
{
    struct ref ref;
    struct need need;
    cr_assert(ref_parse(&ref, text, strlen(text)));
    struct thing_key key = {.id = ref.id, .author = state_org_number(&made.state, &ref.by)};
    cr_assert(state_need(&made.state, &key, &need));
    return need;
}
