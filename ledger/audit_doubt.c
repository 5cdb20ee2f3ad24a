/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Findings, and which refusals only follow from an earlier one (SPEC 17.3, 17.4). What an entry
 * that was not applied leaves uncertain stands in a table of marks: a sort and a name, with the
 * index of the entry with the finding. The first to cast a doubt keeps it.
 */
#include "ledger/audit_parts.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "ledger/record.h"

/* Cut at a whole character, as SPEC 17.4 has it. */
static void put_text(char *out, size_t room, const char *text)
{
    size_t n = text != NULL ? strlen(text) : 0;
    if (n >= room)
        for (n = room - 1; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80; n--)
            continue;
    if (n > 0)
        memcpy(out, text, n);
    out[n] = '\0';
}

/* --- Codes ------------------------------------------------------------------------------------ */

struct audit_code {
    const char *word, *category;
};
static const struct audit_code own_codes[] = {
#define AUDIT_CODE_ROW(word, category) {#word, #category},
    AUDIT_CODES(AUDIT_CODE_ROW)
#undef AUDIT_CODE_ROW
};

static const struct audit_code *own_code(const char *word)
{
    for (size_t i = 0; i < sizeof own_codes / sizeof *own_codes; i++)
        if (strcmp(own_codes[i].word, word) == 0)
            return &own_codes[i];
    return NULL;
}

const char *audit_category(const char *word)
{
    static const char *const hundreds[] = {NULL,      "form",         "signature", "sequence",
                                           "network", "organisation", "reference", "exchange",
                                           NULL};
    const struct audit_code *own = own_code(word);
    enum code code;
    if (own != NULL)
        return own->category;
    return code_find(word, &code) ? hundreds[code / 100] : NULL;
}

const char *audit_static_code(const char *word)
{
    const struct audit_code *own = own_code(word);
    enum code code;
    if (own != NULL)
        return own->word;
    return code_find(word, &code) ? code_word(code) : NULL;
}

bool audit_waivable(const char *word)
{
    enum code code;
    if (own_code(word) != NULL)
        return strcmp(word, "leaf_malformed") != 0;
    return code_find(word, &code) && code_waivable(code);
}

/* --- Marks ------------------------------------------------------------------------------------ */

static bool mark_key(char out[static KV_KEY_MAX], enum mark sort, const char *text,
                     struct slice *key)
{
    size_t n = strlen(text);
    if (n + 1 > KV_KEY_MAX)
        return false;
    out[0] = (char)sort;
    memcpy(out + 1, text, n);
    *key = (struct slice){(const uint8_t *)out, n + 1};
    return true;
}

bool audit_marked(struct audit *a, enum mark sort, const char *text, uint64_t *index)
{
    char bytes[KV_KEY_MAX];
    struct slice key, value;
    if (text == NULL || !mark_key(bytes, sort, text, &key) ||
        !kv_get(a->marks, KV_META, key, &value))
        return false;
    struct record r = record_reader(value);
    record_u64(&r, index);
    return true;
}

void audit_mark(struct audit *a, enum mark sort, const char *text, uint64_t index)
{
    char bytes[KV_KEY_MAX];
    uint8_t b[8];
    uint64_t before;
    struct slice key;
    if (text == NULL || !mark_key(bytes, sort, text, &key) || audit_marked(a, sort, text, &before))
        return;
    struct record r = record_writer(b, sizeof b);
    record_u64(&r, &index);
    kv_put(a->marks, KV_META, key, record_slice(&r, b));
}

/* --- What a leaf names ------------------------------------------------------------------------ */

static const char *const ref_fields[] = {"agreement", "hours", "need", "offer", "subject"};

json_t *audit_glance(struct slice leaf)
{
    const char *at = (const char *)leaf.data, *end = at + leaf.size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((line_end != NULL ? line_end : end) - at);
        if (*at == '{') {
            json_t *value = json_loadb(at, n, JSON_ALLOW_NUL, NULL);
            if (value == NULL)
                value = json_loadb(at, n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
            return value;
        }
        at += n + 1;
    }
    return NULL;
}

const char *glance_text(const json_t *glance, const char *name)
{
    return json_string_value(json_object_get(glance, name));
}

