/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/query.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/note.h"
#include "ledger/kind.h"
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

bool query_previous(const struct entry_record *record, uint32_t org, uint64_t *previous)
{
    for (size_t i = 0; i < record->n_parties; i++) {
        if (record->parties[i].org == org) {
            *previous = record->parties[i].previous;
            return true;
        }
    }
    return false;
}

/* --- What a leaving organisation handed over ------------------------------------------------- */

/*
 * Minutes an organisation had when it left, whose state is that it left. Its moves are the gifts,
 * which are counted apart, what leaving organisations handed over to it, and minus the position it
 * left with: three are known when what it inherited is. That may hang on further organisations
 * that left, so the walk keeps a stack of its own; nobody inherits from one who left later, so it
 * ends.
 */
struct leaver {
    struct org org;
    uint64_t next;     /* index + 1 of the next entry of its chain to look at */
    int64_t inherited;
};
struct leavers {
    struct leaver *v;
    size_t n, room;
};

static bool push(struct leavers *stack, struct state *s, uint32_t number)
{
    if (stack->n == stack->room) {
        size_t room = stack->room ? 2 * stack->room : 4;
        struct leaver *v = realloc(stack->v, room * sizeof *v);

        if (!v) {
            return false;
        }
        stack->v = v;
        stack->room = room;
    }
    memset(&stack->v[stack->n], 0, sizeof *stack->v);
    if (!state_org(s, number, &stack->v[stack->n].org)) {
        return false;
    }
    stack->v[stack->n].next = stack->v[stack->n].org.last_entry;
    stack->n++;
    return true;
}

static int64_t left_with(const struct leaver *l)
{
    return l->org.received_gifts - l->org.given_gifts + l->inherited - l->org.moves;
}

/*
 * Looks at one entry of the chain on top of the stack. An heir gets only what lies above zero, so a
 * leaver below zero adds nothing.
 */
static bool step(struct leavers *stack, struct state *s, const char *origin, struct entry *entry)
{
    struct leaver *top = &stack->v[stack->n - 1];
    uint32_t number = top->org.number;
    struct entry_record record;
    struct slice leaf;

    if (!state_entry(s, top->next - 1, &record) ||
        !query_previous(&record, number, &top->next)) {
        return false;
    }
    if (record.kind != KIND_ORG_LEAVE || record.author == number) {
        return true;
    }
    if (!query_entry(s, origin, record.index, entry, &leaf)) {
        return false;
    }
    return state_org_number(s, &entry->org_leave.to) != number || push(stack, s, record.author);
}

static bool minutes_left_with(struct state *s, const char *origin, uint32_t number,
                              struct entry *entry, int64_t *out)
{
    struct leavers stack = {0};
    bool ok = push(&stack, s, number);

    while (ok) {
        if (stack.v[stack.n - 1].next > 0) {
            ok = step(&stack, s, origin, entry);
            continue;
        }
        *out = left_with(&stack.v[stack.n - 1]);
        if (--stack.n == 0) {
            break;
        }
        stack.v[stack.n - 1].inherited += *out > 0 ? *out : 0;
    }
    free(stack.v);
    return ok;
}

static bool leave_effect(struct state *s, const char *origin, const struct entry_record *record,
                         uint32_t org, struct entry *entry, struct effect *out)
{
    bool heir = record->author != org && state_org_number(s, &entry->org_leave.to) == org;
    int64_t minutes;

    if (record->author != org && !heir) {
        return true;
    }
    if (!minutes_left_with(s, origin, record->author, entry, &minutes)) {
        return false;
    }
    if (!heir) {
        out->moves = -minutes;
    } else if (minutes > 0) {
        out->moves = minutes;
    }
    return true;
}

/* --- What an entry did ----------------------------------------------------------------------- */

static void add_shares(struct state *s, const struct shares *shares, uint32_t org, int64_t sign,
                       bool gift, struct effect *out)
{
    for (size_t i = 0; i < shares->n; i++) {
        const struct share *share = &shares->v[i];
        int64_t minutes = sign * share->minutes;

        if (state_org_number(s, &share->from) == org) {
            out->given += minutes;
            out->moves -= gift ? minutes : 0;
        } else if (state_org_number(s, &share->to) == org) {
            out->received += minutes;
            out->moves += gift ? minutes : 0;
        }
    }
}

