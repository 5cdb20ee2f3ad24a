/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/pin.h"
#include "cli/session.h"
#include "cli/signing.h"
#include "crypto/random.h"
#include "crypto/text.h"

void new_id(char out[static ID_TEXT_SIZE], int64_t time_ms)
{
    uint8_t random[10];
    struct id id;

    random_fill(random, sizeof random);
    id_make(&id, time_ms, random);
    id_format(out, &id);
}

static void set(struct draft *d, const char *field, json_t *value)
{
    if (value == NULL || json_object_set_new(d->entry, field, value) != 0) {
        d->failed = true;
    }
}

/* What we saw of the log binds the server: a log that was rewritten refuses the entry. */
static void set_seen(struct draft *d)
{
    const struct log_pin *pin = d->ctl->pin;
    char root[HEX_SIZE(HASH_BYTES)];

    if (pin != NULL && pin->head.size > 0) {
        hex_encode(root, pin->head.root.b, HASH_BYTES);
        set(d, "seen", json_pack("{s:s,s:I}", "root", root, "size", (json_int_t)pin->head.size));
    }
}

int draft_start(struct draft *d, struct ctl *ctl, const char *kind)
{
    char id[ID_TEXT_SIZE];
    int64_t now = now_ms();

    memset(d, 0, sizeof *d);
    d->ctl = ctl;
    int rc = ctl_handle(ctl, &d->us);
    rc = rc == CTL_OK ? network_open(ctl) : rc;
    if (rc != CTL_OK) {
        return rc;
    }
    new_id(id, now);
    d->entry = json_object();
    draft_text(d, "by", d->us.s);
    draft_text(d, "id", id);
    draft_text(d, "kind", kind);
    draft_int(d, "valid_until", now + ctl->valid_days * MS_PER_DAY);
    set_seen(d);
    return CTL_OK;
}

void draft_free(struct draft *d)
{
    json_decref(d->entry);
    for (size_t i = 0; i < d->n_details; i++) {
        detail_free(&d->details[i]);
    }
    memset(d, 0, sizeof *d);
}

/* --- Fields ----------------------------------------------------------------------------------- */

void draft_text(struct draft *d, const char *field, const char *value)
{
    if (value != NULL) {
        set(d, field, json_string(value));
    }
}

void draft_int(struct draft *d, const char *field, int64_t value)
{
    set(d, field, json_integer(value));
}

void draft_flag(struct draft *d, const char *field, bool value)
{
    set(d, field, json_boolean(value));
}

void draft_handle(struct draft *d, const char *field, const struct handle *value)
{
    draft_text(d, field, value->s[0] != '\0' ? value->s : NULL);
}

void draft_ref(struct draft *d, const char *field, const struct ref *value)
{
    char text[REF_TEXT_SIZE];

    if (value->by.s[0] != '\0') {
        ref_format(text, value);
        draft_text(d, field, text);
    }
}

void draft_handles(struct draft *d, const char *field, const struct handles *value)
{
    json_t *list = json_array();

    for (size_t i = 0; i < value->n; i++) {
        json_array_append_new(list, json_string(value->v[i].s));
    }
    set(d, field, list);
}

void draft_slugs(struct draft *d, const char *field, const struct slugs *value)
{
    if (value->n == 0) {
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < value->n; i++) {
        json_array_append_new(list, json_string(value->v[i].s));
    }
    set(d, field, list);
}

static int compare_shares(const void *a, const void *b)
{
    const struct share *x = a, *y = b;
    int by_from = strcmp(x->from.s, y->from.s);

    return by_from != 0 ? by_from : strcmp(x->to.s, y->to.s);
}

void draft_shares(struct draft *d, const struct shares *value)
{
    struct shares sorted = *value;
    json_t *list = json_array();

    qsort(sorted.v, sorted.n, sizeof sorted.v[0], compare_shares);
    for (size_t i = 0; i < sorted.n; i++) {
        json_array_append_new(list,
                              json_pack("{s:s,s:I,s:s}", "from", sorted.v[i].from.s, "minutes",
                                        (json_int_t)sorted.v[i].minutes, "to", sorted.v[i].to.s));
    }
    set(d, "shares", list);
}

void draft_day(struct draft *d, const char *field, int32_t day)
{
    char text[DAY_SIZE];

    day_write(text, day);
    draft_text(d, field, text);
}

void draft_details(struct draft *d, const char *slot, const char *kind, json_t *text)
{
    struct detail *detail = &d->details[d->n_details];
    char commit[HEX_SIZE(HASH_BYTES)];

    if (d->n_details == DRAFT_DETAILS_MAX ||
        !detail_make(detail, d->ctl->origin, slot, kind, text, NULL)) {
        d->failed = true;
        fail(0, _("a text must be UTF-8 and at most %d bytes"), DETAIL_BYTES_MAX);
    } else {
        d->n_details++;
        hex_encode(commit, detail->commit.b, HASH_BYTES);
        draft_text(d, detail_field(slot), commit);
    }
    json_decref(text);
}

int draft_sign(struct draft *d)
{
    char *json = d->failed ? NULL : json_dumps(d->entry, JSON_COMPACT | JSON_SORT_KEYS);
    char *text = NULL;

    if (json == NULL || asprintf(&text, "%s/entry/v1\n%s\n", d->ctl->origin, json) < 0) {
        free(json);
        return fail(CTL_USAGE, _("the entry cannot be made from these arguments"));
    }
    free(json);
    int rc = signing_run(d->ctl, text, strlen(text), d->details, d->n_details);
    free(text);
    return rc;
}
