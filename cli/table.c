/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uniwidth.h>
#include <unistd.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/session.h"
#include "crypto/text.h"

#define WIDTH_MIN   40 /* of a terminal that says it is narrower */
#define COLUMNS_MAX 10
#define CELL_SIZE   512
#define GAP         2

/* --- Values ----------------------------------------------------------------------------------- */

const json_t *json_path(const json_t *o, const char *path)
{
    char name[64];

    for (;;) {
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        o = json_object_get(o, name);
        if (o == NULL || path[n] == '\0') {
            return o;
        }
        path += n + 1;
    }
}

const char *json_sentence(const json_t *o)
{
    const json_t *all = json_object_get(o, "sentence");
    const char *text = json_string_value(json_object_get(all, i18n_code()));

    return text ? text : "";
}

/* Appends with a cut at a whole character. */
static void append(char cell[static CELL_SIZE], const char *text)
{
    size_t n = strlen(cell), more = strlen(text);

    if (more > CELL_SIZE - 1 - n) {
        more = CELL_SIZE - 1 - n;
        while (more > 0 && ((unsigned char)text[more] & 0xc0) == 0x80) {
            more--;
        }
    }
    memcpy(cell + n, text, more);
    cell[n + more] = '\0';
}

static void show_list(char cell[static CELL_SIZE], const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));
        append(cell, i == 0 ? "" : ", ");
        append(cell, s != NULL ? s : "");
    }
}

static void show_shares(char cell[static CELL_SIZE], const json_t *shares)
{
    char d[DURATION_SIZE];

    for (size_t i = 0; i < json_array_size(shares); i++) {
        const json_t *s = json_array_get(shares, i);
        const char *from = json_string_value(json_object_get(s, "from"));
        const char *to = json_string_value(json_object_get(s, "to"));
        duration_format(d, json_integer_value(json_object_get(s, "minutes")));
        append(cell, i == 0 ? "" : ", ");
        append(cell, from != NULL ? from : "");
        append(cell, " > ");
        append(cell, to != NULL ? to : "");
        append(cell, " ");
        append(cell, d);
    }
}

static void show_text(char cell[static CELL_SIZE], const json_t *v)
{
    if (json_is_array(v)) {
        show_list(cell, v);
    } else if (json_is_string(v)) {
        append(cell, json_string_value(v));
    } else if (json_is_integer(v)) {
        snprintf(cell, CELL_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    }
}

static void show_permille(char cell[static CELL_SIZE], const json_t *v)
{
    int64_t n = json_integer_value(v);
    const char *sign = n < 0 ? "-" : "";

    n = n < 0 ? -n : n;
    if (json_is_integer(v)) {
        snprintf(cell, CELL_SIZE, "%s%" PRId64 ".%" PRId64 " %%", sign, n / 10, n % 10);
    } else {
        append(cell, _("n/a"));
    }
}

static void show(char cell[static CELL_SIZE], const json_t *v, enum show how)
{
    char word[DAY_SIZE + DURATION_SIZE] = "";

    cell[0] = '\0';
    switch (how) {
    case SHOW_TEXT:
    case SHOW_WHOLE:
    case SHOW_INTEGER:
        show_text(cell, v);
        return;
    case SHOW_MINUTES:
        if (json_is_integer(v)) {
            duration_format(word, json_integer_value(v));
        }
        break;
    case SHOW_HUNDREDTHS:
        if (json_is_integer(v)) {
            snprintf(word, sizeof word, "%" PRId64 ".%02" PRId64,
                     (int64_t)json_integer_value(v) / 100, (int64_t)json_integer_value(v) % 100);
        }
        break;
    case SHOW_DAY:
        if (json_is_integer(v)) {
            day_write(word, json_integer_value(v) / MS_PER_DAY);
        } else {
            show_text(cell, v);
        }
        break;
    case SHOW_MOMENT:
        if (json_is_integer(v)) {
            moment_words(word, json_integer_value(v));
        }
        break;
    case SHOW_YES:
        append(cell, json_is_true(v) ? _("yes") : "");
        return;
    case SHOW_PERMILLE:
        show_permille(cell, v);
        return;
    case SHOW_SHARES:
        show_shares(cell, v);
        return;
    }
    append(cell, word);
}

/* A text of the server must not move the cursor of the terminal. */
static void tame(char *s)
{
    uint32_t c;
    size_t n, len = strlen(s);

    for (size_t i = 0; i < len; i += n) {
        n = utf8_decode(&c, s + i, len - i);
        if (n == 0) {
            n = 1;
            s[i] = '?';
        } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            memset(s + i, ' ', n);
        }
    }
}

