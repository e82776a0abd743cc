/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/error: codes, one clean line, context in front.
 */
#include <config.h>

#include "base/error.h"

#include <string.h>

#include "support.h"

static void test_set(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_set(&err, ERROR_USAGE, "%s: %d", "x", 7),
			 -ERROR_USAGE);
	assert_int_equal(err.code, ERROR_USAGE);
	assert_string_equal(err.message, "x: 7");
	assert_int_equal(error_memory(&err), -ERROR_MEMORY);
	assert_string_equal(err.message, "out of memory");
}

static void test_one_clean_line(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "a\nb\tc\rd", "a b c d" },
		{ "\033[31mred\033[0m", " [31mred [0m" },
		{ "\x7f", " " },
		{ "bad \xff\xfe bytes", "bad ?? bytes" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "c1 \xc2\x9b"
		  "2J",
		  "c1   2J" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };

		assert_int_equal(
			error_set(&err, ERROR_SERVER, "%s", rows[i].text),
			-ERROR_SERVER);
		assert_string_equal(err.message, rows[i].expected);
	}
}

static void test_prefix_keeps_the_code(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_TLS, "bad certificate");
	assert_int_equal(error_prefix(&err, "server %s", "a"), -ERROR_TLS);
	assert_int_equal(error_prefix(&err, "job"), -ERROR_TLS);
	assert_int_equal(err.code, ERROR_TLS);
	assert_string_equal(err.message, "job: server a: bad certificate");
}

static void test_arguments_in_the_message_itself(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_SYSTEM, "inner");
	error_set(&err, ERROR_USAGE, "outer (%s)", err.message);
	assert_string_equal(err.message, "outer (inner)");
}

static void test_long_messages_are_cut(void **state)
{
	char text[4 * ERROR_MESSAGE_MAX];
	struct error err = { 0 };
	size_t length;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, ERROR_SYSTEM, "%s", text);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	/* Even then some of the message is left. */
	memset(err.message, 'm', ERROR_MESSAGE_MAX - 1);
	error_prefix(&err, "%s", text);
	length = strlen(err.message);
	assert_int_equal(length, ERROR_MESSAGE_MAX - 1);
	assert_int_equal(err.message[0], 'x');
	assert_int_equal(err.message[length - 1], 'm');
}

/* A character that the cut went through is no valid UTF-8 any more. */
static void test_cut_through_a_character(void **state)
{
	char text[ERROR_MESSAGE_MAX + 8];
	struct error err = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + ERROR_MESSAGE_MAX - 2, "\xc3\xa9", 3);
	error_set(&err, ERROR_SYSTEM, "%s", text);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	assert_int_equal(err.message[ERROR_MESSAGE_MAX - 2], '?');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_one_clean_line),
		cmocka_unit_test(test_prefix_keeps_the_code),
		cmocka_unit_test(test_arguments_in_the_message_itself),
		cmocka_unit_test(test_long_messages_are_cut),
		cmocka_unit_test(test_cut_through_a_character),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
