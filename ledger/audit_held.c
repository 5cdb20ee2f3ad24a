/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Signed refusals that somebody holds (SPEC 10.2): judged again where they were made, and their
 * texts looked for in the log behind that place.
 */
#include "ledger/audit_parts.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "ledger/state_record.h"

static size_t filter_bit(const struct hash *h)
{
    return (size_t)h->b[0] << 8 | h->b[1];
}

static void watch(struct audit *a, const struct audit_refusal *r)
{
    size_t bit = filter_bit(&r->entry_hash);
    a->refused_filter[bit / 8] |= (uint8_t)(1u << bit % 8);
}

/* --- Judging again ---------------------------------------------------------------------------- */

static bool open_held(struct audit *a, const struct audit_refusal *r, int64_t at)
{
    struct audit_leaf *leaf = &a->held;
    size_t room = r->note_len + 24;
    if (room > leaf->room) {
        uint8_t *buffer = realloc(leaf->buffer, room);
        if (buffer == NULL) {
            a->failed = true;
            return false;
        }
        leaf->buffer = buffer;
        leaf->room = room;
    }
    char prefix[24];
    size_t n = leaf_prefix(prefix, at);
    memcpy(leaf->buffer, prefix, n);
    memcpy(leaf->buffer + n, r->note, r->note_len);
    leaf->size = n + r->note_len;
    audit_leaf_open(leaf, a->origin, NULL);
    return leaf->fault == NULL && leaf->form.code == CODE_OK && !leaf->entry.kind->by_clock;
}

/* True when the rules of this place let the text pass. What is waived for leaves is not here. */
static bool passes(struct audit *a, const struct audit_refusal *r)
{
    struct fault f;
    const char *waived = a->waived;
    enum code waived_code = a->waived_code;
    if (r->at < 0 || r->at > INTEGER_MAX || !open_held(a, r, r->at))
        return false;
    /* The log cannot say what lay in the future. */
    if (strcmp(r->code, code_word(CODE_at_not_allowed)) == 0)
        return false;
    int64_t own = a->held.entry.at;
    if (a->state.network.found.demo && own >= 0 && !open_held(a, r, own))
        return false;
    int64_t at = a->held.at;
    if (at < a->before_at)
        return false;
    a->waived = NULL;
    a->waived_code = CODE_OK;
    while (audit_pass_tick(a, at))
        continue;
    bool applied = audit_apply(a, &a->held, &f);
    audit_kv_undo(a->kv);
    state_attach(&a->state, a->kv);
    a->waived = waived;
    a->waived_code = waived_code;
    return applied;
}

void audit_held_here(struct audit *a)
{
    for (; a->next_refusal < a->config.n_refusals; a->next_refusal++) {
        const struct audit_refusal *r = &a->config.refusals[a->next_refusal];
        if (r->size > a->tree.size)
            break;
        watch(a, r);
        if (r->size == a->tree.size && a->state.network.founded && passes(a, r))
            a->refused[a->next_refusal].unfounded = true;
    }
}

/* --- Looking for their texts ------------------------------------------------------------------ */

void audit_held_logged(struct audit *a, const struct audit_leaf *leaf)
{
    if (leaf->fault != NULL || leaf->form.code != CODE_OK || a->next_refusal == 0)
        return;
    const struct hash *hash = &leaf->entry.text_hash;
    size_t bit = filter_bit(hash);
    if ((a->refused_filter[bit / 8] >> bit % 8 & 1) == 0)
        return;
    for (size_t i = 0; i < a->next_refusal; i++)
        if (hash_equal(&a->config.refusals[i].entry_hash, hash)) {
            struct ref ref = {.by = leaf->entry.by, .id = leaf->entry.id};
            a->refused[i].logged = true;
            a->refused[i].index = a->tree.size;
            ref_format(a->refused[i].entry, &ref);
        }
}

static bool is_waived(const struct audit *a, const char *code)
{
    return a->waived != NULL && strcmp(a->waived, code) == 0;
}

void audit_held_settle(struct audit *a)
{
    for (size_t i = 0; i < a->next_refusal; i++) {
        struct refused *r = &a->refused[i];
        r->logged = r->logged && !is_waived(a, "refused_logged");
        r->unfounded = r->unfounded && !is_waived(a, "refusal_unfounded");
        if (r->logged)
            audit_add_logged(a, a->config.refusals[i].name, r->index, r->entry);
        else if (r->unfounded)
            audit_add(a, "refusal_unfounded", a->config.refusals[i].name, "", "");
    }
}

bool audit_refusal_found(const struct audit *a, size_t i)
{
    return a->refused[i].logged || a->refused[i].unfounded;
}
