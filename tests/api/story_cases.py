# SPDX-License-Identifier: AGPL-3.0-or-later
"""The story the whole is for: two organisations apply, are admitted, find each other, agree, help,
and both see it; and whatever was acknowledged survives a kill at any moment (SPEC 14.2)."""
import hashlib
import os
import threading
import time

import semclient
from fixtures import Case, expires, position, restart, semd, share
from semclient import Detail, checkpoint_head, day_of, leaf_hash, note, now_ms, tree_root

FOUNDERS = ("noyer", "tilleul", "orme")


class Story(Case):
    def setUp(self):
        super().setUp()
        self.net = self.started.network(handles=FOUNDERS, bundles=False, directory=False)
        self.assertEqual(self.net.put_detail(self.net.skills_detail, self.net.found_ref,
                                             "skills").status, 201)

    def login(self, handle):
        return self.net.client.login(self.net.key(handle))

    def apply(self, handle, name):
        """An application waits in the inbox until its sponsors have signed."""
        net, sponsors = self.net, ["noyer", "tilleul"]
        sheet = Detail(net.origin, "org", {"name": name, "city": "Bruxelles"})
        text = net.text("org.admit", handle, charter=net.charter, key=net.key(handle).hex,
                        details=sheet.commit, public=True, sponsors=sponsors)
        waiting = net.client.post("/v1/entries", note(text, [net.key(handle)]))
        self.assertEqual(waiting.status, 202, waiting)
        ref = waiting.json["inbox"]["ref"]
        self.assertEqual(net.put_detail(sheet, ref).status, 201)
        self.assertEqual(net.client.get(f"/v1/orgs/{handle}").status, 401)
        for sponsor, status in zip(sponsors, (202, 201)):
            session = self.login(sponsor)
            item = session.get(f"/v1/inbox/{ref}")
            self.assertEqual(item.status, 200)
            self.assertIn(ref, [one["ref"] for one in session.pages("/v1/inbox")])
            self.assertEqual(item.json["text"], text)
            answer = session.post("/v1/entries", note(item.json["text"], [net.key(sponsor)]))
            self.assertEqual(answer.status, status, answer)
        self.assertEqual(self.login("noyer").get(f"/v1/inbox/{ref}").status, 404)
        sheet_now = self.login(handle).get(f"/v1/orgs/{handle}").json
        self.assertEqual(sheet_now["sheet"]["name"], name)
        self.assertEqual(sheet_now["state"], "active")
        return ref

    def publish(self):
        """One offers what the other needs; the other finds it."""
        net = self.net
        offer = Detail(net.origin, "offer", {"title": "Comptabilité", "text": "Clôture, TVA"})
        need = Detail(net.origin, "need", {"title": "Premier bilan", "text": "Nous débutons"})
        offer_ref = net.add("offer.publish", "sureau", details=offer.commit, expires=expires(),
                            providers=["sureau"], public=False, skill="comptabilite", type="skill")
        need_ref = net.add("need.publish", "osier", details=need.commit, expires=expires(),
                           minutes=600, public=False, skill="comptabilite", type="skill",
                           urgent=False)
        self.assertEqual(net.put_detail(offer, offer_ref).status, 201)
        self.assertEqual(net.put_detail(need, need_ref).status, 201)
        found = self.login("osier").pages("/v1/offers?skill=comptabilite&state=open")
        self.assertEqual([one["ref"] for one in found], [offer_ref])
        self.assertEqual(found[0]["text"]["title"], "Comptabilité")
        found = self.login("sureau").pages("/v1/needs?skill=comptabilite")
        self.assertEqual([one["ref"] for one in found], [need_ref])
        return offer_ref, need_ref

    def agree(self, offer_ref, need_ref):
        """Each signs alone; the second signature makes the agreement."""
        net = self.net
        terms = Detail(net.origin, "agreement", {"title": "Bilan", "text": "En juin"})
        text = net.text("agreement.sign", "osier", shares=[share("sureau", "osier", 300)],
                        expires=expires(90), details=terms.commit, offer=offer_ref, need=need_ref)
        first = net.client.post("/v1/entries", note(text, [net.key("osier")]))
        self.assertEqual(first.status, 202, first)
        self.assertEqual(net.put_detail(terms, first.json["inbox"]["ref"]).status, 201)
        second = net.client.post("/v1/entries", note(text, [net.key("sureau")]))
        self.accepted(second)
        self.assertEqual(position(self.login("osier"), "osier")["received_pending"], 300)
        return second.json["ref"]

    def help(self, agreement):
        """2 h 30, signed by both."""
        text = self.net.text("hours.record", "sureau", agreement=agreement, day=day_of(now_ms()),
                             shares=[share("sureau", "osier", 150)])
        self.assertEqual(self.net.client.post(
            "/v1/entries", note(text, [self.net.key("sureau")])).status, 202)
        answer = self.net.client.post("/v1/entries", note(text, [self.net.key("osier")]))
        self.accepted(answer)
        return answer

    def check_both_sides(self, agreement, need):
        giver = position(self.login("sureau"), "sureau")
        receiver = position(self.login("osier"), "osier")
        self.assertEqual((giver["position"], receiver["position"]), (150, -150))
        self.assertEqual((giver["given_posted"], receiver["received_posted"]), (150, 150))
        self.assertEqual((giver["given_pending"], receiver["received_pending"]), (150, 150))
        session = self.login("osier")
        self.assertEqual(session.get(f"/v1/needs/{need}").json["served"], 150)
        self.assertEqual(session.get(f"/v1/agreements/{agreement}").json["state"], "live")
        totals = self.net.client.get("/v1/network").json["totals"]
        self.assertEqual((totals["given"], totals["received"]), (150, 150))

    def check_receipt(self, answer):
        """With the leaf, the receipt and the log's key alone (SPEC 4.4)."""
        leaf = self.login("osier").get(f"/v1/entries/{answer.json['index']}").json["leaf"]
        proven = semclient.verify_receipt(answer.json["receipt"], leaf, self.net.origin,
                                          self.net.log_public)
        self.assertEqual(proven[0], answer.json["index"])
        self.assertTrue(leaf.startswith(f"at {answer.json['at']}\n"))
        head, _, data = leaf.partition("\n")
        for handle in ("osier", "sureau"):
            key = self.net.key(handle)
            text = semclient.verify_note(data, key.name, key.public)
        self.assertIn('"minutes":150', text)
        bent = leaf.replace('"minutes":150', '"minutes":151')
        with self.assertRaises(AssertionError):
            semclient.verify_receipt(answer.json["receipt"], bent, self.net.origin,
                                     self.net.log_public)

    def test_two_newcomers_help_each_other(self):
        self.apply("osier", "L'Osier")
        self.apply("sureau", "Le Sureau asbl")
        restart(self.net, self.started, kill=True)
        offer, need = self.publish()
        restart(self.net, self.started, kill=True)
        agreement = self.agree(offer, need)
        hours = self.help(agreement)
        self.check_both_sides(agreement, need)
        self.check_receipt(hours)
        restart(self.net, self.started)
        self.check_both_sides(agreement, need)
        self.check_receipt(hours)
        self.net.server.stop()
        semd("check", "--dir", self.net.folder)

    def test_an_application_waits_through_a_kill(self):
        """What was answered 202 is kept as well as what was answered 201."""
        net = self.net
        text = net.text("org.admit", "osier", charter=net.charter, key=net.key("osier").hex,
                        details="0" * 64, public=True, coordinator="noyer")
        self.assertEqual(net.client.post("/v1/entries", note(text, [net.key("osier")])).status, 202)
        restart(net, self.started, kill=True)
        item = self.login("noyer").pages("/v1/inbox")[0]
        self.assertEqual(item["text"], text)
        self.accepted(net.client.post("/v1/entries", note(text, [net.key("noyer")])))
        self.assertEqual(self.login("noyer").pages("/v1/inbox"), [])


