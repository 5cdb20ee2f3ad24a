# SPDX-License-Identifier: AGPL-3.0-or-later
"""What offers, needs, agreements and hours say, in the languages of those who write them."""
import json
import os

import days

LANGUAGES = ("fr", "nl", "en")


def capital(text):
    return text[:1].upper() + text[1:]


class Texts:
    def __init__(self, folder, prng):
        self.prng = prng
        self.used = {}
        with open(os.path.join(folder, "phrases.json"), encoding="utf-8") as f:
            self.phrases = json.load(f)
        self.skills = {}
        for lang in LANGUAGES:
            with open(os.path.join(folder, f"texts.{lang}.json"), encoding="utf-8") as f:
                self.skills[lang] = json.load(f)

    def has(self, lang, skill, what):
        return bool(self.skills[lang].get(skill, {}).get(what))

    def language(self, orgs, skill, what):
        """The language of the first organisation that has words for this."""
        for org in orgs:
            if self.has(org.lang, skill, what):
                return org.lang
        return next(lang for lang in LANGUAGES if self.has(lang, skill, what))

    def turn(self, lang, skill, what):
        """The number of the variant to use, so that the same one rarely stands twice."""
        n = self.used.get((lang, skill, what), 0)
        self.used[lang, skill, what] = n + 1
        return n % len(self.skills[lang][skill][what])

    def in_turn(self, lang, skill, what):
        return self.skills[lang][skill][what][self.turn(lang, skill, what)]

    def phrase(self, lang, name):
        return self.prng.pick(self.phrases[lang][name])

    def offer(self, org, skill):
        title, text = self.in_turn(org.lang, skill, "offers")
        tails = "thing_tails" if skill.startswith("@") else "skill_tails"
        if self.prng.chance(600):
            text += " " + self.phrase(org.lang, tails).format(city=org.data["city"])
        return {"lang": org.lang, "title": title, "text": text}

    def need(self, org, skill, urgent):
        """The text, and the number of the task that answers it."""
        variant = self.turn(org.lang, skill, "needs")
        title, text = self.skills[org.lang][skill]["needs"][variant]
        if urgent:
            text += " " + self.phrase(org.lang, "urgent")
        return {"lang": org.lang, "title": title, "text": text}, variant

    def task(self, lang, skill, need=None):
        """What is done: for a need, the task at the same place of the list."""
        if need is not None and lang == need.asker.lang:
            return self.skills[lang][skill]["tasks"][need.variant]
        return self.in_turn(lang, skill, "tasks")

    def duration(self, lang, minutes):
        hours, rest = divmod(minutes, 60)
        if hours == 0:
            return f"{rest} min"
        unit = self.phrases[lang]["hour"]
        return f"{hours} {unit} {rest:02}" if rest else f"{hours} {unit}"

    def agreement(self, lang, skill, task, givers, receiver, minutes, until):
        name = "agreement_thing" if skill.startswith("@") else "agreement"
        both = f" {self.phrases[lang]['and']} "
        if len(givers) > 1:
            name = "agreement_thing"
        text = self.phrase(lang, name).format(
            giver=both.join(org.name for org in givers), receiver=receiver.name, task=task,
            time=self.duration(lang, minutes),
            month=self.phrases[lang]["months"][days.date(until).month - 1])
        return {"lang": lang, "title": capital(task), "text": text}

    def hours(self, lang, skill, task, i, n, gift=False):
        """What was done in session i of n."""
        if skill.startswith("@"):
            name = "thing"
        elif n == 1:
            name = "once"
        else:
            name = "first" if i == 0 else "last" if i == n - 1 else "middle"
        text = self.phrase(lang, name).format(task=task, Task=capital(task))
        if gift:
            text += " " + self.phrase(lang, "gift")
        return {"lang": lang, "text": text}

    def people(self, lang):
        a, b = self.prng.shuffled(self.phrases[lang]["names"])[:2]
        return {"lang": lang, "text": self.phrase(lang, "people").format(a=a, b=b)}
