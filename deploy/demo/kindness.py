# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hours for the common pool, and a word where a promise could not be kept (SPEC 6.13, 6.15)."""
import days

GIVE_DAYS = (120, 205, 262, 318)
GIVES_ABOVE = 420               # minutes above zero from which an organisation thinks of the pool
EXCUSED = 500                   # per mille of the promises that ran out


def give(world):
    """Somebody who gave much leaves some of it to those who have it hard."""
    books = world.books
    able = [org for org in books.active() if org.position > GIVES_ABOVE and not org.fragile()]
    if not able:
        world.plan(days.moment(world.care, world.now + 10 * days.DAY_MS), give)
        return
    org = world.care.pick(able)
    minutes = 30 * world.care.between(2, max(2, org.position // 120))
    world.emit("pool.give", org, [org], {"minutes": minutes})
    books.give(org, minutes)


def watch(world, agreement):
    """Looks at an agreement a few days after it has run out, if it does."""
    late = agreement.expires + world.care.between(1, 9) * days.DAY_MS
    world.plan(days.moment(world.care, late + days.DAY_MS), excuse, agreement)


def excuse(world, agreement):
    """Whoever did not receive what was promised says that it is all right, about every other
    time."""
    if agreement.live:
        watch(world, agreement)  # it was prolonged
        return
    receiver = next(iter(agreement.shares))[1]
    if agreement.ran_out and receiver.active and world.care.chance(EXCUSED):
        world.emit("promise.excuse", receiver, [receiver], {"agreement": agreement.ref})


def plan_year(world):
    for number in GIVE_DAYS:
        world.plan(days.moment(world.care, world.day_start(number)), give)
