# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an audit says: findings, their consequences, and the checks that were not made."""
from sem_audit.refusal import CATEGORY

ALWAYS_UNCHECKED = (
    ("time_truth", "whether `at` of a leaf was the true time: the folder has no time of a witness"),
    ("omission", "whether an accepted entry was left out: only a receipt of its sender shows it"),
    ("forks", "whether others were shown another head of this log"),
    ("details", "whether texts open their commitments: the texts are not in the log"),
    ("idle_ticks", "due moments after the last leaf: the log cannot say what time it is now"),
)


class Report:
    def __init__(self):
        self.findings = []
        self.consequences = []
        self.unchecked = [{"check": check, "why": why} for check, why in ALWAYS_UNCHECKED]

    def add(self, refusal, index=None, entry=None, minutes=0, cause=None):
        expected, found = refusal.expected, refusal.found
        if refusal.field is not None:
            expected, found = f"{refusal.field}: {expected}", f"{refusal.field}: {found}"
        finding = {"category": CATEGORY[refusal.code], "code": refusal.code, "index": index,
                   "entry": entry, "expected": expected, "found": found, "minutes": minutes}
        if cause is None:
            self.findings.append(finding)
        else:
            self.consequences.append({**finding, "of": cause})

    def skip(self, check, why):
        self.unchecked.append({"check": check, "why": why})

    def document(self, replay):
        """The answer as one object."""
        state = replay.state
        figures = state.totals()
        figures["given_pending"] = sum(org.given_pending for org in state.orgs.values())
        figures["received_pending"] = sum(org.received_pending for org in state.orgs.values())
        return {
            "size": len(replay.tree), "root": replay.tree.root(len(replay.tree)).hex(),
            "origin": replay.origin, "demo": bool(state.founded and state.founded["demo"]),
            "entries": replay.entries, "signatures": replay.signatures,
            "findings": self.findings, "consequences": self.consequences,
            "checks_not_made": self.unchecked, "totals": figures,
            "positions": {handle: position(org) for handle, org in sorted(state.orgs.items())}}


def position(org):
    return {"given_posted": org.given_posted, "received_posted": org.received_posted,
            "given_pending": org.given_pending, "received_pending": org.received_pending,
            "moves": org.moves, "position": org.position,
            "given_exchanges": org.times_given, "received_exchanges": org.times_received,
            "state": "active" if org.active else "left"}


def words(document):
    """The same for people."""
    yield (f"{document['origin']}: {document['size']} leaves, {document['entries']} entries in"
           f" order, {document['signatures']} signatures verified, root {document['root']}")
    if document["demo"]:
        yield "This is a demo network."
    for one in document["findings"]:
        where = f"leaf {one['index']}" if one["index"] is not None else "tree"
        yield (f"{where}: {one['category']} {one['code']} {one['entry'] or ''}"
               f" expected {one['expected']}, found {one['found']}")
    if document["consequences"]:
        yield f"{len(document['consequences'])} later refusals only follow from these."
    for one in document["checks_not_made"]:
        yield f"not checked: {one['check']}: {one['why']}"
    yield "findings: %d" % len(document["findings"])
