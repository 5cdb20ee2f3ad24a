# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers and reused ids cannot fill or haunt the inbox (SPEC 9, 10)."""
from fixtures import Case, share
from semclient import Detail, Key, day_of, new_id, note, now_ms


class Waiting(Case):
    def setUp(self):
        super().setUp()
        self.net = self.shared.network()

    def test_nobody_applies_under_a_name_that_is_taken(self):
        """Else a stranger's texts would count in that organisation's inbox."""
        stranger = Key(self.net.origin, "orme", b"s" * 32)
        detail = Detail(self.net.origin, "org", {"name": "Orme"})
        text = self.net.text("org.admit", "orme", charter=self.net.charter,
                             key=stranger.hex, details=detail.commit, public=False,
                             coordinator="noyer")
        answer = self.net.client.post("/v1/entries", note(text, [stranger]))
        self.refused(answer, "handle_taken")
        orme = self.net.client.login(self.net.key("orme"))
        self.assertEqual(orme.get("/v1/inbox").json["items"], [])

    def test_a_waiting_text_goes_when_another_is_logged_under_its_id(self):
        """Its text beside it goes too: nobody could ever erase it."""
        number, detail = new_id(), Detail(self.net.origin, "hours", {"text": "two hours"})
        waiting = self.net.text("hours.record", "orme", id=number, details=detail.commit,
                                day=day_of(now_ms()), shares=[share("orme", "tilleul", 120)])
        answer = self.net.client.post("/v1/entries", note(waiting, [self.net.key("orme")]))
        self.assertEqual(answer.status, 202)
        ref = answer.json["inbox"]["ref"]
        put = self.net.client.put("/v1/details/" + detail.commit, detail.body(ref))
        self.assertEqual(put.status, 201)
        other = self.net.text("org.confirm", "orme", id=number)
        self.assertEqual(
            self.net.client.post("/v1/entries", note(other, [self.net.key("orme")])).status, 201)
        orme = self.net.client.login(self.net.key("orme"))
        self.assertEqual(orme.get("/v1/inbox").json["items"], [])
        self.refused(orme.get(f"/v1/details/{ref}/details"), "not_found")
        again = self.net.client.put("/v1/details/" + detail.commit, detail.body(ref))
        self.refused(again, "ref_unknown")
