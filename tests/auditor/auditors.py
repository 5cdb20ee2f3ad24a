# SPDX-License-Identifier: AGPL-3.0-or-later
"""Both auditors, which share nothing, behind one face: `audit` gives the bytes of the report."""
import json
import os
import subprocess

import build
from fixtures import SEMCTL
from sem_audit import held as held_things, report
from sem_audit.audit import Audit, audit
from sem_audit.refusal import waiving
from sem_audit.source import Folder

KEY = bytes(range(32))      # the auditor's own


class Python:
    """The auditor of this folder, in this process."""

    def __init__(self, started, log):
        self.started, self.log = started, log
        self.saved = {}

    def audit(self, folder, waive=None, size=None, held=(), same=0):
        """Of an audit that goes on from `size` leaves when that is given. So many leaves as `same`
        are those of the log, and need not be replayed."""
        if size is not None:
            return report.text(audit(folder, self.log.verifier_key(), held, waive, self.save(size),
                                     key=KEY))
        with waiving(waive):
            run = Audit(Folder(folder), self.log.verifier_key(), held_things.read(held), waive)
            if same:
                _, replay = self.log.known.start(same)
                replay.log_key, replay.waived = run.replay.log_key, waive
                run.go_on(replay)
            return report.text(run.run())

    def save(self, size):
        if size not in self.saved:
            folder, leaves = self.started.folder(), self.log.leaves()[:size]
            self.saved[size] = os.path.join(self.started.folder(), "resume")
            build.write_tiles(folder, leaves, build.checkpoint(self.log, leaves))
            self.write(folder, self.saved[size])
        return self.saved[size]

    def write(self, folder, path):
        audit(folder, self.log.verifier_key(), save=path, key=KEY)


class C(Python):
    """`semctl audit`."""

    def __init__(self, started, log):
        super().__init__(started, log)
        self.home = started.folder()
        build.put(self.home, "seed", KEY.hex().encode())
        build.put(self.home, "pass", b"auditor\n")
        self.key = os.path.join(self.home, "auditor.semkey")
        finished(self.start("key", "restore", self.key, "--seed-file",
                            os.path.join(self.home, "seed")), (0,))

    def start(self, *args):
        return subprocess.Popen([SEMCTL, "--quiet", "--passphrase-file",
                                 os.path.join(self.home, "pass"), *args],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def begin(self, folder, waive=None, size=None, held=(), same=0):
        """The process; `same` is no news to it."""
        args = ["--json", "audit", folder, "--log-key", self.log.verifier_key()]
        for one in held:
            args += ["--held", one]
        if waive:
            args += ["--waive", waive]
        if size is not None:
            args += ["--key", self.key, "--since", self.save(size)]
        return self.start(*args)

    def write(self, folder, path):
        finished(self.start("--key", self.key, "audit", folder, "--log-key",
                            self.log.verifier_key(), "--save", path))


def finished(process, statuses=(0, 7)):
    """What it printed."""
    out, errors = process.communicate(timeout=60)
    assert process.returncode in statuses, (process.args, process.returncode, out, errors)
    return out


class Both:
    """What both say alike; a difference is an error of `test`."""

    def __init__(self, started, log):
        self.python, self.c = Python(started, log), C(started, log)

    def audit(self, test, *args, **more):
        process = self.c.begin(*args, **more)
        try:
            mine = self.python.audit(*args, **more)
        finally:
            said = finished(process)
        test.assertEqual(said, mine)
        return json.loads(mine)
