#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""semctl simulate, end to end: it needs neither server nor key (SPEC 20)."""
import csv
import io
import json
import os
import pathlib
import re
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import shell
from shell import OK, REFUSED, USAGE, VERIFY

ROWS = ["imitation", "uniform", "imitation_floor", "uniform_floor", "imitation_both",
        "uniform_both", "least_asked", "least_floor", "pool_none", "pool_half", "pool_all"]
CLASSES = ("e", "r", "f")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.shell = shell.Shell(folder.name, "http://127.0.0.1:1")

    def simulate(self, *args, status=OK):
        done = self.shell.run("simulate", *args)
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def lines(self, *args, status=OK):
        done = self.simulate(*args, "--json", status=status)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def csv(self, *args):
        return list(csv.DictReader(io.StringIO(self.simulate(*args, "--csv", "-").stdout)))

    def path(self, name):
        return os.path.join(self.shell.home, name)


class Theory(Case):
    def test_every_figure_is_as_expected(self):
        shown = self.simulate("theory").stdout
        self.assertRegex(shown.splitlines()[-1], r"^(\d+) of \1 figures as expected$")
        for test in range(1, 10):
            self.assertIn(f"T{test} ", shown)
        self.assertNotIn(" NO", shown)

    def test_one_test_alone_and_in_json(self):
        found = self.lines("theory", "--test", "5", "--seed", "3")
        self.assertEqual({one["test"] for one in found}, {"T5"})
        for one in found:
            self.assertTrue(one["low"] <= one["found"] <= one["high"] and one["ok"], one)
        again = self.lines("theory", "--test", "5", "--seed", "3")
        self.assertEqual(found, again)
        self.assertNotEqual(found, self.lines("theory", "--test", "5", "--seed", "4"))

    def test_what_cannot_be_asked(self):
        for args in (("--test", "10"), ("--test", "0"), ("--seed", "-1"), ("--seed", "x"), ("word",)):
            self.assertEqual(self.simulate("theory", *args, status=USAGE).stdout, "")


