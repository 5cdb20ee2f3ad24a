/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/log_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/files.h"

/* A reader of lines, with the value of the last one. */
struct reader {
    FILE *file;
    char *line;
    size_t room;
    json_t *value;
};

struct log_list {
    struct reader forward, back;
    off_t *starts; /* of each line that was passed */
    uint64_t n, room;
    json_t *values[SOURCE_TILE_WIDTH]; /* what was given last */
    size_t n_values;
};

static bool reader_open(struct reader *r, const char *path)
{
    int fd = open_plain_file(path);

    r->file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (fd >= 0 && r->file == NULL) {
        close(fd);
    }
    return r->file != NULL;
}

static void reader_close(struct reader *r)
{
    if (r->file != NULL) {
        fclose(r->file);
    }
    free(r->line);
    json_decref(r->value);
}

/* Reads a line and its value; SOURCE_NONE at the end of the file. */
static enum source_got read_line(struct reader *r)
{
    ssize_t n = getline(&r->line, &r->room, r->file);

    json_decref(r->value);
    r->value = NULL;
    if (n < 0) {
        return SOURCE_NONE;
    }
    r->value = json_loadb(r->line, (size_t)n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    return json_is_string(r->value) ? SOURCE_OK : SOURCE_MALFORMED;
}

static struct slice bytes_of(const json_t *value)
{
    return (struct slice){(const uint8_t *)json_string_value(value), json_string_length(value)};
}

struct log_list *log_list_open(const char *dir)
{
    struct log_list *list = calloc(1, sizeof *list);
    char *path = NULL;

    if (list == NULL || asprintf(&path, "%s/" LOG_LIST_NAME, dir) < 0) {
        free(list);
        return NULL;
    }
    if (!reader_open(&list->forward, path) || !reader_open(&list->back, path)) {
        log_list_free(list);
        list = NULL;
    }
    free(path);
    return list;
}

static void drop_values(struct log_list *list)
{
    for (size_t i = 0; i < list->n_values; i++) {
        json_decref(list->values[i]);
    }
    list->n_values = 0;
}

void log_list_free(struct log_list *list)
{
    if (list != NULL) {
        drop_values(list);
        reader_close(&list->forward);
        reader_close(&list->back);
        free(list->starts);
        free(list);
    }
}

/* Reads the next line and notes where it starts. SOURCE_FAILED: no memory. */
static enum source_got advance(struct log_list *list)
{
    off_t at = ftello(list->forward.file);
    enum source_got got = read_line(&list->forward);

    if (got != SOURCE_OK) {
        return got;
    }
    if (list->n == list->room) {
        uint64_t room = list->room == 0 ? 1024 : 2 * list->room;
        off_t *grown = reallocarray(list->starts, room, sizeof *grown);
        if (grown == NULL) {
            return SOURCE_FAILED;
        }
        list->starts = grown;
        list->room = room;
    }
    list->starts[list->n++] = at;
    return SOURCE_OK;
}

enum source_got log_list_skip(struct log_list *list)
{
    return advance(list);
}

enum source_got log_list_next(struct log_list *list, struct slice leaves[static 256], size_t *n)
{
    enum source_got got = SOURCE_OK;

    drop_values(list);
    for (*n = 0; *n < SOURCE_TILE_WIDTH && got == SOURCE_OK;) {
        got = advance(list);
        if (got == SOURCE_OK) {
            list->values[list->n_values++] = json_incref(list->forward.value);
            leaves[(*n)++] = bytes_of(list->forward.value);
        }
    }
    return got == SOURCE_NONE ? SOURCE_OK : got;
}

uint64_t log_list_position(const struct log_list *list)
{
    return list->n;
}

enum source_got log_list_leaf(struct log_list *list, uint64_t index, struct slice *leaf)
{
    if (index >= list->n || fseeko(list->back.file, list->starts[index], SEEK_SET) != 0) {
        return SOURCE_NONE;
    }
    enum source_got got = read_line(&list->back);
    if (got == SOURCE_OK) {
        *leaf = bytes_of(list->back.value);
    }
    return got;
}
