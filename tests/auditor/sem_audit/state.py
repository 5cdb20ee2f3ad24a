# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a replay knows: organisations, things, due moments, pairs and counters (SPEC 7)."""
import bisect

from sem_audit import days
from sem_audit.refusal import Refusal, need

# The types of due moments in their order, SPEC 6.10.
DUE_TYPES = ("agreement_expiry", "need_expiry", "offer_expiry", "urgency_lapse")
WINDOW_DAYS = 365


class Key:
    def __init__(self, public, scope, ceiling):
        self.public = public
        self.scope = scope
        self.ceiling = ceiling
        self.revoked_at = None


class Org:
    def __init__(self, number, handle):
        self.number = number
        self.handle = handle
        self.active = True
        self.keys = {}          # key id -> Key
        self.mandates = {}      # role -> until
        self.given_posted = self.received_posted = 0
        self.given_pending = self.received_pending = 0
        self.moves = 0
        self.times_given = self.times_received = 0
        self.given_on = {}      # day of `at` -> minutes

    @property
    def position(self):
        return self.given_posted - self.received_posted + self.moves

    def given_in_window(self, at):
        """Minutes given in the rolling year, the day of `at` included (SPEC 5.4)."""
        today = days.day_of(at)
        return sum(minutes for day, minutes in self.given_on.items()
                   if today - WINDOW_DAYS < day <= today)


class Offer:
    kind = "offer"
    open_state = "open"

    def __init__(self, ref, providers):
        self.ref = ref
        self.providers = providers
        self.state = "open"


class Need:
    kind = "need"
    open_state = "open"

    def __init__(self, ref, asker, minutes, declared):
        self.ref = ref
        self.asker = asker
        self.minutes = minutes
        self.declared = declared
        self.served = 0
        self.state = "open"
        self.voucher = None         # the last one
        self.in_force = False


class Agreement:
    kind = "agreement"
    open_state = "live"

    def __init__(self, ref, shares, need_ref):
        self.ref = ref
        self.reserved = dict(shares)
        self.recorded = {}
        self.need = need_ref
        self.state = "live"

    @property
    def parties(self):
        return {end for pair in self.reserved for end in pair}

    def left(self, pair):
        return self.reserved.get(pair, 0) - self.recorded.get(pair, 0)


class Hours:
    kind = "hours"

    def __init__(self, ref, at, shares, gift, need_ref):
        self.ref = ref
        self.day = days.day_of(at)
        self.left = dict(shares)
        self.gift = gift
        self.need = need_ref


class Pair:
    def __init__(self):
        self.minutes = self.gift_minutes = self.count = 0


class Commitment:
    def __init__(self, value, people):
        self.value = value
        self.people = people        # author and parties, who may erase it beside coordinators
        self.erased_at = None


