#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""tests/run counts what passes, and nothing that goes wrong in a suite can look like success."""
import glob
import os
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOP = '# SPDX-License-Identifier: AGPL-3.0-or-later\n'
SOURCE = r'''
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#if THREADS
int shared;
static void *touch(void *arg) { shared++; return arg; }
static void threads(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, touch, NULL);
#if RACE
    shared++;
#endif
    pthread_join(thread, NULL);
}
Test(writer, one) { threads(); }
#elif !NONE
Test(writer, one) { cr_assert(1); }
#endif
#if FAIL
Test(writer, two) { cr_assert_eq(1, 2, "one is not two"); }
#elif CRASH
Test(writer, two) { raise(SIGSEGV); }
#elif HANG
Test(writer, two) { pause(); }
#elif SKIP
Test(writer, two) { cr_skip_test("no reason"); }
#elif DISABLED
Test(writer, two, .disabled = true) { cr_assert(1); }
#elif LEAK
void *volatile lost;
Test(writer, two) { lost = malloc(7); lost = NULL; }
#elif DIE
__attribute__((constructor)) static void die(void) { _exit(0); }
#elif CHILD
Test(writer, two) { if (fork() == 0) { sleep(30); _exit(0); } }
#endif
'''
PYTHON_TEST = TOP + '''
import os, subprocess, sys, unittest
class T(unittest.TestCase):
    def test_one(self):
        pass
%s
unittest.main()
'''
VARIANTS = 'GOOD FAIL CRASH HANG SKIP DISABLED NONE DIE CHILD'.split()
pool = None


def compile_one(name, flags, extra=()):
    command = ['gcc', '-g', '-I.', '-o', os.path.join(pool, name), '-x', 'c', '-', '-x', 'none',
               *flags, *extra, '-lcriterion', '-pthread']
    child = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=ROOT)
    child.stdin.write(SOURCE)
    child.stdin.close()
    return child


def setUpModule():
    global pool
    pool = tempfile.mkdtemp(prefix='runner-')
    unittest.addModuleCleanup(shutil.rmtree, pool)
    sanitized = ['-fsanitize=address,undefined']
    thread = ['-fsanitize=thread', '-DTHREADS=1']
    jobs = [compile_one(v, ['-D%s=1' % v]) for v in VARIANTS]
    jobs += [compile_one('LEAK', ['-DLEAK=1'] + sanitized)]
    own_main = ['tests/house/tsan_main.c']
    jobs += [compile_one('THREAD', thread, own_main),
             compile_one('RACE', thread + ['-DRACE=1'], own_main),
             compile_one('THREAD_FAIL', thread + ['-DFAIL=1'], own_main)]
    if any([job.wait() for job in jobs]):
        raise AssertionError('the compiler failed')


