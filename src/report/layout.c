/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures columns. Which letters go on below is the library's business.
 */
#include <config.h>

#include "report/layout.h"

#include <string.h>

#include "base/cleanup.h"

struct extent {
	size_t width;	 /* in bytes, as names are ASCII; 0 if it is hidden */
	bool is_uniform; /* the same in all rows */
};

static void cleanup_iter(struct libscols_iter **iter)
{
	scols_free_iter(*iter);
}

static struct extent measure(struct libscols_table *table,
			     struct libscols_column *column,
			     struct libscols_iter *rows)
{
	struct extent extent = { .is_uniform = true };
	const char *before = NULL;
	struct libscols_line *row;

	if (scols_column_is_hidden(column))
		return extent;
	extent.width = strlen(scols_column_get_name(column));
	scols_reset_iter(rows, SCOLS_ITER_FORWARD);
	while (scols_table_next_line(table, rows, &row) == 0) {
		const char *text = scols_line_get_column_data(row, column);

		if (strlen(text) > extent.width)
			extent.width = strlen(text);
		if (before != NULL && strcmp(before, text) != 0)
			extent.is_uniform = false;
		before = text;
	}
	return extent;
}

/* By how much a column may be narrowed. */
static size_t slack(struct libscols_column *column, const struct extent *extent)
{
	return scols_column_is_wrap(column) && extent->width > LAYOUT_NAME_MIN ?
		       extent->width - LAYOUT_NAME_MIN :
		       0;
}

bool layout_fit(struct libscols_table *table, size_t columns,
		const struct spare_column *spare, size_t spare_count)
{
	CLEANUP(cleanup_iter)
	struct libscols_iter *rows = scols_new_iter(SCOLS_ITER_FORWARD);
	size_t width = 0; /* of a row, with a blank after each column */
	size_t narrowest = 0;
	struct libscols_column *column;
	struct extent extent;

	if (rows == NULL)
		return false;
	if (columns == 0)
		return scols_table_set_termforce(table,
						 SCOLS_TERMFORCE_NEVER) == 0;
	for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
		column = scols_table_get_column(table, i);
		extent = measure(table, column, rows);
		if (extent.width == 0)
			continue;
		width += extent.width + 1;
		narrowest += extent.width - slack(column, &extent) + 1;
	}
	for (size_t i = 0; i < spare_count && width > columns + 1; i++) {
		column = scols_table_get_column(table, spare[i].number);
		extent = measure(table, column, rows);
		if (extent.width == 0 ||
		    (spare[i].if_uniform && !extent.is_uniform))
			continue;
		if (scols_column_set_flags(column, SCOLS_FL_HIDDEN) != 0)
			return false;
		width -= extent.width + 1;
		narrowest -= extent.width - slack(column, &extent) + 1;
	}
	return scols_table_set_termwidth(table, columns) == 0 &&
	       scols_table_set_termforce(table,
					 narrowest > columns + 1 ?
						 SCOLS_TERMFORCE_NEVER :
						 SCOLS_TERMFORCE_ALWAYS) == 0;
}
