/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Each kind's sentence, rebuilt from the bytes of a text. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sentence.h"
#include "crypto/random.h"
#include "policies/params.h"

#define ORIGIN "ledger.example.org/demo"
#define ID     "0198f0c1a2b37c4d8e9f0a1b2c3d4e5f"
#define REF    "hirondelle/" ID
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
/* The last millisecond of 31 August 2026, and a moment in the afternoon of that day. */
#define END_OF_DAY "1788220799999"
#define AFTERNOON  "1788185100000"

static void start(void)
{
    cr_assert_eq(crypto_start(), 0);
}

TestSuite(sentence, .init = start);

/* Makes the canonical text of `fields` (a JSON object) and gives its sentence. */
static const char *say(const char *kind, const char *by, const char *us, const char *fields)
{
    static char words[SENTENCE_SIZE], text[16384];
    static struct entry entry;
    struct refusal why = {.code = CODE_OK};
    json_error_t error;
    json_t *o = json_loads(fields, 0, &error);

    cr_assert_not_null(o, "%s: %s", fields, error.text);
    json_object_set_new(o, "by", json_string(by));
    json_object_set_new(o, "id", json_string(ID));
    json_object_set_new(o, "kind", json_string(kind));
    if (json_object_get(o, "valid_until") == NULL) {
        json_object_set_new(o, "valid_until", json_integer(1790000000000));
    }
    char *json = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    int n = snprintf(text, sizeof text, ORIGIN "/entry/v1\n%s\n", json);
    free(json);
    json_decref(o);
    cr_assert(entry_decode(&entry, ORIGIN, text, (size_t)n, &why), "%s: %s, expected %s, found %s",
              kind, why.field, why.expected, why.found);
    sentence_write(words, sizeof words, &entry, us);
    return words;
}

#define SHARE  "{\"from\":\"tilleul\",\"minutes\":150,\"to\":\"hirondelle\"}"
#define SHARES "\"shares\":[" SHARE "]"

Test(sentence, hours_record_from_each_side)
{
    const char *fields = "{\"day\":\"2026-08-31\"," SHARES "}";

    cr_expect_str_eq(say("hours.record", "hirondelle", "hirondelle", fields),
                     "Hirondelle confirms having received 2 h 30 min from Tilleul on "
                     "31 August 2026.");
    cr_expect_str_eq(say("hours.record", "hirondelle", "tilleul", fields),
                     "Tilleul confirms having given 2 h 30 min to Hirondelle on 31 August 2026.");
    cr_expect_str_eq(say("hours.record", "hirondelle", NULL, fields),
                     "Hours of help: 2 h 30 min from Tilleul to Hirondelle on 31 August 2026.");
}

Test(sentence, hours_record_says_everything_that_binds)
{
    cr_expect_str_eq(
        say("hours.record", "tilleul", "tilleul",
            "{\"day\":\"2026-08-31\",\"need\":\"" REF "\",\"gift\":true,\"skill\":\"bookkeeping\","
            "\"done_by\":\"volunteers\"," SHARES "}"),
        "Tilleul confirms having given 2 h 30 min to Hirondelle on 31 August 2026 (bookkeeping), "
        "for the need " REF ", done by volunteers, as a gift: no hours are counted back.");
    cr_expect_str_eq(say("hours.record", "tilleul", "tilleul",
                         "{\"agreement\":\"" REF "\",\"day\":\"2026-08-31\"," SHARES "}"),
                     "Tilleul confirms having given 2 h 30 min to Hirondelle on 31 August 2026, "
                     "under the agreement " REF ".");
}

Test(sentence, hours_record_of_a_group_names_every_share)
{
    const char *fields = "{\"day\":\"2026-08-31\",\"shares\":["
                         "{\"from\":\"hirondelle\",\"minutes\":20,\"to\":\"saule\"},"
                         "{\"from\":\"saule\",\"minutes\":60,\"to\":\"hirondelle\"},"
                         "{\"from\":\"saule\",\"minutes\":5,\"to\":\"tilleul\"},"
                         "{\"from\":\"tilleul\",\"minutes\":90,\"to\":\"hirondelle\"}]}";

    cr_expect_str_eq(say("hours.record", "hirondelle", "hirondelle", fields),
                     "Hirondelle confirms having received 1 h from Saule and 1 h 30 min from "
                     "Tilleul, and having given 20 min to Saule on 31 August 2026. In the same "
                     "text: 5 min from Saule to Tilleul.");
}

