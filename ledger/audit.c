/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/audit_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_waived(struct audit *a, const char *word)
{
    if (word == NULL || !audit_waivable(word))
        return;
    a->waived = audit_static_code(word);
    (void)code_find(word, &a->waived_code);
}

struct audit *audit_new(const struct audit_config *config)
{
    struct audit *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->config = *config;
    snprintf(a->origin, sizeof a->origin, "%s", config->origin);
    a->config.origin = a->origin;
    a->has_log_key = config->log_key != NULL;
    if (a->has_log_key)
        a->log_key = *config->log_key;
    set_waived(a, config->waive);
    a->kv = audit_kv_new();
    a->marks = kv_memory_new(NULL);
    a->refused = calloc(config->n_refusals + 1, sizeof *a->refused);
    a->pool = audit_pool_new(a->origin, config->threads);
    if (a->kv == NULL || a->marks == NULL || a->refused == NULL || a->pool == NULL) {
        audit_free(a);
        return NULL;
    }
    state_attach(&a->state, a->kv);
    a->rules.state = &a->state;
    return a;
}

void audit_free(struct audit *a)
{
    if (a == NULL)
        return;
    audit_pool_free(a->pool);
    audit_kv_free(a->kv);
    kv_memory_free(a->marks);
    audit_tree_free(&a->tree);
    for (size_t i = 0; i < FINDING_GROUPS; i++)
        free(a->findings[i].v);
    free(a->unapplied);
    free(a->refused);
    free(a->held.buffer);
    free(a->again.buffer);
    free(a);
}

static void judge_batch(struct audit *a, struct audit_batch *batch)
{
    for (size_t i = 0; i < batch->n && !a->failed; i++)
        audit_judge(a, &batch->leaves[i]);
    audit_pool_release(a->pool);
}

void audit_take(struct audit *a, const struct slice leaves[], size_t n)
{
    struct audit_batch *batch;
    for (size_t i = 0; i < n && !a->failed; i++) {
        bool shut = false;
        if (!audit_pool_add(a->pool, leaves[i], &shut)) {
            a->failed = true;
            return;
        }
        /* The founding by itself, so that its keys are known for what comes next. */
        if (a->tree.size == 0) {
            audit_pool_flush(a->pool);
            judge_batch(a, audit_pool_oldest(a->pool, true));
        }
        while (shut && (batch = audit_pool_oldest(a->pool, false)) != NULL)
            judge_batch(a, batch);
        if (audit_pool_full(a->pool))
            judge_batch(a, audit_pool_oldest(a->pool, true));
    }
}

/* SPEC 7.2, in full. */
static void recount(struct audit *a)
{
    char why[160] = "";
    if (!a->state.network.founded || rules_recount(&a->state, why, sizeof why) || a->failed ||
        (a->waived != NULL && strcmp(a->waived, "invariant_broken") == 0))
        return;
    struct audit_finding *f = audit_new_finding(a, FINDING_LEAF, "invariant_broken");
    snprintf(f->found, sizeof f->found, "%s", why);
}

void audit_settle(struct audit *a)
{
    struct audit_batch *batch;
    audit_pool_flush(a->pool);
    while ((batch = audit_pool_oldest(a->pool, true)) != NULL)
        judge_batch(a, batch);
    if (a->failed)
        return;
    audit_held_here(a);
    audit_held_settle(a);
    recount(a);
    audit_tree_partial_tiles(a);
}

bool audit_sound(const struct audit *a)
{
    return !a->failed;
}

void audit_figures(struct audit *a, struct audit_figures *out)
{
    *out = (struct audit_figures){.size = a->tree.size,
                                  .entries = a->n_entries,
                                  .signatures = a->n_signatures,
                                  .unjudged = a->unjudged,
                                  .items = audit_kv_items(a->kv),
                                  .founded = a->state.network.founded};
    if (!audit_tree_root(a, a->tree.size, &out->root))
        a->failed = true;
    if (!out->founded)
        return;
    out->demo = a->state.network.found.demo;
    out->log_key = a->state.network.found.log_key;
    out->refusal_key = a->state.network.found.refusal_key;
}

bool audit_root_at(struct audit *a, uint64_t size, struct hash *out)
{
    return audit_tree_root(a, size, out);
}

struct state *audit_state(struct audit *a)
{
    return &a->state;
}
