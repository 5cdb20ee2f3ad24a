#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""SPEC 12.5 against 10 000 connections that ask for nothing, for half of something, or very slowly:
each is closed in time, and whoever behaves is served meanwhile.

All waits run at once in `setUpClass`; the tests look at what was measured.
"""
import collections
import http.client
import resource
import select
import socket
import threading
import time
import unittest

import fixtures

CONNECTIONS = 10_000
DESCRIPTORS = CONNECTIONS + 200
IDLE_S = 20             # without progress
REQUEST_S = 30          # from the first byte to the last, whatever it drips
SLACK_S = 8             # the sweep, and the load of 10 000 sockets on a busy machine
POLITE_S = 5
MEMORY_KIB = 300 * 1024
MEMORY_SANITIZED_KIB = 2 * 1024 * 1024

HALF_HEADER = b"GET /v1/network HTTP/1.1\r\nHost: ledger\r\nX-Slow: "
HALF_BODY = (b"POST /v1/entries HTTP/1.1\r\nHost: ledger\r\nContent-Type: text/plain\r\n"
             b"Content-Length: 4000\r\n\r\nledger.example.org")

# name: (share of the connections in per cent, first bytes, does it drip, may it last)
Manner = collections.namedtuple("Manner", "percent first drips seconds")
MANNERS = {
    "idle": Manner(25, b"", False, IDLE_S),
    "half a header": Manner(25, HALF_HEADER, False, IDLE_S),
    "half a body": Manner(15, HALF_BODY, False, IDLE_S),
    "dripping header": Manner(20, HALF_HEADER, True, REQUEST_S),
    "dripping body": Manner(15, HALF_BODY, True, REQUEST_S),
}


class Guest:
    """One hostile connection."""

    def __init__(self, address, manner):
        self.manner = manner
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setblocking(False)
        self.since = time.monotonic()
        self.lasted = None
        if MANNERS[manner].first:
            self.socket.send(MANNERS[manner].first)

    def drip(self):
        try:
            self.socket.send(b"x")
        except BlockingIOError:
            pass
        except OSError:
            self.end()

    def end(self):
        if self.lasted is None:
            self.lasted = time.monotonic() - self.since
            self.socket.close()


class Crowd:
    """All hostile connections, watched by one thread."""

    def __init__(self, address):
        self.guests, self.epoll, self.by_fd = [], select.epoll(), {}
        self.full = threading.Event()
        self.failed = None
        self.thread = threading.Thread(target=self.run, args=(address,))
        self.thread.start()

    def run(self, address):
        try:
            self.arrive(address)
            self.full.set()
            self.stay(REQUEST_S + SLACK_S + 5)
        except OSError as error:
            self.failed = f"after {len(self.guests)} connections: {error}"
        finally:
            self.full.set()
            for guest in self.guests:
                guest.socket.close()

    def arrive(self, address):
        """The manners are mixed, so that no order helps the server."""
        deal = [name for name, manner in MANNERS.items() for _ in range(manner.percent)]
        next_drip = time.monotonic() + 1
        for i in range(CONNECTIONS):
            guest = Guest(address, deal[i * 37 % len(deal)])
            self.guests.append(guest)
            self.by_fd[guest.socket.fileno()] = guest
            self.epoll.register(guest.socket, select.EPOLLIN | select.EPOLLHUP)
            if i % 100 == 0:
                next_drip = self.turn(0, next_drip)

    def stay(self, seconds):
        until = time.monotonic() + seconds
        next_drip = time.monotonic()
        while self.by_fd and time.monotonic() < until:
            next_drip = self.turn(0.2, next_drip)

    def turn(self, wait_s, next_drip):
        """Looks who was closed, and lets everybody drip once a second."""
        for fd, _ in self.epoll.poll(wait_s, 4096):
            self.read(fd)
        if time.monotonic() < next_drip:
            return next_drip
        for fd, guest in list(self.by_fd.items()):
            if MANNERS[guest.manner].drips:
                guest.drip()
                if guest.lasted is not None:
                    del self.by_fd[fd]
        return next_drip + 1

    def read(self, fd):
        guest = self.by_fd[fd]
        try:
            if guest.socket.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        guest.end()
        del self.by_fd[fd]

    def lasting(self, manner):
        return [guest.lasted for guest in self.guests if guest.manner == manner]


class Polite:
    """Somebody who reads and writes all the while; the longest wait of each kind."""

    def __init__(self, net):
        self.net, self.done = net, threading.Event()
        self.waits = collections.defaultdict(list)
        self.failed = None
        self.session = net.client.login(net.key("orme"))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.done.wait(0.2):
            try:
                self.timed("network", lambda: self.net.client.get("/v1/network"), 200)
                self.timed("directory", lambda: self.session.get("/v1/orgs"), 200)
                self.timed("hours", lambda: self.net.hours("noyer", "orme", 1, gift=True), 201)
            except (OSError, AssertionError, http.client.HTTPException) as error:
                self.failed = f"{type(error).__name__}: {error}"
                return

    def timed(self, what, ask, status):
        start = time.monotonic()
        answer = ask()
        assert answer.status == status, answer
        self.waits[what].append(time.monotonic() - start)


def raise_descriptors():
    """The servers inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < DESCRIPTORS:
        try:
            wanted = max(hard, DESCRIPTORS)
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (ValueError, OSError):
            raise AssertionError(
                f"this test opens {CONNECTIONS} connections; the limit of open files is {hard} and "
                f"cannot be raised: ulimit -n {DESCRIPTORS} or more is needed") from None


