/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/things.h"

#include <string.h>

void things_cursor(uint8_t out[static THING_CURSOR_LEN], const struct thing_key *key)
{
    memcpy(out, key->id.b, sizeof key->id);
    memcpy(out + sizeof key->id, &key->author, sizeof key->author);
}

void things_resume(const struct page *page, struct thing_key *out)
{
    memcpy(out->id.b, page->key, sizeof out->id);
    memcpy(&out->author, page->key + sizeof out->id, sizeof out->author);
}

const char *life_of(uint8_t life)
{
    return life_word((enum life)life);
}

bool things_filter(struct request *rq, const struct query *q, struct thing_filter *out)
{
    static const char *const types[] = {"skill", "space", "equipment", NULL};
    static const char *const states[] = {"open", "all", NULL};
    int all = 0, type = -1;

    memset(out, 0, sizeof *out);
    if (!query_slug(rq, &q[2], &out->skill) ||
        !query_handle(rq, &q[3], &out->handle) ||
        !query_word(rq, &q[4], types, &type) || !query_word(rq, &q[5], states, &all)) {
        return false;
    }
    if (q[3].value) {
        out->org = state_org_number(rq->state, &out->handle);
        out->org = out->org ? out->org : UINT32_MAX;
    }
    out->type = type + THING_SKILL;
    out->all = all;
    return true;
}
