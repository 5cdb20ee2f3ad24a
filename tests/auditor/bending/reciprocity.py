# SPDX-License-Identifier: AGPL-3.0-or-later
"""The common pool, status, promises and steps."""
from bending.base import ENTRIES, after_signing, mutator, pairs_of, put
from bending.exchange import of_things
from bends import twist
from build import DAY_MS, hash_of
from mutations import NO_HASH
from remake import ASSERTION, SEAL, TICK
from sem_audit.kinds import KINDS
from sem_audit.rules import clock, needs, panel as rules

# Entries that change nobody's position, status, step or promises: what was so before such a line is
# so behind it.
CALM = ENTRIES & {"org.update", "org.confirm", "key.add", "details.erase", "offer.publish",
                  "offer.renew", "offer.withdraw", "need.publish", "need.vouch", ASSERTION}


def drop_signers(line, *handles):
    line.keys = [key for key in line.keys if key.handle not in handles]


# --- The pool -------------------------------------------------------------------------------------

@mutator("pool_over_position", "pool.give")
def more_than_it_has(world, log, line):
    line.fields["minutes"] = world.before(line).orgs[line.fields["by"]].position + 1
    return line.label


@mutator("pool_over_position", CALM)
def giving_from_below_zero(world, log, line):
    state = world.before(line)
    for handle in world.others(state):
        if state.orgs[handle].position < 0:
            return put(log, line, "pool.give", handle, [world.signer(state, handle)], minutes=1)
    return None


@mutator("signature_invalid", "hours.record")
def help_that_the_pool_paid_for(world, log, line):
    """Edited after signing: without it the pool, the line and the closing stand elsewhere."""
    hours = world.end.state.things[line.ref]
    if not sum(hours.paid.values()):
        return None
    minutes = line.fields["shares"][0]["minutes"]
    return after_signing(line, lambda leaf: leaf.replace(
        f'"minutes":{minutes},', f'"minutes":{minutes + 1},', 1))


@mutator("signature_invalid", {"org.update", "org.admit"})
def a_capacity_after_signing(world, log, line):
    capacity = line.fields.get("capacity")
    if capacity is None:
        return None
    return after_signing(line, lambda leaf: leaf.replace(
        f'"capacity":{capacity},', f'"capacity":{capacity + 1},', 1))


@mutator("field_invalid", {"org.update", "org.admit"})
def more_than_a_month_has(world, log, line):
    line.fields["capacity"] = 600_001
    return line.label


# --- What the calendar does -----------------------------------------------------------------------

def processed(world, line):
    """The moments of this tick."""
    return clock.advance(world.before(line), line.at)


@mutator("tick_effects", TICK)
def a_closing_of_one_minute_more(world, log, line):
    moments = processed(world, line)
    if not any(" pool_closing " in one.lines for one in moments):
        return None
    forged = [one._replace(lines=one.lines[:-1] + "0\n") if " pool_closing " in one.lines else one
              for one in moments]
    twist(effects_hash=clock.effects_hash(forged))(log, line)
    return line.label


@mutator("tick_effects", TICK)
def a_crisis_that_was_none(world, log, line):
    moments = processed(world, line)
    for at, one in enumerate(moments):
        if " crisis_check " in one.lines and "crisis " not in one.lines.split("\n")[1]:
            until = int(one.lines.split(" ")[0]) + 20 * DAY_MS
            moments[at] = one._replace(lines=f"{one.lines}crisis {until}\n")
            twist(effects_hash=clock.effects_hash(moments))(log, line)
            return line.label
    return None


@mutator("tick_totals", TICK)
def a_pool_that_kept_a_minute(world, log, line):
    if not any(" pool_closing " in one.lines for one in processed(world, line)):
        return None
    twist(totals=lambda log, line: {**line.fields["totals"],
                                    "pool": line.fields["totals"]["pool"] + 1})(log, line)
    return line.label


@mutator("tick_missing", TICK)
def a_quarter_that_never_ended(world, log, line):
    behind = [one for one in log.lines[log.lines.index(line) + 1:] if one.kind != SEAL][:1]
    if (not behind or behind[0].kind == TICK
            or not any(" pool_closing " in one.lines for one in processed(world, line))):
        return None
    log.lines.remove(line)
    return behind[0].label


# --- Status ---------------------------------------------------------------------------------------

@mutator("field_invalid", "status.grant")
def more_than_the_pool_pays(world, log, line):
    line.fields["pool_permille"] = log.lines[0].fields["policy"]["pool_rate_permille"] + 1
    return line.label


@mutator("field_invalid", "status.grant")
def a_panel_of_one(world, log, line):
    line.fields["panel"] = [line.fields["by"]]
    drop_signers(line, *{key.handle for key in line.keys} - {line.fields["by"]})
    return line.label


