/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The figures against tests/vectors/reciprocity.txt, which an implementation in exact fractions
 * wrote that shares nothing with this one (tests/auditor/sem_audit/metrics.py). */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/figures.h"
#include "policies/limits.h"

#define ORGS_MAX  12
#define PAIRS_MAX (ORGS_MAX * ORGS_MAX)
#define WORDS_MAX 12

static struct help help[PAIRS_MAX];
static size_t n, orgs, checked;
static int line_number;

/* The words of a line; a figure that is not known is written "-". */
static size_t split(char *line, char *words[static WORDS_MAX])
{
    size_t count = 0;
    for (char *end = line + strcspn(line, "\n"); line < end; line += strlen(line) + 1) {
        cr_assert_lt(count, WORDS_MAX);
        words[count++] = line;
        line[strcspn(line, " \n")] = '\0';
    }
    return count;
}

static int64_t number(const char *word)
{
    char *end;
    long long value = strtoll(word, &end, 10);
    cr_assert(*word != '\0' && *end == '\0', "line %d: %s", line_number, word);
    return value;
}

static void expect(bool known, int64_t value, const char *word, const char *name)
{
    checked++;
    if (strcmp(word, "-") == 0) {
        cr_expect(!known, "line %d: %s is not known", line_number, name);
    } else {
        cr_expect(known && value == number(word), "line %d: %s is %" PRId64 ", not %s", line_number,
                  name, value, word);
    }
}

static void expect_ratio(struct ratio found, const char *word, const char *name)
{
    expect(found.known, found.permille, word, name);
}

static enum layer layer_named(const char *word)
{
    return strcmp(word, "help") == 0 ? LAYER_HELP : LAYER_ACCOUNT;
}

static void check_layer(char **word)
{
    bool member[ORGS_MAX];
    struct layer_figures f;

    for (size_t i = 0; i < orgs; i++)
        member[i] = true;
    cr_assert(figures_of_layer(help, n, member, orgs, layer_named(word[1]), &f));
    expect(true, f.minutes, word[2], "W");
    expect_ratio(f.displaced, word[3], "M3");
    expect_ratio(f.positions, word[4], "M4");
    expect_ratio(f.direct, word[5], "M5");
    expect_ratio(f.round, word[6], "M6");
    expect_ratio(f.one_way, word[7], "M7");
    expect(f.giving.known, f.giving.hhi, word[8], "M8b giving");
    expect(f.receiving.known, f.receiving.hhi, word[9], "M8b receiving");
    expect_ratio(f.core, word[10], "M15");
}

static void check_org(char **word)
{
    static const struct line line = {.floor = 1, .ceiling = 1, .hard_floor = 1};
    enum layer layer = layer_named(word[2]);
    struct own_sums sums;
    struct own_figures own;

    figures_own_sums(help, n, (uint32_t)number(word[1]), &sums);
    figures_own(&line, 0, 0, &sums, &own);
    expect_ratio(own.exchange_index[layer], word[3], "M2");
    expect(own.dependency[layer].known, own.dependency[layer].top_permille, word[4], "largest");
    expect(own.dependency[layer].known, own.dependency[layer].hhi, word[5], "HHI");
    expect(own.dependency[layer].known, own.dependency[layer].effective_permille, word[6],
           "effective providers");
}

static void check(char **word, size_t words)
{
    if (strcmp(word[0], "net") == 0 && words == 2) {
        orgs = (size_t)number(word[1]);
        cr_assert_leq(orgs, ORGS_MAX);
        n = 0;
    } else if (strcmp(word[0], "help") == 0 && words == 7) {
        cr_assert_lt(n, PAIRS_MAX);
        help[n++] = (struct help){(uint32_t)number(word[1]), (uint32_t)number(word[2]),
                                  number(word[3]),           number(word[4]),
                                  number(word[5]),           number(word[6])};
    } else if (strcmp(word[0], "layer") == 0 && words == 11) {
        check_layer(word);
    } else if (strcmp(word[0], "org") == 0 && words == 7) {
        check_org(word);
    } else if (strcmp(word[0], "all") == 0 && words == 2) {
        expect_ratio(layer_solidarity(help, n), word[1], "M13");
    } else {
        cr_assert_fail("line %d: %s", line_number, word[0]);
    }
}

Test(vectors, figures_in_exact_fractions)
{
    FILE *file = fopen("tests/vectors/reciprocity.txt", "r");
    char line[256], *words[WORDS_MAX];

    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line_number++;
        if (line[0] != '#')
            check(words, split(line, words));
    }
    fclose(file);
    cr_assert_gt(checked, 2000);
}
