# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers and needs: what organisations say they have and what they ask for."""
import common
import days
import exchange
from books import Need, Offer
from world import load

SPACES, EQUIPMENT = ("@room", "@stage"), ("@tools", "@van")
COMMON_LANGUAGES = ("fr", "nl")
SPEAKS_MORE = 650               # per mille that help, given or asked, may be in one more of them
# For these somebody comes along: to the own part of the city and to those beside it.
ON_THE_SPOT = ("@tools", "@van", "bike-repair", "carpentry", "catering", "electricity",
               "energy-saving", "first-aid", "gardening", "moving", "plumbing", "safety",
               "sound-light")
# These are done with the hands: a few words will do.
FEW_WORDS = SPACES + EQUIPMENT + ("bike-repair", "carpentry", "catering", "electricity",
                                  "gardening", "graphic-design", "moving", "photography",
                                  "plumbing", "sound-light")
NEIGHBOURS = {
    "anderlecht": ("forest", "molenbeek", "saint-gilles"),
    "bruxelles": ("ixelles", "laeken", "molenbeek", "saint-gilles", "saint-josse", "schaerbeek"),
    "etterbeek": ("bruxelles", "ixelles", "watermael-boitsfort"),
    "evere": ("bruxelles", "schaerbeek"),
    "forest": ("anderlecht", "saint-gilles", "uccle"),
    "ixelles": ("bruxelles", "etterbeek", "saint-gilles", "uccle", "watermael-boitsfort"),
    "jette": ("koekelberg", "laeken", "molenbeek"),
    "koekelberg": ("jette", "molenbeek"),
    "laeken": ("bruxelles", "jette", "schaerbeek"),
    "molenbeek": ("anderlecht", "bruxelles", "jette", "koekelberg"),
    "saint-gilles": ("anderlecht", "bruxelles", "forest", "ixelles"),
    "saint-josse": ("bruxelles", "schaerbeek"),
    "schaerbeek": ("bruxelles", "evere", "laeken", "saint-josse"),
    "uccle": ("forest", "ixelles", "watermael-boitsfort"),
    "watermael-boitsfort": ("etterbeek", "ixelles", "uccle"),
}
NEEDS_A_YEAR = {"established": (1, 1), "regular": (1, 2), "fragile": (2, 3)}
NEEDS_BETWEEN = (35, 320)       # days on which needs that are answered come up
ANSWERED = 780                  # per mille of needs for which somebody is looked for
URGENT = {"established": 60, "regular": 120, "fragile": 240}
VOUCHED = 850
RENEWED = 800


def thing_fields(skill):
    if skill in SPACES:
        return {"type": "space"}
    if skill in EQUIPMENT:
        return {"type": "equipment"}
    return {"type": "skill", "skill": skill}


def languages(world, skill, orgs):
    """Those of the organisations, and often one more; any, where few words will do."""
    spoken = {org.lang for org in orgs}
    if world.prng.chance(SPEAKS_MORE):
        spoken.add(world.prng.pick(COMMON_LANGUAGES))
    if skill == "translation-fr-nl":
        spoken.update(COMMON_LANGUAGES)
    return set() if skill in FEW_WORDS else spoken


def where_offered(skill, providers):
    """A room stays where it is; somebody with tools comes to the next part of the city as well;
    advice is given anywhere."""
    own = {org.data["area"] for org in providers}
    if skill in SPACES:
        return own
    return own.union(*(NEIGHBOURS[area] for area in own)) if skill in ON_THE_SPOT else set()


def where_needed(skill, org):
    """Who needs a room goes there."""
    return {org.data["area"]} if skill in ON_THE_SPOT else set()


def any_or(**sets):
    """The fields that narrow something; one left out means any."""
    return {name: sorted(values) for name, values in sets.items() if values}


# --- Offers ---------------------------------------------------------------------------------------

def publish_offer(world, org, skill):
    if org.active:
        post_offer(world, [org], skill, org.lang, world.texts.offer(org, skill))


def publish_joint(world, row):
    providers = [world.org(handle) for handle in row["providers"]]
    if all(org.active for org in providers):
        text = {name: row[name] for name in ("lang", "title", "text")}
        post_offer(world, providers, row["skill"], row["lang"], text)


def post_offer(world, providers, skill, lang, text):
    by = providers[0]
    expires = days.end_of_day(world.now + world.prng.between(140, 183) * days.DAY_MS)
    offer = Offer(providers, skill, lang, text, expires)
    fields = {"expires": expires, "public": world.prng.chance(920),
              **any_or(areas=where_offered(skill, providers),
                       languages=languages(world, skill, providers)),
              "minutes_month": 60 * world.prng.between(2, 10),
              "providers": sorted(org.handle for org in providers), **thing_fields(skill)}
    offer.ref = world.emit("offer.publish", by, providers, fields, {"details": ("offer", text)})
    world.books.offers.append(offer)
    plan_renewal(world, offer)