@mutator("field_invalid", "status.grant")
def the_panel_about_itself(world, log, line):
    fields = {name: line.fields[name] for name in KINDS["status.grant"][0]}
    org = next(one for one in fields["panel"] if one != line.fields["by"])
    return put(log, line, line.kind, line.fields["by"], line.keys, **{**fields, "org": org})


@mutator("not_panel", "status.grant")
def one_who_is_not_of_the_panel(world, log, line):
    state, fields = world.before(line), line.fields
    others = [handle for handle in world.others(state, fields["org"], *fields["panel"])
              if not state.has_mandate(handle, "panel", line.at)]
    if not others:
        return None
    fields["panel"] = sorted([*fields["panel"], others[0]])
    line.keys = [*line.keys, world.signer(state, others[0])]
    return line.label


@mutator("signer_missing", {"status.grant", "need.vouch", "step.set"})
def one_of_the_panel_who_did_not_sign(world, log, line):
    others = set(line.fields.get("panel", ())) - {line.fields["by"]}
    if not others:
        return None
    drop_signers(line, sorted(others)[0])
    return line.label


@mutator("expires_out_of_range", {"status.grant", "step.set"})
def in_force_for_too_long(world, log, line):
    key = "status_days_max" if line.kind == "status.grant" else "step_days"
    line.fields["until"] = line.at + log.lines[0].fields["policy"][key] * DAY_MS + 1
    return line.label


@mutator("signature_invalid", "status.grant")
def another_share_after_signing(world, log, line):
    share = line.fields["pool_permille"]
    return after_signing(line, lambda leaf: leaf.replace(
        f'"pool_permille":{share},', f'"pool_permille":{share // 2 + 1},', 1))


@mutator("already_closed", "status.grant")
def a_status_that_was_never_granted(world, log, line):
    """It shows where it ends."""
    org, state = line.fields["org"], world.before(line)
    behind = [one for one in log.lines[log.lines.index(line) + 1:]
              if one.kind in ("status.grant", "status.end") and one.fields["org"] == org][:1]
    if not behind or behind[0].kind != "status.end" or state.status(org, behind[0].at):
        return None
    log.lines.remove(line)
    return behind[0].label


@mutator("not_yours", CALM)
def a_status_that_another_ends(world, log, line):
    state = world.before(line)
    for org in state.members():
        if state.status(org.handle, line.at):
            others = world.others(state, org.handle)
            return put(log, line, "status.end", others[0], [world.signer(state, others[0])],
                       org=org.handle)
    return None


# --- Urgency --------------------------------------------------------------------------------------

@mutator("urgent_quota", "need.vouch")
def an_urgency_without_the_panel(world, log, line):
    state, fields = world.before(line), line.fields
    asker = state.things[fields["need"]].asker
    quota = state.policy["urgent_quota"]
    if "panel" not in fields or needs.confirmed(state, asker, line.at) < quota:
        return None
    del fields["panel"]
    line.keys = [key for key in line.keys if key.handle == fields["by"]]
    return line.label


@mutator("field_invalid", "need.vouch")
def the_asker_is_of_the_panel(world, log, line):
    state, fields = world.before(line), line.fields
    asker = state.things[fields["need"]].asker
    if "panel" not in fields or asker not in world.others(state):
        return None
    fields["panel"] = sorted([*fields["panel"], asker])
    line.keys = [*line.keys, world.signer(state, asker)]
    return line.label


# --- Promises -------------------------------------------------------------------------------------

@mutator("cosigner_missing", "agreement.sign")
def a_promise_without_its_cosigner(world, log, line):
    state = world.before(line)
    if "cosigner" not in line.fields or all(state.step(giver, line.at) < 3
                                            for giver, _ in pairs_of(line)):
        return None
    drop_signers(line, line.fields.pop("cosigner"))
    return line.label


@mutator("signer_missing", "agreement.sign")
def a_cosigner_who_did_not_sign(world, log, line):
    if "cosigner" not in line.fields:
        return None
    drop_signers(line, line.fields["cosigner"])
    return line.label


@mutator("field_invalid", "agreement.sign")
def a_party_that_cosigns(world, log, line):
    drop_signers(line, line.fields.get("cosigner"))
    line.fields["cosigner"] = line.fields["by"]
    return line.label


@mutator("nothing_broken", CALM)
def an_excuse_with_nothing_broken(world, log, line):
    state, found = of_things(world, line, "agreement", lambda thing: thing.state == "live")
    for thing in found:
        for _, receiver in thing.reserved:
            if receiver in world.others(state):
                return put(log, line, "promise.excuse", receiver,
                           [world.signer(state, receiver)], agreement=thing.ref)
    return None


@mutator("nothing_broken", "promise.excuse")
def excused_already(world, log, line):
    return put(log, line, "promise.excuse", line.fields["by"], line.keys,
               agreement=line.fields["agreement"])


