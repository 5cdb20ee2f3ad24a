# SPDX-License-Identifier: AGPL-3.0-or-later
"""The generator's own books: who stands where and what is open, so that it never asks for what
the ledger would refuse. They follow SPEC 6, 7.1 and 8 for what the demo network does, in fewer
words and without its code; a year of entries lies within one rolling window."""
import common


class Org:
    def __init__(self, data, key):
        self.data, self.key = data, key
        self.handle, self.name, self.lang = data["handle"], data["name"], data["lang"]
        self.standing = data["class"]
        self.active = False
        self.given = self.received = self.moves = 0
        self.pending_given = self.pending_received = 0
        self.times_given = 0
        self.extra_key = None
        self.number = 0             # of admission; 0: not yet
        self.capacity, self.status_until = None, 0
        self.confirmed = {}         # urgencies, by quarter

    @property
    def position(self):
        return self.given - self.received + self.moves

    @property
    def projected(self):
        return self.position - self.pending_received

    def fragile(self):
        return self.standing == "fragile"


class Offer:
    def __init__(self, providers, skill, lang, text, expires):
        self.ref, self.live = None, True
        self.providers, self.skill, self.expires = providers, skill, expires
        self.lang, self.text = lang, text

    def parties(self):
        return self.providers


class Need:
    def __init__(self, asker, skill, minutes, urgent, expires):
        self.ref, self.live = None, True
        self.asker, self.skill, self.minutes, self.expires = asker, skill, minutes, expires
        self.urgent, self.urgent_until, self.voucher = urgent, 0, None
        self.served = 0
        self.variant = 0            # of the texts of its skill
        self.answered = False       # an agreement for it was signed
        self.kept = False           # left open for the end of the year

    def parties(self):
        return [self.asker]


class Agreement:
    def __init__(self, shares, skill, lang, task, need, expires):
        self.ref, self.live = None, True
        self.shares, self.expires = shares, expires     # {(giver, receiver): minutes}
        self.done = dict.fromkeys(shares, 0)
        self.skill, self.lang, self.task, self.need = skill, lang, task, need
        self.people = False
        self.signed = 0
        self.missed = False         # a session did not take place
        self.ran_out = False        # with hours still open

    def parties(self):
        return list(dict.fromkeys(org for pair in self.shares for org in pair))

    def left(self):
        return {pair: m - self.done[pair] for pair, m in self.shares.items()}


class Hours:
    def __init__(self, shares, gift, need):
        self.ref = None
        self.shares, self.gift, self.need = shares, gift, need
        self.reversed = False
        self.paid = {}              # by the pool, of each share


class Books:
    def __init__(self, policy):
        self.policy = policy
        self.orgs = []
        self.offers, self.needs, self.agreements, self.hours = [], [], [], []
        self.pool, self.quarter = 0, None
        self.admitted = 0

    def admit(self, org):
        self.admitted += 1
        org.number, org.active = self.admitted, True

    # --- Lines (SPEC 8.1) ---------------------------------------------------------------------

    def floor(self, org):
        p = self.policy
        if org.times_given < p["limit_floor_new_gifts"]:
            return p["limit_floor_new"]
        grown = p["limit_floor_base"] + org.given // p["limit_floor_divisor"]
        return max(p["limit_floor_new"], min(p["limit_floor_max"], grown))

    def hard_stop(self, org):
        return self.floor(org) * self.policy["limit_hard_permille"] // 1000

    def room(self, org):
        """The minutes that it may still receive before it stands at its line."""
        return org.projected + self.floor(org)

    # --- Looking ------------------------------------------------------------------------------

    def active(self):
        return [org for org in self.orgs if org.active]

    def open(self, things):
        return [thing for thing in things if thing.live]

    def providers(self, skill):
        """Active organisations with an open offer of this skill, and the offer."""
        found = {}
        for offer in self.open(self.offers):
            if offer.skill == skill:
                for org in offer.providers:
                    found.setdefault(org, offer)
        return found

    # --- Moving -------------------------------------------------------------------------------

    def expire(self, at):
        """What the clock does before an entry at `at` (SPEC 5.2)."""
        while self.quarter is not None and self.quarter <= at:
            common.close_quarter(self, self.quarter)
            self.quarter = common.next_quarter(self.quarter)
        for thing in self.open(self.offers) + self.open(self.needs):
            thing.live = thing.expires > at
        for agreement in self.open(self.agreements):
            if agreement.expires <= at:
                agreement.ran_out = any(agreement.left().values())
                self.end(agreement)
        for need in self.open(self.needs):
            if need.urgent_until <= at:
                need.urgent_until = 0

    def reserve(self, shares, sign=1):
        for (giver, receiver), minutes in shares.items():
            giver.pending_given += sign * minutes
            receiver.pending_received += sign * minutes

    def end(self, agreement):
        self.reserve(agreement.left(), -1)
        agreement.live = False

    def post(self, shares, gift=False, sign=1):
        for (giver, receiver), minutes in shares.items():
            giver.given += sign * minutes
            receiver.received += sign * minutes
            if gift:
                giver.moves -= sign * minutes
                receiver.moves += sign * minutes

    def carry(self, pair, minutes):
        """The pool takes so many minutes over from who receives; back when below zero."""
        pair[1].moves += minutes
        self.pool -= minutes

    def give(self, org, minutes):
        """Hours that an organisation gives to the pool."""
        org.moves -= minutes
        self.pool += minutes

    def record(self, hours, at, agreement=None):
        """Hours that everybody has signed."""
        hours.paid = common.pay(self, hours, agreement, at)
        if agreement is not None:
            self.reserve(hours.shares, -1)
            for pair, minutes in hours.shares.items():
                agreement.done[pair] += minutes
                assert agreement.done[pair] <= agreement.shares[pair]
        self.post(hours.shares, hours.gift)
        for pair, minutes in hours.paid.items():
            self.carry(pair, minutes)
        for giver in {giver for giver, _ in hours.shares}:
            giver.times_given += 1
        if hours.need is not None:
            self.serve(hours.need, hours.shares)
        self.hours.append(hours)

    def serve(self, need, shares, sign=1):
        need.served += sign * sum(m for (_, to), m in shares.items() if to is need.asker)
        if need.live and need.served >= need.minutes:
            need.live = False

    def take_back(self, hours, shares):
        """Part of recorded hours; never all of them."""
        for pair, minutes in shares.items():
            left, paid = hours.shares[pair], hours.paid.get(pair, 0)
            stays = paid * (left - minutes) // left
            self.carry(pair, stays - paid)
            hours.paid[pair] = stays
        self.post(shares, hours.gift, -1)
        if hours.need is not None:
            self.serve(hours.need, shares, -1)
        hours.reversed = True

    def leave(self, org, heir):
        for agreement in self.open(self.agreements):
            if org in agreement.parties():
                self.end(agreement)
        for thing in self.open(self.offers) + self.open(self.needs):
            if org in thing.parties():
                thing.live = False
        position = org.position
        org.moves -= position
        if heir is not None and position > 0:
            heir.moves += position
        else:
            self.pool += position
        org.active = False

    def check(self):
        """Sums that the ledger holds as well (SPEC 7.2)."""
        assert sum(org.position for org in self.orgs) + self.pool == 0
        assert sum(org.given for org in self.orgs) == sum(org.received for org in self.orgs)
        for org in self.orgs:
            pending = sum(m for a in self.open(self.agreements)
                          for (_, to), m in a.left().items() if to is org)
            assert pending == org.pending_received, org.handle
