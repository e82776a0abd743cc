/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/progress: drawn, cleared before a log line, silent when off.
 */
#include <config.h>

#include "report/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "support.h"

#define CLEAR "\r\033[K"

static void assert_drawn(const struct stderr_capture *f, const char *expected)
{
	char *text = read_text(f->path);

	assert_string_equal(text, expected);
	free(text);
}

static void test_on(void **state)
{
	const struct engine_progress progress = { .done = 3,
						  .total = 10,
						  .failed = 1 };
	struct progress_line line;

	progress_line_init(&line, true);
	/* A minute and a half ago. */
	line.started_at.ms -= 90000;
	progress_line_say(&line, "listing pods ...");
	progress_line_update(&progress, &line);
	log_error("x");
	log_error("y");
	progress_line_clear(&line);
	progress_line_say(&line, "again");
	progress_line_end(&line);
	progress_line_say(&line, "no more");
	log_error("z");
	assert_drawn(*state, CLEAR
		     "listing pods ..." CLEAR
		     "probing: 3 of 10 pairs, 1 failed, 1m 30s" CLEAR
		     "certificate-expiry-monitor: error: x\n"
		     "certificate-expiry-monitor: error: y\n" CLEAR
		     "again" CLEAR "certificate-expiry-monitor: error: z\n");
}

static void test_off(void **state)
{
	const struct engine_progress progress = { .total = 10 };
	struct progress_line line;

	progress_line_init(&line, false);
	progress_line_say(&line, "listing pods ...");
	progress_line_update(&progress, &line);
	progress_line_clear(&line);
	progress_line_end(&line);
	assert_drawn(*state, "");
}

/* On a narrow terminal the line ends before the edge. */
static void test_terminal(void **state)
{
	const struct engine_progress progress = { .done = 3, .total = 10 };
	struct progress_line line;
	struct screen s;

	(void)state;
	assert_false(progress_line_is_wanted());
	screen_open(&s, 20);
	assert_int_equal(dup2(fileno(s.file), STDERR_FILENO), STDERR_FILENO);
	(void)setenv("TERM", "dumb", 1);
	assert_false(progress_line_is_wanted());
	(void)setenv("TERM", "xterm", 1);
	assert_true(progress_line_is_wanted());
	progress_line_init(&line, true);
	progress_line_update(&progress, &line);
	progress_line_end(&line);
	assert_string_equal(screen_read(&s, "pa" CLEAR),
			    CLEAR "probing: 3 of 10 pa" CLEAR);
	screen_close(&s);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, stderr_capture_setup,               \
					stderr_capture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_on),
		TEST(test_off),
		TEST(test_terminal),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
