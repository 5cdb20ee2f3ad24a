/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is done in a simulation, and what the model says of it beforehand. */
#include "tests/soak/sim.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/text.h"

#define KEYS_FOR_GENERATOR 320
#define TICK_MOMENTS_MAX 1000
#define FAR (2000 * M_DAY_MS)
#define IDLE_S 120

/* --- What the simulator lends to the model --------------------------------------------------- */

static const struct sim *lender;

/* What is not in the log yet has no root that anybody could have seen. */
/* False for a size that was not read yet. */
static bool root_text(uint64_t size, char out[static M_HEX64])
{
    struct hash none = {{0}};
    bool known = size <= lender->size;

    hex_encode(out, known ? lender->roots[size].b : none.b, HASH_BYTES);
    return known;
}

/* --- Predictions ----------------------------------------------------------------------------- */

static void predict_seal(struct sim *s, int64_t at)
{
    char text[160];

    if (!model_seal_due(&s->h.model))
        return;
    snprintf(text, sizeof text, HISTORY_ORIGIN "/entry/v1\n{\"accounts\":%d,\"by\":\"clock\",",
             s->h.model.n_orgs + 1);
    model_seal(&s->h.model, at, text);
    s->coverage->seals++;
}

/* The model lives through the moments. */
static void tick_text(struct sim *s, const struct m_due *due, int n, int64_t at,
                      char out[static 1024])
{
    static char lines[M_LINES_SIZE];
    struct model *m = &s->h.model;
    struct m_figures figures[M_ORGS];
    char effects[HEX_SIZE(HASH_BYTES)], id_text[ID_TEXT_SIZE];
    struct hash_stream stream;
    struct hash hash;
    struct id id;
    int64_t given = 0, received = 0;

    hash_stream_start(&stream);
    for (int i = 0; i < n; i++) {
        hash_stream_add(&stream, lines, model_moment(m, &due[i], at, lines));
        s->coverage->calendar += due[i].author == 0;
    }
    hash_stream_end(&stream, &hash);
    id_make(&id, at, hash.b);
    hex_encode(effects, hash.b, HASH_BYTES);
    id_format(id_text, &id);
    model_figures(m, m_day(at), figures);
    for (int i = 1; i <= m->n_orgs; i++) {
        given += figures[i].given;
        received += figures[i].received;
    }
    snprintf(out, 1024,
             HISTORY_ORIGIN "/entry/v1\n{\"by\":\"clock\",\"effects_hash\":\"%s\",\"id\":\"%s\","
             "\"kind\":\"clock.tick\",\"n\":%d,\"through\":%" PRId64
             ",\"totals\":{\"given\":%" PRId64 ",\"orgs\":%d,\"pool\":%" PRId64
             ",\"received\":%" PRId64 "},\"valid_until\":%" PRId64 "}\n",
             effects, id_text, n, at, given, m->n_orgs, m_position(&figures[0]), received, at);
}

/* Everything due until `at` goes into ticks; how many. */
static int predict_ticks(struct sim *s, int64_t at)
{
    struct m_due *due;
    char text[1024];
    int n = s->h.model.founded ? model_due(&s->h.model, at, &due) : 0, ticks = 0;

    for (int i = 0; i < n; i += TICK_MOMENTS_MAX, ticks++) {
        bool last = n - i <= TICK_MOMENTS_MAX;

        tick_text(s, due + i, last ? n - i : TICK_MOMENTS_MAX, at, text);
        model_tick(&s->h.model, at, text);
        if (last)
            model_ticked(&s->h.model, at);
        predict_seal(s, at);
    }
    if (s->h.model.founded)
        free(due);
    s->coverage->ticks += (uint64_t)ticks;
    return ticks;
}

/* The last text that was refused, or is about to be, under the same author and id. */
static const struct sent *find_refused(const struct sim *s, const struct sent *sent)
{
    for (int i = s->n_sent - 1; i >= 0; i--) {
        const struct sent *other = s->sent[i];
        bool refused = other->answered ? other->kept : other->expect == EXPECT_CODES;

        if (other != sent && refused && strcmp(other->op.by, sent->op.by) == 0 &&
            strcmp(other->op.id, sent->op.id) == 0)
            return other;
    }
    return NULL;
}