Test(sentence, hours_reverse)
{
    const char *fields = "{\"hours\":\"" REF "\"," SHARES "}";

    cr_expect_str_eq(say("hours.reverse", "hirondelle", "hirondelle", fields),
                     "Hirondelle takes back as not received: 2 h 30 min from Tilleul, of the hours "
                     "recorded in " REF ".");
    cr_expect_str_eq(say("hours.reverse", "hirondelle", "tilleul", fields),
                     "Tilleul takes back as not given: 2 h 30 min to Hirondelle, of the hours "
                     "recorded in " REF ".");
}

Test(sentence, agreement_sign)
{
    const char *fields = "{\"details\":\"" HASH_A "\",\"expires\":" END_OF_DAY ",\"need\":\"" REF
                         "\",\"offer\":\"tilleul/" ID "\",\"done_by\":\"mixed\"," SHARES "}";

    cr_expect_str_eq(say("agreement.sign", "hirondelle", "hirondelle", fields),
                     "Hirondelle agrees to receive 2 h 30 min from Tilleul, until 31 August 2026, "
                     "for the need " REF ", from the offer tilleul/" ID
                     ", done by staff and volunteers.");
    cr_expect_str_eq(say("agreement.sign", "hirondelle", "tilleul", fields),
                     "Tilleul agrees to give 2 h 30 min to Hirondelle, until 31 August 2026, "
                     "for the need " REF ", from the offer tilleul/" ID
                     ", done by staff and volunteers.");
}

Test(sentence, to_an_outsider)
{
    const char *help = "2 h 30 min from Tilleul to Hirondelle";
    char words[SENTENCE_SIZE];

    snprintf(words, sizeof words, "An agreement on %s, until 31 August 2026.", help);
    cr_expect_str_eq(say("agreement.sign", "hirondelle", NULL,
                         "{\"details\":\"" HASH_A "\",\"expires\":" END_OF_DAY "," SHARES "}"),
                     words);
    snprintf(words, sizeof words,
             "The agreement " REF " becomes, in all: %s, until 31 August 2026, 14:05 UTC.", help);
    cr_expect_str_eq(say("agreement.change", "hirondelle", NULL,
                         "{\"agreement\":\"" REF "\",\"expires\":" AFTERNOON "," SHARES "}"),
                     words);
    snprintf(words, sizeof words, "Taken back: %s, of the hours recorded in " REF ".", help);
    cr_expect_str_eq(say("hours.reverse", "hirondelle", NULL, "{\"hours\":\"" REF "\"," SHARES "}"),
                     words);
}

Test(sentence, agreement_change_close_and_cancel)
{
    cr_expect_str_eq(say("agreement.change", "hirondelle", "tilleul",
                         "{\"agreement\":\"" REF "\",\"expires\":" AFTERNOON "," SHARES "}"),
                     "Tilleul changes the agreement " REF ", which becomes, in all: to give "
                     "2 h 30 min to Hirondelle, until 31 August 2026, 14:05 UTC.");
    cr_expect_str_eq(
        say("agreement.close", "hirondelle", "hirondelle", "{\"agreement\":\"" REF "\"}"),
        "Hirondelle states that the work is done and closes the agreement " REF ".");
    cr_expect_str_eq(say("agreement.close", "hirondelle", "tilleul", "{\"agreement\":\"" REF "\"}"),
                     "Tilleul, with Hirondelle, states that the work is done and closes the "
                     "agreement " REF ".");
    cr_expect_str_eq(
        say("agreement.cancel", "hirondelle", "hirondelle", "{\"agreement\":\"" REF "\"}"),
        "Hirondelle cancels what is left of the agreement " REF ".");
}

