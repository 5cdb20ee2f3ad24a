# SPDX-License-Identifier: AGPL-3.0-or-later
"""network.found: SPEC 6.1."""
from sem_audit import ed25519, note
from sem_audit.refusal import need
from sem_audit.rules import clock
from sem_audit.state import Key, Org

SERVER_KEYS = ("clock_key", "log_key", "refusal_key")


def new_keys(entry):
    return {one["handle"]: one["key"] for one in entry["founders"]}


def signers(state, entry):
    need(state.founded is None, "network_already_founded")
    founders = set(new_keys(entry))
    need(entry.by in founders, "field_invalid", "by")
    return founders


def check(state, entry):
    keys = [entry[name] for name in SERVER_KEYS] + list(new_keys(entry).values())
    need(len(set(keys)) == len(keys), "field_invalid", "founders")
    for public in keys:
        need(ed25519.acceptable(bytes.fromhex(public)), "key_unacceptable")
    founders = new_keys(entry)
    for i, one in enumerate(entry["mandates"]):
        need(one["org"] in founders, "field_invalid", f"mandates[{i}].org")
        need(one["until"] > entry.at, "field_invalid", f"mandates[{i}].until")
    need(any(one["role"] == "coordinator" for one in entry["mandates"]), "field_invalid",
         "mandates")


def register(state, entry, handle, public):
    """A new organisation with its first admin key."""
    org = Org(len(state.orgs) + 1, handle)
    state.orgs[handle] = org
    state.public_keys[public] = handle
    raw = bytes.fromhex(public)
    org.keys[note.key_id(f"{state.origin}/org/{handle}", raw)] = Key(raw, "admin", None)


def apply(state, entry):
    state.founded = entry
    state.policy = entry["policy"]
    for handle, public in new_keys(entry).items():
        register(state, entry, handle, public)
    for one in entry["mandates"]:
        state.orgs[one["org"]].mandates[one["role"]] = one["until"]
    state.budget = state.policy["pool_cap"] * len(state.orgs)
    for type_ in clock.CALENDAR:
        clock.set_next(state, type_, entry.at)
    state.commit(entry.ref, "skills", entry["skills_details"], {entry.by})
