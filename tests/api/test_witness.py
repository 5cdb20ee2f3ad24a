#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Witnesses from outside (SPEC 4.7): `semctl witness serve` against logs that lie and processes that
are killed, and a server whose heads are cosigned, whatever its witnesses do."""
import base64
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest

import fixtures
import semclient
from fixtures import ORIGIN, SEMD
from semclient import Client, Network
from witnesses import (Bad, Log, Witness, a_witness_key, has_cosignature, submission, until,
                       verify_cosignature)

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors/witness-requests.txt"


def at_once(*calls):
    """Runs them in threads that start together; gives their results."""
    start = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def one(i):
        start.wait()
        results[i] = calls[i]()

    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Alone(fixtures.Case):
    """The witness, with logs made in Python."""

    def setUp(self):
        super().setUp()
        self.log = Log("log.example.org")

    def witness(self, *vkeys):
        return Witness(self.started, "witness.example.org", vkeys or [self.log.vkey]).start()

    def test_it_answers_as_the_transcript_of_another_witness(self):
        text = VECTORS.read_text(encoding="utf-8")
        vkey = re.search(r"^log (\S+)$", text, re.M).group(1)
        witness = self.witness(vkey)
        cases = re.findall(r"^==== (\d+) ?(\d*)\n(.*?)(?=^====|\Z)", text, re.M | re.S)
        self.assertEqual(len(cases), 9)
        for number, (status, size, body) in enumerate(cases):
            answer = witness.add(body)
            self.assertEqual(answer.status, int(status), (number, answer))
            if status == "409":
                self.assertEqual(answer.headers["Content-Type"], "text/x.tlog.size")
                self.assertEqual(answer.body, f"{size}\n".encode())
            if status == "200":
                whole = body.partition("\n\n")[2] + answer.body.decode()
                self.assertLess(abs(verify_cosignature(whole, witness.vkey) - time.time()), 60)

    def test_what_it_answered_it_knows_after_a_kill(self):
        witness = self.witness()
        last = 0
        for size in (1, 2, 3, 7, 8, 20):
            self.assertEqual(witness.add(self.log.body(last, size)).status, 200)
            witness.kill()
            witness.start()
            held, _ = witness.holds(self.log)
            self.assertEqual(held, size)
            self.assertEqual(witness.add(self.log.body(last, 21)).status, 409)
            self.assertEqual(witness.add(self.log.body(size, size + 1, "b", last)).status, 422)
            last = size
        self.assertEqual(witness.stop(), 0)

    def test_a_kill_at_any_moment_loses_no_answer(self):
        witness = self.witness()
        answered = 0
        for _ in range(8):
            seen, sent = [answered], threading.Event()

            def feed():
                size = seen[-1]
                while True:
                    sent.set()
                    try:
                        if witness.add(self.log.body(size, size + 1)).status != 200:
                            return
                    except OSError:
                        return
                    except Exception:  # the connection ended in the middle of an answer
                        return
                    size += 1
                    seen.append(size)

            thread = threading.Thread(target=feed)
            thread.start()
            sent.wait()
            time.sleep(random.uniform(0.005, 0.1))
            witness.kill()
            thread.join()
            witness.start()
            held, _ = witness.holds(self.log)
            # The one under way may be on the disk without having been answered.
            self.assertIn(held, (seen[-1], seen[-1] + 1))
            answered = held
        self.assertGreater(answered, 8)

    def test_a_log_that_stands_is_cosigned_again(self):
        """The same head with that size as the old one: a new time, and the view stays."""
        witness = self.witness()
        self.assertEqual(witness.add(self.log.body(0, 5)).status, 200)
        _, view = witness.holds(self.log)
        time.sleep(1.1)
        first, again = (witness.add(self.log.body(5, 5)) for _ in range(2))
        self.assertEqual((first.status, again.status), (200, 200))
        times = [verify_cosignature(one, witness.vkey) for one in
                 (view, self.log.checkpoint(5) + first.body.decode())]
        self.assertLess(times[0], times[1])
        self.assertEqual(witness.holds(self.log), (5, view))
        self.assertEqual(witness.add(self.log.body(5, 5, "b")).status, 422)

    def test_of_two_histories_at_once_exactly_one_wins(self):
        logs = [Log(f"log-{i}.example.org") for i in range(20)]
        witness = self.witness(*(log.vkey for log in logs))
        wins = set()
        for log in logs:
            bodies = [log.body(0, 9, branch) for branch in "ab"]
            answers = at_once(*(lambda body=body: witness.add(body) for body in bodies))
            self.assertEqual(sorted(one.status for one in answers), [200, 409], answers)
            winner = [one.status for one in answers].index(200)
            wins.add(winner)
            _, note = witness.holds(log)
            self.assertTrue(note.startswith(log.checkpoint(9, "ab"[winner])))

    def test_bodies_and_paths_that_are_none_of_its_own(self):
        witness = self.witness()
        client = witness.client
        self.assertEqual(client.post("/add-checkpoint", "x" * 65537).status, 413)
        self.assertEqual(client.post("/add-checkpoint", "x" * 65536).status, 400)
        self.assertEqual(client.post("/add-checkpoint", b"").status, 400)
        self.assertEqual(client.post("/add-checkpoint", b"old 0\n\n\xff\n\n\xff\n").status, 400)
        self.assertEqual(client.get("/add-checkpoint").status, 405)
        self.assertEqual(client.post(f"/{self.log.hex}/checkpoint", "").status, 405)
        for path in ("/", "/checkpoint", "//checkpoint", "/x/checkpoint", f"/{self.log.hex}",
                     f"/{self.log.hex}/checkpoint/", f"/{self.log.hex.upper()}/checkpoint",
                     f"/{self.log.hex}0/checkpoint", f"/{self.log.hex}/checkpoint"):
            self.assertEqual(client.get(path).status, 404, path)
        self.assertEqual(witness.stop(), 0)
        self.assertFalse(os.path.exists(witness.url[5:]), "the socket is taken away")

    def test_its_folder_serves_one_process_and_its_key_one_folder(self):
        witness = self.witness()
        self.assertIn("another process", witness.run("serve", witness.folder, "--listen",
                                                     "127.0.0.1:0", status=1).stderr)
        self.assertEqual(witness.run("key", witness.folder).stdout, witness.vkey + "\n")
        self.assertIn("there already", witness.run("init", witness.folder, status=1).stderr)
        self.assertEqual(os.stat(os.path.join(witness.folder, "key")).st_mode & 0o777, 0o600)
        witness.kill()
        self.assertIn("--insecure-http", witness.run("serve", witness.folder, "--listen",
                                                     "0.0.0.0:0", status=1).stderr)
        with open(os.path.join(witness.folder, "policy"), "a", encoding="utf-8") as file:
            file.write("log nonsense\n")
        self.assertRegex(witness.run("serve", witness.folder, status=1).stderr, r"policy: line \d")

    def test_a_crowd_that_asks_for_nothing_does_not_keep_a_log_out(self):
        """Four times as many as it has places for; each could stay 20 seconds if all were well."""
        witness = self.witness()
        half = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nold"
        began, crowd = time.monotonic(), []
        for i in range(1000):
            line = socket.socket(socket.AF_UNIX)
            self.addCleanup(line.close)
            crowd.append(line)
            line.settimeout(30)
            line.connect(witness.url[5:])
            if i % 2:
                line.sendall(half)
        self.assertEqual(witness.add(self.log.body(0, 3)).status, 200)
        self.assertLess(time.monotonic() - began, 28)
        self.assertEqual(witness.stop(), 0)

    def test_a_damaged_or_lost_state_ends_the_start(self):
        witness = self.witness()
        self.assertEqual(witness.add(self.log.body(0, 3)).status, 200)
        witness.kill()
        state = os.path.join(witness.folder, "state")
        with open(state, "r+b") as file:
            file.seek(40)
            byte = file.read(1)
            file.seek(40)
            file.write(bytes([byte[0] ^ 1]))
        self.assertIn("damaged", witness.run("serve", witness.folder, status=1).stderr)
        os.remove(state)
        self.assertIn("new key", witness.run("serve", witness.folder, status=1).stderr)


class Served(fixtures.Case):
    """A server with witnesses, and what is asked of it."""

    def setUp(self):
        super().setUp()
        self.folder = self.started.init()
        # The vkey of the log, from the verb that prints the keys.
        keys = json.loads(fixtures.semd("keys", "--dir", self.folder).stdout)
        self.public = bytes.fromhex(keys["log_key"])
        blob = base64.b64encode(b"\x01" + self.public).decode()
        self.vkey = f"{ORIGIN}+{semclient.key_id(ORIGIN, self.public).hex()}+{blob}"
        self.hex = hashlib.sha256(ORIGIN.encode()).hexdigest()

    def witness(self, name, start=True):
        witness = Witness(self.started, name, [self.vkey])
        return witness.start() if start else witness

    def policy(self, *lines):
        path = os.path.join(self.started.folder(), "policy")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        return path

    def line(self, name, one):
        return f"witness {name} {one.vkey} {one.url}"

    def serve(self, policy, folder=None, more=()):
        options = ["--witness-policy", policy] if policy else []
        return self.started.serve(folder or self.folder, more=[*options, *more])

    def found(self, server):
        net = Network(server.client(self.recorder), ORIGIN)
        net.server = server
        net.found()
        return net

    def head(self, server):
        """(size, note) that /log/checkpoint shows; the log's signature is checked."""
        answer = server.client().get("/log/checkpoint")
        self.assertEqual(answer.status, 200)
        note = answer.body.decode()
        size, _ = semclient.checkpoint_head(note, ORIGIN, self.public)
        return size, note

    def newest(self, server):
        return server.client(self.recorder).get("/v1/checkpoint").json["size"]

    def cosigned(self, server, *witnesses, size=None):
        """Waits until the newest head is shown with these cosignatures; gives the note."""
        wanted = self.newest(server) if size is None else size

        def look():
            shown, note = self.head(server)
            return shown == wanted and all(has_cosignature(note, one.vkey)
                                           for one in witnesses) and note

        note = until(look)
        self.assertTrue(note, f"no cosigned head of {wanted}: {self.head(server)}")
        return note

    def witnesses(self, server):
        return {one["name"]: one for one in server.client(self.recorder).get("/readyz")
                .json["witnesses"]}

    def end(self, server):
        self.assertEqual(server.stop(), 0, server.said)


