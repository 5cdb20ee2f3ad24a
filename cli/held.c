/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/held.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/pin.h"

#define HELD_BYTES_MAX 65536

static const struct {
    const char *ending, *beside; /* NULL: nothing */
} types[] = {
    [HELD_RECEIPT] = {".tlog-proof", ".leaf"},
    [HELD_HEAD] = {".checkpoint", NULL},
    [HELD_REFUSAL] = {".refusal", ".entry"},
};

static bool ends_with(const char *s, const char *ending)
{
    size_t n = strlen(s), e = strlen(ending);

    return n > e && strcmp(s + n - e, ending) == 0;
}

static void drop(struct held *h)
{
    free(h->name);
    free(h->path);
    free(h->bytes);
    free(h->beside);
}

void held_free(struct held_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        drop(&list->v[i]);
    }
    free(list->v);
    *list = (struct held_list){0};
}

/* Takes it over. */
static int add(struct held_list *list, struct held *h)
{
    if (list->n == list->room) {
        size_t room = list->room == 0 ? 64 : 2 * list->room;
        struct held *grown = reallocarray(list->v, room, sizeof *grown);
        if (grown == NULL) {
            drop(h);
            return fail(CTL_FAILED, _("no memory"));
        }
        list->v = grown;
        list->room = room;
    }
    list->v[list->n++] = *h;
    return CTL_OK;
}

static enum held_type type_of(const char *path)
{
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        if (ends_with(path, types[t].ending)) {
            return (enum held_type)t;
        }
    }
    return HELD_RECEIPT;
}

/* FILE.leaf beside FILE.tlog-proof. */
static char *beside_path(const char *path, enum held_type type)
{
    size_t n = strlen(path);
    char *out = NULL;

    if (ends_with(path, types[type].ending)) {
        n -= strlen(types[type].ending);
    }
    return asprintf(&out, "%.*s%s", (int)n, path, types[type].beside) < 0 ? NULL : out;
}

int held_add_file(struct held_list *list, const char *path, const char *leaf)
{
    const char *slash = strrchr(path, '/');
    struct held h = {.type = type_of(path), .path = strdup(path)};
    char *beside = NULL;

    h.name = strdup(slash != NULL ? slash + 1 : path);
    if (types[h.type].beside != NULL) {
        beside = leaf != NULL ? strdup(leaf) : beside_path(path, h.type);
        h.beside = beside != NULL ? read_whole_file(beside, HELD_BYTES_MAX, &h.beside_n) : NULL;
        free(beside);
    }
    h.bytes = read_whole_file(path, HELD_BYTES_MAX, &h.n);
    if (h.bytes == NULL || h.name == NULL || h.path == NULL) {
        int rc = fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILED, _("%s cannot be read: %s"),
                      path, strerror(errno));
        drop(&h);
        return rc;
    }
    return add(list, &h);
}

int held_add_note(struct held_list *list, const char *name, const char *note)
{
    struct held h = {.type = HELD_HEAD, .name = strdup(name), .path = strdup(name)};

    h.bytes = strdup(note);
    h.n = strlen(note);
    if (h.bytes == NULL || h.name == NULL || h.path == NULL) {
        drop(&h);
        return fail(CTL_FAILED, _("no memory"));
    }
    return add(list, &h);
}

static int is_held(const struct dirent *e)
{
    return ends_with(e->d_name, types[type_of(e->d_name)].ending);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int held_add_folder(struct held_list *list, const char *dir, bool optional)
{
    struct dirent **names = NULL;
    char *path = NULL;
    int rc = CTL_OK, n = scandir(dir, &names, is_held, by_bytes);

    if (n < 0 && optional && errno == ENOENT) {
        return CTL_OK;
    }
    if (n < 0) {
        return fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILED, _("%s cannot be read: %s"), dir,
                    strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        if (rc == CTL_OK && asprintf(&path, "%s/%s", dir, names[i]->d_name) < 0) {
            rc = fail(CTL_FAILED, _("no memory"));
        } else if (rc == CTL_OK) {
            rc = held_add_file(list, path, NULL);
            free(path);
        }
        free(names[i]);
    }
    free(names);
    return rc;
}

static int add_beside_key(struct held_list *list, const char *key_path, const char *ending)
{
    char *dir = NULL;

    if (asprintf(&dir, "%s%s", key_path, ending) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = held_add_folder(list, dir, true);
    free(dir);
    return rc;
}

static int add_pinned(struct held_list *list, const char *key_path)
{
    struct log_pin *pin = NULL;
    char *path = NULL;

    if (asprintf(&path, "%s.network.json", key_path) < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = pin_read(path, &pin);
    if (rc == CTL_OK && pin != NULL && pin->note != NULL) {
        const char *slash = strrchr(path, '/');
        rc = held_add_note(list, slash != NULL ? slash + 1 : path, pin->note);
    }
    pin_free(pin);
    free(path);
    return rc;
}

int held_add_key(struct held_list *list, const char *key_path)
{
    int rc = add_beside_key(list, key_path, ".receipts");

    rc = rc == CTL_OK ? add_beside_key(list, key_path, ".refusals") : rc;
    return rc == CTL_OK ? add_pinned(list, key_path) : rc;
}
