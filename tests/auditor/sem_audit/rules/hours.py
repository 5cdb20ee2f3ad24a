# SPDX-License-Identifier: AGPL-3.0-or-later
"""hours.record and hours.reverse: SPEC 6.9."""
from sem_audit import days, limits
from sem_audit.refusal import need
from sem_audit.rules import pool
from sem_audit.rules.common import active, check_skill, sum_by_receiver
from sem_audit.state import Hours

DAYS_BACK_MAX = 366


def share_parties(state, entry):
    need(entry.by in entry.parties, "field_invalid", "by")
    return active(state, entry.parties)


# --- hours.record ---------------------------------------------------------------------------------

def record_check(state, entry):
    today, day = days.day_of(entry.at), days.parse_day(entry["day"])
    need(today - DAYS_BACK_MAX <= day <= today, "day_out_of_range", "day", "", entry["day"])
    check_skill(state, entry)
    need(not (entry.get("agreement") and entry.get("need")), "field_invalid", "need")
    if entry.get("agreement"):
        check_agreed(state, entry)
    else:
        check_direct(state, entry)


def check_agreed(state, entry):
    """With an agreement the hours always pass, as far as it reaches."""
    agreement = state.thing(entry, "agreement")
    for pair, minutes in entry.shares.items():
        need(pair in agreement.reserved, "parties_mismatch")
        if pair in agreement.reserved:
            need(minutes <= agreement.left(pair), "hours_over_agreement", entry.path_of(pair),
                 agreement.left(pair), minutes)


def check_direct(state, entry):
    need_ = None
    if entry.get("need"):
        need_ = state.thing(entry, "need", must_be_open=False)
        need(need_.asker in entry.receivers, "agreement_mismatch")
    if not entry.get("gift") and not limits.is_urgent(state, need_, entry.shares):
        limits.check(state, entry.at, sum_by_receiver(entry.shares), True, need_)


def record_apply(state, entry):
    agreement = state.things.get(entry.get("agreement"))
    need_ref = agreement.need if agreement else entry.get("need")
    paid = pool.payments(state, entry, state.things.get(need_ref), agreement)
    if agreement:
        with state.reserving(agreement):
            for pair, minutes in entry.shares.items():
                agreement.recorded[pair] = agreement.recorded.get(pair, 0) + minutes
    hours = Hours(entry.ref, entry.at, entry.shares, bool(entry.get("gift")), need_ref)
    state.things[entry.ref] = hours
    state.post(hours, entry.shares, +1)
    pool.pay(state, hours, paid)
    state.serve(hours.need, entry.shares, +1, entry.at)
    count(state, entry.shares, +1)
    for pair in entry.shares:
        state.pairs[pair].count += 1
    if entry.get("details"):
        state.commit(entry.ref, "details", entry["details"], entry.parties)


def count(state, shares, sign):
    """One exchange for everybody who gives, one for everybody who receives."""
    for giver in {pair[0] for pair in shares}:
        state.orgs[giver].times_given += sign
    for receiver in {pair[1] for pair in shares}:
        state.orgs[receiver].times_received += sign


# --- hours.reverse --------------------------------------------------------------------------------

def reverse_check(state, entry):
    hours = state.thing(entry, "hours")
    for pair, minutes in entry.shares.items():
        need(pair in hours.left, "parties_mismatch")
        if pair in hours.left:
            need(minutes <= hours.left[pair], "reverse_too_much", entry.path_of(pair),
                 hours.left[pair], minutes)


def reverse_apply(state, entry):
    """A pair that the record does not have, as there can be where that check was waived, is
    skipped."""
    hours = state.things[entry["hours"]]
    shares = {pair: minutes for pair, minutes in entry.shares.items() if pair in hours.left}
    for pair, minutes in shares.items():
        pool.take_back(state, hours, pair, minutes)
        hours.left[pair] -= minutes
        if hours.left[pair] == 0:
            state.pairs[pair].count -= 1
    state.post(hours, shares, -1)
    state.serve(hours.need, shares, -1, entry.at)
    if shares and not any(hours.left.values()):
        count(state, hours.left, -1)
