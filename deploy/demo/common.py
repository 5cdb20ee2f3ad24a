# SPDX-License-Identifier: AGPL-3.0-or-later
"""The common pool in the generator's own books (SPEC 18.4, 18.5), and what each organisation can
give and is. The demo never asks the pool for more than its quarter has, so budgets are not kept."""
import calendar
import datetime

import days

# Minutes of help in a month, and hundredths of a full-time person, by class.
CAPACITY = {"established": 1920, "regular": 1440, "fragile": 960}
FTE = {"established": 1200, "regular": 500, "fragile": 120}


def size(org):
    return {"capacity": CAPACITY[org.standing],
            "fte": FTE[org.standing] + 50 * (len(org.name) % 7)}


def quarter_start(ms):
    day = days.date(ms)
    return calendar.timegm(datetime.date(day.year, (day.month - 1) // 3 * 3 + 1, 1).timetuple()) \
        * 1000


def next_quarter(ms):
    return quarter_start(quarter_start(ms) + 100 * days.DAY_MS)


def still_asked(books, need, agreement):
    """What the need asks beyond what other live agreements keep for it."""
    kept = sum(minutes for other in books.open(books.agreements)
               if other.need is need and other is not agreement
               for (_, to), minutes in other.left().items() if to is need.asker)
    return need.minutes - need.served - kept


def is_urgent(books, hours, agreement, at):
    need = hours.need
    return (need.live and need.urgent_until > at
            and all(to is need.asker and giver is not need.voucher for giver, to in hours.shares)
            and sum(hours.shares.values()) <= still_asked(books, need, agreement))


def pay(books, hours, agreement, at):
    """{pair: what the pool pays of it}, from the books before these hours."""
    need = hours.need
    if need is None or hours.gift:
        return {}
    mine = {pair: m for pair, m in hours.shares.items() if pair[1] is need.asker}
    received, asked = sum(mine.values()), max(0, need.minutes - need.served)
    eligible, asker, policy = min(received, asked), need.asker, books.policy
    rate = 0
    if is_urgent(books, hours, agreement, at):
        rate = policy["pool_urgent_permille"]
    elif asker.status_until > at:
        rate = policy["pool_rate_permille"]
        if asker.position - received + eligible * rate // 1000 < -books.floor(asker):
            rate = 1000
    paid = {}
    for pair in sorted(mine, key=lambda pair: (pair[0].handle, pair[1].handle)):
        dealt = min(mine[pair], eligible)
        eligible -= dealt
        paid[pair] = dealt * rate // 1000
    return paid


def close_quarter(books, at):
    """Who can give fills the pool again, the remainders going to the largest fractions."""
    members = sorted(books.active(), key=lambda org: org.number)
    weights = {org: (org.capacity or books.policy["capacity_default"]) *
               (0 if org.status_until > at else 1000) for org in members}
    total, deficit = sum(weights.values()), max(0, -books.pool)
    if not total:
        return
    parts = {org: deficit * weight // total for org, weight in weights.items()}
    missing = deficit - sum(parts.values())
    rest = sorted(members, key=lambda org: (-(deficit * weights[org] % total), org.number))
    for org in rest[:missing]:
        parts[org] += 1
    for org, minutes in parts.items():
        org.moves -= minutes
        books.pool += minutes


# --- Decisions of the panel -----------------------------------------------------------------------

STATUS_DAYS = 330


def grant(world, org, panel):
    """Two of the panel decide that a fragile organisation is one (SPEC 6.14)."""
    if not org.active:
        return
    signers = [one for one in panel if one is not org][:2]
    until = world.now + STATUS_DAYS * days.DAY_MS
    reason = {"lang": org.lang, "text": world.texts.phrase(org.lang, "status")}
    world.emit("status.grant", signers[0], signers, {
        "class": 1, "levy_permille": 0, "org": org.handle,
        "panel": sorted(one.handle for one in signers),
        "pool_permille": world.books.policy["pool_rate_permille"], "until": until},
        {"reason": ("status", reason)})
    org.status_until = until
