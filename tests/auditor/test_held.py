#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What somebody held beside the log, audits that go on, evidence and balance proofs: SPEC 7.4,
10.2, 17. SEMCTL names the other auditor."""
import base64
import copy
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import unittest

import nacl.signing

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import build  # noqa: E402
import history  # noqa: E402
import mutations  # noqa: E402
from auditors import KEY, Both  # noqa: E402
from fixtures import SEMCTL, Started  # noqa: E402
from semclient import (Key, canonical, entry_text, key_id, leaf_hash, note,  # noqa: E402
                       tree_root)
from sem_audit import balance, evidence  # noqa: E402
from sem_audit.audit import audit  # noqa: E402
from sem_audit.replay import Replay  # noqa: E402
from sem_audit.report import Report  # noqa: E402
from sem_audit.source import Unusable  # noqa: E402


# --- Proofs, straight from RFC 6962 section 2.1 ---------------------------------------------------

def split(size):
    return 1 << (size - 1).bit_length() - 1


def path(index, hashes):
    if len(hashes) == 1:
        return []
    at = split(len(hashes))
    if index < at:
        return path(index, hashes[:at]) + [tree_root(hashes[at:])]
    return path(index - at, hashes[at:]) + [tree_root(hashes[:at])]


def consistency(size, hashes, whole=True):
    if size == len(hashes):
        return [] if whole else [tree_root(hashes)]
    at = split(len(hashes))
    if size <= at:
        return consistency(size, hashes[:at], whole) + [tree_root(hashes[at:])]
    return consistency(size - at, hashes[at:], False) + [tree_root(hashes[:at])]


def b64(hashes):
    return [base64.b64encode(one).decode() for one in hashes]


def receipt(log, leaves, index, head=None):
    hashes = [leaf_hash(leaf) for leaf in leaves]
    rows = ["c2sp.org/tlog-proof@v1", f"index {index}", *b64(path(index, hashes))]
    return "\n".join(rows) + "\n\n" + (head or build.checkpoint(log, leaves))


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.started = Started(cls.addClassCleanup)
        cls.log = history.clean()
        cls.leaves = cls.log.leaves()
        cls.both = Both(cls.started, cls.log)
        cls.other = cls.log.copy()
        mutations.edit(details=build.hash_of("another sheet"))(cls.other, cls.other.line("update"))
        cls.other.settle()

    def folder(self, leaves=None, log=None):
        folder, leaves = self.started.folder(), leaves or self.leaves
        build.write_tiles(folder, leaves, build.checkpoint(log or self.log, leaves))
        return folder

    def keep(self, **files):
        """A folder of what was held; `__` stands for the dot of a name."""
        folder = self.started.folder()
        for name, data in files.items():
            build.put(folder, name.replace("__", "."),
                      data if isinstance(data, bytes) else data.encode())
        return [folder]

    def codes(self, held, folder=None):
        document = self.both.audit(self, folder or self.folder(), held=held)
        self.assertLessEqual({one["category"] for one in document["findings"]}, {"held"})
        self.places = [(one["index"], one["entry"]) for one in document["findings"]]
        self.unchecked = [one["check"] for one in document["checks_not_made"]]
        return [(one["code"], one["field"]) for one in document["findings"]]


class Held(Case):
    PROOF = "a.tlog-proof"

    def receipt(self, text, leaf, **more):
        folder = self.keep(a__leaf=leaf, **more)
        build.put(folder[0], self.PROOF, text.encode())
        return folder

    def test_receipts_and_heads_that_hold(self):
        for size in (1, 7, 16, 40, len(self.leaves)):
            part = self.leaves[:size]
            held = self.receipt(receipt(self.log, part, size // 2), part[size // 2],
                                b__checkpoint=build.checkpoint(self.log, part))
            self.assertEqual(self.codes(held), [])
            self.assertNotIn("omission", self.unchecked)

    def test_another_leaf_stands_there(self):
        leaves, index = self.other.leaves(), self.log.index("update")
        held = self.receipt(receipt(self.other, leaves, index), leaves[index])
        self.assertEqual(self.codes(held), [("receipt_leaf", self.PROOF)])

    def test_another_head_was_signed(self):
        leaves = self.other.leaves()
        held = self.receipt(receipt(self.other, leaves, 0), leaves[0],
                            b__checkpoint=build.checkpoint(self.log, leaves[:20]))
        self.assertEqual(self.codes(held), [("head_fork", self.PROOF),
                                            ("head_fork", "b.checkpoint")])

    def test_what_proves_nothing(self):
        good = receipt(self.log, self.leaves, 3)
        stranger = build.checkpoint(self.log, self.leaves, self.log.server["clock"])
        for text, leaf in ((good, self.leaves[4]), (good.replace("index 3", "index 5"),
                                                    self.leaves[3]),
                           (good.replace("@v1", "@v2"), self.leaves[3]), ("", b""),
                           (receipt(self.log, self.leaves, 3, stranger), self.leaves[3])):
            self.assertEqual(self.codes(self.receipt(text, leaf)),
                             [("receipt_malformed", self.PROOF)])
            self.assertIn("omission", self.unchecked)
        for head in stranger, "hello\n":
            self.assertEqual(self.codes(self.keep(b__checkpoint=head)),
                             [("receipt_malformed", "b.checkpoint")])

    def test_what_is_newer_than_the_log(self):
        held = self.receipt(receipt(self.log, self.leaves, 3), self.leaves[3],
                            b__checkpoint=build.checkpoint(self.log, self.leaves))
        self.assertEqual(self.codes(held, self.folder(self.leaves[:30])), [])
        self.assertIn("held_newer", self.unchecked)


class Witnessed(Case):
    """A cosignature of a witness that the reader knows (C2SP tlog-cosignature)."""

    def cosigned(self, witness, name="witness.example.org/w", bend=bytes):
        head = build.checkpoint(self.log, self.leaves)
        text, when = head.partition("\n\n")[0] + "\n", 1_770_000_000
        signature = witness.sign(f"cosignature/v1\ntime {when}\n{text}".encode()).signature
        blob = key_id(name, bytes(witness.verify_key), 4) + when.to_bytes(8, "big")
        line = base64.b64encode(blob + bend(signature)).decode()
        folder = self.folder()
        build.put(folder, "checkpoint", f"{head}— {name} {line}\n".encode())
        return folder

    def verifier(self, witness, name="witness.example.org/w"):
        public = bytes(witness.verify_key)
        blob = base64.b64encode(b"\x04" + public).decode()
        return f"{name}+{key_id(name, public, 4).hex()}+{blob}"

    def test_only_a_known_witness_speaks_against_forks(self):
        one, two = (nacl.signing.SigningKey(bytes([n]) * 32) for n in (1, 2))
        for folder, known, seen in (
                (self.cosigned(one), [self.verifier(one)], True),
                (self.cosigned(one), [self.verifier(two), self.verifier(one)], True),
                (self.cosigned(one), [self.verifier(two)], False),
                (self.cosigned(one), [], False),
                (self.cosigned(one, bend=lambda signature: signature[::-1]),
                 [self.verifier(one)], False)):
            document = audit(folder, self.log.verifier_key(), witnesses=known)
            self.assertEqual(document["findings"], [])
            self.assertEqual("forks" not in {one["check"] for one in document["checks_not_made"]},
                             seen)


class Refused(Case):
    """gone: hours of more than lierre's line allows, refused after the leaf `gift`."""

    def setUp(self):
        self.size = self.log.index("gift") + 1
        self.at = self.log.line("gift").at + 5000

    def line(self, minutes):
        log = self.log.copy()
        log.now = self.at
        return log.make("refused", "hours.record", "orme", ["lierre", "orme"],
                        day="2026-01-01", shares=[build.share("orme", "lierre", minutes)])

    def refusal(self, line, key="refusal", **more):
        text = entry_text(self.log.origin, line.fields)
        fields = {"at": self.at, "author": line.fields["by"], "code": "limit_crossed",
                  "entry_hash": hashlib.sha256(text.encode()).hexdigest(), "expected": "-600",
                  "field": "lierre", "found": "-900", "id": line.fields["id"], "number": 703,
                  "root": build.root_of(self.leaves[:self.size]), "rule": "limit_hard_permille",
                  "size": self.size, "valid_until": line.fields["valid_until"], **more}
        return note(f"{self.log.origin}/refusal/v1\n{canonical(fields)}\n",
                    [self.log.server[key]])

    def held(self, line, **more):
        return self.keep(r__refusal=self.refusal(line, **more), r__entry=line.note(self.log.origin))

    def test_a_refusal_that_the_rules_demand(self):
        self.assertEqual(self.codes(self.held(self.line(901))), [])
        self.assertNotIn("omission", self.unchecked)

    def test_a_refusal_without_a_reason(self):
        self.assertEqual(self.codes(self.held(self.line(10))),
                         [("refusal_unfounded", "r.refusal")])

    def test_a_refusal_of_another_log(self):
        self.assertEqual(self.codes(self.held(self.line(901), root=mutations.NO_HASH)),
                         [("refusal_unfounded", "r.refusal")])

    def test_a_refused_text_was_logged(self):
        line, log = self.line(10), self.log.copy()
        log.lines.insert(log.index("gift") + 1, line)
        log.lines[log.index("gift") + 2].at += 60_000
        log.settle()
        self.assertEqual(self.codes(self.held(line), self.folder(log.leaves())),
                         [("refused_logged", "r.refusal")])
        self.assertEqual(self.places, [(log.lines.index(line), line.ref)])
        both, folder, held = Both(self.started, log), self.folder(log.leaves()), self.held(line)
        later = both.audit(self, folder, held=held, size=self.size)
        self.assertEqual(later.pop("since"), self.size)
        self.assertEqual(later, both.audit(self, folder, held=held))
        # What was read by the audit before is not looked through again, and the report says so.
        later = both.audit(self, folder, held=held, size=45)
        self.assertEqual(later["findings"], [])
        self.assertEqual(later["checks_not_made"][-1]["check"], "held_older")

    def test_refusals_that_are_none(self):
        line = self.line(901)
        for more in ({"key": "clock"}, {"entry_hash": mutations.NO_HASH}, {"author": "saule"},
                     {"code": "key_unknown"}, {"size": -1}, {"more": 1}):
            self.assertEqual(self.codes(self.held(line, **more)),
                             [("refusal_malformed", "r.refusal")], more)
        self.assertEqual(self.codes(self.keep(r__refusal=self.refusal(line))),
                         [("refusal_malformed", "r.refusal")])

    def later(self, size, held, folder=None):
        """The report of an audit that goes on from this size, and that of a fresh one."""
        folder = folder or self.folder()
        document = self.both.audit(self, folder, held=held, size=size)
        self.assertEqual(document.pop("since"), size)
        return document, self.both.audit(self, folder, held=held)

    def test_an_audit_that_goes_on_behind_it_says_what_it_did_not_judge(self):
        for line in self.line(901), self.line(10):
            later, fresh = self.later(45, self.held(line))
            self.assertEqual(later["checks_not_made"].pop(), {
                "check": "held_older", "why": "whether 1 refusals held from before the resume point"
                " were founded: a fresh audit says"})
            self.assertEqual(later, {**fresh, "findings": []})

    def test_an_audit_that_goes_on_from_it_or_before_it_says_the_same(self):
        for size in self.size, self.size - 5:
            for line in self.line(901), self.line(10):
                later, fresh = self.later(size, self.held(line))
                self.assertEqual(later, fresh)

    def test_what_needs_no_judging_is_seen_from_behind_as_well(self):
        line = self.line(901)
        for held in (self.held(line, root=mutations.NO_HASH), self.held(line, key="clock")):
            later, fresh = self.later(45, held)
            self.assertEqual(later, fresh)
            self.assertEqual(len(later["findings"]), 1)

    def test_what_needed_the_time_of_the_answer_is_not_judged_again(self):
        """No log can say whether a time lay in the future then."""
        held = self.held(self.line(10), code="at_not_allowed", number=306)
        self.assertEqual(self.codes(held), [])


