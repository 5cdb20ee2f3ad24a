#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Exporting and auditing a log: files against the server, damaged files, servers that lie, resume
points, and a log that somebody else made (SPEC 13.4, 17)."""
import base64
import concurrent.futures
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import unittest

import shell
import nacl.signing
from fixtures import Started
from semclient import DAY_MS, checkpoint_head, key_id, leaf_hash, now_ms
from shell import NOT_FOUND, OK, PASSPHRASE, USAGE, VERIFY

AUDITOR = pathlib.Path(__file__).resolve().parents[1] / "auditor"
VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
SIZE = 300
ALWAYS = ["time_truth", "omission", "forks", "details", "idle_ticks"]


def read(*parts):
    with open(os.path.join(*parts), "rb") as file:
        return file.read()


def write(data, *parts):
    os.makedirs(os.path.dirname(os.path.join(*parts)), exist_ok=True)
    with open(os.path.join(*parts), "wb") as file:
        file.write(data)


def flip(path, place=20):
    data = bytearray(read(path))
    data[place] ^= 1
    write(bytes(data), path)


def files(folder):
    found = {}
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def second_opinion(folder, *args):
    """The bytes that the auditor in tests/auditor says of a folder."""
    done = subprocess.run([sys.executable, "-B", "-m", "sem_audit", folder, "--json", *args],
                          env={**os.environ, "PYTHONPATH": str(AUDITOR)}, capture_output=True,
                          text=True, check=False)
    assert done.returncode in (OK, VERIFY), done.stderr
    return done.stdout


def codes(report):
    return [one["code"] for one in report["findings"]]


def unchecked(report):
    return [one["check"] for one in report["checks_not_made"]]


class Case(unittest.TestCase):
    """A log of more than one tile, which anybody may read, and a shell without a key in it."""

    @classmethod
    def setUpClass(cls):
        cls.started = Started(cls.addClassCleanup)
        cls.net = cls.started.network()
        cls.grow(SIZE - 1)
        cls.shell = shell.Shell(cls.started.folder(), cls.net.server.url)
        cls.vkey = cls.net.client.get("/v1/network").json["keys"]["log_verifier"]

    @classmethod
    def grow(cls, n):
        with concurrent.futures.ThreadPoolExecutor(8) as senders:
            list(senders.map(lambda _: cls.net.add("org.confirm", "orme"), range(n)))

    def setUp(self):
        temporary = Started(self.addCleanup)
        self.folder = os.path.join(temporary.folder(), "copy")

    def run_it(self, *args, status=OK):
        done = self.shell.run(*args)
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def export(self, *args, status=OK):
        return self.run_it("log", "export", self.folder, *args, status=status)

    def audit(self, *args, status=OK):
        return json.loads(self.run_it("--json", "audit", *args, status=status).stdout)

    def audit_twice(self, *args, status=OK):
        """An audit of the folder, in which both auditors say the same to the byte."""
        done = self.run_it("--json", "audit", self.folder, *args, status=status)
        self.assertEqual(done.stdout, second_opinion(self.folder, *args))
        return json.loads(done.stdout)

    def path(self, name):
        return os.path.join(self.folder, name)


class Export(Case):
    def test_an_export_has_the_files_of_the_server(self):
        self.export()
        found = files(self.folder)
        self.assertEqual(sorted(found), [
            "checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000",
            "tile/entries/001.p/44"])
        for name, data in found.items():
            self.assertEqual(data, self.net.client.get("/log/" + name).body, name)

    def test_nothing_is_fetched_twice_and_what_was_damaged_comes_again(self):
        self.export()
        whole = files(self.folder)
        self.assertIn("0 files are new", self.export().stderr)
        for name in ("tile/0/000", "tile/entries/001.p/44", "tile/1/000.p/1"):
            with self.subTest(name):
                flip(self.path(name))
                self.assertIn("1 files are new", self.export().stderr)
                self.assertEqual(files(self.folder), whole)
        os.unlink(self.path("tile/entries/000"))
        self.assertIn("1 files are new", self.export().stderr)
        self.assertEqual(files(self.folder), whole)

    def test_a_checkpoint_of_another_log_is_left_alone(self):
        self.export()
        bad = read(self.path("checkpoint")).replace(b"\n300\n", b"\n299\n")
        write(bad, self.path("checkpoint"))
        before = files(self.folder)
        self.assertIn("is not of this log", self.export(status=VERIFY).stderr)
        self.assertEqual(files(self.folder), before)

    def test_the_key_that_is_known_must_be_the_log_s(self):
        self.export("--log-key", self.vkey)
        other = self.started.network().client.get("/v1/network").json["keys"]["log_verifier"]
        self.export("--log-key", other, status=VERIFY)
        self.export("--log-key", "x", status=USAGE)

    def test_the_checkpoint_alone(self):
        note = self.run_it("log", "checkpoint").stdout
        self.assertEqual(note, self.net.client.get("/log/checkpoint").body.decode())
        told = json.loads(self.run_it("--json", "log", "checkpoint").stdout)
        self.assertEqual((told["size"], told["note"]), (SIZE, note))


class Growing(Case):
    def test_an_export_goes_on_and_drops_partial_tiles_of_before(self):
        self.export()
        self.grow(300)
        self.export()
        self.assertEqual(sorted(files(self.folder)), [
            "checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2",
            "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"])
        self.assertEqual(self.audit(self.folder, "--log-key", self.vkey)["size"], 600)


class Audits(Case):
    def test_a_folder_and_its_server_give_the_same_report(self):
        self.export()
        told = [self.run_it("--json", "audit", *args, "--log-key", self.vkey).stdout
                for args in ([self.folder], [], ["--threads", "1"], ["--threads", "3"])]
        self.assertEqual(len(set(told)), 1)
        self.assertEqual(told[0], second_opinion(self.folder, "--log-key", self.vkey))
        report = json.loads(told[0])
        self.assertEqual((report["findings"], report["consequences"]), ([], []))
        self.assertEqual((report["size"], report["entries"], report["demo"]), (SIZE, SIZE, False))
        self.assertEqual(unchecked(report), ALWAYS)
        head = checkpoint_head(read(self.path("checkpoint")).decode(), self.net.origin,
                               self.net.log_public)
        self.assertEqual((report["size"], report["root"]), (head[0], head[1].hex()))
        self.assertEqual(sorted(report), [
            "checks_not_made", "closings", "consequences", "demo", "entries", "findings", "origin",
            "pool", "positions", "root", "signatures", "size", "totals"])
        self.assertEqual(told[0], json.dumps(report, ensure_ascii=False, indent=1,
                                             sort_keys=True) + "\n")

    def test_a_list_of_leaves_is_as_good(self):
        leaves = [one["leaf"] for one in self.net.client.pages("/v1/entries?limit=200")]
        lines = "".join(json.dumps(leaf) + "\n" for leaf in leaves)
        write(lines.encode(), self.path("leaves.jsonl"))
        write(self.net.client.get("/log/checkpoint").body, self.path("checkpoint"))
        report = self.audit_twice()
        self.assertEqual(unchecked(report), ALWAYS + ["log_key", "tiles"])
        self.assertEqual((report["findings"], report["entries"]), ([], SIZE))
        write("".join(lines.splitlines(True)[:-1]).encode(), self.path("leaves.jsonl"))
        report = self.audit_twice(status=VERIFY)
        finding, = report["findings"]
        self.assertEqual((finding["code"], finding["expected"], finding["found"]),
                         ("size_mismatch", "300", "299"))
        write((lines + "{}\n").encode(), self.path("leaves.jsonl"))
        self.assertEqual(codes(self.audit_twice(status=VERIFY)), ["bundle_malformed"])

    def test_damage_is_found_and_named(self):
        self.export()
        cases = [("tile/0/000", "tile_mismatch"), ("tile/1/000.p/1", "tile_mismatch"),
                 ("tile/0/001.p/44", "tile_missing"), ("tile/entries/000", "bundle_missing")]
        for name, code in cases:
            with self.subTest(name):
                whole = read(self.path(name))
                if code.endswith("missing"):
                    os.unlink(self.path(name))
                else:
                    flip(self.path(name), 5)
                report = self.audit_twice(status=VERIFY)
                finding, = report["findings"]
                self.assertEqual((finding["code"], finding["field"]), (code, name))
                self.assertEqual("root" in unchecked(report), code == "bundle_missing")
                write(whole, self.path(name))
        name = "tile/entries/001.p/44"
        write(read(self.path(name)) + b"\0", self.path(name))
        self.assertEqual(codes(self.audit_twice(status=VERIFY)), ["bundle_malformed"])

    def test_what_is_no_file_is_not_there(self):
        """A pipe without a writer would otherwise be waited for without end."""
        self.export()
        cases = [("tile/0/000", "tile_missing"), ("tile/entries/000", "bundle_missing")]
        for name, code in cases:
            with self.subTest(name):
                whole = read(self.path(name))
                for make in os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/null", path):
                    os.unlink(self.path(name))
                    make(self.path(name))
                    self.assertEqual(codes(self.audit_twice(status=VERIFY)), [code])
                    (os.rmdir if make is os.mkdir else os.unlink)(self.path(name))
                    write(whole, self.path(name))
        os.unlink(self.path("checkpoint"))
        os.mkfifo(self.path("checkpoint"))
        self.run_it("audit", self.folder, status=NOT_FOUND)
        shutil.rmtree(self.path("tile"))
        os.unlink(self.path("checkpoint"))
        write(self.net.client.get("/log/checkpoint").body, self.path("checkpoint"))
        os.mkfifo(self.path("leaves.jsonl"))
        self.run_it("audit", self.folder, status=NOT_FOUND)

    def test_lines_that_are_no_json_strings(self):
        leaves = [one["leaf"] for one in self.net.client.pages("/v1/entries?limit=200")]
        lines = [json.dumps(leaf, ensure_ascii=False).encode() for leaf in leaves]
        write(self.net.client.get("/log/checkpoint").body, self.path("checkpoint"))
        end = lines[5][:-1]
        for bent in (end + b'\\ud800"', end + b'\xff"', end + b'\xed\xa0\x80"', end + b'\t"', end,
                     b"[" * 5000, b"7", b"", lines[5] + b"\r" + lines[5]):
            with self.subTest(bent[-20:]):
                write(b"\n".join([*lines[:5], bent, *lines[6:]]) + b"\n", self.path("leaves.jsonl"))
                self.assertEqual(codes(self.audit_twice(status=VERIFY)), ["bundle_malformed"])

    def test_an_entry_that_was_changed_is_found_in_words(self):
        self.export()
        name = self.path("tile/entries/000")
        data = read(name)
        place = data.rindex(b"\xe2\x80\x94 ", 0, 4000) + 60
        write(data[:place] + (b"A" if data[place:place + 1] != b"A" else b"B")
              + data[place + 1:], name)
        report = self.audit_twice(status=VERIFY)
        self.assertEqual(codes(report)[1:], ["root_mismatch", "tile_mismatch", "tile_mismatch"])
        done = self.run_it("audit", self.folder, status=VERIFY)
        self.assertIn("4 findings. The log does not hold.", done.stdout.splitlines()[0])
        self.assertIn("Not checked:", done.stdout)
        self.assertNotIn("debt", done.stdout)

    def test_a_checkpoint_that_is_none(self):
        self.export()
        write(b"hello\n", self.path("checkpoint"))
        report = self.audit_twice("--log-key", self.vkey, status=VERIFY)
        self.assertEqual((codes(report), report["size"]), (["checkpoint_malformed"], 0))
        self.assertEqual(unchecked(report), ALWAYS + ["entries"])
        self.run_it("audit", self.folder + "/nowhere", status=NOT_FOUND)

    def test_a_checkpoint_that_another_key_signed(self):
        self.export()
        other = self.started.network().client.get("/v1/network").json["keys"]["log_verifier"]
        report = self.audit_twice("--log-key", other, status=VERIFY)
        self.assertEqual(codes(report), ["network_keys", "checkpoint_signature"])

    def test_a_folder_without_a_checkpoint_is_no_log(self):
        self.export()
        os.unlink(self.path("checkpoint"))
        self.run_it("audit", self.folder, status=NOT_FOUND)

    def test_what_can_be_left_out_is_said(self):
        report = self.audit("--waive", "expired")
        self.assertEqual(report["checks_not_made"][-1],
                         {"check": "waived", "why": "expired: left out on request"})
        for code in ("ref_unknown", "note_malformed", "nothing"):
            self.run_it("audit", "--waive", code, status=USAGE)


class Witnessed(Case):
    """A checkpoint that a witness cosigned (C2SP tlog-cosignature): who knows it has no doubt of
    another head."""
    NAME = "witness.example.org/w"

    def verifier(self, seed, kind=4):
        public = bytes(nacl.signing.SigningKey(seed).verify_key)
        blob = base64.b64encode(bytes([kind]) + public).decode()
        return f"{self.NAME}+{key_id(self.NAME, public, kind).hex()}+{blob}"

    def cosign(self, seed, bend=bytes, when=1_770_000_000):
        key = nacl.signing.SigningKey(seed)
        note = read(self.path("checkpoint")).decode()
        text = note.partition("\n\n")[0] + "\n"
        signature = key.sign(f"cosignature/v1\ntime {when}\n{text}".encode()).signature
        blob = (key_id(self.NAME, bytes(key.verify_key), 4) + when.to_bytes(8, "big")
                + bend(signature))
        line = f"\u2014 {self.NAME} {base64.b64encode(blob).decode()}\n"
        write((note + line).encode(), self.path("checkpoint"))

    def seen(self, *witnesses):
        args = [arg for one in witnesses for arg in ("--witness", one)]
        report = self.audit_twice("--log-key", self.vkey, *args)
        self.assertEqual(report["findings"], [])
        return "forks" not in unchecked(report)

    def test_only_a_witness_that_was_named_speaks_against_forks(self):
        one, two = bytes([1]) * 32, bytes([2]) * 32
        self.export()
        self.assertFalse(self.seen(self.verifier(one)))
        self.cosign(one, bend=lambda signature: signature[::-1])
        self.assertFalse(self.seen(self.verifier(one)))
        self.cosign(one)
        self.assertTrue(self.seen(self.verifier(one)))
        self.assertTrue(self.seen(self.verifier(two), self.verifier(one)))
        self.assertFalse(self.seen(self.verifier(two)))
        self.assertFalse(self.seen())

    def test_a_key_that_is_not_of_a_witness_is_refused(self):
        for key in "x", self.vkey, self.verifier(bytes(32), 1):
            self.run_it("audit", "--witness", key, status=USAGE)


class Held(Case):
    """Receipts and heads beside the log: what both auditors say of each."""

    def setUp(self):
        super().setUp()
        self.export()
        self.held = os.path.join(os.path.dirname(self.folder), "held")
        for index in (0, 7, SIZE - 1):
            entry = self.net.client.get(f"/v1/entries/{index}").json
            self.hold(f"{index}.tlog-proof", entry["receipt"])
            self.hold(f"{index}.leaf", entry["leaf"])
        self.hold("now.checkpoint", self.net.client.get("/log/checkpoint").body.decode())

    def hold(self, name, text):
        write(text.encode(), self.held, name)

    def found(self, status=VERIFY):
        report = self.audit_twice("--held", self.held, status=status)
        return [(one["code"], one["field"]) for one in report["findings"]], unchecked(report)

    def test_what_agrees_shows_that_nothing_was_left_out(self):
        findings, not_made = self.found(OK)
        self.assertEqual(findings, [])
        self.assertEqual(not_made, [one for one in ALWAYS if one != "omission"] + ["log_key"])

    def test_what_is_bent_or_lacks_its_leaf_is_no_receipt(self):
        flip(os.path.join(self.held, "7.leaf"))
        os.unlink(os.path.join(self.held, "0.leaf"))
        flip(os.path.join(self.held, "now.checkpoint"), 30)
        self.hold("x.checkpoint", "hello\n")
        self.hold("y.refusal", "hello\n")
        self.assertEqual(self.found()[0], [
            ("receipt_malformed", "0.tlog-proof"), ("receipt_malformed", "7.tlog-proof"),
            ("receipt_malformed", "now.checkpoint"), ("receipt_malformed", "x.checkpoint"),
            ("refusal_malformed", "y.refusal")])

    def test_what_is_newer_than_the_checkpoint_is_counted(self):
        older = Started(self.addCleanup).folder()
        self.net.add("org.confirm", "orme")
        self.hold("newer.checkpoint", self.net.client.get("/log/checkpoint").body.decode())
        report = self.audit_twice("--held", self.held, "--held", older)
        self.assertEqual(report["findings"], [])
        self.assertIn({"check": "held_newer", "why": "1 things held are newer than the checkpoint"},
                      report["checks_not_made"])


class Resume(Case):
    def test_a_continued_audit_says_what_a_fresh_one_says(self):
        key = self.shell.path("auditor")
        self.shell.new_key("auditor")
        point = os.path.join(self.shell.home, "point")
        given = ["--key", key, "--passphrase-file", self.shell.passphrase, "--json", "audit",
                 "--log-key", self.vkey]
        self.run_it(*given, "--save", point)
        self.assertTrue(read(point).startswith(
            f'{self.net.origin}/resume/v1\n{{"root":"'.encode()))
        self.grow(260)
        self.net.admit("lierre", sponsors=["noyer", "tilleul"])
        self.net.hours("noyer", "orme", 60)
        fresh = self.audit("--log-key", self.vkey)
        self.assertGreater(fresh["size"], SIZE + 260)
        for threads in "1", "2":
            report = json.loads(self.run_it(*given, "--since", point, "--threads", threads).stdout)
            self.assertEqual(report.pop("since"), SIZE)
            self.assertEqual(report, fresh)
        self.refused(given, point)

    def refused(self, given, point):
        """Another signer, a changed state, a changed head: all are told apart from ours."""
        whole = read(point)
        for place in (len(whole) - 3, whole.index(b'"size":') + 7):
            write(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:], point)
            self.run_it(*given, "--since", point, status=VERIFY)
        write(whole, point)
        self.shell.new_key("stranger")
        stranger = [self.shell.path("stranger") if arg.endswith("auditor.semkey") else arg
                    for arg in given]
        self.run_it(*stranger, "--since", point, status=VERIFY)
        self.run_it("audit", "--since", point, status=USAGE)
        wrong = self.shell.write("wrong", "another passphrase\n")
        self.run_it("--key", self.shell.path("auditor"), "--passphrase-file", wrong, "audit",
                    "--save", point, status=PASSPHRASE)


class Members(shell.Case):
    """A log that only members read: bundles take a session, and what the key holds is checked."""

    def test_a_member_audits_with_a_session_and_its_receipts(self):
        self.found()
        self.do("orme", "org", "confirm")
        self.check(self.shell.run("--json", "audit"), shell.KEY)
        report, = [json.loads(self.do("orme", "--json", "audit").stdout)]
        self.assertEqual(unchecked(report), [one for one in ALWAYS if one != "omission"])
        self.assertEqual(report["findings"], [])
        self.assertIn("All holds: 1 receipt, 1 head and 0 refusals",
                      self.do("orme", "receipt", "check").stdout)
        self.refusals()

    def refusals(self):
        """A text refused for good is not in the log, and the rules refuse it there again."""
        line = {"sign": ["orme"], "entry": {
            "kind": "offer.publish", "details": "00" * 32, "expires": now_ms() + 9 * DAY_MS,
            "providers": ["orme"], "public": False, "skill": "jardinage", "type": "skill"}}
        self.check(self.apply(line, args=["--key", self.shell.path("orme")]), shell.REFUSED)
        folder = self.shell.path("orme") + ".refusals"
        note, = [one for one in os.listdir(folder) if one.endswith(".refusal")]
        self.assertIn("1 refusal ", self.do("orme", "receipt", "check").stdout)
        report = json.loads(self.do("orme", "--json", "audit").stdout)
        self.assertEqual(report["findings"], [])
        flip(os.path.join(folder, note), 150)
        self.assertEqual(codes(json.loads(self.do("orme", "--json", "audit", status=VERIFY).stdout)),
                         ["refusal_malformed"])
        done = self.do("orme", "--json", "receipt", "check", status=VERIFY)
        self.assertEqual(codes(json.loads(done.stdout)), ["refusal_malformed"])


class Liar(http.server.BaseHTTPRequestHandler):
    """Serves a dictionary, `server.says`; the first `server.busy` times each path is 503."""

    def do_GET(self):
        body = self.server.says.get(self.path)
        asked = self.server.asked[self.path] = self.server.asked.get(self.path, 0) + 1
        busy = asked <= self.server.busy and self.path.startswith("/log/tile")
        body = b"{}" if busy else body
        self.send_response(503 if busy else 200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        try:
            self.wfile.write(body or b"")
        except ConnectionError:
            pass

    def log_message(self, *_):
        pass


class Liars(Case):
    """A server may say anything; what is not under the signed root is not written."""

    def setUp(self):
        super().setUp()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        names = ["/v1/network", "/log/checkpoint"]
        names += ["/log/tile/" + one for one in (
            "0/000", "0/001.p/44", "1/000.p/1", "entries/000", "entries/001.p/44")]
        server.says = {name: self.net.client.get(name).body for name in names}
        server.asked, server.busy = {}, 0
        self.server, self.url = server, f"http://127.0.0.1:{server.server_port}"

    def lied(self, name, data, *args):
        truth, self.server.says[name] = self.server.says[name], data
        done = self.run_it("--url", self.url, "log", "export", self.folder, *args, status=VERIFY)
        self.server.says[name] = truth
        self.assertFalse(os.path.exists(self.path("checkpoint")))
        self.assertFalse(os.path.exists(self.path(name[len("/log/"):])), name)
        return done

    def test_a_bent_answer_is_never_written(self):
        for name, data in list(self.server.says.items()):
            if name.startswith("/log/tile"):
                with self.subTest(name):
                    self.lied(name, data[:40] + bytes([data[40] ^ 1]) + data[41:]
                              if len(data) > 40 else bytes(32))
                    self.lied(name, data[:-1])
                    self.lied(name, None)
                    shutil.rmtree(self.folder, ignore_errors=True)

    def test_an_answer_without_end_is_cut_off(self):
        done = self.lied("/log/tile/entries/000", bytes(18_000_000))
        self.assertIn("tile/entries/000", done.stderr)
        shutil.rmtree(self.folder)
        self.lied("/log/tile/0/000", bytes(1_000_000))

    def test_a_server_that_is_busy_is_asked_again(self):
        self.server.busy = 2
        self.run_it("--url", self.url, "log", "export", self.folder)
        self.assertEqual(len(files(self.folder)), 6)

    def test_the_truth_is_written(self):
        self.run_it("--url", self.url, "log", "export", self.folder)
        self.assertEqual(len(files(self.folder)), 6)


class OtherMaker(unittest.TestCase):
    """A log made and signed by another implementation: our reader finds the same tree."""

    @classmethod
    def setUpClass(cls):
        cls.started = Started(cls.addClassCleanup)
        cls.shell = shell.Shell(cls.started.folder(), "unix:/nowhere")
        cls.rows = [line.split(" ") for line in
                    (VECTORS / "tlog-testdata.txt").read_text().splitlines()
                    if not line.startswith("#")]
        cls.leaves = [word.encode() for word in cls.row("leaves")]
        cls.vkey, = cls.row("vkey")
        cls.roots = {int(row[1]): base64.b64decode(row[2]).hex() for row in cls.rows
                     if row[0] == "root"}

    @classmethod
    def row(cls, name):
        return next(row[1:] for row in cls.rows if row[0] == name)

    def bundle(self, size):
        return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in self.leaves[:size])

    def audit(self, size, signature):
        folder = self.started.folder()
        root = base64.b64encode(bytes.fromhex(self.roots[size])).decode()
        name = self.vkey.split("+")[0]
        write(f"{name}\n{size}\n{root}\n\n— {name} {signature}\n".encode(), folder, "checkpoint")
        write(self.bundle(size), folder, f"tile/entries/000.p/{size}")
        write(b"".join(map(leaf_hash, self.leaves[:size])), folder, f"tile/0/000.p/{size}")
        done = self.shell.run("--json", "audit", folder, "--log-key", self.vkey)
        self.assertEqual(done.returncode, VERIFY, done.stderr)
        return json.loads(done.stdout)

    def test_bundle_roots_and_signature(self):
        size, told = self.row("bundle")
        self.assertEqual(self.bundle(int(size)).hex(), told)
        size, signature = self.row("signature")
        for n, root in self.roots.items():
            with self.subTest(n):
                report = self.audit(n, signature)
                self.assertEqual((report["size"], report["root"]), (n, root))
                # Its leaves are no entries; beyond that only the head of size 15 is signed.
                self.assertEqual(codes(report), ["leaf_malformed"] if n == int(size) else
                                 ["leaf_malformed", "checkpoint_signature"])


if __name__ == "__main__":
    unittest.main()
