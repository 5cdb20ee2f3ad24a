/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/held_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/extends.h"
#include "cli/i18n.h"
#include "cli/log_source.h"
#include "cli/pin.h"
#include "cli/session.h"
#include "cli/table.h"
#include "crypto/text.h"
#include "ledger/evidence.h"

/* A thing that we hold, opened: its head is signed by the log's key. */
struct item {
    const struct held *held;
    struct signed_head head;
    uint64_t index;       /* of a receipt */
    enum extends extends; /* the same for equal heads */
};

struct check {
    struct ctl *ctl;
    const char *evidence_path;
    struct signed_head live;
    struct log_source *source;
    struct item *items; /* receipts and heads, by size */
    size_t n_items, n_receipts, n_refusals;
    json_t *findings;
    bool has_evidence;
    int rc; /* the first failure that is no finding */
};

/* --- Findings --------------------------------------------------------------------------------- */

static void finding(struct check *c, const char *file, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void finding(struct check *c, const char *file, const char *code, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0) {
        c->rc = fail(CTL_FAILED, _("no memory"));
        return;
    }
    json_array_append_new(c->findings,
                          json_pack("{s:s,s:s,s:s}", "file", file, "code", code, "text", text));
    if (!c->ctl->json) {
        printf("%s: %s\n", file, text);
    }
    free(text);
}

/* --- Opening ---------------------------------------------------------------------------------- */

static void open_receipt(struct check *c, const struct held *h)
{
    struct item item = {.held = h};
    const char *why = _("its leaf is not there");

    if (h->beside == NULL ||
        !receipt_verify(h->bytes, h->n, h->beside, h->beside_n, c->ctl->origin, &c->ctl->log_key,
                        &item.index, &item.head.head, &why) ||
        !receipt_note(h->bytes, h->n, &item.head.note, &item.head.n)) {
        finding(c, h->name, "receipt_malformed", _("it does not verify: %s"), why);
        return;
    }
    c->n_receipts++;
    c->items[c->n_items++] = item;
}

static void open_head(struct check *c, const struct held *h)
{
    struct item item = {.held = h, .head = {.note = h->bytes, .n = h->n}};
    const char *why;

    if (!checkpoint_open(&item.head.head, h->bytes, h->n, c->ctl->origin, &c->ctl->log_key, &why)) {
        finding(c, h->name, "checkpoint_malformed", _("it does not verify: %s"), why);
        return;
    }
    c->items[c->n_items++] = item;
}

static int by_size(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->head.head.size != y->head.head.size) {
        return x->head.head.size < y->head.head.size ? -1 : 1;
    }
    int order = memcmp(x->head.head.root.b, y->head.head.root.b, HASH_BYTES);
    return order != 0 ? order : strcmp(x->held->name, y->held->name);
}

