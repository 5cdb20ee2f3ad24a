# SPDX-License-Identifier: AGPL-3.0-or-later
"""A founded network in which something of everything has happened, so that every refusal of SPEC 6
has its occasion. `refusal_table.py` says what is then refused, and what passes.

noyer (coordinator), tilleul, orme founded it, noyer and tilleul being the panel; lierre, saule and
frene are newcomers; cerisier did not keep promises and is at the last step; aulne left.
"""
import hashlib
import time

from fixtures import ORIGIN, Started, expires, hash_of, share
from semclient import DAY_MS, Detail, Key, day_of, entry_text, new_id, note, now_ms

# Two secrets of tilleul whose public keys have the same key id 0dcc2972 (SPEC 3.3, key_id_taken).
SAME_KEY_ID = 11075, 38317


def other_key(handle, word):
    return Key(ORIGIN, handle, hashlib.sha256(f"{handle}/{word}".encode()).digest())


def mandates():
    until = now_ms() + 3 * 365 * DAY_MS
    return [{"org": org, "role": role, "until": until}
            for org, role in (("noyer", "coordinator"), ("noyer", "panel"), ("tilleul", "panel"))]


class Stage:
    """`net` is the network; the rest are references and keys that the tables use."""

    def __init__(self, cleanup, **founding):
        self.started = Started(cleanup)
        founding.setdefault("mandates", mandates())
        self.net = self.started.network(**founding)
        self.members()
        self.keys()
        self.offers_and_needs()
        self.agreements_and_hours()
        self.steps()
        self.net.add("org.leave", "aulne")

    def add(self, kind, by, signers=None, **fields):
        return self.net.add(kind, by, signers, **fields)

    def members(self):
        net = self.net
        self.admit_lierre = net.admit("lierre", sponsors=["noyer", "tilleul"])
        net.admit("saule", coordinator="noyer")
        net.admit("frene", coordinator="noyer")
        net.admit("aulne", coordinator="noyer")
        net.admit("cerisier", coordinator="noyer")
        self.erased = self.add("details.erase", "lierre", subject=self.admit_lierre, slot="details")

    def keys(self):
        """noyer has more keys than one: to sign, to propose, with a ceiling, and a revoked one."""
        self.sign, self.propose, self.small, self.revoked = (
            other_key("noyer", word) for word in ("sign", "propose", "small", "revoked"))
        self.add("key.add", "noyer", key=self.sign.hex, scope="sign")
        self.add("key.add", "noyer", key=self.propose.hex, scope="propose")
        self.add("key.add", "noyer", key=self.small.hex, scope="sign", ceiling=60)
        self.add("key.add", "noyer", key=self.revoked.hex, scope="admin")
        self.add("key.revoke", "noyer", key=self.revoked.hex)
        self.same_id = [Key(ORIGIN, "tilleul", seed.to_bytes(32, "big")) for seed in SAME_KEY_ID]
        self.add("key.add", "tilleul", key=self.same_id[0].hex, scope="sign")

    def offer(self, by, **more):
        return self.add("offer.publish", by, details=hash_of(by), expires=expires(), providers=[by],
                        public=True, skill="droit", type="skill", **more)

    def need(self, by, urgent=False, minutes=120):
        return self.add("need.publish", by, details=hash_of(by), expires=expires(), minutes=minutes,
                        public=True, skill="droit", type="skill", urgent=urgent)

    def offers_and_needs(self):
        self.offer_open = self.offer("tilleul")
        self.offer_gone = self.offer("tilleul")
        self.add("offer.withdraw", "tilleul", offer=self.offer_gone)
        self.need_open = self.need("lierre")
        self.need_gone = self.need("lierre", urgent=True)
        self.add("need.withdraw", "lierre", need=self.need_gone)
        self.need_declared = self.need("lierre", urgent=True)
        self.need_vouched = self.need("saule", urgent=True, minutes=6000)
        self.add("need.vouch", "noyer", need=self.need_vouched)
        self.add("need.vouch", "orme", need=self.need("saule", urgent=True))
        self.need_third = self.need("saule", urgent=True)

    def agree(self, giver, receiver, minutes):
        return self.add("agreement.sign", giver, [giver, receiver], details=hash_of("terms"),
                        expires=expires(), shares=[share(giver, receiver, minutes)])

    def agreements_and_hours(self):
        """lierre: 30 received, 120 pending. saule: 60 received."""
        today = day_of(now_ms())
        self.agreement = self.agree("tilleul", "lierre", 150)
        self.agreement_gone = self.agree("tilleul", "lierre", 90)
        self.add("agreement.cancel", "lierre", agreement=self.agreement_gone)
        self.hours_agreed = self.add(
            "hours.record", "lierre", ["lierre", "tilleul"], agreement=self.agreement, day=today,
            shares=[share("tilleul", "lierre", 30)])
        self.hours = self.add("hours.record", "saule", ["noyer", "saule"], day=today,
                              shares=[share("noyer", "saule", 60)])

    def broken(self, count=1):
        """cerisier lets so many agreements with noyer expire; orme stands beside it."""
        for _ in range(count):
            self.broken_promise = self.add(
                "agreement.sign", "cerisier", ["cerisier", "noyer", "orme"], cosigner="orme",
                details=hash_of("terms"), expires=now_ms() + 300,
                shares=[share("cerisier", "noyer", 1)])
        time.sleep(0.4)

    def step(self, step, panel=("noyer", "tilleul")):
        return self.add("step.set", "noyer", list(panel), org="cerisier", panel=list(panel),
                        reason=hash_of("why"), step=step, until=now_ms() + 80 * DAY_MS)

    def steps(self):
        """Up to the last one, which the panel confirmed after an appeal."""
        self.broken(3)
        self.step(2)
        for step in (3, 4):
            self.broken()
            self.step(step)
        self.add("step.appeal", "cerisier")
        self.step(4)


def application(stage, handle, **more):
    """The fields of an org.admit that is right in everything that `more` does not change."""
    sheet = Detail(ORIGIN, "org", {"name": handle.title()})
    fields = {"charter": stage.net.charter, "key": stage.net.key(handle).hex, "public": False,
              "details": sheet.commit, "coordinator": "noyer"}
    fields.update(more)
    return fields


def case_text(net, case):
    """The entry text of a case of refusal_table; a field that is None is left out."""
    fields = net.fields(case.kind, case.by)
    fields.update(case.fields)
    kept = {name: value for name, value in fields.items() if value is not None}
    return entry_text(net.origin, kept)


def case_note(net, case):
    return note(case_text(net, case), net.signing(case.signers))


def id_at(ms_from_now):
    return new_id(now_ms() + ms_from_now)


def until(days, ms=0):
    return now_ms() + days * DAY_MS + ms


def day(days_from_now):
    return day_of(now_ms() + days_from_now * DAY_MS)