Test(sentence, offers)
{
    cr_expect_str_eq(say("offer.publish", "tilleul", "tilleul",
                         "{\"areas\":[\"forest\"],\"details\":\"" HASH_A
                         "\",\"expires\":" END_OF_DAY
                         ",\"languages\":[\"fr\",\"nl\"],\"minutes_month\":600,"
                         "\"providers\":[\"hirondelle\",\"tilleul\"],\"public\":true,"
                         "\"skill\":\"bookkeeping\",\"type\":\"skill\"}"),
                     "Hirondelle and Tilleul offer together a skill (bookkeeping), until "
                     "31 August 2026, up to 10 h a month, in forest, speaking fr, nl; anybody may "
                     "read it.");
    cr_expect_str_eq(say("offer.publish", "tilleul", "tilleul",
                         "{\"details\":\"" HASH_A "\",\"expires\":" END_OF_DAY
                         ",\"providers\":[\"tilleul\"],\"public\":false,\"type\":\"space\"}"),
                     "Tilleul offers a space, until 31 August 2026; members read it.");
    cr_expect_str_eq(say("offer.renew", "tilleul", "hirondelle",
                         "{\"expires\":" END_OF_DAY ",\"offer\":\"" REF "\"}"),
                     "Hirondelle, with Tilleul, keeps the offer " REF
                     " open until 31 August 2026.");
    cr_expect_str_eq(say("offer.withdraw", "tilleul", "tilleul", "{\"offer\":\"" REF "\"}"),
                     "Tilleul withdraws the offer " REF ".");
}

Test(sentence, needs)
{
    cr_expect_str_eq(say("need.publish", "hirondelle", "hirondelle",
                         "{\"details\":\"" HASH_A "\",\"expires\":" END_OF_DAY
                         ",\"minutes\":360,\"public\":true,\"skill\":\"bookkeeping\","
                         "\"type\":\"skill\",\"urgent\":true}"),
                     "Hirondelle asks for 6 h of help: a skill (bookkeeping), until "
                     "31 August 2026, and declares it urgent; anybody may read it.");
    cr_expect_str_eq(say("need.vouch", "tilleul", "tilleul", "{\"need\":\"" REF "\"}"),
                     "Tilleul vouches for the urgency of the need " REF ".");
    cr_expect_str_eq(say("need.withdraw", "hirondelle", "hirondelle", "{\"need\":\"" REF "\"}"),
                     "Hirondelle withdraws the need " REF ".");
}

#define KEY_A "310d63b51ea76f7d4e4464f233fa22223d5545dc41d64833f4c2033458ec0a12"

Test(sentence, organisations)
{
    const char *admit = "{\"charter\":\"" HASH_A "\",\"details\":\"" HASH_A "\",\"key\":\"" KEY_A
                        "\",\"public\":true,\"sponsors\":[\"hirondelle\",\"tilleul\"]}";

    cr_expect_str_eq(say("org.admit", "saule", "saule", admit),
                     "Saule asks to be admitted and accepts the charter, sponsored by Hirondelle "
                     "and Tilleul; its sheet may be shown to anybody. Its first key is " KEY_A ".");
    cr_expect_str_eq(
        say("org.admit", "saule", "tilleul", admit),
        "Saule is admitted as a member, sponsored by Hirondelle and Tilleul; its sheet "
        "may be shown to anybody. Its first key is " KEY_A ".");
    cr_expect_str_eq(say("org.admit", "saule", "saule",
                         "{\"charter\":\"" HASH_A
                         "\",\"coordinator\":\"tilleul\",\"details\":\"" HASH_A
                         "\",\"key\":\"" KEY_A "\",\"public\":false}"),
                     "Saule asks to be admitted and accepts the charter, with Tilleul as "
                     "coordinator; its sheet is for members. Its first key is " KEY_A ".");
    cr_expect_str_eq(
        say("org.update", "saule", "saule", "{\"details\":\"" HASH_A "\",\"public\":false}"),
        "Saule replaces its sheet; it is for members.");
    cr_expect_str_eq(say("org.confirm", "saule", "saule", "{}"),
                     "Saule confirms that its sheet is still right.");
    cr_expect_str_eq(say("org.leave", "saule", "saule", "{\"to\":\"tilleul\"}"),
                     "Saule leaves the network: its agreements, offers, needs, keys and mandates "
                     "end, and hours it gave beyond those it received go to Tilleul.");
    cr_expect_str_eq(say("org.leave", "saule", "saule", "{}"),
                     "Saule leaves the network: its agreements, offers, needs, keys and mandates "
                     "end, and hours it gave beyond those it received go to the pool.");
}

Test(sentence, keys_are_named_whole)
{
    cr_expect_str_eq(say("key.add", "saule", "saule",
                         "{\"ceiling\":600,\"key\":\"" KEY_A "\",\"scope\":\"sign\"}"),
                     "Saule adds the key " KEY_A ", which may sign exchanges but not keys, "
                     "admissions or leaving, up to 10 h in one text.");
    cr_expect_str_eq(
        say("key.add", "saule", "saule", "{\"key\":\"" KEY_A "\",\"scope\":\"admin\"}"),
        "Saule adds the key " KEY_A ", which may sign everything.");
    cr_expect_str_eq(say("key.revoke", "saule", "saule", "{\"key\":\"" KEY_A "\"}"),
                     "Saule revokes the key " KEY_A "; it never signs again.");
}

