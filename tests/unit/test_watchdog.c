/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/watchdog: processes that hang, each a child of the test.
 */
#include <config.h>

#include "base/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "support.h"

#define STATUS 7
#define NOT_ENDED 99 /* the child came to its own end */

/* What a child does, hanging as long as a hundred seconds. */
static void hang(void)
{
	struct mono_time end = mono_after(mono_now(), 100000);

	while (mono_until(end) > 0)
		(void)pause();
}

static void spin(void)
{
	struct mono_time end = mono_after(mono_now(), 100000);

	while (mono_until(end) > 0)
		continue;
}

static void start(int64_t end_ms)
{
	struct error err = { 0 };

	if (watchdog_start(mono_after(mono_now(), end_ms), STATUS, &err) < 0)
		_exit(NOT_ENDED);
}

static void past_deadline(void)
{
	start(100);
	watchdog_say("being tested");
	hang();
}

static void past_deadline_busy(void)
{
	start(100);
	spin();
}

static void blocked_alarm(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	start(100);
	watchdog_say("being tested");
	hang();
}

static void signal_is_not_taken(void)
{
	struct interrupt interrupt;
	struct error err = { 0 };

	if (interrupt_init(&interrupt, &err) < 0)
		_exit(NOT_ENDED);
	start(100000);
	(void)raise(SIGTERM);
	hang();
}

static void signal_is_ignored(void)
{
	struct interrupt interrupt;
	struct error err = { 0 };
	struct mono_time end =
		mono_after(mono_now(), (WATCHDOG_SIGNAL_S + 2) * 1000);

	if (interrupt_init(&interrupt, &err) < 0)
		_exit(1);
	start(100000);
	watchdog_ignore_signals();
	(void)raise(SIGTERM);
	while (mono_until(end) > 0)
		(void)pause();
}

/* As where the kernel wakes nobody up for a signal. */
static void nothing_wakes_it(void)
{
	sigset_t all;

	start(100);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	hang();
}

static void signal_is_taken(void)
{
	struct interrupt interrupt;
	struct error err = { 0 };
	struct mono_time end =
		mono_after(mono_now(), (WATCHDOG_SIGNAL_S + 2) * 1000);

	if (interrupt_init(&interrupt, &err) < 0)
		_exit(NOT_ENDED);
	start(100000);
	(void)raise(SIGTERM);
	if (!interrupt_seen(&interrupt))
		_exit(1);
	while (mono_until(end) > 0)
		(void)pause();
}

static void stopped(void)
{
	struct mono_time end = mono_after(mono_now(), 1500);

	start(100);
	watchdog_stop();
	watchdog_stop();
	while (mono_until(end) > 0)
		continue;
}

static void in_time(void)
{
	struct mono_time end = mono_after(mono_now(), 1500);

	start(100000);
	while (mono_until(end) > 0)
		(void)pause();
}

static void nobody_reads(void)
{
	char block[4096] = "";
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) < 0)
		_exit(NOT_ENDED);
	while (write(ends[1], block, sizeof(block)) > 0)
		continue;
	(void)fcntl(ends[1], F_SETFL, 0);
	(void)dup2(ends[1], STDERR_FILENO);
	start(100);
	/* Not even the line that says so can be written. */
	hang();
}

/* The status of a child that does this, as a shell has it. */
static int status_of(void (*what)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		what();
		_exit(NOT_ENDED);
	}
	assert_true(pid > 0);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_ends(void **state)
{
	static const struct {
		const char *name;
		void (*what)(void);
		int status;
		const char *said; /* NULL: nothing */
	} rows[] = {
		{ "hangs", past_deadline, STATUS,
		  "certificate-expiry-monitor: error: the run hangs past its "
		  "deadline while being tested; it is ended\n" },
		{ "is busy", past_deadline_busy, STATUS,
		  "certificate-expiry-monitor: error: the run hangs past its "
		  "deadline; it is ended\n" },
		{ "was blocked", blocked_alarm, STATUS,
		  "certificate-expiry-monitor: error: the run hangs past its "
		  "deadline while being tested; it is ended\n" },
		{ "does not heed", signal_is_not_taken, STATUS,
		  "certificate-expiry-monitor: error: the run does not heed a "
		  "termination signal; it is ended\n" },
		{ "heeds", signal_is_taken, NOT_ENDED, NULL },
		{ "is not to heed", signal_is_ignored, NOT_ENDED, NULL },
		{ "nothing wakes it", nothing_wakes_it, 128 + SIGKILL, NULL },
		{ "stopped", stopped, NOT_ENDED, NULL },
		{ "in time", in_time, NOT_ENDED, NULL },
		{ "nobody reads", nobody_reads, STATUS, NULL },
	};
	const struct stderr_capture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text;

		assert_row(status_of(rows[i].what) == rows[i].status,
			   rows[i].name);
		text = read_text(f->path);
		assert_row(strcmp(text,
				  rows[i].said == NULL ? "" : rows[i].said) ==
				   0,
			   rows[i].name);
		free(text);
		assert_int_equal(truncate(f->path, 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ends, stderr_capture_setup,
						stderr_capture_teardown),
	};

	return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
