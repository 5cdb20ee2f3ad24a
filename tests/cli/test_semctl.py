#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""semctl against a real server: the story of two organisations, every exit code, offline receipts,
and files of many entries (SPEC 13)."""
import base64
import glob
import json
import os
import re
import stat
import unittest

import nacl.bindings
import nacl.pwhash.argon2id
import nacl.signing

import shell
from semclient import DAY_MS, POLICY_DEFAULT, canonical, day_of, new_id, now_ms
from shell import (CONFLICT, KEY, LOCKED, NO_LEDGER, NOT_FOUND, OK, PARTIAL, PASSPHRASE,
                   REFUSED, USAGE, VERIFY)


class Story(shell.Case):
    """One long test, because each step needs the one before."""

    def test_two_organisations_help_each_other(self):
        self.found()
        for handle in ("osier", "sureau"):
            self.shell.new_key(handle)
        self.join()
        offer, need = self.publish()
        agreement = self.agree(offer, need)
        hours = self.help(agreement)
        self.look(agreement, hours)
        self.erase(agreement)
        self.receipts(hours)

    def join(self):
        """osier finds two sponsors, sureau a coordinator."""
        waiting = self.do("osier", "org", "apply", "osier", "--name", "L'Osier", "--summary",
                          "Vannerie sociale", "--city", "Bruxelles", "--sponsors", "noyer,tilleul")
        self.assertIn("noyer", waiting.stderr)
        ref = waiting.stdout.strip()
        for sponsor in ("noyer", "tilleul"):
            item, = self.data(sponsor, "inbox", "list")
            self.assertEqual((item["ref"], item["kind"]), (ref, "org.admit"))
            self.assertIn("Osier", self.do(sponsor, "inbox", "show", ref).stdout)
            done = self.do(sponsor, "org", "admit", "osier")
        self.assertIn("receipt verifies", done.stderr)
        self.do("sureau", "org", "apply", "sureau", "--name", "Le Sureau", "--summary",
                "Comptables", "--coordinator", "noyer", "--public")
        self.do("noyer", "org", "admit", "sureau")
        found = self.data("osier", "org", "list", "--q", "COMPTABLES")
        self.assertEqual([one["handle"] for one in found], ["sureau"])
        self.assertIn("Le Sureau", self.do("osier", "org", "show", "sureau").stdout)

    def publish(self):
        offer = self.ref("sureau", "offer", "publish", "--title", "Comptabilité", "--text", "TVA",
                         "--skill", "comptabilite", "--days", "90", "--minutes-month", "10h")
        need = self.ref("osier", "need", "publish", "--title", "Premier bilan", "--minutes", "6h",
                        "--skill", "comptabilite")
        one, = self.data("osier", "offer", "list", "--skill", "comptabilite")
        self.assertEqual((one["ref"], one["minutes_month"]), (offer, 600))
        self.assertIn("6 h", self.do("sureau", "need", "list").stdout)
        self.assertIn("Premier bilan", self.do("sureau", "need", "show", need).stdout)
        return offer, need

    def agree(self, offer, need):
        ref = self.ref("osier", "agreement", "sign", "--from", "sureau", "--minutes", "5h",
                       "--need", need, "--offer", offer, "--title", "Bilan", "--text", "En juin",
                       "--people", "Anne, Bart", "--days", "60")
        shown = self.do("sureau", "inbox", "show", ref).stdout
        self.assertIn("5 h", shown)
        self.assertIn("En juin", shown)
        signed = self.do("sureau", "inbox", "sign", ref)
        self.assertRegex(signed.stderr, r"Sureau.*5 h.*Osier|Osier.*5 h.*Sureau")
        self.assertEqual(self.data("osier", "agreement", "show", ref)[0]["state"], "live")
        return ref

    def help(self, agreement):
        """2 h 30; what is signed is said in a sentence before."""
        ref = self.ref("sureau", "hours", "record", "--to", "osier", "--minutes", "2h30",
                       "--agreement", agreement, "--text", "Chez vous")
        signed = self.do("osier", "inbox", "sign", ref)
        sentence, receipt = signed.stderr.index("2 h 30"), signed.stderr.index("receipt verifies")
        self.assertLess(sentence, receipt)
        self.assertIn("Chez vous", signed.stderr)
        return ref

    def look(self, agreement, hours):
        giver, receiver = (self.data(one, "position")[0] for one in ("sureau", "osier"))
        self.assertEqual((giver["position"], receiver["position"]), (150, -150))
        self.assertIn("2 h 30", self.do("sureau", "position").stdout)
        self.assertEqual(self.data("noyer", "position", "osier")[0]["received_posted"], 150)
        self.assertEqual([one["ref"] for one in self.data("osier", "statement")][0], hours)
        self.assertEqual(self.data("osier", "pairs")[0]["org"], "sureau")
        self.assertEqual(self.data("osier", "agreement", "list")[0]["recorded"], 150)
        self.assertEqual(self.data("osier", "network")[0]["totals"]["given"], 150)
        self.assertEqual(len(self.data("osier", "policy")), 63)
        self.assertEqual([one["slug"] for one in self.data("osier", "skills")],
                         ["comptabilite", "droit"])
        size = self.data("osier", "network")[0]["size"]
        self.assertEqual(len(self.data("osier", "entries", "list")), size)
        one, = self.data("osier", "entry", "show", hours)
        self.assertEqual(one["kind"], "hours.record")
        self.assertNotIn("debt", (self.do("osier", "position").stdout +
                                  self.do("osier", "statement").stdout).lower())

    def erase(self, agreement):
        shown = self.do("sureau", "details", "get", agreement, "people").stdout
        self.assertIn("Anne, Bart", shown)
        self.do("osier", "details", "erase", agreement, "people")
        self.do("sureau", "details", "get", agreement, "people", status=NOT_FOUND)

    def receipts(self, hours):
        """Kept beside the key, and verified when no server is there any more."""
        index = self.data("osier", "entry", "show", hours)[0]["index"]
        proof = f"{self.shell.path('osier')}.receipts/{index}.tlog-proof"
        self.assertTrue(os.path.exists(proof))
        verifier = self.data("osier", "network")[0]["keys"]["log_verifier"]
        self.assertEqual(self.server.stop(), 0)
        good = self.check(self.shell.run("receipt", "verify", proof))
        self.assertIn("2 h 30", good.stdout)
        told = self.check(self.shell.run("--json", "receipt", "verify", proof, "--log-key",
                                         verifier))
        self.assertEqual(json.loads(told.stdout)["index"], index)
        self.check(self.shell.signed("osier", "position"), NO_LEDGER)
        for name in (proof, proof.replace(".tlog-proof", ".leaf")):
            self.tamper(name, proof)
        other = verifier[:-4] + ("AAA=" if not verifier.endswith("AAA=") else "BBA=")
        wrong = self.shell.run("receipt", "verify", proof, "--log-key", other)
        self.assertIn(wrong.returncode, (USAGE, VERIFY))
        self.check(self.shell.run("receipt", "verify", proof + ".gone", "--log-key", verifier),
                   NOT_FOUND)

    def tamper(self, name, proof):
        """Every tenth byte changed by a bit: never verified."""
        with open(name, "rb") as file:
            whole = file.read()
        for place in range(0, len(whole), max(1, len(whole) // 25)):
            with open(name, "wb") as file:
                file.write(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
            with self.subTest(name=os.path.basename(name), byte=place):
                self.check(self.shell.run("receipt", "verify", proof), VERIFY)
        with open(name, "wb") as file:
            file.write(whole)
        self.check(self.shell.run("receipt", "verify", proof))


class Exits(shell.Case):
    """Each exit code of SPEC 13.1 from what causes it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found()

    def test_refused_is_1(self):
        size = self.client.get("/v1/network").json["size"]
        done = self.do("orme", "hours", "record", "--from", "noyer", "--minutes", "16h",
                       status=REFUSED)
        self.assertIn("limit_crossed", done.stderr)
        self.assertIn("gift", done.stderr)
        for words in ("at most 15 h more for Orme",
                      "found: 16 h, after which the position of Orme would be -16 h",
                      "the most that Orme may receive beyond what it gave is 15 h"):
            self.assertIn(words, done.stderr)
        self.assertNotIn("hard stop", done.stderr)
        problem, = self.data("orme", "offer", "publish", "--title", "x", "--skill", "jardinage",
                             status=REFUSED)
        self.assertEqual(problem["code"], "skill_unknown")
        self.assertEqual(self.client.get("/v1/network").json["size"], size)

    def test_usage_is_2(self):
        for args in (["nothing"], ["hours", "give"], ["hours", "record"], ["--no-such-option"],
                     ["hours", "record", "--to", "noyer", "--minutes", "soon"],
                     ["hours", "record", "--to", "No Handle", "--minutes", "1h"],
                     ["offer", "renew"], ["offer", "renew", "not-a-ref"], ["org", "show", "a", "b"],
                     ["--valid-days", "91", "org", "confirm"], ["apply", "-"],
                     ["--url", "gopher://x", "network"],
                     ["--passphrase-fd", "x", "org", "confirm"]):
            with self.subTest(args):
                done = self.do("orme", *args, status=USAGE)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr.startswith("semctl: "), done.stderr)
        self.assertIn("hours", self.do("orme", "huors", status=USAGE).stderr)

    def test_a_title_says_something(self):
        for noun, verb, *rest in (("offer", "publish", "--skill", "droit"),
                                  ("need", "publish", "--skill", "droit", "--minutes", "1h"),
                                  ("agreement", "sign", "--from", "noyer", "--minutes", "1h")):
            for title in ("", " \t "):
                with self.subTest(noun=noun, title=title):
                    done = self.do("orme", noun, verb, "--title", title, *rest, status=USAGE)
                    self.assertIn("--title", done.stderr)

    def test_a_search_is_bounded(self):
        self.do("orme", "org", "list", "-q", "é" * 51, status=USAGE)
        self.do("orme", "org", "list", "-q", "é" * 50)

    def test_moments_of_a_refusal_are_dates(self):
        done = self.do("orme", "offer", "publish", "--title", "x", "--skill", "droit", "--days",
                       "3000", status=REFUSED)
        self.assertRegex(done.stderr, r"expected: after \d+ \w+ 20\d\d, \d\d:\d\d UTC, at most")
        self.assertRegex(done.stderr, r"found: \d+ \w+ 20\d\d, \d\d:\d\d UTC\n")
        self.assertNotRegex(done.stderr, r"\d{13}")

    def test_who_may_read_is_said_once(self):
        done = self.do("orme", "statement", "noyer", status=KEY)
        self.assertEqual(len(done.stderr.splitlines()), 2, done.stderr)
        self.assertNotIn("SPEC", self.check(self.shell.run("inbox", "list"), KEY).stderr)

    def test_a_wrong_key_is_4(self):
        self.shell.new_key("personne")
        self.do("personne", "inbox", "list", status=NOT_FOUND)
        path = self.shell.path("personne")
        as_orme = ("--key", path, "--as", "orme", "--yes", "--no-input", "--passphrase-file",
                   self.shell.passphrase)
        self.check(self.shell.run(*as_orme, "inbox", "list"), KEY)
        self.check(self.shell.run(*as_orme, "org", "confirm"), KEY)
        self.check(self.shell.run("inbox", "list"), KEY)
        self.do("orme", "position", "noyer", status=KEY)
        damaged = self.shell.write("damaged.semkey", '{"v":1}\n')
        self.check(self.shell.run("key", "show", damaged), KEY)

    def test_not_found_is_5(self):
        unknown = "orme/" + "01919f2e4b5a7c3d8e9f0a1b2c3d4e5f"
        self.do("orme", "org", "show", "personne", status=NOT_FOUND)
        self.do("orme", "entry", "show", unknown, status=NOT_FOUND)
        self.do("orme", "inbox", "sign", unknown, status=NOT_FOUND)
        self.do("orme", "offer", "withdraw", unknown, status=NOT_FOUND)
        self.check(self.apply_missing(), NOT_FOUND)

    def apply_missing(self):
        return self.shell.run("apply", "/nowhere/lines", "--keys", self.shell.home)

    def test_conflict_is_6(self):
        self.check(self.shell.run("key", "new", self.shell.path("orme"), "--passphrase-file",
                                  self.shell.passphrase), CONFLICT)
        ref = self.ref("orme", "offer", "publish", "--title", "Droit", "--skill", "droit")
        self.do("orme", "offer", "withdraw", ref)
        self.do("orme", "offer", "withdraw", ref, status=CONFLICT)

    def test_another_log_is_7(self):
        """The key's network file remembers the log; a server with another key is not believed."""
        self.do("orme", "position")
        other = self.started.serve(self.started.init())
        done = self.shell.signed("orme", "--url", other.url, "org", "confirm")
        self.check(done, VERIFY)
        self.assertIn("othing was signed", done.stderr)

    def test_nothing_there_is_10(self):
        for url in ("http://127.0.0.1:1", "unix:/nowhere/socket"):
            self.check(self.shell.signed("orme", "--url", url, "network"), NO_LEDGER)

    def test_a_wrong_passphrase_is_12(self):
        wrong = self.shell.write("wrong", "une autre phrase\n")
        for given in (["--passphrase-file", wrong], ["--passphrase-file", "/nowhere"],
                      ["--passphrase-file", "/dev/null"], ["--no-input"]):
            with self.subTest(given):
                done = self.shell.run("--key", self.shell.path("orme"), "--yes", *given, "position")
                self.check(done, PASSPHRASE)

    def test_a_read_only_ledger_is_11(self):
        """SPEC 14.4 seen from outside: the head that was signed is not in this tree."""
        folder = self.started.init()
        with open(os.path.join(folder, "last-signed"), "w", encoding="ascii") as file:
            file.write("5 " + "ab" * 32 + "\n")
        server = self.started.serve(folder)
        done = self.shell.run("--url", server.url, "apply", "-", "--keys", self.shell.home,
                              "--passphrase-file", self.shell.passphrase,
                              stdin=json.dumps(self.founding()) + "\n")
        self.check(done, LOCKED)
        self.assertIn("read_only", done.stderr)

    def test_logged_without_a_kept_receipt_is_3(self):
        self.shell.write("tilleul.semkey.receipts", "a file where the folder should be\n")
        size = self.client.get("/v1/network").json["size"]
        done = self.do("tilleul", "org", "confirm", status=PARTIAL)
        self.assertIn("receipt", done.stderr)
        self.assertEqual(self.client.get("/v1/network").json["size"], size + 1)

    def test_without_consent_nothing_is_signed(self):
        size = self.client.get("/v1/network").json["size"]
        done = self.shell.run("--key", self.shell.path("orme"), "--passphrase-file",
                              self.shell.passphrase, "org", "confirm")
        self.check(done, REFUSED)
        self.assertEqual(self.client.get("/v1/network").json["size"], size)

    def test_help_is_on_stdout(self):
        for args in ([], ["help"], ["help", "hours"], ["hours", "--help"],
                     ["hours", "record", "--help"]):
            with self.subTest(args):
                done = self.check(self.shell.run(*args))
                self.assertIn("semctl", done.stdout)
                self.assertEqual(done.stderr, "")
                for word in ("debt", "debit", "credit"):
                    self.assertNotIn(word, done.stdout.lower())


