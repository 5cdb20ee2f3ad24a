# SPDX-License-Identifier: AGPL-3.0-or-later
"""One demo year while it is written: the clock, what is planned, the books and the lines so far."""
import heapq
import json
import os

import days
from books import Books, Org
from prng import Prng
from texts import Texts

FOLDER = os.path.dirname(os.path.abspath(__file__))
VALID_DAYS = 30
EXTRA_KEY = ".second"         # key file of a second person: <handle>.second.semkey


class World:
    def __init__(self, seed, start_ms, keys, policy, out):
        """`keys`: {file base name: public key in hex}; `out` takes one line at a time."""
        self.start, self.end = start_ms, start_ms + 365 * days.DAY_MS
        self.prng = Prng(seed, "life")
        self.ids, self.salts = Prng(seed, "ids"), Prng(seed, "salts")
        self.checks, self.care = Prng(seed, "checks"), Prng(seed, "care")
        self.texts = Texts(FOLDER, Prng(seed, "words"))
        self.books = Books(policy)
        self.out, self.lines = out, 0
        self.now, self.planned, self.sequence = start_ms, [], 0
        for data in load("organisations.json"):
            org = Org(data, keys[data["handle"]])
            org.extra_key = keys.get(data["handle"] + EXTRA_KEY)
            self.books.orgs.append(org)

    def org(self, handle):
        return next(org for org in self.books.orgs if org.handle == handle)

    # --- Planning -----------------------------------------------------------------------------

    def plan(self, moment, action, *arguments):
        """Calls action(world, *arguments) at that moment, unless the year is over by then."""
        assert moment >= self.now
        heapq.heappush(self.planned, (moment, self.sequence, action, arguments))
        self.sequence += 1

    def day(self, number):
        """A working moment on day `number` of the year or soon after, never in the past."""
        return max(self.now, days.moment(self.prng, self.start + number * days.DAY_MS))

    def day_start(self, number):
        return self.start + number * days.DAY_MS

    def after(self, least, most):
        """A working moment so many days from now."""
        return max(self.now, days.moment(
            self.prng, self.now + self.prng.between(least, most) * days.DAY_MS))

    def live_day(self, first, last):
        """A day number between two others, more likely in a busy month."""
        while True:
            number = self.prng.between(first, last)
            month = days.date(self.start + number * days.DAY_MS).month
            if self.prng.chance(days.SEASON[month]):
                return number

    def run(self):
        while self.planned:
            moment, _, action, arguments = heapq.heappop(self.planned)
            if moment < self.end:
                self.now = moment
                self.books.expire(moment)
                action(self, *arguments)

    # --- Writing ------------------------------------------------------------------------------

    def new_id(self):
        """A UUIDv7 (RFC 9562 section 5.7) made up to two minutes ago."""
        made = self.now - self.ids.below(2 * days.MINUTE_MS)
        bits = bytearray(made.to_bytes(6, "big") + self.ids.bytes(10))
        bits[6] = 0x70 | bits[6] & 0x0F
        bits[8] = 0x80 | bits[8] & 0x3F
        return bytes(bits).hex()

    def emit(self, kind, by, signers, fields=None, texts=None):
        """Writes one line of SPEC 13.3 and gives its reference. `texts`: {slot: (kind, text)}"""
        entry = {"at": self.now, "by": by.handle, "id": self.new_id(), "kind": kind,
                 "valid_until": self.now + VALID_DAYS * days.DAY_MS, **(fields or {})}
        others = sorted({org.handle for org in signers} - {by.handle})
        line = {"sign": [by.handle] + others, "entry": entry}
        if texts:
            line["details"] = {slot: {"kind": of, "salt": self.salts.bytes(32).hex(), "text": text}
                               for slot, (of, text) in texts.items()}
        self.out(json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
        self.lines += 1
        return f"{by.handle}/{entry['id']}"


def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return json.load(f)


def share_list(shares):
    """{(giver, receiver): minutes} as the field `shares`."""
    rows = [{"from": giver.handle, "minutes": minutes, "to": receiver.handle}
            for (giver, receiver), minutes in shares.items()]
    return sorted(rows, key=lambda row: (row["from"], row["to"]))