static int open_all(struct check *c, const struct held_list *list)
{
    c->items = calloc(list->n + 1, sizeof *c->items);
    c->findings = json_array();
    if (c->items == NULL || c->findings == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    for (size_t i = 0; i < list->n; i++) {
        switch (list->v[i].type) {
        case HELD_RECEIPT:
            open_receipt(c, &list->v[i]);
            break;
        case HELD_HEAD:
            open_head(c, &list->v[i]);
            break;
        case HELD_REFUSAL:
            break; /* these come when the log is known to be ours */
        }
    }
    qsort(c->items, c->n_items, sizeof c->items[0], by_size);
    return CTL_OK;
}

/* --- Heads ------------------------------------------------------------------------------------ */

static int live_head(struct check *c, struct reply *reply)
{
    const char *why;
    int rc = get(c->ctl, reply, "/v1/checkpoint");
    const json_t *note = json_object_get(reply->json, "note");

    if (rc != CTL_OK) {
        return rc;
    }
    c->live.note = json_string_value(note);
    c->live.n = json_string_length(note);
    if (c->live.note == NULL || !checkpoint_open(&c->live.head, c->live.note, c->live.n,
                                                 c->ctl->origin, &c->ctl->log_key, &why)) {
        return fail(CTL_VERIFY, _("the checkpoint of %s does not verify: %s"), c->ctl->url,
                    c->live.note == NULL ? _("there is none") : why);
    }
    return CTL_OK;
}

static bool same_head(const struct signed_head *a, const struct signed_head *b)
{
    return a->head.size == b->head.size && hash_equal(&a->head.root, &b->head.root);
}

static void tell_head(struct check *c, const struct item *item)
{
    uint64_t size = item->head.head.size, live = c->live.head.size;

    switch (item->extends) {
    case EXTENDS_YES:
    case EXTENDS_FAILED:
        break;
    case EXTENDS_SHORTER:
        finding(c, item->held->name, "head_newer",
                _("the log's key signed %" PRIu64 " entries, the server shows %" PRIu64
                  ": the log is shorter than what we hold. A restored backup that goes on from "
                  "here makes a second history; once it has grown past %" PRIu64
                  ", this command finds the evidence"),
                size, live, size);
        break;
    case EXTENDS_FORK:
        finding(c, item->held->name, "head_fork",
                _("the log's key signed another history: its %" PRIu64
                  " entries are not the first of the %" PRIu64 " that the server shows"),
                size, live);
        break;
    case EXTENDS_UNPROVEN:
        finding(c, item->held->name, "head_unproven",
                _("the server gives no proof that its %" PRIu64 " entries begin with the %" PRIu64
                  " that the log's key signed"),
                live, size);
        break;
    }
}

static void check_heads(struct check *c)
{
    for (size_t i = 0; i < c->n_items && c->rc == CTL_OK; i++) {
        struct item *item = &c->items[i];
        char *evidence = NULL;
        if (i > 0 && same_head(&item->head, &c->items[i - 1].head)) {
            item->extends = c->items[i - 1].extends;
        } else {
            item->extends = head_extends(c->ctl, &item->head, &c->live, &evidence, &c->rc);
        }
        if (evidence != NULL && !c->has_evidence) {
            c->has_evidence = true;
            c->rc = evidence_keep(c->ctl, c->evidence_path, evidence, "fork", item->head.head.size,
                                  c->live.head.size);
        }
        free(evidence);
        tell_head(c, item);
    }
}

/* --- Leaves ----------------------------------------------------------------------------------- */

/* The tree of our head is in theirs, so the leaf is; that their tiles say the same is seen here. */
static void check_leaf(struct check *c, const struct item *item)
{
    struct hash hashes[SOURCE_TILE_WIDTH], leaf;
    uint64_t number = item->index / SOURCE_TILE_WIDTH;
    uint64_t left = c->live.head.size - number * SOURCE_TILE_WIDTH;
    unsigned width = left < SOURCE_TILE_WIDTH ? (unsigned)left : SOURCE_TILE_WIDTH;

    switch (log_source_tile(c->source, 0, number, width, hashes)) {
    case SOURCE_FAILED:
        c->rc = log_source_exit(c->source);
        break;
    case SOURCE_NONE:
    case SOURCE_MALFORMED:
        finding(c, item->held->name, "tile_missing",
                _("the server does not show the hash of entry %" PRIu64), item->index);
        break;
    case SOURCE_OK:
        merkle_leaf(&leaf, item->held->beside, item->held->beside_n);
        if (!hash_equal(&leaf, &hashes[item->index % SOURCE_TILE_WIDTH])) {
            finding(c, item->held->name, "receipt_leaf",
                    _("the server shows another entry %" PRIu64 " than the one of the receipt"),
                    item->index);
        }
        break;
    }
}

static void check_leaves(struct check *c)
{
    for (size_t i = 0; i < c->n_items && c->rc == CTL_OK; i++) {
        if (c->items[i].held->type == HELD_RECEIPT && c->items[i].index < c->live.head.size) {
            check_leaf(c, &c->items[i]);
        }
    }
}

/* --- Refusals --------------------------------------------------------------------------------- */

static void found_logged(struct check *c, const struct held *h, const struct refusal_note *refusal,
                         const json_t *entry)
{
    const char *leaf = json_string_value(json_object_get(entry, "leaf"));
    const char *receipt = json_string_value(json_object_get(entry, "receipt"));
    uint64_t index = (uint64_t)json_integer_value(json_object_get(entry, "index"));

    finding(c, h->name, "refused_logged",
            _("it was refused for good with %" PRIu64 " entries in the log, and stands there as "
              "entry %" PRIu64),
            refusal->head.size, index);
    char *evidence =
        leaf != NULL && receipt != NULL
            ? evidence_make_refusal(c->ctl->origin, &c->ctl->log_key, &c->ctl->refusal_key, leaf,
                                    receipt, h->bytes)
            : NULL;
    if (evidence != NULL && !c->has_evidence) {
        c->has_evidence = true;
        c->rc =
            evidence_keep(c->ctl, c->evidence_path, evidence, "refusal", refusal->head.size, index);
    }
    free(evidence);
}

static void check_refusal(struct check *c, const struct held *h)
{
    char ref[REF_TEXT_SIZE], path[REF_TEXT_SIZE + sizeof "/v1/entries/"];
    struct refusal_note refusal;
    struct reply reply;
    const char *why;

    if (!refusal_open(&refusal, h->bytes, h->n, c->ctl->origin, &c->ctl->refusal_key, &why)) {
        finding(c, h->name, "refusal_malformed", _("it does not verify: %s"), why);
        return;
    }
    ref_format(ref, &refusal.ref);
    snprintf(path, sizeof path, "/v1/entries/%s", ref);
    int rc = request_quiet(c->ctl, "GET", path, NULL, NULL, 0, &reply);
    if (rc != CTL_OK) {
        c->rc = rc;
    } else if (reply.status == 200) {
        found_logged(c, h, &refusal, reply.json);
    } else if (reply.status == 404) {
        c->n_refusals++;
    } else {
        c->rc = fail(CTL_KEY, _("whether %s is in the log cannot be seen: the server answers %ld"),
                     ref, reply.status);
    }
    reply_free(&reply);
}

/* --- All -------------------------------------------------------------------------------------- */

/* "1 head", "2 heads". */
static const char *counted(char out[static 40], size_t n, const char *one, const char *more)
{
    snprintf(out, 40, "%zu %s", n, n == 1 ? one : more);
    return out;
}

static void tell_all_holds(const struct check *c, const char *root)
{
    char receipts[40], heads[40], refusals[40];

    printf(_("All holds: %s, %s and %s agree with the log of %" PRIu64 " entries with root %s.\n"),
           counted(receipts, c->n_receipts, _("receipt"), _("receipts")),
           counted(heads, c->n_items - c->n_receipts, _("head"), _("heads")),
           counted(refusals, c->n_refusals, _("refusal"), _("refusals")), c->live.head.size, root);
}

static void tell(const struct check *c)
{
    char root[HEX_SIZE(HASH_BYTES)];
    size_t n = json_array_size(c->findings);

    hex_encode(root, c->live.head.root.b, HASH_BYTES);
    if (c->ctl->json) {
        json_t *o =
            json_pack("{s:O,s:I,s:s,s:I,s:I,s:s,s:I}", "findings", c->findings, "heads",
                      (json_int_t)(c->n_items - c->n_receipts), "origin", c->ctl->origin,
                      "receipts", (json_int_t)c->n_receipts, "refusals", (json_int_t)c->n_refusals,
                      "root", root, "size", (json_int_t)c->live.head.size);
        print_json(o);
        json_decref(o);
    } else if (n == 0) {
        tell_all_holds(c, root);
    } else {
        char things[40];
        printf(_("Of what we hold, %s not agree with the log of %" PRIu64 " entries with root %s. "
                 "Keep it, and ask the operator.\n"),
               counted(things, n, _("thing does"), _("things do")), c->live.head.size, root);
    }
}

/* The key given must be that of the server; without one the key's network file has compared it. */
static int trust(struct ctl *ctl, const char *log_key)
{
    char origin[ORIGIN_MAX + 1];
    struct public_key key;

    if (log_key == NULL) {
        return CTL_OK;
    }
    if (!log_key_parse(log_key, origin, &key)) {
        return fail(CTL_USAGE, _("--log-key: \"%s\" is no verifier key"), log_key);
    }
    if (strcmp(origin, ctl->origin) != 0 || !public_key_equal(&key, &ctl->log_key)) {
        return fail(CTL_VERIFY, _("%s is not the log of that key"), ctl->url);
    }
    return CTL_OK;
}

static void run(struct check *c, const struct held_list *list)
{
    check_heads(c);
    if (c->rc == CTL_OK) {
        check_leaves(c);
    }
    for (size_t i = 0; i < list->n && c->rc == CTL_OK; i++) {
        if (list->v[i].type == HELD_REFUSAL) {
            check_refusal(c, &list->v[i]);
        }
    }
    if (c->rc == CTL_OK && json_array_size(c->findings) == 0) {
        c->rc = pin_head(c->ctl, &c->live);
    }
    if (c->rc == CTL_OK) {
        tell(c);
        c->rc = json_array_size(c->findings) == 0 ? CTL_OK : CTL_VERIFY;
    }
}

int held_check(struct ctl *ctl, const struct held_list *list, const char *log_key,
               const char *evidence)
{
    struct check c = {.ctl = ctl, .evidence_path = evidence};
    struct reply checkpoint = {0};

    c.rc = network_open(ctl);
    c.rc = c.rc == CTL_OK ? trust(ctl, log_key) : c.rc;
    c.rc = c.rc == CTL_OK ? live_head(&c, &checkpoint) : c.rc;
    c.rc = c.rc == CTL_OK ? log_source_open(ctl, NULL, &c.source) : c.rc;
    c.rc = c.rc == CTL_OK ? open_all(&c, list) : c.rc;
    if (c.rc == CTL_OK) {
        log_source_start(c.source, c.live.head.size, 0);
        run(&c, list);
    }
    log_source_free(c.source);
    json_decref(c.findings);
    free(c.items);
    reply_free(&checkpoint);
    return c.rc;
}
