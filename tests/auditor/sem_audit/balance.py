# SPDX-License-Identifier: AGPL-3.0-or-later
"""The balance tree and its proofs: SPEC 7.4.

python3 -m sem_audit.balance FILE --log-key KEY: exit 0 and the balance, or 7 when the proof fails.
"""
import argparse
import json
import sys

from sem_audit import entry, merkle, note, profile, receipt
from sem_audit.refusal import Refusal

MEMBERS = {"accounts", "balance", "index", "origin", "path", "receipt", "seal", "v"}


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def leaf(origin, handle, counters, chain, size):
    """The text of one account at a seal of this size."""
    position = counters["given_posted"] - counters["received_posted"] + counters["moves"]
    fields = {**counters, "org": handle, "position": position, "salt": chain[:16].hex(),
              "size": size}
    return f"{origin}/balance/v1\n{canonical(fields)}\n"


def leaves(state, size):
    """All accounts in the order of numbers, the pool first."""
    pool = {"given_pending": 0, "given_posted": 0, "moves": state.pool, "received_pending": 0,
            "received_posted": 0}
    yield leaf(state.origin, "pool", pool, state.pool_chain, size)
    for org in state.orgs.values():     # in the order of admission
        yield leaf(state.origin, org.handle, org.counters(), org.chain, size)


def root(state, size):
    tree = merkle.Tree()
    for text in leaves(state, size):
        tree.append(text.encode())
    return tree.root(len(tree)).hex()


# --- Proofs ---------------------------------------------------------------------------------------

class Unproven(Exception):
    """Says what does not hold."""


def hold(true, what):
    if not true:
        raise Unproven(what)


def verify(proof, log_key):
    """The fields of the balance that this object proves to who knows the log's verifier key."""
    name, public = note.parse_verifier_key(log_key)
    hold(isinstance(proof, dict) and set(proof) == MEMBERS and proof["v"] == 1, "not a proof")
    hold(all(isinstance(proof[word], str) for word in ("balance", "receipt", "seal")),
         "not a proof")
    hold(proof["origin"] == name, "another network")
    hold(all(type(proof[word]) is int for word in ("accounts", "index")), "not a proof")
    hold(isinstance(proof["path"], list) and all(isinstance(step, str) for step in proof["path"]),
         "not a proof")
    held, leaf_ = receipt.parse(proof["receipt"].encode()), proof["seal"].encode()
    hold(held.proves(leaf_, name, public), "the log did not sign this seal")
    at, data = entry.split_leaf(leaf_)
    seal = entry.parse(held.index, at, data, name)
    hold(seal.kind == "seal.balances", "not a seal")
    hold((seal["size"], seal["accounts"]) == (held.index, proof["accounts"]), "another seal")
    path = [note.decode64(step) for step in proof["path"]]
    found = merkle.root_of_path(proof["index"], proof["accounts"],
                                merkle.leaf_hash(proof["balance"].encode()), path)
    hold(found is not None and found.hex() == seal["root"], "not in the tree of the seal")
    return fields_of(proof["balance"], name, seal)


def fields_of(text, origin, seal):
    rows = text.split("\n")
    hold(len(rows) == 3 and rows[0] == origin + "/balance/v1" and rows[2] == "", "not a balance")
    fields = profile.parse(rows[1].encode())
    hold(fields.get("size") == seal["size"], "the balance of another seal")
    return fields


def main():
    parser = argparse.ArgumentParser(prog="sem_audit.balance", description="Verify a balance.")
    parser.add_argument("file")
    parser.add_argument("--log-key", required=True, help="NAME+ID+BASE64")
    args = parser.parse_args()
    try:
        with open(args.file, encoding="utf-8") as file:
            fields = verify(json.load(file), args.log_key)
    except (Unproven, Refusal, note.Malformed, profile.NotCanonical, ValueError) as error:
        print(f"not proven: {error}", file=sys.stderr)
        return 7
    print(json.dumps(fields, sort_keys=True, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
