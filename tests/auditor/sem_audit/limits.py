# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines and what they refuse: SPEC 8.1, 8.2; and what leans on them: SPEC 18.8."""
from sem_audit.refusal import need


def floor_of(org, policy, at, crisis=False):
    """How far below zero an organisation may stand."""
    new = policy["limit_floor_new"]
    floor = new
    if org.times_given >= policy["limit_floor_new_gifts"]:
        grown = (policy["limit_floor_base"]
                 + org.given_in_window(at) // policy["limit_floor_divisor"])
        floor = max(new, min(policy["limit_floor_max"], grown))
    return floor * policy["crisis_floor_permille"] // 1000 if crisis else floor


def floor_in(state, org, at):
    return floor_of(org, state.policy, at, state.in_crisis(at))


def hard_stop(floor, policy):
    return floor * policy["limit_hard_permille"] // 1000


def is_urgent(state, need_, shares, own=None, already=0):
    """Whether an entry with these shares is exempt: its need is urgent in force, everything goes to
    the asker, the voucher gives nothing, and no more is taken than the need still asks for. `own`
    is the agreement that the entry is about; so many of the minutes were served `already`."""
    if need_ is None or not need_.in_force:
        return False
    if {receiver for _, receiver in shares} != {need_.asker}:
        return False
    if need_.voucher in {giver for giver, _ in shares}:
        return False
    return sum(shares.values()) - already <= still_asked(state, need_, own)


def still_asked(state, need_, own=None):
    return need_.minutes - need_.served - kept_for(state, need_, own)


def kept_for(state, need_, own):
    """What the asker still has reserved under the other live agreements that name the need."""
    return sum(thing.left(pair) for thing in state.live_agreements()
               if thing is not own and thing.need == need_.ref
               for pair in thing.reserved if pair[1] == need_.asker)


def covered(state, at, need_, handle, minutes, own=None):
    """What the pool can pay of the minutes that a receiver asks now."""
    if need_ is None or handle != need_.asker or not state.is_fragile(handle, at):
        return 0
    return max(0, min(minutes, still_asked(state, need_, own), state.budget - state.spent))


def check(state, at, asked, soft, need_=None, own=None):
    """Holds receivers {handle: minutes asked now} to their lines. Between the floor and the hard
    stop a move passes when `soft`; an entry that is urgent does not come here."""
    policy = state.policy
    for handle, minutes in asked.items():
        minutes -= covered(state, at, need_, handle, minutes, own)
        if minutes <= 0:
            continue
        org = state.orgs[handle]
        projected = org.position - org.received_pending - minutes
        floor = floor_in(state, org, at)
        line = hard_stop(floor, policy) if soft else floor
        need(projected >= -line, "limit_crossed", handle, -line, projected)


# --- Leaning positions ----------------------------------------------------------------------------

def look(state, org, at):
    """Whether it leans, after its counters changed."""
    policy, position = state.policy, org.position
    line = policy["limit_ceiling"] if position > 0 else floor_in(state, org, at)
    for name, least in (("leaning_since", "ladder_lean_permille"),
                        ("strained_since", "ladder_strain_permille")):
        if 1000 * abs(position) < policy[least] * line:
            setattr(org, name, 0)
        elif not getattr(org, name):
            setattr(org, name, at)
