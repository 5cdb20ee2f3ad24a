# SPDX-License-Identifier: AGPL-3.0-or-later
"""Receipts, which are C2SP tlog-proofs: SPEC 4.4."""
import re

from sem_audit import merkle, note

HEAD = re.compile(r"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,18})\n((?:[A-Za-z0-9+/=]+\n)*)")


class Receipt:
    def __init__(self, index, path, checkpoint):
        self.index = index
        self.path = path
        self.checkpoint = checkpoint

    def proves(self, leaf, name, public):
        """True when this key signed a head of a tree with this leaf at the index."""
        head = self.checkpoint
        root = merkle.root_of_path(self.index, head.size, merkle.leaf_hash(leaf), self.path)
        return root == head.root and head.origin == name and head.signed_by(name, public)


def parse(data):
    head, _, checkpoint = data.partition(b"\n\n")
    try:
        found = HEAD.fullmatch(head.decode() + "\n")
    except UnicodeDecodeError:
        found = None
    if not found:
        raise note.Malformed("not a receipt")
    path = [note.decode64(row) for row in found.group(2).split()]
    if any(len(step) != 32 for step in path):
        raise note.Malformed("a hash has 32 bytes")
    return Receipt(int(found.group(1)), path, note.Checkpoint(checkpoint))
