# SPDX-License-Identifier: AGPL-3.0-or-later
"""The last weeks: what a visitor finds when the year is over must be alive."""
import itertools

import days
import exchange
import market

NEEDS_DAY, URGENT_DAY, AGREEMENTS_DAY, MUTUAL_DAY = 347, 352, 349, 355
NEEDS_OPEN, URGENT_OPEN, AGREEMENTS_LIVE = 19, 4, 16
CONVERSATIONS = 2
MUTUAL = 2                      # pairs that could help each other, were they told
VISITED = "hirondelle"          # whose books the first command of a visitor shows


def lasting(world, things):
    return [thing for thing in world.books.open(things) if thing.expires > world.end]


def askers(world):
    """Those who have asked least go first; each asks once."""
    books = world.books
    waiting = {need.asker.handle for need in books.open(books.needs)}
    free = [org for org in world.prng.shuffled(books.active()) if org.handle not in waiting]
    return sorted(free, key=lambda o: sum(need.asker is o for need in books.needs))


def open_needs(world):
    stay = [n for n in lasting(world, world.books.needs) if not n.answered]
    for org in askers(world)[:max(0, NEEDS_OPEN - len(stay))]:
        world.plan(world.day(world.prng.between(NEEDS_DAY, 362)), market.ask, org, False, True)


def wish(world, asker, giver, skills):
    """What one asks for that the other offers in its language; None: nothing, or not now."""
    offered = {o.skill for o in world.books.open(world.books.offers) if o.providers == [giver]}
    asked = {n.skill for n in world.books.open(world.books.needs) if n.asker is asker}
    fit = [skill for skill in skills if skill in offered and skill not in asked]
    return fit[0] if fit and asker.lang == giver.lang else None


def mutual_needs(world):
    """Some ask for what the other has without knowing of it: a loop for the proposals to find."""
    found, used = 0, set()
    orgs = world.prng.shuffled(world.books.active())
    for one, other in itertools.combinations(orgs, 2):
        asks = [(org, wish(world, org, giver, org.data["needs"]))
                for org, giver in ((one, other), (other, one))]
        if found < MUTUAL and not used & {one, other} and all(skill for _, skill in asks):
            for org, skill in asks:
                market.ask(world, org, False, True, skill)
            used |= {one, other}
            found += 1


def urgent_needs(world):
    fragile = [org for org in askers(world) if org.fragile()] + askers(world)
    for org in list(dict.fromkeys(fragile))[:URGENT_OPEN]:
        market.ask(world, org, True, True)


def live_agreements(world):
    """Fresh ones in several sessions, of which the first may still fall into the year."""
    stay = lasting(world, world.books.agreements)
    for number in range(max(4, AGREEMENTS_LIVE - len(stay))):
        world.plan(world.day(world.prng.between(AGREEMENTS_DAY, 358)), fresh_agreement,
                   [world.org(VISITED)] if number == 0 else [])


def fresh_agreement(world, first):
    books, prng = world.books, world.prng
    offers = prng.shuffled([o for o in books.open(books.offers) if not o.skill.startswith("@")])
    for receiver in first + prng.shuffled(books.active()):
        minutes = exchange.may_receive(world, receiver, 30 * prng.between(8, 14))
        if minutes < 180:
            continue
        for offer in offers:
            giver = offer.providers[0]
            if (giver is not receiver and exchange.willing(giver)
                    and offer.skill in receiver.data["needs"]):
                exchange.sign(world, [giver], receiver, offer.skill, minutes, sessions=4)
                return


def conversation(world, used):
    """An organisation goes a little beyond its line: allowed, reported, talked about."""
    books, prng = world.books, world.prng
    for receiver in sorted((o for o in books.active() if o.fragile() and o not in used),
                           key=books.room):
        for skill in receiver.data["needs"]:
            giver = exchange.choose_provider(world, skill, receiver)
            beyond = books.hard_stop(receiver) - books.floor(receiver)
            minutes = books.room(receiver) // 30 * 30 + 30 * prng.between(2, 3)
            if giver is None or minutes - books.room(receiver) >= beyond or minutes < 60:
                continue
            exchange.sign(world, [giver], receiver, skill, minutes, sessions=3)
            used.append(receiver)
            return


def conversations(world):
    used = []
    for _ in range(CONVERSATIONS):
        conversation(world, used)


def plan_year(world):
    world.plan(world.day(NEEDS_DAY - 1), open_needs)
    world.plan(world.day(URGENT_DAY), urgent_needs)
    world.plan(world.day(MUTUAL_DAY), mutual_needs)
    world.plan(world.day(AGREEMENTS_DAY - 1), live_agreements)
    last = days.previous_working_day(world.end - days.DAY_MS)
    world.plan(last + (16 * 60 + 45) * days.MINUTE_MS, conversations)


def figures(world):
    """What the year came to, and what a visitor finds at its end."""
    books = world.books
    books.expire(world.end)
    books.check()
    active = books.active()
    return {"lines": world.lines, "organisations": len(active),
            "offers": len(books.open(books.offers)), "needs": len(books.open(books.needs)),
            "urgent": sum(need.urgent_until > world.end for need in books.open(books.needs)),
            "agreements": len(books.open(books.agreements)), "records": len(books.hours),
            "minutes": sum(org.given for org in books.orgs),
            "at_line": sum(books.room(org) <= 0 for org in active),
            "at_ceiling": sum(org.position > books.policy["limit_ceiling"] for org in active)}
