# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an auditor knows along a sound log, kept at intervals: who bends a late line of it need not
replay what stands before."""
import pickle

from remake import SEAL
from sem_audit.replay import Replay
from sem_audit.report import Report

STEP = 16       # leaves between the places that are kept


class Known:
    def __init__(self, origin, lines):
        self.lines = [line.copy() for line in lines]
        self.leaves = [line.made for line in lines]
        self.kept = []          # (leaves behind it, replay)
        self.end = Replay(origin, Report())
        for index, line in enumerate(lines):
            # A seal belongs to the line before it.
            if line.kind != SEAL and (not self.kept or index >= self.kept[-1][0] + STEP):
                self.kept.append((index, pickle.dumps(self.end)))
            self.end.leaf(line.made)
        assert not self.end.report.findings, self.end.report.findings

    def start(self, most):
        """A kept place behind at most so many leaves: their number, and a replay of them."""
        size, replay = [one for one in self.kept if one[0] <= most][-1]
        return size, pickle.loads(replay)

    def before(self, index):
        """The replay of all leaves before this one."""
        size, replay = self.start(index)
        for leaf in self.leaves[size:index]:
            replay.leaf(leaf)
        return replay

    def same(self, lines):
        """How many lines at the beginning are still what they were."""
        return common([vars(line) for line in lines], [vars(line) for line in self.lines])


def common(ones, others):
    """The length of what two lists have in common at their beginning."""
    pairs = zip(ones, others)
    return next((at for at, (one, other) in enumerate(pairs) if one != other),
                min(len(ones), len(others)))
