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
# No tick is touched by these.
TIMELESS_KINDS = {"org.update", "org.confirm", "key.add", "key.revoke", "details.erase",
                  "assertion.balance", *CLOCK_KINDS}

CLOCK_CODES = {"tick_missing", "tick_not_due", "tick_count", "tick_effects", "tick_totals"}
SEAL_CODES = {"seal_root", "seal_accounts"}
KEY_CODES = {"key_unknown", "key_revoked", "key_in_use", "key_id_taken", "last_admin_key"}
MEMBER_CODES = {"org_unknown", "org_left", "handle_taken", "not_coordinator"} | KEY_CODES
THING_CODES = {"signer_missing", "signer_unexpected"} | {
    code for code, category in CATEGORY.items() if category in ("reference", "exchange")}


def lines_touched(data, state):
    """Those whose balance would stand elsewhere if the entry had been applied."""
    kind, by, found = data.get("kind"), data.get("by"), set()
    if kind in MEMBER_KINDS or data.get("shares"):
        found |= entries.handles_of(data)
    if kind in AGREEMENT_KINDS:
        agreement = state.find("agreement", data.get("agreement"))
        found |= agreement.parties if agreement else set()
    elif kind == "org.leave":
        for agreement in state.live_agreements():
            if by in agreement.parties:
                found |= agreement.parties
    elif kind == "need.vouch":
        need = state.find("need", data.get("need"))
        found |= {need.asker} if need else set()
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

    def cause(self, refusal, data):
        """The index of the entry from which this refusal follows, or None."""
        handles = entries.handles_of(data)
        for codes, table, names in (
                (CLOCK_CODES, self.clock, {None}),
                (SEAL_CODES, self.seals, {None}),
                (MEMBER_CODES, self.members, handles),
                (KEY_CODES, self.keys, handles),
                ({"limit_crossed"}, self.lines, {refusal.field}),
                ({"assertion_false"}, self.lines, {data.get("by")}),
                (THING_CODES, self.things, entries.refs_of(data))):
            found = [table[name] for name in names if name in table]
            if refusal.code in codes and found:
                return min(found)
        return None
