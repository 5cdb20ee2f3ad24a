/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/query.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/note.h"
#include "ledger/kind.h"
#include "policies/turnover.h"
#include "policies/window.h"

/* The text of a note ends before the empty line; an entry text has two lines and no empty one. */
static size_t text_length(const char *note, size_t n)
{
    const char *end = memmem(note, n, "\n\n", 2);

    return end ? (size_t)(end - note) + 1 : n;
}

bool query_entry(struct state *s, const char *origin, uint64_t index, struct entry *out,
                 struct slice *leaf)
{
    struct refusal why = {.code = CODE_OK};
    const char *note;
    size_t note_len;
    int64_t at;

    return log_read(s->kv, index, leaf) &&
           leaf_split((const char *)leaf->data, leaf->size, &at, &note, &note_len) &&
           entry_decode(out, origin, note, text_length(note, note_len), &why);
}

bool query_index(struct state *s, const struct ref *ref, bool by_clock, uint64_t *index)
{
    struct thing_key key = {.id = ref->id, .author = 0};

    if (!by_clock) {
        key.author = state_org_number(s, &ref->by);
        if (key.author == 0) {
            return false;
        }
    }
    return state_id(s, &key, index);
}

const struct entry_party *query_party(const struct entry_record *record, uint32_t org)
{
    for (size_t i = 0; i < record->n_parties; i++) {
        if (record->parties[i].org == org) {
            return &record->parties[i];
        }
    }
    return NULL;
}

bool query_previous(const struct entry_record *record, uint32_t org, uint64_t *previous)
{
    const struct entry_party *party = query_party(record, org);

    if (party) {
        *previous = party->previous;
    }
    return party != NULL;
}

/* --- What an entry did ----------------------------------------------------------------------- */

static void add_shares(struct state *s, const struct shares *shares, uint32_t org, int64_t sign,
                       struct effect *out)
{
    for (size_t i = 0; i < shares->n; i++) {
        const struct share *share = &shares->v[i];

        if (state_org_number(s, &share->from) == org) {
            out->given += sign * share->minutes;
        } else if (state_org_number(s, &share->to) == org) {
            out->received += sign * share->minutes;
        }
    }
}

bool query_effect(struct state *s, const char *origin, const struct entry_record *record,
                  uint32_t org, struct entry *entry, struct effect *out)
{
    const struct entry_party *party = query_party(record, org);
    struct slice leaf;

    memset(out, 0, sizeof *out);
    out->moves = party ? party->moves : 0;
    if (record->kind != KIND_HOURS_RECORD && record->kind != KIND_HOURS_REVERSE) {
        return true; /* the other kinds post no hours */
    }
    if (!query_entry(s, origin, record->index, entry, &leaf)) {
        return false;
    }
    if (record->kind == KIND_HOURS_RECORD) {
        add_shares(s, &entry->hours_record.shares, org, 1, out);
    } else {
        add_shares(s, &entry->hours_reverse.shares, org, -1, out);
    }
    return true;
}

/* --- Positions that were ---------------------------------------------------------------------- */

bool query_next_closing(struct state *s, uint32_t org, int64_t after, struct closing *out)
{
    struct closing all = {.moment = after, .org = UINT32_MAX};

    while (state_next_closing(s, &all, &all)) {
        struct closing before = {.moment = all.moment, .org = org - 1};

        if (state_next_closing(s, &before, out) && out->moment == all.moment && out->org == org) {
            return true;
        }
        all.org = UINT32_MAX;
    }
    return false;
}

int64_t query_position_at(struct state *s, const struct org *org, int64_t at)
{
    struct entry_record record;
    const struct entry_party *party = NULL;
    struct closing closing;
    int64_t position;

    for (uint64_t next = org->last_entry; next > 0; next = party->previous) {
        if (!state_entry(s, next - 1, &record) || !(party = query_party(&record, org->number))) {
            return 0; /* the caller finds the failure with kv_failed() */
        }
        if (record.at <= at) {
            break;
        }
    }
    if (!party || record.at > at) {
        return 0;
    }
    position = party->position;
    closing.moment = record.at;
    while (query_next_closing(s, org->number, closing.moment, &closing) && closing.moment <= at) {
        position += closing.forgiven - closing.levied;
    }
    return position;
}

/* --- Return time ----------------------------------------------------------------------------- */

/* Whether a position is far from zero, on the same side as another one. */
static bool keeps_aside(int64_t position, int64_t as)
{
    return as > 0 ? position > TURNOVER_BACK_MINUTES : position < -TURNOVER_BACK_MINUTES;
}

bool query_return_days(struct state *s, const struct org *org, int32_t day, int32_t *days)
{
    int64_t now = org_position(org);
    uint64_t next = org->last_entry;
    int32_t since = day;
    struct entry_record record;

    *days = 0;
    if (!keeps_aside(now, now)) {
        return true;
    }
    for (size_t looked = 0; next > 0 && state_entry(s, next - 1, &record); looked++) {
        const struct entry_party *party = query_party(&record, org->number);

        if (looked == QUERY_RETURN_MAX || party == NULL) {
            return false;
        }
        if (!keeps_aside(party->position, now)) {
            break;
        }
        since = window_day(record.at);
        next = party->previous;
    }
    *days = day - since;
    return true;
}

/* --- The rolling year ------------------------------------------------------------------------ */

int query_flow_compare(const void *a, const void *b)
{
    const struct help *x = a, *y = b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return x->to < y->to ? -1 : x->to > y->to;
}

size_t query_flows_merge(struct help *v, size_t n)
{
    size_t kept = 0;

    if (n > 0) {
        qsort(v, n, sizeof *v, query_flow_compare);
    }
    for (size_t i = 0; i < n;) {
        struct help sum = v[i];

        for (i++; i < n && query_flow_compare(&v[i], &sum) == 0; i++) {
            sum.minutes += v[i].minutes;
            sum.gift += v[i].gift;
            sum.pooled += v[i].pooled;
            sum.count += v[i].count;
        }
        if (sum.minutes > 0) {
            v[kept++] = sum;
        }
    }
    return kept;
}

/* Halves the room that is needed by merging what is there; grows it when that does not help. */
static bool make_room(struct flows *flows, size_t *room)
{
    struct help *v;

    flows->n = query_flows_merge(flows->v, flows->n);
    if (flows->n < *room / 2) {
        return true;
    }
    *room = *room ? 2 * *room : 1024;
    v = realloc(flows->v, *room * sizeof *v);
    if (v) {
        flows->v = v;
    }
    return v != NULL;
}

bool query_flows(struct state *s, int32_t day, struct flows *out)
{
    return query_days(s, window_first_day(day, s->network.found.policy.window_days), day, out);
}

bool query_days(struct state *s, int32_t from_day, int32_t to_day, struct flows *out)
{
    struct pair_day bucket;
    struct pair_key at = {.day = from_day};
    bool after = false;
    size_t room = 0;

    memset(out, 0, sizeof *out);
    out->from_day = from_day;
    out->to_day = to_day;
    for (; state_next_pair_day(s, after, &at, &bucket) && at.day <= to_day; after = true) {
        if (out->n == room && !make_room(out, &room)) {
            query_flows_free(out);
            return false;
        }
        out->v[out->n++] = (struct help){at.from,     at.to,         bucket.minutes,
                                         bucket.gift, bucket.pooled, bucket.other};
    }
    out->n = query_flows_merge(out->v, out->n);
    return true;
}

void query_flows_free(struct flows *flows)
{
    free(flows->v);
    memset(flows, 0, sizeof *flows);
}
