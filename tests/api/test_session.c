/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "api/session.h"
#include "crypto/random.h"

static struct sessions *start(void)
{
    struct sessions *s;

    cr_assert_eq(crypto_start(), 0);
    s = sessions_new();
    cr_assert(s);
    return s;
}

static const struct handle noyer = {"noyer"}, orme = {"orme"};

Test(session, a_challenge_serves_once_for_its_organisation_and_a_minute)
{
    struct sessions *s = start(), *other = sessions_new();
    struct nonce nonce, forged;

    sessions_challenge(s, &noyer, 1000, &nonce);
    cr_expect_not(sessions_redeem(s, &orme, 1001, &nonce), "another organisation");
    cr_expect_not(sessions_redeem(other, &noyer, 1001, &nonce), "another server");
    for (size_t i = 0; i < sizeof nonce; i++) {
        forged = nonce;
        forged.b[i] ^= 1;
        cr_expect_not(sessions_redeem(s, &noyer, 1001, &forged), "byte %zu", i);
    }
    cr_expect(sessions_redeem(s, &noyer, 1001, &nonce));
    cr_expect_not(sessions_redeem(s, &noyer, 1002, &nonce), "a second time");
    sessions_challenge(s, &noyer, 1000, &nonce);
    cr_expect_not(sessions_redeem(s, &noyer, 1000 + CHALLENGE_LIFE_MS, &nonce), "too late");
    sessions_free(s);
    sessions_free(other);
}

Test(session, used_challenges_are_remembered_until_they_expire_and_no_longer)
{
    struct sessions *s = start();
    struct handle org;
    struct nonce nonce;

    for (int i = 0; i < NONCES_USED_MAX; i++) {
        memset(&org, 0, sizeof org);
        snprintf(org.s, sizeof org.s, "org-%d", i / NONCES_PER_ORG_MAX);
        sessions_challenge(s, &org, 1000, &nonce);
        cr_assert(sessions_redeem(s, &org, 1001, &nonce), "%d", i);
    }
    sessions_challenge(s, &noyer, 1000, &nonce);
    cr_expect_not(sessions_redeem(s, &noyer, 1001, &nonce), "no room to remember it");
    sessions_challenge(s, &noyer, 2000 + CHALLENGE_LIFE_MS, &nonce);
    cr_expect(sessions_redeem(s, &noyer, 2001 + CHALLENGE_LIFE_MS, &nonce));
    sessions_free(s);
}

Test(session, an_organisation_that_logs_in_all_the_time_keeps_nobody_else_out)
{
    struct sessions *s = start();
    struct nonce nonce;

    for (int i = 0; i < NONCES_PER_ORG_MAX; i++) {
        sessions_challenge(s, &noyer, 1000, &nonce);
        cr_assert(sessions_redeem(s, &noyer, 1001, &nonce), "%d", i);
    }
    sessions_challenge(s, &noyer, 1000, &nonce);
    cr_expect_not(sessions_redeem(s, &noyer, 1001, &nonce), "its share is used");
    sessions_challenge(s, &orme, 1000, &nonce);
    cr_expect(sessions_redeem(s, &orme, 1001, &nonce), "another organisation's is not");
    sessions_challenge(s, &noyer, 2000, &nonce);
    cr_expect(sessions_redeem(s, &noyer, 1000 + CHALLENGE_LIFE_MS, &nonce), "free again");
    sessions_free(s);
}

Test(session, a_token_lives_while_it_is_used_and_twelve_hours_at_most)
{
    struct sessions *s = start();
    struct session session = {.org = 3, .key = {{1, 2, 3, 4}}}, found;
    char token[TOKEN_SIZE], wrong[TOKEN_SIZE];
    int64_t now = 1000;

    sessions_open(s, &session, now, token);
    cr_expect_eq(strlen(token), 64);
    cr_assert(sessions_find(s, token, now, &found));
    cr_expect_eq(found.org, 3);
    cr_expect_arr_eq(found.key.b, session.key.b, KEY_ID_BYTES);
    memcpy(wrong, token, sizeof wrong);
    wrong[5] = wrong[5] == '0' ? '1' : '0';
    cr_expect_not(sessions_find(s, wrong, now, &found));
    cr_expect_not(sessions_find(s, "", now, &found));
    cr_expect_not(sessions_find(s, "zz", now, &found));
    while (now + SESSION_IDLE_MS - 1 < 1000 + SESSION_LIFE_MS) {
        now += SESSION_IDLE_MS - 1;
        cr_assert(sessions_find(s, token, now, &found));
    }
    cr_expect_not(sessions_find(s, token, 1000 + SESSION_LIFE_MS, &found), "too old");
    sessions_open(s, &session, now, token);
    cr_expect_not(sessions_find(s, token, now + SESSION_IDLE_MS, &found), "idle too long");
    sessions_free(s);
}

Test(session, an_ended_session_is_gone)
{
    struct sessions *s = start();
    struct session session = {.org = 1}, found;
    char token[TOKEN_SIZE];

    sessions_open(s, &session, 1000, token);
    cr_expect_eq(sessions_count(s, 1000), 1);
    cr_expect(sessions_end(s, token));
    cr_expect_not(sessions_end(s, token));
    cr_expect_not(sessions_find(s, token, 1000, &found));
    cr_expect_eq(sessions_count(s, 1000), 0);
    sessions_free(s);
}

Test(session, an_organisation_that_opens_many_pushes_out_its_own_oldest)
{
    struct sessions *s = start();
    struct session one = {.org = 1}, two = {.org = 2}, found;
    char first[TOKEN_SIZE], theirs[TOKEN_SIZE], token[TOKEN_SIZE];

    sessions_open(s, &two, 900, theirs);
    sessions_open(s, &one, 1000, first);
    for (int i = 1; i < SESSIONS_PER_ORG_MAX; i++) {
        sessions_open(s, &one, 1000 + i, token);
    }
    cr_expect(sessions_find(s, first, 1000, &found), "there is just room");
    sessions_open(s, &one, 2000, token);
    cr_expect_not(sessions_find(s, first, 2000, &found), "the one not used for longest went");
    cr_expect(sessions_find(s, theirs, 2000, &found), "another organisation's stays");
    cr_expect_eq(sessions_count(s, 2000), SESSIONS_PER_ORG_MAX + 1);
    sessions_free(s);
}

Test(session, the_table_is_bounded)
{
    struct sessions *s = start();
    struct session session, found;
    char oldest[TOKEN_SIZE], token[TOKEN_SIZE];

    for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
        session = (struct session){.org = 1 + i / 8};
        sessions_open(s, &session, 1000 + i, i == 0 ? oldest : token);
    }
    cr_expect_eq(sessions_count(s, 6000), SESSIONS_MAX);
    session.org = 100000;
    sessions_open(s, &session, 6000, token);
    cr_expect_eq(sessions_count(s, 6000), SESSIONS_MAX);
    cr_expect_not(sessions_find(s, oldest, 6000, &found));
    cr_expect(sessions_find(s, token, 6000, &found));
    sessions_free(s);
}
