/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/log: levels, one line each, the journal's priorities.
 */
#include <config.h>

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_WARNING);
	return stderr_capture_setup(state);
}

static void assert_written(const struct stderr_capture *f, const char *expected)
{
	char *text = read_text(f->path);

	assert_string_equal(text, expected);
	free(text);
	assert_int_equal(truncate(f->path, 0), 0);
}

static void test_levels(void **state)
{
	struct stderr_capture *f = *state;

	log_debug("d");
	log_info("i");
	log_warning("w %d", 1);
	log_error("e");
	assert_written(f, "certificate-expiry-monitor: warning: w 1\n"
			  "certificate-expiry-monitor: error: e\n");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d");
	log_info("i");
	assert_written(f, "certificate-expiry-monitor: debug: d\n"
			  "certificate-expiry-monitor: info: i\n");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("w");
	assert_written(f, "");
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(log_level_name(LOG_LEVEL_DEBUG), "debug");
	assert_string_equal(log_level_name(LOG_LEVEL_INFO), "info");
	assert_string_equal(log_level_name(LOG_LEVEL_WARNING), "warning");
	assert_string_equal(log_level_name(LOG_LEVEL_ERROR), "error");
}

static void test_one_line_whatever_it_quotes(void **state)
{
	struct stderr_capture *f = *state;
	char text[5000];
	char *written;

	log_error("a\nfake: line\r\033[2J\xff");
	assert_written(f, "certificate-expiry-monitor: error: "
			  "a fake: line  [2J?\n");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	written = read_text(f->path);
	assert_true(strlen(written) < 2100);
	assert_ptr_equal(strchr(written, '\n'), written + strlen(written) - 1);
	free(written);
}

static void test_errno_is_kept(void **state)
{
	(void)state;
	errno = EXDEV;
	log_error("x");
	assert_int_equal(errno, EXDEV);
	(void)close(STDERR_FILENO);
	errno = EXDEV;
	log_error("to nobody");
	assert_int_equal(errno, EXDEV);
}

static void test_journal(void **state)
{
	struct stderr_capture *f = *state;
	char stream[64];
	struct stat st;

	log_set_level(LOG_LEVEL_DEBUG);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	assert_true(log_to_journal());
	log_debug("d");
	log_info("i");
	log_warning("w");
	log_error("e\n<0>f");
	assert_written(f, "<7>d\n<6>i\n<4>w\n<3>e <0>f\n");

	/* The variable is inherited; what counts is where the stream goes. */
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino + 1);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	assert_false(log_to_journal());
	assert_int_equal(setenv("JOURNAL_STREAM", "nonsense", 1), 0);
	assert_false(log_to_journal());
}

static void before_line(void *data)
{
	int *calls = data;

	++*calls;
}

static void test_before_line(void **state)
{
	int calls = 0;

	(void)state;
	log_set_before_line(before_line, &calls);
	log_error("1");
	log_info("not written, so not announced");
	log_warning("2");
	assert_int_equal(calls, 2);
	log_set_before_line(NULL, NULL);
	log_error("3");
	assert_int_equal(calls, 2);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, setup, stderr_capture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_levels),
		TEST(test_names),
		TEST(test_one_line_whatever_it_quotes),
		TEST(test_errno_is_kept),
		TEST(test_journal),
		TEST(test_before_line),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