class Experiment(Case):
    def test_the_table_beside_the_published_figures(self):
        shown = self.simulate("experiment", "--seeds", "20").stdout
        self.assertEqual(shown.count("published  "), 20)
        self.assertEqual(shown.count("    standard error "), 22)
        self.assertIn("0.500 a week; 20 worlds from seed 1", shown)
        self.assertIn("1.100 a week", shown)
        far, all_of = re.search(r"(\d+) of (\d+) figures lie further", shown).groups()
        self.assertEqual(all_of, "140")
        self.assertLessEqual(int(far), 3)
        for line in shown.splitlines():
            self.assertLessEqual(len(line), 88, line)

    def test_another_setting_has_no_published_figures(self):
        for args in (("--a", "0.4"), ("--l", "10h"), ("--orgs", "30"), ("--f", ".6")):
            shown = self.simulate("experiment", "--seeds", "2", "--rows", "pool_half", *args).stdout
            self.assertNotIn("published", shown, args)

    def test_json_has_a_row_for_all_rules_and_all_figures(self):
        rows = self.lines("experiment", "--seeds", "3", "--f", "0.5")
        self.assertEqual([row["row"] for row in rows], ROWS)
        one = rows[ROWS.index("pool_half")]
        self.assertEqual((one["seeds"], one["seed"], one["needs_fragile_milli"]), (3, 1, 500))
        self.assertEqual(set(one["mean_milli"]), set(one["standard_error_milli"]))
        self.assertGreater(one["table_milli"]["served"], 950)
        self.assertGreater(one["mean_milli"]["comes_round_account"],
                           one["mean_milli"]["comes_round"])

    def test_csv_adds_up_and_agrees_with_the_means(self):
        args = ("experiment", "--seeds", "3", "--seed", "40", "--f", "1.1")
        rows = self.csv(*args)
        self.assertEqual(len(rows), 3 * len(ROWS))
        self.assertEqual([(row["seed"], row["row"]) for row in rows],
                         [(str(seed), row) for seed in (40, 41, 42) for row in ROWS])
        for row in rows:
            self.check_row(row)
        means = {one["row"]: one["mean_milli"] for one in self.lines(*args)}
        for name in ROWS:
            of = [int(row["distance"]) for row in rows if row["row"] == name]
            self.assertAlmostEqual(means[name]["distance"] / 1000, sum(of) / 3, delta=.001)

    def check_row(self, row):
        n = {key: int(value) for key, value in row.items()
             if key not in ("row", "pool_path") and value != ""}
        for c in CLASSES:
            self.assertEqual(n[f"asked_{c}"], n[f"served_{c}"] + n[f"at_floor_{c}"] +
                             n[f"no_provider_{c}"])
            self.assertEqual(n[f"fill_{c}"], 1000 * n[f"served_minutes_{c}"] //
                             n[f"asked_minutes_{c}"])
            self.assertLessEqual(n[f"given_minutes_{c}"], n[f"capacity_minutes_{c}"])
        served, given = (sum(n[f"{what}_minutes_{c}"] for c in CLASSES)
                         for what in ("served", "given"))
        self.assertEqual(served, given)
        quantiles = [n[f"use_{q}"] for q in ("min", "p10", "p25", "p50", "p75", "p90", "max")]
        self.assertEqual(quantiles, sorted(quantiles))
        path = [int(value) for value in row["pool_path"].split(";")]
        self.assertEqual(len(path), n["closings"])
        self.assertEqual(n["pool_deepest"], max(0, -min(path)))
        self.assertEqual(-sum(path), n["pool_paid"])
        self.assertLessEqual(n["direct"], n["comes_round"])
        self.assertLessEqual(n["comes_round"], 1000 - n["displaced"])

    def test_the_same_seed_gives_the_same_bytes(self):
        args = ("experiment", "--seeds", "2", "--f", ".5", "--csv", "-", "--rows", "uniform,pool_half")
        first = self.simulate(*args).stdout
        self.assertEqual(first, self.simulate(*args).stdout)
        self.assertNotEqual(first, self.simulate(*args, "--seed", "7").stdout)

    def test_rules_meet_the_same_worlds(self):
        alone = self.csv("experiment", "--seeds", "2", "--f", ".5", "--rows", "pool_half")
        among = [row for row in self.csv("experiment", "--seeds", "2", "--f", ".5")
                 if row["row"] == "pool_half"]
        self.assertEqual(alone, among)

    def test_files_and_an_image_that_can_be_read_without_seeing(self):
        self.simulate("experiment", "--seeds", "2", "--csv", self.path("runs.csv"), "--svg",
                      self.path("plot.svg"))
        with open(self.path("runs.csv"), encoding="utf-8") as file:
            self.assertEqual(len(list(csv.DictReader(file))), 2 * 2 * len(ROWS))
        text = pathlib.Path(self.path("plot.svg")).read_text(encoding="utf-8")
        root = ElementTree.fromstring(text)
        space = "{http://www.w3.org/2000/svg}"
        self.assertEqual(root.get("role"), "img")
        named = root.get("aria-labelledby").split()
        self.assertEqual([root.find(f"{space}{tag}").get("id") for tag in ("title", "desc")], named)
        texts = ["".join(one.itertext()) for one in root.iter(f"{space}text")]
        self.assertEqual(texts.count("lowest u + pair cap + floor"), 2)
        bars = list(root.iter(f"{space}rect"))
        self.assertEqual(len(bars), 1 + 2 * (7 * len(ROWS) + 7))  # ground, bars, legends
        _, _, wide, high = (int(x) for x in root.get("viewBox").split())
        for bar in bars:
            self.assertTrue(int(bar.get("x", 0)) + int(bar.get("width")) <= wide)
            self.assertTrue(int(bar.get("y", 0)) + int(bar.get("height")) <= high)
        self.assertNotIn("script", text)
        self.assertNotIn("href", text)

    def test_plots_as_text(self):
        shown = self.simulate("experiment", "--seeds", "2", "--f", ".5", "--plot").stdout
        for title in ("Share of requests served", "Hours between", "per hour of capacity"):
            self.assertIn(title, shown)

    def test_matching_by_the_week(self):
        rows = self.csv("experiment", "--seeds", "2", "--f", ".5", "--weeks", "26", "--rows",
                        "weekly,pool_half")
        self.assertEqual([row["row"] for row in rows], ["pool_half", "weekly"] * 2)
        for row in rows:
            self.assertGreater(int(row["fill_all"]), 900)
            self.assertEqual(sum(int(row[f"served_minutes_{c}"]) for c in CLASSES),
                             sum(int(row[f"given_minutes_{c}"]) for c in CLASSES))

    def test_what_is_varied(self):
        base = ("experiment", "--seeds", "4", "--f", ".5", "--rows", "least_floor")
        usual = self.lines(*base)[0]["mean_milli"]
        less = self.lines(*base, "--refuse", "0.6")[0]["mean_milli"]
        self.assertLess(less["fill_all"], usual["fill_all"])
        wait = self.lines(*base, "--refuse", "0.6", "--patience", "3")[0]["mean_milli"]
        self.assertGreater(wait["fill_all"], less["fill_all"])
        self.assertGreater(wait["wait_f"], 0)
        self.assertEqual(usual["members"], 40000)
        self.assertEqual(self.lines(*base, "--orgs", "100")[0]["mean_milli"]["members"], 100000)
        self.assertEqual(self.lines(*base, "--weeks", "26")[0]["mean_milli"]["closings"], 2000)
        wide = self.lines(*base, "--skills", "8,4,2")[0]["mean_milli"]
        self.assertGreater(wide["fill_all"], usual["fill_all"])
        for option in ("--never-ask", "--never-give", "--urgent", "--season", "--leave"):
            self.assertNotEqual(self.lines(*base, option, "0.2")[0]["mean_milli"], usual, option)

    def test_what_cannot_be_asked(self):
        for args in (("--seeds", "0"), ("--seeds", "100001"), ("--f", "4.1"), ("--f", "x"),
                     ("--f", "0.1234"), ("--f", ""), ("--a", "1.5"), ("--a", "-1"), ("--l", "0"),
                     ("--l", "soon"), ("--orgs", "1"), ("--orgs", "513"), ("--weeks", "1041"),
                     ("--skills", "4,2"), ("--skills", "4,2,1,1"), ("--skills", "11,2,1"),
                     ("--rows", "nobody"), ("--rows", "uniform,,"), ("--imitation", "1001"),
                     ("--demand", "absent.json"), ("--policy", "absent.json"), ("more",),
                     *(("--f", "1") * 9,)):
            done = self.simulate("experiment", *args, status=USAGE)
            self.assertEqual(done.stdout, "", args)
            self.assertTrue(done.stderr.startswith("semctl: "), done.stderr)

    def test_a_file_that_cannot_be_written(self):
        done = self.simulate("experiment", "--seeds", "1", "--csv", "no/folder/a.csv",
                             status=REFUSED)
        self.assertIn("no/folder/a.csv", done.stderr)


