# SPDX-License-Identifier: AGPL-3.0-or-later
"""Single mutations of the clean history. Each bends one line; `Log.settle` then makes the log anew
as if the rule did not exist, so that this rule is broken and no other. The code is what the auditor
must say of it.

The cases of SPEC 18 are those of `mutations_reciprocity`.
"""
import mutations_reciprocity
from bends import (Case, both, day_off, drop, edit, id_later, insert, key_of, later, lines_of_note,
                   one_share, ref_of, resigned, sets, signed, text, twist)
from build import hash_of, made_id
from history import CHARTER, START
from semclient import Key

NO_HASH = "0" * 64
SMALL_ORDER = "01" + "0" * 62
# Two secrets of tilleul whose public keys have one key id.
SAME_KEY_ID = 11075, 38317
NOTHING = "orme/" + made_id(START, "nothing")


# --- Form and signatures --------------------------------------------------------------------------

def form():
    yield Case("a space", "confirm", "not_canonical", resigned(',"id"', ', "id"'))
    yield Case("keys out of order", "confirm", "not_canonical",
               resigned(',"id"', ',"a":1,"id"'))
    yield Case("a key twice", "confirm", "not_canonical",
               resigned('"by":"orme"', '"by":"orme","by":"orme"'))
    yield Case("a fraction", "need", "not_canonical", resigned('"minutes":120', '"minutes":120.0'))
    yield Case("null", "direct", "not_canonical", resigned(',"id"', ',"gift":null,"id"'))
    yield Case("too deep", "confirm", "not_canonical", resigned(',"id"', ',"deep":[[[[1]]]],"id"'))
    yield Case("an escape", "confirm", "not_canonical", resigned('"orme"', '"\\u006frme"'))
    yield Case("no kind", "confirm", "field_missing", edit(kind=None))
    yield Case("an unknown kind", "confirm", "unknown_kind", edit(kind="org.greet"))
    yield Case("a kind that is a number", "confirm", "field_invalid", edit(kind=7))
    yield Case("a kind that is a list", "confirm", "field_invalid", edit(kind=["org.confirm"]))
    yield Case("an unknown field", "confirm", "field_unknown", edit(note=1))
    yield Case("a missing field", "direct", "field_missing", edit(day=None))
    yield Case("a skill offer without skill", "offer", "field_missing", edit(skill=None))
    yield Case("no minutes", "direct", "field_invalid", edit(shares=one_share("noyer", "saule", 0)))
    yield Case("minutes as a text", "direct", "field_invalid",
               edit(shares=one_share("noyer", "saule", "60")))
    yield Case("a share with oneself", "direct", "field_invalid",
               edit(shares=[*one_share("noyer", "saule", 5), *one_share("saule", "saule", 5)]))
    yield Case("shares out of order", "direct", "field_invalid", edit(
        shares=[*one_share("saule", "noyer", 5), *one_share("noyer", "saule", 5)]))
    yield Case("a day that is none", "direct", "field_invalid", edit(day="2026-02-30"))
    yield Case("a hash in capitals", "update", "field_invalid", edit(details="AB" * 32))
    yield Case("an id of version 4", "confirm", "field_invalid",
               edit(id=lambda log, line: line.fields["id"][:12] + "4" + line.fields["id"][13:]))
    yield Case("the author is no party", "gift", "field_invalid", edit(by="orme"))
    yield Case("the author is no provider", "new", "field_invalid", insert(
        "confirm", "offer.publish", "saule", ["orme"], providers=["orme"], type="space",
        expires=later(10), public=False, details=NO_HASH))
    yield Case("a note without end", "confirm", "note_malformed", lines_of_note(lambda rows: []))
    yield Case("base64 in another spelling", "confirm", "note_malformed", lines_of_note(
        lambda rows: [rows[0].rstrip("=\n") + "\n"]))
    yield Case("too many bytes", "confirm", "entry_too_large", edit(note="x" * 16_000))
    yield Case("another network", "confirm", "wrong_network", lambda log, line: setattr(
        line, "first", "elsewhere.example.org/entry/v1"))
    yield Case("another purpose", "confirm", "not_an_entry", lambda log, line: setattr(
        line, "first", log.origin + "/login/v1"))
    yield Case("no time", "confirm", "leaf_malformed", text("at ", ""), False)
    yield Case("a zero before the time", "confirm", "leaf_malformed", text("at ", "at 0"), False)


