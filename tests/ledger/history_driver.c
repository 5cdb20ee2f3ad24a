/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/history_driver.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "tests/ledger/history_kv.h"

#define KEYS 320
#define TICK_MOMENTS_MAX 1000
#define RECOUNT_EVERY 50
#define COMPARE_EVERY 100

/* --- What the test lends to model and generator ---------------------------------------------- */

static char keys[KEYS][M_HEX64];

/* Two keys that have the key id 8655dc2c under the name of TWINS_HANDLE; found by search. */
static const char twin_a[] = "612b4228fba363bbe6bc4e08d26419fafc83f86e41fccbcc8845827c32886ce6";
static const char twin_b[] = "0c5929bc2c1b1e971d9ab56567319af20a8582c55da21465de5255bccbb66482";

void history_keys(void)
{
    if (crypto_start() != 0)
        abort();
    for (int i = 0; i < KEYS; i++) {
        uint8_t seed[KEY_SEED_BYTES] = {'h', 'i', 's', 't', (uint8_t)(i >> 8), (uint8_t)i};
        struct public_key pub;
        struct secret_key *secret = secret_key_from_seed(seed);

        assert(secret);
        secret_key_public(secret, &pub);
        secret_key_free(secret);
        hex_encode(keys[i], pub.b, sizeof pub.b);
    }
}

static void key_number(int number, char out[static M_HEX64])
{
    const char *key = number == KEY_TWIN_A   ? twin_a
                      : number == KEY_TWIN_B ? twin_b
                                             : keys[number];

    memcpy(out, key, M_HEX64);
}

static uint32_t key_id_number(const char *handle, const char *key)
{
    char name[ORIGIN_MAX + 5 + M_HANDLE];
    struct public_key pub;
    struct key_id id;

    int n = snprintf(name, sizeof name, "%s/org/%s", HISTORY_ORIGIN, handle);
    if (!hex_decode(pub.b, sizeof pub.b, key, 64))
        abort();
    key_id_of(&id, name, (size_t)n, KEY_ED25519, &pub);
    return (uint32_t)id.b[0] << 24 | (uint32_t)id.b[1] << 16 | (uint32_t)id.b[2] << 8 | id.b[3];
}

/* There is no tree here: the root at a size is any fixed function of the size. */
static bool root_bytes(void *ctx, uint64_t size, struct hash *out)
{
    uint64_t counter = size;

    (void)ctx;
    for (int i = 0; i < HASH_BYTES; i += 8) {
        uint64_t word = rng_mix(&counter);

        memcpy(&out->b[i], &word, 8);
    }
    return true;
}

static bool root_text(uint64_t size, char out[static M_HEX64])
{
    struct hash root;

    root_bytes(NULL, size, &root);
    hex_encode(out, root.b, sizeof root.b);
    return true;
}

/* --- Telling --------------------------------------------------------------------------------- */

bool history_differs(struct history *h, const char *format, ...)
{
    va_list args;

    char what[1200];

    if (h->failed)
        return false;
    h->failed = true;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    fprintf(stderr, "histories: seed %" PRIu64 ", step %" PRIu64 ", time %" PRId64
            ": %s\n%sagain with: SEM_SEED=%" PRIu64 "\n", h->seed, h->step, h->generator.at, what,
            h->text ? h->text : "\n", h->seed);
    return false;
}

/* The words of a set, or "accepted". */
static const char *codes_text(m_codes codes, char out[static 256])
{
    size_t n = 0;

    out[0] = '\0';
    for (int i = 0; i < M_CODE_COUNT; i++)
        if (codes >> i & 1)
            n += (size_t)snprintf(out + n, 256 - n, "%s%s", n ? " or " : "",
                                  m_code_word((enum m_code)i));
    return n ? out : "accepted";
}

