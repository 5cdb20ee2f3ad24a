/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The judgement of one leaf at its own place (SPEC 17.2): by the checks and rules that the server
 * has, over tables whose changes are taken back when one of them refuses.
 */
#include "ledger/audit_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/kind.h"
#include "policies/window.h"

struct slice audit_leaf_bytes(const struct audit_leaf *leaf)
{
    return (struct slice){leaf->buffer, leaf->size};
}

static const char *number_text(char out[static 24], int64_t n)
{
    snprintf(out, 24, "%" PRId64, n);
    return out;
}

static enum entry_kind kind_id(const struct audit_leaf *leaf)
{
    return leaf->entry.kind->id;
}

/* --- Before the rules ------------------------------------------------------------------------- */

static bool check_form(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    if (leaf->fault != NULL)
        return audit_fault(a, f, leaf->fault, "", "", "%s", "");
    return leaf->form.code == CODE_OK || audit_refused(f, &leaf->form);
}

/* Nothing else can be founded upon, so that network_not_founded cannot be waived. */
static bool check_founding(struct audit *a, const struct entry *e, struct fault *f)
{
    struct refusal why = {.code = CODE_network_not_founded};
    bool founding = e->kind->id == KIND_NETWORK_FOUND;
    if (!founding && a->tree.size == 0)
        return audit_refused(f, &why);
    if (founding && a->tree.size > 0) {
        why.code = CODE_network_already_founded;
        return audit_refused(f, &why);
    }
    if (!founding || !a->has_log_key ||
        public_key_equal(&a->log_key, &e->network_found.log_key))
        return true;
    char expected[HEX_SIZE(KEY_BYTES)], found[HEX_SIZE(KEY_BYTES)];
    hex_encode(expected, a->log_key.b, KEY_BYTES);
    hex_encode(found, e->network_found.log_key.b, KEY_BYTES);
    return audit_fault(a, f, "network_keys", "log_key", expected, "%s", found);
}

static const struct body_network_found *founding_of(const struct audit *a, const struct entry *e)
{
    return a->state.network.founded ? &a->state.network.found : &e->network_found;
}

static bool check_at(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    const struct entry *e = &leaf->entry;
    char expected[24];
    if (e->at < 0)
        return true;
    if (!founding_of(a, e)->demo)
        return audit_fault(a, f, "at_not_allowed", "", "", "%s", "");
    return e->at == leaf->at || audit_fault(a, f, "at_mismatch", "at",
                                            number_text(expected, leaf->at), "%" PRId64, e->at);
}

/* SPEC 5.3 */
static bool check_validity(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    const struct entry *e = &leaf->entry;
    const struct policy *p = &founding_of(a, e)->policy;
    int64_t made = id_time_ms(&e->id), skewed = leaf->at + p->id_skew_minutes * 60000;
    int64_t latest = made + p->entry_days_max * WINDOW_DAY_MS;
    char text[24];
    if (leaf->at > e->valid_until &&
        !audit_fault(a, f, "expired", "valid_until", number_text(text, leaf->at), "%" PRId64,
                     e->valid_until))
        return false;
    if (made > skewed &&
        !audit_fault(a, f, "id_time", "id", number_text(text, skewed), "%" PRId64, made))
        return false;
    return e->valid_until <= latest ||
           audit_fault(a, f, "valid_until_too_far", "valid_until", number_text(text, latest),
                       "%" PRId64, e->valid_until);
}

static bool check_seen(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    const struct entry *e = &leaf->entry;
    struct hash root;
    char expected[HEX_SIZE(HASH_BYTES)] = "", found[HEX_SIZE(HASH_BYTES)];
    if (!e->has_seen)
        return true;
    if (e->seen_size > a->tree.size)
        return audit_fault(a, f, "seen_mismatch", "seen",
                           number_text(expected, (int64_t)a->tree.size), "%" PRIu64, e->seen_size);
    bool known = audit_tree_root(a, e->seen_size, &root);
    if (known && hash_equal(&root, &e->seen_root))
        return true;
    if (known)
        hex_encode(expected, root.b, HASH_BYTES);
    hex_encode(found, e->seen_root.b, HASH_BYTES);
    return audit_fault(a, f, "seen_mismatch", "seen", expected, "%s", found);
}

