/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/signers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kind.h"

bool signatures_complete(const struct signatures *s)
{
    return s->n_present == s->needed.n;
}

void signers_key_name(char out[static KEY_NAME_SIZE], const char *origin, const char *handle)
{
    snprintf(out, KEY_NAME_SIZE, "%s/org/%s", origin, handle);
}

/* Whether the name's bytes from *at on are these; moves *at behind them. */
static bool goes_on(const struct note_sig *line, size_t *at, const char *with)
{
    size_t n = strlen(with);
    if (line->name_len - *at < n || memcmp(line->name + *at, with, n) != 0)
        return false;
    *at += n;
    return true;
}

/* The place of the signer that a line names, or needed.n. */
static size_t find_signer(const char *origin, const struct entry *e, const struct note_sig *line,
                          const struct signer_set *needed)
{
    size_t prefix = 0;
    if (!goes_on(line, &prefix, origin) || !goes_on(line, &prefix, e->kind->by_clock ? "/clock"
                                                                                     : "/org/"))
        return needed->n;
    for (size_t i = 0; i < needed->n; i++) {
        size_t at = prefix;
        if ((e->kind->by_clock || goes_on(line, &at, needed->v[i].handle.s)) &&
            at == line->name_len)
            return i;
    }
    return needed->n;
}

/* The handles of those who signed, or who did not, or of all, with ", " between. */
enum who { WHO_PRESENT, WHO_MISSING, WHO_NEEDED };
#define NAMES_SIZE ((2 * PARTIES_MAX + FOUNDERS_MAX) * (HANDLE_MAX + 2) + 1)

static const char *names_of(char out[static NAMES_SIZE], const struct signatures *s, enum who who)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < s->needed.n; i++)
        if (who == WHO_NEEDED || s->present[i] == (who == WHO_PRESENT))
            used += (size_t)snprintf(out + used, NAMES_SIZE - used, "%s%s", used > 0 ? ", " : "",
                                     s->needed.v[i].handle.s);
    return out;
}

static bool check_expected(const struct signatures *s, size_t place, const struct note_sig *line,
                           struct refusal *why)
{
    char needed[NAMES_SIZE];
    int n = (int)line->name_len;
    if (place < s->needed.n)
        return true;
    names_of(needed, s, WHO_NEEDED);
    return refuse(why, CODE_signer_unexpected, "", needed, "%.*s", n, line->name) ||
           refuse_values(why, "", needed, "%.*s", n, line->name);
}

static bool scope_suffices(uint8_t has, uint8_t needs)
{
    return has == SCOPE_ADMIN || (has == SCOPE_SIGN && needs == SCOPE_SIGN);
}

static bool check_not_revoked(const struct signer *s, const struct org_key *k, const char *id,
                              struct refusal *why)
{
    return k->revoked_index == 0 ||
           refuse(why, CODE_key_revoked, "", "a key in force",
                  "%s, key id %s, revoked by entry %" PRIu64, s->handle.s, id, k->revoked_index) ||
           refuse_values(why, s->handle.s, NULL, "%s", id);
}

static bool check_scope(const struct signer *s, const struct org_key *k, const char *id,
                        struct refusal *why)
{
    const char *needs = scope_word((enum scope)s->scope), *has = scope_word((enum scope)k->scope);
    char expected[96];
    if (scope_suffices(k->scope, s->scope))
        return true;
    snprintf(expected, sizeof expected, "a key of scope %s", needs);
    return refuse(why, CODE_key_scope, "", expected, "%s, key id %s, scope %s", s->handle.s, id,
                  has) ||
           refuse_values(why, s->handle.s, needs, "%s", has);
}

static bool check_ceiling(const struct signer *s, const struct org_key *k, const char *id,
                          struct refusal *why)
{
    char expected[96], value[24];
    if (k->ceiling == 0 || s->minutes <= k->ceiling)
        return true;
    snprintf(expected, sizeof expected, "at most %" PRId64 " minutes with key id %s", k->ceiling,
             id);
    snprintf(value, sizeof value, "%" PRId64, k->ceiling);
    return refuse(why, CODE_key_ceiling, "shares", expected, "%" PRId64, s->minutes) ||
           refuse_values(why, s->handle.s, value, "%" PRId64, s->minutes);
}

static bool check_signer(struct rules *r, const struct signer *s, uint32_t *number,
                         struct refusal *why)
{
    struct org org;
    *number = state_org_number(r->state, &s->handle);
    if (*number == 0 || !state_org(r->state, *number, &org))
        return refuse(why, CODE_org_unknown, "", "an organisation of this network", "%s",
                      s->handle.s) ||
               refuse_values(why, "", NULL, "%s", s->handle.s);
    return org.state == ORG_ACTIVE ||
           refuse(why, CODE_org_left, "", "an active organisation", "%s has left", s->handle.s) ||
           refuse_values(why, "", NULL, "%s", s->handle.s);
}

