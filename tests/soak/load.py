# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many clients at once against a real server that is killed, stopped, or slowed down under them.

A client of a crowd keeps one connection and posts entries that were signed beforehand, one after
the other; what it was told stays in `told`.
"""
import collections
import http.client
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "api"))
import fixtures  # noqa: E402
import semclient  # noqa: E402
from fixtures import share  # noqa: E402
from semclient import Answer, day_of, now_ms  # noqa: E402

CLIENTS = 64
STOP_S = 20             # a clean stop under load, sanitized and on a busy machine
LEFT_S = 10             # until the last client knows that the server has ended; it would wait 60
DESCRIPTORS = 4096
GONE = (OSError, http.client.HTTPException)

Told = collections.namedtuple("Told", "index at")


def entries(net, n):
    """Signed notes that all pass in any order."""
    return [net.note("hours.record", "orme", ["noyer", "orme"], day=day_of(now_ms()), gift=True,
                     shares=[share("noyer", "orme", 1)]) for _ in range(n)]


class Crowd:
    """Clients that post `notes`, each its share, until they are through or the server is gone.
    `told` has what was acknowledged with 201, `other` counts all other statuses."""

    def __init__(self, url, notes, clients=CLIENTS):
        self.url, self.told, self.other = url, {}, collections.Counter()
        self.busy, self.lock, self.odd = [], threading.Lock(), []
        self.threads = [threading.Thread(target=self.run, args=(notes[i::clients],))
                        for i in range(clients)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def join(self):
        for thread in self.threads:
            thread.join()

    def run(self, notes):
        host, port = self.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        try:
            for data in notes:
                self.post(connection, data)
        except GONE:
            pass
        finally:
            connection.close()

    def post(self, connection, data):
        connection.request("POST", "/v1/entries", data.encode(),
                           {"Content-Type": "text/plain; charset=utf-8"})
        raw = connection.getresponse()
        answer = Answer(raw.status, raw.headers, raw.read())
        with self.lock:
            if answer.status == 201:
                self.told[data] = Told(answer.json["index"], answer.json["at"])
            else:
                self.other[answer.status] += 1
                self.note_other(data, answer)

    def note_other(self, data, answer):
        """503 is the only other answer there may be, and says when to come again."""
        if answer.status != 503 or int(answer.headers.get("Retry-After", 0)) < 1:
            self.odd.append(repr(answer))
        else:
            self.busy.append(data)

    def wait_for(self, n, seconds=60):
        until = time.monotonic() + seconds
        while len(self.told) < n and time.monotonic() < until and self.alive():
            time.sleep(0.002)
        assert len(self.told) >= n, f"{len(self.told)} of {n} were acknowledged: {self.odd[:1]}"

    def alive(self):
        return any(thread.is_alive() for thread in self.threads)


def leaves(client):
    """{index: leaf} of everything in the log."""
    return {one["index"]: one["leaf"] for one in client.pages("/v1/entries?limit=200")}


def check_told(net, told):
    """What was acknowledged stands in the log where its sender was told."""
    log = leaves(net.client)
    assert sorted(log) == list(range(len(log)))
    for data, place in told.items():
        assert log.get(place.index) == f"at {place.at}\n{data}", f"entry {place.index} is lost"
    return log


def start_network(cleanup, **settings):
    """A founded network on a folder of its own; `settings` go into its configuration file."""
    started = fixtures.Started(cleanup)
    folder, more = started.init(), ()
    if settings:
        path = os.path.join(os.path.dirname(folder), "sem.conf")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        more = ("--config", path)
    server = started.serve(folder, more=more)
    net = semclient.Network(server.client(), fixtures.ORIGIN)
    net.server, net.folder, net.more, net.started = server, folder, more, started
    net.found()
    return net


def serve_again(net, env=None, semd=fixtures.SEMD):
    """A server on the same folder, perhaps in an environment of its own."""
    net.server = EnvServer(semd, net.folder, env, net.more)
    net.started.cleanup(net.server.kill)
    net.client = net.server.client()


class EnvServer(semclient.Server):
    def __init__(self, semd, folder, env, more):
        self.folder = folder
        self.process = subprocess.Popen(
            [semd, "serve", "--dir", folder, "--listen", "127.0.0.1:0", *more],
            env={**os.environ, **(env or {})}, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.said = ""
        self.url = self.wait_for(r"listening on (http://\S+|unix:\S+)")


# --- Rounds -------------------------------------------------------------------------------------

def kill_round(net, told, acknowledged):
    """A kill under load once so many more were acknowledged; the new server has them all."""
    crowd = Crowd(net.server.url, entries(net, 4 * acknowledged + 2 * CLIENTS)).start()
    crowd.wait_for(acknowledged)
    net.server.kill()
    crowd.join()
    assert not crowd.odd, crowd.odd[0]
    told.update(crowd.told)
    serve_again(net)
    ready = net.client.get("/readyz")
    assert ready.status == 200, ready
    check_told(net, told)


def stop_round(net, told, acknowledged):
    """SIGTERM under load: the server ends well and in time, and nobody is left without an end."""
    crowd = Crowd(net.server.url, entries(net, 4 * acknowledged + 2 * CLIENTS)).start()
    crowd.wait_for(acknowledged)
    start = time.monotonic()
    net.server.process.send_signal(signal.SIGTERM)
    status = net.server.stop(STOP_S)
    took = time.monotonic() - start
    crowd.join()
    waited = time.monotonic() - start - took
    assert status == 0, f"ended with {status}: {net.server.said}"
    assert waited < LEFT_S, f"clients waited {waited:.1f} s for a server that had ended"
    assert not crowd.odd, crowd.odd[0]
    told.update(crowd.told)
    serve_again(net)
    check_told(net, told)
    return took


def check_folder(net):
    assert net.server.stop() == 0, net.server.said
    fixtures.semd("check", "--dir", net.folder)


# --- Clients that come and go -------------------------------------------------------------------

def _come(address, abort=False):
    """`abort`: the close is a reset, as of a client whose machine has no time for farewells."""
    line = socket.create_connection(address, timeout=30)
    if abort:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return line


def hang_up(address, _data):
    _come(address, abort=True).close()


def drip(address, _data):
    with _come(address) as line:
        for piece in (b"GET /v1/net", b"work HTTP/1.1\r\nHo", b"st: ledger\r\n"):
            line.send(piece)
            time.sleep(0.002)


def half_a_header(address, _data):
    """All in one moment: libmicrohttpd may miss the end, and keeps such a connection until its
    time without progress is over (SPEC 12.5)."""
    with _come(address) as line:
        line.sendall(b"GET /v1/network HTTP/1.1\r\nHo")


def half_close(address, _data):
    """The answer to a complete request comes although nothing more will."""
    with _come(address) as line:
        line.sendall(b"GET /livez HTTP/1.1\r\nHost: ledger\r\nConnection: close\r\n\r\n")
        line.shutdown(socket.SHUT_WR)
        got = b""
        while piece := line.recv(4096):
            got += piece
        assert got.startswith(b"HTTP/1.1 200 "), got


def request_of(data):
    body = data.encode()
    return (b"POST /v1/entries HTTP/1.1\r\nHost: ledger\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


def half_a_request(address, data):
    sent = request_of(data)
    with _come(address, abort=True) as line:
        line.sendall(sent[:len(sent) // 2])


def no_answer_wanted(address, data):
    """The entry is on its way to the writer, or there, when its sender goes."""
    with _come(address) as line:
        line.sendall(request_of(data))


def answer_unread(address, _data):
    with _come(address, abort=True) as line:
        line.sendall(b"GET /v1/entries?limit=200 HTTP/1.1\r\nHost: ledger\r\n\r\n")
        line.recv(1)


MANNERS = (hang_up, drip, half_close, half_a_request, no_answer_wanted, answer_unread)
# One in so many: at thousands a second each may hold a place for 20 seconds.
HALF_A_HEADER_EVERY = 50


class Room:
    """Memory and descriptors of a server process."""

    def __init__(self, pid):
        self.pid = pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    def settled(self, most, seconds=60):
        """The number of descriptors once it is at most `most`, or at the end."""
        until = time.monotonic() + seconds
        while (n := self.descriptors()) > most and time.monotonic() < until:
            time.sleep(0.1)
        return n


def come_and_go(net, n, threads=8):
    """n short clients of all manners; what went wrong. What they posted is in the log once."""
    host, port = net.server.url.removeprefix("http://").split(":")
    address, failed = (host, int(port)), []
    notes = entries(net, 64)

    def work(first):
        for i in range(first, n, threads):
            manner = MANNERS[i * 7 % len(MANNERS)] if i % HALF_A_HEADER_EVERY else half_a_header
            try:
                manner(address, notes[i % len(notes)])
            except (OSError, AssertionError) as error:
                if manner is half_close or not isinstance(error, ConnectionError):
                    failed.append(f"{manner.__name__}: {error!r}")

    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = [net.client.post("/v1/entries", data).status for data in notes]
    if 200 not in found or set(found) - {200, 201}:
        failed.append(f"of what was posted none is there: {found}")
    times = collections.Counter(leaf.split("\n", 1)[1] for leaf in leaves(net.client).values())
    failed += [f"an entry is {times[data]} times in the log" for data in notes if times[data] != 1]
    return failed


def raise_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, DESCRIPTORS), hard))
