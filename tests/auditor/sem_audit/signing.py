# SPDX-License-Identifier: AGPL-3.0-or-later
"""Exactly the signers that the kind requires, each with a key valid at this index: SPEC 3."""
from sem_audit import ed25519, note
from sem_audit.refusal import need
from sem_audit.state import Key

# What a key of scope `sign` may not sign. A sponsor of org.admit is bound by a rule of its own.
ADMIN_KINDS = {"key.add", "key.revoke", "org.leave", "network.found"}


def check_order(entry):
    """Lines sorted by name, then key id; one line for an organisation."""
    order = [(line.name.encode(), line.key_id) for line in entry.lines]
    need(order == sorted(order), "signature_order", None, "sorted lines", "another order")
    names = [line.name for line in entry.lines]
    need(len(set(names)) == len(names), "signature_order", None, "one line for an organisation",
         "two")


def check_entry(state, entry, new_keys):
    """Verifies the lines against `entry.bound`; gives how many signatures that were."""
    prefix = f"{state.origin}/org/"
    required = {prefix + handle for handle in entry.bound}
    present = {line.name for line in entry.lines}
    check_set(required, present)
    for line in entry.lines:
        handle = line.name[len(prefix):]
        key = find_key(state, line, handle, new_keys.get(handle))
        verify(key.public, entry, line)
        check_scope(entry, handle, key)
        check_ceiling(entry, handle, key)
    return len(entry.lines)


def check_set(required, present):
    extra, missing = sorted(present - required), sorted(required - present)
    need(not extra, "signer_unexpected", None, sorted(required), extra)
    need(not missing, "signer_missing", None, missing, sorted(present))


def find_key(state, line, handle, new_key):
    """The key of a line: for a new organisation the one in the entry itself."""
    if new_key is not None:
        public = bytes.fromhex(new_key)
        need(line.key_id == note.key_id(line.name, public), "key_unknown", handle,
             note.key_id(line.name, public).hex(), line.key_id.hex())
        return Key(public, "admin", None)
    key = state.orgs[handle].keys.get(line.key_id)
    need(key, "key_unknown", handle, "a key of " + handle, line.key_id.hex())
    need(key.revoked_at is None, "key_revoked", handle, "a valid key", line.key_id.hex())
    return key


def verify(public, entry, line):
    need(ed25519.verify(public, entry.text, line.signature), "signature_invalid", line.name,
         "a valid signature", "an invalid one")


def check_scope(entry, handle, key):
    need(key.scope != "propose", "key_scope", handle, "sign or admin", key.scope)
    admin = entry.kind in ADMIN_KINDS
    admin = admin or entry.kind == "org.admit" and handle in (entry.get("sponsors") or ())
    need(not admin or key.scope == "admin", "key_scope", handle, "admin", key.scope)


def check_ceiling(entry, handle, key):
    minutes = sum(minutes for pair, minutes in entry.shares.items() if handle in pair)
    need(key.ceiling is None or minutes <= key.ceiling, "key_ceiling", handle, key.ceiling, minutes)


def check_tick(state, entry):
    """One line of the clock key."""
    name, public = f"{state.origin}/clock", bytes.fromhex(state.founded["clock_key"])
    check_set({name}, {line.name for line in entry.lines})
    line = entry.lines[0]
    need(line.key_id == note.key_id(name, public), "key_unknown", name,
         note.key_id(name, public).hex(), line.key_id.hex())
    verify(public, entry, line)
    return len(entry.lines)