class Balance(shell.Case):
    """Where an organisation stands, under its own signature and under a seal (SPEC 13.4)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = cls.apply(cls.founding(policy={**POLICY_DEFAULT, "seal_every": 16}))
        assert done.returncode == OK, done.stderr

    def give(self, minutes):
        """noyer helps orme."""
        ref = self.ref("noyer", "hours", "record", "--to", "orme", "--minutes", minutes)
        self.do("orme", "inbox", "sign", ref)

    def seal(self):
        """Goes on until the balances are sealed with all that was recorded."""
        while True:
            self.do("tilleul", "org", "confirm")
            last = self.data("tilleul", "entries", "list")[-1]
            if last["kind"] == "seal.balances":
                return last

    def test_figures_are_asserted_and_then_proven(self):
        self.asserted()
        self.proven()

    def asserted(self):
        """As shown or as given; the log takes nothing else."""
        self.give("1h30")
        self.give("30min")
        done = self.do("noyer", "position", "assert")
        self.assertIn("Noyer states: it gave 2 h and received 0 min", done.stderr)
        entry, = self.data("noyer", "entry", "show", done.stdout.strip())
        self.assertEqual((entry["kind"], entry["fields"]["given_posted"]),
                         ("assertion.balance", 120))
        self.do("orme", "position", "assert", "--gave", "0", "--received", "2h", "--promised", "0",
                "--promised-to-us", "0", "--moves=0")
        size = self.client.get("/v1/network").json["size"]
        done = self.do("orme", "position", "assert", "--received", "1h", status=REFUSED)
        for words in ("assertion_false", "received_posted", "expected: 2 h", "found: 1 h"):
            self.assertIn(words, done.stderr)
        problem, = self.data("orme", "position", "assert", "--moves=-5", status=REFUSED)
        self.assertEqual((problem["code"], problem["field"], problem["found"]),
                         ("assertion_false", "moves", "-5"))
        for wrong in ("--gave=-5", "--gave=soon", "--moves=x", "--received="):
            with self.subTest(wrong):
                self.do("orme", "position", "assert", wrong, status=USAGE)
        self.assertEqual(self.client.get("/v1/network").json["size"], size)

    def proven(self):
        """A proof is checked without a server."""
        done = self.shell.signed("orme", "position", "--", "check")
        self.check(done, NOT_FOUND)     # an organisation of that name
        self.assertIn("no such organisation", done.stderr)
        self.give("45min")
        seal = self.seal()
        path = os.path.join(self.shell.home, "orme.balance")
        done = self.do("orme", "position", "prove", "-o", path)
        self.assertIn("position check", done.stderr)
        with open(path, encoding="utf-8") as file:
            proof = json.load(file)
        self.assertEqual(proof, self.data("orme", "position", "prove")[0])
        position = self.data("orme", "position")[0]["position"]
        verifier = self.data("orme", "network")[0]["keys"]["log_verifier"]
        told = self.check(self.shell.run("--url", "unix:/nowhere", "--json", "position", "check",
                                         path, "--log-key", verifier))
        shown = json.loads(told.stdout)
        self.assertEqual((shown["org"], shown["position"], shown["size"], shown["at"]),
                         ("orme", position, seal["index"], seal["at"]))
        done = self.check(self.shell.run("--key", self.shell.path("orme"), "position", "check",
                                         path))
        self.assertRegex(done.stdout, r"Verified: Orme had given .* it stood at -")
        self.wrong(path, proof, verifier)

    def wrong(self, path, proof, verifier):
        """Whatever is changed, the proof says nothing any more."""
        check = ("position", "check", path, "--log-key")
        balance = proof["balance"]
        changed = [dict(proof, balance=balance.replace('"received_posted":', '"received_posted":1')),
                   dict(proof, index=proof["index"] - 1), dict(proof, path=proof["path"][:-1]),
                   dict(proof, accounts=proof["accounts"] + 1), dict(proof, origin="other.example"),
                   dict(proof, seal=proof["seal"].replace('"accounts":4', '"accounts":5')),
                   dict(proof, receipt=proof["receipt"].replace("index 1", "index 2")),
                   dict(proof, more=1), [], "x"]
        for one in changed:
            self.shell.write("orme.balance", json.dumps(one))
            with self.subTest(str(one)[:60]):
                done = self.check(self.shell.run(*check, verifier), VERIFY)
                self.assertIn("proves nothing", done.stderr)
        self.shell.write("orme.balance", json.dumps(proof))
        self.check(self.shell.run(*check, verifier))
        other = self.started.serve(self.started.init()).client()
        other = other.get("/v1/network").json["keys"]["log_verifier"]
        self.check(self.shell.run(*check, other), VERIFY)
        self.check(self.shell.run(*check, "nonsense"), USAGE)
        self.check(self.shell.run("position", "check", path), USAGE)
        self.check(self.shell.run("position", "check", path + ".gone", "--log-key", verifier),
                   NOT_FOUND)


class Decisions(shell.Case):
    """The pool, status, promises and steps (SPEC 6.13 to 6.16), as people use them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        until = now_ms() + 900 * DAY_MS
        mandates = [{"org": org, "role": role, "until": until} for org, role in (
            ("noyer", "coordinator"), ("noyer", "panel"), ("tilleul", "panel"))]
        done = cls.apply(cls.founding(mandates=mandates))
        assert done.returncode == OK, done.stderr

    def fields(self, ref):
        return self.data("noyer", "entry", "show", ref)[0]["fields"]

    def both(self, ref):
        return self.do("tilleul", "inbox", "sign", ref)

    def test_hours_go_to_the_pool(self):
        ref = self.ref("orme", "hours", "record", "--to", "tilleul", "--minutes", "2h")
        self.do("tilleul", "inbox", "sign", ref)
        done = self.do("orme", "pool", "give", "2h30", status=REFUSED)
        for words in ("pool_over_position", "at most 120 minutes", "found: 2 h 30 min"):
            self.assertIn(words, done.stderr)
        done = self.do("orme", "pool", "give", "1h30")
        self.assertIn("gives 1 h 30 min", done.stderr)
        self.assertEqual(self.data("orme", "position")[0]["position"], 30)
        self.assertEqual(self.data("orme", "statement")[0]["moves"], -90)

    def test_a_status_is_granted_and_ended(self):
        ref = self.ref("noyer", "status", "grant", "orme", "--panel", "tilleul", "--reason",
                       "A grant ended", "--class", "2", "--pool", "250", "--levy", "500",
                       "--days", "100")
        shown = self.both(ref)
        self.assertIn("the common pool carries up to 25 % of them", shown.stderr)
        self.assertIn("A grant ended", shown.stderr)
        fields = self.fields(ref)
        self.assertEqual((fields["panel"], fields["class"], fields["pool_permille"],
                          fields["levy_permille"]), (["noyer", "tilleul"], 2, 250, 500))
        for reader in ("noyer", "tilleul", "orme"):
            self.assertIn("A grant ended", self.do(reader, "details", "get", ref, "reason").stdout)
        self.do("orme", "status", "end")
        self.do("orme", "status", "end", status=CONFLICT)

    def test_an_urgency_beyond_the_quota(self):
        for number in range(3):
            need = self.ref("orme", "need", "publish", "--title", "Salle", "--minutes", "1h",
                            "--type", "space", "--urgent")
            if number < 2:
                self.do("noyer", "need", "vouch", need)
        self.assertIn("urgent_quota", self.do("noyer", "need", "vouch", need, status=REFUSED).stderr)
        ref = self.ref("noyer", "need", "vouch", need, "--panel", "tilleul")
        self.both(ref)
        self.assertEqual(self.fields(ref)["panel"], ["tilleul"])

    def test_steps_need_a_ground_and_promises_may_have_a_cosigner(self):
        done = self.do("noyer", "step", "set", "orme", "2", "--reason", "why", status=REFUSED)
        self.assertIn("step_unfounded", done.stderr)
        done = self.do("noyer", "step", "set", "orme", "3", "--reason", "why", status=USAGE)
        self.assertIn("panel", done.stderr)
        for arguments in (("set", "orme", "5", "--reason", "why"), ("set", "orme", "2"),
                          ("end",)):
            self.do("noyer", "step", *arguments, status=USAGE)
        self.assertIn("already_closed", self.do("orme", "step", "appeal", status=CONFLICT).stderr)
        self.assertIn("already_closed",
                      self.do("noyer", "step", "end", "orme", status=CONFLICT).stderr)
        ref = self.ref("orme", "agreement", "sign", "--to", "noyer", "--minutes", "1h", "--title",
                       "Bilan", "--cosigner", "tilleul")
        self.do("noyer", "inbox", "sign", ref)
        self.assertIn("Tilleul stands beside the promise", self.both(ref).stderr)
        self.assertIn("nothing_broken",
                      self.do("noyer", "promise", "excuse", ref, status=CONFLICT).stderr)

    def test_what_an_organisation_can_give_and_how_large_it_is(self):
        self.assertNotIn("full-time", self.do("tilleul", "org", "show", "tilleul").stdout)
        for capacity, fte, fields, told_of in (
                ("10h", "2,5", (600, 250), {"can give a month": "10 h", "full-time persons": "2.50"}),
                ("0", "12", (0, 1200), {"can give a month": "0 min", "full-time persons": "12.00"})):
            ref = self.ref("orme", "org", "update", "--capacity", capacity, "--fte", fte)
            shown = self.fields(ref)
            self.assertEqual((shown["capacity"], shown["fte"]), fields)
            told = self.do("orme", "org", "show", "orme").stdout
            for label, said in told_of.items():
                self.assertRegex(told, rf"(?m)^{label} +{re.escape(said)}$")
        for wrong in (("--fte", "2.555"), ("--fte", "x"), ("--fte", "1."), ("--capacity", "much")):
            self.do("orme", "org", "update", *wrong, status=USAGE)


