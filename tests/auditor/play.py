# SPDX-License-Identifier: AGPL-3.0-or-later
"""Random entries, as members who try everything would write them: most are sound in form, many are
refused by a rule. Which, is for the server and the auditor to say, each for itself."""
import random

from build import DAY_MS, Log, hash_of, server_keys, share
from history import CHARTER, ORIGIN, founding
from semclient import day_of
from sem_audit.replay import Replay
from sem_audit.report import Report

# Short lines and short lives, so that limits and ticks are met often.
POLICY = {"limit_floor_new": 60, "limit_floor_new_gifts": 2, "limit_floor_base": 90,
          "limit_floor_divisor": 2, "limit_floor_max": 300, "urgent_days": 4, "offer_days_max": 20,
          "need_days_max": 20, "agreement_days_max": 20, "sponsors_min": 1,
          # Early steps, and crises that come and go.
          "urgent_quota": 1, "promise_meeting": 1, "promise_days": 60, "step_days": 30,
          "status_days_max": 60, "crisis_days": 20, "crisis_orgs_min": 3,
          "crisis_fill_permille": 150}
FOUNDERS = ("noyer", "tilleul", "orme", "lierre", "saule", "frene")
# A pool that pays more than it has, and one that forgives more than it has.
POOR = {"pool_cap": 60, "forgive_band": 20, "forgive_divisor": 12, "forgive_levy_divisor": 40}
RICH = {"pool_cap": 15, "forgive_band": 10, "forgive_divisor": 3, "forgive_levy_divisor": 20}
PANEL = FOUNDERS[:3]
NEWCOMERS = ("aulne", "bouleau", "charme", "erable")
# 2024-11-20, whatever the date: quarters end after 42 and 132 days.
START = 1_732_060_800_000


def real_log(folder, client, seed, size):
    """Plays until the server's log has so many leaves; the log, to be bent, with all its keys."""
    player = Player(seed, server_keys(folder, ORIGIN))
    replay, leaves = Replay(ORIGIN, Report()), []
    player.state = replay.state
    line = player.log.lines[0]
    while len(leaves) < size:
        answer = client.post("/v1/entries", line.leaf(ORIGIN).partition(b"\n")[2])
        if answer.status == 201:
            player.took(line)
            for index in range(len(leaves), client.get("/v1/network").json["size"]):
                leaves.append(client.get(f"/v1/entries/{index}").json["leaf"].encode())
                replay.leaf(leaves[-1])
        line = player.next()
    player.log.take(leaves)
    return player.log


