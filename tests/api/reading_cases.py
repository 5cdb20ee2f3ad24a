# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists, conditional requests, search and figures: SPEC 8.4, 12.1, 12.4."""
import re
import threading

from fixtures import ROOT, Case, expires, hash_of, position, share
from semclient import Client, Detail, day_of, leaf_hash, now_ms, tree_root


class Lists(Case):
    """Walks in small pages, while somebody writes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        net = cls.net = cls.shared.network()
        cls.check_at_the_end(net)
        cls.extra = ["aulne", "bouleau", "charme", "erable", "frene", "hetre", "if", "lierre"]
        for handle in cls.extra:
            net.admit(handle, coordinator="noyer")
        cls.offers = [net.add("offer.publish", "orme", details=hash_of("o"), expires=expires(),
                              providers=["orme"], public=True, skill="droit", type="skill")
                      for _ in range(7)]
        cls.needs = [net.add("need.publish", "orme", details=hash_of("n"), expires=expires(),
                             minutes=60, public=True, type="space", urgent=False) for _ in range(7)]
        cls.agreements = [net.add("agreement.sign", "orme", ["noyer", "orme"], details=hash_of("a"),
                                  expires=expires(), shares=[share("noyer", "orme", 10)])
                          for _ in range(7)]
        cls.member = net.client.login(net.key("orme"))
        cls.coordinator = net.client.login(net.key("noyer"))

    def write_until(self, done):
        while not done.is_set():
            self.net.hours("noyer", "orme", 1, gift=True)
            self.net.add("offer.publish", "tilleul", details=hash_of("o"), expires=expires(),
                         providers=["tilleul"], public=True, skill="comptabilite", type="skill")

    def walk(self, client, path, limit):
        """All pages: their items and the sizes they were read at."""
        items, sizes, cursor = [], [], None
        while True:
            query = f"{'&' if '?' in path else '?'}limit={limit}" + (cursor and f"&cursor={cursor}"
                                                                      or "")
            page = client.get(path + query).json
            self.assertLessEqual(len(page["items"]), limit)
            items += page["items"]
            sizes.append(page["size"])
            cursor = page.get("next")
            if not cursor:
                return items, sizes

    def under_writes(self, look):
        done = threading.Event()
        writer = threading.Thread(target=self.write_until, args=(done,))
        writer.start()
        try:
            look()
        finally:
            done.set()
            writer.join()

    def test_a_walk_of_the_log_sees_everything_once_and_one_size(self):
        def look():
            for limit in (1, 3, 200):
                items, sizes = self.walk(self.member, "/v1/entries", limit)
                self.assertEqual(len(set(sizes)), 1, "the size is pinned by the first page")
                self.assertEqual([one["index"] for one in items], list(range(sizes[0])))
        self.under_writes(look)

    def test_the_pages_of_a_walk_make_up_the_tree_of_a_checkpoint(self):
        def look():
            head = self.member.get("/v1/checkpoint").json
            items, _ = self.walk(self.member, "/v1/entries", 7)
            leaves = [leaf_hash(one["leaf"].encode()) for one in items]
            self.assertEqual(tree_root(leaves[:head["size"]]).hex(), head["root"])
        self.under_writes(look)

    def test_filters_of_the_log(self):
        def look():
            items, sizes = self.walk(self.member, "/v1/entries?kind=org.admit", 3)
            self.assertEqual([one["by"] for one in items], self.extra)
            self.assertEqual(len(set(sizes)), 1)
            items, _ = self.walk(self.member, "/v1/entries?org=lierre", 2)
            self.assertEqual([one["kind"] for one in items], ["org.admit"])
            self.assertIn("lierre", items[0]["parties"])
            items, _ = self.walk(self.member, "/v1/entries?org=orme&kind=agreement.sign", 2)
            self.assertEqual([one["ref"] for one in items], self.agreements)
            self.assertEqual(self.walk(self.member, "/v1/entries?org=nobody", 50)[0], [])
        self.under_writes(look)

    def test_walks_of_the_state_see_everything_once(self):
        walks = [(self.member, "/v1/orgs", "handle", ["noyer", "tilleul", "orme"] + self.extra),
                 (self.member, "/v1/offers?org=orme", "ref", self.offers),
                 (self.member, "/v1/needs", "ref", self.needs),
                 (self.member, "/v1/agreements", "ref", self.agreements),
                 (self.member, "/v1/agreements?state=live", "ref", self.agreements),
                 (self.coordinator, "/v1/positions", "org",
                  ["noyer", "tilleul", "orme"] + self.extra)]

        def look():
            for client, path, name, expected in walks:
                for limit in (2, 7):
                    with self.subTest(path=path, limit=limit):
                        items, sizes = self.walk(client, path, limit)
                        self.assertEqual(sorted(one[name] for one in items), sorted(expected))
                        self.assertEqual(sizes, sorted(sizes))
        self.under_writes(look)

    def test_a_cursor_belongs_to_its_list(self):
        cursor = self.member.get("/v1/orgs?limit=2").json["next"]
        for path in ("/v1/offers", "/v1/orgs?state=all", "/v1/entries", "/v1/agreements"):
            sep = "&" if "?" in path else "?"
            self.refused(self.member.get(f"{path}{sep}cursor={cursor}"), "cursor_invalid")
        statement = self.member.get("/v1/orgs/orme/statement?limit=2").json["next"]
        answer = self.coordinator.get(f"/v1/orgs/noyer/statement?limit=2&cursor={statement}")
        self.refused(answer, "cursor_invalid")

    def test_a_cursor_that_somebody_made_up(self):
        """Its first eight bytes name the list; what follows is the size and the place."""
        big = "f" * 16
        for client, path, tails in [
                (self.member, "/v1/orgs", ["f" * 8, "0000ffff"]),
                (self.coordinator, "/v1/positions", ["f" * 8, "0000ffff"]),
                (self.member, "/v1/orgs/orme/statement",
                 ["f" * 14 + "7f" + "0" * 16, "02" + "0" * 14 + "f" * 14 + "7f"])]:
            cursor = client.get(path + "?limit=1").json["next"]
            for tail in tails:
                with self.subTest(path=path, tail=tail):
                    answer = client.get(f"{path}?cursor={cursor[:32]}{tail}")
                    self.refused(answer, "cursor_invalid")
        for path in ("/v1/entries", "/v1/orgs"):
            cursor = self.member.get(path + "?limit=1").json["next"]
            size = f"{self.member.get('/v1/network').json['size'] + 1:016x}"
            for forged in (big, size):
                answer = self.member.get(f"{path}?cursor={cursor[:16]}{forged}{cursor[32:]}")
                self.refused(answer, "cursor_invalid")

    def test_a_page_ends_where_it_is_large(self):
        """Whoever reads slowly holds about 256 KiB, not two hundred large items."""
        net = self.started.network()
        handles = [f"org{i}" for i in range(25)]
        for handle in handles:
            net.admit(handle, coordinator="noyer", public=True,
                      sheet={"name": handle, "summary": "s" * 15_000})
        page = net.client.get("/v1/orgs?limit=200")
        self.assertLess(len(page.body), 300_000)
        self.assertIn("next", page.json)
        found = [one["handle"] for one in net.client.pages("/v1/orgs?limit=200")]
        self.assertEqual(found, ["noyer", "tilleul", "orme"] + handles)

    def test_a_statement_adds_up_to_the_position(self):
        """Newest first; each line says where the position stood after it."""
        items, _ = self.walk(self.member, "/v1/orgs/orme/statement", 5)
        now = position(self.member, "orme")["position"]
        self.assertEqual([one["index"] for one in items],
                         sorted((one["index"] for one in items), reverse=True))
        for item, older in zip(items, items[1:] + [{"position": 0}]):
            moved = item["given"] - item["received"] + item["moves"]
            self.assertEqual(item["position"] - moved, older["position"])
        self.assertEqual(items[0]["position"], now)
        today = day_of(now_ms())
        some = self.member.pages(f"/v1/orgs/orme/statement?from={today}&to={today}")
        self.assertTrue(some)
        self.assertEqual(self.member.pages("/v1/orgs/orme/statement?to=2020-01-01"), [])

    def test_the_inbox_is_walked_like_any_list(self):
        refs = []
        for _ in range(5):
            data = self.net.note("agreement.sign", "noyer", ["noyer"], details=hash_of("x"),
                                 expires=expires(), shares=[share("noyer", "orme", 10)])
            refs.append(self.net.client.post("/v1/entries", data).json["inbox"]["ref"])
        items, _ = self.walk(self.member, "/v1/inbox", 2)
        self.assertEqual(sorted(one["ref"] for one in items), sorted(refs))


class Tags(Case):
    PATHS = ("/v1/network", "/v1/checkpoint", "/v1/policies", "/v1/skills", "/v1/orgs",
             "/v1/orgs/orme", "/v1/offers", "/v1/needs", "/v1/reciprocity", "/v1/entries",
             "/v1/entries/0", "/v1/orgs/orme/position", "/v1/orgs/orme/statement",
             "/v1/orgs/orme/pairs", "/v1/agreements")

    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        self.member = self.net.client.login(self.net.key("orme"))

    def test_unchanged_is_304_and_changed_is_200(self):
        for path in self.PATHS:
            with self.subTest(path):
                first = self.member.get(path)
                tag = first.headers["ETag"]
                self.assertRegex(tag, r'^W/"[^"]+"$')
                for match in (tag, f'"other", {tag}', "*"):
                    again = self.member.get(path, If_None_Match=match)
                    self.assertEqual((again.status, again.body), (304, b""))
                    self.assertEqual(again.headers["ETag"], tag)
                self.net.add("org.confirm", "tilleul")
                changed = self.member.get(path, If_None_Match=tag)
                self.assertEqual(changed.status, 200)
                self.assertNotEqual(changed.headers["ETag"], tag)

    def test_a_text_that_comes_or_goes_changes_the_tag(self):
        before = self.member.get("/v1/skills")
        self.assertEqual(self.net.put_detail(self.net.skills_detail, self.net.found_ref,
                                             "skills").status, 201)
        after = self.member.get("/v1/skills", If_None_Match=before.headers["ETag"])
        self.assertEqual(after.status, 200)
        self.assertNotEqual(before.json, after.json)

    def test_two_readers_do_not_share_a_tag(self):
        other = self.net.client.login(self.net.key("noyer"))
        for path in ("/v1/agreements", "/v1/orgs"):
            tag = self.member.get(path).headers["ETag"]
            self.assertEqual(other.get(path, If_None_Match=tag).status, 200)
            self.assertIn("Authorization", self.member.get(path).headers["Vary"])

    def test_an_answer_that_is_kept_is_whole_and_ends_with_what_it_follows_from(self):
        """A position read again at the same head; each thread of the server keeps its own."""
        def reads(client, path):
            answers = [client.get(path) for _ in range(4)]
            fields = [{name: value for name, value in one.headers.items() if name != "Date"}
                      for one in answers]
            self.assertEqual([one.status for one in answers], [200] * 4)
            self.assertEqual(fields, fields[:1] * 4)
            self.assertEqual([one.body for one in answers], [answers[0].body] * 4)
            return answers[0]

        others = [self.net.client.login(self.net.key(handle)) for handle in ("orme", "noyer")]
        given, minutes = reads(self.member, "/v1/orgs/orme/position").json["given_posted"], 0
        for step in range(1, 6):
            tags = []
            for client in (self.member, *others):  # the last one coordinates
                answer = reads(client, "/v1/orgs/orme/position")
                self.assertEqual(answer.json["org"], "orme")
                self.assertEqual(answer.json["given_posted"], given + minutes)
                self.assertEqual(client.get("/v1/orgs/orme/position",
                                            If_None_Match=answer.headers["ETag"]).status, 304)
                tags.append(answer.headers["ETag"])
            self.assertEqual(tags[0], tags[1])
            self.assertNotEqual(tags[0], tags[2])
            self.assertEqual(reads(others[1], "/v1/orgs/noyer/position").json["org"], "noyer")
            self.refused(self.member.get("/v1/orgs/noyer/position"), "forbidden")
            self.refused(self.net.client.get("/v1/orgs/orme/position"), "unauthorized")
            self.net.hours("orme", "noyer", step, gift=True)
            minutes += step

    def test_a_tag_never_names_two_answers(self):
        """Also not for a moment between the commit of an entry and the signing of its head."""
        done, seen = threading.Event(), {}

        def write():
            while not done.is_set():
                self.net.hours("noyer", "orme", 1, gift=True)

        writers = [threading.Thread(target=write) for _ in range(2)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(150):
                for path in ("/v1/entries?kind=network.found", "/v1/network", "/v1/entries/0",
                             "/v1/orgs/orme/position"):
                    answer = self.member.get(path)
                    known = seen.setdefault((path, answer.headers["ETag"]), answer.body)
                    self.assertEqual(known, answer.body, path)
        finally:
            done.set()
            for writer in writers:
                writer.join()


class Search(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        net = cls.net = cls.shared.network()
        net.admit("creche", coordinator="noyer", public=True, sheet={
            "name": "La Crèche Éveil", "summary": "Accueil à Ixelles", "city": "Bruxelles"})
        net.admit("straat", coordinator="noyer", public=True, sheet={
            "name": "Straatsburg ß Œuvre", "summary": "Één huis, naïeve kunst"})
        net.admit("muet", coordinator="noyer", sheet={
            "name": "Sans texte", "contact": "a@example.org"})
        net.add("offer.publish", "straat", details=hash_of("o"), expires=expires(),
                providers=["straat"], public=True, skill="droit", type="skill")

    def found(self, query):
        return [one["handle"] for one in self.net.client.pages("/v1/orgs?" + query)]

    def test_accents_and_capitals_are_folded_on_both_sides(self):
        for word in ("creche", "Cr%C3%A8che", "CRECHE", "cre%CC%80che", "eveil", "%C3%89VEIL",
                     "ixelles"):
            with self.subTest(word):
                self.assertEqual(self.found("q=" + word), ["creche"])
        for word in ("een", "naieve", "oeuvre", "straatsburg", "huis+kunst", "kunst%20huis"):
            with self.subTest(word):
                self.assertEqual(self.found("q=" + word), ["straat"])

    def test_all_words_must_fit(self):
        self.assertEqual(self.found("q=creche+ixelles"), ["creche"])
        self.assertEqual(self.found("q=creche+huis"), [])
        self.assertEqual(self.found("q=zzzz"), [])

    def test_a_contact_is_not_searched(self):
        self.assertEqual(self.found("q=example.org"), [])

    def test_by_skill_and_by_the_words_of_a_skill(self):
        self.assertEqual(self.found("skill=droit"), ["straat"])
        self.assertEqual(self.found("skill=comptabilite"), [])
        self.assertEqual(self.found("q=droit"), ["straat"])

    def test_a_new_sheet_is_found_and_the_old_one_is_not(self):
        sheet = Detail(self.net.origin, "org", {"name": "Le Mûrier"})
        ref = self.net.add("org.update", "muet", details=sheet.commit, public=False)
        self.assertEqual(self.found("q=murier"), [])
        self.assertEqual(self.net.put_detail(sheet, ref).status, 201)
        self.assertEqual(self.found("q=murier"), ["muet"])
        self.assertEqual(self.found("q=sans"), [])
        self.net.add("details.erase", "muet", subject=ref, slot="details")
        self.assertEqual(self.found("q=murier"), [])

    def test_by_state(self):
        self.net.admit("parti", coordinator="noyer", sheet={"name": "Parti"})
        self.net.add("org.leave", "parti")
        self.assertEqual(self.found("state=left"), ["parti"])
        self.assertNotIn("parti", self.found("state=active"))
        self.assertNotIn("parti", self.found(""))
        self.assertIn("parti", self.found("state=all"))

    def test_odd_questions(self):
        letters = "+".join("abcdefghijklmnopqrstuvwxyz")
        for query in ("q=", "q=+++", "q=" + "a" * 3000, "q=" + letters,
                      "q=%F0%9F%8C%B1", "q=%27%22%3C%3E", "q=%E2%80%8B"):
            with self.subTest(query[:30]):
                answer = self.net.client.get("/v1/orgs?" + query)
                self.assertIn(answer.status, (200, 400), answer)


class Figures(Case):
    def test_an_organisation_shows_what_it_declared_of_its_size(self):
        net = self.started.network()

        def told():
            answer = net.client.get("/v1/orgs/orme").json
            return answer["capacity"], answer["fte"]

        self.assertEqual(told(), (None, None))
        for declared, shown in (({"capacity": 600}, (600, None)), ({"fte": 250}, (600, 250)),
                                ({"capacity": 0, "fte": 1}, (0, 1)), ({}, (0, 1))):
            net.add("org.update", "orme", details=hash_of("sheet"), public=True, **declared)
            self.assertEqual(told(), shown)

    def test_the_network_in_figures(self):
        """Two exchanges, one of them returned in part: W = 300, nets 180, twice the mutual 60."""
        net = self.started.network()
        self.accepted(net.hours("noyer", "orme", 240))
        self.accepted(net.hours("orme", "noyer", 60))
        answer = net.client.get("/v1/reciprocity").json
        self.assertEqual(answer["window"]["minutes"], 300)
        metrics = {one["id"]: one["metrics"] for one in answer["items"]}
        self.assertEqual(metrics["displaced"]["displaced_share"],
                         {"help": 1000 * 180 // 300, "account": 1000 * 180 // 300})
        self.assertEqual(metrics["comes_round"]["direct_reciprocity"]["help"], 1000 * 120 // 300)
        own = net.client.login(net.key("noyer"))
        noyer = position(own, "noyer")
        self.assertEqual((noyer["position"], noyer["given_posted"], noyer["received_posted"]),
                         (180, 240, 60))
        self.assertEqual(noyer["metrics"]["exchange_index"], 1000 * 180 // 300)
        self.assertIsNone(noyer["metrics"]["dependency"], "fewer than 480 minutes received")
        pair = own.pages("/v1/orgs/noyer/pairs")
        self.assertEqual([(one["org"], one["given"], one["received"]) for one in pair],
                         [("orme", 240, 60)])

    def test_the_policies_are_those_of_the_specification(self):
        spec = (ROOT / "SPEC.md").read_text(encoding="utf-8")
        row = r"^\| `(\w+)` \| (\w+) \| (\d+)\.\.(\d+) \| (\d+) \| (.*?) \| .*? \|$"
        rows = re.findall(row, spec, re.M)
        net = self.started.network(policy={"limit_floor_new": 720})
        items = {one["key"]: one for one in net.client.get("/v1/policies").json["items"]}
        self.assertEqual(set(items), {row[0] for row in rows})
        for key, unit, low, high, default, meaning in rows:
            one = items[key]
            found = (one["unit"], one["min"], one["max"], one["default"], one["meaning"])
            self.assertEqual(found, (unit, int(low), int(high), int(default), meaning))
            self.assertEqual(one["words"]["en"], meaning)
            self.assertEqual(len(set(one["words"].values())), 3)
            value = 720 if key == "limit_floor_new" else int(default)
            self.assertEqual(one["value"], value)
            self.assertEqual(one["adopted_ref"], net.found_ref)


class Health(Case):
    def test_alive_ready_and_measured(self):
        net = self.started.network(more=("--metrics", "127.0.0.1:0"))
        self.assertEqual(net.client.get("/livez").status, 200)
        self.assertEqual(net.client.get("/readyz").status, 200)
        self.refused(net.client.get("/metrics"), "not_found")
        url = re.search(r"metrics on (http://\S+)", net.server.said).group(1)
        url = url.removesuffix("/metrics")
        text = Client(url).get("/metrics")
        self.assertEqual(text.status, 200)
        self.assertTrue(text.headers["Content-Type"].startswith("text/plain"))
        for line in text.body.decode().splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) sem_\w+ .+|sem_\w+(\{.*\})? [-+.\de]+)$')
        self.assertRegex(text.body.decode(), r"(?m)^sem_\w*(size|entries)\w*(\{[^}]*\})? 1$")
        self.assertEqual(Client(url).get("/v1/network").status, 404)
