# SPDX-License-Identifier: AGPL-3.0-or-later
"""A clean history that uses all kinds, by label, so that a test can bend one of its lines.

noyer (coordinator), tilleul and orme found it, and are its panel; lierre, saule, frene and aulne
join; aulne and frene leave. tilleul breaks promises, lierre is fragile. A quarter passes, at whose
end there is a crisis, and the clock ticks when something was due.
"""
from build import DAY_MS, Log, hash_of, share
from semclient import POLICY_DEFAULT, day_of

ORIGIN = "ledger.example.org/test"
START = 1_767_225_600_000       # 2026-01-01
LONG = 4_102_444_800_000        # 2100-01-01: mandates outlast every test
CHARTER = hash_of("We help each other.")


# What makes the quarter of `clean` eventful.
POLICY = {"promise_meeting": 2, "forgive_band": 30, "forgive_divisor": 8,
          "forgive_levy_divisor": 8}


def founding(log, handles=("noyer", "tilleul", "orme"), policy=None):
    until = LONG
    mandates = [{"org": handles[0], "role": "coordinator", "until": until}]
    mandates += [{"org": handle, "role": "panel", "until": until} for handle in handles[:3]]
    keys = {name + "_key": key.hex for name, key in log.server.items()}
    log.add("found", "network.found", handles[0], handles, charter=CHARTER, demo=log.demo,
            founders=[{"handle": handle, "key": log.key(handle).hex} for handle in handles],
            mandates=sorted(mandates, key=lambda one: (one["org"], one["role"])),
            policy={**POLICY_DEFAULT, "seal_every": 16, **(policy or {})},
            public={"bundles": True, "directory": True}, rules_version=1,
            skills=["comptabilite", "droit"], skills_details=hash_of("skills"), **keys)


def admit(log, handle, **more):
    signers = [handle, *more.get("sponsors", [more.get("coordinator")])]
    return log.add("admit_" + handle, "org.admit", handle, signers, charter=CHARTER,
                   key=log.key(handle).hex, details=hash_of(handle), public=False, **more)


def offer(log, label, by, days, providers=None, **more):
    providers = providers or [by]
    return log.add(label, "offer.publish", by, providers, providers=providers, type="skill",
                   skill="droit", expires=log.now + days * DAY_MS, public=True,
                   details=hash_of(label), **more)


def ask(log, label, by, minutes, days, urgent=False):
    return log.add(label, "need.publish", by, type="skill", skill="droit", minutes=minutes,
                   urgent=urgent, expires=log.now + days * DAY_MS, public=True,
                   details=hash_of(label))


def agree(log, label, giver, receiver, minutes, days, **more):
    return log.add(label, "agreement.sign", receiver, [giver, receiver], details=hash_of(label),
                   shares=[share(giver, receiver, minutes)], expires=log.now + days * DAY_MS,
                   **more)


def give(log, label, giver, receiver, minutes, signers=None, **more):
    more.setdefault("day", day_of(log.now))
    return log.add(label, "hours.record", receiver, signers or [giver, receiver],
                   shares=[share(giver, receiver, minutes)], **more)


def clean(demo=False, server=None, start=START, policy=None):
    log = Log(ORIGIN, start, demo, server)
    founding(log, policy={**POLICY, **(policy or {})})
    members(log)
    refs = market(log)
    exchange(log, refs)
    time_passes(log, refs)
    promises(log, refs)
    a_quarter_ends(log, refs)
    log.settle()
    log.name_ticks()
    return log


def members(log):
    admitted = admit(log, "lierre", sponsors=["noyer", "tilleul"])
    for handle in ("saule", "frene", "aulne"):
        admit(log, handle, coordinator="noyer", capacity=600, fte=250)
    log.add("update", "org.update", "lierre", details=hash_of("sheet"), public=True)
    log.add("confirm", "org.confirm", "orme")
    for word, scope, ceiling in (("sign", "sign", None), ("small", "sign", 60),
                                 ("propose", "propose", None), ("old", "admin", None)):
        log.add("key_" + word, "key.add", "noyer", key=log.key("noyer", word).hex, scope=scope,
                ceiling=ceiling)
    log.add("revoke", "key.revoke", "noyer", key=log.key("noyer", "old").hex)
    log.add("erase", "details.erase", "lierre", subject=admitted, slot="details")


