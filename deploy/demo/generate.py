#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Write a year in the life of a fictional network, for `make run` and for trials.

    generate.py seeds --seed N --out DIR
        writes <handle>.seed (64 hex digits) for every key of the demo; they are derived from N and
        no secret
    generate.py lines --seed N --start YYYY-MM-DD --keys-dir DIR --server-keys FILE --policies FILE
        prints the entries as JSON lines for `semctl apply -`; the key files <handle>.semkey in DIR
        give the public keys, FILE hold the answers of GET /v1/network and GET /v1/policies.
        The figures of the year go to stderr.

The same arguments give the same bytes. Only the standard library is needed.
"""
import argparse
import base64
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True
import days  # noqa: E402
import ending  # noqa: E402
import exchange  # noqa: E402
import kindness  # noqa: E402
import market  # noqa: E402
import members  # noqa: E402
from world import EXTRA_KEY, World, load  # noqa: E402


def key_names():
    names = [data["handle"] for data in load("organisations.json")]
    return names + [handle + EXTRA_KEY for handle, _, _ in members.EXTRA_KEYS]


def write_seeds(seed, folder):
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for name in key_names():
        digest = hashlib.sha256(f"sem demo key/{name}/{seed}".encode()).hexdigest()
        with open(os.path.join(folder, name + ".seed"), "w", encoding="ascii") as f:
            f.write(digest + "\n")


def read_keys(folder):
    keys = {}
    for name in key_names():
        with open(os.path.join(folder, name + ".semkey"), encoding="utf-8") as f:
            keys[name] = base64.b64decode(json.load(f)["pub"]).hex()
    return keys


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


# A year of the demo is some hundred entries: a few seals show in it.
SEAL_EVERY = 128
# Of 40 members, a handful whose needs ended in the same two months are no crisis.
CRISIS_ORGS_MIN = 20


def write_year(seed, start_ms, keys, server, policy, out):
    """The lines of a year; gives its figures."""
    world = World(seed, start_ms, keys, policy, out)
    world.plan(world.day(0), members.found, server)
    for chapter in (members, market, exchange, kindness, ending):
        chapter.plan_year(world)
    world.run()
    return ending.figures(world)


def main():
    parser = argparse.ArgumentParser(description="A fictional network for SEM.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    seeds = verbs.add_parser("seeds", help="write the seeds of the demo's keys")
    seeds.add_argument("--out", required=True)
    lines = verbs.add_parser("lines", help="print the entries")
    lines.add_argument("--start", required=True, type=days.parse, metavar="YYYY-MM-DD")
    lines.add_argument("--keys-dir", required=True)
    lines.add_argument("--server-keys", required=True, metavar="FILE")
    lines.add_argument("--policies", required=True, metavar="FILE")
    for verb in (seeds, lines):
        verb.add_argument("--seed", required=True, type=int)
    args = parser.parse_args()
    if args.verb == "seeds":
        write_seeds(args.seed, args.out)
        return
    policy = {row["key"]: row["value"] for row in read_json(args.policies)["items"]}
    policy["seal_every"] = SEAL_EVERY
    policy["crisis_orgs_min"] = CRISIS_ORGS_MIN
    figures = write_year(args.seed, args.start, read_keys(args.keys_dir),
                         read_json(args.server_keys)["keys"], policy, print)
    print(json.dumps(figures), file=sys.stderr)


if __name__ == "__main__":
    main()
