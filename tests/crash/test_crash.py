#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Power cuts and failing disks under the real node and writer (SPEC 14).

A small life of a network is recorded; for the moment behind each of its operations on files, what a
power cut may leave is made, opened with the real code and held against the answers that had been
given. `make crash` looks at thousands more. The seed is printed with whatever is wrong:
`tests/crash/run.py --seed SEED --image NAME` makes that image again.
"""
import os
import shutil
import unittest

import stand

SEED = int(os.environ.get('SEM_CRASH_SEED', '1'))

LOG, SIDE = '/data/log/data.mdb', '/data/aux/data.mdb'


def folder(*names):
    return lambda path, kind: os.path.basename(path).split('-')[0] in names


# Syncs that the program might as well not make, were they not needed.
LIES = {
    'of the pages of the log': lambda path, kind: path == LOG and kind == 'sync',
    'of the head page of the log': lambda path, kind: path == LOG and kind == 'write',
    'of the pages of the side store': lambda path, kind: path == SIDE and kind == 'sync',
    'of the head page of the side store': lambda path, kind: path == SIDE and kind == 'write',
    'of the journal': lambda path, kind: path == '/data/journal',
    'of last-signed': lambda path, kind: os.path.basename(path).startswith('last-signed'),
    'of the keys': lambda path, kind: path.endswith(('.key', '.key.new')),
    'of the folder around the data folder': lambda path, kind: path == '',
    'of the data folder': folder('data'),
    'of a fresh data folder': folder('data.new'),
    'of the folder of the keys': folder('keys'),
    'of the folder of the log': folder('log'),
    'of the folder of the side store': folder('aux'),
}
REBUILD_LIES = {
    'of the fresh pages': lambda path, kind: path == '/data/log.new/data.mdb',
    'of the fresh folder': folder('log.new'),
    'of the data folder': folder('data'),
}


class Scratch(unittest.TestCase):
    def setUp(self):
        self.folder = stand.scratch()
        self.addCleanup(shutil.rmtree, self.folder)

    def life(self, *args, **settings):
        run = stand.Run(os.path.join(self.folder, 'run'), *args, **settings)
        self.assertEqual(run.status, 0, run.said)
        return run

    def nothing_wrong(self, wrong):
        if wrong:
            first = '\n'.join(f'{name}: {said}' for name, said in list(wrong.items())[:5])
            self.fail(f'seed {SEED}: {len(wrong)} wrong\n{first}')


class PowerCut(Scratch):
    def test_the_shim_sees_all_that_the_driver_writes(self):
        run = self.life('long')
        self.assertEqual(run.differences(), [])
        self.assertEqual(run.answers(), stand.disk.answers(run.ops()))

    def test_nothing_that_was_answered_is_lost(self):
        found = stand.crash_images(self.life('long'), self.folder, SEED, 1)
        print(f'{found.n} images of a life', flush=True)
        self.nothing_wrong(found.wrong)
        self.assertGreater(found.n, 400)

    def test_nothing_is_lost_when_the_start_after_a_crash_is_cut_short_as_well(self):
        lives, found = stand.second_cuts(self.life('long'), self.folder, SEED, 120, 1)
        print(f'{found.n} images of {lives} starts', flush=True)
        self.nothing_wrong(found.wrong)
        self.assertGreater(found.n, 100)

    def test_a_rebuild_leaves_the_old_log_or_the_new_one(self):
        found = stand.crash_images(self.life('long', ('rebuild',)), self.folder, SEED, 2)
        print(f'{found.n} images of a rebuild', flush=True)
        self.nothing_wrong(found.wrong)
        self.assertGreater(found.n, 50)

    def test_without_any_sync_answers_are_lost(self):
        """The program with its syncs removed: were this not found, nothing above would count."""
        run = self.life('long', lie=1)  # its trace has no sync at all
        found = stand.crash_images(run, self.folder, SEED, 1, enough=20)
        self.assertGreaterEqual(len(found.wrong), 20)
        self.assertTrue(any('LOST' in said for said in found.wrong.values()), found.wrong)

    def needs(self, run, lies):
        for name, lie in lies.items():
            with self.subTest(name):
                found = stand.crash_images(run, self.folder, SEED, 2, lie, enough=1)
                self.assertTrue(found.wrong, f'{found.n} images')

    def test_every_sync_is_needed(self):
        self.needs(self.life('long'), LIES)

    def test_every_sync_of_a_rebuild_is_needed(self):
        self.needs(self.life('long', ('rebuild',)), REBUILD_LIES)


class Faults(Scratch):
    def test_a_failing_disk_loses_nothing_that_was_answered(self):
        """Each operation on files fails in turn, once and for good."""
        points = stand.fault_points('short', self.folder)
        print(f'{points.n} fault points, {points.folders} folders, ends {dict(points.ends)}',
              flush=True)
        self.nothing_wrong(points.wrong)
        self.assertGreater(points.n, 200)
        self.assertGreater(points.ends[stand.ABORTED], 50, 'the writer has met its faults')

    def test_a_map_that_fills_up_in_crowded_batches_does_not_kill(self):
        for megabytes in (1, 2, 3, 16):
            with self.subTest(megabytes=megabytes):
                run = stand.Run(os.path.join(self.folder, str(megabytes)), str(megabytes << 20))
                self.assertEqual(run.status, 0, run.said)
                word, accepted, why = run.answers()[-1].split(' ', 2)
                self.assertEqual(word, 'full')
                self.assertIn('map_bytes', why)
        self.assertGreater(int(accepted), 1000)

    def test_a_slow_disk_holds_the_answers_back(self):
        """Each answer of the log stands behind the syncs of its own batch."""
        run = self.life('short', sync_ms=2)
        synced, accepted = 0, 0
        for op in run.ops():
            synced += op[0] in ('sync', 'durable')
            if op[0] == 'mark' and op[1].startswith('accepted') and op[1].split()[1] in ('0', '1'):
                self.assertGreaterEqual(synced, 1, 'the journal')
                synced, accepted = 0, accepted + 1
        self.assertEqual(accepted, 2)


if __name__ == '__main__':
    unittest.main()