static bool reverse_effect(struct state *s, uint32_t org, const struct entry *entry,
                           struct effect *out)
{
    const struct body_hours_reverse *b = &entry->hours_reverse;
    struct thing_key key = {.id = b->hours.id, .author = state_org_number(s, &b->hours.by)};
    struct hours hours;

    if (!state_hours(s, &key, &hours)) {
        return false;
    }
    add_shares(s, &b->shares, org, -1, hours.gift, out);
    return true;
}

bool query_effect(struct state *s, const char *origin, const struct entry_record *record,
                  uint32_t org, struct entry *entry, struct effect *out)
{
    struct slice leaf;

    memset(out, 0, sizeof *out);
    if (record->kind != KIND_HOURS_RECORD && record->kind != KIND_HOURS_REVERSE &&
        record->kind != KIND_ORG_LEAVE) {
        return true; /* the other kinds move no position */
    }
    if (!query_entry(s, origin, record->index, entry, &leaf)) {
        return false;
    }
    if (record->kind == KIND_HOURS_RECORD) {
        add_shares(s, &entry->hours_record.shares, org, 1, entry->hours_record.gift, out);
        return true;
    }
    if (record->kind == KIND_HOURS_REVERSE) {
        return reverse_effect(s, org, entry, out);
    }
    return leave_effect(s, origin, record, org, entry, out);
}

/* --- The rolling year ------------------------------------------------------------------------ */

int query_flow_compare(const void *a, const void *b)
{
    const struct flow *x = a, *y = b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return x->to < y->to ? -1 : x->to > y->to;
}

size_t query_flows_merge(struct flow *v, size_t n)
{
    size_t kept = 0;

    if (n > 0) {
        qsort(v, n, sizeof *v, query_flow_compare);
    }
    for (size_t i = 0; i < n;) {
        struct flow sum = v[i];

        for (i++; i < n && query_flow_compare(&v[i], &sum) == 0; i++) {
            sum.minutes += v[i].minutes;
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
    struct flow *v;

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
    struct pair_day bucket;
    uint32_t from = 0, to = 0;
    int32_t at;
    bool after = false;
    size_t room = 0;

    memset(out, 0, sizeof *out);
    out->to_day = day;
    out->from_day = at = window_first_day(day, s->network.found.policy.window_days);
    for (; state_next_pair_day(s, after, &at, &from, &to, &bucket) && at <= day; after = true) {
        if (out->n == room && !make_room(out, &room)) {
            query_flows_free(out);
            return false;
        }
        out->v[out->n++] = (struct flow){from, to, bucket.minutes, bucket.other};
    }
    out->n = query_flows_merge(out->v, out->n);
    return true;
}

void query_flows_free(struct flows *flows)
{
    free(flows->v);
    memset(flows, 0, sizeof *flows);
}

/* --- Both layers ----------------------------------------------------------------------------- */

static int help_compare(const void *a, const void *b)
{
    const struct help *x = a, *y = b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return x->to < y->to ? -1 : x->to > y->to;
}

static size_t help_merge(struct help *v, size_t n)
{
    size_t kept = 0;

    if (n > 0) {
        qsort(v, n, sizeof *v, help_compare);
    }
    for (size_t i = 0; i < n;) {
        struct help sum = v[i];

        for (i++; i < n && help_compare(&v[i], &sum) == 0; i++) {
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

/* As for flows: first by merging what is there. */
static bool help_room(struct help_list *help, size_t *room)
{
    struct help *v;

    help->n = help_merge(help->v, help->n);
    if (help->n < *room / 2) {
        return true;
    }
    *room = *room ? 2 * *room : 1024;
    v = realloc(help->v, *room * sizeof *v);
    if (v) {
        help->v = v;
    }
    return v != NULL;
}

bool query_help(struct state *s, int32_t from_day, int32_t to_day, struct help_list *out)
{
    struct pair_day b;
    uint32_t from = 0, to = 0;
    int32_t at = from_day;
    bool after = false;
    size_t room = 0;

    memset(out, 0, sizeof *out);
    for (; state_next_pair_day(s, after, &at, &from, &to, &b) && at <= to_day; after = true) {
        if (out->n == room && !help_room(out, &room)) {
            query_help_free(out);
            return false;
        }
        out->v[out->n++] = (struct help){from, to, b.minutes, b.gift, b.pooled, b.other};
    }
    out->n = help_merge(out->v, out->n);
    return true;
}

void query_help_free(struct help_list *help)
{
    free(help->v);
    memset(help, 0, sizeof *help);
}
