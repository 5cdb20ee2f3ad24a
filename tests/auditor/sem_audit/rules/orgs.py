# SPDX-License-Identifier: AGPL-3.0-or-later
"""org.admit, org.update, org.confirm, org.leave, details.erase: SPEC 6.2, 6.3, 6.5."""
from sem_audit import ed25519
from sem_audit.refusal import Refusal, need
from sem_audit.rules.network import SERVER_KEYS, register


def itself(state, entry):
    """The author alone signs."""
    state.org(entry.by, "by")
    return {entry.by}


def nothing(state, entry):
    """No rule beyond those of form, signers and open things; or no effect that an audit follows."""


# --- org.admit ------------------------------------------------------------------------------------

def admit_keys(entry):
    return {entry.by: entry["key"]}


def admit_signers(state, entry):
    coordinator, sponsors = entry.get("coordinator"), entry.get("sponsors")
    if (coordinator is None) == (sponsors is None):
        raise Refusal("field_invalid", "sponsors", "either coordinator or sponsors",
                      "neither" if sponsors is None else "both")
    need(entry.by not in state.orgs, "handle_taken", "by", "a new handle", entry.by)
    if coordinator is not None:
        state.org(coordinator, "coordinator")
        return {entry.by, coordinator}
    for i, sponsor in enumerate(sponsors):
        state.org(sponsor, f"sponsors[{i}]")
    return {entry.by, *sponsors}


def admit_check(state, entry):
    need(entry["charter"] == state.founded["charter"], "charter_mismatch", "charter",
         state.founded["charter"], entry["charter"])
    if entry.get("sponsors") is not None:
        least = state.policy["sponsors_min"]
        need(len(entry["sponsors"]) >= least, "field_invalid", "sponsors", f"{least}..16",
             len(entry["sponsors"]))
    else:
        need(state.has_mandate(entry["coordinator"], "coordinator", entry.at), "not_coordinator",
             "coordinator", "a mandate in force", entry["coordinator"])
    check_new_key(state, entry["key"])


def check_new_key(state, public):
    need(ed25519.acceptable(bytes.fromhex(public)), "key_unacceptable", "key",
         "a point of large order", public)
    need(public not in state.public_keys, "key_in_use", "key", "a key of nobody",
         state.public_keys.get(public))
    need(public not in {state.founded[name] for name in SERVER_KEYS}, "key_in_use", "key",
         "a key of nobody", "a key of the log")


def admit_apply(state, entry):
    register(state, entry, entry.by, entry["key"])
    put_sheet(state, entry)


def put_sheet(state, entry):
    """Only the commitment matters to an audit; what stands in the sheet is no rule's matter."""
    state.commit(entry.ref, "details", entry["details"], {entry.by})


# --- org.leave ------------------------------------------------------------------------------------

def leave_check(state, entry):
    heir = entry.get("to")
    if heir is not None:
        state.org(heir, "to")
        need(heir != entry.by, "field_invalid", "to", "another organisation", heir)


def leave_apply(state, entry):
    org = state.orgs[entry.by]
    for thing in list(state.things.values()):
        if thing.kind == "agreement" and thing.state == "live" and entry.by in thing.parties:
            state.end_agreement(thing, "cancelled")
        elif thing.kind == "offer" and thing.state == "open" and entry.by in thing.providers:
            state.end_offer(thing, "withdrawn")
        elif thing.kind == "need" and thing.state == "open" and entry.by == thing.asker:
            state.end_need(thing, "withdrawn")
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
    need(found, "ref_unknown", "subject", f"an entry with slot {entry['slot']}", entry["subject"])
    need(entry.by in found.people
         or state.has_mandate(entry.by, "coordinator", entry.at), "not_yours", "by",
         "author, party or coordinator", entry.by)
    need(found.erased_at is None, "already_erased", "subject", "a text that is there",
         f"erased at {found.erased_at}")


def erase_apply(state, entry):
    state.commitments[entry["subject"], entry["slot"]].erased_at = entry.index
