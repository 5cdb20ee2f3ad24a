#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every rule of deploy/lint passes a clean tree and fails a tree that breaks it once."""
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = 13
TOP = '/* SPDX-License-Identifier: AGPL-3.0-or-later */\n'
HASH_TOP = '# SPDX-License-Identifier: AGPL-3.0-or-later\n'
CLEAN = {
    'SPEC.md': '# SPEC\n\n## 1 Numbers\n\n### 1.2 Names\n',
    'Makefile': HASH_TOP + 'all:\n\ttrue\n',
    'crypto/hash.h': TOP + 'int hash(void);\n',
    'crypto/hash.c': TOP + '#include "crypto/hash.h"\n#include <sodium.h>\n#include <string.h>\n',
    'policies/pool.h': TOP,
    'policies/pool.c': TOP + '#include "policies/pool.h"\n#include <stdint.h>\n',
    'ledger/store.h': TOP,
    'ledger/store.c': TOP + '#include "crypto/hash.h"\n#include <lmdb.h>\n#include <jansson.h>\n',
    'api/main.c': TOP + '#include "ledger/store.h"\n#include <microhttpd.h>\n',
    'cli/main.c': TOP + '#include "ledger/store.h"\n#include <curl/curl.h>\n'
                        '/* SPEC 1.2, strcpy(a, b) and #include "../x.h" in a comment */\n'
                        'const char *s = "strcpy(";\n',
    'tests/ledger/test_store.c': TOP + '#include <lmdb.h>\n#include <sodium.h>\n',
    'deploy/tool': '#!/bin/sh\n' + HASH_TOP,
}


