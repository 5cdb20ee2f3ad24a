#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of SPEC 18.1 in fractions: the worked networks of SPEC, what must hold of any
network, and tests/vectors/reciprocity.txt, from which the server's own are tested.

    tests/auditor/test_metrics.py --write     makes that file
"""
import itertools
import pathlib
import random
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import build  # noqa: E402
import history  # noqa: E402
from sem_audit import metrics  # noqa: E402
from sem_audit.replay import Replay  # noqa: E402
from sem_audit.report import Report  # noqa: E402

VECTORS = HERE.parent / "vectors/reciprocity.txt"
NETWORKS = 120
HEAD = """# Networks, and their figures (SPEC 18.1) in fractions: tests/auditor/test_metrics.py.
# net <organisations>
# help <from> <to> <minutes> <of them gifts> <of them paid by the pool> <exchanges>
# layer <help|account> <minutes> <M3> <M4> <M5> <M6> <M7> <M8b: giving> <receiving> <M15>
# org <number> <help|account> <M2> <M8: largest share> <HHI> <effective providers>
# all <M13>
"""
FIGURES = ("M3", "M4", "M5", "M6", "M7", "M8b giving", "M8b receiving", "M15")


# --- Networks -------------------------------------------------------------------------------------

def draw(chance):
    """(organisations, {pair: (minutes, gifts, paid, exchanges)})"""
    orgs = chance.choice((2, 2, 3, 3, 4, 5, 6, 8, 12))
    most = chance.choice((1, 2, 5, 60, 600, 100_000, 10**9))
    dense = chance.choice((0.05, 0.2, 0.4, 0.7, 1))
    pairs = {}
    for pair in itertools.permutations(range(orgs), 2):
        if chance.random() < dense:
            minutes = chance.randint(1, most)
            gift = chance.choice((0, 0, 0, minutes, chance.randint(0, minutes)))
            paid = chance.choice((0, 0, minutes - gift, chance.randint(0, minutes - gift)))
            pairs[pair] = minutes, gift, paid, chance.randint(1, 4)
    return orgs, pairs


def layers(pairs):
    help_ = {pair: row[0] for pair, row in pairs.items()}
    account = {pair: row[0] - row[1] - row[2] for pair, row in pairs.items()}
    return {"help": help_, "account": {pair: minutes for pair, minutes in account.items()
                                       if minutes}}


def row(*values):
    return " ".join("-" if value is None else str(value) for value in values) + "\n"


def vectors():
    chance = random.Random(1)
    yield HEAD
    for _ in range(NETWORKS):
        orgs, pairs = draw(chance)
        yield row("net", orgs)
        for pair, values in pairs.items():
            yield row("help", *pair, *values)
        yield from figures(range(orgs), pairs)


def figures(nodes, pairs):
    for name, w in layers(pairs).items():
        found = metrics.of_layer(w, nodes)
        yield row("layer", name, found["minutes"], *(found[figure] for figure in FIGURES))
        for node in nodes:
            exchanges = sum(values[3] for pair, values in pairs.items()
                            if pair[1] == node and pair in w)
            yield row("org", node, name, metrics.exchange_index(w, node),
                      *(metrics.dependency(w, node, exchanges) or (None,) * 3))
    minutes, gift, paid, _ = (map(sum, zip(*pairs.values())) if pairs else (0, 0, 0, 0))
    yield row("all", metrics.ratio(gift + paid, minutes))


# --- Tests ----------------------------------------------------------------------------------------

class Worked(unittest.TestCase):
    W = {("A", "D"): 600, ("A", "E"): 480, ("A", "B"): 120, ("B", "C"): 180, ("B", "A"): 120,
         ("C", "B"): 120, ("C", "A"): 60, ("D", "C"): 60}

    def test_the_network_of_the_specification(self):
        self.assertEqual([metrics.exchange_index(self.W, node) for node in "ABCDE"],
                         [739, 111, -142, -818, -1000])
        found = metrics.of_layer(self.W, "ABCDE")
        self.assertEqual([found[name] for name in FIGURES],
                         [620, 847, 275, 379, 546, 5172, 2437, 800])
        self.assertEqual(metrics.largest_circulation(self.W, "ABCDE"), 660)
        self.assertEqual([metrics.dependency(self.W, node, 3) for node in "DE"],
                         [(1000, 10_000, 1000)] * 1 + [(1000, 10_000, 1000)])
        burdens = [metrics.burden(metrics.given(self.W, node), 100 * size)
                   for node, size in zip("ABCDE", (40, 5, 4, 1, 3))]
        self.assertEqual(burdens, [30, 60, 45, 60, 0])
        self.assertEqual(metrics.burden_gini(burdens), 307)
        self.assertEqual(metrics.turnover(self.W, metrics.net(self.W, "ABCDE").values()), 1611)

    def test_the_table_of_small_networks(self):
        text = (HERE.parents[1] / "SPEC.md").read_text(encoding="utf-8")
        nets = {"path": {(0, 1): 1, (1, 2): 1}, "cycle": {(0, 1): 1, (1, 2): 1, (2, 0): 1},
                "pair,": {(0, 1): 3, (1, 0): 1}, "star": {(0, 1): 1, (0, 2): 1, (0, 3): 1},
                "0→1→2": {(0, 1): 1, (1, 2): 1, (0, 2): 1}}
        rows = re.findall(r"^\| (\S+)[^|]*\| (\S+) \| (\S+) \| (\S+) \| (\S+) \|$",
                          text[text.index("| small networks"):text.index("### 18.2")], re.M)
        rows = [row for row in rows if row[0] in nets]
        self.assertEqual(len(rows), len(nets))
        for name, *said in rows:
            w = nets[name]
            found = metrics.of_layer(w, sorted({end for pair in w for end in pair}))
            self.assertEqual([found[figure] for figure in ("M3", "M4", "M6", "M7")],
                             [None if one == "n/a" else int(one) for one in said], name)


class OfALog(unittest.TestCase):
    def test_the_figures_of_the_history(self):
        """Of 1355 minutes 45 were a gift, and the pool paid 1039; positions are as test_auditor.py
        has them, 1498 of them without their signs, and the pool's 12."""
        log, replay = history.clean(), Replay(history.ORIGIN, Report())
        for leaf in log.leaves():
            replay.leaf(leaf)
        found = metrics.of_log(replay.state, replay.last_at)
        self.assertEqual(found["help"]["minutes"], 1355)
        self.assertEqual(found["account"]["minutes"], 1355 - 45 - 1039)
        self.assertEqual((found["M12"], found["M13"]), (1355 * 1000 // 749, 800))
        # aulne and frene left, and still exchanged.
        self.assertEqual((found["help"]["orgs"], found["account"]["orgs"]), (7, 7))
        # Of frene, saule and aulne, who said how large they are, aulne alone gave.
        self.assertEqual(found["M11"], 666)
        self.assertEqual(found["orgs"]["orme"]["help"]["M2"], 1000 * (1180 - 60) // (1180 + 60))
        self.assertEqual(found["orgs"]["saule"]["help"]["M8"], None)    # two exchanges
        later = replay.last_at + 400 * build.DAY_MS
        self.assertEqual(metrics.of_log(replay.state, later)["help"]["M3"], None)


class Drawn(unittest.TestCase):
    def test_the_largest_circulation_by_trying_all(self):
        chance = random.Random(2)
        for _ in range(60):
            pairs = chance.sample(list(itertools.permutations(range(4), 2)), 6)
            w = {pair: chance.randint(1, 3) for pair in pairs}
            best = 0
            for taken in itertools.product(*(range(minutes + 1) for minutes in w.values())):
                kept = dict(zip(w, taken))
                if not any(metrics.net(kept, range(4)).values()):
                    best = max(best, sum(taken))
            self.assertEqual(metrics.largest_circulation(w, range(4)), best, w)

    def test_what_must_hold_of_any_network(self):
        chance = random.Random(3)
        for _ in range(300):
            orgs, pairs = draw(chance)
            for w in layers(pairs).values():
                found = metrics.of_layer(w, range(orgs))
                if not w:
                    self.assertIsNone(found["M6"])
                    continue
                self.assertLessEqual(found["M5"], found["M6"])
                self.assertLessEqual(found["M6"] + found["M3"], 1000)
                square = not any(metrics.net(w, range(orgs)).values())
                self.assertEqual(found["M4"] is None, square)
                self.assertTrue(0 <= found["M7"] <= 1000 and (found["M7"] == 0 or not square))
                self.assertTrue(1000 // orgs <= found["M15"] <= 1000)

    def test_the_file_of_vectors_is_this(self):
        self.assertEqual(VECTORS.read_text(encoding="utf-8"), "".join(vectors()))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        VECTORS.write_text("".join(vectors()), encoding="utf-8")
    else:
        unittest.main()