class State:
    def __init__(self, origin):
        self.origin = origin
        self.founded = None         # the network.found entry
        self.policy = None
        self.orgs = {}              # handle -> Org
        self.things = {}            # ref -> Offer, Need, Agreement, Hours
        self.commitments = {}       # (ref, slot) -> Commitment
        self.ids = {}               # ref -> index
        self.public_keys = {}       # hex -> handle
        self.pairs = {}             # (from, to) -> Pair
        self.pool = 0
        self.due = []               # sorted (moment, type number, author number, id, ref)

    # --- Organisations ----------------------------------------------------------------------------

    def org(self, handle, field=None):
        """An active organisation."""
        need(handle in self.orgs, "org_unknown", field, "an organisation", handle)
        need(self.orgs[handle].active, "org_left", field, "an active organisation", handle)
        return self.orgs[handle]

    def has_mandate(self, handle, role, at):
        """A mandate ends at the moment of its `until`."""
        org = self.orgs.get(handle)
        return bool(org and org.active and at < org.mandates.get(role, 0))

    # --- Things -----------------------------------------------------------------------------------

    def thing(self, kind, ref, field=None, must_be_open=True):
        """An offer, need, agreement or record of hours, by default one that is not closed."""
        found = self.things.get(ref)
        need(found and found.kind == kind, "ref_unknown", field or kind, f"a known {kind}", ref)
        if must_be_open:
            need(found.state == found.open_state, "already_closed", field or kind,
                 found.open_state, found.state)
        return found

    def commit(self, ref, slot, value, people):
        self.commitments[ref, slot] = Commitment(value, set(people))

    # --- Due moments ------------------------------------------------------------------------------

    def set_due(self, type_, ref, moment):
        """One moment for a (type, thing); None takes it away."""
        author, id_ = ref.split("/")
        tail = DUE_TYPES.index(type_), self.orgs[author].number, id_, ref
        self.due = [one for one in self.due if one[1:] != tail]
        if moment is not None:
            bisect.insort(self.due, (moment, *tail))

    def is_due(self, moment):
        return bool(self.due) and self.due[0][0] <= moment

    # --- The end of things ------------------------------------------------------------------------

    def end_offer(self, offer, state):
        offer.state = state
        self.set_due("offer_expiry", offer.ref, None)

    def end_need(self, need_, state):
        need_.state = state
        self.set_due("need_expiry", need_.ref, None)
        self.lapse(need_)

    def lapse(self, need_):
        need_.in_force = False
        self.set_due("urgency_lapse", need_.ref, None)

    def end_agreement(self, agreement, state):
        self.reserve(agreement, -1)
        agreement.state = state
        self.set_due("agreement_expiry", agreement.ref, None)

    # --- Counters ---------------------------------------------------------------------------------

    def reserve(self, agreement, sign):
        """Adds what is left of the reservation to the pending counters, or takes it away."""
        for giver, receiver in agreement.reserved:
            minutes = sign * agreement.left((giver, receiver))
            self.orgs[giver].given_pending += minutes
            self.orgs[receiver].received_pending += minutes

    def post(self, hours, shares, sign):
        """Counts shares of a record of hours, or takes them back from the bucket they were in."""
        for (giver, receiver), minutes in shares.items():
            minutes *= sign
            one, two = self.orgs[giver], self.orgs[receiver]
            one.given_posted += minutes
            two.received_posted += minutes
            one.given_on[hours.day] = one.given_on.get(hours.day, 0) + minutes
            pair = self.pairs.setdefault((giver, receiver), Pair())
            pair.minutes += minutes
            if hours.gift:
                pair.gift_minutes += minutes
                one.moves -= minutes
                two.moves += minutes

    def serve(self, need_ref, shares, sign):
        """Counts what the asker of a need receives; an open need can be met by it."""
        if need_ref is None:
            return
        need_ = self.things[need_ref]
        need_.served += sign * sum(minutes for (_, receiver), minutes in shares.items()
                                   if receiver == need_.asker)
        if need_.state == "open" and need_.served >= need_.minutes:
            self.end_need(need_, "met")

    def totals(self):
        """What a tick states: SPEC 6.10. `orgs` counts all who were ever admitted."""
        orgs = self.orgs.values()
        return {"given": sum(org.given_posted for org in orgs),
                "orgs": len(orgs), "pool": self.pool,
                "received": sum(org.received_posted for org in orgs)}

    # --- Invariants -------------------------------------------------------------------------------

    def assert_sums(self):
        """Invariants 1 and 2 of SPEC 7.2, and the signs of 3."""
        orgs = self.orgs.values()
        sums = [
            ("posted", sum(org.given_posted - org.received_posted for org in orgs)),
            ("pending", sum(org.given_pending - org.received_pending for org in orgs)),
            ("positions", self.pool + sum(org.position for org in orgs))]
        for name, found in sums:
            need(found == 0, "invariant_broken", name, 0, found)
        low = min((min(org.given_posted, org.received_posted, org.given_pending,
                       org.received_pending) for org in orgs), default=0)
        need(low >= 0, "invariant_broken", "counters", "0 or more", low)

    def assert_recount(self):
        """Invariants 3 and 4: pending against live agreements, pairs against posted."""
        pending = {}
        for thing in self.things.values():
            if thing.kind == "agreement" and thing.state == "live":
                for pair in thing.reserved:
                    for end, handle in zip("gr", pair):
                        pending[end, handle] = pending.get((end, handle), 0) + thing.left(pair)
        for handle, org in self.orgs.items():
            for end, found in (("g", org.given_pending), ("r", org.received_pending)):
                need(found == pending.get((end, handle), 0), "invariant_broken",
                     f"pending of {handle}", pending.get((end, handle), 0), found)
        paired = sum(pair.minutes for pair in self.pairs.values())
        given = self.totals()["given"]
        if paired != given:
            raise Refusal("invariant_broken", "pairs", given, paired)
