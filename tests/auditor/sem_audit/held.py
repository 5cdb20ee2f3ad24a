# SPDX-License-Identifier: AGPL-3.0-or-later
"""What somebody held beside the log: receipts, heads and signed refusals. SPEC 10.2, 17.1, 17.5."""
import glob
import hashlib
import os

from sem_audit import entry as entries, fields as f, merkle, note, profile, receipt
from sem_audit.note import Checkpoint
from sem_audit.refusal import REGISTRY, Refusal, need
from sem_audit.source import read as read_file

# Codes that the server refuses for good: 302..307, 5xx, 6xx and 7xx.
FINAL_CODES = {code for category in ("sequence", "organisation", "reference", "exchange")
               for code in REGISTRY[category].split()} - {"id_reused"}
REFUSAL_FIELDS = {"at": f.ms, "author": f.handle, "code": f.word(*FINAL_CODES),
                  "entry_hash": f.hash_, "id": f.entry_id, "number": f.count, "root": f.hash_,
                  "size": f.count, "valid_until": f.ms}
REFUSAL_WORDS = ("expected", "field", "found", "rule")


def read(folders):
    held = Held()
    for folder in folders:
        for path in glob.glob(os.path.join(folder, "*")):
            stem, kind = os.path.splitext(path)
            if kind == ".tlog-proof":
                held.things.append(HeldReceipt(path, stem + ".leaf"))
            elif kind == ".checkpoint":
                held.things.append(HeldHead(path))
            elif kind == ".refusal":
                held.things.append(HeldRefusal(path, stem + ".entry"))
    held.things.sort(key=lambda thing: thing.name)
    return held


class Held:
    def __init__(self):
        self.things = []

    def judge(self, replay):
        """Called between the leaves: refusals made here are judged again."""
        for thing in self.things:
            if thing.judged_at == len(replay.tree):
                thing.judge(replay)

    def compare(self, replay, public, report, since=0):
        """Holds all of them to the log that was read; leaves before `since` were not."""
        newer = older = checked = 0
        for thing in self.things:
            thing.since = since
            try:
                if thing.compare(replay, public):
                    checked += 1
                    older += thing.judged_at is not None and thing.judged_at < since
                else:
                    newer += 1
            except Refusal as refusal:
                checked += not refusal.code.endswith("_malformed")
                report.add(refusal, *thing.place)
        if checked:
            report.unchecked.pop("omission", None)
        if newer:
            report.skip("held_newer", newer)
        if older:
            report.skip("held_older", older)


class Thing:
    malformed = "receipt_malformed"
    judged_at = None
    since = 0               # leaves before it were not read
    place = ()              # index and entry of the leaf that a finding is about

    def __init__(self, path, beside=None):
        self.name = os.path.basename(path)
        self.bytes = read_file(path)
        self.beside = read_file(beside) if beside and os.path.isfile(beside) else b""
        try:
            self.parse()
            self.sound = True
        except (note.Malformed, profile.NotCanonical, Refusal):
            self.sound = False

    def refuse(self, true, code):
        need(true, code, self.name)


class HeldReceipt(Thing):
    def parse(self):
        self.receipt = receipt.parse(self.bytes)

    def compare(self, replay, public):
        """True when it could be compared; a leaf can be where its head is too new."""
        self.refuse(self.sound and self.receipt.proves(self.beside, replay.origin, public),
                    self.malformed)
        leaves = replay.tree.levels[0]
        index = self.receipt.index
        if index < len(leaves):
            self.refuse(leaves[index] == merkle.leaf_hash(self.beside), "receipt_leaf")
        return check_head(self, self.receipt.checkpoint, replay)


class HeldHead(Thing):
    def parse(self):
        self.checkpoint = Checkpoint(self.bytes)

    def compare(self, replay, public):
        self.refuse(self.sound and self.checkpoint.origin == replay.origin
                    and self.checkpoint.signed_by(replay.origin, public), self.malformed)
        return check_head(self, self.checkpoint, replay)


def check_head(thing, head, replay):
    if head.size > len(replay.tree):
        return False
    thing.refuse(replay.tree.root(head.size) == head.root, "head_fork")
    return True


class HeldRefusal(Thing):
    malformed = "refusal_malformed"
    passes = False

    def parse(self):
        self.note = note.Note(self.bytes)
        rows = self.note.text.decode().split("\n")
        if len(rows) != 3:
            raise note.Malformed("a refusal has two lines")
        self.first, self.data = rows[0], profile.parse(rows[1].encode())
        f.members(self.data, "", REFUSAL_FIELDS,
                  {name: lambda value, path: f.hold(isinstance(value, str), path)
                   for name in REFUSAL_WORDS})
        self.text = note.split(self.beside)[0]
        self.judged_at = self.data["size"]

    def judge(self, replay):
        """The rules at that place must refuse it, whatever code they gave."""
        if replay.state.founded is None:
            return
        if self.data["code"] == "at_not_allowed":
            return      # the log cannot say what lay in the future
        fields = entries.glance(self.beside)
        at = self.own_time() if replay.state.founded["demo"] else None
        self.passes = bool(fields) and replay.would_take(
            self.data["at"] if at is None else at, self.beside)

    def own_time(self):
        """The time that an entry of a demo network sets for itself."""
        row = self.text.split(b"\n")[1]
        try:
            return profile.parse(row).get("at")
        except profile.NotCanonical:
            return None

    def compare(self, replay, public):
        origin, founded = replay.origin, replay.state.founded
        self.refuse(self.sound and founded and self.first == origin + "/refusal/v1"
                    and self.note.signed_by(origin + "/refusal",
                                            bytes.fromhex(founded["refusal_key"]))
                    and hashlib.sha256(self.text).hexdigest() == self.data["entry_hash"]
                    and entries.name_of(entries.glance(self.beside))
                    == f"{self.data['author']}/{self.data['id']}", self.malformed)
        size = self.data["size"]
        if size > len(replay.tree):
            return False
        logged = replay.texts.get(self.data["entry_hash"], -1)
        if logged >= max(size, self.since):
            self.place = logged, f"{self.data['author']}/{self.data['id']}"
            self.refuse(False, "refused_logged")
            self.place = ()
        self.refuse(not self.passes and replay.tree.root(size).hex() == self.data["root"],
                    "refusal_unfounded")
        return True
