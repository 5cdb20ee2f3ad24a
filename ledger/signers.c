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

/* The place of the signer that a line names, or needed.n. */
static size_t find_signer(const char *origin, const struct entry *e, const struct note_sig *line,
                          const struct signer_set *needed)
{
    char name[KEY_NAME_SIZE];
    for (size_t i = 0; i < needed->n; i++) {
        if (e->kind->id == KIND_CLOCK_TICK)
            snprintf(name, sizeof name, "%s/clock", origin);
        else
            signers_key_name(name, origin, needed->v[i].handle.s);
        if (strlen(name) == line->name_len && memcmp(name, line->name, line->name_len) == 0)
            return i;
    }
    return needed->n;
}

static bool refuse_unexpected(const struct signer_set *needed, const struct note_sig *line,
                              struct refusal *why)
{
    char expected[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < needed->n && used < sizeof expected - HANDLE_MAX - 3; i++)
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s", i > 0 ? ", " : "",
                                 needed->v[i].handle.s);
    return refuse(why, CODE_signer_unexpected, "", expected, "%.*s", (int)line->name_len,
                  line->name);
}

static bool scope_suffices(uint8_t has, uint8_t needs)
{
    return has == SCOPE_ADMIN || (has == SCOPE_SIGN && needs == SCOPE_SIGN);
}

/* The key of a line: of the entry itself, or one that the organisation has at this index. */
static bool find_key(struct rules *r, const struct signer *s, const struct note_sig *line,
                     struct public_key *key, struct refusal *why)
{
    if (s->own_key) {
        *key = s->key;
        return true;
    }
    char id[HEX_SIZE(KEY_ID_BYTES)], expected[96];
    hex_encode(id, line->id.b, KEY_ID_BYTES);
    struct org_key k;
    struct org org;
    uint32_t number = state_org_number(r->state, &s->handle);
    if (number == 0 || !state_org(r->state, number, &org))
        return refuse(why, CODE_org_unknown, "", "an organisation of this network", "%s",
                      s->handle.s);
    if (org.state != ORG_ACTIVE)
        return refuse(why, CODE_org_left, "", "an active organisation", "%s has left",
                      s->handle.s);
    if (!state_key(r->state, number, &line->id, &k))
        return refuse(why, CODE_key_unknown, "", "a key that the organisation registered",
                      "%s, key id %s", s->handle.s, id);
    if (k.revoked_index != 0)
        return refuse(why, CODE_key_revoked, "", "a key in force",
                      "%s, key id %s, revoked by entry %" PRIu64, s->handle.s, id, k.revoked_index);
    if (!scope_suffices(k.scope, s->scope)) {
        snprintf(expected, sizeof expected, "a key of scope %s",
                 scope_word((enum scope)s->scope));
        return refuse(why, CODE_key_scope, "", expected, "%s, key id %s, scope %s", s->handle.s, id,
                      scope_word((enum scope)k.scope));
    }
    if (k.ceiling != 0 && s->minutes > k.ceiling) {
        snprintf(expected, sizeof expected, "at most %" PRId64 " minutes with key id %s", k.ceiling,
                 id);
        return refuse(why, CODE_key_ceiling, "shares", expected, "%" PRId64, s->minutes);
    }
    *key = k.key;
    return true;
}

static bool refuse_line(struct refusal *why, enum note_err err, const struct signer *s)
{
    if (err == NOTE_OTHER_KEY)
        return refuse(why, CODE_key_unknown, "", "the key that the entry gives", "%s: another key",
                      s->handle.s);
    return refuse(why, CODE_signature_invalid, "", "a valid Ed25519 signature of the text",
                  "%s: %s", s->handle.s, note_strerror(err));
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
        if (!check_line_order(note, i, why))
            return false;
        size_t place = find_signer(origin, entry, line, &out->needed);
        if (place == out->needed.n)
            return refuse_unexpected(&out->needed, line, why);
        const struct signer *s = &out->needed.v[place];
        if (out->present[place])
            return refuse(why, CODE_signature_order, "", "one line per organisation",
                          "%s signs twice", s->handle.s);
        struct public_key key;
        if (!find_key(r, s, line, &key, why))
            return false;
        enum note_err err = verify ? note_verify_line(note, i, &key) : NOTE_OK;
        if (err != NOTE_OK)
            return refuse_line(why, err, s);
        out->present[place] = true;
        out->n_present++;
    }
    return true;
}

bool signers_missing(const struct signatures *s, struct refusal *why)
{
    char lists[2][200] = {"", ""};
    for (size_t i = 0; i < s->needed.n; i++) {
        char *list = lists[s->present[i] ? 1 : 0];
        size_t used = strlen(list);
        if (used < sizeof lists[0] - HANDLE_MAX - 3)
            snprintf(list + used, sizeof lists[0] - used, "%s%s", used > 0 ? ", " : "",
                     s->needed.v[i].handle.s);
    }
    return refuse(why, CODE_signer_missing, "", lists[0], "signed by %s",
                  lists[1][0] == '\0' ? "nobody" : lists[1]);
}
