# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sealed balances, their proofs, and assertions: SPEC 6.11, 6.12, 7.4.

The balance tree is computed here from the leaves of the log alone.
"""
import base64
import hashlib
import json

from fixtures import SEALS, Case, fill_to_seal, position, restart, semd
from semclient import (canonical, inclusion_root, leaf_hash, split_note, tree_root, verify_note,
                       verify_receipt)

COUNTERS = ("given_pending", "given_posted", "moves", "received_pending", "received_posted")


def signers_of(leaf, origin):
    """The handles that signed a leaf; `pool` for what the clock signed."""
    _, lines = split_note(leaf.split("\n", 1)[1])
    for name, _, _ in lines:
        yield "pool" if name == origin + "/clock" else name.removeprefix(origin + "/org/")


def salts(leaves, origin):
    """What any reader of the leaves computes: the salt of each account."""
    chains = {}
    for leaf in leaves:
        lines = leaf.rpartition("\n\n")[2]
        inner = hashlib.sha256((origin + "/salt/v1\n" + lines).encode()).digest()
        for who in signers_of(leaf, origin):
            before = chains.get(who, bytes(32))
            chains[who] = hashlib.sha256(before + inner).digest()
    return {who: chain[:16].hex() for who, chain in chains.items()}


def balance_text(origin, who, salt, size, **figures):
    fields = {**dict.fromkeys(COUNTERS, 0), **figures, "org": who, "salt": salt, "size": size}
    fields["position"] = fields["given_posted"] - fields["received_posted"] + fields["moves"]
    return f"{origin}/balance/v1\n{canonical(fields)}\n"


class Balances(Case):
    def network(self):
        net = self.started.network(policy=SEALS)
        net.hours("orme", "tilleul", 90)
        return net

    def proof_of(self, net, handle):
        answer = net.client.login(net.key(handle)).get(f"/v1/orgs/{handle}/balance")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def leaves(self, net):
        return [one["leaf"] for one in net.client.pages("/v1/entries?limit=200")]

    def verified(self, net, proof):
        """Checks a proof with the log's key alone; gives the balance as an object."""
        index, _ = verify_receipt(proof["receipt"], proof["seal"], net.origin, net.log_public)
        seal = json.loads(split_note(proof["seal"].split("\n", 1)[1])[0].split("\n")[1])
        self.assertEqual((seal["kind"], seal["size"]), ("seal.balances", index))
        self.assertEqual((seal["accounts"], proof["origin"], proof["v"]),
                         (proof["accounts"], net.origin, 1))
        path = [base64.b64decode(one, validate=True) for one in proof["path"]]
        root = inclusion_root(proof["index"], proof["accounts"],
                              leaf_hash(proof["balance"].encode()), path)
        self.assertEqual(root.hex(), seal["root"])
        first, line = proof["balance"].splitlines()
        self.assertEqual(first, net.origin + "/balance/v1")
        return json.loads(line)

    def test_there_is_none_before_the_first_seal_nor_for_a_newcomer(self):
        net = self.network()
        orme = net.client.login(net.key("orme"))
        problem = self.refused(orme.get("/v1/orgs/orme/balance"), "not_found")
        self.assertIn("not sealed yet", problem["detail"])
        fill_to_seal(net)
        net.admit("lierre", coordinator="noyer")
        lierre = net.client.login(net.key("lierre"))
        problem = self.refused(lierre.get("/v1/orgs/lierre/balance"), "not_found")
        self.assertIn("after the last seal", problem["detail"])
        fill_to_seal(net)
        self.assertEqual(self.verified(net, self.proof_of(net, "lierre"))["position"], 0)

    def test_a_proof_verifies_with_the_key_of_the_log(self):
        net = self.network()
        size = fill_to_seal(net)
        net.hours("orme", "tilleul", 15)
        figures = {}
        for handle in ("noyer", "tilleul", "orme"):
            proof = self.proof_of(net, handle)
            balance = self.verified(net, proof)
            self.assertEqual((balance["org"], balance["size"]), (handle, size - 1))
            figures[handle] = balance["position"]
        self.assertEqual(figures, {"noyer": 0, "tilleul": -90, "orme": 90})
        wrong = dict(proof, balance=proof["balance"].replace(":90", ":91"))
        with self.assertRaises(AssertionError):
            self.verified(net, wrong)

    def test_whoever_reads_the_log_can_compute_every_leaf_of_the_tree(self):
        net = self.network()
        size = fill_to_seal(net)
        leaves = self.leaves(net)
        self.assertEqual(len(leaves), size)
        note = leaves[-1].split("\n", 1)[1]
        keys = net.client.get("/v1/network").json["keys"]
        text = verify_note(note, net.origin + "/clock", bytes.fromhex(keys["clock_key"]))
        seal = json.loads(text.split("\n")[1])
        found = salts(leaves[:-1], net.origin)
        moved = {"orme": {"given_posted": 90}, "tilleul": {"received_posted": 90}}
        texts = [balance_text(net.origin, who, found.get(who, "0" * 32), size - 1,
                              **moved.get(who, {}))
                 for who in ("pool", "noyer", "tilleul", "orme")]
        root = tree_root([leaf_hash(text.encode()) for text in texts])
        self.assertEqual((seal["root"], seal["accounts"], seal["size"]),
                         (root.hex(), 4, size - 1))
        self.assertEqual(self.proof_of(net, "tilleul")["balance"], texts[2])
        at = int(leaves[-2].split("\n")[0][3:])
        self.assertEqual((leaves[-1].split("\n")[0], seal["valid_until"]), (f"at {at}", at))
        self.assertEqual(int(seal["id"][:12], 16), at)

    def test_it_stays_after_a_restart_and_the_store_holds(self):
        net = self.network()
        fill_to_seal(net)
        before = self.proof_of(net, "orme")
        restart(net, self.started)
        after = self.proof_of(net, "orme")
        self.assertEqual((before["balance"], before["path"]), (after["balance"], after["path"]))
        self.assertEqual(net.server.stop(), 0)
        semd("check", "--dir", net.folder)
        semd("rebuild", "--dir", net.folder)
        semd("check", "--dir", net.folder)

    def test_a_seal_is_an_entry_like_others_to_readers(self):
        net = self.network()
        size = fill_to_seal(net)
        seals = net.client.pages("/v1/entries?kind=seal.balances")
        self.assertEqual([one["index"] for one in seals], [size - 1])
        self.assertEqual((seals[0]["by"], seals[0]["parties"]), ("clock", []))
        one = net.client.get("/v1/entries/" + seals[0]["ref"]).json
        self.assertEqual((one["fields"]["kind"], one["index"]), ("seal.balances", size - 1))
        self.assertEqual(verify_receipt(one["receipt"], one["leaf"], net.origin, net.log_public)[0],
                         size - 1)

    def test_an_organisation_asserts_what_it_is_shown(self):
        net = self.network()
        orme = net.client.login(net.key("orme"))
        shown = position(orme, "orme")
        figures = {name: shown[name] for name in COUNTERS}
        self.assertEqual(figures["given_posted"], 90)
        ref = net.add("assertion.balance", "orme", **figures)
        fields = net.client.get("/v1/entries/" + ref).json["fields"]
        self.assertEqual({name: fields[name] for name in COUNTERS}, figures)
        self.assertEqual(orme.get("/v1/orgs/orme/statement").json["items"][0]["ref"], ref)
        for name in COUNTERS:
            with self.subTest(name):
                wrong = {**figures, name: figures[name] + 1}
                problem = self.refused(net.post("assertion.balance", "orme", **wrong),
                                       "assertion_false")
                self.assertEqual((problem["field"], problem["expected"], problem["found"]),
                                 (name, str(figures[name]), str(figures[name] + 1)))
