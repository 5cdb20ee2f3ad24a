/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "ledger/witness_policy.h"

/* The verifier key text of a key made from a letter; static, a few at a time. */
static const char *vkey(const char *name, char letter, enum key_type type)
{
    static char texts[8][VERIFIER_KEY_SIZE(POLICY_KEY_NAME_MAX + 1)];
    static unsigned next;
    char *out = texts[next++ % 8];
    uint8_t seed[KEY_SEED_BYTES];
    struct public_key public;
    struct verifier_key key;
    cr_assert_eq(crypto_start(), 0);
    memset(seed, letter, sizeof seed);
    struct secret_key *secret = secret_key_from_seed(seed);
    secret_key_public(secret, &public);
    secret_key_free(secret);
    verifier_key_set(&key, name, strlen(name), (uint8_t)type, &public);
    cr_assert_gt(verifier_key_encode(out, sizeof texts[0], &key), 0);
    return out;
}

static const char *log_key(char letter)
{
    char name[] = "log.example.org/x";
    name[16] = letter;
    return vkey(name, letter, KEY_ED25519);
}

static const char *witness_key(char letter)
{
    char name[] = "witness.example.org/x";
    name[20] = letter;
    return vkey(name, letter, KEY_COSIGNATURE);
}

static struct witness_policy *read_policy(const char *text)
{
    char why[POLICY_WHY_SIZE];
    struct witness_policy *policy = witness_policy_parse(text, strlen(text), true, why);
    cr_assert_not_null(policy, "%s in\n%s", why, text);
    return policy;
}

/* Six witnesses, two groups and a group of groups: the example of C2SP tlog-policy. */
static char *example(const char *rest)
{
    char *text = NULL;
    cr_assert_geq(asprintf(&text, "# two operators\n\n \tlog  %s\thttps://log.example.org/x \n"
                  "witness X1 %s\nwitness X2 %s https://x2.example.org\nwitness X3 %s unix:/x3\n",
                  log_key('a'), witness_key('1'), witness_key('2'), witness_key('3')), 0);
    char *whole = NULL;
    cr_assert_geq(asprintf(&whole, "%sgroup X-witnesses 2 X1 X2 X3\nwitness Y1 %s\n"
                  "witness Y2 %s\nwitness Y3 %s\ngroup Y-witnesses any Y1 Y2 Y3\n"
                  "group X-and-Y all X-witnesses Y-witnesses\n%s", text, witness_key('4'),
                  witness_key('5'), witness_key('6'), rest), 0);
    free(text);
    return whole;
}

Test(witness_policy, reads_the_example_of_the_standard)
{
    char *text = example("quorum X-and-Y\n");
    struct witness_policy *p = read_policy(text);
    cr_assert_eq(p->n_logs, 1);
    cr_assert_str_eq(p->logs[0].origin, "log.example.org/a");
    cr_assert_str_eq(p->logs[0].url, "https://log.example.org/x");
    cr_assert_eq(p->logs[0].key.name_len, strlen(p->logs[0].origin));
    cr_assert_eq(p->n_witnesses, 6);
    cr_assert_str_eq(p->witnesses[1].name, "X2");
    cr_assert_str_eq(p->witnesses[1].url, "https://x2.example.org");
    cr_assert_null(p->witnesses[0].url);
    cr_assert_eq(p->witnesses[5].key.type, KEY_COSIGNATURE);
    cr_assert_eq(p->n_groups, 3);
    cr_assert_eq(p->quorum, POLICY_QUORUM_GROUP);
    witness_policy_free(p);
    free(text);
}

Test(witness_policy, a_quorum_is_met_by_exactly_the_sets_it_describes)
{
    static const char *const quorums[] = {"none", "X1", "X-witnesses", "Y-witnesses", "X-and-Y"};
    for (size_t q = 0; q < sizeof quorums / sizeof quorums[0]; q++) {
        char rest[64];
        snprintf(rest, sizeof rest, "quorum %s\n", quorums[q]);
        char *text = example(rest);
        struct witness_policy *p = read_policy(text);
        for (uint64_t set = 0; set < 64; set++) {
            bool x = (set & 1) + (set >> 1 & 1) + (set >> 2 & 1) >= 2, y = set >> 3 != 0;
            bool want[] = {true, set & 1, x, y, x && y};
            cr_assert_eq(witness_policy_met(p, set), want[q], "%s, set %#llx", quorums[q],
                         (unsigned long long)set);
        }
        witness_policy_free(p);
        free(text);
    }
}

Test(witness_policy, logs_alone_need_no_quorum_where_none_is_asked_for)
{
    char why[POLICY_WHY_SIZE], text[400];
    int n = snprintf(text, sizeof text, "log %s\nlog %s", log_key('a'), log_key('b'));
    struct witness_policy *p = witness_policy_parse(text, (size_t)n, false, why);
    cr_assert_not_null(p, "%s", why);
    cr_assert_eq(p->n_logs, 2);
    cr_assert(witness_policy_met(p, 0));
    witness_policy_free(p);
    cr_assert_null(witness_policy_parse(text, (size_t)n, true, why));
    cr_assert_str_eq(why, "the line `quorum <name>` or `quorum none` is missing");
}

