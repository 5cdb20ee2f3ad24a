#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""semctl match and simulate rehearse against a real server and its exported log: what the server
proposes is what anybody computes offline (SPEC 13.5, 19.8, 20.8)."""
import csv
import io
import json
import os
import unittest

import shell
from semclient import DAY_MS, canonical, day_of, now_ms
from shell import NOT_FOUND, OK, USAGE, VERIFY

NAMES = ("need", "provider", "offer", "asker", "minutes", "pool_minutes", "class", "joint",
         "reasons")
MEMBERS = ("aulne", "bouleau", "charme", "erable")


class Case(shell.Case):
    """A network of seven that has exchanged a little; log bundles are for anybody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log = os.path.join(cls.shell.home, "log")
        pubs = {handle: cls.shell.new_key(handle) for handle in MEMBERS}
        cls.lines(cls.founding(public={"bundles": True, "directory": True}),
                  *(cls.admission(handle, pub) for handle, pub in pubs.items()),
                  cls.offer("aulne", "droit"), cls.offer("bouleau", "droit"),
                  cls.offer("charme", "comptabilite"), cls.hours("aulne", "orme", 60),
                  cls.need("charme", "droit", 120), cls.need("erable", "droit", 150),
                  cls.need("aulne", "comptabilite", 120))
        cls.offers, cls.needs = (
            {one["ref"].split("/")[0]: one["ref"] for one in cls.client.get(path).json["items"]}
            for path in ("/v1/offers", "/v1/needs"))

    @staticmethod
    def details(kind, **text):
        return {"details": {"kind": kind, "text": text}}

    @classmethod
    def admission(cls, handle, pub):
        return {"sign": [handle, "noyer"], "details": cls.details("org", name=handle),
                "entry": {"kind": "org.admit", "charter": "c0" * 32, "key": pub,
                          "coordinator": "noyer", "public": True}}

    @classmethod
    def offer(cls, by, skill):
        return {"sign": [by], "details": cls.details("offer", title=skill),
                "entry": {"kind": "offer.publish", "providers": [by], "type": "skill",
                          "skill": skill, "public": True, "expires": now_ms() + 90 * DAY_MS}}

    @classmethod
    def need(cls, by, skill, minutes):
        return {"sign": [by], "details": cls.details("need", title=skill),
                "entry": {"kind": "need.publish", "type": "skill", "skill": skill,
                          "minutes": minutes, "public": True, "urgent": False,
                          "expires": now_ms() + 30 * DAY_MS}}

    @classmethod
    def hours(cls, giver, receiver, minutes, **more):
        return {"sign": [giver, receiver],
                "entry": {"kind": "hours.record", "day": day_of(now_ms()),
                          "shares": [{"from": giver, "minutes": minutes, "to": receiver}],
                          **more}}

    @classmethod
    def lines(cls, *lines):
        done = cls.apply(*lines)
        assert done.returncode == OK, done.stderr

    def proposals(self, handle="noyer", state="open"):
        return [one for one in self.data(handle, "match")
                if one["outcome"] == "proposed" and one["state"] == state]

    def export(self):
        """The size of the log that lies in self.log then."""
        self.check(self.shell.run("log", "export", self.log))
        with open(os.path.join(self.log, "checkpoint"), encoding="utf-8") as file:
            return int(file.read().split("\n")[1])

    def offline(self, *args, status=OK):
        done = self.check(self.shell.run("--json", "match", "compute", *args), status)
        return json.loads(done.stdout) if status == OK else done.stderr

    def same(self, computed, shown):
        cut = [[{name: one[name] for name in NAMES} for one in some]
               for some in (computed["proposals"], shown)]
        self.assertEqual(cut[0], cut[1])
        self.assertGreater(len(shown), 0)