@mutator("not_yours", "promise.excuse", clean=False)   # nothing may be broken to it
def an_excuse_by_the_giver(world, log, line):
    state = world.before(line)
    thing = state.things[line.fields["agreement"]]
    givers = {giver for giver, _ in thing.reserved} - {receiver for _, receiver in thing.reserved}
    for giver in sorted(givers & set(world.others(state))):
        line.fields["by"], line.keys = giver, [world.signer(state, giver)]
        return line.label
    return None


@mutator("ref_unknown", "agreement.sign")
def a_promise_that_is_gone(world, log, line):
    """It shows where it is excused; steps that followed from it are consequences."""
    naming = [one for one in log.lines if one.fields.get("agreement") == line.ref][:1]
    if not naming or naming[0].kind != "promise.excuse":
        return None
    log.lines.remove(line)
    return naming[0].label


# --- Steps ----------------------------------------------------------------------------------------

def at_step(world, line, fits):
    """(state, handles) of those with a step in force of which that is true."""
    state = world.before(line)
    return state, [org.handle for org in state.members() if org.step
                   and org.step.in_force(line.at) and fits(org.step)]


def put_need(world, log, line, handle, urgent):
    signer = world.signer(world.before(line), handle)
    if not signer:
        return None
    return put(log, line, "need.publish", handle, [signer], type="space", minutes=1, urgent=urgent,
               expires=line.at + DAY_MS, public=True, details=NO_HASH)


@mutator("paused", CALM)
def asking_at_rest(world, log, line):
    _, found = at_step(world, line, lambda step: step.number == needs.PAUSED)
    return put_need(world, log, line, found[0], False) if found else None


@mutator("paused", CALM)
def receiving_at_rest(world, log, line):
    state, found = at_step(world, line, lambda step: step.number == needs.PAUSED)
    givers = [handle for handle in world.others(state, *found) if not state.step(handle, line.at)]
    if not found or not givers or not world.signer(state, found[0]):
        return None
    return put(log, line, "agreement.sign", found[0],
               [world.signer(state, found[0]), world.signer(state, givers[0])],
               shares=[{"from": givers[0], "minutes": 1, "to": found[0]}],
               expires=line.at + DAY_MS, details=NO_HASH)


def put_step(world, log, line, org, step, by="noyer"):
    state = world.before(line)
    if org == by or org not in world.others(state) or by not in world.others(state):
        return None
    return put(log, line, "step.set", by, [world.signer(state, by)], org=org, step=step,
               until=line.at + DAY_MS, reason=hash_of("a reason"))


@mutator("step_unfounded", CALM)
def a_step_without_a_promise(world, log, line):
    state = world.before(line)
    for org in state.members():
        if not any(one.outcome == "broken" for one in state.promises(org.handle)):
            label = put_step(world, log, line, org.handle, rules.PROMISE_MEETING)
            if label:
                return label
    return None


@mutator("step_unfounded", "step.set")
def two_steps_at_once(world, log, line):
    last = world.before(line).orgs[line.fields["org"]].step
    if (last and last.number > 2) or line.fields["step"] > 3 or "panel" not in line.fields:
        return None
    line.fields["step"] = 4
    return line.label


@mutator("not_coordinator", "step.set")
def a_meeting_without_the_coordinator(world, log, line):
    state, fields = world.before(line), line.fields
    others = world.others(state, "noyer", fields["org"])
    if "panel" in fields or not others:
        return None
    fields["by"], line.keys = others[-1], [world.signer(state, others[-1])]
    return line.label


@mutator("field_invalid", "step.set")
def a_coordinator_who_goes_on_alone(world, log, line):
    fields = line.fields
    if fields["step"] < 3 or fields["by"] != "noyer":
        return None
    drop_signers(line, *set(fields.pop("panel")) - {"noyer"})
    return line.label


def put_appeal(world, log, line, handle):
    signer = world.signer(world.before(line), handle)
    return put(log, line, "step.appeal", handle, [signer]) if signer else None


@mutator("already_closed", "step.appeal")
def appealed_twice(world, log, line):
    return put_appeal(world, log, line, line.fields["by"])


@mutator("already_appealed", CALM)
def against_what_the_panel_confirmed(world, log, line):
    _, found = at_step(world, line, lambda step: step.confirmed)
    return put_appeal(world, log, line, found[0]) if found else None


@mutator("not_panel", CALM)
def a_step_that_a_coordinator_ends(world, log, line):
    state, found = at_step(world, line, lambda step: step.number > rules.PROMISE_MEETING)
    if not found or found[0] == "noyer" or not world.signer(state, "noyer"):
        return None
    return put(log, line, "step.end", "noyer", [world.signer(state, "noyer")], org=found[0])


@mutator("already_closed", "step.end")
def ended_twice(world, log, line):
    if "panel" not in line.fields and world.before(line).orgs[line.fields["org"]].step.number > 2:
        return None
    panel = {"panel": line.fields["panel"]} if "panel" in line.fields else {}
    return put(log, line, "step.end", line.fields["by"], line.keys, org=line.fields["org"],
               **panel)
