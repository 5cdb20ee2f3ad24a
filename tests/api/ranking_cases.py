# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nobody gets a ranking of organisations (SPEC 18.9).

Three networks of the same organisations, admitted in the same order. In the second each exchange
goes the other way, in the third the organisations have changed places, so that positions, sizes and
dependencies differ in order. Every route of the interface document is asked, with every value of
every parameter that it knows, and whatever list names organisations must have them in the one order
that says nothing of them: that of admission, or that of the log. So no list of one network can
differ in order from that of another."""
import itertools
import json
import re

from fixtures import Case
from recorder import RECORDER
from semclient import day_of, now_ms
from told import Told, skill

MORE = ["saule", "lierre", "frene", "aulne", "bouleau"]
EXCHANGES = [("noyer", "saule", 600), ("noyer", "lierre", 300), ("orme", "saule", 240),
             ("lierre", "frene", 480), ("frene", "aulne", 90), ("aulne", "bouleau", 720),
             ("noyer", "bouleau", 60), ("tilleul", "saule", 120), ("bouleau", "noyer", 30),
             ("orme", "frene", 150), ("orme", "frene", 160), ("orme", "frene", 170)]
SORTING = ["sort", "order", "sort_by", "order_by", "orderby", "sorted", "by", "direction", "desc",
           "rank", "top"]
# Within one entry: whom its text names, as it was signed.
SIGNED = {"parties", "shares", "providers", "founders", "mandates", "panel", "signers"}


def told_with(started, change):
    """The network with its exchanges changed by a function of (giver, receiver)."""
    told = Told(started, days=150)
    told.admit(*MORE)
    for giver, receiver, minutes in EXCHANGES:
        giver, receiver = change(giver, receiver)
        told.help(giver, receiver, minutes)
    for size, org in enumerate(told.members, 1):
        told.add("org.update", org, details="0" * 64, public=True, capacity=100 * size,
                 fte=100 * (len(told.members) - size + 1))
    for org in ("bouleau", "noyer", "frene"):
        told.offer(org, **skill("droit"))
        told.need(org, 700, days=170, **skill("comptabilite"))
        giver, receiver = change(org, "orme")
        told.agree(giver, receiver, 60, days=200)
    told.until(now_ms() - 10_000)
    told.add("org.confirm", "noyer")
    return told


def turned(members):
    """Everybody has the part of another: the first that of the last."""
    place = dict(zip(members, reversed(members)))
    return lambda giver, receiver: (place[giver], place[receiver])


def values(parameter, told):
    """What a query parameter is asked with; None: it is left out."""
    schema, name = RECORDER.resolve(parameter["schema"]), parameter["name"]
    known = {"org": [told.members[0], "frene"], "skill": ["droit"], "q": ["frene", "e"],
             "kind": ["hours.record"], "from": [day_of(now_ms() - 10 ** 10)],
             "to": [day_of(now_ms())], "limit": ["1", "3", "200"]}
    if name in known:
        return [None] + known[name]
    if "enum" in schema:
        return [None] + list(schema["enum"])
    if schema.get("type") == "boolean":
        return [None, "true"]
    assert name == "cursor" or (name, schema.get("type")) == ("from", "integer") or \
        name in ("to", "no"), f"a parameter that this test does not know: {name} {schema}"
    return [None]


class Ranking(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        members = ["noyer", "tilleul", "orme"] + MORE
        cls.worlds = [told_with(cls.shared, change) for change in
                      (lambda *pair: pair, lambda giver, receiver: (receiver, giver),
                       turned(members))]
        cls.sessions = [told.login("noyer") for told in cls.worlds]
        cls.place = {handle: i for i, handle in enumerate(members)}

    def routes(self):
        """Paths of GET operations that answer JSON, and their query parameters."""
        for template, item in RECORDER.document["paths"].items():
            operation = item.get("get")
            content = operation and RECORDER.resolve(operation["responses"]["200"]).get("content", {})
            if operation and "application/json" in content and "{id}" not in template:
                parameters = [RECORDER.resolve(one) for one in operation.get("parameters", [])]
                yield template, [one for one in parameters if one["in"] == "query"]

    def asked(self, told):
        """Every path with every combination of what its parameters may say."""
        here = {"index": "0", "commit": "0" * 64, "level": "0", "tile": "000.p/1",
                "year": day_of(now_ms())[:4]}
        for template, parameters in self.routes():
            for handle in ("noyer", "frene") if "{handle}" in template else (None,):
                path = template.format(handle=handle, **here)
                for chosen in itertools.product(*(values(one, told) for one in parameters)):
                    query = "&".join(f"{one['name']}={value}" for one, value in
                                     zip(parameters, chosen) if value is not None)
                    yield path + ("?" + query if query else "")

    def pages(self, client, path):
        """All pages of one walk."""
        cursor = None
        while True:
            sep = "&" if "?" in path else "?"
            answer = client.get(path + (f"{sep}cursor={cursor}" if cursor else ""))
            if answer.status != 200:
                self.assertIn(answer.status, (400, 404), f"{path}: {answer}")
                return
            if not answer.headers["Content-Type"].startswith("application/json"):
                return  # the same answer on paper
            yield answer.json
            cursor = answer.json.get("next")
            if not isinstance(cursor, str):
                return

    def lists(self, node, name=""):
        """(name, list) of every list of an answer but those that stand in a signed text."""
        if isinstance(node, dict):
            for key, child in node.items():
                if key not in SIGNED:
                    yield from self.lists(child, key)
        elif isinstance(node, list):
            yield name, node
            for child in node:
                yield from self.lists(child, name)

    def orgs_of(self, rows):
        """The organisations that a list is a list of."""
        for row in rows:
            if isinstance(row, str):
                names = [row]
            elif isinstance(row, dict):
                names = [row.get(key) for key in ("org", "handle", "asker")]
            else:
                continue
            yield from (name for name in names if name in self.place)

    def check(self, path, name, rows):
        refs = [row[key] for row in rows if isinstance(row, dict)
                for key in ("ref", "need") if isinstance(row.get(key), str)]
        indices = [row["index"] for row in rows if isinstance(row, dict) and "index" in row]
        if refs:
            ids = [ref.split("/")[1] for ref in refs]
            in_order = ids == sorted(ids) or indices in (sorted(indices), sorted(indices)[::-1])
            self.assertTrue(in_order, f"{path}: {name} is not in the order of the log")
            return 0
        places = [self.place[org] for org in self.orgs_of(rows)]
        self.assertEqual(places, sorted(places), f"{path}: {name} is not in order of admission")
        return len(places)

    def test_every_list_keeps_one_order_whoever_gave(self):
        """Also over pages: what a limit cuts goes on where it was cut."""
        for told, client in zip(self.worlds, self.sessions):
            paths = named = 0
            for path in self.asked(told):
                paths += 1
                together = {}
                for page in self.pages(client, path):
                    for name, rows in self.lists(page):
                        together.setdefault(name, []).append(rows)
                for name, parts in together.items():
                    if name == "items":
                        parts = [[row for part in parts for row in part]]
                    for rows in parts:
                        named += self.check(path, name, rows)
            self.assertGreater(paths, 100)
            self.assertGreater(named, 200)

    def test_the_networks_differ_where_it_matters(self):
        """Else the order would prove nothing."""
        orders = set()
        for client in self.sessions:
            figures = {one["org"]: one["position"] for one in client.pages("/v1/positions")}
            orders.add(tuple(sorted(figures, key=lambda org: figures[org])))
            self.assertNotEqual(list(figures.values()), sorted(figures.values()))
        self.assertEqual(len(orders), len(self.worlds))

    def test_the_lists_of_all_are_the_same_to_the_word(self):
        for path, key in (("/v1/orgs", "handle"), ("/v1/positions", "org"),
                          ("/v1/orgs?state=all", "handle")):
            seen = {json.dumps([one[key] for one in client.pages(path)])
                    for client in self.sessions}
            self.assertEqual(seen, {json.dumps(list(self.place))}, path)

    def test_what_a_coordinator_is_told_of_an_item_keeps_that_order(self):
        """Sets differ with the positions, and are not all of one."""
        sizes = []
        for client in self.sessions:
            for one in client.get("/v1/reciprocity").json["items"]:
                for rows in [one.get("organisations", [])] + list(one.get("invite", {}).values()):
                    places = [self.place[org] for org in self.orgs_of(rows)]
                    self.assertEqual(places, sorted(places), one["id"])
                    sizes.append(len(places))
        self.assertGreater(max(sizes), 2)

    def test_nothing_can_be_asked_to_sort(self):
        client = self.sessions[0]
        for template, _ in self.routes():
            if "400" not in RECORDER.operation("GET", template)["responses"]:
                continue
            path = template.format(handle="noyer", index="0", commit="0" * 64, level="0",
                                   tile="000.p/1", year=day_of(now_ms())[:4])
            for word in SORTING:
                for value in ("position", "desc", "given"):
                    answer = client.get(f"{path}?{word}={value}")
                    self.refused(answer, "query_invalid")
        for _, parameters in self.routes():
            for one in parameters:
                self.assertIsNone(re.search(r"sort|order|rank", one["name"]))
