# SPDX-License-Identifier: AGPL-3.0-or-later
"""An audit from folder to document."""
from sem_audit import note
from sem_audit.note import Checkpoint
from sem_audit.refusal import Refusal, need
from sem_audit.replay import Replay
from sem_audit.report import Report
from sem_audit.source import Folder


def audit(path, log_key=None):
    """Audits a folder; `log_key` is the text of the log's verifier key, if one is trusted."""
    folder, report = Folder(path), Report()
    name, public = note.parse_verifier_key(log_key) if log_key else (None, None)
    checkpoint = read_checkpoint(folder, report)
    origin = name or (checkpoint.origin if checkpoint else "")
    replay = Replay(origin, report, public.hex() if public else None)
    if checkpoint is None:
        report.skip("entries", "without a checkpoint neither name nor size of the log are known")
    else:
        whole = read_leaves(folder, replay, checkpoint, report)
        check_tree(folder, replay, checkpoint, whole, report)
        check_head(replay, checkpoint, public, report)
    finish(replay, report)
    return report.document(replay)


def read_checkpoint(folder, report):
    try:
        return Checkpoint(folder.checkpoint())
    except note.Malformed as error:
        report.add(Refusal("checkpoint_malformed", "checkpoint", "a checkpoint", str(error)))
        return None


def read_leaves(folder, replay, checkpoint, report):
    """Replays every leaf there is; True when as many as the checkpoint says could be read."""
    try:
        for leaf in folder.leaves(checkpoint.size):
            replay.leaf(leaf)
    except Refusal as refusal:
        report.add(refusal)
        return False
    if len(replay.tree) != checkpoint.size:
        report.add(Refusal("size_mismatch", "checkpoint", checkpoint.size, len(replay.tree)))
        return False
    return True


def check_tree(folder, replay, checkpoint, whole, report):
    """The root, and the stored hashes where there are any."""
    if not whole:
        report.skip("root", "the leaves of the checkpoint's tree are not all there")
        return
    root = replay.tree.root(checkpoint.size)
    if root != checkpoint.root:
        report.add(Refusal("root_mismatch", "checkpoint", root.hex(), checkpoint.root.hex()))
    if not folder.has_tiles():
        report.skip("tiles", "the folder has no tiles of hashes")
        return
    for level, number, width, data in replay.tree.tiles(checkpoint.size):
        name, found = f"tile {level}/{number} of {width}", folder.tile(level, number, width)
        try:
            need(found is not None, "tile_missing", name, "a file", "none")
            need(found == data, "tile_mismatch", name, f"the hashes of {len(data)} bytes",
                 f"others, {len(found or b'')} bytes")
        except Refusal as refusal:
            report.add(refusal)


def check_head(replay, checkpoint, public, report):
    """The signature of the log under its head, by the key trusted beforehand or the founding's."""
    if public is None:
        if replay.state.founded is None:
            report.skip("checkpoint_signature", "no key of the log is known")
            return
        public = bytes.fromhex(replay.state.founded["log_key"])
        report.skip("log_key", "the log's key was taken from the log itself: give --log-key")
    if checkpoint.origin != replay.origin or not checkpoint.signed_by(replay.origin, public):
        report.add(Refusal("checkpoint_signature", "checkpoint", f"signed by {replay.origin}",
                           f"{checkpoint.origin}, no valid signature of that key"))


def finish(replay, report):
    try:
        replay.state.assert_recount()
    except Refusal as refusal:
        report.add(refusal)
    if replay.state.founded and replay.state.founded["demo"]:
        report.skip("demo_future", "whether a demo `at` lay in the future when it was accepted")
    if replay.unjudged:
        report.skip("entries", f"{replay.unjudged} leaves after an unsound network.found")
