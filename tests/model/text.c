/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* From an operation to the text of an entry: fields in any order in, one canonical line out. */
#include "tests/model/op.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 24

struct text {
    char *p;
    size_t n, room;
};

struct line { /* the fields of one object before they are sorted */
    int n;
    struct {
        const char *name;
        struct text value;
    } field[FIELDS_MAX];
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *format, ...)
{
    va_list args;

    for (;;) {
        size_t left = t->room - t->n;

        va_start(args, format);
        int n = vsnprintf(t->p ? t->p + t->n : NULL, t->p ? left : 0, format, args);
        va_end(args);
        assert(n >= 0);
        if (t->p && (size_t)n < left) {
            t->n += (size_t)n;
            return;
        }
        t->room = 2 * t->room + (size_t)n + 128;
        t->p = realloc(t->p, t->room);
        assert(t->p);
    }
}

static struct text *field(struct line *line, const char *name)
{
    assert(line->n < FIELDS_MAX);
    line->field[line->n].name = name;
    return &line->field[line->n++].value;
}

static void add_string(struct line *line, const char *name, const char *value)
{
    if (value[0])
        put(field(line, name), "\"%s\"", value);
}

static void add_int(struct line *line, const char *name, int64_t value)
{
    put(field(line, name), "%" PRId64, value);
}

static void add_flag(struct line *line, const char *name, bool value)
{
    put(field(line, name), value ? "true" : "false");
}

/* words[0] is "": an absent field. */
static void add_word(struct line *line, const char *name, const char *const *words, int word)
{
    add_string(line, name, words[word]);
}

static void add_handles(struct line *line, const char *name, const char handles[][M_HANDLE], int n)
{
    if (n == 0)
        return;
    struct text *t = field(line, name);
    for (int i = 0; i < n; i++)
        put(t, "%s\"%s\"", i ? "," : "[", handles[i]);
    put(t, "]");
}

static void add_panel(struct line *line, const struct op *op)
{
    add_handles(line, "panel", op->panel, op->n_panel);
}

/* Unless it is -1. */
static void add_size(struct line *line, const char *name, int64_t value)
{
    if (value >= 0)
        add_int(line, name, value);
}

static void add_list(struct line *line, const char *name, const char *const *words, int n)
{
    if (n == 0)
        return;
    struct text *t = field(line, name);
    for (int i = 0; i < n; i++)
        put(t, "%s\"%s\"", i ? "," : "[", words[i]);
    put(t, "]");
}

static void add_shares(struct line *line, const struct op *op)
{
    struct text *t = field(line, "shares");

    put(t, "[");
    for (int i = 0; i < op->n_shares; i++)
        put(t, "%s{\"from\":\"%s\",\"minutes\":%" PRId64 ",\"to\":\"%s\"}", i ? "," : "",
            op->shares[i].from, op->shares[i].minutes, op->shares[i].to);
    put(t, "]");
}

static const char *const scopes[] = {"", "admin", "sign", "propose"};
static const char *const slots[] = {"", "details", "people", "reason", "skills"};
static const char *const types[] = {"", "skill", "space", "equipment"};
static const char *const done_by[] = {"", "staff", "volunteers", "mixed"};
static const char *const areas[] = {"anderlecht", "forest", "zone-1"};
static const char *const languages[] = {"ara", "fr", "nl"};
static const char *const roles[] = {"", "coordinator", "panel"};

