/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/tick.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "crypto/note.h"
#include "crypto/text.h"

/* Names and numbers need no escapes, so the canonical JSON is written as it stands. */
size_t tick_text(char out[static TICK_TEXT_SIZE], const char *origin,
                 const struct body_clock_tick *body, const struct id *id)
{
    char effects[HEX_SIZE(HASH_BYTES)], id_hex[ID_TEXT_SIZE];
    hex_encode(effects, body->effects_hash.b, HASH_BYTES);
    id_format(id_hex, id);
    int n = snprintf(out, TICK_TEXT_SIZE,
                     "%s/entry/v1\n"
                     "{\"by\":\"clock\",\"effects_hash\":\"%s\",\"id\":\"%s\","
                     "\"kind\":\"clock.tick\",\"n\":%" PRId64 ",\"through\":%" PRId64
                     ",\"totals\":{\"given\":%" PRId64 ",\"orgs\":%" PRId64 ",\"pool\":%" PRId64
                     ",\"received\":%" PRId64 "},\"valid_until\":%" PRId64 "}\n",
                     origin, effects, id_hex, body->n, body->through, body->totals.given,
                     body->totals.orgs, body->totals.pool, body->totals.received, body->through);
    assert(n > 0 && n < TICK_TEXT_SIZE);
    return (size_t)n;
}

size_t clock_note(char *out, size_t size, const char *text, size_t text_len, const char *origin,
                  const struct secret_key *clock_key)
{
    char name[ORIGIN_MAX + sizeof "/clock"], line[NOTE_LINE_SIZE(sizeof name)];
    int name_len = snprintf(name, sizeof name, "%s/clock", origin);
    assert(name_len > 0 && (size_t)name_len < sizeof name);
    size_t line_len =
        note_sign(line, sizeof line, text, text_len, name, (size_t)name_len, clock_key);
    assert(line_len > 0);
    size_t n = note_build(out, size, text, text_len, (const char *const[]){line}, 1);
    assert(n > 0);
    return n;
}

size_t tick_note(char out[static TICK_NOTE_SIZE], const char *origin,
                 const struct body_clock_tick *body, const struct id *id,
                 const struct secret_key *clock_key)
{
    char text[TICK_TEXT_SIZE];
    size_t n = tick_text(text, origin, body, id);
    return clock_note(out, TICK_NOTE_SIZE, text, n, origin, clock_key);
}
