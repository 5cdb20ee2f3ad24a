# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs crash-driver under crash-shim.so and holds what a crash leaves against its answers.

Environment: BUILD (build), where `make crash-programs` has put the programs; CRASH_TMP, a folder in
memory if there is one (/dev/shm, else the system's).
"""
import collections
import os
import queue
import re
import shutil
import subprocess
import tempfile
import threading

import disk

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get('BUILD', 'build'))
DRIVER, CHECK, SHIM = (os.path.join(BUILD, 'tests', name)
                       for name in ('crash-driver', 'crash-check', 'crash-shim.so'))
WORKERS = 2
TROUBLE = 3     # exit status of the driver when a step could not be done

# How many images were looked at, and {name: what is wrong}.
Found = collections.namedtuple('Found', 'n wrong')


def scratch():
    memory = os.environ.get('CRASH_TMP', '/dev/shm')
    return tempfile.mkdtemp(prefix='sem-crash-', dir=memory if os.path.isdir(memory) else None)


def shim(root, **settings):
    """The environment of a program under the shim; see tests/crash/shim.c for the settings."""
    env = {**os.environ, 'LD_PRELOAD': SHIM, 'CRASH_ROOT': root}
    env.update({'CRASH_' + name.upper(): str(value) for name, value in settings.items()})
    return env


class Run:
    """
    A life of the driver below a folder of its own. `first`: an image to begin with, and the answers
    that were given by then.
    """

    def __init__(self, folder, life='short', then=(), first=None, **settings):
        self.root = os.path.join(folder, 'disk')
        self.data = os.path.join(self.root, 'data')
        self.trace = os.path.join(folder, 'trace')
        self.answer_file = os.path.join(folder, 'answers')
        os.makedirs(folder, 0o700)
        disk.write_out(first[0] if first else {}, self.root)
        if first:
            with open(self.answer_file, 'w', encoding='ascii') as f:
                f.writelines(line + '\n' for line in first[1])
        for one in (life, *then):
            self.start = len(self.ops()) if os.path.exists(self.trace) else 0
            done = subprocess.run(
                [DRIVER, self.data, self.answer_file, one], capture_output=True, timeout=60,
                env=shim(self.root, trace=self.trace, **settings), check=False)
            self.status, self.said = done.returncode, done.stderr.decode('utf-8', 'replace')

    def ops(self):
        return disk.read(self.trace)

    def answers(self):
        with open(self.answer_file, encoding='ascii') as f:
            return f.read().splitlines()

    def count(self):
        """How many of its operations the shim may let fail."""
        n = 0
        for op in self.ops():
            n += op[0] in ('write', 'length', 'sync', 'mkdir', 'remove', 'rename')
            n += op[0] == 'open' and bool(op[3] or op[4])
        return n

    def differences(self):
        """Files that are not what the trace says: the shim would have missed something."""
        played = disk.Disk(self.root)
        for op in self.ops():
            played.play(op)
        there = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders:
                there[os.path.join(folder, name)[len(self.root):]] = None
            for name in files:
                with open(os.path.join(folder, name), 'rb') as f:
                    there[os.path.join(folder, name)[len(self.root):]] = f.read()
        said = played.as_it_is()
        return sorted(path for path in said.keys() | there.keys()
                      if os.path.basename(path) != 'lock.mdb' and
                      (path not in said or path not in there or said[path] != there[path]))


class Checker:
    """crash-check, one folder after another."""

    def __init__(self):
        self.process = subprocess.Popen([CHECK], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def check(self, folder, answer_file, n):
        """None, or what is wrong."""
        self.process.stdin.write(f'{folder} {answer_file} {n}\n')
        self.process.stdin.flush()
        said = self.process.stdout.readline().rstrip('\n')
        return None if said == 'ok' else said or 'the checker has ended'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()


def check_all(images, answer_file, folder, enough=None):
    """Looks at every (name, image, number of answers), or until `enough` of them are wrong."""
    todo, wrong, lock, n = queue.Queue(2 * WORKERS), {}, threading.Lock(), 0

    def work(place):
        with Checker() as checker:
            for name, image, given in iter(todo.get, None):
                disk.write_out(image, place)
                said = checker.check(place, answer_file, given)
                shutil.rmtree(place)
                if said is not None:
                    with lock:
                        wrong[name] = said

    threads = [threading.Thread(target=work, args=(os.path.join(folder, f'image-{i}'),))
               for i in range(WORKERS)]
    for thread in threads:
        thread.start()
    for one in images:
        if enough is not None and len(wrong) >= enough:
            break
        todo.put(one)
        n += 1
    for _ in threads:
        todo.put(None)
    for thread in threads:
        thread.join()
    return Found(n, wrong)


def crash_images(run, folder, seed, draws, lie=None, enough=None):
    """Checks the images of the last life of a run; see disk.images()."""
    images = disk.images(run.ops(), run.root, seed, draws, run.start, lie)
    return check_all(images, run.answer_file, folder, enough)


def second_cuts(run, folder, seed, step, draws):
    """
    A power cut while the program starts again after a power cut: of the images of a run every
    step-th is lived in, and the images of that are checked. Gives the number of lives as well.
    """
    lives, n, wrong = 0, 0, {}
    for i, (name, image, given) in enumerate(disk.images(run.ops(), run.root, seed, 1)):
        if i % step != seed % step:
            continue
        again = Run(os.path.join(folder, f'again-{name}'), 'again',
                    first=(image, run.answers()[:given]))
        found = check_all(disk.images(again.ops(), again.root, seed, draws, first=(image, given)),
                          again.answer_file, folder)
        lives, n = lives + 1, n + found.n
        wrong.update({f'{name} and {second}': said for second, said in found.wrong.items()})
        if again.status != 0:
            wrong[name] = again.said
    return lives, Found(n, wrong)


# --- Faults -------------------------------------------------------------------------------------

# Word for the shim, and whether all later operations fail as well.
FAULTS = (('EIO', 0), ('EIO', 1), ('ENOSPC', 0), ('ENOSPC', 1), ('SHORT', 0))
DEATH = re.compile(r'^sem: .* stops the process: .+', re.M)
ABORTED = -6


def end_of(run):
    """None when a process under a fault has ended as it may: well, or with a word on why."""
    if run.status == 0 or (run.status == TROUBLE and 'crash: ' in run.said):
        return None
    if run.status == ABORTED and DEATH.search(run.said):
        return None
    return f'ended with {run.status}: {run.said[-300:]}'


def one_fault(checker, folder, life, n, fault):
    """
    Runs a life in which operation n fails; then the folder, as the program left it and as a power
    cut behind it may leave it, must hold what was answered. Gives the end, what is wrong or None,
    and how many folders were looked at.
    """
    word, on = fault
    run = Run(folder, life, fail=n, fail_on=on, error=word)
    ops = run.ops()
    given = len(disk.answers(ops))
    wrong = end_of(run)
    if wrong is None and len(run.answers()) != given:
        wrong = 'an answer that is not in the trace'
    # Draw 1 is all that was written: the folder itself, which comes last.
    cuts = [c for c in disk.images(ops, run.root, n, 1, start=len(ops)) if not c[0].endswith('.1')]
    for name, image, _ in cuts if wrong is None else ():
        place = os.path.join(folder, 'image')
        disk.write_out(image, place)
        said = checker.check(place, run.answer_file, given)
        shutil.rmtree(place)
        wrong = wrong or (said and f'after a power cut ({name}): {said}')
    if wrong is None:
        wrong = checker.check(run.root, run.answer_file, given)
    shutil.rmtree(folder)
    return run.status, wrong, len(cuts) + 1


Points = collections.namedtuple('Points', 'n ends folders wrong')


def fault_points(life, folder, faults=FAULTS):
    """Every operation of a life fails in turn, in every way."""
    n = Run(os.path.join(folder, 'count'), life).count()
    points = [(i, fault) for i in range(1, n + 1) for fault in faults]
    ends, wrong, lock, looked = collections.Counter(), {}, threading.Lock(), [0]

    def work(mine, place):
        with Checker() as checker:
            for i, fault in mine:
                status, said, folders = one_fault(checker, place, life, i, fault)
                with lock:
                    ends[status] += 1
                    looked[0] += folders
                    if said is not None:
                        wrong[f'{life} {i} {fault[0]}{" on" if fault[1] else ""}'] = said

    threads = [threading.Thread(target=work, args=(points[i::WORKERS],
                                                   os.path.join(folder, f'fault-{i}')))
               for i in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Points(len(points), ends, looked[0], wrong)