static bool check_id(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    const struct entry *e = &leaf->entry;
    struct thing_key key = {.id = e->id, .author = state_org_number(&a->state, &e->by)};
    struct ref ref = {.by = e->by, .id = e->id};
    char text[REF_TEXT_SIZE];
    uint64_t first, marked;
    bool taken = (key.author != 0 || e->kind->by_clock) && state_id(&a->state, &key, &first);
    ref_format(text, &ref);
    if (audit_marked(a, MARK_ID, text, &marked)) {
        first = taken && first < marked ? first : marked;
        taken = true;
    }
    return !taken || audit_fault(a, f, "id_reused", "id", "", "%" PRIu64, first);
}

/* True when the threads have found every line good, by keys that stand in the state. */
static bool verified(const struct audit_leaf *leaf, const struct signatures *s)
{
    for (size_t i = 0; i < leaf->note.n_sigs; i++)
        if (leaf->verdict[i] != VERDICT_GOOD)
            return false;
    for (size_t i = 0; i < s->needed.n && !leaf->entry.kind->by_clock; i++)
        if (s->needed.v[i].own_key)
            return false;
    return true;
}

/* Leaves those who had to sign and did, which are not all when a check is waived. */
static void keep_present(struct signatures *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->needed.n; i++)
        if (s->present[i])
            s->needed.v[n++] = s->needed.v[i];
    s->needed.n = n;
}

/*
 * What the threads found good needs only to be held against the state. For whatever is not plainly
 * good the lines are verified here, in their order, as the server does.
 */
static bool check_signatures(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    struct signatures *s = &a->signatures;
    struct refusal why = {.waived = a->waived_code};
    bool ok = signers_check(&a->rules, a->origin, &leaf->entry, &leaf->note, false, s, &why) &&
              signatures_complete(s) && verified(leaf, s);
    if (!ok) {
        why = (struct refusal){.waived = a->waived_code};
        ok = signers_check(&a->rules, a->origin, &leaf->entry, &leaf->note, true, s, &why) &&
             (signatures_complete(s) || signers_missing(s, &why));
    }
    if (!ok)
        return audit_refused(f, &why);
    keep_present(s);
    return true;
}

/* --- The rules -------------------------------------------------------------------------------- */

void audit_know_keys(struct audit *a, uint32_t org)
{
    static const char clock[] = "clock";
    char name[KEY_NAME_SIZE];
    struct sums sums;
    struct key_id id;
    state_sums(&a->state, &sums);
    /* With a waived check a key may be replaced, and what was verified with it says nothing. */
    if (a->waived != NULL || !a->state.network.founded)
        return;
    for (uint32_t i = org == 0 ? 1 : org; i <= (org == 0 ? sums.orgs : org); i++) {
        struct org o;
        struct org_key key;
        bool more = state_org(&a->state, i, &o) && state_next_key(&a->state, i, NULL, &key);
        for (; more; more = state_next_key(&a->state, i, &key.id, &key))
            a->failed = !audit_pool_know(a->pool, o.handle.s, &key.id, &key.key) || a->failed;
    }
    int n = snprintf(name, sizeof name, "%s/%s", a->origin, clock);
    key_id_of(&id, name, (size_t)n, KEY_ED25519, &a->state.network.found.clock_key);
    if (org == 0)
        a->failed = !audit_pool_know(a->pool, clock, &id, &a->state.network.found.clock_key) ||
                    a->failed;
}

static bool apply_entry(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    struct refusal why = {.waived = a->waived_code};
    if (kind_id(leaf) == KIND_DETAILS_ERASE)
        audit_recall(a, &leaf->entry);
    a->rules.leaf = audit_leaf_bytes(leaf);
    return rules_apply(&a->rules, &leaf->entry, &why) || audit_refused(f, &why);
}

