# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions (SPEC 12.2): how one begins, what ends it, and that nobody gets in otherwise."""
import time

from fixtures import ORIGIN, Case, restart, share
from semclient import Client, Key, canonical, day_of, note, now_ms
from stage import other_key

CHALLENGE_S = 60


class Sessions(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.net = cls.shared.network(bundles=False, directory=False)
        cls.check_at_the_end(cls.net)
        cls.client = cls.net.client

    def challenge(self, handle="orme"):
        answer = self.client.post("/v1/sessions/challenge", {"org": handle})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def open(self, text, *keys):
        return self.client.post("/v1/sessions", note(text, keys or [self.net.key("orme")]))

    def test_a_challenge_is_what_the_specification_says(self):
        challenge = self.challenge()
        self.assertRegex(challenge["nonce"], r"^[0-9a-f]{64}$")
        line = canonical({"nonce": challenge["nonce"], "org": "orme"})
        self.assertEqual(challenge["text"], f"{ORIGIN}/login/v1\n{line}\n")
        self.assertAlmostEqual(challenge["expires_at"], now_ms() + CHALLENGE_S * 1000, delta=5000)
        self.assertNotEqual(self.challenge()["nonce"], challenge["nonce"])

    def test_a_session_is_what_the_specification_says(self):
        answer = self.open(self.challenge()["text"])
        self.assertEqual((answer.status, answer.json["org"]), (201, "orme"))
        self.assertRegex(answer.json["token"], r"^[0-9a-f]{64}$")
        self.assertAlmostEqual(answer.json["expires_at"], now_ms() + 12 * 3_600_000, delta=5000)
        cookie = answer.headers["Set-Cookie"]
        self.assertRegex(cookie, rf"^sem_session={answer.json['token']};")
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, cookie)
        self.assertNotIn("Domain", cookie)

    def test_a_challenge_is_used_once(self):
        text = self.challenge()["text"]
        self.assertEqual(self.open(text).status, 201)
        self.refused(self.open(text), "challenge_invalid")

    def test_a_failed_try_does_not_spend_the_challenge_of_another(self):
        text = self.challenge()["text"]
        self.refused(self.open(text, Key(ORIGIN, "orme")), "challenge_invalid")
        self.assertEqual(self.open(text).status, 201)

    def test_who_does_not_get_in(self):
        nonce = self.challenge()["nonce"]
        noyer, orme = self.net.key("noyer"), self.net.key("orme")
        text = f"{ORIGIN}/login/v1\n" + canonical({"nonce": nonce, "org": "orme"}) + "\n"
        as_noyer = text.replace('"orme"', '"noyer"')
        made_up = text.replace(nonce, "ab" * 32)
        forged = Key(ORIGIN, "orme", bytes(noyer.secret))
        elsewhere = Key("ledger.example.org/other", "orme", bytes(orme.secret))
        for name, data in [
                ("another's key", note(text, [noyer])),
                ("another's key as ours", note(text, [forged])),
                ("another's challenge", note(as_noyer, [noyer])),
                ("a nonce made up", note(made_up, [orme])), ("two keys", note(text, [noyer, orme])),
                ("another network", note(text, [elsewhere])),
                ("another purpose", note(text.replace("/login/", "/entry/"), [orme])),
                ("a space", note(text.replace(":", ": "), [orme])),
                ("a bent signature", note(text, [orme])[:-10] + "AAAAAAAA=\n")]:
            with self.subTest(name):
                answer = self.client.post("/v1/sessions", data)
                self.assertIn(answer.code, ("challenge_invalid", "note_malformed"), answer)
        self.refused(self.client.post("/v1/sessions", text), "note_malformed")
        unknown = self.client.post("/v1/sessions/challenge", {"org": "personne"})
        self.assertIn(unknown.code, ("org_unknown", "not_found"))

    def test_a_challenge_body_is_checked(self):
        for body in ("", "orme", "[]", "{}", '{"org":1}', '{"org":"Orme"}', '{"org":"orme","x":1}',
                     '{"org":"orme","org":"orme"}', '{"org":"orme"} ', '{"org":"\\u0000"}',
                     "{" * 5000):
            with self.subTest(body[:30]):
                answer = self.client.request("POST", "/v1/sessions/challenge", body,
                                             {"Content-Type": "application/json"})
                if body == '{"org":"orme"} ':
                    self.assertEqual(answer.status, 200)
                else:
                    self.refused(answer, "body_invalid")

    def test_bearer_and_cookie_are_the_same_session(self):
        token = self.open(self.challenge()["text"]).json["token"]
        path = "/v1/orgs/orme/position"
        good = [{"Authorization": "Bearer " + token}, {"Authorization": "bearer " + token},
                {"Cookie": "sem_session=" + token},
                {"Cookie": "a=b; sem_session=" + token + "; c=d"}]
        bad = [{}, {"Authorization": "Bearer " + token[:-1]}, {"Authorization": "Basic " + token},
               {"Authorization": "Bearer " + token + "0"}, {"Authorization": "Bearer "},
               {"Authorization": "Bearer " + "0" * 64}, {"Authorization": token},
               {"Cookie": "sem_session=" + "0" * 64}, {"Cookie": "session=" + token},
               {"Authorization": "Bearer " + "f" * 10_000}]
        for headers in good:
            with self.subTest(str(headers)[:60]):
                self.assertEqual(self.client.request("GET", path, headers=headers).status, 200)
        for headers in bad:
            with self.subTest(str(headers)[:60]):
                answer = self.client.request("GET", path, headers=headers)
                self.refused(answer, "unauthorized")
                self.assertIn("Bearer", answer.headers["WWW-Authenticate"])

    def test_logging_out_ends_the_session(self):
        member = self.client.login(self.net.key("orme"))
        other = self.client.login(self.net.key("orme"))
        answer = member.delete("/v1/sessions")
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.refused(member.get("/v1/inbox"), "unauthorized")
        self.refused(member.delete("/v1/sessions"), "unauthorized")
        self.refused(self.client.delete("/v1/sessions"), "unauthorized")
        self.assertEqual(other.get("/v1/inbox").status, 200)
        by_cookie = self.client.request("DELETE", "/v1/sessions",
                                        headers={"Cookie": "sem_session=" + other.token})
        self.assertEqual(by_cookie.status, 204)
        self.assertRegex(by_cookie.headers["Set-Cookie"], r"sem_session=;.*Max-Age=0")
        self.refused(other.get("/v1/inbox"), "unauthorized")

    def test_revoking_the_key_ends_its_sessions_and_no_others(self):
        second = other_key("tilleul", "second")
        self.net.add("key.add", "tilleul", key=second.hex, scope="propose")
        by_second = self.client.login(second)
        by_first = self.client.login(self.net.key("tilleul"))
        waiting = self.challenge("tilleul")["text"]
        self.assertEqual(by_second.get("/v1/orgs/tilleul/position").status, 200)
        self.net.add("key.revoke", "tilleul", key=second.hex)
        self.refused(by_second.get("/v1/orgs/tilleul/position"), "unauthorized")
        self.refused(self.open(waiting, second), "challenge_invalid")
        self.assertEqual(by_first.get("/v1/orgs/tilleul/position").status, 200)

    def test_a_key_that_was_revoked_signs_nothing_more(self):
        """Not even what only waits, right after it signed much: no answer follows from what a
        server remembers of a key."""
        net, key = self.started.network(), other_key("orme", "second")
        net.add("key.add", "orme", key=key.hex, scope="sign")
        for _ in range(8):  # so that whoever answers has seen it
            self.accepted(net.client.post("/v1/entries", note(net.text("org.confirm", "orme"),
                                                              [key])))
        waits = [net.text("hours.record", "orme", day=day_of(now_ms()),
                          shares=[share("noyer", "orme", minutes)]) for minutes in (1, 2)]
        self.assertEqual(net.client.post("/v1/entries", note(waits[0], [key])).status, 202)
        net.add("key.revoke", "orme", key=key.hex)
        for text in (waits[1], net.text("org.confirm", "orme")):
            self.refused(net.client.post("/v1/entries", note(text, [key])), "key_revoked")
        items = net.client.login(net.key("noyer")).get("/v1/inbox").json["items"]
        self.assertEqual([item["signed"] for item in items], [[]])

    def test_leaving_ends_the_sessions(self):
        self.net.admit("osier", coordinator="noyer")
        member = self.client.login(self.net.key("osier"))
        self.assertEqual(member.get("/v1/inbox").status, 200)
        self.net.add("org.leave", "osier")
        self.refused(member.get("/v1/inbox"), "unauthorized")

    def test_sessions_are_in_memory_only(self):
        net = self.started.network()
        member = net.client.login(net.key("orme"))
        text = net.client.post("/v1/sessions/challenge", {"org": "orme"}).json["text"]
        restart(net, self.started)
        again = Client(net.server.url, member.token, self.recorder)
        self.refused(again.get("/v1/inbox"), "unauthorized")
        self.refused(again.post("/v1/sessions", note(text, [net.key("orme")])), "challenge_invalid")

    def test_a_proposing_key_reads_and_proposes_but_binds_nothing(self):
        """SPEC 3.3: it puts an unsigned text in the inbox; the signature comes from another key."""
        key = other_key("noyer", "proposer")
        self.net.add("key.add", "noyer", key=key.hex, scope="propose")
        colleague = self.client.login(key)
        text = self.net.text("org.confirm", "noyer")
        self.refused(colleague.post("/v1/entries", note(text, [key])), "key_scope")
        answer = colleague.post("/v1/entries", text)
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(answer.json["inbox"]["missing"], ["noyer"])
        item = colleague.get("/v1/inbox/" + answer.json["inbox"]["ref"]).json
        self.assertEqual(item["text"], text)
        self.accepted(self.client.post("/v1/entries", note(item["text"], [self.net.key("noyer")])))
        others = self.net.text("org.confirm", "orme")
        self.refused(colleague.post("/v1/entries", others), "forbidden")
        by_nobody = self.client.post("/v1/entries", others)
        self.assertIn(by_nobody.code, ("note_malformed", "unauthorized"))


class Expiry(Case):
    """Begun first and looked at last, because a challenge lives a minute."""
    client = text = key = begun = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.begun is None:
            cls.begin(cls.shared)

    @classmethod
    def begin(cls, started):
        net = started.network()
        cls.key, cls.client = net.key("orme"), net.client
        cls.text = net.client.post("/v1/sessions/challenge", {"org": "orme"}).json["text"]
        cls.begun = time.monotonic()

    def test_a_challenge_expires(self):
        time.sleep(max(0, self.begun + CHALLENGE_S + 1 - time.monotonic()))
        answer = self.client.post("/v1/sessions", note(self.text, [self.key]))
        self.refused(answer, "challenge_invalid")
        self.client.login(self.key)
