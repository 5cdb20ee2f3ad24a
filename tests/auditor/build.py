# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes logs without a server: lines that can be bent and are then signed, and their folders.

The writer knows no rule but those it needs to be right by itself: what is due, and the totals that
a tick states. Refusing is the auditor's work.
"""
import base64
import copy
import hashlib
import json
import os

from semclient import Key, canonical, leaf_hash, new_id, node_hash, note, tree_root

DAY_MS = 86_400_000
TYPES = ("agreement_expiry", "need_expiry", "offer_expiry", "urgency_lapse")
EXPIRY = {"agreement": TYPES[0], "need": TYPES[1], "offer": TYPES[2]}


def hash_of(word):
    return hashlib.sha256(word.encode()).hexdigest()


def share(giver, receiver, minutes):
    return {"from": giver, "to": receiver, "minutes": minutes}


def made_id(at, word):
    """An id that depends on nothing but its time and a word."""
    return new_id(at, hashlib.sha256(word.encode()).digest()[:10])


class Line:
    """A leaf before it is signed. `bend` may change the leaf's text after signing."""

    def __init__(self, label, at, fields, keys):
        self.label = label
        self.at = at
        self.fields = fields
        self.keys = keys
        self.first = None       # another first line of the text
        self.sees = None        # the size whose head the signer saw, set when signing
        self.bend = None

    @property
    def ref(self):
        return f"{self.fields['by']}/{self.fields['id']}"

    def note(self, origin):
        first = self.first or f"{origin}/entry/v1"
        return note(f"{first}\n{canonical(self.fields)}\n", self.keys)

    def leaf(self, origin):
        text = f"at {self.at}\n{self.note(origin)}"
        return (self.bend(text) if self.bend else text).encode()