class Criterion(Case):
    def test_it_is_counted_and_reached(self):
        first, second = self.lines("criterion", "--seeds", "60")
        self.assertEqual((first["needs_fragile_milli"], second["needs_fragile_milli"]),
                         (500, 1100))
        for one in (first, second):
            self.assertTrue(one["passed"])
            self.assertGreaterEqual(1000 * one["all"], 950 * 60)
            self.assertTrue(all(one["all"] <= n <= 60 for n in one["met"].values()))
        self.assertIn("passed", self.simulate("criterion", "--seeds", "20", "--f", "0.5").stdout)

    def test_a_miss_is_an_exit_code(self):
        one, = self.lines("criterion", "--seeds", "20", "--f", "0.5", "--factor", "100",
                          status=VERIFY)
        self.assertEqual((one["met"]["distance"], one["all"], one["passed"]), (0, 0, False))
        self.assertEqual(one["met"]["fill"], 20)


class Inputs(Case):
    def test_a_demand_file_comes_back_as_it_went(self):
        printed = self.simulate("demand").stdout
        self.shell.write("demand.json", printed)
        self.assertEqual(self.simulate("demand", "--demand", "demand.json").stdout, printed)
        usual = self.csv("experiment", "--seeds", "1", "--f", ".5")
        self.assertEqual(self.csv("experiment", "--seeds", "1", "--demand", "demand.json"), usual)

    def test_own_demand_is_simulated(self):
        own = {"weeks": 52, "skill_weights": [3, 1], "free_permille": 1000,
               "classes": {"established": {"orgs": 3, "skills": 2, "needs_milli": 0},
                           "regular": {"orgs": 0},
                           "fragile": {"orgs": 2, "needs_milli": 1000, "skills": 0,
                                       "sizes": [{"minutes": 45, "weight": 1}]}}}
        self.shell.write("own.json", json.dumps(own))
        row, = self.csv("experiment", "--seeds", "1", "--demand", "own.json", "--rows", "uniform")
        self.assertEqual((row["asked_e"], row["asked_r"], row["members"]), ("0", "0", "5"))
        self.assertGreater(int(row["asked_f"]), 60)
        self.assertEqual(int(row["asked_minutes_f"]), 45 * int(row["asked_f"]))
        self.assertEqual((row["fill_f"], row["fill_e"], row["given_minutes_f"]), ("1000", "", "0"))

    def test_demand_that_cannot_be(self):
        for own in ('{"week":1}', '{"weeks":"2"}', '{"weeks":0}', "[]", "{", '{"weeks":1,"weeks":1}',
                    '{"classes":{"rich":{}}}', '{"classes":{"fragile":{"needs":1}}}',
                    '{"classes":{"fragile":[]}}', '{"classes":{"fragile":{"sizes":[]}}}',
                    '{"classes":{"fragile":{"sizes":[{"minutes":0,"weight":1}]}}}',
                    '{"skill_weights":[]}', '{"skill_weights":[0]}', '{"skill_weights":[1]}',
                    '{"free_permille":1001}', '{"classes":{"fragile":{"needs_milli":4001}}}'):
            self.shell.write("own.json", own)
            done = self.simulate("demand", "--demand", "own.json", status=USAGE)
            self.assertEqual(done.stdout, "", own)
            self.assertTrue(done.stderr.startswith("semctl: "), own)

    def test_a_world_file_is_played_as_it_was_drawn(self):
        self.shell.write("world.json", self.simulate("world", "--seed", "7", "--f", "1.1").stdout)
        given = self.csv("experiment", "--seeds", "1", "--seed", "7", "--world", "world.json")
        drawn = self.csv("experiment", "--seeds", "1", "--seed", "7", "--f", "1.1")
        self.assertEqual({row.pop("needs_fragile_milli") for row in given}, {""})
        self.assertEqual({row.pop("needs_fragile_milli") for row in drawn}, {"1100"})
        self.assertEqual(given, drawn)
        shown = self.simulate("experiment", "--seeds", "2", "--world", "world.json").stdout
        self.assertIn("The given requests; 2 times from seed 1", shown)

    WORLD = {"orgs": [{"name": "noyer", "class": "established", "skills": ["droit"],
                       "capacity_minutes": 600},
                      {"name": "osier", "class": "fragile"}],
             "requests": [{"day": 0, "org": "osier", "skill": "droit", "minutes": 90},
                          {"day": 9, "org": "osier", "skill": "danse", "minutes": 30,
                           "urgent": True},
                          {"day": 9, "org": "osier", "skill": "droit", "minutes": 1200}]}

    def test_a_small_world_by_hand(self):
        self.shell.write("world.json", json.dumps(self.WORLD))
        row, = self.csv("experiment", "--seeds", "1", "--world", "world.json", "--rows",
                        "uniform_floor", "--a", "1")
        self.assertEqual([row[name] for name in ("asked_f", "served_f", "no_provider_f",
                                                 "at_floor_f", "given_minutes_e", "distance",
                                                 "capacity_minutes_e", "members")],
                         ["3", "1", "1", "1", "90", "180", "1200", "2"])

    def test_worlds_that_cannot_be(self):
        def broken(change):
            world = json.loads(json.dumps(self.WORLD))
            change(world)
            self.shell.write("world.json", json.dumps(world))
            done = self.simulate("experiment", "--world", "world.json", status=USAGE)
            self.assertEqual(done.stdout, "")
            self.assertTrue(done.stderr.startswith("semctl: "), done.stderr)
        for change in (lambda w: w["orgs"].clear(), lambda w: w.pop("requests"),
                       lambda w: w.update(extra=1), lambda w: w.update(weeks=0),
                       lambda w: w["orgs"][1].update(name="noyer"),
                       lambda w: w["orgs"][1].update({"class": "poor"}),
                       lambda w: w["orgs"][0].update(skills="droit"),
                       lambda w: w["orgs"][0].update(skills=[f"s{i}" for i in range(65)]),
                       lambda w: w["orgs"][0].update(capacity_minutes=-1),
                       lambda w: w["orgs"][0].update(joins=5, leaves=4),
                       lambda w: w["orgs"].append(3), lambda w: w["orgs"][0].update(size=1),
                       lambda w: w["requests"][0].update(org="saule"),
                       lambda w: w["requests"][0].pop("day"),
                       lambda w: w["requests"][0].update(day=10),
                       lambda w: w["requests"][0].update(minutes=0),
                       lambda w: w["requests"][0].update(skill=3),
                       lambda w: w["requests"][0].update(urgent=1),
                       lambda w: w["requests"][0].update(id=-1),
                       lambda w: w["requests"][0].update(by="x")):
            broken(change)
        self.shell.write("world.json", json.dumps(self.WORLD))
        for option in (("--f", "1"), ("--orgs", "10"), ("--leave", "0.1")):
            self.simulate("experiment", "--world", "world.json", *option, status=USAGE)

    def test_a_policy_document_of_ones_own(self):
        args = ("experiment", "--seeds", "6", "--f", "1.1", "--policy", "policy.json", "--rows",
                "pool_half")
        def own(document):
            self.shell.write("policy.json", json.dumps(document))
            rows = self.lines(*args)
            self.assertEqual([row["row"] for row in rows], ["pool_half", "own"])
            return rows[1]["mean_milli"]
        usual = own({})
        narrow = own({"limit_floor_base": 60, "limit_floor_new": 60, "limit_floor_max": 60,
                      "limit_soft": 0, "pool_cap": 0})
        self.assertLess(narrow["fill_all"], usual["fill_all"])
        self.assertEqual(narrow["pool_paid"], 0)
        self.assertGreater(own({"pool_rate_permille": 1000})["solidarity"], usual["solidarity"])
        self.assertNotEqual(own({"choice_burden_guard": 0})["load_f"], usual["load_f"])
        answer = {"size": 1, "items": [{"key": "limit_floor_base", "value": 60},
                                       {"key": "limit_floor_new", "value": 60},
                                       {"key": "limit_floor_max", "value": 60},
                                       {"key": "limit_soft", "value": 0},
                                       {"key": "pool_cap", "value": 0}]}
        self.assertEqual(own(answer), narrow)
        self.assertEqual(own({"policy": {"pool_cap": 0}}), own({"pool_cap": 0}))

    def test_keys_of_a_policy(self):
        self.shell.write("policy.json", '{"limit_flor":3}')
        args = ("experiment", "--seeds", "1", "--policy", "policy.json")
        self.assertIn("limit_flor", self.simulate(*args).stderr)
        for bad in ('{"limit_floor_base":1}', '{"limit_floor_base":"1200"}', '{"pool_cap":-1}',
                    '{"pool_rate_permille":1001}', '{"items":[{"value":1}]}'):
            self.shell.write("policy.json", bad)
            self.assertEqual(self.simulate(*args, status=USAGE).stdout, "", bad)


class OwnNetwork(shell.Case):
    def test_the_policy_that_a_server_publishes(self):
        self.found()
        answer = self.client.get("/v1/policies").json
        self.shell.write("policy.json", json.dumps(answer))
        done = self.check(self.shell.run("simulate", "experiment", "--seeds", "2", "--f", "1.1",
                                         "--policy", "policy.json", "--rows", "uniform_floor",
                                         "--json"))
        self.assertEqual(done.stderr, "")
        rows = {row["row"]: row["table_milli"] for row in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(list(rows), ["uniform_floor", "own"])
        self.assertGreater(rows["own"]["served_fragile"], rows["uniform_floor"]["served_fragile"])


if __name__ == "__main__":
    unittest.main()
