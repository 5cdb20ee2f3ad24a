/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/witness_policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A group of every witness and group: its own three words, and the members. */
#define WORDS_MAX (3 + POLICY_WITNESSES_MAX + POLICY_GROUPS_MAX)

struct parser {
    struct witness_policy *policy;
    char *words[WORDS_MAX];
    size_t n_words;
    unsigned line;
    uint64_t member_witnesses, member_groups; /* that are members of some group */
    char *why;
};

/* Says what is wrong with the line; returns false, so that a function can end with it. */
__attribute__((format(printf, 2, 3)))
static bool wrong(struct parser *p, const char *fmt, ...)
{
    va_list ap;
    int n = snprintf(p->why, POLICY_WHY_SIZE, "line %u: ", p->line);
    va_start(ap, fmt);
    vsnprintf(p->why + n, POLICY_WHY_SIZE - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

/* --- Names ------------------------------------------------------------------------------------ */

static bool find_witness(const struct witness_policy *policy, const char *name, unsigned *place)
{
    for (unsigned i = 0; i < policy->n_witnesses; i++) {
        if (strcmp(policy->witnesses[i].name, name) == 0) {
            *place = i;
            return true;
        }
    }
    return false;
}

static bool find_group(const struct witness_policy *policy, const char *name, unsigned *place)
{
    for (unsigned i = 0; i < policy->n_groups; i++) {
        if (strcmp(policy->groups[i].name, name) == 0) {
            *place = i;
            return true;
        }
    }
    return false;
}

static bool new_name(struct parser *p, const char *name)
{
    unsigned place;
    if (strcmp(name, "none") == 0)
        return wrong(p, "\"none\" is no name: it stands for a quorum without witnesses");
    if (find_witness(p->policy, name, &place) || find_group(p->policy, name, &place))
        return wrong(p, "\"%.80s\" is the name of a witness or group above", name);
    return true;
}

/* --- Keys ------------------------------------------------------------------------------------- */

/* One public key is used for one thing only, or a signature for one could be shown as another's. */
static bool new_key(struct parser *p, const struct verifier_key *key)
{
    const struct witness_policy *policy = p->policy;
    for (unsigned i = 0; i < policy->n_logs; i++) {
        if (public_key_equal(&policy->logs[i].key.key, &key->key))
            return wrong(p, "this public key is that of a log above");
    }
    for (unsigned i = 0; i < policy->n_witnesses; i++) {
        if (public_key_equal(&policy->witnesses[i].key.key, &key->key))
            return wrong(p, "this public key is that of a witness above");
    }
    return true;
}

static bool read_key(struct parser *p, const char *word, enum key_type type,
                     struct verifier_key *out)
{
    const char *what = type == KEY_ED25519 ? "a log's key, of type 0x01"
                                           : "a witness's key, of type 0x04";
    if (!verifier_key_parse(out, word, strlen(word)))
        return wrong(p, "\"%.80s\" is no verifier key that is understood here; one looks like "
                        "example.org/name+1234abcd+A...", word);
    if (out->type != type)
        return wrong(p, "the key is not %s", what);
    if (out->name_len > POLICY_KEY_NAME_MAX)
        return wrong(p, "the name of the key is longer than %d bytes", POLICY_KEY_NAME_MAX);
    return new_key(p, out);
}

/* --- Lines ------------------------------------------------------------------------------------ */

static bool take_log(struct parser *p)
{
    struct witness_policy *policy = p->policy;
    struct policy_log *log = &policy->logs[policy->n_logs];
    if (p->n_words < 2 || p->n_words > 3)
        return wrong(p, "write `log <verifier key> [<url>]`");
    if (policy->n_logs == POLICY_LOGS_MAX)
        return wrong(p, "more than %d logs", POLICY_LOGS_MAX);
    if (!read_key(p, p->words[1], KEY_ED25519, &log->key))
        return false;
    p->words[1][log->key.name_len] = '\0'; /* the rest of the key text has been read */
    log->origin = p->words[1];
    log->url = p->n_words > 2 ? p->words[2] : NULL;
    policy->n_logs++;
    return true;
}

static bool take_witness(struct parser *p)
{
    struct witness_policy *policy = p->policy;
    struct policy_witness *witness = &policy->witnesses[policy->n_witnesses];
    if (p->n_words < 3 || p->n_words > 4)
        return wrong(p, "write `witness <name> <verifier key> [<url>]`");
    if (policy->n_witnesses == POLICY_WITNESSES_MAX)
        return wrong(p, "more than %d witnesses", POLICY_WITNESSES_MAX);
    if (!new_name(p, p->words[1]) || !read_key(p, p->words[2], KEY_COSIGNATURE, &witness->key))
        return false;
    witness->name = p->words[1];
    witness->url = p->n_words > 3 ? p->words[3] : NULL;
    policy->n_witnesses++;
    return true;
}

static bool take_member(struct parser *p, struct policy_group *group, const char *name)
{
    uint64_t *mine = &group->witnesses, *taken = &p->member_witnesses;
    unsigned place;
    if (!find_witness(p->policy, name, &place)) {
        if (!find_group(p->policy, name, &place))
            return wrong(p, "no witness or group \"%.80s\" stands above", name);
        mine = &group->groups;
        taken = &p->member_groups;
    }
    uint64_t bit = (uint64_t)1 << place;
    if (*taken & bit)
        return wrong(p, "\"%.80s\" is a member already: a name may be one only once", name);
    *mine |= bit;
    *taken |= bit;
    return true;
}

/* all, any or a number of 1..n in decimal. */
static bool read_threshold(struct parser *p, const char *word, unsigned n, unsigned *out)
{
    size_t len = strlen(word);
    if (strcmp(word, "all") == 0) {
        *out = n;
        return true;
    }
    if (strcmp(word, "any") == 0) {
        *out = 1;
        return true;
    }
    unsigned long k = 0;
    if (len <= 3 && word[0] != '0' && strspn(word, "0123456789") == len)
        k = strtoul(word, NULL, 10);
    if (k < 1 || k > n)
        return wrong(p, "\"%.20s\" is not all, any, or a number of members from 1 to %u", word, n);
    *out = (unsigned)k;
    return true;
}

static bool take_group(struct parser *p)
{
    struct witness_policy *policy = p->policy;
    struct policy_group group = {.name = p->n_words > 1 ? p->words[1] : NULL};
    if (p->n_words < 4)
        return wrong(p, "write `group <name> all|any|<k> <member>...`");
    if (policy->n_groups == POLICY_GROUPS_MAX)
        return wrong(p, "more than %d groups", POLICY_GROUPS_MAX);
    if (!new_name(p, group.name) ||
        !read_threshold(p, p->words[2], (unsigned)(p->n_words - 3), &group.k))
        return false;
    for (size_t i = 3; i < p->n_words; i++) {
        if (!take_member(p, &group, p->words[i]))
            return false;
    }
    policy->groups[policy->n_groups++] = group;
    return true;
}

static bool take_quorum(struct parser *p)
{
    struct witness_policy *policy = p->policy;
    if (p->n_words != 2)
        return wrong(p, "write `quorum <name>` or `quorum none`");
    if (policy->quorum != POLICY_QUORUM_ABSENT)
        return wrong(p, "the quorum is named above; there is one only");
    if (strcmp(p->words[1], "none") == 0)
        policy->quorum = POLICY_QUORUM_NONE;
    else if (find_witness(policy, p->words[1], &policy->quorum_place))
        policy->quorum = POLICY_QUORUM_WITNESS;
    else if (find_group(policy, p->words[1], &policy->quorum_place))
        policy->quorum = POLICY_QUORUM_GROUP;
    else
        return wrong(p, "no witness or group \"%.80s\" stands above", p->words[1]);
    return true;
}

static bool take_line(struct parser *p, char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return wrong(p, "a control character, 0x%02x: lines end in a line feed alone", c);
    }
    p->n_words = 0;
    for (char *at = line + strspn(line, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        if (p->n_words == 0 && *at == '#')
            return true;
        if (p->n_words == WORDS_MAX)
            return wrong(p, "more than %d words", WORDS_MAX);
        p->words[p->n_words++] = at;
        at += strcspn(at, " \t");
        if (*at != '\0')
            *at++ = '\0';
    }
    if (p->n_words == 0)
        return true;
    if (strcmp(p->words[0], "log") == 0)
        return take_log(p);
    if (strcmp(p->words[0], "witness") == 0)
        return take_witness(p);
    if (strcmp(p->words[0], "group") == 0)
        return take_group(p);
    if (strcmp(p->words[0], "quorum") == 0)
        return take_quorum(p);
    return wrong(p, "\"%.40s\" is not log, witness, group or quorum", p->words[0]);
}

/* --- The whole -------------------------------------------------------------------------------- */

static bool take_text(struct parser *p, char *text, size_t n)
{
    for (char *at = text, *end = text + n; at < end;) {
        char *feed = memchr(at, '\n', (size_t)(end - at));
        char *stop = feed != NULL ? feed : end; /* text[n] is there, and is a NUL */
        *stop = '\0';
        p->line++;
        if (!take_line(p, at, (size_t)(stop - at)))
            return false;
        at = stop + 1;
    }
    return true;
}

struct witness_policy *witness_policy_parse(const char *text, size_t n, bool quorum_needed,
                                            char why[static POLICY_WHY_SIZE])
{
    struct parser p = {.policy = calloc(1, sizeof *p.policy), .why = why};
    char *copy = malloc(n + 1);
    snprintf(why, POLICY_WHY_SIZE, "no memory");
    if (p.policy != NULL)
        p.policy->text = copy;
    if (p.policy == NULL || copy == NULL)
        goto fail;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (!take_text(&p, copy, n))
        goto fail;
    if (quorum_needed && p.policy->quorum == POLICY_QUORUM_ABSENT) {
        snprintf(why, POLICY_WHY_SIZE, "the line `quorum <name>` or `quorum none` is missing");
        goto fail;
    }
    why[0] = '\0';
    return p.policy;
fail:
    if (p.policy == NULL)
        free(copy);
    witness_policy_free(p.policy);
    return NULL;
}

struct witness_policy *witness_policy_read(const char *path, bool quorum_needed, FILE *err)
{
    struct witness_policy *policy = NULL;
    char why[POLICY_WHY_SIZE];
    FILE *file = fopen(path, "re");
    char *text = malloc(POLICY_BYTES_MAX + 1);
    if (file == NULL || text == NULL) {
        fprintf(err, "%s: %s\n", path, strerror(errno));
    } else {
        size_t n = fread(text, 1, POLICY_BYTES_MAX + 1, file);
        if (ferror(file))
            fprintf(err, "%s: %s\n", path, strerror(errno));
        else if (n > POLICY_BYTES_MAX)
            fprintf(err, "%s: longer than %zu bytes\n", path, POLICY_BYTES_MAX);
        else if ((policy = witness_policy_parse(text, n, quorum_needed, why)) == NULL)
            fprintf(err, "%s: %s\n", path, why);
    }
    free(text);
    if (file != NULL)
        fclose(file);
    return policy;
}

void witness_policy_free(struct witness_policy *policy)
{
    if (policy == NULL)
        return;
    free(policy->text);
    free(policy);
}

bool witness_policy_met(const struct witness_policy *policy, uint64_t cosigned)
{
    uint64_t met = 0;
    /* Members stand above their group, so one pass decides every group before it is asked for. */
    for (unsigned i = 0; i < policy->n_groups; i++) {
        const struct policy_group *g = &policy->groups[i];
        int n = __builtin_popcountll(g->witnesses & cosigned) +
                __builtin_popcountll(g->groups & met);
        if ((unsigned)n >= g->k)
            met |= (uint64_t)1 << i;
    }
    switch (policy->quorum) {
    case POLICY_QUORUM_ABSENT:
    case POLICY_QUORUM_NONE:
        return true;
    case POLICY_QUORUM_WITNESS:
        return (cosigned >> policy->quorum_place & 1) != 0;
    case POLICY_QUORUM_GROUP:
        return (met >> policy->quorum_place & 1) != 0;
    }
    return false;
}
