# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the clock makes: clock.tick with what happens because time passes, and seal.balances. SPEC
5.2, 6.10, 6.11."""
import hashlib

from sem_audit import balance
from sem_audit.refusal import need
from sem_audit.state import DUE_TYPES

MOMENTS_MAX = 1000


def advance(state, through, most=MOMENTS_MAX):
    """Processes due moments up to `through`, which is `at`, in order; gives the line of each."""
    lines = []
    while state.is_due(through) and len(lines) < most:
        moment, type_number, _, _, ref = state.due[0]
        type_ = DUE_TYPES[type_number]
        thing = state.things[ref]
        if type_ == "urgency_lapse":
            state.lapse(thing)
        else:
            state.end(thing, "expired", through)
        lines.append(f"{moment} {type_} {ref}\n")
    return lines


def effects_hash(lines):
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def derived_id(moment, hash_):
    """A UUID version 7: the low 48 bits of the time, then the bytes of the hash around version and
    variant."""
    bits = bytearray((moment % 2**48).to_bytes(6, "big") + bytes.fromhex(hash_)[:10])
    bits[6] = 0x70 | bits[6] & 0x0F
    bits[8] = 0x80 | bits[8] & 0x3F
    return bits.hex()


def tick_fields(state, at, lines):
    """A tick at this moment, after these were processed."""
    effects = effects_hash(lines)
    return {"by": "clock", "id": derived_id(at, effects), "kind": "clock.tick", "valid_until": at,
            "through": at, "n": len(lines), "effects_hash": effects, "totals": state.totals()}


def seal_fields(state, at, size):
    """A seal behind this many leaves, the last of which has this moment."""
    root = balance.root(state, size)
    return {"by": "clock", "id": derived_id(at, root), "kind": "seal.balances", "valid_until": at,
            "accounts": len(state.orgs) + 1, "root": root, "size": size}


def check_tick(state, entry, lines):
    """Holds a tick to what the state says was due, after it was processed."""
    for name in ("through", "valid_until"):
        need(entry[name] == entry.at, "tick_time", name, entry.at, entry[name])
    need(lines, "tick_not_due")
    if not lines:
        return
    right = tick_fields(state, entry.at, lines)
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
