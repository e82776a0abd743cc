/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/file: whole files, pipes, limits, failed writes.
 */
#include <config.h>

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

#include "support.h"

/* By the linker's --wrap: writes that are short, and interrupted. */
static size_t write_limit; /* bytes at once; 0: as many as are asked for */
static unsigned int writes;

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	if (write_limit == 0)
		return __real_write(fd, bytes, size);
	if (writes++ % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	return __real_write(fd, bytes, size < write_limit ? size : write_limit);
}

static void test_reads(void **state)
{
	char *path = path_join(*state, "file");
	struct buffer b = BUFFER_INIT(100);
	struct error err = { 0 };

	write_file(path, "");
	assert_ok(file_read(path, &b, &err), &err);
	assert_int_equal(b.size, 0);
	assert_string_equal(b.data, "");
	write_file(path, "one\n");
	assert_ok(file_read(path, &b, &err), &err);
	assert_ok(file_read(path, &b, &err), &err);
	assert_string_equal(b.data, "one\none\n");
	buffer_free(&b);
	free(path);
}

static void test_limit(void **state)
{
	char *path = path_join(*state, "file");
	struct buffer exact = BUFFER_INIT(40000);
	struct buffer less = BUFFER_INIT(39999);
	char *text = test_malloc(40001);
	struct error err = { 0 };

	memset(text, 'x', 40000);
	text[40000] = '\0';
	write_file(path, text);
	assert_ok(file_read(path, &exact, &err), &err);
	assert_string_equal(exact.data, text);
	assert_error(file_read(path, &less, &err), &err, ERROR_TOO_LARGE,
		     "/file: more than 39999 bytes");
	buffer_free(&exact);
	buffer_free(&less);
	test_free(text);
	free(path);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *path;
		enum error_code code;
		const char *part;
	} rows[] = {
		{ "/", ERROR_INVALID, "/: not a file" },
		{ "/dev/zero", ERROR_INVALID, "/dev/zero: not a file" },
		{ "/nonexistent/x", ERROR_SYSTEM,
		  "/nonexistent/x: No such file" },
		{ "", ERROR_SYSTEM, "No such file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer b = BUFFER_INIT(100);
		struct error err = { 0 };

		assert_error(file_read(rows[i].path, &b, &err), &err,
			     rows[i].code, rows[i].part);
		assert_null(b.data);
	}
}

static void test_fifo_without_writer_does_not_hold_up(void **state)
{
	char *path = path_join(*state, "fifo");
	struct buffer b = BUFFER_INIT(100);
	struct error err = { 0 };

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_ok(file_read(path, &b, &err), &err);
	assert_int_equal(b.size, 0);
	buffer_free(&b);
	free(path);
}

/* The byte at a place of a long text. */
static char pattern(size_t at)
{
	return (char)(at * 31 % 251);
}

/* Reads all of it and returns how much of it was as written. */
static void *drain(void *data)
{
	const int *fd = data;
	char bytes[1000];
	size_t total = 0;
	ssize_t got;

	while ((got = read(*fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < got; i++)
			if (bytes[i] == pattern(total))
				total++;
	return (void *)total;
}

static void test_short_writes(void **state)
{
	const size_t size = 300000;
	char *bytes = test_malloc(size);
	struct error err = { 0 };
	pthread_t thread;
	void *drained;
	int fds[2];

	(void)state;
	for (size_t i = 0; i < size; i++)
		bytes[i] = pattern(i);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, drain, &fds[0]), 0);
	write_limit = 4999;
	assert_ok(file_write(fds[1], bytes, size, &err), &err);
	write_limit = 0;
	(void)close(fds[1]);
	assert_int_equal(pthread_join(thread, &drained), 0);
	assert_int_equal((size_t)drained, size);
	(void)close(fds[0]);
	test_free(bytes);
}

static void *write_in_pieces(void *data)
{
	const int *fd = data;

	for (int i = 0; i < 100; i++)
		if (write(*fd, "0123456789", 10) != 10)
			break;
	(void)close(*fd);
	return NULL;
}

static void test_reads_a_pipe_to_its_end(void **state)
{
	struct buffer b = BUFFER_INIT(10000);
	struct error err = { 0 };
	pthread_t thread;
	char path[64];
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(
		pthread_create(&thread, NULL, write_in_pieces, &fds[1]), 0);
	assert_ok(file_read(path, &b, &err), &err);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(b.size, 1000);
	buffer_free(&b);
	(void)close(fds[0]);
}

static void *write_now_and_then(void *data)
{
	const int *fd = data;

	while (write(*fd, "#", 1) == 1)
		(void)usleep(500000);
	return NULL;
}

/* Not to the end that never comes. */
static void test_slow_pipe_does_not_hold_up(void **state)
{
	struct buffer b = BUFFER_INIT(10000);
	struct mono_time begin = mono_now();
	struct error err = { 0 };
	pthread_t thread;
	char path[64];
	int fds[2];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(
		pthread_create(&thread, NULL, write_now_and_then, &fds[1]), 0);
	(void)alarm(30);
	assert_error(file_read(path, &b, &err), &err, ERROR_SYSTEM,
		     "the pipe is not done after 10 s");
	(void)alarm(0);
	assert_true(mono_now().ms - begin.ms < 12000);
	(void)close(fds[0]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(fds[1]);
	buffer_free(&b);
}

static void on_tick(int signal)
{
	(void)signal;
}

/* Nor is a reader waited for that does not read, whatever interrupts us. */
static void test_full_pipe_does_not_hold_up(void **state)
{
	const struct itimerval each_second = { { 1, 0 }, { 1, 0 } };
	const struct itimerval none = { { 0, 0 }, { 0, 0 } };
	struct mono_time begin = mono_now();
	char block[4096] = "";
	struct error err = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(fds[1], block, sizeof(block)) > 0)
		continue;
	(void)signal(SIGALRM, on_tick);
	assert_int_equal(setitimer(ITIMER_REAL, &each_second, NULL), 0);
	assert_error(file_write(fds[1], "x", 1, &err), &err, ERROR_SYSTEM,
		     "the pipe is not done after 10 s");
	assert_int_equal(setitimer(ITIMER_REAL, &none, NULL), 0);
	assert_true(mono_now().ms - begin.ms < 12000);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_failed_write(void **state)
{
	struct error err = { 0 };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int fds[2];

	(void)state;
	assert_true(full >= 0);
	assert_error(file_write(full, "x", 1, &err), &err, ERROR_SYSTEM,
		     "No space left");
	assert_ok(file_write(full, "", 0, &err), &err);
	(void)close(full);

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)close(fds[0]);
	assert_error(file_write(fds[1], "x", 1, &err), &err, ERROR_SYSTEM,
		     "Broken pipe");
	(void)close(fds[1]);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_reads),
		TEST(test_limit),
		TEST(test_refuses),
		TEST(test_fifo_without_writer_does_not_hold_up),
		TEST(test_short_writes),
		TEST(test_reads_a_pipe_to_its_end),
		TEST(test_slow_pipe_does_not_hold_up),
		TEST(test_full_pipe_does_not_hold_up),
		TEST(test_failed_write),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
