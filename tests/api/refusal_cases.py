# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is refused, with which code, and that nothing is written: SPEC 2, 3, 5, 6, 8, 10."""
import base64
import json
import re

import refusal_table
import semclient
from fixtures import ORIGIN, Case, hash_of, semd, share
from semclient import canonical, entry_text, note
from stage import Stage, case_note, day

NOT_EVEN_A_NOTE = ("a tab", "a control character", "a surrogate in UTF-8", "an overlong form",
                   "not UTF-8", "NUL")
OTHER_ORIGIN = "ledger.example.org/other"


class Rules(Case):
    """One stage for all: it must look the same after everything that was refused on it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stage = Stage(cls.addClassCleanup)
        cls.net = cls.stage.net
        cls.check_at_the_end(cls.net)
        cls.sessions = [cls.net.client.login(cls.net.key(handle))
                        for handle in ("noyer", "orme", "lierre", "saule")]

    def setUp(self):
        super().setUp()
        untouched = self.nothing_written(self.net, self.sessions)
        untouched.__enter__()
        self.addCleanup(untouched.__exit__, None, None, None)

    def post(self, data, query=""):
        return self.net.client.post("/v1/entries" + query, data)

    def hours_text(self, minutes):
        return self.net.text("hours.record", "saule", day=day(0),
                             shares=[share("noyer", "saule", minutes)])

    def test_rules_refuse_by_name(self):
        for case in refusal_table.refused(self.stage):
            with self.subTest(case.name):
                problem = self.refused(self.post(case_note(self.net, case)), case.code)
                if case.field:
                    self.assertEqual(problem.get("field"), case.field)

    def test_a_signer_may_be_missing_only_where_the_inbox_takes_it(self):
        data = self.net.note("hours.record", "saule", ["saule"], day=day(0),
                             shares=[share("noyer", "saule", 5)])
        problem = self.refused(self.post(data, "?inbox=no"), "signer_missing")
        self.assertIn("noyer", problem["expected"])
        nobody = self.net.text("org.confirm", "orme") + "\n"
        for query in ("?inbox=no", ""):
            answer = self.post(nobody, query)
            self.assertIn(answer.code, ("signer_missing", "note_malformed"), answer)

    def test_a_wrong_signature(self):
        text = self.hours_text(5)
        other = self.hours_text(6)
        noyer, saule = self.net.key("noyer"), self.net.key("saule")
        borrowed = text + "\n" + noyer.line(other) + saule.line(text)
        self.refused(self.post(borrowed), "signature_invalid")
        head, _, blob = noyer.line(text).rstrip().rpartition(" ")
        raw = bytearray(base64.b64decode(blob))
        for place in (4, 35, 36, 67):
            bent = bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1:])
            line = f"{head} {base64.b64encode(bent).decode()}\n"
            with self.subTest(byte=place):
                self.refused(self.post(text + "\n" + line + saule.line(text)), "signature_invalid")

    def test_a_signature_under_another_name(self):
        """noyer's key does not sign for orme, under whichever of the two names."""
        text = self.net.text("org.confirm", "orme")
        forged = semclient.Key(ORIGIN, "orme", bytes(self.net.key("noyer").secret))
        self.refused(self.post(text + "\n" + forged.line(text)), "key_unknown")
        line = self.net.key("orme").line(text).replace("/org/orme ", "/org/noyer ")
        self.refused(self.post(text + "\n" + line), "signer_unexpected")

    def test_lines_out_of_order_or_twice(self):
        text = self.hours_text(5)
        noyer, saule = self.net.key("noyer"), self.net.key("saule")
        lines = saule.line(text) + noyer.line(text)
        self.refused(self.post(text + "\n" + lines), "signature_order")
        twice = noyer.line(text) * 2 + saule.line(text)
        self.refused(self.post(text + "\n" + twice), "signature_order")
        keys = [noyer, self.stage.sign, saule]
        self.refused(self.post(note(text, keys)), "signature_order")

    def test_replay_into_another_network(self):
        """The same keys, the same kind, another origin: neither text nor signature fits here."""
        fields = self.net.fields("org.confirm", "orme")
        elsewhere = semclient.Key(OTHER_ORIGIN, "orme", bytes(self.net.key("orme").secret))
        text = entry_text(OTHER_ORIGIN, fields)
        self.refused(self.post(note(text, [elsewhere])), "wrong_network")
        self.refused(self.post(note(text, [self.net.key("orme")])), "wrong_network")
        here = entry_text(ORIGIN, fields)
        self.refused(self.post(here + "\n" + elsewhere.line(text)), "signer_unexpected")

    def test_another_purpose(self):
        line = canonical(self.net.fields("org.confirm", "orme"))
        for purpose in ("login/v1", "refusal/v1", "entry/v2", "entry", "entry/v1 "):
            with self.subTest(purpose):
                text = f"{ORIGIN}/{purpose}\n{line}\n"
                answer = self.post(note(text, [self.net.key("orme")]))
                self.assertIn(answer.code, ("not_an_entry", "wrong_network"), answer)

    def test_only_canonical_json(self):
        fields = self.net.fields("org.confirm", "orme")
        good = canonical(fields)
        number = str(fields["valid_until"])
        for name, line in bent_lines(good, number):
            data = line if isinstance(line, bytes) else line.encode()
            text = f"{ORIGIN}/entry/v1\n".encode() + data + b"\n"
            with self.subTest(name):
                answer = self.post(signed_bytes(text, self.net.key("orme")))
                # A note has no control characters and no broken UTF-8 anywhere.
                raw = name in NOT_EVEN_A_NOTE
                self.refused(answer, "note_malformed" if raw else "not_canonical")

    def test_not_two_lines(self):
        good = canonical(self.net.fields("org.confirm", "orme"))
        orme = self.net.key("orme")
        for name, text in [("three lines", f"{ORIGIN}/entry/v1\n{good}\n{good}\n"),
                           ("one line", f"{ORIGIN}/entry/v1\n"),
                           ("CR before LF", f"{ORIGIN}/entry/v1\r\n{good}\r\n"),
                           ("an empty line first", f"\n{ORIGIN}/entry/v1\n{good}\n")]:
            with self.subTest(name):
                answer = self.post(note(text, [orme]))
                self.assertIn(answer.code, ("not_canonical", "not_an_entry", "note_malformed",
                                            "wrong_network"), answer)

    def test_not_a_note(self):
        text = self.net.text("org.confirm", "orme")
        line = self.net.key("orme").line(text)
        blob = line.split(" ")[2]
        for name, data in [
                ("nothing", ""), ("a word", "hello"), ("a text alone", text),
                ("no empty line", text + line), ("no end of line", (text + "\n" + line)[:-1]),
                ("a hyphen for a dash", text + "\n" + line.replace("—", "-")),
                ("base64 without padding", text + "\n" + line.replace("=", "")),
                ("a short signature", text + "\n" + line.replace(blob, blob[:40] + "\n")),
                ("two spaces", text + "\n" + line.replace(" ", "  ", 1)),
                ("CR", (text + "\n" + line).replace("\n", "\r\n")),
                ("text after the signatures", text + "\n" + line + "PS\n"),
                ("NUL", text + "\n" + line + "\0"),
                ("not UTF-8", (text + "\n" + line).encode() + b"\xff\n"),
                ("65 lines", text + "\n" + line * 65)]:
            with self.subTest(name):
                answer = self.post(data)
                self.assertIn(answer.code, ("note_malformed", "signature_order",
                                            "signature_invalid"), answer)

    def test_too_large(self):
        """The note's own bound lies below that of a body."""
        fields = self.net.fields("org.confirm", "orme", note="x" * 16_128)
        data = note(entry_text(ORIGIN, fields), [self.net.key("orme")])
        self.refused(self.post(data), "entry_too_large")
        self.refused(self.post("x" * 65_537), "body_too_large")
        self.refused(self.post("x" * 1_000_000), "body_too_large")

    def test_an_id_belongs_to_one_text(self):
        known = self.net.client.get("/v1/entries/" + self.stage.hours).json["fields"]
        other = note(entry_text(ORIGIN, {**known, "skill": "droit"}),
                     [self.net.key("noyer"), self.net.key("saule")])
        self.refused(self.post(other), "id_reused")
        confirm = self.net.fields("org.confirm", "saule") | {"id": known["id"]}
        third = note(entry_text(ORIGIN, confirm), [self.net.key("saule")])
        self.refused(self.post(third), "id_reused")

    def test_a_crossed_limit_tells_the_figures_and_the_other_ways(self):
        for case, figures in zip(refusal_table.limits(), [
                {"projected": -901, "floor": 600, "stop": 900, "pass": 750},
                {"projected": -901, "floor": 600, "stop": 900, "pass": 840}]):
            with self.subTest(case.name):
                problem = self.refused(self.post(case_note(self.net, case)), "limit_crossed")
                self.assertEqual(problem["rule"], "limit_hard_permille")
                words = json.dumps(problem, ensure_ascii=False)
                for name, figure in figures.items():
                    self.assertRegex(words, rf"(?<!\d){figure}(?!\d)", name)
                for way in ("gift", "urgency", "smaller"):
                    self.assertIn(way, words)