def signatures():
    yield Case("the amount after signing", "direct", "signature_invalid",
               text('"minutes":60', '"minutes":59'))
    yield Case("a signature of another text", "direct", "signature_invalid", resigned_by_one)
    yield Case("a signer is missing", "direct", "signer_missing", signed("saule"), False)
    yield Case("a signer too many", "direct", "signer_unexpected", signed("noyer", "orme", "saule"))
    yield Case("another signer", "confirm", "signer_unexpected", signed("noyer"),
               clean=False)     # and the right one is missing
    yield Case("lines unsorted", "direct", "signature_order",
               lines_of_note(lambda rows: rows[::-1]))
    yield Case("an organisation twice", "direct", "signature_order",
               signed("noyer", ("noyer", "sign"), "saule"))
    yield Case("a key of nobody", "direct", "key_unknown", signed(("noyer", "stranger"), "saule"))
    yield Case("another's key", "direct", "key_unknown", stolen)
    yield Case("a revoked key", "direct", "key_revoked", signed(("noyer", "old"), "saule"))
    yield Case("a key before its time", "key_small", "key_unknown", signed(("noyer", "old")))
    yield Case("a key that proposes", "direct", "key_scope", signed(("noyer", "propose"), "saule"))
    yield Case("a signing key adds a key", "key_propose", "key_scope", signed(("noyer", "sign")))
    yield Case("a signing key sponsors", "new", "key_scope",
               insert("revoke", "org.admit", "osier", ["osier", ("noyer", "sign"), "tilleul"],
                      charter=CHARTER,
                      key=key_of("osier"), details=NO_HASH, public=False,
                      sponsors=["noyer", "tilleul"]))
    yield Case("over the ceiling", "direct", "key_ceiling",
               edit(shares=one_share("noyer", "saule", 61)))


def resigned_by_one(log, line):
    """One of two signs another text."""
    def change(leaf):
        rows = leaf.splitlines(keepends=True)
        return "".join([*rows[:-2], log.key("noyer", "small").line("other\n"), rows[-1]])
    line.bend = change


def stolen(log, line):
    """orme signs in the name of noyer."""
    line.keys = [Key(log.origin, "noyer", bytes(log.key("orme").secret)), log.key("saule")]


# --- Time and ids ---------------------------------------------------------------------------------

def sequence():
    yield Case("time goes back", "confirm", "time_order",
               lambda log, line: setattr(line, "at", log.line("update").at - 1), False)
    yield Case("two leaves change places", "update", "time_order", swap("update", "confirm"), False)
    yield Case("expired", "confirm", "expired", edit(valid_until=later(0, -1)))
    yield Case("an id of the future", "confirm", "id_time", edit(id=id_later(600_001)))
    yield Case("valid too long", "confirm", "valid_until_too_far",
               edit(valid_until=later(90, 1)))
    yield Case("the same entry twice", "again", "id_reused", again, False)
    yield Case("an id for two texts", "confirm", "id_reused",
               both(edit(by="lierre", id=lambda log, line: log.line("update").fields["id"]),
                    signed("lierre")))
    yield Case("a time of one's own", "confirm", "at_not_allowed",
               edit(at=later(0)), False)
    yield Case("another head was seen", "gift", "seen_mismatch",
               sees({"root": NO_HASH, "size": 20}))
    yield Case("a head to come was seen", "gift", "seen_mismatch",
               sees({"root": NO_HASH, "size": 40}))


def sees(head):
    def bend(log, line):
        line.sees = None
        line.fields["seen"] = head
    return bend


def swap(one, two):
    def bend(log, line):
        a, b = log.index(one), log.index(two)
        log.lines[a], log.lines[b] = log.lines[b], log.lines[a]
    return bend


def again(log, line):
    log.lines.insert(log.index("withdraw"), copy_of(log.line("confirm"), "again",
                                                    log.line("withdraw").at))


def copy_of(line, label, moment):
    return type(line)(label, moment, dict(line.fields), line.keys)


# --- Members and keys -----------------------------------------------------------------------------

