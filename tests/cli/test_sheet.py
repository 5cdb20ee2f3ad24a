#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""semctl reads the sheet aloud, shows an organisation where it stands, and writes statements of a
year: SPEC 18.9 to 18.11."""
import csv
import io
import json
import os
import subprocess
import unittest

import shell
from fixtures import SEMCTL, Started
from semclient import DAY_MS, day_of, now_ms
from shell import KEY, OK, REFUSED, USAGE, NOT_FOUND
from told import Told, skill

ITEMS = ("fill_gap", "position", "displaced", "comes_round", "dependency", "burden", "deficit")


class Sheet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        started = Started(cls.addClassCleanup)
        told = cls.told = Told(started, days=100)
        told.admit("saule", "frene")
        told.status("saule", pool=0)
        told.help("noyer", "saule", 600)
        told.help("saule", "frene", 150, gift=True)
        told.help("frene", "noyer", 90)
        for org, served in (("saule", 300), ("frene", 600)):
            need = told.need(org, 600)
            told.help("orme", org, served, need=need)
        told.need("frene", 480, days=150, **skill("droit"))
        told.offer("saule", **skill("droit"))
        told.until(now_ms() - 5_000)
        told.add("org.confirm", "noyer")
        cls.shell = shell.Shell(started.folder(), told.net.server.url)
        for handle in ("noyer", "saule"):
            seed = cls.shell.write(handle + ".seed", bytes(told.net.key(handle).secret).hex() + "\n")
            done = cls.shell.run("key", "restore", cls.shell.path(handle), "--label", "test",
                                 "--seed-file", seed, "--passphrase-file", cls.shell.passphrase)
            assert done.returncode == OK, done.stderr

    def do(self, handle, *args, status=OK):
        done = self.shell.signed(handle, *args)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def in_language(self, *args, **names):
        """What somebody without a key is told, with these names in the environment."""
        kept = {name: value for name, value in os.environ.items()
                if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
        env = {**kept, **names, "HOME": self.shell.home, "SEM_URL": self.shell.url}
        done = subprocess.run([SEMCTL, *args], env=env, capture_output=True, text=True, timeout=60,
                              cwd=self.shell.home, check=True)
        return done.stdout

    def test_the_sheet_is_read_aloud(self):
        text = self.do("noyer", "reciprocity")
        self.assertRegex(text, r"Reciprocity in the year to \d{4}-\d\d-\d\d, after \d+ entries\n")
        self.assertIn("1. ! Fragile organisations obtain 50 % of what they ask for, the others "
                      "100 %.\n", text)
        for number in range(2, 8):
            self.assertRegex(text, rf"(?m)^{number}\. [A-Z0-9]")
        self.assertRegex(text, r"(?m)^     \d{4}-Q[1-4] (n/a|\d+\.\d %) · ")
        self.assertIn("organisations: saule", text)

    def test_names_are_for_coordinators(self):
        for text in (self.do("saule", "reciprocity"), self.in_language("reciprocity")):
            self.assertNotIn("organisations:", text)
            self.assertNotIn("could be asked", text)
            for handle in self.told.members:
                self.assertNotIn(handle, text)

    def test_the_language_of_the_environment(self):
        """Whether or not the locale is installed: LC_ALL before LC_MESSAGES before LANG."""
        french, dutch, english = "Les organisations fragiles", "Kwetsbare", "Fragile organisations"
        for names, word in (({"LANG": "fr_BE.UTF-8"}, french), ({"LANG": "nl_BE.UTF-8"}, dutch),
                            ({"LANG": "nl"}, dutch), ({"LANG": "fr@euro"}, french),
                            ({"LANG": "de_DE.UTF-8"}, english), ({}, english),
                            ({"LANG": "fr_BE.UTF-8", "LC_ALL": "C"}, english),
                            ({"LANG": "fr_BE.UTF-8", "LC_ALL": ""}, french),
                            ({"LANG": "fr_BE", "LC_MESSAGES": "nl_BE"}, dutch),
                            ({"LANG": "frr_DE.UTF-8"}, english)):
            with self.subTest(names):
                self.assertIn(word, self.in_language("reciprocity", **names))
        self.assertIn("l'année", self.in_language(
            "network", "statement", "--year", day_of(now_ms())[:4], "--csv", LANG="fr_BE.UTF-8"))

    def test_what_an_item_is_made_of(self):
        for item in ITEMS:
            rows = [json.loads(line) for line in
                    self.do("noyer", "--json", "reciprocity", "show", item).splitlines()]
            answer = self.told.login("noyer").pages("/v1/reciprocity/" + item)
            self.assertEqual(rows, answer)
            self.assertTrue(self.do("noyer", "reciprocity", "show", item))
        self.assertIn("saule > frene 2 h 30 min",
                      self.do("noyer", "reciprocity", "show", "displaced"))
        only = self.do("noyer", "reciprocity", "show", "fill_gap", "--org", "frene")
        self.assertIn("frene/", only)
        self.assertNotIn("saule/", only)
        self.do("noyer", "reciprocity", "show", "ranking", status=USAGE)

    def test_standing(self):
        text = self.do("saule", "standing")
        self.assertRegex(text, r"(?m)^received of what we asked +50\.0 %$")
        self.assertRegex(text, r"(?m)^status: class of our needs +1$")
        self.assertRegex(text, r"(?m)^next: Somebody asks for what you offer\.$")
        self.assertIn("frene/", text)
        self.assertEqual(text, self.do("noyer", "standing", "saule"))
        self.do("saule", "standing", "frene", status=KEY)
        self.do("noyer", "standing", "nobody", status=NOT_FOUND)

    # --- Statements of a year ---------------------------------------------------------------------

    def years(self):
        return sorted({day_of(self.told.at - n * DAY_MS)[:4] for n in (0, 100)})

    def test_a_year_adds_up(self):
        before = 0
        for year in self.years():
            found = json.loads(self.do("saule", "--json", "statement", "--year", year))
            self.assertEqual(found["position"]["opening"], before)
            before = found["position"]["closing"]
            text = self.do("saule", "statement", "--year", year)
            self.assertIn("position at the end", text)
            self.assertIn("noyer" if found["partners"] else "saule", text)
        position = json.loads(self.do("saule", "--json", "position"))["position"]
        self.assertEqual(before, position)

    def test_a_year_in_a_file(self):
        year = self.years()[-1]
        rows = self.do("saule", "statement", "--year", year, "--csv")
        self.assertTrue(rows.startswith("\ufeff"))
        cells = list(csv.reader(io.StringIO(rows[1:]), delimiter=";"))
        self.assertIn([f"Saule: the year {year}"], cells)
        path = os.path.join(self.shell.home, "year.html")
        self.assertEqual(self.do("saule", "statement", "--year", year, "--html", "-o", path), "")
        with open(path, encoding="utf-8") as file:
            page = file.read()
        self.assertTrue(page.startswith("<!doctype html>\n<html lang=\"en\">"))
        self.assertIn("</html>", page)
        self.do("saule", "statement", "--year", year, "--html", "--csv", status=USAGE)
        self.do("saule", "statement", "--csv", status=USAGE)
        self.do("saule", "statement", "--year", "26", status=USAGE)
        self.do("saule", "statement", "--year", "1999", status=NOT_FOUND)
        self.do("saule", "statement", "--year", year, "-o", "/nowhere/at/all", status=REFUSED)

    def test_the_network_in_a_year(self):
        year = self.years()[-1]
        found = json.loads(self.in_language("--json", "network", "statement", "--year", year))
        answer = self.told.net.client.get(f"/v1/network/statement/{year}").json
        self.assertEqual(found, answer)
        text = self.in_language("network", "statement", "--year", year)
        self.assertIn("members at the end", text)
        self.assertIn(self.told.net.origin, text)


if __name__ == "__main__":
    unittest.main()
