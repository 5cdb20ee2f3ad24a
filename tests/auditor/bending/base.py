# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mutators share: where they may bend, and what was known there."""
import collections

from build import made_id
from bends import insert
from remake import SEAL, TICK
from sem_audit.kinds import KINDS, REFS

Mutator = collections.namedtuple("Mutator", "name code kinds bend clean")

ENTRIES = frozenset(KINDS) - {"network.found", TICK, SEAL}
SHARED = frozenset({"agreement.sign", "agreement.change", "hours.record", "hours.reverse"})
PUBLISHED = frozenset({"offer.publish", "need.publish"})
PLAIN = frozenset({"org.confirm", "org.update"})

MUTATORS = []


def mutator(code, kinds, clean=True):
    """`clean` says that with the check waived nothing else is found."""
    kinds = frozenset({kinds} if isinstance(kinds, str) else kinds)

    def take(bend):
        MUTATORS.append(Mutator(bend.__name__.replace("_", " "), code, kinds, bend, clean))
        return bend
    return take


class World:
    """A log as it was, and what was known before each of its leaves."""

    def __init__(self, log):
        self.log = log
        self.index = {line.label: index for index, line in enumerate(log.lines)}
        self.named = {line.fields[name] for line in log.lines for name in REFS
                      if name in line.fields}
        self.end = log.known.end

    def before(self, line):
        return self.log.known.before(self.index[line.label]).state

    def key(self, handle, key):
        """The secret of a key that the state knows."""
        return next(one for one in self.log.keys.values()
                    if (one.handle, one.public) == (handle, key.public))

    def keys(self, state, handle, fits):
        return [self.key(handle, key) for key in state.orgs[handle].keys.values() if fits(key)]

    def signer(self, state, handle, kind="org.confirm"):
        """A key with which this organisation may sign anything; None when it has left."""
        found = self.keys(state, handle, lambda key: key.revoked_at is None
                          and key.scope == "admin" and key.ceiling is None)
        return found[0] if found else None

    def others(self, state, *but):
        """Active organisations with a key, except these."""
        return [handle for handle, org in state.orgs.items()
                if org.active and handle not in but and self.signer(state, handle)]


def put(log, line, kind, by, signers=None, **fields):
    """A new line behind this one, at the same moment."""
    insert(line.label, kind, by, signers, **fields)(log, line)
    new = log.line("new")
    new.at = new.fields["at"] = line.at
    new.fields["id"] = made_id(line.at, f"new behind {line.label}")
    return "new"


def resign(line, handle, key):
    """Another key for one of the signers; False when it is no signer."""
    found = [at for at, old in enumerate(line.keys) if old.handle == handle]
    for at in found:
        line.keys[at] = key
    return bool(found)


def after_signing(line, change):
    line.bend = change
    return line.label


def pairs_of(line):
    return {(one["from"], one["to"]): one["minutes"] for one in line.fields["shares"]}


def with_minutes(world, line, which, minutes):
    """Another amount in one share, signed with keys that no ceiling holds."""
    state = world.before(line)
    line.keys = [world.signer(state, key.handle) for key in line.keys]
    if None in line.keys:
        return None
    line.fields["shares"] = [{**one, "minutes": minutes} if at == which else one
                             for at, one in enumerate(line.fields["shares"])]
    return line.label