static size_t width(const char *s)
{
    int w = u8_strwidth((const uint8_t *)s, "UTF-8");

    return w > 0 ? (size_t)w : 0;
}

/* Cuts a cell to `max` columns, ending in "…". */
static void fit(char *s, size_t max)
{
    if (width(s) <= max) {
        return;
    }
    while (s[0] != '\0' && width(s) + 1 > max) {
        size_t n = strlen(s) - 1;
        while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80) {
            n--;
        }
        s[n] = '\0';
    }
    append(s, "…");
}

/* --- Tables ----------------------------------------------------------------------------------- */

static bool right_aligned(enum show how)
{
    return how == SHOW_INTEGER || how == SHOW_MINUTES || how == SHOW_HUNDREDTHS ||
           how == SHOW_PERMILLE;
}

static void cell_of(char cell[static CELL_SIZE], const json_t *row, const struct column *c)
{
    show(cell, json_path(row, c->path), c->show);
    tame(cell);
}

static size_t measure(const json_t *rows, const struct column *columns, size_t w[COLUMNS_MAX])
{
    char cell[CELL_SIZE];
    size_t n = 0;

    for (; columns[n].path != NULL && n < COLUMNS_MAX; n++) {
        w[n] = width(_(columns[n].title));
        for (size_t i = 0; i < json_array_size(rows); i++) {
            cell_of(cell, json_array_get(rows, i), &columns[n]);
            w[n] = width(cell) > w[n] ? width(cell) : w[n];
        }
    }
    return n;
}

/* The columns of the terminal; what goes to a file or another program is never cut. */
static size_t room(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO)) {
        return SIZE_MAX;
    }
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* Text columns give way, the widest first, until the table fits; the others stay whole. */
static void squeeze(size_t w[], size_t n, const struct column *columns)
{
    size_t total = GAP * (n - 1), most, most_width = room();

    for (size_t i = 0; i < n; i++) {
        total += w[i];
    }
    while (total > most_width) {
        most = n;
        for (size_t i = 0; i < n; i++) {
            bool gives =
                (columns[i].show == SHOW_TEXT || columns[i].show == SHOW_SHARES) && w[i] > 8;
            if (gives && (most == n || w[i] > w[most])) {
                most = i;
            }
        }
        if (most == n) {
            return;
        }
        w[most]--;
        total--;
    }
}

static void print_cell(const char *cell, size_t w, bool right, bool last)
{
    size_t pad = w > width(cell) ? w - width(cell) : 0;

    if (right) {
        printf("%*s%s", (int)pad, "", cell);
    } else {
        printf("%s%*s", cell, last ? 0 : (int)pad, "");
    }
    if (!last) {
        printf("%*s", GAP, "");
    }
}

void table_print(const json_t *rows, const struct column *columns, const char *when_empty)
{
    size_t w[COLUMNS_MAX], n = measure(rows, columns, w);
    char cell[CELL_SIZE];

    if (json_array_size(rows) == 0) {
        fprintf(stderr, "%s\n", when_empty);
        return;
    }
    squeeze(w, n, columns);
    for (size_t c = 0; c < n; c++) {
        snprintf(cell, sizeof cell, "%s", _(columns[c].title));
        fit(cell, w[c]);
        print_cell(cell, w[c], right_aligned(columns[c].show), c + 1 == n);
    }
    putchar('\n');
    for (size_t i = 0; i < json_array_size(rows); i++) {
        for (size_t c = 0; c < n; c++) {
            cell_of(cell, json_array_get(rows, i), &columns[c]);
            fit(cell, w[c]);
            print_cell(cell, w[c], right_aligned(columns[c].show), c + 1 == n);
        }
        putchar('\n');
    }
}

