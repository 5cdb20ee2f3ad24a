/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/flow_net.h"

#include <assert.h>
#include <stdlib.h>

void flow_heap_new(struct flow_heap *heap, uint32_t nodes, const void *keys,
                   bool (*less)(const void *keys, uint32_t a, uint32_t b))
{
    heap->keys = keys;
    heap->less = less;
    heap->at = flow_room(nodes, sizeof *heap->at);
    heap->node = flow_room(nodes, sizeof *heap->node);
    heap->size = 0;
}

void flow_heap_free(struct flow_heap *heap)
{
    free(heap->at);
    free(heap->node);
}

void flow_heap_clear(struct flow_heap *heap)
{
    for (uint32_t i = 0; i < heap->size; i++)
        heap->at[heap->node[i]] = 0;
    heap->size = 0;
}

static bool before(const struct flow_heap *heap, uint32_t a, uint32_t b)
{
    if (heap->less(heap->keys, a, b))
        return true;
    return a < b && !heap->less(heap->keys, b, a);
}

static void place(struct flow_heap *heap, uint32_t i, uint32_t node)
{
    heap->node[i] = node;
    heap->at[node] = i + 1;
}

void flow_heap_put(struct flow_heap *heap, uint32_t node)
{
    uint32_t i = heap->at[node] > 0 ? heap->at[node] - 1 : heap->size++;

    while (i > 0 && before(heap, node, heap->node[(i - 1) / 2])) {
        place(heap, i, heap->node[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(heap, i, node);
}

uint32_t flow_heap_take(struct flow_heap *heap)
{
    assert(heap->size > 0);

    uint32_t least = heap->node[0], moved = heap->node[--heap->size], i = 0;

    heap->at[least] = 0;
    while (heap->size > 0) {
        uint32_t child = 2 * i + 1;

        if (child + 1 < heap->size && before(heap, heap->node[child + 1], heap->node[child]))
            child++;
        if (child >= heap->size || before(heap, moved, heap->node[child]))
            break;
        place(heap, i, heap->node[child]);
        i = child;
    }
    if (heap->size > 0)
        place(heap, i, moved);
    return least;
}
