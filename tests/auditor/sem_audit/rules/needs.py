# SPDX-License-Identifier: AGPL-3.0-or-later
"""need.publish, need.vouch, need.withdraw: SPEC 6.7."""
from sem_audit.days import DAY_MS
from sem_audit.refusal import need
from sem_audit.rules.common import check_expires, check_skill
from sem_audit.state import Need


def publish_check(state, entry):
    check_skill(state, entry)
    check_expires(state, entry, "need_days_max")


def publish_apply(state, entry):
    state.things[entry.ref] = Need(entry.ref, entry.by, entry["minutes"], entry["urgent"])
    state.set_due("need_expiry", entry.ref, entry["expires"])
    state.commit(entry.ref, "details", entry["details"], {entry.by})


def vouch_check(state, entry):
    found = state.thing(entry, "need")
    need(entry.by != found.asker, "vouch_own")
    need(found.declared, "not_urgent")
    need(not found.in_force and entry.by != found.voucher, "already_vouched")


def vouch_apply(state, entry):
    found = state.things[entry["need"]]
    if found.state != "open":   # as it can be where that check was waived
        return
    found.voucher = entry.by
    found.in_force = True
    state.set_due("urgency_lapse", found.ref, entry.at + state.policy["urgent_days"] * DAY_MS)


def withdraw_signers(state, entry):
    state.org(entry.by)
    found = state.thing(entry, "need", must_be_open=False)
    need(entry.by == found.asker, "not_yours", "need", "", entry["need"])
    return {entry.by}


def withdraw_check(state, entry):
    state.thing(entry, "need")


def withdraw_apply(state, entry):
    state.end(state.things[entry["need"]], "withdrawn", entry.at)