Test(sentence, details_erase)
{
    cr_expect_str_eq(
        say("details.erase", "saule", "saule", "{\"slot\":\"people\",\"subject\":\"" REF "\"}"),
        "Saule erases for ever the text \"people\" of " REF "; the log itself stays as it is.");
}

static void put_key(json_t *o, const char *name, unsigned char fill)
{
    static const char digits[] = "0123456789abcdef";
    char hex[65];

    for (size_t i = 0; i < 64; i++) {
        hex[i] = i == 1 ? digits[fill & 15] : '5';
    }
    hex[64] = '\0';
    json_object_set_new(o, name, json_string(hex));
}

Test(sentence, network_found_names_founders_and_mandates)
{
    static const char *const handles[] = {"hirondelle", "saule", "tilleul"};
    json_t *o =
        json_pack("{s:b,s:i,s:s,s:s,s:[s,s],s:{s:b,s:b},s:[{s:s,s:s,s:I}]}", "demo", 0,
                  "rules_version", 1, "charter", HASH_A, "skills_details", HASH_A, "skills",
                  "bookkeeping", "catering", "public", "bundles", 0, "directory", 1, "mandates",
                  "org", "tilleul", "role", "coordinator", "until", (json_int_t)1788220799999);
    json_t *policy = json_object(), *founders = json_array();
    struct policy defaults;
    const struct policy_key *keys;
    size_t n;
    int64_t value;

    policy_default(&defaults);
    keys = policy_keys(&n);
    for (size_t i = 0; i < n; i++) {
        cr_assert(policy_get(&defaults, keys[i].key, &value));
        json_object_set_new(policy, keys[i].key, json_integer(value));
    }
    for (unsigned char i = 0; i < 3; i++) {
        json_t *f = json_pack("{s:s}", "handle", handles[i]);
        put_key(f, "key", i);
        json_array_append_new(founders, f);
    }
    put_key(o, "clock_key", 3);
    put_key(o, "log_key", 4);
    put_key(o, "refusal_key", 6);
    json_object_set_new(o, "policy", policy);
    json_object_set_new(o, "founders", founders);
    char *fields = json_dumps(o, 0);
    cr_expect_str_eq(say("network.found", "tilleul", "saule", fields),
                     "3 organisations found a network: Hirondelle, Saule and Tilleul. Mandates: "
                     "Tilleul (coordinator, until 31 August 2026). The catalogue has 2 skills. "
                     "Anybody may read the directory. Members read the log.");
    free(fields);
    json_decref(o);
}

Test(sentence, clock_tick)
{
    cr_expect_str_eq(say("clock.tick", "clock", NULL,
                         "{\"effects_hash\":\"" HASH_A "\",\"n\":2,\"through\":" AFTERNOON
                         ",\"valid_until\":" AFTERNOON
                         ",\"totals\":{\"given\":1,\"orgs\":3,\"pool\":0,\"received\":1}}"),
                     "The log's clock processes 2 due moments through 31 August 2026, 14:05 UTC.");
}

Test(sentence, seal_balances)
{
    cr_expect_str_eq(say("seal.balances", "clock", NULL,
                         "{\"accounts\":5,\"root\":\"" HASH_A "\",\"size\":1024,"
                         "\"valid_until\":" AFTERNOON "}"),
                     "The log's clock seals the balances of 5 accounts as they stand after 1024 "
                     "entries.");
}

Test(sentence, assertion_balance)
{
    cr_expect_str_eq(say("assertion.balance", "saule", "saule",
                         "{\"given_pending\":60,\"given_posted\":150,\"moves\":-5,"
                         "\"received_pending\":0,\"received_posted\":30}"),
                     "Saule states: it gave 2 h 30 min and received 30 min; gifts and the pool "
                     "moved its position by -5 min; it has promised 1 h and is promised 0 min.");
}

Test(sentence, a_sentence_that_does_not_fit_is_cut_at_a_character)
{
    static struct entry entry;
    struct refusal why = {.code = CODE_OK};
    const char *text = ORIGIN "/entry/v1\n{\"by\":\"saule\",\"id\":\"" ID
                              "\",\"kind\":\"org.confirm\",\"valid_until\":1790000000000}\n";
    char words[16];

    cr_assert(entry_decode(&entry, ORIGIN, text, strlen(text), &why));
    sentence_write(words, sizeof words, &entry, NULL);
    cr_expect_str_eq(words, "…");
}

