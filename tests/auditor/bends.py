# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ways to bend a line of a log, from which the tables of mutations are made.

`bend(log, line)` changes the line in place; `insert` puts a new line after the one named."""
import collections

from build import DAY_MS, made_id, share
from remake import SEAL
from semclient import day_of
from sem_audit.rules.clock import derived_id

# `clean`: with its check waived nothing else is found; `asked`: the fault lies in the entry alone,
# so that a server must refuse the same.
Case = collections.namedtuple("Case", "name label code bend asked clean", defaults=[True, True])


def values_of(fields, log, line):
    """A value may be a function of the log and the line."""
    return {name: value(log, line) if callable(value) else value
            for name, value in fields.items()}


def edit(**fields):
    """Sets fields of the line and signs it again; None takes a field away."""
    def bend(log, line):
        line.fields.update(values_of(fields, log, line))
        line.fields = {name: value for name, value in line.fields.items() if value is not None}
    return bend


def signed(*signers):
    """The same text, signed by others; (handle, word) is another key of an organisation."""
    def bend(log, line):
        line.keys = [log.key(*one) if isinstance(one, tuple) else log.key(one) for one in signers]
    return bend


def both(*bends):
    def bend(log, line):
        for one in bends:
            one(log, line)
    return bend


def text(before, after):
    """Changes the leaf after it was signed."""
    def change(leaf):
        assert before in leaf, leaf
        return leaf.replace(before, after)

    def bend(log, line):
        line.bend = change
    return bend


def resigned(before, after):
    """Changes the text before it is signed, in a way that no field can say."""
    def bend(log, line):
        def change(leaf):
            head, _, rest = leaf.partition("\n")
            body = rest.rpartition("\n\n")[0] + "\n"
            assert before in body, body
            body = body.replace(before, after)
            return f"{head}\n{body}\n" + "".join(key.line(body) for key in line.keys)
        line.bend = change
    return bend


def lines_of_note(change):
    """Bends the list of signature lines."""
    def bend(log, line):
        def cut(leaf):
            body, _, tail = leaf.rpartition("\n\n")
            return body + "\n\n" + "".join(change(tail.splitlines(keepends=True)))
        line.bend = cut
    return bend


def insert(after, kind, by, signers=None, **fields):
    """A line labelled `new`, a second after the one named."""
    def bend(log, line):
        before = log.line(after)
        log.now = before.at + 1000
        keys = [log.key(*one) if isinstance(one, tuple) else one for one in signers or [by]]
        new = log.make("new", kind, by, keys, **values_of(fields, log, before))
        log.lines.insert(log.index(after) + 1, new)
    return bend


def drop(label):
    def bend(log, line):
        gone = log.line(label)
        if gone.kind == SEAL:
            gone.dropped = True
        else:
            log.lines.remove(gone)
    return bend


def sets(**fields):
    """`edit` of a line that `Log.settle` sets right first: an assertion."""
    def bend(log, line):
        line.twist = lambda line: edit(**fields)(log, line)
    return bend


def twist(**fields):
    """Changes what the clock says, and its id with that unless it is given."""
    def change(log, line):
        values = line.fields
        values.update(values_of(fields, log, line))
        if "id" in fields:
            return
        if line.kind == SEAL:
            values["id"] = derived_id(line.at, values["root"])
        else:
            values["id"] = derived_id(values["through"], values["effects_hash"])

    def bend(log, line):
        line.twist = lambda line: change(log, line)
    return bend


def ref_of(label):
    return lambda log, line: log.line(label).ref


def key_of(handle, word="first"):
    return lambda log, line: log.key(handle, word).hex


def later(days, ms=0):
    return lambda log, line: line.at + days * DAY_MS + ms


def day_off(days):
    return lambda log, line: day_of(line.at + days * DAY_MS)


def id_later(ms):
    return lambda log, line: made_id(line.at + ms, "another id")


def one_share(*pair):
    return [share(*pair)]
