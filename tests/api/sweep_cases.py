# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every documented operation, asked in all the ways that fail alike."""
import concurrent.futures
import os

import semclient
from fixtures import SEALS, Case, restart
from recorder import RECORDER
from rights_cases import World
from semclient import day_of, now_ms

NOBODY = {"Authorization": "Bearer " + "0" * 64}
MEDIA = {"/v1/entries": "text/plain", "/v1/preview": "text/plain", "/v1/sessions": "text/plain",
         "/v1/sessions/challenge": "application/json", "/v1/details/{commit}": "application/json",
         "/v1/matches/{handle}/{id}/decline": "application/json"}
# What coordinators alone read.
COORDINATORS = ("/v1/positions", "/v1/matches/inputs", "/v1/matches/loops")
# Without these a request is not understood.
QUERY = {"/v1/consistency": "?from=0"}


class Sweep(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = World(cls.shared.network(bundles=False, directory=False, policy=SEALS))
        cls.reader = cls.world.sessions["orme"]

    def operations(self, status):
        """(method, template) of what documents this status."""
        found = sorted({(method, template) for method, template, one in RECORDER.documented()
                        if one == status})
        self.assertTrue(found)
        return found

    def path(self, template, known=True):
        """A target that the template describes; with `known` of things that are there."""
        world, unknown = self.world, semclient.new_id()
        things = {"/v1/offers": world.offers[True], "/v1/needs": world.needs[True],
                  "/v1/agreements": world.agreement, "/v1/inbox": world.waiting,
                  "/v1/entries": world.hours, "/v1/details": world.agreement,
                  "/v1/refusals": world.refused}
        ref = things.get("/".join(template.split("/")[:3]), "orme/" + unknown)
        author, one = ref.split("/") if known else ("orme", unknown)
        handle = author if "{id}" in template else "orme" if known else "inconnu"
        values = {"author": author, "id": one, "handle": handle, "slot": "details",
                  "index": "1" if known else "999999", "commit": "0" * 64, "level": "0",
                  "tile": "000.p/1" if known else "999",
                  "year": day_of(now_ms())[:4] if known else "1970"}
        return template.format(**values)

    def ask(self, method, template, query="", known=True, headers=None, body=None):
        headers = dict(headers or {})
        if method in ("POST", "PUT") and template in MEDIA:
            body = body or "{}"
            headers.setdefault("Content-Type", MEDIA[template])
        return self.reader.request(method, self.path(template, known) + query, body, headers)

    def sweep(self, status, leave_out=(), **how):
        for method, template in self.operations(status):
            if template not in leave_out:
                with self.subTest(f"{method} {template}"):
                    answer = self.ask(method, template, **how)
                    self.assertEqual(answer.status, status, answer)

    def test_what_is_asked_wrongly(self):
        self.sweep(400, query="?no-such-parameter=1")
        self.sweep(413, body="x" * 65_537)
        self.sweep(415, headers={"Content-Type": "image/png"})

    def test_who_has_no_session(self):
        """A bad token is an error everywhere, also where none is needed."""
        self.sweep(401, headers=NOBODY, leave_out=("/v1/sessions",))

    def test_what_is_not_there(self):
        self.sweep(404, known=False, leave_out=("/v1/orgs/{handle}/position",
                                                "/v1/orgs/{handle}/balance",
                                                "/v1/orgs/{handle}/statement",
                                                "/v1/orgs/{handle}/statement/{year}",
                                                "/v1/orgs/{handle}/standing",
                                                "/v1/orgs/{handle}/pairs",
                                                "/log/checkpoint"))
        noyer = self.world.sessions["noyer"]
        for tail in ("position", "balance", "statement", "statement/2026", "standing", "pairs"):
            self.refused(noyer.get(f"/v1/orgs/inconnu/{tail}"), "not_found")

    def test_what_another_site_makes_a_browser_send(self):
        """SPEC 12.2: the cookie alone serves only pages of our own."""
        ours, token = self.world.net.server.url.split("//")[1], self.reader.token
        foreign = [{"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"},
                   {"Origin": "https://evil.example.org"}, {"Origin": "null"},
                   {"Origin": "http://x" + ours},
                   {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example.org"}]
        own = [{"Sec-Fetch-Site": "same-origin", "Origin": "http://" + ours},
               {"Sec-Fetch-Site": "none"}, {"Origin": "https://" + ours.upper()}]

        def ask(method, template, headers):
            headers, body = dict(headers, Cookie="sem_session=" + token), None
            if method in ("POST", "PUT") and template in MEDIA:
                headers["Content-Type"], body = MEDIA[template], "{}"
            path = self.path(template, known=method != "DELETE")
            return self.world.net.client.request(method, path, body, headers)

        unsafe = {(method, template) for method, template, _ in RECORDER.documented()
                  if method != "GET"}
        for method, template in sorted(unsafe):
            for headers in foreign:
                with self.subTest(f"{method} {template} {headers}"):
                    self.refused(ask(method, template, headers), "forbidden")
        for headers in own:
            with self.subTest(headers):
                answer = ask("POST", "/v1/preview", headers)
                self.assertNotEqual(answer.status, 403, answer)
        for headers in foreign:
            self.assertEqual(ask("GET", "/v1/inbox", headers).status, 200)
        answer = self.reader.request("POST", "/v1/preview", "{}",
                                     dict(foreign[1], **{"Content-Type": "text/plain"}))
        self.assertNotEqual(answer.status, 403, "a token that a program shows")

    def test_what_the_reader_has_already(self):
        for method, template in self.operations(304):
            with self.subTest(template):
                reader = "noyer" if template in COORDINATORS else "orme"
                answer = self.world.sessions[reader].request(
                    method, self.path(template) + QUERY.get(template, ""),
                    headers={"If-None-Match": "*"})
                self.assertEqual((answer.status, answer.body), (304, b""))


class Flooded(Case):
    def test_a_full_queue_says_try_again(self):
        """With room for one entry, some of many at once are told so; with the same id they pass."""
        folder = self.started.init()
        config = os.path.join(os.path.dirname(folder), "sem.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("queue_max = 1\nbatch_max = 1\n")
        server = self.started.serve(folder, more=("--config", config))
        net = semclient.Network(server.client(self.recorder), "ledger.example.org/test")
        net.server, net.folder = server, folder
        net.found()
        size, busy = 1, []
        while not busy and size < 2000:
            notes = [net.note("org.confirm", "orme") for _ in range(128)]
            with concurrent.futures.ThreadPoolExecutor(32) as senders:
                answers = list(senders.map(lambda data: net.client.post("/v1/entries", data), notes))
            self.assertLessEqual({a.status for a in answers}, {201, 503})
            busy = [(data, a) for data, a in zip(notes, answers) if a.status == 503]
            size += len(notes)
        self.assertTrue(busy, "nobody was turned away")
        for data, answer in busy:
            self.refused(answer, "too_busy")
            self.assertGreater(int(answer.headers["Retry-After"]), 0)
            self.accepted(net.client.post("/v1/entries", data))
        self.assertEqual(net.client.get("/v1/network").json["size"], size)
        restart(net, self.started, kill=True)
        self.assertEqual(net.client.get("/v1/network").json["size"], size)
