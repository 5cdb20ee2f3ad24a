/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/path.h"

#include <string.h>

#include "crypto/text.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte of an escape, or -1 when it is malformed. */
static int escaped(const char *s)
{
    int high = hex_value(s[1]);
    int low = high < 0 ? -1 : hex_value(s[2]);

    return low < 0 ? -1 : high * 16 + low;
}

/* Characters that need no look: most of any target. */
static const bool plain[256] = {['-'] = true,         ['.'] = true,         ['/'] = true,
                                ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['_'] = true,
                                ['a' ... 'z'] = true};

enum code path_check(const char *target)
{
    bool in_query = false;

    if (target[0] != '/') {
        return CODE_bad_path;
    }
    for (const char *s = target; *s; s++) {
        if (plain[(unsigned char)*s]) {
            continue;
        }
        enum code flaw = in_query ? CODE_query_invalid : CODE_bad_path;

        if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f || *s == '#') {
            return flaw;
        }
        if (*s == '?') {
            in_query = true;
        } else if (*s == '%') {
            int byte = escaped(s);

            if (byte <= 0 || (!in_query && (byte == '/' || byte < 0x20 || byte == 0x7f))) {
                return flaw;
            }
        } else if (*s == '\\' && !in_query) {
            return CODE_bad_path;
        }
    }
    return CODE_OK;
}

bool index_parse(const char *s, size_t n, uint64_t *out)
{
    return n <= 16 && decimal_parse(out, s, n);
}

static bool slot_parse(const char *s, size_t n, enum slot *out)
{
    for (int slot = SLOT_DETAILS; slot <= SLOT_SKILLS; slot++) {
        const char *word = slot_word((enum slot)slot);

        if (strlen(word) == n && memcmp(word, s, n) == 0) {
            *out = (enum slot)slot;
            return true;
        }
    }
    return false;
}

static bool year_parse(const char *s, size_t n, int *out)
{
    uint64_t value;

    if (n != 4 || !index_parse(s, n, &value)) {
        return false;
    }
    *out = (int)value;
    return true;
}

static bool is(const char *name, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(name, word, n) == 0;
}

static bool take(const char *name, size_t name_len, const char *s, size_t n, struct path_args *out)
{
    if (is(name, name_len, "handle")) {
        return handle_parse(&out->handle, s, n);
    }
    if (is(name, name_len, "author")) {
        out->by_clock = is(s, n, "clock");
        return out->by_clock || handle_parse(&out->handle, s, n);
    }
    if (is(name, name_len, "id")) {
        return id_parse(&out->id, s, n);
    }
    if (is(name, name_len, "index")) {
        return index_parse(s, n, &out->index);
    }
    if (is(name, name_len, "year")) {
        return year_parse(s, n, &out->year);
    }
    if (is(name, name_len, "level")) {
        return tile_level_parse(s, n, &out->level);
    }
    if (is(name, name_len, "tile")) {
        return tile_parse(s, n, &out->tile);
    }
    if (is(name, name_len, "commit")) {
        return hex_decode(out->commit.b, HASH_BYTES, s, n);
    }
    assert(is(name, name_len, "slot"));
    return slot_parse(s, n, &out->slot);
}

bool path_match(const char *template, const char *path, struct path_args *out)
{
    while (*template && *path) {
        if (*template == '{') {
            size_t name_len = strcspn(template + 1, "}");
            size_t n = is(template + 1, name_len, "tile") ? strlen(path) : strcspn(path, "/");

            if (!take(template + 1, name_len, path, n, out)) {
                return false;
            }
            template += name_len + 2;
            path += n;
        } else if (*template++ != *path++) {
            return false;
        }
    }
    return *template == *path;
}