def plan_renewal(world, offer):
    """Some days before it ends somebody renews it, or forgets to."""
    if world.prng.chance(RENEWED):
        before = world.prng.between(4, 20) * days.DAY_MS
        moment = days.moment(world.prng, offer.expires - before)
        if moment < offer.expires:
            world.plan(moment, renew, offer)


def renew(world, offer):
    if not offer.live:
        return
    by = world.prng.pick(offer.providers)
    offer.expires = days.end_of_day(world.now + world.prng.between(140, 183) * days.DAY_MS)
    world.emit("offer.renew", by, offer.providers, {"expires": offer.expires, "offer": offer.ref})
    plan_renewal(world, offer)


def withdraw_offer(world):
    """An organisation that has other offers takes one back."""
    several = [offer for offer in world.books.open(world.books.offers)
               if sum(o.providers == offer.providers for o in world.books.open(
                   world.books.offers)) > 1]
    if several:
        offer = world.prng.pick(several)
        world.emit("offer.withdraw", offer.providers[0], offer.providers[:1],
                   {"offer": offer.ref})
        offer.live = False


# --- Needs ----------------------------------------------------------------------------------------

def ask_next(world, org):
    """The first need of a newcomer; the year's other needs are planned from here."""
    ask(world, org)
    low, high = NEEDS_A_YEAR[org.standing]
    today = (world.now - world.start) // days.DAY_MS
    for _ in range(world.prng.between(low, high) - (0 if org.fragile() else 1)):
        first = max(NEEDS_BETWEEN[0], today + 20)
        world.plan(world.day(world.live_day(first, NEEDS_BETWEEN[1])), ask, org)


def next_skill(world, org):
    """Its needs in turn, those that are open already last."""
    mine = [need.skill for need in world.books.needs if need.asker is org]
    waiting = {need.skill for need in world.books.open(world.books.needs) if need.asker is org}
    skills = [skill for skill in org.data["needs"] if skill not in waiting]
    return min(skills, key=lambda skill: (mine.count(skill), org.data["needs"].index(skill)),
               default=None)


def ask(world, org, urgent=None, kept=False, skill=None):
    """Publishes a need and plans who vouches and who answers; gives the need, or None."""
    skill = (skill or next_skill(world, org)) if org.active else None
    if skill is None:
        return None
    if urgent is None:
        urgent = not kept and world.prng.chance(URGENT[org.standing])
    thing = skill.startswith("@")
    minutes = 60 * world.prng.between(2, 5) if thing else 30 * world.prng.between(4, 18)
    expires = days.end_of_day(world.now + world.prng.between(45, 110) * days.DAY_MS)
    need = Need(org, skill, minutes, urgent, expires)
    fields = {"expires": expires, "minutes": minutes, "urgent": urgent,
              **any_or(areas=where_needed(skill, org), languages=languages(world, skill, [org])),
              "public": world.prng.chance(930), **thing_fields(skill)}
    text, need.variant = world.texts.need(org, skill, urgent)
    need.ref = world.emit("need.publish", org, [org], fields, {"details": ("need", text)})
    need.kept = kept
    world.books.needs.append(need)
    if urgent and (kept or world.prng.chance(VOUCHED)):
        world.plan(world.after(1, 2 if kept else 3), vouch, need)
    if not kept and world.prng.chance(ANSWERED):
        wait = (2, 6) if urgent else (4, 28)
        world.plan(world.after(*wait), exchange.answer, need, 3)
    return need


PANEL = ("balance-citoyenne", "hirondelle", "taalbrug")


def panel(world):
    return [world.org(handle) for handle in PANEL]


def vouch(world, need):
    """Somebody who knows the asker confirms that it is urgent."""
    if not need.live or need.urgent_until:
        return
    known = [org for org in world.books.active() if org is not need.asker and not org.fragile()
             and need.skill not in org.data["offers"]]
    near = [org for org in known if org.data["area"] == need.asker.data["area"]]
    need.voucher = world.prng.pick(near or known)
    fields, signers = {"need": need.ref}, [need.voucher]
    quarter = common.quarter_start(world.now)
    confirmed = need.asker.confirmed.get(quarter, 0)
    if confirmed >= world.books.policy["urgent_quota"]:
        signers += [one for one in panel(world) if one not in (need.asker, need.voucher)][:1]
        fields["panel"] = [signers[1].handle]
    else:
        need.asker.confirmed[quarter] = confirmed + 1
    world.emit("need.vouch", need.voucher, signers, fields)
    need.urgent_until = world.now + world.books.policy["urgent_days"] * days.DAY_MS


def withdraw_need(world):
    """A need that somebody else has met in the meantime."""
    waiting = [need for need in world.books.open(world.books.needs)
               if not need.answered and not need.kept and not need.urgent]
    if waiting:
        need = world.prng.pick(waiting)
        world.emit("need.withdraw", need.asker, [need.asker], {"need": need.ref})
        need.live = False


def plan_year(world):
    for row in load("joint.json"):
        world.plan(world.day(row["day"]), publish_joint, row)
    for number in (170, 235, 300):
        world.plan(world.day(number), withdraw_offer)
    for number in (120, 190, 265, 310):
        world.plan(world.day(number), withdraw_need)