/* True when the refusal that a job of the group under way will get must be signed and kept. */
static bool will_be_kept(const struct sent *sent)
{
    enum code code;

    if (!sent->complete || sent->op.valid_until < sent->at || sent->op.kind == M_OFFER_RENEW ||
        sent->op.kind == M_AGREEMENT_CLOSE)
        return false;
    for (int i = 0; i < M_CODE_COUNT; i++)
        if ((sent->codes >> i & 1) &&
            (!code_find(m_code_word((enum m_code)i), &code) || !refusal_final(code)))
            return false;
    return true;
}

/* In the group under way. */
static bool accepted_since(const struct sim *s, const struct sent *sent)
{
    int i = s->n_group;

    while (i > 0 && s->group[i - 1] != sent && s->group[i - 1]->expect != EXPECT_ACCEPTED)
        i--;
    return i > 0 && s->group[i - 1] != sent;
}

static bool id_taken(const struct sim *s, const struct op *op)
{
    const struct model *m = &s->h.model;
    int by = model_org(m, op->by);

    for (int i = 0; i < m->entries.n && by > 0; i++)
        if (m->entries.v[i].author == by && strcmp(m->entries.v[i].id, op->id) == 0)
            return true;
    return false;
}

#define MODEL_LISTS(X) \
    X(keys) X(entries) X(offers) X(needs) X(agreements) X(hours) X(exchanges) X(transfers) \
    X(details) X(closings)

/* The texts of entries stay with both. */
static void model_copy(struct model *to, const struct model *from)
{
    *to = *from;
#define COPY(list) \
    to->list.v = malloc(((size_t)from->list.room + 1) * sizeof *from->list.v); \
    assert(to->list.v); \
    if (from->list.n > 0) \
        memcpy(to->list.v, from->list.v, (size_t)from->list.n * sizeof *from->list.v);
    MODEL_LISTS(COPY)
#undef COPY
}

static void model_drop_lists(struct model *m)
{
#define DROP(list) free(m->list.v);
    MODEL_LISTS(DROP)
#undef DROP
}

/* Back to the copy, which is used up. */
static void model_back(struct model *m, const struct model *copy)
{
    for (int i = copy->entries.n; i < m->entries.n; i++)
        free(m->entries.v[i].text);
    model_drop_lists(m);
    *m = *copy;
}

/* What the rules say after due ticks; a refusal takes the ticks back. */
static m_codes check_after_ticks(struct sim *s, struct sent *sent)
{
    struct sim_coverage before = *s->coverage;
    struct model copy;

    model_copy(&copy, &s->h.model);
    predict_ticks(s, sent->at);
    m_codes codes = model_check(&s->h.model, &sent->op, sent->at);
    if (codes) {
        model_back(&s->h.model, &copy);
        *s->coverage = before;
    } else {
        model_drop_lists(&copy);
    }
    return codes;
}

/* The rules decide. */
static bool predict_decision(struct sim *s, struct sent *sent)
{
    struct model *m = &s->h.model;
    struct m_due *due;

    sent->expect = EXPECT_CODES;
    sent->codes = model_entry_time(m, &sent->op, s->now, &sent->at);
    if (sent->codes)
        return (sent->codes |= model_check(m, &sent->op, sent->at)) != 0;
    bool ticks = m->founded && model_due(m, sent->at, &due) > 0;
    if (m->founded)
        free(due);
    if (ticks && !sent->complete && !model_check(m, &sent->op, sent->at))
        return false; /* nobody could send it like this */
    sent->codes = ticks ? check_after_ticks(s, sent) : model_check(m, &sent->op, sent->at);
    if (sent->codes)
        return true;
    if (!sent->complete)
        return ticks ? history_differs(&s->h, "nobody can sign after a tick") : false;
    sent->expect = EXPECT_ACCEPTED;
    sent->index = m->size;
    int64_t left = model_budget_left(m, sent->at);
    model_apply(m, &sent->op, sent->at, sent->text);
    s->coverage->decisions += sent->op.kind >= M_POOL_GIVE;
    s->coverage->paid += sent->op.kind == M_HOURS_RECORD && model_budget_left(m, sent->at) < left;
    predict_seal(s, sent->at);
    return true;
}

