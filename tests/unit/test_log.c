/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/log: levels, one line each, the journal's priorities and fields, and
 * readers that do not read. The journal is not there, by the linker's --wrap,
 * unless a test says so.
 */
#include <config.h>

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "support.h"

static char entry[1024]; /* the last one, "NAME=value;NAME=value;" */
static bool has_journal;

bool __wrap_journal_send(const char *path, const struct journal_field *fields,
			 size_t count);

bool __wrap_journal_send(const char *path, const struct journal_field *fields,
			 size_t count)
{
	assert_string_equal(path, "/run/systemd/journal/socket");
	entry[0] = '\0';
	for (size_t i = 0; i < count; i++)
		(void)snprintf(
			entry + strlen(entry), sizeof(entry) - strlen(entry),
			"%s=%s;", fields[i].name,
			fields[i].value == NULL ? "(none)" : fields[i].value);
	return has_journal;
}

static int setup(void **state)
{
	has_journal = false;
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
	log_line(LOG_LEVEL_NOTICE, "n");
	log_error("e");
	assert_written(f, "certificate-expiry-monitor: warning: w 1\n"
			  "certificate-expiry-monitor: error: e\n");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d");
	log_info("i");
	log_line(LOG_LEVEL_NOTICE, "n");
	assert_written(f, "certificate-expiry-monitor: debug: d\n"
			  "certificate-expiry-monitor: info: i\n"
			  "certificate-expiry-monitor: notice: n\n");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("w");
	assert_written(f, "");
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(log_level_name(LOG_LEVEL_DEBUG), "debug");
	assert_string_equal(log_level_name(LOG_LEVEL_INFO), "info");
	assert_string_equal(log_level_name(LOG_LEVEL_NOTICE), "notice");
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

/* Says that standard error is the journal's stream, or `off` by so much. */
static void set_stream(unsigned int off)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino + off);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
}

static void test_journal(void **state)
{
	static const struct log_field fields[] = {
		{ "POD", "a\nFAKE=b" },
		{ "REASON", NULL },
		{ "DOMAIN", "" },
	};
	struct stderr_capture *f = *state;

	log_set_level(LOG_LEVEL_DEBUG);
	set_stream(0);
	assert_true(log_to_journal());
	has_journal = true;
	log_line_with(LOG_LEVEL_NOTICE, fields, COUNT_OF(fields), "n\n%d", 1);
	assert_written(f, "");
	assert_string_equal(
		entry, "MESSAGE=n 1;PRIORITY=5;"
		       "SYSLOG_IDENTIFIER=certificate-expiry-monitor;"
		       "SYSLOG_FACILITY=3;POD=a FAKE=b;REASON=(none);DOMAIN=;");
	log_error("e");
	assert_string_equal(entry, "MESSAGE=e;PRIORITY=3;"
				   "SYSLOG_IDENTIFIER="
				   "certificate-expiry-monitor;"
				   "SYSLOG_FACILITY=3;");
	/* On a terminal fields are not shown. */
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	log_line_with(LOG_LEVEL_NOTICE, fields, COUNT_OF(fields), "n");
	assert_written(f, "certificate-expiry-monitor: notice: n\n");
}

static void test_journal_stream(void **state)
{
	struct stderr_capture *f = *state;

	log_set_level(LOG_LEVEL_DEBUG);
	set_stream(0);
	log_debug("d");
	log_info("i");
	log_line(LOG_LEVEL_NOTICE, "n");
	log_warning("w");
	log_error("e\n<0>f");
	assert_written(f, "<7>d\n<6>i\n<5>n\n<4>w\n<3>e <0>f\n");

	/* The variable is inherited; what counts is where the stream goes. */
	set_stream(1);
	assert_false(log_to_journal());
	assert_int_equal(setenv("JOURNAL_STREAM", "nonsense", 1), 0);
	assert_false(log_to_journal());
}

/* A reader that does not read costs a second in all, and the lines. */
static void test_full_pipe(void **state)
{
	struct stderr_capture *f = *state;
	char block[4096] = "";
	struct mono_time begin;
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	while (write(ends[1], block, sizeof(block)) > 0)
		continue;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	begin = mono_now();
	for (int i = 0; i < 100; i++)
		log_error("to nobody");
	assert_in_range(mono_now().ms - begin.ms, LOG_PATIENCE_MS,
			LOG_PATIENCE_MS * 10);
	/* If it reads again, it gets what comes then. */
	while (read(ends[0], block, sizeof(block)) > 0)
		continue;
	log_error("again");
	assert_true(read(ends[0], block, sizeof(block)) > 0);
	assert_non_null(strstr(block, "again\n"));
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_true(dup2(f->saved, STDERR_FILENO) >= 0);
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
		TEST(test_journal_stream),
		TEST(test_full_pipe),
		TEST(test_before_line),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
