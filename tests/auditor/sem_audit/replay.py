# SPDX-License-Identifier: AGPL-3.0-or-later
"""The walk over the leaves: SPEC 4.5, 5. Every leaf is judged at its own place in the log.

After a finding the replay goes on by these rules:

- An entry that breaks a rule is not applied; its id stays taken and its leaf stays in the tree.
- A tick that is missing or wrong is replaced by what the rules demand: the due moments up to `at`
  are processed (all of them where ticks are missing, those of one tick where it is wrong).
- `at` of each leaf is compared with the leaf before it, whatever was found there.
- Without a sound network.found nothing after it can be judged.
"""
from sem_audit import entry as entries, merkle
from sem_audit.days import DAY_MS, MINUTE_MS
from sem_audit.doubt import Doubt
from sem_audit.refusal import Refusal, need
from sem_audit.rules import RULES, clock
from sem_audit.signing import check_entry, check_order, check_tick
from sem_audit.state import State

class Replay:
    """Feed it the leaves in order; then read state, tree, findings and figures."""

    def __init__(self, origin, report, log_key=None):
        self.origin = origin
        self.report = report
        self.log_key = log_key      # hex, when the caller trusts one beforehand
        self.state = State(origin)
        self.tree = merkle.Tree()
        self.doubt = Doubt()
        self.last_at = 0
        self.entries = self.signatures = self.unjudged = 0

    def leaf(self, leaf):
        """Judges one leaf and, if nothing is wrong, applies it."""
        index = len(self.tree)
        if index > 0 and self.state.founded is None:
            self.unjudged += 1
        else:
            self.judge(index, leaf)
        self.tree.append(leaf)

    def judge(self, index, leaf):
        """A leaf that claims to be a tick moves the clock, whatever is then found in it."""
        data = entries.glance(leaf)
        try:
            at, signed = entries.split_leaf(leaf)
            before, self.last_at = self.last_at, at
            moments = clock.advance(self.state, at) if data.get("kind") == "clock.tick" else []
            entry = entries.parse(index, at, signed, self.origin)
            need(at >= before, "time_order", "at", f"at least {before}", at)
            self.judge_entry(entry, moments)
            self.entries += 1
        except Refusal as refusal:
            self.refused(index, data, refusal)
        if entries.name_of(data) is not None:
            self.state.ids.setdefault(entries.name_of(data), index)

    def refused(self, index, data, refusal):
        """A finding, or the consequence of one; either way the entry was not applied."""
        cause = self.doubt.cause(refusal, data)
        self.report.add(refusal, index, entries.name_of(data), entries.minutes_of(data), cause)
        self.doubt.add(index if cause is None else cause, data)

    # --- One entry --------------------------------------------------------------------------------

    def judge_entry(self, entry, moments):
        if entry.kind != "clock.tick":
            self.demand_ticks(entry)
        self.check_founding(entry)
        self.check_at_field(entry)
        check_order(entry)
        self.check_ids(entry)
        self.check_seen(entry)
        if entry.kind == "clock.tick":
            self.judge_tick(entry, moments)
            return
        rule = RULES[entry.kind]
        entry.bound = rule.signers(self.state, entry)
        need(entry.by in entry.bound, "not_yours", "by", "one of the signers", entry.by)
        self.signatures += check_entry(self.state, entry, rule.new_keys(entry))
        rule.check(self.state, entry)
        rule.apply(self.state, entry)
        self.state.assert_sums()

    def check_founding(self, entry):
        founding = entry.kind == "network.found"
        need(founding or entry.index > 0, "network_not_founded", "kind", "network.found",
             entry.kind)
        need(not founding or entry.index == 0, "network_already_founded", "kind",
             "any other kind", entry.kind)
        if founding:
            need(self.log_key in (None, entry["log_key"]), "network_keys", "log_key", self.log_key,
                 entry["log_key"])

    def founded(self, entry):
        """The entry that founded the network, which may be this one."""
        return self.state.founded or entry

    def check_at_field(self, entry):
        at = entry.get("at")
        if at is not None:
            need(self.founded(entry)["demo"], "at_not_allowed", "at", "no such field", at)
            need(at == entry.at, "at_mismatch", "at", entry.at, at)

    def check_ids(self, entry):
        """SPEC 5.3, and each id once for its author."""
        policy = self.founded(entry)["policy"]
        until, made = entry["valid_until"], entry.id_time
        need(entry.at <= until, "expired", "valid_until", f"at least {entry.at}", until)
        latest = entry.at + policy["id_skew_minutes"] * MINUTE_MS
        need(made <= latest, "id_time", "id", f"a time of at most {latest}", made)
        furthest = made + policy["entry_days_max"] * DAY_MS
        need(until <= furthest, "valid_until_too_far", "valid_until", f"at most {furthest}", until)
        first = self.state.ids.get(entry.ref)
        need(first is None, "id_reused", "id", "a new id", f"used at {first}")

    def check_seen(self, entry):
        """The head that the signer saw is one of this log, before this entry."""
        seen = entry.get("seen")
        if seen is None:
            return
        size = seen["size"]
        need(size <= entry.index, "seen_mismatch", "seen.size", f"at most {entry.index}", size)
        root = self.tree.root(size).hex()
        need(seen["root"] == root, "seen_mismatch", "seen.root", root, seen["root"])

    # --- The clock --------------------------------------------------------------------------------

    def demand_ticks(self, entry):
        """Every due moment must be behind us. If not, that is the clock's fault: it is reported,
        the moments are processed, and the entry is judged by its own rules."""
        if not self.state.is_due(entry.at):
            return
        moment, _, _, _, ref = self.state.due[0]
        refusal = Refusal("tick_missing", None, f"a tick for {ref} at {moment}", "none")
        cause = self.doubt.cause(refusal, entry.data)
        self.report.add(refusal, entry.index, entry.ref, cause=cause)
        while clock.advance(self.state, entry.at):
            pass

    def judge_tick(self, entry, moments):
        self.signatures += check_tick(self.state, entry)
        clock.check_time(entry)
        clock.check_content(entry, moments, self.state.totals())
        self.state.assert_sums()
        self.state.assert_recount()