/* False when it is not to be sent. */
static bool predict(struct sim *s, struct sent *sent)
{
    const struct sent *refused = find_refused(s, sent);

    if (model_known(&s->h.model, &sent->op, sent->text, &sent->index)) {
        sent->expect = EXPECT_KNOWN;
        sent->at = s->h.model.entries.v[sent->index].at;
        return true;
    }
    if (id_taken(s, &sent->op)) {
        sent->expect = EXPECT_REUSED;
        return true;
    }
    if (!refused)
        return predict_decision(s, sent);
    bool same = strcmp(refused->text, sent->text) == 0;
    if (!refused->answered && !will_be_kept(refused) && (!same || accepted_since(s, refused)))
        return false; /* it is not known yet whether the id is taken */
    sent->expect = same ? EXPECT_SAME : EXPECT_REUSED;
    sent->twin = refused;
    sent->codes = model_check(&s->h.model, &sent->op, s->h.model.last_at) | refused->codes;
    return true;
}

/* --- Operations ------------------------------------------------------------------------------ */

static struct sent *sent_new(struct sim *s, const struct op *op, const char *text)
{
    struct sent *sent = calloc(1, sizeof *sent);

    assert(sent);
    sent->sim = s;
    sent->op = *op;
    if (op->founding) { /* the generator makes changes to its own until it is accepted */
        sent->founding = *op->founding;
        sent->op.founding = &sent->founding;
    }
    sent->text = strdup(text);
    assert(sent->text);
    sent->text_len = strlen(text);
    return sent;
}

static void sent_free(struct sent *sent)
{
    free(sent->text);
    free(sent);
}

/* Puts one more into the group; what cannot be sent is forgotten. Takes it over. */
static void add(struct sim *s, struct sent *sent)
{
    struct refusal why;
    int code;

    s->h.text = sent->text;
    s->h.generator.at = s->now;
    if (!sim_make_note(s, sent, &why)) {
        code = m_code_find(code_word(why.code));
        if (code < 0 || !(model_check(&s->h.model, &sent->op, s->now) >> code & 1))
            history_differs(&s->h, "the text is refused: %s %s", code_word(why.code), why.field);
    } else if (predict(s, sent)) {
        if (s->n_sent == s->room_sent) {
            s->room_sent = 2 * s->room_sent + 64;
            s->sent = realloc(s->sent, (size_t)s->room_sent * sizeof *s->sent);
            assert(s->sent);
        }
        s->sent[s->n_sent++] = s->group[s->n_group++] = sent;
        s->h.text = NULL;
        return;
    }
    s->h.text = NULL;
    sent_free(sent);
}

static void draw(struct sim *s)
{
    struct generator *g = &s->h.generator;
    struct op *op = &s->next_op;
    int steps[7];
    size_t len;

    if (s->burst_left == 0 && rng_chance(&s->rng, s->swarm.burst))
        s->burst_left = (int)rng_range(&s->rng, 2, 2 * s->swarm.group_max);
    memcpy(steps, g->plan.steps, sizeof steps);
    if (s->burst_left > 0 && s->h.model.founded) {
        memset(g->plan.steps, 0, sizeof g->plan.steps);
        g->plan.steps[0] = 1;
        s->burst_left--;
    }
    generator_next(g, op);
    memcpy(g->plan.steps, steps, sizeof steps);
    if (op->has_seen && op->seen_size > s->size && op->seen_size <= s->h.model.size)
        op->has_seen = false; /* of this group, so that nobody can have seen it */
    s->next_text = op->repeat >= 0 ? strdup(s->h.model.entries.v[op->repeat].text)
                                   : op_text(op, HISTORY_ORIGIN, &len);
    assert(s->next_text);
    s->next_now = g->now;
}

/* What was sent before, in any order: accepted, refused for good, or refused and free. */
static bool add_again(struct sim *s)
{
    if (s->n_sent == 0 || !rng_chance(&s->rng, s->swarm.again))
        return false;
    int back = (int)rng_magnitude(&s->rng, s->n_sent);
    const struct sent *old = s->sent[s->n_sent - back];
    add(s, sent_new(s, &old->op, old->text));
    return true;
}

static bool add_reused(struct sim *s)
{
    if (s->n_sent == 0 || !rng_chance(&s->rng, s->swarm.reuse))
        return false;
    const struct sent *old = s->sent[s->n_sent - rng_magnitude(&s->rng, s->n_sent)];
    bool refused = old->answered ? old->kept : old->expect == EXPECT_CODES && will_be_kept(old);
    if (!refused || old->op.repeat >= 0)
        return false;
    struct op op = old->op;
    size_t len;
    op.valid_until++;
    char *text = op_text(&op, HISTORY_ORIGIN, &len);
    add(s, sent_new(s, &op, text));
    free(text);
    return true;
}