class Resume(Case):
    def test_only_what_the_auditor_signed_is_loaded(self):
        saved = self.both.python.save(30)
        with open(saved, "rb") as file:
            good = file.read()
        bent = os.path.join(self.started.folder(), "bent")

        def resumed(data, key=KEY, log=self.log):
            with open(bent, "wb") as file:
                file.write(data)
            return audit(self.folder(), log.verifier_key(), since=bent, key=key)

        self.assertEqual(resumed(good)["since"], 30)
        for data, key in ((good + b"x", KEY), (good[:-1], KEY), (good, bytes(32)), (b"", KEY),
                          (good.replace(b'"size":30', b'"size":31'), KEY)):
            with self.assertRaises(Unusable):
                resumed(data, key)

    def test_history_written_anew_before_the_resume_point(self):
        document = self.both.audit(self, self.folder(self.other.leaves()), size=45)
        self.assertIn("root_mismatch", [one["code"] for one in document["findings"]])

    def test_findings_before_the_resume_point_come_along(self):
        log = self.log.copy()
        mutations.edit(details="zz")(log, log.line("update"))
        log.settle("field_invalid")
        both, folder = Both(self.started, log), self.folder(log.leaves(), log)
        fresh = both.audit(self, folder)
        self.assertEqual(len(fresh["findings"]), 1)
        later = both.audit(self, folder, size=40)
        self.assertEqual(later.pop("since"), 40)
        self.assertEqual(later, fresh)