def organisations():
    yield Case("a second founding", "new", "network_already_founded", founded_again)
    yield Case("a handle in use", "new", "handle_taken",
               insert("confirm", "org.admit", "lierre", [("lierre", "again"), "noyer"],
                      charter=CHARTER, public=False,
                      coordinator="noyer", details=NO_HASH, key=key_of("lierre", "again")))
    yield Case("another charter", "admit_frene", "charter_mismatch", edit(charter=NO_HASH))
    yield Case("no mandate", "admit_frene", "not_coordinator",
               both(edit(coordinator="tilleul"), signed("frene", "tilleul")))
    yield Case("one sponsor", "admit_lierre", "field_invalid",
               both(edit(sponsors=["noyer"]), signed("lierre", "noyer")))
    yield Case("nobody answers for it", "admit_frene", "field_invalid",
               both(edit(coordinator=None), signed("frene")))
    yield Case("another's key", "key_propose", "key_in_use",
               edit(key=key_of("orme")))
    yield Case("a revoked key again", "new", "key_in_use",
               insert("revoke", "key.add", "noyer", key=key_of("noyer", "old"), scope="sign"),
               clean=False)     # its key id is taken as well
    yield Case("a key of the log", "key_propose", "key_in_use",
               edit(key=lambda log, line: log.line("found").fields["clock_key"]))
    yield Case("a sponsor erases a sheet", "erase", "not_yours",
               both(edit(by="tilleul"), signed("tilleul")))
    yield Case("a key of small order", "key_sign", "key_unacceptable", edit(key=SMALL_ORDER))
    yield Case("the same key id", "twin", "key_id_taken", twins, False)
    yield Case("the last admin key", "new", "last_admin_key",
               insert("last", "key.revoke", "tilleul", key=key_of("tilleul")))
    yield Case("revoking what is no key", "revoke", "key_unknown",
               edit(key=key_of("orme")))
    yield Case("who left writes", "last", "org_left", both(edit(by="aulne"), signed("aulne")),
               clean=False)     # its keys ended
    yield Case("leaving to one who left", "leave_frene", "org_left", edit(to="aulne"))
    yield Case("who never came writes", "last", "org_unknown",
               both(edit(by="osier"), signed("osier")))
    yield Case("leaving to one who never came", "leave_aulne", "org_unknown", edit(to="osier"))
    yield Case("another's text", "erase", "not_yours", both(edit(by="orme"), signed("orme")))
    yield Case("a text that is not there", "erase", "ref_unknown", edit(slot="people"))
    yield Case("erased before", "new", "already_erased",
               insert("erase", "details.erase", "noyer", subject=ref_of("admit_lierre"),
                      slot="details"))


def founded_again(log, line):
    fields = {name: value for name, value in log.line("found").fields.items()
              if name not in ("by", "id", "kind", "at", "valid_until")}
    insert("confirm", "network.found", "noyer", ["noyer", "orme", "tilleul"], **fields)(log, line)


def twins(log, line):
    """Two keys of tilleul with one key id, the second of which must be refused."""
    for label, seed in zip(("first", "twin"), SAME_KEY_ID):
        key = Key(log.origin, "tilleul", seed.to_bytes(32, "big"))
        here = "confirm" if label == "first" else "first"
        insert(here, "key.add", "tilleul", key=key.hex, scope="sign")(log, line)
        new = log.line("new")
        new.label, new.fields["id"] = label, made_id(new.at, label)


# --- Offers, needs, agreements, hours -------------------------------------------------------------

def things():
    yield Case("no such offer", "withdraw", "ref_unknown", edit(offer=NOTHING))
    yield Case("an offer that is a need", "need_withdraw", "ref_unknown",
               edit(need=ref_of("offer")))
    yield Case("another's offer", "withdraw", "not_yours", both(edit(by="orme"), signed("orme")))
    yield Case("renewing what is withdrawn", "new", "already_closed",
               insert("withdraw", "offer.renew", "tilleul", offer=ref_of("offer_gone"),
                      expires=later(3)))
    yield Case("expired text", "offer", "expires_out_of_range", edit(expires=later(0)),
               clean=False)     # an agreement names it later
    yield Case("an offer for too long", "renew", "expires_out_of_range",
               edit(expires=later(184, 1)))
    yield Case("a need for too long", "need", "expires_out_of_range",
               edit(expires=later(180, 1)))
    yield Case("an agreement for too long", "sign_gone", "expires_out_of_range",
               edit(expires=later(366, 1)))
    yield Case("a skill outside the catalogue", "offer_gone", "skill_unknown", edit(skill="chant"))
    yield Case("the asker vouches", "vouch", "vouch_own", both(edit(by="saule"), signed("saule")))
    yield Case("the same voucher again", "vouch_again", "already_vouched",
               both(edit(by="orme"), signed("orme")))
    yield Case("a second voucher in force", "new", "already_vouched",
               insert("vouch", "need.vouch", "tilleul", need=ref_of("need_urgent")))
    yield Case("vouching for what is not urgent", "new", "not_urgent",
               insert("vouch", "need.vouch", "noyer", need=ref_of("need")))


