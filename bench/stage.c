/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/stage.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/history.h"
#include "bench/limits.h"
#include "bench/load.h"
#include "bench/notes.h"
#include "bench/readers.h"
#include "bench/tables.h"
#include "ledger/log.h"
#include "ledger/store.h"

#define SYNCS 1000
#define ITEM_NOTES 2000 /* whose signatures the limits verify */
#define VERIFY_SECONDS 0.6
#define NOTE_STEP_MS 0.1
#define CHECKS_SECONDS 0.4 /* before and after the phases that are compared with V */
#define BARE_SHARE 0.5     /* of the seconds of the phase beside it */
#define PACED_SECONDS 3.0
#define PACED_SHARE 0.4
#define PACED_AGAINST "k2.c256" /* what a server can do */
#define PACED_CONNECTIONS 64
#define READ_CONNECTIONS 64
#define READ_SECONDS 1.2
#define BARE_BODY "870" /* octets: with its head as long as the answer of a position, 979 */
#define BESIDE_CONNECTIONS 4 /* that read while others write */

/* One server and its data. */
struct side_of_stage {
    const char *name; /* in the report */
    char dir[128];
    struct child child;
    size_t entries;
    double rate, cpu_us; /* of the last phase, and of an entry in it */
};

/* Verifications a second: of one core alone, of a core while all verify, of all. */
struct checks {
    double v1, vc, v;
};

struct stage {
    const struct stage_plan *plan;
    struct report *report;
    struct bench_network network;
    struct side_of_stage sides[2];
    struct child bare;
    struct notes item_notes;
    struct verify_item *items;
    size_t n_items;
    struct readers *readers;
    size_t next_note; /* its number: no note is used twice */
    struct checks checks; /* of this round, as the next three */
    double f99_us, h, h_cpu_us;
    struct checks last_checks; /* right before a phase of 256 connections, else of this round */
};

/* --- Limits ----------------------------------------------------------------------------------- */

static bool measure_syncs(struct stage *s)
{
    double us[SYNCS];
    size_t n = s->plan->pace < 1 ? SYNCS / 10 : SYNCS;
    if (!limit_sync(s->plan->dir, us, n))
        return false;
    double p50 = bench_percentile(us, n, 0.5);
    s->f99_us = bench_percentile(us, n, 0.99);
    report_add(s->report, p50, "limit.f50");
    report_add(s->report, s->f99_us, "limit.f99");
    return true;
}

/* What the cores yield now. */
static void measure_checks(const struct stage *s, double seconds, struct checks *out)
{
    struct verify_limit one, all;
    limit_verify(s->items, s->n_items, 1, seconds * s->plan->pace, &one);
    limit_verify(s->items, s->n_items, bench_cores(), seconds * s->plan->pace, &all);
    *out = (struct checks){one.per_cpu_second, all.per_cpu_second, all.per_second};
}

static struct checks mean_of(const struct checks *a, const struct checks *b)
{
    return (struct checks){(a->v1 + b->v1) / 2, (a->vc + b->vc) / 2, (a->v + b->v) / 2};
}

static bool measure_limits(struct stage *s)
{
    measure_checks(s, VERIFY_SECONDS, &s->checks);
    report_add(s->report, s->checks.v1, "limit.v1");
    report_add(s->report, s->checks.vc, "limit.vc");
    report_add(s->report, s->checks.v, "limit.v");
    return measure_syncs(s);
}

/* --- Writing ---------------------------------------------------------------------------------- */

/* The notes of one phase, signed, each as a request. Both servers get the same ones. */
struct posts {
    struct notes notes;
    struct load_request *requests;
    char *bytes;
};

static void posts_free(struct posts *posts)
{
    notes_free(&posts->notes);
    free(posts->requests);
    free(posts->bytes);
}

