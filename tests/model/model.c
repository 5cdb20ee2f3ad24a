/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Lists, look-ups and figures of the model. */
#include "tests/model/model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Words ----------------------------------------------------------------------------------- */

static const char *const kind_words[] = {
#define KIND_WORD(name, word) word,
    M_KINDS(KIND_WORD)
#undef KIND_WORD
};

static const char *const code_words[] = {
#define CODE_WORD(word) #word,
    M_CODES(CODE_WORD)
#undef CODE_WORD
};

const char *m_kind_word(enum m_kind kind)
{
    assert(kind < M_KIND_COUNT);
    return kind_words[kind];
}

const char *m_code_word(enum m_code code)
{
    assert(code < M_CODE_COUNT);
    return code_words[code];
}

int m_code_find(const char *word)
{
    for (int i = 0; i < M_CODE_COUNT; i++)
        if (strcmp(code_words[i], word) == 0)
            return i;
    return -1;
}

const char *m_due_word(enum m_due_type type)
{
    static const char *const words[] = {"agreement_expiry", "need_expiry", "offer_expiry",
                                        "urgency_lapse",    "crisis_check", "pool_closing"};
    return words[type];
}

/* --- Lists ----------------------------------------------------------------------------------- */

void model_init(struct model *m)
{
    memset(m, 0, sizeof *m);
}

void model_free(struct model *m)
{
    for (int i = 0; i < m->entries.n; i++)
        free(m->entries.v[i].text);
    free(m->keys.v);
    free(m->entries.v);
    free(m->offers.v);
    free(m->needs.v);
    free(m->agreements.v);
    free(m->hours.v);
    free(m->exchanges.v);
    free(m->transfers.v);
    free(m->details.v);
    free(m->closings.v);
    memset(m, 0, sizeof *m);
}

void *model_grow(void *list_v, int *n, int *room, size_t item)
{
    void *v;

    memcpy(&v, list_v, sizeof v);
    if (*n == *room) {
        *room = *room ? 2 * *room : 64;
        v = realloc(v, (size_t)*room * item);
        assert(v);
        memcpy(list_v, &v, sizeof v);
    }
    void *last = (char *)v + (size_t)*n * item;
    memset(last, 0, item);
    *n += 1;
    return last;
}

/* --- Before the rules ------------------------------------------------------------------------ */

m_codes model_entry_time(const struct model *m, const struct op *op, int64_t now, int64_t *at)
{
    bool demo = op->kind == M_NETWORK_FOUND && !m->founded ? op->founding->demo : m->network.demo;

    *at = now > m->last_at ? now : m->last_at;
    if (!op->has_at)
        return 0;
    m_codes codes = 0;
    if (!demo || op->at > now)
        codes |= M_BIT(at_not_allowed);
    if (demo && op->at < m->last_at)
        codes |= M_BIT(time_order);
    if (!codes)
        *at = op->at;
    return codes;
}

bool model_known(const struct model *m, const struct op *op, const char *text, uint64_t *index)
{
    int by = model_org(m, op->by);

    for (int i = 0; i < m->entries.n; i++) {
        const struct m_entry *e = &m->entries.v[i];

        if (e->author == by && strcmp(e->id, op->id) == 0 && strcmp(e->text, text) == 0) {
            *index = e->index;
            return true;
        }
    }
    return false;
}

/* --- Finding things -------------------------------------------------------------------------- */

int32_t m_day(int64_t at)
{
    return (int32_t)(at / M_DAY_MS);
}

int model_org(const struct model *m, const char *handle)
{
    for (int i = 1; i <= m->n_orgs; i++)
        if (strcmp(m->orgs[i].handle, handle) == 0)
            return i;
    return -1;
}

/* A mandate lasts until its moment, that moment excluded, as a thing lives until it expires. */
bool model_coordinator(const struct model *m, int org, int64_t at)
{
    return org > 0 && !m->orgs[org].left && at < m->orgs[org].mandate[M_COORDINATOR];
}

bool model_panel(const struct model *m, int org, int64_t at)
{
    return org > 0 && !m->orgs[org].left && at < m->orgs[org].mandate[M_PANEL];
}

