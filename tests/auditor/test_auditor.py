#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The auditor against logs made here: a clean history, and single mutations of it."""
import base64
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import build  # noqa: E402
import history  # noqa: E402
import mutations  # noqa: E402
from sem_audit import ed25519, limits, merkle, note, policy, profile, refusal  # noqa: E402
from sem_audit.audit import audit  # noqa: E402
from sem_audit.kinds import KINDS  # noqa: E402
from sem_audit.replay import Replay  # noqa: E402
from sem_audit.report import CHECKS, Report  # noqa: E402
from sem_audit.source import number_path  # noqa: E402

VECTORS = HERE.parent / "vectors"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clean = history.clean()

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="sem-audit-")
        self.addCleanup(folder.cleanup)
        return folder.name

    def audit(self, log, write=build.write_lines, log_key=True, **more):
        folder, leaves = self.folder(), log.leaves()
        write(folder, leaves, build.checkpoint(log, leaves))
        return audit(folder, log.verifier_key() if log_key else None, **more)

    def bent(self, case):
        """The clean history with one mutation, made anew."""
        log = self.clean.copy()
        case.bend(log, next((one for one in log.lines if one.label == case.label), None))
        log.settle(case.code)
        return log

    def assert_finding(self, document, code, index):
        found = [(one["category"], one["code"], one["index"]) for one in document["findings"]]
        self.assertEqual(found, [(refusal.CATEGORY[code], code, index)], document["findings"])