static bool judge_refusal(struct history *h, m_codes expected, const struct refusal *why)
{
    char words[256];
    int code = m_code_find(code_word(why->code));

    if (code < 0 || !(expected >> code & 1))
        return history_differs(h, "expected %s, found %s (%s%s expected %s, found %s)",
                               codes_text(expected, words), code_word(why->code), why->rule,
                               why->field, why->expected, why->found);
    h->coverage->refused[code]++;
    if ((expected & (expected - 1)) == 0)
        h->coverage->single++;
    else
        h->coverage->several++;
    return true;
}

/* --- Applying to the real rules -------------------------------------------------------------- */

void history_ready(struct rules *r, struct state *s, int64_t at)
{
    memset(r, 0, sizeof *r);
    r->state = s;
    r->index = state_size(s);
    r->at = at;
    r->root_at = root_bytes;
}

bool history_decode(struct history *h, const char *text, struct refusal *why)
{
    memset(why, 0, sizeof *why);
    return entry_decode(&h->entry, HISTORY_ORIGIN, text, strlen(text), why);
}

static bool recount(struct history *h)
{
    char why[256] = "";

    if (!rules_recount(&h->state, why, sizeof why))
        return history_differs(h, "the recount fails: %s", why);
    return true;
}

/* --- Ticks ----------------------------------------------------------------------------------- */

struct tick {
    struct hash effects;
    int n;
    struct id id;
};

static void cover_closing(struct history_coverage *c, const struct m_closed *all)
{
    c->quarters++;
    c->given += all->given > 0;
    c->forgiven += all->forgiven > 0;
}

/* The model lives through the moments. */
static void expect_tick(struct history *h, const struct m_due *due, int n, int64_t at,
                        struct tick *out)
{
    static char lines[M_LINES_SIZE];
    struct hash_stream stream;

    hash_stream_start(&stream);
    for (int i = 0; i < n; i++) {
        int64_t crisis = h->model.crisis_until;

        hash_stream_add(&stream, lines, model_moment(&h->model, &due[i], at, lines));
        h->coverage->crises += h->model.crisis_until != crisis;
        if (due[i].type == M_POOL_CLOSING)
            cover_closing(h->coverage, &h->model.closings.v[h->model.closings.n - 1]);
    }
    hash_stream_end(&stream, &out->effects);
    out->n = n;
    id_make(&out->id, at, out->effects.b);
}

static void tick_text_of(const struct history *h, const struct tick *tick, int64_t at,
                         char out[static 1024])
{
    char effects[HEX_SIZE(HASH_BYTES)], id[ID_TEXT_SIZE];
    struct m_figures figures[M_ORGS];
    int64_t given = 0, received = 0;

    model_figures(&h->model, m_day(at), figures);
    for (int i = 1; i <= h->model.n_orgs; i++) {
        given += figures[i].given;
        received += figures[i].received;
    }
    hex_encode(effects, tick->effects.b, HASH_BYTES);
    id_format(id, &tick->id);
    snprintf(out, 1024,
             HISTORY_ORIGIN "/entry/v1\n{\"by\":\"clock\",\"effects_hash\":\"%s\",\"id\":\"%s\","
             "\"kind\":\"clock.tick\",\"n\":%d,\"through\":%" PRId64
             ",\"totals\":{\"given\":%" PRId64 ",\"orgs\":%d,\"pool\":%" PRId64
             ",\"received\":%" PRId64 "},\"valid_until\":%" PRId64 "}\n",
             effects, id, tick->n, at, given, h->model.n_orgs, m_position(&figures[0]), received,
             at);
}

