# SPDX-License-Identifier: AGPL-3.0-or-later
"""The folder of a network (SPEC 14): check, rebuild, what a start refuses."""
import base64
import concurrent.futures
import http.client
import os
import shutil
import stat
import subprocess
import time

from fixtures import ORIGIN, SEMD, Case, semd, share
from semclient import day_of, now_ms
from stage import Stage

PATHS = ("/v1/network", "/v1/checkpoint", "/v1/policies", "/v1/skills", "/v1/orgs?state=all",
         "/v1/offers?state=all", "/v1/needs?state=all", "/v1/reciprocity", "/v1/entries?limit=200",
         "/v1/positions", "/v1/matches", "/v1/matches/inputs")
OWN_PATHS = ("", "/position", "/statement", "/pairs")


class Store(Case):
    def test_init_makes_a_folder_that_only_its_owner_reads(self):
        folder = self.started.init()
        for name in os.listdir(os.path.join(folder, "keys")):
            mode = os.stat(os.path.join(folder, "keys", name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)
        semd("check", "--dir", folder)
        again = semd("init", "--dir", folder, "--origin", ORIGIN, status=None)
        self.assertNotEqual(again.returncode, 0)
        semd("check", "--dir", folder)

    def test_bad_arguments(self):
        folder = os.path.join(self.started.folder(), "net")
        for args in (["init", "--dir", folder, "--origin", "Not An Origin"], ["serve"], ["nothing"],
                     ["init", "--dir", folder], [],
                     ["serve", "--dir", folder, "--listen", "nowhere"]):
            with self.subTest(args):
                done = semd(*args, status=None)
                self.assertNotEqual(done.returncode, 0)
                self.assertTrue(done.stderr)
        self.assertFalse(os.path.exists(folder))

    def test_a_second_server_is_kept_out(self):
        net = self.started.network()
        second = semd("serve", "--dir", net.folder, "--listen", "127.0.0.1:0", status=None)
        self.assertEqual(second.returncode, 11)
        self.assertEqual(net.client.get("/readyz").status, 200)

    def answers(self, stage):
        """Everything that anybody may read, as the coordinator reads it."""
        client = stage.net.client.login(stage.net.key("noyer"))
        paths = list(PATHS)
        for one in client.pages("/v1/orgs?state=all"):
            paths += [f"/v1/orgs/{one['handle']}{tail}" for tail in OWN_PATHS]
        for kind in ("offers", "needs"):
            paths += [f"/v1/{kind}/{one['ref']}" for one in client.pages(f"/v1/{kind}?state=all")]
        for handle in ("tilleul", "lierre"):
            own = stage.net.client.login(stage.net.key(handle))
            paths.append((own, "/v1/agreements"))
        found = {}
        for path in paths:
            reader, path = path if isinstance(path, tuple) else (client, path)
            answer = reader.get(path)
            self.assertEqual(answer.status, 200, path)
            found[reader.token != client.token, path] = answer.json
        return found

    def test_check_and_rebuild_of_a_healthy_folder(self):
        stage = Stage(self.addCleanup)
        before = self.answers(stage)
        head = stage.net.client.get("/v1/checkpoint").json
        self.assertEqual(stage.net.server.stop(), 0)
        semd("check", "--dir", stage.net.folder)
        semd("rebuild", "--dir", stage.net.folder)
        semd("check", "--dir", stage.net.folder)
        stage.net.server = stage.started.serve(stage.net.folder)
        stage.net.client = stage.net.server.client(self.recorder)
        now = stage.net.client.get("/v1/checkpoint").json
        self.assertEqual((now["size"], now["root"]), (head["size"], head["root"]))
        after = self.answers(stage)
        self.assertEqual(set(after), set(before))
        for path, answer in before.items():
            with self.subTest(path):
                self.assertEqual(after[path], answer)
        stage.net.add("org.confirm", "orme")

    def test_a_changed_byte_is_found(self):
        """Any byte of a leaf in the database file: check fails and says so."""
        net = self.started.network()
        ref = self.accepted(net.hours("noyer", "orme", 61))
        leaf = net.client.get(f"/v1/entries/{ref}").json["leaf"]
        signature = base64.b64decode(leaf.split()[-1])  # as it lies in the file
        self.assertEqual(net.server.stop(), 0)
        path = os.path.join(net.folder, "log", "data.mdb")
        with open(path, "r+b") as file:
            place = file.read().rindex(signature) + len(signature) - 1
            file.seek(place)
            file.write(bytes([signature[-1] ^ 1]))
        done = semd("check", "--dir", net.folder, status=None)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertTrue(done.stderr)

    def test_no_rollback(self):
        """SPEC 14.4: an older copy of the log is served, read-only, and never signed again."""
        net = self.started.network()
        older = self.copy_log(net)
        for _ in range(3):
            net.add("org.confirm", "orme")
        self.put_log(net, older, with_journal=False)
        self.refused(net.post("org.confirm", "orme"), "read_only")
        self.refused(net.client.get("/log/checkpoint"), "not_found")
        ready = net.client.get("/readyz")
        self.assertEqual((ready.status, ready.json["ready"]), (503, False))
        self.assertTrue(ready.json["reasons"])
        self.assertEqual(net.client.get("/livez").status, 200)
        self.assertEqual(net.client.get("/v1/network").status, 200)

    def test_an_older_copy_of_the_log_is_completed_by_the_journal(self):
        """SPEC 14.7: what was answered is in one of the two, and the start joins them."""
        net = self.started.network()
        older = self.copy_log(net)
        for _ in range(3):
            net.add("org.confirm", "orme")
        head = net.client.get("/log/checkpoint").body
        self.put_log(net, older, with_journal=True)
        self.assertEqual(net.client.get("/log/checkpoint").body, head)
        net.add("org.confirm", "orme")

    def test_a_lost_journal_is_told(self):
        """SPEC 14.7: it may hold what was answered, so that nothing is signed without it."""
        net = self.started.network()
        self.assertEqual(net.server.stop(), 0)
        journal = os.path.join(net.folder, "journal")
        os.rename(journal, journal + ".away")
        self.begin_again(net)
        self.refused(net.post("org.confirm", "orme"), "read_only")
        reasons = net.client.get("/readyz").json["reasons"]
        self.assertTrue(any("journal" in reason for reason in reasons), reasons)
        self.assertEqual(net.server.stop(), 0)
        os.rename(journal + ".away", journal)
        self.begin_again(net)
        net.add("org.confirm", "orme")

    def test_who_was_answered_finds_it_in_what_he_asks_next(self):
        """SPEC 14.2: although the store commits later."""
        net = self.started.network()
        for i in range(20):
            ref = net.add("org.confirm", "orme")
            size = net.client.get("/v1/network").json["size"]
            entries = net.client.get("/v1/entries?kind=org.confirm").json["items"]
            self.assertEqual((entries[-1]["ref"], size), (ref, entries[-1]["index"] + 1))
            self.assertEqual(len(entries), i + 1)

    def test_a_lost_side_store_is_told(self):
        """SPEC 14.1: who goes on without it may break a word that was given in it."""
        net = self.started.network()
        self.assertEqual(net.server.stop(), 0)
        self.assertNotIn("aux", net.server.said)
        shutil.rmtree(os.path.join(net.folder, "aux"))
        for words in (1, 0):
            net.server = self.started.serve(net.folder)
            self.assertEqual(net.server.client().get("/readyz").status, 200)
            self.assertEqual(net.server.stop(), 0)
            self.assertEqual(net.server.said.count("aux: was not there"), words)

    def test_over_a_unix_socket(self):
        path = os.path.join(self.started.folder(), "socket")
        net = self.started.network(listen="unix:" + path)
        self.accepted(net.hours("noyer", "orme", 5))
        self.assertEqual(net.server.url, "unix:" + path)
        net.server.kill()
        net.server = self.started.serve(net.folder, listen="unix:" + path)
        self.assertEqual(net.client.get("/v1/network").json["size"], 2)
        self.assertEqual(net.server.stop(), 0)

    def test_version(self):
        done = subprocess.run([SEMD, "--version"], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^semd \d+\.\d+\.\d+")


class Stopping(Case):
    """SIGTERM while somebody writes: what was begun is finished, what comes later is told so."""
    WRITERS = 8

    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        self.sent = []      # (began, ended, note, answer or None)

    def write_until_refused(self):
        """Posts one entry after the other until the server is not there any more."""
        net, there = self.net, True
        while there:
            data = net.note("hours.record", "orme", ["noyer", "orme"], day=day_of(now_ms()),
                            gift=True, shares=[share("noyer", "orme", 1)])
            began = time.monotonic()
            try:
                answer = net.client.post("/v1/entries", data)
            except (OSError, http.client.HTTPException):
                there, answer = False, None
            self.sent.append((began, time.monotonic(), data, answer))

    def stop_amid_writes(self):
        """Gives the moment just before the signal; every writer has met the end of the server."""
        with concurrent.futures.ThreadPoolExecutor(self.WRITERS) as pool:
            writers = [pool.submit(self.write_until_refused) for _ in range(self.WRITERS)]
            try:
                until = time.monotonic() + 30
                while len(self.sent) < 60 and time.monotonic() < until:
                    time.sleep(0.005)
                signalled = time.monotonic()
                self.assertEqual(self.net.server.stop(), 0, self.net.server.said)
            finally:
                self.net.server.kill()      # so that the writers end if the stop went wrong
            for writer in writers:
                writer.result(60)
        return signalled

    def test_stopping_finishes_what_was_begun(self):
        """Each answer is 201 and durable, or a refusal, or does not come at all."""
        net = self.net
        signalled = self.stop_amid_writes()
        semd("check", "--dir", net.folder)
        told = {data: answer.json for _, _, data, answer in self.sent
                if answer is not None and answer.status == 201}
        self.assertGreaterEqual(len(told), 60 - self.WRITERS)
        for _, _, _, answer in self.sent:
            if answer is not None and answer.status != 201:
                self.refused(answer, "too_busy")
        amid = [one for one in self.sent if one[0] < signalled < one[1]]
        self.assertTrue(amid, "no write was under way when the signal came")
        self.begin_again(net)
        there = {one["ref"]: one["leaf"] for one in net.client.pages("/v1/entries?limit=200")}
        for data, answer in told.items():
            self.assertEqual(there.get(answer["ref"]), f"at {answer['at']}\n" + data)
        self.check_retries(told)

    def check_retries(self, told):
        """Who was not told tries again with the same id: each entry is there once."""
        for _, _, data, _ in self.sent:
            again = self.net.client.post("/v1/entries", data)
            self.assertIn(again.status, (200,) if data in told else (200, 201), again)
        self.assertEqual(self.net.client.get("/v1/network").json["size"], len(self.sent) + 1)
        self.assertEqual(self.net.server.stop(), 0)
        semd("check", "--dir", self.net.folder)