/*
 * The key of a line: of the entry itself, or one that the organisation has at this index. *found
 * is false where there is none and that is waived.
 */
static bool find_key(struct rules *r, const struct signer *s, const struct note_sig *line,
                     struct public_key *key, bool *found, struct refusal *why)
{
    *found = true;
    if (s->own_key) {
        *key = s->key;
        return true;
    }
    char id[HEX_SIZE(KEY_ID_BYTES)];
    hex_encode(id, line->id.b, KEY_ID_BYTES);
    struct org_key k;
    uint32_t number;
    if (!check_signer(r, s, &number, why))
        return false;
    *found = state_key(r->state, number, &line->id, &k);
    if (!*found)
        return refuse(why, CODE_key_unknown, "", "a key that the organisation registered",
                      "%s, key id %s", s->handle.s, id) ||
               refuse_values(why, s->handle.s, NULL, "%s", id);
    *key = k.key;
    return check_not_revoked(s, &k, id, why) && check_scope(s, &k, id, why) &&
           check_ceiling(s, &k, id, why);
}

static bool check_line(const struct note *note, size_t i, const struct public_key *key,
                       const struct signer *s, struct refusal *why)
{
    const struct note_sig *line = &note->sigs[i];
    /* Those of the state were found by the id of the line, of a name that is the signer's. */
    enum note_err err =
        s->own_key ? note_verify_line(note, i, key) : note_verify_found(note, i, key);
    char id[HEX_SIZE(KEY_ID_BYTES)];
    if (err == NOTE_OK)
        return true;
    hex_encode(id, line->id.b, KEY_ID_BYTES);
    if (err == NOTE_OTHER_KEY)
        return refuse(why, CODE_key_unknown, "", "the key that the entry gives", "%s: another key",
                      s->handle.s) ||
               refuse_values(why, s->handle.s, NULL, "%s", id);
    char name[KEY_NAME_SIZE];
    snprintf(name, sizeof name, "%.*s", (int)line->name_len, line->name);
    return refuse(why, CODE_signature_invalid, "", "a valid Ed25519 signature of the text",
                  "%s: %s", s->handle.s, note_strerror(err)) ||
           refuse_values(why, name, NULL, NULL);
}

/* Compares two lines by key name, then key id, as bytes. */
static int compare_lines(const struct note_sig *a, const struct note_sig *b)
{
    size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
    int order = memcmp(a->name, b->name, n);
    if (order != 0)
        return order;
    if (a->name_len != b->name_len)
        return a->name_len < b->name_len ? -1 : 1;
    return memcmp(a->id.b, b->id.b, sizeof a->id.b);
}

static bool check_line_order(const struct note *note, size_t i, struct refusal *why)
{
    if (i == 0 || compare_lines(&note->sigs[i - 1], &note->sigs[i]) < 0)
        return true;
    return refuse(why, CODE_signature_order, "", "lines sorted by key name and key id, each once",
                  "line %zu", i + 1);
}

static bool check_once(const struct signatures *s, size_t place, struct refusal *why)
{
    return !s->present[place] ||
           refuse(why, CODE_signature_order, "", "one line per organisation", "%s signs twice",
                  s->needed.v[place].handle.s);
}

bool signers_check(struct rules *r, const char *origin, const struct entry *entry,
                   const struct note *note, bool verify, struct signatures *out,
                   struct refusal *why)
{
    memset(out->present, 0, sizeof out->present);
    out->n_present = 0;
    if (!rules_signers(r, entry, &out->needed, why))
        return false;
    for (size_t i = 0; i < note->n_sigs; i++) {
        const struct note_sig *line = &note->sigs[i];
        size_t place = find_signer(origin, entry, line, &out->needed);
        if (!check_line_order(note, i, why) || !check_expected(out, place, line, why))
            return false;
        if (place == out->needed.n)
            continue;
        const struct signer *s = &out->needed.v[place];
        struct public_key key;
        bool found;
        if (!check_once(out, place, why) || !find_key(r, s, line, &key, &found, why) ||
            (verify && found && !check_line(note, i, &key, s, why)))
            return false;
        out->n_present += !out->present[place];
        out->present[place] = true;
    }
    return true;
}

bool signers_missing(const struct signatures *s, struct refusal *why)
{
    char missing[NAMES_SIZE], present[NAMES_SIZE];
    names_of(missing, s, WHO_MISSING);
    names_of(present, s, WHO_PRESENT);
    return refuse(why, CODE_signer_missing, "", missing, "signed by %s",
                  present[0] == '\0' ? "nobody" : present) ||
           refuse_values(why, "", missing, "%s", present);
}
