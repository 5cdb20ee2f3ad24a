# SPDX-License-Identifier: AGPL-3.0-or-later
"""agreement.sign, agreement.change, agreement.close, agreement.cancel: SPEC 6.8."""
from sem_audit import limits
from sem_audit.refusal import need
from sem_audit.rules.common import active, check_expires, sum_by_receiver
from sem_audit.rules.needs import PAUSED
from sem_audit.state import Agreement

COSIGNED = 3    # the step from which on promises need a cosigner: SPEC 18.7


# --- agreement.sign -------------------------------------------------------------------------------

def sign_signers(state, entry):
    need(entry.by in entry.parties, "field_invalid", "by")
    cosigner = entry.get("cosigner")
    need(cosigner not in entry.parties, "field_invalid", "cosigner")
    return active(state, entry.parties | ({cosigner} if cosigner else set()))


def sign_check(state, entry):
    check_expires(state, entry, "agreement_days_max")
    for giver, _ in entry.shares:
        need(entry.get("cosigner") or state.step(giver, entry.at) < COSIGNED, "cosigner_missing",
             giver)
    need_ = None
    if entry.get("offer"):
        offer = state.thing(entry, "offer")
        need(offer.providers & entry.givers, "agreement_mismatch")
    if entry.get("need"):
        need_ = state.thing(entry, "need")
        need(need_.asker in entry.receivers, "agreement_mismatch")
    check_receivers(state, entry, need_, sum_by_receiver(entry.shares))


def check_receivers(state, entry, need_, asked, own=None):
    """Steps and lines of those who get more; an urgent entry passes both."""
    already = sum(own.recorded.values()) if own else 0
    if limits.is_urgent(state, need_, entry.shares, own, already):
        return
    for handle, minutes in asked.items():
        need(minutes <= 0 or state.step(handle, entry.at) < PAUSED, "paused", handle)
    limits.check(state, entry.at, asked, state.policy["limit_soft"] == 1, need_, own)


def sign_apply(state, entry):
    agreement = Agreement(entry.ref, entry.shares, entry.get("need"))
    state.things[entry.ref] = agreement
    state.reserve(agreement, +1)
    state.set_due("agreement_expiry", entry.ref, entry["expires"])
    state.commit(entry.ref, "details", entry["details"], entry.parties)
    if entry.get("people"):
        state.commit(entry.ref, "people", entry["people"], entry.parties)


# --- What follows an agreement --------------------------------------------------------------------

def own_agreement(state, entry):
    """The agreement, which must be the author's as well."""
    agreement = state.thing(entry, "agreement", must_be_open=False)
    need(entry.by in agreement.parties, "not_yours", "agreement", "", entry["agreement"])
    return agreement


def live_check(state, entry):
    state.thing(entry, "agreement")


def all_parties(state, entry):
    return active(state, own_agreement(state, entry).parties)


def cancel_check(state, entry):
    own_agreement(state, entry)
    live_check(state, entry)


def change_signers(state, entry):
    """The parties of the new shares, who must be those of the agreement as `check` says."""
    return active(state, entry.parties | {entry.by})


def change_check(state, entry):
    own_agreement(state, entry)
    agreement = state.thing(entry, "agreement")
    check_expires(state, entry, "agreement_days_max")
    need(entry.parties == agreement.parties, "parties_mismatch")
    for pair, recorded in agreement.recorded_in_order():
        need(entry.shares.get(pair, 0) >= recorded, "change_below_recorded", entry.path_of(pair),
             recorded, entry.shares.get(pair, 0))
    before, after = sum_by_receiver(agreement.reserved), sum_by_receiver(entry.shares)
    growth = {handle: minutes - before.get(handle, 0) for handle, minutes in after.items()}
    check_receivers(state, entry, state.things.get(agreement.need), growth, agreement)


def change_apply(state, entry):
    agreement = state.things[entry["agreement"]]
    with state.reserving(agreement):
        agreement.reserved = dict(entry.shares)
    if agreement.state == "live":
        state.set_due("agreement_expiry", agreement.ref, entry["expires"])


def close_apply(state, entry):
    state.end(state.things[entry["agreement"]], "closed", entry.at)


def cancel_apply(state, entry):
    state.end(state.things[entry["agreement"]], "cancelled", entry.at)