static void expect_wrong(const char *text, size_t n, const char *start)
{
    char why[POLICY_WHY_SIZE];
    struct witness_policy *p = witness_policy_parse(text, n, true, why);
    cr_assert_null(p, "taken: %s", text);
    cr_assert_eq(strncmp(why, start, strlen(start)), 0, "\"%s\" for\n%s", why, text);
}

/* `rest` behind two witnesses A and B and their group AB; `line` counts from there. */
static void expect_rest(const char *rest, unsigned line)
{
    char *text = NULL, start[16];
    int n = asprintf(&text, "witness A %s\nwitness B %s\ngroup AB all A B\n%s", witness_key('1'),
                     witness_key('2'), rest);
    cr_assert_geq(n, 0);
    snprintf(start, sizeof start, "line %u: ", line + 3);
    expect_wrong(text, (size_t)n, start);
    free(text);
}

Test(witness_policy, refuses_what_is_no_policy_and_names_the_line)
{
    static const struct {
        const char *rest;
        unsigned line;
    } cases[] = {
        {"quorum AB\nquorum AB\n", 2},
        {"quorum C\n", 1},
        {"quorum\n", 1},
        {"quorum A B\n", 1},
        {"group C all\n", 1},
        {"group C all A\n", 1}, /* a member of AB already */
        {"group C all AB AB\n", 1},
        {"group C all D\n", 1},
        {"group C all C\n", 1},
        {"group C all none\n", 1},
        {"group none all AB\n", 1},
        {"group A all AB\n", 1},
        {"group AB all AB\n", 1},
        {"group C 0 AB\n", 1},
        {"group C 2 AB\n", 1},
        {"group C 01 AB\n", 1},
        {"group C +1 AB\n", 1},
        {"group C -1 AB\n", 1},
        {"group C 4294967297 AB\n", 1},
        {"group C most AB\n", 1},
        {"quorum none\r\n", 1},
        {"quorum none # not a comment\n", 1},
        {"quorum none\nwitnesses\n", 2},
        {"\n# a\n\tquorum\vnone\n", 3},
        {"log\n", 1},
        {"log example.org/log\n", 1},
        {"witness C\n", 1},
        {"witness C example.org+12345678+AAAA\n", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_rest(cases[i].rest, cases[i].line);
    expect_wrong("quorum none\n\0\n", 14, "line 2: ");
}

Test(witness_policy, a_key_serves_one_thing_once)
{
    char text[1200];
    snprintf(text, sizeof text, "log %s\n", witness_key('c'));
    expect_rest(text, 1);
    snprintf(text, sizeof text, "witness C %s\n", log_key('c'));
    expect_rest(text, 1);
    snprintf(text, sizeof text, "witness C %s\n", vkey("another.name", '1', KEY_COSIGNATURE));
    expect_rest(text, 1);
    snprintf(text, sizeof text, "log %s\nlog %s\n", log_key('c'),
             vkey("another.name", 'c', KEY_ED25519));
    expect_rest(text, 2);
    snprintf(text, sizeof text, "log %s\nwitness C %s\n", log_key('c'), witness_key('c'));
    expect_rest(text, 2);
    snprintf(text, sizeof text, "witness C %s url more\n", witness_key('c'));
    expect_rest(text, 1);
    snprintf(text, sizeof text, "witness A %s\n", witness_key('c'));
    expect_rest(text, 1);
    snprintf(text, sizeof text, "log %s url more\n", log_key('c'));
    expect_rest(text, 1);
    char name[POLICY_KEY_NAME_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(text, sizeof text, "log %s\n", vkey(name, 'c', KEY_ED25519));
    expect_rest(text, 1);
}

Test(witness_policy, holds_as_many_as_it_says_and_no_more)
{
    char *text = NULL, why[POLICY_WHY_SIZE];
    size_t n;
    FILE *out = open_memstream(&text, &n);
    for (int i = 0; i < POLICY_WITNESSES_MAX; i++)
        fprintf(out, "witness w%d %s\n", i, vkey("example.org", (char)(i + 1), KEY_COSIGNATURE));
    for (int i = 0; i < POLICY_GROUPS_MAX; i++)
        fprintf(out, "group g%d any %s%d\n", i, i ? "g" : "w", i ? i - 1 : 62);
    fprintf(out, "quorum g%d\n", POLICY_GROUPS_MAX - 1);
    fflush(out);
    struct witness_policy *p = witness_policy_parse(text, n, true, why);
    cr_assert_not_null(p, "%s", why);
    cr_assert(witness_policy_met(p, (uint64_t)1 << 62));
    cr_assert_not(witness_policy_met(p, ~((uint64_t)1 << 62)));
    witness_policy_free(p);
    long whole = ftell(out);
    fprintf(out, "witness w63 %s\n", witness_key('~'));
    fflush(out);
    expect_wrong(text, n, "line 129: more than 63 witnesses");
    fseek(out, whole, SEEK_SET);
    fputs("group g64 any w1\n", out);
    fflush(out);
    expect_wrong(text, (size_t)whole + strlen("group g64 any w1\n"),
                 "line 129: more than 64 groups");
    fclose(out);
    free(text);
}
