# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbers that are the same on every Python: splitmix64, integers only."""
import hashlib

MASK = (1 << 64) - 1


class Prng:
    """A stream of numbers named by a seed and a purpose; streams do not disturb each other."""

    def __init__(self, seed, purpose):
        digest = hashlib.sha256(f"sem demo/{purpose}/{seed}".encode()).digest()
        self.state = int.from_bytes(digest[:8], "big")

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    def below(self, n):
        """0 .. n-1"""
        return self.next() * n >> 64

    def between(self, low, high):
        """low .. high, both included"""
        return low + self.below(high - low + 1)

    def chance(self, permille):
        return self.below(1000) < permille

    def pick(self, items):
        return items[self.below(len(items))]

    def weighted(self, items, weights):
        at = self.below(sum(weights))
        for item, weight in zip(items, weights):
            at -= weight
            if at < 0:
                return item
        raise AssertionError("weights do not add up")

    def shuffled(self, items):
        out = list(items)
        for i in range(len(out) - 1, 0, -1):
            j = self.below(i + 1)
            out[i], out[j] = out[j], out[i]
        return out

    def bytes(self, n):
        return b"".join(self.next().to_bytes(8, "big") for _ in range((n + 7) // 8))[:n]
