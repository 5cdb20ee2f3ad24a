/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/audit_runner.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

#include "crypto/random.h"

struct log_maker made;
struct made_note next_note;
char last_ref[REF_TEXT_SIZE], other_ref[REF_TEXT_SIZE];

static bool reread(void *ctx, uint64_t index, struct slice *leaf)
{
    struct source *s = ctx;
    s->rereads++;
    cr_assert_lt(index, s->n);
    *leaf = s->leaves[index];
    return true;
}

/* Hash i of a tile is the root over 256^level leaves. */
static void tile(void *ctx, unsigned level, uint64_t number, const struct hash hashes[],
                 unsigned width)
{
    struct source *s = ctx;
    uint64_t span = 1;
    for (unsigned l = 0; l < level; l++)
        span *= 256;
    for (unsigned i = 0; i < width; i++) {
        struct merkle_range range;
        struct hash leaf, root;
        merkle_range_start(&range);
        for (uint64_t j = (number * 256 + i) * span; j < (number * 256 + i + 1) * span; j++) {
            merkle_leaf(&leaf, s->leaves[j].data, s->leaves[j].size);
            merkle_range_append(&range, &leaf);
        }
        merkle_range_root(&range, &root);
        s->tiles_hold = s->tiles_hold && hash_equal(&root, &hashes[i]);
    }
    s->full_tiles += width == 256;
}

struct source source_of(const struct slice *leaves, size_t n)
{
    return (struct source){.leaves = leaves, .n = n, .tiles_hold = true};
}

struct audit_config config_of(struct source *s, unsigned threads)
{
    return (struct audit_config){.origin = MAKER_ORIGIN,
                                 .threads = threads,
                                 .reread = reread,
                                 .tile = tile,
                                 .ctx = s};
}

struct audit *audit_run(const struct audit_config *config, const struct source *s)
{
    struct audit *a = audit_new(config);
    cr_assert_not_null(a);
    audit_take(a, s->leaves, s->n);
    audit_settle(a);
    cr_assert(audit_sound(a));
    return a;
}

struct audit *audit_made(struct source *s)
{
    *s = source_of(made.leaves, made.n);
    struct audit_config config = config_of(s, 2);
    return audit_run(&config, s);
}

size_t audit_count(const struct audit *a, bool consequences)
{
    size_t n = 0;
    for (size_t i = 0; i < audit_n_findings(a); i++)
        n += audit_finding(a, i)->is_consequence == consequences;
    return n;
}

void audit_print(const struct audit *a)
{
    for (size_t i = 0; i < audit_n_findings(a); i++) {
        const struct audit_finding *f = audit_finding(a, i);
        fprintf(stderr, "%s %" PRIu64 " %s '%s' '%s' '%s'%s\n", f->code, f->index, f->entry,
                f->field, f->expected, f->found, f->is_consequence ? " (consequence)" : "");
    }
}

void audit_expect_one(const char *code, uint64_t index)
{
    struct source s;
    struct audit *a = audit_made(&s);
    if (audit_count(a, false) != 1)
        audit_print(a);
    cr_assert_eq(audit_count(a, false), 1);
    size_t i = 0;
    while (audit_finding(a, i)->is_consequence)
        i++;
    cr_assert_str_eq(audit_finding(a, i)->code, code);
    cr_assert_eq(audit_finding(a, i)->index, index);
    audit_free(a);
}

void audit_log_start(size_t n_orgs, const char *policy)
{
    cr_assert_eq(crypto_start(), 0);
    log_maker_start(&made, n_orgs, policy);
}

void audit_log_finish(void)
{
    log_maker_end(&made);
}

void audit_log_live(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        log_maker_do(&made, last_ref, "offer.publish", "org-01",
                     "{\"providers\":[\"org-01\"],\"type\":\"skill\",\"skill\":\"garden\","
                     "\"expires\":%" PRId64 ",\"public\":true,\"details\":\"" ZEROS "\"}",
                     made.at + 3 * MAKER_DAY);
        log_maker_do(&made, last_ref, "need.publish", "org-02",
                     "{\"type\":\"space\",\"minutes\":90,\"urgent\":true,\"expires\":%" PRId64
                     ",\"public\":false,\"details\":\"" ZEROS "\"}",
                     made.at + 60 * MAKER_DAY);
        log_maker_do(&made, other_ref, "need.vouch", "org-03", "{\"need\":\"%s\"}", last_ref);
        log_maker_do(&made, other_ref, "agreement.sign", "org-01 org-02",
                     "{" SHARE("org-01", 60, "org-02") ",\"expires\":%" PRId64
                     ",\"details\":\"" ZEROS "\",\"need\":\"%s\"}",
                     made.at + 10 * MAKER_DAY, last_ref);
        log_maker_do(&made, last_ref, "hours.record", "org-01 org-02",
                     "{" SHARE("org-01", 40, "org-02") ",\"day\":\"2023-11-14\","
                     "\"agreement\":\"%s\",\"details\":\"" ZEROS "\"}",
                     other_ref);
        log_maker_do(&made, other_ref, "hours.reverse", "org-01 org-02",
                     "{" SHARE("org-01", 40, "org-02") ",\"hours\":\"%s\"}", last_ref);
        log_maker_do(&made, other_ref, "details.erase", "org-02",
                     "{\"subject\":\"%s\",\"slot\":\"details\"}", last_ref);
        log_maker_do(&made, last_ref, "org.confirm", "org-03", "{}");
        made.at += 4 * MAKER_DAY;
    }
}
