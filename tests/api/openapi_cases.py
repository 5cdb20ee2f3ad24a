# SPDX-License-Identifier: AGPL-3.0-or-later
"""The interface document, and whether the other suites have seen all of it. Runs last."""
import re

import jsonschema

from fixtures import ROOT, Case
from recorder import PROBLEM, RECORDER, REGISTRY

# What no client can bring about: a defect of the server, and a writer that is stuck.
UNSEEN_CODES = {"internal", "deadline"}


def objects(node, path="#"):
    """Every schema in the document that describes objects."""
    if isinstance(node, dict):
        if node.get("type") == "object" or "properties" in node:
            yield path, node
        for name, child in node.items():
            yield from objects(child, f"{path}/{name}")
    elif isinstance(node, list):
        for i, child in enumerate(node):
            yield from objects(child, f"{path}/{i}")


class Document(Case):
    """Only looks; the shared recorder has the document of the server under test."""

    def schemas(self):
        yield from objects(RECORDER.document["components"]["schemas"], "#/components/schemas")
        yield from objects(RECORDER.document["paths"], "#/paths")

    def test_it_is_openapi_3_1(self):
        self.assertRegex(RECORDER.document["openapi"], r"^3\.1\.")
        for where, schema in self.schemas():
            with self.subTest(where):
                jsonschema.Draft202012Validator.check_schema(schema)

    def test_no_object_takes_more_than_is_described(self):
        count = 0
        for where, schema in self.schemas():
            more = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
            with self.subTest(where):
                described = more is False or isinstance(more, dict) and more
                self.assertTrue(described, "an object schema that takes anything")
                for name in schema.get("required", []):
                    self.assertIn(name, schema.get("properties", {}))
            count += 1
        self.assertGreater(count, 20)

    def test_its_routes_are_those_of_the_specification(self):
        text = (ROOT / "SPEC.md").read_text(encoding="utf-8")
        table = re.search(r"^### 12\.4 .*?(?=^### )", text, re.M | re.S).group(0)
        specified = set()
        for row in re.findall(r"^\| (`(?:GET|POST|PUT|DELETE).*?) \|", table, re.M):
            if "/metrics" not in row:
                for one in re.findall(r"`([^`]+)`", row):
                    method, _, path = one.rpartition(" ")
                    for word in (method or "DELETE").split():
                        specified.add((word, path) if method else (word, None))
        extra = {("GET", "/log/checkpoint"), ("DELETE", "/v1/inbox/{handle}/{id}")}
        specified = {one for one in specified if one[1]} | extra
        documented = {(method, path) for method, path, _ in RECORDER.documented()}
        shape = [{(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in one}
                 for one in (specified, documented)]
        self.assertEqual(shape[0], shape[1])

    def test_its_codes_are_those_of_the_registry(self):
        code = RECORDER.document["components"]["schemas"]["Problem"]["properties"]["code"]
        self.assertEqual(set(code["enum"]), set(REGISTRY))

    def test_a_failure_has_the_schema_of_a_problem(self):
        for method, template, status in RECORDER.documented():
            if status >= 400 and template.startswith("/v1/"):
                response = RECORDER.response(method, template, status)
                self.assertIn(PROBLEM, response["content"], f"{method} {template} {status}")


class Coverage(Case):
    def test_every_documented_route_and_status_was_seen(self):
        unseen = {one for one in RECORDER.documented() if not RECORDER.seen[one]}
        self.assertEqual(unseen, set())

    def test_every_route_says_what_the_servers_own_trouble_looks_like(self):
        for method, template, _ in RECORDER.documented():
            self.assertIn("default", RECORDER.operation(method, template)["responses"])

    def test_every_code_of_the_registry_was_seen(self):
        self.assertEqual(set(REGISTRY) - set(RECORDER.codes), UNSEEN_CODES)
