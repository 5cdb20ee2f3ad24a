#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""SPEC.md says what the code says: the policy table and the fields of every kind."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = (ROOT / "SPEC.md").read_text(encoding="utf-8")


def spec_section(number):
    """The text of one numbered heading, up to the next heading of the same or a higher level."""
    match = re.search(rf"^### {re.escape(number)} .*?(?=^##)", SPEC + "\n##", re.M | re.S)
    assert match, f"SPEC has no section {number}"
    return match.group(0)


def policy_keys():
    source = (ROOT / "policies/params.h").read_text(encoding="utf-8")
    block = re.search(r"#define POLICY_KEYS\(X\)(.*?)\n\n", source, re.S).group(1)
    block = block.replace("\\\n", " ")
    text = r'((?:"[^"]*"\s*)+)'
    for key, unit, low, high, default, english, french, dutch in re.findall(
            rf"X\((\w+), (\w+), (\d+), (\d+), (\d+),\s*{text},\s*{text},\s*{text}\)", block):
        assert french and dutch, key
        yield key, unit.lower(), low, high, default, "".join(re.findall(r'"([^"]*)"', english))


def kind_fields():
    """{kind: set of its own fields} as the tables in ledger/kinds declare them."""
    kinds = {}
    for path in sorted((ROOT / "ledger/kinds").glob("*.c")):
        source = path.read_text(encoding="utf-8")
        tables = {name: set(re.findall(r'\{"(\w+)", F_', body)) for name, body in re.findall(
            r"static const struct field (\w+)\[\] = \{(.*?)\n\};", source, re.S)}
        for name, rest in re.findall(r'\.name = "([a-z.]+)",(.*?)\};', source, re.S):
            table = re.search(r"FIELDS\((\w+)\)", rest)
            kinds[name] = tables[table.group(1)] if table else set()
    return kinds


class Spec(unittest.TestCase):
    def test_the_policy_table_is_that_of_the_code(self):
        section = spec_section("8.3")
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\d+)\.\.(\d+) \| (\d+) \| (.*?) \| (.*?) \|$",
                          section, re.M)
        self.assertEqual([row[:6] for row in rows], list(policy_keys()))
        self.assertGreaterEqual(len(rows), 60)
        for row in rows:
            with self.subTest(key=row[0]):
                self.assertTrue(row[6].strip(), "why a parameter is as it is")

    def test_every_kind_and_every_field_is_specified(self):
        six = re.search(r"^## 6 Kinds(.*?)^## 7", SPEC, re.M | re.S).group(1)
        kinds = kind_fields()
        self.assertEqual(len(kinds), 30)
        for kind, fields in kinds.items():
            with self.subTest(kind=kind):
                self.assertIn(kind, six)
                section = next(text for text in re.split(r"^### ", six, flags=re.M)
                               if kind in text.split("\n")[0])
                for field in fields:
                    self.assertRegex(section, rf"`{field}`", f"{kind}.{field}")


if __name__ == "__main__":
    unittest.main()
