#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The auditor against logs that the server wrote: same figures, and the same words for the same
faults. SEMD and SEMCTL name the programs."""
import base64
import glob
import json
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import build  # noqa: E402
import history  # noqa: E402
import mutations  # noqa: E402
import semclient  # noqa: E402
from fixtures import SEMCTL, SEMD, Started  # noqa: E402
from sem_audit.audit import audit  # noqa: E402
from sem_audit.kinds import CLOCK_KINDS  # noqa: E402

GENERATE = HERE.parents[1] / "deploy/demo/generate.py"
YEAR_BEFORE = history.START - 365 * build.DAY_MS    # behind us, whatever the date
COUNTERS = ("given_posted", "received_posted", "given_pending", "received_pending", "moves",
            "position", "given_exchanges", "received_exchanges", "state")


def fetch(client, folder):
    """Leaves and checkpoint over HTTP; gives the verifier key of the log."""
    network = client.get("/v1/network").json
    head = client.get("/v1/checkpoint").json
    items = client.pages("/v1/entries?limit=200")
    leaves = [one["leaf"].encode() for one in items if one["index"] < head["size"]]
    build.write_lines(folder, leaves, head["note"])
    name, public = network["origin"], bytes.fromhex(network["keys"]["log_key"])
    blob = base64.b64encode(b"\x01" + public).decode()
    return f"{name}+{semclient.key_id(name, public).hex()}+{blob}"


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.started = Started(cls.addClassCleanup)

    def audited(self, client, coordinator):
        """A finding-free audit, held to what the server says of itself."""
        folder = self.started.folder()
        key = fetch(client, folder)
        document = audit(folder, key)
        self.assertEqual((document["findings"], document["consequences"]), ([], []))
        network = client.get("/v1/network").json
        self.assertEqual((document["size"], document["root"]), (network["size"], network["root"]))
        for name in ("given", "received", "orgs", "pool"):
            self.assertEqual(document["totals"][name], network["totals"][name], name)
        said = {one["org"]: one for one in coordinator.pages("/v1/positions?limit=200")}
        self.assertEqual(set(said), set(document["positions"]))
        for handle, mine in document["positions"].items():
            self.assertEqual({name: mine[name] for name in COUNTERS},
                             {name: said[handle][name] for name in COUNTERS}, handle)
        return folder, key, document


class History(Case):
    """The history of every kind, told to a server; before each entry, all that it must refuse."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.started.init(history.ORIGIN)
        cls.client = cls.started.serve(folder).client()
        cls.log = history.clean(True, build.server_keys(folder, history.ORIGIN),
                                YEAR_BEFORE)
        cls.wrong = cls.bent_lines()
        cls.answers, cls.taken = [], []
        for index, line in enumerate(cls.log.lines):
            for case, bad in cls.wrong.get(index, ()):
                cls.answers.append((case, cls.post(bad)))
            if line.kind not in CLOCK_KINDS:
                cls.taken.append((line, cls.post(line)))

    @classmethod
    def post(cls, line):
        return cls.client.post("/v1/entries", line.leaf(cls.log.origin).partition(b"\n")[2])

    @classmethod
    def bent_lines(cls):
        """{index: [(case, line)]} of the mutations that a server can be asked about."""
        found = {}
        for case in mutations.everything():
            if case.asked:
                log = cls.log.copy()
                case.bend(log, next((one for one in log.lines if one.label == case.label), None))
                # What was refused for good keeps its id for ever (SPEC 10.2): each has its own.
                line = log.line(case.label)
                if line.fields["id"] == build.made_id(line.at, line.label):
                    line.fields["id"] = build.made_id(line.at, f"{case.name}/{case.label}")
                log.settle(case.code)
                index = log.index(case.label)
                found.setdefault(index, []).append((case, log.lines[index]))
        return found

    def test_the_server_takes_the_history(self):
        for line, answer in self.taken:
            self.assertEqual(answer.status, 201, (line.label, answer))

    def test_the_server_refuses_what_the_auditor_finds_by_the_same_name(self):
        self.assertGreater(len(self.answers), 70)
        for case, answer in self.answers:
            with self.subTest(case=case.name):
                self.assertEqual(answer.code, case.code, answer)

    def test_the_audit_of_the_servers_log(self):
        coordinator = self.client.login(self.log.key("noyer"))
        folder, key, document = self.audited(self.client, coordinator)
        self.assertEqual(document["totals"]["pool"], 12)
        with open(os.path.join(folder, "leaves.jsonl"), encoding="utf-8") as file:
            leaves = [json.loads(row) for row in file]
        # Nobody asks a server of a demo network to tick while it is idle.
        self.log.lines.remove(self.log.line("tick1"))
        self.assertEqual(leaves, [leaf.decode() for leaf in self.log.settle()])
        self.bent_by_one_minute(folder, key, leaves)

    def bent_by_one_minute(self, folder, key, leaves):
        at = next(i for i, leaf in enumerate(leaves) if '"minutes":1000,"to"' in leaf)
        leaves[at] = leaves[at].replace('"minutes":1000,"to"', '"minutes":999,"to"')
        build.put(folder, "leaves.jsonl", "".join(json.dumps(leaf) + "\n"
                                                  for leaf in leaves).encode())
        found = [(one["code"], one["index"]) for one in audit(folder, key)["findings"]]
        self.assertEqual(found, [("signature_invalid", at), ("root_mismatch", None)])


class Year(Case):
    """The year of the demo network, as `semctl apply` wrote it."""
    SEED, START = "5", "2025-03-03"

    def ctl(self, *args, **more):
        return subprocess.run([SEMCTL, "--quiet", "--passphrase-file", self.path("pass"), *args],
                              check=True, stdout=subprocess.PIPE, **more).stdout

    def generate(self, *args):
        return subprocess.run([sys.executable, GENERATE, *args], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def path(self, name):
        return os.path.join(self.home, name)

    def test_a_year_without_a_finding(self):
        self.home = self.started.folder()
        build.put(self.home, "pass", b"demo\n")
        self.generate("seeds", "--seed", self.SEED, "--out", self.path("seeds"))
        os.mkdir(self.path("keys"))
        for seed in glob.glob(self.path("seeds/*.seed")):
            name = os.path.splitext(os.path.basename(seed))[0]
            self.ctl("key", "restore", self.path(f"keys/{name}.semkey"), "--seed-file", seed)
        data = self.path("data")
        semclient.init(SEMD, data, history.ORIGIN, "--demo-seed", self.SEED)
        server = self.started.serve(data)
        client = server.client()
        for name in ("network", "policies"):
            build.put(self.home, name, client.get("/v1/" + name).body)
        lines = self.generate("lines", "--seed", self.SEED, "--start", self.START, "--keys-dir",
                              self.path("keys"), "--server-keys", self.path("network"),
                              "--policies", self.path("policies"))
        self.ctl("--url", server.url, "apply", "-", "--keys", self.path("keys"), input=lines)
        founding = json.loads(lines.splitlines()[0])["entry"]
        handle = next(one["org"] for one in founding["mandates"] if one["role"] == "coordinator")
        with open(self.path(f"seeds/{handle}.seed"), encoding="ascii") as file:
            secret = bytes.fromhex(file.read())
        coordinator = client.login(semclient.Key(history.ORIGIN, handle, secret))
        _, _, document = self.audited(client, coordinator)
        self.assertTrue(document["demo"])
        self.assertGreater(document["entries"], 500)


if __name__ == "__main__":
    unittest.main()