void lines_print(const json_t *object, const struct column *lines)
{
    size_t widest = 0;
    char cell[CELL_SIZE];

    for (const struct column *l = lines; l->path != NULL; l++) {
        if (json_path(object, l->path) != NULL && width(_(l->title)) > widest) {
            widest = width(_(l->title));
        }
    }
    for (const struct column *l = lines; l->path != NULL; l++) {
        if (json_path(object, l->path) == NULL) {
            continue;
        }
        cell_of(cell, object, l);
        if (cell[0] != '\0') {
            printf("%s%*s  %s\n", _(l->title), (int)(widest - width(_(l->title))), "", cell);
        }
    }
}

/* --- Lists and objects of the server ---------------------------------------------------------- */

void query_start(struct query *q, const char *path)
{
    q->path = strdup(path);
    q->failed = q->path == NULL;
}

void query_add(struct query *q, const char *name, const char *value)
{
    char *longer, *safe;

    if (value == NULL || q->failed) {
        return;
    }
    safe = url_escape(value);
    if (safe == NULL || asprintf(&longer, "%s%c%s=%s", q->path,
                                 strchr(q->path, '?') != NULL ? '&' : '?', name, safe) < 0) {
        q->failed = true;
    } else {
        free(q->path);
        q->path = longer;
    }
    free(safe);
}

/* Appends a page's items to `rows` and takes the cursor of the next page; NULL after the last. */
static int take_page(struct ctl *ctl, const char *path, const char *cursor, json_t *rows,
                     char **next)
{
    struct query q;
    struct reply reply;

    query_start(&q, path);
    query_add(&q, "limit", "200");
    query_add(&q, "cursor", cursor);
    *next = NULL;
    if (q.failed) {
        free(q.path);
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = get(ctl, &reply, "%s", q.path);
    if (rc == CTL_OK) {
        const char *s = json_string_value(json_object_get(reply.json, "next"));
        json_array_extend(rows, json_object_get(reply.json, "items"));
        *next = s != NULL ? strdup(s) : NULL;
    }
    reply_free(&reply);
    free(q.path);
    return rc;
}

static void print_rows(const json_t *rows)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        print_json(json_array_get(rows, i));
    }
}

/* With `stream` each page is printed as it comes, and forgotten. */
static int read_pages(struct ctl *ctl, const char *path, json_t *rows, bool stream)
{
    char *cursor = NULL, *next = NULL;
    int rc;

    do {
        rc = take_page(ctl, path, cursor, rows, &next);
        free(cursor);
        cursor = next;
        if (stream) {
            print_rows(rows);
            json_array_clear(rows);
        }
    } while (rc == CTL_OK && cursor != NULL);
    free(cursor);
    return rc;
}

int list_read(struct ctl *ctl, const char *path, json_t *rows)
{
    return read_pages(ctl, path, rows, false);
}

int list_print(struct ctl *ctl, const char *path, const struct column *columns,
               const char *when_empty)
{
    json_t *rows = json_array();
    int rc = read_pages(ctl, path, rows, ctl->json);

    if (rc == CTL_OK && !ctl->json) {
        table_print(rows, columns, when_empty);
    }
    json_decref(rows);
    return rc;
}

int object_print(struct ctl *ctl, const char *path, const struct column *lines)
{
    struct reply reply;
    int rc = get(ctl, &reply, "%s", path);

    if (rc == CTL_OK && ctl->json) {
        print_json(reply.json);
    } else if (rc == CTL_OK) {
        lines_print(reply.json, lines);
    }
    reply_free(&reply);
    return rc;
}
