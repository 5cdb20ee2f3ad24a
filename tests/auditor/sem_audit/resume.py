# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an audit needs to go on later, signed by the auditor's own key: SPEC 17.6.

The state is a pickle of the replay, which may do anything when it is loaded: only bytes that this
auditor signed are.
"""
import base64
import hashlib
import os
import pickle

import nacl.signing

from sem_audit import balance, note
from sem_audit.source import Unusable, read


def name_and_public(origin, key):
    return f"{origin}/auditor", bytes(nacl.signing.SigningKey(key).verify_key)


def save(path, replay, key):
    state, size = pickle.dumps(replay), len(replay.tree)
    fields = {"root": replay.tree.root(size).hex(), "size": size,
              "state": hashlib.sha256(state).hexdigest()}
    text = f"{replay.origin}/resume/v1\n{balance.canonical(fields)}\n"
    name, public = name_and_public(replay.origin, key)
    blob = note.key_id(name, public) + nacl.signing.SigningKey(key).sign(text.encode()).signature
    head = f"{text}\n— {name} {base64.b64encode(blob).decode()}\n".encode()
    with open(path + ".new", "wb") as file:
        file.write(head + state)
    os.replace(path + ".new", path)


def load(path, origin, key):
    """The replay that this key signed for this log."""
    text, middle, rest = read(path).partition(b"\n\n")
    line, end, state = rest.partition(b"\n")
    try:
        head = note.Note(text + middle + line + end)
    except note.Malformed as error:
        raise Unusable(f"{path}: {error}") from None
    rows = head.text.decode().split("\n")
    if not head.signed_by(*name_and_public(origin, key)) or rows[0] != origin + "/resume/v1":
        raise Unusable(f"{path}: not signed by this key for {origin}")
    if f'"state":"{hashlib.sha256(state).hexdigest()}"' not in rows[1]:
        raise Unusable(f"{path}: not the state that was signed")
    return pickle.loads(state)
