#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Short runs of what `tests/soak/run.py` does without end: a server that is killed, stopped and
slowed down under 64 clients, and thousands of clients that come and go."""
import os
import threading
import time
import unittest

import load
import fixtures
from load import CLIENTS, Crowd, Room, check_folder, check_told, entries

KILLS = 3
STOPS = 5
VISITS = 5000
QUIET = 40              # descriptors of a server that nobody visits
SLOW_MS = 300
READ_S, READ_MEDIAN_S = 5, 0.25     # the median is below one sync; the longest is the machine's
BUILD = os.path.join(load.ROOT, os.environ.get("BUILD", "build"))
SLOW = os.path.join(BUILD, "tests", "soak-slow.so")


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        load.raise_descriptors()


class Ends(Case):
    def setUp(self):
        self.net = load.start_network(self.addCleanup)
        self.told = {}

    def test_what_64_clients_were_told_survives_kills(self):
        for acknowledged in (40, 150, 400)[:KILLS]:
            load.kill_round(self.net, self.told, acknowledged)
        self.assertGreaterEqual(len(self.told), 590)
        check_folder(self.net)

    def test_a_stop_under_64_clients_is_clean(self):
        took = [load.stop_round(self.net, self.told, 30 + 50 * i) for i in range(STOPS)]
        self.assertLess(max(took), load.STOP_S)
        check_folder(self.net)


class Visitors(Case):
    def test_clients_that_come_and_go_leave_nothing_behind(self):
        net = load.start_network(self.addCleanup)
        room = Room(net.server.process.pid)
        self.assertEqual(load.come_and_go(net, VISITS // 5), [])
        quiet, memory = room.settled(QUIET), room.memory_kib()
        self.assertLessEqual(quiet, QUIET)
        self.assertEqual(load.come_and_go(net, VISITS), [])
        self.assertLessEqual(room.settled(QUIET), QUIET)
        self.assertLess(room.memory_kib() - memory, (400 if fixtures.sanitized() else 40) * 1024)
        self.assertEqual(net.client.get("/readyz").status, 200)
        check_folder(net)


class Reader(threading.Thread):
    """Somebody who reads all the while."""

    def __init__(self, net):
        super().__init__()
        self.net, self.done, self.waits = net, threading.Event(), []

    def run(self):
        while not self.done.wait(0.02):
            start = time.monotonic()
            assert self.net.client.get("/v1/network").status == 200
            self.waits.append(time.monotonic() - start)


class SlowDisk(Case):
    """Each sync takes SLOW_MS, and a queue of 16 has room for a part of 64 clients at a time."""

    def setUp(self):
        self.net = load.start_network(self.addCleanup, queue_max=16, batch_max=8)
        self.assertEqual(self.net.server.stop(), 0)
        # The normal build: the run time of a sanitizer wants to be loaded first.
        load.serve_again(self.net, {"SLOW_SYNC_MS": str(SLOW_MS), "LD_PRELOAD": SLOW},
                         os.path.join(BUILD, "semd"))

    def test_a_full_queue_turns_away_and_loses_nothing(self):
        net, reader = self.net, Reader(self.net)
        crowd = Crowd(net.server.url, entries(net, 3 * CLIENTS))
        reader.start()
        start = time.monotonic()
        crowd.start().join()
        took = time.monotonic() - start
        reader.done.set()
        reader.join()
        self.assertEqual(crowd.odd, [])
        self.assertGreater(took, 2 * SLOW_MS / 1000, "the disk was not slow")
        self.assertGreater(crowd.other[503], 0, "nobody was turned away")
        self.assertGreater(len(crowd.told), 8)
        self.assertEqual(len(crowd.told) + len(crowd.busy), 3 * CLIENTS)
        self.assertGreater(len(reader.waits), 10)
        self.assertLess(sorted(reader.waits)[len(reader.waits) // 2], READ_MEDIAN_S)
        self.assertLess(max(reader.waits), READ_S)
        self.check_nothing_lost(crowd)

    def check_nothing_lost(self, crowd):
        """Who was turned away has nothing in the log, and gets in with the same id later."""
        net = self.net
        net.server.kill()
        load.serve_again(net)
        log = set(leaf.partition("\n")[2] for leaf in check_told(net, crowd.told).values())
        self.assertEqual([data for data in crowd.busy if data in log], [])
        for data in crowd.busy[:20]:
            self.assertEqual(net.client.post("/v1/entries", data).status, 201)
        check_folder(net)


if __name__ == "__main__":
    unittest.main()