class Log:
    """Lines in order. `now` is the moment of the next entry."""

    def __init__(self, origin, start, demo=False):
        self.origin, self.start, self.now, self.demo = origin, start, start, demo
        self.lines = []
        self.keys = {}
        self.due = {}               # (type, ref) -> moment
        self.numbers = {}           # handle -> organisation number
        self.given = self.pool = 0
        self.server = {name: Key(origin, name, hashlib.sha256(name.encode()).digest(),
                                 origin + tail)
                       for name, tail in (("log", ""), ("clock", "/clock"),
                                          ("refusal", "/refusal"))}

    def key(self, handle, word="first"):
        """A key of an organisation; more than one have different words."""
        if (handle, word) not in self.keys:
            seed = hashlib.sha256(f"{handle}/{word}".encode()).digest()
            self.keys[handle, word] = Key(self.origin, handle, seed)
        return self.keys[handle, word]

    def signing(self, signers):
        return [self.key(one) if isinstance(one, str) else one for one in signers]

    def line(self, label):
        return next(line for line in self.lines if line.label == label)

    def index(self, label):
        return self.lines.index(self.line(label))

    def copy(self):
        other = copy.copy(self)
        other.lines = copy.deepcopy(self.lines, {id(key): key for key in self.keys.values()})
        return other

    # --- Adding -----------------------------------------------------------------------------------

    def make(self, label, kind, by, signers=None, **fields):
        """A line at `now` that nobody has added."""
        fields = {"by": by, "id": made_id(self.now, label), "kind": kind,
                  "valid_until": self.now + 30 * DAY_MS, **fields}
        if self.demo:
            fields.setdefault("at", self.now)
        kept = {name: value for name, value in fields.items() if value is not None}
        return Line(label, self.now, kept, self.signing(signers or [by]))

    def add(self, label, kind, by, signers=None, ends=(), pool=0, **fields):
        """Adds an entry, and the ticks before it; `ends`: things that end beside those it names,
        `pool`: minutes that go to the pool. Gives its reference."""
        while any(moment <= self.now for moment in self.due.values()):
            self.tick()
        line = self.make(label, kind, by, signers, **fields)
        self.lines.append(line)
        self.follow(line, ends)
        self.pool += pool
        self.now += 60_000
        return line.ref

    def follow(self, line, ends):
        """Keeps what is due and the totals."""
        fields, (noun, verb) = line.fields, line.fields["kind"].split(".")
        if verb in ("publish", "sign"):
            self.due[EXPIRY[noun], line.ref] = fields["expires"]
        elif verb in ("renew", "change"):
            self.due[EXPIRY[noun], fields[noun]] = fields["expires"]
        elif verb in ("withdraw", "close", "cancel"):
            ends = [*ends, fields[noun]]
        elif verb == "vouch":
            self.due["urgency_lapse", fields["need"]] = line.at + 30 * DAY_MS
        elif verb == "found":
            for one in fields["founders"]:
                self.numbers[one["handle"]] = len(self.numbers) + 1
        elif verb == "admit":
            self.numbers[fields["by"]] = len(self.numbers) + 1
        elif noun == "hours":
            minutes = sum(one["minutes"] for one in fields["shares"])
            self.given += minutes if verb == "record" else -minutes
        self.due = {name: moment for name, moment in self.due.items() if name[1] not in ends}

    def tick(self):
        """Adds the tick that is due at `now`."""
        effects, n = "", 0
        while n < 1000:
            coming = sorted((moment, TYPES.index(type_), self.numbers[ref.split("/")[0]], ref)
                            for (type_, ref), moment in self.due.items() if moment <= self.now)
            if not coming:
                break
            # Nothing but the end of a need takes other moments away, so the rest stays in order.
            for moment, type_, _, ref in coming[:1000 - n]:
                if self.due.pop((TYPES[type_], ref), None) is None:
                    continue
                effects, n = effects + f"{moment} {TYPES[type_]} {ref}\n", n + 1
                if TYPES[type_] == "need_expiry":
                    self.due.pop(("urgency_lapse", ref), None)
        totals = {"given": self.given, "orgs": len(self.numbers), "pool": self.pool,
                  "received": self.given}
        number = sum(line.fields["kind"] == "clock.tick" for line in self.lines)
        self.lines.append(self.tick_line(f"tick{number}", n, hash_of(effects), totals))

    def tick_line(self, label, n, effects, totals):
        fields = {"by": "clock", "id": new_id(self.now, bytes.fromhex(effects)[:10]),
                  "kind": "clock.tick", "valid_until": self.now, "through": self.now, "n": n,
                  "effects_hash": effects, "totals": totals}
        return Line(label, self.now, fields, [self.server["clock"]])

    # --- Folders ----------------------------------------------------------------------------------

    def leaves(self):
        leaves = []
        for line in self.lines:
            if line.sees is not None:
                line.fields["seen"] = {"root": root_of(leaves[:line.sees]), "size": line.sees}
            leaves.append(line.leaf(self.origin))
        return leaves

    def verifier_key(self):
        key = self.server["log"]
        blob = base64.b64encode(b"\x01" + key.public).decode()
        return f"{key.name}+{key.key_id.hex()}+{blob}"


def root_of(leaves):
    return tree_root([leaf_hash(leaf) for leaf in leaves]).hex()


def checkpoint(log, leaves, key=None):
    root = base64.b64encode(bytes.fromhex(root_of(leaves))).decode()
    return note(f"{log.origin}\n{len(leaves)}\n{root}\n", [key or log.server["log"]])


def put(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def write_lines(folder, leaves, head):
    rows = "".join(json.dumps(leaf.decode()) + "\n" for leaf in leaves)
    put(folder, "leaves.jsonl", rows.encode())
    put(folder, "checkpoint", head.encode())


def write_tiles(folder, leaves, head):
    """C2SP tlog-tiles, for logs of less than 256 000 leaves."""
    put(folder, "checkpoint", head.encode())
    for number, part in chunks(leaves):
        data = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in part)
        put(folder, tile_name("entries", number, len(part)), data)
    row, level = [leaf_hash(leaf) for leaf in leaves], 0
    while row:
        for number, part in chunks(row):
            put(folder, tile_name(level, number, len(part)), b"".join(part))
        row = [fold(part) for _, part in chunks(row) if len(part) == 256]
        level += 1


def chunks(row):
    return [(first // 256, row[first:first + 256]) for first in range(0, len(row), 256)]


def tile_name(level, number, width):
    return f"tile/{level}/{number:03d}" + (f".p/{width}" if width < 256 else "")


def fold(hashes):
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[i:i + 2]) for i in range(0, len(hashes), 2)]
    return hashes[0]
