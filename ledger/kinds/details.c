/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* details.erase (SPEC 6.5). The text itself lies outside the log: ledger/node.h removes it. */
#include <inttypes.h>

#include "ledger/kinds/kinds.h"

static const struct field erase_fields[] = {
    {"slot", F_WORD, .offset = AT(details_erase.slot), .words = words_slot},
    {"subject", F_REF, .offset = AT(details_erase.subject)},
};

static bool erase_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct body_details_erase *b = &e->details_erase;
    struct thing_key key;
    struct detail d;
    char text[REF_TEXT_SIZE];
    ref_format(text, &b->subject);
    if (!find_thing(r, &b->subject, "subject", &key, why))
        return false;
    if (!state_detail(r->state, &key, (enum slot)b->slot, &d))
        return refuse(why, CODE_ref_unknown, "subject", "an entry with a text in this slot",
                      "%s %s", text, slot_word((enum slot)b->slot)) ||
               refuse_values(why, "subject", NULL, "%s", text);
    bool owner = is_coordinator(r, r->author);
    for (size_t i = 0; i < d.n_owners; i++)
        owner = owner || d.owners[i] == r->author;
    if (!check_own(why, "subject", &b->subject, owner, "a text of one's own, or a coordinator",
                   &e->by))
        return false;
    if (d.erased && !refuse(why, CODE_already_erased, "subject", "a text that is there",
                            "erased by entry %" PRIu64, d.erased_index))
        return false;
    d.erased = true;
    d.erased_index = r->index;
    d.erased_at = r->at;
    state_put_detail(r->state, &d);
    return true;
}

const struct kind kind_details_erase = {.name = "details.erase",
                                        .id = KIND_DETAILS_ERASE,
                                        FIELDS(erase_fields),
                                        .signers = signers_author,
                                        .apply = erase_apply};