static bool check_entry(struct audit *a, const struct audit_leaf *leaf, struct fault *f)
{
    a->rules.index = a->tree.size;
    a->rules.at = leaf->at;
    a->rules.signers = &a->signatures.needed;
    /* What the rules would find as well, before the signatures: so an entry that breaks several
     * rules is refused for the same one whoever looks. */
    return check_founding(a, &leaf->entry, f) && check_at(a, leaf, f) &&
           check_validity(a, leaf, f) && check_id(a, leaf, f) && check_seen(a, leaf, f) &&
           check_signatures(a, leaf, f);
}

bool audit_apply(struct audit *a, struct audit_leaf *leaf, struct fault *f)
{
    return check_entry(a, leaf, f) && apply_entry(a, leaf, f);
}

/* --- The leaf --------------------------------------------------------------------------------- */

static bool judge(struct audit *a, struct audit_leaf *leaf, int64_t before, struct fault *f)
{
    char expected[24];
    if (!check_form(a, leaf, f))
        return false;
    if (leaf->at < before && !audit_fault(a, f, "time_order", "at", number_text(expected, before),
                                          "%" PRId64, leaf->at))
        return false;
    if (a->state.network.founded && kind_id(leaf) != KIND_SEAL_BALANCES)
        audit_demand_seal(a, leaf);
    if (a->state.network.founded && !leaf->entry.kind->by_clock)
        audit_demand_ticks(a, leaf);
    if (!leaf->entry.kind->by_clock)
        return audit_apply(a, leaf, f);
    if (!check_entry(a, leaf, f))
        return false;
    return kind_id(leaf) == KIND_CLOCK_TICK ? audit_judge_tick(a, leaf, f)
                                            : audit_judge_seal(a, leaf, before, f);
}

/* A leaf that says it is the clock's moves the clock, whatever was then found in it. */
static void replace_clock(struct audit *a, const struct audit_leaf *leaf, const json_t *glance)
{
    const char *kind = glance_text(glance, "kind");
    a->rules.calendar = false;
    if (!a->state.network.founded || kind == NULL)
        return;
    if (strcmp(kind, "clock.tick") == 0 && leaf->at >= 0)
        (void)audit_pass_tick(a, leaf->at);
    if (strcmp(kind, "seal.balances") == 0)
        audit_replace_seal(a, leaf);
}

static void reject(struct audit *a, const struct audit_leaf *leaf, const struct fault *f)
{
    audit_kv_undo(a->kv);
    state_attach(&a->state, a->kv);
    json_t *glance = audit_glance(audit_leaf_bytes(leaf));
    replace_clock(a, leaf, glance);
    audit_refuse_leaf(a, f, a->tree.size, glance);
    json_decref(glance);
}

static void accept(struct audit *a, const struct audit_leaf *leaf)
{
    const struct entry *e = &leaf->entry;
    a->n_entries++;
    a->n_signatures += leaf->note.n_sigs;
    audit_doubt_asker(a, e);
    if (e->kind->id == KIND_SEAL_BALANCES)
        a->seal_place = a->tree.size;
    if (leaf->at > a->applied_at)
        a->applied_at = leaf->at;
    if (e->kind->id == KIND_NETWORK_FOUND)
        audit_know_keys(a, 0);
    else if (e->kind->id == KIND_ORG_ADMIT || e->kind->id == KIND_KEY_ADD)
        audit_know_keys(a, state_org_number(&a->state, &e->by));
}

void audit_judge(struct audit *a, struct audit_leaf *leaf)
{
    struct fault f = {.code = NULL};
    audit_held_here(a);
    if (a->tree.size > 0 && !a->state.network.founded) {
        a->unjudged++;
    } else {
        int64_t before = a->before_at;
        if (leaf->at >= 0)
            a->before_at = leaf->at;
        if (judge(a, leaf, before, &f))
            accept(a, leaf);
        else
            reject(a, leaf, &f);
    }
    audit_held_logged(a, leaf);
    if (!audit_tree_append(a, &leaf->hash))
        a->failed = true;
    if (a->state.network.founded) {
        state_set_size(&a->state, a->tree.size);
        state_set_last_at(&a->state, a->before_at);
        audit_forget(a);
    }
    audit_kv_keep(a->kv);
    a->failed = a->failed || kv_failed(a->kv) || kv_failed(a->marks);
}