class Time(Case):
    """What ends because time passes, ends in an entry of the clock (SPEC 5.2, 6.10)."""

    def test_three_things_expire_in_one_tick(self):
        net = self.started.network()
        end = now_ms() + 5000       # all of it is published before, on a busy machine as well
        common = {"details": "0" * 64, "expires": end}
        agreement = net.add("agreement.sign", "orme", ["noyer", "orme"],
                            shares=[share("noyer", "orme", 60)], **common)
        offer = net.add("offer.publish", "orme", providers=["orme"], public=True, type="space",
                        **common)
        need = net.add("need.publish", "orme", minutes=60, public=True, type="space", urgent=False,
                       **common)
        member = net.client.login(net.key("orme"))
        self.assertEqual(position(member, "orme")["received_pending"], 60)
        while net.client.get("/v1/network").json["size"] == 4 and now_ms() < end + 60_000:
            time.sleep(0.05)
        tick = net.client.get("/v1/entries/4").json
        self.check_tick(net, tick, "".join(f"{end} {word} {ref}\n" for word, ref in (
            ("agreement_expiry", agreement), ("need_expiry", need), ("offer_expiry", offer))))
        for path in (f"/v1/agreements/{agreement}", f"/v1/offers/{offer}", f"/v1/needs/{need}"):
            self.assertEqual(member.get(path).json["state"], "expired")
        self.assertEqual(position(member, "orme")["received_pending"], 0)
        self.refused(net.post("offer.withdraw", "orme", offer=offer), "already_closed")
        self.assertEqual(net.server.stop(), 0)
        semd("check", "--dir", net.folder)

    def check_tick(self, net, tick, effects):
        """Everything in it can be recomputed by anybody; only the signature needs the clock's key."""
        fields, at = tick["fields"], tick["at"]
        effects_hash = hashlib.sha256(effects.encode())
        self.assertEqual(fields, {
            "by": "clock", "kind": "clock.tick", "n": 3, "through": at, "valid_until": at,
            "effects_hash": effects_hash.hexdigest(),
            "id": semclient.new_id(at, effects_hash.digest()[:10]),
            "totals": {"given": 0, "orgs": 3, "pool": 0, "received": 0}})
        clock = net.client.get("/v1/network").json["keys"]["clock_key"]
        semclient.verify_note(tick["leaf"].partition("\n")[2], net.origin + "/clock",
                              bytes.fromhex(clock))
        semclient.verify_receipt(tick["receipt"], tick["leaf"], net.origin, net.log_public)
        self.assertEqual(net.client.get(f"/v1/entries/clock/{fields['id']}").json["index"], 4)


