/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The audit of a log from a server or a folder (SPEC 13.4, 17): this file reads options and the
 * checkpoint, leads the leaves to ledger/audit.h, and compares the tree.
 */
#include "ledger/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_run.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/pin.h"
#include "crypto/text.h"
#include "ledger/evidence.h"

#define LEVEL_BITS  8
#define THREADS_MAX 256

/* --- What the engine asks for ----------------------------------------------------------------- */

static bool reread(void *ctx, uint64_t index, struct slice *leaf)
{
    struct audit_run *run = ctx;

    return log_source_leaf(run->source, index, leaf) == SOURCE_OK;
}

static void note_tile(struct audit_run *run, struct bad_tile tile)
{
    if (run->n_bad == run->bad_room) {
        size_t room = run->bad_room == 0 ? 64 : 2 * run->bad_room;
        struct bad_tile *grown = reallocarray(run->bad, room, sizeof *grown);
        if (grown == NULL) {
            run->rc = fail(CTL_FAILED, _("no memory"));
            return;
        }
        run->bad = grown;
        run->bad_room = room;
    }
    run->bad[run->n_bad++] = tile;
}

/* True for a tile that a log of the checkpoint's size has, when as many leaves were read. */
static bool is_named(const struct audit_run *run, unsigned level, uint64_t number, unsigned width)
{
    uint64_t hashes = run->head.size >> level * LEVEL_BITS;

    return number * SOURCE_TILE_WIDTH + width <= hashes &&
           (width == SOURCE_TILE_WIDTH || number * SOURCE_TILE_WIDTH + width == hashes);
}

static void tile(void *ctx, unsigned level, uint64_t number, const struct hash hashes[],
                 unsigned width)
{
    struct audit_run *run = ctx;
    struct hash found[SOURCE_TILE_WIDTH];

    if (run->rc != CTL_OK || !log_source_has_tiles(run->source) ||
        !is_named(run, level, number, width)) {
        return;
    }
    enum source_got got = log_source_tile(run->source, level, number, width, found);
    if (got == SOURCE_FAILED) {
        run->rc = log_source_exit(run->source);
    } else if (got != SOURCE_OK || memcmp(found, hashes, width * sizeof found[0]) != 0) {
        note_tile(run, (struct bad_tile){.level = level,
                                         .number = number,
                                         .width = width,
                                         .missing = got == SOURCE_NONE});
    }
}

/* --- Options ---------------------------------------------------------------------------------- */

