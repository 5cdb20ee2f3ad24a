#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup and restore (SPEC 14.6), seen from outside: `semd backup` while a server writes, `semd
restore`, what either leaves when it is killed or finds no room, and what a restored folder may do.
"""
import base64
import concurrent.futures
import hashlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import threading
import time
import unittest

from fixtures import SEMD, Case, expires, restart, semd, share
from semclient import Detail, day_of, mortal, now_ms

CLIENTS = 16
KEY_FILES = ("clock.key", "log.key", "refusal.key")


def tree(folder):
    """Every file below a folder with its content, so that a change of anything is seen but of
    LMDB's tables of readers, which a look is enough to change."""
    root = pathlib.Path(folder)
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in root.rglob("*") if path.is_file() and path.name != "lock.mdb"}


def last_line(backup_folder):
    """What last-signed says when no head after the backup's was published."""
    said = dict(line.split(" ", 1) for line in
                pathlib.Path(backup_folder, "backup").read_text(encoding="utf-8").splitlines()[1:]
                if not line.startswith("file "))
    return f"{said['size']} {said['root']}\n"


class Copies(Case):
    def setUp(self):
        super().setUp()
        self.place = self.started.folder()
        self.copy = os.path.join(self.place, "copy")
        self.target = os.path.join(self.place, "target")

    def backup(self, net, *more, status=0):
        return semd("backup", "--dir", net.folder, "--to", self.copy, *more, status=status)

    def restore(self, folder, *more, status=0):
        return semd("restore", "--from", self.copy, "--dir", folder, *more, status=status)

    def serve(self, net, folder):
        net.folder = folder
        net.server = self.started.serve(folder)
        net.client = net.server.client(self.recorder)

    def publish(self, net, word):
        """A need with its text; gives both."""
        detail = Detail(net.origin, "need", {"title": word})
        ref = net.add("need.publish", "orme", details=detail.commit, expires=expires(), minutes=60,
                      public=True, type="space", urgent=False)
        self.assertEqual(net.put_detail(detail, ref).status, 201)
        return ref, detail


class Use(Copies):
    def test_a_planned_move(self):
        """Stop, back up, restore elsewhere, take last-signed along, go on."""
        net = self.started.network()
        ref, _ = self.publish(net, "a lathe")
        self.assertEqual(net.server.stop(), 0)
        done = self.backup(net)
        self.assertRegex(done.stdout, r"2 entries with root [0-9a-f]{64}, backup begun \d{4}-")
        self.assertIn("keys are in it", done.stderr)
        done = self.restore(self.target)
        self.assertIn("2 entries with root ", done.stdout)
        self.assertIn(last_line(self.copy), done.stderr)
        semd("check", "--dir", self.target)
        with open(os.path.join(net.folder, "last-signed"), "rb") as file:
            pathlib.Path(self.target, "last-signed").write_bytes(file.read())
        self.serve(net, self.target)
        self.assertEqual(net.client.get("/readyz").status, 200)
        self.assertEqual(net.client.get(f"/v1/details/{ref}/details").status, 200)
        net.add("org.confirm", "orme")
        self.assertEqual(net.server.stop(), 0)
        semd("check", "--dir", self.target)

    def test_an_old_backup_does_not_sign_a_fork(self):
        """SPEC 14.4: read-only, with a reason; reads work; what was erased stays erased."""
        net = self.started.network()
        kept, _ = self.publish(net, "a lathe")
        gone, _ = self.publish(net, "a name and an address")
        before = net.client.get("/v1/checkpoint").json
        self.backup(net)
        net.add("details.erase", "orme", subject=gone, slot="details")
        refused_text = net.note("hours.record", "noyer", ["noyer", "orme"],
                                day=day_of(now_ms()), shares=[share("noyer", "orme", 100000)])
        refused = net.client.post("/v1/entries", refused_text)
        self.assertIn("refusal", refused.json, refused)
        signed = net.client.get("/v1/checkpoint").json["size"]
        self.assertEqual(self.restore(net.folder, "--replace", status=None).returncode, 11)
        self.assertEqual(net.server.stop(), 0)
        old = tree(net.folder)
        done = self.restore(net.folder, "--replace")
        self.assertIn(f"has signed a head of {signed} entries", done.stderr)
        self.assertIn("1 erasures, 1 refusals", done.stderr)
        self.serve(net, net.folder)
        self.check_read_only(net, before)
        self.assertEqual(net.client.get(f"/v1/details/{kept}/details").status, 200)
        self.assertEqual(net.client.get(f"/v1/details/{gone}/details").code, "not_found")
        id_ = refused.json["refusal"].split('"id":"')[1][:32]
        noyer = net.client.login(net.key("noyer"))
        self.assertEqual(noyer.get(f"/v1/refusals/noyer/{id_}").status, 200)
        self.assertEqual(net.server.stop(), 0)
        self.check_old_folder(net, old, signed)

    def check_read_only(self, net, before):
        ready = net.client.get("/readyz")
        self.assertEqual((ready.status, ready.json["ready"]), (503, False))
        self.assertIn("shorter than the last head", ready.json["reasons"][0])
        self.refused(net.post("org.confirm", "orme"), "read_only")
        now = net.client.get("/v1/network").json
        self.assertEqual((now["size"], now["root"]), (before["size"], before["root"]))

    def check_old_folder(self, net, old, signed):
        """It lies beside, as it was, and goes on when it is put back."""
        parent, name = os.path.split(net.folder)
        beside = [one for one in os.listdir(parent) if one.startswith(name + ".before-")]
        self.assertEqual(len(beside), 1, os.listdir(parent))
        folder = os.path.join(parent, beside[0])
        self.assertEqual(tree(folder), old)
        self.serve(net, folder)
        net.add("org.confirm", "orme")
        self.assertEqual(net.client.get("/v1/network").json["size"], signed + 1)

    def secret(self, path):
        """The base64 part of a signer key: PRIVATE+KEY+<name>+<id>+<base64>."""
        found = pathlib.Path(path).read_bytes().strip().split(b"+", 4)[4]
        self.assertGreaterEqual(len(found), 44)
        return found

    def test_the_keys_can_be_left_out(self):
        net = self.started.network()
        self.backup(net, "--without-keys")
        self.assertEqual(sorted(os.listdir(self.copy)), ["aux", "backup", "log"])
        keys = [self.secret(os.path.join(net.folder, "keys", name)) for name in KEY_FILES]
        for path in pathlib.Path(self.copy).rglob("*"):
            if path.is_file():
                for key in keys:
                    self.assertNotIn(key, path.read_bytes(), path)
        self.assertIn("--keys", self.restore(self.target, status=1).stderr)
        self.restore(self.target, "--keys", os.path.join(net.folder, "keys"))
        semd("check", "--dir", self.target)

    def test_usage_and_exit_codes(self):
        net = self.started.network()
        for args, status in ((["backup", "--dir", net.folder], 2),
                             (["backup", "--to", self.copy], 2),
                             (["backup", "--dir", net.folder, "--to", self.copy, "--replace"], 2),
                             (["restore", "--dir", self.target], 2),
                             (["restore", "--from", self.copy, "--dir", self.target, "--to", "x"], 2),
                             (["check", "--dir", net.folder, "--keys", "x"], 2),
                             (["backup", "--dir", self.target, "--to", self.copy], 10),
                             (["backup", "--dir", net.folder, "--to", self.place], 1),
                             (["backup", "--dir", net.folder, "--to", "/proc/copy"], 1),
                             (["restore", "--from", net.folder, "--dir", self.target], 10)):
            with self.subTest(args):
                done = semd(*args, status=status)
                self.assertTrue(done.stderr)
        self.assertEqual(os.listdir(self.place), [])
        for verb in ("backup", "restore"):
            self.assertIn(f"\n  {verb} ", semd("--help").stdout)


class Writing(Copies):
    """A backup while sixteen clients write."""

    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        self.lock = threading.Lock()
        self.told = []              # (moment of the answer, status, reference, text detail)
        self.enough = threading.Event()

    def remember(self, status, ref, detail=None):
        with self.lock:
            self.told.append((time.monotonic(), status, ref, detail))

    def write(self, number):
        """Whole entries, waiting ones that are completed, and texts, until it is enough."""
        net = self.net
        while not self.enough.is_set():
            fields = net.fields("hours.record", "orme", day=day_of(now_ms()), gift=True,
                                shares=[share("noyer", "orme", 1)])
            kind, by = fields.pop("kind"), fields.pop("by")
            for signers in (["orme"], ["noyer", "orme"]):
                answer = net.post(kind, by, signers, **fields)
                self.remember(answer.status, f"{by}/{fields['id']}")
            detail = Detail(net.origin, "need", {"title": f"need of {number}"})
            answer = net.post("need.publish", "orme", details=detail.commit, expires=expires(),
                              minutes=1, public=True, type="space", urgent=False)
            put = net.put_detail(detail, answer.json["ref"])
            self.remember(put.status, answer.json["ref"], detail)

    def backup_amid(self):
        """Gives when the backup began; all writers wrote before, during and after."""
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            writers = [pool.submit(self.write, number) for number in range(CLIENTS)]
            try:
                self.wait_for_more(100)
                began = time.monotonic()
                self.backup(self.net)
                ended = time.monotonic()
                self.wait_for_more(len(self.told) + 100)
            finally:
                self.enough.set()
            for writer in writers:
                writer.result(60)
        self.assertTrue([one for one in self.told if began < one[0] < ended], "nothing during it")
        return began

    def wait_for_more(self, count):
        until = time.monotonic() + 60
        while len(self.told) < count:
            self.assertLess(time.monotonic(), until, "the writers do not get on")
            time.sleep(0.005)

    def test_whatever_was_answered_before_it_began_is_in_it(self):
        net = self.net
        began = self.backup_amid()
        self.assertEqual(net.server.stop(), 0)
        self.restore(self.target)
        semd("check", "--dir", self.target)
        pathlib.Path(self.target, "last-signed").write_text(last_line(self.copy), encoding="utf-8")
        self.serve(net, self.target)
        self.assertEqual(net.client.get("/readyz").status, 200)
        logged = {one["ref"] for one in net.client.pages("/v1/entries?limit=200")}
        orme = net.client.login(net.key("orme"))
        waiting = {one["ref"] for one in orme.pages("/v1/inbox")}
        before = [one for one in self.told if one[0] < began]
        self.assertGreaterEqual(len(before), 100)
        for _, status, ref, detail in before:
            self.assertIn(status, (201, 202))
            self.assertIn(ref, logged if status == 201 else logged | waiting)
            if detail:
                self.assertEqual(orme.get(f"/v1/details/{ref}/details").status, 200)
        self.assertFalse(logged & waiting, "an item whose entry is logged waits no more")
        net.add("org.confirm", "orme")
        self.assertEqual(net.server.stop(), 0)
        semd("check", "--dir", self.target)


class Damage(Copies):
    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        self.publish(self.net, "a lathe")
        leaf = self.net.client.get("/v1/entries/1").json["leaf"]
        self.signature = base64.b64decode(leaf.split()[-1])  # as it lies in the file
        self.backup(self.net)
        self.assertEqual(self.net.server.stop(), 0)

    def change_leaf(self):
        self.change("log/data.mdb", self.signature,
                    self.signature[:-2] + bytes([self.signature[-2] ^ 1]))

    def change(self, name, old, new):
        path = pathlib.Path(self.copy, name)
        data = bytearray(path.read_bytes())
        place = data.rindex(old)
        data[place:place + len(new)] = new
        path.write_bytes(data)

    def refused_and_unchanged(self, *words):
        before = tree(self.net.folder)
        for folder, more in ((self.target, ()), (self.net.folder, ("--replace",))):
            done = self.restore(folder, *more, status=7)
            for word in words:
                self.assertIn(word, done.stderr)
        self.assertEqual(os.listdir(self.place), ["copy"])
        self.assertEqual(os.listdir(os.path.dirname(self.net.folder)), ["net"])
        self.assertEqual(tree(self.net.folder), before)

    def test_a_changed_octet_of_the_log(self):
        self.change_leaf()
        self.refused_and_unchanged("copy/log/data.mdb: not what was backed up")

    def test_a_changed_octet_of_the_side_store(self):
        self.change("aux/data.mdb", b"a lathe", b"a lashe")
        self.refused_and_unchanged("copy/aux/data.mdb: not what was backed up")

    def test_a_file_cut_short(self):
        path = os.path.join(self.copy, "log", "data.mdb")
        os.truncate(path, os.path.getsize(path) - 1)
        self.refused_and_unchanged("copy/log/data.mdb: not what was backed up")

    def test_a_file_that_is_missing(self):
        os.remove(os.path.join(self.copy, "keys", "log.key"))
        self.refused_and_unchanged("copy/keys/log.key")

    def test_a_changed_octet_of_the_file_backup(self):
        self.change("backup", b"size ", b"size_")
        self.refused_and_unchanged("copy/backup: damaged")

    def test_a_changed_leaf_under_sums_made_again(self):
        """Who can write the sums still cannot sign for the members."""
        self.change_leaf()
        path = pathlib.Path(self.copy, "backup")
        lines = path.read_text(encoding="utf-8").splitlines()[:-1]
        sums = tree(self.copy)
        for i, line in enumerate(lines):
            if line.startswith("file "):
                _, _, size, name = line.split(" ")
                lines[i] = f"file {sums[name]} {size} {name}"
        text = "\n".join(lines) + "\n"
        text += "sum " + hashlib.sha256(text.encode()).hexdigest() + "\n"
        path.write_text(text, encoding="utf-8")
        self.refused_and_unchanged("leaf 1: signature_invalid")


class Ending(Copies):
    """Killed, or without room, in the middle: nothing is there, or all."""
    ENTRIES = 300
    KILLS = 12

    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda _: self.net.add("org.confirm", "orme"), range(self.ENTRIES)))
        self.assertEqual(self.net.server.stop(), 0)

    def kill_after(self, seconds, *args):
        """How long it ran to its good end, or None when it was killed."""
        began = time.monotonic()
        with subprocess.Popen([SEMD, *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, env=mortal()) as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            said = process.communicate()[1]
        self.assertIn(process.returncode, (0, -signal.SIGKILL), said)
        return time.monotonic() - began if process.returncode == 0 else None

    def kill_all_over(self, args, look):
        """Kills at moments all over the run; `look` is told whether it was killed. How long a run
        takes changes with what else the machine does, so each that ends tells it again."""
        semd(*args)
        look(False)
        whole = self.kill_after(60, *args)
        self.assertIsNotNone(whole, "it does not end")
        look(False)
        killed = 0
        for i in range(3 * self.KILLS):
            ended = self.kill_after(whole * (i % self.KILLS) / self.KILLS, *args)
            whole = ended or whole
            killed += ended is None
            look(ended is None)
            if i + 1 >= self.KILLS and killed > self.KILLS // 3:
                return
        self.fail(f"nearly all ended before they were killed: {killed}")

    def size_of(self, folder):
        """Of its log, when that is sound: a copy of it is restored. `semd check` itself says no to
        a log that is behind last-signed."""
        copy, again = os.path.join(self.place, "look"), os.path.join(self.place, "again")
        semd("backup", "--dir", folder, "--to", copy)
        done = semd("restore", "--from", copy, "--dir", again)
        semd("check", "--dir", again)
        shutil.rmtree(copy)
        shutil.rmtree(again)
        return int(re.search(r"(\d+) entries", done.stdout).group(1))

    def leftovers(self, folder):
        for name in os.listdir(folder):
            if ".new-" in name:
                shutil.rmtree(os.path.join(folder, name))

    def test_a_backup_that_is_killed(self):
        def look(_):
            self.leftovers(self.place)
            if os.path.exists(self.copy):
                self.restore(self.target)
                semd("check", "--dir", self.target)
            shutil.rmtree(self.copy, ignore_errors=True)
            shutil.rmtree(self.target, ignore_errors=True)
            self.assertEqual(os.listdir(self.place), [])

        self.kill_all_over(["backup", "--dir", self.net.folder, "--to", self.copy], look)
        semd("check", "--dir", self.net.folder)

    def test_what_a_killed_run_left_is_named_and_not_touched(self):
        """By the next one, of whatever name: a killed restore may have left the old folder there."""
        left = [os.path.join(self.place, name) for name in ("monday.new-A1b2C3", "copy.new-000000")]
        others = [os.path.join(self.place, name) for name in (".new-A1b2C3", "a.new-", "b.new-12345")]
        for path in left + others:
            os.mkdir(path)
        pathlib.Path(self.place, "file.new-A1b2C3").write_bytes(b"")
        for said in (self.backup(self.net).stderr, self.restore(self.target).stderr,
                     self.restore(self.target, status=None).stderr):
            for path in left:
                self.assertIn(f"{path}: ", said)
            for path in others + ["file.new"]:
                self.assertNotIn(path, said)
        self.assertTrue(all(os.path.isdir(path) for path in left + others))

    def test_a_restore_that_is_killed(self):
        def look(was_killed):
            self.leftovers(self.place)
            self.assertTrue(was_killed or os.path.exists(self.target))
            if os.path.exists(self.target):
                semd("check", "--dir", self.target)
            shutil.rmtree(self.target, ignore_errors=True)

        self.backup(self.net)
        self.kill_all_over(["restore", "--from", self.copy, "--dir", self.target], look)

    def test_a_restore_in_place_that_is_killed(self):
        """There is a sound folder under the name at every moment, and it knows what was signed."""
        self.backup(self.net)
        restart(self.net, self.started)
        self.net.add("org.confirm", "orme")
        self.assertEqual(self.net.server.stop(), 0)
        signed = pathlib.Path(self.net.folder, "last-signed").read_bytes()
        parent, name = os.path.split(self.net.folder)
        sizes = {self.size_of(self.net.folder)}

        def look(_):
            there = pathlib.Path(self.net.folder, "last-signed").read_bytes()
            self.assertEqual(there, signed)
            sizes.add(self.size_of(self.net.folder))
            self.leftovers(parent)

        args = ["restore", "--from", self.copy, "--dir", self.net.folder, "--replace"]
        self.kill_all_over(args, look)
        self.assertEqual(sizes, {self.ENTRIES + 1, self.ENTRIES + 2})
        self.assertTrue([one for one in os.listdir(parent) if one.startswith(name + ".before-")])
        self.serve(self.net, self.net.folder)
        self.refused(self.net.post("org.confirm", "orme"), "read_only")

    def without_room(self, bytes_, *args):
        """Runs it where a file cannot grow beyond so many bytes; the write fails, as on a full
        disk, because nobody dies of SIGXFSZ."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

        # pylint: disable=subprocess-popen-preexec-fn
        return subprocess.run([SEMD, *args], capture_output=True, text=True, timeout=120,
                              preexec_fn=limit, check=False)

    def test_no_room(self):
        self.backup(self.net)
        size = os.path.getsize(os.path.join(self.copy, "log", "data.mdb"))
        shutil.rmtree(self.copy)
        for bytes_ in (8192, size // 8192 * 4096, size - 4096):
            done = self.without_room(bytes_, "backup", "--dir", self.net.folder, "--to", self.copy)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, "too large|full")
            self.assertEqual(os.listdir(self.place), [])
        self.backup(self.net)
        before = tree(self.net.folder)
        for bytes_ in (8192, size - 4096, size):     # the last is enough to copy, not to rebuild
            done = self.without_room(bytes_, "restore", "--from", self.copy, "--dir",
                                     self.net.folder, "--replace")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, "too large|full|Input/output error")
            self.assertEqual(os.listdir(os.path.dirname(self.net.folder)), ["net"])
            self.assertEqual(tree(self.net.folder), before)


if __name__ == "__main__":
    unittest.main()
