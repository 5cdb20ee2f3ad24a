# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the clock makes: clock.tick with what happens because time passes, and seal.balances. SPEC
5.2, 6.10, 6.11."""
import collections
import functools
import hashlib

from sem_audit import balance, days, limits
from sem_audit.refusal import need
from sem_audit.rules import pool
from sem_audit.state import DUE_TYPES, POOL

MOMENTS_MAX = 1000
ZEROS = bytes(10).hex()

# What the calendar sets: type -> (next moment, what happens).
CALENDAR = {"crisis_check": (days.next_month, pool.check_crisis),
            "pool_closing": (days.next_quarter, pool.close)}

# One that was processed: its lines, and whether the calendar set it.
Moment = collections.namedtuple("Moment", "lines of_calendar")


def advance(state, through, most=MOMENTS_MAX):
    """Processes due moments up to `through`, which is `at`, in order."""
    done = []
    while state.is_due(through) and len(done) < most:
        moment, type_number, _, _, ref = state.due[0]
        type_ = DUE_TYPES[type_number]
        with state.watching(functools.partial(limits.look, state, at=through)):
            more = process(state, moment, type_, ref, through)
        done.append(Moment("".join([f"{moment} {type_} {ref}\n", *more]), type_ in CALENDAR))
    return done


def process(state, moment, type_, ref, through):
    """Gives the lines behind that of the moment."""
    if type_ in CALENDAR:
        state.set_due(type_, ref, None)
        set_next(state, type_, moment)
        return CALENDAR[type_][1](state, moment)
    if type_ == "urgency_lapse":
        state.lapse(state.things[ref])
    else:
        state.end(state.things[ref], "expired", through, moment)
    return []


def set_next(state, type_, moment):
    """The first moment of the calendar behind this one."""
    following = CALENDAR[type_][0](moment)
    if following < days.CALENDAR_END:
        state.set_due(type_, f"{POOL}/{derived_id(following, ZEROS)}", following)


def effects_hash(moments):
    return hashlib.sha256("".join(one.lines for one in moments).encode()).hexdigest()


def derived_id(moment, hash_):
    """A UUID version 7: the low 48 bits of the time, then the bytes of the hash around version and
    variant."""
    bits = bytearray((moment % 2**48).to_bytes(6, "big") + bytes.fromhex(hash_)[:10])
    bits[6] = 0x70 | bits[6] & 0x0F
    bits[8] = 0x80 | bits[8] & 0x3F
    return bits.hex()


def tick_fields(state, at, moments):
    """A tick at this moment, after these were processed."""
    effects = effects_hash(moments)
    return {"by": "clock", "id": derived_id(at, effects), "kind": "clock.tick", "valid_until": at,
            "through": at, "n": len(moments), "effects_hash": effects, "totals": state.totals()}


def seal_fields(state, at, size):
    """A seal behind this many leaves, the last of which has this moment."""
    root = balance.root(state, size)
    return {"by": "clock", "id": derived_id(at, root), "kind": "seal.balances", "valid_until": at,
            "accounts": len(state.orgs) + 1, "root": root, "size": size}


def check_tick(state, entry, moments):
    """Holds a tick to what the state says was due, after it was processed."""
    for name in ("through", "valid_until"):
        need(entry[name] == entry.at, "tick_time", name, entry.at, entry[name])
    need(moments, "tick_not_due")
    if not moments:
        return
    right = tick_fields(state, entry.at, moments)
    need(entry["n"] == right["n"], "tick_count", "n", right["n"], entry["n"])
    need(entry["effects_hash"] == right["effects_hash"], "tick_effects", "effects_hash",
         right["effects_hash"], entry["effects_hash"])
    for name, total in sorted(right["totals"].items()):
        need(entry["totals"][name] == total, "tick_totals", name, total, entry["totals"][name])
    id_ = derived_id(entry["through"], entry["effects_hash"])
    need(entry["id"] == id_, "tick_id", "id", id_, entry["id"])


def check_seal(state, entry, before, early):
    """`before` is `at` of the leaf before; `early`: that one is a seal."""
    need(not early, "seal_early")
    for name, moment in (("at", entry.at), ("valid_until", entry["valid_until"])):
        need(moment == before, "seal_time", name, before, moment)
    right = seal_fields(state, before, entry.index)
    for name in ("size", "accounts", "root"):
        need(entry[name] == right[name], "seal_" + name, name, right[name], entry[name])
    id_ = derived_id(entry.at, entry["root"])
    need(entry["id"] == id_, "seal_id", "id", id_, entry["id"])
