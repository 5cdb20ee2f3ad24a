# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a broken rule is named: the codes of SPEC 11, and the auditor's own."""

# Codes that only an audit can give, by category.
OWN = {
    "checkpoint_malformed": "tree", "checkpoint_signature": "tree", "size_mismatch": "tree",
    "root_mismatch": "tree", "tile_missing": "tree", "tile_mismatch": "tree",
    "bundle_missing": "tree", "bundle_malformed": "tree", "leaf_malformed": "form",
    "at_mismatch": "sequence", "tick_missing": "clock", "tick_not_due": "clock",
    "tick_time": "clock", "tick_count": "clock", "tick_effects": "clock", "tick_id": "clock",
    "tick_totals": "clock", "invariant_broken": "invariant",
}

# The registry of SPEC 11 as far as a log can show it; the hundreds are the categories.
REGISTRY = {
    "form": "note_malformed wrong_network not_an_entry not_canonical unknown_kind field_missing "
            "field_unknown field_invalid entry_too_large",
    "signature": "signature_invalid signer_missing signer_unexpected key_unknown key_revoked "
                 "key_scope key_ceiling signature_order",
    "sequence": "id_reused id_time expired valid_until_too_far time_order at_not_allowed "
                "seen_mismatch",
    "network": "network_not_founded network_already_founded network_keys clock_only",
    "organisation": "org_unknown org_left handle_taken charter_mismatch not_coordinator "
                    "key_in_use key_id_taken key_unacceptable last_admin_key",
    "reference": "ref_unknown not_yours already_closed expires_out_of_range skill_unknown "
                 "vouch_own already_vouched not_urgent already_erased",
    "exchange": "parties_mismatch hours_over_agreement limit_crossed change_below_recorded "
                "reverse_too_much day_out_of_range agreement_mismatch",
}

CATEGORY = dict(OWN)
for _category, _codes in REGISTRY.items():
    CATEGORY.update({_code: _category for _code in _codes.split()})


class Refusal(Exception):
    """One rule is broken. `field` names the place in the entry, where there is one."""

    def __init__(self, code, field=None, expected=None, found=None):
        assert code in CATEGORY, code
        super().__init__(code)
        self.code = code
        self.field = field
        self.expected = expected
        self.found = found


def need(true, code, field=None, expected=None, found=None):
    """Refuses unless `true`."""
    if not true:
        raise Refusal(code, field, expected, found)
