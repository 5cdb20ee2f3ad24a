# SPDX-License-Identifier: AGPL-3.0-or-later
"""Founding, admissions, sheets, keys and one departure."""
import hashlib
import os

import common
import days
import market
from world import FOLDER, load

COORDINATOR = "carrefour"
MANDATE_DAYS = 3 * 365
ADMISSIONS = (5, 125)           # first and last day
EXTRA_KEYS = (("hirondelle", "sign", 480), ("digitale-tuin", "admin", None),
              ("creche-coquelicot", "sign", 240), ("boekenbus", "propose", None))
KEYS_REVOKED = ("hirondelle", "boekenbus")
LEAVE_DAY = 285
QUARTERS = (91, 182, 273, 350)   # days on which quarters are closed
KEEPS_NOTES = 6                 # one organisation in so many states its figures then


def charter_hash():
    with open(os.path.join(FOLDER, "charter.md"), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def skill_names():
    return {row["slug"]: {lang: row[lang] for lang in ("fr", "nl", "en")}
            for row in load(os.path.join("..", "skills.json"))}


def sheet(org, news=None):
    data = org.data
    text = {"name": org.name, "summary": data["summary"], "city": data["city"],
            "contact": f"{data['contact']}@{org.handle}.example.org",
            "website": f"https://{org.handle}.example.org", "lang": org.lang,
            "themes": data["themes"], "audiences": data["audiences"],
            "skills": [skill for skill in data["offers"] if not skill.startswith("@")]}
    if news:
        text["summary"] += " " + news
    return {"details": ("org", text)}


# --- Coming ---------------------------------------------------------------------------------------

def found(world, server):
    """The first entry. `server`: the public keys that the server holds."""
    founders = [org for org in world.books.orgs if org.data.get("founder")]
    coordinator = world.org(COORDINATOR)
    until = world.now + MANDATE_DAYS * days.DAY_MS
    mandates = [{"org": COORDINATOR, "role": "coordinator", "until": until}]
    mandates += [{"org": handle, "role": "panel", "until": until} for handle in market.PANEL]
    names = skill_names()
    fields = {"charter": charter_hash(), "demo": True,
              "founders": [{"handle": org.handle, "key": org.key} for org in founders],
              "mandates": sorted(mandates, key=lambda m: (m["org"], m["role"])),
              "policy": world.books.policy, "public": {"bundles": True, "directory": True},
              "rules_version": 1, "skills": sorted(names)}
    fields.update({name: server[name] for name in ("clock_key", "log_key", "refusal_key")})
    world.emit("network.found", coordinator, founders, fields, {"skills": ("skills", names)})
    world.books.quarter = common.next_quarter(world.now)
    for org in founders:
        world.books.admit(org)
        world.plan(world.after(1, 4), first_sheet, org)


def first_sheet(world, org):
    update(world, org)
    settle_in(world, org)


def admit(world, org):
    """Two sponsors or the coordinator let a newcomer in."""
    fields = {"charter": charter_hash(), "key": org.key, "public": True, **common.size(org)}
    known = [o for o in world.books.active() if not o.fragile() and not o.data.get("leaves")]
    if world.prng.chance(500):
        voices = [world.org(COORDINATOR)]
        fields["coordinator"] = COORDINATOR
    else:
        voices = world.prng.shuffled(known)[:2]
        fields["sponsors"] = sorted(o.handle for o in voices)
    world.emit("org.admit", org, [org] + voices, fields, sheet(org))
    world.books.admit(org)
    org.capacity = common.size(org)["capacity"]
    settle_in(world, org)


def settle_in(world, org):
    """One offer and one need, and what follows from being there."""
    for number, skill in enumerate(org.data["offers"]):
        wait = (1, 9) if number == 0 else (15, 70)
        world.plan(world.after(*wait), market.publish_offer, org, skill)
    world.plan(world.after(3, 14), market.ask_next, org)
    world.plan(world.after(140, 200), still_right, org)
    if org.fragile():
        world.plan(world.after(15, 30), common.grant, org, market.panel(world))


# --- Staying --------------------------------------------------------------------------------------

def update(world, org, news=None):
    world.emit("org.update", org, [org], {"public": True, **common.size(org)}, sheet(org, news))
    org.capacity = common.size(org)["capacity"]


def still_right(world, org):
    """Somebody looks the sheet through, most of the time."""
    if not org.active:
        return
    if world.prng.chance(250):
        update(world, org, world.texts.phrase(org.lang, "update"))
    elif world.prng.chance(700):
        world.emit("org.confirm", org, [org])
    world.plan(world.after(140, 200), still_right, org)


def state_figures(world, org):
    """Both sides sign that the books agree (SPEC 6.12)."""
    if org.active:
        world.emit("assertion.balance", org, [org], {
            "given_pending": org.pending_given, "given_posted": org.given, "moves": org.moves,
            "received_pending": org.pending_received, "received_posted": org.received})


def close_quarter(world):
    """Some compare their own notes with the ledger."""
    for org in world.books.active()[::KEEPS_NOTES]:
        world.plan(days.moment(world.checks, world.now), state_figures, org)


def add_key(world, org, scope, ceiling):
    fields = {"key": org.extra_key, "scope": scope}
    if ceiling is not None:
        fields["ceiling"] = ceiling
    world.emit("key.add", org, [org], fields)
    if org.handle in KEYS_REVOKED:
        world.plan(world.after(90, 150), revoke_key, org)


def revoke_key(world, org):
    world.emit("key.revoke", org, [org], {"key": org.extra_key})


def erase_people(world):
    """An organisation has the names of one ended agreement removed."""
    ended = [a for a in world.books.agreements if not a.live and a.people
             and all(org.active for org in a.parties())]
    if not ended:
        world.plan(world.after(7, 10), erase_people)
        return
    agreement = world.prng.pick(ended)
    by = world.prng.pick(agreement.parties())
    world.emit("details.erase", by, [by], {"slot": "people", "subject": agreement.ref})
    agreement.people = False


def leave(world, org):
    """It passes on what it has given beyond what it received, if there is any."""
    parties = [o for o in world.books.active() if o is not org and o.lang == org.lang
               and o.standing == "regular"]
    fields, heir = {}, None
    if org.position > 0:
        heir = world.prng.pick(parties)
        fields["to"] = heir.handle
    world.emit("org.leave", org, [org], fields)
    world.books.leave(org, heir)


def plan_year(world):
    newcomers = world.prng.shuffled([o for o in world.books.orgs if not o.data.get("founder")])
    first, last = ADMISSIONS
    for number, org in enumerate(newcomers):
        middle = first + (last - first) * number // len(newcomers)
        world.plan(world.day(middle + world.prng.below(5)), admit, org)
        if org.data.get("leaves"):
            world.plan(world.day(LEAVE_DAY), leave, org)
    for handle, scope, ceiling in EXTRA_KEYS:
        world.plan(world.day(world.prng.between(150, 200)), add_key, world.org(handle), scope,
                   ceiling)
    for number in QUARTERS:
        world.plan(world.day_start(number), close_quarter)
    world.plan(world.day(240), erase_people)
