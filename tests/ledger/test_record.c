/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>

#include "ledger/record.h"

static uint8_t buffer[64];

static size_t write_i64(int64_t value)
{
    struct record r = record_writer(buffer, sizeof buffer);
    record_var_i64(&r, &value);
    return record_slice(&r, buffer).size;
}

static int64_t read_i64(size_t n)
{
    int64_t value = 77;
    struct record r = record_reader((struct slice){buffer, n});
    record_var_i64(&r, &value);
    cr_assert(r.at == r.end);
    return value;
}

Test(record, a_number_takes_as_few_bytes_as_it_needs_and_comes_back)
{
    static const struct {
        int64_t value;
        size_t bytes;
    } signed_[] = {{0, 1},        {-1, 1},         {63, 1},         {-64, 1},
                   {64, 2},       {-65, 2},        {8191, 2},       {8192, 3},
                   {INT32_MAX, 5}, {INT32_MIN, 5}, {INT64_MAX, 10}, {INT64_MIN, 10}};
    for (size_t i = 0; i < sizeof signed_ / sizeof signed_[0]; i++) {
        cr_assert_eq(write_i64(signed_[i].value), signed_[i].bytes, "%zu", i);
        cr_assert_eq(read_i64(signed_[i].bytes), signed_[i].value, "%zu", i);
    }
}

Test(record, unsigned_numbers_come_back_and_are_laid_from_the_lowest_bits_on)
{
    static const uint64_t values[] = {0, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    struct record r = record_writer(buffer, sizeof buffer);
    for (size_t i = 0; i < 6; i++) {
        uint64_t value = values[i];
        record_var_u64(&r, &value);
        cr_assert_eq(value, values[i], "writing changes nothing");
    }
    struct slice all = record_slice(&r, buffer);
    cr_assert_eq(all.size, 1 + 1 + 2 + 2 + 5 + 10);
    cr_assert(memcmp(buffer, "\x00\x7f\x80\x01\xac\x02", 6) == 0);
    r = record_reader(all);
    for (size_t i = 0; i < 6; i++) {
        uint64_t value = 1;
        record_var_u64(&r, &value);
        cr_assert_eq(value, values[i]);
    }
}

Test(record, narrow_numbers_come_back)
{
    uint32_t u = UINT32_MAX, u_back = 0;
    int32_t i = INT32_MIN, i_back = 0;
    struct record r = record_writer(buffer, sizeof buffer);
    record_var_u32(&r, &u);
    record_var_i32(&r, &i);
    r = record_reader(record_slice(&r, buffer));
    record_var_u32(&r, &u_back);
    record_var_i32(&r, &i_back);
    cr_assert(u_back == u && i_back == i);
}
