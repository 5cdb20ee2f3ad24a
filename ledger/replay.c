/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kind.h"
#include "ledger/log.h"
#include "ledger/seal.h"
#include "ledger/signers.h"
#include "ledger/tick.h"

struct replay {
    char origin[ORIGIN_MAX + 1];
    bool verify;
    struct state state;
    struct rules rules;
    struct entry entry;
    struct note note;
    struct signatures signatures;
};

struct replay *replay_new(const char *origin, bool verify)
{
    struct replay *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    snprintf(r->origin, sizeof r->origin, "%s", origin);
    r->verify = verify;
    r->rules.state = &r->state;
    r->rules.root_at = log_root_of;
    return r;
}

void replay_free(struct replay *replay)
{
    free(replay);
}

const struct entry *replay_entry(const struct replay *replay)
{
    return &replay->entry;
}

struct state *replay_state(struct replay *replay)
{
    return &replay->state;
}

static bool fail(char why[static REPLAY_WHY_SIZE], const char *what)
{
    snprintf(why, REPLAY_WHY_SIZE, "%s", what);
    return false;
}

static bool fail_refused(char why[static REPLAY_WHY_SIZE], const struct refusal *refusal)
{
    snprintf(why, REPLAY_WHY_SIZE, "%s: %s; field '%s', expected %s, found %s",
             code_word(refusal->code), code_title(refusal->code), refusal->field,
             refusal->expected[0] != '\0' ? refusal->expected : "-",
             refusal->found[0] != '\0' ? refusal->found : "-");
    return false;
}

/* From bytes to the entry; sets the time. */
static bool read_leaf(struct replay *r, struct slice leaf, char *why)
{
    const char *note;
    size_t note_len;
    struct refusal refusal = {.code = CODE_OK};
    if (leaf.size > LEAF_MAX)
        return fail(why, "the leaf is longer than a leaf can be");
    if (!leaf_split((const char *)leaf.data, leaf.size, &r->rules.at, &note, &note_len))
        return fail(why, "the leaf does not start with its time");
    if (note_len > ENTRY_NOTE_MAX)
        return fail(why, "the note is longer than a note can be");
    enum note_err err = note_parse(&r->note, note, note_len);
    if (err != NOTE_OK)
        return fail(why, note_strerror(err));
    if (!entry_decode(&r->entry, r->origin, r->note.text, r->note.text_len, &refusal))
        return fail_refused(why, &refusal);
    return true;
}

static bool is_tick(const struct replay *r)
{
    return r->entry.kind->id == KIND_CLOCK_TICK;
}

static bool is_seal(const struct replay *r)
{
    return r->entry.kind->id == KIND_SEAL_BALANCES;
}

/* SPEC 5.1, 15 */
static bool check_time(struct replay *r, char *why)
{
    const struct entry *e = &r->entry;
    bool demo = r->state.network.founded
                    ? r->state.network.found.demo
                    : e->kind->id == KIND_NETWORK_FOUND && e->network_found.demo;
    if (r->rules.at < state_last_at(&r->state))
        return fail(why, "time_order: the time of the leaf is before that of the last one");
    if (e->at >= 0 && !demo)
        return fail(why, "at_not_allowed: the entry sets its time, but this is no demo network");
    if (e->at >= 0 && e->at != r->rules.at)
        return fail(why, "at_not_allowed: the time of the leaf is not that of the entry");
    return true;
}

/* SPEC 5.2: no tick overdue, and each tick is the one that follows from the leaves before it. */
static bool check_ticks(struct replay *r, char *why)
{
    struct body_clock_tick body;
    struct id id;
    char text[TICK_TEXT_SIZE];
    if (is_seal(r))
        return true; /* one may stand before an overdue tick */
    if (!is_tick(r))
        return !rules_tick_due(&r->state, r->rules.at) ||
               fail(why, "an overdue clock.tick is missing before this leaf");
    if (!rules_make_tick(&r->state, r->rules.at, &body, &id))
        return fail(why, "a clock.tick where nothing is due");
    size_t n = tick_text(text, r->origin, &body, &id);
    if (n != r->entry.text_len || memcmp(text, r->entry.text, n) != 0)
        return fail(why, "the clock.tick is not the one that follows from the leaves before it");
    return true;
}

/*
 * SPEC 6.11: no seal missing, none right behind another, and each to the byte what its own fields
 * give; that these are the right ones is for the rules.
 */
static bool check_seals(struct replay *r, char *why)
{
    char text[SEAL_TEXT_SIZE];
    if (!is_seal(r))
        return !rules_seal_due(&r->state) ||
               fail(why, "a seal.balances is missing before this leaf");
    if (rules_seal_early(&r->state))
        return fail(why, "a seal.balances right behind another");
    size_t n = seal_text(text, r->origin, &r->entry.seal_balances, &r->entry.id, r->rules.at);
    if (n != r->entry.text_len || memcmp(text, r->entry.text, n) != 0)
        return fail(why, "the seal.balances is not the one that follows from the leaves before it");
    return true;
}

static bool check_signatures(struct replay *r, char *why)
{
    struct refusal refusal = {.code = CODE_OK};
    if (!signers_check(&r->rules, r->origin, &r->entry, &r->note, r->verify, &r->signatures,
                       &refusal))
        return fail_refused(why, &refusal);
    return signatures_complete(&r->signatures) || signers_missing(&r->signatures, &refusal) ||
           fail_refused(why, &refusal);
}

static bool check_id(struct replay *r, char *why)
{
    struct thing_key key = {.id = r->entry.id,
                            .author = state_org_number(&r->state, &r->entry.by)};
    uint64_t index;
    if ((key.author == 0 && !r->entry.kind->by_clock) || !state_id(&r->state, &key, &index))
        return true;
    snprintf(why, REPLAY_WHY_SIZE, "id_reused: the author used this id in entry %" PRIu64, index);
    return false;
}

bool replay_leaf(struct replay *r, struct kv *into, struct slice leaf,
                 char why[static REPLAY_WHY_SIZE])
{
    struct refusal refusal = {.code = CODE_OK};
    state_attach(&r->state, into);
    r->rules.root_ctx = into;
    r->rules.index = state_size(&r->state);
    r->rules.leaf = leaf;
    r->rules.signers = &r->signatures.needed;
    if (!read_leaf(r, leaf, why) || !check_time(r, why))
        return false;
    if (r->state.network.founded && !(check_ticks(r, why) && check_seals(r, why)))
        return false;
    if (!check_signatures(r, why) || !check_id(r, why))
        return false;
    if (!rules_apply(&r->rules, &r->entry, &refusal))
        return fail_refused(why, &refusal);
    if (log_append(into, r->rules.index, &leaf, 1) != LOG_OK)
        return fail(why, "the leaf cannot be written");
    return true;
}

bool replay_recount(struct replay *r, struct kv *into, char why[static REPLAY_WHY_SIZE])
{
    state_attach(&r->state, into);
    return rules_recount(&r->state, why, REPLAY_WHY_SIZE);
}
