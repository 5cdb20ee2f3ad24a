# SPDX-License-Identifier: AGPL-3.0-or-later
"""offer.publish, offer.renew, offer.withdraw: SPEC 6.6."""
from sem_audit.refusal import need
from sem_audit.rules.common import active, check_expires, check_skill
from sem_audit.state import Offer


def publish_signers(state, entry):
    need(entry.by in entry["providers"], "field_invalid", "by")
    return active(state, entry["providers"])


def publish_check(state, entry):
    check_skill(state, entry)
    check_expires(state, entry, "offer_days_max")


def publish_apply(state, entry):
    state.things[entry.ref] = Offer(entry.ref, set(entry["providers"]))
    state.set_due("offer_expiry", entry.ref, entry["expires"])
    state.commit(entry.ref, "details", entry["details"], entry["providers"])


def own_offer(state, entry):
    """The offer, which must be the author's as well."""
    offer = state.thing(entry, "offer", must_be_open=False)
    need(entry.by in offer.providers, "not_yours", "offer", "", entry["offer"])
    return offer


def open_check(state, entry):
    state.thing(entry, "offer")


def renew_signers(state, entry):
    return active(state, own_offer(state, entry).providers)


def renew_check(state, entry):
    open_check(state, entry)
    check_expires(state, entry, "offer_days_max")


def renew_apply(state, entry):
    if state.things[entry["offer"]].state == "open":
        state.set_due("offer_expiry", entry["offer"], entry["expires"])


def withdraw_check(state, entry):
    own_offer(state, entry)
    open_check(state, entry)


def withdraw_apply(state, entry):
    state.end(state.things[entry["offer"]], "withdrawn", entry.at)
