# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tree of SPEC 4.2 (RFC 6962 section 2.1), grown leaf by leaf."""
import hashlib

TILE_WIDTH = 256
TILE_LEVELS = 8


def leaf_hash(data):
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """`levels[k][i]` is the hash of the complete subtree over leaves i·2^k .. (i+1)·2^k - 1."""

    def __init__(self):
        self.levels = [[]]

    def __len__(self):
        return len(self.levels[0])

    def append(self, data):
        """Adds a leaf and every complete subtree that it finishes."""
        node, level = leaf_hash(data), 0
        while True:
            if level == len(self.levels):
                self.levels.append([])
            row = self.levels[level]
            row.append(node)
            if len(row) % 2:
                return
            node, level = node_hash(row[-2], row[-1]), level + 1

    def root(self, size):
        """The root of the first `size` leaves: their complete subtrees, folded from the right."""
        assert size <= len(self)
        root = None
        for level in range(size.bit_length()):
            if size >> level & 1:
                node = self.levels[level][(size >> level) - 1]
                root = node if root is None else node_hash(node, root)
        return hashlib.sha256(b"").digest() if root is None else root

    def tiles(self, size):
        """Every tile of a log of this size as (level, number, width, bytes); C2SP tlog-tiles."""
        for level in range((len(self.levels) + TILE_LEVELS - 1) // TILE_LEVELS):
            count = size >> TILE_LEVELS * level
            for first in range(0, count, TILE_WIDTH):
                row = self.levels[TILE_LEVELS * level][first:min(count, first + TILE_WIDTH)]
                yield level, first // TILE_WIDTH, len(row), b"".join(row)