/* A tick that names one moment more must not pass. */
static bool refuse_wrong_tick(struct history *h, const struct tick *tick, int64_t at)
{
    char text[1024];
    struct refusal why = {.code = CODE_OK};
    struct tick wrong = *tick;

    if (wrong.n < TICK_MOMENTS_MAX && h->step % 2 == 0)
        wrong.n++;
    else
        wrong.effects.b[31] ^= 1;
    tick_text_of(h, &wrong, at, text);
    history_kv_mark(h->kv);
    history_ready(&h->rules, &h->state, at);
    bool passed = history_decode(h, text, &why) && rules_apply(&h->rules, &h->entry, &why);
    history_kv_undo(h->kv);
    state_attach(&h->state, h->kv);
    if (passed)
        return history_differs(h, "a wrong tick passed: %s", text);
    return true;
}

static bool one_tick(struct history *h, const struct m_due *due, int n, int64_t at)
{
    struct tick expected;
    struct body_clock_tick body;
    struct id id;
    struct refusal why = {.code = CODE_OK};
    char text[1024], leaf[HISTORY_LEAF_SIZE];

    expect_tick(h, due, n, at, &expected);
    if (!rules_tick_due(&h->state, at) || !rules_make_tick(&h->state, at, &body, &id))
        return history_differs(h, "no tick is due, expected %d moments from %s %s", n,
                               m_due_word(due[0].type), due[0].id);
    if (body.n != n || body.through != at)
        return history_differs(h, "a tick of %" PRId64 " moments through %" PRId64
                               ", expected %d through %" PRId64, body.n, body.through, n, at);
    if (!hash_equal(&body.effects_hash, &expected.effects) ||
        memcmp(id.b, expected.id.b, sizeof id.b) != 0)
        return history_differs(h, "other moments in a tick of %d from %s %s", n,
                               m_due_word(due[0].type), due[0].id);
    if (h->step % 8 == 0 && !refuse_wrong_tick(h, &expected, at))
        return false;
    tick_text_of(h, &expected, at, text);
    history_kv_mark(h->kv);
    history_ready(&h->rules, &h->state, at);
    history_give_leaf(h, leaf, text, at);
    if (!history_decode(h, text, &why) || !rules_apply(&h->rules, &h->entry, &why))
        return history_differs(h, "the expected tick is refused: %s %s %s, found %s\n%s",
                               code_word(why.code), why.field, why.expected, why.found, text);
    h->coverage->accepted[M_CLOCK_TICK]++;
    h->coverage->ticks_full += n == TICK_MOMENTS_MAX;
    model_tick(&h->model, at, text);
    history_turn(h, NULL, 0, true, h->rules.leaf);
    return true;
}

/* Everything that is due until `at` goes into ticks, as model and rules agree. */
static bool run_ticks(struct history *h, int64_t at)
{
    struct m_due *due;
    int n = model_due(&h->model, at, &due);
    bool good = true;

    if (n > 0)
        model_figures(&h->model, m_day(at), h->before);
    for (int i = 0; i < n && good; i += TICK_MOMENTS_MAX) {
        bool last = n - i <= TICK_MOMENTS_MAX;

        good = one_tick(h, due + i, last ? n - i : TICK_MOMENTS_MAX, at);
        if (good && last)
            model_ticked(&h->model, at);
        good = good && history_seal(h, at, last);
    }
    if (good && n > 0) {
        model_figures(&h->model, m_day(at), h->figures);
        good = recount(h) && history_compare_due(h, due, n);
    }
    free(due);
    if (good && rules_tick_due(&h->state, at))
        return history_differs(h, "another tick is due after %d moments", n);
    return good;
}

/* --- Verdicts -------------------------------------------------------------------------------- */

/*
 * What the writer looks up before anything else: an id that its author used before. `known`: the
 * index that the model expects for a text of the log, or none.
 */
