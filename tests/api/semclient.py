# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small independent client of SEM for the black-box tests: it makes keys, entry texts and signed
notes, opens commitments, talks HTTP to a server over TCP or a unix socket, and runs servers.

It shares no code with the server: what it signs and verifies follows SPEC.md and the C2SP formats.
"""
import base64
import calendar
import hashlib
import http.client
import io
import json
import os
import re
import select
import signal
import socket
import subprocess
import time

import nacl.exceptions
import nacl.signing

DAY_MS = 86_400_000
POLICY_DEFAULT = {
    "agreement_days_max": 366, "appeal_suspends": 1, "capacity_default": 240,
    "choice_ask_minutes": 4320, "choice_ask_urgent_minutes": 1440, "choice_burden_guard": 1,
    "choice_min_candidates": 2, "class_age_days": 30, "class_new_needs": 3, "crisis_days": 183,
    "crisis_fill_days": 60, "crisis_fill_permille": 500, "crisis_floor_permille": 1500,
    "crisis_orgs_min": 5, "crisis_pool_permille": 2000, "crisis_urgent_permille": 200,
    "dormant_days": 180, "entry_days_max": 90, "forgive_band": 600, "forgive_divisor": 0,
    "forgive_levy_divisor": 0, "gift_free": 1, "id_skew_minutes": 10, "ladder_lean_days": 30,
    "ladder_lean_permille": 500, "ladder_strain_days": 60, "ladder_strain_permille": 800,
    "leave_free": 1, "limit_ceiling": 2400, "limit_floor_base": 1200, "limit_floor_divisor": 4,
    "limit_floor_max": 3600, "limit_floor_new": 600, "limit_floor_new_gifts": 2,
    "limit_hard_permille": 1500, "limit_soft": 1, "match_quantum": 30, "match_split_min": 120,
    "need_days_max": 180, "offer_days_max": 184, "pair_cap_minutes": 720, "pair_cap_permille":
    400, "pair_reverse": 1, "panel_min": 2, "pool_cap": 600, "pool_rate_permille": 500,
    "pool_urgent_permille": 1000, "promise_days": 180, "promise_meeting": 3,
    "reference_days_max": 400, "rest_permille": 1500, "seal_every": 1024, "sheet_stale_days":
    180, "skill_fresh_days": 180, "sponsors_min": 2, "status_days_max": 366, "step_days": 90,
    "two_layers": 1, "unit_parity": 1, "urgent_days": 30, "urgent_never_blocked": 1,
    "urgent_quota": 2, "window_days": 365,
}


def now_ms():
    return time.time_ns() // 1_000_000


def day_of(ms):
    return time.strftime("%Y-%m-%d", time.gmtime(ms // 1000))


def day_ms(day):
    return calendar.timegm(time.strptime(day, "%Y-%m-%d")) * 1000


def canonical(value):
    """The profile of SPEC 2.2: sorted keys, no white space, UTF-8 as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def new_id(at_ms=None, random=None):
    """A UUIDv7 as 32 hex digits (RFC 9562 section 5.7)."""
    bits = bytearray((now_ms() if at_ms is None else at_ms).to_bytes(6, "big"))
    bits += os.urandom(10) if random is None else random
    bits[6] = 0x70 | bits[6] & 0x0F
    bits[8] = 0x80 | bits[8] & 0x3F
    return bytes(bits).hex()


# --- Keys and notes -----------------------------------------------------------------------------

class Key:
    """A key of an organisation (or, with another name, of anything else)."""

    def __init__(self, origin, handle, seed=None, name=None):
        self.handle = handle
        self.origin = origin
        self.name = name or f"{origin}/org/{handle}"
        self.secret = nacl.signing.SigningKey(os.urandom(32) if seed is None else seed)
        self.public = bytes(self.secret.verify_key)
        self.hex = self.public.hex()

    @property
    def key_id(self):
        return key_id(self.name, self.public)

    def line(self, text):
        signature = self.secret.sign(text.encode()).signature
        return f"— {self.name} {base64.b64encode(self.key_id + signature).decode()}\n"


