# SPDX-License-Identifier: AGPL-3.0-or-later
"""A clean history that uses all kinds, by label, so that a test can bend one of its lines.

noyer (coordinator), tilleul and orme found it; lierre, saule, frene and aulne join; aulne and frene
leave. Two months pass, and the clock ticks when something was due.
"""
from build import DAY_MS, Log, hash_of, share
from semclient import POLICY_DEFAULT, day_of

ORIGIN = "ledger.example.org/test"
START = 1_767_225_600_000       # 2026-01-01
CHARTER = hash_of("We help each other.")


def founding(log, handles=("noyer", "tilleul", "orme"), policy=None):
    keys = {name + "_key": key.hex for name, key in log.server.items()}
    log.add("found", "network.found", handles[0], handles, charter=CHARTER, demo=log.demo,
            founders=[{"handle": handle, "key": log.key(handle).hex} for handle in handles],
            mandates=[{"org": handles[0], "role": "coordinator", "until": log.now + 400 * DAY_MS}],
            policy={**POLICY_DEFAULT, "seal_every": 16, **(policy or {})},
            public={"bundles": True, "directory": True}, rules_version=1,
            skills=["comptabilite", "droit"], skills_details=hash_of("skills"), **keys)


def admit(log, handle, **by_whom):
    signers = [handle, *by_whom.get("sponsors", [by_whom.get("coordinator")])]
    return log.add("admit_" + handle, "org.admit", handle, signers, charter=CHARTER,
                   key=log.key(handle).hex, details=hash_of(handle), public=False, **by_whom)


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


def clean(demo=False, server=None, start=START):
    log = Log(ORIGIN, start, demo, server)
    founding(log)
    members(log)
    refs = market(log)
    exchange(log, refs)
    time_passes(log, refs)
    log.settle()
    log.name_ticks()
    return log


def members(log):
    admitted = admit(log, "lierre", sponsors=["noyer", "tilleul"])
    for handle in ("saule", "frene", "aulne"):
        admit(log, handle, coordinator="noyer")
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
    log.add("leave_frene", "org.leave", "frene", to="noyer")
    # lierre received 30 under the agreement and a gift of 45, which moved its account back.
    log.add("assertion", "assertion.balance", "lierre", given_pending=0, given_posted=0, moves=45,
            received_pending=0, received_posted=75)
    log.add("last", "org.confirm", "saule")
