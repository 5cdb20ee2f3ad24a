# SPDX-License-Identifier: AGPL-3.0-or-later
"""offer.publish, offer.renew, offer.withdraw: SPEC 6.6."""
from sem_audit.refusal import need
from sem_audit.rules.common import active, check_expires, check_skill
from sem_audit.state import Offer


def publish_signers(state, entry):
    need(entry.by in entry["providers"], "field_invalid", "providers", entry.by, "others only")
    return active(state, entry["providers"], "providers")


def publish_check(state, entry):
    check_skill(state, entry)
    check_expires(state, entry, "offer_days_max")


def publish_apply(state, entry):
    state.things[entry.ref] = Offer(entry.ref, set(entry["providers"]))
    state.set_due("offer_expiry", entry.ref, entry["expires"])
    state.commit(entry.ref, "details", entry["details"], entry["providers"])


def open_offer(state, entry):
    """The offer, which must be the author's as well."""
    state.org(entry.by, "by")
    offer = state.thing("offer", entry["offer"], must_be_open=False)
    need(entry.by in offer.providers, "not_yours", "offer", "one of its providers", entry.by)
    return state.thing("offer", entry["offer"])


def renew_signers(state, entry):
    return active(state, open_offer(state, entry).providers, "offer")


def renew_check(state, entry):
    check_expires(state, entry, "offer_days_max")


def renew_apply(state, entry):
    state.set_due("offer_expiry", entry["offer"], entry["expires"])


def withdraw_signers(state, entry):
    open_offer(state, entry)
    return {entry.by}


def withdraw_apply(state, entry):
    state.end_offer(state.things[entry["offer"]], "withdrawn")
