# SPDX-License-Identifier: AGPL-3.0-or-later
"""Logs and witnesses for the black-box tests: a log in Python that can also lie, `semctl witness
serve` as a process, witnesses that misbehave, and a check of cosignatures that follows the C2SP
texts (tlog-cosignature, tlog-witness) and shares no code with the programs."""
import base64
import hashlib
import http.server
import os
import re
import select
import signal
import socketserver
import subprocess
import threading
import time

import nacl.signing

import semclient
from fixtures import SEMCTL
from semclient import Client, Key, note, tree_root

COSIGNATURE = 4


def verify_cosignature(data, vkey):
    """POSIX seconds of the one line by this key of type 0x04; AssertionError when there is none, two,
    or one that does not verify."""
    name, key_hex, blob = vkey.split("+", 2)
    blob = base64.b64decode(blob, validate=True)
    assert blob[0] == COSIGNATURE and len(blob) == 33
    key_id = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
    assert key_id.hex() == key_hex
    text, lines = semclient.split_note(data)
    mine = [signature for line_name, line_id, signature in lines
            if (line_name, line_id) == (name, key_id)]
    assert len(mine) == 1, f"{len(mine)} lines of {name} in {data}"
    seconds, signature = int.from_bytes(mine[0][:8], "big"), mine[0][8:]
    message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
    nacl.signing.VerifyKey(blob[1:]).verify(message, signature)
    return seconds


def has_cosignature(data, vkey):
    """False when there is no line of that name; a wrong one is an error."""
    if f"\n— {vkey.split('+', 1)[0]} " not in data:
        return False
    verify_cosignature(data, vkey)
    return True


def consistency(leaves, old):
    """RFC 6962 section 2.1.2: the proof between `old` leaves and all of these leaf hashes."""
    def sub(m, part, whole):
        if m == len(part):
            return [] if whole else [tree_root(part)]
        k = 1 << (len(part) - 1).bit_length() - 1
        if m <= k:
            return sub(m, part[:k], whole) + [tree_root(part[k:])]
        return sub(m - k, part[k:], False) + [tree_root(part[:k])]
    return [] if old in (0, len(leaves)) else sub(old, leaves, True)


def submission(old, proof, checkpoint):
    lines = "".join(base64.b64encode(one).decode() + "\n" for one in proof)
    return f"old {old}\n{lines}\n{checkpoint}"


class Log:
    """A log whose operator signs whatever he is asked to; `branch` gives him another history."""

    def __init__(self, origin):
        self.origin = origin
        self.key = Key(origin, "", hashlib.sha256(origin.encode()).digest(), name=origin)
        blob = base64.b64encode(b"\x01" + self.key.public).decode()
        self.vkey = f"{origin}+{self.key.key_id.hex()}+{blob}"
        self.hex = hashlib.sha256(origin.encode()).hexdigest()

    def leaves(self, size, branch="", fork_at=0):
        return [semclient.leaf_hash(f"{branch if i >= fork_at else ''}{i}".encode())
                for i in range(size)]

    def checkpoint(self, size, branch="", fork_at=0):
        root = base64.b64encode(tree_root(self.leaves(size, branch, fork_at))).decode()
        return note(f"{self.origin}\n{size}\n{root}\n", [self.key])

    def body(self, old, size, branch="", fork_at=0):
        proof = consistency(self.leaves(size, branch, fork_at), old)
        return submission(old, proof, self.checkpoint(size, branch, fork_at))


class Witness:
    """A folder of `semctl witness`, and its server while there is one."""

    def __init__(self, started, name, logs=()):
        self.parent = started.folder()
        self.folder = os.path.join(self.parent, "w")
        self.url = f"unix:{self.parent}/s"
        self.process = None
        self.vkey = self.run("init", self.folder, "--name", name).stdout.strip()
        self.know(*logs)
        started.cleanup(self.kill)

    def run(self, *args, status=0):
        done = subprocess.run([SEMCTL, "witness", *args], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == status, f"{args}: {done.returncode}\n{done.stderr}"
        return done

    def know(self, *vkeys):
        with open(os.path.join(self.folder, "policy"), "a", encoding="utf-8") as file:
            file.writelines(f"log {vkey}\n" for vkey in vkeys)

    def start(self):
        self.process = subprocess.Popen(
            [SEMCTL, "witness", "serve", self.folder, "--listen", self.url],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline().decode() if ready else ""
        if not re.fullmatch(r"listening on \S+\n", line):
            self.process.kill()
            raise AssertionError(line + self.process.communicate()[1].decode())
        return self

    def kill(self):
        """As a power cut would end it."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            self.process.communicate()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)
        return self.process.returncode

    @property
    def client(self):
        return Client(self.url)

    def add(self, body):
        return self.client.post("/add-checkpoint", body)

    def holds(self, log):
        """The head it shows, as (size, note); (0, None) before the first."""
        answer = self.client.get(f"/{log.hex}/checkpoint")
        if answer.status == 404:
            return 0, None
        assert answer.status == 200, answer
        data = answer.body.decode()
        verify_cosignature(data, self.vkey)
        size, _ = semclient.checkpoint_head(data, log.origin, log.key.public)
        return size, data


class Bad(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A witness that answers with `reply(path, body)` -> (status, type, text) or, with None, never
    before it ends."""

    daemon_threads = True

    def __init__(self, started, reply):
        self.asked = []
        self.ended = threading.Event()
        self.url = f"unix:{started.folder()}/s"
        self.reply = reply
        super().__init__(self.url[5:], Handler)
        thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        thread.start()

        def end():
            self.ended.set()
            self.shutdown()
            self.server_close()
            thread.join()

        started.cleanup(end)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer("")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def answer(self, body):
        self.server.asked.append((time.monotonic(), self.path, body))
        reply = self.server.reply(self.path, body)
        if reply is None:
            self.server.ended.wait()
            return
        status, kind, text = reply
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())


def a_witness_key(name):
    """A verifier key that somebody has."""
    key = nacl.signing.SigningKey(hashlib.sha256(name.encode()).digest())
    blob = bytes([COSIGNATURE]) + bytes(key.verify_key)
    key_id = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(blob).decode()}", key, key_id


def until(true, seconds=30):
    """Waits for a claim; gives what it gave."""
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.05)