def market(log):
    refs = {
        "offer": offer(log, "offer", "orme", 20, ["orme", "tilleul"], areas=["ixelles"],
                       languages=["fr", "nl"], minutes_month=300),
        "offer_short": offer(log, "offer_short", "tilleul", 10),
        "offer_gone": offer(log, "offer_gone", "tilleul", 10),
        "need": ask(log, "need", "lierre", 120, 30),
        "need_gone": ask(log, "need_gone", "lierre", 60, 30),
        "need_urgent": ask(log, "need_urgent", "saule", 1000, 60, urgent=True)}
    log.add("renew", "offer.renew", "tilleul", offer=refs["offer_short"],
            expires=log.now + 12 * DAY_MS)
    log.add("withdraw", "offer.withdraw", "tilleul", offer=refs["offer_gone"])
    log.add("need_withdraw", "need.withdraw", "lierre", need=refs["need_gone"])
    log.add("vouch", "need.vouch", "noyer", need=refs["need_urgent"])
    return refs


def exchange(log, refs):
    deal = refs["deal"] = agree(log, "sign", "tilleul", "lierre", 150, 40, offer=refs["offer"],
                                need=refs["need"], people=hash_of("people"), done_by="mixed")
    give(log, "agreed", "tilleul", "lierre", 30, agreement=deal, details=hash_of("hours"),
         done_by="staff", skill="droit")
    log.add("change", "agreement.change", "lierre", ["lierre", "tilleul"], agreement=deal,
            shares=[share("tilleul", "lierre", 200)], expires=log.now + 41 * DAY_MS)
    direct = give(log, "direct", "noyer", "saule", 60, [log.key("noyer", "small"), "saule"])
    give(log, "gift", "noyer", "lierre", 45, gift=True)
    log.line("gift").sees = 10
    refs["direct"] = direct
    log.add("reverse", "hours.reverse", "saule", ["noyer", "saule"], hours=direct,
            shares=[share("noyer", "saule", 20)])
    done = agree(log, "sign_done", "orme", "frene", 90, 30)
    give(log, "done", "orme", "frene", 80, agreement=done)
    log.add("close", "agreement.close", "orme", ["frene", "orme"], agreement=done)
    gone = refs["gone"] = agree(log, "sign_gone", "orme", "saule", 60, 30)
    log.add("cancel", "agreement.cancel", "saule", agreement=gone)
    agree(log, "sign_lapsing", "tilleul", "frene", 70, 15)
    # Beyond the hard stop of a newcomer; the need is met by it.
    give(log, "urgent", "orme", "saule", 1000, need=refs["need_urgent"])
    give(log, "aulne_gives", "aulne", "orme", 25, day=day_of(log.now - 366 * DAY_MS))


def time_passes(log, refs):
    log.now = log.start + 16 * DAY_MS
    give(log, "after", "tilleul", "orme", 15)                   # offer_short and sign_lapsing
    refs["slow"] = ask(log, "need_slow", "frene", 100, 90, urgent=True)
    log.add("vouch_slow", "need.vouch", "orme", need=refs["slow"])
    log.now = log.start + 32 * DAY_MS
    log.lines.append(log.tick("idle"))                          # offer; both needs have ended
    log.now += DAY_MS
    log.add("leave_aulne", "org.leave", "aulne", to="noyer")
    log.now = log.start + 47 * DAY_MS
    log.add("vouch_again", "need.vouch", "tilleul", need=refs["slow"])  # deal, urgency of slow
    third = ask(log, "need_third", "frene", 50, 30, urgent=True)
    log.add("vouch_panel", "need.vouch", "saule", ["noyer", "orme", "saule"], need=third,
            panel=["noyer", "orme"])
    log.add("leave_frene", "org.leave", "frene", to="noyer")
    # lierre received 30 under the agreement and a gift of 45, which moved its account back.
    log.add("assertion", "assertion.balance", "lierre", given_pending=0, given_posted=0, moves=45,
            received_pending=0, received_posted=75)


