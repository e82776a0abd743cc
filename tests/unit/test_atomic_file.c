/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/atomic_file: whole or not at all, links, and what is refused.
 */
#include <config.h>

#include "base/atomic_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "support.h"

static void replace(const char *path, const char *text)
{
	struct atomic_file file = ATOMIC_FILE_INIT;
	struct error err = { 0 };

	assert_ok(atomic_file_open(path, &file, &err), &err);
	assert_ok(file_write(file.fd, text, strlen(text), &err), &err);
	assert_ok(atomic_file_commit(&file, &err), &err);
	assert_int_equal(file.fd, -1);
	assert_int_equal(file.directory, -1);
}

static void assert_contents(const char *path, const char *expected)
{
	char *text = read_text(path);

	assert_string_equal(text, expected);
	free(text);
}

static void test_creates_and_replaces(void **state)
{
	char *path = path_join(*state, "a.prom");
	mode_t mask = umask(0077);
	struct stat st;

	replace(path, "old\n");
	replace(path, "new\n");
	(void)umask(mask);
	assert_contents(path, "new\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(count_entries(*state), 1);
	free(path);
}

/* Also in place of one that everybody could read. */
static void test_mode(void **state)
{
	char *path = path_join(*state, "a.json");
	char *temporary = path_join(*state, ".a.json.tmp");
	struct atomic_file file = ATOMIC_FILE_INIT;
	struct error err = { 0 };
	mode_t mask = umask(0);
	struct stat st;

	replace(path, "old");
	assert_ok(atomic_file_open(path, &file, &err), &err);
	assert_int_equal(stat(temporary, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	file.mode = 0600;
	assert_ok(atomic_file_commit(&file, &err), &err);
	(void)umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	free(temporary);
	free(path);
}

static void test_nothing_is_seen_before_the_commit(void **state)
{
	char *path = path_join(*state, "a.prom");
	struct atomic_file file = ATOMIC_FILE_INIT;
	struct error err = { 0 };

	write_file(path, "old\n");
	assert_ok(atomic_file_open(path, &file, &err), &err);
	assert_ok(file_write(file.fd, "new\n", 4, &err), &err);
	assert_contents(path, "old\n");
	/* node_exporter reads whatever ends in ".prom". */
	assert_int_equal(file.temporary[0], '.');
	assert_string_not_equal(file.temporary + strlen(file.temporary) - 5,
				".prom");
	atomic_file_abort(&file);
	assert_contents(path, "old\n");
	assert_int_equal(count_entries(*state), 1);
	atomic_file_abort(&file);
	atomic_file_abort(NULL);
	free(path);
}

static void test_left_over_is_removed(void **state)
{
	char *path = path_join(*state, "a.prom");
	char *left_over = path_join(*state, ".a.prom.tmp");

	write_file(left_over, "half");
	replace(path, "new\n");
	assert_contents(path, "new\n");
	assert_int_equal(count_entries(*state), 1);
	free(left_over);
	free(path);
}

/* The left-over's name may have been made a trap: a link is never followed. */
static void test_left_over_link_is_not_followed(void **state)
{
	char *path = path_join(*state, "a.prom");
	char *left_over = path_join(*state, ".a.prom.tmp");
	char *victim = path_join(*state, "victim");

	write_file(victim, "precious");
	assert_int_equal(symlink(victim, left_over), 0);
	replace(path, "new\n");
	assert_contents(victim, "precious");
	assert_int_equal(count_entries(*state), 2);
	free(victim);
	free(left_over);
	free(path);
}

static void test_links_are_followed(void **state)
{
	static const struct {
		const char *name, *link, *target;
	} rows[] = {
		{ "relative", "link", "sub/real" },
		{ "of a link", "link2", "link" },
		{ "up and down", "sub/up", "../sub/../sub/real" },
		{ "dangling", "dangling", "sub/real" },
	};
	char *sub = path_join(*state, "sub");
	char *real = path_join(*state, "sub/real");
	char *absolute = path_join(*state, "absolute");
	struct stat st;

	assert_int_equal(mkdir(sub, 0700), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *path = path_join(*state, rows[i].link);

		(void)unlink(real);
		assert_int_equal(symlink(rows[i].target, path), 0);
		replace(path, rows[i].name);
		assert_contents(real, rows[i].name);
		assert_int_equal(lstat(path, &st), 0);
		assert_row(S_ISLNK(st.st_mode), rows[i].name);
		free(path);
	}
	assert_int_equal(symlink(real, absolute), 0);
	replace(absolute, "absolute");
	assert_contents(real, "absolute");
	free(absolute);
	free(real);
	free(sub);
}

/* It would have us replace whatever file somebody else likes. */
static void test_link_of_another_user(void **state)
{
	struct atomic_file file = ATOMIC_FILE_INIT;
	struct error err = { 0 };
	char *path = path_join(*state, "link");
	char *real = path_join(*state, "real");

	if (geteuid() != 0) {
		free(path);
		free(real);
		skip();
	}
	write_file(real, "mine");
	assert_int_equal(symlink("real", path), 0);
	assert_int_equal(lchown(path, 65534, 65534), 0);
	assert_error(atomic_file_open(path, &file, &err), &err, ERROR_SYSTEM,
		     "is a symbolic link of another user");
	assert_contents(real, "mine");
	/* Whoever owns what it points to. */
	assert_int_equal(lchown(path, 0, 0), 0);
	assert_int_equal(chown(real, 65534, 65534), 0);
	replace(path, "root's");
	assert_contents(real, "root's");
	free(path);
	free(real);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *name; /* in the directory */
		enum error_code code;
		const char *part;
	} rows[] = {
		{ "fifo", ERROR_INVALID, "not a regular file" },
		{ "to-fifo", ERROR_INVALID, "not a regular file" },
		{ "socket", ERROR_INVALID, "not a regular file" },
		{ "sub", ERROR_INVALID, "is a directory" },
		{ "sub/", ERROR_INVALID, "is a directory" },
		{ "sub/.", ERROR_INVALID, "is a directory" },
		{ "sub/..", ERROR_INVALID, "is a directory" },
		{ "to-null", ERROR_INVALID, "'-' writes to standard output" },
		{ "loop", ERROR_INVALID, "too many symbolic links" },
		{ "missing/a.prom", ERROR_SYSTEM, "its directory" },
		{ "file/a.prom", ERROR_SYSTEM, "a.prom: " },
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *path = path_join(*state, "socket");
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t entries;

	assert_true(s >= 0);
	assert_true(strlen(path) < sizeof(address.sun_path));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)),
			 0);
	free(path);
	path = path_join(*state, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	free(path);
	path = path_join(*state, "to-fifo");
	assert_int_equal(symlink("fifo", path), 0);
	free(path);
	path = path_join(*state, "to-null");
	assert_int_equal(symlink("/dev/null", path), 0);
	free(path);
	path = path_join(*state, "loop");
	assert_int_equal(symlink("loop", path), 0);
	free(path);
	path = path_join(*state, "sub");
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	path = path_join(*state, "file");
	write_file(path, "");
	free(path);

	entries = count_entries(*state);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct atomic_file file = ATOMIC_FILE_INIT;
		struct error err = { 0 };
		int r;

		path = path_join(*state, rows[i].name);
		r = atomic_file_open(path, &file, &err);
		assert_row(r < 0, rows[i].name);
		assert_error(r, &err, rows[i].code, rows[i].part);
		assert_row(file.fd == -1, rows[i].name);
		free(path);
	}
	assert_int_equal(count_entries(*state), entries);
	(void)close(s);
}

