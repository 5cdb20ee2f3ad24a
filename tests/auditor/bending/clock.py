# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the clock says."""
from bending.base import ENTRIES, after_signing, mutator
from build import made_id
from bends import twist
from mutations import NO_HASH
from remake import SEAL, TICK
from semclient import Key


def more_of(name):
    return lambda log, line: line.fields[name] + 1


@mutator("tick_count", TICK)
def a_moment_too_many(world, log, line):
    twist(n=more_of("n"))(log, line)
    return line.label


@mutator("tick_effects", TICK)
def another_effect(world, log, line):
    twist(effects_hash=NO_HASH)(log, line)
    return line.label


@mutator("tick_totals", TICK)
def other_totals(world, log, line):
    twist(totals=lambda log, line: {**line.fields["totals"],
                                    "pool": line.fields["totals"]["pool"] - 1})(log, line)
    return line.label


@mutator("tick_time", TICK)
def another_moment(world, log, line):
    twist(through=lambda log, line: line.at - 1)(log, line)
    return line.label


@mutator("tick_time", TICK)
def a_tick_that_lasts(world, log, line):
    twist(valid_until=lambda log, line: line.at + 1)(log, line)
    return line.label


@mutator("tick_id", TICK)
def a_tick_of_another_name(world, log, line):
    twist(id=lambda log, line: made_id(line.at, "another name"))(log, line)
    return line.label


@mutator("tick_missing", TICK)
def a_tick_that_is_gone(world, log, line):
    """Behind it stands an entry, as no other tick would miss it."""
    behind = [one for one in log.lines[log.lines.index(line) + 1:] if one.kind != SEAL][:1]
    if not behind or behind[0].kind == TICK:
        return None
    log.lines.remove(line)
    return behind[0].label


@mutator("tick_not_due", ENTRIES, clean=False)
def a_tick_for_nothing(world, log, line):
    """A tick counts at least one moment, so that its count is wrong too."""
    if world.before(line).is_due(line.at):
        return None
    log.now = line.at
    new = log.tick("early", kept=True)
    twist(n=1)(log, new)
    log.lines.insert(log.lines.index(line) + 1, new)
    return "early"


@mutator("key_unknown", {TICK, SEAL})
def another_clock(world, log, line):
    line.keys = [Key(log.origin, "clock", bytes(32), log.origin + "/clock")]
    return line.label


@mutator("signature_invalid", {TICK, SEAL})
def a_clock_that_signed_another_text(world, log, line):
    other = line.keys[0].line("another text\n")
    return after_signing(line, lambda leaf: leaf.rpartition("\n\n")[0] + "\n\n" + other)


@mutator("seal_root", SEAL)
def other_balances(world, log, line):
    twist(root=NO_HASH)(log, line)
    return line.label


@mutator("seal_accounts", SEAL)
def an_account_too_many(world, log, line):
    twist(accounts=more_of("accounts"))(log, line)
    return line.label


@mutator("seal_size", SEAL)
def another_size(world, log, line):
    twist(size=more_of("size"))(log, line)
    return line.label


@mutator("seal_time", SEAL)
def a_seal_that_lasts(world, log, line):
    twist(valid_until=lambda log, line: line.at + 1)(log, line)
    return line.label


@mutator("seal_id", SEAL)
def a_seal_of_another_name(world, log, line):
    twist(id=lambda log, line: made_id(line.at, "another name"))(log, line)
    return line.label


@mutator("seal_missing", SEAL)
def a_seal_that_is_gone(world, log, line):
    """The leaf in its place is where it is missed."""
    rest = log.lines[log.lines.index(line) + 1:]
    line.dropped = True
    return rest[0].label if rest else None


@mutator("seal_early", SEAL)
def a_seal_behind_a_seal(world, log, line):
    again = line.copy()
    again.label, again.kept = "again", True
    log.lines.insert(log.lines.index(line) + 1, again)
    return "again"
