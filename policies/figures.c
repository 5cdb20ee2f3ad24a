/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/figures.h"

#include <assert.h>
#include <stdlib.h>

#include "policies/circulation.h"
#include "policies/components.h"
#include "policies/evenness.h"
#include "policies/one_way.h"

/* A layer's flows between the organisations that count, numbered 0..orgs-1 without gaps. */
struct network {
    struct flow *flows;
    size_t n, orgs;
    uint32_t *number; /* of each organisation as it came, if it counts */
    int64_t *given, *received;
};

static bool network_new(struct network *net, size_t n, size_t orgs)
{
    *net = (struct network){0};
    net->flows = calloc(n + 1, sizeof *net->flows);
    net->number = calloc(orgs + 1, sizeof *net->number);
    net->given = calloc(orgs + 1, sizeof *net->given);
    net->received = calloc(orgs + 1, sizeof *net->received);
    return net->flows && net->number && net->given && net->received;
}

static void network_free(struct network *net)
{
    free(net->flows);
    free(net->number);
    free(net->given);
    free(net->received);
}

/* Numbers those that count, in their own order, so that the flows stay sorted. */
static void number_them(struct network *net, const struct help *help, size_t n,
                        const bool *member, size_t orgs)
{
    for (size_t i = 0; i < orgs; i++)
        net->number[i] = member[i];
    for (size_t i = 0; i < n; i++) {
        assert(help[i].from < orgs && help[i].to < orgs);
        if (help[i].minutes > 0)
            net->number[help[i].from] = net->number[help[i].to] = 1;
    }
    for (size_t i = 0; i < orgs; i++)
        net->number[i] = net->number[i] ? (uint32_t)net->orgs++ : 0;
}

static void network_read(struct network *net, const struct help *help, size_t n,
                         const bool *member, size_t orgs, enum layer layer)
{
    number_them(net, help, n, member, orgs);
    net->n = layer_flows(help, n, layer, net->flows);
    for (size_t i = 0; i < net->n; i++) {
        net->flows[i].from = net->number[net->flows[i].from];
        net->flows[i].to = net->number[net->flows[i].to];
    }
    reciprocity_totals(net->flows, net->n, net->given, net->received, net->orgs);
}

/* The figures that need no more than what each gave and received. Eats given[]. */
static void measure_totals(struct network *net, struct layer_figures *out)
{
    out->orgs = net->orgs;
    for (size_t i = 0; i < net->orgs; i++)
        out->minutes += net->given[i];
    out->displaced = reciprocity_displaced_share(net->given, net->received, net->orgs);
    out->giving = reciprocity_concentration(net->given, net->orgs);
    out->receiving = reciprocity_concentration(net->received, net->orgs);
    for (size_t i = 0; i < net->orgs; i++)
        net->given[i] -= net->received[i];
    out->positions = evenness_of_positions(net->given, net->orgs);
}

static bool measure_flows(const struct network *net, struct layer_figures *out)
{
    size_t core;

    if (!components_core(net->flows, net->n, net->orgs, &core) ||
        !one_way(net->flows, net->n, net->orgs, &out->one_way))
        return false;
    out->core = ratio_of((__int128)core, (__int128)net->orgs);
    out->direct = reciprocity_direct(net->flows, net->n);
    out->round = circulation_share(net->flows, net->n, net->orgs);
    return true;
}

bool figures_of_layer(const struct help *help, size_t n, const bool *member, size_t orgs,
                      enum layer layer, struct layer_figures *out)
{
    struct layer_figures figures = {0};
    struct network net;
    bool ok = network_new(&net, n, orgs);

    if (ok) {
        network_read(&net, help, n, member, orgs, layer);
        measure_totals(&net, &figures);
        ok = measure_flows(&net, &figures);
    }
    if (ok)
        *out = figures;
    network_free(&net);
    return ok;
}

void figures_own_sums(const struct help *help, size_t n, uint32_t org, struct own_sums *out)
{
    *out = (struct own_sums){0};
    for (size_t i = 0; i < n; i++) {
        if (help[i].from != org && help[i].to != org)
            continue;
        for (enum layer layer = LAYER_HELP; layer < LAYERS; layer++) {
            struct flow flow;

            if (layer_flows(&help[i], 1, layer, &flow) == 0)
                continue;
            if (flow.from == org) {
                out->given[layer] += flow.minutes;
            } else {
                out->received[layer] += flow.minutes;
                reciprocity_dependency_add(&out->providers[layer], &flow);
            }
        }
    }
}

void figures_own(const struct line *line, int64_t position, int64_t fte100,
                 const struct own_sums *sums, struct own_figures *out)
{
    out->line_use = reciprocity_line_use(line, position);
    out->burden = burden_of(sums->given[LAYER_HELP], fte100);
    for (enum layer layer = LAYER_HELP; layer < LAYERS; layer++) {
        out->exchange_index[layer] =
            reciprocity_exchange_index(sums->given[layer], sums->received[layer]);
        out->dependency[layer] = reciprocity_dependency(&sums->providers[layer]);
    }
}
