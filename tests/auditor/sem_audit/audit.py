# SPDX-License-Identifier: AGPL-3.0-or-later
"""An audit from folder to document."""
from sem_audit import held, note, resume
from sem_audit.merkle import TILE_WIDTH
from sem_audit.note import Checkpoint
from sem_audit.refusal import Refusal, need, waiving
from sem_audit.replay import Replay
from sem_audit.report import Report
from sem_audit.source import Folder, Unusable, tile_path


def audit(path, log_key=None, held_in=(), waive=None, since=None, save=None, key=None,
          witnesses=()):
    """Audits a folder. `log_key` is the text of the log's verifier key, if one is trusted;
    `held_in` are folders of what somebody held; `waive` is a code; `since` and `save` are files
    of SPEC 17.6, signed with the secret `key`; `witnesses` are verifier keys of witnesses."""
    with waiving(waive):
        run = Audit(Folder(path), log_key, held.read(held_in), waive)
        run.check_witnesses([note.parse_verifier_key(one, note.COSIGNATURE) for one in witnesses])
        if since:
            run.resume(since, key)
        return run.run(save, key)


class Audit:
    def __init__(self, folder, log_key, things, waive):
        self.folder = folder
        self.held = things
        self.waive = waive
        self.report = Report()
        self.name, self.public = note.parse_verifier_key(log_key) if log_key else (None, None)
        self.checkpoint = self.read_checkpoint()
        origin = self.name or (self.checkpoint.origin if self.checkpoint else "")
        self.replay = Replay(origin, self.report, self.public.hex() if self.public else None,
                             waive)
        self.since = None
        self.cosigned = False

    def resume(self, path, key):
        """Goes on from what an earlier audit saved; its findings of leaves come along."""
        replay = resume.load(path, self.replay.origin, key)
        if (replay.log_key, replay.waived) != (self.replay.log_key, self.waive):
            raise Unusable(f"{path}: saved with another log key or waiver")
        self.go_on(replay)
        self.since = len(replay.tree)

    def go_on(self, replay):
        """From where this one is."""
        replay.report.tree = self.report.tree
        self.replay, self.report = replay, replay.report
        if self.cosigned:
            del self.report.unchecked["forks"]

    def run(self, save=None, key=None):
        if self.checkpoint is None:
            self.report.skip("entries", self.replay.unjudged)
        else:
            whole = self.read_leaves()
            if save:
                self.save(save, key)
            self.check_tree(whole)
            self.check_head()
        self.finish()
        return self.report.document(self.replay, self.since)

    def save(self, path, key):
        unchecked = self.report.unchecked
        self.report.unchecked = dict(Report().unchecked)    # a later head has other witnesses
        resume.save(path, self.replay, key)
        self.report.unchecked = unchecked

    def tried(self, check, *args):
        """Makes a check whose refusal is a finding; False when it was."""
        try:
            check(*args)
        except Refusal as refusal:
            self.report.add(refusal)
            return False
        return True

    def read_checkpoint(self):
        try:
            return Checkpoint(self.folder.checkpoint())
        except note.Malformed:
            self.report.add(Refusal("checkpoint_malformed"))
            return None

    def read_leaves(self):
        """Replays every leaf there is; True when as many as the checkpoint says could be read."""
        def read():
            tree, size = self.replay.tree, self.checkpoint.size
            for leaf in self.folder.leaves(size, len(tree)):
                self.held.judge(self.replay)
                self.replay.leaf(leaf)
            self.held.judge(self.replay)
            need(len(tree) == size, "size_mismatch", "", size, len(tree))

        self.tried(read)
        return len(self.replay.tree) == self.checkpoint.size

    def check_tree(self, whole):
        """The root, and the stored hashes where there are any, as far as leaves were there."""
        tree, size = self.replay.tree, self.checkpoint.size
        if whole:
            root, signed = tree.root(size).hex(), self.checkpoint.root.hex()
            self.tried(need, root == signed, "root_mismatch", "", root, signed)
        else:
            self.report.skip("root")
        if not self.folder.has_tiles():
            self.report.skip("tiles")
            return
        for level, number, width, data in tree.tiles(min(size, len(tree))):
            end = (number + 1) * TILE_WIDTH ** (level + 1)
            if (whole or width == TILE_WIDTH) and end > (self.since or 0):
                self.tried(self.check_tile, level, number, width, data)

    def check_tile(self, level, number, width, data):
        name, found = tile_path(level, number, width), self.folder.tile(level, number, width)
        if found is None:
            need(False, "tile_missing", name)
        else:
            need(found == data, "tile_mismatch", name)

    def check_witnesses(self, witnesses):
        """Whether a witness that the caller knows saw this head."""
        if self.checkpoint and any(self.checkpoint.cosigned_by(*one) for one in witnesses):
            del self.report.unchecked["forks"]
            self.cosigned = True

    def check_head(self):
        """The signature of the log under its head, by the key trusted beforehand or the founding's;
        and whether what was held fits."""
        founded, origin = self.replay.state.founded, self.replay.origin
        if self.public is None:
            if founded is None:
                self.report.skip("checkpoint_signature")
                return
            self.public = bytes.fromhex(founded["log_key"])
            self.report.skip("log_key")
        self.tried(need, self.checkpoint.origin == origin
                   and self.checkpoint.signed_by(origin, self.public),
                   "checkpoint_signature", "", origin)
        self.held.compare(self.replay, self.public, self.report, self.since or 0)

    def finish(self):
        state = self.replay.state
        self.tried(state.assert_recount)
        if state.founded and state.founded["demo"]:
            self.report.skip("demo_future")
        if self.replay.unjudged:
            self.report.skip("entries", self.replay.unjudged)
        if self.waive:
            self.report.skip("waived", self.waive)