static bool judge_id(struct history *h, const uint64_t *known, bool *decided)
{
    struct thing_key key = {.id = h->entry.id,
                            .author = state_org_number(&h->state, &h->entry.by)};
    struct entry_record record;
    struct refusal why = {.code = CODE_id_reused};
    uint64_t index;

    *decided = key.author != 0 && state_id(&h->state, &key, &index);
    if (!*decided)
        return !known || history_differs(h, "a text of the log is not known under its id");
    if (!state_entry(&h->state, index, &record))
        return history_differs(h, "an id names no entry");
    if (!hash_equal(&record.text_hash, &h->entry.text_hash))
        return judge_refusal(h, model_check(&h->model, &h->op, h->model.last_at), &why);
    h->coverage->known++;
    return (known && *known == index) ||
           history_differs(h, "a text is known as entry %" PRIu64, index);
}

static bool judge_signers(struct history *h)
{
    struct m_signer expected[M_ORGS];
    struct refusal why = {.code = CODE_OK};
    size_t n = (size_t)model_signers(&h->model, &h->op, expected);

    if (!rules_signers(&h->rules, &h->entry, &h->signers, &why))
        return history_differs(h, "the signers of a good entry are refused: %s",
                               code_word(why.code));
    if (h->signers.n != n)
        return history_differs(h, "%zu signers, expected %zu", h->signers.n, n);
    for (size_t i = 0; i < n; i++) {
        const struct signer *found = &h->signers.v[i];

        if (strcmp(found->handle.s, expected[i].handle) != 0 ||
            (found->scope == SCOPE_ADMIN) != expected[i].admin ||
            found->own_key != expected[i].own_key || found->minutes != expected[i].minutes)
            return history_differs(h, "signer %s, scope %d, %" PRId64 " minutes; expected %s, %s, %"
                                   PRId64 " minutes", found->handle.s, found->scope,
                                   found->minutes, expected[i].handle,
                                   expected[i].admin ? "admin" : "sign", expected[i].minutes);
    }
    return true;
}

/* How many minutes more would pass, as refusals and previews say. */
static int64_t room_of(const struct history *h, int org, const struct m_figures *f,
                       struct m_line line, int64_t at)
{
    bool to_hard_stop = h->op.kind == M_HOURS_RECORD || h->model.network.policy.limit_soft;
    int64_t room = m_position(f) - f->received_pending + (to_hard_stop ? line.hard : line.floor);
    const struct m_agreement *changed = NULL;
    int need = h->op.need[0] ? model_need(&h->model, h->op.need) : -1;

    if (h->op.kind == M_AGREEMENT_CHANGE) {
        changed = &h->model.agreements.v[model_agreement(&h->model, h->op.ref)];
        need = changed->need;
    }
    return (room > 0 ? room : 0) + model_covers(&h->model, org, at, need, changed);
}

/* The figures of every line that was looked at. */
static bool judge_lines(struct history *h, const struct m_figures *figures, int64_t at)
{
    for (size_t i = 0; i < h->outcome.n_limits; i++) {
        const struct limit_note *note = &h->outcome.limits[i];
        const struct limit_decision *d = &note->decision;
        const struct m_figures *f = &figures[note->org];
        struct m_line line = model_line(&h->model, f, at);
        bool asks = d->projected < m_position(f) - f->received_pending; /* beside the pool */
        bool beyond = asks && d->projected < -line.floor;
        int64_t room = room_of(h, (int)note->org, f, line, at);

        if (d->floor != line.floor || d->hard_floor != line.hard)
            return history_differs(h, "line of %" PRIu32 " is %" PRId64 " and %" PRId64
                                   ", expected %" PRId64 " and %" PRId64, note->org, d->floor,
                                   d->hard_floor, line.floor, line.hard);
        if (d->allowed_more != room)
            return history_differs(h, "organisation %" PRIu32 " may receive %" PRId64
                                   " more, expected %" PRId64, note->org, d->allowed_more,
                                   room);
        if ((d->verdict == LIMIT_PASS) == beyond)
            return history_differs(h, "organisation %" PRIu32 " at %" PRId64 ": verdict %d",
                                   note->org, d->projected, (int)d->verdict);
        h->coverage->soft += d->verdict == LIMIT_PASS_SOFT;
        h->coverage->urgent_past_line += note->urgent && d->projected < -line.hard;
        h->coverage->covered += d->verdict != LIMIT_REFUSED && !note->urgent &&
                                d->projected - note->covered < -d->refused_past;
    }
    return true;
}

