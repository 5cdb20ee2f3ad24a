/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was held, against the log that was read (SPEC 17.1, 17.5). */
#include <stdlib.h>
#include <string.h>

#include "cli/audit_run.h"
#include "cli/i18n.h"
#include "crypto/note.h"
#include "crypto/text.h"
#include "ledger/kind.h"
#include "ledger/refusals.h"

/* --- Heads ------------------------------------------------------------------------------------ */

static bool read_size(const char *s, size_t n, uint64_t *out)
{
    *out = 0;
    if (n == 0 || n > 16 || (n > 1 && s[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return false;
        }
        *out = *out * 10 + (uint64_t)(s[i] - '0');
    }
    return true;
}

bool head_read(const char *bytes, size_t n, char origin[static ORIGIN_MAX + 1],
               struct log_head *out)
{
    struct note note;

    if (note_parse(&note, bytes, n) != NOTE_OK) {
        return false;
    }
    const char *end = note.text + note.text_len;
    const char *one = memchr(note.text, '\n', note.text_len);
    const char *two = one != NULL ? memchr(one + 1, '\n', (size_t)(end - one - 1)) : NULL;
    const char *three = two != NULL ? memchr(two + 1, '\n', (size_t)(end - two - 1)) : NULL;
    if (three == NULL || three + 1 != end || !origin_valid(note.text, (size_t)(one - note.text)) ||
        !read_size(one + 1, (size_t)(two - one - 1), &out->size) ||
        !base64_decode_exact(out->root.b, HASH_BYTES, two + 1, (size_t)(three - two - 1))) {
        return false;
    }
    memcpy(origin, note.text, (size_t)(one - note.text));
    origin[one - note.text] = '\0';
    return true;
}

static bool cosigned_by(const struct note *note, const struct verifier_key *witness)
{
    uint64_t time;

    for (size_t i = 0; i < note->n_sigs; i++) {
        if (note_sig_is_by(&note->sigs[i], witness) &&
            note_verify_cosignature(note, i, &witness->key, &time) == NOTE_OK) {
            return true;
        }
    }
    return false;
}

bool head_cosigned(const char *bytes, size_t n, const struct verifier_key witnesses[],
                   size_t n_witnesses)
{
    struct note note;

    if (note_parse(&note, bytes, n) != NOTE_OK) {
        return false;
    }
    for (size_t i = 0; i < n_witnesses; i++) {
        if (cosigned_by(&note, &witnesses[i])) {
            return true;
        }
    }
    return false;
}

/* --- Refusals --------------------------------------------------------------------------------- */

/* The key that network.found names, from the first leaf. */
static bool refusal_key(struct audit_run *run, struct public_key *out)
{
    static struct entry entry;
    struct refusal why = {.code = CODE_OK};
    struct slice leaf;
    struct note note;
    const char *bytes;
    int64_t at;
    size_t n;

    if (run->head.size == 0 || log_source_leaf(run->source, 0, &leaf) != SOURCE_OK ||
        !leaf_split((const char *)leaf.data, leaf.size, &at, &bytes, &n) ||
        note_parse(&note, bytes, n) != NOTE_OK ||
        !entry_decode(&entry, run->origin, note.text, note.text_len, &why) ||
        entry.kind->id != KIND_NETWORK_FOUND) {
        return false;
    }
    *out = entry.network_found.refusal_key;
    return true;
}

/* True when it is signed and speaks of the entry that lies beside it. */
static bool open_refusal(const struct audit_run *run, const struct held *h,
                         const struct public_key *key, struct refusal_note *out)
{
    static struct entry entry;
    struct refusal why = {.code = CODE_OK};
    struct note note;
    const char *word;

    return h->beside != NULL && refusal_open(out, h->bytes, h->n, run->origin, key, &word) &&
           note_parse(&note, h->beside, h->beside_n) == NOTE_OK &&
           entry_decode(&entry, run->origin, note.text, note.text_len, &why) &&
           refusal_is_of(out, &entry);
}

static int by_size(const void *a, const void *b)
{
    const struct audit_refusal *x = a, *y = b;

    return x->size != y->size ? (x->size < y->size ? -1 : 1) : strcmp(x->name, y->name);
}

int audit_held_prepare(struct audit_run *run)
{
    struct public_key key;
    struct refusal_note refusal;

    run->refusals = calloc(run->held.n + 1, sizeof *run->refusals);
    if (run->refusals == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    bool any = false;
    for (size_t i = 0; i < run->held.n; i++) {
        any = any || run->held.v[i].type == HELD_REFUSAL;
    }
    if (!any || !run->has_head || !refusal_key(run, &key)) {
        return CTL_OK;
    }
    for (size_t i = 0; i < run->held.n; i++) {
        const struct held *h = &run->held.v[i];
        if (h->type != HELD_REFUSAL || !open_refusal(run, h, &key, &refusal)) {
            continue;
        }
        run->refusals[run->n_refusals++] =
            (struct audit_refusal){.size = refusal.head.size,
                                   .at = refusal.at,
                                   .note = h->beside,
                                   .note_len = h->beside_n,
                                   .code = code_word(refusal.why.code),
                                   .entry_hash = refusal.entry_hash,
                                   .name = h->name};
    }
    qsort(run->refusals, run->n_refusals, sizeof run->refusals[0], by_size);
    return CTL_OK;
}

/* --- Comparing -------------------------------------------------------------------------------- */

struct comparison {
    struct audit_run *run;
    size_t checked, newer, older;
    struct signed_head *fork; /* NULL once it is filled */
};

static void add(const struct comparison *c, const char *code, const struct held *h)
{
    audit_add(c->run->report.audit, code, h->name, NULL, NULL);
}

static int cannot_reread(const struct audit_run *run)
{
    int rc = log_source_exit(run->source);

    return rc != CTL_OK ? rc : fail(CTL_FAILED, _("an entry that was there cannot be read again"));
}

/* Whether the tree of the head's size is what the log's key signed. */
static void compare_head(struct comparison *c, const struct held *h, const struct signed_head *head)
{
    struct hash root;

    if (head->head.size > c->run->report.figures.size) {
        c->newer++;
        return;
    }
    c->checked++;
    if (!audit_root_at(c->run->report.audit, head->head.size, &root)) {
        c->run->rc = cannot_reread(c->run);
    } else if (!hash_equal(&root, &head->head.root)) {
        add(c, "head_fork", h);
        if (c->fork != NULL) {
            *c->fork = *head;
            c->fork = NULL;
        }
    }
}

static bool leaf_is(struct comparison *c, uint64_t index, const struct held *h)
{
    struct slice leaf;

    if (index >= c->run->report.figures.size) {
        return true; /* its head is newer, too */
    }
    if (log_source_leaf(c->run->source, index, &leaf) != SOURCE_OK) {
        c->run->rc = cannot_reread(c->run);
        return true;
    }
    return leaf.size == h->beside_n && memcmp(leaf.data, h->beside, leaf.size) == 0;
}

static void compare_receipt(struct comparison *c, const struct held *h)
{
    struct signed_head head;
    const char *why;
    uint64_t index;

    if (h->beside == NULL ||
        !receipt_verify(h->bytes, h->n, h->beside, h->beside_n, c->run->origin, &c->run->log_key,
                        &index, &head.head, &why) ||
        !receipt_note(h->bytes, h->n, &head.note, &head.n)) {
        add(c, "receipt_malformed", h);
    } else if (!leaf_is(c, index, h)) {
        c->checked++;
        add(c, "receipt_leaf", h);
        if (c->fork != NULL && head.head.size <= c->run->report.figures.size) {
            *c->fork = head;
            c->fork = NULL;
        }
    } else {
        compare_head(c, h, &head);
    }
}

static void compare_checkpoint(struct comparison *c, const struct held *h)
{
    struct signed_head head = {.note = h->bytes, .n = h->n};
    char origin[ORIGIN_MAX + 1];
    const char *why;

    if (!head_read(h->bytes, h->n, origin, &head.head) ||
        !checkpoint_open(&head.head, h->bytes, h->n, c->run->origin, &c->run->log_key, &why)) {
        add(c, "receipt_malformed", h);
    } else {
        compare_head(c, h, &head);
    }
}

/* True when the audit itself had something to say about this refusal. */
static bool was_found(const struct audit_run *run, const struct held *h)
{
    for (size_t i = 0; i < run->n_refusals; i++) {
        if (run->refusals[i].note == h->beside) {
            return audit_refusal_found(run->report.audit, i);
        }
    }
    return false;
}

static void compare_refusal(struct comparison *c, const struct held *h)
{
    const struct audit_report *report = &c->run->report;
    struct refusal_note refusal;
    struct hash root;

    if (!report->figures.founded ||
        !open_refusal(c->run, h, &report->figures.refusal_key, &refusal)) {
        add(c, "refusal_malformed", h);
        return;
    }
    if (refusal.head.size > report->figures.size) {
        c->newer++;
        return;
    }
    c->checked++;
    if (was_found(c->run, h)) {
        return;
    }
    if (!audit_root_at(report->audit, refusal.head.size, &root)) {
        c->run->rc = cannot_reread(c->run);
    } else if (!hash_equal(&root, &refusal.head.root)) {
        add(c, "refusal_unfounded", h);
    } else if (report->has_since && refusal.head.size < report->since) {
        c->older++;
    }
}

bool audit_held_compare(struct audit_run *run, struct signed_head *fork)
{
    struct comparison c = {.run = run, .fork = fork};

    for (size_t i = 0; i < run->held.n && run->rc == CTL_OK; i++) {
        const struct held *h = &run->held.v[i];
        switch (h->type) {
        case HELD_RECEIPT:
            compare_receipt(&c, h);
            break;
        case HELD_HEAD:
            compare_checkpoint(&c, h);
            break;
        case HELD_REFUSAL:
            compare_refusal(&c, h);
            break;
        }
    }
    run->report.unmade[UNMADE_OMISSION] = c.checked == 0;
    run->report.unmade[UNMADE_HELD_NEWER] = c.newer > 0;
    run->report.held_newer = c.newer;
    run->report.unmade[UNMADE_HELD_OLDER] = c.older > 0;
    run->report.held_older = c.older;
    return c.fork == NULL;
}