class Soft(Case):
    def test_without_softness_the_floor_itself_refuses_an_agreement(self):
        net = self.started.network(policy={"limit_soft": 0})
        agree = dict(refusal_table.agree("orme", "noyer", 601))
        answer = net.post("agreement.sign", "orme", ["noyer", "orme"], **agree)
        problem = self.refused(answer, "limit_crossed")
        self.assertEqual(problem["rule"], "limit_floor")
        self.assertRegex(json.dumps(problem), r"\b600\b")
        agree["shares"] = [share("orme", "noyer", 600)]
        self.accepted(net.post("agreement.sign", "orme", ["noyer", "orme"], **agree))
        self.accepted(net.hours("orme", "noyer", 300))
        self.refused(net.hours("orme", "noyer", 1), "limit_crossed")


class Beginning(Case):
    """A server without a network, and a network that keeps its own time."""

    def test_nothing_comes_before_the_founding(self):
        folder = self.started.init()
        server = self.started.serve(folder)
        net = semclient.Network(server.client(Case.recorder), ORIGIN)
        before = net.client.get("/v1/network").json
        self.assertEqual((before["size"], before["founded"]), (0, False))
        net.charter = hash_of("charter")
        self.refused(net.post("org.confirm", "orme"), "network_not_founded")
        good = refusal_table.founding(net)
        founders = ["noyer", "orme", "tilleul"]
        wrong = {
            "network_keys": [{"log_key": good["clock_key"], "clock_key": good["log_key"]}],
            "field_invalid": [{"founders": good["founders"][:2]}, {"rules_version": 2},
                              {"skills": []}, {"mandates": []},
                              {"policy": {**good["policy"], "window_days": 364}},
                              {"mandates": [{"org": "noyer", "role": "coordinator", "until": 1}]}],
            "field_missing": [{"policy": {"window_days": 365}}],
            "field_unknown": [{"policy": {**good["policy"], "limit_nothing": 1}}],
        }
        for code, changes in wrong.items():
            for change in changes:
                with self.subTest(change=list(change), code=code):
                    signers = [f["handle"] for f in change.get("founders", good["founders"])]
                    answer = net.post("network.found", "noyer", signers, **{**good, **change})
                    self.refused(answer, code)
        self.refused(net.client.post("/v1/entries?inbox=no", net.note(
            "network.found", "noyer", founders[:2], **good)), "signer_missing")
        self.assertEqual(net.client.get("/v1/network").json["root"], before["root"])
        self.accepted(net.post("network.found", "noyer", founders, **good))

    def test_a_demo_keeps_the_time_it_is_told(self):
        start = semclient.now_ms() - 100 * semclient.DAY_MS
        net = self.started.network(demo=True, at=start)
        answer = net.hours("noyer", "orme", 60, at=start + semclient.DAY_MS)
        self.assertEqual(answer.json["at"], start + semclient.DAY_MS)
        self.refused(net.hours("noyer", "orme", 60, at=start), "time_order")
        self.refused(net.hours("noyer", "orme", 60, at=semclient.now_ms() + 60_000),
                     "at_not_allowed")
        self.assertTrue(net.client.get("/v1/network").json["demo"])
        net.server.stop()
        semd("check", "--dir", net.folder)