def decide(log, label, kind, panel, org, **fields):
    """The panel, the first of which is the author."""
    if kind != "status.end" and kind != "step.end":
        fields["reason"] = hash_of(label)
    return log.add(label, kind, panel[0], panel, org=org, panel=sorted(panel), **fields)


def promises(log, refs):
    """tilleul broke sign_lapsing to frene and deal to lierre, and breaks more of them."""
    log.now = log.start + 48 * DAY_MS
    step = {"reason": hash_of("two promises"), "org": "tilleul"}
    log.add("step", "step.set", "noyer", step=2, until=log.now + 20 * DAY_MS, **step)
    log.add("appeal", "step.appeal", "tilleul")
    decide(log, "step_again", "step.set", ["noyer", "orme"], "tilleul", step=2,
           until=log.now + 30 * DAY_MS)
    log.add("excuse", "promise.excuse", "lierre", agreement=refs["deal"])
    agree(log, "broken", "tilleul", "saule", 60, 5)
    log.now = log.start + 54 * DAY_MS
    decide(log, "step_three", "step.set", ["noyer", "orme"], "tilleul", step=3,
           until=log.now + 90 * DAY_MS)                             # broken
    beside = log.add("beside", "agreement.sign", "orme", ["noyer", "orme", "tilleul"],
                     shares=[share("tilleul", "orme", 30)], expires=log.now + 2 * DAY_MS,
                     details=hash_of("beside"), cosigner="noyer")
    give(log, "in_part", "tilleul", "orme", 20, agreement=beside)
    log.now = log.start + 57 * DAY_MS
    decide(log, "step_four", "step.set", ["orme", "noyer"], "tilleul", step=4,
           until=log.now + 80 * DAY_MS)                             # beside
    refs["ask"] = ask(log, "need_tilleul", "tilleul", 40, 20, urgent=True)
    log.add("vouch_tilleul", "need.vouch", "noyer", need=refs["ask"])
    agree(log, "urgently", "orme", "tilleul", 40, 20, need=refs["ask"])
    decide(log, "step_end", "step.end", ["noyer", "orme"], "tilleul")


def a_quarter_ends(log, refs):
    status = {"levy_permille": 500, "pool_permille": 400}
    decide(log, "status", "status.grant", ["orme", "tilleul"], "lierre", **{"class": 1}, **status,
           until=log.now + 200 * DAY_MS)
    decide(log, "status_saule", "status.grant", ["tilleul", "orme"], "saule", **{"class": 3},
           levy_permille=0, pool_permille=100, until=log.now + 200 * DAY_MS)
    log.add("update_size", "org.update", "saule", details=hash_of("sheet"), public=True,
            capacity=500, fte=175)
    refs["poor"] = ask(log, "need_poor", "lierre", 200, 40)
    give(log, "poor", "orme", "lierre", 121, need=refs["poor"])     # the pool pays 48
    log.add("poor_back", "hours.reverse", "orme", ["lierre", "orme"], hours=log.line("poor").ref,
            shares=[share("orme", "lierre", 21)])                   # and keeps 9 of them
    log.add("pool", "pool.give", "orme", minutes=100)
    log.now = log.start + 70 * DAY_MS
    for asker in ("saule", "lierre"):
        ref = ask(log, "storm_" + asker, asker, 90, 60, urgent=True)
        log.add("vouch_" + asker, "need.vouch", "noyer", ["noyer", "orme", "tilleul"], need=ref,
                panel=["orme", "tilleul"])
    log.add("status_end", "status.end", "saule", org="saule")
    log.now = log.start + 92 * DAY_MS
    log.add("spring", "org.confirm", "lierre")                      # crisis_check, pool_closing
    log.add("last", "org.confirm", "saule")
