/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/words.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const language_codes[LANGUAGES] = {"en", "fr", "nl"};

void words_duration(char out[static WORDS_DURATION_SIZE], int64_t minutes, enum language language)
{
    static const char *const hour[LANGUAGES] = {"h", "h", "u"};
    const char *sign = minutes < 0 ? "\xe2\x88\x92" : ""; /* a minus sign, not a hyphen */
    int64_t all = minutes < 0 ? -minutes : minutes, hours = all / 60, rest = all % 60;

    if (hours == 0) {
        snprintf(out, WORDS_DURATION_SIZE, "%s%" PRId64 " min", sign, rest);
    } else if (rest == 0) {
        snprintf(out, WORDS_DURATION_SIZE, "%s%" PRId64 " %s", sign, hours, hour[language]);
    } else {
        snprintf(out, WORDS_DURATION_SIZE, "%s%" PRId64 " %s %02" PRId64 "%s", sign, hours,
                 hour[language], rest, language == LANGUAGE_EN ? " min" : "");
    }
}

/* --- The language of a reader ----------------------------------------------------------------- */

/* The weight behind a language range, in thousandths: `;q=0.8` is 800, none 1000. */
static int weight(const char *s, size_t n)
{
    const char *q = memmem(s, n, "q=", 2), *end = s + n;
    int value, unit = 100;

    if (!q) {
        return 1000;
    }
    value = q + 2 < end && q[2] == '1' ? 1000 : 0;
    if (value == 0 && q + 3 < end && q[3] == '.') {
        for (q += 4; q < end && *q >= '0' && *q <= '9' && unit > 0; q++, unit /= 10) {
            value += (*q - '0') * unit;
        }
    }
    return value;
}

/* Whether a range such as `fr-BE;q=0.8` names a language. */
static bool names(const char *s, size_t n, const char *code)
{
    return n >= 2 && strncasecmp(s, code, 2) == 0 && (n == 2 || strchr("-; \t", s[2]) != NULL);
}

enum language words_accepted(const char *header)
{
    enum language best = LANGUAGE_EN;
    int most = 0;

    for (const char *s = header; s && *s;) {
        size_t n;

        s += strspn(s, ", \t");
        n = strcspn(s, ",");
        for (enum language l = 0; l < LANGUAGES; l++) {
            if (names(s, n, language_codes[l]) && weight(s, n) > most) {
                most = weight(s, n);
                best = l;
            }
        }
        s += n;
    }
    return best;
}

/* --- Filling a form --------------------------------------------------------------------------- */

struct out {
    char *text;
    size_t n, size;
};

static void add(struct out *o, const char *text, size_t n)
{
    if (n > o->size - 1 - o->n) {
        n = o->size - 1 - o->n;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    memcpy(o->text + o->n, text, n);
    o->n += n;
}

/* What is shown of a value that is counted. */
static int64_t shown(const struct words *w, size_t i)
{
    return w->v[i].kind == '%' ? w->v[i].value / 10 : w->v[i].value;
}

static void add_value(struct out *o, const struct words *w, size_t i, enum language language)
{
    char text[WORDS_DURATION_SIZE];

    assert(i < w->n);
    switch (w->v[i].kind) {
    case 's':
        add(o, w->v[i].text, strlen(w->v[i].text));
        return;
    case 'h':
        words_duration(text, w->v[i].value, language);
        break;
    default:
        snprintf(text, sizeof text, "%" PRId64, shown(w, i));
    }
    add(o, text, strlen(text));
}

static bool is_one(int64_t value, enum language language)
{
    return value == 1 || (language == LANGUAGE_FR && value == 0);
}

/* `{1|one|many}`; returns what stands behind it. */
static const char *add_choice(struct out *o, const struct words *w, const char *form,
                              enum language language)
{
    size_t i = (size_t)(form[1] - '1');
    const char *one = form + 3, *many = strchr(one, '|') + 1, *end = strchr(many, '}');

    assert(i < w->n && form[2] == '|');
    if (is_one(shown(w, i), language)) {
        add(o, one, (size_t)(many - 1 - one));
    } else {
        add(o, many, (size_t)(end - many));
    }
    return end + 1;
}

size_t words_write(char *out, size_t size, const struct words *words, enum language language)
{
    struct out o = {out, 0, size};

    assert(size > 0);
    for (const char *form = words->form[language]; *form;) {
        size_t plain = strcspn(form, "${");

        add(&o, form, plain);
        form += plain;
        if (*form == '$') {
            add_value(&o, words, (size_t)(form[1] - '1'), language);
            form += 2;
        } else if (*form == '{') {
            form = add_choice(&o, words, form, language);
        }
    }
    out[o.n] = '\0';
    return o.n;
}

json_t *words_json(const struct words *words)
{
    json_t *o = json_object();

    for (enum language l = 0; l < LANGUAGES; l++) {
        char text[512];
        size_t n = words_write(text, sizeof text, words, l);

        if (!o || json_object_set_new(o, language_codes[l], json_stringn(text, n)) != 0) {
            abort(); /* without memory, as api/view.h has it */
        }
    }
    return o;
}
