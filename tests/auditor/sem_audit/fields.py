# SPDX-License-Identifier: AGPL-3.0-or-later
"""The field types of SPEC 2.4. A type is a function of (value, path) that returns or refuses."""
import re

from sem_audit import days, policy
from sem_audit.profile import INTEGER_MAX
from sem_audit.refusal import Refusal, need

RESERVED = {"pool", "clock", "log", "refusal", "network", "org"}
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ID = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
HEX32 = re.compile(r"[0-9a-f]{64}")
DAY = re.compile(r"(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}")
LANGUAGE = re.compile(r"[a-z]{2,3}")

SHARES_MAX = 64
PARTIES_MAX = 16


def invalid(path, expected, found):
    return Refusal("field_invalid", path, expected, found)


# --- Strings --------------------------------------------------------------------------------------

def matching(pattern, expected, low=1, high=200):
    """A string that the pattern takes whole, of low..high characters."""
    def check(value, path):
        if not (isinstance(value, str) and low <= len(value) <= high and pattern.fullmatch(value)):
            raise invalid(path, expected, value)
    return check


slug = matching(NAME, "a slug", 2, 40)
plain_handle = matching(NAME, "a handle", 2, 32)
entry_id = matching(ID, "a UUID version 7 in hex")
hash_ = matching(HEX32, "64 hex digits")
key = hash_
language = matching(LANGUAGE, "a word of two or three letters")
plain_day = matching(DAY, "a day")


def handle(value, path):
    plain_handle(value, path)
    if value in RESERVED:
        raise invalid(path, "a handle that is not reserved", value)


def day(value, path):
    plain_day(value, path)
    try:
        days.parse_day(value)
    except ValueError:
        raise invalid(path, "a day of the calendar", value) from None


def ref(value, path):
    author, slash, id_ = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not (slash and 2 <= len(author) <= 32 and NAME.fullmatch(author) and ID.fullmatch(id_)):
        raise invalid(path, "<handle>/<id>", value)


def word(*words):
    def check(value, path):
        if not (isinstance(value, str) and value in words):
            raise invalid(path, " or ".join(words), value)
    return check


# --- Numbers and flags ----------------------------------------------------------------------------

def integer(low, high):
    def check(value, path):
        # A bool is an int of Python, but not of JSON.
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise invalid(path, f"{low}..{high}", value)
    return check


minutes = integer(1, 100_000)
ms = integer(0, INTEGER_MAX)
counter = integer(-INTEGER_MAX, INTEGER_MAX)


def flag(value, path):
    if not isinstance(value, bool):
        raise invalid(path, "true or false", value)


# --- Objects and lists ----------------------------------------------------------------------------

def members(value, path, required, optional=()):
    """Holds an object to its declared members: {name: type}."""
    optional = dict(optional)
    if not isinstance(value, dict):
        raise invalid(path, "an object", value)
    inside = path + "." if path else ""
    for name in sorted(value):
        if name not in required and name not in optional:
            raise Refusal("field_unknown", inside + name, "a declared field", name)
    for name in sorted(required):
        if name not in value:
            raise Refusal("field_missing", inside + name, "a value", "nothing")
    for name, found in value.items():
        (required.get(name) or optional[name])(found, inside + name)


def obj(**required):
    return lambda value, path: members(value, path, required)


def items(type_, low, high):
    """A list of low..high values of one type, in any order."""
    def check(value, path):
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise invalid(path, f"a list of {low}..{high}", value)
        for i, one in enumerate(value):
            type_(one, f"{path}[{i}]")
    return check


def ascending(values, path):
    """Each value greater than the one before: sorted, and no double."""
    for i in range(1, len(values)):
        if not values[i - 1] < values[i]:
            raise invalid(f"{path}[{i}]", "sorted, each once", values[i])


def sorted_items(type_, low, high, order=lambda item: item):
    def check(value, path):
        items(type_, low, high)(value, path)
        ascending([order(item) for item in value], path)
    return check


handles = sorted_items(handle, 1, PARTIES_MAX)
areas = sorted_items(slug, 1, 16)
languages = sorted_items(language, 1, 16)
seen = obj(root=hash_, size=ms)
totals = obj(given=ms, orgs=ms, pool=counter, received=ms)
policy_document = obj(**{name: integer(*bounds) for name, bounds in policy.RANGES.items()})
mandate = obj(org=handle, role=word("coordinator", "panel"), until=ms)
mandates = sorted_items(mandate, 1, 32, lambda one: (one["org"], one["role"]))


def share(value, path):
    members(value, path, {"from": handle, "minutes": minutes, "to": handle})
    if value["from"] == value["to"]:
        raise invalid(path, "two organisations", value["to"])


def shares(value, path):
    sorted_items(share, 1, SHARES_MAX, lambda one: (one["from"], one["to"]))(value, path)
    parties = {one[end] for one in value for end in ("from", "to")}
    if len(parties) > PARTIES_MAX:
        raise invalid(path, f"at most {PARTIES_MAX} organisations", len(parties))


def founders(value, path):
    items(obj(handle=handle, key=key), 3, 32)(value, path)
    for name in ("handle", "key"):
        need(len({one[name] for one in value}) == len(value), "field_invalid", path,
             "each founder with a handle and a key of its own", name)
