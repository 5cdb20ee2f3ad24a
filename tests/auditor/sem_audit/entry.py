# SPDX-License-Identifier: AGPL-3.0-or-later
"""A leaf taken apart: SPEC 2.1, 3.1, 4.1. What needs no state is judged here."""
import json
import re

from sem_audit import kinds, note, profile
from sem_audit.fields import is_ref
from sem_audit.refusal import Refusal, need

AT = re.compile(rb"at (0|[1-9][0-9]{0,15})\n")
# Fields that hold handles.
ONES = ("by", "to", "coordinator", "cosigner", "org")
LISTS = ("providers", "sponsors", "panel")
NOTE_MAX = 16_128
LEAF_MAX = 16_384


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
        self.signed_by = set()  # those who had to and did: handles, and `clock`
        self.shares = {(one["from"], one["to"]): one["minutes"] for one in data.get("shares", ())}

    def get(self, name, default=None):
        return self.data.get(name, default)

    def __getitem__(self, name):
        return self.data[name]

    def path_of(self, pair):
        """The path of the share of a pair; of all of them when there is none."""
        pairs = list(self.shares)
        return f"shares[{pairs.index(pair)}]" if pair in pairs else "shares"

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
    if not found or int(found.group(1)) > profile.INTEGER_MAX or len(leaf) > LEAF_MAX:
        raise Refusal("leaf_malformed")
    return int(found.group(1)), leaf[found.end():]


def parse(index, at, data, origin):
    """The entry in these note bytes, every rule of form obeyed."""
    need(len(data) <= NOTE_MAX, "entry_too_large")
    try:
        text, lines = note.split(data)
    except note.Malformed:
        raise Refusal("note_malformed") from None
    need(all(len(line.signature) == 64 for line in lines), "note_malformed")
    rows = text.split(b"\n")
    need(rows[0].endswith(b"/entry/v1"), "not_an_entry")
    need(rows[0] == f"{origin}/entry/v1".encode(), "wrong_network")
    need(len(rows) == 3, "not_canonical")
    return Entry(index, at, text, lines, kinds.read(rows[1]))


def glance(leaf):
    """The fields of a leaf that broke a rule of form, as far as they can be read; {} if not at all.

    Only for saying which entry is meant and what hangs on it: nothing is decided by it."""
    row = next((row for row in leaf.split(b"\n") if row.startswith(b"{")), b"")
    try:
        data = json.loads(row.decode(), parse_constant=unreadable)
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in data.items()
            if isinstance(value, str) or name in ("shares", *LISTS)}


def unreadable(word):
    raise ValueError(word)


def name_of(data):
    """`<author>/<id>` of fields as `glance` gives them, or None."""
    name = f"{data.get('by')}/{data.get('id')}"
    return name if is_ref(name) else None


def minutes_of(data):
    """The minutes that an unsound entry speaks of."""
    found = [one.get("minutes") for one in list_of(data, "shares") if isinstance(one, dict)]
    return sum(one for one in found if isinstance(one, int) and not isinstance(one, bool))


def handles_of(data, but=()):
    """Every organisation that the fields name, except these fields."""
    found = [data.get(name) for name in ONES if name not in but]
    for name in LISTS:
        found += list_of(data, name) if name not in but else []
    for one in list_of(data, "shares"):
        if isinstance(one, dict):
            found += one.get("from"), one.get("to")
    return {one for one in found if isinstance(one, str)}


def refs_of(data):
    return {data[name] for name in kinds.REFS if name in data}


def list_of(data, name):
    return data[name] if isinstance(data.get(name), list) else []

