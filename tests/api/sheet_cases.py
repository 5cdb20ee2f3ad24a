# SPDX-License-Identifier: AGPL-3.0-or-later
"""The coordinator's sheet, what its items are made of, and an organisation's standing: SPEC 18.9,
18.10. What an item says is computed here once more, from what its drill-down lists."""
import collections
import json
import re

from fixtures import Case
from semclient import DAY_MS, day_of, now_ms
from told import Told, skill

ITEMS = ["fill_gap", "position", "displaced", "comes_round", "dependency", "burden", "deficit"]
HOURS = ITEMS[1:6]


def items_of(client):
    return {one["id"]: one for one in client.get("/v1/reciprocity").json["items"]}


def permille(a, b):
    """Truncated toward zero, as every figure is."""
    return (abs(1000 * a) // b) * (1 if a >= 0 else -1)


def flows_of(hours, account=False):
    """{(from, to): minutes} and how many records each pair has."""
    flows, counts = collections.Counter(), collections.Counter()
    for one in hours:
        for part in one["shares"]:
            pair = part["from"], part["to"]
            counts[pair] += part["minutes"] > 0
            if not (account and one["gift"]):
                flows[pair] += part["minutes"] - (part["pool"] if account else 0)
    return flows, counts


def largest_circulation(flows):
    """By enumeration of what simple cycles can carry together; few organisations only."""
    nodes = sorted({org for pair in flows for org in pair})
    cycles = []

    def walk(path):
        for to in nodes:
            if flows.get((path[-1], to), 0) > 0:
                if to == path[0]:
                    cycles.append(path)
                elif to > path[0] and to not in path:
                    walk(path + [to])

    for node in nodes:
        walk([node])
    assert len(cycles) <= 6, "too many to enumerate"

    def best(i, left):
        if i == len(cycles):
            return 0
        edges = list(zip(cycles[i], cycles[i][1:] + cycles[i][:1]))
        room = min(left[edge] for edge in edges)
        found = 0
        for units in range(0, room + 1, 10):
            rest = dict(left)
            for edge in edges:
                rest[edge] -= units
            found = max(found, units * len(edges) + best(i + 1, rest))
        return found

    return best(0, dict(flows))


class Life(Case):
    """Half a year of seven organisations, on a network that shows its entries and its directory."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        told = cls.told = Told(cls.shared, days=120)
        cls.check_at_the_end(told.net)
        told.admit("saule", "lierre", "frene", "aulne")
        cls.live(told)
        cls.stranger = told.net.client
        cls.sessions = {handle: told.login(handle) for handle in told.members if handle != "aulne"}
        cls.coordinator = cls.sessions["noyer"]
        told.add("org.confirm", "noyer")  # what is due shows with it

    @classmethod
    def live(cls, told):
        told.status("saule", pool=0)
        told.help("noyer", "saule", 600)
        told.help("noyer", "lierre", 480)
        taken = told.help("noyer", "orme", 180)
        told.help("orme", "frene", 180)
        told.help("orme", "noyer", 120)
        told.help("frene", "orme", 120)
        told.help("saule", "frene", 60, gift=True)
        told.take_back(taken, "noyer", "orme", 60)
        for _ in range(3):
            told.help("tilleul", "lierre", 90)
        for size, org in ((4000, "noyer"), (500, "orme"), (100, "tilleul")):
            told.add("org.update", org, details="0" * 64, fte=size, public=True, capacity=300)
        cls.needs = [told.need("saule", 600), told.need("lierre", 600)]
        told.help("frene", "saule", 300, need=cls.needs[0])
        told.help("frene", "lierre", 600, need=cls.needs[1])
        told.wait(30)
        told.add("org.confirm", "noyer")
        told.need("lierre", 480, days=150, **skill("droit"))
        told.need("saule", 960, days=150, public=False, **skill("droit"))
        told.need("aulne", 480, days=150)
        told.offer("orme", **skill("droit"))
        told.add("org.leave", "aulne")
        told.wait(10)

    def every_hour(self, item="displaced", query=""):
        return self.stranger.pages(f"/v1/reciprocity/{item}?limit=2" + query)

    def test_seven_items_the_fill_gap_first(self):
        answer = self.stranger.get("/v1/reciprocity").json
        self.assertEqual([one["id"] for one in answer["items"]], ITEMS)
        self.assertEqual([one["drill"] for one in answer["items"]],
                         ["/v1/reciprocity/" + item for item in ITEMS])
        self.assertEqual([one["id"] for one in answer["items"] if one["alert"]], ["fill_gap"])
        self.assertEqual(answer["size"], self.stranger.get("/v1/network").json["size"])
        self.assertEqual(answer["window"]["to"], day_of(now_ms()))
        self.assertEqual(answer["policy"], {"index": 0, "ref": self.told.net.found_ref})

    def test_names_are_for_coordinators(self):
        named = {one["id"]: one for one in self.coordinator.get("/v1/reciprocity").json["items"]}
        for reader in (self.stranger, self.sessions["orme"]):
            answer = reader.get("/v1/reciprocity").json
            del answer["policy"]
            words = set(re.findall(r"[a-z0-9-]+", json.dumps(answer)))
            self.assertEqual(words & set(self.told.members), set())
            for one in answer["items"]:
                self.assertNotIn("organisations", one)
                self.assertNotIn("invite", one)
                for name in ("metrics", "sentence", "trend"):
                    if one["id"] != "dependency" or name != "metrics":
                        self.assertEqual(one[name], named[one["id"]][name])
        self.assertEqual(named["dependency"]["organisations"], ["saule", "lierre"])
        self.assertEqual(named["dependency"]["metrics"]["skills"],
                         [{"skill": "droit", "providers": 1, "org": "orme"}])
        self.assertEqual(named["deficit"]["organisations"], ["orme"])
        self.assertEqual(set(named["deficit"]["invite"]), {"give", "offers"})
        self.assertEqual(set(named["position"]["invite"]), {"give", "ask"})

    def test_flows_add_up_to_the_figures(self):
        sheet = self.stranger.get("/v1/reciprocity").json
        items = {one["id"]: one["metrics"] for one in sheet["items"]}
        hours = self.every_hour()
        for layer in ("help", "account"):
            flows, _ = flows_of(hours, layer == "account")
            flows = +flows
            whole = sum(flows.values())
            nets = collections.Counter()
            for (giver, receiver), minutes in flows.items():
                nets[giver] += minutes
                nets[receiver] -= minutes
            with self.subTest(layer):
                self.assertEqual(items["displaced"]["displaced_share"][layer],
                                 permille(sum(map(abs, nets.values())) // 2, whole))
                mutual = sum(min(minutes, flows.get((to, giver), 0))
                             for (giver, to), minutes in flows.items())
                self.assertEqual(items["comes_round"]["direct_reciprocity"][layer],
                                 permille(mutual, whole))
                self.assertEqual(items["comes_round"]["comes_round"][layer],
                                 permille(largest_circulation(flows), whole))
            if layer == "help":
                self.assertEqual(sheet["window"]["minutes"], whole)
        given_freely = sum(part["minutes"] if one["gift"] else part["pool"]
                           for one in hours for part in one["shares"])
        self.assertEqual(items["displaced"]["solidarity_share"], permille(given_freely, whole))

    def test_dependency_from_its_hours(self):
        """More than 400 per mille of at least 720 minutes from one (the defaults of SPEC 8.3)."""
        flows, _ = flows_of(self.every_hour("dependency"))
        received, largest = collections.Counter(), collections.Counter()
        for (_, receiver), minutes in flows.items():
            received[receiver] += minutes
            largest[receiver] = max(largest[receiver], minutes)
        above = [org for org in self.told.members if received[org] >= 720 and
                 1000 * largest[org] > 400 * received[org]]
        item = items_of(self.coordinator)["dependency"]
        self.assertEqual(item["organisations"], above)
        self.assertEqual(item["metrics"]["above_pair_cap"], len(above))
        self.assertIn("2 organisations receive", item["sentence"]["en"])
        self.assertIn("1 compétence ne tient", item["sentence"]["fr"])

    def test_burden_from_its_hours(self):
        flows, _ = flows_of(self.every_hour("burden"))
        given = collections.Counter()
        for (giver, _), minutes in flows.items():
            given[giver] += minutes
        q = sorted(100 * given[org] // size
                   for size, org in ((4000, "noyer"), (500, "orme"), (100, "tilleul")))
        gini = permille(sum((2 * k - len(q) - 1) * one for k, one in enumerate(q, 1)),
                        len(q) * sum(q))
        metrics = items_of(self.stranger)["burden"]["metrics"]
        self.assertEqual((metrics["burden_gini"], metrics["sizes_known"]), (gini, 3))

    def test_positions_are_those_of_all(self):
        flows, _ = flows_of(self.every_hour("position"))
        positions = [one["position"] for one in self.coordinator.pages("/v1/positions")]
        pool = self.stranger.get("/v1/reciprocity").json["pool"]["position"]
        self.assertEqual(sum(positions) + pool, 0)
        self.assertEqual(items_of(self.stranger)["position"]["metrics"]["turnover"],
                         permille(2 * sum(flows.values()), sum(map(abs, positions + [pool]))))

    def test_the_fill_gap_from_its_needs(self):
        item = items_of(self.coordinator)["fill_gap"]
        needs = self.coordinator.pages("/v1/reciprocity/fill_gap?limit=1")
        groups = {True: [0, 0], False: [0, 0]}
        for one in needs:
            groups[one["fragile"]][0] += one["minutes"]
            groups[one["fragile"]][1] += one["in_time"]
        self.assertEqual(groups, {True: [600, 300], False: [600, 600]})
        for fragile, name in ((True, "fragile"), (False, "others")):
            asked, served = groups[fragile]
            self.assertEqual(item["metrics"][name], {"asked": asked, "served": served,
                                                     "permille": permille(served, asked)})
        self.assertEqual((item["metrics"]["fill_gap"], item["alert"]), (500, True))
        self.assertIn("obtiennent 50 %", item["sentence"]["fr"])
        self.assertIn("les autres 100 %", item["sentence"]["fr"])
        for one in self.stranger.pages("/v1/reciprocity/fill_gap"):
            self.assertNotIn("fragile", one)

    def test_the_deficit_from_its_needs(self):
        """A quarter of what each asks of each thing; the offer of orme is all there is."""
        sums = collections.Counter()
        for one in self.coordinator.pages("/v1/reciprocity/deficit?limit=1"):
            sums[one["asker"], one.get("skill", one["type"])] += one["minutes"]
        self.assertNotIn("aulne", {asker for asker, _ in sums})
        metrics = items_of(self.stranger)["deficit"]["metrics"]
        self.assertEqual(metrics["asked"], sum(minutes // 4 for minutes in sums.values()))
        self.assertEqual(metrics["deficit"], metrics["asked"], "orme asks for nothing itself")

    def test_a_drill_down_of_one_organisation(self):
        for item in HOURS:
            whole = self.every_hour(item)
            for org in ("noyer", "aulne", "nobody"):
                part = [one for one in whole if org in
                        {who for share in one["shares"] for who in (share["from"], share["to"])}]
                self.assertEqual(self.every_hour(item, "&org=" + org), part)
        for item in ("fill_gap", "deficit"):
            whole = self.coordinator.pages("/v1/reciprocity/" + item)
            self.assertEqual(self.coordinator.pages(f"/v1/reciprocity/{item}?org=saule"),
                             [one for one in whole if one["asker"] == "saule"])

    def test_sentences_are_three_and_finished(self):
        for one in items_of(self.stranger).values():
            self.assertEqual(len(set(one["sentence"].values())), 3)
            for text in one["sentence"].values():
                self.assertRegex(text, r"^[^${}|]*\.$")

    # --- Standing ---------------------------------------------------------------------------------

    def standing(self, reader, handle):
        answer = self.sessions[reader].get(f"/v1/orgs/{handle}/standing")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_standing_is_for_the_organisation_and_coordinators(self):
        self.refused(self.stranger.get("/v1/orgs/orme/standing"), "unauthorized")
        self.refused(self.sessions["lierre"].get("/v1/orgs/orme/standing"), "forbidden")
        self.refused(self.coordinator.get("/v1/orgs/nobody/standing"), "not_found")
        self.assertEqual(self.standing("orme", "orme"), self.standing("noyer", "orme"))

    def days_aside(self, handle, own):
        """Return time from the running statement, whose items are the newest first."""
        steps = [one for one in self.sessions[handle].pages(f"/v1/orgs/{handle}/statement")
                 if one["kind"] != "pool.closing"]
        now, since = own["position"], None
        if abs(now) <= 240:
            return 0
        for one in steps:
            if one["position"] * now <= 0 or abs(one["position"]) <= 240:
                break
            since = one["at"] // DAY_MS
        today = now_ms() // DAY_MS
        return 0 if since is None else today - since

    def test_standing_in_figures(self):
        for handle in ("orme", "saule", "lierre", "frene"):
            own = self.standing(handle, handle)
            position = self.sessions[handle].get(f"/v1/orgs/{handle}/position").json
            self.assertEqual((own["position"], own["line"], own["size"]),
                             (position["position"], position["line"], position["size"]))
            for name in ("line_use", "exchange_index"):
                self.assertEqual(own["metrics"][name], position["metrics"][name])
            flows, _ = flows_of(self.every_hour(query="&org=" + handle))
            got = {giver: m for (giver, to), m in flows.items() if to == handle}
            self.assertEqual(own["metrics"]["return_days"], self.days_aside(handle, own))
            if own["metrics"]["dependency"]:
                self.assertEqual(own["metrics"]["dependency"]["permille"],
                                 permille(max(got.values()), sum(got.values())))
        saule = self.standing("saule", "saule")
        self.assertEqual(saule["fill"], {"asked": 600, "served": 300, "permille": 500})
        self.assertEqual({k: v for k, v in saule["status"].items() if k != "until_at"},
                         {"class": 1, "pool_permille": 0, "levy_permille": 0})
        self.assertIsNone(self.standing("lierre", "lierre")["status"])
        self.assertTrue(self.standing("lierre", "lierre")["above_pair_cap"])

    def test_three_next_steps(self):
        orme = self.standing("orme", "orme")["next"]
        asked = [one["ref"] for one in self.coordinator.pages("/v1/needs?skill=droit")]
        self.assertEqual(orme[0]["id"], "answer_need")
        self.assertEqual(orme[0]["refs"], sorted(asked, key=lambda ref: ref.split("/")[0] != "saule"))
        lierre = [one["id"] for one in self.standing("lierre", "lierre")["next"]]
        self.assertEqual(lierre, ["offer", "second_provider", "look"])
        frene = [one["id"] for one in self.standing("frene", "frene")["next"]]
        self.assertEqual(frene, ["offer", "need", "look"])
        for one in orme:
            self.assertEqual(len(set(one["sentence"].values())), 3)


class Steps(Case):
    """Standings that need a history of their own."""

    def ids(self, told, handle):
        answer = told.login(handle).get(f"/v1/orgs/{handle}/standing").json
        return {one["id"]: one["refs"] for one in answer["next"]}, answer

    def test_promises(self):
        told = Told(self.started, days=60)
        broken = told.agree("orme", "tilleul", 60, days=10)
        kept = told.agree("orme", "noyer", 60, days=10)
        told.help("orme", "noyer", 60, agreement=kept)
        told.wait(11)
        told.until(now_ms() - 10_000)
        soon = told.agree("orme", "tilleul", 30, days=5)
        found, standing = self.ids(told, "orme")
        self.assertEqual((found["explain"], found["record"]), ([broken], [soon]))
        promises = standing["promises"]
        self.assertEqual((promises["kept"], promises["broken"], promises["step"]), (1, 1, 1))
        self.assertEqual(promises["standing"], 1000 * 3 // 4)
        told.add("promise.excuse", "tilleul", agreement=broken)
        found, standing = self.ids(told, "orme")
        self.assertNotIn("explain", found)
        self.assertEqual((standing["promises"]["broken"], standing["promises"]["step"]), (0, 0))

    def test_a_position_far_to_one_side(self):
        told = Told(self.started, days=100, policy={"limit_floor_new": 1000})
        told.help("orme", "tilleul", 900)
        told.until(now_ms() - 10_000)
        told.add("org.confirm", "orme")
        found, standing = self.ids(told, "tilleul")
        self.assertEqual((standing["position_step"], "meet" in found), (2, True))
        item = items_of(told.login("noyer"))["position"]
        self.assertEqual((item["metrics"]["leaning"], item["metrics"]["strained"]), (1, 1))
        self.assertEqual((item["organisations"], item["metrics"]["leaning_gave"]), (["tilleul"], 0))
        self.assertIn("1 organisation has leaned", item["sentence"]["en"])

    def test_nothing_known_is_not_zero(self):
        """Every figure of an empty network is null, and its sentence says why."""
        told = Told(self.started, days=1)
        for one in items_of(told.net.client).values():
            flat = json.dumps(one["metrics"])
            self.assertNotIn("0", re.sub(r'"(asked|served|leaning|leaning_gave|strained|deficit|'
                                         r'above_pair_cap|skills_hanging|sizes_known|'
                                         r'offered_rest)": 0', "", flat), one)
            for text in one["sentence"].values():
                self.assertNotRegex(text, r"\d|null")
            self.assertFalse(one["alert"])

    def test_a_trend_by_quarter(self):
        """The figure of the years that ended with the last four quarters, from the same hours."""
        told = Told(self.started, days=230)
        first = told.at
        told.help("orme", "tilleul", 100)
        told.help("tilleul", "orme", 50)
        told.until(now_ms() - 10_000)
        told.help("tilleul", "orme", 50)
        item = items_of(told.net.client)["displaced"]
        self.assertEqual(item["metrics"]["displaced_share"]["account"], 0)
        self.assertEqual(len(item["trend"]), 4)
        self.assertEqual([one["quarter"] for one in item["trend"]],
                         sorted(one["quarter"] for one in item["trend"]))
        year, month = day_of(first)[:4], int(day_of(first)[5:7])
        for one in item["trend"]:
            known = one["quarter"] >= f"{year}-Q{(month + 2) // 3}"
            self.assertEqual(one["value"], permille(50, 150) // 1 if known else None)

    def test_what_the_ends_of_past_quarters_say(self):
        """Who leaned then has given back since; what nobody offered then, somebody offers now."""
        told = Told(self.started, days=230, policy={"limit_floor_new": 600})
        first = told.at
        told.help("orme", "tilleul", 400)
        told.need("tilleul", 600, days=5)
        told.need("orme", 240, days=5, **skill("droit"))
        told.until(now_ms() - 10_000)
        told.help("tilleul", "orme", 400)
        told.offer("orme")
        told.offer("tilleul", **skill("droit"))
        items = items_of(told.net.client)
        self.assertEqual(items["position"]["metrics"]["leaning"], 0)
        # A quarter of each need; now each asks for what the other has, up to what it asks itself.
        self.assertEqual(items["deficit"]["metrics"]["deficit"], 150 + 60 - 2 * 60)
        year, month = day_of(first)[:4], int(day_of(first)[5:7])
        began = f"{year}-Q{(month + 2) // 3}"
        for name, then in (("position", 1), ("deficit", 150 + 60)):
            self.assertEqual([one["value"] for one in items[name]["trend"]],
                             [then if one["quarter"] >= began else 0
                              for one in items[name]["trend"]], name)
            self.assertIn(then, [one["value"] for one in items[name]["trend"]])

    def test_a_closed_network(self):
        """Records of hours are for who reads entries, needs for who sees them."""
        told = Told(self.started, days=40, bundles=False, directory=False)
        told.help("orme", "tilleul", 60)
        shown = [told.need("orme", 60, days=5), told.need("orme", 60, days=5, public=False)]
        told.wait(10)
        told.add("org.confirm", "noyer")
        member = told.login("tilleul")
        for item in HOURS:
            self.refused(told.net.client.get("/v1/reciprocity/" + item), "unauthorized")
            self.assertEqual(len(member.pages("/v1/reciprocity/" + item)), 1)
        for item in ("fill_gap", "deficit"):
            self.assertEqual([one["ref"] for one in told.net.client.pages("/v1/reciprocity/" + item)],
                             shown[:1])
            self.assertEqual([one["ref"] for one in member.pages("/v1/reciprocity/" + item)], shown)

    def test_a_kept_sheet_is_none_of_another_size(self):
        """However often it is asked, an answer with an ETag stands at the size of the log."""
        told = Told(self.started, days=2)
        client, seen = told.net.client, 0
        for _ in range(60):
            told.help("orme", "tilleul", 1)
            before = client.get("/v1/network").json["size"]
            answer = client.get("/v1/reciprocity")
            if "ETag" in answer.headers:
                seen += 1
                self.assertEqual(answer.json["size"], before)
                self.assertEqual(answer.json["window"]["minutes"], before - 1)
            self.assertEqual(answer.json["window"]["minutes"], answer.json["size"] - 1)
        self.assertGreater(seen, 0)
        self.assertLess(told.at, now_ms() + DAY_MS)
