# SPDX-License-Identifier: AGPL-3.0-or-later
"""Single mutations of the clean history that break a rule about the common pool, status, promises
or steps."""
from bends import (Case, both, drop, edit, insert, later, one_share, ref_of, signed, text, twist)
from build import hash_of


def pool():
    yield Case("more than it has", "pool", "pool_over_position", edit(minutes=1121))
    yield Case("giving below zero", "new", "pool_over_position",
               insert("pool", "pool.give", "lierre", minutes=1))
    yield Case("giving nothing", "pool", "field_invalid", edit(minutes=0))
    yield Case("help that the pool pays, after signing", "poor", "signature_invalid",
               text('"minutes":121', '"minutes":120'), clean=False)
    yield Case("more than the month has", "update_size", "field_invalid", edit(capacity=600_001))
    yield Case("larger than anybody", "admit_saule", "field_invalid", edit(fte=1_000_001))


def closings():
    def case(name, code, bend, label="tick6"):
        return Case(name, label, code, bend, False)

    yield case("another closing", "tick_effects", twist(effects_hash=hash_of("budget 0\n")))
    yield case("another pool", "tick_totals", twist(totals=lambda log, line: {
        **line.fields["totals"], "pool": line.fields["totals"]["pool"] + 1}))
    yield case("lines counted as moments", "tick_count", twist(
        n=lambda log, line: line.fields["n"] + 6))
    yield case("a quarter that never ended", "tick_missing", drop("tick6"), "spring")


def status():
    yield Case("a panel of one", "status", "field_invalid",
               both(edit(panel=["orme"]), signed("orme")))
    yield Case("the panel about itself", "status", "field_invalid", edit(org="tilleul"))
    yield Case("the author beside the panel", "status", "field_invalid",
               both(edit(by="noyer"), signed("noyer", "orme", "tilleul")))
    yield Case("one of no panel", "status_saule", "not_panel",
               both(edit(panel=["lierre", "tilleul"]), signed("lierre", "tilleul")))
    yield Case("one of the panel who did not sign", "status", "signer_missing", signed("orme"),
               False)
    yield Case("more than the pool pays", "status", "field_invalid", edit(pool_permille=501))
    yield Case("a class that is none", "status", "field_invalid", edit(**{"class": 4}))
    yield Case("a status for too long", "status", "expires_out_of_range", edit(until=later(366, 1)))
    yield Case("a status that is over", "status_saule", "expires_out_of_range",
               edit(until=later(0)), clean=False)       # then there is none to end
    yield Case("a status of who never came", "status", "org_unknown", edit(org="osier"))
    yield Case("another ends it", "status_end", "not_yours", both(edit(by="orme"), signed("orme")))
    yield Case("ending it again", "new", "already_closed",
               insert("status_end", "status.end", "saule", org="saule"))
    yield Case("reading the reason away", "new", "not_yours",
               insert("status", "details.erase", "saule", subject=ref_of("status"),
                      slot="reason"))
    yield Case("a reason that is not there", "erase", "ref_unknown", edit(slot="reason"))


def urgency():
    yield Case("a third urgency", "vouch_panel", "urgent_quota",
               both(edit(panel=None), signed("saule")))
    yield Case("a third urgency and no panel", "vouch_panel", "not_panel",
               both(edit(panel=["lierre", "noyer"]), signed("lierre", "noyer", "saule")))
    yield Case("the voucher is the panel", "vouch_panel", "field_invalid",
               both(edit(by="noyer"), signed("noyer", "orme")))
    yield Case("a panel out of order", "vouch_panel", "field_invalid",
               edit(panel=["orme", "noyer"]))


def promises():
    yield Case("excusing what was kept", "excuse", "nothing_broken",
               both(edit(by="frene", agreement=ref_of("sign_done")), excused_by("frene")))
    yield Case("excusing twice", "new", "nothing_broken",
               insert("excuse", "promise.excuse", "lierre", agreement=ref_of("sign")))
    yield Case("excusing before", "new", "nothing_broken",
               insert("sign", "promise.excuse", "lierre", agreement=ref_of("sign")))
    yield Case("excusing oneself", "excuse", "not_yours",
               both(edit(by="tilleul"), signed("tilleul")),
               clean=False)     # it was broken to others
    yield Case("a promise without its cosigner", "beside", "cosigner_missing",
               both(edit(cosigner=None), signed("orme", "tilleul")))
    yield Case("a cosigner who did not sign", "beside", "signer_missing",
               signed("orme", "tilleul"), False)
    yield Case("a party cosigns", "beside", "field_invalid", edit(cosigner="orme"))
    yield Case("asking at rest", "need_tilleul", "paused", edit(urgent=False), clean=False)
    yield Case("receiving at rest", "urgently", "paused", edit(need=None))
    yield Case("receiving more at rest", "new", "paused",
               insert("urgently", "agreement.change", "orme", ["orme", "tilleul"],
                      agreement=ref_of("urgently"), shares=one_share("orme", "tilleul", 41),
                      expires=later(5)))


def excused_by(handle):
    """frene left before; the line moves to where it had not."""
    def bend(log, line):
        log.lines.remove(line)
        log.lines.insert(log.index("vouch_panel") + 1, line)
        line.at = log.line("vouch_panel").at
        line.fields["id"] = line.fields["id"].replace(line.fields["id"][:12],
                                                      f"{line.at:012x}")
        line.keys = [log.key(handle)]
    return bend


def steps():
    def again(after, step, **more):
        return insert(after, "step.set", "noyer", ["noyer", "orme"], org="tilleul", step=step,
                      panel=["noyer", "orme"], reason=hash_of("again"), until=later(30), **more)

    yield Case("a step without a promise", "new", "step_unfounded",
               insert("confirm", "step.set", "noyer", org="orme", step=2, until=later(30),
                      reason=hash_of("no reason")))
    yield Case("two steps at once", "step_three", "step_unfounded", edit(step=4))
    yield Case("a step for what was before", "new", "step_unfounded", again("step_four", 4))
    yield Case("a step of no coordinator", "step", "not_coordinator",
               both(edit(by="orme"), signed("orme")))
    yield Case("a coordinator alone goes on", "step_three", "field_invalid",
               both(edit(panel=None), signed("noyer")))
    yield Case("a step against oneself", "new", "field_invalid",
               insert("confirm", "step.set", "noyer", org="noyer", step=2, until=later(30),
                      reason=hash_of("no reason")))
    yield Case("a step for too long", "step", "expires_out_of_range", edit(until=later(90, 1)))
    yield Case("a step that people do not take", "step", "field_invalid", edit(step=1))
    yield Case("appealed twice", "new", "already_closed",
               insert("appeal", "step.appeal", "tilleul"))
    yield Case("appealed against the panel", "new", "already_appealed",
               insert("step_again", "step.appeal", "tilleul"))
    yield Case("appealed against nothing", "new", "already_closed",
               insert("confirm", "step.appeal", "orme"))
    yield Case("a coordinator ends what the panel took", "step_end", "not_panel",
               both(edit(panel=None), signed("noyer")))
    yield Case("ended by itself", "step_end", "field_invalid",
               both(edit(by="tilleul", panel=["orme", "tilleul"]), signed("orme", "tilleul")))
    yield Case("ended twice", "new", "already_closed",
               insert("step_end", "step.end", "noyer", org="tilleul"),
               clean=False)     # and a coordinator cannot end this one


TABLES = pool, closings, status, urgency, promises, steps
