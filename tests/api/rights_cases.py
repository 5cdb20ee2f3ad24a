# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who reads what: SPEC 12.3, route by route and reader by reader."""
import json

from fixtures import SEALS, Case, expires, hash_of, share
from semclient import Detail, day_of, note, now_ms

# The readers of the tables below. lierre is no founder and has no part in anything between orme
# and saule; noyer is a coordinator; a stranger has no session.
READERS = ("stranger", "lierre", "orme", "noyer")
YEAR = day_of(now_ms())[:4]
ANYBODY = (200, 200, 200, 200)
MEMBERS = (401, 200, 200, 200)
PARTIES = (401, 403, 200, 403)
OWN = (401, 403, 200, 200)
COORDINATORS = (401, 403, 403, 200)


class World:
    """Something of each kind between orme and saule, and what each of them shows to strangers."""

    def __init__(self, net):
        self.net = net
        net.put_detail(net.skills_detail, net.found_ref, "skills")
        net.admit("lierre", coordinator="noyer", sheet={"name": "Lierre"})
        self.saule = net.admit("saule", coordinator="noyer", sheet={"name": "Saule"}, public=True)
        self.offers = {flag: self.thing("offer.publish", "orme", flag, providers=["orme"])
                       for flag in (True, False)}
        self.needs = {flag: self.thing("need.publish", "saule", flag, minutes=60, urgent=False)
                      for flag in (True, False)}
        self.agree()
        hours = Detail(net.origin, "hours", {"text": "Après-midi"})
        self.hours = net.hours("orme", "saule", 30, details=hours.commit).json["ref"]
        net.put_detail(hours, self.hours)
        self.inbox()
        self.refuse()
        self.sessions = {"stranger": net.client}
        for handle in READERS[1:]:
            self.sessions[handle] = net.client.login(net.key(handle))
        self.seal()

    def seal(self):
        """The balances of all are sealed; members alone can see that they are."""
        reader = self.sessions["noyer"]
        while reader.get("/v1/orgs/orme/balance").status == 404:
            self.net.add("org.confirm", "noyer")

    def thing(self, kind, by, public, **more):
        text = Detail(self.net.origin, kind.split(".")[0], {"title": "Droit", "text": "Un bail"})
        ref = self.net.add(kind, by, details=text.commit, expires=expires(), public=public,
                           skill="droit", type="skill", **more)
        assert self.net.put_detail(text, ref).status == 201
        return ref

    def agree(self):
        terms = Detail(self.net.origin, "agreement", {"title": "Bail", "text": "Relecture"})
        people = Detail(self.net.origin, "people", {"text": "Anne, Bart"})
        self.agreement = self.net.add(
            "agreement.sign", "orme", ["orme", "saule"], details=terms.commit, expires=expires(),
            people=people.commit, shares=[share("orme", "saule", 120)])
        assert self.net.put_detail(terms, self.agreement).status == 201
        assert self.net.put_detail(people, self.agreement, "people").status == 201

    def inbox(self):
        """Something waits for the signature of saule, with a text."""
        terms = Detail(self.net.origin, "agreement", {"title": "Encore", "text": "Suite"})
        text = self.net.text("agreement.sign", "orme", details=terms.commit, expires=expires(),
                             shares=[share("orme", "saule", 10)])
        waiting = self.net.client.post("/v1/entries", note(text, [self.net.key("orme")]))
        self.waiting = waiting.json["inbox"]["ref"]
        assert self.net.put_detail(terms, self.waiting).status == 201


    def refuse(self):
        """orme and saule have signed what was refused for good."""
        answer = self.net.hours("orme", "saule", 100_000)
        assert "refusal" in answer.json, answer
        stated = json.loads(answer.json["refusal"].split("\n")[1])
        self.refused = f"{stated['author']}/{stated['id']}"


