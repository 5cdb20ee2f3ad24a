/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/words.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "crypto/text.h"

void words_add(struct words *t, const char *fmt, ...)
{
    va_list ap;

    if (t->cut) {
        return;
    }
    va_start(ap, fmt);
    int n = vsnprintf(t->s + t->n, t->size - t->n, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= t->size - t->n) {
        t->cut = true;
        return;
    }
    t->n += (size_t)n;
}

void words_finish(struct words *t)
{
    static const char mark[] = "…";
    size_t at = t->n;

    if (t->cut && t->size >= sizeof mark) {
        while (at > t->size - sizeof mark) {
            at--;
        }
        while (at > 0 && ((unsigned char)t->s[at] & 0xc0) == 0x80) {
            at--;
        }
        memcpy(t->s + at, mark, sizeof mark);
    }
}

struct name name_of(const char *handle)
{
    struct name n;

    snprintf(n.s, sizeof n.s, "%s", handle);
    n.s[0] = (char)toupper((unsigned char)n.s[0]);
    return n;
}

_Static_assert(DURATION_SIZE <= SHORT_TEXT_SIZE && DAY_SIZE <= SHORT_TEXT_SIZE &&
                   REF_TEXT_SIZE <= SHORT_TEXT_SIZE && HEX_SIZE(KEY_BYTES) <= SHORT_TEXT_SIZE,
               "a short text holds a duration, a moment, a reference or a key");

struct short_text time_text(int64_t minutes)
{
    struct short_text text;

    duration_format(text.s, minutes);
    return text;
}

struct short_text moment_text(int64_t ms)
{
    struct short_text text;

    moment_words(text.s, ms);
    return text;
}

struct short_text ref_text(const struct ref *ref)
{
    struct short_text text;

    ref_format(text.s, ref);
    return text;
}

struct short_text key_text(const struct public_key *key)
{
    struct short_text text;

    hex_encode(text.s, key->b, KEY_BYTES);
    return text;
}

const char *words_between(size_t i, size_t n)
{
    return i == 0 ? "" : i + 1 == n ? _(" and ") : ", ";
}

void words_names(struct words *t, const struct handles *list)
{
    for (size_t i = 0; i < list->n; i++) {
        words_add(t, "%s%s", words_between(i, list->n), NAME(list->v[i]));
    }
}

void words_ref(struct words *t, const char *before, const struct ref *ref)
{
    if (ref->by.s[0] != '\0') {
        words_add(t, "%s%s", before, ref_text(ref).s);
    }
}

void words_slugs(struct words *t, const char *before, const struct slugs *list)
{
    for (size_t i = 0; i < list->n; i++) {
        words_add(t, "%s%s", i == 0 ? before : ", ", list->v[i].s);
    }
}
