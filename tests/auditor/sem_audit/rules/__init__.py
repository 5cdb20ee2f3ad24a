# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every kind needs and does, one module for each group of kinds of SPEC 6.

A rule has three steps. `signers` gives the organisations that must sign, and refuses where they
do not follow from entry and state; `check` refuses what the kind refuses; `apply` changes the state
and never refuses. `new_keys` gives the keys of signers who are not registered yet.
"""
from sem_audit.rules import (agreements, hours, keys, needs, network, offers, orgs, panel,
                             pool)


def no_new_keys(entry):
    return {}


class Rule:
    def __init__(self, signers, check, apply, new_keys=no_new_keys):
        self.signers = signers
        self.check = check
        self.apply = apply
        self.new_keys = new_keys


RULES = {
    "network.found": Rule(network.signers, network.check, network.apply, network.new_keys),
    "org.admit": Rule(orgs.admit_signers, orgs.admit_check, orgs.admit_apply, orgs.admit_keys),
    "org.update": Rule(orgs.itself, orgs.nothing, orgs.put_sheet),
    "org.confirm": Rule(orgs.itself, orgs.nothing, orgs.nothing),
    "org.leave": Rule(orgs.itself, orgs.leave_check, orgs.leave_apply),
    "key.add": Rule(orgs.itself, keys.add_check, keys.add_apply),
    "key.revoke": Rule(orgs.itself, keys.revoke_check, keys.revoke_apply),
    "details.erase": Rule(orgs.itself, orgs.erase_check, orgs.erase_apply),
    "offer.publish": Rule(offers.publish_signers, offers.publish_check, offers.publish_apply),
    "offer.renew": Rule(offers.renew_signers, offers.renew_check, offers.renew_apply),
    "offer.withdraw": Rule(orgs.itself, offers.withdraw_check, offers.withdraw_apply),
    "need.publish": Rule(orgs.itself, needs.publish_check, needs.publish_apply),
    "need.vouch": Rule(needs.vouch_signers, needs.vouch_check, needs.vouch_apply),
    "need.withdraw": Rule(orgs.itself, needs.withdraw_check, needs.withdraw_apply),
    "agreement.sign": Rule(agreements.sign_signers, agreements.sign_check, agreements.sign_apply),
    "agreement.change": Rule(agreements.change_signers, agreements.change_check,
                             agreements.change_apply),
    "agreement.close": Rule(agreements.all_parties, agreements.live_check, agreements.close_apply),
    "agreement.cancel": Rule(orgs.itself, agreements.cancel_check, agreements.cancel_apply),
    "hours.record": Rule(hours.share_parties, hours.record_check, hours.record_apply),
    "assertion.balance": Rule(orgs.itself, orgs.assert_check, orgs.nothing),
    "hours.reverse": Rule(hours.share_parties, hours.reverse_check, hours.reverse_apply),
    "pool.give": Rule(orgs.itself, pool.give_check, pool.give_apply),
    "status.grant": Rule(panel.signers, panel.grant_check, panel.grant_apply),
    "status.end": Rule(panel.signers, panel.status_end_check, panel.status_end_apply),
    "promise.excuse": Rule(orgs.itself, panel.excuse_check, panel.excuse_apply),
    "step.set": Rule(panel.signers, panel.set_check, panel.set_apply),
    "step.end": Rule(panel.signers, panel.step_end_check, panel.step_end_apply),
    "step.appeal": Rule(orgs.itself, panel.appeal_check, panel.appeal_apply),
}
