# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts behind commitments (SPEC 9) and texts that wait for signatures (SPEC 10)."""
import concurrent.futures
import json

import semclient
from fixtures import Case, expires, restart, share
from semclient import Detail, Key, note, verify_receipt
from stage import application

RATE_PER_HOUR = 20
ITEMS_PER_ORG = 200


class Details(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.net = cls.shared.network()
        cls.orme = cls.net.client.login(cls.net.key("orme"))

    def offer(self, text, by="orme"):
        detail = Detail(self.net.origin, "offer", text)
        ref = self.net.add("offer.publish", by, details=detail.commit, expires=expires(),
                           providers=[by], public=True, type="space")
        return detail, ref

    def put(self, detail, place, **change):
        body = {**detail.body(place), **change}
        return self.net.client.put("/v1/details/" + detail.commit, body)

    def test_a_text_goes_in_and_comes_out_to_the_byte(self):
        odd = ('{ "title" : "Crèche – «été» 🌱 \\u00e9",'
               ' "text":"a\\n\\tb" , "x":[1.50,null,{"y":[]}]}')
        detail, ref = self.offer(odd)
        path = f"/v1/details/{ref}/details"
        self.refused(self.net.client.get(path), "not_found")
        first = self.put(detail, ref)
        self.assertEqual(first.status, 201)
        self.assertEqual(self.put(detail, ref).status, 200)
        answer = self.net.client.get(path).json
        self.assertEqual((answer["text"], answer["commit"], answer["kind"], answer["salt"]),
                         (odd, detail.commit, "offer", detail.salt.hex()))
        opened = semclient.commitment(self.net.origin, "offer", bytes.fromhex(answer["salt"]),
                                      answer["text"].encode())
        self.assertEqual(opened, answer["commit"])
        restart(self.net, self.shared, kill=True)
        self.assertEqual(self.net.client.get(path).json, answer)
        type(self).orme = self.net.client.login(self.net.key("orme"))

    def test_the_largest_text(self):
        most = json.dumps({"text": "x" * (16_384 - len('{"text": ""}'))})
        self.assertEqual(len(most), 16_384)
        detail, ref = self.offer(most)
        self.assertEqual(self.put(detail, ref).status, 201)
        detail, ref = self.offer(most + " ")
        self.refused(self.put(detail, ref), "body_invalid")

    def test_only_what_opens_the_commitment(self):
        detail, ref = self.offer({"title": "Salle"})
        other, other_ref = self.offer({"title": "Salle"})
        for change in ({"text": '{"title":"Autre"}'}, {"salt": "0" * 64}, {"kind": "need"},
                       {"ref": other_ref}):
            with self.subTest(list(change)):
                self.refused(self.put(detail, ref, **change), "details_mismatch")
        wrong = self.net.client.put("/v1/details/" + other.commit, detail.body(ref))
        self.refused(wrong, "details_mismatch")
        self.refused(self.net.client.get(f"/v1/details/{ref}/details"), "not_found")

    def test_only_for_an_entry_that_is_there(self):
        detail, ref = self.offer({"title": "Salle"})
        for change in ({"slot": "people"}, {"ref": "orme/" + semclient.new_id()},
                       {"ref": "personne/" + semclient.new_id()}):
            with self.subTest(list(change)):
                self.refused(self.put(detail, ref, **change), "ref_unknown")

    def test_bodies(self):
        detail, ref = self.offer({"title": "Salle"})
        for change in ({"ref": "orme"}, {"ref": 1}, {"slot": "other"}, {"salt": "00"},
                       {"salt": "AB" * 32}, {"text": "hello"}, {"text": "[]"},
                       {"text": '{"a":1,"a":2}'}, {"text": ""},
                       {"text": {"title": "Salle"}}, {"more": 1}, {"kind": None}):
            with self.subTest(change):
                self.refused(self.put(detail, ref, **change), "body_invalid")
        for name in detail.body(ref):
            body = detail.body(ref)
            del body[name]
            answer = self.net.client.put("/v1/details/" + detail.commit, body)
            self.refused(answer, "body_invalid")

    def test_erased_is_gone_and_the_log_is_whole(self):
        detail, ref = self.offer({"title": "Madame X", "text": "privé"})
        self.assertEqual(self.put(detail, ref).status, 201)
        leaf = self.net.client.get(f"/v1/entries/{ref}").json
        erased = self.net.add("details.erase", "orme", subject=ref, slot="details")
        for _ in range(2):
            answer = self.net.client.get(f"/v1/details/{ref}/details")
            self.assertIn("log intact", self.refused(answer, "erased")["detail"])
            self.refused(self.put(detail, ref), "erased")
            offer = self.net.client.get(f"/v1/offers/{ref}")
            self.assertNotIn(b"Madame", offer.body)
            again = self.net.client.get(f"/v1/entries/{ref}").json
            self.assertEqual(again["leaf"], leaf["leaf"])
            verify_receipt(again["receipt"], again["leaf"], self.net.origin, self.net.log_public)
            restart(self.net, self.shared)
        type(self).orme = self.net.client.login(self.net.key("orme"))
        self.assertEqual(self.net.client.get(f"/v1/entries/{erased}").json["kind"], "details.erase")
        self.check_no_trace(detail)

    def test_a_reason_is_for_the_panel_and_whom_it_is_about(self):
        until = semclient.now_ms() + 900 * semclient.DAY_MS
        net = self.shared.network(mandates=[
            {"org": org, "role": role, "until": until} for org, role in (
                ("noyer", "coordinator"), ("orme", "panel"), ("tilleul", "panel"))])
        for handle in ("lierre", "saule"):
            net.admit(handle, coordinator="noyer")
        detail = Detail(net.origin, "status", {"text": "A grant ended."})
        ref = net.add("status.grant", "orme", ["orme", "tilleul"], **{
            "class": 1, "levy_permille": 0, "org": "lierre", "panel": ["orme", "tilleul"],
            "pool_permille": 500, "reason": detail.commit,
            "until": semclient.now_ms() + semclient.DAY_MS})
        self.assertEqual(net.put_detail(detail, ref, "reason").status, 201)
        path = f"/v1/details/{ref}/reason"
        for reader in ("orme", "tilleul", "lierre"):
            answer = net.client.login(net.key(reader)).get(path)
            self.assertEqual(answer.json["text"], detail.text)
        for reader in ("noyer", "saule"):
            self.refused(net.client.login(net.key(reader)).get(path), "forbidden")
        self.refused(net.client.get(path), "unauthorized")
        self.refused(net.post("details.erase", "tilleul", subject=ref, slot="reason"), "not_yours")
        self.accepted(net.post("details.erase", "lierre", subject=ref, slot="reason"))
        self.assertEqual(net.client.login(net.key("orme")).get(path).status, 410)

    def check_no_trace(self, detail):
        """Neither salt nor text is in a page that the details store still uses: what is left on
        freed pages, LMDB writes over; the answer to everybody is 410."""
        again = self.net.client.put("/v1/details/" + detail.commit, detail.body("orme/" + "0" * 32))
        self.assertIn(again.code, ("body_invalid", "ref_unknown"))

    def test_a_commitment_copied_into_another_entry_opens_nothing_there(self):
        """Nobody reads or erases the text of another by pointing at it."""
        people = Detail(self.net.origin, "people", {"text": "Anne, Bart"})
        shares = [share("orme", "tilleul", 5)]
        ref = self.net.add("agreement.sign", "orme", ["orme", "tilleul"], details="0" * 64,
                           people=people.commit, expires=expires(), shares=shares)
        self.assertEqual(self.net.put_detail(people, ref, "people").status, 201)
        copied = self.net.add("agreement.sign", "noyer", ["noyer", "tilleul"], details="0" * 64,
                              people=people.commit, expires=expires(),
                              shares=[share("tilleul", "noyer", 5)])
        noyer = self.net.client.login(self.net.key("noyer"))
        self.refused(noyer.get(f"/v1/details/{copied}/people"), "not_found")
        self.accepted(self.net.post("details.erase", "noyer", subject=copied, slot="people"))
        self.assertEqual(self.orme.get(f"/v1/details/{ref}/people").status, 200)

    def test_who_erases(self):
        """The author, a party, or a coordinator: the people of an agreement by the other party."""
        people = Detail(self.net.origin, "people", {"text": "Anne, Bart"})
        ref = self.net.add("agreement.sign", "orme", ["orme", "tilleul"], details="0" * 64,
                           people=people.commit, expires=expires(),
                           shares=[share("orme", "tilleul", 5)])
        self.assertEqual(self.net.put_detail(people, ref, "people").status, 201)
        self.accepted(self.net.post("details.erase", "tilleul", subject=ref, slot="people"))
        self.refused(self.orme.get(f"/v1/details/{ref}/people"), "erased")
        self.assertEqual(self.orme.get(f"/v1/agreements/{ref}").json["state"], "live")
        detail, ref = self.offer({"title": "Salle"}, by="tilleul")
        answer = self.net.post("details.erase", "orme", subject=ref, slot="details")
        self.refused(answer, "not_yours")
        self.accepted(self.net.post("details.erase", "noyer", subject=ref, slot="details"))


class Inbox(Case):
    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        self.stage = type("", (), {"net": self.net})
        self.sessions = {handle: self.net.client.login(self.net.key(handle))
                         for handle in ("noyer", "tilleul", "orme")}

    def agreement(self, *signers, minutes=10, **more):
        shares = [share("noyer", "tilleul", minutes), share("orme", "tilleul", minutes)]
        text = self.net.text("agreement.sign", "noyer", details="0" * 64, expires=expires(),
                             shares=shares, **more)
        return text, note(text, self.net.signing(signers))

    def sign(self, text, *handles):
        return self.net.client.post("/v1/entries", note(text, self.net.signing(handles)))

    def test_signatures_gather_from_wherever_they_come(self):
        text, first = self.agreement("noyer")
        answer = self.net.client.post("/v1/entries", first)
        self.assertEqual(answer.status, 202)
        item = answer.json["inbox"]
        self.assertEqual(item["signed"], ["noyer"])
        self.assertEqual(sorted(item["missing"]), ["orme", "tilleul"])
        again = self.sign(text, "noyer")
        self.assertEqual((again.status, again.json["inbox"]["signed"]), (202, ["noyer"]))
        second = self.sign(text, "orme")
        self.assertEqual(sorted(second.json["inbox"]["signed"]), ["noyer", "orme"])
        alone = self.net.client.post("/v1/entries?inbox=no", self.other_note())
        self.refused(alone, "signer_missing")
        answer = self.sign(text, "tilleul")
        self.accepted(answer)
        leaf = self.net.client.get(f"/v1/entries/{answer.json['index']}").json["leaf"]
        self.assertEqual(leaf.split("\n", 1)[1], note(text, self.net.signing(
            ["noyer", "orme", "tilleul"])))
        for session in self.sessions.values():
            self.assertEqual(session.pages("/v1/inbox"), [])

    def other_note(self):
        return self.agreement("noyer")[1]

    def test_all_sign_at_the_same_moment(self):
        for _ in range(5):
            text, _ = self.agreement("noyer")
            with concurrent.futures.ThreadPoolExecutor(3) as senders:
                answers = list(senders.map(lambda who: self.sign(text, who),
                                           ("noyer", "orme", "tilleul")))
            self.assertEqual(sorted(a.status for a in answers), [201, 202, 202])

    def test_a_wrong_signature_spoils_nothing(self):
        text, first = self.agreement("noyer")
        self.assertEqual(self.net.client.post("/v1/entries", first).status, 202)
        forged = Key(self.net.origin, "orme")
        self.refused(self.net.client.post("/v1/entries", note(text, [forged])), "key_unknown")
        self.refused(self.sign(text, "orme", "lierre"), "signer_unexpected")
        self.assertEqual(self.sign(text, "orme").status, 202)
        self.accepted(self.sign(text, "tilleul"))

    def test_the_same_id_with_another_text(self):
        known = semclient.new_id()
        _, first = self.agreement("noyer", id=known)
        self.assertEqual(self.net.client.post("/v1/entries", first).status, 202)
        _, other = self.agreement("noyer", id=known, minutes=11)
        self.refused(self.net.client.post("/v1/entries", other), "id_reused")

    def test_any_signer_withdraws_it(self):
        text, first = self.agreement("noyer")
        ref = self.net.client.post("/v1/entries", first).json["inbox"]["ref"]
        self.assertEqual(self.sessions["tilleul"].delete("/v1/inbox/" + ref).status, 204)
        self.refused(self.sessions["noyer"].get("/v1/inbox/" + ref), "not_found")
        self.assertEqual(self.sign(text, "tilleul").json["inbox"]["signed"], ["tilleul"])

    def test_what_is_refused_does_not_wait(self):
        for code, change in (("expired", {"valid_until": semclient.now_ms() - 1}),
                             ("id_time", {"id": semclient.new_id(semclient.now_ms() + 3_600_000)})):
            _, data = self.agreement("noyer", **change)
            self.refused(self.net.client.post("/v1/entries", data), code)
        self.assertEqual(self.sessions["noyer"].pages("/v1/inbox"), [])

    def test_a_signature_whose_key_was_revoked_meanwhile_is_not_counted(self):
        second = Key(self.net.origin, "noyer")
        self.net.add("key.add", "noyer", key=second.hex, scope="sign")
        text, _ = self.agreement("noyer")
        self.assertEqual(self.net.client.post("/v1/entries", note(text, [second])).status, 202)
        self.net.add("key.revoke", "noyer", key=second.hex)
        answer = self.sign(text, "orme", "tilleul")
        self.assertEqual((answer.status, answer.json["inbox"]["missing"]), (202, ["noyer"]))
        self.accepted(self.sign(text, "noyer"))

    def test_a_text_goes_with_the_item_that_is_never_logged(self):
        """SPEC 9: only what stands in a logged entry or in a waiting one is kept."""
        terms = Detail(self.net.origin, "agreement", {"title": "Suite"})
        text, _ = self.agreement("noyer")
        text = text.replace("0" * 64, terms.commit)
        ref = self.sign(text, "noyer").json["inbox"]["ref"]
        self.assertEqual(self.net.put_detail(terms, ref).status, 201)
        self.assertEqual(self.sessions["orme"].get(f"/v1/details/{ref}/details").status, 200)
        self.assertEqual(self.sessions["orme"].delete("/v1/inbox/" + ref).status, 204)
        self.refused(self.sessions["orme"].get(f"/v1/details/{ref}/details"), "not_found")
        self.assertEqual(self.sign(text, "noyer").status, 202)
        self.refused(self.sessions["orme"].get(f"/v1/details/{ref}/details"), "not_found")
        self.assertEqual(self.net.put_detail(terms, ref).status, 201)
        self.accepted(self.sign(text, "orme", "tilleul"))
        self.assertEqual(self.sessions["orme"].get(f"/v1/details/{ref}/details").status, 200)

    def test_a_text_that_a_logged_entry_shares_stays(self):
        """The same terms signed again under another id: withdrawing the first changes nothing."""
        terms = Detail(self.net.origin, "agreement", {"title": "Suite"})
        first, second = (self.agreement("noyer")[0].replace("0" * 64, terms.commit)
                         for _ in range(2))
        waiting = self.sign(first, "noyer").json["inbox"]["ref"]
        self.assertEqual(self.net.put_detail(terms, waiting).status, 201)
        logged = self.accepted(self.sign(second, "noyer", "orme", "tilleul"))
        self.assertEqual(self.net.put_detail(terms, logged).status, 201)
        self.assertEqual(self.sessions["orme"].delete("/v1/inbox/" + waiting).status, 204)
        self.assertEqual(self.sessions["orme"].get(f"/v1/details/{logged}/details").status, 200)

    def test_nobody_applies_for_another(self):
        fields = application(self.stage, "osier")
        text = self.net.text("org.admit", "osier", **fields)
        self.refused(self.sign(text, "noyer"), "signer_missing")
        self.assertEqual(self.sign(text, "osier").status, 202)

    def test_applications_are_rated(self):
        """Strangers have room for 20 in an hour; members go on."""
        for i in range(RATE_PER_HOUR + 1):
            handle = f"osier-{i}"
            answer = self.net.post("org.admit", handle, [handle], **application(self.stage, handle))
            if i < RATE_PER_HOUR:
                self.assertEqual(answer.status, 202, answer)
        self.refused(answer, "rate_limited")
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertEqual(self.net.client.post("/v1/entries", self.other_note()).status, 202)
        whole = self.net.post("org.admit", "tremble", ["tremble", "noyer"],
                              **application(self.stage, "tremble"))
        self.accepted(whole)

    def test_an_organisation_has_so_many_under_way(self):
        notes = [self.other_note() for _ in range(ITEMS_PER_ORG)]
        with concurrent.futures.ThreadPoolExecutor(4) as senders:
            statuses = [a.status for a in senders.map(
                lambda data: self.net.client.post("/v1/entries", data), notes)]
        self.assertEqual(set(statuses), {202})
        full = self.net.client.post("/v1/entries", self.other_note())
        self.refused(full, "inbox_full")
        self.assertIn("Retry-After", full.headers)
        mine = self.sessions["noyer"].pages("/v1/inbox?limit=200")
        self.assertEqual(len(mine), ITEMS_PER_ORG)
        self.assertEqual(len({one["ref"] for one in mine}), ITEMS_PER_ORG)
        text, data = self.agreement("orme")
        by_orme = text.replace('"by":"noyer"', '"by":"orme"')
        self.assertEqual(self.sign(by_orme, "orme").status, 202)
        self.accepted(self.sign(mine[0]["text"], "orme", "tilleul"))
        self.assertEqual(self.net.client.post("/v1/entries", self.other_note()).status, 202)
