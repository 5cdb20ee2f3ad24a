/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "policies/params.h"

#include <string.h>

static const struct policy_key keys[] = {
#define POLICY_ROW(key, unit, min, max, def, en, fr, nl) \
    {#key, POLICY_##unit, min, max, def, en, fr, nl, offsetof(struct policy, key)},
    POLICY_KEYS(POLICY_ROW)
#undef POLICY_ROW
};

#define KEYS_COUNT (sizeof keys / sizeof keys[0])

const struct policy_key *policy_keys(size_t *n)
{
    *n = KEYS_COUNT;
    return keys;
}

const struct policy_key *policy_find(const char *key)
{
    size_t low = 0, high = KEYS_COUNT;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key, keys[middle].key);

        if (order == 0)
            return &keys[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *policy_unit_name(enum policy_unit unit)
{
    switch (unit) {
    case POLICY_MINUTES:
        return "minutes";
    case POLICY_DAYS:
        return "days";
    case POLICY_PERMILLE:
        return "permille";
    case POLICY_COUNT:
        return "count";
    case POLICY_FLAG:
        return "flag";
    }
    return "unknown";
}

/* Members are reached by copying bytes at the table's offset. */
static void member_write(struct policy *policy, const struct policy_key *key, int64_t value)
{
    memcpy((char *)policy + key->offset, &value, sizeof value);
}

void policy_default(struct policy *policy)
{
    for (size_t i = 0; i < KEYS_COUNT; i++)
        member_write(policy, &keys[i], keys[i].value_default);
}

bool policy_get(const struct policy *policy, const char *key, int64_t *value)
{
    const struct policy_key *found = policy_find(key);

    if (!found)
        return false;
    memcpy(value, (const char *)policy + found->offset, sizeof *value);
    return true;
}

enum policy_set_result policy_set(struct policy *policy, const char *key, int64_t value)
{
    const struct policy_key *found = policy_find(key);

    if (!found)
        return POLICY_UNKNOWN_KEY;
    if (value < found->min || value > found->max)
        return POLICY_OUT_OF_RANGE;
    member_write(policy, found, value);
    return POLICY_OK;
}
