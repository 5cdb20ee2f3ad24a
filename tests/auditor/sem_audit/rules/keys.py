# SPDX-License-Identifier: AGPL-3.0-or-later
"""key.add and key.revoke: SPEC 3.3, 6.4."""
from sem_audit import note
from sem_audit.refusal import need
from sem_audit.rules.orgs import check_new_key
from sem_audit.state import Key


def key_id_of(state, entry):
    return note.key_id(f"{state.origin}/org/{entry.by}", bytes.fromhex(entry["key"]))


def add_check(state, entry):
    check_new_key(state, entry["key"])
    key_id = key_id_of(state, entry)
    need(key_id not in state.orgs[entry.by].keys, "key_id_taken")


def add_apply(state, entry):
    key = Key(bytes.fromhex(entry["key"]), entry["scope"], entry.get("ceiling"))
    state.orgs[entry.by].keys[key_id_of(state, entry)] = key
    state.public_keys[entry["key"]] = entry.by


def own_key(state, entry):
    """The key that the entry names, if it is one of the author and still valid."""
    key = state.orgs[entry.by].keys.get(key_id_of(state, entry))
    fits = key and key.public.hex() == entry["key"] and key.revoked_at is None
    return key if fits else None


def revoke_check(state, entry):
    key = own_key(state, entry)
    need(key, "key_unknown", entry.by, "", key_id_of(state, entry).hex())
    admins = [one for one in state.orgs[entry.by].keys.values()
              if one.scope == "admin" and one.revoked_at is None]
    need(admins != [key], "last_admin_key")


def revoke_apply(state, entry):
    key = own_key(state, entry)
    if key:     # there is none where that check was waived
        key.revoked_at = entry.at