def peak_memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def quiet_connection(server, seconds):
    """How long a connection lives after one good request, when the server has room."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as quiet:
        quiet.sendall(b"GET /livez HTTP/1.1\r\nHost: ledger\r\n\r\n")
        start = time.monotonic()
        while quiet.recv(4096):
            pass
        return time.monotonic() - start


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise_descriptors()
        started = fixtures.Started(cls.addClassCleanup)
        cls.net = started.network()
        calm = started.serve(started.init())
        host, port = cls.net.server.url.removeprefix("http://").split(":")
        cls.polite = Polite(cls.net)
        cls.crowd = Crowd((host, int(port)))
        cls.quiet_s = quiet_connection(calm, REQUEST_S + SLACK_S)
        cls.crowd.thread.join()
        cls.polite.done.set()
        cls.polite.thread.join()
        cls.peak_kib = peak_memory_kib(cls.net.server.process.pid)

    def test_all_connections_were_accepted(self):
        self.assertIsNone(self.crowd.failed)
        self.assertEqual(len(self.crowd.guests), CONNECTIONS)

    def test_every_manner_of_waiting_ends_within_its_deadline(self):
        for name, manner in MANNERS.items():
            with self.subTest(manner=name):
                lasting = self.crowd.lasting(name)
                self.assertNotIn(None, lasting, "some are still open")
                self.assertLess(max(lasting), manner.seconds + SLACK_S)

    def test_a_dripping_request_has_its_time(self):
        """Cutting everybody at once would be easy; a slow line is not an attack yet."""
        for name in ("dripping header", "dripping body"):
            with self.subTest(manner=name):
                self.assertGreater(min(self.crowd.lasting(name)), IDLE_S / 2)

    def test_an_idle_connection_is_kept_a_while_and_then_closed(self):
        self.assertGreater(self.quiet_s, IDLE_S / 2)
        self.assertLess(self.quiet_s, IDLE_S + SLACK_S)

    def test_others_are_served_meanwhile(self):
        self.assertIsNone(self.polite.failed)
        for what, waits in self.polite.waits.items():
            with self.subTest(what=what):
                self.assertGreater(len(waits), 20)
                self.assertLess(max(waits), POLITE_S)

    def test_memory_stays_bounded(self):
        bound = MEMORY_SANITIZED_KIB if fixtures.sanitized() else MEMORY_KIB
        self.assertLess(self.peak_kib, bound)

    def test_the_server_goes_on_and_its_store_is_sound(self):
        self.assertEqual(self.net.client.get("/readyz").status, 200)
        self.accepted_after_the_crowd()
        self.assertEqual(self.net.server.stop(), 0, self.net.server.said)
        fixtures.semd("check", "--dir", self.net.folder)

    def accepted_after_the_crowd(self):
        answer = self.net.hours("tilleul", "orme", 15)
        self.assertEqual(answer.status, 201, answer)


if __name__ == "__main__":
    unittest.main()
