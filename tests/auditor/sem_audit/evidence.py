# SPDX-License-Identifier: AGPL-3.0-or-later
"""Evidence that a log's key signed what does not go together: SPEC 17.6.

python3 -m sem_audit.evidence FILE: exit 0 when it proves what it says, else 7. Whose key it is, is
for the reader to know.
"""
import argparse
import hashlib
import json
import sys

from sem_audit import entry, merkle, note, profile, receipt
from sem_audit.refusal import Refusal


class Unproven(Exception):
    """Says what does not hold."""


def hold(true, what):
    if not true:
        raise Unproven(what)


def verify(evidence):
    """What these members of an object prove, in a sentence."""
    hold(isinstance(evidence, dict) and evidence.get("v") == 1, "not evidence")
    checks = {"fork": verify_fork, "refusal": verify_refusal}
    hold(evidence.get("about") in checks, "evidence about something unknown")
    return checks[evidence["about"]](evidence)


def members(evidence, **types):
    hold(set(evidence) == {"about", "v", *types}, "members missing or unknown")
    for name, type_ in types.items():
        hold(type(evidence[name]) is type_, name + " is not what it must be")


# --- Two histories --------------------------------------------------------------------------------

def verify_fork(evidence):
    """Under the second head the tree of the first size has the root `root`, by the consistency
    proof; the first head says another."""
    members(evidence, heads=list, log_key=str, proof=list, root=str)
    name, public = note.parse_verifier_key(evidence["log_key"])
    hold(len(evidence["heads"]) == 2
         and all(isinstance(one, str) for one in evidence["heads"] + evidence["proof"]),
         "not two heads and a proof")
    one, two = (note.Checkpoint(head.encode()) for head in evidence["heads"])
    for head in one, two:
        hold(head.origin == name and head.signed_by(name, public), "a head that the key signed not")
    hold(0 < one.size <= two.size, "the smaller head comes first")
    root, *path = (note.decode64(text) for text in [evidence["root"], *evidence["proof"]])
    hold(all(len(step) == 32 for step in [root, *path]), "a hash has 32 bytes")
    hold(merkle.consistent(one.size, root, two.size, two.root, path),
         "not a proof under the second head")
    hold(root != one.root, "the heads are consistent")
    return f"{name}: heads of {one.size} and {two.size} leaves that no one log has"


# --- A refused text that was logged ---------------------------------------------------------------

def verify_refusal(evidence):
    members(evidence, leaf=str, log_key=str, receipt=str, refusal=str, refusal_key=str)
    name, public = note.parse_verifier_key(evidence["log_key"])
    refuser = note.parse_verifier_key(evidence["refusal_key"])
    refusal = note.Note(evidence["refusal"].encode())
    hold(refuser[0] == name + "/refusal" and refusal.signed_by(*refuser),
         "a refusal that the key signed not")
    rows = refusal.text.decode().split("\n")
    hold(len(rows) == 3 and rows[0] == name + "/refusal/v1", "not a refusal")
    said = profile.parse(rows[1].encode())
    held, leaf = receipt.parse(evidence["receipt"].encode()), evidence["leaf"].encode()
    hold(held.proves(leaf, name, public), "the log did not sign this leaf")
    text = note.split(entry.split_leaf(leaf)[1])[0]
    hold(hashlib.sha256(text).hexdigest() == said.get("entry_hash"), "another text was refused")
    hold(type(said.get("size")) is int and held.index >= said["size"], "logged before the refusal")
    return f"{name}: a text that was refused after {said['size']} leaves is leaf {held.index}"


def main():
    parser = argparse.ArgumentParser(prog="sem_audit.evidence", description="Verify evidence.")
    parser.add_argument("file")
    args = parser.parse_args()
    try:
        with open(args.file, encoding="utf-8") as file:
            print(verify(json.load(file)))
    except (Unproven, Refusal, note.Malformed, profile.NotCanonical, ValueError) as error:
        print(f"not proven: {error}", file=sys.stderr)
        return 7
    return 0


if __name__ == "__main__":
    sys.exit(main())
