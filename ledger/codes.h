/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The registry of failures (SPEC 11): stable numbers and words, one line each, and the struct in
 * which a layer says why it refuses: the code, the field or rule, what was expected and found.
 */
#ifndef SEM_LEDGER_CODES_H
#define SEM_LEDGER_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(word, number, HTTP status, title) */
#define CODES(X) \
    X(body_too_large, 101, 413, "the request body is over its bound") \
    X(note_malformed, 102, 400, "not a C2SP signed note") \
    X(wrong_network, 103, 422, "the first line names another network") \
    X(not_an_entry, 104, 400, "the first line has another purpose") \
    X(not_canonical, 105, 400, "the JSON line is not in the canonical profile") \
    X(unknown_kind, 106, 400, "no such kind") \
    X(field_missing, 107, 400, "a required field is absent") \
    X(field_unknown, 108, 400, "a field the kind does not have") \
    X(field_invalid, 109, 400, "a field outside its type or range") \
    X(entry_too_large, 110, 413, "the note is over 16 128 bytes") \
    X(signature_invalid, 201, 403, "a signature line does not verify") \
    X(signer_missing, 202, 422, "the set of signers is not complete") \
    X(signer_unexpected, 203, 422, "a signature of somebody whom the kind does not bind") \
    X(key_unknown, 204, 403, "no such key of this organisation") \
    X(key_revoked, 205, 403, "the key was revoked") \
    X(key_scope, 206, 403, "the key may not sign this kind") \
    X(key_ceiling, 207, 403, "more minutes than the key may sign") \
    X(signature_order, 208, 400, "signature lines not sorted, or an organisation signs twice") \
    X(id_reused, 301, 422, "the author used this id for another text") \
    X(id_time, 302, 422, "the id's time lies after the entry's") \
    X(expired, 303, 422, "`valid_until` is past") \
    X(valid_until_too_far, 304, 422, "`valid_until` is too far from the id's time") \
    X(time_order, 305, 422, "a demo `at` before the last entry") \
    X(at_not_allowed, 306, 422, "`at` outside a demo network") \
    X(seen_mismatch, 307, 422, "`seen` is not a head of this log") \
    X(network_not_founded, 401, 409, "nothing but `network.found` can come first") \
    X(network_already_founded, 402, 409, "a network is founded once") \
    X(network_keys, 403, 422, "not the keys this server holds") \
    X(clock_only, 404, 403, "only the log's clock makes this kind") \
    X(org_unknown, 501, 422, "no such organisation") \
    X(org_left, 502, 422, "the organisation has left") \
    X(handle_taken, 503, 422, "the handle is or was in use") \
    X(charter_mismatch, 504, 422, "not the charter in force") \
    X(not_coordinator, 505, 422, "no coordinator mandate in force") \
    X(key_in_use, 506, 422, "the key belongs to an organisation already") \
    X(key_id_taken, 507, 422, "the organisation has a key with this key id") \
    X(key_unacceptable, 508, 422, "not a safe Ed25519 point") \
    X(last_admin_key, 509, 422, "an organisation keeps one admin key") \
    X(not_panel, 510, 422, "no panel mandate in force") \
    X(ref_unknown, 601, 422, "no such thing") \
    X(not_yours, 602, 422, "the author has no part in it") \
    X(already_closed, 603, 422, "it is not open any more") \
    X(expires_out_of_range, 604, 422, "expiry past or too far") \
    X(skill_unknown, 605, 422, "not in the catalogue") \
    X(vouch_own, 606, 422, "one cannot vouch for oneself") \
    X(already_vouched, 607, 422, "this urgency is in force, or the same one vouched last") \
    X(not_urgent, 608, 422, "the need is not declared urgent") \
    X(urgent_quota, 609, 422, "more urgencies confirmed in a quarter than without the panel") \
    X(already_erased, 610, 422, "the text is erased already") \
    X(parties_mismatch, 701, 422, "not the parties of the thing referred to") \
    X(hours_over_agreement, 702, 422, "more minutes than the agreement has left") \
    X(limit_crossed, 703, 422, "beyond what the receiver's line allows") \
    X(change_below_recorded, 704, 422, "less than what is recorded already") \
    X(reverse_too_much, 705, 422, "more minutes than are left to take back") \
    X(day_out_of_range, 706, 422, "day in the future or too long ago") \
    X(agreement_mismatch, 707, 422, "offer or need does not fit the parties") \
    X(assertion_false, 708, 422, "not the author's counters at this place") \
    X(pool_over_position, 709, 422, "more than the giver's position holds") \
    X(nothing_broken, 710, 422, "no broken promise to the author in it") \
    X(step_unfounded, 711, 422, "not what the promises of the organisation give reason for") \
    X(already_appealed, 712, 422, "the panel confirmed this step after an appeal") \
    X(cosigner_missing, 713, 422, "a giver at step 3 or 4 promises with a cosigner") \
    X(paused, 714, 422, "requests that are not urgent rest at step 4") \
    X(bad_path, 801, 400, "`%00`, `%2f` or a malformed path") \
    X(not_found, 802, 404, "nothing here") \
    X(method_not_allowed, 803, 405, "the path knows other methods") \
    X(unauthorized, 804, 401, "no valid session") \
    X(forbidden, 805, 403, "the session may not read this") \
    X(media_type, 806, 415, "another content type is expected") \
    X(length_invalid, 807, 400, "two Content-Length, or a malformed one") \
    X(transfer_encoding, 808, 400, "only a plain body with Content-Length") \
    X(query_invalid, 809, 400, "a query parameter is unknown or outside its range") \
    X(cursor_invalid, 810, 400, "not a cursor of this list") \
    X(challenge_invalid, 811, 401, "unknown, used or expired challenge, or a wrong signature") \
    X(body_invalid, 812, 400, "the JSON body is not what is expected") \
    X(details_mismatch, 813, 422, "the text does not open the commitment") \
    X(erased, 814, 410, "content erased, log intact") \
    X(rate_limited, 815, 429, "too many applications in an hour") \
    X(inbox_full, 816, 503, "too many texts under way") \
    X(too_busy, 817, 503, "the queue is full; try again with the same id") \
    X(read_only, 818, 503, "the log takes no entries: see `/readyz`") \
    X(deadline, 819, 503, "not decided in time; try again with the same id") \
    X(internal, 899, 500, "a defect of the server")

