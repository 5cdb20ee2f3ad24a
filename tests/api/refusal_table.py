# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the rules refuse on the stage, one line a case, and what they accept: SPEC 2, 3, 5, 6, 8.

The tables are used twice: by the refusals themselves, and by the previews, which must say the same.
"""
import collections

import semclient
from fixtures import ORIGIN, expires, hash_of, share
from stage import application, day, id_at, other_key, until
from semclient import DAY_MS, now_ms

MINUTE_MS = 60_000
NO_ID = "0" * 8 + "00007000" + "8000" + "0" * 12
NO_HASH = "0" * 64

# code: what SPEC 11 calls it; `field`, where given, must be named by the answer.
Case = collections.namedtuple("Case", "name code kind by signers fields field", defaults=[None])


def publish(**more):
    return {"details": hash_of("x"), "expires": expires(), "providers": ["orme"], "public": False,
            "skill": "droit", "type": "skill", **more}


def ask(**more):
    return {"details": hash_of("x"), "expires": expires(), "minutes": 60, "public": False,
            "skill": "droit", "type": "skill", "urgent": False, **more}


def agree(giver, receiver, minutes, **more):
    return {"details": hash_of("x"), "expires": expires(),
            "shares": [share(giver, receiver, minutes)], **more}


def gave(giver, receiver, minutes, **more):
    return {"day": day(0), "shares": [share(giver, receiver, minutes)], **more}


def without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


def forms():
    """Fields: what can be seen in the text alone."""
    two = [share("tilleul", "saule", 10), share("noyer", "saule", 10)]
    hours = [("zero minutes", {"shares": [share("noyer", "saule", 0)]}, "shares[0].minutes"),
             ("too many minutes", {"shares": [share("noyer", "saule", 100_001)]},
              "shares[0].minutes"),
             ("minutes as a text", {"shares": [share("noyer", "saule", "60")]},
              "shares[0].minutes"),
             ("a share with oneself", {"shares": [share("noyer", "noyer", 60)]}, "shares[0]"),
             ("no share", {"shares": []}, "shares"),
             ("shares out of order", {"shares": two}, "shares[1]"),
             ("a pair twice", {"shares": [share("noyer", "saule", 10)] * 2}, "shares[1]"),
             ("65 shares", {"shares": [share("noyer", "saule", 10)] * 65}, "shares"),
             ("no day", {"day": "2026-02-30"}, "day"), ("day as a number", {"day": 1}, "day"),
             ("a flag as a number", {"gift": 1}, "gift"),
             ("a word not listed", {"done_by": "robots"}, "done_by"),
             ("a hash in capitals", {"details": "AB" * 32}, "details"),
             ("a reference without author", {"need": NO_ID}, "need"),
             ("a skill with a capital", {"skill": "Droit"}, "skill")]
    for name, change, field in hours:
        yield Case(name, "field_invalid", "hours.record", "saule", ["noyer", "saule"],
                   gave("noyer", "saule", 60, **change), field)
    for name, change, field in [
            ("id of version 4", {"id": NO_ID.replace("7", "4")}, "id"),
            ("a short id", {"id": "01"}, "id"),
            ("a reserved handle", {"by": "pool"}, "by"),
            ("time below zero", {"valid_until": -1}, "valid_until"),
            ("seen without size", {"seen": {"root": NO_HASH}}, "seen.size")]:
        code = "field_missing" if field == "seen.size" else "field_invalid"
        yield Case(name, code, "org.confirm", "orme", ["orme"], change, field)
    good = publish()
    for name in sorted(without(good, "skill")):
        yield Case(f"offer without {name}", "field_missing", "offer.publish", "orme", ["orme"],
                   without(good, name), name)
    yield Case("a skill offer without skill", "field_missing", "offer.publish", "orme", ["orme"],
               without(good, "skill"), "skill")
    yield Case("handles out of order", "field_invalid", "offer.publish", "orme", ["orme", "noyer"],
               publish(providers=["orme", "noyer"]), "providers[1]")
    yield Case("by not among the providers", "field_invalid", "offer.publish", "noyer", ["orme"],
               publish(), "providers")
    yield Case("unknown kind", "unknown_kind", "hours.give", "orme", ["orme"], {})
    yield Case("unknown field", "field_unknown", "org.confirm", "orme", ["orme"], {"note": "hello"},
               "note")
    yield Case("unknown member of a share", "field_unknown", "hours.record", "saule",
               ["noyer", "saule"], gave("noyer", "saule", 60) | {
                   "shares": [{**share("noyer", "saule", 60), "why": "x"}]}, "shares[0].why")
    yield Case("valid_until missing", "field_missing", "org.confirm", "orme", ["orme"],
               {"valid_until": None}, "valid_until")


def times():
    yield Case("expired", "expired", "org.confirm", "orme", ["orme"],
               {"id": id_at(-DAY_MS), "valid_until": now_ms() - 1}, "valid_until")
    yield Case("id in the future", "id_time", "org.confirm", "orme", ["orme"],
               {"id": id_at(11 * MINUTE_MS), "valid_until": until(1)}, "id")
    yield Case("valid too long", "valid_until_too_far", "org.confirm", "orme", ["orme"],
               {"id": id_at(-DAY_MS), "valid_until": until(89, 1000)}, "valid_until")
    yield Case("time of one's own", "at_not_allowed", "org.confirm", "orme", ["orme"],
               {"at": now_ms()}, "at")
    yield Case("another head seen", "seen_mismatch", "org.confirm", "orme", ["orme"],
               {"seen": {"root": NO_HASH, "size": 2}}, "seen")
    yield Case("a head of the future seen", "seen_mismatch", "org.confirm", "orme", ["orme"],
               {"seen": {"root": NO_HASH, "size": 1_000_000}}, "seen")
    for kind, fields in (("offer.publish", publish), ("need.publish", ask)):
        for name, moment in (("past", now_ms() - 1), ("far", until(190))):
            yield Case(f"{kind} {name}", "expires_out_of_range", kind, "orme", ["orme"],
                       fields(expires=moment), "expires")
    yield Case("agreement far", "expires_out_of_range", "agreement.sign", "orme", ["orme", "saule"],
               agree("orme", "saule", 10, expires=until(367)), "expires")
    for name, when in (("tomorrow", 1), ("long ago", -367)):
        yield Case(f"help {name}", "day_out_of_range", "hours.record", "saule", ["noyer", "saule"],
                   gave("noyer", "saule", 60, day=day(when)), "day")


def signatures(s):
    hours = gave("noyer", "saule", 60)
    pair = ["noyer", "saule"]
    stranger = other_key("noyer", "never registered")
    yield Case("an extra signer", "signer_unexpected", "hours.record", "saule", pair + ["orme"],
               hours)
    yield Case("the author is not a signer", "signer_unexpected", "org.confirm", "orme", ["noyer"],
               {})
    yield Case("no such key", "key_unknown", "hours.record", "saule", [stranger, "saule"], hours)
    yield Case("a revoked key", "key_revoked", "hours.record", "saule", [s.revoked, "saule"], hours)
    yield Case("a key that proposes", "key_scope", "hours.record", "saule", [s.propose, "saule"],
               hours)
    yield Case("a key that only signs adds none", "key_scope", "key.add", "noyer", [s.sign],
               {"key": stranger.hex, "scope": "admin"})
    yield Case("a key that only signs does not leave", "key_scope", "org.leave", "noyer", [s.sign],
               {})
    yield Case("a key that only signs is no sponsor", "key_scope", "org.admit", "osier",
               ["osier", s.sign, "tilleul"],
               application(s, "osier", coordinator=None, sponsors=["noyer", "tilleul"]))
    yield Case("above the ceiling", "key_ceiling", "hours.record", "saule", [s.small, "saule"],
               gave("noyer", "saule", 61))
    yield Case("the clock's kind", "field_invalid", "clock.tick", "orme", ["orme"], tick(), "by")
    clock = semclient.Key(ORIGIN, "clock", bytes(32), name=ORIGIN + "/clock")
    yield Case("somebody else's clock", "clock_only", "clock.tick", "clock", [clock], tick())
    yield Case("somebody else's seal", "clock_only", "seal.balances", "clock", [clock], seal())
    yield Case("a seal of a member", "field_invalid", "seal.balances", "orme", ["orme"], seal(),
               "by")


def seal():
    moment = now_ms()
    return {"accounts": 4, "id": semclient.new_id(moment), "root": NO_HASH, "size": 5,
            "valid_until": moment}


def figures(**more):
    return {"given_pending": 0, "given_posted": 0, "moves": 0, "received_pending": 0,
            "received_posted": 0, **more}


def tick():
    moment = now_ms()
    return {"through": moment, "valid_until": moment, "id": semclient.new_id(moment), "n": 1,
            "effects_hash": NO_HASH,
            "totals": {"given": 0, "orgs": 3, "pool": 0, "received": 0}}


def members(s):
    def admit(name, code, handle, signers=("noyer",), field=None, **more):
        return Case(name, code, "org.admit", handle, [handle, *signers],
                    application(s, handle, **more), field)

    taken = s.net.key("lierre").hex
    yield admit("a handle in use", "handle_taken", "lierre")
    yield admit("a handle of the past", "handle_taken", "aulne")
    yield admit("another charter", "charter_mismatch", "osier", charter=NO_HASH)
    yield admit("no mandate", "not_coordinator", "osier", ["tilleul"], coordinator="tilleul")
    yield admit("nobody answers for it", "field_invalid", "osier", [], coordinator=None)
    yield admit("both answer for it", "field_invalid", "osier", ["noyer", "tilleul"],
                sponsors=["noyer", "tilleul"])
    yield admit("one sponsor", "field_invalid", "osier", coordinator=None, sponsors=["noyer"])
    borrowed = semclient.Key(ORIGIN, "osier", bytes(s.net.key("lierre").secret))
    yield Case("a key in use", "key_in_use", "org.admit", "osier", [borrowed, "noyer"],
               application(s, "osier", key=taken))
    yield Case("another's key", "key_in_use", "key.add", "orme", ["orme"],
               {"key": taken, "scope": "sign"})
    for name in ("log_key", "clock_key", "refusal_key"):
        own = s.net.client.get("/v1/network").json["keys"][name]
        yield Case(f"the log's own {name}", "key_in_use", "key.add", "orme", ["orme"],
                   {"key": own, "scope": "sign"})
    yield Case("a revoked key again", "key_in_use", "key.add", "noyer", ["noyer"],
               {"key": s.revoked.hex, "scope": "sign"})
    yield Case("the same key id", "key_id_taken", "key.add", "tilleul", ["tilleul"],
               {"key": s.same_id[1].hex, "scope": "sign"})
    yield Case("no point to sign with", "key_unacceptable", "key.add", "orme", ["orme"],
               {"key": "01" + "0" * 62, "scope": "sign"})
    yield Case("the last key", "last_admin_key", "key.revoke", "orme", ["orme"],
               {"key": s.net.key("orme").hex})
    yield Case("revoking another's key", "key_unknown", "key.revoke", "orme", ["orme"],
               {"key": taken})
    yield Case("revoking twice", "key_unknown", "key.revoke", "noyer", ["noyer"],
               {"key": s.revoked.hex})
    yield Case("a stranger takes part", "org_unknown", "hours.record", "saule",
               ["noyer", "personne", "saule"],
               {"day": day(0),
                "shares": [share("noyer", "saule", 5), share("personne", "saule", 5)]})
    yield Case("a stranger writes", "org_unknown", "org.confirm", "personne", ["personne"], {})
    yield Case("who left writes", "org_left", "org.confirm", "aulne", ["aulne"], {})
    yield Case("who left gives", "org_left", "hours.record", "saule", ["aulne", "saule"],
               gave("aulne", "saule", 5))
    yield Case("leaving to one who left", "org_left", "org.leave", "orme", ["orme"],
               {"to": "aulne"})
    yield Case("a second founding", "network_already_founded", "network.found", "noyer",
               ["noyer", "orme", "tilleul"], founding(s.net))


def founding(net):
    keys = net.client.get("/v1/network").json["keys"]
    names = "noyer", "tilleul", "orme"
    return {"charter": net.charter, "clock_key": keys["clock_key"], "demo": False,
            "founders": [{"handle": name, "key": net.key(name).hex} for name in names],
            "log_key": keys["log_key"], "refusal_key": keys["refusal_key"],
            "mandates": [{"org": "noyer", "role": "coordinator", "until": until(900)}],
            "policy": semclient.POLICY_DEFAULT, "public": {"bundles": True, "directory": True},
            "rules_version": 1, "skills": ["droit"], "skills_details": NO_HASH}


def things(s):
    """Offers, needs and texts."""
    nothing = "orme/" + id_at(0)

    def one(name, code, kind, by, field=None, **fields):
        return Case(name, code, kind, by, [by], fields, field)

    yield one("no such offer", "ref_unknown", "offer.withdraw", "orme", "offer", offer=nothing)
    yield one("an offer that is a need", "ref_unknown", "offer.withdraw", "lierre", "offer",
              offer=s.need_open)
    yield one("no such need", "ref_unknown", "need.vouch", "orme", "need", need=nothing)
    yield one("no such agreement", "ref_unknown", "agreement.cancel", "orme", "agreement",
              agreement=nothing)
    yield one("no such text", "ref_unknown", "details.erase", "lierre", subject=s.admit_lierre,
              slot="people")
    yield one("another's offer", "not_yours", "offer.withdraw", "orme", offer=s.offer_open)
    yield one("another's agreement", "not_yours", "agreement.cancel", "orme", agreement=s.agreement)
    yield one("another's text", "not_yours", "details.erase", "orme", subject=s.need_open,
              slot="details")
    yield one("erased before", "already_erased", "details.erase", "noyer", subject=s.admit_lierre,
              slot="details")
    yield one("an offer withdrawn before", "already_closed", "offer.withdraw", "tilleul",
              offer=s.offer_gone)
    yield one("renewing what is withdrawn", "already_closed", "offer.renew", "tilleul",
              offer=s.offer_gone, expires=expires(40))
    yield one("a need withdrawn before", "already_closed", "need.withdraw", "lierre",
              need=s.need_gone)
    yield one("vouching for what is withdrawn", "already_closed", "need.vouch", "noyer",
              need=s.need_gone)
    yield one("cancelled before", "already_closed", "agreement.cancel", "tilleul",
              agreement=s.agreement_gone)
    yield one("vouching for oneself", "vouch_own", "need.vouch", "lierre", need=s.need_declared)
    yield one("vouching twice", "already_vouched", "need.vouch", "noyer", need=s.need_vouched)
    yield one("vouching for what is not urgent", "not_urgent", "need.vouch", "noyer",
              need=s.need_open)
    yield Case("an offer outside the catalogue", "skill_unknown", "offer.publish", "orme", ["orme"],
               publish(skill="jardinage"), "skill")
    yield Case("a need outside the catalogue", "skill_unknown", "need.publish", "orme", ["orme"],
               ask(skill="jardinage"), "skill")
    yield Case("hours outside the catalogue", "skill_unknown", "hours.record", "saule",
               ["noyer", "saule"], gave("noyer", "saule", 5, skill="jardinage"), "skill")


def exchanges(s):
    both = ["lierre", "tilleul"]

    def deal(name, code, kind, field=None, by="lierre", signers=both, **fields):
        return Case(name, code, kind, by, signers, fields, field)

    yield deal("hours of what was cancelled", "already_closed", "hours.record",
               **gave("tilleul", "lierre", 5, agreement=s.agreement_gone))
    yield deal("changing what was cancelled", "already_closed", "agreement.change",
               agreement=s.agreement_gone, shares=[share("tilleul", "lierre", 90)],
               expires=expires())
    yield deal("more than was agreed", "hours_over_agreement", "hours.record",
               **gave("tilleul", "lierre", 121, agreement=s.agreement))
    yield deal("another pair than agreed", "parties_mismatch", "hours.record",
               **gave("lierre", "tilleul", 5, agreement=s.agreement))
    yield deal("changing the parties", "parties_mismatch", "agreement.change", by="lierre",
               signers=["lierre", "orme", "tilleul"], agreement=s.agreement, expires=expires(),
               shares=[share("orme", "lierre", 10), share("tilleul", "lierre", 100)])
    yield deal("less than recorded", "change_below_recorded", "agreement.change",
               agreement=s.agreement, expires=expires(), shares=[share("tilleul", "lierre", 29)])
    yield deal("changing it for too long", "expires_out_of_range", "agreement.change", "expires",
               agreement=s.agreement, expires=until(367),
               shares=[share("tilleul", "lierre", 150)])
    yield deal("an offer of somebody else", "agreement_mismatch", "agreement.sign", by="orme",
               signers=["orme", "saule"], **agree("orme", "saule", 10, offer=s.offer_open))
    yield deal("a need of somebody else", "agreement_mismatch", "agreement.sign", by="orme",
               signers=["orme", "saule"], **agree("orme", "saule", 10, need=s.need_open))
    yield deal("hours for a need of somebody else", "agreement_mismatch", "hours.record",
               by="saule", signers=["noyer", "saule"],
               **gave("noyer", "saule", 10, need=s.need_open))
    yield deal("taking back too much", "reverse_too_much", "hours.reverse",
               by="saule", signers=["noyer", "saule"], hours=s.hours,
               shares=[share("noyer", "saule", 61)])
    right = figures(received_pending=120, received_posted=30)
    for field in right:
        yield deal("other figures than the log's: " + field, "assertion_false", "assertion.balance",
                   field, signers=["lierre"], **{**right, field: right[field] + 1})
    yield deal("figures below zero", "field_invalid", "assertion.balance", "given_posted",
               signers=["lierre"], **figures(given_posted=-1))
    yield deal("taking back another pair", "parties_mismatch", "hours.reverse", by="saule",
               signers=["noyer", "saule"], hours=s.hours, shares=[share("saule", "noyer", 1)])


def decisions(s):
    """Status, steps, promises and the pool: SPEC 6.7, 6.13 to 6.16, 18.7."""
    def status(name, code, panel=("noyer", "tilleul"), field=None, **more):
        fields = {"class": 1, "levy_permille": 0, "org": "frene", "panel": list(panel),
                  "pool_permille": 500, "reason": hash_of("why"), "until": until(300), **more}
        return Case(name, code, "status.grant", panel[0], list(panel), fields, field)

    def step(name, code, signers=("noyer", "tilleul"), field=None, **more):
        fields = {"org": "frene", "panel": list(signers), "reason": hash_of("why"), "step": 2,
                  "until": until(30), **more}
        return Case(name, code, "step.set", signers[0], list(signers), fields, field)

    def one(name, code, kind, by, field=None, **fields):
        return Case(name, code, kind, by, [by], fields, field)

    yield status("a panel of one", "field_invalid", ["noyer"], "panel")
    yield status("a panel without a mandate", "not_panel", ["noyer", "orme"], "panel")
    yield status("a panel about one of its own", "field_invalid", field="panel", org="tilleul")
    yield status("more than the policy pays", "field_invalid", field="pool_permille",
                 pool_permille=501)
    yield status("a class above the last", "field_invalid", field="class", **{"class": 4})
    yield status("a status for too long", "expires_out_of_range", field="until", until=until(367))
    yield one("no status to end", "already_closed", "status.end", "frene", "org", org="frene")
    yield one("another's status", "not_yours", "status.end", "orme", "org", org="frene")
    yield step("no reason for a step", "step_unfounded", field="step")
    yield step("a step too high", "step_unfounded", field="step", step=3)
    yield step("a step for too long", "expires_out_of_range", field="until", until=until(91))
    yield step("a step without a panel", "field_invalid", ["noyer"], "panel", step=3, panel=None)
    yield step("a step by a member", "not_coordinator", ["orme"], "by", panel=None)
    yield one("a panel's step", "not_panel", "step.end", "noyer", "panel", org="cerisier")
    yield one("no step to end", "already_closed", "step.end", "noyer", "org", org="frene")
    yield one("no step to appeal against", "already_closed", "step.appeal", "frene")
    yield one("a confirmed step", "already_appealed", "step.appeal", "cerisier")
    yield one("a promise that is not over", "nothing_broken", "promise.excuse", "lierre",
              "agreement", agreement=s.agreement)
    yield one("another's promise", "not_yours", "promise.excuse", "tilleul", "agreement",
              agreement=s.agreement)
    yield one("what is not urgent rests", "paused", "need.publish", "cerisier", "urgent", **ask())
    yield Case("receiving what is not urgent rests", "paused", "agreement.sign", "cerisier",
               ["cerisier", "orme"], agree("orme", "cerisier", 10), "shares")
    yield Case("a promise without a cosigner", "cosigner_missing", "agreement.sign", "cerisier",
               ["cerisier", "orme"], agree("cerisier", "orme", 10), "cosigner")
    yield Case("a party as cosigner", "field_invalid", "agreement.sign", "cerisier",
               ["cerisier", "orme"], agree("cerisier", "orme", 10, cosigner="orme"), "cosigner")
    yield one("a third urgency of the quarter", "urgent_quota", "need.vouch", "orme", "need",
              need=s.need_third)
    yield Case("a panel with the asker", "field_invalid", "need.vouch", "orme",
               ["orme", "saule"], {"need": s.need_third, "panel": ["saule"]}, "panel")
    yield one("more than it is above zero by", "pool_over_position", "pool.give", "tilleul",
              "minutes", minutes=31)


def urgent_limits(s):
    """saule's urgent need is for 6000 minutes, and noyer vouched for it."""
    for name, giver, minutes in (("more than the urgent need asks for", "orme", 6001),
                                 ("the voucher itself gives", "noyer", 841)):
        yield Case(name, "limit_crossed", "hours.record", "saule", sorted([giver, "saule"]),
                   gave(giver, "saule", minutes, need=s.need_vouched))
    yield Case("urgent but vouched by nobody", "limit_crossed", "hours.record", "lierre",
               ["lierre", "orme"], gave("orme", "lierre", 751, need=s.need_declared))