def exchange():
    yield Case("hours over the agreement", "agreed", "hours_over_agreement",
               edit(shares=one_share("tilleul", "lierre", 151)))
    yield Case("another agreement", "done", "parties_mismatch",
               edit(agreement=ref_of("sign")))
    yield Case("an agreement that was cancelled", "new", "already_closed",
               insert("cancel", "hours.record", "orme", ["orme", "saule"],
                      shares=one_share("orme", "saule", 5), day=day_off(0),
                      agreement=ref_of("sign_gone")))
    yield Case("hours below the hard stop", "new", "limit_crossed",
               insert("confirm", "hours.record", "orme", ["lierre", "orme"],
                      shares=one_share("orme", "lierre", 901),
                      day=day_off(0)))
    yield Case("reserved below the hard stop", "sign_gone", "limit_crossed",
               edit(shares=one_share("orme", "saule", 861)))
    yield Case("a change below the hard stop", "change", "limit_crossed",
               edit(shares=one_share("tilleul", "lierre", 901)))
    yield Case("the voucher gives", "urgent", "limit_crossed", both(
        edit(shares=one_share("noyer", "saule", 1000)), signed("noyer", "saule")))
    yield Case("more than the urgent need asks for", "urgent", "limit_crossed",
               edit(shares=one_share("orme", "saule", 1001)))
    yield Case("a change of the parties", "change", "parties_mismatch", both(
        edit(shares=[*one_share("orme", "lierre", 5), *one_share("tilleul", "lierre", 200)]),
        signed("lierre", "orme", "tilleul")))
    yield Case("a change below what is recorded", "change", "change_below_recorded",
               edit(shares=one_share("tilleul", "lierre", 29)))
    yield Case("taking back too much", "new", "reverse_too_much",
               insert("aulne_gives", "hours.reverse", "saule", ["orme", "saule"],
                      hours=ref_of("urgent"), shares=one_share("orme", "saule", 1001)))
    yield Case("taking back another pair", "reverse", "parties_mismatch",
               edit(shares=one_share("saule", "noyer", 5)))
    yield Case("help of tomorrow", "gift", "day_out_of_range",
               edit(day=day_off(1)))
    yield Case("help of long ago", "gift", "day_out_of_range",
               edit(day=day_off(-367)))
    yield Case("an offer of somebody else", "sign_gone", "agreement_mismatch",
               edit(offer=ref_of("offer_short")))
    yield Case("a need of somebody else", "sign_gone", "agreement_mismatch",
               edit(need=ref_of("need")))
    yield Case("hours for a need of somebody else", "gift", "agreement_mismatch",
               edit(need=ref_of("need_urgent")))
    yield Case("agreement and need", "agreed", "field_invalid",
               edit(need=ref_of("need")))


# --- The clock, and leaves that are gone ----------------------------------------------------------

def of_log(name, code, bend, label):
    return Case(name, label, code, bend, False)


def more(*path):
    """One more than what stands there."""
    def value(log, line):
        found = line.fields
        for name in path:
            found = found[name]
        return found + 1
    return value


def another_clock(log, line):
    line.keys = [Key(log.origin, "clock", bytes(32), log.origin + "/clock")]


def and_orme(log, line):
    line.keys = [*line.keys, log.key("orme")]


