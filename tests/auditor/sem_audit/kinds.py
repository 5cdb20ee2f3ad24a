# SPDX-License-Identifier: AGPL-3.0-or-later
"""The kinds of entries and their fields: the tables of SPEC 6. Optional fields stand apart."""
import functools

from sem_audit import fields as f
from sem_audit import profile
from sem_audit.refusal import Refusal

COMMON = {"by": f.handle, "id": f.entry_id, "kind": f.word, "valid_until": f.ms}
COMMON_OPTIONAL = {"seen": f.seen, "at": f.ms}

HOW = {"done_by": f.word("staff", "volunteers", "mixed")}
MARKET = {"type": f.word("skill", "space", "equipment"), "expires": f.ms, "public": f.flag,
          "details": f.hash_}
MARKET_OPTIONAL = {"skill": f.slug, "areas": f.areas, "languages": f.languages}
SIZE = {"capacity": f.integer(0, 600_000), "fte": f.integer(0, 1_000_000)}

KINDS = {
    "network.found": ({
        "charter": f.hash_, "clock_key": f.key, "log_key": f.key, "refusal_key": f.key,
        "demo": f.flag, "founders": f.founders, "mandates": f.mandates,
        "policy": f.policy_document, "public": f.obj(bundles=f.flag, directory=f.flag),
        "rules_version": f.integer(1, 1), "skills": f.sorted_items(f.slug, 1, 128),
        "skills_details": f.hash_}, {}),
    "org.admit": ({"charter": f.hash_, "key": f.key, "details": f.hash_, "public": f.flag},
                  {**SIZE, "coordinator": f.handle, "sponsors": f.handles}),
    "org.update": ({"details": f.hash_, "public": f.flag}, SIZE),
    "org.confirm": ({}, {}),
    "org.leave": ({}, {"to": f.handle}),
    "key.add": ({"key": f.key, "scope": f.word("admin", "sign", "propose")},
                {"ceiling": f.integer(1, 1_000_000)}),
    "key.revoke": ({"key": f.key}, {}),
    "details.erase": ({"subject": f.ref, "slot": f.word("details", "people", "reason", "skills")},
                      {}),
    "offer.publish": ({**MARKET, "providers": f.handles},
                      {**MARKET_OPTIONAL, "minutes_month": f.minutes}),
    "offer.renew": ({"offer": f.ref, "expires": f.ms}, {}),
    "offer.withdraw": ({"offer": f.ref}, {}),
    "need.publish": ({**MARKET, "minutes": f.minutes, "urgent": f.flag}, MARKET_OPTIONAL),
    "need.vouch": ({"need": f.ref}, {"panel": f.handles}),
    "need.withdraw": ({"need": f.ref}, {}),
    "agreement.sign": ({"shares": f.shares, "expires": f.ms, "details": f.hash_},
                       {**HOW, "people": f.hash_, "offer": f.ref, "need": f.ref,
                        "cosigner": f.handle}),
    "agreement.change": ({"agreement": f.ref, "shares": f.shares, "expires": f.ms}, {}),
    "agreement.close": ({"agreement": f.ref}, {}),
    "agreement.cancel": ({"agreement": f.ref}, {}),
    "hours.record": ({"shares": f.shares, "day": f.day},
                     {**HOW, "agreement": f.ref, "need": f.ref, "gift": f.flag, "skill": f.slug,
                      "details": f.hash_}),
    "hours.reverse": ({"hours": f.ref, "shares": f.shares}, {}),
    "clock.tick": ({"through": f.ms, "n": f.integer(1, 1000), "effects_hash": f.hash_,
                    "totals": f.totals}, {}),
    "seal.balances": ({"accounts": f.count, "root": f.hash_, "size": f.count}, {}),
    "assertion.balance": ({"given_pending": f.count, "given_posted": f.count, "moves": f.signed,
                           "received_pending": f.count, "received_posted": f.count}, {}),
    "pool.give": ({"minutes": f.minutes}, {}),
    "status.grant": ({"org": f.handle, "class": f.integer(1, 3), "levy_permille": f.permille,
                      "pool_permille": f.permille, "panel": f.handles, "reason": f.hash_,
                      "until": f.ms}, {}),
    "status.end": ({"org": f.handle}, {"panel": f.handles}),
    "promise.excuse": ({"agreement": f.ref}, {}),
    "step.set": ({"org": f.handle, "step": f.integer(2, 4), "until": f.ms, "reason": f.hash_},
                 {"panel": f.handles}),
    "step.end": ({"org": f.handle}, {"panel": f.handles}),
    "step.appeal": ({}, {}),
}

# What the clock makes: SPEC 6.10, 6.11.
CLOCK_KINDS = {"clock.tick", "seal.balances"}

# Fields that name another entry.
REFS = ("subject", "offer", "need", "agreement", "hours")


@functools.lru_cache(maxsize=1 << 14)
def read(line):
    """The fields of a line of JSON, canonical and held to their kind; not to be changed."""
    try:
        data = profile.parse(line)
    except profile.NotCanonical:
        raise Refusal("not_canonical") from None
    check(data)
    return data


def check(data):
    kind = data.get("kind")
    if "kind" not in data:
        raise Refusal("field_missing", "kind")
    f.hold(isinstance(kind, str), "kind")
    if kind not in KINDS:
        raise Refusal("unknown_kind")
    required, optional = KINDS[kind]
    by = f.word("clock") if kind in CLOCK_KINDS else f.handle
    common = {**COMMON, "kind": f.word(kind), "by": by}
    f.members(data, "", {**common, **required}, {**COMMON_OPTIONAL, **optional})
    if data.get("type") == "skill" and "skill" not in data:
        raise Refusal("field_missing", "skill")