def key_id(name, public, kind=1):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def note(text, keys):
    """A signed note; lines sorted by key name, then key id (SPEC 3.1)."""
    keys = sorted(keys, key=lambda key: (key.name.encode(), key.key_id))
    return text + "\n" + "".join(key.line(text) for key in keys)


def entry_text(origin, fields):
    return f"{origin}/entry/v1\n{canonical(fields)}\n"


def commitment(origin, kind, salt, data):
    head = f"{origin}/detail/v1\n{kind}\n".encode()
    return hashlib.sha256(head + salt + data).hexdigest()


class Detail:
    """A text with its salt and commitment."""

    def __init__(self, origin, kind, value, salt=None):
        self.kind = kind
        self.salt = os.urandom(32) if salt is None else salt
        self.text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self.commit = commitment(origin, kind, self.salt, self.text.encode())

    def body(self, ref, slot="details"):
        return {"ref": ref, "slot": slot, "kind": self.kind, "salt": self.salt.hex(),
                "text": self.text}


# --- Verifying ------------------------------------------------------------------------------------

def split_note(data):
    """Text and [(name, key id, signature)] of a note."""
    text, _, tail = data.rpartition("\n\n")
    lines = []
    for line in tail.splitlines():
        dash, name, blob = line.split(" ")
        assert dash == "—", line
        raw = base64.b64decode(blob, validate=True)
        lines.append((name, raw[:4], raw[4:]))
    return text + "\n", lines


def verify_note(data, name, public):
    """The text of a note that carries a valid line of this key; AssertionError otherwise."""
    text, lines = split_note(data)
    for line_name, line_id, signature in lines:
        if line_name == name and line_id == key_id(name, public):
            try:
                nacl.signing.VerifyKey(public).verify(text.encode(), signature)
            except nacl.exceptions.BadSignatureError:
                raise AssertionError("bad signature of " + name) from None
            return text
    raise AssertionError("no line of " + name)


def checkpoint_head(data, origin, log_public):
    text = verify_note(data, origin, log_public)
    first, size, root = text.splitlines()[:3]
    assert first == origin
    return int(size), base64.b64decode(root, validate=True)


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion_root(index, size, leaf, proof):
    """RFC 9162 section 2.1.3.2: the root that an audit path gives."""
    assert index < size
    fn, sn, node = index, size - 1, leaf
    for step in proof:
        assert sn != 0, "proof too long"
        if fn & 1 or fn == sn:
            node = node_hash(step, node)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            node = node_hash(node, step)
        fn >>= 1
        sn >>= 1
    assert sn == 0, "proof too short"
    return node


def verify_receipt(receipt, leaf, origin, log_public):
    """Checks a tlog-proof of a leaf offline; gives (index, size)."""
    head, _, checkpoint = receipt.partition("\n\n")
    first, second, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1", first
    index = int(re.fullmatch(r"index (0|[1-9]\d*)", second).group(1))
    size, root = checkpoint_head(checkpoint, origin, log_public)
    proof = [base64.b64decode(line, validate=True) for line in hashes]
    assert inclusion_root(index, size, leaf_hash(leaf.encode()), proof) == root
    return index, size


