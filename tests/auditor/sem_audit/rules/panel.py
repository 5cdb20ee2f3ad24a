# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people decide about an organisation: status.grant, status.end, promise.excuse, step.set,
step.end, step.appeal. SPEC 6.14 to 6.16."""
from sem_audit import days
from sem_audit.refusal import need
from sem_audit.rules.common import active, check_coordinator, check_mandates, check_until
from sem_audit.state import Status, Step

PROMISE_MEETING = 2     # the step for which broken promises are counted


def signers(state, entry):
    """The author and the panel."""
    return active(state, {entry.by, *entry.get("panel", ())})


def check_panel(state, entry):
    """The organisation concerned must be there too."""
    state.org(entry["org"])
    panel = entry.get("panel")
    if panel is not None:
        need(len(panel) >= state.policy["panel_min"] and entry.by in panel
             and entry["org"] not in panel, "field_invalid", "panel")
        check_mandates(state, panel, entry.at)


def commit_reason(state, entry):
    """Whom it is about may erase it too."""
    state.commit(entry.ref, "reason", entry["reason"], {entry.by, entry["org"]})


# --- Status ---------------------------------------------------------------------------------------

def grant_check(state, entry):
    need(entry["pool_permille"] <= state.policy["pool_rate_permille"], "field_invalid",
         "pool_permille")
    check_panel(state, entry)
    check_until(state, entry, "until", "status_days_max")


def grant_apply(state, entry):
    state.orgs[entry["org"]].status = Status(entry["class"], entry["levy_permille"],
                                             entry["pool_permille"], entry["until"])
    commit_reason(state, entry)


def status_end_check(state, entry):
    check_panel(state, entry)
    need(entry.get("panel") or entry.by == entry["org"], "not_yours", "org", "", entry["org"])
    need(state.status(entry["org"], entry.at), "already_closed", "org", "", entry["org"])


def status_end_apply(state, entry):
    status = state.orgs[entry["org"]].status
    if status:      # there can be none where that check was waived
        status.ended = True


# --- Promises -------------------------------------------------------------------------------------

def excusable(state, entry):
    """The promises that the author can excuse."""
    agreement = state.things[entry["agreement"]]
    return [promise for giver, promise in agreement.promises.items()
            if promise.counts_as_broken and agreement.left_of(giver, entry.by) > 0]


def excuse_check(state, entry):
    agreement = state.thing(entry, "agreement", must_be_open=False)
    need(entry.by in {receiver for _, receiver in agreement.reserved}, "not_yours", "agreement",
         "", entry["agreement"])
    need(excusable(state, entry), "nothing_broken", "agreement", "", entry["agreement"])


def excuse_apply(state, entry):
    for promise in excusable(state, entry):
        promise.excused = True


# --- Steps ----------------------------------------------------------------------------------------

def not_oneself(entry):
    need(entry["org"] != entry.by, "field_invalid", "org")


def set_check(state, entry):
    not_oneself(entry)
    need(entry.get("panel") or entry["step"] == PROMISE_MEETING, "field_invalid", "panel")
    check_panel(state, entry)
    if not entry.get("panel"):
        check_coordinator(state, entry.by, entry.at)
    check_until(state, entry, "until", "step_days")
    need(confirms(state, entry) or meeting_founded(state, entry) or rise_founded(state, entry),
         "step_unfounded", "step", "", entry["step"])


def confirms(state, entry):
    """The panel heard an appeal and takes the same step again."""
    last = state.orgs[entry["org"]].step
    return bool(entry.get("panel") and last and last.number == entry["step"] and last.appealed
                and last.running(entry.at))


def broken_promises(state, entry):
    return [one for one in state.promises(entry["org"]) if one.counts_as_broken]


def meeting_founded(state, entry):
    policy = state.policy
    broken = [one for one in broken_promises(state, entry)
              if days.within(one.ended, entry.at, policy["promise_days"])]
    return entry["step"] == PROMISE_MEETING and len(broken) >= policy["promise_meeting"]


def rise_founded(state, entry):
    """A further promise was broken after the step before, which is not long over."""
    last = state.orgs[entry["org"]].step
    if entry["step"] == PROMISE_MEETING or last is None or last.number < entry["step"] - 1:
        return False
    end = last.until if last.ended is None else last.ended
    return (entry.at < end + state.policy["promise_days"] * days.DAY_MS
            and any(one.ended > last.set_at for one in broken_promises(state, entry)))


def set_apply(state, entry):
    step = Step(entry["step"], entry.at, entry["until"], confirms(state, entry))
    state.orgs[entry["org"]].step = step
    commit_reason(state, entry)


def step_end_check(state, entry):
    not_oneself(entry)
    check_panel(state, entry)
    last = state.orgs[entry["org"]].step
    need(last and last.running(entry.at), "already_closed", "org", "", entry["org"])
    if not entry.get("panel") and last:
        need(last.number == PROMISE_MEETING, "not_panel", "", "", entry.by)
        check_coordinator(state, entry.by, entry.at)


def step_end_apply(state, entry):
    last = state.orgs[entry["org"]].step
    if last and last.running(entry.at):
        last.ended = entry.at


def appeal_check(state, entry):
    last = state.orgs[entry.by].step
    need(last and last.in_force(entry.at), "already_closed", "", "", entry.by)
    need(not (last and last.confirmed), "already_appealed", "", "", entry.by)


def appeal_apply(state, entry):
    last = state.orgs[entry.by].step
    if last and last.in_force(entry.at):
        last.appealed = True
