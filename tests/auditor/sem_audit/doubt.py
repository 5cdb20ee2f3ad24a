# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which refusals only follow from an earlier one.

An entry that broke a rule is not applied, while the log went on as if it had been. So that one
defect gives one finding, a later refusal that hangs on such an entry is listed as its consequence:

- it names the entry, or a thing that the entry would have changed;
- it is about an organisation that the entry would have admitted or taken away, or about its key;
- it is about the line of an organisation whose minutes the entry moved;
- it is about what a tick did, after an entry that can change what is due or the totals.
"""
from sem_audit import entry as entries
from sem_audit.refusal import CATEGORY

MEMBER_KINDS = {"org.admit", "org.leave", "network.found"}
KEY_KINDS = {"key.add", "key.revoke"}
KEY_CODES = {"key_unknown", "key_revoked", "key_in_use", "key_id_taken", "last_admin_key"}
ORG_CODES = {"org_unknown", "org_left", "handle_taken", "not_coordinator"} | KEY_CODES
SIGNER_CODES = {"signer_missing", "signer_unexpected"}
# No tick is touched by these.
TIMELESS_KINDS = {"org.update", "org.confirm", "key.add", "key.revoke", "details.erase"}
TICK_CODES = {"tick_missing", "tick_not_due", "tick_count", "tick_effects", "tick_totals"}


class Doubt:
    """What the entries that were not applied leave uncertain: names -> index of the finding."""

    def __init__(self):
        self.things = {}
        self.members = {}
        self.keys = {}
        self.lines = {}
        self.clock = None

    def add(self, index, data):
        """An entry with these fields (as `entry.glance` gives them) was not applied; `index` is
        the entry with the finding, which is another one when this is a consequence."""
        kind, handles = data.get("kind"), entries.handles_of(data)
        for ref in entries.refs_of(data) | {entries.name_of(data)}:
            self.things.setdefault(ref, index)
        if kind in MEMBER_KINDS:
            self.members.setdefault(data.get("by"), index)
        if kind in KEY_KINDS:
            self.keys.setdefault(data.get("by"), index)
        if kind in MEMBER_KINDS or data.get("shares"):
            for handle in handles:
                self.lines.setdefault(handle, index)
        if kind not in TIMELESS_KINDS and kind != "clock.tick" and self.clock is None:
            self.clock = index

    def cause(self, refusal, data):
        """The index of the entry from which this refusal follows, or None."""
        code = refusal.code
        if code in TICK_CODES:
            return self.clock
        handles = sorted(entries.handles_of(data))
        for codes, names, table in (
                (ORG_CODES, handles, self.members), (KEY_CODES, handles, self.keys),
                ({"limit_crossed"}, [refusal.field], self.lines)):
            found = [table[name] for name in names if name in table]
            if code in codes and found:
                return min(found)
        if CATEGORY[code] in ("reference", "exchange") or code in SIGNER_CODES:
            found = [self.things[ref] for ref in entries.refs_of(data) if ref in self.things]
            return min(found, default=None)
        return None
