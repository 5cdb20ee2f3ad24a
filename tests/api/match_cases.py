# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proposals over HTTP: who is proposed, what became of it, who sees what (SPEC 19.8)."""
import json
import os
import subprocess

from fixtures import SEMCTL, Case, expires, hash_of, restart, share
from semclient import DAY_MS, day_of, now_ms


class Matching(Case):
    """A small network; each test has its own, because proposals depend on everything."""

    MEMBERS = ("aulne", "bouleau", "charme", "erable")

    def setUp(self):
        super().setUp()
        net = self.net = self.started.network(coordinators=["noyer"])
        for handle in self.MEMBERS:
            net.admit(handle, coordinator="noyer")
        self.sessions = {}

    def who(self, handle):
        if handle not in self.sessions:
            self.sessions[handle] = self.net.client.login(self.net.key(handle))
        return self.sessions[handle]

    def offer(self, by, skill="droit", **more):
        return self.net.add("offer.publish", by, details=hash_of("o"), expires=expires(90),
                            providers=[by], public=True, skill=skill, type="skill", **more)

    def need(self, by, minutes=120, skill="droit", urgent=False, **more):
        return self.net.add("need.publish", by, details=hash_of("n"), expires=expires(30),
                            minutes=minutes, public=True, skill=skill, type="skill", urgent=urgent,
                            **more)

    def anew(self):
        answer = self.who("noyer").post("/v1/matches", None)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def items(self, handle):
        return self.who(handle).pages("/v1/matches")

    def proposed(self, handle="noyer", state="open"):
        return [(one["need"], one["provider"]) for one in self.items(handle)
                if one["outcome"] == "proposed" and one["state"] == state]

    def decline(self, handle, need, **body):
        return self.who(handle).post(f"/v1/matches/{need}/decline", body)

    def agree(self, giver, need, offer, minutes=120):
        asker = need.split("/")[0]
        return self.net.add("agreement.sign", giver, [giver, asker], details=hash_of("a"),
                            expires=expires(), need=need, offer=offer,
                            shares=[share(giver, asker, minutes)])

    # --- Who ---------------------------------------------------------------------------------

    def test_the_least_asked_is_proposed_first(self):
        for giver in ("aulne", "bouleau"):
            self.offer(giver)
        self.net.hours("aulne", "orme", 60)
        first = self.need("charme")
        self.anew()
        self.assertEqual(self.proposed(), [(first, "bouleau")])
        self.net.hours("bouleau", "orme", 90)
        tag = self.who("noyer").get("/v1/matches").headers["ETag"]
        self.anew()
        self.assertEqual(self.who("noyer").get("/v1/matches", If_None_Match=tag).status, 200)
        self.assertEqual(self.proposed(), [(first, "aulne")])

    def test_urgent_needs_come_before_older_ones(self):
        self.offer("erable", minutes_month=120)
        early = self.need("charme")
        urgent = self.need("orme", urgent=True)
        self.anew()
        self.assertEqual(self.proposed(), [(early, "erable")])
        self.net.add("need.vouch", "tilleul", need=urgent)
        self.anew()
        self.assertEqual(self.proposed(), [(urgent, "erable")])
        left, = (one for one in self.items("noyer") if one["outcome"] == "left")
        self.assertEqual((left["need"], left["why"], left["minutes"]), (early, "no_capacity", 120))

    def test_neither_the_asker_nor_who_vouched_is_proposed(self):
        for giver in ("orme", "tilleul"):
            self.offer(giver)
        urgent = self.need("orme", urgent=True)
        self.net.add("need.vouch", "tilleul", need=urgent)
        self.anew()
        self.assertEqual(self.proposed(), [])
        left, = self.items("orme")
        self.assertEqual(left["why"], "barred")

    def test_area_language_and_hours_promised_count(self):
        self.offer("aulne", areas=["ixelles"], languages=["nl"])
        offer = self.offer("bouleau", areas=["forest"], minutes_month=120)
        here = self.need("charme", areas=["ixelles"], languages=["fr"])
        there = self.need("charme", areas=["forest"], languages=["fr"])
        self.anew()
        self.assertEqual(self.proposed(), [(there, "bouleau")])
        why = {one["need"]: one["why"] for one in self.items("charme") if one["outcome"] == "left"}
        self.assertEqual(why, {here: "no_language"})
        self.agree("bouleau", there, offer)
        other = self.need("orme", areas=["forest"])
        self.anew()
        self.assertEqual(self.proposed(), [])
        self.assertEqual([(one["need"], one["why"]) for one in self.items("orme")],
                         [(other, "no_capacity")])

    # --- What becomes of it --------------------------------------------------------------------

    def test_who_declines_is_not_proposed_again_and_nothing_else_happens(self):
        for giver in ("aulne", "bouleau"):
            self.offer(giver)
        self.net.hours("aulne", "orme", 60)
        need = self.need("charme")
        self.anew()
        before = self.net.client.get("/v1/network").json["size"]
        answer = self.decline("bouleau", need)
        self.assertEqual((answer.status, answer.json["until_at"]), (200, None))
        self.assertEqual(self.proposed("bouleau"), [])
        self.assertEqual(self.proposed(state="declined"), [(need, "bouleau")])
        self.assertEqual(self.who("noyer").get("/v1/matches/inputs").json["declined"], [])
        self.anew()
        self.assertEqual(self.proposed(), [(need, "aulne")])
        self.assertEqual(self.who("noyer").get("/v1/matches/inputs").json["declined"],
                         [{"need": need, "org": "bouleau"}])
        self.assertEqual(self.net.client.get("/v1/network").json["size"], before)
        standing = self.who("bouleau").get("/v1/orgs/bouleau/standing").json
        self.assertEqual(standing["promises"]["broken"], 0)

    def test_only_who_is_proposed_can_decline(self):
        self.offer("aulne")
        need = self.need("charme")
        self.anew()
        for other in ("bouleau", "charme", "noyer"):
            self.refused(self.decline(other, need), "not_found")
        self.refused(self.decline("aulne", need, until=day_of(now_ms() - 2 * DAY_MS)),
                     "body_invalid")
        self.refused(self.decline("aulne", need, why="no"), "body_invalid")
        answer = self.who("aulne").request("POST", f"/v1/matches/{need}/decline", "until")
        self.refused(answer, "media_type")
        huge = self.decline("aulne", need, until="x" * 70000)
        self.refused(huge, "body_too_large")
        self.assertEqual(self.proposed(), [(need, "aulne")])
        day = day_of(now_ms() + DAY_MS)
        self.assertGreater(self.decline("aulne", need, until=day).json["until_at"], now_ms())
        self.assertEqual(self.proposed(), [])

    def test_what_is_agreed_or_withdrawn_is_not_shown_any_more(self):
        offer = self.offer("aulne", minutes_month=600)
        one, two = self.need("charme"), self.need("orme")
        self.anew()
        self.assertEqual(set(self.proposed()), {(one, "aulne"), (two, "aulne")})
        self.agree("aulne", one, offer)
        self.net.add("need.withdraw", "orme", need=two)
        self.assertEqual(self.proposed("aulne"), [])
        self.assertEqual(self.proposed(state="accepted"), [(one, "aulne")])
        self.assertEqual(self.proposed(state="ended"), [(two, "aulne")])

    def test_an_urgent_need_does_not_wait_for_the_next_batch(self):
        for giver in ("aulne", "bouleau"):
            self.offer(giver)
        self.net.hours("bouleau", "erable", 60)
        self.anew()
        need = self.need("charme", urgent=True)
        self.assertEqual(self.items("charme"), [])
        self.net.add("need.vouch", "tilleul", need=need)
        item, = self.items("charme")
        self.assertEqual((item["provider"], item["batch"], item["urgent"]), ("aulne", None, True))
        self.assertEqual(item["reasons"], {"candidates": 2})
        self.assertEqual(self.items("aulne")[0]["reasons"]["provider"],
                         {"before": 0, "after": 120})
        self.decline("aulne", need)
        item, = self.items("charme")
        self.assertEqual(item["provider"], "bouleau")

    def test_the_draft_is_an_agreement_that_the_server_takes(self):
        self.offer("aulne")
        self.need("charme")
        self.anew()
        item, = self.items("aulne")
        draft = item["draft"]
        self.assertEqual(draft.pop("kind"), "agreement.sign")
        self.net.add("agreement.sign", "aulne", ["aulne", "charme"], details=hash_of("a"), **draft)
        self.assertEqual(self.items("aulne"), [])

    # --- Who sees what -------------------------------------------------------------------------

    def test_positions_belong_to_their_owners(self):
        for giver in ("aulne", "bouleau"):
            self.offer(giver)
        self.net.hours("aulne", "charme", 60)
        self.need("charme")
        self.anew()
        provider, = self.items("bouleau")
        asker, = self.items("charme")
        every, = self.items("noyer")
        self.assertEqual(provider["reasons"]["provider"], {"before": 0, "after": 120})
        self.assertEqual(asker["reasons"]["asker"], {"before": -60, "after": -180})
        self.assertNotIn("asker", provider["reasons"])
        self.assertNotIn("provider", asker["reasons"])
        for item in (provider, asker):
            self.assertEqual(item["reasons"]["counts"],
                             {"worse": 1, "taken": 0, "ceiling": 0, "relied": 0})
            self.assertNotIn("aulne", json.dumps(item))
        for member in ("class", "pool_minutes"):
            self.assertIn(member, asker)
            self.assertNotIn(member, provider)
        self.assertEqual([one["org"] for one in every["reasons"]["others"]], ["aulne"])
        self.assertEqual(every["reasons"]["provider"], {"before": 0, "after": 120})
        self.assertEqual(self.items("erable"), [])

    def test_who_is_fragile_stays_with_the_asker_and_coordinators(self):
        """Two needs that differ in nothing else look alike to the provider."""
        until = now_ms() + 300 * DAY_MS
        net = self.net = self.started.network(mandates=[
            {"org": org, "role": role, "until": until}
            for org, role in (("noyer", "coordinator"), ("orme", "panel"), ("tilleul", "panel"))])
        for handle in self.MEMBERS:
            net.admit(handle, coordinator="noyer")
        net.add("status.grant", "orme", ["orme", "tilleul"], org="charme", levy_permille=0,
                pool_permille=500, panel=["orme", "tilleul"], reason=hash_of("why"), until=until,
                **{"class": 1})
        self.offer("aulne", minutes_month=600)
        needs = [self.need(by) for by in ("charme", "erable")]
        self.anew()
        seen = {one["need"]: one for one in self.items("aulne")}
        every = {one["need"]: one for one in self.items("noyer")}
        self.assertEqual([every[need]["class"] for need in needs], [1, 2])
        self.assertEqual([every[need]["pool_minutes"] for need in needs], [60, 0])
        own, = self.items("charme")
        self.assertEqual((own["class"], own["pool_minutes"]), (1, 60))
        self.assertEqual(own["reasons"]["asker"], {"before": 0, "after": -60})
        apart = ("need", "asker", "sentence", "draft", "reasons")
        alike = [{name: value for name, value in seen[need].items() if name not in apart}
                 for need in needs]
        self.assertEqual(alike[0], alike[1])
        self.assertEqual(seen[needs[0]]["reasons"], seen[needs[1]]["reasons"])
        self.assertEqual(self.who("orme").get("/v1/matches/inputs").status, 200)

    def test_the_pool_pays_what_was_proposed(self):
        """A status of any class brings its own rate."""
        until = now_ms() + 300 * DAY_MS
        net = self.net = self.started.network(mandates=[
            {"org": org, "role": role, "until": until}
            for org, role in (("noyer", "coordinator"), ("orme", "panel"), ("tilleul", "panel"))])
        for handle in self.MEMBERS:
            net.admit(handle, coordinator="noyer")
        for handle, number, rate in (("bouleau", 1, 250), ("charme", 2, 250), ("erable", 3, 500)):
            net.add("status.grant", "orme", ["orme", "tilleul"], org=handle, levy_permille=0,
                    pool_permille=rate, panel=["orme", "tilleul"], reason=hash_of("why"),
                    until=until, **{"class": number})
        for giver in ("aulne", "noyer", "tilleul"):
            self.offer(giver)
        rates = {self.need(by): rate
                 for by, rate in (("bouleau", 250), ("charme", 250), ("erable", 500), ("orme", 0))}
        self.anew()
        inputs = self.who("noyer").get("/v1/matches/inputs").json
        self.assertEqual({need["ref"]: need["pool_permille"] for need in inputs["needs"]}, rates)
        seen = {one["need"]: one for one in self.items("noyer")}
        for need, rate in rates.items():
            self.assertEqual(seen[need]["pool_minutes"], 120 * rate // 1000)
            before = net.client.get("/v1/network").json["totals"]["pool"]
            giver, asker = seen[need]["provider"], need.split("/")[0]
            net.add("hours.record", giver, [giver, asker], day=day_of(now_ms()), need=need,
                    shares=[share(giver, asker, 120)])
            paid = before - net.client.get("/v1/network").json["totals"]["pool"]
            self.assertEqual(paid, seen[need]["pool_minutes"], need)

    def test_nobody_is_ranked(self):
        """Others stand in order of admission, whatever they gave."""
        for giver, minutes in (("erable", 90), ("aulne", 180), ("charme", 30), ("bouleau", 0)):
            self.offer(giver)
            if minutes:
                self.net.hours(giver, "tilleul", minutes)
        self.need("orme")
        self.anew()
        item, = self.items("noyer")
        self.assertEqual([one["org"] for one in item["reasons"]["others"]],
                         ["aulne", "charme", "erable"])

    def test_who_reads(self):
        self.offer("aulne")
        need = self.need("charme")
        self.anew()
        for path in ("/v1/matches", "/v1/matches/inputs", "/v1/matches/loops"):
            self.refused(self.net.client.get(path), "unauthorized")
            self.refused(self.who("noyer").get(path + "?x=1"), "query_invalid")
            answer = self.who("noyer").get(path)
            again = self.who("noyer").get(path, If_None_Match=answer.headers["ETag"])
            self.assertEqual(again.status, 304)
            self.refused(self.who("noyer").request("GET", path, "x" * 70000), "body_too_large")
        for path in ("/v1/matches/inputs", "/v1/matches/loops"):
            self.refused(self.who("aulne").get(path), "forbidden")
        self.refused(self.who("aulne").post("/v1/matches", None), "forbidden")
        self.refused(self.net.client.post("/v1/matches", None), "unauthorized")
        self.refused(self.who("noyer").post("/v1/matches?x=1", None), "query_invalid")
        self.refused(self.who("noyer").request("POST", "/v1/matches", "x" * 70000), "body_too_large")
        self.refused(self.net.client.post(f"/v1/matches/{need}/decline", {}), "unauthorized")

    # --- The batch -----------------------------------------------------------------------------

    def test_anybody_entitled_computes_the_same(self):
        for giver in ("aulne", "bouleau"):
            self.offer(giver)
        for asker in ("charme", "orme", "erable"):
            self.need(asker, minutes=150)
        self.anew()
        self.decline("aulne", self.proposed("aulne")[0][0])
        self.anew()
        text = self.who("noyer").get("/v1/matches/inputs").body
        path = os.path.join(self.started.folder(), "inputs.json")
        with open(path, "wb") as file:
            file.write(text)
        done = subprocess.run([SEMCTL, "--json", "match", "compute", "--inputs", path], timeout=60,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        computed = json.loads(done.stdout)
        found = [one for one in self.items("noyer") if one["outcome"] == "proposed"]
        self.assertGreater(len(found), 1)
        names = ("need", "provider", "offer", "asker", "minutes", "pool_minutes", "class",
                 "reasons")
        self.assertEqual([{name: one[name] for name in names} for one in found],
                         [{name: one[name] for name in names} for one in computed["proposals"]])

    def test_it_stays_put_during_the_week(self):
        self.offer("aulne")
        need = self.need("charme")
        self.anew()
        kept = self.who("noyer").get("/v1/matches/inputs").body
        self.offer("bouleau")
        self.net.hours("aulne", "orme", 120)
        self.assertEqual(self.proposed(), [(need, "aulne")])
        self.sessions = {}
        restart(self.net, self.started)
        self.assertEqual(self.proposed(), [(need, "aulne")])
        self.assertEqual(self.who("noyer").get("/v1/matches/inputs").body, kept)

    def test_the_first_batch_is_made_without_being_asked(self):
        answer = self.who("noyer").get("/v1/matches/inputs")
        self.assertEqual(answer.status, 200)
        monday = now_ms() - now_ms() % DAY_MS
        while (monday // DAY_MS + 3) % 7:
            monday -= DAY_MS
        self.assertGreaterEqual(answer.json["at"], monday)

    # --- Loops ---------------------------------------------------------------------------------

    def test_loops_go_round(self):
        for by, gives, asks in (("aulne", "droit", "comptabilite"),
                                ("bouleau", "comptabilite", "droit")):
            self.offer(by, gives)
            self.need(by, 180, asks)
        loop, = self.who("noyer").get("/v1/matches/loops").json["items"]
        self.assertEqual(loop["minutes"], 180)
        self.assertEqual([(one["from"], one["to"]) for one in loop["steps"]],
                         [("aulne", "bouleau"), ("bouleau", "aulne")])
        self.assertEqual([len(one["needs"]) for one in loop["steps"]], [1, 1])
        self.assertIn("3 h", loop["sentence"]["fr"])