def clock():
    def case(name, code, bend, label="tick0"):
        return of_log(name, code, bend, label)

    yield case("n is wrong", "tick_count", twist(n=1))
    yield case("another effect", "tick_effects", twist(effects_hash=hash_of("nothing")))
    yield case("totals are wrong", "tick_totals", twist(totals=lambda log, line: {
        **line.fields["totals"], "given": line.fields["totals"]["given"] + 1}))
    yield case("another id", "tick_id", twist(id=id_later(0)))
    yield case("another moment", "tick_time", twist(through=later(0, -1)))
    yield case("a tick that lasts", "tick_time", twist(valid_until=later(1)))
    yield case("an organisation ticks", "signer_unexpected", and_orme)
    yield case("another clock", "key_unknown", another_clock)
    yield case("a tick is missing", "tick_missing", drop("tick0"), "after")
    yield case("a leaf of the year 10000", "tick_missing", far_away, "far")
    yield case("nothing is due", "tick_not_due", early, "early")._replace(
        clean=False)    # a tick counts at least one moment, so that its count is wrong too
    yield case("a need that was dropped", "ref_unknown", drop("need"), "sign")
    yield case("a key that was dropped", "key_unknown", drop("key_small"), "direct")
    yield case("no founding", "network_not_founded", drop("found"), "admit_lierre")


def far_away(log, line):
    """The calendar does not go that far."""
    log.now = 253_402_300_800_000
    log.lines.append(log.make("far", "org.confirm", "orme"))


def early(log, line):
    """A sound tick but for the moment: nothing is due yet."""
    log.now = log.line("gift").at
    line = log.tick("early", kept=True)
    twist(n=1)(log, line)
    log.lines.insert(log.index("gift"), line)


def seals():
    def case(name, code, bend, label="seal1"):
        return of_log(name, code, bend, label)

    yield case("another balance", "seal_root", twist(root=hash_of("other balances")))
    yield case("an account too many", "seal_accounts", twist(accounts=more("accounts")))
    yield case("another size", "seal_size", twist(size=more("size")))
    yield case("a seal that lasts", "seal_time", twist(valid_until=later(1)))
    yield case("a seal of another name", "seal_id", twist(id=id_later(0)))
    yield case("a seal without accounts", "field_invalid", twist(accounts="8"))
    yield case("an organisation seals", "signer_unexpected", and_orme)
    yield case("another clock seals", "key_unknown", another_clock)
    yield case("a seal is missing", "seal_missing", drop("seal1"), "cancel")
    yield case("a seal behind a seal", "seal_early", sealed_twice, "again")


def sealed_twice(log, line):
    again_ = log.line("seal1").copy()
    again_.label, again_.kept = "again", True
    log.lines.insert(log.index("seal1") + 1, again_)


def assertions():
    for name in ("given_pending", "given_posted", "received_pending", "received_posted", "moves"):
        yield Case(f"{name} is not so", "assertion", "assertion_false",
                   sets(**{name: more(name)}))
    yield Case("below nothing", "assertion", "field_invalid", sets(given_posted=-1))
    yield Case("before the last hours", "new", "assertion_false", both(insert(
        "direct", "assertion.balance", "saule", given_pending=0, given_posted=0, moves=0,
        received_pending=0, received_posted=0), lambda log, line: sets(received_posted=0)(
            log, log.line("new"))))


def founding():
    def case(name, code, change):
        return Case(name, "found", code, change, False)

    def policy(log, line, **values):
        merged = {**line.fields["policy"], **values}
        line.fields["policy"] = {name: value for name, value in merged.items() if value is not None}

    yield case("a policy out of range", "field_invalid",
               lambda log, line: policy(log, line, limit_soft=2))
    yield case("a policy without a key", "field_missing",
               lambda log, line: policy(log, line, urgent_days=None))
    yield case("a policy with another key", "field_unknown",
               lambda log, line: policy(log, line, interest=1))
    yield case("no coordinator", "field_invalid", edit(mandates=lambda log, line: [
        one for one in line.fields["mandates"] if one["role"] == "panel"]))
    yield case("a mandate that is over", "field_invalid", edit(mandates=lambda log, line: [
        {**line.fields["mandates"][0], "until": line.at}]))
    yield case("one key twice", "field_invalid",
               edit(clock_key=key_of("orme")))
    yield case("another log key", "network_keys", edit(log_key=hash_of("log key")))


def everything():
    for table in (form, signatures, sequence, organisations, things, exchange, clock, seals,
                  assertions, founding, *mutations_reciprocity.TABLES):
        yield from table()
