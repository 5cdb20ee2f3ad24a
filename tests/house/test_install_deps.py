#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""deploy/install-deps installs what is missing and nothing else. No package is touched here: the
compiler that looks for headers, apt-get and sudo are small scripts in a folder of their own."""
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Finds every header but those named in the file `absent`.
COMPILER = '''#!/bin/sh
! grep -q -F -f "$HERE/absent" -
'''
APT_GET = '''#!/bin/sh
echo "$DEBIAN_FRONTEND apt-get $*" >>"$HERE/log"
case $* in *" install "*) [ -e "$HERE/broken" ] || : >"$HERE/absent" ;; esac
'''
SUDO = '#!/bin/sh\necho sudo >>"$HERE/log"\nexec "$@"\n'
ID = '#!/bin/sh\ncat "$HERE/uid"\n'
TOOLS = 'sh cat grep env ls gcc ar make pkg-config clang node'.split()


class InstallDeps(unittest.TestCase):
    def setUp(self):
        self.here = tempfile.mkdtemp(prefix='deps-')
        self.addCleanup(shutil.rmtree, self.here)
        os.mkdir(os.path.join(self.here, 'bin'))
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.here, 'bin', tool))
        self.script('cc', COMPILER)
        self.script('apt-get', APT_GET)
        self.script('id', ID)
        self.write('uid', '0\n')
        self.write('absent', '')
        self.write('log', '')

    def write(self, name, text):
        with open(os.path.join(self.here, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def script(self, name, text):
        self.write('bin/' + name, text)
        os.chmod(os.path.join(self.here, 'bin', name), 0o755)

    def install(self, *args):
        """The status, everything printed, and the calls of apt-get and sudo."""
        env = {'PATH': os.path.join(self.here, 'bin'), 'HERE': self.here, 'CC': 'cc'}
        out = subprocess.run([os.path.join(ROOT, 'deploy/install-deps'), *args], env=env,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with open(os.path.join(self.here, 'log'), encoding='utf-8') as f:
            return out.returncode, out.stdout, f.read().splitlines()

    def test_nothing_missing_is_quiet(self):
        for args in ((), ('run',), ('test',)):
            self.assertEqual(self.install(*args), (0, '', []))

    def test_only_what_is_missing_is_installed(self):
        self.write('absent', 'lmdb.h\ncurl/curl.h\n')
        code, out, log = self.install()
        self.assertEqual(code, 0, out)
        self.assertEqual(log, [' apt-get -q -q update',
                               'noninteractive apt-get -q -q -y --no-install-recommends install '
                               'liblmdb-dev libcurl4-gnutls-dev'])

    def test_each_group_looks_for_its_own(self):
        self.write('absent', 'criterion.h\n')
        self.assertEqual(self.install('run'), (0, '', []))
        self.assertIn('install libcriterion-dev', self.install('test')[2][-1])

    def test_sudo_where_not_root(self):
        self.write('uid', '1000\n')
        self.write('absent', 'lmdb.h\n')
        code, out, log = self.install('run')
        self.assertEqual((code, log), (1, []))
        self.assertIn('needs root or sudo', out)
        self.script('sudo', SUDO)
        code, out, log = self.install('run')
        self.assertEqual((code, log[0], log[2]), (0, 'sudo', 'sudo'), out)

    def test_elsewhere_it_names_what_is_missing(self):
        os.remove(os.path.join(self.here, 'bin/apt-get'))
        self.write('absent', 'lmdb.h\n')
        code, out, log = self.install()
        self.assertEqual((code, log), (1, []))
        for text in ('no apt-get', 'missing: lmdb.h', 'packages: liblmdb-dev', 'Debian 12'):
            self.assertIn(text, out)

    def test_an_installation_without_effect_fails(self):
        self.write('absent', 'lmdb.h\n')
        self.write('broken', '')
        code, out, log = self.install()
        self.assertEqual((code, len(log)), (1, 2), out)
        self.assertIn('still missing', out)

    def test_unknown_group_fails(self):
        self.assertEqual(self.install('all-of-it')[0], 2)


if __name__ == '__main__':
    unittest.main()
