# SPDX-License-Identifier: AGPL-3.0-or-later
"""The common pool: pool.give, what it pays for hours, its closings, and crises. SPEC 6.13, 18.4 to
18.6."""
from fractions import Fraction

from sem_audit import days, limits
from sem_audit.refusal import need
from sem_audit.state import Closing


def give_check(state, entry):
    position = state.orgs[entry.by].position
    need(entry["minutes"] <= position, "pool_over_position", "minutes", max(0, position),
         entry["minutes"])


def give_apply(state, entry):
    state.move(state.orgs[entry.by], -entry["minutes"])


# --- Hours ----------------------------------------------------------------------------------------

def payments(state, entry, need_, agreement):
    """{pair: minutes} that the pool pays for hours that are not applied yet."""
    if need_ is None or entry.get("gift") or not state.can_be_named(need_, entry.at):
        return {}
    shares = {pair: minutes for pair, minutes in entry.shares.items() if pair[1] == need_.asker}
    received = sum(shares.values())
    eligible = min(received, max(0, need_.minutes - need_.served))
    rate = rate_of(state, entry, need_, agreement, received, eligible)
    budget, paid = max(0, state.budget - state.spent), {}
    for pair, minutes in shares.items():
        dealt = min(minutes, eligible)
        paid[pair] = min(int(Fraction(dealt * rate, 1000)), budget)
        eligible -= dealt
        budget -= paid[pair]
    return paid


def rate_of(state, entry, need_, agreement, received, eligible):
    policy = state.policy
    if limits.is_urgent(state, need_, entry.shares, own=agreement):
        return policy["pool_urgent_permille"]
    status = state.status(need_.asker, entry.at)
    if status is None:
        return 0
    rate = min(status.pool_permille, policy["pool_rate_permille"])
    if state.is_fragile(need_.asker, entry.at):
        asker = state.orgs[need_.asker]
        after = asker.position - received + eligible * rate // 1000
        if after < -limits.floor_in(state, asker, entry.at):
            return 1000
    return rate


def pay(state, hours, paid):
    for pair, minutes in paid.items():
        hours.paid[pair] = minutes
        state.pay(pair[1], minutes)
        state.spent += minutes


def take_back(state, hours, pair, minutes):
    """Of a share, before these minutes of it are taken back; the budget stays spent."""
    before, left = hours.paid.get(pair, 0), hours.left[pair]
    after = int(Fraction(before * (left - minutes), left)) if left else 0
    if before:
        hours.paid[pair] = after
        state.pay(pair[1], after - before)


# --- Closings -------------------------------------------------------------------------------------

def dealt(total, weights):
    """So many whole minutes in proportion to the weights, whose sum is above 0. The largest
    remainders, of equal ones the first, are rounded up."""
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [int(one) for one in exact]
    by_remainder = sorted(range(len(weights)), key=lambda at: (parts[at] - exact[at], at))
    for at in by_remainder[:total - sum(parts)]:
        parts[at] += 1
    return parts


def weight_of(state, org, moment):
    capacity = state.policy["capacity_default"] if org.capacity is None else org.capacity
    status = state.status(org.handle, moment)
    return capacity * (1000 if status is None else status.levy_permille)


def close(state, moment):
    """The quarter that ends at this moment; gives the lines of its effects."""
    members = state.members()
    weights = [weight_of(state, org, moment) for org in members]
    given, forgiven = {org.handle: 0 for org in members}, {org.handle: 0 for org in members}
    deficit = max(0, -state.pool)
    if deficit and sum(weights):
        levy(state, members, dealt(deficit, weights), given)
    levy(state, members, [share_beyond(state, org.position, "forgive_levy_divisor")
                          for org in members], given)
    forgive(state, moment, members, forgiven)
    contributing = sum(weight > 0 for weight in weights)
    state.budget, state.spent = state.policy["pool_cap"] * contributing, 0
    if state.in_crisis(moment):
        widen(state)
    state.closings.append(Closing(moment, deficit, sum(given.values()), sum(forgiven.values()),
                                  state.budget))
    return [f"{handle} {given[handle]} {forgiven[handle]}\n" for handle in given
            if given[handle] or forgiven[handle]] + [f"budget {state.budget}\n"]


def levy(state, members, parts, given):
    for org, minutes in zip(members, parts):
        state.move(org, -minutes)
        given[org.handle] += minutes


def share_beyond(state, height, divisor_key):
    """One part in so many of what lies beyond the band; 0 when that is off."""
    divisor, beyond = state.policy[divisor_key], height - state.policy["forgive_band"]
    return beyond // divisor if divisor and beyond > 0 else 0


def forgive(state, moment, members, forgiven):
    """Fragile members first; each group shares what the pool has."""
    for fragile in (True, False):
        group = [org for org in members if state.is_fragile(org.handle, moment) == fragile]
        wanted = [share_beyond(state, -org.position, "forgive_divisor") for org in group]
        there = max(0, state.pool)
        if sum(wanted) > there:
            wanted = dealt(there, wanted)
        for org, minutes in zip(group, wanted):
            state.move(org, minutes)
            forgiven[org.handle] += minutes


def widen(state):
    state.budget = state.budget * state.policy["crisis_pool_permille"] // 1000


# --- Crises ---------------------------------------------------------------------------------------

def check_crisis(state, moment):
    """Of the month that begins at this moment; gives the line of a crisis that does too."""
    if state.in_crisis(moment) or not (too_many_urgent(state) or too_little_found(state, moment)):
        return []
    state.crisis_until = moment + state.policy["crisis_days"] * days.DAY_MS
    widen(state)
    return [f"crisis {state.crisis_until}\n"]


def needs_of(state, org):
    return [thing for thing in state.things.values()
            if thing.kind == "need" and thing.asker == org.handle]


def too_many_urgent(state):
    members = state.members()
    urgent = [org for org in members if any(one.in_force for one in needs_of(state, org))]
    return (len(members) >= state.policy["crisis_orgs_min"]
            and Fraction(len(urgent), len(members))
            > Fraction(state.policy["crisis_urgent_permille"], 1000))


def too_little_found(state, moment):
    """By the lower median of what the members found of the needs that ended lately."""
    first = moment - state.policy["crisis_fill_days"] * days.DAY_MS
    rates = []
    for org in state.members():
        needs = [one for one in needs_of(state, org)
                 if one.state in ("met", "expired") and first <= one.over_at < moment]
        if needs:
            found = sum(min(one.in_time, one.minutes) for one in needs)
            rates.append(1000 * found // sum(one.minutes for one in needs))
    if len(rates) < state.policy["crisis_orgs_min"]:
        return False
    return sorted(rates)[(len(rates) - 1) // 2] < state.policy["crisis_fill_permille"]
