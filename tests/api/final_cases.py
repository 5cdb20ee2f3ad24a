# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is refused for good: signed, durable, the same for ever (SPEC 10.2)."""
import base64
import concurrent.futures
import json
import threading

import semclient
from fixtures import ORIGIN, Case, expires, hash_of, restart, share
from semclient import Detail, day_of, entry_text, new_id, note, now_ms, verify_note

SENDERS = 32
MEMBERS = ["at", "author", "code", "entry_hash", "expected", "field", "found", "id", "number",
           "root", "rule", "size", "valid_until"]


class Final(Case):
    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        self.key = bytes.fromhex(self.net.client.get("/v1/network").json["keys"]["refusal_key"])

    def post(self, data, query=""):
        return self.net.client.post("/v1/entries" + query, data)

    def hours(self, giver, receiver, minutes, **more):
        return self.net.note("hours.record", receiver, [giver, receiver], day=day_of(now_ms()),
                             shares=[share(giver, receiver, minutes)], **more)

    def withdraw(self, need, **more):
        return self.net.note("need.withdraw", "orme", need=need, **more)

    def session(self, handle):
        return self.net.client.login(self.net.key(handle))

    def signed(self, answer, code, data):
        """The refusal in an answer to `data`: verified, and what it states."""
        problem = self.refused(answer, code)
        self.assertIn("refusal", problem)
        text = verify_note(problem["refusal"], ORIGIN + "/refusal", self.key)
        first, line, rest = text.split("\n")
        self.assertEqual((first, rest), (ORIGIN + "/refusal/v1", ""))
        stated = json.loads(line)
        self.assertEqual(line, semclient.canonical(stated))
        self.assertEqual(sorted(stated), MEMBERS)
        entry, _ = semclient.split_note(data)
        fields = json.loads(entry.split("\n")[1])
        self.assertEqual((stated["author"], stated["id"], stated["valid_until"]),
                         (fields["by"], fields["id"], fields["valid_until"]))
        self.assertEqual(stated["entry_hash"], semclient.hashlib.sha256(entry.encode()).hexdigest())
        for name in ("code", "number"):
            self.assertEqual(stated[name], problem[name])
        for name in ("rule", "field", "expected", "found"):
            self.assertEqual(stated[name], problem.get(name, ""))
        return problem["refusal"], stated

    def same_again(self, data, code, refusal):
        self.assertEqual(self.signed(self.post(data), code, data)[0], refusal)

    def root_at(self, size):
        answer = self.net.client.get(f"/v1/consistency?from={size}")
        return answer.json["root_from"]

    def test_a_line_that_has_moved_since(self):
        """901 minutes are one too many for a newcomer; after giving one they would pass."""
        data = self.hours("noyer", "orme", 901)
        refusal, stated = self.signed(self.post(data), "limit_crossed", data)
        self.assertEqual((stated["size"], stated["root"]), (1, self.root_at(1)))
        self.accepted(self.post(self.hours("orme", "tilleul", 1)))
        self.same_again(data, "limit_crossed", refusal)
        self.accepted(self.post(self.hours("noyer", "orme", 901)))
        self.same_again(data, "limit_crossed", refusal)

    def test_after_a_restart(self):
        need = new_id()
        data = self.withdraw("orme/" + need)
        refusal, _ = self.signed(self.post(data), "ref_unknown", data)
        self.net.add("need.publish", "orme", id=need, details=hash_of("n"), expires=expires(),
                     minutes=60, public=True, skill="droit", type="skill", urgent=False)
        for kill in (True, False):
            restart(self.net, self.started, kill)
            self.same_again(data, "ref_unknown", refusal)
        self.accepted(self.post(self.withdraw("orme/" + need)))

    def test_killed_right_after_the_answer(self):
        """What was told is on the disk: many at once, then SIGKILL without a pause."""
        notes = [self.withdraw("orme/" + new_id()) for _ in range(SENDERS)]
        with concurrent.futures.ThreadPoolExecutor(8) as senders:
            told = list(senders.map(self.post, notes))
        self.net.server.kill()
        self.net.server = self.started.serve(self.net.folder)
        self.net.client = self.net.server.client(self.recorder)
        for data, answer in zip(notes, told):
            self.same_again(data, "ref_unknown", answer.json["refusal"])

    def test_many_senders_at_once(self):
        """One decision, told to all, while others write."""
        for _ in range(3):
            data = self.withdraw("orme/" + new_id())
            ready = threading.Barrier(SENDERS)

            def send(i):
                ready.wait()
                if i % 8 == 7:
                    return self.post(self.net.note("org.confirm", "noyer"))
                return self.post(data)

            with concurrent.futures.ThreadPoolExecutor(SENDERS) as senders:
                answers = list(senders.map(send, range(SENDERS)))
            refusals = {self.signed(one, "ref_unknown", data)[0] for i, one in enumerate(answers)
                        if i % 8 != 7}
            self.assertEqual(len(refusals), 1)

    def test_its_id_takes_no_other_text(self):
        number = new_id()
        data = self.withdraw("orme/" + new_id(), id=number)
        refusal, _ = self.signed(self.post(data), "ref_unknown", data)
        other = self.net.note("org.confirm", "orme", id=number)
        self.assertNotIn("refusal", self.refused(self.post(other), "id_reused"))
        self.same_again(data, "ref_unknown", refusal)
        self.accepted(self.post(self.net.note("org.confirm", "noyer", id=number)))

    def test_nobody_burns_the_id_of_another(self):
        """Bad signatures, missing ones, too many, unknown keys: answers without consequence."""
        fields = self.net.fields("hours.record", "orme", day=day_of(now_ms()),
                                 shares=[share("noyer", "orme", 5)])
        text = entry_text(ORIGIN, fields)
        crossed = entry_text(ORIGIN, {**fields, "shares": [share("noyer", "orme", 5000)]})
        noyer, orme, tilleul = (self.net.key(one) for one in ("noyer", "orme", "tilleul"))
        stranger = semclient.Key(ORIGIN, "noyer")
        borrowed = crossed + "\n" + noyer.line(text) + orme.line(crossed)
        for data, query, code in [
                (borrowed, "", "signature_invalid"),
                (note(crossed, [orme]), "?inbox=no", "signer_missing"),
                (note(crossed, [noyer]), "?inbox=no", "signer_missing"),
                (note(crossed, [orme, stranger]), "", "key_unknown"),
                (note(crossed, [noyer, orme, tilleul]), "", "signer_unexpected"),
                (note(crossed, [tilleul]), "", "signer_unexpected")]:
            with self.subTest(code):
                self.assertNotIn("refusal", self.refused(self.post(data, query), code))
        self.accepted(self.post(note(text, [noyer, orme])))

    def test_who_must_sign_is_not_known(self):
        """Without the agreement nobody knows whose signatures a closing needs: an answer only."""
        number, agreement = new_id(), new_id()
        data = self.net.note("agreement.close", "orme", ["noyer", "orme"], id=number,
                             agreement="orme/" + agreement)
        self.assertNotIn("refusal", self.refused(self.post(data), "ref_unknown"))
        self.net.add("agreement.sign", "orme", ["noyer", "orme"], id=agreement, expires=expires(),
                     details=hash_of("a"), shares=[share("noyer", "orme", 5)])
        self.accepted(self.post(data))

    def test_times_are_decisions(self):
        late = self.net.note("org.confirm", "orme", id=new_id(now_ms() - 60_000),
                             valid_until=now_ms() - 1)
        first, stated = self.signed(self.post(late), "expired", late)
        self.assertGreater(stated["at"], stated["valid_until"])
        self.refused(self.session("orme").get(f"/v1/refusals/orme/{stated['id']}"), "not_found")
        for code, more in (("id_time", {"id": new_id(now_ms() + 3_600_000)}),
                           ("valid_until_too_far", {"valid_until": now_ms() + 8_640_000_000}),
                           ("at_not_allowed", {"at": now_ms()}),
                           ("seen_mismatch", {"seen": {"root": "0" * 64, "size": 1}})):
            with self.subTest(code):
                data = note(entry_text(ORIGIN, {**self.net.fields("org.confirm", "orme"), **more}),
                            [self.net.key("orme")])
                refusal, _ = self.signed(self.post(data), code, data)
                self.same_again(data, code, refusal)

    def test_what_waited_is_gone_with_its_text(self):
        detail = Detail(ORIGIN, "hours", {"text": "one minute too many"})
        text = self.net.text("hours.record", "orme", details=detail.commit, day=day_of(now_ms()),
                             shares=[share("noyer", "orme", 901)])
        noyer, orme = self.net.key("noyer"), self.net.key("orme")
        waiting = self.post(note(text, [orme]))
        self.assertEqual(waiting.status, 202)
        ref = waiting.json["inbox"]["ref"]
        self.assertEqual(self.net.put_detail(detail, ref).status, 201)
        both = note(text, [noyer, orme])
        refusal, _ = self.signed(self.post(note(text, [noyer])), "limit_crossed", both)
        for handle in ("noyer", "orme"):
            session = self.session(handle)
            self.assertEqual(session.get("/v1/inbox").json["items"], [])
            self.refused(session.get("/v1/inbox/" + ref), "not_found")
            self.refused(session.get(f"/v1/details/{ref}/details"), "not_found")
            kept = session.get("/v1/refusals/" + ref)
            self.assertEqual(kept.json, {"entry": both, "refusal": refusal})
            etag = kept.headers["ETag"]
            self.assertEqual(session.get("/v1/refusals/" + ref, If_None_Match=etag).status, 304)
        self.refused(self.net.put_detail(detail, ref), "ref_unknown")
        self.strangers_learn_nothing(ref)
        self.nothing_waits_again(text, refusal)

    def strangers_learn_nothing(self, ref):
        author, number = ref.split("/")
        self.refused(self.session("tilleul").get("/v1/refusals/" + ref), "not_found")
        self.refused(self.net.client.get("/v1/refusals/" + ref), "unauthorized")
        self.refused(self.session("noyer").get(f"/v1/refusals/noyer/{number}"), "not_found")

    def nothing_waits_again(self, text, refusal):
        """One signature under the refused text, or under another of that id, waits for nobody."""
        orme = self.net.key("orme")
        self.assertEqual(self.refused(self.post(note(text, [orme])), "limit_crossed")["refusal"],
                         refusal)
        other = text.replace('"minutes":901', '"minutes":900')
        self.refused(self.post(note(other, [orme])), "id_reused")
        self.assertEqual(self.session("orme").get("/v1/inbox").json["items"], [])

    def test_another_text_that_waits_under_the_id_goes_too(self):
        number = new_id()
        waiting = self.net.text("hours.record", "orme", id=number, day=day_of(now_ms()),
                                shares=[share("noyer", "orme", 5)])
        self.assertEqual(self.post(note(waiting, [self.net.key("orme")])).status, 202)
        data = self.withdraw("orme/" + new_id(), id=number)
        self.signed(self.post(data), "ref_unknown", data)
        self.assertEqual(self.session("orme").get("/v1/inbox").json["items"], [])

    def test_with_other_signatures_it_is_the_same_text(self):
        key = semclient.Key(ORIGIN, "orme", b"2" * 32)
        self.net.add("key.add", "orme", key=key.hex, scope="sign")
        text = self.net.text("need.withdraw", "orme", need="orme/" + new_id())
        first = note(text, [self.net.key("orme")])
        refusal, _ = self.signed(self.post(first), "ref_unknown", first)
        self.same_again(note(text, [key]), "ref_unknown", refusal)

    def test_a_preview_decides_nothing(self):
        text = self.net.text("need.withdraw", "orme", need="orme/" + new_id())
        preview = self.session("orme").post("/v1/preview", text)
        self.assertEqual(preview.json["problem"]["code"], "ref_unknown")
        self.assertNotIn("refusal", preview.json["problem"])

    def test_a_preview_knows_what_was_refused_for_good(self):
        """Also where the rules of today would let it pass."""
        need = new_id()
        data = self.withdraw("orme/" + need)
        refusal, stated = self.signed(self.post(data), "ref_unknown", data)
        self.net.add("need.publish", "orme", id=need, details=hash_of("n"), expires=expires(),
                     minutes=60, public=True, skill="droit", type="skill", urgent=False)
        session, text = self.session("orme"), semclient.split_note(data)[0]
        said = session.post("/v1/preview", text).json
        self.assertEqual((said["outcome"], said["problem"]["refusal"]), ("refused", refusal))
        for name in ("code", "number", "field", "expected", "found", "rule"):
            self.assertEqual(said["problem"].get(name, ""), stated[name])
        self.assertEqual([one["org"] for one in said["signers"]], ["orme"])
        other = self.net.text("org.confirm", "orme", id=stated["id"])
        problem = session.post("/v1/preview", other).json["problem"]
        self.assertEqual(problem["code"], "id_reused")
        self.assertNotIn("refusal", problem)
        for member in ("title", "detail", "field", "expected", "found"):
            answer = self.post(note(other, [self.net.key("orme")])).json
            self.assertEqual(problem.get(member), answer.get(member), member)
        fresh = self.net.text("need.withdraw", "orme", need="orme/" + need)
        self.assertEqual(session.post("/v1/preview", fresh).json["outcome"], "accepted")

    def test_the_signature_is_no_other_keys(self):
        """Neither the log's key nor the clock's signs refusals."""
        data = self.withdraw("orme/" + new_id())
        refusal = self.post(data).json["refusal"]
        text, lines = semclient.split_note(refusal)
        self.assertEqual([line[0] for line in lines], [ORIGIN + "/refusal"])
        self.assertEqual(len(base64.b64decode(refusal.split(" ")[-1])), 68)
        for name in ("log_key", "clock_key"):
            other = bytes.fromhex(self.net.client.get("/v1/network").json["keys"][name])
            with self.assertRaises(AssertionError):
                verify_note(refusal, ORIGIN + "/refusal", other)
        self.assertTrue(text.startswith(ORIGIN + "/refusal/v1\n"))
