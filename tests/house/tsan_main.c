/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A small stand-in for the Criterion runner under ThreadSanitizer, for `make tsan`.
 *
 * Criterion hands a test to its process through memory at addresses that ThreadSanitizer does not
 * allow, so its own runner cannot start there. This one forks once for each test and knows no
 * parameters and no expected signal; a test that asks for either fails. It takes the names of the
 * suites to run and ends with the line of counts that Criterion prints.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_ASSERT = 1, STATUS_SKIP = 2 };

/* The linker names the bounds of the sections in which Criterion's macros list everything. */
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

static const struct criterion_test *running;

static const struct criterion_suite *suite_of(const struct criterion_test *test)
{
    for (struct criterion_suite **s = __start_cr_sts; s < __stop_cr_sts; s++)
        if (*s && strcmp((*s)->name, test->category) == 0)
            return *s;
    return NULL;
}

static void call(void (*fixture)(void))
{
    if (fixture)
        fixture();
}

/* The functions below replace those of libcriterion that the test macros call. */

void criterion_internal_test_setup(void)
{
    const struct criterion_suite *suite = suite_of(running);
    if (suite)
        call(suite->data->init);
    call(running->data->init);
}

void criterion_internal_test_main(void (*fn)(void))
{
    fn();
}

void criterion_internal_test_teardown(void)
{
    const struct criterion_suite *suite = suite_of(running);
    call(running->data->fini);
    if (suite)
        call(suite->data->fini);
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (!stats->passed)
        fprintf(stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message);
}

void cri_asserts_passed_incr(void)
{
}

void criterion_abort_test(void)
{
    _exit(STATUS_ASSERT);
}

void criterion_continue_test(void)
{
    criterion_abort_test();
}

void criterion_skip_test(const char *format, ...)
{
    (void)format;
    _exit(STATUS_SKIP);
}

static int run(const struct criterion_test *test)
{
    int status = 0;
    if (test->data->kind_ != CR_TEST_NORMAL || test->data->signal || test->data->exit_code)
        return STATUS_ASSERT;
    pid_t pid = fork();
    if (pid == 0) {
        running = test;
        test->test();
        exit(0); /* Not _exit: ThreadSanitizer sets its own status here. */
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return STATUS_ASSERT;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_asked(const struct criterion_test *test, char **suites)
{
    while (*suites && strcmp(test->category, *suites) != 0)
        suites++;
    return *suites != NULL;
}

int main(int argc, char **argv)
{
    int tested = 0, failed = 0, crashed = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: %s SUITE...\n", argv[0]);
        return 2;
    }
    for (struct criterion_test **t = __start_cr_tst; t < __stop_cr_tst; t++) {
        const struct criterion_test *test = *t;
        if (!test || !is_asked(test, argv + 1))
            continue;
        int status = test->data->disabled ? STATUS_SKIP : run(test);
        tested++;
        failed += status != 0;
        crashed += status > STATUS_SKIP;
        printf("[%s] %s::%s (%d)\n", status ? "FAIL" : "PASS", test->category, test->name, status);
        fflush(stdout);
    }
    printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: %d\n", tested,
           tested - failed, failed, crashed);
    return failed || !tested;
}
