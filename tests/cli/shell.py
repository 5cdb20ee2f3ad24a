# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs semctl as a member would: a home of its own, key files, passphrase in a file, nobody at the
terminal. Servers and folders come from the fixtures of the HTTP suites."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import semclient  # noqa: E402
from fixtures import SEMCTL, Started  # noqa: E402

FOUNDERS = ("noyer", "tilleul", "orme")
OK, REFUSED, USAGE, PARTIAL, KEY, NOT_FOUND, CONFLICT, VERIFY = range(8)
NO_LEDGER, LOCKED, PASSPHRASE = 10, 11, 12


class Shell:
    """A home with keys; `url` is the server that its commands go to."""

    def __init__(self, home, url):
        self.home, self.url = home, url
        self.passphrase = os.path.join(home, "passphrase")
        self.write("passphrase", "quatre petits mots ensemble\n")

    def write(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def path(self, handle):
        return os.path.join(self.home, handle + ".semkey")

    def run(self, *args, stdin=""):
        """Any command line, with neither terminal nor settings of the user."""
        kept = {name: value for name, value in os.environ.items()
                if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TEST_SUITE")}
        env = {**kept, "HOME": self.home, "LC_ALL": "C.UTF-8", "SEM_URL": self.url}
        return subprocess.run([SEMCTL, *args], env=env, input=stdin, capture_output=True, text=True,
                              timeout=120, cwd=self.home)

    def signed(self, handle, *args, stdin=""):
        """A command of one organisation, with its key."""
        return self.run("--key", self.path(handle), "--yes", "--no-input", "--passphrase-file",
                        self.passphrase, *args, stdin=stdin)

    def new_key(self, handle):
        done = self.run("key", "new", self.path(handle), "--passphrase-file", self.passphrase,
                        "--json")
        assert done.returncode == OK, done.stderr
        return json.loads(done.stdout)["pub"]


class Case(unittest.TestCase):
    """A server, and a shell with the keys of the founders."""

    @classmethod
    def setUpClass(cls):
        cls.started = Started(cls.addClassCleanup)
        cls.folder = cls.started.init()
        cls.server = cls.started.serve(cls.folder)
        cls.shell = Shell(cls.started.folder(), cls.server.url)
        cls.pubs = {handle: cls.shell.new_key(handle) for handle in FOUNDERS}
        cls.client = cls.server.client()

    @classmethod
    def founding(cls, **more):
        """The line of apply that founds the network."""
        keys = cls.client.get("/v1/network").json["keys"]
        until = semclient.now_ms() + 900 * semclient.DAY_MS
        names = {slug: {"fr": slug, "nl": slug, "en": slug} for slug in ("comptabilite", "droit")}
        entry = {"kind": "network.found", "charter": "c0" * 32, "demo": False, "rules_version": 1,
                 "clock_key": keys["clock_key"], "log_key": keys["log_key"],
                 "refusal_key": keys["refusal_key"],
                 "founders": [{"handle": one, "key": cls.pubs[one]} for one in FOUNDERS],
                 "mandates": [{"org": "noyer", "role": "coordinator", "until": until}],
                 "policy": semclient.POLICY_DEFAULT,
                 "public": {"bundles": False, "directory": True},
                 "skills": ["comptabilite", "droit"], **more}
        return {"sign": list(FOUNDERS), "entry": entry, "save": "found",
                "details": {"skills": {"kind": "skills", "text": names}}}

    @classmethod
    def found(cls):
        done = cls.apply(cls.founding())
        assert done.returncode == OK, done.stderr

    @classmethod
    def apply(cls, *lines, args=()):
        text = "".join(json.dumps(line) + "\n" if isinstance(line, dict) else line + "\n"
                       for line in lines)
        return cls.shell.run("apply", "-", "--keys", cls.shell.home, "--passphrase-file",
                             cls.shell.passphrase, *args, stdin=text)

    def check(self, done, status=OK):
        self.assertEqual(done.returncode, status,
                         f"{done.args[1:]}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def do(self, handle, *args, status=OK):
        return self.check(self.shell.signed(handle, *args), status)

    def data(self, handle, *args, status=OK):
        """The lines of JSON on stdout."""
        done = self.do(handle, "--json", *args, status=status)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ref(self, handle, *args):
        """The reference of what was signed, which is all of stdout."""
        done = self.do(handle, *args)
        self.assertRegex(done.stdout, r"^[a-z0-9-]+/[0-9a-f]{32}\n$")
        return done.stdout.strip()
