# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a broken rule is named: the codes of SPEC 11, and the auditor's own of SPEC 17.5."""
import contextlib

# Codes that only an audit can give, by category.
OWN = {
    "form": "leaf_malformed",
    "sequence": "at_mismatch",
    "clock": "tick_missing tick_not_due tick_time tick_count tick_effects tick_totals tick_id",
    "seal": "seal_missing seal_early seal_time seal_size seal_accounts seal_root seal_id",
    "invariant": "invariant_broken",
    "tree": "checkpoint_malformed checkpoint_signature size_mismatch root_mismatch tile_missing "
            "tile_mismatch bundle_missing bundle_malformed",
    "held": "receipt_malformed receipt_leaf head_fork refusal_malformed refused_logged "
            "refusal_unfounded",
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
                    "key_in_use key_id_taken key_unacceptable last_admin_key not_panel",
    "reference": "ref_unknown not_yours already_closed expires_out_of_range skill_unknown "
                 "vouch_own already_vouched not_urgent urgent_quota already_erased",
    "exchange": "parties_mismatch hours_over_agreement limit_crossed change_below_recorded "
                "reverse_too_much day_out_of_range agreement_mismatch assertion_false "
                "pool_over_position nothing_broken step_unfounded already_appealed "
                "cosigner_missing paused",
}

CATEGORY = {code: category for table in (OWN, REGISTRY) for category, codes in table.items()
            for code in codes.split()}

# What these forbid cannot be applied: SPEC 17.7.
NOT_WAIVABLE = set(" ".join((
    REGISTRY["form"], REGISTRY["network"], "leaf_malformed ref_unknown org_unknown",
    "key_unacceptable id_reused handle_taken key_id_taken hours_over_agreement",
    "change_below_recorded reverse_too_much invariant_broken")).split())

VALUE_MAX, FIELD_MAX = 223, 143

_waived = [None]


@contextlib.contextmanager
def waiving(code):
    """Inside, this check holds whatever is found; None waives nothing."""
    before, _waived[0] = _waived[0], code
    try:
        yield
    finally:
        _waived[0] = before


def cut(text, most):
    """So many bytes of it at most, ended at a whole character."""
    return text.encode()[:most].decode(errors="ignore")


class Refusal(Exception):
    """One rule is broken. `field`, `expected` and `found` are those of SPEC 17.4."""

    def __init__(self, code, field="", expected="", found=""):
        assert code in CATEGORY, code
        super().__init__(code)
        self.code = code
        self.field = cut(field, FIELD_MAX)
        self.expected = cut(str(expected), VALUE_MAX)
        self.found = cut(str(found), VALUE_MAX)


def need(true, code, field="", expected="", found=""):
    """Refuses unless `true`, or the check is waived."""
    if not true and code != _waived[0]:
        raise Refusal(code, field, expected, found)