/* The reference of the entry itself; false when it has none. */
static bool glance_ref(const json_t *glance, char out[static REF_TEXT_SIZE])
{
    const char *by = glance_text(glance, "by"), *id = glance_text(glance, "id");
    struct slug name; /* the grammar of handles, `clock` included */
    struct ref ref;
    if (by == NULL || id == NULL || strlen(by) > HANDLE_MAX || !slug_parse(&name, by, strlen(by)) ||
        !id_parse(&ref.id, id, strlen(id)))
        return false;
    memcpy(ref.by.s, by, strlen(by) + 1);
    ref_format(out, &ref);
    return true;
}

static int64_t glance_minutes(const json_t *glance)
{
    const json_t *shares = json_object_get(glance, "shares");
    int64_t sum = 0, minutes;
    for (size_t i = 0; i < json_array_size(shares); i++) {
        const json_t *value = json_object_get(json_array_get(shares, i), "minutes");
        minutes = json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
        if (__builtin_add_overflow(sum, minutes, &sum))
            sum = minutes > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

/* Calls for every organisation that the entry names: those it moves, or also those beside them. */
typedef void (*handle_fn)(struct audit *a, const char *handle, void *ctx);

static void each_handle(struct audit *a, const json_t *glance, bool beside, handle_fn fn,
                        void *ctx)
{
    static const char *const single[] = {"by", "to", "coordinator", "cosigner", "org"};
    static const char *const lists[] = {"providers", "sponsors", "panel"};
    for (size_t i = 0; i < (beside ? 5 : 3); i++)
        fn(a, glance_text(glance, single[i]), ctx);
    for (size_t i = 0; i < (beside ? 3 : 2); i++) {
        const json_t *list = json_object_get(glance, lists[i]);
        for (size_t j = 0; j < json_array_size(list); j++)
            fn(a, json_string_value(json_array_get(list, j)), ctx);
    }
    const json_t *shares = json_object_get(glance, "shares");
    for (size_t i = 0; i < json_array_size(shares); i++) {
        fn(a, glance_text(json_array_get(shares, i), "from"), ctx);
        fn(a, glance_text(json_array_get(shares, i), "to"), ctx);
    }
}

static bool among(const char *word, const char *const *words)
{
    for (; word != NULL && *words != NULL; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

/* --- Doubts ----------------------------------------------------------------------------------- */

struct cast {
    enum mark sort;
    uint64_t index;
};

static void cast_handle(struct audit *a, const char *handle, void *ctx)
{
    const struct cast *cast = ctx;
    audit_mark(a, cast->sort, handle, cast->index);
}

static void cast_org(struct audit *a, uint32_t number, uint64_t index)
{
    struct org org;
    if (state_org(&a->state, number, &org))
        audit_mark(a, MARK_LINE, org.handle.s, index);
}

static void cast_parties(struct audit *a, const struct thing_key *key, uint64_t index)
{
    struct agreement g;
    if (!state_agreement(&a->state, key, &g) || g.life != LIFE_OPEN)
        return;
    for (size_t i = 0; i < g.n; i++) {
        cast_org(a, g.pairs[i].from, index);
        cast_org(a, g.pairs[i].to, index);
    }
}

static void cast_givers(struct audit *a, const struct thing_key *key, uint64_t index)
{
    struct agreement g;
    for (size_t i = 0; state_agreement(&a->state, key, &g) && i < g.n; i++)
        cast_org(a, g.pairs[i].from, index);
}

static void cast_all(struct audit *a, uint64_t index)
{
    struct sums sums;
    state_sums(&a->state, &sums);
    for (uint32_t i = 1; i <= sums.orgs; i++)
        cast_org(a, i, index);
}

static void cast_live(struct audit *a, uint32_t org, uint64_t index)
{
    struct thing_key key;
    bool more = org != 0 && state_next_live(&a->state, LIVE_AGREEMENT, org, NULL, &key);
    for (; more; more = state_next_live(&a->state, LIVE_AGREEMENT, org, &key, &key))
        cast_parties(a, &key, index);
}

static uint32_t glance_org(struct audit *a, const char *text)
{
    struct handle handle;
    return text != NULL && handle_parse(&handle, text, strlen(text))
               ? state_org_number(&a->state, &handle)
               : 0;
}

static bool glance_thing(struct audit *a, const char *text, struct thing_key *key)
{
    struct ref ref;
    if (text == NULL || !ref_parse(&ref, text, strlen(text)))
        return false;
    *key = (struct thing_key){.id = ref.id, .author = state_org_number(&a->state, &ref.by)};
    return key->author != 0;
}

/* Those whom the entry does not name, and whose lines it would have moved. */
static void cast_unnamed(struct audit *a, const json_t *glance, uint64_t index)
{
    static const char *const changes[] = {"agreement.change", "agreement.close",
                                          "agreement.cancel", NULL};
    const char *kind = glance_text(glance, "kind");
    struct thing_key key;
    struct need need;
    if (kind == NULL)
        return;
    if (among(kind, changes) && glance_thing(a, glance_text(glance, "agreement"), &key))
        cast_parties(a, &key, index);
    if (strcmp(kind, "org.leave") == 0)
        cast_live(a, glance_org(a, glance_text(glance, "by")), index);
    if (strcmp(kind, "need.vouch") == 0 && glance_thing(a, glance_text(glance, "need"), &key) &&
        state_need(&a->state, &key, &need) && need.life == LIFE_OPEN)
        cast_org(a, need.key.author, index);
    if (strcmp(kind, "promise.excuse") == 0 &&
        glance_thing(a, glance_text(glance, "agreement"), &key))
        cast_givers(a, &key, index);
    if (strcmp(kind, "clock.tick") == 0 && a->rules.calendar)
        cast_all(a, index);
}

/* Those named in a kind whose entries move no minutes between parties. */
static void cast_named(struct audit *a, const json_t *glance, const char *kind, uint64_t index)
{
    static const char *const own[] = {"pool.give", "step.appeal", NULL};
    static const char *const others[] = {"status.grant", "status.end", "step.set", "step.end",
                                         NULL};
    if (among(kind, own))
        audit_mark(a, MARK_LINE, glance_text(glance, "by"), index);
    if (among(kind, others))
        audit_mark(a, MARK_LINE, glance_text(glance, "org"), index);
}

static void cast_doubts(struct audit *a, const json_t *glance, uint64_t index)
{
    static const char *const members[] = {"org.admit", "org.leave", "network.found", NULL};
    static const char *const keys[] = {"key.add", "key.revoke", NULL};
    static const char *const timeless[] = {
        "org.confirm", "promise.excuse", "step.set",      "step.end",          "step.appeal",
        "key.add",     "key.revoke",     "details.erase", "assertion.balance", "clock.tick",
        "seal.balances", NULL};
    const char *kind = glance_text(glance, "kind"), *by = glance_text(glance, "by");
    char ref[REF_TEXT_SIZE];
    if (glance_ref(glance, ref))
        audit_mark(a, MARK_THING, ref, index);
    for (size_t i = 0; i < sizeof ref_fields / sizeof *ref_fields; i++)
        audit_mark(a, MARK_THING, glance_text(glance, ref_fields[i]), index);
    if (among(kind, members))
        audit_mark(a, MARK_MEMBER, by, index);
    if (among(kind, keys))
        audit_mark(a, MARK_KEYS, by, index);
    if (among(kind, members) || json_array_size(json_object_get(glance, "shares")) > 0)
        each_handle(a, glance, false, cast_handle, &(struct cast){MARK_LINE, index});
    cast_named(a, glance, kind, index);
    cast_unnamed(a, glance, index);
    if (!among(kind, timeless))
        audit_mark(a, MARK_CLOCK, "", index);
    if (kind == NULL || strcmp(kind, "seal.balances") != 0)
        audit_mark(a, MARK_SEALS, "", index);
}

/* --- Causes ----------------------------------------------------------------------------------- */

struct search {
    enum mark sort;
    bool found;
    uint64_t index; /* the lowest */
};

static void search_name(struct audit *a, const char *name, void *ctx)
{
    struct search *s = ctx;
    uint64_t index;
    if (audit_marked(a, s->sort, name, &index) && (!s->found || index < s->index)) {
        s->found = true;
        s->index = index;
    }
}

static bool search_handles(struct audit *a, enum mark sort, const json_t *glance, uint64_t *index)
{
    struct search s = {.sort = sort};
    each_handle(a, glance, true, search_name, &s);
    *index = s.index;
    return s.found;
}

static bool search_refs(struct audit *a, const json_t *glance, uint64_t *index)
{
    struct search s = {.sort = MARK_THING};
    for (size_t i = 0; i < sizeof ref_fields / sizeof *ref_fields; i++)
        search_name(a, glance_text(glance, ref_fields[i]), &s);
    *index = s.index;
    return s.found;
}

/* The organisation on whose line, or promises, a refusal hangs; NULL: on nobody's. */
static const char *whose_line(const struct fault *f, const json_t *glance)
{
    static const char *const fields[] = {"limit_crossed", "paused", "cosigner_missing", NULL};
    static const char *const authors[] = {"assertion_false", "pool_over_position",
                                          "already_appealed", NULL};
    static const char *const ends[] = {"status.end", "step.end", NULL};
    const char *kind = glance_text(glance, "kind");
    bool closed = strcmp(f->code, "already_closed") == 0;
    if (among(f->code, fields))
        return f->field;
    if (strcmp(f->code, "step_unfounded") == 0 || (closed && among(kind, ends)))
        return glance_text(glance, "org");
    if (among(f->code, authors) || (closed && kind != NULL && strcmp(kind, "step.appeal") == 0))
        return glance_text(glance, "by");
    return NULL;
}

/* SPEC 17.3, in the order of its table. */
static bool find_cause(struct audit *a, const struct fault *f, const json_t *glance,
                       uint64_t *index)
{
    static const char *const ticks[] = {"tick_missing", "tick_not_due", "tick_count",
                                        "tick_effects", "tick_totals", NULL};
    static const char *const seals[] = {"seal_root", "seal_accounts", NULL};
    static const char *const orgs[] = {"org_unknown",     "org_left",  "handle_taken",
                                       "not_coordinator", "not_panel", NULL};
    static const char *const keys[] = {"key_unknown", "key_revoked", "key_in_use", "key_id_taken",
                                       "last_admin_key", NULL};
    static const char *const signers[] = {"signer_missing", "signer_unexpected", NULL};
    if (among(f->code, ticks))
        return audit_marked(a, MARK_CLOCK, "", index);
    if (among(f->code, seals))
        return audit_marked(a, MARK_SEALS, "", index);
    if ((among(f->code, orgs) || among(f->code, keys)) &&
        search_handles(a, MARK_MEMBER, glance, index))
        return true;
    if (among(f->code, keys))
        return search_handles(a, MARK_KEYS, glance, index);
    const char *whose = whose_line(f, glance);
    if (whose != NULL && audit_marked(a, MARK_LINE, whose, index))
        return true;
    static const char *const categories[] = {"reference", "exchange", NULL};
    return (among(f->code, signers) || among(audit_category(f->code), categories)) &&
           search_refs(a, glance, index);
}

/* --- Findings --------------------------------------------------------------------------------- */

bool audit_fault(struct audit *a, struct fault *f, const char *code, const char *field,
                 const char *expected, const char *found, ...)
{
    if (a->waived != NULL && strcmp(a->waived, code) == 0)
        return true;
    va_list args;
    f->code = code;
    put_text(f->field, sizeof f->field, field);
    put_text(f->expected, sizeof f->expected, expected);
    va_start(args, found);
    vsnprintf(f->found, sizeof f->found, found, args);
    va_end(args);
    return false;
}

bool audit_refused(struct fault *f, const struct refusal *why)
{
    f->code = code_word(why->code);
    put_text(f->field, sizeof f->field, why->value_field);
    put_text(f->expected, sizeof f->expected, why->value_expected);
    put_text(f->found, sizeof f->found, why->value_found);
    return false;
}

struct audit_finding *audit_new_finding(struct audit *a, enum finding_group group,
                                        const char *code)
{
    static struct audit_finding nowhere;
    struct findings *list = &a->findings[group];
    if (list->n == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        struct audit_finding *bigger = realloc(list->v, room * sizeof *bigger);
        if (bigger == NULL) {
            a->failed = true;
            return &nowhere; /* nobody looks: audit_sound() */
        }
        list->v = bigger;
        list->room = room;
    }
    struct audit_finding *f = &list->v[list->n++];
    memset(f, 0, sizeof *f);
    f->code = code;
    return f;
}

static struct audit_finding *leaf_finding(struct audit *a, const struct fault *fault,
                                          uint64_t index, const json_t *glance)
{
    struct audit_finding *f = audit_new_finding(a, FINDING_LEAF, fault->code);
    f->has_index = true;
    f->index = index;
    if (!glance_ref(glance, f->entry))
        f->entry[0] = '\0';
    put_text(f->field, sizeof f->field, fault->field);
    put_text(f->expected, sizeof f->expected, fault->expected);
    put_text(f->found, sizeof f->found, fault->found);
    f->minutes = glance_minutes(glance);
    f->is_consequence = find_cause(a, fault, glance, &f->of);
    return f;
}

void audit_find_before(struct audit *a, const struct fault *fault, uint64_t index,
                       const json_t *glance)
{
    (void)leaf_finding(a, fault, index, glance);
}

static void note_unapplied(struct audit *a, uint64_t index)
{
    if (a->n_unapplied == a->unapplied_room) {
        size_t room = a->unapplied_room == 0 ? 64 : 2 * a->unapplied_room;
        uint64_t *bigger = realloc(a->unapplied, room * sizeof *bigger);
        if (bigger == NULL) {
            a->failed = true;
            return;
        }
        a->unapplied = bigger;
        a->unapplied_room = room;
    }
    a->unapplied[a->n_unapplied++] = index;
}

void audit_refuse_leaf(struct audit *a, const struct fault *fault, uint64_t index,
                       const json_t *glance)
{
    struct audit_finding *f = leaf_finding(a, fault, index, glance);
    char ref[REF_TEXT_SIZE];
    cast_doubts(a, glance, f->is_consequence ? f->of : index);
    if (glance_ref(glance, ref))
        audit_mark(a, MARK_ID, ref, index);
    note_unapplied(a, index);
}

void audit_doubt_lines(struct audit *a)
{
    const struct findings *list = &a->findings[FINDING_LEAF];
    if (list->n == 0)
        return; /* no memory for it */
    const struct audit_finding *f = &list->v[list->n - 1];
    cast_all(a, f->is_consequence ? f->of : f->index);
}

void audit_doubt_asker(struct audit *a, const struct entry *e)
{
    struct thing_key key = {.id = e->id, .author = state_org_number(&a->state, &e->by)};
    struct hours hours;
    uint64_t index;
    if (e->kind->id == KIND_HOURS_RECORD && audit_marked(a, MARK_CLOCK, "", &index) &&
        state_hours(&a->state, &key, &hours) && hours.has_need && !hours.gift)
        cast_org(a, hours.need.author, index);
}

/* --- For the caller --------------------------------------------------------------------------- */

size_t audit_n_findings(const struct audit *a)
{
    size_t n = 0;
    for (size_t i = 0; i < FINDING_GROUPS; i++)
        n += a->findings[i].n;
    return n;
}

const struct audit_finding *audit_finding(const struct audit *a, size_t i)
{
    size_t group = 0;
    while (i >= a->findings[group].n) {
        i -= a->findings[group++].n;
        assert(group < FINDING_GROUPS);
    }
    return &a->findings[group].v[i];
}

/* Those of the tree stand in the order of codes, those of what was held by file name. */
static bool stands_before(const struct audit_finding *a, const struct audit_finding *b, bool held)
{
    return held ? strcmp(a->field, b->field) < 0 : own_code(a->code) < own_code(b->code);
}

static void insert(struct audit *a, const struct audit_finding *finding)
{
    if (a->waived != NULL && strcmp(a->waived, finding->code) == 0)
        return;
    bool held = strcmp(audit_category(finding->code), "held") == 0;
    enum finding_group group = held ? FINDING_HELD : FINDING_TREE;
    struct audit_finding *f = audit_new_finding(a, group, finding->code);
    if (a->failed)
        return;
    *f = *finding;
    for (; f > a->findings[group].v && stands_before(f, f - 1, held); f--) {
        struct audit_finding other = f[-1];
        f[-1] = *f;
        *f = other;
    }
}

void audit_add(struct audit *a, const char *code, const char *field, const char *expected,
               const char *found)
{
    const struct audit_code *own = own_code(code);
    assert(own != NULL);
    struct audit_finding f = {.code = own->word};
    put_text(f.field, sizeof f.field, field);
    put_text(f.expected, sizeof f.expected, expected);
    put_text(f.found, sizeof f.found, found);
    insert(a, &f);
}

void audit_add_logged(struct audit *a, const char *name, uint64_t index, const char *entry)
{
    struct audit_finding f = {
        .code = audit_static_code("refused_logged"), .has_index = true, .index = index};
    put_text(f.field, sizeof f.field, name);
    put_text(f.entry, sizeof f.entry, entry);
    insert(a, &f);
}
