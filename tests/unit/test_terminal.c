/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/terminal: of one, of a dumb one, of a file.
 */
#include <config.h>

#include "report/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

static void set(const char *name, const char *value)
{
	if (value == NULL)
		(void)unsetenv(name);
	else
		(void)setenv(name, value, 1);
}

static void test_environment(void **state)
{
	static const struct {
		const char *name, *no_color, *term;
		bool redraws, has_colour;
	} rows[] = {
		{ "terminal", NULL, "xterm-256color", true, true },
		{ "NO_COLOR", "1", "xterm-256color", true, false },
		{ "NO_COLOR empty", "", "xterm-256color", true, true },
		{ "dumb", NULL, "dumb", false, false },
		{ "no TERM", NULL, NULL, true, false },
	};
	struct screen s;
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(file >= 0);
	screen_open(&s, 80);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		set("NO_COLOR", rows[i].no_color);
		set("TERM", rows[i].term);
		assert_row(terminal_redraws(fileno(s.file)) == rows[i].redraws,
			   rows[i].name);
		assert_row(terminal_has_colour(fileno(s.file)) ==
				   rows[i].has_colour,
			   rows[i].name);
		assert_row(!terminal_redraws(file), rows[i].name);
		assert_row(!terminal_has_colour(file), rows[i].name);
	}
	screen_close(&s);
	(void)close(file);
}

static void test_columns(void **state)
{
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct screen s;

	(void)state;
	assert_true(file >= 0);
	/* It is the kernel that knows. */
	(void)setenv("COLUMNS", "77", 1);
	assert_int_equal(terminal_columns(file), 0);
	screen_open(&s, 123);
	assert_int_equal(terminal_columns(fileno(s.file)), 123);
	screen_close(&s);
	screen_open(&s, 0);
	assert_int_equal(terminal_columns(fileno(s.file)), 0);
	screen_close(&s);
	(void)close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
