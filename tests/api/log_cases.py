# SPDX-License-Identifier: AGPL-3.0-or-later
"""The log on the wire (SPEC 4.6): tiles, entry bundles and consistency proofs against the tree that
this file computes from the leaves."""
import base64
import concurrent.futures
import gzip

from fixtures import Case
from semclient import checkpoint_head, leaf_hash, node_hash, tree_root

FOREVER = "public, max-age=31536000, immutable"
SIZE = 300


def tile_path(number):
    """N of tlog-tiles: three digits an element, all but the last behind an x."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    return "/".join(["x" + group for group in groups[:-1]] + groups[-1:])


def target(level, number, width=256):
    return f"/log/tile/{level}/{tile_path(number)}" + (f".p/{width}" if width < 256 else "")


def unbundle(data):
    leaves = []
    while data:
        length = int.from_bytes(data[:2], "big")
        assert len(data) >= 2 + length, "a leaf is cut off"
        leaves.append(data[2:2 + length])
        data = data[2 + length:]
    return leaves


def consistent(old_size, new_size, old_root, new_root, proof):
    """RFC 9162 section 2.1.4.2, for 0 < old size < new size."""
    path = list(proof)
    if old_size & old_size - 1 == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for step in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(step, old), node_hash(step, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (old, new) == (old_root, new_root)


class Wire(Case):
    """A log that fills one tile and begins the next."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        net = cls.net = cls.shared.network()
        cls.check_at_the_end(net)
        cls.client = net.client
        with concurrent.futures.ThreadPoolExecutor(8) as senders:
            list(senders.map(lambda _: net.add("org.confirm", "orme"), range(SIZE - 1)))
        cls.leaves = [one["leaf"].encode() for one in net.client.pages("/v1/entries?limit=200")]
        cls.hashes = [leaf_hash(leaf) for leaf in cls.leaves]

    def octets(self, path):
        answer = self.client.get(path)
        self.assertEqual(answer.status, 200, f"{path}: {answer}")
        self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(answer.headers["Cache-Control"], FOREVER)
        return answer.body

    def test_the_checkpoint(self):
        answer = self.client.get("/log/checkpoint")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(answer.headers["Cache-Control"], "no-cache")
        size, root = checkpoint_head(answer.body.decode(), self.net.origin, self.net.log_public)
        self.assertEqual((size, root), (SIZE, tree_root(self.hashes)))

    def test_a_full_tile_has_256_leaf_hashes(self):
        body = self.octets(target(0, 0))
        self.assertEqual(len(body), 8192)
        self.assertEqual(body, b"".join(self.hashes[:256]))

    def test_a_partial_tile_of_any_width_is_the_beginning_of_a_wider_one(self):
        for number, widths in ((0, (1, 2, 44, 128, 255)), (1, range(1, SIZE - 256 + 1))):
            for width in widths:
                body = self.octets(target(0, number, width))
                first = number * 256
                self.assertEqual(body, b"".join(self.hashes[first:first + width]))

    def test_a_hash_of_the_next_level_is_the_root_of_a_full_tile(self):
        self.assertEqual(self.octets(target(1, 0, 1)), tree_root(self.hashes[:256]))

    def test_the_tiles_of_a_size_make_up_the_root(self):
        """As a monitor does it: level 1 for what is full, level 0 for the rest."""
        rest = self.octets(target(0, 1, SIZE % 256))
        right = [rest[i:i + 32] for i in range(0, len(rest), 32)]
        root = node_hash(self.octets(target(1, 0, 1)), tree_root(right))
        self.assertEqual(root.hex(), self.client.get("/v1/checkpoint").json["root"])

    def test_nothing_lies_beyond_the_checkpoint(self):
        beyond = [target(0, 1), target(0, 1, SIZE - 256 + 1), target(0, 2, 1), target(1, 0),
                  target(1, 0, 2), target(1, 1, 1), target(2, 0, 1), target(7, 0, 1),
                  target(8, 0, 1), target(63, 0, 1), target(0, 10 ** 18 - 1),
                  target(0, 10 ** 18 - 1, 1), target(0, 1 << 56, 1)]
        bundles = [path.replace("/0/", "/entries/", 1) for path in beyond if "/tile/0/" in path]
        for path in beyond + bundles:
            with self.subTest(path):
                answer = self.client.get(path)
                self.refused(answer, "not_found")
                self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_a_tile_has_one_spelling(self):
        names = ["", "0", "00", "0000", "x000/000", "x000", "x000/x000/000", "000/000", "x00/000",
                 "x0000/000", "X001/000", "000/", "000.p", "000.p/", "000.p/0", "000.p/01",
                 "000.p/256", "000.p/1000", "000.p/-1", "000.p/+1", "000.p/1/", "000.p/1x",
                 "000p/1", "000.P/1", "000.p1", "-01", "+00", "00a", "x001/00", "001.p/x01",
                 "000.p/99999999999999999999", "x001/" * 6 + "000", "x001/" * 400 + "000"]
        paths = [f"/log/tile/{level}/{name}" for name in names for level in ("0", "entries")]
        paths += [f"/log/tile/{level}/000.p/1" for level in
                  ("00", "01", "64", "256", "-1", "+0", "", "a", "x000", "18446744073709551616",
                   "Entries", "entries/0")]
        paths += ["/log", "/log/", "/log/tile", "/log/tile/", "/log/tile/0", "/log/checkpoint/",
                  "/log//tile/0/000", "/log/tile/0//000"]
        for path in paths:
            with self.subTest(path[:60]):
                self.refused(self.client.get(path), "not_found")
        self.refused(self.client.get("/log/tile/0%2f000"), "bad_path")
        self.refused(self.client.get("/log/tile/0/000?x=1"), "query_invalid")
        self.refused(self.client.post("/log/tile/0/000", "x"), "method_not_allowed")

    def test_bundles_hold_the_leaves_of_the_entries(self):
        self.assertEqual(unbundle(self.octets("/log/tile/entries/000")), self.leaves[:256])
        for width in (1, 2, SIZE - 256):
            self.assertEqual(unbundle(self.octets(f"/log/tile/entries/001.p/{width}")),
                             self.leaves[256:256 + width])

    def test_bundles_are_coded_for_who_accepts_it(self):
        plain = self.client.get("/log/tile/entries/000")
        self.assertEqual(plain.headers["Vary"], "Accept-Encoding")
        self.assertNotIn("Content-Encoding", plain.headers)
        for accepts, coded in (("gzip", True), ("deflate, gzip;q=0.5", True), ("*", True),
                               ("gzip;q=0", False), ("identity", False), ("br", False)):
            with self.subTest(accepts):
                answer = self.client.request("GET", "/log/tile/entries/000",
                                             headers={"Accept-Encoding": accepts})
                self.assertEqual((answer.status, answer.headers["Vary"],
                                  answer.headers["Cache-Control"]),
                                 (200, "Accept-Encoding", FOREVER))
                self.assertEqual(answer.headers.get("Content-Encoding"), "gzip" if coded else None)
                self.assertEqual(gzip.decompress(answer.body) if coded else answer.body, plain.body)
                self.assertEqual(len(answer.body) < len(plain.body), coded)

    def test_hash_tiles_are_never_coded(self):
        """Hashes do not compress."""
        answer = self.client.request("GET", target(0, 0), headers={"Accept-Encoding": "gzip"})
        self.assertNotIn("Content-Encoding", answer.headers)
        self.assertEqual(len(answer.body), 8192)

    def test_head_of_a_tile(self):
        answer = self.client.request("HEAD", target(0, 0))
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.headers["Content-Length"], "8192")

    def proof(self, old, new=None):
        query = f"?from={old}" + ("" if new is None else f"&to={new}")
        answer = self.client.get("/v1/consistency" + query)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Cache-Control"], "no-cache")
        found = answer.json
        self.assertEqual((found["from"], found["to"]), (old, SIZE if new is None else new))
        return (bytes.fromhex(found["root_from"]), bytes.fromhex(found["root_to"]),
                [base64.b64decode(one, validate=True) for one in found["proof"]])

    def test_a_later_size_holds_an_earlier_one(self):
        sizes = (1, 2, 3, 4, 7, 8, 13, 64, 127, 128, 200, 255, 256, 257, 299, SIZE)
        roots = {size: tree_root(self.hashes[:size]) for size in sizes}
        for new in sizes:
            for old in (one for one in sizes if one < new):
                with self.subTest(old=old, new=new):
                    old_root, new_root, proof = self.proof(old, new)
                    self.assertEqual((old_root, new_root), (roots[old], roots[new]))
                    self.assertTrue(consistent(old, new, old_root, new_root, proof))
                    self.assertFalse(consistent(old, new, new_root, new_root, proof))

    def test_sizes_without_a_proof(self):
        """Every size holds nothing, and itself."""
        nothing, root = tree_root([]), tree_root(self.hashes)
        self.assertEqual(self.proof(0), (nothing, root, []))
        self.assertEqual(self.proof(0, 0), (nothing, nothing, []))
        self.assertEqual(self.proof(SIZE), (root, root, []))
        self.assertEqual(self.proof(SIZE - 1), self.proof(SIZE - 1, SIZE))

    def test_sizes_that_are_none(self):
        for query, field in [
                ("", "from"), ("?to=5", "from"), (f"?from={SIZE + 1}", "from"), ("?from=6&to=5", "from"),
                (f"?from=1&to={SIZE + 1}", "to"), ("?from=-1", "from"), ("?from=01", "from"),
                ("?from=", "from"), ("?from=x", "from"), ("?from=1&to=", "to"),
                ("?from=1&from=2", "from"), ("?from=18446744073709551617", "from"),
                ("?from=1&to=99999999999999999999", "to")]:
            with self.subTest(query):
                problem = self.refused(self.client.get("/v1/consistency" + query), "query_invalid")
                self.assertEqual(problem["field"], field)


