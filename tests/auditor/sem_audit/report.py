# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an audit says: findings, their consequences, and the checks not made. SPEC 17.4, 17.5."""
import json

from sem_audit.days import within
from sem_audit.refusal import CATEGORY, OWN
from sem_audit.state import WINDOW_DAYS

# In their order; `{}` is what the check left out names.
CHECKS = {
    "time_truth": "whether the time of a leaf was the true time: no witness says when it was "
                  "logged",
    "omission": "whether an accepted entry was left out: only a receipt shows it, and none was "
                "given",
    "forks": "whether others were shown another head: the checkpoint has no cosignature of a known "
             "witness",
    "details": "whether texts open their commitments: the texts are not in the log",
    "idle_ticks": "moments due after the last leaf: the log cannot say what time it is now",
    "log_key": "the log's key was taken from the log itself: give the one you know",
    "tiles": "no tiles of hashes were there",
    "root": "not all leaves of the checkpoint were there",
    "checkpoint_signature": "no key of the log is known",
    "entries": "{} leaves after a founding that is not sound, or without a checkpoint",
    "demo_future": "whether a time set in a demo network lay in the future when it was accepted",
    "held_newer": "{} things held are newer than the checkpoint",
    "held_older": "whether {} refusals held from before the resume point were founded: a fresh "
                  "audit says",
    "waived": "{}: left out on request",
}
ALWAYS = ("time_truth", "omission", "forks", "details", "idle_ticks")
TREE_ORDER = OWN["tree"].split()


class Report:
    def __init__(self):
        self.findings = []          # of leaves, in their order
        self.tree = []              # of the tree
        self.held = []              # of what somebody held
        self.consequences = []
        self.unchecked = {check: "" for check in ALWAYS}

    def add(self, refusal, index=None, entry=None, minutes=0, cause=None):
        category = CATEGORY[refusal.code]
        finding = {"category": category, "code": refusal.code, "entry": entry,
                   "expected": refusal.expected, "field": refusal.field, "found": refusal.found,
                   "index": index, "minutes": minutes}
        if cause is not None:
            self.consequences.append({**finding, "of": cause})
        else:
            {"tree": self.tree, "held": self.held}.get(category, self.findings).append(finding)

    def skip(self, check, named=""):
        self.unchecked[check] = named

    def document(self, replay, since=None):
        """The answer as one object."""
        state, orgs = replay.state, replay.state.orgs
        figures = state.totals()
        figures["given_pending"] = sum(org.given_pending for org in orgs.values())
        figures["received_pending"] = sum(org.received_pending for org in orgs.values())
        tree = sorted(self.tree, key=lambda one: TREE_ORDER.index(one["code"]))
        return {
            "closings": [closing._asdict() for closing in state.closings],
            "checks_not_made": [{"check": check, "why": why.format(self.unchecked[check])}
                                for check, why in CHECKS.items() if check in self.unchecked],
            "consequences": self.consequences,
            "demo": bool(state.founded and state.founded["demo"]),
            "entries": replay.entries,
            "findings": self.findings + tree + self.held,
            "origin": replay.origin,
            "pool": {"budget": state.budget, "crisis_until": state.crisis_until,
                     "paid": sum(org.pool_received for org in orgs.values()), "spent": state.spent},
            "positions": {handle: {**position(org), **standing(state, org, replay.last_at)}
                          for handle, org in orgs.items()},
            "root": replay.tree.root(len(replay.tree)).hex(),
            "signatures": replay.signatures,
            **({} if since is None else {"since": since}),
            "size": len(replay.tree),
            "totals": figures}


def position(org):
    return {**org.counters(), "position": org.position, "given_exchanges": org.times_given,
            "received_exchanges": org.times_received, "state": "active" if org.active else "left"}


def standing(state, org, at):
    """What SPEC 18 adds, at the moment of the last leaf."""
    promises = [one for one in state.promises(org.handle)
                if not one.excused and within(one.ended, at, WINDOW_DAYS)]
    return {"broken": sum(one.outcome == "broken" for one in promises),
            "kept": sum(one.outcome == "kept" for one in promises),
            "leaning_since": org.leaning_since, "pool_received": org.pool_received,
            "step": state.step(org.handle, at), "strained_since": org.strained_since}


def text(document):
    """The bytes of SPEC 17.4."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def words(document):
    """The same for people."""
    yield (f"{document['origin']}: {document['size']} leaves, {document['entries']} entries in"
           f" order, {document['signatures']} signatures verified, root {document['root']}")
    if document["demo"]:
        yield "This is a demo network."
    for one in document["findings"]:
        where = f"leaf {one['index']}" if one["index"] is not None else one["category"]
        said = " ".join(f"{name} {one[name]}" for name in ("field", "expected", "found")
                        if one[name])
        yield f"{where}: {one['category']} {one['code']} {one['entry'] or ''} {said}"
    if document["consequences"]:
        yield f"{len(document['consequences'])} later refusals only follow from these."
    for one in document["checks_not_made"]:
        yield f"not checked: {one['check']}: {one['why']}"
    yield "findings: %d" % len(document["findings"])
