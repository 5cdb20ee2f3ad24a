#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""deploy/run, which is `make run` after the build: makes the demo network once, serves it, stops on
Ctrl-C, starts over when it was interrupted. SEMD names the programs' folder."""
import datetime
import http.client
import json
import os
import shutil
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "api"))
from semclient import mortal  # noqa: E402

RUN = os.path.join(ROOT, "deploy", "run")
SEMD = os.environ.get("SEMD", os.path.join(ROOT, "build", "semd"))
BUILD = os.path.dirname(os.path.abspath(SEMD))
MAKE_S, AGAIN_S = 240, 60       # patience on a slow machine, not what is promised


def free_port():
    """Below those that the kernel gives to the servers and clients of other suites meanwhile."""
    while True:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", random.randrange(20000, 32000)))
                return s.getsockname()[1]
            except OSError:
                pass


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sem-run-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.demo = os.path.join(self.folder, "demo")
        self.port = free_port()

    def start(self, **more):
        env = {**os.environ, "DEMO": self.demo, "PORT": str(self.port), "BUILD": BUILD, **more}
        process = subprocess.Popen([RUN], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(lambda: process.poll() is None and process.send_signal(signal.SIGTERM))
        return process

    def read_until(self, process, word, seconds):
        """What it says up to the line with this word."""
        said, end = "", time.monotonic() + seconds
        for line in process.stdout:
            said += line
            if word in line:
                return said
            self.assertLess(time.monotonic(), end, said)
        self.fail(f"ended without saying \"{word}\":\n{said}")

    def network(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/network")
        return json.load(connection.getresponse())

    def stop(self, process):
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 0)

    def refused(self, word, **more):
        process = self.start(**more)
        said = process.stdout.read()
        self.assertEqual(process.wait(60), 1, said)
        self.assertIn(word, said)
        self.assertFalse(os.path.exists(self.demo))

    def test_made_once_served_stopped_and_served_again(self):
        first = self.start(START="2023-03-01", SEED="3")
        said = self.read_until(first, "ready after", MAKE_S)
        for word in (f"http://127.0.0.1:{self.port}", "passphrase", "hirondelle.semkey", "Ctrl-C",
                     "rm -r", "organisations have given"):
            self.assertIn(word, said)
        network = self.network()
        self.assertTrue(network["demo"])
        self.stop(first)
        again = self.start()
        self.assertNotIn("Making", self.read_until(again, "ready after", AGAIN_S))
        self.assertEqual(self.network()["root"], network["root"])
        self.stop(again)

    def test_an_interrupted_making_leaves_no_network_and_starts_over(self):
        os.makedirs(self.demo + ".tmp/data/log")    # what a killed run leaves
        process = self.start(**mortal())            # Ctrl-C kills the program that is under way
        self.read_until(process, "Making", MAKE_S)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        self.assertFalse(os.path.exists(self.demo))
        again = self.start(**mortal())
        self.read_until(again, "Making", MAKE_S)
        self.stop(again)

    def test_a_port_in_use_is_named_and_another_one_proposed(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", self.port))
            s.listen()
            self.refused(f"PORT={self.port + 1}")

    def test_nonsense_is_refused_before_anything_is_made(self):
        today = datetime.date.today().isoformat()
        self.refused("START", START="yesterday")
        self.refused("must be over", START=today)
        self.refused("SEED", SEED="many")


if __name__ == "__main__":
    unittest.main()
