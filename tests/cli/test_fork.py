#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup is restored and goes on: what members hold shows the second history, with evidence that
convinces without a server (SPEC 13.4, 14.4, 17.6)."""
import base64
import json
import os
import shutil
import unittest

import shell
from semclient import canonical
from shell import NOT_FOUND, OK, VERIFY
from test_audit import second_opinion

NOBODY = "unix:/nowhere"


class Fork(shell.Case):
    """`server` is the original, `other` its backup, on which a neighbour with a key of orme that
    remembers nothing has gone on."""

    def setUp(self):
        self.found()
        self.do("tilleul", "org", "confirm")
        self.assertEqual(self.server.stop(), 0)
        backup = os.path.join(self.started.folder(), "net")
        shutil.copytree(self.folder, backup)
        type(self).server = self.started.serve(self.folder)
        self.shell.url = self.server.url
        self.neighbour = shell.Shell(self.started.folder(), "")
        shutil.copy(self.shell.path("orme"), self.neighbour.path("orme"))
        for _ in range(3):
            self.do("tilleul", "org", "confirm")
        self.data("tilleul", "receipt", "check")
        self.other = self.started.serve(backup)
        self.neighbour.url = self.other.url

    def go_on(self, times):
        for _ in range(times):
            self.check(self.neighbour.signed("orme", "org", "confirm"))

    def at(self, url, *args, status=OK):
        return self.check(self.shell.run("--url", url, *args), status)

    def receipt_check(self, url, status, *args):
        """The key remembers the head; nobody has to unlock it."""
        return self.at(url, "--key", self.shell.path("tilleul"), "--no-input", "--json", "receipt",
                       "check", *args, status=status)

    def evidence(self):
        found = [one for one in os.listdir(self.shell.home) if ".fork-" in one]
        self.assertEqual(len(found), 1, found)
        return os.path.join(self.shell.home, found[0])

    def test_what_we_hold_shows_the_second_history(self):
        self.assertEqual(json.loads(self.receipt_check(self.server.url, OK).stdout)["findings"], [])
        self.shorter()
        self.go_on(2)
        self.same_size()
        self.go_on(6)
        found = json.loads(self.receipt_check(self.other.url, VERIFY).stdout)
        kinds = {one["code"] for one in found["findings"]}
        self.assertEqual(kinds, {"head_fork", "receipt_leaf"})
        self.assertIn("tilleul.semkey.network.json", {one["file"] for one in found["findings"]})
        self.convinces(self.evidence())
        self.is_refused(self.evidence())
        self.audit_finds_it()
        self.posting_shows_it()
        self.seen_shows_it()

    def shorter(self):
        """The backup has not grown yet: that proves nothing, and is said."""
        found = json.loads(self.receipt_check(self.other.url, VERIFY).stdout)
        self.assertEqual({one["code"] for one in found["findings"]}, {"head_newer"})
        self.assertIn("shorter than what we hold", found["findings"][0]["text"])
        self.assertFalse([one for one in os.listdir(self.shell.home) if ".fork-" in one])

    def same_size(self):
        """Four entries behind the founding on both sides, not the same ones; one receipt, which
        has its leaf beside it, is enough."""
        self.go_on(1)
        path = os.path.join(self.shell.home, "same.json")
        newest = os.path.join(self.shell.path("tilleul") + ".receipts", "4.tlog-proof")
        self.receipt_check(self.other.url, VERIFY, newest, "--evidence", path)
        with open(path, encoding="utf-8") as file:
            evidence = json.load(file)
        self.assertEqual(evidence["proof"], [])
        self.at(NOBODY, "evidence", "check", path)

    def convinces(self, path):
        told = self.at(NOBODY, "evidence", "check", path).stdout
        self.assertIn("signed two histories", told)
        verifier = self.client_keys()["log_verifier"]
        self.assertIn(verifier, told)
        self.at(NOBODY, "evidence", "check", path, "--log-key", verifier)
        self.at(NOBODY, "--key", self.shell.path("tilleul"), "evidence", "check", path)
        told = json.loads(self.at(NOBODY, "--json", "evidence", "check", path).stdout)
        self.assertEqual((told["about"], told["log_key"]), ("fork", verifier))

    def client_keys(self):
        return self.other.client().get("/v1/network").json["keys"]

    def is_refused(self, path):
        """Whatever is changed in evidence, it proves nothing any more."""
        with open(path, encoding="utf-8") as file:
            good = json.load(file)
        old, new = good["heads"]
        bent = base64.b64encode(bytes(32)).decode()
        extended = self.extended()
        for name, bad in (
                ("heads swapped", {**good, "heads": [new, old]}),
                ("one head twice", {**good, "heads": [new, new], "proof": []}),
                ("one history", extended),
                ("another root", {**good, "root": bent}),
                ("the root that was signed", {**good, "root": old.split("\n")[2]}),
                ("a hash bent", {**good, "proof": [bent, *good["proof"][1:]]}),
                ("a hash too many", {**good, "proof": [*good["proof"], bent]}),
                ("a hash short", {**good, "proof": good["proof"][:-1]}),
                ("a head bent", {**good, "heads": [old.replace("\n", "\n1", 1), new]}),
                ("another key", {**good, "log_key": good["log_key"].replace("+A", "+B")}),
                ("another version", {**good, "v": 2}), ("more", {**good, "more": 1}),
                ("another matter", {**good, "about": "spoon"}), ("a list", [good]),
                ("less", {key: value for key, value in good.items() if key != "proof"})):
            with self.subTest(name):
                file = self.shell.write("bad.json", json.dumps(bad))
                done = self.at(NOBODY, "evidence", "check", file, status=VERIFY)
                self.assertIn("proves nothing", done.stderr)
                self.assertEqual(done.stdout, "")
        self.at(NOBODY, "evidence", "check", self.shell.write("bad.json", canonical(good)))
        self.at(NOBODY, "evidence", "check", path + ".gone", status=NOT_FOUND)
        stranger = self.started.serve(self.started.init()).client().get("/v1/network").json
        self.at(NOBODY, "evidence", "check", path, "--log-key", stranger["keys"]["log_verifier"],
                status=VERIFY)

    def extended(self):
        """Two heads of one history, in the form of evidence."""
        client = self.other.client()
        small = self.neighbour_head()
        self.go_on(1)
        big = client.get("/v1/checkpoint").json
        proof = client.get(f"/v1/consistency?from={small['size']}&to={big['size']}").json
        root = base64.b64encode(bytes.fromhex(proof["root_from"])).decode()
        return {"about": "fork", "heads": [small["note"], big["note"]], "root": root, "v": 1,
                "log_key": self.client_keys()["log_verifier"], "proof": proof["proof"]}

    def neighbour_head(self):
        return self.other.client().get("/v1/checkpoint").json

    def audit_finds_it(self):
        """The second history is sound in itself: only what we hold tells."""
        path = os.path.join(self.shell.home, "audit.json")
        clean = self.check(self.neighbour.signed("orme", "--json", "audit"))
        self.assertEqual(json.loads(clean.stdout)["findings"], [])
        held = self.shell.path("tilleul") + ".receipts"
        done = self.check(self.neighbour.signed("orme", "--json", "audit", "--held", held,
                                                "--evidence", path), VERIFY)
        found = {one["code"] for one in json.loads(done.stdout)["findings"]}
        self.assertLessEqual(found, {"head_fork", "receipt_leaf"})
        self.assertTrue(found)
        self.at(NOBODY, "evidence", "check", path)
        folder = os.path.join(self.neighbour.home, "copy")
        self.check(self.neighbour.signed("orme", "log", "export", folder))
        os.unlink(path)
        again = self.at(NOBODY, "--json", "audit", folder, "--log-key",
                        self.client_keys()["log_verifier"], "--held", held, "--evidence", path,
                        status=VERIFY)
        self.assertEqual(json.loads(again.stdout)["findings"], json.loads(done.stdout)["findings"])
        self.assertEqual(again.stdout, second_opinion(
            folder, "--log-key", self.client_keys()["log_verifier"], "--held", held))
        self.at(NOBODY, "evidence", "check", path)
        words = self.at(NOBODY, "--key", self.shell.path("tilleul"), "audit", folder,
                        status=VERIFY).stdout
        self.assertIn("tilleul.semkey.network.json: the log's key signed another history", words)

    def posting_shows_it(self):
        """A key that asks for an entry takes no head that does not extend the one it remembers."""
        os.unlink(self.evidence())
        pinned = self.pinned()
        done = self.check(self.shell.signed("tilleul", "--url", self.other.url, "entry", "show",
                                            self.first_entry()), VERIFY)
        self.assertIn("does not extend", done.stderr)
        self.assertEqual(self.pinned(), pinned)
        self.at(NOBODY, "evidence", "check", self.evidence())

    def first_entry(self):
        return self.data("tilleul", "entries", "list")[0]["ref"]

    def pinned(self):
        with open(self.shell.path("tilleul") + ".network.json", encoding="utf-8") as file:
            return json.load(file)["checkpoint"]

    def seen_shows_it(self):
        """What tilleul signs names the head that it saw, which this log never had."""
        size = self.neighbour_head()["size"]
        done = self.check(self.shell.signed("tilleul", "--url", self.other.url, "org", "confirm"),
                          VERIFY)
        self.assertIn("seen_mismatch", done.stderr)
        self.assertIn("not the log we saw", done.stderr)
        self.assertEqual(self.neighbour_head()["size"], size)


if __name__ == "__main__":
    unittest.main()
