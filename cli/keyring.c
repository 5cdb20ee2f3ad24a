/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/i18n.h"
#include "cli/keyfile_json.h"
#include "cli/passphrase.h"

struct ring_key {
    struct handle handle;
    struct secret_key *key;
};

struct keyring {
    const char *dir;
    bool warned;        /* of a file that others can read: once is enough for a folder */
    struct ring_key *v; /* sorted by handle */
    size_t n, room;
};

struct keyring *keyring_new(const char *dir)
{
    struct keyring *ring = calloc(1, sizeof *ring);

    if (ring != NULL) {
        ring->dir = dir;
    }
    return ring;
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL) {
        return;
    }
    for (size_t i = 0; i < ring->n; i++) {
        secret_key_free(ring->v[i].key);
    }
    free(ring->v);
    free(ring);
}

/* The place of a handle, or the place where it belongs. */
static size_t place(const struct keyring *ring, const char *handle)
{
    size_t low = 0, high = ring->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(ring->v[mid].handle.s, handle) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool holds(const struct keyring *ring, size_t at, const char *handle)
{
    return at < ring->n && strcmp(ring->v[at].handle.s, handle) == 0;
}

bool keyring_need(struct keyring *ring, const struct handle *handle)
{
    size_t at = place(ring, handle->s);

    if (holds(ring, at, handle->s)) {
        return true;
    }
    if (ring->n == ring->room) {
        size_t room = ring->room == 0 ? 32 : 2 * ring->room;
        struct ring_key *grown = realloc(ring->v, room * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        ring->v = grown;
        ring->room = room;
    }
    memmove(&ring->v[at + 1], &ring->v[at], (ring->n - at) * sizeof *ring->v);
    ring->v[at] = (struct ring_key){.handle = *handle};
    ring->n++;
    return true;
}

static int unlock_one(struct keyring *ring, struct ring_key *k, const struct ctl *ctl,
                      const struct passphrase *p)
{
    struct keyfile_json file;
    char *path = NULL;

    if (asprintf(&path, "%s/%s.semkey", ring->dir, k->handle.s) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = keyfile_json_read(&file, path);
    if (rc == CTL_OK) {
        ring->warned = ring->warned || keyfile_json_warn(ctl, path);
        enum keyfile_err err =
            keyfile_open(&file.file, p->s, p->n, file.aad, strlen(file.aad), &k->key);
        if (err == KEYFILE_WRONG && ctl->passphrase_file == NULL && ctl->passphrase_fd < 0) {
            rc = passphrase_unlock(ctl, &file, path, &k->key);
        } else if (err != KEYFILE_OK) {
            rc = passphrase_fail(path, err);
        }
        keyfile_json_free(&file);
    }
    free(path);
    return rc;
}

int keyring_unlock(struct keyring *ring, const struct ctl *ctl)
{
    bool live = !ctl->quiet && isatty(STDERR_FILENO);
    struct passphrase p;

    if (ring->n == 0) {
        return CTL_OK;
    }
    int rc = passphrase_get(ctl, _("Passphrase of the keys"), false, &p);
    for (size_t i = 0; i < ring->n && rc == CTL_OK; i++) {
        if (live) {
            fprintf(stderr, _("\runlocking %zu/%zu"), i + 1, ring->n);
        }
        rc = unlock_one(ring, &ring->v[i], ctl, &p);
    }
    if (live) {
        fputc('\n', stderr);
    } else if (rc == CTL_OK) {
        say(ctl, ngettext("unlocked %zu key", "unlocked %zu keys", ring->n), ring->n);
    }
    passphrase_wipe(&p);
    return rc;
}

const struct secret_key *keyring_key(const struct keyring *ring, const char *handle)
{
    size_t at = place(ring, handle);

    return holds(ring, at, handle) ? ring->v[at].key : NULL;
}