enum code {
    CODE_OK = 0,
#define CODE_MEMBER(word, number, status, title) CODE_##word = number,
    CODES(CODE_MEMBER)
#undef CODE_MEMBER
};

/* Static texts and figures of a code; one that is not in the registry is a failed assertion. */
const char *code_word(enum code code);
const char *code_title(enum code code);
int code_status(enum code code);

/* Finds a code by its word. False when there is none. */
bool code_find(const char *word, enum code *out);

/*
 * True for a code whose check an audit may leave out (SPEC 17.7): where the entry still has an
 * effect that makes sense, and that breaks nothing which the ledger asserts.
 */
bool code_waivable(enum code code);

/*
 * Why something is refused. Empty strings where a part does not apply. Whoever makes one zeroes it;
 * `waived` is his, and everything else is filled by refuse().
 */
struct refusal {
    enum code code;
    enum code waived;   /* a code whose check is left out; the server never sets it */
    char rule[48];      /* the policy key or rule that decided */
    char field[64];     /* the field in question, such as shares[1].minutes */
    char expected[224];
    char found[224];
    /*
     * Of limit_crossed alone, what would let it pass (SPEC 18.12), in minutes of the receiver:
     * a share so much smaller, a need that the common pool pays, or so much given back first.
     */
    struct {
        bool known;
        int64_t smaller, pool, give_back;
    } ways;
    /* The bare values of SPEC 17.4, for an audit's report; empty where its table gives none. */
    char value_field[144];
    char value_expected[224];
    char value_found[224];
};

/*
 * Fills a refusal and returns false, so that a check can end with `return refuse(…)`. `expected`
 * may be NULL; `found` is a printf format. Text that does not fit is cut at a whole character.
 *
 * A check that is waived did not fail: refuse() then fills nothing and returns true, and the caller
 * goes on as if the rule had held. Only for a code that is not code_waivable() may a caller take
 * false for granted.
 */
bool refuse(struct refusal *r, enum code code, const char *field, const char *expected,
            const char *found, ...) __attribute__((format(printf, 5, 6)));

/*
 * Two additions to a refusal that was just made; both return false, for
 * `return refuse(…) || refuse_rule(…) || refuse_values(…)`. One names the rule that decided, the
 * other sets the bare values; `expected` may be NULL, `found` is a printf format or NULL. Without
 * the latter the values are empty, but for the codes of fields, whose value_field is the field.
 */
bool refuse_rule(struct refusal *r, const char *rule);
bool refuse_values(struct refusal *r, const char *field, const char *expected, const char *found,
                   ...) __attribute__((format(printf, 4, 5)));

#endif