def signed_bytes(text, key):
    """A note of bytes that need not be UTF-8."""
    blob = base64.b64encode(key.key_id + key.secret.sign(text).signature).decode()
    return text + f"\n— {key.name} {blob}\n".encode()


def bent_lines(good, number):
    """Lines that say the same as `good` in other words, or in none: SPEC 2.2."""
    unsorted = re.sub(r'^\{("by":"[^"]*"),("id":"[^"]*"),', r'{\2,\1,', good)
    assert unsorted != good
    head, tail = good[:-1], "}"
    return [
        ("a space", good.replace(":", ": ", 1)), ("a tab", good.replace(",", ",\t", 1)),
        ("a space before", " " + good), ("a space after", good + " "),
        ("keys not sorted", unsorted),
        ("a key twice", good.replace('{"by":"orme",', '{"by":"orme","by":"orme",')),
        ("a fraction", good.replace(number, number + ".0")),
        ("an exponent", good.replace(number, number + "e0")),
        ("a leading zero", good.replace(number, "0" + number)),
        ("a plus", good.replace(number, "+" + number)), ("minus zero", good.replace(number, "-0")),
        ("2^53", good.replace(number, "9007199254740992")),
        ("a huge number", good.replace(number, "9" * 400)),
        ("null", good.replace(number, "null")), ("NaN", good.replace(number, "NaN")),
        ("an escaped letter", good.replace('"orme"', '"\\u006frme"')),
        ("an escaped slash", head + ',"x":"\\/"' + tail),
        ("an escaped newline", head + ',"x":"\\n"' + tail),
        ("a control character", head + ',"x":"\x01"' + tail),
        ("DEL", head + ',"x":"\x7f"' + tail),
        ("a lone surrogate", head + ',"x":"\\ud800"' + tail),
        ("a surrogate in UTF-8", head.encode() + b',"x":"\xed\xa0\x80"}'),
        ("an overlong form", head.encode() + b',"x":"\xc0\xaf"}'),
        ("not UTF-8", head.encode() + b',"x":"\xff"}'),
        ("a BOM", "\ufeff" + good),
        ("a capital in a key", head + ',"x":{"A":1}' + tail),
        ("depth five", head + ',"x":{"a":{"b":{"c":{}}}}' + tail),
        ("depth a thousand", head + ',"x":' + "[" * 1000 + "]" * 1000 + tail),
        ("an array", f"[{good}]"), ("a string", '"orme"'), ("an empty line", ""),
        ("two objects", good + good), ("a comma at the end", head + "," + tail),
        ("single quotes", good.replace('"', "'")), ("cut short", head),
        ("a comment", good + "/**/"), ("NUL", good.replace("orme", "or\0me")),
    ]