#define PANEL "\"panel\":[\"orme\",\"tilleul\"]"

Test(sentence, pool_give)
{
    cr_expect_str_eq(say("pool.give", "tilleul", "tilleul", "{\"minutes\":90}"),
                     "Tilleul gives 1 h 30 min of the hours it gave beyond those it received to "
                     "the common pool.");
}

/* A status is told by its effects alone. */
Test(sentence, status)
{
    cr_expect_str_eq(say("status.grant", "tilleul", "tilleul",
                         "{\"class\":1,\"levy_permille\":0,\"org\":\"hirondelle\"," PANEL
                         ",\"pool_permille\":505,\"reason\":\"" HASH_A "\",\"until\":" END_OF_DAY
                         "}"),
                     "Until 31 August 2026, the needs of Hirondelle are looked at right after "
                     "urgent ones (class 1), the common pool carries up to 50.5 % of them, and 0 % "
                     "of its capacity counts when the pool is filled. Decided together with "
                     "Orme.");
    cr_expect_str_eq(say("status.end", "hirondelle", "hirondelle", "{\"org\":\"hirondelle\"}"),
                     "The needs and the capacity of Hirondelle count as those of any member "
                     "again.");
}

Test(sentence, steps_and_promises)
{
    static const char meeting[] = "{\"org\":\"hirondelle\",\"reason\":\"" HASH_A
                                  "\",\"step\":2,\"until\":" END_OF_DAY "}";

    cr_expect_str_eq(say("step.set", "tilleul", "tilleul", meeting),
                     "Hirondelle is invited to a meeting about its promises; this is open until "
                     "31 August 2026. It can appeal, which suspends this.");
    cr_expect_str_eq(say("step.set", "tilleul", "orme",
                         "{\"org\":\"hirondelle\"," PANEL ",\"reason\":\"" HASH_A
                         "\",\"step\":3,\"until\":" AFTERNOON "}"),
                     "When Hirondelle promises help, another organisation signs beside it, until "
                     "31 August 2026, 14:05 UTC. It can appeal, which suspends this. Decided "
                     "together with Orme.");
    cr_expect_str_eq(say("step.set", "tilleul", "orme",
                         "{\"org\":\"hirondelle\"," PANEL ",\"reason\":\"" HASH_A
                         "\",\"step\":4,\"until\":" AFTERNOON "}"),
                     "When Hirondelle promises help, another organisation signs beside it, and its "
                     "requests that are not urgent rest, until 31 August 2026, 14:05 UTC. It can "
                     "appeal, which suspends this. Decided together with Orme.");
    cr_expect_str_eq(say("step.end", "tilleul", "tilleul", "{\"org\":\"hirondelle\"}"),
                     "What was decided about the promises of Hirondelle ends now.");
    cr_expect_str_eq(say("step.appeal", "hirondelle", "hirondelle", "{}"),
                     "Hirondelle appeals against what was decided about its promises; until the "
                     "panel looks at it again it has no effect.");
    cr_expect_str_eq(say("promise.excuse", "tilleul", "tilleul", "{\"agreement\":\"" REF "\"}"),
                     "Tilleul says that what it did not receive under the agreement " REF
                     " is all right.");
}

Test(sentence, what_stands_beside)
{
    cr_expect_str_eq(say("org.update", "tilleul", "tilleul",
                         "{\"capacity\":600,\"details\":\"" HASH_A
                         "\",\"fte\":205,\"public\":false}"),
                     "Tilleul replaces its sheet; it is for members. It can give up to 10 h of "
                     "help in a month. Its size is 2.05 full-time persons.");
    cr_expect_str_eq(say("need.vouch", "tilleul", "tilleul",
                         "{\"need\":\"" REF "\",\"panel\":[\"noyer\",\"orme\"]}"),
                     "Tilleul vouches for the urgency of the need " REF
                     ". Decided together with Noyer and Orme.");
    cr_expect_str_eq(say("agreement.sign", "tilleul", "tilleul",
                         "{\"cosigner\":\"orme\",\"details\":\"" HASH_A
                         "\",\"expires\":" END_OF_DAY "," SHARES "}"),
                     "Tilleul agrees to give 2 h 30 min to Hirondelle, until 31 August "
                     "2026. Orme stands beside the promise.");
}
