/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files behind cli/sentence.h share: parts of a sentence, and the functions that say a
 * kind. One thread, no allocation.
 */
#ifndef CLI_SENTENCE_PARTS_H
#define CLI_SENTENCE_PARTS_H

#include "cli/sentence.h"
#include "cli/words.h"
#include "ledger/entry.h"
#include "ledger/kinds/kinds.h"

/* What fills one %s of a sentence: a sentence is one format, which a translation may reorder. */
struct part {
    struct words t;
    char s[SENTENCE_SIZE];
};

static inline struct words *part_start(struct part *part)
{
    part->t = (struct words){.s = part->s, .size = sizeof part->s};
    part->s[0] = '\0';
    return &part->t;
}

static inline const char *part_text(struct part *part)
{
    words_finish(&part->t);
    return part->s;
}

/* " Together with A and B." for the organisations of a list beside the author; nothing for none. */
void sentence_panel(struct words *t, const struct handles *panel, const struct handle *by);
/* What the organisation declares of its capacity and its size; nothing when it declares neither. */
void sentence_size(struct words *t, const struct number *capacity, const struct number *fte);

/*
 * One function for each kind of KINDS, e.g. say_hours_record(): what it says to `us`, or to an
 * outsider when us is NULL. pool.give, status.*, promise.excuse and step.* are in
 * cli/sentence_decisions.c.
 */
#define SAY(suffix, name) \
    void say_##name(struct words *t, const struct entry *e, const char *us);
KINDS(SAY)
#undef SAY

#endif
