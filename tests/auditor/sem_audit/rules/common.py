# SPDX-License-Identifier: AGPL-3.0-or-later
"""What several kinds check."""
from sem_audit.days import DAY_MS
from sem_audit.refusal import need


def check_until(state, entry, field, policy_key):
    """After `at`, and at most so many days after it."""
    last = entry.at + state.policy[policy_key] * DAY_MS
    need(entry.at < entry[field] <= last, "expires_out_of_range", field, last, entry[field])


def check_expires(state, entry, policy_key):
    check_until(state, entry, "expires", policy_key)


def check_coordinator(state, handle, at):
    need(state.has_mandate(handle, "coordinator", at), "not_coordinator", "", "", handle)


def check_mandates(state, panel, at):
    for handle in panel:
        need(state.has_mandate(handle, "panel", at), "not_panel", "", "", handle)


def check_skill(state, entry):
    skill = entry.get("skill")
    need(skill is None or skill in state.founded["skills"], "skill_unknown")


def active(state, handles):
    """These organisations, all of them known and active."""
    for handle in sorted(handles):
        state.org(handle)
    return set(handles)


def sum_by_receiver(shares):
    """In the order in which they appear."""
    asked = {}
    for (_, receiver), minutes in shares.items():
        asked[receiver] = asked.get(receiver, 0) + minutes
    return asked