bool model_has_skill(const struct model *m, const char *slug)
{
    for (int i = 0; i < m->network.n_skills; i++)
        if (strcmp(m->network.skills[i], slug) == 0)
            return true;
    return false;
}

/* Splits `<author>/<id>`; false when no organisation has that handle. */
static bool split_ref(const struct model *m, const char *ref, int *author, const char **id)
{
    char handle[M_HANDLE];
    const char *slash = strchr(ref, '/');

    assert(slash && (size_t)(slash - ref) < sizeof handle);
    memcpy(handle, ref, (size_t)(slash - ref));
    handle[slash - ref] = '\0';
    *author = model_org(m, handle);
    *id = slash + 1;
    return *author > 0;
}

/* The place of the thing in `list` that `ref` names, or -1. */
#define FIND(m, list, ref) \
    do { \
        int author; \
        const char *id; \
        if (!split_ref(m, ref, &author, &id)) \
            return -1; \
        for (int i = (m)->list.n - 1; i >= 0; i--) \
            if ((m)->list.v[i].author == author && strcmp((m)->list.v[i].id, id) == 0) \
                return i; \
        return -1; \
    } while (0)

int model_offer(const struct model *m, const char *ref)
{
    FIND(m, offers, ref);
}

int model_need(const struct model *m, const char *ref)
{
    FIND(m, needs, ref);
}

int model_agreement(const struct model *m, const char *ref)
{
    FIND(m, agreements, ref);
}

int model_hours(const struct model *m, const char *ref)
{
    FIND(m, hours, ref);
}

int model_detail(const struct model *m, const char *ref, int slot)
{
    int author;
    const char *id;

    if (!split_ref(m, ref, &author, &id))
        return -1;
    for (int i = 0; i < m->details.n; i++) {
        const struct m_detail *d = &m->details.v[i];

        if (d->author == author && d->slot == slot && strcmp(d->id, id) == 0)
            return i;
    }
    return -1;
}

int model_key(const struct model *m, const char *key)
{
    for (int i = 0; i < m->keys.n; i++)
        if (strcmp(m->keys.v[i].key, key) == 0)
            return i;
    return -1;
}

struct m_reserved *agreement_pair(const struct m_agreement *a, int from, int to)
{
    for (int i = 0; i < a->n; i++)
        if (a->pairs[i].from == from && a->pairs[i].to == to)
            return (struct m_reserved *)&a->pairs[i];
    return NULL;
}

bool agreement_party(const struct m_agreement *a, int org)
{
    for (int i = 0; i < a->n; i++)
        if (a->pairs[i].from == org || a->pairs[i].to == org)
            return true;
    return false;
}

/* --- Lives: told from moments, not from a stored state --------------------------------------- */

enum m_life offer_life(const struct m_offer *o, int64_t at)
{
    if (o->withdrawn)
        return M_WITHDRAWN;
    return at >= o->expires ? M_EXPIRED : M_OPEN;
}

enum m_life need_life(const struct m_need *n, int64_t at)
{
    if (n->withdrawn)
        return M_WITHDRAWN;
    if (n->met)
        return M_MET;
    return at >= n->expires ? M_EXPIRED : M_OPEN;
}

enum m_life agreement_life(const struct m_agreement *a, int64_t at)
{
    if (a->closed)
        return M_CLOSED;
    if (a->cancelled)
        return M_CANCELLED;
    return at >= a->expires ? M_EXPIRED : M_OPEN;
}

/* Urgency belongs to an open need: one that is met, withdrawn or expired has none. */
const struct m_vouch *need_in_force(const struct m_need *n, int64_t at)
{
    if (n->n_vouches == 0 || need_life(n, at) != M_OPEN)
        return NULL;
    const struct m_vouch *last = &n->vouches[n->n_vouches - 1];
    return at < last->until ? last : NULL;
}

int64_t need_kept(const struct model *m, int need, int64_t at, const struct m_agreement *without)
{
    int64_t kept = 0;

    for (int i = 0; i < m->agreements.n; i++) {
        const struct m_agreement *a = &m->agreements.v[i];

        if (a == without || a->need != need || agreement_life(a, at) != M_OPEN)
            continue;
        for (int j = 0; j < a->n; j++)
            if (a->pairs[j].to == m->needs.v[need].author)
                kept += a->pairs[j].minutes - a->pairs[j].recorded;
    }
    return kept;
}