def always(w):
    """Paths whose readers do not depend on the charter."""
    people = f"/v1/details/{w.agreement}/people"
    return {
        "/": ANYBODY, "/livez": ANYBODY, "/readyz": ANYBODY, "/log/checkpoint": ANYBODY,
        "/v1/openapi.json": ANYBODY, "/v1/network": ANYBODY, "/v1/checkpoint": ANYBODY,
        "/log/tile/0/000.p/2": ANYBODY, "/v1/consistency?from=1": ANYBODY,
        "/v1/policies": ANYBODY, "/v1/skills": ANYBODY, "/v1/reciprocity": ANYBODY,
        f"/v1/details/{w.net.found_ref}/skills": ANYBODY,
        "/v1/orgs": ANYBODY, "/v1/offers": ANYBODY, "/v1/needs": ANYBODY,
        "/v1/orgs/saule": ANYBODY, f"/v1/details/{w.saule}/details": ANYBODY,
        f"/v1/offers/{w.offers[True]}": ANYBODY, f"/v1/needs/{w.needs[True]}": ANYBODY,
        f"/v1/details/{w.offers[True]}/details": ANYBODY,
        f"/v1/details/{w.needs[True]}/details": ANYBODY,
        "/v1/agreements": MEMBERS, "/v1/inbox": MEMBERS,
        f"/v1/agreements/{w.agreement}": PARTIES, f"/v1/details/{w.agreement}/details": PARTIES,
        people: PARTIES, f"/v1/details/{w.hours}/details": PARTIES,
        f"/v1/inbox/{w.waiting}": (401, 404, 200, 404),
        f"/v1/refusals/{w.refused}": (401, 404, 200, 404),
        f"/v1/details/{w.waiting}/details": PARTIES,
        "/v1/orgs/orme/position": OWN, "/v1/orgs/orme/statement": OWN, "/v1/orgs/orme/pairs": OWN,
        "/v1/orgs/orme/balance": OWN, "/v1/orgs/orme/standing": OWN,
        f"/v1/orgs/orme/statement/{YEAR}": OWN, f"/v1/network/statement/{YEAR}": ANYBODY,
        "/v1/reciprocity/fill_gap": ANYBODY, "/v1/reciprocity/deficit": ANYBODY,
        "/v1/positions": COORDINATORS, "/v1/matches": MEMBERS,
        "/v1/matches/inputs": COORDINATORS, "/v1/matches/loops": COORDINATORS,
    }


def by_charter(w, bundles, directory):
    """Paths that the charter opens: all entries, all sheets, offers and needs."""
    entries = {path: bundles for path in (
        "/v1/entries", "/v1/entries/0", "/v1/entries/1", f"/v1/entries/{w.hours}",
        "/log/tile/entries/000.p/2", "/v1/reciprocity/position", "/v1/reciprocity/displaced",
        "/v1/reciprocity/comes_round", "/v1/reciprocity/dependency", "/v1/reciprocity/burden")}
    things = {path: directory for path in (
        "/v1/orgs/lierre", f"/v1/offers/{w.offers[False]}", f"/v1/needs/{w.needs[False]}",
        f"/v1/details/{w.offers[False]}/details", f"/v1/details/{w.needs[False]}/details")}
    return {**entries, **things}


