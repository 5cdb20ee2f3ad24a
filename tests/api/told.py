# SPDX-License-Identifier: AGPL-3.0-or-later
"""A demo network told from its beginning in the past, entry by entry (SPEC 5.1): `at` is the moment
of the next entry, and moves on by a second with each."""
from fixtures import hash_of, share
from semclient import DAY_MS, day_of, now_ms

ROOMY = {"limit_floor_new": 6000, "limit_floor_base": 6000, "limit_floor_max": 6000}
PANEL = ["noyer", "tilleul"]


class Told:
    """noyer (coordinator), tilleul and orme founded it, noyer and tilleul being the panel."""

    def __init__(self, started, days=200, start=None, policy=None, **founding):
        self.at = now_ms() - days * DAY_MS if start is None else start
        self.net = started.network(
            demo=True, at=self.at, policy={**ROOMY, **(policy or {})},
            mandates=[{"org": org, "role": role, "until": self.at + 1000 * DAY_MS}
                      for org, role in (("noyer", "coordinator"), ("noyer", "panel"),
                                        ("tilleul", "panel"))], **founding)
        self.members = ["noyer", "tilleul", "orme"]

    def moment(self):
        self.at += 1000
        return self.at

    def wait(self, days):
        self.at += int(days * DAY_MS)

    def until(self, moment):
        """Whatever is due before it shows with the next entry."""
        assert moment > self.at
        self.at = moment - 1000

    def add(self, kind, by, signers=None, **fields):
        return self.net.add(kind, by, signers, at=self.moment(), **fields)

    def admit(self, *handles):
        for handle in handles:
            self.net.admit(handle, coordinator="noyer", at=self.moment(), public=True)
            self.members.append(handle)

    def help(self, giver, receiver, minutes, **more):
        return self.add("hours.record", receiver, [giver, receiver], day=day_of(self.at),
                        shares=[share(giver, receiver, minutes)], **more)

    def take_back(self, hours, giver, receiver, minutes):
        return self.add("hours.reverse", receiver, [giver, receiver], hours=hours,
                        shares=[share(giver, receiver, minutes)])

    def need(self, by, minutes, days=20, urgent=False, public=True, **more):
        more = more or {"type": "space"}
        return self.add("need.publish", by, details=hash_of(by), expires=self.at + days * DAY_MS,
                        minutes=minutes, public=public, urgent=urgent, **more)

    def offer(self, by, days=184, **more):
        more = more or {"type": "space"}
        return self.add("offer.publish", by, details=hash_of(by), expires=self.at + days * DAY_MS,
                        providers=[by], public=True, **more)

    def agree(self, giver, receiver, minutes, days=30):
        return self.add("agreement.sign", giver, [giver, receiver], details=hash_of("terms"),
                        expires=self.at + days * DAY_MS, shares=[share(giver, receiver, minutes)])

    def status(self, org, cls=1, pool=500, levy=0):
        return self.add("status.grant", "noyer", PANEL, org=org, panel=PANEL, reason=hash_of("why"),
                        until=self.at + 300 * DAY_MS, levy_permille=levy, pool_permille=pool,
                        **{"class": cls})

    def login(self, handle):
        return self.net.client.login(self.net.key(handle))


def skill(slug):
    return {"type": "skill", "skill": slug}