int64_t model_reach(const struct model *m, int64_t ended_at)
{
    return ended_at + m->network.policy.reference_days_max * M_DAY_MS;
}

bool hours_wholly_reversed(const struct model *m, const struct m_hours *h)
{
    for (int i = h->first; i < h->first + h->n; i++)
        if (m->exchanges.v[i].back < m->exchanges.v[i].minutes)
            return false;
    return true;
}

#define MONTHS_MAX 100000 /* more than there are */

/* --- Due moments ----------------------------------------------------------------------------- */

static int due_order(const struct m_due *a, const struct m_due *b)
{
    if (a->moment != b->moment)
        return a->moment < b->moment ? -1 : 1;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->author != b->author)
        return a->author < b->author ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int compare_due(const void *a, const void *b)
{
    return due_order(a, b);
}

struct due_list {
    struct m_due *v;
    int n, room;
    int64_t after, until;
};

static void add_due(struct due_list *list, int64_t moment, enum m_due_type type, int author,
                    const char *id)
{
    if (moment <= list->after || moment > list->until)
        return;
    struct m_due *due = M_ADD(*list);
    *due = (struct m_due){.moment = moment, .type = type, .author = author};
    snprintf(due->id, sizeof due->id, "%s", id);
}

/* The first moments of months and quarters, `most` of them. */
static void add_calendar(struct due_list *list, int most)
{
    for (int month = m_month(list->after) + 1; most-- > 0; month++) {
        int64_t moment = m_month_start(month);
        char id[M_ID];

        if (moment > list->until)
            break;
        snprintf(id, sizeof id, "%012" PRIx64 "70008000000000000000", (uint64_t)moment);
        add_due(list, moment, M_CRISIS_CHECK, 0, id);
        if (month % 3 == 0)
            add_due(list, moment, M_POOL_CLOSING, 0, id);
    }
}

static int list_due(const struct model *m, int64_t until, int months, struct m_due **out)
{
    struct due_list list = {.after = m->last_at, .until = until};

    if (m->founded)
        add_calendar(&list, months);
    for (int i = 0; i < m->agreements.n; i++) {
        const struct m_agreement *a = &m->agreements.v[i];
        if (!a->closed && !a->cancelled)
            add_due(&list, a->expires, M_AGREEMENT_EXPIRY, a->author, a->id);
    }
    for (int i = 0; i < m->offers.n; i++) {
        const struct m_offer *o = &m->offers.v[i];
        if (!o->withdrawn)
            add_due(&list, o->expires, M_OFFER_EXPIRY, o->author, o->id);
    }
    for (int i = 0; i < m->needs.n; i++) {
        const struct m_need *n = &m->needs.v[i];
        if (n->withdrawn || n->met)
            continue;
        add_due(&list, n->expires, M_NEED_EXPIRY, n->author, n->id);
        /* What has expired is no longer urgent: its urgency cannot lapse any more. */
        if (n->n_vouches > 0 && n->vouches[n->n_vouches - 1].until < n->expires)
            add_due(&list, n->vouches[n->n_vouches - 1].until, M_URGENCY_LAPSE, n->author, n->id);
    }
    if (list.n > 0)
        qsort(list.v, (size_t)list.n, sizeof *list.v, compare_due);
    *out = list.v;
    return list.n;
}

int model_due(const struct model *m, int64_t until, struct m_due **out)
{
    return list_due(m, until, MONTHS_MAX, out);
}

bool model_next_due(const struct model *m, struct m_due *out)
{
    struct m_due *v;
    int n = list_due(m, INT64_MAX, 1, &v);

    if (n > 0)
        *out = v[0];
    free(v);
    return n > 0;
}

#define END_EXPIRED(list, life) \
    for (int i = 0; i < m->list.n; i++) \
        if (m->list.v[i].ended_at == 0 && life(&m->list.v[i], at) == M_EXPIRED) \
            m->list.v[i].ended_at = at

