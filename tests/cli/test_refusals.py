#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""semctl and what a ledger refuses for good: verified, kept, told (SPEC 10.2, 13.4)."""
import glob
import http.server
import json
import os
import re
import shutil
import threading
import unittest

import shell
from semclient import new_id, split_note, verify_note
from shell import CONFLICT, NOT_FOUND, OK, REFUSED, VERIFY


class Between(http.server.ThreadingHTTPServer):
    """Stands between semctl and the server: `before` runs when an entry is posted, `change` may
    change the answer to it, and `network` that of GET /v1/network."""

    def __init__(self, client):
        super().__init__(("127.0.0.1", 0), Handler)
        self.client = client
        self.before = self.change = self.network = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length) if length else None
        entry = self.command == "POST" and self.path.startswith("/v1/entries")
        if entry and self.server.before:
            self.server.before()
        kept = {name: self.headers[name] for name in ("Authorization", "Content-Type")
                if name in self.headers}
        answer = self.server.client.request(self.command, self.path, body, kept)
        data = answer.body
        if entry and self.server.change:
            data = json.dumps(self.server.change(answer.json)).encode()
        if self.path == "/v1/network" and self.server.network:
            data = json.dumps(self.server.network(answer.json)).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, *_):
        pass


class Refusals(shell.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found()
        cls.between = Between(cls.client)
        cls.addClassCleanup(cls.between.server_close)
        cls.addClassCleanup(cls.between.shutdown)
        network = cls.client.get("/v1/network").json
        cls.origin = network["origin"]
        cls.key = bytes.fromhex(network["keys"]["refusal_key"])

    def setUp(self):
        self.between.before = self.between.change = self.between.network = None
        self.shell.url = self.between.url
        self.addCleanup(setattr, self.shell, "url", self.server.url)
        for handle in shell.FOUNDERS:
            shutil.rmtree(self.shell.path(handle) + ".refusals", ignore_errors=True)

    def kept(self, handle):
        """The names of what is kept, without their endings; each is there twice."""
        files = sorted(os.path.basename(path) for path in
                       glob.glob(self.shell.path(handle) + ".refusals/*"))
        names = [name.removesuffix(".refusal") for name in files if name.endswith(".refusal")]
        self.assertEqual(files, sorted(name + end for name in names
                                       for end in (".refusal", ".entry")))
        return names

    def read(self, handle, name):
        with open(self.shell.path(handle) + ".refusals/" + name, encoding="utf-8") as file:
            return file.read()

    def need(self):
        return self.ref("orme", "need", "publish", "--title", "Statuts", "--minutes", "1h",
                        "--skill", "droit")

    def withdraw_behind(self, need):
        """Somebody else at orme withdraws it, between the preview and the signature."""
        line = {"sign": ["orme"], "entry": {"kind": "need.withdraw", "need": need}}

        def withdraw():
            self.between.before = None
            self.shell.url = self.server.url
            done = self.apply(line)
            assert done.returncode == OK, done.stderr
            self.shell.url = self.between.url

        self.between.before = withdraw

    def test_a_refusal_is_verified_and_kept(self):
        need = self.need()
        self.withdraw_behind(need)
        done = self.do("orme", "need", "withdraw", need, status=CONFLICT)
        self.assertIn("refused for good", done.stderr)
        self.assertEqual(done.stderr.count("for good"), 1)
        name, = self.kept("orme")
        self.assertRegex(name, r"^orme-[0-9a-f]{32}$")
        text = verify_note(self.read("orme", name + ".refusal"), self.origin + "/refusal", self.key)
        stated = json.loads(text.split("\n")[1])
        self.assertEqual(stated["code"], "already_closed")
        self.assertEqual(name, stated["author"] + "-" + stated["id"])
        entry, lines = split_note(self.read("orme", name + ".entry"))
        self.assertEqual(json.loads(entry.split("\n")[1])["need"], need)
        self.assertEqual([line[0] for line in lines], [self.origin + "/org/orme"])

    def test_who_completes_the_signatures_keeps_the_whole_note(self):
        """The preview of tilleul passes; then orme withdraws its side of the need."""
        need = self.need()
        ref = self.ref("orme", "agreement", "sign", "--from", "tilleul", "--minutes", "1h",
                       "--need", need, "--title", "Statuts")
        self.withdraw_behind(need)
        self.do("tilleul", "inbox", "sign", ref, status=CONFLICT)
        name, = self.kept("tilleul")
        self.assertEqual(name, ref.replace("/", "-"))
        _, lines = split_note(self.read("tilleul", name + ".entry"))
        self.assertEqual([line[0] for line in lines],
                         [self.origin + "/org/" + one for one in ("orme", "tilleul")])
        self.do("orme", "inbox", "show", ref, status=NOT_FOUND)

    def test_a_refusal_that_does_not_verify_is_7(self):
        def bend(problem):
            if "refusal" in problem:
                problem["refusal"] = problem["refusal"].replace('"number":603', '"number":602')
            return problem

        def swap(problem):
            return {**problem, "code": "not_yours"} if "refusal" in problem else problem

        for change, words in ((bend, "does not verify"), (swap, "another text or reason")):
            with self.subTest(words):
                self.between.change = None
                need = self.need()
                self.withdraw_behind(need)
                self.between.change = change
                done = self.do("orme", "need", "withdraw", need, status=VERIFY)
                self.assertIn(words, done.stderr)
                self.assertNotIn("refused for good, and", done.stderr)
        self.assertEqual(len(self.kept("orme")), 2, "what does not hold is kept as well")

    def test_the_key_of_refusals_is_the_one_of_the_first_use(self):
        """With another one a server could sign refusals that no audit knows."""
        def other(network):
            return {**network, "keys": {**network["keys"], "refusal_key": "5e" * 32}}

        self.do("orme", "org", "confirm")
        pin = self.shell.path("orme") + ".network.json"
        with open(pin, encoding="utf-8") as file:
            pinned = json.load(file)
        self.assertRegex(pinned["refusal_key"], "^" + re.escape(self.origin) + r"/refusal\+")
        self.between.network = other
        for args in (("org", "confirm"), ("receipt", "check"), ("need", "list")):
            self.assertIn("key", self.do("orme", *args, status=VERIFY).stderr)
        self.between.network = None
        key = pinned.pop("refusal_key")
        with open(pin, "w", encoding="utf-8") as file:      # as one that is older than this field
            json.dump(pinned, file)
        self.do("orme", "org", "confirm")
        with open(pin, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["refusal_key"], key)
        pinned["refusal_key"] = "nonsense"
        with open(pin, "w", encoding="utf-8") as file:
            json.dump(pinned, file)
        self.assertIn("damaged", self.do("orme", "org", "confirm", status=VERIFY).stderr)
        os.remove(pin)

    def test_a_file_of_entries_keeps_what_stops_it(self):
        need, number = self.need(), new_id()
        self.do("orme", "need", "withdraw", need)
        line = {"sign": ["orme"], "entry": {"kind": "need.withdraw", "need": need, "id": number}}
        done = self.shell.run("--key", self.shell.path("orme"), "apply", "-", "--keys",
                              self.shell.home, "--passphrase-file", self.shell.passphrase,
                              stdin=json.dumps(line) + "\n")
        self.check(done, REFUSED)
        self.assertIn("refused for good", done.stderr)
        self.assertEqual(self.kept("orme"), ["orme-" + number])
        self.check(self.apply(line), REFUSED)


class Forked(shell.Case):
    """Two servers with the same keys go different ways."""

    def test_a_log_that_is_not_the_one_we_saw_is_7(self):
        self.found()
        self.assertEqual(self.server.stop(), OK)
        other = os.path.join(self.started.folder(), "net")
        shutil.copytree(self.folder, other)
        servers = [self.started.serve(folder) for folder in (self.folder, other)]
        self.shell.url = servers[0].url
        self.do("orme", "org", "confirm")
        self.shell.url = servers[1].url
        for _ in range(3):
            line = {"sign": ["noyer"], "entry": {"kind": "org.confirm"}}
            self.check(self.apply(line))
        done = self.do("orme", "org", "confirm", status=VERIFY)
        self.assertIn("seen_mismatch", done.stderr)
        self.assertIn("not the log we saw", done.stderr)
        self.signed_by_the_other(servers[0])

    def signed_by_the_other(self, first):
        """The same as a signed refusal, which is kept."""
        head = first.client().get("/v1/checkpoint").json
        line = {"sign": ["orme"], "entry": {"kind": "org.confirm", "seen": {
            "root": head["root"], "size": head["size"]}}}
        done = self.shell.run("--key", self.shell.path("orme"), "apply", "-", "--keys",
                              self.shell.home, "--passphrase-file", self.shell.passphrase,
                              stdin=json.dumps(line) + "\n")
        self.check(done, VERIFY)
        self.assertIn("not the log we saw", done.stderr)
        kept = glob.glob(self.shell.path("orme") + ".refusals/orme-*.refusal")
        self.assertEqual(len(kept), 1)


if __name__ == "__main__":
    unittest.main()
