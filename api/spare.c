/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/spare.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_key_t at_hand; /* freed when its thread ends */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
    int failed = pthread_key_create(&at_hand, free);

    assert(!failed); /* of 1024 keys a process has */
}

void *spare_take(void)
{
    void *piece;

    pthread_once(&once, start);
    piece = pthread_getspecific(at_hand);
    if (!piece) {
        return malloc(SPARE_BYTES);
    }
    pthread_setspecific(at_hand, NULL);
    return piece;
}

void spare_give(void *piece)
{
    pthread_once(&once, start);
    if (pthread_getspecific(at_hand) || pthread_setspecific(at_hand, piece) != 0) {
        free(piece);
    }
}
