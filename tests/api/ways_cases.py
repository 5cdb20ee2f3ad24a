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


class Warnings(Case):
    """What people should know before they sign, though nothing forbids it: SPEC 18.12. orme gives
    to frene, which received 300 from tilleul; above 400 minutes, 400 ‰ from one is much."""
    POLICY = {"limit_floor_new": 6000, "limit_floor_base": 6000, "limit_floor_max": 6000,
              "limit_ceiling": 500, "pair_cap_minutes": 400, "pair_cap_permille": 400}

    def setUp(self):
        super().setUp()
        net = self.net = self.started.network(policy=self.POLICY)
        for handle in ("frene", "saule"):
            net.admit(handle, coordinator="noyer")
        self.accepted(net.hours("tilleul", "frene", 300))
        self.readers = {one: net.client.login(net.key(one))
                        for one in ("noyer", "orme", "frene", "saule")}

    def shares(self, *shares):
        return [share(*one) for one in sorted(shares)]

    def record(self, *shares, **more):
        """The text of hours that orme writes."""
        return self.net.text("hours.record", "orme", day=day_of(now_ms()),
                             shares=self.shares(*shares), **more)

    def agreement(self, *shares, **more):
        return {"details": hash_of("a"), "expires": expires(), "shares": self.shares(*shares),
                **more}

    def effects(self, text, reader="noyer"):
        answer = self.readers[reader].post("/v1/preview", text).json
        self.assertEqual(answer["outcome"], "accepted", answer)
        return answer["effects"]

    def warned(self, text, reader="noyer"):
        return self.effects(text, reader)["warnings"]

    def much(self, permille, org="frene", provider="orme", others=()):
        return {"warning": "pair_cap", "org": org, "provider": provider, "permille": permille,
                "others": list(others)}

    # --- Much from one ----------------------------------------------------------------------------

    def test_strictly_more_than_the_share_from_one_giver(self):
        self.assertEqual(self.warned(self.record(("orme", "frene", 200))), [])
        text = self.record(("orme", "frene", 201))
        self.assertEqual(self.warned(text), [self.much(401)])
        self.accepted(self.net.hours("orme", "frene", 200))
        self.assertEqual(self.warned(self.record(("orme", "frene", 1))), [self.much(401)])

    def test_little_received_says_nothing(self):
        self.assertEqual(self.warned(self.record(("orme", "saule", 399))), [])
        self.assertEqual(self.warned(self.record(("orme", "saule", 400))),
                         [self.much(1000, "saule")])

    def test_what_is_foretold_is_what_the_standing_says_then(self):
        """Of the year's largest giver; minutes of an agreement as if they were received today."""
        agreed = self.net.text("agreement.sign", "orme", **self.agreement(("orme", "saule", 400)))
        self.assertEqual(self.warned(agreed), [self.much(1000, "saule")])
        for minutes, foretold in ((399, []), (1, [self.much(1000, "saule")])):
            self.assertEqual(self.warned(self.record(("orme", "saule", minutes))), foretold)
            self.accepted(self.net.hours("orme", "saule", minutes))
            standing = self.readers["saule"].get("/v1/orgs/saule/standing").json
            self.assertEqual(standing["above_pair_cap"], bool(foretold))

    def test_each_pair_of_an_entry_is_looked_at_with_all_of_it(self):
        """frene receives 300 before and 700 here: 399 of 1000 from orme and 601 from tilleul."""
        text = self.record(("orme", "frene", 399), ("orme", "saule", 400),
                           ("tilleul", "frene", 301))
        self.assertEqual([one for one in self.warned(text) if one["warning"] == "pair_cap"],
                         [self.much(601, provider="tilleul"), self.much(1000, "saule")])

    def test_a_gift_is_help_like_any_other(self):
        self.assertEqual(self.warned(self.record(("orme", "frene", 501), gift=True)),
                         [self.much(625)])

    # --- Above a ceiling --------------------------------------------------------------------------

    def above(self, projected, org="orme"):
        return {"warning": "ceiling", "org": org, "projected": projected, "ceiling": 500,
                "others": []}

    def test_a_giver_above_its_ceiling(self):
        for minutes, told in ((500, []), (501, [self.above(501)])):
            self.assertEqual(self.warned(self.record(("orme", "saule", minutes)), "orme"), told)

    def test_what_it_promised_counts_and_a_gift_does_not(self):
        self.net.add("agreement.sign", "orme", ["orme", "noyer"],
                     **self.agreement(("orme", "noyer", 300)))
        self.assertEqual(self.warned(self.record(("orme", "saule", 200)), "orme"), [])
        self.assertEqual(self.warned(self.record(("orme", "saule", 201)), "orme"),
                         [self.above(501)])
        self.assertEqual(self.warned(self.record(("orme", "saule", 201), gift=True), "orme"), [])
        text = self.net.text("agreement.sign", "orme", **self.agreement(("orme", "saule", 201)))
        self.assertEqual(self.warned(text, "orme"), [self.above(501)])

    # --- Who reads it, and of what ----------------------------------------------------------------

    def test_each_reads_its_own_and_coordinators_both(self):
        text = self.record(("orme", "frene", 501))
        self.assertEqual(self.warned(text, "frene"), [self.much(625)])
        self.assertEqual(self.warned(text, "orme"), [self.above(501)])
        self.assertEqual(self.warned(text), [self.much(625), self.above(501)])
        signed = self.net.note("hours.record", "orme", ["orme"], day=day_of(now_ms()),
                               shares=self.shares(("orme", "frene", 501)))
        effects = self.net.client.post("/v1/preview", signed).json["effects"]
        self.assertEqual(effects["warnings"], [], "a signature is no session")

    def test_other_entries_have_none(self):
        ref = self.net.add("agreement.sign", "orme", ["orme", "frene"],
                           **self.agreement(("orme", "frene", 501)))
        self.assertNotIn("warnings", self.effects(
            self.record(("orme", "frene", 501), agreement=ref)))
        self.assertNotIn("warnings", self.effects(self.net.text("org.confirm", "orme")))

    # --- Who else ---------------------------------------------------------------------------------

    def offer(self, by, kind="skill", skill="droit"):
        return self.net.add("offer.publish", by, details=hash_of(by), expires=expires(),
                            providers=[by], public=False, type=kind, skill=skill)

    def others(self, text):
        told, = self.warned(text, "frene")
        return told["others"]

    def test_others_who_offer_the_same_in_order_of_admission(self):
        """Neither by what they gave nor by name; no party, nobody gone, nothing withdrawn."""
        more = ["zeste", "aulne", "hetre", "cedre", "buis", "if"]
        for handle in more + ["parti"]:
            self.net.admit(handle, coordinator="noyer")
            self.offer(handle)
        self.net.add("org.leave", "parti")
        for handle in ("orme", "frene"):
            self.offer(handle)
        self.offer("noyer", skill="comptabilite")
        self.offer("noyer", kind="space", skill=None)
        gone = self.offer("saule")
        text = self.record(("orme", "frene", 300), skill="droit")
        self.net.add("offer.withdraw", "saule", offer=gone)
        self.assertEqual(self.others(text), more[:5])
        self.accepted(self.net.hours("aulne", "tilleul", 60))
        self.offer("tilleul")
        self.assertEqual(self.others(text), ["tilleul"] + more[:4])
        self.assertEqual(self.others(self.record(("orme", "frene", 300), skill="comptabilite")),
                         ["noyer"])
        self.assertEqual(self.others(self.record(("orme", "frene", 300))), [])

    def test_what_help_it_is_stands_in_the_need_or_the_offer(self):
        self.offer("saule", kind="space", skill=None)
        self.offer("tilleul")
        room = self.offer("orme", kind="space", skill=None)
        need = self.net.add("need.publish", "frene", details=hash_of("n"), expires=expires(),
                            minutes=300, public=True, type="skill", skill="droit", urgent=False)
        pair = ("orme", "frene", 300)
        self.assertEqual(self.others(self.record(pair, need=need)), ["tilleul"])

        def sign(**more):
            return self.net.text("agreement.sign", "orme", **self.agreement(pair, **more))

        self.assertEqual(self.others(sign(need=need)), ["tilleul"])
        self.assertEqual(self.others(sign(offer=room)), ["saule"])
        self.assertEqual(self.others(sign()), [])
