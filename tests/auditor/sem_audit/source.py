# SPDX-License-Identifier: AGPL-3.0-or-later
"""The folder that is audited: a checkpoint, and leaves as C2SP tlog-tiles or as JSON lines."""
import itertools
import json
import os

from sem_audit.merkle import TILE_WIDTH
from sem_audit.refusal import Refusal


class Unusable(Exception):
    """The folder holds no log."""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def number_path(number):
    """`x001/x234/067` for 1234067."""
    groups = []
    while True:
        groups.insert(0, f"{number % 1000:03d}")
        number //= 1000
        if number == 0:
            return "/".join(["x" + group for group in groups[:-1]] + groups[-1:])


def tile_path(level, number, width):
    """`tile/<level>/<number>[.p/<width>]`; the level of bundles is `entries`."""
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return f"tile/{level}/{number_path(number)}{partial}"


class Folder:
    def __init__(self, path):
        self.path = path
        self.tiled = os.path.isdir(self.join("tile/entries"))
        if not os.path.isfile(self.join("checkpoint")):
            raise Unusable(f"{path}: no checkpoint")
        if not self.tiled and not os.path.isfile(self.join("leaves.jsonl")):
            raise Unusable(f"{path}: neither tile/entries nor leaves.jsonl")

    def join(self, name):
        return os.path.join(self.path, name)

    def checkpoint(self):
        return read(self.join("checkpoint"))

    def has_tiles(self):
        return os.path.isdir(self.join("tile/0"))

    def tile(self, level, number, width):
        """Its bytes, or None when there is no such file."""
        path = self.join(tile_path(level, number, width))
        return read(path) if os.path.isfile(path) else None

    def leaves(self, size, skip=0):
        """Every leaf in order behind the first `skip`, as bytes; Refusal where the folder cannot
        give the next one."""
        return self.bundled(size, skip) if self.tiled else self.listed(skip)

    def bundled(self, size, skip):
        for first in range(skip - skip % TILE_WIDTH, size, TILE_WIDTH):
            width = min(TILE_WIDTH, size - first)
            name = tile_path("entries", first // TILE_WIDTH, width)
            if not os.path.isfile(self.join(name)):
                raise Refusal("bundle_missing", name)
            entries = unpack(read(self.join(name)), name, width)
            yield from itertools.islice(entries, max(0, skip - first), None)

    def listed(self, skip):
        with open(self.join("leaves.jsonl"), "rb") as file:
            for number, line in enumerate(file):
                try:
                    leaf = json.loads(line.decode()).encode()
                except (ValueError, RecursionError, AttributeError):    # no JSON, no string
                    raise Refusal("bundle_malformed", "leaves.jsonl") from None
                if number >= skip:
                    yield leaf


def unpack(data, name, width):
    """The entries of a bundle, each `u16 length || bytes`."""
    at = 0
    for _ in range(width):
        end = at + 2 + int.from_bytes(data[at:at + 2], "big")
        if len(data) < at + 2 or len(data) < end:
            raise Refusal("bundle_malformed", name)
        yield data[at + 2:end]
        at = end
    if at != len(data):
        raise Refusal("bundle_malformed", name)