class Offline(Case):
    def test_what_is_proposed_is_what_anybody_computes(self):
        self.do("noyer", "match", "anew")
        shown = self.proposals()
        self.assertEqual({one["need"]: one["provider"] for one in shown},
                         {self.needs["charme"]: "aulne", self.needs["erable"]: "bouleau",
                          self.needs["aulne"]: "charme"})
        size = self.export()
        inputs = os.path.join(self.shell.home, "inputs.json")
        self.do("noyer", "match", "inputs", "-o", inputs)
        with open(inputs, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(text, canonical(json.loads(text)))
        week = json.loads(text)["week"]
        from_log = self.offline(self.log, "--at", str(size), "--week", week)
        self.same(from_log, shown)
        self.assertEqual(from_log, self.offline("--inputs", inputs))
        self.assertEqual(from_log, self.offline(self.log))
        self.assertEqual(from_log["size"], size)
        self.decline_and_grow(size, week, from_log)

    def decline_and_grow(self, size, week, before):
        """What was declined comes from the list of inputs; later entries change nothing."""
        self.do("aulne", "match", "decline", self.needs["charme"])
        self.do("noyer", "match", "anew")
        shown = self.proposals()
        self.assertNotIn((self.needs["charme"], "aulne"),
                         [(one["need"], one["provider"]) for one in shown])
        declined = os.path.join(self.shell.home, "declined.json")
        self.do("noyer", "match", "inputs", "-o", declined)
        computed = self.offline(self.log, "--at", str(size), "--declined", declined)
        self.same(computed, shown)
        self.lines(self.hours("charme", "orme", 30))
        self.assertGreater(self.export(), size)
        self.assertEqual(self.offline(self.log, "--at", str(size), "--week", week), before)
        self.assertNotEqual(self.offline(self.log)["size"], size)

    def test_what_cannot_be_computed_says_why(self):
        size = self.export()
        bad = self.shell.write("bad.json", '{"week":"2026-W54"}')
        for args, words in ((("--inputs", bad), "origin"), ((), "--inputs"),
                            ((self.log, "--inputs", bad), "--inputs"),
                            ((self.log, "--at", str(size + 1)), "entries"),
                            ((self.log, "--week", "2026-W54"), "2026-W54"),
                            ((self.log, "--declined", bad), "declined")):
            self.assertIn(words, self.offline(*args, status=USAGE))
        self.offline("--inputs", bad + ".gone", status=NOT_FOUND)
        self.offline(bad + ".gone", status=NOT_FOUND)

    def test_inputs_of_strangers_cannot_break_it(self):
        """One value after the other is spoilt; the answer is a sentence or a result."""
        self.do("noyer", "match", "anew")
        path = os.path.join(self.shell.home, "spoilt.json")
        self.do("noyer", "match", "inputs", "-o", path)
        with open(path, encoding="utf-8") as file:
            whole = json.load(file)
        ends = {OK: 0, USAGE: 0}
        for spoilt in spoil(whole):
            self.shell.write("spoilt.json", json.dumps(spoilt))
            done = self.shell.run("--json", "match", "compute", "--inputs", path)
            self.assertIn(done.returncode, ends, done.stderr)
            ends[done.returncode] += 1
        self.assertGreater(ends[USAGE], 20)


def spoil(value):
    """Copies of a JSON value in which one part is another; of a list only the first item."""
    for other in (None, -1, 2 ** 60, "x", [], {}, True):
        yield other
    if isinstance(value, dict):
        for name in value:
            yield {key: item for key, item in value.items() if key != name}
            for part in spoil(value[name]):
                yield {**value, name: part}
    if isinstance(value, list) and value:
        for part in spoil(value[0]):
            yield [part, *value[1:]]
        yield [*value, value[0]]


class Verbs(Case):
    def test_accepting_is_signing_the_agreement(self):
        self.do("noyer", "match", "anew")
        need = self.needs["erable"]
        told = self.do("bouleau", "match").stdout
        self.assertIn("bouleau could give erable 2 h 30 min", told)
        self.assertIn("position of bouleau", told)
        self.assertNotIn("position of erable", told)
        ref = self.ref("bouleau", "match", "accept", need)
        self.assertIn("2 h 30 min", self.do("erable", "inbox", "show", ref).stdout)
        self.do("erable", "inbox", "sign", ref)
        agreement, = self.data("erable", "agreement", "list")
        self.assertEqual((agreement["need"], agreement["offer"], agreement["shares"]),
                         (need, self.offers["bouleau"],
                          [{"from": "bouleau", "minutes": 150, "recorded": 0, "to": "erable"}]))
        self.assertEqual(self.data("erable", "match"), [])
        self.do("bouleau", "match", "accept", need, status=NOT_FOUND)
        self.counter_proposal()

    def counter_proposal(self):
        """The asker answers with other minutes; whoever gives signs those or not."""
        need = self.needs["charme"]
        before = self.client.get("/v1/network").json["size"]
        ref = self.ref("charme", "match", "accept", need, "--minutes", "90min", "--title", "Un bail")
        item, = self.data("aulne", "inbox", "list")
        self.assertEqual(item["ref"], ref)
        self.assertEqual(self.client.get("/v1/network").json["size"], before)
        self.assertIn("1 h 30", self.do("aulne", "inbox", "show", ref).stdout)
        self.do("aulne", "inbox", "sign", ref)
        self.assertIn(need, [one["need"] for one in self.proposals(state="accepted")])

    def test_declining_has_no_consequence(self):
        self.do("noyer", "match", "anew")
        need = self.needs["aulne"]
        self.do("orme", "match", "decline", need, status=NOT_FOUND)
        size = self.client.get("/v1/network").json["size"]
        until, = self.data("charme", "match", "decline", need, "--until", "2199-12-31")
        self.assertGreater(until["until_at"], now_ms())
        self.assertNotIn(need, [one["need"] for one in self.data("charme", "match")])
        self.assertEqual(self.proposals(state="declined")[0]["need"], need)
        self.assertEqual(self.client.get("/v1/network").json["size"], size)
        self.assertIn("Nothing is proposed", self.do("orme", "match").stdout)

    def test_loops(self):
        self.lines(self.offer("orme", "droit"), self.need("orme", "comptabilite", 180),
                   self.offer("tilleul", "comptabilite"), self.need("tilleul", "droit", 240))
        loop, = self.data("noyer", "match", "loops")
        self.assertEqual(loop["minutes"], 180)
        self.assertIn("could give each other", self.do("noyer", "match", "loops").stdout)
        self.do("aulne", "match", "loops", status=shell.KEY)


class Rehearsal(Case):
    """A log's own history, and what another parameter would have made of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shares = [{"from": "aulne", "minutes": 150, "to": "erable"}]
        cls.lines({"sign": ["aulne", "erable"], "save": "bail",
                   "details": cls.details("agreement", title="Un bail"),
                   "entry": {"kind": "agreement.sign", "need": cls.needs["erable"],
                             "offer": cls.offers["aulne"], "shares": shares,
                             "expires": now_ms() + 60 * DAY_MS}},
                  cls.hours("aulne", "erable", 150, agreement="$bail"),
                  {"sign": ["erable"],
                   "entry": {"kind": "assertion.balance", "given_pending": 0, "given_posted": 0,
                             "moves": 0, "received_pending": 0, "received_posted": 150}})

    def rehearse(self, *args, handle=None, status=OK):
        more = ("--as", handle) if handle else ()
        return self.check(self.shell.run(*more, "--json", "simulate", "rehearse", self.log, *args),
                          status)

    def test_the_same_rules_give_the_same_year(self):
        size = self.export()
        told = json.loads(self.rehearse("--set", "sheet_stale_days=181").stdout)
        totals = self.client.get("/v1/network").json["totals"]
        self.assertEqual(told["size"], size)
        self.assertEqual(told["before"], told["after"])
        self.assertEqual(told["before"]["exchanges"], totals["exchanges"])
        self.assertEqual(told["before"]["given"], totals["given"])
        self.assertEqual(told["before"]["pool"], totals["pool"])
        self.assertEqual(told["refused"]["entries"], 0)
        items = {one["id"]: one["metrics"]
                 for one in self.client.get("/v1/reciprocity").json["items"]}
        self.assertEqual(told["before"]["displaced_share"],
                         items["displaced"]["displaced_share"]["account"])
        self.assertEqual(told["before"]["comes_round"],
                         items["comes_round"]["comes_round"]["help"])
        self.assertEqual(told["before"]["burden_gini"], items["burden"]["burden_gini"])

    def test_a_narrow_line_refuses_and_what_hangs_on_it_goes_too(self):
        self.export()
        changes = ("--set", "limit_floor_new=60", "--set", "limit_soft=0")
        told = json.loads(self.rehearse(*changes).stdout)
        self.assertEqual(told["set"], {"limit_floor_new": 60, "limit_soft": 0})
        self.assertEqual(told["refused"], {
            "entries": 1, "minutes": 150, "consequences": 2, "consequence_minutes": 150,
            "organisations": 2, "codes": {"limit_crossed": 1, "ref_unknown": 1,
                                          "assertion_false": 1}})
        self.assertEqual(told["before"]["given"] - told["after"]["given"], 150)
        own = json.loads(self.rehearse(*changes, handle="erable").stdout)["refused"]["own"]
        self.assertEqual(own, {"org": "erable", "entries": 3, "minutes": 300})
        other = json.loads(self.rehearse(*changes, handle="orme").stdout)["refused"]["own"]
        self.assertEqual(other, {"org": "orme", "entries": 0, "minutes": 0})

    def test_nobody_else_is_named(self):
        self.export()
        done = self.check(self.shell.run("simulate", "rehearse", self.log, "--set",
                                         "limit_floor_new=60", "--set", "limit_soft=0"))
        self.assertIn("mattered to 2 organisations", done.stdout)
        for handle in MEMBERS:
            self.assertNotIn(handle, done.stdout.lower())

    def test_figures_as_csv(self):
        self.export()
        done = self.check(self.shell.run("simulate", "rehearse", self.log, "--set",
                                         "limit_floor_new=60", "--csv", "-"))
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(list(rows[0]), ["figure", "before", "after"])
        self.assertIn("pool_spent", [row["figure"] for row in rows])

    def test_what_cannot_be_proposed(self):
        self.export()
        for text, words in (("no_such_key=1", "no_such_key"), ("limit_floor_new", "KEY=VALUE"),
                            ("limit_floor_new=0", "limit_floor_new"),
                            ("urgent_never_blocked=0", "entrenched")):
            self.assertIn(words, self.rehearse("--set", text, status=USAGE).stderr)
        self.rehearse(status=USAGE)

    def test_a_log_that_is_not_sound_is_not_rehearsed(self):
        self.export()
        path = os.path.join(self.shell.home, "other")
        os.mkdir(path)
        with open(os.path.join(self.log, "checkpoint"), encoding="utf-8") as file:
            self.shell.write("other/checkpoint", file.read())
        self.shell.write("other/leaves.jsonl", json.dumps("at 1\nnothing") + "\n")
        self.check(self.shell.run("simulate", "rehearse", path, "--set", "limit_floor_new=60"),
                   VERIFY)


if __name__ == "__main__":
    unittest.main()
