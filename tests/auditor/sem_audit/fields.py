# SPDX-License-Identifier: AGPL-3.0-or-later
"""The field types of SPEC 2.4. A type is a function of (value, path) that returns or refuses."""
import re

from sem_audit import days, policy
from sem_audit.profile import INTEGER_MAX
from sem_audit.refusal import Refusal

RESERVED = {"pool", "clock", "log", "refusal", "network", "org"}
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ID = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
HEX32 = re.compile(r"[0-9a-f]{64}")
DAY = re.compile(r"(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}")
LANGUAGE = re.compile(r"[a-z]{2,3}")

SHARES_MAX = 64
PARTIES_MAX = 16


def hold(true, path):
    if not true:
        raise Refusal("field_invalid", path)


# --- Strings --------------------------------------------------------------------------------------

def matching(pattern, low=1, high=200):
    """A string that the pattern takes whole, of low..high characters."""
    def check(value, path):
        hold(isinstance(value, str) and low <= len(value) <= high and pattern.fullmatch(value),
             path)
    return check


slug = matching(NAME, 2, 40)
plain_handle = matching(NAME, 2, 32)
entry_id = matching(ID)
hash_ = matching(HEX32)
key = hash_
language = matching(LANGUAGE)
plain_day = matching(DAY)


def handle(value, path):
    plain_handle(value, path)
    hold(value not in RESERVED, path)


def day(value, path):
    plain_day(value, path)
    try:
        days.parse_day(value)
    except ValueError:
        raise Refusal("field_invalid", path) from None


def is_ref(value):
    author, slash, id_ = value.partition("/") if isinstance(value, str) else ("", "", "")
    return bool(slash and 2 <= len(author) <= 32 and NAME.fullmatch(author) and ID.fullmatch(id_))


def ref(value, path):
    hold(is_ref(value), path)


def word(*words):
    return lambda value, path: hold(isinstance(value, str) and value in words, path)


# --- Numbers and flags ----------------------------------------------------------------------------

def integer(low, high):
    def check(value, path):
        # A bool is an int of Python, but not of JSON.
        hold(isinstance(value, int) and not isinstance(value, bool) and low <= value <= high, path)
    return check


minutes = integer(1, 100_000)
permille = integer(0, 1000)
ms = count = integer(0, INTEGER_MAX)
signed = integer(-INTEGER_MAX, INTEGER_MAX)


def flag(value, path):
    hold(isinstance(value, bool), path)


# --- Objects and lists ----------------------------------------------------------------------------

def members(value, path, required, optional=()):
    """Holds an object to its declared members: {name: type}."""
    optional = dict(optional)
    hold(isinstance(value, dict), path)
    inside = path + "." if path else ""
    for name in sorted(value):
        if name not in required and name not in optional:
            raise Refusal("field_unknown", inside + name)
    for name in sorted(required):
        if name not in value:
            raise Refusal("field_missing", inside + name)
    for name, found in value.items():
        (required.get(name) or optional[name])(found, inside + name)


def obj(**required):
    return lambda value, path: members(value, path, required)


def items(type_, low, high):
    """A list of low..high values of one type, in any order."""
    def check(value, path):
        hold(isinstance(value, list) and low <= len(value) <= high, path)
        for i, one in enumerate(value):
            type_(one, f"{path}[{i}]")
    return check


def sorted_items(type_, low, high, order=lambda item: item):
    """The same, each greater than the one before: sorted, and no double."""
    def check(value, path):
        items(type_, low, high)(value, path)
        keys = [order(item) for item in value]
        for i in range(1, len(keys)):
            hold(keys[i - 1] < keys[i], f"{path}[{i}]")
    return check


handles = sorted_items(handle, 1, PARTIES_MAX)
areas = sorted_items(slug, 1, 16)
languages = sorted_items(language, 1, 16)
seen = obj(root=hash_, size=ms)
totals = obj(given=count, orgs=count, pool=signed, received=count)
policy_document = obj(**{name: integer(*bounds) for name, bounds in policy.RANGES.items()})
mandate = obj(org=handle, role=word("coordinator", "panel"), until=ms)
mandates = sorted_items(mandate, 1, 32, lambda one: (one["org"], one["role"]))


def share(value, path):
    members(value, path, {"from": handle, "minutes": minutes, "to": handle})
    hold(value["from"] != value["to"], path)


def shares(value, path):
    sorted_items(share, 1, SHARES_MAX, lambda one: (one["from"], one["to"]))(value, path)
    hold(len({one[end] for one in value for end in ("from", "to")}) <= PARTIES_MAX, path)


def founders(value, path):
    items(obj(handle=handle, key=key), 3, 32)(value, path)
    for name in ("handle", "key"):
        known = set()
        for i, one in enumerate(value):
            hold(one[name] not in known, f"{path}[{i}].{name}")
            known.add(one[name])