static bool add_late(struct sim *s)
{
    int i = (int)rng_below(&s->rng, SIM_HELD_BACK_MAX);
    struct sent *sent = s->held_back[i];

    if (!sent || !rng_chance(&s->rng, 200))
        return false;
    s->held_back[i] = NULL;
    s->coverage->late++;
    add(s, sent);
    return true;
}

static bool hold_back(struct sim *s)
{
    int i = (int)rng_below(&s->rng, SIM_HELD_BACK_MAX);

    if (s->held_back[i] || s->next_op.repeat >= 0 || !s->h.model.founded ||
        !rng_chance(&s->rng, s->swarm.late))
        return false;
    s->held_back[i] = sent_new(s, &s->next_op, s->next_text);
    return true;
}

/* --- Groups ---------------------------------------------------------------------------------- */

static void gather(struct sim *s)
{
    int64_t most = s->swarm.group_max;
    int tries = 0;

    s->n_group = 0;
    if (most > (int64_t)s->swarm.queue_max)
        most = (int64_t)s->swarm.queue_max;
    int wanted = s->held ? (int)rng_range(&s->rng, 1, most) : 1;
    while (s->n_group < wanted && !s->h.failed && tries++ < 200) {
        if (s->held && (add_again(s) || add_reused(s) || add_late(s)))
            continue;
        if (!s->next_text)
            draw(s);
        if (s->n_group > 0 && s->next_now != s->now)
            break;
        s->now = s->now_next = s->next_now;
        if (!hold_back(s))
            add(s, sent_new(s, &s->next_op, s->next_text));
        free(s->next_text);
        s->next_text = NULL;
    }
}

static bool run_group(struct sim *s)
{
    if (s->n_group == 0 || s->h.failed)
        return !s->h.failed;
    s->coverage->several += s->n_group > 1;
    return sim_hand_over(s) && sim_check_answers(s) && sim_check_log(s);
}

/* A text of the log once more, so that the writer is held again. */
static bool wake(struct sim *s)
{
    int i = 0;

    while (s->sent[i]->expect != EXPECT_ACCEPTED)
        i++;
    s->n_group = 0;
    add(s, sent_new(s, &s->sent[i]->op, s->sent[i]->text));
    return run_group(s);
}

/* --- Between groups -------------------------------------------------------------------------- */

static bool await_head(struct sim *s, uint64_t size)
{
    struct timespec pause = {.tv_nsec = 500000};
    struct log_head head = {0};
    char note[CHECKPOINT_SIZE];
    size_t n;

    for (time_t end = time(NULL) + IDLE_S; time(NULL) < end; nanosleep(&pause, NULL)) {
        writer_catch_up(s->writer);
        writer_checkpoint(s->writer, &head, note, &n);
        if (head.size >= size)
            return true;
    }
    return history_differs(&s->h, "an idle writer makes no tick: size %" PRIu64 ", expected %"
                           PRIu64, head.size, size);
}

/* Nobody writes until something is due: a millisecond before, the writer looks when to wake. */
static bool idle(struct sim *s)
{
    struct m_due *due;
    int64_t first = -1, now = s->now;

    if (s->h.model.network.demo || model_due(&s->h.model, s->h.model.last_at + FAR, &due) == 0)
        return true;
    first = due[0].moment;
    free(due);
    now = now > first ? now : first + rng_magnitude(&s->rng, 2 * M_DAY_MS) - 1;
    now = now > s->h.model.last_at ? now : s->h.model.last_at;
    predict_ticks(s, now);
    s->now_next = now;
    s->now = first - 1;
    s->coverage->idle++;
    sim_release(s);
    if (!await_head(s, s->h.model.size))
        return false;
    if (s->h.generator.now < now)
        s->h.generator.now = now;
    if (s->next_now < now)
        s->next_now = now;
    s->now = now;
    return wake(s);
}

/* What is past its time is forgotten at a start, as a server does. */
static bool restart(struct sim *s)
{
    int64_t last = s->h.model.last_at;

    sim_close(s);
    s->now = s->now_next = last;
    if (!sim_open(s))
        return false;
    while (refused_purge(s->side, last) > 0)
        continue;
    for (int i = 0; i < s->n_sent; i++)
        if (s->sent[i]->op.valid_until < last)
            s->sent[i]->kept = false;
    s->coverage->restarts++;
    return wake(s);
}

static bool between(struct sim *s)
{
    if (!s->h.model.founded)
        return true;
    if (rng_chance(&s->rng, s->swarm.idle) && !idle(s))
        return false;
    return !rng_chance(&s->rng, s->swarm.restart) || restart(s);
}

