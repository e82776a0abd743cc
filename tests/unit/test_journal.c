/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/journal: what is sent, and that nothing is waited for.
 */
#include <config.h>

#include "base/journal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support.h"

/* A journal that listens at `path`. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&address, sizeof(address)),
		0);
	return fd;
}

static void test_entry(void **state)
{
	static const struct journal_field fields[] = {
		{ "MESSAGE", "a b" },
		{ "PRIORITY", "4" },
		{ "POD", NULL },
		{ "REASON", "" },
	};
	char *path = path_join(*state, "socket");
	int fd = listen_at(path);
	char got[256] = "";

	assert_true(journal_send(path, fields, COUNT_OF(fields)));
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, "MESSAGE=a b\nPRIORITY=4\nREASON=\n");
	(void)close(fd);
	free(path);
}

static void test_nobody_listens(void **state)
{
	static const struct journal_field field = { "MESSAGE", "x" };
	char *path = path_join(*state, "socket");
	int fd;

	assert_false(journal_send(path, &field, 1));
	fd = listen_at(path);
	(void)close(fd);
	assert_false(journal_send(path, &field, 1));
	free(path);
}

/* A journal that is stuck: the queue of its socket is full at last. */
static void test_full_queue(void **state)
{
	static const struct journal_field field = { "MESSAGE", "x" };
	char *path = path_join(*state, "socket");
	int fd = listen_at(path);
	int sent = 0;

	while (sent < 100000 && journal_send(path, &field, 1))
		sent++;
	assert_in_range(sent, 1, 99999);
	(void)close(fd);
	free(path);
}

static void test_too_large(void **state)
{
	char text[JOURNAL_ENTRY_MAX];
	const struct journal_field fields[] = {
		{ "MESSAGE", text },
		{ "MORE", "x" },
	};
	char *path = path_join(*state, "socket");
	int fd = listen_at(path);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(journal_send(path, fields, 1));
	text[sizeof(text) - sizeof("MESSAGE=\n") - 1] = '\0';
	assert_true(journal_send(path, fields, 1));
	assert_false(journal_send(path, fields, 2));
	(void)close(fd);
	free(path);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_entry),
		TEST(test_nobody_listens),
		TEST(test_full_queue),
		TEST(test_too_large),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
