/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which row of an organisation an entry moves (SPEC 7.3). */
#include <criterion/criterion.h>
#include <string.h>

#include "crypto/random.h"
#include "ledger/state_record.h"
#include "tests/ledger/log_maker.h"

static struct log_maker made;

static size_t row_of(enum kv_table table, uint32_t number, uint8_t out[static 512])
{
    struct key k = key_of_number(number);
    struct slice row;

    cr_assert(kv_get(made.kv, table, key_slice(&k), &row));
    cr_assert_leq(row.size, 512);
    memcpy(out, row.data, row.size);
    return row.size;
}

Test(accounts, exchanges_leave_facts_alone)
{
    uint8_t facts[512], account[512], now[512];
    size_t n_facts, n_account, n;
    char ref[REF_TEXT_SIZE];

    cr_assert_eq(crypto_start(), 0);
    log_maker_start(&made, 3, NULL);
    n_facts = row_of(KV_ORG, 2, facts);
    n_account = row_of(KV_ACCOUNT, 2, account);
    log_maker_do(&made, ref, "hours.record", "org-01 org-02",
                 "{\"day\":\"2023-11-14\",\"shares\":[{\"from\":"
                 "\"org-01\",\"minutes\":5,\"to\":\"org-02\"}]}");
    n = row_of(KV_ORG, 2, now);
    cr_assert(n == n_facts && memcmp(now, facts, n) == 0);
    n = row_of(KV_ACCOUNT, 2, now);
    cr_assert(n != n_account || memcmp(now, account, n) != 0);
    log_maker_do(&made, ref, "org.confirm", "org-02", "{}");
    n = row_of(KV_ORG, 2, now);
    cr_assert(n != n_facts || memcmp(now, facts, n) != 0, "that it is still there is a fact");
    log_maker_end(&made);
}
