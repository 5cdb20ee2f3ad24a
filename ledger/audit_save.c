/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An audit as bytes, to go on later: a word and a version, then everything that the next leaf is
 * judged by, and what was found. One function states each part for both directions.
 */
#include "ledger/audit_parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/state_record.h"

#define FORM_VERSION 3
static const char form_word[] = "sem-audit";

struct stream {
    FILE *f;
    bool writing, ok;
};

/* After a failure a reader gets zeros. */
static void lay_bytes(struct stream *s, void *bytes, size_t n)
{
    if (n == 0)
        return;
    if (s->ok)
        s->ok = (s->writing ? fwrite(bytes, 1, n, s->f) : fread(bytes, 1, n, s->f)) == n;
    if (!s->ok && !s->writing)
        memset(bytes, 0, n);
}

static void lay_u64(struct stream *s, uint64_t *value)
{
    uint8_t b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(*value >> (56 - 8 * i));
    lay_bytes(s, b, sizeof b);
    *value = 0;
    for (int i = 0; i < 8; i++)
        *value = *value << 8 | b[i];
}

static void lay_i64(struct stream *s, int64_t *value)
{
    uint64_t v = (uint64_t)*value;
    lay_u64(s, &v);
    *value = (int64_t)v;
}

static void lay_size(struct stream *s, size_t *value, size_t max)
{
    uint64_t v = *value;
    lay_u64(s, &v);
    if (v > max) {
        s->ok = false;
        v = 0;
    }
    *value = (size_t)v;
}

/* A text in a fixed room, behind its length. */
static void lay_text(struct stream *s, char *text, size_t room)
{
    size_t n = s->writing ? strlen(text) : 0;
    lay_size(s, &n, room - 1);
    lay_bytes(s, text, n);
    if (!s->writing)
        text[n] = '\0';
}

/* What must be the same for the audit that goes on: it is told before and only held against. */
static void lay_expected(struct stream *s, const char *text)
{
    char found[128] = "";
    snprintf(found, sizeof found, "%s", text);
    lay_text(s, found, sizeof found);
    if (strcmp(found, text) != 0)
        s->ok = false;
}

/* --- Tables ----------------------------------------------------------------------------------- */

#define TABLES_END 255

static void save_tables(struct stream *s, struct kv *kv)
{
    for (int table = 0; table < KV_LOG_TABLES; table++) {
        struct key k = {.n = 0};
        struct slice found, value;
        while (s->ok && kv_seek(kv, (enum kv_table)table, key_slice(&k), k.n > 0, &found, &value)) {
            uint8_t head[2] = {(uint8_t)table, (uint8_t)found.size};
            uint64_t n = value.size;
            k.n = 0;
            key_bytes(&k, found.data, found.size);
            lay_bytes(s, head, sizeof head);
            lay_u64(s, &n);
            lay_bytes(s, k.b, k.n);
            lay_bytes(s, (void *)(uintptr_t)value.data, value.size);
        }
    }
    uint8_t end[2] = {TABLES_END, 0};
    lay_bytes(s, end, sizeof end);
}

static void load_tables(struct stream *s, struct kv *kv)
{
    uint8_t head[2], value[RECORD_MAX], key[KV_KEY_MAX];
    for (;;) {
        lay_bytes(s, head, sizeof head);
        if (!s->ok || head[0] == TABLES_END)
            return;
        size_t n = 0, n_key = head[1];
        lay_size(s, &n, sizeof value);
        if (head[0] >= KV_LOG_TABLES || n_key == 0 || n_key > sizeof key)
            s->ok = false;
        else
            lay_bytes(s, key, n_key);
        lay_bytes(s, value, n);
        if (!s->ok)
            return;
        kv_put(kv, (enum kv_table)head[0], (struct slice){key, n_key}, (struct slice){value, n});
    }
}

static void lay_tables(struct stream *s, struct kv *kv)
{
    if (s->writing)
        save_tables(s, kv);
    else
        load_tables(s, kv);
}

/* --- The rest --------------------------------------------------------------------------------- */

/* Room for n elements read from here; false when there is none. */
static bool make_room(struct stream *s, void **p, size_t *room, size_t n, size_t unit)
{
    if (s->writing || !s->ok || n == 0)
        return s->ok;
    void *made = calloc(n, unit);
    if (made == NULL) {
        s->ok = false;
        return false;
    }
    free(*p);
    *p = made;
    *room = n;
    return true;
}

