# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which refusals only follow from an earlier one: SPEC 17.3.

An entry that broke a rule is not applied, while the log went on as if it had been. What it leaves
uncertain it casts a doubt on; a later refusal that hangs on a doubt is listed as a consequence.
"""
from sem_audit import entry as entries
from sem_audit.kinds import CLOCK_KINDS
from sem_audit.refusal import CATEGORY

MEMBER_KINDS = {"org.admit", "org.leave", "network.found"}
KEY_KINDS = {"key.add", "key.revoke"}
AGREEMENT_KINDS = {"agreement.change", "agreement.close", "agreement.cancel"}
AUTHOR_KINDS = {"pool.give", "step.appeal"}
ORG_KINDS = {"status.grant", "status.end", "step.set", "step.end"}
# No tick is touched by these.
TIMELESS_KINDS = {"org.confirm", "promise.excuse", "step.set", "step.end", "step.appeal", "key.add",
                  "key.revoke", "details.erase", "assertion.balance", *CLOCK_KINDS}

CLOCK_CODES = {"tick_missing", "tick_not_due", "tick_count", "tick_effects", "tick_totals"}
SEAL_CODES = {"seal_root", "seal_accounts"}
KEY_CODES = {"key_unknown", "key_revoked", "key_in_use", "key_id_taken", "last_admin_key"}
MEMBER_CODES = {"org_unknown", "org_left", "handle_taken", "not_coordinator",
                "not_panel"} | KEY_CODES
LINE_CODES = {"limit_crossed", "paused", "cosigner_missing"}
ORG_CODES = {"step_unfounded"}
AUTHOR_CODES = {"assertion_false", "pool_over_position", "already_appealed"}
THING_CODES = {"signer_missing", "signer_unexpected"} | {
    code for code, category in CATEGORY.items() if category in ("reference", "exchange")}


def lines_touched(data, state):
    """Those whose balance, status or step would be another if the entry had been applied."""
    kind, by, found = data.get("kind"), data.get("by"), set()
    if kind in MEMBER_KINDS or data.get("shares"):
        found |= entries.handles_of(data, but=("cosigner", "org", "panel"))
    if kind in AGREEMENT_KINDS:
        agreement = state.find("agreement", data.get("agreement"))
        found |= agreement.parties if agreement and agreement.state == "live" else set()
    elif kind in AUTHOR_KINDS:
        found.add(by)
    elif kind in ORG_KINDS:
        found.add(data.get("org"))
    elif kind == "promise.excuse":
        agreement = state.find("agreement", data.get("agreement"))
        found |= {giver for giver, _ in agreement.reserved} if agreement else set()
    elif kind == "org.leave":
        for agreement in state.live_agreements():
            if by in agreement.parties:
                found |= agreement.parties
    elif kind == "need.vouch":
        need = state.find("need", data.get("need"))
        found |= {need.asker} if need and need.state == "open" else set()
    return found


class Doubt:
    """What the entries that were not applied leave uncertain: names -> index of the finding."""

    def __init__(self):
        self.things = {}
        self.members = {}
        self.keys = {}
        self.lines = {}
        self.clock = {}         # under None, as the clock and the seals have no names
        self.seals = {}

    def add(self, index, data, state):
        """An entry with these fields (as `entry.glance` gives them) was not applied in this state;
        `index` is the entry with the finding, which is another one when this is a consequence."""
        kind, by = data.get("kind"), data.get("by")
        cast = [(self.things, entries.refs_of(data) | {entries.name_of(data)})]
        if kind in MEMBER_KINDS:
            cast.append((self.members, {by}))
        if kind in KEY_KINDS:
            cast.append((self.keys, {by}))
        cast.append((self.lines, lines_touched(data, state)))
        if kind not in TIMELESS_KINDS:
            cast.append((self.clock, {None}))
        if kind != "seal.balances":
            cast.append((self.seals, {None}))
        for table, names in cast:
            for name in names:
                table.setdefault(name, index)

    def add_moments(self, index, moments, state):
        """These were processed in the place of a tick that is missing or wrong."""
        if any(moment.of_calendar for moment in moments):
            for handle in state.orgs:
                self.lines.setdefault(handle, index)

    def add_hours(self, hours, state):
        """These were applied; what the pool paid for them may hang on the clock."""
        if self.clock and hours.need is not None and not hours.gift:
            self.lines.setdefault(state.things[hours.need].asker, self.clock[None])

    def cause(self, refusal, data):
        """The index of the entry from which this refusal follows, or None."""
        handles, by, org = entries.handles_of(data), data.get("by"), data.get("org")
        closed = {"already_closed"}
        for codes, table, names in (
                (CLOCK_CODES, self.clock, {None}),
                (SEAL_CODES, self.seals, {None}),
                (MEMBER_CODES, self.members, handles),
                (KEY_CODES, self.keys, handles),
                (LINE_CODES, self.lines, {refusal.field}),
                (ORG_CODES, self.lines, {org}),
                (closed if data.get("kind") in ("status.end", "step.end") else (), self.lines,
                 {org}),
                (AUTHOR_CODES, self.lines, {by}),
                (closed if data.get("kind") == "step.appeal" else (), self.lines, {by}),
                (THING_CODES, self.things, entries.refs_of(data))):
            found = [table[name] for name in names if name in table]
            if refusal.code in codes and found:
                return min(found)
        return None
