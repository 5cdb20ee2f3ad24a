# SPDX-License-Identifier: AGPL-3.0-or-later
"""need.publish, need.vouch, need.withdraw: SPEC 6.7."""
from sem_audit.days import DAY_MS, quarter_of
from sem_audit.refusal import need
from sem_audit.rules.common import active, check_expires, check_mandates, check_skill
from sem_audit.state import Need

PAUSED = 4      # the step at which requests rest: SPEC 18.7


def publish_check(state, entry):
    check_skill(state, entry)
    check_expires(state, entry, "need_days_max")
    need(entry["urgent"] or state.step(entry.by, entry.at) < PAUSED, "paused", entry.by)


def publish_apply(state, entry):
    asker = state.orgs[entry.by]
    asker.needs += 1
    made = Need(entry.ref, entry.by, entry["minutes"], entry["urgent"])
    made.published, made.number = entry.at, asker.needs
    made.fragile = state.is_fragile(entry.by, entry.at)
    state.things[entry.ref] = made
    state.set_due("need_expiry", entry.ref, entry["expires"])
    state.commit(entry.ref, "details", entry["details"], {entry.by})


def vouch_signers(state, entry):
    return active(state, {entry.by, *entry.get("panel", ())})


def vouch_check(state, entry):
    found = state.thing(entry, "need")
    need(entry.by != found.asker, "vouch_own")
    need(found.declared, "not_urgent")
    need(not found.in_force and entry.by != found.voucher, "already_vouched")
    panel, quota = entry.get("panel"), state.policy["urgent_quota"]
    if panel is None:
        count = confirmed(state, found.asker, entry.at)
        need(count < quota, "urgent_quota", "need", quota, count)
    else:
        need(not {found.asker, entry.by} & set(panel), "field_invalid", "panel")
        check_mandates(state, panel, entry.at)


def confirmed(state, asker, at):
    """Urgencies of an asker that were confirmed in this quarter without the panel."""
    quarter, count = state.orgs[asker].vouched
    return count if quarter == quarter_of(at) else 0


def vouch_apply(state, entry):
    found = state.things[entry["need"]]
    if found.state != "open":   # as it can be where that check was waived
        return
    if entry.get("panel") is None:
        count = confirmed(state, found.asker, entry.at)
        state.orgs[found.asker].vouched = quarter_of(entry.at), count + 1
    found.voucher = entry.by
    found.in_force = True
    state.set_due("urgency_lapse", found.ref, entry.at + state.policy["urgent_days"] * DAY_MS)


def withdraw_check(state, entry):
    found = state.thing(entry, "need", must_be_open=False)
    need(entry.by == found.asker, "not_yours", "need", "", entry["need"])
    state.thing(entry, "need")


def withdraw_apply(state, entry):
    state.end(state.things[entry["need"]], "withdrawn", entry.at)
