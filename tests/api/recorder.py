# SPDX-License-Identifier: AGPL-3.0-or-later
"""Holds every answer of the black-box suites to the interface document of the server and to the
registry of failures in SPEC 11, and remembers what was seen.

A suite hands `RECORDER` to its clients; an answer that does not fit fails the test that asked.
"""
import collections
import pathlib
import re
import threading

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBLEM = "application/problem+json"
TROUBLE = (500, 503)     # of the server itself, documented as `default`


def registry():
    """SPEC 11 as {code: (number, status, title)}."""
    text = (ROOT / "SPEC.md").read_text(encoding="utf-8")
    table = re.search(r"^## 11 .*?(?=^## )", text, re.M | re.S).group(0)
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (\d+) \| (.+?) \|$", table, re.M)
    return {code: (int(number), int(status), title) for number, code, status, title in rows}


REGISTRY = registry()


def media_type(answer):
    return answer.headers.get("Content-Type", "").split(";")[0].strip().lower()


def check_problem(answer):
    """A failure as RFC 9457 and SPEC 11 describe it."""
    problem = answer.json
    for member in ("type", "title", "status", "code", "number", "detail"):
        assert member in problem, f"a problem without {member}: {answer}"
    known = REGISTRY.get(problem["code"])
    assert known, f"code {problem['code']} is not in SPEC 11"
    found = (problem["number"], problem["status"], problem["title"])
    assert found == known, f"SPEC 11 has {known} for {problem['code']}, the answer {found}"
    assert answer.status == problem["status"], answer
    assert problem["type"] == "/problems/" + problem["code"], answer
    assert problem["detail"], f"a problem without words: {answer}"
    return problem["code"]


class Recorder:
    """Called with every (method, path, answer); safe from any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.document = None
        self.validators = {}
        self.seen = collections.Counter()  # (method, template, status)
        self.codes = collections.Counter()

    def learn(self, client):
        """Fetches the document from the first server that runs."""
        with self.lock:
            if self.document is None:
                self.document = client.get("/v1/openapi.json").json

    def template(self, path):
        """The path template that a target belongs to, or None."""
        parts = path.split("?")[0].split("/")
        best = None
        for template in self.document["paths"]:
            names = template.split("/")
            if names[-1] == "{tile}":  # takes the rest of the path
                names = names[:-1] + ["{tile}"] * max(1, len(parts) - len(names) + 1)
            if len(names) == len(parts) and all(
                    name == part or (name.startswith("{") and part)
                    for name, part in zip(names, parts)):
                if best is None or template.count("{") < best.count("{"):
                    best = template
        return best

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for word in node["$ref"].removeprefix("#/").split("/"):
                target = target[word.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operation(self, method, template):
        """Methods are upper-case words: `get` is none that anybody documents."""
        return method.isupper() and self.document["paths"][template].get(method.lower())

    def response(self, method, template, status):
        """What the document says of an answer, or None."""
        operation = self.operation(method, template)
        found = operation and operation["responses"].get(str(status))
        if operation and found is None and status in TROUBLE:
            found = operation["responses"]["default"]
        return found and self.resolve(found)

    def validate(self, schema, value, where):
        key = id(schema)
        with self.lock:
            if key not in self.validators:
                whole = dict(schema, components=self.document["components"])
                self.validators[key] = jsonschema.Draft202012Validator(whole)
        error = jsonschema.exceptions.best_match(self.validators[key].iter_errors(value))
        assert error is None, f"{where}: {error.json_path}: {error.message}"

    def __call__(self, method, path, answer):
        if media_type(answer) == PROBLEM and method != "HEAD":
            code = check_problem(answer)
            with self.lock:
                self.codes[code] += 1
        template = self.template(path)
        asked = "GET" if method == "HEAD" else method
        if template is None or not self.operation(asked, template):
            assert answer.status in (400, 404, 405), f"{method} {path}: {answer}"
            return
        response = self.response(asked, template, answer.status)
        assert response, f"{method} {template} {answer.status} is not documented: {answer}"
        with self.lock:
            self.seen[asked, template, answer.status] += 1
        self.check_body(method, template, answer, response)

    def check_body(self, method, template, answer, response):
        where = f"{method} {template} {answer.status}"
        content = response.get("content")
        if not content or method == "HEAD":
            assert not answer.body, f"{where}: a body that is not documented: {answer}"
            return
        kind = media_type(answer)
        assert kind in content, f"{where}: content type {kind!r}, documented {list(content)}"
        schema = content[kind].get("schema", {})
        if kind.endswith("json"):
            self.validate(schema, answer.json, where)

    def documented(self):
        """All (method, template, status) of the document."""
        for template, item in self.document["paths"].items():
            for method, operation in item.items():
                if method in ("get", "put", "post", "delete"):
                    for status in operation["responses"]:
                        if status != "default":
                            yield method.upper(), template, int(status)


RECORDER = Recorder()
