# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a replay knows: organisations, things, due moments, pairs, counters and salts (SPEC 7)."""
import bisect
import collections
import contextlib
import hashlib

from sem_audit import days
from sem_audit.refusal import need

# The types of due moments in their order, SPEC 6.10.
DUE_TYPES = ("agreement_expiry", "need_expiry", "offer_expiry", "urgency_lapse", "crisis_check",
             "pool_closing")
WINDOW_DAYS = 365
FRAGILE = 1         # the class of a status, SPEC 6.14
POOL = "pool"


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
        self.chain = bytes(32)  # the `c` of SPEC 7.4
        self.capacity = self.fte = None     # as declared
        self.pool_received = 0
        self.status = None      # the last Status
        self.step = None        # the last Step
        self.needs = 0          # how many it published
        self.vouched = 0, 0     # a quarter, and the urgencies confirmed in it without the panel
        self.leaning_since = self.strained_since = 0    # 0: it does not

    @property
    def position(self):
        return self.given_posted - self.received_posted + self.moves

    def counters(self):
        """The five of SPEC 7.1 by name."""
        return {"given_pending": self.given_pending, "given_posted": self.given_posted,
                "moves": self.moves, "received_pending": self.received_pending,
                "received_posted": self.received_posted}

    def given_in_window(self, at):
        """Minutes given in the rolling year, the day of `at` included (SPEC 5.4)."""
        today = days.day_of(at)
        return sum(minutes for day, minutes in self.given_on.items()
                   if today - WINDOW_DAYS < day <= today)


class Status:
    def __init__(self, class_, levy_permille, pool_permille, until):
        self.class_ = class_
        self.levy_permille = levy_permille
        self.pool_permille = pool_permille
        self.until = until
        self.ended = False

    def in_force(self, at):
        return not self.ended and at < self.until


class Step:
    """A step about broken promises that people took: SPEC 6.16."""

    def __init__(self, number, set_at, until, confirmed):
        self.number = number
        self.set_at = set_at
        self.until = until
        self.confirmed = confirmed
        self.ended = None       # the moment of step.end
        self.appealed = False

    def running(self, at):
        return self.ended is None and at < self.until

    def in_force(self, at):
        return self.running(at) and not self.appealed


class Thing:
    """What an entry can refer to. `ended` is `at` of the entry or tick that ended it."""

    def __init__(self, ref):
        self.ref = ref
        self.state = self.open_state
        self.ended = None


class Offer(Thing):
    kind = "offer"
    open_state = "open"

    def __init__(self, ref, providers):
        super().__init__(ref)
        self.providers = providers


class Need(Thing):
    kind = "need"
    open_state = "open"

    def __init__(self, ref, asker, minutes, declared):
        super().__init__(ref)
        self.published = None       # these three are kept for metrics: SPEC 18.2
        self.fragile = False
        self.number = None
        self.in_time = 0
        self.over_at = None         # when it was met or expired, however late the tick was
        self.asker = asker
        self.minutes = minutes
        self.declared = declared
        self.served = 0
        self.voucher = None         # the last one
        self.in_force = False


class Agreement(Thing):
    kind = "agreement"
    open_state = "live"

    def __init__(self, ref, shares, need_ref):
        super().__init__(ref)
        self.reserved = dict(shares)
        self.recorded = {}
        self.need = need_ref
        self.promises = {}      # when it has ended: giver -> Promise

    @property
    def parties(self):
        return {end for pair in self.reserved for end in pair}

    def recorded_in_order(self):
        """(pair, minutes) in the order of the agreement."""
        return [(pair, self.recorded[pair]) for pair in self.reserved if pair in self.recorded]

    def left(self, pair):
        return self.reserved[pair] - self.recorded.get(pair, 0)

    def left_of(self, giver, receiver):
        """What was promised to a receiver and not recorded; nothing where they are no pair."""
        return self.left((giver, receiver)) if (giver, receiver) in self.reserved else 0

    def judge_promises(self):
        """What became of each giver's promise, when it ends in its state: SPEC 18.7."""
        for giver in {pair[0] for pair in self.reserved}:
            done = all(self.left(pair) == 0 for pair in self.reserved if pair[0] == giver)
            if done or self.state == "closed":
                self.promises[giver] = Promise("kept", self.ended)
            elif self.state == "expired":
                self.promises[giver] = Promise("broken", self.ended)


