# SPDX-License-Identifier: AGPL-3.0-or-later
"""A leaf taken apart: SPEC 2.1, 3.1, 4.1. What needs no state is judged here."""
import json
import re

from sem_audit import kinds, note, profile
from sem_audit.refusal import Refusal, need

AT = re.compile(rb"at (0|[1-9][0-9]{0,15})\n")
NOTE_MAX = 16_128


class Entry:
    """One entry: `at` of its leaf, the signed text, its fields and its signature lines."""

    def __init__(self, index, at, text, lines, data):
        self.index = index
        self.at = at
        self.text = text
        self.lines = lines
        self.data = data
        self.kind = data["kind"]
        self.by = data["by"]
        self.ref = f"{data['by']}/{data['id']}"
        self.bound = set()      # the organisations that must sign, once the rules have said so
        self.shares = {(one["from"], one["to"]): one["minutes"] for one in data.get("shares", ())}

    def get(self, name):
        return self.data.get(name)

    def __getitem__(self, name):
        return self.data[name]

    @property
    def minutes(self):
        return sum(self.shares.values())

    @property
    def id_time(self):
        """The moment in the id: its first 48 bits."""
        return int(self.data["id"][:12], 16)

    @property
    def givers(self):
        return {giver for giver, _ in self.shares}

    @property
    def receivers(self):
        return {receiver for _, receiver in self.shares}

    @property
    def parties(self):
        return self.givers | self.receivers


def split_leaf(leaf):
    """(at, note) of a leaf."""
    found = AT.match(leaf)
    if not found or int(found.group(1)) > profile.INTEGER_MAX:
        raise Refusal("leaf_malformed", None, "at <milliseconds>", first_line(leaf))
    return int(found.group(1)), leaf[found.end():]


def first_line(data):
    return data.split(b"\n", 1)[0][:100].decode("utf-8", "replace")


def parse(index, at, data, origin):
    """The entry in these note bytes, every rule of form obeyed."""
    need(len(data) <= NOTE_MAX, "entry_too_large", None, NOTE_MAX, len(data))
    try:
        text, lines = note.split(data)
    except note.Malformed as error:
        raise Refusal("note_malformed", None, "a signed note", str(error)) from None
    need(all(len(line.signature) == 64 for line in lines), "note_malformed", None,
         "a key id and 64 bytes", "another length")
    rows = text.split(b"\n")
    purpose = first_line(text)
    need(purpose.endswith("/entry/v1"), "not_an_entry", None, origin + "/entry/v1", purpose)
    need(rows[0] == f"{origin}/entry/v1".encode(), "wrong_network", None, origin + "/entry/v1",
         purpose)
    need(len(rows) == 3, "not_canonical", None, "two lines", f"{len(rows) - 1} lines")
    try:
        fields_ = profile.parse(rows[1])
    except profile.NotCanonical as error:
        raise Refusal("not_canonical", None, "the canonical profile", str(error)) from None
    kinds.check(fields_)
    return Entry(index, at, text, lines, fields_)


def glance(leaf):
    """The fields of a leaf that broke a rule of form, as far as they can be read; {} if not at all.

    Only for saying which entry is meant and what hangs on it: nothing is decided by it."""
    for row in leaf.split(b"\n"):
        if row.startswith(b"{"):
            try:
                data = json.loads(row)
            except (ValueError, RecursionError):
                return {}
            return {name: value for name, value in data.items()
                    if isinstance(value, str) or name in ("shares", "providers", "sponsors")}
    return {}


def name_of(data):
    """`<author>/<id>` of fields as `glance` gives them, or None."""
    return f"{data['by']}/{data['id']}" if "by" in data and "id" in data else None


def minutes_of(data):
    """The minutes that an unsound entry speaks of."""
    found = [one.get("minutes") for one in list_of(data, "shares") if isinstance(one, dict)]
    return sum(minutes for minutes in found if isinstance(minutes, int))


def handles_of(data):
    """Every organisation that the fields name."""
    found = [data.get(name) for name in ("by", "to", "coordinator")]
    found += list_of(data, "providers") + list_of(data, "sponsors")
    for one in list_of(data, "shares"):
        if isinstance(one, dict):
            found += one.get("from"), one.get("to")
    return {one for one in found if isinstance(one, str)}


def refs_of(data):
    return {data[name] for name in kinds.REFS if name in data}


def list_of(data, name):
    return data[name] if isinstance(data.get(name), list) else []