static bool judge_changes(struct history *h)
{
    for (size_t i = 0; i < h->outcome.n_changes; i++) {
        const struct org_change *c = &h->outcome.changes[i];
        uint32_t org = c->after.number;

        if (org >= M_ORGS || c->before.number != org)
            return history_differs(h, "a change of organisation %" PRIu32, org);
        if (org_position(&c->before) != m_position(&h->before[org]) ||
            org_position(&c->after) != m_position(&h->figures[org]))
            return history_differs(h, "organisation %" PRIu32 " goes from %" PRId64 " to %" PRId64
                                   ", expected from %" PRId64 " to %" PRId64, org,
                                   org_position(&c->before), org_position(&c->after),
                                   m_position(&h->before[org]), m_position(&h->figures[org]));
    }
    return true;
}

static int64_t paid_now(const struct model *m)
{
    int64_t paid = 0;

    for (int i = 0; i < m->exchanges.n; i++)
        paid += m->exchanges.v[i].paid;
    return paid;
}

static void cover_accepted(const struct history *h, int64_t paid_before, int64_t at)
{
    struct history_coverage *c = h->coverage;
    int64_t paid = paid_now(&h->model) - paid_before;
    int org = h->op.org[0] ? model_org(&h->model, h->op.org) : 0;

    c->accepted[h->op.kind]++;
    c->paid += paid > 0;
    c->paid_back += paid < 0;
    c->ran_out += paid > 0 && model_budget_left(&h->model, at) == 0;
    c->by_panel += h->op.kind == M_NEED_VOUCH && h->op.n_panel > 0;
    if (h->op.kind == M_STEP_SET) {
        c->confirmed += h->model.orgs[org].step.confirmed;
        c->in_force[h->op.step]++;
    }
}

static bool after_acceptance(struct history *h, int64_t at)
{
    struct rules *r = &h->rules;
    struct m_signer signers[M_ORGS];
    int n = model_signers(&h->model, &h->op, signers);

    int64_t paid = paid_now(&h->model);
    model_apply(&h->model, &h->op, at, h->text);
    cover_accepted(h, paid, at);
    model_figures(&h->model, m_day(at), h->figures);
    if (state_size(&h->state) != h->model.size || r->index + 1 != h->model.size)
        return history_differs(h, "size %" PRIu64 ", expected %" PRIu64, state_size(&h->state),
                               h->model.size);
    history_turn(h, signers, n, false, r->leaf);
    if (!judge_changes(h) || !history_compare_touched(h))
        return false;
    if (h->model.size % RECOUNT_EVERY == 0 && !recount(h))
        return false;
    if (h->model.size % COMPARE_EVERY == 0 && !history_compare_all(h))
        return false;
    return history_seal(h, at, true);
}

/* The operation at its time, after ticks: both decide. */
static bool decide(struct history *h, int64_t at)
{
    m_codes expected = model_check(&h->model, &h->op, at);
    struct refusal why = {.code = CODE_OK};
    char words[256], leaf[HISTORY_LEAF_SIZE];

    history_kv_mark(h->kv);
    memset(&h->outcome, 0, sizeof h->outcome);
    history_ready(&h->rules, &h->state, at);
    h->rules.outcome = &h->outcome;
    history_give_leaf(h, leaf, h->text, at);
    h->signers.n = 0;
    if (expected == 0 && !judge_signers(h))
        return false;
    model_figures(&h->model, m_day(at), h->before);
    if (!rules_apply(&h->rules, &h->entry, &why)) {
        history_kv_undo(h->kv);
        state_attach(&h->state, h->kv);
        return judge_refusal(h, expected, &why) && judge_lines(h, h->before, at);
    }
    if (expected != 0)
        return history_differs(h, "accepted, expected %s", codes_text(expected, words));
    if (!judge_lines(h, h->before, at))
        return false;
    return after_acceptance(h, at);
}

