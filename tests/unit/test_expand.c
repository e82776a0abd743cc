/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/expand: variables in values.
 */
#include <config.h>

#include "config/expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support.h"

static int expand(const char *text, struct buffer *out, struct error *err)
{
	*out = (struct buffer)BUFFER_INIT(64);
	*err = (struct error){ 0 };
	return expand_variables(text, out, err);
}

static void test_texts(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "${CEM_A}", "one" },
		{ "x${CEM_A}y${CEM_B}z", "xoney two z" },
		{ "${CEM_EMPTY}", "" },
		{ "$", "$" },
		{ "$CEM_A", "$CEM_A" },
		{ "a$b}", "a$b}" },
		{ "$${CEM_A}", "${CEM_A}" },
		{ "$$${CEM_A}", "$${CEM_A}" },
		/* What comes in is not looked at again. */
		{ "${CEM_NESTED}", "${CEM_A}" },
	};

	(void)state;
	assert_int_equal(setenv("CEM_A", "one", 1), 0);
	assert_int_equal(setenv("CEM_B", " two ", 1), 0);
	assert_int_equal(setenv("CEM_EMPTY", "", 1), 0);
	assert_int_equal(setenv("CEM_NESTED", "${CEM_A}", 1), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buffer_free) struct buffer out;
		struct error err;

		assert_ok(expand(rows[i].text, &out, &err), &err);
		assert_row(strcmp(out.data, rows[i].expected) == 0,
			   rows[i].text);
	}
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		enum error_code code;
		const char *part;
	} rows[] = {
		{ "${CEM_NOT_SET}", ERROR_INVALID,
		  "${CEM_NOT_SET} is not set in the environment" },
		{ "${}", ERROR_INVALID, "${} is not set" },
		{ "a${CEM_A", ERROR_INVALID, "'${CEM_A' has no '}'" },
		{ "${", ERROR_INVALID, "has no '}'" },
		{ "${CEM_LONG}", ERROR_TOO_LARGE, NULL },
	};
	char text[100];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(setenv("CEM_LONG", text, 1), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buffer_free) struct buffer out;
		struct error err;
		int r = expand(rows[i].text, &out, &err);

		assert_row(r < 0, rows[i].text);
		assert_error(r, &err, rows[i].code, rows[i].part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests_name("expand", tests, NULL, NULL);
}
