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
    need(order == sorted(order) and len({name for name, _ in order}) == len(order),
         "signature_order")


def check_entry(state, entry, bound, new_keys):
    """Holds the lines to the organisations that must sign."""
    handles = {f"{state.origin}/org/{handle}": handle for handle in bound}
    check_set(state.origin, set(handles), entry)
    # Others can be there where that check was waived.
    bound_lines = [line for line in entry.lines if line.name in handles]
    keys = []
    for line in bound_lines:
        handle = handles[line.name]
        entry.signed_by.add(handle)
        key = find_key(state, line, handle, new_keys.get(handle))
        if key:     # there is none where a check was waived
            check_scope(entry, handle, key)
            check_ceiling(entry, handle, key)
        keys.append(key)
    for line, key in zip(bound_lines, keys):
        if key:
            verify(key.public, entry, line)


def check_set(origin, required, entry):
    """Signers are called by their handles, who must not sign by the name of the key."""
    def names(found):
        return ", ".join(sorted({name.removeprefix(origin + "/").removeprefix("org/")
                                 for name in found}))

    present = [line.name for line in entry.lines]
    extra = [name for name in present if name not in required]
    missing = required.difference(present)
    need(not extra, "signer_unexpected", "", names(required), "".join(extra[:1]))
    need(not missing, "signer_missing", "", names(missing), names(present))


def find_key(state, line, handle, new_key):
    """The key of a line: for a new organisation the one in the entry itself."""
    if new_key is not None:
        public = bytes.fromhex(new_key)
        need(line.key_id == note.key_id(line.name, public), "key_unknown", handle, "",
             line.key_id.hex())
        return Key(public, "admin", None)
    key = state.orgs[handle].keys.get(line.key_id) if handle in state.orgs else None
    need(key, "key_unknown", handle, "", line.key_id.hex())
    need(key is None or key.revoked_at is None, "key_revoked", handle, "", line.key_id.hex())
    return key


def verify(public, entry, line):
    need(ed25519.verify(public, entry.text, line.signature), "signature_invalid", line.name)


def check_scope(entry, handle, key):
    admin = entry.kind in ADMIN_KINDS
    admin = admin or entry.kind == "org.admit" and handle in (entry.get("sponsors") or ())
    allowed = {"admin"} if admin else {"admin", "sign"}
    need(key.scope in allowed, "key_scope", handle, "admin" if admin else "sign", key.scope)


def check_ceiling(entry, handle, key):
    minutes = sum(minutes for pair, minutes in entry.shares.items() if handle in pair)
    need(key.ceiling is None or minutes <= key.ceiling, "key_ceiling", handle, key.ceiling, minutes)


def check_clock(state, entry):
    """One line of the clock key."""
    name, public = f"{state.origin}/clock", bytes.fromhex(state.founded["clock_key"])
    check_set(state.origin, {name}, entry)
    right = note.key_id(name, public)
    for line in entry.lines:
        if line.name == name:
            entry.signed_by.add("clock")
            need(line.key_id == right, "key_unknown", "clock", "", line.key_id.hex())
            if line.key_id == right:
                verify(public, entry, line)