class Growing(Case):
    def test_what_was_not_there_comes_and_what_was_there_stays(self):
        net = self.started.network()
        client = net.client
        for size in range(1, 6):
            with self.subTest(size):
                tiles = [client.get(target(0, 0, width)) for width in range(1, size + 2)]
                self.assertEqual([one.status for one in tiles], [200] * size + [404])
                self.assertEqual([len(one.body) for one in tiles[:-1]],
                                 [32 * width for width in range(1, size + 1)])
                for one in tiles[:-1]:
                    self.assertEqual(one.body, tiles[-2].body[:len(one.body)])
            net.add("org.confirm", "orme")

    def test_before_the_founding_there_are_no_tiles(self):
        server = self.started.serve(self.started.init())
        client = server.client(self.recorder)
        self.refused(client.get(target(0, 0, 1)), "not_found")
        self.refused(client.get("/log/tile/entries/000.p/1"), "unauthorized")
        found = client.get("/v1/consistency?from=0").json
        self.assertEqual((found["to"], found["proof"]), (0, []))

    def test_a_closed_charter_shows_bundles_to_members_and_hashes_to_all(self):
        net = self.started.network(bundles=False, directory=False)
        member = net.client.login(net.key("orme"))
        path = "/log/tile/entries/000.p/1"
        for one in (path, "/log/tile/entries/000", "/log/tile/entries/999"):
            self.refused(net.client.get(one), "unauthorized")
        answer = member.get(path)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        leaf, = unbundle(answer.body)
        self.assertEqual(leaf.decode(), member.get("/v1/entries/0").json["leaf"])
        tile = net.client.get(target(0, 0, 1))
        self.assertEqual((tile.body, tile.headers["Cache-Control"]), (leaf_hash(leaf), FOREVER))

    def test_a_server_that_does_not_sign_publishes_no_tile(self):
        """What it holds may be a fork of what was signed, and caches would keep it."""
        net = self.started.network()
        older = self.copy_log(net)
        net.add("org.confirm", "orme")
        self.assertEqual(net.client.get(target(0, 0, 1)).status, 200)
        self.put_log(net, older, with_journal=False)
        client = net.client
        self.refused(client.get(target(0, 0, 1)), "not_found")
        self.refused(client.get("/log/tile/entries/000.p/1"), "not_found")
        self.assertEqual(client.get("/v1/consistency?from=1").status, 200)
