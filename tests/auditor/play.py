# SPDX-License-Identifier: AGPL-3.0-or-later
"""Random entries, as members who try everything would write them: most are sound in form, many are
refused by a rule. Which, is for the server and the auditor to say, each for itself."""
import random

from build import DAY_MS, Log, hash_of, server_keys, share
from history import CHARTER, ORIGIN, founding
from semclient import day_of, now_ms
from sem_audit.replay import Replay
from sem_audit.report import Report

# Short lines and short lives, so that limits and ticks are met often.
POLICY = {"limit_floor_new": 60, "limit_floor_new_gifts": 2, "limit_floor_base": 90,
          "limit_floor_divisor": 2, "limit_floor_max": 300, "urgent_days": 4, "offer_days_max": 20,
          "need_days_max": 20, "agreement_days_max": 20, "sponsors_min": 1}
FOUNDERS = ("noyer", "tilleul", "orme", "lierre", "saule", "frene")
NEWCOMERS = ("aulne", "bouleau", "charme", "erable")


def real_log(folder, client, seed, size):
    """Plays until the server's log has so many leaves; the log, to be bent, with all its keys."""
    now = now_ms()
    player = Player(seed, server_keys(folder, ORIGIN), now - now % DAY_MS - 380 * DAY_MS)
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

    def __init__(self, seed, server, start):
        self.random = random.Random(seed)
        self.log = Log(ORIGIN, start, demo=True, server=server)
        founding(self.log, FOUNDERS, {**POLICY, "limit_soft": seed % 2})
        self.state = None       # what is known of the network, for assertions
        self.orgs = list(FOUNDERS)
        self.words = {}         # handle -> words of its further keys, revoked ones as well
        self.vouched = []       # needs, the last one at the end
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
        elif verb == "add":
            self.words.setdefault(line.fields["by"], []).append(line.label)

    def next(self):
        """The next line; time passes, sometimes by days."""
        self.count += 1
        self.log.now += self.random.choice((1000, 60_000, 60_000, 3_600_000, DAY_MS // 4, DAY_MS))
        moves = (self.hours, self.hours, self.hours, self.agreed, self.agreed, self.sign, self.sign,
                 self.change, self.sign, self.end, self.publish, self.publish, self.follow,
                 self.vouch, self.vouch, self.urgent, self.urgent, self.urgent, self.reverse,
                 self.member, self.member, self.keys, self.keys)
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
        """Mostly the first key, sometimes one that may be anything."""
        words = self.words.get(handle)
        further = words and self.random.random() < 0.15
        return self.log.key(handle, self.random.choice(words) if further else "first")

    # --- Choices ----------------------------------------------------------------------------------

    def org(self):
        return self.random.choice(self.orgs)

    def two(self):
        return self.random.sample(self.orgs, 2)

    def ref(self, noun):
        """A thing, more often a late one; None when there is none."""
        refs = list(self.made[noun])
        if not refs:
            return None
        return self.random.choice(refs[-4:] if self.random.random() < 0.9 else refs)

    def minutes(self):
        return self.random.choice((1, 15, 30, 45, 60, 89, 90, 91, 120, 150))

    def shares(self):
        pairs = {tuple(self.two()) for _ in range(self.random.choice((1, 1, 1, 2, 3)))}
        return [share(*pair, self.minutes()) for pair in sorted(pairs)]

    def expires(self):
        return self.log.now + self.random.choice((DAY_MS, 9 * DAY_MS, 20 * DAY_MS, 20 * DAY_MS,
                                                  20 * DAY_MS, 20 * DAY_MS + 1))

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
            giver = self.random.choice([one for one in self.orgs if one != asker])
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
            giver = self.random.choice([one for one in self.orgs if one != asker])
            shares = [share(giver, asker, self.minutes())]
        return "agreement.sign", self.parties(shares), {
            "shares": shares, "expires": self.expires(), "details": hash_of("terms"), "need": need,
            "offer": offer}

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
        if not ref:
            return self.publish()
        if self.random.random() < 0.15:
            return "need.withdraw", [self.made["need"][ref]["by"]], {"need": ref}
        asker = self.made["need"][ref]["by"]
        others = [one for one in self.orgs if one != asker or self.random.random() < 0.1]
        return "need.vouch", [self.random.choice(others)], {"need": ref}

    def urgent(self):
        """Help for a need that was vouched for: as much as it asks, a little more, or a part."""
        if not self.vouched:
            return self.vouch()
        ref = self.random.choice(self.vouched[-3:])
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
        new = self.random.choice(NEWCOMERS)
        if roll < 0.35:
            return "org.admit", [new, "noyer"], {
                "by": new, "charter": CHARTER, "coordinator": "noyer", "public": False,
                "details": hash_of(new), "key": self.log.key(new).hex}
        if roll < 0.5:
            sponsor = self.org()
            return "org.admit", [new, sponsor], {
                "by": new, "charter": CHARTER, "sponsors": [sponsor], "public": False,
                "details": hash_of(new), "key": self.log.key(new).hex}
        if roll < 0.53:
            # noyer stays: it coordinates.
            by = self.random.choice([one for one in self.orgs if one != "noyer"])
            return "org.leave", [by], {"to": self.maybe(self.org())}
        if roll < 0.6:
            return "org.confirm", [self.org()], {}
        if roll < 0.7:
            return self.assertion()
        if roll < 0.8:
            return "org.update", [self.org()], {"details": hash_of("sheet"), "public": False}
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
