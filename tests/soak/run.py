#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Soaks the ledger until something fails, or for a time.

    tests/soak/run.py [--minutes N] [--seed N] [--visits N]

Round after round: SEEDS simulations from another seed on; a server that is killed, then stopped,
under 64 clients again and again on one folder that grows; and `--visits` (100 000) clients that
come and go while its memory and its descriptors are watched. Each round tells what it did. At the
end `semd check` must find nothing in the folders. Status 1 at the first thing that does not hold.

Environment: BUILD (build), SEMD.
"""
import argparse
import contextlib
import os
import subprocess
import sys
import time

import load

BUILD = os.path.join(load.ROOT, os.environ.get("BUILD", "build"))
SIMULATION = os.path.join(BUILD, "tests", "test-soak")
SEEDS = 5000
KILLS = STOPS = 20
VISITS = 100_000
# A server that has met everybody once may keep buffers, but no more of them with each client.
GROWTH_KIB = 100 * 1024
QUIET = 40              # descriptors of a server that nobody visits
FOLDER_MAX = 20_000     # entries after which a new folder is begun


def say(text):
    print(time.strftime("%H:%M:%S"), text, flush=True)


def simulate(first):
    env = {**os.environ, "SEM_SEED_FROM": str(first), "SEM_SEEDS": str(SEEDS)}
    done = subprocess.run([SIMULATION, "--color=never", "--ascii"], env=env, check=False)
    assert done.returncode == 0, f"a simulation from seed {first} on fails: see above"
    say(f"{SEEDS} simulations from seed {first} on agree with the model")


def ends(net, told):
    for i in range(KILLS):
        load.kill_round(net, told, 20 + 40 * i)
    say(f"{KILLS} kills: all {len(told)} acknowledged entries are in their places")
    took = [load.stop_round(net, told, 20 + 40 * i) for i in range(STOPS)]
    say(f"{STOPS} stops in at most {max(took):.2f} s: all {len(told)} are there")


def visits(net, n):
    room = load.Room(net.server.process.pid)
    failed = load.come_and_go(net, 1000)
    quiet, memory = room.settled(QUIET), room.memory_kib()
    failed += load.come_and_go(net, n)
    left, grown = room.settled(QUIET), room.memory_kib() - memory
    assert not failed, failed[0]
    assert left <= QUIET, f"{left} descriptors, {quiet} before"
    assert grown < GROWTH_KIB, f"memory grew by {grown} KiB with {n} clients"
    say(f"{n} clients have come and gone: {left} descriptors, memory {grown:+} KiB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=int(time.time()) * 1000)
    parser.add_argument("--visits", type=int, default=VISITS)
    args = parser.parse_args()
    until, seed = time.monotonic() + 60 * args.minutes, args.seed
    load.raise_descriptors()
    while time.monotonic() < until:
        with contextlib.ExitStack() as stack:
            net, told = load.start_network(stack.callback), {}
            while len(told) < FOLDER_MAX and time.monotonic() < until:
                simulate(seed)
                ends(net, told)
                visits(net, args.visits)
                seed += SEEDS
            load.check_folder(net)
            say("semd check finds nothing")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"soak: {error}")
