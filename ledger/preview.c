/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/preview.h"

#include <string.h>

#include "ledger/kind.h"
#include "ledger/log.h"

/* Lets the time pass as the writer would before the entry. */
static bool pass_time(struct state *s, int64_t at, struct refusal *why)
{
    while (s->network.founded && rules_tick_due(s, at)) {
        struct entry tick = {.kind = kind_of(KIND_CLOCK_TICK), .at = -1, .valid_until = at};
        memcpy(tick.by.s, "clock", sizeof "clock");
        if (!rules_make_tick(s, at, &tick.clock_tick, &tick.id))
            return false;
        struct rules r = {.state = s, .index = state_size(s), .at = at};
        if (!rules_apply(&r, &tick, why))
            return false;
    }
    return true;
}

/* Whether the author used the id already, for this text or another. */
static bool check_id(struct state *s, const struct entry *e, struct refusal *why)
{
    struct thing_key key = {.id = e->id, .author = state_org_number(s, &e->by)};
    uint64_t index;
    struct entry_record record;
    if (key.author == 0 || !state_id(s, &key, &index) || !state_entry(s, index, &record) ||
        hash_equal(&record.text_hash, &e->text_hash))
        return true;
    return refuse(why, CODE_id_reused, "id", "an id never used for another text",
                  "used by entry %llu", (unsigned long long)index) ||
           refuse_values(why, "id", NULL, "%llu", (unsigned long long)index);
}

bool preview_entry(struct kv *base, struct state *scratch, const struct entry *entry,
                   int64_t now_ms, struct outcome *outcome, struct signer_set *signers,
                   struct refusal *why)
{
    struct kv *overlay = kv_memory_new(base);
    if (overlay == NULL)
        return refuse(why, CODE_internal, "", NULL, "no memory");
    state_attach(scratch, overlay);
    outcome->n_changes = outcome->n_limits = 0;
    outcome->has_pool = false;
    signers->n = 0;
    struct rules r = {
        .state = scratch, .outcome = outcome, .root_at = log_root_of, .root_ctx = base};
    bool ok = rules_entry_time(scratch, entry, now_ms, &r.at, why) &&
              pass_time(scratch, r.at, why) && check_id(scratch, entry, why);
    r.index = state_size(scratch);
    ok = ok && rules_signers(&r, entry, signers, why) && rules_apply(&r, entry, why);
    kv_memory_free(overlay);
    scratch->kv = NULL;
    scratch->network_version = 0; /* the overlay may have founded a network */
    return ok;
}