static bool posts_make(struct posts *out, struct stage *s, enum note_kind kind, size_t n)
{
    enum { ROOM = BENCH_NOTE_MAX + 160 };
    /* Each has its own time, as clients make them: ids of one moment would be in no order. */
    struct notes_plan plan = {kind, s->next_note, n,
                              bench_now_ms() - (int64_t)((double)n * NOTE_STEP_MS), NOTE_STEP_MS};
    *out = (struct posts){0};
    s->next_note += n + n % 2;
    if (!notes_make(&out->notes, &s->network, &plan))
        return false;
    out->requests = calloc(n, sizeof *out->requests);
    out->bytes = malloc(n * ROOM);
    char *at = out->bytes;
    for (size_t i = 0; i < n && out->requests != NULL && at != NULL; i++) {
        const struct bench_note *note = &out->notes.v[i];
        int head = snprintf(at, 160, "POST /v1/entries HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                            "text/plain; charset=utf-8\r\nContent-Length: %zu\r\n\r\n", note->n);
        memcpy(at + head, note->b, note->n);
        out->requests[i] = (struct load_request){at, (size_t)head + note->n};
        at += (size_t)head + note->n;
    }
    return out->requests != NULL && out->bytes != NULL;
}

/* What is read of a server before and after a load. */
struct counters {
    double cpu_s, io_bytes, disk_bytes, commits, commit_s;
};

/* All that was answered has its costs in them, those of the store's commit too. */
static struct counters counters_of(const struct child *child, const char *dir)
{
    child_settle(child);
    return (struct counters){.cpu_s = child_cpu_s(child),
                             .io_bytes = child_write_bytes(child),
                             .disk_bytes = disk_written_bytes(dir),
                             .commits = child_metric(child, "sem_commits_total"),
                             .commit_s = child_metric(child, "sem_commit_seconds_total")};
}

struct phase {
    const char *name; /* in the report */
    enum note_kind kind;
    size_t connections;
    double seconds;
};

static const struct phase phases[] = {
    {"k2.c1", NOTES_HOURS, 1, 1.2},       {"k2.c64", NOTES_HOURS, 64, 1.5},
    {"k2.c256", NOTES_HOURS, 256, 2.5},   {"k1.c1", NOTES_CONFIRM, 1, 0.7},
    {"k1.c64", NOTES_CONFIRM, 64, 1.0},   {"k1.c256", NOTES_CONFIRM, 256, 1.5},
};

static bool wanted(const struct stage *s, const char *phase)
{
    const char *only = s->plan->only;
    return only == NULL || strcmp(only, phase) == 0 ||
           (strcmp(only, "paced") == 0 && strcmp(phase, PACED_AGAINST) == 0);
}

static size_t signatures_of(enum note_kind kind)
{
    return kind == NOTES_HOURS ? 2 : 1;
}

/* No more than this can be accepted; one connection waits for a disk each time. */
static size_t notes_needed(const struct stage *s, const struct phase *p)
{
    double per_second = p->connections == 1 ? 5000 : s->checks.v / (double)signatures_of(p->kind);
    return (size_t)(per_second * p->seconds * s->plan->pace) + 2 * p->connections;
}

/* Gives the server's CPU time of an entry, in microseconds. */
static double add_costs(struct stage *s, const struct side_of_stage *side, const char *phase,
                        const struct load_result *r, const struct counters *before)
{
    struct counters after = counters_of(&side->child, side->dir);
    const char *name = side->name;
    double n = (double)r->answered, commits = after.commits - before->commits;
    double cpu_us = (after.cpu_s - before->cpu_s) / n * 1e6;
    report_add(s->report, cpu_us, "%s.%s.cpu", name, phase);
    report_add(s->report, (after.io_bytes - before->io_bytes) / n, "%s.%s.io", name, phase);
    if (before->disk_bytes >= 0)
        report_add(s->report, (after.disk_bytes - before->disk_bytes) / n, "%s.%s.disk", name,
                   phase);
    report_add(s->report, n / commits, "%s.%s.batch", name, phase);
    report_add(s->report, (after.commit_s - before->commit_s) / commits * 1e6, "%s.%s.commit",
               name, phase);
    report_add(s->report, (after.commit_s - before->commit_s) / r->seconds, "%s.%s.busy", name,
               phase);
    report_add(s->report, child_rss_anon_bytes(&side->child) / 1048576, "%s.%s.anon", name, phase);
    return cpu_us;
}

/* With so many connections a phase is compared with V, and with the bare server. */
static bool is_full(const struct phase *p)
{
    return p->connections == 256;
}

/* Before the first of the servers that get the same notes. */
static void begin_checks(struct stage *s, const struct phase *p)
{
    s->last_checks = s->checks;
    if (is_full(p)) /* a machine's speed moves from second to second */
        measure_checks(s, CHECKS_SECONDS, &s->last_checks);
}

/*
 * Right after a phase: the mean of what the cores yielded before and after it. What is measured
 * after it is also what was there before the next.
 */
static struct checks checks_around(struct stage *s, const struct phase *p)
{
    struct checks before = s->last_checks;
    if (is_full(p))
        measure_checks(s, CHECKS_SECONDS, &s->last_checks);
    return mean_of(&before, &s->last_checks);
}

static struct load_plan load_of(const struct stage *s, const struct phase *p,
                                const struct posts *posts, const struct child *child)
{
    return (struct load_plan){.port = child->port, .connections = p->connections,
                              .requests = posts->requests, .n_requests = posts->notes.n,
                              .seconds = p->seconds * s->plan->pace, .status = 201};
}

/* Against what the cores yielded around the phase. */
static void add_shares(struct stage *s, const char *name, const struct phase *p, double per_second,
                       double cpu_us)
{
    struct checks checks = checks_around(s, p);
    double k = (double)signatures_of(p->kind);
    report_add(s->report, per_second, "%s.%s.rate", name, p->name);
    report_add(s->report, per_second * k / checks.v, "%s.%s.share", name, p->name);
    report_add(s->report, cpu_us * checks.v1 / 1e6 / k, "%s.%s.units", name, p->name);
    report_add(s->report, cpu_us * checks.vc / 1e6 / k, "%s.%s.busy_units", name, p->name);
}

static bool post_phase(struct stage *s, struct side_of_stage *side, const struct phase *p,
                       const struct posts *posts)
{
    const char *name = side->name, *phase = p->name;
    struct load_result r;
    struct load_plan plan = load_of(s, p, posts, &side->child);
    struct counters before = counters_of(&side->child, side->dir);
    if (!load_run(&plan, &r))
        return false;
    side->rate = r.per_second;
    side->cpu_us = add_costs(s, side, phase, &r, &before);
    add_shares(s, name, p, r.per_second, side->cpu_us);
    report_add(s->report, r.p50_us, "%s.%s.p50", name, phase);
    report_add(s->report, r.p99_us, "%s.%s.p99", name, phase);
    report_add(s->report, r.own_cpu_us, "%s.%s.load_cpu", name, phase);
    return true;
}

/* The same notes to a server that checks them and answers, and nothing else. */
static bool post_bare(struct stage *s, const struct phase *p, const struct posts *posts,
                      struct side_of_stage *bare)
{
    struct load_result r;
    struct load_plan plan = load_of(s, p, posts, &s->bare);
    plan.seconds *= BARE_SHARE;
    double cpu_s = child_cpu_s(&s->bare);
    if (!load_run(&plan, &r))
        return false;
    bare->rate = r.per_second;
    bare->cpu_us = (child_cpu_s(&s->bare) - cpu_s) / (double)r.answered * 1e6;
    report_add(s->report, bare->cpu_us, "bare.%s.cpu", p->name);
    add_shares(s, "bare", p, bare->rate, bare->cpu_us);
    return true;
}

static void compare(struct stage *s, const struct phase *p, const struct side_of_stage *bare)
{
    const struct side_of_stage *sides = s->sides;
    for (size_t i = 0; i < 2; i++) {
        report_add(s->report, sides[i].rate / bare->rate, "%s.%s.over_bare", sides[i].name,
                   p->name);
        report_add(s->report, sides[i].cpu_us / bare->cpu_us, "%s.%s.cpu_over_bare", sides[i].name,
                   p->name);
    }
    if (p->kind == NOTES_HOURS)
        report_add(s->report, sides[1].rate / sides[0].rate, "longer");
}

/* The bare server is between the two, so that it is right beside each. */
static bool post_all(struct stage *s, const struct phase *p)
{
    struct posts posts;
    struct side_of_stage bare = {0};
    bool ok = posts_make(&posts, s, p->kind, notes_needed(s, p));
    if (ok)
        begin_checks(s, p);
    ok = ok && post_phase(s, &s->sides[0], p, &posts) &&
         (!is_full(p) || post_bare(s, p, &posts, &bare)) &&
         post_phase(s, &s->sides[1], p, &posts);
    if (ok && is_full(p))
        compare(s, p, &bare);
    posts_free(&posts);
    return ok;
}

/* Reads positions while another thread writes. */
struct beside {
    pthread_t thread;
    const struct stage *stage;
    struct readers_result result;
    bool ok;
};

static void *read_beside(void *arg)
{
    struct beside *b = arg;
    b->ok = readers_run(b->stage->readers, READ_POSITION, BESIDE_CONNECTIONS,
                        PACED_SECONDS * b->stage->plan->pace, &b->result);
    return NULL;
}

/* What checks and a disk have at a pace, half as long as the row beside it. */
static bool paced_limit(struct stage *s, const struct side_of_stage *side, const char *phase,
                        const char *limit, double per_second, const char *dir)
{
    struct paced_limit l;
    if (!limit_paced(s->items, s->n_items, 2, per_second, PACED_SECONDS * s->plan->pace / 2, dir,
                     &l))
        return false;
    report_add(s->report, l.p50_us, "%s.%s.%s_p50", side->name, phase, limit);
    report_add(s->report, l.p99_us, "%s.%s.%s_p99", side->name, phase, limit);
    return true;
}

/*
 * At a share of what the server can do: what a client waits on an ordinary day. With `beside`,
 * some read their positions meanwhile.
 */
static bool post_paced(struct stage *s, const struct side_of_stage *side, const char *phase,
                       struct beside *beside)
{
    double most = report_value(s->report, "%s." PACED_AGAINST ".rate", side->name);
    double per_second = most * PACED_SHARE, seconds = PACED_SECONDS * s->plan->pace;
    struct posts posts;
    struct load_result r;
    bool ok = measure_syncs(s) &&
              posts_make(&posts, s, NOTES_HOURS, (size_t)(per_second * seconds) + 1);
    if (!ok)
        return false;
    struct load_plan plan = {.port = side->child.port, .connections = PACED_CONNECTIONS,
                             .requests = posts.requests, .n_requests = posts.notes.n,
                             .seconds = seconds, .per_second = per_second, .status = 201};
    if (!paced_limit(s, side, phase, "bare", per_second, NULL))
        return false;
    struct counters before = counters_of(&side->child, side->dir);
    if (beside != NULL && pthread_create(&beside->thread, NULL, read_beside, beside) != 0)
        abort();
    ok = load_run(&plan, &r);
    if (beside != NULL)
        ok = pthread_join(beside->thread, NULL) == 0 && beside->ok && ok;
    if (ok)
        add_costs(s, side, phase, &r, &before);
    double limit = s->checks.v / 2 * PACED_SHARE;
    ok = ok && paced_limit(s, side, phase, "load", limit, NULL) &&
         paced_limit(s, side, phase, "kept", limit, s->plan->dir);
    if (ok) {
        report_add(s->report, r.per_second, "%s.%s.rate", side->name, phase);
        report_add(s->report, r.p50_us, "%s.%s.p50", side->name, phase);
        report_add(s->report, r.p99_us, "%s.%s.p99", side->name, phase);
        report_add(s->report, r.p99_us / s->f99_us, "%s.%s.f99", side->name, phase);
    }
    posts_free(&posts);
    return ok;
}

static bool post_while_reading(struct stage *s)
{
    struct beside beside = {.stage = s};
    if (!post_paced(s, &s->sides[1], "beside", &beside))
        return false;
    report_add(s->report, beside.result.per_second, "read.beside.rate");
    report_add(s->report, beside.result.p50_us, "read.beside.p50");
    report_add(s->report, beside.result.p99_us, "read.beside.p99");
    return true;
}

/* --- Reading ---------------------------------------------------------------------------------- */

static bool read_all(struct stage *s)
{
    double seconds = READ_SECONDS * s->plan->pace;
    struct readers_result r;
    if (!readers_run(s->readers, READ_BARE, READ_CONNECTIONS, seconds, &r))
        return false;
    s->h = r.per_second;
    s->h_cpu_us = r.cpu_us;
    report_add(s->report, r.per_second, "limit.h");
    report_add(s->report, r.cpu_us, "limit.h_cpu");
    report_add(s->report, r.answer_bytes, "limit.h_bytes");
    /* The first read of a size computes what the others share; "beside" shows what that costs. */
    if (!readers_run(s->readers, READ_POSITION, 1, 0.01, &r))
        return false;
    for (enum read_what what = READ_POSITION; what <= READ_PAGE; what++) {
        const char *name = what == READ_POSITION ? "position" : "page";
        if (!readers_run(s->readers, what, READ_CONNECTIONS, seconds, &r))
            return false;
        report_add(s->report, r.per_second, "read.%s.rate", name);
        report_add(s->report, r.cpu_us, "read.%s.cpu", name);
        report_add(s->report, r.p99_us, "read.%s.p99", name);
        report_add(s->report, r.answer_bytes, "read.%s.bytes", name);
        report_add(s->report, r.per_second / s->h, "read.%s.share", name);
        report_add(s->report, r.cpu_us / s->h_cpu_us, "read.%s.units", name);
    }
    return true;
}

/* --- The whole -------------------------------------------------------------------------------- */

static bool run_round(struct stage *s)
{
    if (!measure_limits(s))
        return false;
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (wanted(s, phases[i].name) && !post_all(s, &phases[i]))
            return false;
    for (size_t i = 0; wanted(s, "paced") && i < 2; i++)
        if (!post_paced(s, &s->sides[i], "paced", NULL))
            return false;
    return !wanted(s, "read") || read_all(s);
}

static bool start_side(struct stage *s, struct side_of_stage *side, bool with_tables)
{
    struct history history = {side->dir, side->name, &s->network, side->entries};
    double start = bench_now_s();
    if (!history_make(&history, with_tables ? s->report : NULL))
        return false;
    report_add(s->report, bench_now_s() - start, "%s.made", side->name);
    const char *argv[] = {s->plan->semd, "serve", "--dir", side->dir, "--listen", "127.0.0.1:0",
                          "--metrics", "127.0.0.1:0", NULL};
    return child_start(&side->child, s->plan->dir, argv);
}

static bool start(struct stage *s)
{
    struct notes_plan plan = {NOTES_HOURS, 0, ITEM_NOTES, bench_now_ms(), 0};
    char n_orgs[24];
    const char *bare[] = {"/proc/self/exe", "bare", BARE_BODY, n_orgs, NULL};
    snprintf(n_orgs, sizeof n_orgs, "%zu", s->plan->n_orgs);
    bench_network_start(&s->network);
    bench_network_grow(&s->network, s->plan->n_orgs);
    if (!notes_make(&s->item_notes, &s->network, &plan))
        return false;
    s->items = notes_items(&s->item_notes, &s->network, &s->n_items);
    for (size_t i = 0; i < 2; i++) {
        struct side_of_stage *side = &s->sides[i];
        side->name = i == 0 ? "short" : "long";
        side->entries = i == 0 ? s->plan->entries_short : s->plan->entries_long;
        snprintf(side->dir, sizeof side->dir, "%s/%s", s->plan->dir, side->name);
        if (!start_side(s, side, i == 1))
            return false;
    }
    s->next_note = s->plan->entries_long + 100000; /* behind those of the histories */
    if (s->items == NULL || !child_start(&s->bare, s->plan->dir, bare))
        return false;
    s->readers = readers_new(&s->network, &s->sides[1].child, &s->bare);
    return s->readers != NULL;
}

/* The bytes of all leaves, as they were signed and not as the store packs them; 0: unreadable. */
static double record_bytes(const char *dir)
{
    char path[sizeof ((struct side_of_stage *)0)->dir + 8];
    struct store *store;
    struct store_reader *reader;
    double sum = 0;
    snprintf(path, sizeof path, "%s/log", dir);
    if (store_open(&store, path, STORE_READ_ONLY, 0) != STORE_OK)
        return 0;
    if (store_reader_new(store, &reader) == STORE_OK) {
        struct kv *kv = store_read(reader);
        struct slice leaf;
        for (uint64_t i = 0; kv != NULL && log_read(kv, i, &leaf); i++)
            sum += (double)leaf.size;
        if (kv != NULL)
            store_read_end(reader);
        store_reader_free(reader);
    }
    store_close(store);
    return sum;
}

/* What the file holds once the servers have ended, against the records in it. */
static bool measure_file(struct stage *s, const struct side_of_stage *side)
{
    struct tables tables;
    uint64_t pages = 0;
    bool ok = tables_read(&tables, side->dir);
    if (ok) {
        const struct table_use *leaf = tables_find(&tables, "leaf");
        double records = record_bytes(side->dir), page = (double)sysconf(_SC_PAGESIZE);
        for (size_t i = 0; i < tables.n; i++)
            pages += tables.v[i].pages;
        report_add(s->report, (double)tables.file_pages * page / records, "%s.file", side->name);
        report_add(s->report, (double)pages * page / records, "%s.used", side->name);
        report_add(s->report, records / (double)leaf->rows, "%s.record", side->name);
        report_add(s->report, (double)leaf->rows, "%s.size", side->name);
    }
    tables_free(&tables);
    return ok;
}

static bool finish(struct stage *s, bool ok)
{
    for (size_t i = 0; i < 2; i++) {
        bool ended = child_stop(&s->sides[i].child);
        ok = ok && ended && measure_file(s, &s->sides[i]);
    }
    ok = child_stop(&s->bare) && ok;
    readers_free(s->readers);
    free(s->items);
    notes_free(&s->item_notes);
    bench_network_end(&s->network);
    return ok;
}

bool stage_run(const struct stage_plan *plan, struct report *report)
{
    struct stage *s = calloc(1, sizeof *s);
    if (s == NULL)
        return false;
    s->plan = plan;
    s->report = report;
    bool ok = start(s);
    for (size_t i = 0; i < plan->rounds && ok; i++) {
        fprintf(stderr, "round %zu of %zu\n", i + 1, plan->rounds);
        ok = run_round(s);
    }
    if (ok && plan->only == NULL)
        ok = post_while_reading(s);
    ok = finish(s, ok);
    free(s);
    return ok;
}

bool stage_tables(const struct stage_plan *plan, struct report *report)
{
    struct stage *s = calloc(1, sizeof *s);
    if (s == NULL)
        return false;
    struct side_of_stage side = {.name = "long"};
    s->report = report;
    bench_network_start(&s->network);
    bench_network_grow(&s->network, plan->n_orgs);
    snprintf(side.dir, sizeof side.dir, "%s/tables", plan->dir);
    struct history history = {side.dir, side.name, &s->network, plan->entries_long};
    bool ok = history_make(&history, report) && measure_file(s, &side) &&
              history_busy_day(&history, plan->entries_busy, report);
    bench_network_end(&s->network);
    free(s);
    return ok;
}
