/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The policy document and the catalogue of skills (SPEC 8.3, 9). */
#include <string.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/view.h"
#include "policies/params.h"

static json_t *view_words(const struct policy_key *key)
{
    json_t *o = view_object();

    put_text(o, "en", key->en);
    put_text(o, "fr", key->fr);
    put_text(o, "nl", key->nl);
    return o;
}

static json_t *view_policy(struct request *rq, const struct policy_key *key)
{
    const struct network *network = &rq->state->network;
    struct entry_record record;
    int64_t value = key->value_default;
    json_t *o = view_object();

    put_text(o, "key", key->key);
    if (network->founded && !policy_get(&network->found.policy, key->key, &value)) {
        value = key->value_default;
    }
    put_int(o, "value", value);
    put_text(o, "unit", policy_unit_name(key->unit));
    put_int(o, "min", key->min);
    put_int(o, "max", key->max);
    put_int(o, "default", key->value_default);
    put_text(o, "meaning", key->en);
    put(o, "words", view_words(key));
    if (network->founded && state_entry(rq->state, 0, &record)) {
        struct thing_key adopted = {.id = record.id, .author = record.author};

        put_int(o, "adopted_index", 0);
        put_thing(o, "adopted_ref", rq->state, &adopted);
    }
    return o;
}

static void reply_items(struct request *rq, json_t *items)
{
    json_t *answer = view_object();

    put(answer, "items", items);
    put_int(answer, "size", (int64_t)state_size(rq->state));
    reply_json(rq, MHD_HTTP_OK, answer);
}

void get_policies(struct request *rq)
{
    const struct policy_key *keys;
    json_t *items;
    size_t n;

    if (!query_read(rq, NULL, 0) || reply_not_modified(rq)) {
        return;
    }
    items = view_array();
    keys = policy_keys(&n);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(items, view_policy(rq, &keys[i]));
    }
    reply_items(rq, items);
}

/* --- Skills ---------------------------------------------------------------------------------- */

/* {"fr","nl","en"} as far as they are strings. */
static json_t *view_names(const json_t *names)
{
    static const char *const languages[] = {"fr", "nl", "en"};
    json_t *o = view_object();

    for (size_t i = 0; i < 3; i++) {
        json_t *name = json_object_get(names, languages[i]);

        if (json_is_string(name)) {
            put(o, languages[i], json_incref(name));
        }
    }
    return o;
}

void get_skills(struct request *rq)
{
    const struct network *network = &rq->state->network;
    json_t *items, *names;

    if (!query_read(rq, NULL, 0) || reply_not_modified(rq)) {
        return;
    }
    items = view_array();
    names = view_catalogue(rq);
    for (size_t i = 0; network->founded && i < network->found.n_skills; i++) {
        const char *slug = network->found.skills[i].s;
        json_t *skill = view_object();

        put_text(skill, "slug", slug);
        put(skill, "names", view_names(json_object_get(names, slug)));
        json_array_append_new(items, skill);
    }
    json_decref(names);
    reply_items(rq, items);
}