def tree_root(leaves):
    """RFC 9162 section 2.1.1: the root of the tree over these leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


# --- HTTP -----------------------------------------------------------------------------------------

class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The word of a problem, or None."""
        if self.headers.get("Content-Type", "").startswith("application/problem+json"):
            return self.json["code"]
        return None

    def __repr__(self):
        return f"<Answer {self.status} {self.body[:500]!r}>"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    """HTTP to http://HOST:PORT or unix:PATH; after login() with a session. `check` is called with
    (method, path, answer) for every answer, so that a suite can hold all of them to the schema."""

    def __init__(self, url, token=None, check=None):
        self.url = url
        self.token = token
        self.check = check

    def connect(self):
        if self.url.startswith("unix:"):
            return UnixConnection(self.url[5:])
        return http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)

    def request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body, ensure_ascii=False)
            headers.setdefault("Content-Type", "application/json")
        elif body is not None:
            headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        if self.token:
            headers.setdefault("Authorization", "Bearer " + self.token)
        connection = self.connect()
        try:
            data = body.encode() if isinstance(body, str) else body
            connection.request(method, path, data, headers)
            raw = connection.getresponse()
            answer = Answer(raw.status, raw.headers, raw.read())
        finally:
            connection.close()
        if self.check:
            self.check(method, path, answer)
        return answer

    def get(self, path, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("GET", path, headers=named)

    def post(self, path, body, **headers):
        return self.request("POST", path, body, headers)

    def put(self, path, body):
        return self.request("PUT", path, body)

    def delete(self, path):
        return self.request("DELETE", path)

    def login(self, key):
        """A client with a session of this key."""
        answer = self.post("/v1/sessions/challenge", {"org": key.handle})
        assert answer.status == 200, answer
        answer = self.post("/v1/sessions", note(answer.json["text"], [key]))
        assert answer.status == 201, answer
        return Client(self.url, answer.json["token"], self.check)

    def pages(self, path):
        """All items of a list."""
        items, cursor = [], None
        while True:
            sep = "&" if "?" in path else "?"
            answer = self.get(path + (f"{sep}cursor={cursor}" if cursor else ""))
            assert answer.status == 200, answer
            items += answer.json["items"]
            cursor = answer.json.get("next")
            if not cursor:
                return items


def raw_bytes(url, data, seconds=30):
    """Sends bytes as they are; gives what comes until the server ends the connection, or until
    `seconds` pass without a byte."""
    if url.startswith("unix:"):
        line = socket.socket(socket.AF_UNIX)
        line.connect(url[5:])
    else:
        host, port = url.removeprefix("http://").split(":")
        line = socket.create_connection((host, int(port)))
    got = b""
    with line:
        line.settimeout(seconds)
        try:
            line.sendall(data)
            while piece := line.recv(65536):
                got += piece
        except (TimeoutError, ConnectionError):
            pass
    return got


def raw_request(url, data, seconds=30):
    """The same, as a list of answers."""
    stream = io.BufferedReader(io.BytesIO(raw_bytes(url, data, seconds)))
    answers = []
    while stream.peek(1):
        raw = http.client.HTTPResponse(_Stream(stream))
        raw.begin()
        answers.append(Answer(raw.status, raw.headers, raw.read()))
    return answers


class _Stream:
    """Lets HTTPResponse read one answer after another from the same buffered stream."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, *_):
        return self

    def close(self):
        pass

    def flush(self):
        pass

    def __getattr__(self, name):
        return getattr(self.stream, name)


# --- A network ----------------------------------------------------------------------------------

class Network:
    """Keys of organisations by handle, and the entries they sign, against one server."""

    def __init__(self, client, origin, seed=b"test"):
        self.client = client
        self.origin = origin
        self.seed = seed
        self.keys = {}
        self.log_public = None

    def key(self, handle):
        if handle not in self.keys:
            seed = hashlib.sha256(self.seed + b"/" + handle.encode()).digest()
            self.keys[handle] = Key(self.origin, handle, seed)
        return self.keys[handle]

    def fields(self, kind, by, at=None, **more):
        """The common fields and those of the kind; None leaves a field out."""
        moment = now_ms() if at is None else at
        fields = {"by": by, "id": new_id(moment), "kind": kind, "valid_until": moment + 30 * DAY_MS}
        if at is not None:
            fields["at"] = at
        fields.update(more)
        return {name: value for name, value in fields.items() if value is not None}

    def text(self, kind, by, **more):
        return entry_text(self.origin, self.fields(kind, by, **more))

    def signing(self, signers):
        """Keys for handles; a Key stands for itself."""
        return [self.key(one) if isinstance(one, str) else one for one in signers]

    def note(self, kind, by, signers=None, **more):
        return note(self.text(kind, by, **more), self.signing(signers or [by]))

    def post(self, kind, by, signers=None, **more):
        """Signs and posts an entry; gives the answer."""
        return self.client.post("/v1/entries", self.note(kind, by, signers, **more))

    def add(self, kind, by, signers=None, **more):
        """The same for an entry that must be accepted; gives its reference."""
        answer = self.post(kind, by, signers, **more)
        assert answer.status in (200, 201), answer
        return answer.json["ref"]

    def found(self, handles=("noyer", "tilleul", "orme"), demo=False,
              skills=("comptabilite", "droit"), bundles=True, directory=True, policy=None, at=None,
              coordinators=None, **more):
        keys = self.client.get("/v1/network").json["keys"]
        self.log_public = bytes.fromhex(keys["log_key"])
        start = now_ms() if at is None else at
        self.charter = hashlib.sha256(b"We help each other.").hexdigest()
        names = {slug: {"fr": slug, "nl": slug, "en": slug} for slug in skills}
        self.skills_detail = Detail(self.origin, "skills", names)
        fields = {
            "charter": self.charter, "clock_key": keys["clock_key"], "log_key": keys["log_key"],
            "refusal_key": keys["refusal_key"], "demo": demo,
            "founders": [{"handle": handle, "key": self.key(handle).hex} for handle in handles],
            "mandates": [{"org": handle, "role": "coordinator", "until": start + 3 * 365 * DAY_MS}
                         for handle in sorted(coordinators or handles[:1])],
            "policy": {**POLICY_DEFAULT, **(policy or {})},
            "public": {"bundles": bundles, "directory": directory}, "rules_version": 1,
            "skills": sorted(skills), "skills_details": self.skills_detail.commit,
        }
        fields.update(more)
        self.found_ref = self.add("network.found", handles[0], handles, at=at, **fields)
        return self.found_ref

    def put_detail(self, detail, ref, slot="details"):
        return self.client.put("/v1/details/" + detail.commit, detail.body(ref, slot))

    def admit(self, handle, sponsors=None, coordinator=None, sheet=None, public=False, at=None):
        sheet = Detail(self.origin, "org", sheet or {"name": handle.title()})
        helpers = list(sponsors or [coordinator])
        ref = self.add("org.admit", handle, [handle] + helpers, at=at, charter=self.charter,
                       key=self.key(handle).hex, details=sheet.commit, public=public,
                       coordinator=coordinator, sponsors=sorted(sponsors) if sponsors else None)
        assert self.put_detail(sheet, ref).status == 201
        return ref

    def hours(self, giver, receiver, minutes, at=None, **more):
        """Direct hours of one pair."""
        moment = now_ms() if at is None else at
        return self.post("hours.record", receiver, [giver, receiver], at=at, day=day_of(moment),
                         shares=[{"from": giver, "to": receiver, "minutes": minutes}], **more)


# --- Running servers ----------------------------------------------------------------------------

class Server:
    """A `semd serve` on a free port of 127.0.0.1 (or on a unix socket), stopped with SIGTERM."""

    def __init__(self, semd, folder, listen="127.0.0.1:0", more=()):
        self.folder = folder
        self.process = subprocess.Popen(
            [semd, "serve", "--dir", folder, "--listen", listen, *more],
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.said = ""
        self.url = self.wait_for(r"listening on (http://\S+|unix:\S+)")

    def wait_for(self, pattern, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.said)
            if found:
                return found.group(1)
            if select.select([self.process.stderr], [], [], 0.2)[0]:
                data = os.read(self.process.stderr.fileno(), 65536)
                if not data:
                    break
                self.said += data.decode()
        self.kill()
        raise AssertionError("server did not start: " + self.said)

    def client(self, check=None):
        return Client(self.url, check=check)

    def stop(self, seconds=30):
        """SIGTERM; gives the exit status. What it said on stderr is added to `said`."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            _, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.said += err.decode()
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.stop()


def init(semd, folder, origin, *more):
    subprocess.run([semd, "init", "--dir", folder, "--origin", origin, *more], check=True)
