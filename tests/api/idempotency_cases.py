# SPDX-License-Identifier: AGPL-3.0-or-later
"""The same id and text again gets the same place in the log, whoever asks and whenever (SPEC 1.2,
12.4, 14.2)."""
import concurrent.futures
import threading
import time

from fixtures import Case, restart, share
from semclient import day_of, note, now_ms, verify_receipt

SENDERS = 64


class Idempotency(Case):
    def setUp(self):
        super().setUp()
        self.net = self.started.network()

    def hours_note(self, minutes=30):
        return self.net.note("hours.record", "orme", ["noyer", "orme"], day=day_of(now_ms()),
                             shares=[share("noyer", "orme", minutes)])

    def post(self, data):
        return self.net.client.post("/v1/entries", data)

    def size(self):
        return self.net.client.get("/v1/network").json["size"]

    def check_receipt(self, answer):
        """The receipt in the answer proves the leaf at the index in the answer."""
        index, size = verify_receipt(answer.json["receipt"], self.leaf(answer), self.net.origin,
                                     self.net.log_public)
        self.assertEqual(index, answer.json["index"])
        return size

    def leaf(self, answer):
        return self.net.client.get(f"/v1/entries/{answer.json['index']}").json["leaf"]

    def test_again_gives_the_same_index_and_a_receipt_that_verifies(self):
        data = self.hours_note()
        first = self.post(data)
        self.assertEqual(first.status, 201)
        self.accepted(self.post(self.hours_note()))
        size = self.size()
        again = self.post(data)
        self.assertEqual(again.status, 200, again)
        for member in ("index", "at", "ref"):
            self.assertEqual(again.json[member], first.json[member])
        self.assertEqual(self.check_receipt(again), size)
        self.check_receipt(first)
        self.assertEqual(self.size(), size)

    def test_again_with_another_signature_of_the_same_text(self):
        """The text is what is known, not the note: signed by another key of the same signer it is
        the same entry, and the log keeps the first note."""
        key = self.net.key("orme-second")
        key.name, key.handle = self.net.key("orme").name, "orme"
        self.net.add("key.add", "orme", key=key.hex, scope="sign")
        text = self.net.text("org.confirm", "orme")
        first = self.post(note(text, [self.net.key("orme")]))
        self.accepted(first)
        again = self.post(note(text, [key]))
        self.assertEqual((again.status, again.json["index"]), (200, first.json["index"]))
        self.assertIn(note(text, [self.net.key("orme")]), self.leaf(first))

    def test_again_after_a_restart(self):
        data = self.hours_note()
        first = self.post(data)
        self.accepted(first)
        for kill in (False, True):
            restart(self.net, self.started, kill)
            again = self.post(data)
            self.assertEqual((again.status, again.json["index"]), (200, first.json["index"]))
            self.check_receipt(again)

    def test_again_after_its_time(self):
        """What is logged stays known, also when the same text would be refused as too late."""
        data = self.net.note("org.confirm", "orme", valid_until=now_ms() + 4000)
        self.accepted(self.post(data))
        time.sleep(4.1)
        self.assertEqual(self.post(data).status, 200)

    def test_sixty_four_senders_at_once(self):
        """Exactly one of them makes the entry; all are told the same place."""
        for _ in range(3):
            data, size = self.hours_note(minutes=2), self.size()
            ready = threading.Barrier(SENDERS)

            def send():
                ready.wait()
                return self.post(data)

            with concurrent.futures.ThreadPoolExecutor(SENDERS) as senders:
                answers = [f.result() for f in [senders.submit(send) for _ in range(SENDERS)]]
            self.assertEqual(sorted(a.status for a in answers), [200] * (SENDERS - 1) + [201])
            self.assertEqual({a.json["index"] for a in answers}, {size})
            self.assertEqual(self.size(), size + 1)
            for answer in answers[::16]:
                self.check_receipt(answer)

    def test_different_entries_at_once_get_different_places(self):
        notes = [self.hours_note(minutes=1) for _ in range(SENDERS)]
        size = self.size()
        with concurrent.futures.ThreadPoolExecutor(16) as senders:
            answers = list(senders.map(self.post, notes))
        self.assertEqual({a.status for a in answers}, {201})
        self.assertEqual({a.json["index"] for a in answers}, set(range(size, size + SENDERS)))
        for answer in answers[::8]:
            self.check_receipt(answer)
        self.assertEqual(self.size(), size + SENDERS)
