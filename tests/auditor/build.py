# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes logs without a server: lines that can be bent and are then signed, and their folders."""
import base64
import copy
import hashlib
import json
import os

from known import Known
from remake import SEAL, TICK, Line, line_of, remake
from semclient import Key, leaf_hash, new_id, node_hash, note, tree_root
from sem_audit.replay import Replay
from sem_audit.report import Report

DAY_MS = 86_400_000


def hash_of(word):
    return hashlib.sha256(word.encode()).hexdigest()


def share(giver, receiver, minutes):
    return {"from": giver, "to": receiver, "minutes": minutes}


def made_id(at, word):
    """An id that depends on nothing but its time and a word."""
    return new_id(at, hashlib.sha256(word.encode()).digest()[:10])


def server_keys(folder, origin):
    """The keys of a server's data folder."""
    keys = {}
    for name in ("log", "clock", "refusal"):
        with open(os.path.join(folder, "keys", name + ".key"), encoding="ascii") as file:
            _, _, key_name, _, blob = file.read().strip().split("+", 4)
        keys[name] = Key(origin, name, base64.b64decode(blob)[1:], key_name)
    return keys


def keys_of_words(origin):
    return {name: Key(origin, name, hashlib.sha256(name.encode()).digest(), origin + tail)
            for name, tail in (("log", ""), ("clock", "/clock"), ("refusal", "/refusal"))}


class Log:
    """Lines in order. `now` is the moment of the next entry."""

    def __init__(self, origin, start, demo=False, server=None):
        self.origin, self.start, self.now, self.demo = origin, start, start, demo
        self.lines = []
        self.others, self.causes = [], []
        self.known = None       # what is known along the log before it was bent
        self.keys = {}
        self.server = server or keys_of_words(origin)

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
        other.lines = [line.copy() for line in self.lines]
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

    def add(self, label, kind, by, signers=None, **fields):
        """Adds an entry; gives its reference."""
        line = self.make(label, kind, by, signers, **fields)
        self.lines.append(line)
        self.now += 60_000
        return line.ref

    def tick(self, label, kept=False):
        """A tick at `now`, though no entry asks for it."""
        line = Line(label, self.now, {"kind": TICK}, [self.server["clock"]])
        line.kept = kept
        return line

    def settle(self, waive=None):
        """Puts ticks and seals where they belong and signs everything; gives the leaves. `others`
        are then the findings of other rules than the one waived, and `causes` those of them that
        are no consequences."""
        replay = Replay(self.origin, Report())
        if self.known:
            _, replay = self.known.start(self.known.same(self.lines))
        made = remake(replay, self.server["clock"], self.lines, waive)
        self.lines, self.others, self.causes = made.lines, made.findings, made.causes
        return self.leaves()

    def name_ticks(self):
        ticks = [line for line in self.lines if line.kind == TICK]
        for number, line in enumerate(ticks):
            line.label = f"tick{number}"

    def take(self, leaves):
        """The leaves of a real log, labelled by index, ticks and seals by their number."""
        keyring = {(key.name, key.key_id): key
                   for key in [*self.keys.values(), *self.server.values()]}
        self.lines = [line_of(str(index), leaf, keyring) for index, leaf in enumerate(leaves)]
        self.name_ticks()
        for number, line in enumerate([line for line in self.lines if line.kind == SEAL]):
            line.label = f"seal{number}"
        assert self.settle() == leaves, "a log that nobody bent comes out as it went in"
        self.known = Known(self.origin, self.lines)

    # --- Folders ----------------------------------------------------------------------------------

    def leaves(self):
        return [line.made for line in self.lines]

    def verifier_key(self):
        return verifier_key(self.server["log"])


def verifier_key(key):
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