class Clean(Case):
    """Nothing to find in a sound log, and the figures that follow from it."""

    # Before the quarter closes: noyer 65, tilleul 65, orme 1020, lierre -91, saule -40, the pool
    # -1019. It takes 183, 183, 182, 91, 380 by capacities of 240 (lierre's counts half) and 500;
    # then an eighth of what orme has beyond 30, and of what the others lack beyond it.
    POSITIONS = {"noyer": -107, "tilleul": -107, "orme": 737, "lierre": -163, "saule": -372,
                 "frene": 0, "aulne": 0}
    MARCH_ENDS = history.START + 90 * build.DAY_MS

    def test_the_history_uses_every_kind(self):
        kinds = {line.fields["kind"] for line in self.clean.lines}
        self.assertEqual(kinds, set(KINDS))
        self.assertEqual(len(kinds), 30)

    def check(self, document):
        self.assertEqual((document["findings"], document["consequences"]), ([], []))
        self.assertEqual(document["entries"], document["size"])
        self.assertEqual({handle: one["position"] for handle, one in
                          document["positions"].items()}, self.POSITIONS)
        self.assertEqual(document["totals"], {
            "given": 1355, "received": 1355, "orgs": 7, "pool": 12, "given_pending": 0,
            "received_pending": 0})
        self.assertEqual(document["pool"], {
            "budget": 6000, "crisis_until": self.MARCH_ENDS + 183 * build.DAY_MS, "paid": 1039,
            "spent": 0})
        self.assertEqual(document["closings"], [{
            "budget": 6000, "deficit": 1019, "forgiven": 89, "levied": 1120,
            "moment": self.MARCH_ENDS}])

    def test_a_clean_log_has_no_finding_in_either_layout(self):
        for write in build.write_lines, build.write_tiles:
            for log_key in True, False:
                document = self.audit(self.clean, write, log_key)
                self.check(document)
                self.assertEqual(document["root"], build.root_of(self.clean.leaves()))
                self.assertEqual(document["signatures"],
                                 sum(len(line.keys) for line in self.clean.lines))

    def test_counters_of_one_organisation(self):
        found = self.audit(self.clean)["positions"]
        self.assertEqual(found["frene"], {
            "given_posted": 0, "received_posted": 80, "given_pending": 0, "received_pending": 0,
            "moves": 80, "position": 0, "given_exchanges": 0, "received_exchanges": 1,
            "state": "left", "broken": 0, "kept": 0, "leaning_since": 0, "pool_received": 0,
            "step": 0, "strained_since": 0})
        self.assertEqual(found["lierre"], {
            "given_posted": 0, "received_posted": 175, "given_pending": 0, "received_pending": 0,
            "moves": 12, "position": -163, "given_exchanges": 0, "received_exchanges": 3,
            "state": "active", "broken": 0, "kept": 0, "leaning_since": 0, "pool_received": 39,
            "step": 0, "strained_since": 0})
        # Beside those it was excused.
        self.assertEqual((found["tilleul"]["broken"], found["tilleul"]["kept"]), (3, 0))
        self.assertEqual((found["orme"]["broken"], found["orme"]["kept"]), (1, 1))

    def test_who_leans_and_who_is_at_a_step(self):
        log = self.clean.copy()
        log.lines = log.lines[:log.index("step_four") + 1]
        found = self.audit(log)["positions"]
        self.assertEqual({handle: one["step"] for handle, one in found.items() if one["step"]},
                         {"tilleul": 4})
        # saule stood at -40 of 600; orme is above zero, and its line there is 2400.
        self.assertEqual({handle for handle, one in found.items() if one["leaning_since"]}, set())
        log.lines = log.lines[:log.index("appeal") + 1]
        self.assertEqual(self.audit(log)["positions"]["tilleul"]["step"], 0)
        poor = history.clean(policy={"pool_cap": 0, "ladder_strain_permille": 900})
        found = self.audit(poor)["positions"]["saule"]
        urgent = poor.line("urgent").at
        self.assertEqual((found["leaning_since"], found["strained_since"]), (urgent, urgent))

    def test_pending_minutes_before_the_agreement_ends(self):
        log = self.clean.copy()
        log.lines = log.lines[:log.index("gift") + 1]
        found = self.audit(log)
        self.assertEqual(found["findings"], [])
        self.assertEqual(found["positions"]["tilleul"]["given_pending"], 170)
        self.assertEqual(found["positions"]["lierre"]["received_pending"], 170)
        self.assertEqual(found["totals"]["given_pending"], 170)

    def test_what_was_not_checked_is_said(self):
        def checks(document):
            return {one["check"] for one in document["checks_not_made"]}

        told = checks(self.audit(self.clean))
        self.assertEqual(told, {"time_truth", "omission", "forks", "details", "idle_ticks",
                                "tiles"})
        self.assertEqual(checks(self.audit(self.clean, build.write_tiles, False)),
                         told - {"tiles"} | {"log_key"})

    def test_a_demo_takes_its_time_from_the_entries(self):
        demo = history.clean(demo=True)
        document = self.audit(demo)
        self.check(document)
        self.assertTrue(document["demo"])
        demo.line("confirm").at += 1
        demo.settle("at_mismatch")
        document = self.audit(demo)
        self.assert_finding(document, "at_mismatch", demo.index("confirm"))

    def test_more_than_a_thousand_due_moments_make_two_ticks(self):
        log = build.Log(history.ORIGIN, history.START)
        history.founding(log)
        for i in range(1001):
            log.now = history.START + 60_000
            history.offer(log, f"offer{i}", "orme", 10)
        log.now = history.START + 30 * build.DAY_MS
        log.add("confirm", "org.confirm", "orme")
        log.settle()
        ticks = [line.fields["n"] for line in log.lines if line.fields["kind"] == "clock.tick"]
        self.assertEqual(ticks, [1000, 1])
        document = self.audit(log, build.write_tiles)
        self.assertEqual(document["findings"], [])
        self.assertEqual(document["size"], 1005 + 1004 // 16)
        log.lines.remove(log.line("tick+1"))
        log.settle("tick_missing")
        self.assert_finding(self.audit(log), "tick_missing", log.index("confirm"))


class Mutations(Case):
    """One broken rule, one finding, at its index."""

    def test_every_mutation_is_found_and_nothing_else(self):
        cases = list(mutations.everything())
        self.assertGreaterEqual(len(cases), 40)
        self.assertEqual(len({(case.name, case.label) for case in cases}), len(cases))
        for case in cases:
            with self.subTest(case=case.name, code=case.code):
                log = self.bent(case)
                document = self.audit(log)
                self.assert_finding(document, case.code, log.index(case.label))
                for one in document["consequences"]:
                    self.assertEqual(one["of"], log.index(case.label))

    def test_a_log_breaks_no_other_rule_than_the_one_that_is_waived(self):
        waived = set()
        for case in mutations.everything():
            if case.code in refusal.NOT_WAIVABLE or not case.clean:
                continue
            with self.subTest(case=case.name, code=case.code):
                document = self.audit(self.bent(case), waive=case.code)
                self.assertEqual((document["findings"], document["consequences"]), ([], []))
                self.assertEqual(document["checks_not_made"][-1],
                                 {"check": "waived", "why": case.code + ": left out on request"})
                waived.add(case.code)
        self.assertGreaterEqual(len(waived), 45)

    def test_no_leaf_is_too_strange(self):
        """Bytes changed, cut, doubled or put in at random: always a report, never a crash."""
        chance = random.Random(1)
        leaves = self.clean.leaves()
        odd = [b"{}", b"[", b"null", b"1e9", b'"', b"\\", b"\xff", b"\n\n", b"9" * 5000, b"\0"]
        for _ in range(300):
            at = chance.randrange(len(leaves))
            leaf = bytearray(leaves[at])
            # Behind the first line: `at` is the server's word, and another may be as good.
            first = chance.randrange(leaf.index(b"\n"), len(leaf))
            last = first + chance.choice((0, 1, 3, 40))
            leaf[first:last] = chance.choice((b"", leaf[first:last] * 2, chance.choice(odd)))
            report = Report()
            replay = Replay(self.clean.origin, report)
            for one in (*leaves[:at], bytes(leaf)):
                replay.leaf(one)
            self.assertEqual(bool(report.findings), bytes(leaf) != leaves[at], bytes(leaf))

    def test_what_hangs_on_a_bad_entry_is_a_consequence(self):
        log = self.clean.copy()
        mutations.drop("need")(log, None)
        log.settle()
        document = self.audit(log)
        sign = log.index("sign")
        self.assertEqual({one["of"] for one in document["consequences"]}, {sign})
        self.assertEqual([(one["code"], log.lines[one["index"]].label)
                          for one in document["consequences"]], [
            ("ref_unknown", "agreed"), ("ref_unknown", "change"),
            # A promise that was not made was not broken, and no step follows from it.
            ("step_unfounded", "step"), ("already_closed", "appeal"),
            ("step_unfounded", "step_again"), ("ref_unknown", "excuse"),
            ("step_unfounded", "step_three"), ("step_unfounded", "step_four"),
            ("already_closed", "step_end")])

    def test_whose_line_hangs_on_what_was_not_applied(self):
        """tilleul receives more than its line allows, had nothing ended or become urgent before."""
        def close(log, deal, need):
            return log.add("gone", "agreement.close", "orme", ["orme", "tilleul"], agreement=deal)

        def cancel(log, deal, need):
            return log.add("gone", "agreement.cancel", "orme", agreement=deal)

        def change(log, deal, need):
            return log.add("gone", "agreement.change", "orme", ["orme", "tilleul"], agreement=deal,
                           shares=[build.share("tilleul", "orme", 1)],
                           expires=log.now + build.DAY_MS)

        def leave(log, deal, need):
            return log.add("gone", "org.leave", "orme")

        def vouch(log, deal, need):
            return log.add("gone", "need.vouch", "orme", need=need)

        for bend, minutes in ((close, 800), (cancel, 800), (change, 800), (leave, 800),
                              (vouch, 1000)):
            log = build.Log(history.ORIGIN, history.START)
            history.founding(log, policy={"seal_every": 1000})
            need = history.ask(log, "need", "tilleul", 1000, 20, urgent=True)
            deal = history.agree(log, "deal", "orme", "tilleul", 600, 20)
            bend(log, deal, need)
            history.give(log, "more", "noyer", "tilleul", minutes, need=need)
            log.settle()
            with self.subTest(kind=log.line("gone").kind):
                self.assertEqual(self.audit(log)["findings"], [])
                log.line("gone").fields["seen"] = {"root": "0" * 64, "size": 1}
                log.settle("seen_mismatch")
                document = self.audit(log)
                self.assert_finding(document, "seen_mismatch", log.index("gone"))
                self.assertEqual([(one["code"], one["index"], one["of"], one["field"])
                                  for one in document["consequences"]],
                                 [("limit_crossed", log.index("more"), log.index("gone"),
                                   "tilleul")])

    def test_history_written_anew_shows_in_the_heads_that_members_saw(self):
        """The operator changes an entry with all keys, but one member signed the head after it."""
        log = self.clean.copy()
        mutations.edit(details=build.hash_of("another sheet"))(log, log.line("update"))
        log.line("gift").sees = None
        log.settle("seen_mismatch")
        self.assert_finding(self.audit(log), "seen_mismatch", log.index("gift"))

    def test_two_defects_give_two_findings(self):
        log = self.clean.copy()
        mutations.edit(zeal=1)(log, log.line("confirm"))
        mutations.twist(n=5)(log, log.line("tick1"))
        log.settle("tick_count")
        codes = [(one["code"], one["index"]) for one in self.audit(log)["findings"]]
        self.assertEqual(codes, [("field_unknown", log.index("confirm")),
                                 ("tick_count", log.index("tick1"))])

    def test_a_finding_says_what_was_expected_and_what_is_at_stake(self):
        log = self.clean.copy()
        mutations.edit(shares=[build.share("noyer", "saule", 61)])(log, log.line("direct"))
        log.settle("key_ceiling")
        finding = self.audit(log)["findings"][0]
        self.assertEqual(finding, {
            "category": "signature", "code": "key_ceiling", "index": log.index("direct"),
            "entry": log.line("direct").ref, "field": "noyer", "expected": "60", "found": "61",
            "minutes": 61})


class Tree(Case):
    """What is wrong with the folder, while the entries are sound."""

    def broken(self, bend, write=build.write_tiles, head=None):
        folder, leaves = self.folder(), self.clean.leaves()
        write(folder, leaves, head or build.checkpoint(self.clean, leaves))
        bend(pathlib.Path(folder))
        document = audit(folder, self.clean.verifier_key())
        return [(one["category"], one["code"]) for one in document["findings"]], document

    def codes(self, bend, **more):
        return self.broken(bend, **more)[0]

    def test_another_root(self):
        head = build.checkpoint(self.clean, self.clean.leaves()[::-1])
        self.assertEqual(self.codes(lambda folder: None, head=head), [("tree", "root_mismatch")])

    def test_a_checkpoint_of_another_key(self):
        wrong = build.checkpoint(self.clean, self.clean.leaves(), self.clean.server["clock"])
        self.assertEqual(self.codes(lambda folder: None, head=wrong),
                         [("tree", "checkpoint_signature")])

    def test_a_checkpoint_bent_after_signing(self):
        def bend(folder):
            path = folder / "checkpoint"
            path.write_text(path.read_text().replace(f"\n{len(self.clean.lines)}\n", "\n46\n"))
        found = self.codes(bend, write=build.write_lines)
        self.assertEqual(found, [("tree", "checkpoint_signature"), ("tree", "size_mismatch")])

    def test_no_checkpoint_at_all(self):
        found, document = self.broken(lambda folder: (folder / "checkpoint").write_text("hello\n"))
        self.assertEqual(found, [("tree", "checkpoint_malformed")])
        self.assertIn("entries", [one["check"] for one in document["checks_not_made"]])

    def test_a_leaf_is_dropped_without_a_new_head(self):
        def bend(folder):
            path = folder / "leaves.jsonl"
            path.write_text("".join(path.read_text().splitlines(True)[:-1]))
        self.assertEqual(self.codes(bend, write=build.write_lines), [("tree", "size_mismatch")])

    def tile(self, folder):
        return folder / f"tile/0/000.p/{len(self.clean.lines)}"

    def bundle(self, folder):
        return folder / f"tile/entries/000.p/{len(self.clean.lines)}"

    def test_tiles_that_are_cut_bent_or_gone(self):
        def cut(folder):
            self.tile(folder).write_bytes(self.tile(folder).read_bytes()[:-1])

        def bent(folder):
            data = bytearray(self.tile(folder).read_bytes())
            data[40] ^= 1
            self.tile(folder).write_bytes(data)

        self.assertEqual(self.codes(cut), [("tree", "tile_mismatch")])
        self.assertEqual(self.codes(bent), [("tree", "tile_mismatch")])
        self.assertEqual(self.codes(lambda folder: os.unlink(self.tile(folder))),
                         [("tree", "tile_missing")])

    def test_bundles_that_are_cut_too_long_or_gone(self):
        def cut(folder):
            self.bundle(folder).write_bytes(self.bundle(folder).read_bytes()[:-1])

        def long(folder):
            self.bundle(folder).write_bytes(self.bundle(folder).read_bytes() + b"\0\0")

        self.assertEqual(self.codes(cut), [("tree", "bundle_malformed")])
        self.assertEqual(self.codes(long), [("tree", "bundle_malformed")])
        found, document = self.broken(lambda folder: os.unlink(self.bundle(folder)))
        self.assertEqual(found, [("tree", "bundle_missing")])
        self.assertIn("root", [one["check"] for one in document["checks_not_made"]])


class Program(Case):
    """The command line: SPEC 13.1 has the status of a failed verification."""

    def run_it(self, *args):
        done = subprocess.run([sys.executable, "-B", "-m", "sem_audit", *args], text=True,
                              capture_output=True, env={**os.environ, "PYTHONPATH": str(HERE)})
        return done.returncode, done.stdout

    def test_the_status_says_what_was_found(self):
        folder, leaves = self.folder(), self.clean.leaves()
        build.write_tiles(folder, leaves, build.checkpoint(self.clean, leaves))
        status, out = self.run_it(folder, "--json", "--log-key", self.clean.verifier_key())
        self.assertEqual((status, json.loads(out)["findings"]), (0, []))
        build.put(folder, "checkpoint", build.checkpoint(self.clean, leaves[::-1]).encode())
        status, out = self.run_it(folder)
        self.assertEqual(status, 7)
        self.assertIn("tree root_mismatch", out)
        self.assertEqual(self.run_it(self.folder())[0], 5)


class Formats(unittest.TestCase):
    """The parts against outside vectors and against the edges of the text."""

    ROOTS = """e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
        fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
        aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
        d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
        4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
        76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
        ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
        5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"""
    LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768"
              "696a6b6c6d6e6f"]

    def test_roots_of_the_well_known_leaves(self):
        """transparency-dev/merkle testonly/constants.go."""
        tree = merkle.Tree()
        for leaf in self.LEAVES:
            tree.append(bytes.fromhex(leaf))
        for size, root in enumerate(self.ROOTS.split()):
            self.assertEqual(tree.root(size).hex(), root)

    def test_proofs_hold_as_others_say(self):
        """transparency-dev/merkle testdata; what has not 32 bytes is refused before."""
        def cases(name):
            for line in (VECTORS / name).read_text(encoding="utf-8").splitlines():
                verdict, *rest = line.split(" ")
                if verdict in ("valid", "invalid"):
                    sizes = [int(number) for number in rest[:2]]
                    hashes = [[] if one == "-" else [base64.b64decode(part.replace("!", ""))
                                                     for part in one.split(",")]
                              for one in rest[2:5]]
                    if all(len(part) == 32 for row in hashes for part in row):
                        yield verdict == "valid", *sizes, hashes

        count = 0
        for valid, index, size, ((root,), (node,), path) in cases("merkle-inclusion.txt"):
            self.assertEqual(merkle.root_of_path(index, size, node, path) == root, valid)
            count += 1
        for valid, first, second, ((old,), (new,), path) in cases("merkle-consistency.txt"):
            if 0 < first <= second:
                self.assertEqual(merkle.consistent(first, old, second, new, path), valid)
                count += 1
        self.assertGreater(count, 100)

    def test_tiles_across_a_boundary(self):
        """sunlight cmd/skylight/testdata: leaves `record 0` .. `record 299`."""
        tree = merkle.Tree()
        for i in range(300):
            tree.append(b"record %d" % i)
        tiles = {(level, number): data for level, number, _, data in tree.tiles(300)}
        self.assertEqual(set(tiles), {(0, 0), (0, 1), (1, 0)})
        self.assertEqual(tiles[1, 0].hex(),
                         "dc9349f9787ed0086da6d97f679c51a5198f98e456e95b1d87fa3abc012fec31")
        self.assertEqual(number_path(1234067), "x001/x234/067")

    def verdicts(self, name):
        """(valid, key, signature, message) of the cases restated in tests/vectors."""
        tables = {"key": [], "sig": [], "msg": []}
        for line in (VECTORS / name).read_text(encoding="utf-8").splitlines():
            word, *rest = line.split(" ")
            if word in tables:
                tables[word].append(rest[-1] if word != "msg" else " ".join(rest))
            elif word in ("valid", "invalid"):
                yield word == "valid", rest, tables

    def test_signatures_are_accepted_as_libsodium_does(self):
        count = 0
        for valid, rest, tables in self.verdicts("ed25519-wycheproof.txt"):
            key, sig, msg = (bytes.fromhex(one) if one != "-" else b"" for one in rest[1:4])
            if len(sig) == 64:
                self.assertEqual(ed25519.verify(key, msg, sig), valid, rest)
                count += 1
        self.assertGreater(count, 100)

    def test_the_edge_cases_of_the_curve(self):
        """C2SP/CCTV: small order, mixed order, encodings that are not canonical."""
        count = 0
        for valid, rest, tables in self.verdicts("ed25519-cctv.txt"):
            key, sig = (bytes.fromhex(tables[name][int(at)])
                        for name, at in zip(("key", "sig"), rest[1:3]))
            msg = tables["msg"][int(rest[3])].encode()
            self.assertEqual(ed25519.verify(key, msg, sig), valid, rest)
            self.assertTrue(ed25519.acceptable(key) or not valid, rest)
            count += 1
        self.assertEqual(count, 914)

    def test_keys_that_are_no_safe_points(self):
        for key in ("00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ff" * 32,
                    "ed" + "ff" * 30 + "7f", "02" + "00" * 31, "00" * 31 + "80",
                    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"):
            self.assertFalse(ed25519.acceptable(bytes.fromhex(key)), key)

    def test_the_profile_takes_canonical_bytes_only(self):
        for line in ('{}', '{"a":1}', '{"a":-1,"b":[true,false]}', '{"a":"é\\"\\\\/"}',
                     '{"a":[[{}]]}', '{"a":9007199254740991}', '{"a_1":{"b":[]}}'):
            self.assertEqual(profile.parse(line.encode()), json.loads(line))
        for line in ('', '[]', '1', '{} ', ' {}', '{"a": 1}', '{"a":1,}', '{"b":1,"a":1}',
                     '{"a":1,"a":1}', '{"A":1}', '{"":1}', '{"a":1.0}', '{"a":1e3}', '{"a":-0}',
                     '{"a":01}', '{"a":+1}', '{"a":9007199254740992}', '{"a":null}',
                     '{"a":"\\n"}', '{"a":"\\/"}', '{"a":"\\u0041"}', '{"a":"\x7f"}',
                     '{"a":"\n"}', '{"a":[[[[]]]]}', '{"a":tru}', '{"a":"', '{"a"', '{"a":[1 ]}',
                     '{"a":' + '9' * 5000 + '}'):
            with self.assertRaises(profile.NotCanonical, msg=line):
                profile.parse(line.encode())
        for line in (b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc0\xaf"}'):
            with self.assertRaises(profile.NotCanonical, msg=line):
                profile.parse(line)

    def test_notes_that_are_none(self):
        good = "text\n\n— name AAAAAAA=\n"
        self.assertEqual(note.split(good.encode())[0], b"text\n")
        for bad in ("", "text\n", "text\n\n", good[:-1], good + "\n", good.replace("—", "-"),
                    good.replace("name", "na me"), good.replace("AAAAAAA=", "AAAAAAB="),
                    good.replace("AAAAAAA=", "AAAA"), good.replace("text", "te\rxt"),
                    good.replace("name", "na+me")):
            with self.assertRaises(note.Malformed, msg=bad):
                note.split(bad.encode())


    def test_a_checkpoint_under_lines_of_others(self):
        """Cosignatures and lines of unknown kinds stand below the log's own and are passed over;
        one that claims to be the log's must be right."""
        log = history.Log(history.ORIGIN, history.START)
        mine, key = build.checkpoint(log, [b"leaf"]), log.server["log"]
        witness = note_line("witness.example.org/w1", b"\x00" * 4 + bytes(8) + bytes(64))
        odd = note_line("odd.example.org", b"\x01\x02\x03\x04\x05")
        head = note.Checkpoint((mine + witness + odd).encode())
        self.assertEqual((head.origin, head.size, len(head.lines)), (log.origin, 1, 3))
        self.assertTrue(head.signed_by(key.name, key.public))
        self.assertFalse(head.signed_by("witness.example.org/w1", key.public))
        other_id = note_line(key.name, b"\x00" * 4 + bytes(64))
        self.assertTrue(note.Checkpoint((mine + other_id).encode()).signed_by(key.name, key.public))
        wrong = note_line(key.name, key.key_id + bytes(64))
        for more in wrong, note_line(key.name, key.key_id + bytes(8)):
            head = note.Checkpoint((mine + more).encode())
            self.assertFalse(head.signed_by(key.name, key.public))
        for bad in (witness.replace("—", "-"), witness[:-1], "\n" + witness, witness + "\n",
                    "— name\n", note_line("name", b"\x00" * 4)):
            with self.assertRaises(note.Malformed, msg=bad):
                note.Checkpoint((mine + bad).encode())


def note_line(name, blob):
    return f"— {name} {base64.b64encode(blob).decode()}\n"


class Specification(unittest.TestCase):
    """The tables of SPEC.md, restated in the auditor."""

    @classmethod
    def setUpClass(cls):
        cls.text = (HERE.parents[1] / "SPEC.md").read_text(encoding="utf-8")

    def test_every_refusal_that_a_log_can_show_has_a_category(self):
        rows = re.findall(r"^\| ([1-7]\d\d) \| `(\w+)` \| \d+ \|", self.text, re.M)
        said = {code for _, code in rows if code != "body_too_large"}
        self.assertGreater(len(said), 50)
        self.assertEqual(said, {code for codes in refusal.REGISTRY.values()
                                for code in codes.split()})

    def section(self, start, end):
        return self.text[self.text.index(start):self.text.index(end)]

    def test_the_codes_of_an_audit(self):
        rows = re.findall(r"^\| `(\w+)` \| (`.+) \|$",
                          self.section("### 17.5", "The checks not made"), re.M)
        said = {category: set(re.findall(r"`(\w+)`", codes)) - {"at"} for category, codes in rows}
        self.assertEqual(said, {category: set(codes.split())
                                for category, codes in refusal.OWN.items()})

    def test_the_checks_not_made(self):
        table = self.section("| check | why |", "### 17.6")
        rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.M)
        self.assertEqual([(check, re.sub("`<\\w+>`", "{}", why))
                          for check, why in rows],
                         list(CHECKS.items()))

    def test_what_cannot_be_waived(self):
        text = self.section("Codes that leave nothing to apply", "cannot be waived")
        said = set(re.findall(r"`(\w+)`", text))
        for category, hundred in (("form", "1xx"), ("network", "4xx")):
            self.assertIn(hundred, text)
            said |= set(refusal.REGISTRY[category].split())
        self.assertEqual(said, refusal.NOT_WAIVABLE)

    def test_the_policy_table(self):
        rows = re.findall(r"^\| `(\w+)` \| \w+ \| (\d+)\.\.(\d+) \| \d+ \|", self.text, re.M)
        self.assertEqual({key: (int(low), int(high)) for key, low, high in rows}, policy.RANGES)
        self.assertEqual(len(rows), 63)


class Lines(unittest.TestCase):
    """SPEC 8.1 and 8.2 by their numbers."""

    class Org:
        handle, position, received_pending, times_given = "a", 0, 0, 2

        def __init__(self, given):
            self.given = given

        def given_in_window(self, at):
            return self.given

    POLICY = dict(history.POLICY_DEFAULT)

    def test_a_floor_grows_with_what_was_given_and_no_further(self):
        for given, floor in ((0, 1200), (3, 1200), (4, 1201), (9600, 3600), (99_999, 3600)):
            self.assertEqual(limits.floor_of(self.Org(given), self.POLICY, 0), floor)
        new = self.Org(99_999)
        new.times_given = 1
        self.assertEqual(limits.floor_of(new, self.POLICY, 0), 600)
        generous = {**self.POLICY, "limit_floor_new": 5000}
        self.assertEqual(limits.floor_of(self.Org(0), generous, 0), 5000)

    def state(self, org, policy):
        return type("State", (), {"orgs": {"a": org}, "policy": policy,
                                  "in_crisis": lambda self, at: False})()

    def test_exactly_at_the_line_passes(self):
        org = self.Org(0)
        org.position, org.received_pending = 100, 200
        for soft, least in ((True, 1800), (False, 1200)):
            asked = least - 100
            limits.check(self.state(org, self.POLICY), 0, {"a": asked}, soft)
            with self.assertRaises(refusal.Refusal) as caught:
                limits.check(self.state(org, self.POLICY), 0, {"a": asked + 1}, soft)
            self.assertEqual(caught.exception.code, "limit_crossed")

    def test_asking_nothing_more_always_passes(self):
        org = self.Org(0)
        org.position = -100_000
        limits.check(self.state(org, self.POLICY), 0, {"a": 0}, False)


if __name__ == "__main__":
    unittest.main()