/* --- One seed -------------------------------------------------------------------------------- */

static void draw_tiny(struct sim *s)
{
    struct m_policy *p = &s->h.generator.founding.policy;

    p->limit_floor_base = p->limit_floor_max = p->limit_floor_new = 60;
    p->limit_ceiling = rng_range(&s->rng, 60, 240);
    p->pair_cap_minutes = rng_range(&s->rng, 0, 120);
    p->seal_every = 16;
    p->pool_cap = rng_range(&s->rng, 1, 60);
    p->panel_min = 1;
    p->promise_meeting = 1;
    s->h.generator.plan.minutes_max = 90;
}

static void draw_swarm(struct sim *s)
{
    struct swarm *w = &s->swarm;

    w->group_max = (int)rng_range(&s->rng, 1, SIM_GROUP_MAX);
    /* Of more than a batch the writer would choose the order, and a model cannot know it. */
    w->batch_max = (size_t)w->group_max * (rng_chance(&s->rng, 500) ? 1 : 10);
    w->queue_max = rng_chance(&s->rng, 250) ? (size_t)rng_range(&s->rng, 1, 8) : SIM_GROUP_MAX + 1;
    w->burst = rng_chance(&s->rng, 700) ? (int)rng_range(&s->rng, 50, 500) : 0;
    w->again = rng_chance(&s->rng, 800) ? (int)rng_range(&s->rng, 20, 300) : 0;
    w->late = rng_chance(&s->rng, 500) ? (int)rng_range(&s->rng, 20, 300) : 0;
    w->reuse = rng_chance(&s->rng, 500) ? (int)rng_range(&s->rng, 20, 150) : 0;
    w->idle = rng_chance(&s->rng, 600) ? (int)rng_range(&s->rng, 10, 200) : 0;
    w->restart = rng_chance(&s->rng, 500) ? (int)rng_range(&s->rng, 5, 60) : 0;
    w->tiny = rng_chance(&s->rng, 300);
    w->settle = rng_chance(&s->rng, 500) ? 1000 : (int)rng_range(&s->rng, 100, 700);
    w->sign = rng_chance(&s->rng, 100);
    if (w->tiny)
        draw_tiny(s);
    if (rng_chance(&s->rng, 300))
        s->h.generator.plan.hot = 800;
}

static bool start(struct sim *s, uint64_t seed, uint64_t leaves)
{
    s->h.seed = seed;
    rng_seed(&s->rng, ~seed);
    lender = s;
    model_init(&s->h.model);
    s->h.model.key_id = sim_key_id;
    s->h.model.root_at = root_text;
    generator_init(&s->h.generator, seed, &s->h.model, KEYS_FOR_GENERATOR, sim_key);
    draw_swarm(s);
    sem_init(&s->told, 0, 0);
    sem_init(&s->go, 0, 0);
    /* The last group and the ticks before it may go beyond. */
    s->roots = calloc(leaves + 4096, sizeof *s->roots);
    assert(s->roots);
    merkle_range_start(&s->range);
    merkle_empty(&s->roots[0]);
    return sim_make_folder(s) && sim_open(s);
}

static void end(struct sim *s)
{
    sim_close(s);
    sim_drop_folder(s);
    for (int i = 0; i < s->n_sent; i++)
        sent_free(s->sent[i]);
    for (int i = 0; i < SIM_HELD_BACK_MAX; i++)
        if (s->held_back[i])
            sent_free(s->held_back[i]);
    free(s->sent);
    free(s->next_text);
    free(s->roots);
    sem_destroy(&s->told);
    sem_destroy(&s->go);
    model_free(&s->h.model);
    free(s);
}

bool sim_run(uint64_t seed, uint64_t leaves, struct sim_coverage *coverage)
{
    struct sim *s = calloc(1, sizeof *s);

    assert(s);
    s->coverage = coverage;
    bool good = start(s, seed, leaves);
    while (good && s->h.model.size < leaves) {
        s->h.step++;
        gather(s);
        good = run_group(s) && between(s);
        if (good && s->h.step > 40 * leaves)
            good = history_differs(&s->h, "too few entries are accepted");
    }
    if (good)
        sim_close(s);
    s->n_group = 0;
    good = good && sim_open(s) && sim_check_log(s) && sim_replay(s);
    coverage->seeds++;
    coverage->steps += s->h.step;
    end(s);
    return good;
}
