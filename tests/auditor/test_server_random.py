#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Server and auditor side by side on random entries: what one takes the other takes, what one
refuses the other refuses, and in the end both know the same; as does the auditor of semctl, by the
same report. SEMD and SEMCTL name the programs."""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import build  # noqa: E402
import history  # noqa: E402
import play  # noqa: E402
from auditors import Both  # noqa: E402
from fixtures import Started  # noqa: E402
from sem_audit import days, limits  # noqa: E402
from sem_audit.replay import Replay  # noqa: E402
from sem_audit.report import Report, position  # noqa: E402

SEEDS = (2, 5)
ENTRIES = 500
HOLES = 20      # logs that lack one leaf, for each game


class Game:
    """One server, one replay beside it, and what both said of every entry."""

    def __init__(self, started, seed):
        folder = started.init(history.ORIGIN)
        self.client = started.serve(folder).client()
        self.player = play.Player(seed, build.server_keys(folder, history.ORIGIN))
        self.replay = Replay(history.ORIGIN, Report())
        self.player.state = self.replay.state
        self.leaves = []
        self.taken, self.refused = {}, {}
        self.codes = []     # (line, server's code, auditor's code) where the codes differ

    def run(self, entries):
        self.submit(self.player.log.lines[0])
        for _ in range(entries):
            self.submit(self.player.next())

    def submit(self, line):
        leaf = line.leaf(history.ORIGIN)
        answer = self.client.post("/v1/entries", leaf.partition(b"\n")[2])
        kind = line.fields["kind"]
        if answer.status == 201:
            self.follow(answer.json["index"])
            self.player.took(line)
            self.taken[kind] = self.taken.get(kind, 0) + 1
            assert not self.replay.report.findings, (line.fields, self.replay.report.findings)
            return
        mine = self.judged(leaf)
        assert answer.code and mine, (line.fields, answer, mine)
        self.refused[answer.code] = self.refused.get(answer.code, 0) + 1
        if answer.code != mine:
            self.codes.append((kind, answer.code, mine))

    def valid_key(self, handle):
        """A key with which the organisation can log in at the end."""
        player, org = self.player, self.replay.state.orgs[handle]
        valid = {key.public for key in org.keys.values() if key.revoked_at is None}
        words = ["first", *player.words.get(handle, [])]
        return next(player.log.key(handle, word) for word in words
                    if player.log.key(handle, word).public in valid)

    def follow(self, index):
        """Replays the new leaves, ticks included."""
        size = self.client.get("/v1/network").json["size"]
        assert size > index
        for one in range(len(self.replay.tree), size):
            self.leaves.append(self.client.get(f"/v1/entries/{one}").json["leaf"].encode())
            self.replay.leaf(self.leaves[-1])

    def judged(self, leaf):
        """What the auditor would say of a leaf that the server did not write. Ticks and
        seals that it would have written before it are not counted."""
        replay = self.replay.copy()
        replay.leaf(leaf)
        found = [one["code"] for one in replay.report.findings + replay.report.consequences
                 if one["code"] not in ("tick_missing", "seal_missing")]
        return found[0] if found else None


class SideBySide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.started = started = Started(cls.addClassCleanup)
        cls.games = []
        for seed in SEEDS:
            game = Game(started, seed)
            game.run(ENTRIES)
            cls.games.append(game)

    def test_much_is_taken_and_much_refused(self):
        for game in self.games:
            self.assertGreater(sum(game.taken.values()), ENTRIES // 4, game.refused)
        refused = {code for game in self.games for code in game.refused}
        for code in ("limit_crossed", "already_closed", "hours_over_agreement", "already_vouched",
                     "reverse_too_much", "signer_unexpected", "not_yours", "org_left",
                     "expires_out_of_range", "vouch_own", "not_urgent", "agreement_mismatch",
                     "key_scope", "key_ceiling", "key_revoked", "key_in_use", "last_admin_key",
                     "parties_mismatch", "handle_taken", "change_below_recorded",
                     "assertion_false", "pool_over_position", "not_panel", "urgent_quota",
                     "step_unfounded", "cosigner_missing", "paused", "nothing_broken",
                     "already_appealed"):
            self.assertIn(code, refused)
        self.assertEqual(len({kind for game in self.games for kind in game.taken}), 28)
        states = [game.replay.state for game in self.games]
        for state in states:
            self.assertGreaterEqual(len(state.closings), 1)
            self.assertGreater(state.crisis_until, 0)
            self.assertTrue(any(org.pool_received for org in state.orgs.values()))
        for name in ("deficit", "levied", "forgiven"):
            self.assertTrue(any(getattr(one, name) for state in states for one in state.closings))

    def test_most_refusals_have_the_same_name(self):
        """An entry that breaks several rules may be answered by any of their codes (SPEC 6)."""
        refused = sum(sum(game.refused.values()) for game in self.games)
        differ = [one for game in self.games for one in game.codes]
        self.assertLess(len(differ), refused // 5, differ)

    def test_positions_and_things_are_the_same_in_the_end(self):
        for game in self.games:
            orgs = game.replay.state.orgs
            session = game.client.login(game.valid_key("noyer"))
            said = {one["org"]: one for one in session.pages("/v1/positions?limit=200")}
            self.assertEqual(set(said), set(orgs))
            for handle, org in orgs.items():
                mine = position(org)
                self.assertEqual({**said[handle], **mine}, said[handle], handle)
                self.check_line(game, org, said[handle])
            self.check_pairs(game, session)
            self.check_things(game, session)

    def test_both_auditors_say_the_same_of_the_log(self):
        """Fresh, going on, and of a log that broke its rules from its middle on."""
        for game in self.games:
            log, leaves = game.player.log, game.leaves
            log.take(leaves)
            both = Both(self.started, log)
            folder = self.written(log, leaves)
            fresh = both.audit(self, folder)
            self.assertEqual((fresh["findings"], fresh["consequences"]), ([], []))
            self.assertEqual(fresh["size"], len(leaves))
            later = both.audit(self, folder, size=len(leaves) // 2)
            self.assertEqual(later.pop("since"), len(leaves) // 2)
            self.assertEqual(later, fresh)
            # The seal behind a hole, if nothing else, stands at the wrong place.
            for gone in range(7, len(leaves) - 17, len(leaves) // HOLES):
                document = both.audit(self, self.written(log, leaves[:gone] + leaves[gone + 1:]))
                self.assertNotEqual(document["findings"], [])

    def written(self, log, leaves):
        folder = self.started.folder()
        build.write_tiles(folder, leaves, build.checkpoint(log, leaves))
        return folder

    def check_line(self, game, org, said):
        """The line of today, in a crisis as after the last leaf, and the window that it stands on:
        SPEC 5.4, 8.1."""
        if not org.active:
            return
        policy = game.replay.state.policy
        now = days.parse_day(said["window"]["to"]) * days.DAY_MS
        self.assertEqual(org.given_in_window(now), said["window"]["given"])
        crisis = game.replay.state.in_crisis(game.replay.last_at)
        floor = limits.floor_of(org, policy, now, crisis)
        self.assertEqual((floor, limits.hard_stop(floor, policy)),
                         (said["line"]["floor"], said["line"]["hard_stop"]))

    def check_pairs(self, game, session):
        pairs = game.replay.state.pairs
        for handle in game.replay.state.orgs:
            for one in session.pages(f"/v1/orgs/{handle}/pairs?limit=200"):
                for way, pair in (("given", (handle, one["org"])),
                                  ("received", (one["org"], handle))):
                    mine = pairs.get(pair)
                    mine = (mine.minutes, mine.gift_minutes, mine.count) if mine else (0, 0, 0)
                    said = one[way], one[way + "_gifts"], one[way + "_exchanges"]
                    self.assertEqual(mine, said, pair)

    def check_things(self, game, session):
        sessions = {"noyer": session}
        for ref, thing in game.replay.state.things.items():
            if thing.kind == "need":
                said = session.get(f"/v1/needs/{ref}").json
                self.assertEqual((said["state"], said["served"]), (thing.state, thing.served), ref)
            elif thing.kind == "offer":
                self.assertEqual(session.get(f"/v1/offers/{ref}").json["state"], thing.state, ref)
            elif thing.kind == "agreement":
                party = next((one for one in sorted(thing.parties)
                              if game.replay.state.orgs[one].active), None)
                if party is None:
                    continue
                if party not in sessions:
                    sessions[party] = game.client.login(game.valid_key(party))
                said = sessions[party].get(f"/v1/agreements/{ref}").json
                self.assertEqual(said["state"], thing.state, ref)


if __name__ == "__main__":
    unittest.main()
