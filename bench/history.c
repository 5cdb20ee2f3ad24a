/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/notes.h"
#include "bench/tables.h"
#include "ledger/last_signed.h"
#include "ledger/node.h"
#include "ledger/replay.h"
#include "ledger/rules.h"
#include "ledger/seal.h"
#include "ledger/tick.h"
#include "policies/window.h"

#define PAST_DAYS 300
#define NOTES_AT_ONCE 20000
#define COMMIT_ENTRIES 256 /* as a server under load */

/* Commits whose pages are counted: of so many entries, so often. */
static const struct {
    size_t entries, times;
} counted[] = {{1, 12}, {32, 8}, {256, 4}, {WRITER_BEHIND_MAX, 2}};

static char table_names[TABLES_MAX][24];
static size_t n_tables;

struct maker {
    const struct history *history;
    struct node node;
    struct replay *replay;
    struct kv *kv; /* the transaction under way, or NULL */
    size_t in_commit, commit_entries;
    size_t next; /* number of the next hours */
};

static bool begin(struct maker *m)
{
    m->in_commit = 0;
    if (m->kv == NULL && store_begin(m->node.store, &m->kv) != STORE_OK) {
        fprintf(stderr, "bench: the history cannot be written: %s\n", store_message());
        return false;
    }
    return true;
}

static bool commit(struct maker *m)
{
    struct kv *kv = m->kv;
    m->kv = NULL;
    if (kv == NULL || store_commit(kv) == STORE_OK)
        return true;
    fprintf(stderr, "bench: the history cannot be committed: %s\n", store_message());
    return false;
}

static bool take_leaf(struct maker *m, int64_t at, const char *note, size_t n)
{
    char leaf[LEAF_MAX], why[REPLAY_WHY_SIZE];
    size_t head = leaf_prefix(leaf, at);
    memcpy(leaf + head, note, n);
    if (replay_leaf(m->replay, m->kv, (struct slice){(const uint8_t *)leaf, head + n}, why))
        return true;
    fprintf(stderr, "bench: an entry of the history is refused: %s\n", why);
    return false;
}

/* The seal that is due, if one is. */
static bool take_seal(struct maker *m, int64_t at)
{
    struct state *state = replay_state(m->replay);
    struct body_seal_balances body;
    struct id id;
    char seal[SEAL_NOTE_SIZE];
    if (!rules_seal_due(state))
        return true;
    rules_make_seal(state, BENCH_ORIGIN, &body, &id);
    size_t n = seal_note(seal, BENCH_ORIGIN, &body, &id, at, m->node.clock_key);
    return take_leaf(m, at, seal, n);
}

/* What the calendar sets before an entry: months and quarters begin while the history goes on. */
static bool take_ticks(struct maker *m, int64_t at)
{
    struct body_clock_tick body;
    struct id id;
    char note[TICK_NOTE_SIZE];
    struct state *state = replay_state(m->replay);
    bool ok = true;
    state_attach(state, m->kv); /* each commit begins another transaction */
    while (ok && state->network.founded && rules_make_tick(state, at, &body, &id)) {
        size_t n = tick_note(note, BENCH_ORIGIN, &body, &id, m->node.clock_key);
        ok = take_leaf(m, at, note, n) && take_seal(m, at);
    }
    return ok;
}

/*
 * One entry with the ticks before it and the seal behind it that are due, and the commit when
 * enough has gathered.
 */
static bool take(struct maker *m, int64_t at, const char *note, size_t n)
{
    if ((m->kv == NULL && !begin(m)) || !take_ticks(m, at) || !take_leaf(m, at, note, n) ||
        !take_seal(m, at))
        return false;
    return ++m->in_commit < m->commit_entries || commit(m);
}

static bool found(struct maker *m)
{
    struct bench_network *network = m->history->network;
    char note[BENCH_FOUNDING_MAX];
    struct bench_note admission;
    int64_t at = bench_now_ms() - PAST_DAYS * WINDOW_DAY_MS;
    network->founded_ms = at;
    secret_key_public(m->node.clock_key, &network->clock);
    secret_key_public(m->node.log_key, &network->log);
    secret_key_public(m->node.refusal_key, &network->refusal);
    if (!take(m, at, note, bench_founding(network, note)))
        return false;
    for (size_t org = BENCH_FOUNDERS; org < network->n_orgs; org++) {
        bench_admission(network, org, ++at, &admission);
        if (!take(m, at, admission.b, admission.n))
            return false;
    }
    return true;
}

/* The next `n` hours, `step_ms` apart. */
static bool add_hours(struct maker *m, size_t n, int64_t at_ms, double step_ms)
{
    bool ok = true;
    for (size_t done = 0; done < n && ok;) {
        struct notes notes;
        struct notes_plan plan = {NOTES_HOURS, m->next,
                                  n - done < NOTES_AT_ONCE ? n - done : NOTES_AT_ONCE,
                                  at_ms + (int64_t)((double)done * step_ms), step_ms};
        ok = notes_make(&notes, m->history->network, &plan);
        for (size_t i = 0; i < notes.n && ok; i++)
            ok = take(m, plan.at_ms + (int64_t)((double)i * step_ms), notes.v[i].b, notes.v[i].n);
        done += plan.n;
        m->next += plan.n;
        notes_free(&notes);
    }
    return ok;
}

/* --- What tables cost ------------------------------------------------------------------------- */

