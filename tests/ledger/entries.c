/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/ledger/entries.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policies/params.h"

#define SHARES \
    "\"shares\":[{\"from\":\"amal\",\"minutes\":90,\"to\":\"bora\"}," \
    "{\"from\":\"amal\",\"minutes\":100000,\"to\":\"cela\"}," \
    "{\"from\":\"bora\",\"minutes\":1,\"to\":\"amal\"}]"
#define REF "\"bora/" ID_2 "\""
#define SEEN "\"seen\":{\"root\":\"" HEX_3 "\",\"size\":12}"

/* The fields beside by (amal), id, kind and valid_until. */
static const struct {
    const char *kind, *fields;
} entries[] = {
    {"network.found",
     "{\"charter\":\"" HEX_1 "\",\"clock_key\":\"" HEX_1 "\",\"log_key\":\"" HEX_2 "\","
     "\"refusal_key\":\"" HEX_3 "\",\"demo\":true,\"rules_version\":1,"
     "\"founders\":["
     "{\"handle\":\"bora\",\"key\":"
     "\"4444444444444444444444444444444444444444444444444444444444444444\"},"
     "{\"handle\":\"amal\",\"key\":"
     "\"5555555555555555555555555555555555555555555555555555555555555555\"},"
     "{\"handle\":\"cela\",\"key\":"
     "\"6666666666666666666666666666666666666666666666666666666666666666\"}],"
     "\"mandates\":[{\"org\":\"amal\",\"role\":\"coordinator\",\"until\":1730000000000},"
     "{\"org\":\"amal\",\"role\":\"panel\",\"until\":1730000000001},"
     "{\"org\":\"cela\",\"role\":\"panel\",\"until\":1730000000002}],"
     "\"public\":{\"bundles\":false,\"directory\":true},"
     "\"skills\":[\"accounting\",\"it-help\",\"translation\"],\"skills_details\":\"" HEX_2 "\"}"},
    {"org.admit", "{\"charter\":\"" HEX_1 "\",\"key\":\"" HEX_2 "\",\"details\":\"" HEX_3 "\","
                  "\"public\":true,\"sponsors\":[\"bora\",\"cela\"],\"capacity\":0,\"fte\":1000000,"
                  SEEN "}"},
    {"org.update", "{\"details\":\"" HEX_1 "\",\"public\":false,\"at\":1719999999999,"
                   "\"capacity\":600000,\"fte\":0}"},
    {"org.confirm", "{}"},
    {"org.leave", "{\"to\":\"bora\"}"},
    {"key.add", "{\"key\":\"" HEX_1 "\",\"scope\":\"propose\",\"ceiling\":600}"},
    {"key.revoke", "{\"key\":\"" HEX_1 "\"}"},
    {"details.erase", "{\"subject\":" REF ",\"slot\":\"people\"}"},
    {"offer.publish",
     "{\"providers\":[\"amal\",\"bora\"],\"type\":\"skill\",\"skill\":\"it-help\","
     "\"expires\":1725000000000,\"public\":true,\"details\":\"" HEX_1 "\","
     "\"areas\":[\"evere\",\"laken\"],\"languages\":[\"ara\",\"fr\",\"nl\"],"
     "\"minutes_month\":480}"},
    {"offer.renew", "{\"offer\":" REF ",\"expires\":1725000000000}"},
    {"offer.withdraw", "{\"offer\":" REF "}"},
    {"need.publish",
     "{\"type\":\"space\",\"skill\":\"it-help\",\"minutes\":120,\"urgent\":true,"
     "\"expires\":1725000000000,\"public\":false,\"details\":\"" HEX_1 "\","
     "\"areas\":[\"evere\"],\"languages\":[\"nl\"]}"},
    {"need.vouch", "{\"need\":" REF ",\"panel\":[\"cela\",\"dora\"]}"},
    {"need.withdraw", "{\"need\":" REF "}"},
    {"agreement.sign", "{" SHARES ",\"expires\":1725000000000,\"details\":\"" HEX_1 "\","
                       "\"people\":\"" HEX_2 "\",\"offer\":" REF ",\"need\":\"cela/" ID_1 "\","
                       "\"done_by\":\"mixed\",\"cosigner\":\"dora\"}"},
    {"agreement.change", "{\"agreement\":" REF "," SHARES ",\"expires\":1725000000000}"},
    {"agreement.close", "{\"agreement\":" REF "}"},
    {"agreement.cancel", "{\"agreement\":" REF "}"},
    {"hours.record", "{" SHARES ",\"day\":\"2024-02-29\",\"agreement\":" REF ",\"gift\":false,"
                     "\"skill\":\"it-help\",\"details\":\"" HEX_1 "\",\"done_by\":\"staff\"}"},
    {"hours.reverse", "{\"hours\":" REF "," SHARES "}"},
    {"clock.tick", "{\"through\":1720000000000,\"n\":1000,\"effects_hash\":\"" HEX_1 "\","
                   "\"totals\":{\"given\":600,\"orgs\":3,\"pool\":-60,\"received\":600}}"},
    {"seal.balances", "{\"accounts\":4,\"root\":\"" HEX_1 "\",\"size\":1025}"},
    {"assertion.balance", "{\"given_pending\":30,\"given_posted\":600,\"moves\":-60,"
                          "\"received_pending\":0,\"received_posted\":90}"},
    {"pool.give", "{\"minutes\":100000}"},
    {"status.grant", "{\"org\":\"bora\",\"class\":3,\"levy_permille\":0,\"pool_permille\":1000,"
                     "\"panel\":[\"amal\",\"cela\"],\"reason\":\"" HEX_1 "\","
                     "\"until\":1725000000000}"},
    {"status.end", "{\"org\":\"bora\",\"panel\":[\"amal\",\"cela\"]}"},
    {"promise.excuse", "{\"agreement\":" REF "}"},
    {"step.set", "{\"org\":\"bora\",\"panel\":[\"amal\",\"cela\"],\"reason\":\"" HEX_1 "\","
                 "\"step\":4,\"until\":1725000000000}"},
    {"step.end", "{\"org\":\"bora\",\"panel\":[\"amal\",\"cela\"]}"},
    {"step.appeal", "{}"},
};
const size_t entries_count = sizeof entries / sizeof entries[0];

