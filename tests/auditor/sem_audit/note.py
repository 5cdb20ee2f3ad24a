# SPDX-License-Identifier: AGPL-3.0-or-later
"""C2SP signed notes and checkpoints: SPEC 3.1, 4.3."""
import base64
import binascii
import collections
import hashlib
import re

import sem_audit.ed25519 as ed25519

ED25519, COSIGNATURE = 1, 4
LINE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/]+=*)")
KEY_TEXT = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)")
SIZE = re.compile(r"0|[1-9][0-9]*")
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")

Line = collections.namedtuple("Line", "name key_id signature")


class Malformed(Exception):
    """Not a note, not a checkpoint, not a key."""


def decode64(text):
    """Standard base64 with padding, in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Malformed("base64 in another spelling")
    return data


def key_id(name, public, kind=ED25519):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def split(data):
    """The signed text (bytes) and the lines under it; the separator is the last empty line."""
    middle = data.rfind(b"\n\n")
    if middle < 0 or not data.endswith(b"\n"):
        raise Malformed("no text, empty line and signature lines")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    if CONTROL.search(data):
        raise Malformed("a control character")
    tail = data[middle + 2:].decode().split("\n")[:-1]
    if not tail:
        raise Malformed("no signature line")
    return data[:middle + 1], [parse_line(line) for line in tail]


def parse_line(text):
    found = LINE.fullmatch(text)
    if not found:
        raise Malformed("a line that is no signature")
    blob = decode64(found.group(2))
    if len(blob) < 5:
        raise Malformed("a signature without bytes")
    return Line(found.group(1), blob[:4], blob[4:])


def parse_verifier_key(text, kind=ED25519):
    """`<name>+<key id>+<base64(type || key)>` as (name, key)."""
    found = KEY_TEXT.fullmatch(text)
    if not found:
        raise Malformed("not a verifier key")
    name, blob = found.group(1), decode64(found.group(3))
    if len(blob) != 33 or blob[0] != kind:
        raise Malformed("not an Ed25519 key of this use")
    if key_id(name, blob[1:], kind).hex() != found.group(2):
        raise Malformed("the key id is not that of the key")
    return name, blob[1:]


class Note:
    """Other signers than those asked for are ignored, whatever their lines hold."""

    def __init__(self, data):
        self.text, self.lines = split(data)

    def signed_by(self, name, public):
        """True when this key signed, and every line of its name and key id verifies."""
        me = name, key_id(name, public)
        mine = [line for line in self.lines if (line.name, line.key_id) == me]
        return bool(mine) and all(
            len(line.signature) == 64 and ed25519.verify(public, self.text, line.signature)
            for line in mine)


class Checkpoint(Note):
    """Three lines: origin, size, root. Other lines of text are refused."""

    def __init__(self, data):
        super().__init__(data)
        rows = self.text.decode().split("\n")[:-1]
        if len(rows) != 3 or len(rows[1]) > 16 or not SIZE.fullmatch(rows[1]):
            raise Malformed("a checkpoint is origin, size and root")
        self.origin, self.size, self.root = rows[0], int(rows[1]), decode64(rows[2])
        if len(self.root) != 32:
            raise Malformed("a root has 32 bytes")

    def cosigned_by(self, name, public):
        """True when this witness cosigned the head: C2SP tlog-cosignature."""
        me = name, key_id(name, public, COSIGNATURE)
        return any(len(line.signature) == 72 and ed25519.verify(
            public, b"cosignature/v1\ntime %d\n" % int.from_bytes(line.signature[:8], "big")
            + self.text, line.signature[8:])
            for line in self.lines if (line.name, line.key_id) == me)