/* Commits one batch and adds what it wrote to changed[]. */
static bool count_commit(struct maker *m, int64_t at, double changed[static TABLES_MAX])
{
    struct tables before, after = {0};
    bool ok = tables_read(&before, m->history->dir) &&
              add_hours(m, m->commit_entries, at, 0) && commit(m) &&
              tables_read(&after, m->history->dir);
    if (ok)
        tables_changed(&before, &after, changed);
    tables_free(&before);
    tables_free(&after);
    return ok;
}

/* From a moment on, a second between commits. `when` names what is counted, in the report. */
static bool count_commits(struct maker *m, int64_t at, const char *when, struct report *report)
{
    const char *name = m->history->name;
    bool ok = true;
    for (size_t i = 0; i < sizeof counted / sizeof counted[0] && ok; i++) {
        double changed[TABLES_MAX] = {0}, sum = 0;
        m->commit_entries = counted[i].entries;
        for (size_t j = 0; j < counted[i].times && ok; j++, at += 1000)
            ok = count_commit(m, at, changed);
        for (size_t t = 0; t < n_tables; t++) {
            double pages = changed[t] / (double)counted[i].times;
            report_add(report, pages, "%s.%spages.%zu.%s", name, when, counted[i].entries,
                       table_names[t]);
            sum += pages;
        }
        report_add(report, sum, "%s.%spages.%zu.sum", name, when, counted[i].entries);
    }
    return ok;
}

static bool count_bytes(struct maker *m, struct report *report)
{
    struct tables tables;
    bool ok = tables_read(&tables, m->history->dir);
    double page = (double)sysconf(_SC_PAGESIZE);
    double leaves = ok ? (double)tables_find(&tables, "leaf")->rows : 0;
    n_tables = ok ? tables.n : 0;
    for (size_t i = 0; i < n_tables; i++) {
        const struct table_use *use = &tables.v[i];
        memcpy(table_names[i], use->name, sizeof table_names[i]);
        report_add(report, (double)use->pages * page / leaves, "%s.bytes.%s", m->history->name,
                   use->name);
        report_add(report, (double)use->rows / leaves, "%s.rows.%s", m->history->name, use->name);
    }
    tables_free(&tables);
    return ok;
}

/* Rows that each of so many entries since `before` added. */
static bool count_rows(struct maker *m, const struct tables *before, size_t entries,
                       struct report *report)
{
    struct tables after;
    bool ok = tables_read(&after, m->history->dir);
    for (size_t i = 0; ok && i < n_tables; i++) {
        const struct table_use *was = tables_find(before, table_names[i]);
        const struct table_use *is = tables_find(&after, table_names[i]);
        double grown = (double)is->rows - (double)was->rows;
        report_add(report, grown / (double)entries, "%s.busy.rows.%s", m->history->name, is->name);
    }
    tables_free(&after);
    return ok;
}

size_t history_tables(void)
{
    return n_tables;
}

const char *history_table(size_t n)
{
    return table_names[n];
}

/* --- The whole -------------------------------------------------------------------------------- */

static bool fill(struct maker *m)
{
    double past_ms = (double)(PAST_DAYS * WINDOW_DAY_MS) - 2 * 3600000.0;
    int64_t start = bench_now_ms() - (int64_t)past_ms - 3600000;
    return found(m) &&
           add_hours(m, m->history->entries, start, past_ms / (double)m->history->entries) &&
           commit(m);
}

/* A server signs only what extends this. */
static bool keep_head(struct maker *m)
{
    struct log_head head;
    bool ok = begin(m) && log_head(m->kv, &head);
    if (m->kv != NULL)
        store_abort(m->kv);
    m->kv = NULL;
    return ok && last_signed_write(m->node.dir, &head);
}

static bool open_folder(struct maker *m)
{
    if (node_open(&m->node, m->history->dir, stderr) != NODE_OK)
        return false;
    m->replay = replay_new(BENCH_ORIGIN, false);
    m->commit_entries = COMMIT_ENTRIES;
    return true;
}

static bool close_folder(struct maker *m, bool ok)
{
    if (m->kv != NULL)
        store_abort(m->kv);
    m->kv = NULL;
    ok = ok && keep_head(m);
    replay_free(m->replay);
    node_close(&m->node);
    return ok;
}

bool history_make(const struct history *history, struct report *report)
{
    struct maker m = {.history = history};
    if (!node_init(history->dir, BENCH_ORIGIN, "bench", stderr) || !open_folder(&m))
        return false;
    bool ok = m.replay != NULL && fill(&m);
    if (ok && report != NULL)
        ok = count_bytes(&m, report) && count_commits(&m, bench_now_ms() - 30000, "", report);
    return close_folder(&m, ok);
}

bool history_busy_day(const struct history *history, size_t entries, struct report *report)
{
    /* Far from the numbers of the hours that are there. */
    struct maker m = {.history = history, .next = 2 * history->entries};
    struct tables before = {0};
    int64_t hour = 3600000, day = (window_day(bench_now_ms()) + 1) * WINDOW_DAY_MS;
    if (!open_folder(&m))
        return false;
    bool ok = m.replay != NULL && tables_read(&before, history->dir) &&
              add_hours(&m, entries, day, (double)(20 * hour) / (double)entries) && commit(&m) &&
              count_rows(&m, &before, entries, report) &&
              count_commits(&m, day + 21 * hour, "busy.", report) &&
              count_commits(&m, day + WINDOW_DAY_MS, "after.", report);
    tables_free(&before);
    return close_folder(&m, ok);
}