class Runner(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='runner-')
        self.addCleanup(shutil.rmtree, self.root)
        self.copy('tests/run')
        self.copy('deploy/lint')

    def copy(self, path):
        os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
        shutil.copy(os.path.join(ROOT, path), os.path.join(self.root, path))

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)

    def program(self, variant, path):
        """A room of tests for the variant; its program is put at the path."""
        self.write('tests/ledger/test_x.c', '/*' + TOP[1:-1] + ' */\n')
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(os.path.join(pool, variant), path)

    def python(self, *body):
        text = ''.join('    %s\n' % line for line in body)
        self.write('tests/api/test_x.py', PYTHON_TEST % text)

    def living(self):
        """The processes that work in the tree of this test."""
        found = []
        for link in glob.glob('/proc/[0-9]*/cwd'):
            try:
                found += [link] if os.readlink(link) == self.root else []
            except OSError:
                pass
        return found

    def run_tests(self, *parts, timeout='60'):
        env = {k: v for k, v in os.environ.items() if k not in ('BUILD', 'PYTHON')}
        out = subprocess.run(['/usr/bin/python3', 'tests/run', *parts], cwd=self.root, text=True,
                             env=dict(env, TEST_TIMEOUT=timeout), capture_output=True)
        self.assertEqual(out.stderr, '')
        return out.returncode, out.stdout, out.stdout.splitlines()[-1]

    def c_fails(self, variant, counts, text, timeout='60'):
        self.program(variant, 'build/tests/test-ledger')
        code, out, last = self.run_tests('c', timeout=timeout)
        self.assertIn(text, out)
        self.assertEqual((code, last), (1, counts))

    def python_fails(self, counts, text, *body, timeout='60'):
        self.python(*body)
        code, out, last = self.run_tests('python', timeout=timeout)
        self.assertIn(text, out)
        self.assertEqual((code, last), (1, counts))

    def test_everything_good_passes_and_is_counted(self):
        self.program('GOOD', 'build/tests/test-ledger')
        self.program('GOOD', 'build/san-address-undefined/tests/test-ledger')
        self.python()
        self.write('tests/faults/run.py', '#' + TOP[1:-1] + "\nprint('2 passed, 0 failed')\n")
        code, out, last = self.run_tests()
        self.assertEqual((code, last), (0, '18 passed, 0 failed'), out)
        self.assertEqual(len(out.splitlines()), 6)
        self.assertTrue(os.path.exists(os.path.join(self.root, 'build/test-logs/c-ledger.log')))

    def test_failing_rule_of_lint_fails(self):
        self.write('cli/main.c', 'no top\n')
        code, out, last = self.run_tests('lint')
        self.assertIn('cli/main.c:1: spdx', out)
        self.assertEqual((code, last), (1, '12 passed, 1 failed'))

    def test_failing_c_test_fails(self):
        self.c_fails('FAIL', '1 passed, 1 failed', 'one is not two')

    def test_crashing_c_test_fails(self):
        self.c_fails('CRASH', '1 passed, 1 failed', 'writer::two: CRASH!')

    def test_hanging_c_test_fails_and_is_ended(self):
        start = time.monotonic()
        self.c_fails('HANG', '0 passed, 1 failed', 'hung: no end after 0.3 s', timeout='0.3')
        self.assertLess(time.monotonic() - start, 30)      # it would never end
        self.assertEqual(self.living(), [])

    def test_skipped_and_disabled_c_tests_fail(self):
        for variant in ('SKIP', 'DISABLED'):
            with self.subTest(variant=variant):
                self.c_fails(variant, '1 passed, 1 failed', '1 tests skipped')
                os.remove(os.path.join(self.root, 'build/tests/test-ledger'))

    def test_c_program_without_tests_fails(self):
        self.c_fails('NONE', '0 passed, 1 failed', 'no test ran')

    def test_c_program_that_ends_early_fails(self):
        self.c_fails('DIE', '0 passed, 1 failed', 'crashed outside its tests')

    def test_process_left_behind_fails(self):
        self.c_fails('CHILD', '2 passed, 1 failed', 'left processes behind')
        self.assertEqual(self.living(), [])

    def test_absent_program_fails(self):
        self.program('ABSENT', 'build/tests/test-ledger')
        code, out, last = self.run_tests('c')
        self.assertIn('build/tests/test-ledger is missing', out)
        self.assertEqual((code, last), (1, '0 passed, 1 failed'))

    def test_no_suite_at_all_fails(self):
        code, out, last = self.run_tests()
        self.assertEqual((code, last), (1, '13 passed, 4 failed'))

    def test_leak_that_no_test_result_shows_fails(self):
        self.program('LEAK', 'build/san-address-undefined/tests/test-ledger')
        code, out, last = self.run_tests('san')
        self.assertIn('7 byte(s) leaked', out)
        self.assertEqual((code, last), (1, '2 passed, 1 failed'))

    def test_data_race_fails(self):
        for variant, wanted in (('THREAD', (0, '1 passed, 0 failed')),
                                ('RACE', (1, '0 passed, 1 failed')),
                                ('THREAD_FAIL', (1, '1 passed, 1 failed'))):
            with self.subTest(variant=variant):
                path = 'build/san-thread/tests/tsan-ledger'
                self.program(variant, path)
                code, out, last = self.run_tests('tsan')
                self.assertEqual((code, last), wanted, out)
                self.assertEqual('data race' in out, variant == 'RACE')
                os.remove(os.path.join(self.root, path))

    def test_failing_python_test_fails(self):
        self.python_fails('1 passed, 1 failed', 'AssertionError: 1 != 2',
                          'def test_two(self): self.assertEqual(1, 2)')

    def test_python_error_and_unexpected_success_fail(self):
        self.python_fails('1 passed, 2 failed', 'ZeroDivisionError',
                          'def test_two(self): 1 // 0', '@unittest.expectedFailure',
                          'def test_three(self): pass')

    def test_skipped_or_excused_python_test_fails(self):
        self.python_fails('1 passed, 1 failed', '2 tests skipped or expected to fail',
                          '@unittest.skip("x")', 'def test_two(self): pass',
                          '@unittest.expectedFailure', 'def test_three(self): self.fail()')

    def test_python_program_without_tests_fails(self):
        self.python_fails('0 passed, 1 failed', 'no test ran', 'test_one = None')

    def test_python_program_that_ends_early_fails(self):
        self.python_fails('0 passed, 1 failed', 'crashed outside its tests', 'os._exit(0)')

    def test_hanging_python_test_fails(self):
        self.python_fails('0 passed, 1 failed', 'hung', 'import time', 'time.sleep(20)',
                          timeout='0.5')

    def test_memory_error_of_a_server_fails_a_python_suite(self):
        """The suite looks at neither the status nor the output of what it started."""
        self.python_fails('2 passed, 1 failed', 'LeakSanitizer',
                          'def test_two(self): subprocess.run([%r], stdout=subprocess.DEVNULL, '
                          'stderr=subprocess.DEVNULL)' % os.path.join(pool, 'LEAK'))

    def test_why_a_suite_failed_stands_before_its_output_and_at_the_end(self):
        """A record of it may be cut after the first lines, or before the last ones."""
        self.program('CHILD', 'build/tests/test-ledger')
        self.python('def test_two(self): self.assertEqual("a long", "story")',
                    'def test_three(self): subprocess.run([%r], stderr=subprocess.DEVNULL, '
                    'stdout=subprocess.DEVNULL)' % os.path.join(pool, 'LEAK'))
        code, out, _ = self.run_tests('c', 'python')
        lines = out.splitlines()
        why = [line for line in lines if line.startswith('---- ')]
        self.assertEqual(why[0], '---- c/ledger: left processes behind')
        self.assertEqual(why[1], '---- python/api/x: 1 of 3 tests failed')
        self.assertRegex(why[2], r'^---- python/api/x: 1 sanitizer reports: .*LeakSanitizer')
        self.assertEqual(why[:3], why[3:])
        self.assertEqual(lines[-4:], why[3:] + ['4 passed, 2 failed'])
        self.assertRegex(lines[0], r'^FAIL c/ledger ')
        self.assertEqual(lines[1], why[0])
        first = lines.index(why[1])
        self.assertRegex(lines[first - 1], r'^FAIL python/api/x ')
        self.assertLess(first, lines.index("AssertionError: 'a long' != 'story'"))
        self.assertEqual(code, 1)

    def test_what_could_not_be_run_is_named_at_the_end_as_well(self):
        _, out, last = self.run_tests('c')
        self.assertEqual(out.splitlines(), ['FAIL c: no suite found'] * 2 + [last])

    def test_absent_server_fails(self):
        self.python()
        self.write('api/main.c', '')
        code, out, last = self.run_tests('python')
        self.assertIn('build/san-address-undefined/semd is missing', out)
        self.assertEqual((code, last), (1, '1 passed, 1 failed'))


if __name__ == '__main__':
    unittest.main()