void model_ticked(struct model *m, int64_t at)
{
    END_EXPIRED(offers, offer_life);
    END_EXPIRED(needs, need_life);
    END_EXPIRED(agreements, agreement_life);
    m->last_at = at;
}

/* --- Figures --------------------------------------------------------------------------------- */

static void add_exchange(struct m_figures *out, const struct m_exchange *x, int32_t day)
{
    int64_t left = x->minutes - x->back;

    out[x->from].given += left;
    out[x->to].received += left;
    if (x->gift) {
        out[x->from].given_gifts += left;
        out[x->to].received_gifts += left;
        out[x->from].moves -= left;
        out[x->to].moves += left;
    }
    out[0].moves -= x->paid;
    out[x->to].moves += x->paid;
    out[x->to].pool_received += x->paid;
    if (x->bucket <= day && x->bucket > day - 365) {
        out[x->from].given_year += left;
        out[x->to].received_year += left;
    }
}

static void date_record(const struct model *m, const struct m_hours *h, struct m_figures *out)
{
    for (int i = h->first; i < h->first + h->n; i++) {
        out[m->exchanges.v[i].from].last_given = h->at;
        out[m->exchanges.v[i].to].last_received = h->at;
    }
}

/* One record counts once for each organisation that gives, and once for each that receives. */
static void count_record(const struct model *m, const struct m_hours *h, struct m_figures *out)
{
    const struct m_exchange *x = &m->exchanges.v[h->first];

    for (int i = 0; i < h->n; i++) {
        bool gave_before = false, received_before = false;

        for (int k = 0; k < i; k++) {
            gave_before |= x[k].from == x[i].from;
            received_before |= x[k].to == x[i].to;
        }
        out[x[i].from].given_count += !gave_before;
        out[x[i].to].received_count += !received_before;
    }
}

void model_figures(const struct model *m, int32_t day, struct m_figures out[static M_ORGS])
{
    memset(out, 0, ((size_t)m->n_orgs + 1) * sizeof out[0]);
    for (int i = 0; i < m->exchanges.n; i++)
        add_exchange(out, &m->exchanges.v[i], day);
    for (int i = 0; i < m->hours.n; i++) {
        date_record(m, &m->hours.v[i], out);
        if (!hours_wholly_reversed(m, &m->hours.v[i]))
            count_record(m, &m->hours.v[i], out);
    }
    for (int i = 0; i < m->transfers.n; i++) {
        out[m->transfers.v[i].from].moves -= m->transfers.v[i].minutes;
        out[m->transfers.v[i].to].moves += m->transfers.v[i].minutes;
    }
    for (int i = 0; i < m->agreements.n; i++) {
        const struct m_agreement *a = &m->agreements.v[i];

        if (agreement_life(a, m->last_at) != M_OPEN)
            continue;
        for (int k = 0; k < a->n; k++) {
            int64_t left = a->pairs[k].minutes - a->pairs[k].recorded;
            out[a->pairs[k].from].given_pending += left;
            out[a->pairs[k].to].received_pending += left;
        }
    }
}

void m_counters(const struct m_figures *f, int64_t out[static M_COUNTERS])
{
    out[M_GIVEN_PENDING] = f->given_pending;
    out[M_GIVEN_POSTED] = f->given;
    out[M_MOVES] = f->moves;
    out[M_RECEIVED_PENDING] = f->received_pending;
    out[M_RECEIVED_POSTED] = f->received;
}

int64_t m_position(const struct m_figures *f)
{
    return f->given - f->received + f->moves;
}

struct m_line model_line(const struct model *m, const struct m_figures *f, int64_t at)
{
    const struct m_policy *policy = &m->network.policy;
    struct m_line line = {.floor = policy->limit_floor_new};

    if (f->given_count >= policy->limit_floor_new_gifts) {
        int64_t grown = policy->limit_floor_base + f->given_year / policy->limit_floor_divisor;

        if (grown > policy->limit_floor_max)
            grown = policy->limit_floor_max;
        /* Giving never narrows a line. */
        if (grown > line.floor)
            line.floor = grown;
    }
    if (at < m->crisis_until)
        line.floor = line.floor * policy->crisis_floor_permille / 1000;
    line.hard = line.floor * policy->limit_hard_permille / 1000;
    return line;
}