const char *entries_kind(size_t i)
{
    return entries[i].kind;
}

json_t *entries_value(const char *json)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    cr_assert(value != NULL, "%s", json);
    return value;
}

static json_t *policy_object(void)
{
    json_t *policy = json_object();
    size_t n;
    const struct policy_key *keys = policy_keys(&n);
    for (size_t i = 0; i < n; i++) {
        json_object_set_new(policy, keys[i].key, json_integer(keys[i].value_default));
    }
    return policy;
}

json_t *entries_object(const char *kind)
{
    size_t i = 0;
    while (i < entries_count && strcmp(entries[i].kind, kind) != 0) {
        i++;
    }
    cr_assert(i < entries_count, "%s", kind);
    json_t *object = entries_value(entries[i].fields);
    bool clock = strcmp(kind, "clock.tick") == 0 || strcmp(kind, "seal.balances") == 0;
    json_object_set_new(object, "by", json_string(clock ? "clock" : "amal"));
    json_object_set_new(object, "id", json_string(ID_1));
    json_object_set_new(object, "kind", json_string(kind));
    json_object_set_new(object, "valid_until", json_integer(VALID_UNTIL));
    if (strcmp(kind, "network.found") == 0) {
        json_object_set_new(object, "policy", policy_object());
    }
    return object;
}

char *entries_text(const json_t *object)
{
    static const char first[] = ORIGIN "/entry/v1\n";
    char *json = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    cr_assert(json != NULL);
    size_t size = sizeof first + strlen(json) + 1;
    char *text = malloc(size);
    cr_assert(text != NULL);
    snprintf(text, size, "%s%s\n", first, json);
    free(json);
    return text;
}

bool entries_decode(struct entry *out, const json_t *object, struct refusal *why)
{
    char *text = entries_text(object);
    bool decoded = entry_decode(out, ORIGIN, text, strlen(text), why);
    out->text = NULL;
    free(text);
    return decoded;
}
