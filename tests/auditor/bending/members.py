# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time, ids, the network and its organisations."""
from bending.base import ENTRIES, PLAIN, mutator, put
from build import DAY_MS, made_id
from mutations import NO_HASH, SAME_KEY_ID, SMALL_ORDER
from remake import ASSERTION
from semclient import Key


@mutator("time_order", ENTRIES)
def time_that_goes_back(world, log, line):
    before = log.lines[log.lines.index(line) - 1]
    line.at = line.fields["at"] = before.at - 1
    return line.label


@mutator("at_mismatch", ENTRIES)
def another_time_than_the_signed_one(world, log, line):
    line.at += 1
    return line.label


@mutator("expired", ENTRIES)
def valid_no_more(world, log, line):
    line.fields["valid_until"] = line.at - 1
    return line.label


@mutator("valid_until_too_far", ENTRIES)
def valid_too_long(world, log, line):
    days = log.lines[0].fields["policy"]["entry_days_max"]
    line.fields["valid_until"] = int(line.fields["id"][:12], 16) + days * DAY_MS + 1
    return line.label


@mutator("id_time", ENTRIES)
def an_id_of_the_future(world, log, line):
    if line.ref in world.named:
        return None
    line.fields["id"] = made_id(line.at + 600_001, "future")
    return line.label


@mutator("id_reused", PLAIN | {ASSERTION})
def a_leaf_twice(world, log, line):
    again = line.copy()
    again.label = "again"
    log.lines.insert(log.lines.index(line) + 1, again)
    return "again"


@mutator("id_reused", PLAIN)
def an_id_for_two_texts(world, log, line):
    mine = [ref for ref in world.before(line).ids if ref.startswith(line.fields["by"] + "/")]
    if not mine:
        return None
    line.fields["id"] = mine[-1].split("/")[1]
    return line.label


@mutator("seen_mismatch", ENTRIES)
def another_head_was_seen(world, log, line):
    line.fields["seen"] = {"root": NO_HASH, "size": log.lines.index(line) // 2}
    return line.label


@mutator("seen_mismatch", ENTRIES)
def a_head_to_come_was_seen(world, log, line):
    line.fields["seen"] = {"root": NO_HASH, "size": len(log.lines) + 1}
    return line.label


@mutator("network_keys", "network.found")
def another_log_key(world, log, line):
    line.fields["log_key"] = log.key("noyer", "stranger").hex
    return line.label


@mutator("network_already_founded", ENTRIES)
def a_second_founding(world, log, line):
    fields = {name: value for name, value in log.lines[0].fields.items()
              if name not in ("by", "id", "kind", "at", "valid_until")}
    return put(log, line, "network.found", "noyer", list(log.lines[0].keys), **fields)


@mutator("org_unknown", ENTRIES)
def one_who_never_came(world, log, line):
    return put(log, line, "org.confirm", "osier")


@mutator("org_left", ENTRIES)
def leaving_to_one_who_left(world, log, line):
    state = world.before(line)
    left = [handle for handle, org in state.orgs.items() if not org.active]
    rest = log.lines[log.lines.index(line):]
    free = [handle for handle in world.others(state, "noyer")
            if not any(handle in str(one.fields) for one in rest)]
    if not left or not free:
        return None
    return put(log, line, "org.leave", free[0], [world.signer(state, free[0])], to=left[0])


def admission(world, log, line, handle, key, coordinator="noyer"):
    state = world.before(line)
    if not state.orgs[coordinator].active or not world.signer(state, coordinator):
        return None
    return put(log, line, "org.admit", handle, [key, world.signer(state, coordinator)],
               charter=log.lines[0].fields["charter"], coordinator=coordinator, details=NO_HASH,
               key=key.hex, public=False)


@mutator("handle_taken", ENTRIES)
def a_handle_in_use(world, log, line):
    return admission(world, log, line, "tilleul", log.key("tilleul", "twice"))


@mutator("charter_mismatch", "org.admit")
def another_charter(world, log, line):
    line.fields["charter"] = NO_HASH
    return line.label


@mutator("not_coordinator", ENTRIES)
def no_mandate(world, log, line):
    return admission(world, log, line, "osier", log.key("osier"), "tilleul")


@mutator("key_in_use", "key.add")
def the_key_of_another(world, log, line):
    line.fields["key"] = log.lines[0].fields["clock_key"]
    return line.label


@mutator("key_unacceptable", "key.add")
def a_key_of_small_order(world, log, line):
    line.fields["key"] = SMALL_ORDER
    return line.label


@mutator("key_id_taken", ENTRIES)
def two_keys_with_one_id(world, log, line):
    signer = world.signer(world.before(line), "tilleul")
    if not signer:
        return None
    for label, seed in zip(("second", "first"), SAME_KEY_ID):
        key = Key(log.origin, "tilleul", seed.to_bytes(32, "big"))
        put(log, line, "key.add", "tilleul", [signer], key=key.hex, scope="sign")
        new = log.line("new")
        new.label, new.fields["id"] = label, made_id(line.at, label)
    return "second"


@mutator("last_admin_key", ENTRIES)
def the_last_admin_key(world, log, line):
    state = world.before(line)
    for handle in world.others(state, *(key.handle for key in line.keys)):
        admins = world.keys(state, handle, lambda key: key.scope == "admin"
                            and key.revoked_at is None)
        if len(admins) == 1 and not any(
                key.handle == handle for one in log.lines[log.lines.index(line):]
                for key in one.keys):
            return put(log, line, "key.revoke", handle, admins, key=admins[0].hex)
    return None