/* Whatever goes wrong at the end, the old file stays and nothing is left. */
static void test_failed_commit(void **state)
{
	char *path = path_join(*state, "a.prom");
	char *in_it = path_join(*state, "a.prom/x");
	struct atomic_file file = ATOMIC_FILE_INIT;
	struct error err = { 0 };

	assert_ok(atomic_file_open(path, &file, &err), &err);
	assert_int_equal(mkdir(path, 0700), 0);
	write_file(in_it, "old");
	assert_error(atomic_file_commit(&file, &err), &err, ERROR_SYSTEM,
		     "cannot be replaced");
	assert_contents(in_it, "old");
	assert_int_equal(count_entries(*state), 1);
	free(in_it);
	free(path);
}

static void test_directory(void **state)
{
	char *path = path_join(*state, "a.prom");
	char *here = get_current_dir_name();
	struct error err = { 0 };
	struct stat expected;
	struct stat st;
	char *name = NULL;
	int fd = -1;

	assert_int_equal(stat(*state, &expected), 0);
	assert_ok(atomic_file_directory(path, &fd, &name, &err), &err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
	assert_string_equal(name, "a.prom");
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	free(name);
	(void)close(fd);

	/* Without a slash: the current directory. */
	assert_int_equal(chdir(*state), 0);
	assert_ok(atomic_file_directory("a.prom", &fd, NULL, &err), &err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
	(void)close(fd);
	assert_int_equal(chdir(here), 0);

	assert_int_equal(stat("/", &expected), 0);
	assert_ok(atomic_file_directory("/a.prom", &fd, NULL, &err), &err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
	(void)close(fd);
	free(here);
	free(path);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_creates_and_replaces),
		TEST(test_mode),
		TEST(test_nothing_is_seen_before_the_commit),
		TEST(test_left_over_is_removed),
		TEST(test_left_over_link_is_not_followed),
		TEST(test_links_are_followed),
		TEST(test_link_of_another_user),
		TEST(test_refuses),
		TEST(test_failed_commit),
		TEST(test_directory),
	};

	return cmocka_run_group_tests_name("atomic_file", tests, NULL, NULL);
}
