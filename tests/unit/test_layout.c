/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/layout: what a table gives up to fit, and in which order.
 */
#include <config.h>

#include "report/layout.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

enum {
	NUMBER,
	PLACE,
	NAME,
	REASON,
	COLUMN_COUNT,
};

#define LONG_NAME "traefik-7d9f8b6c5d-x2x9z" /* 24 letters */

static struct libscols_table *table_of(const char *const cells[][COLUMN_COUNT],
				       size_t count)
{
	struct libscols_table *table = scols_new_table();

	assert_non_null(table);
	assert_non_null(scols_table_new_column(table, "NUMBER", 0, 0));
	assert_non_null(scols_table_new_column(table, "PLACE", 0, 0));
	assert_non_null(
		scols_table_new_column(table, "NAME", 0.3, SCOLS_FL_WRAP));
	assert_non_null(scols_table_new_column(table, "REASON", 0, 0));
	for (size_t i = 0; i < count; i++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		assert_non_null(line);
		for (size_t c = 0; c < COLUMN_COUNT; c++)
			assert_int_equal(
				scols_line_set_data(line, c, cells[i][c]), 0);
	}
	return table;
}

/* What fits, as text to be freed. The library is told a width that is not the
 * one that counts. */
static char *fit(struct libscols_table *table, size_t columns)
{
	static const struct spare_column spare[] = {
		{ NUMBER, .if_uniform = false },
		{ PLACE, .if_uniform = true },
	};
	char *text = NULL;

	(void)scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
	(void)scols_table_set_termwidth(table, 20);
	assert_true(layout_fit(table, columns, spare, COUNT_OF(spare)));
	assert_int_equal(scols_print_table_to_string(table, &text), 0);
	return text;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (length > longest)
			longest = length;
		text += length + (text[length] == '\n');
	}
	return longest;
}

/* 6 + 5 + 24 + 15, and three blanks. */
static void test_steps(void **state)
{
	static const char *const cells[][COLUMN_COUNT] = {
		{ "1", "edge", LONG_NAME, "connect_refused" },
		{ "2", "edge", "b", "" },
	};
	static const struct {
		size_t columns;
		bool has_number, has_place, is_whole;
		bool is_within;
	} rows[] = {
		{ 0, true, true, true, false },
		{ 200, true, true, true, true },
		{ 53, true, true, true, true },
		{ 52, false, true, true, true },
		{ 46, false, true, true, true },
		{ 45, false, false, true, true },
		{ 40, false, false, true, true },
		{ 39, false, false, false, true },
		{ 32, false, false, false, true },
		/* Less than LAYOUT_NAME_MIN would be left. */
		{ 31, false, false, true, false },
		{ 1, false, false, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct libscols_table *table = table_of(cells, COUNT_OF(cells));
		char *text = fit(table, rows[i].columns);
		char name[16];

		(void)snprintf(name, sizeof(name), "%zu", rows[i].columns);
		assert_row((strstr(text, "NUMBER") != NULL) ==
				   rows[i].has_number,
			   name);
		assert_row((strstr(text, "PLACE") != NULL) == rows[i].has_place,
			   name);
		assert_row((strstr(text, LONG_NAME) != NULL) ==
				   rows[i].is_whole,
			   name);
		assert_row((longest_line(text) <= rows[i].columns) ==
				   rows[i].is_within,
			   name);
		assert_row(strstr(text, "connect_refused") != NULL, name);
		free(text);
		scols_unref_table(table);
	}
}

/* A column that tells rows apart stays; names make room for it. */
static void test_different_places(void **state)
{
	static const char *const cells[][COLUMN_COUNT] = {
		{ "1", "edge", LONG_NAME, "connect_refused" },
		{ "2", "shop", "b", "" },
	};
	struct libscols_table *table = table_of(cells, COUNT_OF(cells));
	char *text = fit(table, 45);

	(void)state;
	assert_null(strstr(text, "NUMBER"));
	assert_non_null(strstr(text, "PLACE"));
	assert_null(strstr(text, LONG_NAME));
	assert_true(longest_line(text) <= 45);
	free(text);
	scols_unref_table(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_different_places),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