static void lay_tree(struct stream *s, struct audit_tree *tree)
{
    struct hash leaves[BUNDLE_LEAVES];
    size_t n_upper = tree->n_upper, n = s->writing ? audit_tree_tail(tree, leaves) : 0;
    lay_u64(s, &tree->size);
    lay_size(s, &n_upper, (size_t)1 << 40);
    /* Two hashes for each full bundle at most, whatever the number says. */
    if (n_upper > 2 * (tree->size / BUNDLE_LEAVES))
        s->ok = false;
    if (make_room(s, (void **)&tree->upper, &tree->room, n_upper, sizeof *tree->upper) && s->ok)
        lay_bytes(s, tree->upper, n_upper * sizeof *tree->upper);
    lay_size(s, &n, BUNDLE_LEAVES - 1);
    lay_bytes(s, leaves, n * sizeof *leaves);
    if (s->writing || !s->ok)
        return;
    tree->n_upper = n_upper;
    s->ok = audit_tree_refill(tree, leaves, n);
}

static void lay_finding(struct stream *s, struct audit_finding *f)
{
    char code[64] = "";
    uint8_t flags[2] = {f->has_index, f->is_consequence};
    if (s->writing)
        snprintf(code, sizeof code, "%s", f->code);
    lay_text(s, code, sizeof code);
    f->code = audit_static_code(code);
    if (f->code == NULL) {
        f->code = "";
        s->ok = false;
    }
    lay_bytes(s, flags, sizeof flags);
    f->has_index = flags[0] != 0;
    f->is_consequence = flags[1] != 0;
    lay_u64(s, &f->index);
    lay_u64(s, &f->of);
    lay_text(s, f->entry, sizeof f->entry);
    lay_text(s, f->field, sizeof f->field);
    lay_text(s, f->expected, sizeof f->expected);
    lay_text(s, f->found, sizeof f->found);
    lay_i64(s, &f->minutes);
}

/* Those of leaves; the others are about one checkpoint, and about what was held. */
static void lay_findings(struct stream *s, struct audit *a)
{
    struct findings *list = &a->findings[FINDING_LEAF];
    size_t n = list->n;
    lay_size(s, &n, SIZE_MAX);
    for (size_t i = 0; i < n && s->ok && !a->failed; i++)
        lay_finding(s, s->writing ? &list->v[i] : audit_new_finding(a, FINDING_LEAF, ""));
}

static void lay_unapplied(struct stream *s, struct audit *a)
{
    size_t n = a->n_unapplied;
    lay_size(s, &n, (size_t)1 << 40);
    if (n > a->tree.size)
        s->ok = false;
    if (!make_room(s, (void **)&a->unapplied, &a->unapplied_room, n, sizeof *a->unapplied) ||
        !s->ok)
        return;
    a->n_unapplied = n;
    for (size_t i = 0; i < n; i++)
        lay_u64(s, &a->unapplied[i]);
}

static void lay_audit(struct stream *s, struct audit *a)
{
    uint64_t version = FORM_VERSION, rereads = a->config.reread != NULL;
    int64_t forgot_day = a->forgot_day;
    lay_expected(s, form_word);
    lay_u64(s, &version);
    if (version != FORM_VERSION)
        s->ok = false;
    lay_expected(s, a->origin);
    lay_expected(s, a->waived != NULL ? a->waived : "");
    /* Whoever forgot texts must be able to read leaves again. */
    lay_u64(s, &rereads);
    if (rereads > (a->config.reread != NULL))
        s->ok = false;
    if (!s->ok)
        return;
    lay_i64(s, &a->before_at);
    lay_i64(s, &a->applied_at);
    lay_i64(s, &a->forgot_details);
    lay_i64(s, &forgot_day);
    lay_u64(s, &a->seal_place);
    a->forgot_day = (int32_t)forgot_day;
    lay_u64(s, &a->n_entries);
    lay_u64(s, &a->n_signatures);
    lay_u64(s, &a->unjudged);
    lay_tree(s, &a->tree);
    lay_unapplied(s, a);
    lay_findings(s, a);
    lay_tables(s, a->marks);
    lay_tables(s, a->kv);
    lay_expected(s, form_word);
}

bool audit_save(struct audit *a, FILE *out)
{
    struct stream s = {.f = out, .writing = true, .ok = audit_sound(a)};
    lay_audit(&s, a);
    return s.ok && fflush(out) == 0;
}

bool audit_load(struct audit *a, FILE *in)
{
    struct stream s = {.f = in, .writing = false, .ok = audit_sound(a) && a->tree.size == 0};
    lay_audit(&s, a);
    audit_kv_keep(a->kv);
    state_attach(&a->state, a->kv);
    if (!s.ok || a->failed || kv_failed(a->kv) || kv_failed(a->marks)) {
        a->failed = true;
        return false;
    }
    audit_know_keys(a, 0);
    return true;
}
