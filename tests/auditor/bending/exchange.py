# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers, needs, agreements and hours."""
from bending.base import ENTRIES, PUBLISHED, mutator, pairs_of, put, with_minutes
from build import DAY_MS, made_id, share
from bends import sets
from remake import ASSERTION
from semclient import day_of
from sem_audit.kinds import REFS


@mutator("ref_unknown", {"offer.publish", "need.publish", "agreement.sign", "hours.record"})
def a_leaf_that_is_gone(world, log, line):
    """It shows where it is named first; the rest of what hangs on it must be a consequence."""
    naming = [one.label for one in log.lines for name in REFS if one.fields.get(name) == line.ref]
    if not naming:
        return None
    log.lines.remove(line)
    return naming[0]


def of_things(world, line, kind, fits=lambda thing: True):
    """Things of this kind before the line."""
    state = world.before(line)
    return state, [thing for thing in state.things.values()
                   if thing.kind == kind and fits(thing)]


@mutator("not_yours", {"offer.withdraw", "need.withdraw"})
def the_thing_of_another(world, log, line):
    state = world.before(line)
    thing = state.things[line.fields.get("offer") or line.fields["need"]]
    owners = thing.providers if thing.kind == "offer" else {thing.asker}
    other = world.others(state, *owners)[0]
    line.fields["by"], line.keys = other, [world.signer(state, other)]
    return line.label


@mutator("already_closed", ENTRIES)
def ending_what_has_ended(world, log, line):
    state, offers = of_things(world, line, "offer", lambda thing: thing.state != "open")
    for thing in offers:
        for handle in sorted(thing.providers & set(world.others(state))):
            return put(log, line, "offer.withdraw", handle, [world.signer(state, handle)],
                       offer=thing.ref)
    return None


@mutator("expires_out_of_range", PUBLISHED | {"agreement.sign", "agreement.change", "offer.renew"})
def too_long(world, log, line):
    key = line.kind.split(".")[0] + "_days_max"
    line.fields["expires"] = line.at + log.lines[0].fields["policy"][key] * DAY_MS + 1
    return line.label


@mutator("skill_unknown", PUBLISHED | {"hours.record"})
def a_skill_outside_the_catalogue(world, log, line):
    line.fields["skill"] = "chant"
    return line.label


@mutator("vouch_own", "need.vouch")
def the_asker_vouches(world, log, line):
    state = world.before(line)
    asker = state.things[line.fields["need"]].asker
    if asker not in world.others(state):
        return None
    line.fields["by"], line.keys = asker, [world.signer(state, asker)]
    return line.label


def vouch(world, log, line, fits):
    state, needs = of_things(world, line, "need", lambda one: one.state == "open" and fits(one))
    for need in needs:
        for handle in world.others(state, need.asker, need.voucher):
            return put(log, line, "need.vouch", handle, [world.signer(state, handle)],
                       need=need.ref)
    return None


@mutator("already_vouched", ENTRIES)
def a_second_voucher(world, log, line):
    return vouch(world, log, line, lambda need: need.in_force)


@mutator("not_urgent", ENTRIES)
def what_nobody_called_urgent(world, log, line):
    return vouch(world, log, line, lambda need: not need.declared)


@mutator("already_erased", "details.erase")
def erased_before(world, log, line):
    return put(log, line, "details.erase", line.fields["by"], line.keys,
               subject=line.fields["subject"], slot=line.fields["slot"])


@mutator("parties_mismatch", "agreement.change")
def one_more_party(world, log, line):
    state = world.before(line)
    others = world.others(state, *(end for pair in pairs_of(line) for end in pair))
    if not others:
        return None
    pairs = {**pairs_of(line), (others[0], line.fields["shares"][0]["to"]): 1}
    line.fields["shares"] = [share(*pair, minutes) for pair, minutes in sorted(pairs.items())]
    line.keys = [*line.keys, world.signer(state, others[0])]
    return line.label


@mutator("hours_over_agreement", "hours.record")
def more_than_was_agreed(world, log, line):
    if "agreement" not in line.fields:
        return None
    agreement = world.before(line).things[line.fields["agreement"]]
    first = line.fields["shares"][0]
    return with_minutes(world, line, 0, agreement.left((first["from"], first["to"])) + 1)


@mutator("limit_crossed", "hours.record")
def beyond_the_line(world, log, line):
    if line.fields.keys() & {"agreement", "need"} or line.fields.get("gift"):
        return None
    return with_minutes(world, line, 0, 5000)


@mutator("limit_crossed", "agreement.sign")
def reserved_beyond_the_line(world, log, line):
    return with_minutes(world, line, 0, 5000)


@mutator("change_below_recorded", ENTRIES)
def less_than_was_recorded(world, log, line):
    state, found = of_things(world, line, "agreement", lambda thing: thing.state == "live"
                             and max(thing.recorded.values(), default=0) > 1)
    for thing in found:
        if not thing.parties <= set(world.others(state)):
            continue
        pair = next(pair for pair, minutes in thing.recorded.items() if minutes > 1)
        shares = [share(*one, thing.recorded[pair] - 1 if one == pair else minutes)
                  for one, minutes in sorted(thing.reserved.items())]
        return put(log, line, "agreement.change", sorted(thing.parties)[0],
                   [world.signer(state, handle) for handle in thing.parties], shares=shares,
                   agreement=thing.ref, expires=line.at + DAY_MS)
    return None


@mutator("reverse_too_much", "hours.reverse")
def more_than_was_given(world, log, line):
    first = line.fields["shares"][0]
    hours = world.before(line).things[line.fields["hours"]]
    return with_minutes(world, line, 0, hours.left[first["from"], first["to"]] + 1)


@mutator("day_out_of_range", "hours.record")
def help_of_tomorrow(world, log, line):
    line.fields["day"] = day_of(line.at + DAY_MS)
    return line.label


@mutator("day_out_of_range", "hours.record")
def help_of_long_ago(world, log, line):
    line.fields["day"] = day_of(line.at - 367 * DAY_MS)
    return line.label


@mutator("agreement_mismatch", "agreement.sign")
def the_offer_of_somebody_else(world, log, line):
    givers = {pair[0] for pair in pairs_of(line)}
    _, offers = of_things(world, line, "offer", lambda thing: thing.state == "open"
                          and not thing.providers & givers)
    if not offers:
        return None
    line.fields["offer"] = offers[0].ref
    return line.label


@mutator("assertion_false", ASSERTION)
def a_counter_that_is_not_so(world, log, line):
    name = ("given_pending", "moves", "received_posted")[len(log.lines) % 3]
    sets(**{name: line.fields[name] + 1})(log, line)
    return line.label


@mutator("ref_unknown", "hours.record")
def a_late_reference(world, log, line):
    """Behind the end of the log, when the hours can be taken back no more."""
    return late(world, log, line, 1)


def late(world, log, line, ms):
    state = world.end.state
    parties = sorted({end for pair in pairs_of(line) for end in pair})
    if not set(parties) <= set(world.others(state)) or not all(
            state.things[line.ref].left.values()):
        return None
    last = log.lines[-1]
    put(log, last, "hours.reverse", parties[0], [world.signer(state, one) for one in parties],
        hours=line.ref, shares=[share(*pair, 1) for pair in sorted(pairs_of(line))])
    new, days = log.line("new"), log.lines[0].fields["policy"]["reference_days_max"]
    new.at = line.at + days * DAY_MS + ms
    new.fields.update(at=new.at, id=made_id(new.at, "late"), valid_until=new.at + DAY_MS)
    return "new" if new.at >= last.at else None
