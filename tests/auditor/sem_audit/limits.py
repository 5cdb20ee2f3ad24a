# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines and what they refuse: SPEC 8.1, 8.2."""
from sem_audit.refusal import need


def floor_of(org, policy, at):
    """How far below zero an organisation may stand."""
    new = policy["limit_floor_new"]
    if org.times_given < policy["limit_floor_new_gifts"]:
        return new
    grown = (policy["limit_floor_base"]
             + org.given_in_window(at) // policy["limit_floor_divisor"])
    return max(new, min(policy["limit_floor_max"], grown))


def hard_stop(floor, policy):
    return floor * policy["limit_hard_permille"] // 1000


def is_urgent(state, need_, shares, own=None):
    """Whether an entry with these shares is exempt: its need is urgent in force, everything goes to
    the asker, the voucher gives nothing, and no more is taken than the need still asks for. `own`
    is the agreement that the entry changes; what is recorded under it was served already."""
    if need_ is None or not need_.in_force:
        return False
    if {receiver for _, receiver in shares} != {need_.asker}:
        return False
    if need_.voucher in {giver for giver, _ in shares}:
        return False
    taken = sum(shares.values()) - (sum(own.recorded.values()) if own else 0)
    return taken <= need_.minutes - need_.served - kept_for(state, need_, own)


def kept_for(state, need_, own):
    """What the asker still has reserved under the other live agreements that name the need."""
    return sum(thing.left(pair) for thing in state.live_agreements()
               if thing is not own and thing.need == need_.ref
               for pair in thing.reserved if pair[1] == need_.asker)


def check(state, at, asked, soft):
    """Holds receivers {handle: minutes asked now} to their lines. Between the floor and the hard
    stop a move passes when `soft`; an entry that is urgent does not come here."""
    policy = state.policy
    for handle, minutes in asked.items():
        if minutes <= 0:
            continue
        org = state.orgs[handle]
        projected = org.position - org.received_pending - minutes
        floor = floor_of(org, policy, at)
        line = hard_stop(floor, policy) if soft else floor
        need(projected >= -line, "limit_crossed", handle, -line, projected)