class Warnings(shell.Case):
    """What we may want to know before we sign, though nothing forbids it (SPEC 18.12)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        policy = {**POLICY_DEFAULT, "pair_cap_minutes": 300, "limit_ceiling": 450}
        done = cls.apply(cls.founding(policy=policy))
        assert done.returncode == OK, done.stderr

    def test_much_from_one_and_a_giver_above_its_ceiling(self):
        for giver in ("noyer", "orme", "tilleul"):
            self.do(giver, "offer", "publish", "--skill", "droit", "--title", "Conseil")
        record = ("hours", "record", "--minutes", "5h", "--skill", "droit")
        much = "100.0 % of what orme received in a year would come from tilleul"
        above = "tilleul would have given 10 h more than it received"
        others = "The same is also offered by noyer."
        told = self.do("orme", *record, "--from", "tilleul")
        for words in (much, others):
            self.assertIn(words, told.stderr)
        self.assertNotIn("would have given", told.stderr)
        self.assertNotIn("would come from", self.do("orme", "hours", "record", "--from", "tilleul",
                                                    "--minutes", "4h59").stderr)
        signed = self.do("tilleul", "inbox", "sign", told.stdout.strip())
        self.assertNotIn("would", signed.stderr)
        told = self.do("tilleul", *record, "--to", "orme")
        for words in (above, others):
            self.assertIn(words, told.stderr)
        self.assertNotIn(much, told.stderr)
        told = self.do("orme", "inbox", "sign", told.stdout.strip())
        self.assertIn(much, told.stderr)
        self.assertNotIn("than it received", told.stderr)


class Keys(shell.Case):
    """Key files (SPEC 13.2), opened by a program that shares nothing with semctl."""

    def test_a_key_file_is_what_the_specification_says(self):
        path = self.shell.path("orme")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, encoding="utf-8") as file:
            line = file.read()
        fields = json.loads(line)
        self.assertEqual(line.rstrip("\n"), canonical(fields))
        self.assertEqual({name: fields[name] for name in ("kdf", "m", "t", "p", "v")},
                         {"kdf": "argon2id", "m": 65536, "t": 3, "p": 1, "v": 1})
        box, nonce, salt, pub = (base64.b64decode(fields[name], validate=True)
                                 for name in ("box", "nonce", "salt", "pub"))
        phrase = "quatre petits mots ensemble".encode()
        key = nacl.pwhash.argon2id.kdf(32, phrase, salt, opslimit=3, memlimit=65536 * 1024)
        open_fields = {name: value for name, value in fields.items() if name != "box"}
        seed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            box, canonical(open_fields).encode(), nonce, key)
        self.assertEqual(bytes(nacl.signing.SigningKey(seed).verify_key), pub)
        self.assertEqual(pub.hex(), self.pubs["orme"])

    def test_the_passphrase_can_change(self):
        self.shell.new_key("passage")
        fresh = self.shell.write("fresh", "une phrase neuve\n")
        path = self.shell.path("passage")
        self.check(self.shell.run("key", "passwd", path, "--passphrase-file", self.shell.passphrase,
                                  "--new-passphrase-file", fresh))
        self.check(self.shell.run("key", "passwd", path, "--passphrase-file", self.shell.passphrase,
                                  "--new-passphrase-file", fresh), PASSPHRASE)
        self.check(self.shell.run("key", "passwd", path, "--passphrase-file", fresh,
                                  "--new-passphrase-file", self.shell.passphrase))

    def test_a_file_that_is_no_key_gets_no_network(self):
        os.mkdir(os.path.join(self.shell.home, "folder.semkey"))
        self.shell.write("empty.semkey", "")
        self.shell.write("broken.semkey", '{"v":1}\n')
        for name in ("folder", "empty", "broken"):
            with self.subTest(name):
                self.check(self.shell.run("--key", self.shell.path(name), "network"), KEY)
                self.assertFalse(os.path.exists(self.shell.path(name) + ".network.json"))
        self.check(self.shell.run("--key", self.shell.path("noyer"), "network"))
        self.assertTrue(os.path.exists(self.shell.path("noyer") + ".network.json"))

    def test_an_open_key_file_is_told(self):
        self.shell.new_key("ouvert")
        path = self.shell.path("ouvert")
        self.assertEqual(self.check(self.shell.run("key", "show", path)).stderr, "")
        os.chmod(path, 0o640)
        for args in (["key", "show", path], ["key", "sheet", path, "--passphrase-file",
                                             self.shell.passphrase]):
            done = self.check(self.shell.run(*args))
            self.assertEqual(done.stderr.count("chmod 600 " + path), 1, done.stderr)
            self.assertEqual(self.check(self.shell.run("--quiet", *args)).stderr, "")
        signed = self.do("ouvert", "inbox", "list", status=NOT_FOUND)
        self.assertEqual(signed.stderr.count("chmod 600"), 1, signed.stderr)

    def test_a_touched_key_file_does_not_open(self):
        self.shell.new_key("touche")
        path = self.shell.path("touche")
        with open(path, encoding="utf-8") as file:
            fields = json.load(file)
        fields["label"] = "another"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(fields, file)
        done = self.shell.run("key", "passwd", path, "--passphrase-file", self.shell.passphrase,
                              "--new-passphrase-file", self.shell.passphrase)
        self.assertIn(done.returncode, (KEY, PASSPHRASE))


class Apply(shell.Case):
    """Many entries from JSON lines (SPEC 13.3)."""

    def publish(self, by, title, **more):
        fields = {"kind": "offer.publish", "providers": [by], "type": "skill", "skill": "droit",
                  "public": True, "expires": now_ms() + 30 * DAY_MS}
        return {"sign": [by], "entry": {**fields, **more}, "save": title,
                "details": {"details": {"kind": "offer", "text": {"title": title}}}}

    def hours(self, giver, receiver, minutes, **more):
        shares = [{"from": giver, "minutes": minutes, "to": receiver}]
        day = day_of(now_ms())
        return {"sign": [receiver, giver],
                "entry": {"kind": "hours.record", "day": day, "shares": shares, **more}}

    def test_lines(self):
        self.assertFalse(self.client.get("/v1/network").json["founded"])
        need = {"sign": ["orme"], "save": "besoin", "entry": {
            "kind": "need.publish", "type": "skill", "skill": "droit", "minutes": 60,
            "public": True, "urgent": False, "expires": now_ms() + DAY_MS},
            "details": {"details": {"kind": "need", "text": {"title": "Statuts"}}}}
        whole = [self.founding(), self.publish("noyer", "offre"), need,
                 self.hours("noyer", "orme", 60, need="$besoin"),
                 {"sign": ["noyer"], "entry": {"kind": "offer.withdraw", "offer": "$offre"}}]
        done = self.check(self.apply(*whole, args=["--json"]))
        self.assertEqual(json.loads(done.stdout.splitlines()[-1])["applied"], len(whole))
        network = self.client.get("/v1/network").json
        self.assertEqual((network["size"], network["totals"]["given"]), (5, 60))
        met, = self.client.pages("/v1/needs?state=all")
        self.assertEqual((met["state"], met["text"]["title"]), ("met", "Statuts"))
        gone, = self.client.pages("/v1/offers?state=all")
        self.assertEqual(gone["state"], "withdrawn")
        self.refusal_names_the_line()
        self.repeated_with_ids()
        self.slips_cost_nothing()

    def refusal_names_the_line(self):
        size = self.client.get("/v1/network").json["size"]
        done = self.apply(self.hours("noyer", "orme", 10), "", self.hours("noyer", "orme", 5000),
                          self.hours("noyer", "orme", 10))
        self.check(done, REFUSED)
        self.assertIn("line 3", done.stderr)
        self.assertIn("limit_crossed", done.stderr)
        self.assertEqual(self.client.get("/v1/network").json["size"], size + 1)
        done = self.apply(self.hours("noyer", "orme", 10, need="$nowhere"))
        self.assertNotEqual(done.returncode, OK)
        self.assertIn("line 1", done.stderr)
        self.assertIn("$nowhere", done.stderr)

    def repeated_with_ids(self):
        """Ids, times and salts given: a second run changes nothing."""
        moment = now_ms()
        line = self.hours("noyer", "orme", 15, id=new_id(),
                          valid_until=moment + DAY_MS)
        for known in (0, 1):
            done = self.check(self.apply(line, args=["--json"]))
            told = json.loads(done.stdout.splitlines()[-1])
            self.assertEqual((told["known"], told["applied"]), (known, 1 - known))

    def slips_cost_nothing(self):
        """A line that is no JSON, a key that is not there: found before anything is sent."""
        size = self.client.get("/v1/network").json["size"]
        good = self.hours("noyer", "orme", 1)
        for bad, status in (("{nonsense", USAGE), ('{"entry":{}}', USAGE), ('[]', USAGE),
                            ({**good, "detials": {}}, USAGE),
                            (self.hours("noyer", "absent", 1), NOT_FOUND)):
            with self.subTest(str(bad)[:40]):
                done = self.apply(good, bad)
                self.assertIn(done.returncode, (status, KEY), done.stderr)
                self.assertNotIn("in the log", done.stderr)
        done = self.check(self.apply(good, {**good, "detials": {}}), USAGE)
        self.assertIn('line 2: "detials"', done.stderr)
        self.assertEqual(self.client.get("/v1/network").json["size"], size)

    def test_no_secret_is_left_anywhere(self):
        """The passphrase stands in its file alone."""
        for path in glob.glob(self.shell.home + "/**", recursive=True):
            if os.path.isfile(path) and path != self.shell.passphrase:
                with open(path, "rb") as file:
                    self.assertNotIn(b"petits mots", file.read(), path)


if __name__ == "__main__":
    unittest.main()
