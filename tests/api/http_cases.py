# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests that are refused before anybody asks what they mean: SPEC 12.1, 12.5."""
import http.client
import time

import semclient
from fixtures import Case
from semclient import raw_bytes, raw_request

TEXT = b"Content-Type: text/plain"


def request(method, target, *headers, body=b""):
    """A request byte by byte, which closes its connection."""
    head = [f"{method} ".encode() + target + b" HTTP/1.1", b"Host: ledger", b"Connection: close"]
    return b"\r\n".join(head + list(headers)) + b"\r\n\r\n" + body


class Http(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.net = cls.shared.network()
        cls.check_at_the_end(cls.net)
        cls.client = cls.net.client
        cls.member = cls.client.login(cls.net.key("orme"))

    def setUp(self):
        super().setUp()
        untouched = self.nothing_written(self.net, [self.member])
        untouched.__enter__()
        self.addCleanup(untouched.__exit__, None, None, None)

    def raw(self, data, target="/v1/network", method="GET"):
        """The one answer to raw bytes, after which the server closes."""
        answers = raw_request(self.net.server.url, data, 10)
        self.assertEqual(len(answers), 1, answers)
        self.recorder(method, target, answers[0])
        return answers[0]

    def test_paths_that_mean_two_things(self):
        for target in (b"/v1/orgs/orme%00", b"/v1/orgs/%00orme", b"/v1/orgs/or%00me/position",
                       b"/v1/orgs%2forme", b"/v1/orgs/orme%2Fposition", b"/%2fv1/network",
                       b"/v1/%zz", b"/v1/orgs/%", b"/v1/orgs/%4", b"/v1/orgs/%0a",
                       b"/v1/orgs/%0d%0a", b"/v1/orgs/%7f", b"/v1\\network",
                       b"http://ledger/v1/network", b"*"):
            with self.subTest(target):
                answer = self.raw(request("GET", target), target.decode())
                self.refused(answer, "bad_path")

    def test_bytes_that_no_path_has(self):
        for target in (b"/v1/orgs/\xff", b"/v1/orgs/\xc3\xa9", b"/v1/orgs/\x01", b"/v1/orgs/\x7f",
                       b"/v1/network#top"):
            with self.subTest(target):
                answer = raw_bytes(self.net.server.url, request("GET", target), 10)
                self.assertRegex(answer, rb"^HTTP/1\.1 400 ")

    def test_paths_that_lead_nowhere(self):
        for target in ("/v1", "/v1/", "/v1/network/", "//v1/network", "/v1//network", "/v2/network",
                       "/v1/orgs/Orme", "/v1/orgs/-", "/v1/orgs/%2e%2e", "/v1/entries/-1",
                       "/v1/entries/01", "/v1/entries/9999", "/v1/entries/99999999999999999999",
                       "/v1/entries/orme/0", "/v1/details/orme/details", "/v1/orgs/orme/secrets",
                       "/etc/passwd", "/v1/orgs/" + "a" * 5000, "/v1/network;x=1", "/metrics"):
            with self.subTest(target[:60]):
                self.refused(self.client.get(target), "not_found")

    def test_methods(self):
        for method, target, allowed in [
                ("POST", "/v1/network", "GET"), ("PUT", "/v1/entries", "POST"),
                ("DELETE", "/v1/entries", "GET"), ("PATCH", "/v1/sessions", "DELETE"),
                ("GET", "/v1/sessions", "POST"), ("GET", "/v1/preview", "POST"),
                ("OPTIONS", "/v1/network", "GET"), ("BREW", "/v1/network", "GET"),
                ("get", "/v1/network", "GET"), ("POST", "/livez", "GET"),
                ("DELETE", "/v1/details/" + "0" * 64, "PUT")]:
            with self.subTest(method=method, target=target):
                answer = self.client.request(method, target)
                self.refused(answer, "method_not_allowed")
                self.assertIn(allowed, answer.headers["Allow"].split(", "))

    def test_head_is_get_without_the_body(self):
        for target, status in (("/v1/network", 200), ("/v1/nothing", 404), ("/v1/inbox", 401)):
            answer = self.client.request("HEAD", target)
            self.assertEqual((answer.status, answer.body), (status, b""))
            self.assertGreater(int(answer.headers["Content-Length"]), 10)

    def test_lengths_that_mean_two_things(self):
        note = self.net.note("org.confirm", "orme").encode()
        n = str(len(note)).encode()
        for name, lengths in [("two that agree", [n, n]), ("two that differ", [n, b"5"]),
                              ("two of which the last is right", [b"0", n])]:
            with self.subTest(name):
                headers = [b"Content-Length: " + one for one in lengths]
                data = request("POST", b"/v1/entries", TEXT, *headers, body=note)
                answer = self.raw(data, "/v1/entries", "POST")
                self.refused(answer, "length_invalid")

    def test_lengths_that_are_no_number(self):
        """The HTTP library refuses these in words of its own."""
        note = self.net.note("org.confirm", "orme").encode()
        n = str(len(note)).encode()
        for length in (n + b", " + n, b"+" + n, b"-1", b"0x10", b"many", b"", n + b"b", b"9" * 40):
            with self.subTest(length):
                data = request("POST", b"/v1/entries", TEXT, b"Content-Length: " + length,
                               body=note)
                answer = raw_bytes(self.net.server.url, data, 10)
                self.assertRegex(answer, rb"^HTTP/1\.1 4(00|13) ")
                self.assertNotRegex(answer, rb"HTTP/1\.1 2")

    def test_transfer_encodings(self):
        note = self.net.note("org.confirm", "orme").encode()
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(note), note)
        length = b"Content-Length: %d" % len(note)
        for name, headers, body in [
                ("chunked", [b"Transfer-Encoding: chunked"], chunked),
                ("Chunked", [b"transfer-encoding: Chunked"], chunked),
                ("identity", [b"Transfer-Encoding: identity", length], note),
                ("both", [b"Transfer-Encoding: chunked", length], chunked),
                ("gzip", [b"Transfer-Encoding: gzip, chunked"], chunked),
                ("a space before the colon", [b"Transfer-Encoding : chunked", length], note),
                ("another name that is none", [b"X(y): z", length], note)]:
            with self.subTest(name):
                data = request("POST", b"/v1/entries", TEXT, *headers, body=body)
                answer = self.raw(data, "/v1/entries", "POST")
                self.refused(answer, "transfer_encoding")

    def test_no_second_request_is_read_out_of_a_refused_one(self):
        """Whoever stands in front of us and counts the body otherwise must not be fooled."""
        hidden = b"DELETE /v1/sessions HTTP/1.1\r\nHost: ledger\r\n\r\n"
        keep = b"POST /v1/entries HTTP/1.1\r\nHost: ledger\r\nContent-Type: text/plain\r\n"
        for name, head in [("chunked", b"Transfer-Encoding: chunked\r\n"),
                           ("two lengths", b"Content-Length: 0\r\nContent-Length: 5\r\n"),
                           ("both", b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")]:
            with self.subTest(name):
                answers = raw_request(self.net.server.url,
                                      keep + head + b"\r\n0\r\n\r\n" + hidden, 5)
                self.assertEqual(len(answers), 1, answers)
                self.assertEqual(answers[0].status, 400)

    def test_what_is_no_http(self):
        for data in (b"\r\n\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"hello\n\n",
                     b"GET /v1/network\r\n\r\n", b"GET /v1/network HTTP/9.9\r\n\r\n",
                     b"GET /v1/network HTTP/1.1\r\n\r\n",
                     b"GET /v1/network HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
                     b"GET /v1/network HTTP/1.1\r\nNo colon here\r\n\r\n"):
            with self.subTest(data):
                answer = raw_bytes(self.net.server.url, data, 1)
                self.assertRegex(answer, rb"^(HTTP/1\.[01] (400|505) |$)")

    def test_headers_are_bounded(self):
        for headers in ([b"X-Long: " + b"a" * 40_000], [b"X-%d: y" % i for i in range(5000)]):
            answers = raw_request(self.net.server.url, request("GET", b"/v1/network", *headers), 10)
            for answer in answers:
                self.assertIn(answer.status, (400, 413, 414, 431), answer)
        self.assertEqual(self.client.get("/v1/network").status, 200)

    def test_media_types(self):
        note = self.net.note("org.confirm", "orme")
        for path, body, kinds in [
                ("/v1/entries", note, ("application/json", "text/html", "text/plainer", "", "x")),
                ("/v1/preview", note, ("application/json",)),
                ("/v1/sessions", note, ("text/html",)),
                ("/v1/sessions/challenge", '{"org":"orme"}', ("text/plain", "application/jsonp"))]:
            for kind in kinds:
                with self.subTest(path=path, kind=kind):
                    answer = self.client.request("POST", path, body, {"Content-Type": kind})
                    self.refused(answer, "media_type")
        good = self.client.request("POST", "/v1/sessions/challenge", '{"org":"orme"}',
                                   {"Content-Type": "Application/JSON; charset=utf-8"})
        self.assertEqual(good.status, 200)
        put = self.client.request("PUT", "/v1/details/" + "0" * 64, "{}",
                                  {"Content-Type": "text/plain"})
        self.refused(put, "media_type")

    def test_a_body_where_none_belongs(self):
        for method, target in (("GET", "/v1/network"), ("DELETE", "/v1/sessions")):
            answer = self.member.request(method, target, "hello")
            self.refused(answer, "body_invalid")

    def test_bodies_of_the_wrong_size(self):
        for path in ("/v1/entries", "/v1/preview", "/v1/sessions"):
            self.refused(self.client.post(path, "x" * 65_537), "body_too_large")
        answer = self.raw(request("POST", b"/v1/entries", TEXT,
                                  b"Content-Length: 99999999999"), "/v1/entries", "POST")
        self.refused(answer, "body_too_large")
        self.refused(self.client.post("/v1/entries", ""), "note_malformed")

    def test_queries(self):
        for target, field in [
                ("/v1/network?x=1", "x"), ("/v1/entries?kind=hours.give", "kind"),
                ("/v1/entries?limit=0", "limit"), ("/v1/entries?limit=201", "limit"),
                ("/v1/entries?limit=-1", "limit"), ("/v1/entries?limit=ten", "limit"),
                ("/v1/entries?limit=010", "limit"), ("/v1/entries?limit=", "limit"),
                ("/v1/entries?limit=1&limit=2", "limit"), ("/v1/entries?org=Orme", "org"),
                ("/v1/orgs?state=asleep", "state"), ("/v1/orgs?skill=Droit", "skill"),
                ("/v1/offers?state=maybe", "state"), ("/v1/offers?type=money", "type"),
                ("/v1/needs?urgent=maybe", "urgent"), ("/v1/agreements?state=asleep", "state"),
                ("/v1/orgs/orme/statement?from=2026-02-30", "from"),
                ("/v1/orgs/orme/statement?to=tomorrow", "to"), ("/v1/orgs?q=%ff", "q")]:
            with self.subTest(target):
                problem = self.refused(self.member.get(target), "query_invalid")
                self.assertIn(field, (problem.get("field"), problem.get("found")))
        for target in (b"/v1/orgs?q=%", b"/v1/orgs?q=%zz", b"/v1/orgs?q=%00", b"/v1/orgs?q=a%0",
                       b"/?\x01"):
            with self.subTest(target):
                for answer in raw_request(self.net.server.url, request("GET", target), 10):
                    self.assertEqual(answer.status, 400, answer)
        note = self.net.note("org.confirm", "orme")
        self.refused(self.client.post("/v1/entries?inbox=maybe", note), "query_invalid")
        self.refused(self.client.post("/v1/entries?inbox", note), "query_invalid")

    def test_cursors(self):
        self.net.client.pages("/v1/entries")
        good = self.client.get("/v1/entries?limit=1")
        with_more = good.json.get("next")
        bad = ["x", "0", "00" * 24, "zz" * 20, "a" * 4000]
        if with_more:
            bad += [with_more[:-2], with_more + "00", with_more.upper() + "G", "ff" + with_more[2:]]
        for cursor in bad:
            with self.subTest(cursor[:40]):
                self.refused(self.client.get("/v1/entries?cursor=" + cursor), "cursor_invalid")

    def test_a_pipeline_is_answered_in_order(self):
        one = b"GET %s HTTP/1.1\r\nHost: ledger\r\n\r\n"
        many = one % b"/livez" + one % b"/v1/nothing" + one % b"/v1/network"
        last = request("GET", b"/v1/policies")
        answers = raw_request(self.net.server.url, many + last, 10)
        self.assertEqual([answer.status for answer in answers], [200, 404, 200, 200])

    def test_a_body_in_pieces(self):
        """Bytes one by one, as a bad line brings them, are the same request."""
        note = self.net.text("org.confirm", "orme").encode()
        connection = self.client.connect()
        connection.putrequest("POST", "/v1/preview")
        connection.putheader("Content-Type", "text/plain")
        connection.putheader("Authorization", "Bearer " + self.member.token)
        connection.putheader("Content-Length", str(len(note)))
        connection.endheaders()
        for place in range(0, len(note), 20):
            connection.send(note[place:place + 20])
            time.sleep(0.01)
        raw = connection.getresponse()
        answer = semclient.Answer(raw.status, raw.headers, raw.read())
        connection.close()
        self.recorder("POST", "/v1/preview", answer)
        self.assertEqual(answer.json["outcome"], "accepted")

    def test_expect_continue(self):
        note = self.net.text("org.confirm", "orme").encode()
        for expectation in (b"100-continue", b"202-nothing"):
            head = (b"POST /v1/preview HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    b"Content-Type: text/plain\r\nExpect: " + expectation +
                    b"\r\nContent-Length: %d\r\n\r\n" % len(note))
            answers = raw_request(self.net.server.url, head + note, 10)
            self.assertIn(answers[-1].status, (401, 417), answers)

    def test_every_answer_says_how_it_may_be_used(self):
        for target in ("/", "/v1/network", "/v1/nothing", "/v1/inbox"):
            headers = self.client.get(target).headers
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertIn(headers["Cache-Control"], ("no-store", "no-cache", "private, no-cache"))
            self.assertNotIn("Access-Control-Allow-Origin", headers)

    def test_a_client_that_goes_away(self):
        """An answer that nobody reads is no trouble."""
        for _ in range(20):
            connection = self.client.connect()
            connection.request("GET", "/v1/policies")
            connection.close()
        note = self.net.note("org.confirm", "nobody-here").encode()
        for _ in range(20):
            connection = http.client.HTTPConnection(self.net.server.url.removeprefix("http://"))
            connection.request("POST", "/v1/entries", note, {"Content-Type": "text/plain"})
            connection.sock.close()
        self.assertEqual(self.client.get("/readyz").status, 200)