static bool one_operation(struct history *h)
{
    int64_t at = h->generator.now, expected_at = at;
    uint64_t index;
    bool known = model_known(&h->model, &h->op, h->text, &index), decided;
    struct refusal why = {.code = CODE_OK};

    if (!history_decode(h, h->text, &why))
        return judge_refusal(h, model_check(&h->model, &h->op, at), &why);
    if (!judge_id(h, known ? &index : NULL, &decided) || decided)
        return decided && !h->failed;
    m_codes expected = model_entry_time(&h->model, &h->op, h->generator.now, &expected_at);
    if (!rules_entry_time(&h->state, &h->entry, h->generator.now, &at, &why))
        return judge_refusal(h, expected, &why);
    if (expected != 0 || at != expected_at)
        return history_differs(h, "time %" PRId64 " for the entry, expected %" PRId64, at,
                               expected ? -1 : expected_at);
    h->generator.at = at;
    return run_ticks(h, at) && history_decode(h, h->text, &why) && decide(h, at);
}

/* --- Replay ---------------------------------------------------------------------------------- */

static bool replay(struct history *h)
{
    struct kv *fresh = kv_memory_new(NULL);
    struct refusal why = {.code = CODE_OK};
    char differs[200], leaf[HISTORY_LEAF_SIZE];
    bool good = true;

    assert(fresh);
    memset(&h->state, 0, sizeof h->state);
    state_attach(&h->state, fresh);
    for (int i = 0; i < h->model.entries.n && good; i++) {
        const struct m_entry *e = &h->model.entries.v[i];

        history_ready(&h->rules, &h->state, e->at);
        history_give_leaf(h, leaf, e->text, e->at);
        good = history_decode(h, e->text, &why) &&
               rules_signers(&h->rules, &h->entry, &h->signers, &why) &&
               rules_apply(&h->rules, &h->entry, &why);
        if (!good)
            history_differs(h, "leaf %d is refused by a replay: %s", i, code_word(why.code));
    }
    if (good && !history_kv_equal(h->kv, fresh, differs, sizeof differs))
        good = history_differs(h, "after a replay: %s", differs);
    kv_memory_free(fresh);
    return good;
}

/* --- One history ----------------------------------------------------------------------------- */

static bool next_operation(struct history *h)
{
    generator_next(&h->generator, &h->op);
    free(h->text);
    if (h->op.repeat >= 0) {
        h->text = strdup(h->model.entries.v[h->op.repeat].text);
        assert(h->text);
    } else {
        h->text = op_text(&h->op, HISTORY_ORIGIN, &h->text_len);
    }
    return one_operation(h);
}

bool history_run(uint64_t seed, int entries, struct history_coverage *coverage)
{
    struct history *h = calloc(1, sizeof *h);

    assert(h);
    h->seed = seed;
    h->coverage = coverage;
    model_init(&h->model);
    h->model.key_id = key_id_number;
    h->model.root_at = root_text;
    generator_init(&h->generator, seed, &h->model, KEYS, key_number);
    h->kv = history_kv_new();
    assert(h->kv);
    state_attach(&h->state, h->kv);
    while (!h->failed && h->model.size < (uint64_t)entries) {
        h->step++;
        if (!next_operation(h) && !h->failed)
            history_differs(h, "the text could not be read again");
        if (h->step > 8 * (uint64_t)entries)
            history_differs(h, "too few entries are accepted: %" PRIu64, h->model.size);
    }
    bool good = !h->failed && recount(h) && history_compare_all(h) && replay(h);
    free(h->text);
    history_kv_free(h->kv);
    model_free(&h->model);
    free(h);
    return good;
}