def limits():
    """lierre stands at -30 with 120 pending, saule at -60; a newcomer's hard stop is 900."""
    yield Case("an agreement beyond the hard stop", "limit_crossed", "agreement.sign", "lierre",
               ["lierre", "orme"], agree("orme", "lierre", 751))
    yield Case("hours beyond the hard stop", "limit_crossed", "hours.record", "saule",
               ["noyer", "saule"], gave("noyer", "saule", 841))


def refused(stage):
    """Every refusal that the rules make, in an order that does not matter: nothing is written."""
    yield from forms()
    yield from times()
    yield from signatures(stage)
    yield from members(stage)
    yield from things(stage)
    yield from exchanges(stage)
    yield from decisions(stage)
    yield from limits()
    yield from urgent_limits(stage)


def accepted(stage):
    """What passes, each as near to a refusal as it can be; these are written one after another."""
    size = stage.net.client.get("/v1/checkpoint").json
    yield Case("a head seen", None, "org.confirm", "orme", ["orme"],
               {"seen": {"root": size["root"], "size": size["size"]}})
    yield Case("the figures of the log", None, "assertion.balance", "lierre", ["lierre"],
               figures(received_pending=120, received_posted=30))
    yield Case("valid as long as can be", None, "org.confirm", "orme", ["orme"],
               {"id": id_at(-DAY_MS), "valid_until": until(89, -1000)})
    yield Case("help of a year ago", None, "hours.record", "saule", ["noyer", "saule"],
               gave("noyer", "saule", 1, day=day(-366)))
    yield Case("at the ceiling of the key", None, "hours.record", "frene", [stage.small, "frene"],
               gave("noyer", "frene", 60))
    yield Case("a coordinator with a key that only signs", None, "org.admit", "osier",
               ["osier", stage.sign], application(stage, "osier"))
    yield Case("exactly at the hard stop", None, "agreement.sign", "lierre", ["lierre", "orme"],
               agree("orme", "lierre", 750))
    yield Case("hours exactly at the hard stop", None, "hours.record", "saule", ["noyer", "saule"],
               gave("noyer", "saule", 839))
    yield Case("a gift beyond it", None, "hours.record", "saule", ["noyer", "saule"],
               gave("noyer", "saule", 300, gift=True))
    yield Case("an urgent need beyond it", None, "hours.record", "saule", ["orme", "saule"],
               gave("orme", "saule", 300, need=stage.need_vouched))
    yield Case("all that was agreed", None, "hours.record", "lierre", ["lierre", "tilleul"],
               gave("tilleul", "lierre", 120, agreement=stage.agreement))
    yield Case("all that was given", None, "hours.reverse", "saule", ["noyer", "saule"],
               {"hours": stage.hours, "shares": [share("noyer", "saule", 60)]})
    yield Case("all that it is above zero by", None, "pool.give", "tilleul", ["tilleul"],
               {"minutes": 150})
    yield Case("a third urgency, with the panel", None, "need.vouch", "orme", ["noyer", "orme"],
               {"need": stage.need_third, "panel": ["noyer"]})
    yield Case("a promise with a cosigner", None, "agreement.sign", "cerisier",
               ["cerisier", "frene", "orme"], agree("cerisier", "orme", 10, cosigner="frene"))
    yield Case("it was all right", None, "promise.excuse", "noyer", ["noyer"],
               {"agreement": stage.broken_promise})
    yield Case("a status", None, "status.grant", "noyer", ["noyer", "tilleul"],
               {"class": 1, "levy_permille": 0, "org": "frene", "panel": ["noyer", "tilleul"],
                "pool_permille": 500, "reason": hash_of("why"), "until": until(300)})
    yield Case("its end", None, "status.end", "frene", ["frene"], {"org": "frene"})
    yield Case("the end of a step", None, "step.end", "noyer", ["noyer", "tilleul"],
               {"org": "cerisier", "panel": ["noyer", "tilleul"]})
    yield Case("nobody is kept from leaving", None, "org.leave", "saule", ["saule"], {})
