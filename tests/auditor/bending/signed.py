# SPDX-License-Identifier: AGPL-3.0-or-later
"""Form and signatures."""
from bending.base import (ENTRIES, PUBLISHED, SHARED, after_signing, mutator, pairs_of, resign,
                          with_minutes)


@mutator("leaf_malformed", ENTRIES)
def no_time(world, log, line):
    return after_signing(line, lambda leaf: leaf.removeprefix("at "))


@mutator("note_malformed", ENTRIES)
def no_signature(world, log, line):
    return after_signing(line, lambda leaf: leaf.rpartition("\n\n")[0] + "\n\n")


@mutator("wrong_network", ENTRIES)
def another_network(world, log, line):
    line.first = "elsewhere.example.org/entry/v1"
    return line.label


@mutator("not_an_entry", ENTRIES)
def another_purpose(world, log, line):
    line.first = log.origin + "/login/v1"
    return line.label


@mutator("not_canonical", ENTRIES)
def white_space(world, log, line):
    return after_signing(line, lambda leaf: leaf.replace(',"kind":', ', "kind":', 1))


# Of what the others say of an organisation, nothing hangs on a kind that nobody knows.
@mutator("unknown_kind", ENTRIES - {"pool.give", "status.grant", "status.end", "step.set",
                                    "step.end", "step.appeal", "promise.excuse"})
def another_kind(world, log, line):
    line.fields["kind"] += "s"
    return line.label


@mutator("field_unknown", ENTRIES)
def a_field_too_many(world, log, line):
    line.fields["zeal"] = 1
    return line.label


@mutator("field_missing", PUBLISHED | {"agreement.sign"})
def a_field_too_few(world, log, line):
    del line.fields["details"]
    return line.label


@mutator("field_invalid", SHARED)
def nothing_given(world, log, line):
    return with_minutes(world, line, 0, 0)


@mutator("signature_invalid", SHARED)
def the_amount_after_signing(world, log, line):
    minutes = line.fields["shares"][0]["minutes"]
    return after_signing(line, lambda leaf: leaf.replace(
        f'"minutes":{minutes},', f'"minutes":{minutes + 1},', 1))


@mutator("signature_invalid", ENTRIES)
def the_signature_of_another_text(world, log, line):
    other = line.keys[0].line("another text\n")

    def change(leaf):
        body, _, tail = leaf.rpartition("\n\n")
        rows = tail.splitlines(keepends=True)
        at = next(at for at, row in enumerate(rows) if row.split(" ")[1] == other.split(" ")[1])
        return body + "\n\n" + "".join(rows[:at] + [other] + rows[at + 1:])
    return after_signing(line, change)


@mutator("signer_missing", SHARED)
def one_who_did_not_sign(world, log, line):
    line.keys = [key for key in line.keys if key.handle != line.keys[0].handle]
    return line.label


@mutator("signer_unexpected", ENTRIES)
def one_who_need_not_sign(world, log, line):
    state = world.before(line)
    others = world.others(state, *(key.handle for key in line.keys))
    if not others or line.kind == "org.leave":
        return None
    line.keys = [*line.keys, world.signer(state, others[0])]
    return line.label


@mutator("signature_order", SHARED)
def lines_turned_round(world, log, line):
    def change(leaf):
        body, _, tail = leaf.rpartition("\n\n")
        return body + "\n\n" + "".join(tail.splitlines(keepends=True)[::-1])
    return after_signing(line, change)


@mutator("signature_order", SHARED | PUBLISHED)
def one_who_signed_twice(world, log, line):
    state, first = world.before(line), line.keys[0]
    least = sum(pairs_of(line).values()) if line.kind in SHARED else 0
    more = world.keys(state, first.handle, lambda key: key.revoked_at is None
                      and key.scope != "propose" and key.public != first.public
                      and (key.ceiling is None or key.ceiling >= least))
    if not more:
        return None
    line.keys = [*line.keys, more[0]]
    return line.label


@mutator("key_unknown", ENTRIES - {"org.admit"})
def a_key_of_nobody(world, log, line):
    resign(line, line.keys[0].handle, log.key(line.keys[0].handle, "stranger"))
    return line.label


def one_of_these_keys(world, line, fits):
    state = world.before(line)
    for handle in sorted({key.handle for key in line.keys} & set(state.orgs)):
        keys = world.keys(state, handle, fits)
        if keys:
            resign(line, handle, keys[0])
            return line.label
    return None


@mutator("key_revoked", ENTRIES - {"org.leave"})
def a_key_that_is_revoked(world, log, line):
    admin = line.kind in ("key.add", "key.revoke", "org.admit")
    return one_of_these_keys(world, line, lambda key: key.revoked_at is not None
                             and key.ceiling is None
                             and (key.scope == "admin" or not admin and key.scope == "sign"))


@mutator("key_scope", SHARED | PUBLISHED)
def a_key_that_proposes(world, log, line):
    return one_of_these_keys(world, line, lambda key: key.revoked_at is None
                             and key.scope == "propose" and key.ceiling is None)


@mutator("key_scope", {"key.add", "key.revoke"})
def a_key_that_only_signs(world, log, line):
    return one_of_these_keys(world, line, lambda key: key.revoked_at is None
                             and key.scope == "sign")


@mutator("key_ceiling", SHARED)
def more_than_the_key_may_sign(world, log, line):
    state = world.before(line)
    for handle in sorted({key.handle for key in line.keys}):
        minutes = sum(value for pair, value in pairs_of(line).items() if handle in pair)
        keys = world.keys(state, handle, lambda key: key.revoked_at is None
                          and key.scope != "propose" and (key.ceiling or minutes) < minutes)
        if keys:
            resign(line, handle, keys[0])
            return line.label
    return None
