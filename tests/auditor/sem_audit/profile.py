# SPDX-License-Identifier: AGPL-3.0-or-later
"""The canonical profile of SPEC 2.2: a scanner that takes canonical bytes and nothing else.

It never serialises: what it accepts is canonical because every freedom of JSON is an error here.
"""
import re

INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 4

KEY = re.compile(r"[a-z][a-z0-9_]*")
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,15}")
# A run of characters that stand for themselves inside a string.
PLAIN = re.compile(r'[^\x00-\x1f\x7f"\\\ud800-\udfff]*')


class NotCanonical(Exception):
    """Says what is wrong and at which character."""


def parse(line):
    """The object that these bytes are."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotCanonical(f"not UTF-8 at byte {error.start}") from None
    scanner = Scanner(text)
    if not text.startswith("{"):
        scanner.fail("an object")
    value = scanner.object(1)
    if scanner.at != len(text):
        scanner.fail("the end of the line")
    return value


class Scanner:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def fail(self, expected):
        raise NotCanonical(f"expected {expected} at character {self.at}")

    def take(self, word):
        """Steps over `word` if it stands here."""
        if self.text.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def expect(self, word):
        if not self.take(word):
            self.fail(repr(word))

    def match(self, pattern, expected):
        found = pattern.match(self.text, self.at)
        if not found:
            self.fail(expected)
        self.at = found.end()
        return found.group()

    def value(self, depth):
        here = self.text[self.at:self.at + 1]
        if here == "{":
            return self.object(depth + 1)
        if here == "[":
            return self.array(depth + 1)
        if here == '"':
            return self.string()
        for word, value in (("true", True), ("false", False)):
            if self.take(word):
                return value
        return self.integer()

    def integer(self):
        number = int(self.match(INTEGER, "a value of the profile"))
        if abs(number) > INTEGER_MAX:
            self.fail("an integer of at most 2^53-1")
        return number

    def string(self):
        self.expect('"')
        parts = []
        while True:
            parts.append(self.match(PLAIN, "a string"))
            if self.take('"'):
                return "".join(parts)
            if self.take('\\"'):
                parts.append('"')
            elif self.take("\\\\"):
                parts.append("\\")
            else:
                self.fail("a character that a string may hold")

    def deeper(self, depth):
        if depth > DEPTH_MAX:
            self.fail(f"at most {DEPTH_MAX} levels")

    def array(self, depth):
        self.deeper(depth)
        self.expect("[")
        items = []
        if self.take("]"):
            return items
        while True:
            items.append(self.value(depth))
            if self.take("]"):
                return items
            self.expect(",")

    def object(self, depth):
        self.deeper(depth)
        self.expect("{")
        members = {}
        last = ""
        if self.take("}"):
            return members
        while True:
            self.expect('"')
            key = self.match(KEY, "a key")
            # Keys are ASCII, so that the order of characters is the order of bytes.
            if key <= last:
                self.fail("keys in order, each once")
            self.expect('":')
            members[key] = self.value(depth)
            last = key
            if self.take("}"):
                return members
            self.expect(",")
