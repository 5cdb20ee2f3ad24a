#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Single mutations of a log that a real server wrote, each at a place that a seed draws, and
written anew with all keys: two auditors that share nothing must both report that one finding, in
the same bytes, and nothing when its check is waived; fresh, and going on from before the mutation.

MUTATION_SEED draws other places. SEMD and SEMCTL name the programs.
"""
import collections
import os
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import build  # noqa: E402
import history  # noqa: E402
import mutations  # noqa: E402
import play  # noqa: E402
from auditors import Both  # noqa: E402
from bending import MUTATORS, World  # noqa: E402
from bending.exchange import late  # noqa: E402
from fixtures import Started  # noqa: E402
from known import common  # noqa: E402
from sem_audit import refusal  # noqa: E402
from sem_audit.kinds import KINDS  # noqa: E402

GAME, LEAVES = 17, 420
SEED = int(os.environ.get("MUTATION_SEED", "1"))
TRIES = 150
STEP = 50       # leaves between the places where an audit was saved


def setUpModule():
    global log, world, started
    started = Started(unittest.addModuleCleanup)
    folder = started.init(history.ORIGIN)
    log = play.real_log(folder, started.serve(folder).client(), GAME, LEAVES)
    world = World(log)
    print(f"MUTATION_SEED={SEED}", file=sys.stderr)


def write(leaves, tiles=True):
    folder = started.folder()
    (build.write_tiles if tiles else build.write_lines)(folder, leaves,
                                                        build.checkpoint(log, leaves))
    return folder


class Mutant:
    """The log with one mutation. `first` is the index at which it begins to differ."""

    def __init__(self, one, bent, label):
        self.mutator, self.log = one, bent
        self.leaves, self.index = bent.leaves(), bent.index(label)
        self.first = common(self.leaves, log.leaves())
        self.path = None

    def folder(self):
        if self.path is None:
            self.path = write(self.leaves, tiles=self.index % 2 == 0)
        return self.path


def draw(one, chance):
    """The mutation at a place where the rest of the log does not hang on it when it is waived; or,
    when it cannot be waived, breaks no rule of its own for want of it."""
    lines = [line.label for line in log.lines if line.kind in one.kinds]
    chance.shuffle(lines)
    for label in lines[:TRIES]:
        bent = log.copy()
        label = one.bend(world, bent, bent.line(label))
        if label is None:
            continue
        bent.settle(one.code)
        if one.code in refusal.NOT_WAIVABLE:
            alone = len(bent.causes) <= 1
        else:
            alone = not (one.clean and bent.others)
        if alone:
            return Mutant(one, bent, label)
    raise AssertionError(f"no place for: {one.name}")


class Mutations(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.both = Both(started, log)
        cls.mutants = []
        chance = random.Random(SEED)
        for one in MUTATORS:
            cls.mutants.append(draw(one, chance))

    def said(self, *args, **more):
        return self.both.audit(self, *args, **more)

    def case(self, mutant):
        return self.subTest(mutation=mutant.mutator.name, code=mutant.mutator.code,
                            index=mutant.index, seed=SEED)

    def test_the_log_is_real_and_holds_every_kind(self):
        document = self.said(write(log.leaves()))
        self.assertEqual((document["findings"], document["consequences"]), ([], []))
        self.assertEqual({line.kind for line in log.lines}, set(KINDS))
        self.assertGreaterEqual(len(log.lines), 300)

    def test_one_mutation_is_one_finding_fresh_and_continued(self):
        consequences = collections.Counter()
        for mutant in self.mutants:
            with self.case(mutant):
                folder, code = mutant.folder(), mutant.mutator.code
                fresh = self.said(folder, same=mutant.first)
                found = [(one["category"], one["code"], one["index"]) for one in fresh["findings"]]
                self.assertEqual(found, [(refusal.CATEGORY[code], code, mutant.index)])
                self.assertLessEqual({one["of"] for one in fresh["consequences"]}, {mutant.index})
                consequences[code] += len(fresh["consequences"])
                self.continued(mutant, folder, fresh)
        self.assertGreater(sum(consequences.values()), 100)

    def continued(self, mutant, folder, fresh):
        sizes = range(STEP, mutant.first + 1, STEP)
        if sizes:
            size = sizes[mutant.index % len(sizes)]
            document = self.said(folder, size=size)
            self.assertEqual(document.pop("since"), size)
            self.assertEqual(document, fresh)

    def test_with_the_check_waived_nothing_else_is_found(self):
        waived = set()
        for mutant in self.mutants:
            code = mutant.mutator.code
            if code in refusal.NOT_WAIVABLE or not mutant.mutator.clean:
                continue
            with self.case(mutant):
                document = self.said(mutant.folder(), waive=code, same=mutant.first)
                self.assertEqual((document["findings"], document["consequences"]), ([], []))
                self.assertEqual(document["entries"], document["size"])
                self.assertEqual(document["checks_not_made"][-1]["check"], "waived")
            waived.add(mutant.mutator.name)
        self.assertGreaterEqual(len(waived), 40)

    def test_a_reference_ends_to_the_millisecond(self):
        for line in log.lines:
            if line.kind == "hours.record":
                bent = log.copy()
                if late(world, bent, bent.line(line.label), 0):
                    bent.settle()
                    document = self.said(write(bent.leaves()))
                    self.assertEqual(document["findings"], [])
                    return
        self.fail("no hours to take back")


class HandMade(unittest.TestCase):
    """The same of the history that uses every kind, and of all its mutations."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.clean = history.clean()
        cls.both = Both(started, cls.clean)

    def said(self, bent, tiles, **more):
        folder, leaves = started.folder(), bent.leaves()
        (build.write_tiles if tiles else build.write_lines)(folder, leaves,
                                                            build.checkpoint(bent, leaves))
        return self.both.audit(self, folder, **more)

    def test_both_say_the_same_of_every_mutation(self):
        for at, case in enumerate(mutations.everything()):
            with self.subTest(case=case.name, code=case.code):
                bent = self.clean.copy()
                line = next((one for one in bent.lines if one.label == case.label), None)
                case.bend(bent, line)
                bent.settle(case.code)
                document = self.said(bent, at % 2)
                self.assertEqual([one["code"] for one in document["findings"]], [case.code])
                if case.clean and case.code not in refusal.NOT_WAIVABLE:
                    document = self.said(bent, at % 2, waive=case.code)
                    self.assertEqual(document["findings"], [])

    def test_folders_that_are_not_whole(self):
        """What is wrong with tree and folder rather than with an entry."""
        leaves = self.clean.leaves()
        size = len(leaves)
        head = f"\n{size}\n".encode()
        stranger = build.checkpoint(self.clean, leaves, self.clean.server["clock"])
        for name, bend in (("checkpoint", lambda data: stranger.encode()),
                           ("checkpoint", lambda data: b"hello\n"),
                           ("checkpoint", lambda data: data.replace(head, b"\n46\n")),
                           ("checkpoint", lambda data: build.checkpoint(
                               self.clean, leaves[::-1]).encode()),
                           (f"tile/0/000.p/{size}", lambda data: data[:-1]),
                           (f"tile/0/000.p/{size}", lambda data: data[32:] + data[:32]),
                           (f"tile/0/000.p/{size}", None),
                           (f"tile/entries/000.p/{size}", lambda data: data[:-1]),
                           (f"tile/entries/000.p/{size}", lambda data: data + b"\0\0"),
                           (f"tile/entries/000.p/{size}", None)):
            folder = started.folder()
            build.write_tiles(folder, leaves, build.checkpoint(self.clean, leaves))
            path = pathlib.Path(folder) / name
            if bend:
                path.write_bytes(bend(path.read_bytes()))
            else:
                path.unlink()
            with self.subTest(name=name):
                self.assertNotEqual(self.both.audit(self, folder)["findings"], [])


if __name__ == "__main__":
    unittest.main()