class Rights(Case):
    def check(self, world, table):
        for path, statuses in table.items():
            for reader, status in zip(READERS, statuses):
                with self.subTest(path=path, reader=reader):
                    answer = world.sessions[reader].get(path)
                    self.assertEqual(answer.status, status, answer)
                    if status == 401:
                        self.refused(answer, "unauthorized")
                    if status == 403:
                        self.refused(answer, "forbidden")

    def shown(self, world, path):
        """What a stranger finds in a list."""
        return [one.get("ref", one.get("handle")) for one in world.net.client.pages(path)]

    def test_a_closed_network(self):
        world = World(self.started.network(bundles=False, directory=False, policy=SEALS))
        self.check(world, always(world))
        self.check(world, by_charter(world, MEMBERS, MEMBERS))
        self.assertEqual(self.shown(world, "/v1/orgs"), ["saule"])
        self.assertEqual(self.shown(world, "/v1/offers"), [world.offers[True]])
        self.assertEqual(self.shown(world, "/v1/needs"), [world.needs[True]])
        self.assertEqual(world.net.client.get("/v1/orgs/inconnu").status, 401)
        self.others(world)

    def test_an_open_network(self):
        world = World(self.started.network(bundles=True, directory=True, policy=SEALS))
        self.check(world, always(world))
        self.check(world, by_charter(world, ANYBODY, ANYBODY))
        self.assertEqual(len(self.shown(world, "/v1/orgs")), 5)
        self.assertEqual(set(self.shown(world, "/v1/offers")), set(world.offers.values()))
        self.refused(world.net.client.get("/v1/orgs/inconnu"), "not_found")

    def test_a_network_that_shows_its_entries_only(self):
        world = World(self.started.network(bundles=True, directory=False, policy=SEALS))
        self.check(world, by_charter(world, ANYBODY, MEMBERS))

    def others(self, world):
        """What is shown in lists is what may be read one by one; a preview tells no figures."""
        lierre, orme, stranger = (world.sessions[name] for name in ("lierre", "orme", "stranger"))
        self.assertEqual(lierre.pages("/v1/agreements"), [])
        self.assertEqual([one["ref"] for one in orme.pages("/v1/agreements")], [world.agreement])
        self.assertEqual(lierre.pages("/v1/inbox"), [])
        self.refused(lierre.delete("/v1/inbox/" + world.waiting), "not_found")
        self.refused(stranger.delete("/v1/inbox/" + world.waiting), "unauthorized")
        text = world.net.text("agreement.sign", "orme", details=hash_of("x"), expires=expires(),
                              shares=[share("orme", "saule", 5)])
        self.refused(stranger.post("/v1/preview", text), "unauthorized")
        self.refused(lierre.post("/v1/preview", text), "forbidden")
        preview = orme.post("/v1/preview", text)
        self.assertEqual([one["org"] for one in preview.json["effects"]["organisations"]], ["orme"])
        self.assertEqual(orme.delete("/v1/inbox/" + world.waiting).status, 204)
        self.refused(orme.get("/v1/inbox/" + world.waiting), "not_found")
        self.refused(orme.get(f"/v1/details/{world.waiting}/details"), "not_found")


class Hidden(Case):
    """What a stranger must not find out in a roundabout way."""

    def test_an_offer_for_members_does_not_lead_strangers_to_its_organisation(self):
        net = self.started.network(bundles=False, directory=False)
        net.put_detail(net.skills_detail, net.found_ref, "skills")
        net.admit("saule", coordinator="noyer", sheet={"name": "Saule"}, public=True)
        member = net.client.login(net.key("orme"))

        def found(client, query):
            return [one["handle"] for one in client.pages("/v1/orgs?" + query)]

        for public in (False, True):
            net.add("offer.publish", "saule", details=hash_of("o"), expires=expires(),
                    providers=["saule"], public=public, skill="droit", type="skill")
            for query in ("skill=droit", "q=droit"):
                with self.subTest(public=public, query=query):
                    self.assertEqual(found(member, query), ["saule"])
                    self.assertEqual(found(net.client, query), ["saule"] if public else [])

    def test_a_sheet_of_private_times_stays_with_the_members(self):
        net = self.started.network(bundles=False, directory=False)
        net.admit("saule", coordinator="noyer", sheet={"name": "Saule"})
        member = net.client.login(net.key("orme"))
        old = member.get("/v1/orgs/saule").json["sheet_ref"]
        sheet = Detail(net.origin, "org", {"name": "Saule"})
        new = net.add("org.update", "saule", details=sheet.commit, public=True)
        net.put_detail(sheet, new)
        self.assertEqual(net.client.get(f"/v1/details/{new}/details").status, 200)
        self.refused(net.client.get(f"/v1/details/{old}/details"), "unauthorized")
        self.assertEqual(member.get(f"/v1/details/{old}/details").status, 200)
