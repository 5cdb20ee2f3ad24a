/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/codes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"

static const struct row {
    enum code code;
    const char *word;
    int status;
    const char *title;
} rows[] = {
#define CODE_ROW(word, number, status, title) {CODE_##word, #word, status, title},
    CODES(CODE_ROW)
#undef CODE_ROW
};

static const struct row *row_of(enum code code)
{
    size_t i = 0;
    while (i < sizeof rows / sizeof rows[0] && rows[i].code != code) {
        i++;
    }
    assert(i < sizeof rows / sizeof rows[0]);
    return &rows[i];
}

const char *code_word(enum code code)
{
    return row_of(code)->word;
}

const char *code_title(enum code code)
{
    return row_of(code)->title;
}

int code_status(enum code code)
{
    return row_of(code)->status;
}

bool code_find(const char *word, enum code *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].word, word) == 0) {
            *out = rows[i].code;
            return true;
        }
    }
    return false;
}

/*
 * Makes a NUL-terminated text one printable line of UTF-8: it travels in JSON and to terminals, and
 * parts of it come from strangers. What is no character, or a control character, becomes '?'; a
 * character that was cut in two at the end (`cut`) goes.
 */
static void make_printable(char *s, bool cut)
{
    size_t n = strlen(s), to = 0;

    for (size_t from = 0; from < n;) {
        uint32_t c;
        size_t used = utf8_decode(&c, s + from, n - from);
        if (used == 0 && cut && n - from < 4 && ((uint8_t)s[from] & 0xc0) == 0xc0) {
            break;
        }
        if (used == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            s[to++] = '?';
            from += used == 0 ? 1 : used;
            continue;
        }
        memmove(s + to, s + from, used);
        to += used;
        from += used;
    }
    s[to] = '\0';
}

static void fill(char *out, size_t size, const char *text)
{
    int n = snprintf(out, size, "%s", text != NULL ? text : "");
    make_printable(out, n >= 0 && (size_t)n >= size);
}

bool refuse(struct refusal *r, enum code code, const char *field, const char *expected,
            const char *found, ...)
{
    r->code = row_of(code)->code;
    r->rule[0] = '\0';
    fill(r->field, sizeof r->field, field);
    fill(r->expected, sizeof r->expected, expected);
    r->found[0] = '\0';
    if (found != NULL) {
        va_list args;
        va_start(args, found);
        int n = vsnprintf(r->found, sizeof r->found, found, args);
        va_end(args);
        make_printable(r->found, n >= 0 && (size_t)n >= sizeof r->found);
    }
    return false;
}
