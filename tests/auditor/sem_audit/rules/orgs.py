# SPDX-License-Identifier: AGPL-3.0-or-later
"""org.admit, org.update, org.confirm, org.leave, details.erase, assertion.balance: SPEC 6.2, 6.3,
6.5, 6.12."""
from sem_audit import ed25519
from sem_audit.refusal import need
from sem_audit.rules.common import active, check_coordinator
from sem_audit.rules.network import SERVER_KEYS, register


def itself(state, entry):
    """The author alone signs."""
    state.org(entry.by)
    return {entry.by}


def nothing(state, entry):
    """No rule beyond those of form, signers and open things; or no effect that an audit follows."""


# --- org.admit ------------------------------------------------------------------------------------

def admit_keys(entry):
    return {entry.by: entry["key"]}


def admit_signers(state, entry):
    coordinator, sponsors = entry.get("coordinator"), entry.get("sponsors")
    need((coordinator is None) != (sponsors is None), "field_invalid", "sponsors")
    need(entry.by not in state.orgs, "handle_taken", "", "", entry.by)
    return {entry.by} | active(state, sponsors or [coordinator])


def admit_check(state, entry):
    need(entry["charter"] == state.founded["charter"], "charter_mismatch")
    if entry.get("sponsors") is not None:
        need(len(entry["sponsors"]) >= state.policy["sponsors_min"], "field_invalid", "sponsors")
    else:
        check_coordinator(state, entry["coordinator"], entry.at)
    check_new_key(state, entry["key"])


def check_new_key(state, public):
    need(ed25519.acceptable(bytes.fromhex(public)), "key_unacceptable")
    need(public not in state.public_keys, "key_in_use")
    need(public not in {state.founded[name] for name in SERVER_KEYS}, "key_in_use")


def admit_apply(state, entry):
    register(state, entry, entry.by, entry["key"])
    put_sheet(state, entry)


def put_sheet(state, entry):
    """Of the sheet only the commitment matters to an audit."""
    state.commit(entry.ref, "details", entry["details"], {entry.by})
    org = state.orgs[entry.by]
    org.capacity = entry.get("capacity", org.capacity)
    org.fte = entry.get("fte", org.fte)


# --- org.leave ------------------------------------------------------------------------------------

def leave_check(state, entry):
    heir = entry.get("to")
    if heir is not None:
        state.org(heir)
        need(heir != entry.by, "field_invalid", "to")


def leave_apply(state, entry):
    org = state.orgs[entry.by]
    for thing in list(state.things.values()):
        if thing.kind == "agreement" and thing.state == "live" and entry.by in thing.parties:
            state.end(thing, "cancelled", entry.at)
        elif thing.kind == "offer" and thing.state == "open" and entry.by in thing.providers:
            state.end(thing, "withdrawn", entry.at)
        elif thing.kind == "need" and thing.state == "open" and entry.by == thing.asker:
            state.end(thing, "withdrawn", entry.at)
    position, heir = org.position, entry.get("to")
    org.moves -= position
    if position > 0 and heir is not None:
        state.orgs[heir].moves += position
    else:
        state.pool += position
    for key in org.keys.values():
        if key.revoked_at is None:
            key.revoked_at = entry.at
    org.mandates = {}
    org.active = False


# --- details.erase --------------------------------------------------------------------------------

def erase_check(state, entry):
    found = state.commitments.get((entry["subject"], entry["slot"]))
    need(found, "ref_unknown", "subject", "", entry["subject"])
    need(entry.by in found.people or state.has_mandate(entry.by, "coordinator", entry.at),
         "not_yours", "subject", "", entry["subject"])
    need(found.erased_at is None, "already_erased")


def erase_apply(state, entry):
    state.commitments[entry["subject"], entry["slot"]].erased_at = entry.index


# --- assertion.balance ----------------------------------------------------------------------------

def assert_check(state, entry):
    for name, value in sorted(state.orgs[entry.by].counters().items()):
        need(entry[name] == value, "assertion_false", name, value, entry[name])
