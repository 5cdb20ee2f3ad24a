# SPDX-License-Identifier: AGPL-3.0-or-later
"""Statements of a calendar year, as JSON, CSV and a page to print: SPEC 18.11. What they say is
added up here from the entries of the log."""
import base64
import collections
import csv
import datetime
import hashlib
import html.parser
import io
import json
import re

from fixtures import Case
from semclient import DAY_MS, Detail, now_ms
from told import Told, skill

LAST = datetime.datetime.now(datetime.timezone.utc).year - 1
JANUARY = int(datetime.datetime(LAST, 1, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)
NEXT = int(datetime.datetime(LAST + 1, 1, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)
EVIL = "=HYPERLINK(\"http://evil\";\"<b>&'x\")"


def month_of(at):
    return datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).strftime("%Y-%m")


class Life(Case):
    """Begins in the autumn of the year before last year and ends now: two years that are over."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.told = told = Told(cls.shared, start=JANUARY - 60 * DAY_MS, policy={"pool_cap": 200})
        cls.check_at_the_end(told.net)
        told.net.put_detail(told.net.skills_detail, told.net.found_ref, "skills")
        told.admit("saule", "frene")
        cls.sheet(told, "frene", EVIL)
        cls.live(told)
        told.until(now_ms() - 5_000)
        told.add("org.confirm", "noyer")
        cls.sessions = {handle: told.login(handle) for handle in told.members if handle != "orme"}
        cls.coordinator = cls.sessions["noyer"]

    @classmethod
    def sheet(cls, told, handle, name):
        sheet = Detail(told.net.origin, "org", {"name": name})
        ref = told.add("org.update", handle, details=sheet.commit, public=True)
        assert told.net.put_detail(sheet, ref).status == 201

    @classmethod
    def live(cls, told):
        told.help("noyer", "saule", 200, skill="droit")
        taken = told.help("orme", "saule", 90, skill="comptabilite")
        told.help("orme", "frene", 45, gift=True)
        told.until(JANUARY + 10 * DAY_MS)
        told.take_back(taken, "orme", "saule", 30)
        told.help("frene", "noyer", 60)
        need = told.need("saule", 100, urgent=True)
        told.add("need.vouch", "tilleul", need=need)
        told.help("frene", "saule", 100, need=need)
        told.add("pool.give", "noyer", minutes=25)
        told.need("saule", 50, days=10)
        told.agree("noyer", "saule", 60, days=20)
        kept = told.agree("noyer", "frene", 30, days=20)
        told.help("noyer", "frene", 30, agreement=kept, skill="droit")
        told.until(JANUARY + 120 * DAY_MS)
        told.add("org.leave", "orme", to="frene")
        told.until(NEXT + DAY_MS)
        told.help("saule", "noyer", 15)

    def year(self, handle, year=LAST, reader=None, **headers):
        reader = reader or self.coordinator
        answer = reader.get(f"/v1/orgs/{handle}/statement/{year}", **headers)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def running(self, handle):
        """The running statement, oldest first."""
        return self.coordinator.pages(f"/v1/orgs/{handle}/statement?limit=3")[::-1]

    def within(self, items, year):
        begin, end = (JANUARY, NEXT) if year == LAST else (0, JANUARY)
        return [one for one in items if begin <= one["at"] < end]

    def test_the_running_statement_adds_up_over_closings(self):
        closings = 0
        for handle in self.told.members:
            position = 0
            for one in self.running(handle):
                position += one["given"] - one["received"] + one["moves"]
                self.assertEqual(one["position"], position, one)
                closings += one["kind"] == "pool.closing"
            now = self.coordinator.get(f"/v1/orgs/{handle}/position").json["position"]
            self.assertEqual(position, now)
        self.assertGreater(closings, 4)

    def test_days_of_a_running_statement(self):
        items = self.running("saule")
        closing = next(one for one in items if one["kind"] == "pool.closing")
        day = datetime.datetime.fromtimestamp(closing["at"] / 1000, datetime.timezone.utc)
        path = f"/v1/orgs/saule/statement?from={day:%Y-%m-%d}&to={day:%Y-%m-%d}"
        self.assertEqual(self.coordinator.pages(path), [closing])

    def test_a_year_is_what_its_entries_add_up_to(self):
        for handle in ("noyer", "tilleul", "saule", "frene", "orme"):
            before = 0
            for year in (LAST - 1, LAST):
                with self.subTest(handle=handle, year=year):
                    items = self.within(self.running(handle), year)
                    found = self.year(handle, year)
                    closing = before + sum(one["given"] - one["received"] + one["moves"]
                                           for one in items)
                    self.assertEqual(found["position"], {"opening": before, "closing": closing})
                    sums = found["sums"]
                    self.assertEqual(sums["given"], sum(one["given"] for one in items))
                    self.assertEqual(sums["received"], sum(one["received"] for one in items))
                    self.assertEqual(sums["levied"], sum(one.get("levied", 0) for one in items))
                    self.assertEqual(closing - before, sums["given"] - sums["received"] +
                                     sums["gifts"] + sums["pool_paid"] - sums["pool_given"] +
                                     sums["handed_over"] - sums["levied"] + sums["forgiven"])
                    self.check_months(found, items, before)
                    self.check_lists(found)
                    before = closing

    def check_months(self, found, items, position):
        months = {f"{found['year']}-{n:02}": [0, 0, 0] for n in range(1, 13)}
        for one in items:
            for i, name in enumerate(("given", "received", "moves")):
                months[month_of(one["at"])][i] += one[name]
        self.assertEqual(list(months), [one["month"] for one in found["months"]])
        for one in found["months"]:
            given, received, moves = months[one["month"]]
            position += given - received + moves
            self.assertEqual((one["given"], one["received"], one["moves"], one["position"]),
                             (given, received, moves, position))

    def check_lists(self, found):
        for name in ("skills", "partners"):
            for way in ("given", "received"):
                self.assertEqual(sum(one[way] for one in found[name]), found["sums"][way], name)
        places = [self.told.members.index(one["org"]) for one in found["partners"]]
        self.assertEqual(places, sorted(places))

    def test_what_happened(self):
        saule, noyer, orme, frene = (self.year(one) for one in ("saule", "noyer", "orme", "frene"))
        self.assertEqual(saule["sums"]["pool_paid"], 100)
        self.assertEqual({one["skill"]: one["received"] for one in saule["skills"]},
                         {"comptabilite": -30, None: 100})
        self.assertEqual((saule["needs"]["published"], saule["needs"]["met"],
                          saule["needs"]["expired"]), (2, 1, 1))
        self.assertEqual(saule["needs"]["fill"], {"asked": 150, "served": 100, "permille": None})
        self.assertEqual(saule["agreements"], {"signed": 1, "closed": 0, "expired": 1,
                                               "cancelled": 0})
        self.assertEqual(noyer["promises"], {"kept": 1, "broken": 1, "excused": 0})
        self.assertEqual(noyer["sums"]["pool_given"], 25)
        self.assertEqual(orme["sums"]["handed_over"], -frene["sums"]["handed_over"])
        self.assertLess(orme["sums"]["handed_over"], 0)
        self.assertEqual(self.year("frene", LAST - 1)["gifts"], {"given": 0, "received": 45})
        self.assertEqual(frene["name"], EVIL)

    def test_it_stands_at_one_size_with_its_root(self):
        head = self.coordinator.get("/v1/checkpoint").json
        for found in (self.year("noyer"), self.network()):
            self.assertEqual((found["size"], found["root"]), (head["size"], head["root"]))
            self.assertEqual((found["from"], found["to"], found["over"]),
                             (f"{LAST}-01-01", f"{LAST}-12-31", True))
        now = self.year("noyer", LAST + 1)
        self.assertFalse(now["over"])
        self.assertEqual(now["position"]["opening"], self.year("noyer")["position"]["closing"])
        self.assertEqual(now["position"]["closing"],
                         self.coordinator.get("/v1/orgs/noyer/position").json["position"])

    def network(self, year=LAST):
        answer = self.told.net.client.get(f"/v1/network/statement/{year}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_the_network(self):
        found, first = self.network(), self.network(LAST - 1)
        years = [self.year(handle) for handle in self.told.members]
        self.assertEqual(sum(one["position"]["closing"] for one in years) +
                         found["pool"]["closing"], 0)
        self.assertEqual(sum(one["position"]["opening"] for one in years) +
                         found["pool"]["opening"], 0)
        pool = found["pool"]
        self.assertEqual(pool["closing"], pool["opening"] + pool["given"] + pool["handed_over"] +
                         pool["levied"] - pool["forgiven"] - pool["paid"])
        self.assertEqual((pool["given"], pool["paid"]), (25, 100))
        self.assertEqual(pool["levied"], sum(one["sums"]["levied"] for one in years))
        self.assertEqual(pool["levied"], sum(one["levied"] for one in found["closings"]))
        self.assertEqual(len(found["closings"]), 4)
        self.assertEqual(first["members"], {"before": 0, "admitted": 5, "left": 0, "after": 5})
        self.assertEqual(found["members"], {"before": 5, "admitted": 0, "left": 1, "after": 4})
        self.assertEqual(first["totals"], {"minutes": 305, "gifts": 45, "pool": 0, "exchanges": 3})
        self.assertEqual(found["totals"]["minutes"], sum(one["minutes"] for one in found["months"]))
        self.assertEqual(first["metrics"]["solidarity_share"], 1000 * 45 // 305)
        for name in ("skills_hanging", "dormant", "deficit"):
            self.assertIsNone(found["metrics"][name])
        self.assertEqual(self.network(LAST + 1)["metrics"]["skills_hanging"], 0)

    def test_figures_of_a_year_that_is_over_are_those_of_its_end(self):
        """M3 and the turnover of the first year, from its entries and its positions."""
        first = self.network(LAST - 1)
        nets = collections.Counter({"noyer": 200, "saule": -260, "orme": 60})
        whole = 200 + 60
        self.assertEqual(first["metrics"]["displaced_share"]["account"],
                         1000 * sum(map(abs, nets.values())) // 2 // whole)
        closing = [self.year(one, LAST - 1)["position"]["closing"] for one in self.told.members]
        outstanding = sum(map(abs, closing)) + abs(first["pool"]["closing"])
        self.assertEqual(first["metrics"]["turnover"], 2000 * 305 // outstanding)

    # --- Who reads what ---------------------------------------------------------------------------

    def test_readers(self):
        path = f"/v1/orgs/saule/statement/{LAST}"
        self.refused(self.told.net.client.get(path), "unauthorized")
        self.refused(self.sessions["frene"].get(path), "forbidden")
        self.assertEqual(self.sessions["saule"].get(path).json, self.coordinator.get(path).json)
        for year in (LAST - 2, LAST + 2, 1969, 9999):
            self.refused(self.coordinator.get(f"/v1/orgs/saule/statement/{year}"), "not_found")
            self.refused(self.told.net.client.get(f"/v1/network/statement/{year}"), "not_found")
        for year in ("26", "02026", "2o26", "-202"):
            self.refused(self.coordinator.get(f"/v1/network/statement/{year}"), "not_found")
        self.refused(self.coordinator.get(path + "?format=pdf"), "query_invalid")
        self.refused(self.coordinator.get("/v1/orgs/nobody/statement/2026"), "not_found")

    def test_an_etag_is_of_one_language(self):
        path = f"/v1/orgs/saule/statement/{LAST}?format=html"
        tags = {self.coordinator.get(path, Accept_Language=code).headers["ETag"]
                for code in ("fr", "nl", "en")}
        self.assertEqual(len(tags), 3)
        tag = self.coordinator.get(path, Accept_Language="fr")
        self.assertIn("Accept-Language", tag.headers["Vary"])
        again = self.coordinator.get(path, Accept_Language="fr",
                                     If_None_Match=tag.headers["ETag"])
        self.assertEqual(again.status, 304)

    # --- CSV --------------------------------------------------------------------------------------

    def table(self, path, code="fr"):
        answer = self.coordinator.get(path + "?format=csv", Accept_Language=code)
        self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertTrue(answer.body.startswith(b"\xef\xbb\xbf"))
        text = answer.body[3:].decode()
        self.assertEqual(text.count("\n"), text.count("\r\n"))
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
        return [row for row in rows if row]

    def test_csv_for_a_spreadsheet(self):
        rows = self.table(f"/v1/orgs/saule/statement/{LAST}")
        found = self.year("saule")
        self.assertEqual(rows[0], [f"Saule : l'année {LAST}"])
        labels = {row[0]: row[1:] for row in rows if len(row) == 3}
        opening = found["position"]["opening"]
        self.assertEqual(labels["position au début (min; h)"],
                         [str(opening), f"{opening / 60:.2f}".replace(".", ",")])
        months = [row for row in rows if re.match(r"\d{4}-\d\d$", row[0]) and len(row) == 9]
        self.assertEqual([[one[0]] + [int(one[i]) for i in (1, 3, 5, 7)] for one in months],
                         [[one[name] for name in ("month", "given", "received", "moves",
                                                  "position")] for one in found["months"]])
        for row in months:
            for minutes, hours in zip(row[1::2], row[2::2]):
                self.assertAlmostEqual(int(minutes) / 60, float(hours.replace(",", ".")), 2)
                self.assertNotIn(".", hours)
        days = [row[0] for row in rows if re.match(r"\d{4}-\d\d-\d\d$", row[0])]
        self.assertEqual(len(days), len(found["closings"]))

    def test_no_cell_is_a_formula(self):
        """frene calls itself one; its own statement, and that of who helped it."""
        for path in (f"/v1/orgs/frene/statement/{LAST}", f"/v1/orgs/noyer/statement/{LAST}",
                     f"/v1/network/statement/{LAST}"):
            for code in ("fr", "nl", "en"):
                cells = [cell for row in self.table(path, code) for cell in row]
                for cell in cells:
                    if not re.fullmatch(r"-?\d+(,\d+)?", cell):
                        self.assertNotRegex(cell, r"^[=+\-@\t\r]", path)
        names = [row[0] for row in self.table(f"/v1/orgs/noyer/statement/{LAST}")
                 if "evil" in row[0]]
        self.assertEqual(names, ["'" + EVIL])

    # --- The page ---------------------------------------------------------------------------------

    def page(self, path, code):
        answer = self.coordinator.get(path + "?format=html", Accept_Language=code)
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        return answer, Page(answer.body.decode())

    def test_a_page_to_print(self):
        words = {"fr": "Clôtures", "nl": "Afsluitingen", "en": "Closings"}
        for path in (f"/v1/orgs/noyer/statement/{LAST}", f"/v1/network/statement/{LAST}"):
            seen = set()
            for code, word in words.items():
                answer, page = self.page(path, code)
                self.assertEqual(page.lang, code)
                self.assertIn(word, answer.body.decode())
                self.assertEqual(page.tables, page.captions)
                self.assertEqual(page.open, [])
                self.assertEqual(page.tags & {"script", "img", "iframe", "link", "form", "object"},
                                 set())
                self.assertFalse(page.handlers)
                self.assertTrue(page.scopes <= {"row", "col"} and page.unscoped == 0)
                self.assertIn("@page{size:A4", page.style)
                self.assertIn(f" {LAST}", page.title)
                seen.add(page.title)
            self.assertEqual(len(seen), 3)

    def test_its_policy_allows_its_style_and_nothing_else(self):
        answer, page = self.page(f"/v1/network/statement/{LAST}", "nl")
        digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
        self.assertEqual(answer.headers["Content-Security-Policy"],
                         f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors "
                         "'none'; base-uri 'none'; form-action 'none'")

    def test_a_name_is_text(self):
        _, page = self.page(f"/v1/orgs/frene/statement/{LAST}", "en")
        self.assertIn(EVIL, page.title)
        self.assertNotIn("b", page.tags)
        _, page = self.page(f"/v1/orgs/noyer/statement/{LAST}", "en")
        self.assertIn(EVIL, page.cells)
        self.assertNotIn("b", page.tags)

    def test_figures_on_the_page_are_those_of_the_answer(self):
        """Durations as each language writes them."""
        found = self.year("saule")
        for code, hour, tail in (("fr", "h", ""), ("nl", "u", ""), ("en", "h", " min")):
            _, page = self.page(f"/v1/orgs/saule/statement/{LAST}", code)
            for one in found["months"]:
                minutes = abs(one["position"])
                text = f"{minutes % 60} min" if minutes < 60 else (
                    f"{minutes // 60} {hour}" + (f" {minutes % 60:02}{tail}" if minutes % 60 else ""))
                self.assertIn(("−" if one["position"] < 0 else "") + text, page.cells)

    def test_names_of_skills_are_in_the_language(self):
        catalogue = {"droit": {"fr": "droit", "nl": "droit", "en": "droit"}}
        self.assertEqual(self.year("noyer")["skills"][0]["name"], catalogue["droit"]["fr"])
        for code, word in (("fr", "sans compétence"), ("nl", "zonder vaardigheid")):
            found = self.year("frene", Accept_Language=code)
            self.assertEqual([(one["skill"], one["name"]) for one in found["skills"]],
                             [("droit", "droit"), (None, word)])
        self.assertEqual(json.dumps(self.network()),
                         json.dumps(self.told.net.client.get(
                             f"/v1/network/statement/{LAST}", Accept_Language="nl").json))


class Page(html.parser.HTMLParser):
    """What a browser and a screen reader would find."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.lang, self.title, self.style = None, "", ""
        self.tags, self.scopes, self.cells, self.open = set(), set(), [], []
        self.tables = self.captions = self.unscoped = 0
        self.handlers = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.add(tag)
        self.lang = named.get("lang", self.lang)
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag == "th":
            self.scopes.add(named.get("scope"))
            self.unscoped += "scope" not in named
        if tag in ("td", "th"):
            self.cells.append("")
        self.handlers |= any(name.startswith("on") or name == "style" for name in named)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"{tag} closes {self.open}"
        self.open.pop()

    def handle_data(self, data):
        inside = self.open[-1] if self.open else None
        if inside == "style":
            self.style += data
        elif inside == "title":
            self.title += data
        elif inside in ("td", "th"):
            self.cells[-1] += data


class Odd(Case):
    def test_an_empty_year_and_an_unfounded_network(self):
        folder = self.started.init()
        client = self.started.serve(folder).client(self.recorder)
        self.refused(client.get(f"/v1/network/statement/{LAST}"), "not_found")
        told = Told(self.started, start=JANUARY + DAY_MS)
        told.until(now_ms() - 5_000)
        told.add("org.confirm", "noyer")
        for year in (LAST, LAST + 1):
            found = told.login("orme").get(f"/v1/orgs/orme/statement/{year}").json
            self.assertEqual(found["position"], {"opening": 0, "closing": 0})
            self.assertEqual((found["skills"], found["partners"]), ([], []))
            page = told.login("orme").get(f"/v1/orgs/orme/statement/{year}?format=html",
                                          Accept_Language="nl").body.decode()
            self.assertIn("geen", page)
            self.assertIn("n.v.t.", page)
        self.assertEqual(skill("droit")["type"], "skill")