class Promise:
    def __init__(self, outcome, ended):
        self.outcome = outcome      # kept or broken
        self.ended = ended
        self.excused = False

    @property
    def counts_as_broken(self):
        return self.outcome == "broken" and not self.excused


class Hours(Thing):
    kind = "hours"
    open_state = "recorded"

    def __init__(self, ref, at, shares, gift, need_ref):
        super().__init__(ref)
        self.ended = at
        self.day = days.day_of(at)
        self.left = dict(shares)
        self.gift = gift
        self.need = need_ref
        self.paid = {}              # pair -> minutes that the pool paid


# What a quarter's end moved: SPEC 18.5.
Closing = collections.namedtuple("Closing", "moment deficit levied forgiven budget")


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
        self.budget = self.spent = 0    # of the pool, in this quarter
        self.closings = []              # of every quarter a Closing
        self.crisis_until = 0
        self.pool_chain = bytes(32)
        self.due = []               # sorted (moment, type number, author number, id, ref)
        self.due_at = {}            # (type, ref) -> its one in `due`

    # --- Organisations ----------------------------------------------------------------------------

    def org(self, handle):
        """An active organisation."""
        need(handle in self.orgs, "org_unknown", "", "", handle)
        need(self.orgs[handle].active, "org_left", "", "", handle)
        return self.orgs[handle]

    def has_mandate(self, handle, role, at):
        """A mandate ends at the moment of its `until`."""
        org = self.orgs.get(handle)
        return bool(org and org.active and at < org.mandates.get(role, 0))

    def members(self):
        """The active organisations in order of number."""
        return [org for org in self.orgs.values() if org.active]

    def in_crisis(self, moment):
        return moment < self.crisis_until

    def status(self, handle, at):
        """The status in force, or None."""
        status = self.orgs[handle].status
        return status if status and status.in_force(at) else None

    def is_fragile(self, handle, at):
        status = self.status(handle, at)
        return status is not None and status.class_ == FRAGILE

    def step(self, handle, at):
        """The number of the step in force, or 0."""
        step = self.orgs[handle].step
        return step.number if step and step.in_force(at) else 0

    def promises(self, handle):
        """Those that ended."""
        return [thing.promises[handle] for thing in self.things.values()
                if thing.kind == "agreement" and handle in thing.promises]

    def turn_salts(self, leaf, handles):
        """SPEC 7.4: a leaf that these signed; the clock stands for the pool."""
        lines = leaf.rpartition(b"\n\n")[2]
        step = hashlib.sha256(f"{self.origin}/salt/v1\n".encode() + lines).digest()
        for org in (self.orgs[handle] for handle in handles - {"clock"}):
            org.chain = hashlib.sha256(org.chain + step).digest()
        if "clock" in handles:
            self.pool_chain = hashlib.sha256(self.pool_chain + step).digest()

    # --- Things -----------------------------------------------------------------------------------

    def find(self, kind, ref):
        """The thing of this kind, however long it is over; None when there is none."""
        found = self.things.get(ref)
        return found if found and found.kind == kind else None

    def live_agreements(self):
        return [thing for thing in self.things.values()
                if thing.kind == "agreement" and thing.state == "live"]

    def can_be_named(self, thing, at):
        """Whether it was not over too long ago (SPEC 6)."""
        horizon = self.policy["reference_days_max"] * days.DAY_MS
        return thing.ended is None or at <= thing.ended + horizon

    def thing(self, entry, field, must_be_open=True):
        """The offer, need, agreement or record of hours that the entry names; by default one that
        is not closed."""
        ref = entry[field]
        found = self.find(field, ref)
        need(found and self.can_be_named(found, entry.at), "ref_unknown", field, "", ref)
        if must_be_open:
            need(found.state == found.open_state, "already_closed", field, "", ref)
        return found

    def commit(self, ref, slot, value, people):
        self.commitments[ref, slot] = Commitment(value, set(people))

    # --- Due moments ------------------------------------------------------------------------------

    def set_due(self, type_, ref, moment):
        """One moment for a (type, thing); None takes it away."""
        before = self.due_at.pop((type_, ref), None)
        if before:
            del self.due[bisect.bisect_left(self.due, before)]
        if moment is not None:
            author, id_ = ref.split("/")
            number = 0 if author == POOL else self.orgs[author].number
            one = moment, DUE_TYPES.index(type_), number, id_, ref
            self.due_at[type_, ref] = one
            bisect.insort(self.due, one)

    def is_due(self, moment):
        return bool(self.due) and self.due[0][0] <= moment

    # --- The end of things ------------------------------------------------------------------------

    def end(self, thing, state, at, moment=None):
        """Ends a thing in this state; when its time is up, that was at the moment. What is closed
        already, as it can be where that check was waived, stays so."""
        if thing.state != thing.open_state:
            return
        if thing.kind == "agreement":
            self.reserve(thing, -1)
        thing.state, thing.ended = state, at
        self.set_due(thing.kind + "_expiry", thing.ref, None)
        if thing.kind == "need":
            thing.over_at = at if moment is None else moment
            self.lapse(thing)
        elif thing.kind == "agreement":
            thing.judge_promises()

    def lapse(self, need_):
        need_.in_force = False
        self.set_due("urgency_lapse", need_.ref, None)

    # --- The pool ---------------------------------------------------------------------------------

    def move(self, org, minutes):
        """From the pool to an organisation, or the other way when below zero."""
        org.moves += minutes
        self.pool -= minutes

    def pay(self, asker, minutes):
        """For hours of a need; below zero what a reversal takes back."""
        self.move(self.orgs[asker], minutes)
        self.orgs[asker].pool_received += minutes

    # --- Counters ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def watching(self, look):
        """Calls `look` with every organisation whose counters differ afterwards."""
        before = {handle: org.counters() for handle, org in self.orgs.items()}
        yield
        for handle, counters in before.items():
            if self.orgs[handle].counters() != counters:
                look(self.orgs[handle])

    @contextlib.contextmanager
    def reserving(self, agreement):
        """Around a change of a live agreement: the pending counters follow what is left of it."""
        live = agreement.state == "live"
        if live:
            self.reserve(agreement, -1)
        yield
        if live:
            self.reserve(agreement, +1)

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

    def serve(self, need_ref, shares, sign, at):
        """Counts what the asker of a need receives; an open need can be met by it."""
        if need_ref is None:
            return
        need_ = self.things[need_ref]
        minutes = sign * sum(minutes for (_, receiver), minutes in shares.items()
                             if receiver == need_.asker)
        need_.served += minutes
        if need_.state == "open" or sign < 0:
            need_.in_time = max(0, need_.in_time + minutes)
        if need_.state == "open" and need_.served >= need_.minutes:
            self.end(need_, "met", at)

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
        need(sum(org.given_posted - org.received_posted for org in orgs) == 0
             and sum(org.given_pending - org.received_pending for org in orgs) == 0
             and self.pool + sum(org.position for org in orgs) == 0
             and all(min(org.given_posted, org.received_posted, org.given_pending,
                         org.received_pending) >= 0 for org in orgs), "invariant_broken")

    def assert_recount(self):
        """Invariants 3 and 4: pending against live agreements, pairs against posted."""
        pending = {}
        for agreement in self.live_agreements():
            for pair in agreement.reserved:
                for end, handle in zip("gr", pair):
                    pending[end, handle] = pending.get((end, handle), 0) + agreement.left(pair)
        need(all(org.given_pending == pending.get(("g", handle), 0)
                 and org.received_pending == pending.get(("r", handle), 0)
                 for handle, org in self.orgs.items())
             and sum(pair.minutes for pair in self.pairs.values()) == self.totals()["given"],
             "invariant_broken")
