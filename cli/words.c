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

void words_names(struct words *t, const struct handles *list, const char *but)
{
    size_t left = 0, done = 0;

    for (size_t i = 0; i < list->n; i++) {
        left += but == NULL || strcmp(list->v[i].s, but) != 0;
    }
    for (size_t i = 0; i < list->n; i++) {
        if (but == NULL || strcmp(list->v[i].s, but) != 0) {
            words_add(t, "%s%s",
                      done == 0          ? ""
                      : done + 1 == left ? _(" and ")
                                         : ", ",
                      NAME(list->v[i]));
            done++;
        }
    }
}

void words_duration(struct words *t, int64_t minutes)
{
    char d[DURATION_SIZE];

    duration_format(d, minutes);
    words_add(t, "%s", d);
}

void words_moment(struct words *t, int64_t ms)
{
    char m[DAY_SIZE];

    moment_words(m, ms);
    words_add(t, "%s", m);
}

void words_ref(struct words *t, const char *before, const struct ref *ref)
{
    char r[REF_TEXT_SIZE];

    if (ref->by.s[0] != '\0') {
        ref_format(r, ref);
        words_add(t, "%s%s", before, r);
    }
}

void words_key(struct words *t, const struct public_key *key)
{
    char hex[HEX_SIZE(KEY_BYTES)];

    hex_encode(hex, key->b, KEY_BYTES);
    words_add(t, "%s", hex);
}

void words_slugs(struct words *t, const char *before, const struct slugs *list)
{
    for (size_t i = 0; i < list->n; i++) {
        words_add(t, "%s%s", i == 0 ? before : ", ", list->v[i].s);
    }
}
