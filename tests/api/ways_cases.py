# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a refusal says would pass instead, and what a preview says the common pool would pay: SPEC
18.4, 18.12. Whatever is named is tried."""
from fixtures import Case, expires, hash_of, share
from semclient import day_of, now_ms

NEWCOMER = {"limit_floor_new": 600, "limit_floor_base": 1200}


class Ways(Case):
    """A newcomer's hard stop lies at -900: 600 and half of it."""

    def setUp(self):
        super().setUp()
        net = self.net = self.started.network(policy=NEWCOMER)
        net.admit("frene", coordinator="noyer")
        self.accepted(net.hours("orme", "frene", 500))
        self.coordinator = net.client.login(net.key("noyer"))
        self.own = net.client.login(net.key("frene"))
        self.giver = net.client.login(net.key("orme"))

    def text(self, minutes, giver="orme", receiver="frene", **more):
        return self.net.text("hours.record", "orme", day=day_of(now_ms()),
                             shares=[share(giver, receiver, minutes)], **more)

    def ways(self, problem):
        self.assertEqual(problem["code"], "limit_crossed")
        self.assertEqual(problem["policy"], {"index": 0})
        return {one["way"]: one.get("minutes") for one in problem["ways"]}

    def passes(self, minutes, **more):
        return self.own.post("/v1/preview", self.text(minutes, **more)).json["outcome"]

    def test_a_smaller_share_passes_and_no_larger_one(self):
        problem = self.own.post("/v1/preview", self.text(700)).json["problem"]
        ways = self.ways(problem)
        self.assertEqual(list(ways), ["smaller", "pool", "gift", "vouch", "give_back"])
        self.assertEqual(ways["smaller"], 400)
        self.assertEqual(self.passes(400), "accepted")
        self.assertEqual(self.passes(401), "refused")
        self.assertEqual(self.passes(700, gift=True), "accepted")

    def test_what_is_posted_is_told_the_same(self):
        previewed = self.own.post("/v1/preview", self.text(700)).json["problem"]
        posted = self.refused(self.net.hours("orme", "frene", 700), "limit_crossed")
        self.assertEqual(self.ways(posted), self.ways(previewed))
        self.assertIn("refusal", posted)

    def test_giving_back_first_makes_it_pass(self):
        """As many minutes as are named, and not one less."""
        back = self.ways(self.own.post("/v1/preview", self.text(700)).json["problem"])["give_back"]
        self.assertEqual(back, 300)
        self.accepted(self.net.hours("frene", "orme", back - 1))
        self.assertEqual(self.passes(700), "refused")
        self.accepted(self.net.hours("frene", "orme", 1))
        self.assertEqual(self.passes(700), "accepted")

    def test_the_pool_has_what_is_left_of_its_quarter(self):
        pool = self.coordinator.get("/v1/reciprocity").json["pool"]
        self.assertEqual((pool["budget"], pool["spent"]), (3 * 600, 0))
        ways = self.ways(self.own.post("/v1/preview", self.text(700)).json["problem"])
        self.assertEqual(ways["pool"], 3 * 600)
        need = self.urgent(1500)
        self.accepted(self.record(need, 1500))
        ways = self.ways(self.own.post("/v1/preview", self.text(700)).json["problem"])
        self.assertEqual(ways["pool"], 300)
        self.accepted(self.record(self.urgent(300), 300))
        ways = self.ways(self.own.post("/v1/preview", self.text(700)).json["problem"])
        self.assertNotIn("pool", ways)

    def test_nobody_learns_a_position_from_the_ways(self):
        """orme would have to read frene's position; a coordinator may, and so may frene."""
        problem = self.giver.post("/v1/preview", self.text(700)).json["problem"]
        self.assertEqual(self.ways(problem), {"gift": None, "vouch": None})
        self.assertNotIn("found", problem)
        for reader in (self.own, self.coordinator):
            problem = reader.post("/v1/preview", self.text(700)).json["problem"]
            self.assertIsNotNone(self.ways(problem)["smaller"])

    def test_no_smaller_share_passes_at_the_stop(self):
        self.accepted(self.net.hours("orme", "frene", 400))
        ways = self.ways(self.own.post("/v1/preview", self.text(10)).json["problem"])
        self.assertEqual(ways, {"pool": 1800, "gift": None, "vouch": None, "give_back": 10})

    def test_a_spent_quota_is_for_the_panel(self):
        net = self.started.network(policy={"urgent_quota": 0}, mandates=[
            {"org": "noyer", "role": role, "until": now_ms() + 10 ** 10}
            for role in ("coordinator", "panel")])
        need = net.add("need.publish", "orme", details=hash_of("n"), expires=expires(),
                       minutes=60, public=True, type="space", urgent=True)
        problem = self.refused(net.post("need.vouch", "tilleul", need=need), "urgent_quota")
        self.assertEqual(problem["ways"], [{"way": "panel"}])

    # --- What the pool would pay ------------------------------------------------------------------

    def urgent(self, minutes):
        need = self.net.add("need.publish", "frene", details=hash_of("n"), expires=expires(),
                            minutes=minutes, public=True, type="space", urgent=True)
        self.net.add("need.vouch", "tilleul", need=need)
        return need

    def record(self, need, minutes):
        return self.net.hours("orme", "frene", minutes, need=need)

    def test_a_preview_says_what_the_pool_would_pay(self):
        """Beyond what the need asked for, an entry is not urgent any more (SPEC 8.2)."""
        need = self.urgent(1000)
        for minutes, eligible, rate, paid, left in (
                (900, 900, 1000, 900, 1800), (200, 100, 0, 0, 900), (100, 100, 1000, 100, 900)):
            text = self.text(minutes, need=need)
            preview = self.own.post("/v1/preview", text).json
            self.assertEqual(preview["outcome"], "accepted", preview)
            effects = preview["effects"]
            self.assertEqual(effects["pool"], {
                "asker": "frene", "minutes": minutes, "eligible": eligible, "rate_permille": rate,
                "paid": paid, "budget_left": left})
            self.assertNotIn("pool", self.giver.post("/v1/preview", text).json["effects"])
            before = self.own.get("/v1/orgs/frene/position").json["moves"]
            if paid:
                self.accepted(self.record(need, minutes))
                after = self.own.get("/v1/orgs/frene/position").json["moves"]
                self.assertEqual(after - before, paid)
        pool = self.coordinator.get("/v1/reciprocity").json["pool"]
        self.assertEqual((pool["spent"], pool["position"]), (1000, -1000))

    def test_without_a_need_there_is_no_pool(self):
        effects = self.own.post("/v1/preview", self.text(10)).json["effects"]
        self.assertNotIn("pool", effects)
