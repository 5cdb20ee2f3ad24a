#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Power cuts and failing disks, as long as you like (SPEC 14).

    tests/crash/run.py [--seed N] [--draws N] [--rounds N]
    tests/crash/run.py --seed N --draws N --image NAME [--rebuild] --keep DIR

Looks at the images of a whole life, of a rebuild and of many starts after a crash, N draws for the
moment behind each operation on files (20), in rounds with one seed after another (1), and lets each
operation of the life fail in every way. Whatever is wrong is named with its seed; --image makes that one again in DIR, which
must not exist, and says what is wrong with it. The last line is `N passed, N failed`.

Environment: BUILD (build), where `make crash-programs` has put the programs.
"""
import argparse
import os
import shutil
import sys
import time

import disk
import stand

LIVES = {'life': ('long',), 'rebuild': ('long', ('rebuild',))}


def make_image(args, folder):
    run = stand.Run(os.path.join(folder, 'run'), *LIVES['rebuild' if args.rebuild else 'life'])
    for name, image, given in disk.images(run.ops(), run.root, args.seed, args.draws, run.start):
        if name == args.image:
            disk.write_out(image, args.keep)
            found = stand.check_all([(name, image, given)], run.answer_file, folder)
            print(f'{given} answers; {found.wrong.get(name, "nothing wrong")}')
            return len(found.wrong)
    print(f'seed {args.seed}, {args.draws} draws: no image {args.image}')
    return 2


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def add(self, what, n, wrong, began):
        print(f'{what}: {n} looked at, {len(wrong)} wrong, {time.monotonic() - began:.0f} s',
              flush=True)
        for name, said in list(wrong.items())[:20]:
            print(f'  {name}: {said}')
        self.passed += n - len(wrong)
        self.failed += len(wrong)


def run_all(args, folder):
    count = Count()
    for seed in range(args.seed, args.seed + args.rounds):
        for name, life in LIVES.items():
            began = time.monotonic()
            run = stand.Run(os.path.join(folder, f'{name}-{seed}'), *life)
            found = stand.crash_images(run, folder, seed, args.draws)
            count.add(f'images of a {name}, seed {seed}', found.n, found.wrong, began)
        began = time.monotonic()
        run = stand.Run(os.path.join(folder, f'first-{seed}'), 'long')
        lives, found = stand.second_cuts(run, folder, seed, 10, args.draws // 5)
        count.add(f'images of {lives} starts after a crash, seed {seed}', found.n, found.wrong,
                  began)
    began = time.monotonic()
    points = stand.fault_points('long', folder)
    count.add(f'fault points of a life, {points.folders} folders, ends {dict(points.ends)}',
              points.n, points.wrong, began)
    print(f'{count.passed} passed, {count.failed} failed')
    return 1 if count.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (('seed', 1), ('draws', 20), ('rounds', 1)):
        parser.add_argument('--' + name, type=int, default=default)
    parser.add_argument('--image')
    parser.add_argument('--rebuild', action='store_true')
    parser.add_argument('--keep')
    args = parser.parse_args()
    if bool(args.image) != bool(args.keep):
        parser.error('--image and --keep go together')
    folder = stand.scratch()
    try:
        return make_image(args, folder) if args.image else run_all(args, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    sys.exit(main())