class Cosigned(Served):
    """What its readers see."""

    def test_a_head_carries_the_cosignatures_of_two_witnesses(self):
        first, second = self.witness("one.example.org"), self.witness("two.example.org")
        server = self.serve(self.policy(f"log {self.vkey}", self.line("A", first),
                                        self.line("B", second), "group AB all A B", "quorum AB"),
                            more=("--metrics", "127.0.0.1:0"))
        net = self.found(server)
        for _ in range(3):
            net.add("org.confirm", "noyer")
            note = self.cosigned(server, first, second)
            self.assertEqual(len(semclient.split_note(note)[1]), 3)
            for one in (first, second):
                self.assertLess(abs(verify_cosignature(note, one.vkey) - time.time()), 60)
        size = self.newest(server)
        answer = net.client.get("/v1/checkpoint")
        self.assertEqual(answer.json["cosigned"], size)
        self.assertEqual(len(semclient.split_note(answer.json["note"])[1]), 1, "receipts are plain")
        ready = net.client.get("/readyz").json
        self.assertEqual(ready["witnesses"], [{"name": name, "cosigned": size, "answers": True}
                                              for name in "AB"])
        figures = Client(server.wait_for(r"metrics on (http://\S+)")).get("/metrics").body.decode()
        for line in (f"sem_cosigned_entries {size}", 'sem_witness_up{witness="A"} 1',
                     f'sem_witness_cosigned_entries{{witness="B"}} {size}'):
            self.assertIn(line + "\n", figures)
        self.end(server)

    def test_the_tag_of_the_head_changes_with_its_cosignatures(self):
        witness = self.witness("one.example.org", start=False)
        server = self.serve(self.policy(self.line("A", witness), "quorum none"))
        self.found(server)
        client = server.client(self.recorder)
        plain = client.get("/log/checkpoint")
        same = client.get("/log/checkpoint", If_None_Match=plain.headers["ETag"])
        self.assertEqual(same.status, 304)
        witness.start()
        self.cosigned(server, witness)
        now = client.get("/log/checkpoint", If_None_Match=plain.headers["ETag"])
        self.assertEqual(now.status, 200)
        again = client.get("/log/checkpoint", If_None_Match=now.headers["ETag"])
        self.assertEqual(again.status, 304)
        self.end(server)

    def test_the_shown_head_waits_for_the_quorum_and_the_writer_does_not(self):
        first, second = self.witness("one.example.org"), self.witness("two.example.org")
        server = self.serve(self.policy(self.line("A", first), self.line("B", second),
                                        "group AB all A B", "quorum AB"))
        net = self.found(server)
        self.cosigned(server, first, second)
        size = self.newest(server)
        second.kill()
        for _ in range(3):
            net.add("org.confirm", "noyer")
        self.assertTrue(until(lambda: not self.witnesses(server)["B"]["answers"]))
        self.cosigned(server, first, second, size=size)
        self.assertEqual(self.newest(server), size + 3)
        self.assertEqual(net.client.get("/v1/checkpoint").json["cosigned"], size)
        self.assertTrue(net.client.get("/readyz").json["ready"])
        second.start()
        self.cosigned(server, first, second)
        self.assertTrue(self.witnesses(server)["B"]["answers"])
        self.end(server)
        self.assertIn("witness B does not help", server.said)
        self.assertIn("witness B answers again", server.said)

    def test_sizes_never_go_back_under_load(self):
        first, second = self.witness("one.example.org"), self.witness("two.example.org")
        server = self.serve(self.policy(self.line("A", first), self.line("B", second),
                                        "group AB all A B", "quorum AB"))
        net = self.found(server)
        shown, ends = [], threading.Event()

        def poll():
            while not ends.is_set():
                size, note = self.head(server)
                both = [has_cosignature(note, one.vkey) for one in (first, second)]
                shown.append((size, both))

        thread = threading.Thread(target=poll)
        thread.start()
        try:
            for _ in range(60):
                net.add("org.confirm", "noyer")
            self.cosigned(server, first, second)
        finally:
            ends.set()
            thread.join()
        sizes = [size for size, _ in shown]
        self.assertEqual(sizes, sorted(sizes))
        first_full = next(i for i, (_, both) in enumerate(shown) if all(both))
        self.assertTrue(all(all(both) for _, both in shown[first_full:]),
                        "a head without its quorum after one with it")
        self.assertGreater(len({size for size, both in shown if all(both)}), 2,
                           "heads are cosigned while entries come in")
        self.end(server)

    def test_witnesses_that_misbehave_neither_count_nor_hinder(self):
        good = self.witness("good.example.org")
        vkey, secret, key_id = a_witness_key("liar.example.org")

        def cosign(text, stamp=b"\0" * 8):
            message = f"cosignature/v1\ntime {int.from_bytes(stamp, 'big')}\n{text}".encode()
            blob = key_id + stamp + secret.sign(message).signature
            return f"— liar.example.org {base64.b64encode(blob).decode()}\n"

        def sent(body):
            return body.partition("\n\n")[2].partition("\n\n")[0] + "\n"

        replies = {
            "wrong text": lambda body: (200, "text/plain", cosign("another text\n")),
            "no line": lambda body: (200, "text/plain", ""),
            "noise": lambda body: (200, "text/plain", "\x1b[31m" + "x" * 1000),
            "too much": lambda body: (200, "text/plain", cosign(sent(body)) + "x" * 100000),
            "many lines": lambda body: (200, "text/plain", cosign(sent(body)) * 100),
            "other sizes": lambda body: (409, "text/x.tlog.size",
                                         "1\n" if body.startswith("old 0") else "0\n"),
            "a size ahead": lambda body: (409, "text/x.tlog.size", "99999999\n"),
            "no size": lambda body: (409, "text/x.tlog.size", "many\n"),
            "never": lambda body: None,
            "redirect": lambda body: (302, "text/plain", ""),
        }
        bad = {}
        for name, reply in replies.items():
            bad[name] = Bad(self.started, lambda path, body, reply=reply:
                            reply(body) if body else (404, "text/plain", ""))
        lines = [f"witness {name.replace(' ', '-')} "
                 f"{a_witness_key(name.replace(' ', '-'))[0] if i else vkey} {one.url}"
                 for i, (name, one) in enumerate(bad.items())]
        server = self.serve(self.policy(self.line("good", good), *lines, "quorum good"))
        net = self.found(server)
        begin = time.monotonic()
        for _ in range(5):
            net.add("org.confirm", "noyer")
            note = self.cosigned(server, good)
            self.assertEqual(len(semclient.split_note(note)[1]), 2, note)
        # Each round whose quorum is met gives the one that never answers a second, not all the ten.
        self.assertLess(time.monotonic() - begin, 40)
        answers = {name: one["answers"] for name, one in self.witnesses(server).items()}
        self.assertEqual([name for name, fine in answers.items() if fine], ["good"])
        for name, one in bad.items():
            self.assertLess(len(one.asked), 60, f"{name} is asked without end")
            self.assertTrue(one.asked, name)
        self.assertIsNone(server.process.poll())
        server.stop()
        self.assertNotIn("\x1b", server.said)

    def test_a_slow_witness_joins_the_head_that_is_still_shown(self):
        quick, slow = self.witness("quick.example.org"), self.witness("slow.example.org")

        def delayed(_path, body):
            if not body:
                return 403, "text/plain", ""
            time.sleep(1.5)
            answer = slow.add(body)
            return answer.status, answer.headers["Content-Type"], answer.body.decode()

        proxy = Bad(self.started, delayed)
        server = self.serve(self.policy(self.line("Q", quick),
                                        f"witness S {slow.vkey} {proxy.url}",
                                        "group any-of-both any Q S", "quorum any-of-both"))
        net = self.found(server)
        for _ in range(3):
            net.add("org.confirm", "noyer")
            self.cosigned(server, quick)
        self.assertLessEqual(len(proxy.asked), 4, "nobody waited for the slow one")
        self.cosigned(server, quick, slow)
        self.end(server)

    def test_a_server_that_starts_again_on_a_log_that_stands_gets_its_cosignatures(self):
        witness = self.witness("one.example.org")
        rules = self.policy(self.line("A", witness), "quorum A")
        server = self.serve(rules)
        self.found(server)
        self.cosigned(server, witness)
        self.end(server)
        server = self.serve(rules)
        self.cosigned(server, witness, size=1)
        self.end(server)

    def test_with_a_quorum_of_none_the_newest_head_is_shown_at_once(self):
        witness = self.witness("one.example.org")
        server = self.serve(self.policy(self.line("A", witness), "quorum none"))
        net = self.found(server)
        for _ in range(5):
            net.add("org.confirm", "noyer")
            self.assertEqual(self.head(server)[0], self.newest(server))
        self.cosigned(server, witness)
        self.end(server)

    def test_a_witness_that_holds_more_than_it_shows_is_found_by_its_409(self):
        """Its view is not to be had, as with a witness that offers none."""
        real = self.witness("real.example.org")
        server = self.serve(None)
        net = self.found(server)
        for _ in range(4):
            net.add("org.confirm", "noyer")
        note = server.client().get("/log/checkpoint").body.decode()
        self.assertEqual(real.add(submission(0, [], note)).status, 200)
        net.add("org.confirm", "noyer")
        self.end(server)

        def forward(path, body):
            if not body:
                return 404, "text/plain", ""
            answer = real.add(body)
            return answer.status, answer.headers["Content-Type"], answer.body.decode()

        proxy = Bad(self.started, forward)
        server = self.serve(self.policy(f"witness R {real.vkey} {proxy.url}", "quorum R"))
        self.cosigned(server, real)
        self.assertEqual([status for _, _, status in proxy.asked][:1], [""])
        self.end(server)

    def test_policies_that_cannot_be_used_end_the_start(self):
        vkey, other = (a_witness_key(name)[0] for name in ("w.example.org", "v.example.org"))
        for lines, words in ((["quorum nobody"], "line 1: "),
                             ([f"witness A {vkey} http://127.0.0.1:1"], "quorum"),
                             ([f"witness A {vkey} ftp://127.0.0.1", "quorum A"], "ftp://"),
                             ([f"log {Log('other.example.org').vkey}", "quorum none"], ORIGIN),
                             ([f"witness A {vkey}", "quorum A"], "cannot be met"),
                             ([f"witness A {vkey}", f"witness B {other} http://127.0.0.1:1",
                               "group AB all A B", "quorum AB"], "cannot be met")):
            done = subprocess.run([SEMD, "serve", "--dir", self.folder, "--listen", "127.0.0.1:0",
                                   "--witness-policy", self.policy(*lines)], capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(words, done.stderr)

    def test_the_policy_may_stand_in_the_configuration(self):
        witness = self.witness("one.example.org")
        policy = self.policy(self.line("A", witness), "quorum A")
        config = os.path.join(self.started.folder(), "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"witness_policy = {policy}\n")
        server = self.serve(None, more=("--config", config))
        self.found(server)
        self.cosigned(server, witness)
        self.end(server)


class Fork(Served):
    """The folder of a server is copied, the original goes on, and the copy is started."""

    def setUp(self):
        super().setUp()
        self.one = self.witness("one.example.org")
        self.rules = self.policy(f"log {self.vkey}", self.line("A", self.one), "quorum A")
        server = self.serve(self.rules)
        net = self.found(server)
        net.add("org.confirm", "noyer")
        self.cosigned(server, self.one)
        self.end(server)
        self.copy = os.path.join(self.started.folder(), "copy")
        shutil.copytree(self.folder, self.copy)
        server = self.serve(self.rules)
        net = Network(server.client(self.recorder), ORIGIN)
        for _ in range(3):
            net.add("org.confirm", "tilleul")
        self.cosigned(server, self.one)
        self.held = self.newest(server)
        self.end(server)

    def last_signed(self, folder):
        with open(os.path.join(folder, "last-signed"), encoding="utf-8") as file:
            return int(file.read().split()[0])

    def refuses(self, server, words):
        """It takes nothing, signs nothing and says why."""
        net = Network(server.client(self.recorder), ORIGIN)
        ready = net.client.get("/readyz")
        self.assertEqual(ready.status, 503)
        self.assertIn(words, ready.json["reasons"][0])
        answer = net.post("org.confirm", "noyer")
        self.assertEqual(answer.code, "read_only", answer)

    def test_with_the_policy_the_copy_does_not_sign(self):
        size = self.last_signed(self.copy)
        self.assertLess(size, self.held)
        server = self.serve(self.rules, self.copy)
        self.refuses(server, "a witness holds a longer log")
        self.assertEqual(server.client().get("/log/checkpoint").status, 404)
        self.assertEqual(self.last_signed(self.copy), size)
        self.end(server)
        server = self.serve(self.rules)
        Network(server.client(), ORIGIN).add("org.confirm", "noyer")
        self.cosigned(server, self.one)
        self.end(server)

    def test_without_the_policy_the_witness_takes_none_of_its_heads(self):
        server = self.serve(None, self.copy)
        net = Network(server.client(self.recorder), ORIGIN)
        start = self.newest(server)
        for _ in range(6):
            net.add("org.confirm", "orme")
            size, note = self.head(server)
            for old in sorted({start, min(size, self.held)}):
                proof = net.client.get(f"/v1/consistency?from={old}&to={size}").json["proof"]
                body = submission(old, [base64.b64decode(one) for one in proof], note)
                want = 422 if old == self.held else 409
                answer = self.one.add(body)
                self.assertEqual(answer.status, want, (old, size, answer))
        self.assertGreater(size, self.held)
        self.end(server)
        # Started with the policy now, when its log is longer, it finds the other log.
        server = self.serve(self.rules, self.copy)
        self.refuses(server, "a witness holds another log")
        self.end(server)

    def test_a_witness_that_comes_late_stops_the_copy(self):
        self.one.kill()
        server = self.serve(self.rules, self.copy)
        net = Network(server.client(self.recorder), ORIGIN)
        self.assertTrue(net.client.get("/readyz").json["ready"], "nobody can be asked")
        net.add("org.confirm", "orme")
        self.one.start()
        self.assertTrue(until(lambda: net.client.get("/readyz").status == 503))
        self.refuses(server, "a witness holds")
        self.end(server)
        self.assertIn("shows no view of our log", server.said)


if __name__ == "__main__":
    unittest.main()