static int take_key(struct audit_run *run, const char *text)
{
    struct log_pin *pin = NULL;
    char *path = NULL;

    if (text != NULL) {
        run->has_key = log_key_parse(text, run->origin, &run->log_key);
        return run->has_key ? CTL_OK
                            : fail(CTL_USAGE,
                                   _("--log-key: \"%s\" is no verifier key; one looks like "
                                     "ledger.example.org/brussels+1234abcd+A…"),
                                   text);
    }
    if (run->ctl->key_path == NULL) {
        return CTL_OK;
    }
    if (asprintf(&path, "%s.network.json", run->ctl->key_path) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = pin_read(path, &pin);
    free(path);
    if (pin != NULL) {
        memcpy(run->origin, pin->origin, sizeof run->origin);
        run->log_key = pin->log_key;
        run->has_key = true;
    }
    pin_free(pin);
    return rc;
}

static int take_held(struct audit_run *run, const struct args *a)
{
    const char *dir;
    int rc = CTL_OK, n = 0;

    for (; (dir = args_nth(a, "held", n)) != NULL && rc == CTL_OK; n++) {
        rc = held_add_folder(&run->held, dir, false);
    }
    return rc == CTL_OK && n == 0 && run->ctl->key_path != NULL
               ? held_add_key(&run->held, run->ctl->key_path)
               : rc;
}

static int by_name(const void *a, const void *b)
{
    const struct held *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : strcmp(x->path, y->path);
}

/* Witnesses whose cosignature under the checkpoint counts. */
static void take_witnesses(struct audit_run *run, struct args *a)
{
    const char *text;

    for (int i = 0; (text = args_nth(a, "witness", i)) != NULL; i++) {
        struct verifier_key *key = &run->witnesses[run->n_witnesses];
        if (run->n_witnesses == POLICY_WITNESSES_MAX) {
            args_fail(a, _("--witness: at most %d of them"), POLICY_WITNESSES_MAX);
            return;
        }
        if (!verifier_key_parse(key, text, strlen(text)) || key->type != KEY_COSIGNATURE) {
            args_fail(a, _("--witness: \"%s\" is no verifier key of a witness"), text);
            return;
        }
        run->n_witnesses++;
    }
}

static int take_options(struct audit_run *run, struct args *a, struct audit_config *config)
{
    int64_t threads = 0;

    args_int(a, "--threads", args_get(a, "threads"), 1, THREADS_MAX, &threads);
    config->threads = (unsigned)threads;
    config->waive = args_get(a, "waive");
    if (config->waive != NULL && !audit_waivable(config->waive)) {
        args_fail(a, _("--waive: \"%s\" is no code of a check that can be left out"),
                  config->waive);
    }
    take_witnesses(run, a);
    if ((args_get(a, "save") != NULL || args_get(a, "since") != NULL) &&
        run->ctl->key_path == NULL) {
        args_fail(a, _("--save and --since need --key: a resume point is signed by its auditor"));
    }
    if (a->bad) {
        return CTL_USAGE;
    }
    run->report.waived = config->waive;
    int rc = take_key(run, args_get(a, "log-key"));
    rc = rc == CTL_OK ? take_held(run, a) : rc;
    if (run->held.n > 0) {
        qsort(run->held.v, run->held.n, sizeof run->held.v[0], by_name);
    }
    return rc;
}

/* --- Reading ---------------------------------------------------------------------------------- */

static int read_head(struct audit_run *run)
{
    switch (log_source_checkpoint(run->source, &run->note, &run->note_len)) {
    case SOURCE_FAILED:
        return log_source_exit(run->source);
    case SOURCE_NONE:
        return fail(CTL_NOT_FOUND, _("there is no checkpoint"));
    case SOURCE_MALFORMED:
        return CTL_OK; /* too long to be one */
    case SOURCE_OK:
        break;
    }
    run->has_head = head_read(run->note, run->note_len, run->head_origin, &run->head) &&
                    run->head.size <= MERKLE_LEAVES_MAX;
    if (run->has_head && !run->has_key) {
        memcpy(run->origin, run->head_origin, sizeof run->origin);
    }
    run->is_cosigned = run->has_head && head_cosigned(run->note, run->note_len, run->witnesses,
                                                      run->n_witnesses);
    return CTL_OK;
}

/* Leads all leaves to the engine; a flaw of the source is a finding and ends the reading. */
static void read_leaves(struct audit_run *run, const char *what)
{
    struct audit *audit = run->report.audit;
    uint64_t done = run->report.since;
    struct slice leaves[SOURCE_TILE_WIDTH];
    char name[SOURCE_NAME_SIZE];
    enum source_got got = SOURCE_OK;
    size_t n = 1;

    log_source_start(run->source, run->head.size, done);
    progress_start(&run->progress, run->ctl, what, done, run->head.size);
    while (got == SOURCE_OK && n > 0 && run->rc == CTL_OK && audit_sound(audit)) {
        got = log_source_next(run->source, leaves, &n, name);
        if (got != SOURCE_FAILED) {
            audit_take(audit, leaves, n);
            done += n;
        }
        progress_step(&run->progress, done);
    }
    audit_settle(audit);
    progress_end(&run->progress);
    audit_figures(audit, &run->report.figures);
    if (got == SOURCE_FAILED) {
        run->rc = log_source_exit(run->source);
    } else if (got != SOURCE_OK) {
        audit_add(audit, got == SOURCE_NONE ? "bundle_missing" : "bundle_malformed", name, NULL,
                  NULL);
    } else if (run->report.figures.size != run->head.size) {
        char expected[24], found[24];
        snprintf(expected, sizeof expected, "%" PRIu64, run->head.size);
        snprintf(found, sizeof found, "%" PRIu64, run->report.figures.size);
        audit_add(audit, "size_mismatch", NULL, expected, found);
    }
}

/* --- The tree --------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct bad_tile *x = a, *y = b;

    if (x->level != y->level) {
        return x->level < y->level ? -1 : 1;
    }
    return x->number != y->number ? (x->number < y->number ? -1 : 1) : 0;
}

static void check_tiles(struct audit_run *run, bool whole)
{
    char name[SOURCE_NAME_SIZE];

    if (!log_source_has_tiles(run->source)) {
        run->report.unmade[UNMADE_TILES] = true;
        return;
    }
    if (run->n_bad > 0) {
        qsort(run->bad, run->n_bad, sizeof run->bad[0], by_place);
    }
    for (size_t i = 0; i < run->n_bad; i++) {
        const struct bad_tile *t = &run->bad[i];
        if (whole || t->width == SOURCE_TILE_WIDTH) {
            log_source_name(name, (int)t->level, t->number, t->width);
            audit_add(run->report.audit, t->missing ? "tile_missing" : "tile_mismatch", name, NULL,
                      NULL);
        }
    }
}

static void check_root(struct audit_run *run, bool whole)
{
    char made[HEX_SIZE(HASH_BYTES)], said[HEX_SIZE(HASH_BYTES)];

    run->report.unmade[UNMADE_ROOT] = !whole;
    if (whole && !hash_equal(&run->report.figures.root, &run->head.root)) {
        hex_encode(made, run->report.figures.root.b, HASH_BYTES);
        hex_encode(said, run->head.root.b, HASH_BYTES);
        audit_add(run->report.audit, "root_mismatch", NULL, made, said);
    }
}

/* The signature under the head, by the key given or that of the founding. False: no key. */
static bool check_signature(struct audit_run *run)
{
    struct log_head head;
    const char *why;

    if (!run->has_key && !run->report.figures.founded) {
        run->report.unmade[UNMADE_CHECKPOINT_SIGNATURE] = true;
        return false;
    }
    if (!run->has_key) {
        run->log_key = run->report.figures.log_key;
        run->report.unmade[UNMADE_LOG_KEY] = true;
    }
    run->is_signed =
        checkpoint_open(&head, run->note, run->note_len, run->origin, &run->log_key, &why);
    if (!run->is_signed) {
        audit_add(run->report.audit, "checkpoint_signature", NULL, run->origin, NULL);
    }
    return true;
}

/* --- Evidence --------------------------------------------------------------------------------- */

/* The proof comes from the tiles of the source; what it is worth the evidence itself decides. */
static char *make_evidence(struct audit_run *run, const struct signed_head *held)
{
    const struct head_note heads[2] = {{held->note, held->n}, {run->note, run->note_len}};
    struct hash proof[MERKLE_PROOF_MAX], root = run->head.root;
    size_t n = 0;

    if (!run->is_signed || held->head.size > run->head.size ||
        (held->head.size < run->head.size &&
         (!merkle_prove_consistency(log_source_node, run->source, held->head.size, run->head.size,
                                    proof, &n) ||
          !merkle_root(log_source_node, run->source, held->head.size, &root)))) {
        return NULL;
    }
    return evidence_make_fork(run->origin, &run->log_key, heads, &root, proof, n);
}

static void write_evidence(struct audit_run *run, const struct signed_head *held, const char *path)
{
    char *evidence = make_evidence(run, held);

    if (evidence == NULL) {
        fail(0, _("the evidence of two histories cannot be made: it takes a checkpoint that the "
                  "log's key signed, and its tiles of hashes"));
        return;
    }
    int rc = evidence_keep(run->ctl, path, evidence, "fork", held->head.size, run->head.size);
    run->rc = rc != CTL_OK ? rc : run->rc;
    free(evidence);
}

/* --- All -------------------------------------------------------------------------------------- */

static void check_all(struct audit_run *run, const struct args *a)
{
    const char *evidence = args_get(a, "evidence"), *save = args_get(a, "save");
    bool whole = run->report.figures.size == run->head.size;
    struct signed_head fork;

    if (save != NULL) {
        run->rc = audit_resume_save(run, save);
    }
    check_root(run, whole);
    check_tiles(run, whole);
    if (run->rc == CTL_OK && check_signature(run) && audit_held_compare(run, &fork) &&
        evidence != NULL) {
        write_evidence(run, &fork, evidence);
    }
}

static void set_unmade(struct audit_run *run)
{
    struct audit_report *r = &run->report;
    static const enum unmade always[] = {UNMADE_TIME_TRUTH, UNMADE_OMISSION, UNMADE_FORKS,
                                         UNMADE_DETAILS, UNMADE_IDLE_TICKS};

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        r->unmade[always[i]] = true;
    }
    r->unmade[UNMADE_FORKS] = !run->is_cosigned;
    r->unmade[UNMADE_WAIVED] = r->waived != NULL;
}

