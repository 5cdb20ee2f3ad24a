# SPDX-License-Identifier: AGPL-3.0-or-later
"""The walk over the leaves: SPEC 4.5, 5. Every leaf is judged at its own place in the log; how it
goes on after a finding is SPEC 17.2."""
import functools
import hashlib
import pickle

from sem_audit import entry as entries, limits, merkle
from sem_audit.days import DAY_MS, MINUTE_MS
from sem_audit.doubt import Doubt
from sem_audit.kinds import CLOCK_KINDS
from sem_audit.refusal import Refusal, need, waiving
from sem_audit.report import Report
from sem_audit.rules import RULES, clock
from sem_audit.signing import check_clock, check_entry, check_order
from sem_audit.state import State


class Replay:
    """Feed it the leaves in order; then read state, tree, findings and figures."""

    def __init__(self, origin, report, log_key=None, waived=None):
        self.origin = origin
        self.report = report
        self.log_key = log_key      # hex, when the caller trusts one beforehand
        self.waived = waived        # only remembered
        self.state = State(origin)
        self.tree = merkle.Tree()
        self.doubt = Doubt()
        self.last_at = 0
        self.last_kind = None
        self.last_seal = 0          # index of the last seal, or where one should have been
        self.unsealed = 0           # leaves behind it
        self.texts = {}             # entry hash -> index of the last leaf with this text
        self.entries = self.signatures = self.unjudged = 0

    def leaf(self, leaf, moments=None):
        """Judges one leaf and, if nothing is wrong, applies it. `moments` are the lines of those
        that the caller has processed for a tick by `clock.advance`."""
        index = len(self.tree)
        if index > 0 and self.state.founded is None:
            self.unjudged += 1
        else:
            self.judge(index, leaf, moments)
        self.tree.append(leaf)

    def judge(self, index, leaf, moments):
        """A leaf that claims to be a tick moves the clock, one that claims to be a seal is replaced
        by the right one, whatever is then found in it."""
        data = entries.glance(leaf)
        kind, before, last_kind = data.get("kind"), self.last_at, self.last_kind
        moments = moments or []
        self.last_kind = kind
        try:
            at, signed = entries.split_leaf(leaf)
            self.last_at = at
            if kind == "clock.tick" and not moments:
                moments = clock.advance(self.state, at)
            entry = entries.parse(index, at, signed, self.origin)
            self.texts[hashlib.sha256(entry.text).hexdigest()] = index
            need(at >= before, "time_order", "at", before, at)
            self.demand_seal(entry)
            self.judge_common(entry)
            if kind == "clock.tick":
                self.judge_tick(entry, moments)
            elif kind == "seal.balances":
                self.judge_seal(entry, before, last_kind == kind)
            else:
                self.judge_entry(entry)
            self.state.assert_sums()
            self.entries += 1
            self.signatures += len(entry.lines)
            self.state.turn_salts(leaf, entry.signed_by)
        except Refusal as refusal:
            self.refused(index, data, refusal, moments)
            if kind == "seal.balances":
                # It doubts no later seal, so these must follow from the log as it is.
                self.state.turn_salts(leaf, {"clock"})
        if entries.name_of(data) is not None:
            self.state.ids.setdefault(entries.name_of(data), index)
        self.count_seal(index, kind)

    def refused(self, index, data, refusal, moments):
        """A finding, or the consequence of one; either way the entry was not applied."""
        cause = self.doubt.cause(refusal, data)
        self.report.add(refusal, index, entries.name_of(data), entries.minutes_of(data), cause)
        origin = index if cause is None else cause
        self.doubt.add(origin, data, self.state)
        self.doubt.add_moments(origin, moments, self.state)

    # --- One entry --------------------------------------------------------------------------------

    def judge_common(self, entry):
        if entry.kind not in CLOCK_KINDS:
            self.demand_ticks(entry)
        self.check_founding(entry)
        self.check_at_field(entry)
        check_order(entry)
        self.check_ids(entry)
        self.check_seen(entry)

    def judge_entry(self, entry):
        rule = RULES[entry.kind]
        bound = rule.signers(self.state, entry)
        check_entry(self.state, entry, bound, rule.new_keys(entry))
        rule.check(self.state, entry)
        with self.state.watching(functools.partial(limits.look, self.state, at=entry.at)):
            rule.apply(self.state, entry)
        if entry.kind == "hours.record":
            self.doubt.add_hours(self.state.things[entry.ref], self.state)

    def check_founding(self, entry):
        founding = entry.kind == "network.found"
        need(founding or entry.index > 0, "network_not_founded")
        need(not founding or entry.index == 0, "network_already_founded")
        if founding:
            need(self.log_key in (None, entry["log_key"]), "network_keys", "log_key", self.log_key,
                 entry["log_key"])

    def founded(self, entry):
        """The entry that founded the network, which may be this one."""
        return self.state.founded or entry

    def check_at_field(self, entry):
        at = entry.get("at")
        if at is not None:
            need(self.founded(entry)["demo"], "at_not_allowed")
            need(at == entry.at, "at_mismatch", "at", entry.at, at)

    def check_ids(self, entry):
        """SPEC 5.3, and each id once for its author."""
        policy = self.founded(entry)["policy"]
        until, made = entry["valid_until"], entry.id_time
        need(entry.at <= until, "expired", "valid_until", entry.at, until)
        latest = entry.at + policy["id_skew_minutes"] * MINUTE_MS
        need(made <= latest, "id_time", "id", latest, made)
        furthest = made + policy["entry_days_max"] * DAY_MS
        need(until <= furthest, "valid_until_too_far", "valid_until", furthest, until)
        first = self.state.ids.get(entry.ref)
        need(first is None, "id_reused", "id", "", first)

    def check_seen(self, entry):
        """The head that the signer saw is one of this log, before this entry."""
        seen = entry.get("seen")
        if seen is None:
            return
        size, root = seen["size"], seen["root"]
        if size > entry.index:
            need(False, "seen_mismatch", "seen", entry.index, size)
            return
        right = self.tree.root(size).hex()
        need(root == right, "seen_mismatch", "seen", right, root)

    # --- The clock --------------------------------------------------------------------------------

    def demand_ticks(self, entry):
        """Every due moment must be behind us. If not, that is the clock's fault: it is reported,
        the moments are processed, and the entry is judged by its own rules."""
        if not self.state.is_due(entry.at):
            return
        moment, type_, _, _, ref = self.state.due[0]
        origin = self.report_missing(entry, "tick_missing",
                                     f"{moment} {clock.DUE_TYPES[type_]} {ref}")
        while moments := clock.advance(self.state, entry.at):
            if origin is not None:
                self.doubt.add_moments(origin, moments, self.state)

    def judge_tick(self, entry, moments):
        check_clock(self.state, entry)
        clock.check_tick(self.state, entry, moments)
        self.state.assert_recount()

    # --- Seals ------------------------------------------------------------------------------------

    def demand_seal(self, entry):
        """After `seal_every` leaves nothing may come but a seal."""
        if (self.state.founded and entry.kind != "seal.balances"
                and self.unsealed >= self.state.policy["seal_every"]):
            self.report_missing(entry, "seal_missing", self.last_seal)
            self.last_seal, self.unsealed = entry.index, 0

    def judge_seal(self, entry, before, early):
        check_clock(self.state, entry)
        clock.check_seal(self.state, entry, before, early)

    def count_seal(self, index, kind):
        """network.found counts as one."""
        if kind == "seal.balances" or index == 0:
            self.last_seal, self.unsealed = index, 0
        else:
            self.unsealed += 1

    def report_missing(self, entry, code, expected):
        """A leaf of the clock is missing before this entry, which is judged by its own rules.
        Gives the index of the finding; None when the check is waived."""
        try:
            need(False, code, "", expected)
        except Refusal as refusal:
            cause = self.doubt.cause(refusal, entry.data)
            self.report.add(refusal, entry.index, entry.ref, entries.minutes_of(entry.data), cause)
            return entry.index if cause is None else cause
        return None

    # --- Trying -----------------------------------------------------------------------------------

    def copy(self):
        return pickle.loads(pickle.dumps(self))

    def would_take(self, at, signed):
        """Whether this note could be the next entry, the ticks and the seal due then before it."""
        trial = self.copy()
        trial.report = Report()
        before, trial.unsealed = trial.entries, 0
        with waiving(None):
            trial.leaf(f"at {at}\n".encode() + signed)
        return trial.entries > before
