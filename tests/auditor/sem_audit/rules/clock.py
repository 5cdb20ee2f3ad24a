# SPDX-License-Identifier: AGPL-3.0-or-later
"""clock.tick and what happens because time passes: SPEC 5.2, 6.10."""
import hashlib

from sem_audit.refusal import need
from sem_audit.state import DUE_TYPES

MOMENTS_MAX = 1000


def advance(state, through, most=MOMENTS_MAX):
    """Processes due moments up to `through`, in order; gives the line of each."""
    lines = []
    while state.is_due(through) and len(lines) < most:
        moment, type_number, _, _, ref = state.due[0]
        type_ = DUE_TYPES[type_number]
        thing = state.things[ref]
        if type_ == "agreement_expiry":
            state.end_agreement(thing, "expired")
        elif type_ == "need_expiry":
            state.end_need(thing, "expired")
        elif type_ == "offer_expiry":
            state.end_offer(thing, "expired")
        else:
            state.lapse(thing)
        lines.append(f"{moment} {type_} {ref}\n")
    return lines


def effects_hash(lines):
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def tick_id(through, effects):
    """A UUID version 7: 48 bits of time, then the bytes of the hash around version and variant."""
    bits = bytearray(through.to_bytes(6, "big") + bytes.fromhex(effects)[:10])
    bits[6] = 0x70 | bits[6] & 0x0F
    bits[8] = 0x80 | bits[8] & 0x3F
    return bits.hex()


def check_time(entry):
    for name in ("through", "valid_until"):
        need(entry[name] == entry.at, "tick_time", name, entry.at, entry[name])


def check_content(entry, lines, totals):
    """Holds a tick to what the state says was due, after it was processed."""
    need(lines, "tick_not_due", "n", "a due moment", f"none up to {entry.at}")
    need(entry["n"] == len(lines), "tick_count", "n", len(lines), entry["n"])
    effects = effects_hash(lines)
    need(entry["effects_hash"] == effects, "tick_effects", "effects_hash", effects,
         entry["effects_hash"])
    need(entry["totals"] == totals, "tick_totals", "totals", totals, entry["totals"])
    id_ = tick_id(entry["through"], effects)
    need(entry["id"] == id_, "tick_id", "id", id_, entry["id"])