static void add_founding(struct line *line, const struct m_founding *f)
{
    add_string(line, "charter", f->charter);
    add_string(line, "clock_key", f->clock_key);
    add_string(line, "log_key", f->log_key);
    add_string(line, "refusal_key", f->refusal_key);
    add_flag(line, "demo", f->demo);
    struct text *t = field(line, "founders");
    for (int i = 0; i < f->n_founders; i++)
        put(t, "%s{\"handle\":\"%s\",\"key\":\"%s\"}", i ? "," : "[", f->founders[i].handle,
            f->founders[i].key);
    put(t, "]");
    t = field(line, "mandates");
    put(t, "[");
    for (int i = 0; i < f->n_mandates; i++)
        put(t, "%s{\"org\":\"%s\",\"role\":\"%s\",\"until\":%" PRId64 "}", i ? "," : "",
            f->founders[f->mandates[i].founder].handle, roles[f->mandates[i].role],
            f->mandates[i].until);
    put(t, "]");
    t = field(line, "policy");
    const char *comma = "{";
#define PUT_POLICY(key, min, max, usual) \
    put(t, "%s\"" #key "\":%" PRId64, comma, f->policy.key); \
    comma = ",";
    M_POLICY(PUT_POLICY)
#undef PUT_POLICY
    put(t, "}");
    put(field(line, "public"), "{\"bundles\":%s,\"directory\":%s}",
        f->public_bundles ? "true" : "false", f->public_directory ? "true" : "false");
    add_int(line, "rules_version", 1);
    t = field(line, "skills");
    for (int i = 0; i < f->n_skills; i++)
        put(t, "%s\"%s\"", i ? "," : "[", f->skills[i]);
    put(t, "]");
    add_string(line, "skills_details", f->skills_details);
}

static void add_directory_item(struct line *line, const struct op *op)
{
    add_word(line, "type", types, op->type);
    add_string(line, "skill", op->skill);
    add_int(line, "expires", op->expires);
    add_flag(line, "public", op->is_public);
    add_string(line, "details", op->details);
    add_list(line, "areas", areas, op->n_areas);
    add_list(line, "languages", languages, op->n_languages);
}

static void add_hours(struct line *line, const struct op *op)
{
    char day[11];

    m_day_text(day, op->day);
    add_shares(line, op);
    add_string(line, "day", day);
    add_string(line, "agreement", op->agreement);
    add_string(line, "need", op->need);
    if (op->gift >= 0)
        add_flag(line, "gift", op->gift == 1);
    add_string(line, "skill", op->skill);
    add_string(line, "details", op->details);
    add_word(line, "done_by", done_by, op->done_by);
}

static void add_org(struct line *line, const struct op *op)
{
    if (op->kind == M_ORG_LEAVE) {
        add_string(line, "to", op->to);
        return;
    }
    if (op->kind == M_ORG_CONFIRM)
        return;
    add_string(line, "details", op->details);
    add_flag(line, "public", op->is_public);
    add_size(line, "capacity", op->capacity);
    add_size(line, "fte", op->fte);
    if (op->kind == M_ORG_ADMIT) {
        add_string(line, "charter", op->charter);
        add_string(line, "key", op->key);
        add_string(line, "coordinator", op->coordinator);
        add_handles(line, "sponsors", op->handles, op->n_handles);
    }
}

static void add_agreement(struct line *line, const struct op *op)
{
    add_shares(line, op);
    add_int(line, "expires", op->expires);
    if (op->kind == M_AGREEMENT_CHANGE) {
        add_string(line, "agreement", op->ref);
        return;
    }
    add_string(line, "details", op->details);
    add_string(line, "people", op->people);
    add_string(line, "offer", op->offer);
    add_string(line, "need", op->need);
    add_word(line, "done_by", done_by, op->done_by);
    add_string(line, "cosigner", op->cosigner);
}

static void add_key(struct line *line, const struct op *op)
{
    add_string(line, "key", op->key);
    if (op->kind != M_KEY_ADD)
        return;
    add_word(line, "scope", scopes, op->scope);
    if (op->ceiling)
        add_int(line, "ceiling", op->ceiling);
}

static void add_publication(struct line *line, const struct op *op)
{
    add_directory_item(line, op);
    if (op->kind == M_OFFER_PUBLISH) {
        add_handles(line, "providers", op->handles, op->n_handles);
        if (op->minutes_month)
            add_int(line, "minutes_month", op->minutes_month);
    } else {
        add_int(line, "minutes", op->minutes);
        add_flag(line, "urgent", op->urgent);
    }
}

static void add_counters(struct line *line, const struct op *op)
{
    static const char *const names[M_COUNTERS] = {"given_pending", "given_posted", "moves",
                                                  "received_pending", "received_posted"};

    for (int i = 0; i < M_COUNTERS; i++)
        add_int(line, names[i], op->counters[i]);
}

static void add_reciprocity(struct line *line, const struct op *op)
{
    switch (op->kind) {
    case M_POOL_GIVE:
        add_int(line, "minutes", op->minutes);
        return;
    case M_PROMISE_EXCUSE:
        add_string(line, "agreement", op->ref);
        return;
    case M_STEP_APPEAL:
        return;
    case M_STATUS_GRANT:
        add_int(line, "class", op->class);
        add_int(line, "levy_permille", op->levy);
        add_int(line, "pool_permille", op->pool);
        break;
    case M_STEP_SET:
        add_int(line, "step", op->step);
        break;
    default:
        break;
    }
    add_string(line, "org", op->org);
    add_panel(line, op);
    add_string(line, "reason", op->reason);
    if (op->kind == M_STATUS_GRANT || op->kind == M_STEP_SET)
        add_int(line, "until", op->until);
}

static void add_own_fields(struct line *line, const struct op *op)
{
    switch (op->kind) {
    case M_NETWORK_FOUND:
        add_founding(line, op->founding);
        break;
    case M_ORG_ADMIT:
    case M_ORG_UPDATE:
    case M_ORG_CONFIRM:
    case M_ORG_LEAVE:
        add_org(line, op);
        break;
    case M_KEY_ADD:
    case M_KEY_REVOKE:
        add_key(line, op);
        break;
    case M_DETAILS_ERASE:
        add_string(line, "subject", op->ref);
        add_word(line, "slot", slots, op->slot);
        break;
    case M_OFFER_PUBLISH:
    case M_NEED_PUBLISH:
        add_publication(line, op);
        break;
    case M_OFFER_RENEW:
        add_int(line, "expires", op->expires);
        add_string(line, "offer", op->ref);
        break;
    case M_OFFER_WITHDRAW:
        add_string(line, "offer", op->ref);
        break;
    case M_NEED_VOUCH:
    case M_NEED_WITHDRAW:
        add_string(line, "need", op->ref);
        add_panel(line, op);
        break;
    case M_AGREEMENT_SIGN:
    case M_AGREEMENT_CHANGE:
        add_agreement(line, op);
        break;
    case M_AGREEMENT_CLOSE:
    case M_AGREEMENT_CANCEL:
        add_string(line, "agreement", op->ref);
        break;
    case M_HOURS_RECORD:
        add_hours(line, op);
        break;
    case M_HOURS_REVERSE:
        add_string(line, "hours", op->ref);
        add_shares(line, op);
        break;
    case M_ASSERTION_BALANCE:
        add_counters(line, op);
        break;
    case M_POOL_GIVE:
    case M_STATUS_GRANT:
    case M_STATUS_END:
    case M_PROMISE_EXCUSE:
    case M_STEP_SET:
    case M_STEP_END:
    case M_STEP_APPEAL:
        add_reciprocity(line, op);
        break;
    case M_CLOCK_TICK:
    case M_SEAL_BALANCES:
    case M_KIND_COUNT:
        abort(); /* ticks and seals are the log's own */
    }
}

static void add_common_fields(struct line *line, const struct op *op)
{
    char id[M_ID];

    snprintf(id, sizeof id, "%s", op->id);
    if (op->text_fault == M_TEXT_ID_VERSION)
        id[12] = '4';
    if (op->text_fault != M_TEXT_NO_ID)
        add_string(line, "id", id);
    if (op->text_fault == M_TEXT_EXTRA_FIELD)
        add_int(line, "minutos", 1);
    add_string(line, "by", op->by);
    add_string(line, "kind", m_kind_word(op->kind));
    add_int(line, "valid_until", op->valid_until);
    if (op->has_at)
        add_int(line, "at", op->at);
    if (op->has_seen)
        put(field(line, "seen"), "{\"root\":\"%s\",\"size\":%" PRIu64 "}", op->seen_root,
            op->seen_size);
}

static void sort_line(struct line *line)
{
    for (int i = 1; i < line->n; i++)
        for (int k = i; k > 0 && strcmp(line->field[k].name, line->field[k - 1].name) < 0; k--) {
            __typeof__(line->field[0]) swap = line->field[k];

            line->field[k] = line->field[k - 1];
            line->field[k - 1] = swap;
        }
}

char *op_text(const struct op *op, const char *origin, size_t *len)
{
    struct line line = {0};
    struct text out = {0};

    add_common_fields(&line, op);
    add_own_fields(&line, op);
    sort_line(&line);
    put(&out, "%s%s/entry/v1\n", origin, op->text_fault == M_TEXT_OTHER_NETWORK ? "x" : "");
    for (int i = 0; i < line.n; i++) {
        put(&out, "%s\"%s\":%s", i ? "," : "{", line.field[i].name, line.field[i].value.p);
        free(line.field[i].value.p);
    }
    put(&out, op->text_fault == M_TEXT_SPACE ? " }\n" : "}\n");
    *len = out.n;
    return out.p;
}

/* --- The calendar: years and months counted from the epoch, slow and plain to see ------------- */

static int days_of_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 366 : 365;
}

static int days_of_month(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return lengths[month] + (month == 1 && days_of_year(year) == 366);
}

void m_day_text(char out[static 11], int32_t day)
{
    int year = 1970, month = 0;

    for (; day >= days_of_year(year); year++)
        day -= days_of_year(year);
    for (; day >= days_of_month(year, month); month++)
        day -= days_of_month(year, month);
    snprintf(out, 11, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)(month + 1) % 100,
             (unsigned)(day + 1) % 100);
}

int64_t m_month_start(int month)
{
    bool late = month >= 12 * 30;
    int64_t days = late ? 10957 : 0; /* before 2000: half the way to most */

    for (int year = late ? 2000 : 1970; year < 1970 + month / 12; year++)
        days += days_of_year(year);
    for (int i = 0; i < month % 12; i++)
        days += days_of_month(1970 + month / 12, i);
    return days * M_DAY_MS;
}

int m_month(int64_t at)
{
    int month = (int)(at / (31 * M_DAY_MS)); /* never later than the right one */

    while (m_month_start(month + 1) <= at)
        month++;
    return month;
}