static int tell(struct audit_run *run)
{
    struct audit_report *r = &run->report;

    if (!report_collect(r)) {
        return fail(CTL_FAILED, _("no memory"));
    }
    r->origin = run->origin;
    r->unmade[UNMADE_DEMO_FUTURE] = r->figures.demo;
    r->unmade[UNMADE_ENTRIES] = !run->has_head || r->figures.unjudged > 0;
    if (!run->ctl->json) {
        report_write_words(r, stdout);
    } else if (!report_write_json(r, stdout)) {
        return fail(CTL_FAILED, _("no memory"));
    }
    return r->n_findings > 0 ? CTL_VERIFY : CTL_OK;
}

static int run_audit(struct audit_run *run, struct args *a, struct audit_config *config)
{
    const char *since = args_get(a, "since");
    int rc = read_head(run);

    log_source_start(run->source, run->head.size, 0);
    rc = rc == CTL_OK ? audit_held_prepare(run) : rc;
    if (rc == CTL_OK && args_get(a, "save") != NULL) {
        rc = ctl_unlock(run->ctl); /* asked for before the long work, not after it */
    }
    if (rc != CTL_OK) {
        return rc;
    }
    config->origin = run->origin;
    config->log_key = run->has_key ? &run->log_key : NULL;
    config->refusals = run->refusals;
    config->n_refusals = run->n_refusals;
    run->report.audit = audit_new(config);
    if (run->report.audit == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    set_unmade(run);
    if (!run->has_head) {
        audit_settle(run->report.audit);
        audit_add(run->report.audit, "checkpoint_malformed", NULL, NULL, NULL);
        return tell(run);
    }
    rc = since != NULL ? audit_resume_load(run, since) : CTL_OK;
    if (rc != CTL_OK) {
        return rc;
    }
    read_leaves(run, _("Audit"));
    if (run->rc == CTL_OK && !audit_sound(run->report.audit)) {
        run->rc = fail(CTL_FAILED, _("no memory"));
    }
    if (run->rc == CTL_OK) {
        check_all(run, a);
    }
    return run->rc == CTL_OK ? tell(run) : run->rc;
}

static int audit_log(struct ctl *ctl, struct args *a)
{
    struct audit_run *run = calloc(1, sizeof *run);
    struct audit_config config = {.reread = reread, .tile = tile, .ctx = run};

    if (run == NULL) {
        return fail(CTL_FAILED, _("no memory"));
    }
    run->ctl = ctl;
    int rc = take_options(run, a, &config);
    rc = rc == CTL_OK ? log_source_open(ctl, args_pos(a, 0), &run->source) : rc;
    rc = rc == CTL_OK ? run_audit(run, a, &config) : rc;
    report_free(&run->report);
    audit_free(run->report.audit);
    log_source_free(run->source);
    held_free(&run->held);
    free(run->refusals);
    free(run->bad);
    free(run->note);
    free(run);
    return rc;
}

static const struct opt audit_opts[] = {
    {"log-key", "KEY", N_("the log's verifier key (else the key's network file)"), false},
    {"held", "DIR", N_("receipts, checkpoints and refusals that were kept (else those of the key)"),
     true},
    {"evidence", "FILE", N_("where to write evidence of a second history, when there is one"),
     false},
    {"witness", "VKEY", N_("a witness whose cosignature under the checkpoint counts"), true},
    {"save", "FILE", N_("write a resume point, signed with our key"), false},
    {"since", "FILE", N_("go on from a resume point"), false},
    {"threads", "N", N_("how many threads (one a core)"), false},
    {"waive", "CODE", N_("leave one check out, and say so"), false},
    {NULL, NULL, NULL, false},
};

const struct verb audit_verbs[] = {
    {NULL, "[DIR]", 0, 1, audit_opts, audit_log,
     N_("judge every entry of the server's log, or of a folder, again by the rules")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