class Player:
    """Makes lines; `took` and nothing else tells it what became of them."""

    def __init__(self, seed, server):
        self.random = random.Random(seed)
        self.log = Log(ORIGIN, START, demo=True, server=server)
        founding(self.log, FOUNDERS, {**POLICY, **(POOR if seed % 4 > 1 else RICH),
                                      "limit_soft": seed % 2})
        self.state = None       # what is known of the network, for assertions
        self.orgs = list(FOUNDERS)
        self.words = {}         # handle -> words of its further keys, revoked ones as well
        self.vouched = []       # needs, the last one at the end
        self.reasons = []       # (reference, who may erase it) of entries with one
        self.made = {"offer": {}, "need": {}, "agreement": {}, "hours": {}}   # ref -> fields
        self.count = 0

    def took(self, line):
        noun, verb = line.fields["kind"].split(".")
        if verb in ("publish", "sign", "record"):
            self.made[noun][line.ref] = line.fields
        elif verb == "change":
            self.made[noun][line.fields[noun]] = {**self.made[noun][line.fields[noun]],
                                                  "shares": line.fields["shares"]}
        elif verb == "admit":
            self.orgs.append(line.fields["by"])
        elif verb == "vouch":
            self.vouched.append(line.fields["need"])
        elif verb in ("grant", "set"):
            self.reasons.append((line.ref, (line.fields["by"], line.fields["org"])))
        elif verb == "add":
            self.words.setdefault(line.fields["by"], []).append(line.label)

    def next(self):
        """The next line; time passes, sometimes by days."""
        self.count += 1
        self.log.now += self.random.choice((1000, 60_000, 60_000, 3_600_000, DAY_MS // 4, DAY_MS))
        self.log.now += 9 * DAY_MS * (self.random.random() < 0.005)
        moves = (self.hours, self.hours, self.hours, self.agreed, self.agreed, self.sign, self.sign,
                 self.change, self.sign, self.end, self.publish, self.publish, self.follow,
                 self.vouch, self.vouch, self.urgent, self.urgent, self.urgent, self.reverse,
                 self.member, self.member, self.member, self.keys, self.keys, self.give_pool,
                 self.status, self.status_end, self.poor, self.poor, self.excuse, self.step,
                 self.step, self.step_end, self.appeal, self.at_a_step)
        kind, signers, fields = self.random.choice(moves)()
        signers = sorted(signers)
        by = fields.pop("by", None) or self.random.choice(signers)
        if self.random.random() < 0.03:
            signers.append(self.random.choice(self.orgs))
        keys = [self.key(one) for one in sorted(set(signers))]
        return self.log.make(self.label(), kind, by, keys, **fields)

    def label(self):
        return f"random {self.count}"

    def key(self, handle):
        """Mostly a key that may sign, sometimes one that may be anything."""
        words, org = ["first", *self.words.get(handle, [])], self.state.orgs.get(handle)
        good = {key.public for key in org.keys.values() if key.scope == "admin"
                and key.ceiling is None and key.revoked_at is None} if org else ()
        fitting = [word for word in words if self.log.key(handle, word).public in good]
        if not fitting or self.random.random() < 0.1:
            fitting = words
        return self.log.key(handle, self.random.choice(fitting))

    # --- Choices ----------------------------------------------------------------------------------

    def org(self):
        return self.random.choice(self.around())

    def two(self):
        return self.random.sample(self.around(), 2)

    def around(self):
        """Mostly those who have not left."""
        if self.random.random() < 0.05:
            return self.orgs
        return [one for one in self.orgs if self.state.orgs[one].active]

    def other(self, *but):
        return self.random.choice([one for one in self.around() if one not in but])

    def ref(self, noun):
        """A thing, more often a late one that has not ended; None when there is none."""
        refs = list(self.made[noun])
        if self.random.random() < 0.85:
            refs = [ref for ref in refs if self.is_open(ref)]
        if not refs:
            return None
        return self.random.choice(refs[-4:] if self.random.random() < 0.9 else refs)

    def is_open(self, ref):
        thing = self.state.things[ref]
        return thing.state == thing.open_state

    def minutes(self):
        return self.random.choice((1, 15, 30, 45, 60, 89, 90, 91, 120, 150))

    def shares(self):
        pairs = {tuple(self.two()) for _ in range(self.random.choice((1, 1, 1, 2, 3)))}
        return [share(*pair, self.minutes()) for pair in sorted(pairs)]

    def expires(self):
        most = 20 * DAY_MS
        if self.random.random() < 0.05:
            return self.log.now + self.random.choice((0, most + 1))
        return self.log.now + self.random.choice((DAY_MS, 3 * DAY_MS, 5 * DAY_MS, 9 * DAY_MS, most))

    def maybe(self, value):
        return value if self.random.random() < 0.5 else None

    @staticmethod
    def parties(shares):
        return {one[end] for one in shares for end in ("from", "to")}

    # --- Moves: (kind, signers, fields) -----------------------------------------------------------

    def hours(self):
        shares = self.shares()
        need = self.maybe(self.ref("need"))
        if need and self.random.random() < 0.8:
            asker = self.made["need"][need]["by"]
            giver = self.other(asker)
            shares = [share(giver, asker, self.minutes())]
        return "hours.record", self.parties(shares), {
            "shares": shares, "day": day_of(self.log.now - self.random.randrange(2) * DAY_MS),
            "gift": self.random.choice((None, None, False, True)), "need": need}

    def agreed(self):
        ref = self.ref("agreement")
        if not ref:
            return self.sign()
        shares = [dict(one, minutes=self.random.choice((10, one["minutes"] // 2 + 1,
                                                        one["minutes"])))
                  for one in self.made["agreement"][ref]["shares"] if self.random.random() < 0.8]
        shares = shares or self.shares()
        return "hours.record", self.parties(shares), {
            "shares": shares, "day": day_of(self.log.now), "agreement": ref,
            "gift": self.random.choice((None, None, None, True))}

    def sign(self):
        need, offer = self.maybe(self.ref("need")), self.maybe(self.maybe(self.ref("offer")))
        shares = self.shares()
        if need and self.random.random() < 0.8:
            asker = self.made["need"][need]["by"]
            giver = self.other(asker)
            shares = [share(giver, asker, self.minutes())]
        cosigner = self.cosigner(shares)
        return "agreement.sign", self.parties(shares) | ({cosigner} if cosigner else set()), {
            "by": shares[0]["to"], "shares": shares, "expires": self.expires(),
            "details": hash_of("terms"), "need": need, "offer": offer, "cosigner": cosigner}

    def cosigner(self, shares):
        """Mostly somebody where the rules want it, else mostly nobody."""
        wanted = any(self.state.step(one["from"], self.log.now) >= 3 for one in shares)
        if self.random.random() < (0.7 if wanted else 0.05):
            return self.other(*self.parties(shares))
        return None

    def change(self):
        ref = self.ref("agreement")
        if not ref:
            return self.sign()
        shares = [dict(one, minutes=max(1, one["minutes"] + self.random.choice((-60, -20, 20, 60))))
                  for one in self.made["agreement"][ref]["shares"]]
        return "agreement.change", self.parties(shares), {
            "agreement": ref, "shares": shares, "expires": self.expires()}

    def end(self):
        ref = self.ref("agreement")
        if not ref:
            return self.sign()
        parties = self.parties(self.made["agreement"][ref]["shares"])
        if self.random.random() < 0.5:
            return "agreement.close", parties, {"agreement": ref}
        by = self.random.choice(sorted(parties) if self.random.random() < 0.8 else self.orgs)
        return "agreement.cancel", [by], {"agreement": ref}

    def publish(self):
        common = {"type": self.random.choice(("space", "equipment")), "expires": self.expires(),
                  "public": True, "details": hash_of("text")}
        if self.random.random() < 0.7:
            return "need.publish", [self.org()], {
                **common, "minutes": 4 * self.minutes(), "urgent": self.random.random() < 0.8}
        providers = sorted(set(self.two()))
        return "offer.publish", providers, {**common, "providers": providers}

    def follow(self):
        ref = self.ref("offer")
        if not ref:
            return self.publish()
        providers = self.made["offer"][ref]["providers"]
        if self.random.random() < 0.6:
            return "offer.renew", providers, {"offer": ref, "expires": self.expires()}
        return "offer.withdraw", [self.random.choice(providers)], {"offer": ref}

    def vouch(self):
        ref = self.ref("need")
        found = [thing.ref for thing in self.state.things.values() if thing.kind == "need"
                 and thing.declared and thing.state == "open" and not thing.in_force]
        if found and self.random.random() < 0.8:
            ref = self.random.choice(found)
        if not ref:
            return self.publish()
        if self.random.random() < 0.1:
            return "need.withdraw", [self.made["need"][ref]["by"]], {"need": ref}
        asker = self.made["need"][ref]["by"]
        by, panel = asker if self.random.random() < 0.06 else self.other(asker), None
        if self.random.random() < 0.5:
            panel = self.panel(asker, by)
        return "need.vouch", {by, *(panel or ())}, {"by": by, "need": ref, "panel": panel}

    def urgent(self):
        """Help for a need that was vouched for: as much as it asks, a little more, or a part."""
        if not self.vouched:
            return self.vouch()
        found = [ref for ref in self.vouched if self.state.things[ref].in_force]
        ref = self.random.choice(found if found and self.random.random() < 0.8
                                 else self.vouched[-3:])
        asker, asked = (self.made["need"][ref][name] for name in ("by", "minutes"))
        pairs = [share(one, asker, max(1, asked // self.random.choice((1, 1, 2, 3))
                                       + self.random.choice((-1, 0, 0, 1))))
                 for one in self.random.sample([one for one in self.orgs if one != asker],
                                               self.random.choice((1, 1, 1, 2)))]
        if self.random.random() < 0.1:
            pairs.append(share(asker, pairs[0]["from"], 1))
        pairs.sort(key=lambda one: (one["from"], one["to"]))
        parties = self.parties(pairs)
        deal = self.random.choice([one for one, fields in self.made["agreement"].items()
                                   if fields.get("need") == ref] or [None])
        if deal and self.random.random() < 0.6:
            pairs = [dict(one, minutes=one["minutes"] + asked // 2)
                     for one in self.made["agreement"][deal]["shares"]]
            return "agreement.change", self.parties(pairs), {
                "agreement": deal, "shares": pairs, "expires": self.expires()}
        if self.random.random() < 0.5:
            return "agreement.sign", parties, {"shares": pairs, "expires": self.expires(),
                                               "details": hash_of("terms"), "need": ref}
        return "hours.record", parties, {"shares": pairs, "day": day_of(self.log.now), "need": ref}

    def reverse(self):
        ref = self.ref("hours")
        if not ref:
            return self.hours()
        shares = [dict(one, minutes=self.random.choice((1, one["minutes"] // 2 + 1,
                                                        one["minutes"])))
                  for one in self.made["hours"][ref]["shares"] if self.random.random() < 0.8]
        shares = shares or self.shares()
        return "hours.reverse", self.parties(shares), {"hours": ref, "shares": shares}

    def member(self):
        roll = self.random.random()
        new = self.random.choice([one for one in NEWCOMERS if one not in self.orgs
                                  or self.random.random() < 0.2] or NEWCOMERS)
        if roll < 0.25:
            return "org.admit", [new, "noyer"], {
                "by": new, "charter": CHARTER, "coordinator": "noyer", "public": False,
                "capacity": self.maybe(self.minutes()), "fte": self.maybe(150),
                "details": hash_of(new), "key": self.log.key(new).hex}
        if roll < 0.35:
            sponsor = self.org()
            return "org.admit", [new, sponsor], {
                "by": new, "charter": CHARTER, "sponsors": [sponsor], "public": False,
                "details": hash_of(new), "key": self.log.key(new).hex}
        if roll < 0.4:
            # noyer stays: it coordinates.
            by = self.random.choice([one for one in self.orgs if one != "noyer"])
            return "org.leave", [by], {"to": self.maybe(self.org())}
        if roll < 0.5:
            return "org.confirm", [self.org()], {}
        if roll < 0.65:
            return self.assertion()
        if roll < 0.85:
            return "org.update", [self.org()], {
                "details": hash_of("sheet"), "public": False,
                "capacity": self.maybe(self.random.choice((0, 60, 240, 1000)))}
        if self.reasons and self.random.random() < 0.2:
            subject, owners = self.random.choice(self.reasons)
            return "details.erase", [self.random.choice((*owners, self.org()))], {
                "subject": subject, "slot": "reason"}
        noun = self.random.choice(sorted(self.made))
        subject = self.ref(noun) or self.log.line("found").ref
        return "details.erase", [self.org()], {"subject": subject, "slot": "details"}

    def assertion(self):
        """Mostly true."""
        by = self.org()
        counters = self.state.orgs[by].counters()
        if self.random.random() < 0.3:
            counters[self.random.choice(sorted(counters))] += 1
        return "assertion.balance", [by], counters

    def keys(self):
        by = self.org()
        words = self.words.get(by, [])
        if words and self.random.random() < 0.4:
            word = self.random.choice([*words, "first"])
            return "key.revoke", [by], {"key": self.log.key(by, word).hex}
        again = words and self.random.random() < 0.1
        return "key.add", [by], {
            "key": self.log.key(by, words[0] if again else self.label()).hex,
            "scope": self.random.choice(("admin", "sign", "sign", "propose")),
            "ceiling": self.maybe(self.minutes())}

    # --- The pool and the panel -------------------------------------------------------------------

    def panel(self, *but):
        """Mostly two who may and are not concerned."""
        found = [one for one in PANEL if one not in but or self.random.random() < 0.1]
        if self.random.random() < 0.1:
            found.append(self.org())
        wanted = self.random.choice((2, 2, 2, 1)) if self.random.random() < 0.3 else 2
        return sorted(set(found[:wanted] if self.random.random() < 0.5 else found[-wanted:]))

    def those(self, fits):
        """An active organisation of which that is true, if there is one; else any."""
        found = [org.handle for org in self.state.members() if fits(org)]
        return self.random.choice(found) if found else self.org()

    def until(self, days):
        if self.random.random() < 0.05:
            return self.log.now + self.random.choice((0, days * DAY_MS + 1))
        return self.log.now + self.random.choice((days * DAY_MS // 4, days * DAY_MS // 2,
                                                  days * DAY_MS, days * DAY_MS))

    def give_pool(self):
        by = self.those(lambda org: org.position > 0)
        position = self.state.orgs[by].position
        return "pool.give", [by], {
            "minutes": max(1, self.random.choice((1, position // 3, position, position + 1)))}

    def status(self):
        panel = self.panel()
        org = self.random.choice([one for one in self.orgs if one not in panel] or [self.org()])
        return "status.grant", panel, {
            "org": org, "class": self.random.choice((1, 1, 2, 3)), "panel": panel,
            "levy_permille": self.random.choice((0, 500, 1000)),
            "pool_permille": self.random.choice((0, 333, 500, 500, 501)),
            "reason": hash_of(self.label()), "until": self.until(POLICY["status_days_max"])}

    def status_end(self):
        org = self.those(lambda org: self.state.status(org.handle, self.log.now))
        if not self.state.status(org, self.log.now) and self.random.random() < 0.8:
            return self.status()
        if self.random.random() < 0.5:
            return "status.end", [self.random.choice((org, org, self.org()))], {"org": org}
        panel = self.panel(org)
        return "status.end", panel, {"org": org, "panel": panel}

    def poor(self):
        """Help for a need of who has a status, so that the pool pays; or such a need."""
        asker = self.those(lambda org: self.state.status(org.handle, self.log.now))
        needs = [ref for ref, fields in self.made["need"].items() if fields["by"] == asker
                 and self.state.things[ref].state == "open"]
        if not needs:
            return "need.publish", [asker], {
                "type": "space", "expires": self.expires(), "public": True,
                "details": hash_of("text"), "minutes": 2 * self.minutes(), "urgent": False}
        givers = {self.other(asker) for _ in range(self.random.choice((1, 2)))}
        shares = [share(giver, asker, self.minutes()) for giver in sorted(givers)]
        if self.random.random() < 0.3:
            return "agreement.sign", self.parties(shares), {
                "shares": shares, "expires": self.expires(), "details": hash_of("terms"),
                "need": needs[-1]}
        return "hours.record", self.parties(shares), {
            "shares": shares, "day": day_of(self.log.now), "need": needs[-1]}

    def excuse(self):
        """Mostly of an agreement that was not kept."""
        broken = [thing for thing in self.state.things.values() if thing.kind == "agreement"
                  and any(one.counts_as_broken for one in thing.promises.values())]
        ref = self.random.choice(broken).ref if broken else None
        if not ref or self.random.random() < 0.3:
            ref = self.ref("agreement")
        if not ref:
            return self.sign()
        ends = [one[self.random.choice(("to", "to", "to", "from"))]
                for one in self.made["agreement"][ref]["shares"]]
        return "promise.excuse", [self.random.choice(ends)], {"agreement": ref}

    def step(self):
        """Mostly about who broke a promise, and mostly the step that can come next."""
        def broke(org):
            since = org.step.set_at if org.step else self.log.now - 60 * DAY_MS
            return any(one.counts_as_broken and one.ended > since
                       for one in self.state.promises(org.handle))

        def heard(org):
            return org.step and org.step.appealed and org.step.running(self.log.now)

        org = self.those(heard if self.random.random() < 0.5 else broke)
        if not broke(self.state.orgs[org]) and not heard(self.state.orgs[org]):
            if self.random.random() < 0.8:
                return self.sign()
        last = self.state.orgs[org].step
        if heard(self.state.orgs[org]) and self.random.random() < 0.7:
            step = last.number
        else:
            step = min(4, last.number + 1) if last else 2
        if self.random.random() < 0.1:
            step = self.random.choice((2, 3, 4))
        panel = self.panel(org) if step > 2 or self.random.random() < 0.5 else None
        return "step.set", panel or [self.random.choice(("noyer", "noyer", self.org()))], {
            "org": org, "step": step, "panel": panel, "reason": hash_of(self.label()),
            "until": self.until(POLICY["step_days"])}

    def at_step(self, least=2):
        return self.those(lambda org: self.state.step(org.handle, self.log.now) >= least)

    def step_end(self):
        org = self.at_step()
        last = self.state.orgs[org].step
        if not last and self.random.random() < 0.8:
            return self.step()
        panel = self.panel(org) if last and last.number > 2 or self.random.random() < 0.3 else None
        if self.random.random() < 0.1:
            panel = None
        return "step.end", panel or [self.random.choice(("noyer", self.org()))], {
            "org": org, "panel": panel}

    def appeal(self):
        org = self.those(lambda org: org.step and org.step.confirmed
                         and org.step.in_force(self.log.now))
        if self.random.random() < 0.5:
            org = self.at_step()
        if not self.state.step(org, self.log.now) and self.random.random() < 0.8:
            return self.step()
        return "step.appeal", [org], {}

    def at_a_step(self):
        """What who is at a step must do otherwise."""
        org = self.at_step(self.random.choice((3, 4)))
        if self.state.step(org, self.log.now) < 3:
            return self.step()
        other = self.other(org)
        pair = (org, other) if self.random.random() < 0.5 else (other, org)
        shares = [share(*pair, self.minutes())]
        if self.random.random() < 0.3:
            return "need.publish", [org], {
                "type": "space", "expires": self.expires(), "public": True,
                "details": hash_of("text"), "minutes": self.minutes(),
                "urgent": self.random.random() < 0.3}
        cosigner = self.cosigner(shares)
        return "agreement.sign", self.parties(shares) | ({cosigner} if cosigner else set()), {
            "by": other, "shares": shares, "expires": self.expires(),
            "details": hash_of("terms"), "cosigner": cosigner}