class Burst(Case):
    """Writers at full speed, and a kill in the middle."""
    WRITERS = 8

    def setUp(self):
        super().setUp()
        self.net = self.started.network()
        self.lock = threading.Lock()
        self.acknowledged, self.sent = {}, []

    def write_until(self, dead):
        """A client that is not told has lost its server; the note stays in `sent`."""
        while not dead.is_set():
            data = self.net.note("hours.record", "orme", ["noyer", "orme"], day=day_of(now_ms()),
                                 gift=True, shares=[share("noyer", "orme", 1)])
            with self.lock:
                self.sent.append(data)
            try:
                answer = self.net.client.post("/v1/entries", data)
            except (OSError, semclient.http.client.HTTPException):
                return  # else it fills `sent` with what nobody hears, and a seal comes in between
            if answer.status == 201:
                with self.lock:
                    self.acknowledged[data] = answer.json

    def burst(self, entries):
        """Kills the server when so many more are acknowledged, and others under way."""
        enough = len(self.acknowledged) + entries
        dead = threading.Event()
        writers = [threading.Thread(target=self.write_until, args=(dead,))
                   for _ in range(self.WRITERS)]
        for writer in writers:
            writer.start()
        until = time.monotonic() + 30
        while len(self.acknowledged) < enough and time.monotonic() < until:
            time.sleep(0.005)
        head = self.net.client.get("/v1/checkpoint").json["note"]
        self.net.server.kill()
        dead.set()
        for writer in writers:
            writer.join()
        return head

    def leaves(self):
        items = self.net.client.pages("/v1/entries?limit=200")
        self.assertEqual([one["index"] for one in items], list(range(len(items))))
        return [leaf_hash(one["leaf"].encode()) for one in items]

    def check_survivors(self, head):
        """Every acknowledged entry is where its sender was told, and the tree extends `head`."""
        net, leaves = self.net, self.leaves()
        size, root = checkpoint_head(head, net.origin, net.log_public)
        self.assertEqual(tree_root(leaves[:size]), root)
        now = net.client.get("/v1/checkpoint").json
        self.assertEqual((len(leaves), tree_root(leaves).hex()), (now["size"], now["root"]))
        for data, told in self.acknowledged.items():
            again = net.client.post("/v1/entries", data)
            self.assertEqual((again.status, again.json["index"]), (200, told["index"]), again)
            text = net.client.get(f"/v1/entries/{told['index']}").json["leaf"]
            self.assertEqual(text, f"at {told['at']}\n" + data)
            semclient.verify_receipt(told["receipt"], text, net.origin, net.log_public)

    def test_what_was_acknowledged_is_there_after_a_kill(self):
        for entries in (60, 100, 1):
            known = len(self.acknowledged)
            head = self.burst(entries)
            self.assertGreaterEqual(len(self.acknowledged), known + entries)
            restart(self.net, self.started, kill=True)
            self.check_survivors(head)
        self.check_retries()
        self.net.server.stop()
        semd("check", "--dir", self.net.folder)

    def check_retries(self):
        """A sender who was not told tries again with the same id: each entry is there once."""
        before = self.net.client.get("/v1/network").json["size"]
        answers = [self.net.client.post("/v1/entries", data) for data in self.sent]
        self.assertLessEqual({a.status for a in answers}, {200, 201})
        new = sum(a.status == 201 for a in answers)
        size = self.net.client.get("/v1/network").json["size"]
        self.assertEqual(size, before + new)
        self.assertEqual(len({a.json["index"] for a in answers}), len(self.sent))
        self.assertEqual(size, len(self.sent) + 1, "network.found and each entry once")

    def test_last_signed_is_never_ahead_of_what_is_durable(self):
        """SPEC 14.2, 14.4: the file names a head of the tree that a restart finds."""
        self.burst(50)
        with open(os.path.join(self.net.folder, "last-signed"), encoding="ascii") as file:
            size, root = file.read().split()
        restart(self.net, self.started, kill=True)
        self.assertEqual(self.net.client.get("/readyz").status, 200)
        self.assertEqual(tree_root(self.leaves()[:int(size)]).hex(), root)
