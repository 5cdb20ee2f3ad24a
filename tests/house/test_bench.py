#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""bench/ runs: a small network, histories of a few hundred entries, every phase for an instant. No
figure is looked at, only that each goal has one and that nothing is left behind."""
import base64
import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest

import nacl.signing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get('BUILD', 'build')
PROGRAM = os.path.join(ROOT, BUILD, 'bench', 'sem-bench')
SEMCTL = os.path.abspath(os.environ.get('SEMCTL', os.path.join(ROOT, BUILD, 'semctl')))
SEMD = os.path.abspath(os.environ.get('SEMD', os.path.join(ROOT, BUILD, 'semd')))
GOALS = {'share.k2', 'cpu.k2', 'cpu.k2.busy', 'share.k1', 'cpu.k1', 'cpu.k1.busy', 'one_client', 'paced', 'longer',
         'position.rate', 'position.cpu', 'file', 'written', 'anon', 'audit'}


def run(folder, *more, semd=SEMD):
    return subprocess.run([PROGRAM, '--dir', folder, '--quick', '--orgs', '64', '--short', '200',
                           '--long', '400', '--semd', semd, '--semctl', SEMCTL, '--audit', '300',
                           '--audit-twice', '--json', folder + '/result.json', *more],
                          capture_output=True, text=True, timeout=300)


def signed(text, *orgs, seeds=None):
    """A note; `seeds`: of other numbers than those that the lines name."""
    lines = []
    for org, seed in zip(orgs, seeds or orgs):
        key = nacl.signing.SigningKey(seed.to_bytes(32, 'little'))
        name = 'bench.example.org/ledger/org/org-%04d' % org
        public = nacl.signing.SigningKey(org.to_bytes(32, 'little')).verify_key.encode()
        key_id = hashlib.sha256(name.encode() + b'\n\x01' + public).digest()[:4]
        payload = base64.b64encode(key_id + key.sign(text.encode()).signature).decode()
        lines.append('\u2014 %s %s\n' % (name, payload))
    return (text + '\n' + ''.join(lines)).encode()


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Made by its own rule: it is no part of what `make test` builds.
        env = {k: v for k, v in os.environ.items() if k not in ('MAKEFLAGS', 'MFLAGS')}
        made = subprocess.run(['make', '-C', ROOT, 'BUILD=' + BUILD,
                               os.path.join(BUILD, 'bench', 'sem-bench')],
                              capture_output=True, text=True, env=env)
        assert made.returncode == 0, made.stdout + made.stderr

    def test_every_phase_runs_and_every_goal_has_a_figure(self):
        with tempfile.TemporaryDirectory(dir=os.path.join(ROOT, BUILD)) as folder:
            done = run(folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(folder + '/result.json') as f:
                result = json.load(f)
        self.assertEqual(set(result['goals']), GOALS)
        for name, goal in result['goals'].items():
            if name != 'written':       # a disk in memory writes nothing
                self.assertGreater(goal['measured'], 0, name)
            self.assertIn(goal['reached'], (True, False))
        for name in ('short.k2.c64.rate', 'long.k1.c1.p99', 'long.pages.32.leaf', 'inside.rate',
                     'read.page.rate', 'limit.h_cpu', 'limit.h_bytes', 'long.paced.kept_p99',
                     'bare.k2.c256.rate', 'bare.k1.c256.busy_units',
                     'short.k2.c256.over_bare', 'long.k1.c256.cpu_over_bare', 'audit.rate', 'audit.units', 'audit.rss.twice',
                     'audit.items.half'):
            self.assertGreater(result['figures'][name]['median'], 0, name)
        self.assertIn('goals', done.stdout)

    def test_the_bare_server_checks_every_signature(self):
        with subprocess.Popen([PROGRAM, 'bare', '500', '64'], stderr=subprocess.PIPE,
                              text=True) as server:
            try:
                port = int(re.search(r':(\d+)$', server.stderr.readline().strip()).group(1))
                client = http.client.HTTPConnection('127.0.0.1', port, timeout=20)

                def ask(method, body=None):
                    client.request(method, '/v1/entries', body)
                    answer = client.getresponse()
                    return answer.status, len(answer.read())

                self.assertEqual(ask('GET'), (200, 500))
                for _ in range(3):      # suspended and resumed, on one connection
                    self.assertEqual(ask('POST', signed('text\n', 3, 63)), (201, 1100))
                for wrong in (b'', b'text\n', signed('text\n', 3).replace(b'text', b'test'),
                              signed('text\n', 3, 5, seeds=(3, 6)), signed('text\n', 64),
                              signed('x' * 1100 + '\n', 3)):
                    self.assertEqual(ask('POST', wrong), (400, 1), wrong)
                self.assertEqual(ask('POST', signed('text\n', 5)), (201, 1100))
                client.close()
            finally:
                server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(20), 0)

    def test_the_figures_of_reciprocity_are_all_timed(self):
        done = subprocess.run([PROGRAM, 'metrics', '2000'], capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(re.findall(r'^  .* +\d+\.\d{3} ms', done.stdout, re.M)), 7)
        self.assertEqual(len(re.findall(r'goal \d+ ms: (?:reached|MISSED)$', done.stdout, re.M)), 2)
        wrong = subprocess.run([PROGRAM, 'metrics', 'x'], capture_output=True, text=True)
        self.assertEqual(wrong.returncode, 2)

    def test_what_breaks_is_an_error_and_not_a_figure(self):
        with tempfile.TemporaryDirectory(dir=os.path.join(ROOT, BUILD)) as folder:
            done = run(folder, semd='/bin/false')
            self.assertEqual(done.returncode, 1)
            self.assertIn('does not start', done.stderr)
            self.assertFalse(os.path.exists(folder + '/result.json'))

    def test_an_audit_that_finds_something_is_an_error(self):
        with tempfile.TemporaryDirectory(dir=os.path.join(ROOT, BUILD)) as folder:
            done = run(folder, '--only', 'audit', '--semctl', '/bin/false')
            self.assertEqual(done.returncode, 1)
            self.assertIn('did not end well', done.stderr)


if __name__ == '__main__':
    unittest.main()
