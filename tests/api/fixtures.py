# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the black-box suites share: programs, folders, servers and networks that end with the test,
and the assertions about refusals. Every client made here hands its answers to the recorder.
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import semclient
from recorder import RECORDER
from semclient import DAY_MS, Network, Server, now_ms

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEMD = os.path.abspath(os.environ.get("SEMD", ROOT / "build/semd"))
SEMCTL = os.path.abspath(os.environ.get("SEMCTL", ROOT / "build/semctl"))
ORIGIN = "ledger.example.org/test"


def sanitized():
    """True when semd was built with AddressSanitizer, which costs time and memory."""
    with open(SEMD, "rb") as program:
        return b"__asan_init" in program.read()


def semd(*args, status=0):
    """Runs semd to its end; gives the finished process."""
    done = subprocess.run([SEMD, *args], capture_output=True, text=True, timeout=120)
    if status is not None:
        assert done.returncode == status, f"semd {args}: {done.returncode}\n{done.stderr}"
    return done


def root_of(client):
    """What a refusal must leave as it was: the log, and the figures that follow from it."""
    answer = client.get("/v1/network")
    assert answer.status == 200, answer
    return answer.json["size"], answer.json["root"], answer.json["totals"]


# A policy under which the balances are sealed as often as can be (SPEC 8.3).
SEALS = {"seal_every": 16}


def fill_to_seal(net, by="noyer"):
    """Adds entries that say nothing new until the balances are sealed; gives the size then."""
    while True:
        net.add("org.confirm", by)
        size = net.client.get("/v1/checkpoint").json["size"]
        if net.client.get(f"/v1/entries/{size - 1}").json["kind"] == "seal.balances":
            return size


def position(client, handle):
    answer = client.get(f"/v1/orgs/{handle}/position")
    assert answer.status == 200, answer
    return answer.json


class Started:
    """Makes folders and servers and registers their end with `cleanup`."""

    def __init__(self, cleanup):
        self.cleanup = cleanup

    def folder(self):
        # Short, because the path of a unix socket holds about a hundred bytes.
        path = tempfile.mkdtemp(prefix="sem-")
        self.cleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def init(self, origin=ORIGIN):
        folder = os.path.join(self.folder(), "net")
        semd("init", "--dir", folder, "--origin", origin)
        return folder

    def serve(self, folder, listen="127.0.0.1:0", more=()):
        server = Server(SEMD, folder, listen, more)
        self.cleanup(server.kill)
        RECORDER.learn(server.client())
        return server

    def network(self, origin=ORIGIN, listen="127.0.0.1:0", more=(), **founding):
        """A founded network; `server` and `folder` hang on it."""
        folder = self.init(origin)
        server = self.serve(folder, listen, more)
        net = Network(server.client(RECORDER), origin)
        net.server, net.folder = server, folder
        net.found(**founding)
        return net


def restart(net, started, kill=False):
    """Ends the server of a network and starts another on the same folder."""
    if kill:
        net.server.kill()
    else:
        assert net.server.stop() == 0, net.server.said
    net.server = started.serve(net.folder)
    net.client = net.server.client(RECORDER)


class Case(unittest.TestCase):
    """`started` ends with the test, `shared` with the class."""

    recorder = RECORDER

    @classmethod
    def setUpClass(cls):
        cls.shared = Started(cls.addClassCleanup)

    def setUp(self):
        self.started = Started(self.addCleanup)

    @classmethod
    def check_at_the_end(cls, net):
        """When the class is done the server must end well and leave a sound folder."""
        def check():
            assert net.server.stop() == 0, net.server.said
            semd("check", "--dir", net.folder)

        cls.addClassCleanup(check)

    def begin_again(self, net):
        net.server = self.started.serve(net.folder)
        net.client = net.server.client(self.recorder)

    def copy_log(self, net):
        """A copy of the log as it is now, and the server goes on."""
        self.assertEqual(net.server.stop(), 0)
        copy = os.path.join(self.started.folder(), "log")
        shutil.copytree(os.path.join(net.folder, "log"), copy)
        self.begin_again(net)
        return copy

    def put_log(self, net, copy, with_journal):
        """An older log in the place of the newer one. With the journal a start completes it."""
        self.assertEqual(net.server.stop(), 0)
        shutil.rmtree(os.path.join(net.folder, "log"))
        shutil.copytree(copy, os.path.join(net.folder, "log"))
        if not with_journal:
            with open(os.path.join(net.folder, "journal"), "wb"):
                pass
        self.begin_again(net)

    def accepted(self, answer):
        self.assertEqual(answer.status, 201, answer)
        return answer.json["ref"]

    def refused(self, answer, code):
        """Checks the code; number, status and title were checked by the recorder."""
        self.assertEqual(answer.code, code, answer)
        return answer.json

    @contextlib.contextmanager
    def nothing_written(self, net, readers=()):
        """Log, figures and the inboxes of these sessions stay as they are."""
        def everything():
            return root_of(net.client), [reader.pages("/v1/inbox") for reader in readers]

        before = everything()
        yield
        self.assertEqual(everything(), before, "something was written")


def expires(days=30):
    return now_ms() + days * DAY_MS


def share(giver, receiver, minutes):
    return {"from": giver, "to": receiver, "minutes": minutes}


def hash_of(word):
    """A commitment whose text nobody will ever show."""
    return semclient.commitment(ORIGIN, "hours", bytes(32), word.encode())
