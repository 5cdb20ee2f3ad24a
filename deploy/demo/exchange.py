# SPDX-License-Identifier: AGPL-3.0-or-later
"""Agreements and hours: who helps whom, how much, and when it is written down."""
import days
import kindness
from books import Agreement, Hours
from world import share_list

# How readily an organisation is asked to give, and when it has given enough for now.
ASKED = {"established": 10, "regular": 7, "fragile": 4}
RESTS_ABOVE = 1900
MARGIN = 30                     # minutes that stay free before the line of a fragile one
OTHERS_MARGIN = 350             # per mille of the line that the others leave free
DIRECT = 330                    # per mille of small needs that are met without an agreement
DONE_BY = ("staff", "volunteers", "mixed")
MISSED = 60                     # per mille of sessions to which somebody does not come
LAST_SIGNING = 345              # later days have their own plan


def quarter(minutes, n):
    """Splits minutes into n parts of whole quarters of an hour, the last one taking the rest."""
    part = max(15, minutes // n // 15 * 15)
    parts = [part] * (n - 1) + [minutes - part * (n - 1)]
    return parts if parts[-1] > 0 else [minutes]


def equal_shares(minutes, n):
    """Splits minutes into n whole parts, the first ones taking what does not divide."""
    return [minutes // n + (i < minutes % n) for i in range(n)]


def willing(giver):
    """Whether an organisation is still asked to give, with what it has promised already."""
    return giver.position + giver.pending_given < RESTS_ABOVE


def choose_provider(world, skill, receiver, apart=()):
    """Somebody who offers the skill, sooner one who has received more than it gave."""
    found = [org for org in world.books.providers(skill) if org is not receiver
             and org not in apart and willing(org)]
    weights = [ASKED[org.standing] + (20 if org.position < -120 else 0) +
               (4 if org.lang == receiver.lang else 0) for org in found]
    return world.prng.weighted(found, weights) if found else None


def may_receive(world, receiver, wanted):
    """What it can receive and still stay short of its line, in half hours."""
    margin = MARGIN
    if not receiver.fragile():
        margin = world.books.floor(receiver) * OTHERS_MARGIN // 1000
    return max(0, min(wanted, (world.books.room(receiver) - margin) // 30 * 30))


# --- Agreements -----------------------------------------------------------------------------------

def answer(world, need, tries):
    """Somebody answers a need: by an agreement, or directly when it is small."""
    if not need.live or need.answered or world.now >= world.day_start(LAST_SIGNING):
        return
    apart = (need.voucher,) if need.voucher else ()
    giver = choose_provider(world, need.skill, need.asker, apart)
    minutes = may_receive(world, need.asker, need.minutes - need.served)
    if giver is None or minutes < 60:
        if tries > 1:
            world.plan(world.after(14, 30), answer, need, tries - 1)
        return
    need.answered = True
    if minutes <= 240 and world.prng.chance(DIRECT):
        record_direct(world, {(giver, need.asker): minutes}, need.skill, need=need)
        return
    givers = [giver]
    if minutes >= 240 and world.prng.chance(180):
        other = choose_provider(world, need.skill, need.asker, apart + (giver,))
        givers += [other] if other else []
    sign(world, givers, need.asker, need.skill, minutes, need=need)


def sign(world, givers, receiver, skill, minutes, need=None, sessions=None):
    """agreement.sign, and the working sessions that follow."""
    texts, prng = world.texts, world.prng
    expires = days.end_of_day(world.now + prng.between(60, 130) * days.DAY_MS)
    lang = texts.language([receiver] + givers, skill, "tasks")
    task = texts.task(lang, skill, need)
    shares = {(giver, receiver): part
              for giver, part in zip(givers, quarter(minutes, len(givers)))}
    agreement = Agreement(shares, skill, lang, task, need, expires)
    fields = {"done_by": prng.pick(DONE_BY), "expires": expires, "shares": share_list(shares)}
    details = {"details": ("agreement", texts.agreement(lang, skill, task, givers, receiver,
                                                        minutes, expires))}
    offer = world.books.providers(skill).get(givers[0])
    if offer is not None:
        fields["offer"] = offer.ref
    if need is not None:
        fields["need"] = need.ref
    if prng.chance(550):
        details["people"] = ("people", texts.people(lang))
        agreement.people = True
    agreement.ref = world.emit("agreement.sign", receiver, givers + [receiver], fields, details)
    agreement.signed = world.now
    world.books.agreements.append(agreement)
    world.books.reserve(shares)
    plan_sessions(world, agreement, sessions)
    kindness.watch(world, agreement)
    return agreement


def plan_sessions(world, agreement, sessions=None):
    prng, total = world.prng, sum(agreement.shares.values())
    n = sessions or (1 if agreement.skill.startswith("@") or total <= 120 else
                     prng.between(2, 3) if total <= 300 else prng.between(3, 4))
    plans = {pair: quarter(minutes, n) for pair, minutes in agreement.shares.items()}
    n = max(len(parts) for parts in plans.values())
    step = 0
    for i in range(n):
        step += prng.between(4, 13)
        moment = days.moment(prng, world.now + step * days.DAY_MS)
        portion = {pair: parts[i] for pair, parts in plans.items() if i < len(parts)}
        world.plan(moment, session, agreement, portion, i, n)
    if prng.chance(130):
        world.plan(world.after(10, 30), change, agreement)
    elif prng.chance(110):
        world.plan(world.after(6, step + 4), cancel, agreement)
    elif prng.chance(720):
        last = days.moment(prng, world.now + (step + prng.between(1, 7)) * days.DAY_MS)
        world.plan(last, close, agreement)


def session(world, agreement, portion, i, n):
    left = agreement.left()
    if not agreement.live or any(left[pair] < minutes for pair, minutes in portion.items()):
        return
    if world.care.chance(MISSED):
        agreement.missed = True     # and is not made up for: the agreement runs out
        return
    record(world, portion, agreement.lang, agreement.skill, agreement.task, i, n,
           agreement=agreement)


def change(world, agreement):
    """A little more time, for work that turns out longer, if the receiver's line allows it."""
    if not agreement.live:
        return
    pair = next(iter(agreement.shares))
    more = may_receive(world, pair[1], 30 * world.prng.between(1, 4))
    if more <= 0:
        return
    agreement.expires = days.end_of_day(world.now + world.prng.between(60, 100) * days.DAY_MS)
    agreement.shares[pair] += more
    world.books.reserve({pair: more})
    parties = agreement.parties()
    world.emit("agreement.change", parties[0], parties,
               {"agreement": agreement.ref, "expires": agreement.expires,
                "shares": share_list(agreement.shares)})
    moment = world.after(5, 20)
    world.plan(moment, session, agreement, {pair: more}, 1, 3)
    world.plan(days.moment(world.prng, moment + 2 * days.DAY_MS), close, agreement)


def cancel(world, agreement):
    """One party cannot go on; what is recorded stays."""
    if agreement.live and any(agreement.left().values()):
        by = world.prng.pick(agreement.parties())
        world.emit("agreement.cancel", by, [by], {"agreement": agreement.ref})
        world.books.end(agreement)


def close(world, agreement):
    """Everybody says that the work is done."""
    if not agreement.live or agreement.missed:
        return
    if not any(agreement.done.values()):
        world.plan(world.after(7, 14), close, agreement)
        return
    parties = agreement.parties()
    world.emit("agreement.close", parties[0], parties, {"agreement": agreement.ref})
    world.books.end(agreement)


# --- Hours ----------------------------------------------------------------------------------------

def record(world, shares, lang, skill, task, i, n, agreement=None, need=None, gift=False,
           text=None):
    """hours.record; whoever received writes it down, and all sign."""
    hours = Hours(shares, gift, agreement.need if agreement else need)
    parties = list(dict.fromkeys(org for pair in shares for org in reversed(pair)))
    back = 0 if world.prng.chance(600) else world.prng.between(1, 3)
    day = days.previous_working_day(world.now - back * days.DAY_MS)
    fields = {"day": days.text(max(day, world.start)), "done_by": world.prng.pick(DONE_BY),
              "shares": share_list(shares)}
    if not skill.startswith("@"):
        fields["skill"] = skill
    if agreement is not None:
        fields["agreement"] = agreement.ref
    elif need is not None:
        fields["need"] = need.ref
    if gift:
        fields["gift"] = True
    text = text or world.texts.hours(lang, skill, task, i, n, gift)
    hours.ref = world.emit("hours.record", parties[0], parties, fields,
                           {"details": ("hours", text)})
    world.books.record(hours, world.now, agreement)


def record_direct(world, shares, skill, need=None, gift=False, text=None):
    """Hours without an agreement; the lines of the receivers were looked at by the caller."""
    receiver, givers = next(iter(shares))[1], [giver for giver, _ in shares]
    lang = world.texts.language([receiver] + givers, skill, "tasks")
    task = world.texts.task(lang, skill, need)
    record(world, shares, lang, skill, task, 0, 1, need=need, gift=gift, text=text)


def spontaneous(world):
    """Somebody takes up an open offer without having asked in public."""
    books, prng = world.books, world.prng
    offers = [o for o in books.open(books.offers) if len(o.providers) == 1
              and willing(o.providers[0])]
    if not offers:
        return
    offer = prng.weighted(offers, [12 if o.providers[0].position < -100 else 2 for o in offers])
    giver = offer.providers[0]
    others = [o for o in books.active() if o is not giver and offer.skill not in o.data["offers"]]
    receiver = prng.weighted(others, [12 if o.position > 300 else 4 if o.position > -200 else 1
                                      for o in others])
    minutes = may_receive(world, receiver, 30 * prng.between(2, 10))
    if minutes < 60:
        return
    if minutes <= 180 or prng.chance(450):
        record_direct(world, {(giver, receiver): min(minutes, 240)}, offer.skill)
    else:
        sign(world, [giver], receiver, offer.skill, minutes)


def group_session(world):
    """One gives, several receive, and each signs for its own part of the time."""
    books, prng = world.books, world.prng
    offers = [o for o in books.open(books.offers) if len(o.providers) == 1
              and willing(o.providers[0]) and world.texts.has(o.lang, o.skill, "groups")]
    if not offers:
        return
    offer = prng.pick(offers)
    giver, minutes = offer.providers[0], 30 * prng.between(4, 7)
    wanted = prng.between(3, 6)
    able = [o for o in books.active() if o is not giver and offer.skill not in o.data["offers"]
            and may_receive(world, o, 90) >= 90]
    able = prng.shuffled([o for o in able if o.lang == offer.lang]) + prng.shuffled(
        [o for o in able if o.lang != offer.lang])
    chosen = sorted(able[:wanted], key=lambda o: o.handle)
    if len(chosen) < 3:
        return
    shares = {(giver, o): part for o, part in zip(chosen, equal_shares(minutes, len(chosen)))}
    text = {"lang": offer.lang, "text": world.texts.in_turn(offer.lang, offer.skill, "groups") +
            "."}
    record_direct(world, shares, offer.skill, text=text)


def gift(world):
    """An organisation that gave much gives without having it counted back."""
    books, prng = world.books, world.prng
    offers = [o for o in books.open(books.offers) if len(o.providers) == 1
              and o.providers[0].position > 120 and not o.providers[0].fragile()
              and not o.skill.startswith("@")]
    receivers = [o for o in books.active() if o.fragile()]
    if offers and receivers:
        offer = prng.pick(offers)
        receiver = prng.pick(receivers)
        record_direct(world, {(offer.providers[0], receiver): 30 * prng.between(2, 6)},
                      offer.skill, gift=True)


def reverse(world):
    """Somebody counted half an hour too much; all whom it concerns sign the correction."""
    recent = [h for h in world.books.hours[-12:] if len(h.shares) == 1 and not h.reversed
              and min(h.shares.values()) >= 90
              and all(org.active for pair in h.shares for org in pair)]
    if not recent:
        world.plan(world.after(2, 5), reverse)
        return
    hours = world.prng.pick(recent)
    shares = {pair: 30 for pair in hours.shares}
    parties = list(next(iter(shares)))
    world.emit("hours.reverse", parties[0], parties,
               {"hours": hours.ref, "shares": share_list(shares)})
    world.books.take_back(hours, shares)


def plan_year(world):
    for _ in range(46):
        world.plan(world.day(world.live_day(25, 350)), spontaneous)
    for _ in range(10):
        world.plan(world.day(world.live_day(60, 345)), group_session)
    for _ in range(8):
        world.plan(world.day(world.live_day(80, 345)), gift)
    for number in (110, 200, 270, 330):
        world.plan(world.day(number), reverse)