class Lint(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='lint-')
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in CLEAN.items():
            self.write(path, text)
        shutil.copy(os.path.join(ROOT, 'deploy/lint'), os.path.join(self.root, 'deploy/lint'))

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)

    def add(self, path, text):
        self.write(path, CLEAN[path] + text)

    def lint(self):
        env = {k: v for k, v in os.environ.items() if k != 'BUILD'}
        out = subprocess.run(['/usr/bin/python3', 'deploy/lint'], cwd=self.root, env=env,
                             capture_output=True, text=True)
        self.assertEqual(out.stderr, '')
        lines = out.stdout.splitlines()
        return out.returncode, lines[:-1], lines[-1]

    def broken(self, *wanted):
        """Asserts that exactly the wanted `file:line: rule` are reported."""
        code, found, last = self.lint()
        self.assertEqual([': '.join(line.split(': ')[:2]) for line in found], list(wanted))
        rules = {w.split(': ')[1] for w in wanted}
        self.assertEqual(last, '%d passed, %d failed' % (RULES - len(rules), len(rules)))
        self.assertEqual(code, 1)

    def test_clean_tree_passes(self):
        self.assertEqual(self.lint(), (0, [], '%d passed, 0 failed' % RULES))

    def test_what_git_ignores_is_not_read(self):
        self.write('.gitignore', '# made\n/made/\n/one.c\n*.gen.c\n__pycache__/\n')
        for path in ('made/page.c', 'one.c', 'cli/x.gen.c', 'cli/__pycache__/x.py', '.git/x.c'):
            self.write(path, 'no top\n')
        self.assertEqual(self.lint()[0], 0)
        for path in ('cli/made/page.c', 'cli/one.c', 'made.c'):
            self.write(path, 'no top\n')
        self.broken('cli/made/page.c:1: spdx', 'cli/one.c:1: spdx', 'made.c:1: spdx')

    def test_tree_without_sources_fails(self):
        empty = tempfile.mkdtemp(prefix='lint-')
        self.addCleanup(shutil.rmtree, empty)
        out = subprocess.run(['/usr/bin/python3', 'deploy/lint', empty], cwd=self.root,
                             capture_output=True, text=True)
        self.assertEqual(out.returncode, 1)
        self.assertIn('no source file', out.stderr)

    def test_libraries_stay_in_their_folder(self):
        for path, header in (('ledger/store.c', 'sodium.h'), ('api/main.c', 'lmdb.h'),
                             ('ledger/store.h', 'lmdb.h'), ('cli/main.c', 'microhttpd.h'),
                             ('ledger/store.c', 'curl/curl.h')):
            with self.subTest(path=path, header=header):
                self.add(path, '#include <%s>\n' % header)
                self.broken('%s:%d: libraries' % (path, CLEAN[path].count('\n') + 1))
                self.write(path, CLEAN[path])
        self.write('bench/load.c', TOP + '#include <jansson.h>\n')
        self.broken('bench/load.c:2: libraries')

    def test_layers_point_down(self):
        for path, target in (('crypto/hash.c', 'policies/pool.h'), ('crypto/hash.c', 'math/x.h'),
                             ('policies/pool.c', 'crypto/hash.h'), ('ledger/store.c', 'api/x.h'),
                             ('ledger/store.c', 'cli/x.h'), ('api/main.c', 'cli/x.h'),
                             ('cli/main.c', 'api/x.h')):
            with self.subTest(path=path, target=target):
                self.add(path, '#include "%s"\n' % target)
                self.broken('%s:%d: layers' % (path, CLEAN[path].count('\n') + 1))
                self.write(path, CLEAN[path])

    def test_ground_floor_stands_on_libc(self):
        self.add('policies/pool.c', '#include <unistr.h>\n')
        self.broken('policies/pool.c:4: layers')

    def test_includes_are_written_from_the_root(self):
        self.add('cli/main.c', '#include "../ledger/store.h"\n')
        self.broken('cli/main.c:6: includes')
        self.write('cli/main.c', CLEAN['cli/main.c'])
        self.add('ledger/store.c', '#include "store.h"\n')
        self.broken('ledger/store.c:5: includes')

    def test_semctl_may_not_link_the_store(self):
        os.makedirs(os.path.join(self.root, 'build'))
        for flags, wanted in ((['-llmdb'], ['build/semctl:1: linked']), ([], [])):
            subprocess.run(['gcc', '-x', 'c', '-', '-o', 'build/semctl', '-Wl,--no-as-needed',
                            *flags], input='int main(void) { return 0; }', text=True,
                           cwd=self.root, check=True)
            if wanted:
                self.broken(*wanted)
            else:
                self.assertEqual(self.lint()[0], 0)

    def test_banned_functions(self):
        for name in ('strcpy strcat sprintf vsprintf atoi atol strtok rand srand gets '
                     'alloca').split():
            with self.subTest(name=name):
                self.add('tests/ledger/test_store.c', 'void *f = %s;\nint s%s(void);\n'
                         % (name, name.upper()))
                self.broken('tests/ledger/test_store.c:4: banned')

    def test_assertions_stay_on(self):
        self.add('Makefile', 'CFLAGS += -DN' 'DEBUG\n')
        self.broken('Makefile:4: ndebug')
        self.write('Makefile', CLEAN['Makefile'])
        self.add('api/main.c', '#define N' 'DEBUG\n')
        self.broken('api/main.c:4: ndebug')

    def test_space_at_the_end_of_a_line(self):
        self.add('SPEC.md', 'text \n')
        self.broken('SPEC.md:6: space')

    def test_tabs(self):
        self.add('api/main.c', '\tint x;\n')
        self.broken('api/main.c:4: tabs')

    def test_columns_count_characters(self):
        self.add('api/main.c', '/* ' + 'é' * 94 + ' */\n')
        self.assertEqual(self.lint()[0], 0)
        self.add('api/main.c', '/* ' + 'é' * 95 + ' */\n')
        self.broken('api/main.c:4: columns')

    def test_every_source_names_its_licence(self):
        for path, text in (('cli/a.c', ''), ('cli/a.h', '\n\n' + TOP), ('bench/a.py', ''),
                           ('bench/a.sh', ''), ('web/a.js', ''), ('web/Makefile', ''),
                           ('bench/a', '#!/bin/sh\n')):
            with self.subTest(path=path):
                self.write(path, text)
                self.broken(path + ':1: spdx')
                os.remove(os.path.join(self.root, path))

    def test_citations_name_a_section(self):
        self.add('deploy/tool', '# SPEC 1, SPEC 1.2 and SPEC.md 1.2, 1.2\n')
        self.assertEqual(self.lint()[0], 0)
        for text in (' 1.3', ' 1.2 and 1.9', '\n# 7', ' §2'):
            with self.subTest(text=text):
                self.add('deploy/tool', '# SPEC%s says\n' % text)
                self.broken('deploy/tool:3: spec')

    def test_words_of_unfinished_work(self):
        for word in ('TO' 'DO', 'FIX' 'ME', 'X' 'XX', 'HA' 'CK'):
            with self.subTest(word=word):
                self.add('SPEC.md', '%s: later\nmkdtemp("/tmp/XXXXXX")\n' % word)
                self.broken('SPEC.md:6: words')

    def test_excuse_must_name_the_rule_it_needs(self):
        allow = '/* lint: ' 'allow %s */\n'
        self.add('api/main.c', '#include <lmdb.h> ' + allow % 'libraries')
        self.assertEqual(self.lint()[0], 0)
        self.add('api/main.c', '#include <lmdb.h> ' + allow % 'banned')
        self.broken('api/main.c:4: libraries', 'api/main.c:4: allow')
        self.add('api/main.c', 'int x; ' + allow % 'nothing')
        self.broken('api/main.c:4: allow')


if __name__ == '__main__':
    unittest.main()
