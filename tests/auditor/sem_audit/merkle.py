# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tree of SPEC 4.2 (RFC 6962 section 2.1), grown leaf by leaf."""
import hashlib

TILE_WIDTH = 256
TILE_LEVELS = 8


def leaf_hash(data):
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of_path(index, size, node, path):
    """The root of a tree of this size that has `node` at the index, by its path (RFC 9162 section
    2.1.3.2); None when the path has not the length it must have."""
    if not 0 <= index < size:
        return None
    last = size - 1
    for step in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            node = node_hash(step, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, step)
        index, last = index >> 1, last >> 1
    return node if last == 0 else None


def consistent(first, old, second, new, path):
    """Whether the tree of the second size with the root `new` has the root `old` at the first size,
    0 < first <= second, by this proof: RFC 9162 section 2.1.4.2."""
    if first == second:
        return not path and old == new
    if first & (first - 1) == 0:
        path = [old, *path]
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for step in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (old, new, 0)


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
