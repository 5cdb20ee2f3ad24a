#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The server over HTTP on a disk that fails or fills up (SPEC 14): what it answers is true, it says
why it takes nothing more, and it goes on serving what can be read."""
import collections
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import stand

sys.path.insert(0, os.path.join(stand.ROOT, 'tests', 'api'))
import semclient  # noqa: E402
from semclient import DAY_MS, Detail, day_of, note, now_ms  # noqa: E402

SEMD = os.path.join(stand.BUILD, 'semd')
ORIGIN = 'ledger.example.org/crash'
# More operations on files than any one request brings about.
OPERATIONS = 16
LOST_CONNECTION = (http.client.HTTPException, ConnectionError)


class Server(semclient.Server):
    """semd in an environment of its own."""

    def __init__(self, folder, env=None, more=()):
        self.folder = folder
        self.process = subprocess.Popen(
            [SEMD, 'serve', '--dir', folder, '--listen', '127.0.0.1:0', *more], env=env,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.said = ''
        self.url = self.wait_for(r'listening on (http://\S+|unix:\S+)')


def share(giver, receiver, minutes):
    return {'day': day_of(now_ms()), 'shares': [{'from': giver, 'to': receiver,
                                                 'minutes': minutes}]}


class Base:
    """A folder that was stopped well, to be copied: a text that is stored, one that is not yet, a
    note that waits in the inbox of noyer, and one that will."""

    def __init__(self, folder):
        self.data = os.path.join(folder, 'base')
        subprocess.run([SEMD, 'init', '--dir', self.data, '--origin', ORIGIN], check=True,
                       stderr=subprocess.DEVNULL)
        with Server(self.data) as server:
            self.net = net = semclient.Network(server.client(), ORIGIN)
            net.found()
            self.stored, self.fresh = (Detail(ORIGIN, 'offer', {'title': w}) for w in ('a', 'b'))
            self.stored_ref, self.fresh_ref = (self.offer(d) for d in (self.stored, self.fresh))
            assert net.put_detail(self.stored, self.stored_ref).status == 201
            self.waiting = net.note('hours.record', 'noyer', ['noyer'],
                                    **share('noyer', 'orme', 5))
            answer = net.client.post('/v1/entries', self.waiting)
            assert answer.status == 202, answer
            self.waiting_ref = answer.json['inbox']['ref']
            self.half = net.note('hours.record', 'noyer', ['noyer'], **share('noyer', 'orme', 6))
            self.entry = net.note('org.confirm', 'noyer')
            self.too_much = net.note('hours.record', 'noyer', ['noyer', 'orme'],
                                     **share('orme', 'noyer', 5000))

    def offer(self, detail):
        return self.net.add('offer.publish', 'noyer', details=detail.commit, providers=['noyer'],
                            expires=now_ms() + 30 * DAY_MS, public=True, skill='droit',
                            type='skill')


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = stand.scratch()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.base = Base(cls.folder)

    def copy(self):
        data = os.path.join(tempfile.mkdtemp(dir=self.folder), 'net')
        shutil.copytree(self.base.data, data)
        return data

    def serve(self, data, env=None, more=()):
        server = Server(data, env, more)
        self.addCleanup(server.kill)
        return server

    def check(self, data):
        done = subprocess.run([SEMD, 'check', '--dir', data], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def login(self, server):
        return server.client().login(self.base.net.key('noyer'))


# --- Requests, and what holds of them after a new start -------------------------------------------

def post_entry(base, client):
    return client.post('/v1/entries', base.entry)


def entry_is_there(case, client, answer):
    found = client.get(f"/v1/entries/{answer.json['index']}")
    case.assertEqual((found.status, found.json['hash']), (200, answer.json['hash']))


def post_half(base, client):
    return client.post('/v1/entries', base.half)


def item_is_there(case, client, answer):
    case.assertIn(answer.json['inbox']['ref'], inbox(case, client))


def put_text(base, client):
    return client.put('/v1/details/' + base.fresh.commit, base.fresh.body(base.fresh_ref))


def text_is_there(case, client, answer):
    found = client.get(f'/v1/details/{case.base.fresh_ref}/details')
    case.assertEqual((found.status, found.json['text']), (200, case.base.fresh.text))


def drop_item(base, client):
    return client.delete('/v1/inbox/' + base.waiting_ref)


def item_is_gone(case, client, answer):
    case.assertNotIn(case.base.waiting_ref, inbox(case, client))


def post_too_much(base, client):
    return client.post('/v1/entries', base.too_much)


def refusal_stands(case, client, answer):
    again = post_too_much(case.base, client)
    case.assertEqual(again.json.get('refusal'), answer.json['refusal'])


REQUESTS = {
    'an entry': (post_entry, entry_is_there),
    'a note for the inbox': (post_half, item_is_there),
    'a text': (put_text, text_is_there),
    'a withdrawal': (drop_item, item_is_gone),
    'a final refusal': (post_too_much, refusal_stands),
}


def inbox(case, client):
    answer = client.get('/v1/inbox')
    case.assertEqual(answer.status, 200, answer)
    return [item['ref'] for item in answer.json['items']]


def promises(answer):
    """True when an answer says that something is done for good."""
    return answer is not None and (answer.status < 300 or
                                   bool(answer.status < 500 and answer.json.get('refusal')))


class FailingDisk(Case):
    def attempt(self, server, request, client):
        """The answer, or None when there was none."""
        try:
            return request(self.base, client)
        except LOST_CONNECTION:
            self.assertEqual(server.process.wait(30), stand.ABORTED)
            return None

    def lives_on(self, client, dropped):
        """A server that did not end reads as before, or says that it cannot."""
        answer = client.get(f'/v1/details/{self.base.stored_ref}/details')
        self.assertTrue(answer.status == 200 or answer.status >= 500, answer)
        answer = client.get('/v1/inbox')
        self.assertTrue(answer.status == 200 or answer.status >= 500, answer)
        if answer.status == 200 and not dropped:
            self.assertIn(self.base.waiting_ref, [i['ref'] for i in answer.json['items']])

    def one(self, name, error, n):
        """The n-th operation of a request fails. False when the request has fewer."""
        request, holds = REQUESTS[name]
        data, arm = self.copy(), os.path.join(self.folder, 'arm')
        trace = os.path.join(self.folder, 'trace')
        server = self.serve(data, stand.shim(data, arm=arm, fail=n, error=error, trace=trace))
        client = self.login(server)
        with open(arm, 'wb'):
            answer = self.attempt(server, request, client)
        os.remove(arm)
        hit = any(op[0] == 'failed' for op in stand.disk.read(trace))
        os.remove(trace)
        if server.process.poll() is None:
            self.lives_on(client, request is drop_item and promises(answer))
            server.stop()
        else:
            server.said += server.process.stderr.read().decode()
            self.assertRegex(server.said, stand.DEATH)
        with self.serve(data) as after:
            client = self.login(after)
            if promises(answer):
                holds(self, client, answer)
            again = self.attempt(after, request, client)
            self.assertTrue(promises(again) or again.status == 404, again)
            self.assertEqual(client.get('/readyz').status, 200)
        self.check(data)
        shutil.rmtree(data)
        return hit

    def test_no_answer_is_wrong(self):
        points = 0
        for name in REQUESTS:
            for error in ('EIO', 'ENOSPC'):
                for n in range(1, OPERATIONS):
                    with self.subTest(request=name, error=error, operation=n):
                        if not self.one(name, error, n):
                            break
                        points += 1
                self.assertLess(n, OPERATIONS - 1)
        print(f'{points} fault points over HTTP', flush=True)
        self.assertGreater(points, 30)


class SlowDisk(Case):
    """What takes a moment elsewhere lasts: who was answered finds it all the same."""
    def serve_slowly(self, data, sync_ms):
        return self.serve(data, stand.shim(data, sync_ms=sync_ms))

    def connect(self, server):
        client = http.client.HTTPConnection(server.url.removeprefix('http://'), timeout=30)
        self.addCleanup(client.close)
        return client

    def ask(self, client, method, path, body=None):
        client.request(method, path, body, {'Content-Type': 'text/plain'} if body else {})
        answer = client.getresponse()
        return answer.status, json.loads(answer.read() or b'{}')

    def test_while_the_server_stops_nobody_is_shown_less_than_he_was_told(self):
        server = self.serve_slowly(self.copy(), 600)
        mine, other = self.connect(server), self.connect(server)
        self.ask(other, 'GET', '/v1/network')
        status, told = self.ask(mine, 'POST', '/v1/entries', self.base.entry.encode())
        self.assertEqual(status, 201)
        note = self.base.net.note('org.confirm', 'orme').encode()
        busy = threading.Thread(target=self.ask, args=(other, 'POST', '/v1/entries', note))
        busy.start()
        time.sleep(0.2)  # it is on its way to the disk, and the stop waits for it
        server.process.send_signal(signal.SIGTERM)
        server.wait_for('(stopping)')
        status, found = self.ask(mine, 'GET', f"/v1/entries/{told['index']}")
        self.assertEqual((status, found.get('hash')), (200, told['hash']))
        busy.join()
        self.assertEqual(server.process.wait(30), 0)

    def test_a_text_of_an_entry_outlives_a_withdrawal_that_comes_too_late(self):
        net = self.base.net
        server = self.serve_slowly(self.copy(), 150)
        client, orme = self.login(server), server.client().login(net.key('orme'))
        done = collections.Counter()
        for pause in (0.02, 0.1, 0.2, 0.3):
            detail = Detail(ORIGIN, 'hours', {'text': f'after {pause}'})
            text = net.text('hours.record', 'noyer', details=detail.commit, **share('noyer', 'orme', 1))
            ref = client.post('/v1/entries', note(text, [net.key('noyer')])).json['inbox']['ref']
            self.assertEqual(client.put('/v1/details/' + detail.commit,
                                        detail.body(ref)).status, 201)
            whole = note(text, net.signing(['noyer', 'orme']))
            posted = []
            thread = threading.Thread(
                target=lambda: posted.append(server.client().post('/v1/entries', whole).status))
            thread.start()
            time.sleep(pause)
            dropped = orme.delete('/v1/inbox/' + ref).status
            thread.join()
            done[dropped] += 1
            if dropped == 404:
                found = client.get(f'/v1/details/{ref}/details')
                self.assertEqual((posted, found.status), ([201], 200), pause)
        self.assertGreater(done[404], 0, done)


class LittleRoom(Case):
    def takes_nothing_but_reads(self, server, word):
        client = server.client()
        answer = post_entry(self.base, client)
        self.assertEqual((answer.status, answer.code), (503, 'read_only'), answer)
        ready = client.get('/readyz')
        self.assertEqual((ready.status, ready.json['ready']), (503, False))
        self.assertTrue(any(word in reason for reason in ready.json['reasons']), ready)
        for path in ('/livez', '/v1/network', '/v1/checkpoint', '/v1/entries?limit=2',
                     f'/v1/details/{self.base.stored_ref}/details'):
            self.assertEqual(self.login(server).get(path).status, 200, path)

    def test_a_disk_that_is_almost_full_is_seen_before_it_hurts(self):
        data, free = self.copy(), os.path.join(self.folder, 'free')
        env = stand.shim(data, free=free)
        with self.serve(data, env) as server:
            self.say(free, 200 << 20)
            ready = server.client().get('/readyz')
            self.assertEqual(ready.status, 503, 'a warning while there is time')
            self.assertIn('disk', ready.json['reasons'][0])
            answer = self.base.net.note('org.confirm', 'orme')
            self.assertEqual(server.client().post('/v1/entries', answer).status, 201)
            self.say(free, 10 << 20)
            self.takes_nothing_but_reads(server, 'disk')
        with self.serve(data, env) as server:
            self.takes_nothing_but_reads(server, 'disk')
        os.remove(free)
        with self.serve(data, env) as server:
            self.assertEqual(server.client().get('/readyz').status, 200)
            self.assertEqual(post_entry(self.base, server.client()).status, 201)
        self.check(data)

    def say(self, path, n):
        with open(path + '.new', 'w', encoding='ascii') as f:
            f.write(str(n))
        os.replace(path + '.new', path)

    def config(self, map_bytes):
        path = os.path.join(self.folder, f'config-{map_bytes}')
        with open(path, 'w', encoding='ascii') as f:
            f.write(f'map_bytes = {map_bytes}\nbatch_max = 1\n')
        return '--config', path

    def test_a_map_that_is_almost_full_is_seen_before_it_hurts(self):
        data = self.copy()
        small = self.config(1 << 20)
        with self.serve(data, None, small) as server:
            answers = []
            while len(answers) < 10 or (answers[-1].status == 201 and len(answers) < 5000):
                note = self.base.net.note('org.confirm', 'orme')
                answers.append(server.client().post('/v1/entries', note))
            self.assertEqual((answers[-1].status, answers[-1].code), (503, 'read_only'))
            self.takes_nothing_but_reads(server, 'map_bytes')
        last = [a.json for a in answers if a.status == 201][-1]
        with self.serve(data, None, small) as server:
            self.assertEqual(server.client().get('/readyz').status, 503, 'before the first entry')
            self.takes_nothing_but_reads(server, 'map_bytes')
        with self.serve(data, None, self.config(64 << 20)) as server:
            client = self.login(server)
            self.assertEqual(client.get('/readyz').status, 200)
            self.assertEqual(client.get(f"/v1/entries/{last['index']}").json['hash'], last['hash'])
            self.assertEqual(post_entry(self.base, client).status, 201)
        self.check(data)


if __name__ == '__main__':
    unittest.main()
