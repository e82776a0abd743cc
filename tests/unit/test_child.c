/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/child: real children, what they print, how they end, and that they do.
 */
#include <config.h>

#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define OUT_MAX ((size_t)100000)

static char *const environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };

/* Runs a line of shell. */
static int run_until(const char *script, struct mono_time deadline,
		     struct interrupt *interrupt, struct child_result *result,
		     struct error *err)
{
	char *const arguments[] = { (char[]){ "sh" }, (char[]){ "-c" },
				    strdup(script), NULL };
	const struct child child = {
		.program = "sh",
		.arguments = arguments,
		.environment = environment,
		.deadline = deadline,
		.interrupt = interrupt,
	};
	int r;

	*result = (struct child_result){ .out = BUFFER_INIT(OUT_MAX) };
	*err = (struct error){ 0 };
	r = child_run(&child, result, err);
	free(arguments[2]);
	return r;
}

static int run(const char *script, struct child_result *result,
	       struct error *err)
{
	return run_until(script, mono_after(mono_now(), 60000), NULL, result,
			 err);
}

static const char *text_of(const struct buffer *b)
{
	return b->data == NULL ? "" : b->data;
}

static void test_results(void **state)
{
	static const struct {
		const char *script;
		int status; /* of the shell; negative: a signal */
		const char *out, *err;
	} rows[] = {
		{ "exit 0", 0, "", "" },
		{ "echo a; echo b >&2; exit 3", 3, "a\n", "b\n" },
		{ "kill -TERM $$", -SIGTERM, "", "" },
		/* Nothing to read, and no terminal either. */
		{ "cat; echo end", 0, "end\n", "" },
		{ "if (: </dev/tty) 2>/dev/null; then echo tty; fi", 0, "",
		  "" },
		/* No more than its own descriptors: ls needs one for itself. */
		{ "ls /proc/self/fd | tr '\\n' ' '", 0, "0 1 2 3 ", "" },
		/* No signal is blocked or ignored, its group is its own. */
		{ "for what in Blk Ign; do echo $((0x$(sed -n "
		  "s/^Sig$what:.//p /proc/self/status) & 0x7fffffff)); done",
		  0, "0\n0\n", "" },
		{ "set -- $(cat /proc/$$/stat); "
		  "test $1 = $5 && test $1 = $6 && echo leader",
		  0, "leader\n", "" },
		{ "env | grep -v -e ^PWD -e ^_ -e ^SHLVL", 0,
		  "PATH=/usr/bin:/bin\n", "" },
		/* What others hold open is not waited for. */
		{ "sleep 1000 & echo on", 0, "on\n", "" },
		{ "head -c 100000 /dev/zero | tr '\\0' x | tail -c 3", 0, "xxx",
		  "" },
	};
	sigset_t blocked;
	int held = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

	(void)state;
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct child_result result;
		struct error err;

		assert_ok(run(rows[i].script, &result, &err), &err);
		assert_int_equal(result.start_error, 0);
		assert_row(WIFSIGNALED(result.status) ?
				   -WTERMSIG(result.status) == rows[i].status :
				   WEXITSTATUS(result.status) == rows[i].status,
			   rows[i].script);
		assert_string_equal(text_of(&result.out), rows[i].out);
		assert_string_equal(text_of(&result.err), rows[i].err);
		child_result_free(&result);
	}
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	(void)close(held);
}

static void test_not_started(void **state)
{
	static const struct {
		const char *program;
		int number;
	} rows[] = {
		{ "no-such-program-anywhere", ENOENT },
		{ "/nowhere/program", ENOENT },
		{ "/etc/passwd", EACCES },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *const arguments[] = { (char[]){ "x" }, NULL };
		const struct child child = {
			.program = rows[i].program,
			.arguments = arguments,
			.environment = environment,
			.deadline = MONO_NEVER,
		};
		struct child_result result = { .out = BUFFER_INIT(OUT_MAX) };
		struct error err = { 0 };

		assert_ok(child_run(&child, &result, &err), &err);
		assert_row(result.start_error == rows[i].number,
			   rows[i].program);
		child_result_free(&result);
	}
}

/* The number that the script has printed; that process must be gone. */
static void assert_gone(const char *printed)
{
	pid_t pid = (pid_t)strtol(printed, NULL, 10);

	assert_true(pid > 1);
	for (int i = 0; i < 1000; i++) {
		char path[64];
		char *stat;
		bool is_dead;

		if (kill(pid, 0) < 0 && errno == ESRCH)
			return;
		/* Nobody may have waited for it yet. */
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		if (access(path, F_OK) < 0)
			return;
		stat = read_text(path);
		is_dead = strstr(stat, ") Z ") != NULL;
		free(stat);
		if (is_dead)
			return;
		(void)usleep(10000);
	}
	fail_msg("process %d is still there", (int)pid);
}

/* All that it has started ends with it, whatever it ignores. */
static void test_deadline(void **state)
{
	struct child_result result;
	struct error err;
	int64_t begin = mono_now().ms;

	(void)state;
	assert_error(run_until("trap '' TERM HUP INT; (sleep 1000 & echo $!); "
			       "sleep 1000",
			       mono_after(mono_now(), 300), NULL, &result,
			       &err),
		     &err, ERROR_TIMEOUT, "is not done after 0.");
	assert_true(mono_now().ms - begin < 30000);
	assert_gone(text_of(&result.out));
	child_result_free(&result);
	/* Also one that ends well before. */
	assert_ok(run("sleep 1000 & echo $!", &result, &err), &err);
	assert_gone(text_of(&result.out));
	child_result_free(&result);
	/* And one that never stops talking. */
	assert_error(run_until("while :; do echo too much; done >&2",
			       mono_after(mono_now(), 300), NULL, &result,
			       &err),
		     &err, ERROR_TIMEOUT, "is not done after");
	assert_true(result.err.size == CHILD_STDERR_MAX);
	child_result_free(&result);
}

static void test_too_much(void **state)
{
	struct child_result result;
	struct error err;

	(void)state;
	assert_ok(run("head -c 100000 /dev/zero", &result, &err), &err);
	assert_true(result.out.size == OUT_MAX);
	child_result_free(&result);
	assert_error(run("cat /dev/zero", &result, &err), &err, ERROR_TOO_LARGE,
		     "prints more than 100000 bytes");
	child_result_free(&result);
}

static void test_interrupt(void **state)
{
	struct interrupt interrupt;
	struct child_result result;
	struct error err = { 0 };
	char script[64];
	int64_t begin = mono_now().ms;

	(void)state;
	assert_ok(interrupt_init(&interrupt, &err), &err);
	(void)snprintf(script, sizeof(script), "kill -TERM %d; sleep 1000",
		       (int)getpid());
	assert_error(run_until(script, mono_after(mono_now(), 60000),
			       &interrupt, &result, &err),
		     &err, ERROR_INTERRUPTED, "interrupted");
	assert_int_equal(interrupt.signal, SIGTERM);
	assert_true(mono_now().ms - begin < 30000);
	child_result_free(&result);
	interrupt_release(&interrupt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_interrupt),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
