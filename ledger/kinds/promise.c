/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* promise.excuse: who should have received says that it was all right (SPEC 6.15). */
#include <inttypes.h>

#include "ledger/books.h"
#include "ledger/kinds/kinds.h"

static const struct field excuse_fields[] = {
    {"agreement", F_REF, .offset = AT(agreement_ref.agreement)},
};

static bool receives(const struct agreement *a, uint32_t org)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->pairs[i].to == org)
            return true;
    return false;
}

/* Excuses those givers whose help the author still waited for. Returns how many. */
static size_t excuse_givers(struct rules *r, const struct agreement *a)
{
    uint32_t givers[PARTIES_MAX];
    struct promise p;
    size_t n = pairs_orgs(a->pairs, a->n, 0, givers), excused = 0;
    for (size_t i = 0; i < n; i++) {
        if (!gives_more(a, givers[i], r->author) ||
            !state_promise(r->state, givers[i], &a->key, &p) || !p.broken || p.excused)
            continue;
        p.excused = true;
        state_put_promise(r->state, &p);
        (void)books_org(r, givers[i]);
        excused++;
    }
    return excused;
}

static bool excuse_apply(struct rules *r, const struct entry *e, struct refusal *why)
{
    const struct ref *ref = &e->agreement_ref.agreement;
    struct agreement a;
    char text[REF_TEXT_SIZE];
    if (!find_agreement(r, ref, &a, why) ||
        !check_own(why, "agreement", ref, receives(&a, r->author),
                   "an agreement in which one receives", &e->by))
        return false;
    ref_format(text, ref);
    return excuse_givers(r, &a) > 0 ||
           refuse(why, CODE_nothing_broken, "agreement",
                  "a promise to the author that was broken, and not excused yet", "%s", text) ||
           refuse_values(why, "agreement", NULL, "%s", text);
}

const struct kind kind_promise_excuse = {.name = "promise.excuse",
                                         .id = KIND_PROMISE_EXCUSE,
                                         FIELDS(excuse_fields),
                                         .signers = signers_author,
                                         .apply = excuse_apply};
