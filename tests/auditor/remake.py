# SPDX-License-Identifier: AGPL-3.0-or-later
"""The operator who cheats: he holds every key, and writes a log anew as if one rule did not exist.

`remake` takes the lines of a log, some of which a test has bent, and signs them again. Entries
stay what they are; ticks, seals and assertions say what follows at their place when the check is
waived; ticks and seals are put where they are due and left out where nothing is. So a log that is
made anew breaks the bent rule and no other. What is not bent comes out as it went in, to the byte.
"""
import copy
import functools

from semclient import canonical, entry_text, note
from sem_audit import entry as entries, note as notes, refusal
from sem_audit.rules import clock

TICK, SEAL, ASSERTION = "clock.tick", "seal.balances", "assertion.balance"


class Line:
    """A leaf before it is signed."""

    def __init__(self, label, at, fields, keys):
        self.label = label
        self.at = at
        self.fields = fields
        self.keys = keys
        self.first = None       # another first line of the text
        self.sees = None        # the size whose head the signer saw
        self.bend = None        # changes the leaf after it was signed
        self.twist = None       # changes the fields of a line that was set right
        self.dropped = False    # a seal that is left out
        self.kept = False       # a tick or seal that comes though it is not due
        self.made = None        # the leaf

    @property
    def kind(self):
        return self.fields.get("kind")

    @property
    def ref(self):
        return f"{self.fields['by']}/{self.fields['id']}"

    def note(self, origin):
        first = self.first or f"{origin}/entry/v1"
        return signed(f"{first}\n{canonical(self.fields)}\n", tuple(self.keys))

    def leaf(self, origin):
        text = f"at {self.at}\n{self.note(origin)}"
        return (self.bend(text) if self.bend else text).encode()

    def copy(self):
        other = copy.copy(self)
        other.fields, other.keys = copy.deepcopy(self.fields), list(self.keys)
        return other


@functools.lru_cache(maxsize=1 << 14)
def signed(text, keys):
    return note(text, keys)


def line_of(label, leaf, keyring):
    """A leaf of a real log as a line; `keyring`: {(key name, key id): key}."""
    at, data = entries.split_leaf(leaf)
    text, lines = notes.split(data)
    fields = copy.deepcopy(entries.kinds.read(text.split(b"\n")[1]))
    assert text.decode() == entry_text(text.decode().split("/entry/v1")[0], fields)
    return Line(label, at, fields, [keyring[line.name, line.key_id] for line in lines])


class Operator:
    def __init__(self, replay, clock_key, lines, waive):
        """`replay` is of the first of the lines, which nobody bent."""
        self.replay = replay
        self.clock_key = clock_key
        self.waive = waive
        self.lines = lines[:len(replay.tree)]
        self.seals = {line.label: line for line in lines if line.kind == SEAL}
        # Seals that were due, those left out included.
        self.sealed = sum(line.kind == SEAL for line in self.lines)

    def write(self, line):
        """Puts any line of the log; seals that are not kept come of themselves."""
        if line.kind == TICK:
            self.tick(line)
        elif line.kind != SEAL:
            self.ticks_before(line)
            if line.sees is not None:
                root = self.replay.tree.root(line.sees).hex()
                line.fields["seen"] = {"root": root, "size": line.sees}
            if line.kind == ASSERTION and line.fields.get("by") in self.replay.state.orgs:
                line.fields.update(self.replay.state.orgs[line.fields["by"]].counters())
            self.twist(line)
            self.put(line)
        elif line.kept:
            self.seal(line)

    def put(self, line, moments=None):
        line.made = line.leaf(self.replay.origin)
        self.replay.leaf(line.made, moments)
        self.lines.append(line)
        founded = self.replay.state.founded
        if founded and self.replay.unsealed >= founded["policy"]["seal_every"]:
            label = f"seal{self.sealed}"
            self.sealed += 1
            line = self.seals.get(label) or Line(label, 0, {}, [self.clock_key])
            if not line.dropped:
                self.seal(line)

    def ticks_before(self, line):
        state = self.replay.state
        while state.is_due(line.at) and self.waive != "tick_missing":
            number = sum(one.kind == TICK for one in self.lines)
            self.tick(Line(f"tick+{number}", line.at, {}, [self.clock_key]))

    def tick(self, line):
        moments = clock.advance(self.replay.state, line.at)
        if moments or line.kept:
            line.fields.update(clock.tick_fields(self.replay.state, line.at, moments))
            self.twist(line)
            self.put(line, moments)

    def seal(self, line):
        line.at = self.replay.last_at
        line.fields.update(clock.seal_fields(self.replay.state, line.at, len(self.replay.tree)))
        self.twist(line)
        self.put(line)

    @staticmethod
    def twist(line):
        if line.twist:
            line.twist(line)


def remake(replay, clock_key, lines, waive=None):
    """The operator with the `lines` of the log that comes of it, each with its leaf in `made`;
    `replay` may be of the first of them, which are not written anew then;
    `findings` are what breaks another rule than the one waived, and `causes` those of them that are
    no consequences. `waive` is the code of
    the rule that does not exist; one that cannot be waived stays, so that what breaks it is not
    applied, and ticks and seals follow from the rest."""
    operator = Operator(replay, clock_key, lines, waive)
    with refusal.waiving(None if waive in refusal.NOT_WAIVABLE else waive):
        for line in lines[len(replay.tree):]:
            operator.write(line)
    report = operator.replay.report
    operator.causes, operator.findings = report.findings, report.findings + report.consequences
    return operator
