/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/lock: one at a time, and it dies with its process.
 */
#include <config.h>

#include "state/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static void test_second_is_busy(void **state)
{
	char *path = path_join(*state, "a.prom");
	char *other = path_join(*state, "b.prom");
	char *file = path_join(*state, LOCK_FILE_NAME);
	struct error err = { 0 };
	struct stat st;
	int first = -1;
	int second = -1;

	assert_ok(lock_textfile_directory(path, &first, &err), &err);
	assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
	/* Another file in the directory is no way around it. */
	assert_error(lock_textfile_directory(other, &second, &err), &err,
		     ERROR_BUSY, "another run");
	assert_int_equal(second, -1);
	(void)close(first);
	assert_ok(lock_textfile_directory(other, &second, &err), &err);
	(void)close(second);
	/* Only its file stays, which nobody else can open, and lock. */
	assert_int_equal(count_entries(*state), 1);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_size, 0);
	free(file);
	free(other);
	free(path);
}

/* Nothing is made or opened where a link would lead. */
static void test_link_as_lock_file(void **state)
{
	char *path = path_join(*state, "a.prom");
	char *file = path_join(*state, LOCK_FILE_NAME);
	struct error err = { 0 };
	int lock = -1;

	assert_int_equal(symlink("elsewhere", file), 0);
	assert_error(lock_textfile_directory(path, &lock, &err), &err,
		     ERROR_SYSTEM, "a.prom");
	assert_int_equal(lock, -1);
	assert_int_equal(count_entries(*state), 1);
	free(file);
	free(path);
}

/* A link elsewhere means the directory of the file that it points to. */
static void test_through_a_link(void **state)
{
	char *sub = path_join(*state, "sub");
	char *link = path_join(sub, "link.prom");
	char *path = path_join(*state, "a.prom");
	struct error err = { 0 };
	int first = -1;
	int second = -1;

	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(symlink("../a.prom", link), 0);
	assert_ok(lock_textfile_directory(link, &first, &err), &err);
	assert_error(lock_textfile_directory(path, &second, &err), &err,
		     ERROR_BUSY, NULL);
	(void)close(first);
	free(path);
	free(link);
	free(sub);
}

static void test_no_directory(void **state)
{
	char *path = path_join(*state, "missing/a.prom");
	struct error err = { 0 };
	int lock = -1;

	assert_error(lock_textfile_directory(path, &lock, &err), &err,
		     ERROR_SYSTEM, "missing/a.prom");
	assert_int_equal(lock, -1);
	free(path);
}

/* A file, not its directory: each state file has a lock of its own, and so has
 * the textfile directory that it may be in. */
static void test_state_file(void **state)
{
	char *path = path_join(*state, "state.json");
	char *other = path_join(*state, "other.json");
	char *file = path_join(*state, ".state.json.lock");
	struct error err = { 0 };
	struct stat st;
	int first = -1;
	int second = -1;
	int third = -1;

	assert_ok(lock_state_file(path, &first, &err), &err);
	assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
	assert_error(lock_state_file(path, &second, &err), &err, ERROR_BUSY,
		     "state.json: another run");
	assert_int_equal(second, -1);
	assert_ok(lock_state_file(other, &second, &err), &err);
	assert_ok(lock_textfile_directory(path, &third, &err), &err);
	(void)close(third);
	(void)close(second);
	/* Another file in its place is still that file. */
	write_file(other, "");
	assert_int_equal(rename(other, path), 0);
	assert_error(lock_state_file(path, &second, &err), &err, ERROR_BUSY,
		     NULL);
	(void)close(first);
	assert_ok(lock_state_file(path, &first, &err), &err);
	(void)close(first);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	free(file);
	free(other);
	free(path);
}

static void test_state_file_links_and_failures(void **state)
{
	char *link = path_join(*state, "link.json");
	char *path = path_join(*state, "state.json");
	char *file = path_join(*state, ".trap.json.lock");
	char *trap = path_join(*state, "trap.json");
	char *missing = path_join(*state, "missing/state.json");
	struct error err = { 0 };
	int first = -1;
	int second = -1;

	assert_int_equal(symlink("state.json", link), 0);
	assert_ok(lock_state_file(link, &first, &err), &err);
	assert_error(lock_state_file(path, &second, &err), &err, ERROR_BUSY,
		     NULL);
	(void)close(first);
	assert_int_equal(symlink("elsewhere", file), 0);
	assert_error(lock_state_file(trap, &second, &err), &err, ERROR_SYSTEM,
		     "trap.json");
	assert_error(lock_state_file(missing, &second, &err), &err,
		     ERROR_SYSTEM, "missing/state.json");
	assert_int_equal(second, -1);
	free(missing);
	free(trap);
	free(file);
	free(path);
	free(link);
}

static void test_no_state_file(void **state)
{
	struct error err = { 0 };
	int lock = 17;

	(void)state;
	assert_ok(lock_state_file(NULL, &lock, &err), &err);
	assert_int_equal(lock, -1);
	lock = 17;
	assert_ok(lock_state_file("none", &lock, &err), &err);
	assert_int_equal(lock, -1);
}

static void test_dies_with_its_process(void **state)
{
	char *path = path_join(*state, "a.prom");
	struct error err = { 0 };
	int ready[2];
	int lock = -1;
	int status;
	pid_t child;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (lock_textfile_directory(path, &lock, &err) < 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_error(lock_textfile_directory(path, &lock, &err), &err,
		     ERROR_BUSY, NULL);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_ok(lock_textfile_directory(path, &lock, &err), &err);
	(void)close(lock);
	(void)close(ready[0]);
	free(path);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_second_is_busy),
		TEST(test_link_as_lock_file),
		TEST(test_through_a_link),
		TEST(test_no_directory),
		TEST(test_dies_with_its_process),
		TEST(test_state_file),
		TEST(test_state_file_links_and_failures),
		TEST(test_no_state_file),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
