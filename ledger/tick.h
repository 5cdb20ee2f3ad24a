/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The text and note of a clock.tick (SPEC 6.10), and the signing of what the clock makes. The text
 * follows to the byte from what the rules compute, so whoever holds the leaves before a tick can
 * write the tick himself. Pure functions.
 */
#ifndef SEM_LEDGER_TICK_H
#define SEM_LEDGER_TICK_H

#include "ledger/entry.h"

#define TICK_TEXT_SIZE 640
#define TICK_NOTE_SIZE 1024

/* Writes the entry text of a tick, with a NUL; returns its length. */
size_t tick_text(char out[static TICK_TEXT_SIZE], const char *origin,
                 const struct body_clock_tick *body, const struct id *id);

/* The same as a note, signed by the clock key as `<origin>/clock`. */
size_t tick_note(char out[static TICK_NOTE_SIZE], const char *origin,
                 const struct body_clock_tick *body, const struct id *id,
                 const struct secret_key *clock_key);

/*
 * Signs a text with the clock key as `<origin>/clock`; returns the length of the note, which fits
 * into `size` bytes with a NUL (asserted).
 */
size_t clock_note(char *out, size_t size, const char *text, size_t text_len, const char *origin,
                  const struct secret_key *clock_key);

#endif