class Program(Case):
    """Evidence and balance proofs, by the module and by its command line."""

    def file(self, document):
        name = os.path.join(self.started.folder(), "file.json")
        with open(name, "w", encoding="utf-8") as file:
            file.write(canonical(document) + "\n")
        return name

    def semctl(self, noun, document, *args):
        """The status of the other verifier."""
        return subprocess.run([SEMCTL, noun, "check", self.file(document), *args],
                              capture_output=True).returncode

    def run_it(self, module, document, *args):
        name = self.file(document)
        done = subprocess.run([sys.executable, "-B", "-m", module, name, *args], text=True,
                              capture_output=True, env={**os.environ, "PYTHONPATH": str(HERE)})
        return done.returncode

    def fork(self, small, large):
        """Heads of both logs, and the proof under the larger one."""
        leaves = self.other.leaves()[:large]
        hashes = [leaf_hash(leaf) for leaf in leaves]
        return {"about": "fork", "heads": [build.checkpoint(self.log, self.leaves[:small]),
                                           build.checkpoint(self.log, leaves)],
                "log_key": self.log.verifier_key(), "v": 1,
                "root": b64([tree_root(hashes[:small])])[0],
                "proof": b64(consistency(small, hashes))}

    def test_evidence_of_two_histories(self):
        first = self.log.index("update") + 1
        for small, large in ((first, first), (first, 45), (16, 50), (32, 33), (33, 50), (50, 50)):
            one = self.fork(small, large)
            self.assertIn(f"{small} and {large}", evidence.verify(one))
            self.assertEqual(self.run_it("sem_audit.evidence", one), 0, (small, large))
            self.assertEqual(self.semctl("evidence", one), 0, (small, large))

    def test_evidence_that_proves_nothing(self):
        good, first = self.fork(20, 45), self.log.index("update")
        stranger = Key(self.log.origin, "log", bytes(32), self.log.origin)
        bad = [self.fork(first, 45), self.fork(first, first), {**good, "proof": good["proof"][:-1]},
               {**good, "proof": good["proof"][::-1]}, {**good, "heads": good["heads"][::-1]},
               {**good, "heads": good["heads"][:1]}, {**good, "v": 2}, {**good, "more": 1},
               {**good, "proof": [*good["proof"], good["proof"][0]]}, [], {"about": "fork"},
               {**good, "root": self.fork(20, 20)["root"][::-1]}, {**good, "proof": [7]},
               {**good, "heads": [build.checkpoint(self.log, self.leaves[:20], stranger),
                                  good["heads"][1]]}]
        for one in bad:
            self.assertEqual(self.run_it("sem_audit.evidence", one), 7, one)
            self.assertEqual(self.semctl("evidence", one), 7, one)

    def test_evidence_of_a_refused_text_that_was_logged(self):
        index = self.log.index("direct")
        line = self.log.lines[index]
        text = entry_text(self.log.origin, line.fields)

        def made(size=index, key="refusal", leaves=self.leaves, **more):
            said = {"at": line.at, "author": line.fields["by"], "code": "limit_crossed",
                    "entry_hash": hashlib.sha256(text.encode()).hexdigest(), "expected": "",
                    "field": "", "found": "", "id": line.fields["id"], "number": 703,
                    "root": build.root_of(leaves[:size]), "rule": "", "size": size,
                    "valid_until": line.fields["valid_until"], **more}
            refuser = self.log.server["refusal"]
            return {"about": "refusal", "leaf": leaves[index].decode(), "v": 1,
                    "log_key": self.log.verifier_key(),
                    "receipt": receipt(self.log, self.leaves, index),
                    "refusal": note(f"{self.log.origin}/refusal/v1\n{canonical(said)}\n",
                                    [self.log.server[key]]),
                    "refusal_key": build.verifier_key(refuser)}

        for good in made(), made(size=3):
            self.assertEqual(self.run_it("sem_audit.evidence", good), 0)
            self.assertEqual(self.semctl("evidence", good), 0)
        for bad in (made(size=index + 1), made(key="clock"), made(entry_hash=mutations.NO_HASH),
                    {**made(), "leaf": self.leaves[index + 1].decode()}, {**made(), "v": 2}):
            self.assertEqual(self.run_it("sem_audit.evidence", bad), 7)
            self.assertEqual(self.semctl("evidence", bad), 7)

    def proof(self, index, seal="seal1"):
        """The balance proof of an account under a seal."""
        at = self.log.index(seal)
        replay = Replay(self.log.origin, Report())
        for leaf in self.leaves[:at]:
            replay.leaf(leaf)
        texts = list(balance.leaves(replay.state, at))
        hashes = [leaf_hash(text.encode()) for text in texts]
        return {"accounts": len(texts), "balance": texts[index], "index": index,
                "origin": self.log.origin, "path": b64(path(index, hashes)), "v": 1,
                "receipt": receipt(self.log, self.leaves, at), "seal": self.leaves[at].decode()}

    def test_balance_proofs(self):
        key = self.log.verifier_key()
        for index, handle in enumerate(("pool", "noyer", "tilleul", "orme", "lierre")):
            fields = balance.verify(self.proof(index), key)
            self.assertEqual((fields["org"], fields["size"]), (handle, 34))
        self.assertEqual(fields, {
            "given_pending": 0, "given_posted": 0, "moves": 45, "org": "lierre", "position": -30,
            "received_pending": 170, "received_posted": 75, "salt": fields["salt"], "size": 34})
        self.assertEqual(self.run_it("sem_audit.balance", self.proof(1), "--log-key", key), 0)
        self.assertEqual(self.semctl("position", self.proof(1), "--log-key", key), 0)

    def test_balance_proofs_that_prove_nothing(self):
        key, good = self.log.verifier_key(), self.proof(4)
        other = self.proof(4, "seal0")
        lie = copy.deepcopy(good)
        lie["balance"] = lie["balance"].replace('"position":-30', '"position":30')
        bad = [lie, {**good, "index": 3}, {**good, "accounts": 9},
               {**good, "path": good["path"][:-1]},
               {**good, "seal": other["seal"]}, {**good, "balance": other["balance"]},
               {**good, "receipt": other["receipt"]}, {**good, "v": 2}, {**good, "more": 1},
               {**good, "origin": "elsewhere"}, {**good, "path": 1}, 7]
        for one in bad:
            self.assertEqual(self.run_it("sem_audit.balance", one, "--log-key", key), 7, one)
            self.assertEqual(self.semctl("position", one, "--log-key", key), 7, one)


if __name__ == "__main__":
    unittest.main()
